"""The banner over every page while the ledger is older than what was sent from it, and the two ways out of that.

Asking Reddy about thousands of calls takes longer than a page's run, so it is a job of the process: it goes on while
its tab is closed, every tab shows how far it is, and what was answered is kept where the program dies. The job's thread
touches nothing of Streamlit's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import streamlit as st

from reddy_lib import ui
from reddy_lib.errors import ReddyError
from reddy_lib.ledger import Ledger
from reddy_lib.sending.connection import Connection
from reddy_lib.sending.restore_check import CheckedRestored, check_restored
from reddy_lib.sending.restore_suspects import addresses_to_ask, count_suspects
from reddy_lib.sending.restored import Restored, restored, trust_restored
from reddy_lib.ui.connection_choice import connection_panel

__all__ = ["CheckJob", "job_of", "restored_banner", "start_check"]

TOLD_FOR = 3_600.0
"""Seconds in which tabs are told how a check ended."""

_lock = threading.Lock()
_jobs: dict[str, CheckJob] = {}


class CheckJob:
    """Asking about every call of a restored ledger, at each address that there is a connection for. Made by `start_check`.

    Attributes: total, asked (calls), outcomes (one an address), error (why it ended early, "" if it did not).
    """

    def __init__(self, ledger: Ledger, connections: Sequence[Connection], *, total: int, who: str) -> None:
        self.total, self.asked = total, 0
        self.outcomes: list[CheckedRestored] = []
        self.error = ""
        self.ended = 0.0
        self._ledger, self._connections, self._who = ledger, list(connections), who
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reddy-restored", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<CheckJob {'running' if self.running else 'ended'} · {self.asked:,} of {self.total:,} asked>"

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def there(self) -> int:
        return sum(one.there for one in self.outcomes)

    @property
    def settled(self) -> bool:
        return bool(self.outcomes) and self.outcomes[-1].settled

    def stop(self) -> None:
        """End after the piece that is being asked about; what was answered is kept."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is over, for at most so many seconds (None: as long as it takes). True: it is over."""
        self._thread.join(seconds)
        return not self.running

    def _run(self) -> None:
        self.error = "The program failed; its log says why."
        try:
            for connection in self._connections:
                if self._stop.is_set():
                    break
                self._ask(connection)
            self.error = "It was stopped." if self._stop.is_set() and not self.settled else ""
        except ReddyError as error:
            self.error = str(error)
        finally:
            self.ended = time.monotonic()

    def _ask(self, connection: Connection) -> None:
        before = self.asked

        def asked(done: int, _total: int) -> bool:
            self.asked = before + done
            return not self._stop.is_set()

        with connection.client() as client:
            self.outcomes.append(
                check_restored(
                    self._ledger,
                    client,
                    address=connection.address,
                    who=self._who,
                    progress=False,
                    on_progress=asked,
                )
            )


def start_check(ledger: Ledger, connections: Sequence[Connection], *, total: int, who: str = "") -> CheckJob:
    """Ask about a restored ledger; where that is being done already, it is not begun a second time."""
    ledger.require("send")  # once: the job goes on where a sign-in ends meanwhile
    ledger = ledger.for_person(None)
    key = ledger.url.render_as_string(hide_password=True)
    with _lock:
        now = _jobs.get(key)
        if now is None or not now.running:
            now = _jobs[key] = CheckJob(ledger, connections, total=total, who=who)
    return now


def job_of(ledger: Ledger) -> CheckJob | None:
    """The last check of a ledger in this process, running or not."""
    return _jobs.get(ledger.url.render_as_string(hide_password=True))


def restored_banner(ledger: Ledger) -> None:
    """Show, over every page, that the ledger was restored, how far asking about it is, or how it was settled."""
    job = job_of(ledger)
    standing = restored(ledger)
    if standing is None:
        _settled(job)
        return
    with st.container(border=True):
        st.error(
            f"**Sending is paused.** {ui.escape(standing.words)}",
            icon=":material/history:",
        )
        if job is not None and job.running:
            st.fragment(_progress, run_every=1.0)(job)
            return
        _ways_out(ledger, standing)
        if job is not None and job.ended and not job.settled:
            _left(job)


