"""JSON as a table: which records are the calls, wherever they stand in the file, and their fields as columns.

An array and JSON Lines are read record by record; an object is read as a whole, and the calls are found in it: inside
an envelope (`{"data": {"calls": […]}}`), under a key each (`{"C1": {…}}`), column by column as pandas writes it, or with
the people beside them in a list of their own, which are joined by id.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

from reddy_lib.errors import EmptySheet, UnreadableFile
from reddy_lib.spreadsheet.reading.json_calls import (
    SURE,
    find_calls,
    header_row,
    look_for_calls,
    several_calls,
)
from reddy_lib.spreadsheet.reading.records import (
    Flattener,
    call_identity,
    is_pair,
    is_turn_list,
)
from reddy_lib.spreadsheet.reading.tables import MOST_COLUMNS, plain_cell, too_wide
from reddy_lib.transcripts import read_transcript

__all__ = ["json_kind", "json_records", "record_rows", "rows_of_records"]

_BLOCK = 1 << 20
_MOST_JSON = 128 << 20
_MOST_CALL = 1 << 24  # bytes of one call's transcript
_LOOK_AHEAD = 1000
_SAMPLE = 200
_DEPTH = 6
_UNREAD = ("empty", "unreadable", "no speakers", "labelled text")


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
    for line in lines[:_SAMPLE]:
        try:
            records.append(json.loads(line.lstrip("\ufeff")))
        except (ValueError, RecursionError):
            break
    if len(records) < 2 or not all(isinstance(record, dict) for record in records[:20]):
        return ""
    if len(lines) <= 20 and len(records) < len(lines) - 1:
        return "one call"
    if is_turn_list(records) and not several_calls(records) and path.stat().st_size < (1 << 22):
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
        return "one call" if all(map(is_pair, records[:20])) and not header_row(records) else "json"
    if not all(isinstance(record, dict) for record in records):
        return "one call" if is_turn_list(records) and not large else "json"
    if not is_turn_list(records) or several_calls(records):
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
    found = look_for_calls(data)
    if found is None:
        return "one call"
    if found.beside.get(SURE) is None and read_transcript(text).form not in (*_UNREAD, "json"):
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
    if head and all(isinstance(record, list) for record in head) and (table := header_row(head)) is not None:
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
                        f"{path.name} holds more text after its list of {count:,} records: export it again as one list."
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
