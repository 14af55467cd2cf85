"""Draw outcomes as Plotly figures. Each function takes an outcomes frame, a batch or a submission.

Titles are statements with a denominator ("117 of 120 accepted"). A status has the same colour in every chart; hatching
marks statuses that are not final. Backgrounds are transparent and the text colour comes from the theme, so figures are
legible in light and dark themes.

Plotly interprets `<b>`, links and `$formulas$` in every text, so text from a spreadsheet or a server is escaped by
`shown`. Each bar carries a filter for its calls as JSON in `customdata`: `chosen` turns a click into that filter, and
`where` returns the calls.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from reddy_lib.outcomes.frames import (
    STATUSES,
    TURNED_AWAY,
    Filter,
    HasOutcomes,
    chosen,
    outcomes_of,
    reasons_table,
    summary,
    where,
    words,
)
from reddy_lib.outcomes.frames import reasons as reason_of

__all__ = [
    "COLOURS",
    "CONFIG",
    "MOST",
    "PATTERNS",
    "agent",
    "alt",
    "chosen",
    "over_time",
    "product",
    "reasons",
    "reasons_table",
    "seconds",
    "share_words",
    "shown",
    "status",
    "summary",
    "where",
    "whole_ticks",
    "words",
]

COLOURS: dict[str, str] = {
    "accepted": "#15787C",
    "rejected": "#C43A20",
    "failed": "#CC8303",
    "unknown": "#8E5BC0",
    "skipped": "#8992A1",
    "held": "#BF6295",
    "ready": "#4F97D0",
    "queued": "#3F80C4",
    "sending": "#2F6FBE",
}
"""Colour of each status: contrast of at least 3:1 on white and on the dark theme, distinct for colour-blind readers."""

PATTERNS: dict[str, str] = {"unknown": "/", "held": ".", "ready": "-", "queued": "|", "sending": "\\"}
"""Hatching of statuses that are not final, so that they can be recognised without colour."""

CONFIG: dict[str, Any] = {"displayModeBar": False}
"""For `st.plotly_chart(…, config=CONFIG)` and `figure.show(config=CONFIG)`: hides the buttons that cover the title."""

MOST = 20
"""Maximum number of bars by agent, product or reason. The rest share one bar, "others (980 agents)"."""

_OTHER_COLOUR = "#8992A1"
_LABEL = 24
# The text colour for notebooks, which have no theme: legible on white and on black. It is set in the template, not in the
# figure, because Streamlit replaces the template's colour with its theme's.
_TEMPLATE = go.layout.Template(
    layout={
        "font": {"color": "#757575", "size": 13},
        "title": {"x": 0, "xanchor": "left", "font": {"size": 16}, "subtitle": {"font": {"size": 13}}},
        "xaxis": {"gridcolor": "rgba(128,128,128,0.25)", "zeroline": False, "automargin": True},
        "yaxis": {"gridcolor": "rgba(128,128,128,0.25)", "zeroline": False, "automargin": True},
    }
)


def status(outcomes: pd.DataFrame | HasOutcomes) -> go.Figure:
    """Draw calls by status, one bar each."""
    outcomes = outcomes_of(outcomes)
    if not len(outcomes):
        return _nothing()
    counts = {name: calls for name, calls in summary(outcomes).items() if calls and name != "calls"}
    figure = go.Figure()
    for name, calls in counts.items():
        hover = f"{shown(name)}: {_of(calls, len(outcomes))}"
        figure.add_trace(_bar(name, [calls], [shown(name)], [{"status": name}], [hover]))
        # An annotation, because a bar's own text fades when another bar is selected.
        figure.add_annotation(
            x=calls,
            y=shown(name),
            xanchor="left",
            showarrow=False,
            text=f"{calls:,} ({share_words(calls, len(outcomes))})",
        )
    _across(figure, [shown(name) for name in counts], list(counts))
    # Room for the text beside the longest bar.
    figure.update_xaxes(range=[0, max(counts.values()) * 1.5], showticklabels=False, showgrid=False)
    figure.update_layout(showlegend=False, height=62 + 28 * len(counts))
    _finish(figure, _accepted(outcomes), "Calls by status", _statuses(outcomes))
    return figure.update_layout(margin_b=8)  # no axis labels below the bars


def product(outcomes: pd.DataFrame | HasOutcomes, products: Iterable[Any] | None = None) -> go.Figure:
    """Draw calls by product, stacked by status.

    `products` is Reddy's list (dicts or objects with `id` and `name`); it adds names to the ids.
    """
    outcomes = outcomes_of(outcomes, "product_id")
    if not len(outcomes):
        return _nothing()
    names: dict[Any, str] = {None: "no product"}
    for each in products or ():
        number, name = (each["id"], each["name"]) if isinstance(each, Mapping) else (each.id, each.name)
        names[int(number)] = f"{name} ({number})"
    keys = [None if pd.isna(value) else int(value) for value in outcomes["product_id"]]
    return _stacked(outcomes, keys, "product_id", "product", lambda key: names.get(key, f"product {key}"))


def agent(outcomes: pd.DataFrame | HasOutcomes) -> go.Figure:
    """Draw calls by agent, stacked by status: the 20 agents with the most calls, and one bar for the others."""
    outcomes = outcomes_of(outcomes, "agent_email")
    if not len(outcomes):
        return _nothing()
    keys = ["" if pd.isna(value) else str(value) for value in outcomes["agent_email"]]
    return _stacked(outcomes, keys, "agent_email", "agent", lambda key: key or "no agent")


def reasons(outcomes: pd.DataFrame | HasOutcomes) -> go.Figure:
    """Draw calls that are rejected, failed or unknown, by reason."""
    outcomes = outcomes_of(outcomes)
    if not len(outcomes):
        return _nothing()
    away = outcomes[outcomes["status"].isin(TURNED_AWAY)]
    if not len(away):
        return _nothing(f"None of {_plural(len(outcomes), 'call')} was rejected, failed or is in doubt")
    keys = list(reason_of(away))
    kinds = len(set(keys))
    # Not "not accepted": calls that are held or were not sent yet are not accepted either.
    words = ["in doubt" if name == "unknown" else name for name in _ordered(away["status"].astype(str))]
    last = words.pop()
    said = f"{', '.join(words)} or {last}" if words else last
    title = f"{_of(len(away), len(outcomes))} {said}, for {_plural(kinds, 'reason')}"
    return _stacked(away, keys, "reason", "reason", str, title=title)


def over_time(outcomes: pd.DataFrame | HasOutcomes) -> go.Figure:
    """Draw calls by the time of their answer (UTC), stacked by status. A bar spans from one second up to a week."""
    outcomes = outcomes_of(outcomes, "ended")
    if not len(outcomes):
        return _nothing()
    answered = outcomes[outcomes["ended"].notna()]
    if not len(answered):
        return _nothing(f"None of {_plural(len(outcomes), 'call')} was answered yet")
    ended = pd.to_datetime(answered["ended"], utc=True)
    width = _bin_width((ended.max() - ended.min()).total_seconds())
    bins = ended.dt.floor(pd.Timedelta(seconds=width))
    figure = go.Figure()
    for name, when in _by_status(answered, bins):
        counts = when.value_counts().sort_index()
        starts = [pd.Timestamp(start) for start in counts.index]
        ends = [start + pd.Timedelta(seconds=width) for start in starts]
        filters = [
            {"ended": {"from": start.isoformat(), "until": end.isoformat()}, "status": name}
            for start, end in zip(starts, ends, strict=True)
        ]
        hover = [
            f"{shown(name)}: {_plural(calls, 'call')}<br>{start:%d %b %Y %H:%M:%S} to {end:%H:%M:%S} UTC"
            for calls, start, end in zip(counts, starts, ends, strict=True)
        ]
        bar = _bar(name, [_plot_time(start) for start in starts], list(counts), filters, hover, upright=True)
        bar.update(width=width * 1000, offset=0)
        figure.add_trace(bar)
    # A single bar would otherwise fill the whole width.
    first, last = bins.min(), bins.max() + pd.Timedelta(seconds=width)
    spare = pd.Timedelta(seconds=width * max(0, 12 - (last - first).total_seconds() / width) / 2)
    span = [_plot_time(first - spare), _plot_time(last + spare)]
    days = f"{ended.min():%d %b %Y}", f"{ended.max():%d %b %Y}"
    when_said = days[0] if days[0] == days[1] else f"{days[0]} to {days[1]}"
    figure.update_xaxes(type="date", title_text=f"answered, {when_said} (UTC)", range=span)
    figure.update_yaxes(title_text="calls", rangemode="tozero", **whole_ticks(bins.value_counts()))
    figure.update_layout(barmode="stack", height=340)
    said = f"{_of(len(answered), len(outcomes))} answered"
    return _finish(figure, said, "Calls over time", f"{when_said}; {_statuses(answered)}")


def seconds(outcomes: pd.DataFrame | HasOutcomes) -> go.Figure:
    """Draw answer times in seconds, stacked by status, with lines at p50 and p95.

    Answers that took much longer than the others share the last bar, so that one timeout does not compress the rest.
    """
    outcomes = outcomes_of(outcomes, "seconds")
    if not len(outcomes):
        return _nothing()
    timed = outcomes[outcomes["seconds"].notna()]
    if not len(timed):
        return _nothing(f"None of {_plural(len(outcomes), 'call')} was answered yet")
    took = timed["seconds"].astype(float).clip(lower=0)
    p50, p95 = (float(took.quantile(part)) for part in (0.5, 0.95))
    longest = float(took.max())
    tail = longest > 3 * p95 > 0
    width = _nice((2 * p95 if tail else longest) / 24 or 0.01)
    last = math.floor((2 * p95 if tail else longest) / width + 1e-9)
    starts = [_round(number * width) for number in range(last + 1)]
    # Bins and filters use the same edges, so that each filter selects exactly the calls of its bar.
    bins = pd.Series(pd.Index(starts).searchsorted(took.to_numpy(), side="right") - 1, index=timed.index)
    figure = go.Figure()
    for name, which in _by_status(timed, bins):
        counts = which.value_counts().sort_index()
        numbers = [int(number) for number in counts.index]
        filters: list[Filter] = []
        hover = []
        for number, calls in zip(numbers, counts, strict=True):
            start, end = starts[number], _round((number + 1) * width)
            # The first bar has no lower bound and the last no upper bound.
            ends = {"from": start} if number == last else {"from": start, "until": end}
            if number == 0 < last:
                del ends["from"]
            filters.append({"seconds": ends, "status": name})
            span = f"{start:g} s or longer" if number == last and tail else f"{start:g} to {end:g} s"
            hover.append(f"{shown(name)}: {_plural(calls, 'call')}<br>{span}")
        bar = _bar(name, [starts[number] for number in numbers], list(counts), filters, hover, upright=True)
        bar.update(width=width, offset=0)
        figure.add_trace(bar)
    edge = _round((last + 1) * width)
    # The labels are stacked so that they do not overlap, each on the side with more room.
    for value, label, height in ((p50, "p50", 1.0), (p95, "p95", 0.91)):
        figure.add_vline(x=value, line={"width": 1.5, "dash": "dash", "color": "#808080"})
        side = "left" if value < 0.6 * edge else "right"
        figure.add_annotation(
            x=value,
            y=height,
            yref="paper",
            yanchor="top",
            xanchor=side,
            showarrow=False,
            text=f"{label} {_seconds(value)}",
        )
    figure.update_xaxes(title_text="seconds until the answer", range=[0, edge])
    if tail:
        every = max(1, math.ceil(last / 8))
        ticks = [_round(number * width) for number in range(0, last, every)]
        figure.update_xaxes(
            tickmode="array",
            tickvals=[*ticks, _round((last + 0.5) * width)],
            ticktext=[*(f"{tick:g}" for tick in ticks), f"{_round(last * width):g} +"],
        )
    # Leave room above the bars for the labels.
    heights = bins.value_counts()
    figure.update_yaxes(title_text="calls", range=[0, int(heights.max()) * 1.22], **whole_ticks(heights))
    figure.update_layout(barmode="stack", height=340)
    title = f"Half of {_plural(len(timed), 'answer')} within {_seconds(p50)}"
    rest = f"95% within {_seconds(p95)}, longest {_seconds(longest)}"
    return _finish(figure, title, "Answer times", rest, subtitle=rest)


def whole_ticks(totals: Iterable[int]) -> dict[str, object]:
    """Return the settings of an axis of calls, on which the longest bars have these totals: only whole calls are marked."""
    few = max(totals, default=0) <= 5
    return {"tickformat": ",d", "nticks": 6, **({"dtick": 1} if few else {})}


def alt(figure: go.Figure) -> str:
    """Return a sentence that describes the figure in plain text, for screen readers."""
    meta = figure.layout.meta
    return str(meta["alt"]) if isinstance(meta, Mapping) and "alt" in meta else "Chart without a description."


# ------------------------------------------------------------------------------------------------- text

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;", "\\": "&#92;"}


def shown(text: object, limit: int | None = None) -> str:
    """Escape text from a spreadsheet or a server so that Plotly shows it literally.

    Tags, links, entities and `$formulas$` have no effect. Line breaks, bidirectional control characters and lone
    surrogates become spaces. With a `limit`, longer text is cut to that many characters, including a final `…`.
    """
    plain = _CONTROL.sub(" ", str(text))
    if limit is not None and len(plain) > limit:
        plain = plain[: limit - 1] + "…"
    return "".join(_ENTITIES.get(character, character) for character in plain)


def _wrapped(text: str, width: int = 70, limit: int = 280) -> str:
    """Return escaped text with line breaks, to fit in a hover box."""
    plain = text if len(text) <= limit else text[: limit - 1] + "…"
    return "<br>".join(shown(plain[start : start + width]) for start in range(0, len(plain), width))


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _of(count: int, total: int) -> str:
    return f"{count:,} of {total:,}"


def share_words(count: int, total: int, *, nothing: str = "") -> str:
    """Return a share in per cent, or `nothing` where there is nothing to have a share of."""
    if not total:
        return nothing
    percent = 100 * count / total
    # Do not round 99.96% up to 100%, or 0.04% down to 0%.
    if count < total and percent > 99.9:
        return "> 99.9%"
    if 0 < percent < 0.1:
        return "< 0.1%"
    return f"{percent:.1f}%" if percent % 1 else f"{percent:.0f}%"


def _seconds(value: float) -> str:
    return f"{value:.2g} s" if value < 10 else f"{value:,.0f} s"


def _accepted(outcomes: pd.DataFrame) -> str:
    return f"{_of(summary(outcomes)['accepted'], len(outcomes))} accepted"


def _statuses(outcomes: pd.DataFrame) -> str:
    counts = summary(outcomes)
    return ", ".join(f"{calls:,} {name}" for name, calls in counts.items() if calls and name != "calls")


# ------------------------------------------------------------------------------------------------- drawing


def _bar(
    name: str,
    x: list[Any],
    y: list[Any],
    filters: list[Filter],
    hover: list[str],
    *,
    upright: bool = False,
) -> go.Bar:
    """Return the bars of one status. `hover` is not escaped here: pass text from elsewhere through `shown` first."""
    return go.Bar(
        name=f"{shown(name)} {sum(y if upright else x):,}",
        legendgroup=shown(name),
        x=x,
        y=y,
        orientation="v" if upright else "h",
        marker={
            "color": COLOURS.get(name, _OTHER_COLOUR),
            "pattern": {"shape": PATTERNS.get(name, ""), "fillmode": "replace", "size": 7, "solidity": 0.5},
            "line": {"width": 1 if name in PATTERNS else 0, "color": COLOURS.get(name, _OTHER_COLOUR)},
        },
        customdata=[json.dumps(each) for each in filters],
        hovertext=hover,
        hovertemplate="%{hovertext}<extra></extra>",
        # A selected bar keeps its opacity; the others fade.
        unselected={"marker": {"opacity": 0.35}},
    )


def _by_status(outcomes: pd.DataFrame, values: pd.Series) -> list[tuple[str, pd.Series]]:
    """Return the values of each status that occurs, in the order of `STATUSES`."""
    names = outcomes["status"].astype(str)
    return [(name, values[names == name]) for name in _ordered(names.unique())]


def _ordered(names: Iterable[str]) -> list[str]:
    found = set(names)
    return [name for name in STATUSES if name in found] + sorted(found - set(STATUSES))


def _stacked(
    outcomes: pd.DataFrame,
    keys: list[Any],
    column: str,
    noun: str,
    label: Callable[[Any], str],
    *,
    title: str = "",
) -> go.Figure:
    """Draw horizontal bars, one per key, longest on top, stacked by status. Keys beyond `MOST` share one bar."""
    tallies: dict[Any, Counter[str]] = {}
    for (key, name), calls in Counter(zip(keys, outcomes["status"].astype(str), strict=True)).items():
        tallies.setdefault(key, Counter())[name] = calls
    # The second sort key keeps the order of equal counts stable between redraws.
    order = sorted(tallies, key=lambda key: (-tallies[key].total(), label(key), str(key)))
    top = order if len(order) <= MOST + 1 else order[:MOST]
    others = order[len(top) :]
    labels = [label(key) for key in top]
    conditions: list[Any] = list(top)
    rows = [tallies[key] for key in top]
    if others:
        labels.append(f"others ({_plural(len(others), noun)})")
        conditions.append({"not in": list(top)})
        rows.append(sum((tallies[key] for key in others), Counter()))
    # Keys with equal labels, such as two products with one name, keep separate bars.
    places = [f"{number} {text}" for number, text in enumerate(labels)]
    figure = go.Figure()
    for name in _ordered(name for row in rows for name in row):
        bars = [index for index, row in enumerate(rows) if row[name]]
        counts = [rows[index][name] for index in bars]
        filters = [{column: conditions[index], "status": name} for index in bars]
        hover = [
            f"{_wrapped(labels[index])}<br>{shown(name)}: {_of(rows[index][name], rows[index].total())}"
            for index in bars
        ]
        figure.add_trace(_bar(name, counts, [shown(places[index]) for index in bars], filters, hover))
    _across(figure, [shown(place) for place in places], labels)
    figure.update_layout(barmode="stack")
    longest, rest = rows[0].total(), rows[-1].total()
    if others and rest > 2 * longest:
        # On one scale with hundreds of others, the named bars would be too short to read.
        figure.update_xaxes(
            title_text=f"calls (the bar for the others is cut off at the edge: {rest:,})",
            range=[0, longest * 1.25],
            **whole_ticks([longest]),
        )
    else:
        figure.update_xaxes(
            title_text="calls", rangemode="tozero", **whole_ticks(row.total() for row in rows)
        )
    title = title or f"{_accepted(outcomes)}, across {_plural(len(order), noun)}"
    most = [f"{text} {rows[index].total():,}" for index, text in enumerate(labels[:3])]
    return _finish(figure, title, f"Calls by {noun}", "most: " + ", ".join(most))


def _across(figure: go.Figure, places: list[str], labels: list[str]) -> None:
    """Set up the axis of horizontal bars: the first label on top, labels cut to the available width."""
    figure.update_yaxes(
        type="category",  # agents named 1 and 2 would become a numeric axis
        categoryorder="array",
        categoryarray=places,
        tickmode="array",
        tickvals=places,
        ticktext=[shown(text, _LABEL) for text in labels],
        ticklabelstandoff=4,
        range=[len(places) - 0.5, -0.5],
        showgrid=False,
    )
    # A narrow legend fits two entries a row; a wide one leaves a little more room to the bars.
    figure.update_layout(height=130 + 24 * max(len(places), 2) + 20 * math.ceil(len(figure.data) / 2))


def _finish(figure: go.Figure, title: str, what: str, told: str, *, subtitle: str = "") -> go.Figure:
    top = 64 if subtitle else 44
    height = figure.layout.height
    figure.update_layout(
        template=_TEMPLATE,
        title={"text": title, "yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 12}},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 8, "r": 16, "t": top + 8, "b": 40},
        # The margin is measured from the figure's edge, so that a legend of several rows pushes the bars down.
        legend={
            "orientation": "h",
            "x": 0,
            "xref": "container",
            "y": 1 - top / height,
            "yref": "container",
            "yanchor": "top",
            "traceorder": "normal",
        },
        bargap=0.25 if figure.data[0].orientation == "h" else 0.05,
        dragmode=False,  # a click selects a bar; a drag would only zoom
        hoverlabel={"align": "left", "namelength": -1},
        meta={"alt": _sentence(f"{what}: {title}; {told}")},
    )
    if subtitle:
        figure.update_layout(title_subtitle_text=subtitle)
    return figure


def _nothing(message: str = "No calls yet") -> go.Figure:
    """Return an empty figure with a message."""
    figure = go.Figure()
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(
        text=message, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False, font_size=16
    )
    figure.update_layout(
        template=_TEMPLATE,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        height=180,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        meta={"alt": _sentence(message)},
    )
    return figure


def _sentence(text: str) -> str:
    plain = _CONTROL.sub(" ", text).strip().removesuffix(".")
    return (plain if len(plain) <= 300 else plain[:299] + "…") + "."


def _plot_time(time: pd.Timestamp) -> str:
    return str(time.tz_convert("UTC").tz_localize(None).isoformat())


_WIDTHS = (1, 5, 15, 60, 300, 900, 3600, 6 * 3600, 86_400, 7 * 86_400)


def _bin_width(span: float) -> int:
    """Return the seconds per bar that keep a chart to about 60 bars (more only for spans over a year)."""
    return next((width for width in _WIDTHS if span / width <= 60), _WIDTHS[-1])


def _nice(width: float) -> float:
    """Round up to 1, 2 or 5 × a power of ten."""
    power = 10.0 ** math.floor(math.log10(width))
    return _round(next(step * power for step in (1, 2, 5, 10) if step * power >= width * (1 - 1e-9)))


def _round(value: float) -> float:
    """Round away binary fractions: 0.30000000000000004 becomes 0.3."""
    return float(f"{value:.9g}")
