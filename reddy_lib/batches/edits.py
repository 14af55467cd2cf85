"""Editing a call: what somebody does at a table, a field or a button, as pure functions from one `Call` to another.

A screen reports edits in its own terms (cells of a table as text and numbers, a date as it was typed); the
functions here turn them into the call that `Batch.replace` stores, and tell what differs from the sheet. Lines
and tags are addressed by their number (from 1), in the call as it is given. Nothing is changed in place, and
whatever does not fit (a word where a number should be) is kept as it was typed: `check` says so, and the call
waits.

`problems` brings the findings of a call together with the repairs that are obvious; `count_edits` says how many of
many calls one edit would change (`changes.change_calls` makes it).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from reddy_lib import arguments
from reddy_lib.batches.decisions import ManyEdited
from reddy_lib.checks import check
from reddy_lib.database.schema import EDITABLE
from reddy_lib.findings import CATALOGUE, Finding
from reddy_lib.model import (
    ROLES,
    Call,
    Speaker,
    Tag,
    TagValue,
    TranscriptLine,
    derive_conversation_id,
    from_payload,
    payload_json,
)
from reddy_lib.spreadsheet.dates import read_timestamp, zone
from reddy_lib.spreadsheet.tag_values import cell_text, tag_value
from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.roles import LEAVE_OUT

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.batches.stored_batch import StoredBatch

__all__ = [
    "SETTABLE",
    "Differences",
    "Fix",
    "ManyEdited",
    "Problem",
    "add_tag",
    "count_edits",
    "delete_lines",
    "delete_tags",
    "differences",
    "insert_line",
    "lines_table",
    "moment_text",
    "move_line",
    "place",
    "problems",
    "read_line",
    "read_moment",
    "speakers",
    "split_line",
    "swap_roles",
    "tags_table",
    "value_text",
    "with_field",
    "with_line_cells",
    "with_role",
    "with_speaker",
    "with_tag_cells",
]

Change = Callable[[Call], Call]
_One = TypeVar("_One", TranscriptLine, Tag)


# --- transcript lines --------------------------------------------------------------------------------------


def with_line_cells(call: Call, edits: Mapping[int, Mapping[str, Any]]) -> Call:
    """Set cells of lines: line number → cell (role, text, start, stop) → value; None or NaN empties a cell.

    Raises IndexError: there is no line with this number.
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
    """A new empty line after line `after` (0 = first). It has no role, so the call is held until it has one."""
    lines = list(call.transcript or ())
    if not 0 <= after <= len(lines):
        raise IndexError(f"there is no line {after}")
    lines.insert(after, TranscriptLine("", ""))
    return _with_lines(call, lines)


def delete_lines(call: Call, numbers: Iterable[int]) -> Call:
    """Without these lines. The last one gone, the call has no transcript."""
    gone = set(numbers)
    lines = list(call.transcript or ())
    for number in gone:
        _numbered(lines, number)
    return _with_lines(call, [line for number, line in enumerate(lines, 1) if number not in gone])


def move_line(call: Call, number: int, by: int) -> Call:
    """One line moved up (`by` < 0) or down, at most to the end of the transcript."""
    lines = list(call.transcript or ())
    line = _numbered(lines, number)
    del lines[number - 1]
    lines.insert(max(0, min(len(lines), number - 1 + by)), line)
    return _with_lines(call, lines)


def split_line(call: Call, number: int) -> Call:
    """One line as several, cut at its line breaks: same role; the first keeps the start, the last keeps the stop."""
    lines = list(call.transcript or ())
    old = _numbered(lines, number)
    texts = [text.strip() for text in old.text.splitlines() if text.strip()]
    if len(texts) < 2:
        return call
    new = [TranscriptLine(old.role, text) for text in texts]
    new[0].start, new[-1].stop = old.start, old.stop
    return _with_lines(call, [*lines[: number - 1], *new, *lines[number:]])


