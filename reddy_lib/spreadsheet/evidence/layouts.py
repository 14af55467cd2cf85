"""Is one row a call, or one line of a call? Weighed from what the columns hold, each answer with its reason.

Lines give themselves away: a column in which few speakers take turns, one with what they said, and something that tells
calls apart. What that is, is a question of evidence: each column that could be it, a counter that starts again, and cells
filled only where a call begins are tried in turn, and the one wins that explains most: in each call both sides speak,
times and counters move on within it, and what else stands in its rows stays the same. A column that holds whole
transcripts says that one row is one call, whatever else is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from reddy_lib.spreadsheet.cells.cell_kinds import as_number
from reddy_lib.spreadsheet.cells.side_cells import lines_of, words_of_cell
from reddy_lib.spreadsheet.evidence.call_groups import (
    Grouping,
    calls_by_value,
    counter_column,
    grouping_of,
    named_calls,
    numbers_lines,
    repeats,
    values_of_calls,
)
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.evidence.line_clocks import line_times
from reddy_lib.spreadsheet.evidence.line_words import (
    directions,
    holds_transcripts,
    is_labelled,
    speaker_column,
    takes_turns,
    words_column,
)
from reddy_lib.spreadsheet.evidence.note_rows import find_notes
from reddy_lib.spreadsheet.evidence.split_transcripts import reads_joined
from reddy_lib.spreadsheet.evidence.word_rows import find_words
from reddy_lib.spreadsheet.model import LineUnit, NewCall, RowIs
from reddy_lib.transcripts import leaning

__all__ = [
    "LinesFound",
    "calls_by_value",
    "find_lines",
    "holds_transcripts",
    "line_times",
    "lines_beside",
    "lines_chosen",
]


class LinesFound(msgspec.Struct):
    """One row a line: what feeds a line, what tells calls apart, and why it looks so."""

    fields: dict[str, str]
    units: dict[str, LineUnit]
    group_by: list[str]
    new_call: NewCall
    reasons: dict[str, str]
    by_time: bool = False
    doubts: dict[str, str] = {}
    roles: dict[str, str] = {}
    row_is: RowIs = "line"


def find_lines(columns: Sequence[Column]) -> LinesFound | None:
    """Return what one row a line would mean for these columns, or None: one row is a call."""
    written = {column.name: column for column in columns if column.count}
    filled = [_in_words(column) for column in written.values()]
    if not filled or filled[0].total < 2:
        return None
    values = values_of_calls(filled)
    parts = _parts(filled, values)
    if parts is not None:
        return parts
    calls = named_calls(filled, values)
    role = speaker_column(filled, calls)
    text = words_column(filled, role, calls)
    words = find_words(filled, calls) if text is None else None
    if words is not None:
        found = _of_words(*words, filled)
        if found is not None:
            return found
    if text is None or holds_transcripts(text):
        return None
    if role is None and text is not written[text.name]:
        return None  # objects that name no speaker, in rows that name none
    if any(column is not text and column.length > 60 and holds_transcripts(column) for column in filled):
        return None
    labelled = role is None and is_labelled(text)
    rest = [column for column in filled if column not in (text, role)]
    if role is None and not labelled:
        return _bare_lines(text, rest)
    order = counter_column(rest)
    rest = [column for column in rest if column is not order]
    group = grouping_of(rest, text, order, role)
    if group is None:
        return None
    sides = role is not None and _are_sides(written[text.name], role, group)
    if role is not None and not sides and not takes_turns(role, group):
        return None
    found = _found(text, role, order, rest, group)
    if sides:
        found.row_is = "side"
        found.reasons["layout"] = f"one row per side of a call: {group.why}"
    return found


def _in_words(column: Column) -> Column:
    """Return a column of objects that each hold one message as a column of their words; any other as it is."""
    if column.objects < 0.9 or not all(words_of_cell(text) != text for text in column.texts[:_FEW]):
        return column
    return Column(column.name, [words_of_cell(text) if text else "" for text in column.of_rows])


_FEW = 5


def _are_sides(text: Column, role: Column, group: Grouping) -> bool:
    """Return whether each row of a call holds all that one of its sides said: two rows or three, of several lines each."""
    labels = [[role.of_rows[place] for place in places] for places in group.calls]
    if any(len(here) > _MOST_SIDES or len(set(here)) < len(here) for here in labels):
        return False
    several = sum(len(lines_of(cell)) > 1 for cell in text.texts)
    return sum(len(here) > 1 for here in labels) >= 0.8 * len(labels) and several >= 0.6 * text.count


_MOST_SIDES = 3


def _parts(filled: Sequence[Column], values: Sequence[tuple[float, Grouping]]) -> LinesFound | None:
    """Return what transcripts that go on in further rows mean: rows of one call that are numbered, and differ in nothing
    else. A call that was passed on differs in who took it, or in when."""
    text = max(filled, key=lambda column: column.length)
    others = [column for column in filled if column is not text]
    found = calls_by_value(others, values) if text.length >= _OF_A_PART else None
    if found is None or all(len(places) < 2 for places in found[1]):
        return None
    name, calls = found
    group = Grouping([name], "value", f"{name!r} is the same in rows that are numbered", calls)
    rest = [column for column in others if column.name != name]
    varying = [
        column
        for column in rest
        if any(len({column.of_rows[place] for place in places}) > 1 for places in calls)
    ]
    if len(varying) != 1 or not numbers_lines(varying[0], group):
        return None
    (order,) = varying
    if not reads_joined([[text.of_rows[place] for place in places] for places in _counted(order, calls)]):
        return None
    reasons = {
        "layout": f"transcripts go on in further rows: {group.why}",
        "line text": f"name {text.name!r}; each cell is a part of a transcript",
        "line order": f"name {order.name!r}; counts the parts of each call",
    }
    return LinesFound({"text": text.name, "order": order.name}, {}, group.by, group.new_call, reasons)


_OF_A_PART = 20


def _of_words(text: Column, role: Column, filled: Sequence[Column]) -> LinesFound | None:
    """Return one row a word: its lines are what one speaker says in a row."""
    rest = [column for column in filled if column not in (text, role)]
    order = counter_column(rest)
    others = [column for column in rest if column is not order]
    group = grouping_of(others, text, order, None)
    if group is None or group.new_call != "value":
        return None
    found = _found(text, role, order, others, group)
    found.reasons["layout"] = f"one row per word: {group.why}"
    found.reasons["line text"] = f"name {text.name!r}; words of {int(text.length):,} characters on average"
    found.row_is = "word"
    return found


def _found(
    text: Column, role: Column | None, order: Column | None, rest: Sequence[Column], group: Grouping
) -> LinesFound:
    """Put together what feeds a line, now that it is known which rows are one call."""
    if order is None:
        order = next(
            (column for column in rest if column.name not in group.by and numbers_lines(column, group)), None
        )
        rest = [column for column in rest if column is not order]
    elif group.new_call != "restart" and repeats(order, group.calls):
        rest, order = [*rest, order], None  # a mark such as 0 and 1, like the counter of very short calls
    fields = {"text": text.name}
    reasons = {
        "layout": f"one row per transcript line: {group.why}",
        "line text": f"name {text.name!r}; {int(text.length):,} characters on average",
    }
    if role is not None:
        fields["role"] = role.name
        sides = sum(leaning(label) in ("agent", "customer") for label in role.texts)
        reasons["line role"] = (
            f"name {role.name!r}; {sides} of {role.count} cells name the agent or the customer, {role.distinct} distinct"
        )
    elif is_labelled(text):
        reasons["line text"] += "; each cell begins with the speaker"
    if order is not None:
        fields["order"] = order.name
        reasons["line order"] = f"name {order.name!r}; counts the lines of each call"
    free = [column for column in rest if column.name not in group.by]
    calls = _counted(order, group.calls) if order is not None else group.calls
    times, units, why, doubts = line_times(free, text, calls, role)
    if group.timed and times.get("start") != group.timed:
        times = {
            **{field: name for field, name in times.items() if name != group.timed},
            "start": group.timed,
        }
        why = {**why, "line start": f"name {group.timed!r}; begins again with each call"}
    by_time = any(said in why.get("line start", "") for said in ("not in its order", "newest first"))
    if by_time and order is not None:
        # It counts the rows as they stand; when lines were spoken, their times say.
        del fields["order"], reasons["line order"]
    notes = find_notes([column for column in free if column.name not in times.values()], text, role, calls)
    if notes.column:
        fields["kind"] = notes.column
        reasons["line kind"] = notes.reason
    if notes.doubt:
        doubts["transcript"] = notes.doubt
    directed = directions(role) if role is not None else {}
    if role is not None and directed:
        reasons["line role"] = f"name {role.name!r}; each cell says whether the agent or the customer speaks"
    return LinesFound(
        {**fields, **times}, units, group.by, group.new_call, {**reasons, **why}, by_time, doubts, directed
    )


def _counted(order: Column, calls: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the rows of each call in the order of their counter; as they stand where one has no number."""
    numbers = [as_number(cell) for cell in order.rows]
    return [
        list(places)
        if any(numbers[place] is None for place in places)
        else sorted(places, key=lambda place: numbers[place] or 0.0)
        for places in calls
    ]


