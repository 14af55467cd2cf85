"""Where recordings are: files that were dropped in the browser, and a folder that the server was given.

Two places, one shape: `recordings()` lists what is there as `Recording`s, `open(key)` opens one of them. A *name* is
the analyst's and is for showing and matching; a *key* is ours and the only thing that is ever opened.

`RecordingStore` keeps what arrives. Each file is written in chunks, under the hash of its content, so a hostile name
is never the name of a file, and the same recording dropped twice is kept once. It is complete under its final name
or not there at all; the analyst's name is noted after that, so every name that is listed has its file.

`RecordingFolder` reads what an administrator put somewhere. Its files are listed without following any link; `open`
walks from the folder down, one name at a time, each opened relative to the folder above it and never through a link,
and asks the *open* file what it is. Whatever is exchanged between the look and the opening, what is opened is a
plain file inside the folder, or nothing.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

import msgspec

from reddy_lib.errors import RecordingError, RecordingNotFound, RecordingRefused
from reddy_lib.open_databases import refuse_open
from reddy_lib.recordings.file_names import ENDINGS, ending_of, is_recording_name, safe_name
from reddy_lib.spreadsheet.unpacked import is_overlapping

__all__ = [
    "PassedOver",
    "Recording",
    "RecordingFolder",
    "RecordingStore",
    "StoredFile",
    "Unpacked",
    "ZipLimits",
    "clock_of",
]

CHUNK = 1 << 20
LARGEST = 4 << 30
"""Bytes of one recording: a day of stereo wav at 16 kHz, 16 bit, is 5.5 GB, an hour 230 MB."""
MOST_FILES = 200_000
DEEPEST = 20
FOLDER_SETTING = "REDDY_AUDIO_FOLDER"

_KEY = re.compile(r"[0-9a-f]{64}(?:\.[a-z0-9]{2,4})?")
_LEAVING = re.compile(rf"leaving-[0-9a-f]{{16}}-({_KEY.pattern})")
_STALE = 86_400.0  # seconds after which a file that never finished arriving is nobody's
_BY_FOLDER = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")


class Recording(msgspec.Struct, frozen=True):
    """A recording that is there.

    Attributes:
        place: "dropped" (a `RecordingStore`) or "folder" (a `RecordingFolder`).
        key: what its place opens it by; the same key is the same file. In a store: the SHA-256 of the content in hex,
            and the ending; in a folder: the path below it, with "/".
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
    """A line of names.jsonl: a name (with the time that its file has, in ns), or that a file's names noted before this
    place of the list are forgotten."""

    key: str
    place: str = ""
    name: str = ""
    size: int = 0
    changed: int = 0
    forgotten_before: int = -1


class _Noted(NamedTuple):
    """What the list says: (key, name) → note, in the order in which they came; key → the time in its last note; and
    where the list ends."""

    names: dict[tuple[str, str], _Note]
    changed: dict[str, int]
    end: int


class StoredFile(NamedTuple):
    """A file of a store as it was looked at. `settled`: its names are noted, so nobody is just bringing it."""

    key: str
    size: int
    changed: int
    inode: int
    settled: bool


class PassedOver(NamedTuple):
    """A file that was not taken: its name, and why, as a sentence."""

    name: str
    why: str


class Unpacked(NamedTuple):
    """What an archive gave."""

    recordings: list[Recording]
    passed_over: list[PassedOver]


class ZipLimits(NamedTuple):
    """What an archive may hold: files, bytes unpacked, and how many times its packed size one file may become."""

    files: int = MOST_FILES
    total: int = 64 << 30
    ratio: float = 200.0
    free_ratio_below: int = 256 << 20
    """A file up to this size may be packed as small as it likes: silence packs a thousandfold."""
    free_ratio_total: int = 1 << 30
    """All files up to this size may; beyond it, `ratio` counts for them together too."""


