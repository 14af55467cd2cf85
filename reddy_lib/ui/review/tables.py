"""The lines and the tags of the open call as tables to edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches import edits as editing
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.differences import Differences
from reddy_lib.batches.edit_tables import lines_table, tags_table
from reddy_lib.findings import Finding
from reddy_lib.model import ROLES, TAG_TYPES, Call
from reddy_lib.ui.review.changes import Change, cells_edited, store, store_as_seen, table_version

__all__ = ["draw_lines", "draw_tags"]

LINES_HEIGHT = 420
MARKS = {"!": "red", "?": "orange", "✎": "violet"}
MARK_OF = {"error": "!", "check": "?", "changed": "✎"}
ORIGINS = {"derived": "→", "estimated": "≈", "by hand": "✎"}
LEGEND = "→ stop is the next start · ≈ estimated · ✎ by hand (marks are not sent)"


def draw_lines(
    batch: Batch,
    row: int,
    call: Call,
    findings: list[Finding],
    changed: Differences,
    times: Sequence[str],
    *,
    key: str,
    locked: bool,
) -> None:
    """The transcript as a table, one row a line."""
    table = lines_table(call, findings, changed, times)
    table["marks"] = _symbols(table["marks"])
    table["times"] = [ORIGINS.get(origin, "") for origin in table["times"]]
    if not len(table):
        st.markdown("This call has no transcript.")
        if not locked:
            st.button(
                "Add a line",
                icon=":material/add:",
                on_click=store,
                args=(batch, row, lambda call: editing.insert_line(call, 0)),
            )
        return
    height = ui.table_height(len(table), LINES_HEIGHT)
    unknown = sorted({role for role in table["role"].dropna() if role not in ROLES})
    columns: dict[str, Any] = {
        "_index": st.column_config.NumberColumn("#", width=34),
        "marks": _marks_column(),
        "role": st.column_config.SelectboxColumn("Role", width=80, options=[*ROLES, *unknown]),
        "text": st.column_config.TextColumn("Text", width=320),
        "start": st.column_config.NumberColumn("Start", width=64, help="Seconds from the start of the call"),
        "stop": st.column_config.NumberColumn("Stop", width=64, help="Seconds from the start of the call"),
        "times": st.column_config.TextColumn(
            "≈", width=30, disabled=True, help=f"Where times are from: {LEGEND}. No mark: the source."
        ),
        "finding": st.column_config.TextColumn("Finding", width="medium", disabled=True),
    }
    order = ["marks", "times", "role", "text", "start", "stop"]
    if locked:
        st.dataframe(table, column_order=order, column_config=columns, height=height, alt="Transcript lines")
        return
    version = table_version(batch, row, call)
    key = f"{key} lines {row} {version}"
    menu_key = f"{key} menu"
    written = [str(text) for text in table["text"].fillna("")]
    table["menu"] = [_line_actions(text, place, len(written)) for place, text in enumerate(written)]
    columns["menu"] = st.column_config.ButtonColumn(
        "", width=36, type="tertiary", key=menu_key, on_click=_line_menu, args=(batch, row, version, menu_key)
    )
    st.data_editor(
        table,
        key=key,
        height=height,
        num_rows="fixed",
        column_order=["menu", *order, "finding"],
        column_config=columns,
        disabled=["_index", "marks", "times", "finding"],
        placeholder="",
        on_change=cells_edited,
        args=(batch, row, version, key, editing.with_line_cells),
        alt="Transcript lines, editable",
    )
    if any(table["times"]):
        st.caption(LEGEND)


def _line_actions(text: str, place: int, lines: int) -> list[str]:
    """Return what the menu of a line offers: only what would change something."""
    offered = [":material/add: Insert line below", ":material/add: Insert line above"]
    if place > 0:
        offered.append(":material/arrow_upward: Move up")
    if place < lines - 1:
        offered.append(":material/arrow_downward: Move down")
    if sum(map(bool, map(str.strip, text.splitlines()))) > 1:
        offered.append(":material/splitscreen: Split at line breaks")
    return [*offered, ":material/delete: Delete line"]


def _line_menu(batch: Batch, row: int, version: int, key: str) -> None:
    click = st.session_state[key]
    if click is None:
        return
    number = int(click["row"]) + 1
    changes: dict[str, Change] = {
        "Insert line below": lambda call: editing.insert_line(call, number),
        "Insert line above": lambda call: editing.insert_line(call, number - 1),
        "Move up": lambda call: editing.move_line(call, number, -1),
        "Move down": lambda call: editing.move_line(call, number, +1),
        "Split at line breaks": lambda call: editing.split_line(call, number),
        "Delete line": lambda call: editing.delete_lines(call, [number]),
    }
    change = changes.get(str(click["label"]).split(": ")[-1].strip())
    if change is not None:
        store_as_seen(batch, row, version, change)


def draw_tags(
    batch: Batch,
    row: int,
    call: Call,
    findings: list[Finding],
    changed: Differences,
    *,
    key: str,
    locked: bool,
) -> None:
    """The tags as a table, one row a tag."""
    table = tags_table(call, findings, changed)
    table["marks"] = _symbols(table["marks"])
    types = [*TAG_TYPES, *sorted(set(table["type"]) - set(TAG_TYPES))]
    columns: dict[str, Any] = {
        "_index": st.column_config.NumberColumn("#", width=34),
        "marks": _marks_column(),
        "key": st.column_config.TextColumn("Name", width=150),
        "value": st.column_config.TextColumn("Value", width=180),
        "type": st.column_config.SelectboxColumn("Type", width=84, options=types, required=True),
        "finding": st.column_config.TextColumn("Finding", width="medium", disabled=True),
    }
    order = ["marks", "key", "value", "type"]
    if locked:
        st.dataframe(table, column_order=order, column_config=columns, alt="Tags")
        return
    version = table_version(batch, row, call)
    table_key = f"{key} tags {row} {version}"
    if len(table):
        menu_key = f"{table_key} menu"
        table["menu"] = [":material/delete:"] * len(table)
        columns["menu"] = st.column_config.ButtonColumn(
            "",
            width=44,
            type="tertiary",
            key=menu_key,
            on_click=_tag_menu,
            args=(batch, row, version, menu_key),
            help="Delete the tag",
        )
        st.data_editor(
            table,
            key=table_key,
            height="content" if len(table) < 10 else 360,
            num_rows="fixed",
            column_order=["menu", *order, "finding"],
            column_config=columns,
            disabled=["_index", "marks", "finding"],
            placeholder="",
            on_change=cells_edited,
            args=(batch, row, version, table_key, editing.with_tag_cells),
            alt="Tags, editable",
        )
    else:
        st.markdown("This call has no tags.")
    st.button(
        "Add a tag",
        key=f"{key} add tag",
        icon=":material/add:",
        on_click=store,
        args=(batch, row, editing.add_tag),
    )


def _tag_menu(batch: Batch, row: int, version: int, key: str) -> None:
    click = st.session_state[key]
    if click is not None:
        number = int(click["row"]) + 1
        store_as_seen(batch, row, version, lambda call: editing.delete_tags(call, [number]))


def _marks_column() -> Any:
    return st.column_config.MultiselectColumn(
        "",
        width=50,
        options=list(MARKS),
        color=list(MARKS.values()),
        disabled=True,
        help="! must be fixed, ? should be checked, ✎ differs from the sheet",
    )


def _symbols(marks: pd.Series[Any]) -> list[str]:
    return [",".join(MARK_OF[mark] for mark in text.split(",") if mark) for text in marks]
