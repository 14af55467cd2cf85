"""Steps: changes of calls that are data, so that they can be stored, resumed, and applied to another batch.

A step speaks of fields, values, tags and findings, never of row numbers. `Step` is the union of all kinds; each has

    change()    what it does to one call, as a `call_changes.Change`
    title()     what it does, in words that complete "… in 40 calls"

Steps are written as JSON with their kind under "step" (`step_json`, `read_step`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from reddy_lib.batches import edits
from reddy_lib.batches.call_changes import Change
from reddy_lib.batches.call_rows import decode_findings
from reddy_lib.batches.decisions import Decisions, Taken
from reddy_lib.batches.differences import field_label
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.patterns import check_pattern
from reddy_lib.batches.step_base import FieldValue, StepBase, checked_value, finite, put, same_value, told
from reddy_lib.batches.value_steps import (
    CopyColumn,
    MapValues,
    MergeValues,
    Repair,
    Tidy,
    cells_of,
    source_of,
    values_at,
)
from reddy_lib.findings import CATALOGUE
from reddy_lib.model import Call, Tag, TagValue, TranscriptLine, from_payload, to_payload, whole_values
from reddy_lib.spreadsheet.cells.tag_values import cell_text, tag_value

__all__ = [
    "Accept",
    "CopyColumn",
    "DropTag",
    "EditCall",
    "FixValue",
    "GiveRole",
    "MapValues",
    "MaskPersonalData",
    "MergeValues",
    "OnlyWhere",
    "RenameTag",
    "Repair",
    "Replace",
    "RetypeTag",
    "ScaleTimes",
    "SetField",
    "SetTag",
    "ShiftTimes",
    "Step",
    "SwapRoles",
    "Tidy",
    "Value",
    "anchor_of",
    "read_step",
    "step_json",
]


class SetField(StepBase, frozen=True, kw_only=True, tag="set-field"):
    """Set a field of the call (`edits.SETTABLE`). `only`: where its value is this now; None: everywhere."""

    field: str
    value: FieldValue = None
    only: FieldValue = None

    def __post_init__(self) -> None:
        checked_value(self.field, self.value)

    def concerns(self, call: Call, stored: sa.Row[Any]) -> bool:
        return self.only is None or same_value(getattr(call, self.field), self.only)

    def edited(self, call: Call) -> Call:
        if self.only is not None and not same_value(getattr(call, self.field), self.only):
            return call
        return edits.with_field(call, self.field, self.value)

    def nothing(self) -> str:
        return (
            "every call has this value already"
            if self.only is None
            else f"no call has the {field_label(self.field)} {told(self.only)}"
        )

    def title(self) -> str:
        where = "" if self.only is None else f" from {told(self.only)}"
        if self.value is None:
            return f"Clear {field_label(self.field)}{where}"
        return f"Set {field_label(self.field)}{where} to {told(self.value)}"


class FixValue(StepBase, frozen=True, kw_only=True, tag="fix-value"):
    """Set a field where a finding of this code names this value: "Tech Supprt" is product 4."""

    code: str
    found: str
    field: str
    value: FieldValue

    def __post_init__(self) -> None:
        checked_value(self.field, self.value)

    def change(self, *, who: str) -> Change:
        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            if f"|{self.code}|" not in stored.codes:
                return call, decisions
            named = any(
                one.code == self.code and one.field == self.field and told(one.value) == self.found
                for one in decode_findings(stored.findings)
            )
            return (edits.with_field(call, self.field, self.value) if named else call), decisions

        return change

    def nothing(self) -> str:
        return f"no finding is about “{self.found}”"

    def title(self) -> str:
        return f"Read “{self.found}” as {field_label(self.field)} {told(self.value)}"


class SetTag(StepBase, frozen=True, kw_only=True, tag="set-tag"):
    """Set a tag's value. Calls without the tag get it, unless `only` says which value it must have now."""

    key: str
    value: TagValue
    type: Literal["string", "integer", "boolean"] = "string"
    only: TagValue = None

    def edited(self, call: Call) -> Call:
        tags = list(call.tags or ())
        places = [place for place, tag in enumerate(tags) if tag.key == self.key]
        if self.only is not None:
            places = [place for place in places if same_value(tags[place].value, self.only)]
            if not places:
                return call
        for place in places:
            tags[place] = Tag(self.key, self.value, self.type)
        if not places:
            tags.append(Tag(self.key, self.value, self.type))
        return msgspec.structs.replace(call, tags=tags)

    def nothing(self) -> str:
        return (
            "every call has this value already"
            if self.only is None
            else f"no call has the tag {self.key} with {told(self.only)}"
        )

    def title(self) -> str:
        where = "" if self.only is None else f" from {told(self.only)}"
        return f"Set tag {self.key}{where} to {told(self.value)}"


