"""Transcripts as text: `Agent: …` a line, with or without a time, before or after the label.

Whether `Port: 8080` is a speaker cannot be told from the line: it is decided over the whole text. A label counts
if it is a role word or one of the analyst's own, if the text itself says who that is ("Agent (Ben)" makes
"Ben:" a speaker), or if it keeps coming back and does not name a field of a form. What belongs to nobody is kept:
headings and stage directions with the turn beside them (`asides`), speech before the first speaker as a line of
its own, after it as part of the line above. Nothing here may cost more than the length of the text: patterns
are bounded, and every pass over the lines is one pass.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

from reddy_lib.findings import finding
from reddy_lib.transcripts.asides import is_aside, is_event, is_heading, is_note, is_rule
from reddy_lib.transcripts.doubt import is_better, is_doubtful, labels_inside
from reddy_lib.transcripts.formats.arrows import without_arrows
from reddy_lib.transcripts.formats.chat_stamps import with_iso_stamps, without_counters
from reddy_lib.transcripts.formats.edges import without_edges
from reddy_lib.transcripts.formats.fact_block import read_fact_block
from reddy_lib.transcripts.formats.headers import Header, find_headers
from reddy_lib.transcripts.formats.keyed import read_keyed
from reddy_lib.transcripts.formats.leading_seconds import with_bracketed_seconds
from reddy_lib.transcripts.formats.legend import read_legend
from reddy_lib.transcripts.formats.line_grammar import Cut, Grammar, cut_line, find_grammar
from reddy_lib.transcripts.formats.one_line import split_rows
from reddy_lib.transcripts.formats.quoted_speech import without_quotes_around_turns
from reddy_lib.transcripts.formats.shapes import Recording
from reddy_lib.transcripts.formats.sign_speakers import under_signs
from reddy_lib.transcripts.formats.styles import ARROW, TableRow, read_table
from reddy_lib.transcripts.formats.text_rows import NEWLINE, Known, Row, could_be_a_name, take_apart
from reddy_lib.transcripts.formats.text_speakers import find_speakers
from reddy_lib.transcripts.formats.turn_building import Reading, of_left_out, read_moments, shortened_text
from reddy_lib.transcripts.formats.without_colons import (
    CLOCK_ALONE,
    labels_alone,
    of_one_style,
    without_speakers,
)
from reddy_lib.transcripts.greetings import offers
from reddy_lib.transcripts.names import is_named
from reddy_lib.transcripts.quotes import unquoted
from reddy_lib.transcripts.roles import fold, is_machine, name_in_label, role_of
from reddy_lib.transcripts.stamps import STAMP
from reddy_lib.transcripts.times import CLOCK
from reddy_lib.transcripts.turns import Parsed, Turn

__all__ = ["read_text"]

_TRAILING = re.compile(rf"\s*[\[(]\s?(?P<start>{CLOCK})(?:{ARROW}(?P<stop>{CLOCK}))?\s?[\])]\s*$")


def read_text(
    text: str, roles: Mapping[str, str], agent: Sequence[str] = (), customer: Sequence[str] = ()
) -> Parsed:
    """Turns of a labelled text; form "no speakers" (one turn per text line) where nobody is named.

    `agent`, `customer`: the two sides as the call's own columns have them: make a bare name a speaker.
    """
    signed = under_signs(text)
    if signed is not None:
        return signed
    text = _with_first_line(with_bracketed_seconds(without_counters(with_iso_stamps(text))))
    sure = Known(roles).is_sure
    text = without_arrows(without_quotes_around_turns(text, sure), sure)
    explained = _under_legend(text, roles, agent, customer)
    if explained is not None:
        return explained
    below = _under_facts(text, roles, agent, customer)
    if below is None:
        below = _without_shared_words(_read_best(text, roles, agent, customer))
    return _several_calls(below)


def _with_first_line(text: str) -> str:
    """Return the text with a first line that stands behind its heading, "Transcript: Agent: Hello", on a row of its own."""
    found = _BEHIND_HEADING.search(text[:_OPENING])
    if found is None or role_of(found["heading"]):
        return text
    heading, label = found["heading"].casefold(), re.escape(found["label"])
    rows = len(re.findall(rf"^\W{{0,4}}{label}\s?[:：]", text, re.MULTILINE))
    again = len(re.findall(rf"^\W{{0,4}}{re.escape(heading)}\s?[:：]", text.casefold(), re.MULTILINE))
    if again > 1 or rows < 1 or not (role_of(found["label"]) or rows > 1):
        return text
    return f"{text[: found.start('label')].rstrip()}\n{text[found.start('label') :]}"


_BEHIND_HEADING = re.compile(
    r"^[ \t]*(?P<heading>[^\W\d_](?:[^\W\d_]|[ ]){2,30})\s?[:：][ \t]*(?P<label>[^\W\d_][\w .'-]{0,30})\s?[:：][ \t]*\S",
    re.MULTILINE,
)


def _under_facts(
    text: str, roles: Mapping[str, str], agent: Sequence[str], customer: Sequence[str]
) -> Parsed | None:
    """The turns below a block of facts about the call, with the agent's email, the id and the start from it."""
    block = read_fact_block(text)
    if block is None or not block.rest.strip():
        return None
    parsed = _without_shared_words(_read_best(block.rest, roles, agent, customer))
    labels = {turn.label: None for turn in parsed.turns if turn.label}
    if not labels or len(parsed.turns) < 2:
        return None
    recording = Recording(**{name: getattr(parsed, name) for name in Parsed.__struct_fields__})
    recording.left_out[:0] = [(0, row) for row in block.rows]
    recording.notes = [note for note in parsed.notes if note[1].code != "not-spoken"]
    recording.notes.append((-1, of_left_out([text for _, text in recording.left_out])))
    for label in labels:
        for name, role in block.names.items():
            if is_named(label, name) and not role_of(label):
                recording.aliases.setdefault(label, role)
        # Only the email of a label that turns out to be the agent's is taken.
        email = block.emails.get(label) or block.agent_email
        if email:
            recording.emails.setdefault(label, email)
    recording.conversation_id = recording.conversation_id or block.conversation_id
    if block.started and not any(turn.start is not None and turn.start.absolute for turn in parsed.turns):
        recording.begins(block.started)
    return recording


