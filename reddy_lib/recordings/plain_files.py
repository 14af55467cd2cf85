"""Open a plain file below a folder, without following any link.

The walk goes from the folder down, one name at a time. Each name is opened relative to the folder above it, and the
*open* file is checked. Whatever is swapped between the check and the opening, the result is a plain file inside the
folder, or an error.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from reddy_lib.errors import RecordingError, RecordingNotFound, RecordingRefused
from reddy_lib.recordings.file_names import safe_name

__all__ = ["disk_error", "is_plain_entry", "open_plain_file"]

_BY_FOLDER = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")


def open_plain_file(folder: Path, parts: tuple[str, ...], name: str) -> BinaryIO:
    """Open the plain file at `parts` below a folder; every part but the last must be a real folder.

    Raises:
        RecordingNotFound: there is no such file.
        RecordingRefused: it is not a plain file, or is reached through a link.
        RecordingError: it cannot be opened.
    """
    try:
        handle = _descend(folder, parts) if _BY_FOLDER else _descend_by_path(folder, parts)
    except FileNotFoundError:
        raise RecordingNotFound(f"The recording {name} no longer exists: add it again.") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK):
            raise _not_a_plain_file(name) from None
        raise disk_error(error, f"The recording {name} cannot be opened") from None
    return os.fdopen(handle, "rb")


def is_plain_entry(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is neither a link nor, on Windows, any other kind of reparse point."""
    if entry.is_symlink():
        return False
    if os.name == "nt":
        return not _is_elsewhere(entry.stat(follow_symlinks=False))
    return True


def disk_error(error: OSError, what: str) -> RecordingError:
    """Return an error for people: `what` failed, and why; a full disk is named."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC):
        return RecordingError(f"{what}: the disk is full. Make room, then add it again.")
    return RecordingError(f"{what} ({error.strerror or type(error).__name__}).")


def _is_elsewhere(status: os.stat_result) -> bool:
    return stat.S_ISLNK(status.st_mode) or bool(
        getattr(status, "st_file_attributes", 0) & getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0x400)
    )


def _descend(folder: Path, parts: tuple[str, ...]) -> int:
    above = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
            os.close(above)
            above = below
        # Opening a pipe or a device can have side effects, so the file is checked before and after.
        before = os.stat(parts[-1], dir_fd=above, follow_symlinks=False)
        if not stat.S_ISREG(before.st_mode):
            raise _not_a_plain_file(parts[-1])
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        handle = os.open(parts[-1], flags, dir_fd=above)
    finally:
        os.close(above)
    return _checked(handle, folder, before, parts[-1])


def _descend_by_path(folder: Path, parts: tuple[str, ...]) -> int:
    """Do the same where files cannot be opened relative to an open folder (Windows)."""
    path = folder
    for part in parts:
        path = path / part
        before = os.lstat(path)
        if _is_elsewhere(before):
            raise _not_a_plain_file(parts[-1])
    if not stat.S_ISREG(before.st_mode):
        raise _not_a_plain_file(parts[-1])
    if path.resolve(strict=True) != path:
        raise _not_a_plain_file(parts[-1])
    return _checked(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), folder, before, parts[-1])


def _checked(handle: int, folder: Path, before: os.stat_result, name: str) -> int:
    """Return the open file if it is the plain file that was checked and its path is inside; otherwise close it."""
    try:
        status = os.fstat(handle)
        same = (status.st_dev, status.st_ino) == (before.st_dev, before.st_ino)
        if not stat.S_ISREG(status.st_mode) or not same:
            raise _not_a_plain_file(name)
        with contextlib.suppress(OSError):  # only some systems tell the path of an open file
            real = Path(os.readlink(f"/proc/self/fd/{handle}"))
            if folder not in real.parents:
                raise _not_a_plain_file(name)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _not_a_plain_file(name: str) -> RecordingRefused:
    return RecordingRefused(
        f"{safe_name(name)} is not a plain file inside the folder, or is reached through a link: nothing was read."
    )
