"""What the sandbox of this process received, read in the process: no address leads to it."""

from __future__ import annotations

import json
from typing import IO, Any

import pandas as pd
import streamlit as st

from reddy_lib.ui import moment_column, number_of, sandbox
from reddy_lib.ui.downloads import download
from reddy_lib.ui.who_saw import seen_download

__all__ = ["received_panel"]

SHOWN = 500
"""Calls in the table, the newest: each is one row and its words."""


@st.dialog("What the sandbox received", width="large")
def received_panel() -> None:
    """The newest calls as a table, one of them whole, and all of them as a file."""
    count = sandbox().calls_received
    if not count:
        st.write("Nothing yet.")
        return
    calls: list[dict[str, Any]] = json.loads(sandbox().received_json(offset=max(0, count - SHOWN)))[::-1]
    if count > len(calls):
        st.caption(f"The newest {len(calls):,} of {number_of(count, 'call')}.")
    picked: Any = st.dataframe(
        received_table(calls),
        hide_index=True,
        height="content" if len(calls) < 8 else 300,
        column_config={
            "No.": st.column_config.NumberColumn(width=50),
            "Received": moment_column(clock="HH:mm:ss", width=150),
        },
        on_select="rerun",
        selection_mode="single-row",
        key="sandbox_received",
        alt="Calls that the sandbox received, newest first: number, conversation, agent, when, recording, tags added.",
    )
    chosen = next((calls[at] for at in picked.selection.rows if at < len(calls)), calls[0])
    st.caption(f"Call {chosen['number']}, as received:")
    st.json(chosen["payload"], expanded=1)
    download(
        "sandbox-received", "Download all as JSON", write_received, file_name="sandbox-received.json",
        mime="application/json", seen=seen_download(calls=len(calls)),
    )  # fmt: skip


def write_received(file: IO[bytes]) -> None:
    """Write all received calls as a JSON list."""
    file.write(sandbox().received_json())


def received_table(calls: list[dict[str, Any]]) -> pd.DataFrame:
    """Received calls (`Sandbox.received`) as people read them. Columns: No., Conversation, Agent, Received (UTC),
    Recording, Tags added."""
    return pd.DataFrame(
        {
            "No.": [call["number"] for call in calls],
            "Conversation": [call["conversation_id"] for call in calls],
            "Agent": [call["agent_email"] for call in calls],
            "Received": pd.to_datetime([call["received_at"] for call in calls], unit="s", utc=True),
            "Recording": [_recording(call["audio"]) for call in calls],
            "Tags added": [len(call["tags_added"]) for call in calls],
        }
    )


def _recording(audio: dict[str, Any] | None) -> str:
    if audio is None:
        return ""
    state = audio.get("state", "waiting")
    return f"{audio.get('filename') or ''} ({state})"
