"""Mask words and silence the seconds in which they are said, in one decision.

The words of a call become seconds of its recording by their own times, or else by the times of their line
(`recordings.redaction`). The silenced copy is written before the transaction, and attached in it together with the masked
words. Where the seconds cannot be silenced, the words are masked all the same, and a finding holds the call: it names
what can still be heard.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.call_changes import Change, Changed, Recording, change_rows
from reddy_lib.batches.masked_seconds import MaskedSeconds
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.redaction_marks import words_of
from reddy_lib.batches.removed_codes import calls_without_codes
from reddy_lib.batches.silent_seconds import Silence, note_silence, silences_of
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.batches.unsilenced import (
    FACTS,
    STILL_HEARD,
    Masked,
    hold_unsilenced,
    masked_call,
    without_times,
)
from reddy_lib.database.database import Database
from reddy_lib.database.schema import calls, recordings, silenced_recordings
from reddy_lib.errors import RecordingError
from reddy_lib.model import Call
from reddy_lib.personal_data import TITLES, Said
from reddy_lib.recordings.attachments import (
    Attached,
    attached_from,
    attached_to_calls,
    open_recording,
    recordings_folder,
)
from reddy_lib.recordings.redaction import (
    LINE_MARGIN,
    Span,
    Word,
    length_of,
    place,
    silence_recording,
    span_of_line,
)
from reddy_lib.recordings.redaction import Silenced as Copied

__all__ = [
    "Attaching",
    "MaskingWork",
    "Masks",
    "Silenced",
    "originals_of",
    "silence_masked",
    "silenced_copy",
    "to_be_silenced",
]


class Silenced(NamedTuple):
    """What is silenced for a call.

    Attributes:
        payload, had: the call and the hash of its recording, from which the copy was made.
        copy: None if nothing has to be silenced, or it cannot be.
        why: what can still be heard, as a sentence; "" if nothing.
        silence: what is silent in the copy.
        by_words: the spans of lines of which the very words are silent, by their own times.
    """

    payload: str
    had: str
    original: Attached
    copy: Attached | None
    why: str
    silence: Silence
    by_words: frozenset[tuple[float, float]] = frozenset()


def to_be_silenced(kinds: Sequence[str]) -> sa.ColumnElement[bool]:
    """Return the condition of a call with a recording that may need silence: nothing is known to be silent in it, and the
    finding that masked words can be heard was not accepted."""
    silent = sa.exists().where(
        silenced_recordings.c.call_id == calls.c.id,
        silenced_recordings.c.sha256 == recordings.c.sha256,
        silenced_recordings.c.silent.is_not(None),
        recordings.c.call_id == calls.c.id,
    )
    accepted = sa.and_(calls.c.decisions.is_not(None), calls.c.decisions.contains(f'"{STILL_HEARD}"'))
    return sa.and_(
        calls.c.audio != "none",
        sa.or_(*(calls.c.payload.contains(f"[{TITLES[kind]}]") for kind in kinds)),
        ~silent,
        ~accepted,
    )


def silence_masked(batch: StoredBatch, rows: Sequence[int], step: Masks) -> dict[int, Silenced]:
    """Write silenced copies for those of these calls that have a recording. Return row → what was done.

    In the copy, what the step masks is silent, and what was masked before and can be heard. This reads and writes files, so
    it comes before the transaction that masks.
    """
    batch.database.require("edit")
    query = sa.select(*FACTS).where(
        calls.c.batch_id == batch.id, calls.c.row.in_(list(rows)), calls.c.audio != "none"
    )
    with batch.database.read() as connection:
        found = connection.execute(query).all()
        ids = [one.id for one in found]
        attached = attached_to_calls(connection, ids)
        silences, removed = silences_of(connection, ids), calls_without_codes(connection, ids)
    done: dict[int, Silenced] = {}
    for one in found:
        if one.id not in attached:
            continue
        recording = attached[one.id][0]
        masked = masked_call(one, batch.mapping, removed=one.id in removed)
        silence = silences.get((one.id, recording.sha256))
        said, left = step.said(masked.call), masked.unsilenced(silence)
        if said or left:
            words = {line: [Word(*word) for word in some] for line, some in words_of(batch, one.row).items()}
            work = _Work(masked, recording, silence or Silence(), said, left, words)
            done[one.row] = _silenced(batch.database, work)._replace(payload=one.payload)
    return done


class _Work(NamedTuple):
    """What is to be silenced in one recording: words that are masked now, and what was masked before."""

    masked: Masked
    recording: Attached
    silence: Silence
    said: list[Said]
    left: list[MaskedSeconds]
    words: dict[int, list[Word]]


def _silenced(database: Database, work: _Work) -> Silenced:
    masked, recording, silence = work.masked, work.recording, work.silence
    if STILL_HEARD in masked.decisions.accepted:  # it stays accepted for the masks that the call has by now
        silence = silence.with_done(masked.seconds)
    lines = masked.lines
    placed = place(work.said, lines, words=work.words)
    by_words = {
        span
        for one in work.said
        if (span := span_of_line(lines, one.line))
        and "lines" not in {span.by for span in place([one], lines, words=work.words).spans}
        and one not in placed.without_time
    }
    without = sorted(
        {one.line for one in placed.without_time}
        | {number for one in work.left if one.start is None for number in one.lines}
    )
    why = ""
    if without:
        why = without_times(without)
    before = [(one.start, one.stop) for one in work.left if one.start is not None]
    nothing = Silenced("", recording.sha256, recording, None, why, silence)
    if not placed.spans and not before:
        return nothing
    copy: Attached | None = None
    try:
        zero = masked.fixed_zero or masked.zero(_length(database, recording))
        if zero is None:
            return nothing._replace(why=masked.unknown_zero)
        around = [zero.covering(*one) for one in before]
        spans = [
            *zero.placed(work.said, lines, words=work.words).spans,
            *(Span(max(0.0, start - LINE_MARGIN), stop + LINE_MARGIN) for start, stop in around),
        ]
        copy, done = silenced_copy(database, recording, spans)
    except RecordingError as error:
        return nothing._replace(why=str(error))
    if any(span.start > 0 and span in done.beyond for span in spans):
        why = (
            why
            or "The recording ends before these words are spoken, so its times may be of another recording."
        )
    silence = msgspec.structs.replace(silence, length=done.length).with_spans(done.silent)
    return nothing._replace(copy=copy, why=why, silence=silence, by_words=frozenset(by_words))


def _length(database: Database, recording: Attached) -> float:
    """Return how many seconds a recording has. Raises RecordingError: it cannot be read or decoded."""
    try:
        with open_recording(database, recording) as file:
            return length_of(file)
    except OSError as error:  # one disk or share: the other calls of the operation go on
        reason = error.strerror or type(error).__name__
        raise RecordingError(f"The recording could not be read ({reason}).") from None


def silenced_copy(database: Database, recording: Attached, spans: Sequence[Span]) -> tuple[Attached, Copied]:
    """Write a copy of a recording with these spans silent into the ledger's folder.

    Raises RecordingError: it cannot be silenced or written; there is no copy then.
    """
    database.require("edit")
    folder = recordings_folder(database)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="silencing-", dir=folder) as made:
            with open_recording(database, recording) as file:
                done = silence_recording(file, Path(made) / "copy.wav", spans)
            with done.path.open("rb") as copy:
                kind = None if done.decoded else recording.content_type
                kept = attached_from(database, copy, name=done.named(recording.name), content_type=kind)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RecordingError(f"The silenced copy could not be written ({reason}).") from None
    return kept, done


class Masks(Protocol):
    """What masks words: a step, or a person's mark."""

    def said(self, call: Call) -> list[Said]: ...


