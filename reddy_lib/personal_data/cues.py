"""Find in a line the words that ask for personal data, announce it, or announce a harmless number."""

from __future__ import annotations

from typing import NamedTuple

from reddy_lib.personal_data.runs import Line
from reddy_lib.personal_data.vocabulary import Phrase

__all__ = ["HARMLESS", "Cue", "cues_of"]

HARMLESS = ("no", "our")
"""Kinds of slots for numbers of things, and of the firm."""


class Cue(NamedTuple):
    """Words of a line that speak of a kind of data. `first`, `last`: tokens; `says`: announces what follows."""

    first: int
    last: int
    kind: str
    weight: float
    says: bool
    length: int


def cues_of(line: Line) -> list[Cue]:
    """Return the cues of a line in order; of two in one place, the longer."""
    tokens = line.tokens
    if not any(token.word.phrases for token in tokens):
        return []
    words = [index for index, token in enumerate(tokens) if token.text[0].isalnum()]
    content = [index for index in words if not tokens[index].word.small]
    place = {index: at for at, index in enumerate(content)}
    every = {index: at for at, index in enumerate(words)}
    found: list[Cue] = []
    for index in words:
        for phrase in tokens[index].word.phrases:
            if phrase.whole or index not in place:
                last = _matches(line, phrase, words, every[index])
            else:
                last = _matches(line, phrase, content, place[index])
            if last >= 0:
                says = phrase.kind.startswith("in ")
                kind = phrase.kind.removeprefix("in ")
                found.append(Cue(index, last, kind, phrase.weight, says, len(phrase.rest) + 1))
    if len(found) > 1:
        found = [one for one in found if not any(_hides(other, one) for other in found)]
    return found


def _matches(line: Line, phrase: Phrase, order: list[int], at: int) -> int:
    """Return the last token of a phrase that begins at this place, -1 if it does not."""
    if at + len(phrase.rest) >= len(order):
        return -1
    for step, wanted in enumerate(phrase.rest, 1):
        word = line.tokens[order[at + step]].word.plain
        if wanted.endswith("*"):
            if not word.startswith(wanted[:-1]):
                return -1
        elif wanted.startswith("*"):
            if not word.endswith(wanted[1:]):
                return -1
        elif word != wanted:
            return -1
    return order[at + len(phrase.rest)]


def _hides(other: Cue, one: Cue) -> bool:
    """Return whether `other` says more in the place of `one`."""
    if other is one or other.first > one.first or other.last < one.last:
        return False
    if one.kind == "what" and other.weight < 1:
        return False
    if other.kind == one.kind and other.says == one.says:
        return (other.length, other.weight) > (one.length, one.weight)
    return other.length > one.length
