"""Ledgers that are older than what was sent from them: how to notice one, what it stops, and how to settle it.

A backup that was put back, or a copy that was opened elsewhere, lists calls as waiting that Reddy already has. This is
noticed in four ways:

- *marks*: the user's state folder has marks of claims (`high_water`) that the ledger does not have;
- *place*: the ledger was last used elsewhere: it is a copy;
- *beneath*: a living worker's own last claim is not in the ledger any more, or the database server was restarted with
  other tables: the ledger was replaced while the worker ran;
- *asked*: Reddy has calls that this ledger never sent (`spot_checks`). A new ledger where another one was, which somebody
  deleted or moved, is no backup; but the same calls may be loaded into it, so Reddy is asked first. The same
  applies to an address that any other ledger of this user sent to before this one's first submission there.

The fact `RESTORED` is stored then. Running submissions are paused with its words, `exchange` claims nothing, and nothing
new is started (`refuse_if_restored`) until a person settles it: either Reddy was asked about every call that could go out
again (`restore_check`), or somebody takes responsibility that nothing was sent since (`trust_restored`).

Settling begins a new *incarnation*. Marks of earlier incarnations no longer count. Marks of an incarnation that the ledger
does not know come from a copy that was used on its own, and count.
"""

from __future__ import annotations

import logging
import os
import secrets
import time
import weakref
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

import reddy_lib.arguments as arguments
from reddy_lib.database import high_water
from reddy_lib.database.database import Database
from reddy_lib.database.facts import (
    DECISIONS,
    IDENTITY,
    INCARNATION,
    PLACE,
    PREDECESSOR,
    RESTORED,
    SUPERSEDED,
    fact,
    forget_fact,
    remember_fact,
)
from reddy_lib.database.high_water import FIRST, Mark
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.database.schema import (
    attempts,
    calls,
    deliveries,
    facts,
    questions,
    restore_answers,
    submissions,
)
from reddy_lib.errors import LedgerRestored

__all__ = [
    "INCARNATION_NOW",
    "RESTORED_NOW",
    "SERVER_NOW",
    "LedgerAge",
    "Restored",
    "begins_beside_another",
    "check",
    "follows_another",
    "last_claim",
    "last_sending",
    "mark",
    "notice",
    "refuse_if_restored",
    "replaced_beneath",
    "restored",
    "same_server",
    "settle_restored",
    "trust_restored",
    "vouched_for",
]

_log = logging.getLogger("reddy_lib.sending")

How = Literal["marks", "place", "beneath", "asked"]

UNTIL_SETTLED = "Nothing is sent until that is settled."


class Restored(msgspec.Struct, frozen=True):
    """The fact that a ledger is older than what was sent from it.

    Attributes:
        since: when it was noticed (seconds since the epoch).
        how: marks, place, beneath or asked; see the module.
        words: what happened, as a sentence.
        addresses: where calls went that the ledger does not have, as far as known.
    """

    since: float
    how: How
    words: str
    addresses: list[str] = []

    def __repr__(self) -> str:
        return f"<Restored · noticed by {self.how}>"


class LedgerAge(NamedTuple):
    """What one statement of an exchange tells of the ledger's age.

    Attributes:
        incarnation: None before the first restore was settled.
        server: see `_Server`.
        knows_last: whether `last_claim` is in the ledger.
    """

    incarnation: str | None
    server: str
    knows_last: bool


