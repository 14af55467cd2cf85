"""Marks for what is to be silenced in the recording of a call: words of its transcript, or seconds.

Marks are stored with their call, so the next person who opens it sees them. A mark in a line remembers the line by its
text and its start: it moves with the line, and is *lost* (and shown as such) when the text is changed. A mark of seconds
belongs to one recording, by its hash, because in another file something else is said at that time.

Marks change neither the call nor the recording. They only propose what `silence_recording` does.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.call_changes import refuse_locked
from reddy_lib.database.schema import calls, marks
from reddy_lib.errors import RecordingError
from reddy_lib.model import TranscriptLine, from_payload
from reddy_lib.spreadsheet.calls.sources import Sources
from reddy_lib.transcripts.times import read_moment
from reddy_lib.transcripts.words import TimedWord, word_times

if TYPE_CHECKING:
    from reddy_lib.batches.stored_batch import StoredBatch

__all__ = ["Mark", "mark_seconds", "mark_words", "marks_of", "read_seconds", "take_away", "words_of"]


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One mark: words of a line, or, if `line` is None, seconds of a recording.

    Attributes:
        line, begin, end: where the words are now (1-based line; characters of its text).
        recording, start, stop: the hash of the file, and the seconds.
        lost: the words are no longer in the transcript.
    """

    id: int
    line: int | None = None
    begin: int = 0
    end: int = 0
    recording: str = ""
    start: float = 0.0
    stop: float = 0.0
    lost: bool = False
    who: str = ""
    at: float = 0.0


def marks_of(batch: StoredBatch, row: int) -> list[Mark]:
    """Return the marks of a call that were not removed: words in the order of the lines, then seconds.

    Raises NotInLedger: the batch has no such row.
    """
    found = batch.one(row, calls.c.id, calls.c.payload)
    lines = from_payload(found.payload).transcript or []
    columns = [marks.c[name] for name in _Stored._fields]
    query = sa.select(*columns).where(marks.c.call_id == found.id, marks.c.gone_at.is_(None))
    with batch.database.read() as connection:
        stored = [_Stored(*one) for one in connection.execute(query.order_by(marks.c.id))]
    all_marks = [_mark(one, lines) for one in stored]
    return sorted(all_marks, key=lambda one: (one.line is None, one.line or 0, one.begin, one.start))


def mark_words(
    batch: StoredBatch,
    row: int,
    places: Sequence[tuple[int, int, int]],
    lines: Sequence[TranscriptLine],
    *,
    who: str = "",
) -> int:
    """Mark words, and return how many marks are new.

    Args:
        places: (line, begin, end) of each, in `lines`.
        lines: the transcript as the person saw it.

    Raises:
        NotInLedger, CallLocked: as `Batch.replace`.
        RecordingError: a place is not in its line, or the transcript has changed: nothing was marked.
    """
    for number, begin, end in places:
        if not (1 <= number <= len(lines) and 0 <= begin < end <= len(lines[number - 1].text)):
            raise RecordingError(
                f"These words are not in line {number}: nothing was marked. Select them again."
            )

    def values(now: Sequence[TranscriptLine]) -> list[_MarkValues]:
        wanted = [number for number, _, _ in places]
        if any(number > len(now) or not _alike(now[number - 1], lines[number - 1]) for number in wanted):
            raise RecordingError(
                "The transcript was changed in the meantime, so nothing was marked. Look at it again, then mark."
            )
        return [
            {
                "line": number,
                "digest": _digest(now[number - 1].text),
                "line_start": now[number - 1].start,
                "begin": begin,
                "end": end,
            }
            for number, begin, end in places
        ]

    return _store(batch, row, values, who)


def mark_seconds(
    batch: StoredBatch, row: int, start: float, stop: float, *, recording: str, who: str = ""
) -> int:
    """Mark seconds of the recording with this hash. Returns how many marks are new: 1, or 0 if it was there already.

    Raises as `mark_words`; RecordingError: `stop` is not after `start`.
    """
    if not (0 <= start < stop < math.inf):
        raise RecordingError("The end of a marked time must be after its start: nothing was marked.")
    return _store(
        batch, row, lambda lines: [{"recording": recording, "start": float(start), "stop": float(stop)}], who
    )


def take_away(batch: StoredBatch, row: int, mark: int, *, who: str = "") -> None:
    """Remove a mark of this call; do nothing if it is removed already, or another call's. Raises as `mark_words`."""
    with batch.database.write() as connection:
        call = _locked_call(batch, connection, row)
        connection.execute(
            marks.update()
            .where(marks.c.id == mark, marks.c.call_id == call.id, marks.c.gone_at.is_(None))
            .values(gone_at=time.time(), gone_who=who)
        )


