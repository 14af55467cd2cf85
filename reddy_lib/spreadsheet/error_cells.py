"""Error cells of a workbook, and cells too far out: one pass over the bytes of a sheet.

The workbook library gives an error cell (`#N/A`, `#REF!`) as an empty one, in every format, and takes memory for every
cell between the first and the last. So the sheet is looked through before: .xlsx and .ods as text, .xlsb and .xls
record by record. What cannot be understood here has no error cells; the library says what is wrong with it.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import IO
from xml.parsers import expat

from reddy_lib.errors import UnreadableFile
from reddy_lib.spreadsheet.headers import column_letter
from reddy_lib.spreadsheet.unpacked import most_unpacked, swollen
from reddy_lib.spreadsheet.xlsx_size import Unplaced, shared_characters

__all__ = ["check_sheet", "check_workbook"]

Errors = dict[int, list[tuple[int, str]]]
"""Row from 1 → [(column from 0, "#DIV/0!")]."""

_BLOCK = 1 << 20
_MOST_CELLS = 15_000_000
_MOST_ERRORS = 100_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TEXTS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # fmt: skip


_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError, RuntimeError, KeyError, IndexError,
    struct.error,
)  # fmt: skip


def check_workbook(path: Path) -> None:
    """Raises UnreadableFile for an .ods file with a cell too far out: the library unfolds it as soon as it opens it."""
    facts = path.stat()
    sheets = _ods_sheets(str(path), facts.st_size, facts.st_mtime_ns)
    for sheet in sheets:
        _check_size(path, sheet.name, sheet.widest, sheet.last)
    # The library holds all sheets of such a file at once.
    cells = sum(sheet.widest * sheet.last for sheet in sheets)
    if cells > 2 * _MOST_CELLS or sum(sheet.characters for sheet in sheets) > most_unpacked(path):
        raise swollen(path)


def check_sheet(path: Path, sheet: str, place: int) -> Errors:
    """The error cells of a sheet; `place`: its number among the sheets, from 0.

    Raises UnreadableFile: one cell lies so far out that the sheet cannot be held in memory.
    """
    facts = path.stat()
    return _checked_sheet(str(path), sheet, place, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=4)
def _checked_sheet(path: str, sheet: str, place: int, size: int, changed: int) -> Errors:
    found = _ods_sheets(path, size, changed)
    if place < len(found):
        return found[place].errors
    try:
        with open(path, "rb") as file:
            if file.read(8) == _OLE:
                file.seek(0)
                return _xls_errors(file.read(), place)
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if "xl/workbook.bin" in names:
                errors, widest, last = _xlsb_errors(archive, names, place)
            else:
                errors, widest, last = _xlsx_errors(archive, sheet)
            too_much = shared_characters(archive, _part_of(archive, sheet)) > most_unpacked(Path(path))
    except _UNREADABLE:
        return {}
    if too_much:
        raise swollen(Path(path))
    _check_size(Path(path), sheet, widest, last)
    return errors


def _check_size(path: Path, sheet: str, widest: int, last: int) -> None:
    if widest * last > _MOST_CELLS:
        raise UnreadableFile(
            f"Sheet {sheet!r} of {path.name} reaches to column {column_letter(widest)} and row {last:,}, far beyond any "
            "calls: delete the empty rows and columns in Excel, and save it."
        )


# .xlsx

_ERROR_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})(\d{1,7})"[^<>]*?\bt="e"[^<>]*>(?:<f[^>]*/>|<f.{0,9000}?</f>)?<v>(#[A-Z0-9/!?_]{2,30})</v>',
    re.DOTALL,
)
_WIDE_CELL = re.compile(rb'r="([A-Z]{1,3})\d+"[^</>]*>')
_LOW_CELL = re.compile(rb'r="[A-Z]{1,3}(\d{4,7})"[^</>]*>')
"""Cells with something in them: those that have a colour alone take no memory."""
_SPACED = re.compile(rb"\br\s*=\s*[\"']([A-Z]{0,9}\d{1,10})[\"']")
"""A place that is written in none of the ways in which spreadsheet programs write it."""
_FAR = rb' r="(?:[A-Z]{4,}\d+|[A-Z]{0,3}(?:[2-9]\d{6}|\d{8,}))"'
_FAR_TEXT, _FAR_CELL = re.compile(_FAR), re.compile(rb"<(?:c|row)\b[^<>]*?" + _FAR)
"""No spreadsheet program has such a cell or row, and the library takes its word for it."""


def _xlsx_errors(archive: zipfile.ZipFile, sheet: str) -> tuple[Errors, int, int]:
    """The error cells, the widest column and the last row (from 1)."""
    errors: Errors = {}
    part = _part_of(archive, sheet)
    if part is None:
        return {}, 0, 0
    widest, last, rest, kept = b"A", 1000, b"", 0
    unplaced = Unplaced()
    with archive.open(part) as file:
        while block := file.read(_BLOCK):
            unplaced.see(block)
            text = rest + block
            if b"r='" in text or b"r =" in text or b"r= " in text:
                text = _SPACED.sub(rb'r="\1"', text)
            # The first is fast, and may be met in a cell's words.
            if _FAR_TEXT.search(text) and _FAR_CELL.search(text):
                return {}, 16_384, 1 << 20
            wide = max(_WIDE_CELL.findall(text), key=lambda letters: (len(letters), letters), default=b"")
            widest = max(widest, wide, key=lambda letters: (len(letters), letters))
            last = max(last, max(map(int, _LOW_CELL.findall(text)), default=0))
            if b't="e"' in text and kept < _MOST_ERRORS:
                for letters, number, error in _ERROR_CELL.findall(text):
                    found = errors.setdefault(int(number), [])
                    cell = (_column(letters) - 1, error.decode())
                    if cell not in found:
                        found.append(cell)
                        kept += 1
            rest = text[-10_000:] if len(text) > 10_000 else text
    return errors, max(_column(widest), unplaced.widest), max(last, unplaced.rows)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    names = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return None
    book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    relations = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    for tag in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book):
        name = re.search(r'\bname="([^"]*)"', tag)
        key = re.search(r'\b\w+:id="([^"]*)"', tag)
        if name is None or key is None or unescape(name[1]) != sheet:
            continue
        return _target(relations, key[1], names)
    return None


def _target(relations: str, key: str, names: set[str]) -> str | None:
    """The part of the archive that a relation of the workbook leads to."""
    for relation in re.findall(r"<Relationship\b[^>]*>", relations):
        if f'Id="{key}"' in relation and (target := re.search(r'Target="([^"]*)"', relation)):
            part = target[1].lstrip("/")
            part = part if part.startswith("xl/") else f"xl/{part}"
            return part if part in names else None
    return None


# .xlsb: records of a kind, a size and data ([MS-XLSB])

_XLSB_SHEET, _XLSB_ROW, _XLSB_ERROR, _XLSB_ERROR_FORMULA = 156, 0, 3, 11
_XLSB_CELLS = range(1, 12)


def _xlsb_errors(archive: zipfile.ZipFile, names: set[str], place: int) -> tuple[Errors, int, int]:
    with archive.open("xl/workbook.bin") as file:
        sheets = [data for kind, data in _xlsb_records(file) if kind == _XLSB_SHEET]
    length = struct.unpack_from("<I", sheets[place], 8)[0]
    key = sheets[place][12 : 12 + 2 * length].decode("utf-16-le")
    relations = archive.read("xl/_rels/workbook.bin.rels").decode("utf-8", "replace")
    part = _target(relations, key, names)
    if part is None:
        return {}, 0, 0
    errors: Errors = {}
    row = widest = last = kept = 0
    with archive.open(part) as file:
        for kind, data in _xlsb_records(file):
            if kind == _XLSB_ROW:
                row = int.from_bytes(data[:4], "little") + 1
            elif kind in _XLSB_CELLS:
                column = int.from_bytes(data[:4], "little")
                widest, last = max(widest, column + 1), max(last, row)
                if kind in (_XLSB_ERROR, _XLSB_ERROR_FORMULA) and kept < _MOST_ERRORS:
                    errors.setdefault(row, []).append((column, _TEXTS.get(data[8], "#ERROR")))
                    kept += 1
    return errors, widest, last


def _xlsb_records(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """(kind, data) of each record; both kind and size are numbers of seven bits a byte."""
    buffer, place, ended = b"", 0, False
    while True:
        if len(buffer) - place < 8 and not ended:
            more = file.read(_BLOCK)
            buffer, place, ended = buffer[place:] + more, 0, not more
        if place >= len(buffer):
            return
        kind = buffer[place]
        place += 1
        if kind & 0x80:
            kind = kind & 0x7F | buffer[place] << 7
            place += 1
        size = shift = 0
        while True:
            byte = buffer[place]
            place += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80 or shift > 21:
                break
        while len(buffer) - place < size and not ended:
            more = file.read(max(_BLOCK, size))
            buffer, place, ended = buffer[place:] + more, 0, not more
        yield kind, buffer[place : place + size]
        place += size


# .ods: one XML for all sheets; an error is told by its text alone

_ODS_ERROR = re.compile(r"#(?:NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|N/A)|Err:\d{3}")
_ODS_CELLS = ("table:table-cell", "table:covered-table-cell")


class _OdsSheet:
    """What a sheet holds: `errors`, and how far its filled cells reach (`widest`, `last`; from 1)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.errors: Errors = {}
        self.widest = self.last = self.kept = self.characters = 0
        self._row = self._column = self._filled = 0
        self._rows = 1
        self._here: list[tuple[int, str]] = []

    def begin_row(self, rows: int) -> None:
        self._rows, self._column, self._filled, self._here = rows, 0, 0, []

    def end_row(self) -> None:
        if self._filled:
            self.last = self._row + self._rows
            self.widest = max(self.widest, self._filled)
        # A row of errors that is repeated so often comes from a formula pulled down over an empty sheet.
        for number in range(self._row + 1, self._row + 1 + min(self._rows, 1000)) if self._here else ():
            self.errors[number] = self._here
        self._row += self._rows

    def cell(self, attributes: dict[str, str], text: str, length: int) -> None:
        self.characters += length * _repeated(attributes, "columns") * self._rows
        start, self._column = self._column, self._column + _repeated(attributes, "columns")
        if "office:value-type" in attributes or "table:formula" in attributes:
            self._filled = self._column
        # "#N/A" that was typed as text is text: an error is marked as one, or comes of a formula.
        marked = attributes.get("calcext:value-type") == "error" or "table:formula" in attributes
        if marked and self.kept < _MOST_ERRORS and _ODS_ERROR.fullmatch(text):
            self._here += [(place, text) for place in range(start, min(self._column, start + 1000))]
            self.kept += self._column - start


