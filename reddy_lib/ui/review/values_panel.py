"""Values: every value of a field or a tag with its calls, to be changed everywhere; and values that look alike."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.clusters import LEVEL_TITLES, LEVELS, Cluster
from reddy_lib.batches.steps import MapValues
from reddy_lib.errors import ReddyError
from reddy_lib.ui.review.changes import short_hash
from reddy_lib.ui.review.problems_panel import apply_step
from reddy_lib.ui.review.view import View

__all__ = ["draw_values"]

FIELDS = {"agent_email": "Agent email", "product_id": "Product", "filename": "Recording"}
SHOWN = 25
LISTED = 20
"""Values of a group that are shown; how many more it merges is said."""


def draw_values(batch: Batch, view: View, key: str, names: dict[int, str]) -> None:
    """Values of the listed calls. `names`: product id → name."""
    listed = view.listed(batch)
    rows = batch.rows(query=listed) if listed else None
    tags = [name for name in batch.facet_names() if name.startswith("tag:")]
    source = st.selectbox(
        "Values of",
        [*FIELDS, *tags],
        key=f"{key} values of",
        format_func=lambda name: FIELDS.get(name, f"Tag {name.removeprefix('tag:')}"),
        width=320,
    )
    state = (batch.id, source, listed, st.session_state.get("review edits", 0))
    left, right = st.columns(2, gap="medium")
    try:
        with left:
            _edit(batch, source, rows, key, names, short_hash(state))
        with right:
            _alike(batch, source, rows, key, names)
    except ReddyError as error:
        ui.alert(error)


def _edit(
    batch: Batch, source: str, rows: list[int] | None, key: str, names: dict[int, str], state: str
) -> None:
    """A table of values in which a new value is typed beside an old one."""
    found = batch.values(source, rows)
    st.subheader(ui.number_of(len(found), "value"))
    if not found:
        st.markdown("No call has a value here.")
        return
    st.caption("Type what a value should become. Several values may become the same one.")
    table = pd.DataFrame(
        {
            "value": [_shown(value, source, names) for value, _ in found],
            "calls": [count for _, count in found],
            "becomes": pd.Series([None] * len(found), dtype="str"),
        }
    )
    editor = f"{key} values {source} {state}"
    column: Any = (
        st.column_config.SelectboxColumn(
            "Becomes", options=[_named(number, name) for number, name in names.items()], width="medium"
        )
        if source == "product_id" and names
        else st.column_config.TextColumn("Becomes", width="medium")
    )
    st.data_editor(
        table,
        key=editor,
        hide_index=True,
        height=ui.table_height(len(table), 520),
        disabled=["value", "calls"],
        column_config={
            "value": st.column_config.TextColumn("Value", width="medium"),
            "calls": st.column_config.NumberColumn("Calls", width=70, format="localized"),
            "becomes": column,
        },
        placeholder="",
        alt="Values and what they become",
    )
    ids = {_named(number, name): number for number, name in names.items()}
    becomes: dict[str, str | int] = {}
    for position, cells in st.session_state[editor]["edited_rows"].items():
        new = str(cells.get("becomes") or "").strip()
        if new and position < len(found) and new != found[position][0]:
            becomes[found[position][0]] = ids.get(new, new) if source == "product_id" else new
    calls = sum(count for value, count in found if value in becomes)
    if st.button(
        f"Change {ui.number_of(calls, 'call')}",
        key=f"{editor} change",
        type="primary",
        disabled=not becomes or not ui.may("edit"),
        help=ui.why_not("edit"),
    ):
        try:
            step = MapValues(source=source, becomes=becomes)
        except ValueError as error:
            st.error(ui.escape(str(error)), icon=":material/error:")
            return
        apply_step(batch, step, rows)


def _alike(batch: Batch, source: str, rows: list[int] | None, key: str, names: dict[int, str]) -> None:
    """Groups of values that may be spellings of one, each merged by hand."""
    st.subheader("Values that look alike")
    level = st.selectbox(
        "How alike",
        LEVELS,
        key=f"{key} alike",
        format_func=LEVEL_TITLES.__getitem__,
        label_visibility="collapsed",
    )
    clusters = batch.clusters(source, level=level, rows=rows)
    if not clusters:
        looser = "" if level == LEVELS[-1] else " at this setting. Try a looser one above"
        st.markdown(f"No values look alike{looser}.")
        return
    for number, cluster in enumerate(clusters[:SHOWN]):
        _cluster(
            batch,
            cluster,
            rows,
            f"{key} cluster {source} {level} {number} {short_hash(cluster.values)}",
            names,
        )
    if len(clusters) > SHOWN:
        st.caption(f"and {len(clusters) - SHOWN:,} more, shown as you merge these.")


def _cluster(batch: Batch, cluster: Cluster, rows: list[int] | None, key: str, names: dict[int, str]) -> None:
    with st.container(border=True, gap="xsmall"):
        told = [
            f"{ui.escape(_shown(value, cluster.source, names))} :gray[{count:,}]"
            for value, count in cluster.values[:LISTED]
        ]
        if len(cluster.values) > LISTED:
            told.append(f"and {ui.number_of(len(cluster.values) - LISTED, 'more value')}")
        st.markdown(
            " · ".join(told),
            help=ui.escape(cluster.why) or None,
        )
        with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
            target = st.selectbox(
                "Becomes",
                [value for value, _ in cluster.values],
                index=[value for value, _ in cluster.values].index(cluster.proposed),
                accept_new_options=cluster.source != "product_id",
                key=f"{key} target",
                format_func=lambda value: _shown(value, cluster.source, names),
                label_visibility="collapsed",
            )
            others = sum(count for value, count in cluster.values if value != target)
            step = cluster.merged_into(str(target)) if target else None
            if (
                st.button(
                    f"Merge {others:,}",
                    key=f"{key} merge",
                    disabled=step is None or not ui.may("edit"),
                    help=f"Change {ui.number_of(others, 'call')} to this value",
                )
                and step is not None
            ):
                apply_step(batch, step, rows)


def _named(number: int, name: str) -> str:
    return f"{name} · {number}"


def _shown(value: str, source: str, names: dict[int, str]) -> str:
    if source == "product_id" and value.isdecimal():
        return _named(int(value), names.get(int(value), "not in the list"))
    return value if value.strip() else "(empty)"
