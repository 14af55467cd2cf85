"""Rows of `calls` in the database: store them, hold and release them, and mark duplicates.

No two calls of a batch may have the same (conversation_id, agent_email).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import sqlalchemy as sa

from reddy_lib.batches.call_rows import Value, decode_findings, encode_findings, in_order, merged, summarised
from reddy_lib.batches.decisions import read_decisions
from reddy_lib.batches.past_outcomes import NEVER_SENT, keep_past_outcome
from reddy_lib.batches.renamed_products import RENAMED, meant_number
from reddy_lib.database.bulk import pieces, run_many
from reddy_lib.database.schema import calls
from reddy_lib.findings import Finding, finding

__all__ = [
    "duplicate_keys",
    "hold_calls",
    "hold_renamed",
    "insert_calls",
    "release_calls",
    "remark_duplicates",
]


def insert_calls(connection: sa.Connection, values: Sequence[dict[str, Value]]) -> None:
    """Store what `new_call_values` returned."""
    if values:
        run_many(connection, _insert_of(tuple(values[0])), values)


@lru_cache(maxsize=8)
def _insert_of(columns: tuple[str, ...]) -> sa.Insert:
    return calls.insert().values({name: sa.bindparam(name) for name in columns})


def duplicate_keys(connection: sa.Connection, batch_id: str) -> list[str]:
    """Return the delivery keys that more than one call of the batch has."""
    query = (
        sa.select(calls.c.delivery_key)
        .where(calls.c.batch_id == batch_id, calls.c.delivery_key.is_not(None))
        .group_by(calls.c.delivery_key)
        .having(sa.func.count() > 1)
    )
    return [key for key in connection.execute(query).scalars() if key is not None]


class _Marked(NamedTuple):
    id: int
    row: int
    delivery_key: str
    findings: str
    status: str
    conversation_id: str | None
    codes: str


_MARK = (
    calls.update()
    .where(calls.c.id == sa.bindparam("the_call"))
    .values(
        {name: sa.bindparam(f"the_{name}") for name in ("findings", "codes", "errors", "warnings", "status")}
    )
)


def remark_duplicates(connection: sa.Connection, batch_id: str, keys: Sequence[str]) -> None:
    """Add the finding `conversation-duplicate` to every call but the first of each key, and remove it from the others.

    Takes some hundred keys at most, because they are all in one statement.
    """
    # Sorted here: asked for the order, SQLite reads the batch by row, all of it for each few hundred keys.
    query = sa.select(*(calls.c[name] for name in _Marked._fields)).where(
        calls.c.batch_id == batch_id, calls.c.delivery_key.in_(list(keys))
    )
    first: dict[str, int] = {}
    changed: list[dict[str, Value]] = []
    for found in sorted((_Marked(*one) for one in connection.execute(query)), key=lambda one: one.row):
        duplicate = found.delivery_key in first
        first.setdefault(found.delivery_key, found.row)
        if not duplicate and "|conversation-duplicate|" not in found.codes:
            continue
        findings = [f for f in decode_findings(found.findings) if f.code != "conversation-duplicate"]
        if duplicate:
            findings.append(
                finding(
                    "conversation-duplicate",
                    "conversation_id",
                    f"Row {first[found.delivery_key]} already has this conversation and agent.",
                    value=found.conversation_id,
                )
            )
        summary = summarised(in_order(findings))
        status = found.status
        if status in ("held", "ready"):
            status = "held" if summary["errors"] else "ready"
        changed.append(
            {
                "the_call": found.id,
                "the_status": status,
                **{f"the_{name}": value for name, value in summary.items()},
            }
        )
    if changed:
        connection.execute(_MARK, changed)


def hold_calls(connection: sa.Connection, found: Mapping[int, Finding]) -> None:
    """Hold calls that are not being sent, each by a finding of reading (call id → finding), in place of an earlier one of
    its code."""
    query = sa.select(calls.c.id, calls.c.source_findings, calls.c.findings).where(
        calls.c.id.in_(list(found))
    )
    held = []
    for id, source, findings in connection.execute(query).all():
        new = found[id]
        others = [one for one in decode_findings(findings) if one.code != new.code]
        summary = summarised(merged([new], others))
        stored = decode_findings(source)
        kept = stored if new in stored else [*(one for one in stored if one.code != new.code), new]
        held.append(
            {
                "the_call": id,
                "the_source": encode_findings(kept),
                "the_status": "held",
                **{f"the_{name}": value for name, value in summary.items()},
            }
        )
    if held:
        connection.execute(_HOLD, held)


def hold_renamed(connection: sa.Connection, parts: Sequence[sa.ColumnElement[bool]]) -> list[int]:
    """Hold calls whose product got another name while they could not be edited (`rechecking`); return their rows.

    Args:
        parts: conditions on `calls`, to be asked one after the other.
    """
    rows: list[int] = []
    for part in parts:
        query = sa.select(
            calls.c.id, calls.c.row, calls.c.source_findings, calls.c.decisions, calls.c.product_id
        ).where(part, calls.c.source_findings.contains(RENAMED), ~calls.c.codes.contains(RENAMED))
        found: dict[int, Finding] = {}
        for id, row, source, decisions, number in connection.execute(query):
            stored = [one for one in decode_findings(source) if one.code == RENAMED]
            # others are about a product that the call had before
            its = next((one for one in stored if meant_number(one.value) == number), None)
            if its is not None and RENAMED not in read_decisions(decisions).accepted:
                found[id] = its
                rows.append(row)
        keep_past_outcome(connection, list(found))
        for ids in pieces(found):
            connection.execute(calls.update().where(calls.c.id.in_(ids)).values(**NEVER_SENT))
            hold_calls(connection, {id: found[id] for id in ids})
    return sorted(rows)


def release_calls(connection: sa.Connection, call_ids: Iterable[int], code: str) -> None:
    """Remove a finding of reading from held calls: those that have no other error are ready."""
    query = sa.select(calls.c.id, calls.c.source_findings, calls.c.findings).where(
        calls.c.id.in_(list(call_ids)), calls.c.status == "held"
    )
    released = []
    for id, source, findings in connection.execute(query).all():
        summary = summarised([one for one in decode_findings(findings) if one.code != code])
        released.append(
            {
                "the_call": id,
                "the_source": encode_findings([one for one in decode_findings(source) if one.code != code]),
                "the_status": "held" if summary["errors"] else "ready",
                **{f"the_{name}": value for name, value in summary.items()},
            }
        )
    if released:
        connection.execute(_HOLD, released)


_HOLD = _MARK.values(source_findings=sa.bindparam("the_source"))
