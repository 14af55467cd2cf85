"""Accept other sources than a file's path: a DataFrame, a list of dicts, a list of calls, an open file.

Each source is written to a temporary file in a lossless format. Reading, mapping and checking therefore have a single
code path.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path, PurePath
from typing import Any

import msgspec

from reddy_lib.model import Call, to_payload

__all__ = ["as_file"]


@contextmanager
def as_file(source: Any) -> Iterator[tuple[Path, str]]:
    """Yield the path of a file with the content of `source`, and its display name. A temporary file is deleted on exit.

    Raises TypeError if `source` cannot be loaded.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        yield path, path.name
        return
    folder = Path(tempfile.mkdtemp(prefix="reddy-load-"))  # mode 0700: the file holds customers' words
    try:
        if hasattr(source, "read"):
            given = getattr(source, "name", None)
            name = PurePath(given).name if isinstance(given, str) else ""
            name = "calls.csv" if name in ("", ".", "..") else name
            path = folder / name
            _copy(source, path)
        else:
            name, path = "calls", folder / "calls.json"
            path.write_bytes(msgspec.json.encode(_records(source)))
        yield path, name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(source: Any, path: Path) -> None:
    with path.open("wb") as target:
        while piece := source.read(1 << 20):
            target.write(piece.encode("utf-8") if isinstance(piece, str) else piece)


def _records(source: Any) -> list[dict[str, Any]]:
    if type(source).__name__ == "DataFrame" and hasattr(source, "to_dict"):
        source = source.to_dict("records")
    if isinstance(source, list | tuple) and source:
        if all(isinstance(one, Call) for one in source):
            return [_plain(to_payload(one)) for one in source]
        if all(isinstance(one, Mapping) for one in source):
            return [_plain(one) for one in source]
    raise TypeError(
        "Load a path, an open file, a DataFrame, a list of dicts or a list of calls that has something in it, not "
        f"{'an empty ' if hasattr(source, '__len__') and not len(source) else 'a '}{type(source).__name__}."
    )


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold: NumPy numbers as Python's, dates as ISO text, NaN and NaT as None."""
    if isinstance(value, Mapping):
        return {str(name): _plain(cell) for name, cell in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(cell) for cell in value]
    if isinstance(value, datetime | date):
        return None if value != value else value.isoformat()
    if hasattr(value, "item") and not isinstance(value, str | bytes):  # a NumPy scalar
        value = value.item()
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return None
    return value if isinstance(value, str | int | float | bool) else str(value)
