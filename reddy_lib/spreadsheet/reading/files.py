"""What kind of file this is, before anybody tries to read it as a table.

The name of a file proves nothing: analysts get PDFs named .xlsx and web pages named .xls. So the first bytes
decide, and what is no spreadsheet is refused with one sentence that says what it is instead. For text, the
delimiter is found here.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import groupby
from pathlib import Path
from typing import Literal

import python_calamine as calamine

from reddy_lib.errors import EmptySheet, SheetError, UnreadableFile
from reddy_lib.findings import Finding, finding
from reddy_lib.open_databases import refuse_open
from reddy_lib.spreadsheet.reading.bundles import decoded, is_transcript_name
from reddy_lib.spreadsheet.reading.encodings import BOMS, wide_text
from reddy_lib.spreadsheet.reading.error_cells import check_workbook
from reddy_lib.spreadsheet.reading.quoted_rows import QuotedRows, TooManyLines
from reddy_lib.spreadsheet.reading.report_blocks import has_known_names
from reddy_lib.spreadsheet.reading.tables import MOST_COLUMNS, too_wide
from reddy_lib.spreadsheet.reading.text_tables import text_form
from reddy_lib.spreadsheet.reading.unpacked import damaged, is_overlapping
from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.formats.json_form import is_data

__all__ = [
    "Workbook",
    "csv_records",
    "delimits",
    "find_delimiter",
    "kind_of",
    "no_panic",
    "open_workbook",
    "separator_line",
    "workbook_kept",
]

_BLOCK = 1 << 20
_SAMPLE = 1 << 18
_MOST_LINES = 200_000  # in one row of a text file; the longest calls have some thousand
_MOST_CELLS = (
    500_000  # in one row; a header has fewer (`MOST_COLUMNS`), a row torn by a wrong delimiter may have more
)
_DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x1f", "\x01")
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "an image (PNG)"),
    (b"\xff\xd8\xff", "an image (JPEG)"),
    (b"GIF8", "an image (GIF)"),
    (b"BM", "an image (BMP)"),
    (b"II*\x00", "an image (TIFF)"),
    (b"MM\x00*", "an image (TIFF)"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"RIFF", "an audio or video file"),
    (b"ID3", "an audio file (MP3)"),
    (b"OggS", "an audio file (Ogg)"),
    (b"fLaC", "an audio file (FLAC)"),
    (b"{\\rtf", "a rich-text document"),
    (b"SQLite format 3", "a database (SQLite)"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)


def kind_of(path: Path) -> Literal["csv", "excel", "html", "xml", "parquet", "json", "files"]:
    """What a file is by its bytes; "csv" is text that may be a table, "json" text that may be JSON.

    Raises UnreadableFile or EmptySheet with the sentence that says what it is instead.
    """
    name = path.name
    if path.is_dir():
        return "files"
    refuse_open(path, UnreadableFile)
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        raise UnreadableFile(f"There is no file {name}: check the name and the folder.") from None
    except PermissionError:
        raise UnreadableFile(
            f"{name} may not be opened: close it in other programs, or ask for access."
        ) from None
    except OSError as error:
        raise UnreadableFile(
            f"{name} could not be opened ({error.strerror or 'input error'}): try again."
        ) from None
    if not head.strip() and (not head or not _has_content(path)):
        raise EmptySheet(f"{name} is empty: export the calls again.")
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _kind_of_zip(path)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "excel"
    if head.startswith(b"PAR1"):
        return "parquet"
    for signature, what in _SIGNATURES:
        if head.startswith(signature) and not (len(signature) == 2 and _is_text(head)):
            raise UnreadableFile(f"{name} is {what}, not a spreadsheet: export the calls as .xlsx or .csv.")
    if head[4:8] == b"ftyp":
        raise UnreadableFile(
            f"{name} is an audio or video file, not a spreadsheet: export the calls as .xlsx or .csv."
        )
    opening = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if opening.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<body", b"<meta")):
        return "html"
    if opening.startswith(b"<?xml") or (opening.startswith(b"<") and path.suffix.casefold() == ".xml"):
        return "html" if b"<html" in opening[:1000] else "xml"
    if not _is_text(head):
        raise UnreadableFile(f"{name} is neither a workbook nor text: export the calls as .xlsx or .csv.")
    if is_transcript_name(name) or opening.startswith(b"webvtt"):
        return "files"
    ending = path.suffix.casefold()
    if ending in (".json", ".jsonl", ".ndjson", ".jsonc"):
        return "json"
    if ending in ("", ".txt", ".text", ".log") and opening[:1] in (b"{", b"[") and _begins_as_data(opening):
        return "json"
    if ending in (*_TEXTS, ".csv", ".tsv", "") and _is_conversation(path):
        return "files"
    return "csv"


def _begins_as_data(opening: bytes) -> bool:
    """Whether a text begins as JSON does, and not as `[00:12] Agent:`."""
    return is_data(opening.decode("utf-8", "replace"))


def _is_conversation(path: Path) -> bool:
    """Is a text file one call's transcript, rather than a table?"""
    if path.stat().st_size > _BLOCK:
        return False
    text = decoded(path.read_bytes())
    if text_form(text) or _is_header(text) or _is_table(text):
        return False
    if path.suffix.casefold() not in _TEXTS:
        # A table by its name: whoever speaks has to be named, in the first line already.
        first = text.lstrip("\ufeff \r\n").split("\n", 1)[0]
        return bool(read_transcript(first).lines[:1]) and _has_both_sides(text, first)
    return True


