"""A whole column of moments: what form it has, in which unit and order, and how sure that is.

One cell is often readable in several ways; a column rarely is. 46114 is a number of seconds, a case number or 2 April
2026: a column of such numbers with fractions, all within a few weeks, is a column of dates.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from reddy_lib.spreadsheet.cells.date_numbers import NUMBER, EpochUnit, compact, of_unit, to_number, unit_of
from reddy_lib.spreadsheet.cells.date_text import read_written, unwrapped
from reddy_lib.spreadsheet.cells.dates import is_naive, read_timestamp
from reddy_lib.spreadsheet.cells.header_words import concepts, plain_name
from reddy_lib.spreadsheet.cells.zones import looks_like_zone
from reddy_lib.spreadsheet.evidence.day_order import DayOrder, column_order, locale_order, year_place

__all__ = ["DateColumn", "DateEvidence", "date_evidence", "read_column", "timestamp_settings"]

Granularity = Literal["", "day", "minute", "second"]

_UNIT_NAMES: dict[str, str] = {
    "ms": "milliseconds since 1970: divided by 1,000", "us": "microseconds since 1970",
    "ns": "nanoseconds since 1970", "s": "seconds since 1970",
    "ticks": "ticks of .NET", "filetime": "file times of Windows",
}  # fmt: skip
_TIME_WORDS_TEXT = """
date time datetime timestamp start started begin began created when epoch datum zeit uhrzeit beginn zeitstempel anfang
fecha hora inicio horodatage heure debut inizio ora data inicio tijd czas start začátek zacatek tarih saat tid
tidspunkt aika kezdete idő ora waktu tanggal ngay gio дата время начало час ημερομηνια ωρα تاريخ وقت البدء תאריך
שעה 日時 日付 開始 时间 時間 日期 时刻 시작 날짜 일시 เวลา วันที่ called answered connected received
"""
_TIME_WORDS = frozenset(_TIME_WORDS_TEXT.split())
_ID_WORDS_TEXT = "id ids number no nr num case ticket phone tel telephone ani dnis account order key code zip"
_ID_WORDS = frozenset(_ID_WORDS_TEXT.split())
_PROBED = 40
_FIRST_SERIAL = 36_526  # 2000
_1904 = 1462
_DAY = 86_400


class DateEvidence(NamedTuple):
    """How much a column looks like moments.

    Attributes:
        share: of the filled cells that can be read as a moment between 1990 and 2100.
        form: "dates" (cells that the sheet holds as dates), "ISO", "numeric", "named", "digits", an `EpochUnit`, or "".
        sure: whether the content alone says so; numbers within range may be ids.
        rising: share of neighbours that rise or stay, or fall or stay if that is more.
        granularity: the finest part that any cell has.
        low, high: seconds since 1970 as if in UTC; None where nothing was read.
    """

    share: float
    form: str
    sure: bool
    rising: float
    granularity: Granularity
    low: float | None
    high: float | None


class DateColumn(NamedTuple):
    """How to read the moments of a column: the arguments of `read_timestamp`, and the evidence.

    Attributes:
        day_first, year_first, unit: as `read_timestamp` takes them.
        asked: whether some dates have two readings, so that a person must choose.
        swapped: whether a spreadsheet program read some dates with day and month swapped, and left the others as texts.
        evidence: what the column looks like.
        reasons: sentence fragments.
    """

    day_first: bool | None
    year_first: bool
    unit: EpochUnit
    asked: bool
    swapped: bool
    evidence: DateEvidence
    reasons: list[str]


def read_column(
    cells: Sequence[object],
    *,
    name: str = "",
    others: Mapping[str, Sequence[object]] | None = None,
    locale: DayOrder | None = None,
    now: float | None = None,
) -> DateColumn:
    """Decide once for a column how its moments are read.

    Args:
        name: of the column; numbers that could be ids are dates only under a name that says so.
        others: the other columns of the same rows, by name: their dates tell the order of day and month.
        locale: what the language of the sheet says about that order, see `day_order.locale_order`.
        now: seconds since 1970; no call starts later.
    """
    filled = _filled(cells)
    evidence = date_evidence(filled, name=name, now=now)
    unit = _unit(evidence, cells, others or {})
    place = year_place(cells, others, now)
    year_first = place == "first"
    if place == "last":
        order = column_order(cells, others=others, locale=locale, now=now)
    else:
        order = DayOrder(None, "" if year_first else "the year may come first or last: please choose")
    reasons = [order.reason] if order.reason else []
    if year_first:
        reasons.append("the year comes first, with two digits")
    if evidence.form in _UNIT_NAMES:
        count = sum(
            unit_of(number) == evidence.form for number in map(_number_of, filled) if number is not None
        )
        reasons.append(f"{count} of {len(filled)} are {_UNIT_NAMES[evidence.form]}")
    elif unit.startswith("days"):
        system = "1904" if unit.endswith("1904") else "1900"
        reasons.append(f"numbers of days, as spreadsheet programs count them (since {system})")
    swapped = _swapped(filled)
    if swapped:
        reasons.append(
            "dates with a day above 12 are texts, the others are not: day and month may be swapped in them"
        )
    asked = order.day_first is None and bool(order.reason) and any(map(_has_two_readings, filled))
    return DateColumn(order.day_first, year_first, unit, asked, swapped, evidence, reasons)


def timestamp_settings(name: str, columns: Mapping[str, Sequence[Any]]) -> tuple[dict[str, Any], DateColumn]:
    """Return what a mapping says of its start times, if one column of a sheet feeds them, and how that was found.

    Args:
        name: the column of the start times.
        columns: all columns of the sheet, by name; their cells are of the same rows.
    """
    cells = columns[name]
    others = {other: column for other, column in columns.items() if other != name}
    locale = locale_order(columns, others.values(), dates=cells)
    read = read_column(cells, name=name, others=others, locale=locale)
    zones = next((other for other, column in others.items() if looks_like_zone(other, _filled(column))), "")
    if zones:
        read.reasons.append(f"the zone of each row is in {zones!r}")
    settings = {
        "day_first": read.day_first,
        "year_first": read.year_first,
        "swapped_dates": "ask" if read.swapped else "keep",
        "timestamp_unit": read.unit,
        "timezone_column": zones,
        "zones_in_part": not zones and _zones_in_part(cells, read.day_first, read.unit),
    }
    return settings, read


def _zones_in_part(cells: Sequence[object], day_first: bool | None, unit: EpochUnit) -> bool:
    """Return whether some cells name their zone, or count from 1970, and others leave it open."""
    filled = _filled(cells)
    if len(set(map(_may_name_zone, filled))) < 2:
        return False  # which most columns are: reading them twice would tell nothing more
    read = {
        is_naive(cell, day_first=day_first, unit=unit)
        for cell in filled
        if read_timestamp(cell, day_first=day_first, unit=unit)[0] is not None
    }
    return len(read) > 1


def _may_name_zone(cell: object) -> bool:
    if isinstance(cell, str):
        return _ENDS_AS_ZONED.search(cell) is not None
    return not isinstance(cell, date) or getattr(cell, "tzinfo", None) is not None


_ENDS_AS_ZONED = re.compile(r"(?:[+-]\d{1,2}:?\d{0,2}|[^\W\d_]|[\])]|^\d+)\s*$")


def _filled(cells: Sequence[object]) -> list[object]:
    return [
        cell for cell in cells if cell not in (None, "") and not (isinstance(cell, str) and cell.isspace())
    ]


def _unit(
    evidence: DateEvidence, cells: Sequence[object], others: Mapping[str, Sequence[object]]
) -> EpochUnit:
    form = evidence.form
    if form == "days":
        return "days 1904" if _is_1904(cells, others) else "days"
    return form if form in ("ms", "us", "ns", "ticks", "filetime") else "auto"  # type: ignore[return-value]


def _is_1904(cells: Sequence[object], others: Mapping[str, Sequence[object]]) -> bool:
    """Tell whether dates beside the numbers say that they count from 1904."""
    for column in others.values():
        fits = {"days": 0, "days 1904": 0}
        compared = 0
        for cell, beside in zip(cells[:1000], column[:1000], strict=False):
            number = _number_of(cell)
            there = _seconds(beside) if not isinstance(beside, int | float) else None
            if number is None or there is None:
                continue
            compared += 1
            for unit in fits:
                moment = of_unit(number, unit)  # type: ignore[arg-type]
                if isinstance(moment, datetime):
                    fits[unit] += abs(moment.replace(tzinfo=UTC).timestamp() - there) <= 2 * _DAY
        if compared and fits["days 1904"] >= 0.9 * compared and not fits["days"]:
            return True
    return False


def _swapped(cells: Sequence[object]) -> bool:
    """Excel with American settings turns 3/4/2026 into 4 March, and leaves 13/4/2026 a text."""
    dates = [cell for cell in cells if isinstance(cell, date)]
    if len(dates) < 2 or any(cell.day > 12 for cell in dates):
        return False
    texts = [written for cell in cells if isinstance(cell, str) and (written := read_written(cell.strip()))]
    numeric = [written for written in texts if written.order != "ymd"]
    return bool(numeric) and (
        all(written.first > 12 for written in numeric) or all(written.second > 12 for written in numeric)
    )


def _has_two_readings(cell: object) -> bool:
    if not isinstance(cell, str):
        return False
    problem = read_timestamp(cell)[1]
    return problem is not None and problem.code == "timestamp-ambiguous-order"


# --- evidence ----------------------------------------------------------------------------------------------


def date_evidence(cells: Sequence[object], *, name: str = "", now: float | None = None) -> DateEvidence:
    """Return how much a column looks like moments; empty cells do not count."""
    filled = _filled(cells)
    if not filled:
        return DateEvidence(0, "", False, 0, "", None, None)
    if len(filled) > 2 * _PROBED:
        probed = filled[:: len(filled) // _PROBED]
        if all(_number_of(cell) is None and not _form_of(cell)[0] for cell in probed):
            return DateEvidence(0, "", False, 0, "", None, None)
    forms: Counter[str] = Counter()
    moments: list[float] = []
    parts = 0
    numbers: list[float] = []
    for cell in filled:
        number = _number_of(cell)
        if number is not None:
            numbers.append(number)
            continue
        form, seconds, fine = _form_of(cell)
        if form:
            forms[form] += 1
            parts = max(parts, fine)
            if seconds is not None:
                moments.append(seconds)
    if len(numbers) > 0.5 * len(filled):
        return _of_numbers(numbers, filled, name, time.time() if now is None else now)
    if not forms:
        return DateEvidence(0, "", False, 0, "", None, None)
    form = forms.most_common(1)[0][0]
    return _evidence(forms.total() / len(filled), form, True, moments, parts)


def _evidence(share: float, form: str, sure: bool, moments: Sequence[float], parts: int) -> DateEvidence:
    granularity: Granularity = (
        "second" if parts == 3 else "minute" if parts == 2 else "day" if moments else ""
    )
    low, high = (min(moments), max(moments)) if moments else (None, None)
    return DateEvidence(share, form, sure, _rising(moments), granularity, low, high)


def _rising(moments: Sequence[float]) -> float:
    if len(moments) < 2:
        return 1.0 if moments else 0.0
    up = sum(one <= two for one, two in pairwise(moments))
    down = sum(one >= two for one, two in pairwise(moments))
    return max(up, down) / (len(moments) - 1)


def _number_of(cell: object) -> float | None:
    """The number of a cell; digits in a row that are a date, such as 20260402, are none."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        number: float | None = cell if abs(cell) < 2**63 else None
    elif isinstance(cell, str) and NUMBER.fullmatch(text := cell.strip()):
        number = to_number(text)
    else:
        return None
    if number is not None and number == int(number) and len(digits := str(int(number))) in (8, 12, 14):
        return None if compact(digits) is not None else number
    return number


