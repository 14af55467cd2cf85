"""Check the calls of a batch again, against another product list."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.call_rows import decode_findings, merged, standing_findings, summarised
from reddy_lib.batches.decisions import read_decisions
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import EDITABLE, batches, calls
from reddy_lib.model import from_payload

__all__ = ["recheck", "same_products"]


def recheck(batch: StoredBatch, products: Sequence[Any] | None) -> None:
    """Check every call that can still be edited against these products, and store them; see `Batch.recheck`."""
    now = time.time()
    listed = arguments.product_dicts(products)
    for some in pieces(batch.rows(status=sorted(EDITABLE))):
        with batch.database.write() as connection:
            query = (
                sa.select(calls)
                .where(calls.c.batch_id == batch.id, calls.c.row.in_(some), calls.c.status.in_(EDITABLE))
                .where(calls.c.forgotten_at.is_(None))
                .with_for_update()
            )
            for old in connection.execute(query).all():
                call, decisions = from_payload(old.payload), read_decisions(old.decisions)
                found = standing_findings(old, call, decisions, products=listed, now=now)
                # Duplicates depend on other calls, not on the products.
                found += [f for f in decode_findings(old.findings) if f.code == "conversation-duplicate"]
                summary = summarised(merged([], found))
                if summary["findings"] == old.findings:
                    continue
                if old.status in ("held", "ready"):
                    summary["status"] = "held" if summary["errors"] else "ready"
                connection.execute(calls.update().where(calls.c.id == old.id).values(**summary))
    stored = None if listed is None else msgspec.json.encode(listed).decode()
    with batch.database.write() as connection:
        connection.execute(batches.update().where(batches.c.id == batch.id).values(products=stored))
    batch.products = listed


def same_products(one: Iterable[Any] | None, other: Iterable[Any] | None) -> bool:
    """Whether two product lists have the same ids, names and states, in any order."""

    def told(products: Iterable[Any] | None) -> set[tuple[str, ...]] | None:
        listed = arguments.product_dicts(products)
        if listed is None:
            return None
        return {tuple(str(product.get(name, "")) for name in ("id", "name", "status")) for product in listed}

    return told(one) == told(other)
