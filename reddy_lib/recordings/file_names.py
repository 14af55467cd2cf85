"""Read the name of a recording in a sheet as the end of a path, never as a path.

Sheets name recordings as another machine did: `D:\\rec\\2026\\call 7.wav`, `\\\\nas\\audio\\call7.WAV`,
`/mnt/rec/call7.mp3`, `https://pbx.example/rec/call%207.wav`. None of that is ever opened. `tails` turns such a cell into
keys (folders and file name, without drive, server and root), which are compared with the keys of files that exist. So a
cell can reach a file only by naming one that was listed before. Keys are normalised (NFC) and ignore case.
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
"""Endings of files that count as recordings; all other files are passed over."""

LONGEST = 1_000
"""Longest cell, in characters, that is read as the name of a file."""
_DRIVE = re.compile(r"[A-Za-z]:(?=[/\\]|[^/\\]*$)")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def folded(text: str) -> str:
    """Return a form that is equal for two spellings of one name: without case, with composed accents."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def tails(cell: str) -> list[tuple[str, ...]]:
    """Return the folders and file name that a cell may mean: as written, and with percent-escapes decoded.

    Returns [] if it is not a name: also for `..` anywhere, control characters, and URLs other than http(s).
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
            return []  # file:, ftp:, smb: … are URLs of files, which are never opened
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
    """Return the ending of a recording's name in lower case, such as ".wav", or "" if it has no known ending."""
    dot = name.rfind(".")
    ending = name[dot:].lower() if dot > 0 else ""
    return ending if ending in ENDINGS else ""


def stem_of(name: str) -> str:
    """Return a name without the ending of a recording: "call 7.2.wav" → "call 7.2"."""
    ending = ending_of(name)
    return name[: -len(ending)] if ending else name


def is_recording_name(name: str) -> bool:
    """Return whether a name has the ending of a recording, and is not hidden."""
    return bool(ending_of(name)) and not name.startswith((".", "~$"))


def safe_name(name: str) -> str:
    """Return the base name of a file from a browser or an archive, for showing and matching only: never a path."""
    parts = [part for part in re.split(r"[/\\]+", unicodedata.normalize("NFC", name)) if part]
    base = _CONTROL.sub("\ufffd", parts[-1]) if parts else ""
    base = base.encode("utf-8", "replace").decode()
    return base[-200:] if base not in ("", ".", "..") else "unnamed"
