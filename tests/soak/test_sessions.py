"""Fifty people on one app process, each with a click every one to five seconds, while a submission runs.

SECONDS=300 PEOPLE=50 uv run pytest -m soak -n 0 -s tests/soak/test_sessions.py
"""

from __future__ import annotations

import asyncio
import os
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import reddy_lib as reddy
from tests import app_server
from tests.app_server import free_port
from tests.conftest import PRODUCTS, write_sheet
from tests.soak.people import Told, visit

PEOPLE = int(os.environ.get("PEOPLE", "50"))
SECONDS = float(os.environ.get("SECONDS", "60"))
CALLS = int(os.environ.get("CALLS", "5000"))


@contextmanager
def running(batch: reddy.Batch, server: reddy.Sandbox) -> Iterator[None]:
    """Send the calls of a batch meanwhile, from another process's point of view: a worker's."""

    def send() -> None:
        with reddy.Client(server.token, base_url=server.url) as client:
            reddy.submit(batch, client, ramp=False, concurrency=4, progress=False)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    yield
    thread.join(timeout=300)


def used(process: int) -> tuple[int, float]:
    """Return the bytes of memory and the seconds of CPU of a process, from Linux' /proc."""
    folder = Path("/proc") / str(process)
    pages = int((folder / "statm").read_text().split()[1])
    times = (folder / "stat").read_text().rpartition(")")[2].split()
    return pages * os.sysconf("SC_PAGE_SIZE"), (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


def at_share(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


async def everyone(url: str, batch: str) -> list[tuple[Told, int]]:
    until = time.monotonic() + SECONDS
    return await asyncio.gather(
        *(
            visit(url, batch, 2 + number * (CALLS // PEOPLE), until=until, seed=number)
            for number in range(PEOPLE)
        )
    )


@pytest.mark.soak
def test_fifty_people_are_answered_within_a_second(tmp_path: Path) -> None:
    with reddy.Sandbox(latency=0.2) as server, reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        batch = ledger.load(write_sheet(tmp_path / "calls.csv", CALLS), products=PRODUCTS, progress=False)
        other = ledger.load(write_sheet(tmp_path / "other.csv", 2000), products=PRODUCTS, progress=False)
        process = app_server.start_app(
            tmp_path / "ledger.sqlite", tmp_path / "app.log", port := free_port(), REDDY_ENGINE="off"
        )
        try:
            url = f"http://localhost:{port}"
            at_first, cpu = used(process.pid)
            with running(other, server):
                told = asyncio.run(everyone(url, batch.id))
            memory, after = used(process.pid)
            cpu = after - cpu
        finally:
            app_server.stop(process)
        report([one for one, _ in told], at_first, memory, cpu)
        assert other.counts()["accepted"] > 0
        assert [error for one, _ in told for error in one.errors] == []
        assert "Traceback" not in (tmp_path / "app.log").read_text()
        assert at_share([took for one, _ in told for took in one.clicks.get("next call", [])], 0.95) <= 1.0


def report(told: list[Told], at_first: int, memory: int, cpu: float) -> None:
    """Print p50 and p95 of each kind of click, and what it cost."""
    kinds = sorted({kind for one in told for kind in one.clicks})
    runs = 0
    for kind in kinds:
        took = [each for one in told for each in one.clicks.get(kind, [])]
        runs += len(took)
        print(
            f"\n{kind}: {len(took)} clicks, p50 {statistics.median(took):.2f} s, p95 {at_share(took, 0.95):.2f} s",
            end="",
        )
    fragments = [each for one in told for each in one.fragments]
    print(f"\nfragments: {len(fragments)} runs, p95 {at_share(fragments or [0.0], 0.95):.2f} s")
    print(
        f"{PEOPLE} people, {SECONDS:.0f} s: {cpu:.1f} s of CPU, {1000 * cpu / max(1, runs):.0f} ms a click; memory "
        f"{at_first / 1e6:.0f} MB at first, {memory / 1e6:.0f} MB at the end; load {os.getloadavg()[0]:.1f}"
    )
