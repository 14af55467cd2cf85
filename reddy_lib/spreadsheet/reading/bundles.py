"""Files of which each is a call: a zip, a folder, or one transcript file on its own.

Each file becomes a row with its text in `transcript` and its name in `file name`. Where a table lies among them
(calls, agents, times), its rows are the calls, and each takes the file whose name is, or holds, the value of one of
its columns. What finds no partner stays: a row without a file has no transcript, a file without a row becomes a row.
Nothing is unpacked further than its limit: an archive that promises or gives more is refused.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from reddy_lib.errors import EmptySheet, UnreadableFile
from reddy_lib.open_databases import is_open
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.reading.encodings import (
    decode_mixed,
    escaped_encoding,
    is_valid,
    likeliest_encoding,
)
from reddy_lib.spreadsheet.reading.records import nested_facts
from reddy_lib.spreadsheet.reading.tables import plain_cell
from reddy_lib.spreadsheet.reading.unpacked import is_overlapping, most_unpacked, packed_as, swollen
from reddy_lib.spreadsheet.reading.wrong_marks import wrong_mark

__all__ = [
    "FILE_NAME",
    "FILE_NAMES",
    "TRANSCRIPT",
    "Bundle",
    "is_bundled_name",
    "is_table_name",
    "is_transcript_name",
    "join_column",
    "open_bundle",
]

TRANSCRIPT, FILE_NAME = "transcript", "file name"
FILE_NAMES = (f"{FILE_NAME} (of the file)", FILE_NAME)
"""The column of a bundle that has the name of each row's own file: the first of these that it has."""
MOST_FILES = 100_000
MOST_BYTES = 16 << 20
"""One transcript: a day of talking is less."""
MOST_TABLE_BYTES = 4 << 30
_TABLES = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".parquet")
_TEXTS = (
    ".json", ".jsonc", ".jsonl", ".ndjson", ".txt", ".vtt", ".srt", ".sbv", ".ass", ".ssa",
    ".md", ".text", ".log", ".xml", ".html",
    ".htm",
)  # fmt: skip
_SUBTITLES = (".vtt", ".srt", ".sbv", ".ass", ".ssa")
_DATA = (".json", ".jsonl", ".ndjson", ".xml", ".html", ".htm")
_ARCHIVES = (".zip", ".gz", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz")
_JUNK = frozenset(("thumbs.db", "desktop.ini", ".ds_store"))
_ABOUT = re.compile(
    r"(?:read[ _.-]?me|licen[cs]e|notes?|liesmich|info|about|manifest|checksums?|contents?)\b.*",
    re.IGNORECASE,
)


def is_transcript_name(name: str) -> bool:
    """Is a file of this name a transcript whatever it holds?"""
    return name.casefold().endswith(_SUBTITLES)


def is_table_name(name: str) -> bool:
    """Is a file of this name, in a bundle, a spreadsheet about the others?"""
    return name.casefold().endswith(_TABLES)


def is_bundled_name(name: str) -> bool:
    """Is a file of this name read in a bundle at all?"""
    return name.casefold().endswith((*_TABLES, *_TEXTS))


class Member(msgspec.Struct, frozen=True):
    """A file of the bundle. `name`: with its folders, as the bundle has it."""

    name: str
    size: int

    @property
    def short(self) -> str:
        return re.split(r"[/\\]", self.name)[-1]


class Bundle:
    """The files of a zip, a folder, or a single file. Attributes: members (transcripts), tables, passed_over (names)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        if path.is_dir():
            found = sorted(item for item in path.rglob("*") if item.is_file() and not item.is_symlink())
            found = [item for item in found if not is_open(item)]  # the ledger may lie in this folder
            files = [
                Member(item.relative_to(path).as_posix(), item.stat().st_size)
                for item in found[: MOST_FILES + 1]
            ]
        elif zipfile.is_zipfile(path):
            try:
                self._zip = zipfile.ZipFile(path)
                files = [
                    Member(item.filename, item.file_size)
                    for item in self._zip.infolist()
                    if not item.is_dir()
                ]
            except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
                raise _damaged(path.name) from None
            if is_overlapping(self._zip):
                self._zip.close()
                raise _damaged(path.name)
        else:
            files = [Member(path.name, path.stat().st_size)]
        if len(files) > MOST_FILES:
            raise UnreadableFile(
                f"{path.name} holds more than {MOST_FILES:,} files: load it in parts, or as one spreadsheet."
            )
        hidden = [file for file in files if file.short.startswith((".", "~$")) or "__MACOSX" in file.name]
        hidden += [file for file in files if file.short.casefold() in _JUNK]
        files = [file for file in files if file not in set(hidden)]
        single = not path.is_dir() and self._zip is None
        self.tables = [] if single else [file for file in files if file.name.casefold().endswith(_TABLES)]
        self.members = files if single else [file for file in files if file.name.casefold().endswith(_TEXTS)]
        if self._zip is not None and sum(file.size for file in self.members) > most_unpacked(path):
            self._zip.close()
            raise swollen(path)
        taken = {*self.tables, *self.members}
        self.passed_over = [file.name for file in files if file not in taken]
        packed = [file.short for file in files if file.short.casefold().endswith(_ARCHIVES)]
        if packed and not self.members and not self.tables:
            raise UnreadableFile(
                f"{path.name} holds other archives ({', '.join(packed[:3])}): unpack it, and load the files in them."
            )
        if not self.members and not self.tables:
            raise UnreadableFile(
                f"{path.name} holds no transcripts and no spreadsheet: put the transcript files in it, or export the "
                "calls as .xlsx or .csv."
            )

    def __repr__(self) -> str:
        return f"<Bundle {self.path.name!r} · {len(self.members):,} transcripts · {len(self.tables)} tables>"

    def without_notes(self) -> list[Member]:
        """The members that are no notes about the others (a readme, a licence)."""
        return [member for member in self.members if not _ABOUT.fullmatch(member.short)]

    def data_tables(self) -> list[Member]:
        """The members if all of them may hold many calls each: JSON, XML, web pages."""
        members = self.without_notes()
        data = [member for member in members if member.name.casefold().endswith(_DATA)]
        return data if len(data) == len(members) else []

    def close(self) -> None:
        if self._zip is not None:
            self._zip.close()

    def read(self, member: Member) -> str:
        """The text of a file. Raises UnreadableFile: damaged, protected, or longer than any transcript."""
        if member.size > MOST_BYTES:
            raise self._too_long(member)
        try:
            if self._zip is not None:
                with self._zip.open(member.name) as file:
                    data = file.read(MOST_BYTES + 1)
            else:
                place = self.path / member.name if self.path.is_dir() else self.path
                with place.open("rb") as plain:
                    data = plain.read(MOST_BYTES + 1)
        except RuntimeError:
            raise UnreadableFile(
                f"{self.path.name} is protected with a password: save a copy without the password."
            ) from None
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError):
            raise UnreadableFile(
                f"{member.name} in {self.path.name} is damaged or cut off: pack the files again."
            ) from None
        if len(data) > MOST_BYTES:
            raise self._too_long(member)
        return decoded(data)

    def _too_long(self, member: Member) -> UnreadableFile:
        return UnreadableFile(
            f"{member.name} in {self.path.name} has more than {MOST_BYTES >> 20} MB, more than a transcript: leave it out."
        )

    @contextmanager
    def unpacked(self, table: Member) -> Iterator[Path]:
        """A table of the bundle as a file of its own, gone afterwards."""
        if self._zip is None:
            yield self.path / table.name
            return
        packed = self._zip.getinfo(table.name).compress_size
        if table.size > min(MOST_TABLE_BYTES, most_unpacked(self.path)):
            raise UnreadableFile(
                f"{table.name} in {self.path.name} unpacks to far more than it holds packed: pack the files again."
            )
        with tempfile.TemporaryDirectory(prefix="reddy-table-") as folder:
            place = Path(folder) / re.sub(r"[^\w.\- ]", "_", table.short)[-80:]
            try:
                with self._zip.open(table.name) as file, place.open("wb") as target:
                    shutil.copyfileobj(file, target, 1 << 20)
            except RuntimeError:
                raise UnreadableFile(
                    f"{self.path.name} is protected with a password: save a copy without the password."
                ) from None
            except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError):
                raise _damaged(self.path.name) from None
            with packed_as(place, packed):
                yield place


def _damaged(name: str) -> UnreadableFile:
    return UnreadableFile(f"{name} is damaged or cut off: download or export it again.")


@contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """The bundle, closed afterwards."""
    bundle = Bundle(path)
    try:
        yield bundle
    finally:
        bundle.close()


def decoded(data: bytes) -> str:
    """A transcript file's text: by its byte order mark, else UTF-8, else UTF-16 or what reads like language."""
    if wrong_mark(data[:4096]):
        data = data[2:]
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(name, "replace").replace("\r\n", "\n")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        wide = data[1:400:2].count(0) > 0.6 * len(data[1:400:2])
        mixed = None if wide else decode_mixed(data)
        try:
            text = mixed or data.decode("utf-16-le" if wide else likeliest_encoding(data))
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    else:
        if "\x00" in text[:400] and text[1:400:2].count("\x00") > 0.6 * len(text[1:400:2]):
            text = data.decode("utf-16-le", "replace")
        elif b"\x1b$" in data or b"~{" in data:
            text = data.decode(
                escaped_encoding(data.splitlines(keepends=True), lambda name: is_valid(data, name))
            )
    return text.replace("\r\n", "\n")


def facts_of(text: str) -> tuple[dict[str, Any], str]:
    """(plain facts beside the transcript, the transcript) of one file: a JSON object of plain values has both."""
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        return {}, text
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return {}, text
    if not isinstance(data, dict):
        return {}, text
    plain = {str(key): value for key, value in data.items() if not isinstance(value, list | dict)}
    if len(plain) < len(data):
        facts = {key: plain_cell(value) for key, value in plain.items() if len(str(value)) < 200}
        return {**facts, **{key: plain_cell(value) for key, value in nested_facts(data).items()}}, text
    said = max(
        (key for key in plain if isinstance(plain[key], str)), key=lambda key: len(plain[key]), default=None
    )
    if said is None or len(plain[said]) < 40:
        return {}, text
    return {key: plain_cell(value) for key, value in plain.items() if key != said}, plain[said]


class FileIndex:
    """Which file a cell names: by its name, by its name without the ending, or by an id that stands in it."""

    def __init__(self, members: list[Member]) -> None:
        self.names: dict[str, Member | None] = {}
        for member in members:
            for key in dict.fromkeys(_keys(member.short)):
                # A part that two files share names neither.
                self.names[key] = None if key in self.names and self.names[key] != member else member

    def find(self, cell: Any) -> Member | None:
        text = cell_text(cell).strip().casefold()
        if len(text) < 3:
            return self.names.get(text)
        found = self.names.get(text) or self.names.get(re.split(r"[/\\]", text)[-1])
        return found or self.names.get(text.rpartition(".")[0])


def _keys(name: str) -> Iterator[str]:
    plain = unquote(name).casefold()
    yield name.casefold()
    yield plain
    stem = plain
    while re.search(r"\.[a-z]\w{1,7}$", stem):
        stem = stem.rpartition(".")[0]
        yield stem
    for part in re.split(r"[_\s,()\[\]]+", stem):
        if len(part) >= 4 and part != stem:
            yield part


def join_column(columns: list[tuple[str, list[Any]]], members: list[Member]) -> str | None:
    """The column of a table whose cells name the files; None: none names a third of its rows, or of the files."""
    index = FileIndex(members)
    best: tuple[float, str] | None = None
    for name, cells in columns:
        found = {member.name for cell in cells if (member := index.find(cell)) is not None}
        share = len(found) / max(min(len(cells), len(members)), 1)
        if share > 0.3 and (best is None or share > best[0] + 1e-9):
            best = (share, name)
    return best[1] if best else None


_FACT = re.compile(r"\w@\w|(?:19|20)\d\d[-.]?[01]\d")


def bundle_rows(bundle: Bundle) -> Iterator[list[Any]]:
    """Without a table: the header, then one row a file, in the order of their names."""
    names: dict[str, None] = {}
    for member in bundle.members[:50]:
        facts, _ = facts_of(bundle.read(member))
        names.update(dict.fromkeys(facts))
    columns = [name for name in names if name not in (TRANSCRIPT, FILE_NAME)]
    if not bundle.members:
        raise EmptySheet(f"{bundle.path.name} holds no transcripts: put the transcript files in it.")
    yield [FILE_NAME, *columns, TRANSCRIPT]
    # Folders may say whose calls they are, and of which day.
    inside = {member.name.rpartition("/")[0] for member in bundle.members}
    folders = len(inside) > 1 and all(_FACT.search(folder) and ".." not in folder for folder in inside)
    for member in bundle.members:
        facts, text = facts_of(bundle.read(member))
        more = [f"{key}: {value}" for key, value in facts.items() if key not in names]
        yield [
            member.name if folders else member.short,
            *(facts.get(name, "") for name in columns),
            text,
            *more,
        ]