def _under_legend(
    text: str, roles: Mapping[str, str], agent: Sequence[str], customer: Sequence[str]
) -> Parsed | None:
    """The turns below lines that say who is who, where both sides speak under what these lines call them."""
    opening = [row for row in map(str.strip, NEWLINE.split(text[:_OPENING])) if row][:12]
    legend = read_legend(opening)
    if legend is None:
        return None
    rest = text
    for row in opening[: legend.rows]:
        rest = rest[rest.index(row) + len(row) :]
    rows = [row for row in map(str.strip, NEWLINE.split(rest)) if row]
    known = Known(roles)
    labels = {label for row in rows if (label := take_apart(row, known).label)}
    named = legend.of(labels)
    if not named or any(map(role_of, labels)):
        return None
    parsed = _read_best("\n".join(rows), {**named, **roles}, agent, customer)
    parsed.aliases.update(named)
    parsed.left_out[:0] = [(0, row) for row in opening[: legend.rows]]
    parsed.notes = [note for note in parsed.notes if note[1].code != "not-spoken"]
    parsed.notes.append((-1, of_left_out([text for _, text in parsed.left_out])))
    return parsed


_OPENING = 2000


def _several_calls(parsed: Parsed) -> Parsed:
    """The turns, with an error where a heading comes back with another number: the text holds several calls."""
    headings: dict[str, dict[str, str]] = {}
    places: dict[str, int] = {}
    beside = [(at, row) for at, rows in parsed.asides for row in rows]
    beside += [(at + 1, note.value) for at, note in parsed.notes if note.code == "line-without-speaker"]
    for place, text in (*parsed.left_out, *beside):
        number = _NUMBERED.search(text)
        if number is None or not (is_heading(text) or is_aside(text, opening=True)):
            continue
        ways = [(_NUMBERED.sub("0", text.strip()), text.strip())]
        words = [word.casefold() for word in _WORDS.findall(text[: number.start()])]
        if 0 < len(words) <= 3 and (_CALL.fullmatch(words[-1]) or words[-1] in _OF_NUMBERS):
            ways.append((f"{' '.join(words)} 0", number[0]))  # what follows the number is about that call
        for alike, told in ways:
            headings.setdefault(alike, {})[told] = text.strip()
            places[alike] = max(place, places.get(alike, 0))
    for alike, texts in headings.items():
        if len(texts) > 1 and _CALL.search(alike) and 0 < places[alike] < len(parsed.turns):
            first = min(texts.values())
            message = (
                f"This text holds {len(texts)} calls, each below a heading such as {shortened_text(first)!r}: "
                "load each as a call of its own"
            )
            parsed.notes.append((0, finding("line-not-read", "transcript", message, value=first)))
            return parsed
    parts = _parts_between_rules(parsed)
    if len(parts) > 1 and all(map(_begins_a_call, parts)):
        message = (
            f"This text holds {len(parts)} calls, separated by ruled lines, each starting with a greeting: "
            "load each as a call of its own"
        )
        parsed.notes.append(
            (0, finding("line-not-read", "transcript", message, value=parts[1][0].text[:200]))
        )
    return parsed


