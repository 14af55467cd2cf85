"""Cells of rows become the transcript of one call: who, what, when, each from its column.

The rows are brought to the plain form that every transcript reader knows (role, text, start, stop), so that roles,
estimates and findings are those of any other transcript. Only what a column knows better than a single cell is
settled here: the unit of its numbers, and the order of the lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Cells
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import msgspec

from reddy_lib.findings import Finding, finding
from reddy_lib.spreadsheet.calls.blank_speakers import with_speakers
from reddy_lib.spreadsheet.calls.pooled_roles import pooled_of
from reddy_lib.spreadsheet.calls.turn_cells import as_lines, turns_of, woven
from reddy_lib.spreadsheet.calls.word_rows import of_words
from reddy_lib.spreadsheet.cells.cell_kinds import as_number
from reddy_lib.spreadsheet.cells.dates import zone
from reddy_lib.spreadsheet.cells.line_times import line_moment
from reddy_lib.spreadsheet.cells.row_kinds import is_note
from reddy_lib.spreadsheet.cells.side_cells import lines_of, words_of_cell
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.evidence.split_transcripts import joined_rows
from reddy_lib.spreadsheet.model import Mapping
from reddy_lib.transcripts import Transcript, leaning, read_transcript
from reddy_lib.transcripts.reading import unit_found
from reddy_lib.transcripts.short_clocks import are_short, as_hours, read_short_clocks
from reddy_lib.transcripts.ticks import ticked
from reddy_lib.transcripts.times import FACTORS, Moment, parts_of_span, read_moment, words_of
from reddy_lib.transcripts.turns import COUNTED, begins_with, clock_text, counted_from_start, moment_text
from reddy_lib.transcripts.units import UnitRead
from reddy_lib.transcripts.unspoken import left_out, telling_keys

__all__ = ["label_of", "lines_transcript", "rows_of_agent", "turns_transcript", "utc_offset"]

_MINUTES = "m:s"
_encode = msgspec.json.Encoder().encode
_HOUR = 3600.0
_DAY = 86_400.0
_EPOCH = 1e9
_OVERLAP = 3.0
"""Seconds by which a line may begin before the one above it because two people speak at once."""


def lines_transcript(
    columns: Cells[str, Sequence[Any]],
    mapping: Mapping,
    *,
    agents: Iterable[str] = (),
    customers: Iterable[str] = (),
    started: float | None = None,
) -> Transcript:
    """The transcript of one call's rows. `columns`: the columns of `mapping.line_fields`, one cell a row.

    `agents`, `customers`: what the call's columns say of them: names, emails, telephone numbers.
    `started`: start of the call (epoch seconds), for lines
    that carry absolute times.
    """
    fields = mapping.line_fields
    if mapping.turns:
        return turns_transcript(columns, mapping, agents=agents, customers=customers, started=started)
    texts = [words_of_cell(cell_text(cell)) for cell in columns[fields["text"]]]
    chosen = mapping.line_order != "guess"
    places = (
        list(range(len(texts))) if chosen else _order(columns.get(fields.get("order", ""), ()), len(texts))
    )
    if mapping.line_order == "reversed":
        places.reverse()
    if mapping.row_is == "side":
        return _of_sides(columns, mapping, agents=agents, customers=customers, started=started)
    every = places
    places, notes = _without_notes(columns, fields.get("kind", ""), places, texts)
    timed = any(name in fields for name in ("start", "stop"))
    if "role" not in fields and not timed:
        transcript = _read(
            joined_rows([texts[place] for place in places]),
            mapping,
            agents=agents,
            customers=customers,
            started=started,
        )
        return _noted(transcript, notes, places, every)
    if "role" in fields:
        labels = [label_of(cell) for cell in columns[fields["role"]]]
    else:
        labels, texts = _labels_before(texts)
    moments: dict[str, list[Moment | None]] = {
        name: [
            _moment(_part(cell, name), mapping.line_units.get(name, "auto"), mapping.day_first)
            for cell in columns[fields[name]]
        ]
        for name in ("start", "stop", "duration")
        if name in fields
    }
    unread = [
        (name, place)
        for name, found in moments.items()
        for place, moment in enumerate(found)
        if moment is _UNREAD
    ]
    short = _short_clocks(moments, texts, places, mapping, started)
    _past_midnight(moments, places)
    moved = ""
    if "order" not in fields and not chosen:
        times = moments.get("start") or moments.get("stop") or ()
        places, moved = _by_time(times, places, always=mapping.lines_by_time)
    origin, rebased = _origin(moments, started, whole_minutes=mapping.whole_minutes)
    turns: list[dict[str, Any]] = []
    plain = False
    kinds = _kinds(columns, mapping)
    for place in places:
        label = labels[place]
        turn: dict[str, Any] = {"role": label, "text": texts[place]}
        start = _seconds(moments.get("start"), place, origin)
        stop = _seconds(moments.get("stop"), place, origin)
        if stop is None and start is not None and "duration" in moments:
            length = _seconds(moments["duration"], place, 0.0)
            stop = None if length is None else round(start + length, 6)
        if start is not None:
            turn["start"] = start
        if stop is not None:
            turn["stop"] = stop
        for name, cells in kinds.items():
            turn[name] = cells[place]
        plain = plain or start is not None
        turns.append(turn)
    if mapping.row_is == "word":
        turns = of_words(turns)
    turns, continued = with_speakers(turns) if "role" in fields else (turns, [])
    # Times are seconds by now: another look at their unit could only do harm.
    transcript = read_transcript(
        _encode(turns).decode(),
        roles=mapping.roles,
        unit="s" if plain else mapping.line_unit,
        times=mapping.line_times,
        agent=tuple(agents),
        customer=tuple(customers),
        pooled=pooled_of(mapping),
    )
    transcript.findings += continued
    if short is not None:
        transcript.findings = [found for found in transcript.findings if found.code != "pace-implausible"]
        transcript.findings += unit_found(short)
    if moved:
        message = (
            f"The rows of this call were put in the order of their times; in the sheet, they are {moved}."
        )
        transcript.findings.append(finding("lines-reordered", "transcript", message))
    numbers = {place: number for number, place in enumerate(places, start=1)}
    every_line = len(transcript.lines) == len(turns)
    transcript.findings += [
        _unreadable(name, columns[fields[name]][place], numbers[place], every_line=every_line)
        for name, place in unread
    ]
    _tell_origin(transcript, rebased, moments, origin)
    return _noted(transcript, notes, places, every)


def _unreadable(name: str, cell: Any, number: int, *, every_line: bool) -> Finding:
    """Return the finding about a time of line `number`. `every_line`: the lines of the call have the same numbers."""
    return finding(
        "time-unreadable",
        "start" if name == "duration" else name,
        f"The {name} of line {number} is not a time: {cell_text(cell)[:40]!r}.",
        line=number if every_line else None,
        value=cell_text(cell),
    )


def _read(
    said: str, mapping: Mapping, *, agents: Iterable[str], customers: Iterable[str], started: float | None
) -> Transcript:
    """Read a text in the times, units and roles of the mapping."""
    return read_transcript(
        said,
        roles=mapping.roles,
        unit=mapping.line_unit,
        times=mapping.line_times,
        agent=tuple(agents),
        customer=tuple(customers),
        pooled=pooled_of(mapping),
        started=started,
        whole_minutes=mapping.whole_minutes,
        utc_offset=utc_offset(mapping, started),
    )


def utc_offset(mapping: Mapping, started: float | None) -> float | None:
    """Return how far the clocks of a call's place are ahead of UTC, in seconds; None where rows have zones of their own."""
    if started is None or mapping.timezone_column:
        return None
    try:
        ahead = datetime.fromtimestamp(started, zone(mapping.timezone)).utcoffset()
    except (OverflowError, ValueError, OSError):  # outside of the calendar
        return None
    return None if ahead is None else ahead.total_seconds()


