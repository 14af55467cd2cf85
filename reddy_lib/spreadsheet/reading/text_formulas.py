"""Cells of text files that are written for a spreadsheet program: `="0045"` keeps zeros, `'+44…` is kept from being run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["shown_rows"]

_TEXT = re.compile(r'=(?:T\("(?P<called>(?:[^"]|"")*)"\)|"(?P<alone>(?:[^"]|"")*)")')
_GUARDED = re.compile(r"'(?:[=@][\w(+\"-][^'\n]{0,60}|[+-][\d(.][^'\n]{0,60}|\d{3,40})")
"""Cells with an apostrophe for the spreadsheet program alone. Of two digits, it is that of a year as people say it: '90."""


def shown_rows(rows: Iterable[tuple[int, list[Any]]]) -> Iterator[tuple[int, list[Any]]]:
    """Return rows whose cells are as a spreadsheet program shows them. A formula that computes something stays as it is."""
    for number, cells in rows:
        if any(cell[:1] in ("=", "'") for cell in cells):
            cells = [_shown(cell) if cell[:1] in ("=", "'") else cell for cell in cells]
        yield number, cells


def _shown(cell: str) -> str:
    if match := _TEXT.fullmatch(cell.rstrip()):
        return str(match["alone"] if match["called"] is None else match["called"]).replace('""', '"')
    return cell[1:] if _GUARDED.fullmatch(cell) else cell