def _form_of(cell: object) -> tuple[str, float | None, int]:
    """(form, seconds, parts of its clock) of a cell that is no number; ("", None, 0) if it is no moment."""
    if isinstance(cell, date):
        moment = cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day, tzinfo=UTC)
        return "dates", read_timestamp(moment)[0], 0 if not isinstance(cell, datetime) else _parts(cell)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if not abs(cell) < 10**15:
            return "", None, 0
        moment_of = compact(str(int(cell)))
        return (
            ("digits", _plausible(read_timestamp(moment_of)[0]), _parts(moment_of))
            if moment_of
            else ("", None, 0)
        )
    if not isinstance(cell, str):
        return "", None, 0
    text = cell.strip()
    if not (6 <= len(text) <= 100 and any(mark.isdigit() for mark in text)):
        return "", None, 0
    seconds, problem = read_timestamp(text)
    if seconds is None:
        if problem is None or problem.code not in ("timestamp-ambiguous-order", "timestamp-zone-unclear"):
            return "", None, 0
        seconds = read_timestamp(text, day_first=True)[0]
    elif _plausible(seconds) is None:
        return "", None, 0
    if text[:4].isdecimal() and text[4:5] == "-":
        return "ISO", seconds, 3 if text.count(":") > 1 else 2 if ":" in text else 0
    if text.isdecimal() or re.match(r"\d{8}[T_ -]\d", text):
        return "digits", seconds, 3 if len(text) > 13 else 2 if len(text) > 8 else 0
    written = read_written(unwrapped(text))
    if written is None:
        return "named", seconds, 3
    return "numeric" if written.order != "ymd" else "named", seconds, written.clock.parts


