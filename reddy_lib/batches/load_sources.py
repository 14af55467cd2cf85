"""Accept other sources than a file's path: a DataFrame, a list of dicts, a list of calls, an open file.

Each source is written to a temporary file in a lossless format. Reading, mapping and checking therefore have a single
code path.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, Any, cast

import msgspec

import reddy_lib.arguments as arguments
from reddy_lib.errors import EmptySheet
from reddy_lib.model import Call, payload_json

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_file"]

_ACCEPTED = "a path, an open file, a DataFrame, a list of dicts or a list of calls"
_LARGEST = 2**63


@contextmanager
def as_file(source: Any, file_name: str | None = None) -> Iterator[tuple[Path, str]]:
    """Yield the path of a file with the content of `source`, and its display name. A temporary file is deleted on exit.

    Args:
        file_name: the name of what an open file holds, if it has none of its own; its ending tells JSON from CSV.

    Raises:
        TypeError: `source` is of a type that cannot be loaded.
        ValueError: it is an open file that is closed or not open for reading, or text that is not a path.
        EmptySheet: it holds nothing.
    """
    if isinstance(source, str | os.PathLike):
        try:
            path = arguments.file_path(source, "source")
        except ValueError as error:
            raise ValueError(f"{error} To load the text itself, pass io.StringIO(text).") from None
        yield path, path.name
        return
    folder = Path(tempfile.mkdtemp(prefix="reddy-load-"))  # mode 0700: the file holds customers' words
    try:
        if hasattr(source, "read"):
            path = _copied(source, folder, file_name)
            yield path, path.name
        else:
            path = folder / "calls.json"
            path.write_bytes(_written(_records(source)))
            yield path, "calls"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copied(source: IO[Any], folder: Path, file_name: str | None) -> Path:
    """Copy what an open file still holds, and return the copy's path."""
    if getattr(source, "closed", False):
        raise ValueError("The file is closed: load it inside its `with` block, or pass its path.")
    given = getattr(source, "name", None)
    name = PurePath(given if isinstance(given, str) else file_name or "").name
    path = folder / (name if name not in ("", ".", "..") else "calls.csv")
    try:
        with path.open("wb") as target:
            while piece := source.read(1 << 20):
                target.write(piece.encode("utf-8") if isinstance(piece, str) else piece)
    except OSError as error:
        if isinstance(error, ValueError):  # io.UnsupportedOperation is both
            raise ValueError(
                'The file is not open for reading: open it with mode "rb", or pass its path.'
            ) from None
        raise
    with path.open("rb") as copy:
        head = copy.read(64)
    if not head:
        raise EmptySheet(
            "The open file has nothing left to read: it is empty, or was read or written to its end. "
            "file.seek(0) goes back to its start."
        )
    # A buffer has no name, and text is CSV unless its name says otherwise.
    if not name and head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        path = path.rename(folder / "calls.json")
    return path


def _written(records: list[dict[str, Any]]) -> bytes:
    """Return records as JSON. Halves of characters become escapes: what reads the file replaces them, and says so."""
    try:
        return msgspec.json.encode(records)
    except UnicodeEncodeError:
        return json.dumps(records).encode()


def _records(source: Any) -> list[dict[str, Any]]:
    if type(source).__name__ == "DataFrame" and hasattr(source, "to_dict"):
        source = _rows_of(source)
        if not source:
            raise EmptySheet("The DataFrame has no rows, so there is nothing to load.")
    elif isinstance(source, Iterator):
        source = list(source)
    if isinstance(source, list | tuple):
        if not source:
            raise EmptySheet("There are no records, so there is nothing to load.")
        if all(isinstance(one, Call) for one in source):
            return [_plain(_payload(one)) for one in source]
        if all(isinstance(one, Mapping) for one in source):
            dates = _dates_alone(source)
            return [
                {**_plain(one), **{n: one[n].date().isoformat() for n in dates if _is_moment(one.get(n))}}
                for one in source
            ]
        kinds = dict.fromkeys(type(one).__name__ for one in source)
        raise TypeError(f"Load a list of dicts or a list of calls, not a list of {', '.join(kinds)}.")
    hint = ""
    if isinstance(source, bytes | bytearray):
        hint = " io.BytesIO(…) makes an open file of bytes."
    elif isinstance(source, Mapping) or type(source).__name__ in ("Series", "ndarray", "recarray"):
        hint = " pandas.DataFrame(…) makes a table of it."
    raise TypeError(f"Load {_ACCEPTED}, not {type(source).__name__}.{hint}")


def _dates_alone(records: Iterable[Mapping[Any, Any]]) -> list[str]:
    """Return the columns of moments that are all midnights of no zone: dates, as pandas writes them to a CSV file."""
    seen: dict[Any, bool] = {}
    for record in records:
        for name, value in record.items():
            if _is_moment(value):
                midnight = value.tzinfo is None and value.time() == time.min
                seen[name] = seen.get(name, True) and midnight
    return [name for name, midnights in seen.items() if midnights and isinstance(name, str)]


def _is_moment(value: Any) -> bool:
    return isinstance(value, datetime) and value == value


def _payload(call: Call) -> dict[str, Any]:
    """Return the payload of a call, with halves of characters as they are: the reader replaces them, and says so."""
    written = payload_json(call)
    if "\ufffd".encode() in written:
        return cast(dict[str, Any], msgspec.to_builtins(call, enc_hook=_plain))
    return cast(dict[str, Any], msgspec.json.decode(written))


def _rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a DataFrame's rows as dicts, with the index where it carries data: where it is named, or holds no numbers.

    Repeated column names are numbered as in a sheet, because a dict would keep the last one only.
    """
    kept: list[tuple[Any, Any]] = []
    for level, name in enumerate(frame.index.names):
        values = frame.index.get_level_values(level)
        # Unnamed numbers are positions, or what a filter has left of them; this library's own frames name theirs "row".
        if values.dtype.kind not in "iu" or name not in (None, "row"):
            kept.append((name, values))
    columns = [("index" if name is None else name, values) for name, values in kept]
    columns += [(name, frame.iloc[:, position]) for position, name in enumerate(frame.columns)]
    names: list[str] = []
    for position, (name, _) in enumerate(columns, 1):
        text = unique = _column_name(name) or f"column {position}"
        number = 1
        while unique in names:
            number += 1
            unique = f"{text} ({number})"
        names.append(unique)
    cells = zip(*(values for _, values in columns), strict=True)
    return [dict(zip(names, row, strict=True)) for row in cells]


def _column_name(name: Any) -> str:
    levels = name if isinstance(name, tuple) else (name,)
    return ".".join(str(level) for level in levels if level is not None and str(level))


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold: NumPy numbers as Python's, dates as ISO text, NaN and NaT as None."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(cell) for name, cell in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(cell) for cell in value]
    if getattr(value, "ndim", 0) and hasattr(value, "tolist"):  # an array, as Parquet's lists are read
        return [_plain(cell) for cell in value.tolist()]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime | date | time):
        return None if value != value else value.isoformat()
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no infinity
    if isinstance(value, int) and abs(value) >= _LARGEST:
        return str(value)
    return value if isinstance(value, int | float | bool) else str(value)
