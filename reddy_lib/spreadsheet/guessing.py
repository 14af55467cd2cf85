"""Which column is which: guessed from what columns are called *and* from what they hold, each with its reason.

Content is the stronger witness: a column of emails is where the agent may be, whatever it is called. Names decide
between columns that hold the same kind of thing (the agent's email and the customer's). What feeds no field
becomes a tag.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pandas as pd

from reddy_lib.arguments import product_dicts
from reddy_lib.spreadsheet.date_columns import DateEvidence, date_evidence, timestamp_settings
from reddy_lib.spreadsheet.formats import SheetFormat
from reddy_lib.spreadsheet.grouping import calls_of
from reddy_lib.spreadsheet.headers import FIELD_NAMES, plain_name
from reddy_lib.spreadsheet.layouts import LinesFound, find_lines, lines_chosen
from reddy_lib.spreadsheet.mapping import Layout, Mapping, ProductLike, fold_name, product_ids
from reddy_lib.spreadsheet.proposals import with_agent_names, with_joined_time
from reddy_lib.spreadsheet.tag_values import cell_text, tag_type
from reddy_lib.spreadsheet.tags import constant, personal, sensitive
from reddy_lib.spreadsheet.web_addresses import announced_name, is_web_address
from reddy_lib.transcripts import read_opening

__all__ = ["guess_mapping"]

_ROWS = 1000
_TRIED = 40
"""Transcripts that are read to see whether a column holds them; rows looked at for everything else: `_ROWS`."""

_EMAIL = re.compile(
    r"[^@\s,;]+@[^@\s,;]+\.(?!(?:vtt|srt|sbv|jsonc?|jsonl|ndjson|txt|csv|xlsx?)$)[^@\s,;.]{2,}", re.IGNORECASE
)
"""An email; the name of a file that has one in it is none."""
_AUDIO = re.compile(
    r".*\.(?:wav|mp3|m4a|mp4|ogg|opus|flac|aac|wma|amr|gsm|webm|aiff?|vox|au|3gp)", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]+")
_ADDRESS = re.compile(r"[\w+.-]+://\S+$|\S*[/\\]\S*$|.*[/\\].*\.\w{2,5}$")
_CUSTOMER_WORDS_TEXT = """
customer client caller member contact patient kunde kunden anrufer cliente klant guest consumer
supervisor manager team coach from to owner
"""
_CUSTOMER_WORDS = frozenset(_CUSTOMER_WORDS_TEXT.split())
_END_WORDS_TEXT = """
end ended stop finish finished ende fin fine einde fim hangup closed updated modified upload export
"""
_END_WORDS = frozenset(_END_WORDS_TEXT.split())
_LENGTH_WORDS_TEXT = """
duration length dauer duree durata duracion duur minutes seconds secs mins talk hold wrap handle
"""
_LENGTH_WORDS = frozenset(_LENGTH_WORDS_TEXT.split())


class _Column:
    """A column and what it holds, measured once."""

    def __init__(self, name: str, cells: Sequence[Any]) -> None:
        self.name = name
        self.plain = plain_name(name)
        self.words = frozenset(self.plain.split())
        self.cells = [
            cell for cell in cells if not (cell is None or (isinstance(cell, str) and not cell.strip()))
        ]
        self.total = len(cells)
        self.count = len(self.cells)
        self.texts = [cell_text(cell).strip() for cell in self.cells]
        self.distinct = len(set(self.texts))
        self.raw = cells
        self._dates: DateEvidence | None = None
        self._transcripts: float | None = None
        self.starts = (0, 0)
        """Transcripts that say when the call started, of those that were tried."""

    def share(self, fits: Callable[[Any], bool]) -> float:
        return sum(map(fits, self.cells)) / self.count if self.count else 0.0

    @property
    def emails(self) -> float:
        return (
            sum(_EMAIL.fullmatch(text) is not None for text in self.texts) / self.count if self.count else 0.0
        )

    @property
    def audio(self) -> float:
        return (
            sum(_AUDIO.fullmatch(announced_name(text)) is not None for text in self.texts) / self.count
            if self.count
            else 0.0
        )

    @property
    def addresses(self) -> float:
        return sum(map(is_web_address, self.texts)) / self.count if self.count else 0.0

    @property
    def dates(self) -> DateEvidence:
        if self._dates is None:
            self._dates = date_evidence(self.cells, name=self.name)
        return self._dates

    @property
    def times(self) -> float:
        return self.dates.share

    @property
    def unique(self) -> float:
        return self.distinct / self.count if self.count else 0.0

    @property
    def transcripts(self) -> float:
        """Share of cells that read as a transcript: with speakers and, unless the name says so, more than a word long."""
        if self._transcripts is None:
            step = max(self.count // _TRIED, 1)
            tried = self.texts[::step][:_TRIED]
            least = 0 if self.rank("transcript") is not None else 20
            read = [read_opening(text) for text in tried if len(text) > least]
            readable = sum(found.form not in ("empty", "no speakers", "unreadable") for found in read)
            self._transcripts = readable / len(tried) if tried else 0.0
            self.starts = sum(found.started is not None for found in read), len(tried)
        return self._transcripts

    @property
    def prose(self) -> float:
        """Share of cells that are text in words: no times, addresses or file names."""
        if self.emails + self.audio + self.times > 0.5 or not self.count:
            return 0.0
        return (
            sum(
                len(_WORD.findall(text)) > 1 and (len(text) > 1000 or not _ADDRESS.match(text))
                for text in self.texts
            )
            / self.count
        )

    def rank(self, field: str) -> int | None:
        """How telling the column's name is for a field: 0 is best, None says nothing."""
        names = FIELD_NAMES[field]
        if self.plain in names:
            return names.index(self.plain)
        joined = self.plain.replace(" ", "")
        for place, name in enumerate(names):
            if name.replace(" ", "") == joined:
                return place
        return None


