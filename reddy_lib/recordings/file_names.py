"""What the name of a recording in a sheet means: the tail of a path, never a path.

Sheets name recordings as another machine did: `D:\\rec\\2026\\call 7.wav`, `\\\\nas\\audio\\call7.WAV`,
`/mnt/rec/call7.mp3`, `https://pbx.example/rec/call%207.wav`. None of that is opened here. `tails` turns such a cell into
keys (folders and file name, without drive, server and root) that are compared with the keys of files which *are there*;
a cell can therefore reach a file only by naming one that was listed before. Keys are Unicode-normal (NFC) and ignore case.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

__all__ = ["ENDINGS", "ending_of", "folded", "is_recording_name", "safe_name", "stem_of", "tails"]

ENDINGS = (
    ".aac", ".aif", ".aiff", ".amr", ".flac", ".m4a", ".mka", ".mp3", ".mp4", ".oga", ".ogg", ".opus", ".wav",
    ".webm", ".wma",
)  # fmt: skip
"""Endings of the files that are looked at as recordings; a file of any other name is passed over."""

LONGEST = 1_000
"""Characters of a cell that is still taken for the name of a file."""
_DRIVE = re.compile(r"[A-Za-z]:(?=[/\\]|[^/\\]*$)")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def folded(text: str) -> str:
    """Equal for two spellings of one name: case ignored, accents composed."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def tails(cell: str) -> list[tuple[str, ...]]:
    """Folders and file name that a cell may mean, as written and with percent-escapes read; [] if it is no name.

    `..` anywhere, control characters, and addresses other than http(s) mean nothing at all: they are not mended.
    """
    text = cell.strip().strip("\"'").strip()
    if not text or len(text) > LONGEST or _CONTROL.search(text):
        return []
    address = re.match(r"https?://[^/?#\\]*", text, re.IGNORECASE)
    if address:
        text = re.split(r"[?#]", text[address.end() :], maxsplit=1)[0]
    else:
        drive = _DRIVE.match(text)
        if drive:
            text = text[drive.end() :]
        elif (scheme := _SCHEME.match(text)) and text[scheme.end() : scheme.end() + 1] in ("/", "\\"):
            return []  # file:, ftp:, smb: … are addresses of files, and none is opened
    found: list[tuple[str, ...]] = []
    for written in dict.fromkeys((text, unquote(text, errors="replace"))):
        if _CONTROL.search(written):
            return []
        parts = [part for part in re.split(r"[/\\]+", unicodedata.normalize("NFC", written)) if part]
        if ".." in (part.strip() for part in parts):
            return []
        parts = [part for part in parts if part not in (".", "?")]
        if parts and not written.endswith(("/", "\\")):
            found.append(tuple(parts))
    return found


def ending_of(name: str) -> str:
    """The ending of a recording's name in small letters, ".wav"; "" where it has none that is known."""
    dot = name.rfind(".")
    ending = name[dot:].lower() if dot > 0 else ""
    return ending if ending in ENDINGS else ""


def stem_of(name: str) -> str:
    """The name without the ending of a recording, if it has one: "call 7.2.wav" → "call 7.2"."""
    ending = ending_of(name)
    return name[: -len(ending)] if ending else name


def is_recording_name(name: str) -> bool:
    """Has a file of this name the ending of a recording, and is it not hidden?"""
    return bool(ending_of(name)) and not name.startswith((".", "~$"))


def safe_name(name: str) -> str:
    """The base name of what a browser or an archive calls a file, for showing and matching only: never a path."""
    parts = [part for part in re.split(r"[/\\]+", unicodedata.normalize("NFC", name)) if part]
    base = _CONTROL.sub("\ufffd", parts[-1]) if parts else ""
    base = base.encode("utf-8", "replace").decode()
    return base[-200:] if base not in ("", ".", "..") else "unnamed"
