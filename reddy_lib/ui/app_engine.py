"""The engine of this process, which sends what pages queue."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import streamlit as st

from reddy_lib.errors import ConnectionUnusable
from reddy_lib.sending.connection import Connection
from reddy_lib.sending.engine import Engine, enqueue
from reddy_lib.sending.engine_start import PatientEngine
from reddy_lib.sending.submission import Submission
from reddy_lib.ui.connections import connection_for, stored
from reddy_lib.ui.process import PROCESS, ledger, open_ledger, sandbox_connection, tokens
from reddy_lib.ui.words import escape

__all__ = [
    "ENGINE_VARIABLE",
    "has_engine",
    "restart_engine",
    "sending_trouble",
    "start",
    "start_engine",
    "stop",
]

_log = logging.getLogger("reddy_lib.ui")

ENGINE_VARIABLE = "REDDY_ENGINE"


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

    PROCESS.engine = PatientEngine(make)
    PROCESS.engine.start()
    return PROCESS.engine


def sending_trouble() -> None:
    """Say on the page why this process does not send, if it should."""
    engine = PROCESS.engine
    if engine is not None and engine.trouble:
        st.warning(
            f"**Sending has not started.** {escape(engine.trouble)} The workbench tries again every few seconds.",
            icon=":material/sync_problem:",
        )


def stop() -> None:
    """Stop the engine, then close the ledgers: after that their files are whole by themselves."""
    process = PROCESS
    engine, process.engine = process.engine, None
    if engine is not None:
        engine.stop()
    with process.lock:
        ledgers = list(process.ledgers.values())
        process.ledgers.clear()
    for each in ledgers:
        each.close()


def restart_engine() -> bool:
    """Stop the engine, which finishes what is in flight, and start it again; returns whether there was one."""
    engine, PROCESS.engine = PROCESS.engine, None
    if engine is None:
        return False
    engine.stop()
    start_engine()
    return True


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