def _parts_between_rules(parsed: Parsed) -> list[list[Turn]]:
    """Return the turns, parted where a rule stands between them."""
    places = sorted({place for place, text in parsed.left_out if is_rule(text)} | {len(parsed.turns)})
    starts = [0, *places]
    return [part for begin, end in pairwise(starts) if (part := parsed.turns[begin:end])]


def _begins_a_call(turns: Sequence[Turn]) -> bool:
    return len({turn.label for turn in turns}) > 1 and any(offers(turn.text) for turn in turns[:2])


_NUMBERED = re.compile(r"\w*\d[\w:./-]*")
_WORDS = re.compile(r"[^\W\d_]+")
_OF_NUMBERS = frozenset(("no", "nr", "number", "nummer", "numero", "número", "num", "ref"))
_CALL = re.compile(
    r"\b(?:calls?|chats?|conversations?|contacts?|interactions?|anrufe?|gespräche?|appels?|llamadas?|chiamat[ae]|"
    r"chamadas?|gesprek|rozmowa|id|case|ticket|transcripts?)\b|^\W*0\W*$|通话|通話|звонок",
    re.IGNORECASE,
)


def _without_shared_words(parsed: Parsed) -> Parsed:
    """The turns without words that end every label: "Agent said", "Customer said"."""
    _drop_closing_tags(parsed)
    labels = [label.split() for label in dict.fromkeys(turn.label for turn in parsed.turns) if label]
    if len(labels) < 2 or len(labels) > 8:
        return parsed
    shared = 0
    while all(len(words) > shared + 1 for words in labels) and (
        len({words[-1 - shared] for words in labels}) == 1 and labels[0][-1 - shared].islower()
    ):
        shared += 1
    if shared and all(name_in_label(" ".join(words)) == "" for words in labels):
        for turn in parsed.turns:
            turn.label = " ".join(turn.label.split()[:-shared]) if turn.label else ""
    return parsed


