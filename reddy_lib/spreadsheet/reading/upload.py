"""Files that somebody handed in: on disk, private, under her own name for them, and gone when nobody holds them."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import tempfile
import time
import weakref
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from reddy_lib.errors import SheetError, UnreadableFile
from reddy_lib.spreadsheet.reading.bundles import is_bundled_name, is_table_name, open_bundle
from reddy_lib.spreadsheet.reading.detection import detect_format

__all__ = ["PrivateCopy", "sweep", "together"]

_BLOCK = 1 << 20
_PREFIX = "reddy-load-"
_DAY = 86_400
_TRIED = 50  # JSON files looked at: nobody drops more tables than that together


class PrivateCopy:
    """A copy of an open file, in a folder of its own that only this user can read.

    The folder is removed by `remove()`, when the object is let go, and when the program ends.

    Attributes: id (new for each copy), path, file_name (as handed in), file_hash (SHA-256), size (bytes).
    """

    def __init__(self, source: IO[bytes], file_name: str) -> None:
        sweep(Path(tempfile.gettempdir()), now=time.time())
        folder = tempfile.mkdtemp(prefix=_PREFIX)  # 0700: customers' words are in there
        self._remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.id = secrets.token_hex(4)
        self.file_name = file_name
        self.path = Path(folder) / _safe_name(file_name)
        digest = hashlib.sha256()
        self.size = 0
        with self.path.open("wb") as target:
            while block := source.read(_BLOCK):
                target.write(block)
                digest.update(block)
                self.size += len(block)
        self.file_hash = digest.hexdigest()

    def __repr__(self) -> str:
        return f"<PrivateCopy {self.file_name!r} · {self.size:,} bytes>"

    def remove(self) -> None:
        """Remove the file now."""
        self._remove()


def together(files: Sequence[tuple[IO[bytes], str]]) -> PrivateCopy:
    """Several open files (file, name) as one bundle, which is read as a zip is: one call a transcript file, with at
    most one spreadsheet about them. It is packed on disk; the same files make the same bundle.

    Raises UnreadableFile: they cannot be loaded together.
    """
    names = [re.split(r"[/\\]", name)[-1] for _, name in files]
    tables = [name for name in names if is_table_name(name)]
    odd = next((name for name in names if not is_bundled_name(name)), None)
    if odd is not None:
        raise UnreadableFile(
            f"{odd} is no transcript file and no spreadsheet: drop it on its own, or drop the others without it."
        )
    several = UnreadableFile(
        f"{len(tables)} spreadsheets were dropped together ({', '.join(tables[:4])}): load them one after the "
        "other, or one of them with the transcript files that it is about."
    )
    if 1 < len(tables) < len(names):
        raise several
    packed = sorted(zip(names, (file for file, _ in files), strict=True), key=lambda each: each[0])
    first, others = Path((tables or [packed[0][0]])[0]).stem, len(files) - 1
    taken: set[str] = set()
    with tempfile.TemporaryFile() as bundle:
        with zipfile.ZipFile(bundle, "w") as archive:
            for name, source in packed:
                free, number = name, 1
                while free.casefold() in taken:
                    number += 1
                    free = f"{Path(name).stem} ({number}){Path(name).suffix}"
                taken.add(free.casefold())
                entry = zipfile.ZipInfo(free)  # its fixed date makes the same files the same bundle
                entry.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(entry, "w", force_zip64=True) as target:
                    shutil.copyfileobj(source, target, _BLOCK)
        bundle.seek(0)
        copy = PrivateCopy(bundle, f"{first} and {others} more file{'' if others == 1 else 's'}.zip")
    if len(tables) > 1:
        if _belong_together(copy.path):
            return copy
        copy.remove()
        raise several
    many = _table_of_calls(copy.path)
    if many is not None:
        copy.remove()
        raise UnreadableFile(
            f"{many} holds many calls, not one: drop it on its own. Beside transcript files, a sheet about them has to "
            "be .csv or .xlsx."
        )
    return copy


def _belong_together(path: Path) -> bool:
    """Whether the tables of a bundle are read as one: the same columns, or calls and their lines."""
    try:
        format = detect_format(path)
    except SheetError:
        return False
    return format.form == "tables" or bool(format.lines_sheet)


def _table_of_calls(path: Path) -> str | None:
    """The name of a JSON file in a bundle that is a table of calls; None: none of the first ones is."""
    with open_bundle(path) as bundle:
        listed = [
            one for one in bundle.members if one.name.casefold().endswith((".json", ".jsonl", ".ndjson"))
        ]
        for member in listed[:_TRIED]:
            with bundle.unpacked(member) as place:
                try:
                    kind = detect_format(place).kind
                except SheetError:  # what is wrong with one of many is said where its call is shown
                    continue
                if kind in ("json", "jsonl"):
                    return member.name
    return None


def sweep(folder: Path, *, now: float) -> int:
    """Remove copies in `folder` that are older than a day: a program that was killed could not. Gives how many."""
    removed = 0
    for left in folder.glob(f"{_PREFIX}*"):
        try:
            old = now - left.stat().st_mtime > _DAY
        except OSError:  # somebody else was faster
            continue
        if old:
            shutil.rmtree(left, ignore_errors=True)  # another user's stays: the system does not let it go
            removed += not left.exists()
    return removed


def _safe_name(file_name: str) -> str:
    """The name without folders, and short enough for every file system: messages about the file speak of it."""
    name = re.sub(r"[\x00-\x1f]", "", re.split(r"[/\\]", file_name)[-1]).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if len(name.encode()) > 120:
        name = (stem or ending)[:30] + (f"{dot}{ending[:8]}" if stem else "")
    return name or "upload"
