"""How a file is read: everything that was found out about it, small enough to be kept with a mapping."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Form", "Kind", "SheetFormat"]

Kind = Literal["csv", "excel", "html", "xml", "parquet", "json", "jsonl", "files"]
Form = Literal["", "quoted rows", "pipes", "aligned", "report", "tables", "blocks", "forms", "sections"]


class SheetFormat(msgspec.Struct, frozen=True, omit_defaults=True):
    """What reading a file needs. `header_row` counts from 1, as the spreadsheet program shows it.

    Attributes:
        kind: text, workbook, web page with a table, XML, Parquet, JSON, JSON lines, or files of which each is a call.
        header_row: the row right above the data; 1 where columns have their names without a row; 0 where they have none.
        header_lines: how many rows, down to `header_row`, make the names ("Group / Name").
        lines_sheet: sheet of the transcript lines that belong to the rows of `sheet`, or "".
        lines_header: its header row.
        join: (column here, column there) that brings the two together; for files ("column", "") or ().
        form: how text shows its table without a delimiter, or "quoted rows" where each row stands in one cell;
            "blocks" where each call is a block of rows, "forms" where a row is a label and its value,
            "sections" where a row above some calls says what they have in common.
        turned: the first column holds the names, and each further column is a row.
        beside: the first column (from 0) of another table to the right of this one; 0 where there is none.
        alike: other sheets that have the same columns and are not read.
        tables: numbers of the tables of a web page that are read, or names of the tables of an archive, or of the
            sheets of a workbook that are a call each.
        unread: other tables of a web page, or files of an archive, which are not read.
        rival: another encoding in which the text reads as well, or "".
    """

    kind: Kind
    sheet: str | None
    header_row: int
    encoding: str | None
    delimiter: str | None
    header_lines: int = 1
    lines_sheet: str = ""
    lines_header: int = 1
    join: tuple[str, ...] = ()
    form: Form = ""
    turned: bool = False
    beside: int = 0
    alike: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    rival: str = ""

    def __repr__(self) -> str:
        if self.kind == "csv":
            what = f"{self.encoding}, delimiter {self.delimiter!r}"
        else:
            what = f"sheet {self.sheet!r}" if self.sheet else "one table"
        lines = f" · lines in {self.lines_sheet!r}" if self.lines_sheet else ""
        return f"<SheetFormat {self.kind} · {what}{lines} · header in row {self.header_row}>"
