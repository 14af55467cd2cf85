"""Where calls go: the card at the side of every page, and the dialog that changes it.

A typed token is taken out of its field in the click that uses it. It is never put back: not when the dialog is drawn
again, nor when it is opened again. A tested token is kept for the dialog's next click, as a `Connection`.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from reddy_lib.api import DEFAULT_BASE_URL
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.errors import ConnectionUnusable
from reddy_lib.sending.connection import Connection
from reddy_lib.ui import (
    addresses,
    batch_in_hand,
    connection,
    escape,
    forget_products,
    ledger,
    number_of,
    products,
    products_error,
    sandbox_connection,
    stays_here,
    stored,
    typed_connection,
)
from reddy_lib.ui.demo.card import demo_card
from reddy_lib.ui.dialogs import close_dialog, dialog_button

__all__ = ["connection_card", "connection_panel", "sandbox_words"]

TOKEN, ADDRESS, TRIED, ASKED = "connection_token", "connection_url", "connection_tried", "connection_asked"


def connection_card() -> None:
    """Where calls go, in one line, and the way to change it."""
    to = connection()
    with st.container(border=True, gap="xsmall"):
        if to.is_sandbox:
            st.markdown(":material/science: **Sandbox**")
            st.caption(sandbox_words(to))
        else:
            st.markdown(":material/cloud: **Reddy**")
            listed = products(to)
            state = number_of(len(listed), "product") if listed is not None else ":red[not connected]"
            st.caption(f"token {escape(to.token_hint or 'given')} · {state}")
            if to.base_url != DEFAULT_BASE_URL:
                st.caption(escape(to.base_url))
        if dialog_button("Change", type="tertiary", icon=":material/tune:", key="change_connection"):
            connection_panel()
    if to.is_sandbox:
        demo_card(ledger(), batch_in_hand())


def sandbox_words(to: Connection) -> str:
    """Where the sandbox is, as a sentence without a full stop."""
    return "Nothing leaves this machine" if stays_here(to) else f"At {escape(to.base_url)}"


def _closed() -> None:
    st.session_state.pop(TRIED, None)
    close_dialog()


@st.dialog("Connection", width="medium", on_dismiss=_closed)
def connection_panel() -> None:
    """Choose where calls go, and test it."""
    now = connection()
    sandboxed = sandbox_connection()
    inside = "inside this program" if stays_here(sandboxed) else "elsewhere"
    choice = st.radio(
        "Send calls to",
        ["Sandbox", "Reddy"],
        index=0 if now.is_sandbox else 1,
        captions=[
            f"A stand-in that runs {inside}. {sandbox_words(sandboxed)}.",
            "The real service. Calls that it accepts are graded.",
        ],
        key="connection_choice",
    )
    wanted = sandboxed
    if choice == "Sandbox":
        with st.container(horizontal=True):
            _buttons(st.button)
    else:
        chosen = _reddy()
        if chosen is None:
            return
        wanted = chosen
    _ask(wanted)


def _reddy() -> Connection | None:
    """The fields for Reddy; returns the connection that they describe, None where a token is missing."""
    listed, kept = addresses(), stored()
    usual = kept.base_url if kept is not None else listed[0]
    address = listed[0]
    if len(listed) > 1:
        address = st.selectbox("Address", listed, index=listed.index(usual), key=ADDRESS)
    fits = (
        kept is not None and kept.base_url == address
    )  # a stored token goes to its own address and nowhere else
    tried = st.session_state.get(TRIED)
    tested = tried if isinstance(tried, Connection) and tried.base_url == address else None
    with st.form("connection_form", border=False):
        st.text_input(
            "API token",
            type="password",
            placeholder=f"Using the token {tested.token_hint or 'that you pasted'}"
            if tested is not None
            else f"Using the stored token {kept.token_hint}"
            if kept and fits
            else "Paste the token here",
            help="Kept in memory until you close this tab or a submission ends; never written anywhere.",
            autocomplete="off",
            key=TOKEN,
        )
        with st.container(horizontal=True):
            _buttons(st.form_submit_button, address)
    if tested is not None:
        return tested
    if isinstance(tried, str):
        st.error(escape(tried), icon=":material/link_off:")
        return None
    if not fits:
        st.caption("A token is needed: paste it above.")
    return kept if fits else None


def _buttons(button: Any, address: str = "") -> None:
    """The two buttons, plain ones or those of a form."""
    button("Test the connection", icon=":material/network_check:", on_click=_take, args=("test", address))
    button("Use it", type="primary", icon=":material/check:", on_click=_take, args=("use", address))


def _take(asked: str, address: str) -> None:
    """A click: the token leaves its field before anything is drawn."""
    token = str(st.session_state.get(TOKEN, "")).strip()
    if TOKEN in st.session_state:
        st.session_state[TOKEN] = ""
    st.session_state[ASKED] = asked
    address = address and st.session_state.get(ADDRESS, address)
    if token and address:
        try:
            st.session_state[TRIED] = typed_connection(token, address)
        except ConnectionUnusable as error:
            st.session_state[TRIED] = str(error)


def _ask(wanted: Connection) -> None:
    """Do what was clicked: ask for the products, and, for "Use it", take the connection if they come."""
    asked = st.session_state.pop(ASKED, "")
    if not asked:
        return
    forget_products(wanted)
    listed = products(wanted)
    if listed is None:
        st.error(escape(products_error(wanted)), icon=":material/link_off:")
    elif asked == "test":
        names = ", ".join(escape(str(product["name"])) for product in listed[:8])
        st.success(f"It works: {number_of(len(listed), 'product')}. {names}", icon=":material/check_circle:")
    else:
        st.session_state.pop(TRIED, None)
        st.session_state["connection"] = SANDBOX if wanted.is_sandbox else wanted
        close_dialog()
        st.rerun()
