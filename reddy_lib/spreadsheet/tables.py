"""Tables that carry their own column names: Parquet, JSON, JSON lines; and web pages saved as .xls.

Each becomes rows of cells, like those of any sheet: row 1 is the header, the first record is row 2. Numbers,
booleans and dates keep their type; lists and objects become JSON text, which transcripts are read from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec

from reddy_lib.errors import EmptySheet, UnreadableFile
from reddy_lib.spreadsheet.unpacked import most_unpacked, swollen
from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.json_form import is_data

__all__ = [
    "MOST_COLUMNS",
    "html_rows",
    "json_kind",
    "json_records",
    "parquet_rows",
    "record_columns",
    "record_rows",
    "too_wide",
]

MOST_COLUMNS = 16_384
"""As many as a sheet of Excel can have: a table that is wider was not made by people."""

_BLOCK = 1 << 20
_MOST_JSON = 128 << 20
_MOST_PENDING = 4096  # characters of a tag that the end of a page cuts off
_LOOK_AHEAD = 1000
_VALUE_BYTES = 100  # that a value inside a list takes
_MOST_VALUES = 200_000  # of a column, read together
_encode = msgspec.json.Encoder(order="deterministic").encode


def too_wide(name: str, columns: int) -> UnreadableFile:
    """The sentence for a table that nobody could look through."""
    return UnreadableFile(
        f"{name} has {columns:,} columns, more than the {MOST_COLUMNS:,} of a spreadsheet: export fewer columns."
    )


def plain_cell(value: Any) -> Any:
    """A value of a typed table as a cell."""
    if value is None:
        return ""
    if isinstance(value, str | bool | int | float | datetime | date | time | timedelta):
        return "" if value != value else value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 10**15 else str(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.hex()
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except ValueError:
        return str(value)


# Parquet


def parquet_rows(path: Path, *, rows: int = 500) -> Iterator[list[Any]]:
    """The column names, then the rows. Raises UnreadableFile."""
    import pyarrow
    import pyarrow.parquet as parquet

    damaged = UnreadableFile(f"{path.name} is a damaged Parquet file: export it again.")
    try:
        with parquet.ParquetFile(path) as plain:
            texts = [
                field.name
                for field in plain.schema_arrow
                if pyarrow.types.is_string(field.type) or pyarrow.types.is_binary(field.type)
            ]
        # Read as they are stored: a text of a megabyte in a thousand rows is a few bytes there.
        file = parquet.ParquetFile(path, read_dictionary=texts)
        names = list(file.schema_arrow.names)
    except (pyarrow.ArrowException, OSError, ValueError):
        raise damaged from None
    with file:
        if len(names) > MOST_COLUMNS:
            raise too_wide(path.name, len(names))
        most = most_unpacked(path)
        if _swells(file.metadata, most):
            raise swollen(path)
        yield list(names)
        rows = min(rows, _rows_at_once(file.metadata))
        unpacked = 0
        try:
            for batch in file.iter_batches(batch_size=rows, use_threads=False):
                columns = [_cells(column) for column in batch.columns]
                unpacked += sum(len(cell) for cells in columns for cell in cells if isinstance(cell, str))
                if unpacked > most:
                    raise swollen(path)
                yield from (list(row) for row in zip(*columns, strict=True))
        except (pyarrow.ArrowException, OSError, ValueError, OverflowError):
            raise damaged from None


def _swells(metadata: Any, most: int) -> bool:
    """Whether a column of a row group says that it unpacks to more than this, in bytes or in values."""
    return any(
        not 0 <= column.total_uncompressed_size <= most
        or not 0 <= column.num_values <= most
        or (column.num_values - rows) * _VALUE_BYTES > most
        for rows, column in _columns(metadata)
    )


def _columns(metadata: Any) -> Iterator[tuple[int, Any]]:
    """(rows of its group, what is said of it) of each column of each row group."""
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for place in range(metadata.num_columns):
            yield group.num_rows, group.column(place)


def _rows_at_once(metadata: Any) -> int:
    """How many rows are read together: a row of lists may hold as much as thousands of others."""
    fullest = max((column.num_values // max(rows, 1) for rows, column in _columns(metadata)), default=1)
    return max(1, _MOST_VALUES // max(fullest, 1))


def _cells(column: Any) -> list[Any]:
    """The cells of a column; a text that many rows have is held once."""
    import pyarrow

    if not pyarrow.types.is_dictionary(column.type):
        return [plain_cell(value) for value in column.to_pylist()]
    places = column.indices.to_pylist()
    texts = {
        place: "" if place is None else plain_cell(column.dictionary[place].as_py()) for place in set(places)
    }
    return [texts[place] for place in places]


# JSON


def json_kind(path: Path, encoding: str) -> str:
    """What a JSON text is: "json" (a table), "jsonl" (a table, one record a line), "one call", or "" (no JSON)."""
    head = _head(path, encoding)
    opening = head.lstrip("\ufeff \t\r\n")[:1]
    if opening not in ("{", "["):
        return ""
    if opening == "{":
        lines = [line for line in head.splitlines() if line.strip()]
        records = []
        for line in lines[:20]:
            try:
                records.append(json.loads(line))
            except (ValueError, RecursionError):
                break
        if len(records) >= 2 and all(isinstance(record, dict) for record in records):
            if len(lines) <= 20 and len(records) < len(lines) - 1:
                return "one call"
            if _is_turn(records[0]) and not _ids_differ(records) and path.stat().st_size < (1 << 22):
                return "one call"
            return "jsonl"
    if opening == "[":
        records = []
        try:
            for record in json_records(path, encoding, "json"):
                records.append(record)
                if len(records) >= 200:
                    break
        except UnreadableFile:
            return "one call" if path.stat().st_size < (1 << 24) else "json"
        if records and (not _is_turn(records[0]) or _ids_differ(records)):
            return "json"
        if len(records) < 200 and read_transcript(_text(path, encoding)).form == "unreadable":
            return "json"  # lines whose keys no vendor uses: as a table, they can be mapped
        return "one call" if path.stat().st_size < (1 << 24) else "json"
    if path.stat().st_size > _MOST_JSON:
        raise UnreadableFile(
            f"{path.name} is one JSON object of {path.stat().st_size >> 20:,} MB: export the calls as JSON lines or .csv."
        )
    text = _text(path, encoding)
    if read_transcript(text).form not in ("empty", "unreadable", "no speakers", "labelled text"):
        return "one call"  # a form that is known by its shape, whatever lists stand beside the turns
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return "one call"
    lists = _record_lists(data) if isinstance(data, dict) else []
    if len(lists) == 1 and not _is_turn(lists[0][1][0]):
        return "json"
    return "one call"


def _record_lists(data: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    return [
        (key, value)
        for key, value in data.items()
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
    ]


_ROLE_KEYS = re.compile(
    r"role|speaker|speaker.?role|participant.*|who|channel|from|sender|author|speaker.?label|party",
    re.IGNORECASE,
)
_TEXT_KEYS = re.compile(
    r"text|message|utterance|content|transcript|body|.*transcript|sentence|display", re.IGNORECASE
)


def _is_turn(record: Any) -> bool:
    """Is this record one turn of a conversation, not a call?"""
    if not isinstance(record, dict):
        return False
    times = [
        record.get(name) for name in ("start", "end", "stop", "start_time", "end_time", "offset", "begin")
    ]
    if sum(isinstance(time, int | float) and 0 <= time < 1e6 for time in times) >= 2:
        return True
    roles = any(_ROLE_KEYS.fullmatch(str(key)) for key in record)
    said = [
        value for key, value in record.items() if _TEXT_KEYS.fullmatch(str(key)) and isinstance(value, str)
    ]
    if any(is_data(value) for value in said):  # a whole transcript stands in the cell
        return False
    return bool(said) and (roles or len(record) <= 4) and all(value.count("\n") < 3 for value in said)


def _ids_differ(records: list[dict[str, Any]]) -> bool:
    """Do the records name more than one call?"""
    for key in records[0]:
        plain = re.sub(r"[\W_]+", "", str(key)).casefold()
        if plain in (
            "callid",
            "conversationid",
            "contactid",
            "interactionid",
            "sessionid",
            "uuid",
            "recordingid",
        ):
            return len({str(record.get(key)) for record in records if isinstance(record, dict)}) > 1
    return False


def _head(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        return file.read(_BLOCK)


def _text(path: Path, encoding: str) -> str:
    return path.read_text(encoding=encoding, errors="replace")


def json_records(path: Path, encoding: str, kind: str) -> Iterator[dict[str, Any]]:
    """The records of a JSON table, one after the other; an array is never held as a whole. Raises UnreadableFile."""
    if kind == "jsonl":
        yield from _json_lines(path, encoding)
        return
    decoder = json.JSONDecoder()
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        buffer = file.read(_BLOCK).lstrip("\ufeff \t\r\n")
        if not buffer.startswith("["):
            yield from _json_object(path, encoding)
            return
        place, count, ended = 1, 0, False
        wanted = _BLOCK
        while True:
            while place < len(buffer) and buffer[place] in " \t\r\n,":
                place += 1
            if place < len(buffer) and buffer[place] == "]":
                return
            try:
                if place >= len(buffer):
                    raise ValueError
                record, end = decoder.raw_decode(buffer, place)
                if end >= len(buffer) and not ended:
                    raise ValueError  # a number may go on in the next block
            except (ValueError, RecursionError):
                more = "" if ended else file.read(wanted)
                ended = ended or not more
                if ended and not more:
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
            yield record if isinstance(record, dict) else {"value": record}
            if place > _BLOCK:
                buffer, place = buffer[place:], 0


def _json_lines(path: Path, encoding: str) -> Iterator[dict[str, Any]]:
    with path.open(encoding=encoding, errors="replace") as file:
        number = 0
        while line := file.readline(_MOST_JSON):
            number += 1
            if not line.strip("\ufeff \t\r\n"):
                continue
            try:
                record = json.loads(line.lstrip("\ufeff"))
            except (ValueError, RecursionError):
                raise UnreadableFile(
                    f"Line {number:,} of {path.name} is not valid JSON: correct it, or export the file again."
                ) from None
            yield record if isinstance(record, dict) else {"value": record}


def _json_object(path: Path, encoding: str) -> Iterator[dict[str, Any]]:
    """The one list of records inside an object; what stands beside the list belongs to every record."""
    try:
        data = json.loads(_text(path, encoding).lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise UnreadableFile(f"{path.name} is not valid JSON: export it again.") from None
    lists = _record_lists(data) if isinstance(data, dict) else []
    if len(lists) != 1:
        raise UnreadableFile(
            f"{path.name} holds {len(lists)} lists of records: export the calls as one list, or as .csv."
        )
    key, records = lists[0]
    beside = {
        name: value for name, value in data.items() if name != key and not isinstance(value, list | dict)
    }
    for record in records:
        yield {**beside, **record}


def record_columns(records: Iterator[dict[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    """Names of the first records' keys in the order they appear, and those records."""
    ahead: list[dict[str, Any]] = []
    names: dict[str, None] = {}
    for record in records:
        ahead.append(record)
        names.update(dict.fromkeys(map(str, record)))
        if len(ahead) >= _LOOK_AHEAD or len(names) > MOST_COLUMNS:
            break
    return list(names), ahead


