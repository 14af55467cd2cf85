"""KEPT APART: layouts and dates of the vocabulary "last". Do not read this file when you work on the reader."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from tests.exports.columns import (
    Payload,
    Plan,
    Sheet,
    as_text,
    call_columns,
    set_lines,
    table_of,
    transcripts,
)
from tests.exports.dates import SHORT, Cell, DateForm
from tests.exports.layouts import Layout, nest
from tests.exports.writing import label_of, spoken


def calls_in_agents(plan: Plan) -> Payload:
    """A list of agents, each with the calls that they answered."""
    plan.traits -= {"agent-mixed", "agent-name-only", "agent-name"}
    columns = [one for one in call_columns(plan) if one[0] not in ("agent_email", "agent_name")]
    groups: dict[str, dict[str, Any]] = {}
    for n, (scene, w) in enumerate(zip(plan.scenes, transcripts(plan), strict=True)):
        record = {header: cells[n] for _, header, cells in columns}
        record[plan.header("transcript")] = w.value
        group = groups.setdefault(
            scene.email, {"agent": {"name": scene.agent, "email": scene.email}, "calls": []}
        )
        group["calls"].append(nest(record))
    order = [n for email in groups for n, scene in enumerate(plan.scenes) if scene.email == email]
    plan.truth = [plan.truth[n] for n in order]
    return Payload(document={"agents": list(groups.values())})


def list_of_lists(plan: Plan) -> Payload:
    """A table as lists in a list: names first."""
    columns = call_columns(plan)
    columns.append(("transcript", plan.header("transcript"), [as_text(w.value) for w in transcripts(plan)]))
    return Payload(document=table_of(columns))


def sheet_a_call(plan: Plan) -> Payload:
    """A sheet a call: its fields at the top, its lines below."""
    plan.traits -= {"no-id", "placeholder-ids"}
    columns = call_columns(plan)
    role, text = plan.header("line_role"), plan.header("line_text")
    sheets = []
    for n, scene in enumerate(plan.scenes):
        rows: list[list[Cell]] = [[header, cells[n]] for _, header, cells in columns]
        rows += [[None, None], [role, text]]
        rows += [[label_of(plan.style, scene, t), t.text] for t in scene.turns]
        sheets.append(Sheet(f"Call {n + 1}", rows, header=False))
    set_lines(plan, [spoken(s.turns, times=False) for s in plan.scenes])
    return Payload(sheets)


def master_detail(plan: Plan) -> Payload:
    """A row of the call's fields, and below it a row a line that leaves these empty."""
    plan.traits -= {"no-id", "placeholder-ids"}
    columns = call_columns(plan)
    role, text = plan.header("line_role"), plan.header("line_text")
    rows: list[list[Cell]] = [[*(header for _, header, _ in columns), role, text]]
    for n, scene in enumerate(plan.scenes):
        rows.append([*(cells[n] for _, _, cells in columns), None, None])
        rows += [[*[None] * len(columns), label_of(plan.style, scene, t), t.text] for t in scene.turns]
    set_lines(plan, [spoken(s.turns, times=False) for s in plan.scenes])
    return Payload([Sheet("Calls", rows)])


LAYOUTS: tuple[Layout, ...] = (
    Layout("json-calls-in-agents", calls_in_agents, "value", ("json",)),
    Layout("json-list-of-lists", list_of_lists, "cell", ("json",), weight=1),
    Layout("sheet-a-call", sheet_a_call, "", ("xlsx",), labelled=True, weight=1),
    Layout("master-detail", master_detail, "", ("csv", "csv-semicolon", "xlsx"), labelled=True, weight=1),
)

DATES: tuple[DateForm, ...] = (
    DateForm("month-first", lambda d, _: f"{SHORT[d.month - 1]} {d.day} {d:%Y, %H:%M:%S}", languages=("en",), weight=3),
    DateForm("iso-utc-word", lambda d, _: f"{d.astimezone(ZoneInfo('UTC')):%Y-%m-%d %H:%M:%S} UTC", local=False, weight=3),
    DateForm("time-first", lambda d, _: f"{d:%H:%M:%S %d/%m/%Y}", days="apart", languages=("fr", "es", "pt", "it", "en"), weight=3),
    DateForm("dots-all-over", lambda d, _: f"{d.day}.{d.month}.{d.year} {d.hour}.{d:%M.%S}", days="apart", languages=("it", "de", "pl"), weight=3),
    DateForm("iso-nanos", lambda d, _: f"{d:%Y-%m-%dT%H:%M:%S}.000000000{d:%z}", local=False, weight=3),
    DateForm("epoch-decimal", lambda d, _: f"{d.timestamp():.3f}", local=False, weight=3),
)  # fmt: skip
