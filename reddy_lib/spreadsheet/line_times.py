"""One cell of a line's time as a moment: a clock, a number, or a date as columns of dates have them."""

from __future__ import annotations

import re
from typing import Any

from reddy_lib.spreadsheet.dates import read_timestamp
from reddy_lib.transcripts.times import Moment, read_moment

__all__ = ["line_moment"]

_DATED = re.compile(r"\d.*[-/.年월 ].*\d.*:")


def line_moment(cell: Any, factor: float | None = None, *, day_first: bool | None = None) -> Moment | None:
    """Return the time that a cell holds, or None if it cannot be read. `factor`: seconds of a unit, where it is known."""
    moment = read_moment(cell, factor)
    if moment is not None or not isinstance(cell, str) or not _DATED.search(cell):
        return moment
    seconds, problem = read_timestamp(cell, day_first=day_first)
    if seconds is None or (problem is not None and seconds is None):
        return None
    return Moment(seconds, absolute=True, naive=True)
