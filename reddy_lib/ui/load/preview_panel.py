"""The first rows: the sheet's cells beside the call that each becomes, findings in place."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.preview import Previewed, cells_beside, finding_summary, preview, worth_showing
from reddy_lib.model import payload_json
from reddy_lib.spreadsheet import Mapping
from reddy_lib.ui.directions import isolated
from reddy_lib.ui.load.conversation import draw_conversation
from reddy_lib.ui.load.mapping_choices import Choices, chosen

__all__ = ["PREVIEWED", "draw_preview", "look_ahead", "would_be_ready"]

PREVIEWED = 200  # built and checked at every change


def look_ahead(choices: Choices, *, whole: bool) -> list[Previewed]:
    """The first calls as they would become. `whole`: the sample is the whole sheet."""
    of_lines = choices.layout == "lines"
    head = choices.sheet if of_lines else choices.sheet.head(PREVIEWED)
    shown = preview(head, choices.mapping, products=choices.products, now=time.time())
    if of_lines and not whole and len(shown) > 1:  # the sample cuts the last one off in the middle
        last = max(shown, key=lambda one: one.row)
        shown = [one for one in shown if one is not last]
    return shown


def draw_preview(rows: Sequence[Previewed], mapping: Mapping, key: str) -> None:
    """The first rows: the sheet's cells beside the payload that each becomes, findings in place."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader("Preview", anchor=False, width="content")
        counts = finding_summary(rows)
        for severity, title, count in counts[:3]:
            st.badge(f"{title} · {count:,}", color="red" if severity == "error" else "orange")
        if len(counts) > 3:
            rest = " · ".join(f"{title} {count:,}" for _, title, count in counts[3:])
            st.caption(
                f"and {ui.number_of(len(counts) - 3, 'more kind')} of findings", width="content", help=rest
            )
        if not counts:
            st.caption("nothing found in the rows looked at", width="content")
    offered = {one.row: one for one in worth_showing(rows)}

    def name_of(row: int) -> str:
        return f"{row}" if offered[row].ready else f":red[:material/error:] {row}"

    rows_key = f"{key}row {sorted(offered)!r}"
    chosen(rows_key, next(iter(offered)), list(offered))
    row = st.pills("Row of the sheet", list(offered), format_func=name_of, key=rows_key, required=True)
    one = offered[row if row in offered else next(iter(offered))]
    for found in one.findings:
        colour, icon = ("red", "error") if found.severity == "error" else ("orange", "warning")
        st.markdown(f":{colour}[:material/{icon}: **{found.title}**] {ui.escape(isolated(found.message))}")
    cells, payload = st.columns(2)
    with cells:
        st.caption(f"**Row {one.row} of the sheet**")
        beside = cells_beside(one, mapping)
        st.dataframe(
            beside, hide_index=True, height=380,
            column_order=["column", "cell", "becomes", *(["finding"] if one.findings else [])],
            column_config={
                "column": st.column_config.TextColumn("Column", width=90),
                "cell": st.column_config.TextColumn("Cell", width=105 if one.findings else 180),
                "becomes": st.column_config.TextColumn("Becomes", width=90),
                "finding": st.column_config.TextColumn("Finding", width=100),
            },
            alt=f"The cells of row {one.row}, the part of the call that each becomes, and what was found in it",
        )  # fmt: skip
    with payload:
        said, choice = st.columns([1.7, 1.6], vertical_alignment="center")
        said.caption("**What Reddy would get**" if one.ready else "**Held until it is fixed**")
        shown_as = choice.segmented_control(
            "Show the call as", ["Conversation", "JSON"], key=key + "preview as", default="Conversation",
            required=True, persist_state="session", label_visibility="collapsed",
        )  # fmt: skip
        if shown_as == "JSON":
            payload_shown = msgspec.json.format(payload_json(one.call), indent=2).decode()
            st.code(payload_shown, "json", wrap_lines=True, height=380)
        else:
            draw_conversation(one.call)


def would_be_ready(rows: Sequence[Previewed], noun: str, *, whole: bool) -> str:
    ready = sum(one.ready for one in rows)
    return f"**{ready:,} of {'' if whole else 'the first '}{ui.number_of(len(rows), noun)}** would be ready"
