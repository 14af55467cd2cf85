"""What a person marked to be silenced in the recording of a call: words of its transcript, or seconds.

Marks stay with their call, so they are there again for whoever opens it next, and can be on no other. A mark in a line
remembers the line by its text and its start: it goes along where the line is moved, and is *lost*, which is said, where
the text was changed. Seconds are those of one recording, by its hash: in another file, something else is said then.

Nothing here changes a call or a recording: a mark only proposes what `recordings.silence_recording` then does.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.changes import refuse_locked
from reddy_lib.database.schema import calls, marks
from reddy_lib.errors import RecordingError
from reddy_lib.model import TranscriptLine, from_payload
from reddy_lib.spreadsheet.sources import Sources
from reddy_lib.transcripts.times import read_moment
from reddy_lib.transcripts.words import TimedWord, word_times

if TYPE_CHECKING:
    from reddy_lib.batches.batch import Batch

__all__ = ["Mark", "mark_seconds", "mark_words", "marks_of", "read_seconds", "take_away", "words_of"]


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One mark. `line`, `begin`, `end`: where its words stand now (1-based line; characters); or, where `line` is None,
    `start`, `stop`: seconds of the file with the hash `recording`. `lost`: its words are not found any more."""

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


def marks_of(batch: Batch, row: int) -> list[Mark]:
    """The marks of a call that were not taken away: words in the order of the lines, then seconds.

    Raises NotInLedger: the batch has no such row.
    """
    found = batch.one(row, calls.c.id, calls.c.payload)
    lines = from_payload(found.payload).transcript or []
    query = sa.select(marks).where(marks.c.call_id == found.id, marks.c.gone_at.is_(None))
    with batch.database.read() as connection:
        all_marks = [_mark(one, lines) for one in connection.execute(query.order_by(marks.c.id))]
    return sorted(all_marks, key=lambda one: (one.line is None, one.line or 0, one.begin, one.start))


def mark_words(
    batch: Batch,
    row: int,
    places: Sequence[tuple[int, int, int]],
    lines: Sequence[TranscriptLine],
    *,
    who: str = "",
) -> int:
    """Mark words: (line, begin, end) of each place, in the `lines` that somebody saw. Gives how many are new.

    Raises:
        NotInLedger, CallLocked: as `Batch.replace`.
        RecordingError: a place is not in its line, or the transcript is another one by now: nothing was marked.
    """
    for number, begin, end in places:
        if not (1 <= number <= len(lines) and 0 <= begin < end <= len(lines[number - 1].text)):
            raise RecordingError(
                f"These words are not in line {number}: nothing was marked. Choose them again."
            )

    def values(now: Sequence[TranscriptLine]) -> list[dict[str, Any]]:
        wanted = [number for number, _, _ in places]
        if any(number > len(now) or not _alike(now[number - 1], lines[number - 1]) for number in wanted):
            raise RecordingError(
                "The transcript was changed while you were at it, so nothing was marked: look again, then mark."
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

    return _stored(batch, row, values, who)


def mark_seconds(batch: Batch, row: int, start: float, stop: float, *, recording: str, who: str = "") -> int:
    """Mark seconds of the recording with this hash. Gives how many marks are new: 1, or 0 where it was there.

    Raises as `mark_words`; RecordingError: they are no stretch of time.
    """
    if not (0 <= start < stop < math.inf):
        raise RecordingError("A time to silence stops after it starts: nothing was marked.")
    return _stored(
        batch, row, lambda lines: [{"recording": recording, "start": float(start), "stop": float(stop)}], who
    )


def take_away(batch: Batch, row: int, mark: int, *, who: str = "") -> None:
    """Take a mark of this call away; nothing happens where it is gone, or another call's. Raises as `mark_words`."""
    with batch.database.write() as connection:
        call = _locked_call(batch, connection, row)
        connection.execute(
            marks.update()
            .where(marks.c.id == mark, marks.c.call_id == call.id, marks.c.gone_at.is_(None))
            .values(gone_at=time.time(), gone_who=who)
        )


def read_seconds(start: str, stop: str, length: float) -> tuple[float, float]:
    """A stretch of time as somebody types it, "1:05" to "1:12.5" or "65" to "72,5", in a recording of `length` seconds.

    A stop up to a second past the end is the end: clocks are rounded.

    Raises RecordingError: what is wrong with it, in a sentence.
    """
    seconds: list[float] = []
    for name, text in (("From", start), ("To", stop)):
        if not text.strip():
            raise RecordingError(f"“{name}” is empty: write a time into the recording, such as 1:05 or 65.")
        moment = read_moment(text)
        if moment is None or moment.absolute or moment.seconds < 0:
            raise RecordingError(
                f"“{text.strip()}” is no time into the recording: write it as 1:05, or as 65."
            )
        seconds.append(moment.seconds)
    first, last = seconds
    said = _clock(length)
    if first >= length or last > length + 1:
        outside = start if first >= length else stop
        raise RecordingError(f"{outside.strip()} is outside of the recording, which ends at {said}.")
    if last <= first:
        raise RecordingError(
            f"It stops at {stop.strip()}, before it has started at {start.strip()}: turn them round."
        )
    return first, min(last, length)


def words_of(batch: Batch, row: int) -> dict[int, list[TimedWord]]:
    """Line number → its words with their times, for the lines of a call that are as its sheet's transcript says.

    The cell of the sheet is read again for it; nothing of it is kept. Raises NotInLedger: the batch has no such row.
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


def _stored(batch: Batch, row: int, values: Any, who: str) -> int:
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


def _locked_call(batch: Batch, connection: sa.Connection, row: int) -> Any:
    """The call, which nobody else changes before this transaction ends. Raises NotInLedger, CallLocked."""
    query = sa.select(calls.c.id, calls.c.status, calls.c.payload)
    found = connection.execute(
        query.where(calls.c.batch_id == batch.id, calls.c.row == row).with_for_update()
    ).one_or_none()
    if found is None:
        raise batch.no_row(row)
    refuse_locked(found.status, row)
    return found


def _mark(one: sa.Row[Any], lines: Sequence[TranscriptLine]) -> Mark:
    known = {"id": one.id, "who": one.who, "at": one.at}
    if one.line is None:
        return Mark(recording=one.recording, start=one.start, stop=one.stop, **known)
    # By its text alone, the mark of a line that was deleted would go to another one that says the same.
    numbers = [
        number
        for number, line in enumerate(lines, 1)
        if line.start == one.line_start and _digest(line.text) == one.digest
    ]
    if len(numbers) > 1:
        numbers = [number for number in numbers if number == one.line]
    if not numbers:
        return Mark(line=one.line, begin=one.begin, end=one.end, lost=True, **known)
    return Mark(line=numbers[0], begin=one.begin, end=one.end, **known)


def _alike(one: TranscriptLine, other: TranscriptLine) -> bool:
    return (one.text, one.start) == (other.text, other.start)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}"
