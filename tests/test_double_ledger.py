"""One file, opened again and again by everybody at once: notebook cells, an app's engine, a script, another program."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import reddy_lib as reddy
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.sending.connection import Connection
from reddy_lib.sending.engine import Engine, enqueue
from reddy_lib.sending.submission import create
from tests.conftest import PRODUCTS

TOKEN = "double-ledger-token-0123456789"

CELLS = """
import os, sys
import reddy_lib as reddy
path, sheet, url, token, number, rounds = sys.argv[1:]
os.chdir(os.path.dirname(path))
products = [{"id": 1, "name": "Cards hotline", "status": "active"}, {"id": 2, "name": "Loans", "status": "active"}]
for turn in range(int(rounds)):
    for location in (path, "ledger.sqlite", "sqlite:///" + path, "./ledger.sqlite"):
        ledger = reddy.Ledger(location)  # a cell that is run again; nothing is closed
        ledger.batches()
    batch = ledger.load(sheet.format(number=number, turn=turn), products=products, progress=False)
    with reddy.Client(token, base_url=url) as client:
        reddy.submit(batch, client, progress=False)
    assert batch.counts()["accepted"] == 6, batch.counts()
"""

OTHER = """
import sqlite3, sys, time
while True:
    connection = sqlite3.connect(sys.argv[1], timeout=30)
    connection.execute("SELECT count(*) FROM calls").fetchone()
    connection.close()
    time.sleep(0.01)
"""


def write_sheet(path: Path, prefix: str, count: int) -> None:
    lines = [
        {"role": "agent", "text": "Good morning.", "start": 0.5, "stop": 2.5},
        {"role": "customer", "text": "I lost my card.", "start": 3, "stop": 5},
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Conversation ID", "Agent Email", "Product", "Start", "CSAT", "Transcript"])
        for number in range(count):
            writer.writerow(
                [
                    f"{prefix}-{number}",
                    "ann@cedarline.example",
                    "Cards hotline",
                    "2026-03-02T10:00:00Z",
                    "4",
                    json.dumps(lines),
                ]
            )


@pytest.mark.parametrize(
    "rounds",
    [2, pytest.param(int(os.environ.get("REDDY_ROUNDS", "50")), marks=pytest.mark.soak)],
)
def test_a_ledger_that_everybody_opens_again_and_again_stays_sound(tmp_path: Path, rounds: int) -> None:
    path = tmp_path / "ledger.sqlite"
    for number in (1, 2):
        for turn in range(rounds):
            write_sheet(tmp_path / f"calls-{number}-{turn}.csv", f"n{number}-{turn}", 6)
    with reddy.Sandbox(token=TOKEN) as sandbox:
        ledger = reddy.Ledger(path)

        def connection_for(_submission: object) -> Connection:
            return Connection(token=TOKEN, base_url=sandbox.url, source="sandbox")

        engine = Engine(ledger, connection_for)
        engine.start()
        other = subprocess.Popen([sys.executable, "-c", OTHER, str(path)])
        scripts = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    CELLS,
                    str(path),
                    str(tmp_path / "calls-{number}-{turn}.csv"),
                    sandbox.url,
                    TOKEN,
                    str(number),
                    str(rounds),
                ]
            )
            for number in (1, 2)
        ]
        try:
            for turn in range(rounds):
                write_sheet(tmp_path / f"app-{turn}.csv", f"app-{turn}", 6)
                batch = reddy.Ledger(path).load(
                    tmp_path / f"app-{turn}.csv", products=PRODUCTS, progress=False
                )
                submission = create(ledger, batch.id, address=SANDBOX, token_source="sandbox")
                enqueue(ledger, submission)
                until(lambda sent=submission: sent.state == "done", 300)  # type: ignore[misc]
            assert [script.wait(timeout=60 + 60 * rounds) for script in scripts] == [0, 0]
        finally:
            other.kill()
            other.wait()
            for script in scripts:
                script.kill()
            engine.stop()
        assert sum(ledger.batches()["calls"]) == 3 * 6 * rounds
        accepted = sum(ledger.batch(each).counts()["accepted"] for each in ledger.batches()["id"])
        ids = [call["conversation_id"] for call in sandbox.received]
        assert (len(ids), len(set(ids)), accepted) == (18 * rounds, 18 * rounds, 18 * rounds)
        ledger.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        print(f"{rounds} rounds: integrity ok, {len(ids)} sent, 0 twice, 0 lost")
    connection.close()


def until(what: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)
