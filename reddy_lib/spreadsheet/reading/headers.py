"""Which row is the header, and what its columns are called.

Above a table stand titles, dates of export, notes. A header is the first row that is about as wide as the table,
holds short texts and no data, and best of all words that headers of call exports use.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from reddy_lib.spreadsheet.cells.header_words import concepts, plain_name

__all__ = ["column_letter", "find_header", "header_texts"]


def column_letter(place: int) -> str:
    """1 → "A", 27 → "AA": the letters that spreadsheet programs put over columns."""
    letters = ""
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


_MOST_LETTERS = 1_000
"""Characters of a column's name: what is longer is no name, and everything that looks at names would look at it."""


def header_texts(cells: Sequence[Any]) -> list[str]:
    """Column names from header cells: blanks named by letter, repeats numbered ("Name", "Name (2)")."""
    names: list[str] = []
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    last = max(
        (i for i, cell in enumerate(cells) if str(cell if cell is not None else "").strip()), default=-1
    )
    for place, cell in enumerate(cells[: last + 1], start=1):
        text = " ".join(_text(cell)[:_MOST_LETTERS].split()) or f"column {column_letter(place)}"
        name, number = (
            text,
            numbers.get(text, 1),
        )  # counting on: thousands of one name cost no more than others
        while name in taken:
            number += 1
            name = f"{text} ({number})"
        numbers[text] = number
        taken.add(name)
        names.append(name)
    return names


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell).lstrip("\ufeff")


def find_header(rows: Sequence[Sequence[Any]]) -> int:
    """The place in `rows` (not blank, from the top of the sheet) of the header."""
    written = [[_text(cell).strip() for cell in row] for row in rows]
    filled = [sum(map(bool, texts)) for texts in written]
    if not rows:
        return 0
    shapes: dict[str, str] = {}
    below = sorted(filled)
    usual = max(below[len(below) // 2], 1)
    width = max(usual, min(max(filled), usual * 3))
    best, best_score = 0, float("-inf")
    for place, row in enumerate(
        rows[: min(_CANDIDATES, max(len(rows) - 1, 1))]
    ):  # below a header there is something
        cells = [cell for cell, text in zip(row, written[place], strict=True) if text]
        texts = [text for text in written[place] if text]
        if not cells:
            continue
        others = [written[number] for number in _others(rows, place)]
        # "AGENT" in every second cell, or again further down, is who speaks, and no name of a column.
        again = _recurring(written[place], others)
        once = [text for text in texts if len(text) < 60 and texts.count(text) < 3 and text not in again]
        known = len({plain_name(text) for text in once if _is_name(text)})
        counts = _counts_on(texts)
        data = 0 if counts else sum(_is_data(cell, text) for cell, text in zip(cells, texts, strict=True))
        repeated = len(texts) - len(set(texts))
        score = (
            min(len(cells) / width, 1.0) * 2.0
            + (min(known, 4) * 0.75 if known > 1 else known * 0.3)
            - 1.5 * sum(text in again for text in texts) / len(cells)
            - 3.0 * data / len(cells)
            + (0.0 if counts else 2.0 * _contrast(written[place], others, shapes))
            - 0.5 * repeated / len(cells)
            - 0.02 * place
        )
        if score > best_score + 1e-9:
            best, best_score = place, score
    # A header may be repeated, page by page: the first one heads the table.
    return written.index(written[best])


def _others(rows: Sequence[Sequence[Any]], place: int) -> list[int]:
    """Return the places of the other rows, without the repeats of a header: a few rows that are equal to it."""
    row = rows[place]
    others = [number for number in range(len(rows)) if number != place]
    different = [number for number in others if rows[number] != row]
    return different if len(different) >= 2 * (len(others) - len(different)) else others


def _counts_on(texts: Sequence[str]) -> bool:
    """Return whether the row counts on from cell to cell, as 2023, 2024, 2025 above a table of years do."""
    numbers = [int(text) for text in texts if text.isdecimal() and len(text) <= 4]
    steps = [after - before for before, after in pairwise(numbers)]
    return len(numbers) >= 3 and len(numbers) >= len(texts) - 2 and set(steps) == {1}


def _is_name(text: str) -> bool:
    """Whether words of a call's export stand in it, and nothing that reads as a sentence."""
    if len(text.split()) > 6 or _DATA.fullmatch(text) or _shape(text) in ("email", "stamp"):
        return False
    if text.startswith("/Date("):  # as .NET writes a moment
        return False
    return bool(concepts(text)) and not re.search(r"[.?!…] ?\S|[?!。？]$|\w\.$", text)


def _recurring(row: Sequence[str], below: Sequence[Sequence[str]]) -> set[str]:
    """Return the row's texts that come again in their column: a header's do not, "Team A" does."""
    return {
        text
        for place, text in enumerate(row)
        if text and any(place < len(other) and other[place] == text for other in below)
    }


_SHAPES = re.compile(
    r"(?P<email>[^@\s]+@[^@\s]+\.\w+)|(?P<long>.{60,})|(?P<sentence>\S+(?:\s+\S+){4,})|(?P<stamp>\d[\d.,:/\-TZ+ ]*)"
    r"|(?P<code>(?=\S*\d)\S+)",
    re.DOTALL,
)
_COMPARED = 30
_CANDIDATES = 58  # nearly all that are looked at: a report may say much before its table


def _contrast(row: Sequence[str], rows: Sequence[Sequence[str]], known: dict[str, str]) -> float:
    """Return how far the row's texts differ in kind from the others of their columns: 1 all, -1 none.

    In a column of ids, dates or sentences a name is none of them, whatever its word, and data is. Columns of words, as
    names of people are, say nothing. `known` keeps the kinds of texts, which the next row is compared with as well.
    """
    filled = [(place, text) for place, text in enumerate(row) if text]
    found = 0
    for place, text in filled:
        others = [other[place] for other in rows[:_COMPARED] if place < len(other)]
        for other in others:
            if other not in known:
                known[other] = _shape(other)
        shapes = [known[other] for other in others if other]
        usual = max(set(shapes), key=shapes.count, default="")
        if usual and shapes.count(usual) >= 0.7 * len(shapes):
            shape = _shape(text)
            found += -1 if shape == usual else 0 if shape else 1
    return found / len(filled)


def _shape(text: str) -> str:
    """Return the kind of a text that no name of a column has; "" for words."""
    match = _SHAPES.fullmatch(text)
    return str(match.lastgroup) if match else ""


_DATA = re.compile(
    r"[^@\s]+@[^@\s]+\.\w+|\d[\d.,:/\-\s]*[TZ]?[\d:.,+Z]*|true|false|https?://.*|[\[{].*[\]}]",
    re.IGNORECASE | re.DOTALL,
)


def _is_data(cell: Any, text: str) -> float:
    """How much a cell looks like data: 1 certainly, 0 not at all. Bare years and small numbers do head columns."""
    if isinstance(cell, bool | datetime | date | time | timedelta):
        return 1.0
    if re.fullmatch(r"(?:19|20)\d\d", text):
        return 0.2
    if isinstance(cell, int | float):
        return 0.8
    if len(text) > 120 or ("\n" in text and len(text) > 60):
        return 1.0
    return 0.9 if _DATA.fullmatch(text) else 0.0
