"""Where a field's value comes from: one column, several joined, the file's name, a value table, a default.

In this order: the cell (or the joined cells); where that is empty, the file's name; what they say goes through the
field's value table; where there is still nothing, the default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Cells
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from reddy_lib.spreadsheet.cells.cell_kinds import PART_OF_A_DAY, bare_clock, is_empty
from reddy_lib.spreadsheet.cells.placeholders import is_placeholder
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.file_names import name_value
from reddy_lib.spreadsheet.model import Mapping, fold_name

__all__ = ["Sources", "fold_text", "joined"]

NAMING = frozenset(("conversation_id", "agent_email", "filename"))
"""Fields whose cells name something: a placeholder in them counts as empty. That of a time or a product is a finding."""
_FOLDED = ("product_id", "agent_email")


class Sources:
    """A mapping's sources made ready for many rows. `file_name`: of the sheet; `name_column`: of each row's own file."""

    def __init__(self, mapping: Mapping, *, file_name: str = "", name_column: str = "") -> None:
        self.fields = mapping.fields
        self.joins = mapping.joins
        self.patterns = mapping.from_name
        self.values = mapping.values
        self.defaults = {field: _named(field, value) for field, value in mapping.defaults.items()}
        self._given_defaults = mapping.defaults
        self.file_name = file_name
        self.name_column = name_column
        # Most fields are one column as it is: they need not be thought about row by row.
        self._plain = {
            field: column
            for field, column in mapping.fields.items()
            if field not in mapping.from_name
            and not mapping.values.get(field)
            and self.defaults.get(field) in (None, "")
        }
        self._folded = {field: _folded(field, table) for field, table in mapping.values.items() if table}

    def given(self, field: str, cells: Cells[str, Any]) -> Any:
        """What the row, or its file's name, says of a field; "" where neither does."""
        column = self.fields.get(field)
        if column is not None:
            cell = cells[column]
        elif field in self.joins:
            join = self.joins[field]
            parts = [_named(field, cells[name]) for name in join.columns]
            if field == "transcript" and not join.separator:
                # A text that was cut wherever a cell was full: the spaces at the cut are its own.
                cell = "".join(map(cell_text, parts))
            else:
                cell = joined(parts, join.separator, moment=field == "timestamp")
        else:
            cell = ""
        cell = _named(field, cell)
        if field in self.patterns and is_empty(cell):
            cell = _named(field, name_value(self.patterns[field], field, self.name_of(cells)) or "")
        return cell

    def value(self, field: str, cells: Cells[str, Any]) -> Any:
        """What feeds the field in the end: through its table, or its default; "" where there is nothing."""
        plain = self._plain.get(field)
        if plain is not None:
            cell = _named(field, cells[plain])
            return self.defaults.get(field, "") if is_empty(cell) else cell
        cell = self.given(field, cells)
        if not is_empty(cell):
            cell = _named(field, self.through_table(field, cell))
        return self.defaults.get(field, "") if is_empty(cell) else cell

    def placeholder(self, field: str, cells: Cells[str, Any]) -> str | None:
        """Return the first placeholder (such as "NULL") found where a field should hold a name, or None."""
        column = self.fields.get(field)
        columns = [column] if column is not None else self.joins[field].columns if field in self.joins else []
        said = [cells[name] for name in columns]
        if field in self.patterns:
            said.append(name_value(self.patterns[field], field, self.name_of(cells)))
        said += [self.through_table(field, cell) for cell in said[: len(columns)] if field in self.values]
        said.append(self._given_defaults.get(field))
        return next((cell_text(cell).strip() for cell in said if is_placeholder(cell)), None)

    def through_table(self, field: str, cell: Any) -> Any:
        """What the value table has for a cell: by its exact text, else by one that is written alike; else the cell."""
        table = self.values.get(field)
        if not table:
            return cell
        text = cell_text(cell).strip()
        found = table.get(text)
        if found in (None, ""):
            found = self._folded[field].get(fold_text(field, text))
        return cell if found in (None, "") else found

    def name_of(self, cells: Cells[str, Any]) -> str:
        """The name of the file that holds this row's transcript, or of the sheet."""
        own = cell_text(cells.get(self.name_column, "")).strip() if self.name_column else ""
        return own or self.file_name


