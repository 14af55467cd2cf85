"""Columns of a batch in memory, for counting: distinct values with a number for each call, as a dictionary-encoded table.

A call may have several values of one facet (two tags with one key, several findings), so what is encoded is the tuple of
a call's values. Most batches have few distinct tuples.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Calendar", "Numbers", "Values", "ValuesBuilder", "calendar_of", "encoded"]

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

_CALENDAR = 9_000_000_000  # seconds from the epoch that are still in the calendar


class Values:
    """One facet's values of all calls. `codes`: for each call, the index of its tuple of values in `tuples`."""

    __slots__ = ("codes", "tuples")

    def __init__(self, codes: NDArray[np.int32], tuples: Sequence[tuple[str, ...]]) -> None:
        self.codes = codes
        self.tuples = tuples

    def counts(self, mask: Mask | None) -> dict[str, int]:
        """Return value → how many of these calls have it; "" counts those that have none."""
        codes = self.codes if mask is None else self.codes[mask]
        numbers = np.bincount(codes, minlength=len(self.tuples)).tolist()
        found: dict[str, int] = {}
        for values, number in zip(self.tuples, numbers, strict=True):
            if number:
                for value in values or ("",):
                    found[value] = found.get(value, 0) + number
        return found

    def having(self, wanted: Iterable[str]) -> Mask:
        """Return which calls have any of these values; "" = none."""
        some = frozenset(wanted)
        table = np.fromiter(
            (not some.isdisjoint(values or ("",)) for values in self.tuples), np.bool_, len(self.tuples)
        )
        return table[self.codes] if len(self.tuples) else np.zeros(len(self.codes), np.bool_)


class ValuesBuilder:
    """Encode values call by call."""

    __slots__ = ("_codes", "_known", "_tuples")

    def __init__(self, before: int = 0) -> None:
        self._tuples: list[tuple[str, ...]] = [()]
        self._known: dict[tuple[str, ...], int] = {(): 0}
        self._codes: list[int] = [0] * before  # the calls before this one have none

    @classmethod
    def of(cls, values: Values) -> ValuesBuilder:
        """Return a builder that goes on from encoded values."""
        self = cls()
        self._tuples = list(values.tuples)
        self._known = {one: code for code, one in enumerate(self._tuples)}
        return self

    @property
    def distinct(self) -> int:
        return len(self._tuples)

    def code(self, values: tuple[str, ...]) -> int:
        """Return the number of a tuple of values; a new one if it was not seen before."""
        code = self._known.get(values)
        if code is None:
            code = self._known[values] = len(self._tuples)
            self._tuples.append(values)
        return code

    def add(self, values: tuple[str, ...], at: int) -> None:
        """Add the values of the call at this position; calls that were passed over have none."""
        codes = self._codes
        if len(codes) < at:
            codes.extend([0] * (at - len(codes)))
        codes.append(self.code(values))

    def done(self, calls: int) -> Values:
        """Return the values of so many calls."""
        self._codes.extend([0] * (calls - len(self._codes)))
        return Values(np.asarray(self._codes, np.int32), self._tuples)

    def changed(self, values: Values, at: Sequence[int], new: Sequence[tuple[str, ...]]) -> Values:
        """Return values in which the calls at these positions have new ones. `self` must be `of` them."""
        codes = values.codes.copy()
        codes[list(at)] = [self.code(one) for one in new]
        return Values(codes, self._tuples)


def encoded(values: Sequence[object]) -> Values:
    """Encode one value of each call, as text; None and "" both mean that there is no value."""
    codes: dict[object, int] = {None: 0, "": 0}
    tuples: list[tuple[str, ...]] = [()]
    found: list[int] = []
    for value in values:
        code = codes.get(value)
        if code is None:
            code = codes[value] = len(tuples)
            tuples.append((str(value),))
        found.append(code)
    return Values(np.asarray(found, np.int32), tuples)


class Calendar:
    """Weekday, day and hour of calls, in a time zone. `shift`: seconds that the zone is ahead of UTC, one a call."""

    __slots__ = ("day", "hour", "shift", "weekday")

    def __init__(self, weekday: Values, day: Values, hour: Values, shift: NDArray[np.int64]) -> None:
        self.weekday, self.day, self.hour, self.shift = weekday, day, hour, shift


def calendar_of(start: Numbers, zone: str) -> Calendar:
    """Return the calendar of starts (seconds since the epoch, NaN = none). An unknown zone, or "", is UTC."""
    known = np.abs(start) < _CALENDAR  # False for NaN
    seconds = np.where(known, start, 0.0).astype(np.int64)
    quarters, inverse = np.unique(seconds // 900, return_inverse=True)  # no zone changes within 15 minutes
    place = _zone(zone)
    shifts = np.asarray([_ahead(int(quarter) * 900, place) for quarter in quarters], np.int64)
    shift = shifts[inverse] if len(shifts) else np.zeros(len(seconds), np.int64)
    local = seconds + shift
    days = local // 86_400
    return Calendar(
        _numbered(np.where(known, (days + 3) % 7 + 1, -1)),
        _dated(np.where(known, days, np.iinfo(np.int64).min)),
        _numbered(np.where(known, local % 86_400 // 3_600, -1)),
        shift,
    )


def _zone(name: str) -> dt.tzinfo:
    try:
        return zoneinfo.ZoneInfo(name) if name else dt.UTC
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return dt.UTC


def _ahead(seconds: int, zone: dt.tzinfo) -> int:
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    try:
        ahead = moment.astimezone(zone).utcoffset()
    except OverflowError:
        return 0
    return int(ahead.total_seconds()) if ahead else 0


def _numbered(numbers: NDArray[np.int64]) -> Values:
    distinct, codes = np.unique(numbers, return_inverse=True)
    return Values(codes.astype(np.int32), [() if one < 0 else (str(one),) for one in distinct.tolist()])


def _dated(days: NDArray[np.int64]) -> Values:
    distinct, codes = np.unique(days, return_inverse=True)
    first = dt.date(1970, 1, 1).toordinal()
    return Values(codes.astype(np.int32), [_date(first + day) for day in distinct.tolist()])


def _date(ordinal: int) -> tuple[str, ...]:
    return (dt.date.fromordinal(ordinal).isoformat(),) if 0 < ordinal < 3_652_060 else ()
