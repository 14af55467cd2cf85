"""A folder of dropped recordings, kept by their content.

`RecordingStore` keeps what arrives, each file under the hash of its content (`hashed_files`): a hostile name is never
the name of a file, and the same recording dropped twice is kept once. A *name* is the analyst's, and is only shown and
matched; a *key* is ours, and is the only thing that is ever opened.

Names are noted in a log (`names.jsonl`) after their file is complete, so every name that is listed has its file. Files
are removed the other way round: a file is renamed away, then deleted, then its names are forgotten.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

import msgspec

import reddy_lib.arguments as arguments
from reddy_lib.errors import RecordingError, RecordingRefused
from reddy_lib.open_databases import refuse_open
from reddy_lib.recordings.append_log import AppendLog
from reddy_lib.recordings.file_names import ending_of, safe_name
from reddy_lib.recordings.hashed_files import CHUNK, HASHED_NAME, write_hashed_file
from reddy_lib.recordings.plain_files import disk_error, open_plain_file
from reddy_lib.recordings.zip_recordings import PassedOver, ZipLimits, choose_files

__all__ = ["Recording", "RecordingStore", "StoredFile", "Unpacked", "clock_of"]

LARGEST = 4 << 30
"""Bytes of one recording: an hour of 16-bit stereo wav at 16 kHz is 230 MB."""

_LEAVING = re.compile(rf"leaving-[0-9a-f]{{16}}-({HASHED_NAME.pattern})")
_STALE = 86_400.0  # seconds after which an incomplete file is a leftover

_DELETED_MEANWHILE = "It was deleted here while it was added: add it again."
_DAMAGED_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class Recording(msgspec.Struct, frozen=True):
    """A recording in a store or a shared folder.

    Attributes:
        place: "dropped" (a `RecordingStore`) or "folder" (a `RecordingFolder`).
        key: what its place opens it by. In a store: the SHA-256 of the content in hex, and the ending; in a folder: the
            path below it, with "/".
        name: what people call it; for showing and matching only.
        size: bytes.
    """

    place: str
    key: str
    name: str
    size: int = 0

    def __repr__(self) -> str:
        return f"<Recording {self.name!r} · {self.size:,} bytes · {self.place}>"


class _Note(msgspec.Struct, omit_defaults=True):
    """An entry of names.jsonl: a name, with its file's modification time in ns; or, where `forgotten_before` is set, a
    tombstone: the file was removed, and names noted before that position of the log no longer count."""

    key: str
    place: str = ""
    name: str = ""
    size: int = 0
    changed: int = 0
    forgotten_before: int = -1


class _Noted(NamedTuple):
    """What the log says: (key, name) → note, in the order of arrival; key → the time in its last note; where it ends."""

    names: dict[tuple[str, str], _Note]
    changed: dict[str, int]
    end: int


class StoredFile(NamedTuple):
    """A file of a store when it was listed. `settled`: its name is noted, so it is not just being added."""

    key: str
    size: int
    changed: int
    inode: int
    settled: bool


class Unpacked(NamedTuple):
    """The result of `RecordingStore.add_zip`."""

    recordings: list[Recording]
    passed_over: list[PassedOver]


class RecordingStore:
    """Recordings that were dropped, in a folder that only this program writes to.

    Args:
        folder: created if it does not exist, readable by this user alone.
        largest: bytes of one recording.

    May be used by several threads and processes at once.
    """

    def __init__(self, folder: str | os.PathLike[str], *, largest: int = LARGEST) -> None:
        self.folder = arguments.file_path(folder, "folder")
        self.largest = largest
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The ledger, or the shared folder, may be behind a link; an open file tells its real path.
            self.folder = self.folder.resolve()
        except OSError as error:
            raise disk_error(error, "The folder for recordings cannot be created") from None
        self._log = AppendLog(self.folder / "names.jsonl", _Note)
        for part in self.folder.glob("arriving-*.part"):
            with contextlib.suppress(OSError):
                if time.time() - part.stat().st_mtime > _STALE:
                    part.unlink()

    def __repr__(self) -> str:
        return f"<RecordingStore · {len(self.recordings()):,} recordings>"

    # adding

    def add(self, source: str | os.PathLike[str] | IO[bytes], name: str | None = None) -> Recording:
        """Keep one file: a path, or anything that is read in chunks. `name`: the analyst's, by default the source's.

        Raises:
            RecordingError: it is longer than `largest`, or the disk is full; nothing of it is kept.
        """
        if isinstance(source, str | os.PathLike):
            path = Path(source)
            refuse_open(path, RecordingError)
            try:
                with path.open("rb") as file:
                    return self.add(file, name or path.name)
            except OSError as error:
                raise disk_error(error, f"The recording {safe_name(path.name)} cannot be read") from None
        if not hasattr(source, "read"):
            arguments.binary_file(source, "source")
        if name is None:
            given = getattr(source, "name", "")
            name = given if isinstance(given, str) else ""
        kept, changed, _ = self._write(source, safe_name(name), self.largest)
        self._note([(kept, changed)])
        if not (self.folder / kept.key).exists():
            raise RecordingError(f"{kept.name} was deleted here while it was added: add it again.")
        return kept

    def add_zip(
        self,
        source: str | os.PathLike[str] | IO[bytes],
        *,
        limits: ZipLimits = ZipLimits(),  # noqa: B008 - a constant
        progress: Callable[[int, int], None] | None = None,
    ) -> Unpacked:
        """Keep the recordings of a zip, each under its base name. `progress`: called with (files done, of).

        Files without the ending of a recording, links, and files with a password are passed over by name.

        Raises:
            RecordingError: it is not a zip, is damaged, or holds more than `limits` allow, declared or not; nothing of
                it is kept.
        """
        if isinstance(source, str | os.PathLike):
            refuse_open(source, RecordingError)
        try:
            archive = zipfile.ZipFile(source)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            raise RecordingError(
                "This is not a zip file, or it is damaged: pack the recordings again."
            ) from None
        kept: list[tuple[Recording, int]] = []
        new: list[StoredFile] = []
        try:
            with archive:
                chosen = choose_files(archive, limits)
                room = chosen.room
                for number, item in enumerate(chosen.files, 1):
                    one, changed, written = self._unpack(archive, item, room, limits)
                    room -= one.size
                    kept.append((one, changed))
                    if written is not None:
                        new.append(written)
                    if progress is not None:
                        progress(number, len(chosen.files))
            self._note(kept)
        except BaseException as error:
            self._take_back(new)
            if isinstance(error, _DAMAGED_ZIP):
                raise RecordingError("The zip is damaged or cut off: pack the recordings again.") from None
            raise
        gone = {one.key for one, _ in kept if not (self.folder / one.key).exists()}
        deleted = [PassedOver(one.name, _DELETED_MEANWHILE) for one, _ in kept if one.key in gone]
        return Unpacked([one for one, _ in kept if one.key not in gone], [*chosen.passed_over, *deleted])

    def _unpack(
        self, archive: zipfile.ZipFile, item: zipfile.ZipInfo, room: int, limits: ZipLimits
    ) -> tuple[Recording, int, StoredFile | None]:
        name = safe_name(item.filename)
        allowed = limits.bytes_for(item)
        if item.file_size > allowed:
            raise RecordingError(
                f"{name} unpacks to far more than it holds packed: pack the recordings again."
            )
        with archive.open(item) as file:
            return self._write(file, name, min(room, self.largest, allowed))

    def _take_back(self, files: Iterable[StoredFile]) -> None:
        """Delete what a failed zip has added, except what arrived meanwhile in another way."""
        files = list(files)
        noted = {one.key for one in self.recordings()} if files else set()
        for file in files:
            if file.key not in noted:
                with contextlib.suppress(OSError):
                    leaving = self._rename_away(file)
                    if leaving is not None:
                        leaving.unlink()

    def _write(self, source: IO[bytes], name: str, most: int) -> tuple[Recording, int, StoredFile | None]:
        """Write a file; return it, its modification time in ns, and the `StoredFile` if its content is new here."""
        try:
            # An old file of the same content is replaced: its new time says that it is being added again.
            file = write_hashed_file(self.folder, _limited(source, name, most), ending_of(name), replace=True)
        except OSError as error:
            raise disk_error(error, f"{name} could not be kept") from None
        key = file.path.name
        stored = StoredFile(key, file.size, file.changed, file.inode, False)
        return Recording("dropped", key, name, file.size), file.changed, stored if file.is_new else None

    # listing

    def recordings(self) -> list[Recording]:
        """List the recordings, in the order of arrival. A file that came under two names is listed twice."""
        noted = self._noted()
        there = {entry.name for entry in os.scandir(self.folder)} if noted.names else set()
        return [
            Recording("dropped", one.key, one.name, one.size)
            for one in noted.names.values()
            if one.key in there
        ]

    def files(self) -> list[StoredFile]:
        """List the files themselves, also those without a name."""
        changed = self._noted().changed
        # by the clock of the folder: this machine's may differ from the file server's
        old = (clock_of(self.folder) - _STALE) * 1e9
        found = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if HASHED_NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(FileNotFoundError):
                        about = os.stat(entry.path, follow_symlinks=False)  # on Windows an entry has no inode
                        time_ns = about.st_mtime_ns
                        settled = time_ns < old or changed.get(entry.name) == time_ns
                        found.append(StoredFile(entry.name, about.st_size, time_ns, about.st_ino, settled))
        return sorted(found)

    def open(self, key: str) -> BinaryIO:
        """Open a recording. Raises RecordingNotFound, or RecordingRefused: this is not a key of a store."""
        if not HASHED_NAME.fullmatch(key):
            raise RecordingRefused("This is not the key of a kept recording: nothing was opened.")
        return open_plain_file(self.folder, (key,), key[:12])

    # removing

    def remove(
        self, chosen: Iterable[StoredFile], *, sure: Callable[[], object] | None = None
    ) -> list[StoredFile]:
        """Remove files with their names; return those that are gone.

        A file that is just being added stays, and so does one that was added again since it was listed.

        Args:
            chosen: from `files`.
            sure: called when the files can no longer be reached, before they are deleted. If it raises, all are put
                back.
        """
        end = self._noted().end
        leaving: list[tuple[StoredFile, Path]] = []
        try:
            for file in chosen:
                path = self._rename_away(file) if file.settled else None
                if path is not None:
                    leaving.append((file, path))
            if sure is not None and leaving:
                sure()
            again = self._noted(end).changed
        except BaseException:
            for file, path in leaving:
                self._put_back(path, file.key)
            raise
        removed = []
        for file, path in leaving:
            if file.key in again:
                self._put_back(path, file.key)
                continue
            with contextlib.suppress(OSError):
                path.unlink()
                removed.append(file)
        self._append([_Note(file.key, forgotten_before=end) for file in removed])
        return removed

    def restore(self) -> None:
        """Put back what a program renamed away and did not live to delete.

        While another program is removing files, this may leave a file without a name.
        """
        for entry in list(os.scandir(self.folder)):
            leaving = _LEAVING.fullmatch(entry.name)
            if leaving:
                self._put_back(Path(entry.path), leaving[1])

    def discard(self, key: str) -> None:
        """Remove a file, under all its names; do nothing if there is no such file."""
        if not HASHED_NAME.fullmatch(key):
            raise RecordingRefused("This is not the key of a kept recording: nothing was removed.")
        (self.folder / key).unlink(missing_ok=True)

    def _rename_away(self, file: StoredFile) -> Path | None:
        """Rename a file so that it is no longer found; None if it is another file by now, or in use (Windows)."""
        path = self.folder / f"leaving-{secrets.token_hex(8)}-{file.key}"
        try:
            (self.folder / file.key).rename(path)
            about = path.lstat()
        except OSError:
            return None
        if (about.st_ino, about.st_mtime_ns) != (file.inode, file.changed):
            self._put_back(path, file.key)
            return None
        return path

    def _put_back(self, path: Path, key: str) -> None:
        """Give a file its own name again, replacing nothing: the same content may have been added meanwhile."""
        with contextlib.suppress(OSError):
            try:
                os.link(path, self.folder / key)
            except FileExistsError:
                pass
            except OSError:  # a file system without links
                if not (self.folder / key).exists():
                    path.rename(self.folder / key)
                    return
            path.unlink()

    # the log of names

    def _noted(self, start: int = 0) -> _Noted:
        """Read the log from a position on."""
        entries, end = self._log.read(start)
        names: dict[tuple[str, str], _Note] = {}
        positions: dict[str, dict[str, int]] = {}
        changed: dict[str, int] = {}
        for position, one in entries:
            if not HASHED_NAME.fullmatch(one.key):
                continue
            if one.forgotten_before < 0:
                names.setdefault((one.key, one.name), one)
                positions.setdefault(one.key, {})[one.name] = position
                changed[one.key] = one.changed
                continue
            known = positions.get(one.key, {})
            for name, noted_at in list(known.items()):
                if noted_at < one.forgotten_before:
                    del known[name], names[one.key, name]
        return _Noted(names, changed, end)

    def _note(self, kept: list[tuple[Recording, int]]) -> None:
        """Note the names of files that are complete."""
        self._append(
            [
                _Note(one.key, place=one.place, name=one.name, size=one.size, changed=changed)
                for one, changed in kept
            ]
        )

    def _append(self, notes: list[_Note]) -> None:
        try:
            self._log.append(notes)
        except OSError as error:
            raise disk_error(error, "The names of the recordings could not be kept") from None


def clock_of(folder: Path) -> float:
    """Return the time where a folder is, in seconds since the epoch: what new files there get."""
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"-")
        probe.flush()
        os.fsync(probe.fileno())  # a file on a server gets the server's time once it was written there
        return os.fstat(probe.fileno()).st_mtime


def _limited(source: IO[bytes], name: str, most: int) -> Iterator[bytes]:
    size = 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > most:
            raise RecordingError(
                f"{name} is longer than the {_size(most)} that a recording may have here: it was not kept."
            )
        yield chunk


def _size(size: int) -> str:
    if size >= 1 << 30:
        return f"{size / (1 << 30):,.3g} GB"
    return f"{size / (1 << 20):,.3g} MB" if size >= 1 << 20 else f"{size:,} bytes"
