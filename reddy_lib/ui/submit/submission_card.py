"""One submission: what it is, what can be done about it, and what is left to do when it ended."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from reddy_lib import ui
from reddy_lib.outcomes import what_next
from reddy_lib.recordings.upload_hosts import hosts_of, waiting_hosts
from reddy_lib.sending.overview import preview
from reddy_lib.sending.ramp_up import ramp_of
from reddy_lib.sending.states import BY_HAND
from reddy_lib.sending.submission import Submission
from reddy_lib.ui import address_bar
from reddy_lib.ui.connection_choice import connection_panel
from reddy_lib.ui.submit.actions import (
    allow_uploads,
    cancel_panel,
    go_on_anyway,
    pause_it,
    resume_it,
    resume_with_typed,
    send,
)
from reddy_lib.ui.submit.page_state import Page

__all__ = ["card"]


def card(page: Page, found: Any) -> DeltaGenerator:
    """One submission: what it is, how far it is, what can be done about it. Returns the place of how far it is."""
    submission = Submission(page.ledger, found.id)
    ramp = ramp_of(page.ledger, found.id) if found.state == "paused" and found.rejected else None
    asks = ramp is not None and ramp.stage < 3 and found.reason != BY_HAND
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            _title(found)
            _buttons(page, found, submission, asks)
        place = st.container()
        hosts = waiting_hosts(page.ledger, found.id)
        if found.state == "paused" and found.reason != BY_HAND:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.warning(ui.escape(found.reason), icon=":material/pause_circle:")
                if asks:
                    ui.review_link("Correct it in Review", page.batch, status="rejected")
                elif not hosts and st.button(
                    "Change the connection", icon=":material/tune:", key=f"connection {found.id}"
                ):
                    connection_panel()
        elif found.state == "waiting":
            token_form(page, found, submission)
        elif found.state in ("done", "cancelled") and not found.sending:
            after(page, found, submission)
        new_hosts(page, found, submission, hosts)
    return place


def _title(found: Any) -> None:
    words = {
        "running": "is being sent",
        "paused": "is paused by hand" if found.reason == BY_HAND else "is paused",
        "waiting": "waits for its token",
        "cancelled": "was cancelled",
        "done": "is done",
    }[found.state]
    with st.container(gap=None, width="stretch"):
        st.markdown(f"**Submission {found.number}** {words}")
        st.caption(
            ui.escape(
                f"{ui.when(found.created_at)} · {ui.number_of(found.chosen, 'call')} to "
                f"{ui.place(found.address, found.token_hint)}" + (f" · by {found.who}" if found.who else "")
            )
        )


def _buttons(page: Page, found: Any, submission: Submission, asks: bool) -> None:
    """Draw what can be done now. `asks`: one of the first calls was refused, and a person has to say how to go on."""
    if found.state == "running":
        st.button(
            "Pause",
            icon=":material/pause:",
            type="primary",
            key=f"pause {found.id}",
            disabled=not ui.may("send"),
            help=ui.why_not("send"),
            on_click=pause_it,
            args=(submission,),
        )
    if asks:
        st.button(
            "Try the next one",
            icon=":material/looks_one:",
            key=f"next {found.id}",
            disabled=page.refused is not None,
            help=page.refused,
            on_click=resume_it,
            args=(page, submission),
        )
        st.button(
            "Continue anyway",
            icon=":material/fast_forward:",
            type="primary",
            key=f"anyway {found.id}",
            disabled=page.refused is not None,
            help=page.refused,
            on_click=go_on_anyway,
            args=(page, submission),
        )
    elif found.state == "paused":
        st.button(
            "Resume",
            icon=":material/play_arrow:",
            type="primary",
            key=f"resume {found.id}",
            disabled=page.refused is not None,
            help=page.refused,
            on_click=resume_it,
            args=(page, submission),
        )
    if found.state in ("running", "paused", "waiting") and st.button(
        "Cancel",
        icon=":material/cancel:",
        key=f"cancel {found.id}",
        disabled=not ui.may("send"),
        help=ui.why_not("send"),
    ):
        cancel_panel(submission)


def new_hosts(page: Page, found: Any, submission: Submission, hosts: list[str]) -> None:
    """Where Reddy gives addresses on a host that was not seen before, recordings wait until somebody says yes or no."""
    if not hosts:
        return
    known = hosts_of(page.ledger, found.address).set_index("host")
    for host in hosts:
        by = str(known.loc[host, "who"]) if host in known.index else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            if by:  # nobody has said anything about a host that only came
                st.markdown(
                    f":material/block: Uploads to **{ui.escape(host)}** were refused by {ui.escape(by)}. These recordings "
                    "wait until their upload addresses expire.",
                    width="stretch",
                )
            else:
                st.markdown(
                    f":material/cloud_upload: Reddy asks for recordings at **{ui.escape(host)}**, a new host. "
                    "Allow it only if you know this host is Reddy's: it receives customers' voices.",
                    width="stretch",
                )
            st.button(
                f"Allow uploads to {ui.escape(host)}",
                icon=":material/check:",
                key=f"allow {found.id} {host}",
                on_click=allow_uploads,
                args=(page, submission, found.address, host, True),
            )
            if not by:
                st.button(
                    "Refuse",
                    icon=":material/block:",
                    key=f"refuse {found.id} {host}",
                    on_click=allow_uploads,
                    args=(page, submission, found.address, host, False),
                )


def token_form(page: Page, found: Any, submission: Submission) -> None:
    st.warning(ui.escape(found.reason), icon=":material/key:")
    if page.to.address == found.address:
        st.button(
            f"Resume as {ui.escape(page.to.token_hint or 'chosen')}",
            type="primary",
            key=f"resume {found.id}",
            disabled=page.refused is not None,
            help=page.refused,
            on_click=resume_it,
            args=(page, submission),
        )
    with (
        st.form(f"token {found.id}", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input(
            f"API token for {ui.escape(ui.place(found.address))}",
            type="password",
            autocomplete="off",
            key=f"typed {found.id}",
        )
        st.form_submit_button(
            "Resume",
            icon=":material/play_arrow:",
            disabled=page.refused is not None,
            help=page.refused,
            on_click=resume_with_typed,
            args=(page, submission, f"typed {found.id}"),
        )


def after(page: Page, found: Any, submission: Submission) -> None:
    """A submission that ended: its one call in words, or what can be done about those that did not arrive."""
    ui.tokens().forget(found.id)
    if found.chosen == 1:
        row = next(iter(page.batch.rows(submission=found.id)), None)
        if row is not None:
            one_call(page, row)
    with st.container(horizontal=True, vertical_alignment="center"):
        failed = page.batch.rows(status="failed", submission=found.id) if found.failed else []
        if failed and st.button(
            f"Send {ui.number_of(len(failed), 'failed call')} again",
            icon=":material/replay:",
            key=f"failed {page.fresh_id()} {len(failed)}",
            disabled=page.refused is not None,
            help=page.refused,
        ):
            send(
                page,
                failed,
                preview(page.ledger, page.batch.id, address=page.to.address, rows=failed)["to_send"],
            )
        rejected = page.batch.count(status="rejected", submission=found.id) if found.rejected else 0
        if rejected:  # those that were corrected since are ready, and no longer asked for
            ui.review_link(
                f"Fix {ui.number_of(rejected, 'rejected call')} in Review", page.batch, status="rejected"
            )
        if found.unknown:
            st.page_link(
                "outcomes.py",
                label=f"See {ui.number_of(found.unknown, 'call')} in doubt",
                icon=":material/help:",
                query_params=address_bar.link(page.batch.id, submission=found.id),
            )


def one_call(page: Page, row: int) -> None:
    info = page.batch.info(row)
    if info["status"] == "accepted":
        upload = f" as upload {info['upload_id']}" if info["upload_id"] is not None else ""
        st.text(f"Row {row} was accepted{upload}, in {info['seconds'] or 0:.2f} s.")
        return
    said = f"Row {row} is {info['status']}. {info['error'] or ''}".strip()
    st.text(f"{said} {what_next(info['status'], info['http_status'], info['error'] or '')}".strip())
