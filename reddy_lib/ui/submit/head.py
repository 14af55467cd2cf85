"""The head of Submit: what would be sent, the buttons that send it, and what stands in the way."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.selections import fingerprint
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.sending.overview import sendable_rows, settled_at
from reddy_lib.ui import choice
from reddy_lib.ui.submit.actions import forget_panel, note_click, send
from reddy_lib.ui.submit.page_state import Page

__all__ = ["clicked_before", "draw_head", "draw_notices"]


def clicked_before() -> int | None:
    """Return the number of calls that a click on a button of the head was drawn with; None without a click."""
    clicked: int | None = st.session_state.pop("send_clicked", None)
    return clicked


def draw_head(
    page: Page,
    which: str,
    rows: list[int] | None,
    plan: dict[str, int],
    first: list[int],
    question: str | None = None,
) -> bool:
    """Draw title and buttons; returns whether a button took the click.

    Args:
        first: the rows that go first.
        question: why they cannot be sent before somebody decided something, or None.
    """
    with st.container(gap=None, width="stretch", key="submit_title"):
        st.title("Submit", anchor=False)
        st.markdown(_said(page, plan))
    if plan["to_send"] and page.running:
        st.button(
            "Send",
            icon=ui.ICONS["submit"],
            disabled=True,
            help="Calls of this batch are being sent already.",
            key="send_later",
        )
        return False
    return (
        _send_buttons(page, which, rows, plan, first, page.refused or question) if plan["to_send"] else False
    )


def _said(page: Page, plan: dict[str, int]) -> str:
    where = ui.escape(page.where)
    if page.running:
        return "Calls are being sent"
    if plan["to_send"]:
        safe = ": nothing leaves this machine" if ui.stays_here(page.to) else ""
        return f"{ui.number_of(plan['to_send'], 'call')} to {where}{safe}"
    if choice.is_lost(page.batch):
        return f"Choose which calls to send to {where}"
    waiting = sum(int(found.queued) for found in page.under_way)
    if waiting:  # paused, or without its token
        return f"{ui.number_of(waiting, 'call')} {'waits' if waiting == 1 else 'wait'} to be sent"
    return f"Nothing to send to {where}"


def _send_buttons(
    page: Page,
    which: str,
    rows: list[int] | None,
    plan: dict[str, int],
    first: list[int],
    refused: str | None,
) -> bool:
    drawn = fingerprint(sendable_rows(page.ledger, page.batch.id, rows=rows))
    key = f"{page.fresh_id()} {which} {plan['to_send']} {drawn}"
    never_sent = page.earlier.empty or not (page.earlier["address"] == page.to.address).any()
    trial = never_sent and plan["to_send"] > 1
    main: Literal["primary", "secondary"] = "secondary" if page.under_way else "primary"
    taken = False
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
        taken = True
        send(page, first[:1], 1)
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
        taken = True
        send(page, rows, plan["to_send"], drawn)
    return taken


def draw_notices(page: Page, plan: dict[str, int], clicked: int | None) -> None:
    """Say what stands in the way.

    Args:
        clicked: the number of calls that a click was drawn with, if no button took it.
    """
    if clicked is not None:
        why = (
            "calls of this batch are being sent already"
            if page.running
            else f"{plan['to_send']:,} can be sent now, {clicked:,} when this page was drawn"
        )
        st.info(
            f"Nothing was sent: {why}. Check the numbers, then click again.",
            icon=":material/info:",
        )
    if page.products is None and not any(
        found.state == "paused" and found.address == page.to.address for found in page.under_way
    ):
        st.warning(
            f"{ui.escape(page.where[0].upper() + page.where[1:])} did not return its product list. "
            f"{ui.escape(ui.products_error(page.to))}",
            icon=":material/link_off:",
        )
    if plan["to_send"] and page.products is not None and not page.batch.was_checked_with(page.products):
        st.info(
            f"These calls were checked against another product list. Before sending, they are checked against the list of "
            f"{ui.escape(page.where)}: a call is held if its product is missing there, or has another name.",
            icon=":material/rule:",
        )
    tried = (
        0 if page.to.is_sandbox or page.running else settled_at(page.ledger, page.batch.id, address=SANDBOX)
    )
    if tried:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(
                f"{ui.number_of(tried, 'call')} of this batch went to the sandbox, not to Reddy. To send them to Reddy, "
                "make them ready first.",
                icon=":material/science:",
            )
            if st.button("Make them ready for Reddy", icon=":material/restart_alt:", key="forget_tried"):
                forget_panel(page)