class _Known:
    """What this process remembers of a ledger that it uses."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.last: tuple[str, str] | None = None  # incarnation, attempt
        self.server: str | None = None


_known: weakref.WeakKeyDictionary[Database, _Known] = weakref.WeakKeyDictionary()


class _Server(sa.sql.expression.ColumnElement[str]):
    """When the database server was started, and the id of a table; a restored server differs in one of them.

    "" for SQLite, where a program keeps the file that it has opened, even if another is put in its place.
    """

    inherit_cache = True
    type = sa.Text()


@compiles(_Server, "sqlite")
def _no_server(_element: _Server, _compiler: Any, **_: Any) -> str:
    return "''"


@compiles(_Server, "postgresql")
def _this_server(_element: _Server, _compiler: Any, **_: Any) -> str:
    return "(pg_postmaster_start_time()::text || ' ' || 'submissions'::regclass::oid::text)"


SERVER_NOW = _Server().label("server")
RESTORED_NOW = (
    sa.select(facts.c.value)
    .where(facts.c.name == sa.literal_column(f"'{RESTORED}'"))
    .scalar_subquery()
    .label("restored")
)
INCARNATION_NOW = (
    sa.select(facts.c.value)
    .where(facts.c.name == sa.literal_column(f"'{INCARNATION}'"))
    .scalar_subquery()
    .label("incarnation")
)


# --- the state ---------------------------------------------------------------------------------------------------


def restored(database: Database) -> Restored | None:
    """Return why the ledger is older than what was sent from it, or None if it is not."""
    with database.read() as connection:
        return _standing(connection)


def _standing(connection: sa.Connection) -> Restored | None:
    said = fact(connection, RESTORED)
    return None if said is None else msgspec.json.decode(said, type=Restored)


def refuse_if_restored(connection: sa.Connection) -> None:
    """Raise LedgerRestored while the ledger is older than what was sent from it."""
    standing = _standing(connection)
    if standing is not None:
        raise LedgerRestored(f"{standing.words} {UNTIL_SETTLED}")


def check(database: Database) -> Restored | None:
    """Compare the ledger with what is known outside of it, and stop everything if it is older.

    Call it when anything that sends starts, and before a submission is created. Raises LedgerUnavailable.
    """
    database.require("send")
    known = _known_of(database)
    newest = high_water.marks(
        known.identity
    )  # before the ledger is read: each was stored before it was marked
    with database.read() as connection:
        standing = _standing(connection)
        place = _place(database, connection)
        found = None if standing else _older(database, connection, known.identity, newest, place)
        first = fact(connection, PLACE) is None
        before = [] if newest else _sent_from_here_before(database, known.identity)
        known.server = connection.execute(sa.select(SERVER_NOW)).scalar()
    if standing is not None:
        return standing
    if found is not None:
        with database.write() as connection:
            return notice(connection, found)
    moved = first or not _at(database, place)
    if moved or before:
        with database.write() as connection:
            if moved:
                remember_fact(connection, PLACE, place)
            if before:
                _remember_predecessor(connection, before)
    high_water.remember_place(_seat(database), known.identity)
    return None


def notice(connection: sa.Connection, found: Restored) -> Restored:
    """Record that the ledger is older, and pause running submissions; return the stored fact, also if it is not new."""
    standing = _standing(connection)
    if standing is not None:
        return standing
    remember_fact(connection, RESTORED, msgspec.json.encode(found).decode())
    connection.execute(
        submissions.update()
        .where(submissions.c.state.in_(("running", "waiting")))
        .values(state="paused", reason=f"{found.words} {UNTIL_SETTLED}")
    )
    _log.warning("ledger is older than what was sent from it", extra={"how": found.how})
    return found


def replaced_beneath(database: Database, connection: sa.Connection, age: LedgerAge) -> bool:
    """Look whether a living worker's ledger was replaced by an older one, and record it if so.

    Returns: whether chunks should be asked about: the server was started anew, and may have been restored.
    """
    known = _known_of(database, connection)
    last, server = known.last, known.server
    known.server = age.server
    if last is not None and not age.knows_last:
        known.last = None
        if last[0] == (age.incarnation or FIRST):  # else a person has settled it meanwhile
            words = "The ledger was replaced by an older one while calls were being sent from it."
            notice(connection, Restored(time.time(), "beneath", words))
            return False
    if server in (None, age.server):
        return False
    newest = high_water.marks(known.identity)
    found = _older(database, connection, known.identity, newest, _place(database, connection))
    if found is not None:
        notice(connection, found)
    return found is None


def same_server(database: Database, age: LedgerAge) -> bool:
    """Return whether the database server was neither replaced nor started anew since this process last looked."""
    known = _known.get(database)
    return known is None or known.server in (None, age.server)


# --- marks -------------------------------------------------------------------------------------------------------


def mark(database: Database, age: LedgerAge, address: str, attempt_id: str) -> None:
    """Note a claim outside the ledger: right after its commit, before the first byte of it leaves.

    Args:
        address: where the claimed calls go.
        attempt_id: the newest of the claim.
    """
    database.require("send")
    known = _known_of(database)
    here = age.incarnation or FIRST
    known.last = (here, attempt_id)
    high_water.append(known.identity, Mark(here, attempt_id, time.time(), address))


def last_claim(database: Database) -> str:
    """Return the newest attempt that this process claimed in this ledger, or ""."""
    known = _known.get(database)
    return "" if known is None or known.last is None else known.last[1]


def vouched_for(database: Database) -> bool:
    """Return whether there are marks of this ledger here, and it has all of them."""
    known = _known_of(database)
    newest = high_water.marks(known.identity)
    with database.read() as connection:
        here = fact(connection, INCARNATION) or FIRST
        return any(one.incarnation == here for one in newest) and not _unknown(connection, newest)


def last_sending(database: Database) -> float:
    """Return when a call that a restored ledger does not have was last sent, in seconds since the epoch.

    By the marks; without any, when it was noticed that the ledger is older.
    """
    known = _known_of(database)
    newest = high_water.marks(known.identity)
    with database.read() as connection:
        standing = _standing(connection)
        unknown = _unknown(connection, newest)
    noticed = 0.0 if standing is None else standing.since
    return max((one.at for one in unknown), default=noticed)


def _unknown(connection: sa.Connection, newest: Sequence[Mark]) -> list[Mark]:
    """Return the marks that count and that the ledger does not have."""
    over = set(_json_list(connection, SUPERSEDED))
    counting = [one for one in newest if one.incarnation not in over]
    there = set(
        connection.execute(
            sa.select(attempts.c.id).where(attempts.c.id.in_([one.attempt_id for one in counting]))
        ).scalars()
    )
    return [one for one in counting if one.attempt_id not in there]


def _older(
    database: Database, connection: sa.Connection, identity: str, newest: Sequence[Mark], place: str
) -> Restored | None:
    """Return why the ledger is older than what was sent from it, or None."""
    lost = _unknown(connection, newest)
    addresses = sorted({one.address for one in lost})
    if lost:
        when = time.strftime("%d %b %Y %H:%M UTC", time.gmtime(lost[-1].at))
        words = (
            f"This ledger ({database.name}) is older than what was sent from it: calls that went out until {when} are "
            "not in it. A backup was probably put back."
        )
        return Restored(time.time(), "marks", words, addresses)
    if connection.execute(sa.select(submissions.c.id).limit(1)).first() is None:
        return None  # nothing was ever queued in it, so nothing can be sent twice
    if not _at(database, place, connection):
        words = (
            f"This ledger ({database.name}) is a copy of {_told(fact(connection, PLACE))}: what was sent there since "
            "is not in it."
            if database.url.get_backend_name() == "sqlite"
            else f"This ledger ({database.name}) was restored or copied: what was sent since the copy was made "
            "is not in it."
        )
        return Restored(time.time(), "place", words)
    if not newest and (sent_to := _sent_from_here_before(database, identity)):
        words = (
            f"Where this ledger ({database.name}) is, there was another one before, which sent calls that this one does "
            "not know. A backup was probably put back."
        )
        return Restored(time.time(), "marks", words, sent_to)
    return None


def _sent_from_here_before(database: Database, identity: str) -> list[str]:
    """Return the addresses that earlier ledgers at this place sent calls to; none if this one was seen here last."""
    seen = high_water.identities_at(_seat(database))
    others = [] if seen[-1:] == [identity] else [one for one in seen if one != identity]
    return sorted({mark.address for other in others for mark in high_water.marks(other)})


def follows_another(connection: sa.Connection, address: str) -> bool:
    """Return whether another ledger, at this one's place or before its first submission, sent calls to this address."""
    return address != SANDBOX and address in _json_list(connection, PREDECESSOR)