def guess_mapping(
    sheet: pd.DataFrame,
    *,
    products: Iterable[Any] | None = None,
    path: str | os.PathLike[str] | None = None,
    layout: Layout | None = None,
) -> Mapping:
    """A mapping for this sheet, with a reason for each guess. The first 1,000 rows are looked at.

    `products`: the API's product list, to recognise a column of product names and match them to ids.
    `path`: the workbook that the sheet is of: where agents have names alone, their emails are looked for in its
    other sheets.
    `layout`: whether one row is a call or a line, where somebody chose; found where None.
    """
    listed = product_dicts(products)
    mapping = _guess(sheet, listed, layout)
    column = mapping.fields.get("agent_email")
    if path is None or column is None:
        return mapping
    cells = sheet[column].head(_ROWS).tolist()
    return mapping if _Column(column, cells).emails >= 0.5 else with_agent_names(mapping, cells, path)


def _guess(sheet: pd.DataFrame, products: Sequence[ProductLike] | None, layout: Layout | None) -> Mapping:
    extra = set(sheet.attrs.get("extra", ()))
    left_out = sheet.attrs.get("left_out") or {}
    head = sheet.head(_ROWS)
    if left_out:
        head = head[~head.index.isin(list(left_out))]
    cells = [
        (str(name), head.iloc[:, place].tolist())
        for place, name in enumerate(head.columns)
        if str(name) not in extra
    ]
    beside = sheet.attrs.get("lines")
    if beside:
        return _with_lines_beside(str(beside), cells, _format_of(sheet), products)
    lines = find_lines(cells) if layout != "row" else None
    if lines is None and layout == "lines":
        lines = lines_chosen(cells)
    if lines is not None:
        return _with_lines(lines, head, cells, sheet, products)
    columns = [_Column(name, column) for name, column in cells]
    return _guess_fields(Mapping(sheet=_format_of(sheet)), columns, products, _JUDGES)


def _guess_fields(
    mapping: Mapping,
    columns: Sequence[_Column],
    products: Sequence[ProductLike] | None,
    judges: Sequence[tuple[str, Callable[[_Column, dict[str, int]], tuple[float, str]]]],
) -> Mapping:
    ids = product_ids(products or ())
    fields: dict[str, str] = {}
    reasons: dict[str, str] = {}
    free = [column for column in columns if column.count]
    for field, judge in judges:
        best: tuple[float, _Column, str] | None = None
        for column in free:
            score, reason = judge(column, ids)
            if score > 0 and (best is None or score > best[0]):
                best = (score, column, reason)
        if best is not None:
            _, column, reason = best
            fields[field], reasons[field] = column.name, reason
            free.remove(column)
    for field in FIELD_NAMES:  # a column of the right name that is empty still is that field's
        empty = [column for column in columns if not column.count and column.rank(field) == 0]
        if field not in fields and empty:
            fields[field] = empty[0].name
            reasons[field] = f"name {empty[0].name!r}; no cell is filled in the rows looked at"
    said = next((column.starts for column in columns if column.name == fields.get("transcript")), (0, 0))
    if "timestamp" not in fields and said[0]:
        reasons["timestamp"] = (
            f"no column: {said[0]} of {said[1]} transcripts tried say when the call started"
        )
    mapping = mapping.replace(fields=fields, reasons={**mapping.reasons, **reasons})
    mapping = _with_times(mapping, columns)
    mapping = with_joined_time(mapping, [(column.name, column.cells) for column in columns])
    mapping = _with_products(mapping, columns, products)
    return _with_tags(mapping, columns)


