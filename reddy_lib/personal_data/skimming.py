"""Skim a conversation: choose the lines that have to be read, from the presence of words alone.

Most lines of most calls have no number and ask for nothing. To see that costs a tenth of reading them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data.number_words import plain
from reddy_lib.personal_data.vocabulary import (
    ASKS,
    AT,
    COUNT,
    CUE,
    DIGITS,
    DOT,
    FIGURES,
    IN_WORDS,
    LONG,
    MOST_LINES,
    NUMBER,
    ONE,
    ONES,
    SAYS,
    SPELLS,
    SURE,
    WORD,
    Question,
    Vocabulary,
    Words,
)  # fmt: skip

__all__ = ["RUNS", "SOME", "Skimmed", "is_nod", "skim", "speaks_of_things"]

SOME = 1 << COUNT
"""Bit of a line with a number, however small."""

RUNS = SOME | ONE | FIGURES | SPELLS
"""Bits of a line that may have runs; see `runs.may_spell`."""

_FLAGS, _MOST = (1 << COUNT) - 1, (1 << ONES - COUNT) - 1
_FIVE_FIGURES = re.compile(r"\d(?:\D{0,3}\d){4}")
_LONG = 3  # digits
_MATTERS = NUMBER | ASKS | SAYS | AT
_BEFORE, _AFTER = 8, 5  # lines around a number that may say what it is, or go on with it
_LONG_BEFORE, _LONG_AFTER = 4, 2  # of them, those that are more than a nod
_NOD_SPACES = 2
_PIECE_SPACES = 5
_ALONE = 2  # words of a question that is nothing but a noun


class Skimmed(NamedTuple):
    """What the words of each line may mean (bits of `vocabulary`), and the numbers of lines.

    `telling`: the lines to read; `echoing`: an agent's lines with a number and nothing that says what it is, to be read
    once a number was marked that they may repeat.
    """

    hints: list[int]
    telling: set[int]
    echoing: set[int]


def skim(lines: Sequence[TranscriptLine], words: Vocabulary) -> Skimmed:
    """Choose the lines to read: those with numbers, questions that words answer, and the lines around them."""
    hints = [_hint(line.text, words) for line in lines]
    telling: set[int] = set()
    echoing: set[int] = set()
    around: set[int] = set()
    nods: list[bool] = []
    for number, hint in enumerate(hints, 1):
        if not hint & _MATTERS:
            continue
        line = lines[number - 1]
        agent = line.role == "agent"
        counts = hint & NUMBER
        asks = hint & ASKS and line.role != "customer"
        says = hint & (ASKS | SAYS) and not agent
        if asks or says or (hint & AT and hint & DOT):
            telling.add(number)
        if not (counts or asks):
            continue
        nods = nods or [is_nod(line.text) for line in lines]
        if counts and agent and not _tells(line.text, hint):
            echoing.add(number)
        elif counts:
            telling.add(number)
        if counts and not agent:
            before = range(number - 1, max(0, number - 1 - _BEFORE), -1)
            around.update(at for at in _near(nods, before, _LONG_BEFORE) if hints[at - 1] & CUE)
        after = _near(nods, range(number + 1, min(len(lines), number + _AFTER) + 1), _LONG_AFTER)
        if asks and not counts:
            # An agent's line behind the answer matters if it repeats it, which `dialogue` sees, or says a number.
            telling.update(at for at in after if lines[at - 1].role != "agent" or hints[at - 1] & SOME)
        elif asks or not agent:
            telling.update(after)
        else:
            telling.update(at for at in after if hints[at - 1] & SOME)
    _add_pieces(lines, hints, telling, around)
    telling.update(at for at in around - telling if _has_cue(lines[at - 1].text, words.cues))
    return Skimmed(hints, telling, echoing)


def _tells(text: str, hint: int) -> bool:
    """Return whether an agent's number may be personal data, or be known again where a customer says it."""
    return bool(hint & LONG) and bool(
        hint & (CUE | SPELLS) or not hint & FIGURES or _FIVE_FIGURES.search(text)
    )


def _add_pieces(
    lines: Sequence[TranscriptLine], hints: Sequence[int], telling: set[int], around: set[int]
) -> None:
    """Add short lines with a digit that follow each other: a code that is said digit by digit, over turns."""
    last = -_AFTER
    for number, (line, hint) in enumerate(zip(lines, hints, strict=True), 1):
        if not hint & SOME or (not hint & NUMBER and line.text.count(" ") > _PIECE_SPACES):
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


def speaks_of_things(text: str, hint: int, words: Vocabulary) -> bool:
    """Return whether a line that is not read may speak of numbers of things. `hint`: of its words."""
    return bool(hint & CUE) and (not hint & (NUMBER | FIGURES) or _has_cue(text, words.things))


def is_nod(text: str) -> bool:
    """Return whether a line is as short as "yes, go on"."""
    return text.count(" ") <= _NOD_SPACES


def _hint(text: str, vocabulary: Vocabulary) -> int:
    """Return what the words of a line may mean. Lines that say no number are remembered: many calls have them."""
    known = vocabulary.line_hints.get(text)
    if known is not None:
        return known
    lower = text.lower()
    pieces = lower.split()
    parts = list(map(vocabulary.hints.__getitem__, pieces))
    hint = reduce(or_, parts, 0)
    number = ones = digits = 0
    if hint > _FLAGS:
        for one in parts:
            if one > _FLAGS:
                number += one >> COUNT & _MOST
                ones += one >> ONES & _MOST
                digits += one >> DIGITS
        hint &= _FLAGS
    alone = ones and not number and text.count(" ") <= _PIECE_SPACES  # the answer may be "one"
    if ones:
        number += ones - (text.count(" ") > _PIECE_SPACES or not number)
    # One word, or up to two figures, is a count; if it is a part of something, the lines around it have more.
    hint = hint | NUMBER if number > 1 else hint & ~NUMBER
    if digits + ones >= _LONG:
        hint |= LONG
    if hint & ASKS and not (hint & SURE or _asks(_bare(lower), pieces, vocabulary)):
        hint &= ~ASKS
    if hint & CUE and len(pieces) <= _ALONE and _asks_alone(lower, vocabulary):
        hint |= ASKS
    if number or alone or hint & FIGURES:
        return hint | SOME
    if len(vocabulary.line_hints) >= MOST_LINES:
        vocabulary.line_hints.clear()
    vocabulary.line_hints[text] = hint
    return hint


def _bare(lower: str) -> Words:
    """Return the words of a line without accents; words with accents also as they are, for those that need them."""
    return Words(lower if lower.isascii() else f"{plain(lower)} {lower}")


def _asks(bare: Words, pieces: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Return whether a line has all the words of a question that words answer."""
    for questions in filter(None, map(vocabulary.asked.get, pieces)):
        for one in questions:
            needed = one.needed
            if (not needed or needed[0] in bare.text) and one.is_in(bare):
                return True
    return False


def _asks_alone(lower: str, vocabulary: Vocabulary) -> bool:
    """Return whether a line is no more than a noun for something that words answer ("Your address?")."""
    return any(
        phrase.kind in IN_WORDS for word in WORD.findall(lower) for phrase in vocabulary.word(word).single
    )


def _has_cue(text: str, phrases: Mapping[str, Sequence[Question]]) -> bool:
    """Return whether a line has all the words of one of these phrases, which are listed by their most telling word."""
    lower = text.lower()
    bare = _bare(lower)
    return any(one.is_in(bare) for word in WORD.findall(lower) if word in phrases for one in phrases[word])
