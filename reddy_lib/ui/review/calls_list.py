"""The list of calls: one screen of those the filters leave, a few words each."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.findings import CATALOGUE
from reddy_lib.ui import choice
from reddy_lib.ui.review.changes import short_hash
from reddy_lib.ui.review.view import View

__all__ = ["PAGE", "agent_of", "draw_list", "fitting", "length", "list_width"]

PAGE = 50
"""Calls on one screen."""

ROW_HEIGHT = 66  # above four times the font size, text is wrapped and keeps its line breaks
LINES = 4  # that fit into a row
LETTER = 5.6  # pixels of one, on average, and a little more
STACKED = 640  # pixels of a window from which down Streamlit puts columns below each other
SIDES = 130  # pixels of the list beside the words: ticks, row, border
SHARES = {"list": 3 / 8, "even": 1 / 2, "call": 1.0}


def list_width(view: View) -> int:
    """Return how many pixels the words of a call have in the list, by the width of the browser's window."""
    window = int(st.session_state.get("window width", 1280))
    if window <= STACKED:
        return max(150, window - 32 - SIDES)
    page = window - 290  # the menu and the margins
    share = SHARES[view.split] * (0.78 if view.facets else 1.0)
    return max(150, int(page * share) - SIDES)


def length(seconds: float | None) -> str:
    """Return a duration as people write it: "5:31", "1:02:09"; "" if it is not known."""
    if seconds is None or pd.isna(seconds) or seconds <= 0:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def draw_list(
    batch: Batch,
    frame: pd.DataFrame,
    *,
    key: str,
    names: dict[int, str],
    opened: int | None,
    open_row: Callable[[int], None],
    width: int,
) -> None:
    """One screen of calls: a tick for many, a click for the one to open.

    Args:
        frame: as `Batch.calls` returns it.
        names: product id → name.
        opened: the row of the open call.
        open_row: opens a call.
        width: pixels for the words of a call.
    """
    rows = tuple(int(row) for row in frame.index)
    marked = set(choice.ticked(batch))
    zone = batch.mapping.timezone or "UTC"
    table = pd.DataFrame(
        {
            "row": [f"▸ {row}" if row == opened else str(row) for row in rows],
            "call": [fitting(_in_words(call, names, zone), width) for call in frame.itertuples()],
        }
    )
    grid = f"{key} grid {short_hash(rows)}"
    positions = [position for position, row in enumerate(rows) if row in marked]
    state = st.session_state.get(grid)
    if state is None or list(state["selection"]["rows"]) != positions:
        st.session_state[grid] = {"selection": {"rows": positions, "columns": [], "cells": []}}
    st.dataframe(
        table,
        key=grid,
        height="stretch",
        row_height=ROW_HEIGHT,
        hide_index=True,
        on_select=lambda: _picked(batch, grid, rows, open_row),
        selection_mode=["multi-row", "single-cell"],
        placeholder="",
        column_config={
            "row": st.column_config.TextColumn("Row", width=62),
            "call": st.column_config.TextColumn(
                "Call", help="Agent, product, start, length, and what is wrong", width=width
            ),
        },
        alt=f"Calls {rows[0]} to {rows[-1]} of this batch",
    )


def agent_of(email: object) -> str:
    """Return the agent as the list shows them: the email before its domain."""
    return email.partition("@")[0] or email if isinstance(email, str) and email else "no agent"


def fitting(text: str, width: int) -> str:
    """Return as much of a text as a row of the list has room for, with a sign where words are left out.

    The list is a canvas, which cuts a line that does not fit without a sign.

    Args:
        width: pixels of the column.
    """
    lines = textwrap.wrap(text, max(12, int((width - 14) / LETTER)), break_on_hyphens=False)
    if len(lines) <= LINES:
        return text
    *whole, last = lines[:LINES]
    return " ".join([*whole, last.rpartition(" ")[0] or last[:-1]]).rstrip(" ·—,.") + "…"


def _in_words(call: Any, names: dict[int, str], zone: str) -> str:
    product = "" if pd.isna(call.product_id) else names.get(int(call.product_id), str(call.product_id))
    start = "" if pd.isna(call.timestamp) else _start(call.timestamp.tz_convert(zone))
    first = [
        agent_of(call.agent_email),
        product or "no product",
        start,
        length(getattr(call, "duration", None)) or (ui.number_of(call.lines, "turn") if call.lines else ""),
    ]
    return " · ".join(part for part in first if part) + " — " + _what(call)


def _start(moment: Any) -> str:
    return f"{moment.day} {moment:%b}, {moment:%H:%M}"


def _what(call: Any) -> str:
    snippet = getattr(call, "snippet", "")
    if isinstance(snippet, str) and snippet:
        return f"{call.status} · {snippet}"
    titles = [CATALOGUE[code].title for code in str(call.codes).strip("|").split("|") if code in CATALOGUE]
    wrong = titles[0] + (f" and {len(titles) - 1} more" if len(titles) > 1 else "") if titles else ""
    said = f"“{call.preview}”" if isinstance(call.preview, str) and call.preview else "no transcript"
    edited = "edited · " if call.edited else ""
    return f"{call.status} · {edited}{wrong or said}"


def _picked(batch: Batch, key: str, rows: Sequence[int], open_row: Callable[[int], None]) -> None:
    """Ticks and clicks in the grid with this key, which shows these rows: positions become row numbers here."""
    selection = st.session_state[key]["selection"]
    chosen = {rows[position] for position in selection.get("rows", ()) if position < len(rows)}
    choice.tick(batch, (set(choice.ticked(batch)) - set(rows)) | chosen)
    for position, _ in selection.get("cells", ()):
        if position < len(rows):
            open_row(rows[position])


def tick(batch: Batch, rows: Iterable[int]) -> None:
    """Make these rows, and no others, the ticked ones."""
    choice.tick(batch, rows)
