"""Cells that say how much or how long: clocks, durations, amounts, shares, marks out of ten."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["are_quantities"]

_QUANTITY = re.compile(
    r"\d{1,4}:\d\d(?::\d\d)?(?:[.,]\d+)?"
    r"|-?P(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:[.,]\d+)?S)?)?"
    r"|(?:\d+(?:[.,]\d+)?(?:h|hr|hrs|min|mins|m|s|sec|secs|ms|d))+"
    r"|[-+]?\d+[.,]\d{1,4}%?|\d+(?:[.,]\d+)?%|\d+/\d{1,3}"
    r"|[$€£¥₽₺₹]-?\d[\d.,]*|-?\d[\d.,]*[$€£¥₽₺₹]",
    re.IGNORECASE,
)


def are_quantities(texts: Sequence[str]) -> bool:
    """Return whether most texts are quantities."""
    texts = texts[:250]
    found = sum(
        _QUANTITY.fullmatch(text.replace(" ", "").replace("\u202f", "")) is not None for text in texts
    )
    return found > 0.5 * len(texts) and not all(re.fullmatch(r"\d+\.0+", text) for text in texts)
