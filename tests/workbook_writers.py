"""Small workbooks in the formats that nothing here can write: .ods, .xlsb and .xls, byte by byte.

Rows are lists of cells: text, numbers, booleans, dates (`datetime`), `None` for nothing, and `Error("#N/A")`.
"""

from __future__ import annotations

import struct
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

CODES = {
    "#NULL!": 0x00,
    "#DIV/0!": 0x07,
    "#VALUE!": 0x0F,
    "#REF!": 0x17,
    "#NAME?": 0x1D,
    "#NUM!": 0x24,
    "#N/A": 0x2A,
}


class Error(NamedTuple):
    """An error cell; `formula`: what a formula came to, else typed or pasted as a value."""

    text: str
    formula: bool = False


def serial(moment: datetime, *, since_1904: bool = False) -> float:
    """A date as spreadsheet programs store it: days since the beginning of their calendar."""
    start = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)  # noqa: DTZ001
    return (moment - start).total_seconds() / 86_400


# OpenDocument


def ods_file(
    folder: Path, sheets: dict[str, list[list[Any]]], *, name: str = "calls.ods", body: str = ""
) -> Path:
    """`body`: the XML of the sheets, instead of `sheets`."""
    for title, rows in sheets.items():
        lines = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
        body += f"<table:table table:name={quoteattr(title)}>{lines}</table:table>"
    spaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in {"office": "office", "table": "table", "text": "text"}.items()
    )
    spaces += ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", "<manifest:manifest/>")
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} office:version="1.2"><office:body>'
            f"<office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def _ods_cell(cell: Any) -> str:
    if cell is None:
        return "<table:table-cell/>"
    if isinstance(cell, Error):
        formula = ' table:formula="of:=1/0"' if cell.formula else ""
        kind = 'office:value-type="string" office:string-value="" calcext:value-type="error"'
        return f"<table:table-cell{formula} {kind}><text:p>{escape(cell.text)}</text:p></table:table-cell>"
    if isinstance(cell, bool):
        kind = f'office:value-type="boolean" office:boolean-value="{str(cell).lower()}"'
    elif isinstance(cell, int | float):
        kind = f'office:value-type="float" office:value="{cell}"'
    elif isinstance(cell, datetime):
        kind = f'office:value-type="date" office:date-value="{cell.isoformat()}"'
    else:
        kind = 'office:value-type="string"'
    text = "".join(f"<text:p>{escape(line)}</text:p>" for line in str(cell).split("\n"))
    return f"<table:table-cell {kind}>{text}</table:table-cell>"


# binary workbooks of Excel 2007 and later


