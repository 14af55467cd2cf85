"""One cell → one transcript: take it apart by its form, settle roles and times, and account for the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, time
from numbers import Number
from types import MappingProxyType
from typing import Literal, NamedTuple

from reddy_lib.errors import TranscriptUnreadable
from reddy_lib.findings import Finding, finding
from reddy_lib.model import TranscriptLine
from reddy_lib.transcripts.characters import changed_characters
from reddy_lib.transcripts.formats.cut import breaks_off, fills_a_cell
from reddy_lib.transcripts.formats.json_form import is_data, of_events, quoted, read_exact, whole_escapes
from reddy_lib.transcripts.formats.labelled import read_text
from reddy_lib.transcripts.formats.shapes import Recording
from reddy_lib.transcripts.forms import read_data, read_form, read_plain, too_long
from reddy_lib.transcripts.names import Inferred
from reddy_lib.transcripts.order import put_in_order
from reddy_lib.transcripts.quotes import unquote_turns
from reddy_lib.transcripts.roles import role_of
from reddy_lib.transcripts.sides import clear_sides
from reddy_lib.transcripts.times import Unit, pace_problem
from reddy_lib.transcripts.turns import Parsed, Transcript, finish, first_clock, settle
from reddy_lib.transcripts.units import UNIT_NAMES, UNITS, UnitRead

__all__ = ["parse_transcript", "read_opening", "read_transcript", "unit_found"]

_DAY = 86_400
_FEW = 8  # lines among which nearly every transcript shows all its speakers
_MOST_TEXT = 2_000_000  # characters: a day and a half of talk without a pause
_MOST_DATA = 16 << 20  # with a time for every word, and whatever else a service says of each
_OPENING = 40_000  # characters: more than a cell of Excel's can hold


class _Said(NamedTuple):
    """What the call's own columns say of the two sides, and when and how long it was; and other calls of its labels."""

    agent: tuple[str, ...] = ()
    customer: tuple[str, ...] = ()
    duration: float | None = None
    pooled: Mapping[str, Inferred] = MappingProxyType({})
    started: float | None = None
    unit: str = ""
    whole_minutes: bool = False
    utc_offset: float | None = None


_NO_ROLES: Mapping[str, str] = MappingProxyType({})
_NOTHING_POOLED: Mapping[str, Inferred] = MappingProxyType({})


def parse_transcript(
    text: object,
    *,
    roles: Mapping[str, str] = _NO_ROLES,
    unit: Unit = "auto",
    times: Literal["estimate", "leave out"] = "estimate",
) -> list[TranscriptLine]:
    """The lines of a transcript in any known form. What is said about them is left out: see `read_transcript`.

    `text`: text, bytes of UTF-8, decoded JSON, or a cell of a frame.

    Raises:
        TypeError: `text` is something else, such as an open file, a path or a frame.
        ValueError: the bytes are not UTF-8.
        TranscriptUnreadable: the text starts as JSON and is none. `error.text` is the whole text.
    """
    transcript = read_transcript(_cell(text), roles=roles, unit=unit, times=times)
    if transcript.form == "unreadable":
        message = next(item.message for item in transcript.findings if item.code == "transcript-unreadable")
        raise TranscriptUnreadable(message, text=transcript.lines[0].text)
    return transcript.lines


def _cell(text: object) -> object:
    """Return what `parse_transcript` was called with, as a cell that `read_transcript` takes.

    It writes whatever it does not know as `str` does, and a path or an open file would become words that no one said.
    """
    if isinstance(text, bytes | bytearray):
        try:
            return text.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError(
                'The bytes are not UTF-8: decode them with the encoding of their file, such as data.decode("cp1252").'
            ) from None
    if type(text).__name__ == "NAType":  # pandas' mark of an empty cell, which cannot be compared
        return None
    if text is None or isinstance(text, str | list | dict | Number | date | time):
        return text
    raise TypeError(
        f"text must be a transcript as text, bytes or decoded JSON, not {type(text).__name__}. For a file, pass its "
        "contents."
    )


