"""Step 3: choose calls, try one, send them, watch, pause, resume.

The page never sends. It writes a submission into the ledger and hands it to the engine, which goes on when the
tab is closed; what the page shows is read from the ledger each time.

While calls are being sent, one fragment (`follow`) draws once a second everything that changes by itself, all of it
read at one moment. The rest of the page then shows no number that sending changes.
"""

import contextlib
import json
import secrets
import time
from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from reddy_lib import ui
from reddy_lib.api.client import hint
from reddy_lib.batches.selections import fingerprint
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.errors import ConnectionUnusable, ReddyError
from reddy_lib.outcomes import what_next
from reddy_lib.recordings.upload_hosts import allow_host, hosts_of, refuse_host, waiting_hosts
from reddy_lib.recordings.upload_queue import uploads_of
from reddy_lib.sending.overview import held_up, history, preview, rows_to_send, sendable_rows, settled_at
from reddy_lib.sending.progress import pace_words, progress, sampled, stages
from reddy_lib.sending.ramp_up import end_ramp, ramp_of
from reddy_lib.sending.rate_limits import assume_create_idempotent, live_pace, rules_of, set_limit
from reddy_lib.sending.states import BY_HAND, SubmissionRecord
from reddy_lib.sending.submission import Submission, create, forget_deliveries
from reddy_lib.sending.workers import queue, workers_known
from reddy_lib.ui import choice
from reddy_lib.ui.connection_choice import connection_panel
from reddy_lib.ui.recordings import uploads_line
from reddy_lib.ui.sandbox_panel import received_panel
from reddy_lib.ui.tabs import steady_tabs
from reddy_lib.ui.workers import is_shared, nobody_can_send, workers_panel

SHOWN = 10
"""Calls in the table of what is sent first."""

CHOICES = {"ready": "All ready", "ticked": "Ticked", "failed": "Failed", "rejected": "Rejected"}

STALLED = 20.0
"""Seconds without anything in flight after which a running submission may be handed over again."""

batch = ui.open_batch()
ledger = ui.ledger()
to = ui.connection()
products = ui.products(to)
names = ui.product_names(products if products is not None else batch.products)
where = ui.place(to.address, to.token_hint)
counts = batch.counts()
earlier = history(ledger, batch.id)
refused = ui.cannot_send()


# what a click does


def fresh_id() -> str:
    """The id that the next submission gets: made before the click, so that one click is one submission."""
    ids = st.session_state.setdefault("next_submission", {})
    return str(ids.setdefault(batch.id, "s" + secrets.token_hex(8)))


def note_click(expected: int) -> None:
    """The page is drawn after a click; where the numbers differ by then, the button is another one, and it has to say
    that nothing was sent."""
    st.session_state["send_clicked"] = expected


def send(rows: list[int] | None, expected: int, drawn: str = "") -> None:
    """Queue calls and hand them to the engine; where other products make fewer of them sendable, say so instead.

    Args:
        rows: None = every ready call. They are named now, so that one that becomes ready meanwhile is not sent as well.
        drawn: the fingerprint of the calls that the button was drawn for.
    """
    with ui.alerts():
        if rows is None:
            rows = sendable_rows(ledger, batch.id)
        if drawn and fingerprint(sendable_rows(ledger, batch.id, rows=rows)) != drawn:
            st.session_state["submit_notice"] = (
                "Nothing was sent by your click: the calls that can be sent are no longer those that this page showed. "
                "Look again, then click again."
            )
            st.rerun()
        if products is not None and not batch.was_checked_with(products):
            with st.spinner(f"Checking the calls against the {len(products)} products of {where}"):
                batch.recheck(products)
            left = preview(ledger, batch.id, address=to.address, rows=rows)["to_send"]
            if left != expected:
                st.session_state["submit_notice"] = (
                    f"Nothing was sent yet: these calls had been checked against other products. Against the "
                    f"{len(products)} products of {where}, {left:,} of {expected:,} can be sent; "
                    f"the others are held now. Look at them in Review, or send the {left:,}."
                )
                st.rerun()
        submission = create(
            ledger,
            batch.id,
            address=to.address,
            token_source=to.source,
            token_hint=to.token_hint,
            credential=to.credential(ledger.identity),
            rows=rows,
            concurrency=int(st.session_state.get("calls_at_once", 8)),
            who=ui.who(),
            submission_id=fresh_id(),
            ramp=None,
        )
        ui.start(submission, to)
        st.session_state["next_submission"].pop(batch.id, None)
        st.rerun()


