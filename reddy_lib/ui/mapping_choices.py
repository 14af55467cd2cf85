"""What was chosen for one file, made of the session first and drawn afterwards (`mapping_controls`).

Every choice has a key in the session that begins with the file's id, and with how the file is read and guessed:
another sheet, layout or profile begins with choices of its own, and going back finds the old ones again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, get_args

import msgspec
import pandas as pd
import streamlit as st

from ..ledger.profiles import Profile
from ..model import TAG_TYPES
from ..spreadsheet import LINE_FIELDS, Mapping, SheetFormat, build_frame, guess_mapping, read_calls
from ..spreadsheet.choosing import (
    BY_HAND,
    chosen_fields,
    chosen_lines,
    chosen_products,
    chosen_roles,
    product_of,
    tags_after,
    time_zones,
)
from ..spreadsheet.dates import DayOrder, day_order
from ..spreadsheet.mapping import LineUnit, NewCall
from ..spreadsheet.survey import (
    Speaking,
    Survey,
    column_facts,
    distinct_texts,
    line_speakers,
    naive_times,
    speakers,
)
from ..spreadsheet.upload import PrivateCopy
from ..transcripts import LEAVE_OUT, role_of

__all__ = ["FIELDS", "TIME_FIELDS", "Choices", "chosen", "forget_known", "known"]

FIELDS = {
    "agent_email": "Agent email",
    "product_id": "Product",
    "transcript": "Transcript",
    "timestamp": "Start time",
    "conversation_id": "Conversation id",
    "filename": "Recording file",
    "channels": "Channels (old spelling)",
    "separation": "Speaker separation",
    "channel_map": "Channel map",
}
TIME_FIELDS = ("start", "stop", "duration")
LISTED = 100  # products, speakers or tags in one list
SPEAKERS_FROM = 300  # transcripts read to list who speaks, where the whole file is too much
SPEAKERS_OF_ALL = (
    2_000_000  # characters of transcripts up to which those of the whole file are read: a second
)
A_ROW = 500  # characters that can be read in the time that a row takes beside its transcript
ROLES = ("agent", "customer", LEAVE_OUT)

T = TypeVar("T")


def chosen(key: str, default: Any, options: Sequence[Any] | None = None) -> Any:
    """The value of a widget that is drawn further down; `default` until somebody changes it."""
    state = st.session_state
    if key not in state or (options is not None and state[key] is not None and state[key] not in options):
        state[key] = default
    return state[key]


def known(kind: str, key: object, make: Callable[[], T]) -> T:
    """What was found out about the file, kept until `key` changes; one value of a kind, so that little is kept."""
    store: dict[str, tuple[object, Any]] = st.session_state.setdefault("load_known", {})
    if kind not in store or store[kind][0] != key:
        store[kind] = (key, make())
    found: T = store[kind][1]
    return found


def forget_known(kind: str) -> None:
    """Find it out again at the next use."""
    st.session_state.get("load_known", {}).pop(kind, None)


class Choices:
    """Everything chosen for one file read in one way.

    Attributes:
        mapping: what the choices come to.
        layout: "row", "lines", or "beside": one row a call, its lines in another sheet.
        fields, lines: field of a call, or of a line, → column, or None.
        line_columns: columns of the sheet that has the lines.
        speakers: label → what is known of it; `speakers_of` says of which rows.
        role_of: label → role chosen, or None; labels beyond the first `LISTED` are not among them.
    """

    def __init__(
        self,
        file: PrivateCopy,
        format: SheetFormat,
        sheet: pd.DataFrame,
        counted: Survey | None,
        products: list[dict[str, Any]] | None,
        *,
        layout: str,
        profile: Profile | None,
    ) -> None:
        self.file, self.format, self.sheet, self.counted, self.products = (
            file,
            format,
            sheet,
            counted,
            products,
        )
        self.layout = layout
        self.columns = [str(name) for name in sheet.columns if name not in sheet.attrs.get("extra", ())]
        self.key = key = f"load {file.id} {format!r} {layout} {profile.id if profile is not None else ''} "
        state = st.session_state
        guess = known("guess", (key, products), lambda: self._guess(profile))
        before: Mapping = state.get(key + "guess", guess)
        for field in FIELDS:  # a better guess (the product list came) moves what nobody chose otherwise
            if state.get(key + field) == before.fields.get(field):
                state.pop(key + field, None)
        state[key + "guess"] = guess
        self.guess = guess
        self.fields = {
            field: chosen(key + field, guess.fields.get(field), self.columns)
            for field in FIELDS
            if field != "transcript" or layout == "row"
        }
        mapping = chosen_fields(guess, self.fields)
        self.fields.setdefault("transcript", None)
        for field, column in mapping.fields.items():
            if mapping.reasons.get(field) == BY_HAND:
                mapping.reasons[field] = f"{BY_HAND}; {column_facts(sheet[column].tolist())}"
        self.mapping = self._tags(
            self._speakers(self._times(self._agent(self._products(self._lines(mapping)))))
        )

    def _guess(self, profile: Profile | None) -> Mapping:
        if profile is not None:
            return profile.apply(self.format)
        layout: Any = None if self.layout == "beside" else self.layout
        return guess_mapping(self.sheet, products=self.products, layout=layout)

    def cells(self, field: str) -> list[Any]:
        """The sample's cells of the column that feeds a field; [] without one."""
        column = self.fields[field]
        return [] if column is None else self.sheet[column].tolist()

    def line_cells(self, column: str) -> list[Any]:
        """The first cells of a column of the sheet that has the lines."""
        return self._beside.get(column, []) if self.layout == "beside" else self.sheet[column].tolist()

    def _lines(self, mapping: Mapping) -> Mapping:
        self.lines: dict[str, str | None] = {}
        self.line_columns: list[str] = []
        if self.layout == "row" or "text" not in mapping.line_fields:
            return mapping
        if self.layout == "beside":
            self._beside = known("beside", self.format, self._columns_beside)
            self.line_columns = list(self._beside)
        else:
            self.line_columns = self.columns
        guess, key = self.guess, self.key
        for field in LINE_FIELDS:
            self.lines[field] = chosen(f"{key}line {field}", guess.line_fields.get(field), self.line_columns)
        if self.lines["text"] is None:
            self.lines["text"] = st.session_state[f"{key}line text"] = guess.line_fields["text"]
        units: dict[str, LineUnit] = {
            field: chosen(f"{key}unit {field}", guess.line_units.get(field, "auto"), get_args(LineUnit))
            for field in TIME_FIELDS
        }
        by, new_call = guess.group_by, guess.new_call
        if self.layout == "lines":
            st.session_state[key + "group by"] = by = [
                name for name in chosen(key + "group by", by) if name in self.columns
            ]
            new_call = chosen(key + "new call", new_call, get_args(NewCall))
        mapping = chosen_lines(guess, self.lines, units=units, group_by=by, new_call=new_call).replace(
            fields=mapping.fields
        )
        reasons = mapping.reasons
        for field, column in self.lines.items():
            if column is not None and reasons.get(f"line {field}") == BY_HAND:
                reasons[f"line {field}"] = f"{BY_HAND}; {column_facts(self.line_cells(column))}"
        return mapping

    def _columns_beside(self) -> dict[str, list[Any]]:
        rows: list[dict[str, Any]] = []
        for cell in self.sheet[self.sheet.attrs["lines"]].tolist():
            if cell and len(rows) < 1000:
                rows += msgspec.json.decode(cell)
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: [row.get(name, "") for row in rows] for name in names}

    def _products(self, mapping: Mapping) -> Mapping:
        column = self.fields["product_id"]
        self.product_texts: dict[str, int] = {}
        if column is not None:
            # Of lines, the rows are counted in the sample alone: calls are not known before they are grouped.
            of_all = self.counted.texts.get(column) if self.counted is not None else None
            self.product_texts = of_all if of_all is not None else distinct_texts(self.cells("product_id"))
        self.product_of: dict[str, int | None] = {}
        if self.products is None:
            return mapping
        mapping = mapping.match_products(self.product_texts, self.products)
        ids = [int(product["id"]) for product in self.products]
        first = {text: product_of(text, mapping, self.products) for text in self.product_texts}
        listed = sorted(self.product_texts, key=lambda text: first[text] is not None)[:LISTED]
        self.product_key = f"{self.key}product {column!r} {ids!r} "
        for text in listed:
            wanted = first[text] if first[text] in ids else None  # a profile may know a product that is gone
            self.product_of[text] = chosen(f"{self.product_key}{text}", wanted, ids)
        usual = mapping.defaults.get("product_id")
        default = chosen(f"{self.product_key} default", usual if usual in ids else None, ids)
        mapping = chosen_products(mapping, self.product_of)
        return _with_default(mapping, "product_id", default)

    def _agent(self, mapping: Mapping) -> Mapping:
        if self.fields["agent_email"] is not None:
            return mapping
        email = chosen(self.key + "agent for all", str(mapping.defaults.get("agent_email") or ""))
        return _with_default(mapping, "agent_email", email.strip() or None)

    def _times(self, mapping: Mapping) -> Mapping:
        column, guess = self.fields["timestamp"], self.guess
        cells = self.cells("timestamp")
        nothing = (0, DayOrder(None, ""))
        self.naive, self.order = (
            known("times", (self.format, column), lambda: (naive_times(cells), day_order(cells)))
            if cells
            else nothing
        )
        self.zones = time_zones(str(st.context.timezone or ""))
        changes: dict[str, Any] = {}
        if self.naive:
            usual = guess.timezone if guess.timezone in self.zones else self.zones[0]
            changes["timezone"] = chosen(self.key + "timezone", usual, self.zones)
        if self.order.reason:
            usual_order = guess.day_first if self.order.day_first is None else self.order.day_first
            changes["day_first"] = chosen(f"{self.key}day first {column!r}", usual_order)
        changes["line_unit"] = chosen(self.key + "line unit", guess.line_unit)
        changes["line_times"] = chosen(self.key + "line times", guess.line_times)
        return mapping.replace(**changes)

    def _speakers(self, mapping: Mapping) -> Mapping:
        # Only what decides who speaks: another tag or product is no reason to read the transcripts again.
        fields = {
            field: column
            for field, column in mapping.fields.items()
            if field in ("transcript", "agent_email", "timestamp")
        }
        bare = msgspec.structs.replace(
            mapping, fields=fields, tags=[], tag_types={}, values={}, roles={}, defaults={}, reasons={}
        )
        self.speakers, self.speakers_of = known("speakers", bare, lambda: self._who_speaks(bare))
        usual = {label.strip().casefold(): role for label, role in self.guess.roles.items()}
        first = {
            label: usual.get(label.strip().casefold()) or role_of(label) or None for label in self.speakers
        }
        # Those that need an answer come first; both parts most frequent first.
        open_ones = [label for label in self.speakers if first[label] is None and not self.by_itself(label)]
        listed = [*open_ones, *(label for label in self.speakers if label not in set(open_ones))][:LISTED]
        self.role_of: dict[str, Any] = {
            label: chosen(f"{self.key}role {label}", first[label], ROLES) for label in listed
        }
        return chosen_roles(mapping, self.role_of)

    def _who_speaks(self, bare: Mapping) -> tuple[dict[str, Speaking], str]:
        """(label → what is known of it, in which rows it was looked for)."""
        rows = self.counted.rows if self.counted is not None else None
        if bare.layout == "row" and "transcript" not in bare.fields:
            return {}, ""
        if rows is not None and rows <= len(self.sheet):
            return speakers(build_frame(self.sheet, bare), bare), "in the whole file"
        column = bare.fields.get("transcript") or bare.line_fields["text"]
        sample = self.sheet[column].tolist()
        length = sum(len(str(cell)) for cell in sample) / max(len(sample), 1)
        if rows is not None and rows * (length + A_ROW) <= SPEAKERS_OF_ALL:
            built = (one for piece in read_calls(self.file.path, bare) for one in piece)
            return speakers(built, bare), "in the whole file"
        head = self.sheet if bare.layout == "lines" else self.sheet.head(SPEAKERS_FROM)
        found = speakers(build_frame(head, bare), bare)
        role = bare.line_fields.get("role", "")
        if self.counted is not None and role in self.counted.texts and line_speakers(head, bare):
            for label, lines in self.counted.texts[role].items():  # a column of few texts: all were counted
                found.setdefault(label, Speaking()).lines = lines
            return dict(sorted(found.items(), key=lambda item: -item[1].lines)), "in the whole file"
        return found, f"in the first {len(head):,} rows"

    def open_speakers(self) -> list[str]:
        """Labels whose role nobody chose, and that not every call gives away by itself."""
        return [label for label, role in self.role_of.items() if role is None and not self.by_itself(label)]

    def by_itself(self, label: str) -> bool:
        """Does every call that has this label give its role away?"""
        return 0 < self.speakers[label].known == self.speakers[label].calls

    def _tags(self, mapping: Mapping) -> Mapping:
        state, key, guess = st.session_state, self.key, self.guess
        used = set(mapping.fields.values())
        of_lines = set(mapping.line_fields.values()) if self.layout == "lines" else set()
        before = state.get(key + "used", set(guess.fields.values()))
        wanted = chosen(key + "tags", guess.tags)
        tags = [tag for tag in tags_after(wanted, before, used, self.columns) if tag not in of_lines]
        state[key + "tags"] = tags
        state[key + "used"] = used
        self.taggable = [column for column in self.columns if column not in used | of_lines]
        types = {
            tag: chosen(f"{key}tag type {tag}", guess.tag_types.get(tag, "string"), TAG_TYPES) for tag in tags
        }
        return mapping.replace(tags=tags, tag_types=types)


def _with_default(mapping: Mapping, field: str, value: Any) -> Mapping:
    others = {name: usual for name, usual in mapping.defaults.items() if name != field}
    return mapping.replace(defaults=others if value is None else {**others, field: value})
