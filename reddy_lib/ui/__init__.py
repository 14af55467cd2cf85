"""What the pages share, and the only package of the library that imports Streamlit.

The process has one ledger, one engine, one sandbox and one memory for typed tokens (`_PROCESS`); a person has an
open batch (its id is in the URL, so that a refreshed tab finds it again) and a connection (in the session). Pages
begin with a guard (`open_batch`) that stops with a sentence where something is missing.
"""

from __future__ import annotations

import contextlib
import getpass
import logging
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import streamlit as st

from reddy_lib.access import Person, Right
from reddy_lib.address import is_loopback
from reddy_lib.api import DEFAULT_BASE_URL
from reddy_lib.batches.batch import Batch
from reddy_lib.database.database import default_location
from reddy_lib.database.sandbox_urls import SANDBOX, remember_sandbox
from reddy_lib.errors import (
    AccessRulesError,
    APIError,
    ConnectionUnusable,
    LedgerError,
    NotAllowed,
    NotInLedger,
    ReddyError,
)
from reddy_lib.ledger import Ledger
from reddy_lib.sandbox import Sandbox
from reddy_lib.sending.archiving import under_way as under_way_of
from reddy_lib.sending.connection import (
    SANDBOX_TOKEN_VARIABLE,
    Connection,
    Tokens,
    allowed_addresses,
    sandbox_from_environment,
    stored_connection,
)
from reddy_lib.sending.connection import typed_connection as typed_connection_in
from reddy_lib.sending.engine import Engine, enqueue
from reddy_lib.sending.engine_start import PatientEngine
from reddy_lib.sending.restored import restored as found_older
from reddy_lib.sending.submission import Submission
from reddy_lib.sending.workers import lane
from reddy_lib.ui.access import Gate, refuse_to_start, rules, secrets, secrets_unreadable, sign_in_required

__all__ = [
    "ICONS",
    "STATUS_COLOURS",
    "STATUS_MEANINGS",
    "Gate",
    "addresses",
    "alert",
    "cannot_send",
    "clock",
    "connection",
    "connection_for",
    "connections_at_hand",
    "days",
    "escape",
    "has_engine",
    "ledger",
    "may",
    "number_of",
    "open_batch",
    "open_ledger",
    "page_failed",
    "person_card",
    "place",
    "product_column",
    "product_names",
    "products",
    "refuse_to_start",
    "remember_batch",
    "review_link",
    "sandbox",
    "sandbox_connection",
    "sending_trouble",
    "sign_in",
    "start",
    "start_engine",
    "status_badges",
    "stays_here",
    "stop",
    "stored",
    "submissions_table",
    "tokens",
    "typed_connection",
    "when",
    "who",
    "why_not",
]

_log = logging.getLogger("reddy_lib.ui")

ENGINE_VARIABLE = "REDDY_ENGINE"

ICONS = {
    "load": ":material/upload_file:",
    "review": ":material/rate_review:",
    "submit": ":material/send:",
    "outcomes": ":material/insights:",
}

STATUS_MEANINGS = {
    "held": "Has a finding that must be fixed first",
    "ready": "Can be sent",
    "queued": "Waits for its turn",
    "sending": "On its way this moment",
    "accepted": "Reddy took it and queued it for grading",
    "rejected": "Reddy refused it, with a reason: fix it, then send it again",
    "failed": "Never reached Reddy: safe to send again",
    "unknown": "May have reached Reddy: find out before sending it again",
    "skipped": "Was accepted before: not sent again",
}

ROLES: dict[Right, str] = {
    "look": "May look",
    "edit": "May look and edit",
    "send": "May edit and send",
    "administer": "May do everything",
}

STATUS_COLOURS: dict[str, Any] = {
    "held": "orange",
    "ready": "blue",
    "queued": "gray",
    "sending": "blue",
    "accepted": "green",
    "rejected": "red",
    "failed": "orange",
    "unknown": "violet",
    "skipped": "gray",
}
"""Streamlit's names of colours, for badges; charts have their own shades of the same."""


# one of each per process


class _Process:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.ledgers: dict[str, Ledger] = {}
        self.sandbox: Sandbox | None = None
        self.engine: PatientEngine | None = None
        self.tokens = Tokens()


_PROCESS = _Process()  # not in Streamlit's cache: anybody may clear that, and typed tokens would be lost