TOO_LATE = {
    "running": "is being sent already",
    "paused": "was paused already",
    "waiting": "waits for its token already",
    "cancelled": "had been cancelled already",
    "done": "had ended already",
}


def came_too_late(submission: Submission) -> None:
    """Somebody else, or the end, was faster than a click: say so, on the page that is drawn next."""
    record = submission.record()
    st.session_state["submit_notice"] = (
        f"Submission {record.number} {TOO_LATE[record.state]} when you clicked: your click changed nothing."
    )


# Buttons of a submission are callbacks: a click counts also where the page, drawn again, has no such button any more.


def pause_it(submission: Submission) -> None:
    with kept_for_the_page():
        if not submission.pause():
            came_too_late(submission)


def resume_it(submission: Submission, *, again: bool = False) -> None:
    """Go on: with the connection that is chosen now if it goes to the same address, else with the submission's own.

    `again`: also where it runs; its calls are handed to the engine once more, which sends none of them twice.
    """
    with kept_for_the_page():
        record = submission.record()
        if record.state in ("done", "cancelled") or (record.state == "running" and not again):
            came_too_late(submission)
        elif record.address == to.address and not (record.reason == BY_HAND and _another_account(record)):
            submission.resume(
                token_source=to.source,
                token_hint=to.token_hint,
                credential=to.credential(ledger.identity),
            )
            ui.start(submission, to)
        else:
            if record.address != SANDBOX and record.address not in ui.addresses():
                raise ConnectionUnusable(
                    f"Submission {record.number} goes to {record.address}, which is not one of this workbench's addresses "
                    "(any more). An administrator can add it to REDDY_BASE_URLS; or cancel the submission."
                )
            submission.resume()
            ui.start(submission, None)


def _another_account(record: SubmissionRecord) -> bool:
    """Was this submission begun with another token than the chosen one? Resuming does not change it by the way."""
    return bool(record.credential) and record.credential != to.credential(ledger.identity)


def go_on_anyway(submission: Submission) -> None:
    """Send all the others, although one of the first was refused."""
    with kept_for_the_page():
        end_ramp(ledger, submission.id)
    resume_it(submission)


def resume_with_typed(submission: Submission, key: str) -> None:
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
            token_source="typed", token_hint=hint(token), credential=connection.credential(ledger.identity)
        )
        ui.start(submission, connection)


def allow_uploads(submission: Submission, address: str, host: str, allowed: bool) -> None:
    """A person says whether recordings of this connection may go to a host that was not seen before; where they may,
    and no other host waits, the submission goes on."""
    with kept_for_the_page():
        (allow_host if allowed else refuse_host)(ledger, address, host, who=ui.who() or "somebody")
        record = submission.record()
        # paused for another reason, it waits for what clears that
        paused = record.state == "paused" and "for recordings" in record.reason
        if allowed and paused and not waiting_hosts(ledger, submission.id):
            resume_it(submission)


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
        "Calls that were not sent yet are ready again, and can be sent later. What comes of calls that are on their "
        "way this moment is still recorded."
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
def forget_panel() -> None:
    st.write(
        "The sandbox forgets its calls, and in every batch the calls that it accepted are ready again, "
        "as if they had never been sent. What became of them stays in the history. Reddy is not touched."
    )
    if st.button(
        "Forget it",
        type="primary",
        icon=":material/restart_alt:",
        key="forget_for_good",
        on_click=forget_it,
    ):
        st.rerun()


def forget_it() -> None:
    try:
        again = forget_deliveries(ledger)
    except ReddyError as error:
        st.session_state["submit_error"] = str(error)
        return
    ui.sandbox().reset()
    st.session_state["submit_notice"] = (
        f"The sandbox is empty. {ui.number_of(again, 'call')} can be sent again."
    )


# the submissions of this batch that are under way, and the last one


def states_in(found: pd.DataFrame) -> list[tuple[str, str, bool]]:
    """What the cards are drawn for: each submission, its state, and whether it only waits for calls in flight."""
    return [(one.id, one.state, one.state != "running" and one.sending > 0) for one in found.itertuples()]


