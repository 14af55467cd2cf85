"""Values of typed tables as cells, and Parquet files as rows of them.

Row 1 is the header, the first record is row 2. Numbers, booleans and dates keep their type; lists and objects become
JSON text, which transcripts are read from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from reddy_lib.errors import UnreadableFile
from reddy_lib.spreadsheet.reading.unpacked import most_unpacked, swollen

__all__ = [
    "MOST_COLUMNS",
    "parquet_rows",
    "plain_cell",
    "too_wide",
]

MOST_COLUMNS = 16_384
"""As many as a sheet of Excel can have: a table that is wider was not made by people."""

_VALUE_BYTES = 100  # that a value inside a list takes
_MOST_VALUES = 200_000  # of a column, read together


def too_wide(name: str, columns: int) -> UnreadableFile:
    """The sentence for a table that nobody could look through."""
    return UnreadableFile(
        f"{name} has {columns:,} columns, more than the {MOST_COLUMNS:,} of a spreadsheet: export fewer columns."
    )


def plain_cell(value: Any) -> Any:
    """A value of a typed table as a cell."""
    if value is None:
        return ""
    if isinstance(value, str | bool | int | float | datetime | date | time | timedelta):
        return "" if value != value else value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 10**15 else str(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.hex()
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except ValueError:
        return str(value)


# Parquet


def parquet_rows(path: Path, *, rows: int = 500) -> Iterator[list[Any]]:
    """The column names, then the rows. Raises UnreadableFile."""
    import pyarrow
    import pyarrow.parquet as parquet

    damaged = UnreadableFile(f"{path.name} is a damaged Parquet file: export it again.")
    try:
        with parquet.ParquetFile(path) as plain:
            texts = [
                field.name
                for field in plain.schema_arrow
                if pyarrow.types.is_string(field.type) or pyarrow.types.is_binary(field.type)
            ]
        # Read as they are stored: a text of a megabyte in a thousand rows is a few bytes there.
        file = parquet.ParquetFile(path, read_dictionary=texts)
        names = list(file.schema_arrow.names)
    except (pyarrow.ArrowException, OSError, ValueError):
        raise damaged from None
    with file:
        if len(names) > MOST_COLUMNS:
            raise too_wide(path.name, len(names))
        most = most_unpacked(path)
        if _swells(file.metadata, most):
            raise swollen(path)
        yield list(names)
        rows = min(rows, _rows_at_once(file.metadata))
        unpacked = 0
        try:
            for batch in file.iter_batches(batch_size=rows, use_threads=False):
                columns = [_cells(column) for column in batch.columns]
                unpacked += sum(len(cell) for cells in columns for cell in cells if isinstance(cell, str))
                if unpacked > most:
                    raise swollen(path)
                yield from (list(row) for row in zip(*columns, strict=True))
        except (pyarrow.ArrowException, OSError, ValueError, OverflowError):
            raise damaged from None


def _swells(metadata: Any, most: int) -> bool:
    """Whether a column of a row group says that it unpacks to more than this, in bytes or in values."""
    return any(
        not 0 <= column.total_uncompressed_size <= most
        or not 0 <= column.num_values <= most
        or (column.num_values - rows) * _VALUE_BYTES > most
        for rows, column in _columns(metadata)
    )


def _columns(metadata: Any) -> Iterator[tuple[int, Any]]:
    """(rows of its group, what is said of it) of each column of each row group."""
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for place in range(metadata.num_columns):
            yield group.num_rows, group.column(place)


def _rows_at_once(metadata: Any) -> int:
    """How many rows are read together: a row of lists may hold as much as thousands of others."""
    fullest = max((column.num_values // max(rows, 1) for rows, column in _columns(metadata)), default=1)
    return max(1, _MOST_VALUES // max(fullest, 1))


def _cells(column: Any) -> list[Any]:
    """The cells of a column; a text that many rows have is held once."""
    import pyarrow

    if not pyarrow.types.is_dictionary(column.type):
        return [plain_cell(value) for value in column.to_pylist()]
    places = column.indices.to_pylist()
    texts = {
        place: "" if place is None else plain_cell(column.dictionary[place].as_py()) for place in set(places)
    }
    return [texts[place] for place in places]
