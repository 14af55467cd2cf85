"""What is silent in the recordings of calls: kept for each silenced copy, and compared with what has to be silent.

A copy counts for the masks whose seconds it covers, and for no other: a mask that comes later has its own.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib.batches.masked_seconds import MaskedSeconds
from reddy_lib.batches.recording_zero import Zero
from reddy_lib.database.schema import silenced_recordings
from reddy_lib.recordings.attachments import Attached
from reddy_lib.recordings.redaction import LINE_MARGIN, Span

__all__ = ["Silence", "note_silence", "silences_of", "uncovered"]

_ROUNDING = 0.001
_ENDING = 1.0
"""Seconds by which the times of a transcript may run past its recording."""


class Stretch(msgspec.Struct, frozen=True, array_like=True):
    """Seconds of a recording that are silent. `stop`: None to its end; `by_hand`: a person marked them."""

    start: float
    stop: float | None
    by_hand: bool = False


class Done(msgspec.Struct, frozen=True, array_like=True):
    """Seconds of a call (a line of it, or None: it has no time) in which so many of each mask need no more silence: only
    their words are silent, by the times of the words, or a person accepted that they are not in the recording.

    It counts for what the lines said then (`said`: digests), because the same mask in another text hides another word."""

    start: float | None
    stop: float | None
    masks: dict[str, int]
    said: tuple[str, ...] = ()


class Silence(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is silent in one recording of a call. `length`: of the recording, in seconds."""

    length: float = 0.0
    stretches: tuple[Stretch, ...] = ()
    done: tuple[Done, ...] = ()

    def with_spans(self, spans: Iterable[Span], *, by_hand: bool = False) -> Silence:
        """Return it with these spans of the recording, which are silent too."""
        new = [Stretch(span.start, None if math.isinf(span.stop) else span.stop, by_hand) for span in spans]
        return msgspec.structs.replace(self, stretches=tuple(dict.fromkeys([*self.stretches, *new])))

    def with_done(self, needed: Iterable[MaskedSeconds]) -> Silence:
        """Return it with these masks, which need no more silence."""
        done = {(one.start, one.stop, one.said): one for one in self.done}
        for one in needed:
            stop, said = None if math.isinf(one.stop) else one.stop, tuple(sorted(one.said))
            done[one.start, stop, said] = Done(one.start, stop, dict(one.masks), said)
        return msgspec.structs.replace(self, done=tuple(done.values()))


_decoder = msgspec.json.Decoder(Silence)


def uncovered(
    needed: Sequence[MaskedSeconds], silence: Silence | None, zero: Zero | None
) -> list[MaskedSeconds]:
    """Return those of these seconds that are not silent.

    Args:
        silence: what is silent in the recording; None where nothing is known to be.
        zero: where second 0 of the transcript is in it; None where that is not known.
    """
    if silence is None:
        return list(needed)
    silent = _joined((one.start, _stop(one)) for one in silence.stretches)
    around = _joined(
        (one.start - LINE_MARGIN, _stop(one) + LINE_MARGIN) if one.by_hand else (one.start, _stop(one))
        for one in silence.stretches
    )

    def covered(one: MaskedSeconds) -> bool:
        seconds = one.start, None if math.isinf(one.stop) else one.stop
        if any(
            (done.start, done.stop) == seconds
            and one.said <= set(done.said)
            and one.masks <= Counter(done.masks)
            for done in silence.done
        ):
            return True
        if one.start is None or zero is None:
            return False
        start, stop = zero.covering(one.start, one.stop)
        if silence.length and (start >= silence.length or silence.length + _ENDING < stop < math.inf):
            return False  # words after its end are in another recording, or in none
        # A person marks what is heard, and the times of a line need a margin.
        return _holds(silent, start, stop) and _holds(
            around, max(0.0, start - LINE_MARGIN), stop + LINE_MARGIN
        )

    return [one for one in needed if not covered(one)]


def silences_of(connection: sa.Connection, call_ids: Sequence[int]) -> dict[tuple[int, str], Silence]:
    """Return (call id, hash of a recording) → what is silent in it. A copy of which that was not stored is left out."""
    query = sa.select(
        silenced_recordings.c.call_id, silenced_recordings.c.sha256, silenced_recordings.c.silent
    ).where(silenced_recordings.c.call_id.in_(list(call_ids)), silenced_recordings.c.silent.is_not(None))
    return {(id, sha256): _decoder.decode(told) for id, sha256, told in connection.execute(query)}


def note_silence(
    connection: sa.Connection, call_id: int, sha256: str, silence: Silence, original: Attached | None = None
) -> None:
    """Store what is silent in a copy. `original`: the recording that it was made from."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(silenced_recordings)
    told = None
    if original is not None and original.sha256 != sha256:
        told = msgspec.json.encode(original).decode()
    silent = msgspec.json.encode(silence).decode()
    connection.execute(
        insert.values(
            call_id=call_id, sha256=sha256, original=told, silent=silent, at=time.time()
        ).on_conflict_do_update(
            index_elements=[silenced_recordings.c.call_id, silenced_recordings.c.sha256],
            set_={"silent": silent},
        )
    )


def _stop(one: Stretch) -> float:
    return math.inf if one.stop is None else one.stop


def _joined(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for start, stop in sorted(spans):
        if found and start <= found[-1][1] + _ROUNDING:
            found[-1] = found[-1][0], max(found[-1][1], stop)
        else:
            found.append((start, stop))
    return found


def _holds(spans: Sequence[tuple[float, float]], start: float, stop: float) -> bool:
    return any(first <= start + _ROUNDING and stop <= last + _ROUNDING for first, last in spans)
