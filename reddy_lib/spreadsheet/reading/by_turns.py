"""Lines of a file in two encodings of one byte a letter: no single one reads all, and the bytes do not say which it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reddy_lib.spreadsheet.reading.decodings import LEAST, reads_like_language

__all__ = ["encoding_of_others"]

_CANDIDATES = ("cp1252", "cp1250", "cp1251", "cp850", "mac_roman")
_LINES = 60
_MARKED = 3  # bytes beyond ASCII, which a line needs to be judged
_WELL = 0.8
_SHARE = 0.2


def encoding_of_others(lines: Sequence[bytes], encoding: str) -> str:
    """Return the encoding of the lines that read like no language in the one that was chosen; "" where few do."""
    judged = [line for line in lines if sum(byte > 127 for byte in line) >= _MARKED][:_LINES]
    badly = [line for line in judged if _score(line, encoding) < LEAST]
    if len(badly) < 2 or len(badly) < _SHARE * len(judged):
        return ""
    better = Counter(
        other for line in badly for other in _CANDIDATES if other != encoding and _score(line, other) >= _WELL
    )
    found = better.most_common(1)
    return found[0][0] if found and found[0][1] >= _SHARE * len(judged) else ""


def _score(line: bytes, encoding: str) -> float:
    try:
        return reads_like_language(line.decode(encoding))
    except UnicodeDecodeError:
        return -1.0
