"""What one column alone does not give: a date and a time of day joined, names looked up in a second sheet.

Both start from a mapping that was guessed column by column, and give a changed copy with the reason.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping as Mapping_
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from reddy_lib.errors import SheetError
from reddy_lib.spreadsheet.calls.sources import fold_text
from reddy_lib.spreadsheet.cells.date_numbers import is_day_number
from reddy_lib.spreadsheet.cells.date_text import read_written
from reddy_lib.spreadsheet.cells.dates import looks_like_time, read_timestamp
from reddy_lib.spreadsheet.cells.header_words import concepts
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.cells.zones import zone_in_name
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.evidence.time_order import is_time_of_day, is_unmarked_clock, times_of_day
from reddy_lib.spreadsheet.formats import SheetFormat
from reddy_lib.spreadsheet.mapping.lookups import find_column, find_lookup
from reddy_lib.spreadsheet.model import Join, Mapping
from reddy_lib.transcripts import read_opening, role_of

__all__ = [
    "with_agent_names",
    "with_agents_beside",
    "with_agents_in_lines",
    "with_clock_of_lines",
    "with_joined_time",
    "with_stated_zone",
]

_BESIDE = frozenset(("excel", "files"))
"""Kinds of files that may hold a table of agents beside that of the calls."""
_MOST_CANDIDATES = 12
_NO_AGENTS = frozenset(
    ("customer", "supervisor", "start", "end", "date", "time", "duration", "score", "status")
)

_WITH_CLOCK = re.compile(r"\d:\d\d|\d[T ]\d{1,2}[.h]\d\d|\d\s*[ap]\.?m\b", re.IGNORECASE)


def with_joined_time(mapping: Mapping, columns: Sequence[Column]) -> Mapping:
    """Return the start from two columns, where the one that was guessed has dates alone and another the time of day."""
    name = mapping.fields.get("timestamp")
    names = [column.name for column in columns]
    if name not in names:
        return mapping
    place = names.index(name)
    days = columns[place].cells
    if not days or sum(map(_is_day, days)) < 0.8 * len(days):
        return mapping
    used = set(mapping.fields.values())
    best: tuple[float, Column] | None = None
    for here, other in enumerate(columns):
        if other.name in used or not other.count or _is_of_something_else(other):
            continue
        colons = other.clocks >= 0.8 and is_time_of_day(other)  # 0:03:20 is how long a call was
        if not colons and not (other.says & {"time", "start"} and is_unmarked_clock(other)):
            continue
        named = bool(other.says & {"time", "start"})
        earlier = sum(_comes_before(other, third) for third in columns if third.clocks >= 0.8)
        score = 10 * named + 5 * ("start" in other.says) + 2 * earlier - abs(here - place) / len(columns)
        if best is None or score > best[0]:
            best = (score, other)
    if best is None:
        return _with_clock_in_doubt(mapping, name, [one for one in columns if one.name not in used])
    other = best[1]
    fields = {field: column for field, column in mapping.fields.items() if field != "timestamp"}
    share = 100 if other.clocks < 0.8 else int(100 * other.clocks)
    reason = f"{mapping.reasons['timestamp']}; joined with {other.name!r}: {share}% are times of day"
    return mapping.replace(
        fields=fields,
        joins={**mapping.joins, "timestamp": Join([name, other.name])},
        reasons={**mapping.reasons, "timestamp": reason},
    )


def with_clock_of_lines(mapping: Mapping, day: Column, clock: Column) -> Mapping:
    """Return the start from the day of a call and the time of day of its first line, where no column has both.

    Args:
        day: the column that was guessed for the start, one cell a call.
        clock: the column that says when lines begin, with a cell of each call.
    """
    if not day.cells or sum(map(_is_day, day.cells)) < 0.8 * len(day.cells) or not is_time_of_day(clock):
        return mapping
    fields = {field: column for field, column in mapping.fields.items() if field != "timestamp"}
    reason = f"{mapping.reasons['timestamp']}; joined with {clock.name!r}: the time of day of the first line"
    return mapping.replace(
        fields=fields,
        joins={**mapping.joins, "timestamp": Join([day.name, clock.name])},
        reasons={**mapping.reasons, "timestamp": reason},
    )


def with_stated_zone(mapping: Mapping) -> Mapping:
    """Return a copy with the zone that the name of a column of start times states: "Time (America/New_York)"."""
    zones = {zone: name for name in mapping.sources().get("timestamp", []) if (zone := zone_in_name(name))}
    if mapping.timezone or mapping.timezone_column or len(zones) != 1:
        return mapping
    ((zone, name),) = zones.items()
    reason = f"{mapping.reasons.get('timestamp', '')}; the name {name!r} says that its zone is {zone}"
    return mapping.replace(timezone=zone, reasons={**mapping.reasons, "timestamp": reason.removeprefix("; ")})


def _is_of_something_else(column: Column) -> bool:
    return (
        bool(column.says & {"end", "changed", "duration", "created", "order"}) and "start" not in column.says
    )


def _with_clock_in_doubt(mapping: Mapping, day: str, columns: Sequence[Column]) -> Mapping:
    """Return a copy that asks about the column that may say at what time of that day calls began; calls are at midnight."""
    for column in columns:
        if not column.count or _is_of_something_else(column) or "timestamp" in mapping.doubts:
            continue
        named = "time" in column.says and not column.says & {"zone", "offset", "date", "score", "id"}
        if (named and any(map(str.isdigit, column.texts[0]))) or is_unmarked_clock(column, sure=True):
            doubt = (
                f"{day!r} has dates without a time of day, and calls are taken to start at midnight; {column.name!r} "
                f"may have the times ({column.texts[0][:20]!r}), which could not be told for sure"
            )
            return mapping.replace(
                doubts={**mapping.doubts, "timestamp": doubt},
                second_best={**mapping.second_best, "timestamp": column.name},
            )
    return mapping


def _comes_before(one: Column, other: Column) -> bool:
    """Return whether times of day are never after those of another column, and mostly before them."""
    if one.name == other.name or not is_time_of_day(other):
        return False
    both = [
        (here, there)
        for here, there in zip(times_of_day(one), times_of_day(other), strict=True)
        if here is not None and there is not None
    ]
    return bool(both) and sum(here < there for here, there in both) > 0.8 * len(both)


def with_agent_names(mapping: Mapping, cells: Sequence[Any], path: str | os.PathLike[str]) -> Mapping:
    """Names of agents matched to emails by another sheet of the same workbook; the mapping itself where none knows them."""
    texts = {text for cell in cells if (text := cell_text(cell).strip())}
    format = mapping.sheet
    if not texts or format is None or format.kind not in _BESIDE or not format.sheet:
        return mapping
    try:
        found = find_lookup(path, field="agent_email", texts=texts, but=_read_already(format))
    except SheetError:
        return mapping
    if found is None:
        return mapping
    reason = mapping.reasons.get("agent_email", "").removesuffix(": match the names to emails")
    return mapping.replace(
        values={"agent_email": found.values},
        reasons={**mapping.reasons, "agent_email": f"{reason}; names to emails by {found.reason}"},
    )


def with_agents_beside(
    mapping: Mapping, columns: Mapping_[str, Sequence[Any]], path: str | os.PathLike[str]
) -> Mapping:
    """Return the agents by a column that no name gives away, where another table of the file has its texts beside emails.

    `columns`: the columns of the calls, with their cells. Who called may stand in such a table too: unless a name
    says that it holds agents, few of its people have to take many calls, and the choice is a doubt.
    """
    format = mapping.sheet
    if format is None or format.kind not in _BESIDE or not format.sheet:
        return mapping
    candidates: dict[str, list[Any]] = {}
    for name in mapping.tags:
        column = Column(name, columns.get(name, ()))
        if not column.count or column.distinct < 2 or column.length > 40 or column.times > 0.5:
            continue
        repeats = column.distinct <= 0.7 * column.count or column.count < 4
        if column.says & _NO_AGENTS or not (repeats or "agent" in column.says) or column.emails >= 0.5:
            continue
        candidates[name] = list(dict.fromkeys(column.texts))
        if len(candidates) >= _MOST_CANDIDATES:
            break
    if not candidates:
        return mapping
    try:
        found = find_column(
            path,
            field="agent_email",
            columns=candidates,
            but=_read_already(format),
        )
    except SheetError:
        return mapping
    if found is None:
        return mapping
    name, table = found
    says = concepts(name) | concepts(table.source) | concepts(table.value)
    if "customer" in says:
        return mapping
    doubts = dict(mapping.doubts)
    if "agent" not in says:
        doubts["agent_email"] = (
            f"{name!r} was taken because {table.source!r} has its texts beside emails; no name says that they are agents"
        )
    return mapping.replace(
        fields={**mapping.fields, "agent_email": name},
        values={**mapping.values, "agent_email": table.values},
        tags=[tag for tag in mapping.tags if tag != name],
        tag_types={tag: kind for tag, kind in mapping.tag_types.items() if tag != name},
        doubts=doubts,
        reasons={
            **mapping.reasons,
            "agent_email": f"{len(candidates[name])} distinct; emails by {table.reason}",
        },
    )


def with_agents_in_lines(mapping: Mapping, cells: Sequence[Any], path: str | os.PathLike[str]) -> Mapping:
    """Return the emails of those who speak in the transcripts, where another sheet has one speaker of nearly each call.

    Without a column of agents, who speaks alone may name them: "Kim Lee: Hello" beside a sheet of names and emails.
    """
    format = mapping.sheet
    if format is None or format.kind not in _BESIDE or not format.sheet or mapping.values.get("agent_email"):
        return mapping
    spoken = [set(read_opening(text).labels) - {""} for cell in cells if (text := cell_text(cell).strip())]
    labels = {label for each in spoken for label in each if " " in label and not role_of(label)}
    if len(labels) < 2:
        return mapping
    try:
        found = find_lookup(
            path,
            field="agent_email",
            texts=labels,
            but=_read_already(format),
        )
    except SheetError:
        return mapping
    if found is None or "customer" in concepts(found.source) | concepts(found.value):
        return mapping
    known = {fold_text("agent_email", text) for text in found.values}
    one = sum(sum(fold_text("agent_email", label) in known for label in each) == 1 for each in spoken)
    here = {fold_text("agent_email", label) for label in labels} & known
    # Who called may stand in such a sheet too: agents take many calls.
    named = "agent" in concepts(found.source) | concepts(found.value)
    if one < 0.8 * len(spoken) or (not named and len(here) > 0.7 * len(spoken)):
        return mapping
    return mapping.replace(
        values={**mapping.values, "agent_email": found.values},
        reasons={
            **mapping.reasons,
            "agent_email": f"no column; who speaks in the transcripts, by {found.reason}",
        },
    )


def _read_already(format: SheetFormat) -> tuple[str | None, ...]:
    """Return the sheets that hold calls or their lines: no table of agents is looked for in them."""
    return (format.sheet, format.lines_sheet, *format.alike, *format.tables)


def _is_day(cell: Any) -> bool:
    if isinstance(cell, datetime):
        return cell.time() == time() and cell.tzinfo is None
    if isinstance(cell, date):
        return True
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return is_day_number(cell) and cell == int(cell)
    if not isinstance(cell, str):
        return False
    if len(cell) < 9 and cell.strip().isdecimal() and is_day_number(int(cell)):
        return True
    if not looks_like_time(cell):
        return False
    written = read_written(cell.strip())
    if written is not None:
        return written.clock[:4] == (0, 0, 0, 0)
    moment, _ = read_timestamp(cell, day_first=True)
    if moment is not None and moment % 86_400:
        return False  # a moment as programs write it: /Date(1764176854000)/, 20260901T101500
    text = re.sub(r"(?<=\d)[T ]0{1,2}:00(?::00(?:\.0+)?)?$", "", cell.strip())
    return not _WITH_CLOCK.search(text) and (not text.isdecimal() or len(text) == 8)