def follow(cards: dict[str, DeltaGenerator], tabs: dict[str, DeltaGenerator]) -> None:
    """Draw what changes by itself while calls are sent, in the containers kept for it; all of it is of one moment.

    Has the page drawn again when a submission began, ended, or was paused or cancelled elsewhere.
    """
    with ui.alerts(), ledger.moment():
        now = history(ledger, batch.id)
        if states_in(now) != states_in(earlier):
            st.rerun()
        for submission_id, place in cards.items():
            with place:
                progress_of(submission_id)
        if "Submissions" in tabs:
            with tabs["Submissions"]:
                ui.submissions_table(
                    now,
                    key=f"submissions {batch.id}",
                    alt="Submissions of this batch, newest first, with the number of calls by status.",
                )
        if "sandbox" in tabs:
            received = ui.number_of(ui.sandbox().calls_received, "call")
            tabs["sandbox"].markdown(f"The sandbox received {received}.", width="content")
        if "Workers" in tabs:
            with tabs["Workers"]:
                workers_panel(ledger)


def progress_of(submission_id: str) -> None:
    """Draw how far a submission is."""
    submission = Submission(ledger, submission_id)
    record, now_counts = submission.record(), submission.counts()
    now = time.monotonic()
    samples = st.session_state.setdefault("paces", {})
    settled = progress(now_counts, []).settled
    samples[submission_id] = sampled(samples.get(submission_id, []), now, settled)
    far = progress(now_counts, samples[submission_id])
    if record.state in ("running", "paused", "waiting") or now_counts["sending"]:
        speed = live_pace(ledger, submission_id)
        moving = record.state == "running"
        st.progress(far.share, text=far.words(moving=moving, flying=not (moving and speed.workers)))
        ramp = ramp_of(ledger, submission_id)
        if ramp is not None and ramp.stage < 3:
            st.markdown(f":material/stairs: {stages(ramp)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        ui.status_badges(now_counts)
        st.page_link(
            "outcomes.py",
            label="Outcomes",
            icon=ui.ICONS["outcomes"],
            query_params={"batch": batch.id, "submission": submission_id},
        )
    uploads_line(uploads_of(ledger, submission_id))
    if record.state == "running" and far.left:
        missing = who_is_missing(submission_id) if not far.pace and not far.in_flight else ""
        if missing:
            st.warning(ui.escape(missing), icon=":material/hourglass_disabled:")
        elif not far.pace and not far.in_flight:
            _stalled(submission, now)
        else:
            st.session_state.pop(f"still {submission_id}", None)
            pace = pace_words(speed, now=time.time(), clock=ui.clock)
            if pace:
                st.caption(ui.escape(pace))
            st.caption(
                "You can close this tab: it goes on."
                if record.token_source != "typed"
                else "You can close this tab: it goes on until the workbench stops (the token is in memory only)."
            )
    elif now_counts["sending"]:
        st.caption(
            f"{ui.number_of(now_counts['sending'], 'call')} on the way this moment: waited for, and what comes of "
            f"{'it' if now_counts['sending'] == 1 else 'them'} is recorded. Nothing further is sent."
        )


def who_is_missing(submission_id: str) -> str:
    """Why nobody can send a submission, or ""."""
    known, waits = workers_known(ledger), queue(ledger)
    alive = bool(((known["state"] == "alive") & (known["kind"] != "notebook")).any())
    for waiting in waits[waits["id"] == submission_id].itertuples():
        return nobody_can_send(waiting, anybody=alive, engine_here=ui.has_engine())
    return ""


def _stalled(submission: Submission, now: float) -> None:
    waits = held_up(ledger, submission.id)
    if waits is not None:
        error, retry_at = waits
        seconds = max(0, round(retry_at - time.time()))
        st.text(f"Waits {seconds} s for the next try. {error}")
        return
    since = st.session_state.setdefault(f"still {submission.id}", now)
    if now - since < STALLED:
        st.caption("Waits for the engine.")
        return
    st.caption("Nothing has moved for a while.")
    if st.button(
        "Hand it over again",
        icon=":material/replay:",
        key=f"again {submission.id}",
        on_click=partial(resume_it, again=True),
        args=(submission,),
    ):
        st.session_state.pop(f"still {submission.id}", None)
        st.rerun()


def card(found: Any) -> DeltaGenerator:
    """One submission: what it is, how far it is, what can be done about it. Returns the place of how far it is."""
    submission = Submission(ledger, found.id)
    ramp = ramp_of(ledger, found.id) if found.state == "paused" and found.rejected else None
    asks = ramp is not None and ramp.stage < 3 and found.reason != BY_HAND
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
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
                        f"{ui.place(found.address, found.token_hint)}"
                        + (f" · by {found.who}" if found.who else "")
                    )
                )
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
                    disabled=refused is not None,
                    help=refused,
                    on_click=resume_it,
                    args=(submission,),
                )
                st.button(
                    "Go on anyway",
                    icon=":material/fast_forward:",
                    type="primary",
                    key=f"anyway {found.id}",
                    disabled=refused is not None,
                    help=refused,
                    on_click=go_on_anyway,
                    args=(submission,),
                )
            elif found.state == "paused":
                st.button(
                    "Resume",
                    icon=":material/play_arrow:",
                    type="primary",
                    key=f"resume {found.id}",
                    disabled=refused is not None,
                    help=refused,
                    on_click=resume_it,
                    args=(submission,),
                )
            if found.state in ("running", "paused", "waiting") and st.button(
                "Cancel",
                icon=":material/cancel:",
                key=f"cancel {found.id}",
                disabled=not ui.may("send"),
                help=ui.why_not("send"),
            ):
                cancel_panel(submission)
        place = st.container()
        hosts = waiting_hosts(ledger, found.id)
        if found.state == "paused" and found.reason != BY_HAND:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.warning(ui.escape(found.reason), icon=":material/pause_circle:")
                if asks:
                    ui.review_link("Correct it in Review", batch, status="rejected", key=f"first {found.id}")
                elif not hosts and st.button(
                    "Change the connection", icon=":material/tune:", key=f"connection {found.id}"
                ):
                    connection_panel()
        elif found.state == "waiting":
            token_form(found, submission)
        elif found.state in ("done", "cancelled") and not found.sending:
            after(found, submission)
        new_hosts(found, submission, hosts)
    return place


