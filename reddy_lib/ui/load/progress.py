"""A load under way: how far it is, and what happens when it is over."""

from __future__ import annotations

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.load_job import LoadJob
from reddy_lib.ui import address_bar
from reddy_lib.ui.events import uninterrupted
from reddy_lib.ui.load.file_choice import let_go

__all__ = ["finish", "watch"]

state = st.session_state


@st.fragment(run_every=0.5)
def watch(job: LoadJob) -> None:
    """How far a load is, and a way to stop it. It goes on whatever is clicked, and if the tab is closed."""
    if job.state != "running":
        st.rerun()
    total = "" if not job.total else f" of {job.total:,}" if job.counted else f" of about {job.total:,}"
    left = (job.total - job.stored) / job.rate if job.total and job.rate else 0
    st.progress(
        min(job.stored / job.total, 1.0) if job.total else 0,
        text=f"{job.stored:,}{total} {job.noun} stored · {job.rate:,.0f} per second"
        + (f" · about {left:,.0f} s left" if left >= 1 else ""),
    )
    st.caption("You can leave this page or close this tab: it finishes by itself.")
    st.button(
        "Stopping …" if job.stopping else "Cancel", icon=":material/close:", key="load_cancel",
        on_click=job.cancel, disabled=job.stopping,
    )  # fmt: skip


def finish(job: LoadJob) -> None:
    """A load is over: go on to Review, or say what happened."""
    with uninterrupted():
        del state["load_job"]
        if job.batch is not None:
            let_go()
            ui.remember_batch(job.batch.id)
    if job.batch is not None:
        address_bar.leave("review.py", batch=job.batch.id)
    if job.error is not None:
        state["load_notice"] = str(job.error)
    else:
        state["load_notice"] = "The load stopped because the program failed: its log says why. Try again."
