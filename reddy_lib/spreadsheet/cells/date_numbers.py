"""Moments that are numbers: epochs in several units, days of a spreadsheet program, digits of a date in a row."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Literal

__all__ = [
    "NUMBER",
    "EpochUnit",
    "compact",
    "is_day_number",
    "lost_digits",
    "of_unit",
    "to_number",
    "unit_of",
]

EpochUnit = Literal["auto", "s", "ms", "us", "ns", "ticks", "filetime", "days", "days 1904"]
"""Of numbers: parts of a second since 1970; .NET ticks; Windows file times; days since 1899-12-30 or 1904-01-01."""

NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE]\+?\d+)?")
_COMPACT = re.compile(r"((?:19|20)\d{6})(?:[T _-]?(\d{2}):?(\d{2})(?::?(\d{2}))?(?:[.,]\d+)?)?")
_SHORT_COMPACT = re.compile(r"([0-4]\d)(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})")
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_TICKS_BEFORE_1970 = 621_355_968_000_000_000
_FILETIME_BEFORE_1970 = 116_444_736_000_000_000
_YEAR_1990, _YEAR_2100 = 631_152_000, 4_102_444_800
_FIRST_DAY, _LAST_DAY = 32_874, 73_051  # 1990 to 2100
_FEW_DIGITS = 6  # what Excel shows of a long number


def to_number(text: str) -> int | float | None:
    """Return the number of a text, whole where it is whole; None beyond 64 bits."""
    number: int | float
    bare = text.replace(",", ".", 1)
    if len(text) > 400:
        return None
    if bare.lstrip("+-").isdigit():
        number = int(bare)
    else:
        number = float(bare)
        if number.is_integer() and abs(number) < 2**53:
            number = int(number)
    return number if abs(number) < 2**63 else None


def compact(text: str) -> datetime | None:
    """20260330, 202603301746, 20260330174600, 20260330_174600; also 260330174600, which can be nothing else."""
    match = _COMPACT.fullmatch(text)
    try:
        if match:
            date, hour, minute, second = match.groups()
            return datetime(  # noqa: DTZ001 - the zone is added by the caller
                int(date[:4]),
                int(date[4:6]),
                int(date[6:]),
                int(hour or 0),
                int(minute or 0),
                int(second or 0),
            )
        match = _SHORT_COMPACT.fullmatch(text)
        if match:
            year, *rest = map(int, match.groups())
            return datetime(2000 + year, *rest)  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        pass
    return None


def unit_of(number: float) -> EpochUnit | None:
    """Return the unit in which a number is a moment between 1990 and 2100; days are left to the column."""
    for unit, factor in _PER_SECOND.items():
        if _YEAR_1990 <= number / factor <= _YEAR_2100:
            # 638 000 000 000 000 000 is 1990 in nanoseconds, and a tick count of .NET in our time.
            if unit == "ns" and number < 9.46e17:
                return "ticks"
            return unit  # type: ignore[return-value]
    if _YEAR_1990 <= (number - _TICKS_BEFORE_1970) / 1e7 <= _YEAR_2100:
        return "ticks"
    if _YEAR_1990 <= (number - _FILETIME_BEFORE_1970) / 1e7 <= _YEAR_2100:
        return "filetime"
    return None


def is_day_number(number: float) -> bool:
    """Tell whether a number is a day between 1990 and 2100 to a spreadsheet program."""
    return _FIRST_DAY <= number <= _LAST_DAY


def of_unit(number: float, unit: EpochUnit, decimals: int = 15) -> float | datetime | None:
    """Return seconds since 1970, or the date and time without a zone where the unit is days; None if there is none.

    A number that is no moment in this unit, but is one in another, is read in that one: no call is of January 1970.

    Args:
        decimals: of the number as written; they tell how exact a part of a day is.
    """
    if unit == "auto":
        return number
    if unit.startswith("days"):
        if is_day_number(number + (1462 if unit == "days 1904" else 0)):
            return _of_days(number, decimals, 1904 if unit == "days 1904" else 1900)
        other = unit_of(number)
        return None if other is None else of_unit(number, other)
    if unit == "s":
        return number
    own = unit_of(number)
    if own is not None and own != unit:
        return of_unit(number, own) if own != "s" else number
    if unit == "ticks":
        return (number - _TICKS_BEFORE_1970) / 10_000_000
    if unit == "filetime":
        return (number - _FILETIME_BEFORE_1970) / 10_000_000
    return number / _PER_SECOND[unit]


def _of_days(days: float, decimals: int, system: int) -> datetime:
    """Return the moment of a day number, on the whole second (or minute) that its decimals allow for."""
    seconds = days * 86_400
    tolerance = max(43_200 / 10**decimals, 0.002)
    if tolerance > 1 and abs(seconds - 60 * round(seconds / 60)) <= tolerance:
        seconds = 60 * round(seconds / 60)
    elif abs(seconds - round(seconds)) <= max(tolerance, 0):
        seconds = round(seconds)
    base = datetime(1904, 1, 1) if system == 1904 else datetime(1899, 12, 30)  # noqa: DTZ001
    return base + timedelta(milliseconds=round(seconds * 1000))


def lost_digits(text: str, unit: EpochUnit) -> float:
    """Return by how many seconds a number may be off because digits are missing; 0 if it is exact enough.

    Excel shows 1775135111000 as 1.77514E+12, and writes that to a text file; a day shown with two decimals is exact
    to seven minutes only.
    """
    bare = text.replace(",", ".").lower()
    mantissa, _, exponent = bare.partition("e")
    if exponent:
        shown = len(mantissa.replace(".", "").lstrip("+-"))
        number = float(bare)
        step = 10.0 ** (int(exponent) - shown + 1)
        own = unit if unit in _PER_SECOND else unit_of(number) or "s"
        off: float = step / _PER_SECOND.get(own, 10_000_000) / 2
        return off if shown <= _FEW_DIGITS and off > 30 else 0
    decimals = len(mantissa.partition(".")[2])
    if unit.startswith("days") and 0 < decimals <= 3:
        seconds = float(mantissa) * 86_400
        if abs(seconds - 60 * round(seconds / 60)) > 0.5:
            return 43_200 / 10.0**decimals
    return 0
