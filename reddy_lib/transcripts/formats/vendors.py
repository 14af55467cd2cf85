"""Which vendor wrote this? Data is shown to one family of readers after the other; the first that knows its shape reads it.

What is wrapped in an envelope (`data`, `result`, `message` …) is looked for inside it; JSON that was written
into a string of JSON is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

import reddy_lib.transcripts.formats.amazon as amazon
import reddy_lib.transcripts.formats.assistants as assistants
import reddy_lib.transcripts.formats.platforms as platforms
import reddy_lib.transcripts.formats.speech_services as speech_services
import reddy_lib.transcripts.formats.vcon as vcon
from reddy_lib.findings import finding
from reddy_lib.transcripts.formats.shapes import Recording, objects
from reddy_lib.transcripts.key_names import names_part
from reddy_lib.transcripts.roles import role_of
from reddy_lib.transcripts.turns import Parsed

__all__ = ["read_vendor"]

_ENVELOPE_TEXT = """
data calltranscripts result results response message call payload body transcript transcription transcripts conversation
recording output contents content detail value
"""
_ENVELOPES = frozenset(_ENVELOPE_TEXT.split())
_READERS = (amazon.read, platforms.read, assistants.read, speech_services.read)


def read_vendor(data: Any, body_reader: Callable[[Any], Parsed]) -> Recording | None:
    """The recording in `data`, if a vendor's format is recognised; `body_reader` reads what a container holds.

    A vendor's data without a word in it gives a recording without turns, whose `refused` says so.
    """
    recording = _find(data, body_reader, 0)
    if recording is None:
        return None
    if not recording.turns:
        recording.refused = recording.refused or f"This is data of {recording.form}, and nobody speaks in it"
        return recording
    recording.from_the_start()
    if not any(turn.label for turn in recording.turns) and not any(
        note.code == "transcript-no-speakers" for _, note in recording.notes
    ):
        count = len(recording.turns)
        noun = "line names" if count == 1 else "lines name"
        recording.notes.append(
            (
                -1,
                finding(
                    "transcript-no-speakers",
                    "transcript",
                    f"{recording.form}: none of the {count} {noun} a speaker. No role was guessed.",
                ),
            )
        )
    return recording


def _find(data: Any, body_reader: Callable[[Any], Parsed], depth: int) -> Recording | None:
    if not isinstance(data, dict | list) or not data or depth > 4:
        return None
    recording = vcon.read(data, body_reader)
    for reader in _READERS:
        if recording is not None:
            return recording
        recording = reader(data)
    if recording is not None:
        return recording
    if isinstance(data, list):
        first = _find(data[0], body_reader, depth + 1)
        if first is None:  # a plain list of turns, as a rule: its other items are not looked at
            return None
        if len(first.turns) == 1 and not first.turns[0].label and _say_who_speaks(data):
            return None  # turns around what a service said of each of them
        return _join([first, *(_find(item, body_reader, depth + 1) for item in data[1:])], data)
    inside = [value for name, value in data.items() if str(name).casefold() in _ENVELOPES]
    found = [_find(_opened(value), body_reader, depth + 1) for value in inside]
    known = [recording for recording in found if recording is not None]
    return max(known, key=lambda one: len(one.turns)) if known else None


def _say_who_speaks(items: list[Any]) -> bool:
    """Return whether objects name their speakers themselves, and several of them."""
    every = objects(items)
    for name in dict.fromkeys(str(name) for item in every for name in item):
        values = {value for item in every if isinstance(value := item.get(name), str | int)}
        sides = {role_of(str(value)) for value in values}
        if len(values) > 1 and ({"agent", "customer"} <= sides or names_part(name, "role")):
            return True
    return False


def _opened(value: Any) -> Any:
    """JSON inside a string of JSON."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            return value
    return value


def _join(parts: list[Recording | None], data: list[Any]) -> Recording | None:
    """Several parts of one call after one another; None where a part is unknown or they are different calls."""
    known = [part for part in parts if part is not None]
    if not known or len(known) != len(parts) or len({part.form for part in known}) > 1:
        return None
    calls = len(_ids(data))
    if len(known) > 1 and calls > 1:
        why = f"The data ({known[0].form}) holds {calls} conversations: load each as a call of its own"
        return Recording(known[0].form, [], refused=why)
    whole = known[0]
    for part in known[1:]:
        shift = len(whole.turns)
        whole.turns += part.turns
        whole.notes += [(index + shift if index >= 0 else index, note) for index, note in part.notes]
        whole.aliases.update(part.aliases)
    return whole


def _ids(data: list[Any]) -> set[str]:
    names = (
        "conversation_id",
        "conversationId",
        "ConversationId",
        "ContactId",
        "contactId",
        "call_id",
        "uuid",
    )
    return {str(item[name]) for item in objects(data) for name in names if name in item}
