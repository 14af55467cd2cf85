"""What kind of value a cell holds: nothing, a number, a time of day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from reddy_lib.spreadsheet.cells.clock_text import read_clock

__all__ = ["PART_OF_A_DAY", "as_number", "bare_clock", "is_clock", "is_empty", "whole_numbers"]

_CLOCK = re.compile(
    r"\d{1,2}[:.h]\d{2}(?:[:.m]\d{2})?(?:[.,]\d+)?\s*(?:[ap]\.?\s?m\.?|Uhr|h)?", re.IGNORECASE
)
_UNMARKED = re.compile(
    r"(\d{1,2})(?:\s?[.,\-_'’ ]\s?|(?=\d{2}(?:\d{2})?$))(\d{2})(?:(?:\s?[.,\-_'’ ]\s?)?(\d{2}))?"
)
_DIGIT = re.compile(r"\d")
PART_OF_A_DAY = re.compile(r"0?[.,]\d{3,}")


def is_empty(cell: Any) -> bool:
    """None, NaN, and text of nothing but spaces."""
    if type(cell) is str:
        return not cell or cell.isspace()
    return cell is None or bool(cell != cell)


def as_number(cell: Any) -> float | None:
    """A line counter's cell as a number; None where it is none."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return float(cell) if abs(cell) < 1e18 else None  # nor infinity, which a damaged workbook may hold
    if isinstance(cell, str):
        text = cell.strip()
        if len(text) < 20:
            try:
                number = float(text)
            except ValueError:
                return None
            return number if number == number and abs(number) < 1e18 else None
    return None


def whole_numbers(cells: Sequence[Any]) -> list[float] | None:
    """Return cells as whole numbers, or None if any cell is not one; in most columns, one of the first is not."""
    found: list[float] = []
    for cell in cells:
        number = as_number(cell)
        if number is None or number != int(number):
            return None
        found.append(number)
    return found


def is_clock(cell: Any) -> bool:
    """A time of day without a date: 17:46, 5:46 PM, or a cell that the sheet holds as a time."""
    if isinstance(cell, datetime):
        return cell.year <= 1904
    if isinstance(cell, float):
        return 0 < cell < 1
    if not isinstance(cell, str):
        return isinstance(cell, time)
    text = cell.strip()
    if text.isascii() and (text.isdecimal() or not _DIGIT.search(text)):
        return False
    return (
        _CLOCK.fullmatch(text) is not None
        or PART_OF_A_DAY.fullmatch(text) is not None
        or read_clock(text) is not None
    )


def bare_clock(cell: Any) -> tuple[int, int, int] | None:
    """Read a time of day that no colon marks: 10.15, 9-05, 1005, 0905, 10.15.30; a number too (10.5 is 10.50)."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return None
    text = cell.strip() if isinstance(cell, str) else str(cell)
    if isinstance(cell, float):
        if cell != cell or not 0 <= cell < 1e6:
            return None
        text = str(int(cell)) if cell >= 100 and cell.is_integer() else f"{cell:.2f}"
        if float(text) != cell:
            return None  # 10.4583 hours, or a part of a day
    match = _UNMARKED.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    return (hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None
