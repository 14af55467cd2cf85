"""What changes by itself while calls are sent: how far each submission is, the list of them, workers, the sandbox."""

from __future__ import annotations

import time
from functools import partial

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from reddy_lib import ui
from reddy_lib.recordings.upload_queue import uploads_of
from reddy_lib.sending.overview import held_up, history
from reddy_lib.sending.progress import pace_words, progress, sampled, stages
from reddy_lib.sending.ramp_up import ramp_of
from reddy_lib.sending.rate_limits import live_pace
from reddy_lib.sending.submission import Submission
from reddy_lib.sending.workers import queue, workers_known
from reddy_lib.ui import address_bar
from reddy_lib.ui.recordings import uploads_line
from reddy_lib.ui.submit.actions import resume_it
from reddy_lib.ui.submit.page_state import Page
from reddy_lib.ui.workers import nobody_can_send, workers_panel

__all__ = ["follow"]

STALLED = 20.0
"""Seconds without anything in flight after which a running submission may be handed over again."""


def states_in(found: pd.DataFrame) -> list[tuple[str, str, bool]]:
    """What the cards are drawn for: each submission, its state, and whether it only waits for calls in flight."""
    return [(one.id, one.state, one.state != "running" and one.sending > 0) for one in found.itertuples()]


def follow(page: Page, cards: dict[str, DeltaGenerator], tabs: dict[str, DeltaGenerator]) -> None:
    """Draw what changes by itself while calls are sent, in the containers kept for it; all of it is of one moment.

    Has the page drawn again when a submission began, ended, or was paused or cancelled elsewhere.
    """
    with ui.alerts(), page.ledger.moment():
        now = history(page.ledger, page.batch.id)
        if states_in(now) != states_in(page.earlier):
            st.rerun()
        for submission_id, place in cards.items():
            with place:
                progress_of(page, submission_id)
        if "Submissions" in tabs:
            with tabs["Submissions"]:
                ui.submissions_table(
                    now,
                    key=f"submissions {page.batch.id}",
                    alt="Submissions of this batch, newest first, with the number of calls by status.",
                )
        if "sandbox" in tabs:
            received = ui.number_of(ui.sandbox().calls_received, "call")
            tabs["sandbox"].markdown(f"The sandbox received {received}.", width="content")
        if "Workers" in tabs:
            with tabs["Workers"]:
                workers_panel(page.ledger)


def progress_of(page: Page, submission_id: str) -> None:
    """Draw how far a submission is."""
    submission = Submission(page.ledger, submission_id)
    record, now_counts = submission.record(), submission.counts()
    now = time.monotonic()
    samples = st.session_state.setdefault("paces", {})
    settled = progress(now_counts, []).settled
    samples[submission_id] = sampled(samples.get(submission_id, []), now, settled)
    far = progress(now_counts, samples[submission_id])
    if record.state in ("running", "paused", "waiting") or now_counts["sending"]:
        speed = live_pace(page.ledger, submission_id)
        moving = record.state == "running"
        st.progress(far.share, text=far.words(moving=moving, flying=not (moving and speed.workers)))
        ramp = ramp_of(page.ledger, submission_id)
        if ramp is not None and ramp.stage < 3:
            st.markdown(f":material/stairs: {stages(ramp)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        ui.status_badges(now_counts)
        st.page_link(
            "outcomes.py",
            label="Outcomes",
            icon=ui.ICONS["outcomes"],
            query_params=address_bar.link(page.batch.id, submission=submission_id),
        )
    uploads_line(uploads_of(page.ledger, submission_id))
    if record.state == "running" and far.left:
        missing = who_is_missing(page, submission_id) if not far.pace and not far.in_flight else ""
        if missing:
            st.warning(ui.escape(missing), icon=":material/hourglass_disabled:")
        elif not far.pace and not far.in_flight:
            _stalled(page, submission, now)
        else:
            st.session_state.pop(f"still {submission_id}", None)
            pace = pace_words(speed, now=time.time(), clock=ui.clock)
            if pace:
                st.caption(ui.escape(pace))
            st.caption(
                "You can close this tab: sending continues."
                if record.token_source != "typed"
                else "You can close this tab: sending continues until the workbench stops (the token is in memory only)."
            )
    elif now_counts["sending"]:
        st.caption(
            f"{ui.number_of(now_counts['sending'], 'call')} in flight: "
            f"{'its answer' if now_counts['sending'] == 1 else 'their answers'} will be recorded. Nothing else is sent."
        )


def who_is_missing(page: Page, submission_id: str) -> str:
    """Why nobody can send a submission, or ""."""
    known, waits = workers_known(page.ledger), queue(page.ledger)
    alive = bool(((known["state"] == "alive") & (known["kind"] != "notebook")).any())
    for waiting in waits[waits["id"] == submission_id].itertuples():
        return nobody_can_send(waiting, anybody=alive, engine_here=ui.has_engine())
    return ""


def _stalled(page: Page, submission: Submission, now: float) -> None:
    waits = held_up(page.ledger, submission.id)
    if waits is not None:
        error, retry_at = waits
        seconds = max(0, round(retry_at - time.time()))
        st.text(f"Next try in {seconds} s. {error}")
        return
    since = st.session_state.setdefault(f"still {submission.id}", now)
    if now - since < STALLED:
        st.caption("Waiting for the engine.")
        return
    st.caption("Nothing was sent for a while.")
    if st.button(
        "Hand it over again",
        icon=":material/replay:",
        key=f"again {submission.id}",
        on_click=partial(resume_it, again=True),
        args=(page, submission),
    ):
        st.session_state.pop(f"still {submission.id}", None)
        st.rerun()