class RecordingStore:
    """Files that were dropped, in a folder of this program's own; nobody else writes there.

    Args:
        folder: made if it is not there, readable by this user alone.
        largest: bytes of one recording.

    May be used by several threads and processes at once.
    """

    def __init__(self, folder: str | os.PathLike[str], *, largest: int = LARGEST) -> None:
        self.folder = Path(folder)
        self.largest = largest
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # whoever keeps the ledger, or the shared folder, behind a link: what is opened tells its real path
            self.folder = self.folder.resolve()
        except OSError as error:
            raise _disk(error, "The folder for recordings cannot be made") from None
        self._names = self.folder / "names.jsonl"
        for part in self.folder.glob("arriving-*.part"):
            with contextlib.suppress(OSError):
                if time.time() - part.stat().st_mtime > _STALE:
                    part.unlink()

    def __repr__(self) -> str:
        return f"<RecordingStore · {len(self.recordings()):,} recordings>"

    def add(self, source: str | os.PathLike[str] | IO[bytes], name: str | None = None) -> Recording:
        """Keep one file: a path, or anything that is read in chunks. `name`: the analyst's, by default the source's.

        Raises:
            RecordingError: longer than `largest`, or the disk is full; nothing of it is kept.
        """
        if isinstance(source, str | os.PathLike):
            path = Path(source)
            refuse_open(path, RecordingError)
            try:
                with path.open("rb") as file:
                    return self.add(file, name or path.name)
            except OSError as error:
                raise _disk(error, f"The recording {safe_name(path.name)} cannot be read") from None
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

        Files that are no recordings by their ending, links, and files with a password are passed over by name.

        Raises:
            RecordingError: it is no zip, is damaged, or holds more than `limits`, promised or not; nothing of it is kept.
        """
        if isinstance(source, str | os.PathLike):
            refuse_open(source, RecordingError)
        try:
            archive = zipfile.ZipFile(source)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            raise RecordingError(
                "This is no zip file, or it is damaged: pack the recordings again."
            ) from None
        kept: list[Recording] = []
        notes: list[tuple[Recording, int]] = []
        made: list[StoredFile] = []
        passed_over: list[PassedOver] = []
        try:
            with archive:
                chosen: list[zipfile.ZipInfo] = []
                for item in archive.infolist():
                    if item.is_dir():
                        continue
                    why = _not_taken(item)
                    if why:
                        passed_over.append(PassedOver(safe_name(item.filename), why))
                    else:
                        chosen.append(item)
                if len(chosen) > limits.files:
                    raise RecordingError(
                        f"The zip holds more than {limits.files:,} recordings: load it in parts."
                    )
                if sum(item.file_size for item in chosen) > limits.total:
                    raise RecordingError(
                        f"The zip unpacks to more than {limits.total >> 30:,} GB: load it in parts."
                    )
                packed = sum(item.compress_size for item in chosen)
                free = max(limits.free_ratio_total, int(limits.ratio * packed))
                if sum(item.file_size for item in chosen) > free or is_overlapping(archive):
                    raise RecordingError(
                        "The recordings unpack to far more than the zip holds: pack them again, or add them without a zip."
                    )
                left = min(limits.total, free)
                for number, item in enumerate(chosen, 1):
                    name = safe_name(item.filename)
                    most = min(left, self.largest)
                    allowed = max(limits.free_ratio_below, int(limits.ratio * max(item.compress_size, 1)))
                    if item.file_size > allowed:
                        raise RecordingError(
                            f"{name} unpacks to far more than it holds packed: pack the recordings again."
                        )
                    with archive.open(item) as file:
                        one, changed, written = self._write(file, name, min(most, allowed))
                    left -= one.size
                    kept.append(one)
                    notes.append((one, changed))
                    if written is not None:
                        made.append(written)
                    if progress is not None:
                        progress(number, len(chosen))
            self._note(notes)
        except BaseException as error:
            noted = {one.key for one in self.recordings()} if made else set()
            for new in made:  # what was there before stays, and what came meanwhile by another way
                if new.key not in noted:
                    with contextlib.suppress(OSError):
                        taken = self._taken(new)
                        if taken is not None:
                            taken.unlink()
            if isinstance(
                error, zipfile.BadZipFile | zlib.error | EOFError | NotImplementedError | RuntimeError
            ):
                raise RecordingError("The zip is damaged or cut off: pack the recordings again.") from None
            raise
        gone = {one.key for one in kept if not (self.folder / one.key).exists()}
        why = "It was deleted here while it was added: add it again."
        passed_over += [PassedOver(one.name, why) for one in kept if one.key in gone]
        return Unpacked([one for one in kept if one.key not in gone], passed_over)

    def recordings(self) -> list[Recording]:
        """Everything that is kept, in the order in which it came; a file that came under two names is there twice."""
        noted = self._noted()
        there = {entry.name for entry in os.scandir(self.folder)} if noted.names else set()
        return [
            Recording("dropped", one.key, one.name, one.size)
            for one in noted.names.values()
            if one.key in there
        ]

    def files(self) -> list[StoredFile]:
        """Every file that is kept, also one without a name, as it is now."""
        changed = self._noted().changed
        # by its folder's clock: another machine's may be wrong, or this one's
        old = (clock_of(self.folder) - _STALE) * 1e9
        found = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if _KEY.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(FileNotFoundError):
                        about = os.stat(entry.path, follow_symlinks=False)  # an entry of Windows has no inode
                        time_ns = about.st_mtime_ns
                        settled = time_ns < old or changed.get(entry.name) == time_ns
                        found.append(StoredFile(entry.name, about.st_size, time_ns, about.st_ino, settled))
        return sorted(found)

    def remove(
        self, chosen: Iterable[StoredFile], *, sure: Callable[[], object] | None = None
    ) -> list[StoredFile]:
        """Take files away, with their names; gives those that are gone.

        A file that somebody is just bringing stays, and so does one that was brought again since it was looked at.

        Args:
            chosen: from `files`.
            sure: called when they cannot be reached any more and are not gone yet: where it raises, all are put back.
        """
        end = self._noted().end
        taken: list[tuple[StoredFile, Path]] = []
        try:
            for file in chosen:
                path = self._taken(file) if file.settled else None
                if path is not None:
                    taken.append((file, path))
            if sure is not None and taken:
                sure()
            again = self._noted(end).changed
        except BaseException:
            for file, path in taken:
                self._put_back(path, file.key)
            raise
        removed = []
        for file, path in taken:
            if file.key in again:
                self._put_back(path, file.key)
                continue
            with contextlib.suppress(OSError):
                path.unlink()
                removed.append(file)
        self._write_notes([_Note(file.key, forgotten_before=end) for file in removed])
        return removed

    def restore(self) -> None:
        """Put back what a program took away and did not live to remove. Where another may be removing just now, what it
        leaves is a file without a name."""
        for entry in list(os.scandir(self.folder)):
            leaving = _LEAVING.fullmatch(entry.name)
            if leaving:
                self._put_back(Path(entry.path), leaving[1])

    def _taken(self, file: StoredFile) -> Path | None:
        """The file under a name that nobody looks for; None: it is another one by now, or in use (Windows)."""
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
        """Under its own name again, in place of none: the same content may have come back meanwhile."""
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

    def _noted(self, start: int = 0) -> _Noted:
        """What the list says from `start` on."""
        names: dict[tuple[str, str], _Note] = {}
        of_key: dict[str, dict[str, int]] = {}
        changed: dict[str, int] = {}
        at = start
        try:
            with self._names.open("rb") as file:
                file.seek(start)
                for line in file:
                    at, here = at + len(line), at
                    try:
                        one = msgspec.json.decode(line, type=_Note)
                    except (msgspec.DecodeError, msgspec.ValidationError):
                        continue  # empty, or the last words of a process that died: its file comes again
                    if not _KEY.fullmatch(one.key):
                        continue
                    if one.forgotten_before < 0:
                        names.setdefault((one.key, one.name), one)
                        of_key.setdefault(one.key, {})[one.name] = here
                        changed[one.key] = one.changed
                        continue
                    known = of_key.get(one.key, {})
                    for name, place in list(known.items()):
                        if place < one.forgotten_before:
                            del known[name], names[one.key, name]
        except FileNotFoundError:
            pass
        return _Noted(names, changed, at)

    def open(self, key: str) -> BinaryIO:
        """The bytes behind a key. Raises RecordingNotFound, or RecordingRefused: this is no key of this store."""
        if not _KEY.fullmatch(key):
            raise RecordingRefused("This is not the key of a kept recording: nothing was opened.")
        return _open_inside(self.folder, (key,), key[:12])

    def discard(self, key: str) -> None:
        """Remove a file, under all its names; nothing happens if it is not there."""
        if not _KEY.fullmatch(key):
            raise RecordingRefused("This is not the key of a kept recording: nothing was removed.")
        (self.folder / key).unlink(missing_ok=True)

    def _write(self, source: IO[bytes], name: str, most: int) -> tuple[Recording, int, StoredFile | None]:
        """The file under its final name, its time in ns, and, if it is new there, the file itself."""
        digest = hashlib.sha256()
        size = 0
        part: Path | None = None
        try:
            handle, written = tempfile.mkstemp(
                prefix="arriving-", suffix=".part", dir=self.folder
            )  # mode 0600
            part = Path(written)
            with os.fdopen(handle, "wb") as target:
                while chunk := source.read(CHUNK):
                    size += len(chunk)
                    if size > most:
                        raise RecordingError(
                            f"{name} is longer than the {_size(most)} that a recording may have here: it was not kept."
                        )
                    digest.update(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            key = digest.hexdigest() + ending_of(name)
            place = self.folder / key
            new = not place.exists()
            about = part.stat()
            part.replace(place)
            part = None
        except OSError as error:
            raise _disk(error, f"{name} could not be kept") from None
        finally:
            if part is not None:
                with contextlib.suppress(OSError):
                    part.unlink()
        file = StoredFile(key, size, about.st_mtime_ns, about.st_ino, False)
        return Recording("dropped", key, name, size), about.st_mtime_ns, file if new else None

    def _note(self, kept: list[tuple[Recording, int]]) -> None:
        """The names, after their files."""
        self._write_notes(
            [
                _Note(one.key, place=one.place, name=one.name, size=one.size, changed=changed)
                for one, changed in kept
            ]
        )

    def _write_notes(self, notes: list[_Note]) -> None:
        """At the end of the list. Each line begins with a line break: one that broke off spoils no other."""
        if not notes:
            return
        lines = b"".join(b"\n" + msgspec.json.encode(one) + b"\n" for one in notes)
        try:
            handle = os.open(self._names, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "ab", buffering=0) as file:
                file.write(lines)
                os.fsync(file.fileno())
        except OSError as error:
            raise _disk(error, "The names of the recordings could not be kept") from None


class RecordingFolder:
    """A folder with recordings that the administrator of this server named; it is read, never written.

    Args:
        folder: may itself be reached through links: it is resolved once, here.

    Raises RecordingError: it is not there, or is no folder.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        try:
            self.folder = Path(folder).resolve(strict=True)
        except (OSError, RuntimeError):
            raise RecordingError(f"The folder for recordings is not there: check {FOLDER_SETTING}.") from None
        if not self.folder.is_dir() or self.folder == Path(self.folder.anchor):
            raise RecordingError(
                f"The folder for recordings is no folder, or a whole disk: check {FOLDER_SETTING}."
            )

    @classmethod
    def from_environment(cls) -> RecordingFolder | None:
        """The folder of the setting REDDY_AUDIO_FOLDER; None where it is not set."""
        folder = os.environ.get(FOLDER_SETTING, "").strip()
        return cls(folder) if folder else None

    def __repr__(self) -> str:
        return f"<RecordingFolder {self.folder.name!r}>"

    def recordings(self) -> list[Recording]:
        """All recordings inside, in the order of their names. Key and name: the path below the folder, with "/".

        Links, hidden files and folders, files of other kinds and endings are not among them. Raises RecordingError:
        more than 200,000 files.
        """
        found: list[Recording] = []
        waiting: list[tuple[str, tuple[str, ...]]] = [(str(self.folder), ())]
        while waiting:
            path, parts = waiting.pop()
            try:
                with os.scandir(path) as entries:
                    for entry in entries:
                        name = entry.name
                        if name.startswith(".") or not _plain(entry):
                            continue
                        if entry.is_dir(follow_symlinks=False):
                            if len(parts) < DEEPEST:
                                waiting.append((entry.path, (*parts, name)))
                        elif entry.is_file(follow_symlinks=False) and is_recording_name(name):
                            key = "/".join((*parts, name))
                            if _writable(key):
                                size = entry.stat(follow_symlinks=False).st_size
                                found.append(Recording("folder", key, key, size))
            except OSError:
                continue  # a folder that went away, or that this program may not read, has nothing for it
            if len(found) > MOST_FILES:
                raise RecordingError(
                    f"The folder for recordings holds more than {MOST_FILES:,}: choose a folder further down."
                )
        return sorted(found, key=lambda one: one.key)

    def open(self, key: str) -> BinaryIO:
        """The bytes of a recording by its key.

        Raises:
            RecordingNotFound: no such file.
            RecordingRefused: the key leads out of the folder, through a link, or to what is no plain file.
        """
        parts = tuple(key.split("/"))
        usable = all(part not in ("", ".", "..") and not part.startswith(".") for part in parts)
        if not usable or not _writable(key) or len(parts) > DEEPEST + 1 or not is_recording_name(parts[-1]):
            raise RecordingRefused(
                "This is not the path of a recording inside the folder for recordings: nothing was opened."
            )
        if os.sep != "/" and any(re.search(r'[\\:<>"|?*]|[. ]$', part) for part in parts):
            raise RecordingRefused("This name means something else on this machine: nothing was opened.")
        return _open_inside(self.folder, parts, parts[-1])


