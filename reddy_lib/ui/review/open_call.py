"""The open call: what is wrong with it, its conversation, and everything else that would be sent of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.decisions import DROP, Decisions
from reddy_lib.batches.differences import Differences, differences
from reddy_lib.database.schema import EDITABLE
from reddy_lib.findings import CATALOGUE
from reddy_lib.outcomes import what_next
from reddy_lib.ui.forgetting import forget_call_section
from reddy_lib.ui.recordings import player, recording_tab
from reddy_lib.ui.review.call_record import draw_cells, draw_json, draw_record
from reddy_lib.ui.review.changes import digest, edited, revert, store
from reddy_lib.ui.review.conversation import Mark, draw_conversation
from reddy_lib.ui.review.fields import draw_fields
from reddy_lib.ui.review.findings_panel import draw_findings
from reddy_lib.ui.review.personal_marks import personal_marks
from reddy_lib.ui.review.tables import draw_lines, draw_tags
from reddy_lib.ui.tabs import steady_tabs

__all__ = ["draw_open_call"]

LOCKED_BECAUSE = {
    "queued": "It waits to be sent. Pause or cancel the submission to edit it.",
    "sending": "It is being sent.",
    "accepted": "Reddy has it. What was sent is not changed afterwards.",
    "unknown": "It may have reached Reddy. Find out on the Outcomes page first, then edit it.",
}


def draw_open_call(
    batch: Batch,
    row: int,
    *,
    key: str,
    names: dict[int, str],
    texts: pd.DataFrame | None,
    marks: dict[int, list[Mark]],
    head: Callable[[str, int], None],
) -> None:
    """Everything about one call, and every way of changing it.

    Args:
        names: product id → name.
        texts: the texts of the whole batch that are in no line; None where there are none.
        marks: turn number → what to mark in it.
        head: draws the line above the call, given its status and the number of findings.

    Raises NotInLedger: the batch has no such row.
    """
    call = batch.call(row)
    info = batch.info(row)
    findings = batch.findings_of(row)
    changed = (
        differences(batch.original(row), call) if info["edited"] else Differences((), {}, {}, (0, 0), {})
    )
    settled = info["status"] not in EDITABLE or info["forgotten_at"] is not None
    locked = settled or not ui.may("edit")
    decisions = batch.decisions(row)
    times = batch.lines(row)["times"].tolist()

    head(info["status"], len(findings))
    _why(info, settled)
    draw_findings(
        batch, row, call, findings, decisions, key=key, locked=locked, refused=info["status"] == "rejected",
        texts=texts,
    )  # fmt: skip

    labels = ["Conversation", "Lines", "Tags", "Fields", "From the sheet", "JSON", "History"]
    if info["audio"] != "none":
        labels.append("Recording")

    def conversation() -> None:
        if info["audio"] != "none":
            player(batch, row)
        shown = {number: list(found) for number, found in marks.items()}
        for number, found in personal_marks(call).items():
            shown.setdefault(number, []).extend(found)
        draw_conversation(batch, row, call, findings, times=times, marks=shown, locked=locked, changed=edited)

    def history() -> None:
        draw_record(batch, row)
        if info["forgotten_at"] is None:
            forget_call_section(batch, row)

    drawn: dict[str, Callable[[], None]] = {
        "Conversation": conversation,
        "Lines": lambda: draw_lines(
            batch, row, call, findings, changed, times, key=key, locked=locked
        ),
        "Tags": lambda: draw_tags(batch, row, call, findings, changed, key=key, locked=locked),
        "Fields": lambda: draw_fields(
            batch, row, call, findings, changed, names=names, key=key, locked=locked
        ),
        "From the sheet": lambda: draw_cells(batch, row),
        "JSON": lambda: draw_json(call),
        "History": history,
        "Recording": lambda: recording_tab(
            batch, row, call, locked, lambda row, change: store(batch, row, change), edited
        ),
    }  # fmt: skip
    for tab, label in zip(steady_tabs(labels, key=f"{key} tab"), labels, strict=True):
        if tab.open:
            with tab:
                drawn[label]()
    _told(batch, row, changed, decisions, digest(call), key=key, locked=locked)


def _why(info: dict[str, Any], settled: bool) -> None:
    """Say why the call is locked, or what Reddy answered."""
    if info["forgotten_at"] is not None:
        st.info(
            f"Deleted for good {ui.when(info['forgotten_at'])}: only its outcome is kept.",
            icon=":material/delete_forever:",
        )
    elif settled:
        st.info(LOCKED_BECAUSE[info["status"]], icon=":material/lock:")
    elif info["status"] == "rejected":
        reason = (info["error"] or "").rstrip(".")
        said = f"Reddy refused this call{f': {reason}' if reason else ' without a reason'}."
        todo = what_next("rejected", info["http_status"], reason)
        st.warning(ui.escape(f"{said} {todo}"), icon=":material/undo:")
    elif info["status"] == "failed" and info["error"]:
        st.warning(ui.escape(str(info["error"])), icon=":material/undo:")
    elif info["status"] == "skipped":
        st.info(
            ui.escape(str(info["skipped_because"] or ui.STATUS_MEANINGS["skipped"])),
            icon=":material/skip_next:",
        )


def _told(
    batch: Batch,
    row: int,
    changed: Differences,
    decisions: Decisions,
    content: str,
    *,
    key: str,
    locked: bool,
) -> None:
    """Say what differs from the sheet, with a way back."""
    told = [str(changed)] if changed else []
    told += [f"“{CATALOGUE[code].title}” accepted" for code in decisions.accepted]
    dropped = sum(taken.what == DROP for taken in decisions.texts.values())
    told += [f"{ui.number_of(dropped, 'text')} dropped"] if dropped else []
    if not told:
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"Changed: {ui.escape(' · '.join(told))}", width="stretch")
        st.button(
            "Restore what the sheet said",
            key=f"{key} revert",
            type="tertiary",
            icon=":material/undo:",
            disabled=locked,
            on_click=revert,
            args=(batch, row, content),
        )
