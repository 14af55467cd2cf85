"""Personal data in the chosen calls: what is masked, what is held, and what somebody has to decide before they are sent."""

from __future__ import annotations

import streamlit as st

from reddy_lib import ui
from reddy_lib.errors import ReddyError
from reddy_lib.personal_data import KINDS, NOT_KEPT, TITLES
from reddy_lib.sending.overview import Asked, asked_about, look_before_sending, unchanged_since
from reddy_lib.sending.personal_policy import (
    DEFAULTS,
    RULES,
    PersonalRule,
    answer_personal_data,
    answers_of,
    forget_answers,
    personal_policy,
    said_of,
    set_personal_policy,
    waits_for_answers,
)
from reddy_lib.ui.dialogs import close_dialog, dialog_button
from reddy_lib.ui.submit.page_state import Page

__all__ = ["personal_question", "rules_button"]

ANSWERS: dict[PersonalRule, str] = {"mask": "Mask", "hold": "Hold", "allow": "Allow"}
RULE_WORDS: dict[PersonalRule, str] = {
    "ask": "Ask before the first send",
    "mask": "Mask",
    "hold": "Hold the call",
    "allow": "Send as it is",
}


def personal_question(page: Page, rows: list[int] | None) -> str | None:
    """Say what is masked and held, and ask about the rest. Return why nothing can be sent before that is answered; None
    where calls stay on this machine: they are sent meanwhile."""
    asked = _asked(page, rows)
    _said(asked)
    open_kinds = asked.rows("ask")
    if not open_kinds:
        return None
    may = ui.may("send")
    waits = waits_for_answers(page.to.address)
    every = sorted({row for some in open_kinds.values() for row in some})
    with st.container(border=True, gap="small", key="personal_question"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f":material/shield_person: **{ui.number_of(len(every), 'call')} "
                f"{'contains' if len(every) == 1 else 'contain'} personal data.** "
                f"May {ui.escape(page.where)} have it? Your answer counts for this batch."
                + ("" if waits else " Until then it is sent as it is, because it stays on this machine."),
                width="stretch",
            )
            for rule, label in ANSWERS.items() if len(open_kinds) > 1 else ():
                st.button(
                    f"{label} all",
                    key=f"personal all {rule}",
                    type="primary" if rule == "mask" else "secondary",
                    disabled=not may,
                    help=_HELP[rule],
                    on_click=_answer,
                    args=(page, dict.fromkeys(open_kinds, rule)),
                )
        for kind, some in open_kinds.items():
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(
                    f"{TITLES[kind][0].upper()}{TITLES[kind][1:]} · {ui.number_of(len(some), 'call')}",
                    width="stretch",
                )
                for rule, label in ANSWERS.items():
                    st.button(
                        label,
                        key=f"personal {kind} {rule}",
                        type="tertiary",
                        disabled=not may,
                        help=_HELP[rule] + (_FOR_GOOD if rule == "mask" and kind in NOT_KEPT else ""),
                        on_click=_answer,
                        args=(page, {kind: rule}),
                    )
        st.caption(
            "In Review, the panel Personal data lists these calls, and marks the words in the conversation. The finder "
            "does not find everything."
        )
    return "Decide about the personal data in these calls first." if waits else None


_FOR_GOOD = " These are removed for good, because they must not be stored."

_HELP: dict[PersonalRule, str] = {
    "mask": "Before they are sent, the words become their kind, such as [card number], and the recording is silent there. "
    "You can undo this in History until a call is sent.",
    "hold": "These calls are not sent. A finding says why.",
    "allow": "These calls are sent with these words.",
}


def _asked(page: Page, rows: list[int] | None) -> Asked:
    """Return what the chosen calls contain; asked of the ledger again only if something in it changed."""
    mark = unchanged_since(page.ledger)
    key = (page.batch.id, page.to.address, None if rows is None else tuple(rows), mark)
    kept: tuple[object, Asked] | None = st.session_state.get("personal asked")
    if kept is not None and mark is not None and kept[0] == key:
        return kept[1]
    asked = _asked_now(page, rows)
    if not asked.unread:
        st.session_state["personal asked"] = (key, asked)
    return asked


