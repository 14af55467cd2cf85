"""Workers in processes of their own: started as the documentation does, or forked from one that has imported everything
already, which spares a test two seconds of a core a worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib import worker
from reddy_lib.database.schema import attempts, calls
from reddy_lib.sending.workers import serving, workers_known
from tests import sending_process
from tests.app_server import ROOT, wait_for

COMMAND = [sys.executable, "-m", "reddy_lib.worker"]


def environment(**values: str) -> dict[str, str]:
    """Of this process's REDDY_ variables a worker sees none."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REDDY_")}
    return {**clean, **values}


class ForkedWorker:
    """A worker that is used like a `Popen`; or whatever else `main` runs with these arguments."""

    def __init__(
        self,
        arguments: list[str],
        env: dict[str, str],
        log: Path,
        main: Callable[[list[str]], int] = worker.main,
    ) -> None:
        self._process = sending_process.context().Process(
            target=_work, args=(main, arguments, env, str(log)), daemon=True
        )
        sending_process.start(self._process)
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(COMMAND, timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


def _work(main: Callable[[list[str]], int], arguments: list[str], env: dict[str, str], log: str) -> None:
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(ROOT)
    sys.exit(main(arguments))


Worker = subprocess.Popen[bytes] | ForkedWorker


class Fleet:
    """Workers on one ledger.

    Args:
        forked: start workers from a process that has imported everything, not as the documentation does.
    """

    def __init__(self, ledger: reddy.Ledger, folder: Path, *, forked: bool = False) -> None:
        self.ledger, self.folder, self.forked = ledger, folder, forked
        self.processes: list[Worker] = []

    def start(
        self, count: int, *, token: str, url: str, heartbeat_timeout: float = 45.0, **variables: str
    ) -> list[Worker]:
        """Start workers, and wait until the ledger knows all of them."""
        started = []
        for _ in range(count):
            log = self.folder / f"worker-{len(self.processes)}.log"
            arguments = ["--heartbeat-timeout", str(heartbeat_timeout)]
            env = environment(
                REDDY_LEDGER=self.ledger.url.render_as_string(hide_password=False),
                REDDY_API_TOKEN=token,
                REDDY_BASE_URL=url,
                **variables,
            )
            process: Worker
            if self.forked:
                process = ForkedWorker(arguments, env, log)
            else:
                with log.open("wb") as output:
                    process = subprocess.Popen(
                        [*COMMAND, *arguments], cwd=ROOT, env=env, stdout=output, stderr=output
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

    def name_of(self, process: Worker) -> str:
        known = workers_known(self.ledger)
        return str(known.loc[known["pid"] == process.pid, "name"].iloc[0])

    def in_flight(self, process: Worker) -> int:
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

    def output(self, process: Worker) -> str:
        return (self.folder / f"worker-{self.processes.index(process)}.log").read_text()

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()


@contextmanager
def fleet(ledger: reddy.Ledger, folder: Path, *, forked: bool = False) -> Iterator[Fleet]:
    running = Fleet(ledger, folder, forked=forked)
    try:
        yield running
    finally:
        running.end()
