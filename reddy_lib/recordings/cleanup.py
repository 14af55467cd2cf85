"""Delete dropped recordings that no call has: after some time without use, or when a person says so.

Each batch has its own `RecordingStore` in one folder. Several programs may use that folder at the same time, on several
machines, and even for several ledgers. So a store has the mark of its ledger, and a store with another mark is never
touched. Whether a call has a file is checked while no file can be attached (`file_uses.nothing_attached`), and that lasts
until the files are deleted.

A file is old by the clock of its folder, and only if neither the file nor its batch's store was used since, and no call
got or lost it. It makes no difference whether its batch still exists. Only dropped files are ever deleted: never those in
the administrator's folder, nor those that were copied for one call.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from reddy_lib.recordings.store import RecordingStore, StoredFile, clock_of

__all__ = ["DAYS_VARIABLE", "KEEP_DAYS", "NothingAttached", "Tidied", "delete", "keep_days", "mark", "tidy"]

DAYS_VARIABLE = "REDDY_KEEP_DROPPED_DAYS"
KEEP_DAYS = 30.0
"""Days after which a dropped recording that no call has is deleted, by default."""

PIECE = 100
"""Number of files to delete before others may attach files again."""

_MARK = "ledger.txt"
_HOUR = 3_600.0
_DAY = 86_400.0


class Use(Protocol):
    """How calls use a file; see `file_uses.Use`."""

    @property
    def now(self) -> bool: ...
    @property
    def before(self) -> bool: ...
    @property
    def last(self) -> float: ...


NothingAttached = Callable[
    [str, Collection[str]], AbstractContextManager[tuple[Mapping[str, Use], Callable[[], object]]]
]
"""(batch, keys) → their uses, and a function to call before they are deleted; see `file_uses.nothing_attached`."""


class Tidied(NamedTuple):
    """How many files were deleted, and their bytes."""

    files: int
    size: int


def keep_days() -> float | None:
    """Return REDDY_KEEP_DROPPED_DAYS, or None where nothing is to be deleted by itself ("never", 0, or not a number)."""
    given = os.environ.get(DAYS_VARIABLE, "").strip()
    if not given:
        return KEEP_DAYS
    try:
        days = float(given)
    except ValueError:
        return None
    return days if 0 < days < 1e6 else None


def mark(folder: Path, database: str) -> None:
    """Mark which ledger a store belongs to, if it has no mark yet, and that it is in use now."""
    path = folder / _MARK
    try:
        if time.time() - path.stat().st_mtime > _HOUR and _marked(folder) == database:
            os.utime(path)
    except FileNotFoundError:
        part = folder / f"arriving-mark-{os.getpid()}-{time.time_ns()}.part"
        part.write_text(database, encoding="utf-8")
        part.replace(path)


def _marked(folder: Path) -> str:
    try:
        return (folder / _MARK).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def tidy(
    dropped: Path,
    database: str,
    batches: Collection[str],
    nothing_attached: NothingAttached,
    *,
    days: float = KEEP_DAYS,
) -> Tidied:
    """Delete the files that no call has and that were not used for `days`.

    Args:
        dropped: the folder with a store for each batch.
        database: the ledger's mark.
        batches: ids of this ledger's batches. A store of one of them that has no mark gets one, and so counts as used now.

    Raises OSError if a folder cannot be read or written, and what `nothing_attached` raises. What was deleted until then
    was to be deleted.
    """
    count = size = 0
    with contextlib.suppress(FileNotFoundError):
        _parts(dropped.parent)
        with os.scandir(dropped) as entries:
            folders = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        for batch in folders:
            folder = dropped / batch
            if not _marked(folder) and batch in batches:
                mark(folder, database)
            if _marked(folder) != database:
                continue
            store = RecordingStore(folder)
            _parts(folder)
            if any(folder.glob("leaving-*")):
                with nothing_attached(batch, ()):
                    store.restore()
            young = clock_of(folder) - days * _DAY
            if (folder / _MARK).stat().st_mtime > young:
                continue
            old = [file for file in store.files() if file.changed / 1e9 < young]
            removed = _remove(store, batch, old, nothing_attached, partial(_unused_since, young))
            count += len(removed)
            size += sum(file.size for file in removed)
    return Tidied(count, size)


def delete(
    store: RecordingStore, batch: str, keys: Collection[str], nothing_attached: NothingAttached
) -> Tidied:
    """Delete these files of a batch now, except those that a call has, or had and may get back, and those that are just
    being added."""
    wanted = set(keys)
    chosen = [file for file in store.files() if file.key in wanted]
    removed = _remove(store, batch, chosen, nothing_attached, lambda use: not use.now and not use.before)
    return Tidied(len(removed), sum(file.size for file in removed))


def _unused_since(moment: float, use: Use) -> bool:
    return not use.now and use.last < moment


def _remove(
    store: RecordingStore,
    batch: str,
    files: list[StoredFile],
    nothing_attached: NothingAttached,
    free: Callable[[Use], bool],
) -> list[StoredFile]:
    removed: list[StoredFile] = []
    for start in range(0, len(files), PIECE):
        piece = files[start : start + PIECE]
        with nothing_attached(batch, [file.key for file in piece]) as (uses, sure):
            removed += store.remove([file for file in piece if free(uses[file.key])], sure=sure)
    return removed


def _parts(folder: Path) -> None:
    """Delete incomplete files of programs that died."""
    parts: Iterable[Path] = folder.glob("arriving-*.part")
    for part in parts:
        with contextlib.suppress(OSError):
            if clock_of(folder) - part.stat().st_mtime > _DAY:
                part.unlink()