def clock_of(folder: Path) -> float:
    """What time it is where a folder is: seconds since the epoch, as new files there get it."""
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"-")
        probe.flush()
        os.fsync(probe.fileno())  # a shared folder has its server's clock once it has the file
        return os.fstat(probe.fileno()).st_mtime


def _writable(text: str) -> bool:
    """Can it be stored as text: no NUL, and no bytes that are no characters (a name in another encoding)?"""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _plain(entry: os.DirEntry[str]) -> bool:
    """Neither a link nor, on Windows, any other thing that stands for something elsewhere."""
    if entry.is_symlink():
        return False
    if os.name == "nt":
        return not _elsewhere(entry.stat(follow_symlinks=False))
    return True


def _elsewhere(status: os.stat_result) -> bool:
    return stat.S_ISLNK(status.st_mode) or bool(
        getattr(status, "st_file_attributes", 0) & getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0x400)
    )


def _open_inside(folder: Path, parts: tuple[str, ...], name: str) -> BinaryIO:
    """A plain file below a folder, reached through folders alone. What is checked is what is opened."""
    try:
        handle = _descend(folder, parts) if _BY_FOLDER else _descend_by_path(folder, parts)
    except FileNotFoundError:
        raise RecordingNotFound(f"The recording {name} is not there any more: add it again.") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK):
            raise _no_plain_file(name) from None
        raise _disk(error, f"The recording {name} cannot be opened") from None
    return os.fdopen(handle, "rb")


