"""What the process has one of: ledgers, the sandbox, the memory for typed tokens."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import streamlit as st

from reddy_lib.address import is_loopback
from reddy_lib.database.database import default_location
from reddy_lib.database.sandbox_urls import remember_sandbox
from reddy_lib.errors import ConnectionUnusable, LedgerError
from reddy_lib.ledger import Ledger
from reddy_lib.sandbox import Sandbox
from reddy_lib.sending.connection import (
    SANDBOX_TOKEN_VARIABLE,
    Connection,
    Tokens,
    allowed_addresses,
    sandbox_from_environment,
)
from reddy_lib.sending.engine_start import PatientEngine
from reddy_lib.sending.restored import restored as found_older
from reddy_lib.ui.access import secrets
from reddy_lib.ui.people import may, person_at_screen, why_not
from reddy_lib.ui.words import alert

__all__ = [
    "PROCESS",
    "addresses",
    "cannot_send",
    "ledger",
    "open_ledger",
    "sandbox",
    "sandbox_connection",
    "sandbox_record",
    "stays_here",
    "tokens",
]


class _Process:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.ledgers: dict[str, Ledger] = {}
        self.sandbox: Sandbox | None = None
        self.engine: PatientEngine | None = None
        self.tokens = Tokens()


PROCESS = _Process()  # not in Streamlit's cache: anybody may clear that, and typed tokens would be lost


def tokens() -> Tokens:
    """Tokens that were typed in, by submission: in this process's memory, nowhere else."""
    return PROCESS.tokens


def open_ledger() -> Ledger:
    """The ledger of this process, opened once. Raises LedgerError."""
    process, location = PROCESS, default_location()
    with process.lock:
        if location not in process.ledgers:
            opened = Ledger(location)
            _remember_sandbox(opened)
            process.ledgers[location] = opened
        return process.ledgers[location]


def _remember_sandbox(opened: Ledger) -> None:
    """Tell the ledger under which URL this app's sandbox is, so that a notebook that has the URL means the same one."""
    with contextlib.suppress(ConnectionUnusable):  # a page says so
        url = sandbox_connection().base_url
        if url not in addresses():  # else an administrator has it as Reddy's
            remember_sandbox(opened, url)


def ledger() -> Ledger:
    """The ledger of this process, as the person at the screen may use it. Where it cannot be opened, says so and stops
    the page."""
    try:
        return open_ledger().for_person(person_at_screen())
    except LedgerError as error:
        alert(error)
        if st.button("Try again", icon=":material/refresh:"):
            st.rerun()
        st.stop()


def sandbox() -> Sandbox:
    """The built-in stand-in for Reddy, mounted under /sandbox. It remembers what it received over a restart.

    The app checks hosts for all that it serves, so the sandbox takes any.
    """
    process = PROCESS
    with process.lock:
        if process.sandbox is None:
            token = os.environ.get(SANDBOX_TOKEN_VARIABLE, "").strip()  # where workers send to it, too
            process.sandbox = Sandbox(token=token or None, record=sandbox_record(), hosts=["*"])
        return process.sandbox


def sandbox_record() -> Path | None:
    location = default_location()
    if "://" in location:
        return None
    record = Path(location).expanduser().absolute().with_name("sandbox-received.jsonl")
    try:
        record.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return None  # the ledger will say what is wrong with this folder, on a page
    return record


def cannot_send() -> str | None:
    """Return why this person can send nothing now: the right is missing, or the ledger was restored; else None."""
    if not may("send"):
        return why_not("send")
    if found_older(ledger()) is not None:
        return "Sending is paused: see the message at the top of this page."
    return None


def sandbox_connection() -> Connection:
    """Return the sandbox that the environment names for everybody, else the one inside this process.

    Raises:
        ConnectionUnusable: the environment names one that cannot be used.
    """
    named = sandbox_from_environment()
    if named is not None:
        return named
    host = st.get_option("server.address") or "127.0.0.1"
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    if ":" in host:
        host = f"[{host}]"
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    base = f"{scheme}://{host}:{st.get_option('server.port')}" + (f"/{path}" if path else "") + "/sandbox"
    return Connection(token=sandbox().token, base_url=base, source="sandbox")


def stays_here(to: Connection) -> bool:
    """Return whether what is sent there stays on this machine: in the sandbox of this process, or one beside it."""
    return to.is_sandbox and (sandbox_from_environment() is None or is_loopback(to.base_url))


def addresses() -> list[str]:
    """Return the addresses of Reddy that can be chosen, Reddy's own first. Raises ConnectionUnusable."""
    return allowed_addresses(secrets())
