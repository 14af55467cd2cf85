"""Error cells of a workbook, and cells too far out: one pass over the bytes of a sheet.

The workbook library gives an error cell (`#N/A`, `#REF!`) as an empty one, in every format, and takes memory for every
cell between the first and the last. So the sheet is looked through before: .xlsx and .ods as text, .xlsb and .xls
record by record. What cannot be understood here has no error cells; the library says what is wrong with it.
"""

from __future__ import annotations

import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import IO
from xml.parsers import expat

import msgspec

from reddy_lib.errors import UnreadableFile
from reddy_lib.spreadsheet.reading.headers import column_letter
from reddy_lib.spreadsheet.reading.unpacked import damaged, most_cells, most_unpacked, swollen
from reddy_lib.spreadsheet.reading.xls_stream import (
    OLE,
    TEXTS,
    SheetRecords,
    TooMuch,
    sheets_of,
    workbook_streams,
)
from reddy_lib.spreadsheet.reading.xlsx_sheet import Errors, SheetPart, sheet_part
from reddy_lib.spreadsheet.reading.xlsx_size import SharedTexts, shared_texts, sheet_characters

__all__ = ["Hidden", "check_sheet", "check_workbook", "hidden_parts"]

_BLOCK = 1 << 20
_MOST_ERRORS = 100_000
_TEXT_BYTES = 24  # for which the library makes room, for each text that is promised


_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError, RuntimeError, KeyError, IndexError,
    struct.error,
)  # fmt: skip


def check_workbook(path: Path) -> None:
    """Count what the library holds as soon as it opens a workbook.

    Raises UnreadableFile: the workbook holds more than a file of its size should, or its size cannot be determined.
    """
    facts = path.stat()
    try:
        found = _opened(
            str(path), facts.st_size, facts.st_mtime_ns, most_cells(path, held=True), most_unpacked(path)
        )
    except TooMuch:
        raise swollen(path) from None
    except (*_UNREADABLE, expat.ExpatError):
        raise damaged(path) from None
    if found.shared.promised > most_unpacked(path) // _TEXT_BYTES:
        raise swollen(path)
    for sheet in found.ods:
        _check_size(path, sheet.name, sheet.widest, sheet.last)
    # The library holds all sheets of an .ods file at once.
    cells = sum(sheet.widest * sheet.last for sheet in found.ods)
    if cells > 2 * most_cells(path, held=True) or sum(
        sheet.characters for sheet in found.ods
    ) > most_unpacked(path):
        raise swollen(path)


def check_sheet(path: Path, sheet: str, place: int) -> Errors:
    """The error cells of a sheet; `place`: its number among the sheets, from 0.

    Raises UnreadableFile: the sheet does not fit in memory, or its size cannot be determined.
    """
    facts = path.stat()
    return _checked_sheet(str(path), sheet, place, facts.st_size, facts.st_mtime_ns, most_unpacked(path))


class _Opened(msgspec.Struct):
    """What the library holds once a workbook is open: shared strings, and for .ods and .xls all sheets."""

    shared: SharedTexts = msgspec.field(default_factory=SharedTexts)
    ods: list[_OdsSheet] = []
    xls: list[SheetRecords] = []


@lru_cache(maxsize=2)
def _opened(path: str, size: int, changed: int, cells: int, characters: int) -> _Opened:
    """Raises TooMuch, ExpatError, and all of `_UNREADABLE`."""
    with open(path, "rb") as file:
        if file.read(8) == OLE:
            file.seek(0)
            streams = workbook_streams(file.read())
            sheets = [sheets_of(stream, most_cells=cells, most_characters=characters) for stream in streams]
            return _Opened(xls=sheets[0])
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if "content.xml" in names:
            return _Opened(ods=_ods_sheets(archive))
        if len({_plain_name(name) for name in names}) < len(names):
            raise ValueError("two parts of one name")
        texts = next((name for name in names if _plain_name(name) == "xl/sharedstrings.xml"), None)
        if texts is not None:
            return _Opened(shared_texts(archive, texts))
        texts = next((name for name in names if _plain_name(name) == "xl/sharedstrings.bin"), None)
        return _Opened(SharedTexts() if texts is None else _xlsb_texts(archive, texts))


def _plain_name(name: str) -> str:
    """The name of a part as the library compares it."""
    return name.replace("\\", "/").lower()


@lru_cache(maxsize=4)
def _checked_sheet(path: str, sheet: str, place: int, size: int, changed: int, most: int) -> Errors:
    where = Path(path)
    try:
        found = _opened(path, size, changed, most_cells(where, held=True), most)
        if found.ods or found.xls:
            sheets: Sequence[_OdsSheet | SheetRecords] = found.ods or found.xls
            return sheets[place].errors if place < len(sheets) else {}
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if "xl/workbook.bin" in names:
                errors, widest, last, characters = _xlsb_errors(archive, names, place, found.shared)
            else:
                errors, widest, last, characters = _xlsx_errors(path, archive, sheet, found.shared, most)
    except TooMuch:
        raise swollen(where) from None
    except (*_UNREADABLE, expat.ExpatError):
        raise damaged(where) from None
    if characters > most:
        raise swollen(where)
    _check_size(where, sheet, widest, last)
    return errors


def _check_size(path: Path, sheet: str, widest: int, last: int) -> None:
    if widest * last > most_cells(path, held=True):
        raise UnreadableFile(
            f"Sheet {sheet!r} of {path.name} reaches to column {column_letter(widest)} and row {last:,}, far beyond any "
            "calls: delete the empty rows and columns in Excel, and save it."
        )


# .xlsx


