"""Sheets in which each call is a block of rows: what is said of it, label and value, or in a heading, above its lines.

A block becomes rows of an ordinary table of lines: what stands above the lines is repeated in each of them, in columns
of its own. Row numbers stay those of the sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, zip_longest
from typing import Any, NamedTuple

from reddy_lib.spreadsheet.cells.cell_kinds import is_empty
from reddy_lib.spreadsheet.cells.header_words import concepts

__all__ = [
    "Rows",
    "block_rows",
    "find_blocks",
    "heading_parts",
    "label_and_value",
    "label_pairs",
    "names_lines",
    "row_texts",
]

Rows = Sequence[tuple[int, list[Any]]]
_AHEAD = 500
_MOST_LABELS = 40
_TITLES = 6  # rows above the first block
_PARTS = re.compile(r"\s+[-–—|·•/]\s+|\s*[|·•;]\s*|\t|,\s+")
_LABEL = re.compile(r"\s*([^:：]{1,40}?)\s*[:：](?!//)\s*(?=\S)")


class Blocks(NamedTuple):
    """How blocks are built.

    Attributes:
        labels: the first cells of the rows above the lines, in their order; [] where a heading stands there.
        names: the columns of what is said of a call.
        pairs: the names that each row of labels has.
        header: the row of names above the lines of each block, or of the sheet; [] where there is none.
        width: cells of a line.
        headings: one cell above the lines says all of a call.
    """

    labels: list[str]
    names: list[str]
    header: list[str]
    width: int
    pairs: list[list[str]] = []  # noqa: RUF012 - never changed
    headings: bool = False


def find_blocks(rows: Rows) -> Blocks | None:
    """Return how the blocks of a sheet are built, by its first rows without blank ones; None where it has none."""
    rows = [(number, cells) for number, cells in rows if not _is_blank(cells)][:_AHEAD]
    if len(rows) < 6:
        return None
    cells = [row_texts(row) for _, row in rows]
    return _labelled(cells) or _headed(cells)


def _labelled(rows: Sequence[list[str]]) -> Blocks | None:
    keys = [_key(row) for row in rows]
    for place in range(min(_TITLES, len(rows))):
        if not keys[place] or keys.count(keys[place]) < 2:
            continue
        starts = [n for n, key in enumerate(keys) if key == keys[place]]
        if len(rows[place]) > 2 and all(rows[n] == rows[place] for n in starts):
            continue  # a header that comes again, page by page: labels would have other values in each block
        blocks = [rows[start:end] for start, end in zip(starts, [*starts[1:], len(rows)], strict=True)]
        found = _built(blocks[:-1] if len(blocks) > 2 else blocks)  # the last one may be cut
        if found is not None:
            return found
        if len(label_pairs(rows[place])) != 1:
            return None  # the first row that comes again is a line
    return None


def _built(blocks: Sequence[Sequence[list[str]]]) -> Blocks | None:
    """Return how blocks are built that begin with the same label."""
    header = _shared_header(blocks)
    if header:
        ends = [block.index(header) for block in blocks]
        bodies = [block[end + 1 :] for block, end in zip(blocks, ends, strict=True)]
    else:
        ends = [_common_labels(blocks)] * len(blocks)
        bodies = [block[end:] for block, end in zip(blocks, ends, strict=True)]
    heads = [block[:end] for block, end in zip(blocks, ends, strict=True)]
    if not min(ends) or max(ends) + bool(header) < 2:
        return None
    rows: dict[str, list[list[str]]] = {}  # label → the row that begins with it, of each block that has one
    for head in sorted(heads, key=len, reverse=True):
        for row in head:
            rows.setdefault(_key(row), []).append(row)
    if any(len({_key(row) for row in head}) < len(head) for head in heads):
        return None
    if not all(_is_label_row(one) for one in rows.values()):
        return None
    lines = [row for body in bodies for row in body]
    if len(lines) < 2 * len(blocks) or not _is_talk(lines):
        return None
    values = [[value for row in one for _, value in label_pairs(row)[:1]] for one in rows.values()]
    if not any(len(set(column)) == len(blocks) for column in values):
        return None  # nothing tells the blocks apart
    pairs = [[name for name, _ in label_pairs(one[0])] for one in rows.values()]
    names = [name for of_row in pairs for name in of_row]
    if len(set(names)) < len(names):
        return None
    return Blocks(list(rows), names, header, max(map(len, lines)), pairs)


def _shared_header(blocks: Sequence[Sequence[list[str]]]) -> list[str]:
    """Return the row of names that stands once in each block, or []."""
    for row in blocks[0][1:_MOST_LABELS]:
        if len(row) > 1 and names_lines(row) and all(block.count(row) == 1 for block in blocks):
            return row
    return []


def _common_labels(blocks: Sequence[Sequence[list[str]]]) -> int:
    """Return how many rows the blocks begin with that have the same label in all of them."""
    for place in range(min(min(map(len, blocks)), _MOST_LABELS)):
        rows = [block[place] for block in blocks]
        key = _key(rows[0])
        if any(_key(row) != key for row in rows) or not any(map(str.isalpha, key)):
            return place
        # The first lines of all blocks may have the same speakers, who speak again further down.
        again = sum(key in map(_key, block[place + 1 :]) for block in blocks)
        if 2 * again >= len(blocks) and _wordy(rows):
            return place
    return 0


def _headed(rows: Sequence[list[str]]) -> Blocks | None:
    """Return how blocks below a heading each are built, which is the one cell of its row."""
    single = [n for n, row in enumerate(rows) if sum(map(bool, row)) == 1]
    texts = ["".join(rows[n]) for n in single]
    # Headings of the same form: as many parts, numbers in them, each another one.
    starts = [n for n, text in zip(single, texts, strict=True) if re.search(r"\d", text)]
    if len(starts) < 2 or len(starts) < len(single) - 2:
        return None
    parts = [heading_parts("".join(rows[n])) for n in starts]
    if len(set(map(len, parts))) > 1 or len({tuple(one) for one in parts}) < len(parts):
        return None
    if any(len(text) > 200 for text in texts):
        return None
    bodies = [
        [row for row in rows[start + 1 : end] if sum(map(bool, row)) > 1]
        for start, end in zip(starts, [*starts[1:], len(rows)], strict=True)
    ]
    above = rows[starts[0] - 1] if starts[0] else []
    first = {tuple(body[0]) for body in bodies if body}
    header: list[str] = []
    if len(first) == 1 and names_lines(next(iter(first))):
        header = list(first.pop())
        bodies = [body[1:] for body in bodies]
    elif sum(map(bool, above)) > 1 and names_lines(above):
        header = above
    lines = [row for body in bodies for row in body]
    if min(map(len, bodies)) < 2 or not _is_talk(lines):
        return None
    names = []
    for place, column in enumerate(zip(*parts, strict=True), start=1):
        said = {label_and_value(part)[0] for part in column}
        names.append(said.pop() if len(said) == 1 and said != {""} else f"heading {place}")
    if len(set(names)) < len(names):
        names = [f"heading {place}" for place in range(1, len(names) + 1)]
    return Blocks([], names, header, max(map(len, lines)), headings=True)


def block_rows(rows: Iterable[tuple[int, list[Any]]]) -> Iterator[tuple[int, list[Any]]]:
    """Return the rows of a sheet of blocks as a table of lines: first the row of names, then a row a line."""
    rows = iter(rows)
    ahead = [(number, cells) for number, cells in islice(rows, 2 * _AHEAD)]
    shape = find_blocks(ahead)
    if shape is None:
        yield from chain(ahead, rows)
        return
    own = shape.header or [f"column {chr(ord('A') + place % 26)}" for place in range(shape.width)]
    names = [name if name not in shape.names else f"{name} of the line" for name in own]
    yield 1, [*shape.names, *names]
    spoken = {
        _key(row_texts(cells))
        for _, cells in ahead
        if len(row_texts(cells)) > 1 and _wordy([row_texts(cells)])
    }
    sure = set(shape.labels) - spoken  # who speaks may be a label too: "Agent"
    said: list[Any] = []
    expected = 0  # how many of the labels of this block were read
    for number, cells in chain(ahead, rows):
        texts = row_texts(cells)
        if not texts:
            continue
        key = _key(texts)
        if texts == shape.header:
            expected = len(shape.labels)
            continue
        if shape.headings and sum(map(bool, texts)) == 1:
            parts = heading_parts("".join(texts))
            if len(parts) == len(shape.names):
                said = [label_and_value(part)[1] for part in parts]
                continue
        elif shape.labels and _is_pair(texts):
            if key == shape.labels[0] or (key in sure and key not in shape.labels[expected:]):
                said, expected = [], 0  # a block may lack its first label
            if key in shape.labels[expected:]:
                place = shape.labels.index(key, expected)
                before = sum(map(len, shape.pairs[:place]))
                said += [*[""] * (before - len(said)), *_values(cells)]
                expected = place + 1
                continue
        if said:  # what stands above the first block is a title
            expected = len(shape.labels)
            yield number, [*said, *[""] * (len(shape.names) - len(said)), *cells]


def _is_blank(cells: Sequence[Any]) -> bool:
    return all(map(is_empty, cells))


def row_texts(cells: Sequence[Any]) -> list[str]:
    """Return the cells as text, without the empty ones at the end."""
    texts = ["" if is_empty(cell) else str(cell).strip() for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _key(row: Sequence[str]) -> str:
    """Return the label that a row begins with: its first cell, or what stands before the colon of its only one."""
    if not row:
        return ""
    if len(row) == 1 and (match := _LABEL.match(row[0])):
        return match[1].casefold()
    return row[0].rstrip(" :：").casefold()


def label_pairs(row: Sequence[str]) -> list[tuple[str, str]]:
    """Return the (label, value) pairs of a row."""
    if len(row) == 1:
        match = _LABEL.match(row[0])
        return [(match[1], row[0][match.end() :])] if match else [(row[0].rstrip(" :："), "")]
    cells = [*row, ""] if len(row) % 2 else row
    return [(cells[n].rstrip(" :："), cells[n + 1]) for n in range(0, len(cells), 2)]


def _is_pair(row: Sequence[str]) -> bool:
    return len(row) == 1 or all(name for name, _ in label_pairs(row))


def _values(cells: Sequence[Any]) -> list[Any]:
    """Return the values of a row of labels, as the sheet has them."""
    texts = row_texts(cells)
    if len(texts) == 1:
        return [value for _, value in label_pairs(texts)]
    width = len(texts) + len(texts) % 2
    return [cells[n] if n < len(cells) else "" for n in range(1, width, 2)]


def _is_label_row(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the same row of all blocks has the same labels."""
    return len({tuple(name for name, _ in label_pairs(row)) for row in rows}) == 1 and all(
        name and len(name) <= 60 for name, _ in label_pairs(rows[0])
    )


