"""XML as a table: a file of records with an element each, and the XML that Excel 2003 wrote (SpreadsheetML).

The file is read as nested records, as JSON would have them: attributes and elements are keys, elements that are repeated
are lists. Nothing outside the file is read, and a file that declares entities is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.parsers import expat

from reddy_lib.errors import EmptySheet, UnreadableFile
from reddy_lib.spreadsheet.reading.json_calls import find_calls
from reddy_lib.spreadsheet.reading.json_tables import rows_of_records
from reddy_lib.spreadsheet.reading.records import holds_speech, is_turn_list
from reddy_lib.spreadsheet.reading.xml_fields import (
    Part,
    apart,
    are_fields,
    is_markup,
    parts_inside,
    plain_fields,
    plain_name,
    text_of_parts,
    turns_by_name,
)
from reddy_lib.transcripts import read_transcript

__all__ = ["is_one_call", "xml_rows", "xml_sheets"]

_BLOCK = 1 << 20
_MOST_BYTES = 64 << 20
_MOST_CALL = 16 << 20
_UNREAD = ("empty", "unreadable", "no speakers", "labelled text")
_MOST_ELEMENTS = 2_000_000
_MOST_CELLS = 5_000_000
_MOST_ROWS = 1_048_576  # as many as a sheet of Excel has
_DEPTH = 60
_SHEET_NAMESPACE = "urn:schemas-microsoft-com:office:spreadsheet"
_DECLARED = re.compile(rb"""<\?xml[^>]*encoding=["']([\w.:-]+)["']""")


class _TooMuch(Exception):
    pass


def xml_sheets(path: Path) -> list[str]:
    """The names of the sheets of an XML workbook; [] for any other XML file."""
    with path.open("rb") as file:
        head = file.read(_BLOCK)
    if _SHEET_NAMESPACE.encode() not in head and _SHEET_NAMESPACE.encode("utf-16-le") not in head:
        return []
    reader = _Sheets()
    _parse(path, reader.parser)
    return list(reader.sheets)


def is_one_call(path: Path) -> bool:
    """Whether an XML file is the transcript of one call, not a list of calls. Raises UnreadableFile: it is neither."""
    reader = _Records()
    _parse(path, reader.parser)
    data = reader.result()
    if find_calls(data) is not None:
        return False
    records = _records_without_words(data)
    small = path.stat().st_size <= _MOST_CALL
    if small and is_turn_list(records):
        return True
    transcript = read_transcript(path.read_bytes().decode("utf-8", "replace") if small else "")
    if transcript.form not in _UNREAD and len(transcript.lines) > 1:
        return True
    if not records and _one_record(data) is None:
        raise _no_calls(path)
    return False


def _no_calls(path: Path) -> UnreadableFile:
    return UnreadableFile(
        f"{path.name} is an XML file in which no element is repeated for each call: export the calls as .xlsx or .csv."
    )


def xml_rows(path: Path, sheet: str | None = None) -> Iterator[list[Any]]:
    """The rows of a sheet of an XML workbook, or the column names and one row for each call. Raises UnreadableFile."""
    if sheet is not None:
        sheets = _Sheets()
        _parse(path, sheets.parser)
        if sheet not in sheets.sheets:
            raise UnreadableFile(
                f"{path.name} has no sheet {sheet!r}: it has {', '.join(map(repr, sheets.sheets))}."
            )
        yield from sheets.sheets[sheet]
        return
    reader = _Records()
    _parse(path, reader.parser)
    data = reader.result()
    found = find_calls(data)
    records = found if found is not None else _records_without_words(data) or _one_record(data)
    if records is None:
        raise _no_calls(path)
    yield from rows_of_records(iter(records), path)


def _records_without_words(data: Any) -> list[dict[str, Any]] | None:
    """The one list of records near the root; None where there is none."""
    for _ in range(3):
        if not isinstance(data, dict):
            return None
        lists = [
            value
            for value in data.values()
            if isinstance(value, list) and all(isinstance(item, dict) for item in value)
        ]
        if len(lists) == 1:
            return lists[0]
        inner = [value for value in data.values() if isinstance(value, dict)]
        if len(inner) != 1:
            return None
        data = inner[0]
    return None


def _one_record(data: Any) -> list[dict[str, Any]] | None:
    """The one record of a file with a single call, in which somebody speaks; None where nobody does."""
    while isinstance(data, dict) and len(data) == 1:
        data = next(iter(data.values()))
    return [data] if isinstance(data, dict) and holds_speech(data) else None


def _parse(path: Path, parser: Any) -> None:
    if path.stat().st_size > _MOST_BYTES:
        raise UnreadableFile(
            f"{path.name} is an XML file of {path.stat().st_size >> 20:,} MB: export the calls as .xlsx or .csv."
        )
    data = path.read_bytes()
    declared = _DECLARED.match(data[:200].lstrip(b"\xef\xbb\xbf \r\n\t"))
    try:
        if declared is not None and declared[1].lower() not in (
            b"utf-8",
            b"utf-16",
            b"iso-8859-1",
            b"us-ascii",
        ):
            text = data.decode(declared[1].decode(), "replace")
            parser.Parse(re.sub(r"^\s*<\?xml[^>]*\?>", "", text).encode(), True)
        else:
            data = data.lstrip()
            for start in range(0, len(data), _BLOCK):
                parser.Parse(data[start : start + _BLOCK], False)
            parser.Parse(b"", True)
    except _TooMuch as error:
        raise UnreadableFile(f"{path.name} {error}: export the calls as .xlsx or .csv.") from None
    except (expat.ExpatError, LookupError, ValueError) as error:
        line = getattr(error, "lineno", 0)
        where = f" in line {line:,}" if line else ""
        raise UnreadableFile(f"{path.name} is not valid XML{where}: export it again.") from None
    if not data.strip():
        raise EmptySheet(f"{path.name} is empty: export the calls again.")


def _entity(*_: Any) -> None:
    raise _TooMuch("declares entities of its own, which no export of calls needs")


def _plain(name: str) -> str:
    return plain_name(name.rpartition("}")[2].rpartition(":")[2] if "}" in name or ":" in name else name)


class _Element:
    """An element that is still open.

    `children`: name → its value, or its values where the element is repeated. `text`: of its own. `parts`: with that
    of the elements inside, as long as `plain`. `plain`: the inner elements may be mere formatting. `styled`: they
    certainly are.
    """

    __slots__ = ("attributes", "children", "in_order", "name", "parts", "plain", "styled", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: dict[str, Any] = {}
        self.in_order: list[tuple[str, Any]] = []
        self.text: list[str] = []
        self.parts: list[Part] = []
        self.plain = self.styled = True

    def own(self) -> str:
        return "".join(self.text).strip()

    def is_text(self) -> bool:
        """Return whether the elements inside are words of its text, rather than fields of their own."""
        if not self.children or not self.plain:
            return False
        return bool(self.own()) or (self.styled and not are_fields(self.children))


class _Records:
    """Elements as nested dictionaries."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._words
        self.parser.EntityDeclHandler = _entity
        self._open: list[_Element] = [_Element("", {})]
        self._repeated: set[tuple[str, str]] = set()
        self._count = 0

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > _MOST_ELEMENTS:
            raise _TooMuch(f"has more than {_MOST_ELEMENTS:,} elements")
        if len(self._open) > _DEPTH:
            raise _TooMuch(f"has elements nested {_DEPTH} deep")
        plain = {_plain(key): value for key, value in attributes.items() if not key.startswith("xmlns")}
        self._open.append(_Element(_plain(name), plain))

    def _end(self, _: str) -> None:
        element = self._open.pop()
        if element.children and element.plain and not element.own():
            element.parts = apart(element.children, element.parts)
        value = self._value(element)
        above = self._open[-1]
        if above.plain:
            words = not element.children or element.is_text()
            above.plain = words and is_markup(element.name, element.attributes, among_words=True)
            above.styled = above.styled and is_markup(element.name, element.attributes, among_words=False)
            if above.plain:
                above.parts += parts_inside(element.name, element.parts)
        above.in_order.append((element.name, value))
        if element.name not in above.children:
            above.children[element.name] = value
            return
        # A list, from the second of them on: a value is never a list itself.
        self._repeated.add((above.name, element.name))
        before = above.children[element.name]
        if isinstance(before, list):
            before.append(value)
        else:
            above.children[element.name] = [before, value]

    def _words(self, text: str) -> None:
        element = self._open[-1]
        element.text.append(text)
        if element.plain:
            element.parts.append(text)

    def _value(self, element: _Element) -> Any:
        text = element.own()
        if element.is_text():
            text = text_of_parts(element.parts)
            element.children = {}
        if not element.children and (not element.attributes or element.attributes.get("nil") == "true"):
            return text
        data: dict[str, Any] = dict(element.attributes)
        children = element.children
        if len(children) > 1 and len(element.in_order) > len(children):
            turns = turns_by_name(element.in_order)
            children = children if turns is None else {"turn": turns}
        for name, value in children.items():
            while name in data:
                name += "_"
            data[name] = value
        if text:
            data["text" if "text" not in data else "text_"] = text
        return data

    def result(self) -> Any:
        return plain_fields(self._listed("", self._open[0].children))

    def _listed(self, name: str, value: Any) -> Any:
        """A value in which an element that is repeated in one place is a list in all of them."""
        if isinstance(value, list):
            return [self._listed(name, item) for item in value]
        if not isinstance(value, dict):
            return value
        for key, inner in value.items():
            inner = self._listed(key, inner)
            value[key] = [inner] if (name, key) in self._repeated and not isinstance(inner, list) else inner
        return value


class _Sheets:
    """The rows of the sheets of an XML workbook."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._words
        self.parser.EntityDeclHandler = _entity
        self.sheets: dict[str, list[list[Any]]] = {}
        self._rows: list[list[Any]] | None = None
        self._row: list[Any] | None = None
        self._place = self._across = self._cells = 0
        self._type = ""
        self._said: list[str] | None = None
        self._value: Any = ""

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        name = _plain(name)
        said = {_plain(key): value for key, value in attributes.items()}
        if name == "Worksheet":
            self._rows = self.sheets.setdefault(said.get("Name", f"Sheet{len(self.sheets) + 1}"), [])
        elif name == "Row" and self._rows is not None:
            index = _number(said.get("Index"))
            if index > _MOST_ROWS:
                raise _TooMuch(f"has a cell below row {_MOST_ROWS:,}")
            if index:
                self._take(min(index - 1 - len(self._rows), _MOST_CELLS))
                self._rows += [[] for _ in range(max(index - 1 - len(self._rows), 0))]
            self._row, self._place = [], 0
        elif name == "Cell" and self._row is not None:
            self._place = (
                (_number(said.get("Index")) or self._place + 1) if said.get("Index") else self._place + 1
            )
            self._across = _number(said.get("MergeAcross"))
            self._value = ""
        elif name == "Data" and self._row is not None:
            self._type, self._said = said.get("Type", "String"), []

    def _take(self, cells: int) -> None:
        self._cells += max(cells, 0)
        if self._cells > _MOST_CELLS:
            raise _TooMuch(f"has more than {_MOST_CELLS:,} cells")

    def _words(self, text: str) -> None:
        if self._said is not None:
            self._said.append(text)

    def _end(self, name: str) -> None:
        name = _plain(name)
        if name == "Data" and self._said is not None:
            self._value = _typed("".join(self._said), self._type)
            self._said = None
        elif name == "Cell" and self._row is not None:
            if self._place > 16_384:
                raise _TooMuch("has more columns than a sheet")
            self._take(self._place - len(self._row))
            self._row += [""] * (self._place - 1 - len(self._row))
            self._row.append(self._value)
            self._place += min(self._across, 16_384)
        elif name == "Row" and self._rows is not None and self._row is not None:
            self._rows.append(self._row)
            self._row = None
        elif name == "Worksheet":
            self._rows = None


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 8 else 0


def _typed(text: str, kind: str) -> Any:
    if kind == "Number":
        try:
            number = float(text)
        except ValueError:
            return text
        if text.strip().lstrip("-").isdecimal():
            return int(text)
        return number
    if kind == "DateTime":
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return text
    if kind == "Boolean":
        return text.strip() in ("1", "true")
    return text
