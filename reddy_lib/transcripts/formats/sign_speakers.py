"""Texts in which signs stand for who speaks: an emoji, "●" and "▶", ">>" and "<<" at the begin of each line."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import pairwise

from reddy_lib.transcripts.turns import Parsed, Turn

__all__ = ["under_signs"]

_ROW = re.compile(r"(?P<sign>[^\w\s]{1,10})(?:\s*[:：]\s*|\s*)(?P<text>\S.*)", re.DOTALL)
_ARROWS = frozenset((">", ">>", ">>>", "<", "<<", "<<<", "->", "<-", "=>", "<=", "-->", "<--"))
_SIGNS = frozenset(("So", "Sm", "Sk"))
_JOINERS = frozenset(("Cf", "Mn", "Me"))
_MOST = 4


def under_signs(text: str) -> Parsed | None:
    """Return the turns of a text whose lines begin with one of a few signs that take turns; None where they do not."""
    first = text.lstrip()[:1]
    if not first or first.isalnum() or first in "[({\"'*#-_":
        return None
    turns: list[Turn] = []
    for row in map(str.strip, text.splitlines()):
        match = _ROW.fullmatch(row)
        sign = match["sign"].rstrip(":：") if match else ""
        if match is not None and _is_sign(sign):
            turns.append(Turn(sign, match["text"]))
        elif row and turns:
            turns[-1].text += f"\n{row}"  # the line above goes on
        elif row:
            return None
    counts = Counter(turn.label for turn in turns)
    changes = sum(one.label != other.label for one, other in pairwise(turns))
    if not 2 <= len(counts) <= _MOST or len(turns) < 3 or max(counts.values()) < 2 or changes < 2:
        return None
    return Parsed("labelled text", turns)


def _is_sign(text: str) -> bool:
    """Return whether a text is one sign that may stand for a person: an emoji with its modifiers, a shape, an arrow."""
    if text in _ARROWS:
        return True
    kinds = [unicodedata.category(char) for char in text]
    signs = sum(kind in _SIGNS for kind in kinds)
    return not text.isascii() and signs > 0 and all(kind in _SIGNS or kind in _JOINERS for kind in kinds)
