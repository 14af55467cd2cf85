"""Web pages with tables of calls, also where they are named .xls.

A page may hold several tables: its layout, totals, the calls page by page. Those with the same header as the calls' table
are read behind one another; the others are named in a finding. Where each call has a table, what stands around the tables
(headings, captions, paragraphs, lists of terms) comes as rows among theirs: then the page is a sheet of blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from reddy_lib.errors import UnreadableFile
from reddy_lib.spreadsheet.reading.furniture import is_empty
from reddy_lib.transcripts import read_transcript

__all__ = ["html_rows", "html_tables", "is_saved_chat"]

_BLOCK = 1 << 20
_MOST_PENDING = 4096  # characters of a tag that the end of a page cuts off
_MOST_TABLES = 2_000
_KEPT = 60  # rows of each table that tell what it is


class _Tables(HTMLParser):
    """(number of the table, row) of the tables of a page, as they are met."""

    def __init__(self, around: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self._around = around  # texts outside of tables are rows, of a table 0
        self._loose: list[str] | None = None
        self._loose_tag = ""
        self._term = ""
        self._furniture = 0  # menus and page footers that are open
        self.rows: list[tuple[int, list[str]]] = []
        self.tables = 0
        self.cell: list[str] | None = None
        self.row: list[str] | None = None
        self.span = 1
        self._open: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _FURNITURE:
            self._furniture += 1
        if self._loose is not None and (tag == "br" or self._is_inside(tag)):
            self._loose.append("\n")
        elif self._around and (tag in _LOOSE or tag in ("table", "tr")):
            self._end_loose()
            self._loose = [] if tag in _LOOSE and self.cell is None and not self._furniture else None
            self._loose_tag = tag
        if tag == "table":
            self.tables += 1
            # A table in a cell is one of its own; the row around it is layout.
            self.cell = self.row = None
            self._open.append(self.tables)
        elif tag == "tr" and self._open:
            self._end_row()
            self.row = []
        elif tag in ("td", "th") and self._open:
            self._end_cell()
            self.row = [] if self.row is None else self.row
            self.cell = []
            span = dict(attrs).get("colspan") or ""
            self.span = min(int(span), 100) if span.isdecimal() and len(span) < 6 else 1
        elif self.cell is not None and (
            tag == "br" or (tag in ("p", "div", "li") and "".join(self.cell[-1:]).strip())
        ):
            self.cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _FURNITURE:
            self._furniture = max(self._furniture - 1, 0)
        if self._loose is not None and self._is_inside(tag):
            self._loose.append("\n")
        elif tag in _LOOSE and self._loose is not None:
            self._end_loose(tag)
        elif tag in ("td", "th"):
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table" and self._open:
            self._end_row()
            self._open.pop()

    def _is_inside(self, tag: str) -> bool:
        """Return whether a tag is a part of what a list of terms says of one: paragraphs of a transcript."""
        return self._loose_tag == "dd" and tag in ("p", "div", "li", "ul", "ol")

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)
        elif self._loose is not None:
            self._loose.append(data)

    def _end_cell(self) -> None:
        if self.cell is not None and self.row is not None:
            text = "".join(self.cell).replace("\xa0", " ")
            self.row.append("\n".join(" ".join(line.split()) for line in text.split("\n")).strip())
            self.row += [""] * (self.span - 1)
        self.cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self.row is not None and self._open:
            self.rows.append((self._open[-1], self.row))
        self.row = None

    def _end_loose(self, tag: str = "") -> None:
        lines = [" ".join(line.split()) for line in "".join(self._loose or ()).split("\n")]
        lines = [line for line in lines if line]
        self._loose = None
        if tag == "dt":
            self._term = " ".join(lines)
        elif lines and tag == "dd":
            self.rows.append((0, [self._term, "\n".join(lines)]))
        else:
            self.rows += [(0, _labelled(line, heading=tag[:1] not in ("p", "l"))) for line in lines]

    def close(self) -> None:
        super().close()
        self._end_row()


def _labelled(text: str, *, heading: bool) -> list[str]:
    """Return a text as labels and their values, where it is some: "Call 8811", "Call: 8811, Agent: Kim"."""
    pairs = [_PAIR.fullmatch(part) for part in re.split(r"\s*[,;|·•]\s+", text)]
    if len(pairs) > 1 and all(pairs):
        return [cell for pair in pairs if pair is not None for cell in pair.groups()]
    pair = _PAIR.fullmatch(text)
    if pair is not None and not heading:
        return [pair[1], pair[2]]
    named = _NAMED.fullmatch(text)
    return [named[1], named[2]] if named else [text]


_PAIR = re.compile(r"([^:]{1,40}?)\s*:\s*(\S.*)")
_LOOSE = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "p", "caption", "dt", "dd", "li"))
_FURNITURE = frozenset(("nav", "footer"))
_NAMED = re.compile(r"([^\W\d_][^\d:@]{0,30}?)[ #:]+(\S*\d\S*)")


def _all_rows(path: Path, encoding: str, *, around: bool = False) -> Iterator[tuple[int, list[str]]]:
    parser = _Tables(around)
    with path.open(encoding=encoding, errors="replace") as file:
        while block := file.read(_BLOCK >> 4):
            parser.feed(block)
            if len(parser.rawdata) > _BLOCK or parser.tables > _MOST_TABLES:
                break
            rows, parser.rows = parser.rows, []
            yield from rows
    if parser.tables > _MOST_TABLES:
        raise UnreadableFile(
            f"{path.name} is a web page with more than {_MOST_TABLES:,} tables: open it in Excel and save it as .xlsx."
        )
    if len(parser.rawdata) > _MOST_PENDING:  # to close it would take hours
        raise UnreadableFile(
            f"{path.name} is a web page that breaks off inside a tag: open it in Excel and save it as .xlsx."
        )
    parser.close()
    yield from parser.rows


def html_tables(path: Path, encoding: str) -> dict[int, list[list[str]]]:
    """Number of each table of a page that has more than one row → its first rows. Raises UnreadableFile: it has none."""
    tables: dict[int, list[list[str]]] = {}
    for number, row in _all_rows(path, encoding):
        kept = tables.setdefault(number, [])
        if len(kept) < _KEPT and not all(map(is_empty, row)):
            kept.append(row)
    tables = {number: rows for number, rows in tables.items() if len(rows) > 1}
    if not tables:
        raise UnreadableFile(
            f"{path.name} is a web page with no table, not a spreadsheet: open it in Excel and save it as .xlsx."
        )
    return tables


def html_rows(
    path: Path, encoding: str, numbers: frozenset[int] | None = None, *, around: bool = False
) -> Iterator[list[Any]]:
    """The rows of these tables of a page (None: of all), one behind the other, and the texts around them if that is asked.

    Raises UnreadableFile.
    """
    for number, row in _all_rows(path, encoding, around=around):
        if numbers is None or number in numbers:
            yield list(row)


def is_saved_chat(path: Path, encoding: str) -> bool:
    """Return whether a page without tables reads as one conversation, as chats that were saved from a browser do."""
    if path.stat().st_size > _MOST_CHAT:
        return False
    found = read_transcript(path.read_text(encoding=encoding, errors="replace"))
    around = any(item.code in _AROUND for item in found.findings)  # menus and facts among what was said
    return found.form not in ("empty", "no speakers", "unreadable") and len(found.labels) > 1 and not around


_MOST_CHAT = 1 << 22
_AROUND = ("aside-kept", "line-not-read", "line-without-speaker")
