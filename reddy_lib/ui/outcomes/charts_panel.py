"""The charts of a batch or submission, and why calls were turned away, each reason with what to do."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.findings import CATALOGUE
from reddy_lib.outcomes import charts as draw
from reddy_lib.outcomes import reasons_table
from reddy_lib.ui import address_bar
from reddy_lib.ui.outcomes.page_state import ALL, Page, Seen
from reddy_lib.ui.outcomes.picked import select, show_group, times_cleared

__all__ = ["CHARTS", "CHARTS_HEIGHT", "chart", "next_steps"]

CHARTS = {
    "reasons": "Reasons",
    "agent": "Agents",
    "product": "Products",
    "over_time": "Over time",
    "seconds": "Answer times",
}

CHARTS_HEIGHT = 410
"""Pixels: with it the first calls of the table are in sight at 1280 × 800."""


MOST_REASONS = 4


def chart(page: Page, scope: str, name: str, seen: Seen) -> None:
    figure = seen.figures.get(name)
    if figure is None:
        products = (page.batch.products,) if name == "product" else ()
        figure = seen.figures[name] = getattr(draw, name)(seen.outcomes, *products)
    key = f"chart {name} {page.batch.id} {scope} {times_cleared(page, scope)}"
    st.plotly_chart(
        figure,
        theme="streamlit",
        config=draw.CONFIG,
        on_select=partial(select, page, scope, name, key),
        selection_mode="points",
        key=key,
        alt=draw.alt(figure),
    )


def next_steps(page: Page, scope: str, outcomes: pd.DataFrame) -> None:
    """Why calls were turned away, by reason, each with what to do and a way to get there."""
    table = reasons_table(outcomes)
    for number, found in enumerate(table.head(MOST_REASONS).itertuples()):
        with st.container(gap="xxsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.badge(f"{found.calls:,} {found.status}", color=ui.STATUS_COLOURS[found.status])
                st.space("stretch")
                st.button(
                    "Show",
                    icon=":material/filter_alt:",
                    type="tertiary",
                    key=f"group {scope} {number} {found.status}",
                    on_click=show_group,
                    args=(page, scope, {"reason": found.reason, "status": found.status}),
                )
                if found.status == "rejected":
                    ui.review_link("Fix", page.batch, status="rejected")
                elif found.status == "failed":
                    st.page_link(
                        "submit.py",
                        label="Send again",
                        icon=ui.ICONS["submit"],
                        query_params=address_bar.link(page.batch.id),
                    )
            code = "" if pd.isna(found.http_status) else f" (HTTP {found.http_status})"
            st.text(f"{found.reason}{code}")
            where = "Row" if found.calls == 1 else "Rows"
            st.caption(ui.escape(f"{found.what_next} {where} {found.rows}"))
    if len(table) > MOST_REASONS:
        st.caption(f"and {ui.number_of(len(table) - MOST_REASONS, 'more reason')}: see the chart of reasons.")
    if scope == ALL:
        _held(page)


def _held(page: Page) -> None:
    """What was not sent: the findings that hold calls, each with the way to them."""
    counts = page.batch.finding_counts(status="held")
    errors = counts[counts["severity"] == "error"]
    for found in errors.head(MOST_REASONS).itertuples():
        with st.container(gap="xxsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.badge(f"{found.calls:,} held", color=ui.STATUS_COLOURS["held"])
                st.space("stretch")
                ui.review_link("Fix", page.batch, query=f"status:held code:{found.code}")
            st.text(str(found.title))
            st.caption(ui.escape(CATALOGUE[str(found.code)].hint))
    if len(errors) > MOST_REASONS:
        st.caption(f"and {ui.number_of(len(errors) - MOST_REASONS, 'more finding')}: see Review.")
