"""Build the calls of a file, with a second process for large files.

Reading a file and storing its calls takes about as long as building and checking them, and one Python process does only
one of these at a time. For a file that takes seconds, a child process therefore does the building while this process
reads ahead and stores. The child receives pieces of cells and returns rows; it opens no file, database or connection.

The child is an optimisation only. This process keeps each piece until its rows are back. If the child cannot be
started, is killed or fails at a piece, the piece is built here, and its exceptions are raised here. The child is a plain
`python -m reddy_lib.batches.load_process` that talks over pipes, because `multiprocessing` can run the caller's script a
second time.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from reddy_lib.batches.call_rows import new_call_values
from reddy_lib.spreadsheet import Mapping, read_calls, read_pieces
from reddy_lib.spreadsheet.calls.building import build_table
from reddy_lib.spreadsheet.reading.pieces import Table, as_table

if TYPE_CHECKING:
    from reddy_lib.recordings.attachments import Attached

__all__ = ["Piece", "pieces_of_rows"]

_ALONE = 2.0  # seconds of work here before a child is started, which takes nearly one itself
_AHEAD = 3  # maximum number of pieces in the child at a time
_log = logging.getLogger("reddy_lib.batches")


class Piece(NamedTuple):
    """Rows for the `calls` table, and how many rows of the sheet they cover.

    For rows that correct a call: `links` holds that call's id, `recordings` the file attached to it.
    """

    values: list[dict[str, Any]]
    rows: int
    links: dict[int, int] = {}  # noqa: RUF012 - never changed
    recordings: dict[int, Attached] = {}  # noqa: RUF012 - never changed


class _Work(NamedTuple):
    """The settings that all pieces of a load share."""

    batch_id: str
    mapping: Mapping
    products: list[dict[str, Any]] | None
    file_name: str

    def built(self, table: Table) -> Piece:
        built = list(build_table(table, self.mapping, file_name=self.file_name))
        values = new_call_values(self.batch_id, built, products=self.products, now=time.time())
        return Piece(values, sum(one.rows for one in built))


def pieces_of_rows(
    path: Path,
    mapping: Mapping,
    *,
    batch_id: str,
    products: list[dict[str, Any]] | None,
    rows: int,
    file_name: str,
    alone: int | None = None,
    patience: float = 0.0,
) -> Iterator[Piece]:
    """Yield the rows of a file in its order, in pieces of about `rows` rows of the sheet.

    Args:
        alone: number of pieces to build here before a second process is started; None: as many as take two seconds of work.
        patience: seconds to wait for that process; 0 continues here until it is ready.

    Raises the same exceptions as `read_calls`.
    """
    if (
        mapping.layout != "row"
    ):  # these layouts gather calls across pieces: that is most of the work, and it cannot be shared
        for built in read_calls(path, mapping, rows=rows, file_name=file_name):
            values = new_call_values(batch_id, built, products=products, now=time.time())
            yield Piece(values, sum(one.rows for one in built))
        return
    work = _Work(batch_id, mapping, products, file_name)
    given: deque[Table] = deque()
    helper: _Helper | None = None
    several = (os.cpu_count() or 1) > 1
    began = (
        time.thread_time()
    )  # of the processor: on a busy machine, a child would only be one more to wait for
    try:
        for number, frame in enumerate(read_pieces(path, mapping.sheet, rows=rows)):
            long = time.thread_time() - began > _ALONE if alone is None else number >= alone
            if long and several and helper is None:
                helper = _Helper(work)
                helper.wait(patience)
            table = as_table(frame)
            if helper is None or not helper.ready:
                yield work.built(table)
                continue
            helper.give(table)
            given.append(table)
            if len(given) > _AHEAD:
                yield _back(helper, given.popleft(), work)
        while given and helper is not None:
            yield _back(helper, given.popleft(), work)
    finally:
        if helper is not None:
            helper.close()


def _back(helper: _Helper, table: Table, work: _Work) -> Piece:
    piece = helper.take()
    return work.built(table) if piece is None else piece


class _Helper:
    """The child process. `take` always returns, even if the child dies: with rows, or with None."""

    def __init__(self, work: _Work) -> None:
        self._answers: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
        self._state = "starting"  # ready, gone
        self._told = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        package = str(Path(__file__).resolve().parents[2])
        search = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": search},
                start_new_session=True,  # Ctrl+C stops the load here, which then ends the child
            )
        except OSError as error:
            _log.info("loading without a second process", extra={"reason": str(error)})
            self._state = "gone"
            self._told.set()
            return
        self._send(work)
        threading.Thread(target=self._listen, name="reddy-load-beside", daemon=True).start()

    @property
    def ready(self) -> bool:
        return self._state == "ready"

    def wait(self, seconds: float) -> None:
        """Wait for at most `seconds` until the child is ready or has died."""
        self._told.wait(seconds)

    def give(self, table: Table) -> None:
        self._send(table)

    def take(self) -> Piece | None:
        """Return the rows of the oldest piece that was given; None if the child did not build them."""
        return self._answers.get()

    def close(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                assert pipe is not None
                pipe.close()
        self._process.wait()

    def _send(self, what: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # the child has died: `_listen` handles it
            pickle.dump(what, self._process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            pickle.load(self._process.stdout)  # the child has imported its modules and received its work
            self._state = "ready"
            self._told.set()
            while True:
                self._answers.put(pickle.load(self._process.stdout))
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            self._state = "gone"
            self._told.set()
            for _ in range(_AHEAD + 2):  # unblock `take` for every piece that is still with the child
                self._answers.put(None)


def _serve() -> None:
    """Run the child: read the work, then build piece after piece until stdin ends."""
    commands, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a print to stdout would corrupt the pickle stream
    work: _Work = pickle.load(commands)
    pickle.dump("ready", answers)
    answers.flush()
    gc.freeze()
    gc.disable()  # a piece contains no reference cycles, so reference counting frees it
    while True:
        try:
            table = pickle.load(commands)
        except EOFError:
            return
        try:
            piece: Piece | None = work.built(table)
        except Exception:  # noqa: BLE001 - the parent builds the piece again and raises the exception itself
            piece = None
        pickle.dump(piece, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    from reddy_lib.batches import load_process as beside

    beside._serve()
