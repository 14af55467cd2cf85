"""Draw totals over all batches as Plotly figures: calls per day, and calls per submission.

Colours, hatching and escaping are those of `charts`. Each bar carries in `customdata` what it stands for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from reddy_lib.outcomes.charts import COLOURS, PATTERNS, shown, whole_ticks
from reddy_lib.outcomes.frames import STATUSES

__all__ = ["by_day", "by_submission", "complete_days"]

_GRID = "rgba(128,128,128,0.25)"


def complete_days(
    days: Sequence[tuple[dt.date, Mapping[str, int]]], first: dt.date | None, last: dt.date
) -> list[tuple[dt.date, Mapping[str, int]]]:
    """Return the days with those between them on which nothing was answered.

    Args:
        first: where the period begins; None: at the first answer.
        last: its last day.
    """
    known = dict(days)
    begin = first if first is not None else min(known, default=last)
    end = max(last, max(known, default=last))
    count = (end - begin).days + 1
    return [(day, known.get(day, {})) for day in (begin + dt.timedelta(days=n) for n in range(count))]


def by_day(days: Sequence[tuple[dt.date, Mapping[str, int]]]) -> go.Figure:
    """Draw answered calls by day, stacked by status. `customdata` of a bar: [day in ISO form, status]."""
    figure = go.Figure()
    for status in STATUSES:
        if not any(counts.get(status) for _, counts in days):
            continue
        figure.add_trace(
            _bars(
                status,
                [day.isoformat() for day, _ in days],
                [counts.get(status, 0) for _, counts in days],
                [f"{day.day} {day:%b %Y}" for day, _ in days],
                [[day.isoformat(), status] for day, _ in days],
            )
        )
    accepted = sum(counts.get("accepted", 0) for _, counts in days)
    figure.update_xaxes(type="date", tickformat="%-d %b", gridcolor=_GRID)
    if len(days) <= 10:
        figure.update_xaxes(dtick=86_400_000)
    totals = [sum(counts.get(status, 0) for status in STATUSES) for _, counts in days]
    said = f"Calls per day: {accepted:,} accepted in {len(days):,} {'day' if len(days) == 1 else 'days'}."
    return _finish(figure, totals, said)


def by_submission(submissions: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Draw the calls of each submission, stacked by status.

    Args:
        submissions: oldest first, with `number`, `batch` and the nine statuses. `customdata` of a bar: [position, status].
    """
    figure = go.Figure()
    places = [str(one["number"]) for one in submissions]
    for status in STATUSES:
        counts = [int(one[status]) for one in submissions]
        if any(counts):
            hover = [f"Submission {one['number']} · {shown(one['batch'], 40)}" for one in submissions]
            figure.add_trace(
                _bars(status, places, counts, hover, [[at, status] for at in range(len(submissions))])
            )
    figure.update_xaxes(type="category", title_text="submission", gridcolor=_GRID)
    totals = [sum(int(one[status]) for status in STATUSES) for one in submissions]
    return _finish(figure, totals, f"Calls of the last {len(submissions):,} submissions, by status.")


def _bars(status: str, x: list[str], y: list[int], hover: list[str], customdata: list[list[Any]]) -> go.Bar:
    said = "in doubt" if status == "unknown" else status
    return go.Bar(
        name=f"{said} {sum(y):,}",
        x=x,
        y=y,
        marker={
            "color": COLOURS[status],
            "pattern": {
                "shape": PATTERNS.get(status, ""),
                "fillmode": "replace",
                "size": 7,
                "solidity": 0.5,
            },
        },
        customdata=customdata,
        hovertext=[f"{where}<br>{count:,} {said}" for where, count in zip(hover, y, strict=True)],
        hovertemplate="%{hovertext}<extra></extra>",
        unselected={"marker": {"opacity": 0.35}},
    )


def _finish(figure: go.Figure, totals: Sequence[int], alt: str) -> go.Figure:
    figure.update_yaxes(gridcolor=_GRID, rangemode="tozero", automargin=True, **whole_ticks(totals))
    return figure.update_layout(
        barmode="stack",
        bargap=0.15,
        height=270,
        margin={"l": 8, "r": 8, "t": 30, "b": 30},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        dragmode=False,
        showlegend=True,
        meta={"alt": alt},
    )