def read_seconds(start: str, stop: str, length: float) -> tuple[float, float]:
    """Read two times as a person types them, "1:05" and "1:12.5" or "65" and "72,5", in a recording of `length` seconds.

    A stop up to one second past the end counts as the end, because players round.

    Raises RecordingError: what is wrong with them, in a sentence.
    """
    seconds: list[float] = []
    for name, text in (("From", start), ("To", stop)):
        if not text.strip():
            raise RecordingError(f"“{name}” is empty: write a time in the recording, such as 1:05 or 65.")
        moment = read_moment(text)
        if moment is None or moment.absolute or moment.seconds < 0:
            raise RecordingError(
                f"“{text.strip()}” is not a time in the recording: write it as 1:05, or as 65."
            )
        seconds.append(moment.seconds)
    first, last = seconds
    said = _clock(length)
    if first >= length or last > length + 1:
        outside = start if first >= length else stop
        raise RecordingError(f"{outside.strip()} is outside of the recording, which ends at {said}.")
    if last <= first:
        raise RecordingError(
            f"It stops at {stop.strip()}, before it starts at {start.strip()}: swap the two."
        )
    return first, min(last, length)


def words_of(batch: StoredBatch, row: int) -> dict[int, list[TimedWord]]:
    """Return line number → its words with their times, for the lines of a call that were not changed since loading.

    They are read from the sheet's cell again, and are not stored. Raises NotInLedger: the batch has no such row.
    """
    mapping = batch.mapping
    found = batch.one(row, calls.c.payload, calls.c.cells)
    lines = from_payload(found.payload).transcript
    if not lines or mapping.layout == "lines":
        return {}
    try:
        cell = Sources(mapping, file_name=batch.file_name).value(
            "transcript", msgspec.json.decode(found.cells)
        )
    except KeyError:  # the column is not in this row's record
        return {}
    return word_times(cell, lines, roles=mapping.roles, unit=mapping.line_unit)


class _LockedCall(NamedTuple):
    id: int
    status: str
    payload: str


class _Stored(NamedTuple):
    """A row of `marks`: with `line`, words; without, seconds."""

    id: int
    line: int | None
    digest: str | None
    line_start: float | None
    begin: int | None
    end: int | None
    recording: str | None
    start: float | None
    stop: float | None
    who: str
    at: float


_MarkValues = dict[str, int | float | str | None]


def _store(
    batch: StoredBatch, row: int, values: Callable[[Sequence[TranscriptLine]], list[_MarkValues]], who: str
) -> int:
    """Store the marks that `values` returns for the transcript as it is now; return how many are new."""
    now = time.time()
    new = 0
    with batch.database.write() as connection:
        call = _locked_call(batch, connection, row)
        for one in values(from_payload(call.payload).transcript or []):
            same = [
                marks.c[name] == value if value is not None else marks.c[name].is_(None)
                for name, value in one.items()
            ]
            there = sa.select(marks.c.id).where(marks.c.call_id == call.id, marks.c.gone_at.is_(None), *same)
            if connection.execute(there).first() is None:
                connection.execute(marks.insert().values(call_id=call.id, who=who, at=now, **one))
                new += 1
    return new


def _locked_call(batch: StoredBatch, connection: sa.Connection, row: int) -> _LockedCall:
    """Lock a call until this transaction ends, and return it. Raises NotInLedger, CallLocked."""
    query = sa.select(*(calls.c[name] for name in _LockedCall._fields))
    one = connection.execute(
        query.where(calls.c.batch_id == batch.id, calls.c.row == row).with_for_update()
    ).one_or_none()
    if one is None:
        raise batch.no_row(row)
    found = _LockedCall(*one)
    refuse_locked(found.status, row)
    return found


def _mark(one: _Stored, lines: Sequence[TranscriptLine]) -> Mark:
    if one.line is None:
        return Mark(
            recording=one.recording or "",
            start=one.start or 0.0,
            stop=one.stop or 0.0,
            id=one.id,
            who=one.who,
            at=one.at,
        )
    # By text alone, the mark of a deleted line would move to another line with the same text.
    numbers = [
        number
        for number, line in enumerate(lines, 1)
        if line.start == one.line_start and _digest(line.text) == one.digest
    ]
    if len(numbers) > 1:
        numbers = [number for number in numbers if number == one.line]
    return Mark(
        line=numbers[0] if numbers else one.line,
        begin=one.begin or 0,
        end=one.end or 0,
        lost=not numbers,
        id=one.id,
        who=one.who,
        at=one.at,
    )


def _alike(one: TranscriptLine, other: TranscriptLine) -> bool:
    return (one.text, one.start) == (other.text, other.start)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}"
