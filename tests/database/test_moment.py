"""Inside a moment, what a thread reads fits together, also while others write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import reddy_lib as reddy
from reddy_lib.sandbox.faults import Fault
from tests.conftest import PRODUCTS
from tests.screen import set_status

Sheet = Callable[..., Path]


def elsewhere(what: Callable[[], object]) -> None:
    """Do something in another thread, as another person does."""
    thread = threading.Thread(target=what)
    thread.start()
    thread.join()


def test_numbers_of_one_moment_fit_each_other_while_somebody_else_writes(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    batch = ledger.load(sheet(3), products=PRODUCTS, progress=False)
    with ledger.moment():
        before = batch.counts()
        elsewhere(lambda: set_status(batch, 2, status="held"))
        assert batch.counts() == before
        assert batch.count(status="held") == 0
        with ledger.moment():  # one inside another is the same
            assert batch.counts() == before
    assert batch.count(status="held") == 1


def test_a_thread_sees_at_once_what_it_wrote_itself(ledger: reddy.Ledger, sheet: Sheet) -> None:
    batch = ledger.load(sheet(3), products=PRODUCTS, progress=False)
    with ledger.moment():
        assert batch.count(status="held") == 0
        set_status(batch, 2, status="held")
        assert batch.count(status="held") == 1


def test_before_a_wait_the_moment_is_let_go(ledger: reddy.Ledger, sheet: Sheet) -> None:
    batch = ledger.load(sheet(3), products=PRODUCTS, progress=False)
    with ledger.moment():
        assert batch.count(status="held") == 0
        elsewhere(lambda: set_status(batch, 2, status="held"))
        ledger.next_moment()
        assert batch.count(status="held") == 1


def test_a_moment_ends_also_where_its_block_fails(ledger: reddy.Ledger, sheet: Sheet) -> None:
    batch = ledger.load(sheet(3), products=PRODUCTS, progress=False)
    try:
        with ledger.moment():
            batch.counts()
            raise KeyError
    except KeyError:
        pass
    elsewhere(lambda: set_status(batch, 2, status="held"))
    assert batch.count(status="held") == 1


def test_while_reddy_is_asked_a_page_keeps_no_connection_of_the_ledger(
    ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox
) -> None:
    """A read that lasts as long as the questions would stop SQLite's checkpoints and use up PostgreSQL's connections."""
    kept: list[int] = []

    class Watched(reddy.Client):
        def add_tags(self, *args: Any, **named: Any) -> Any:
            kept.append(ledger.engine.pool.checkedout())  # type: ignore[attr-defined]
            return super().add_tags(*args, **named)

    with Watched(sandbox.token, base_url=sandbox.url) as client:
        sandbox.faults.add(Fault(kind="hang-up", times=3, processed=True))
        batch = ledger.load(sheet(3), products=PRODUCTS, progress=False)
        reddy.submit(batch, client, concurrency=1, progress=False)
        with ledger.moment():
            assert batch.counts()["unknown"] == 3
            outcome = reddy.reconcile(batch, client, progress=False, clock=lambda: time.time() + 10_000)
    assert outcome.there == [2, 3, 4]
    assert kept == [0, 0, 0]
