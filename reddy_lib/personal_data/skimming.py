"""Skim a conversation: choose the lines that have to be read, from the presence of words alone.

Most lines of most calls have no number and ask for nothing. To see that costs a tenth of reading them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data.number_words import plain
from reddy_lib.personal_data.vocabulary import ASKS, AT, CUE, DOT, NUMBER, ONE, SAYS, Vocabulary

__all__ = ["is_nod", "skim"]

_FIGURE = re.compile(r"\d")
_THREE_FIGURES = re.compile(r"\d\D?\d\D?\d")
_LETTERS = re.compile(r"[^\W\d_]+")
_BEFORE, _AFTER = 8, 5  # lines around a number that may say what it is, or go on with it
_LONG_BEFORE, _LONG_AFTER = 4, 2  # of them, those that are more than a nod
_NOD_SPACES = 2


def skim(lines: Sequence[TranscriptLine], words: Vocabulary) -> tuple[list[int], set[int]]:
    """Return what the words of each line may mean (bits of `vocabulary`), and the numbers of the lines to read.

    To be read are lines with numbers, questions that words answer, and the lines around them.
    """
    hints = [_hint(line.text, words) for line in lines]
    telling: set[int] = set()
    for number, (line, hint) in enumerate(zip(lines, hints, strict=True), 1):
        counts = hint & NUMBER
        asks = hint & ASKS and line.role != "customer"
        says = hint & (ASKS | SAYS) and line.role != "agent"
        if counts or asks or says or (hint & AT and hint & DOT):
            telling.add(number)
        if counts:
            before = range(number - 1, max(0, number - 1 - _BEFORE), -1)
            telling.update(at for at in _near(lines, before, _LONG_BEFORE) if hints[at - 1] & CUE)
        if counts or asks:
            after = range(number + 1, min(len(lines), number + _AFTER) + 1)
            telling.update(_near(lines, after, _LONG_AFTER))
    return hints, telling


def _near(lines: Sequence[TranscriptLine], numbers: range, most: int) -> list[int]:
    """Return lines in order until `most` of them are more than a nod."""
    near = []
    long = 0
    for number in numbers:
        near.append(number)
        long += not is_nod(lines[number - 1].text)
        if long == most:
            break
    return near


def is_nod(text: str) -> bool:
    """Return whether a line is as short as "yes, go on"."""
    return text.count(" ") <= _NOD_SPACES


def _hint(text: str, vocabulary: Vocabulary) -> int:
    lower = text.lower()
    hints = vocabulary.hints
    hint = number = 0
    words = _LETTERS.findall(lower)
    for word in words:
        one = hints[word]
        hint |= one
        number += one & NUMBER
    if hint & ONE:
        number += sum(1 for word in words if hints[word] & ONE) - 1
    if _FIGURE.search(text):
        number += 2 if _THREE_FIGURES.search(text) else 1
    # One word, or up to two figures, is a count; if it is a part of something, the lines around it have more.
    hint = hint | NUMBER if number > 1 else hint & ~NUMBER
    if hint & ASKS and not _asks(
        words if text.isascii() else [plain(word) for word in words], words, vocabulary
    ):
        hint &= ~ASKS
    return hint | AT | DOT if "@" in text else hint


def _asks(bare: Sequence[str], words: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Return whether a line has all the words of a question that words answer. `bare`: its words without accents."""
    questions = vocabulary.questions
    every, text = set(bare), " ".join(bare)
    return any(one.is_in(every, text) for word in words if word in questions for one in questions[word])
