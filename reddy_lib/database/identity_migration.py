"""The migration that gives every address and every call of an older ledger its one identity.

Older versions compared addresses and conversation ids as they were written, and kept no digest of what was said in a
call. Two rows that become one are merged so that nothing that Reddy has, or may have, is forgotten. The tables stand
here as they were then: this module changes with no later one.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from reddy_lib.address import known_address
from reddy_lib.identity import call_key, words_digest
from reddy_lib.model import Call, from_payload

__all__ = ["identify", "rename_addresses"]

PIECE = 2_000
"""Calls read and updated at once; a bound on memory."""


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(each) for each in columns))


_calls = _table("calls", "id", "payload", "delivery_key", "words_digest")
_deliveries = _table(
    "deliveries", "address", "key", "call_id", "submission_id", "state", "at", "words_digest"
)
_resends = _table("resends", "call_id", "key", "delivered_call_id", "words_digest")
_attempts = _table("attempts", "call_id", "submission_id", "number", "result")
_earlier = _table("earlier_payloads", "call_id", "attempt", "payload")
_paces = _table("paces", "address", "most_at_once", "create_idempotent", "not_before", "why")
_hosts = _table("upload_hosts", "address", "host", "allowed", "who", "seen_at")

_GIVEN = {
    "sqlite": "(SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS digest, "
    "json_extract(value, '$[2]') AS key FROM json_each(:rows)) AS given",
    "postgresql": "(SELECT (each ->> 0)::bigint AS id, each ->> 1 AS digest, each ->> 2 AS key "
    "FROM json_array_elements(CAST(:rows AS json)) AS each) AS given",
}
_SET_DIGEST = "UPDATE calls SET words_digest = given.digest FROM {given} WHERE calls.id = given.id"
_SET_BOTH = (  # an index has the key, so that writing an unchanged one would cost as much again
    "UPDATE calls SET words_digest = given.digest, delivery_key = given.key FROM {given} WHERE calls.id = given.id"
)

_WEAKER = """
DELETE FROM deliveries WHERE (address, key) IN (
    SELECT address, key FROM (
        SELECT address, key, row_number() OVER (
            PARTITION BY {group}
            ORDER BY CASE state WHEN 'accepted' THEN 3 WHEN 'again' THEN 2 ELSE 1 END DESC, at, renamed.old
        ) AS place
        FROM deliveries LEFT JOIN renamed ON renamed.old = deliveries.{column}
    ) AS ranked WHERE place > 1
)
"""
"""Where two deliveries become one, the stronger stays, and of equals the earlier."""


def identify(connection: sa.Connection) -> None:
    """Bring addresses, delivery keys and digests of a ledger up to date, inside the caller's transaction."""
    for name in ("calls", "deliveries", "resends"):
        if "words_digest" not in {each["name"] for each in sa.inspect(connection).get_columns(name)}:
            connection.execute(sa.text(f"ALTER TABLE {name} ADD COLUMN words_digest TEXT"))
    _normalise_addresses(connection)
    changed = _identify_calls(connection)
    for table, call in ((_deliveries, _deliveries.c.call_id), (_resends, _resends.c.delivered_call_id)):
        said = sa.select(_calls.c.words_digest).where(_calls.c.id == call).scalar_subquery()
        connection.execute(table.update().values(words_digest=said))
    changed.update(_identify_what_was_sent(connection))
    if changed:
        with _renamed(connection, changed):
            _move_deliveries(connection, "key")
            _rename(connection, "resends", "key")


def rename_addresses(connection: sa.Connection, renamed: Mapping[str, str]) -> None:
    """Give everything that is remembered about these addresses another one, inside the caller's transaction.

    Args:
        renamed: old address → new one, which is not itself renamed.
    """
    # Submissions first: an exchange that knows one by its old address holds its row, and is waited for here.
    for name in ("submissions", "worker_paces", "resends"):
        table = _table(name, "address")
        for old, new in renamed.items():
            connection.execute(table.update().where(table.c.address == old).values(address=new))
    for old, new in renamed.items():
        for table, merge in ((_paces, _merge_paces), (_hosts, _merge_hosts)):
            merge(connection, old, new)
            connection.execute(table.update().where(table.c.address == old).values(address=new))
    with _renamed(connection, renamed):
        _move_deliveries(connection, "address")


def _normalise_addresses(connection: sa.Connection) -> None:
    renamed: dict[str, str] = {}
    for name in ("submissions", "worker_paces", "resends", "deliveries", "paces", "upload_hosts"):
        table = _table(name, "address")
        for old in connection.execute(sa.select(table.c.address).distinct()).scalars().all():
            if (new := known_address(old)) != old:
                renamed[old] = new
    if renamed:
        rename_addresses(connection, renamed)


@contextlib.contextmanager
def _renamed(connection: sa.Connection, renamed: Mapping[str, str]) -> Iterator[None]:
    """A table of old and new names, so that any number of rows is changed by one statement."""
    # no temporary one: a user who may change the ledger's tables may still lack the right to those
    connection.execute(sa.text("CREATE TABLE renamed (old TEXT PRIMARY KEY, new TEXT NOT NULL)"))
    insert = sa.text("INSERT INTO renamed (old, new) VALUES (:old, :new)")
    pairs = [{"old": old, "new": new} for old, new in renamed.items()]
    for start in range(0, len(pairs), PIECE):
        connection.execute(insert, pairs[start : start + PIECE])
    yield
    connection.execute(sa.text("DROP TABLE renamed"))


