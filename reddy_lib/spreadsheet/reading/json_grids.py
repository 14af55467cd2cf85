"""Tables as databases and reporting tools write them in JSON: the names of the columns in one list, the rows in another.

The two lists may stand side by side or in parts of their own (`{"schema": {"fields": […]}, "rows": […]}`), at any depth,
and a row may wrap its cells (`{"f": [{"v": 1}, …]}`). Names and rows belong together if they are equally long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

__all__ = ["grid_tables"]

_DEPTH = 7
_LEAST_COLUMNS = 3  # lists of two values are turns: who, what
_NAMES_KEY = re.compile(r"col|field|head|schema|row_?type|meta|names", re.IGNORECASE)
_NAME_KEYS = ("name", "columnname", "column_name", "label", "title", "display_name", "field", "id")
_CELL_KEYS = ("v", "value", "varcharvalue")
_MOST_CELL_KEYS = 6
_QUALIFIED = re.compile(r"[^\[\]]*\[([^\[\]]+)\]")
_SCRIPT_DATE = re.compile(
    r"Date\((\d{4}),(\d{1,2}),(\d{1,2})(?:,(\d{1,2}),(\d{1,2}),(\d{1,2})(?:,\d{1,3})?)?\)"
)


class _Names(NamedTuple):
    path: tuple[str, ...]
    names: list[str]


class _Rows(NamedTuple):
    path: tuple[str, ...]
    rows: list[list[Any]]


def grid_tables(data: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return (name, rows as records) of the tables that an object holds, that with the most text first.

    Tables with the same columns are one. The name is that of the part of the object that holds the table.
    """
    lists = list(_lists(data, (), 0))
    named = [
        _Names(path, names)
        for path, value in lists
        if any(map(_NAMES_KEY.search, path[-2:])) and (names := _names(value)) is not None
    ]
    if not named:
        qualified = _qualified(lists)
        return [] if qualified is None else [("", qualified)]
    tables: dict[tuple[str, ...], tuple[str, list[dict[str, Any]]]] = {}
    for path, value in lists:
        rows = _rows(value)
        if rows is None:
            continue
        fitting = [one for one in named if len(one.names) == len(rows[0]) and one.path != path]
        if not fitting:
            continue
        names = max(fitting, key=lambda one: _shared(one.path, path)).names
        body = rows[1:] if rows[0] == names else rows
        name = next((key for key in reversed(path[:-1]) if not key.isdecimal()), path[-1])
        _, records = tables.setdefault(tuple(names), (name, []))
        records.extend(dict(zip(names, row, strict=True)) for row in body)
    filled = [table for table in tables.values() if table[1]]
    return sorted(filled, key=lambda table: -_amount_of_text(table[1]))


def _lists(data: Any, path: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """Yield (path, list) of each list in an object, also of those inside the items of short lists."""
    if depth > _DEPTH:
        return
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _lists(value, (*path, str(key)), depth + 1)
    elif isinstance(data, list) and data:
        yield path, data
        if len(data) <= _MOST_TABLES and all(isinstance(item, dict) for item in data):
            for number, item in enumerate(data):
                yield from _lists(item, (*path, str(number)), depth + 1)


_MOST_TABLES = 50


def _names(value: Sequence[Any]) -> list[str] | None:
    """Return the names of columns that a list holds, as texts or in descriptions; None if it holds none."""
    if len(value) < _LEAST_COLUMNS:
        return None
    if all(isinstance(item, dict) for item in value):
        lowered = [{str(key).lower(): inner for key, inner in item.items()} for item in value]
        for first in _NAME_KEYS:
            # A column without a label has an id alone.
            found = [
                next((item[key] for key in (first, *_NAME_KEYS) if _is_name(item.get(key))), "")
                for item in lowered
            ]
            labelled = sum(_is_name(item.get(first)) for item in lowered)
            if 2 * labelled > len(lowered) and all(found) and len(set(found)) == len(found):
                return found
        return None
    if not all(isinstance(item, str) and 0 < len(item) < 60 for item in value):
        return None
    return list(value) if len(set(value)) == len(value) else None


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _rows(value: Sequence[Any]) -> list[list[Any]] | None:
    """Return the rows that a list holds, each as long as the others and with plain cells; None if it holds none."""
    rows = [_row(item) for item in value]
    width = len(rows[0]) if rows[0] is not None else 0
    if width < _LEAST_COLUMNS:
        return None
    found = [row for row in rows if row is not None and len(row) == width]
    return found if len(found) == len(rows) else None


def _row(item: Any) -> list[Any] | None:
    """Return the cells of a row: a list, or an object whose only list holds them."""
    if isinstance(item, list):
        return [_cell(cell) for cell in item]
    if not isinstance(item, dict):
        return None
    inner = [value for value in item.values() if isinstance(value, list)]
    if len(inner) != 1 or not inner[0] or not all(_is_cell(cell) for cell in inner[0]):
        return None
    return [_cell(cell) for cell in inner[0]]


def _is_cell(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and len(value) <= _MOST_CELL_KEYS
        and (not value or any(str(key).lower() in _CELL_KEYS for key in value))
    )


def _cell(value: Any) -> Any:
    """Return a cell without its wrapping. A date of JavaScript counts its months from 0."""
    if isinstance(value, dict) and _is_cell(value):
        value = next((inner for key, inner in value.items() if str(key).lower() in _CELL_KEYS), None)
    if isinstance(value, str) and (match := _SCRIPT_DATE.fullmatch(value)):
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        day_text = f"{year:04}-{month + 1:02}-{day:02}"
        return day_text if match[4] is None else f"{day_text} {hour:02}:{minute:02}:{second:02}"
    return value


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many steps of two paths from the top are the same."""
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return count


def _amount_of_text(records: Sequence[dict[str, Any]]) -> int:
    return sum(len(value) for record in records[:200] for value in record.values() if isinstance(value, str))


def _qualified(lists: Sequence[tuple[tuple[str, ...], list[Any]]]) -> list[dict[str, Any]] | None:
    """Return records whose keys name their table too, as in `Calls[Agent]`, under the names of their columns."""
    for _, value in lists:
        if not all(isinstance(item, dict) for item in value):
            continue
        keys = dict.fromkeys(str(key) for item in value for key in item)
        matches = {key: _QUALIFIED.fullmatch(key) for key in keys}
        names = {key: match[1] for key, match in matches.items() if match}
        if len(keys) >= _LEAST_COLUMNS and len(names) == len(keys) == len(set(names.values())):
            return [{names[str(key)]: inner for key, inner in item.items()} for item in value]
    return None
