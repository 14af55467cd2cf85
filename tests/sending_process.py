"""A process that does nothing but send: the app's engine on a ledger, until it is told to stop, or killed.

Made by forking a process that has imported everything already: a kill costs a tenth of a second, not five, so a
test can afford many.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.process import BaseProcess
from types import ModuleType, SimpleNamespace

import dbos._dbos  # imported once, in the process that the others are forked from

import reddy_lib as reddy
import reddy_lib.worker
from reddy_lib.sending.connection import Connection
from reddy_lib.sending.engine import Engine

SECONDS = 60.0
PRELOADED = [__name__, "tests.reading_process", "pandas", "pyarrow.parquet"]


def stop_engines_sooner() -> None:
    """An engine that stops looks every tenth of a second whether its tasks have ended, and not every second."""
    dbos._dbos.time = SimpleNamespace(time=time.time, sleep=lambda seconds: time.sleep(min(seconds, 0.1)))


def context() -> ForkServerContext:
    """The way to make a process from the one that has imported everything."""
    way = multiprocessing.get_context("forkserver")
    way.set_forkserver_preload(PRELOADED)
    return way


def start(process: BaseProcess) -> None:
    """Start a child. It reads again what `__main__` was read from, and after a test of a page that is a page: so it is
    shown an empty one."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        process.start()
    finally:
        sys.modules["__main__"] = main


class SendingProcess:
    """The engine on the ledger at `location`, sending to `url`."""

    def __init__(self, location: str, url: str, token: str) -> None:
        self._pipe, theirs = context().Pipe()
        self._process: ForkServerProcess = context().Process(
            target=_send, args=(location, url, token, theirs, dict(os.environ)), daemon=True
        )
        start(self._process)
        theirs.close()

    def wait_until_ready(self) -> None:
        assert self._pipe.poll(SECONDS), "the sending process did not start"
        assert self._pipe.recv() == "ready"

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.join(SECONDS)
        self._pipe.close()

    def stop(self) -> None:
        """In good order, or by force after a minute."""
        self._pipe.close()
        self._process.join(SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(SECONDS)


def _send(location: str, url: str, token: str, pipe: Pipe, environment: dict[str, str]) -> None:
    # Not that of the process it is forked from, which an earlier test started: the marks of what is sent would be there.
    os.environ.clear()
    os.environ.update(environment)
    stop_engines_sooner()
    connection = Connection(token=token, base_url=url, source="environment")
    with reddy.Ledger(location) as ledger:
        engine = Engine(ledger, lambda _: connection)
        engine.start()
        try:
            pipe.send("ready")
            pipe.recv()  # ends when whoever started this closes it
        except (EOFError, OSError):
            engine.stop()
