"""Start times: from whatever a cell holds to seconds since the epoch, UTC.

A date without a zone is read in the zone of its row, or in the one that the analyst chose. Where clocks change, some
times happen twice and some never: those are read as the first of the two and reported. Which of 3/4/2026 is the day is
decided over the whole column, never for one cell: see `day_order`. Where nothing decides it, no moment is returned.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache

from reddy_lib.findings import Finding, finding
from reddy_lib.spreadsheet.cells.date_numbers import (
    NUMBER,
    EpochUnit,
    compact,
    lost_digits,
    of_unit,
    to_number,
)
from reddy_lib.spreadsheet.cells.date_text import Written, full_year, read_written, unwrapped
from reddy_lib.spreadsheet.cells.zones import read_zone, zone, zone_of
from reddy_lib.transcripts.date_words import plain_text

__all__ = [
    "Ambiguous",
    "is_day_alone",
    "is_naive",
    "looks_like_time",
    "moment_of",
    "read_timestamp",
    "resolve",
    "zone",
    "zone_of",
]

_DAYS_TO_1970 = date(1970, 1, 1).toordinal()
_COMMON = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:,? (\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_NO_CLOCK = frozenset("+Z")
_DATE_WITH_ZONE = re.compile(r"(\d{4}-\d{2}-\d{2})(\+\d{2}:\d{2}|Z)")
_DAY_AND_CLOCK = re.compile(r"(\d{5})(?:[.,]0+)?\s+(\S.*\d.*)")
_MICROSOFT = re.compile(r"\\?/Date\((-?\d{1,16})([+-]\d{4})?\)\\?/", re.IGNORECASE)


class Ambiguous(Exception):
    """A date that has two readings. `args`: day first, month first."""


def read_timestamp(
    cell: object,
    *,
    tz: tzinfo = UTC,
    day_first: bool | None = None,
    unit: EpochUnit = "auto",
    year_first: bool = False,
) -> tuple[float | None, Finding | None]:
    """Seconds since the epoch, and what is to be said about it. An empty cell gives (None, None).

    Args:
        tz: the zone of times that do not name theirs: that of the row, or of the batch.
        day_first: whether 3/4/2026 is 3 April; if None, such a date is a finding without a moment.
        unit: of numbers; "auto" takes them as seconds.
        year_first: whether 26/04/02 is 2 April 2026.
    """
    if type(cell) is str:
        return _read_text(cell.strip(), tz, day_first, unit, year_first)
    if cell is None:
        return None, None
    if isinstance(cell, datetime):
        return _in_zone(cell, tz, cell)
    if isinstance(cell, date):
        return _in_zone(datetime(cell.year, cell.month, cell.day), tz, cell)  # noqa: DTZ001 - the zone is added there
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if not abs(cell) < 2**63:  # also "not a number", which is smaller than nothing
            return None, _unreadable(cell)
        return _read_number(cell, repr(cell), tz, unit)
    if isinstance(cell, str):
        return _read_text(str(cell).strip(), tz, day_first, unit, year_first)
    return None, _unreadable(cell)


def _read_text(
    text: str, tz: tzinfo, day_first: bool | None, unit: EpochUnit, year_first: bool
) -> tuple[float | None, Finding | None]:
    if not text:
        return None, None
    if len(text) < 19 and text.isdecimal():
        return _read_number(int(text), text, tz, unit)
    if text[:4].isdecimal():
        try:
            moment: datetime | None = datetime.fromisoformat(text)
        except ValueError:
            moment = compact(text)
        if moment is not None:
            if text[10:11] in _NO_CLOCK and (match := _DATE_WITH_ZONE.fullmatch(text)):
                moment = datetime.fromisoformat(f"{match[1]}T00:00{match[2]}")
            return _in_zone(moment, tz, text)
    elif (match := _COMMON.fullmatch(text)) and (moment := _common(match, day_first)) is not None:
        return _in_zone(moment, tz, text)
    if NUMBER.fullmatch(text):
        number = to_number(text)
        return (None, _unreadable(text)) if number is None else _read_number(number, text, tz, unit)
    if match := _MICROSOFT.fullmatch(text):
        return int(match[1]) / 1000, None
    if unit.startswith("days") and (match := _DAY_AND_CLOCK.fullmatch(text)):
        day, _ = _read_number(int(match[1]), match[1], UTC, unit)
        if day is not None:
            clock = datetime.fromtimestamp(day, UTC).date().isoformat() + " " + match[2]
            return _read_text(clock, tz, day_first, "auto", year_first)
    bare = unwrapped(text)
    if bare != text:
        return _read_text(bare.strip(), tz, day_first, unit, year_first)
    written = read_written(text)
    if written is None:
        plain = plain_text(text)
        if plain != text:
            seconds, found = _read_text(plain, tz, day_first, unit, year_first)
            if seconds is not None or (found is not None and found.code != "timestamp-unreadable"):
                return seconds, found
        return None, _unreadable(text)
    return _read_parts(written, text, tz, day_first, year_first)


def _common(match: re.Match[str], day_first: bool | None) -> datetime | None:
    """The most common form by a short way: 30/03/2026 17:46, where the order is given or plain; else None."""
    a, mark, b, year, hour, minute, second = match.groups()
    day, month = int(a), int(b)
    if day_first is None:
        if mark != "." and day <= 12 and day != month:
            return None
    elif not day_first:
        day, month = month, day
    try:
        if hour is None:
            return datetime(int(year), month, day)  # noqa: DTZ001
        return datetime(int(year), month, day, int(hour), int(minute), int(second or 0))  # noqa: DTZ001
    except ValueError:
        return None


def _read_number(
    number: float, text: str, tz: tzinfo, unit: EpochUnit
) -> tuple[float | None, Finding | None]:
    if (
        unit in ("auto", "s")
        and 631_152_000 <= number <= 4_102_444_800
        and "e" not in text
        and "E" not in text
    ):
        return number, None
    whole = int(number)
    if whole == number and (
        19_000_000 <= whole < 21_000_000 or 10**11 <= whole < 5 * 10**11 or 19 * 10**12 <= whole < 21 * 10**12
    ):
        moment = compact(str(whole))
        if moment is not None:
            return _in_zone(moment, tz, text)
    decimals = (
        len(re.split(r"[.,]", text)[-1]) if re.search(r"[.,]", text) and "e" not in text.lower() else 15
    )
    moment_or_seconds = of_unit(number, unit, decimals)
    if moment_or_seconds is None:
        return None, _unreadable(text)
    off = lost_digits(text, unit) if len(text) < 13 else 0
    if isinstance(moment_or_seconds, datetime):
        seconds, found = _in_zone(moment_or_seconds, tz, text)
    else:
        seconds, found = moment_or_seconds, None
    return seconds, _imprecise(text, off) if off else found


def _read_parts(
    written: Written, text: str, tz: tzinfo, day_first: bool | None, year_first: bool
) -> tuple[float | None, Finding | None]:
    try:
        moment = resolve(written, day_first, year_first)
        if day_first is None and not year_first and (other := _with_year_first(written, text)) is not None:
            return None, _two_readings(text, other, moment, "which number is the year")
    except Ambiguous as question:
        return None, _two_readings(text, *question.args)
    except ValueError:
        return None, _unreadable(text)
    doubt = _against_order(written, text, day_first)
    if written.zone is not None:
        moment = moment.replace(tzinfo=written.zone)
    elif written.zone_name:
        named = read_zone(written.zone_name, near=tz, moment=moment)
        if named.zone is None:
            return None, _unclear_zone(text, named.several)
        moment = moment.replace(tzinfo=named.zone)
        if named.assumed:
            doubt = doubt or _assumed_zone(text, named.assumed)
    seconds, found = _in_zone(moment, tz, text)
    return seconds, doubt or found


def resolve(written: Written, day_first: bool | None, year_first: bool = False) -> datetime:
    """Return the moment of a written date, without its zone.

    Raises:
        Ambiguous: day and month can be taken for each other, and `day_first` is None.
        ValueError: the calendar has no such day.
    """
    first, second, third, order = written[:4]
    hour, minute, clock_second, micro, *_ = written.clock
    if order == "ymd" or (order == "short" and (year_first or first > 31)):
        year = full_year(first) if order == "short" else first
        return datetime(year, second, third, hour, minute, clock_second, micro)  # noqa: DTZ001
    year = full_year(third)
    if first > 12:
        first_is_day = True
    elif second > 12:
        first_is_day = False
    elif day_first is not None:
        first_is_day = day_first
    elif written.dotted or first == second:  # A dot is how the countries write it that put the day first.
        first_is_day = True
    else:
        both = [
            datetime(year, second, first, hour, minute, clock_second, micro),  # noqa: DTZ001
            datetime(year, first, second, hour, minute, clock_second, micro),  # noqa: DTZ001
        ]
        fitting = [moment for moment in both if moment.weekday() == written.weekday]
        if len(fitting) != 1:
            raise Ambiguous(*both)
        return fitting[0]
    day, month = (first, second) if first_is_day else (second, first)
    return datetime(year, month, day, hour, minute, clock_second, micro)  # noqa: DTZ001


# --- zones -------------------------------------------------------------------------------------------------


def _in_zone(moment: datetime, tz: tzinfo, cell: object) -> tuple[float | None, Finding | None]:
    if moment.tzinfo is None:
        day = moment.toordinal()
        offset = 0 if tz is UTC else _steady_offset(tz, day)
        if offset is None:
            return _around_a_change(moment, tz, cell)
        whole = (
            (day - _DAYS_TO_1970) * 86_400 + moment.hour * 3600 + moment.minute * 60 + moment.second - offset
        )
        return (whole + moment.microsecond / 1_000_000 if moment.microsecond else whole), None
    try:
        seconds = moment.timestamp()
    except (OverflowError, ValueError, OSError):
        return None, _unreadable(cell)
    return (int(seconds) if seconds.is_integer() else seconds), None


@lru_cache(maxsize=4096)
def _steady_offset(tz: tzinfo, day: int) -> int | None:
    """The seconds by which a zone is ahead of UTC on a day; None where its clocks change then, or it is unknown."""
    try:
        start = datetime.fromordinal(day)
        moments = [start, start + timedelta(hours=12), start + timedelta(days=1)]
        offsets = {
            tz.utcoffset(moment.replace(tzinfo=tz, fold=fold)) for moment in moments for fold in (0, 1)
        }
    except (OverflowError, ValueError):
        return None
    offset = offsets.pop()
    if offsets or offset is None or offset.microseconds:
        return None
    return offset.days * 86_400 + offset.seconds


def _around_a_change(moment: datetime, tz: tzinfo, cell: object) -> tuple[float | None, Finding | None]:
    found: Finding | None = None
    moment = moment.replace(tzinfo=tz)
    try:
        if moment.utcoffset() != moment.replace(fold=1).utcoffset():
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
        seconds = moment.timestamp()
    except (OverflowError, ValueError, OSError):
        return None, _unreadable(cell)
    return (int(seconds) if seconds.is_integer() else seconds), found


# --- findings ----------------------------------------------------------------------------------------------


def _unreadable(cell: object) -> Finding:
    return finding(
        "timestamp-unreadable",
        "timestamp",
        f"The start time {str(cell)[:80]!r} is not a date and time.",
        value=cell,
    )


def _with_year_first(written: Written, text: str) -> datetime | None:
    """Return the moment of 24-03-05 with the year first, where that is as likely; None where it is not.

    Years of two digits that come last are of the last years; with dashes, they come first as often.
    """
    if written.order != "short" or written.first < _FIRST_YEAR:
        return None
    if written.third >= _FIRST_YEAR and "-" not in text.strip()[:5]:
        return None
    try:
        moment = resolve(written, None, year_first=True)
    except (Ambiguous, ValueError):
        return None
    return moment if moment.year <= datetime.now(UTC).year + 1 else None


_FIRST_YEAR = 10  # calls of 2009 and before are not loaded any more


def _two_readings(
    text: str, one: datetime, other: datetime, what: str = "whether the day or the month comes first"
) -> Finding:
    message = (
        f"The start time {text} is {one.day} {one:%B %Y} or {other.day} {other:%B %Y}: nothing tells {what}."
    )
    return finding("timestamp-ambiguous-order", "timestamp", message, value=text)


def _against_order(written: Written, text: str, day_first: bool | None) -> Finding | None:
    if day_first is None or written.order == "ymd" or written.dotted:
        return None
    if not (written.first > 12 if not day_first else written.second > 12):
        return None
    named = ("day", "month") if day_first else ("month", "day")
    message = (
        f"The start time {text} cannot have the {named[0]} first, as the other dates of its column are read. "
        f"Check them: one of the two is wrong."
    )
    return finding("timestamp-order-differs", "timestamp", message, value=text)


def _imprecise(text: str, off: float) -> Finding:
    span = (
        f"{off / 86_400:,.0f} days"
        if off > 172_800
        else f"{off / 3600:,.0f} hours"
        if off > 7200
        else f"{off / 60:,.0f} minutes"
    )
    message = f"The start time {text} lost its last digits: it may be off by {span}."
    return finding("timestamp-imprecise", "timestamp", message, value=text)


def _unclear_zone(text: str, several: str) -> Finding:
    message = f"The zone of the start time {text} is not clear: {several or 'its name is unknown'}."
    return finding("timestamp-zone-unclear", "timestamp", message, value=text)


def _assumed_zone(text: str, assumed: str) -> Finding:
    return finding("timestamp-zone-assumed", "timestamp", f"The start time {text}: {assumed}.", value=text)


def is_naive(cell: object, *, day_first: bool | None = None, unit: EpochUnit = "auto") -> bool:
    """Return whether a cell is a moment that depends on the zone it is read in, as it names none."""
    here, there = (read_timestamp(cell, tz=tz, day_first=day_first, unit=unit)[0] for tz in (UTC, _ELSEWHERE))
    return here is not None and here != there


_ELSEWHERE = timezone(timedelta(hours=5, minutes=37))
"""A zone that no place has."""


def moment_of(seconds: float | None) -> datetime | None:
    """Return the moment of seconds since 1970 without a zone; None outside of the calendar."""
    try:
        return None if seconds is None else datetime(1970, 1, 1) + timedelta(seconds=seconds)  # noqa: DTZ001
    except OverflowError:
        return None


def is_day_alone(cell: object, unit: EpochUnit = "auto") -> bool:
    """Return whether a cell that was read as a moment holds a date without a time of day.

    A workbook holds a date as its midnight, so a call that began then counts as well.
    """
    if isinstance(cell, datetime):
        return cell.tzinfo is None and cell.time() == time()
    if isinstance(cell, date):
        return True
    if isinstance(cell, int | float):
        return unit.startswith("days") and cell == int(cell)
    if not isinstance(cell, str):
        return False
    text = cell.strip()
    if ":" in text:
        return _DATE_WITH_ZONE.fullmatch(text) is not None
    if NUMBER.fullmatch(text):
        number = to_number(text)
        if unit.startswith("days"):
            return number is not None and number == int(number)
        return len(text) == 8 and compact(text) is not None
    written = read_written(unwrapped(text))
    return written is not None and not written.clock.parts


def looks_like_time(cell: object) -> bool:
    """Could this cell be when a call started: a date, or an epoch time between 1990 and 2100?"""
    if isinstance(cell, date):
        return True
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return False
    if isinstance(cell, str):
        text = cell.strip()
        if not (6 <= len(text) <= 80 and any(mark.isdigit() for mark in text)):
            return False
        number = to_number(text) if NUMBER.fullmatch(text) else None
        if number is None:
            seconds, problem = read_timestamp(text)
            return seconds is not None or (
                problem is not None and problem.code == "timestamp-ambiguous-order"
            )
        if text.isdecimal() and len(text) in (8, 12, 14) and text[:2] in ("19", "20") and compact(text):
            return True
    else:
        number = cell
    return 631_152_000 <= number <= 4_102_444_800 or 631_152_000_000 <= number <= 4_102_444_800_000
