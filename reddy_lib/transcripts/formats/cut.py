"""Data that Excel cut off: what is whole of it, and what is left over.

A cell of Excel keeps 32,767 characters and drops the rest without a word, so JSON that is longer ends in the middle
of a turn. Everything before that turn is as good as ever: the brackets that are still open are closed behind the
last whole value, and what stands after it is handed back as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["EXCEL_CELL_LIMIT", "Whole", "fills_a_cell", "whole_parts"]

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
