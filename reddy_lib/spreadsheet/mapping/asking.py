"""What only a person can say of a sheet: the doubts of a mapping and the findings of its first calls, as questions.

Each question is asked once for all calls. It has its reason, two or more options with examples, and every option says
what it changes in the mapping. A page draws the list; a notebook goes through it:

    for question in reddy.questions(mapping, sheet):
        print(question.text, [option.label for option in question.options])
    mapping = question.options[0].apply(mapping)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Table
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

import reddy_lib.arguments as arguments
from reddy_lib.errors import MappingError
from reddy_lib.findings import Finding
from reddy_lib.model import Call
from reddy_lib.spreadsheet.calls.building import BuiltCall, build_frame
from reddy_lib.spreadsheet.calls.call_builder import YEAR_10000
from reddy_lib.spreadsheet.calls.transcript_choices import NOTES_TAG
from reddy_lib.spreadsheet.cells.cell_kinds import is_empty
from reddy_lib.spreadsheet.cells.dates import read_timestamp
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.evidence.id_evidence import NAMED_AS_A_CALLS, id_name
from reddy_lib.spreadsheet.evidence.tags import sensitive
from reddy_lib.spreadsheet.mapping.product_suggestions import suggested_products
from reddy_lib.spreadsheet.mapping.question import Option, Question
from reddy_lib.spreadsheet.mapping.survey import Speaking, shorten, speakers
from reddy_lib.spreadsheet.model import UNIT_UNCLEAR, Mapping, ProductLike
from reddy_lib.transcripts import KEEP_AS_TAG, LEAVE_OUT, role_of
from reddy_lib.transcripts.short_clocks import HOURS, MINUTES
from reddy_lib.transcripts.times import Unit
from reddy_lib.transcripts.units import UNIT_NAMES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PRODUCT_ASKED", "SETTLED_BY_PROFILE", "questions"]

_ROWS = 200
_EXAMPLES = 3
_MOST_LABELS = 6
"""More labels without a role than this are names of people: they are asked about together."""
_MOST_COLUMNS = 3
_FIELDS = {
    "agent_email": "the agent's email",
    "product_id": "the product",
    "timestamp": "the start of the call",
    "conversation_id": "the id of the call",
    "transcript": "the transcript",
    "filename": "the recording",
}
_WITHOUT = {
    "timestamp": ["no column: the transcript's own start, where it has one"],
    "conversation_id": ["no column: ids are made from agent, start and words"],
}
"""Fields that a call can do without, and what they are then."""
_UNITS: list[tuple[Unit, str]] = [
    ("s", "Seconds"),
    ("ms", "Milliseconds"),
    ("min", "Minutes"),
    ("8 kHz", "Samples at 8 kHz"),
    ("16 kHz", "Samples at 16 kHz"),
    ("44.1 kHz", "Samples at 44.1 kHz"),
    ("48 kHz", "Samples at 48 kHz"),
    ("cs", "Hundredths of a second"),
    ("25 fps", "Frames, 25 per second"),
    ("30 fps", "Frames, 30 per second"),
    ("50 fps", "Frames, 50 per second"),
    ("ds", "Tenths of a second"),
    ("us", "Microseconds"),
    ("ns", "Nanoseconds"),
    ("ticks", "Ticks of 100 ns"),
]
_CLOCKS: list[tuple[Unit, str]] = [("auto", "Hours:minutes, as written"), ("m:s", "Minutes:seconds")]
_SHORT: list[tuple[Unit, str]] = [("m:s", "Minutes:seconds"), ("h:m", "Hours:minutes")]
_MOST_UNITS = 4
_MOST_NAMES = 20
"""More names without a product than this are not names of products: another column is."""
_MOST_REBUILT = 10
_NEVER_WORDS = {"function call", "instruction", "interim result", "deleted message"}
"""Kinds of left-out items that nobody wants to send."""
_ORDER_ASKED, _NOTES_ASKED = "order of lines", "notes"
SETTLED_BY_PROFILE = frozenset([_ORDER_ASKED, _NOTES_ASKED])
"""Keys of questions that a mapping answers by its own settings, even where these are the usual ones."""
PRODUCT_ASKED = "product "
"""Begins the key of a question about a name of a product."""


class Looked(Protocol):
    """A call as it would become: a `BuiltCall`, or a row of the page's preview."""

    @property
    def row(self) -> int: ...
    @property
    def call(self) -> Call: ...
    @property
    def cells(self) -> dict[str, Any]: ...
    @property
    def findings(self) -> list[Finding]: ...


