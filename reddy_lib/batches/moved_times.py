"""Lines as they were loaded, with their times in the unit of now: after all times were divided, multiplied or moved."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from statistics import median

import msgspec

from reddy_lib.model import TranscriptLine

__all__ = ["in_unit_of"]

_UNITS = (1000.0, 60.0, 1 / 60, 1 / 1000)
_SURE = 3
"""So many times that changed alike were changed by one factor; fewer only by that of a unit."""


def in_unit_of(
    original: Sequence[TranscriptLine], lines: Sequence[TranscriptLine]
) -> Sequence[TranscriptLine]:
    """Return the lines as loaded with the times that they would have now. Single times that somebody typed do not count:
    most times have to have changed by one factor, or by the same seconds."""
    if original == lines:
        return original
    times = _times(original, lines)
    if not times or 2 * sum(_near(a, b) for a, b in times) > len(times):
        return original
    change = _change(times)
    if change is None:
        return original
    factor, seconds = change
    now = sorted({time for line in lines for time in (line.start, line.stop) if time is not None})

    def moved(time: float | None) -> float | None:
        if time is None:
            return None
        there = time * factor + seconds
        at = bisect_left(now, there)
        return next((one for one in now[max(0, at - 1) : at + 1] if _near(one, there)), there)

    return [
        msgspec.structs.replace(line, start=moved(line.start), stop=moved(line.stop)) for line in original
    ]


def _times(original: Sequence[TranscriptLine], lines: Sequence[TranscriptLine]) -> list[tuple[float, float]]:
    """Pair the times of lines that say the same: those that no other line says, wherever they are now."""
    had, has = Counter(line.text for line in original), Counter(line.text for line in lines)
    places = {line.text: line for line in lines if has[line.text] == 1}
    pairs = [(line, places[line.text]) for line in original if had[line.text] == 1 and line.text in places]
    if not pairs and len(original) == len(lines):
        pairs = list(zip(original, lines, strict=True))
    return [
        (a, b)
        for one, other in pairs
        for a, b in ((one.start, other.start), (one.stop, other.stop))
        if a is not None and b is not None
    ]


def _change(times: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Return by what most of these times were multiplied, and what was added then."""
    told = sorted({(a, b) for a, b in times if a > 0})
    if not told:
        return None
    (first, to), (last, end) = min(times), max(times)
    ratio, seconds = median(b / a for a, b in told), median(b - a for a, b in times)
    both = (end - to) / (last - first) if last > first else 1.0
    for factor, added in ((ratio, 0.0), (1.0, seconds), (both, to - both * first)):
        alike = [(a, b) for a, b in told if abs(a * factor + added - b) <= 2e-6 + 1e-4 * abs(b)]
        if factor <= 0 or 2 * len(alike) <= len(told):
            continue
        a, b = alike[-1]  # of the longest time, the factor is the most exact
        if not added:
            factor = b / a
        if len({a for a, _ in alike}) >= _SURE or (
            not added and any(math.isclose(factor, unit, rel_tol=1e-4) for unit in _UNITS)
        ):
            return factor, added
    return None


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= 2e-6 + 1e-9 * abs(other)