def read_line(call: Call, number: int) -> Call:
    """The text of one line read as a transcript of its own: for one that was kept whole because it could not be
    read, once somebody has corrected it. The same call where it still cannot be read."""
    lines = list(call.transcript or ())
    # no times are estimated here: there is no finding that could say so
    found = read_transcript(_numbered(lines, number).text, times="leave out")
    if found.form not in ("json", "labelled text") or len(found.lines) < 2:
        return call
    return _with_lines(call, [*lines[: number - 1], *found.lines, *lines[number:]])


def with_role(call: Call, label: str, role: str) -> Call:
    """Every line whose role is written `label` (compared without case and outer spaces) gets this role; with
    "leave out" those lines go."""
    wanted = label.strip().casefold()
    lines = []
    for line in call.transcript or ():
        if line.role.strip().casefold() != wanted:
            lines.append(line)
        elif role != LEAVE_OUT:
            lines.append(msgspec.structs.replace(line, role=role))
    return _with_lines(call, lines)


def swap_roles(call: Call) -> Call:
    """The agent's lines become the customer's and the other way round; other roles stay as they are."""
    other = dict(zip(ROLES, reversed(ROLES), strict=True))
    return _with_lines(
        call,
        [
            msgspec.structs.replace(line, role=other.get(line.role.strip().casefold(), line.role))
            for line in call.transcript or ()
        ],
    )


def speakers(calls: Iterable[Call]) -> dict[str, int]:
    """Roles as they are written → number of lines, those that Reddy does not know first, then by count."""
    counts: Counter[str] = Counter()
    for call in calls:
        counts.update(line.role for line in call.transcript or ())
    return dict(sorted(counts.items(), key=lambda item: (item[0] in ROLES, -item[1], item[0])))


def _with_lines(call: Call, lines: Sequence[TranscriptLine]) -> Call:
    return msgspec.structs.replace(call, transcript=list(lines) or None)


# --- tags --------------------------------------------------------------------------------------------------


def with_tag_cells(call: Call, edits: Mapping[int, Mapping[str, Any]]) -> Call:
    """Set cells of tags: tag number → cell (key, value, type) → text.

    A value is read by the tag's type: "12" of an integer is 12, "yes" of a boolean is true; what does not read as
    its type stays text. A tag that changes its type has its value read again. Raises IndexError: no such tag.
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
    """A new empty tag at the end. It has no name, so the call is held until it has one."""
    return _with_tags(call, [*(call.tags or ()), Tag("", "", "string")])


def delete_tags(call: Call, numbers: Iterable[int]) -> Call:
    """Without these tags. Raises IndexError: no such tag."""
    gone = set(numbers)
    tags = list(call.tags or ())
    for number in gone:
        _numbered(tags, number)
    return _with_tags(call, [tag for number, tag in enumerate(tags, 1) if number not in gone])


def value_text(value: TagValue) -> str:
    """A tag's value as text that reads back as the same value of its type: true, 12, or the text itself."""
    return str(value).lower() if isinstance(value, bool) else cell_text(value)


def _with_tags(call: Call, tags: Sequence[Tag]) -> Call:
    return msgspec.structs.replace(call, tags=list(tags) or None)


# --- fields ------------------------------------------------------------------------------------------------


SETTABLE: tuple[str, ...] = ("agent_email", "product_id", "conversation_id", "filename", "timestamp")
"""Fields that `with_field` sets."""


def with_field(call: Call, field: str, value: Any) -> Call:
    """Set agent_email, product_id, conversation_id, filename or timestamp. Empty text means "not given".

    A conversation id that is emptied is derived from the call again: a call is never sent without one.
    """
    arguments.known(field, "field", SETTABLE)
    if isinstance(value, str):
        value = value.strip() or None
    changed = msgspec.structs.replace(call, **{field: value})
    if field == "conversation_id" and value is None:
        changed.conversation_id = derive_conversation_id(changed)
    return changed