def _repeated(attributes: dict[str, str], what: str) -> int:
    number = attributes.get(f"table:number-{what}-repeated", "1")
    return int(number) if number.isdecimal() and len(number) < 12 else 1


@lru_cache(maxsize=2)
def _ods_sheets(path: str, size: int, changed: int) -> list[_OdsSheet]:
    """All sheets of an .ods file; [] for others."""
    sheets: list[_OdsSheet] = []
    cell: dict[str, str] | None = None
    said, length = "", 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal cell, said, length
        if name in _ODS_CELLS:
            # A text may stand in an attribute in place of the cell.
            cell, said, length = attributes, "", len(attributes.get("office:string-value", ""))
        elif name == "table:table":
            sheets.append(_OdsSheet(attributes.get("table:name", "")))
        elif name == "table:table-row" and sheets:
            sheets[-1].begin_row(_repeated(attributes, "rows"))

    def words(text: str) -> None:
        nonlocal said, length
        length += len(text)
        if cell is not None and len(said) < 30:
            said += text

    def end(name: str) -> None:
        nonlocal cell
        if name in _ODS_CELLS and cell is not None and sheets:
            sheets[-1].cell(cell, said.strip(), length)
            cell = None
        elif name == "table:table-row" and sheets:
            sheets[-1].end_row()

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = words
    try:
        with zipfile.ZipFile(path) as archive, archive.open("content.xml") as file:
            while block := file.read(_BLOCK):
                parser.Parse(block)
    except (*_UNREADABLE, expat.ExpatError):
        pass
    return sheets


