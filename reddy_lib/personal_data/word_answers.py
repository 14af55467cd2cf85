"""Judge whether a line answers, in words, what was asked for: a name, an address, a password."""

from __future__ import annotations

from collections.abc import Sequence

from reddy_lib.personal_data.answers import (
    Part,
    answer_words,
    count_words,
    first_in_list,
    is_copula,
    is_name,
    is_sentence,
    looks_like_address,
    tokens_in,
)
from reddy_lib.personal_data.line_shapes import ROUND_AN_ANSWER
from reddy_lib.personal_data.number_words import word_set
from reddy_lib.personal_data.passwords import password_words, with_numbers
from reddy_lib.personal_data.runs import Run
from reddy_lib.personal_data.said import KINDS, Said
from reddy_lib.personal_data.slots import Slot
from reddy_lib.personal_data.tokens import Line
from reddy_lib.personal_data.weights import Sign

__all__ = ["answer_parts"]

_MOST_WORDS = {"name": 8, "password": 6, "address": 24}
_SHORT_PLACE = 4  # words of an address that has no number and no word for a street
_THANKS = word_set("thank thanks merci danke gracias obrigado obrigada grazie bedankt dank tak")
_BESIDE = {
    "name": frozenset(KINDS) - {"name", "address", "password"},
    "address": frozenset(("name", "email", "birth_date")),
}
"""Kind → data that stand beside it in an answer to several questions, and are no part of it."""


def answer_parts(
    line: Line, slot: Slot, signs: Sequence[Sign], runs: Sequence[Run], found: Sequence[Said]
) -> list[Part]:
    """Return the parts of a line that answer a question in words, or []. Once words were judged, `slot.words` is False.

    Args:
        found: what was found in the line so far.
    """
    others = [
        sign for sign in signs if sign.kind not in (slot.kind, "what", "no", "name") and sign.weight >= 1
    ]
    stop = min((sign.first for sign in others), default=len(line.parts))
    end = len(line.parts)
    beside = _BESIDE.get(slot.kind, frozenset())
    without = tokens_in(line, [(said.begin, said.end) for said in found if said.kind in beside])
    if slot.kind == "name":
        without |= {index for run in runs if run.digits for index in range(run.first, run.last + 1)}
        end = min((run.first for run in runs if run.amount and run.digits), default=end)  # "40 years old"
    if slot.kind == "password":
        parts, end = password_words(line, stop, runs)
    else:
        parts = answer_words(line, slot.kind, min(stop, end), without)
    if slot.kind == "name":
        parts = first_in_list(parts, without)
    if not parts or (slot.role == line.role and line.role) or _announces_place(line, slot, signs):
        return []
    words = count_words(line, parts)
    place = slot.kind == "address" and looks_like_address(line, parts)
    around = end - words - (len(without) if slot.kind == "name" else 0)
    sentence = is_sentence(line, parts) or (not place and around > ROUND_AN_ANSWER)
    if not place and (
        line.parts[0].word.plain in _THANKS or (slot.kind == "address" and words > _SHORT_PLACE)
    ):
        sentence = True
    slot.words = False
    most = _MOST_WORDS[slot.kind] + (count_words(line, parts, spelled=True) if slot.kind == "name" else 0)
    if words > most or (sentence and not (place and slot.certain)) or not (place or slot.certain):
        return []
    if slot.kind == "name" and not is_name(line, parts):
        return []
    return [with_numbers(part, runs) for part in parts] if slot.kind == "password" else parts


def _announces_place(line: Line, slot: Slot, signs: Sequence[Sign]) -> bool:
    """Return whether a line says itself where its address begins ("my name is …, and my address is …")."""
    after = [
        line.parts[sign.last + 1 : sign.last + 2] for sign in signs if sign.kind == slot.kind == "address"
    ]
    return any(is_copula(following[0]) for following in after if following)
