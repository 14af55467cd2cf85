"""Who else is on a batch, and what they changed since this page was drawn.

Who is here is known to this process alone; what was changed is read from the history of the ledger, so changes made
through another process, or in a notebook, show as well.
"""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.recent_changes import HistoryEnd, end_of_history, who_changed_since
from reddy_lib.errors import ReddyError

__all__ = ["draw_presence", "note_presence"]

HERE_FOR = 45.0
"""Seconds after its last sign that a tab counts as open: the watcher below gives one every few seconds."""

EVERY = 5.0


class _Tab(NamedTuple):
    batch_id: str
    who: str
    row: int | None
    at: float


_lock = threading.Lock()
_tabs: dict[str, _Tab] = {}  # session → what it looks at


def note_presence(batch: Batch, row: int | None) -> None:
    """Note that this session looks at a call of a batch."""
    context = get_script_run_ctx()
    if context is None:
        return
    now = time.monotonic()
    with _lock:
        _tabs[context.session_id] = _Tab(batch.id, ui.who(), row, now)
        for session in [one for one, tab in _tabs.items() if now - tab.at > HERE_FOR or not _open(one)]:
            del _tabs[session]


def _open(session: str) -> bool:
    """Whether the tab of a session is open: one that was reloaded or closed is not."""
    return not st.runtime.exists() or st.runtime.get_instance().is_active_session(session)


def draw_presence(batch: Batch, row: int | None, *, quiet: bool) -> None:
    """Show who else is on this batch, and follow their changes.

    `quiet`: do not draw the page anew by itself, because a field may be half typed; offer it.
    """
    try:
        seen = end_of_history(batch)
    except ReddyError:
        return  # the page itself says what is wrong with the ledger
    _watch(batch, row, seen, quiet)


@st.fragment(run_every=EVERY)
def _watch(batch: Batch, row: int | None, seen: HistoryEnd, quiet: bool) -> None:
    note_presence(batch, row)
    context = get_script_run_ctx()
    mine = context.session_id if context is not None else ""
    now = time.monotonic()
    with _lock:
        others = [
            tab
            for session, tab in _tabs.items()
            if session != mine and tab.batch_id == batch.id and now - tab.at <= HERE_FOR
        ]
    if others:
        st.caption(f":material/group: {_told(others, row)}", width="content")
    try:
        who = ", ".join(name or "Somebody" for name in who_changed_since(batch, seen))
    except ReddyError:
        return
    if who and quiet:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f":orange[:material/sync: {ui.escape(who)} changed calls of this batch.]", width="content"
            )
            if st.button("Show", key=f"presence {batch.id}", type="tertiary"):
                _anew()
    elif who:
        _anew()


def _anew() -> None:
    st.session_state["review edits"] = st.session_state.get("review edits", 0) + 1
    st.rerun()


def _told(others: list[_Tab], row: int | None) -> str:
    people: dict[str, list[int]] = {}
    for tab in others:
        people.setdefault(tab.who or "Somebody", []).append(tab.row or 0)
    me = ui.who()
    told = []
    for who, rows in people.items():
        name = "You, in another tab" if who == me else ui.escape(who)
        at = next((each for each in rows if each), None)
        told.append(name + (" (this call)" if row and row in rows else f" (row {at})" if at else ""))
    shown = told if len(told) <= 3 else [*told[:3], f"{len(told) - 3} more"]
    return "Also here: " + ", ".join(shown)
