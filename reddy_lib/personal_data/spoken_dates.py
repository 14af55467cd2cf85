"""Find dates in a line, in words or figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reddy_lib.personal_data.answers import Part, part_of
from reddy_lib.personal_data.tokens import Line, Token

__all__ = ["dates", "is_date_of"]

_AND = frozenset(("y", "e", "et", "und", "og", "en", "and"))
_WHOLE = 6  # figures
_MONTH_AND_YEAR = range(2, 7)  # words of an expiry date, with or without its day


def is_date_of(
    kind: str, line: Line, part: Part, count: int, *, month: bool, asked: bool, more: bool
) -> bool:
    """Return whether what may be a date is one of a kind.

    Args:
        count, month: as `dates` yields them.
        asked: it was asked for.
        more: another date was found in the line, so that a few digits are something else.
    """
    if kind == "expiry":
        return count in _MONTH_AND_YEAR and (month or _is_linked(line, part))
    digits = sum(map(str.isdigit, line.text[part.begin : part.end]))
    if more:
        return count >= 3 and (month or digits == 0 or digits >= _WHOLE)
    return count >= 3 or digits >= 4 or (count == 2 and (month or asked))


def _is_linked(line: Line, part: Part) -> bool:
    """Return whether a date has a word between its numbers ("oh five of twenty nine")."""
    words = [token.word for token in line.parts[part.first : part.last + 1]]
    return any(word.dating and not word.scale and word.plain not in _AND for word in words)


def _is_whole(tokens: Sequence[Token]) -> bool:
    """Return whether figures are a date with its day, month and year, so that a comma ends it."""
    return sum(len(token.text) for token in tokens if token.text.isdigit()) >= _WHOLE


def dates(line: Line) -> Iterator[tuple[Part, int, bool]]:
    """Yield what may be a date: its part, how many days, months and years it names, and whether it names a month."""
    tokens = line.parts
    first = last = -1
    count = 0
    month = False
    for index, token in enumerate(tokens):
        word = token.word
        number = token.text[0].isdigit() or word.value is not None or bool(word.times)
        if (
            number
            or word.month
            or word.ordinal
            or (word.inside is not None and first >= 0 and not word.dating)
        ):
            first = index if first < 0 else first
            last = index
            count += 1
            month = month or word.month
            continue
        ends = token.text == "," and first >= 0 and _is_whole(tokens[first:index])
        if (
            first >= 0
            and not ends
            and (
                word.dating
                or word.scale
                or (not token.word.says and token.text in "-/.,'")
                or word.plain in _AND
            )
        ):
            if word.scale:
                last = index
            continue
        if first >= 0:
            yield part_of(line.tokens, first, last), count, month
        first, count, month = -1, 0, False
    if first >= 0:
        yield part_of(line.tokens, first, last), count, month
