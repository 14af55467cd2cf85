"""Write the payload of a layout as a file, with what surrounds tables in real exports."""

from __future__ import annotations

import csv
import html
import io
import json
import random
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING

import xlsxwriter

from tests.exports.columns import Payload, Sheet
from tests.exports.dates import Cell

if TYPE_CHECKING:
    from tests.exports.sources import Source

BANNERS = ("Call", "People", "Details", "Conversation")

ENCODINGS = {"csv-cp1252": "cp1252", "csv-bom": "utf-8-sig", "csv-utf16": "utf-16"}
DELIMITERS = {"csv-semicolon": ";", "csv-tab": "\t", "csv-pipe": "|", "csv-cp1252": ";", "csv-utf16": "\t"}
EXTENSIONS = {
    "xlsx": ".xlsx",
    "html": ".html",
    "xml": ".xml",
    "json": ".json",
    "jsonl": ".jsonl",
    "zip": ".zip",
}


def furnish(rng: random.Random, sheet: Sheet, traits: set[str], source: Source) -> None:
    """Add title rows, footers, totals, repeated headers and empty columns to a table."""
    head, *rows = sheet.rows
    if "repeated-header" in traits and len(rows) > 3:
        rows.insert(len(rows) // 2, list(head))
    if "empty-column" in traits:
        at = rng.randint(1, len(head))
        head = [*head[:at], None, *head[at:]]
        rows = [[*row[:at], None, *row[at:]] for row in rows]
    if "broken-header" in traits:  # typed with a line break, to keep the column narrow
        head = [name.replace(" ", "\n", 1) if isinstance(name, str) else name for name in head]
    calls = len(rows)
    if "totals" in traits:
        rows.append(["Total", *[None] * (len(head) - 2), calls])
    if "second-table" in traits:
        rows += [[], ["Team", "Calls", "Average minutes"], ["North", calls, 0.7], ["South", 0, None]]
    if "footer" in traits:
        rows += [[], [rng.choice((*source.footers, f"{calls} records"))]]
    before: list[list[Cell]] = []
    if "title-rows" in traits:
        before = [[rng.choice(source.titles)], *(list(row) for row in rng.choice(source.prefaces)), []]
    if "banner-row" in traits:  # headings of groups of columns, as merged cells leave them
        before.append([BANNERS[n // 3 % 4] if n % 3 == 0 else None for n in range(len(head))])
    if "type-row" in traits:
        rows.insert(
            0, [_type_of(column) for column in zip(*(r for r in rows if len(r) == len(head)), strict=True)]
        )
    sheet.rows = [*before, head, *rows]
    sheet.hidden = [place + len(before) for place in sheet.hidden]


def _type_of(cells: tuple[Cell, ...]) -> str:
    """Return what a database calls the type of a column."""
    first = next((cell for cell in cells if cell not in (None, "")), "")
    if isinstance(first, datetime):
        return "timestamp"
    return "numeric" if isinstance(first, int | float) else "varchar"


def write_csv(sheet: Sheet, kind: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=DELIMITERS.get(kind, ","), lineterminator="\r\n")
    writer.writerows([["" if cell is None else cell for cell in row] for row in sheet.rows])
    text = out.getvalue()
    try:
        return text.encode(ENCODINGS.get(kind, "utf-8"))
    except UnicodeEncodeError:  # a system that writes cp1252 has no other letters: this one writes UTF-8
        return text.encode()


def write_xlsx(sheets: list[Sheet], traits: set[str]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"})
    book.set_properties({"created": datetime(2026, 1, 1)})  # noqa: DTZ001
    if "notes-sheet" in traits:
        notes = book.add_worksheet("Read me")
        for n, line in enumerate(("Export of calls", "Confidential: do not forward", "Questions: data team")):
            notes.write_string(n, 0, line)
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        for r, row in enumerate(sheet.rows):
            for c, cell in enumerate(row):
                if isinstance(cell, str):
                    page.write_string(r, c, cell)
                elif isinstance(cell, datetime):
                    page.write_datetime(r, c, cell)
                elif cell is not None:
                    page.write(r, c, cell)
        for r in sheet.hidden:
            page.set_row(r, None, None, {"hidden": True})
    book.close()
    return out.getvalue()


def write_html(sheet: Sheet) -> bytes:
    def cell(value: Cell, tag: str) -> str:
        shown = "" if value is None else html.escape(str(value), quote=False).replace("\n", "<br>")
        return f"<{tag}>{shown}</{tag}>"

    rows = []
    for n, row in enumerate(sheet.rows):
        rows.append("<tr>" + "".join(cell(value, "th" if n == 0 else "td") for value in row) + "</tr>")
    page = f'<html><head><meta charset="utf-8"></head><body><table border="1">{"".join(rows)}</table></body></html>'
    return page.encode()


def xml_name(header: str) -> str:
    """Return the name of a column as an element may be called: without spaces and signs."""
    key = "".join(ch if ch.isalnum() else "_" for ch in header).strip("_")
    return key if key[0].isalpha() else f"f_{key}"


def write_xml(sheet: Sheet) -> bytes:
    """One element a call, with the columns as children named by their header."""
    head, *rows = sheet.rows
    out = ['<?xml version="1.0" encoding="UTF-8"?>', "<calls>"]
    for row in rows:
        out.append("  <call>")
        for name, value in zip(head, row, strict=True):
            key = xml_name(str(name))
            out.append(f"    <{key}>{html.escape('' if value is None else str(value), quote=False)}</{key}>")
        out.append("  </call>")
    return "\n".join([*out, "</calls>"]).encode()


def write_zip(texts: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return out.getvalue()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value))


def write(payload: Payload, kind: str, traits: set[str]) -> tuple[str, bytes]:
    """Return the name and the bytes of the file."""
    if kind == "txt":
        ((name, text),) = payload.texts.items()
        return name, text.encode()
    name = "export" + EXTENSIONS.get(kind, ".csv")
    if kind == "zip":
        return name, write_zip(payload.texts)
    if kind == "json":
        return name, json.dumps(payload.document, ensure_ascii=False, indent=1, default=_plain).encode()
    if kind == "jsonl":
        return name, "\n".join(
            json.dumps(r, ensure_ascii=False, default=_plain) for r in payload.document
        ).encode()
    if kind == "xlsx":
        return name, write_xlsx(payload.sheets, traits)
    if kind == "html":
        return name, write_html(payload.sheets[0])
    if kind == "xml":
        return name, write_xml(payload.sheets[0])
    return name, write_csv(payload.sheets[0], kind)