def _of_sides(
    columns: Cells[str, Sequence[Any]],
    mapping: Mapping,
    *,
    agents: Iterable[str],
    customers: Iterable[str],
    started: float | None,
) -> Transcript:
    """Return the transcript of a call each of whose rows holds all that one side said."""
    labels, texts = (columns[mapping.line_fields[name]] for name in ("role", "text"))
    sides = [(label_of(label), lines_of(cell_text(cell))) for label, cell in zip(labels, texts, strict=True)]
    turns = woven([(label, lines) for label, lines in sides if lines])
    said = _encode(turns.items).decode()
    transcript = _read(said, mapping, agents=agents, customers=customers, started=started)
    if turns.assumed:
        transcript.findings.append(order_assumed(turns.assumed))
    return transcript


def order_assumed(why: str) -> Finding:
    message = f"Nothing says in which order the two sides spoke: {why}."
    return finding("lines-order-assumed", "transcript", message)


def _first_clock(moments: Cells[str, Sequence[Moment | None]], origin: float) -> str:
    """Return the time from which the others count, as `transcripts.turns.first_clock` does."""
    of_origin = [
        moment
        for some in moments.values()
        for moment in some
        if moment is not None and moment.seconds == origin
    ]
    if any(moment.absolute for moment in of_origin):
        return moment_text(origin, naive=any(moment.naive for moment in of_origin))
    return clock_text(origin)


