"""KEPT APART: layouts and dates of the vocabulary "held-out". Do not read this file when you work on the reader."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.exports.columns import Payload, Plan, Sheet, as_text, call_columns, set_lines, transcripts
from tests.exports.dates import DAYS, Cell, DateForm
from tests.exports.layouts import Layout, nest
from tests.exports.writing import label_of, spoken


def keyed_by_id(plan: Plan) -> Payload:
    """An object of calls, whose keys are the calls' ids."""
    plan.traits -= {"no-id", "placeholder-ids"}
    columns = [one for one in call_columns(plan) if one[0] != "call_id"]
    document: dict[str, Any] = {}
    for n, w in enumerate(transcripts(plan)):
        record = {header: cells[n] for _, header, cells in columns}
        record[plan.header("transcript")] = w.value
        document[plan.ids[n]] = nest(record)
    return Payload(document=document)


def arrays_by_field(plan: Plan) -> Payload:
    """An object of fields, each with a list of one value a call."""
    columns = call_columns(plan)
    columns.append(("transcript", plan.header("transcript"), [as_text(w.value) for w in transcripts(plan)]))
    return Payload(document={header: list(cells) for _, header, cells in columns})


def blocks(plan: Plan) -> Payload:
    """A block a call: its fields below each other, then its lines, then an empty row."""
    plan.traits -= {"no-id", "placeholder-ids"}
    columns = call_columns(plan)
    role, text = plan.header("line_role"), plan.header("line_text")
    rows: list[list[Cell]] = []
    for n, scene in enumerate(plan.scenes):
        rows += [[header, cells[n]] for _, header, cells in columns]
        rows.append([role, text])
        rows += [[label_of(plan.style, scene, t), t.text] for t in scene.turns]
        rows.append([None, None])
    set_lines(plan, [spoken(s.turns, times=False) for s in plan.scenes])
    return Payload([Sheet("Report", rows[:-1], header=False)])


LAYOUTS: tuple[Layout, ...] = (
    Layout("json-keyed-by-id", keyed_by_id, "value", ("json",)),
    Layout("json-arrays-by-field", arrays_by_field, "cell", ("json",), weight=1),
    Layout("blocks", blocks, "", ("csv", "csv-semicolon", "xlsx"), labelled=True, weight=1),
)


def _weekday(d: datetime, _: str) -> str:
    return f"{DAYS[d.weekday()]} {d:%Y-%m-%d %H:%M:%S}"


DATES: tuple[DateForm, ...] = (
    DateForm("iso-basic", lambda d, _: f"{d.astimezone(ZoneInfo('UTC')):%Y%m%dT%H%M%SZ}", local=False, weight=3),
    DateForm("dmy-dash", lambda d, _: f"{d:%d-%m-%Y %H:%M:%S}", days="apart", languages=("nl", "pt", "it", "es", "en"), weight=3),
    DateForm("weekday-iso", _weekday, weight=3),
    DateForm("iso-space-offset", lambda d, _: f"{d:%Y-%m-%d %H:%M:%S %z}", local=False, weight=3),
    DateForm("ymd-dots", lambda d, _: f"{d:%Y.%m.%d %H:%M}", tolerance=60, weight=3),
)  # fmt: skip
