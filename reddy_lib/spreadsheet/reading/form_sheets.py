"""Sheets of forms: a label and its value in each row, one call below the other, with the talk as a value or below them.

Rows are written as the lines of a report, which are then read as those of a text file are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from reddy_lib.spreadsheet.reading.blocks import Rows, row_texts
from reddy_lib.spreadsheet.reading.report_blocks import Labels, known_name, report_labels, report_rows
from reddy_lib.spreadsheet.reading.workbook_rows import excel_cell

__all__ = ["form_rows", "is_forms"]

_AHEAD = 500
_LONGEST = 40
_FEWEST_NAMES = 2
_LABELLED = 0.6
"""Share of the cells in the places of labels that are labels of form after form."""


def is_forms(rows: Rows) -> bool:
    """Return whether the first rows of a sheet are forms of several calls that `form_rows` reads."""
    return _labels(rows) is not None


def form_rows(
    rows: Iterable[tuple[int, list[Any]]], name: str, left: list[str]
) -> Iterator[tuple[int, list[Any]]]:
    """Return the forms of a sheet as a table: first the row of names, then a row a call, numbered as its first row is.

    `left`: takes the texts that are in no form.
    """
    rows = iter(rows)
    ahead = list(islice(rows, _AHEAD))
    labels = _labels(ahead)
    if labels is None:
        yield from chain(ahead, rows)
        return
    places = _places(ahead)
    numbers: list[int] = []

    def lines() -> Iterator[str]:
        for number, cells in chain(ahead, rows):
            for line in _lines_of(cells, places):
                numbers.append(number)
                yield line

    found = report_rows(lines(), labels, name, left)
    yield 1, next(found)[1]
    for place, cells in found:
        yield max(numbers[place], 2), cells


def _labels(rows: Rows) -> Labels | None:
    """Return the labels that come again in form after form; None where the sheet is something else."""
    rows = list(rows[:_AHEAD])
    places = _places(rows)
    filled = []
    for _, cells in rows:
        pairs = _pairs(cells, places)
        filled.append([text for text in row_texts(cells) if text] if pairs is None else list(chain(*pairs)))
    filled = [row for row in filled if row]
    if sum(len(row) == 1 or not len(row) % 2 for row in filled) < 0.9 * len(filled):
        return None  # an ordinary table of three columns or five
    labels = report_labels([line for _, cells in rows for line in _lines_of(cells, places)])
    if labels is None or sum(map(known_name, labels.names)) < _FEWEST_NAMES:
        return None
    # The names of columns come again on each page of a table, above cells that are no names.
    if any(len(row) > 2 and all(map(known_name, row)) for row in filled):
        return None
    # A form has a label in each row. A table that repeats its header has labels in the header rows alone.
    named = frozenset((*labels.names, *labels.speakers))
    left = [_END.sub("", cell) for row in filled if len(row) > 1 for cell in row[::2]]
    if sum(cell in named for cell in left) < _LABELLED * len(left):
        return None
    beside = {cell for row in filled for cell in row[1::2]}
    return labels if not any(name in beside for name in labels.names) else None


class _Places(NamedTuple):
    """Where the pairs of a form are: `columns`, a label and a value by turns; `names`, labels that come again."""

    columns: list[int]
    names: frozenset[str]


def _places(rows: Rows) -> _Places:
    """Return the columns that rows of several cells fill, and the labels among them."""
    texts = [row for _, cells in rows[:_AHEAD] if sum(map(bool, row := row_texts(cells))) > 1]
    columns = sorted({place for row in texts for place, text in enumerate(row) if text})
    if len(columns) % 2:
        return _Places([], frozenset())
    counts = Counter(
        row[label]
        for row in texts
        for label, value in zip(columns[::2], columns[1::2], strict=True)
        if value < len(row) and row[label] and row[value]
    )
    return _Places(columns, frozenset(name for name, count in counts.items() if count > 1))


def _pairs(cells: Sequence[Any], places: _Places) -> list[tuple[str, str]] | None:
    """Return the labels of a row that lacks some values, with the values; None for any other row.

    Without the blank cells, such a row would pair a label with the label of the next value.
    """
    texts = row_texts([excel_cell(cell) for cell in cells])
    here = [texts[place] if place < len(texts) else "" for place in places.columns]
    if sum(map(bool, here)) < sum(map(bool, texts)):
        return None
    pairs = [pair for pair in zip(here[::2], here[1::2], strict=True) if any(pair)]
    if all(value for _, value in pairs) or not all(label in places.names for label, _ in pairs):
        return None
    return pairs


def _lines_of(cells: list[Any], places: _Places) -> Iterator[str]:
    """Return a row as lines of text: `Label: value` for each pair of its cells, in order; "" for a blank row."""
    pairs = _pairs(cells, places)
    texts = [text for text in row_texts([excel_cell(cell) for cell in cells]) if text]
    if pairs is not None:
        for label, value in pairs:
            yield from f"{_END.sub('', label)}: {value}".splitlines()
    elif not texts:
        yield ""
    elif len(texts) == 1:
        yield from texts[0].splitlines()
    elif len(texts) % 2 or any(len(text) > _LONGEST or "\n" in text for text in texts[::2]):
        yield "\t".join(" ".join(text.split()) for text in texts)
    else:
        for label, value in zip(texts[::2], texts[1::2], strict=True):
            yield from f"{_END.sub('', label)}: {value}".splitlines()


_END = re.compile(r"[\s:：=.]+$")
