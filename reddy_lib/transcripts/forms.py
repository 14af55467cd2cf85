"""Which form does a text have? Subtitles, data of a vendor's or of anybody's, a Markdown fence around either, or labels.

What is wrapped is unwrapped: JSON with something behind it, an object that holds the transcript as one text, a
container whose body is another form. Labelled text is read by what is passed in (`Labelled`), which knows the
analyst's labels.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from reddy_lib.findings import finding
from reddy_lib.transcripts.formats.alternatives import with_the_best
from reddy_lib.transcripts.formats.assistants import read_dialogue
from reddy_lib.transcripts.formats.containers import find_turns, people_of
from reddy_lib.transcripts.formats.cut import fills_a_cell, whole_parts
from reddy_lib.transcripts.formats.edges import without_edges
from reddy_lib.transcripts.formats.elements import elements, form_of, looks_like_elements
from reddy_lib.transcripts.formats.json_form import Decoded, decode, decode_whole, is_data, short
from reddy_lib.transcripts.formats.markup import plain_text
from reddy_lib.transcripts.formats.shapes import Recording
from reddy_lib.transcripts.formats.subtitles import is_subtitles, read_subtitles
from reddy_lib.transcripts.formats.turn_lists import read_items
from reddy_lib.transcripts.formats.vendors import read_vendor
from reddy_lib.transcripts.formats.wrapped import opened, unfolded
from reddy_lib.transcripts.key_names import classify_key
from reddy_lib.transcripts.people import People, settled
from reddy_lib.transcripts.roles import role_of
from reddy_lib.transcripts.times import read_moment
from reddy_lib.transcripts.turns import Parsed, Turn, no_speakers

__all__ = ["Labelled", "read_data", "read_form", "read_plain", "too_long"]

Labelled = Callable[[str], Parsed]
"""Reads labelled text, and anything else as text without speakers."""

_FENCED = re.compile(r"(?P<before>.*?)```[\w+-]*[ \t]*\r?\n(?P<inside>.*?)\r?\n?```(?P<after>.*)", re.DOTALL)


def read_plain(text: str, labelled: Labelled) -> Parsed:
    """Subtitles, a voice assistant's dialogue, either of them or data inside a Markdown fence, or labelled text."""
    if "<" in text[:400] and looks_like_elements(text):
        found = _of_elements(text, labelled)
        if found is not None:
            return found
    if is_subtitles(text):
        parsed: Parsed = read_subtitles(text, labelled)
        if any(turn.start is not None or turn.label for turn in parsed.turns):
            return _with_speakers_noted(parsed)
        if not text.strip().removeprefix("WEBVTT").strip():
            return Parsed("empty", [])
        return _unreadable(text, f"The {parsed.form} holds no cue: no line of two times with text under it")
    fenced = _FENCED.fullmatch(text) if "```" in text else None
    if fenced is not None and fenced["inside"].strip():
        inside = fenced["inside"]
        if is_subtitles(inside.lstrip()) or is_data(inside):
            parsed = read_form(inside, labelled) if is_data(inside) else read_plain(inside.lstrip(), labelled)
            if parsed.form not in ("unreadable", "empty"):
                return _with_surroundings(parsed, fenced["before"], fenced["after"])
    text = plain_text(text)
    dialogue = read_dialogue(text)
    return labelled(text) if dialogue is None else without_edges(dialogue)


def _of_elements(text: str, labelled: Labelled) -> Parsed | None:
    """A transcript as XML; None where it is none, or holds no turns and reads better as text."""
    try:
        data = elements(text)
    except ValueError:
        return None
    parsed = read_data(data, text, labelled)
    if parsed.form == "unreadable":
        return _unreadable(text, "The XML holds no list of turns, or more than one")
    if parsed.form in ("json", "no speakers"):
        parsed.form = form_of(data) if parsed.form == "json" else parsed.form
    return parsed


def _with_surroundings(parsed: Parsed, before: str, after: str) -> Parsed:
    """Text around a fence: headings are named in a finding; what is longer than that becomes lines of its own."""
    for around, first in ((before.strip(), True), (after.strip(), False)):
        if not around:
            continue
        if len(around) <= 200:
            note = finding(
                "transcript-mended",
                "transcript",
                f"Text around the transcript was taken for a heading, and left out: {short(around)!r}",
                value=around,
            )
            parsed.notes.append((-1, note))
        else:
            _keep_beside(parsed, around, first)
    return parsed


