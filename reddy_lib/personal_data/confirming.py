"""Tell when an agent asks whether a customer's data is still right, or reads it back.

"Is it still 07911 123456?" speaks of the customer's number, "call 07911 123456" of the firm's. What is confirmed is
known by its form: a card or a telephone number, an address.
"""

from __future__ import annotations

from reddy_lib.personal_data.answers import Part, is_street, looks_like_address, place_after
from reddy_lib.personal_data.forms import is_customers_phone
from reddy_lib.personal_data.runs import Run
from reddy_lib.personal_data.tokens import Line
from reddy_lib.personal_data.vocabulary import Vocabulary
from reddy_lib.personal_data.weights import Sign

__all__ = ["CONFIRMED", "asks_to_confirm", "confirmed_address", "confirmed_number", "without_confirming"]

CONFIRMED = "an agent asks whether it is right"
"""Why such data is marked."""

_CARD_DIGITS = (15, 16)
_CARD_BEGINS = "3456"
_SHORTEST = 8  # digits of a telephone number


def asks_to_confirm(line: Line, words: Vocabulary) -> bool:
    """Return whether a line asks whether something is right, or reads it back."""
    return bool(_confirms(line, words))


def confirmed_number(line: Line, run: Run, words: Vocabulary) -> str:
    """Return the kind of a number that an agent's line asks to confirm ("card", "phone"), "" if it asks for nothing."""
    if run.letters or len(run.counted) < _SHORTEST or not _confirms(line, words):
        return ""
    if run.digits in _CARD_DIGITS and run.code[0] in _CARD_BEGINS:
        return "card"
    return "phone" if is_customers_phone(run.counted, words.languages) else ""


def confirmed_address(line: Line, words: Vocabulary) -> Part | None:
    """Return the address with a number and a street that an agent's line asks to confirm, or None."""
    if not any(token.word.street for token in line.parts):
        return None
    found = _confirms(line, words)
    if not found:
        return None
    tokens = line.tokens
    stops = {first for first, _ in found}
    cased = any(token.text[0].isupper() for token in tokens[1:])
    for index, token in enumerate(tokens):
        if any(first <= index <= last for first, last in found):
            continue
        starts = is_street(token) or token.text[0].isdigit() or token.word.value is not None
        if not starts and not (cased and index and token.text[0].isupper() and len(token.text) > 1):
            continue
        end = min((stop for stop in stops if stop > index), default=len(tokens))
        part = place_after(tokens[:end], index)
        if part is None:
            return None
        inside = tokens[part.first : part.last + 1]
        number = any(one.text[0].isdigit() or one.word.value is not None for one in inside)
        return part if number and looks_like_address(line, [part], street=True) else None
    return None


def without_confirming(line: Line, signs: list[Sign], words: Vocabulary) -> list[Sign]:
    """Return signs without those of things that are a part of the words that ask to confirm ("reading back")."""
    if not any(sign.kind == "no" for sign in signs):
        return signs
    found = _confirms(line, words)
    return [
        sign
        for sign in signs
        if sign.kind != "no" or not any(first <= sign.first and sign.last <= last for first, last in found)
    ]


def _confirms(line: Line, words: Vocabulary) -> list[tuple[int, int]]:
    """Return the first and last token of each group of words that asks to confirm something."""
    said = [at for at, token in enumerate(line.parts) if token.word.says]
    found = words.confirms(line.parts[at].word.plain for at in said)
    return [(said[first], said[last]) for first, last in found]