def _bare_lines(text: Column, rest: Sequence[Column]) -> LinesFound | None:
    """Return lines whose speakers nobody names: texts beside times that go on from row to row."""
    if not ({"text", "transcript"} & text.says) or text.prose < 0.5 or text.length > 400:
        return None
    order = counter_column(rest)
    others = [column for column in rest if column is not order]
    group = grouping_of(others, text, order, None)
    if group is None or group.new_call != "value":
        if any(column.emails > 0.5 or column.says & {"agent", "product", "call"} for column in rest):
            return None
        group = Grouping(
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
    calls = named_calls(filled)
    role = speaker_column(filled, calls)
    others = [column for column in filled if column is not role] or filled
    text = words_column(filled, role, calls) or max(others, key=lambda column: column.length)
    fields = {"text": text.name}
    reasons = {"layout": "one row per transcript line: chosen by hand", "line text": "the longest texts"}
    if role is not None and role is not text:
        fields["role"] = role.name
        reasons["line role"] = f"name {role.name!r}; {role.distinct} distinct"
    rest = [column for column in filled if column.name not in fields.values()]
    group = grouping_of(rest, text, None, role)
    by, new_call = (group.by, group.new_call) if group is not None else ([], "value")
    return LinesFound(fields, {}, by, new_call, reasons)


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
