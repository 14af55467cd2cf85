"""Which column feeds which field: plain data that can be read, changed, saved and shared.

A mapping says nothing about one file's rows: the same mapping reads next month's export. Every change makes a
changed copy, so that a batch keeps the mapping it was loaded with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from reddy_lib.errors import MappingError
from reddy_lib.model import TAG_TYPES
from reddy_lib.open_databases import refuse_open
from reddy_lib.spreadsheet.cells.date_numbers import EpochUnit
from reddy_lib.spreadsheet.file_names import check_pattern
from reddy_lib.spreadsheet.formats import SheetFormat
from reddy_lib.transcripts import KEEP_AS_TAG, LEAVE_OUT
from reddy_lib.transcripts.times import Unit

__all__ = [
    "LINE_FIELDS",
    "MAPPABLE",
    "UNIT_FROM_PACE",
    "UNIT_UNCLEAR",
    "Join",
    "Layout",
    "LineUnit",
    "Mapping",
    "NewCall",
    "PooledRole",
    "ProductLike",
    "TurnColumn",
    "product_ids",
    "spelled_products",
]

MAPPABLE: tuple[str, ...] = (
    "agent_email",
    "product_id",
    "transcript",
    "timestamp",
    "conversation_id",
    "filename",
    "channels",
    "separation",
    "channel_map",
)
"""Fields that a column can feed. `channels` is the API's old spelling of the speaker settings."""

LINE_FIELDS: tuple[str, ...] = ("role", "text", "start", "stop", "duration", "order", "kind")
"""What a column can feed where one row is one transcript line. `order` counts the lines of a call; `kind` says which
rows are internal notes."""

Layout = Literal["row", "lines"]
NewCall = Literal["value", "fill down", "restart"]
RowIs = Literal["line", "word", "side"]
LineUnit = Unit
"""Of numbers; "m:s": of clocks whose hours and minutes are minutes and seconds; "h:m": of clocks such as "10:05" that are
times of day."""
UNIT_UNCLEAR, UNIT_FROM_PACE = "unit of line times", "pace of line times"
"""Keys of `Mapping.doubts`: two units fit the times of lines; a unit that is not usual was told by the pace."""
ProductLike = dict[str, Any]
"""{"id": int, "name": str, "status": str}, as the product list of the API has it."""


class Join(msgspec.Struct, frozen=True):
    """Columns whose cells make one value, in this order; empty cells are passed over.

    Of a timestamp, a date and a time of day make a moment, whatever the separator.
    """

    columns: list[str]
    separator: str = " "


class TurnColumn(msgspec.Struct, frozen=True):
    """One turn of a call, or all that one side says, in a column of its own.

    Attributes:
        text: column of what was said.
        role: speaker of all its cells ("agent", "customer", or any label), where no column says it.
        speaker: column of the speaker, or "".
        start: column of the time, or "".
    """

    text: str
    role: str = ""
    speaker: str = ""
    start: str = ""