def _move_deliveries(connection: sa.Connection, column: str) -> None:
    columns = ("address", "key")
    group = ", ".join(f"coalesce(renamed.new, {each})" if each == column else each for each in columns)
    connection.execute(sa.text(_WEAKER.format(group=group, column=column)))
    _rename(connection, "deliveries", column)


def _rename(connection: sa.Connection, name: str, column: str) -> None:
    table, renamed = _table(name, column), _table("renamed", "old", "new")
    connection.execute(table.update().values({column: renamed.c.new}).where(table.c[column] == renamed.c.old))


def _merge_paces(connection: sa.Connection, old: str, new: str) -> None:
    """Of two sets of rules for one address the more careful rule stays, one by one."""
    found = {
        each.address: each
        for each in connection.execute(sa.select(_paces).where(_paces.c.address.in_((old, new))))
    }
    if len(found) < 2:
        return
    one, other = found[old], found[new]
    limits = [each for each in (one.most_at_once, other.most_at_once) if each is not None]
    later = max(one, other, key=lambda each: each.not_before)
    connection.execute(_paces.delete().where(_paces.c.address == new))
    connection.execute(
        _paces.update()
        .where(_paces.c.address == old)
        .values(
            most_at_once=min(limits, default=None),
            create_idempotent=one.create_idempotent and other.create_idempotent,
            not_before=later.not_before,
            why=later.why,
        )
    )


def _merge_hosts(connection: sa.Connection, old: str, new: str) -> None:
    """Of two answers to whether recordings may go to a host, the later stays."""
    mine, other = _hosts.alias(), _hosts.alias()
    pairs = connection.execute(
        sa.select(mine.c.host, mine.c.seen_at, other.c.seen_at.label("other_seen_at"))
        .join_from(mine, other, sa.and_(mine.c.host == other.c.host, other.c.address == new))
        .where(mine.c.address == old)
    ).all()
    for pair in pairs:
        earlier = new if pair.seen_at > pair.other_seen_at else old
        connection.execute(_hosts.delete().where(_hosts.c.host == pair.host, _hosts.c.address == earlier))


def _identify_calls(connection: sa.Connection) -> dict[str, str]:
    """Compute key and digest of every call; returns old key → new key where it changed."""
    changed: dict[str, str] = {}
    for piece in _pieces(connection):
        same: list[list[Any]] = []
        other: list[list[Any]] = []
        for found in piece:
            call = from_payload(found.payload)
            key = call_key(call)
            (same if key == found.delivery_key else other).append([found.id, words_digest(call), key])
            if key is not None and found.delivery_key is not None and key != found.delivery_key:
                changed[found.delivery_key] = key
        given = _GIVEN[connection.dialect.name]
        for statement, rows in ((_SET_DIGEST, same), (_SET_BOTH, other)):
            if rows:
                query = sa.text(statement.format(given=given))
                connection.execute(query, {"rows": msgspec.json.encode(rows).decode()})
    return changed


def _pieces(connection: sa.Connection) -> Iterator[Sequence[Any]]:
    last = -1
    while True:
        query = (
            sa.select(_calls.c.id, _calls.c.payload, _calls.c.delivery_key)
            .where(_calls.c.id > last)
            .order_by(_calls.c.id)
            .limit(PIECE)
        )
        found = connection.execute(query).all()
        if not found:
            return
        yield found
        last = found[-1].id


def _identify_what_was_sent(connection: sa.Connection) -> dict[str, str]:
    """Compute key and digest of deliveries whose call was edited since: what was sent counts, not what stands there."""
    edited = sa.select(_earlier.c.call_id)
    changed: dict[str, str] = {}
    query = sa.select(_deliveries).where(_deliveries.c.call_id.in_(edited))
    for found in connection.execute(query).all():
        sent = _sent(connection, found)
        if sent is None:
            continue
        key = call_key(sent)
        if key is not None and key != found.key and found.key == _former_key(sent):
            changed[found.key] = key
        connection.execute(
            _deliveries.update()
            .where(_deliveries.c.address == found.address, _deliveries.c.key == found.key)
            .values(words_digest=words_digest(sent))
        )
    return changed


def _former_key(call: Call) -> str:
    """Return the key that older versions gave a call."""
    joined = f"{call.conversation_id}\x1f{(call.agent_email or '').strip().lower()}"
    return hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()[:40]


def _sent(connection: sa.Connection, delivery: Any) -> Call | None:
    """What was sent at the last attempt of the submission that made a delivery; None if it is what the call is now."""
    number = connection.execute(
        sa.select(sa.func.max(_attempts.c.number)).where(
            _attempts.c.call_id == delivery.call_id, _attempts.c.submission_id == delivery.submission_id
        )
    ).scalar()
    payload = connection.execute(
        sa.select(_earlier.c.payload)
        .where(_earlier.c.call_id == delivery.call_id, _earlier.c.attempt >= (number or 0))
        .order_by(_earlier.c.attempt)
        .limit(1)
    ).scalar()
    return None if payload is None or number is None else from_payload(payload)
