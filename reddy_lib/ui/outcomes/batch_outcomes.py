"""Outcomes of the open batch, or of one of its submissions; everything on it follows a submission that runs."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.database.schema import STATUSES
from reddy_lib.outcomes import to_csv, to_xlsx, where
from reddy_lib.outcomes.evidence import write_evidence
from reddy_lib.outcomes.exports import file_name
from reddy_lib.ui.downloads import download
from reddy_lib.ui.outcomes.calls_table import table, write_outcomes
from reddy_lib.ui.outcomes.charts_panel import CHARTS, CHARTS_HEIGHT, chart, next_steps
from reddy_lib.ui.outcomes.doubts_panel import doubt_line
from reddy_lib.ui.outcomes.page_state import ALL, Page, funnel, read, stage_now
from reddy_lib.ui.outcomes.picked import filters_of
from reddy_lib.ui.outcomes.recordings_line import recordings_line
from reddy_lib.ui.who_saw import seen_download

__all__ = ["all_submissions", "body"]


def body(page: Page, scope: str) -> None:
    """Everything that follows a running submission, at one moment; has the page drawn again when that begins or ends."""
    with ui.alerts(), page.ledger.moment():
        if stage_now(page.ledger, page.batch) != page.stage:
            st.rerun()
        seen = read(page, scope)
        outcomes = seen.outcomes
        doubt_line(page, scope, seen.in_doubt)
        # counted in the frame that is charted, not asked again: the frame may be some seconds old
        found_counts = outcomes["status"].value_counts()
        counts = {status: int(found_counts.get(status, 0)) for status in STATUSES}
        shown = outcomes
        for found in filters_of(page, scope).values():
            shown = where(shown, found)

        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(funnel(page, scope, counts))
            st.space("stretch")
            number = None if scope == ALL else int(page.runs[page.runs["id"] == scope]["number"].iloc[0])
            seen_outcomes = seen_download(page.batch.id, calls=len(shown))
            name = partial(file_name, page.batch.name, number, datetime.now(UTC))
            download(
                "outcomes-csv",
                "CSV",
                partial(write_outcomes, to_csv, shown),
                file_name=name("csv"),
                mime="text/csv",
                of=scope,
                seen=seen_outcomes,
            )
            download(
                "outcomes-xlsx",
                "Excel",
                partial(write_outcomes, to_xlsx, shown),
                file_name=name("xlsx"),
                mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                of=scope,
                seen=seen_outcomes,
            )
            chosen_runs = list(page.runs["id"])[::-1] if scope == ALL else [scope]
            download(
                "evidence",
                "Download evidence",
                partial(write_evidence, [page.ledger.submission(str(one)) for one in chosen_runs]),
                file_name=file_name(f"{page.batch.name}-evidence", number, datetime.now(UTC), "zip"),
                mime="application/zip",
                icon=":material/verified:",
                type="primary",
                help="Every chosen call by status with the sheet's own columns, each request as it was sent, each answer, "
                "and a manifest. It holds the words of the calls, and no token."
                + ("" if scope != ALL or len(page.runs) < 2 else " One folder for each submission."),
                of=scope,
                seen=seen_download(
                    page.batch.id, calls=sum(counts.values()), reference=None if scope == ALL else scope
                ),
            )
        recordings_line(page, scope, outcomes)
        left, right = st.columns([2, 3], gap="small")
        with left, st.container(border=True, height=CHARTS_HEIGHT, gap="small"):
            chart(page, scope, "status", seen)
            next_steps(page, scope, outcomes)
        with right, st.container(border=True, height=CHARTS_HEIGHT):
            away = counts["rejected"] + counts["failed"] + counts["unknown"]
            picked = st.segmented_control(
                "Chart",
                list(CHARTS),
                default="reasons" if away else "agent",
                required=True,
                format_func=CHARTS.__getitem__,
                label_visibility="collapsed",
                key=f"chart of {page.batch.id} {scope}",
            )
            chart(page, scope, picked, seen)
        table(page, scope, shown, len(outcomes))
        all_submissions(page, scope, seen.submissions)


def all_submissions(page: Page, scope: str, everything: pd.DataFrame) -> None:
    """Every submission of every batch; choosing one opens it."""
    with st.expander(f"All submissions of all batches ({len(everything):,})", icon=":material/history:"):
        at = ui.submissions_table(
            everything,
            batches=True,
            choose=True,
            key=f"history {page.batch.id} {scope} {hash(tuple(everything['id']))}",
            alt="Every submission, newest first: batch, when, who, where, and calls by status.",
        )
        st.caption("Choose a submission to open its outcomes.")
        if at is None:
            return
        found = everything.iloc[at]
        if not found["open"]:
            st.info("The batch of this submission was taken off the list. Its outcomes stay on record.")
        elif found["id"] != scope:
            ui.remember_batch(str(found["batch_id"]), submission=str(found["id"]))
            st.rerun()
