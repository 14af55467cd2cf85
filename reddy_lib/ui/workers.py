"""Who is at work on the ledger and what waits for whom: the panel on the Submit page, and the sentence for a
submission that nobody can send."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from reddy_lib.ledger import Ledger
from reddy_lib.sending.workers import queue, workers_known

__all__ = ["is_shared", "nobody_can_send", "workers_panel"]


def is_shared(ledger: Ledger) -> bool:
    """Is it worth showing who works on it: PostgreSQL, or more than one worker?"""
    return ledger.url.get_backend_name() != "sqlite" or len(workers_known(ledger)) > 1


def nobody_can_send(waiting: Any, *, anybody: bool, engine_here: bool) -> str:
    """Why nobody can send a submission, and what to do (plain text); "" if somebody can.

    Args:
        waiting: a row of `ledger.workers.queue`.
        anybody: whether an app with an engine, or a worker, is alive at all.
        engine_here: whether this very process sends.
    """
    if waiting.senders or waiting.state != "running" or not (waiting.queued or waiting.sending):
        return ""
    what = f"Submission {waiting.number} waits"
    if waiting.token_source == "notebook":
        return f"{what} for the notebook that began it: run its cell again to continue."
    if not anybody:
        return (
            f"No submission engine is running for this ledger, so submission {waiting.number} waits. Start a worker "
            "(python -m reddy_lib.worker), or the workbench (streamlit run app.py) without REDDY_ENGINE=off, "
            "and it continues by itself; nothing is lost."
        )
    if waiting.token_source == "typed":
        return f"{what}: its token was typed in, and " + (
            "the program that knew it is gone. Pause it, then resume it with the token."
            if engine_here
            else "this workbench leaves sending to workers, which do not know it. Start a worker with this token in "
            "REDDY_API_TOKEN, choose the stored connection here, then pause and resume it."
        )
    if waiting.token_source == "sandbox":
        return (
            f"{what}: no running worker knows where the sandbox is. Start workers with REDDY_SANDBOX_URL set to "
            "this workbench's address and /sandbox; it continues by itself."
        )
    token = f"the token {waiting.token_hint}" if waiting.token_hint else "a token"
    return (
        f"{what}: no running worker has {token} for {waiting.address}. Start one that has it in REDDY_API_TOKEN "
        "(and the address in REDDY_BASE_URL), and it continues by itself; or pause it, and resume it with another token."
    )


def workers_panel(ledger: Ledger) -> None:
    """Workers and queue as two tables."""
    from reddy_lib.ui import escape, has_engine, moment_column, number_of, place

    known, waits = workers_known(ledger), queue(ledger)
    alive = known[known["state"] == "alive"]
    for waiting in waits.itertuples():
        said = nobody_can_send(
            waiting, anybody=bool((alive["kind"] != "notebook").any()), engine_here=has_engine()
        )
        if said:
            st.warning(escape(said), icon=":material/hourglass_disabled:")
    st.markdown(
        f"**{number_of(len(alive), 'worker')} alive** · {number_of(int(known['in_flight'].sum()), 'call')} in flight · "
        f"{number_of(int(known['lately'].sum()), 'answer')} in the last minute"
    )
    if len(known):
        st.dataframe(
            workers_table(known),
            hide_index=True,
            height="content" if len(known) < 12 else 400,
            column_config={
                "Since": moment_column(),
                "Last sign": st.column_config.TextColumn(width=100),
                "In flight": st.column_config.NumberColumn(width=70),
                "Last minute": st.column_config.NumberColumn(
                    width=90, help="Answers in the minute before its last heartbeat"
                ),
            },
            key="workers",
            alt="Workers on this ledger: name, machine, kind, state, since when, last heartbeat, calls in flight.",
        )
    if len(waits):
        st.markdown("**Queue**")
        shown = pd.DataFrame(
            {
                "No.": waits["number"],
                "Batch": waits["batch"],
                "Where to": [
                    place(at, token) for at, token in zip(waits["address"], waits["token_hint"], strict=True)
                ],
                "State": waits["state"],
                "Waiting": waits["queued"],
                "In flight": waits["sending"],
                "Can send it": [
                    number_of(len(who), "worker") if who else "no worker" for who in waits["senders"]
                ],
            }
        )
        st.dataframe(
            shown,
            hide_index=True,
            height="content" if len(shown) < 12 else 400,
            key="queue",
            alt="Submissions that are not over: number, batch, destination, state, calls waiting, who can send it.",
        )


def workers_table(known: pd.DataFrame) -> pd.DataFrame:
    """`workers_known` as people read it. Columns: Name, Machine, Kind, State, Since, Last sign, In flight, Last minute."""
    return pd.DataFrame(
        {
            "Name": known["name"],
            "Machine": known["host"],
            "Kind": known["kind"],
            "State": known["state"],
            "Since": known["started"],
            "Last sign": [f"{seconds:,.0f} s ago" for seconds in known["silent_for"]],
            "In flight": known["in_flight"],
            "Last minute": known["lately"],
        }
    )
