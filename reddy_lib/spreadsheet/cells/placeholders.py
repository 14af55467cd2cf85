"""Cells that hold a text only because something had to stand there: `NULL`, `n/a`, `#REF!`, `--`.

They are told by their form, so that a list of words need not grow: error values of spreadsheet programs in every
language, the null values of databases and data frames, and texts without a letter or a digit. Words such as
"unknown", and "0", may be an id: they count as one until their calls differ, and then the ledger asks.
"""

from __future__ import annotations

import re
from typing import Any

from reddy_lib.identity import comparable

__all__ = ["is_placeholder"]

_NULLS = frozenset(
    ("null", "nil", "none", "nan", "na", "nat", "n/a", "n.a.", "nv", "blank", "empty", "undefined")
)
"""What databases, data frames, programming languages and pivot tables write for nothing, with or without brackets."""
_ERROR = re.compile(r"#[^\W\d_¡]?[^\W\d_]*(?:/[^\W\d_]+|/0)?[!?]?|#¡[^\W\d_]+[!?]")
_BRACKETS = ("()", "<>", "[]", "{}")
_LONGEST = 16


def is_placeholder(cell: Any) -> bool:
    """Return whether a cell of an id, an email or a file name says only that there is none. Case does not count."""
    if type(cell) is not str or len(cell) > 4 * _LONGEST:
        return False
    text = comparable(cell)
    if not text or len(text) > _LONGEST:
        return False
    if not text[0].isalnum() and not any(map(str.isalnum, text)):
        return True
    if text[0] + text[-1] in _BRACKETS:
        text = text[1:-1].strip()
    bare = text.lstrip("+-").casefold()
    return bare in _NULLS or text == "\\N" or (text.startswith("#") and _ERROR.fullmatch(text) is not None)
