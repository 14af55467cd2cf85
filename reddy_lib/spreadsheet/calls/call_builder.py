"""A mapping made ready for many rows, and the call that a row, or the rows of a call, becomes.

Nothing here judges a call: whether an email is valid or a role known is for `reddy_lib.checks`. Only what the
sheet itself says and cannot be carried over is reported here, because later steps do not see the sheet.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Mapping as Cells
from datetime import UTC, date, datetime, timedelta
from math import floor
from typing import Any

import msgspec

from reddy_lib.errors import MappingError
from reddy_lib.findings import Finding, finding
from reddy_lib.model import Call, Speaker, Tag, derive_conversation_id
from reddy_lib.spreadsheet.calls.build_findings import (
    about_zone,
    beside_lines,
    day_alone,
    half_of_day_open,
    in_doubt,
    made_up_id,
    no_call,
    nuls_removed,
    rows_left_out,
    start_from_transcript,
    swapped,
    zone_left_open,
)
from reddy_lib.spreadsheet.calls.cell_values import (
    channel_names,
    columns_of,
    plain_cell_of,
    said_in_rows,
    said_in_turns,
    whole_number,
)
from reddy_lib.spreadsheet.calls.grouping import Group
from reddy_lib.spreadsheet.calls.lines import lines_transcript, rows_of_agent, turns_transcript, utc_offset
from reddy_lib.spreadsheet.calls.pooled_roles import pooled_of
from reddy_lib.spreadsheet.calls.sources import Sources
from reddy_lib.spreadsheet.calls.transcript_choices import as_chosen
from reddy_lib.spreadsheet.cells.agent_names import bare_email
from reddy_lib.spreadsheet.cells.cell_kinds import is_empty
from reddy_lib.spreadsheet.cells.dates import is_day_alone, is_naive, moment_of, read_timestamp, zone
from reddy_lib.spreadsheet.cells.header_words import concepts, plain_name
from reddy_lib.spreadsheet.cells.line_times import seconds_of
from reddy_lib.spreadsheet.cells.tag_values import cell_text, tag_value
from reddy_lib.spreadsheet.cells.web_addresses import announced_name, lasting_address
from reddy_lib.spreadsheet.cells.zones import read_zone
from reddy_lib.spreadsheet.model import Mapping
from reddy_lib.spreadsheet.reading.bundles import FILE_NAMES
from reddy_lib.spreadsheet.reading.notes import id_digits, tag_digits
from reddy_lib.transcripts import Placed, Transcript, placed, read_transcript
from reddy_lib.transcripts.formats.chat_stamps import stamps_of_lines
from reddy_lib.transcripts.roles import fold

__all__ = ["YEAR_10000", "BuiltCall", "CallBuilder"]

_CALLERS_NUMBER = frozenset(
    ("ani", "cli", "caller id", "callerid", "from number", "from phone", "caller number")
)
YEAR_10000 = 253_402_300_800
"""The first second that no date can show."""
_HALF_A_DAY = 43_200
_MOST_BEYOND = 20  # cells beyond the header that a row lists one by one


class BuiltCall(msgspec.Struct):
    """A row and the call it became.

    Attributes:
        row: 1-based, as the spreadsheet program shows it.
        call: may be incomplete; `conversation_id` is always set.
        cells: column → cell, ready for JSON (dates as ISO text), as the sheet has them.
        findings: what reading this row met; their `row` is not set.
        product_name: the text of the product cell.
        rows: how many rows of the sheet it covers.
        placed: the meter of its transcript: how many characters it had, and what of them is in no line.
        transcript: what reading its transcript gave, or None where nothing feeds it.
    """

    row: int
    call: Call
    cells: dict[str, Any]
    findings: list[Finding]
    product_name: str
    rows: int = 1
    placed: Placed = Placed(0)
    transcript: Transcript | None = None

    @property
    def times(self) -> str:
        """Where the times of its lines are from, as `Transcript.times` has it."""
        return "" if self.transcript is None else self.transcript.times

    def __repr__(self) -> str:
        return f"<BuiltCall row {self.row} · {self.call!r} · {len(self.findings)} findings>"


class CallBuilder:
    """A mapping made ready for many rows: what does not change from row to row is looked up once."""

    def __init__(self, mapping: Mapping, columns: Collection[str], file_name: str = "") -> None:
        sources = mapping.sources()
        feeding = [column for several in sources.values() for column in several]
        turns = [name for turn in mapping.turns for name in (turn.text, turn.speaker, turn.start) if name]
        needed = [*feeding, *mapping.tags, *turns, *filter(None, [mapping.timezone_column])]
        if mapping.layout == "lines" and "transcript" not in mapping.fields:
            needed += [*mapping.line_fields.values(), *mapping.group_by]
        missing = [column for column in dict.fromkeys(needed) if column not in columns]
        if missing:
            raise MappingError(
                f"The sheet has no column {', '.join(map(repr, missing))}: choose among {', '.join(map(repr, columns))}."
            )
        self.mapping = mapping
        self.zone = zone(mapping.timezone)
        self.tags = [(column, mapping.tag_types.get(column, "string")) for column in mapping.tags]
        lines = {*mapping.line_fields.values(), *turns} if mapping.layout == "lines" else set()
        self.agents = [
            name
            for name in columns
            if name in sources.get("agent_email", ()) or (name not in lines and _names_people(name, "agent"))
        ]
        self.customers = [
            name
            for name in columns
            if name not in lines and (_names_people(name, "customer") or plain_name(name) in _CALLERS_NUMBER)
        ]
        self.lengths = [
            name for name in columns if name not in lines and {"call", "duration"} <= concepts(name)
        ]
        self.line_columns = frozenset(lines)
        self.lines_beside = mapping.layout == "lines" and "transcript" in mapping.fields
        self.call_columns = dict.fromkeys(mapping.tags, "tags")
        self.call_columns.update({column: field for field, several in sources.items() for column in several})
        self.excel = mapping.sheet is not None and mapping.sheet.kind == "excel"
        own = mapping.sheet is not None and mapping.sheet.kind == "files"
        name_column = next((name for name in FILE_NAMES if own and name in columns), "")
        self.sources = Sources(mapping, file_name=file_name, name_column=name_column)
        self.given = {*sources, *mapping.from_name, *mapping.defaults}
        self.with_choices = mapping.line_order != "guess" or mapping.notes != "leave-out"
        self.with_speaker = not self.given.isdisjoint(("channels", "separation", "channel_map"))

    def build(
        self,
        row: int,
        cells: Cells[str, Any],
        plain: dict[str, Any],
        extra: Collection[str],
        lines: Cells[str, list[Any]] | None = None,
    ) -> BuiltCall:
        mapping = self.mapping
        findings: list[Finding] = []
        call = Call()
        call.agent_email = self._text("agent_email", cells)
        if call.agent_email is not None and (email := bare_email(call.agent_email)):
            call.agent_email = email  # "Ann Weber <ann@x.example>", "mailto:ann@x.example"
        call.conversation_id = self._text("conversation_id", cells)
        written = self._text("filename", cells)
        call.filename = None if written is None else announced_name(written)  # an address may hold a secret
        call.product_id, product_name = self._product(cells, findings)
        if self.with_speaker:
            call.speaker = self._speaker(cells)
        seconds, problem = self._start(cells, findings)
        # Whole seconds, as the API's examples have them: exports of one call differ in the fraction that they keep,
        # and its derived id must not.
        # A day number holds seconds badly: .54526620 is 13:05:10.9997.
        if seconds is not None and mapping.timestamp_unit == "days":
            seconds = round(seconds)
        call.timestamp = None if seconds is None else floor(seconds)
        if problem is not None:
            findings.append(problem)
        transcript, meter = self._transcript(call, cells, lines)
        if transcript is not None and self.with_choices:
            of_rows = bool(mapping.line_fields) or bool(mapping.turns and lines is not None)
            transcript = as_chosen(transcript, mapping, of_rows=of_rows)
        if transcript is not None:
            call.transcript = transcript.lines or None
            findings += transcript.findings
            self._facts_said(call, transcript, findings)
        if meter.beside:
            findings.append(beside_lines(meter.beside))
        tags: list[Tag] = []
        for name, type in self.tags:
            if not is_empty(cell := cells[name]):
                tags.append(Tag(name, tag_value(cell, type), type))
                findings += tag_digits(name, len(tags), cell, excel=self.excel)
        if transcript is not None and transcript.kept:
            tags += _kept_tags(transcript.kept, {tag.key for tag in tags})
        call.tags = tags or None
        if call.timestamp is None and problem is None and transcript is not None:
            call.timestamp = self._start_said(transcript, findings)
            if call.timestamp is None and lines is None:
                call.timestamp = self._start_of_lines(cells, findings)
        beyond = [name for name in extra if not is_empty(cells.get(name, ""))]
        for name in beyond[:_MOST_BEYOND]:
            findings.append(
                finding(
                    "row-incomplete",
                    "row",
                    f"The row has a cell beyond the header, in {name}: {cell_text(cells[name])[:80]!r}.",
                    value=cell_text(cells[name]),
                )
            )
        if len(beyond) > _MOST_BEYOND:
            more = f"… and {len(beyond) - _MOST_BEYOND:,} more cells beyond the header, up to {beyond[-1]}."
            findings.append(finding("row-incomplete", "row", more))
        if mapping.from_name:
            findings += self._not_in_name(cells)
        if not call.conversation_id or "conversation_id" in self.sources.joins:
            findings += self._no_id(cells, call.conversation_id)
        if call.conversation_id:
            findings += id_digits(self.sources.value("conversation_id", cells), excel=self.excel)
        else:
            call.conversation_id = derive_conversation_id(call, recording=lasting_address(written or ""))
            # A mapping written by hand without an id column leaves it out on purpose.
            if mapping.reasons and not any(found.field == "conversation_id" for found in findings):
                findings.append(made_up_id("conversation_id" in self.given))
        for field, doubt in mapping.doubts.items():
            findings.append(in_doubt(field, doubt))
        return BuiltCall(row, call, plain, findings, product_name, placed=meter, transcript=transcript)

    def _transcript(
        self, call: Call, cells: Cells[str, Any], lines: Cells[str, list[Any]] | None
    ) -> tuple[Transcript | None, Placed]:
        """Return the transcript of a row, or of the rows of a call, and the meter of what it holds of the source."""
        mapping = self.mapping
        column = mapping.fields.get("transcript")
        customers = self._customer(cells)
        if self.lines_beside and column is not None:
            lines = columns_of(cells[column], mapping.line_fields.values())
        if mapping.turns:
            columns = lines if lines is not None else {name: [cell] for name, cell in cells.items()}
            agents = self._agent_names(call, cells)
            transcript = turns_transcript(
                columns, mapping, agents=agents, customers=customers, started=call.timestamp
            )
            return transcript, placed(said_in_turns(columns, mapping), transcript)
        if lines is not None:
            agents = self._agent_names(call, cells)
            transcript = lines_transcript(
                lines, mapping, agents=agents, customers=customers, started=call.timestamp
            )
            return transcript, placed(said_in_rows(lines, mapping), transcript)
        if "transcript" not in self.given:
            return None, Placed(0)
        cell = self.sources.value("transcript", cells)
        transcript = read_transcript(
            cell,
            roles=mapping.roles,
            unit=mapping.line_unit,
            times=mapping.line_times,
            agent=self._agent(call.agent_email, cells),
            customer=customers,
            duration=self._length(cells),
            pooled=pooled_of(mapping),
            pooled_unit=mapping.pooled_unit,
            started=call.timestamp,
            whole_minutes=mapping.whole_minutes,
            utc_offset=utc_offset(mapping, call.timestamp),
        )
        return transcript, placed(cell, transcript)

    def _facts_said(self, call: Call, transcript: Transcript, findings: list[Finding]) -> None:
        """Take what the transcript itself says of its call where no column does: the agent's email, the id."""
        said = transcript.agent_email or self._email_of_speaker(transcript)
        if call.agent_email is None and said:
            call.agent_email = said
            findings.append(
                finding(
                    "agent-email-from-transcript",
                    "agent_email",
                    f"No column names the agent: {call.agent_email} was taken from the transcript.",
                    value=call.agent_email,
                )
            )
        if call.conversation_id is None and transcript.conversation_id:
            call.conversation_id = transcript.conversation_id

    def _email_of_speaker(self, transcript: Transcript) -> str:
        """Return the email of the only speaker whom the value table of agents has, or ""."""
        emails = {
            str(email)
            for label in transcript.labels
            if label and (email := self.sources.through_table("agent_email", label)) != label
        }
        return emails.pop() if len(emails) == 1 else ""

    def _length(self, cells: Cells[str, Any]) -> float | None:
        """Return the seconds that the call lasted, where a column states them beyond doubt."""
        for name in self.lengths:
            cell = cells[name]
            if isinstance(cell, timedelta):
                return cell.total_seconds() or None
            text = cell_text(cell).strip()
            clock = re.fullmatch(r"(\d{1,2}):(\d{2}):(\d{2})", text)
            if clock:
                return float(int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3])) or None
        return None

    def _customer(self, cells: Cells[str, Any]) -> list[str]:
        """Return what this row says of its customer, in columns that are called after customers."""
        return [
            cell_text(cells[name]).strip()
            for name in self.customers
            if not is_empty(cells[name]) and len(cell_text(cells[name])) <= 80
        ]

    def _start(self, cells: Cells[str, Any], findings: list[Finding]) -> tuple[float | None, Finding | None]:
        """Read the start of a row, in the zone that the row itself names if it does."""
        mapping = self.mapping
        cell = self.sources.value("timestamp", cells)
        tz = self.zone
        if mapping.timezone_column and not is_empty(cell):
            named = cells.get(mapping.timezone_column)
            moment = cell if isinstance(cell, datetime) else None
            if moment is None and isinstance(cell, str):
                # The season tells whether the name of a winter time was meant.
                seconds, _ = read_timestamp(
                    cell,
                    day_first=mapping.day_first,
                    unit=mapping.timestamp_unit,
                    year_first=mapping.year_first,
                )
                moment = moment_of(seconds)
            read = read_zone(named, near=tz, moment=moment, column=mapping.timezone_column)
            tz = read.zone or tz
            findings += about_zone(named, read, mapping)
        if (
            mapping.swapped_dates != "keep"
            and isinstance(cell, date)
            and cell.day <= 12
            and cell.day != cell.month
        ):
            if mapping.swapped_dates == "swap":
                cell = cell.replace(day=cell.month, month=cell.day)
            else:
                findings.append(swapped(cell))
        seconds, problem = read_timestamp(
            cell,
            tz=tz,
            day_first=mapping.day_first,
            unit=mapping.timestamp_unit,
            year_first=mapping.year_first,
        )
        if seconds is not None and "timestamp" in mapping.joins:
            left_open = half_of_day_open(cell, cells, mapping)
            if left_open is not None:
                return None, left_open
        if seconds is not None and is_day_alone(cell, mapping.timestamp_unit):
            findings.append(day_alone())
        if (
            mapping.zones_in_part
            and not mapping.timezone  # a chosen zone needs no warning
            and seconds is not None
            and is_naive(cell, day_first=mapping.day_first, unit=mapping.timestamp_unit)
        ):
            findings.append(zone_left_open(cell, mapping))
        return seconds, problem

    def _no_id(self, cells: Cells[str, Any], left: str | None) -> list[Finding]:
        """Return a finding if the conversation id is, or contains, a placeholder. `left`: the id without it."""
        said = self.sources.placeholder("conversation_id", cells)
        if said is None:
            return []
        message = (
            f"“{said}” is not part of a conversation id: the id was made from the other columns alone, {left[:80]!r}."
            if left
            else f"“{said}” is not a conversation id: one was made from the call's agent, start and words."
        )
        return [finding("conversation-id-placeholder", "conversation_id", message, value=said)]

    def _start_said(self, transcript: Transcript, findings: list[Finding]) -> int | None:
        """The start that the transcript itself gives, for a row without one; and the findings that say so."""
        if transcript.started is None or not 0 <= transcript.started < YEAR_10000:
            return None
        seconds, problem = transcript.started, None
        if transcript.started_naive:
            # It was read as UTC: the same clock is meant, in the zone of the sheet.
            clock = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
            moved, problem = read_timestamp(clock, tz=self.zone)
            seconds = seconds if moved is None else moved
        start = floor(seconds)
        findings.append(start_from_transcript(start))
        if problem is not None:
            findings.append(problem)
        return start

    def _start_of_lines(self, cells: Cells[str, Any], findings: list[Finding]) -> int | None:
        """The start by the dates before the lines, in the order of day and month of all calls; else it is asked for."""
        cell = self.sources.value("transcript", cells)
        stamps = stamps_of_lines(cell) if isinstance(cell, str) else []
        if not stamps:
            return None
        seconds, problem = read_timestamp(stamps[0], tz=self.zone, day_first=self.mapping.day_first)
        if problem is not None:
            findings.append(problem)
        if seconds is None or not 0 <= seconds < YEAR_10000:
            return None
        findings.append(start_from_transcript(floor(seconds)))
        return floor(seconds)

    def _agent(self, email: str | None, cells: Cells[str, Any]) -> list[str]:
        """What this row says of its agent: the email, and every cell of a column that is called after the agent."""
        said = {cell_text(cells[name]).strip(): None for name in self.agents if not is_empty(cells[name])}
        if email:
            said[email] = None
        return list(said)

    def build_group(self, group: Group, extra: Collection[str]) -> BuiltCall:
        """The call of some rows, each a line: what is the same in all of them describes the call."""
        of_lines = self.line_columns
        cells: dict[str, Any] = {}
        plain: dict[str, Any] = {}
        findings: list[Finding] = []
        for name, column in group.columns.items():
            first = column[0]
            alike = name not in of_lines and column.count(first) == len(column)
            if alike:
                cells[name], plain[name] = first, plain_cell_of(first)
                continue
            filled = [cell for cell in column if not is_empty(cell)]
            if self.call_columns.get(name) == "agent_email" and (
                role := self.mapping.line_fields.get("role")
            ):
                # Who wrote each line: the agent is who wrote the agent's.
                filled = rows_of_agent(column, group.columns[role], self.mapping.roles) or filled
            first = filled[0] if filled else ""
            cells[name] = first
            if name in of_lines or any(cell != first for cell in filled):
                plain[name] = [plain_cell_of(cell) for cell in column]
            elif any(cell != first for cell in column if not is_empty(cell)):
                plain[name] = [plain_cell_of(cell) for cell in column]
                continue
            else:
                plain[name] = plain_cell_of(first)
                continue
            if name in self.call_columns and name not in of_lines:
                others = list(dict.fromkeys(cell_text(cell) for cell in filled))
                findings.append(
                    finding(
                        "cells-differ",
                        self.call_columns[name],
                        f"{name} has {len(others)} different cells in the rows of this call; the first was taken: "
                        + ", ".join(repr(text[:40]) for text in others[:5])
                        + ".",
                        value=others[0],
                    )
                )
        for name in self.mapping.sources().get("timestamp", ()):
            if name in of_lines:
                cells[name] = self._earliest(group.columns[name])
        built = self.build(group.rows[0], cells, plain, extra, group.columns)
        built.rows = len(group.rows)
        if not group.consecutive:
            findings.append(
                finding(
                    "rows-scattered",
                    "transcript",
                    f"The {len(group.rows)} rows of this call do not follow each other: they are spread over rows "
                    f"{group.rows[0]} to {group.rows[-1]}.",
                )
            )
        built.findings += findings
        if group.key is None and self.mapping.group_by:
            built.findings = [
                found for found in built.findings if found.code != "conversation-id-placeholder"
            ] + [no_call(group, self.mapping)]
        if group.left_out:
            built.findings.append(rows_left_out(group.left_out))
        if group.nuls:
            built.findings.append(nuls_removed(group.nuls))
        built.findings += group.notes
        return built

    def _earliest(self, column: Sequence[Any]) -> Any:
        """Return the cell of the first moment: rows may stand newest first, or in no order."""
        mapping = self.mapping
        read = [
            (seconds, place)
            for place, cell in enumerate(column)
            if (seconds := read_timestamp(cell, tz=self.zone, day_first=mapping.day_first)[0]) is not None
        ]
        if read:
            return column[min(read)[1]]
        clocks = [(second, place) for place, second in enumerate(seconds_of(column)) if second is not None]
        late = max(clocks, default=(0.0, 0))[0]
        # What is half a day before another time of day is of the next day.
        clocks = [(second, place) for second, place in clocks if late - second < _HALF_A_DAY]
        return column[min(clocks)[1]] if clocks else column[0]

    def _agent_names(self, call: Call, cells: Cells[str, Any]) -> list[str]:
        """How the agent may be called in the lines: by the address, or by a column of names beside it."""
        names: list[str] = []
        if call.agent_email:
            local = call.agent_email.partition("@")[0]
            names += [call.agent_email, local, local.replace(".", " "), *re.split(r"[.\d_+-]+", local)[:1]]
        for name in self.agents:
            if isinstance(cells[name], str) and "@" not in cells[name] and len(cells[name]) <= 60:
                full = cells[name].strip()
                names += [full, *full.split()[:1]]
        return [name for name in names if len(name) > 1]

    def _text(self, field: str, cells: Cells[str, Any]) -> str | None:
        if field not in self.given:
            return None
        cell = self.sources.value(field, cells)
        if type(cell) is str:
            return cell.strip() or None
        return None if is_empty(cell) else cell_text(cell).strip()

    def _product(self, cells: Cells[str, Any], findings: list[Finding]) -> tuple[int | None, str]:
        cell = self.sources.given("product_id", cells)
        if is_empty(cell):
            default = self.mapping.defaults.get("product_id")
            return (None if default in (None, "") else int(default)), ""
        name = cell_text(cell).strip()
        known = self.mapping.values.get("product_id", {}).get(name)
        if known in (None, ""):
            known = whole_number(name)
        if known is None:
            known = whole_number(cell_text(self.sources.through_table("product_id", name)))
        if known is not None:
            return int(known), name
        findings.append(
            finding(
                "product-unknown",
                "product_id",
                f"No product is matched to the cell {name[:80]!r}.",
                value=name,
            )
        )
        return None, name

    def _not_in_name(self, cells: Cells[str, Any]) -> Iterator[Finding]:
        """What the file's name should have given, and did not, and nothing else gives either."""
        for field, pattern in self.mapping.from_name.items():
            if is_empty(self.sources.value(field, cells)):
                name = self.sources.name_of(cells)
                message = (
                    f"The name {name[:80]!r} does not fit {pattern!r}, which should contain the {field}."
                )
                yield finding("file-name-not-matched", field, message, value=name)

    def _speaker(self, cells: Cells[str, Any]) -> Speaker | None:
        channels = channel_names(self._text("channels", cells))
        separation = (self._text("separation", cells) or "").casefold()
        channel_map = channel_names(self._text("channel_map", cells))
        if channels and not separation and not channel_map:
            return Speaker("channels", channels)
        if not separation:
            return Speaker("channels", channel_map) if channel_map else None
        return Speaker(separation, channel_map or None)


def _kept_tags(kept: list[tuple[str, str]], taken: set[str]) -> Iterator[Tag]:
    """One tag for each speaker whose words are kept so; labels that differ only in case are one speaker."""
    texts: dict[str, tuple[str, list[str]]] = {}
    for label, text in kept:
        texts.setdefault(fold(label), (label.strip(), []))[1].append(text)
    for label, said in texts.values():
        yield Tag(f"{label} (speaker)" if label in taken else label, "\n".join(said), "string")


def _names_people(name: str, side: str) -> bool:
    """Return whether a column is called after the people of one side: "Agent", "Agent name", "Mitarbeiter E-Mail"."""
    says = concepts(name)
    other = "customer" if side == "agent" else "agent"
    return side in says and not says & {
        other,
        "supervisor",
        "score",
        "note",
        "duration",
        "text",
        "start",
        "end",
        "status",
    }