def _tell_origin(
    transcript: Transcript, rebased: str, moments: Cells[str, Sequence[Moment | None]], origin: float
) -> None:
    """Tell in a transcript from where its times count now. `rebased`: as `_origin` returns it."""
    if rebased == "first line":
        transcript.findings = _counted(transcript.findings, _first_clock(moments, origin))
    elif rebased == "call":
        transcript.times = counted_from_start(transcript.times, len(transcript.lines))


def _counted(findings: Sequence[Finding], first: str) -> list[Finding]:
    """Return findings of which the one about times says too that they count from the first line, at this time."""
    told = next((found for found in findings if found.code == "times-estimated"), None)
    said = COUNTED if told is None else f"{told.message} {COUNTED}"
    return [
        *(found for found in findings if found is not told),
        finding("times-estimated", "transcript", said, value=first or None),
    ]


def _short_clocks(
    moments: dict[str, list[Moment | None]],
    texts: Sequence[str],
    places: Sequence[int],
    mapping: Mapping,
    started: float | None,
) -> UnitRead | None:
    """Read clocks such as "10:05" as hours and minutes where they are, and return what was read if it has to be told."""
    unit = mapping.line_units.get("start", "auto")
    clocks = [name for name in ("start", "stop") if name in moments]
    if unit not in ("auto", "h:m") or not are_short([one for name in clocks for one in moments[name]]):
        return None
    timed = [place for place in places if moments[clocks[0]][place] is not None]
    starts = [moment.seconds for place in timed if (moment := moments[clocks[0]][place]) is not None]
    if not starts:
        return None
    read = read_short_clocks(
        starts,
        words_of([texts[place] for place in timed[:-1]]),
        started=started,
        utc_offset=utc_offset(mapping, started),
    )
    if unit == "h:m" or read.meaning == "h:m":
        for name in clocks:
            moments[name] = [None if moment is None else as_hours(moment) for moment in moments[name]]
    return UnitRead() if unit == "h:m" else read.unit()


def _without_notes(
    columns: Cells[str, Sequence[Any]], name: str, places: list[int], texts: Sequence[str]
) -> tuple[list[int], dict[int, str]]:
    """Return the places without those of internal notes, and the notes: place → text."""
    if not name:
        return places, {}
    notes = {place: texts[place] for place in places if is_note(name, columns[name][place])}
    return [place for place in places if place not in notes], notes


def _noted(
    transcript: Transcript, notes: dict[int, str], places: Sequence[int], every: Sequence[int]
) -> Transcript:
    """Add what was left out as internal notes, each with the number of lines that stand before it."""
    if not notes:
        return transcript
    spoken = set(places)
    before = 0
    added: list[tuple[int, str]] = []
    dropped = [at for at, _ in transcript.of_speakers]
    for place in every:
        if place in spoken and dropped[:1] == [before]:
            del dropped[0]  # the line of a speaker who is left out
        else:
            before += place in spoken
        if place in notes:
            added.append((min(before, len(transcript.lines)), notes[place]))
    transcript.left_out = sorted([*transcript.left_out, *added], key=lambda one: one[0])
    transcript.findings += left_out(["note"] * len(notes))
    return transcript


def _kinds(columns: Cells[str, Sequence[Any]], mapping: Mapping) -> dict[str, list[Any]]:
    """Return the columns that may mark lines that are not speech ("Type", "Internal"), if they vary within the call.

    They are read with the turns as they would be in a list of JSON: a note is not sent as speech.
    """
    kind = mapping.line_fields.get(
        "kind"
    )  # it may say more than which rows are notes: events, deleted messages
    taken = {name for name in mapping.line_fields.values() if name != kind} | {*mapping.group_by}
    taken.update(name for several in mapping.sources().values() for name in several)
    names = _telling_columns(tuple(columns))
    found: dict[str, list[Any]] = {}
    for name in names:
        if name in taken or name in _TURN_KEYS:
            continue
        texts = [cell_text(cell).strip() for cell in columns[name]]
        if len(set(texts)) > 1:
            found[name] = list(map(_flag, texts))
    return found