def tokens() -> Tokens:
    """Tokens that were typed in, by submission: in this process's memory, nowhere else."""
    return _PROCESS.tokens


def open_ledger() -> Ledger:
    """The ledger of this process, opened once. Raises LedgerError."""
    process, location = _PROCESS, default_location()
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
        return open_ledger().for_person(_person())
    except LedgerError as error:
        alert(error)
        if st.button("Try again", icon=":material/refresh:"):
            st.rerun()
        st.stop()


def sandbox() -> Sandbox:
    """The built-in stand-in for Reddy, mounted under /sandbox. It remembers what it received over a restart.

    The app checks hosts for all that it serves, so the sandbox takes any.
    """
    process = _PROCESS
    with process.lock:
        if process.sandbox is None:
            token = os.environ.get(SANDBOX_TOKEN_VARIABLE, "").strip()  # where workers send to it, too
            process.sandbox = Sandbox(token=token or None, record=_sandbox_record(), hosts=["*"])
        return process.sandbox


def _sandbox_record() -> Path | None:
    location = default_location()
    if "://" in location:
        return None
    record = Path(location).expanduser().absolute().with_name("sandbox-received.jsonl")
    try:
        record.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return None  # the ledger will say what is wrong with this folder, on a page
    return record


def has_engine() -> bool:
    """Does this process send what it queues? Not where `REDDY_ENGINE=off` leaves that to workers."""
    return os.environ.get(ENGINE_VARIABLE, "").strip().lower() not in ("off", "0", "no", "false")


def start_engine() -> PatientEngine | None:
    """Start the submission engine of this process, now or as soon as the ledger can be opened; None where workers do
    that."""
    if not has_engine():
        return None

    def make() -> Engine:
        return Engine(
            open_ledger(), connection_for, on_end=lambda ended: tokens().forget(ended.id), lanes=_lanes
        )

    _PROCESS.engine = PatientEngine(make)
    _PROCESS.engine.start()
    return _PROCESS.engine


def sending_trouble() -> None:
    """Say on the page why this process does not send, if it should."""
    engine = _PROCESS.engine
    if engine is not None and engine.trouble:
        st.warning(
            f"**Sending has not started.** {escape(engine.trouble)} The workbench tries again every few seconds.",
            icon=":material/sync_problem:",
        )


def stop() -> None:
    """Stop the engine, then close the ledgers: after that their files are whole by themselves."""
    process = _PROCESS
    engine, process.engine = process.engine, None
    if engine is not None:
        engine.stop()
    with process.lock:
        ledgers = list(process.ledgers.values())
        process.ledgers.clear()
    for each in ledgers:
        each.close()


def _lanes() -> Iterator[str]:
    """What this process has tokens for before anybody types one in."""
    key = open_ledger().identity
    for named in (sandbox_connection, stored):
        try:
            found = named()
        except ConnectionUnusable as error:
            _log.error("%s", error)
            continue
        if found is not None:
            yield from found.lanes(key)


# who, and where to


def who() -> str:
    """Who is at the screen: the signed-in email, else the name of the user who runs the program."""
    person = _person()
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
            "The secrets file of this workbench cannot be read, so nobody is let in. "
            "The person who runs it: correct the file (it is TOML), then reload this page.",
            icon=":material/lock:",
        )
        st.stop()
    person = _person()
    if person is None:
        return
    try:
        rules()
    except AccessRulesError as error:
        _log.error("%s", error)
        st.error(
            "The rules about who may use this workbench are missing or wrong, so nobody is let in. "
            "Its log says what to correct.",
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


def _person() -> Person | None:
    """Who signed in; None where nobody has to. Before signing in, somebody who may do nothing."""
    if not sign_in_required():
        return None
    claims = dict(st.user.to_dict()) if st.user.get("is_logged_in") else {}
    return Person(claims, rules)


def may(right: Right) -> bool:
    """Return whether the person at the screen may do this; without sign-in, yes."""
    person = _person()
    return person is None or person.may(right)


def why_not(right: Right, otherwise: str | None = None) -> str | None:
    """Return the help of a button that needs this right: why it is disabled, or what it says `otherwise`."""
    return otherwise if may(right) else f"You need the role “{right}” for this."


def cannot_send() -> str | None:
    """Return why this person can send nothing now: the right is missing, or the ledger was restored; else None."""
    if not may("send"):
        return why_not("send")
    if found_older(ledger()) is not None:
        return "Sending is paused: see the message at the top of this page."
    return None


def person_card() -> None:
    """Who signed in, what she may do, and the way out; nothing without sign-in."""
    person = _person()
    if person is None:
        return
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":material/person: {escape(person.email)}")
        st.caption(ROLES[person.right])
        st.button("Sign out", type="tertiary", icon=":material/logout:", on_click=st.logout, key="sign_out")


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