def begins_beside_another(database: Database, address: str) -> bool:
    """Return whether this ledger never sent a call to an address that another ledger of this user sent calls to.

    The other one may hold the same calls: a path that was changed, or a folder that was renamed, begins a new ledger.
    It is remembered, because a first delivery, as of one call to try it, does not settle whose the other calls are.
    """
    database.require("send")
    if address == SANDBOX:
        return False
    with database.read() as connection:
        sent = sa.select(deliveries.c.key).where(deliveries.c.address == address).limit(1)
        if follows_another(connection, address) or connection.execute(sent).first() is not None:
            return False
    if address not in high_water.addresses_of_others(_known_of(database).identity):
        return False
    with database.write(right="send") as connection:
        _remember_predecessor(connection, [address])
    return True


def _remember_predecessor(connection: sa.Connection, addresses: Sequence[str]) -> None:
    """Add addresses that another ledger sent calls to, which may be the calls of this one."""
    known = {*_json_list(connection, PREDECESSOR), *addresses}
    remember_fact(connection, PREDECESSOR, msgspec.json.encode(sorted(known)).decode())


# --- places ------------------------------------------------------------------------------------------------------


def _place(database: Database, connection: sa.Connection) -> str:
    """Return where this ledger is.

    SQLite: the file's real path, without the machine (a container has another name at each start). PostgreSQL: the
    cluster (where it may be read), the database and a table, which a restore creates anew.
    """
    if connection.dialect.name == "sqlite":
        return os.path.realpath(str(database.url.database))
    cluster = "-"
    allowed = "SELECT has_function_privilege('pg_control_system()', 'execute')"
    if connection.execute(sa.text(allowed)).scalar():
        cluster = str(
            connection.execute(sa.text("SELECT system_identifier FROM pg_control_system()")).scalar()
        )
    here = connection.execute(
        sa.text(
            "SELECT oid::text || ' ' || 'submissions'::regclass::oid::text FROM pg_database "
            "WHERE datname = current_database()"
        )
    ).scalar_one()
    return f"postgresql {cluster} {here}"