@lru_cache(maxsize=64)
def _telling_columns(names: tuple[str, ...]) -> list[str]:
    return telling_keys(names)


def _flag(text: str) -> str | bool:
    """Return what a cell says where it only says yes or no, however tables write that; else its text."""
    answer = ticked(text)
    return text if answer is None else answer


_TURN_KEYS = frozenset(("role", "text", "start", "stop"))


def _order(cells: Sequence[Any], count: int) -> list[int]:
    """Places of the rows in the order of the counter, where every row has one; else as the sheet has them."""
    numbers = [as_number(cell) for cell in cells]
    if len(numbers) < count or None in numbers:
        return list(range(count))
    return sorted(range(count), key=lambda place: numbers[place] or 0.0)


def _by_time(
    moments: Sequence[Moment | None], places: list[int], *, always: bool = False
) -> tuple[list[int], str]:
    """Return the places in the order of time where rows stand newest first, or in no order; and how they stand, or "".

    Lines that overlap a little, as real speech does, stay as they are, unless the whole sheet is in no order (`always`).
    """
    seconds = [moment.seconds if moment is not None and moment is not _UNREAD else None for moment in moments]
    known = [seconds[place] for place in places] if seconds else []
    if len(known) < 2 or None in known:
        return places, ""
    steps = [after - before for before, after in pairwise(known) if after != before]  # type: ignore[operator]
    falls = sum(step < 0 for step in steps)
    far = sum(step < -_OVERLAP for step in steps)
    if not falls or (not always and (len(steps) < 2 or (falls < len(steps) and far < 0.25 * len(steps)))):
        return places, ""
    if falls == len(steps):
        # Lines of one moment keep their order from the top, turned round with the others.
        return list(reversed(places)), "newest first"
    return sorted(places, key=lambda place: seconds[place] or 0.0), "in another order"


