"""Calls in doubt: a line that cannot be overlooked, and the dialog that clears the doubt."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.errors import ReddyError
from reddy_lib.sending.doubts import Doubt, doubts, settle
from reddy_lib.sending.reconcile import MARK, WAIT, Reconciled, reconcile
from reddy_lib.ui.outcomes.page_state import ALL, Page

__all__ = ["clear_doubt", "doubt_line"]


def doubt_line(page: Page, scope: str, count: int) -> None:
    """The calls in doubt, as one line that cannot be overlooked, and the way to clear it. The dialog is opened by the
    page, which does not run by itself."""
    if st.session_state.get("clear_doubt"):
        st.rerun()
    if not count:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.badge(f"{count:,} in doubt", color=ui.STATUS_COLOURS["unknown"])
        st.markdown(
            f"No answer came: Reddy may have {'it. It is' if count == 1 else 'them. They are'} "
            "not sent again until the doubt is cleared.",
            width="content",
        )
        st.space("stretch")
        st.button(
            "Clear the doubt",
            icon=":material/fact_check:",
            key=f"clear doubt {page.batch.id} {scope}",
            disabled=not ui.may("send"),
            help=ui.why_not("send"),
            on_click=lambda: st.session_state.update(clear_doubt=True),
        )


@st.dialog("Calls in doubt", width="large")
def clear_doubt(page: Page, scope: str) -> None:
    found = doubts(page.batch, submission_id=None if scope == ALL else scope)
    frame = pd.DataFrame(
        {
            "row": [doubt.row for doubt in found],
            "conversation": [doubt.conversation_id for doubt in found],
            "agent": [doubt.agent_email for doubt in found],
            "submission": [doubt.submission for doubt in found],
            "sent": pd.to_datetime([doubt.since for doubt in found], utc=True),
        }
    )
    event = st.dataframe(
        frame,
        hide_index=True,
        height=ui.table_height(len(found), 280),
        column_config={
            "row": st.column_config.NumberColumn("Row", width=60),
            "conversation": st.column_config.TextColumn("Conversation"),
            "agent": st.column_config.TextColumn("Agent"),
            "submission": st.column_config.NumberColumn("Submission", width=90),
            "sent": ui.moment_column("Last try", clock="HH:mm:ss", width=None),
        },
        on_select="rerun",
        selection_mode="multi-row",
        key=f"doubts {hash(tuple(frame['row']))}",
        alt="The calls in doubt, one per row; tick those to be asked about or settled.",
    )  # fmt: skip
    ticked = [found[place] for place in event["selection"]["rows"] if place < len(found)]
    chosen_doubts = chosen_of(found, ticked)
    nothing = not chosen_doubts
    which = "the chosen calls" if nothing else ui.number_of(len(chosen_doubts), "chosen call")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "Tick calls in the table." if nothing else f"{len(chosen_doubts):,} of {len(found):,} chosen."
        )
        st.button(
            f"Choose all {len(found):,}",
            key="all_doubts",
            disabled=len(chosen_doubts) == len(found),
            on_click=lambda: st.session_state.update(chosen_doubts=[doubt.row for doubt in found]),
        )
    ask, know = st.columns(2, gap="medium")
    with ask, st.container(gap="small"):
        st.markdown(f"**Ask Reddy** about {which}")
        st.caption(
            "Their own tags are added once more. If Reddy takes them, it has the call: accepted. If it does not know "
            f"the conversation: failed, safe to send again. A call without tags gets one, “{MARK.key}”. Calls are asked "
            f"about {WAIT / 60:.0f} minutes after their last try at the earliest."
        )
        again = sum(doubt.again for doubt in chosen_doubts)
        if again:
            st.warning(
                f"{ui.number_of(again, 'call')} of these {'was' if again == 1 else 'were'} sent again. Reddy has "
                f"{'it' if again == 1 else 'them'} from the first time, so its answer tells nothing about the second: "
                "look up in Reddy whether the conversation is there twice, then say what you know.",
                icon=":material/redo:",
            )
        to = ui.connection()
        if st.button(
            f"Ask about {ui.number_of(len(chosen_doubts), 'call')}",
            type="primary",
            key="ask",
            disabled=nothing,
        ):
            ask_reddy(page, chosen_doubts, scope)
        st.caption(f"Goes to {ui.escape(ui.place(to.address, to.token_hint))}.")
    with know, st.container(gap="small"):
        st.markdown(f"**Or say what you know** of {which}")
        st.caption(
            "Look them up in Reddy by conversation and agent first. Your name and the time are kept with it."
        )
        with st.container(horizontal=True):
            for there, label in ((True, "They are at Reddy"), (False, "They are not")):
                if st.button(label, key=f"by hand {there}", disabled=nothing):
                    say_so(page, chosen_doubts, there)


def chosen_of(found: list[Doubt], ticked: list[Doubt]) -> list[Doubt]:
    """Return the ticked calls, else all of them if that was asked for by the button, while those are the calls shown.

    Ticks that are lost, or a list that has changed meanwhile, choose nothing: what is done here cannot be undone.
    """
    if ticked:
        st.session_state.pop("chosen_doubts", None)
        return ticked
    if st.session_state.get("chosen_doubts") == [doubt.row for doubt in found]:
        return found
    return []


def ask_reddy(page: Page, asked: list[Doubt], scope: str) -> None:
    """Ask, showing how far it is; each answer is stored as it comes, so closing the tab loses none."""
    to = ui.connection()
    bar = st.progress(0.0, "Asking Reddy …")

    def show(done: int, total: int) -> None:
        bar.progress(done / total, f"{done:,} of {total:,} asked")

    try:
        with to.client() as client:
            outcome = reconcile(
                page.batch,
                client,
                [doubt.row for doubt in asked],
                address=to.address,
                submission_id=None if scope == ALL else scope,
                who=ui.who(),
                progress=False,
                on_progress=show,
            )
    except ReddyError as error:
        ui.alert(error)
        return
    if outcome.there or outcome.missing:
        st.session_state["doubt_told"] = said_of(outcome)
        st.rerun()
    bar.empty()
    st.warning(said_of(outcome), icon=":material/hourglass_top:")


def said_of(outcome: Reconciled) -> str:
    """What asking brought, as a sentence or two; the text of an answer is escaped."""
    parts = []
    if outcome.there:
        parts.append(f"{ui.number_of(len(outcome.there), 'call')} at Reddy: accepted.")
    if outcome.again:
        parts.append(
            f"Reddy had {len(outcome.again):,} of these from the first time: whether the second sending arrived is not "
            "known, look it up in Reddy."
        )
    if outcome.missing:
        parts.append(
            f"{ui.number_of(len(outcome.missing), 'call')} not at Reddy: failed, safe to send again."
        )
    if outcome.early:
        parts.append(
            f"{ui.number_of(len(outcome.early), 'call')} sent less than {WAIT / 60:.0f} minutes ago: not asked about, "
            "because Reddy may not know such a call yet. Ask again later."
        )
    if outcome.elsewhere:
        parts.append(
            f"{ui.number_of(len(outcome.elsewhere), 'call')} sent to another address: choose that one under Connection."
        )
    if outcome.open:
        why = ui.escape(next(iter(outcome.open.values())))
        parts.append(f"{ui.number_of(len(outcome.open), 'call')} still in doubt: {why}")
    return " ".join(parts)


def say_so(page: Page, chosen_doubts: list[Doubt], there: bool) -> None:
    try:
        done = settle(
            page.batch, [doubt.row for doubt in chosen_doubts], there=there, how="by hand", who=ui.who()
        )
    except ReddyError as error:
        ui.alert(error)
        return
    st.session_state["doubt_told"] = (
        f"{ui.number_of(len(done), 'call')} recorded as {'at Reddy: accepted' if there else 'not at Reddy: failed'}."
    )
    st.rerun()
