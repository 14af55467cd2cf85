"""One pass over the XML of an .xlsx sheet: its error cells, how far it reaches, what it hides, which texts it shares.

Nearly every program writes the tags of rows and cells alike, so one search takes them out of the text between them, which
is most of a sheet, and what they say is looked at there. A piece with a single tag that is written otherwise is looked at
as a whole, as often as there are questions.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter

from reddy_lib.spreadsheet.reading.xlsx_size import Unplaced, shared_cells

__all__ = ["Errors", "SheetPart", "column_number", "sheet_part"]

Errors = dict[int, list[tuple[int, str]]]
"""Row from 1 → [(column from 0, "#DIV/0!")]."""

_BLOCK = 1 << 20
_CARRIED = 1 << 18  # bytes of a tag that is cut in two
_BEFORE = 10_000  # bytes before a piece in which a cell may begin that ends in it
_MOST_ERRORS = 100_000

_TAG = re.compile(
    rb'<(?:row r="|c r="[A-Z]{1,3})(?:\d{1,6}|1\d{6})"(?: [\w:.]+="[^"<>]*")*/?>'
    rb"|<(?:[^<>\s/!?]*:)?(?:row|c|col|filterColumn)(?=[\s/>])"
)
"""A row or cell as nearly every program writes it, or the beginning of such a tag in any other form."""
_DIGITS = b"0123456789"
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
_FAR_TEXT, _FAR_CELL = re.compile(_FAR), re.compile(rb"<(?:c|row)\b[^<]*?" + _FAR)
"""No spreadsheet program has such a cell or row, and the library takes its word for it."""
_HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\b(?=[^<>]*\bhidden="(?:1|true)")[^<>]*?\br="(\d{1,7})"')
_HIDDEN_COLUMNS = re.compile(rb'<(?:\w+:)?col\b(?=[^<>]*\bhidden="(?:1|true)")[^<>]*>')
_BOUND = re.compile(rb'\b(min|max)="(\d{1,5})"')


class _Far(Exception):
    """A row or column that no spreadsheet program has."""


class SheetPart:
    """What a sheet says of itself.

    Attributes:
        errors: its error cells.
        widest, last: the last column and row with something in them, from 1; `last` is at least 1000.
        shared: number of cells that show a shared text; a great many where they are written in no usual way.
        hidden_rows, hidden_columns: numbers of those that it hides, from 1.
        filtered: whether a filter hides them.
    """

    def __init__(self) -> None:
        self.errors: Errors = {}
        self.widest, self.last = 1, 1000
        self.shared = 0
        self.hidden_rows: set[int] = set()
        self.hidden_columns: set[int] = set()
        self.filtered = False
        self._unplaced = Unplaced()
        self._kept = 0

    def see(self, before: bytes, text: bytes) -> None:
        """Take the next piece of the sheet, which ends where a tag begins. `before`: the last bytes before it.

        Raises _Far.
        """
        tags = _TAG.findall(text)
        joined = b"".join(tags)
        names: set[bytes] = set()
        if joined.count(b">") < len(tags):
            names = {tag[1:].rpartition(b":")[2] for tag in tags if tag[-1:] != b">"}
        if b"col" in names:
            self._hide_columns(text)
        self.filtered = self.filtered or b"filterColumn" in names
        usual = names.isdisjoint((b"row", b"c"))
        if not usual or self._unplaced.counting:
            self._unplaced.see(text)
        if usual:
            self._see_tags(before, text, joined)
        else:
            self._see_whole(before + text)
            self.shared += shared_cells(text)

    def _see_tags(self, before: bytes, text: bytes, tags: bytes) -> None:
        """Look at the tags of a piece, one behind the other. Without their digits, few of them differ."""
        shapes = Counter(tags.translate(None, _DIGITS).split(b"<"))
        if any(
            shape.count(b' r="') > 1 for shape in shapes
        ):  # a second place, and who knows which one is taken
            self._see_whole(before + text)
        self.shared += sum(count for shape, count in shapes.items() if b' t="s"' in shape)
        if (
            any(b' t="e"' in shape for shape in shapes) or b't="e"' in before
        ):  # its text may be in the next piece
            self._find_errors(before + text)
        if any(b"hidden" in shape for shape in shapes):
            self.hidden_rows.update(map(int, _HIDDEN_ROW.findall(tags)))
        filled = {
            shape[5:].partition(b'"')[0] for shape in shapes if shape[:2] == b"c " and shape[-2:] != b"/>"
        }
        self.widest = max(self.widest, 1, *map(column_number, filled))
        self.last = max(self.last, max(map(int, set(_LOW_CELL.findall(tags))), default=0))

    def _see_whole(self, text: bytes) -> None:
        """Look at a piece with tags that are written in another way."""
        if b"r='" in text or b"r =" in text or b"r= " in text:
            text = _SPACED.sub(rb'r="\1"', text)
        # The first is fast, and may be met in a cell's words.
        if _FAR_TEXT.search(text) and _FAR_CELL.search(text):
            raise _Far
        self.widest = max(self.widest, 1, *map(column_number, set(_WIDE_CELL.findall(text))))
        self.last = max(self.last, max(map(int, _LOW_CELL.findall(text)), default=0))
        if b"hidden=" in text:
            self.hidden_rows.update(map(int, _HIDDEN_ROW.findall(text)))
        if b't="e"' in text:
            self._find_errors(text)

    def _find_errors(self, text: bytes) -> None:
        if self._kept >= _MOST_ERRORS:
            return
        for letters, number, error in _ERROR_CELL.findall(text):
            here = self.errors.setdefault(int(number), [])
            cell = (column_number(letters) - 1, error.decode())
            if cell not in here:
                here.append(cell)
                self._kept += 1

    def _hide_columns(self, text: bytes) -> None:
        for tag in _HIDDEN_COLUMNS.findall(text):
            bounds = {name: int(number) for name, number in _BOUND.findall(tag)}
            low, high = bounds.get(b"min", 1), bounds.get(b"max", 0)
            self.hidden_columns.update(range(low, min(high, 16_384) + 1))

    def end(self) -> None:
        self.widest = max(self.widest, self._unplaced.widest)
        self.last = max(self.last, self._unplaced.rows)


def sheet_part(archive: zipfile.ZipFile, part: str) -> SheetPart:
    """Read the part of an archive that holds a sheet. Raises what `zipfile` and `zlib` raise for damaged ones."""
    sheet = SheetPart()
    before = rest = b""
    with archive.open(part) as file:
        try:
            while block := file.read(_BLOCK):
                text = rest + block
                cut = text.rfind(b"<")
                rest, text = (
                    (text[cut:], text[:cut]) if cut >= 0 and len(text) - cut < _CARRIED else (b"", text)
                )
                sheet.see(before, text)
                before = text[-_BEFORE:] if len(text) >= _BEFORE else (before + text)[-_BEFORE:]
            sheet.see(before, rest)
        except _Far:
            far = SheetPart()
            far.widest, far.last = 16_384, 1 << 20
            return far
    sheet.end()
    return sheet


def column_number(letters: bytes) -> int:
    """Return the number of a column, from 1: b"AA" is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
