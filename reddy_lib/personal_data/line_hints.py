"""What the presence of words in a line may mean, told without cutting it into tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_

from reddy_lib.personal_data.number_words import plain
from reddy_lib.personal_data.vocabulary import (
    ASKS,
    COUNT,
    CUE,
    DIGITS,
    FIGURES,
    IN_WORDS,
    KEPT,
    LONG,
    MOST_LINES,
    NUMBER,
    ONE,
    ONES,
    SPELLS,
    SURE,
    WORD,
    Question,
    Vocabulary,
    Words,
)  # fmt: skip

__all__ = [
    "PIECE_SPACES",
    "RUNS",
    "SOME",
    "asks_to_confirm_place",
    "has_cue",
    "hint_of",
    "is_nod",
]

SOME = 1 << COUNT
"""Bit of a line with a number, however small."""

RUNS = SOME | ONE | FIGURES | SPELLS
"""Bits of a line that may have runs; see `runs.may_spell`."""

_FLAGS, _MOST = (1 << COUNT) - 1, (1 << ONES - COUNT) - 1
_LONG, _KEPT = 3, 5  # digits
_NOD_SPACES = 2
_ALONE = 2  # words of a question that is nothing but a noun
PIECE_SPACES = 5
"""Blanks in a line that is a piece of a number, at most."""


def asks_to_confirm_place(text: str, words: Vocabulary) -> bool:
    """Return whether a line has a word for a street and words that ask to confirm something, see `confirming`."""
    said = WORD.findall(text.lower())
    return any(words.word(word).street for word in said) and bool(words.confirms(map(plain, said)))


def is_nod(text: str) -> bool:
    """Return whether a line is as short as "yes, go on"."""
    return text.count(" ") <= _NOD_SPACES


def hint_of(text: str, vocabulary: Vocabulary) -> int:
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
        for one in filter(_FLAGS.__lt__, parts):
            number += one >> COUNT & _MOST
            ones += one >> ONES & _MOST
            digits += one >> DIGITS
        hint &= _FLAGS
    alone = ones and not number and text.count(" ") <= PIECE_SPACES  # the answer may be "one"
    if ones:
        number += ones - (text.count(" ") > PIECE_SPACES or not number)
    # One word, or up to two figures, is a count; if it is a part of something, the lines around it have more.
    hint = hint | NUMBER if number > 1 else hint & ~NUMBER
    if digits + ones >= _LONG:
        hint |= LONG if digits + ones < _KEPT else LONG | KEPT
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


def _asks_alone(lower: str, vocabulary: Vocabulary) -> bool:
    """Return whether a line is no more than a noun for something that words answer ("Your address?")."""
    return any(
        phrase.kind in IN_WORDS for word in WORD.findall(lower) for phrase in vocabulary.word(word).single
    )


def _asks(bare: Words, pieces: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Return whether a line has all the words of a question that words answer."""
    for questions in filter(None, map(vocabulary.asked.get, pieces)):
        for one in questions:
            needed = one.needed
            if (not needed or needed[0] in bare.text) and one.is_in(bare):
                return True
    return False


def has_cue(text: str, phrases: Mapping[str, Sequence[Question]]) -> bool:
    """Return whether a line has all the words of one of these phrases, which are listed by their most telling word."""
    lower = text.lower()
    bare = _bare(lower)
    text = bare.text
    for word in phrases.keys() & WORD.findall(lower):
        for one in phrases[word]:
            needed = one.needed
            if (not needed or needed[0] in text) and one.is_in(bare):
                return True
    return False