def _labels_before(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return (labels, texts) of lines that begin with their speaker ("Agent: Hello"), "" where one does not."""
    labels: list[str] = []
    said: list[str] = []
    for text in texts:
        before, mark, after = text.replace("：", ":", 1).partition(":")
        label = label_of(before)
        if mark and after.strip() and leaning(label.strip("[]<>()【】")):
            labels.append(label.strip("[]<>()【】"))
            said.append(after.strip())
        else:
            labels.append("")
            said.append(text)
    return labels, said


def turns_transcript(
    columns: Cells[str, Sequence[Any]],
    mapping: Mapping,
    *,
    agents: Iterable[str] = (),
    customers: Iterable[str] = (),
    started: float | None = None,
) -> Transcript:
    """Return the transcript of one call whose turns stand in columns (`mapping.turns`), one cell a row of the call."""
    if mapping.line_fields:
        lines, changed, assumed = as_lines(columns, mapping)
        transcript = lines_transcript(lines, changed, agents=agents, customers=customers, started=started)
    else:
        turns = turns_of(columns, mapping.turns)
        assumed = turns.assumed
        transcript = read_transcript(
            _encode(turns.items).decode() if turns.items else "",
            roles=mapping.roles,
            unit=mapping.line_unit,
            times=mapping.line_times,
            agent=tuple(agents),
            customer=tuple(customers),
            pooled=pooled_of(mapping),
            started=started,
        )
    if assumed:
        transcript.findings.append(order_assumed(assumed))
    return transcript


_MARKS = re.compile(r"^[*_#>\s\-•]+|[*_\s:]+$")


def label_of(cell: Any) -> str:
    """A speaker as it is looked up in `roles`: "**Ben (Agent)**:" → "Ben (Agent)"."""
    return _MARKS.sub("", cell_text(cell).strip())


def rows_of_agent(cells: Sequence[Any], labels: Sequence[Any], roles: Cells[str, str]) -> list[str]:
    """Return what a column says in the lines of the agent; empty cells are passed over."""
    sides: dict[Any, str] = {}
    found: list[str] = []
    for cell, said in zip(cells, labels, strict=True):
        if said not in sides:
            label = label_of(said)
            sides[said] = roles.get(label) or leaning(label)
        if sides[said] == "agent" and (text := cell_text(cell).strip()):
            found.append(text)
    return found


def _part(cell: Any, name: str) -> Any:
    """The start or the stop of a cell that holds both ("0:04 - 0:09"); any other cell as it is."""
    span = parts_of_span(cell) if isinstance(cell, str) and name != "duration" else None
    return cell if span is None else span[name == "stop"]


_UNREAD = Moment(-1.0)


def _moment(cell: Any, unit: str, day_first: bool | None = None) -> Moment | None:
    """One cell as a time; None where it is empty."""
    if cell is None or cell != cell or (isinstance(cell, str) and not cell.strip()):
        return None
    if unit == _MINUTES:
        moment = _moment(cell, "auto")
        if moment is None or moment is _UNREAD or moment.absolute or moment.short:
            return moment
        return Moment(round(moment.seconds / 60, 6))
    factor = FACTORS.get(unit)
    if factor is not None and type(cell) is str:  # nearly every cell of a large file: no patterns are needed
        try:
            number = float(cell) * factor
        except ValueError:
            number = _EPOCH
        if -_EPOCH < number < _EPOCH and "_" not in cell:
            return Moment(round(number, 6))
    if isinstance(cell, datetime):
        seconds = (cell if cell.tzinfo else cell.replace(tzinfo=UTC)).timestamp()
        return Moment(seconds, absolute=True, naive=cell.tzinfo is None)
    if isinstance(cell, time):  # Excel's way of writing 0:01:05
        return Moment(cell.hour * _HOUR + cell.minute * 60 + cell.second + cell.microsecond / 1e6)
    if isinstance(cell, timedelta):
        return Moment(cell.total_seconds())
    text = cell
    if isinstance(cell, str):
        text = cell.strip()
        if re.fullmatch(r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?\s*[ap]\.?m\.?", text, re.IGNORECASE):
            clock = read_moment(re.sub(r"\s*[ap]\.?m\.?$", "", text, flags=re.IGNORECASE))
            if clock is not None:
                hours = clock.seconds if text.count(":") == 2 else clock.seconds * 60
                half = 12 * _HOUR if "p" in text.casefold() else 0.0
                # 12:05 AM is five minutes past midnight; 17:46 PM is what some programs write for 17:46
                return Moment(hours if hours >= 13 * _HOUR else hours % (12 * _HOUR) + half)
    moment = line_moment(text, factor, day_first=day_first)
    return _UNREAD if moment is None else moment


def _past_midnight(moments: dict[str, list[Moment | None]], places: Sequence[int]) -> None:
    """Times of day of a call that goes on after midnight: what is half a day before its latest one is the next day.

    Lines may stand newest first. Where starts go one way through the call, all of them are of one day.
    """
    starts = moments.get("start", [])
    first = next((starts[place] for place in places if starts and starts[place] is not None), None)
    clocks = [one.seconds for one in starts if one is not None and one is not _UNREAD]
    steps = [after - before for before, after in pairwise(clocks)]
    if len(clocks) > 2 and all(step < 0 for step in steps):
        return
    if first is None or first.plain or first.absolute or max(clocks) >= _DAY:
        return
    late = first.seconds if all(step >= 0 for step in steps) else max(clocks)
    for name in ("start", "stop"):
        for place, moment in enumerate(moments.get(name, ())):
            if moment is None or moment is _UNREAD or moment.plain or moment.absolute:
                continue
            if moment.seconds < late - _DAY / 2:
                moments[name][place] = moment._replace(seconds=moment.seconds + _DAY)


def _origin(
    moments: Cells[str, Sequence[Moment | None]], started: float | None, *, whole_minutes: bool
) -> tuple[float, Literal["", "call", "first line"]]:
    """What counts as second 0, and what that is, where times are absolute or clocks that show the hour."""
    starts = [
        moment
        for moment in moments.get("start") or moments.get("stop") or ()
        if moment and moment is not _UNREAD
    ]
    if not starts:
        return 0.0, ""
    first = min(moment.seconds for moment in starts)
    if any(moment.absolute for moment in starts):
        first = min(moment.seconds for moment in starts if moment.absolute)
        if started is not None and begins_with(first, started, whole_minutes=whole_minutes):
            return started, "call"
        return first, "first line"
    if not any(moment.plain for moment in starts) and len(starts) > 1 and first >= _HOUR and first < _DAY:
        if started is not None:
            clock = started % _DAY
            if begins_with(first, clock, whole_minutes=whole_minutes):
                return clock, "call"
        return first, "first line"
    return 0.0, ""


def _seconds(found: Sequence[Moment | None] | None, place: int, origin: float) -> float | None:
    moment = found[place] if found is not None else None
    if moment is None or moment is _UNREAD:
        return None
    return round(moment.seconds - origin, 6) if origin else moment.seconds
