"""Names of tags and columns in which something was masked: they stay different from each other.

Two names that differed by a number alone would be one name afterwards, and one of the two tags could be taken for a
duplicate and deleted. So a masked name that another one has already is counted: `[card number] (2)`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["distinct", "without_count"]

_COUNT = re.compile(r" \(\d+\)$")


def distinct(before: Sequence[str], masked: Sequence[str]) -> list[str]:
    """Return names after masking, counted where one of them would be there twice, and was not before."""
    taken = {new for old, new in zip(before, masked, strict=True) if new == old}
    names: list[str] = []
    for old, new in zip(before, masked, strict=True):
        name, count = new, 1
        while new != old and name in taken:
            count += 1
            name = f"{new} ({count})"
        taken.add(name)
        names.append(name)
    return names


def without_count(before: str, masked: str) -> str:
    """Return a masked name without its count, as it can be compared with the name before."""
    return masked if before == masked or _COUNT.search(before) else _COUNT.sub("", masked)
