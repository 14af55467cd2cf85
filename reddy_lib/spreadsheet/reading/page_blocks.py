"""Web pages of one call, with the text around its lines, and pages of records: labels and values, call by call.

`blocks` needs several calls to see how they are built. One call is told by who speaks in its lines, records by labels
that come again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from reddy_lib.spreadsheet.cells.header_words import concepts
from reddy_lib.spreadsheet.reading.blocks import (
    Rows,
    block_rows,
    find_blocks,
    heading_parts,
    label_and_value,
    label_pairs,
    names_lines,
    row_texts,
)
from reddy_lib.transcripts import leaning

__all__ = ["is_page_of_calls", "page_rows"]

_AHEAD = 1000
_FEWEST_LINES, _FEWEST_LABELS = 2, 3
_OF_A_CALL = frozenset(
    ("agent", "start", "date", "time", "call", "id", "transcript", "product", "customer", "audio")
)


class _One(NamedTuple):
    """One call: what is said of it, the names of the columns of its lines ([]: none), and where its lines begin."""

    facts: list[tuple[str, str]]
    header: list[str]
    first: int


def is_page_of_calls(rows: Rows) -> bool:
    """Return whether the rows of a page, with the texts around its tables, are calls that `page_rows` reads."""
    if find_blocks(rows) is not None:
        return True
    texts = [row_texts(cells) for _, cells in rows]
    return _one_call(texts) is not None or bool(_record_labels(texts))


def page_rows(rows: Iterable[tuple[int, list[Any]]]) -> Iterator[tuple[int, list[Any]]]:
    """Return the rows of a page as a table: first the row of names, then a row a line, or a row a call."""
    rows = iter(rows)
    ahead = list(islice(rows, _AHEAD))
    texts = [row_texts(cells) for _, cells in ahead]
    if find_blocks(ahead) is None:
        one = _one_call(texts)
        if one is not None:
            yield from _lines_of(one, ahead, rows)
            return
        labels = _record_labels(texts)
        if labels:
            places = [
                place
                for place, row in enumerate(texts)
                if len(row) == 2 and row[0].rstrip(" :：") == labels[0]
            ]
            above = [place > 0 and len(texts[place - 1]) == 1 for place in places]
            yield from _records(labels, chain(ahead, rows), any(above))
            return
    yield from block_rows(chain(ahead, rows))


# One call


def _one_call(rows: Sequence[list[str]]) -> _One | None:
    first = _first_line(rows)
    if first is None:
        return None
    header = rows[first - 1] if first and len(rows[first - 1]) > 1 and names_lines(rows[first - 1]) else []
    facts: list[tuple[str, str]] = []
    for row in rows[: first - bool(header)]:
        if len(row) > 1 or label_and_value(row[0] if row else "")[0]:
            facts += [pair for pair in label_pairs(row) if pair[1]] if row else []
        elif row and len(heading_parts(row[0])) > 1 and re.search(r"\d", row[0]):
            facts += _of_heading(row[0])
    names = [name for name, _ in facts]
    if any("transcript" in concepts(name) for name in names):
        return None  # its value is the first line
    if _goes_on(rows[first:], header, names):
        return None
    if not facts or len(set(names)) < len(names) or any(not name or len(name) > 40 for name in names):
        return None
    return _One(facts, header, first) if any(re.search(r"[\d@]", value) for _, value in facts) else None


def _goes_on(below: Sequence[list[str]], header: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether another call may stand below: a heading, names of columns, or a label of the facts comes again."""
    last = max(place for place, row in enumerate(below) if len(row) > 1)
    again = {name for name in names if not leaning(name)}
    return any(
        len(row) == 1 or row == header or row[0].rstrip(" :：") in again for row in below[: last + 1] if row
    )


def _of_heading(text: str) -> list[tuple[str, str]]:
    split = [label_and_value(part) for part in heading_parts(text)]
    return [(name or f"heading {place}", value) for place, (name, value) in enumerate(split, start=1)]


def _first_line(rows: Sequence[list[str]]) -> int | None:
    """Return the place of the first line of the only conversation, or None if there is no such line or rows are calls."""
    last = max((place for place, row in enumerate(rows) if len(row) > 1), default=-1)
    for first in range(1, last + 1):
        above = rows[first - 1]
        if len(above) > 1 and names_lines(above) and _have_sides(rows[first : last + 1]):
            said = frozenset[str]().union(*map(concepts, above))
            return None if {"call", "id"} <= said or {"agent", "email"} <= said else first
    for first in range(last):
        if len(rows[first]) > 1 and _is_said(rows[first][-1]) and _have_sides(rows[first : last + 1]):
            return first
    return None


