"""Where second 0 of a transcript is in its recording.

If the source counts its times from the start of the call, they match the recording. If it has times of day, they count
here from the start of the call, or else from the first line. Either way the recording may have begun at the start of the
call, which is when the telephone rang or the customer was queued, or as late as the first line: second 0 is somewhere
between, as far as the length of the recording allows it. Without a start of the call, it is somewhere within the
extra length of the recording.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reddy_lib.batches.decisions import BY_HAND, line_marks
from reddy_lib.batches.masked_seconds import Loaded
from reddy_lib.findings import Finding
from reddy_lib.model import Call, TranscriptLine
from reddy_lib.personal_data import Said
from reddy_lib.recordings.redaction import LINE_MARGIN, Placed, Span, Word, place, span_of_line
from reddy_lib.spreadsheet.model import Mapping as SheetMapping
from reddy_lib.transcripts.turns import COUNTED_FROM

__all__ = ["ENDS_EARLY", "Zero", "counts_from_first_line", "fixed_zero", "unknown_zero", "zero_of"]

_UNKNOWN = "The transcript has times of day, so its place in the recording is unknown."
_BY_START = (
    " Correct the start of the call and mask again; or listen, silence the seconds by hand, and accept this."
)
_BY_HAND = " Listen, silence the seconds by hand, and accept this."

ENDS_EARLY = (
    f"The recording ends before the transcript does, so it may begin later than the transcript.{_BY_HAND}"
)

_SHORT = 5.0
"""Seconds more than the transcript: up to this many are silenced as well, instead of holding the call."""
_WAIT = 30.0
"""Seconds from the start of a call to its first line: up to this many are silenced as well, instead of holding the call."""
_ROUNDING = 1.0
"""Seconds: what the clock of a call's start leaves out."""
_HALF_A_DAY = 43_200
_MINUTE = 60


class Zero(NamedTuple):
    """Between which seconds of a recording second 0 of its transcript is.

    Attributes:
        early, late: for each line on its own, because each of its times is rounded. Negative: before the recording.
        end: of the recording. Words that may be said before it, and may not, are in it.
        typed: spans of lines with a time that a person typed, from the transcript's clock or from the recording's.
    """

    early: float
    late: float
    end: float = math.inf
    typed: frozenset[tuple[float, float]] = frozenset()

    def covering(self, start: float, stop: float) -> tuple[float, float]:
        """Return the seconds of the recording in which the words of a line are that has these in the transcript."""
        return self._covering(start, stop, typed=(start, stop) in self.typed)

    def fits(self, lines: Sequence[TranscriptLine], length: float) -> bool:
        """Return whether all of a transcript is in a recording of this length, apart from the margin silenced around words.

        `length`: 0 where it is not known.
        """
        last = max(
            (time for line in lines for time in (line.start, line.stop) if time is not None), default=0.0
        )
        return not length or last <= length + LINE_MARGIN - self.early

    def shifted(self, spans: Iterable[Span], *, typed: bool = False) -> list[Span]:
        """Return spans of the transcript as those of the recording in which their words are.

        `typed`: they are of lines whose times a person typed.
        """
        return [
            span._replace(start=start, stop=stop)
            for span in spans
            # a margin before second 0 was cut off, and the recording may have begun before it
            for start, stop in [self._covering(span.start or -LINE_MARGIN, span.stop, typed=typed)]
        ]

    def placed(
        self, said: Iterable[Said], lines: Sequence[TranscriptLine], *, words: Mapping[int, Sequence[Word]]
    ) -> Placed:
        """Return where words are in the recording, as `recordings.redaction.place` does in the transcript."""
        spans: list[Span] = []
        without: list[Said] = []
        sides: dict[bool, list[Said]] = {False: [], True: []}
        for one in said:
            sides[span_of_line(lines, one.line) in self.typed].append(one)
        if self == _WHOLE_SECONDS and _are_finer(words):
            # The clocks of the words leave nothing out, whatever those of the lines do.
            by_words = [one for some in sides.values() for one in some if _by_words_alone(one, lines, words)]
            spans += place(by_words, lines, words=words).spans
            sides = {typed: [one for one in some if one not in by_words] for typed, some in sides.items()}
        for typed, some in sides.items():
            found = place(some, lines, words=words)
            spans += self.shifted(found.spans, typed=typed)
            without += found.without_time
        return Placed(sorted(spans), without)

    def _covering(self, start: float, stop: float, *, typed: bool) -> tuple[float, float]:
        early = min(0.0, self.early) if typed else self.early
        late = stop + (max(0.0, self.late) if typed else self.late)
        if late > self.end >= stop + early - _ROUNDING and not math.isinf(stop):
            late = self.end
        return max(0.0, start + early), late


