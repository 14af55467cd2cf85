"""A folder with recordings that an administrator named: it is read, never written.

Its files are listed without following any link, and opened by `open_plain_file`, which reaches plain files inside the
folder and nothing else.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import BinaryIO

import reddy_lib.arguments as arguments
from reddy_lib.errors import RecordingError, RecordingRefused
from reddy_lib.recordings.file_names import is_recording_name
from reddy_lib.recordings.plain_files import is_plain_entry, open_plain_file
from reddy_lib.recordings.store import Recording
from reddy_lib.recordings.zip_recordings import MOST_FILES

__all__ = ["FOLDER_VARIABLE", "RecordingFolder", "shared_folder"]

FOLDER_VARIABLE = "REDDY_AUDIO_FOLDER"
"""A folder that every machine of a team sees, each under the path that this variable has there."""

DEEPEST = 20
"""Levels of folders that are listed."""


def shared_folder() -> Path | None:
    """Return the folder of REDDY_AUDIO_FOLDER, or None where it is not set. It may not exist."""
    given = os.environ.get(FOLDER_VARIABLE, "").strip()
    return Path(given).expanduser() if given else None


class RecordingFolder:
    """A folder with recordings that the administrator of this server named.

    Args:
        folder: may itself be reached through links: it is resolved once, here.

    Raises RecordingError: it does not exist, or is not a folder.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        path = arguments.file_path(folder, "folder")
        try:
            self.folder = path.resolve(strict=True)
        except (OSError, RuntimeError):
            raise RecordingError(
                f"The folder for recordings, {folder}, does not exist: check its path or {FOLDER_VARIABLE}."
            ) from None
        if not self.folder.is_dir() or self.folder == Path(self.folder.anchor):
            raise RecordingError(
                f"The folder for recordings, {folder}, is not a folder, or is a whole disk: check its path or "
                f"{FOLDER_VARIABLE}."
            )

    @classmethod
    def from_environment(cls) -> RecordingFolder | None:
        """Return the folder of REDDY_AUDIO_FOLDER, or None where it is not set."""
        folder = shared_folder()
        return None if folder is None else cls(folder)

    def __repr__(self) -> str:
        return f"<RecordingFolder {self.folder.name!r}>"

    def recordings(self) -> list[Recording]:
        """List the recordings inside, sorted by path. Key and name are the path below the folder, with "/".

        Links, hidden files and folders, and files with other endings are left out. Raises RecordingError: there are
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
                        if name.startswith(".") or not is_plain_entry(entry):
                            continue
                        if entry.is_dir(follow_symlinks=False):
                            if len(parts) < DEEPEST:
                                waiting.append((entry.path, (*parts, name)))
                        elif entry.is_file(follow_symlinks=False) and is_recording_name(name):
                            key = "/".join((*parts, name))
                            if _is_storable(key):
                                size = entry.stat(follow_symlinks=False).st_size
                                found.append(Recording("folder", key, key, size))
            except OSError:
                continue  # a folder that was deleted meanwhile, or that this program may not read
            if len(found) > MOST_FILES:
                raise RecordingError(
                    f"The folder for recordings holds more than {MOST_FILES:,}: choose a folder further down."
                )
        return sorted(found, key=lambda one: one.key)

    def open(self, key: str) -> BinaryIO:
        """Open a recording by its key.

        Raises:
            RecordingNotFound: there is no such file.
            RecordingRefused: the key leads out of the folder, through a link, or to something other than a plain file.
        """
        parts = tuple(key.split("/"))
        usable = all(part not in ("", ".", "..") and not part.startswith(".") for part in parts)
        if (
            not usable
            or not _is_storable(key)
            or len(parts) > DEEPEST + 1
            or not is_recording_name(parts[-1])
        ):
            raise RecordingRefused(
                "This is not the path of a recording inside the folder for recordings: nothing was opened."
            )
        if os.sep != "/" and any(re.search(r'[\\:<>"|?*]|[. ]$', part) for part in parts):
            raise RecordingRefused("This name means something else on this machine: nothing was opened.")
        return open_plain_file(self.folder, parts, parts[-1])


def _is_storable(text: str) -> bool:
    """Return whether a path is text: no NUL, and no bytes of a name in another encoding."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
