"""JSON as a table: which records are the calls, wherever they stand in the file, and their fields as columns.

An array and JSON Lines are read record by record; an object is read as a whole, and the calls are found in it: inside
an envelope (`{"data": {"calls": […]}}`), under a key each (`{"C1": {…}}`), column by column as pandas writes it, or with
the people beside them in a list of their own, which are joined by id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any

import msgspec

from reddy_lib.errors import EmptySheet, UnreadableFile
from reddy_lib.spreadsheet.header_words import plain_name
from reddy_lib.spreadsheet.headers import find_header
from reddy_lib.spreadsheet.records import (
    Flattener,
    call_identity,
    holds_speech,
    is_pair,
    is_turn_list,
)
from reddy_lib.spreadsheet.tables import MOST_COLUMNS, plain_cell, too_wide
from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.roles import role_of

__all__ = ["find_calls", "json_kind", "json_records", "record_rows", "rows_of_records"]

_BLOCK = 1 << 20
_MOST_JSON = 128 << 20
_MOST_CALL = 1 << 24  # bytes of one call's transcript
_LOOK_AHEAD = 1000
_SAMPLE = 200
_DEPTH = 6
_UNREAD = ("empty", "unreadable", "no speakers", "labelled text")


class _Found(msgspec.Struct):
    """The calls inside an object.

    Attributes:
        records: one a call.
        beside: what stands around them and is true for each: plain values.
        tables: name → records of other lists, by which ids are resolved.
    """

    records: list[dict[str, Any]]
    beside: dict[str, Any] = {}
    tables: dict[str, list[dict[str, Any]]] = {}


def json_kind(path: Path, encoding: str) -> str:
    """What a JSON text is: "json" (a table), "jsonl" (a table, one record a line), "one call", or "" (no JSON)."""
    head = _head(path, encoding)
    opening = head.lstrip("\ufeff \t\r\n")[:1]
    if opening == '"' and isinstance(_loaded(head.lstrip("\ufeff \t\r\n").partition("\n")[0]), dict):
        return "jsonl"  # each line is a text that holds an object
    if opening not in ("{", "["):
        return ""
    if opening == "{":
        return _kind_of_lines(path, head) or _kind_of_object(path, encoding)
    return _kind_of_array(path, encoding, head)


def _kind_of_lines(path: Path, head: str) -> str:
    """What a file of JSON Lines is; "": it is none."""
    lines = [line for line in head.split("\n") if line.strip()]
    records = []
    for line in lines[:20]:
        try:
            records.append(json.loads(line.lstrip("\ufeff")))
        except (ValueError, RecursionError):
            break
    if len(records) < 2 or not all(isinstance(record, dict) for record in records):
        return ""
    if len(lines) <= 20 and len(records) < len(lines) - 1:
        return "one call"
    if is_turn_list(records) and not _ids_differ(records) and path.stat().st_size < (1 << 22):
        return "one call"
    return "jsonl"


def _kind_of_array(path: Path, encoding: str, head: str) -> str:
    large = path.stat().st_size >= _MOST_CALL
    first, _, rest = head.lstrip("\ufeff \t\r\n").partition("\n")
    if rest.strip()[:1] == "[" and isinstance(_loaded(first), list):
        lines = [_loaded(line) for line in rest.split("\n")[:20] if line.strip()]
        if lines and isinstance(lines[0], list):
            return "one call" if is_pair(_loaded(first)) else "jsonl"
    records: list[Any] = []
    try:
        for record in islice(_raw_records(path, encoding), _SAMPLE):
            records.append(record)
    except UnreadableFile:
        if len(records) > 1 and all(map(call_identity, (one for one in records if isinstance(one, dict)))):
            raise
        return "json" if large else "one call"
    if not records:
        return "one call"
    if all(isinstance(record, list) for record in records):
        return "one call" if all(map(is_pair, records[:20])) and not _header_row(records) else "json"
    if not all(isinstance(record, dict) for record in records):
        return "one call" if is_turn_list(records) and not large else "json"
    if not is_turn_list(records) or _ids_differ(records):
        return "json"
    if len(records) < _SAMPLE and read_transcript(_text(path, encoding)).form == "unreadable":
        return "json"  # lines whose keys no vendor uses: as a table, they can be mapped
    return "json" if large else "one call"


def _kind_of_object(path: Path, encoding: str) -> str:
    if path.stat().st_size > _MOST_JSON:
        raise UnreadableFile(
            f"{path.name} is one JSON object of {path.stat().st_size >> 20:,} MB: export the calls as JSON lines or .csv."
        )
    text = _text(path, encoding)
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return "jsonl" if _is_concatenated(text) else "one call"
    found = _find_calls(data)
    if found is None:
        return "one call"
    if found.beside.get(_SURE) is None and read_transcript(text).form not in (*_UNREAD, "json"):
        return "one call"  # a form that is known by its shape, whatever lists stand beside the turns
    return "json"


def _is_concatenated(text: str) -> bool:
    """Whether a text holds one object after the other, each over several lines."""
    decoder = json.JSONDecoder()
    text = text.lstrip("\ufeff \t\r\n")
    try:
        first, end = decoder.raw_decode(text)
        rest = text[end:].lstrip(" \t\r\n,")
        second, _ = decoder.raw_decode(rest)
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and isinstance(second, dict) and not is_turn_list([first, second])


def _loaded(text: str) -> Any:
    try:
        return _unescaped(json.loads(text.lstrip("\ufeff")))
    except (ValueError, RecursionError):
        return None


def _unescaped(value: Any) -> Any:
    """A value that stands in a text as JSON once more. Raises ValueError: it does not."""
    return json.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value


_LINE_IDS = re.compile(
    r"(?:call|conversation|convo|contact|interaction|session|recording|meeting|ticket|case|chat|thread|dialogue|dialog) ?"
    r"(?:id|uuid|guid|sid|key|number|no|ref)|uuid"
)


def _ids_differ(records: Sequence[Any]) -> bool:
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


# The calls in an object


_SURE = "\0sure"
"""Marks in `_Found.beside` that calls are told apart by an id each."""
_CALL_WORDS = re.compile(
    r".*(?:calls?|conversations?|records?|results?|items?|data|hits|rows?|interactions?|contacts?|recordings?|value|values|"
    r"entry|entries|edges?|nodes?|sessions?|meetings?|tickets?|chats?|documents?|docs|list|output|export|payload|transcripts?)"
)
_PART_WORDS = re.compile(
    r".*(?:channels?|alternatives?|segments?|tracks?|legs?|parts?|phrases?|sentences?|turns?|messages?|utterances?|"
    r"monologues?|speakers?|words?|tokens?|paragraphs?|entities|topics?|dialogs?|analysis)"
)


def _find_calls(data: Any) -> _Found | None:
    """The calls in an object; None where the object itself is one call, or nothing is."""
    if not isinstance(data, dict):
        return None
    framed = _pandas(data) or _keyed(data)
    if framed is not None:
        return framed
    lists = list(_lists(data, (), 0))
    best: tuple[float, tuple[str, ...], list[dict[str, Any]], bool] | None = None
    for path, records in lists:
        nested = _nested_calls(path, records)
        if nested is not None:
            return _Found(nested, {_SURE: True})
        score, sure = _calls_score(data, path, records)
        if score > 0 and (best is None or score > best[0]):
            best = (score, path, records, sure)
    if best is None:
        # Calls without words: recordings, or an index of them.
        plain = [(path, records) for path, records in lists if len(path) == 1 and not is_turn_list(records)]
        if (
            len(plain) == 1
            and not any(is_turn_list(value) for value in data.values())
            and not holds_speech(data)
        ):
            best = (0.1, *plain[0], False)
        else:
            return None
    _, path, records, sure = best
    others = {each[-1]: rows for each, rows in lists if each != path and each[: len(path)] != path}
    beside = {key: value for key, value in data.items() if not isinstance(value, list | dict)}
    if sure:
        beside[_SURE] = True
    return _Found(records, beside, others)


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
            yield (*path, str(key)), value


def _calls_score(
    data: dict[str, Any], path: tuple[str, ...], records: list[dict[str, Any]]
) -> tuple[float, bool]:
    """How surely a list holds calls (0: it does not), and whether an id tells each of them."""
    head = records[:20]
    if is_turn_list(records) and not _ids_differ(head):
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


def _pandas(data: dict[str, Any]) -> _Found | None:
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
            return _Found([dict(zip(names, row, strict=True)) for row in rows], {_SURE: True})
    for key in ("values", "data", "rows"):
        rows = data.get(key)
        if isinstance(rows, list) and len(rows) > 1 and all(isinstance(row, list) for row in rows):
            table = _header_row(rows)
            if table is not None:
                return _Found(table, {_SURE: True})
    values = list(data.values())
    if len(values) > 1 and all(isinstance(value, dict) and value for value in values):
        keys = list(values[0])
        if all(list(value) == keys for value in values) and keys == [str(n) for n in range(len(keys))]:
            return _Found([{name: data[name][key] for name in data} for key in keys], {_SURE: True})
    return None


def _header_row(rows: Sequence[list[Any]]) -> list[dict[str, Any]] | None:
    """Lists of values under a list of names, as records; None where the first list holds no names."""
    head = [list(row) for row in rows[:50]]
    names = head[0]
    if len(names) < 3 or not all(isinstance(name, str) and 0 < len(name) < 60 for name in names):
        return None
    if len(set(names)) < len(names) or any(len(row) > len(names) for row in head) or find_header(head) != 0:
        return None
    return [dict(zip(names, row, strict=False)) for row in rows[1:]]


def _keyed(data: dict[str, Any]) -> _Found | None:
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
        return _Found([{"id": key, "transcript": value} for key, value in data.items()], {_SURE: True})
    if not all(isinstance(value, dict) and value for value in values):
        return None
    first = set(values[0])
    alike = sum(2 * len(first & set(value)) > len(first | set(value)) for value in values)
    if alike < 0.8 * len(values) or 2 * sum(map(holds_speech, values[:20])) < min(len(values), 20):
        return None
    numbered = list(data) == [str(n) for n in range(len(data))]
    records: list[dict[str, Any]] = []
    name = "key" if any("id" in value or call_identity(value, strong=True) for value in values) else "id"
    for key, value in data.items():
        records.append(value if numbered else {name: key, **value})
    return _Found(records, {_SURE: True})


def _are_ids(keys: Sequence[str]) -> bool:
    return all(any(mark.isdigit() for mark in str(key)) for key in keys) and not any(
        re.fullmatch(r"(?:ch|spk|speaker|channel|track)[ _-]?\d+", str(key), re.IGNORECASE) for key in keys
    )


def holds_turns(data: dict[str, Any]) -> bool:
    """Whether a value of an object is a list of turns."""
    return any(is_turn_list(value) for value in data.values())


def find_calls(data: Any) -> list[dict[str, Any]] | None:
    """The records of the calls in an object, ids in them resolved; None where it holds none, or is one."""
    found = _find_calls(data)
    if found is None:
        return None
    beside = {name: value for name, value in found.beside.items() if name != _SURE}
    resolve = _Resolver(found)
    return [resolve({**beside, **record}) for record in found.records]


# Reading


def _head(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        return file.read(_BLOCK)


def _text(path: Path, encoding: str) -> str:
    return path.read_text(encoding=encoding, errors="replace")


def json_records(path: Path, encoding: str, kind: str) -> Iterator[dict[str, Any]]:
    """The records of a JSON table, one after the other; an array is never held as a whole. Raises UnreadableFile."""
    if kind == "jsonl":
        records = _json_lines(path, encoding)
    elif _head(path, encoding).lstrip("\ufeff \t\r\n")[:1] == "{":
        yield from _json_object(path, encoding)
        return
    else:
        records = _raw_records(path, encoding)
    head = list(islice(records, _SAMPLE))
    if head and all(isinstance(record, list) for record in head) and (table := _header_row(head)) is not None:
        names = list(table[0])
        yield from table
        for record in records:
            yield dict(zip(names, record, strict=False)) if isinstance(record, list) else {"value": record}
        return
    pages = kind == "jsonl" and bool(head) and _is_page(head[0])
    for record in chain(head, records):
        if pages and _is_page(record):
            yield from record
        else:
            yield record if isinstance(record, dict) else {"value": record}


def _is_page(value: Any) -> bool:
    """Whether a line of JSON Lines is a list of calls, as a paged download has it."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) for item in value)
        and not is_turn_list(value)
    )


