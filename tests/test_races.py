"""Many at once on one ledger: whoever is faster, each call is received once.

By hand, a hundred races of two notebooks:  RACES=100 uv run pytest -m soak -n 0 -s tests/test_races.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import reddy_lib as reddy
from tests.conftest import PRODUCTS, ROOT

Sheet = Callable[..., Path]

MANY = 24

NOTEBOOK = """
import sys, reddy_lib as reddy

ledger = reddy.Ledger(sys.argv[1])
client = reddy.Client(sys.argv[3], base_url=sys.argv[2])
print("ready", flush=True)
for line in sys.stdin:
    batch = ledger.batch(line.strip())
    submission = reddy.submit(batch, client, concurrency=4, progress=False)
    print(sum(submission.counts().values()), flush=True)
"""


def location_of(ledger: reddy.Ledger) -> str:
    return ledger.url.render_as_string(hide_password=False)


def at_once(ledger: reddy.Ledger, sandbox: reddy.Sandbox, batches: list[str]) -> None:
    """A session for each of these batches, with a ledger and a client of its own; all submit at the same moment."""
    start = threading.Barrier(len(batches))
    location = location_of(ledger)

    def session(batch_id: str) -> None:
        with (
            reddy.Ledger(location) as own,
            reddy.Client(sandbox.token, base_url=sandbox.url) as client,
        ):
            batch = own.batch(batch_id)
            start.wait(timeout=60)
            reddy.submit(batch, client, concurrency=2, progress=False)

    with ThreadPoolExecutor(len(batches)) as pool:
        list(pool.map(session, batches))


def test_24_submissions_at_once_send_a_call_once_that_is_in_two_of_them(
    ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox
) -> None:
    batches = []
    for number in range(MANY):
        changed = {row: {"Conversation ID": f"many-{number // 2}-{row}"} for row in range(2, 12)}
        batches.append(ledger.load(sheet(10, changed), products=PRODUCTS, progress=False))
    at_once(ledger, sandbox, [batch.id for batch in batches])
    sent = Counter(call["conversation_id"] for call in sandbox.received)
    assert (len(sent), max(sent.values())) == (MANY // 2 * 10, 1)
    counts = [batch.counts() for batch in batches]
    assert all(one["accepted"] + one["skipped"] == 10 for one in counts)
    assert sum(one["accepted"] for one in counts) == len(sent)
    assert [one.state for one in ledger.submissions()] == ["done"] * MANY


def test_24_sessions_that_submit_the_same_batch_send_each_call_once(
    ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox
) -> None:
    batch = ledger.load(sheet(60), products=PRODUCTS, progress=False)
    at_once(ledger, sandbox, [batch.id] * MANY)
    sent = Counter(call["conversation_id"] for call in sandbox.received)
    assert (len(sent), max(sent.values())) == (60, 1)
    assert batch.counts()["accepted"] == 60


@contextmanager
def two_notebooks(ledger: reddy.Ledger, sandbox: reddy.Sandbox) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-c", NOTEBOOK, location_of(ledger), sandbox.url, sandbox.token]
    running = [
        subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1
        )
        for _ in range(2)
    ]
    try:
        for notebook in running:
            assert notebook.stdout is not None
            assert notebook.stdout.readline() == "ready\n"
        yield running
    finally:
        for notebook in running:
            try:
                notebook.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                notebook.kill()
                notebook.wait()


def race(ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, *, races: int, calls: int) -> None:
    with two_notebooks(ledger, sandbox) as running:
        for number in range(races):
            changed = {row: {"Conversation ID": f"race-{number}-{row}"} for row in range(2, calls + 2)}
            batch = ledger.load(sheet(calls, changed), products=PRODUCTS, progress=False)
            for notebook in running:
                assert notebook.stdin is not None
                notebook.stdin.write(batch.id + "\n")
            for notebook in running:
                assert notebook.stdout is not None
                assert notebook.stdout.readline() == f"{calls}\n"
            assert batch.counts()["accepted"] == calls
    sent = Counter(call["conversation_id"] for call in sandbox.received)
    assert len(sent) == races * calls
    assert max(sent.values()) == 1


@pytest.mark.soak
def test_two_notebooks_race_for_the_same_rows_many_times(
    ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox
) -> None:
    races = int(os.environ.get("RACES", "100"))
    race(ledger, sheet, sandbox, races=races, calls=20)
    print(
        f"\n{ledger.url.get_backend_name()}: {races} races of two notebooks for 20 rows, each call received once"
    )
