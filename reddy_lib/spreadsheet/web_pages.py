"""Web pages with a table of calls, also where they are named .xls."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from reddy_lib.errors import UnreadableFile

__all__ = ["html_rows"]

_BLOCK = 1 << 20
_MOST_PENDING = 4096  # characters of a tag that the end of a page cuts off


class _Tables(HTMLParser):
    """Rows of the tables of a page, as they are met; `tables` counts those with more than one row."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.depth = 0
        self.tables = 0
        self.cell: list[str] | None = None
        self.row: list[str] | None = None
        self.span = 1
        self.here = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.depth += 1
            self.here = 0
        elif tag == "tr" and self.depth:
            self._end_row()
            self.row = []
        elif tag in ("td", "th") and self.depth:
            self._end_cell()
            self.row = [] if self.row is None else self.row
            self.cell = []
            span = dict(attrs).get("colspan") or ""
            self.span = min(int(span), 100) if span.isdecimal() and len(span) < 6 else 1
        elif tag == "br" and self.cell is not None:
            self.cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table" and self.depth:
            self._end_row()
            self.depth -= 1

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)

    def _end_cell(self) -> None:
        if self.cell is not None and self.row is not None:
            text = "".join(self.cell).replace("\xa0", " ")
            self.row.append("\n".join(" ".join(line.split()) for line in text.split("\n")).strip())
            self.row += [""] * (self.span - 1)
        self.cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self.row is not None:
            self.here += 1
            self.tables += self.here == 2
            self.rows.append(self.row)
        self.row = None


def html_rows(path: Path, encoding: str) -> Iterator[list[Any]]:
    """The rows of a page's one table. Raises UnreadableFile: it has none, or several."""
    parser = _Tables()
    with path.open(encoding=encoding, errors="replace") as file:
        while block := file.read(_BLOCK >> 4):
            parser.feed(block)
            if parser.tables > 1 or len(parser.rawdata) > _BLOCK:
                break
            rows, parser.rows = parser.rows, []
            yield from rows
    if parser.tables < 2 and len(parser.rawdata) > _MOST_PENDING:  # to close it would take hours
        raise UnreadableFile(
            f"{path.name} is a web page that breaks off inside a tag: open it in Excel and save it as .xlsx."
        )
    parser.close()
    if parser.tables != 1:
        how = "no table" if not parser.tables else "more than one table"
        raise UnreadableFile(
            f"{path.name} is a web page with {how}, not a spreadsheet: open it in Excel and save it as .xlsx."
        )
    parser._end_row()
    yield from parser.rows