def read_transcript(
    cell: object,
    *,
    roles: Mapping[str, str] = _NO_ROLES,
    unit: Unit = "auto",
    times: Literal["estimate", "leave out"] = "estimate",
    agent: Sequence[str] = (),
    customer: Sequence[str] = (),
    duration: float | None = None,
    pooled: Mapping[str, Inferred] = _NOTHING_POOLED,
    started: float | None = None,
    whole_minutes: bool = False,
    utc_offset: float | None = None,
    pooled_unit: str = "",
) -> Transcript:
    """Reads one cell and never raises for what it holds: what could not be read is in `findings`, and kept.

    `roles`: speaker label → "agent", "customer", "leave out" or "keep as tag"; wins over the built-in vocabulary.
    `unit`: of times without one: seconds, milliseconds, or found from keys and numbers.
    `times`: of lines without one: estimated (with one finding), or left out.
    `agent`, `customer`: what the call's own columns say of them, names, emails or telephone numbers: settles who
    `Ben:` is.
    `duration`: seconds that the call lasted, as its own column states: decides the unit of times that have none.
    `pooled`: what the other calls of the batch say of a label (`pooled_sides`): settles what this call leaves open.
    `pooled_unit`: of `units.UNITS`: what the times of the other calls of the batch count, for a call that leaves it open.
    `started`: when the call did, in epoch seconds, as its own column states: tells whether clocks are times of day,
    and is second 0 of lines with dates and times. `whole_minutes`: its column says no seconds.
    `utc_offset`: seconds by which clocks at the call's place are ahead of UTC: with `started`, tells times of day as well.
    """

    def labelled(text: str) -> Parsed:
        return read_text(text, roles, agent, customer)

    said = _Said(
        tuple(agent), tuple(customer), duration, pooled, started, pooled_unit, whole_minutes, utc_offset
    )

    if isinstance(cell, str):
        text = cell[1:] if cell[:1] == "\ufeff" else cell  # the mark that files in UTF-8 begin with
    elif isinstance(cell, list | dict):
        return _finish(read_data(cell, str(cell), labelled), roles, unit, times, said)
    elif cell is None or cell != cell:  # an empty cell of a frame is NaN, which is unequal to itself
        return Transcript([], [], "empty", {})
    else:
        text = str(cell)
    written, text = text, whole_escapes(text)
    if len(text) > _MOST_TEXT and len(text) > (_MOST_DATA if is_data(text) else _MOST_TEXT):
        return _finish(too_long(text), roles, unit, times, said)
    changed = changed_characters(written, text) if text != written else []
    text = of_events(text) or text
    inner = quoted(text)
    if inner is not None:
        transcript = read_transcript(
            inner,
            roles=roles,
            unit=unit,
            times=times,
            agent=agent,
            customer=customer,
            duration=duration,
            pooled=pooled,
            started=started,
            whole_minutes=whole_minutes,
            utc_offset=utc_offset,
            pooled_unit=pooled_unit,
        )
    elif is_data(text):
        exact = _read_exact(text, roles, unit, times, said)
        transcript = exact or _finish(read_form(text, labelled), roles, unit, times, said)
    elif not text or text.isspace():
        return Transcript([], [], "empty", {})
    else:
        transcript = _finish(read_plain(text, labelled), roles, unit, times, said)
    transcript.findings += changed
    if fills_a_cell(text):
        transcript.findings.append(
            finding(
                "transcript-cut",
                "transcript",
                "The cell holds exactly 32,767 characters, the most that Excel keeps: the end is probably missing.",
            )
        )
    elif not is_data(text) and transcript.form != "unreadable" and (why := breaks_off(text)):
        transcript.findings.append(finding("transcript-cut", "transcript", why))
    return transcript