def _with_lines(
    lines: LinesFound,
    head: pd.DataFrame,
    cells: Sequence[tuple[str, Sequence[Any]]],
    sheet: pd.DataFrame,
    products: Sequence[ProductLike] | None,
) -> Mapping:
    """The mapping where one row is a line: what is the same in all rows of a call describes the call."""
    mapping = Mapping(
        layout="lines",
        line_fields=lines.fields,
        line_units=lines.units,
        group_by=lines.group_by,
        new_call=lines.new_call,
        reasons=lines.reasons,
        sheet=_format_of(sheet),
    )
    groups = list(calls_of(lambda: [head], mapping))
    used = set(lines.fields.values())
    columns: list[_Column] = []
    varying: dict[str, int] = {}
    for name, _ in cells:
        if name in used:
            continue
        firsts: list[Any] = []
        mixed = 0
        for group in groups:
            filled = [cell for cell in group.columns[name] if not _is_blank(cell)]
            firsts.append(filled[0] if filled else "")
            mixed += any(cell != filled[0] for cell in filled)
        if mixed > 0.1 * len(groups) and name not in lines.group_by:
            varying[name] = mixed
        else:
            columns.append(_Column(name, firsts))
    judges = [
        (field, judge)
        for field, judge in _JUDGES
        if field not in ("transcript", "channels", "separation", "channel_map")
    ]
    mapping = _guess_fields(mapping, columns, products, judges)
    reasons = dict(mapping.reasons)
    fields = dict(mapping.fields)
    tags = list(mapping.tags)
    by = lines.group_by[0] if len(lines.group_by) == 1 else ""
    if "conversation_id" not in fields and by and by not in fields.values():
        found = next(column for column in columns if column.name == by)
        if found.unique == 1 and found.emails < 0.5 and found.times < 0.5:
            fields["conversation_id"] = by
            reasons["conversation_id"] = f"tells calls apart: {found.distinct} different"
            tags = [name for name in tags if name != by]
    start = lines.fields.get("start", "")
    if "timestamp" not in {**fields, **mapping.joins} and start:
        moments = _Column(start, [group.columns[start][0] for group in groups])
        if moments.times > 0.5:
            fields["timestamp"] = start
            reasons["timestamp"] = f"name {start!r}; the first line's time"
            mapping = _with_times(mapping.replace(fields=fields, reasons=reasons), [moments])
            reasons = dict(mapping.reasons)
    for name, count in varying.items():
        reasons[name] = f"not a tag: its cells differ within {count} of {len(groups)} calls"
    return mapping.replace(
        fields=fields,
        tags=tags,
        tag_types={name: kind for name, kind in mapping.tag_types.items() if name in tags},
        reasons=reasons,
    )


def _with_lines_beside(
    beside: str,
    cells: Sequence[tuple[str, Sequence[Any]]],
    format: SheetFormat | None,
    products: Sequence[ProductLike] | None,
) -> Mapping:
    """The mapping where another sheet holds the lines: one row is a call, one column holds its lines."""
    there = format.join[1] if format is not None and len(format.join) > 1 else ""
    rows: list[dict[str, Any]] = []
    for cell in dict(cells)[beside]:
        if cell and len(rows) < _ROWS:
            rows += msgspec.json.decode(cell)
    names = dict.fromkeys(name for row in rows for name in row)
    lines = find_lines([(name, [row.get(name, "") for row in rows]) for name in names]) if rows else None
    columns = [_Column(name, column) for name, column in cells if name != beside]
    judges = [(field, judge) for field, judge in _JUDGES if field != "transcript"]
    mapping = _guess_fields(Mapping(sheet=format), columns, products, judges)
    fields = {**mapping.fields, "transcript": beside}
    reasons = {**mapping.reasons, "transcript": f"the lines of another sheet, joined by {there!r}"}
    if lines is None:
        return mapping.replace(fields=fields, reasons=reasons)
    return mapping.replace(
        layout="lines",
        fields=fields,
        line_fields=lines.fields,
        line_units=lines.units,
        reasons={
            **reasons,
            **lines.reasons,
            "layout": f"one row a call, and its lines in another sheet, joined by {there!r}",
        },
    )


