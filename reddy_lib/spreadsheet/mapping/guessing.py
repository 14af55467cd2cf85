"""Which column is which: guessed from all evidence together, with the reason for each guess and what came second.

First the layout: is one row a call, a line of a call, or a call whose turns stand in columns? Then each field: every
column is judged for every field (`field_evidence`), and the assignment with most evidence in all wins. What feeds no
field becomes a tag. Where the evidence does not decide between two columns, the mapping says so (`doubts`).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

import reddy_lib.arguments as arguments
from reddy_lib.spreadsheet.calls.grouping import Group, calls_of
from reddy_lib.spreadsheet.calls.lines import rows_of_agent
from reddy_lib.spreadsheet.cells.agent_names import bare_email
from reddy_lib.spreadsheet.cells.placeholders import is_placeholder
from reddy_lib.spreadsheet.cells.tag_values import tag_type
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.evidence.date_columns import timestamp_settings
from reddy_lib.spreadsheet.evidence.day_order import column_order
from reddy_lib.spreadsheet.evidence.field_evidence import JUDGES, Evidence, Table
from reddy_lib.spreadsheet.evidence.layouts import LinesFound, find_lines, line_times, lines_chosen
from reddy_lib.spreadsheet.evidence.split_transcripts import continued, joined_parts
from reddy_lib.spreadsheet.evidence.tags import constant, personal, sensitive
from reddy_lib.spreadsheet.evidence.turn_columns import TurnsFound, find_turns
from reddy_lib.spreadsheet.formats import SheetFormat
from reddy_lib.spreadsheet.mapping.call_keys import (
    id_from_group,
    with_joining_id,
    with_order_doubted,
    with_unused_words,
)
from reddy_lib.spreadsheet.mapping.doubtful import (
    doubt_of_transcript,
    doubts_of_content,
    doubts_of_turns,
    is_written_down,
)
from reddy_lib.spreadsheet.mapping.name_facts import with_name_facts
from reddy_lib.spreadsheet.mapping.pooling import with_pooled_roles
from reddy_lib.spreadsheet.mapping.proposals import (
    with_agent_names,
    with_agents_beside,
    with_agents_in_lines,
    with_clock_of_lines,
    with_joined_time,
    with_stated_zone,
)
from reddy_lib.spreadsheet.mapping.spread_values import (
    with_half_of_day,
    with_second_key,
    with_spread_id,
    with_spread_start,
)
from reddy_lib.spreadsheet.model import Join, Layout, Mapping, ProductLike, spelled_products
from reddy_lib.spreadsheet.reading.pieces import column_cells
from reddy_lib.transcripts.formats.chat_stamps import stamps_of_lines

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["guess_mapping"]

_ROWS = 1000
"""Rows that are looked at."""
_TALKS = 40
"""Transcripts in which agents are looked for."""
_OF_A_ROW = ("transcript", "channels", "separation", "channel_map")
"""Fields that only a row that is a call can have a column for."""
_CLOSE = 0.8
"""From which share of the best score on another column counts as a rival."""
_NEXT = 0.5
"""From which share of the best score on another column is named as the second best."""


def guess_mapping(
    sheet: pd.DataFrame,
    *,
    products: Iterable[Any] | None = None,
    path: str | os.PathLike[str] | None = None,
    layout: Layout | None = None,
) -> Mapping:
    """Return a mapping for this sheet, with a reason for each guess. The first 1,000 rows are looked at.

    `products`: the API's product list, to recognise a column of product names and match them to ids.
    `path`: the workbook that the sheet is of: where agents have names alone, their emails are looked for in its
    other sheets.
    `layout`: whether one row is a call or a line, where somebody chose; found where None.
    """
    arguments.frame(sheet, "sheet")
    listed = arguments.product_dicts(products)
    mapping = with_stated_zone(with_pooled_roles(_guess(sheet, listed, layout), sheet))
    column = mapping.fields.get("agent_email")
    if path is None or (column is None and "agent_email" in mapping.joins):
        return mapping
    if column is None:
        cells_of = {name: sheet[name].head(_ROWS).tolist() for name in mapping.tags if name in sheet.columns}
        mapping = with_agents_beside(mapping, cells_of, path)
        talk = mapping.fields.get("transcript")
        if "agent_email" in mapping.fields or talk not in sheet.columns:
            return mapping
        return with_agents_in_lines(mapping, sheet[talk].head(_TALKS).tolist(), path)
    cells = sheet[column].head(_ROWS).tolist()
    return mapping if Column(column, cells).emails >= 0.5 else with_agent_names(mapping, cells, path)


def _guess(sheet: pd.DataFrame, products: Sequence[ProductLike] | None, layout: Layout | None) -> Mapping:
    extra = {*sheet.attrs.get("extra", ()), *sheet.attrs.get("beside", ())}
    left_out = sheet.attrs.get("left_out") or {}
    head = sheet.head(_ROWS)
    if left_out:
        head = head[~head.index.isin(list(left_out))]
    cells = [
        (str(name), column)
        for name, column in zip(head.columns, column_cells(head), strict=True)
        if str(name) not in extra
    ]
    beside = sheet.attrs.get("lines")
    if beside:
        return _with_lines_beside(str(beside), cells, _format_of(sheet), products)
    columns = [Column(name, column) for name, column in cells]
    parts = joined_parts(columns) if layout != "lines" else None
    cut = parts is not None and parts[1] != "\n"  # anywhere, rather than between two turns
    turns = find_turns(columns) if layout is None and not cut else None
    if turns is not None:
        return _with_turns(turns, head, columns, sheet, products)
    lines = find_lines(columns) if layout != "row" and not cut else None
    if lines is None and layout == "lines":
        lines = lines_chosen(columns)
    if lines is not None:
        return _with_lines(with_second_key(lines, columns), head, cells, sheet, products)
    if parts is not None:
        names, separator, why = parts
        mapping = Mapping(
            sheet=_format_of(sheet), joins={"transcript": Join(names, separator)}, reasons={"transcript": why}
        )
        rest = [column for column in columns if column.name not in names]
        return _guess_fields(mapping, rest, products, [field for field in JUDGES if field != "transcript"])
    return _guess_fields(Mapping(sheet=_format_of(sheet)), columns, products, tuple(JUDGES))


def _guess_fields(
    mapping: Mapping,
    columns: Sequence[Column],
    products: Sequence[ProductLike] | None,
    wanted: Collection[str],
) -> Mapping:
    table = Table([column for column in columns if column.count], spelled_products(products or ()))
    fields, evidence, doubts, second = _assigned(table, wanted)
    reasons = {field: found.reason for field, found in evidence.items()}
    for field in wanted:  # a column of the right name that is empty, or says so, still is that field's
        empty = [
            column
            for column in columns
            if all(map(is_placeholder, column.texts)) and _is_called(column, field)
        ]
        if field not in fields and empty and empty[0].name not in fields.values():
            fields[field] = empty[0].name
            what = "says anything" if empty[0].count else "is filled"
            reasons[field] = f"name {empty[0].name!r}; no cell {what} in the rows looked at"
    said = next((column.starts for column in columns if column.name == fields.get("transcript")), (0, 0))
    if "timestamp" not in fields and said[0]:
        reasons["timestamp"] = (
            f"no column: {said[0]} of {said[1]} transcripts tried say when the call started"
        )
    mapping = mapping.replace(
        fields=fields,
        reasons={**mapping.reasons, **reasons},
        doubts={**mapping.doubts, **doubts},
        second_best=second,
    )
    if "transcript" in fields:
        mapping = _with_other_transcript(_with_continuation(mapping, columns), columns)
    mapping = _with_times(mapping, columns)
    mapping = with_half_of_day(with_spread_start(with_joined_time(mapping, columns), columns), columns)
    mapping = with_name_facts(with_spread_id(mapping, columns), columns)
    mapping = _with_products(mapping, columns, products)
    return _with_tags(mapping, columns)


def _is_called(column: Column, field: str) -> bool:
    """Return whether an empty column's name alone says which field it feeds."""
    says = column.says
    return {
        "transcript": "transcript" in says and "note" not in says,
        "agent_email": {"agent", "email"} <= says and "customer" not in says,
        "timestamp": "start" in says and bool(says & {"call", "time", "date"}),
        "conversation_id": "call" in says and bool(says & {"id", "unique"}),
        "product_id": "product" in says,
        "filename": {"audio", "file"} <= says or column.plain in ("filename", "file name"),
        "channels": column.plain == "channels",
        "separation": column.plain == "separation",
        "channel_map": column.plain == "channel map",
    }.get(field, False)