def _keep_beside(parsed: Parsed, text: str, first: bool) -> None:
    note = finding(
        "line-not-read",
        "transcript",
        f"This text is beside the transcript, not in it: {short(text)!r}",
        value=text,
    )
    if first:
        parsed.turns.insert(0, Turn("", text))
        parsed.notes = [(index + 1 if index >= 0 else index, other) for index, other in parsed.notes]
        parsed.notes.append((0, note))
    else:
        parsed.notes.append((len(parsed.turns), note))
        parsed.turns.append(Turn("", text))


_LONG = 200_000
"""Characters of damaged data whose beginning tells whether it is text with labels."""


def read_form(text: str, labelled: Labelled) -> Parsed:
    if fills_a_cell(text):
        parsed = _cut_off(text, labelled)
        if parsed is not None:
            return parsed
    try:
        decoded = decode(text)
    except ValueError:
        plain = labelled(text[:_LONG])
        if plain.form == "labelled text" and plain.turns[0].label:
            return plain if len(text) <= _LONG else labelled(text)
        if fills_a_cell(text):
            return _unreadable(
                text, "Excel cut this JSON off at 32,767 characters, before the end of the first line"
            )
        return _unreadable(text, "The text starts as JSON and is not valid JSON")
    decoded = _following(decoded)
    parsed = read_data(decoded.data, text, labelled)
    if parsed.form == "unreadable":
        return parsed
    if decoded.rest:
        _keep_beside(parsed, decoded.rest, first=False)
    elif decoded.mended:
        note = finding(
            "transcript-mended",
            "transcript",
            f"The JSON of this transcript is not valid: it has {decoded.mended}. All of it was read.",
        )
        parsed.notes.append((-1, note))
    return parsed


def _cut_off(text: str, labelled: Labelled) -> Parsed | None:
    """What is whole of JSON that Excel cut off, and the rest as a line of its own; None where it is not cut, or nothing is.

    Where several lists are open, the reading with the most turns wins: words are lists inside of turns.
    """
    try:
        decode_whole(text)
    except ValueError:
        pass
    else:
        return None
    best: tuple[int, Parsed, str] | None = None
    for whole, rest in whole_parts(text):
        try:
            parsed = read_data(decode(whole).data, whole, labelled)
        except ValueError:
            continue
        turns = len(parsed.turns) - sum(note.code == "line-not-read" for _, note in parsed.notes)
        if parsed.form not in ("unreadable", "empty") and turns > 0 and (best is None or turns > best[0]):
            best = (turns, parsed, rest.lstrip(", \r\n\t").rstrip())
    if best is None:
        return None
    turns, parsed, rest = best
    lines = "1 line" if turns == 1 else f"{turns} lines"
    message = f"Excel cut this JSON off at 32,767 characters: {lines} before the cut could be read"
    if rest:
        message += ", and what is left of the next one is kept as the last line"
        parsed.turns.append(Turn("", rest))
    place = len(parsed.turns) - 1 if rest else -1
    parsed.notes.append((place, finding("transcript-cut-in-json", "transcript", f"{message}.", value=rest)))
    return parsed


def _following(decoded: Decoded) -> Decoded:
    """Several values one after the other (`{…}{…}`), as parts of one list."""
    values = [decoded.data]
    rest = decoded.rest
    while rest.lstrip(", ;\n\r\t")[:1] in ("{", "[") and rest and len(values) < 100:
        try:
            part = decode(rest.lstrip(", ;\n\r\t"))
        except ValueError:
            break
        values.append(part.data)
        rest = part.rest
    if len(values) == 1:
        return decoded
    if all(isinstance(value, list) for value in values):
        values = [item for value in values for item in value]
    return Decoded(values, rest, "another value after its end")


def _body(data: Any, labelled: Labelled) -> Parsed:
    """What a container such as a vCon holds as its transcript: data, data or subtitles in a string, or text."""
    if not isinstance(data, str):
        return read_data(data, str(data), labelled)
    if not data.strip():
        return Parsed("empty", [])
    return read_form(data, labelled) if is_data(data) else read_plain(data, labelled)


