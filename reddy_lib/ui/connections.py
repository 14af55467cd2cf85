"""Where a person's calls go, and the products there."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.errors import APIError, ConnectionUnusable
from reddy_lib.sending.connection import Connection, stored_connection
from reddy_lib.sending.connection import typed_connection as typed_connection_in
from reddy_lib.sending.submission import Submission
from reddy_lib.sending.workers import lane
from reddy_lib.ui.access import secrets
from reddy_lib.ui.process import addresses, ledger, sandbox_connection, tokens
from reddy_lib.ui.words import alert

__all__ = [
    "connection",
    "connection_for",
    "connections_at_hand",
    "forget_products",
    "product_column",
    "product_names",
    "products",
    "products_error",
    "stored",
    "typed_connection",
]

_log = logging.getLogger("reddy_lib.ui")


def stored() -> Connection | None:
    """Return the connection that the secrets file and the environment describe. Raises ConnectionUnusable."""
    return stored_connection(secrets())


def connection() -> Connection:
    """Where this person's calls go: what she chose, else Reddy if a token is stored, else the sandbox.

    Where that is configured so that it cannot be used, says so and stops the page.
    """
    chosen = st.session_state.get("connection")
    try:
        if isinstance(chosen, Connection) and not chosen.is_sandbox and chosen.base_url in addresses():
            return chosen
        if chosen == SANDBOX:
            return sandbox_connection()
        return stored() or sandbox_connection()
    except ConnectionUnusable as error:
        alert(error)
        st.stop()


def connections_at_hand() -> list[Connection]:
    """Return the connections that need no typing: the sandbox's, and that of the stored token, if there is one.

    Raises ConnectionUnusable.
    """
    kept = stored()
    return [sandbox_connection(), *([kept] if kept is not None else [])]


def connection_for(submission: Submission) -> Connection | None:
    """The connection of a submission, for the engine: by where its token came from. None = must be typed again."""
    record = submission.record()
    try:
        if record.token_source == "sandbox":
            return sandbox_connection()
        typed = tokens().recall(submission.id)
        if typed is not None:
            return typed_connection(typed, record.address)
        found = stored()
    except ConnectionUnusable as error:
        _log.error("a submission cannot be sent: %s", error)
        return None
    if (
        found is None
        or record.token_source == "typed"
        or lane(record) not in found.lanes(submission.database.identity)
    ):
        return None
    # of a token too short to show any of it, and not fingerprinted, only where it came from tells whether it is the same
    known = record.credential or record.token_hint
    return found if known or record.token_source == found.source else None


def products(to: Connection) -> list[dict[str, Any]] | None:
    """Reddy's product list as dicts (id, name, status), asked for once per session; None where it did not come.

    Why it did not come is in `products_error`.
    """
    key = f"products {to.address} {to.token_hint}"
    known = st.session_state.get(key)
    if known is not None and time.monotonic() - known[0] < (600 if known[1] is not None else 15):
        found: list[dict[str, Any]] | None = known[1]
        return found
    ledger().next_moment()
    try:
        with to.client(timeout=10.0) as client:
            listed = [{"id": p.id, "name": p.name, "status": p.status} for p in client.list_products()]
    except APIError as error:
        st.session_state[key] = (time.monotonic(), None, str(error))
        return None
    st.session_state[key] = (time.monotonic(), listed, "")
    return listed


def products_error(to: Connection) -> str:
    """Why the product list did not come, as a sentence; "" if it did."""
    known = st.session_state.get(f"products {to.address} {to.token_hint}")
    return str(known[2]) if known else ""


def forget_products(to: Connection) -> None:
    """Ask for the product list again at the next use."""
    st.session_state.pop(f"products {to.address} {to.token_hint}", None)


def product_names(listed: list[dict[str, Any]] | None) -> dict[int, str]:
    """Product id → name, in the order of the list."""
    return {int(product["id"]): str(product["name"]) for product in listed or []}


def product_column(ids: Iterable[Any], names: Mapping[int, str]) -> list[str]:
    """Product ids as the names to show: the id itself where there is no name, "" where there is no id."""
    import pandas as pd

    return ["" if pd.isna(each) else names.get(int(each), str(each)) for each in ids]


def typed_connection(token: str, address: str) -> Connection:
    """A connection whose token somebody typed in just now. Raises ConnectionUnusable: the address is not allowed."""
    return typed_connection_in(token, address, secrets=secrets())
