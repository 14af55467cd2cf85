"""How the columns of moments of a table stand to each other: which comes first, and what lies between two of them.

A call starts before it ends, and ends before it is written down. Where the time between two columns is what a third
says that the call lasted, the first of them is the start, whatever it is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from statistics import median
from typing import NamedTuple

from reddy_lib.spreadsheet.cells.cell_kinds import bare_clock, is_empty
from reddy_lib.spreadsheet.cells.date_numbers import EpochUnit
from reddy_lib.spreadsheet.cells.dates import read_timestamp
from reddy_lib.spreadsheet.cells.durations import duration_evidence, read_duration
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.evidence.day_order import column_order

__all__ = ["Standing", "TimeOrder", "is_time_of_day", "is_unmarked_clock", "times_of_day"]

_ROWS = 40
"""Rows that are compared."""
_MOST_COLUMNS = 12
"""Columns of moments, and of durations, that are compared: pairs of them with a third are many."""
_FIRST_WORKING_HOUR = 4 * 3600.0
_SAME_IN = 0.9
_UNITS = ("ms", "us", "ns", "ticks", "filetime", "days")


class Standing(NamedTuple):
    """What the other columns say of one.

    Attributes:
        first: whether it is never after another moment of its row, and before some.
        start_by, end_by: why it must be the start or the end of the call, or "".
        later: the columns that are after it.
        after: whether it is after another one in each row.
    """

    first: bool = False
    start_by: str = ""
    end_by: str = ""
    later: frozenset[str] = frozenset()
    after: bool = False


class TimeOrder:
    """The moments and durations of a table, row by row."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = columns

    @cached_property
    def moments(self) -> dict[str, list[float | None]]:
        """Column → its moments in the first rows; of those that have a time of day, if some have one."""
        found = [column for column in self.columns if column.times >= 0.9 and column.clocks < 0.5]
        timed = [column for column in found if column.dates.granularity != "day"]
        return {column.name: _moments(column) for column in (timed or found)[:_MOST_COLUMNS]}

    @cached_property
    def lengths(self) -> dict[str, list[list[float | None]]]:
        """Column that could say how long calls lasted → the seconds of each row, once for each unit it can have."""
        found: dict[str, list[list[float | None]]] = {}
        for column in self.columns:
            if column.name in self.moments or len(found) == _MOST_COLUMNS or not column.count:
                continue
            evidence = duration_evidence(column.cells[:_ROWS], name=column.name)
            if evidence.share >= _SAME_IN:
                found[column.name] = [
                    [None if is_empty(cell) else read_duration(cell, unit) for cell in column.rows[:_ROWS]]
                    for unit in evidence.units
                ]
        return found

    def standing(self, name: str) -> Standing:
        return self._standings.get(name, Standing())

    @cached_property
    def _standings(self) -> dict[str, Standing]:
        start_by: dict[str, str] = {}
        end_by: dict[str, str] = {}
        before: dict[str, set[str]] = {name: set() for name in self.moments}
        not_first: set[str] = set()
        for one, other, gaps in self._pairs():
            if min(gaps) < 0:
                not_first.add(one)
                continue
            if max(gaps) == 0:
                continue
            before[one].add(other)
            if why := self._parted_by(one, other):
                start_by.setdefault(one, f"{other!r} is later by what {why} says")
                end_by.setdefault(other, f"{one!r} is earlier by what {why} says")
        return {
            name: Standing(
                bool(before[name]) and name not in not_first,
                start_by.get(name, ""),
                end_by.get(name, ""),
                frozenset(before[name]),
                any(name in others for others in before.values()),
            )
            for name in self.moments
        }

    def _pairs(self) -> Iterator[tuple[str, str, list[float]]]:
        """(column, another, seconds from the one to the other in each row that has both)."""
        for one, mine in self.moments.items():
            for other, theirs in self.moments.items():
                if one != other and (gaps := [gap for gap in _gaps(mine, theirs) if gap is not None]):
                    yield one, other, gaps

    def _parted_by(self, one: str, other: str) -> str:
        """Return `"Talk time"` if that column says in each row how long it is from one column to the other."""
        gaps = _gaps(self.moments[one], self.moments[other])
        by_name = {column.name: column for column in self.columns}
        slack = 60.0 if "minute" in {by_name[name].dates.granularity for name in (one, other)} else 1.6
        for name, in_units in self.lengths.items():
            for seconds in in_units:
                both = [(a, b) for a, b in zip(gaps, seconds, strict=True) if a is not None and b is not None]
                if len(both) < 2 or len({round(length) for _, length in both}) < 2:
                    continue
                if slack > 2 and max(length for _, length in both) < 3 * slack:
                    continue  # minutes alone say nothing about calls that are as short
                if sum(abs(a - b) <= slack for a, b in both) >= _SAME_IN * len(both):
                    return repr(name)
        return ""