def with_speaker(call: Call, separation: str | None, channel_map: Sequence[str] | None = None) -> Call:
    """Set how voices are told apart. A channel map goes with the separation "channels" only and is dropped elsewhere."""
    if separation is None:
        return msgspec.structs.replace(call, speaker=None)
    map_ = list(channel_map) if channel_map and separation == "channels" else None
    return msgspec.structs.replace(call, speaker=Speaker(separation, map_))


def moment_text(timestamp: float | None, timezone: str) -> str:
    """A start as people write it, in this time zone ("" = UTC): 2026-03-30 17:46, with seconds where it has some.

    In the hour that happens twice the offset is written too. What lies outside the calendar is its number.
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
    """A start as somebody typed it → (seconds since the epoch or None, why it could not be read or "")."""
    seconds, found = read_timestamp(text, tz=zone(timezone))
    if found is not None and seconds is None:
        return None, found.message
    return seconds, "" if found is None else found.message


# --- what differs from the sheet ---------------------------------------------------------------------------


class Differences(NamedTuple):
    """Where an edited call differs from what the sheet said. `lines`, `tags`: number now → names of the cells that
    changed, ("new",) for one that was added. `fields`: names of the call's own fields. `gone`: how many lines, and
    how many tags, were deleted."""

    fields: tuple[str, ...]
    lines: dict[int, tuple[str, ...]]
    tags: dict[int, tuple[str, ...]]
    gone: tuple[int, int]
    names: dict[int, str]

    def __bool__(self) -> bool:
        return bool(self.fields or self.lines or self.tags or any(self.gone))

    def __str__(self) -> str:
        """As in "agent email · line 3 text · tag CSAT · 2 lines deleted"."""
        parts = [place(field) for field in self.fields]
        for number, cells in self.lines.items():
            parts.append(f"line {number} {'added' if cells == ('new',) else ' and '.join(cells)}")
        for number, cells in self.tags.items():
            name = self.names.get(number) or f"number {number}"
            parts.append(f"tag {name}" + (" added" if cells == ("new",) else ""))
        for count, noun in zip(self.gone, ("line", "tag"), strict=True):
            if count:
                parts.append(f"{_counted(count, noun)} deleted")
        shown = parts if len(parts) <= 6 else [*parts[:5], f"{len(parts) - 5} more"]
        return " · ".join(shown)


def differences(original: Call, call: Call) -> Differences:
    """What an edited call has that the sheet did not, line by line and cell by cell."""
    fields = tuple(
        field
        for field in Call.__struct_fields__
        if field not in ("transcript", "tags")
        and _json(getattr(original, field)) != _json(getattr(call, field))
    )
    lines, lines_gone = _compared(original.transcript or [], call.transcript or [])
    tags, tags_gone = _compared(original.tags or [], call.tags or [])
    names = {number: (call.tags or [])[number - 1].key for number in tags}
    return Differences(fields, lines, tags, (lines_gone, tags_gone), names)


def _compared(before: Sequence[_One], after: Sequence[_One]) -> tuple[dict[int, tuple[str, ...]], int]:
    old, new = [_json(one) for one in before], [_json(one) for one in after]
    if old == new:
        return {}, 0
    found: dict[int, tuple[str, ...]] = {}
    gone = 0
    for kind, a, a_end, b, b_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        both = min(a_end - a, b_end - b)
        for offset in range(both):
            one, other = before[a + offset], after[b + offset]
            found[b + offset + 1] = tuple(
                name
                for name in one.__struct_fields__
                if _json(getattr(one, name)) != _json(getattr(other, name))
            )
        found.update(dict.fromkeys(range(b + both + 1, b_end + 1), ("new",)))
        gone += a_end - a - both
    return found, gone


_PLACE = re.compile(r"(transcript|tags)\[(\d+)\]\.(\w+)")
_DECISION = re.compile(r"(finding|unassigned)\[([\w-]+)\]")
_NAMES = {
    "agent_email": "agent email",
    "product_id": "product",
    "conversation_id": "conversation id",
    "timestamp": "start",
    "filename": "file name",
    "speaker": "speaker separation",
    "transcript": "transcript",
    "tags": "tags",
}


def place(field: str) -> str:
    """A field of the record of edits in the analyst's words: "transcript[3].text" → "line 3 text"."""
    found = _PLACE.fullmatch(field)
    if found:
        return f"{'line' if found[1] == 'transcript' else 'tag'} {found[2]} {found[3]}"
    decision = _DECISION.fullmatch(field)
    if decision:
        title = CATALOGUE[decision[2]].title if decision[2] in CATALOGUE else decision[2]
        return (
            f"finding “{title}”" if decision[1] == "finding" else f"text without a line, number {decision[2]}"
        )
    return _NAMES.get(field, field)


