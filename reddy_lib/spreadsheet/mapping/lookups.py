"""Value tables out of a second sheet: which agent has which email, which queue is which product.

The sheet is a file of its own or another one of the same workbook. Which of its columns is the key is found by
what the calls have, which the value by what the field takes; both can be named instead.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec

from reddy_lib.errors import MappingError, SheetError
from reddy_lib.spreadsheet.calls.sources import fold_text, joined
from reddy_lib.spreadsheet.cells.dates import looks_like_time
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.model import ProductLike, spelled_products
from reddy_lib.spreadsheet.reading.detection import detect_format
from reddy_lib.spreadsheet.reading.files import workbook_kept
from reddy_lib.spreadsheet.reading.sheets import read_sheet, sheet_names

__all__ = ["Lookup", "find_column", "find_lookup", "lookup_sheets", "read_lookup"]

_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]{2,}")
_MOST_ROWS = 20_000
_MOST_SHEETS = 12
_MOST_LISTED = 50


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """A value table and where it comes from.

    Attributes:
        field: of a call, that it is for.
        source: the sheet's name, or the file's.
        key: the column, or the columns that are joined, whose texts the calls have.
        value: the column of the values.
        values: text → value, ready for `mapping.replace(values={field: values})`.
        matched, wanted: how many different texts of the calls are in it, of how many.
        doubtful: texts with several values, left out of `values`.
        reason: how the columns were found.
    """

    field: str
    source: str
    key: list[str]
    value: str
    values: dict[str, Any]
    matched: int
    wanted: int
    doubtful: list[str]
    reason: str

    def __repr__(self) -> str:
        return f"<Lookup {self.field} · {' + '.join(self.key)} → {self.value} · {len(self.values):,} values>"


def read_lookup(
    path: str | os.PathLike[str],
    *,
    field: str,
    texts: Iterable[object] = (),
    sheet: str | None = None,
    key: str | None = None,
    value: str | None = None,
    products: Sequence[ProductLike] | None = None,
) -> Lookup:
    """The value table that a sheet holds for a field. `texts`: cells of the calls that it is to translate.

    `key`, `value`: its columns, where they are known. `products`: with them, names of products become ids.
    Raises MappingError: no column can be the key or the value. SheetError: the file cannot be read.
    """
    frame = read_sheet(path, sheet=sheet, nrows=_MOST_ROWS)
    source = sheet or Path(path).name
    names = [str(name) for name in frame.columns]
    for chosen in (key, value):
        if chosen is not None and chosen not in names:
            raise MappingError(
                f"{source} has no column {chosen!r}: choose among {', '.join(map(repr, names))}."
            )
    columns = {name: frame.iloc[:, place].tolist() for place, name in enumerate(names)}
    wanted = {fold_text(field, text) for text in (cell_text(cell) for cell in texts) if text.strip()}
    ids = spelled_products(products or ())
    keys = [key] if key is not None else _key(field, columns, wanted, value)
    if value is None and keys:
        value, why = _value(field, {name: columns[name] for name in names if name not in keys}, ids)
    elif value is None:
        value, why = _value(field, columns, ids)
    else:
        why = "as chosen"
    if not value:
        raise MappingError(
            f"No column of {source} can be the {field}: choose the column that holds it, or another sheet."
        )
    if not keys:
        others = [name for name in names if name != value]
        keys = [max(others, key=lambda name: _telling(columns[name]))] if others and not wanted else []
    if not keys or keys == [value]:
        raise MappingError(
            f"No column of {source} has the texts of the calls' {field}: choose the column that does."
        )
    values, doubtful = _table(field, [columns[name] for name in keys], columns[value], ids)
    known = {fold_text(field, text) for text in values}
    matched = len(wanted & known)
    reason = f"{source}: {' + '.join(map(repr, keys))} → {value!r} ({why})"
    if wanted:
        reason += f"; {matched} of {len(wanted)} different texts of the calls are in it"
    return Lookup(
        field=field,
        source=source,
        key=keys,
        value=value,
        values=values,
        matched=matched,
        wanted=len(wanted),
        doubtful=doubtful,
        reason=reason,
    )


def find_lookup(
    path: str | os.PathLike[str], *, field: str, texts: Iterable[object], but: Iterable[str | None] = ()
) -> Lookup | None:
    """The sheet of this workbook, other than those of `but`, that knows most of these texts; None: none knows half."""
    texts = list(texts)
    best: Lookup | None = None
    skipped = set(but)
    for name in [name for name in sheet_names(path) if name not in skipped][:_MOST_SHEETS]:
        try:
            found = read_lookup(path, field=field, texts=texts, sheet=name)
        except (MappingError, SheetError):
            continue
        if found.matched * 2 >= found.wanted and (best is None or found.matched > best.matched):
            best = found if found.matched else best
    return best


@workbook_kept()
def find_column(
    path: str | os.PathLike[str],
    *,
    field: str,
    columns: Mapping[str, Sequence[object]],
    but: Iterable[str | None] = (),
) -> tuple[str, Lookup] | None:
    """Return (the column of the calls whose texts another sheet of the file translates, the value table).

    Nearly all texts of the column have to be in that sheet, each with one value. None: no sheet has them.
    """
    best: tuple[tuple[int, int], str, Lookup] | None = None
    skipped = set(but)
    texts = {
        name: {text for cell in cells if (text := cell_text(cell).strip())} for name, cells in columns.items()
    }
    for sheet in [name for name in sheet_names(path) if name not in skipped][:_MOST_SHEETS]:
        for name, wanted in texts.items():
            try:
                found = read_lookup(path, field=field, texts=wanted, sheet=sheet)
            except MappingError:
                continue
            except SheetError:
                break
            if found.matched < 2 or found.matched < 0.9 * found.wanted or found.doubtful:
                continue
            rank = (found.matched, -len(found.values))
            if best is None or rank > best[0]:
                best = (rank, name, found)
    return best[1:] if best else None


@workbook_kept()
def lookup_sheets(path: str | os.PathLike[str]) -> tuple[list[str], str | None]:
    """(sheets of a workbook that hold a table, the one that is read if none is named); ([], None) for other files.

    Raises SheetError: the file cannot be read.
    """
    detected = detect_format(path)
    if detected.kind != "excel":
        return [], None
    found = []
    for name in sheet_names(path)[:_MOST_LISTED]:
        try:
            detect_format(path, sheet=name)
        except SheetError:
            continue
        found.append(name)
    return found, detected.sheet


def _key(field: str, columns: dict[str, list[Any]], wanted: set[str], value: str | None) -> list[str]:
    """The column, or the two as first and last name, that has most of the texts wanted; [] where none has any."""
    best: tuple[int, list[str]] = (0, [])
    free = [name for name in columns if name != value]
    if not wanted:
        return []
    for name in free:
        count = len(wanted & {fold_text(field, cell_text(cell)) for cell in columns[name]})
        if count > best[0]:
            best = (count, [name])
    if not best[0] and len(free) <= 8:
        for pair in permutations(free, 2):
            both = zip(columns[pair[0]], columns[pair[1]], strict=True)
            count = len(wanted & {fold_text(field, joined(cells)) for cells in both})
            if count > best[0]:
                best = (count, list(pair))
    return best[1]


def _value(field: str, columns: dict[str, list[Any]], ids: dict[str, int]) -> tuple[str, str]:
    """The column whose cells the field takes, and why; ("", "") where there is none."""
    best: tuple[float, str, str] = (0.0, "", "")
    for name, cells in columns.items():
        filled = [text for cell in cells if (text := cell_text(cell).strip())]
        if not filled:
            continue
        if field == "agent_email":
            fits, what = sum(_EMAIL.fullmatch(text) is not None for text in filled), "look like emails"
        elif field == "product_id":
            numbers = set(ids.values())
            fits = sum(
                fold_text(field, text) in ids or (text.isdecimal() and (not ids or int(text) in numbers))
                for text in filled
            )
            what = "are products" if ids else "are numbers"
        elif field == "timestamp":
            fits, what = sum(map(looks_like_time, cells)), "look like dates or times"
        else:
            fits, what = len(filled) * (len(columns) == 1), "are filled, in the only other column"
        share = fits / len(filled)
        if share >= 0.5 and share > best[0]:
            best = (share, name, f"{int(100 * share)}% {what}")
    return best[1], best[2]


def _telling(cells: Sequence[Any]) -> float:
    texts = [text for cell in cells if (text := cell_text(cell).strip())]
    words = sum(any(mark.isalpha() for mark in text) and "@" not in text for text in texts)
    return words / max(len(cells), 1) + len(set(texts)) / max(len(cells), 1)


def _table(
    field: str, keys: Sequence[Sequence[Any]], cells: Sequence[Any], ids: dict[str, int]
) -> tuple[dict[str, Any], list[str]]:
    found: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    doubtful: set[str] = set()
    for parts, cell in zip(zip(*keys, strict=True), cells, strict=True):
        text, value = joined(parts).strip(), cell_text(cell).strip()
        if not text or not value:
            continue
        if field == "product_id":
            number = ids.get(fold_text(field, value), int(value) if value.isdecimal() else None)
            if number is None:
                continue
            known: Any = number
        else:
            known = value
        folded = fold_text(field, text)
        if found.setdefault(folded, known) != known:
            doubtful.add(folded)
        spelled.setdefault(folded, text)
    return (
        {text: found[folded] for folded, text in spelled.items() if folded not in doubtful},
        [spelled[folded] for folded in found if folded in doubtful],
    )