def read_opening(text: str) -> Transcript:
    """Reads as much of a long text as it takes to tell what it is; data, which has to be whole, is read whole."""
    if len(text) <= _OPENING or is_data(text) or text.startswith('"') or "```" in text:
        return read_transcript(text)
    at = max(text.rfind(mark, _OPENING // 2, _OPENING) for mark in "\n\r") + 1
    return read_transcript(text[: at or _OPENING])


_SLOWEST, _FASTEST = 2.0, 45.0
"""Characters a second between which nobody has to think about the unit of the times, or about the pace."""
_AROUND = 52
"""Characters of a turn as Reddy writes it that are not its text, about."""


def _read_exact(
    text: str,
    roles: Mapping[str, str],
    unit: Unit,
    times: Literal["estimate", "leave out"],
    said: _Said,
) -> Transcript | None:
    """The usual case at full speed; None where anything has to be thought about."""
    duration = said.duration
    exact = read_exact(text)
    if not exact or "<" in text or "&" in text or ("\\" in text and "\\u00" in text):
        return None
    labels = [turn.role for turn in exact]
    counts = {label: labels.count(label) for label in dict.fromkeys(labels[:_FEW])}
    if sum(counts.values()) < len(labels):  # a label that comes up late: count them all at once
        counts = Counter(labels)
    if any(not label or label != label.strip() for label in counts):
        return None
    settled = {label: role_of(label, roles) for label in counts} if roles else clear_sides(tuple(counts))
    # A name, a second speaker on a side, a side that is silent: the labels have to be weighed against each other.
    if settled is None or len(counts) > 2 or set(settled.values()) != {"agent", "customer"}:
        return None
    starts = [turn.start for turn in exact]
    stops = [turn.stop for turn in exact]
    if None in starts or None in stops:
        if any(start is not None for start in starts) or any(stop is not None for stop in stops):
            return None
        spans: list[tuple[float | None, float | None]] = [(None, None)] * len(exact)
        return finish(
            labels,
            [turn.text for turn in exact],
            spans,
            form="json",
            roles=roles,
            times=times,
            agent=said.agent,
            customer=said.customer,
            pooled=said.pooled,
        )
    if unit == "ms" or starts != sorted(starts) or len(set(starts)) < len(starts):  # type: ignore[type-var]
        return None  # two results that start at one time may be one that grew
    highest = max(stops)  # type: ignore[type-var]
    duration = said.duration
    if highest > 1000 or (duration is not None and highest > 1.3 * duration + 5):  # type: ignore[operator]
        return None
    if len(exact) > 2 and not _SLOWEST * highest < len(text) - _AROUND * len(exact) < _FASTEST * highest:  # type: ignore[operator]
        return None
    if any(label != role for label, role in settled.items()):
        exact = [TranscriptLine(settled[turn.role], turn.text, turn.start, turn.stop) for turn in exact]
    return Transcript(exact, [], "json", dict(counts), exact=True)


def _finish(
    parsed: Parsed,
    roles: Mapping[str, str],
    unit: Unit,
    times: Literal["estimate", "leave out"],
    said: _Said,
) -> Transcript:
    if not parsed.order and parsed.form not in ("unreadable", "empty"):
        put_in_order(parsed)
    if parsed.form != "unreadable":
        unquote_turns(parsed.turns)
    started, naive = _started(parsed)
    stated = parsed.duration if said.duration is None else said.duration
    spans, rebased, read = settle(
        parsed.turns,
        unit,
        stated,
        said.started,
        whole_minutes=said.whole_minutes,
        utc_offset=said.utc_offset,
    )
    own = read.name if read is not None and read.judged and read.sure and read.fits and not rebased else ""
    if said.unit in UNITS and unit == "auto" and read is not None and read.name in UNITS and own != said.unit:
        pooled = next(one for one, name in UNIT_NAMES.items() if name == said.unit)
        spans, rebased, _ = settle(
            parsed.turns, pooled, stated, said.started, whole_minutes=said.whole_minutes
        )
        read = UnitRead(said.unit, UNITS[said.unit], judged=True, pooled=True)
    transcript = finish(
        [turn.label for turn in parsed.turns],
        [turn.text for turn in parsed.turns],
        spans,
        form=parsed.form,
        roles=roles,
        times="leave out" if parsed.form == "unreadable" else times,
        notes=parsed.notes,
        aliases=parsed.aliases,
        rebased=rebased,
        first=first_clock(parsed.turns, rebased),
        agent=said.agent,
        customer=said.customer,
        pooled=said.pooled,
        asides=parsed.asides,
        left_out=parsed.left_out,
    )
    transcript.started, transcript.started_naive = started, naive
    transcript.unit = own if own in UNITS else ""
    transcript.conversation_id, transcript.duration = parsed.conversation_id, parsed.duration
    transcript.agent_email = _agent_email(transcript, parsed.emails)
    if parsed.order and len(transcript.lines) == len(parsed.order):
        transcript.order = parsed.order
    if parsed.form not in ("unreadable", "empty") and unit != "h:m":
        transcript.findings += _of_pace(transcript, read, chat=rebased in ("call", "dates") or unit == "s")
    return transcript


def _agent_email(transcript: Transcript, emails: Mapping[str, str]) -> str:
    """The one email that the data gives for a speaker who is the agent."""
    if not emails or len(transcript.speakers) != len(transcript.lines):
        return ""
    agents = {
        emails[label]
        for label, line in zip(transcript.speakers, transcript.lines, strict=True)
        if line.role == "agent" and label in emails
    }
    return agents.pop() if len(agents) == 1 else ""


def _of_pace(transcript: Transcript, read: UnitRead | None, *, chat: bool) -> list[Finding]:
    """What the pace of speech says of the unit of the times: which was chosen, or that none fits."""
    told = [] if read is None else unit_found(read)
    if told and not (read is not None and read.pooled):
        return told
    marks = transcript.times or "s" * len(transcript.lines)
    spans = [
        (line.start if mark in "sdcC" else None, line.stop if mark in "sc" else None)
        for line, mark in zip(transcript.lines, marks, strict=True)
    ]
    problem = pace_problem(spans, [line.text for line in transcript.lines], chat=chat)
    if not problem:
        return told
    return [finding("pace-implausible", "transcript", f"With these times, {problem}.", value=problem)]


def unit_found(read: UnitRead) -> list[Finding]:
    """Return the finding that names a unit which the pace of speech decided, or left open; [] for the usual ones."""
    if not read.judged or (read.usual and read.sure and not read.pooled):
        return []
    code = "unit-from-pace" if read.sure else "unit-unclear"
    return [finding(code, "transcript", read.reason, value=read.name)]


def _started(parsed: Parsed) -> tuple[float | None, bool]:
    """When the call started: as the source says, else its first line, where lines have times of day."""
    if isinstance(parsed, Recording) and parsed.started is not None:
        return parsed.started, parsed.started_naive
    starts = [
        turn.start
        for turn in parsed.turns
        # a time of day without its date is absolute too, and says nothing about when the call was
        if turn.start is not None and turn.start.absolute and turn.start.seconds >= _DAY
    ]
    first = min(starts, default=None)
    return (None, False) if first is None else (first.seconds, first.naive)
