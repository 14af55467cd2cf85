"""Recognise the format of a recording by its first bytes, whatever its name: enough for its content type.

Nothing is decoded here, and no large library is loaded; `inspect` does that.
"""

from __future__ import annotations

import os
from typing import IO

__all__ = ["FORMATS", "content_type_inside", "content_type_of", "recognised"]

FORMATS: dict[str, tuple[str, str]] = {
    # format → (the decoder's name for it, content type)
    "wav": ("wav", "audio/wav"),
    "mp3": ("mp3", "audio/mpeg"),
    "aac": ("aac", "audio/aac"),
    "m4a": ("mov", "audio/mp4"),
    "ogg": ("ogg", "audio/ogg"),
    "flac": ("flac", "audio/flac"),
    "webm": ("matroska", "audio/webm"),
    "aiff": ("aiff", "audio/aiff"),
    "amr": ("amr", "audio/amr"),
    "wma": ("asf", "audio/x-ms-wma"),
}


def content_type_of(format: str) -> str:
    """Return the content type of a format as in `Inspection.format`. Raises KeyError for any other."""
    return FORMATS[format][1]


def content_type_inside(file: IO[bytes]) -> str | None:
    """Return the content type of an open file by its content, or None if it is not recognised."""
    format = recognised(file, file.seek(0, os.SEEK_END))
    return content_type_of(format) if format else None


def recognised(file: IO[bytes], size: int) -> str:
    """Return the format by the first bytes, or "" if it is unknown. A tag (ID3) before the sound is skipped."""
    place = 0
    for _ in range(4):
        file.seek(place)
        head = file.read(16)
        if head[:3] == b"ID3" and len(head) >= 10 and max(head[6:10]) < 128:
            length = (head[6] << 21) | (head[7] << 14) | (head[8] << 7) | head[9]
            place += 10 + length + (10 if head[5] & 0x10 else 0)
            if place >= size:
                return ""
            continue
        break
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "wav"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "m4a"
    if head[:4] == b"OggS":
        return "ogg"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "webm"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[:5] == b"#!AMR":
        return "amr"
    if head[:8] == bytes.fromhex("3026b2758e66cf11"):
        return "wma"
    if len(head) >= 4 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "aac"
    if _is_mp3(head) or (place and _synced(file, place)):
        return "mp3"
    return ""


def _is_mp3(head: bytes) -> bool:
    """Return whether this is the header of a frame: in sync, with a valid version, layer, bit rate and sample rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    return version != 1 and layer != 0 and head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3


def _synced(file: IO[bytes], place: int) -> bool:
    """Return whether a frame follows at `place`; some programs write zeros between a tag and the first frame."""
    file.seek(place)
    rest = file.read(65_536).lstrip(b"\0")
    return _is_mp3(rest)
