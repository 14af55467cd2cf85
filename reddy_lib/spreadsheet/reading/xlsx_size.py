"""What a sheet of an .xlsx takes in memory beyond its own text: shared texts, and cells that say no place."""

from __future__ import annotations

import re
import zipfile

__all__ = ["SharedTexts", "Unplaced", "shared_cells", "shared_texts", "sheet_characters"]

_BLOCK = 1 << 20
_CARRIED = 1 << 18
_UNPLACED = re.compile(rb"<(?:\w+:)?c(?:>| (?!r\b))")
_ROW_OR_CELL = re.compile(rb"<(?:\w+:)?(row|c)(|\s[^<>]*?)(/?)>")
_ROW = re.compile(rb"\br\s*=\s*[\"'](\d{1,7})[\"']")
_SHARED = re.compile(rb"""\bt=["']s["'][^<>]*>\s*<(?:\w+:)?v>\s*(\d{1,9})<""")
_SPACED = re.compile(rb"\bt\s*=\s*([\"'])s[\"']")
_TABLE = re.compile(rb"<((?:[\w.-]+:)?)sst\b([^<>]*)>")
_TEXT = re.compile(rb"<(?:[\w.-]+:)?si\b")
_BEGUN = re.compile(rb"<(?:!|(?:[\w.-]+:)?si\b)")
_ODD = (b"t =", b"t= ", b"t\t", b"t\n", b"t\r", b"=\t", b"=\n", b"=\r")
_COUNT = re.compile(rb"uniqueCount\s*=\s*[\"']\s*\+?(\d+)")


class Unplaced:
    """Counts the cells of rows whose cells do not say where they stand: `widest`, and the number of `rows`.

    `counting`: there was such a cell, so the next pieces count as well."""

    def __init__(self) -> None:
        self.widest = self.rows = 0
        self._row = self._here = 0
        self._rest = b""
        self.counting = False

    def see(self, block: bytes) -> None:
        """Take the next piece of a sheet."""
        if not self.counting and not _UNPLACED.search(block):
            return
        self.counting = True
        # A tag may be cut in two: what follows the last "<" waits for the next piece.
        text = self._rest + block
        cut = text.rfind(b"<")
        self._rest, text = (text[cut:], text[:cut]) if cut >= 0 and len(text) - cut < 4096 else (b"", text)
        for kind, said, closed in _ROW_OR_CELL.findall(text):
            if kind == b"row":
                number = _ROW.search(said)
                self._row, self._here = int(number[1]) if number else self._row + 1, 0
                continue
            self._here += 1
            if not closed:  # an empty cell moves the next one on, and takes nothing itself
                self.widest, self.rows = max(self.widest, self._here), max(self.rows, self._row)


class SharedTexts:
    """The texts of a workbook that its cells share.

    Attributes:
        lengths: bytes of each, its tags among them; [] where they cannot be told apart.
        longest: of them all.
        promised: how many the part says that it has.
    """

    def __init__(self) -> None:
        self.lengths: list[int] = []
        self.longest = self.promised = 0

    def of(self, index: int) -> int:
        return self.lengths[index] if index < len(self.lengths) else self.longest


def shared_texts(archive: zipfile.ZipFile, part: str) -> SharedTexts:
    """Read the part of an archive that holds them. Raises ValueError: it does not begin as any program begins it."""
    found = SharedTexts()
    rest, plain, opening, closing = b"", True, b"", b""
    with archive.open(part) as file:
        while block := file.read(_BLOCK):
            if not closing:
                table = _TABLE.search(block)
                if table is None:
                    raise ValueError("no table of texts")
                count = _COUNT.search(table[2])
                found.promised = int(count[1]) if count else 0
                opening, closing = b"<" + table[1] + b"si", b"</" + table[1] + b"si>"
                block = block[table.end() :]
            text = rest + block
            cut = text.rfind(closing)
            whole, rest = (text[:cut], text[cut + len(closing) :]) if cut >= 0 else (b"", text)
            if cut >= 0:
                parts = whole.split(closing)
                found.lengths += map(len, parts)
                # Written in another way, texts cannot be told apart: any of them may be the longest.
                begun = _BEGUN.findall(whole) if plain else []
                plain = len(begun) == begun.count(opening) == len(parts)
    found.longest = max([*found.lengths, len(rest)])
    if not plain or _TEXT.search(rest):
        found.lengths = []
    return found


def sheet_characters(archive: zipfile.ZipFile, part: str, cells: int, shared: SharedTexts, most: int) -> int:
    """Return how many bytes the shared texts take in the cells of a sheet, or a number that is more than that.

    `part`: its part of the archive; `cells`: how many of them have such a text. Up to `most` it need not be exact.
    """
    if cells * shared.longest <= most:
        return cells * shared.longest
    total, rest = 0, b""
    with archive.open(part) as file:
        while block := file.read(_BLOCK):
            text = rest + block
            cut = len(text)
            for _ in range(4):  # <c …><v>…</v></c>: what is cut in two waits for the next piece
                cut = text.rfind(b"<", 0, max(cut, 0))
            rest, text = (text[cut:], text[:cut]) if cut > 0 and len(text) - cut < _CARRIED else (b"", text)
            total += _characters(text, shared)
    return total + _characters(rest, shared)


def shared_cells(text: bytes) -> int:
    """Return about how many cells of a piece of a sheet have a shared text; a great many if written in no usual way."""
    return 1 << 62 if any(odd in text for odd in _ODD) else text.count(b't="s"') + text.count(b"t='s'")


def _characters(text: bytes, shared: SharedTexts) -> int:
    if any(odd in text for odd in _ODD):
        text = _SPACED.sub(rb"t=\1s\1", text)
    cells = text.count(b't="s"') + text.count(b"t='s'")
    if not shared.lengths:
        return cells * shared.longest
    told = _SHARED.findall(text)
    # A cell that is written in a way of its own may hold the longest of them.
    return sum(map(shared.of, map(int, told))) + max(cells - len(told), 0) * shared.longest
