"""What a person needs to know about a sheet before she says how to read it.

How many rows there are, which texts a column holds, who speaks in the transcripts, whether start times name
their zone: evidence for the choices of a mapping. Nothing here decides anything, and nothing changes a cell.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from reddy_lib.spreadsheet.calls.building import BuiltCall
from reddy_lib.spreadsheet.calls.lines import label_of
from reddy_lib.spreadsheet.cells.date_numbers import EpochUnit
from reddy_lib.spreadsheet.cells.dates import read_timestamp
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.formats import SheetFormat
from reddy_lib.spreadsheet.model import Mapping
from reddy_lib.spreadsheet.reading.sheets import read_pieces
from reddy_lib.transcripts import role_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Speaking",
    "Survey",
    "column_facts",
    "distinct_texts",
    "estimated_rows",
    "examples",
    "line_speakers",
    "naive_times",
    "shorten",
    "speakers",
    "survey",
]

_ELSEWHERE = timezone(timedelta(hours=1))


class Survey(msgspec.Struct):
    """One pass over a whole file.

    Attributes:
        rows: how many rows the sheet has below its header, blank ones left out.
        left_out: how many of those are no calls: totals, repeated headers, notes.
        texts: column → {cell's text: rows}, most frequent first, for columns of few and short texts.
    """

    rows: int
    texts: dict[str, dict[str, int]]
    left_out: int = 0

    def __repr__(self) -> str:
        return f"<Survey {self.rows:,} rows · {len(self.texts)} columns of few texts>"


def survey(
    path: str | os.PathLike[str],
    format: SheetFormat,
    *,
    distinct: int = 300,
    longest: int = 120,
    most_bytes: int | None = None,
) -> Survey | None:
    """Reads the whole file once; None, without reading, where it has more than `most_bytes`.

    `texts` keeps columns of at most `distinct` texts, none of them over `longest` characters. Raises as
    `read_pieces` does.
    """
    if most_bytes is not None and Path(path).stat().st_size > most_bytes:
        return None
    rows = left_out = 0
    counts: dict[str, Counter[str]] = {}
    given_up: set[str] = set()
    for frame in read_pieces(path, format):
        rows += len(frame)
        left_out += len(frame.attrs.get("left_out", ()))
        for place, name in enumerate(map(str, frame.columns)):
            if name in given_up:
                continue
            counter = counts.setdefault(name, Counter())
            counter.update(_texts(frame.iloc[:, place].tolist()))
            if len(counter) > distinct or any(len(text) > longest for text in counter):
                given_up.add(name)
                del counts[name]
    return Survey(rows, {name: dict(counter.most_common()) for name, counter in counts.items()}, left_out)


def estimated_rows(sample: pd.DataFrame, size: int, format: SheetFormat) -> int | None:
    """About how many rows a text file of `size` bytes has, if the others are as long as those of the sample.

    None where the size says nothing: a workbook is compressed, and some encodings take more bytes a letter.
    """
    if format.kind != "csv" or not len(sample) or (format.encoding or "").startswith(("utf-16", "utf-32")):
        return None
    written = io.StringIO()
    csv.writer(written, delimiter=format.delimiter or ",", lineterminator="\n").writerows(
        sample.itertuples(index=False)
    )
    return max(round(size / (len(written.getvalue().encode()) / len(sample))), len(sample))


def distinct_texts(cells: Iterable[object]) -> dict[str, int]:
    """Text of each cell that is not empty → how many cells have it, most frequent first."""
    return dict(Counter(_texts(cells)).most_common())


def _texts(cells: Iterable[object]) -> Iterable[str]:
    return (text for cell in cells if (text := cell_text(cell).strip()))


def column_facts(cells: Sequence[object]) -> str:
    """ "34 of 40 filled, 5 different": what a column holds, in a few words."""
    texts = distinct_texts(cells)
    filled = sum(texts.values())
    return f"{filled:,} of {len(cells):,} filled, {len(texts):,} distinct"


def examples(cells: Iterable[object], most: int = 2, longest: int = 40) -> str:
    """The first different texts of a column, shortened, as one line: "Cards hotline · Loans"."""
    return " · ".join(shorten(text, longest) for text in list(dict.fromkeys(_texts(cells)))[:most])


def shorten(text: str, longest: int) -> str:
    """One line of at most `longest` characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def naive_times(cells: Iterable[object], unit: EpochUnit = "auto") -> int:
    """How many start times say nothing about their time zone: what they mean depends on a choice.

    `unit`: of numbers; days of a spreadsheet program have no zone, seconds since 1970 need none.
    """
    naive = 0
    for cell in cells:
        here, _ = read_timestamp(cell, tz=UTC, day_first=True, unit=unit)
        # Only a time without a zone moves with the zone in which it is read.
        naive += (
            here is not None and read_timestamp(cell, tz=_ELSEWHERE, day_first=True, unit=unit)[0] != here
        )
    return naive


class Speaking(msgspec.Struct):
    """One speaker label in some calls.

    Attributes:
        lines, calls: how many it has, and in how many calls it stands.
        known: in how many of those calls the call itself tells its role (the agent's name, say).
        role: that role, in most of them; "" where none tells.
        example: the first line with more than a word that it has.
    """

    lines: int = 0
    calls: int = 0
    known: int = 0
    role: str = ""
    example: str = ""


def speakers(calls: Iterable[BuiltCall], mapping: Mapping) -> dict[str, Speaking]:
    """Who speaks in these calls: label → its lines, most frequent first. Labels that differ only in case are one.

    `mapping`: what they were built with; its `roles` should be empty, so that everybody is found.
    """
    found: dict[str, Speaking] = {}
    spelled: dict[str, str] = {}
    roles: dict[str, Counter[str]] = {}
    for built in calls:
        here: dict[str, list[tuple[str, str]]] = {}
        for label, text, role in _turns(built, mapping):
            if label:
                here.setdefault(spelled.setdefault(label.casefold(), label), []).append((text, role))
        for label, turns in here.items():
            one = found.setdefault(label, Speaking())
            one.lines += len(turns)
            one.calls += 1
            known = next((role for _, role in turns if role in ("agent", "customer")), "")
            if known and not role_of(label):
                one.known += 1
                roles.setdefault(label, Counter())[known] += 1
                one.role = roles[label].most_common(1)[0][0]
            if " " not in one.example:
                texts = [text.strip() for text, _ in turns if text.strip()]
                one.example = next((text for text in texts if " " in text), one.example or "".join(texts[:1]))
    return dict(sorted(found.items(), key=lambda item: -item[1].lines))


def _turns(built: BuiltCall, mapping: Mapping) -> Iterable[tuple[str, str, str]]:
    """(speaker label, text, the role it got) of each line of a call."""
    transcript = built.transcript
    if transcript is None:
        return
    lines = transcript.lines
    if mapping.layout == "lines" and "role" in mapping.line_fields:
        columns = _line_cells(built, mapping)
        labels = list(map(label_of, columns["role"]))
        became = {_bare(line.text): str(line.role) for line in lines}  # a counter may have put them in order
        for label, cell in zip(labels, columns["text"], strict=True):
            text = cell_text(cell)
            yield label, text, became.get(_bare(text), "")
    elif transcript.speakers:
        for label, line in zip(transcript.speakers, lines, strict=False):
            yield label.strip(), line.text, line.role
    else:
        names = {str(role_of(label)): label.strip() for label in transcript.labels}
        for line in lines:
            role = str(line.role)
            yield names.get(role, role), line.text, role


def _line_cells(built: BuiltCall, mapping: Mapping) -> dict[str, list[Any]]:
    """Field of a line → its cells in this call, one a row of the sheet that has them."""
    if "transcript" in mapping.fields:
        cell = built.cells[mapping.fields["transcript"]]
        rows: list[dict[str, Any]] = msgspec.json.decode(cell) if cell else []
        return {field: [row.get(column, "") for row in rows] for field, column in mapping.line_fields.items()}
    columns = {field: built.cells[column] for field, column in mapping.line_fields.items()}
    return {field: cells if isinstance(cells, list) else [cells] for field, cells in columns.items()}


def _bare(text: str) -> str:
    return "".join(text.split())


def line_speakers(sheet: pd.DataFrame, mapping: Mapping) -> dict[str, int]:
    """Speaker label → lines, most frequent first, where one row is a line; {} where another layout was chosen."""
    column = mapping.line_fields.get("role", "") if mapping.layout == "lines" else ""
    return distinct_texts(sheet[column].tolist()) if column in sheet.columns else {}
