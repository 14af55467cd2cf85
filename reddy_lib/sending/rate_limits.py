"""Rate limits of an address, kept in the ledger so that all workers keep to them, also after a restart.

- `paces`: the most requests in flight over all workers and submissions, the moment before which nobody sends (a
  `Retry-After` is meant for everybody), and whether a person assumes that Reddy treats a repeated create as one.
- `worker_paces`: how many requests each worker has in flight, and why not more. People read it; the library uses it
  only to see who shares a limit.

`exchange` reads and writes both in the commit that claims calls: a limit that two workers read at the same moment
would be none.
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
from reddy_lib.database.schema import calls, paces, submissions, worker_paces
from reddy_lib.sending.states import BEING_SENT

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = [
    "FRESH",
    "LONGEST_WAIT",
    "Live",
    "Note",
    "Rules",
    "assume_create_idempotent",
    "fair_share",
    "hold",
    "hold_left",
    "limit_room",
    "live_pace",
    "rules_of",
    "set_limit",
    "store_note",
    "upsert",
]

FRESH = 5.0
"""Seconds after which a worker that reported nothing no longer counts as one that sends to an address."""


class Rules(msgspec.Struct, frozen=True):
    """The rules of an address.

    Attributes:
        most_at_once: requests in flight over all workers and submissions; None: as each submission says.
        create_idempotent: calls in doubt are sent again without asking, because a person assumes that Reddy treats a
            repeated create for the same call as one.
        not_before: seconds since the epoch before which nobody sends.
        why: the reason of `not_before`, as half a sentence ("Reddy asked for 30 s").
    """

    most_at_once: int | None = None
    create_idempotent: bool = False
    not_before: float = 0.0
    why: str = ""


class Note(msgspec.Struct, frozen=True):
    """What a worker reports of its pace."""

    in_flight: int
    reason: str


class Live(msgspec.Struct, frozen=True):
    """The current pace of a submission: in flight over its workers, and why not more ("" where none reported)."""

    in_flight: int
    workers: int
    reason: str
    not_before: float
    why: str


def rules_of(database: Database, address: str) -> Rules:
    """Return the rules of this address."""
    with database.read() as connection:
        found = connection.execute(
            sa.select(paces).where(paces.c.address == address_in(connection, address))
        ).one_or_none()
    if found is None:
        return Rules()
    return Rules(found.most_at_once, found.create_idempotent, found.not_before, found.why)


def set_limit(database: Database, address: str, most_at_once: int | None) -> None:
    """Limit the requests in flight to this address, over all workers and submissions; None removes the limit.

    It applies from the next claim on; requests in flight are waited for.

    Raises TypeError, ValueError: `most_at_once` is not a whole number of at least 1; nothing was changed.
    """
    if most_at_once is not None:
        most_at_once = whole_number(most_at_once, "most_at_once", least=1, most=2**31 - 1)
    _set(database, address, most_at_once=most_at_once)


def assume_create_idempotent(database: Database, address: str, yes: bool) -> None:
    """Choose whether calls in doubt are sent again without asking.

    Reddy documents nothing of the kind: where the assumption is wrong, a call may be graded twice.

    Raises TypeError: `yes` is neither True nor False; nothing was changed.
    """
    if not isinstance(yes, bool):  # the text "no" is true as well
        raise TypeError("yes must be True or False.")
    _set(database, address, create_idempotent=yes)


def live_pace(database: Database, submission_id: str, *, now: float | None = None) -> Live:
    """Return how fast a submission is sent right now, as its workers last reported."""
    now = time.time() if now is None else now
    reported = sa.select(worker_paces).where(
        worker_paces.c.submission_id == submission_id, worker_paces.c.at > now - FRESH
    )
    held = (
        sa.select(paces.c.not_before, paces.c.why)
        .join(submissions, submissions.c.address == paces.c.address)
        .where(submissions.c.id == submission_id)
    )
    with database.read() as connection:
        notes = connection.execute(reported.order_by(worker_paces.c.at.desc())).all()
        on_hold = connection.execute(held).one_or_none()
    return Live(
        in_flight=sum(note.in_flight for note in notes),
        workers=len(notes),
        reason=next((note.reason for note in notes if note.reason), ""),
        not_before=on_hold.not_before if on_hold else 0.0,
        why=on_hold.why if on_hold else "",
    )


def _set(database: Database, address: str, **values: Any) -> None:
    with database.write(right="administer") as connection:
        upsert(connection, address_in(connection, address), values)


# --- inside the transactions of `exchange` -----------------------------------------------------------------------


def upsert(connection: sa.Connection, address: str, values: Mapping[str, Any]) -> None:
    """Set some of an address's rules; the others stay as they are."""
    usual = {"most_at_once": None, "create_idempotent": False, "not_before": 0.0, "why": ""}
    insert = _insert(connection, paces).values(address=address, **{**usual, **values})
    connection.execute(insert.on_conflict_do_update(index_elements=[paces.c.address], set_=dict(values)))


def hold(connection: sa.Connection, address: str, until: float, why: str) -> None:
    """Hold sending to this address until `until`; an earlier time than the stored one changes nothing."""
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
    """Return when sending may start; end a hold that is so long only because a clock was set back."""
    if until <= now + LONGEST_WAIT + 1.0:
        return until
    connection.execute(paces.update().where(paces.c.address == address).values(not_before=now))
    return now


def store_note(
    connection: sa.Connection, worker: str, submission_id: str, address: str, note: Note, *, now: float
) -> None:
    """Store what a worker reports of its pace."""
    new = {"address": address, "in_flight": note.in_flight, "reason": note.reason, "at": now}
    insert = _insert(connection, worker_paces).values(worker=worker, submission_id=submission_id, **new)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[worker_paces.c.worker, worker_paces.c.submission_id], set_=new
        )
    )


def limit_room(connection: sa.Connection, address: str, worker: str, limit: int, *, now: float) -> int:
    """Return how many more calls this worker may claim under the limit of an address.

    Its share is the limit divided by the workers that send there (those with calls in flight, or that reported a
    moment ago), at least one; all together never exceed the limit.
    """
    in_flight = {found.worker: found.n for found in connection.execute(_IN_FLIGHT, {"the_address": address})}
    reporting = connection.execute(_REPORTING, {"the_address": address, "the_moment": now - FRESH}).scalars()
    sharing = sorted({worker, *in_flight, *reporting})
    return fair_share(
        limit,
        sharing=len(sharing),
        position=sharing.index(worker),
        mine=in_flight.get(worker, 0),
        total=sum(in_flight.values()),
    )


def fair_share(limit: int, *, sharing: int, position: int, mine: int, total: int) -> int:
    """Return how many more one of `sharing` workers may claim: the rest of its share, but never more than the limit.

    The remainder of the division goes to those with the lowest `position` (from 0). A share is at least 1.
    """
    share = max(1, limit // sharing + (position < limit % sharing))
    return max(0, min(share - mine, limit - total))


def _insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


_IN_FLIGHT = (
    sa.select(calls.c.worker, sa.func.count().label("n"))
    .join(submissions, submissions.c.id == calls.c.submission_id)
    .where(BEING_SENT, submissions.c.address == sa.bindparam("the_address"))
    .group_by(calls.c.worker)
)
_REPORTING = sa.select(worker_paces.c.worker).where(
    worker_paces.c.address == sa.bindparam("the_address"), worker_paces.c.at > sa.bindparam("the_moment")
)