def _parts(moment: datetime) -> int:
    return 3 if moment.second or moment.microsecond else 2 if moment.hour or moment.minute else 0


def _plausible(seconds: float | None) -> float | None:
    return seconds if seconds is not None and 631_152_000 <= seconds <= 4_102_444_800 else None


def _seconds(cell: object) -> float | None:
    return _form_of(cell)[1]


def _of_numbers(numbers: Sequence[float], filled: Sequence[object], name: str, now: float) -> DateEvidence:
    units = Counter(unit for number in numbers if (unit := unit_of(number)) is not None)
    if units:
        unit, count = units.most_common(1)[0]
        if count >= 0.5 * len(numbers):
            moments = [
                float(seconds)
                for number in numbers
                if unit_of(number) == unit and isinstance(seconds := of_unit(number, unit), int | float)
            ]
            narrow = _narrow(moments, now)
            if not narrow and not _timed(name):
                return DateEvidence(
                    0, "", False, 0, "", None, None
                )  # ids of so many digits: any number is a moment
            sure = (
                narrow
                and not _counts(moments)
                and (_timed(name) or unit != "s" or _apart(moments))
                and not _numbering(name)
            )
            return _evidence(count / len(filled), unit, sure, moments, 3)
    last = (now + 31 * _DAY) / _DAY + 25_569
    days = [number for number in numbers if _FIRST_SERIAL - _1904 <= number <= last]
    if len(days) < 0.9 * len(numbers):
        return DateEvidence(0, "", False, 0, "", None, None)
    moments = [(number - 25_569) * _DAY for number in days]
    fractions = [cell for cell in filled if _decimals(cell) >= 4]
    if len(fractions) >= 0.5 * len(days):
        sure = max(days) - min(days) <= 3_700
        return _evidence(len(days) / len(filled), "days", sure, moments, 3)
    if not _timed(name) or _counts(days):
        return DateEvidence(0, "", False, 0, "", None, None)
    return _evidence(len(days) / len(filled), "days", False, moments, 0)


