"""Cells in the forms that calls, meters and JSON take."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from collections.abc import Mapping as Cells
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec

from reddy_lib.spreadsheet.calls.turn_cells import turns_of
from reddy_lib.spreadsheet.cells.side_cells import lines_of
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.model import Mapping

__all__ = ["channel_names", "columns_of", "plain_cell_of", "said_in_rows", "said_in_turns", "whole_number"]


def columns_of(cell: Any, names: Collection[str]) -> dict[str, list[Any]]:
    """The rows of another sheet, which stand in a cell as a JSON list, as columns: those named, and all others."""
    try:
        rows = msgspec.json.decode(cell) if isinstance(cell, str) and cell else []
    except msgspec.DecodeError:
        rows = []
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    all_names = dict.fromkeys([*names, *(name for row in rows for name in row)])
    return {name: [row.get(name, "") for row in rows] for name in all_names}


def said_in_rows(columns: Cells[str, list[Any]], mapping: Mapping) -> object:
    """Return the text of a call's rows for the loss meter: one turn per row, or plain text if no speaker is named."""
    fields = mapping.line_fields
    if mapping.row_is == "side":
        labels, cells = columns[fields["role"]], columns[fields["text"]]
        return [
            {"role": cell_text(label), "text": text, "start": clock}
            for label, cell in zip(labels, cells, strict=True)
            for clock, text in lines_of(cell_text(cell))
        ]
    texts = [cell_text(cell) for cell in columns[fields["text"]]]
    if "role" not in fields:
        return "\n".join(texts)
    named = [name for name in ("role", "start", "stop", "duration") if name in fields]
    others = [[cell_text(cell) for cell in columns[fields[name]]] for name in named]
    return [
        {"text": text, **dict(zip(named, rest, strict=True))}
        for text, *rest in zip(texts, *others, strict=True)
    ]


def said_in_turns(columns: Cells[str, Sequence[Any]], mapping: Mapping) -> object:
    """What the cells of `mapping.turns` say, as the meter takes it."""
    return [{"text": one["text"]} for one in turns_of(columns, mapping.turns).items]


def whole_number(text: str) -> int | None:
    match = re.fullmatch(r"(\d{1,15})(?:\.0+)?", text)
    return int(match[1]) if match else None


def channel_names(text: str | None) -> list[str]:
    """`["customer","agent"]` and `customer, agent` → ["customer", "agent"]."""
    if not text:
        return []
    if text.startswith("["):
        try:
            data = json.loads(text.replace("'", '"'))
        except ValueError:
            data = None
        if isinstance(data, list):
            return [str(name).strip().casefold() for name in data]
    return [name.strip(" []\"'").casefold() for name in re.split(r"[,;/|]", text) if name.strip(" []\"'")]


def plain_cell_of(cell: Any) -> Any:
    """A cell as JSON has it. The few cells of other kinds that a frame may hold are shown as text."""
    if cell is None or isinstance(cell, str | bool | int):
        return cell
    if isinstance(cell, float):
        return cell if cell == cell and abs(cell) != float("inf") else None
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return cell_text(cell)
    return str(cell)
