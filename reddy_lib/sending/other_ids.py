"""Hold calls that an address may have already, under another id.

One program writes an id as 00123, another as 123 or 123.0, and Reddy would take the two for two calls. So a call of another
batch counts as probably the same in two cases: the two ids are one id that is written differently (`identity.near_id`), of
the same agent or with the same words; or agent, start and words are the same under any two ids. Only a person can tell, so
a finding that names the earlier call holds the later one. Calls that wait in another submission count as well.

Short calls at a whole minute are told apart by their ids alone: voicemails often share their words. Two rows of one
sheet count as one call only if their words are the same, and either their ids are one id written differently or agent and
start are the same (several exports in one sheet). Then the first row is sent and the others are held.

Calls whose words, start or agent were edited, before or after the other call was sent, are also compared by what was
loaded. Within one sheet what was loaded is compared with what was loaded: if all starts are shifted, one call often starts
when the next one was said to start.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from reddy_lib.batches.past_outcomes import NEVER_SENT, keep_past_outcome
from reddy_lib.batches.stored_rows import hold_calls, hold_renamed
from reddy_lib.database.bulk import pieces
from reddy_lib.database.former_keys import former_keys
from reddy_lib.database.schema import batches, calls, deliveries, submissions
from reddy_lib.findings import Finding, finding
from reddy_lib.identity import BY_START, agent_key, comparable, near_id, start_key, words_digest
from reddy_lib.model import from_payload
from reddy_lib.sending import content_conflicts, corrected_calls
from reddy_lib.sending.states import OPEN_STATES

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["OTHER_ID", "Held", "hold_known", "hold_other_ids", "hold_since", "not_sent", "renamed_not_sent"]

OTHER_ID = "conversation-sent-under-other-id"

_FEW_LINES = 4
"""Calls with fewer lines have the same words too often to be the same call, unless they started in the same second."""


class Held(NamedTuple):
    """What was looked at before a submission is created.

    Attributes:
        words: the error text for a submission that has no other calls; "" if no call was held.
        newest: the newest submission then, by id; None if there was no submission.
    """

    words: str
    newest: str | None


class _Earlier(NamedTuple):
    """The earlier call. `at`: when it was sent, in seconds since the epoch; None while it waits."""

    batch_id: str
    row: int
    conversation_id: str | None
    agent_email: str | None
    timestamp: float | None
    key: str | None
    near: str | None
    words: str | None
    name: str
    at: float | None


_Key = tuple[str | float | None, ...]
_Others = dict[_Key, dict[str, list[_Earlier]]]
"""Earlier calls by what they have in common with the same call under another id, and by batch; at most two of each, with
different delivery keys: a call is not compared with its own, so one of them is always left."""


class _Sheet(NamedTuple):
    """What the calls of a batch have in common, read once for all parts.

    Attributes:
        shared: digests of words that several calls have.
        loaded: the keys of calls whose words, start or agent were edited, as they were loaded; by row.
    """

    batch_id: str | None
    shared: frozenset[str]
    loaded: dict[int, set[str]]

    def keys_of(
        self, row: int, words: str | None, timestamp: float | None, agent_email: str | None
    ) -> list[_Key]:
        """Return the keys under which a call of this sheet is compared with others of it, as loaded."""
        if not self.loaded:
            return []
        now = start_key(words, timestamp, agent_email)
        return [("sheet", key) for key in self.loaded.get(row, {now}) if key is not None]


def hold_known(database: Database, parts: Sequence[sa.ColumnElement[bool]], address: str) -> Held:
    """Hold calls that the address may have: with other words, under an id that was corrected, or under another id.

    Calls whose product has another name in this list are held too: see `hold_renamed`.

    Args:
        parts: conditions on `calls`, as `submission.sendable` returns them.
    """
    database.require("send")
    with database.read() as connection:
        newest = _newest(connection)
    asked = content_conflicts.hold_other_words(database, parts, address)
    corrected = corrected_calls.hold_corrected(database, parts, address)
    others = hold_other_ids(database, parts, address)
    with database.write(right="send") as connection:
        renamed = hold_renamed(connection, parts)
    if asked:
        return Held(content_conflicts.not_sent(asked), newest)
    if corrected:
        return Held(corrected_calls.not_sent(corrected), newest)
    if renamed:
        return Held(renamed_not_sent(renamed), newest)
    return Held(not_sent(others) if others else "", newest)


def hold_since(
    connection: sa.Connection, parts: Sequence[sa.ColumnElement[bool]], address: str, held: Held
) -> str:
    """Hold calls that another submission took under another id since `hold_known`, and calls that were checked against
    another product list since; return the error text for both.

    Call it in the transaction that queues the calls, where no other submission can begin.
    """
    renamed = hold_renamed(connection, parts)
    words = held.words or (renamed_not_sent(renamed) if renamed else "")
    if _newest(connection) == held.newest:
        return words
    late = _hold(connection, parts, address)
    return words or (not_sent(late) if late else "")


def _newest(connection: sa.Connection) -> str | None:
    return connection.execute(
        sa.select(submissions.c.id).order_by(submissions.c.number.desc()).limit(1)
    ).scalar()


def hold_other_ids(database: Database, parts: Sequence[sa.ColumnElement[bool]], address: str) -> list[int]:
    """Hold calls that the address has, or will have, under another id; return their rows, ascending."""
    with database.write(right="send") as connection:
        return _hold(connection, parts, address)


def _hold(connection: sa.Connection, parts: Sequence[sa.ColumnElement[bool]], address: str) -> list[int]:
    rows: list[int] = []
    waiting = _waiting(connection, address)
    own = deliveries.alias()
    there = sa.exists().where(own.c.address == address, own.c.key == calls.c.delivery_key)  # it is skipped
    of_sheet: _Others = {}
    sheet = _sheet(connection, parts)
    some_key = sa.select(former_keys.c.key).where(former_keys.c.key.startswith(BY_START)).limit(1)
    was_edited = connection.execute(some_key).first() is not None
    for part in parts:
        undecided = sa.and_(part, _UNDECIDED)
        unsent = sa.and_(undecided, ~there)
        sent = _sent_before(connection, unsent, address)
        found = {**_beside(connection, unsent, sent), **_beside(connection, undecided, waiting)}
        if was_edited:
            found |= _edited_since(connection, unsent, address, waiting, sheet, found)
        found |= _of_one_sheet(connection, unsent, sheet, of_sheet, found)
        keep_past_outcome(connection, list(found))
        for ids in pieces(found):
            connection.execute(calls.update().where(calls.c.id.in_(ids)).values(**NEVER_SENT))
            hold_calls(connection, {id: _finding(found[id][1]) for id in ids})
        rows += [row for row, _ in found.values()]
    return sorted(rows)


def not_sent(rows: Sequence[int]) -> str:
    """Return the error text that names the rows which were not sent, and what to do."""
    return (
        f"{content_conflicts.rows_not_sent(rows)} The same call was probably sent, or is waiting to be "
        f"sent, under another id. If it is another call, accept the finding {OTHER_ID}, then send it."
    )


def renamed_not_sent(rows: Sequence[int]) -> str:
    """Return the error text that names the rows which were held for their product, and what to do."""
    return (
        f"{content_conflicts.rows_not_sent(rows)} In the current product list, the id of their product has another "
        "name. Choose the right product, then send again."
    )


def _beside(
    connection: sa.Connection, part: sa.ColumnElement[bool], others: _Others
) -> dict[int, tuple[int, _Earlier]]:
    """Return the calls of a part that are probably earlier ones, as call id → (row, the earlier call).

    Each call is looked up by its keys, not compared with all others: thousands of voicemails may share their words.
    """
    if not others:
        return {}
    query = sa.select(
        calls.c.id, calls.c.row, calls.c.batch_id, calls.c.delivery_key, calls.c.near_key, calls.c.words_digest,
        calls.c.conversation_id, calls.c.agent_email, calls.c.timestamp, calls.c.lines,
    ).where(part)  # fmt: skip
    found = {}
    for call in connection.execute(query):
        keys: list[_Key] = [("key", call.near_key or call.delivery_key)]
        keys += _by_words(call.words_digest, call.conversation_id)
        if call.lines >= _FEW_LINES or (call.timestamp or 0.0) % 60 != 0:
            keys += _by_start(call.words_digest, call.timestamp, call.agent_email)
        for key in keys:
            if earlier := _other(others.get(key, {}), call.batch_id, call.delivery_key):
                found[call.id] = (call.row, earlier)
                break
        else:
            long = keys if call.lines >= _FEW_LINES else keys[:2]
            if earlier := _above(others, long, call.batch_id, call.conversation_id):
                found[call.id] = (call.row, earlier)
    return found


def _sheet(connection: sa.Connection, parts: Sequence[sa.ColumnElement[bool]]) -> _Sheet:
    batch_id = None
    for part in parts:
        batch_id = connection.execute(sa.select(calls.c.batch_id).where(part).limit(1)).scalar()
        if batch_id is not None:
            break
    shared = (
        sa.select(calls.c.words_digest)
        .where(calls.c.batch_id == batch_id, calls.c.words_digest.is_not(None))
        .group_by(calls.c.words_digest)
        .having(sa.func.count() > 1)
    )
    edited = (
        sa.select(calls.c.row, former_keys.c.key)
        .join(former_keys, former_keys.c.call_id == calls.c.id)
        .where(calls.c.batch_id == batch_id, former_keys.c.key.startswith(BY_START))
    )
    loaded: dict[int, set[str]] = {}
    for row, key in connection.execute(edited):
        loaded.setdefault(row, set()).add(key)
    return _Sheet(batch_id, frozenset(connection.execute(shared).scalars()), loaded)


def _edited_since(
    connection: sa.Connection,
    part: sa.ColumnElement[bool],
    address: str,
    waiting: _Others,
    sheet: _Sheet,
    held: Container[int],
) -> dict[int, tuple[int, _Earlier]]:
    """Return the calls of a part that equal a sent or waiting call if one or both are taken as they were loaded.

    Args:
        held: ids of calls that are held already.
    """
    query = sa.select(
        calls.c.id, calls.c.row, calls.c.batch_id, calls.c.delivery_key, calls.c.conversation_id, calls.c.words_digest,
        calls.c.timestamp, calls.c.agent_email, calls.c.lines,
    ).where(part)  # fmt: skip
    some = [call for call in connection.execute(query) if call.id not in held]
    edited = [call.id for call in some if call.row in sheet.loaded]
    loaded = _as_loaded(connection, edited, waiting, address)
    keys: dict[int, list[str]] = {}
    for call in some:
        for words, start, agent in (
            (call.words_digest, call.timestamp, call.agent_email),
            *([loaded[call.id]] if call.id in loaded else []),
        ):
            key = start_key(words, start, agent)
            if key is not None and (call.lines >= _FEW_LINES or (start or 0.0) % 60 != 0):
                keys.setdefault(call.id, []).append(key)
    asked = {key for of_call in keys.values() for key in of_call}
    others: _Others = {}
    for key, one in _earlier_beside(connection, asked, loaded.values(), waiting, address):
        _add(others, ("loaded", key), one)
        if one.batch_id == sheet.batch_id:
            for own in sheet.keys_of(one.row, one.words, one.timestamp, one.agent_email):
                _add(others, own, one)
    found = {}
    for call in some:
        alike = (others.get(("loaded", key), {}) for key in keys.get(call.id, ()))
        earlier = next(filter(None, (_other(one, call.batch_id, call.delivery_key) for one in alike)), None)
        if earlier is None and call.lines >= _FEW_LINES:
            of_sheet = sheet.keys_of(call.row, call.words_digest, call.timestamp, call.agent_email)
            earlier = _above(others, of_sheet, call.batch_id, call.conversation_id)
        if earlier is not None:
            found[call.id] = (call.row, earlier)
    return found


_Loaded = tuple[str, float | None, str | None]
"""Digest of the words, start and agent of a call."""


def _as_loaded(
    connection: sa.Connection, ids: Sequence[int], waiting: _Others, address: str
) -> dict[int, _Loaded]:
    """Return what edited calls were when they were loaded, by call id; nothing if no call could equal one."""
    at_address = sa.select(deliveries.c.key).where(deliveries.c.address == address).limit(1)
    if not waiting and connection.execute(at_address).first() is None:
        return {}
    loaded = {}
    for some in pieces(ids):
        query = sa.select(calls.c.id, calls.c.original).where(
            calls.c.id.in_(some), calls.c.original.is_not(None)
        )
        for id, original in connection.execute(query):
            call = from_payload(original)
            loaded[id] = (words_digest(call), call.timestamp, call.agent_email)
    return loaded


_EARLIER: tuple[sa.ColumnElement[Any], ...] = (
    calls.c.batch_id, calls.c.row, calls.c.conversation_id, calls.c.agent_email, calls.c.timestamp, calls.c.delivery_key,
    calls.c.near_key, calls.c.words_digest, batches.c.name,
)  # fmt: skip


def _earlier_beside(
    connection: sa.Connection,
    keys: AbstractSet[str],
    loaded: Iterable[_Loaded],
    waiting: _Others,
    address: str,
) -> Iterator[tuple[str, _Earlier]]:
    """Yield sent and waiting calls that have, or had when they were loaded, one of these keys; with the key."""
    yield from _earlier_as_loaded(connection, keys, address)
    for one in _earlier_like(connection, set(loaded), waiting, address):
        key = start_key(one.words, one.timestamp, one.agent_email)
        if key is not None and key in keys:
            yield key, one


def _earlier_as_loaded(
    connection: sa.Connection, keys: Iterable[str], address: str
) -> Iterator[tuple[str, _Earlier]]:
    """Yield sent and waiting calls that had one of these keys as they were loaded, with the key."""
    here = sa.and_(deliveries.c.address == address, deliveries.c.key == calls.c.delivery_key)
    is_open = sa.and_(submissions.c.address == address, submissions.c.state.in_(OPEN_STATES))
    in_hand = set(connection.execute(sa.select(submissions.c.id).where(is_open)).scalars())
    for some in _hundreds(keys):
        # Whether a call waits is asked here: by submission, the database would read all waiting calls for each query.
        query = (
            sa.select(former_keys.c.key, calls.c.status, calls.c.submission_id, *_EARLIER, deliveries.c.at)
            .select_from(former_keys)
            .join(calls, calls.c.id == former_keys.c.call_id)
            .outerjoin(deliveries, here)
            .join(batches, batches.c.id == calls.c.batch_id)
            .where(former_keys.c.key.in_(some))
        )
        for key, status, submission_id, *told in connection.execute(query):
            if told[-1] is not None or (status == "queued" and submission_id in in_hand):
                yield key, _Earlier(*told)


def _earlier_like(
    connection: sa.Connection, loaded: AbstractSet[_Loaded], waiting: _Others, address: str
) -> Iterator[_Earlier]:
    """Yield sent calls with the words, and waiting calls with the words, start and agent, of calls as they were loaded."""
    for one in loaded:
        for key in _by_start(*one):
            for some in waiting.get(key, {}).values():
                yield from some
    for digests in _hundreds({words for words, _, _ in loaded}):
        query = (
            sa.select(*_EARLIER)
            .add_columns(deliveries.c.at)
            .select_from(deliveries)
            .join(calls, calls.c.id == deliveries.c.call_id)
            .join(batches, batches.c.id == calls.c.batch_id)
            .where(deliveries.c.address == address, deliveries.c.words_digest.in_(digests))
        )
        for told in connection.execute(query):
            yield _Earlier(*told)


def _hundreds(values: Iterable[str], size: int = 500) -> Iterator[list[str]]:
    ordered = sorted(values)
    return (ordered[at : at + size] for at in range(0, len(ordered), size))


def _of_one_sheet(
    connection: sa.Connection,
    part: sa.ColumnElement[bool],
    sheet: _Sheet,
    others: _Others,
    held: Container[int],
) -> dict[int, tuple[int, _Earlier]]:
    """Return the calls of a part that probably repeat a call above them in the same sheet, which will be sent.

    Args:
        part: a condition: calls that the address does not have under their id.
        others: the calls of earlier parts; the calls of this part are added.
        held: ids of calls that are held already. They are not sent, so they hold no other call.
    """
    if not sheet.shared and not sheet.loaded:
        return {}
    query = (
        sa.select(
            calls.c.id, calls.c.row, calls.c.batch_id, calls.c.delivery_key, calls.c.near_key, calls.c.words_digest,
            calls.c.conversation_id, calls.c.agent_email, calls.c.timestamp, calls.c.lines, batches.c.name,
        )
        .join(batches, batches.c.id == calls.c.batch_id)
        .where(part)
        .order_by(calls.c.row)
    )  # fmt: skip
    found = {}
    for call in connection.execute(query):
        if call.id in held:
            continue
        keys = []
        if call.words_digest in sheet.shared:
            keys += _by_words(call.words_digest, call.conversation_id)
            if call.lines >= _FEW_LINES:
                keys += _by_start(call.words_digest, call.timestamp, call.agent_email)
        if call.lines >= _FEW_LINES:
            keys += sheet.keys_of(call.row, call.words_digest, call.timestamp, call.agent_email)
        if not keys:
            continue
        if earlier := _above(others, keys, call.batch_id, call.conversation_id):
            found[call.id] = (call.row, earlier)
            continue
        one = _Earlier(
            call.batch_id, call.row, call.conversation_id, call.agent_email, call.timestamp, call.delivery_key,
            call.near_key, call.words_digest, call.name, None,
        )  # fmt: skip
        for key in keys:
            others.setdefault(key, {}).setdefault(call.batch_id, [one])
    return found


def _above(
    others: _Others, keys: Sequence[_Key], batch_id: str, conversation_id: str | None
) -> _Earlier | None:
    """Return a call above in the same sheet that is probably this one, by its words: ids of one sheet often look alike."""
    for key in keys:
        for earlier in others.get(key, {}).get(batch_id, ()) if key[0] != "key" else ():
            # One conversation of two agents is two calls for Reddy.
            if comparable(earlier.conversation_id or "") != comparable(conversation_id or ""):
                return earlier
    return None


def _other(of_key: dict[str, list[_Earlier]], batch_id: str, key: str | None) -> _Earlier | None:
    """Return an earlier call of another batch, sent under another key than this call has."""
    for batch, some in of_key.items():
        if batch != batch_id:
            for earlier in some:
                if earlier.key != key:
                    return earlier
    return None


def _by_words(words: str | None, conversation_id: str | None) -> list[_Key]:
    return [("id", words, near_id(conversation_id))] if words and conversation_id else []


def _by_start(words: str | None, timestamp: float | None, agent_email: str | None) -> list[_Key]:
    return (
        [("start", words, timestamp, agent_key(agent_email or ""))] if words and timestamp is not None else []
    )


def _index(others: _Others, earlier: _Earlier) -> None:
    """Store an earlier call under each of its keys."""
    keys: list[_Key] = [("key", key) for key in {earlier.near, earlier.key} if key is not None]
    keys += _by_words(earlier.words, earlier.conversation_id)
    keys += _by_start(earlier.words, earlier.timestamp, earlier.agent_email)
    for key in keys:
        _add(others, key, earlier)


def _add(others: _Others, key: _Key, earlier: _Earlier) -> None:
    some = others.setdefault(key, {}).setdefault(earlier.batch_id, [])
    if not some or (len(some) == 1 and some[0].key != earlier.key):
        some.append(earlier)


def _sent_before(connection: sa.Connection, part: sa.ColumnElement[bool], address: str) -> _Others:
    """Return calls that were sent and have the words of some call of the part, or an id that may be the same."""
    earlier, known, file = calls.alias(), deliveries.alias(), batches.alias()
    columns = [
        earlier.c.batch_id, earlier.c.row, earlier.c.conversation_id, earlier.c.agent_email, earlier.c.timestamp,
        known.c.key, earlier.c.near_key, known.c.words_digest, file.c.name, known.c.at,
    ]  # fmt: skip
    words = sa.select(calls.c.words_digest).where(part, calls.c.words_digest.is_not(None))
    near_keys = sa.select(calls.c.near_key).where(part, calls.c.near_key.is_not(None))
    either = sa.select(sa.func.coalesce(calls.c.near_key, calls.c.delivery_key)).where(part)
    of_delivery = earlier.c.id == known.c.call_id
    of_earlier = sa.and_(known.c.address == address, known.c.key == earlier.c.delivery_key)
    sent = [
        sa.select(*columns)
        .select_from(known.join(earlier, of_delivery))
        .where(known.c.address == address, matching)
        for matching in (known.c.words_digest.in_(words), known.c.key.in_(near_keys))
    ]
    sent.append(
        sa.select(*columns).select_from(earlier.join(known, of_earlier)).where(earlier.c.near_key.in_(either))
    )
    oddly_written = sa.select(earlier.c.id).where(
        earlier.c.near_key.in_(either), earlier.c.forgotten_at.is_not(None)
    )
    # By their ids, and only if there are any: deliveries have no index by call, and these calls have no key any more.
    for ids in pieces(connection.execute(oddly_written).scalars().all()):
        of_forgotten = sa.and_(known.c.address == address, known.c.call_id == earlier.c.id)
        sent.append(
            sa.select(*columns).select_from(earlier.join(known, of_forgotten)).where(known.c.call_id.in_(ids))
        )
    others: _Others = {}
    for query in sent:
        for one in connection.execute(query.join(file, file.c.id == earlier.c.batch_id)):
            _index(others, _Earlier(*one))
    return others


def _waiting(connection: sa.Connection, address: str) -> _Others:
    """Return the calls that wait to be sent to the address."""
    queued = (
        sa.select(
            calls.c.batch_id, calls.c.row, calls.c.conversation_id, calls.c.agent_email, calls.c.timestamp,
            calls.c.delivery_key, calls.c.near_key, calls.c.words_digest, batches.c.name, sa.null(),
        )
        .join(submissions, submissions.c.id == calls.c.submission_id)
        .join(batches, batches.c.id == calls.c.batch_id)
        .where(submissions.c.address == address, submissions.c.state.in_(OPEN_STATES), calls.c.status == "queued")
    )  # fmt: skip
    others: _Others = {}
    for one in connection.execute(queued):
        _index(others, _Earlier(*one))
    return others


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
    said = f"Row {earlier.row} of {earlier.name!r} {what}"
    told = (
        f"{said} with this id, written differently, and was forgotten since. It is probably the same call."
        if earlier.conversation_id is None
        else f"{said} with the id {earlier.conversation_id!r}, and is probably the same call."
    )
    return finding(
        OTHER_ID,
        "conversation_id",
        told,
        value=earlier.conversation_id,
    )
