"""What stands behind the open call: the cells of its row, the request as JSON, its edits and attempts."""

from __future__ import annotations

import shlex

import msgspec
import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.corrections import links_of
from reddy_lib.batches.differences import field_label
from reddy_lib.model import Call, payload_json
from reddy_lib.sending.resend import resends_of
from reddy_lib.ui import address_bar

__all__ = ["curl_line", "draw_cells", "draw_json", "draw_record"]

TABLE_HEIGHT = 420


def draw_cells(batch: Batch, row: int) -> None:
    """The cells of the sheet that the call was made of."""
    cells = batch.cells(row)
    table = pd.DataFrame(
        {"column": list(cells), "cell": ["" if value is None else str(value) for value in cells.values()]}
    )
    st.dataframe(
        table,
        hide_index=True,
        height=ui.table_height(len(table), TABLE_HEIGHT),
        column_config={
            "column": st.column_config.TextColumn("Column", width=140),
            "cell": st.column_config.TextColumn("Cell, as it is in the sheet", width="large"),
        },
        alt=f"The cells of row {row}",
    )


def curl_line(call: Call, base_url: str) -> str:
    """The request as a command line. The token stays a variable of the shell."""
    return (
        f"curl -X POST {shlex.quote(base_url.rstrip('/') + '/api/v1/call/create')} \\\n"
        '  -H "Authorization: Bearer $REDDY_API_TOKEN" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  --data-raw {shlex.quote(payload_json(call).decode())}"
    )


def draw_json(call: Call) -> None:
    """The body of the request, and the request as a command."""
    # Without a language: the highlighter's green and blue have 2.5 : 1 on the light theme.
    st.code(msgspec.json.format(payload_json(call), indent=2).decode(), language=None, height=320)
    st.code(curl_line(call, ui.connection().base_url), language=None, height=74)


def draw_record(batch: Batch, row: int) -> None:
    """What happened to the call: corrections, edits, attempts to send it."""
    for link in links_of(batch, row).itertuples():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            said = "Corrects" if link.relation == "corrects" else "Corrected by"
            st.markdown(
                f":material/link: {said} row {link.row} of **{ui.escape(link.batch)}** ({link.status}), loaded "
                f"{ui.when(link.at)}" + (f" by {ui.escape(link.who)}" if link.who else "")
            )
            st.page_link(
                "review.py",
                label="Open it",
                icon=":material/folder_open:",
                query_params=address_bar.link(link.batch_id, row=str(link.row)),
            )
    for again in resends_of(batch, row).itertuples():
        by = f" by {again.who}" if again.who else ""
        nothing = " It came to nothing: it was cancelled or turned away." if again.came_to_nothing else ""
        st.markdown(
            f":material/redo: Sent again in submission {again.submission}, {ui.when(again.at)}{ui.escape(by)}, because: "
            f"{ui.escape(again.reason)}.{nothing}"
        )
    edits = batch.edits(row)
    if not len(edits):
        st.markdown("Nothing was edited.")
    else:
        table = pd.DataFrame(
            {
                "when": edits["at"],
                "who": edits["who"],
                "what": [field_label(field) for field in edits["field"]],
                "before": edits["before"],
                "after": edits["after"],
            }
        ).iloc[::-1]
        st.dataframe(
            table,
            hide_index=True,
            height=ui.table_height(len(table), TABLE_HEIGHT),
            placeholder="",
            column_config={
                "when": ui.moment_column("When", width=None),
                "who": "Who",
                "what": "What",
                "before": "Before",
                "after": "After",
            },
            alt=f"Edits of row {row}, newest first",
        )
    attempts = batch.attempts(row)
    if len(attempts):
        st.dataframe(
            attempts[["started", "result", "http_status", "words", "upload_id", "seconds"]].iloc[::-1],
            hide_index=True,
            placeholder="",
            column_config={
                "started": ui.moment_column("Sent", clock="HH:mm:ss", width=None),
                "result": "Result",
                "http_status": "HTTP status",
                "words": "Reddy's words",
                "upload_id": "Upload id",
                "seconds": st.column_config.NumberColumn("Seconds", format="%.2f"),
            },
            alt=f"Attempts to send row {row}, newest first",
        )
