"""A fair draw: so many calls, balanced over agents, products or days, that anyone can draw again."""

from __future__ import annotations

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.draws import Draw
from reddy_lib.batches.queries import Query
from reddy_lib.batches.worth import MEASURES
from reddy_lib.errors import ReddyError
from reddy_lib.plurals import agreeing
from reddy_lib.ui import address_bar, choice
from reddy_lib.ui.review.changes import edited
from reddy_lib.ui.review.problems_panel import apply_step
from reddy_lib.ui.review.view import View

__all__ = ["draw_draw"]

STRATA = {
    "agent": "agents",
    "product": "products",
    "day": "days",
    "weekday": "weekdays",
    "hour": "hours of the day",
    "length": "lengths (turns)",
    "duration": "durations",
}
USUAL = ("held", "sent-before")


def draw_draw(batch: Batch, view: View, key: str) -> None:
    """Settings on the left, the draw on the right."""
    listed = view.listed(batch)
    rows = batch.rows(query=listed) if listed else None
    frame = len(rows) if rows is not None else batch.total
    left, right = st.columns([2, 3], gap="medium")
    with left, st.form(f"{key} draw", border=True):
        st.caption(
            f"From the {agreeing(frame, 'call that is', 'calls that are')} listed."
            if rows is not None
            else ("From 1 call." if frame == 1 else f"From all {frame:,} calls.")
        )
        number = st.number_input("Calls", 1, max(1, frame), min(50, max(1, frame)), key=f"{key} draw n")
        tags = [name for name in batch.facet_names() if name.startswith("tag:")]
        over = st.multiselect(
            "Balanced over",
            [*STRATA, *tags],
            default=["agent"],
            key=f"{key} draw over",
            format_func=lambda name: STRATA.get(name, f"tag {name.removeprefix('tag:')}"),
        )
        least, most = st.columns(2)
        minimum = least.number_input("At least from each", 0, frame, 0, key=f"{key} draw min")
        cap = most.number_input("At most from each (0: no limit)", 0, frame, 0, key=f"{key} draw cap")
        without = st.multiselect(
            "Leave out",
            list(MEASURES),
            default=[name for name in USUAL if name in MEASURES],
            key=f"{key} draw without",
            format_func=lambda name: MEASURES[name],
        )
        seed = st.number_input(
            "Seed", 0, 999_999, 7, key=f"{key} draw seed", help="The same seed draws the same calls."
        )
        name = st.text_input("Name", placeholder="March sample", key=f"{key} draw name")
        pressed = st.form_submit_button("Draw", type="primary", icon=":material/casino:")
    if pressed:
        try:
            with st.spinner("Drawing …"):
                made = batch.draw(
                    int(number),
                    balanced_over=tuple(over),
                    minimum=int(minimum),
                    cap=int(cap) or None,
                    excluding=tuple(without),
                    rows=rows,
                    seed=int(seed),
                    name=name.strip(),
                    who=ui.who(),
                )
            st.session_state[f"{key} drawn"] = made
        except (ReddyError, ValueError) as error:
            left.error(ui.escape(str(error)), icon=":material/error:")
    with right:
        drawn: Draw | None = st.session_state.get(f"{key} drawn")
        earlier = batch.draws()
        if drawn is None and earlier:
            drawn = earlier[0]
        if drawn is None:
            st.markdown("Nothing was drawn from this batch yet.")
        else:
            _show(batch, view, drawn, key)
        _redraw(batch, key)


def _show(batch: Batch, view: View, drawn: Draw, key: str) -> None:
    st.subheader(ui.escape(drawn.name) or ui.number_of(len(drawn.rows), "call"))
    st.markdown(ui.escape(drawn.coverage))
    for name, count in drawn.exclusions.items():
        if count:
            st.caption(
                f"Left out: {ui.number_of(count, 'call')}, {ui.escape(MEASURES.get(name, name).lower())}"
            )
    with st.container(horizontal=True, gap="xsmall"):
        if st.button(
            f"Send these {len(drawn.rows):,}", key=f"{key} draw send", type="primary", icon=":material/send:"
        ):
            choice.tick(batch, drawn.rows)
            address_bar.leave("submit.py")
        st.button(
            "List them",
            key=f"{key} draw list",
            on_click=lambda: view.go(
                query=Query().with_selection(drawn.selection), panel="calls", row=None, ticked=False
            ),
        )
        if drawn.name and st.button(
            f"Tag them “{ui.escape(drawn.name)}”",
            key=f"{key} draw tag",
            disabled=not ui.may("edit"),
            help="Adds a tag, so that Reddy shows which calls were drawn",
        ):
            apply_step(batch, drawn.tag_step(), list(drawn.rows))
    table = drawn.strata_frame()
    st.dataframe(
        table, hide_index=True, height=ui.table_height(len(table), 320), alt="What was drawn from each group"
    )
    st.caption("With this seal anyone draws the same calls from the same batch:")
    st.code(drawn.seal.to_text(), language=None, wrap_lines=True)


def _redraw(batch: Batch, key: str) -> None:
    with st.expander("Repeat an earlier draw"):
        text = st.text_area("Seal", key=f"{key} seal", height=80)
        if st.button("Draw again", key=f"{key} redraw", disabled=not text.strip()):
            try:
                st.session_state[f"{key} drawn"] = batch.redraw(text.strip())
                edited()
                st.rerun()
            except (ReddyError, ValueError) as error:
                st.error(ui.escape(str(error)), icon=":material/error:")
