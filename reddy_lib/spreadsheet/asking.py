"""What only a person can say of a sheet: the doubts of a mapping and the findings of its first calls, as questions.

Each question is asked once for all calls. It has its reason, two or more options with examples, and every option says
what it changes in the mapping. A page draws the list; a notebook goes through it:

    for question in reddy.questions(mapping, sheet):
        print(question.text, [option.label for option in question.options])
    mapping = question.options[0].apply(mapping)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Table
from datetime import UTC, date, datetime
from typing import Any, Protocol

import msgspec
import pandas as pd

from reddy_lib.errors import MappingError
from reddy_lib.findings import Finding
from reddy_lib.model import Call
from reddy_lib.spreadsheet.building import BuiltCall, build_frame
from reddy_lib.spreadsheet.choosing import chosen_fields
from reddy_lib.spreadsheet.column_profile import Column
from reddy_lib.spreadsheet.dates import read_timestamp
from reddy_lib.spreadsheet.mapping import Mapping
from reddy_lib.spreadsheet.sources import is_empty
from reddy_lib.spreadsheet.survey import Speaking, shorten, speakers
from reddy_lib.spreadsheet.tag_values import cell_text
from reddy_lib.spreadsheet.tags import sensitive
from reddy_lib.transcripts import KEEP_AS_TAG, LEAVE_OUT, role_of

__all__ = ["Option", "Question", "questions"]

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
_UNITS = [
    ("s", "Seconds"),
    ("ms", "Milliseconds"),
    ("min", "Minutes"),
    ("cs", "Hundredths of a second"),
    ("us", "Microseconds"),
    ("8 kHz", "Samples at 8 kHz"),
    ("16 kHz", "Samples at 16 kHz"),
    ("ticks", "Ticks of 100 ns"),
]
_CLOCKS = [("auto", "Hours:minutes, as written"), ("m:s", "Minutes:seconds")]
_MOST_UNITS = 4


class Option(msgspec.Struct, frozen=True):
    """One answer to a question.

    Attributes:
        label: the answer in a few words.
        changes: setting of the mapping → its new value; of `fields`, `roles` and `line_units` only what changes. A field
            whose column is None has no column then.
        examples: what the answer makes of the first calls.
        settles: the field whose doubt this answer ends, or "".
    """

    label: str
    changes: dict[str, Any] = msgspec.field(default_factory=dict)
    examples: list[str] = msgspec.field(default_factory=list)
    settles: str = ""

    def apply(self, mapping: Mapping) -> Mapping:
        """Return a copy of the mapping with this answer. Other answers that it has stay."""
        changes = dict(self.changes)
        columns = changes.pop("fields", {})
        changed = _with_fields(mapping, columns) if columns else mapping
        if "line_units" in changes:
            changes["line_units"] = {**mapping.line_units, **changes["line_units"]}
        if self.settles:
            changes["doubts"] = {
                field: doubt for field, doubt in changed.doubts.items() if field != self.settles
            }
        return changed.replace(**changes)


class Question(msgspec.Struct, frozen=True):
    """What a person is asked about all calls at once.

    Attributes:
        key: names the question: the same one has the same key on the next run.
        text: the question.
        why: the evidence that leaves it open.
        options: the answers.
        calls: how many of the calls looked at it is about.
    """

    key: str
    text: str
    why: str
    options: list[Option]
    calls: int = 0

    def __repr__(self) -> str:
        return f"<Question {self.key}: {self.text} {' / '.join(option.label for option in self.options)}>"


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
) -> list[Question]:
    """Return what is to be asked before the calls of this sheet are ready: [] where nothing is in doubt.

    Args:
        mapping: what `guess_mapping` returned, or a changed copy.
        sheet: the rows, as `read_sheet` returns them. The first 200 are looked at.
        calls: the calls that the mapping makes of the first rows, where they are built already.
        speaking: who speaks in them, where that is known already.
    """
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
    asked = _Asked(mapping, sheet, calls, speaking)
    return [
        *asked.what_tells_calls_apart(),
        *asked.columns(),
        *asked.made_up_id(),
        *asked.day_or_month(),
        *asked.swapped_dates(),
        *asked.sides(),
        *asked.unit(),
        *asked.order(),
    ]


def _with_fields(mapping: Mapping, columns: dict[str, str | None]) -> Mapping:
    """Return a copy in which these columns feed these fields; what a field let go of becomes a tag."""
    changed = chosen_fields(mapping, columns)
    before = {column for several in mapping.sources().values() for column in several}
    now = {column for several in changed.sources().values() for column in several}
    tags = [tag for tag in changed.tags if tag not in now]
    tags += [
        column
        for column in mapping.fields.values()
        if column in before - now and column not in {*tags, *changed.group_by}
    ]
    return changed.replace(tags=tags)


class _Asked:
    """One sheet, and every kind of question that it may raise."""

    def __init__(
        self,
        mapping: Mapping,
        sheet: pd.DataFrame,
        calls: Sequence[Looked],
        speaking: Table[str, Speaking],
    ) -> None:
        self.mapping, self.sheet, self.calls, self.speaking = mapping, sheet, calls, speaking
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
            options = [Option(best, {}, self._examples(best), field)]
            if rival in self.names and rival is not None:
                places = self._differing(best, rival)
                options = [
                    Option(best, {}, self._examples(best, places), field),
                    Option(rival, {"fields": {field: rival}}, self._examples(rival, places), field),
                ]
                text = f"Which column is {what}?"
            else:
                text = f"Is {best!r} {what}?"
                options[0] = Option("Yes", {}, self._examples(best), field)
            if field == "conversation_id":
                options.append(
                    Option("Neither" if len(options) > 1 else "No", {"fields": {field: None}}, [], field)
                )
            yield Question(f"column {field}", text, doubt, options, len(self.calls))

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
            if column.unique == 1 and column.ids >= 0.9 and column.times < 0.5 and column.emails < 0.5:
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
        if not found or self.mapping.day_first is not None:
            return
        values = list(dict.fromkeys(finding.value for _, finding in found if finding.value))[:_EXAMPLES]
        options = [
            Option(label, {"day_first": first}, [self._read(value, first) for value in values])
            for label, first in (("Day first", True), ("Month first", False))
        ]
        yield Question(
            "day first",
            "Does the day or the month come first in the start times?",
            self._why(found, "no date proves the order: day and month are both at most 12"),
            options,
            len(found),
        )

    def _read(self, value: str, day_first: bool) -> str:
        seconds, _ = read_timestamp(
            value, tz=UTC, day_first=day_first, unit=self.mapping.timestamp_unit, year_first=self.mapping.year_first
        )  # fmt: skip
        return value if seconds is None else f"{value} → {_day(datetime.fromtimestamp(seconds, UTC))}"

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
        return f"In {len(found):,} of {len(self.calls):,} calls looked at {reason}."

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
        return [f"{label}: {lines}", *([f"“{shorten(one.example, 80)}”"] if one.example else [])]

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
        for unit, name in self._units(times):
            option = Option(
                name, {"line_units": dict.fromkeys(times, unit)} if times else {"line_unit": unit}
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

    def _units(self, times: Sequence[str]) -> list[tuple[str, str]]:
        """Return the units that could be meant: (unit, its name); the likely ones first."""
        if not times:
            return [(unit, name) for unit, name in _UNITS if unit in ("s", "ms")]
        column = self.mapping.line_fields[times[0]]
        of_column = self.sheet[column].tolist() if column in self.names else []
        cells = [cell for cell in of_column if not is_empty(cell)]
        clocks = [not isinstance(cell, int | float) and ":" in cell_text(cell) for cell in cells]
        return _CLOCKS if sum(clocks) * 2 > len(clocks) else _UNITS

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


def _first_lines(call: Call) -> list[str]:
    clock: Callable[[float], str] = lambda seconds: f"{int(seconds // 60)}:{int(seconds % 60):02d}"  # noqa: E731
    return [
        f"{'' if line.start is None else clock(line.start) + ' '}{shorten(line.text, 50)}"
        for line in (call.transcript or ())[:_EXAMPLES]
    ]


def _day(moment: date) -> str:
    return f"{moment.day} {moment:%B %Y}"