def _timed(name: str) -> bool:
    plain = plain_name(name)
    return bool(concepts(name) & {"start", "date", "time", "created"}) or not _TIME_WORDS.isdisjoint(
        plain.split()
    )


def _numbering(name: str) -> bool:
    return not _timed(name) and not _ID_WORDS.isdisjoint(plain_name(name).split())


def _decimals(cell: object) -> int:
    text = str(cell)
    return len(re.split(r"[.,]", text)[-1]) if re.search(r"\d[.,]\d", text) and "e" not in text.lower() else 0


def _counts(numbers: Sequence[float]) -> bool:
    """Numbers that rise by one from row to row count rows."""
    return len(numbers) >= 3 and all(two - one == 1 for one, two in pairwise(numbers))


def _apart(moments: Sequence[float]) -> bool:
    """Calls begin some time after each other; ids of calls are closer together."""
    return len(moments) > 1 and max(moments) - min(moments) >= 20 * len(moments)


def _narrow(moments: Sequence[float], now: float) -> bool:
    """Moments of calls lie in the past, within some years, but for a few."""
    past = sorted(moment for moment in moments if now - 30 * 366 * _DAY <= moment <= now + 366 * _DAY)
    few = len(moments) // 20
    if len(past) < max(len(moments) - few, 1):
        return False
    most = past[few // 2 : len(past) - few // 2]
    return timedelta(seconds=most[-1] - most[0]) < timedelta(days=3_700)
