"""Find in a line the words that ask for personal data, announce it, or announce a harmless number."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from reddy_lib.personal_data.runs import Line

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
    speaking = [index for index, token in enumerate(tokens) if token.word.phrases]
    if not speaking:
        return []
    words: list[int] = []
    content: list[int] = []
    found: list[Cue] = []
    for index in speaking:
        for rest, kind, weight, whole in tokens[index].word.phrases:
            last = index
            if rest:
                if not words:
                    words = [at for at, token in enumerate(tokens) if token.text[0].isalnum()]
                    content = [at for at in words if not tokens[at].word.small]
                order = words if whole or tokens[index].word.small else content
                last = _matches(line, rest, order, bisect_left(order, index))
                if last < 0:
                    continue
            found.append(
                Cue(index, last, kind.removeprefix("in "), weight, kind.startswith("in "), len(rest) + 1)
            )
    if len(found) > 1:
        found = [one for one in found if not any(_hides(other, one) for other in found)]
    return found


def _matches(line: Line, rest: tuple[str, ...], order: list[int], at: int) -> int:
    """Return the last token of a phrase whose first word is at this place of `order`, -1 if another phrase goes on here."""
    if at + len(rest) >= len(order):
        return -1
    for step, wanted in enumerate(rest, 1):
        word = line.tokens[order[at + step]].word.plain
        if wanted.endswith("*"):
            if not word.startswith(wanted[:-1]):
                return -1
        elif wanted.startswith("*"):
            if not word.endswith(wanted[1:]):
                return -1
        elif word != wanted:
            return -1
    return order[at + len(rest)]


def _hides(other: Cue, one: Cue) -> bool:
    """Return whether `other` says more in the place of `one`."""
    if other is one or other.first > one.first or other.last < one.last:
        return False
    if one.kind == "what" and other.weight < 1:
        return False
    if other.kind == one.kind and other.says == one.says:
        return (other.length, other.weight) > (one.length, one.weight)
    return other.length > one.length
