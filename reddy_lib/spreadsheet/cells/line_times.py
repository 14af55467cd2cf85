"""One cell of a line's time as a moment: a clock, a number, or a date as columns of dates have them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from reddy_lib.spreadsheet.cells.dates import read_timestamp
from reddy_lib.transcripts.times import Moment, are_offsets, read_moment

__all__ = ["begins_again", "line_moment", "read_seconds", "seconds_of"]

_DATED = re.compile(r"\d.*[-/.年월 ].*\d.*:")


def line_moment(cell: Any, factor: float | None = None, *, day_first: bool | None = None) -> Moment | None:
    """Return the time that a cell holds, or None if it cannot be read. `factor`: seconds of a unit, where it is known."""
    moment = read_moment(cell, factor)
    if moment is not None or not isinstance(cell, str) or not _DATED.search(cell):
        return moment
    seconds, problem = read_timestamp(cell, day_first=day_first)
    if problem is not None and problem.code == "timestamp-ambiguous-order":
        # Lines of one call are a day apart at most: how far apart they are does not depend on the order.
        seconds, _ = read_timestamp(cell, day_first=False)
    if seconds is None:
        return None
    return Moment(seconds, absolute=True, naive=True)


def read_seconds(cells: Sequence[Any]) -> tuple[list[float | None], bool]:
    """Seconds as they stand, and whether they are plain numbers whose unit is open."""
    found: list[float | None] = []
    read: list[Moment | None] = []
    known: dict[str, Moment | None] = {"": None}
    for cell in cells:
        if type(cell) is str:
            if cell not in known:
                known[cell] = line_moment(cell)
            moment = known[cell]
            found.append(None if moment is None else moment.seconds)
            read.append(moment)
        elif isinstance(cell, datetime):
            found.append(cell.replace(tzinfo=None).timestamp() if cell.tzinfo is None else cell.timestamp())
        elif isinstance(cell, time):
            found.append(cell.hour * 3600.0 + cell.minute * 60 + cell.second)
        elif isinstance(cell, timedelta):
            found.append(cell.total_seconds())
        else:
            moment = line_moment(cell) if cell not in (None, "") else None
            found.append(None if moment is None else moment.seconds)
            read.append(moment)
    if are_offsets(read) and len(read) == len(cells):
        read = [moment.as_offset() if moment is not None else None for moment in read]
        found = [moment.seconds if moment is not None else None for moment in read]
    plain = sum(moment is not None and moment.plain for moment in read)
    return found, plain * 2 > sum(second is not None for second in found)


def seconds_of(cells: Sequence[Any]) -> list[float | None]:
    """Return the times or numbers that cells hold, in seconds or as they stand; None for a cell that holds neither."""
    # Most columns that are none show it in their first cells.
    if any(second is None for second in read_seconds(cells[:3])[0]):
        return [None] * len(cells)
    return read_seconds(cells)[0]


_AGAIN = 0.2


def begins_again(before: float, now: float) -> bool:
    """Return whether a time since the start of a call is that of another call's first lines, and no overlap of speech."""
    return now < before and now <= _AGAIN * before
