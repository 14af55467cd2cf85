"""When lines were spoken: which columns hold their start, stop and duration, in which unit and in which order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.evidence.line_units import (
    LINE_UNITS,
    NAMES_OF_UNITS,
    UNIT_WORDS,
    clock_unit,
    fact,
    named_unit,
    read_unit,
    unit_of_column,
    words_in,
)
from reddy_lib.spreadsheet.model import UNIT_FROM_PACE, UNIT_UNCLEAR, LineUnit
from reddy_lib.transcripts.times import FACTORS, parts_of_span
from reddy_lib.transcripts.units import correlation

__all__ = ["LineTimes", "line_times", "order_of"]


class LineTimes(NamedTuple):
    """The columns of times of lines.

    Attributes:
        fields: "start", "stop" or "duration" → column.
        units: the same → unit of its numbers.
        reasons: "line start" and so on → why.
        doubts: `UNIT_UNCLEAR` or `UNIT_FROM_PACE` → what is to be said about the unit.
    """

    fields: dict[str, str]
    units: dict[str, LineUnit]
    reasons: dict[str, str]
    doubts: dict[str, str]


def line_times(
    columns: Sequence[Column],
    text: Column,
    calls: Sequence[Sequence[int]],
    role: Column | None = None,
) -> LineTimes:
    """Return which of these columns hold the start, stop and duration of lines.

    `role`: of the speakers, where a column has them: whose lines take turns in the order of their times.
    """
    fields: dict[str, str] = {}
    units: dict[str, LineUnit] = {}
    reasons: dict[str, str] = {}
    doubts: dict[str, str] = {}
    spans = {column.name: parts for column in columns if (parts := _parts_of_spans(column)) is not None}
    columns = [spans[column.name][0] if column.name in spans else column for column in columns]
    starts = _start(columns, text, calls, role)
    if starts is None:
        return LineTimes(fields, units, reasons, doubts)
    column, unit, reason = starts
    fields["start"], reasons["line start"] = column.name, reason
    units["start"] = unit
    free = [other for other in columns if other is not column]
    if column.name in spans:
        fields["stop"], units["stop"] = column.name, unit
        reasons["line stop"] = f"{reason}; each cell says from when to when"
        units = {name: unit for name, unit in units.items() if unit != "auto"}
        return LineTimes(
            fields, units, reasons, _told(column, spans[column.name][1], None, text, calls, units, reasons)
        )
    ends: dict[str, Column] = {}
    for name in ("stop", "duration"):
        found = _times(free, name, text, calls, start=column)
        if found is None and not fields.keys() & {"stop", "duration"}:
            found = _times(free, name, text, calls, start=column, against_names=True)
        if found is None:
            continue
        ending, unit, reason = found
        ends[name] = ending
        fields[name], reasons[f"line {name}"] = ending.name, reason
        units[name] = unit if unit != "auto" else units["start"]
        if name == "duration":
            what = "not used: there is a stop" if "stop" in fields else "a line stops at start + duration"
            reasons["line duration"] += f"; {what}"
        free = [other for other in free if other is not ending]
    units = {name: unit for name, unit in units.items() if unit != "auto"}
    doubts = _told(column, ends.get("stop"), ends.get("duration"), text, calls, units, reasons)
    return LineTimes(fields, units, reasons, doubts)


def _stops(start: Column, stop: Column | None, length: Column | None) -> list[float | None] | None:
    """Return the times at which lines stop, in the unit of their starts; None where no column has them."""
    if stop is not None:
        return stop.seconds[0] if stop.seconds[1] else None
    if length is None or not length.seconds[1]:
        return None
    return [
        None if begin is None or lasts is None else begin + lasts
        for begin, lasts in zip(start.seconds[0], length.seconds[0], strict=True)
    ]


_ORDERS = {"falling": "; newest first", "shuffled": "; the lines are not in its order"}
"""How the lines are ordered by their times, at the end of the reason for the column (`layouts` sorts by it)."""


def _told(
    start: Column,
    stop: Column | None,
    length: Column | None,
    text: Column,
    calls: Sequence[Sequence[int]],
    units: dict[str, LineUnit],
    reasons: dict[str, str],
) -> dict[str, str]:
    """Set the unit of plain numbers as starts and stops together show it, and return what is in doubt about it."""
    if not start.seconds[1] or named_unit(start) in NAMES_OF_UNITS:
        return {}
    read = read_unit(
        start,
        _stops(start, stop, length if units.get("duration") == units.get("start") else None),
        text,
        calls,
    )
    before, unit = units.get("start", "auto"), LINE_UNITS[read.name]
    units["start"] = unit
    if stop is not None and stop.seconds[1] and named_unit(stop) not in NAMES_OF_UNITS:
        units["stop"] = unit
    if units.get("duration") == before:
        units["duration"] = unit
    order = next((said for said in _ORDERS.values() if reasons.get("line start", "").endswith(said)), "")
    reasons["line start"] = (
        f"name {start.name!r}; {fact(read, start.seconds[0], text, calls, 'start')}{order}"
    )
    if read.sure and (read.usual or not read.judged):
        return {}
    return {UNIT_FROM_PACE if read.sure else UNIT_UNCLEAR: read.reason}


def _start(
    columns: Sequence[Column], text: Column, calls: Sequence[Sequence[int]], role: Column | None
) -> tuple[Column, LineUnit, str] | None:
    """Return the column of the starts of lines: by its name, unless the cells of another one prove that it is that one."""
    named = _times(columns, "start", text, calls, role=role)
    if named is not None:
        column = named[0]
        if "start" in column.says or "offset" in column.says or column.plain in _FROM:
            return named
        seconds, plain = column.seconds
        if not plain and max((second for second in seconds if second is not None), default=0.0) > _EPOCH:
            return named
        shuffled = _steady(seconds, calls) < _NEARLY_ALL
        others = [
            other
            for other in columns
            if other is not column
            and not other.says & _NEVER_TIMES
            and other.fill >= 0.9
            and _begins_each(other.seconds[0], calls)
            and (shuffled or (_ends(other, seconds, calls) and _before(other.seconds[0], seconds)))
        ]
        if not others:
            return named
        columns = others
    return _times(columns, "start", text, calls, role=role, against_names=True)


def _parts_of_spans(column: Column) -> tuple[Column, Column] | None:
    """The starts and the stops of cells such as "0.4 - 4.1", each as a column of its own; None where cells are no spans."""
    parts = [parts_of_span(text) if text else None for text in column.of_rows]
    known = [part for part in parts if part is not None]
    if len(known) < 2 or len(known) < 0.9 * column.count:
        return None
    starts = Column(column.name, [part[0] if part else "" for part in parts])
    return starts, Column(column.name, [part[1] if part else "" for part in parts])


def _times(
    columns: Sequence[Column],
    field: str,
    text: Column,
    calls: Sequence[Sequence[int]],
    start: Column | None = None,
    role: Column | None = None,
    against_names: bool = False,
) -> tuple[Column, LineUnit, str] | None:
    """Return the column of a line's start, stop or duration, the unit of its numbers, and why.

    `against_names`: take what the cells prove, although the name of their column says something else of a line.
    """
    best: tuple[float, Column, list[float | None], bool, str] | None = None
    lasts: LineUnit | None = None
    for column in columns:
        named = _time_name(column, field)
        if named < 0 and (not against_names or column.says & _NEVER_TIMES):
            continue
        named = max(named, 0.0)
        seconds, plain = column.seconds
        read = sum(second is not None for second in seconds)
        if not read or read < 0.9 * column.count or column.fill < 0.5:
            continue
        if field == "duration":
            if _begins_each(seconds, calls):
                continue  # it goes on from line to line: a time, whatever it is called
            fit = None if named else _lasting(start, seconds, text, calls)
            if not named and fit is None:
                continue
            lasts = fit or lasts
            why = ""
            if all(
                len({seconds[place] for place in places} - {None}) < 2 for places in calls if len(places) > 2
            ):
                continue  # of the call, rather than of its lines
        else:
            if not _moves(column, seconds, text, calls):
                continue  # it stays the same from line to line: the start of the call
            if field == "start" and against_names and not _begins_each(seconds, calls):
                continue
            order = order_of(seconds, calls, plain=plain)
            if field == "start" and (
                order == "none" or (not named and not _plainly(column, seconds, order, text, calls, role))
            ):
                continue
            if field == "stop" and not named and not _ends(start, seconds, calls):
                continue
            why = _ORDERS.get(order, "")
        ends = field == "start" and not named and ("end" in column.says or column.plain in _TO)
        score = 10 * named + read / len(seconds) + (0.0 if named else 3 * _steady(seconds, calls)) - ends
        if best is None or score > best[0] or (score == best[0] and not named and _before(seconds, best[2])):
            best = (score, column, seconds, plain, why)
    if best is None:
        return None
    _, column, seconds, plain, why = best
    told = named_unit(column)
    reason = f"name {column.name!r}"
    if not plain:
        unit, said = clock_unit(column, seconds, text, calls, field)
        return column, unit, f"{reason}; {_kinds(column.cells)}{said}{why}"
    if lasts is not None:
        return column, lasts, f"{reason}; each line ends before the next begins, and long ones last longer"
    if told in NAMES_OF_UNITS:
        return column, told, f"{reason}; its name says {NAMES_OF_UNITS[told]}{why}"
    unit, why_unit = unit_of_column(seconds, text, calls, field, column.name)
    return column, unit, f"{reason}; {why_unit}{why}"


def _moves(
    column: Column, seconds: Sequence[float | None], text: Column, calls: Sequence[Sequence[int]]
) -> bool:
    """Return whether times differ from line to line in most calls.

    A result that the next row repeats and goes on from has the start of that row: only the last of them counts. Times in
    whole minutes stay the same for as many lines as a minute has.
    """
    minutes = column.dates.granularity == "minute" and _steady(seconds, calls) >= _NEARLY_ALL
    moving = several = 0
    for places in calls:
        if len(places) < 2:
            continue
        said = [text.of_rows[place] for place in places]
        last = [
            place
            for place, here, after in zip(places, said, [*said[1:], ""], strict=True)
            if not _grows(here, after)
        ]
        times = {seconds[place] for place in places}
        several += 1
        moving += len(times) > (1 if minutes else 0.5 * len(last))
    return moving * 2 >= several or (minutes and moving > 0)


def _grows(text: str, after: str) -> bool:
    return len(text) < len(after) and after.startswith(text)


def _before(one: Sequence[float | None], other: Sequence[float | None]) -> bool:
    """Return whether times are nowhere after the others, as starts are before stops."""
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    return bool(pairs) and all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


_FROM = frozenset(
    ("from", "von", "de", "desde", "da", "van", "od", "fra", "fran", "at", "t", "с", "от", "با", "من", "から")
)
_TO = frozenset(
    ("to", "bis", "hasta", "a", "au", "ate", "tot", "do", "til", "till", "по", "до", "إلى", "まで")
)


def _time_name(column: Column, field: str) -> float:
    """Return how well a name says that it is this time of a line; below 0: that it is something else."""
    says, words = column.says, column.plain.split()
    bare = " ".join(words[:-1]) if len(words) > 1 and words[-1] in UNIT_WORDS else column.plain
    if says & {"phone", "score", "agent", "customer", "product", "changed"}:
        return -1.0
    if "text" in says and column.times < 0.9 and column.clocks < 0.9:
        return -1.0
    start = bool(says & {"start", "date", "time", "created", "offset"}) or bare in _FROM
    stop = "end" in says or bare in _TO
    length = "duration" in says and not says & {"start", "end"}
    if words and words[-1] in UNIT_WORDS and len(words) == 1:
        length, start = False, True  # "ms", "seconds": of a time into the call
    if field == "duration":
        return 1.0 if length else -1.0 if start or stop or says & {"order", "id", "unique"} else 0.0
    if length:
        return -1.0
    if field == "stop":
        return 1.0 if stop and "start" not in says else (-1.0 if start or says & {"order", "id"} else 0.0)
    if stop and "start" not in says:
        return -1.0
    # "line_start" is the start of a line, and no number of lines.
    if says & {"id", "unique"} or ("order" in says and not says & {"start", "time"}):
        return -1.0
    return 1.0 + 0.1 * bool(says & {"start", "offset"}) if start else 0.0


def order_of(seconds: Sequence[float | None], calls: Sequence[Sequence[int]], *, plain: bool = False) -> str:
    """Return "rising", "falling", "shuffled" (times as of one call, in no order), or "none" (no times of lines).

    `plain`: the numbers are no moments since 1970.
    """
    up = down = same = 0
    wide = 0
    for places in calls:
        known = [second for place in places if (second := seconds[place]) is not None]
        for before, after in pairwise(known):
            up += after > before
            same += after == before
            down += after < before
        if len(known) > 1:
            wide += not plain and max(known) - min(known) > _LONGEST_CALL and min(known) > _EPOCH
    if wide * 2 > len(calls):
        return "none"  # dates days apart: they are about something else
    if down > 1 and down >= 0.9 * (up + down):
        return "falling"
    return "rising" if up + same >= 0.7 * (up + same + down) else "shuffled"


def _plainly(
    column: Column,
    seconds: Sequence[float | None],
    order: str,
    text: Column,
    calls: Sequence[Sequence[int]],
    role: Column | None,
) -> bool:
    """Return whether cells show by themselves, without a name, that they are times of lines."""
    if column.fill < 0.9:
        return False
    if order in ("rising", "falling") and _steady(seconds, calls) >= _NEARLY_ALL:
        return True
    if not column.seconds[1] and all(second is None or second > _EPOCH for second in seconds):
        return True  # dates with a time, all of one call
    return _order_makes_sense(seconds, text, calls, role)


_NEVER_TIMES = frozenset(("phone", "score", "agent", "customer", "product", "text", "transcript"))
_NEARLY_ALL = 0.9
_OPENING = 15.0


def _begins_each(seconds: Sequence[float | None], calls: Sequence[Sequence[int]]) -> bool:
    """Return whether times rise from about 0 within each call, by steps that differ: no counter does."""
    steps: set[float] = set()
    several = 0
    for places in calls:
        known = [second for place in places if (second := seconds[place]) is not None]
        if len(known) < len(places):
            return False
        here = [after - before for before, after in pairwise(known)]
        if here and (min(here) < 0 or known[0] > max(_OPENING, 0.2 * known[-1])):
            return False
        steps.update(round(step, 3) for step in here)
        several += len(known) > 2
    return several > 0 and len(steps) > 2 and steps != {0.0, 1.0, 2.0}


def _steady(seconds: Sequence[float | None], calls: Sequence[Sequence[int]]) -> float:
    """Return the share of the steps within calls that go one way."""
    up = down = steps = 0
    for places in calls:
        known = [second for place in places if (second := seconds[place]) is not None]
        for before, after in pairwise(known):
            up, down, steps = up + (after >= before), down + (after <= before), steps + 1
    return max(up, down) / steps if steps else 0.0


def _lasting(
    start: Column | None, lengths: Sequence[float | None], text: Column, calls: Sequence[Sequence[int]]
) -> LineUnit | None:
    """Return the unit in which numbers are the lengths of lines; None where they are not.

    Lines then end at about the start of the next one, and those of many words last longer than those of few.
    """
    if start is None:
        return None
    starts, plain = start.seconds
    unit: LineUnit = "s"
    factor = 1.0
    if plain:
        unit, _ = unit_of_column(starts, text, calls, "start", start.name)
        factor = FACTORS.get(unit, 0.0)
    pairs: list[tuple[float, float, int]] = []  # the step to the next line in seconds, the length, the words
    for places in calls:
        known = sorted(
            (second * factor, place)
            for place in places
            if (second := starts[place]) is not None and lengths[place] is not None
        )
        for (before, place), (after, _) in pairwise(known):
            pairs.append((after - before, lengths[place] or 0.0, words_in(text.of_rows[place])))
    pairs = [pair for pair in pairs if pair[0] > 0]
    if len(pairs) < _ENOUGH or any(length < 0 for _, length, _ in pairs):
        return None
    spoken = correlation([(length, words) for _, length, words in pairs]) >= 0.5
    for one in dict.fromkeys((unit, *_LENGTHS)):
        scale = FACTORS[one]
        shares = [length * scale / step for step, length, _ in pairs]
        # A line fills most of the time to the next one: each of them, or those of many words for longer.
        if len({length for _, length, _ in pairs}) > 3 and _most(0.5 <= share <= 1.05 for share in shares):
            return one
        if spoken and 0.3 <= median(shares) <= 1.05 and _most(share <= 1.3 for share in shares):
            return one
    return None


def _most(facts: Iterable[bool]) -> bool:
    known = list(facts)
    return sum(known) >= 0.9 * len(known)


_ENOUGH = 6
_LENGTHS: tuple[LineUnit, ...] = ("s", "ms", "us", "ns", "ticks")


def _order_makes_sense(
    seconds: Sequence[float | None], text: Column, calls: Sequence[Sequence[int]], role: Column | None
) -> bool:
    """Return whether lines that stand in no order become a conversation in the order of these numbers.

    The two sides take turns far more often than in the order of the sheet, and a line of many words is followed by
    a longer step than one of few.
    """
    gaps: list[tuple[float, int]] = []
    turns = steps = 0
    chance = 0.0
    for places in calls:
        known = [(second, place) for place in places if (second := seconds[place]) is not None]
        if len({second for second, _ in known}) < len(known):
            return False
        known.sort()
        gaps += [
            (after - before, words_in(text.of_rows[place])) for (before, place), (after, _) in pairwise(known)
        ]
        if role is None:
            continue
        labels = [role.of_rows[place] for _, place in known]
        steps += max(len(labels) - 1, 0)
        turns += sum(a != b for a, b in pairwise(labels))
        if len(labels) > 1:
            same = sum(count * (count - 1) for count in Counter(labels).values())
            chance += (len(labels) - 1) * (1 - same / (len(labels) * (len(labels) - 1)))
    if steps >= 8 and turns >= chance + 1.65 * (steps**0.5) / 2 and turns >= 0.6 * steps:
        return True
    return len(gaps) >= 8 and correlation(gaps) >= 0.5


_LONGEST_CALL = 12 * 3600.0
_EPOCH = 1e8


def _ends(start: Column | None, stops: Sequence[float | None], calls: Sequence[Sequence[int]]) -> bool:
    """Return whether these times end what the others begin: each after its own start, and not long after the next."""
    if start is None:
        return False
    starts, _ = start.seconds
    pairs = [
        (begin, end)
        for begin, end in zip(starts, stops, strict=True)
        if begin is not None and end is not None
    ]
    if len(pairs) < 2 or any(end < begin for begin, end in pairs):
        return False
    gaps = [end - begin for begin, end in pairs]
    steps: list[float] = []
    for places in calls:
        known = sorted(second for place in places if (second := starts[place]) is not None)
        steps += [after - before for before, after in pairwise(known) if after > before]
    return bool(steps) and 0 < median(gaps) <= 1.5 * median(steps)


def _kinds(cells: Sequence[Any]) -> str:
    """What times that carry their unit are, with the share of each: "40 of 40 are clocks such as 0:01:05"."""
    counts: dict[str, int] = {}
    filled = [cell for cell in cells if cell not in (None, "")]
    for cell in filled:
        text = cell.strip() if isinstance(cell, str) else ""
        if isinstance(cell, datetime) or re.match(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}", text):
            kind = "dates with a time"
        elif re.match(r"P(?:T|\d)", text, re.IGNORECASE):
            kind = "ISO durations such as PT1M5S"
        elif isinstance(cell, time | timedelta) or ":" in text:
            kind = "clocks such as 0:01:05"
        elif isinstance(cell, int | float) or text.replace(".", "", 1).isdecimal():
            kind = "numbers that count from 1970"
        else:
            kind = "times with their unit"
        counts[kind] = counts.get(kind, 0) + 1
    most = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} of {len(filled)} are {kind}" for kind, count in most)
