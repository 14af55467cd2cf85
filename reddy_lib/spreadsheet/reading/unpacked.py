"""How much one file may unpack to: one budget for every format that stores a value once and repeats it.

A file of a few kilobytes can hold gigabytes: one text in a million cells. The libraries that read it take memory for each
of them, and one of them ends the program where there is no more. So it is counted before.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reddy_lib.errors import UnreadableFile

__all__ = ["damaged", "is_overlapping", "most_cells", "most_unpacked", "packed_as", "swollen", "too_sparse"]

FLOOR = 32 << 20
"""Bytes that any file may unpack to."""
RATIO = 200
"""A larger file may unpack to this many times its size."""
CELL_FLOOR = 6_000_000
"""Cells that any table may have, the empty ones counted: each takes memory, and time."""
CELL_RATIO = 8
"""A larger file may have this many cells for each of its bytes; out of an archive one, as each takes a delimiter."""
SHEET_CELLS = 15_000_000
"""Cells of a sheet that is held as a whole, however large its file is."""

_packed: dict[Path, int] = {}
"""Files that were unpacked for a moment → the bytes that each had in its archive."""


@contextmanager
def packed_as(path: Path, size: int) -> Iterator[None]:
    """Inside, a file that was unpacked from an archive counts as large as it was in there."""
    _packed[path] = size
    try:
        yield
    finally:
        del _packed[path]


def _size(path: Path) -> int:
    return _packed[path] if path in _packed else path.stat().st_size


def is_overlapping(archive: zipfile.ZipFile) -> bool:
    """Return whether files of an open archive share bytes: together they are larger than it."""
    assert archive.fp is not None
    size = archive.fp.seek(0, os.SEEK_END)
    return sum(item.compress_size for item in archive.infolist()) > size


def most_unpacked(path: Path) -> int:
    """Return how many bytes of text (or values of a column) a file may unpack to."""
    return max(FLOOR, RATIO * _size(path))


def most_cells(path: Path, *, held: bool = False) -> int:
    """Return how many cells a table may have; `held`: all of them in memory at once."""
    most = max(CELL_FLOOR, path.stat().st_size * (1 if path in _packed else CELL_RATIO))
    return min(most, SHEET_CELLS) if held else most


def swollen(path: Path) -> UnreadableFile:
    """Return the error for a file that unpacks to more than `most_unpacked`."""
    return UnreadableFile(
        f"{path.name} unpacks to far more than its {_size(path):,} bytes can hold (one value again and again; "
        f"the limit is {most_unpacked(path) >> 20:,} MB): export it again, or as .csv."
    )


def too_sparse(path: Path, columns: int) -> UnreadableFile:
    """Return the error for a table of more than `most_cells`, nearly all of them empty."""
    return UnreadableFile(
        f"{path.name} has {columns:,} columns, and nearly all of their cells are empty: export only the columns that are "
        "filled."
    )


def damaged(path: Path) -> UnreadableFile:
    """Return the error for a workbook that cannot be parsed."""
    return UnreadableFile(
        f"{path.name} cannot be read as a workbook, it is probably damaged: open it in Excel and save it as .xlsx."
    )
