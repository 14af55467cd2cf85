"""Rows for the ledger out of a file, with a second process beside this one where the file is large.

Reading a file and storing its calls take about as long as building and checking them, and Python does one thing at a
time in a process. So after the first pieces of a file, the building goes to a child process: this one reads ahead and
stores. The child gets pieces of cells and gives back rows; it opens no file, no ledger and no connection.

Nothing depends on it. A piece stays here until its rows are back: where the child cannot be started, is killed, or
fails at a piece, that piece is built here, and whatever it raises is raised here. The child is a plain
`python -m reddy_lib.batches.load_process` that talks over its pipes: unlike `multiprocessing`, that never runs a caller's
script a second time.
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
from typing import Any, NamedTuple

import pandas as pd

from reddy_lib.batches.call_rows import new_call_values
from reddy_lib.recordings.attachments import Attached
from reddy_lib.spreadsheet import Mapping, build_frame, read_calls, read_pieces

__all__ = ["Piece", "pieces_of_rows"]

_ALONE = 8  # pieces built here before a child is started: a small file is over by then
_AHEAD = 3  # pieces given to the child and not back yet
_log = logging.getLogger("reddy_lib.batches")


class Piece(NamedTuple):
    """Rows for the `calls` table, and how many rows of the sheet they cover. Of rows that correct a call: `links`, the id
    of that call, and `recordings`, the file that is attached to it."""

    values: list[dict[str, Any]]
    rows: int
    links: dict[int, int] = {}  # noqa: RUF012 - never changed
    recordings: dict[int, Attached] = {}  # noqa: RUF012 - never changed


class _Work(NamedTuple):
    """What is the same for all pieces of a load."""

    batch_id: str
    mapping: Mapping
    products: list[dict[str, Any]] | None
    file_name: str

    def built(self, frame: pd.DataFrame) -> Piece:
        built = list(build_frame(frame, self.mapping, file_name=self.file_name))
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
    alone: int = _ALONE,
    patience: float = 0.0,
) -> Iterator[Piece]:
    """The rows of a file in its order, in pieces of about `rows` rows of the sheet.

    `alone`: so many pieces are built here before a second process is started; `patience`: seconds that are waited for
    it then, instead of going on meanwhile. Raises as `read_calls` does.
    """
    if (
        mapping.layout != "row"
    ):  # calls are gathered over pieces there: that is most of the work, and cannot be shared
        for built in read_calls(path, mapping, rows=rows, file_name=file_name):
            values = new_call_values(batch_id, built, products=products, now=time.time())
            yield Piece(values, sum(one.rows for one in built))
        return
    work = _Work(batch_id, mapping, products, file_name)
    given: deque[pd.DataFrame] = deque()
    helper: _Helper | None = None
    try:
        for number, frame in enumerate(read_pieces(path, mapping.sheet, rows=rows)):
            if number == alone and (os.cpu_count() or 1) > 1:
                helper = _Helper(work)
                helper.wait(patience)
            if helper is None or not helper.ready:
                yield work.built(frame)
                continue
            helper.give(frame)
            given.append(frame)
            if len(given) > _AHEAD:
                yield _back(helper, given.popleft(), work)
        while given and helper is not None:
            yield _back(helper, given.popleft(), work)
    finally:
        if helper is not None:
            helper.close()


def _back(helper: _Helper, frame: pd.DataFrame, work: _Work) -> Piece:
    piece = helper.take()
    return work.built(frame) if piece is None else piece


class _Helper:
    """The child process. Whatever becomes of it, `take` answers: with rows, or None for "build that piece yourself"."""

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
            _log.info("no second process for loading", extra={"reason": str(error)})
            self._state = "gone"
            self._told.set()
            return
        self._send(work)
        threading.Thread(target=self._listen, name="reddy-load-beside", daemon=True).start()

    @property
    def ready(self) -> bool:
        return self._state == "ready"

    def wait(self, seconds: float) -> None:
        """Until it is ready or gone, at most so long."""
        self._told.wait(seconds)

    def give(self, frame: pd.DataFrame) -> None:
        self._send(frame)

    def take(self) -> Piece | None:
        """The rows of the oldest piece that was given; None: they will not come."""
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
        with contextlib.suppress(OSError, ValueError):  # it is gone: `_listen` sees that too
            pickle.dump(what, self._process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            pickle.load(self._process.stdout)  # it has imported what it needs, and has its work
            self._state = "ready"
            self._told.set()
            while True:
                self._answers.put(pickle.load(self._process.stdout))
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            self._state = "gone"
            self._told.set()
            for _ in range(_AHEAD + 2):  # for all that was given and will not come back
                self._answers.put(None)


def _serve() -> None:
    """The child: work, then frame after frame, until this process's input ends."""
    commands, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that prints may come between the answers
    work: _Work = pickle.load(commands)
    pickle.dump("ready", answers)
    answers.flush()
    gc.freeze()
    gc.disable()  # a piece holds no circles, and goes as a whole
    while True:
        try:
            frame = pickle.load(commands)
        except EOFError:
            return
        try:
            piece: Piece | None = work.built(frame)
        except Exception:  # noqa: BLE001 - it is built again by the other side, which raises what there is to raise
            piece = None
        pickle.dump(piece, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    from reddy_lib.batches import load_process as beside

    beside._serve()
