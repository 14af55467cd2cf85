"""What the page Submit reads at its start; its panels draw from it, so that all of them are of one moment."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.ledger import Ledger
from reddy_lib.sending.connection import Connection
from reddy_lib.sending.overview import history
from reddy_lib.ui import choice

__all__ = ["Page", "read_page"]


@dataclass(frozen=True)
class Page:
    """The open batch, the chosen connection, and what the ledger says about both.

    Attributes:
        products: of the connection; None where its list did not come.
        names: product id → name.
        where: the connection in words.
        counts: calls of the batch by status.
        earlier: its submissions, newest first (`overview.history`).
        refused: why this person can send nothing now, or None.
        ticks: the rows ticked in Review.
    """

    batch: Batch
    ledger: Ledger
    to: Connection
    products: list[dict[str, Any]] | None
    names: dict[int, str]
    where: str
    counts: dict[str, int]
    earlier: pd.DataFrame
    refused: str | None
    ticks: list[int]

    @cached_property
    def under_way(self) -> list[Any]:
        """The submissions that did not end, as rows of `earlier`; an ended one may still have calls in flight."""
        return [
            found
            for found in self.earlier.itertuples()
            if found.state in ("running", "paused", "waiting") or found.sending
        ]

    @cached_property
    def running(self) -> bool:
        """Whether calls of the batch are being sent."""
        return any(found.state == "running" or found.sending for found in self.under_way)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """How many calls each choice has."""
        return {
            "ready": self.counts["ready"],
            "ticked": len(self.ticks),
            "failed": self.counts["failed"],
            "rejected": self.counts["rejected"],
        }

    def fresh_id(self) -> str:
        """Return the id that the next submission gets: made before the click, so that one click is one submission."""
        ids = st.session_state.setdefault("next_submission", {})
        return str(ids.setdefault(self.batch.id, "s" + secrets.token_hex(8)))


def read_page() -> Page:
    """Read what the page needs; without an open batch, say so and stop."""
    batch = ui.open_batch()
    ledger = ui.ledger()
    to = ui.connection()
    products = ui.products(to)
    return Page(
        batch=batch,
        ledger=ledger,
        to=to,
        products=products,
        names=ui.product_names(products if products is not None else batch.products),
        where=ui.place(to.address, to.token_hint),
        counts=batch.counts(),
        earlier=history(ledger, batch.id),
        refused=ui.cannot_send(),
        ticks=choice.ticked(batch),
    )