def _gaps(mine: Sequence[float | None], theirs: Sequence[float | None]) -> list[float | None]:
    return [
        None if here is None or there is None else there - here
        for here, there in zip(mine, theirs, strict=True)
    ]


def _moments(column: Column) -> list[float | None]:
    unit: EpochUnit = column.dates.form if column.dates.form in _UNITS else "auto"  # type: ignore[assignment]
    rows = column.rows[:_ROWS]
    read = [None if is_empty(cell) else read_timestamp(cell, unit=unit)[0] for cell in rows]
    if None in read:
        day_first = column_order(rows).day_first is not False
        read = [
            seconds if seconds is not None or is_empty(cell) else read_timestamp(cell, day_first=day_first)[0]
            for seconds, cell in zip(read, rows, strict=True)
        ]
    return read


def times_of_day(column: Column) -> list[float | None]:
    """Return the seconds since midnight of each of the first rows; None where the cell has no clock."""
    # A spreadsheet program stores a time of day as a part of the day.
    return [
        None if is_empty(cell) else read_duration(cell, "h:mm" if ":" in cell_text(cell) else "days")
        for cell in column.rows[:_ROWS]
    ]


def is_time_of_day(column: Column) -> bool:
    """Return whether clocks are times of day, by what they say: calls are made by day, and do not last for hours."""
    if column.clocks < 0.8 or "duration" in column.says:
        return False
    seconds = [clock for clock in times_of_day(column) if clock is not None]
    if not seconds:
        return True  # 5:46 PM, or with a zone
    least = 0.0 if "start" in column.says else 3600.0 if "time" in column.says else _FIRST_WORKING_HOUR
    return max(seconds) < 86_400 and median(seconds) >= least


_MANY_MINUTES = 5


def is_unmarked_clock(column: Column, *, sure: bool = False) -> bool:
    """Return whether cells can be times of day without a colon: 10.15, 9-05, 1005, 0905.

    Numbers are read like this by other rules too (10.25 is a quarter past ten as a decimal), so all cells have to be
    times of the day. `sure`: whether nothing but the cells speaks for it, as where the name says nothing.
    """
    if "duration" in column.says or not column.count:
        return False
    clocks = [bare_clock(cell) for cell in column.cells]
    read = [clock for clock in clocks if clock is not None]
    if len(read) < len(clocks):
        return False
    hours = [hour + minute / 60 for hour, minute, _ in read]
    minutes = {minute for _, minute, _ in read}
    numbers = any(isinstance(cell, float) for cell in column.cells)
    if (numbers or sure) and len(minutes) < _MANY_MINUTES:
        return False
    if sure and (column.says - {"date"} or numbers or any(len(text) < 4 for text in column.texts)):
        return False
    if sure and all(map(str.isdecimal, column.texts)) and not any(text[0] == "0" for text in column.texts):
        return False  # any number of four digits
    return median(hours) * 3600 >= (_FIRST_WORKING_HOUR if "start" not in column.says else 0)
