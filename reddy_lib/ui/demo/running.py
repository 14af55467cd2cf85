"""The demos of this process: which batches they are, the faults that they switched on, and how far their stories are.

A demo lives in the process, not in a session: a reloaded tab goes on where it was. Its pace and its faults are those of
the sandbox, which everybody on this server shares, so they are taken back when the demo ends.
"""

from __future__ import annotations

import os
import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.errors import ConnectionUnusable, NotInLedger, SubmissionError
from reddy_lib.ledger import Ledger
from reddy_lib.sandbox import Fault
from reddy_lib.sending.overview import history
from reddy_lib.sending.submission import forget_deliveries
from reddy_lib.ui.demo.story import RECORDED_ROW, demo_calls, tones

__all__ = [
    "CALLS_AT_ONCE",
    "DEMO",
    "FAULTS",
    "Demo",
    "begin",
    "demo_of",
    "end",
    "is_asked_for",
    "is_possible",
    "switch_off",
    "switch_on",
]

DEMO = "REDDY_DEMO"
PACE = 2.0
"""Seconds that the sandbox takes for an answer: with two calls at once, forty take about a minute."""

CALLS_AT_ONCE = 2
SAMPLES = Path(__file__).resolve().parents[3] / "data"

FAULTS: dict[str, tuple[str, str, tuple[Fault, ...]]] = {
    "slow": (
        "Slow answers",
        "The next 6 answers take 6 s longer.",
        (Fault(kind="slow", on="create", seconds=6, times=6),),
    ),
    "storm": (
        "Too many requests",
        "The next 8 requests get 429, “wait 2 s”.",
        (Fault(kind="status", on="create", status=429, retry_after=2, times=8),),
    ),
    "refused": (
        "Refused agent",
        "The next call is refused: its agent is not active.",
        (Fault(kind="status", on="create", status=400, words="agent is not an active user", times=1),),
    ),
    "hang-up": (
        "Lost answer",
        "The next call arrives, but its answer is lost: is it there?",
        (Fault(kind="hang-up", on="create", processed=True, times=1),),
    ),
    "restart": (
        "Reddy restarts",
        "The next 5 requests get 503 until Reddy is back.",
        (Fault(kind="status", on="create", status=503, retry_after=2, times=5),),
    ),
}
"""Name → title, what happens, the faults. Each ends by itself."""


@dataclass
class Demo:
    """One demo. `seen`: steps of the story that were reached once; `used`: faults that were switched on."""

    batch_id: str
    latency_before: float
    faults: list[Fault] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)


_lock = threading.Lock()
_demos: dict[tuple[str, str], Demo] = {}
"""(Ledger, batch) → demo."""


def is_asked_for() -> bool:
    """Return whether the environment asks for a demo."""
    return os.environ.get(DEMO, "").strip().lower() in ("1", "on", "yes", "true")


def is_possible() -> bool:
    """Return whether calls can only go to the sandbox inside this process: no token is stored, none was typed."""
    try:
        return ui.stored() is None and ui.connection().is_sandbox and ui.stays_here(ui.sandbox_connection())
    except ConnectionUnusable:
        return False


def demo_of(ledger: Ledger, batch: Batch | None) -> Demo | None:
    """Return the demo whose batch is open, or None."""
    return None if batch is None else _demos.get((ledger.identity, batch.id))


def begin(ledger: Ledger) -> Batch:
    """Load the calls of a new demo, attach its recording, and slow the sandbox down; returns the batch.

    Raises:
        SubmissionError: a real connection is configured.
        LedgerError, SheetError: the calls cannot be stored.
    """
    if not is_possible():
        raise SubmissionError(
            "A demo needs the sandbox of this program: a connection to Reddy is configured, so nothing was loaded. "
            "Choose the sandbox under Connection, and start the workbench without a token."
        )
    sandbox = ui.sandbox()
    run = secrets.token_hex(2)
    batch = ledger.load(
        demo_calls(SAMPLES, run),
        name=f"Demo {run}",
        file_name="demo.csv",
        timezone="UTC",
        products=sandbox.products,
        who=ui.who(),
        progress=False,
    )
    lines = batch.lines(RECORDED_ROW)
    spoken = [(str(line.role), float(line.start), float(line.stop)) for line in lines.itertuples()]
    batch.attach(RECORDED_ROW, tones(spoken), name=f"demo-{run}.wav", who=ui.who())
    with _lock:
        running = [demo.latency_before for (of, _), demo in _demos.items() if of == ledger.identity]
        before = running[0] if running else sandbox.latency
        _demos[ledger.identity, batch.id] = Demo(batch.id, before)
        sandbox.latency = PACE
    st.session_state["calls_at_once"] = CALLS_AT_ONCE
    return batch


def end(ledger: Ledger, demo: Demo) -> None:
    """End a demo: take back its faults, forget what the sandbox received of it, and take its batch off the list.

    Calls of other batches, and faults that others set, stay as they are.

    Raises:
        SubmissionError: some of its calls went somewhere else than to the sandbox, or are on their way this moment.
    """
    if not is_possible():
        raise SubmissionError("A connection to Reddy is configured, so nothing of the demo was forgotten.")
    sandbox = ui.sandbox()
    try:
        batch: Batch | None = ledger.batch(demo.batch_id)
    except NotInLedger:
        batch = None
    if batch is not None:
        if (history(ledger, batch.id)["address"] != SANDBOX).any():
            raise SubmissionError(
                "Calls of this demo were sent to Reddy. They stay on record, and so does the demo."
            )
        ids = {str(one) for one in batch.calls(limit=None)["conversation_id"]}
        ledger.archive(batch, cancel=True)
        forget_deliveries(ledger, batch_id=batch.id)
        sandbox.forget_conversations(ids)
    sandbox.faults.remove(*demo.faults)
    with _lock:
        _demos.pop((ledger.identity, demo.batch_id), None)
        if not any(of == ledger.identity for of, _ in _demos):
            sandbox.latency = demo.latency_before


def switch_on(demo: Demo, name: str) -> None:
    """Make something go wrong. It ends by itself."""
    _, _, faults = FAULTS[name]
    # Copies: the sandbox takes back these very faults, and not those of another demo.
    mine = [Fault(**{key: getattr(fault, key) for key in fault.__struct_fields__}) for fault in faults]
    demo.faults += mine
    demo.used.add(name)
    ui.sandbox().faults.add(*mine)


def switch_off(demo: Demo) -> None:
    """Take back what was switched on and has not ended yet."""
    ui.sandbox().faults.remove(*demo.faults)
    demo.faults.clear()