def new_hosts(found: Any, submission: Submission, hosts: list[str]) -> None:
    """Where Reddy gives addresses on a host that was not seen before, recordings wait until somebody says yes or no."""
    if not hosts:
        return
    known = hosts_of(ledger, found.address).set_index("host")
    for host in hosts:
        by = str(known.loc[host, "who"]) if host in known.index else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            if by:  # nobody has said anything about a host that only came
                st.markdown(
                    f":material/block: Uploads to **{ui.escape(host)}** were refused by {ui.escape(by)}. These recordings "
                    "wait until their addresses run out.",
                    width="stretch",
                )
            else:
                st.markdown(
                    f":material/cloud_upload: Reddy wants recordings at **{ui.escape(host)}**, where none went before. "
                    "Allow it only if you know this host is Reddy's: it is given customers' voices.",
                    width="stretch",
                )
            st.button(
                f"Allow uploads to {ui.escape(host)}",
                icon=":material/check:",
                key=f"allow {found.id} {host}",
                on_click=allow_uploads,
                args=(submission, found.address, host, True),
            )
            if not by:
                st.button(
                    "Refuse",
                    icon=":material/block:",
                    key=f"refuse {found.id} {host}",
                    on_click=allow_uploads,
                    args=(submission, found.address, host, False),
                )


def token_form(found: Any, submission: Submission) -> None:
    st.warning(ui.escape(found.reason), icon=":material/key:")
    if to.address == found.address:
        st.button(
            f"Resume as {ui.escape(to.token_hint or 'chosen')}",
            type="primary",
            key=f"resume {found.id}",
            disabled=refused is not None,
            help=refused,
            on_click=resume_it,
            args=(submission,),
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
            disabled=refused is not None,
            help=refused,
            on_click=resume_with_typed,
            args=(submission, f"typed {found.id}"),
        )


def after(found: Any, submission: Submission) -> None:
    """A submission that ended: its one call in words, or what can be done about those that did not arrive."""
    ui.tokens().forget(found.id)
    if found.chosen == 1:
        row = next(iter(batch.rows(submission=found.id)), None)
        if row is not None:
            one_call(row)
    with st.container(horizontal=True, vertical_alignment="center"):
        failed = batch.rows(status="failed", submission=found.id) if found.failed else []
        if failed and st.button(
            f"Send again the {len(failed):,} that failed",
            icon=":material/replay:",
            key=f"failed {fresh_id()} {len(failed)}",
            disabled=refused is not None,
            help=refused,
        ):
            send(failed, preview(ledger, batch.id, address=to.address, rows=failed)["to_send"])
        rejected = batch.count(status="rejected", submission=found.id) if found.rejected else 0
        if rejected:  # those that were corrected since are ready, and no longer asked for
            ui.review_link(f"Fix the {rejected:,} rejected in Review", batch, status="rejected", key=found.id)
        if found.unknown:
            st.page_link(
                "outcomes.py",
                label=f"What to do about the {found.unknown:,} in doubt",
                icon=":material/help:",
                query_params={"batch": batch.id, "submission": found.id},
            )


