"""What every family of formats hands over: turns as the source has them, before roles and units are settled.

A family module (`json_form`, `labelled`) only takes a text apart. Which role a label means, which unit a
number has, and what to do about missing times is decided here, once, for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from reddy_lib.findings import Finding, finding
from reddy_lib.model import TranscriptLine
from reddy_lib.transcripts.key_names import usual_plan
from reddy_lib.transcripts.names import Inferred
from reddy_lib.transcripts.roles import KEEP_AS_TAG, LEAVE_OUT, NO_LINES, fold, role_of
from reddy_lib.transcripts.short_clocks import are_short, as_hours, read_short_clocks
from reddy_lib.transcripts.sides import settle_sides, several_speakers, silent_side
from reddy_lib.transcripts.times import (
    FACTORS,
    Moment,
    Unit,
    are_offsets,
    fill_in,
    hours_are_minutes,
    line_numbers,
    of_day,
    read_moment,
    since,
    words_of,
)
from reddy_lib.transcripts.units import UNITS, UnitRead, seconds_to_say, unit_of

__all__ = [
    "COUNTED",
    "COUNTED_FROM",
    "TIMES",
    "Listed",
    "Parsed",
    "Transcript",
    "Turn",
    "begins_with",
    "clock",
    "clock_text",
    "counted_from_start",
    "finish",
    "first_clock",
    "moment_text",
    "no_speakers",
    "settle",
]

Span = tuple[float | None, float | None]

TIMES: dict[str, str] = {
    "s": "source", "d": "derived", "e": "estimated", "b": "estimated", "-": "",
    "c": "source", "C": "derived", "B": "estimated",
}  # fmt: skip
"""Where the times of a line are from. derived: its stop is the start of the next line, or the source gives the time of
day; "b": its start is the source's, and its stop is estimated; "" : it has no times.

