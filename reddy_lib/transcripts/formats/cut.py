"""Recognize text that Excel or the exporting program cut off, and find the whole parts of cut data.

A cell of Excel keeps 32,767 characters and drops the rest without a word, so JSON that is longer ends in the middle
of a turn. Everything before that turn is as good as ever: the brackets that are still open are closed behind the
last whole value, and what stands after it is handed back as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["EXCEL_CELL_LIMIT", "Whole", "breaks_off", "fills_a_cell", "whole_parts"]

EXCEL_CELL_LIMIT = 32_767
"""Excel keeps no more characters in a cell; what is longer is cut without a word."""

_CLOSERS = {"[": "]", "{": "}", "(": ")"}
_STRUCTURE = re.compile(r"[\"'\\\[\](){}]")
"""The marks that data is made of; what stands between them is passed over at once."""


class Whole(NamedTuple):
    """`text`: data with every bracket closed; `rest`: what of the cell is not in it."""

    text: str
    rest: str


def fills_a_cell(text: str) -> bool:
    """Is this text exactly as long as an Excel cell can be? Excel counts what lies beyond U+FFFF as two characters."""
    if len(text) >= EXCEL_CELL_LIMIT or text.isascii():
        return len(text) == EXCEL_CELL_LIMIT
    if len(text) * 2 < EXCEL_CELL_LIMIT:
        return False
    return len(text.encode("utf-16-le", "surrogatepass")) == 2 * EXCEL_CELL_LIMIT


_ROUND = frozenset(
    [2**power - less for power in range(7, 18) for less in (0, 1)]
    + [100, 200, 250, 500, 750, *range(1_000, 4_000, 250), *range(4_000, 100_001, 1_000)]
)
"""How long columns of databases and previews of reports may be, in characters or bytes."""
_ENDS = re.compile(r"(?<![.?!。？！।؟;…])[.?!。？！।؟;…]+[\"'”’»)\]]*(?=\s|$|[\u3000-\u9fff])")
_FEWEST_ENDS = 3
_DOTS = ("...", "…")
_MARK = re.compile(
    r"[\[(<{]\s*(?:(?:see|read|show|view|load)\s+)?(?:more|(?:\w+\s+)?truncated|cut off|continued)"
    r"(?:\s+\w+)?\s*[\])>}]\s*$",
    re.IGNORECASE,
)


def breaks_off(text: str) -> str:
    """Return why the end of a text is probably missing, as a sentence; "" if nothing suggests that.

    A text exactly as long as a limit counts as cut only if it has several complete sentences and ends inside one.
    """
    if match := _MARK.search(text, max(0, len(text) - 60)):
        return f"The cell ends with {match[0].strip()!r}: the rest of the transcript is missing."
    kept = _without_dots(text)
    for part in (text, kept):
        length = len(part)
        size = length if part.isascii() else len(part.encode("utf-8", "surrogatepass"))
        if not _ROUND.isdisjoint((length, size)) and _ends_early(kept):
            return (
                f"The cell holds exactly {length if length in _ROUND else size:,} "
                f"{'characters' if length in _ROUND else 'bytes'} and ends in the middle of a sentence: the rest is "
                f"probably missing."
            )
    return ""


def _without_dots(text: str) -> str:
    """Return a text without the dots that a program puts where it cuts, and the blanks around them."""
    bare = text.rstrip()
    return bare.removesuffix("...").removesuffix("…").rstrip() if bare.endswith(_DOTS) else text


def _ends_early(text: str) -> bool:
    """Return whether a text ends without the mark of a sentence's end, although it has such marks."""
    last = max((match.end() for match in _ENDS.finditer(text, max(0, len(text) - 300))), default=0)
    if last >= len(text.rstrip()) or text.rstrip()[-1:] in ("]", "}", ")", ">"):
        return False
    return sum(1 for _ in zip(range(_FEWEST_ENDS), _ENDS.finditer(text), strict=False)) == _FEWEST_ENDS


def whole_parts(text: str) -> Iterator[Whole]:
    """Readings of data that breaks off, one for each list that is still open and has a whole item, outermost first.

    JSON Lines whose last line breaks off are read without it. Nothing where the text does not break off.
    """
    rows = text.splitlines(keepends=True)
    json_lines = len(rows) > 1 and all(row.lstrip()[:1] in ("{", "") for row in rows)
    if json_lines and not rows[-1].rstrip().endswith("}"):
        yield Whole("".join(rows[:-1]), rows[-1])
        return
    opened: list[str] = []
    ends: list[int] = []  # for each open bracket: where the last whole item directly inside it ends
    quote = ""
    escaped = -1  # the place of a mark behind a backslash
    for found in _STRUCTURE.finditer(text):
        place, mark = found.start(), found[0]
        if quote:
            if place == escaped:
                continue
            if mark == "\\":
                escaped = place + 1
            elif mark == quote:
                quote = ""
                if opened and opened[-1] == "[":
                    ends[-1] = place + 1
        elif mark in "\"'":
            quote = mark
        elif mark in _CLOSERS:
            opened.append(mark)
            ends.append(0)
        elif mark in "]})":
            if not opened or _CLOSERS[opened.pop()] != mark:
                return
            ends.pop()
            if ends:
                ends[-1] = place + 1
    for depth, (mark, end) in enumerate(zip(opened, ends, strict=True), start=1):
        if mark == "[" and end:
            closing = "".join(_CLOSERS[bracket] for bracket in reversed(opened[:depth]))
            yield Whole(text[:end] + closing, text[end:])
