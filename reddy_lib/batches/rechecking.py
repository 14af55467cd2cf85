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
from reddy_lib.batches.renamed_products import RENAMED, is_about, meant_number, renamed
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import EDITABLE, batches, calls
from reddy_lib.findings import Finding
from reddy_lib.model import Call, from_payload
from reddy_lib.spreadsheet.calls.cell_values import whole_number
from reddy_lib.spreadsheet.cells.tag_values import cell_text

__all__ = ["recheck", "same_products"]


def recheck(batch: StoredBatch, products: Sequence[Any] | None) -> None:
    """Check every call that can still be edited against these products, and store them; see `Batch.recheck`.

    Other calls only remember a product that has another name in this list, in case they can be sent again one day.
    """
    now = time.time()
    listed = arguments.product_dicts(products)
    with batch.database.read() as connection:  # another tab may have checked it since `batch` was read
        kept = connection.execute(sa.select(batches.c.products).where(batches.c.id == batch.id)).scalar_one()
    before = None if kept is None else msgspec.json.decode(kept)
    for some in pieces(batch.rows()):
        with batch.database.write() as connection:
            query = (
                sa.select(calls)
                .where(calls.c.batch_id == batch.id, calls.c.row.in_(some))
                .where(calls.c.forgotten_at.is_(None))
                .with_for_update()
            )
            for old in connection.execute(query).all():
                call, decisions = from_payload(old.payload), read_decisions(old.decisions)
                source = _source_findings(batch, old, call, before, listed)
                changed: dict[str, Any] = {}
                if source != old.source_findings:
                    changed["source_findings"] = source
                    if decisions.accepted.pop(RENAMED, None) is not None:  # it was accepted for another list
                        changed["decisions"] = msgspec.json.encode(decisions).decode() if decisions else None
                if old.status not in EDITABLE:
                    if changed:
                        connection.execute(calls.update().where(calls.c.id == old.id).values(**changed))
                    continue
                taken = CallSource(old.payload, old.original, source, old.unassigned, old.audio)
                found = standing_findings(taken, call, decisions, products=listed, now=now)
                # Duplicates depend on other calls, not on the products.
                found += [f for f in decode_findings(old.findings) if f.code == "conversation-duplicate"]
                summary = summarised(merged([], found))
                if summary["findings"] == old.findings and not changed:
                    continue
                if old.status in ("held", "ready"):
                    summary["status"] = "held" if summary["errors"] else "ready"
                connection.execute(calls.update().where(calls.c.id == old.id).values(**summary, **changed))
    stored = None if listed is None else msgspec.json.encode(listed).decode()
    with batch.database.write() as connection:
        connection.execute(batches.update().where(batches.c.id == batch.id).values(products=stored))
    batch.products = listed


def _source_findings(
    batch: StoredBatch,
    old: sa.Row[Any],
    call: Call,
    before: list[dict[str, Any]] | None,
    listed: list[dict[str, Any]] | None,
) -> str:
    """Return the call's findings of reading, plus `product-renamed` if its product had another name in `before`."""
    source: list[Finding] = []
    settled = call.product_id is None
    for one in decode_findings(old.source_findings):
        settled = settled or (one.code == RENAMED and is_about(one, call))
        # also of a product that the call had before: an undo may bring it back
        kept = renamed(meant_number(one.value), one, before, listed) if one.code == RENAMED else one
        if kept is not None:
            source.append(kept)
    column = batch.mapping.fields.get("product_id")
    cell = msgspec.json.decode(old.cells).get(column, "") if column is not None else ""
    if not settled and whole_number(cell_text(cell)) != call.product_id:  # else it is the sheet's own id
        new = renamed(call.product_id, None, before, listed)
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