def _assigned(
    table: Table, wanted: Collection[str]
) -> tuple[dict[str, str], dict[str, Evidence], dict[str, str], dict[str, str]]:
    """Return (field → column, field → evidence, field → doubt, field → second best column): the strongest evidence first,
    each column once."""
    found: list[tuple[float, int, str, Column, Evidence]] = []
    for field in wanted:
        for place, column in enumerate(table.columns):
            evidence = JUDGES[field](column, table)
            if evidence.score > 0:
                found.append((evidence.score, -place, field, column, evidence))
    found.sort(key=lambda item: item[:2], reverse=True)
    fields: dict[str, str] = {}
    kept: dict[str, Evidence] = {}
    chosen: dict[str, Column] = {}
    taken: set[str] = set()
    for _, _, field, column, evidence in found:
        if field not in fields and column.name not in taken:
            fields[field], kept[field], chosen[field] = column.name, evidence, column
            taken.add(column.name)
    doubts: dict[str, str] = {}
    second: dict[str, str] = {}
    for score, _, field, column, _ in found:
        best = chosen.get(field)
        if best is None or column.name in taken:
            continue
        if score >= _NEXT * kept[field].score:
            second.setdefault(field, column.name)
        if field in doubts or score < _CLOSE * kept[field].score:
            continue
        proven = field == "timestamp" and table.times.standing(best.name).start_by
        if proven and not table.times.standing(column.name).start_by:
            continue
        differing = sum(a != b for a, b in zip(best.of_rows, column.of_rows, strict=True) if a and b)
        if differing and field in _RIVALS:
            second[field] = column.name
            doubts[field] = (
                f"{best.name!r} was taken; {column.name!r} would fit too, and differs in {differing} of "
                f"{best.total} rows looked at"
            )
    doubts |= doubts_of_content(table, fields, kept, doubts)
    return fields, kept, doubts, second