def one_call(row: int) -> None:
    info = batch.info(row)
    if info["status"] == "accepted":
        upload = f" as upload {info['upload_id']}" if info["upload_id"] is not None else ""
        st.text(f"Row {row} was accepted{upload}, in {info['seconds'] or 0:.2f} s.")
        return
    said = f"Row {row} is {info['status']}. {info['error'] or ''}".strip()
    st.text(f"{said} {what_next(info['status'], info['http_status'], info['error'] or '')}".strip())


def payload_table(shown: list[int]) -> None:
    """The calls that go first, and beside them the exact JSON of the one that is chosen there."""
    frame = batch.calls(rows=shown)
    frame["product"] = ui.product_column(frame["product_id"], names)
    table, body = st.columns([3, 2], gap="small")
    with table:
        picked = st.dataframe(
            frame.reset_index(),
            hide_index=True,
            height="content",
            on_select="rerun",
            selection_mode="single-row-required",
            column_order=("row", "agent_email", "product", "timestamp", "lines", "tags", "warnings"),
            column_config={
                "row": st.column_config.NumberColumn("Row", width=50, pinned=True),
                "agent_email": st.column_config.TextColumn("Agent", width=160),
                "product": st.column_config.TextColumn("Product", width=90),
                "timestamp": st.column_config.DatetimeColumn(
                    "Start (UTC)", format="D MMM YYYY, HH:mm", timezone="UTC", width=120
                ),
                "lines": st.column_config.NumberColumn("Lines", width=50),
                "tags": st.column_config.NumberColumn("Tags", width=50),
                "warnings": st.column_config.NumberColumn("Warnings", width=70),
            },
            key=f"first {batch.id} {hash(tuple(shown))}",
            alt=f"The first {len(shown)} calls that would be sent: row, agent, product, start, lines and tags.",
        )
    position = next((at for at in picked.selection.rows if at < len(shown)), 0)
    with body:
        for row, payload in batch.payloads([shown[position]]):
            st.caption(f"Row {row}: the body of its request, as it is sent (line breaks added)")
            st.code(json.dumps(payload, ensure_ascii=False, indent=2), language=None, height=330)


def choose() -> tuple[str, list[int] | None, dict[str, int]]:
    """Which calls, and what would be sent of them: which it is, its rows (None = all that are ready), the preview."""
    kept, its_ticks = st.session_state.setdefault("choices", {}).get(
        batch.id, (choice.chosen(batch) or ("ticked" if ticks else "ready"), ticks)
    )
    if its_ticks != ticks:  # somebody comes from Review with other ticks
        kept = "ticked" if ticks else "ready"
    moved = choice.moved()
    if moved and choice.chosen(batch) in CHOICES:
        kept = str(choice.chosen(batch))
    # a choice that is empty now stays, and says 0: another one in its place could send more than was chosen
    options = [name for name in CHOICES if name == "ready" or numbers[name] or name == kept]
    # labels carry counts, and a widget forgets a choice whose label changed; while calls are sent, they carry none
    choice_key = f"choice {batch.id} {'being sent' if running else numbers}"
    if moved or choice_key not in st.session_state:
        st.session_state[choice_key] = kept if kept in options else "ready"
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            picked = st.segmented_control(
                "Which calls",
                options,
                required=True,
                format_func=lambda name: CHOICES[name] if running else f"{CHOICES[name]} {numbers[name]:,}",
                label_visibility="collapsed",
                key=choice_key,
            )
            which = picked or "ready"
            st.session_state["choices"][batch.id] = (which, ticks)
            choice.choose(batch, which)
            rows: list[int] | None = None
            if which == "ticked":
                rows = ticks
            elif which in ("failed", "rejected"):
                rows = batch.rows(status=which)
            plan = preview(ledger, batch.id, address=to.address, rows=rows)
            st.space("stretch")
            with st.popover("Settings", icon=":material/tune:"):
                st.session_state["calls_at_once"] = st.number_input(
                    "Calls in flight at once",
                    min_value=1,
                    max_value=64,
                    value=int(st.session_state.get("calls_at_once", 8)),
                    step=1,
                    key="concurrency",
                    help="The most that this submission uses: fewer go out while Reddy answers slowly or asks to "
                    "slow down. 8 suits most.",
                )
                connection_settings()
            if st.button(
                "Dry run",
                icon=":material/rule:",
                help="Checks the chosen calls again, against the products that the connection has now. "
                "Nothing is sent.",
                disabled=not plan["chosen"] or running,
                key="dry_run",
            ):
                dry_run(which, rows, plan)
        if running:
            st.caption("More of this batch can be sent once these calls are done.")
        else:
            st.markdown(" · ".join(told(rows, plan)))
            dry_result(which, rows, plan)
    return which, rows, plan


