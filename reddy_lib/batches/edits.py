"""Edits of one call, as pure functions from one `Call` to another.

A screen reports edits in its own terms (cells of a table as text and numbers, a date as it was typed). These functions
turn them into the call that `Batch.replace` stores. Lines and tags are addressed by their number (from 1) in the call
that is passed. Nothing is changed in place. A value that does not fit (a word where a number should be) is kept as it
was typed: `check` reports it, and the call is held.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

import reddy_lib.arguments as arguments
from reddy_lib.model import ROLES, Call, Speaker, Tag, TagValue, TranscriptLine, derive_conversation_id
from reddy_lib.spreadsheet.cells.dates import read_timestamp, zone
from reddy_lib.spreadsheet.cells.tag_values import cell_text, tag_value
from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.roles import LEAVE_OUT

__all__ = [
    "SETTABLE",
    "add_tag",
    "delete_empty_lines",
    "delete_lines",
    "delete_tags",
    "divide_times",
    "divide_timestamp",
    "drop_negative_times",
    "in_order_of_time",
    "insert_line",
    "moment_text",
    "move_line",
    "read_line",
    "read_moment",
    "speakers",
    "split_line",
    "split_lines",
    "swap_roles",
    "swap_times",
    "value_text",
    "with_field",
    "with_line_cells",
    "with_role",
    "with_speaker",
    "with_tag_cells",
]

_Item = TypeVar("_Item", TranscriptLine, Tag)


# --- transcript lines --------------------------------------------------------------------------------------


def with_line_cells(call: Call, edits: Mapping[int, Mapping[str, object]]) -> Call:
    """Set cells of lines: line number → cell (role, text, start, stop) → value; None or NaN empties a cell.

    Raises IndexError: there is no such line.
    """
    lines = list(call.transcript or ())
    for number, cells in edits.items():
        old = _numbered(lines, number)
        lines[number - 1] = TranscriptLine(
            role=_text(cells["role"]) if "role" in cells else old.role,
            text=_text(cells["text"]) if "text" in cells else old.text,
            start=_seconds(cells["start"]) if "start" in cells else old.start,
            stop=_seconds(cells["stop"]) if "stop" in cells else old.stop,
        )
    return _with_lines(call, lines)


def insert_line(call: Call, after: int) -> Call:
    """Insert an empty line after line `after` (0 = first). The call is held until the line has a role."""
    lines = list(call.transcript or ())
    if not 0 <= after <= len(lines):
        raise IndexError(f"there is no line {after}")
    lines.insert(after, TranscriptLine("", ""))
    return _with_lines(call, lines)


def delete_lines(call: Call, numbers: Iterable[int]) -> Call:
    """Delete lines. Without its last line, the call has no transcript."""
    gone = set(numbers)
    lines = list(call.transcript or ())
    for number in gone:
        _numbered(lines, number)
    return _with_lines(call, [line for number, line in enumerate(lines, 1) if number not in gone])


def move_line(call: Call, number: int, by: int) -> Call:
    """Move a line up (`by` < 0) or down, at most to the end of the transcript."""
    lines = list(call.transcript or ())
    line = _numbered(lines, number)
    del lines[number - 1]
    lines.insert(max(0, min(len(lines), number - 1 + by)), line)
    return _with_lines(call, lines)


def split_line(call: Call, number: int) -> Call:
    """Split a line at its line breaks. All parts keep the role; the first keeps the start, the last keeps the stop."""
    lines = list(call.transcript or ())
    old = _numbered(lines, number)
    texts = [text.strip() for text in old.text.splitlines() if text.strip()]
    if len(texts) < 2:
        return call
    new = [TranscriptLine(old.role, text) for text in texts]
    new[0].start, new[-1].stop = old.start, old.stop
    return _with_lines(call, [*lines[: number - 1], *new, *lines[number:]])


def read_line(call: Call, number: int) -> Call:
    """Read the text of a line as a transcript, and replace the line with what was read.

    For a transcript that could not be read and was kept in one line, once its text was corrected. Returns the same call
    object if it still cannot be read.
    """
    lines = list(call.transcript or ())
    # No times are estimated here, because no finding would say so.
    found = read_transcript(_numbered(lines, number).text, times="leave out")
    if found.form not in ("json", "labelled text") or len(found.lines) < 2:
        return call
    return _with_lines(call, [*lines[: number - 1], *found.lines, *lines[number:]])


def with_role(call: Call, label: str, role: str) -> Call:
    """Give this role to every line whose role is `label`, compared without case and outer spaces.

    The role "leave out" deletes those lines.
    """
    wanted = label.strip().casefold()
    lines = []
    for line in call.transcript or ():
        if line.role.strip().casefold() != wanted:
            lines.append(line)
        elif role != LEAVE_OUT:
            lines.append(msgspec.structs.replace(line, role=role))
    return _with_lines(call, lines)


def swap_roles(call: Call) -> Call:
    """Swap the agent's and the customer's lines; other roles stay as they are."""
    other = dict(zip(ROLES, reversed(ROLES), strict=True))
    return _with_lines(
        call,
        [
            msgspec.structs.replace(line, role=other.get(line.role.strip().casefold(), line.role))
            for line in call.transcript or ()
        ],
    )


def speakers(calls: Iterable[Call]) -> dict[str, int]:
    """Count the lines by role, as the roles are written: those that Reddy does not know first, then by count."""
    counts: Counter[str] = Counter()
    for call in calls:
        counts.update(line.role for line in call.transcript or ())
    return dict(sorted(counts.items(), key=lambda item: (item[0] in ROLES, -item[1], item[0])))


def _with_lines(call: Call, lines: Sequence[TranscriptLine]) -> Call:
    return msgspec.structs.replace(call, transcript=list(lines) or None)


# --- all lines at once -------------------------------------------------------------------------------------


def swap_times(call: Call) -> Call:
    """Swap start and stop in every line that starts after it stops."""
    return _each_line(
        call,
        lambda line: (
            (line.stop, line.start)
            if line.start is not None and line.stop is not None and line.start > line.stop
            else (line.start, line.stop)
        ),
    )


def divide_times(call: Call) -> Call:
    """Divide the times of every line by 1,000."""
    return _each_line(call, lambda line: (_thousandth(line.start), _thousandth(line.stop)))


def divide_timestamp(call: Call) -> Call:
    """Divide the start of the call by 1,000."""
    return msgspec.structs.replace(call, timestamp=_thousandth(call.timestamp))


def drop_negative_times(call: Call) -> Call:
    """Empty the times of lines that are before the start of the call."""
    return _each_line(
        call,
        lambda line: (
            None if line.start is not None and line.start < 0 else line.start,
            None if line.stop is not None and line.stop < 0 else line.stop,
        ),
    )


def delete_empty_lines(call: Call) -> Call:
    """Delete the lines without text."""
    return _with_lines(call, [line for line in call.transcript or () if line.text.strip()])


def in_order_of_time(call: Call) -> Call:
    """Sort the lines by their start; a line without one stays below the line above it."""
    keyed = []
    latest = -math.inf
    for line in call.transcript or ():
        latest = line.start if line.start is not None else latest
        keyed.append((latest, line))
    return _with_lines(call, [line for _, line in sorted(keyed, key=lambda pair: pair[0])])


def split_lines(call: Call, numbers: Iterable[int]) -> Call:
    """Split these lines at their line breaks; see `split_line`."""
    for number in sorted(numbers, reverse=True):  # from the end, so that the other numbers stay valid
        call = split_line(call, number)
    return call


def _each_line(call: Call, times: Callable[[TranscriptLine], tuple[float | None, float | None]]) -> Call:
    lines = []
    for line in call.transcript or ():
        start, stop = times(line)
        lines.append(TranscriptLine(line.role, line.text, start, stop))
    return _with_lines(call, lines)


def _thousandth(value: float | None) -> float | None:
    return None if value is None else value / 1000


# --- tags --------------------------------------------------------------------------------------------------


def with_tag_cells(call: Call, edits: Mapping[int, Mapping[str, object]]) -> Call:
    """Set cells of tags: tag number → cell (key, value, type) → text.

    A value is read by the tag's type: "12" as an integer is 12, "yes" as a boolean is true; what cannot be read as its
    type stays text. When the type of a tag changes, its value is read again. Raises IndexError: there is no such tag.
    """
    tags = list(call.tags or ())
    for number, cells in edits.items():
        old = _numbered(tags, number)
        type_ = _text(cells["type"]) if "type" in cells else old.type
        value = old.value
        if "value" in cells:
            value = tag_value(_text(cells["value"]), type_)
        elif type_ != old.type:
            value = tag_value(value_text(old.value), type_)
        tags[number - 1] = Tag(
            key=_text(cells["key"]) if "key" in cells else old.key, value=value, type=type_
        )
    return _with_tags(call, tags)


def add_tag(call: Call) -> Call:
    """Add an empty tag at the end. The call is held until the tag has a name."""
    return _with_tags(call, [*(call.tags or ()), Tag("", "", "string")])


def delete_tags(call: Call, numbers: Iterable[int]) -> Call:
    """Delete tags. Raises IndexError: there is no such tag."""
    gone = set(numbers)
    tags = list(call.tags or ())
    for number in gone:
        _numbered(tags, number)
    return _with_tags(call, [tag for number, tag in enumerate(tags, 1) if number not in gone])


def value_text(value: TagValue) -> str:
    """Return a tag's value as text that is read back as the same value: true, 12, or the text itself."""
    return str(value).lower() if isinstance(value, bool) else cell_text(value)


