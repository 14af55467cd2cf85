"""One server under two spellings, and one conversation in two, are one: nothing is sent twice, nothing is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches.edits import with_field
from reddy_lib.errors import SubmissionError
from reddy_lib.sandbox.faults import Fault
from reddy_lib.sending.content_conflicts import OTHER_WORDS
from reddy_lib.sending.doubts import settle
from reddy_lib.sending.overview import preview
from reddy_lib.sending.submission import create
from tests.conftest import PRODUCTS

Sheet = Callable[..., Path]
AGENT = "ann@cedarline.example"


def load(ledger: reddy.Ledger, path: Path) -> reddy.Batch:
    return ledger.load(path, products=PRODUCTS, progress=False)


def said(text: str) -> str:
    return json.dumps([{"role": "agent", "text": text}, {"role": "customer", "text": "I lost my card."}])


def send(batch: reddy.Batch, url: str, token: str, **how: Any) -> reddy.Submission:
    with reddy.Client(token, base_url=url) as client:
        return reddy.submit(batch, client, progress=False, **how)


def test_a_second_spelling_of_the_address_sends_nothing_again(ledger: reddy.Ledger, sheet: Sheet) -> None:
    with reddy.Sandbox() as sandbox:
        send(load(ledger, sheet(3)), sandbox.url, sandbox.token)
        port = sandbox.url.rpartition(":")[2]
        for spelled in (f"HTTP://127.0.0.1.:{port}//", f"http://LocalHost:0{port}/x/.."):
            again = send(load(ledger, sheet(3)), spelled, sandbox.token)
            assert again.counts()["skipped"] == 3
        assert len(sandbox.received) == 3


@pytest.mark.parametrize(
    "written", ["cafe\u0301-1", "café-1\u200b", "\ufeffcafé-\uff11", "caf\u00adé-1\u00a0"]
)
def test_an_id_that_looks_the_same_is_the_same_conversation(
    ledger: reddy.Ledger, sheet: Sheet, written: str
) -> None:
    with reddy.Sandbox() as sandbox:
        send(load(ledger, sheet(1, {2: {"Conversation ID": "café-1"}})), sandbox.url, sandbox.token)
        second = load(ledger, sheet(1, {2: {"Conversation ID": written}}))
        assert send(second, sandbox.url, sandbox.token).counts()["skipped"] == 1
        assert len(sandbox.received) == 1


def test_the_same_id_with_other_words_is_asked_about_and_neither_sent_nor_skipped(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    with reddy.Sandbox() as sandbox:
        send(load(ledger, sheet(2)), sandbox.url, sandbox.token)
        second = load(ledger, sheet(2, {3: {"Transcript": said("Good evening, a call of its own.")}}))
        plan = preview(ledger, second.id, address=sandbox.url)
        assert (plan["asked"], plan["skipped"], plan["to_send"], plan["chosen"]) == (1, 1, 0, 2)
        with pytest.warns(UserWarning, match="Not sent: row 3"):
            assert send(second, sandbox.url, sandbox.token).counts()["skipped"] == 1
        assert second.counts()["held"] == 1
        found = second.findings()
        assert found[found["code"] == OTHER_WORDS]["message"].str.contains("accepted on").all()
        with pytest.raises(SubmissionError):
            send(second, sandbox.url, sandbox.token, rows=[3])
        assert len(sandbox.received) == 2


def test_a_call_that_is_said_to_be_the_same_is_skipped(ledger: reddy.Ledger, sheet: Sheet) -> None:
    with reddy.Sandbox() as sandbox:
        send(load(ledger, sheet(1)), sandbox.url, sandbox.token)
        second = load(ledger, sheet(1, {2: {"Transcript": said("Good morning, call one, corrected.")}}))
        with pytest.raises(SubmissionError, match="Not sent: row 2"):
            send(second, sandbox.url, sandbox.token)
        assert second.counts()["held"] == 1
        second.accept(2, OTHER_WORDS)
        assert second.counts()["ready"] == 1
        assert send(second, sandbox.url, sandbox.token).counts()["skipped"] == 1
        resent = send(second, sandbox.url, sandbox.token, rows=[2], again="The transcript was corrected.")
        assert resent.counts()["accepted"] == 1
        assert len(sandbox.received) == 2
        third = load(ledger, sheet(1, {2: {"Transcript": said("Good morning, call one, corrected.")}}))
        assert send(third, sandbox.url, sandbox.token).counts()["skipped"] == 1


def test_a_call_that_gets_an_id_of_its_own_is_sent(ledger: reddy.Ledger, sheet: Sheet) -> None:
    with reddy.Sandbox() as sandbox:
        send(load(ledger, sheet(1)), sandbox.url, sandbox.token)
        second = load(ledger, sheet(1, {2: {"Transcript": said("Another call altogether.")}}))
        with pytest.raises(SubmissionError):
            send(second, sandbox.url, sandbox.token)
        second.replace(2, with_field(second.call(2), "conversation_id", None))
        assert send(second, sandbox.url, sandbox.token).counts()["accepted"] == 1
        assert len(sandbox.received) == 2


def test_other_times_lines_and_tags_are_the_same_call(ledger: reddy.Ledger, sheet: Sheet) -> None:
    with reddy.Sandbox() as sandbox:
        send(load(ledger, sheet(1)), sandbox.url, sandbox.token)
        cut = json.dumps(
            [
                {"role": "agent", "text": "Good morning,"},
                {"role": "agent", "text": "call 1.  "},
                {"role": "customer", "text": "I lost my card."},
            ]
        )
        changes = {2: {"Transcript": cut, "CSAT": "9", "Start": "2026-03-02T11:00:00Z"}}
        second = load(ledger, sheet(1, changes))
        assert send(second, sandbox.url, sandbox.token).counts()["skipped"] == 1


def test_a_submission_is_kept_under_the_one_spelling(ledger: reddy.Ledger, sheet: Sheet) -> None:
    batch = load(ledger, sheet(1))
    made = create(ledger, batch.id, address="HTTPS://App.Reddy.io:443/", token_source="typed")
    assert made.record().address == "https://app.reddy.io"
    assert time.time() >= made.record().created_at.timestamp()


def test_two_calls_in_doubt_that_share_a_delivery_are_both_in_doubt(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    """As when they were sent to two addresses that turned out to be one (`remember_sandbox`)."""
    with reddy.Sandbox() as sandbox, reddy.Client(sandbox.token, base_url=sandbox.url) as client:
        sandbox.faults.add(Fault(kind="hang-up", times=2, processed=True))
        batch = load(ledger, sheet(2, {3: {"Agent Email": AGENT}}))
        reddy.submit(batch, client, concurrency=1, progress=False)
        assert batch.counts()["unknown"] == 2
        with ledger.write() as connection:
            first = connection.execute(sa.text("SELECT id, delivery_key FROM calls WHERE row = 2")).one()
            connection.execute(sa.text("UPDATE calls SET payload = replace(payload, 'conv-2', 'conv-1')"))
            connection.execute(sa.text("UPDATE calls SET delivery_key = :key"), {"key": first.delivery_key})
            connection.execute(sa.text("DELETE FROM deliveries WHERE call_id <> :id"), {"id": first.id})
        settle(batch, [2], there=False, how="by hand")
        settled = reddy.submit(batch, client, rows=[2], progress=False)
        assert settled.counts()["accepted"] == 0, "the other call may have arrived"
        assert len(sandbox.received) == 2
        settle(batch, [3], there=False, how="by hand")
        assert batch.counts()["unknown"] == 0
        assert len(sandbox.received) == 2
