"""Which records in JSON are the calls, wherever they stand; ids in them are resolved by lists beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from reddy_lib.spreadsheet.cells.header_words import plain_name
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.evidence.id_evidence import built_as_ids, no_call_id
from reddy_lib.spreadsheet.evidence.line_words import speaker_column
from reddy_lib.spreadsheet.reading.headers import find_header
from reddy_lib.spreadsheet.reading.json_grids import grid_tables
from reddy_lib.spreadsheet.reading.records import call_identity, holds_speech, is_turn_list
from reddy_lib.transcripts.roles import role_of

__all__ = ["SURE", "find_calls", "header_row", "look_for_calls", "several_calls"]

_DEPTH = 6
_SAMPLE = 200


class Found(msgspec.Struct):
    """The calls inside an object.

    Attributes:
        records: one a call.
        beside: what stands around them and is true for each: plain values.
        tables: name → records of other lists, by which ids are resolved.
    """

    records: list[dict[str, Any]]
    beside: dict[str, Any] = {}
    tables: dict[str, list[dict[str, Any]]] = {}


SURE = "\0sure"
"""Marks in `Found.beside` that calls are told apart by an id each."""
_CALL_WORDS = re.compile(
    r".*(?:calls?|conversations?|records?|results?|items?|data|hits|rows?|interactions?|contacts?|recordings?|value|values|"
    r"entry|entries|edges?|nodes?|sessions?|meetings?|tickets?|chats?|documents?|docs|list|output|export|payload|transcripts?)"
)
_PART_WORDS = re.compile(
    r".*(?:channels?|alternatives?|segments?|tracks?|legs?|parts?|phrases?|sentences?|turns?|messages?|utterances?|"
    r"monologues?|speakers?|words?|tokens?|paragraphs?|entities|topics?|dialogs?|analysis)"
)


def look_for_calls(data: Any) -> Found | None:
    """The calls in an object; None where the object itself is one call, or nothing is."""
    if not isinstance(data, dict):
        return None
    framed = _pandas(data) or _grid(data) or _by_field(data) or _keyed(data)
    if framed is not None:
        return framed
    lists = list(_lists(data, (), 0))
    best: tuple[float, tuple[str, ...], list[dict[str, Any]], bool] | None = None
    for path, records in lists:
        nested = _nested_calls(path, records)
        if nested is not None:
            return Found(nested, {SURE: True})
        score, sure = _calls_score(data, path, records)
        if score > 0 and (best is None or score > best[0]):
            best = (score, path, records, sure)
    if best is None:
        # Calls without words: recordings, or an index of them.
        plain = [(path, records) for path, records in lists if len(path) == 1 and not is_turn_list(records)]
        unspoken = not any(is_turn_list(value) for value in data.values()) and not holds_speech(data)
        wordy = _most_text(plain) if unspoken else None
        if unspoken and (len(plain) == 1 or wordy is not None):
            best = (0.1, *(wordy or plain[0]), False)
        else:
            return None
    _, path, records, sure = best
    alike = [
        (each, rows)
        for each, rows in lists
        if each == path or (len(_apart(path, each)) == 1 and _of_the_same_kind(records, rows))
    ]
    if len(alike) > 1:
        # Calls by day, by team, by channel: what each list is called is said of its calls.
        name = next(name for name in ("list", "list_name", "name_of_the_list") if name not in records[0])
        places = sorted({place for each, _ in alike for place in _apart(path, each)})
        records = [
            {name: " / ".join(each[place] for place in places), **record}
            for each, rows in alike
            for record in rows
        ]
        lists = [one for one in lists if one not in alike]
    others = {each[-1]: rows for each, rows in lists if each != path and each[: len(path)] != path}
    beside = {key: value for key, value in data.items() if not isinstance(value, list | dict)}
    if sure:
        beside[SURE] = True
    return Found(records, beside, others)


def _apart(path: tuple[str, ...], other: tuple[str, ...]) -> list[int]:
    """Return the places at which two ways to lists differ; [-1, -1] where one is longer."""
    if len(path) != len(other):
        return [-1, -1]
    return [place for place, (one, two) in enumerate(zip(path, other, strict=True)) if one != two]


def _of_the_same_kind(records: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the records of another list are calls too: they have the same keys, and speech."""
    mine, theirs = set(records[0]), set(others[0])
    return 5 * len(mine & theirs) >= 4 * len(mine | theirs) and any(map(holds_speech, others[:5]))