def _descend(folder: Path, parts: tuple[str, ...]) -> int:
    above = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
            os.close(above)
            above = below
        # Opening a pipe or a device can have effects of its own: it is asked before, and the open file once more.
        before = os.stat(parts[-1], dir_fd=above, follow_symlinks=False)
        if not stat.S_ISREG(before.st_mode):
            raise _no_plain_file(parts[-1])
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        handle = os.open(parts[-1], flags, dir_fd=above)
    finally:
        os.close(above)
    return _checked(handle, folder, before, parts[-1])


def _descend_by_path(folder: Path, parts: tuple[str, ...]) -> int:
    """Where no file can be opened relative to an open folder (Windows)."""
    path = folder
    for part in parts:
        path = path / part
        before = os.lstat(path)
        if _elsewhere(before):
            raise _no_plain_file(parts[-1])
    if not stat.S_ISREG(before.st_mode):
        raise _no_plain_file(parts[-1])
    if path.resolve(strict=True) != path:
        raise _no_plain_file(parts[-1])
    return _checked(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), folder, before, parts[-1])


def _checked(handle: int, folder: Path, before: os.stat_result, name: str) -> int:
    """The open file, if it is the plain file that was looked at and its path is inside; else it is closed."""
    try:
        status = os.fstat(handle)
        same = (status.st_dev, status.st_ino) == (before.st_dev, before.st_ino)
        if not stat.S_ISREG(status.st_mode) or not same:
            raise _no_plain_file(name)
        with contextlib.suppress(OSError):  # only some systems tell the path of an open file
            real = Path(os.readlink(f"/proc/self/fd/{handle}"))
            if folder not in real.parents:
                raise _no_plain_file(name)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _no_plain_file(name: str) -> RecordingRefused:
    return RecordingRefused(
        f"{safe_name(name)} is no plain file inside the folder, or is reached through a link: nothing was read."
    )


def _not_taken(item: zipfile.ZipInfo) -> str:
    """Why a file of an archive is passed over, as a sentence; "": it is taken."""
    base = re.split(r"[/\\]", item.filename)[-1]
    if stat.S_ISLNK(item.external_attr >> 16):
        return "It is a link to another file."
    if base.startswith((".", "~$")) or "__MACOSX" in item.filename:
        return "It belongs to the system that packed the zip."
    if not is_recording_name(base):
        return f"Its ending is not that of a recording ({', '.join(ENDINGS)})."
    if item.flag_bits & 0x1:
        return "It is protected with a password: pack it without."
    return ""


def _disk(error: OSError, what: str) -> RecordingError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC):
        return RecordingError(f"{what}: the disk is full. Make room, then add it again.")
    return RecordingError(f"{what} ({error.strerror or type(error).__name__}).")


def _size(size: int) -> str:
    if size >= 1 << 30:
        return f"{size / (1 << 30):,.3g} GB"
    return f"{size / (1 << 20):,.3g} MB" if size >= 1 << 20 else f"{size:,} bytes"