_EXACT = Zero(0.0, 0.0)
_WHOLE_SECONDS = Zero(-0.5, 1.0)
"""Clocks in whole seconds leave the rest out, or round it, so a line ends up to a second later than they say."""


def _are_finer(words: Mapping[int, Sequence[Word]]) -> bool:
    """Return whether words have times that are not whole seconds."""
    return any(
        time is not None and not _is_whole(time)
        for some in words.values()
        for word in some
        for time in (word.start, word.stop)
    )


def _by_words_alone(one: Said, lines: Sequence[TranscriptLine], words: Mapping[int, Sequence[Word]]) -> bool:
    return [span.by for span in place([one], lines, words=words).spans] == ["words"]


def counts_from_first_line(findings: Sequence[Finding]) -> bool:
    """Return whether a call's times count from its first line. `findings`: of reading it."""
    return any(found.code == "times-estimated" and COUNTED_FROM in found.message for found in findings)


def fixed_zero(loaded: Loaded, findings: Sequence[Finding], mapping: SheetMapping) -> Zero | None:
    """Return where second 0 of a transcript is in any recording of its call; None where that depends on the recording.

    `findings`: of reading the call.
    """
    if counts_from_first_line(findings) or _counts_from_start(loaded):
        return None
    starts = _starts(loaded)
    if len({*starts}) > 1 and _all_whole(starts, _MINUTE):
        return None  # the times leave out the seconds
    if any(times and all(map(_is_whole, times)) for times in (starts, _stops(loaded))):
        return _WHOLE_SECONDS
    return _EXACT


def unknown_zero(findings: Sequence[Finding], mapping: SheetMapping) -> str:
    """Return the sentence that the place of a transcript in its recording is unknown, and what can be done about it."""
    first = _first(findings)
    by_start = (
        first and not mapping.whole_minutes and _after_start(first, 0.0, mapping, most=math.inf) is not None
    )
    return _UNKNOWN + (_BY_START if by_start else _BY_HAND)


def zero_of(
    call: Call,
    loaded: Loaded,
    findings: Sequence[Finding],
    mapping: SheetMapping,
    lines: Sequence[TranscriptLine],
    length: float,
    *,
    estimates: Iterable[str] = (),
    masked: Iterable[tuple[float, float]] = (),
) -> Zero | None:
    """Return where second 0 of a call's transcript is in its recording; None where that cannot be told.

    Args:
        findings: of reading the call.
        lines: with the times that tell when they were said.
        length: of the recording, in seconds.
        estimates: `Decisions.estimates`.
        masked: spans of lines that are masked, of deleted ones too.
    """
    fixed = fixed_zero(loaded, findings, mapping)
    if fixed is not None:
        return fixed
    end = length or math.inf
    from_start = _counts_from_start(loaded)
    if not from_start and not counts_from_first_line(findings):
        return Zero(-_MINUTE if mapping.whole_minutes else -_ROUNDING, _MINUTE, end)
    first = _first(findings)
    starts = _starts(loaded)
    typed, last = _typed(call, loaded, lines, estimates, masked)
    spare = max(0.0, length - last)
    if from_start:
        missing = max(0.0, last - length - _ROUNDING) if length else 0.0
        left_out = float(_MINUTE) if _all_whole(starts, _MINUTE) else 1.0 if _all_whole(starts) else 0.0
        wait = min(starts, default=math.inf)
        if not missing - left_out <= wait <= missing + _WAIT:
            return None
        return Zero(-wait - left_out, left_out - missing, end, typed)
    left_out = _left_out(starts, first)
    own = any(found.code == "timestamp-from-transcript" for found in findings) and (
        call.timestamp == loaded.call.timestamp
    )
    if first and call.timestamp is not None and not own and not mapping.whole_minutes:
        after = _after_start(first, call.timestamp, mapping)
        if after is not None and 0 <= after <= spare + _ROUNDING:
            return Zero(-left_out, after + left_out, end, typed) if after <= _WAIT else None
    return Zero(-left_out, spare + left_out, end, typed) if spare <= _SHORT else None


