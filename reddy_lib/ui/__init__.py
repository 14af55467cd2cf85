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
from typing import Any

import streamlit as st

from ..api import DEFAULT_BASE_URL
from ..errors import APIError, LedgerError, NotInLedger, ReddyError
from ..ledger import Batch, Ledger, default_location
from ..ledger.sending import Submission
from ..ledger.workers import lane
from ..sandbox import Sandbox
from ..submission import (
    SANDBOX,
    Connection,
    Engine,
    Tokens,
    enqueue,
    from_environment,
    sandbox_from_environment,
)
from ..submission.connection import TOKEN_VARIABLE, URL_VARIABLE

__all__ = [
    "ICONS",
    "STATUS_COLOURS",
    "STATUS_MEANINGS",
    "alert",
    "clock",
    "connection",
    "connection_for",
    "connection_panel",
    "connections_at_hand",
    "days",
    "escape",
    "has_engine",
    "ledger",
    "number_of",
    "open_batch",
    "page_failed",
    "place",
    "product_column",
    "product_names",
    "products",
    "remember_batch",
    "review_link",
    "sandbox",
    "sandbox_url",
    "sign_in",
    "start",
    "start_engine",
    "status_badges",
    "submissions_table",
    "tick",
    "ticked",
    "tokens",
    "typed_connection",
    "when",
    "who",
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
        self.tokens = Tokens()


_PROCESS = _Process()  # not in Streamlit's cache: anybody may clear that, and typed tokens would be lost


def tokens() -> Tokens:
    """Tokens that were typed in, by submission: in this process's memory, nowhere else."""
    return _PROCESS.tokens


def _ledger() -> Ledger:
    process, location = _PROCESS, default_location()
    with process.lock:
        if location not in process.ledgers:
            process.ledgers[location] = Ledger(location)
        return process.ledgers[location]


def ledger() -> Ledger:
    """The ledger of this process. Where it cannot be opened, says so and stops the page."""
    try:
        return _ledger()
    except LedgerError as error:
        alert(error)
        if st.button("Try again", icon=":material/refresh:"):
            st.rerun()
        st.stop()


def sandbox() -> Sandbox:
    """The built-in stand-in for Reddy, mounted under /sandbox. It remembers what it received over a restart."""
    process = _PROCESS
    with process.lock:
        if process.sandbox is None:
            process.sandbox = Sandbox(record=_sandbox_record())
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


def start_engine() -> Engine | None:
    """Start the submission engine of this process; None where workers do that, or (with a line in the log) where the
    ledger cannot be opened."""
    if not has_engine():
        return None
    try:
        engine = Engine(
            _ledger(), connection_for, on_end=lambda ended: tokens().forget(ended.id), lanes=_lanes
        )
        engine.start()
    except LedgerError as error:
        _log.error("the submission engine could not start: %s", error)
        return None
    return engine


def _lanes() -> Iterator[str]:
    """What this process has tokens for before anybody types one in."""
    yield from _sandbox_connection().lanes
    stored = _stored_connection()
    if stored is not None:
        yield from stored.lanes


# who, and where to


def who() -> str:
    """Who is at the screen: the signed-in email, else the name of the user who runs the program."""
    if _sign_in_is_set_up() and st.user.is_logged_in:
        return str(st.user.get("email") or st.user.get("name") or "signed in")
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def sign_in() -> None:
    """Where sign-in is set up (an [auth] section in the secrets), stop everybody who has not signed in.

    Where there are secrets that cannot be read, stop everybody: they may be what sets it up.
    """
    if _secrets_unreadable():
        st.error(
            "The secrets file of this workbench cannot be read, so nobody is let in. "
            "Whoever runs it: correct the file (it is TOML), then reload this page.",
            icon=":material/lock:",
        )
        st.stop()
    if not _sign_in_is_set_up() or st.user.is_logged_in:
        return
    st.title("Reddy workbench")
    st.write("This workbench holds customers' calls. Sign in to go on.")
    st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
    st.stop()


def _sign_in_is_set_up() -> bool:
    return "auth" in _secrets()


def _secrets() -> dict[str, Any]:
    """The secrets file's content, or nothing where there is none, or none that can be read."""
    try:
        return dict(st.secrets)
    except (OSError, ValueError):
        return {}


def _secrets_unreadable() -> bool:
    """There are secrets, and they cannot be read. (Streamlit says "not found" of a broken file, too.)"""
    try:
        dict(st.secrets)
    except (OSError, ValueError):
        return any(Path(path).exists() for path in st.get_option("secrets.files"))
    return False


def _sandbox_connection() -> Connection:
    """The sandbox that the environment names for everybody, else the one inside this process."""
    named = sandbox_from_environment()
    if named is not None:
        return named
    host = st.get_option("server.address") or "127.0.0.1"
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    base = f"{scheme}://{host}:{st.get_option('server.port')}" + (f"/{path}" if path else "") + "/sandbox"
    return Connection(token=sandbox().token, base_url=base, source="sandbox")


def _stored_connection() -> Connection | None:
    """The token of the secrets file, else of the environment."""
    secrets = _secrets()
    token = str(secrets.get(TOKEN_VARIABLE, "")).strip()
    if token:
        base_url = str(secrets.get(URL_VARIABLE, "")).strip() or DEFAULT_BASE_URL
        return Connection(token=token, base_url=base_url, source="secrets")
    return from_environment()


def connection() -> Connection:
    """Where this person's calls go: what she chose, else Reddy if a token is stored, else the sandbox."""
    chosen = st.session_state.get("connection")
    if isinstance(chosen, Connection) and not chosen.is_sandbox:
        return chosen
    if chosen == SANDBOX:
        return _sandbox_connection()
    return _stored_connection() or _sandbox_connection()


def connections_at_hand() -> list[Connection]:
    """The connections that need no typing: the sandbox's, and that of the stored token, if there is one."""
    stored = _stored_connection()
    return [_sandbox_connection(), *([stored] if stored is not None else [])]


def connection_for(submission: Submission) -> Connection | None:
    """The connection of a submission, for the engine: by where its token came from. None = must be typed again."""
    record = submission.record()
    if record.token_source == "sandbox":
        return _sandbox_connection()
    typed = tokens().recall(submission.id)
    if typed is not None:
        return Connection(token=typed, base_url=record.address, source="typed")
    stored = _stored_connection()
    if stored is None or record.token_source == "typed" or lane(record) not in stored.lanes:
        return None
    # of a token too short to show any of it, only where it came from tells whether it is the same
    return stored if record.token_hint or record.token_source == stored.source else None


def products(to: Connection) -> list[dict[str, Any]] | None:
    """Reddy's product list as dicts (id, name, status), asked for once per session; None where it did not come.

    Why it did not come is in `products_error`.
    """
    key = f"products {to.address} {to.token_hint}"
    known = st.session_state.get(key)
    if known is not None and time.monotonic() - known[0] < (600 if known[1] is not None else 15):
        found: list[dict[str, Any]] | None = known[1]
        return found
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


@st.dialog("Connection", width="medium")
def connection_panel() -> None:
    """Choose where calls go, and test it."""
    now = connection()
    stored = _stored_connection()
    choice = st.radio(
        "Send calls to",
        ["Sandbox", "Reddy"],
        index=0 if now.is_sandbox else 1,
        captions=[
            "A stand-in that runs inside this program. Nothing leaves this machine.",
            "The real service. Calls that it accepts are graded.",
        ],
        key="connection_choice",
    )
    wanted: Connection | None
    if choice == "Sandbox":
        wanted = _sandbox_connection()
    else:
        typed = st.text_input(
            "API token",
            type="password",
            placeholder="Paste the token here"
            if stored is None
            else f"Using the stored token {stored.token_hint}",
            help="Kept in memory until you close this tab or a submission ends; never written anywhere.",
            autocomplete="off",
            key="connection_token",
        ).strip()
        default_url = stored.base_url if stored is not None else DEFAULT_BASE_URL
        base_url = st.text_input("Address", value=default_url, key="connection_url").strip() or default_url
        if typed:
            wanted = Connection(token=typed, base_url=base_url, source="typed")
        elif stored is not None and base_url.rstrip("/") == stored.base_url:
            wanted = stored
        else:  # a stored token goes to its own address and nowhere else
            wanted = None
            st.caption("A token is needed: paste it above.")
    with st.container(horizontal=True):
        test = st.button("Test the connection", icon=":material/network_check:", disabled=wanted is None)
        use = st.button("Use it", type="primary", icon=":material/check:", disabled=wanted is None)
    if wanted is None:
        return
    if test or use:
        forget_products(wanted)
        listed = products(wanted)
        if listed is None:
            st.error(products_error(wanted), icon=":material/link_off:")
        elif test:
            names = ", ".join(escape(str(product["name"])) for product in listed[:8])
            st.success(
                f"It works: {number_of(len(listed), 'product')}. {names}", icon=":material/check_circle:"
            )
        if use and listed is not None:
            st.session_state["connection"] = SANDBOX if wanted.is_sandbox else wanted
            st.rerun()


# which batch is open


def remember_batch(batch_id: str | None) -> None:
    """Make a batch the open one: in the session, and in the URL, where a refreshed tab finds it."""
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
    remember_batch(wanted)
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


def ticked(batch: Batch) -> list[int]:
    """The row numbers that this person ticked in Review, ascending."""
    rows: dict[str, list[int]] = st.session_state.setdefault("ticked", {})
    return rows.get(batch.id, [])


def tick(batch: Batch, rows: Iterable[int]) -> None:
    """These rows, and no others, are ticked now."""
    st.session_state.setdefault("ticked", {})[batch.id] = sorted(set(rows))


# the side of every page


def batch_card(batch: Batch) -> None:
    """The open batch: name, file, when; switch, rename, take off the list."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":material/folder_open: **{escape(batch.name)}**")
        st.caption(f"{escape(batch.file_name)} · loaded {when(batch.created_at)}")
        with st.container(horizontal=True, gap="xsmall"):
            if st.button("Switch", type="tertiary", icon=":material/swap_horiz:", key="switch_batch"):
                _switch_panel()
            if st.button("Rename", type="tertiary", icon=":material/edit:", key="rename_batch"):
                _rename_panel(batch)


@st.dialog("Open another batch", width="medium")
def _switch_panel() -> None:
    _choose_batch()
    if not len(ledger().batches()):
        st.write("Nothing else was loaded so far.")


@st.dialog("This batch")
def _rename_panel(batch: Batch) -> None:
    name = st.text_input("Name", value=batch.name, max_chars=120, key="batch_name")
    with st.container(horizontal=True):
        if st.button("Rename", type="primary", disabled=not name.strip() or name == batch.name):
            batch.rename(name)
            st.rerun()
        if st.button("Take off the list", icon=":material/archive:", help="What was sent stays on record."):
            batch.archive()
            remember_batch(None)
            st.rerun()


def connection_card() -> None:
    """Where calls go, in one line, and the way to change it."""
    to = connection()
    with st.container(border=True, gap="xsmall"):
        if to.is_sandbox:
            st.markdown(":material/science: **Sandbox**")
            st.caption("Nothing leaves this machine")
        else:
            st.markdown(":material/cloud: **Reddy**")
            listed = products(to)
            state = f"{len(listed)} products" if listed is not None else ":red[not connected]"
            st.caption(f"token {escape(to.token_hint or 'given')} · {state}")
            if to.base_url != DEFAULT_BASE_URL:
                st.caption(escape(to.base_url))
        if st.button("Change", type="tertiary", icon=":material/tune:", key="change_connection"):
            connection_panel()


# submissions


def start(submission: Submission, to: Connection | None) -> None:
    """Hand a submission to the engine. A typed token goes to this process's memory first, for this submission alone;
    with None the engine finds the connection, or says that it needs the token again."""
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
    """A connection whose token somebody typed in just now."""
    return Connection(token=token, base_url=address, source="typed")


def review_link(label: str, batch: Batch, *, status: str, key: str = "", quiet: bool = False) -> None:
    """A way to Review, where the calls of one status alone are shown then. `quiet`: without a frame around it."""
    kind: Any = "tertiary" if quiet else "secondary"
    if st.button(label, icon=ICONS["review"], key=f"review {status} {key}", type=kind):
        view = {
            "show": status,
            "search": "",
            "code": None,
            "agent": None,
            "product": None,
            "page": 1,
            "open": None,
        }
        st.session_state.setdefault("review", {})[batch.id] = view
        st.switch_page("review.py")


def sandbox_url(path: str) -> str:
    """The address of one of the sandbox's own pages, as this browser reaches it."""
    from urllib.parse import urlsplit

    seen = urlsplit(st.context.url or _sandbox_connection().base_url)
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{seen.scheme}://{seen.netloc}{'/' + base if base else ''}/sandbox/{path}"


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
