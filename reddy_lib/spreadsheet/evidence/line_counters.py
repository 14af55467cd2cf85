"""What numbers the lines of a call: counters, which go up by one in each call and begin again with the next."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from reddy_lib.spreadsheet.cells.cell_kinds import as_number, whole_numbers
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.model import NewCall

__all__ = ["OF_CALLS", "Grouping", "counter_column", "numbers_lines", "repeats", "without_counters"]

OF_CALLS = frozenset(
    ("agent", "customer", "user", "supervisor", "product", "queue", "email", "score", "status", "note")
)
"""What describes a call rather than tells it from others."""


class Grouping(NamedTuple):
    """What tells calls apart. `calls`: the places of the rows of each call, in the order of the sheet.

    `timed`: the column of times that begin again with each call, where no counter does.
    """

    by: list[str]
    new_call: NewCall
    why: str
    calls: list[list[int]]
    timed: str = ""


def counter_column(columns: Sequence[Column]) -> Column | None:
    best: tuple[float, Column] | None = None
    for column in columns:
        if column.fill < 0.9 or column.says & (OF_CALLS | {"duration", "phone", "speaker", "channel"}):
            continue
        counts = whole_numbers(column.cells)
        if counts is None or len(counts) < 2:
            continue
        steps = [after - before for before, after in pairwise(counts)]
        up = sum(step == 1 for step in steps) / len(steps)
        # It goes up by one, or begins again at 0 or 1.
        again = sum(step <= 0 and after <= 1 for step, after in zip(steps, counts[1:], strict=True)) / len(
            steps
        )
        named = "order" in column.says
        grows = sum(step > 0 for step in steps) / len(steps)
        if not named and (up + again < 0.98 or again == 0):
            continue
        if named and up + again < 0.6 and (grows + again < 0.9 or _are_times(steps, counts)):
            continue
        if counts[0] > 1 and not named:
            continue
        score = 10 * (up + again) + 3 * up + (5 if named else 0)
        if best is None or score > best[0]:
            best = (score, column)
    return best[1] if best else None


def _are_times(steps: Sequence[float], counts: Sequence[float]) -> bool:
    """Return whether whole numbers go up from about 0 by long steps that differ, as milliseconds do."""
    up = [step for step in steps if step > 0]
    return len(set(up)) > 2 and counts[0] <= 2 * max(up) and sorted(up)[len(up) // 2] >= _LONG_STEP


_LONG_STEP = 50


def numbers_lines(column: Column, group: Grouping) -> bool:
    """Return whether a column numbers the lines of each call, in whatever order they stand.

    Its name says so, or its cells are the numbers from 0 or 1 on without a gap in each call.
    """
    if column.fill < 0.9 or column.says & (OF_CALLS | {"duration", "phone"}):
        return False
    named = "order" in column.says and not column.says & {"start", "end"}
    numbers = [as_number(cell) for cell in column.rows]
    for places in group.calls:
        here = [number for place in places if (number := numbers[place]) is not None]
        if len(here) < len(places) or len(set(here)) < len(here) or any(one != int(one) for one in here):
            return False
        in_order = sorted(here)
        steps = [after - before for before, after in pairwise(in_order)]
        if len(here) > 3 and _are_times(steps, in_order):
            return False
        if not named and (min(here) not in (0, 1) or max(here) - min(here) != len(here) - 1):
            return False
    return named or any(len(places) > 2 for places in group.calls)


def repeats(order: Column, calls: Sequence[Sequence[int]]) -> bool:
    """Return whether an unnamed counter has the same number twice in most calls: then it does not count lines."""
    if "order" in order.says:
        return False
    texts = [[order.of_rows[place] for place in places] for places in calls]
    return sum(len(set(here)) < len(here) for here in texts) * 2 > len(calls)


def without_counters(
    found: Sequence[tuple[float, Grouping]], columns: Sequence[Column]
) -> list[tuple[float, Grouping]]:
    """Return the hypotheses without columns that only number the lines of another one's calls, such as "No." where calls
    run in parallel and one number is in several rows in succession."""
    if len(found) < 2:
        return list(found)
    named = {column.name: column for column in columns}
    counters = {
        (one.by[0], other.by[0])
        for _, one in found
        for _, other in found
        if one is not other
        and "unique" not in named[one.by[0]].says
        and numbers_lines(named[one.by[0]], other)
    }
    lost = {name for name, key in counters if (key, name) not in counters}
    return [pair for pair in found if pair[1].by[0] not in lost]
