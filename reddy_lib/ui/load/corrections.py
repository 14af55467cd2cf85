"""The Load page for a corrected file of the evidence: which calls it corrects, which it cannot, and storing it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.corrections import CALL_COLUMN, Corrected, Correction, corrected_calls
from reddy_lib.plurals import agreeing
from reddy_lib.spreadsheet import BuiltCall
from reddy_lib.spreadsheet.reading.upload import PrivateCopy
from reddy_lib.ui import address_bar

__all__ = ["draw_correction", "title_of"]

SHOWN = 200


def title_of(correction: Correction) -> str:
    """ "These are 9 rejected calls of March.xlsx, corrected"."""
    statuses = correction.statuses
    total = sum(statuses.values())
    kind = f"{next(iter(statuses))} " if len(statuses) == 1 else ""
    more = "more than " if correction.more else ""
    noun = "call" if total == 1 and not more else "calls"
    verb = "This is" if noun == "call" else "These are"
    return f"{verb} {more}{total:,} {kind}{noun} of {correction.file_name}, corrected"


def draw_correction(correction: Correction, file: PrivateCopy) -> None:
    """What the file corrects, row by row, and what becomes of each."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/published_with_changes: **{ui.escape(title_of(correction))}**", width="content"
        )
        st.page_link(
            "review.py",
            label=f"Open {ui.escape(correction.batch)}",
            icon=":material/folder_open:",
            query_params=address_bar.link(correction.batch_id),
        )
    st.caption(
        "Mapped as that sheet was; the columns that the evidence added are left out. Each call keeps its conversation "
        "id, and both histories show the link."
    )
    if correction.late:
        st.warning(
            f"{ui.number_of(correction.late, 'call')} of these "
            f"{'is' if correction.late == 1 else 'are'} at Reddy meanwhile, may be, or on the way: a correction would be a "
            "second call, so these rows are held.",
            icon=":material/block:",
        )
    if correction.strangers:
        st.warning(
            f"{agreeing(correction.strangers, 'row does', 'rows do')} not match a call of "
            f"{ui.escape(correction.file_name)} (column {CALL_COLUMN}), and {'is' if correction.strangers == 1 else 'are'} "
            "held until you have checked.",
            icon=":material/help:",
        )
    piece, _, kept = next(
        corrected_calls(ui.ledger(), file.path, correction, rows=SHOWN), Corrected([], {}, {})
    )
    if kept:
        shown = (
            f" of the first {ui.number_of(len(piece), 'row')}"
            if correction.rows > len(piece) or correction.more
            else ""
        )
        st.markdown(
            f":material/graphic_eq: {ui.number_of(len(kept), 'recording')}{shown} "
            f"{'stays' if len(kept) == 1 else 'stay'} attached, as to the {'call' if len(kept) == 1 else 'calls'} before."
        )
    refused = {"correction-refused", "correction-unknown"}
    table = pd.DataFrame(
        {
            "row": [one.row for one in piece],
            "agent": [one.call.agent_email for one in piece],
            "conversation": [one.call.conversation_id for one in piece],
            "recording": [
                kept[one.row].name if one.row in kept else said_of(one, {"correction-recording"})
                for one in piece
            ],
            "finding": [said_of(one, refused) for one in piece],
        }
    )
    columns = ["row", "agent", "conversation"]
    columns += [name for name in ("recording", "finding") if table[name].any()]
    st.dataframe(
        table,
        hide_index=True,
        height=ui.table_height(len(table), 400),
        column_order=columns,
        column_config={
            "row": st.column_config.NumberColumn("Row", width=60),
            "agent": st.column_config.TextColumn("Agent"),
            "conversation": st.column_config.TextColumn("Conversation, as it was"),
            "recording": st.column_config.TextColumn("Recording"),
            "finding": st.column_config.TextColumn("Held because", width="large"),
        },
        alt="The rows of the corrected file: agent, conversation, recording, and why a row is held.",
    )


def said_of(built: BuiltCall, codes: set[str]) -> str:
    """What the findings of these codes say of a row."""
    return "; ".join(found.message for found in built.findings if found.code in codes)
