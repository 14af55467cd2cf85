"""Statements over many calls read an index and not the calls, and a new call is written to no more than it needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.database.schema import calls, submissions
from tests.conftest import PRODUCTS

pytestmark = pytest.mark.parametrize("ledger", ["sqlite"], indirect=True)


def plan(ledger: reddy.Ledger, statement: sa.Select[tuple[object, ...]]) -> str:
    with ledger.read() as connection:
        text = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
        return "\n".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))


_OF_SUBMISSIONS = {
    "one": calls.c.submission_id == "s1",
    "several": calls.c.submission_id.in_(["s1", "s2"]),
    "of an address": calls.c.submission_id.in_(
        sa.select(submissions.c.id).where(submissions.c.address == "https://reddy.example")
    ),
}


@pytest.mark.parametrize("which", _OF_SUBMISSIONS)
def test_calls_of_a_submission_are_found_by_the_index_of_sent_calls(ledger: reddy.Ledger, which: str) -> None:
    counted = (
        sa.select(calls.c.status, sa.func.count()).where(_OF_SUBMISSIONS[which]).group_by(calls.c.status)
    )
    assert "COVERING INDEX calls_of_submission (submission_id=?)" in plan(ledger, counted)


@pytest.mark.parametrize(
    "counted",
    [
        sa.select(calls.c.codes, calls.c.warnings, calls.c.edited, sa.func.count()),
        sa.select(sa.func.sum(calls.c.characters_placed), sa.func.sum(calls.c.characters_dropped)),
    ],
    ids=["problems", "loss"],
)
def test_problems_and_loss_of_a_batch_are_counted_from_one_index(
    ledger: reddy.Ledger, counted: sa.Select[tuple[object, ...]]
) -> None:
    found = plan(ledger, counted.where(calls.c.batch_id == "b1").group_by(calls.c.codes))
    assert found == "SEARCH calls USING COVERING INDEX calls_by_problem (batch_id=?)"


def test_a_new_call_runs_no_trigger_and_is_not_in_the_index_of_sent_calls(
    ledger: reddy.Ledger, sheet: Callable[..., Path], client: reddy.Client
) -> None:
    batch = ledger.load(sheet(4), products=PRODUCTS, progress=False)
    indexed = "SELECT count(*) FROM calls INDEXED BY calls_of_submission WHERE submission_id IS NOT NULL"
    triggers = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%INSERT ON calls%'"
    with ledger.read() as connection:
        assert connection.exec_driver_sql(indexed).scalar() == 0
        assert connection.exec_driver_sql(triggers).scalar() == 0
    reddy.submit(batch, client, progress=False)
    with ledger.read() as connection:
        assert connection.exec_driver_sql(indexed).scalar() == 4