def xlsb_part(kind: int, data: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = b"", len(data)
    while length >= 0x80:
        size += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + size + bytes([length]) + data


def _wide(text: str) -> bytes:
    data = text.encode("utf-16-le")
    return struct.pack("<I", len(data) // 2) + data


def xlsb_cell(place: int, cell: Any) -> bytes:
    start = struct.pack("<II", place, 0)
    if isinstance(cell, Error):
        code = bytes([CODES[cell.text]])
        return xlsb_part(11, start + code + bytes(10)) if cell.formula else xlsb_part(3, start + code)
    if isinstance(cell, bool):
        return xlsb_part(4, start + bytes([cell]))
    if isinstance(cell, int | float):
        return xlsb_part(5, start + struct.pack("<d", cell))
    return xlsb_part(6, start + _wide(cell))


def xlsb_file(
    folder: Path,
    sheets: dict[str, list[list[Any]]],
    *,
    name: str = "calls.xlsb",
    last: tuple[int, int] = (0, 0),
) -> Path:
    """`last`: (row, column) of one more cell of the last sheet, from 0."""
    path = folder / name
    spaces = "http://schemas.openxmlformats.org"
    relations = ""
    bundle = b""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (title, rows) in enumerate(sheets.items(), start=1):
            table = (
                xlsb_part(0x81)
                + xlsb_part(0x94, struct.pack("<IIII", 0, max(len(rows) - 1, 0), 0, 9))
                + xlsb_part(0x91)
            )
            for row, cells in enumerate(rows):
                table += xlsb_part(0, struct.pack("<I", row) + bytes(13))
                table += b"".join(xlsb_cell(n, cell) for n, cell in enumerate(cells) if cell is not None)
            if last != (0, 0) and number == len(sheets):
                table += xlsb_part(0, struct.pack("<I", last[0]) + bytes(13)) + xlsb_cell(last[1], "x")
            archive.writestr(f"xl/worksheets/sheet{number}.bin", table + xlsb_part(0x92) + xlsb_part(0x82))
            bundle += xlsb_part(0x9C, struct.pack("<II", 0, number) + _wide(f"rId{number}") + _wide(title))
            relations += (
                f'<Relationship Id="rId{number}" Type="{spaces}/officeDocument/2006/relationships/worksheet" '
                f'Target="worksheets/sheet{number}.bin"/>'
            )
        workbook = xlsb_part(0x83) + xlsb_part(0x8F) + bundle + xlsb_part(0x90) + xlsb_part(0x84)
        archive.writestr("xl/workbook.bin", workbook)
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            f'<Relationships xmlns="{spaces}/package/2006/relationships">{relations}</Relationships>',
        )
    return path


def xlsb_book(folder: Path, rows: list[bytes], *, strings: list[str]) -> Path:
    """A sheet of records as they are, with texts that its cells share."""
    path = xlsb_file(folder, {"Calls": []})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    table = xlsb_part(0x81) + xlsb_part(0x94, struct.pack("<IIII", 0, len(rows) - 1, 0, 9)) + xlsb_part(0x91)
    table += b"".join(
        xlsb_part(0, struct.pack("<I", row) + bytes(13)) + cells for row, cells in enumerate(rows)
    )
    members["xl/worksheets/sheet1.bin"] = table + xlsb_part(0x92) + xlsb_part(0x82)
    shared = b"".join(xlsb_part(0x13, b"\x00" + _wide(text)) for text in strings)
    members["xl/sharedStrings.bin"] = (
        xlsb_part(0x9F, struct.pack("<II", len(strings), len(strings))) + shared + xlsb_part(0xA0)
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


# Excel 97 to 2003


def xls_record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _xls_cell(row: int, place: int, cell: Any, since_1904: bool) -> bytes:
    start = struct.pack("<HHH", row, place, 0)
    if isinstance(cell, Error):
        code = CODES[cell.text]
        if cell.formula:
            result = bytes([2, 0, code, 0, 0, 0, 0xFF, 0xFF])
            return xls_record(0x0006, start + result + bytes(6) + struct.pack("<H", 3) + b"\x1e\x01\x00")
        return xls_record(0x0205, start + bytes([code, 1]))
    if isinstance(cell, bool):
        return xls_record(0x0205, start + bytes([cell, 0]))
    if isinstance(cell, datetime):
        days = serial(cell, since_1904=since_1904)
        return xls_record(0x0203, struct.pack("<HHHd", row, place, 1, days))
    if isinstance(cell, int | float):
        return xls_record(0x0203, start + struct.pack("<d", cell))
    text = cell.encode("utf-16-le")
    return xls_record(0x0204, start + struct.pack("<HB", len(text) // 2, 1) + text)


def xls_file(
    folder: Path,
    sheets: dict[str, list[list[Any]]],
    *,
    name: str = "calls.xls",
    since_1904: bool = False,
    hidden: str = "",
) -> Path:
    tables = []
    for rows in sheets.values():
        table = xls_record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
        for row, cells in enumerate(rows):
            for place, cell in enumerate(cells):
                if cell is not None:
                    table += _xls_cell(row, place, cell, since_1904)
        tables.append(table + xls_record(0x000A, b""))
    head = xls_record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    head += xls_record(0x0042, struct.pack("<H", 1200)) + xls_record(0x0022, struct.pack("<H", since_1904))
    for number in (0, 22):  # plain, and as a date with its time
        head += xls_record(0x00E0, struct.pack("<HH", 0, number) + bytes(16))
    names = [title.encode("utf-16-le") for title in sheets]
    size = len(head) + sum(12 + len(title) for title in names) + 4
    for title, text, table in zip(sheets, names, tables, strict=True):
        shown = struct.pack("<IBBBB", size, title == hidden, 0, len(title), 1)
        head += xls_record(0x0085, shown + text)
        size += len(table)
    return _compound(folder / name, head + xls_record(0x000A, b"") + b"".join(tables))


def xls_label(row: int, place: int, text: str) -> bytes:
    return _xls_cell(row, place, text, False)


def xls_book(folder: Path, table: bytes, *, sheets: int = 1, strings: list[str] | None = None) -> Path:
    """One table of records as they are, under as many names as `sheets`, with texts that its cells share."""
    begin = struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0)
    head = xls_record(0x0809, begin) + xls_record(0x0042, struct.pack("<H", 1200))
    shared = _shared_texts(strings) if strings else b""
    names = [f"S{number}".encode("utf-16-le") for number in range(sheets)]
    start = len(head) + sum(12 + len(name) for name in names) + len(shared) + 4
    for name in names:
        head += xls_record(0x0085, struct.pack("<IBBBB", start, 0, 0, len(name) // 2, 1) + name)
    table = xls_record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + table
    return _compound(
        folder / "calls.xls", head + shared + xls_record(0x000A, b"") + table + xls_record(0x000A, b"")
    )


def _shared_texts(strings: list[str]) -> bytes:
    """Of one byte a character; where a record is full, the next goes on with the text."""
    done, kind, data = b"", 0x00FC, struct.pack("<II", len(strings), len(strings))
    for text in strings:
        data += struct.pack("<HB", len(text), 0)
        rest = text.encode("latin-1")
        while rest:
            if len(data) >= 8224:
                done, kind, data = done + xls_record(kind, data), 0x003C, b"\x00"
            taken = 8224 - len(data)
            data, rest = data + rest[:taken], rest[taken:]
    return done + xls_record(kind, data)


def _compound(path: Path, stream: bytes) -> Path:
    """One stream "Workbook" in an OLE file: allocation tables, directory, and the stream."""
    stream = stream.ljust(4096, b"\x00")
    stream += bytes(-len(stream) % 512)
    count = len(stream) // 512
    tables = 1
    while tables * 128 < count + tables + 1:
        tables += 1
    first = tables + 1
    chain = [0xFFFFFFFD] * tables + [0xFFFFFFFE] + [*range(first + 1, first + count), 0xFFFFFFFE]
    chain += [0xFFFFFFFF] * (tables * 128 - len(chain))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header += bytes(6) + struct.pack("<IIIIIIIII", 0, tables, tables, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    places = [*range(tables), *[0xFFFFFFFF] * (109 - tables)]
    header += struct.pack("<109I", *places)

    def entry(title: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = title.encode("utf-16-le") + b"\x00\x00" if title else b""
        data = text.ljust(64, b"\x00") + struct.pack("<HBB", len(text), kind, 1)
        data += struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child) + bytes(36)
        return data + struct.pack("<IQ", start, size)

    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0)
    directory += entry("Workbook", 2, 0xFFFFFFFF, first, len(stream)) + 2 * entry("", 0, 0xFFFFFFFF, 0, 0)
    path.write_bytes(header + struct.pack(f"<{len(chain)}I", *chain) + directory + stream)
    return path
