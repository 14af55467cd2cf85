"""The calls that go first, with the exact body of each request."""

from __future__ import annotations

import json

import streamlit as st

from reddy_lib import ui
from reddy_lib.sending.overview import as_it_is_sent
from reddy_lib.ui.submit.page_state import Page

__all__ = ["SHOWN", "payload_table"]

SHOWN = 10
"""Calls in the table of what is sent first."""


def payload_table(page: Page, shown: list[int]) -> None:
    """The calls that go first, and beside them the exact JSON of the one that is chosen there."""
    frame = page.batch.calls(rows=shown)
    frame["product"] = ui.product_column(frame["product_id"], page.names)
    table, body = st.columns([2, 1], gap="small")
    with table:
        picked = st.dataframe(
            frame.reset_index(),
            hide_index=True,
            height="content",
            on_select="rerun",
            selection_mode="single-row-required",
            column_order=("row", "agent_email", "product", "timestamp", "lines", "tags", "warnings"),
            column_config={
                "row": st.column_config.NumberColumn("Row", width=46, pinned=True),
                "agent_email": st.column_config.TextColumn("Agent", width=186),
                "product": st.column_config.TextColumn("Product", width=86),
                "timestamp": st.column_config.DatetimeColumn(
                    "Start (UTC)", format="D MMM YYYY, HH:mm", timezone="UTC", width=116
                ),
                "lines": st.column_config.NumberColumn("Lines", width=46),
                "tags": st.column_config.NumberColumn("Tags", width=44),
                "warnings": st.column_config.NumberColumn("Warnings", width=76),
            },
            key=f"first {page.batch.id} {hash(tuple(shown))}",
            alt=f"{ui.number_of(len(shown), 'call')} that would be sent first: row, agent, product, start, lines and tags.",
        )
    position = next((at for at in picked.selection.rows if at < len(shown)), 0)
    with body:
        for row, payload in page.batch.payloads([shown[position]]):
            st.caption(f"Row {row}: the body of its request, as it is sent (line breaks added)")
            payload = as_it_is_sent(page.ledger, page.batch.id, page.to.address, payload)
            st.code(json.dumps(payload, ensure_ascii=False, indent=2), language=None, height=330)
