"""Fifty people on one app process, or on two behind nginx, each with a click every one to five seconds, while a submission
runs. The second needs nginx and a PostgreSQL server (see `tests/conftest.py`).

SECONDS=300 PEOPLE=50 uv run pytest -m soak -n 0 -s tests/soak/test_sessions.py
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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


async def everyone(url: str, batch: str) -> list[Told]:
    until = time.monotonic() + SECONDS
    visits = (
        visit(
            url,
            batch,
            2 + number * (CALLS // PEOPLE),
            until=until,
            seed=number,
            cookies=f"workbench=person-{number}",
        )
        for number in range(PEOPLE)
    )
    return [told for told, _ in await asyncio.gather(*visits)]


@contextmanager
def apps(location: str | Path, folder: Path, count: int) -> Iterator[list[tuple[int, int]]]:
    """Start app processes on one ledger. Yield their (process id, port)."""
    with ExitStack() as started:
        found = []
        for number in range(count):
            log = folder / f"app-{number}.log"
            process = app_server.start_app(location, log, port := free_port(), REDDY_ENGINE="off")
            started.callback(app_server.stop, process)
            found.append((process.pid, port))
        yield found


@contextmanager
def nginx(folder: Path, ports: list[int]) -> Iterator[str]:
    """Start nginx as `docs/deployment.md` says, but for TLS. Yield its address."""
    port = free_port()
    text = (app_server.ROOT / "docs" / "deployment.md").read_text()
    documented = text[text.index("    map $http_upgrade") : text.index("| all of them need the same")]
    for found, mine in (
        (r"listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        (r"(?:\s+server 127\.0\.0\.1:\d+;)+", "".join(f" server 127.0.0.1:{one};" for one in ports)),
        (r"server_name workbench\.example;", "server_name localhost;"),
        (r"Host \$host;", "Host $http_host;"),  # the port is not 443
    ):
        documented, times = re.subn(found, mine, documented)
        assert times == 1, found
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
        f"events {{ worker_connections 1024; }}\nhttp {{ access_log off; {documented} }}\n"
    )
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(config)])
    try:
        url = f"http://localhost:{port}"
        app_server.wait_for(
            lambda: app_server.answers(f"{url}/_stcore/health"), seconds=30, why="nginx to pass on a request"
        )
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def fifty_people(location: str | Path, folder: Path, *, processes: int) -> None:
    """Let everyone work on one batch while another is sent; print what it cost, and check what they saw."""
    with reddy.Sandbox(latency=0.2) as server, reddy.Ledger(location) as ledger, ExitStack() as started:
        batch = ledger.load(write_sheet(folder / "calls.csv", CALLS), products=PRODUCTS, progress=False)
        other = ledger.load(write_sheet(folder / "other.csv", 2000), products=PRODUCTS, progress=False)
        running_apps = started.enter_context(apps(location, folder, processes))
        ports = [port for _, port in running_apps]
        url = (
            f"http://localhost:{ports[0]}" if processes == 1 else started.enter_context(nginx(folder, ports))
        )
        before = [used(process) for process, _ in running_apps]
        with running(other, server):
            told = asyncio.run(everyone(url, batch.id))
        after = [used(process) for process, _ in running_apps]
        report(told, before, after)
        assert other.counts()["accepted"] > 0
    assert [error for one in told for error in one.errors] == []
    assert not [log for log in folder.glob("app-*.log") if "Traceback" in log.read_text()]
    assert at_share([took for one in told for took in one.clicks.get("next call", [])], 0.95) <= 1.0


@pytest.mark.soak
def test_fifty_people_are_answered_within_a_second(tmp_path: Path) -> None:
    fifty_people(tmp_path / "ledger.sqlite", tmp_path, processes=1)


@pytest.mark.soak
def test_fifty_people_on_two_processes_behind_a_proxy(tmp_path: Path, postgres: str) -> None:
    fifty_people(postgres, tmp_path, processes=2)


def report(told: list[Told], before: list[tuple[int, float]], after: list[tuple[int, float]]) -> None:
    """Print p50 and p95 of each kind of click, and what it cost: (bytes of memory, seconds of CPU) of each process."""
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
    cpu = [now - then for (_, then), (_, now) in zip(before, after, strict=True)]
    memory = ", ".join(
        f"{then / 1e6:.0f} → {now / 1e6:.0f} MB" for (then, _), (now, _) in zip(before, after, strict=True)
    )
    print(
        f"{PEOPLE} people, {SECONDS:.0f} s: {' + '.join(f'{one:.1f}' for one in cpu)} s of CPU, "
        f"{1000 * sum(cpu) / max(1, runs):.0f} ms a click; memory {memory}; load {os.getloadavg()[0]:.1f}"
    )
