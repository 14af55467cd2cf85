"""A process that reads one spreadsheet with bounded memory, forked from one that has imported everything already."""

from __future__ import annotations

import resource
from multiprocessing.connection import Connection
from pathlib import Path

from reddy_lib.errors import SheetError
from reddy_lib.spreadsheet.reading.detection import detect_format
from reddy_lib.spreadsheet.reading.sheets import read_pieces
from tests import sending_process

MOST_MEMORY = 5 << 30
SECONDS = 300.0


def reading(path: Path) -> tuple[str, int]:
    """Read a file in a process of its own; return what was said of it, and by how many MiB the process grew."""
    ours, theirs = sending_process.context().Pipe(duplex=False)
    process = sending_process.context().Process(target=_read, args=(path, theirs), daemon=True)
    sending_process.start(process)
    theirs.close()
    try:
        assert ours.poll(SECONDS), f"{path.name} is still being read"
        said, grown = ours.recv()
    except EOFError:
        process.join(SECONDS)
        raise AssertionError(f"the process that reads {path.name} ended with {process.exitcode}") from None
    finally:
        process.kill()
        process.join()
        ours.close()
    return said, grown


def _read(path: Path, answer: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    before = peak()
    said = "read"
    try:
        for _ in read_pieces(path, detect_format(path)):
            pass
    except SheetError as error:
        said = str(error)
    answer.send((said, peak() - before))


def peak() -> int:
    """The most memory that this process had so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
