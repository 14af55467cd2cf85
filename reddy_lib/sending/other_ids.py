"""Hold calls that an address may have already, under another id.

One program writes an id as 00123, another as 123 or 123.0, and Reddy would take the two for two calls. So a call of another
batch counts as probably the same in two cases: the two ids are one id that is written differently (`identity.near_id`), of
the same agent or with the same words; or agent, start and words are the same under any two ids. Only a person can tell, so
a finding that names the earlier call holds the later one. Calls that wait in another submission count as well.

Short calls at a whole minute are told apart by their ids alone: voicemails often share their words. Rows of one
sheet are never taken for each other.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from reddy_lib.batches.call_rows import hold_calls
from reddy_lib.batches.past_outcomes import NEVER_SENT, keep_past_outcome
from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import batches, calls, deliveries, submissions
from reddy_lib.findings import Finding, finding
from reddy_lib.identity import agent_key, near_id
from reddy_lib.sending import content_conflicts, corrected_calls
from reddy_lib.sending.states import OPEN_STATES

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["OTHER_ID", "hold_known", "hold_other_ids", "not_sent"]

OTHER_ID = "conversation-sent-under-other-id"

_FEW_LINES = 4
"""Calls with fewer lines have the same words too often to be the same call, unless they started in the same second."""


class _Known(NamedTuple):
    """A call that may be sent, beside an earlier one of another batch that it may be."""

    id: int
    row: int
    conversation_id: str | None
    agent_email: str | None
    timestamp: float | None
    lines: int
    key: str | None
    near: str | None
    words: str | None


class _Earlier(NamedTuple):
    """The earlier call. `at`: when it was sent, in seconds since the epoch; None while it waits."""

    row: int
    conversation_id: str | None
    agent_email: str | None
    timestamp: float | None
    key: str | None
    near: str | None
    words: str | None
    name: str
    at: float | None


_CALL = (
    calls.c.id, calls.c.row, calls.c.conversation_id, calls.c.agent_email, calls.c.timestamp, calls.c.lines,
    calls.c.delivery_key, calls.c.near_key, calls.c.words_digest,
)  # fmt: skip


def hold_known(database: Database, parts: Sequence[sa.ColumnElement[bool]], address: str) -> str:
    """Hold calls that the address may have: with other words, under an id that was corrected, or under another id.

    Args:
        parts: conditions on `calls`, as `submission.sendable` returns them.

    Returns: the error text for a submission that has no other calls; "" where none was held.
    """
    database.require("send")
    asked = content_conflicts.hold_other_words(database, parts, address)
    corrected = corrected_calls.hold_corrected(database, parts, address)
    others = hold_other_ids(database, parts, address)
    if asked:
        return content_conflicts.not_sent(asked)
    if corrected:
        return corrected_calls.not_sent(corrected)
    return not_sent(others) if others else ""


def hold_other_ids(database: Database, parts: Sequence[sa.ColumnElement[bool]], address: str) -> list[int]:
    """Hold calls that the address has, or will have, under another id; return their rows, ascending."""
    rows: list[int] = []
    with database.write(right="send") as connection:
        for part in parts:
            found = {
                call.id: (call.row, earlier)
                for call, earlier in [
                    *_sent_before(connection, part, address),
                    *_waiting(connection, part, address),
                ]
                if _may_be_one(call, earlier)
            }
            keep_past_outcome(connection, list(found))
            for ids in pieces(found):
                connection.execute(calls.update().where(calls.c.id.in_(ids)).values(**NEVER_SENT))
                hold_calls(connection, {id: _finding(found[id][1]) for id in ids})
            rows += [row for row, _ in found.values()]
    return sorted(rows)


def not_sent(rows: Sequence[int]) -> str:
    """Return the error text that names the rows which were not sent, and what to do."""
    shown = ", ".join(map(str, rows[:10])) + (f" and {len(rows) - 10:,} more" if len(rows) > 10 else "")
    return (
        f"Not sent: row{'s' * (len(rows) > 1)} {shown}. The same call was probably sent, or is waiting to be "
        f"sent, under another id. If it is another call, accept the finding {OTHER_ID}, then send it."
    )


def _may_be_one(call: _Known, earlier: _Earlier) -> bool:
    if call.key == earlier.key:
        return False
    if (call.near or call.key) == (earlier.near or earlier.key):
        return True
    if None in (call.words, earlier.words) or call.words != earlier.words:
        return False
    if near_id(call.conversation_id or "") == near_id(earlier.conversation_id or ""):
        return True
    if call.timestamp is None or call.timestamp != earlier.timestamp:
        return False
    to_the_second = call.timestamp % 60 != 0
    same_agent = agent_key(call.agent_email or "") == agent_key(earlier.agent_email or "")
    return same_agent and (to_the_second or call.lines >= _FEW_LINES)


def _sent_before(
    connection: sa.Connection, part: sa.ColumnElement[bool], address: str
) -> list[tuple[_Known, _Earlier]]:
    """Return calls paired with those that were sent and have the same words, or an id that may be the same."""
    earlier, known, file, own = calls.alias(), deliveries.alias(), batches.alias(), deliveries.alias()
    there = sa.exists().where(own.c.address == address, own.c.key == calls.c.delivery_key)  # it is skipped
    columns = [
        *_CALL, earlier.c.row, earlier.c.conversation_id, earlier.c.agent_email, earlier.c.timestamp, known.c.key,
        earlier.c.near_key, known.c.words_digest, file.c.name, known.c.at,
    ]  # fmt: skip
    of_delivery = sa.and_(earlier.c.id == known.c.call_id, earlier.c.batch_id != calls.c.batch_id)
    # The address as a term of the call: SQLite would otherwise begin with all deliveries of the address.
    there_too = sa.func.coalesce(sa.func.nullif(calls.c.words_digest, calls.c.words_digest), address)
    by_words = sa.and_(known.c.address == there_too, known.c.words_digest == calls.c.words_digest)
    by_near_key = sa.and_(known.c.address == address, known.c.key == calls.c.near_key)
    sent = [
        sa.select(*columns).select_from(calls.join(known, matching).join(earlier, of_delivery))
        for matching in (by_words, by_near_key)
    ]
    written_oddly = sa.and_(
        earlier.c.near_key == sa.func.coalesce(calls.c.near_key, calls.c.delivery_key),
        earlier.c.batch_id != calls.c.batch_id,
    )
    of_earlier = sa.and_(known.c.address == address, known.c.key == earlier.c.delivery_key)
    sent.append(sa.select(*columns).select_from(calls.join(earlier, written_oddly).join(known, of_earlier)))
    split = len(_CALL)
    return [
        (_Known(*one[:split]), _Earlier(*one[split:]))
        for query in sent
        for one in connection.execute(
            query.join(file, file.c.id == earlier.c.batch_id).where(part, _UNDECIDED, ~there)
        )
    ]


def _waiting(
    connection: sa.Connection, part: sa.ColumnElement[bool], address: str
) -> list[tuple[_Known, _Earlier]]:
    """Return calls paired with those of other batches that wait to be sent, with the same words or nearly the same id."""
    queued = (
        sa.select(
            calls.c.row, calls.c.conversation_id, calls.c.agent_email, calls.c.timestamp, calls.c.delivery_key,
            calls.c.near_key, calls.c.words_digest, batches.c.name, sa.null(), calls.c.batch_id,
        )
        .join(submissions, submissions.c.id == calls.c.submission_id)
        .join(batches, batches.c.id == calls.c.batch_id)
        .where(submissions.c.address == address, submissions.c.state.in_(OPEN_STATES), calls.c.status == "queued")
    )  # fmt: skip
    by_key: dict[str | None, dict[str, _Earlier]] = {}  # near key or words → batch → one of its calls
    for *values, batch_id in connection.execute(queued):
        earlier = _Earlier(*values)
        for key in (earlier.near or earlier.key, earlier.words):
            by_key.setdefault(key, {})[batch_id] = earlier
    if not by_key:
        return []
    found = []
    for *values, batch_id in connection.execute(sa.select(*_CALL, calls.c.batch_id).where(part, _UNDECIDED)):
        call = _Known(*values)
        for key in (call.near or call.key, call.words):
            of_others = by_key.get(key, {})
            found += [(call, of_others[other]) for other in of_others if other != batch_id]
    return found


_UNDECIDED = sa.or_(
    calls.c.decisions.is_(None),
    sa.and_(  # both decisions say that it is another call
        calls.c.decisions.not_like(f'%"{OTHER_ID}"%'),
        calls.c.decisions.not_like(f'%"{corrected_calls.CORRECTED}"%'),
    ),
)


def _finding(earlier: _Earlier) -> Finding:
    when = "" if earlier.at is None else f" on {time.strftime('%d %b %Y %H:%M UTC', time.gmtime(earlier.at))}"
    what = "waits to be sent" if earlier.at is None else f"was sent{when}"
    return finding(
        OTHER_ID,
        "conversation_id",
        f"Row {earlier.row} of {earlier.name!r} {what} with the id {earlier.conversation_id!r}, and is probably the "
        "same call.",
        value=earlier.conversation_id,
    )
