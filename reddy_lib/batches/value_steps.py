"""Steps that read or write values by their source: a field of the call, one of its tags, or a column of its sheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.batches import edits
from reddy_lib.batches.call_changes import Change
from reddy_lib.batches.call_rows import decode_findings
from reddy_lib.batches.decisions import Decisions
from reddy_lib.batches.differences import field_label
from reddy_lib.batches.quick_fixes import REPAIRS
from reddy_lib.batches.step_base import FieldValue, StepBase, checked_value, value_words
from reddy_lib.findings import CATALOGUE
from reddy_lib.model import Call, Tag
from reddy_lib.spreadsheet.cells.tag_values import cell_text, tag_value

__all__ = [
    "FIELDS",
    "CopyColumn",
    "MapValues",
    "MergeValues",
    "Repair",
    "Source",
    "Tidy",
    "cells_of",
    "source_of",
    "values_at",
]

FIELDS = ("agent_email", "product_id", "conversation_id", "filename")
"""Fields of a call that are value sources by their own name."""

_TEXT_FIELDS = ("agent_email", "conversation_id", "filename")
_cells = msgspec.json.Decoder(dict[str, Any])


class Source(NamedTuple):
    """Where values are from. `kind`: field, tag or column; `name`: of it."""

    kind: Literal["field", "tag", "column"]
    name: str

    @property
    def label(self) -> str:
        """The source in words: "agent email", "tag Queue", "column Team"."""
        return field_label(self.name) if self.kind == "field" else f"{self.kind} {self.name}"


def source_of(text: str) -> Source:
    """Return the source that a text names: "agent_email", "tag:Queue", "column:Team".

    Raises ValueError: it names none.
    """
    if text in FIELDS:
        return Source("field", text)
    kind, colon, name = text.partition(":")
    if colon and name and kind == "tag":
        return Source("tag", name)
    if colon and name and kind == "column":
        return Source("column", name)
    raise ValueError(f"{text!r} names no values: choose {', '.join(FIELDS)}, tag:NAME or column:NAME.")


def cells_of(stored: sa.Row[Any]) -> dict[str, Any]:
    """Return the sheet's cells of a row of `calls`."""
    return _cells.decode(stored.cells)


def values_at(source: Source, call: Call, cells: Callable[[], dict[str, Any]]) -> list[str]:
    """Return the values that a call has, as text; without any, [""]."""
    if source.kind == "field":
        return [value_words(getattr(call, source.name))]
    if source.kind == "column":
        cell = cells().get(source.name)
        return [msgspec.json.encode(cell).decode() if isinstance(cell, list | dict) else cell_text(cell)]
    return [value_words(tag.value) for tag in call.tags or () if tag.key == source.name] or [""]


def _writable(source: str) -> Source:
    found = source_of(source)
    if found.kind == "column":
        raise ValueError("The cells of the sheet are never changed: choose a field or a tag.")
    return found


class MergeValues(StepBase, frozen=True, kw_only=True, tag="merge-values"):
    """Replace some values of a field or tag by one: "Cards hotline" and "cards" become "Cards".

    Attributes:
        source: a field or a tag, as `source_of` reads it.
        values: as text; "" for calls whose field is empty (a call without the tag does not get it).
        value: the new one. A tag keeps its type; a product is its id, or its name.
    """

    source: str
    values: tuple[str, ...]
    value: str | int

    def __post_init__(self) -> None:
        where = _writable(self.source)
        if where.kind == "field":
            checked_value(where.name, self.value)

    def edited(self, call: Call) -> Call:
        where = source_of(self.source)
        if where.kind == "field":
            if value_words(getattr(call, where.name)) not in self.values:
                return call
            return edits.with_field(call, where.name, self.value)
        if not any(self._meant(tag) for tag in call.tags or ()):
            return call
        new = str(self.value)
        tags = [
            Tag(tag.key, tag_value(new, tag.type), tag.type) if self._meant(tag) else tag
            for tag in call.tags or ()
        ]
        return msgspec.structs.replace(call, tags=tags)

    def concerns(self, call: Call, stored: sa.Row[Any]) -> bool:
        return not set(self.values).isdisjoint(values_at(source_of(self.source), call, dict))

    def _meant(self, tag: Tag) -> bool:
        return tag.key == source_of(self.source).name and value_words(tag.value) in self.values

    def nothing(self) -> str:
        return f"no call has the {source_of(self.source).label} {_listed(self.values)}"

    def title(self) -> str:
        return f"Set {source_of(self.source).label} from {_listed(self.values)} to {self.value}"


class MapValues(StepBase, frozen=True, kw_only=True, tag="map-values"):
    """Replace each of several values of a field or tag by its own new one, all at once: two values may be exchanged.

    Attributes:
        source: a field or a tag, as `source_of` reads it.
        becomes: value as text → the new one, as for `MergeValues`.
    """

    source: str
    becomes: dict[str, str | int]

    def __post_init__(self) -> None:
        where = _writable(self.source)
        if where.kind == "field":
            for value in self.becomes.values():
                checked_value(where.name, value)

    def edited(self, call: Call) -> Call:
        where = source_of(self.source)
        if where.kind == "field":
            new = self.becomes.get(value_words(getattr(call, where.name)))
            return call if new is None else edits.with_field(call, where.name, new)
        tags = list(call.tags or ())
        for position, tag in enumerate(tags):
            new = self.becomes.get(value_words(tag.value)) if tag.key == where.name else None
            if new is not None:
                tags[position] = Tag(tag.key, tag_value(str(new), tag.type), tag.type)
        return call if tags == list(call.tags or ()) else msgspec.structs.replace(call, tags=tags)

    def concerns(self, call: Call, stored: sa.Row[Any]) -> bool:
        return not set(self.becomes).isdisjoint(values_at(source_of(self.source), call, dict))

    @property
    def repeatable(self) -> bool:
        return set(self.becomes).isdisjoint(map(str, self.becomes.values()))

    def nothing(self) -> str:
        return f"no call has the {source_of(self.source).label} {_listed(tuple(self.becomes))}"

    def title(self) -> str:
        pairs = [f"“{old or 'empty'}” to “{new}”" for old, new in list(self.becomes.items())[:3]]
        more = f" and {len(self.becomes) - 3:,} more" if len(self.becomes) > 3 else ""
        return f"Set {source_of(self.source).label} from {', '.join(pairs)}{more}"


