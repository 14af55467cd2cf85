"""Where second 0 of a transcript is in its recording.

Times that a source counts from the start of the call are those of its recording. Where it gives times of day, the seconds
of the transcript count from its first line instead, and the recording may have begun before: while the telephone rang.
Then the start of the call tells how long before, if the recording is long enough for it. Without that, second 0 is
somewhere in what the recording has more than the transcript.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reddy_lib.findings import Finding
from reddy_lib.model import Call, TranscriptLine
from reddy_lib.recordings.redaction import Span
from reddy_lib.spreadsheet.model import Mapping
from reddy_lib.transcripts.turns import COUNTED

__all__ = ["UNKNOWN_ZERO", "Zero", "counts_from_first_line", "zero_of"]

UNKNOWN_ZERO = (
    "The transcript gives times of day, so its place in the recording is unknown. Correct the start of the call and mask "
    "again; or listen, silence the seconds by hand, and accept this."
)

_SHORT = 5.0
"""Seconds more than the transcript: so little is silenced too, rather than asked about."""
_ROUNDING = 1.0
"""Seconds: what clocks leave out."""
_HALF_A_DAY = 43_200


class Zero(NamedTuple):
    """Between which seconds of a recording second 0 of its transcript is."""

    early: float
    late: float

    def shifted(self, spans: Iterable[Span]) -> list[Span]:
        """Return spans of the transcript as those of the recording in which their words are."""
        return [span._replace(start=span.start + self.early, stop=span.stop + self.late) for span in spans]


def counts_from_first_line(findings: Sequence[Finding]) -> bool:
    """Return whether a call's times count from its first line. `findings`: of reading it."""
    return any(found.code == "times-estimated" and COUNTED in found.message for found in findings)


def zero_of(
    call: Call,
    loaded: Call,
    findings: Sequence[Finding],
    mapping: Mapping,
    lines: Sequence[TranscriptLine],
    length: float,
) -> Zero | None:
    """Return where second 0 of a call's transcript is in its recording; None where that cannot be told.

    Args:
        findings: of reading the call.
        lines: with the times that tell when they were said.
        length: of the recording, in seconds.
    """
    if not counts_from_first_line(findings):
        return Zero(0.0, 0.0)
    last = max((time for line in lines for time in (line.start, line.stop) if time is not None), default=0.0)
    spare = max(0.0, length - last)
    first = next((found.value for found in findings if found.code == "times-estimated"), "")
    own = any(found.code == "timestamp-from-transcript" for found in findings) and (
        call.timestamp == loaded.timestamp
    )
    if first and call.timestamp is not None and not own and not mapping.whole_minutes:
        after = _after_start(first, call.timestamp, mapping)
        if after is not None and 0 <= after <= spare + _ROUNDING:
            return Zero(after, after)
    return Zero(0.0, spare) if spare <= _SHORT else None


def _after_start(first: str, started: float, mapping: Mapping) -> float | None:
    """Return how many seconds after the start of a call its first line was said; None where that cannot be told.

    `first`: as `transcripts.turns.first_clock` returns it.
    """
    try:
        zone = ZoneInfo(mapping.timezone) if mapping.timezone else UTC
        if "T" in first:
            moment = datetime.fromisoformat(first)
            if moment.tzinfo is None and mapping.timezone_column:
                return None
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() - started
        if mapping.timezone_column:
            return None
        clock = datetime.fromtimestamp(started, zone)
        hours, minutes, seconds = first.split(":")
    except (ValueError, OverflowError, OSError):
        return None
    said = timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds)).total_seconds()
    after = (said - (clock.hour * 3_600 + clock.minute * 60 + clock.second)) % 86_400
    return after if after < _HALF_A_DAY else None