class PooledRole(msgspec.Struct, frozen=True):
    """The side of a speaker label as the calls of the sheet together show it, and why: see `transcripts.pooled_sides`.

    `role` is "" for a label that is no person's name.
    """

    role: Literal["agent", "customer", ""]
    why: str


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Column → field, and everything else that turning rows into calls needs.

    Attributes:
        fields: field (of `MAPPABLE`) → column.
        tags: columns that become tags; the key is the column's name.
        tag_types: tag column → "string", "integer" or "boolean"; "string" where not given.
        values: field → cell's text → value, for example {"product_id": {"Cards hotline": 7}}. Where no text is
            exactly the cell's, one that differs in case and spaces counts (of products and agents also in hyphens).
        product_names: id of a product in `values` or `defaults` → its name in the list that it was chosen from. Another
            list may have another product with this id: see `in_list`.
        joins: field → columns that feed it together; such a field is not in `fields`.
        from_name: field → pattern by which the file's name gives it, where no cell does: see `file_names`.
        roles: speaker label → "agent", "customer", "leave out" or "keep as tag".
        pooled_roles: speaker label → its side as the calls of the sheet together show it; `roles`, and what a call says
            by itself, come first. A call that needs it has a finding.
        pooled_unit: what line times without a unit count as the transcripts of the sheet together show it, or "";
            `line_unit`, and what a call shows by itself, come first.
        timezone: in which times without a zone are read ("Europe/London"); "" = not chosen, read as UTC.
        defaults: field → value for rows where neither a cell nor the file's name gives one: without a column, and
            without a pattern, it is the same for all rows.
        timezone_column: the column that has the zone of each row's time; where it names none, `timezone` counts.
        day_first: whether 3/4/2026 is 3 April; None = could not be told, and such a date is held.
        year_first: whether 26/04/02 is 2 April 2026.
        swapped_dates: what to do about dates that a spreadsheet program may have read with day and month swapped:
            "ask" holds them, "swap" swaps them back.
        zones_in_part: whether some start times name their zone and others do not: those are read in `timezone`, and
            have a finding.
        timestamp_unit: of timestamps that are numbers; "auto" passes them on as they are; "days" since 1899-12-30.
        line_unit: of line times without a unit.
        line_times: what to do about line times that the source does not give.
        layout: "row": one row a call; "lines": one row a transcript line.
        line_fields: field of a line (of `LINE_FIELDS`) → column. With layout "row", and a transcript column that
            holds the rows of another sheet, they name that sheet's columns.
        line_units: "start", "stop" or "duration" → unit of its numbers; "auto" where not given. Clocks, ISO
            durations and dates carry theirs.
        group_by: columns that tell calls apart where one row is a line; none: the whole sheet is one call.
        new_call: when a new call begins: where their value changes, where they are filled (blank cells go on with
            the call above), or also where the column of `order` starts again (without one: the times of `start`).
        whole_minutes: whether starts of calls say no seconds: then the first line's own time is second 0.
        row_is: one line of a call; one word, where what one speaker says in a row is a line; or all that one side said.
        lines_by_time: whether the lines of each call are put in the order of their times, whatever the sheet's is.
        line_order: of the lines of a call: "guess" follows counters and times where they say another order than the
            source's, "file" keeps the source's, "reversed" turns it round (newest first).
        notes: what becomes of items of a transcript that nobody said (internal notes, events): left out, one tag of
            the call, or lines of the agent.
        turns: columns that make the transcript together: a column a side, or turns across columns. Read in this
            order, row by row; "text" of a line, and "transcript", are not in the other settings then.
        doubts: field → what else it could be, where the evidence does not decide: a finding of each call. Also what is
            to be said about the unit of line times (`UNIT_UNCLEAR`, `UNIT_FROM_PACE`).
        second_best: field → the column that would fit it next best.
        sheet: how the file was read, or None.
        reasons: field or tag column → why it was guessed so; of the timestamp also where only the transcripts give it.
    """

    fields: dict[str, str] = msgspec.field(default_factory=dict)
    joins: dict[str, Join] = msgspec.field(default_factory=dict)
    from_name: dict[str, str] = msgspec.field(default_factory=dict)
    tags: list[str] = msgspec.field(default_factory=list)
    tag_types: dict[str, str] = msgspec.field(default_factory=dict)
    values: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    product_names: dict[str, str] = msgspec.field(default_factory=dict)
    roles: dict[str, str] = msgspec.field(default_factory=dict)
    pooled_roles: dict[str, PooledRole] = msgspec.field(default_factory=dict)
    pooled_unit: str = ""
    timezone: str = ""
    defaults: dict[str, Any] = msgspec.field(default_factory=dict)
    timezone_column: str = ""
    day_first: bool | None = None
    year_first: bool = False
    swapped_dates: Literal["keep", "ask", "swap"] = "keep"
    zones_in_part: bool = False
    timestamp_unit: EpochUnit = "auto"
    line_unit: Unit = "auto"
    line_times: Literal["estimate", "leave out"] = "estimate"
    layout: Layout = "row"
    line_fields: dict[str, str] = msgspec.field(default_factory=dict)
    line_units: dict[str, LineUnit] = msgspec.field(default_factory=dict)
    group_by: list[str] = msgspec.field(default_factory=list)
    new_call: NewCall = "value"
    whole_minutes: bool = False
    row_is: RowIs = "line"
    lines_by_time: bool = False
    line_order: Literal["guess", "file", "reversed"] = "guess"
    notes: Literal["leave-out", "as-tag", "as-speech"] = "leave-out"
    turns: list[TurnColumn] = msgspec.field(default_factory=list)
    doubts: dict[str, str] = msgspec.field(default_factory=dict)
    second_best: dict[str, str] = msgspec.field(default_factory=dict)
    sheet: SheetFormat | None = None
    reasons: dict[str, str] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        fields = ", ".join(
            f"{field} ← {' + '.join(map(repr, columns))}" for field, columns in self.sources().items()
        )
        lines = (
            f" · one row a line, text in {self.line_fields.get('text')!r}" if self.layout == "lines" else ""
        )
        zone = self.timezone or "time zone not chosen"
        return f"<Mapping {fields or 'no fields'}{lines} · {len(self.tags)} tags · {zone}>"

    def sources(self) -> dict[str, list[str]]:
        """Field → the columns that feed it: one, or several that are joined."""
        return {
            **{field: [column] for field, column in self.fields.items()},
            **{field: list(join.columns) for field, join in self.joins.items()},
        }

    def replace(self, **changes: Any) -> Mapping:
        """A changed copy. `values` and `roles` are merged key by key, everything else is replaced.

        Raises:
            MappingError: no such setting, field, role, type or time zone, or a value of the wrong kind.
        """
        unknown = set(changes) - set(self.__struct_fields__)
        if unknown:
            raise MappingError(
                f"A mapping has no {_listed(unknown)}: it has {', '.join(self.__struct_fields__)}."
            )
        if isinstance(changes.get("values"), dict):
            merged = {field: dict(table) for field, table in self.values.items()}
            for field, table in changes["values"].items():
                if not isinstance(table, dict):
                    raise MappingError(
                        f"The value table of {field} must say which value each cell stands for."
                    )
                merged.setdefault(field, {}).update(table)
            changes["values"] = merged
        if isinstance(changes.get("roles"), dict):
            changes["roles"] = {**self.roles, **changes["roles"]}
        return _checked({name: getattr(self, name) for name in self.__struct_fields__} | changes)

    def match_products(self, names: Iterable[str], products: Sequence[ProductLike]) -> Mapping:
        """A copy whose value table knows each of `names` that is a product's, ignoring case, spaces and hyphens.

        A name that two products share is left open, and so is one that the table already has.
        """
        ids = spelled_products(products)
        kept = self.in_list(products)
        table = dict(kept.values.get("product_id", {}))
        for name in names:
            known = ids.get(fold_name(name))
            if known is not None and name not in table:
                table[name] = known
        return kept.replace(values={"product_id": table})

    def in_list(self, products: Sequence[ProductLike]) -> Mapping:
        """Return a copy for this product list: products that were chosen by name get the ids that they have here.

        A product of another list whose name is not in this one is left open.
        """
        ids = product_ids(products)
        here = {str(product["id"]): fold_name(str(product["name"])) for product in products}

        def lost(number: Any) -> bool:
            name = self.product_names.get(str(number))
            return bool(name) and here.get(str(number)) != fold_name(str(name))

        def now(number: Any) -> Any:
            return ids.get(fold_name(self.product_names[str(number)])) if lost(number) else number

        table = {text: now(number) for text, number in self.values.get("product_id", {}).items()}
        table = {
            text: number
            for text, number in table.items()
            if number is not None or self.values["product_id"][text] is None  # None: chosen to be no product
        }
        values = {**self.values, "product_id": table} if "product_id" in self.values else self.values
        usual = now(self.defaults.get("product_id"))
        defaults = {field: value for field, value in self.defaults.items() if field != "product_id"}
        if usual is not None:
            defaults["product_id"] = usual
        return msgspec.structs.replace(self, values=values, defaults=defaults).with_product_names(products)

    def with_product_names(self, products: Sequence[ProductLike]) -> Mapping:
        """Return a copy that also stores the names of its products, from this list."""
        used = {*self.values.get("product_id", {}).values(), self.defaults.get("product_id")}
        wanted = {str(number) for number in used if number is not None}
        listed = {str(product["id"]): str(product["name"]) for product in products}
        names = {id: listed.get(id) or self.product_names.get(id) or "" for id in sorted(wanted)}
        return msgspec.structs.replace(self, product_names={id: name for id, name in names.items() if name})

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return cast(dict[str, Any], msgspec.to_builtins(self))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Mapping:
        """The inverse of `to_dict`. Raises MappingError: what it holds is no mapping."""
        return _checked(data)

    def lasting(self) -> Mapping:
        """Return a copy without what was read off the calls of one file: sides of speakers, and evidence with its cells.

        What was in doubt stays in doubt, and what was guessed still counts as guessed: the next file needs to say so.
        """
        doubts = {field: self._kept_doubt(field) for field in self.doubts}
        reasons = dict.fromkeys(self.reasons, "as in the mapping that was kept")
        return msgspec.structs.replace(self, pooled_roles={}, pooled_unit="", doubts=doubts, reasons=reasons)

    def _kept_doubt(self, field: str) -> str:
        if field in (UNIT_UNCLEAR, UNIT_FROM_PACE):
            return "the unit of the line times was in doubt when this mapping was kept"
        what = " and ".join(map(repr, self.sources().get(field, ()))) or f"the {field.replace('_', ' ')}"
        return f"{what} was in doubt when this mapping was kept"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the mapping as a JSON file, as it is without the calls of its file (`lasting`)."""
        refuse_open(path, MappingError)
        Path(path).write_bytes(msgspec.json.format(msgspec.json.encode(self.lasting()), indent=2) + b"\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Mapping:
        """Reads what `save` wrote. Raises MappingError: no such file, or it holds no mapping."""
        path = Path(path)
        try:
            refuse_open(path, MappingError)
            data = msgspec.json.decode(path.read_text(encoding="utf-8-sig"))  # editors may write the mark
        except OSError as error:
            raise MappingError(f"The mapping {path.name} could not be opened ({error.strerror}).") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise MappingError(f"{path.name} is not a mapping: it is not valid JSON.") from None
        if not isinstance(data, dict):
            raise MappingError(f"{path.name} is not a mapping: it holds no settings.")
        return _checked(data)


_ROLES = ("agent", "customer", LEAVE_OUT, KEEP_AS_TAG)


def _checked(data: dict[str, Any]) -> Mapping:
    builtins = msgspec.to_builtins(data)
    try:
        mapping = msgspec.convert(builtins, Mapping)
    except msgspec.ValidationError as error:
        raise MappingError(f"This mapping cannot be used: {error}.") from None
    for kind in ("fields", "joins", "from_name", "values", "defaults"):
        unknown = set(getattr(mapping, kind)) - set(MAPPABLE)
        if unknown:
            raise MappingError(f"A call has no field {_listed(unknown)}: choose among {', '.join(MAPPABLE)}.")
    for kind in ("line_fields", "line_units"):
        unknown = set(getattr(mapping, kind)) - set(LINE_FIELDS)
        if unknown:
            raise MappingError(
                f"A line has no field {_listed(unknown)}: choose among {', '.join(LINE_FIELDS)}."
            )
    both = set(mapping.fields) & set(mapping.joins)
    if both:
        raise MappingError(
            f"Both one column and several joined ones feed {_listed(both)}: choose either for each field."
        )
    few = {field for field, join in mapping.joins.items() if len(join.columns) < 2}
    if few:
        raise MappingError(f"A join needs at least two columns: {_listed(few)} has fewer.")
    for field, pattern in mapping.from_name.items():
        check_pattern(pattern, field)
    if mapping.layout == "lines" and "text" not in mapping.line_fields and not mapping.turns:
        raise MappingError(
            "One row a line needs the column that holds what was said: choose the text column."
        )
    ids = [*mapping.values.get("product_id", {}).values(), mapping.defaults.get("product_id")]
    odd = [number for number in ids if number not in (None, "") and not str(number).strip().isdecimal()]
    if odd:
        raise MappingError(f"A product is given by its number: {_listed(odd)} is none.")
    wrong = {role for role in mapping.roles.values() if role not in _ROLES}
    if wrong:
        raise MappingError(
            f"There is no role {_listed(wrong)}: choose agent, customer, leave out or keep as tag."
        )
    wrong = set(mapping.tag_types.values()) - set(TAG_TYPES)
    if wrong:
        raise MappingError(f"There is no tag type {_listed(wrong)}: choose {', '.join(TAG_TYPES)}.")
    if mapping.timezone:
        try:
            ZoneInfo(mapping.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise MappingError(
                f"There is no time zone {mapping.timezone!r}: choose for example Europe/London or UTC."
            ) from None
    return mapping


def _listed(names: Iterable[object]) -> str:
    return ", ".join(sorted({repr(name) for name in names}))


def fold_name(name: str) -> str:
    """How names of products are compared: without case, spaces, hyphens and underscores."""
    return re.sub(r"[\s_\-]+", "", name).casefold()


def product_ids(products: Sequence[ProductLike]) -> dict[str, int]:
    """Folded name → id, without names that two products share."""
    ids: dict[str, int] = {}
    shared: set[str] = set()
    for product in products:
        name = fold_name(str(product["name"]))
        if name in ids and ids[name] != product["id"]:
            shared.add(name)
        ids[name] = product["id"]
    return {name: number for name, number in ids.items() if name and name not in shared}


_WITH_ID = (
    "{0}{1}", "{0}:{1}", "{0}|{1}", "{0}.{1}", "[{0}]{1}", "({0}){1}", "{1}({0})", "{1}[{0}]", "{1}#{0}",
)  # fmt: skip


def spelled_products(products: Sequence[ProductLike]) -> dict[str, int]:
    """Return folded text → product id, for names alone and for names beside ids ("1 - Cards", "Cards (1)").

    A text that two products make is left out: "15 Star" is product 15 "Star", or product 1 "5 Star".
    """
    named = [(fold_name(str(product["name"])), product["id"]) for product in products]
    meant: dict[str, set[int]] = {}
    for name, number in named:
        for form in ("{1}", *_WITH_ID) if name else ():
            meant.setdefault(form.format(number, name), set()).add(number)
    return {text: numbers.pop() for text, numbers in meant.items() if len(numbers) == 1}
