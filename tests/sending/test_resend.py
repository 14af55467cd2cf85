"""Sending again what Reddy has: with a reason that is kept, once for each reason, and by no other way."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

import reddy_lib as reddy
from reddy_lib.database.schema import deliveries, past_outcomes, resends
from reddy_lib.errors import SubmissionError
from reddy_lib.identity import call_key
from reddy_lib.model import payload_json
from reddy_lib.sending.doubts import settle as say
from reddy_lib.sending.overview import preview
from reddy_lib.sending.resend import resendable, resends_of
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import new_worker
from tests.sending.exchanging import exchange
from tests.sending.test_exchange import HERE, PRODUCTS, answer

Sheet = Callable[..., Path]
WHY = "graded with the wrong scorecard"


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
    """Rows 2 to 5, of which Reddy has accepted all."""
    batch = ledger.load(sheet(4), products=PRODUCTS, progress=False)
    sent(batch)
    return batch


def started(batch: reddy.Batch, rows: list[int] | None = None, again: str | None = None) -> Submission:
    return create(
        batch.database, batch.id, address=HERE, token_source="typed", rows=rows, who="ann", again=again
    )


def sent(
    batch: reddy.Batch, rows: list[int] | None = None, again: str | None = None, outcome: str = "accepted"
) -> Submission:
    """Sends rows; every one of them comes to this."""
    submission, worker = started(batch, rows, again), new_worker(batch.database)
    claims = exchange(batch.database, submission.id, 0, worker, want=99).claims
    exchange(
        batch.database, submission.id, 0, worker, results=[answer(one, outcome) for one in claims], want=0
    )
    return submission


def delivered(batch: reddy.Batch) -> dict[str, int]:
    with batch.database.read() as connection:
        return Counter(connection.execute(sa.select(deliveries.c.state)).scalars())


def test_nothing_accepted_is_sent_again_without_a_reason(batch: reddy.Batch) -> None:
    for again in (None, "", " \n "):
        with pytest.raises(SubmissionError):
            started(batch, [2, 3], again)
    with pytest.raises(SubmissionError, match="name the rows"):
        started(batch, None, WHY)
    assert batch.counts()["accepted"] == 4
    assert delivered(batch) == {"accepted": 4}


def test_with_a_reason_it_is_sent_once_more_and_the_reason_stays(batch: reddy.Batch) -> None:
    first = batch.database.submissions(batch.id)[0]
    second = sent(batch, [2, 3], WHY)
    assert second.counts()["accepted"] == 2
    assert first.counts()["accepted"] == 4  # what became of them then stays on record
    assert list(batch.attempts(2)["number"]) == [1, 2]
    kept = resends_of(batch, 2)
    assert kept[["submission", "reason", "who", "came_to_nothing"]].values.tolist() == [
        [2, WHY, "ann", False]
    ]
    assert len(resends_of(batch, 4)) == 0
    assert delivered(batch) == {"accepted": 4}


def test_the_same_reason_sends_a_call_again_once(batch: reddy.Batch) -> None:
    sent(batch, [2], WHY)
    assert resendable(batch.database, batch.id, [2, 3], address=HERE, reason=WHY) == [3]
    with pytest.raises(SubmissionError):
        started(batch, [2], f" {WHY}\n")
    assert sent(batch, [2], "and once more").counts()["accepted"] == 1


def test_skipped_calls_of_another_load_can_be_sent_again(batch: reddy.Batch, sheet: Sheet) -> None:
    twin = batch.database.load(sheet(4), products=PRODUCTS, progress=False)
    assert sent(twin).counts()["skipped"] == 4
    assert sent(twin, [2], WHY).counts()["accepted"] == 1
    assert twin.counts()["skipped"] == 3


def test_what_waits_to_be_sent_again_is_nobody_else_s(batch: reddy.Batch, sheet: Sheet) -> None:
    twin = batch.database.load(sheet(4), products=PRODUCTS, progress=False)
    waiting = started(batch, [2], WHY)
    assert preview(batch.database, twin.id, address=HERE)["skipped"] == 4
    other = started(twin, [2, 3])
    assert other.counts()["skipped"] == 2
    assert "in submission 1 of 'calls', upload 1002" in str(twin.info(2)["error"])
    with pytest.raises(SubmissionError):
        started(twin, [2], "another reason")
    assert exchange(batch.database, other.id, 0, new_worker(batch.database), want=9).claims == []
    assert [
        c.row for c in exchange(batch.database, waiting.id, 0, new_worker(batch.database), want=9).claims
    ] == [2]


@pytest.mark.parametrize("outcome", ["rejected", "failed"])
def test_where_it_is_turned_away_reddy_still_has_it_once(batch: reddy.Batch, outcome: str) -> None:
    sent(batch, [2], WHY, outcome)
    assert batch.info(2)["status"] == outcome
    assert delivered(batch) == {"accepted": 4}
    assert list(resends_of(batch, 2)["came_to_nothing"]) == [True]
    again = started(batch, [2])  # as any failed call would be
    assert again.counts()["skipped"] == 1
    assert "in submission 1 of" in str(batch.info(2)["error"])
    assert sent(batch, [2], WHY).counts()["accepted"] == 1  # the same reason: it never got there


def test_a_second_sending_that_is_put_off_stays_its_own(batch: reddy.Batch, sheet: Sheet) -> None:
    twin = batch.database.load(sheet(4), products=PRODUCTS, progress=False)
    submission, worker = started(batch, [2], WHY), new_worker(batch.database)
    (claim,) = exchange(batch.database, submission.id, 0, worker, want=1, now=1.0).claims
    later = [answer(claim, "again", retry_at=50.0)]
    exchange(batch.database, submission.id, 0, worker, results=later, want=1, now=2.0)
    assert delivered(batch) == {"accepted": 3, "again": 1}
    assert started(twin, [2]).counts()["skipped"] == 1
    (claim,) = exchange(batch.database, submission.id, 0, worker, want=1, now=60.0).claims
    assert (claim.row, claim.number) == (2, 3)


def test_cancelled_before_its_turn_it_is_what_it_was(batch: reddy.Batch, sheet: Sheet) -> None:
    before, first = batch.info(2), batch.database.submissions(batch.id)[0]
    submission = started(batch, [2], WHY)
    assert submission.cancel() == 1
    assert batch.info(2) == before
    assert submission.counts()["ready"] == 1
    assert first.counts()["accepted"] == 4
    assert delivered(batch) == {"accepted": 4}
    assert sent(batch, [2], WHY).counts()["accepted"] == 1


def test_one_of_another_load_is_ready_after_a_cancel_and_skipped_at_the_next_try(
    batch: reddy.Batch, sheet: Sheet
) -> None:
    twin = batch.database.load(sheet(4), products=PRODUCTS, progress=False)
    started(twin, [2], WHY).cancel()
    assert twin.info(2)["status"] == "ready"
    assert started(twin, [2]).counts()["skipped"] == 1


def test_in_doubt_and_found_not_to_have_arrived_it_is_there_once(batch: reddy.Batch) -> None:
    sent(batch, [2, 3], WHY, "unknown")
    assert delivered(batch) == {"accepted": 2, "unknown": 2}
    say(batch, [2], there=False, how="by hand")
    say(batch, [3], there=True, how="by hand")
    assert delivered(batch) == {"accepted": 4}
    assert started(batch, [2]).counts()["skipped"] == 1


def test_what_is_held_under_way_or_in_doubt_is_not_sent_again(batch: reddy.Batch) -> None:
    sent(batch, [2], WHY, "unknown")
    started(batch, [3], WHY)
    with pytest.raises(SubmissionError):
        started(batch, [2, 3], "now, please")


def test_what_only_the_sandbox_has_is_not_sent_again_elsewhere(batch: reddy.Batch) -> None:
    with pytest.raises(SubmissionError):
        create(
            batch.database,
            batch.id,
            address="https://other.example",
            token_source="typed",
            rows=[2],
            again=WHY,
        )


def test_two_people_with_two_reasons_at_one_moment_send_it_once(batch: reddy.Batch) -> None:
    together = threading.Barrier(4)

    def go(number: int) -> int:
        together.wait()
        try:
            return started(batch, [2, 3], f"reason {number}").counts()["queued"]
        except SubmissionError:
            return 0

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(go, range(4))) == [0, 0, 0, 2]
    with batch.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(resends)).scalar_one() == 2


def test_a_notebook_sends_again_and_a_cell_run_twice_does_not(
    ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
) -> None:
    batch = ledger.load(sheet(3), products=PRODUCTS, progress=False)
    reddy.submit(batch, client, progress=False)
    with pytest.raises(SubmissionError, match="needs a reason"):
        reddy.submit(batch, client, rows=[2], again=" ", progress=False)
    assert len(sandbox.received) == 3
    for _ in range(2):
        again = reddy.submit(batch, client, rows=[2], again=WHY, who="ann", progress=False)
        assert again.record().number == 2
        assert again.counts()["accepted"] == 1
    assert Counter(call["conversation_id"] for call in sandbox.received) == {
        "conv-1": 2,
        "conv-2": 1,
        "conv-3": 1,
    }


@given(
    st.builds(
        reddy.Call,
        agent_email=st.sampled_from(["ann@x.example", "Ann@x.example ", "bo@x.example"]),
        conversation_id=st.sampled_from(["c1", "c2"]),
        product_id=st.sampled_from([1, 2]),
    ),
    st.builds(
        reddy.Call,
        agent_email=st.sampled_from(["ann@x.example", "Ann@x.example ", "bo@x.example"]),
        conversation_id=st.sampled_from(["c1", "c2"]),
        product_id=st.sampled_from([1, 2]),
    ),
)
def test_an_exact_payload_is_never_two_calls(one: reddy.Call, other: reddy.Call) -> None:
    """The conversation and the agent stand in the payload: whatever is the same to the byte has the same key."""
    if payload_json(one) == payload_json(other):
        assert call_key(one) == call_key(other)


def test_the_outcomes_that_are_kept_never_count_a_call_twice(batch: reddy.Batch) -> None:
    sent(batch, [2], WHY)
    started(batch, [2], "another").cancel()
    with batch.database.read() as connection:
        kept = connection.execute(sa.select(past_outcomes.c.submission_id, past_outcomes.c.call_id)).all()
    assert len(kept) == len(set(kept)) == 2
    for submission in batch.database.submissions(batch.id):
        assert sum(submission.counts().values()) == submission.record().chosen
