"""The history of a batch: what was changed, by whom, in how many calls, each with a button that undoes it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.operations import Operation, history
from reddy_lib.batches.removed_codes import codes_removed, gone_for_good
from reddy_lib.errors import ReddyError
from reddy_lib.ui.dialogs import close_dialog
from reddy_lib.ui.operation_jobs import Work, run_operation

__all__ = ["history_panel"]

SHOWN = 50


@st.dialog("History", width="large", on_dismiss=close_dialog)
def history_panel(batch: Batch, changed: Callable[[], None]) -> None:
    """List the operations, the latest first. `changed`: called after one was undone or resumed."""
    try:
        found = history(batch)
    except ReddyError as error:
        ui.alert(error)
        return
    if not found:
        st.markdown(
            "Nothing was changed yet. Each change of one call or of many is listed here, and can be undone."
        )
        return
    titles = {one.id: one for one in found}
    for one in found[:SHOWN]:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            with st.container(gap=None):
                st.markdown(ui.escape(str(one)))
                st.caption(_details(batch, one, titles))
            _buttons(batch, one, changed)
    if len(found) > SHOWN:
        st.caption(
            f"and {ui.number_of(len(found) - SHOWN, 'earlier change')}: `batch.operations()` lists them in a notebook."
        )


def _details(batch: Batch, one: Operation, all_of_them: dict[str, Operation]) -> str:
    parts = [ui.escape(one.who) if one.who else "", ui.when(one.at)]
    if one.locked:
        parts.append(f"{ui.number_of(one.locked, 'call')} unchanged: already sent or being sent")
    if one.kept:
        parts.append(
            f"{ui.number_of(one.kept, 'call')} unchanged: edited since, or the earlier value no longer exists"
        )
    if one.undoes is not None and (gone := codes_removed(batch, one.undoes)):
        parts.append(gone_for_good(gone))
    if one.state == "running":
        parts.append("still running")
    if one.state == "stopped":
        parts.append(f":orange[stopped: {ui.number_of(one.left, 'call')} left]")
    if one.undone_by is not None:
        by = all_of_them.get(one.undone_by)
        parts.append("undone" + (f" {ui.when(by.at)}" if by else ""))
    return " · ".join(filter(None, parts))


def _buttons(batch: Batch, one: Operation, changed: Callable[[], None]) -> None:
    may = ui.may("edit")
    with st.container(horizontal=True, width="content"):
        stopped = one.state == "stopped" and (one.step is not None or one.undoes is not None)
        if stopped and st.button(
            "Continue", key=f"go on {one.id}", icon=":material/play_arrow:", disabled=not may
        ):
            _do(batch, one, lambda progress: batch.resume(one, on_progress=progress), changed)
        if one.undone_by is None and one.state != "running":
            label = "Redo" if one.undoes else "Undo"
            icon = ":material/redo:" if one.undoes else ":material/undo:"
            if st.button(label, key=f"undo {one.id}", icon=icon, disabled=not may):
                who = ui.who()  # the thread has no session to ask
                _do(batch, one, lambda progress: batch.undo(one, who=who, on_progress=progress), changed)


def _do(batch: Batch, one: Operation, work: Work, changed: Callable[[], None]) -> None:
    title = f"Undo: {one.title}" if one.state != "stopped" else one.title
    if run_operation(batch, title, one.chosen, work, changed=changed) != "failed":
        close_dialog()
        st.rerun()
