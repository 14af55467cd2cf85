"""Find again, in a tag or a name, what was found elsewhere in the same call: `4762…` where the customer said "four seven
six two…", a password in the agent's note.

A note may contain such a value without a word that says what it is. Only values that rarely occur by chance count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data.atoms import SIGNS
from reddy_lib.personal_data.forms import without_country
from reddy_lib.personal_data.languages import guess_languages
from reddy_lib.personal_data.runs import runs_of
from reddy_lib.personal_data.said import Said
from reddy_lib.personal_data.tokens import Token, read_line
from reddy_lib.personal_data.vocabulary import Vocabulary, vocabulary

__all__ = ["Value", "repeats", "values_in", "values_of"]

_NUMBERS = frozenset(("card", "national_id", "bank", "phone", "account", "pin", "cvv"))
_WORDS = frozenset(("password", "name", "address", "email"))
_LEAST_SIGNS = 6
"""Fewest characters of a number that rarely occurs by chance. A shorter code counts only in a note, between words."""
_LEAST_CODE = 3
_YEAR = re.compile(r"(?:19|20)\d\d")
_LEAST_PASSWORD = 4
_SIGN = re.compile(r"[^\W_]")
_LEAST_BARE = 8
"""Fewest digits of a telephone number before which a country code counts without its plus sign, as files are named."""
_CODE, _BARE_CODE = r"(?:\+|00)\d{1,3}[\W_]{0,3}", r"\d{1,3}"
_TRUNK = r"(?:\(?0\)?[\W_]{0,2})?"
"""A country code and the zero before an area code, which people may leave out."""


class Value(NamedTuple):
    """What was found: its kind, its letters and figures in lower case, and how it is written elsewhere."""

    kind: str
    signs: str
    pattern: re.Pattern[str]


def values_of(lines: Sequence[TranscriptLine], found: Iterable[Said]) -> list[Value]:
    """Return the values that were found in the lines of a conversation, however they were said, each once."""
    pieces: dict[tuple[str, object], list[str]] = {}
    for one in found:
        if one.kind in _NUMBERS or one.kind in _WORDS:
            text = lines[one.line - 1].text[one.begin : one.end]
            pieces.setdefault((one.kind, one.item or one), []).append(text)
    if not pieces:
        return []
    words = vocabulary(guess_languages([line.text for line in lines]))
    return _distinct(
        value for (kind, _), parts in pieces.items() for value in _values(kind, " ".join(parts), words)
    )


def values_in(text: str, found: Iterable[Said]) -> list[Value]:
    """Return the values that were found in a text as it is written, such as that of a tag."""
    return _distinct(value for one in found for value in _written(one.kind, text[one.begin : one.end]))


def repeats(text: str, values: Iterable[Value]) -> list[Said]:
    """Return where these values are in a text; the line of each is 1."""
    found: list[Said] = []
    signs = ""
    for value in values:
        if not signs:
            signs = _signs(text)
        if value.signs not in signs or (_is_code(value) and not _is_note(text)):
            continue
        found += (
            Said(1, one.start(), one.end(), value.kind, 0, "context", "said elsewhere in the call")
            for one in value.pattern.finditer(text)
        )
    return found


def _distinct(values: Iterable[Value]) -> list[Value]:
    return list({(value.kind, value.signs): value for value in values}.values())


def _values(kind: str, text: str, words: Vocabulary) -> Iterator[Value]:
    yield from _written(kind, text)
    if kind == "email":
        yield from _said_address(text, words)
    if kind not in _NUMBERS or not any(map(str.isalpha, text)):
        return
    runs = runs_of(read_line(1, "customer", text, words))
    for code in {"".join(run.code for run in runs), "".join(run.counted for run in runs)}:
        yield from _numbers(kind, code.lower())


def _written(kind: str, text: str) -> Iterator[Value]:
    text = text.strip()
    if kind in _NUMBERS:
        signs = _signs(text)
        if any(map(str.isdigit, signs)):
            yield from _numbers(kind, signs)
        return
    if kind not in _WORDS:
        return
    words = text.split()
    if kind == "password":
        tells = len(_signs(text)) >= _LEAST_PASSWORD
    else:
        tells = len(words) > 1 or kind == "email"
    if tells:
        yield Value(kind, _signs(text), _alone(r"[\W_]+".join(map(re.escape, words))))


def _said_address(text: str, words: Vocabulary) -> Iterator[Value]:
    """Yield an email address as it is written: "john dot carter at gmail dot com" is also john.carter@gmail.com."""
    tokens = read_line(1, "customer", text, words).tokens
    signs = [at for at, token in enumerate(tokens) if token.word.at or token.text == "@"]
    if not signs:
        return
    # An earlier "at" is a word: "at ann at zed dot com".
    name, host = ("".join(map(_in_address, part)) for part in (tokens[: signs[-1]], tokens[signs[-1] + 1 :]))
    if len(name) + len(host) < _LEAST_SIGNS:
        return
    for at in ("", "at"):  # john.carter(at)gmail.com
        yield Value("email", name + at + host, _alone(_apart(name + at + host)))


def _in_address(token: Token) -> str:
    """Return the letters or figures that a token of a spoken address is written as."""
    word = token.word
    if not word.says or word.at or word.dot or word.plain in SIGNS:
        return ""
    if word.value is not None and word.value < 10:
        return str(word.value)
    return word.named or token.text.lower()


def _numbers(kind: str, signs: str) -> Iterator[Value]:
    code = kind in ("pin", "cvv")
    if len(signs) < (_LEAST_CODE if code else _LEAST_SIGNS) or not any(map(str.isdigit, signs)):
        return
    if code and len(signs) < _LEAST_SIGNS:
        # A year is in many notes, and a price, a time and a share have figures beside them.
        alone = rf"(?<![\w.,:/+-]){signs}(?![\w:/%-]|[.,]\d)"
        if not _YEAR.fullmatch(signs):
            yield Value(kind, signs, re.compile(alone, re.IGNORECASE))
    elif kind == "phone":
        yield from _phones(signs)
    else:
        yield Value(kind, signs, _alone(_apart(signs)))


def _phones(signs: str) -> Iterator[Value]:
    """Yield a telephone number with any country code before it, and without the one that it has."""
    whole = signs.lstrip("0")
    within = None if signs[0] == "0" != signs[1:2] else without_country(whole)
    for number in (whole, within):
        if number is None or len(number) < _LEAST_SIGNS:
            continue
        codes = f"{_CODE}|{_BARE_CODE}" if len(number) >= _LEAST_BARE else _CODE
        yield Value("phone", number, _alone(f"(?:{codes})?{_TRUNK}{_apart(number)}"))


def _apart(signs: str) -> str:
    """Return the pattern of signs that may have blanks, hyphens or brackets between them."""
    return r"[\W_]{0,3}".join(map(re.escape, signs))


def _alone(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_]){pattern}(?![^\W_])", re.IGNORECASE)


def _signs(text: str) -> str:
    return "".join(_SIGN.findall(text)).lower()


def _is_code(value: Value) -> bool:
    return value.kind in ("pin", "cvv") and len(value.signs) < _LEAST_SIGNS


def _is_note(text: str) -> bool:
    """Return whether a text has at least two words, as a note has and an id or amount has not."""
    return sum(any(map(str.isalpha, word)) for word in text.split()) > 1