def _wordy(rows: Sequence[Sequence[str]], *, share: float = 0.6) -> bool:
    """Return whether most rows have a cell of several words, as lines of a conversation do."""
    spoken = sum(any(len(cell.split()) > 3 or _DENSE.search(cell) for cell in row[1:]) for row in rows)
    return bool(rows) and spoken >= share * len(rows)


def _is_talk(lines: Sequence[Sequence[str]]) -> bool:
    """Return whether rows are lines of conversations: words, and in a column of their own the few who speak in turn."""
    if not _wordy(lines, share=0.5):
        return False
    for column in zip_longest(*lines, fillvalue=""):
        filled = [cell for cell in column if cell]
        few = 2 <= len(set(filled)) <= max(4, len(lines) // 3)
        # A line with its speaker in one cell ("Agent: Hello") is no speaker, however often it comes again.
        named = all(
            len(cell) <= 40 and any(map(str.isalpha, cell)) and not _LABEL.match(cell) for cell in filled
        )
        if few and named and len(filled) >= 0.8 * len(lines):
            return True
    return False


_DENSE = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]{7}")


def names_lines(row: Sequence[str]) -> bool:
    """Return whether a row names the columns of lines."""
    if len(row) < 2 or any(len(cell) > 40 or re.search(r"\d{3}|@", cell) for cell in row):
        return False
    said = [concepts(cell) for cell in row]
    return len(row) > 2 or bool(said[0] & _OF_LINES) or bool(said[-1] & {"text", "transcript"})


_OF_LINES = frozenset(("speaker", "channel", "time", "start", "order"))


def heading_parts(heading: str) -> list[str]:
    """Return the parts of a heading: "Call K-7 | Kim | 3 May"."""
    return [part for part in _PARTS.split(heading.strip(" =#*-–—[]")) if part]


def label_and_value(part: str) -> tuple[str, str]:
    """Return the (label, value) of a part of a heading: "Call: K-7", "Call K-7", "K-7"."""
    match = _LABEL.match(part)
    if match and not re.search(r"\d", match[1]):
        return match[1], part[match.end() :]
    words = part.split()
    before = [word for word in words[:-1] if not re.search(r"[\d@]", word)]
    if len(words) > 1 and len(before) == len(words) - 1 and re.search(r"[\d@]", words[-1]):
        return " ".join(before).strip(" #"), words[-1].lstrip("#")
    return "", part