class RenameTag(StepBase, frozen=True, kw_only=True, tag="rename-tag"):
    """Give a tag another name. A call that has both names keeps its tags as they are."""

    old: str
    new: str

    def edited(self, call: Call) -> Call:
        keys = [tag.key for tag in call.tags or ()]
        if self.old not in keys or self.new in keys:
            return call
        tags = [
            Tag(self.new if tag.key == self.old else tag.key, tag.value, tag.type) for tag in call.tags or ()
        ]
        return msgspec.structs.replace(call, tags=tags)

    def nothing(self) -> str:
        return f"no call has the tag {self.old} without having {self.new} as well"

    def title(self) -> str:
        return f"Rename tag {self.old} to {self.new}"


class RetypeTag(StepBase, frozen=True, kw_only=True, tag="retype-tag"):
    """Change a tag's type. A value that was not edited is read again from its cell: "Yes", which was read as true, becomes
    the text "Yes"."""

    key: str
    type: Literal["string", "integer", "boolean"]

    def change(self, *, who: str) -> Change:
        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            tags = list(call.tags or ())
            places = [at for at, tag in enumerate(tags) if tag.key == self.key and tag.type != self.type]
            if not places:
                return call, decisions
            cell = _cells.decode(stored.cells).get(self.key, "")
            for at in places:
                read = not isinstance(cell, list) and tag_value(cell, tags[at].type) == tags[at].value
                text = cell_text(cell) if read else edits.value_text(tags[at].value)
                tags[at] = Tag(self.key, tag_value(text, self.type), self.type)
            return msgspec.structs.replace(call, tags=tags), decisions

        return change

    def nothing(self) -> str:
        return f"no call has the tag {self.key} with another type"

    def title(self) -> str:
        names = {"string": "text", "integer": "a whole number", "boolean": "yes or no"}
        return f"Make tag {self.key} {names[self.type]}"


class DropTag(StepBase, frozen=True, kw_only=True, tag="drop-tag"):
    """Delete a tag. `only`: where its value is this."""

    key: str
    only: TagValue = None

    def edited(self, call: Call) -> Call:
        tags = [
            tag
            for tag in call.tags or ()
            if tag.key != self.key or (self.only is not None and not same_value(tag.value, self.only))
        ]
        return msgspec.structs.replace(call, tags=tags or None)

    def nothing(self) -> str:
        return f"no call has the tag {self.key}" + ("" if self.only is None else f" with {told(self.only)}")

    def title(self) -> str:
        return f"Delete tag {self.key}" + ("" if self.only is None else f" where it is {told(self.only)}")


class Replace(StepBase, frozen=True, kw_only=True, tag="replace"):
    """Replace text in transcript lines, tag values, or a field.

    Attributes:
        within: "transcript", "tags", or a text field of the call.
        role: in lines of this role only.
        pattern: `find` is a regular expression, and `by` may use its groups (\\1).
        whole_words: a match must not touch a letter, digit or underscore outside it.
    """

    find: str
    by: str = ""
    within: str = "transcript"
    role: str = ""
    pattern: bool = False
    whole_words: bool = False
    ignore_case: bool = False

    def __post_init__(self) -> None:
        if not self.find:
            raise ValueError("Say which text to replace.")
        if self.within not in ("transcript", "tags", "agent_email", "conversation_id", "filename"):
            raise ValueError(
                f"Text can be replaced in transcript, tags and text fields, not in {self.within!r}."
            )
        if self.pattern:
            check_pattern(self.find)
            try:
                re.compile(self.find).sub(self.by, "")
            except (re.error, IndexError) as error:
                raise ValueError(f"The replacement {self.by!r} cannot be used: {error}.") from None

    @property
    def repeatable(self) -> bool:
        return not self.pattern and self.find.casefold() not in self.by.casefold()

    def edited(self, call: Call) -> Call:
        replaced = _replacer(self)
        if self.within == "transcript":
            lines = [
                TranscriptLine(line.role, replaced(line.text), line.start, line.stop)
                if not self.role or line.role == self.role
                else line
                for line in call.transcript or ()
            ]
            return msgspec.structs.replace(call, transcript=lines or None)
        if self.within == "tags":
            tags = [
                Tag(tag.key, replaced(tag.value), tag.type) if isinstance(tag.value, str) else tag
                for tag in call.tags or ()
            ]
            return msgspec.structs.replace(call, tags=tags or None)
        value = getattr(call, self.within)
        if not isinstance(value, str) or (new := replaced(value)) == value:
            return call
        return edits.with_field(call, self.within, new)

    def nothing(self) -> str:
        return f"“{self.find}” was not found in {self._where()}"

    def title(self) -> str:
        return f"Replace “{self.find}” by “{self.by}” in {self._where()}"

    def _where(self) -> str:
        if self.within == "transcript":
            return f"what the {self.role} says" if self.role else "the transcript"
        return "the tags" if self.within == "tags" else field_label(self.within)


