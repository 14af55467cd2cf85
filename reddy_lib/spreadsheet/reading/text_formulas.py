"""Cells of text files that are written for a spreadsheet program: `="0045"` keeps zeros, `'+44…` is kept from being run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["shown_rows"]

_TEXT = re.compile(r'=(?:T\()?"((?:[^"]|"")*)"\)?')
_GUARDED = re.compile(r"'(?:[=+@-][^'\n]{0,60}|\d{1,40})")


def shown_rows(rows: Iterable[tuple[int, list[Any]]]) -> Iterator[tuple[int, list[Any]]]:
    """Return rows whose cells are as a spreadsheet program shows them. A formula that computes something stays as it is."""
    for number, cells in rows:
        if any(cell[:1] in ("=", "'") for cell in cells):
            cells = [_shown(cell) if cell[:1] in ("=", "'") else cell for cell in cells]
        yield number, cells


def _shown(cell: str) -> str:
    if match := _TEXT.fullmatch(cell.rstrip()):
        return match[1].replace('""', '"')
    return cell[1:] if _GUARDED.fullmatch(cell) else cell
