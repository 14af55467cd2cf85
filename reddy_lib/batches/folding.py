"""Fold text so that case, accents, width and kinds of white space do not count in a search.

The same rule holds for every script: compatibility decomposition and case folding, then accents and vowel points are
removed. Marks that make another letter (viramas, the voicing of kana, tones of Thai) stay.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Folded", "fold", "fold_lines", "folded_with_places"]

_OTHER = re.compile(r"[^\x00-\x7f]+")
_PIECES = re.compile(r"([^\x00-\x7f]+)|([\x00-\x7f])", re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛ʼ′", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\u00ad\u200b\u200e\u200f\u2060\ufe0e\ufe0f\ufeff", None),  # seen by no reader
    }
)


class Folded(NamedTuple):
    """Folded text. `places`: for each of its characters, where it begins and ends in the original."""

    text: str
    places: list[tuple[int, int]]


def fold(text: str) -> str:
    """Return one line of text folded; runs of white space are one blank, and none begins or ends it."""
    return " ".join(_folded(text).split())


def fold_lines(lines: list[str], *, plain: bool) -> str:
    r"""Return lines folded, and joined by "\n", which no folded line contains.

    Args:
        plain: no line contains a control character such as "\n".
    """
    if plain:
        whole = _folded("\n".join(lines))
        if "  " not in whole:
            return whole
    return "\n".join(map(fold, lines))


def _folded(text: str) -> str:
    return (text if text.isascii() else _OTHER.sub(_found, text)).lower()


def _found(match: re.Match[str]) -> str:
    return _run(match.group())


@lru_cache(maxsize=32_768)
def _run(run: str) -> str:
    """Fold characters that are not ASCII."""
    plain = unicodedata.normalize("NFKD", run.translate(_ALIKE).casefold()).casefold()
    kept = "".join(one for one in unicodedata.normalize("NFKD", plain) if not _is_accent(one))
    return "".join(" " if one.isspace() else one for one in unicodedata.normalize("NFC", kept).lower())


def _is_accent(character: str) -> bool:
    kind = unicodedata.combining(character)
    return kind == 1 or 10 <= kind <= 36 or kind >= 200  # overlays, points of Hebrew and Arabic, accents


def folded_with_places(text: str) -> Folded:
    """Return `fold(text)` and where each of its characters stands in `text`."""
    if text.isascii() and "  " not in text and text == text.strip() and not _CONTROLS.search(text):
        return Folded(text.lower(), [(at, at + 1) for at in range(len(text))])  # no character moves
    folded: list[str] = []
    places: list[tuple[int, int]] = []

    def add(characters: str, begin: int, end: int) -> None:
        if not characters and places:
            places[-1] = (places[-1][0], end)  # an accent belongs to the letter before it
        for one in characters:
            if one != " " or (folded and folded[-1] != " "):
                folded.append(one)
                places.append((begin, end))
            elif folded:
                places[-1] = (places[-1][0], end)

    for match in _PIECES.finditer(text):
        begin, end = match.span()
        other, ascii_one = match.groups()
        if ascii_one is not None:
            add(" " if ascii_one.isspace() else ascii_one.lower(), begin, end)
            continue
        clusters = _clusters(other)
        if "".join(map(_run, clusters)) == _run(other):
            for cluster in clusters:
                add(_run(cluster), begin, begin + len(cluster))
                begin += len(cluster)
        else:
            add(_run(other), begin, end)
    if folded and folded[-1] == " ":
        folded.pop()
        places.pop()
    return Folded("".join(folded), places)


def _clusters(run: str) -> list[str]:
    """Split characters into letters, each with the marks that follow it."""
    found: list[str] = []
    for one in run:
        joins = unicodedata.category(one).startswith("M") or "\u1160" <= one <= "\u11ff"
        if found and joins:
            found[-1] += one
        else:
            found.append(one)
    return found
