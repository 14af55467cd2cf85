"""A text that only fills a cell is no id, no agent and no recording."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reddy_lib as reddy
from reddy_lib.spreadsheet.placeholders import is_placeholder

from .test_ledger_identity import Sheet, load, said, send

PLACEHOLDERS = [
    "NULL", "null", "N/A", "n/a", "NA", "nan", "NaN", "-nan", "<NA>", "NaT", "-", "--", "—", "?", "...", "#N/A", "#REF!",
    "#DIV/0!", "#NAME?", "#BEZUG!", "#NV", "#¡REF!", "none", "None", "(blank)", "(null)", "[NULL]", "\\N", "undefined",
    " NULL\u00a0", "ＮＵＬＬ",
]  # fmt: skip


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_a_text_that_stands_for_nothing_is_a_placeholder(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text", ["", " ", None, 0, "0", "1", "#1", "#A12", "nancy", "conv-none", "unknown", "Annan", "A"]
)
def test_an_empty_cell_and_an_id_are_no_placeholders(text: object) -> None:
    assert not is_placeholder(text)


@given(st.from_regex(r"[A-Za-z]{0,4}-?[0-9]{1,9}", fullmatch=True))
def test_a_text_with_a_number_in_it_is_an_id(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize("text", ["NULL", "#N/A", "-"])
def test_another_call_in_a_later_batch_is_sent_though_both_cells_say_null(
    ledger: reddy.Ledger, sheet: Sheet, text: str
) -> None:
    with reddy.Sandbox() as sandbox:
        for number in (1, 2):
            changes = {2: {"Conversation ID": text, "Transcript": said(f"Call number {number}.")}}
            batch = load(ledger, sheet(1, changes))
            assert "conversation-id-placeholder" in set(batch.findings()["code"])
            assert send(batch, sandbox.url, sandbox.token).counts()["accepted"] == 1
        assert len({each["conversation_id"] for each in sandbox.received}) == 2


def test_an_agent_that_is_a_placeholder_is_missing(ledger: reddy.Ledger, sheet: Sheet) -> None:
    batch = load(ledger, sheet(1, {2: {"Agent Email": "n/a"}}))
    assert "agent-email-missing" in set(batch.findings()["code"])
