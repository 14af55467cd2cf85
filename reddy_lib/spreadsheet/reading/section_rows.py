"""Tables that are grouped: a row that names an agent, a product or a day precedes the calls that belong to it.

What such a row says becomes a column of its own. Row numbers stay those of the sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise
from typing import Any, NamedTuple

from reddy_lib.spreadsheet.reading.blocks import Rows, label_and_value, row_texts
from reddy_lib.spreadsheet.reading.furniture import is_total
from reddy_lib.spreadsheet.reading.report_blocks import has_known_names, known_name
from reddy_lib.transcripts.asides import is_day

__all__ = ["are_sectioned", "section_rows"]

_AHEAD = 500
_FEWEST_NAMES, _FEWEST = 3, 2
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.\w+")


class _Sections(NamedTuple):
    """How a table is grouped: its header, where that stands, the label of the sections ("" for bare values), and the
    name of their column."""

    header: list[str]
    place: int
    label: str
    name: str


def are_sectioned(rows: Rows) -> bool:
    """Return whether the first rows of a sheet are a grouped table that `section_rows` reads."""
    return _find(rows) is not None


def section_rows(rows: Iterable[tuple[int, list[Any]]], left: list[str]) -> Iterator[tuple[int, list[Any]]]:
    """Return the rows of a grouped table without those of its sections, whose value stands in the last column of each.

    `left`: takes the texts above the table.
    """
    rows = iter(rows)
    ahead = list(islice(rows, _AHEAD))
    found = _find(ahead)
    if found is None:
        yield from chain(ahead, rows)
        return
    section: Any = ""
    for _, cells in ahead[: found.place]:
        value = _section(row_texts(cells), found.label)
        section = section if value is None else value
        if value is None and (texts := list(filter(None, row_texts(cells)))):
            left.append(" · ".join(texts))
    width = len(found.header)
    yield 1, [*found.header, found.name]
    for number, cells in chain(ahead[found.place :], rows):
        texts = row_texts(cells)
        value = _section(texts, found.label)
        if value is not None:
            section = value
        elif texts and texts != found.header:
            if _filled(texts) == 1 and not is_total(cells):
                section = (
                    ""  # the heading of a group that nothing is known of, rather than a call of the one above
                )
            called = [*cells[:width], *[""] * (width - len(cells)), section, *cells[width:]]
            yield number, list(cells) if is_total(cells) else called


def _find(rows: Rows) -> _Sections | None:
    texts = [row_texts(cells) for _, cells in rows[:_AHEAD]]
    place = next((n for n, row in enumerate(texts) if _is_header(row)), None)
    if place is None:
        return None
    header = texts[place]
    above = [row for row in texts[:place] if row][-1:]
    below = [row for row in texts[place + 1 :] if row and row != header and not is_total(row)]
    for label in dict.fromkeys(label for row in (*above, *below[:1]) if (label := _label(row)) is not None):
        if label and any(label.casefold() == name.casefold() for name in header):
            continue
        kinds = ["section" if _section(row, label) is not None else "call" for row in below]
        first = bool(above) and _section(above[0], label) is not None
        sections = [value for row in (*above, *below) if (value := _section(row, label)) is not None]
        calls = [row for row, kind in zip(below, kinds, strict=True) if kind == "call"]
        if len(set(sections)) < _FEWEST or not calls or kinds[-1] != "call":
            continue
        if not (first or kinds[0] == "section") or any(_filled(row) < _FEWEST_NAMES for row in calls):
            continue
        if any(one == other == "section" for one, other in pairwise(kinds)):
            continue  # sections of sections
        name = label or ("Date" if all(map(is_day, sections)) else "Section")
        return _Sections(header, place, label, name)
    return None


def _is_header(row: Sequence[str]) -> bool:
    filled = list(filter(None, row))
    return len(filled) >= _FEWEST_NAMES and has_known_names(filled) >= _FEWEST_NAMES


def _filled(row: Sequence[str]) -> int:
    return sum(map(bool, row))


def _label(row: Sequence[str]) -> str | None:
    """Return the label of a row that may name a section: "" for a bare address or day; None for any other row."""
    filled = list(filter(None, row))
    if len(filled) == 2 and row[0] and known_name(filled[0].rstrip(" :：")):
        return filled[0].rstrip(" :：")
    if len(filled) != 1 or len(filled[0]) > 120 or "\n" in filled[0]:
        return None
    label, value = label_and_value(filled[0])
    if label and value and known_name(label):
        return label
    return "" if _EMAIL.fullmatch(filled[0]) or is_day(filled[0]) else None


def _section(row: Sequence[str], label: str) -> str | None:
    """Return what a row says of its section, or None for a row of a call."""
    if _label(row) != label:
        return None
    filled = list(filter(None, row))
    if len(filled) == 2:
        return filled[1]
    return label_and_value(filled[0])[1] if label else filled[0]
