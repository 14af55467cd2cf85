"""Who is at the screen, and what she may do."""

from __future__ import annotations

import getpass
import logging
from typing import NoReturn

import streamlit as st

from reddy_lib.access import Person, Right
from reddy_lib.errors import AccessRulesError, NotAllowed
from reddy_lib.ui.access import rules, secrets_unreadable, sign_in_required
from reddy_lib.ui.words import escape

__all__ = ["ROLES", "may", "person_at_screen", "person_card", "sign_in", "who", "why_not"]

_log = logging.getLogger("reddy_lib.ui")

ROLES: dict[Right, str] = {
    "look": "May look",
    "edit": "May look and edit",
    "send": "May edit and send",
    "administer": "May do everything",
}


def who() -> str:
    """Who is at the screen: the signed-in email, else the name of the user who runs the program."""
    person = person_at_screen()
    if person is not None:
        return person.email
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def sign_in() -> None:
    """Where sign-in is set up, stop everybody who has not signed in, or whom the rules do not let in.

    Where there are secrets that cannot be read, stop everybody: they may be what sets it up.
    """
    if secrets_unreadable():
        st.error(
            "The secrets file of this workbench cannot be read, so no one can sign in. "
            "Administrators: correct the file (it is TOML), then reload this page.",
            icon=":material/lock:",
        )
        st.stop()
    person = person_at_screen()
    if person is None:
        return
    try:
        rules()
    except AccessRulesError as error:
        _log.error("%s", error)
        st.error(
            "The rules about who may use this workbench are missing or wrong, so no one can sign in. "
            "The log says what to correct.",
            icon=":material/lock:",
        )
        st.stop()
    if not st.user.get("is_logged_in"):
        _sign_in_page("This workbench holds customers' calls. Sign in to continue.")
    try:
        person.require("look")
    except NotAllowed as error:
        if error.reason == "expired":
            _sign_in_page(str(error))
        st.title("Reddy workbench")
        st.error(escape(str(error)), icon=":material/lock:")
        st.button("Sign out", icon=":material/logout:", on_click=st.logout)
        st.stop()


def _sign_in_page(words: str) -> NoReturn:
    st.title("Reddy workbench")
    st.write(words)
    st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
    st.stop()


def person_at_screen() -> Person | None:
    """Who signed in; None where nobody has to. Before signing in, somebody who may do nothing."""
    if not sign_in_required():
        return None
    claims = dict(st.user.to_dict()) if st.user.get("is_logged_in") else {}
    return Person(claims, rules)


def may(right: Right) -> bool:
    """Return whether the person at the screen may do this; without sign-in, yes."""
    person = person_at_screen()
    return person is None or person.may(right)


def why_not(right: Right, otherwise: str | None = None) -> str | None:
    """Return the help of a button that needs this right: why it is disabled, or what it says `otherwise`."""
    return otherwise if may(right) else f"You need the role “{right}” for this."


def person_card() -> None:
    """Who signed in, what she may do, and the way out; nothing without sign-in."""
    person = person_at_screen()
    if person is None:
        return
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":material/person: {escape(person.email)}")
        st.caption(ROLES[person.right])
        st.button("Sign out", type="tertiary", icon=":material/logout:", on_click=st.logout, key="sign_out")