def _drop_closing_tags(parsed: Parsed) -> None:
    """Drop what closes a turn with its label, where nearly every turn has it: `</Agent>`, `[/Agent]`."""
    ends = {id(turn): match for turn in parsed.turns if (match := _CLOSING_TAG.search(turn.text[-60:]))}
    own = [turn for turn in parsed.turns if id(turn) in ends and fold(ends[id(turn)][1]) == fold(turn.label)]
    if len(own) > 1 and len(own) >= 0.8 * len(parsed.turns):
        for turn in own:
            turn.text = turn.text[: -len(ends[id(turn)][0])].rstrip()


_CLOSING_TAG = re.compile(r"[<\[{(]\s?/\s?([^<>\[\]{}()/]{1,40}?)\s?[>\])}]\s*$")


def _read_best(text: str, roles: Mapping[str, str], agent: Sequence[str], customer: Sequence[str]) -> Parsed:
    """The turns by what is known of labels or, where that leaves doubt, by the pattern of the lines."""
    parsed = without_edges(_read_known(text, roles, agent, customer))
    if not is_doubtful(parsed):
        return parsed
    known = Known(roles)
    raws = split_rows(unquoted(text), known)
    keyed = read_keyed(raws, lambda raw: is_heading(raw) or is_aside(raw, opening=True))
    if keyed is not None and is_better(keyed, parsed):
        return keyed
    said = [cell for cell in (*agent, *customer) if cell]
    rows = [row for row in map(str.strip, NEWLINE.split(unquoted(text))) if row]
    if len(rows) <= 3 or labels_inside(parsed):
        turns = [turn for row in rows for turn in cut_line(row, known.is_sure, could_be_a_name) or [row]]
        if len(turns) > len(rows):
            other = without_edges(_read_known("\n".join(turns), roles, agent, customer))
            if is_better(other, parsed) or (len(rows) == 1 and not is_better(parsed, other)):
                parsed, raws = other, turns
    grammar = find_grammar(
        raws,
        known.is_sure,
        could_be_a_name,
        lambda label: any(is_named(label, cell) for cell in said),
        lambda raw: is_aside(raw, opening=True),
    )
    if grammar is None:
        return parsed
    other = without_edges(_under_grammar(raws, grammar))
    return other if is_better(other, parsed) else parsed


def _under_grammar(raws: Sequence[str], grammar: Grammar) -> Parsed:
    """The turns of a text whose grammar was found."""
    reading = Reading({}, headed=grammar.where in ("above", "below"))
    waiting: list[tuple[str, _Kind]] = []
    clocks = [CLOCK_ALONE.fullmatch(raw) if len(raw) < 40 else None for raw in raws]
    below: re.Match[str] | None = None
    for place, (raw, cut) in enumerate(zip(raws, grammar.cuts, strict=True)):
        if below is not None and below is clocks[place]:
            below = None
            continue
        if cut is not None:
            below = clocks[place + 1] if grammar.where == "above" and place + 1 < len(raws) else None
            if below is not None and not cut.times:
                cut = cut._replace(times=(below["start"], below["stop"] or ""))
            else:
                below = None
            _end_turn(reading, raw, cut, waiting)
            waiting = []
        elif _is_timed_event(raw) or is_event(raw) or is_note(raw, opening=not reading.parsed.turns):
            if waiting:
                waiting.append((raw, "event"))
            else:
                reading.leave_out(Row(raw, "", raw, "", "", ""))
        elif grammar.where == "below" or (grammar.where == "behind" and not is_aside(raw)):
            waiting.append((raw, "words"))
        elif waiting:
            waiting.append((raw, "aside"))
        else:
            timed = clocks[place]
            start, stop = (timed["start"], timed["stop"] or "") if timed else ("", "")
            reading.unlabelled(Row(raw, "", "" if timed else raw, start, stop, ""))
    for raw, kind in waiting:
        if kind == "event":
            reading.leave_out(Row(raw, "", raw, "", "", ""))
        else:
            reading.keep(raw)
    return reading.finish()


_Kind = Literal["words", "aside", "event"]


