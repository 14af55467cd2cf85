"""Submitting against loops that send ready-made bodies and keep no record: one call after another with `requests`, a
thread pool with httpx2, aiohttp.

uv run pytest -m benchmark -n 0 -s tests/benchmarks/test_submit.py
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import httpx2
import pytest
import requests

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


HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}


def one_after_another(url: str, bodies: list[bytes]) -> float:
    """Calls a second of the script that people write first."""
    started = time.perf_counter()
    with requests.Session() as session:
        session.trust_env = False
        statuses = [
            session.post(f"{url}/api/v1/call/create", data=body, headers=HEADERS, timeout=30).status_code
            for body in bodies
        ]
    assert set(statuses) == {200}
    return len(bodies) / (time.perf_counter() - started)


def bare_loop(url: str, bodies: list[bytes], workers: int) -> float:
    """Calls a second of a bare httpx2 client over a thread pool."""
    with httpx2.Client(headers=HEADERS, timeout=30) as http:
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


def bare_aiohttp(url: str, bodies: list[bytes], at_once: int) -> float:
    """Calls a second of a bare aiohttp session."""

    async def run() -> float:
        places = asyncio.Semaphore(at_once)
        async with aiohttp.ClientSession(
            headers=HEADERS, connector=aiohttp.TCPConnector(limit=at_once)
        ) as session:

            async def post(body: bytes) -> int:
                async with places, session.post(f"{url}/api/v1/call/create", data=body) as answer:
                    await answer.read()
                    return answer.status

            started = time.perf_counter()
            statuses = await asyncio.gather(*(post(body) for body in bodies))
            took = time.perf_counter() - started
        assert set(statuses) == {200}
        return len(bodies) / took

    return asyncio.run(run())


def ours(batch: reddy.Batch, url: str, workers: int) -> float:
    with reddy.Client(TOKEN, base_url=url) as client:
        started = time.perf_counter()
        # without a ramp: its two round trips are no part of the pace
        submission = reddy.submit(batch, client, concurrency=workers, ramp=False, progress=False)
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
        sequential = one_after_another(url, bodies[:25])
        pooled = bare_loop(url, bodies * 8, 16)
        looped = bare_aiohttp(url, bodies * 8, 16)
        rate = ours(batch, url, 16)
    print(
        f"\n200 ms, 16 at a time: ours {rate:.1f}/s of {16 / 0.2:.0f}/s possible ({rate * 0.2 / 16:.2f}); "
        f"requests, one after another {sequential:.1f}/s ({rate / sequential:.1f} x); "
        f"bare httpx2 pool {pooled:.1f}/s ({rate / pooled:.2f} x); aiohttp {looped:.1f}/s ({rate / looped:.2f} x)"
    )
    assert rate > 10 * sequential


@pytest.mark.benchmark
def test_without_latency_keeping_the_record_costs_a_known_share(
    sheet: Callable[..., Path], tmp_path: Path
) -> None:
    """Three rounds of everything in turn, because a busy machine changes from second to second; the median counts."""
    rounds: list[tuple[float, float, float, float]] = []
    with sandbox_process(0) as url:
        for number in range(3):
            folder = tmp_path / str(number)
            folder.mkdir()
            batch = loaded(sheet, folder, 5000)
            bodies = [payload_json(batch.call(row)) for row in batch.rows()]
            rounds.append(
                (
                    one_after_another(url, bodies[:1000]),
                    bare_loop(url, bodies, 16),
                    bare_aiohttp(url, bodies, 16),
                    ours(batch, url, 16),
                )
            )
            httpx2.delete(f"{url}/received")
    rate = statistics.median(row[3] for row in rounds)
    sequential, pooled, looped = (
        statistics.median(row[3] / row[column] for row in rounds) for column in range(3)
    )
    print(
        f"\nno latency: ours {rate:.0f}/s; {pooled:.2f} x a bare httpx2 pool ("
        + ", ".join(f"{row[3] / row[1]:.2f}" for row in rounds)
        + f"), {looped:.2f} x aiohttp, {sequential:.2f} x requests one after another"
    )
    assert pooled > 0.5