# --- tables ------------------------------------------------------------------------------------------------


def lines_table(
    call: Call, findings: Sequence[Finding], changed: Differences, times: Sequence[str] = ()
) -> pd.DataFrame:
    """The transcript as an editable table. Index: line number from 1. Columns: marks ("error" or "check", and
    "changed", with commas), role (None = no role), text, start, stop (seconds, NaN = none), times (where they are
    from, as `Batch.lines` tells; "" where `times` is not given), finding (what is said of the line)."""
    import pandas as pd

    lines = call.transcript or []
    said = _said(findings, ("transcript", "role", "text", "start", "stop"))
    numbers = range(1, len(lines) + 1)
    return pd.DataFrame(
        {
            "marks": _marks(numbers, said, changed.lines),
            "role": pd.Series([line.role or None for line in lines], index=numbers, dtype="str"),
            "text": pd.Series([line.text for line in lines], index=numbers, dtype="str"),
            "start": pd.Series([line.start for line in lines], index=numbers, dtype=float),
            "stop": pd.Series([line.stop for line in lines], index=numbers, dtype=float),
            "times": pd.Series(list(times) or [""] * len(lines), index=numbers, dtype="str"),
            "finding": _messages(numbers, said),
        },
        index=pd.Index(numbers, name="line", dtype="int64"),
    )


def tags_table(call: Call, findings: Sequence[Finding], changed: Differences) -> pd.DataFrame:
    """The tags as an editable table. Index: number from 1. Columns: marks (as in `lines_table`), key, value (always
    text), type, finding."""
    import pandas as pd

    tags = call.tags or []
    said = _said(findings, ("tags",))
    numbers = range(1, len(tags) + 1)
    return pd.DataFrame(
        {
            "marks": _marks(numbers, said, changed.tags),
            "key": pd.Series([tag.key for tag in tags], index=numbers, dtype="str"),
            "value": pd.Series([value_text(tag.value) for tag in tags], index=numbers, dtype="str"),
            "type": pd.Series([tag.type for tag in tags], index=numbers, dtype="str"),
            "finding": _messages(numbers, said),
        },
        index=pd.Index(numbers, name="tag", dtype="int64"),
    )


def _said(findings: Sequence[Finding], fields: tuple[str, ...]) -> dict[int, list[Finding]]:
    said: dict[int, list[Finding]] = {}
    for found in findings:
        if found.line is not None and found.field in fields:
            said.setdefault(found.line, []).append(found)
    return said


def _marks(
    numbers: Iterable[int], said: Mapping[int, Sequence[Finding]], changed: Mapping[int, Any]
) -> pd.Series[Any]:
    import pandas as pd

    marks = []
    for number in numbers:
        own = []
        severities = {found.severity for found in said.get(number, ())}
        if severities:
            own.append("error" if "error" in severities else "check")
        if number in changed:
            own.append("changed")
        marks.append(",".join(own))
    # text, not lists: a column of empty lists has another type than one with a first mark in it, and a table
    # that changes its type in the middle of an edit starts afresh
    return pd.Series(marks, index=list(numbers), dtype="str")


