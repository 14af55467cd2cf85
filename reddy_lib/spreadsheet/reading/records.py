"""Nested records as rows of plain cells: one column for each dotted path.

`{"agent": {"email": …}}` becomes the column `agent.email`. A list of objects stays JSON text in one cell, from which
transcripts are read. A list of people who have a role each becomes columns by role (`participants.agent.email`). A
record that is a vendor's container as a whole (Gong, vCon) stays whole in `transcript`, beside its own fields.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reddy_lib.spreadsheet.cells.header_words import plain_name
from reddy_lib.spreadsheet.reading.people_lists import MOST_PEOPLE, KnownPeople, is_people, people_columns
from reddy_lib.spreadsheet.reading.typed_values import has_typed_values, plain_values
from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.formats.json_form import is_data
from reddy_lib.transcripts.formats.openings import opening_of
from reddy_lib.transcripts.formats.side_by_side import columns_of, rows_of
from reddy_lib.transcripts.formats.wrapped import opened
from reddy_lib.transcripts.roles import role_of
from reddy_lib.transcripts.times import words_of

__all__ = [
    "Flattener",
    "call_identity",
    "holds_speech",
    "is_pair",
    "is_talk",
    "is_turn",
    "is_turn_list",
    "nested_facts",
]

_DEPTH = 5
_MOST_KEYS = (
    60  # of one object that becomes columns: a larger one maps values to something, it describes nothing
)
_MOST_PATHS = 2_000
_SAMPLE = 8
_PLAIN_FORMS = frozenset(("json", "labelled text", "no speakers", "empty", "unreadable"))
"""Forms that say nothing about the object around the turns; every other form is a vendor's container."""
_NO_TALK = frozenset(("no speakers", "empty", "unreadable"))
_MOST_LOOK = 60
_LONGEST_LOOK = 60_000
_TRIES = 8

# What is speech, and what names a call


_ROLE_KEYS = re.compile(
    r"role|speaker|speaker.?(?:role|label|name|id|type)|participant.*|who|channel.*|from|sender.*|author.*|party|"
    r"user.?name|user.?id|contact.?id|name|type|by",
    re.IGNORECASE,
)
_TEXT_KEYS = re.compile(
    r"text|message|utterance|content|transcript|body|.*transcript|sentence|display|value|words?.?text|caption|phrase",
    re.IGNORECASE,
)
_CALL_KEY = re.compile(
    r"(?:(?:call|conversation|convo|conv|contact|interaction|session|recording|meeting|ticket|case|chat|thread|dialogue|"
    r"dialog|engagement|task|job|media|external|original|master contact|conference) )*"
    r"(?:id|uuid|guid|sid|key|number|no|ref|reference|identifier)|uuid|guid|ucid|callid|conversationid|contactid"
)
_STRONG_CALL_KEY = re.compile(
    r"(?:call|conversation|convo|contact|interaction|session|recording|meeting|dialogue|dialog)s? ?"
    r"(?:id|uuid|guid|sid|key|number|no|ref|reference|identifier)"
)


def call_identity(record: Mapping[str, Any], *, strong: bool = False) -> str:
    """Return the value of the key that names the call of a record, or ""; `strong`: the key's name says "call"."""
    for key, value in record.items():
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            name = plain_name(str(key))
            if (_STRONG_CALL_KEY if strong else _CALL_KEY).fullmatch(name):
                return str(value)
    if not strong:
        for value in record.values():
            if isinstance(value, dict) and len(value) < _MOST_KEYS and (inner := _own_identity(value)):
                return inner
    return ""


def _own_identity(record: Mapping[str, Any]) -> str:
    return next(
        (
            str(value)
            for key, value in record.items()
            if isinstance(value, str | int)
            and not isinstance(value, bool)
            and _CALL_KEY.fullmatch(plain_name(str(key)))
        ),
        "",
    )