def read_data(data: Any, text: str, labelled: Labelled) -> Parsed:
    if isinstance(data, str):
        return read_plain(data, labelled) if data.strip() else Parsed("empty", [])
    if data in ([], {}, ()):
        return Parsed("empty", [])
    data = opened(data)
    vendor = read_vendor(data, lambda body: _body(body, labelled))
    if vendor is not None and not vendor.refused:
        return _with_surrounding_data(vendor, data)
    if vendor is not None and isinstance(data, list):
        return _unreadable(text, vendor.refused)
    data = with_the_best(data)
    found = find_turns(data)
    if found is None and (inside := unfolded(data)) is not data:
        data = with_the_best(opened(inside))
        found = find_turns(data)
    items = None if found is None else found.items
    if isinstance(data, dict) and (items is None or items == [data]):
        inside = _text_inside(data, labelled)
        if inside is not None:
            return _with_surrounding_data(inside, data)
    if found is None or items is None or found.several:
        if not isinstance(data, dict | list):
            return labelled(text)
        why = vendor.refused if vendor is not None else "The JSON holds no list of turns, or more than one"
        if found is not None and found.several:
            why = f"The data holds {found.several} conversations: load each as a call of its own"
        return _unreadable(text, why)
    if all(isinstance(item, str) for item in items):
        return read_plain("\n".join(items), labelled)
    parsed = read_items(items)
    if isinstance(data, dict) and items != [data]:
        parsed = _with_start(parsed, data)
    return _with_speakers_noted(_with_surrounding_data(parsed, data))


def _with_surrounding_data(parsed: Parsed, data: Any) -> Parsed:
    """The turns with what the data around them says: who the speakers are, the call's id, how long it lasted."""
    if isinstance(data, dict):
        _name_speakers(parsed, people_of(data))
        _take_facts(parsed, data)
    for turn in parsed.turns:
        if "<" in turn.text or "&" in turn.text or "_x00" in turn.text:
            plain = plain_text(turn.text)
            turn.text = turn.text if plain == turn.text else plain.strip()
    return parsed


_NUMBERED_LABEL = re.compile(r"[^\W\d_][\w ]{0,30}? (\S+)")


def _name_speakers(parsed: Parsed, people: People) -> None:
    """Ids of speakers become names or roles, where the data lists its people."""
    if not people:
        return
    names: dict[str, str] = {}
    everyone = people.everyone()
    sides = settled(everyone)
    for label in dict.fromkeys(turn.label for turn in parsed.turns if turn.label):
        numbered = _NUMBERED_LABEL.fullmatch(label)
        person = people.of(label) or (people.of(numbered[1]) if numbered else None)
        side = role_of(label)
        if person is None and side:
            alike = [one for one in everyone if one.side == side and one.email]
            if len({one.email for one in alike}) == 1:
                parsed.emails.setdefault(label, alike[0].email)
            continue
        if person is None or not person.label():
            continue
        new = names[label] = label if side else person.label()
        if not side and new in sides and not role_of(new):
            parsed.aliases.setdefault(new, sides[new])
        if person.email:
            parsed.emails.setdefault(new, person.email)
    if len(set(names.values())) < len(names):  # two people of one name: each keeps its id
        twice = {
            name for name in names.values() if list(names.values()).count(name) > 1 and not role_of(name)
        }
        names = {label: f"{name} ({label})" if name in twice else name for label, name in names.items()}
    for turn in parsed.turns:
        turn.label = names.get(turn.label, turn.label)


_IDS_TEXT = """
conversationid callid contactid interactionid sessionid callsid conversationuuid calluuid meetingid recordingid
convoid conversationsid callguid ucid segmentid transcriptid otid
"""
_IDS = frozenset(_IDS_TEXT.split())
_LENGTHS = {
    "duration": None, "callduration": None, "audioduration": None, "length": None, "talktime": None, "totalduration": None,
    "durationseconds": 1.0, "durationsec": 1.0, "durationsecs": 1.0, "durationinseconds": 1.0, "audiodurationseconds": 1.0,
    "durationms": 0.001, "durationmillis": 0.001, "durationmilliseconds": 0.001, "audiodurationms": 0.001,
}  # fmt: skip
"""What the length of a call is called, plain, with seconds a unit where the name says it."""