def _is_blank(cell: Any) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())


def _format_of(sheet: pd.DataFrame) -> SheetFormat | None:
    data = sheet.attrs.get("format")
    return msgspec.convert(data, SheetFormat) if isinstance(data, dict) else None


def _named(column: _Column) -> str:
    return f'name "{column.name}"'


def _percent(share: float) -> str:
    return f"{int(share * 100)} %"


def _transcript(column: _Column, _: dict[str, int]) -> tuple[float, str]:
    rank = column.rank("transcript")
    share = column.transcripts
    length = sum(map(len, column.texts)) / column.count
    if share < 0.3:
        # The same few texts again and again are kinds of something, not conversations.
        said = column.prose >= 0.5 and column.unique >= 0.2
        if rank is None or not (length >= 60 or said):
            return 0, ""
    reason = f"{_percent(share)} of the cells tried read as a transcript, {int(length)} characters on average"
    score = 10 * share + min(length / 1000, 3) + (4 - rank / 20 if rank is not None else 0)
    return score, f"{_named(column)}; {reason}" if rank is not None else reason


def _agent(column: _Column, _: dict[str, int]) -> tuple[float, str]:
    rank = column.rank("agent_email")
    share = column.emails
    reason = f"{_percent(share)} look like emails, {column.distinct} different"
    foreign = bool(column.words & _CUSTOMER_WORDS) and rank is None
    if rank is None and (share < 0.8 or foreign):
        return 0, ""
    score = 10 * share
    if rank is not None:
        score += 6 - rank / 10
    elif column.words & {"agent", "rep", "advisor", "user", "operator", "employee"}:
        score += 3
    if share < 0.5:
        if column.words == {"user"} or column.plain in ("owner", "mail", "user"):
            return 0, ""
        reason = f"{reason}: match the names to emails"
    return score, f"{_named(column)}; {reason}" if rank is not None else reason


def _timestamp(column: _Column, _: dict[str, int]) -> tuple[float, str]:
    if column.words & _END_WORDS or column.words & _LENGTH_WORDS or sensitive(column.name):
        return 0, ""
    rank = column.rank("timestamp")
    share = column.times
    numeric = not column.dates.sure and all(
        isinstance(cell, int | float) or re.fullmatch(r"[\d.,]+", str(cell)) for cell in column.cells[:50]
    )
    if share < 0.5 and (rank is None or rank > 14 or (column.times == 0 and column.transcripts > 0.3)):
        return 0, ""
    if (
        rank is None
        and numeric
        and not column.words & {"start", "begin", "began", "timestamp", "time", "date"}
    ):
        return 0, ""
    score = 10 * share + (6 - rank / 20 if rank is not None else 0)
    if rank is None and column.words & {"start", "begin", "call", "date", "time", "datum", "fecha"}:
        score += 2
    reason = f"{_percent(share)} look like dates or times"
    return score, f"{_named(column)}; {reason}" if rank is not None else reason


def _identity(column: _Column, _: dict[str, int]) -> tuple[float, str]:
    rank = column.rank("conversation_id")
    looks = column.count > 1 and column.unique == 1 and column.share(_is_uuid) > 0.9
    if rank is None and not looks:
        return 0, ""
    if rank is not None and rank > 15 and column.unique < 0.9:
        return 0, ""
    if column.emails > 0.5 or column.transcripts > 0.5 or column.audio > 0.5:
        return 0, ""
    reason = f"{column.distinct} different of {column.count}"
    score = 5 * column.unique + (8 - rank / 5 if rank is not None else 0)
    return score, f"{_named(column)}; {reason}" if rank is not None else f"unique ids: {reason}"


def _is_uuid(cell: Any) -> bool:
    return (
        isinstance(cell, str)
        and re.fullmatch(
            r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,64})", cell.strip().casefold()
        )
        is not None
    )


def _is_number(text: str) -> bool:
    """A whole number as people type it: "²" is a digit to Python and no number."""
    return text.isdecimal() and len(text) < 16


def _filename(column: _Column, _: dict[str, int]) -> tuple[float, str]:
    share, rank = column.audio, column.rank("filename")
    reason = f"{_percent(share)} are names of audio files"
    if share < 0.5 and rank is not None:  # https://….example/recordings/RE5f2a has no ending
        share = column.addresses
        reason = f"{_percent(share)} are web addresses"
    if share < 0.5:
        return 0, ""
    return 10 * share + (
        3 if rank is not None else 0
    ), f"{_named(column)}; {reason}" if rank is not None else reason


