"""Start times: from whatever a cell holds to seconds since the epoch, UTC.

A date without a zone is read in the zone that the analyst chose. Where clocks change, some times happen twice
and some never: those are read as the first of the two and reported. Which of 3/4/2026 is the day is decided over
the whole column, never for one cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from reddy_lib.findings import Finding, finding

__all__ = ["DayOrder", "day_order", "looks_like_time", "read_timestamp", "zone"]

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE]\+?\d+)?")
_COMPACT = re.compile(r"(?:19|20)\d{6}(?:\d{4}(?:\d{2})?)?")
_ZONE = r"(?P<zone>\s*(?:Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}:?\d{2}|(?:UTC|GMT)[+-]\d{1,2}))?"
_CLOCK = (
    r"(?:[,;]?\s+(?:at\s+|um\s+|à\s+|T)?|T)(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))(?:[:.m](?P<second>\d{2}))?"
    r"(?P<fraction>[.,]\d{1,9})?s?\s*(?:Uhr)?\s*(?P<half>[aApP]\.?\s?[mM]\.?)?"
)
_NUMERIC = re.compile(
    rf"(?P<a>\d{{1,4}})(?P<mark>[./\- ])(?P<b>\d{{1,2}})(?P=mark)(?P<c>\d{{2,4}})(?:{_CLOCK})?{_ZONE}"
)
_NAMED = re.compile(
    rf"(?:[^\W\d_]{{2,10}}\.?,?\s+)?(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.|er|º)?[\s\-/]+(?:de\s+)?(?P<month>[^\W\d_]{{3,10}})\.?|"
    rf"(?P<month2>[^\W\d_]{{3,10}})\.?\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?)[\s,\-/]+(?:de\s+)?(?P<year>\d{{4}})(?:{_CLOCK})?{_ZONE}"
)
_MONTHS: dict[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier janv enero ene gennaio gen januari janeiro jän jänner",
            "feb february februar février fevrier févr fevr febrero febbraio februari fevereiro fev",
            "mar march märz maerz mär mrz mars marzo maart mrt março marco",
            "apr april avril avr abril abr aprile",
            "may mai mayo maggio mag mei maio",
            "jun june juni juin junio giugno giu junho",
            "jul july juli juillet juil julio luglio lug julho",
            "aug august août aout agosto ago augustus",
            "sep sept september septembre septiembre settembre set setembro",
            "oct october oktober okt octobre octubre ottobre ott outubro out",
            "nov november novembre noviembre novembro",
            "dec december dezember dez décembre decembre déc diciembre dic dicembre dezembro",
        ),
        start=1,
    )
    for name in names.split()
}


class DayOrder(NamedTuple):
    """`day_first`: None = could not be told. `reason`: the evidence, in a sentence fragment."""

    day_first: bool | None
    reason: str


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo:
    """The time zone of a mapping; "" is UTC."""
    return UTC if not name or name == "UTC" else ZoneInfo(name)


def read_timestamp(
    cell: object,
    *,
    tz: tzinfo = UTC,
    day_first: bool | None = None,
    unit: Literal["auto", "s", "ms"] = "auto",
) -> tuple[float | None, Finding | None]:
    """Seconds since the epoch, and what is to be said about it. An empty cell gives (None, None).

    Numbers are epoch times: divided by 1,000 only where `unit` is "ms", else passed on as they are.
    """
    if cell is None or cell == "":
        return None, None
    if isinstance(cell, datetime):
        return _in_zone(cell, tz, cell)
    if isinstance(cell, date):
        return _in_zone(datetime(cell.year, cell.month, cell.day), tz, cell)  # noqa: DTZ001 - the zone is added there
    if isinstance(cell, bool):
        return None, _unreadable(cell)
    if isinstance(cell, int | float):
        if not abs(cell) < 2**63:  # also "not a number", which is smaller than nothing
            return None, _unreadable(cell)
        return (cell / 1000 if unit == "ms" else cell), None
    if not isinstance(cell, str):
        return None, _unreadable(cell)
    text = cell.strip()
    if not text:
        return None, None
    try:
        moment = None if text.isdigit() else datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is not None:
        return _in_zone(moment, tz, text)
    if _COMPACT.fullmatch(text):
        moment = _compact(text)
        if moment is not None:
            return _in_zone(moment, tz, text)
    if _NUMBER.fullmatch(text):
        number = float(text)
        if not abs(number) < 2**63:
            return None, _unreadable(text)
        if number.is_integer() and abs(number) < 2**53:
            number = int(number)
        return (number / 1000 if unit == "ms" else number), None
    moment = _written(text, day_first)
    if moment is None:
        return None, _unreadable(text)
    return _in_zone(moment, tz, text)


def _in_zone(moment: datetime, tz: tzinfo, cell: object) -> tuple[float | None, Finding | None]:
    found: Finding | None = None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=tz)
        if tz is not UTC and moment.utcoffset() != moment.replace(fold=1).utcoffset():
            back = moment.astimezone(UTC).astimezone(tz)
            twice = back.replace(tzinfo=None) == moment.replace(tzinfo=None)
            what = "happened twice" if twice else "never happened"
            which = "the first of the two was taken" if twice else f"it was read as {back:%H:%M}"
            found = finding(
                "timestamp-ambiguous",
                "timestamp",
                f"The start time {cell} {what} in {tz}, because clocks changed: {which}.",
                value=cell,
            )
    try:
        seconds = moment.timestamp()
    except (OverflowError, ValueError, OSError):
        return None, _unreadable(cell)
    return (int(seconds) if seconds.is_integer() else seconds), found


def _unreadable(cell: object) -> Finding:
    return finding(
        "timestamp-unreadable",
        "timestamp",
        f"The start time {str(cell)[:80]!r} is not a date and time.",
        value=cell,
    )


def _compact(text: str) -> datetime | None:
    """20260330, 202603301746, 20260330174600."""
    parts = [int(text[:4]), *(int(text[i : i + 2]) for i in range(4, len(text), 2))]
    try:
        return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None


def _written(text: str, day_first: bool | None) -> datetime | None:
    match = _NUMERIC.fullmatch(text)
    if match:
        first, second, third = int(match["a"]), int(match["b"]), int(match["c"])
        if len(match["a"]) == 4:
            year, month, day = first, second, third
        elif len(match["a"]) > 2:
            return None
        else:
            year = third if len(match["c"]) == 4 else 2000 + third if third < 70 else 1900 + third
            if len(match["c"]) == 3:
                return None
            # A dot is how the countries write it that put the day first.
            first_is_day = match["mark"] == "." if day_first is None else day_first
            if first > 12:
                first_is_day = True
            elif second > 12:
                first_is_day = False
            day, month = (first, second) if first_is_day else (second, first)
    else:
        match = _NAMED.fullmatch(text)
        if not match:
            return None
        name = (match["month"] or match["month2"]).casefold()
        if name not in _MONTHS:
            return None
        year, month, day = int(match["year"]), _MONTHS[name], int(match["day"] or match["day2"])
    hour = int(match["hour"] or 0)
    half = (match["half"] or "").casefold().replace(".", "").replace(" ", "")
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    fraction = match["fraction"]
    try:
        moment = datetime(  # noqa: DTZ001 - the zone is added by the caller where the text has none
            year, month, day, hour, int(match["minute"] or 0), int(match["second"] or 0),
            int(float("0." + fraction[1:]) * 1_000_000) if fraction else 0,
        )  # fmt: skip
        offset = _offset((match["zone"] or "").strip())
        return moment if offset is None else moment.replace(tzinfo=timezone(offset))
    except ValueError:  # also an offset of a day or more
        return None


def _offset(text: str) -> timedelta | None:
    if not text:
        return None
    match = re.search(r"([+-])(\d{1,2}):?(\d{2})?$", text)
    if not match:
        return timedelta(0)
    span = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return -span if match[1] == "-" else span


def day_order(texts: Iterable[object]) -> DayOrder:
    """Whether the day comes first in a column of dates such as 3/4/2026, from all of its cells."""
    day = month = seen = 0
    dotted = False
    firsts: set[str] = set()
    seconds: set[str] = set()
    for text in texts:
        match = _NUMERIC.fullmatch(text.strip()) if isinstance(text, str) else None
        if not match or len(match["a"]) > 2:
            continue
        seen += 1
        dotted = dotted or match["mark"] == "."
        day += int(match["a"]) > 12
        month += int(match["b"]) > 12
        firsts.add(match["a"])
        seconds.add(match["b"])
    if not seen:
        return DayOrder(None, "")
    if day and not month:
        return DayOrder(True, f"day before month: the first number is above 12 in {day} of {seen}")
    if month and not day:
        return DayOrder(False, f"month before day: the second number is above 12 in {month} of {seen}")
    if day and month:
        return DayOrder(
            None, f"day and month come in both orders ({day} and {month} of {seen}): check the dates"
        )
    if dotted:
        return DayOrder(True, "day before month: written with dots")
    if len(firsts) >= 4 and len(seconds) == 1:
        return DayOrder(
            True, f"day before month: the first number takes {len(firsts)} values, the second one only"
        )
    if len(seconds) >= 4 and len(firsts) == 1:
        return DayOrder(
            False, f"month before day: the second number takes {len(seconds)} values, the first one only"
        )
    return DayOrder(None, "day and month could not be told apart: read as month before day, please choose")


def looks_like_time(cell: object) -> bool:
    """Could this cell be when a call started: a date, or an epoch time between 1990 and 2100?"""
    if isinstance(cell, date):
        return True
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return False
    if isinstance(cell, str) and not (6 <= len(cell.strip()) <= 60 and any(mark.isdigit() for mark in cell)):
        return False
    seconds, problem = read_timestamp(cell)
    if seconds is None or problem is not None:
        return False
    if isinstance(cell, int | float) or _NUMBER.fullmatch(cell.strip()):
        if isinstance(cell, str) and _COMPACT.fullmatch(cell.strip()):
            return True
        return 631_152_000 <= seconds <= 4_102_444_800 or 631_152_000_000 <= seconds <= 4_102_444_800_000
    return True
