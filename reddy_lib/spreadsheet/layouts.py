"""Is one row a call, or one line of a call? Weighed from what the columns hold, each answer with its reason.

Lines give themselves away: a column in which few speakers take turns, one with what they said, and something that tells
calls apart. What that is, is a question of evidence: each column that could be it, a counter that starts again, and cells
filled only where a call begins are tried in turn, and the one wins that explains most: in each call both sides speak,
times and counters move on within it, and what else stands in its rows stays the same. A column that holds whole
transcripts says that one row is one call, whatever else is there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

import msgspec

from reddy_lib.spreadsheet.column_profile import Column
from reddy_lib.spreadsheet.grouping import as_number
from reddy_lib.spreadsheet.line_times import line_moment
from reddy_lib.spreadsheet.mapping import LineUnit, NewCall
from reddy_lib.spreadsheet.placeholders import is_placeholder
from reddy_lib.transcripts import leaning, read_opening
from reddy_lib.transcripts.times import unit_of

__all__ = [
    "LinesFound",
    "calls_by_value",
    "find_lines",
    "holds_transcripts",
    "line_times",
    "lines_beside",
    "lines_chosen",
]

_TRIED = 40
_OF_CALLS = frozenset(
    ("agent", "customer", "user", "supervisor", "product", "queue", "email", "score", "status", "note")
)
"""What describes a call rather than tells it from others."""


class LinesFound(msgspec.Struct):
    """One row a line: what feeds a line, what tells calls apart, and why it looks so."""

    fields: dict[str, str]
    units: dict[str, LineUnit]
    group_by: list[str]
    new_call: NewCall
    reasons: dict[str, str]
    by_time: bool = False


class _Grouping(NamedTuple):
    """What tells calls apart. `calls`: the places of the rows of each call, in the order of the sheet."""

    by: list[str]
    new_call: NewCall
    why: str
    calls: list[list[int]]

    @property
    def boundaries(self) -> list[int]:
        return [places[0] for places in self.calls]


def find_lines(columns: Sequence[Column]) -> LinesFound | None:
    """Return what one row a line would mean for these columns, or None: one row is a call."""
    filled = [column for column in columns if column.count]
    if not filled or filled[0].total < 2:
        return None
    calls = _named_calls(filled)
    role = _role(filled, calls)
    text = _text(filled, role)
    if text is None or holds_transcripts(text):
        return None
    if any(column is not text and column.length > 60 and holds_transcripts(column) for column in filled):
        return None
    labelled = role is None and _is_labelled(text)
    rest = [column for column in filled if column not in (text, role)]
    if role is None and not labelled:
        return _bare_lines(text, rest)
    order = _order(rest)
    rest = [column for column in rest if column is not order]
    group = _group(rest, text, order, role)
    if group is None:
        return None
    if role is not None and not _takes_turns(role, group):
        return None
    return _found(text, role, order, rest, group)


def _found(
    text: Column, role: Column | None, order: Column | None, rest: Sequence[Column], group: _Grouping
) -> LinesFound:
    """Put together what feeds a line, now that it is known which rows are one call."""
    if order is None:
        order = next(
            (column for column in rest if column.name not in group.by and _numbers_lines(column, group)), None
        )
        rest = [column for column in rest if column is not order]
    elif group.new_call != "restart" and _repeats(order, group.calls):
        order = None  # a mark such as 0 and 1, which only looks like the counter of very short calls
    fields = {"text": text.name}
    reasons = {
        "layout": f"one row a transcript line: {group.why}",
        "line text": f"name {text.name!r}; {int(text.length)} characters on average",
    }
    if role is not None:
        fields["role"] = role.name
        sides = sum(leaning(label) in ("agent", "customer") for label in role.texts)
        reasons["line role"] = (
            f"name {role.name!r}; {sides} of {role.count} cells name the agent or the customer, {role.distinct} different"
        )
    elif _is_labelled(text):
        reasons["line text"] += "; each cell begins with the speaker"
    if order is not None:
        fields["order"] = order.name
        reasons["line order"] = f"name {order.name!r}; counts the lines of each call"
    free = [column for column in rest if column.name not in group.by]
    times, units, why = line_times(free, text, group.calls)
    by_time = order is None and "not in its order" in why.get("line start", "")
    return LinesFound({**fields, **times}, units, group.by, group.new_call, {**reasons, **why}, by_time)


def line_times(
    columns: Sequence[Column], text: Column, calls: Sequence[Sequence[int]]
) -> tuple[dict[str, str], dict[str, LineUnit], dict[str, str]]:
    """Return (field → column, field → unit, reasons) of the start, stop and duration of lines, among these columns."""
    fields: dict[str, str] = {}
    units: dict[str, LineUnit] = {}
    reasons: dict[str, str] = {}
    starts = _times(columns, "start", text, calls)
    if starts is None:
        return fields, units, reasons
    column, unit, reason = starts
    fields["start"], reasons["line start"] = column.name, reason
    units["start"] = unit
    free = [other for other in columns if other is not column]
    for name in ("stop", "duration"):
        found = _times(free, name, text, calls, start=column)
        if found is None:
            continue
        ending, unit, reason = found
        fields[name], reasons[f"line {name}"] = ending.name, reason
        units[name] = unit if unit != "auto" else units["start"]
        if name == "duration":
            what = "not used: there is a stop" if "stop" in fields else "a line stops at start + duration"
            reasons["line duration"] += f"; {what}"
        free = [other for other in free if other is not ending]
    return fields, {name: unit for name, unit in units.items() if unit != "auto"}, reasons


def _bare_lines(text: Column, rest: Sequence[Column]) -> LinesFound | None:
    """Return lines whose speakers nobody names: texts beside times that go on from row to row."""
    if not ({"text", "transcript"} & text.says) or text.prose < 0.5 or text.length > 400:
        return None
    order = _order(rest)
    others = [column for column in rest if column is not order]
    group = _group(others, text, order, None)
    if group is None or group.new_call != "value":
        if any(column.emails > 0.5 or column.says & {"agent", "product", "call"} for column in rest):
            return None
        group = _Grouping(
            [], "value", "times go on from row to row: the sheet is one call", [list(range(text.total))]
        )
    found = _found(text, None, order, others, group)
    return found if "start" in found.fields and found.fields["start"] not in group.by else None


def lines_chosen(columns: Sequence[Column]) -> LinesFound:
    """Return the nearest thing to one row a line, where somebody says that it is and `find_lines` did not find it."""
    found = find_lines(columns)
    if found is not None:
        return found
    filled = [column for column in columns if column.count] or list(columns)
    role = _role(filled, _named_calls(filled))
    others = [column for column in filled if column is not role] or filled
    text = _text(filled, role) or max(others, key=lambda column: column.length)
    fields = {"text": text.name}
    reasons = {"layout": "one row a transcript line: chosen by hand", "line text": "the longest texts"}
    if role is not None and role is not text:
        fields["role"] = role.name
        reasons["line role"] = f"name {role.name!r}; {role.distinct} different"
    rest = [column for column in filled if column.name not in fields.values()]
    group = _group(rest, text, None, role)
    by, new_call = (group.by, group.new_call) if group is not None else ([], "value")
    return LinesFound(fields, {}, by, new_call, reasons)


def holds_transcripts(column: Column) -> bool:
    """Return whether cells hold conversations, rather than one turn each."""
    step = max(column.count // _TRIED, 1)
    tried = [text for text in column.texts[::step][:_TRIED] if len(text) > 20]
    if not tried or column.length < 20:
        return False
    whole = 0
    for text in tried:
        transcript = read_opening(text)
        labels = {line.role for line in transcript.lines} - {""}
        whole += (
            transcript.form not in ("empty", "no speakers", "unreadable")
            and len(transcript.lines) >= 2
            and len(labels) >= 2
        )
    return whole >= 0.3 * len(tried)


def _is_labelled(column: Column) -> bool:
    """Return whether each cell holds one turn with its speaker before it ("Agent: Hello")."""
    tried = column.texts[: 4 * _TRIED]
    sides: set[str] = set()
    fits = 0
    for text in tried:
        before, mark, after = text.replace("：", ":").partition(":")
        side = leaning(before.strip(" *[]<>【】()")) if mark and after.strip() and len(before) < 50 else ""
        fits += bool(side)
        sides.add(side)
    return bool(tried) and fits >= 0.8 * len(tried) and {"agent", "customer"} <= sides


# Who speaks, and what was said


def _named_calls(columns: Sequence[Column]) -> list[list[int]]:
    """Return the places of the rows of each call as a column that is named as the id of calls has them; else all rows."""
    found = calls_by_value(columns)
    return found[1] if found else [list(range(columns[0].total))]


def calls_by_value(columns: Sequence[Column]) -> tuple[str, list[list[int]]] | None:
    """Return (the column that is named as the id of calls, the places of each call's rows), or None."""
    best: tuple[float, _Grouping] | None = None
    for column in columns:
        found = _by_value(column, None) if _tells_calls(column) >= 6 else None
        if found is not None and (best is None or found[0] > best[0]):
            best = found
    grouping = best[1] if best else _by_key(columns)
    return (grouping.by[0], grouping.calls) if grouping else None


def _role(columns: Sequence[Column], calls: Sequence[Sequence[int]]) -> Column | None:
    best: tuple[float, Column] | None = None
    for column in columns:
        score = _speaks(column, calls)
        if score > 0 and (best is None or score > best[0]):
            best = (score, column)
    return best[1] if best else None


def _speaks(column: Column, calls: Sequence[Sequence[int]]) -> float:
    """Return how much speaks for a column of speakers; 0: it is none."""
    if column.length > 60 or column.distinct < 2 or column.times > 0.5 or column.clocks > 0.5:
        return 0.0
    says = column.says
    named = 5.0 if "speaker" in says else 3.0 if "channel" in says else 0.0
    if named and says & {"time", "date", "start", "end", "duration", "text", "order"}:
        named = 0.0
    agents = round(column.share(lambda text: leaning(text) == "agent") * column.count)
    customers = round(column.share(lambda text: leaning(text) == "customer") * column.count)
    share = (agents + customers) / column.count
    steps = [a != b for places in calls for a, b in pairwise([column.of_rows[place] for place in places])]
    turns = sum(steps) / len(steps) if steps else 0.0
    if agents and customers and min(agents, customers) >= 0.02 * column.count:
        if not named and (share < 0.6 or column.distinct > 0.5 * column.count):
            return 0.0
        return 10 * share + named + 2 * turns
    # Names, numbers or "Speaker 1": a few that come again and take turns.
    if column.distinct > max(0.5 * column.count, 2) or column.length > 40 or column.fill < 0.6:
        return 0.0
    if column.counts_rows or says & _OF_CALLS - {"user", "agent", "customer", "status"}:
        return 0.0
    if turns < 0.3 or ("call" in says and says & {"id", "unique"}):
        return 0.0  # it stays the same from line to line: what it says is about the call
    if not named:
        yes_or_no = column.distinct == 2 and bool(says & {"agent", "customer"})
        few = 2 <= column.distinct <= 4 <= column.count and column.length <= 25
        each = _few_in_each(column, calls)
        if not yes_or_no and not ((few or each) and turns >= 0.4 and column.fill >= 0.9):
            return 0.0
        if not yes_or_no and says - {"call", "phone", "agent", "customer", "user", "name"}:
            return 0.0
        named = 2.0 if yes_or_no else 1.0
    elif column.share(lambda text: re.fullmatch(r"[\d.]+", text)) == 1 and column.distinct > 8:
        return 0.0
    return 10 * share + named + 2 * turns


def _few_in_each(column: Column, calls: Sequence[Sequence[int]]) -> bool:
    """Return whether two to four speak in nearly every call, where it is known which rows are one call."""
    if len(calls) < 2:
        return False
    several = [len({column.of_rows[place] for place in places} - {""}) for places in calls if len(places) > 2]
    return len(several) > 1 and sum(2 <= count <= 4 for count in several) >= 0.8 * len(several)


def _takes_turns(role: Column, group: _Grouping) -> bool:
    """Return whether several speak in most calls. A column whose name and cells name nobody has to show it."""
    if "speaker" in role.says or any(leaning(text) for text in role.texts[:40]):
        return True
    several = sum(len({role.of_rows[place] for place in places} - {""}) >= 2 for places in group.calls)
    long = sum(len(places) >= 2 for places in group.calls)
    return long > 0 and several >= 0.8 * long and len(group.calls) * 2.5 <= role.total


def _text(columns: Sequence[Column], role: Column | None) -> Column | None:
    best: tuple[float, Column] | None = None
    for column in columns:
        if column is role:
            continue
        says = column.says
        named = bool(says & {"text", "transcript"}) and not says & {
            "id",
            "order",
            "time",
            "start",
            "end",
            "duration",
            "note",
        }
        words = column.prose
        different = column.unique
        if not named and (words < 0.5 or different < 0.5 or column.length < 8 or column.people > 0.5):
            continue
        if "note" in says and not named and words < 0.9:
            continue
        if named and words < 0.2 and column.length < 12 and different < 0.5:
            continue
        if column.objects > 0.5 or all(isinstance(cell, int | float) for cell in column.cells):
            continue
        score = 4 * words + 4 * different + min(column.length / 25, 4) + 2 * column.fill
        score += 6.0 if named else -4.0 if "note" in says else 0.0
        if best is None or score > best[0]:
            best = (score, column)
    return best[1] if best else None


# The order of lines


def _order(columns: Sequence[Column]) -> Column | None:
    best: tuple[float, Column] | None = None
    for column in columns:
        if column.fill < 0.9 or column.says & (_OF_CALLS | {"duration", "phone", "speaker", "channel"}):
            continue
        numbers = [as_number(cell) for cell in column.cells]
        counts = [number for number in numbers if number is not None and number == int(number)]
        if len(counts) < len(numbers) or len(numbers) < 2:
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
        if named and up + again < 0.6 and grows + again < 0.9:
            continue
        if counts[0] > 1 and not named:
            continue
        score = 10 * (up + again) + 3 * up + (5 if named else 0)
        if best is None or score > best[0]:
            best = (score, column)
    return best[1] if best else None


def _numbers_lines(column: Column, group: _Grouping) -> bool:
    """Return whether a column numbers the lines of each call, in whatever order they stand.

    Its name says so, or its cells are the numbers from 0 or 1 on without a gap in each call.
    """
    if column.fill < 0.9 or column.says & (_OF_CALLS | {"duration", "phone"}):
        return False
    named = "order" in column.says
    numbers = [as_number(cell) for cell in column.rows]
    for places in group.calls:
        here = [number for place in places if (number := numbers[place]) is not None]
        if len(here) < len(places) or len(set(here)) < len(here):
            return False
        if not named and (min(here) not in (0, 1) or max(here) - min(here) != len(here) - 1):
            return False
    return named or any(len(places) > 2 for places in group.calls)


def _repeats(order: Column, calls: Sequence[Sequence[int]]) -> bool:
    """Does a column whose name says nothing hold the same number twice in most calls? Then it counts no lines."""
    if "order" in order.says:
        return False
    texts = [[order.of_rows[place] for place in places] for places in calls]
    return sum(len(set(here)) < len(here) for here in texts) * 2 > len(calls)


# What tells calls apart


def _group(
    columns: Sequence[Column], text: Column, order: Column | None, role: Column | None
) -> _Grouping | None:
    """Return the hypothesis about what tells calls apart that explains most, or None."""
    best: tuple[float, _Grouping] | None = None
    for column in columns:
        found = _by_value(column, role) or _by_filled(column, columns)
        if found is not None and (best is None or found[0] > best[0]):
            best = found
    key = _by_key([*columns, *filter(None, (order, role))])
    if key is not None and (best is None or best[0] < _OF_A_KEY):
        return key
    if best is not None:
        return best[1]
    return _by_stays(columns, text, order, role)


_OF_A_KEY = 6.0
"""What it takes of a name and of its cells to be preferred to a column that determines others."""


def _by_key(columns: Sequence[Column]) -> _Grouping | None:
    """Return the calls as a column has them that determines others, whatever it is called.

    Where it has one value, those have one value: who took the call, when, about what. An id does that, and so does a start.
    """
    total = columns[0].total if columns else 0
    few = [column for column in columns if column.count and column.distinct * 1.5 <= column.count]
    few = [column for column in few if column.distinct > 1]
    best: tuple[int, float, Column] | None = None
    for column in few:
        if column.fill < 0.9 or (column.prose > 0.7 and column.length > 40) or total < 2 * column.distinct:
            continue
        told = 0
        for other in few:
            if other is column or other.distinct > column.distinct:
                continue
            values: dict[str, str] = {}
            told += all(
                values.setdefault(mine, theirs) == theirs
                for mine, theirs in zip(column.of_rows, other.of_rows, strict=True)
            )
        likeness = column.ids - column.times - column.emails - column.phones - column.people
        if told >= 2 and (best is None or (told, likeness) > best[:2]):
            best = (told, likeness, column)
    if best is None:
        return None
    told, _, column = best
    places: dict[str, list[int]] = {}
    for place, text in enumerate(column.of_rows):
        places.setdefault(text, []).append(place)
    why = f"{column.name!r} has one value where {told} other columns have one"
    return _Grouping([column.name], "value", why, list(places.values()))


def _by_value(column: Column, role: Column | None) -> tuple[float, _Grouping] | None:
    """A value on every row of a call."""
    weight = _tells_calls(column)
    if weight <= 0 or not (column.fill >= 0.9 or (weight > 4 and column.fill > 0.67)):
        return None
    texts = _filled_down(column.of_rows)
    runs = _changes(texts)
    known = [text for text in column.texts if not is_placeholder(text)]
    if not known or len(known) / len(set(known)) < 1.5:
        return None
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        places.setdefault(text, []).append(place)
    scattered = len(runs) / max(column.distinct, 1) - 1
    if weight <= 4 and scattered > 0.5:
        return None
    score = weight + min(column.distinct / column.total * 10, 3) - (4 * scattered if weight <= 4 else 0)
    if role is not None:
        both = sum(len({role.of_rows[place] for place in here}) >= 2 for here in places.values())
        score += 3 * both / len(places)
    if weight > 4:
        score -= min(3.0, scattered)
    back = len(runs) - column.distinct
    why = f"{column.name!r} stays the same for {column.count / column.distinct:.0f} rows on average"
    if back > 0:
        why += f" ({back} of them come back later)"
    return score, _Grouping([column.name], "value", why, list(places.values()))


def _by_filled(column: Column, columns: Sequence[Column]) -> tuple[float, _Grouping] | None:
    """A cell that is filled only where a call begins."""
    if column.fill > 0.67 or column.distinct < 0.9 * column.count or not column.of_rows[0]:
        return None
    weight = _tells_calls(column)
    where = [place for place, text in enumerate(column.of_rows) if text]
    # Other columns that are filled in the same rows and no others: so each of them begins a call.
    with_it = sum(
        other is not column and [place for place, text in enumerate(other.of_rows) if text] == where
        for other in columns
    )
    if weight <= 0 and not (with_it and column.ids > 0.9):
        return None
    why = f"{column.name!r} is filled only where a call begins"
    return max(weight, 2) - 0.5 + min(with_it, 3), _Grouping(
        [column.name], "fill down", why, _spans(where, column.total)
    )


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
            _OF_CALLS | {"start", "end", "date", "time", "duration", "text", "speaker", "order", "transcript"}
        ):
            return 7.0 if column.ids >= 0.5 else 0.0
    if says & (
        _OF_CALLS
        | {"speaker", "channel", "text", "start", "end", "duration", "date", "time", "phone", "zone"}
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
) -> _Grouping | None:
    """Columns that describe a call and stay the same from line to line, or a counter that starts again."""
    total = text.total
    if text.fill < 0.6:
        return None
    named = [column for column in columns if _begins(column, order) and _describes(column)]
    if named:
        where = [place for place, cell in enumerate(named[0].of_rows) if cell]
        why = f"{named[0].name!r} is filled only where a call begins"
        return _Grouping([named[0].name], "fill down", why, _spans(where, total))
    stays = [
        column
        for column in columns
        if column.fill >= 0.9 and len(_changes(column.of_rows)) <= 0.67 * total and _describes(column)
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
                return _Grouping([], "restart", why, _spans(where, total))
            why = f"{both} stay the same from line to line"
            return _Grouping(names, "value", why, _spans(_joint(stays), total))
        why = f"{order.name!r} starts again {len(where) - 1} times"
        return _Grouping(
            names, "restart", f"{why}; {both} tell calls apart" if names else why, _spans(where, total)
        )
    if stays and role is not None:
        where = _joint(stays)
        if len(where) <= 0.5 * total:
            return _Grouping(names, "value", f"{both} stay the same from line to line", _spans(where, total))
    return None


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


def _changes(texts: Sequence[str]) -> list[int]:
    return [place for place, text in enumerate(texts) if place == 0 or text != texts[place - 1]]


def _filled_down(texts: Sequence[str]) -> list[str]:
    filled: list[str] = []
    for text in texts:
        filled.append(text or (filled[-1] if filled else ""))
    return filled


def _joint(columns: Sequence[Column]) -> list[int]:
    return sorted({place for column in columns for place in _changes(column.of_rows)})


def _spans(starts: Sequence[int], total: int) -> list[list[int]]:
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


# When it was said


_UNIT_WORDS: dict[str, LineUnit] = {
    "ms": "ms", "msec": "ms", "millis": "ms", "milliseconds": "ms", "millisecond": "ms", "millisekunden": "ms", "мс": "ms",
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "sekunden": "s", "segundos": "s", "secondes": "s",
    "secondi": "s", "seconden": "s", "sekundy": "s", "sek": "s", "saniye": "s", "sekunder": "s", "секунд": "s", "сек": "s",
    "秒": "s", "초": "s", "us": "us", "micros": "us", "microseconds": "us", "ticks": "ticks", "min": "min", "mins": "min",
    "minute": "min", "minutes": "min", "minuten": "min", "minutos": "min", "minuti": "min", "minuty": "min", "мин": "min",
    "分": "min", "samples": "auto",
}  # fmt: skip


def _times(
    columns: Sequence[Column],
    field: str,
    text: Column,
    calls: Sequence[Sequence[int]],
    start: Column | None = None,
) -> tuple[Column, LineUnit, str] | None:
    """Return the column of a line's start, stop or duration, the unit of its numbers, and why."""
    best: tuple[float, Column, list[float | None], bool, str] | None = None
    for column in columns:
        named = _time_name(column, field)
        if named < 0:
            continue
        seconds, plain = _read(column.rows)
        read = sum(second is not None for second in seconds)
        if not read or read < 0.9 * column.count or column.fill < 0.5:
            continue
        if field == "duration":
            if not named:
                continue
            why = ""
            if all(
                len({seconds[place] for place in places} - {None}) < 2 for places in calls if len(places) > 2
            ):
                continue  # of the call, rather than of its lines
        else:
            moves = sum(
                len({seconds[place] for place in places}) > 0.5 * len(places)
                for places in calls
                if len(places) > 1
            )
            if moves * 2 < sum(len(places) > 1 for places in calls):
                continue  # it stays the same from line to line: the start of the call
            order = _order_of(seconds, calls)
            if field == "start" and (
                order == "none" or (not named and (order != "rising" or column.fill < 0.9))
            ):
                continue
            if field == "stop" and not named and not _ends(start, seconds, calls):
                continue
            why = {"falling": "; newest first", "shuffled": "; the lines are not in its order"}.get(order, "")
        score = 10 * named + read / len(seconds)
        if best is None or score > best[0]:
            best = (score, column, seconds, plain, why)
    if best is None:
        return None
    _, column, seconds, plain, why = best
    told = next((_UNIT_WORDS[word] for word in reversed(column.plain.split()) if word in _UNIT_WORDS), None)
    reason = f"name {column.name!r}"
    if not plain:
        unit, said = _clock_unit(column, seconds, text, calls, field)
        return column, unit, f"{reason}; {_kinds(column.cells)}{said}{why}"
    if told in _UNIT_NAMES:
        return column, told, f"{reason}; its name says {_UNIT_NAMES[told]}{why}"
    unit, fact = _unit(seconds, text, calls, field, column.name)
    return column, unit, f"{reason}; {fact}{why}"


_FROM = frozenset(
    ("from", "von", "de", "desde", "da", "van", "od", "fra", "fran", "at", "t", "с", "от", "با", "من", "から")
)
_TO = frozenset(
    ("to", "bis", "hasta", "a", "au", "ate", "tot", "do", "til", "till", "по", "до", "إلى", "まで")
)


def _time_name(column: Column, field: str) -> float:
    """Return how well a name says that it is this time of a line; below 0: that it is something else."""
    says, words = column.says, column.plain.split()
    bare = " ".join(words[:-1]) if len(words) > 1 and words[-1] in _UNIT_WORDS else column.plain
    if says & {"phone", "score", "agent", "customer", "product", "changed"}:
        return -1.0
    if "text" in says and column.times < 0.9 and column.clocks < 0.9:
        return -1.0
    start = bool(says & {"start", "date", "time", "created", "offset"}) or bare in _FROM
    stop = "end" in says or bare in _TO
    length = "duration" in says and not says & {"start", "end"}
    if words and words[-1] in _UNIT_WORDS and len(words) == 1:
        length, start = False, True  # "ms", "seconds": of a time into the call
    if field == "duration":
        return 1.0 if length and column.clocks < 2 else -1.0
    if length:
        return -1.0
    if field == "stop":
        return 1.0 if stop and "start" not in says else (-1.0 if start or says & {"order", "id"} else 0.0)
    if stop and "start" not in says:
        return -1.0
    if says & {"order", "id", "unique"}:
        return -1.0
    return 1.0 + 0.1 * bool(says & {"start", "offset"}) if start else 0.0


def _order_of(seconds: Sequence[float | None], calls: Sequence[Sequence[int]]) -> str:
    """Return "rising", "falling", "shuffled" (times as of one call, in no order), or "none" (no times of lines)."""
    up = down = 0
    wide = 0
    for places in calls:
        known = [second for place in places if (second := seconds[place]) is not None]
        for before, after in pairwise(known):
            up += after >= before
            down += after < before
        if len(known) > 1:
            wide += max(known) - min(known) > _LONGEST_CALL and min(known) > _EPOCH
    if wide * 2 > len(calls):
        return "none"  # dates days apart: they are about something else
    if not up + down or up >= 0.7 * (up + down):
        return "rising"
    return "falling" if down >= 0.9 * (up + down) else "shuffled"


def _plainly(column: Column, seconds: Sequence[float | None], order: str) -> bool:
    """Return whether cells show by themselves, without a name, that they are times of lines."""
    if column.fill < 0.9:
        return False
    if order in ("rising", "falling"):
        return True
    return all(
        second is not None and second > _EPOCH for second in seconds
    )  # dates with a time, all of one call


_LONGEST_CALL = 12 * 3600.0
_EPOCH = 1e8


def _ends(start: Column | None, stops: Sequence[float | None], calls: Sequence[Sequence[int]]) -> bool:
    """Return whether these times end what the others begin: each after its own start, and not long after the next."""
    if start is None:
        return False
    starts, _ = _read(start.rows)
    pairs = [
        (begin, end)
        for begin, end in zip(starts, stops, strict=True)
        if begin is not None and end is not None
    ]
    if len(pairs) < 2 or any(end < begin for begin, end in pairs):
        return False
    gaps = [end - begin for begin, end in pairs]
    steps = [
        after - before
        for places in calls
        for before, after in pairwise([starts[place] for place in places])
        if before is not None and after is not None and after > before
    ]
    return bool(steps) and 0 < median(gaps) <= 1.5 * median(steps)


def _clock_unit(
    column: Column, seconds: Sequence[float | None], text: Column, calls: Sequence[Sequence[int]], field: str
) -> tuple[LineUnit, str]:
    """Return "m:s" for minutes and seconds that a spreadsheet program took for hours and minutes."""
    known = [second for second in seconds if second is not None]
    if field == "duration" or max(known) >= _EPOCH or any(second % 60 for second in known):
        return "auto", ""
    if not all(
        isinstance(cell, time | timedelta | datetime) or str(cell).count(":") >= 1 for cell in column.cells
    ):
        return "auto", ""
    pace = _pace(seconds, text, calls, field)
    if pace is None or pace < _SLOWEST or pace / 60 >= _SLOWEST:
        return "auto", ""
    return (
        "m:s",
        f"; hours and minutes that are minutes and seconds: {pace / 60:,.2f} s a word, not {pace:,.0f}",
    )


_SLOWEST = 6.0
"""Seconds a word above which nobody speaks, pauses and waiting counted in."""


_UNIT_NAMES: dict[LineUnit, str] = {
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ticks": "ticks of 100 nanoseconds",
    "m:s": "minutes and seconds",
    "min": "minutes",
}


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


def _read(cells: Sequence[Any]) -> tuple[list[float | None], bool]:
    """Seconds as they stand, and whether they are plain numbers whose unit is open."""
    found: list[float | None] = []
    plain = 0
    for cell in cells:
        if isinstance(cell, datetime):
            found.append(cell.replace(tzinfo=None).timestamp() if cell.tzinfo is None else cell.timestamp())
        elif isinstance(cell, time):
            found.append(cell.hour * 3600.0 + cell.minute * 60 + cell.second)
        elif isinstance(cell, timedelta):
            found.append(cell.total_seconds())
        else:
            moment = line_moment(cell) if cell not in (None, "") else None
            found.append(None if moment is None else moment.seconds)
            plain += moment is not None and moment.plain
    return found, plain * 2 > sum(second is not None for second in found)


def _pace(
    seconds: Sequence[float | None], text: Column, calls: Sequence[Sequence[int]], field: str
) -> float | None:
    """Return the units of time that a word takes, in the middle of all calls; None where that cannot be told."""
    paces: list[float] = []
    for places in calls:
        known = [second for place in places if (second := seconds[place]) is not None]
        words = sum(_words(text.of_rows[place]) for place in places)
        if not known or not words:
            continue
        span = sum(known) if field == "duration" else max(known) - min(known)
        if span > 0:
            paces.append(span / words)
    return median(paces) if paces else None


def _words(text: str) -> int:
    """Return how many words a text has, about, also where words stand without spaces."""
    words = len(text.split())
    return words if words > 1 or text.isascii() else max(words, len(text) // 2)


_UNITS: dict[str, LineUnit] = {
    "seconds": "s", "milliseconds": "ms", "microseconds": "us", "ticks of 100 nanoseconds": "ticks", "minutes": "min",
    "days": "days", "hundredths of a second": "cs", "samples, 8,000 a second": "8 kHz",
    "samples, 16,000 a second": "16 kHz",
    "samples, 44,100 a second": "44.1 kHz", "samples, 48,000 a second": "48 kHz",
}  # fmt: skip


def _unit(
    seconds: Sequence[float | None], text: Column, calls: Sequence[Sequence[int]], field: str, name: str
) -> tuple[LineUnit, str]:
    """Return the unit with which people speak at a human pace in most calls, and how long a word takes then."""
    votes: Counter[str] = Counter()
    for places in calls[:200]:
        known = [second for place in places if (second := seconds[place]) is not None]
        words = sum(_words(text.of_rows[place]) for place in places)
        if field == "duration":
            known = [sum(known[:end]) for end in range(len(known) + 1)]
        votes[unit_of(known, words, hint=name).name] += words
    best = votes.most_common(1)[0][0] if votes else "seconds"
    pace = _pace(seconds, text, calls, field)
    return _UNITS[best], best if pace is None else f"{best}: {pace:,.2f} of them a word"


def lines_beside(
    calls: Sequence[tuple[str, Sequence[Any]]], lines: Sequence[tuple[str, Sequence[Any]]]
) -> tuple[str, str] | None:
    """Return (column of the calls, column of the lines) by which another sheet's lines belong to these calls, or None."""
    here = [Column(name, cells) for name, cells in calls]
    if find_lines(here) is not None or any(holds_transcripts(column) for column in here if column.count):
        return None
    there = [Column(name, cells) for name, cells in lines]
    found = find_lines(there)
    if found is None or len(found.group_by) != 1:
        return None
    key = next(column for column in there if column.name == found.group_by[0])
    wanted = set(key.texts)
    best: tuple[float, str] | None = None
    for column in here:
        if not column.count or column.distinct < 0.9 * column.count:
            continue
        share = len(wanted & set(column.texts)) / max(min(len(wanted), column.distinct), 1)
        if share >= 0.5 and (best is None or share > best[0]):
            best = (share, column.name)
    return (best[1], key.name) if best else None