_TEXTS = (".txt", ".text", ".log", ".md")


def _has_both_sides(text: str, first: str) -> bool:
    transcript = read_transcript(text)
    sides = {line.role for line in transcript.lines} & {"agent", "customer"}
    opening = {line.role for line in read_transcript(first).lines} & {"agent", "customer"}
    return transcript.form == "labelled text" and len(sides) == 2 and bool(opening)


def _is_table(text: str) -> bool:
    """Do the first lines have the same number of cells under a delimiter, and are they no turns of a dialogue?"""
    for mark in _DELIMITERS:
        if mark not in text:
            continue
        records = _records(text[: 4 * _SAMPLE], mark, True)
        if len(records) < 2 or _alikeness(records) <= 0.9:
            continue
        width = Counter(map(len, records)).most_common(1)[0][0]
        if has_known_names([cell.strip() for cell in records[0]]) > 1:
            return True
        # Lines that end in a sentence are speech, whatever commas stand in them.
        said = sum(len(record[-1].split()) > 2 for record in records)
        labels = {cell.strip() for record in records[:200] for cell in record[:-1]}
        times = sum(bool(_CLOCK.fullmatch(cell.strip())) for cell in (record[0] for record in records))
        few = len({record[-2].strip() for record in records if len(record) > 1}) <= max(4, len(records) // 4)
        if mark == "\t" and width <= 4 and said >= 0.5 * len(records) and (few or times > 0.8 * len(records)):
            return False
        if mark == "," and _is_speech(records, text):
            return False
        return len(labels) > 1
    return False


_CLOCK = re.compile(r"\[?\(?\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?\)?\]?")


def _is_speech(records: list[list[str]], text: str) -> bool:
    """Are commas those of sentences: a space behind nearly each, and cells of several words?"""
    commas = text[:_SAMPLE].count(",")
    spaced = text[:_SAMPLE].count(", ")
    words = [len(cell.split()) for record in records[:50] for cell in record]
    return commas > 0 and spaced > 0.95 * commas and sum(words) > 2.5 * len(words)


def _is_header(text: str) -> bool:
    """Does a text begin like a table: three names or more, and nobody who speaks, above rows of the same width?"""
    first = text.lstrip("\ufeff \r\n").split("\n", 1)[0]
    marks = [mark for mark in _DELIMITERS if first.count(mark) > 1]
    if not marks or ":" in first:
        return False
    if any(has_known_names(first.split(mark)) > 1 for mark in marks):
        return True
    marks = [mark for mark in marks if mark != "\t"]
    return any(
        _alikeness(records := _records(text, mark, True)) > 0.9
        and not (mark == "," and _is_speech(records, text))
        for mark in marks
    )


def _has_content(path: Path) -> bool:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if block.strip():
                return True
    return False


def _is_text(head: bytes) -> bool:
    if head.startswith(tuple(bom for bom, _ in BOMS)) or wide_text(head):
        return True
    odd = sum(byte < 32 and byte not in b"\t\n\r\x0b\x0c\x0e\x0f\x1b\x1f" for byte in head)
    # A NUL byte here and there comes from old exports; a tenth of control characters does not.
    return odd <= max(2, len(head) // 50)


_MOST_UNPACKED = 6 << 30


def _kind_of_zip(path: Path) -> Literal["excel", "files"]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            overlapping = is_overlapping(archive)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise UnreadableFile(f"{path.name} is damaged or cut off: download or export it again.") from None
    names = {member.filename for member in members}
    if any(name.startswith("xl/") for name in names) or "content.xml" in names:
        swollen = any(
            member.file_size > 64 * _BLOCK and member.file_size > 150 * max(member.compress_size, 1)
            for member in members
        )
        if swollen or overlapping or sum(member.file_size for member in members) > _MOST_UNPACKED:
            raise UnreadableFile(
                f"{path.name} unpacks to far more than a spreadsheet holds: open it in Excel and save it as .xlsx."
            )
        return "excel"
    if any(name.startswith("word/") for name in names):
        what = "a Word document"
    elif any(name.startswith("ppt/") for name in names):
        what = "a PowerPoint presentation"
    elif any(name.startswith("Index/") for name in names):
        what = "a Numbers or Pages document"
    elif path.suffix.casefold() not in (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"):
        return "files"
    else:
        what = "a zip archive"
    raise UnreadableFile(f"{path.name} is {what}, not a spreadsheet: export the calls as .xlsx or .csv.")


class Workbook:
    """A workbook and the sheets last read of it: to read a sheet takes longer than all that is asked of it.

    Attributes: names (of the sheets, in their order), sheets (what the library knows of each).
    """

    def __init__(self, book: calamine.CalamineWorkbook) -> None:
        self._book = book
        self._read: dict[str, calamine.CalamineSheet] = {}
        self.names: list[str] = list(book.sheet_names)
        self.sheets = book.sheets_metadata

    def sheet(self, name: str) -> calamine.CalamineSheet:
        """Raises CalamineError, ValueError, OSError: it cannot be read."""
        if name not in self._read:
            while len(self._read) > 1:  # the calls and their lines, and no others: each takes memory
                del self._read[next(iter(self._read))]
            with no_panic():
                self._read[name] = self._book.get_sheet_by_name(name)
        return self._read[name]


_kept: ContextVar[dict[tuple[str, int, int], Workbook] | None] = ContextVar("kept", default=None)


@contextmanager
def workbook_kept() -> Iterator[None]:
    """Inside, a workbook is opened once, however often it is asked for."""
    if _kept.get() is not None:
        yield
        return
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def open_workbook(path: Path) -> Workbook:
    """The workbook. Raises UnreadableFile where the library cannot, or must not, read it."""
    kept = _kept.get()
    if kept is None:
        return _opened(path)
    facts = path.stat()
    key = (str(path), facts.st_size, facts.st_mtime_ns)
    if key not in kept:
        kept.clear()
        kept[key] = _opened(path)
    return kept[key]


def _opened(path: Path) -> Workbook:
    try:
        check_workbook(path)
    except SheetError:
        if _is_encrypted(path):
            raise _protected(path) from None
        raise
    try:
        with no_panic():
            return Workbook(calamine.CalamineWorkbook.from_path(str(path)))
    except calamine.PasswordError:
        raise _protected(path) from None
    except (calamine.CalamineError, OSError, ValueError) as error:
        if "assword" in str(error) or "ncrypt" in str(error) or _is_encrypted(path):
            raise _protected(path) from None
        raise damaged(path) from None


@contextmanager
def no_panic() -> Iterator[None]:
    """A fault inside the workbook library, which damaged files bring about, as a CalamineError: it comes out as an
    exception that no `except Exception` would catch."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise calamine.CalamineError("fault inside the library") from None


def _protected(path: Path) -> SheetError:
    return UnreadableFile(f"{path.name} is protected with a password: save a copy without the password.")


def _is_encrypted(path: Path) -> bool:
    """An encrypted .xlsx is an OLE file with a stream of this name."""
    with path.open("rb") as file:
        head = file.read(8)
        if head != b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
            return False
        file.seek(0)
        return "EncryptedPackage".encode("utf-16-le") in file.read(64 * _BLOCK)


def separator_line(path: Path, encoding: str) -> str | None:
    """The delimiter of a first line `sep=;`, which Excel reads and does not show."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        first = file.readline(16).strip("\r\n")
    bare = first.strip('"')
    if bare[:4].casefold() == "sep=" and len(bare) == 5:
        return bare[4]
    return None


def find_delimiter(path: Path, encoding: str) -> str:
    """The delimiter under which the first records come out most alike; "," for a single column."""
    told = separator_line(path, encoding)
    if told:
        return told
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        sample = file.read(4 * _SAMPLE)
        whole = not file.read(1)
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        if delimiter not in sample:
            continue
        score = _alikeness(_records(sample, delimiter, whole))
        if delimiter == "," and sample.count(", ") > 0.9 * sample.count(","):
            score -= 0.1  # as in sentences: any other delimiter that does as well is the likelier one
        if score > best_score:
            best, best_score = delimiter, score
    return best


def delimits(path: Path, encoding: str, delimiter: str) -> bool:
    """Whether nearly all of the first records have the same number of cells, more than one, with a delimiter.

    A title or a table of totals does not count if a blank line separates it from a longer table.
    """
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        sample = file.read(_SAMPLE)
        whole = not file.read(1)
    records = _records(sample, delimiter, whole, blank=True)
    blocks = [list(block) for filled, block in groupby(records, bool) if filled]
    longest = max(blocks, key=_characters, default=[])
    if _characters(longest) < _OF_A_TABLE * sum(map(_characters, blocks)):
        longest = [record for block in blocks for record in block]
    return bool(longest) and _alikeness(longest) > 0.9


_OF_A_TABLE = 0.6


def _characters(records: list[list[str]]) -> int:
    return sum(len(cell) for record in records for cell in record)


def _records(sample: str, delimiter: str, whole: bool, *, blank: bool = False) -> list[list[str]]:
    """Return the first records; `blank`: blank ones too, as []."""
    records: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            if any(cell.strip() for cell in record):
                records.append(record)
            elif blank:
                records.append([])
            if len(records) >= 200:
                return records
    except csv.Error:
        return records
    return records if whole or len(records) < 2 else records[:-1]  # the last one may be cut


def _alikeness(records: list[list[str]]) -> float:
    widths = Counter(len(record) for record in records)
    wide = {width: count for width, count in widths.items() if width > 1}
    if not wide:
        return 0.0
    width, count = max(wide.items(), key=lambda item: (item[1], item[0]))
    share = count / len(records)
    # Quotes left inside cells say that records were torn at the wrong delimiter.
    torn = sum(cell.count('"') % 2 for record in records[:50] for cell in record)
    return share * (1 + min(width, 30) / 100) - min(torn, 20) / 50


def csv_records(
    path: Path,
    encoding: str,
    delimiter: str,
    *,
    nuls: dict[int, int] | None = None,
    mended: dict[int, Finding] | None = None,
) -> Iterator[tuple[int, list[str]]]:
    """(record number as a spreadsheet program shows it, cells), blank records included. NUL characters are taken
    out, and counted in `nuls` (record number → how many); where lines end with bare carriage returns, those inside
    cells are line ends too. `mended` takes a finding for each record whose quotation marks were not in order."""
    removed = number = 0

    def without_nul(lines: Iterator[str]) -> Iterator[str]:
        nonlocal removed
        for line in lines:
            if "\x00" in line:
                removed += line.count("\x00")
                line = line.replace("\x00", "")
            yield line

    with path.open(encoding=encoding, newline=None if _bare_returns(path, encoding) else "") as file:
        if separator_line(path, encoding):
            file.readline()
        reader = QuotedRows(without_nul(file), delimiter, _MOST_LINES)
        while True:
            try:
                record = next(reader)
            except StopIteration:
                return
            except TooManyLines:
                raise UnreadableFile(
                    f"Row {number + 1:,} of {path.name} has a quotation mark that nothing closes in {_MOST_LINES:,} lines: "
                    "correct it, or export the calls as .xlsx."
                ) from None
            except csv.Error as error:
                raise UnreadableFile(
                    f"{path.name} cannot be read after row {number} ({error}): open it in Excel and save it as .xlsx."
                ) from None
            except UnicodeError:
                raise UnreadableFile(
                    f"{path.name} is not valid {encoding} after row {number}: choose another encoding."
                ) from None
            number += 1
            if len(record) > MOST_COLUMNS and any(record[MOST_COLUMNS:]):
                raise too_wide(path.name, len(record))
            if record and record[0][:1] == "\ufeff":  # files that were put one behind the other
                record[0] = record[0].lstrip("\ufeff").strip('"')
            if removed:
                if nuls is not None:
                    nuls[number] = removed
                removed = 0
            if mended is not None and (reader.mended or reader.lost):
                mended[number] = _of_marks(number, reader)
            yield number, record


def _of_marks(number: int, reader: QuotedRows) -> Finding:
    """Return the finding for a record whose quotation marks were not in order."""
    if reader.lost:
        return finding(
            "quote-unclosed", "row", f"Row {number:,} was not read as it should be: {reader.lost}."
        )
    message = f"Row {number:,} was read although {reader.mended}; the rows below it are not affected."
    return finding("quotes-mended", "row", message)


def _bare_returns(path: Path, encoding: str) -> bool:
    """Lines end as on old Macintoshes, with a carriage return alone."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        head = file.read(_SAMPLE)
    return "\r" in head and "\n" not in head


# The standard limit of 131,072 characters a cell is below what a long call's transcript takes. The setting is
# the module's own (csv has no limit of one reader), so it is raised once, here.
csv.field_size_limit(2**31 - 1)
