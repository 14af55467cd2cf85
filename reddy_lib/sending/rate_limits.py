"""What holds for an address, whoever sends to it, and how a submission begins: kept in the ledger, so that every
worker keeps to it, also after a restart.

- `paces`: the most requests at once over all workers and submissions, the moment before which nobody sends (a
  `Retry-After` is meant for everybody), and whether somebody assumes that Reddy takes a repeated create for one.
- `worker_paces`: how many each worker has in flight, and why not more. For people; nothing is decided by it but who
  shares a limit.
- `ramps`: submissions that begin with one call, then five, then all.

`sending.exchange` reads and writes these in the commit that claims calls: a limit that two workers read at the
same moment would be no limit.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib.arguments import whole_number
from reddy_lib.database.conditions import LONGEST_WAIT
from reddy_lib.database.sandbox_urls import address_in
from reddy_lib.database.schema import batches, calls, paces, past_outcomes, ramps, submissions, worker_paces

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = [
    "FIRST",
    "FRESH",
    "LONGEST_WAIT",
    "THEN",
    "Live",
    "Note",
    "Ramp",
    "Rules",
    "assume_create_idempotent",
    "end_ramp",
    "live_pace",
    "ramp_of",
    "rules_of",
    "set_limit",
]

FIRST, THEN = 1, 5
"""Calls that Reddy has to accept before more are sent: one, then five more, then all the others."""

FRESH = 5.0
"""Seconds after which a worker that said nothing of its pace no longer counts as one that sends to an address."""


class Rules(msgspec.Struct, frozen=True):
    """What holds for an address.

    Attributes:
        most_at_once: requests in flight over all workers and submissions; None: as each submission says.
        create_idempotent: calls in doubt are sent again by themselves, because somebody assumes that Reddy takes a
            repeated create for the same call.
        not_before: seconds since the epoch; nobody sends before.
        why: of `not_before`, as half a sentence ("Reddy asked for 30 s").
    """

    most_at_once: int | None = None
    create_idempotent: bool = False
    not_before: float = 0.0
    why: str = ""


class Note(msgspec.Struct, frozen=True):
    """What a worker says of its pace."""

    in_flight: int
    reason: str


class Live(msgspec.Struct, frozen=True):
    """The pace of a submission this moment: in flight over its workers, and why not more ("" where none said)."""

    in_flight: int
    workers: int
    reason: str
    not_before: float
    why: str


class Ramp(msgspec.Struct, frozen=True):
    """How a submission that begins slowly stands. `accepted` so far; `refused`: calls that Reddy refused meanwhile."""

    over: bool
    accepted: int
    refused: int
    queued: int
    sending: int

    @property
    def stage(self) -> int:
        """1: the first one; 2: the next five; 3: all."""
        if self.over or self.accepted >= FIRST + THEN:
            return 3
        return 1 if self.accepted < FIRST else 2


def rules_of(database: Database, address: str) -> Rules:
    """What holds for this address."""
    with database.read() as connection:
        found = connection.execute(
            sa.select(paces).where(paces.c.address == address_in(connection, address))
        ).one_or_none()
    if found is None:
        return Rules()
    return Rules(found.most_at_once, found.create_idempotent, found.not_before, found.why)


def set_limit(database: Database, address: str, most_at_once: int | None) -> None:
    """At most so many requests to this address at once, over all workers and submissions; None: no limit.

    Holds from the next claim on: what is in flight is waited for.

    Raises TypeError, ValueError: `most_at_once` is no whole number of at least 1; nothing was changed.
    """
    if most_at_once is not None:
        most_at_once = whole_number(most_at_once, "most_at_once", least=1, most=2**31 - 1)
    _set(database, address, most_at_once=most_at_once)


def assume_create_idempotent(database: Database, address: str, yes: bool) -> None:
    """Whether calls in doubt are sent again by themselves.

    Reddy documents nothing of the kind: where the assumption is wrong, a call may be graded twice.

    Raises TypeError: `yes` is neither True nor False; nothing was changed.
    """
    if not isinstance(yes, bool):  # "no" is true as well
        raise TypeError("yes must be True or False.")
    _set(database, address, create_idempotent=yes)


def live_pace(database: Database, submission_id: str, *, now: float | None = None) -> Live:
    """How fast a submission is sent this moment, as its workers said last."""
    now = time.time() if now is None else now
    said = sa.select(worker_paces).where(
        worker_paces.c.submission_id == submission_id, worker_paces.c.at > now - FRESH
    )
    held = (
        sa.select(paces.c.not_before, paces.c.why)
        .join(submissions, submissions.c.address == paces.c.address)
        .where(submissions.c.id == submission_id)
    )
    with database.read() as connection:
        notes = connection.execute(said.order_by(worker_paces.c.at.desc())).all()
        hold = connection.execute(held).one_or_none()
    return Live(
        in_flight=sum(note.in_flight for note in notes),
        workers=len(notes),
        reason=next((note.reason for note in notes if note.reason), ""),
        not_before=hold.not_before if hold else 0.0,
        why=hold.why if hold else "",
    )


def ramp_of(database: Database, submission_id: str) -> Ramp | None:
    """How a submission that begins with one call stands; None for one that sends all at once."""
    with database.read() as connection:
        over = connection.execute(
            sa.select(ramps.c.over).where(ramps.c.submission_id == submission_id)
        ).scalar()
        if over is None:
            return None
        counts = tally(connection, submission_id)
    now = (counts.get(status, 0) for status in ("accepted", "rejected", "queued", "sending"))
    return Ramp(over, *now)


def end_ramp(database: Database, submission_id: str) -> None:
    """Send all the others at once, whatever became of the first ones. The submission is not resumed by this."""
    with database.write(right="send") as connection:
        connection.execute(ramps.update().where(ramps.c.submission_id == submission_id).values(over=True))


def _set(database: Database, address: str, **values: Any) -> None:
    with database.write(right="administer") as connection:
        upsert(connection, address_in(connection, address), values)


# for `sending`, inside its transactions


def upsert(connection: sa.Connection, address: str, values: Mapping[str, Any]) -> None:
    """Set some of an address's rules."""
    usual = {"most_at_once": None, "create_idempotent": False, "not_before": 0.0, "why": ""}
    insert = _insert(connection, paces).values(address=address, **{**usual, **values})
    connection.execute(insert.on_conflict_do_update(index_elements=[paces.c.address], set_=dict(values)))


