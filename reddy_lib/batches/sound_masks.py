"""Mask words and silence the seconds in which they are said, in one decision.

The words of a call become seconds of its recording by their own times, or else by the times of their line
(`recordings.redaction`). The silenced copy is written before the transaction, and attached in it together with the masked
words. Where the seconds cannot be silenced, the words are masked all the same, and a finding holds the call: it names
what can still be heard.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib.batches.call_changes import Changed, Recording, change_rows
from reddy_lib.batches.call_rows import hold_calls
from reddy_lib.batches.decisions import line_times, read_decisions
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.masks import masks_said, own_masks
from reddy_lib.batches.redaction_marks import words_of
from reddy_lib.batches.removed_codes import calls_without_codes
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.batches.unsilenced import (
    PARTLY,
    STILL_HEARD,
    silent_in_full,
    silent_recordings,
    still_heard,
)
from reddy_lib.database.database import Database
from reddy_lib.database.schema import calls, recordings, silenced_recordings
from reddy_lib.errors import RecordingError
from reddy_lib.findings import Finding
from reddy_lib.model import Call, TranscriptLine, from_payload
from reddy_lib.personal_data import TITLES, Said
from reddy_lib.recordings.attachments import (
    Attached,
    attached_from,
    attached_to_calls,
    open_recording,
    recordings_folder,
)
from reddy_lib.recordings.redaction import Placed, Word, place, silence_recording

__all__ = [
    "Attaching",
    "MaskingWork",
    "Masks",
    "Silenced",
    "is_silent",
    "note_silenced",
    "note_silenced_by_hand",
    "originals_of",
    "silence_masked",
    "to_be_silenced",
]


class Silenced(NamedTuple):
    """What is silenced for a call. `had`: hash of its recording; `copy`: None if nothing has to be silenced, or it cannot
    be; `why`: what can still be heard, as a sentence; "" if nothing."""

    payload: str
    had: str
    original: Attached
    copy: Attached | None
    why: str


def to_be_silenced(kinds: Sequence[str]) -> sa.ColumnElement[bool]:
    """Return the condition of a call with a recording that may need silence: it is not a silenced copy, and no one has
    confirmed that the masked words are not in it."""
    silent = sa.exists().where(
        silenced_recordings.c.call_id == calls.c.id,
        silenced_recordings.c.sha256 == recordings.c.sha256,
        recordings.c.call_id == calls.c.id,
        silent_in_full(),
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

    It reads and writes files, so it is called before the transaction that masks.
    """
    batch.database.require("edit")
    query = sa.select(
        calls.c.id, calls.c.row, calls.c.payload, calls.c.original, calls.c.times, calls.c.decisions
    ).where(calls.c.batch_id == batch.id, calls.c.row.in_(list(rows)), calls.c.audio != "none")
    with batch.database.read() as connection:
        found = connection.execute(query).all()
        attached = attached_to_calls(connection, [one.id for one in found])
        silent = silent_recordings(connection, [one.id for one in found])
        removed = calls_without_codes(connection, [one.id for one in found])
    done: dict[int, Silenced] = {}
    for one in found:
        if one.id not in attached:
            continue
        recording = attached[one.id][0]
        call, original = from_payload(one.payload), from_payload(one.original or one.payload)
        said = step.said(call)
        fresh = (one.id, recording.sha256) not in silent and STILL_HEARD not in read_decisions(
            one.decisions
        ).accepted
        if fresh:  # masked before the recording was attached
            own = own_masks(call, original, removed=one.id in removed)
            said = [*said, *masks_said(call, [kind for kind in step.kinds if own.get(kind)])]
        if not said:
            continue
        origins = line_times(one.times, original.transcript or [], call.transcript or [])
        lines = _timed(call.transcript or [], origins)
        words = {line: [Word(*word) for word in some] for line, some in words_of(batch, one.row).items()}
        placed = place(said, lines, words=words)
        copy, why = _copy(batch.database, recording, placed)
        done[one.row] = Silenced(one.payload, recording.sha256, recording, copy, why)
    return done


def _timed(lines: Sequence[TranscriptLine], origins: Sequence[str]) -> list[TranscriptLine]:
    """Return lines without the times that were estimated, which tell nothing about a recording."""
    return [
        msgspec.structs.replace(line, start=None, stop=None) if origin == "estimated" else line
        for line, origin in zip(lines, origins, strict=True)
    ]


