"""The app in a process of its own, started as the README does: for tests of it, and for the screenshots."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 3
"""How many times longer than on a quiet machine a condition may take: bounds are there to end a test that hangs, not to
measure a machine on which something else burns its cores."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_for(what: Callable[[], bool], *, seconds: float, why: str) -> None:
    end = time.monotonic() + PATIENCE * seconds
    while not what():
        assert time.monotonic() < end, f"waited {PATIENCE * seconds} s for {why}"
        time.sleep(0.05)


class Process(Protocol):
    """What is asked of the app's process, however it was started."""

    def terminate(self) -> None: ...

    def kill(self) -> None: ...

    def wait(self, timeout: float | None = None) -> int: ...


def start_app(ledger: str | Path, log: Path, port: int, **environment: str) -> subprocess.Popen[bytes]:
    """The app at http://localhost:<port>, once it answers. Of this process's REDDY_ variables it sees none; what it
    writes is in `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", *arguments(port)],
            cwd=ROOT,
            env=variables(ledger, environment),
            stdout=output,
            stderr=output,
        )
    wait_until_ready(process, log, port, environment)
    return process


def arguments(port: int) -> list[str]:
    """The README's command, after its first word."""
    return ["run", "app.py", "--server.headless", "true", "--server.port", str(port)]


def variables(ledger: str | Path, environment: dict[str, str]) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REDDY_")}
    return {**clean, "REDDY_LEDGER": str(ledger), **environment}


def wait_until_ready(process: Process, log: Path, port: int, environment: dict[str, str]) -> None:
    """Wait until the app answers; stop it where it does not."""
    try:
        base = environment.get("STREAMLIT_SERVER_BASE_URL_PATH", "")
        health = f"http://localhost:{port}{base}/_stcore/health"
        wait_for(lambda: answers(health), seconds=60, why=f"the app; it wrote to {log}")
    except BaseException:
        stop(process)
        raise


def stop(process: Process) -> None:
    process.terminate()
    try:
        process.wait(timeout=PATIENCE * 60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
