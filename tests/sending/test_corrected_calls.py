"""A call that was corrected before it was sent is known again when its sheet is loaded once more."""

from __future__ import annotations

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.errors import SubmissionError
from reddy_lib.sending.corrected_calls import CORRECTED


def sheet(*ids: str, agent: str = "ann@example.com") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "conversation_id": list(ids),
            "agent_email": [agent] * len(ids),
            "product_id": [1] * len(ids),
            "timestamp": [1_700_000_000 + number for number in range(len(ids))],
            "transcript": [
                f"Agent: Hello, how can I help?\nCustomer: It is about parcel {name}." for name in ids
            ],
        }
    )


@pytest.mark.parametrize(
    ("field", "value"), [("agent_email", "new@example.com"), ("conversation_id", "c1-b")]
)
def test_the_same_sheet_again_is_held_where_the_call_was_corrected_and_sent(
    ledger: reddy.Ledger, sandbox: reddy.Sandbox, client: reddy.Client, field: str, value: str
) -> None:
    first = ledger.load(sheet("c1", "c2"), name="march", progress=False)
    first.update([2], **{field: value})
    reddy.submit(first, client, progress=False)
    assert first.counts()["accepted"] == 2
    again = ledger.load(sheet("c1", "c2"), progress=False)
    reddy.submit(again, client, progress=False)
    assert len(sandbox.payloads) == 2, "nothing is sent twice"
    assert again.rows(status="held") == [2]
    assert again.rows(status="skipped") == [3]
    (found,) = [one for one in again.findings_of(2) if one.code == CORRECTED]
    assert "Row 2 of 'march'" in found.message
    with pytest.raises(SubmissionError, match=r"Row 2 cannot be sent: it is held by a finding"):
        reddy.submit(again, client, rows=[2], progress=False)
    again.accept([2], CORRECTED, who="ann")
    reddy.submit(again, client, rows=[2], progress=False)
    assert len(sandbox.payloads) == 3


def test_also_after_the_first_call_was_forgotten(
    ledger: reddy.Ledger, sandbox: reddy.Sandbox, client: reddy.Client
) -> None:
    first = ledger.load(sheet("c1"), progress=False)
    first.update([2], agent_email="new@example.com")
    reddy.submit(first, client, progress=False)
    ledger.forget(first)
    again = ledger.load(sheet("c1"), progress=False)
    with pytest.raises(SubmissionError, match="was sent before, after its id or agent"):
        reddy.submit(again, client, progress=False)
    assert len(sandbox.payloads) == 1


def test_rows_of_one_sheet_and_calls_that_were_not_sent_are_not_taken_for_each_other(
    ledger: reddy.Ledger, sandbox: reddy.Sandbox, client: reddy.Client
) -> None:
    batch = ledger.load(sheet("c1", "c1"), progress=False)
    batch.update([3], conversation_id="c1-second")
    reddy.submit(batch, client, rows=[3], progress=False)
    reddy.submit(batch, client, rows=[2], progress=False)
    assert batch.counts()["accepted"] == 2
    unsent = ledger.load(sheet("d1"), progress=False)
    unsent.update([2], agent_email="new@example.com")
    again = ledger.load(sheet("d1"), progress=False)
    reddy.submit(again, client, progress=False)
    assert again.counts()["accepted"] == 1
