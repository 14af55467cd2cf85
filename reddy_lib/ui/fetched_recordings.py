"""Recordings that the sheet names by web addresses: what may be fetched, one button that does, how far it is.

Off unless whoever runs the workbench listed hosts; then it says which hosts the sheet has, and asks nothing. The work is
`submission.fetching`'s, in threads of its own: a click, a rerun or a closed tab does not touch it, and this module finds
it again by the batch's store. Of an address nothing is shown but its host and the name of the file.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.allowed_hosts import HOSTS_SETTING, PRIVATE_HOSTS_SETTING, AllowedHosts
from reddy_lib.api.fetching import FetchLimits
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.fetch_recordings import (
    AT_ONCE,
    Fetching,
    FetchPlan,
    FetchProgress,
    HostRows,
    batch_store,
    fetching_of,
    planned,
    start_fetching,
)
from reddy_lib.batches.recording_urls import Addressed, addressed_calls
from reddy_lib.errors import ReddyError
from reddy_lib.plurals import agreeing
from reddy_lib.recordings.download_log import FetchRecord
from reddy_lib.recordings.store import Recording, RecordingStore

__all__ = ["Addresses", "fetch_panel"]

SHOWN_HOSTS = 6
MOST_HOSTS = 30
"""Hosts that a proposed setting names: a sheet with more has something else in that column."""
SHOWN_ROWS = 5
PAGE = 200
"""Failures in the table; more are counted."""
ROW = 66
"""Pixels of a line of that table: its text takes more than one line only where there are more than 64."""
ICON = ":material/cloud_download:"


class Addresses:
    """What the sheet's addresses mean for the matching. `fetched`: row → the recording that its own address led to."""

    def __init__(self, addressed: Sequence[Addressed], fetched: dict[int, Recording]) -> None:
        self.fetched = fetched
        self._addresses = {one.row: one.address for one in addressed}

    def on(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The calls with the addresses in place of the names that they announce: folders of an address tell files that
        were dropped apart. What is shown of them is the name again."""
        if not self._addresses:
            return rows
        written = rows["filename"].where(
            ~rows.index.isin(list(self._addresses)), rows.index.map(self._addresses)
        )
        return rows.assign(filename=written)


def fetch_panel(batch: Batch, store: RecordingStore, *, first: bool) -> Addresses:
    """Says what addresses the sheet has and what became of them, and fetches them where that is allowed; nothing once
    every call that has one is attached or sent. `first`: no recording is here yet."""
    allowed, wrong = _allowed()
    addressed, plan = _known(batch, FetchRecord(store), allowed)
    if not addressed:
        return Addresses([], {})
    work = fetching_of(store)
    running = work is not None and not work.progress().over
    if plan.closed == plan.rows and not running:
        return Addresses(addressed, plan.fetched)
    if not allowed and not wrong:
        with st.expander(_said(plan), expanded=first):
            _off(plan)
        return Addresses(addressed, plan.fetched)
    with st.container(border=True):
        _head(batch, plan, allowed, running=running)
        if wrong:
            st.error(wrong, icon=":material/error:")
        elif plan.not_allowed:
            _not_allowed(plan)
        if work is not None:
            if running:
                st.session_state[f"fetching watched {batch.id}"] = True
            st.fragment(_progress, run_every=1.0 if running else None)(batch.id, work)
        if allowed and not running:
            _failures(batch, plan)
            _alike(addressed, plan)
    return Addresses(addressed, plan.fetched)


def _known(batch: Batch, record: FetchRecord, allowed: AllowedHosts) -> tuple[list[Addressed], FetchPlan]:
    """The sheet's addresses, and where they stand. Worked out again only when calls, the list of hosts, or what was
    fetched changed: both look at every row."""
    calls = (batch.id, st.session_state.get("review edits", 0), tuple(batch.counts().values()))
    now = (calls, allowed, record.version())
    kept: dict[str, Any] = st.session_state.setdefault("recordings addressed", {"calls": None, "now": None})
    if kept["calls"] != calls:
        kept |= {"addressed": addressed_calls(batch), "calls": calls, "now": None}
    if kept["now"] != now:
        kept |= {"plan": planned(kept["addressed"], allowed, record.read()), "now": now}
    return kept["addressed"], kept["plan"]


def _allowed() -> tuple[AllowedHosts, str]:
    """The administrator's list, and what is wrong with it."""
    try:
        return AllowedHosts.from_environment(), ""
    except ValueError as error:
        said = f"{HOSTS_SETTING} or {PRIVATE_HOSTS_SETTING} cannot be used, so nothing is fetched: {error}"
        return AllowedHosts(), ui.escape(said)


def _head(batch: Batch, plan: FetchPlan, allowed: AllowedHosts, *, running: bool) -> None:
    """What there is, in a line or two, and the buttons for what can be done about it."""
    said = _said(plan)
    if allowed and plan.here and not running:
        said += f" Fetched: {plan.here:,} of {plan.rows - plan.closed:,}."
    if not allowed or running or not (plan.failed or plan.waiting):
        st.markdown(said)
        return
    text, buttons = st.columns([0.6, 0.4], vertical_alignment="center")
    text.markdown(said)
    with buttons.container(horizontal=True, horizontal_alignment="right"):
        if plan.failed:
            st.button(
                f"Try {len(plan.failed):,} again",
                icon=":material/refresh:",
                key=f"fetch again {batch.id}",
                help="Those that failed, listed below.",
                on_click=_start,
                args=(batch, True),
            )
        if plan.waiting:
            st.button(
                f"Fetch {ui.number_of(len(plan.waiting), 'recording')}",
                icon=ICON,
                key=f"fetch {batch.id}",
                help=f"{AT_ONCE} at a time, in the background. You can stop it: recordings that have arrived are kept.",
                on_click=_start,
                args=(batch, False),
            )


def _said(plan: FetchPlan) -> str:
    """How many calls have an address, and where."""
    said = f"{ICON} **{ui.number_of(plan.rows, 'call')}** {'names its' if plan.rows == 1 else 'name their'} recording "
    said += f"by a web address{_hosts(plan.hosts)}."
    if plan.closed:
        said += (
            f" {plan.closed:,} of them {'needs' if plan.closed == 1 else 'need'} nothing: attached, or sent."
        )
    return said


def _hosts(hosts: Sequence[HostRows]) -> str:
    if not hosts:
        return ""
    shown = [f"{ui.escape(one.host)} ({one.rows:,})" for one in hosts[:SHOWN_HOSTS]]
    more = len(hosts) - len(shown)
    return " at " + ", ".join(shown) + (f" and {ui.number_of(more, 'more host')}" if more else "")


def _start(batch: Batch, again: bool) -> None:
    """Fetch what waits by now, or what failed: another tab may have been here since this one was drawn."""
    try:
        batch.database.require("edit")
        store = batch_store(batch)
        allowed, _ = _allowed()
        plan = planned(addressed_calls(batch), allowed, FetchRecord(store).read())
        wanted = [one for one, _ in plan.failed] if again else plan.waiting
        if wanted:
            start_fetching(wanted, store, allowed)
    except ReddyError as error:
        told = {"done": "", "refused": [ui.escape(str(error))], "verb": "fetched"}
        st.session_state[f"recordings {batch.id}"]["told"] = told


def _off(plan: FetchPlan) -> None:
    settings = []
    for setting, inside in ((HOSTS_SETTING, False), (PRIVATE_HOSTS_SETTING, True)):
        hosts = [one.host for one in plan.hosts[:MOST_HOSTS] if _inside(one.host) is inside]
        settings += [f"{setting}={','.join(hosts)}"] if hosts else []
    st.markdown(
        "Fetching is off here: no server is asked for recordings. Drop the files above, or ask your administrator to list "
        f"the hosts that may be asked, and to restart the workbench{':' if settings else '.'}"
    )
    if settings:
        st.code("\n".join(settings), language=None)


def _inside(host: str) -> bool:
    """Does the host look like one of the company's own network? Nobody is asked about its name."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    try:
        return not ipaddress.ip_address(name.strip("[]")).is_global
    except ValueError:
        return "." not in name or name.endswith(
            (".local", ".lan", ".internal", ".intranet", ".corp", ".home")
        )


def _not_allowed(plan: FetchPlan) -> None:
    missing = [one for one in plan.hosts if not one.allowed]
    rows = sum(len(one.rows) for one in plan.not_allowed)
    st.markdown(
        f":orange[:material/block:] {ui.number_of(rows, 'call')} {'is' if rows == 1 else 'are'} left out: "
        f"{', '.join(ui.escape(one.host) for one in missing[:SHOWN_HOSTS])}"
        f"{' …' if len(missing) > SHOWN_HOSTS else ''} {'is' if len(missing) == 1 else 'are'} not among the hosts that "
        f"may be asked. Drop those files above, or ask your administrator to add "
        f"{'it' if len(missing) == 1 else 'them'} to {ui.escape(HOSTS_SETTING)}."
    )


def _progress(batch_id: str, work: Fetching) -> None:
    """How far the work is, once a second while it runs; the page is drawn again when it ends."""
    now = work.progress()
    if now.over:
        if st.session_state.pop(f"fetching watched {batch_id}", False):
            st.rerun()
        if now.why:
            st.warning(f"{ui.escape(now.why)} Not asked: {now.left:,}.", icon=":material/front_hand:")
        elif now.left:
            st.caption(
                f"Stopped with {agreeing(now.left, 'recording', 'recordings')} left. Press “Fetch” to continue."
            )
        return
    settled = now.fetched + now.failed
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(settled / now.total if now.total else 1.0, _far(now))
        st.button(
            "Stop",
            icon=":material/stop:",
            key=f"fetch stop {batch_id}",
            disabled=now.state == "stopping",
            on_click=work.stop,
        )
    st.caption(
        "Each download under way stops when its next bytes arrive, within "
        f"{FetchLimits().idle_seconds:,.0f} seconds. Recordings that have arrived are kept."
        if now.state == "stopping"
        else "You can leave this page or close the tab: it continues until the workbench itself stops."
    )


def _far(now: FetchProgress) -> str:
    words = [f"Fetched {now.fetched:,} of {now.total:,}"]
    if now.failed:
        words.append(f"{now.failed:,} failed")
    words.append("stopping" if now.state == "stopping" else f"{now.under_way:,} on the way")
    words.append(f"{now.size / (1 << 20):,.1f} MB")
    return " · ".join(words)


def _failures(batch: Batch, plan: FetchPlan) -> None:
    """Each address that gave no recording: of which row, from where, and what to do."""
    lines = [
        (_rows(wanted.rows), wanted.host, wanted.name, said)
        for wanted, said in sorted((*plan.failed, *plan.unreadable), key=lambda one: one[0].rows)
    ]
    if not lines:
        return
    st.markdown(f":red[:material/error:] **{len(lines):,}** not fetched")
    st.dataframe(
        pd.DataFrame(lines[:PAGE], columns=["rows", "host", "file", "said"]),
        hide_index=True,
        height=min(244, 40 + ROW * min(len(lines), PAGE)),
        row_height=ROW,
        key=f"fetch failures {batch.id}",
        column_config={
            "rows": st.column_config.TextColumn("Row", width=50),
            "host": st.column_config.TextColumn("Host", width=130),
            "file": st.column_config.TextColumn("File", width=130),
            "said": st.column_config.TextColumn("What happened, and what to do", width=460),
        },
        alt=f"{ui.number_of(len(lines), 'recording')} not fetched: row, host, name of the file, what happened.",
    )
    if len(lines) > PAGE:
        st.caption(f"and {len(lines) - PAGE:,} more.")


def _rows(rows: Sequence[int]) -> str:
    return ", ".join(str(row) for row in rows[:SHOWN_ROWS]) + (" …" if len(rows) > SHOWN_ROWS else "")


def _alike(addressed: Sequence[Addressed], plan: FetchPlan) -> None:
    """Different addresses that gave the very same bytes: perhaps an announcement in place of the recordings."""
    rows: dict[str, list[int]] = defaultdict(list)
    addresses: dict[str, set[str]] = defaultdict(set)
    for one in addressed:
        recording = plan.fetched.get(one.row)
        if one.open and recording is not None:
            rows[recording.key].append(one.row)
            addresses[recording.key].add(one.address.strip())
    alike = [several for key, several in rows.items() if len(addresses[key]) > 1]
    for several in alike[:SHOWN_ROWS]:
        st.markdown(
            f":orange[:material/warning:] Rows {_rows(several)} have different addresses, but all returned the "
            "same recording: listen to it before you attach it."
        )
    if len(alike) > SHOWN_ROWS:
        st.caption(f"and {ui.number_of(len(alike) - SHOWN_ROWS, 'more recording')} like that.")
