"""Run a load in a background thread, with progress and cancellation.

Streamlit reruns a page at every click, which would abort a load that runs inside the page. A `LoadJob` outlives the
reruns. It stores either the whole batch or nothing.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from reddy_lib.batches.loading import load_batch
from reddy_lib.batches.profiles import keep_profile
from reddy_lib.errors import LoadCancelled, ReddyError
from reddy_lib.spreadsheet import Mapping

if TYPE_CHECKING:
    from reddy_lib.batches.batch import Batch
    from reddy_lib.database.database import Database

__all__ = ["LoadJob"]


class LoadJob:
    """A load in a background thread. The constructor starts it.

    Attributes: total, counted, stored (rows so far), noun (what is counted: "calls" or "rows"), batch, error.

    Args:
        database, path, mapping: as for `Ledger.load`. The file must exist until the job ends.
        total: expected number of rows; None if unknown.
        counted: True if `total` is a count, False if it is an estimate.
        keep: an object to keep alive until the job ends, such as the owner of a temporary file.
        columns: the sheet's columns. If given, the mapping is stored as a profile for these columns, named after the
            file, once the batch is stored.
        clock: returns seconds; used for `rate`.
        options: further arguments of `Ledger.load`.
    """

    def __init__(
        self,
        database: Database,
        path: str | os.PathLike[str],
        mapping: Mapping,
        *,
        total: int | None = None,
        counted: bool = True,
        keep: object = None,
        columns: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
        **options: Any,
    ) -> None:
        self.total = total
        self.counted = counted
        self.stored = 0
        self.batch: Batch | None = None
        self.error: ReddyError | None = None
        self.noun = "rows" if mapping.layout == "lines" and "transcript" not in mapping.fields else "calls"
        self._keep = keep
        self._columns = list(columns)
        self._clock = clock
        self._started = clock()
        self._stop = threading.Event()
        database.require("edit")
        self._thread = threading.Thread(
            target=self._run, args=(database, path, mapping, options), name="reddy-load", daemon=True
        )
        self._thread.start()

    def __repr__(self) -> str:
        return f"<LoadJob {self.state} · {self.stored:,} of {'?' if self.total is None else f'{self.total:,}'} rows>"

    @property
    def state(self) -> Literal["running", "stored", "cancelled", "failed"]:
        """The job's current state."""
        if self._thread.is_alive():  # checked first: `batch` and `error` are final only after the thread ends
            return "running"
        if self.batch is not None:
            return "stored"
        # "failed" without an error means a bug in the program; its traceback is in the log.
        return "cancelled" if isinstance(self.error, LoadCancelled) else "failed"

    @property
    def rate(self) -> float:
        """Rows per second since the start."""
        return self.stored / max(self._clock() - self._started, 0.001)

    def cancel(self) -> None:
        """Stop after the current piece and store nothing. Has no effect once the last piece is stored."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether `cancel` was called."""
        return self._stop.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for at most `seconds` (None: no limit). Return whether the job has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self, database: Database, path: str | os.PathLike[str], mapping: Mapping, options: Any) -> None:
        # A load that has started may finish even if the person's sign-in expires meanwhile.
        own = database.for_person(None)
        try:
            batch = load_batch(own, path, mapping, progress=False, on_progress=self._told, **options)
            self.batch = batch.seen_by(database)
            if self._columns:
                keep_profile(own, batch.name, mapping, self._columns, who=str(options.get("who", "")))
        except ReddyError as error:
            self.error = error
        finally:
            self._keep = None

    def _told(self, stored: int) -> bool:
        self.stored = stored
        return not self._stop.is_set()