class SwapRoles(StepBase, frozen=True, kw_only=True, tag="swap-roles"):
    """Exchange agent and customer."""

    def edited(self, call: Call) -> Call:
        return edits.swap_roles(call)

    @property
    def repeatable(self) -> bool:
        return False

    def title(self) -> str:
        return "Swap agent and customer"


class GiveRole(StepBase, frozen=True, kw_only=True, tag="give-role"):
    """Give all lines of a speaker a role; "leave out" deletes them."""

    label: str
    role: Literal["agent", "customer", "leave out"]

    def edited(self, call: Call) -> Call:
        return edits.with_role(call, self.label, self.role)

    def nothing(self) -> str:
        return f"no line has the speaker “{self.label}”"

    def title(self) -> str:
        if self.role == "leave out":
            return f"Leave out the lines of “{self.label}”"
        return f"Make “{self.label}” the {self.role}"


class ShiftTimes(StepBase, frozen=True, kw_only=True, tag="shift-times"):
    """Move the start of the call by seconds: a clock or a time zone was wrong."""

    seconds: float

    def __post_init__(self) -> None:
        if not finite(self.seconds, _CENTURY):
            raise ValueError("The start can be moved by a century at most.")

    @property
    def repeatable(self) -> bool:
        return False

    def edited(self, call: Call) -> Call:
        if call.timestamp is None:
            return call
        return msgspec.structs.replace(call, timestamp=call.timestamp + self.seconds)

    def title(self) -> str:
        hours, rest = divmod(abs(round(self.seconds)), 3600)
        parts = [f"{hours} h"] * bool(hours) + [f"{rest // 60} min"] * bool(rest // 60)
        parts += [f"{rest % 60} s"] * bool(rest % 60)
        return f"Move the start {' '.join(parts) or '0 s'} {'later' if self.seconds >= 0 else 'earlier'}"


class ScaleTimes(StepBase, frozen=True, kw_only=True, tag="scale-times"):
    """Multiply the times of all lines: 0.001 where milliseconds were taken for seconds."""

    factor: float

    def __post_init__(self) -> None:
        if not (finite(self.factor) and 1e-6 <= self.factor <= 1e6):
            raise ValueError("The factor must be a number between 0.000001 and 1,000,000.")

    @property
    def repeatable(self) -> bool:
        return False

    def edited(self, call: Call) -> Call:
        def scaled(value: float | None) -> float | None:
            return None if value is None else round(value * self.factor, 6)

        lines = [
            TranscriptLine(line.role, line.text, scaled(line.start), scaled(line.stop))
            for line in call.transcript or ()
        ]
        return msgspec.structs.replace(call, transcript=lines or None)

    def title(self) -> str:
        if self.factor < 1 and (1 / self.factor).is_integer():
            return f"Divide the times of the lines by {1 / self.factor:,.0f}"
        return f"Multiply the times of the lines by {self.factor:g}"


class Accept(StepBase, frozen=True, kw_only=True, tag="accept"):
    """Accept the findings of this code as they are."""

    code: str

    def change(self, *, who: str) -> Change:
        now = time.time()

        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            there = any(found.code == self.code for found in decode_findings(stored.source_findings))
            if not there or self.code in decisions.accepted:
                return call, decisions
            accepted = {**decisions.accepted, self.code: Taken("accepted", who, now)}
            return call, msgspec.structs.replace(decisions, accepted=accepted)

        return change

    def nothing(self) -> str:
        return "no call has this finding"

    def title(self) -> str:
        return f"Accept “{CATALOGUE[self.code].title if self.code in CATALOGUE else self.code}”"


class Value(msgspec.Struct, frozen=True, array_like=True):
    """One value that an edit changed, as `edits` records it: JSON values, None = not there.

    `at`: the words of the line, or the name of the tag, by which it is recognised in another export; "" if it is not.
    """

    field: str
    before: Any
    after: Any
    at: str = ""


class EditCall(StepBase, frozen=True, kw_only=True, tag="edit-call"):
    """Repeat the edits of one call, found by its conversation id, where the values are what they were before."""

    conversation_id: str
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if any(
            one.field not in Call.__struct_fields__ and not _CELL.fullmatch(one.field) for one in self.values
        ):
            raise ValueError("An edit names a field that calls do not have.")

    def edited(self, call: Call) -> Call:
        if call.conversation_id != self.conversation_id:
            return call
        payload = to_payload(call)
        for one in self.values:
            if not _is_there(payload, one) or not put(payload, one.field, one.before, one.after):
                return call
        try:
            return from_payload(payload)
        except msgspec.ValidationError:  # from a file that was changed by hand
            return call

    def concerns(self, call: Call, stored: sa.Row[Any]) -> bool:
        return call.conversation_id == self.conversation_id

    def nothing(self) -> str:
        return f"the batch has no call {self.conversation_id}, or it does not say what it said then"

    def title(self) -> str:
        fields = list(dict.fromkeys(field_label(one.field) for one in self.values))
        shown = ", ".join(fields[:3]) + (f" and {len(fields) - 3} more" if len(fields) > 3 else "")
        return f"Edit {shown} of call {self.conversation_id}"


_CELL = re.compile(r"(transcript|tags)\[(\d+|\*)\]\.(\w+)")


def anchor_of(call: Call, field: str, before: Any) -> str:
    """Return what tells the line or tag of an edit apart from others: its words or name before the edit."""
    cell = _CELL.fullmatch(field)
    if cell is None or cell[2] == "*":
        return ""
    if cell[3] in ("text", "key"):
        return str(before or "")
    items: Sequence[TranscriptLine] | Sequence[Tag] = (
        call.transcript or () if cell[1] == "transcript" else call.tags or ()
    )
    number = int(cell[2])
    if not 1 <= number <= len(items):
        return ""
    item = items[number - 1]
    return item.text if isinstance(item, TranscriptLine) else item.key


def _is_there(payload: dict[str, Any], one: Value) -> bool:
    cell = _CELL.fullmatch(one.field)
    if cell is None or cell[2] == "*" or not one.at:
        return True
    items = payload.get(cell[1]) or []
    number = int(cell[2])
    return 1 <= number <= len(items) and one.at in (
        items[number - 1].get("text"),
        items[number - 1].get("key"),
    )


class OnlyWhere(StepBase, frozen=True, kw_only=True, tag="only-where"):
    """Apply another step only to calls whose field, tag or column has one of these values (`negate`: none of them)."""

    source: str
    values: tuple[str, ...]
    then: Step
    negate: bool = False

    def __post_init__(self) -> None:
        source_of(self.source)
        if isinstance(self.then, OnlyWhere):
            raise ValueError("A step can have one condition, not a condition of a condition.")

    def applies(self, call: Call, stored: sa.Row[Any]) -> bool:
        """Return whether a call meets the condition."""
        has = values_at(source_of(self.source), call, lambda: cells_of(stored))
        return set(self.values).isdisjoint(has) is self.negate

    def change(self, *, who: str) -> Change:
        inner = self.then.change(who=who)

        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            return inner(call, decisions, stored) if self.applies(call, stored) else (call, decisions)

        return change

    def concerns(self, call: Call, stored: sa.Row[Any]) -> bool | None:
        return self.applies(call, stored) and self.then.concerns(call, stored)

    @property
    def repeatable(self) -> bool:
        return self.then.repeatable

    def nothing(self) -> str:
        return f"no call is {self._condition()}, or {self.then.nothing()}"

    def title(self) -> str:
        return f"{self.then.title()}, {self._condition()}"

    def _condition(self) -> str:
        shown = ", ".join(f"“{value}”" if value else "empty" for value in self.values[:3])
        more = f" or {len(self.values) - 3:,} more" if len(self.values) > 3 else ""
        return f"where {source_of(self.source).label} is {'not ' if self.negate else ''}{shown}{more}"


Step = (
    SetField | FixValue | SetTag | RenameTag | RetypeTag | DropTag | Replace | SwapRoles | GiveRole | ShiftTimes
    | ScaleTimes | Accept | EditCall | MapValues | MergeValues | CopyColumn | Tidy | Repair | OnlyWhere
    | MaskPersonalData
)  # fmt: skip

_CENTURY = 3.2e9  # seconds
_decoder = msgspec.json.Decoder(Step)
_cells = msgspec.json.Decoder(dict[str, Any])


def step_json(step: Step) -> str:
    """Return a step as JSON text, with U+FFFD for halves of characters."""
    return msgspec.json.encode(whole_values(msgspec.to_builtins(step))).decode()


def read_step(text: str | bytes) -> Step:
    """Return the step of a JSON text. Raises msgspec.ValidationError or DecodeError: this version knows no such step."""
    return _decoder.decode(text)


@lru_cache(maxsize=16)
def _replacer(step: Replace) -> Callable[[str], str]:
    source = step.find if step.pattern else re.escape(step.find)
    if step.whole_words:
        source = rf"(?<!\w)(?:{source})(?!\w)"
    compiled = re.compile(source, re.IGNORECASE if step.ignore_case else 0)
    by: str | Callable[[re.Match[str]], str] = step.by if step.pattern else lambda _: step.by
    return lambda text: compiled.sub(by, text)
