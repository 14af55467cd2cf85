"""List the calls whose recording the sheet names by URL.

The URL stays in the sheet's cells, because it can contain credentials; the call itself holds only the file's name. This
module reads the URL back from the cells through the batch's mapping. Once the call's file name is edited, the URL no
longer belongs to the call and is ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from reddy_lib.database.schema import EDITABLE, calls
from reddy_lib.spreadsheet.calls.sources import Sources
from reddy_lib.spreadsheet.cells.cell_kinds import is_empty
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.cells.web_addresses import announced_name, is_web_address

if TYPE_CHECKING:
    from reddy_lib.batches.batch import Batch

__all__ = ["Addressed", "addressed_calls"]


class Addressed(msgspec.Struct, frozen=True):
    """A call and the URL of its recording. `open` means that the call is editable and has no recording yet."""

    row: int
    address: str
    open: bool

    def __repr__(self) -> str:
        return f"<Addressed row {self.row} · {announced_name(self.address)!r}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Hide the URL: pretty-printers list every field by default, and a URL can contain a secret."""
        return [("row", self.row), ("name", announced_name(self.address))]


class _Announced(msgspec.Struct):
    filename: str | None = None


def addressed_calls(batch: Batch) -> list[Addressed]:
    """Return the calls of a batch whose recording is named by a URL, ordered by row."""
    sources = Sources(batch.mapping)
    columns = batch.mapping.sources().get("filename")
    if not columns:
        return []
    query = (
        sa.select(calls.c.row, calls.c.status, calls.c.audio, calls.c.payload, calls.c.cells)
        .where(calls.c.batch_id == batch.id, calls.c.cells.icontains("http"))
        .order_by(calls.c.row)
        .execution_options(yield_per=1000)
    )
    found = []
    with batch.database.read() as connection:
        for row, status, audio, payload, cells in connection.execute(query):
            announced = msgspec.json.decode(payload, type=_Announced).filename or ""
            address = announced
            if not is_web_address(announced):
                address = _in_sheet(sources, columns, cells)
                if not is_web_address(address) or (audio == "none" and announced_name(address) != announced):
                    continue
            found.append(Addressed(row, address, audio == "none" and status in EDITABLE))
    return found


def _in_sheet(sources: Sources, columns: list[str], cells: str) -> str:
    """Return the file name or URL in the sheet's cells, read as during the load."""
    kept: dict[str, Any] = msgspec.json.decode(cells)
    values = {name: _first(kept.get(name, "")) for name in columns}
    cell = sources.value("filename", values)
    return "" if is_empty(cell) else cell_text(cell).strip()


def _first(cell: Any) -> Any:
    """Return a cell's value; for a call of several rows whose cells differ, the first value that is not empty."""
    if isinstance(cell, list):
        return next((one for one in cell if not is_empty(one)), "")
    return cell