def _ways_out(ledger: Ledger, standing: Restored) -> None:
    at_hand = {
        one.address: one
        for one in (*ui.connections_at_hand(), ui.connection())  # what this person chose wins
    }
    wanted = addresses_to_ask(ledger) or [ui.connection().address]
    counts = {address: count_suspects(ledger, address) for address in wanted}
    here = [at_hand[address] for address in wanted if address in at_hand]
    total = sum(counts[one.address] for one in here)
    places = " and ".join(ui.escape(ui.place(one.address, one.token_hint)) for one in here)
    st.markdown(
        f"Noticed {ui.when(standing.since)}. {ui.number_of(sum(counts.values()), 'call')} that this ledger shows "
        "as unsent may already be at Reddy. Ask Reddy: the calls it has become *accepted* and are not sent again; the "
        "others stay as they are. Then you can resume paused submissions."
    )
    missing = [address for address in wanted if address not in at_hand and counts[address]]
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            f"Ask Reddy about {ui.number_of(total, 'call')}" if here else "Ask Reddy",
            type="primary",
            icon=":material/help:",
            disabled=not (here and ui.may("send")),
            help=ui.why_not("send", f"Asks {places}." if here else "Choose a connection first."),
            key="ask about restored",
        ):
            start_check(ledger, here, total=total, who=ui.who())
            st.rerun()
        with st.popover(
            "Nothing was sent since: continue",
            icon=":material/task_alt:",
            disabled=not ui.may("administer"),
            help=ui.why_not("administer"),
        ):
            _trust(ledger)
        if missing and st.button("Choose a connection", icon=":material/tune:", key="connect restored"):
            connection_panel()
    for address in missing:
        st.caption(
            f":material/key: {ui.number_of(counts[address], 'call')} can be asked about only with a token for "
            f"{ui.escape(ui.place(address))}: choose that connection, then ask."
        )


def _trust(ledger: Ledger) -> None:
    st.markdown(
        "Only if **nothing was sent from this ledger** after the backup or copy was made: not from here, and not from "
        "another machine. Any call that was sent is sent a second time, and Reddy may grade it twice."
    )
    sure = st.checkbox("Nothing was sent since. I am sure.", key="trust restored sure")
    st.caption("Your name and the time are kept with it.")
    if st.button("Continue", type="primary", disabled=not sure, key="trust restored now"):
        with ui.alerts():
            trust_restored(ledger, who=ui.who() or "somebody")
            st.rerun()


def _progress(job: CheckJob) -> None:
    if not job.running:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(
            min(1.0, job.asked / max(1, job.total)),
            f"Asking Reddy: {job.asked:,} of {job.total:,}. It continues if you close this tab.",
        )
        st.button(
            "Stop",
            icon=":material/stop_circle:",
            key="stop restored",
            on_click=job.stop,
            help="What was answered is kept.",
        )


def _left(job: CheckJob) -> None:
    """Why the last check did not settle it."""
    if job.error:
        st.warning(
            f"{ui.escape(job.error)} What was answered is kept: ask again to continue.",
            icon=":material/error:",
        )
    early = sum(outcome.early for outcome in job.outcomes)
    if early:
        st.info(
            f"Reddy does not know {ui.number_of(early, 'call')}, but calls were sent only minutes ago, and it may not know "
            "new ones at once. Ask again in five minutes.",
            icon=":material/hourglass_top:",
        )
    unclear = [one for outcome in job.outcomes for one in outcome.unclear]
    if unclear:
        batch, row, why = unclear[0]
        st.warning(
            f"Reddy did not answer for {ui.number_of(len(unclear), 'call')}, row {row} of {ui.escape(batch)} among them: "
            f"{ui.escape(why)} Ask again later, or look them up in Reddy.",
            icon=":material/hourglass_top:",
        )


def _settled(job: CheckJob | None) -> None:
    """Once it is settled by asking: what that brought, once in each tab."""
    if job is None or not job.settled or time.monotonic() - job.ended > TOLD_FOR:
        return
    if st.session_state.get("restored told") is job:
        return
    st.session_state["restored told"] = job
    st.success(
        f"Reddy was asked about {ui.number_of(job.asked, 'call')}: it has {job.there:,} of them, which are accepted now. "
        "Paused submissions can be resumed.",
        icon=":material/check_circle:",
    )
