"""Puts turns into the order in which they were spoken, where the source says it and its list has another one.

Lists are written newest first, sorted by a key that says nothing, or one channel after the other. They are put in order
only where the times leave no doubt: real conversations overlap a little, and such lines stay where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from reddy_lib.findings import Finding, finding
from reddy_lib.transcripts.turns import Parsed

__all__ = ["by_counter", "put_in_order", "rank_times"]

_FEWEST = 3
_MOST_CHANNELS = 12


def by_counter(numbers: Sequence[int]) -> tuple[list[int], Finding | None]:
    """The places in the order of their numbers, with the finding that says so; None where they stand in it."""
    places = sorted(range(len(numbers)), key=numbers.__getitem__)
    if places == list(range(len(numbers))):
        return places, None
    return places, finding(
        "lines-reordered",
        "transcript",
        f"The {len(numbers)} lines were put in the order of their numbers.",
    )


def put_in_order(parsed: Parsed) -> None:
    """Sorts the turns by start where the list is newest first, shuffled, or one channel after the other."""
    turns = parsed.turns
    if len(turns) < _FEWEST:
        return
    starts = [turn.start for turn in turns]
    first = starts[0]
    if first is None:
        return
    times: list[float] = []
    for start in starts:
        if start is None or start.absolute != first.absolute or start.plain != first.plain:
            return
        times.append(start.seconds)
    order, why = rank_times(times, [turn.label for turn in turns])
    if not why:
        return
    _arrange(parsed, order)
    parsed.notes.append((-1, finding("lines-reordered", "transcript", f"The {len(turns)} lines {why}.")))


def rank_times(times: Sequence[float], labels: Sequence[str]) -> tuple[list[int], str]:
    """The order of these lines by time, and why it is not the one they stand in; "" where they stay."""
    count = len(times)
    same = list(range(count))
    falls = [index for index, (a, b) in enumerate(pairwise(times), 1) if b < a]
    if not falls or count < _FEWEST:
        return same, ""
    if all(b <= a for a, b in pairwise(times)):
        return same[::-1], "were newest first and were reversed"
    order = sorted(same, key=times.__getitem__)
    if _parallel(falls, labels):
        return order, "were grouped by speaker and were put in order of time"
    if _newest_first(times):
        order = sorted(same, key=lambda place: (times[place], -place))
        return order, "were newest first and were put in order of time"
    if _shuffled(times, falls, order):
        return order, "were not in order of time and were sorted"
    return same, ""


def _parallel(falls: Sequence[int], labels: Sequence[str]) -> bool:
    """Does time go back only where the list of the next speaker begins?"""
    if not 1 <= len(falls) < _MOST_CHANNELS or any(not label for label in labels):
        return False
    runs = [set(labels[a:b]) for a, b in pairwise([0, *falls, len(labels)])]
    lengths = [b - a for a, b in pairwise([0, *falls, len(labels)])]
    alone = all(len(run) == 1 for run in runs) and len(set.union(*runs)) == len(runs)
    return alone and sum(length > 1 for length in lengths) >= 2


def _newest_first(times: Sequence[float]) -> bool:
    falling = sum(b < a for a, b in pairwise(times))
    return len(times) >= 6 and falling >= 0.85 * (len(times) - 1) and times[0] > times[-1]


def _shuffled(times: Sequence[float], falls: Sequence[int], order: Sequence[int]) -> bool:
    """Do the lines stand in no order? About every second one goes back then, and far. Overlaps go back a little."""
    count = len(times)
    if len(falls) < max(2, 0.25 * (count - 1)):
        return False
    moved = sum(abs(place - at) >= 2 for at, place in enumerate(order))
    return moved * 3 >= count


def _arrange(parsed: Parsed, order: Sequence[int]) -> None:
    places = {old: new for new, old in enumerate(order)}
    parsed.turns = [parsed.turns[index] for index in order]
    parsed.notes = [(places.get(index, index), note) for index, note in parsed.notes]
    parsed.asides = [(places.get(index, index), texts) for index, texts in parsed.asides]
    before = parsed.order or list(range(len(order)))
    parsed.order = [before[index] for index in order]
