"""Workbooks of Excel 97 to 2003: a file system of sectors ([MS-CFB]) with a stream of records ([MS-XLS]).

The library reads all sheets as soon as it opens the file, and believes what its headers say. So the records are
walked here first: how far the cells of each sheet reach, how much text they share, and which of them are errors.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

__all__ = ["OLE", "TEXTS", "SheetRecords", "TooMuch", "sheets_of", "workbook_streams"]

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
TEXTS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # fmt: skip

_BEGIN, _END, _CONTINUE = 0x0809, 0x000A, 0x003C
_BOUND_SHEET, _STRINGS = 0x0085, 0x00FC
_DIMENSIONS, _FORMULA, _ERROR, _MANY, _SHARED = 0x0200, 0x0006, 0x0205, 0x00BD, 0x00FD
_CELLS = frozenset((0x0203, 0x0204, 0x00D6, _ERROR, 0x027E, _SHARED, _MANY, _FORMULA))
_ROWS, _COLUMNS = 65_536, 256
_NAMES = ("Workbook", "Book", "WORKBOOK", "BOOK")  # as the library looks for them
_MOST_TABLES = 1 << 26
_NO_SECTOR = 0xFFFFFFFA
_LONGEST = 65_535  # characters of a shared text
_MOST_ERRORS = 100_000
_head = struct.Struct("<HH").unpack_from
_long = struct.Struct("<I").unpack_from


class TooMuch(Exception):
    """The sheets hold more than the limits given."""


class SheetRecords(msgspec.Struct):
    """What the records of a sheet say.

    Attributes:
        errors: row from 1 → [(column from 0, "#DIV/0!")].
        rows, columns: how far the cells reach, from the first one.
        formulas: whether it has any; their texts are held beside the cells.
        characters: bytes of the shared texts in its cells.
        records: how many were walked.
    """

    errors: dict[int, list[tuple[int, str]]]
    rows: int = 0
    columns: int = 0
    formulas: bool = False
    characters: int = 0
    records: int = 0


def sheets_of(stream: bytes, *, most_cells: int, most_characters: int) -> list[SheetRecords]:
    """The sheets of a workbook, in its order.

    Raises:
        TooMuch: they have more cells, together, or more text than that.
        struct.error, IndexError, ValueError: the stream is damaged.
    """
    starts: list[int] = []
    lengths: list[int] = []
    parts: list[bytes] = []
    at = kind = 0
    while at + 4 <= len(stream) and kind != _END:
        before = kind
        kind, size = _head(stream, at)
        if kind == _BOUND_SHEET:
            starts.append(_long(stream, at + 4)[0])
        elif kind == _STRINGS:
            parts, lengths = [stream[at + 4 : at + 4 + size]], []
        elif kind == _CONTINUE and parts and before == _STRINGS:
            parts.append(stream[at + 4 : at + 4 + size])
            kind = _STRINGS
        elif parts and not lengths:
            lengths = _lengths(parts)
        at += 4 + size
    if parts and not lengths:
        lengths = _lengths(parts)
    found: dict[int, SheetRecords] = {}
    cells = characters = records = 0
    for start in starts:  # several may begin at one place: the library reads it for each of them
        if start not in found:
            found[start] = _walked(stream, start, lengths, most_cells - records)
        sheet = found[start]
        cells += sheet.rows * sheet.columns * (1 + sheet.formulas)
        characters += sheet.characters
        records += sheet.records
        if cells > most_cells or characters > most_characters or records > most_cells:
            raise TooMuch
    return [found[start] for start in starts]


def _walked(stream: bytes, at: int, lengths: list[int], most: int) -> SheetRecords:
    """One sheet, to its end; the charts inside it are passed over."""
    sheet = SheetRecords({})
    inside = records = characters = kept = 0
    top = left = 1 << 16
    bottom = right = -1
    known, end = len(lengths), len(stream) - 3
    while at < end:
        kind, size = _head(stream, at)
        data = at + 4
        at = data + size
        records += 1
        if records > most:
            raise TooMuch
        if kind == _BEGIN:
            inside += 1
        elif kind == _END:
            inside -= 1
            if inside <= 0:
                break
        elif inside > 1:
            continue
        elif kind in _CELLS and size >= 4:
            row, column = _head(stream, data)
            last = _head(stream, at - 4)[1] if kind == _MANY else column
            top, bottom = min(top, row), max(bottom, row)
            left, right = min(left, column), max(right, last)
            if kind == _SHARED and size >= 10:
                place = _long(stream, data + 6)[0]
                characters += lengths[place] if place < known else 0
            elif kind == _FORMULA:
                sheet.formulas = True
            if kind in (_ERROR, _FORMULA) and kept < _MOST_ERRORS:
                code = _error(stream, data, kind, size)
                if code is not None:
                    sheet.errors.setdefault(row + 1, []).append((column, TEXTS.get(code, "#ERROR")))
                    kept += 1
        elif kind == _DIMENSIONS and _area(stream, data, size) > _ROWS * _COLUMNS:
            raise TooMuch  # room is made for all of it
    if bottom >= 0:
        sheet.rows, sheet.columns = bottom - top + 1, max(right - left + 1, 1)
    sheet.characters, sheet.records = characters, records
    return sheet


def _error(stream: bytes, data: int, kind: int, size: int) -> int | None:
    """The code of an error cell; None for another cell."""
    if kind == _ERROR and size >= 8 and stream[data + 7] == 1:
        return stream[data + 6]
    if (
        kind == _FORMULA
        and size >= 14
        and stream[data + 6] == 2
        and stream[data + 12 : data + 14] == b"\xff\xff"
    ):
        return stream[data + 8]
    return None


def _area(stream: bytes, data: int, size: int) -> int:
    """The cells that a sheet is said to have; numbers that contradict each other give a great many."""
    if size == 14:
        first, below, left, right = struct.unpack_from("<IIHH", stream, data)
    elif size == 10:
        first, below, left, right = struct.unpack_from("<HHHH", stream, data)
    else:
        return 0
    if not below or not right:
        return 1
    if left >= _COLUMNS or right - 1 < left:
        left = 0
    return int((below - first) % (1 << 32) * ((right - left) % (1 << 32)))


def _lengths(parts: list[bytes]) -> list[int]:
    """Bytes of each shared text; a text that a record cuts goes on in the next, after a byte of its own."""
    lengths: list[int] = []
    part, at = 0, 8
    try:
        while part < len(parts):
            if at >= len(parts[part]):
                part, at = part + 1, 0
                continue
            data = parts[part]
            count, flags = struct.unpack_from("<HB", data, at)
            at += 3
            skipped = 0
            if flags & 8:
                skipped += 4 * struct.unpack_from("<H", data, at)[0]
                at += 2
            if flags & 4:
                skipped += _long(data, at)[0]
                at += 4
            lengths.append(count * (1 + (flags & 1)))
            while count:
                width = 1 + (flags & 1)
                taken = min(count, (len(parts[part]) - at) // width)
                count, at = count - taken, at + taken * width
                if count:
                    part, at = part + 1, 1
                    flags = parts[part][0]
            while skipped:
                taken = min(skipped, len(parts[part]) - at)
                skipped, at = skipped - taken, at + taken
                if skipped:
                    part, at = part + 1, 0
    except (struct.error, IndexError):
        # Where one cannot be followed, any of them may be the longest.
        return [2 * _LONGEST] * sum(map(len, parts))
    return lengths


def workbook_streams(data: bytes) -> list[bytes]:
    """The streams of records of a workbook; a file that two versions of Excel can read has two.

    Raises ValueError, struct.error: the file has no such stream, or its sector chain is circular.
    """
    shift = struct.unpack_from("<H", data, 30)[0]
    if shift not in (9, 12):
        raise ValueError("no sectors")
    sector, sectors = 1 << shift, (len(data) >> shift) + 1

    def at(number: int) -> bytes:
        return data[(number + 1) * sector : (number + 2) * sector]

    def numbers(block: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(block) // 4}I", block[: len(block) // 4 * 4])

    def chain(first: int) -> Iterator[bytes]:
        count = 0
        while first < len(table):
            yield at(first)
            first = table[first]
            count += 1
            if count > sectors:
                raise ValueError("circular sector chain")

    # The library makes room for as many tables as the header says.
    if max(_long(data, 44)[0], _long(data, 62)[0]) > _MOST_TABLES:
        raise ValueError("more tables than any file has")
    places = list(numbers(data[76:512]))
    more, followed = _long(data, 68)[0], 0
    while more < _NO_SECTOR:
        block = numbers(at(more))
        followed += 1
        if not block or followed > sectors:
            raise ValueError("circular sector table")
        places += block[:-1]
        more = block[-1]
    table = [number for place in places if place < sectors for number in numbers(at(place))]
    directory = b"".join(chain(_long(data, 48)[0]))
    for first in (
        _long(directory, 116)[0],
        _long(data, 60)[0],
    ):  # of small streams, which the library joins too
        for _ in chain(first):
            pass
    found: dict[str, bytes] = {}
    for start in range(0, len(directory), 128):
        name = directory[start : start + 64].decode("utf-16-le", "replace").partition("\x00")[0]
        if name in _NAMES and name not in found:
            first, size = struct.unpack_from("<IQ" if shift == 12 else "<II", directory, start + 116)
            if size < 4096:
                raise ValueError("shorter than any program writes one: such a stream lies elsewhere")
            found[name] = b"".join(chain(first))[:size]
    if not found:
        raise ValueError("no workbook")
    return [found[name] for name in _NAMES if name in found]
