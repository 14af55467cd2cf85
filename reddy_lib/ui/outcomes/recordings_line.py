"""The recordings of accepted calls: how many arrived, why some did not, and the way to upload again."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.sending.submit import A_WHILE, upload_recordings
from reddy_lib.ui.outcomes.page_state import Page

__all__ = ["recordings_line"]

MOST_REASONS = 4

AUDIO: dict[str, Any] = {"uploaded": "green", "waiting": "blue", "failed": "red", "expired": "orange"}
"""State of a recording → the colour of its badge."""


def recordings_line(page: Page, scope: str, outcomes: pd.DataFrame) -> None:
    """What became of the recordings of accepted calls, why some did not arrive, and the way to those that still can."""
    told = st.session_state.pop("recordings_told", None)
    if told:
        st.info(ui.escape(told), icon=":material/graphic_eq:")
    sent = outcomes[outcomes["status"] == "accepted"]
    counts = sent["audio"].value_counts().to_dict()
    found = [state for state in AUDIO if counts.get(state)]
    if not found:
        return
    with st.container(border=True, gap="xsmall"):
        files = None
        if set(found) - {"uploaded"}:
            files = page.batch.recordings()
            files = files[files.index.isin(sent.index)]
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(":material/graphic_eq: Recordings", width="content")
            for state in found:
                st.badge(f"{counts[state]:,} {state}", color=AUDIO[state])
            st.space("stretch")
            open_ones = 0
            if files is not None and page.stage == "still":
                still = (files["state"] == "waiting") & (files["expires"] > pd.Timestamp.now(tz="UTC"))
                open_ones = int(still.sum())
            if open_ones and st.button(
                f"Upload again ({open_ones:,})",
                icon=":material/cloud_upload:",
                key=f"upload again {page.batch.id} {scope} {open_ones}",
                help=ui.why_not("send", "Only the recordings: no call is sent again."),
                disabled=not ui.may("send"),
            ):
                upload_again(page, open_ones)
        if files is None:
            return
        for state, error, rows in why_not(files):
            where = f"{'Row' if len(rows) == 1 else 'Rows'} {some(rows)}"
            st.caption(ui.escape(f"{ui.number_of(len(rows), 'recording')} {state}: {error} {where}"))
        if counts.get("waiting") and not open_ones:
            st.caption("Waiting recordings are uploaded by their submission: see Submit.")


def why_not(files: pd.DataFrame) -> list[tuple[str, str, list[int]]]:
    """Why recordings did not arrive, or not yet, the most frequent reasons first: state, Reddy's or our words, rows."""
    waits = (files["state"] == "waiting") & (files["error"] != "")
    lost = files[files["state"].isin(["failed", "expired"]) | waits]
    groups = [
        (str(state), str(error), [int(row) for row in part.index])
        for (state, error), part in lost.groupby(["state", "error"], sort=True)
    ]
    return sorted(groups, key=lambda group: -len(group[2]))[:MOST_REASONS]


def some(rows: list[int]) -> str:
    return ", ".join(map(str, rows[:5])) + (" …" if len(rows) > 5 else "")


def upload_again(page: Page, waiting: int) -> None:
    to = ui.connection()
    with ui.alerts():
        with st.spinner("Uploading the recordings"), to.client(timeout=30.0) as client:
            after = upload_recordings(page.batch, client, patience=A_WHILE, progress=False)
        left = int(((after["state"] == "waiting") & after["expires"].notna()).sum())
        st.session_state["recordings_told"] = (
            f"{ui.number_of(max(0, waiting - left), 'recording')} tried again."
            + (
                f" {left:,} still wait, for the reasons below. For calls that were sent to another address than "
                f"{ui.place(to.address, to.token_hint)}, choose that address under Connection."
                if left
                else ""
            )
        )
        st.session_state.pop("outcomes_kept", None)
        st.rerun()
