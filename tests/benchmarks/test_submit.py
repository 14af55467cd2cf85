"""Submitting against loops that send ready-made bodies and keep no record.

uv run pytest -m benchmark -n 0 -s tests/benchmarks/test_submit.py
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

import reddy_lib as reddy
from reddy_lib.model import payload_json

TOKEN = "benchmark-token-0123"
PORT = 8699


@contextmanager
def sandbox_process(latency: float) -> Iterator[str]:
    """In a process of its own: sharing ours, it would share our interpreter lock."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "reddy_lib.sandbox",
            "--port",
            str(PORT),
            "--latency",
            str(latency),
            "--token",
            TOKEN,
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            try:
                httpx2.get(f"http://127.0.0.1:{PORT}/received")
                break
            except httpx2.TransportError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{PORT}"
    finally:
        process.kill()
        process.wait()


def bare_loop(url: str, bodies: list[bytes], workers: int) -> float:
    """Calls a second of a bare httpx2 client over a thread pool (or one after another)."""
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    with httpx2.Client(headers=headers, timeout=30) as http:
        started = time.perf_counter()
        with ThreadPoolExecutor(workers) as pool:
            statuses = list(
                pool.map(
                    lambda body: http.post(f"{url}/api/v1/call/create", content=body).status_code, bodies
                )
            )
        took = time.perf_counter() - started
    assert set(statuses) == {200}
    return len(bodies) / took


def ours(batch: reddy.Batch, url: str, workers: int) -> float:
    with reddy.Client(TOKEN, base_url=url) as client:
        started = time.perf_counter()
        submission = reddy.submit(batch, client, concurrency=workers, progress=False)
        took = time.perf_counter() - started
    assert submission.counts()["accepted"] == batch.total
    return batch.total / took


def loaded(sheet: Callable[..., Path], tmp_path: Path, calls: int) -> reddy.Batch:
    ledger = reddy.Ledger(tmp_path / "ledger.sqlite")
    products = [
        {"id": 1, "name": "Cards hotline", "status": "active"},
        {"id": 2, "name": "Loans", "status": "active"},
    ]
    return ledger.load(sheet(calls), products=products, progress=False)


@pytest.mark.benchmark
def test_with_200_ms_of_latency_16_at_a_time_the_wire_is_kept_busy(
    sheet: Callable[..., Path], tmp_path: Path
) -> None:
    batch = loaded(sheet, tmp_path, 2000)
    bodies = [payload_json(batch.call(row)) for row in batch.rows()[:100]]
    with sandbox_process(0.2) as url:
        sequential = bare_loop(url, bodies[:25], 1)
        pooled = bare_loop(url, bodies * 4, 16)
        rate = ours(batch, url, 16)
    print(
        f"\n200 ms, 16 at a time: ours {rate:.1f}/s of {16 / 0.2:.0f}/s possible ({rate * 0.2 / 16:.2f}); "
        f"sequential {sequential:.1f}/s ({rate / sequential:.1f} x); bare pool {pooled:.1f}/s ({rate / pooled:.2f} x)"
    )
    assert rate > 10 * sequential


@pytest.mark.benchmark
def test_without_latency_keeping_the_record_costs_a_known_share(
    sheet: Callable[..., Path], tmp_path: Path
) -> None:
    batch = loaded(sheet, tmp_path, 5000)
    bodies = [payload_json(batch.call(row)) for row in batch.rows()]
    with sandbox_process(0) as url:
        pooled = bare_loop(url, bodies, 16)
        rate = ours(batch, url, 16)
    print(f"\nno latency: ours {rate:.0f}/s, bare pool {pooled:.0f}/s, ratio {rate / pooled:.2f}")
    assert rate > 0.2 * pooled