def _seat(database: Database) -> str:
    """Return how this ledger is reached from here, whatever is there: a path, or the name of a database."""
    if database.url.get_backend_name() == "sqlite":
        return os.path.realpath(str(database.url.database))
    return (
        f"postgresql {database.url.host or 'localhost'}:{database.url.port or 5432}/{database.url.database}"
    )


def _at(database: Database, place: str, connection: sa.Connection | None = None) -> bool:
    """Return whether this is one of the places where the ledger is known to be."""
    if connection is None:
        with database.read() as reading:
            return _at(database, place, reading)
    kept = fact(connection, PLACE)
    return kept is None or any(_same(place, one) for one in _places(kept))


def _places(kept: str | None) -> list[str]:
    """Decode the places. A ledger that is reached by two paths (a mounted folder) was settled at both: a JSON list."""
    if kept is None:
        return []
    return msgspec.json.decode(kept, type=list[str]) if kept.startswith("[") else [kept]


def _same(one: str, other: str) -> bool:
    """Compare two places, ignoring what one of two database users may not read of the cluster."""
    if not (one.startswith("postgresql ") and other.startswith("postgresql ")):
        return one == other
    return all(a == b or "-" in (a, b) for a, b in zip(one.split(), other.split(), strict=False))


def _told(kept: str | None) -> str:
    return " or ".join(_places(kept)) or "another one"


# --- settling ----------------------------------------------------------------------------------------------------


def trust_restored(database: Database, *, who: str) -> None:
    """Declare, without asking Reddy, that nothing was sent since the ledger was copied; this is stored for good.

    Submissions can be resumed then. Calls that were sent since all the same are sent again.

    Args:
        who: who declares it, for the record.
    """
    if not isinstance(database, Database):
        raise TypeError(
            f"The first argument must be a ledger, reddy.Ledger(), not {type(database).__name__}."
        )
    who = arguments.text(who, "who")
    settle_restored(database, how="trusted", who=who)


