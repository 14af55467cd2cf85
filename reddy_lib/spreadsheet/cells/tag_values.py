"""Tags: one type a column, decided over the column, and cells brought to it without changing what they say."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from reddy_lib.model import TagValue
from reddy_lib.transcripts.ticks import NO, YES

__all__ = ["TagType", "cell_text", "tag_type", "tag_value"]

_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d{0,14})")
_WHOLE_FLOAT = re.compile(r"([+-]?(?:0|[1-9]\d{0,14}))\.0+")


_MOST_WHOLE = 1e21  # larger numbers are quantities, which are written with an exponent
_LONGEST_ANSWER = 2 * max(map(len, YES | NO))
"""Characters of "yes" and "no" in any language, with each accent as a character of its own."""


class TagType(NamedTuple):
    """The type of a column's tags, and why."""

    type: str
    reason: str


def tag_type(cells: Iterable[object]) -> TagType:
    """One type for all non-empty cells: boolean if all are yes or no, integer if all are whole numbers, else string."""
    seen = booleans = integers = 0
    padded = long = False
    cells = list(cells)
    texts = Counter(cell for cell in cells if isinstance(cell, str))  # many cells say the same
    for cell in cells if texts.total() < len(cells) else ():
        if cell is None or isinstance(cell, str):
            continue
        seen += 1
        if isinstance(cell, bool):
            booleans += 1
        elif isinstance(cell, int) or (isinstance(cell, float) and cell.is_integer()):
            integers += abs(cell) < 10**15
            long = long or abs(cell) >= 10**15
    for written, count in texts.items():
        text = written.strip()
        if not text:
            continue
        seen += count
        if len(text) <= _LONGEST_ANSWER and ((word := _word(text)) in YES or word in NO):
            booleans += count
        elif text[0].isalpha():
            continue
        elif text[0] != "+" and (_INTEGER.fullmatch(text) or _WHOLE_FLOAT.fullmatch(text)):
            integers += count
        elif text.isdecimal():
            padded = padded or text[0] == "0"
            long = long or len(text) > 15
    if not seen:
        return TagType("string", "empty")
    if booleans == seen:
        return TagType("boolean", f"all {seen} cells say yes or no")
    if integers == seen:
        return TagType("integer", f"all {seen} cells are whole numbers")
    if padded:
        return TagType("string", "numbers with leading zeros stay text")
    if long:
        return TagType("string", "numbers of more than 15 digits stay text")
    return TagType("string", "text")


def _word(text: str) -> str:
    """As `YES` and `NO` have it: also where a file writes a letter and its accent as two characters."""
    text = text.strip()
    return text.casefold() if text.isascii() else unicodedata.normalize("NFC", text).casefold()


def tag_value(cell: object, type: str) -> TagValue:
    """The cell as a value of this type; what does not fit stays the text that it is (and `check` says so)."""
    if isinstance(cell, str):
        return cell if type == "string" else _said(cell, type)
    if type == "integer" and isinstance(cell, int) and not isinstance(cell, bool):
        return cell
    if type == "integer" and isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**15:
        return int(cell)
    if type == "boolean" and isinstance(cell, bool):
        return cell
    if isinstance(cell, datetime) and cell.tzinfo is None and cell.time() == time.min:
        return (
            cell.date().isoformat()
        )  # files that hold dates as their midnight, as workbooks and CSV files write them
    return cell_text(cell)


@lru_cache(maxsize=4096)  # the tags of a column say the same few things over and over
def _said(cell: str, type: str) -> TagValue:
    if type == "integer":
        text = cell.strip()
        if _INTEGER.fullmatch(text):
            return int(text)
        whole = _WHOLE_FLOAT.fullmatch(text)
        if whole:
            return int(whole[1])
    elif type == "boolean":
        word = _word(cell)
        if word in YES:
            return True
        if word in NO:
            return False
    return cell


def cell_text(cell: object) -> str:
    """A cell as text, as close to what the analyst sees as the file tells."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _MOST_WHOLE:
        # Beyond 2**53 the nearest fraction has other digits than were written.
        return str(int(cell) if abs(cell) < 2**53 else int(Decimal(repr(cell))))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        total = round(cell.total_seconds())
        return f"{total // 3600}:{total // 60 % 60:02}:{total % 60:02}"
    return str(cell)