def questions(
    mapping: Mapping,
    sheet: pd.DataFrame,
    *,
    calls: Sequence[Looked] | None = None,
    speaking: Table[str, Speaking] | None = None,
    products: Sequence[ProductLike] | None = None,
) -> list[Question]:
    """Return what is to be asked before the calls of this sheet are ready: [] where nothing is in doubt.

    Args:
        mapping: what `guess_mapping` returned, or a changed copy.
        sheet: the rows, as `read_sheet` returns them. The first 200 are looked at.
        calls: the calls that the mapping makes of the first rows, where they are built already.
        speaking: who speaks in them, where that is known already.
        products: Reddy's products, to suggest some for names that match none; None: names are not asked about.
    """
    arguments.instance(mapping, Mapping, "mapping", "what guess_mapping returns")
    arguments.frame(sheet, "sheet")
    head = sheet.head(_ROWS)
    built: list[BuiltCall] | None = None
    if calls is None:
        try:
            calls = built = list(build_frame(head, mapping))
        except MappingError:
            return []  # a column is missing: the mapping has to be mended first
    if speaking is None:
        bare = msgspec.structs.replace(mapping, roles={})
        speaking = speakers(built if built and not mapping.roles else build_frame(head, bare), bare)
    asked = _Asked(mapping, sheet, calls, speaking, products or [])
    return [
        *asked.what_tells_calls_apart(),
        *asked.columns(),
        *asked.made_up_id(),
        *asked.day_or_month(),
        *asked.swapped_dates(),
        *asked.sides(),
        *asked.unit(),
        *asked.order(),
        *asked.reordered(),
        *asked.notes(),
        *asked.products(),
    ]