"c", "C", "B": as "s", "d", "b", but the source has absolute times, counted here from the start of the call."""
_FROM_START = str.maketrans("sdb", "cCB")
Rebased = Literal["", "call", "dates", "of day"]
"""Absolute times that now count from the start of the call ("call"), or from the first of them: dates with their times,
or times of day without a date."""
_DAY = 86_400
_HOUR = 3600
_MINUTE = 60
_NOTHING_POOLED: Mapping[str, Inferred] = MappingProxyType({})


def no_speakers(lines: int) -> Finding:
    """Return the finding for lines of which none names a speaker."""
    which = "The line does not name" if lines == 1 else f"None of the {lines:,} lines names"
    return finding("transcript-no-speakers", "transcript", f"{which} a speaker: no role was guessed.")


class Transcript(msgspec.Struct):
    """What reading one cell gave.

    Attributes:
        lines: in the order in which they were spoken; where that is not the source's, a finding says so.
        findings: what could not be read, was left out, or was estimated; `line` counts from 1 in `lines`.
        form: "json", "labelled text", "no speakers", "unreadable", "empty", or the format by its name ("WebVTT").
        labels: speaker label as written → number of lines, those left out included.
        speakers: the label of each line, beside `lines`; empty where the labels are the roles themselves.
        inferred: label → role and reason, for labels that say neither side and whose role the call itself gives away.
        left_out: (lines before it, its text) of each line that was left out on purpose.
        of_speakers: those of them whose speaker is set to be left out or kept as a tag.
        kept: (label, text) of those lines whose words are to become a tag.
        started: when the call started, seconds since the epoch, where the source says so.
        started_naive: the source gave that without a time zone; it was read as UTC.
        times: one letter a line, of `TIMES`: where its times are from; "" if the source gives them all.
        exact: every turn was data written exactly as Reddy takes it, and nothing but the label was changed.
        order: for each line, where it stood in the source; empty where the lines stand in the source's order.
        agent_email, conversation_id: as the data around the turns gives them, or "".
        duration: seconds that the call lasted, as the data around the turns states it.
        unit: of `units.UNITS`: what numbers without a unit count, where the call itself shows it beyond doubt, or "".
    """

    lines: list[TranscriptLine]
    findings: list[Finding]
    form: str
    labels: dict[str, int]
    speakers: list[str] = msgspec.field(default_factory=list)
    inferred: dict[str, Inferred] = msgspec.field(default_factory=dict)
    left_out: list[tuple[int, str]] = msgspec.field(default_factory=list)
    of_speakers: list[tuple[int, str]] = msgspec.field(default_factory=list)
    kept: list[tuple[str, str]] = msgspec.field(default_factory=list)
    started: float | None = None
    started_naive: bool = False
    times: str = ""
    exact: bool = False
    order: list[int] = msgspec.field(default_factory=list)
    agent_email: str = ""
    conversation_id: str = ""
    duration: float | None = None
    unit: str = ""

    def __repr__(self) -> str:
        return f"<Transcript {self.form} · {len(self.lines)} lines · {len(self.findings)} findings>"


class Listed(msgspec.Struct):
    """The source's own list of a turn's words, as it stands there: it is read by `words`, when somebody asks.

    Attributes:
        items: objects of the source, `shapes.Word`, or a cue whose text has times in it.
        unit: seconds per unit of their times, None where they say themselves.
        origin: absolute times count from here, where the turn's own were made to count from it.
        more: there are words in it that are not the turn's, before and after.
        begin: the first of the turn's words, which go on until they have said its text; None: as `more` says.
    """

    items: Sequence[Any]
    unit: float | None = None
    origin: float | None = None
    more: bool = False
    begin: int | None = None


class Turn(msgspec.Struct):
    """One turn as the source has it. `duration` stands in for a stop that the source does not give; `words`: its words
    with their times, where the source lists them."""

    label: str
    text: str
    start: Moment | None = None
    stop: Moment | None = None
    duration: Moment | None = None
    words: Listed | None = None


class Parsed(msgspec.Struct):
    """A text taken apart.

    Attributes:
        notes: (index of the turn, finding without its line number).
        aliases: label → role that the text itself gives away.
        asides: (index of the turn, texts in it that are no speech).
        left_out: (turns before it, its text) of each item of data that nobody said.
        order: for each turn, where it stood in the source; empty where they stand in the source's order.
        emails: label → the email that the data gives for that speaker.
        conversation_id, duration: of the call, as the data around the turns states them.
    """

    form: str
    turns: list[Turn]
    notes: list[tuple[int, Finding]] = msgspec.field(default_factory=list)
    aliases: dict[str, str] = msgspec.field(default_factory=dict)
    asides: list[tuple[int, list[str]]] = msgspec.field(default_factory=list)
    left_out: list[tuple[int, str]] = msgspec.field(default_factory=list)
    order: list[int] = msgspec.field(default_factory=list)
    emails: dict[str, str] = msgspec.field(default_factory=dict)
    conversation_id: str = ""
    duration: float | None = None


Clock = Callable[[Moment | None], float | None]
"""What a moment of a transcript is in seconds from the start of its call."""


def clock(
    turns: Sequence[Turn],
    unit: Unit,
    duration: float | None = None,
    started: float | None = None,
    *,
    whole_minutes: bool = False,
    utc_offset: float | None = None,
) -> tuple[Clock, Rebased, UnitRead | None]:
    """How the times of these turns become seconds from the start of the call, whether they had to be rebased, and which
    unit was read from the pace of speech, where there was one to read.

    `duration`: of the call, in seconds, where something states it. `started`: when it did, epoch seconds.
    `whole_minutes`: that says no seconds. `utc_offset`: of the clock at the call's place, in seconds.
    """
    if are_offsets([moment for turn in turns for moment in (turn.start, turn.stop)]):
        for turn in turns:
            turn.start = turn.start and turn.start.as_offset()
            turn.stop = turn.stop and turn.stop.as_offset()
            turn.duration = turn.duration and turn.duration.as_offset()
    if unit != "m:s" and are_short([moment for turn in turns for moment in (turn.start, turn.stop)]):
        found = _short_clock(turns, unit, duration, started, utc_offset)
        if found is not None:
            return found
    plain = [
        moment.seconds
        for turn in turns
        for moment in (turn.start, turn.stop, turn.duration)
        if moment is not None and moment.plain
    ]
    factor = 1.0
    read: UnitRead | None = None
    if unit in FACTORS:
        factor = FACTORS[unit]
    elif unit == "auto" and plain:
        read = _read_unit(turns, duration)
        factor = read.factor
    given = [turn.start for turn in turns if turn.start is not None]
    starts = [moment.seconds for moment in given if moment.absolute]
    origin = min(starts, default=0.0)
    first = of_day(given)
    minutes = first is None and not plain and not starts and _are_minutes(turns, duration)
    if minutes:
        read = UnitRead("minutes and seconds", 1 / 60, judged=True)
    rebased: Rebased = ""
    if first is not None or (starts and origin < _DAY):
        rebased = "of day"
    elif starts:
        rebased = "dates"
        if started is not None and begins_with(origin, started, whole_minutes=whole_minutes):
            origin, rebased = started, "call"

    def seconds(moment: Moment | None) -> float | None:
        if moment is None:
            return None
        if moment.plain:
            return moment.seconds * factor if factor == 1.0 else round(moment.seconds * factor, 6)
        if minutes:
            return round(moment.seconds / 60, 6)
        if first is not None and moment.clock:
            return round(since(moment, first), 6)
        return round(moment.seconds - origin, 6) if moment.absolute else moment.seconds

    return seconds, rebased, read


def begins_with(first: float, started: float, *, whole_minutes: bool) -> bool:
    """Return whether absolute times whose first one is `first` can count from the start of their call.

    The call began at most an hour before. A start in whole minutes lies up to a minute before it: where the first line
    begins in that minute, nothing says how long the call was silent.
    """
    wait = first - started
    return 0 <= wait < _HOUR and not (whole_minutes and wait < _MINUTE)


def _short_clock(
    turns: Sequence[Turn],
    unit: Unit,
    duration: float | None,
    started: float | None,
    utc_offset: float | None,
) -> tuple[Clock, Rebased, UnitRead | None] | None:
    """How clocks of two numbers become seconds; None where they are minutes and seconds beyond doubt."""
    given = [index for index, turn in enumerate(turns) if turn.start is not None]
    starts = [turns[index].start.seconds for index in given]  # type: ignore[union-attr]
    if not starts:
        return None
    words = words_of([turn.text for turn in turns[given[0] : given[-1]]])
    read = read_short_clocks(starts, words, duration=duration, started=started, utc_offset=utc_offset)
    if unit != "h:m" and read.meaning == "m:s":
        return None if read.sure else ((lambda moment: moment.seconds if moment else None), "", read.unit())
    first = starts[0] * 60
    first = min(first + since(Moment(start * 60), first) for start in starts)

    def seconds(moment: Moment | None) -> float | None:
        return None if moment is None else since(as_hours(moment), first)

    return seconds, "of day", None if unit == "h:m" else read.unit()


def _read_unit(turns: Sequence[Turn], duration: float | None) -> UnitRead:
    numbers: list[float] = []
    starts: list[tuple[float, int]] = []
    lengths: list[tuple[float, float]] = []
    for index, turn in enumerate(turns):
        if turn.start is None or not turn.start.plain:
            continue
        starts.append((turn.start.seconds, index))
        numbers.append(turn.start.seconds)
        stop = turn.stop.seconds if turn.stop is not None and turn.stop.plain else None
        if stop is None and turn.duration is not None and turn.duration.plain:
            stop = turn.start.seconds + turn.duration.seconds
        if stop is not None:
            numbers.append(stop)
            lengths.append((stop - turn.start.seconds, seconds_to_say(turn.text)))
    told = _told_by_words(turns)
    if told:
        return UnitRead(told, UNITS[told], judged=True)
    own = 2 * len(lengths) >= len(starts)
    if not own:
        lengths = [
            (after - before, seconds_to_say(turns[index].text))
            for (before, index), (after, _) in pairwise(starts)
        ]
    # Without stops, the words of the last line lie behind all of the times.
    last = max((index for _, index in starts), default=0)
    said = [turn.text for turn in (turns if own else turns[:last])]
    return unit_of(numbers, words_of(said), duration, spoken=lengths, lengths=own)


def _told_by_words(turns: Sequence[Turn]) -> str:
    """The unit of the lines' times where their words have times of their own, in seconds: "" where they tell nothing."""
    ratios: list[float] = []
    for turn in turns:
        if turn.words is None or turn.words.unit is not None or turn.start is None or not turn.start.plain:
            continue
        first = turn.words.items[turn.words.begin or 0] if turn.words.items else None
        if not isinstance(first, dict):
            continue
        keys = usual_plan(tuple(map(str, first))).start
        value = first.get(keys[0][0]) if keys else None
        moment = read_moment(value, keys[0][1]) if isinstance(value, str | int | float) else None
        if moment is not None and not moment.absolute and moment.seconds > 0 and turn.start.seconds > 0:
            ratios.append(turn.start.seconds / moment.seconds)
    if len(ratios) < 3 or max(ratios) > 1.05 * min(ratios) or min(ratios) < 5:
        return ""
    middle = sorted(ratios)[len(ratios) // 2]
    near = min(UNITS, key=lambda name: abs(middle * UNITS[name] - 1))
    return near if abs(middle * UNITS[near] - 1) < 0.03 else ""


def _are_minutes(turns: Sequence[Turn], duration: float | None) -> bool:
    clocks = [turn.start.seconds for turn in turns if turn.start is not None and turn.start.clock]
    return len(clocks) == len(turns) and hours_are_minutes(
        clocks, words_of([turn.text for turn in turns[:-1]]), duration
    )


def settle(
    turns: Sequence[Turn],
    unit: Unit,
    duration: float | None = None,
    started: float | None = None,
    *,
    whole_minutes: bool = False,
    utc_offset: float | None = None,
) -> tuple[list[Span], Rebased, UnitRead | None]:
    """Seconds from the start of the call for each turn, which times had to be rebased to the first of them, and the unit
    that was read from the pace."""
    seconds, rebased, read = clock(
        turns, unit, duration, started, whole_minutes=whole_minutes, utc_offset=utc_offset
    )
    spans: list[Span] = []
    for turn in turns:
        start, stop = seconds(turn.start), seconds(turn.stop)
        # A length may be written as a clock as well, and never is a time of day.
        is_clock = turn.duration is not None and (turn.duration.clock or turn.duration.short)
        length = turn.duration.seconds if turn.duration and is_clock else seconds(turn.duration)
        if stop is None and start is not None and length is not None:
            stop = round(start + length, 6)
        spans.append((start, stop))
    return spans, rebased, read


def finish(
    labels: Sequence[str],
    texts: Sequence[str],
    spans: list[Span],
    *,
    form: str,
    roles: Mapping[str, str],
    times: Literal["estimate", "leave out"],
    notes: Sequence[tuple[int, Finding]] = (),
    aliases: Mapping[str, str] | None = None,
    rebased: Rebased = "",
    first: str = "",
    agent: Sequence[str] = (),
    customer: Sequence[str] = (),
    pooled: Mapping[str, Inferred] = _NOTHING_POOLED,
    asides: Sequence[tuple[int, list[str]]] = (),
    left_out: Sequence[tuple[int, str]] = (),
) -> Transcript:
    """Lines from turns: roles settled, missing times filled in or left out, findings numbered by line.

    `aliases`: label → role that the text itself gives away ("Agent (Ben)" makes "Ben:" the agent).
    `agent`, `customer`: what the call's own columns say of them: names, emails, telephone numbers.
    `first`: the time of day or the date of the first line, from which rebased times count (`first_clock`).
    `asides`: (index of the turn, texts in it that are no speech).
    `left_out`: (turns before it, its text) of what nobody said.
    """
    begun = {number for number, (start, _) in enumerate(spans, 1) if start is not None}
    found: list[Finding] = []
    estimated: list[int] = []
    derived: list[int] = []
    if times == "estimate" and any(start is None or stop is None for start, stop in spans):
        spans, estimated, derived = fill_in(spans, [len(text.split()) for text in texts])
    counts: dict[str, int] = {}
    for label in labels:
        if label:
            counts[label] = counts.get(label, 0) + 1
    sides = settle_sides(labels, texts, roles, aliases or {}, agent, customer, pooled)
    inferred = sides.inferred
    settled = {label: role or fold(label) for label, role in sides.roles.items()}
    stated = {
        label: Inferred(role, "the data says which side this is", "")
        for label, role in sides.roles.items()
        if role and label in (aliases or {}) and not role_of(label) and label not in inferred
    }
    settled[""] = ""
    left_texts: list[tuple[int, str]] = []
    kept: list[tuple[str, str]] = []
    lines: list[TranscriptLine] = []
    if NO_LINES.isdisjoint(settled.values()):
        for label, text, (start, stop) in zip(labels, texts, spans, strict=True):
            lines.append(TranscriptLine(settled[label], text, start, stop))
        number = range(1, len(lines) + 1)
        numbered: Sequence[int | None] = number
    else:
        places: list[int | None] = []
        for label, text, (start, stop) in zip(labels, texts, spans, strict=True):
            if label and settled[label] in NO_LINES:
                places.append(None)
                left_texts.append((len(lines), text))
                if settled[label] == KEEP_AS_TAG:
                    kept.append((label, text))
            else:
                lines.append(TranscriptLine(settled[label], text, start, stop))
                places.append(len(lines))
        numbered = places
        found += _without_lines(counts, settled)
    of_speakers = list(left_texts)
    if left_out:
        before = [0, *accumulate(place is not None for place in numbered)]
        left_texts += [(before[min(max(at, 0), len(numbered))], text) for at, text in left_out]
        left_texts.sort(key=lambda one: one[0])
    for index, note in notes:
        place = numbered[index] if 0 <= index < len(numbered) else None
        found.append(msgspec.structs.replace(note, line=place))
    if asides:
        found.append(_of_asides([(numbered[index], texts_) for index, texts_ in asides]))
    found += _of_inferred(inferred)
    if "" not in labels:
        for about in (
            silent_side(counts, settled, roles, [line.text for line in lines]),
            several_speakers(counts, settled, roles),
        ):
            if about is not None:
                found.append(about)
    touched = [place for number in estimated if (place := numbered[number - 1]) is not None]
    begun = {place for number in begun if (place := numbered[number - 1]) is not None}
    stops = [place for number in derived if (place := numbered[number - 1]) is not None]
    from_first = rebased in ("dates", "of day")
    if touched or stops or rebased == "of day" or (from_first and times == "estimate"):
        found.append(_estimate(touched, stops, len(lines), from_first, first))
    speakers = [label for label in labels if settled[label] not in NO_LINES or not label]
    origins = _origins(lines, touched, stops, begun, "d" if rebased == "of day" else "s")
    return Transcript(
        lines,
        found,
        form,
        counts,
        speakers,
        {**stated, **inferred},
        left_texts,
        of_speakers,
        kept,
        times=counted_from_start(origins, len(lines)) if rebased == "call" else origins,
    )


def counted_from_start(times: str, lines: int) -> str:
    """Return the marks of lines whose moments were counted from the start of their call. `times`: `Transcript.times`."""
    return (times or "s" * lines).translate(_FROM_START)


def _origins(
    lines: Sequence[TranscriptLine],
    estimated: Sequence[int],
    derived: Sequence[int],
    begun: Collection[int],
    usual: str = "s",
) -> str:
    """Where the times of each line are from, as `Transcript.times` has it.

    `usual`: the mark of times from the source; `begun`: numbers of the lines whose start is from the source.
    """
    marks = ["-" if line.start is None and line.stop is None else usual for line in lines]
    for numbers, mark in ((derived, "d"), (estimated, "e")):
        for number in numbers:
            marks[number - 1] = "b" if mark == "e" and number in begun else mark
    return "" if all(mark == "s" for mark in marks) else "".join(marks)


def _without_lines(counts: Mapping[str, int], settled: Mapping[str, str]) -> list[Finding]:
    """One finding for the speakers that are left out, one for those whose words become tags."""
    found: list[Finding] = []
    for role, code, became in (
        (LEAVE_OUT, "lines-left-out", "left out"),
        (KEEP_AS_TAG, "lines-kept-as-tag", "kept as a tag"),
    ):
        names = [label for label in counts if settled[label] == role]
        if not names:
            continue
        count = sum(counts[label] for label in names)
        whom = " and ".join(repr(name) for name in names)
        verb, whose = ("was" if count == 1 else "were"), ("speaker" if len(names) == 1 else "speakers")
        message = f"{_lines(count)} of {whom} {verb} {became}, as chosen for the {whose}."
        found.append(finding(code, "transcript", message, value=", ".join(names)))
    return found


def _of_asides(asides: Sequence[tuple[int | None, list[str]]]) -> Finding:
    """One finding for all headings and stage directions of a transcript; `value` is their text."""
    texts = [text for _, some in asides for text in some]
    places = sorted({place for place, _ in asides if place is not None})
    what = "1 heading or stage direction" if len(texts) == 1 else f"{len(texts)} headings or stage directions"
    verb = "was" if len(texts) == 1 else "were"
    where = line_numbers(places) if places else "lines that were left out"
    message = f"{what} {verb} kept with {where}: {_short(' · '.join(texts[:20]))!r}"
    line = places[0] if len(places) == 1 else None
    return finding("aside-kept", "transcript", message, line=line, value="\n".join(texts[:200]))


def _of_inferred(inferred: Mapping[str, Inferred]) -> list[Finding]:
    """One finding for each kind of evidence that settled labels."""
    found: list[Finding] = []
    for code in dict.fromkeys(one.code for one in inferred.values() if one.code):
        these = {label: one for label, one in inferred.items() if one.code == code}
        parts = [f"{label!r} was taken for the {one.role}: {one.why}" for label, one in these.items()]
        found.append(finding(code, "transcript", "; ".join(parts[:4]) + ".", value=", ".join(these)))
    return found


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def first_clock(turns: Sequence[Turn], rebased: Rebased) -> str:
    """Return when the first of these turns began, where their times count from it: "14:02:30", or a date with its time.

    "" : they do not (they may count from the start of the call), or it cannot be told.
    """
    given = [turn.start for turn in turns if turn.start is not None]
    first = min((moment for moment in given if moment.absolute), key=lambda one: one.seconds, default=None)
    if rebased == "dates" and first is not None:
        return moment_text(first.seconds, naive=first.naive)
    if rebased != "of day":
        return ""
    seconds = of_day(given)
    if seconds is None:
        seconds = None if first is None else first.seconds
    return "" if seconds is None else clock_text(seconds)


def moment_text(seconds: float, *, naive: bool) -> str:
    """Return an epoch time as `first_clock` does; "" outside of the calendar. `naive`: its time zone is not known."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return (moment.replace(tzinfo=None) if naive else moment).isoformat()


def clock_text(seconds: float) -> str:
    """Return seconds after midnight as "14:02:30"; "" where they are of no day."""
    return str(timedelta(seconds=seconds)) if 0 <= seconds < _DAY else ""


COUNTED_FROM = "seconds are counted from the first of them"
"""Part of a sentence by which calls that are stored are known, so it never changes."""
COUNTED = f"The source has times of day: {COUNTED_FROM}."


def _estimate(estimated: list[int], derived: list[int], total: int, from_first: bool, first: str) -> Finding:
    parts: list[str] = []
    if estimated:
        where = "all lines" if len(estimated) == total else line_numbers(estimated)
        parts.append(f"Times of {where} were estimated at 2.6 words per second, from the line before.")
    if derived:
        where = "all lines" if len(derived) == total else line_numbers(derived)
        parts.append(f"The stop of {where} was derived: it is the start of the next line.")
    if from_first:
        parts.append(COUNTED)
    return finding("times-estimated", "transcript", " ".join(parts), line=None, value=first or None)


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"
