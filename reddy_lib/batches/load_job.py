"""A load that goes on while somebody watches: in a thread of its own, with counts, and a way to stop it.

A page is run again at every click, so it cannot hold a load itself: a click on anything would cut it off. A
`LoadJob` belongs to whoever started it, tells how far it is, and leaves either a whole batch or nothing.
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
    """One load under way. Made by `LoadJob(...)`, which starts it at once.

    Attributes: total, counted, stored (so far), noun (what is counted: "calls" or "rows"), batch, error.

    Args:
        ledger, path, mapping: as for `Ledger.load`; the file must stay where it is until the job is over.
        total: how many rows are expected, or None where nobody knows.
        counted: whether `total` was counted; else it is an estimate.
        keep: anything that must live as long as the job does (what removes the file when it goes, for example).
        columns: of the sheet. Where they are given, the mapping is kept as a profile for the next sheet that has
            them, named after the file, as soon as the batch is stored.
        clock: seconds, for the rate.
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
        """What became of it so far."""
        if self._thread.is_alive():  # asked first: what it leaves is only complete once it is over
            return "running"
        if self.batch is not None:
            return "stored"
        # Neither batch nor error: a fault of the program, and its trace is in the log.
        return "cancelled" if isinstance(self.error, LoadCancelled) else "failed"

    @property
    def rate(self) -> float:
        """Rows a second since the start."""
        return self.stored / max(self._clock() - self._started, 0.001)

    def cancel(self) -> None:
        """Stop after the piece that is being stored; nothing is kept. After the last piece it comes too late."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """It was told to stop."""
        return self._stop.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is over, for at most so many seconds (None: as long as it takes). True: it is over."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self, database: Database, path: str | os.PathLike[str], mapping: Mapping, options: Any) -> None:
        # A load that was begun is finished, also where the sign-in of the person runs out meanwhile.
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