_RIVALS = frozenset(("agent_email", "timestamp", "conversation_id", "product_id"))
"""Fields of which one call has one: a second column that fits as well is a question."""


def _with_continuation(mapping: Mapping, columns: Sequence[Column]) -> Mapping:
    """Join the columns in which the transcript goes on ("Transcript 2", "… (cont.)") to the first."""
    taken = {name for field, name in mapping.fields.items() if field != "transcript"}
    talk = next(column for column in columns if column.name == mapping.fields["transcript"])
    # "Column 3" and "Column 7" are numbered alike, and one of them may hold names or products.
    parts = [column for column in columns if column.name not in taken and not _is_short_fact(column, talk)]
    found = continued(mapping.fields["transcript"], parts)
    if found is None:
        return mapping
    names, separator, why = found
    fields = {field: column for field, column in mapping.fields.items() if field != "transcript"}
    return mapping.replace(
        fields=fields,
        joins={**mapping.joins, "transcript": Join(names, separator)},
        reasons={**mapping.reasons, "transcript": f"{mapping.reasons['transcript']}; {why}"},
    )


def _with_other_transcript(mapping: Mapping, columns: Sequence[Column]) -> Mapping:
    found = doubt_of_transcript(mapping.sources().get("transcript", []), columns)
    if found is None or "transcript" in mapping.doubts:
        return mapping
    second = {"transcript": found[1]} if found[1] else {}
    return mapping.replace(
        doubts={**mapping.doubts, "transcript": found[0]}, second_best={**mapping.second_best, **second}
    )


