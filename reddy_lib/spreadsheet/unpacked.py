"""How much one file may unpack to: one budget for every format that stores a value once and repeats it.

A file of a few kilobytes can hold gigabytes: one text in a million cells. The libraries that read it take memory for each
of them, and one of them ends the program where there is no more. So it is counted before.
"""

from __future__ import annotations

from pathlib import Path

from reddy_lib.errors import UnreadableFile

__all__ = ["most_unpacked", "swollen"]

FLOOR = 512 << 20
"""Bytes that any file may unpack to."""
RATIO = 200
"""A larger file may unpack to this many times its size."""


def most_unpacked(path: Path) -> int:
    """Return how many bytes of text (or values of a column) a file may unpack to."""
    return max(FLOOR, RATIO * path.stat().st_size)


def swollen(path: Path) -> UnreadableFile:
    """Return the error for a file that unpacks to more than that."""
    return UnreadableFile(
        f"{path.name} unpacks to far more than its {path.stat().st_size:,} bytes can hold (one value again and again; "
        f"the limit is {most_unpacked(path) >> 20:,} MB): export it again, or as .csv."
    )
