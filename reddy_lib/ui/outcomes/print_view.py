"""Outcomes over all batches as a report for paper: no menu, no buttons, charts drawn as plain shapes.

The report is one piece of HTML in which every text is escaped. The print dialog is opened by an inline component, because
the content policy of the app lets no other script run.
"""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.outcomes.charts import COLOURS, share_words
from reddy_lib.outcomes.total_charts import complete_days
from reddy_lib.outcomes.totals import Tally, Totals
from reddy_lib.ui import address_bar
from reddy_lib.ui.outcomes.overview_state import EVERYWHERE, PERIODS, Overview, named, reason_words

__all__ = ["draw_print_view", "report"]

AGENTS = 40
SUBMISSIONS = 30
"""Lines on paper; the report says how many it leaves out."""

NONE_ANSWERED = "none answered"

_CSS = Path(__file__).with_name("print_view.css").read_text(encoding="utf-8")
_print_button = st.components.v2.component(
    "reddy_print",
    html='<button type="button">Print or save as PDF</button>',
    css="button { font: inherit; padding: 6px 14px; border: 0; border-radius: 8px; cursor: pointer; color: #fff;"
    " background: var(--st-primary-color); } button:focus-visible { outline: 3px solid var(--st-text-color); }",
    js="export default ({parentElement}) => {"
    " parentElement.querySelector('button').onclick = () => window.print(); }",
)


def draw_print_view(
    view: Overview, addresses: Sequence[str], found: Totals, runs: pd.DataFrame, names: Mapping[int, str]
) -> None:
    """Draw the report, with the way to print it and the way back; both are left out on paper."""
    with st.container(horizontal=True, vertical_alignment="center", key="print_controls"):
        _print_button(key="print_now", height=40, width=220)
        if st.button("Back", icon=":material/arrow_back:", key="print_back"):
            address_bar.drop("print")
            st.rerun()
    st.html(f"<style>{_CSS}</style>")
    st.html(report(view, addresses, found, runs, names))


def report(
    view: Overview, addresses: Sequence[str], found: Totals, runs: pd.DataFrame, names: Mapping[int, str]
) -> str:
    """Return the report as HTML."""
    now = dt.datetime.now(ui.zone())
    place = view.place_of(addresses)
    where = "to every address" if place == EVERYWHERE else f"to {ui.place(place)}"
    first = view.first_day(now.date())
    period = PERIODS[view.days] + ("" if first is None else f" ({_date(first)} to {_date(now.date())})")
    parts = [
        "<h1>Outcomes of calls</h1>",
        f'<p class="quiet">{_text(period)} · calls sent {_text(where)} · printed {_date(now.date())}, {now:%H:%M}</p>',
        '<p class="quiet">Each call counts once, with its latest outcome.</p>',
        _tiles(found),
    ]
    if found.older_in_doubt:
        parts.append(
            f"<p>{ui.number_of(found.older_in_doubt, 'call')} from before this period "
            f"{'is' if found.older_in_doubt == 1 else 'are'} still in doubt.</p>"
        )
    if found.days:
        parts += ["<h2>Calls per day</h2>", _day_chart(found, first, now.date())]
    parts += ["<h2>Not accepted, and why</h2>", _reasons(found)]
    parts += ["<h2>Products</h2>", _tallies(found.products, _product_labels(found, names), "Product")]
    shown = found.agents[:AGENTS]
    parts += ["<h2>Agents</h2>", _tallies(shown, [str(one.key) or "no agent" for one in shown], "Agent")]
    if len(found.agents) > AGENTS:
        parts.append(
            f'<p class="quiet">The {AGENTS} agents with the most calls, of {len(found.agents):,}.</p>'
        )
    parts += ["<h2>Submissions</h2>", _submissions(runs)]
    return f'<div class="report">{"".join(parts)}</div>'


def _text(value: object) -> str:
    return html.escape(str(value))


def _date(day: dt.date) -> str:
    return f"{day.day} {day:%b %Y}"