def _raw_records(path: Path, encoding: str, *, opened: bool = True) -> Iterator[Any]:
    """The values in an array, or, if it is not `opened`, the objects that follow one another in a file."""
    decoder = json.JSONDecoder()
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        buffer = file.read(_BLOCK).lstrip("\ufeff \t\r\n")
        place, count, ended = int(opened), 0, False
        wanted = _BLOCK
        while True:
            while place < len(buffer) and buffer[place] in " \t\r\n,\ufeff":
                place += 1
            if opened and place < len(buffer) and buffer[place] == "]":
                if buffer[place + 1 :].strip() or file.read(_BLOCK).strip():
                    raise UnreadableFile(
                        f"{path.name} holds more text behind its list of {count:,} records: export it again as one list."
                    )
                return
            if not opened and place >= len(buffer) and ended:
                return
            try:
                if place >= len(buffer):
                    raise ValueError
                record, end = decoder.raw_decode(buffer, place)
                if end >= len(buffer) and opened and not ended:
                    raise ValueError  # a number may go on in the next block
            except (ValueError, RecursionError):
                more = "" if ended else file.read(wanted)
                ended = ended or not more
                if ended and not more:
                    if not opened and place >= len(buffer):
                        return
                    raise UnreadableFile(
                        f"{path.name} is not valid JSON after record {count:,}: export it again."
                    ) from None
                buffer, place = buffer[place:] + more, 0
                wanted = max(_BLOCK, len(buffer))  # twice as much each time: a long record costs no more
                if len(buffer) > _MOST_JSON:
                    raise UnreadableFile(
                        f"Record {count + 1:,} of {path.name} is longer than {_MOST_JSON >> 20} MB: export it again."
                    ) from None
                continue
            place = end
            count += 1
            wanted = _BLOCK
            yield record
            if place > _BLOCK:
                buffer, place = buffer[place:], 0


