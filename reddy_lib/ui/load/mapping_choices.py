"""What was chosen for one file, made of the session first and drawn afterwards (`mapping_controls`).

Every choice has a key in the session that begins with the file's id, and with how the file is read and guessed:
another sheet, layout or profile begins with choices of its own, and going back finds the old ones again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, get_args

import msgspec
import pandas as pd
import streamlit as st

from reddy_lib.batches.profiles import Profile
from reddy_lib.errors import MappingError
from reddy_lib.model import TAG_TYPES
from reddy_lib.spreadsheet import (
    LINE_FIELDS,
    Mapping,
    Option,
    SheetFormat,
    build_frame,
    guess_mapping,
    read_calls,
)
from reddy_lib.spreadsheet.calls.sources import Sources
from reddy_lib.spreadsheet.cells.cell_kinds import is_empty
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.evidence.date_columns import timestamp_settings
from reddy_lib.spreadsheet.evidence.day_order import DayOrder, day_order
from reddy_lib.spreadsheet.file_names import NameOffer, name_offers
from reddy_lib.spreadsheet.mapping.choosing import (
    BY_HAND,
    chosen_fields,
    chosen_lines,
    chosen_products,
    chosen_roles,
    joined_columns,
    looked_up,
    product_of,
    tags_after,
    time_zones,
)
from reddy_lib.spreadsheet.mapping.lookups import Lookup
from reddy_lib.spreadsheet.mapping.survey import (
    Speaking,
    Survey,
    column_facts,
    distinct_texts,
    line_speakers,
    naive_times,
    speakers,
)
from reddy_lib.spreadsheet.model import LineUnit, NewCall
from reddy_lib.spreadsheet.reading.bundles import FILE_NAMES
from reddy_lib.spreadsheet.reading.upload import PrivateCopy
from reddy_lib.transcripts import KEEP_AS_TAG, LEAVE_OUT, role_of
from reddy_lib.ui.load.usual_values import with_default, with_only_product

__all__ = [
    "BY_TIME",
    "FIELDS",
    "LINE_ORDERS",
    "NEEDED",
    "NOTES",
    "TIME_FIELDS",
    "Choices",
    "Source",
    "chosen",
    "columns_of",
    "forget_known",
    "known",
]

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
ROLES = ("agent", "customer", KEEP_AS_TAG, LEAVE_OUT)
BY_TIME = "by time"
LINE_ORDERS = ("guess", BY_TIME, "file", "reversed")
"""`Mapping.line_order`, and `lines_by_time` among them: one choice on the page."""
NOTES = ("leave-out", "as-tag", "as-speech")
USUAL = ("timestamp", "channels", "separation", "channel_map")
"""Fields that may have one value for all calls, beside the agent and the product, which have controls of their own."""

NEEDED = ("agent_email", "product_id")
"""Fields that Reddy asks of every call and that may have one value for all of them."""

Source = str | tuple[str, ...] | None
"""What feeds a field: a column, several that are joined, or none."""

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


def columns_of(source: Source) -> list[str]:
    return [] if source is None else [source] if isinstance(source, str) else list(source)


def _source(mapping: Mapping, field: str) -> Source:
    columns = mapping.sources().get(field, [])
    return tuple(columns) if len(columns) > 1 else next(iter(columns), None)


class Choices:
    """Everything chosen for one file read in one way.

    Attributes:
        mapping: what the choices come to.
        from_profile: whether a profile was applied: what it says was chosen before.
        layout: "row", "lines", or "beside": one row a call, its lines in another sheet.
        fields: field of a call → the column that feeds it, several that are joined, or None.
        lines: field of a line → column, or None.
        agent_names: what the agents' column has instead of emails.
        needed: fields that every call must have and nothing feeds, so that one value for all calls is asked for.
        usual: field → (value that is proposed for all calls, why).
        patterns, pattern_problems: field → pattern of the file's name as typed; what is wrong with it.
        line_columns: columns of the sheet that has the lines.
        zone_column, year_first, swapped: whether the start times have a column of zones, begin with a year of two digits,
            may have day and month swapped, as they were found: each has a control then.
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
        usual: dict[str, tuple[Any, str]],
    ) -> None:
        self.file, self.format, self.sheet, self.counted, self.products = (
            file,
            format,
            sheet,
            counted,
            products,
        )
        self.layout = layout
        self.from_profile = profile is not None
        self.usual = with_only_product(usual, products)
        self.columns = [str(name) for name in sheet.columns if name not in sheet.attrs.get("extra", ())]
        self.key = key = f"load {file.id} {format!r} {layout} {profile.id if profile is not None else ''} "
        state = st.session_state
        guess = known("guess", (key, products), lambda: self._guess(profile))
        before: Mapping = state.get(key + "guess", guess)
        for field in FIELDS:  # a better guess (the product list came) moves what nobody chose otherwise
            if state.get(key + field) == _source(before, field):
                state.pop(key + field, None)
        state[key + "guess"] = guess
        self.guess = guess
        self.fields: dict[str, Source] = {
            field: chosen(key + field, _source(guess, field), self.offered(field))
            for field in FIELDS
            if field != "transcript" or layout == "row"
        }
        mapping = self._patterns(self._joins(guess))
        self.fields.setdefault("transcript", None)
        if self.fields["transcript"] is not None and mapping.turns:
            mapping = mapping.replace(turns=[])  # a column was chosen instead of those of the turns
        settled = chosen(key + "settled", [])
        doubts = {field: doubt for field, doubt in mapping.doubts.items() if field not in settled}
        mapping = mapping.replace(doubts=doubts)
        self.needed = [
            field for field in NEEDED if self.fields[field] is None and field not in mapping.from_name
        ]
        self._sources = Sources(mapping, file_name=file.file_name, name_column=self._name_column())
        for field in mapping.sources():
            if mapping.reasons.get(field) == BY_HAND:
                mapping.reasons[field] = f"{BY_HAND}; {column_facts(self.cells(field))}"
        self.mapping = self._tags(
            self._speakers(self._times(self._agent(self._products(self._lines(mapping)))))
        )

    def _guess(self, profile: Profile | None) -> Mapping:
        if profile is not None:
            return profile.apply(self.format, self.sheet)
        free = guess_mapping(self.sheet, products=self.products, path=self.file.path)
        if self.layout in ("beside", free.layout):
            return free  # with turns in several columns, which are looked for where no layout is given
        layout: Any = self.layout
        return guess_mapping(self.sheet, products=self.products, layout=layout, path=self.file.path)

    def offered(self, field: str) -> list[Source]:
        """What may feed a field: each column, and the columns that are joined for it now, or by the guess."""
        now = st.session_state.get(self.key + field)
        joins = [one for one in (_source(self.guess, field), now) if isinstance(one, tuple)]
        return [*self.columns, *dict.fromkeys(one for one in joins if set(one) <= set(self.columns))]

    def _joins(self, guess: Mapping) -> Mapping:
        singles = {field: one for field, one in self.fields.items() if not isinstance(one, tuple)}
        mapping = chosen_fields(guess, singles)
        for field, one in self.fields.items():
            if isinstance(one, tuple):
                before = guess.joins.get(field)
                between = str(
                    chosen(f"{self.key}separator {field}", " " if before is None else before.separator)
                )
                if before is None or (tuple(before.columns), before.separator) != (one, between):
                    mapping = joined_columns(mapping, field, one, between)
        return mapping

    def _patterns(self, mapping: Mapping) -> Mapping:
        self.patterns: dict[str, str] = {}
        self.pattern_problems: dict[str, str] = {}
        others = {field: pattern for field, pattern in mapping.from_name.items() if field not in self.fields}
        mapping = mapping.replace(from_name=others)
        for field in self.fields:
            pattern = str(chosen(f"{self.key}pattern {field}", self.guess.from_name.get(field, ""))).strip()
            if not pattern:
                continue
            try:
                mapping = mapping.replace(from_name={**mapping.from_name, field: pattern})
            except MappingError as error:
                self.pattern_problems[field] = str(error)
            self.patterns[field] = pattern
        return mapping

    def _name_column(self) -> str:
        own = self.format.kind == "files"
        return next((name for name in FILE_NAMES if own and name in self.columns), "")

    def name_offers(self, field: Literal["agent_email", "conversation_id"]) -> list[NameOffer]:
        """What the files' names give for a field that nothing else feeds."""
        if self.fields[field] is not None or field in self.mapping.from_name:
            return []
        column = self._name_column()
        if field == "conversation_id" and not column:
            return []  # the name of one sheet tells none of its calls apart
        names = list(map(cell_text, self.sheet[column].tolist())) if column else [self.file.file_name]
        return known(
            f"names {field}", (self.format, field), lambda: name_offers(field, list(filter(None, names)))
        )

    def rows(self) -> list[dict[str, Any]]:
        """The sample's rows: column → cell."""
        columns = [self.sheet[name].tolist() for name in self.columns]
        return [dict(zip(self.columns, cells, strict=True)) for cells in zip(*columns, strict=True)]

    def first_name(self) -> str:
        """The file's name that the first row is taken with: that of its own transcript file, or of the sheet."""
        return self._sources.name_of(next(iter(self.rows()), {}))

    def cells(self, field: str) -> list[Any]:
        """What the sample's rows, or their files' names, give for a field; [] where nothing feeds it."""
        source = self.fields[field]
        if isinstance(source, tuple) or field in self._sources.patterns:
            return [self._sources.given(field, row) for row in self.rows()]
        return [] if source is None else self.sheet[source].tolist()

    def texts(self, field: str) -> dict[str, int]:
        """Text → rows, of all rows where they were counted, else of the sample."""
        source = self.fields[field]
        plain = self.counted is not None and field not in self._sources.patterns
        of_all = (
            self.counted.texts.get(source) if self.counted and plain and isinstance(source, str) else None
        )
        return of_all if of_all is not None else distinct_texts(self.cells(field))

    def matched(self, field: str) -> tuple[int, int]:
        """(different texts that the value table of a field has, of how many)."""
        texts = self.texts(field)
        sources = Sources(self.mapping)
        return sum(sources.through_table(field, text) != text for text in texts), len(texts)

    def lookup(self, field: str) -> Lookup | None:
        """The value table that was chosen for a field, out of a second sheet."""
        found: Lookup | None = st.session_state.get(f"{self.key}lookup {field}")
        return found

    def line_cells(self, column: str) -> list[Any]:
        """The first cells of a column of the sheet that has the lines."""
        return self._beside.get(column, []) if self.layout == "beside" else self.sheet[column].tolist()

    def _lines(self, mapping: Mapping) -> Mapping:
        self.lines: dict[str, str | None] = {}
        self.line_columns: list[str] = []
        order = chosen(
            self.key + "order of lines",
            BY_TIME if self.guess.lines_by_time else self.guess.line_order,
            LINE_ORDERS,
        )
        mapping = mapping.replace(
            lines_by_time=order == BY_TIME,
            line_order="guess" if order == BY_TIME else order,
            notes=chosen(self.key + "notes", self.guess.notes, NOTES),
        )
        if self.layout == "row" or not ("text" in mapping.line_fields or mapping.turns):
            return mapping
        if self.layout == "beside":
            self._beside = known("beside", self.format, self._columns_beside)
            self.line_columns = list(self._beside)
        else:
            self.line_columns = self.columns
        guess, key = self.guess, self.key
        for field in LINE_FIELDS:
            if field in ("role", "text") and mapping.turns:
                continue  # the columns of the turns say who speaks, and what
            self.lines[field] = chosen(f"{key}line {field}", guess.line_fields.get(field), self.line_columns)
        if self.lines.get("text", "") is None:
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
        mapping = chosen_lines(mapping, self.lines, units=units, group_by=by, new_call=new_call)
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
        # Of lines, the rows are counted in the sample alone: calls are not known before they are grouped.
        self.product_texts = self.texts("product_id")
        self.product_of: dict[str, int | None] = {}
        self.product_key = ""
        lookup = self.lookup("product_id")
        if lookup is not None:
            mapping = looked_up(mapping, lookup)
        if self.products is None:
            return mapping
        mapping = mapping.match_products(self.product_texts, self.products)
        ids = [int(product["id"]) for product in self.products]
        first = {text: product_of(text, mapping, self.products) for text in self.product_texts}
        listed = sorted(self.product_texts, key=lambda text: first[text] is not None)[:LISTED]
        names = [(int(product["id"]), str(product["name"])) for product in self.products]
        own_key = f"{self.key}product {column!r} {names!r} "  # an id alone may be another product elsewhere
        self.product_key = own_key if lookup is None else f"{own_key}{lookup.reason} "
        for text in listed:
            wanted = first[text] if first[text] in ids else None  # a profile may know a product that is gone
            if wanted is None and lookup is not None:
                wanted = st.session_state.get(f"{own_key}{text}")  # chosen before the second sheet came
            self.product_of[text] = chosen(f"{self.product_key}{text}", wanted, ids)
        usual = mapping.defaults.get("product_id")
        if usual is None and "product_id" in self.needed and "product_id" in self.usual:
            usual = self.usual["product_id"][0]
        self.usual_product_key = f"{own_key} default"
        default = chosen(self.usual_product_key, usual if usual in ids else None, ids)
        mapping = chosen_products(mapping, self.product_of)
        return with_default(mapping, "product_id", default).with_product_names(self.products)

    def _agent(self, mapping: Mapping) -> Mapping:
        lookup = self.lookup("agent_email")
        if lookup is not None:
            mapping = looked_up(mapping, lookup)
        self.agent_names = self._names_without_email(mapping)
        emails = {
            name: str(chosen(f"{self.key}email of {name}", "")).strip() for name in self.agent_names[:LISTED]
        }
        if given := {name: email for name, email in emails.items() if email}:
            mapping = mapping.replace(values={"agent_email": given})
        email = chosen(self.key + "agent for all", str(mapping.defaults.get("agent_email") or ""))
        for field in USUAL:
            usual = chosen(f"{self.key}default {field}", str(mapping.defaults.get(field) or ""))
            mapping = with_default(mapping, field, str(usual).strip() or None)
        return with_default(mapping, "agent_email", str(email).strip() or None)

    def _names_without_email(self, mapping: Mapping) -> list[str]:
        """Return what the agents' column has instead of emails, the most frequent first: names, mostly."""
        if self.fields["agent_email"] is None:
            return []
        sources = Sources(mapping)
        texts = self.texts("agent_email")
        names = [
            text for text in texts if "@" not in text and sources.through_table("agent_email", text) == text
        ]
        return sorted(names, key=lambda name: -texts[name])

    def _times(self, mapping: Mapping) -> Mapping:
        column, guess = self.fields["timestamp"], self.guess
        cells = [cell for cell in self.cells("timestamp") if not is_empty(cell)]
        nothing = (0, DayOrder(None, ""), dict[str, Any]())
        self.naive, self.order, found = (
            known("times", (self.format, column, mapping.from_name), lambda: self._time_facts(cells))
            if cells
            else nothing
        )
        self.zones = time_zones(str(st.context.timezone or ""))
        changes: dict[str, Any] = dict(found)
        if column is not None and column == _source(guess, "timestamp"):
            changes = {name: getattr(guess, name) for name in found}  # a profile may say otherwise
        self.zone_column = bool(changes.get("timezone_column"))
        self.year_first = bool(changes.get("year_first"))
        self.swapped = changes.get("swapped_dates", "keep") != "keep"
        for name in ("timezone_column", "year_first", "swapped_dates") if found else ():
            options = [None, *self.columns] if name == "timezone_column" else None
            usual = changes[name] or None if name == "timezone_column" else changes[name]
            value = chosen(f"{self.key}{name} {column!r}", usual, options)
            changes[name] = "" if value is None else value
        self.year_first = self.year_first or bool(changes.get("year_first"))
        if changes.get("timezone_column"):
            self.naive = 0  # each row names its zone
        if self.naive:
            usual = guess.timezone if guess.timezone in self.zones else self.zones[0]
            changes["timezone"] = chosen(self.key + "timezone", usual, self.zones)
        if self.order.reason:
            usual_order = guess.day_first if self.order.day_first is None else self.order.day_first
            changes["day_first"] = chosen(f"{self.key}day first {column!r}", usual_order)
        changes["line_unit"] = chosen(self.key + "line unit", guess.line_unit)
        changes["line_times"] = chosen(self.key + "line times", guess.line_times)
        return mapping.replace(**changes)

    def _time_facts(self, cells: Sequence[Any]) -> tuple[int, DayOrder, dict[str, Any]]:
        """How many start times name no zone, the order of day and month, and what the mapping is to say of them."""
        column = self.fields["timestamp"]
        if not isinstance(column, str) or column not in self.sheet.columns:
            return naive_times(cells, self.guess.timestamp_unit), day_order(cells), {}
        columns = {str(name): self.sheet[name].tolist() for name in self.sheet.columns}
        settings, read = timestamp_settings(column, columns)
        order = DayOrder(read.day_first, read.reasons[0] if day_order(cells).reason else "")
        del settings["day_first"]
        return naive_times(cells, read.unit), order, settings

    def _speakers(self, mapping: Mapping) -> Mapping:
        # Only what decides who speaks: another tag or product is no reason to read the transcripts again.
        deciding = ("transcript", "agent_email", "timestamp")
        few: dict[str, Any] = {
            kind: {field: one for field, one in getattr(mapping, kind).items() if field in deciding}
            for kind in ("fields", "joins", "from_name")
        }
        nothing: dict[str, Any] = {
            kind: {}
            for kind in ("tag_types", "values", "roles", "defaults", "reasons", "doubts", "second_best")
        }
        bare = msgspec.structs.replace(mapping, tags=[], **nothing, **few)
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
        mapping = chosen_roles(mapping, self.role_of)
        answered = {
            label: st.session_state.get(f"{self.key}role {label}")
            for label in chosen(self.key + "answered roles", [])
        }
        return mapping.replace(roles={label: role for label, role in answered.items() if role})

    def keys_of(self, option: Option) -> dict[str, Any]:
        """What an answer to a question changes in the session: the same keys as the controls of the mapping."""
        state, key = st.session_state, self.key
        column = self.fields["timestamp"]
        changes = dict(option.changes)
        keys: dict[str, Any] = {key + field: name for field, name in changes.pop("fields", {}).items()}
        if roles := changes.pop("roles", {}):
            keys |= {f"{key}role {label}": role for label, role in roles.items()}
            keys[key + "answered roles"] = [*state.get(key + "answered roles", []), *roles]
        keys |= {f"{key}unit {field}": unit for field, unit in changes.pop("line_units", {}).items()}
        names = {
            "day_first": f"day first {column!r}",
            "year_first": f"year_first {column!r}",
            "swapped_dates": f"swapped_dates {column!r}",
            "group_by": "group by",
            "line_unit": "line unit",
            "line_order": "order of lines",
            "notes": "notes",
        }
        if changes.pop("lines_by_time", False):
            changes["line_order"] = BY_TIME
        for text, product in changes.pop("values", {}).get("product_id", {}).items():
            keys[f"{self.product_key}{text}"] = product
        keys |= {key + names[setting]: value for setting, value in changes.items()}
        if option.settles:
            keys[key + "settled"] = [*state.get(key + "settled", []), option.settles]
        return keys

    def _who_speaks(self, bare: Mapping) -> tuple[dict[str, Speaking], str]:
        """(label → what is known of it, in which rows it was looked for)."""
        rows = self.counted.rows if self.counted is not None else None
        columns = self._said_in(bare)
        if not columns:
            return {}, ""
        if rows is not None and rows <= len(self.sheet):
            return speakers(build_frame(self.sheet, bare), bare), "in the whole file"
        sample = [cell for column in columns for cell in self.sheet[column].tolist()]
        length = sum(len(str(cell)) for cell in sample) / max(len(self.sheet), 1)
        if rows is not None and rows * (length + A_ROW) <= SPEAKERS_OF_ALL:
            built = (
                one
                for piece in read_calls(self.file.path, bare, file_name=self.file.file_name)
                for one in piece
            )
            return speakers(built, bare), "in the whole file"
        head = self.sheet if bare.layout == "lines" else self.sheet.head(SPEAKERS_FROM)
        found = speakers(build_frame(head, bare), bare)
        role = bare.line_fields.get("role", "")
        if self.counted is not None and role in self.counted.texts and line_speakers(head, bare):
            for label, lines in self.counted.texts[role].items():  # a column of few texts: all were counted
                found.setdefault(label, Speaking()).lines = lines
            return dict(sorted(found.items(), key=lambda item: -item[1].lines)), "in the whole file"
        return found, "in the first row" if len(head) == 1 else f"in the first {len(head):,} rows"

    @staticmethod
    def _said_in(mapping: Mapping) -> list[str]:
        """The columns that hold what was said."""
        text = mapping.line_fields.get("text", "") if mapping.layout == "lines" else ""
        turns = [turn.text for turn in mapping.turns]
        return mapping.sources().get("transcript") or turns or [text][: bool(text)]

    def open_products(self) -> list[str]:
        """Return the names in the sheet that no product was chosen for, the most frequent first."""
        names = [text for text, product in self.product_of.items() if product is None]
        return sorted(names, key=lambda text: -self.product_texts[text])

    def open_speakers(self) -> list[str]:
        """Labels whose role nobody chose, and that not every call gives away by itself."""
        return [label for label, role in self.role_of.items() if role is None and not self.by_itself(label)]

    def by_itself(self, label: str) -> bool:
        """Does every call that has this label give its role away?"""
        return 0 < self.speakers[label].known == self.speakers[label].calls

    def _tags(self, mapping: Mapping) -> Mapping:
        state, key, guess = st.session_state, self.key, self.guess
        used = {column for columns in mapping.sources().values() for column in columns}
        of_lines = set(mapping.line_fields.values()) if self.layout == "lines" else set()
        fed = {column for columns in guess.sources().values() for column in columns}
        before = state.get(key + "used", fed)
        wanted = chosen(key + "tags", guess.tags)
        tags = [tag for tag in tags_after(wanted, before, used, self.columns) if tag not in of_lines]
        state[key + "tags"] = tags
        state[key + "used"] = used
        self.taggable = [column for column in self.columns if column not in used | of_lines]
        types = {
            tag: chosen(f"{key}tag type {tag}", guess.tag_types.get(tag, "string"), TAG_TYPES) for tag in tags
        }
        return mapping.replace(tags=tags, tag_types=types)
