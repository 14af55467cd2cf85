"""How the chosen file is read: its sheet, encoding, delimiter, header row and layout, and the rows that come of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.profiles import Profile
from reddy_lib.errors import SheetError
from reddy_lib.spreadsheet import SheetFormat, detect_format, guess_mapping, read_sheet, sheet_names
from reddy_lib.spreadsheet.mapping.archive_tables import ArchiveTable
from reddy_lib.spreadsheet.mapping.survey import Survey, survey
from reddy_lib.spreadsheet.reading.detection import ALL_SHEETS, ALL_TABLES
from reddy_lib.spreadsheet.reading.sheets import hidden_sheets
from reddy_lib.spreadsheet.reading.upload import PrivateCopy
from reddy_lib.ui.load.file_choice import let_go
from reddy_lib.ui.load.mapping_choices import chosen, known

__all__ = [
    "another_file",
    "apart",
    "batch_name",
    "choose_layout",
    "look_at",
    "reading",
    "shortened",
    "size_of",
]

state = st.session_state
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with mark",
    "utf-16": "UTF-16",
    "cp1252": "Western European (cp1252)",
    "cp1250": "Central European (cp1250)",
    "cp1251": "Cyrillic (cp1251)",
    "cp1253": "Greek (cp1253)",
    "cp1254": "Turkish (cp1254)",
    "iso8859_15": "Latin 9 (iso8859_15)",
    "mac_roman": "Mac (mac_roman)",
    "cp932": "Japanese (cp932)",
    "gb18030": "Chinese (gb18030)",
    "cp949": "Korean (cp949)",
}

KINDS = {
    "html": "a web page with a table",
    "parquet": "Parquet",
    "json": "JSON: one object a row",
    "jsonl": "JSON lines: one object a row",
}

DELIMITERS = {",": "comma ,", ";": "semicolon ;", "\t": "tab", "|": "bar |", "^": "caret ^", "~": "tilde ~"}

LAYOUTS = {"row": "one row per call", "lines": "one row per line of transcript"}

SAMPLE_ROWS = 1000  # looked at to guess columns

COUNTED = {"csv": 100_000_000, "excel": 12_000_000}  # bytes up to which the whole file is read once to count


def reading(file: PrivateCopy, first: SheetFormat) -> tuple[SheetFormat | None, Any, Any]:
    """The line of controls that say how the file is read: the format they make (None where it cannot be), and two
    places for what is known only when the rows are: the layout, and what was joined with what."""
    if first.kind not in ("csv", "excel"):  # these say themselves how they are read
        return _of_own_kind(file, first)
    excel = first.kind == "excel"
    columns = st.columns([2, 0.9, 2.2, 1] if excel else [1.6, 1.2, 0.9, 2.2, 1], vertical_alignment="bottom")
    another_file(columns[-1])
    wanted = _sheet_wanted(file, first, columns) if excel else _text_wanted(file, first, columns)
    format, problem = _with_header(file, first, wanted, columns[-3])
    if problem:
        st.error(ui.escape(problem), icon=":material/error:")
    return format, columns[-2], None


def _of_own_kind(file: PrivateCopy, first: SheetFormat) -> tuple[SheetFormat | None, Any, Any]:
    """JSON, archives and the like: only which of several tables is a choice."""
    key = f"load {file.id} "
    sheets = known("sheets", file.id, lambda: sheet_names(file.path)) if first.sheet else []
    kind, layout, another = st.columns([2.6, 2.2, 1.3], vertical_alignment="bottom")
    another_file(another)
    if len(sheets) < 2:
        if first.kind != "files":
            kind.caption(f"Read as {KINDS.get(first.kind, first.kind)}")
        return first, layout, kind
    tables = {table.name: table for table in state.get("load_tables", ())}
    if first.form == "tables":
        sheets = [ALL_TABLES, *sheets]
    chosen(key + "sheet", first.sheet, sheets)
    name = kind.selectbox(
        "Table in the archive" if tables else "Sheet about the files", sheets, key=key + "sheet",
        persist_state="session", format_func=lambda name: table_label(name, first, tables),
    )  # fmt: skip
    try:
        return known("found", name, lambda: detect_format(file.path, sheet=name)), layout, st.container()
    except SheetError as error:
        st.error(ui.escape(str(error)), icon=":material/error:")
        return None, layout, kind


def _sheet_wanted(file: PrivateCopy, first: SheetFormat, columns: Sequence[Any]) -> dict[str, Any]:
    key = f"load {file.id} sheet"
    sheets = known("sheets", file.id, lambda: sheet_names(file.path))
    hidden = known("hidden", file.id, lambda: hidden_sheets(file.path))
    names = {name: f"{name} (hidden)" if name in hidden else name for name in sheets}
    if first.tables:
        names = {ALL_SHEETS: f"{len(first.tables):,} sheets, one call each", **names}
    chosen(key, first.sheet, list(names))
    sheet = columns[0].selectbox(
        "Sheet", list(names), format_func=names.__getitem__, key=key, persist_state="session"
    )
    return {"sheet": sheet}


def _text_wanted(file: PrivateCopy, first: SheetFormat, columns: Sequence[Any]) -> dict[str, Any]:
    key = f"load {file.id} "
    encodings = list(dict.fromkeys([*ENCODINGS, str(first.encoding)]))
    delimiters = list(dict.fromkeys([*DELIMITERS, str(first.delimiter)]))
    chosen(key + "encoding", first.encoding, encodings)
    chosen(key + "delimiter", first.delimiter, delimiters)
    encoding = columns[0].selectbox(
        "Encoding", encodings, format_func=lambda name: ENCODINGS.get(name, name), key=key + "encoding",
        persist_state="session",
    )  # fmt: skip
    delimiter = columns[1].selectbox(
        "Between columns", delimiters, format_func=lambda mark: DELIMITERS.get(mark, repr(mark)),
        key=key + "delimiter", persist_state="session",
    )  # fmt: skip
    return {"encoding": encoding, "delimiter": delimiter}


def _with_header(
    file: PrivateCopy, first: SheetFormat, wanted: dict[str, Any], place: Any
) -> tuple[SheetFormat | None, str]:
    """The format with these settings and the header row that is chosen in `place`; or None, and what is wrong."""
    problem = ""
    format: SheetFormat | None = None
    try:
        if all(getattr(first, name) == value for name, value in wanted.items()):
            format = first  # as it was found when the file came: no reason to read it again
        else:
            format = known("found", wanted, lambda: detect_format(file.path, **wanted))
    except SheetError as error:
        problem = str(error)
    header_key = f"load {file.id} header {wanted}"
    guessed = format.header_row if format is not None else 1
    chosen(header_key, guessed)
    header = int(
        place.number_input("Header in row", min_value=0, step=1, key=header_key, persist_state="session")
    )
    if header == guessed:
        return format, problem
    try:
        return known(
            "format", (wanted, header), lambda: detect_format(file.path, header_row=header, **wanted)
        ), ""
    except SheetError as error:
        return None, str(error)


def table_label(name: str, first: SheetFormat, tables: dict[str, ArchiveTable]) -> str:
    """What an entry of the list of tables in an archive says."""
    if name != ALL_TABLES or first.form != "tables":
        return f"{name}{rows_of(tables.get(name))}"
    counts = [tables[each].rows if each in tables else None for each in first.tables]
    rows = f" · {ui.number_of(sum(filter(None, counts)), 'row')}" if None not in counts else ""
    return f"the {len(counts):,} tables with the same columns{rows}"


def rows_of(table: ArchiveTable | None) -> str:
    """How much one of several tables in an archive holds, as far as it was looked at."""
    if table is None:
        return ""
    if table.problem:
        return " · cannot be read"
    if table.rows is not None:
        return f" · {ui.number_of(table.rows, 'row')}"
    return f" · {table.size / (1 << 20):,.0f} MB, rows not counted"


def another_file(place: Any) -> None:
    place.button(
        "Another file", type="tertiary", icon=":material/swap_horiz:", key="load_another", on_click=let_go
    )


def apart(file: PrivateCopy, format: SheetFormat) -> SheetFormat:
    """The format as it was chosen: with the second sheet of lines that was found for it, or without."""
    if format.lines_sheet and state.get(layout_key(file, format), "beside") != "beside":
        return msgspec.structs.replace(format, lines_sheet="", lines_header=1, join=())
    return format


def layout_key(file: PrivateCopy, format: SheetFormat) -> str:
    return f"load {file.id} layout {format!r}"


def choose_layout(
    place: Any, file: PrivateCopy, found: SheetFormat, sheet: pd.DataFrame, profile: Profile | None,
    products: list[dict[str, Any]] | None,
) -> str:  # fmt: skip
    """Whether one row is a call or a line: as the profile says, else as it looks, until somebody chooses."""
    if found.kind == "files" and not found.sheet:
        return "row"  # one call a file, as the line of controls says
    layouts = {**LAYOUTS}
    if found.lines_sheet:
        layouts = {"beside": f"one row per call, its lines in sheet {found.lines_sheet}", **LAYOUTS}
        default = "beside"
    elif profile is not None:
        default = profile.mapping.layout
    else:
        default = known("layout", (found, products), lambda: guess_mapping(sheet, products=products)).layout
    key = layout_key(file, found)
    chosen(key, default, list(layouts))
    return str(
        place.selectbox(
            "Layout", list(layouts), format_func=layouts.__getitem__, key=key, persist_state="session"
        )
    )


def batch_name(file: PrivateCopy, format: SheetFormat) -> str | None:
    """What the batch is called: after the file, and of several tables in it after the one that was chosen."""
    if not state.get("load_tables") or format.form == "tables" or format.lines_sheet:
        return None
    return f"{Path(file.file_name).stem} {Path(str(format.sheet)).stem}"


def shortened(name: str, longest: int = 36) -> str:
    """A file's name in one line beside its size: its beginning and its end."""
    if len(name) <= longest:
        return name
    others = re.search(r" and \d+ more files?\.zip$", name)
    tail = others[0] if others else name[4 - longest // 2 :]
    return f"{name[: longest - len(tail) - 1]}…{tail}"


def size_of(sheet: pd.DataFrame, counted: Survey | None, about: int | None) -> str:
    if counted is not None:
        rows = ui.number_of(counted.rows, "row")
    else:
        rows = (
            f"about {about:,} rows" if about is not None else f"more than {ui.number_of(len(sheet), 'row')}"
        )
    return f"{rows} × {ui.number_of(len(sheet.columns), 'column')}"


def look_at(file: PrivateCopy, format: SheetFormat) -> tuple[pd.DataFrame, Survey | None]:
    """The first rows; and one pass over all of them, where the file is small enough for that."""
    sheet = known("sheet", format, lambda: read_sheet(file.path, format=format, nrows=SAMPLE_ROWS))
    sheet.attrs["file_name"] = file.file_name  # not that of the copy on disk, which may be cut short
    limit = COUNTED.get(format.kind, COUNTED["csv"])
    return sheet, known("survey", format, lambda: survey(file.path, format, most_bytes=limit))
