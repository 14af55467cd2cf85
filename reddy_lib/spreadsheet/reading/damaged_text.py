"""Text that was damaged before it was written into its file: characters that were lost, or read in a wrong encoding.

UTF-8 that a program reads in another encoding, and saves again, becomes letters and signs that no language writes beside
each other: "Grüße" becomes "GrÃ¼ÃŸe". All bytes of a character beyond ASCII are themselves beyond ASCII, so each run of
such characters becomes one run of others. A text was misread if its runs, written in that other encoding, are UTF-8
again. In text that was read rightly, most runs are one letter, which is never valid UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from reddy_lib.findings import Finding, finding
from reddy_lib.spreadsheet.reading.decodings import reads_like_language

__all__ = ["as_it_was", "damage_notes"]

_WRONG = ("cp1252", "cp1250", "cp1251", "cp850", "cp437", "mac_roman")
"""Encodings that programs read UTF-8 in. latin-1 is read with cp1252, and cp1254 differs in letters that are rare here."""
_SEEN = 20_000  # characters of a cell
_RUN = re.compile(r"[^\x00-\x7f]+")
_WORD = re.compile(r"\S*[^\x00-\x7f]\S*")
_MOST = 0.9
"""The share of the runs that have to be UTF-8 again: templates around the text may have been read rightly."""
_SHOWN = 40  # characters of a word

_PLAUSIBLE = re.compile(
    "[\u00a0-\u017f\u0218-\u021b\u0300-\u0304\u0386-\u03ce\u0400-\u045f\u0490\u0491\u05d0-\u05ea\u060c\u061b\u061f\u0621-\u064a"
    "\u0e01-\u0e5b\u1ea0-\u1ef9\u2010-\u203a\u20ac\u2122\u2190-\u21ff\u2600-\u27bf\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3"
    "\ufeff\ufffd\ufe0f\uff01-\uff9f\U0001f1e6-\U0001faff]+"
)
"""What people write in calls: a run that turns into anything else was read rightly by chance."""
_IDEOGRAPHS = re.compile("[\u3000-\u9fff\uac00-\ud7a3]")


def damage_notes(number: int, record: Iterable[Any]) -> list[Finding]:
    """Return the findings for the text of a row that is damaged. `number`: of the row."""
    lost = 0
    misread: list[Finding] = []
    for cell in record:
        text = cell if isinstance(cell, str) else _text_of(cell)
        if text.isascii():
            continue
        lost += text.count("\ufffd")
        if not misread and (word := _misread_word(text)):
            wrong, right, encoding = word
            message = (
                f"Row {number} has “{wrong}”, which is “{right}” in UTF-8: a program read the text as {encoding} before it "
                "was saved."
            )
            misread.append(finding("text-misread", "row", message, value=wrong))
    if not lost:
        return misread
    were, lost_or_are = (
        ("1 character was", "it was lost before the file was written, or is")
        if lost == 1
        else (f"{lost:,} characters were", "they were lost before the file was written, or are")
    )
    message = f"{were} replaced by “\ufffd”: {lost_or_are} not valid in its encoding."
    return [*misread, finding("characters-replaced", "row", message, value=lost)]


def as_it_was(text: str) -> str | None:
    """Return the text as it was before a program read it in a wrong encoding; None if it was read correctly."""
    encoding = _read_as(text)
    if not encoding:
        return None
    return _turned(text, encoding)


def _text_of(cell: Any) -> str:
    return msgspec.json.encode(cell).decode() if isinstance(cell, list | dict) else ""


def _misread_word(text: str) -> tuple[str, str, str] | None:
    """Return the first word that was misread, as it is and as it was, and the encoding it was read in."""
    encoding = _read_as(text)
    if not encoding:
        return None
    for word in _WORD.findall(text):
        was = _turned(word, encoding)
        if was != word:
            return word[:_SHOWN], was[:_SHOWN], encoding
    return None


def _read_as(text: str) -> str:
    """Return the encoding in which a program read this text although it was UTF-8; "" where it was read rightly."""
    runs = [run for run in _RUN.finditer(text, 0, _SEEN) if "\ufffd" not in run[0]]
    most = _MOST * len(runs)
    if not runs or sum(len(run[0]) > 1 for run in runs) < most:
        return ""  # single letters, as in nearly every text that was read rightly
    found = [encoding for encoding in _WRONG if _fits(runs, most, encoding)]
    if len(found) < 2:
        return found[0] if found else ""
    # cp437 and cp850 share most letters: what is language in one has a wrong letter in the other.
    return max(found, key=lambda encoding: reads_like_language(_turned(text[:_SEEN], encoding)))


def _fits(runs: Sequence[re.Match[str]], most: float, encoding: str) -> bool:
    missed, certain = 0, False
    for run in runs:
        if not _right(run[0], encoding):
            missed += 1
            if missed > len(runs) - most:
                return False
        elif not certain:
            certain = _is_certain(run, encoding)
    return certain


def _turned(text: str, encoding: str) -> str:
    return _RUN.sub(lambda run: _right(run[0], encoding) or run[0], text)


def _is_certain(run: re.Match[str], encoding: str) -> bool:
    """Return whether no text that was read rightly has this run: a capital before a closing quotation mark may be one."""
    was = _right(run[0], encoding) or ""
    if len(was) > 1:
        return True
    if _IDEOGRAPHS.match(was):
        return False  # three characters are one of 20,000 ideographs by chance
    if len(run[0]) > 2:
        return True
    before, after = run.string[run.start() - 1 : run.start()], run.string[run.end() : run.end() + 1]
    return (
        (before.isascii() and before.islower()) or (after.isascii() and after.islower()) or run[0][0] == "Â"
    )


@lru_cache(maxsize=4096)  # a language has few letters beyond ASCII
def _right(run: str, encoding: str) -> str | None:
    """Return what a run of characters was before it was read in this encoding; None if it was nothing that people write."""
    written = bytearray()
    for char in run:
        try:
            written += char.encode(encoding)
        except UnicodeEncodeError:
            if encoding != "cp1252" or not "\x80" <= char <= "\x9f":
                return None
            written.append(ord(char))  # programs keep the five bytes that cp1252 does not name
    try:
        was = written.decode()
    except UnicodeDecodeError:
        return None
    return was if _PLAUSIBLE.fullmatch(was) else None
