"""Several spreadsheets in one archive: which there are, how many rows each has, and which is probably meant.

To count rows means to unpack and read, so small tables are counted and large ones are not: an archive that was made
to harm costs a few seconds, and what it promises or gives beyond its limits is refused, as everywhere.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from reddy_lib.errors import SheetError
from reddy_lib.spreadsheet.formats import SheetFormat
from reddy_lib.spreadsheet.mapping.survey import survey
from reddy_lib.spreadsheet.reading.bundles import Bundle, Member, open_bundle
from reddy_lib.spreadsheet.reading.detection import detect_format
from reddy_lib.spreadsheet.reading.files import kind_of

__all__ = ["ArchiveTable", "format_of_tables", "likeliest", "tables_to_choose"]

_COUNTED_BYTES = 32 << 20
"""A table of text up to this size is counted; of a workbook, which is packed itself, an eighth of that."""
_ALL_COUNTED_BYTES = 128 << 20
"""All that is counted of one archive."""
_MOST_COUNTED = 50


class ArchiveTable(msgspec.Struct, frozen=True):
    """A spreadsheet in an archive.

    Attributes:
        name: with its folders, as `sheet=` takes it.
        size: bytes, unpacked.
        rows: below its header; None where it was not counted.
        problem: why it cannot be read, as a sentence; "" where nothing is known against it.
    """

    name: str
    size: int
    rows: int | None
    problem: str = ""


def tables_to_choose(path: str | os.PathLike[str]) -> list[ArchiveTable]:
    """The spreadsheets of a zip or folder without transcripts, in its order; [] where there are fewer than two.

    Raises UnreadableFile: the file itself cannot be read.
    """
    path = Path(path)
    if kind_of(path) != "files":
        return []
    with open_bundle(path) as bundle:
        if bundle.without_notes() or len(bundle.tables) < 2:
            return []
        left = _ALL_COUNTED_BYTES
        found: dict[str, ArchiveTable] = {}
        for place, table in enumerate(sorted(bundle.tables, key=_weight, reverse=True)):
            weight = _weight(table)
            if weight > min(_COUNTED_BYTES, left) or place >= _MOST_COUNTED:
                found[table.name] = ArchiveTable(table.name, table.size, None)
                continue
            left -= weight
            found[table.name] = _counted(bundle, table)
        return [found[table.name] for table in bundle.tables]


def format_of_tables(path: str | os.PathLike[str], tables: list[ArchiveTable]) -> SheetFormat:
    """Return how an archive is read: tables of the same columns as one, calls with their lines, else the likeliest table.

    Raises UnreadableFile: nothing in it can be read.
    """
    try:
        return detect_format(path)
    except SheetError:
        name = likeliest(tables)
        if name is None:
            raise
        return detect_format(path, sheet=name)


def _weight(table: Member | ArchiveTable) -> int:
    """About how many bytes are read of a table."""
    return table.size if table.name.casefold().endswith((".csv", ".tsv")) else 8 * table.size


def _counted(bundle: Bundle, table: Member) -> ArchiveTable:
    try:
        with bundle.unpacked(table) as place:
            counted = survey(place, detect_format(place), distinct=0)
    except SheetError as error:
        return ArchiveTable(table.name, table.size, None, str(error))
    return ArchiveTable(table.name, table.size, counted.rows if counted is not None else None)


def likeliest(tables: list[ArchiveTable]) -> str | None:
    """The name of the largest table that can be read; None where none can. One too large to be counted is larger
    than those that were."""
    readable = [table for table in tables if not table.problem]
    large = [table for table in readable if table.rows is None and _weight(table) > _COUNTED_BYTES]
    if large:
        return max(large, key=_weight).name
    return max(readable, key=lambda table: (table.rows or 0, table.size)).name if readable else None
