"""Tables that plain text shows without one delimiter: pipes and rules, aligned columns, blocks of `Label: value`.

A query tool's output, a Markdown table and a printed report become rows of cells. What a text is, is told from its
first lines; the rows are then read one after the other. Page heads and rules of a report are no part of any row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

from reddy_lib.errors import UnreadableFile
from reddy_lib.spreadsheet.reading.report_blocks import RECORD, is_bare, report_labels, report_rows

__all__ = ["TextForm", "text_form", "text_rows"]

TextForm = Literal["", "pipes", "aligned", "report"]

_MOST_LINE = 1 << 20
_MOST_BREAKS = 5_000  # line breaks inside one cell of a table that is drawn with pipes
_LOOKED_AT = 400
_MOST_ACROSS = 4_000  # characters of a line in which columns are looked for

_STROKES = ("--", "===", "\u2500\u2500", "\u2501\u2501", "\u2550\u2550")
_LINE_MARKS = frozenset("-=:+| \t") | frozenset(map(chr, range(0x2500, 0x2580)))


def _is_line(text: str) -> bool:
    """Whether a text is the line between the head and the rows of a table that is drawn with signs."""
    return any(mark in text for mark in _STROKES) and _LINE_MARKS.issuperset(text)


def text_form(text: str) -> TextForm:
    """How the text of a file shows its table, if no delimiter does."""
    lines = text.lstrip("\ufeff").split("\n")[:_LOOKED_AT]
    lines = [line.rstrip("\r") for line in lines]
    if _has_pipes(lines) and not any(map(RECORD.match, lines)):
        return "pipes"
    if report_labels(lines) is not None:
        return "report"
    if _spans(lines) is not None:
        return "aligned"
    return ""


def text_rows(
    path: Path, encoding: str, form: TextForm, left: list[str] | None = None
) -> Iterator[list[str]]:
    """The rows of such a text; one for each line, but for a report, where the names come first and then one row a block.

    `left`: takes the lines of a report that are in no block.
    """
    if form == "report":
        head = list(islice(_lines(path, encoding), _LOOKED_AT))
        labels = report_labels(head)
        if labels is None:
            raise UnreadableFile(f"{path.name} has no blocks of labels and values: export the calls as .csv.")
        lines = _lines(path, encoding)
        for _, cells in report_rows(lines, labels, path.name, left if left is not None else []):
            yield cells
    elif form == "pipes":
        yield from _pipe_rows(path, encoding)
    else:
        yield from _aligned_rows(path, encoding)


def _lines(path: Path, encoding: str) -> Iterator[str]:
    with path.open(encoding=encoding, errors="replace", newline=None) as file:
        number = 0
        while line := file.readline(_MOST_LINE):
            number += 1
            if len(line) >= _MOST_LINE:
                raise UnreadableFile(
                    f"Line {number:,} of {path.name} has more than {_MOST_LINE:,} characters: export the calls as .csv."
                )
            yield line.rstrip("\n").replace("\x00", "").lstrip("\ufeff")


# Pipes: Markdown, psql, mysql


def _has_pipes(lines: Sequence[str]) -> bool:
    rules = [
        place
        for place, line in enumerate(lines)
        if _is_line(line) and ("|" in line or "+" in line or "\u2502" in line or "\u253c" in line)
    ]
    for place in rules:
        above = _pipe_cells(lines[place - 1]) if place else []
        below = _pipe_cells(lines[place + 1]) if place + 1 < len(lines) else []
        if len(above) > 1 and len(below) > 1:
            return True
        if not above and len(below) > 1 and place + 2 < len(lines) and _is_line(lines[place + 2]):
            return True
    return False


def _pipe_cells(line: str, boxed: bool | None = None) -> list[str]:
    """The cells of a line; [] where it has none. `boxed`: whether lines begin and end with a pipe, where that is known."""
    line = line.replace("\u2502", "|").replace("\u2503", "|")
    if "|" not in line:
        return []
    bare = line.strip()
    if boxed is not False:
        bare = bare.removeprefix("|")
        if bare.endswith("|") and not bare.endswith("\\|"):
            bare = bare[:-1]
    cells = [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", bare)]
    return [re.sub(r"<br\s*/?>", "\n", cell, flags=re.IGNORECASE) for cell in cells]


def _pipe_rows(path: Path, encoding: str) -> Iterator[list[str]]:
    waiting: list[str] | None = None
    goes_on = closed = False
    boxed: bool | None = None
    broken = 0
    for line in _lines(path, encoding):
        bare = line.strip()
        if _is_line(line):
            if waiting is not None:
                yield waiting
                waiting = None
            yield []
            continue
        if boxed and waiting is not None and bare and not bare.startswith("|") and not closed:
            # A line break inside the last cell: the row ends where its box does.
            more = bare[:-1] if bare.endswith("|") else bare
            broken += 1
            if broken > _MOST_BREAKS:
                raise UnreadableFile(
                    f"A row of {path.name} runs over more than {_MOST_BREAKS:,} lines: export the calls as .csv."
                )
            parts = more.split("|")
            waiting[-1] = f"{waiting[-1]}\n{parts[0].strip()}"
            waiting += [part.strip() for part in parts[1:]]
            closed = bare.endswith("|")
            continue
        broken = 0
        cells = _pipe_cells(line, boxed)
        if not cells:
            if waiting is not None:
                yield waiting
                waiting = None
            yield [bare] if bare else []
            continue
        # psql marks a line break inside a cell with a plus sign at the edge of its column.
        breaks = [cell.endswith("+") for cell in cells]
        cells = [cell[:-1].rstrip() if more else cell for cell, more in zip(cells, breaks, strict=True)]
        if goes_on and waiting is not None and len(cells) == len(waiting):
            waiting = [f"{old}\n{new}" if new else old for old, new in zip(waiting, cells, strict=True)]
        else:
            if waiting is not None:
                yield waiting
            waiting = cells
        goes_on = any(breaks) and not boxed
        closed = bare.endswith("|")
        if boxed is None:
            boxed = bare.startswith("|") and bare.endswith("|")
    if waiting is not None:
        yield waiting


# Aligned columns


def _spans(lines: Sequence[str]) -> list[tuple[int, int | None]] | None:
    """Where the columns of aligned lines begin and end; None where they are not aligned."""
    filled = [line.expandtabs(8) for line in lines if line.strip()]
    if len(filled) < 2:
        return None
    for place, line in enumerate(filled[:40]):
        runs = [match.span() for match in re.finditer(r"[-=]{2,}", line)]
        if place and len(runs) >= 3 and not line.strip("-= "):
            starts = [start for start, _ in runs]
            if len(filled) > place + 1:
                return _between(starts)
    for place, head in enumerate(filled[:20]):
        names = [match.span() for match in re.finditer(r"\S+(?: \S+)*", head)]
        if len(names) < 3 or len(filled) < place + 3 or any(end - start > 40 for start, end in names):
            continue
        below = [line for line in filled[place + 1 : place + 200] if not is_bare(line)]
        starts = _gaps([head, *below])
        starts = [start for start in starts if head[start:].strip()] if starts else []
        kept: list[int] = []
        for number, start in enumerate(starts):
            end = starts[number + 1] if number + 1 < len(starts) else None
            if head[start:end].strip():
                kept.append(start)
        if len(kept) >= 3 and len(kept) == len(names) and len(below) >= 2:
            return _between(kept)
    return None


def _gaps(lines: Sequence[str]) -> list[int]:
    """Places where a column begins: behind two or more characters that are blank in every line."""
    width = min(max(map(len, lines)), _MOST_ACROSS)
    used = bytearray(width)
    for line in lines:
        for match in re.finditer(r"\S+(?: \S+)*", line):
            start, end = match.span()
            if start >= width:
                break
            end = min(end, width)
            used[start:end] = b"\x01" * (end - start)
    starts = []
    blank = 2
    for place in range(width):
        if used[place]:
            if blank >= 2:
                starts.append(place)
            blank = 0
        else:
            blank += 1
    return starts


def _between(starts: Sequence[int]) -> list[tuple[int, int | None]]:
    ends: list[int | None] = [*starts[1:], None]
    return list(zip(starts, ends, strict=True))


def _aligned_rows(path: Path, encoding: str) -> Iterator[list[str]]:
    head: list[str] = []
    for line in _lines(path, encoding):
        head.append(line)
        if len(head) >= _LOOKED_AT:
            break
    spans = _spans(head)
    if spans is None:
        raise UnreadableFile(f"{path.name} has no columns that line up: export the calls as .csv.")
    for line in _lines(path, encoding):
        if not line.strip() or is_bare(line):
            yield []
            continue
        line = line.expandtabs(8)
        yield [line[start:end].strip() for start, end in spans]
