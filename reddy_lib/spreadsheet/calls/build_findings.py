"""What is said of a row that becomes a call: one function a finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Cells
from datetime import UTC, date, datetime
from typing import Any

from reddy_lib.findings import Finding, finding
from reddy_lib.spreadsheet.calls.grouping import Group
from reddy_lib.spreadsheet.cells.cell_kinds import is_empty
from reddy_lib.spreadsheet.cells.dates import is_day_alone, read_timestamp
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.cells.zones import ZoneRead, names_zone
from reddy_lib.spreadsheet.model import UNIT_FROM_PACE, UNIT_UNCLEAR, Mapping

__all__ = [
    "about_zone",
    "beside_lines",
    "day_alone",
    "half_of_day_open",
    "in_doubt",
    "made_up_id",
    "no_call",
    "nuls_removed",
    "orphan",
    "rows_left_out",
    "swapped",
    "zone_left_open",
]


def beside_lines(texts: Sequence[tuple[str, str]]) -> Finding:
    """The finding for what stands beside the turns of a transcript: a summary, a title."""
    named = "; ".join(f"{key} “{_shortened(text)}”" for key, text in texts[:3])
    more = f"; and {len(texts) - 3:,} more" if len(texts) > 3 else ""
    message = f"Beside the lines there is text about the call, which is not sent: {named}{more}."
    return finding("text-beside-lines", "transcript", message, value=texts[0][1])


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"


def half_of_day_open(cell: Any, cells: Cells[str, Any], mapping: Mapping) -> Finding | None:
    """Return the finding for a start that may be before or after noon, as its row lacks a part that others have."""
    empty = [
        name for name in mapping.joins["timestamp"].columns if is_empty(cells[name]) and not names_zone(name)
    ]
    if not empty or not isinstance(cell, str) or is_day_alone(cell, mapping.timestamp_unit):
        return None
    before, after = (
        read_timestamp(f"{cell} {half}", day_first=mapping.day_first, year_first=mapping.year_first)
        for half in ("AM", "PM")
    )
    if before[0] is None or after[0] is None or before[0] == after[0]:
        return None
    message = f"{empty[0]} is empty, so {cell!r} may be before or after noon."
    return finding("timestamp-unreadable", "timestamp", message, value=cell)


def about_zone(cell: Any, read: ZoneRead, mapping: Mapping) -> Iterator[Finding]:
    """What is to be said about the zone that a row names."""
    column = mapping.timezone_column
    if read.several:
        message = f"{column} has {cell_text(cell)!r}: {read.several}."
        yield finding("timestamp-zone-unclear", "timestamp", message, value=cell_text(cell))
    elif read.assumed:
        message = f"{column} has {cell_text(cell)!r}: {read.assumed}."
        yield finding("timestamp-zone-assumed", "timestamp", message, value=cell_text(cell))
    elif read.zone is None and is_empty(cell):
        message = f"{column} is empty: the time was read in {mapping.timezone or 'UTC'}."
        yield finding("timestamp-zone-assumed", "timestamp", message)
    elif read.zone is None:
        message = f"{column} has {cell_text(cell)[:60]!r}, which is not a known time zone."
        yield finding("timestamp-zone-unclear", "timestamp", message, value=cell_text(cell))


def start_from_transcript(start: int) -> Finding:
    said = datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    message = f"The row has no start time: {said} was taken from the transcript."
    return finding("timestamp-from-transcript", "timestamp", message, value=said)


def day_alone() -> Finding:
    message = "The start time is a date without a time of day: the call was taken to start at midnight."
    return finding("timestamp-without-clock", "timestamp", message)


def swapped(moment: date) -> Finding:
    other = moment.replace(day=moment.month, month=moment.day)
    message = (
        f"The start time is {moment:%Y-%m-%d}, or {other:%Y-%m-%d}: the dates of this column with a day above 12 "
        f"are text, so Excel could not read them, and may have swapped day and month in the others."
    )
    return finding("timestamp-swapped", "timestamp", message, value=moment.isoformat())


def zone_left_open(cell: Any, mapping: Mapping) -> Finding:
    """Return the finding for a start without a zone, in a column whose other cells name theirs."""
    text = cell_text(cell)
    where = mapping.timezone or "UTC"
    message = f"The start time {text} has no time zone, although others in its column do: it was read as {where} time."
    return finding("timestamp-zone-assumed", "timestamp", message, value=text)


def in_doubt(field: str, doubt: str) -> Finding:
    """Return the finding for a doubt of the mapping about one of its fields, or about the unit of line times."""
    message = f"{doubt[:1].upper()}{doubt[1:].removesuffix('.')}."
    if field in _OF_UNITS:
        return finding(_OF_UNITS[field], "transcript", message)
    return finding("column-doubtful", field, message)


_OF_UNITS = {UNIT_UNCLEAR: "unit-unclear", UNIT_FROM_PACE: "unit-from-pace"}


def made_up_id(has_column: bool) -> Finding:
    message = (
        "The row has no conversation id: the call got one that was made from its agent, start and words."
        if has_column
        else "No column holds conversation ids: the call got one that was made from its agent, start and words."
    )
    return finding("conversation-id-made-up", "conversation_id", message)


def no_call(group: Group, mapping: Mapping) -> Finding:
    """Return the finding for rows that do not say which call they belong to."""
    by = " and ".join(map(repr, mapping.group_by))
    cells = [cell_text(group.columns[name][0]).strip() for name in mapping.group_by if name in group.columns]
    said = " ".join(filter(None, cells))
    rows = (
        f"Row {group.rows[0]} has"
        if len(group.rows) == 1
        else f"Rows {group.rows[0]} to {group.rows[-1]} have"
    )
    what = f"only “{said[:80]}”" if said else "nothing"
    message = f"{rows} {what} in {by}: nothing says which call they belong to, or whether they are one call."
    return finding("lines-without-id", "conversation_id", message, value=said or None)


def orphan(mapping: Mapping) -> Finding:
    where = mapping.sheet.lines_sheet if mapping.sheet is not None else ""
    place = f"sheet {where!r}" if where else "a file"
    return finding(
        "lines-without-call",
        "row",
        f"These lines are in {place}, but no row of the calls has their id: this row was added for them.",
    )


def rows_left_out(rows: list[tuple[int, str, str]]) -> Finding:
    """One finding for rows that are no calls, with their texts: nothing of a sheet goes without a word."""
    listed = "; ".join(f"row {row} ({why}): {text}" for row, why, text in rows[:20])
    more = f"; and {len(rows) - 20} more" if len(rows) > 20 else ""
    noun = "row was" if len(rows) == 1 else "rows were"
    return finding("rows-left-out", "row", f"{len(rows)} {noun} left out: {listed}{more}.", value=rows[0][2])


def nuls_removed(rows: dict[int, int]) -> Finding:
    """What was taken out of a call's rows, of the header above the first, and of what follows the last."""
    count = sum(rows.values())
    listed = ", ".join(f"{number:,} in row {row}" for row, number in list(rows.items())[:20])
    more = f", and more in {len(rows) - 20} other rows" if len(rows) > 20 else ""
    what = "1 NUL character was" if count == 1 else f"{count:,} NUL characters were"
    return finding("nul-removed", "row", f"{what} taken out: {listed}{more}.", value=count)