def _is_short_fact(column: Column, talk: Column) -> bool:
    """Return whether cells are ids, people or a few words beside a transcript whose name says nothing."""
    if column.name == talk.name or column.says & {"transcript", "text", "call"}:
        return False
    few = column.count >= 4 and column.distinct <= 0.6 * column.count
    return column.length < 40 and (column.people >= 0.5 or column.ids >= 0.5 or few)


def _with_turns(
    turns: TurnsFound,
    head: pd.DataFrame,
    columns: Sequence[Column],
    sheet: pd.DataFrame,
    products: Sequence[ProductLike] | None,
) -> Mapping:
    """Return the mapping where the turns of a call stand in several columns."""
    used = {name for turn in turns.turns for name in (turn.text, turn.speaker, turn.start) if name}
    mapping = Mapping(
        layout="lines" if turns.group_by else "row",
        turns=turns.turns,
        group_by=turns.group_by,
        line_fields={"order": turns.order} if turns.order else {},
        reasons={"transcript": turns.reason, **({"layout": turns.reason} if turns.group_by else {})},
        doubts=doubts_of_turns(turns, columns),
        sheet=_format_of(sheet),
    )
    if turns.group_by:
        mapping = _with_line_times(mapping, used, columns)
        used |= set(mapping.line_fields.values())
        return _fields_of_groups(mapping, used, head, [(c.name, c.rows) for c in columns], products)
    wanted = [field for field in JUDGES if field not in _OF_A_ROW]
    return _guess_fields(mapping, [column for column in columns if column.name not in used], products, wanted)


def _with_line_times(mapping: Mapping, used: set[str], columns: Sequence[Column]) -> Mapping:
    """Return a copy with the columns that say when each row of turns was spoken."""
    texts = [column for column in columns if column.name in used]
    said = Column(
        "text", [" ".join(cells) for cells in zip(*(column.of_rows for column in texts), strict=True)]
    )
    by = next(column for column in columns if column.name == mapping.group_by[0])
    places: dict[str, list[int]] = {}
    for place, text in enumerate(by.of_rows):
        places.setdefault(text, []).append(place)
    taken = {*used, *mapping.group_by, *mapping.line_fields.values()}
    rest = [column for column in columns if column.count and column.name not in taken]
    fields, units, reasons, doubts = line_times(rest, said, list(places.values()))
    return mapping.replace(
        line_fields={**mapping.line_fields, **fields},
        line_units=units,
        doubts={**mapping.doubts, **doubts},
        reasons={**mapping.reasons, **reasons},
    )


def _with_lines(
    lines: LinesFound,
    head: pd.DataFrame,
    cells: Sequence[tuple[str, Sequence[Any]]],
    sheet: pd.DataFrame,
    products: Sequence[ProductLike] | None,
) -> Mapping:
    """Return the mapping where one row is a line: what is the same in all rows of a call describes the call."""
    mapping = Mapping(
        layout="lines",
        line_fields=lines.fields,
        line_units=lines.units,
        group_by=lines.group_by,
        new_call=lines.new_call,
        lines_by_time=lines.by_time,
        row_is=lines.row_is,
        reasons=lines.reasons,
        doubts=lines.doubts,
        roles=lines.roles,
        sheet=_format_of(sheet),
    )
    return _fields_of_groups(mapping, set(lines.fields.values()), head, cells, products)