def _end_turn(reading: Reading, raw: str, cut: Cut, waiting: list[tuple[str, _Kind]]) -> None:
    """Add the turn of a row with a label, and the rows above it that waited for this label, in their order."""
    after: list[str] = []  # events between the last words and their label
    while waiting and not cut.text and waiting[-1][1] == "event":
        after.insert(0, waiting.pop()[0])
    words = [text for text, _ in waiting]
    start, stop = (*cut.times, "", "")[:2]
    reading.turn(Row(raw, cut.label, "\n".join([*words, cut.text] if cut.text else words), start, stop, ""))
    turns = len(reading.parsed.turns)
    # In the middle of a turn, an event stays where it is, as do stage directions.
    if within := [text for text, kind in waiting if kind != "words"]:
        reading.parsed.asides.append((turns - 1, within))
    reading.parsed.left_out += [(turns, text) for text in after]


_STAMPED = re.compile(rf"[\[(]?{STAMP}[\])]?[\s|,:–—-]+")


def _is_timed_event(raw: str) -> bool:
    """Is this, behind a time, the status of a call: "10:15:03 Ann joined the chat"?"""
    stamp = _STAMPED.match(raw)
    return stamp is not None and is_event(raw[stamp.end() :], machine=True)


def _read_known(
    text: str, roles: Mapping[str, str], agent: Sequence[str] = (), customer: Sequence[str] = ()
) -> Parsed:
    """The turns by labels that are known, or keep coming back before a colon."""
    known = Known(roles)
    text = unquoted(text)
    table = read_table(text.strip())
    if table is not None:
        return _of_table(table)
    said = (*agent, *customer)
    rows = _consistent([take_apart(row, known) for row in split_rows(text, known)], known)
    if not any(row.text and known(row.label) for row in rows):
        headers = find_headers([row.raw for row in rows], known, could_be_a_name, said)
        if headers is not None:
            return _under_headers(rows, headers)
    speakers, aliases = find_speakers(rows, known, said)
    if not speakers:
        found = labels_alone(rows, known) or of_one_style(rows, known)
        if found is None:
            return without_speakers(rows)
        rows, speakers = found
    rows = _with_trailing_times(rows, speakers)
    reading = Reading(aliases)
    machines = _logs(rows, speakers, known)
    notices = _notices(rows, speakers)
    for row in rows:
        if row.raw in notices:  # its stamp may have been written anew
            reading.leave_out(row._replace(raw=row.text))
        elif row.label in machines or _is_no_speech(row, speakers, opening=not reading.parsed.turns):
            reading.leave_out(row)
        elif row.label and row.label in speakers and not _is_note_of_roles(row, rows, speakers, reading):
            reading.turn(row)
        else:
            reading.unlabelled(row)
    return reading.finish()


_DASHES = frozenset(("-", "–", "—", "--", "->", "=>", ">"))


def _consistent(rows: list[Row], known: Known) -> list[Row]:
    """The rows without labels before a dash where most labels have a colon, and without times that few turns have."""
    turns = [row for row in rows if row.label and known(row.label)]
    dashed = sum(row.style in _DASHES for row in turns)
    colons = sum(not row.style for row in turns)
    timed = sum(bool(row.start) for row in turns)
    if dashed and colons >= dashed:
        rows = [Row(row.raw, "", row.raw, "", "", "") if row.style in _DASHES else row for row in rows]
    starts = [row.start for row in rows if row.label]
    if len(starts) > 2 and _is_counter(starts):
        rows = [row._replace(start="") if row.start.isdecimal() else row for row in rows]
    if 0 < timed < 0.5 * len(turns):
        rows = [
            row._replace(text=row.with_clock, start="", stop="", with_clock="") if row.with_clock else row
            for row in rows
        ]
    return rows


def _is_counter(starts: Sequence[str]) -> bool:
    """Do these numbers count the turns from 0 or 1 on, rather than seconds?"""
    numbers = [int(start) for start in starts if start.isdecimal() and len(start) < 6]
    if len(numbers) < 0.9 * len(starts):
        return False
    return numbers[0] in (0, 1) and all(other - one == 1 for one, other in pairwise(numbers))