class CopyColumn(StepBase, frozen=True, kw_only=True, tag="copy-column"):
    """Copy a column of the sheet into a field or a tag. Calls with an empty cell keep what they have.

    Attributes:
        to: a field or a tag, as `source_of` reads it.
        type: of a new tag.
        overwrite: also where the call has a value.
        products: name → id, where the column names products; filled in when the step is applied.
    """

    column: str
    to: str
    type: Literal["string", "integer", "boolean"] = "string"
    overwrite: bool = False
    products: dict[str, int] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        _writable(self.to)

    def change(self, *, who: str) -> Change:
        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            return self._copied(call, cells_of(stored).get(self.column)), decisions

        return change

    def concerns(self, call: Call, stored: sa.Row[Any]) -> bool:
        return cells_of(stored).get(self.column) not in (None, "")

    def _copied(self, call: Call, cell: Any) -> Call:
        text = "" if isinstance(cell, list | dict) else cell_text(cell).strip()
        to = source_of(self.to)
        has = values_at(to, call, dict) != [""]
        if not text or (has and not self.overwrite):
            return call
        if to.kind == "field":
            value: FieldValue = text
            if to.name == "product_id":
                value = self.products.get(text, int(text) if text.isascii() and text.isdecimal() else None)
                if value is None:
                    return call
            return edits.with_field(call, to.name, value)
        new = Tag(to.name, tag_value(text, self.type), self.type)
        tags = [new if tag.key == to.name else tag for tag in call.tags or ()]
        return msgspec.structs.replace(call, tags=tags if has else [*tags, new])

    def nothing(self) -> str:
        where = source_of(self.to).label
        return f"the sheet has no column {self.column} with a value for {where}, or each call has one"

    def title(self) -> str:
        return f"Copy column {self.column} to {source_of(self.to).label}"


class Tidy(StepBase, frozen=True, kw_only=True, tag="tidy"):
    """Trim the values of a text field or tag (blanks inside become one space), or change their case."""

    source: str
    how: Literal["trim", "lower", "upper", "title"] = "trim"

    def __post_init__(self) -> None:
        where = _writable(self.source)
        if where.kind == "field" and where.name not in _TEXT_FIELDS:
            raise ValueError(f"Only text can be tidied: choose {', '.join(_TEXT_FIELDS)} or tag:NAME.")

    def edited(self, call: Call) -> Call:
        where = source_of(self.source)
        if where.kind == "field":
            value = getattr(call, where.name)
            new = self._tidied(value) if isinstance(value, str) else value
            return call if new == value else edits.with_field(call, where.name, new)
        tags = [
            Tag(tag.key, self._tidied(tag.value), tag.type)
            if tag.key == where.name and isinstance(tag.value, str)
            else tag
            for tag in call.tags or ()
        ]
        return call if tags == (call.tags or []) else msgspec.structs.replace(call, tags=tags)

    def _tidied(self, text: str) -> str:
        words = text.split()
        if self.how == "title":
            return " ".join(word[:1].upper() + word[1:].lower() for word in words)
        joined = " ".join(words)
        return {"trim": joined, "lower": joined.lower(), "upper": joined.upper()}[self.how]

    def nothing(self) -> str:
        return f"the {source_of(self.source).label} is tidy in every call"

    def title(self) -> str:
        what = {
            "trim": "Trim", "lower": "Lower-case", "upper": "Upper-case", "title": "Capitalise the words of",
        }[self.how]  # fmt: skip
        return f"{what} {source_of(self.source).label}"


class Repair(StepBase, frozen=True, kw_only=True, tag="repair"):
    """Apply the one-click repair of a finding to every call that has it; see `quick_fixes.REPAIRS`."""

    code: str

    def __post_init__(self) -> None:
        if self.code not in REPAIRS:
            raise ValueError(f"Findings of the kind {self.code!r} have no repair for all calls.")

    def change(self, *, who: str) -> Change:
        repair = REPAIRS[self.code]

        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            if f"|{self.code}|" not in stored.codes:
                return call, decisions
            alike = [one for one in decode_findings(stored.findings) if one.code == self.code]
            return repair.apply(call, alike), decisions

        return change

    def concerns(self, call: Call, stored: sa.Row[Any]) -> bool:
        return f"|{self.code}|" in stored.codes

    def nothing(self) -> str:
        return f"no call has the finding “{CATALOGUE[self.code].title}”, or it cannot be repaired this way"

    def title(self) -> str:
        return f"{REPAIRS[self.code].label}, where “{CATALOGUE[self.code].title}”"


def _listed(values: tuple[str, ...]) -> str:
    shown = [f"“{value}”" if value else "nothing" for value in values[:3]]
    return ", ".join(shown) + (f" and {len(values) - 3} more" if len(values) > 3 else "")