def record_rows(path: Path, encoding: str, kind: str) -> Iterator[list[Any]]:
    """The column names, then the rows; a key that comes up later stands as `key: value` behind the last column."""
    records = json_records(path, encoding, kind)
    names, ahead = record_columns(records)
    if len(names) > MOST_COLUMNS:
        raise too_wide(path.name, len(names))
    if not names:
        raise EmptySheet(f"{path.name} holds no records: export the calls again.")
    yield list(names)
    known = set(names)

    def row(record: dict[str, Any]) -> list[Any]:
        cells = [plain_cell(record.get(name)) for name in names]
        if len(record) and not record.keys() <= known:
            cells += [f"{key}: {plain_cell(value)}" for key, value in record.items() if key not in known]
        return cells

    for record in ahead:
        yield row(record)
    ahead.clear()
    for record in records:
        yield row(record)


# web pages


class _Tables(HTMLParser):
    """Rows of the tables of a page, as they are met; `tables` counts those with more than one row."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.depth = 0
        self.tables = 0
        self.cell: list[str] | None = None
        self.row: list[str] | None = None
        self.span = 1
        self.here = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.depth += 1
            self.here = 0
        elif tag == "tr" and self.depth:
            self._end_row()
            self.row = []
        elif tag in ("td", "th") and self.depth:
            self._end_cell()
            self.row = [] if self.row is None else self.row
            self.cell = []
            span = dict(attrs).get("colspan") or ""
            self.span = min(int(span), 100) if span.isdecimal() and len(span) < 6 else 1
        elif tag == "br" and self.cell is not None:
            self.cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table" and self.depth:
            self._end_row()
            self.depth -= 1

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)

    def _end_cell(self) -> None:
        if self.cell is not None and self.row is not None:
            text = "".join(self.cell).replace("\xa0", " ")
            self.row.append("\n".join(" ".join(line.split()) for line in text.split("\n")).strip())
            self.row += [""] * (self.span - 1)
        self.cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self.row is not None:
            self.here += 1
            self.tables += self.here == 2
            self.rows.append(self.row)
        self.row = None


def html_rows(path: Path, encoding: str) -> Iterator[list[Any]]:
    """The rows of a page's one table. Raises UnreadableFile: it has none, or several."""
    parser = _Tables()
    with path.open(encoding=encoding, errors="replace") as file:
        while block := file.read(_BLOCK >> 4):
            parser.feed(block)
            if parser.tables > 1 or len(parser.rawdata) > _BLOCK:
                break
            rows, parser.rows = parser.rows, []
            yield from rows
    if parser.tables < 2 and len(parser.rawdata) > _MOST_PENDING:  # to close it would take hours
        raise UnreadableFile(
            f"{path.name} is a web page that breaks off inside a tag: open it in Excel and save it as .xlsx."
        )
    parser.close()
    if parser.tables != 1:
        how = "no table" if not parser.tables else "more than one table"
        raise UnreadableFile(
            f"{path.name} is a web page with {how}, not a spreadsheet: open it in Excel and save it as .xlsx."
        )
    parser._end_row()
    yield from parser.rows
