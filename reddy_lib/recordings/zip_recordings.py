"""Which files of a zip archive are recordings to keep, within limits that an honest archive never meets."""

from __future__ import annotations

import re
import stat
import zipfile
from typing import NamedTuple

from reddy_lib.errors import RecordingError
from reddy_lib.recordings.file_names import ENDINGS, is_recording_name, safe_name
from reddy_lib.spreadsheet.reading.unpacked import is_overlapping

__all__ = ["MOST_FILES", "ChosenFiles", "PassedOver", "ZipLimits", "choose_files"]

MOST_FILES = 200_000


class PassedOver(NamedTuple):
    """A file that was not taken: its name, and why, as a sentence."""

    name: str
    why: str


class ZipLimits(NamedTuple):
    """What an archive may hold: files, bytes unpacked, and how many times its packed size one file may unpack to."""

    files: int = MOST_FILES
    total: int = 64 << 30
    ratio: float = 200.0
    free_ratio_below: int = 256 << 20
    """A file that unpacks to at most this size may have any ratio: silence packs a thousandfold."""
    free_ratio_total: int = 1 << 30
    """So may all files together up to this size; beyond it, `ratio` applies to their sum too."""

    def bytes_for(self, item: zipfile.ZipInfo) -> int:
        """Return how many bytes one file may unpack to."""
        return max(self.free_ratio_below, int(self.ratio * max(item.compress_size, 1)))


class ChosenFiles(NamedTuple):
    """`files` to unpack, what was passed over, and `room`: how many bytes they may unpack to together."""

    files: list[zipfile.ZipInfo]
    passed_over: list[PassedOver]
    room: int


def choose_files(archive: zipfile.ZipFile, limits: ZipLimits) -> ChosenFiles:
    """Choose the recordings of an archive, going by its table of contents alone.

    Files without the ending of a recording, links, and files with a password are passed over.

    Raises RecordingError: the archive declares more than `limits` allow, or its files share their bytes.
    """
    chosen: list[zipfile.ZipInfo] = []
    passed_over: list[PassedOver] = []
    for item in archive.infolist():
        if item.is_dir():
            continue
        why = _reason_to_pass_over(item)
        if why:
            passed_over.append(PassedOver(safe_name(item.filename), why))
        else:
            chosen.append(item)
    size = sum(item.file_size for item in chosen)
    if len(chosen) > limits.files:
        raise RecordingError(f"The zip holds more than {limits.files:,} recordings: load it in parts.")
    if size > limits.total:
        raise RecordingError(f"The zip unpacks to more than {limits.total >> 30:,} GB: load it in parts.")
    packed = sum(item.compress_size for item in chosen)
    room = max(limits.free_ratio_total, int(limits.ratio * packed))
    if size > room or is_overlapping(archive):
        raise RecordingError(
            "The recordings unpack to far more than the zip holds: pack them again, or add them without a zip."
        )
    return ChosenFiles(chosen, passed_over, min(limits.total, room))


def _reason_to_pass_over(item: zipfile.ZipInfo) -> str:
    """Return why a file is passed over, as a sentence, or "" if it is to be kept."""
    base = re.split(r"[/\\]", item.filename)[-1]
    if stat.S_ISLNK(item.external_attr >> 16):
        return "It is a link to another file."
    if base.startswith((".", "~$")) or "__MACOSX" in item.filename:
        return "It belongs to the system that packed the zip."
    if not is_recording_name(base):
        return f"Its extension is not that of a recording ({', '.join(ENDINGS)})."
    if item.flag_bits & 0x1:
        return "It is protected with a password: pack it without one."
    return ""
