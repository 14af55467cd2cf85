"""An engine that cannot start yet, and an engine database that is broken."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import reddy_lib as reddy
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.errors import LedgerUnavailable
from reddy_lib.sending.connection import Connection
from reddy_lib.sending.engine import Engine, enqueue
from reddy_lib.sending.engine_start import PatientEngine
from reddy_lib.sending.submission import Submission, create
from tests.conftest import PRODUCTS

Sheet = Callable[..., Path]
TOKEN = "starting-test-token-0123456789"


def until(what: Callable[[], bool], *, why: str, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"waited {seconds} s for {why}"
        time.sleep(0.05)


def engine_on(ledger: reddy.Ledger, sandbox: reddy.Sandbox) -> Engine:
    def connection_for(_submission: Submission) -> Connection:
        return Connection(token=TOKEN, base_url=sandbox.url, source="sandbox")

    return Engine(ledger, connection_for)


def submission_of(ledger: reddy.Ledger, sheet: Path) -> Submission:
    batch = ledger.load(sheet, products=PRODUCTS, progress=False)
    return create(ledger, batch.id, address=SANDBOX, token_source="sandbox")


def received_once(sandbox: reddy.Sandbox, count: int) -> bool:
    ids = [call["conversation_id"] for call in sandbox.received]
    return len(ids) == count == len(set(ids))


LOCK = (
    "import sqlite3, sys\n"
    "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    "connection.execute('BEGIN IMMEDIATE')\n"
    "print('locked', flush=True)\n"
    "sys.stdin.read()\n"
)


def test_a_ledger_that_is_locked_at_the_start_is_tried_again_until_it_is_free(
    tmp_path: Path, sheet: Sheet
) -> None:
    path = tmp_path / "ledger.sqlite"
    with reddy.Sandbox(token=TOKEN) as sandbox, reddy.Ledger(f"sqlite:///{path}?timeout=0.1") as ledger:
        submission = submission_of(ledger, sheet(6))
        other = subprocess.Popen(
            [sys.executable, "-c", LOCK, str(path)], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        patient = PatientEngine(lambda: engine_on(ledger, sandbox))
        patient.start()
        try:
            until(lambda: "locked by another program" in patient.trouble, why="the reason")
            assert sandbox.received == []
            other.communicate(timeout=60)
            until(lambda: submission.state == "done", why="the submission")
            assert patient.trouble == ""
        finally:
            patient.stop()
        assert received_once(sandbox, 6)


def test_stopping_ends_the_tries(tmp_path: Path) -> None:
    def away() -> Engine:
        raise LedgerUnavailable("The server is away.")

    patient = PatientEngine(away)
    patient.start()
    assert patient.trouble == "The server is away."
    assert patient.stop()
    assert patient.engine is None


def garbage(path: Path) -> None:
    path.write_bytes(b"this was a database once " * 400)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:9000])


def other_tables(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE workflow_status RENAME TO something_else")
    connection.close()


@pytest.mark.parametrize("broken", [garbage, cut_off, other_tables])
def test_a_broken_engine_database_is_moved_aside_and_what_it_held_is_sent_once(
    tmp_path: Path, sheet: Sheet, broken: Callable[[Path], None]
) -> None:
    with reddy.Sandbox(token=TOKEN) as sandbox, reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        file = tmp_path / "ledger-engine.sqlite"
        submission = submission_of(ledger, sheet(8))
        enqueue(ledger, submission)
        first = engine_on(ledger, sandbox)  # and whoever had the file open leaves it
        first._abandon()
        broken(file)
        engine = engine_on(ledger, sandbox)
        engine.start()
        try:
            until(lambda: submission.state == "done", why="the submission")
        finally:
            engine.stop()
        assert received_once(sandbox, 8)
        assert submission.counts()["accepted"] == 8
        assert len(list(tmp_path.glob("ledger-engine.damaged-*.sqlite"))) == 1
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_broken_engine_database_is_named_and_the_ledger_is_not_blamed(tmp_path: Path, sheet: Sheet) -> None:
    with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        submission = submission_of(ledger, sheet(2))
        garbage(tmp_path / "ledger-engine.sqlite")
        with pytest.raises(LedgerUnavailable, match=r"ledger-engine\.sqlite\) is damaged") as caught:
            enqueue(ledger, submission)
        assert "Choose another file" not in str(caught.value)
        assert submission.counts()["queued"] == 2


def test_a_database_that_breaks_while_the_engine_runs_is_made_anew(tmp_path: Path, sheet: Sheet) -> None:
    with reddy.Sandbox(token=TOKEN) as sandbox, reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        patient = PatientEngine(lambda: engine_on(ledger, sandbox))
        patient.start()
        try:
            until(lambda: patient.engine is not None, why="the engine")
            other = sqlite3.connect(tmp_path / "ledger-engine.sqlite", timeout=30)
            other.execute("ALTER TABLE workflow_status RENAME TO something_else")
            other.commit()
            other.close()
            submission = submission_of(ledger, sheet(5))
            until(lambda: submission.state == "done", why="the submission")
        finally:
            patient.stop()
        assert received_once(sandbox, 5)
        assert len(list(tmp_path.glob("ledger-engine.damaged-*.sqlite"))) == 1