def _take_facts(parsed: Parsed, data: dict[Any, Any]) -> None:
    """The call's id and how long it lasted, from the objects around the turns."""
    waiting: list[tuple[dict[Any, Any], int]] = [(data, 0)]
    while waiting:
        value, depth = waiting.pop(0)
        for name, inner in value.items():
            plain = re.sub(r"[\W_]+", "", str(name)).casefold()
            if isinstance(inner, dict) and depth < 2:
                waiting.append((inner, depth + 1))
            elif isinstance(inner, bool) or inner in (None, ""):
                continue
            elif plain in _IDS and isinstance(inner, str | int) and not parsed.conversation_id:
                parsed.conversation_id = str(inner)
            elif plain in _LENGTHS and parsed.duration is None and isinstance(inner, int | float | str):
                moment = read_moment(inner, _LENGTHS[plain])
                if moment is not None and not moment.absolute and 0 < moment.seconds < 1e6:
                    parsed.duration = moment.seconds


_STARTS = frozenset(
    ("start", "starttime", "starttimestamp", "startdatetime", "started", "startedat", "begin", "begintime", "callstart",
     "callstarttime", "callstarted", "callstartedat", "conversationstart", "conversationstarttime", "conversationstartedat")
)  # fmt: skip
"""What the fields of an object around a transcript are called that say when the call started, plain."""


def _with_start(parsed: Parsed, data: dict[Any, Any]) -> Parsed:
    """The turns of an object, with the start of the call where a field beside them gives it."""
    recording = _recording(parsed)
    waiting: list[tuple[dict[Any, Any], int]] = [(data, 0)]
    while waiting:
        around, depth = waiting.pop(0)
        for name, value in around.items():
            if _is_start(name) and isinstance(value, str | int | float):
                recording.begins(value)
            elif isinstance(value, dict) and depth < 2:
                waiting.append((value, depth + 1))
    if recording.started is None:
        return parsed
    recording.from_the_start()
    return recording


def _recording(parsed: Parsed) -> Recording:
    return Recording(**{name: getattr(parsed, name) for name in Parsed.__struct_fields__})


def _is_start(name: object) -> bool:
    return re.sub(r"[\W_]+", "", str(name)).casefold() in _STARTS


def _text_inside(data: dict[Any, Any], labelled: Labelled) -> Recording | None:
    """An object that holds the whole transcript as one text, beside fields such as its start; None for any other."""
    texts = {
        str(name): value
        for name, value in data.items()
        if isinstance(value, str) and (key := classify_key(str(name))) is not None and key.part == "text"
    }
    if not texts:
        return None
    longest = max(texts.values(), key=len)
    parsed = _body(longest, labelled)
    taken = parsed.form not in ("unreadable", "empty", "no speakers", "json")
    taken = taken or (parsed.form == "json" and is_data(longest))
    if not taken and not (parsed.form == "no speakers" and len(parsed.turns) > 1):
        return None
    recording = _recording(parsed)
    if isinstance(parsed, Recording):
        recording.started, recording.started_naive = parsed.started, parsed.started_naive
    for name, value in data.items():
        key = classify_key(str(name))
        named = _is_start(name) or (key is not None and key.part == "start")
        if named and isinstance(value, str | int | float):
            recording.begins(value, None if key is None else key.factor)
    return recording


def _with_speakers_noted(parsed: Parsed) -> Parsed:
    """The parsed text with the finding for lines of which none names a speaker."""
    if all(not turn.label for turn in parsed.turns):
        if len(parsed.notes) >= len(parsed.turns) and all(
            note.code == "line-not-read" for _, note in parsed.notes
        ):
            shown = "\n".join(turn.text for turn in parsed.turns)
            return _unreadable(shown, "The JSON holds no turns with text")
        if parsed.form == "json":
            parsed.form = "no speakers"
        parsed.notes.append((-1, no_speakers(len(parsed.turns))))
    return parsed


def too_long(text: str) -> Parsed:
    """A text that is longer than any call, which nobody should wait for: it is not taken apart."""
    return _unreadable(
        text,
        f"The cell holds {len(text):,} characters, more than a call of a whole day: it may hold several calls, or a "
        "quotation mark is not closed",
        shown=short(text),
    )


def _unreadable(text: str, why: str, *, shown: str | None = None) -> Parsed:
    return Parsed(
        "unreadable",
        [Turn("", text)],
        [
            (
                0,
                finding(
                    "transcript-unreadable",
                    "transcript",
                    f"{why}: the whole text is kept as one line.",
                    value=text if shown is None else shown,
                ),
            )
        ],
    )
