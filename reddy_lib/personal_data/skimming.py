"""Skim a conversation: choose the lines that have to be read, from the presence of words alone.

Most lines of most calls have no number and ask for nothing. To see that costs a tenth of reading them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data.line_hints import PIECE_SPACES, SOME, has_cue, hint_of, is_nod
from reddy_lib.personal_data.line_shapes import is_bare
from reddy_lib.personal_data.parsing import Parsed, parsed
from reddy_lib.personal_data.vocabulary import (
    ASKS,
    AT,
    CUE,
    DOT,
    KEPT,
    LONG,
    NUMBER,
    SAYS,
    SPELLS,
    Vocabulary,
)  # fmt: skip

__all__ = ["Skimmed", "skim"]

_MATTERS = NUMBER | ASKS | SAYS | AT
_BEFORE, _AFTER = 8, 5  # lines around a number that may say what it is, or go on with it
_LONG_BEFORE, _LONG_AFTER = 4, 2  # of them, those that are more than a nod


class Skimmed(NamedTuple):
    """What the words of each line may mean (bits of `vocabulary`), and the numbers of lines.

    `telling`: the lines to read; `echoing`: an agent's lines with a number and nothing that says what it is, to be read
    once a number was marked that they may repeat; `behind`: lines that follow a number; `parsed`: what was read already.
    """

    hints: list[int]
    telling: set[int]
    echoing: set[int]
    behind: set[int]
    parsed: dict[int, Parsed]


def skim(lines: Sequence[TranscriptLine], words: Vocabulary) -> Skimmed:
    """Choose the lines to read: those with numbers, questions that words answer, and the lines around them."""
    hints = [hint_of(line.text, words) for line in lines]
    telling: set[int] = set()
    echoing: set[int] = set()
    around: set[int] = set()
    behind: set[int] = set()
    read: dict[int, Parsed] = {}
    nods: list[bool] = []
    for number, hint in enumerate(hints, 1):
        if not hint & _MATTERS:
            continue
        line = lines[number - 1]
        agent = line.role == "agent"
        counts = hint & NUMBER
        harmless = False
        if counts and not agent:
            read[number] = parsed(number, line, hint, words)
            harmless = _is_harmless(read[number])
        asks = hint & ASKS and line.role != "customer"
        says = hint & (ASKS | SAYS) and not agent
        if asks or says or (hint & AT and hint & DOT):
            telling.add(number)
        if not (counts or asks):
            continue
        nods = nods or [is_nod(line.text) for line in lines]
        if counts and agent and not _tells(line.text, hint, words):
            echoing.add(number)
        elif counts:
            telling.add(number)
        if counts and not (agent or harmless):
            before = range(number - 1, max(0, number - 1 - _BEFORE), -1)
            around.update(at for at in _near(nods, before, _LONG_BEFORE) if hints[at - 1] & CUE)
        after = _near(nods, range(number + 1, min(len(lines), number + _AFTER) + 1), _LONG_AFTER)
        if asks and not counts:
            # An agent's line behind the answer matters if it repeats it, which `dialogue` sees, or says a number.
            telling.update(at for at in after if lines[at - 1].role != "agent" or hints[at - 1] & SOME)
        elif asks:
            telling.update(after)
        elif not agent:
            behind.update(after)
            telling.update(
                at for at in after if hints[at - 1] & SOME or lines[at - 1].text.count(" ") <= PIECE_SPACES
            )
        else:
            telling.update(at for at in after if hints[at - 1] & SOME)
    _add_pieces(lines, hints, telling, around)
    telling.update(at for at in around - telling if has_cue(lines[at - 1].text, words.cues))
    return Skimmed(hints, telling, echoing, behind, read)


def _is_harmless(line: Parsed) -> bool:
    """Return whether the numbers of a line are times, amounts and counts, whatever was asked for."""
    return all(
        run.amount or run.clock or (run.digits + run.letters == 1 and not is_bare(line.line, line.runs))
        for run in line.runs
    )


def _tells(text: str, hint: int, words: Vocabulary) -> bool:
    """Return whether an agent's number may be personal data, or is so long that it is known where a customer says it."""
    if hint & (KEPT | SPELLS):
        return True
    return bool(hint & LONG and hint & CUE) and has_cue(text, words.persons)


def _add_pieces(
    lines: Sequence[TranscriptLine], hints: Sequence[int], telling: set[int], around: set[int]
) -> None:
    """Add short lines with a digit that follow each other: a code that is said digit by digit, over turns."""
    last = -_AFTER
    for number, (line, hint) in enumerate(zip(lines, hints, strict=True), 1):
        if not hint & SOME or (not hint & NUMBER and line.text.count(" ") > PIECE_SPACES):
            continue
        if number - last <= _LONG_AFTER + 1:
            telling.update((last, number))
            around.update(
                at
                for at in range(max(1, last - _BEFORE), number)
                if hints[at - 1] & CUE and at not in telling
            )
        last = number


def _near(nods: Sequence[bool], numbers: range, most: int) -> list[int]:
    """Return lines in order until `most` of them are more than a nod."""
    near = []
    long = 0
    for number in numbers:
        near.append(number)
        long += not nods[number - 1]
        if long == most:
            break
    return near
