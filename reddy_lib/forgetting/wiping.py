"""Empty the rows of calls that are forgotten, some hundred in a transaction; running it twice changes nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from reddy_lib.database.former_keys import former_keys
from reddy_lib.database.schema import (
    attempts,
    calls,
    corrections,
    deliveries,
    earlier_payloads,
    edits,
    facts,
    metadata,
    operations,
    past_outcomes,
    recipes,
    reconciliations,
    recordings,
    resends,
    restore_answers,
)
from reddy_lib.forgetting.receipts import Counts
from reddy_lib.identity import BY_START

__all__ = [
    "EMPTY",
    "conversations_of",
    "empty_operations",
    "is_emptied",
    "lock_out",
    "wipe",
    "wipe_draws",
    "wipe_recordings",
]

EMPTY = "{}"
"""The payload of a call whose words are gone."""

_WORDLESS: dict[str, Any] = {
    "payload": EMPTY,
    "original": None,
    "cells": "{}",
    "source_findings": "[]",
    "findings": "[]",
    "codes": "",
    "errors": 0,
    "warnings": 0,
    "edited": False,
    "agent_email": None,
    "timestamp": None,
    "conversation_id": None,
    "lines": 0,
    "tags": 0,
    "preview": "",
    "characters_in": None,
    "characters_placed": None,
    "characters_dropped": 0,
    "unassigned": None,
    "times": None,
    "decisions": None,
    "error": None,
    "skipped_because": None,
}
_OUTCOME = (
    "submission_id", "status", "upload_id", "http_status", "seconds", "sent_at", "ended_at", "audio",
)  # fmt: skip
_NO_FILE: dict[str, Any] = {
    "name": "",
    "place": "",
    "path": "",
    "sha256": "",
    "size": 0,
    "changed": 0.0,
    "content_type": "",
    "error": None,
    "upload_url": None,
    "host": None,
    "expires_at": None,
}


_KEPT_IN_PART = {
    table.name
    for table in (
        edits, earlier_payloads, attempts, past_outcomes, resends, recordings, reconciliations, corrections, deliveries,
        restore_answers, former_keys,
    )
}  # fmt: skip
TABLES_OF_CALLS = tuple(
    table for table in metadata.tables.values() if "call_id" in table.c and table.name not in _KEPT_IN_PART
)
"""Tables whose rows about a call go with its words, also those that a later version adds."""


def is_emptied() -> sa.ColumnElement[bool]:
    """Return the condition of a call whose words are gone already."""
    return calls.c.payload == EMPTY


def lock_out(connection: sa.Connection, call_ids: Sequence[int], *, now: float) -> None:
    """Keep calls from being sent or edited from now on, and their deliveries and near keys for good.

    The hashes of ids tell that a call which is loaded later was sent before, also where its id is written differently.

    A delivery in doubt counts as accepted: Reddy may have the call, and without its words there is no way to check.
    """
    here = calls.c.id.in_(call_ids)
    connection.execute(
        calls.update().where(here).values(forgotten_at=now, delivery_key=None, words_digest=None)
    )
    mine = deliveries.c.call_id.in_(call_ids)
    connection.execute(deliveries.update().where(mine).values(words_digest=None))
    connection.execute(
        deliveries.update().where(mine, deliveries.c.state == "unknown").values(state="accepted")
    )


def conversations_of(connection: sa.Connection, call_ids: Sequence[int]) -> set[str]:
    """Return the conversation ids of these calls, also those that they had before an edit."""
    query = sa.select(calls.c.payload, calls.c.original).where(calls.c.id.in_(call_ids))
    texts = [text for row in connection.execute(query) for text in row if text]
    earlier = sa.select(earlier_payloads.c.payload).where(earlier_payloads.c.call_id.in_(call_ids))
    texts += connection.execute(earlier).scalars()
    return {found for text in texts if (found := _conversation.decode(text).conversation_id)}


class _Conversation(msgspec.Struct):
    conversation_id: str | None = None


_conversation = msgspec.json.Decoder(_Conversation)


def wipe(connection: sa.Connection, call_ids: Sequence[int]) -> Counts:
    """Empty these calls inside the caller's transaction; delete those that were never sent. Return what was deleted."""
    ids = list(
        connection.execute(
            sa.select(calls.c.id)
            .where(calls.c.id.in_(call_ids), ~is_emptied())
            .order_by(calls.c.id)
            .with_for_update()
        ).scalars()
    )
    if not ids:
        return Counts()
    _drop_single_edits(connection, conversations_of(connection, ids))
    counts = Counts(calls=len(ids))
    counts.edits = _delete(connection, edits, ids)
    counts.payloads = _delete(connection, earlier_payloads, ids)
    for table in TABLES_OF_CALLS:
        _delete(connection, table, ids)
    answered = sa.and_(attempts.c.call_id.in_(ids), attempts.c.words.is_not(None))
    counts.answers = connection.execute(attempts.update().where(answered).values(words=None)).rowcount
    connection.execute(attempts.update().where(attempts.c.call_id.in_(ids)).values(request_id=None))
    connection.execute(
        past_outcomes.update()
        .where(past_outcomes.c.call_id.in_(ids))
        .values(error=None, skipped_because=None)
    )
    connection.execute(
        resends.update().where(resends.c.call_id.in_(ids)).values(reason="", words_digest=None)
    )
    wipe_recordings(connection, ids)
    never = _never_sent(connection, ids)
    counts.never_sent = len(never)
    for table in (reconciliations, resends, corrections, attempts, recordings, restore_answers, former_keys):
        _delete(connection, table, never)
    connection.execute(calls.delete().where(calls.c.id.in_(never)))
    kept = [one for one in ids if one not in set(never)]
    of_words = former_keys.c.key.startswith(BY_START)
    connection.execute(former_keys.delete().where(former_keys.c.call_id.in_(kept), of_words))
    _give_last_outcome(connection, kept)
    connection.execute(calls.update().where(calls.c.id.in_(kept)).values(**_WORDLESS))
    return counts