def _asked_now(page: Page, rows: list[int] | None) -> Asked:
    asked = asked_about(page.ledger, page.batch.id, page.to.address, rows)
    if asked.unread and ui.may("edit"):
        unread = asked.unread
        words = f"Looking for personal data in {ui.number_of(unread, 'call')}"
        bar = st.progress(0.0, words)
        with ui.alerts():
            look_before_sending(
                page.ledger,
                page.batch.id,
                rows,
                on_progress=lambda done: bar.progress(min(1.0, done / max(1, unread)), words),
            )
        bar.empty()
        asked = asked_about(page.ledger, page.batch.id, page.to.address, rows)
    return asked


_COUNTED: tuple[PersonalRule, PersonalRule] = ("mask", "allow")


def _said(asked: Asked) -> None:
    """Count what was masked, and what will be masked, held or sent."""
    told: list[str] = []
    if asked.found.masked:
        told.append(
            f":material/visibility_off: {said_of(asked.found.masked)} masked in "
            f"{ui.number_of(asked.found.masked_calls, 'call')}"
        )
    to_mask, to_send = ({kind: asked.found.items[kind] for kind in asked.rows(rule)} for rule in _COUNTED)
    if to_mask:
        told.append(f":material/visibility_off: {said_of(to_mask)} will be masked")
    if to_send:
        told.append(f":material/visibility: {said_of(to_send)} will be sent")
    held = sorted({row for some in asked.rows("hold").values() for row in some})
    if held:
        told.append(f":material/pan_tool: {ui.number_of(len(held), 'call')} will be held for personal data")
    if told:
        st.markdown(" · ".join(told))


def rules_button(page: Page) -> None:
    """Draw the button that opens the rules of the connection."""
    if dialog_button(
        "Personal data",
        icon=":material/policy:",
        key="personal_rules",
        help="What this connection gets of each kind of personal data",
    ):
        _rules_dialog(page)


def _answer(page: Page, answers: dict[str, PersonalRule]) -> None:
    try:
        answer_personal_data(page.batch, page.to.address, answers, who=ui.who())
    except ReddyError as error:
        st.session_state["submit_error"] = str(error)


@st.dialog("Personal data", width="medium", on_dismiss=close_dialog)
def _rules_dialog(page: Page) -> None:
    """The rules of the connection, which an administrator changes, and the answers for this batch."""
    rules = personal_policy(page.ledger, page.to.address)
    answers = answers_of(page.batch, page.to.address)
    may = ui.may("administer")
    st.markdown(
        f"What {ui.escape(page.where)} receives, regardless of who sends"
        + ("." if may else ". An administrator can change it.")
    )
    chosen: dict[str, PersonalRule] = {}
    with st.container(height=360, border=False, gap="xsmall"):
        for kind in KINDS:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"{TITLES[kind][0].upper()}{TITLES[kind][1:]}", width="stretch")
                picked = st.selectbox(
                    TITLES[kind],
                    RULES,
                    index=RULES.index(rules[kind]),
                    format_func=lambda rule: RULE_WORDS[rule],
                    label_visibility="collapsed",
                    key=f"personal rule {page.to.address} {kind}",
                    disabled=not may,
                    width=230,
                )
            if picked != rules[kind]:
                chosen[kind] = picked
    loose = [kind for kind in ("cvv", "pin") if chosen.get(kind, rules[kind]) == "allow"]
    if loose:
        st.warning(
            f"{' and '.join(TITLES[kind] for kind in loose)}: card schemes forbid keeping or passing on these after "
            "a payment, even encrypted.",
            icon=":material/warning:",
        )
    if answers:
        with st.container(horizontal=True, vertical_alignment="center"):
            told = ", ".join(f"{TITLES[kind]}: {ANSWERS[rule].lower()}" for kind, rule in answers.items())
            st.caption(f"Decided for this batch where the rule is to ask: {told}", width="stretch")
            if st.button("Ask again", disabled=not ui.may("send"), key="personal_ask_again"):
                with ui.alerts():
                    forget_answers(page.batch, page.to.address)
                    close_dialog()
                    st.rerun()
    with st.container(horizontal=True):
        if st.button("Save", type="primary", disabled=not may or not chosen, key="personal_rules_save"):
            with ui.alerts():
                set_personal_policy(page.ledger, page.to.address, chosen, who=ui.who())
                close_dialog()
                st.rerun()
        if st.button(
            "Defaults",
            disabled=not may or rules == DEFAULTS,
            key="personal_rules_defaults",
            help="Mask security codes and PINs, and ask about everything else",
        ):
            with ui.alerts():
                set_personal_policy(page.ledger, page.to.address, DEFAULTS, who=ui.who())
                close_dialog()
                st.rerun()