def connection_settings() -> None:
    """What holds for this connection, whoever sends to it: kept in the ledger, for all workers and submissions."""
    rules = rules_of(ledger, to.address)
    st.markdown(f"**Everything that goes to {ui.escape(ui.place(to.address))}**")
    limit = f"limit {to.address} {rules.most_at_once}"
    st.number_input(
        "At once over all submissions (0: no limit)",
        min_value=0,
        max_value=512,
        value=rules.most_at_once or 0,
        step=1,
        key=limit,
        on_change=keep_limit,
        args=(limit,),
        help="Over everybody and every machine on this ledger, shared out between them.",
    )
    again = f"idempotent {to.address} {rules.create_idempotent}"
    st.checkbox(
        "Send calls in doubt again by themselves",
        value=rules.create_idempotent,
        key=again,
        on_change=keep_idempotent,
        args=(again,),
        help="After a read timeout, a cut connection, 500, 502, 504: up to three times more, then the call is in doubt.",
    )
    risk = (
        "Reddy documents nothing about a call that comes twice. Only tick this if Reddy's support told you that a "
        "repeated call is not graded a second time: if it is, scores and bills count it twice."
    )
    if rules.create_idempotent:
        st.warning(risk, icon=":material/warning:")
    else:
        st.caption(risk)


def keep_limit(key: str) -> None:
    try:
        set_limit(ledger, to.address, int(st.session_state[key]) or None)
    except ReddyError as error:
        st.session_state["submit_error"] = str(error)


def keep_idempotent(key: str) -> None:
    try:
        assume_create_idempotent(ledger, to.address, bool(st.session_state[key]))
    except ReddyError as error:
        st.session_state["submit_error"] = str(error)


def told(rows: list[int] | None, plan: dict[str, int]) -> list[str]:
    """What becomes of the chosen calls, and of those that nobody can choose, in words."""
    words = [f"**{ui.number_of(plan['to_send'], 'call')} will be sent**"]
    if plan["skipped"]:
        words.append(f"{plan['skipped']:,} skipped: {ui.escape(ui.place(to.address))} accepted them before")
    if plan["asked"]:
        words.append(
            f"{plan['asked']:,} held when you send: their conversations were accepted before, with other words"
        )
    if plan["in_doubt"]:
        words.append(
            f"{plan['in_doubt']:,} not sent: the same conversation is in doubt or under way elsewhere"
        )
    if rows is not None and plan["stay"]:
        words.append(f"{plan['stay']:,} of the {plan['chosen']:,} chosen calls cannot be sent")
    if counts["held"]:
        words.append(f"{counts['held']:,} held, not sent")
    if counts["unknown"]:
        words.append(f"{counts['unknown']:,} in doubt, not sent")
    return words


def dry_run(which: str, rows: list[int] | None, plan: dict[str, int]) -> None:
    """Check the chosen calls again, against the products that the connection has now. Nothing is sent."""
    ui.forget_products(to)
    with st.spinner(f"Asking {where} for its products"):
        now_known = ui.products(to)
    if now_known is None:
        st.session_state[f"dry {batch.id}"] = {"error": ui.products_error(to)}
        return
    with ui.alerts(), st.spinner("Checking the calls"):
        batch.recheck(now_known)
        st.session_state[f"dry {batch.id}"] = {
            "choice": which,
            "checked": plan["chosen"] - plan["stay"],
            "left": preview(ledger, batch.id, address=to.address, rows=rows),
            "rows": rows,
            "products": len(now_known),
            "at": time.time(),
            "held": batch.count(status="held") - counts["held"],
        }
    st.rerun()


def dry_result(which: str, rows: list[int] | None, plan: dict[str, int]) -> None:
    done = st.session_state.get(f"dry {batch.id}")
    if done is None:
        return
    if "error" in done:
        st.error(
            f"The dry run needs the product list of {ui.escape(where)}, and it did not come. {ui.escape(done['error'])}",
            icon=":material/link_off:",
        )
        return
    if (done["choice"], done["rows"], done["left"]) != (which, rows, plan):
        return  # something was sent or edited since, or other calls are chosen
    now_held = done["held"]
    found = (
        batch.finding_counts(rows=rows)
        if rows is not None
        else batch.finding_counts(status=["ready", "held"] if now_held else "ready")
    )
    said = (
        f"Dry run {ui.when(done['at'])}, nothing was sent: {done['checked']:,} calls checked against "
        f"{done['products']} products of {where}."
    )
    if now_held > 0:
        st.warning(ui.escape(f"{said} {now_held:,} calls are held now."), icon=":material/rule:")
        ui.review_link("See what holds them", batch, status="held", key="dry")
    else:
        st.success(ui.escape(f"{said} None of them is held back."), icon=":material/rule:")
    if len(found):
        st.dataframe(
            found,
            hide_index=True,
            height="content",
            column_order=["title", "severity", "calls"],
            column_config={
                "title": st.column_config.TextColumn("Finding"),
                "severity": st.column_config.TextColumn("Severity", width=90),
                "calls": st.column_config.NumberColumn("Calls", width=80),
            },
            alt="Findings of these calls, with how many have each.",
        )