def _first(findings: Sequence[Finding]) -> str:
    """Return when the first line began, as `transcripts.turns.first_clock` does; "" where it was not stored."""
    return next((found.value for found in findings if found.code == "times-estimated"), "")


def _counts_from_start(loaded: Loaded) -> bool:
    """Return whether moments were counted from the start of the call."""
    return not {*"cCB"}.isdisjoint(loaded.marks or "")


def _starts(loaded: Loaded) -> list[float]:
    """Return when lines start, by the source."""
    return [line.start for line, mark in _marked(loaded) if line.start is not None and mark not in ("e", "-")]


def _stops(loaded: Loaded) -> list[float]:
    """Return when lines end, by the source."""
    estimated = ("e", "b", "B", "-")
    return [line.stop for line, mark in _marked(loaded) if line.stop is not None and mark not in estimated]


def _marked(loaded: Loaded) -> Iterable[tuple[TranscriptLine, str]]:
    lines = loaded.call.transcript or []
    return zip(lines, loaded.marks or "s" * len(lines), strict=False)


def _left_out(starts: Sequence[float], first: str) -> float:
    """Return up to how many seconds the clocks of lines leave out. `first`: as `first_clock` returns it."""
    try:
        seconds = datetime.fromisoformat(first) if "T" in first else None
        at = (
            float(first.rpartition(":")[2]) if seconds is None else seconds.second + seconds.microsecond / 1e6
        )
    except ValueError:
        at = 0.0
    times = [*starts, at]
    if all(_is_whole(time / _MINUTE) for time in times):
        return float(_MINUTE)
    return 1.0 if all(_is_whole(time) for time in times) else 0.0


def _all_whole(times: Sequence[float], unit: float = 1.0) -> bool:
    """Return whether times are whole units apart."""
    return all(_is_whole((time - times[0]) / unit) for time in times)


def _is_whole(number: float) -> bool:
    return abs(number - round(number)) < 1e-6


def _typed(
    call: Call,
    loaded: Loaded,
    lines: Sequence[TranscriptLine],
    estimates: Iterable[str],
    masked: Iterable[tuple[float, float]],
) -> tuple[frozenset[tuple[float, float]], float]:
    """Return the spans of lines that have a time which they were not loaded with, and the last time of the other lines."""
    original = loaded.call.transcript or []
    times = {round(time, 6) for line in original for time in (line.start, line.stop) if time is not None}
    times.add(math.inf)
    marks = line_marks(loaded.marks or "", original, call.transcript or [], estimates)
    typed = {span for span in masked if not {round(time, 6) for time in span} <= times}
    last: list[float] = []
    for number, (line, mark) in enumerate(zip(lines, marks, strict=True), 1):
        span = span_of_line(lines, number)
        if span is None:
            continue
        if mark == BY_HAND or not {round(time, 6) for time in span} <= times:
            typed.add(span)
        else:
            last += [time for time in (line.start, line.stop) if time is not None]
    if not last:
        last = _starts(loaded) + _stops(loaded)
    return frozenset(typed), max(last, default=0.0)


def _after_start(
    first: str, started: float, mapping: SheetMapping, *, most: float = _HALF_A_DAY
) -> float | None:
    """Return how many seconds after the start of a call its first line was said; None where that cannot be told.

    Args:
        first: as `transcripts.turns.first_clock` returns it.
        most: seconds from which a time of day is one of the day before.
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
    return after if after < most else None