def _delete(connection: sa.Connection, table: sa.Table, ids: Sequence[int]) -> int:
    return connection.execute(table.delete().where(table.c.call_id.in_(ids))).rowcount


def _never_sent(connection: sa.Connection, ids: Sequence[int]) -> list[int]:
    query = sa.select(calls.c.id).where(
        calls.c.id.in_(ids),
        calls.c.submission_id.is_(None),
        calls.c.attempts == 0,
        ~sa.exists().where(past_outcomes.c.call_id == calls.c.id),
        ~sa.exists().where(deliveries.c.call_id == calls.c.id),
    )
    return list(connection.execute(query).scalars())


def _give_last_outcome(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Restore the last outcome of calls that were edited since, and so look as if they had none."""
    edited = sa.select(calls.c.id).where(calls.c.id.in_(ids), calls.c.submission_id.is_(None))
    for call_id in connection.execute(edited).scalars().all():
        last = connection.execute(
            sa.select(past_outcomes)
            .where(past_outcomes.c.call_id == call_id)
            .order_by(sa.func.coalesce(past_outcomes.c.ended_at, past_outcomes.c.sent_at, 0.0).desc())
            .limit(1)
        ).one_or_none()
        if last is None:
            continue
        values = {name: last._mapping[name] for name in _OUTCOME}
        connection.execute(
            calls.update().where(calls.c.id == call_id).values({**values, "audio": last.audio or "none"})
        )
        connection.execute(
            past_outcomes.delete().where(
                past_outcomes.c.call_id == call_id, past_outcomes.c.submission_id == last.submission_id
            )
        )


def wipe_recordings(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Keep the state of uploads that ended; forget the other recordings whole."""
    here = recordings.c.call_id.in_(ids)
    ended = recordings.c.state.in_(("uploaded", "failed", "expired"))
    connection.execute(recordings.update().where(here, ended).values(**_NO_FILE))
    without = list(connection.execute(sa.select(recordings.c.call_id).where(here, ~ended)).scalars())
    _delete(connection, recordings, without)
    connection.execute(calls.update().where(calls.c.id.in_(without)).values(audio="none"))


def _drop_single_edits(connection: sa.Connection, conversations: set[str]) -> None:
    """Remove from recipes the edits of these very calls."""
    for one in connection.execute(sa.select(recipes.c.id, recipes.c.steps)).all():
        if '"edit-call"' not in one.steps:
            continue
        steps = msgspec.json.decode(one.steps)
        left = [step for step in steps if not _edits_one_of(step, conversations)]
        if len(left) < len(steps):
            connection.execute(
                recipes.update()
                .where(recipes.c.id == one.id)
                .values(steps=msgspec.json.encode(left).decode(), retired=recipes.c.retired if left else True)
            )


def _edits_one_of(step: Any, conversations: set[str]) -> bool:
    if not isinstance(step, dict):
        return False
    if step.get("conversation_id") in conversations:
        return True
    if step.get("source") == "conversation_id" and conversations.intersection(step.get("values", ())):
        return True
    return any(_edits_one_of(inner, conversations) for inner in step.values())


def empty_operations(connection: sa.Connection, batch_ids: Sequence[str]) -> int:
    """Remove the titles and steps of operations that changed no call which is still there; return how many."""
    of_others = sa.exists().where(edits.c.operation_id == operations.c.id)
    gone = sa.and_(operations.c.batch_id.in_(batch_ids), operations.c.state != "running", ~of_others)
    return connection.execute(
        operations.update().where(gone, operations.c.title != _EMPTIED).values(title=_EMPTIED, step=None)
    ).rowcount


_EMPTIED = "A change of calls that were forgotten"


class _Seal(msgspec.Struct):
    balanced_over: tuple[str, ...] = ()


class _Draw(msgspec.Struct):
    batch: str
    seal: _Seal


def wipe_draws(connection: sa.Connection, batch_id: str, *, whole: bool) -> int:
    """Delete the draws of a batch (`whole`: all) that hold values of cells, tags or agents; return how many."""
    prefix = facts.c.name.startswith(f"draw:{batch_id}:", autoescape=True)
    gone = []
    for name, value in connection.execute(sa.select(facts.c.name, facts.c.value).where(prefix)).all():
        over = msgspec.json.decode(value, type=_Draw).seal.balanced_over
        if whole or any(each == "agent" or each.startswith(("tag:", "column:")) for each in over):
            gone.append(name)
    if gone:
        connection.execute(facts.delete().where(facts.c.name.in_(gone)))
    return len(gone)
