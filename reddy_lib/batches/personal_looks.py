"""Look through calls for personal data, once for each version of a call, and remember what kinds it names.

A row of `personal_data` has kinds and counts, never words. A change of the call deletes it in the same transaction
(`call_changes`), so a row that is there is of the call as it is now.
"""

from __future__ import annotations

import gc
import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib.batches.garbage import no_search_for_cycles
from reddy_lib.batches.masks import masks_in, own_masks
from reddy_lib.batches.removed_codes import calls_without_codes
from reddy_lib.batches.said_in_call import items_of
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.bulk import pieces, run_many
from reddy_lib.database.database import Database
from reddy_lib.database.schema import calls, personal_data
from reddy_lib.model import Call, from_payload
from reddy_lib.personal_data import FINDER, KINDS, FinderTest, self_test

__all__ = [
    "PersonalData",
    "counts_of",
    "digest",
    "finder_test",
    "kinds_of",
    "kinds_of_calls",
    "look_through",
    "not_looked_through",
    "personal_data_in",
    "personal_data_of",
    "unread_count",
]

PIECE = 100
"""Calls a transaction: the words are read before it, so it takes some milliseconds."""


class PersonalData(NamedTuple):
    """How much personal data calls hold: by kind, the number of items, and the rows of the calls.

    `masked`: items by kind that were masked here, and so are not sent; `masked_calls`: the calls that have them.
    """

    items: dict[str, int]
    rows: dict[str, list[int]]
    calls: int  # that were looked through
    masked: dict[str, int]
    masked_calls: int

    @property
    def kinds(self) -> list[str]:
        """The kinds that were found, in the order of `KINDS`."""
        return [kind for kind in KINDS if self.items.get(kind)]


def not_looked_through() -> sa.ColumnElement[bool]:
    """Return the condition of a call whose present words were not looked through."""
    return ~sa.exists().where(personal_data.c.call_id == calls.c.id, personal_data.c.finder == FINDER)


def unread_count(database: Database, parts: Sequence[sa.ColumnElement[bool]]) -> int:
    """Return how many of these calls have to be looked through. `parts`: conditions on `calls`."""
    with database.read() as connection:
        return sum(
            connection.execute(
                sa.select(sa.func.count()).select_from(calls).where(part, not_looked_through())
            ).scalar_one()
            for part in parts
        )


def look_through(
    database: Database,
    parts: Sequence[sa.ColumnElement[bool]],
    *,
    on_progress: Callable[[int], object] | None = None,
) -> int:
    """Look through those of these calls that were changed since, or never looked through; return how many.

    Args:
        parts: conditions on `calls`, to be asked one after the other.
        on_progress: called with the number of calls that are done.
    """
    database.require("edit")
    done = 0
    for part in parts:
        with database.read() as connection:
            query = sa.select(calls.c.id).where(part, not_looked_through()).order_by(calls.c.row)
            ids = list(connection.execute(query).scalars())
        for some in pieces(ids, PIECE):
            with no_search_for_cycles():
                _look(database, some)
                gc.collect(0)
            done += len(some)
            if on_progress is not None:
                on_progress(done)
    return done


def _look(database: Database, ids: Sequence[int]) -> None:
    wanted = ("id", "batch_id", "payload", "original")
    query = sa.select(*(calls.c[name] for name in wanted)).where(calls.c.id.in_(ids))
    with database.read() as connection:
        found = connection.execute(query).all()
        removed = calls_without_codes(connection, ids)
    read = {one.id: (one.payload, _row(one, removed=one.id in removed)) for one in found}
    with database.write() as connection:
        now = connection.execute(
            sa.select(calls.c.id, calls.c.payload).where(calls.c.id.in_(ids)).with_for_update()
        )
        rows = [read[id][1] for id, payload in now if id in read and read[id][0] == payload]
        if rows:
            run_many(connection, _remember(connection.dialect.name), rows)


@cache
def _remember(dialect: str) -> sa.Insert:
    """Return the statement that stores what was found in a call."""
    insert = (sqlite if dialect == "sqlite" else postgresql).insert(personal_data)
    values: dict[str, sa.BindParameter[object]] = {
        column.name: sa.bindparam(column.name) for column in personal_data.c
    }
    statement: sa.Insert = insert.values(values).on_conflict_do_update(
        index_elements=["call_id"],
        set_={name: insert.excluded[name] for name in ("finder", "digest", "kinds", "masked")},
    )
    return statement


def _row(one: Any, *, removed: bool) -> dict[str, int | str]:
    call = from_payload(one.payload)
    masked = masks_in(call)
    if masked:  # some exports come with masks of their own
        masked = own_masks(call, from_payload(one.original or one.payload), removed=removed)
    return {
        "call_id": one.id,
        "batch_id": one.batch_id,
        "finder": FINDER,
        "digest": digest(one.payload),
        "kinds": _stored(kinds_of(call)),
        "masked": _stored(masked),
    }


def kinds_of(call: Call) -> Counter[str]:
    """Return the items of personal data that a call names, by kind."""
    return Counter(kind for kind, _ in items_of(call))


_spoken = msgspec.json.Decoder(dict[str, msgspec.Raw])


