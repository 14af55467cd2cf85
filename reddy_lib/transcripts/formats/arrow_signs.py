"""Arrows as texts draw and type them: `->`, `>>`, `⇒`, `◀`, `«`."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["ANY_ARROW", "ARROW_SIGNS", "is_arrow", "points"]

ARROW_SIGNS = (
    "\u2190-\u21ff\u2794\u2798-\u27af\u27b1-\u27be\u27f0-\u27ff\u2900-\u297f\u2b00-\u2b11\u2b30-\u2b4f\u2b60-\u2bb8"
    "\u25b2-\u25c5\u2b9c-\u2b9f\u226a\u226b\u22b2\u22b3\u23e9\u23ea\u23f4\u23f5\uff1c\uff1e"
    "\U0001f446-\U0001f449\U0001f800-\U0001f8ff«»‹›"
)
"""The arrows, triangles, pointing hands and angle quotation marks of Unicode."""
ANY_ARROW = (
    rf"(?:[{ARROW_SIGNS}]{{1,3}}\ufe0f?|<{{1,4}}[-=~–—]{{1,3}}>{{1,4}}|[-=~–—|.]{{0,3}}(?<![\w])>{{1,4}}\|?(?!>)|>{{1,4}}\|?(?!>)"
    rf"|<{{1,4}}(?:[-=~–—|.]{{1,3}}|(?![\w/!?-])|(?<=<<)))"
)
"""Pattern of one arrow, as it is drawn or typed."""
_ONE = re.compile(ANY_ARROW)


def is_arrow(text: str) -> bool:
    """Return whether a text is one arrow and nothing else."""
    return _ONE.fullmatch(text) is not None


def points(arrow: str) -> str:
    """Return where an arrow points: "left", "right", or "" for up, down and both ways."""
    left, right = "<" in arrow, ">" in arrow
    for char in arrow:
        if not char.isascii():
            name = unicodedata.name(char, "")
            left |= "LEFT" in name or "LESS-THAN" in name
            right |= "RIGHT" in name or "GREATER-THAN" in name
    return "" if left == right else "left" if left else "right"