def _tiles(found: Totals) -> str:
    tiles = [
        f'<div class="tile"><b>{count:,}</b><span style="color:{COLOURS[status]}">■</span> '
        f"{_text(named(status))}</div>"
        for status, count in sorted(found.counts.items(), key=lambda one: -one[1])
    ]
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _day_chart(found: Totals, first: dt.date | None, last: dt.date) -> str:
    """Return stacked bars, one a day, as plain boxes: Streamlit removes drawings from HTML."""
    days = complete_days(found.days, first, last)
    most = max(sum(counts.values()) for _, counts in days)
    every = max(1, len(days) // 8)
    bars, feet = [], []
    for at, (day, counts) in enumerate(days):
        parts = "".join(
            f'<i style="height:{100 * counts[status] / most:.2f}%;background:{COLOURS[status]}"></i>'
            for status in reversed(COLOURS)
            if counts.get(status)
        )
        bars.append(f"<div>{parts}</div>")
        feet.append(f"<span>{f'{day.day} {day:%b}' if at % every == 0 else ''}</span>")
    seen = [status for status in COLOURS if any(counts.get(status) for _, counts in days)]
    legend = " · ".join(
        f'<span style="color:{COLOURS[status]}">■</span> {_text(named(status))}' for status in seen
    )
    return (
        f'<p class="quiet">{legend} · highest bar: {ui.number_of(most, "call")}</p>'
        f'<div class="bars">{"".join(bars)}</div><div class="feet">{"".join(feet)}</div>'
    )


def _reasons(found: Totals) -> str:
    rows = [(one.calls, named(one.status), reason_words(one), one.what_next) for one in found.reasons]
    rows += [(one.calls, "held", one.title, one.hint) for one in found.held]
    rows.sort(key=lambda row: -row[0])
    if not rows:
        return "<p>Every answered call was accepted, and no call is held.</p>"
    return _table(["Calls", "Status", "Reason", "What to do"], rows)


def _product_labels(found: Totals, names: Mapping[int, str]) -> list[str]:
    return ["no product" if one.key is None else names.get(one.key, str(one.key)) for one in found.products]


def _tallies(tallies: Sequence[Tally], labels: Sequence[str], title: str) -> str:
    if not tallies:
        return "<p>None in this period.</p>"
    statuses = [
        status
        for status in ("accepted", "rejected", "failed", "unknown", "held")
        if any(tally.counts.get(status) for tally in tallies)
    ]
    rows = [
        (
            label,
            tally.calls,
            *(tally.counts.get(status, 0) for status in statuses),
            share_words(tally.counts.get("accepted", 0), tally.answered, nothing=NONE_ANSWERED),
        )
        for label, tally in zip(labels, tallies, strict=True)
    ]
    return _table(
        [title, "Calls", *(named(status).capitalize() for status in statuses), "Accepted, of answered"], rows
    )


def _submissions(runs: pd.DataFrame) -> str:
    if not len(runs):
        return "<p>Nothing was sent yet.</p>"
    rows = [
        (
            int(one["number"]),
            str(one["batch"]),
            ui.when(one["created_at"].timestamp()),
            ui.place(str(one["address"]), str(one["token_hint"])),
            int(one["chosen"]),
            int(one["accepted"]),
            int(one["rejected"] + one["failed"]),
            int(one["unknown"]),
        )
        for one in runs.head(SUBMISSIONS).to_dict("records")
    ]
    table = _table(
        ["No.", "Batch", "When", "Where to", "Chosen", "Accepted", "Rejected or failed", "In doubt"], rows
    )
    more = (
        f'<p class="quiet">The latest {SUBMISSIONS} of {len(runs):,}.</p>' if len(runs) > SUBMISSIONS else ""
    )
    return table + more


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table; columns of numbers are set to the right."""
    numbers = [
        all(isinstance(row[at], int) or str(row[at]).endswith(("%", NONE_ANSWERED)) for row in rows)
        for at in range(len(head))
    ]

    def cell(kind: str, value: object, at: int) -> str:
        text = f"{value:,}" if isinstance(value, int) else _text(value)
        aligned = ' class="number"' if numbers[at] else ""
        return f"<{kind}{aligned}>{text}</{kind}>"

    top = "".join(cell("th", name, at) for at, name in enumerate(head))
    body = "".join(
        "<tr>" + "".join(cell("td", value, at) for at, value in enumerate(row)) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