def digest(payload: str) -> str:
    """Return a digest of what is looked through: the transcript, the tags and the recording's name."""
    raw = _spoken.decode(payload)
    hashed = hashlib.blake2b(digest_size=16)
    for name in ("transcript", "tags", "filename"):
        hashed.update(bytes(raw.get(name, b"")))
        hashed.update(b"\x1f")
    return hashed.hexdigest()


def kinds_of_calls(connection: sa.Connection, payloads: Mapping[int, str]) -> dict[int, frozenset[str]]:
    """Return call id → the kinds it names, for calls that are about to be sent. Takes some hundred calls.

    What is remembered counts only if it is of this very payload; else the call is looked through here.

    Args:
        payloads: call id → payload.
    """
    columns = (personal_data.c.call_id, personal_data.c.digest, personal_data.c.kinds)
    query = sa.select(*columns).where(
        personal_data.c.call_id.in_(list(payloads)), personal_data.c.finder == FINDER
    )
    known = {id: (hashed, kinds) for id, hashed, kinds in connection.execute(query)}
    found: dict[int, frozenset[str]] = {}
    for id, payload in payloads.items():
        hashed, kinds = known.get(id, ("", ""))
        if hashed and hashed == digest(payload):
            found[id] = frozenset(counts_of(kinds))
        else:
            found[id] = frozenset(kinds_of(from_payload(payload)))
    return found


def personal_data_in(
    database: Database, parts: Sequence[sa.ColumnElement[bool]], *, masked: bool = True
) -> PersonalData:
    """Return what these calls name, as far as they were looked through: nothing is looked for here.

    Args:
        masked: also count what was masked.
    """
    items: Counter[str] = Counter()
    rows: dict[str, list[int]] = {}
    gone: Counter[str] = Counter()
    seen = gone_calls = 0
    told = sa.or_(personal_data.c.kinds != "", personal_data.c.masked != "")
    with database.read() as connection:
        for part in parts:
            joined = calls.join(personal_data, personal_data.c.call_id == calls.c.id)
            seen += connection.execute(
                sa.select(sa.func.count()).select_from(joined).where(part, personal_data.c.finder == FINDER)
            ).scalar_one()
            query = (
                sa.select(calls.c.row, personal_data.c.kinds, personal_data.c.masked)
                .select_from(joined)
                .where(part, told, personal_data.c.finder == FINDER)
                .order_by(calls.c.row)
            )
            for row, kinds, masks in connection.execute(query):
                here = counts_of(kinds)
                items.update(here)
                for kind in here:
                    rows.setdefault(kind, []).append(row)
                if masks and masked:
                    gone.update(counts_of(masks))
                    gone_calls += 1
    return PersonalData(dict(items), rows, seen, dict(gone), gone_calls)


def personal_data_of(
    batch: StoredBatch,
    rows: Iterable[int] | None = None,
    *,
    on_progress: Callable[[int], object] | None = None,
) -> PersonalData:
    """Look through the transcripts and tags of calls (None: all). What was found is remembered, and no words are.

    Args:
        on_progress: called with the number of calls that were looked through.

    Raises NotInLedger: the batch has no such row.
    """
    parts = [calls.c.batch_id == batch.id]
    if rows is not None:
        parts = [sa.and_(parts[0], calls.c.row.in_(some)) for some in pieces(batch.these_rows(rows))]
    if batch.database.may("edit"):
        look_through(batch.database, parts, on_progress=on_progress)
        return personal_data_in(batch.database, parts)
    items: Counter[str] = Counter()
    found: dict[str, list[int]] = {}
    looked = 0
    for row, payload in batch.payloads(rows):
        here = kinds_of(msgspec.convert(payload, Call))
        items.update(here)
        for kind in here:
            found.setdefault(kind, []).append(row)
        looked += 1
        if on_progress is not None:
            on_progress(looked)
    return PersonalData(dict(items), found, looked, {}, 0)


MOST_TESTED = 400
"""Calls that are read for a test of the finder."""


def finder_test(
    batch: StoredBatch,
    rows: int | Iterable[int] | None = None,
    *,
    items: int = 500,
    seed: int = 7,
    on_progress: Callable[[int], object] | None = None,
) -> FinderTest:
    """Plant made-up personal data in copies of calls and count what is found; see `Batch.test_finder`."""
    wanted = batch.rows() if rows is None else batch.these_rows(rows)
    if len(wanted) > MOST_TESTED:
        wanted = sorted(random.Random(seed).sample(wanted, MOST_TESTED))
    conversations = [msgspec.convert(payload, Call).transcript or [] for _, payload in batch.payloads(wanted)]
    return self_test(conversations, items=items, seed=seed, on_progress=on_progress)


def counts_of(stored: str) -> dict[str, int]:
    """Return kind → items, as `personal_data` stores it."""
    found: dict[str, int] = {}
    for part in stored.strip("|").split("|"):
        kind, _, count = part.partition(":")
        if count:
            found[kind] = int(count)
    return found


def _stored(counts: Mapping[str, int]) -> str:
    told = "|".join(f"{kind}:{counts[kind]}" for kind in KINDS if counts.get(kind, 0) > 0)
    return f"|{told}|" if told else ""