def _xlsx_errors(
    path: str, archive: zipfile.ZipFile, sheet: str, shared: SharedTexts, most: int
) -> tuple[Errors, int, int, int]:
    """The error cells, the widest column and the last row (from 1), and the bytes of the shared texts."""
    part = _part_of(archive, sheet)
    if part is not None:
        found = _sheet_part(path, part)
        characters = sheet_characters(archive, part, found.shared, shared, most)
        return found.errors, found.widest, found.last, characters
    # The sheet's part is unknown: assume the largest one.
    widest = last = characters = 0
    for each in archive.namelist():
        name = _plain_name(each)
        if name.startswith("xl/") and not name.startswith("xl/sharedstrings."):
            found = sheet_part(archive, each)
            widest, last = max(widest, found.widest), max(last, found.last)
            characters = max(characters, sheet_characters(archive, each, found.shared, shared, most))
    return {}, widest, last, characters


def _sheet_part(path: str, part: str) -> SheetPart:
    facts = os.stat(path)
    return _read_part(path, part, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=2)  # it is asked for its errors, and then for what it hides
def _read_part(path: str, part: str, size: int, changed: int) -> SheetPart:
    with zipfile.ZipFile(path) as archive:
        return sheet_part(archive, part)


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


class Hidden(msgspec.Struct, frozen=True):
    """What a sheet of an .xlsx does not show: `rows` (numbers), `columns` (numbers, from 1); `filtered`: by a filter."""

    rows: frozenset[int] = frozenset()
    columns: tuple[int, ...] = ()
    filtered: bool = False


def hidden_parts(path: Path, sheet: str) -> Hidden:
    """The rows and columns that a sheet hides; none where the format does not say."""
    facts = path.stat()
    return _hidden_parts(str(path), sheet, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=4)
def _hidden_parts(path: str, sheet: str, size: int, changed: int) -> Hidden:
    try:
        if not zipfile.is_zipfile(path):
            return Hidden()
        with zipfile.ZipFile(path) as archive:
            part = _part_of(archive, sheet)
        if part is None:
            return Hidden()
        found = _read_part(path, part, size, changed)
    except _UNREADABLE:
        return Hidden()
    return Hidden(frozenset(found.hidden_rows), tuple(sorted(found.hidden_columns)), found.filtered)


# .xlsb: records of a kind, a size and data ([MS-XLSB])

_XLSB_SHEET, _XLSB_ROW, _XLSB_ERROR, _XLSB_ERROR_FORMULA = 156, 0, 3, 11
_XLSB_CELLS = range(1, 12)
_XLSB_SHARED, _XLSB_TEXT = 7, 19


def _xlsb_texts(archive: zipfile.ZipFile, part: str) -> SharedTexts:
    found = SharedTexts()
    with archive.open(part) as file:
        for kind, data in _xlsb_records(file):
            if kind == _XLSB_TEXT:  # its declared length may be wrong
                found.lengths.append(len(data))
    found.longest = max(found.lengths, default=0)
    return found


def _xlsb_errors(
    archive: zipfile.ZipFile, names: set[str], place: int, shared: SharedTexts
) -> tuple[Errors, int, int, int]:
    with archive.open("xl/workbook.bin") as file:
        sheets = [data for kind, data in _xlsb_records(file) if kind == _XLSB_SHEET]
    length = struct.unpack_from("<I", sheets[place], 8)[0]
    key = sheets[place][12 : 12 + 2 * length].decode("utf-16-le")
    relations = archive.read("xl/_rels/workbook.bin.rels").decode("utf-8", "replace")
    part = _target(relations, key, names)
    if part is None:
        raise ValueError("no part of this name")
    errors: Errors = {}
    row = widest = last = kept = characters = 0
    with archive.open(part) as file:
        for kind, data in _xlsb_records(file):
            if kind == _XLSB_ROW:
                row = int.from_bytes(data[:4], "little") + 1
            elif kind in _XLSB_CELLS:
                column = int.from_bytes(data[:4], "little")
                widest, last = max(widest, column + 1), max(last, row)
                if kind == _XLSB_SHARED:
                    characters += shared.of(int.from_bytes(data[8:12], "little"))
                elif kind in (_XLSB_ERROR, _XLSB_ERROR_FORMULA) and kept < _MOST_ERRORS:
                    errors.setdefault(row, []).append((column, TEXTS.get(data[8], "#ERROR")))
                    kept += 1
    return errors, widest, last, characters


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
_ODS_TEXTS = ("office:string-value", "office:date-value", "office:time-value", "table:formula")
_NOTHING = ("",) * len(_ODS_TEXTS)


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
    number = attributes.get(f"table:number-{what}-repeated", "1").removeprefix("+")
    return int(number) if number.isdecimal() and len(number) < 12 else 1


def _ods_sheets(archive: zipfile.ZipFile) -> list[_OdsSheet]:
    """All sheets of an .ods file; [] where it is protected. Raises ExpatError and all of `_UNREADABLE`."""
    if b"encryption-data" in archive.open("META-INF/manifest.xml").read(_BLOCK):
        return []
    sheets: list[_OdsSheet] = []
    cell: dict[str, str] | None = None
    said, length = "", 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal cell, said, length
        if name in _ODS_CELLS:
            # A text may stand in an attribute in place of the cell.
            cell, said, length = attributes, "", sum(map(len, map(attributes.get, _ODS_TEXTS, _NOTHING)))
        elif name == "text:s":
            spaces = attributes.get("text:c", "1").removeprefix("+")
            length += int(spaces) if spaces.isdecimal() and len(spaces) < 20 else 1
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
    with archive.open("content.xml") as file:
        while block := file.read(_BLOCK):
            parser.Parse(block)
    return sheets
