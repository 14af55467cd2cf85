"""Hold calls whose masked words can be heard in their recordings.

A mask silences the recording that is attached when it is made. Whatever changes afterwards (the recording, its masks, or
when their lines are spoken), the seconds that have to be silent are compared with those that are: a call in whose recording
some are not is held, and is ready again once all of them are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping as Cells
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.call_rows import decode_findings
from reddy_lib.batches.decisions import Decisions, read_decisions
from reddy_lib.batches.masked_seconds import Loaded, MaskedSeconds, lines_in_time, must_be_silent
from reddy_lib.batches.masks import HIDDEN
from reddy_lib.batches.recording_zero import ENDS_EARLY, Zero, fixed_zero, unknown_zero, zero_of
from reddy_lib.batches.removed_codes import calls_without_codes
from reddy_lib.batches.silent_seconds import Silence, silences_of, uncovered
from reddy_lib.batches.stored_rows import hold_calls, release_calls
from reddy_lib.database.schema import calls, silenced_recordings
from reddy_lib.findings import Finding, finding
from reddy_lib.model import Call, TranscriptLine, from_payload
from reddy_lib.recordings.attachments import Attached
from reddy_lib.spreadsheet.model import Mapping

__all__ = [
    "FACTS",
    "STILL_HEARD",
    "Masked",
    "hold_unsilenced",
    "masked_call",
    "silenced_before",
    "still_heard",
    "without_times",
]

STILL_HEARD = "mask-still-heard"
"""The finding of a recording in which masked words can be heard."""

FACTS = tuple(
    calls.c[name] for name in ("id", "row", "payload", "original", "times", "decisions", "source_findings")
)
"""The columns of `calls` that `masked_call` needs."""


class Stored(Protocol):
    """A row of `calls`, by the columns of `FACTS`."""

    @property
    def id(self) -> int: ...
    @property
    def payload(self) -> str: ...
    @property
    def original(self) -> str | None: ...
    @property
    def times(self) -> str | None: ...
    @property
    def decisions(self) -> str | None: ...
    @property
    def source_findings(self) -> str: ...


class Masked(msgspec.Struct, frozen=True, dict=True):
    """A call that may have masks, and what tells when they are said."""

    id: int
    call: Call
    decisions: Decisions
    loaded: Loaded
    findings: list[Finding]
    mapping: Mapping

    @cached_property
    def seconds(self) -> list[MaskedSeconds]:
        """The seconds that have to be silent."""
        return must_be_silent(self.call, self.decisions, self.loaded)

    @cached_property
    def lines(self) -> list[TranscriptLine]:
        """The lines, with the times that tell when they were said."""
        return lines_in_time(self.call, self.decisions, self.loaded)

    @cached_property
    def fixed_zero(self) -> Zero | None:
        """Where second 0 of its transcript is in any recording of it; None where that depends on the recording."""
        return fixed_zero(self.loaded, self.findings, self.mapping)

    @property
    def unknown_zero(self) -> str:
        """The sentence that this cannot be told, and what can be done about it."""
        return ENDS_EARLY if self.fixed_zero is not None else unknown_zero(self.findings, self.mapping)

    def zero(self, length: float) -> Zero | None:
        """Return where second 0 of its transcript is in a recording of this length; None where that cannot be told."""
        if self.fixed_zero is not None:
            return self.fixed_zero if self.fixed_zero.fits(self.lines, length) else None
        return zero_of(
            self.call,
            self.loaded,
            self.findings,
            self.mapping,
            self.lines,
            length,
            estimates=self.decisions.estimates,
            masked=[(one.start, one.stop) for one in self.seconds if one.start is not None],
        )

    def unsilenced(self, silence: Silence | None) -> list[MaskedSeconds]:
        """Return the seconds that are masked, and not silent in its recording; [] where somebody accepted that."""
        if STILL_HEARD in self.decisions.accepted:
            return []
        needed = self.seconds
        zero = None if silence is None or not needed else self.zero(silence.length)
        return uncovered(needed, silence, zero)


def masked_call(stored: Stored, mapping: Mapping, *, removed: bool) -> Masked:
    """Return a call by the columns of `FACTS`. `removed`: as in `Loaded`."""
    return Masked(
        stored.id,
        from_payload(stored.payload),
        read_decisions(stored.decisions),
        Loaded(from_payload(stored.original or stored.payload), stored.times, removed),
        decode_findings(stored.source_findings),
        mapping,
    )


def still_heard(name: str, why: str) -> Finding:
    """Return the finding of a recording in which masked words can be heard, for the reason of this sentence."""
    return finding(
        STILL_HEARD, "filename", f"In {name}, words can be heard that are masked in the transcript. {why}"
    )


def hold_unsilenced(
    connection: sa.Connection,
    mapping: Mapping,
    recordings: Cells[int, Attached],
    why: Cells[int, str] | None = None,
) -> None:
    """Hold those of these calls in whose recording masked words can be heard; release those in which none are any more.

    Args:
        recordings: call id → its recording.
        why: call id → what is known of the reason, as a sentence; else it is told from the seconds.
    """
    ids = list(recordings)
    if not ids:
        return
    stored = connection.execute(sa.select(*FACTS).where(calls.c.id.in_(ids))).all()
    maybe = [one for one in stored if _may_need_silence(one)]
    if not maybe:
        return
    ids = [one.id for one in maybe]
    removed, silences = calls_without_codes(connection, ids), silences_of(connection, ids)
    held: dict[int, Finding] = {}
    released: list[int] = []
    for one in maybe:
        masked, recording = masked_call(one, mapping, removed=one.id in removed), recordings[one.id]
        silence = silences.get((one.id, recording.sha256))
        left = masked.unsilenced(silence)
        if left:
            known = silence is None or masked.zero(silence.length) is not None
            reason = _reason(left) if known else masked.unknown_zero
            held[one.id] = still_heard(recording.name, (why or {}).get(one.id) or reason)
        elif STILL_HEARD in one.source_findings:
            released.append(one.id)
    hold_calls(connection, held)
    if released:
        release_calls(connection, released, STILL_HEARD)


def _may_need_silence(stored: Stored) -> bool:
    """Tell it from the text, without decoding it: most calls have no mask."""
    return (
        HIDDEN.search(stored.payload) is not None
        or '"masked"' in (stored.decisions or "")
        or STILL_HEARD in stored.source_findings
    )


def _reason(left: Sequence[MaskedSeconds]) -> str:
    """Return why these seconds are not known to be silent."""
    numbers = sorted(number for one in left if one.start is None for number in one.lines)
    if numbers:
        return without_times(numbers)
    if any(one.start is None for one in left):
        return "A masked line without times was changed or deleted since, so its words cannot be found in the recording."
    spans = [_span(one) for one in left[:3]]
    more = f" and {len(left) - 3:,} more times" if len(left) > 3 else ""
    when = f"{' and '.join(spans) if not more else ', '.join(spans)}{more}"
    return f"By the transcript, they are spoken {when}, where it is not silent."


def without_times(numbers: Sequence[int]) -> str:
    """Return the sentence that lines have no times: "Line 4 has no time, …"."""
    if len(numbers) == 1:
        return f"Line {numbers[0]} has no time, so it cannot be silenced."
    some = ", ".join(map(str, numbers[:5])) + (" …" if len(numbers) > 5 else "")
    return f"Lines {some} have no times, so they cannot be silenced."


def _span(one: MaskedSeconds) -> str:
    end = "the end" if math.isinf(one.stop) else f"{one.stop:,.1f} s"
    return f"from {one.start:,.1f} to {end}"


def silenced_before(connection: sa.Connection, batch_id: str, rows: Sequence[int]) -> set[tuple[int, str]]:
    """Return (row, hash) of the recordings of which these calls have had a silenced copy, and of the copies that a person
    silenced: what is heard in them was attached on purpose."""
    query = (
        sa.select(calls.c.row, silenced_recordings.c.sha256, silenced_recordings.c.original)
        .join(silenced_recordings, silenced_recordings.c.call_id == calls.c.id)
        .where(calls.c.batch_id == batch_id, calls.c.row.in_(list(rows)))
    )
    found: set[tuple[int, str]] = set()
    for row, sha256, told in connection.execute(query):
        found.add((row, sha256))
        if told is not None:
            found.add((row, msgspec.json.decode(told, type=Attached).sha256))
    return found
