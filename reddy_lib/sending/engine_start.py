"""Start an engine as soon as possible: while the ledger is locked or its server is away, the start is repeated."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable

from reddy_lib.errors import LedgerError
from reddy_lib.sending.engine import Engine

__all__ = ["PatientEngine"]

SOONEST, LATEST = 0.5, 10.0
"""Seconds between two tries: at first, and at most."""

FIRST_TRY = 5.0
"""Seconds that an app waits for the engine. Then it serves its pages, which say what is wrong."""

_log = logging.getLogger("reddy_lib.sending")


class PatientEngine:
    """Starts an engine now or as soon as the ledger can be used, and restarts it if its database is damaged.

    Args:
        make: opens the ledger and returns an engine that has not started.
        on_start: called with each engine that has started.
        on_trouble: called with the error of a failed try, unless it is the same as before.
    """

    def __init__(
        self,
        make: Callable[[], Engine],
        *,
        on_start: Callable[[Engine], None] = lambda _engine: None,
        on_trouble: Callable[[LedgerError], None] = lambda _error: None,
    ) -> None:
        self._on_trouble = on_trouble
        self._make = make
        self._on_start = on_start
        self._over = threading.Event()
        self._tried = threading.Event()
        self._thread: threading.Thread | None = None
        self.engine: Engine | None = None
        """The engine that runs, or None while it could not be started."""
        self.trouble = ""
        """Why there is no engine, as a sentence; "" while one runs."""

    def __repr__(self) -> str:
        return f"<PatientEngine · {'running' if self.engine else self.trouble or 'stopped'}>"

    def start(self) -> None:
        """Start the engine in the background; wait for the first try, but no longer than `FIRST_TRY` seconds."""
        self._over.clear()
        self._tried.clear()
        self.trouble = "The ledger does not answer yet."
        self._thread = threading.Thread(target=self._look_after, name="reddy-start", daemon=True)
        self._thread.start()
        self._tried.wait(FIRST_TRY)

    def stop(self) -> bool:
        """Stop trying, and stop the engine; return False where something could not be recorded."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        engine, self.engine = self.engine, None
        return True if engine is None else engine.stop()

    def _try(self) -> None:
        try:
            engine = self._make()
            engine.start()
        except LedgerError as error:
            if str(error) != self.trouble:
                _log.error("the submission engine could not start; retrying: %s", error)
                self._on_trouble(error)
            self.trouble = str(error)
            return
        self.engine, self.trouble = engine, ""
        self._on_start(engine)

    def _look_after(self) -> None:
        wait = 0.0
        while not self._over.wait(wait):
            if self.engine is not None:
                if not self.engine.database_broken:
                    wait = 1.0
                    continue
                broken, self.engine = self.engine, None
                self.trouble = (
                    "The submission engine's database is damaged and is being rebuilt from the ledger."
                )
                with contextlib.suppress(LedgerError):
                    broken.stop()
            try:
                self._try()
            except Exception as error:  # noqa: BLE001 - a bug of ours must not end the tries
                _log.exception("starting the submission engine failed")
                self.trouble = f"The workbench failed at it ({type(error).__name__}), see its log."
            self._tried.set()
            wait = 1.0 if self.engine is not None else min(LATEST, max(SOONEST, wait * 2))