def _messages(numbers: Iterable[int], said: Mapping[int, Sequence[Finding]]) -> pd.Series[Any]:
    import pandas as pd

    return pd.Series(
        [" ".join(found.message for found in said.get(number, ())) for number in numbers],
        index=list(numbers),
        dtype="str",
    )


# --- problems and their obvious repairs --------------------------------------------------------------------


class Fix(NamedTuple):
    """A repair that one click does. `label` says what it does; `apply` gives the repaired call."""

    label: str
    apply: Change


class Problem(NamedTuple):
    """What is wrong in one respect, wherever it occurs in the call: the first finding's words, the lines or tags it
    concerns, what can be done."""

    code: str
    severity: str
    field: str
    message: str
    hint: str
    lines: tuple[int, ...]
    fixes: tuple[Fix, ...]


def problems(call: Call, findings: Sequence[Finding]) -> list[Problem]:
    """A call's findings, those that are alike as one, each with its repairs; errors first."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for found in findings:
        label = _role_at(call, found.line).strip().casefold() if found.code == "role-unknown" else ""
        groups.setdefault((found.code, label), []).append(found)
    together = []
    for (code, _), alike in groups.items():
        first = alike[0]
        message = first.message
        if len(alike) > 1:
            noun = "tag" if first.field == "tags" else "line"
            message += f" The same in {_counted(len(alike) - 1, f'more {noun}')}."
        if code == "role-unknown":
            message = _about_role(call, first)
        together.append(
            Problem(
                code=code,
                severity=first.severity,
                field=first.field,
                message=message,
                hint=first.hint,
                lines=tuple(found.line for found in alike if found.line is not None),
                fixes=tuple(_fixes(call, first, alike)),
            )
        )
    return sorted(together, key=lambda problem: problem.severity != "error")


def _role_at(call: Call, number: int | None) -> str:
    lines = call.transcript or []
    return lines[number - 1].role if number is not None and 0 < number <= len(lines) else ""


def _about_role(call: Call, first: Finding) -> str:
    label = _role_at(call, first.line)
    count = sum(
        1 for line in call.transcript or () if line.role.strip().casefold() == label.strip().casefold()
    )
    if not label.strip():
        return f"{_counted(count, 'line')} {'has' if count == 1 else 'have'} no role."
    return f"“{label}” speaks in {_counted(count, 'line')}: agent or customer?"


def _fixes(call: Call, first: Finding, alike: Sequence[Finding]) -> Iterable[Fix]:
    numbers = [found.line for found in alike if found.line is not None]
    if first.code == "role-unknown":
        label = _role_at(call, first.line)
        if first.line is not None and not label.strip() and len(numbers) == 1:
            again = read_line(call, first.line)
            if again is not call:
                yield Fix(f"Read as {_counted(len(again.transcript or ()), 'line')}", lambda _: again)
        yield Fix("Agent", lambda call: with_role(call, label, "agent"))
        yield Fix("Customer", lambda call: with_role(call, label, "customer"))
        yield Fix("Leave out", lambda call: with_role(call, label, LEAVE_OUT))
    elif first.code == "roles-swapped":
        yield Fix("Swap the roles", swap_roles)
    elif first.code == "start-after-stop":
        yield Fix("Swap the times", swap_times)
    elif first.code == "times-in-milliseconds":
        yield Fix("Divide times by 1,000", divide_times)
    elif first.code == "timestamp-in-milliseconds":
        yield Fix("Divide by 1,000", divide_timestamp)
    elif first.code == "text-empty":
        yield Fix("Delete lines without text", delete_empty_lines)
    elif first.code == "time-negative":
        yield Fix("Leave the time empty", drop_negative_times)
    elif first.code == "lines-out-of-order":
        yield Fix("Put in order of time", in_order_of_time)
    elif first.code == "recording-with-transcript":
        yield Fix("Clear the file name", lambda call: with_field(call, "filename", ""))
    elif first.code == "speaker-invalid":
        yield Fix("Clear the setting", lambda call: with_speaker(call, None))
    elif first.code in ("tag-duplicate", "tag-key-missing"):
        yield Fix(
            "Delete it" if len(numbers) == 1 else "Delete them", lambda call: delete_tags(call, numbers)
        )
    elif first.code in ("tag-value-mismatch", "tag-type-unknown"):
        edits = {number: {"type": "string"} for number in numbers}
        yield Fix(
            "Make it text" if len(numbers) == 1 else "Make them text", lambda c: with_tag_cells(c, edits)
        )
    elif first.code == "agent-email-invalid":
        joined = "".join((call.agent_email or "").split())
        tidy = with_field(call, "agent_email", joined)
        if joined != call.agent_email and not any(one.field == "agent_email" for one in check(tidy)):
            yield Fix("Remove the spaces", lambda call: with_field(call, "agent_email", joined))
    elif first.code in ("transcript-unreadable", "transcript-no-speakers", "line-without-speaker"):
        broken = [
            number for number, line in enumerate(call.transcript or (), 1) if len(line.text.splitlines()) > 1
        ]
        if broken:
            yield Fix("Split at line breaks", lambda call: _split_all(call, broken))


def swap_times(call: Call) -> Call:
    """Start and stop exchanged in every line that starts after it stops."""
    return _each_line(
        call,
        lambda line: (
            (line.stop, line.start)
            if line.start is not None and line.stop is not None and line.start > line.stop
            else (line.start, line.stop)
        ),
    )


def divide_times(call: Call) -> Call:
    """Every time of a line divided by 1,000."""
    return _each_line(call, lambda line: (_thousandth(line.start), _thousandth(line.stop)))


def divide_timestamp(call: Call) -> Call:
    """The start of the call divided by 1,000."""
    return msgspec.structs.replace(call, timestamp=_thousandth(call.timestamp))


def drop_negative_times(call: Call) -> Call:
    """Times before the start of the call left empty."""
    return _each_line(
        call,
        lambda line: (
            None if line.start is not None and line.start < 0 else line.start,
            None if line.stop is not None and line.stop < 0 else line.stop,
        ),
    )


def delete_empty_lines(call: Call) -> Call:
    """Without the lines that have no text."""
    return _with_lines(call, [line for line in call.transcript or () if line.text.strip()])


def in_order_of_time(call: Call) -> Call:
    """Lines by their start; one without a time stays behind the line above it."""
    keyed = []
    latest = -math.inf
    for line in call.transcript or ():
        latest = line.start if line.start is not None else latest
        keyed.append((latest, line))
    return _with_lines(call, [line for _, line in sorted(keyed, key=lambda pair: pair[0])])


def _split_all(call: Call, numbers: Sequence[int]) -> Call:
    for number in sorted(numbers, reverse=True):  # from below, so that numbers above stay what they are
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


# --- many calls --------------------------------------------------------------------------------------------


def count_edits(batch: StoredBatch, rows: Sequence[int], change: Change) -> ManyEdited:
    """Return how many of these calls the edit would change; stores nothing. Raises NotInLedger: there is no such row."""
    editable = set(batch.rows(rows=list(rows), status=sorted(EDITABLE)))
    changed = sum(
        1
        for _, payload in batch.payloads(editable)
        if payload_json(change(call := from_payload(payload))) != payload_json(call)
    )
    return ManyEdited(changed, len(editable) - changed, len(set(rows)) - len(editable))


# --- cells -------------------------------------------------------------------------------------------------


def _numbered(items: Sequence[_One], number: int) -> _One:
    if not 1 <= number <= len(items):  # a negative index would silently be another row
        raise IndexError(f"there is no number {number} among {len(items)}")
    return items[number - 1]


def _text(cell: object) -> str:
    return "" if cell is None or (isinstance(cell, float) and math.isnan(cell)) else str(cell)


def _seconds(cell: object) -> float | None:
    if cell is None or isinstance(cell, bool) or not isinstance(cell, int | float) or not math.isfinite(cell):
        return None
    return cell


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
