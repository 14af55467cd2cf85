"""Find in a line the words that ask for personal data, announce it, or announce a harmless number."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

from reddy_lib.personal_data.runs import Run
from reddy_lib.personal_data.tokens import Line
from reddy_lib.personal_data.vocabulary import Phrase, Word

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
    words = [(at, word) for at, (_, _, _, word, _) in enumerate(line.parts) if word.says]
    opening = [(at, word) for at, word in words if word.phrases]
    if not opening:
        return []
    found = [(at, 0, _cue(at, at, phrase)) for at, word in opening for phrase in word.single]
    found += _longer(words, whole=True)
    found += _longer([one for one in words if not one[1].small], whole=False)
    if len(found) < 2:
        return [cue for _, _, cue in found]
    found.sort(key=_PLACE)
    cues = list(dict.fromkeys(cue for _, _, cue in found))
    return [one for one in cues if not any(_hides(other, one) for other in cues)]


_PLACE = itemgetter(0, 1)


def _cue(first: int, last: int, phrase: Phrase) -> Cue:
    kind = phrase.kind
    return Cue(
        first, last, kind.removeprefix("in "), phrase.weight, kind.startswith("in "), len(phrase.rest) + 1
    )


def _longer(order: Sequence[tuple[int, Word]], *, whole: bool) -> list[tuple[int, int, Cue]]:
    """Return cues of several words: where they begin, a rank among those that begin there, and the cue.

    Args:
        order: all words and their tokens, or those that are not small.
        whole: which phrases to look for: those in which small words count.
    """
    found: list[tuple[int, int, Cue]] = []
    for place, (at, word) in enumerate(order[:-1]):
        if not word.phrases:
            continue
        phrases = word.longer.get(order[place + 1][1].plain, ())
        if word.open:
            phrases = (*phrases, *word.open)
        for phrase in phrases:
            if phrase.whole == whole:
                last = _matches(phrase.rest, order, place)
                if last >= 0:
                    found.append((at, 1 if whole else 2, _cue(at, last, phrase)))
    return found


def _matches(rest: tuple[str, ...], order: Sequence[tuple[int, Word]], at: int) -> int:
    """Return the last token of a phrase whose first word is at this place of `order`, -1 if another phrase goes on here."""
    if at + len(rest) >= len(order):
        return -1
    for step, wanted in enumerate(rest, 1):
        word = order[at + step][1].plain
        if wanted.endswith("*"):
            if not word.startswith(wanted[:-1]):
                return -1
        elif wanted.startswith("*"):
            if not word.endswith(wanted[1:]):
                return -1
        elif word != wanted:
            return -1
    return order[at + len(rest)][0]


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
