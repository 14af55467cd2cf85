"""Delete a batch or a call for good, with a typed confirmation; the receipt; and how long words are kept."""

from __future__ import annotations

import streamlit as st

from reddy_lib.batches.batch import Batch
from reddy_lib.errors import ReddyError
from reddy_lib.forgetting.receipts import ForgetReceipt
from reddy_lib.forgetting.retention import retention_of
from reddy_lib.forgetting.settings import only_with_its_columns
from reddy_lib.ui.downloads import download, write_all
from reddy_lib.ui.people import may, who, why_not
from reddy_lib.ui.process import ledger, sandbox
from reddy_lib.ui.words import alert, escape, number_of

__all__ = [
    "confirmed",
    "forget_batch_section",
    "forget_call_section",
    "kept_until",
    "receipt_card",
    "receipt_ready",
    "retention_section",
]

_KEPT = (
    "What stays: how many calls were sent, when and with which outcome, and a hash that keeps them from being sent again. "
    "It cannot be undone. Backups and downloads are not reached: delete those yourself. Reddy keeps what it received."
)


def confirmed(label: str, wanted: str, *, key: str, button: str) -> bool:
    """Draw a field for the typed confirmation and the delete button; return whether to delete now.

    The button is always enabled: one that waits for the field would miss the click that leaves the field.

    Args:
        wanted: what has to be typed.
        key: the field's widget key.
        button: the button's widget key.
    """
    typed = " ".join(st.text_input(label, key=key).split())
    if not st.button("Delete for good", key=button, type="primary"):
        return False
    if typed == " ".join(wanted.split()):
        return True
    st.error(
        f"Nothing was deleted. First type “{escape(wanted)}” above.",
        icon=":material/error:",
    )
    return False


def receipt_ready(receipt: ForgetReceipt) -> None:
    """Show a receipt at the side of the next page run."""
    st.session_state["receipt"] = receipt


def receipt_card() -> None:
    """Draw the receipt of what was just deleted, until it is closed."""
    receipt: ForgetReceipt | None = st.session_state.get("receipt")
    if receipt is None:
        return
    with st.container(border=True, gap="xsmall", key="receipt_card"):
        if receipt.state == "done":
            st.markdown(
                f":material/delete_forever: **{number_of(receipt.counts.calls, 'call')} deleted for good**"
            )
        else:
            st.markdown(f":material/hourglass: **{number_of(receipt.counts.calls, 'call')} deleted**")
            st.caption(
                "Their words are out of the tables. Other programs use the ledger's files, so the last copies in them "
                "are removed within the hour."
            )
        with st.container(horizontal=True, gap="xsmall"):
            download(
                "receipt",
                "Receipt",
                write_all(receipt.to_file()),
                file_name=f"receipt-{receipt.id}.json",
                mime="application/json",
                type="tertiary",
            )
            if st.button("Close", key="close_receipt", type="tertiary", icon=":material/close:"):
                del st.session_state["receipt"]
                st.rerun()


def forget_batch_section(batch: Batch) -> bool:
    """Draw what deletes a batch for good; return whether it was deleted."""
    with st.expander("Delete for good …", icon=":material/delete_forever:"):
        if not may("administer"):
            st.caption(why_not("administer") or "")
            return False
        total = batch.total
        st.markdown(
            f"Deletes {number_of(total, 'call')} with their words, history, recordings and answers, from the ledger and "
            "from every file that the workbench keeps. Calls that were never sent are deleted whole."
        )
        st.caption(_KEPT)
        settings = st.checkbox(
            "Also delete the profile and the recipes of these columns",
            value=only_with_its_columns(batch.database, batch.id),
            key="forget_settings",
            help="Without this, they are kept for the next sheet, without samples from these calls.",
        )
        if confirmed(
            "To confirm, type the batch's name", batch.name, key="forget_name", button="forget_batch"
        ):
            try:
                with st.spinner("Deleting, and rewriting the ledger …"):
                    receipt = ledger().forget(
                        batch, settings=settings, who=who(), sandbox=sandbox().forget_conversations
                    )
            except ReddyError as error:
                alert(error)
                return False
            receipt_ready(receipt)
            return True
    return False


def forget_call_section(batch: Batch, row: int) -> None:
    """Draw what deletes one call for good, on its history."""
    if not may("administer"):
        return
    with st.expander("Delete this call for good …", icon=":material/delete_forever:"):
        st.caption("Its words, history, recording and answers are deleted from every file. " + _KEPT)
        if confirmed(
            f"To confirm, type the row number, {row}",
            str(row),
            key=f"forget row {batch.id} {row}",
            button=f"forget call {batch.id} {row}",
        ):
            try:
                with st.spinner("Deleting, and rewriting the ledger …"):
                    receipt = ledger().forget(batch, [row], who=who(), sandbox=sandbox().forget_conversations)
            except ReddyError as error:
                alert(error)
                return
            receipt_ready(receipt)
            st.rerun()


def kept_until(batch: Batch) -> str:
    """Return how long a batch's words and recordings are kept, for its card; "" where they are kept."""
    rule = retention_of(batch.database, batch.id)
    words, recordings = rule.words_until, rule.recordings_until
    said = []
    if words is not None:
        said.append(f"words deleted on {words.day} {words:%b %Y}")
    if recordings is not None and recordings != words:
        said.append(f"recordings on {recordings.day} {recordings:%b %Y}")
    text = ", ".join(said)
    return escape(text[:1].upper() + text[1:])


def retention_section(batch: Batch | None) -> None:
    """Draw the rule of a batch, or (None) of all batches without one, for administrators to change."""
    rule = ledger().retention(batch)
    key = f"retention {batch.id if batch is not None else 'all'}"
    own = True
    if batch is not None:
        own = st.checkbox(
            "This batch has its own rule", value=rule.own, key=f"{key} own", disabled=not may("administer")
        )
    words = _days("Delete words after (days)", rule.words_days, key=f"{key} words", enabled=own)
    recordings = _days(
        "Delete recordings after (days)", rule.recordings_days, key=f"{key} recordings", enabled=own
    )
    st.caption(
        "Days count from loading. Empty: kept. Outcomes are always kept. "
        "Deletes what is due once an hour, also calls that were never sent."
    )
    now = (rule.words_days, rule.recordings_days, rule.own or batch is None)
    if st.button(
        "Save retention",
        key=f"{key} save",
        disabled=not may("administer") or (words, recordings, own) == now,
        help=why_not("administer"),
    ):
        try:
            ledger().set_retention(batch, words_days=words, recordings_days=recordings, own=own, who=who())
        except (ReddyError, ValueError) as error:
            st.error(escape(str(error)))
            return
        st.rerun()


def _days(label: str, value: int | None, *, key: str, enabled: bool) -> int | None:
    found = st.number_input(
        label, min_value=1, max_value=36_500, step=1, value=value, key=key, disabled=not enabled or not may("administer"),
        placeholder="kept",
    )  # fmt: skip
    return None if found is None else int(found)
