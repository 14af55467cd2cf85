"""Parts that several pages draw: links to Review, badges of statuses, a table of submissions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from reddy_lib.batches.batch import Batch
from reddy_lib.ui.address_bar import link
from reddy_lib.ui.words import moment_column, place

__all__ = [
    "ICONS",
    "STATUS_COLOURS",
    "STATUS_MEANINGS",
    "review_link",
    "status_badges",
    "submissions_table",
    "table_height",
]

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


def table_height(rows: int, most: int) -> int:
    """Return how many pixels a table of so many rows needs, its header and a row for "nothing" included."""
    return min(most, 34 + 31 * max(1, rows))


def review_link(
    label: str,
    batch: Batch,
    *,
    status: str = "",
    query: str = "",
) -> None:
    """A link to Review with these calls listed.

    `query`: as in Review's address, `tag:CSAT=4`; `status` is short for one on the status.
    """
    st.page_link(
        "review.py",
        label=label,
        icon=ICONS["review"],
        query_params=link(batch.id, filter=query or f"status:{status}"),
    )


def submissions_table(
    history: Any, *, key: str, alt: str, batches: bool = False, choose: bool = False
) -> int | None:
    """Submissions as a table (a frame of `ledger.overview.history`); statuses that none of them has are left out.

    `batches`: with the name of each one's batch. `choose`: a row can be chosen; its position is returned.
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
        "created_at": moment_column("When"),
        "who": st.column_config.TextColumn("Who", width=70),
        "place": st.column_config.TextColumn("Where to", width=130),
        "state": st.column_config.TextColumn("State", width=70),
    }
    config |= {
        name: st.column_config.NumberColumn(name.capitalize(), width=70, format="localized")
        for name in ("chosen", *numbers)
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
