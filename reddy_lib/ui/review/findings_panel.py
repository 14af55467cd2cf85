"""What is wrong with the open call, and what one click does about it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.decisions import OWN_LINE, Decision, Decisions
from reddy_lib.batches.quick_fixes import problems
from reddy_lib.errors import ReddyError
from reddy_lib.findings import CATALOGUE, Finding
from reddy_lib.model import ROLES, Call
from reddy_lib.ui.dialogs import close_dialog, dialog_button, dialog_content
from reddy_lib.ui.review.changes import accept, decide, digest, edited, mend

__all__ = ["draw_findings"]

TALLEST = 190
"""Pixels: a call with forty findings scrolls them, so that its conversation stays in sight."""


def draw_findings(
    batch: Batch,
    row: int,
    call: Call,
    findings: list[Finding],
    decisions: Decisions,
    *,
    key: str,
    locked: bool,
    refused: bool,
    texts: pd.DataFrame | None,
) -> None:
    """The findings, alike ones together, each with the repairs that one click does.

    Args:
        refused: Reddy refused the call.
        texts: the texts of the whole batch that are in no line; None where there are none.
    """
    found = problems(call, [one for one in findings if one.code != "transcript-unassigned"])
    unplaced = any(one.code == "transcript-unassigned" for one in findings)
    waiting = list(batch.unassigned(row).query("decision == ''").itertuples()) if unplaced else []
    if not (found or waiting or decisions.accepted or refused):
        return
    may = set() if locked else batch.can_accept(row)
    content = digest(call)
    shown = len(found) + len(waiting) + len(decisions.accepted)
    with st.container(gap="xsmall", height=TALLEST if shown > 4 else "content", border=False):
        for one in waiting:
            _unassigned(batch, row, int(one.number), int(one.after), str(one.text), texts, key, locked)
        if not findings and refused:
            st.markdown(
                ":red[:material/error:] The checks find nothing. Change what Reddy's words name, then send it again."
            )
        for number, problem in enumerate(found):
            icon = ":red[:material/error:]" if problem.severity == "error" else ":orange[:material/warning:]"
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.markdown(
                    f"{icon} {ui.escape(problem.message)}", help=ui.escape(problem.hint), width="stretch"
                )
                for fix in () if locked else problem.fixes:
                    st.button(
                        fix.label,
                        key=f"{key} fix {content} {number} {fix.label}",
                        on_click=mend,
                        args=(batch, row, content, fix.apply),
                    )
                if problem.code in may:
                    st.button(
                        "Accept as it is",
                        key=f"{key} accept {content} {problem.code}",
                        help=CATALOGUE[problem.code].accepting,
                        on_click=accept,
                        args=(batch, row, problem.code, True),
                    )
        for code, taken in decisions.accepted.items():
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                by = f" by {ui.escape(taken.who)}" if taken.who else ""
                st.markdown(
                    f":gray[:material/check: {CATALOGUE[code].title}: accepted{by}, {ui.when(taken.at)}]",
                    help=CATALOGUE[code].accepting,
                    width="stretch",
                )
                if not locked:
                    st.button(
                        "Undo",
                        key=f"{key} undo {row} {code}",
                        on_click=accept,
                        args=(batch, row, code, False),
                    )


def _unassigned(
    batch: Batch,
    row: int,
    number: int,
    after: int,
    text: str,
    texts: pd.DataFrame | None,
    key: str,
    locked: bool,
) -> None:
    """A text that is in no line: where it stood, and what one click makes of it."""
    shown = text if len(text) <= 64 else f"{text[:63].rstrip()}…"
    where = f"After line {after}" if after else "Before line 1"
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(
            f":red[:material/error:] {where}, in no line: “{ui.escape(shown)}”",
            help=ui.escape(text[:1000]) if text != shown else CATALOGUE["transcript-unassigned"].hint,
            width="stretch",
        )
        if locked:
            return
        join = "Put it at the end of this line" if after else "Put it in front of this line"
        own = "Make it a line of its own, said by the"
        drop = "It is not sent. It stays in the sheet's cells, and on record"
        choices: list[tuple[str, Decision, str, str]] = [
            (f"Join to line {max(after, 1)}", "attach", "", join),
            *((f"+ {role}", OWN_LINE, role, f"{own} {role}") for role in ROLES),
            ("Drop", "drop", "", drop),
        ]
        for label, decision, role, help in choices:
            st.button(
                label,
                key=f"{key} text {row} {number} {label}",
                help=help,
                on_click=decide,
                args=(batch, [row], decision, text, role),
            )
        same = [] if texts is None else [int(each) for each in sorted(texts.query("text == @text").index)]
        if len(same) > 1 and dialog_button(
            f"All {len(same):,}…",
            key=f"{key} same {row} {number}",
            content=lambda: (text, same),
            help="Decide for every call that has this text",
        ):
            _same_text_panel(batch, *dialog_content())


@st.dialog("The same text in other calls", width="medium", on_dismiss=close_dialog)
def _same_text_panel(batch: Batch, text: str, rows: list[int]) -> None:
    st.text(text[:300])
    st.markdown(f"This text is in no line of {ui.number_of(len(rows), 'call')}. Choose for all of them:")
    choices: list[tuple[str, str, Decision, str]] = [
        ("Join to the line above", ":material/vertical_align_top:", "attach", ""),
        *((f"A line of the {role}", ":material/add:", OWN_LINE, role) for role in ROLES),
        ("Drop it", ":material/delete:", "drop", ""),
    ]
    pressed = [
        (decision, role)
        for label, icon, decision, role in choices
        if st.button(label, icon=icon, width="stretch")
    ]
    if not pressed:
        return
    ((decision, role),) = pressed
    bar = st.progress(0.0, "Storing the decisions")
    try:
        result = batch.decide(
            rows,
            decision,
            text=text,
            role=role,
            who=ui.who(),
            on_progress=lambda done: bar.progress(min(1.0, done / len(rows)), "Storing the decisions"),
        )
    except ReddyError as error:
        ui.alert(error)
        return
    edited()
    st.toast(f"{ui.number_of(result.changed, 'call')} changed.", icon=":material/check:")
    close_dialog()
    st.rerun()