def _with_tags(call: Call, tags: Sequence[Tag]) -> Call:
    return msgspec.structs.replace(call, tags=list(tags) or None)


# --- fields ------------------------------------------------------------------------------------------------


SETTABLE: tuple[str, ...] = ("agent_email", "product_id", "conversation_id", "filename", "timestamp")
"""Fields that `with_field` can set."""


def with_field(call: Call, field: str, value: object) -> Call:
    """Set one of the fields in `SETTABLE`. Empty text empties the field.

    An emptied conversation id is derived from the call again: a call is never sent without one.
    """
    arguments.known(field, "field", SETTABLE)
    if isinstance(value, str):
        value = value.strip() or None
    changed = msgspec.structs.replace(call, **{field: value})
    if field == "conversation_id" and value is None:
        changed.conversation_id = derive_conversation_id(changed)
    return changed


def with_speaker(call: Call, separation: str | None, channel_map: Sequence[str] | None = None) -> Call:
    """Set the speaker separation. A channel map is kept for the separation "channels" only."""
    if separation is None:
        return msgspec.structs.replace(call, speaker=None)
    map_ = list(channel_map) if channel_map and separation == "channels" else None
    return msgspec.structs.replace(call, speaker=Speaker(separation, map_))


def moment_text(timestamp: float | None, timezone: str) -> str:
    """Return a start as people write it, in a time zone ("" = UTC): 2026-03-30 17:46, with seconds if it has any.

    In the hour that occurs twice, at the end of daylight saving time, the offset is added. A number outside of the
    calendar is returned as it is.
    """
    if timestamp is None:
        return ""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=timestamp)
        local = moment.astimezone(zone(timezone))
    except (OverflowError, ValueError):
        return cell_text(timestamp)
    text = local.replace(tzinfo=None).isoformat(sep=" ", timespec="auto")
    text = text.removesuffix(":00") if text.count(":") == 2 else text
    if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
        text += local.strftime("%z")[:3] + ":" + local.strftime("%z")[3:]
    return text


def read_moment(text: str, timezone: str) -> tuple[float | None, str]:
    """Read a start as a person typed it: return (seconds since the epoch or None, why it could not be read or "")."""
    seconds, found = read_timestamp(text, tz=zone(timezone))
    if found is not None and seconds is None:
        return None, found.message
    return seconds, "" if found is None else found.message


# --- cells -------------------------------------------------------------------------------------------------


def _numbered(items: Sequence[_Item], number: int) -> _Item:
    if not 1 <= number <= len(items):  # a negative index would silently address another one
        raise IndexError(f"there is no number {number} among {len(items)}")
    return items[number - 1]


def _text(cell: object) -> str:
    return "" if cell is None or (isinstance(cell, float) and math.isnan(cell)) else str(cell)


def _seconds(cell: object) -> float | None:
    if cell is None or isinstance(cell, bool) or not isinstance(cell, int | float) or not math.isfinite(cell):
        return None
    return cell