def _said(value: Any) -> str | None:
    """The words of one turn, where its value is text, a list of texts, or parts that have a text each."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        if all(isinstance(part, str) for part in value):
            return " ".join(value)
        if all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in value):
            said_by = any(_ROLE_KEYS.fullmatch(str(key)) and key != "type" for part in value for key in part)
            return None if said_by else " ".join(part["text"] for part in value)
    if isinstance(value, dict) and isinstance(value.get("text"), str):
        return str(value["text"])
    return None


def is_turn(record: Any) -> bool:
    """Whether a record is one turn of a conversation, not a call."""
    if not isinstance(record, dict):
        return False
    times = [
        record.get(name) for name in ("start", "end", "stop", "start_time", "end_time", "offset", "begin")
    ]
    if sum(isinstance(time, int | float) and 0 <= time < 1e6 for time in times) >= 2:
        return not any(is_turn_list(value) and len(value) > 1 for value in record.values())
    said = [
        text
        for key, value in record.items()
        if _TEXT_KEYS.fullmatch(str(key)) and (text := _said(value)) is not None
    ]
    if not said or any(is_data(value) for value in said):  # a whole transcript stands in the cell
        return False
    roles = any(_ROLE_KEYS.fullmatch(str(key)) for key in record)
    if not roles and len(record) > 4:
        return False
    return all(value.count("\n") < 3 and not _is_dialogue(value) for value in said)


def _is_dialogue(text: str) -> bool:
    if len(text) < 30 or ":" not in text:
        return False
    transcript = read_transcript(text[:4000])
    return transcript.form == "labelled text" and len({line.role for line in transcript.lines} - {""}) > 1


def _is_written_talk(text: str) -> bool:
    """Whether a text is a talk in any form: with labels, as subtitles, as XML."""
    if len(text) < 40 or text.count("\n") + text.count("<") < 2 or text.count(" ") + 40 < len(text) // 40:
        return False
    transcript = read_transcript(text if len(text) < _LONGEST_LOOK else text[:4000])
    return transcript.form not in _NO_TALK and len({line.role for line in transcript.lines} - {""}) > 1


def is_talk(value: Any) -> bool:
    """Whether a list or an object holds turns, by what its values are, whatever its keys are called."""
    if isinstance(value, list):
        if len(value) < 2 or not isinstance(value[0], dict | list):
            return False
        if isinstance(value[0], dict) and (call_identity(value[0], strong=True) or _is_of_calls(value)):
            return False
    elif not isinstance(value, dict) or not _has_parts(value):
        return False
    try:
        transcript = read_transcript(value if isinstance(value, dict) else value[:_MOST_LOOK])
    except (ValueError, RecursionError):
        return False
    lines = transcript.lines
    if transcript.form in _NO_TALK or len(lines) < 2:
        return False
    if any(note.code in ("line-not-read", "transcript-no-speakers") for note in transcript.findings):
        return False
    return words_of([line.text for line in lines]) >= 2 * len(lines)


def _is_of_calls(values: list[Any]) -> bool:
    """Whether objects are calls: each has a whole talk in it, or an address of mail."""
    heads = [value for value in values[:5] if isinstance(value, dict)]
    return any(
        (isinstance(inner, list | dict) and inner and holds_speech(inner))
        or (
            isinstance(inner, str)
            and (is_data(inner) or ("@" in inner and " " not in inner) or _is_dialogue(inner))
        )
        for value in heads
        for inner in value.values()
    )


def _has_parts(value: Mapping[str, Any]) -> bool:
    """Whether an object is nothing but the parts of a talk: lists beside one another, or texts under telling keys."""
    parts = [inner for inner in value.values() if isinstance(inner, list | dict) and inner]
    if len(parts) < len(value):
        return not parts and len(value) > 2 and rows_of(value) is not None
    lists = sum(isinstance(inner, list) for inner in parts)
    if len(parts) < 2 or lists >= 2:
        return len(parts) >= 2
    unkeyed = value if lists else opened(value)
    return isinstance(unkeyed, list) or (isinstance(unkeyed, dict) and rows_of(unkeyed) is not None)


def is_turn_list(value: Any) -> bool:
    """Whether a list holds turns, pairs of role and words, or labelled lines."""
    if not isinstance(value, list) or not value:
        return False
    head = value[:30]
    if all(isinstance(item, dict) for item in head):
        return 2 * sum(map(is_turn, head)) >= len(head)
    if all(is_pair(item) for item in head):
        return len(value) > 1
    if all(isinstance(item, str) for item in head):
        return len(value) > 1 and _is_dialogue("\n".join(head))
    return False


def is_pair(item: Any) -> bool:
    """Whether an item is `[role, words]`, with times behind it perhaps."""
    return (
        isinstance(item, list)
        and 2 <= len(item) <= 4
        and all(isinstance(part, str) for part in item[:2])
        and len(item[0]) < 40
        and (bool(role_of(item[0])) or len(item[1].split()) > 2)
    )


def holds_speech(value: Any, depth: int = 0) -> bool:
    """Whether somebody speaks anywhere inside a value."""
    if depth > _DEPTH:
        return False
    if isinstance(value, str):
        return len(value) > 30 and (
            _is_dialogue(value)
            or (is_data(value) and holds_speech(_decoded(value), depth + 1))
            or _is_written_talk(value)
        )
    if isinstance(value, list):
        return (
            is_turn_list(value)
            or any(holds_speech(item, depth + 1) for item in value[:5] if isinstance(item, dict | list))
            or is_talk(value)
        )
    if isinstance(value, dict):
        values = list(value.values())[:_MOST_KEYS]
        return (_has_parts(value) and is_talk(value)) or any(holds_speech(item, depth + 1) for item in values)
    return False


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


# Records


class Flattener:
    """Turns nested records into flat ones; what stays whole is decided once, from the first records."""

    def __init__(self, sample: Sequence[Mapping[str, Any]]) -> None:
        head = [record for record in sample[:_SAMPLE] if any(map(_is_nested, record.values()))]
        self.typed = any(has_typed_values(record) for record in head)
        if self.typed:
            head = [plain_values(record) for record in head]
        self.wrapper = _wrapper(sample[:50], self.typed)
        head = [self._unwrapped(record) for record in head]
        self.whole = bool(head) and 2 * sum(map(_is_container, head)) > len(head)
        self._containers: dict[str, bool] = {}
        self._talks: dict[str, int] = {}
        self._parts: dict[str, tuple[str, ...]] = {}
        self._people = self._known_people(sample)
        self._paths: set[str] = set()

    def flat(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a record whose values are plain, or lists."""
        if not any(map(_is_nested, record.values())):
            return record
        if self.typed:
            record = plain_values(record)
        record = self._unwrapped(record)
        cells: dict[str, Any] = {}
        self._into(cells, record, "", 0)
        if self.whole:
            name = "transcript"
            while name in cells:
                name += " (whole record)"
            cells[name] = record
        return cells

    def _known_people(self, sample: Sequence[Mapping[str, Any]]) -> dict[str, KnownPeople]:
        """What the records together say of the people that each of them lists, by the key of the list."""
        lists: dict[str, list[list[Any]]] = {}
        for record in sample[:_RECORDS_OF_PEOPLE]:
            if self.typed:
                record = plain_values(record)
            _gather_lists(self._unwrapped(record), "", 0, lists)
        return {name: KnownPeople(several) for name, several in lists.items()}

    def _unwrapped(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        inner = record.get(self.wrapper) if self.wrapper else None
        if not isinstance(inner, dict):
            return record
        beside = {key: value for key, value in record.items() if key != self.wrapper}
        return {**{key: value for key, value in beside.items() if key not in inner}, **inner}

    def _into(self, cells: dict[str, Any], record: Mapping[str, Any], path: str, depth: int) -> None:
        if not self.whole:
            record = _with_opening(record)
        together = self._together(path, record)
        if together:
            self._put(cells, f"{path}transcript", {key: record[key] for key in together})
        for key, value in record.items():
            name = f"{path}{key}"
            if key in together:
                continue
            if isinstance(value, dict):
                if not value:
                    continue
                if depth >= _DEPTH or len(value) > _MOST_KEYS or self._stays(name, value):
                    self._put(cells, name, value)
                elif self._is_talk(name, value):
                    self._put(cells, name, value)
                    for inner, people in value.items():
                        if is_people(people, self._people.get(f"{name}.{inner}")):
                            cells |= people_columns(
                                f"{name}.{inner}", people, self._people.get(f"{name}.{inner}")
                            )
                elif not depth and _says_nothing(key, value, record):
                    self._into(cells, value, "", depth + 1)
                else:
                    self._into(cells, value, f"{name}.", depth + 1)
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                self._objects(cells, record, name, value)
            else:
                self._put(cells, name, value)

    def _objects(self, cells: dict[str, Any], record: Mapping[str, Any], name: str, value: list[Any]) -> None:
        known = self._people.get(name)
        if is_people(value, known):
            cells |= people_columns(name, value, known)
        elif not self.whole or not holds_speech(value):
            self._put(
                cells,
                name,
                _with_people(name, value, record)
                if is_turn_list(value) or self._is_talk(name, value)
                else value,
            )

    def _together(self, path: str, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Keys of lists that are one talk together: a list a side, or a list a part."""
        if (
            path in self._parts
        ):  # as in the records before: a side that says one thing, or nothing, is a side too
            return tuple(key for key in self._parts[path] if isinstance(record.get(key), list))
        lists = {key: value for key, value in record.items() if isinstance(value, list) and len(value) > 1}
        if len(lists) < 2 or self._talks.get(f"{path}*", 0) >= _TRIES:
            return ()
        objects = {key: value for key, value in lists.items() if isinstance(value[0], dict | list)}
        plain = {key: value for key, value in lists.items() if not isinstance(value[0], dict)}
        for some in (objects, plain, lists):
            if len(some) >= 2 and rows_of(some) is not None and is_talk(some):
                used = columns_of(some) or tuple(some)
                self._parts[path] = tuple(
                    key for key in used if not is_people(some[key], self._people.get(f"{path}{key}"))
                )
                return self._parts[path]
        self._talks[f"{path}*"] = self._talks.get(f"{path}*", 0) + 1
        return ()

    def _is_talk(self, path: str, value: dict[str, Any] | list[Any]) -> bool:
        """Whether a value is nothing but a talk: known from one of the first records."""
        seen = self._talks.get(path, 0)
        if seen < 0 or seen >= _TRIES:
            return seen < 0
        if (isinstance(value, list) or _has_parts(value)) and is_talk(value):
            self._talks[path] = -1
            return True
        self._talks[path] = seen + 1
        return False

    def _put(self, cells: dict[str, Any], name: str, value: Any) -> None:
        while name in cells:
            name += " (2)"
        cells[name] = value

    def _stays(self, path: str, value: dict[str, Any]) -> bool:
        """Whether an object stays one cell: a vendor's container, or more columns than anybody looks through."""
        if path not in self._containers:
            if len(self._containers) >= _MOST_PATHS:
                return True
            self._containers[path] = not self.whole and holds_speech(value) and _is_container(value)
        return self._containers[path]


_NEUTRAL = frozenset(
    ("metadata", "meta data", "meta", "info", "details", "properties", "attributes", "header", "general")
)


def _says_nothing(key: str, value: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether an object is the record's own facts under a name that says only that: they need no name in front."""
    return plain_name(str(key)) in _NEUTRAL and not (value.keys() & record.keys())


_RECORDS_OF_PEOPLE = 200


def _gather_lists(
    record: Mapping[str, Any], path: str, depth: int, lists: dict[str, list[list[Any]]]
) -> None:
    """Short lists of objects of a record, by their paths."""
    for key, value in record.items():
        if isinstance(value, dict) and depth < 3 and len(value) <= _MOST_KEYS:
            _gather_lists(value, f"{path}{key}.", depth + 1, lists)
        elif (
            isinstance(value, list) and 0 < len(value) <= 6 and all(isinstance(item, dict) for item in value)
        ):
            lists.setdefault(f"{path}{key}", []).append(value)


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and isinstance(value[0], dict | list)
    )


def _is_container(record: Mapping[str, Any]) -> bool:
    try:
        return read_transcript(dict(record)).form not in _PLAIN_FORMS
    except (ValueError, RecursionError):
        return False


_WRAPPERS = (
    "Item", "item", "_source", "fields", "node", "properties", "record", "Record", "document", "row", "doc",
)  # fmt: skip
_JSON_API = frozenset(("id", "type", "attributes", "relationships", "links", "meta"))


def _wrapper(records: Sequence[Mapping[str, Any]], typed: bool) -> str:
    """The key under which every record has its fields, where what stands beside it only names the record."""
    if not records:
        return ""
    if all("attributes" in record and record.keys() <= _JSON_API for record in records):
        return "attributes"
    for key in _WRAPPERS:
        if all(isinstance(record.get(key), dict) and len(record) <= 8 for record in records):
            return key
    for key, value in records[0].items():
        if not isinstance(value, dict) or not all(isinstance(record.get(key), dict) for record in records):
            continue
        alone = all(len(record) == 1 for record in records)
        # The object in which somebody speaks and which has an id is the call; what stands beside it is about the file.
        if alone or (
            len(records[0]) <= 4
            and _own_identity(value)
            and holds_speech(value)
            and not any(
                _own_identity(each)
                for name, each in records[0].items()
                if name != key and isinstance(each, dict)
            )
        ):
            return str(key)
    return ""


def _with_people(name: str, turns: list[Any], record: Mapping[str, Any]) -> Any:
    """The turns, with the list of people beside them where turns name their speakers by what stands in that list."""
    for key, people in record.items():
        if people is turns or not isinstance(people, list) or not 0 < len(people) <= MOST_PEOPLE:
            continue
        if not all(isinstance(person, dict) for person in people) or is_turn_list(people):
            continue
        if _names_them(turns, people):
            return {key: people, name.rpartition(".")[2]: turns}
    return turns


def _with_opening(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the record with its opening message as the first of its turns, no longer beside them."""
    for path, turns in _lists_in(record):
        found = opening_of(record, path, turns)
        if found is None or not is_turn_list(turns):
            continue
        beside: Any = record
        for key in (*found.holder, found.key):
            beside = beside[key]
        rest = {key: value for key, value in beside.items() if key not in found.words}
        return _replaced(_replaced(record, (*found.holder, found.key), rest), path, [found.turn, *turns])
    return record


def _lists_in(
    record: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """Yield each list of objects in a record and in the objects of it, with the way to it."""
    for key, value in record.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield (*path, key), value
        elif isinstance(value, dict) and len(path) < _LISTS_WITHIN and len(value) <= _MOST_KEYS:
            yield from _lists_in(value, (*path, key))


_LISTS_WITHIN = 2


def _replaced(record: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    key, *rest = path
    return {**record, key: _replaced(record[key], rest, value) if rest else value}


def _names_them(turns: list[Any], people: list[Any]) -> bool:
    """Whether turns name their speakers by a value that tells the people of a list apart."""
    heads = [turn for turn in turns[:20] if isinstance(turn, dict)]
    for key in people[0]:
        ids = {str(person.get(key)) for person in people if isinstance(person.get(key), str | int)}
        if len(ids) < len(people):
            continue
        for each in heads[0] if heads else ():
            values = [turn.get(each) for turn in heads]
            named = [
                str(value) for value in values if isinstance(value, str | int) and not isinstance(value, bool)
            ]
            if len(named) == len(heads) and set(named) <= ids and (len(set(named)) > 1 or len(heads) == 1):
                return True
    return False


# One call a file


_FACTS = re.compile(
    r"(?:.* )?(?:id|uuid|guid|e ?mail|email address|mailto|name|username|user name|login|started?|start time|started at|"
    r"created at|date|timestamp|start timestamp|begin|queue|product|direction|duration)"
)
_MOST_FACTS = 40


def nested_facts(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the objects in the record of one call say of it: ids, people, times; not what stands beside turns."""
    facts: dict[str, Any] = {}
    _collect_facts(data, "", 0, facts)
    return facts


def _collect_facts(record: Mapping[str, Any], path: str, depth: int, facts: dict[str, Any]) -> None:
    objects = [value for value in record.values() if isinstance(value, dict)]
    # The object that an envelope holds says what it is without the envelope's name.
    envelope = len(objects) == 1 and not any(isinstance(value, list) for value in record.values())
    for key, value in record.items():
        name = f"{path}{key}"
        if len(facts) >= _MOST_FACTS:
            return
        if isinstance(value, dict):
            if depth < 3 and 0 < len(value) <= _MOST_KEYS:
                inner = path if envelope and holds_speech(value) else f"{name}."
                _collect_facts(value, inner, depth + 1, facts)
        elif isinstance(value, list):
            if is_people(value):
                columns = people_columns(name, value)
                facts |= {key: cell for key, cell in columns.items() if _is_fact(key, cell)}
        elif depth and _is_fact(key, value) and name not in facts:
            facts[name] = value


def _is_short(value: Any) -> bool:
    """Whether a value is a number, a date, a name or a code: no sentence, and no address of the web."""
    return not isinstance(value, bool) and (
        not isinstance(value, str) or (len(value) <= 60 and "://" not in value and words_of((value,)) <= 6)
    )


def _is_fact(key: str, value: Any) -> bool:
    return (
        isinstance(value, str | int | float)
        and value != ""
        and len(str(value)) < 200
        and (bool(_FACTS.fullmatch(plain_name(key.rpartition(".")[2]))) or _is_short(value))
    )
