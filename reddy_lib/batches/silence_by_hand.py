"""Silence what a person chose in the recording of a call, and tell what is still to be silenced in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.batch import Batch
from reddy_lib.batches.masked_seconds import MaskedSeconds
from reddy_lib.batches.recording_zero import Zero
from reddy_lib.batches.removed_codes import calls_without_codes
from reddy_lib.batches.silent_seconds import Silence, note_silence, silences_of
from reddy_lib.batches.sound_masks import silenced_copy
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.batches.unsilenced import FACTS, STILL_HEARD, Masked, hold_unsilenced, masked_call
from reddy_lib.database.schema import EDITABLE, calls
from reddy_lib.model import TranscriptLine
from reddy_lib.recordings.attachments import Attached, attached_to
from reddy_lib.recordings.redaction import Silenced, Span

__all__ = ["StillMasked", "note_silenced_by_hand", "silence_by_hand", "still_masked"]


class StillMasked(NamedTuple):
    """What is known of the masks of a call and of one recording.

    Attributes:
        seconds: that are masked, and not silent in it.
        silent: in this recording, something was silenced for the call.
        zero: where second 0 of the transcript is in it; None where that cannot be told.
        no_zero: the sentence that it cannot be told; "" where it can.
        lines: the transcript with the times that tell when a line was said.
    """

    seconds: list[MaskedSeconds]
    silent: bool
    zero: Zero | None
    no_zero: str
    lines: list[TranscriptLine]


def still_masked(batch: StoredBatch, row: int, recording: Attached, length: float) -> StillMasked:
    """Tell what is still to be silenced in a recording of a call.

    Args:
        length: of the recording, in seconds.

    Raises NotInLedger: the batch has no such row.
    """
    stored = batch.one(row, *FACTS)
    with batch.database.read() as connection:
        silence = silences_of(connection, [stored.id]).get((stored.id, recording.sha256))
        removed = stored.id in calls_without_codes(connection, [stored.id])
    masked = masked_call(stored, batch.mapping, removed=removed)
    zero = masked.zero(length)
    no_zero = "" if zero is not None else masked.unknown_zero
    return StillMasked(masked.unsilenced(silence), silence is not None, zero, no_zero, masked.lines)


def silence_by_hand(
    batch: Batch, row: int, recording: Attached, spans: Sequence[Span], *, who: str = ""
) -> Silenced:
    """Silence these spans in a copy of the recording of a call, and attach the copy in its place.

    The call is held as long as what is masked in its words is not silent: only seconds that cover a mask count for it.

    Raises:
        NotInLedger, CallLocked: as `Batch.attach`.
        RecordingError: it cannot be silenced or written. Nothing was changed.
    """
    batch.database.require("edit")
    copy, done = silenced_copy(batch.database, recording, spans)
    note_silenced_by_hand(
        batch, row, copy, recording, done.silent, length=done.length
    )  # before it is attached
    batch.attach(row, copy, who=who)
    if copy.sha256 == recording.sha256:  # those seconds were silent already, so attaching it changed nothing
        _compare(batch, row)
    return done


def _compare(batch: Batch, row: int) -> None:
    """Compare what is masked in a call with what is silent in its recording: hold the call, or release it."""
    query = (
        sa.select(calls.c.id)
        .where(calls.c.batch_id == batch.id, calls.c.row == row, calls.c.status.in_(EDITABLE))
        .with_for_update()
    )
    with batch.database.write() as connection:
        id = connection.execute(query).scalar()  # None: it was queued meanwhile
        attached = None if id is None else attached_to(connection, id)
        if id is not None and attached is not None:
            hold_unsilenced(connection, batch.mapping, {id: attached})


def note_silenced_by_hand(
    batch: StoredBatch,
    row: int,
    copy: Attached,
    original: Attached,
    spans: Sequence[Span] = (),
    *,
    length: float = 0.0,
) -> None:
    """Remember which seconds a person silenced in a copy of a call's recording, beside those that were silent before.

    Raises NotInLedger: the batch has no such row.
    """
    stored = batch.one(row, *FACTS)
    with batch.database.write() as connection:
        known = silences_of(connection, [stored.id])
        silence = known.get((stored.id, original.sha256), Silence())
        removed = stored.id in calls_without_codes(connection, [stored.id])
        masked: Masked = masked_call(stored, batch.mapping, removed=removed)
        if (
            STILL_HEARD in masked.decisions.accepted
        ):  # it stays accepted for the masks that the call has by now
            silence = silence.with_done(masked.seconds)
        silence = msgspec.structs.replace(silence, length=length or silence.length)
        note_silence(connection, stored.id, copy.sha256, silence.with_spans(spans, by_hand=True), original)
