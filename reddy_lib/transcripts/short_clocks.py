"""Clocks of two numbers, "10:05": minutes and seconds into the call, or hours and minutes of a day.

The pace of speech, the stated duration and the clock of the call's start tell which; where they do not, it is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from reddy_lib.transcripts.times import Moment
from reddy_lib.transcripts.units import UnitRead

__all__ = ["HOURS", "MINUTES", "ShortRead", "are_short", "as_hours", "read_short_clocks"]

MINUTES, HOURS = "minutes and seconds", "hours and minutes"
Meaning = Literal["m:s", "h:m"]

_DAY, _LONGEST_CALL = 86_400.0, 6 * 3600.0
_FASTEST, _SLOWEST = 6.0, 0.3
"""Words a second of a call with its pauses."""
_FEW_WORDS = 8
_EARLY = 360.0
"""Seconds into the call within which a transcript may begin; and, in minutes, an hour at which hardly anybody calls."""
_ZONES = 1800.0
"""Seconds of which the offsets of nearly all time zones are multiples."""


class ShortRead(NamedTuple):
    """`meaning`: how the clocks are read; `sure`: nothing speaks for the other reading."""

    meaning: Meaning = "m:s"
    sure: bool = True

    def unit(self) -> UnitRead | None:
        """Return the reading as a unit that a finding names; None where it goes without saying."""
        if self.meaning == "h:m":
            return UnitRead(HOURS, 60.0, self.sure, judged=True, other=MINUTES)
        if not self.sure:
            return UnitRead(MINUTES, 1.0, False, judged=True, other=HOURS)
        return None


def are_short(moments: Sequence[Moment | None]) -> bool:
    """Return whether all of these times are clocks of two numbers, and two or more."""
    given = [moment for moment in moments if moment is not None]
    return len(given) > 1 and all(moment.short for moment in given)


def as_hours(moment: Moment) -> Moment:
    """Return a clock of two numbers as hours and minutes of a day."""
    return Moment(moment.seconds * 60, clock=True)


def read_short_clocks(
    starts: Sequence[float],
    words: int,
    *,
    duration: float | None = None,
    started: float | None = None,
    utc_offset: float | None = None,
) -> ShortRead:
    """Tell what clocks of two numbers mean.

    Args:
        starts: of the lines, in seconds, read as minutes and seconds.
        words: spoken between the first and the last of them.
        duration: of the call in seconds, where something states it.
        started: start of the call, epoch seconds: its minutes are those of the first line, if that is a time of day.
        utc_offset: seconds by which the clock of the call's place is ahead of UTC, where that is known: the call then
            began at the very time that its first line says.
    """
    falls = [before - after for before, after in pairwise(starts) if after < before]
    if len(falls) == 1 and falls[0] > _DAY / 120 and max(starts) < _DAY / 60:
        return ShortRead("h:m")  # past midnight
    first, last = min(starts), max(starts)
    span = last - first
    if first < 60 or last >= _DAY / 60 or span * 60 > _LONGEST_CALL:
        return ShortRead()
    if duration is not None and duration > 0:
        in_hours = span * 60 <= 1.15 * duration + 60 and (span + 1) * 60 >= 0.2 * duration
        in_minutes = 0.2 * duration <= last <= 1.15 * duration + 5
        in_minutes = in_minutes and (span >= 0.2 * duration or not in_hours)
        if in_minutes != in_hours:
            return ShortRead("h:m" if in_hours else "m:s")
    if started is not None and utc_offset is not None and _is_then(first * 60, started + utc_offset):
        return ShortRead("h:m")
    if words > span * _FASTEST and words >= _FEW_WORDS:
        return ShortRead("h:m")
    if words < span * _SLOWEST or first < _EARLY or not _may_begin(first * 60, started):
        return ShortRead()
    return ShortRead(sure=False)


def _is_then(clock: float, local: float) -> bool:
    """Return whether a time of day is that of the call's start, or the minutes after it. A date alone has no such time."""
    return local % _DAY > 0 and (clock - local + 60) % _DAY <= 240


def _may_begin(clock: float, started: float | None) -> bool:
    """Return whether a call that started then may have its first line at this time of day, in some time zone."""
    if started is None or not started % _ZONES:  # a date without a time
        return True
    after = (clock - started) % _ZONES
    return after <= 300 or after >= _ZONES - 120
