"""Starting a submission slowly: one call, then five, then all.

A mapping of which Reddy never accepted a call may be wrong in every row, so its first calls are tried before the
others follow. `exchange` advances a ramp in the commit that claims calls, so that all workers keep to it, also after a
restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.database.schema import batches, calls, past_outcomes, ramps, submissions

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = [
    "FIRST",
    "THEN",
    "Ramp",
    "RampStep",
    "advance",
    "begin_ramp",
    "end_ramp",
    "is_new_to",
    "ramp_of",
    "ramp_room",
]

FIRST, THEN = 1, 5
"""Calls that Reddy has to accept before more are sent: one, then five more, then all the others."""


class Ramp(msgspec.Struct, frozen=True):
    """The progress of a submission that starts slowly: its calls by status, `refused` counting the rejected ones."""

    over: bool
    accepted: int
    refused: int
    queued: int
    sending: int

    @property
    def stage(self) -> int:
        """1 while the first call is tried, 2 for the next five, 3 for all others."""
        if self.over or self.accepted >= FIRST + THEN:
            return 3
        return 1 if self.accepted < FIRST else 2


class RampStep(NamedTuple):
    """What a ramp allows now: how many calls may be claimed, why not more, or that it has just paused."""

    room: int
    limited_by: str = ""
    paused: bool = False


def ramp_of(database: Database, submission_id: str) -> Ramp | None:
    """Return the progress of a submission that starts slowly, or None for one that sends all calls at once."""
    with database.read() as connection:
        over = connection.execute(
            sa.select(ramps.c.over).where(ramps.c.submission_id == submission_id)
        ).scalar()
        if over is None:
            return None
        counts = _count_calls(connection, submission_id)
    return Ramp(over, *(counts.get(status, 0) for status in ("accepted", "rejected", "queued", "sending")))


def end_ramp(database: Database, submission_id: str) -> None:
    """Allow all other calls at once, whatever the outcome of the first ones. This does not resume the submission."""
    with database.write(right="send") as connection:
        connection.execute(ramps.update().where(ramps.c.submission_id == submission_id).values(over=True))


# --- inside the transactions of `create` and `exchange` ----------------------------------------------------------


def begin_ramp(connection: sa.Connection, submission_id: str) -> None:
    """Let a new submission start slowly."""
    connection.execute(ramps.insert().values(submission_id=submission_id, over=False, asked_about=0))


def is_new_to(connection: sa.Connection, batch_id: str, address: str) -> bool:
    """Return whether this address never accepted a call of the batch's mapping.

    Parts of a mapping that describe one file (its sheet, why columns were chosen) are not compared.
    """
    mapping = connection.execute(sa.select(batches.c.mapping).where(batches.c.id == batch_id)).scalar_one()
    accepted = sa.or_(
        sa.exists().where(calls.c.submission_id == submissions.c.id, calls.c.status == "accepted"),
        sa.exists().where(
            past_outcomes.c.submission_id == submissions.c.id, past_outcomes.c.status == "accepted"
        ),
    )
    proven = (
        sa.select(batches.c.mapping)
        .join(submissions, submissions.c.batch_id == batches.c.id)
        .where(submissions.c.address == address, accepted)
        .distinct()
    )
    return _essence(mapping) not in [_essence(text) for text in connection.execute(proven).scalars()]


def _essence(mapping: str) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.json.decode(mapping)
    for of_one_file in ("sheet", "reasons"):
        content.pop(of_one_file, None)
    return content


def advance(connection: sa.Connection, submission_id: str, asked_about: int, want: int) -> RampStep:
    """Advance the ramp of a running submission by the calls that have an outcome now.

    Pauses the submission where one more of its first calls was refused than a person was asked about
    (`asked_about`). The caller holds the submission's lock.
    """
    counts = _count_calls(connection, submission_id)
    refused = counts.get("rejected", 0)
    mine = ramps.c.submission_id == submission_id
    if refused > asked_about:
        connection.execute(ramps.update().where(mine).values(asked_about=refused))
        connection.execute(
            submissions.update()
            .where(submissions.c.id == submission_id, submissions.c.state == "running")
            .values(state="paused", reason=_first_refused(connection, submission_id, counts))
        )
        return RampStep(0, paused=True)
    room = ramp_room(counts)
    if room is None:
        connection.execute(ramps.update().where(mine).values(over=True))
        return RampStep(want)
    return RampStep(min(want, room), "the first calls are tried before all the others follow")


def ramp_room(counts: Mapping[str, int]) -> int | None:
    """Return how many more calls may be claimed on a ramp, or None once enough were accepted for all to follow."""
    accepted = counts.get("accepted", 0)
    if accepted >= FIRST + THEN:
        return None
    goal = FIRST if accepted < FIRST else FIRST + THEN
    return max(0, goal - accepted - counts.get("sending", 0))


def _first_refused(connection: sa.Connection, submission_id: str, counts: Mapping[str, int]) -> str:
    """Return the reason of a pause on the ramp, with the server's words."""
    last = connection.execute(
        sa.select(calls.c.row, calls.c.error)
        .where(calls.c.submission_id == submission_id, calls.c.status == "rejected")
        .order_by(calls.c.ended_at.desc())
        .limit(1)
    ).one()
    sent = sum(counts.get(status, 0) for status in ("accepted", "rejected", "failed", "unknown", "sending"))
    waiting = counts.get("queued", 0)
    which = "the first call" if sent == 1 else f"{counts['rejected']} of the first {sent} calls"
    return f"Reddy refused {which} (row {last.row}: “{(last.error or 'no reason given')[:300]}”). " + (
        "The other call waits: correct it, or send it."
        if waiting == 1
        else f"The other {waiting:,} wait: correct them, try the next one, or send them all."
    )


def _count_calls(connection: sa.Connection, submission_id: str) -> dict[str, int]:
    return {
        found.status: found.n for found in connection.execute(_COUNT_CALLS, {"the_submission": submission_id})
    }


_COUNT_CALLS = (
    sa.select(calls.c.status, sa.func.count().label("n"))
    .where(calls.c.submission_id == sa.bindparam("the_submission"))
    .group_by(calls.c.status)
)