def _most_text(
    lists: Sequence[tuple[tuple[str, ...], list[dict[str, Any]]]],
) -> tuple[tuple[str, ...], list[dict[str, Any]]] | None:
    """The one list of several whose records hold far more text than the others'; None where there is none such."""

    def length(records: list[dict[str, Any]]) -> int:
        head = records[:20]
        return sum(
            len(value) for record in head for value in record.values() if isinstance(value, str)
        ) // len(head)

    ranked = sorted(((length(records), path, records) for path, records in lists), key=lambda one: -one[0])
    if len(ranked) < 2 or ranked[0][0] < 100 or ranked[0][0] < 3 * ranked[1][0]:
        return None
    return ranked[0][1], ranked[0][2]


def _lists(
    data: Any, path: tuple[str, ...], depth: int
) -> Iterator[tuple[tuple[str, ...], list[dict[str, Any]]]]:
    """(path, list) of every list of objects that no other such list holds."""
    if depth > _DEPTH or not isinstance(data, dict):
        return
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _lists(value, (*path, str(key)), depth + 1)
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            yield (*path, str(key)), _unwrapped(value)


def _unwrapped(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the records hold where each is nothing but a wrapping, as GraphQL writes `{"node": {…}}`."""
    keys = {tuple(record) for record in records}
    if len(keys) != 1 or len(next(iter(keys))) != 1:
        return records
    inner = [value for record in records for value in record.values()]
    return inner if all(isinstance(value, dict) and value for value in inner) else records


def _calls_score(
    data: dict[str, Any], path: tuple[str, ...], records: list[dict[str, Any]]
) -> tuple[float, bool]:
    """How surely a list holds calls (0: it does not), and whether an id tells each of them."""
    head = records[:20]
    if is_turn_list(records) and not ids_differ(head):
        return 0.0, False
    spoken = sum(map(holds_speech, head)) / len(head)
    if spoken < 0.5:
        return 0.0, False
    ids = [call_identity(record) for record in head]
    apart = len(set(ids)) == len(ids) and all(ids)
    strong = apart and all(call_identity(record, strong=True) for record in head)
    name = plain_name(path[-1])
    around: Any = data
    for key in path[:-1]:
        if call_identity(around, strong=True):
            break
        around = around[key]
    if call_identity(around, strong=True) and not strong:
        return 0.0, False
    if _PART_WORDS.fullmatch(name) and not strong:
        return 0.0, False
    facts = min(sum(not isinstance(value, list) for value in record.values()) for record in head)
    named = bool(_CALL_WORDS.fullmatch(name))
    if not (apart or (named and facts > 1) or facts > 3):
        return 0.0, False
    return spoken + apart + named * 0.5 + strong, (apart and (named or len(records) > 1)) or strong


def _nested_calls(path: tuple[str, ...], records: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """The calls inside records that are not calls themselves, as agents who have a list of calls each."""
    inner: list[dict[str, Any]] = []
    owner = re.sub(r"(?<=[^s])s$", "", path[-1])
    for record in records:
        lists = [
            value
            for value in record.values()
            if isinstance(value, list)
            and value
            and all(isinstance(item, dict) for item in value)
            and not is_turn_list(value)
            and all(map(holds_speech, value[:5]))
            and all(_own(item) for item in value[:5])
        ]
        if len(lists) != 1 or call_identity(record, strong=True):
            return None
        of_owner = {key: value for key, value in record.items() if value is not lists[0]}
        inner += [{**item, owner: of_owner} if owner not in item else item for item in lists[0]]
    return inner


def _own(record: dict[str, Any]) -> bool:
    """Whether a record has an id of its own, which names neither a speaker nor a part of speech."""
    names = [plain_name(str(key)) for key in record]
    return bool(call_identity(record, strong=True)) or "id" in names or "uuid" in names


def _pandas(data: dict[str, Any]) -> Found | None:
    """A table as pandas and query services write it: columns and rows apart, or an object for each column."""
    columns, rows = data.get("columns") or data.get("cols") or data.get("fields") or data.get("header"), None
    if isinstance(columns, list) and columns:
        rows = next((data[key] for key in ("data", "rows", "values", "records") if key in data), None)
    elif isinstance(data.get("meta"), list) and isinstance(data.get("data"), list):
        columns, rows = data["meta"], data["data"]
    if isinstance(columns, list) and columns and isinstance(rows, list) and rows:
        names: list[Any] = [column.get("name") if isinstance(column, dict) else column for column in columns]
        if all(isinstance(name, str) for name in names) and all(
            isinstance(row, list) and len(row) == len(names) for row in rows
        ):
            return Found([dict(zip(names, row, strict=True)) for row in rows], {SURE: True})
    for key in ("values", "data", "rows"):
        rows = data.get(key)
        if isinstance(rows, list) and len(rows) > 1 and all(isinstance(row, list) for row in rows):
            table = header_row(rows)
            if table is not None:
                return Found(table, {SURE: True})
    values = list(data.values())
    if len(values) > 1 and all(isinstance(value, dict) and value for value in values):
        keys = list(values[0])
        if all(list(value) == keys for value in values) and keys == [str(n) for n in range(len(keys))]:
            return Found([{name: data[name][key] for name in data} for key in keys], {SURE: True})
    return None


def _grid(data: dict[str, Any]) -> Found | None:
    """Return the table whose column names and rows are in different parts of the object, or None."""
    tables = grid_tables(data)
    if not tables or not any(map(holds_speech, tables[0][1][:20])):
        return None
    if is_turn_list(tables[0][1]) and not any(map(call_identity, tables[0][1][:20])):
        return None  # the turns of one call
    beside = {key: value for key, value in data.items() if not isinstance(value, list | dict)}
    return Found(tables[0][1], {**beside, SURE: True}, dict(reversed(tables[1:])))


def _by_field(data: dict[str, Any], depth: int = 0) -> Found | None:
    """Calls field by field: an object, at whatever depth, of lists as long as each other, a list a field.

    Lines of one call are written so too: each item of one field has to be a conversation, or nearly each.
    """
    lists = {str(name): value for name, value in data.items() if isinstance(value, list)}
    count = min(map(len, lists.values()), default=0)
    if count > 1 and len(lists) > 1 and all(len(value) == count for value in lists.values()):
        plain = [
            value for value in lists.values() if not any(isinstance(item, list | dict) for item in value)
        ]
        spoken = any(
            2 * sum(map(_is_conversation, value[:20])) >= len(value[:20]) for value in lists.values()
        )
        if spoken and any(len(set(map(str, value))) == count for value in plain):
            beside = {name: value for name, value in data.items() if not isinstance(value, list | dict)}
            rows = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
            return Found(rows, {**beside, SURE: True})
    if depth >= _DEPTH or lists:
        return None
    inner = [value for value in data.values() if isinstance(value, dict)]
    found = [one for value in inner if (one := _by_field(value, depth + 1)) is not None]
    return found[0] if len(found) == 1 else None


def _is_conversation(item: Any) -> bool:
    """Return whether an item of a list is a conversation rather than a turn of one."""
    if isinstance(item, dict):
        return not is_turn_list([item]) and holds_speech(item)
    if not isinstance(item, list):
        return isinstance(item, str) and holds_speech(item)
    # Turns, whatever their keys are called.
    texts = [
        max((value for value in turn.values() if isinstance(value, str)), key=len, default="")
        for turn in item
        if isinstance(turn, dict)
    ]
    return holds_speech(item) or (
        len(texts) > 1 and 2 * sum(len(text.split()) > 2 for text in texts) >= len(item)
    )


def header_row(rows: Sequence[list[Any]]) -> list[dict[str, Any]] | None:
    """Lists of values under a list of names, as records; None where the first list holds no names."""
    head = [list(row) for row in rows[:50]]
    names = head[0]
    if len(names) < 3 or not all(isinstance(name, str) and 0 < len(name) < 60 for name in names):
        return None
    if len(set(names)) < len(names) or any(len(row) > len(names) for row in head) or find_header(head) != 0:
        return None
    return [dict(zip(names, row, strict=False)) for row in rows[1:]]


def _keyed(data: dict[str, Any]) -> Found | None:
    """Records, or lists of turns, under a key each that names the call."""
    while len(data) == 1 and isinstance(inner := next(iter(data.values())), dict) and not holds_turns(inner):
        if any(isinstance(value, list) for value in inner.values()) or not inner:
            return None
        if not all(isinstance(value, dict) for value in inner.values()):
            return None
        data = inner
    values = list(data.values())
    if len(values) < 2 or any(role_of(str(key)) for key in data):
        return None
    if all(isinstance(value, list) and is_turn_list(value) for value in values):
        if any(_PART_WORDS.match(plain_name(str(key))) for key in data) or not _are_ids(list(data)):
            return None
        return Found([{"id": key, "transcript": value} for key, value in data.items()], {SURE: True})
    if not all(isinstance(value, dict) and value for value in values):
        return None
    first = set(values[0])
    alike = sum(2 * len(first & set(value)) > len(first | set(value)) for value in values)
    numbered = list(data) == [str(n) for n in range(len(data))]
    rows = numbered and len(first) >= 4 and not is_turn_list(values)
    if alike < 0.8 * len(values) or not (
        rows or 2 * sum(map(holds_speech, values[:20])) >= min(len(values), 20)
    ):
        return None
    records: list[dict[str, Any]] = []
    name = "key" if any("id" in value or call_identity(value, strong=True) for value in values) else "id"
    for key, value in data.items():
        records.append(value if numbered else {name: key, **value})
    return Found(records, {SURE: True})


def _are_ids(keys: Sequence[str]) -> bool:
    return all(any(mark.isdigit() for mark in str(key)) for key in keys) and not any(
        re.fullmatch(r"(?:ch|spk|speaker|channel|track)[ _-]?\d+", str(key), re.IGNORECASE) for key in keys
    )


def holds_turns(data: dict[str, Any]) -> bool:
    """Whether a value of an object is a list of turns."""
    return any(is_turn_list(value) for value in data.values())


def find_calls(data: Any) -> list[dict[str, Any]] | None:
    """The records of the calls in an object, ids in them resolved; None where it holds none, or is one."""
    found = look_for_calls(data)
    if found is None:
        return None
    beside = {name: value for name, value in found.beside.items() if name != SURE}
    resolve = Resolver(found)
    return [resolve({**beside, **record}) for record in found.records]


class Resolver:
    """Puts the objects of other lists in place of the ids by which records name them."""

    def __init__(self, found: Found) -> None:
        self._typed: dict[tuple[str, str], dict[str, Any]] = {}
        self._ids: dict[str, dict[str, dict[str, Any]]] = {}
        for name, rows in found.tables.items():
            key = _own_key(rows)
            by_id = {str(row[key]): row for row in rows if isinstance(row.get(key), str | int)}
            if len(by_id) < len(rows):
                continue
            for row in rows:
                if isinstance(row.get("type"), str):
                    self._typed[(row["type"], str(row[key]))] = row
            self._ids[name] = by_id
        self._keys = self._found_keys(found.records[:_SAMPLE])

    def _found_keys(self, records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Key of a record that holds ids → the list whose ids it holds."""
        keys: dict[str, str] = {}
        for key in dict.fromkeys(key for record in records for key in record):
            if (
                not re.fullmatch(r"(?:.* )?(?:id|by|owner|agent|user|assignee)", plain_name(str(key)))
                or key == "id"
            ):
                continue
            values = [record[key] for record in records if isinstance(record.get(key), str | int)]
            for name, by_id in self._ids.items():
                if values and sum(str(value) in by_id for value in values) >= 0.8 * len(values):
                    keys[key] = name
                    break
        return keys

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        if not self._keys and not self._typed:
            return record
        added: dict[str, Any] = {}
        for key, name in self._keys.items():
            row = self._ids[name].get(str(record.get(key)))
            if row is not None:
                stem = re.sub(r"[ _.-]?(?:id|ID|Id)$", "", key) or name
                added[stem if stem not in record else f"{key}.{name}"] = _attributes(row)
        relations = record.get("relationships")
        if isinstance(relations, dict) and isinstance(record.get("attributes"), dict):
            for name, relation in relations.items():
                data = relation.get("data") if isinstance(relation, dict) else None
                row = (
                    self._typed.get((str(data.get("type")), str(data.get("id"))))
                    if isinstance(data, dict)
                    else None
                )
                if row is not None:
                    added[name] = _attributes(row)
            record = {**record, "attributes": {**record["attributes"], **added}}
            return {key: value for key, value in record.items() if key not in ("relationships", "links")}
        return {**record, **added}


def _own_key(rows: Sequence[Mapping[str, Any]]) -> str:
    """The key by which other records name those of a list."""
    keys = [str(key) for key in rows[0]]
    named = [
        key for key in keys if re.fullmatch(r"(?:.* )?(?:id|uuid|key|code|number|extension)", plain_name(key))
    ]
    return "id" if "id" in keys or not named else named[0]


def _attributes(row: dict[str, Any]) -> dict[str, Any]:
    attributes = row.get("attributes")
    return {"id": row.get("id"), **attributes} if isinstance(attributes, dict) else row


_LINE_IDS = re.compile(
    r"(?:call|conversation|convo|contact|interaction|session|recording|meeting|ticket|case|chat|thread|dialogue|dialog) ?"
    r"(?:id|uuid|guid|sid|key|number|no|ref)|uuid"
)


def several_calls(records: Sequence[Any]) -> bool:
    """Return whether turns are those of more than one call: they name it, or what they hold tells calls apart.

    A wrong yes is a question about the id of a call; a wrong no sends what several people said as one call.
    """
    if ids_differ(records):
        return True
    rows = [record for record in records if isinstance(record, dict)]
    if len(rows) < _FEW_TURNS:
        return False
    names = dict.fromkeys(
        str(key) for row in rows for key, value in row.items() if isinstance(value, str | int)
    )
    columns = [Column(name, [row.get(name) for row in rows]) for name in names]
    speakers = speaker_column(columns, [])
    return any(
        column is not speakers and _tells_calls(column, speakers) and not no_call_id(column)
        for column in columns
    )


def _tells_calls(column: Column, speakers: Column | None) -> bool:
    """Return whether a column has few values, named or built as ids of calls, and both sides speak under each of them."""
    values = list(dict.fromkeys(column.texts))
    if column.fill < 1 or not 1 < len(values) <= column.total // 2:
        return False
    named = bool(column.says & {"call", "case"}) and not column.says & {
        "speaker",
        "agent",
        "customer",
        "text",
    }
    if not named and not built_as_ids(values):
        return False
    if speakers is None:
        return True
    spoken: dict[str, set[str]] = {}
    for value, side in zip(column.of_rows, speakers.of_rows, strict=True):
        spoken.setdefault(value, set()).add(side)
    return sum(len(both) > 1 for both in spoken.values()) >= 0.8 * len(values)


_FEW_TURNS = 4


def ids_differ(records: Sequence[Any]) -> bool:
    """Whether turns name more than one call."""
    for key in records[0] if isinstance(records[0], dict) else ():
        if _LINE_IDS.fullmatch(plain_name(str(key))):
            values = [str(record.get(key)) for record in records if isinstance(record, dict)]
            # A `contact_id` that changes with every turn names the speaker, and a `uuid` the turn itself.
            if len(set(values)) > 1:
                turns = sum(before != after for before, after in pairwise(values))
                if turns < len(values) - 1 or plain_name(str(key)) not in ("contact id", "uuid"):
                    return True
    return False
