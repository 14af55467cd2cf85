"""What Outcomes reads of the open batch: its submissions, and the outcomes of one of them or of all."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.ledger import Ledger
from reddy_lib.sending.overview import being_sent, history

__all__ = ["ALL", "Page", "Seen", "Stage", "funnel", "read", "read_page", "stage_now", "title_of"]

ALL = "all"
"""The scope of a whole batch; any other scope is the id of a submission."""

Stage = Literal["being sent", "waiting", "still"]
"""Whether the numbers change by themselves; "waiting": they will, once somebody resumes."""


@dataclass(frozen=True)
class Page:
    """The open batch. `runs`: its submissions, newest first; `names`: product id → name; `refused`: why this person can
    send nothing now, or None."""

    batch: Batch
    ledger: Ledger
    runs: pd.DataFrame
    names: dict[int, str]
    refused: str | None
    stage: Stage


def read_page(batch: Batch) -> Page:
    """Read what the page needs to know of a batch."""
    ledger = ui.ledger()
    return Page(
        batch=batch,
        ledger=ledger,
        runs=history(ledger, batch.id),
        names=ui.product_names(batch.products),
        refused=ui.cannot_send(),
        stage=stage_now(ledger, batch),
    )


def stage_now(ledger: Ledger, batch: Batch) -> Stage:
    """Return the stage at this moment."""
    if being_sent(ledger, batch.id):
        return "being sent"
    return "waiting" if batch.counts()["queued"] else "still"


def title_of(page: Page, scope: str) -> str:
    """A submission as one line of the list."""
    if scope == ALL:
        return f"All of this batch · {ui.number_of(page.batch.total, 'call')}"
    found = page.runs[page.runs["id"] == scope].iloc[0]
    by = f" · by {found['who']}" if found["who"] else ""
    return (
        f"Submission {found['number']} · {ui.when(found['created_at'])} · {ui.number_of(int(found['chosen']), 'call')} to "
        f"{ui.place(found['address'], found['token_hint'])}{by}"
    )


@dataclass(frozen=True)
class Seen:
    """What the page shows, read at one moment."""

    version: tuple[object, ...]  # of the outcomes: read again where it is another
    outcomes: pd.DataFrame
    in_doubt: int
    submissions: pd.DataFrame  # of all batches
    until: float  # it is shown so long while calls are being sent
    figures: dict[str, go.Figure]  # by chart: drawing one takes longer than all else on the page


def read(page: Page, scope: str) -> Seen:
    """Read what the page shows. While calls are being sent, what takes a second to read is read every ten seconds."""
    kept: Seen | None = st.session_state.get("outcomes_kept")
    of = (page.batch.id, scope)
    if kept is not None and kept.version[:2] != of:
        kept = None
    if kept is not None and page.stage == "being sent" and time.monotonic() < kept.until:
        return kept
    began = time.monotonic()
    version = (*of, page.batch.outcomes_version())
    figures: dict[str, go.Figure] = {}
    if kept is not None and kept.version == version:
        outcomes, figures = kept.outcomes, kept.figures
    else:
        outcomes = page.batch.outcomes() if scope == ALL else page.ledger.submission(scope).outcomes()
    seen = Seen(
        version,
        outcomes,
        page.batch.count(status="unknown", submission=None if scope == ALL else scope),
        history(page.ledger),
        time.monotonic() + 10 * (time.monotonic() - began),
        figures,
    )
    st.session_state["outcomes_kept"] = seen
    return seen


def funnel(page: Page, scope: str, counts: dict[str, int]) -> str:
    """What was left at each step, with its denominator."""
    total = page.batch.total
    if scope == ALL:
        sent = total - counts["held"] - counts["ready"]
        steps = [f"{total:,} loaded", f"{total - counts['held']:,} without errors", f"{sent:,} chosen"]
    else:
        steps = [f"{total:,} loaded", f"{sum(counts.values()):,} chosen"]
    steps.append(f"**{counts['accepted']:,} accepted**")
    return " → ".join(steps)
