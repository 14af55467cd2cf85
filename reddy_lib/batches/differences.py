"""What an edited call has that the call as loaded did not, for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from reddy_lib.batches.line_diff import pair_lines, same_as_sent
from reddy_lib.findings import CATALOGUE
from reddy_lib.model import Call, Tag, TranscriptLine

__all__ = ["Differences", "counted", "differences", "field_label"]

_Item = TypeVar("_Item", TranscriptLine, Tag)


class Differences(NamedTuple):
    """Where an edited call differs from the call as loaded.

    Attributes:
        fields: names of the call's own fields that changed.
        lines, tags: number now → names of the cells that changed, or ("new",) if it was added.
        gone: how many lines, and how many tags, were deleted.
        names: number of a tag in `tags` → its key.
    """

    fields: tuple[str, ...]
    lines: dict[int, tuple[str, ...]]
    tags: dict[int, tuple[str, ...]]
    gone: tuple[int, int]
    names: dict[int, str]

    def __bool__(self) -> bool:
        return bool(self.fields or self.lines or self.tags or any(self.gone))

    def __str__(self) -> str:
        """Return text such as "agent email · line 3 text · tag CSAT · 2 lines deleted"."""
        parts = [field_label(field) for field in self.fields]
        for number, cells in self.lines.items():
            parts.append(f"line {number} {'added' if cells == ('new',) else ' and '.join(cells)}")
        for number, cells in self.tags.items():
            name = self.names.get(number) or f"number {number}"
            parts.append(f"tag {name}" + (" added" if cells == ("new",) else ""))
        for count, noun in zip(self.gone, ("line", "tag"), strict=True):
            if count:
                parts.append(f"{counted(count, noun)} deleted")
        shown = parts if len(parts) <= 6 else [*parts[:5], f"{len(parts) - 5} more"]
        return " · ".join(shown)


def differences(original: Call, call: Call) -> Differences:
    """Compare an edited call with the call as loaded, line by line and cell by cell."""
    fields = tuple(
        field
        for field in Call.__struct_fields__
        if field not in ("transcript", "tags")
        and not same_as_sent(getattr(original, field), getattr(call, field))
    )
    lines, lines_gone = _compared(original.transcript or [], call.transcript or [])
    tags, tags_gone = _compared(original.tags or [], call.tags or [])
    names = {number: (call.tags or [])[number - 1].key for number in tags}
    return Differences(fields, lines, tags, (lines_gone, tags_gone), names)


def _compared(before: Sequence[_Item], after: Sequence[_Item]) -> tuple[dict[int, tuple[str, ...]], int]:
    """Return number now → names of the changed cells, and how many items were deleted."""
    found: dict[int, tuple[str, ...]] = {}
    gone = 0
    for old, new, same in pair_lines(before, after):
        if new is None:
            gone += 1
        elif old is None:
            found[new] = ("new",)
        elif not same:
            one, other = before[old - 1], after[new - 1]
            found[new] = tuple(
                name
                for name in one.__struct_fields__
                if not same_as_sent(getattr(one, name), getattr(other, name))
            )
    return found, gone


_PLACE = re.compile(r"(transcript|tags)\[(\d+|\*)\]\.(\w+)")
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


def field_label(field: str) -> str:
    """Return a field of the history of edits in the analyst's words: "transcript[3].text" → "line 3 text"."""
    found = _PLACE.fullmatch(field)
    if found and found[2] == "*":
        return f"{found[3]} of the {'lines' if found[1] == 'transcript' else 'tags'}"
    if found:
        return f"{'line' if found[1] == 'transcript' else 'tag'} {found[2]} {found[3]}"
    decision = _DECISION.fullmatch(field)
    if decision:
        title = CATALOGUE[decision[2]].title if decision[2] in CATALOGUE else decision[2]
        return (
            f"finding “{title}”" if decision[1] == "finding" else f"text without a line, number {decision[2]}"
        )
    return _NAMES.get(field, field)


def counted(number: int, noun: str) -> str:
    """Return "1 line", "2 lines"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
