"""The app calls the sandbox by its name, a notebook by its URL: for the ledger that is one address."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib import ui
from reddy_lib.database.sandbox_urls import SANDBOX, ledger_address, remember_sandbox
from reddy_lib.sandbox.faults import Fault
from reddy_lib.sending.connection import Connection
from reddy_lib.sending.engine import Engine
from reddy_lib.sending.submission import create
from tests.conftest import PRODUCTS

Sheet = Callable[..., Path]


def load(ledger: reddy.Ledger, path: Path) -> reddy.Batch:
    return ledger.load(path, products=PRODUCTS, progress=False)


@pytest.fixture
def engine(ledger: reddy.Ledger, sandbox: reddy.Sandbox) -> Iterator[Engine]:
    """What the app sends with: its own sandbox, by name."""
    to = Connection(token=sandbox.token, base_url=sandbox.url, source="sandbox")
    started = Engine(ledger, lambda _submission: to)
    started.start()
    yield started
    started.stop()


def sent_by_the_app(batch: reddy.Batch) -> None:
    submission = create(batch.database, batch.id, address=SANDBOX, token_source="sandbox")
    end = time.monotonic() + 30
    while submission.record().state != "done":
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_the_app_sent_to_its_sandbox_is_not_sent_there_again_by_a_notebook(
    ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client, engine: Engine
) -> None:
    remember_sandbox(ledger, sandbox.url.replace("127.0.0.1", "LocalHost") + "/")
    sent_by_the_app(load(ledger, sheet(3)))
    again = reddy.submit(load(ledger, sheet(3)), client, progress=False)
    assert again.counts()["skipped"] == 3
    assert again.record().address == SANDBOX
    assert len(sandbox.received) == 3


def test_what_a_notebook_sent_before_the_url_was_known_is_not_sent_again_by_the_app(
    ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client, engine: Engine
) -> None:
    reddy.submit(load(ledger, sheet(3)), client, progress=False)
    remember_sandbox(ledger, sandbox.url)
    second = load(ledger, sheet(3))
    sent_by_the_app(second)
    assert second.counts()["skipped"] == 3
    assert len(sandbox.received) == 3


def test_two_records_of_one_call_become_the_one_that_says_more(
    ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
) -> None:
    reddy.submit(load(ledger, sheet(2)), client, progress=False)
    with ledger.write() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO deliveries (address, key, call_id, submission_id, state, at) "
                "SELECT 'sandbox', key, call_id, submission_id, 'unknown', at FROM deliveries"
            )
        )
    remember_sandbox(ledger, sandbox.url)
    remember_sandbox(ledger, sandbox.url)
    with ledger.read() as connection:
        kept = connection.execute(sa.text("SELECT address, state FROM deliveries")).all()
    assert [tuple(one) for one in kept] == [(SANDBOX, "accepted")] * 2


def test_of_two_sets_of_rules_the_more_careful_stays_and_of_two_decisions_the_later(
    ledger: reddy.Ledger,
) -> None:
    url = "http://127.0.0.1:9/sandbox"
    statements = (
        "INSERT INTO paces (address, most_at_once, create_idempotent, not_before, why) "
        "VALUES (:url, 3, true, 0, ''), ('sandbox', 5, false, 9, 'asked')",
        "INSERT INTO upload_hosts (address, host, allowed, who, seen_at) "
        "VALUES (:url, 'h.example', false, '', 2), ('sandbox', 'h.example', true, '', 1)",
        "INSERT INTO upload_hosts (address, host, allowed, who, seen_at) "
        "VALUES (:url, 'i.example', false, '', 1), ('sandbox', 'i.example', true, '', 2), (:url, 'j.example', true, '', 1)",
        "INSERT INTO deliveries (address, key, call_id, submission_id, state, at) "
        "VALUES (:url, 'k', 1, 's', 'accepted', 5), ('sandbox', 'k', 2, 't', 'again', 1), "
        "(:url, 'l', 3, 's', 'unknown', 5), ('sandbox', 'l', 4, 't', 'sending', 1), (:url, 'm', 5, 's', 'unknown', 5), "
        "('http://other.example', 'k', 6, 's', 'unknown', 1)",
    )
    with ledger.write() as connection:
        for statement in statements:
            connection.execute(sa.text(statement), {"url": url} if ":url" in statement else {})
    remember_sandbox(ledger, url)
    with ledger.read() as connection:
        pace = connection.execute(sa.text("SELECT * FROM paces")).one()
        assert (pace.address, pace.most_at_once, bool(pace.create_idempotent)) == (SANDBOX, 3, False)
        assert (pace.not_before, pace.why) == (9, "asked")
        hosts = connection.execute(
            sa.text("SELECT address, host, allowed FROM upload_hosts ORDER BY host")
        ).all()
        assert [(one.address, one.host, bool(one.allowed)) for one in hosts] == [
            (SANDBOX, "h.example", False), (SANDBOX, "i.example", True), (SANDBOX, "j.example", True),
        ]  # fmt: skip
        kept = connection.execute(
            sa.text("SELECT address, key, call_id FROM deliveries ORDER BY call_id")
        ).all()
        assert [tuple(one) for one in kept] == [
            (SANDBOX, "k", 1), (SANDBOX, "l", 4), (SANDBOX, "m", 5), ("http://other.example", "k", 6),
        ]  # fmt: skip


def test_doubts_about_the_sandbox_are_cleared_by_a_notebook_that_has_its_url(
    ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client, engine: Engine
) -> None:
    remember_sandbox(ledger, sandbox.url)
    sandbox.faults.add(Fault(kind="hang-up", times=1, processed=True))
    batch = load(ledger, sheet(2))
    sent_by_the_app(batch)
    assert batch.counts()["unknown"] == 1
    outcome = reddy.reconcile(batch, client, progress=False, clock=lambda: time.time() + 10_000)
    assert len(outcome.there) == 1
    assert not outcome.elsewhere


def test_another_server_on_this_machine_is_not_taken_for_the_sandbox(
    ledger: reddy.Ledger, sandbox: reddy.Sandbox
) -> None:
    remember_sandbox(ledger, sandbox.url)
    assert ledger_address(ledger, "http://127.0.0.1:9/sandbox") == "http://127.0.0.1:9/sandbox"
    assert ledger_address(ledger, sandbox.url) == SANDBOX
    remember_sandbox(ledger, "https://App.Reddy.io/")
    assert ledger_address(ledger, "https://app.reddy.io") == "https://app.reddy.io"


def test_the_app_tells_its_ledger_where_its_sandbox_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: reddy.Sandbox
) -> None:
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.setenv("REDDY_SANDBOX_URL", sandbox.url)
    monkeypatch.setenv("REDDY_SANDBOX_TOKEN", sandbox.token)
    monkeypatch.delenv("REDDY_BASE_URL", raising=False)
    assert ledger_address(ui.open_ledger(), sandbox.url) == SANDBOX
