"""The table of the recordings panel: which row has which recording, and the chosen line put right by hand.

A grid reports *positions*, so its key is made of what it shows, and a position becomes a row number at once.
"""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.database.schema import EDITABLE
from reddy_lib.recordings.matching import Matches
from reddy_lib.ui.dropped import size_words

__all__ = ["short_hash", "show_table", "table_of"]

PAGE = 200
"""Lines of the table on one screen."""
MOST_OPTIONS = 500
"""Recordings to choose from by hand at once; with more, a search narrows them."""

STATES = {
    "matched": "Matched",
    "missing": "Missing",
    "doubtful": "Doubtful",
    "left over": "Left over",
    "attached": "Attached",
    "locked": "Sent or under way",
    "none": "Without",
}
"""What a line of the table is, in the order of the filters; "all" comes before them."""

COLOURS = {
    "matched": "blue", "missing": "red", "doubtful": "orange", "left over": "gray", "attached": "green",
    "locked": "gray", "none": "gray",
}  # fmt: skip


def short_hash(*parts: object) -> str:
    """For keys of widgets that are others once what they show is."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def table_of(batch: Batch, matches: Matches, state: dict[str, Any]) -> pd.DataFrame:
    """The lines of the matching with what they are now: attached already, sent already, or still to do."""
    table = matches.table
    attached = batch.recordings()
    editable = set(batch.rows(status=sorted(EDITABLE)))
    rows: pd.DataFrame = state["rows"]
    kept = set(attached["sha256"])
    in_folder = set(zip(attached["name"], attached["size"], strict=True))
    sizes = {(one.place, one.key): one.size for one in matches.recordings}
    lines: list[tuple[Any, ...]] = []
    for line in table.itertuples():
        row = None if pd.isna(line.row) else int(line.row)
        status, why, name, how = line.status, line.why, line.recording, line.how
        filename = line.filename
        if row is not None:
            if row in attached.index and row not in state["again"]:
                status, name, how, why = "attached", attached.loc[row, "name"], "", ""
                filename = ""  # the call's, which is this very name by now
            elif row not in editable and status != "none":
                why = "It is being sent, or was sent: nothing is attached afterwards."
                status = "locked"
        elif line.key.partition(".")[0] in kept or (
            line.place == "folder" and (line.key.rpartition("/")[2], sizes[line.place, line.key]) in in_folder
        ):
            continue  # it is attached to a row, by an earlier choice
        says = row is not None and bool(rows.at[row, "transcript"])
        lines.append((row, status, name, how, filename, line.conversation_id, why, line.key, says))
    columns = ["row", "state", "recording", "how", "filename", "conversation_id", "why", "key", "transcript"]
    return pd.DataFrame(lines, columns=columns).astype({"row": "Int64", "transcript": bool})


def show_table(batch: Batch, matches: Matches, table: pd.DataFrame, state: dict[str, Any]) -> None:
    """The table, one kind of line at a time if wanted; the chosen line can be put right under it."""
    counts = table["state"].value_counts().to_dict()
    shown = ["all", *(name for name in STATES if counts.get(name))]
    numbers = {"all": len(table), **counts}
    key = f"recordings show {batch.id} {short_hash(shown, numbers)}"
    if state.get("show", "all") not in shown:
        state["show"] = "all"
    st.session_state.setdefault(key, state.get("show", "all"))
    wanted = st.pills(
        "Show",
        shown,
        key=key,
        required=True,
        format_func=lambda name: f"{STATES.get(name, 'All')} {numbers[name]:,}",
        label_visibility="collapsed",
    )
    state["show"] = wanted
    some = table if wanted == "all" else table[table["state"] == wanted]
    pages = max(1, -(-len(some) // PAGE))
    page = 1
    if pages > 1:
        page = st.pagination(pages, key=f"recordings page {batch.id} {wanted} {pages}")
    part = some.iloc[(page - 1) * PAGE : page * PAGE]
    identity = short_hash(
        wanted, page, list(zip(part["row"].fillna(0), part["key"], part["state"], strict=True))
    )
    frame = pd.DataFrame(
        {
            "row": part["row"],
            "state": [[STATES[name]] for name in part["state"]],
            "recording": part["recording"],
            "how": part["how"],
            "filename": part["filename"],
            "call": part["conversation_id"],
            "why": part["why"],
        }
    )
    event = st.dataframe(
        frame,
        # columns without a word in them would push the reason out of sight
        column_order=[name for name in frame.columns if name in ("row", "state") or frame[name].any()],
        hide_index=True,
        height=ui.table_height(len(part), 330),
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        key=f"recordings lines {batch.id} {identity}",
        column_config={
            "row": st.column_config.NumberColumn("Row", width=52, format="%d"),
            "state": st.column_config.MultiselectColumn(
                "State", width=110, options=list(STATES.values()), color=list(COLOURS.values())
            ),
            "recording": st.column_config.TextColumn("Recording", width=210),
            "how": st.column_config.TextColumn("Matched by", width=140),
            "filename": st.column_config.TextColumn("In the sheet", width=170),
            "call": st.column_config.TextColumn("Conversation", width=140),
            "why": st.column_config.TextColumn("Because", width="large"),
        },
        alt=f"{ui.number_of(len(part), 'row')}: row, state, recording, how it was matched, name in the sheet, "
        "conversation, why.",
    )
    chosen = [at for at in event["selection"]["rows"] if at < len(part)]
    if not chosen:
        st.caption("Choose a row to change its recording.")
        return
    line = part.iloc[chosen[0]]
    if pd.isna(line["row"]):
        st.caption(
            "No call uses this recording. Choose the row of a call, then choose this recording for it."
        )
        return
    _by_hand(batch, matches, table, int(line["row"]), str(line["state"]), state)


def _by_hand(
    batch: Batch, matches: Matches, table: pd.DataFrame, row: int, status: str, state: dict[str, Any]
) -> None:
    """One row, and the recordings that it may have: those that fit, then those that no row has."""
    if status == "locked":
        st.caption(f"Row {row} is being sent, or was sent: nothing is attached afterwards.")
        return
    line = matches.table.loc[(matches.table["row"] == row).fillna(False)].iloc[0]
    free = set(table.loc[table["state"] == "left over", "key"])
    fits = set(line["candidates"])
    options = [one for one in matches.recordings if one.name in fits]
    others = [one for one in matches.recordings if one.key in free and one.name not in fits]
    if line["why"]:
        st.caption(ui.escape(line["why"]))
    with st.container(border=True, horizontal=True, vertical_alignment="bottom"):
        st.markdown(f"**Row {row}**", width="content")
        if len(others) > MOST_OPTIONS:
            word = st.text_input("Find", key=f"recordings find {batch.id} {row}", type="search", width=180)
            others = [one for one in others if word.casefold() in one.name.casefold()][:MOST_OPTIONS]
        picked = st.selectbox(
            "Recording",
            [*options, *others],
            index=None,
            key=f"recordings pick {batch.id} {row}",
            format_func=lambda one: f"{one.name} · {size_words(one.size)}",
            placeholder=f"{len(options) + len(others):,} to choose from",
        )
        if st.button("Use this one", icon=":material/check:", disabled=picked is None, key=f"use {row}"):
            state["choices"][row] = picked
            state["again"].add(row)
            st.rerun()
        if status != "attached" and st.button("None of them", icon=":material/block:", key=f"none {row}"):
            state["choices"][row] = None
            st.rerun()
        if row in state["choices"] and st.button("Undo", icon=":material/undo:", key=f"undo choice {row}"):
            del state["choices"][row]
            state["again"].discard(row)
            st.rerun()
