"""Find in a line the words that ask for personal data, announce it, or announce a harmless number."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from reddy_lib.personal_data.runs import Line, Run
from reddy_lib.personal_data.vocabulary import Phrase

__all__ = ["HARMLESS", "Cue", "cues_of", "without_cues"]

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
    words = [at for at, token in enumerate(tokens) if token.word.says]
    content = [at for at in words if not tokens[at].word.small]
    found: list[Cue] = []
    for index in speaking:
        word = tokens[index].word
        for phrase in word.single:
            found.append(_cue(index, index, phrase))
        if word.longer or word.open:
            found += _longer(line, index, words, whole=True)
            if not word.small:
                found += _longer(line, index, content, whole=False)
    if len(found) > 1:
        found = list(dict.fromkeys(found))
        found = [one for one in found if not any(_hides(other, one) for other in found)]
    return found


def _cue(first: int, last: int, phrase: Phrase) -> Cue:
    kind = phrase.kind
    return Cue(
        first, last, kind.removeprefix("in "), phrase.weight, kind.startswith("in "), len(phrase.rest) + 1
    )


def _longer(line: Line, index: int, order: list[int], *, whole: bool) -> Sequence[Cue]:
    """Return cues of several words that begin at a token. `order`: all words, or those that are not small."""
    at = bisect_left(order, index)
    if at + 1 >= len(order):
        return ()
    word = line.tokens[index].word
    phrases = word.longer.get(line.tokens[order[at + 1]].word.plain, ())
    if word.open:
        phrases = (*phrases, *word.open)
    found: list[Cue] = []
    for phrase in phrases:
        if phrase.whole == whole:
            last = _matches(line, phrase.rest, order, at)
            if last >= 0:
                found.append(_cue(index, last, phrase))
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


def without_cues(runs: list[Run], cues: list[Cue]) -> list[Run]:
    """Return runs without the numbers at their beginning that are words of a cue: "last four 4242" says 4242."""
    found: list[Run] = []
    for run in runs:
        last = max((cue.last for cue in cues if cue.first < run.first <= cue.last < run.last), default=-1)
        rest = [atom for atom in run.atoms if atom.at > last]
        whole = len(rest) in (0, len(run.atoms))
        found.append(
            run
            if whole
            else Run(run.line, rest, amount=run.amount, clock=run.clock, after_undo=run.after_undo)
        )
    return found