def _of_table(table: Sequence[TableRow]) -> Parsed:
    """The turns of a table with a header row."""
    parsed = Parsed("table", [])
    for row in table:
        if not row.text:
            continue
        turn = Turn(row.label, row.text)
        turn.start, turn.stop = read_moments(Row("", "", "", row.start, row.stop, ""), parsed)
        parsed.turns.append(turn)
    return parsed


def _with_trailing_times(rows: list[Row], speakers: set[str]) -> list[Row]:
    """Clocks behind the words (`Agent: Hello [00:01]`) as times, where nearly every turn ends with one."""
    turns = [row for row in rows if row.label in speakers]
    if not turns or any(row.start for row in turns):
        return rows
    ends = {
        id(row): match for row in turns if (match := _TRAILING.search(row.text, max(len(row.text) - 40, 0)))
    }
    if len(ends) < 2 or len(ends) < 0.7 * len(turns):
        return rows
    return [
        row._replace(text=row.text[: match.start()], start=match["start"], stop=match["stop"] or "")
        if (match := ends.get(id(row)))
        else row
        for row in rows
    ]


def _logs(rows: list[Row], speakers: set[str], known: Known) -> set[str]:
    """Labels of machines that report nothing but the status of the call: "System: Agent joined the chat"."""
    machines = {label for label in speakers | {row.label for row in rows} if label and is_machine(label)}
    machines -= {label for label in machines if fold(label) in known.own}
    if not machines:
        return set()
    return {
        label
        for label in machines
        if all(is_event(row.text, machine=True) for row in rows if row.label == label)
    }


def _notices(rows: Sequence[Row], speakers: set[str]) -> set[str]:
    """Return the lines that the program of a chat wrote: with a date and a time of their own as all messages have, and
    without anybody who wrote them.

    Some programs name a person only above the first of several messages: below it, a line has to read as a notice.
    """
    turns = [row for row in rows if row.label in speakers]
    if len(turns) < 2 or not all(_DATED.match(row.start) for row in turns):
        return set()
    first = next(place for place, row in enumerate(rows) if row.label in speakers)
    return {
        row.raw
        for place, row in enumerate(rows)
        if not row.label and row.text and _DATED.match(row.start)
        if place < first or _is_notice(row.text, speakers)
    }


def _is_notice(text: str, speakers: set[str]) -> bool:
    """Does this line say what happened in a chat: "[hold music]", "Omar added Tom"?"""
    if is_event(text, machine=True) or is_note(text) or is_aside(text):
        return True
    return any(text.startswith(f"{label} ") for label in speakers if label)


_DATED = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d")


def _is_no_speech(row: Row, speakers: set[str], *, opening: bool) -> bool:
    if row.label in speakers and row.label:
        return False
    timed = bool(row.start) and not row.label
    whole = row.text if timed else row.raw
    return is_event(whole, machine=timed) or is_note(whole, opening=opening)


def _under_headers(rows: list[Row], headers: Mapping[int, Header]) -> Parsed:
    reading = Reading({}, headed=True)
    for place, row in enumerate(rows):
        header = headers.get(place)
        if header is None:
            reading.unlabelled(Row(row.raw, "", row.raw, "", "", ""))
        else:
            reading.turn(Row(row.raw, header.label, "", header.start, "", ""))
    return reading.finish()


def _is_note_of_roles(row: Row, rows: list[Row], speakers: set[str], reading: Reading) -> bool:
    """Is this `Agent: Chris` of a heading, where `Chris:` speaks further down?"""
    if reading.parsed.turns or not row.text or len(row.text) > 60 or row.start:
        return False
    name = fold(row.text.strip("*_ "))
    return any(fold(label) == name for label in speakers if label != row.label)
