"""Run retention, and finish what a killed process left, beside everything else: in the app and in each worker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from reddy_lib.database.locks import alone_forgetting
from reddy_lib.errors import ReddyError
from reddy_lib.forgetting.forget import ForgetSandbox
from reddy_lib.forgetting.retention import run_retention

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["Housekeeping", "keep_house"]

HOUR = 3_600.0
FIRST = 20.0
"""Seconds after the start: pages and submissions come first."""

_log = logging.getLogger("reddy_lib.sending")
_here = threading.Lock()


def keep_house(database: Database, *, sandbox: ForgetSandbox | None = None) -> int:
    """Do what is due now; return how many receipts there are for it. 0 if another process is at it, or nothing is due."""
    database.require("administer")
    if not _here.acquire(blocking=False):
        return 0
    try:
        with alone_forgetting(database.engine) as alone:
            return len(run_retention(database, sandbox=sandbox)) if alone else 0
    finally:
        _here.release()


class Housekeeping:
    """A thread that keeps house once an hour.

    Args:
        database: returns the ledger; may raise while it cannot be opened.
        sandbox: returns what deletes calls from a sandbox of this process, or None.
        after: called each time, with nothing.
    """

    def __init__(
        self,
        database: Callable[[], Database],
        *,
        sandbox: ForgetSandbox | None = None,
        after: Callable[[], object] = lambda: None,
        every: float = HOUR,
        first: float = FIRST,
    ) -> None:
        self._database, self._sandbox, self._after = database, sandbox, after
        self._every, self._first = every, first
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reddy-housekeeping", daemon=True)

    def start(self) -> None:
        """Begin; the first time comes some seconds later."""
        self._thread.start()

    def stop(self) -> None:
        """End, without waiting for what is being deleted: the next process finishes it."""
        self._over.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        wait = self._first
        while not self._over.wait(wait):
            wait = self._every
            try:
                done = keep_house(self._database().for_person(None), sandbox=self._sandbox)
                self._after()
                if done:
                    _log.info("retention: %s batches", done)
            except ReddyError as error:
                _log.warning("retention could not run, and is tried again in an hour: %s", error)
            except Exception:  # noqa: BLE001 - a bug of ours must not end the thread
                _log.exception("retention failed, and is tried again in an hour")