def _fields_of_groups(
    mapping: Mapping,
    used: set[str],
    head: pd.DataFrame,
    cells: Sequence[tuple[str, Sequence[Any]]],
    products: Sequence[ProductLike] | None,
) -> Mapping:
    groups = list(calls_of(lambda: [head], mapping))
    columns: list[Column] = []
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
        if mixed > 0.1 * len(groups) and name not in mapping.group_by:
            varying[name] = mixed
        else:
            columns.append(Column(name, firsts))
    wanted = [field for field in JUDGES if field not in _OF_A_ROW]
    mapping = _guess_fields(mapping, columns, products, wanted)
    mapping = id_from_group(mapping, columns)
    start = mapping.line_fields.get("start", "")
    written = is_written_down(mapping.fields.get("timestamp", ""))
    if start and (written or "timestamp" not in {**mapping.fields, **mapping.joins}):
        moments = Column(start, [group.columns[start][0] for group in groups])
        if moments.times > 0.5:
            was = mapping.fields.get("timestamp")
            mapping = mapping.replace(
                fields={**mapping.fields, "timestamp": start},
                tags=[*mapping.tags, was] if was else mapping.tags,
                doubts={field: doubt for field, doubt in mapping.doubts.items() if field != "timestamp"},
                reasons={**mapping.reasons, "timestamp": f"name {start!r}; the time of the first line"},
            )
            mapping = _with_times(mapping, [moments])
    day = next((column for column in columns if column.name == mapping.fields.get("timestamp")), None)
    if start and day is not None:
        mapping = with_clock_of_lines(
            mapping, day, Column(start, [group.columns[start][0] for group in groups])
        )
    mapping = _agent_of_lines(mapping, varying, groups)
    mapping = with_order_doubted(with_unused_words(mapping, varying, groups), groups)
    reasons = dict(mapping.reasons)
    for name, count in varying.items():
        if name in mapping.fields.values():
            continue
        reasons[name] = f"not a tag: its cells differ within {count} of {len(groups)} calls"
    return mapping.replace(reasons=reasons)


def _agent_of_lines(mapping: Mapping, varying: Collection[str], groups: Sequence[Group]) -> Mapping:
    """Take the column of who wrote each line for the agent's email, where the agent's own lines have one in each call."""
    role = mapping.line_fields.get("role", "")
    if not role or "agent_email" in {**mapping.fields, **mapping.joins}:
        return mapping
    for name in varying:
        written = [rows_of_agent(group.columns[name], group.columns[role], mapping.roles) for group in groups]
        known = [[text for text in texts if bare_email(text)] for texts in written if texts]
        if not known or sum(len(set(texts)) == 1 for texts in known) < 0.9 * len(known):
            continue
        if len(known) < 0.5 * len(groups):
            continue
        return mapping.replace(
            fields={**mapping.fields, "agent_email": name},
            reasons={
                **mapping.reasons,
                "agent_email": f"name {name!r}; emails of those who wrote the agent's lines",
            },
        )
    return mapping


def _with_lines_beside(
    beside: str,
    cells: Sequence[tuple[str, Sequence[Any]]],
    format: SheetFormat | None,
    products: Sequence[ProductLike] | None,
) -> Mapping:
    """Return the mapping where another sheet holds the lines: one row is a call, one column holds its lines."""
    here, there = format.join if format is not None and len(format.join) > 1 else ("", "")
    rows: list[dict[str, Any]] = []
    for cell in dict(cells)[beside]:
        if cell and len(rows) < _ROWS:
            rows += msgspec.json.decode(cell)
    names = dict.fromkeys(name for row in rows for name in row)
    lines = (
        find_lines([Column(name, [row.get(name, "") for row in rows]) for name in names]) if rows else None
    )
    columns = [Column(name, column) for name, column in cells if name != beside]
    mapping = _guess_fields(
        Mapping(sheet=format), columns, products, [field for field in JUDGES if field != "transcript"]
    )
    mapping = with_joining_id(mapping, here, columns)
    fields = {**mapping.fields, "transcript": beside}
    reasons = {**mapping.reasons, "transcript": f"the lines of another sheet, joined by {there!r}"}
    if lines is None:
        return mapping.replace(fields=fields, reasons=reasons)
    return mapping.replace(
        layout="lines",
        fields=fields,
        line_fields=lines.fields,
        line_units=lines.units,
        lines_by_time=lines.by_time,
        row_is=lines.row_is,
        doubts={**mapping.doubts, **lines.doubts},
        roles=lines.roles,
        reasons={
            **reasons,
            **lines.reasons,
            "layout": f"one row per call, and its lines in another sheet, joined by {there!r}",
        },
    )


