"""For administrators: find a person and delete everything about her, how long words are kept, and who saw what."""

from __future__ import annotations

from functools import partial
from typing import IO

import streamlit as st

from reddy_lib import ui
from reddy_lib.errors import ReddyError
from reddy_lib.ledger import Ledger
from reddy_lib.outcomes.exports import csv_cell
from reddy_lib.ui.downloads import download, write_all
from reddy_lib.ui.forgetting import confirmed, receipt_ready, retention_section

__all__ = ["draw_privacy"]

KINDS = {
    "batch": "a batch, {}",
    "calls": "{}",
    "person": "a person, {}",
    "words": "words of {}, by retention",
    "recordings": "recordings of {}, by retention",
}
"""Kind of a receipt → what was deleted."""

SHOWN = 200
"""Entries of the log on the page; the download has all."""


def draw_privacy(ledger: Ledger) -> None:
    """Draw the panel below the outcomes of all batches; nothing for people who may not administer."""
    if not ui.may("administer"):
        return
    with st.expander("Privacy: people, retention, who saw what", icon=":material/shield_person:"):
        person, keep, log = st.tabs(["Find a person", "Retention", "Who saw what"])
        with person:
            _person(ledger)
        with keep:
            st.markdown("The rule for all batches without one of their own:")
            retention_section(None)
            _receipts(ledger)
        with log:
            _log(ledger)


def _person(ledger: Ledger) -> None:
    told = st.session_state.pop("person deleted", None)
    if told:
        st.session_state["person_identifier"] = ""  # who was deleted stays nowhere, not on the page either
        st.success(told, icon=":material/delete_forever:")
    with st.form("find_person", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        asked = st.text_input(
            "Email address, telephone number or customer id",
            key="person_identifier",
            help="Looks through fields, transcripts, tags, sheet cells, history and answers of all batches. Case, accents "
            "and the way a number is written or said do not count. Emails that were spelt out are not found.",
        )
        if st.form_submit_button("Find", icon=":material/person_search:"):
            try:
                st.session_state["person found"] = (asked, ledger.find_person(asked, who=ui.who()))
            except ValueError as error:
                st.session_state.pop("person found", None)
                st.error(ui.escape(str(error)))
    identifier, found = st.session_state.get("person found", ("", None))
    if found is None:
        return
    if not len(found):
        st.info(f"No call names {ui.escape(identifier)}.", icon=":material/search_off:")
        return
    batches = found["batch_id"].nunique()
    st.markdown(
        f"**{ui.number_of(len(found), 'call')}** in {'1 batch' if batches == 1 else f'{batches:,} batches'}:"
    )
    st.dataframe(
        found[["batch", "row", "status", "where"]],
        hide_index=True,
        height=min(260, 38 + 35 * len(found)),
        column_config={"batch": "Batch", "row": "Row", "status": "Status", "where": "Found in"},
        alt="Calls that name the person",
    )
    st.caption(
        "Deletes these calls with all their words from every file, and the person from profiles, recipes and names. "
        "Outcomes stay as numbers. It cannot be undone."
    )
    if confirmed(
        f"To confirm, type the number of calls, {len(found)}",
        str(len(found)),
        key="forget_person_count",
        button="forget_person",
    ):
        _forget(ledger, identifier)


def _forget(ledger: Ledger, identifier: str) -> None:
    try:
        with st.spinner("Deleting, and rewriting the ledger …"):
            receipt = ledger.forget_person(
                identifier, who=ui.who(), sandbox=ui.sandbox().forget_conversations
            )
    except ReddyError as error:
        ui.alert(error)
        return
    st.session_state.pop("person found", None)
    gone = ui.number_of(receipt.counts.calls, "call")
    st.session_state["person deleted"] = (
        f"{gone} of this person deleted for good. Keep the receipt: it is at the side, and under Retention."
        if receipt.state == "done"
        else f"{gone} of this person deleted. The last copies are removed within the hour: see the receipt at the side."
    )
    receipt_ready(receipt)
    st.rerun()


def _receipts(ledger: Ledger) -> None:
    receipts = ledger.receipts()
    if not receipts:
        return
    st.markdown("**Deleted so far**")
    for one in receipts[:10]:
        with st.container(horizontal=True, vertical_alignment="center"):
            parts = [ui.when(one.at), KINDS[one.kind].format(ui.number_of(one.counts.calls, "call"))]
            parts += [f"by {ui.escape(one.who)}"] if one.who else []
            parts += [] if one.state == "done" else ["the last copies are still being removed"]
            st.caption(" · ".join(parts))
            download(
                "receipt-of",
                "Receipt",
                write_all(one.to_file()),
                file_name=f"receipt-{one.id}.json",
                mime="application/json",
                of=one.id,
                type="tertiary",
            )


def _log(ledger: Ledger) -> None:
    log = ledger.access_log()
    st.dataframe(
        log.head(SHOWN),
        hide_index=True,
        height=min(300, 38 + 35 * max(1, len(log))),
        column_config={
            "at": ui.moment_column("When", width=None),
            "who": "Who",
            "what": "What",
            "batch": "Batch",
            "calls": st.column_config.NumberColumn("Calls"),
            "reference": "Submission or receipt",
        },
        alt="Who opened, downloaded, sent or deleted calls, newest first",
    )
    download(
        "access-log",
        "Download the log",
        partial(_write_log, ledger),
        file_name="access-log.csv",
        mime="text/csv",
    )


def _write_log(ledger: Ledger, file: IO[bytes]) -> None:
    log = ledger.access_log().map(csv_cell).rename(columns={"at": "at (UTC)"})
    file.write(log.to_csv(index=False).encode())
