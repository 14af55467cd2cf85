"""A real `kill -9` of the real app, in the middle of a real submission."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import reddy_lib as reddy
from reddy_lib.ledger.sending import create
from reddy_lib.submission import enqueue
from tests.app_server import ROOT, free_port, start_app, wait_for

TOKEN = "kill-test-token-0123456789"

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


def test_killed_in_the_middle_of_500_calls_the_app_goes_on_and_sends_none_twice(
    tmp_path: Path, sheet: Callable[..., Path]
) -> None:
    location, log = str(tmp_path / "ledger.sqlite"), tmp_path / "app.log"
    ledger = reddy.Ledger(location)
    batch = ledger.load(sheet(500), progress=False, products=[
        {"id": 1, "name": "Cards hotline", "status": "active"},
        {"id": 2, "name": "Loans", "status": "active"},
    ])  # fmt: skip
    with sandbox_process(free_port(), latency=0.1) as url:
        app = start_app(location, log, free_port(), REDDY_API_TOKEN=TOKEN, REDDY_BASE_URL=url)
        submission = create(ledger, batch.id, address=url, token_source="environment", concurrency=8)
        enqueue(ledger, submission)
        wait_for(lambda: submission.counts()["accepted"] >= 100, seconds=60, why="the first hundred")

        app.send_signal(signal.SIGKILL)
        app.wait()
        cut_off = submission.counts()
        assert cut_off["queued"] > 100
        assert cut_off["sending"] > 0

        app = start_app(location, log, free_port(), REDDY_API_TOKEN=TOKEN, REDDY_BASE_URL=url)
        try:
            wait_for(lambda: submission.state == "done", seconds=90, why="the rest")
        finally:
            app.terminate()
            app.wait(timeout=60)

        counts = submission.counts()
        assert sum(counts.values()) == 500
        assert counts["accepted"] + counts["unknown"] == 500
        assert counts["unknown"] == cut_off["sending"]
        sent = Counter(received(url))
        assert max(sent.values()) == 1, "a call was sent twice"
        accepted = {batch.call(row).conversation_id for row in batch.rows(status="accepted")}
        assert accepted <= set(sent), "a call is said to be accepted that never arrived"
    assert "Traceback" not in log.read_text()