class Attaching:
    """The silenced copies of some calls, inside the caller's transaction: what to attach, and what to note afterwards.

    Attributes:
        copies: row → the copy to attach.
    """

    def __init__(
        self, connection: sa.Connection, batch: StoredBatch, silenced: Mapping[int, Silenced]
    ) -> None:
        self._connection = connection
        self._silenced = silenced
        self.copies: dict[int, Recording] = {}
        self._why: dict[int, str] = {}
        self._batch_id, self._mapping = batch.id, batch.mapping
        query = sa.select(calls.c.row, calls.c.id, calls.c.payload).where(
            calls.c.batch_id == batch.id, calls.c.row.in_(list(silenced))
        )
        found = connection.execute(query.with_for_update()).all()
        attached = attached_to_calls(connection, [id for _, id, _ in found])
        self._stale: set[int] = set()
        for row, id, payload in found:
            one, has = silenced[row], attached.get(id)
            if has is None or (payload, has[0].sha256) != (
                one.payload,
                one.had,
            ):  # changed while the copy was written
                self._stale.add(row)
                self._why[id] = "The call was changed meanwhile: mask it again."
                continue
            if one.copy is not None and one.copy.sha256 != one.had:
                self.copies[row] = one.copy
            self._why[id] = one.why

    def note(self, rows: Collection[int]) -> None:
        """Remember what is silent in these calls, and hold those in which masked words can still be heard."""
        query = sa.select(*FACTS).where(
            calls.c.batch_id == self._batch_id, calls.c.row.in_(list(rows)), calls.c.audio != "none"
        )
        stored = self._connection.execute(query).all()
        ids = [one.id for one in stored]
        removed = calls_without_codes(self._connection, ids)
        for now in stored:
            one = self._silenced.get(now.row)
            if one is None or one.copy is None or now.row in self._stale:
                continue
            needed = masked_call(now, self._mapping, removed=now.id in removed).seconds
            by_words = [some for some in needed if (some.start, some.stop) in one.by_words]
            note_silence(
                self._connection, now.id, one.copy.sha256, one.silence.with_done(by_words), one.original
            )
        has = {id: found[0] for id, found in attached_to_calls(self._connection, ids).items()}
        hold_unsilenced(self._connection, self._mapping, has, self._why)


