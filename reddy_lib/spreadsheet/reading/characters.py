"""Characters that a payload cannot hold: NUL is removed, half a character is replaced, and each row says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from reddy_lib.findings import Finding
from reddy_lib.model import whole_characters
from reddy_lib.transcripts.characters import half_characters

__all__ = ["sendable_rows"]


def sendable_rows(
    rows: Iterable[tuple[int, list[Any]]], nuls: dict[int, int], mended: dict[int, Finding] | None
) -> Iterator[tuple[int, list[Any]]]:
    """Yield rows of decoded text (JSON, records, workbooks) without NULs and without halves of characters.

    `nuls` takes the number of NULs of a row, `mended` its finding about halves: as `csv_records` does for bytes.
    """
    for number, cells in rows:
        for place, cell in enumerate(cells):
            if not isinstance(cell, str) or (cell.isascii() and "\x00" not in cell):
                continue
            if "\x00" in cell:
                nuls[number] = nuls.get(number, 0) + cell.count("\x00")
                cell = cells[place] = cell.replace("\x00", "")
            whole = whole_characters(cell)
            if whole != cell:
                cells[place] = whole
                if mended is not None and (halves := whole.count("\ufffd") - cell.count("\ufffd")):
                    before = mended.get(number)
                    mended[number] = half_characters(halves + (int(before.value) if before else 0), "row")
        yield number, cells
