"""Workers in processes of their own, started as the documentation does: for tests and the benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.database.schema import attempts, calls
from reddy_lib.sending.workers import serving, workers_known
from tests.app_server import ROOT, wait_for

COMMAND = [sys.executable, "-m", "reddy_lib.worker"]


def environment(**values: str) -> dict[str, str]:
    """Of this process's REDDY_ variables a worker sees none."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REDDY_")}
    return {**clean, **values}


class Fleet:
    """Workers on one ledger."""

    def __init__(self, ledger: reddy.Ledger, folder: Path) -> None:
        self.ledger, self.folder = ledger, folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(
        self, count: int, *, token: str, url: str, heartbeat_timeout: float = 45.0, **variables: str
    ) -> list[subprocess.Popen[bytes]]:
        """Start workers, and wait until the ledger knows all of them."""
        started = []
        for _ in range(count):
            log = self.folder / f"worker-{len(self.processes)}.log"
            with log.open("wb") as output:
                process = subprocess.Popen(
                    [*COMMAND, "--heartbeat-timeout", str(heartbeat_timeout)],
                    cwd=ROOT,
                    env=environment(
                        REDDY_LEDGER=self.ledger.url.render_as_string(hide_password=False),
                        REDDY_API_TOKEN=token,
                        REDDY_BASE_URL=url,
                        **variables,
                    ),
                    stdout=output,
                    stderr=output,
                )
            self.processes.append(process)
            started.append(process)
        pids = {process.pid for process in started}
        wait_for(lambda: pids <= self.pids_alive(), seconds=90, why=f"workers; see {self.folder}")
        return started

    def alive(self) -> int:
        with self.ledger.read() as connection:
            return len(serving(connection))

    def pids_alive(self) -> set[int]:
        known = workers_known(self.ledger)
        return set(known.loc[known["state"] == "alive", "pid"])

    def name_of(self, process: subprocess.Popen[bytes]) -> str:
        known = workers_known(self.ledger)
        return str(known.loc[known["pid"] == process.pid, "name"].iloc[0])

    def in_flight(self, process: subprocess.Popen[bytes]) -> int:
        known = workers_known(self.ledger)
        return int(known.loc[known["pid"] == process.pid, "in_flight"].iloc[0])

    def attempts_by_worker(self) -> dict[str, int]:
        query = sa.select(attempts.c.worker, sa.func.count()).group_by(attempts.c.worker)
        with self.ledger.read() as connection:
            return dict(connection.execute(query).tuples().all())

    def statuses_of(self, worker: str) -> dict[str, int]:
        query = (
            sa.select(calls.c.status, sa.func.count())
            .where(calls.c.worker == worker)
            .group_by(calls.c.status)
        )
        with self.ledger.read() as connection:
            return dict(connection.execute(query).tuples().all())

    def output(self, process: subprocess.Popen[bytes]) -> str:
        return (self.folder / f"worker-{self.processes.index(process)}.log").read_text()

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()


@contextmanager
def fleet(ledger: reddy.Ledger, folder: Path) -> Iterator[Fleet]:
    running = Fleet(ledger, folder)
    try:
        yield running
    finally:
        running.end()
