"""What was dropped and no call has: removed when nobody touched it for long, or when somebody says so.

Each batch has a store of its own below one folder (`places.RecordingStore`). Several programs may use that folder at
once, on several machines, and even for several ledgers. So a store carries the mark of its ledger: what is not marked
as this one's is left alone. And the question "has no call this file?" is asked while nothing can be attached, by
`nothing_attached`, which the ledger brings along; that stays shut until the files are gone.

A file is old by the clock of its folder, and only if neither it nor its batch's store was touched since, nor a call
got or lost it. Whether its batch is still there makes no difference. Only files of dropped recordings are looked at:
what is in the administrator's folder, and what was copied for one call, is never removed.
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
"""Days after which a dropped recording that no call has is removed, where nothing else is set."""

PIECE = 100
"""Files that are removed while nothing can be attached, before others may go on."""

_MARK = "ledger.txt"
_HOUR = 3_600.0
_DAY = 86_400.0


class Use(Protocol):
    """What calls have to do with a file: one has it, one may get it back, and when one got or lost it."""

    @property
    def now(self) -> bool: ...
    @property
    def before(self) -> bool: ...
    @property
    def last(self) -> float: ...


NothingAttached = Callable[
    [str, Collection[str]], AbstractContextManager[tuple[Mapping[str, Use], Callable[[], object]]]
]
"""(batch, keys) → their uses, and what must be called before they are gone for good; nothing is attached meanwhile."""


class Tidied(NamedTuple):
    """How many files were removed, and their bytes."""

    files: int
    size: int


def keep_days() -> float | None:
    """The setting REDDY_KEEP_DROPPED_DAYS: a number of days. None: nothing is ever removed by itself ("never", 0, and
    whatever cannot be read as a number)."""
    given = os.environ.get(DAYS_VARIABLE, "").strip()
    if not given:
        return KEEP_DAYS
    try:
        days = float(given)
    except ValueError:
        return None
    return days if 0 < days < 1e6 else None


def mark(folder: Path, database: str) -> None:
    """Say which ledger a store belongs to, unless that is said already; and that somebody is at it now."""
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
    """Remove what no call has and nobody touched for so many days.

    Args:
        dropped: the folder with a store for each batch.
        ledger: its mark.
        batches: ids of this ledger's batches. A store of one of them without a mark gets it, and is young by that.

    Raises OSError where a folder cannot be read or written, and what `nothing_attached` raises; what is gone then had
    to go.
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
    """Remove these files of a batch now, but for those that a call has, or had and may get back, and those that somebody
    is just bringing."""
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
    """What programs that died were writing: a file that never finished arriving is nobody's."""
    parts: Iterable[Path] = folder.glob("arriving-*.part")
    for part in parts:
        with contextlib.suppress(OSError):
            if clock_of(folder) - part.stat().st_mtime > _DAY:
                part.unlink()