def nothing_to_send(rows: list[int] | None, plan: dict[str, int]) -> None:
    """Nothing can be sent: why, and what to do."""
    if plan["skipped"]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(
                f"{ui.number_of(plan['skipped'], 'call')} of these "
                f"{'was' if plan['skipped'] == 1 else 'were'} accepted before by {ui.escape(ui.place(to.address))}, "
                "through another load of the same calls: there is nothing left to send.",
                icon=":material/done_all:",
            )
            if st.button(
                f"Mark {'it' if plan['skipped'] == 1 else 'them'} as skipped",
                key=f"skip {fresh_id()} {plan['skipped']}",
                icon=":material/playlist_remove:",
                disabled=refused is not None,
                help=refused,
            ):
                send(rows, 0)
    elif rows is not None and counts["ready"]:
        st.info(
            "None of the calls chosen here can be sent now: they were sent, edited or held since. "
            f"Choose others above; {counts['ready']:,} of this batch are ready.",
            icon=":material/pan_tool:",
        )
    elif not under_way and (counts["held"] or counts["rejected"]):
        held, rejected = counts["held"], counts["rejected"]
        why = [f"{held:,} held by findings"] if held else []
        why += [f"{rejected:,} rejected"] if rejected else []
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(
                ui.escape(
                    f"No call is ready: of {ui.number_of(batch.total, 'call')}, {' and '.join(why)}. "
                    "Fix them in Review, and they can be sent."
                ),
                icon=":material/pan_tool:",
            )
            if held:
                ui.review_link(f"See the {held:,} held", batch, status="held", key="nothing")
            else:
                ui.review_link(f"See the {rejected:,} rejected", batch, status="rejected", key="nothing")
    elif not under_way:
        done = counts["accepted"] + counts["skipped"]
        st.info(
            f"Nothing is left to send: {done:,} of {ui.number_of(batch.total, 'call')} were accepted.",
            icon=":material/done_all:",
        )


# the page

head = st.container(horizontal=True, vertical_alignment="center")
under_head = st.container(gap="small")

notice = st.session_state.get(
    "submit_notice"
)  # let go at the end: the page may be drawn again before anybody reads it
if notice:
    st.info(ui.escape(notice), icon=":material/info:")
problem = st.session_state.get("submit_error")
if problem:
    st.error(ui.escape(problem), icon=":material/error:")

under_way = [
    found
    for found in earlier.itertuples()
    if found.state in ("running", "paused", "waiting") or found.sending
]
running = any(found.state == "running" or found.sending for found in under_way)
cards = {found.id: card(found) for found in under_way or earlier.head(1).itertuples()}

# which rows

ticks = choice.ticked(batch)
numbers = {
    "ready": counts["ready"],
    "ticked": len(ticks),
    "failed": counts["failed"],
    "rejected": counts["rejected"],
}
rows: list[int] | None
if choice.is_lost(batch):
    which, rows = "ticked", []  # asked about, instead of offering more than was chosen
    plan = preview(ledger, batch.id, address=to.address, rows=rows)
elif under_way and not any(numbers.values()):
    which, rows = "ready", None  # everything is on its way: there is nothing to choose from
    plan = preview(ledger, batch.id, address=to.address)
else:
    which, rows, plan = choose()

# the head, now that the numbers are known