def _product(column: _Column, ids: dict[str, int]) -> tuple[float, str]:
    rank = column.rank("product_id")
    numbers = set(ids.values())
    matched = sum(
        fold_name(text) in ids or (_is_number(text) and int(text) in numbers and rank is not None)
        for text in column.texts
    )
    share = matched / column.count
    few = column.distinct <= max(20, column.count // 2)
    if rank is None and (share < 0.8 or _is_number(column.texts[0])):
        return 0, ""
    if (
        rank is not None and rank > 5 and share == 0
    ):  # a queue or campaign is a product only if its names say so
        return 0, ""
    if rank is None and not few:
        return 0, ""
    reason = f"{column.distinct} different"
    if ids:
        reason += f", {matched} of {column.count} cells match a product"
    score = 10 * share + (5 - rank / 10 if rank is not None else 0)
    return score, f"{_named(column)}; {reason}" if rank is not None else reason


def _by_name(field: str) -> Callable[[_Column, dict[str, int]], tuple[float, str]]:
    def judge(column: _Column, _: dict[str, int]) -> tuple[float, str]:
        fits = column.rank(field) is not None and all(
            re.search(r"agent|customer|diarize|channels", text.casefold()) for text in column.texts
        )
        return (1.0, f"{_named(column)}; {column.distinct} different") if fits else (0, "")

    return judge


_JUDGES: tuple[tuple[str, Callable[[_Column, dict[str, int]], tuple[float, str]]], ...] = (
    ("transcript", _transcript),
    ("agent_email", _agent),
    ("filename", _filename),
    ("timestamp", _timestamp),
    ("conversation_id", _identity),
    ("product_id", _product),
    ("channels", _by_name("channels")),
    ("separation", _by_name("separation")),
    ("channel_map", _by_name("channel_map")),
)
"""In this order: a column that one field took is no longer free for the next."""


def _with_times(mapping: Mapping, columns: Sequence[_Column]) -> Mapping:
    name = mapping.fields.get("timestamp")
    column = next((column for column in columns if column.name == name), None)
    if column is None or not column.count:
        return mapping
    filled = {one.name: one.raw for one in columns if one.count}
    settings, read = timestamp_settings(column.name, filled)
    reason = "; ".join([mapping.reasons["timestamp"], *read.reasons])
    return mapping.replace(**settings, reasons={**mapping.reasons, "timestamp": reason})


def _with_products(
    mapping: Mapping, columns: Sequence[_Column], products: Sequence[ProductLike] | None
) -> Mapping:
    name = mapping.fields.get("product_id")
    if name is None or not products:
        return mapping
    column = next(column for column in columns if column.name == name)
    if column.texts and all(map(_is_number, column.texts)):
        return mapping
    # Also products that the first rows do not name: a later row may.
    names = dict.fromkeys([*column.texts, *(str(product["name"]) for product in products)])
    return mapping.match_products(names, products)


def _with_tags(mapping: Mapping, columns: Sequence[_Column]) -> Mapping:
    used = {column for several in mapping.sources().values() for column in several}
    tags: list[str] = []
    types: dict[str, str] = {}
    reasons = dict(mapping.reasons)
    for column in columns:
        if column.name in used:
            continue
        if not column.count:
            reasons[column.name] = "not a tag: no cell is filled in the rows looked at"
            continue
        if _is_counter(column):
            reasons[column.name] = "not a tag: it has no name and only counts the rows"
            continue
        why = sensitive(column.name, column.cells)
        if why:
            reasons[column.name] = f"not a tag: {why}; choose it to send it"
            continue
        tags.append(column.name)
        kind = tag_type(column.cells)
        types[column.name] = kind.type
        reasons[column.name] = f"{kind.type}: {kind.reason}; {column.distinct} different"
        if why := personal(column.name, column.cells):
            reasons[column.name] += f"; personal?: {why}"
        elif why := constant(column.texts, column.total):
            reasons[column.name] += f"; constant?: {why}"
    return mapping.replace(tags=tags, tag_types=types, reasons=reasons)


def _is_counter(column: _Column) -> bool:
    """The column without a name that programs write in front of a table: 0, 1, 2, …"""
    if not re.fullmatch(r"column [A-Z]+|unnamed: ?\d+", column.name, re.IGNORECASE):
        return False
    if not all(map(_is_number, column.texts)):
        return False
    numbers = [int(text) for text in column.texts]
    return all(after - before == 1 for before, after in pairwise(numbers))
