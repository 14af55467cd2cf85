"""What a notebook sees of a submission: its record, its one line, and what to do next."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import reddy_lib as reddy
from reddy_lib.errors import NotInLedger
from reddy_lib.sending.states import SubmissionRecord
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import new_worker
from tests.sending.exchanging import exchange
from tests.sending.test_exchange import HERE, PRODUCTS, answer

Sheet = Callable[..., Path]


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
    return ledger.load(sheet(3), products=PRODUCTS, progress=False)


def begun(batch: reddy.Batch, **options: Any) -> Submission:
    values: dict[str, Any] = {"address": HERE, "token_source": "notebook"}
    return create(batch.database, batch.id, **(values | options))


def settled(batch: reddy.Batch, *outcomes: str) -> Submission:
    """Sent, with these outcomes for the first calls; the others wait."""
    submission, worker = begun(batch), new_worker(batch.database)
    claims = exchange(batch.database, submission.id, 0, worker, want=len(outcomes)).claims
    results = [answer(claim, outcome) for claim, outcome in zip(claims, outcomes, strict=True)]
    exchange(batch.database, submission.id, 0, worker, results=results)
    return submission


def test_a_record_is_typed_and_frozen_and_its_times_are_utc(batch: reddy.Batch) -> None:
    before = time.time()
    record = begun(batch, credential="0123456789abcdef", token_hint="…4f2a", who="ann").record()
    assert isinstance(record, SubmissionRecord)
    assert (record.number, record.state, record.chosen, record.who) == (1, "running", 3, "ann")
    assert before <= record.created_at.timestamp() <= time.time()
    assert record.ended_at is None
    for name in ("state", "reason"):
        with pytest.raises(AttributeError):
            setattr(record, name, "done")


def test_a_record_shows_nothing_of_its_token(batch: reddy.Batch) -> None:
    submission = begun(batch, credential="0123456789abcdef", token_hint="…4f2a")
    shown = f"{submission.record()!r} {submission.record()} {submission!r} {submission._repr_html_()}"
    assert submission.id in shown
    assert "0123456789abcdef" not in shown
    assert "4f2a" not in shown


def test_a_submission_that_is_not_there_says_so(ledger: reddy.Ledger) -> None:
    with pytest.raises(NotInLedger, match="no submission 's-none'"):
        Submission(ledger, "s-none").record()


def test_its_line_has_number_id_state_and_counts(batch: reddy.Batch) -> None:
    submission = settled(batch, "accepted", "rejected")
    assert (
        repr(submission) == f"<Submission 1 · {submission.id} · running · 1 queued · 1 accepted · 1 rejected>"
    )


@pytest.mark.parametrize(
    ("outcomes", "next_step"),
    [
        (["accepted"], "2 calls are still to be sent."),
        (["accepted"] * 3, "Every call has its outcome: submission.outcomes() lists them."),
        (["accepted", "accepted", "unknown"], "1 call may or may not have reached Reddy: reddy.reconcile"),
        (["accepted", "failed", "rejected"], "2 calls were not accepted, and submission.outcomes() says why"),
    ],
    ids=["running", "done", "in doubt", "refused"],
)
def test_a_notebook_shows_its_counts_and_what_to_do_next(
    batch: reddy.Batch, outcomes: list[str], next_step: str
) -> None:
    submission = settled(batch, *outcomes)
    shown = submission._repr_html_()
    assert f"<p>{next_step}" in shown
    for status, count in submission.counts().items():
        assert (f"<th>{status}</th>" in shown) == bool(count)
    assert submission.id in shown


@pytest.mark.parametrize(
    ("source", "next_step"),
    [("notebook", "Run the cell with reddy.submit again"), ("secrets", "Call submission.resume()")],
)
def test_a_pause_shows_its_reason_as_text(batch: reddy.Batch, source: str, next_step: str) -> None:
    submission = begun(batch, token_source=source)
    submission.pause("Reddy refused it: <b>no</b> & never.")
    shown = submission._repr_html_()
    assert "Reddy refused it: &lt;b&gt;no&lt;/b&gt; &amp; never." in shown
    assert next_step in shown
    submission.cancel()
    assert "Cancelled: submit the batch again" in submission._repr_html_()