# .xls: a file system of sectors ([MS-CFB]) with a stream of records ([MS-XLS])

_XLS_SHEET, _XLS_END, _XLS_FORMULA, _XLS_ERROR = 0x0085, 0x000A, 0x0006, 0x0205
_XLS_BEGIN = (0x0009, 0x0209, 0x0409, 0x0809)
_PERHAPS = re.compile(
    rb"\x05\x02\x08\x00.{6}[\x00-\x2b]\x01|\x06\x00..(?:.{6}\x02.[\x00-\x2b]...\xff\xff)", re.DOTALL
)


def _xls_errors(data: bytes, place: int) -> Errors:
    stream = _workbook_stream(data)
    if not _PERHAPS.search(stream):
        return {}
    starts = [
        struct.unpack_from("<I", stream, at)[0]
        for kind, at, _ in _xls_records(stream, 0)
        if kind == _XLS_SHEET
    ]
    errors: Errors = {}
    for kind, at, size in _xls_records(stream, starts[place]):
        if kind == _XLS_ERROR and size >= 8 and stream[at + 7] == 1:
            code = stream[at + 6]
        elif (
            kind == _XLS_FORMULA
            and size >= 14
            and stream[at + 6] == 2
            and stream[at + 12 : at + 14] == b"\xff\xff"
        ):
            code = stream[at + 8]
        else:
            continue
        row, column = struct.unpack_from("<HH", stream, at)
        errors.setdefault(row + 1, []).append((column, _TEXTS.get(code, "#ERROR")))
    return errors