def _copy(database: Database, recording: Attached, placed: Placed) -> tuple[Attached | None, str]:
    """Write the copy; return it, and what can still be heard in it."""
    why = ""
    if placed.without_time:
        numbers = sorted({one.line for one in placed.without_time})
        some = ", ".join(map(str, numbers[:5])) + (" …" if len(numbers) > 5 else "")
        why = f"Nothing tells when line{'s' * (len(numbers) > 1)} {some} {'are' if len(numbers) > 1 else 'is'} spoken."
    if not placed.spans:
        return None, why
    folder = recordings_folder(database)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="silencing-", dir=folder) as made:
            with open_recording(database, recording) as file:
                done = silence_recording(file, Path(made) / "copy.wav", placed.spans)
            with done.path.open("rb") as copy:
                kind = None if done.decoded else recording.content_type
                kept = attached_from(database, copy, name=done.named(recording.name), content_type=kind)
    except RecordingError as error:
        return None, str(error)
    except OSError as error:
        return None, f"The silenced copy could not be written ({error.strerror or type(error).__name__})."
    if any(span.start > 0 and span in done.beyond for span in placed.spans):
        why = (
            why
            or "The recording ends before these words are spoken, so its times may be of another recording."
        )
    return kept, why


class Masks(Protocol):
    """What masks words: a step, or a person's mark."""

    @property
    def kinds(self) -> tuple[str, ...]: ...
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
        self._still: dict[int, Finding] = {}
        query = sa.select(calls.c.row, calls.c.id, calls.c.payload).where(
            calls.c.batch_id == batch.id, calls.c.row.in_(list(silenced))
        )
        found = connection.execute(query.with_for_update()).all()
        self._ids = {row: id for row, id, _ in found}
        attached = attached_to_calls(connection, list(self._ids.values()))
        for row, id, payload in found:
            one, has = silenced[row], attached.get(id)
            if has is None:
                continue
            if (payload, has[0].sha256) != (one.payload, one.had):  # changed while the copy was written
                self._still[row] = still_heard(has[0].name, "The call was changed meanwhile: mask it again.")
                continue
            if one.copy is not None and one.copy.sha256 != one.had:
                self.copies[row] = one.copy
            if one.why:
                self._still[row] = still_heard((one.copy or one.original).name, one.why)

    def note(self, rows: Container[int]) -> None:
        """Remember what is silent in these calls, and hold those in which masked words can still be heard."""
        for row, id in self._ids.items():
            one = self._silenced[row]
            if row in rows and one.copy is not None and (row in self.copies or one.copy.sha256 == one.had):
                note_silenced(self._connection, id, one.copy.sha256, one.original, partly=bool(one.why))
        hold_calls(
            self._connection, {self._ids[row]: found for row, found in self._still.items() if row in rows}
        )


class MaskingWork:
    """The work of an operation that masks. `before` is called before the transaction, because it reads and writes files."""

    def __init__(self, batch: StoredBatch, step: MaskPersonalData, who: str, id: str) -> None:
        self._batch, self._step, self._who, self._id = batch, step, who, id
        self._silenced: dict[int, Silenced] = {}

    def before(self, rows: Sequence[int]) -> None:
        self._silenced = silence_masked(self._batch, rows, self._step)

    def __call__(self, connection: sa.Connection, rows: Sequence[int]) -> tuple[Changed, int]:
        attaching = Attaching(connection, self._batch, self._silenced)
        found = change_rows(
            connection,
            self._batch,
            rows,
            self._step.change(who=self._who),
            who=self._who,
            operation=self._id,
            recordings=attaching.copies,
            masks=True,
        )
        attaching.note({*found.changed, *found.same})
        return found, 0


def note_silenced(
    connection: sa.Connection,
    call_id: int,
    sha256: str,
    original: Attached | None = None,
    *,
    partly: bool = False,
) -> None:
    """Remember that in this copy everything is silent that is masked in the words of the call, or `partly` only a part."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(silenced_recordings)
    told = None
    if original is not None and original.sha256 != sha256:
        known = msgspec.to_builtins(original) | ({PARTLY: True} if partly else {})
        told = msgspec.json.encode(known).decode()
    connection.execute(
        insert.values(call_id=call_id, sha256=sha256, original=told, at=time.time()).on_conflict_do_nothing()
    )


def note_silenced_by_hand(batch: StoredBatch, row: int, copy: Attached, original: Attached) -> None:
    """Remember that a person silenced what must not be heard in the attached copy.

    Raises NotInLedger: the batch has no such row.
    """
    id = batch.one(row, calls.c.id).id
    with batch.database.write() as connection:
        note_silenced(connection, id, copy.sha256, original)


def is_silent(batch: StoredBatch, row: int, recording: Attached) -> bool:
    """Return whether in this recording all is silent that is masked in the words of the call.

    Raises NotInLedger: the batch has no such row.
    """
    id = batch.one(row, calls.c.id).id
    with batch.database.read() as connection:
        return (id, recording.sha256) in silent_recordings(connection, [id])


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
