"""The calls behind what was clicked, and the way to send accepted ones again."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.findings import CATALOGUE
from reddy_lib.outcomes import words
from reddy_lib.outcomes.totals import holding
from reddy_lib.sending.resend import resendable
from reddy_lib.sending.submission import create
from reddy_lib.ui import address_bar
from reddy_lib.ui.outcomes.page_state import Page
from reddy_lib.ui.outcomes.picked import clear, filters_of

__all__ = ["send_again_panel", "table", "write_outcomes"]

PAGE = 500
"""Calls on one page of the table, where there are more than `PAGED`."""

PAGED = 1000


def table(page: Page, scope: str, shown: pd.DataFrame, total: int) -> None:
    """The calls behind what was clicked, a page at a time."""
    filter_words = [words(found) for found in filters_of(page, scope).values() if found]
    with st.container(horizontal=True, vertical_alignment="center"):
        number = (
            f"{len(shown):,} of {ui.number_of(total, 'call')}"
            if filter_words
            else ui.number_of(total, "call")
        )
        st.subheader(number, anchor=False, width="content")
        for said in filter_words:
            st.badge(ui.escape(said), icon=":material/filter_alt:", color="primary")
        if filter_words:
            st.button(
                "Clear",
                icon=":material/filter_alt_off:",
                type="tertiary",
                on_click=clear,
                args=(page, scope),
            )
        # on the left: a table's own toolbar covers what stands above its right end
        again = st.container(horizontal=True, vertical_alignment="center", width="content")
        st.space("stretch")
        pages = -(-len(shown) // PAGE) if len(shown) > PAGED else 1
        number_shown = st.pagination(pages, key=f"page {page.batch.id} {scope} {pages}") if pages > 1 else 1
    part = shown.iloc[(number_shown - 1) * PAGE : number_shown * PAGE] if pages > 1 else shown
    if not len(part):
        st.info("No call fits what was clicked.", icon=":material/filter_alt_off:")
        return
    frame = part.assign(error=_reasons(page, part), product=ui.product_column(part["product_id"], page.names))
    frame = frame.reset_index()
    with_audio = ["audio"] if (shown["audio"] != "none").any() else []
    event = st.dataframe(
        frame,
        hide_index=True,
        height=360,
        placeholder="",
        column_order=[
            "row", "status", *with_audio, "upload_id", "conversation_id", "agent_email", "product", "error", "attempts",
            "seconds", "ended",
        ],
        column_config={
            "row": st.column_config.NumberColumn("Row", width=60, pinned=True),
            "status": st.column_config.TextColumn("Status", width=90),
            "audio": st.column_config.TextColumn("Recording", width=84),
            "upload_id": st.column_config.NumberColumn("Upload", format="%d", width=80),
            "conversation_id": st.column_config.TextColumn("Conversation", width=150),
            "agent_email": st.column_config.TextColumn("Agent", width=200),
            "product": st.column_config.TextColumn("Product", width=120),
            "error": st.column_config.TextColumn("Reason", width="large"),
            "attempts": st.column_config.NumberColumn("Attempts", width=80),
            "seconds": st.column_config.NumberColumn("Seconds", format="%.2f", width=80),
            "ended": ui.moment_column("When", clock="HH:mm:ss", width=None),
        },
        on_select="rerun",
        selection_mode="multi-row",
        key=f"calls {page.batch.id} {scope} {number_shown} {hash(tuple(part.index))}",
        alt=f"Outcomes of {ui.number_of(len(part), 'call')}, one per row: status, upload, conversation, agent, product, "
            "reason.",
    )  # fmt: skip
    with again:
        again_line(page, scope, part.iloc[[at for at in event["selection"]["rows"] if at < len(part)]])


def _reasons(page: Page, part: pd.DataFrame) -> pd.Series:
    """Return why each call was not accepted: Reddy's words, or the findings that hold it."""
    held = [int(row) for row in part.index[part["status"] == "held"]]
    if not held:
        return part["error"]
    codes = page.batch.calls(rows=held, limit=None)["codes"]
    said = {row: ", ".join(CATALOGUE[code].title for code in holding(found)) for row, found in codes.items()}
    return part["error"].where(part["status"] != "held", part.index.to_series().map(said))


def write_outcomes(made: Callable[[pd.DataFrame], bytes], shown: pd.DataFrame, file: IO[bytes]) -> None:
    file.write(made(shown))


def again_line(page: Page, scope: str, ticked: pd.DataFrame) -> None:
    """The way to send ticked calls again that Reddy has. The dialog is opened by the page, which does not run by itself."""
    sent = ticked[ticked["status"].isin(["accepted", "skipped"])]
    if not len(ticked):
        st.caption("Tick calls to send accepted or skipped ones again.", width="content")
        return
    if not len(sent):
        st.caption("None of the ticked calls was accepted or skipped.", width="content")
        return
    if st.button(
        f"Send {ui.number_of(len(sent), 'call')} again …",
        icon=":material/redo:",
        key=f"again {page.batch.id} {scope} {hash(tuple(sent.index))}",
        disabled=page.refused is not None,
        help=page.refused,
    ):
        st.session_state["send_again"] = [int(row) for row in sent.index]
        st.rerun(scope="app")


@st.dialog("Send again what Reddy has?")
def send_again_panel(page: Page, rows: list[int]) -> None:
    to = ui.connection()
    where = ui.place(to.address, to.token_hint)
    now = resendable(page.ledger, page.batch.id, rows, address=to.address)
    if not now:
        st.warning(
            f"None of these calls was accepted by {ui.escape(where)}, or they are under way there: none can be sent there "
            "again.",
            icon=":material/block:",
        )
        return
    st.warning(
        f"{ui.escape(where[0].upper() + where[1:])} accepted {ui.number_of(len(now), 'call')} of these before. Sent again, "
        f"{'it' if len(now) == 1 else 'they'} may be graded twice there. This cannot be undone.",
        icon=":material/content_copy:",
    )
    if len(now) < len(rows):
        st.caption(
            f"{len(rows) - len(now):,} of the {len(rows):,} ticked were not accepted there, and stay as they are."
        )
    with st.form("send again", border=False):
        reason = st.text_area(
            "Why are they sent again?",
            key="again_reason",
            max_chars=500,
            height=80,
            placeholder="for example: graded with the wrong scorecard, which is corrected now",
            help="Kept with your name and the time, in the history of each call and in the evidence.",
        )
        given = st.form_submit_button(
            f"Send {ui.number_of(len(now), 'call')} again", type="primary", icon=":material/redo:"
        )
    if not given:
        return
    if not reason.strip():
        st.error("Nothing was sent: say why.", icon=":material/edit:")
        return
    with ui.alerts():
        submission = create(
            page.ledger,
            page.batch.id,
            address=to.address,
            token_source=to.source,
            token_hint=to.token_hint,
            credential=to.credential(page.ledger.identity),
            rows=now,
            concurrency=int(st.session_state.get("calls_at_once", 8)),
            who=ui.who(),
            again=reason,
        )
        ui.start(submission, to)
        address_bar.put(submission=submission.id)
        st.rerun()