def _json_lines(path: Path, encoding: str) -> Iterator[Any]:
    # Lines end at "\n" alone: U+2028 and its like are characters of a text.
    with path.open(encoding=encoding, errors="replace", newline="\n") as file:
        number = 0
        while line := file.readline(_MOST_JSON):
            number += 1
            if not line.strip("\ufeff \t\r\n"):
                continue
            try:
                record = _unescaped(json.loads(line.lstrip("\ufeff")))
            except (ValueError, RecursionError):
                if number == 1:
                    yield from _raw_records(path, encoding, opened=False)
                    return
                raise UnreadableFile(
                    f"Line {number:,} of {path.name} is not valid JSON: correct it, or export the file again."
                ) from None
            yield record


def _json_object(path: Path, encoding: str) -> Iterator[dict[str, Any]]:
    """The calls inside one object; plain values that stand beside them belong to each."""
    try:
        data = json.loads(_text(path, encoding).lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise UnreadableFile(f"{path.name} is not valid JSON: export it again.") from None
    found = find_calls(data)
    if found is None:
        raise UnreadableFile(
            f"{path.name} holds no list of calls: export the calls as one list of records, or as .csv."
        )
    yield from found


class _Resolver:
    """Puts the objects of other lists in place of the ids by which records name them."""

    def __init__(self, found: _Found) -> None:
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


def record_rows(path: Path, encoding: str, kind: str) -> Iterator[list[Any]]:
    """The column names, then the rows; a key that comes up later stands as `key: value` behind the last column."""
    records = json_records(path, encoding, kind)
    yield from rows_of_records(records, path)


def rows_of_records(records: Iterator[dict[str, Any]], path: Path) -> Iterator[list[Any]]:
    """The column names of nested records, then the rows. Raises EmptySheet, UnreadableFile."""
    sample = list(islice(records, _LOOK_AHEAD))
    flattener = Flattener(sample)
    names: dict[str, None] = {}
    ahead: list[Mapping[str, Any]] = []
    for record in sample:
        flat = flattener.flat(record)
        ahead.append(flat)
        names.update(dict.fromkeys(map(str, flat)))
        if len(names) > MOST_COLUMNS:
            raise too_wide(path.name, len(names))
    sample.clear()
    if not names:
        raise EmptySheet(f"{path.name} holds no records: export the calls again.")
    columns = list(names)
    yield list(columns)

    def row(record: Mapping[str, Any]) -> list[Any]:
        cells = [plain_cell(record.get(name)) for name in columns]
        if len(record) and not record.keys() <= names.keys():
            cells += [f"{key}: {plain_cell(value)}" for key, value in record.items() if key not in names]
        return cells

    for flat in ahead:
        yield row(flat)
    ahead.clear()
    for record in records:
        yield row(flattener.flat(record))