def settle_restored(database: Database, *, how: Literal["asked", "trusted"], who: str) -> bool:
    """Begin a new incarnation: the ledger no longer counts as older. Return False if it did not before.

    Submissions stay paused, and say that they can be resumed; those with nothing left are done.

    Args:
        how: "asked": calls that were to be sent *again* become `unknown`, because asking cannot tell whether the second
            sending went out.
    """
    database.require("send" if how == "asked" else "administer")
    known = _known_of(database)
    foreign = {one.incarnation for one in high_water.marks(known.identity, count=10_000)}
    now = time.time()
    with database.write(right="send") as connection:
        standing = _standing(connection)
        if standing is None:
            return False
        over = {*_json_list(connection, SUPERSEDED), *foreign, fact(connection, INCARNATION) or FIRST}
        remember_fact(connection, SUPERSEDED, msgspec.json.encode(sorted(over)).decode())
        remember_fact(connection, INCARNATION, secrets.token_hex(8))
        place = _place(database, connection)
        kept = _places(fact(connection, PLACE))
        if not any(_same(place, one) for one in kept):
            remember_fact(connection, PLACE, msgspec.json.encode([*kept, place]).decode())
        decisions = fact(connection, DECISIONS)
        told: list[Any] = msgspec.json.decode(decisions) if decisions else []
        told.append({"at": now, "who": who, "how": how, "noticed": msgspec.to_builtins(standing)})
        remember_fact(connection, DECISIONS, msgspec.json.encode(told).decode())
        forget_fact(connection, RESTORED)
        connection.execute(questions.delete())
        connection.execute(restore_answers.delete())
        if how == "asked":
            _doubt_resends(connection, now)
        _go_on(connection, f"{standing.words} {UNTIL_SETTLED}", how, who, now)
        known.last = None
    high_water.remember_place(_seat(database), known.identity)
    _log.warning("restored ledger was settled", extra={"how": how})
    return True


def _doubt_resends(connection: sa.Connection, now: float) -> None:
    again = sa.exists().where(
        deliveries.c.key == calls.c.delivery_key,
        deliveries.c.call_id == calls.c.id,
        deliveries.c.state == "again",
    )
    waiting = sa.select(calls.c.id).where(calls.c.status == "queued", again)
    ids = connection.execute(waiting).scalars().all()
    for one in ids:
        connection.execute(
            deliveries.update()
            .where(deliveries.c.call_id == one, deliveries.c.state == "again")
            .values(state="unknown", at=now)
        )
        connection.execute(
            calls.update()
            .where(calls.c.id == one)
            .values(
                status="unknown",
                error="The ledger was restored before this call was sent again. Only a look at Reddy can tell "
                "whether it went out since.",
                ended_at=now,
            )
        )


def _go_on(connection: sa.Connection, reason: str, how: str, who: str, now: float) -> None:
    when = time.strftime("%d %b %Y %H:%M UTC", time.gmtime(now))
    by = f" by {who}" if who else ""
    said = (
        f"Reddy was asked about every call{by} on {when}: resume to send the rest."
        if how == "asked"
        else f"The ledger was restored, and taken{by} on {when} to be up to date: resume to go on."
    )
    paused = sa.and_(submissions.c.state == "paused", submissions.c.reason == reason)
    left = sa.exists().where(
        calls.c.submission_id == submissions.c.id, calls.c.status.in_(("queued", "sending"))
    )
    connection.execute(
        submissions.update().where(paused, ~left).values(state="done", reason="", ended_at=now)
    )
    connection.execute(submissions.update().where(paused).values(reason=said))


def _json_list(connection: sa.Connection, name: str) -> list[str]:
    said = fact(connection, name)
    return msgspec.json.decode(said, type=list[str]) if said else []


def _known_of(database: Database, connection: sa.Connection | None = None) -> _Known:
    known = _known.get(database)
    if known is None:
        if connection is None:
            with database.read() as reading:
                return _known_of(database, reading)
        known = _known.setdefault(database, _Known(fact(connection, IDENTITY) or ""))
    return known
