"""The calls behind a number of all batches, with the way to each of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.findings import CATALOGUE
from reddy_lib.ledger import Ledger
from reddy_lib.outcomes.totals import BatchTally, FoundCall, calls_behind
from reddy_lib.ui import address_bar
from reddy_lib.ui.outcomes.overview_state import Overview, named

__all__ = ["draw_found", "filter_words"]

PAGE = 100
BATCHES = 6
"""Batches with a button of their own; the calls of further ones are reached by the table."""


def draw_found(
    ledger: Ledger,
    view: Overview,
    addresses: Sequence[str],
    names: dict[int, str],
    batches: Sequence[BatchTally],
) -> None:
    """List the calls that the address asks for, a page at a time."""
    wanted = view.listed(addresses)
    page_key = f"found {view}"
    at = int(st.session_state.get(page_key, 1))
    calls, total, in_batches = calls_behind(ledger, wanted, offset=(at - 1) * PAGE, limit=PAGE)
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.subheader(ui.number_of(total, "call"), anchor=False, width="content")
            for name, words in filter_words(view, names).items():
                st.button(
                    f"{ui.escape(words)} ✕",
                    key=f"without {name}",
                    type="tertiary",
                    on_click=view.go,
                    kwargs={name: ""},
                    help="Remove this filter",
                )
            st.button(
                "Clear", icon=":material/filter_alt_off:", type="tertiary", key="clear_found", on_click=_clear
            )
        if not calls:
            st.info(
                "No call fits. The calls may have changed since; clear the filter.", icon=":material/info:"
            )
            return
        _batch_links(ledger, view, [batch for batch in batches if batch.is_open], in_batches)
        _table(calls, names, at)
        if total > PAGE:
            st.pagination(-(-total // PAGE), key=page_key)


def _clear() -> None:
    # A table's selection cannot be taken back by code: another key is another table, with nothing selected.
    st.session_state["overview_cleared"] = st.session_state.get("overview_cleared", 0) + 1
    Overview.of_address().pick()


def _batch_links(
    ledger: Ledger, view: Overview, batches: Sequence[BatchTally], in_batches: dict[str, int]
) -> None:
    """A link for each of the newest batches with such calls, which opens them in Review."""
    query = _review_query(view)
    if not query:
        return
    with st.container(horizontal=True, gap="small"):
        for batch in [batch for batch in batches if in_batches.get(batch.id)][:BATCHES]:
            ui.review_link(
                f"{ui.escape(batch.name)} · {in_batches[batch.id]:,}",
                ledger.batch(batch.id),
                query=query,
            )


def _review_query(view: Overview) -> str:
    """Return the filters that Review knows too; "" where one is missing there: the link would open other calls."""
    if view.reason or view.day or "none" in (view.agent, view.product):
        return ""
    if view.status == "" and not (view.finding or view.agent or view.product):
        return ""
    parts = [f"status:{view.status}"] if view.status else []
    parts += [f"code:{view.finding}"] if view.finding else []
    parts += [f"agent:{view.agent}"] if view.agent else []
    parts += [f"product:{view.product}"] if view.product else []
    return " ".join(parts)


def _table(calls: Sequence[FoundCall], names: dict[int, str], at: int) -> None:
    frame = pd.DataFrame(
        {
            "batch": [call.batch for call in calls],
            "row": [call.row for call in calls],
            "status": [named(call.status) for call in calls],
            "why": [call.error or ", ".join(CATALOGUE[code].title for code in call.codes) for call in calls],
            "agent": [call.agent_email for call in calls],
            "product": ui.product_column([call.product_id for call in calls], names),
            "conversation": [call.conversation_id for call in calls],
            "answered": pd.to_datetime([call.answered_at for call in calls], unit="s", utc=True),
        }
    )
    key = f"found calls {at} {hash(tuple((call.batch_id, call.row) for call in calls))}"
    picked = st.dataframe(
        frame,
        hide_index=True,
        height="content" if len(frame) < 8 else 290,
        column_config={
            "batch": st.column_config.TextColumn("Batch", width=130),
            "row": st.column_config.NumberColumn("Row", width=60),
            "status": st.column_config.TextColumn("Status", width=80),
            "why": st.column_config.TextColumn("Reason", width="large"),
            "agent": st.column_config.TextColumn("Agent", width=180),
            "product": st.column_config.TextColumn("Product", width=110),
            "conversation": st.column_config.TextColumn("Conversation", width=140),
            "answered": ui.moment_column("Answered"),
        },
        on_select="rerun",
        selection_mode="single-row",
        key=key,
        alt="The calls behind the chosen number: batch, row, status, reason, agent, product. Choose one to open it.",
    )
    chosen = next((calls[row] for row in picked.selection.rows if row < len(calls)), None)
    if chosen is None:
        st.caption("Choose a call to open it in Review.")
    elif not chosen.is_open:
        st.info("The batch of this call was taken off the list. Its outcomes stay on record.")
    else:
        st.page_link(
            "review.py",
            label=f"Open row {chosen.row} of {ui.escape(chosen.batch)}",
            icon=ui.ICONS["review"],
            query_params=address_bar.link(chosen.batch_id, row=str(chosen.row)),
        )


def filter_words(view: Overview, names: dict[int, str]) -> dict[str, str]:
    """Return the filters that are set, by their name in the address, in words."""
    words: dict[str, str] = {}
    if view.status:
        words["status"] = named(view.status)
    if view.agent:
        words["agent"] = "no agent" if view.agent == "none" else view.agent
    if view.product:
        words["product"] = (
            "no product"
            if view.product == "none"
            else names.get(int(view.product), f"product {view.product}")
        )
    if view.reason:
        words["reason"] = view.reason
    if view.finding:
        words["finding"] = CATALOGUE[view.finding].title
    if view.day:
        day = dt.date.fromisoformat(view.day)
        words["day"] = f"{day.day} {day:%b %Y}"
    if view.inside:
        words["inside"] = "one batch"
    return words
