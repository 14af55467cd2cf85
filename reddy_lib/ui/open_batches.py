"""Which batch is open: in the address, on the side of every page, and on the way to another one."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from reddy_lib.batches.batch import Batch
from reddy_lib.errors import LedgerError, NotInLedger, ReddyError
from reddy_lib.sending.archiving import under_way as under_way_of
from reddy_lib.ui.address_bar import drop, put
from reddy_lib.ui.dialogs import close_dialog, dialog_button
from reddy_lib.ui.forgetting import forget_batch_section, kept_until, retention_section
from reddy_lib.ui.parts import ICONS
from reddy_lib.ui.people import may, why_not
from reddy_lib.ui.process import ledger
from reddy_lib.ui.who_saw import note_opened
from reddy_lib.ui.words import alert, escape, number_of, when

__all__ = ["batch_card", "batch_in_hand", "choose_batch", "open_batch", "remember_batch"]

OF_A_BATCH = ("sel", "choose", "search", "filter", "show", "page", "row", "submission")
"""Names in the address that mean something of the open batch: the selection, Submit's choice, what Review lists, and the
submission in Outcomes."""


def remember_batch(batch_id: str | None, *, leave_out: Collection[str] = (), **names: str) -> None:
    """Make a batch the open one: in the session, and in the URL, where a refreshed tab finds it.

    Args:
        leave_out: further names to take out of the URL in the same step.
        names: further names to write into it.
    """
    gone = {*leave_out, *(OF_A_BATCH if batch_id != st.session_state.get("batch") else ())}
    st.session_state["batch"] = batch_id
    if batch_id is None:
        drop("batch", *gone)
    else:
        put(leave_out=gone, batch=batch_id, **names)


def batch_in_hand() -> Batch | None:
    """The open batch, or None. Switching pages drops the URL's parameters: they are put back here."""
    wanted = st.query_params.get("batch") or st.session_state.get("batch")
    if not wanted:
        return None
    try:
        batch = ledger().batch(wanted)
    except NotInLedger:
        remember_batch(None)
        st.session_state["lost_batch"] = wanted
        return None
    note_opened(batch)
    st.session_state["batch"] = wanted
    put(batch=wanted)
    return batch


def open_batch() -> Batch:  # noqa: RET503 - st.stop never returns
    """Guard: the open batch. Without one, says what to do and stops the page."""
    try:
        batch = batch_in_hand()
    except LedgerError as error:
        alert(error)
        st.stop()
    if batch is not None:
        return batch
    lost = st.session_state.pop("lost_batch", None)
    if lost:
        st.warning(
            "The batch in this address is not in this ledger. Choose another one, or load a spreadsheet."
        )
    else:
        st.info("No batch is open yet. Load a spreadsheet, or choose a batch that was loaded before.")
    st.page_link("load.py", label="Load a spreadsheet", icon=ICONS["load"])
    choose_batch()
    st.stop()


def choose_batch(but: str = "") -> bool:
    """Offer the newest batches on the list, except the one with the id `but`. Return whether there is one."""
    batches = ledger().batches()
    batches = batches[batches["id"] != but]
    if not len(batches):
        return False
    st.subheader("Loaded before", anchor=False)
    for found in batches.head(20).itertuples():
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(escape(str(found.name)), key=f"open {found.id}", icon=":material/folder_open:"):
                remember_batch(str(found.id))
                close_dialog()
                st.rerun()
            st.caption(
                f"{number_of(found.calls, 'call')} · {escape(str(found.file_name))} · {when(found.created_at)}"
            )
    return True


def batch_card(batch: Batch) -> None:
    """The open batch: name, file, when, until when it is kept; switch, rename, take off the list, delete for good."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":material/folder_open: **{escape(batch.name)}**")
        st.caption(f"{escape(batch.file_name)} · loaded {when(batch.created_at)}")
        if until := kept_until(batch):
            st.caption(f":material/auto_delete: {until}")
        with st.container(horizontal=True, gap="xsmall"):
            if dialog_button("Switch", type="tertiary", icon=":material/swap_horiz:", key="switch_batch"):
                _switch_panel(batch)
            if dialog_button(
                "Manage",
                type="tertiary",
                icon=":material/settings:",
                key="rename_batch",
                disabled=not may("edit"),
                help=why_not("edit", "Name, retention, take off the list, delete for good"),
            ):
                _rename_panel(batch)


@st.dialog("Open another batch", width="medium", on_dismiss=close_dialog)
def _switch_panel(batch: Batch) -> None:
    if not choose_batch(but=batch.id):
        st.write("No other batch is on the list.")
    archived = ledger().archived()
    if not len(archived):
        return
    with st.expander(f"Taken off the list: {len(archived):,}", icon=":material/archive:"):
        for found in archived.head(50).itertuples():
            with st.container(horizontal=True, vertical_alignment="center"):
                if st.button(
                    "Put back",
                    key=f"restore {found.id}",
                    icon=":material/unarchive:",
                    disabled=not may("administer"),
                    help=why_not("administer"),
                ):
                    ledger().restore(str(found.id))
                    remember_batch(str(found.id))
                    close_dialog()
                    st.rerun()
                st.caption(
                    f"{escape(str(found.name))} · {number_of(found.calls, 'call')} · {when(found.created_at)}"
                )


@st.dialog("This batch", on_dismiss=close_dialog)
def _rename_panel(batch: Batch) -> None:
    name = st.text_input("Name", value=batch.name, max_chars=120, key="batch_name")
    with st.container(horizontal=True):
        # always enabled: a button that waits for the field would miss the click that leaves the field
        if st.button("Rename", type="primary"):
            if name.strip():
                batch.rename(name)
                close_dialog()
                st.rerun()
            st.error("A batch needs a name.", icon=":material/error:")
        under_way = under_way_of(batch)
        if not under_way and st.button(
            "Take off the list",
            icon=":material/archive:",
            help=why_not("administer", "What was sent stays on record."),
            disabled=not may("administer"),
        ):
            _take_off(batch)
    if may("administer"):
        with st.expander("Retention", icon=":material/auto_delete:"):
            retention_section(batch)
    if not under_way:
        if forget_batch_section(batch):
            remember_batch(None)
            close_dialog()
            st.rerun()
        return
    st.warning(
        f"To take this batch off the list, or to delete it for good, end what is under way: {escape(under_way)}.",
        icon=":material/send:",
    )
    with st.container(horizontal=True):
        if st.button(
            "Cancel the submission and take it off the list",
            icon=":material/cancel:",
            key="cancel_and_archive",
            help=why_not("administer", ""),
            disabled=not may("administer"),
        ):
            _take_off(batch, cancel=True)
        if st.button("Keep it", type="primary", key="keep_batch"):
            close_dialog()
            st.rerun()


def _take_off(batch: Batch, *, cancel: bool = False) -> None:
    """Take a batch off the list; where calls of it are still in flight, say so and leave it where it is."""
    try:
        ledger().archive(batch, cancel=cancel)
    except ReddyError as error:
        alert(error)
        return
    remember_batch(None)
    close_dialog()
    st.rerun()
