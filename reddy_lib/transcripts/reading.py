"""One cell → one transcript: take it apart by its form, settle roles and times, and account for the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from reddy_lib.errors import TranscriptUnreadable
from reddy_lib.findings import finding
from reddy_lib.model import TranscriptLine
from reddy_lib.transcripts.cut import fills_a_cell
from reddy_lib.transcripts.forms import read_data, read_form, read_plain
from reddy_lib.transcripts.json_form import is_data, quoted, read_exact
from reddy_lib.transcripts.labelled import read_text
from reddy_lib.transcripts.roles import role_of
from reddy_lib.transcripts.shapes import Recording
from reddy_lib.transcripts.sides import clear_sides
from reddy_lib.transcripts.times import Unit, looks_like_milliseconds
from reddy_lib.transcripts.turns import Parsed, Transcript, finish, settle

__all__ = ["parse_transcript", "read_opening", "read_transcript"]

_DAY = 86_400
_FEW = 8  # lines among which nearly every transcript shows all its speakers
_OPENING = 40_000  # characters: more than a cell of Excel's can hold


class _Said(NamedTuple):
    """What the call's own columns say of the two sides."""

    agent: tuple[str, ...] = ()
    customer: tuple[str, ...] = ()


_NO_ROLES: Mapping[str, str] = MappingProxyType({})


def parse_transcript(
    text: object,
    *,
    roles: Mapping[str, str] = _NO_ROLES,
    unit: Unit = "auto",
    times: Literal["estimate", "leave out"] = "estimate",
) -> list[TranscriptLine]:
    """The lines of a transcript in any known form. What is said about them is left out: see `read_transcript`.

    Raises:
        TranscriptUnreadable: the text starts as JSON and is none. `error.text` is the whole text.
    """
    transcript = read_transcript(text, roles=roles, unit=unit, times=times)
    if transcript.form == "unreadable":
        message = next(item.message for item in transcript.findings if item.code == "transcript-unreadable")
        raise TranscriptUnreadable(message, text=transcript.lines[0].text)
    return transcript.lines


def read_transcript(
    cell: object,
    *,
    roles: Mapping[str, str] = _NO_ROLES,
    unit: Unit = "auto",
    times: Literal["estimate", "leave out"] = "estimate",
    agent: Sequence[str] = (),
    customer: Sequence[str] = (),
) -> Transcript:
    """Reads one cell and never raises for what it holds: what could not be read is in `findings`, and kept.

    `roles`: speaker label → "agent", "customer", "leave out" or "keep as tag"; wins over the built-in vocabulary.
    `unit`: of times without one: seconds, milliseconds, or found from keys and numbers.
    `times`: of lines without one: estimated (with one finding), or left out.
    `agent`, `customer`: what the call's own columns say of them, names, emails or telephone numbers: settles who
    `Ben:` is.
    """

    def labelled(text: str) -> Parsed:
        return read_text(text, roles, agent, customer)

    said = _Said(tuple(agent), tuple(customer))

    if isinstance(cell, str):
        text = cell[1:] if cell[:1] == "\ufeff" else cell  # the mark that files in UTF-8 begin with
    elif isinstance(cell, list | dict):
        return _finish(read_data(cell, str(cell), labelled), roles, unit, times, said)
    elif cell is None or cell != cell:  # an empty cell of a frame is NaN, which is unequal to itself
        return Transcript([], [], "empty", {})
    else:
        text = str(cell)
    inner = quoted(text)
    if inner is not None:
        transcript = read_transcript(
            inner, roles=roles, unit=unit, times=times, agent=agent, customer=customer
        )
    elif is_data(text):
        exact = _read_exact(text, roles, unit, times, said)
        transcript = exact or _finish(read_form(text, labelled), roles, unit, times, said)
    elif not text or text.isspace():
        return Transcript([], [], "empty", {})
    else:
        transcript = _finish(read_plain(text, labelled), roles, unit, times, said)
    if fills_a_cell(text):
        transcript.findings.append(
            finding(
                "transcript-cut",
                "transcript",
                "The cell holds exactly 32,767 characters, the most that Excel keeps: the end is probably missing.",
            )
        )
    return transcript


def read_opening(text: str) -> Transcript:
    """Reads as much of a long text as it takes to tell what it is; data, which has to be whole, is read whole."""
    if len(text) <= _OPENING or is_data(text) or text.startswith('"') or "```" in text:
        return read_transcript(text)
    at = max(text.rfind(mark, _OPENING // 2, _OPENING) for mark in "\n\r") + 1
    return read_transcript(text[: at or _OPENING])


def _read_exact(
    text: str,
    roles: Mapping[str, str],
    unit: Unit,
    times: Literal["estimate", "leave out"],
    said: _Said,
) -> Transcript | None:
    """The usual case at full speed; None where anything has to be thought about."""
    exact = read_exact(text)
    if not exact:
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
    times_said = [turn.start for turn in exact] + [turn.stop for turn in exact]
    numbers = [number for number in times_said if number is not None]
    complete = len(numbers) == len(times_said)
    highest = max(numbers, default=0.0)
    if complete and highest <= 1000 and unit != "ms":
        if any(label != role for label, role in settled.items()):
            exact = [TranscriptLine(settled[turn.role], turn.text, turn.start, turn.stop) for turn in exact]
        return Transcript(exact, [], "json", dict(counts), exact=True)
    if highest >= 1e9:  # counts from 1970
        return None
    in_milliseconds = unit == "ms"
    if unit == "auto" and highest > 1000:
        words = sum(len(turn.text.split()) for turn in exact)
        in_milliseconds = looks_like_milliseconds(numbers, words)
    factor = 0.001 if in_milliseconds else 1.0
    spans = [
        (
            None if turn.start is None else round(turn.start * factor, 6),
            None if turn.stop is None else round(turn.stop * factor, 6),
        )
        for turn in exact
    ]
    return finish(
        labels,
        [turn.text for turn in exact],
        spans,
        form="json",
        roles=roles,
        times=times,
        agent=said.agent,
        customer=said.customer,
    )


def _finish(
    parsed: Parsed,
    roles: Mapping[str, str],
    unit: Unit,
    times: Literal["estimate", "leave out"],
    said: _Said,
) -> Transcript:
    started, naive = _started(parsed)
    spans, rebased = settle(parsed.turns, unit)
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
        agent=said.agent,
        customer=said.customer,
        asides=parsed.asides,
        left=parsed.left,
    )
    transcript.started, transcript.started_naive = started, naive
    return transcript


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