def _xls_records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """(kind, where its data begin, their size) until the part that begins at `at` ends; charts lie inside sheets."""
    inside = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        inside += (kind in _XLS_BEGIN) - (kind == _XLS_END)
        if kind == _XLS_END and inside <= 0:
            return
        if inside <= 1 and at + 4 + size <= len(stream):
            yield kind, at + 4, size
        at += 4 + size


def _workbook_stream(data: bytes) -> bytes:
    shift = struct.unpack_from("<H", data, 30)[0]
    if shift not in (9, 12):
        return b""
    sector = 1 << shift

    def at(number: int) -> bytes:
        return data[(number + 1) * sector : (number + 2) * sector]

    def numbers(block: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(block) // 4}I", block[: len(block) // 4 * 4])

    def chain(first: int) -> bytes:
        parts: list[bytes] = []
        while first < len(table) and len(parts) < len(table):  # a chain in a circle ends there
            parts.append(at(first))
            first = table[first]
        return b"".join(parts)

    places = list(numbers(data[76:512]))
    more, count = struct.unpack_from("<II", data, 68)
    for _ in range(min(count, len(data) >> shift)):
        block = numbers(at(more))
        if not block:
            break
        places += block[:-1]
        more = block[-1]
    table = [number for place in places if place < len(data) >> shift for number in numbers(at(place))]
    directory = chain(struct.unpack_from("<I", data, 48)[0])
    for start in range(0, len(directory), 128):
        length = struct.unpack_from("<H", directory, start + 64)[0]
        name = directory[start : start + max(length - 2, 0)].decode("utf-16-le", "replace")
        if name.casefold() in ("workbook", "book"):
            first, size = struct.unpack_from("<II", directory, start + 116)
            # Below 4,096 bytes a stream lies elsewhere: no program writes a workbook that small.
            return chain(first)[:size] if size >= 4096 else b""
    return b""