def stored() -> Connection | None:
    """Return the connection that the secrets file and the environment describe. Raises ConnectionUnusable."""
    return stored_connection(secrets())


def addresses() -> list[str]:
    """Return the addresses of Reddy that can be chosen, Reddy's own first. Raises ConnectionUnusable."""
    return allowed_addresses(secrets())


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


# which batch is open


def remember_batch(batch_id: str | None) -> None:
    """Make a batch the open one: in the session, and in the URL, where a refreshed tab finds it."""
    if batch_id != st.session_state.get("batch"):
        for name in ("sel", "choose"):  # they belong to the batch that was open
            st.query_params.pop(name, None)
    _put_in_hand(batch_id)


def _put_in_hand(batch_id: str | None) -> None:
    st.session_state["batch"] = batch_id
    if batch_id is None:
        st.query_params.pop("batch", None)
    else:
        st.query_params["batch"] = batch_id


def batch_in_hand() -> Batch | None:
    """The open batch, or None. Switching pages drops the URL's parameters: they are put back here."""
    wanted = st.query_params.get("batch") or st.session_state.get("batch")
    if not wanted:
        return None
    try:
        batch = ledger().batch(wanted)
    except NotInLedger:
        remember_batch(None)
        st.session_state["lost_batch"] = wanted
        return None
    _put_in_hand(wanted)
    return batch


def open_batch() -> Batch:  # noqa: RET503 - st.stop never returns
    """Guard: the open batch. Without one, says what to do and stops the page."""
    try:
        batch = batch_in_hand()
    except LedgerError as error:
        alert(error)
        st.stop()
    if batch is not None:
        return batch
    lost = st.session_state.pop("lost_batch", None)
    if lost:
        st.warning(
            "The batch in this address is not in this ledger. Choose another one, or load a spreadsheet."
        )
    else:
        st.info("No batch is open yet. Load a spreadsheet, or choose a batch that was loaded before.")
    st.page_link("load.py", label="Load a spreadsheet", icon=ICONS["load"])
    _choose_batch()
    st.stop()


def _choose_batch() -> None:
    batches = ledger().batches()
    if not len(batches):
        return
    st.subheader("Loaded before")
    for found in batches.head(20).itertuples():
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(escape(str(found.name)), key=f"open {found.id}", icon=":material/folder_open:"):
                remember_batch(str(found.id))
                st.rerun()
            st.caption(f"{found.calls:,} calls · {escape(str(found.file_name))} · {when(found.created_at)}")


# the side of every page