clicked = st.session_state.pop(
    "send_clicked", None
)  # what a click on one of the two buttons below was drawn with
first = rows_to_send(ledger, batch.id, address=to.address, rows=rows, limit=SHOWN)
never_sent = earlier.empty or not (earlier["address"] == to.address).any()
with head:
    with st.container(gap=None, width="stretch"):
        st.title("Submit", anchor=False)
        safe = ": nothing leaves this machine" if ui.stays_here(to) else ""
        if running:
            st.markdown("Calls are being sent")
        elif plan["to_send"]:
            st.markdown(f"{ui.number_of(plan['to_send'], 'call')} to {ui.escape(where)}{safe}")
        elif choice.is_lost(batch):
            st.markdown(f"Choose which calls to send to {ui.escape(where)}")
        else:
            st.markdown(f"Nothing to send to {ui.escape(where)}")
    if plan["to_send"] and running:
        st.button(
            "Send",
            icon=ui.ICONS["submit"],
            disabled=True,
            help="Calls of this batch are being sent already.",
            key="send_later",
        )
    elif plan["to_send"]:
        drawn = fingerprint(sendable_rows(ledger, batch.id, rows=rows))
        key = f"{fresh_id()} {which} {plan['to_send']} {drawn}"
        trial = never_sent and plan["to_send"] > 1
        main: Literal["primary", "secondary"] = "secondary" if under_way else "primary"
        if plan["to_send"] > 1 and st.button(
            "Send one to try",
            type=main if trial else "secondary",
            icon=":material/looks_one:",
            disabled=refused is not None,
            help=refused or f"Sends row {first[0]} alone.",
            key=f"one {key}",
            on_click=note_click,
            args=(plan["to_send"],),
        ):
            clicked = None
            send(first[:1], 1)
        if st.button(
            f"Send all {plan['to_send']:,}" if plan["to_send"] > 1 else f"Send row {first[0]}",
            type="secondary" if trial else main,
            icon=ui.ICONS["submit"],
            disabled=refused is not None,
            help=refused,
            key=f"all {key}",
            on_click=note_click,
            args=(plan["to_send"],),
        ):
            clicked = None
            send(rows, plan["to_send"], drawn)
with under_head:
    if clicked is not None:
        why = (
            "calls of this batch are being sent already"
            if running
            else f"{plan['to_send']:,} can be sent now, {clicked:,} when this page was drawn"
        )
        st.info(
            f"Nothing was sent by your click: {why}. Something changed in another tab or notebook, or by itself. Look "
            "again, then click again.",
            icon=":material/info:",
        )
    if products is None and not any(
        found.state == "paused" and found.address == to.address for found in under_way
    ):
        st.warning(
            f"{ui.escape(where[0].upper() + where[1:])} did not give its product list. "
            f"{ui.escape(ui.products_error(to))}",
            icon=":material/link_off:",
        )
    tried = 0 if to.is_sandbox or running else settled_at(ledger, batch.id, address=SANDBOX)
    if tried:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(
                f"{ui.number_of(tried, 'call')} of this batch went to the sandbox, not to Reddy: not sent again until the "
                "sandbox has forgotten them.",
                icon=":material/science:",
            )
            if st.button(
                "Make them ready for Reddy",
                icon=":material/restart_alt:",
                key="forget_tried",
            ):
                forget_panel()

if choice.is_lost(batch):
    choice.draw_lost(batch, counts["ready"], to_review=True)
elif not plan["to_send"] and not running:
    nothing_to_send(rows, plan)

# what goes first, and what went before

sections = ["What is sent first"] if first else []
if len(earlier):
    sections.append(f"Submissions of this batch · {len(earlier):,}")
if to.is_sandbox:
    sections.append("What the sandbox received")
if is_shared(ledger):
    sections.append("Workers and queue")
followed: dict[str, DeltaGenerator] = {}
for section, tab in zip(sections, steady_tabs(sections, key="submit_tab") if sections else [], strict=True):
    with tab:
        if section.startswith("What is sent"):
            payload_table(first)
        elif section.startswith("Submissions"):
            followed["Submissions"] = st.container()
        elif section.startswith("Workers"):
            followed["Workers"] = st.container()
        else:
            received = ui.sandbox().calls_received
            forgettable = received or settled_at(ledger, batch.id, address=SANDBOX)
            with st.container(horizontal=True, vertical_alignment="center"):
                followed["sandbox"] = st.container(width="content")
                if st.button(
                    "See them",
                    icon=":material/visibility:",
                    disabled=not received and not running,
                    key="received",
                ):
                    received_panel()
                if st.button(
                    "Forget them",
                    icon=":material/restart_alt:",
                    disabled=running or not forgettable or not ui.may("administer"),
                    help=ui.why_not("administer"),
                    key="forget",
                ):
                    forget_panel()

st.fragment(follow, run_every=1.0 if running else 5.0 if "Workers" in followed else None)(cards, followed)

for said in ("submit_notice", "submit_error"):
    st.session_state.pop(said, None)
