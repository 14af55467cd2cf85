"""What tells calls apart where one row is a line: each column that could be it, tried and weighed.

A value on each row, cells that are filled only where a call begins, a counter that starts again, columns that stay the
same from line to line: the one wins that explains most of the other columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import lgamma
from typing import NamedTuple

from reddy_lib.plurals import agreeing
from reddy_lib.spreadsheet.cells.cell_kinds import as_number
from reddy_lib.spreadsheet.cells.line_times import begins_again
from reddy_lib.spreadsheet.cells.placeholders import is_placeholder
from reddy_lib.spreadsheet.evidence.column_profile import Column, places_of
from reddy_lib.spreadsheet.evidence.id_evidence import no_call_id
from reddy_lib.spreadsheet.evidence.line_counters import (
    OF_CALLS,
    Grouping,
    counter_column,
    numbers_lines,
    repeats,
    without_counters,
)
from reddy_lib.transcripts.times import parts_of_span

__all__ = [
    "OF_CALLS",
    "Grouping",
    "calls_by_value",
    "counter_column",
    "grouping_of",
    "is_short_number",
    "named_calls",
    "numbers_lines",
    "repeats",
    "values_of_calls",
]


def named_calls(
    columns: Sequence[Column], values: Sequence[tuple[float, Grouping]] | None = None
) -> list[list[int]]:
    """Return the places of the rows of each call as far as can be told before it is known who speaks; else all rows.

    `values`: what `values_of_calls` returned for these columns, where it is known.
    """
    found = calls_by_value(columns, values)
    if found is not None:
        return found[1]
    filled = _by_filled_together(columns)
    return filled[1].calls if filled else [list(range(columns[0].total))]


def values_of_calls(columns: Sequence[Column]) -> list[tuple[float, Grouping]]:
    """Return (score, the calls as a column has them) for each column whose name says that it tells calls apart."""
    found = [_by_value(column, None) for column in columns if _tells_calls(column) >= 6]
    return [one for one in found if one is not None]


def calls_by_value(
    columns: Sequence[Column], values: Sequence[tuple[float, Grouping]] | None = None
) -> tuple[str, list[list[int]]] | None:
    """Return (the column that tells calls apart by its name or by what it determines, the places of each call's rows).

    `values`: what `values_of_calls` returned for these columns, perhaps among others, where it is known.
    """
    names = {column.name for column in columns}
    known = values_of_calls(columns) if values is None else values
    named = [one for one in known if one[1].by[0] in names]
    grouping = max(named, key=lambda one: one[0])[1] if named else _by_key(columns)
    return (grouping.by[0], grouping.calls) if grouping else None


# What tells calls apart


def grouping_of(
    columns: Sequence[Column], text: Column, order: Column | None, role: Column | None
) -> Grouping | None:
    """Return the hypothesis about what tells calls apart that explains most, or None."""
    found = [one for column in columns if (one := _by_value(column, role) or _by_filled(column, columns))]
    best = max(without_counters(found, columns), key=lambda one: one[0], default=None)
    if best is None or best[0] < _OF_A_KEY:
        key = _by_key([*columns, *filter(None, (order, role))], order)
        if key is not None:
            return key
        together = _by_filled_together(columns)
        if together is not None and (best is None or together[0] > best[0]):
            return together[1]
    if best is not None:
        return best[1]
    return _by_stays(columns, text, order, role)


_OF_A_KEY = 6.0
"""What it takes of a name and of its cells to be preferred to a column that determines others."""


class _Key(NamedTuple):
    """What speaks for a column that tells calls apart, strongest first.

    Attributes:
        told: how many other columns have one value where it has one.
        counted: whether some column counts from 0 or 1 on without a gap where it has one value.
        moves: whether some column rises, or falls, where it has one value, and not over the whole sheet.
        together: whether the rows of each of its values follow each other.
        likeness: how much its cells look like ids.
        dated: whether its cells are dates with a time, as starts of calls are.
    """

    told: int
    counted: bool
    moves: bool
    together: bool
    likeness: float
    dated: bool = False

    @property
    def holds(self) -> bool:
        if self.told >= 2 or self.counted or (self.moves and (self.together or self.told > 0)):
            return True
        if self.together and self.told > 0 and self.dated:
            return True
        return self.together and self.likeness > 0.9


def _by_key(columns: Sequence[Column], order: Column | None = None) -> Grouping | None:
    """Return the calls as a column has them that determines others, or within which others count, whatever it is called.

    Where it has one value, those have one value: who took the call, when, about what. An id does that, and so does a
    start. Where a sheet has nothing else of a call, lines that are counted or timed anew in each of its values show it.
    """
    total = columns[0].total if columns else 0
    few = [column for column in columns if column.count and column.distinct * 1.5 <= column.count]
    few = [column for column in few if column.distinct > 1]
    numbers: dict[str, list[float]] | None = None
    best: tuple[tuple[float, bool, int, float], Column, list[list[int]], int] | None = None
    for column in few:
        if column.fill < 0.9 or (column.prose > 0.7 and column.length > 40) or total < 2 * column.distinct:
            continue
        calls = column.places
        told = sum(
            other is not column and other.distinct <= column.distinct and _determines(calls, other)
            for other in few
        )
        if numbers is None:
            numbers = _numbers_of(columns)
        key = _key_of(column, calls, told, numbers)
        if not key.holds or (
            not key.together and (column is order or _times_lines(column) or _is_people(column))
        ):
            continue
        # Speakers who are called by their names determine their call, and nothing beyond what it determines.
        weight = key.told + 1.5 * key.together + 2 * key.counted
        rank = (weight, key.moves, column.distinct, key.likeness - _SHORT_NUMBERS * is_short_number(column))
        if best is None or rank > best[0]:
            best = (rank, column, calls, told)
    if best is None:
        return None
    _, column, calls, told = best
    why = (
        f"{column.name!r} has one value where {told} other columns have one"
        if told
        else f"{column.name!r} has one value for each restart of the line numbers or times"
    )
    return Grouping([column.name], "value", why, calls)


_SHORT_NUMBERS = 0.5


def is_short_number(column: Column) -> bool:
    """Return whether cells are numbers of a few digits, as lengths and marks are: a weak id beside any other."""
    return column.numbers >= 0.9 and column.length <= 4


def _is_people(column: Column) -> bool:
    """Return whether cells are people, who speak in turns: their address stays the same with them, and tells no call."""
    return "speaker" in column.says or column.people > 0.5 or column.emails > 0.5


def _times_lines(column: Column) -> bool:
    """Return whether cells are times that begin again with each call: no two lines of one call share them."""
    if column.clocks >= 0.9 or column.share(lambda text: parts_of_span(text) is not None) >= 0.9:
        return True
    if column.says & {"time", "start", "end", "offset", "duration", "order"}:
        return True
    return column.numbers >= 0.9 and any("." in text or "," in text for text in column.texts)


def _determines(calls: Sequence[Sequence[int]], other: Column) -> bool:
    texts = other.of_rows
    return all(texts[place] == texts[places[0]] for places in calls for place in places)


def _numbers_of(columns: Sequence[Column]) -> dict[str, list[float]]:
    """Return column → its cells as numbers (of times: seconds), for columns all of whose cells are numbers or times."""
    found: dict[str, list[float]] = {}
    for column in columns:
        if column.fill < 1 or column.length > 40 or column.distinct < 2:
            continue
        moments = column.moments
        known = [moment for moment in moments if moment is not None]
        if len(known) == len(moments):
            found[column.name] = known
    return found


def _key_of(
    column: Column, calls: Sequence[Sequence[int]], told: int, numbers: dict[str, list[float]]
) -> _Key:
    long = [places for places in calls if len(places) > 1]
    counted = moves = False
    for name, cells in numbers.items():
        if name == column.name:
            continue
        counts, one_way = _runs_of(long, cells)
        counted = counted or (counts and any(len(places) > 2 for places in long))
        moves = moves or (one_way and not _goes_one_way(cells) and _no_accident(long))
    together = all(places[-1] - places[0] == len(places) - 1 for places in calls)
    likeness = _likeness(column) if told or counted or moves or together else 0.0
    dated = column.times > 0.9 and column.clocks < 0.1 and len(long) > 1
    return _Key(told, counted and len(calls) > 1, moves and len(long) > 1, together, likeness, dated)


def _runs_of(runs: Sequence[Sequence[int]], cells: Sequence[float]) -> tuple[bool, bool]:
    """Return whether numbers go from 0 or 1 on without a gap in each of these runs of rows, and whether they rise in all
    of them, or fall in all. Runs have two rows or more."""
    if not runs:
        return False, False
    rise = cells[runs[0][1]] > cells[runs[0][0]]
    counts = moves = True
    for places in runs:  # the first run rules out both for most columns
        counts = counts and _counts(places, cells)
        moves = moves and all(
            cells[after] > cells[before] if rise else cells[after] < cells[before]
            for before, after in pairwise(places)
        )
        if not counts and not moves:
            break
    return counts, moves


def _counts(places: Sequence[int], cells: Sequence[float]) -> bool:
    """Return whether the numbers of these rows are different ones from 0 or 1 on, up to how many there are."""
    many = len(places)
    if not all(0 <= cells[place] <= many for place in places):
        return False
    here = {cells[place] for place in places}
    return len(here) == many and min(here) in (0, 1) and max(here) - min(here) == many - 1


def _likeness(column: Column) -> float:
    """Return how much the cells of a column look like ids rather than like dates, people or dialled numbers."""
    dialled = column.share(lambda text: text[:1] in "+(" or " " in text)  # 0049… may be an id, +49… cannot
    return column.ids - column.times - column.emails - dialled - column.people - bool(no_call_id(column))


def _no_accident(runs: Sequence[Sequence[int]]) -> bool:
    """Return whether numbers in no order would hardly ever rise, or fall, in all of these runs."""
    return sum(lgamma(len(run) + 1) for run in runs) >= _SURE


_SURE = 7.0  # one in a thousand


def _goes_one_way(cells: Sequence[float]) -> bool:
    """Return whether numbers rise from row to row, or never rise."""
    steps = [after > before for before, after in pairwise(cells)]
    return len(set(steps)) == 1


def _by_value(column: Column, role: Column | None) -> tuple[float, Grouping] | None:
    """A value on every row of a call."""
    weight = _tells_calls(column)
    if weight <= 0 or not (column.fill >= 0.9 or (weight > 4 and column.fill > 0.67)):
        return None
    known = [count for text, count in column.counts.items() if not is_placeholder(text)]
    if not known or sum(known) / len(known) < 1.5:
        return None
    texts = _filled_down(column.of_rows)
    runs = changes(texts)
    calls = column.places if column.count == column.total else places_of(texts)
    scattered = len(runs) / max(column.distinct, 1) - 1
    if weight <= 4 and scattered > 0.5:
        return None
    score = weight + min(column.distinct / column.total * 10, 3) - (4 * scattered if weight <= 4 else 0)
    if role is not None:
        both = sum(len({role.of_rows[place] for place in here}) >= 2 for here in calls)
        score += 3 * both / len(calls)
    if weight > 4:
        score -= min(3.0, scattered)
    back = len(runs) - column.distinct
    why = f"{column.name!r} stays the same for {column.count / column.distinct:.0f} rows on average"
    if back > 0:
        why += f" ({agreeing(back, 'of them comes', 'of them come')} back later)"
    return score, Grouping([column.name], "value", why, calls)


def _by_filled(column: Column, columns: Sequence[Column]) -> tuple[float, Grouping] | None:
    """A cell that is filled only where a call begins."""
    if column.fill > 0.67 or not column.of_rows[0]:
        return None
    weight = _tells_calls(column)
    where = _filled_places(column)
    # Other columns that are filled in the same rows and no others: so each of them begins a call.
    with_it = sum(other is not column and _filled_places(other) == where for other in columns)
    if column.distinct < 0.9 * column.count and with_it < 2:
        return None
    if weight <= 0 and not (with_it and column.ids > 0.9):
        return None
    if _begins_more(where, columns):
        return None
    why = f"{column.name!r} is filled only where a call begins"
    return max(weight, 2) - 0.5 + min(with_it, 3), Grouping(
        [column.name], "fill down", why, spans(where, column.total)
    )


def _begins_more(where: Sequence[int], columns: Sequence[Column]) -> bool:
    """Return whether several columns are filled in all of these rows and in a few more: a call may lack its id."""
    masks = Counter(
        tuple(_filled_places(other)) for other in columns if other.count > len(where) and other.fill <= 0.67
    )
    return any(
        count >= 2 and len(mask) <= 1.5 * len(where) and set(where) <= set(mask)
        for mask, count in masks.items()
    )


def _by_filled_together(columns: Sequence[Column]) -> tuple[float, Grouping] | None:
    """Return the calls as several columns have them that are filled in the same few rows, from the first row on."""
    masks: dict[tuple[int, ...], list[Column]] = {}
    for column in columns:
        if column.count > 1 and column.fill <= 0.67 and column.of_rows[0]:
            masks.setdefault(tuple(_filled_places(column)), []).append(column)
    if not masks:
        return None
    where, filled = max(masks.items(), key=lambda item: len(item[1]))
    if len(filled) < 2 or any(column.prose > 0.9 and column.length > 80 for column in filled):
        return None
    # What is different in each of the rows, and best of all looks like an id.
    best = max(filled, key=lambda column: (column.unique, _tells_calls(column), column.ids - column.times))
    why = f"{best.name!r} and {len(filled) - 1} more columns are filled only where a call begins"
    return 2.0 + min(len(filled), 4), Grouping([best.name], "fill down", why, spans(list(where), best.total))


def _filled_places(column: Column) -> list[int]:
    return [place for place, text in enumerate(column.of_rows) if text]


def _tells_calls(column: Column) -> float:
    """Return how much a column's name and cells say that they are ids of calls; 0: they are not."""
    says = column.says
    if column.emails > 0.5 or (column.times > 0.5 and not says & {"call", "id"}) or column.clocks > 0.5:
        return 0.0
    if column.prose > 0.7 and column.length > 40:
        return 0.0
    if "call" in says or "case" in says:
        if says & {"id", "unique"}:
            return 10.0 if "call" in says else 9.0
        if not says & (
            OF_CALLS | {"start", "end", "date", "time", "duration", "text", "speaker", "order", "transcript"}
        ):
            return 7.0 if column.ids >= 0.5 else 0.0
    if says & (
        OF_CALLS | {"speaker", "channel", "text", "start", "end", "duration", "date", "time", "phone", "zone"}
    ):
        return 0.0
    if "unique" in says:
        return 8.0
    if says & {"audio", "file"} and column.objects < 0.5:
        return 7.0
    if "transcript" in says and column.ids >= 0.9:
        return 7.0
    if "id" in says:
        return 6.0
    if column.share(lambda text: text[:1] in "+(") > 0.5:
        return 0.0  # numbers that were dialled: a customer calls again
    if column.ids >= 0.95 and (column.length >= 12 or column.uuids > 0.9):
        return 4.0
    looks = column.ids >= 0.95 and column.length >= 2 and not column.counts_rows and column.numbers < 0.5
    return (
        3.0
        if looks or (column.numbers > 0.95 and column.length >= 5 and "." not in "".join(column.texts[:20]))
        else 0.0
    )


def _by_stays(
    columns: Sequence[Column], text: Column, order: Column | None, role: Column | None
) -> Grouping | None:
    """Columns that describe a call and stay the same from line to line, or a counter that starts again."""
    total = text.total
    if text.fill < 0.6:
        return None
    named = [column for column in columns if _begins(column, order) and _describes(column)]
    if named:
        where = [place for place, cell in enumerate(named[0].of_rows) if cell]
        why = f"{named[0].name!r} is filled only where a call begins"
        return Grouping([named[0].name], "fill down", why, spans(where, total))
    stays = [
        column
        for column in columns
        if column.fill >= 0.9 and len(changes(column.of_rows)) <= 0.67 * total and _describes(column)
    ]
    names = [column.name for column in stays]
    both = " and ".join(map(repr, names))
    if order is not None:
        numbers = [as_number(cell) for cell in order.rows]
        where = [0] + [
            place
            for place in range(1, total)
            if (now := numbers[place]) is not None and (old := numbers[place - 1]) is not None and now <= old
        ]
        if len(where) > 0.67 * total:
            return None
        if len(where) == 1:
            if not names:
                why = f"{order.name!r} counts through the whole sheet: it is one call"
                return Grouping([], "restart", why, spans(where, total))
            why = f"{both} stay the same from line to line"
            return Grouping(names, "value", why, spans(_joint(stays), total))
        why = f"{order.name!r} starts again {len(where) - 1} times"
        return Grouping(
            names, "restart", f"{why}; {both} tell calls apart" if names else why, spans(where, total)
        )
    if role is not None and (found := _by_times(columns, stays, role)):
        return found
    if stays and role is not None:
        where = _joint(stays)
        if len(where) <= 0.5 * total:
            return Grouping(names, "value", f"{both} stay the same from line to line", spans(where, total))
    return None


def _by_times(columns: Sequence[Column], stays: Sequence[Column], role: Column) -> Grouping | None:
    """Times that are counted from the start of each call, and so begin again with the next: both sides speak in between."""
    joint = _joint(stays)
    for column in columns:
        if column in stays or column.fill < 1 or column.distinct < 3 or "duration" in column.says:
            continue
        seconds = column.moments
        known = [second for second in seconds if second is not None]
        if len(known) < len(seconds) or max(known) >= _DAY:
            continue
        again = [place for place in range(1, len(known)) if begins_again(known[place - 1], known[place])]
        back = [place for place in range(1, len(known)) if known[place] < known[place - 1] - _OVERLAP]
        calls = spans(sorted({0, *joint, *again}), len(known))
        both = sum(len({role.of_rows[place] for place in places}) > 1 for places in calls)
        if not again or len(again) > 0.5 * len(known) or both < 0.8 * len(calls):
            continue
        if set(back) - set(again) - set(joint):
            continue  # it also goes back within calls
        names = [one.name for one in stays]
        return Grouping(
            names, "restart", f"{column.name!r} begins again {len(again)} times", calls, column.name
        )
    return None


_DAY = 86_400.0
_OVERLAP = 3.0


def _describes(column: Column) -> bool:
    """Return whether a column says of a call who took it, when, or where its recording is."""
    says = column.says
    if says & {"customer", "end", "duration", "speaker", "text", "order"}:
        return False
    return (
        "agent" in says
        or column.emails > 0.5
        or bool(says & {"audio", "file"})
        or (bool(says & {"start", "date", "time", "call"}) and (column.times > 0.5 or "call" in says))
    )


def changes(texts: Sequence[str]) -> list[int]:
    return [place for place, text in enumerate(texts) if place == 0 or text != texts[place - 1]]


def _filled_down(texts: Sequence[str]) -> list[str]:
    filled: list[str] = []
    for text in texts:
        filled.append(text or (filled[-1] if filled else ""))
    return filled


def _joint(columns: Sequence[Column]) -> list[int]:
    return sorted({place for column in columns for place in changes(column.of_rows)})


def spans(starts: Sequence[int], total: int) -> list[list[int]]:
    """Return the places from each start to the next."""
    return [list(range(start, end)) for start, end in zip(starts, [*starts[1:], total], strict=True)]


def _begins(column: Column, order: Column | None) -> bool:
    """Is it filled only where a call begins: seldom, in the first row, and where the counter starts again?"""
    if not column.of_rows[0] or column.fill >= 0.67:
        return False
    where = [place for place, text in enumerate(column.of_rows) if text]
    if order is None:
        return column.fill <= 0.5 and "end" not in column.says and column.plain != "start"
    lowest = min(number for cell in order.cells if (number := as_number(cell)) is not None)
    first = sum(as_number(order.rows[place]) == lowest for place in where)
    return first >= 0.9 * len(where)
