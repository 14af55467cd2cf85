"""Numbers of the whole batch: asked of the ledger when something changed, not at every click."""

from __future__ import annotations

from typing import Any

import msgspec
import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.decisions import BatchLoss
from reddy_lib.batches.queries import Query

__all__ = ["Overview"]


class Overview(msgspec.Struct):
    """Counts behind the filters. They need a look at every call, so they are kept while the batch stays the same.

    Attributes:
        state: what they were counted for; another state counts again.
        counts: status → calls.
        warnings, edited: how many calls have a warning, or were edited.
        loss: the loss meter over the batch.
        texts: texts that are in no line; None where there are none.
    """

    state: Any
    counts: dict[str, int]
    warnings: int
    edited: int
    loss: BatchLoss
    texts: pd.DataFrame | None
    matched: tuple[Query, int] | None = None

    @classmethod
    def of(cls, batch: Batch) -> Overview:
        """Return the numbers of a batch. Raises LedgerUnavailable."""
        counts = batch.counts()
        state = (batch.id, tuple(counts.values()), st.session_state.get("review edits", 0))
        kept: Overview | None = st.session_state.get("review overview")
        if kept is None or kept.state != state:
            missing = "transcript-unassigned" in set(batch.finding_counts()["code"])
            kept = cls(
                state,
                counts,
                batch.count(severity="warning"),
                batch.count(edited=True),
                batch.loss(),
                batch.unassigned().query("decision == ''") if missing else None,
            )
            st.session_state["review overview"] = kept
        return kept

    def matching(self, batch: Batch, query: Query) -> int:
        """Return how many calls a query leaves; counted once for the same query and batch."""
        if not query:
            return sum(self.counts.values())
        if self.matched is None or self.matched[0] != query:
            self.matched = (query, batch.count(query=query))
        return self.matched[1]

    def draw_loss(self) -> None:
        """The loss meter, as a badge beside the title."""
        if not self.loss.characters:
            return
        colour = "red" if self.loss.waiting else "gray"
        icon = "" if self.loss.waiting else ":material/check: "
        st.markdown(
            f":{colour}-badge[{icon}{ui.escape(str(self.loss))}]",
            width="content",
            help="Characters of the sheet's transcripts, without white space, that are in the lines, or are labels, "
            "times and markup around them. A call is held until you decide about text that is in no line.",
        )
