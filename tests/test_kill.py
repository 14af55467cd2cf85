"""A real `kill -9` of the real app, or of a worker, in the middle of a real submission."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import reddy_lib as reddy
from reddy_lib.sending.engine import enqueue
from reddy_lib.sending.submission import create
from tests.app_server import ROOT, free_port, start_app, wait_for
from tests.conftest import PRODUCTS, fresh_database

TOKEN = "kill-test-token-0123456789"

COUNT = 300

SECRET = "secret-of-the-sandbox-process"


def listens(url: str) -> bool:
    try:
        calls_received(url)
    except OSError:
        return False
    return True


@contextmanager
def sandbox_process(port: int, latency: float) -> Iterator[str]:
    """Reddy's stand-in in a process of its own: it outlives the app, and so can tell what the app did."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "reddy_lib.sandbox",
            "--port",
            str(port),
            "--latency",
            str(latency),
            "--token",
            TOKEN,
        ],
        cwd=ROOT,
        env={**os.environ, "REDDY_SANDBOX_SECRET": SECRET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: listens(url), seconds=30, why="the sandbox")
        yield url
    finally:
        process.kill()
        process.wait()


def calls_received(url: str) -> list[dict[str, Any]]:
    asked = urllib.request.Request(f"{url}/received", headers={"X-Sandbox-Secret": SECRET})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        content = json.load(answer)
    return list(content["calls"] if isinstance(content, dict) else content)


def received(url: str) -> list[str]:
    return [call["conversation_id"] for call in calls_received(url)]


def start_worker(location: str, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REDDY_")}
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "reddy_lib.worker"],
            cwd=ROOT,
            env={**clean, "REDDY_LEDGER": location, **environment},
            stdout=output,
            stderr=output,
        )


@pytest.mark.parametrize("what", ["app", "worker"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_in_the_middle_it_goes_on_within_30_seconds_without_a_click_and_sends_none_twice(
    kind: str, what: str, request: pytest.FixtureRequest, tmp_path: Path, sheet: Callable[..., Path]
) -> None:
    location = str(tmp_path / "ledger.sqlite")
    if kind == "postgresql":
        location = fresh_database(request.getfixturevalue("postgres"), request.node.name)
    log = tmp_path / "process.log"
    ledger = reddy.Ledger(location)
    batch = ledger.load(sheet(COUNT), products=PRODUCTS, progress=False)
    with sandbox_process(free_port(), latency=0.1) as url:

        def start() -> subprocess.Popen[bytes]:
            to = {"REDDY_API_TOKEN": TOKEN, "REDDY_BASE_URL": url, "REDDY_LOG": "json"}
            if what == "app":
                return start_app(location, log, free_port(), **to)
            return start_worker(location, log, **to)

        process = start()
        submission = create(ledger, batch.id, address=url, token_source="environment", concurrency=8)
        enqueue(ledger, submission)
        wait_for(lambda: submission.counts()["accepted"] >= 60, seconds=60, why="the first sixty")

        process.send_signal(signal.SIGKILL)
        process.wait()
        cut_off = submission.counts()
        assert cut_off["queued"] > 60
        assert cut_off["sending"] > 0

        process = start()
        began = time.monotonic()
        try:
            wait_for(
                lambda: submission.counts()["accepted"] > cut_off["accepted"], seconds=30,
                why="the first call after the restart",
            )  # fmt: skip
            print(f"{kind}, {what}: went on {time.monotonic() - began:.1f} s after its restart")
            wait_for(lambda: submission.state == "done", seconds=90, why="the rest")
        finally:
            process.terminate()
            process.wait(timeout=60)

        counts = submission.counts()
        assert sum(counts.values()) == COUNT
        assert counts["accepted"] + counts["unknown"] == COUNT
        assert counts["unknown"] == cut_off["sending"]
        sent = Counter(received(url))
        assert max(sent.values()) == 1, "a call was sent twice"
        accepted = {batch.call(row).conversation_id for row in batch.rows(status="accepted")}
        assert accepted <= set(sent), "a call is said to be accepted that never arrived"
    ledger.close()
    written = log.read_text()
    assert "Traceback" not in written
    told = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    ends = Counter((one["event"], one["row"], one["attempt"]) for one in told if "attempt" in one)
    assert len(ends) >= counts["accepted"] - cut_off["accepted"]
    assert max(ends.values()) == 1, "an event was written twice"
