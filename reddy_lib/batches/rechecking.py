"""Check the calls of a batch again, against another product list."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.call_rows import (
    CallSource,
    decode_findings,
    encode_findings,
    merged,
    standing_findings,
    summarised,
)
from reddy_lib.batches.decisions import read_decisions
from reddy_lib.batches.renamed_products import RENAMED, meant_number, renamed
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import EDITABLE, batches, calls, edits
from reddy_lib.findings import Finding
from reddy_lib.model import Call, from_payload
from reddy_lib.spreadsheet.calls.cell_values import whole_number
from reddy_lib.spreadsheet.cells.tag_values import cell_text

__all__ = ["recheck", "same_products"]

_PAUSE = 0.02  # seconds until calls are looked at again that another transaction had locked


def recheck(batch: StoredBatch, products: Sequence[Any] | None) -> None:
    """Check every call that can still be edited against these products, and store them; see `Batch.recheck`.

    Other calls only remember a product that has another name in this list, in case they can be sent again one day.
    """
    now = time.time()
    listed = arguments.product_dicts(products)
    with batch.database.read() as connection:  # another tab may have checked it since `batch` was read
        kept = connection.execute(sa.select(batches.c.products).where(batches.c.id == batch.id)).scalar_one()
    names = _names_before(batch, None if kept is None else msgspec.json.decode(kept))
    for some in pieces(batch.rows()):
        left = set(some)
        while left := _recheck_rows(batch, left, names, listed, now=now):
            time.sleep(_PAUSE)  # another transaction has locked them
    stored: dict[str, Any] = {"products": None if listed is None else msgspec.json.encode(listed).decode()}
    mapping = batch.mapping
    if listed is None and kept is not None:  # the next list is compared with these names
        mapping = msgspec.structs.replace(
            mapping, product_names={str(one["id"]): str(one["name"]) for one in names}
        )
        stored["mapping"] = msgspec.json.encode(mapping).decode()
    with batch.database.write() as connection:
        connection.execute(batches.update().where(batches.c.id == batch.id).values(**stored))
    batch.products, batch.mapping = listed, mapping


def _names_before(batch: StoredBatch, listed: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Return the products that the calls were chosen from: of the list before, or else as the mapping names them."""
    before = {int(id): {"id": int(id), "name": name} for id, name in batch.mapping.product_names.items()}
    return list((before | {int(one["id"]): one for one in listed or ()}).values())


def _recheck_rows(
    batch: StoredBatch,
    rows: set[int],
    before: list[dict[str, Any]],
    listed: list[dict[str, Any]] | None,
    *,
    now: float,
) -> set[int]:
    """Check some hundred calls in one transaction; return the rows that another transaction has locked."""
    these = sa.and_(
        calls.c.batch_id == batch.id, calls.c.row.in_(sorted(rows)), calls.c.forgotten_at.is_(None)
    )
    with batch.database.write() as connection:
        # Workers update calls under way in an order of their own: who waits for a lock while holding others may deadlock.
        query = sa.select(calls).where(these).order_by(calls.c.row).with_for_update(skip_locked=True)
        taken = connection.execute(query).all()
        chosen = _chosen_before(connection, [old.id for old in taken])
        for old in taken:
            _recheck_call(connection, batch, old, chosen.get(old.id, set()), before, listed, now=now)
        done = {old.row for old in taken}
        if len(done) == len(rows):
            return set()
        return set(connection.execute(sa.select(calls.c.row).where(these)).scalars()) - done


def _recheck_call(
    connection: sa.Connection,
    batch: StoredBatch,
    old: sa.Row[Any],
    chosen: set[int],
    before: list[dict[str, Any]],
    listed: list[dict[str, Any]] | None,
    *,
    now: float,
) -> None:
    call, decisions = from_payload(old.payload), read_decisions(old.decisions)
    source = _source_findings(batch, old, chosen, call, before, listed)
    changed: dict[str, Any] = {}
    if source != old.source_findings:
        changed["source_findings"] = source
        if decisions.accepted.pop(RENAMED, None) is not None:  # it was accepted for another list
            changed["decisions"] = msgspec.json.encode(decisions).decode() if decisions else None
    if old.status in EDITABLE:
        taken = CallSource(old.payload, old.original, source, old.unassigned, old.audio)
        found = standing_findings(taken, call, decisions, products=listed, now=now)
        # Duplicates depend on other calls, not on the products.
        found += [f for f in decode_findings(old.findings) if f.code == "conversation-duplicate"]
        summary = summarised(merged([], found))
        if summary["findings"] != old.findings or changed:
            changed |= summary
            if old.status in ("held", "ready"):
                changed["status"] = "held" if summary["errors"] else "ready"
    if changed:
        connection.execute(calls.update().where(calls.c.id == old.id).values(**changed))


def _chosen_before(connection: sa.Connection, call_ids: list[int]) -> dict[int, set[int]]:
    """Return call id → every product that an edit set or replaced: an undo may restore it."""
    found: dict[int, set[int]] = {}
    for ids in pieces(call_ids):
        query = sa.select(edits.c.call_id, edits.c.before, edits.c.after).where(
            edits.c.call_id.in_(ids), edits.c.field == "product_id"
        )
        for call_id, *values in connection.execute(query):
            numbers = [msgspec.json.decode(value) for value in values if value is not None]
            found.setdefault(call_id, set()).update(one for one in numbers if isinstance(one, int))
    return found


def _source_findings(
    batch: StoredBatch,
    old: sa.Row[Any],
    chosen: set[int],
    call: Call,
    before: list[dict[str, Any]],
    listed: list[dict[str, Any]] | None,
) -> str:
    """Return the call's findings of reading, plus `product-renamed` for each product that the call has or had
    (`chosen`) and that had another name in `before`."""
    source: list[Finding] = []
    settled: set[int] = set()
    for one in decode_findings(old.source_findings):
        if one.code != RENAMED:
            source.append(one)
            continue
        settled.add(meant_number(one.value))
        kept = renamed(meant_number(one.value), one, before, listed)
        source += [] if kept is None else [kept]
    column = batch.mapping.fields.get("product_id")
    cell = msgspec.json.decode(old.cells).get(column, "") if column is not None else ""
    settled.add(whole_number(cell_text(cell)) or 0)  # the sheet's own id
    own = set() if call.product_id is None else {call.product_id}
    for number in sorted((chosen | own) - settled):
        new = renamed(number, None, before, listed)
        source += [] if new is None else [new]
    return encode_findings(source)


def same_products(one: Iterable[Any] | None, other: Iterable[Any] | None) -> bool:
    """Whether two product lists have the same ids, names and states, in any order."""

    def told(products: Iterable[Any] | None) -> set[tuple[str, ...]] | None:
        listed = arguments.product_dicts(products)
        if listed is None:
            return None
        return {tuple(str(product.get(name, "")) for name in ("id", "name", "status")) for product in listed}

    return told(one) == told(other)
