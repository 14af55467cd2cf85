"""What a sheet of an .xlsx takes in memory beyond its own text: shared texts, and cells that say no place."""

from __future__ import annotations

import re
import zipfile

__all__ = ["Unplaced", "shared_characters"]

_BLOCK = 1 << 20
_UNPLACED = re.compile(rb"<(?:\w+:)?c(?:>| (?!r\b))")
_ROW_OR_CELL = re.compile(rb"<(?:\w+:)?(row|c)(|\s[^<>]*?)(/?)>")
_ROW = re.compile(rb"\br\s*=\s*[\"'](\d{1,7})[\"']")
_SHARED = re.compile(rb"""\bt\s*=\s*["']s["'][^<>]*>\s*<(?:\w+:)?v>\s*(\d{1,9})""")


class Unplaced:
    """Counts the cells of rows whose cells do not say where they stand: `widest`, and the number of `rows`."""

    def __init__(self) -> None:
        self.widest = self.rows = 0
        self._row = self._here = 0
        self._counting = False
        self._rest = b""

    def see(self, block: bytes) -> None:
        """Take the next piece of a sheet."""
        if not self._counting and not _UNPLACED.search(block):
            return
        self._counting = True
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


def shared_characters(archive: zipfile.ZipFile, sheet: str | None) -> int:
    """Return how many bytes the shared texts take in the cells of a sheet; `sheet`: its part of the archive."""
    if sheet is None or "xl/sharedStrings.xml" not in archive.namelist():
        return 0
    lengths = _lengths(archive)
    if not lengths:
        return 0
    total, rest = 0, b""
    size = len(lengths)
    with archive.open(sheet) as file:
        while block := file.read(_BLOCK):
            text = rest + block
            cut = len(text)
            for _ in range(4):  # <c …><v>…</v></c>: what is cut in two waits for the next piece
                cut = text.rfind(b"<", 0, max(cut, 0))
            rest, text = (text[cut:], text[:cut]) if cut > 0 and len(text) - cut < 4096 else (b"", text)
            total += sum(lengths[place] for place in map(int, _SHARED.findall(text)) if place < size)
    return total + sum(lengths[place] for place in map(int, _SHARED.findall(rest)) if place < size)


def _lengths(archive: zipfile.ZipFile) -> list[int]:
    """Bytes of each shared text, its tags among them."""
    lengths: list[int] = []
    carried = 0
    rest = b""
    with archive.open("xl/sharedStrings.xml") as file:
        while block := file.read(_BLOCK):
            parts = (rest + block).split(b"</si>")
            for part in parts[:-1]:
                lengths.append(carried + len(part))
                carried = 0
            last = parts[-1]
            rest, carried = last[-4:], carried + max(len(last) - 4, 0)
    return lengths
