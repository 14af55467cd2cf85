"""In which unit the times of lines are: by the name of their column, and by the pace of speech over all calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import accumulate, pairwise
from statistics import median

from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.model import LineUnit
from reddy_lib.transcripts.times import words_of
from reddy_lib.transcripts.units import UNIT_NAMES, UnitRead, seconds_to_say, unit_of

__all__ = [
    "LINE_UNITS",
    "NAMES_OF_UNITS",
    "UNIT_WORDS",
    "clock_unit",
    "fact",
    "named_unit",
    "read_unit",
    "unit_of_column",
    "words_in",
]

_EPOCH = 1e8
UNIT_WORDS: dict[str, LineUnit] = {
    "ms": "ms", "msec": "ms", "millis": "ms", "milliseconds": "ms", "millisecond": "ms", "millisekunden": "ms", "мс": "ms",
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "sekunden": "s", "segundos": "s", "secondes": "s",
    "secondi": "s", "seconden": "s", "sekundy": "s", "sek": "s", "saniye": "s", "sekunder": "s", "секунд": "s", "сек": "s",
    "sekunde": "s", "segundo": "s", "seconde": "s", "secondo": "s", "minuto": "min",
    "秒": "s", "초": "s", "us": "us", "micros": "us", "microseconds": "us", "ticks": "ticks", "min": "min", "mins": "min",
    "minute": "min", "minutes": "min", "minuten": "min", "minutos": "min", "minuti": "min", "minuty": "min", "мин": "min",
    "分": "min", "samples": "auto",
}  # fmt: skip


def named_unit(column: Column) -> LineUnit | None:
    return next((UNIT_WORDS[word] for word in reversed(column.plain.split()) if word in UNIT_WORDS), None)


def clock_unit(
    column: Column, seconds: Sequence[float | None], text: Column, calls: Sequence[Sequence[int]], field: str
) -> tuple[LineUnit, str]:
    """Return "m:s" for minutes and seconds that a spreadsheet program took for hours and minutes."""
    known = [second for second in seconds if second is not None]
    if field == "duration" or max(known) >= _EPOCH or any(second % 60 for second in known):
        return "auto", ""
    if not all(
        isinstance(cell, time | timedelta | datetime) or str(cell).count(":") >= 1 for cell in column.cells
    ):
        return "auto", ""
    pace = _pace(seconds, text, calls, field)
    if pace is None or pace < _SLOWEST or pace / 60 >= _SLOWEST:
        return "auto", ""
    return (
        "m:s",
        f"; hours and minutes that are minutes and seconds: {pace / 60:,.2f} s a word, not {pace:,.0f}",
    )


_SLOWEST = 6.0
"""Seconds a word above which nobody speaks, pauses and waiting counted in."""


NAMES_OF_UNITS: dict[LineUnit, str] = {
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ticks": "ticks of 100 nanoseconds",
    "m:s": "minutes and seconds",
    "min": "minutes",
}


def _pace(
    seconds: Sequence[float | None], text: Column, calls: Sequence[Sequence[int]], field: str
) -> float | None:
    """Return the units of time that a word takes, in the middle of all calls; None where that cannot be told."""
    paces: list[float] = []
    for places in calls:
        known = [second for place in places if (second := seconds[place]) is not None]
        words = sum(words_in(text.of_rows[place]) for place in places)
        if not known or not words:
            continue
        span = sum(known) if field == "duration" else max(known) - min(known)
        if span > 0:
            paces.append(span / words)
    return median(paces) if paces else None


def words_in(text: str) -> int:
    """Return how many words a text has, about, also where words stand without spaces."""
    words = len(text.split())
    return words if words > 1 or text.isascii() else max(words, len(text) // 2)


LINE_UNITS: dict[str, LineUnit] = {name: unit for unit, name in UNIT_NAMES.items()}


def unit_of_column(
    seconds: Sequence[float | None], text: Column, calls: Sequence[Sequence[int]], field: str, name: str
) -> tuple[LineUnit, str]:
    """Return the unit with which people speak at a human pace in most calls, and how long a word takes then."""
    numbers, words, spoken = _spoken(seconds, None, text, calls, field)
    read = unit_of(numbers, words, spoken=spoken, lengths=field == "duration", hint=name)
    return LINE_UNITS[read.name], fact(read, seconds, text, calls, field)


def read_unit(
    start: Column, stops: Sequence[float | None] | None, text: Column, calls: Sequence[Sequence[int]]
) -> UnitRead:
    """Return the unit of the starts of lines, and of their stops if they have any, by the pace of all calls together."""
    numbers, words, spoken = _spoken(start.seconds[0], stops, text, calls, "start")
    return unit_of(numbers, words, spoken=spoken, lengths=stops is not None, hint=start.name)


_CALLS = 60
"""Calls whose pace is looked at."""


def _spoken(
    seconds: Sequence[float | None],
    stops: Sequence[float | None] | None,
    text: Column,
    calls: Sequence[Sequence[int]],
    field: str,
) -> tuple[list[float], int, list[tuple[float, float]]]:
    """Return (times as they would be in one call after another, words, how long each line lasts and its words take)."""
    numbers: list[float] = []
    words = 0
    spoken: list[tuple[float, float]] = []
    base = 0.0
    for places in calls[:_CALLS]:
        known = sorted((second, place) for place in places if (second := seconds[place]) is not None)
        if len(known) < 2:
            continue
        said = [text.of_rows[place] for _, place in known]
        if field == "duration":
            lasts: list[float | None] = [second for second, _ in known]
            ends = list(accumulate(second for second, _ in known))
        elif stops is not None:
            lasts = [None if (stop := stops[place]) is None else stop - second for second, place in known]
            ends = [second for second, _ in known]
        else:
            lasts = [after - before for (before, _), (after, _) in pairwise(known)]
            ends = [second for second, _ in known]
            said.pop()
        spoken += [
            (last, seconds_to_say(words))
            for last, words in zip(lasts, said, strict=False)
            if last is not None
        ]
        numbers += [base + end - ends[0] for end in ends]
        base = numbers[-1]
        words += words_of(said)
    return numbers, words, spoken


def fact(
    read: UnitRead, seconds: Sequence[float | None], text: Column, calls: Sequence[Sequence[int]], field: str
) -> str:
    pace = _pace(seconds, text, calls, field)
    return read.name if pace is None else f"{read.name}: {pace:,.2f} of them a word"
