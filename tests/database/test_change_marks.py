"""The mark of a batch's calls changes with each of its calls, and with nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches.facet_store import store_of
from reddy_lib.database.change_marks import calls_mark
from reddy_lib.database.schema import batches, calls
from tests.conftest import PRODUCTS

Sheet = Callable[..., Path]


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
    return ledger.load(sheet(4), products=PRODUCTS, progress=False)


def mark(batch: reddy.Batch) -> object:
    with batch.database.read() as connection:
        return calls_mark(connection, batch.id)


def test_it_stays_while_another_batch_is_loaded_edited_and_sent(
    ledger: reddy.Ledger, batch: reddy.Batch, sheet: Sheet, client: reddy.Client
) -> None:
    before = mark(batch)
    other = ledger.load(sheet(6, name="other.csv"), products=PRODUCTS, progress=False)
    other.update([2], agent_email="new@cedarline.example")
    reddy.submit(other, client, progress=False)
    assert mark(batch) == before


@pytest.mark.parametrize(
    "statement",
    [
        sa.update(calls).where(calls.c.row == 3).values(preview="other"),
        sa.delete(calls).where(calls.c.row == 3),
        sa.insert(calls).from_select(
            [column.name for column in calls.c if column.name != "id"],
            sa.select(
                *(
                    sa.literal(99).label("row") if column.name == "row" else column
                    for column in calls.c
                    if column.name != "id"
                )
            ).where(calls.c.row == 3),
        ),
    ],
    ids=["update", "delete", "insert"],
)
def test_it_changes_with_each_kind_of_change(
    batch: reddy.Batch, statement: sa.sql.expression.UpdateBase
) -> None:
    before = mark(batch)
    with batch.database.write() as connection:
        connection.execute(statement)
    after = mark(batch)
    assert before != after
    assert mark(batch) == after


@pytest.mark.parametrize("ledger", ["sqlite"], indirect=True)
def test_it_changes_when_a_load_ends(batch: reddy.Batch) -> None:
    """Calls of a batch that is being loaded may come in any order, and write no mark."""
    seen = {mark(batch)}
    for state in ("loading", "open"):
        with batch.database.write() as connection:
            connection.execute(sa.update(batches).where(batches.c.id == batch.id).values(state=state))
        seen.add(mark(batch))
    assert len(seen) == 3


def test_facets_are_not_read_again_when_another_batch_changes(
    ledger: reddy.Ledger, batch: reddy.Batch, sheet: Sheet
) -> None:
    with batch.database.read() as connection:
        before = store_of(batch).current(connection, batch)
    ledger.load(sheet(6, name="other.csv"), products=PRODUCTS, progress=False)
    with batch.database.read() as connection:
        assert store_of(batch).current(connection, batch) is before
    batch.update([2], agent_email="new@cedarline.example")
    with batch.database.read() as connection:
        assert store_of(batch).current(connection, batch) is not before