def batch_card(batch: Batch) -> None:
    """The open batch: name, file, when; switch, rename, take off the list."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":material/folder_open: **{escape(batch.name)}**")
        st.caption(f"{escape(batch.file_name)} · loaded {when(batch.created_at)}")
        with st.container(horizontal=True, gap="xsmall"):
            if st.button("Switch", type="tertiary", icon=":material/swap_horiz:", key="switch_batch"):
                _switch_panel()
            if st.button(
                "Rename",
                type="tertiary",
                icon=":material/edit:",
                key="rename_batch",
                disabled=not may("edit"),
                help=why_not("edit"),
            ):
                _rename_panel(batch)


@st.dialog("Open another batch", width="medium")
def _switch_panel() -> None:
    _choose_batch()
    if not len(ledger().batches()):
        st.write("Nothing else was loaded so far.")
    archived = ledger().archived()
    if not len(archived):
        return
    with st.expander(f"Taken off the list: {len(archived):,}", icon=":material/archive:"):
        for found in archived.head(50).itertuples():
            with st.container(horizontal=True, vertical_alignment="center"):
                if st.button(
                    "Put back",
                    key=f"restore {found.id}",
                    icon=":material/unarchive:",
                    disabled=not may("administer"),
                    help=why_not("administer"),
                ):
                    ledger().restore(str(found.id))
                    remember_batch(str(found.id))
                    st.rerun()
                st.caption(f"{escape(str(found.name))} · {found.calls:,} calls · {when(found.created_at)}")


@st.dialog("This batch")
def _rename_panel(batch: Batch) -> None:
    name = st.text_input("Name", value=batch.name, max_chars=120, key="batch_name")
    with st.container(horizontal=True):
        if st.button("Rename", type="primary", disabled=not name.strip() or name == batch.name):
            batch.rename(name)
            st.rerun()
        under_way = under_way_of(batch)
        if not under_way and st.button(
            "Take off the list",
            icon=":material/archive:",
            help=why_not("administer", "What was sent stays on record."),
            disabled=not may("administer"),
        ):
            _take_off(batch)
    if not under_way:
        return
    st.warning(
        f"To take this batch off the list, end what is under way: {escape(under_way)}.",
        icon=":material/send:",
    )
    with st.container(horizontal=True):
        if st.button(
            "Cancel the submission and take it off the list",
            icon=":material/cancel:",
            key="cancel_and_archive",
            help=why_not("administer", ""),
            disabled=not may("administer"),
        ):
            _take_off(batch, cancel=True)
        if st.button("Keep it", type="primary", key="keep_batch"):
            st.rerun()


def _take_off(batch: Batch, *, cancel: bool = False) -> None:
    """Take a batch off the list; where calls of it are still in flight, say so and leave it where it is."""
    try:
        ledger().archive(batch, cancel=cancel)
    except ReddyError as error:
        alert(error)
        return
    remember_batch(None)
    st.rerun()


# submissions


def start(submission: Submission, to: Connection | None) -> None:
    """Hand a submission to the engine. A typed token goes to this process's memory first, for this submission alone;
    with None the engine finds the connection, or says that it needs the token again."""
    ledger().require("send")
    if to is not None:
        if to.source == "typed":
            tokens().remember(submission.id, to.token)
        else:
            tokens().forget(submission.id)  # an earlier one must not win over the connection chosen now
    enqueue(ledger(), submission)


def number_of(count: int, noun: str) -> str:
    """ "1 call", "3,798 calls"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def place(address: str, token_hint: str = "") -> str:
    """Where calls go, or went, as text: "the sandbox", "Reddy as …4f2a", "Reddy at other.example as …4f2a"."""
    if address == SANDBOX:
        return "the sandbox"
    at = "" if address == DEFAULT_BASE_URL else f" at {address.partition('://')[2] or address}"
    return f"Reddy{at}" + (f" as {token_hint}" if token_hint else "")


def typed_connection(token: str, address: str) -> Connection:
    """A connection whose token somebody typed in just now. Raises ConnectionUnusable: the address is not allowed."""
    return typed_connection_in(token, address, secrets=secrets())


def review_link(
    label: str,
    batch: Batch,
    *,
    status: str = "",
    query: str = "",
    key: str = "",
    quiet: bool = False,
) -> None:
    """A button that opens Review with these calls listed. `quiet`: without a frame around it.

    `query`: as in Review's address, `tag:CSAT=4`; `status` is short for one on the status.
    """
    kind: Any = "tertiary" if quiet else "secondary"
    wanted = query or f"status:{status}"
    if st.button(label, icon=ICONS["review"], key=f"review {wanted} {key}", type=kind):
        st.switch_page("review.py", query_params={"batch": batch.id, "filter": wanted})


def submissions_table(
    history: Any, *, key: str, alt: str, batches: bool = False, choose: bool = False
) -> int | None:
    """Submissions as a table (a frame of `ledger.overview.history`); statuses that none of them has are left out.

    `batches`: with the name of each one's batch. `choose`: a row can be chosen; gives its position.
    """
    numbers = ("accepted", "rejected", "failed", "unknown", "skipped", "waiting")
    shown = history.assign(
        place=[place(at, hint) for at, hint in zip(history["address"], history["token_hint"], strict=True)],
        waiting=history["queued"] + history["sending"],
    )
    columns = ["number", "batch", "created_at", "who", "place", "state", "chosen"]
    columns += [name for name in numbers if name == "accepted" or shown[name].any()]
    config: dict[str, Any] = {
        "number": st.column_config.NumberColumn("No.", width=50, pinned=True),
        "batch": st.column_config.TextColumn("Batch", width=110),
        "created_at": st.column_config.DatetimeColumn("When", format="D MMM YYYY, HH:mm", width=130),
        "who": st.column_config.TextColumn("Who", width=70),
        "place": st.column_config.TextColumn("Where to", width=130),
        "state": st.column_config.TextColumn("State", width=70),
    }
    config |= {
        name: st.column_config.NumberColumn(name.capitalize(), width=70) for name in ("chosen", *numbers)
    }
    picked: Any = st.dataframe(
        shown,
        hide_index=True,
        height="content" if len(shown) < 12 else 400,
        column_order=[name for name in columns if batches or name != "batch"],
        column_config=config,
        on_select="rerun" if choose else "ignore",
        selection_mode="single-row",
        key=key,
        alt=alt,
    )
    return next((at for at in picked.selection.rows if at < len(shown)), None) if choose else None