def hold(connection: sa.Connection, address: str, until: float, why: str) -> None:
    """Nobody sends to this address before `until`; an earlier moment than the one that is kept shortens nothing."""
    new = {"not_before": until, "why": why}
    insert = _insert(connection, paces).values(
        address=address, most_at_once=None, create_idempotent=False, **new
    )
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[paces.c.address], set_=new, where=paces.c.not_before < until
        )
    )


def hold_left(connection: sa.Connection, address: str, until: float, *, now: float) -> float:
    """The moment before which nobody sends; one that the clock was set back from is taken away."""
    if until <= now + LONGEST_WAIT + 1.0:
        return until
    connection.execute(paces.update().where(paces.c.address == address).values(not_before=now))
    return now


def say(
    connection: sa.Connection, worker: str, submission_id: str, address: str, note: Note, *, now: float
) -> None:
    """Keep what a worker says of its pace."""
    new = {"address": address, "in_flight": note.in_flight, "reason": note.reason, "at": now}
    insert = _insert(connection, worker_paces).values(worker=worker, submission_id=submission_id, **new)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[worker_paces.c.worker, worker_paces.c.submission_id], set_=new
        )
    )


def room(connection: sa.Connection, address: str, worker: str, limit: int, *, now: float) -> int:
    """How many more calls this worker may take under the limit of an address.

    Its share is the limit divided by the workers that send there (those with calls in flight, or that spoke a
    moment ago), at least one; all together never exceed the limit.
    """
    in_flight = {found.worker: found.n for found in connection.execute(_IN_FLIGHT, {"the_address": address})}
    speaking = connection.execute(_SPEAKING, {"the_address": address, "the_moment": now - FRESH}).scalars()
    sharing = sorted({worker, *in_flight, *speaking})
    return fair_share(
        limit,
        sharing=len(sharing),
        place=sharing.index(worker),
        mine=in_flight.get(worker, 0),
        total=sum(in_flight.values()),
    )


def fair_share(limit: int, *, sharing: int, place: int, mine: int, total: int) -> int:
    """How many more one of `sharing` workers may take: what its share leaves, but never more than all leave together.

    The remainder of the division goes to those whose `place` (from 0) comes first; everybody's share is at least 1.
    """
    share = max(1, limit // sharing + (place < limit % sharing))
    return max(0, min(share - mine, limit - total))


def tally(connection: sa.Connection, submission_id: str) -> dict[str, int]:
    """A submission's calls by status, those that have one now."""
    return {found.status: found.n for found in connection.execute(_TALLY, {"the_submission": submission_id})}


def ramp_room(counts: Mapping[str, int]) -> int | None:
    """How many more calls may be claimed while a submission begins: None, once enough were accepted, for all."""
    accepted = counts.get("accepted", 0)
    if accepted >= FIRST + THEN:
        return None
    goal = FIRST if accepted < FIRST else FIRST + THEN
    return max(0, goal - accepted - counts.get("sending", 0))


def new_to(connection: sa.Connection, batch_id: str, address: str) -> bool:
    """Has no call of this batch's mapping ever been accepted at this address? What a mapping says of one file
    (its form, why columns were chosen) takes no part."""
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
    for of_the_file in ("sheet", "reasons"):
        content.pop(of_the_file, None)
    return content


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


_TALLY = (
    sa.select(calls.c.status, sa.func.count().label("n"))
    .where(calls.c.submission_id == sa.bindparam("the_submission"))
    .group_by(calls.c.status)
)
_IN_FLIGHT = (
    sa.select(calls.c.worker, sa.func.count().label("n"))
    .join(submissions, submissions.c.id == calls.c.submission_id)
    # a literal, as in `sending`: the small index of what is being sent will do
    .where(
        calls.c.status == sa.literal_column("'sending'"), submissions.c.address == sa.bindparam("the_address")
    )
    .group_by(calls.c.worker)
)
_SPEAKING = sa.select(worker_paces.c.worker).where(
    worker_paces.c.address == sa.bindparam("the_address"), worker_paces.c.at > sa.bindparam("the_moment")
)