class MaskingWork:
    """The work of an operation that masks. `before` is called before the transaction, because it reads and writes files."""

    def __init__(
        self, batch: StoredBatch, step: MaskPersonalData, who: str, id: str, change: Change | None = None
    ) -> None:
        self._batch, self._step, self._who, self._id = batch, step, who, id
        self._change = change or step.change(who=who)
        self._silenced: dict[int, Silenced] = {}

    def before(self, rows: Sequence[int]) -> None:
        self._silenced = silence_masked(self._batch, rows, self._step)

    def __call__(self, connection: sa.Connection, rows: Sequence[int]) -> tuple[Changed, int]:
        attaching = Attaching(connection, self._batch, self._silenced)
        found = change_rows(
            connection,
            self._batch,
            rows,
            self._change,
            who=self._who,
            operation=self._id,
            recordings=attaching.copies,
            masks=True,
        )
        attaching.note({*found.changed, *found.same})
        return found, 0


def originals_of(connection: sa.Connection, batch_id: str, rows: Sequence[int]) -> dict[int, Attached]:
    """Return row → the recording from which the attached copy was made. Other calls are left out."""
    query = (
        sa.select(calls.c.row, silenced_recordings.c.original)
        .join(recordings, recordings.c.call_id == calls.c.id)
        .join(
            silenced_recordings,
            sa.and_(
                silenced_recordings.c.call_id == calls.c.id,
                silenced_recordings.c.sha256 == recordings.c.sha256,
            ),
        )
        .where(calls.c.batch_id == batch_id, calls.c.row.in_(list(rows)))
        .where(silenced_recordings.c.original.is_not(None))
    )
    return {row: msgspec.json.decode(told, type=Attached) for row, told in connection.execute(query)}