def _is_blank(cell: Any) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())


def _format_of(sheet: pd.DataFrame) -> SheetFormat | None:
    data = sheet.attrs.get("format")
    return msgspec.convert(data, SheetFormat) if isinstance(data, dict) else None


def _with_times(mapping: Mapping, columns: Sequence[Column]) -> Mapping:
    name = mapping.fields.get("timestamp")
    column = next((column for column in columns if column.name == name), None)
    if column is None:
        return _with_order_of_lines(mapping, columns)
    if not column.count:
        return mapping
    filled = {one.name: one.rows for one in columns if one.count}
    settings, read = timestamp_settings(column.name, filled)
    reason = "; ".join([mapping.reasons["timestamp"], *read.reasons])
    minutes = column.count > 1 and column.dates.granularity in ("minute", "day")
    return mapping.replace(
        **settings, whole_minutes=minutes, reasons={**mapping.reasons, "timestamp": reason}
    )


def _with_order_of_lines(mapping: Mapping, columns: Sequence[Column]) -> Mapping:
    """Return the mapping with the order of day and month in the dates before the lines, where no column says the start."""
    talk = next((column for column in columns if column.name == mapping.fields.get("transcript")), None)
    stamps = [] if talk is None else [stamp for text in talk.texts for stamp in stamps_of_lines(text)]
    order = column_order(stamps)
    if not stamps or not order.reason:
        return mapping
    said = mapping.reasons.get("timestamp", "no column")
    return mapping.replace(
        day_first=order.day_first, reasons={**mapping.reasons, "timestamp": f"{said}; {order.reason}"}
    )


def _with_products(
    mapping: Mapping, columns: Sequence[Column], products: Sequence[ProductLike] | None
) -> Mapping:
    name = mapping.fields.get("product_id")
    if name is None or not products:
        return mapping
    column = next(column for column in columns if column.name == name)
    if column.texts and all(text.isdecimal() and len(text) < 16 for text in column.texts):
        return mapping
    # Also products that the first rows do not name: a later row may.
    names = dict.fromkeys([*column.texts, *(str(product["name"]) for product in products)])
    return mapping.match_products(names, products)


def _with_tags(mapping: Mapping, columns: Sequence[Column]) -> Mapping:
    used = {column for several in mapping.sources().values() for column in several}
    used.add(mapping.timezone_column)
    tags: list[str] = []
    types: dict[str, str] = {}
    reasons = dict(mapping.reasons)
    for column in columns:
        if column.name in used:
            continue
        if not column.count:
            reasons[column.name] = "not a tag: no cell is filled in the rows looked at"
            continue
        if column.is_counter:
            reasons[column.name] = "not a tag: it has no name and only counts the rows"
            continue
        why = sensitive(column.name, column.texts)
        if why:
            reasons[column.name] = f"not a tag: {why}; choose it to send it"
            continue
        tags.append(column.name)
        kind = tag_type(column.cells)
        types[column.name] = kind.type
        reasons[column.name] = f"{kind.type}: {kind.reason}; {column.distinct} distinct"
        if why := personal(column.name, column.texts):
            reasons[column.name] += f"; personal?: {why}"
        elif why := constant(column.texts, column.total):
            reasons[column.name] += f"; constant?: {why}"
    return mapping.replace(tags=tags, tag_types=types, reasons=reasons)
