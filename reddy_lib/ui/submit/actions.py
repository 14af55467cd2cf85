"""What a click on Submit does.

The page never sends: it writes a submission into the ledger and hands it to the engine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import streamlit as st

from reddy_lib import ui
from reddy_lib.api.client import hint
from reddy_lib.batches.selections import fingerprint
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.errors import ConnectionUnusable, PersonalDataAsked, ReddyError
from reddy_lib.recordings.upload_hosts import allow_host, refuse_host, waiting_hosts
from reddy_lib.sending.overview import preview, sendable_rows
from reddy_lib.sending.ramp_up import end_ramp
from reddy_lib.sending.states import BY_HAND, SubmissionRecord
from reddy_lib.sending.submission import Submission, create, forget_deliveries
from reddy_lib.ui.submit.page_state import Page

__all__ = [
    "allow_uploads",
    "cancel_panel",
    "forget_panel",
    "go_on_anyway",
    "note_click",
    "pause_it",
    "resume_it",
    "resume_with_typed",
    "send",
]


def note_click(expected: int) -> None:
    """The page is drawn after a click; where the numbers differ by then, the button is another one, and it has to say
    that nothing was sent."""
    st.session_state["send_clicked"] = expected


def send(page: Page, rows: list[int] | None, expected: int, drawn: str = "") -> None:
    """Queue calls and hand them to the engine; where other products make fewer of them sendable, say so instead.

    Args:
        rows: None = every ready call. They are named now, so that one that becomes ready meanwhile is not sent as well.
        drawn: the fingerprint of the calls that the button was drawn for.
    """
    with ui.alerts():
        if rows is None:
            rows = sendable_rows(page.ledger, page.batch.id)
        if drawn and fingerprint(sendable_rows(page.ledger, page.batch.id, rows=rows)) != drawn:
            st.session_state["submit_notice"] = (
                "Nothing was sent: the calls that can be sent changed after this page was drawn. Check the numbers, then "
                "click again."
            )
            st.rerun()
        if page.products is not None and not page.batch.was_checked_with(page.products):
            with st.spinner(
                f"Checking the calls against the {ui.number_of(len(page.products), 'product')} of {page.where}"
            ):
                page.batch.recheck(page.products)
            left = preview(page.ledger, page.batch.id, address=page.to.address, rows=rows)["to_send"]
            if left != expected:
                st.session_state["submit_notice"] = (
                    f"Nothing was sent yet: these calls were checked against other products. With the "
                    f"{ui.number_of(len(page.products), 'product')} of {page.where}, {left:,} of {expected:,} can be sent; "
                    "the others are held now. Look at them in Review"
                    + (f", or send the {left:,}." if left else ".")
                )
                st.rerun()
        try:
            submission = create(
                page.ledger,
                page.batch.id,
                address=page.to.address,
                token_source=page.to.source,
                token_hint=page.to.token_hint,
                credential=page.to.credential(page.ledger.identity),
                rows=rows,
                concurrency=int(st.session_state.get("calls_at_once", 8)),
                who=ui.who(),
                submission_id=page.fresh_id(),
                ramp=None,
            )
        except PersonalDataAsked as error:  # a call or a rule changed after the page was drawn: it asks now
            st.session_state["submit_notice"] = str(error)
            st.rerun()
        ui.start(submission, page.to)
        st.session_state["next_submission"].pop(page.batch.id, None)
        st.rerun()


TOO_LATE = {
    "running": "was already being sent",
    "paused": "was already paused",
    "waiting": "was already waiting for its token",
    "cancelled": "was already cancelled",
    "done": "had already ended",
}


def came_too_late(submission: Submission) -> None:
    """Somebody else, or the end, was faster than a click: say so, on the page that is drawn next."""
    record = submission.record()
    st.session_state["submit_notice"] = (
        f"Nothing changed: submission {record.number} {TOO_LATE[record.state]} when you clicked."
    )


# Buttons of a submission are callbacks: a click counts also where the page, drawn again, has no such button any more.


def pause_it(submission: Submission) -> None:
    with kept_for_the_page():
        if not submission.pause():
            came_too_late(submission)


def resume_it(page: Page, submission: Submission, *, again: bool = False) -> None:
    """Go on: with the connection that is chosen now if it goes to the same address, else with the submission's own.

    `again`: also where it runs; its calls are handed to the engine once more, which sends none of them twice.
    """
    with kept_for_the_page():
        record = submission.record()
        if record.state in ("done", "cancelled") or (record.state == "running" and not again):
            came_too_late(submission)
        elif record.address == page.to.address and not (
            record.reason == BY_HAND and _another_account(page, record)
        ):
            submission.resume(
                token_source=page.to.source,
                token_hint=page.to.token_hint,
                credential=page.to.credential(page.ledger.identity),
            )
            ui.start(submission, page.to)
        else:
            if record.address != SANDBOX and record.address not in ui.addresses():
                raise ConnectionUnusable(
                    f"Submission {record.number} goes to {record.address}, which is no longer one of this workbench's "
                    "addresses. An administrator can add it to REDDY_BASE_URLS; or cancel the submission."
                )
            submission.resume()
            ui.start(submission, None)


def _another_account(page: Page, record: SubmissionRecord) -> bool:
    """Was this submission begun with another token than the chosen one? Resuming does not change it by the way."""
    return bool(record.credential) and record.credential != page.to.credential(page.ledger.identity)


def go_on_anyway(page: Page, submission: Submission) -> None:
    """Send all the others, although one of the first was refused."""
    with kept_for_the_page():
        end_ramp(page.ledger, submission.id)
    resume_it(page, submission)


def resume_with_typed(page: Page, submission: Submission, key: str) -> None:
    """Go on with a token that was typed in just now."""
    token = str(st.session_state.get(key, "")).strip()
    st.session_state[key] = ""  # a token is not put back into its field
    if not token:
        return
    with kept_for_the_page():
        record = submission.record()
        connection = ui.typed_connection(token, record.address)
        if record.state not in ("waiting", "paused"):
            came_too_late(submission)
            return
        submission.resume(
            token_source="typed",
            token_hint=hint(token),
            credential=connection.credential(page.ledger.identity),
        )
        ui.start(submission, connection)


def allow_uploads(page: Page, submission: Submission, address: str, host: str, allowed: bool) -> None:
    """A person says whether recordings of this connection may go to a host that was not seen before; where they may,
    and no other host waits, the submission goes on."""
    with kept_for_the_page():
        (allow_host if allowed else refuse_host)(page.ledger, address, host, who=ui.who() or "somebody")
        record = submission.record()
        # paused for another reason, it waits for what clears that
        paused = record.state == "paused" and "for recordings" in record.reason
        if allowed and paused and not waiting_hosts(page.ledger, submission.id):
            resume_it(page, submission)


@contextlib.contextmanager
def kept_for_the_page() -> Iterator[None]:
    """A situation in a callback becomes a message on the page that is drawn after it."""
    try:
        yield
    except ReddyError as error:
        st.session_state["submit_error"] = str(error)


@st.dialog("Cancel this submission?")
def cancel_panel(submission: Submission) -> None:
    st.write(
        "Calls that were not sent yet are ready again, and can be sent later. Answers to calls in flight are "
        "still recorded."
    )
    if st.button(
        "Cancel the submission",
        type="primary",
        icon=":material/cancel:",
        key="cancel_for_good",
        on_click=cancel_it,
        args=(submission,),
    ):
        st.rerun()


def cancel_it(submission: Submission) -> None:
    with kept_for_the_page():
        if submission.state in ("done", "cancelled"):
            came_too_late(submission)
            return
        submission.cancel()
        ui.tokens().forget(submission.id)


@st.dialog("Forget what the sandbox received?")
def forget_panel(page: Page) -> None:
    st.write(
        "The sandbox forgets its calls, and in every batch the calls that it accepted are ready again, "
        "as if they had never been sent. Their outcomes stay in the history. Reddy is not touched."
    )
    if st.button(
        "Forget it",
        type="primary",
        icon=":material/restart_alt:",
        key="forget_for_good",
        on_click=forget_it,
        args=(page,),
    ):
        st.rerun()


def forget_it(page: Page) -> None:
    try:
        again = forget_deliveries(page.ledger)
    except ReddyError as error:
        st.session_state["submit_error"] = str(error)
        return
    ui.sandbox().reset()
    st.session_state["submit_notice"] = (
        f"The sandbox is empty. {ui.number_of(again, 'call')} can be sent again."
    )


# the submissions of this batch that are under way, and the last one