def status_badges(counts: Mapping[str, int]) -> None:
    """One badge for each status that occurs, with its count; what it means shows on hovering."""
    with st.container(horizontal=True, gap="small"):
        for status, count in counts.items():
            if count:
                st.badge(f"{count:,} {status}", color=STATUS_COLOURS[status], help=STATUS_MEANINGS[status])


# words on the screen


def alert(error: ReddyError) -> None:
    """A situation, as its own sentence."""
    st.error(escape(str(error)), icon=":material/error:")


def page_failed(error: Exception) -> bool:
    """A fault of the workbench itself: the log gets the traceback, the analyst a sentence."""
    if isinstance(error, NotAllowed):
        alert(error)
        return True
    _log.error("a page failed", exc_info=error)
    st.error(
        "This page failed. What you stored, edited or sent before is safe. Reload the page; if it fails again, "
        f"tell whoever runs the workbench ({type(error).__name__}, see its log).",
        icon=":material/error:",
    )
    return True


@contextlib.contextmanager
def alerts() -> Iterator[None]:
    """A risky step: a situation becomes a message on the page instead of a traceback."""
    try:
        yield
    except ReddyError as error:
        alert(error)


_MARKDOWN = str.maketrans(
    {char: f"\\{char}" for char in "\\`*_{}()#+-.!|<>~$:&"} | {"[": "&#91;", "]": "&#93;"}
)
"""What keeps a character from being read. Brackets as entities: a badge puts backslashes before them by itself."""

_JOINED = re.compile(
    r"(?<=http)(?=://)|(?<=https)(?=://)|(?<=www)(?=\.)|(?=@)"  # what a browser makes a link of
    r"|(?<=:)(?=[\w+/-]+:)"  # :material/home:, :streamlit:, :smile:
    r"|(?<=-)(?=[->])|(?<=<)(?=[-=])|(?<=[>~])(?==)",  # arrows, dashes and comparisons, set as one character
    re.IGNORECASE,
)


def escape(text: str) -> str:
    """Text from a spreadsheet, a server or a file name, made safe for places that read Markdown.

    What Streamlit replaces even where it is escaped (addresses, icons, emoji, arrows) gets an invisible joiner
    inside. White space becomes single spaces: a line break or a tab would begin a heading or a block of code.
    """
    return _JOINED.sub("\u2060", re.sub(r"\s+", " ", text)).translate(_MARKDOWN)


def when(moment: Any) -> str:
    """A moment (seconds since the epoch, or a UTC timestamp) in the reader's words: "today 14:02", "3 Nov 2026, 09:15"."""
    if moment is None:
        return ""
    stamp = datetime.fromtimestamp(moment, UTC) if isinstance(moment, int | float) else moment
    local = stamp.astimezone(_zone())
    today = datetime.now(_zone()).date()
    clock = local.strftime("%H:%M")
    gap = days(local.date(), today)
    return f"{gap} {clock}" if gap else f"{local.day} {local.strftime('%b %Y')}, {clock}"


def clock(moment: float) -> str:
    """A moment of today (seconds since the epoch) by the reader's clock: "14:03:20"."""
    return datetime.fromtimestamp(moment, UTC).astimezone(_zone()).strftime("%H:%M:%S")


def days(day: Any, today: Any) -> str:
    """ "today", "yesterday", or "" for days further away."""
    gap = (today - day).days
    return {0: "today", 1: "yesterday"}.get(gap, "")


def _zone() -> Any:
    """The time zone of the browser, UTC where it does not tell."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(str(st.context.timezone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
