"""What kind of value a cell holds: nothing, a number, a time of day."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Any

from reddy_lib.spreadsheet.cells.clock_text import read_clock

__all__ = ["PART_OF_A_DAY", "as_number", "is_clock", "is_empty"]

_CLOCK = re.compile(
    r"\d{1,2}[:.h]\d{2}(?:[:.m]\d{2})?(?:[.,]\d+)?\s*(?:[ap]\.?\s?m\.?|Uhr|h)?", re.IGNORECASE
)
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


def is_clock(cell: Any) -> bool:
    """A time of day without a date: 17:46, 5:46 PM, or a cell that the sheet holds as a time."""
    if isinstance(cell, datetime):
        return cell.year <= 1904
    if isinstance(cell, float):
        return 0 < cell < 1
    if not isinstance(cell, str):
        return isinstance(cell, time)
    text = cell.strip()
    return (
        _CLOCK.fullmatch(text) is not None
        or PART_OF_A_DAY.fullmatch(text) is not None
        or read_clock(text) is not None
    )
