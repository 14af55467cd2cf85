"""The migration that gives every address and every call of an older ledger its one identity.

Older versions compared addresses and conversation ids as they were written, and kept no digest of what was said in a
call. Two rows that become one are merged so that nothing that Reddy has, or may have, is forgotten. The tables stand
here as they were then: this module changes with no later one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from ..address import known_address
from ..identity import call_key, words_digest
from ..model import Call, from_payload

__all__ = ["identify"]

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

_STRENGTH = {"accepted": 3, "again": 2, "sending": 1, "unknown": 1}

_SET = {
    "sqlite": "UPDATE calls SET {column} = given.text FROM (SELECT json_extract(value, '$[0]') AS id, "
    "json_extract(value, '$[1]') AS text FROM json_each(:rows)) AS given WHERE calls.id = given.id",
    "postgresql": "UPDATE calls SET {column} = given.pair ->> 1 FROM (SELECT pair, (pair ->> 0)::bigint AS id "
    "FROM json_array_elements(CAST(:rows AS json)) AS pair) AS given WHERE calls.id = given.id",
}


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
    for old, new in changed.items():
        connection.execute(_resends.update().where(_resends.c.key == old).values(key=new))
        _merge_deliveries(connection, "key", old, new)


def _normalise_addresses(connection: sa.Connection) -> None:
    for name in ("submissions", "worker_paces", "resends", "deliveries", "paces", "upload_hosts"):
        table = _table(name, "address")
        for old in connection.execute(sa.select(table.c.address).distinct()).scalars().all():
            new = known_address(old)
            if new == old:
                continue
            if name == "deliveries":
                _merge_deliveries(connection, "address", old, new)
                continue
            if name == "paces":
                _merge_paces(connection, old, new)
            elif name == "upload_hosts":
                _merge_hosts(connection, old, new)
            connection.execute(table.update().where(table.c.address == old).values(address=new))


def _merge_deliveries(connection: sa.Connection, name: str, old: str, new: str) -> None:
    """Give deliveries another address or key; where two become one, the stronger stays, and of equals the earlier."""
    mine, other = _deliveries.alias(), _deliveries.alias()
    same = "key" if name == "address" else "address"
    pairs = connection.execute(
        sa.select(
            mine.c[same].label("same"), mine.c.state, mine.c.at,
            other.c.state.label("other_state"), other.c.at.label("other_at"),
        )
        .join_from(mine, other, sa.and_(mine.c[same] == other.c[same], other.c[name] == new))
        .where(mine.c[name] == old)
    ).all()  # fmt: skip
    for pair in pairs:
        kept = (_STRENGTH[pair.state], -pair.at) > (_STRENGTH[pair.other_state], -pair.other_at)
        weaker = new if kept else old
        connection.execute(
            _deliveries.delete().where(_deliveries.c[same] == pair.same, _deliveries.c[name] == weaker)
        )
    connection.execute(_deliveries.update().where(_deliveries.c[name] == old).values({name: new}))


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
        digests, keys = [], []
        for found in piece:
            call = from_payload(found.payload)
            digests.append([found.id, words_digest(call)])
            key = call_key(call)
            if key != found.delivery_key:
                keys.append([found.id, key])
                if found.delivery_key is not None and key is not None:
                    changed[found.delivery_key] = key
        for column, rows in (("words_digest", digests), ("delivery_key", keys)):
            if rows:
                statement = sa.text(_SET[connection.dialect.name].format(column=column))
                connection.execute(statement, {"rows": msgspec.json.encode(rows).decode()})
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
