"""Changes of many calls, in a thread of the app: they go on when the dialog, the tab or the browser is closed.

A change that is quick is done before the page answers. A longer one shows its progress at the top of every visit to
Review, to whoever has the batch open. If the app itself is stopped, History offers to continue or to undo it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.operations import Operation
from reddy_lib.errors import ReddyError

__all__ = ["Work", "draw_jobs", "run_operation"]

_log = logging.getLogger("reddy_lib.ui")

AT_ONCE = 1.0
"""Seconds a page waits for a change before it shows progress instead."""

Work = Callable[[Callable[[int], object]], Any]
"""Makes the change and returns what came of it; takes what is to be called with the number of calls, or steps, done."""


class _Job:
    def __init__(self, title: str, total: int, unit: str, tell: Callable[[Any], None]) -> None:
        self.title, self.total, self.unit, self.tell = title, total, unit, tell
        self.done = 0
        self.result: Any = None
        self.error = ""
        self.told = False
        self.thread: threading.Thread | None = None

    def run(self, work: Work) -> None:
        try:
            self.result = work(lambda done: setattr(self, "done", done))
        except (ReddyError, ValueError) as error:
            self.error = str(error)
        except Exception:  # noqa: BLE001 - the thread has no page to fail on: the page is told
            _log.exception("a change of many calls failed")
            self.error = f"“{self.title}” failed part-way. History shows how far it got."

    @property
    def running(self) -> bool:
        return self.thread is not None and self.thread.is_alive()


_lock = threading.Lock()
_jobs: dict[str, list[_Job]] = {}  # batch id → changes that run, or were not told yet


def run_operation(
    batch: Batch,
    title: str,
    total: int,
    work: Work,
    *,
    changed: Callable[[], None],
    unit: str = "calls",
    tell: Callable[[Any], None] | None = None,
) -> Literal["done", "running", "failed"]:
    """Make a change of many calls. What ended within a second is told here; what takes longer, on the page.

    Args:
        total: how many calls it looks at, or what `unit` names.
        changed: called after it ended within a second.
        tell: says on a page what came of the work; without it, a toast does, for an operation.
    """
    job = _Job(title, total, unit, tell or _tell)
    job.thread = threading.Thread(target=job.run, args=(work,), name="change of many calls", daemon=True)
    with _lock:
        _jobs.setdefault(batch.id, []).append(job)
    job.thread.start()
    job.thread.join(AT_ONCE)
    if job.running:
        return "running"
    _forget(batch.id, job)
    if job.error:
        st.error(ui.escape(job.error), icon=":material/error:")
        return "failed"
    changed()
    job.tell(job.result)
    return "done"


def draw_jobs(batch: Batch, changed: Callable[[], None]) -> None:
    """Show the changes of this batch that are under way, and tell how the last ones ended."""
    with _lock:
        jobs = list(_jobs.get(batch.id, ()))
    for job in jobs:
        if not job.running:
            _forget(batch.id, job)
            changed()
            if job.error:
                st.error(ui.escape(job.error), icon=":material/error:")
            else:
                job.tell(job.result)
    if any(job.running for job in jobs):
        _progress(batch)


@st.fragment(run_every=0.7)
def _progress(batch: Batch) -> None:
    with _lock:
        jobs = list(_jobs.get(batch.id, ()))
    running = [job for job in jobs if job.running]
    for job in running:
        st.progress(
            min(1.0, job.done / max(1, job.total)),
            f"{ui.escape(job.title)}: {job.done:,} of {job.total:,} {job.unit}. You can close this page; it continues.",
        )
    if len(running) < len(jobs) or not jobs:
        st.rerun()


def _forget(batch_id: str, job: _Job) -> None:
    with _lock:
        left = [one for one in _jobs.get(batch_id, ()) if one is not job]
        if left:
            _jobs[batch_id] = left
        else:
            _jobs.pop(batch_id, None)


def _tell(result: Operation) -> None:
    if not result.changed and result.step is not None:
        st.toast(ui.escape(f"No call was changed: {result.step.nothing()}."), icon=":material/info:")
        return
    kept = (
        f" {ui.number_of(result.kept, 'call')} unchanged: edited since, or the earlier value no longer exists."
        if result.kept
        else ""
    )
    if result.locked:
        kept += f" {ui.number_of(result.locked, 'call')} unchanged: already sent or being sent."
    st.toast(
        f"{ui.number_of(result.changed, 'call')} changed.{kept} History can undo it.",
        icon=":material/check:",
    )