def _is_said(text: str) -> bool:
    """Return whether a text is a sentence rather than a fact: an email, a name, a date."""
    words = text.split()
    return len(words) > 3 or (bool(words) and text[-1] in ".?!…。？！")


def _have_sides(block: Sequence[list[str]]) -> bool:
    width = min(max(map(len, block), default=0), 8)
    return len(block) >= _FEWEST_LINES and any(_speaks(block, place) for place in range(width))


def _speaks(block: Sequence[list[str]], place: int) -> bool:
    """Return whether a column of rows names both sides, beside words."""
    labels = [row[place] if place < len(row) else "" for row in block if len(row) > 1]
    sides = [leaning(label) if 0 < len(label) <= 40 else "" for label in labels]
    both = {"agent", "customer"} <= set(sides) and sides[0] in ("agent", "customer")
    wordy = sum(any(len(cell.split()) > 2 for n, cell in enumerate(row) if n != place) for row in block)
    return both and sum(map(bool, sides)) >= 0.6 * len(labels) and 2 * wordy >= len(block)


def _lines_of(
    one: _One, ahead: Rows, rows: Iterable[tuple[int, list[Any]]]
) -> Iterator[tuple[int, list[Any]]]:
    names = [name for name, _ in one.facts]
    said = [value for _, value in one.facts]
    width = max(len(row_texts(cells)) for _, cells in ahead[one.first :])
    own = one.header or ["Speaker", "Text"]
    own = [*own, *(f"column {chr(ord('A') + place % 26)}" for place in range(len(own), width))]
    yield 1, [*names, *(name if name not in names else f"{name} of the line" for name in own)]
    for number, cells in chain(ahead[one.first :], rows):
        if row_texts(cells):
            yield number, [*said, *cells]


# Records


def _record_labels(rows: Sequence[list[str]]) -> list[str]:
    """Return the labels of records that follow each other, or of one with a conversation among its values; else []."""
    if any(len(row) > 1 and names_lines(row) and _speaker_named(row) for row in rows):
        return []  # tables of lines
    pairs = [label_pairs(row)[0] for row in rows if len(row) == 2]
    if not pairs or any(len(row) > 2 for row in rows) or sum(len(row) == 1 for row in rows) > len(pairs):
        return []
    first = [label for label, _ in pairs]
    start = next((place for place, label in enumerate(first) if concepts(label) & _OF_A_CALL), len(first))
    pairs, first = pairs[start:], first[start:]
    labels = list(dict.fromkeys(first))
    said = [concepts(label) & _OF_A_CALL for label in labels]
    told = sum(bool(one - {"agent", "customer"}) for one in said)
    if len(labels) < _FEWEST_LABELS or told < 2 or any(len(label) > 40 for label in labels):
        return []
    starts = [place for place, label in enumerate(first) if label == labels[0]]
    blocks = [first[a:b] for a, b in zip(starts, [*starts[1:], len(first)], strict=True)]
    if any(len(set(block)) < len(block) for block in blocks) or 2 * len(first) < len(labels) * len(blocks):
        return []
    if len(blocks) == 1 and not any(value.count("\n") > 0 for _, value in pairs):
        return []
    return labels


def _speaker_named(row: Sequence[str]) -> bool:
    return any("speaker" in concepts(cell) for cell in row)


def _records(
    labels: Sequence[str], rows: Iterable[tuple[int, list[Any]]], headings: bool
) -> Iterator[tuple[int, list[Any]]]:
    """`headings`: whether texts above the records are a column of their own."""
    yield 1, [*(["heading"] if headings else []), *labels]
    values: dict[str, Any] = {}
    above = heading = ""
    begun = 0
    for number, cells in rows:
        texts = row_texts(cells)
        pair = label_pairs(texts)[0] if len(texts) == 2 else None
        if pair is None or pair[0] not in labels:
            above = " · ".join(filter(None, [above, *texts]))
            continue
        if pair[0] == labels[0]:
            if values:
                yield begun, [*([heading] if headings else []), *(values.get(label, "") for label in labels)]
            values, begun, heading, above = {}, max(number, 2), above, ""
        values[pair[0]] = pair[1]
    if values:
        yield begun, [*([heading] if headings else []), *(values.get(label, "") for label in labels)]