def _named(field: str, cell: Any) -> Any:
    """Return the cell, or "" if the field holds a name and the cell is a placeholder."""
    return "" if field in NAMING and is_placeholder(cell) else cell


def fold_text(field: str, text: str) -> str:
    """How texts of a value table are compared where none is exactly the cell's."""
    if field == "agent_email" and "@" not in text:
        last, comma, first = text.partition(",")
        if comma and "," not in first:
            text = f"{first.strip()} {last.strip()}"  # "Weber, Ann" is Ann Weber
    return fold_name(text) if field in _FOLDED else " ".join(text.split()).casefold()


def _folded(field: str, table: Cells[str, Any]) -> dict[str, Any]:
    """Folded text → value, without texts that would stand for two values."""
    found: dict[str, Any] = {}
    doubtful: set[str] = set()
    for text, value in table.items():
        folded = fold_text(field, text)
        if value in (None, "") or not folded:
            continue
        if folded in found and found[folded] != value:
            doubtful.add(folded)
        found[folded] = value
    return {text: value for text, value in found.items() if text not in doubtful}


def joined(cells: Sequence[Any], separator: str = " ", *, moment: bool = False) -> str:
    """Cells as one text, those that are empty passed over; `moment`: a date and a time of day, as a date with a clock.

    A date may be three cells, its year, month and day, and a time of day two or three.
    """
    filled = [cell for cell in cells if not is_empty(cell)]
    if not moment:
        return separator.join(cell_text(cell).strip() for cell in filled)
    if len(cells) > 2 and len(filled) == len(cells) and (parts := _of_parts(list(map(cell_text, cells)))):
        return parts
    return " ".join(_of_moment(cell, first=not place) for place, cell in enumerate(filled))


def _of_parts(texts: list[str]) -> str:
    """Return a moment of its year, month, day, hour and minute; "" where these are none."""
    year, month, day, *clock = [text.strip().removesuffix(".0") for text in texts]
    if not re.fullmatch(r"\d{4}", year) or not re.fullmatch(r"\d{1,2}", day):
        return ""
    date_ = f"{year}-{month:0>2}-{day:0>2}" if month.isdecimal() else f"{day} {month} {year}"
    if len(clock) < 2:
        return " ".join([date_, *clock])
    if not all(re.fullmatch(r"\d{1,2}", part) for part in clock):
        return ""
    return f"{date_} {':'.join(f'{part:0>2}' for part in clock)}"


def _of_moment(cell: Any, *, first: bool) -> str:
    if isinstance(cell, datetime):
        if cell.year <= 1904:  # a time of day, as some workbooks hold it
            return _clock(cell.time())
        midnight = cell.tzinfo is None and cell.time() == time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return _clock(cell)
    if isinstance(cell, timedelta):
        return cell_text(cell)
    if isinstance(cell, float) and 0 <= cell < 1:  # a part of a day
        return cell_text(timedelta(seconds=round(cell * 86_400)))
    text = cell_text(cell).strip()
    if first:
        return re.sub(
            r"(?<=\d)[T ]0{1,2}:00(?::00(?:\.0+)?)?$", "", text
        )  # midnight, because it is a date alone
    if PART_OF_A_DAY.fullmatch(text):
        return cell_text(timedelta(seconds=round(float(text.replace(",", ".")) * 86_400)))
    bare = bare_clock(cell)
    if bare is None:
        return text
    hour, minute, second = bare
    return f"{hour:02}:{minute:02}:{second:02}" if second else f"{hour:02}:{minute:02}"


def _clock(moment: time) -> str:
    return moment.isoformat()