class _Asked:
    """One sheet, and every kind of question that it may raise."""

    def __init__(
        self,
        mapping: Mapping,
        sheet: pd.DataFrame,
        calls: Sequence[Looked],
        speaking: Table[str, Speaking],
        listed: Sequence[ProductLike],
    ) -> None:
        self.mapping, self.sheet, self.calls, self.speaking = mapping, sheet, calls, speaking
        self.listed = listed
        self.names = [str(name) for name in sheet.columns if name not in sheet.attrs.get("extra", ())]

    def _with(self, *codes: str) -> list[tuple[Looked, Finding]]:
        """Each call that has one of these findings, with the first of them."""
        found = []
        for one in self.calls:
            first = next((finding for finding in one.findings if finding.code in codes), None)
            if first is not None:
                found.append((one, first))
        return found

    def _examples(self, column: str, rows: Sequence[int] = ()) -> list[str]:
        cells = self.sheet[column].tolist()
        if rows:
            cells = [cells[place] for place in rows]
        texts = [shorten(cell_text(cell), 40) for cell in cells if not is_empty(cell)]
        return list(dict.fromkeys(texts))[:_EXAMPLES]

    # columns

    def columns(self) -> Iterator[Question]:
        """Ask of each field in doubt which column feeds it."""
        for field, doubt in self.mapping.doubts.items():
            best, rival = self.mapping.fields.get(field), self.mapping.second_best.get(field)
            if best is None or best not in self.names:
                continue
            what = _FIELDS.get(field, field)
            doubt = f"{doubt[:1].upper()}{doubt[1:].removesuffix('.')}."
            if rival in self.names and rival is not None:
                places = self._differing(best, rival)
                options = [
                    Option(best, {}, self._values(field, best, places), field),
                    Option(rival, {"fields": {field: rival}}, self._values(field, rival, places), field),
                ]
                text, no = f"Which column is {what}?", "Neither"
            else:
                options = [Option("Yes", {}, self._values(field, best), field)]
                text, no = f"Is {best!r} {what}?", "No"
            if no == "No" or field == "conversation_id":
                options.append(Option(no, {"fields": {field: None}}, _WITHOUT.get(field, []), field))
            yield Question(f"column {field}", text, doubt, options, len(self.calls))

    def _values(self, field: str, column: str, rows: Sequence[int] = ()) -> list[str]:
        """Return examples of a column; of start times with what they are read as."""
        values = self._examples(column, rows)
        if field != "timestamp":
            return values
        read = [{self._read(value, first) for first in self._orders()} for value in values]
        return [found.pop() if len(found) == 1 else value for value, found in zip(values, read, strict=True)]

    def _orders(self) -> tuple[bool, ...]:
        """Return whether the day comes first; both where that is open."""
        return (True, False) if self.mapping.day_first is None else (self.mapping.day_first,)

    def _differing(self, first: str, second: str) -> list[int]:
        """Places of rows in which two columns differ."""
        pairs = zip(self.sheet[first].tolist(), self.sheet[second].tolist(), strict=True)
        places = [
            place
            for place, (one, other) in enumerate(pairs)
            if not is_empty(one) and not is_empty(other) and cell_text(one) != cell_text(other)
        ]
        return places[:_EXAMPLES]

    def made_up_id(self) -> Iterator[Question]:
        """Ask which column is the call's id, where ids are made up although columns tell the calls apart."""
        found = self._with("conversation-id-made-up")
        if not found or "conversation_id" in self.mapping.sources():
            return
        columns = self._telling_calls_apart()
        if not columns:
            return
        options = [
            Option(name, {"fields": {"conversation_id": name}}, values[:_EXAMPLES], "conversation_id")
            for name, values in columns
        ]
        options.append(Option("None of them", {}, [], "conversation_id"))
        yield Question(
            "made-up id",
            "Which column is the id of the call?",
            "No column was taken for it, so ids are made up. Reddy knows each call by its id from then on.",
            options,
            len(found),
        )

    def _telling_calls_apart(self) -> list[tuple[str, list[str]]]:
        """Unused columns that have one cell a call, and another in each call."""
        mapping = self.mapping
        used = {column for several in mapping.sources().values() for column in several}
        used |= {*mapping.line_fields.values(), mapping.timezone_column}
        used |= {name for turn in mapping.turns for name in (turn.text, turn.speaker, turn.start)}
        found = []
        for name in self.names:
            if name in used or len(self.calls) < 2:
                continue
            cells = [one.cells.get(name) for one in self.calls]
            if any(isinstance(cell, list) or is_empty(cell) for cell in cells):
                continue
            column = Column(name, cells)
            if sensitive(name, column.cells):
                continue
            if column.unique < 1:
                continue
            # A name that says so is asked about, however its ids are written: as dates, as amounts.
            named = id_name(column.says) >= NAMED_AS_A_CALLS
            if named or (column.ids >= 0.9 and column.times < 0.5 and column.emails < 0.5):
                found.append((name, column.texts))
        return found[:_MOST_COLUMNS]

    def what_tells_calls_apart(self) -> Iterator[Question]:
        """Ask what the rows of one call share, where the whole sheet would be one call."""
        mapping = self.mapping
        if mapping.layout != "lines" or mapping.group_by or len(self.calls) != 1 or len(self.sheet) < 4:
            return
        taken = set(mapping.line_fields.values())
        options = []
        for name in self.names:
            if name in taken or name == mapping.timezone_column:
                continue
            column = Column(name, self.sheet[name].tolist())
            if column.fill < 0.9 or not 1 < column.distinct <= len(self.sheet) / 2:
                continue
            label = f"{name} ({column.distinct:,} calls)"
            options.append(Option(label, {"group_by": [name]}, self._examples(name)))
        if not options:
            return
        options = [*options[:_MOST_COLUMNS], Option("All rows are one call")]
        why = f"Nothing says where a call ends: all {len(self.sheet):,} rows looked at would be one call."
        yield Question("group by", "Which column tells calls apart?", why, options, 1)

    # dates

    def day_or_month(self) -> Iterator[Question]:
        """Ask for the order of day and month where no date of the column proves it."""
        found = self._with("timestamp-ambiguous-order")
        if not found or self.mapping.day_first is not None or self.mapping.year_first:
            return
        values = list(dict.fromkeys(finding.value for _, finding in found if finding.value))[:_EXAMPLES]
        options = [
            Option(label, {"day_first": first}, [self._read(value, first) for value in values])
            for label, first in (("Day first", True), ("Month first", False))
        ]
        why = "no date proves the order: day and month are both at most 12"
        first = "or the month"
        if any("which number is the year" in finding.message for _, finding in found):
            years = [self._read(value, None, year_first=True) for value in values]
            kept = options[: 1 if options[0].examples == options[1].examples else 2]
            options = [*kept, Option("Year first", {"year_first": True}, years)]
            why, first = "no date proves the order: the year has two digits", "the month or the year"
        text = f"Does the day, {first} come first in the start times?".replace("day, or", "day or")
        yield Question("day first", text, self._why(found, why), options, len(found))

    def _read(self, value: str, day_first: bool | None, *, year_first: bool = False) -> str:
        seconds, _ = read_timestamp(
            value, tz=UTC, day_first=day_first, unit=self.mapping.timestamp_unit,
            year_first=year_first or self.mapping.year_first,
        )  # fmt: skip
        if seconds is None or not 0 <= seconds < YEAR_10000:
            return value
        return f"{value} → {_day(datetime.fromtimestamp(seconds, UTC))}"

    def swapped_dates(self) -> Iterator[Question]:
        """Ask whether a spreadsheet program read day and month the wrong way round."""
        found = self._with("timestamp-swapped")
        if not found:
            return
        days: list[date] = []
        for _, finding in found:
            try:
                days.append(datetime.fromisoformat(finding.value))
            except ValueError:
                continue
        days = list(dict.fromkeys(days))[:_EXAMPLES]
        turned = [day.replace(day=day.month, month=day.day) for day in days if day.day <= 12]
        yield Question(
            "swapped dates",
            "Did Excel swap day and month in the start times?",
            self._why(
                found,
                "dates have no day above 12, and those that do are texts: as if Excel had read the others itself",
            ),
            [
                Option("Swap them back", {"swapped_dates": "swap"}, list(map(_day, turned))),
                Option("They are right", {"swapped_dates": "keep"}, list(map(_day, days))),
            ],
            len(found),
        )

    def _why(self, found: Sequence[object], reason: str) -> str:
        if len(found) == len(self.calls):
            return f"In {'the one call' if len(found) == 1 else f'all {len(found):,} calls'} looked at, {reason}."
        return f"In {len(found):,} of {len(self.calls):,} calls looked at, {reason}."

    # sides

    def sides(self) -> Iterator[Question]:
        """Ask which side an unresolved label is on, and about calls in which only one side speaks."""
        given = {label.strip().casefold() for label in self.mapping.roles}
        open_ones = [
            label
            for label, one in self.speaking.items()
            if not role_of(label) and label.strip().casefold() not in given and one.known < one.calls
        ]
        settled = [label for label in self.speaking if label not in open_ones]
        if len(open_ones) == 2 and not any(self._role(label) in ("agent", "customer") for label in settled):
            yield self._pair("sides", open_ones, "Neither label says which side it is.")
        elif len(open_ones) > _MOST_LABELS:
            yield self._many(open_ones)
        else:
            for label in open_ones:
                yield self._one(label)
        silent = self._with("one-side-silent")
        labels = {label: None for _, finding in silent for label in finding.value.split(", ")}
        heard = [label for label in labels if label in self.speaking and label not in open_ones]
        if len(heard) == 2:
            yield self._pair("silent side", heard, self._why(silent, "only one side speaks"), len(silent))
        elif heard:
            yield from (self._one(label, self._why(silent, "only one side speaks")) for label in heard[:1])

    def _role(self, label: str) -> str:
        return self.mapping.roles.get(label, "") or role_of(label) or self.speaking[label].role

    def _said(self, label: str) -> list[str]:
        one = self.speaking[label]
        lines = "1 line" if one.lines == 1 else f"{one.lines:,} lines"
        calls = "1 call" if one.calls == 1 else f"{one.calls:,} calls"
        return [f"{label}: {lines} in {calls}", *([f"“{shorten(one.example, 80)}”"] if one.example else [])]

    def _pair(self, key: str, labels: Sequence[str], why: str, calls: int = 0) -> Question:
        first, second = sorted(labels, key=lambda label: -self.speaking[label].lines)
        options = [
            Option(label, {"roles": {label: "agent", other: "customer"}}, self._said(label))
            for label, other in ((first, second), (second, first))
        ]
        return Question(key, "Who is the agent?", why, options, calls or self.speaking[first].calls)

    def _one(self, label: str, why: str = "The label does not say which side it is.") -> Question:
        options = [
            Option("Agent", {"roles": {label: "agent"}}, self._said(label)),
            Option("Customer", {"roles": {label: "customer"}}),
            Option("Leave out", {"roles": {label: LEAVE_OUT}}),
            Option("Keep as tag", {"roles": {label: KEEP_AS_TAG}}),
        ]
        return Question(f"role {label}", f"Who is {label!r}?", why, options, self.speaking[label].calls)

    def _many(self, labels: Sequence[str]) -> Question:
        said = [text for label in labels[:_EXAMPLES] for text in self._said(label)[:1]]
        options = [
            Option(
                f"All are {role}s", {"roles": dict.fromkeys(labels, role)}, said if role == "agent" else []
            )
            for role in ("agent", "customer")
        ]
        return Question(
            "sides",
            f"Who are these {len(labels):,} speakers?",
            "No label says which side it is. Where they are on different sides, choose each below.",
            options,
            max(self.speaking[label].calls for label in labels),
        )

    # lines

    def unit(self) -> Iterator[Question]:
        """Ask for the unit of line times if the pace is implausible or two units fit."""
        found = self._with("unit-unclear", "pace-implausible")
        if not found:
            return
        one, finding = found[0]
        mapping = self.mapping
        times = [field for field in ("start", "stop", "duration") if field in mapping.line_fields]
        options: list[Option] = []
        others: list[Option] = []
        for unit, name in (
            _SHORT if finding.value in (MINUTES, HOURS) else self._units(times, finding.message)
        ):
            option = Option(
                name,
                {"line_units": dict.fromkeys(times, unit)} if times else {"line_unit": unit},
                settles=UNIT_UNCLEAR if UNIT_UNCLEAR in mapping.doubts else "",
            )
            built = self._again(option.apply(mapping), one.row)
            if built is None:
                continue
            option = msgspec.structs.replace(option, examples=_first_lines(built.call))
            odd = any(found.code == "pace-implausible" for found in built.findings)
            (others if odd else options).append(option)
        options = [*options, *others[: max(0, 2 - len(options))]][:_MOST_UNITS]
        if len(options) > 1:
            text = "What unit do the times of the lines have?"
            why = f"{finding.message} (row {one.row})"
            yield Question("unit", text, why, options, len(found))

    def _units(self, times: Sequence[str], message: str) -> list[tuple[Unit, str]]:
        """Return the units that could be meant: (unit, its name); first those that a message names."""
        units = sorted(_UNITS, key=lambda one: UNIT_NAMES.get(one[0], one[0]) not in message)
        if not times:
            return units
        column = self.mapping.line_fields[times[0]]
        of_column = self.sheet[column].tolist() if column in self.names else []
        cells = [cell for cell in of_column if not is_empty(cell)]
        clocks = [not isinstance(cell, int | float) and ":" in cell_text(cell) for cell in cells]
        return _CLOCKS if sum(clocks) * 2 > len(clocks) else units

    def _again(self, mapping: Mapping, row: int) -> BuiltCall | None:
        """Return the call of a row as another mapping makes it."""
        if row not in self.sheet.index:
            return None
        most = 1 if mapping.layout == "row" else _ROWS
        try:
            built = next(iter(build_frame(self.sheet.loc[row:].head(most), mapping)), None)
        except MappingError:
            return None
        return built if built is not None and built.row == row else None

    def order(self) -> Iterator[Question]:
        """Ask whether lines are to be put in the order of their times."""
        mapping = self.mapping
        found = self._with("lines-out-of-order")
        if (
            mapping.layout != "lines"
            or mapping.lines_by_time
            or "start" not in mapping.line_fields
            or not found
        ):
            return
        one, _ = found[0]
        turn = Option("By their times", {"lines_by_time": True})
        built = self._again(turn.apply(mapping), one.row)
        yield Question(
            "order",
            "In which order were the lines spoken?",
            self._why(found, "the rows do not follow their times"),
            [
                msgspec.structs.replace(turn, examples=_first_lines(built.call) if built else []),
                Option("As in the sheet", {}, _first_lines(one.call)),
            ],
            len(found),
        )

    def reordered(self) -> Iterator[Question]:
        """Ask about lines that were put in another order than the source's, because it has the newest first, or none."""
        found = self._with("lines-reordered")
        if not found or self.mapping.line_order != "guess":
            return
        one, finding = found[0]
        as_written = Option("Keep the file's order", {"line_order": "file"})
        built = self._again(as_written.apply(self.mapping), one.row)
        if built is None or built.call.transcript == one.call.transcript:
            return
        yield Question(
            _ORDER_ASKED,
            "In which order were the lines spoken?",
            f"{self._why(found, 'lines were put in another order')} Row {one.row}: {finding.message}",
            [
                Option("Put them in order", {"line_order": "guess"}, _first_lines(one.call)),
                msgspec.structs.replace(as_written, examples=_first_lines(built.call)),
            ],
            len(found),
        )

    def notes(self) -> Iterator[Question]:
        """Ask what is to be done with notes and events. Interim results and calls of functions are not asked about."""
        found = [
            (one, finding)
            for one, finding in self._with("not-spoken")
            if not set(finding.value.split(", ")) <= _NEVER_WORDS
        ]
        if not found or self.mapping.notes != "leave-out":
            return
        texts: list[str] = []
        for one, _ in found[:_MOST_REBUILT]:
            texts += [text for text in self._noted(one.row) if text not in texts]
            if len(texts) >= _EXAMPLES:
                break
        if not texts:
            return  # nothing in them to send: codes and times
        calls = "1 call" if len(found) == 1 else f"{len(found):,} calls"
        yield Question(
            _NOTES_ASKED,
            f"What should happen to the notes and events in {calls}?",
            f"{self._why(found, 'some items are not speech')} Row {found[0][0].row}: {found[0][1].message}",
            [
                Option(
                    "Leave out",
                    {"notes": "leave-out"},
                    [f"“{shorten(text, 80)}”" for text in texts[:_EXAMPLES]],
                ),
                Option("Keep as tag", {"notes": "as-tag"}, [f"a tag “{NOTES_TAG}” of the call"]),
                Option("Send as the agent's words", {"notes": "as-speech"}),
            ],
            len(found),
        )

    def _noted(self, row: int) -> list[str]:
        """Return the notes of a call, as they would be in its tag."""
        built = self._again(self.mapping.replace(notes="as-tag"), row)
        tags = (built.call.tags or []) if built is not None else []
        return [text for tag in tags if tag.key == NOTES_TAG for text in str(tag.value).split("\n") if text]

    # products

    def products(self) -> Iterator[Question]:
        """Ask which product a name of the sheet stands for, where it matches none."""
        if not self.listed:
            return
        found = self._with("product-unknown")
        used = Counter(one.call.product_id for one in self.calls if isinstance(one.call.product_id, int))
        rows: Counter[str] = Counter(finding.value for _, finding in found if finding.value)
        names = {int(product["id"]): str(product["name"]) for product in self.listed}
        for text, count in rows.most_common(_MOST_NAMES):
            calls = "1 call" if count == 1 else f"{count:,} calls"
            options = [
                Option(names[number], {"values": {"product_id": {text: number}}}, [why] if why else [])
                for number, why in suggested_products(text, self.listed, used)
            ]
            if options:
                yield Question(
                    f"{PRODUCT_ASKED}{text}",
                    f"Which product is {shorten(text, 60)!r}?",
                    f"{calls} of the {len(self.calls):,} looked at {'has' if count == 1 else 'have'} this value, but no "
                    "product has this name.",
                    options,
                    count,
                )


def _first_lines(call: Call) -> list[str]:
    clock: Callable[[float], str] = lambda seconds: f"{int(seconds // 60)}:{int(seconds % 60):02d}"  # noqa: E731
    return [
        f"{'' if line.start is None else clock(line.start) + ' '}{shorten(line.text, 50)}"
        for line in (call.transcript or ())[:_EXAMPLES]
    ]


def _day(moment: date) -> str:
    return f"{moment.day} {moment:%B %Y}"
