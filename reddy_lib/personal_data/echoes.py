"""Find in an agent's line what a customer said before: the same words, or a date in shorter ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from reddy_lib.personal_data.answers import Part
from reddy_lib.personal_data.spoken_dates import dates
from reddy_lib.personal_data.tokens import Line

__all__ = ["dates_again", "pieces_of_name", "pieces_of_place", "words_again", "words_of_date"]

_YEAR = re.compile(r"^(?:19|20)(?=\d\d$)")  # the century of a year
_ALIKE = 2  # words that two dates share, one of them a month
_WITHOUT_MONTH = 3
_KNOWN = 4  # letters of a name by which it is known again


def words_again(line: Line, said: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """Yield begin, end and kind of words that were said before. `said`: words in lower case → kind."""
    lower = line.text.lower()
    if not said or len(lower) != len(line.text):
        return
    starts = {token.begin for token in line.tokens}
    ends = {token.end for token in line.tokens}
    for words, kind in said.items():
        begin = lower.find(words)
        if begin in starts and begin + len(words) in ends:
            yield begin, begin + len(words), kind


def pieces_of_name(line: Line, part: Part) -> Iterator[str]:
    """Yield the words of a name by which it is known again, in lower case."""
    for token in line.parts[part.first : part.last + 1]:
        word = token.word
        if (
            len(token.text) >= _KNOWN
            and token.text.isalpha()
            and not (word.skip or word.common or word.small)
        ):
            yield token.text.lower()


def pieces_of_place(line: Line, part: Part) -> Iterator[str]:
    """Yield the parts of an address between commas by which it is known again, in lower case."""
    for piece in line.text[part.begin : part.end].lower().split(","):
        said = piece.strip()
        if " " in said or any(character.isdigit() for character in said):
            yield said


def words_of_date(line: Line, part: Part) -> frozenset[str]:
    """Return the words and figures of a date that tell it from others."""
    return frozenset(
        _YEAR.sub("", token.word.plain).lstrip("0")
        for token in line.parts[part.first : part.last + 1]
        if token.text[0].isalnum() and not token.word.dating
    )


def dates_again(
    line: Line, told: Sequence[tuple[str, frozenset[str]]], of_a_thing: bool
) -> Iterator[tuple[int, int, str]]:
    """Yield begin, end and kind of dates that were told before.

    Args:
        told: kind and words of each.
        of_a_thing: the line speaks of an order or the like, which may be of the same day.
    """
    for part, _, month in dates(line) if told else ():
        words = words_of_date(line, part)
        for kind, known in told:
            alike = month and not of_a_thing and len(words & known) >= _ALIKE
            if alike or (len(words) >= _WITHOUT_MONTH and words <= known):
                yield part.begin, part.end, kind
                break
