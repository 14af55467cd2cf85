"""Clearing doubt: Reddy is asked about calls whose answer never came, or a person says what she knows."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.database.schema import calls, deliveries, reconciliations
from reddy_lib.errors import CallLocked, NeverSent, SubmissionError, Unauthorized
from reddy_lib.sandbox.faults import Fault
from reddy_lib.sending.claims import Claim
from reddy_lib.sending.doubts import doubts, settle
from reddy_lib.sending.reconcile import MARK, Reconciled, reconcile
from reddy_lib.sending.submission import create
from reddy_lib.sending.workers import expire_dead_workers, new_worker
from tests.conftest import PRODUCTS
from tests.sending.exchanging import exchange
from tests.sending.test_exchange import answer

LATER = 10_000.0


def later() -> float:
    return time.time() + LATER


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Callable[..., Path]) -> reddy.Batch:
    """Rows 2 to 7, all ready."""
    return ledger.load(sheet(6), products=PRODUCTS, progress=False)


def in_doubt(
    batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox, *faults: Fault
) -> reddy.Submission:
    """Sends all calls one after the other; the first meet the faults."""
    sandbox.faults.add(*faults)
    submission = reddy.submit(batch, client, concurrency=1, progress=False)
    sandbox.faults.clear()
    return submission


ARRIVED, LOST = Fault(kind="hang-up", times=1, processed=True), Fault(kind="hang-up", times=1)


class TestAsking:
    def test_what_is_there_is_accepted_and_what_is_not_can_be_sent_again(
        self, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        submission = in_doubt(batch, client, sandbox, ARRIVED, LOST)
        assert batch.rows(status="unknown") == [2, 3]
        outcome = reddy.reconcile(batch, client, who="ann", progress=False, clock=later)
        assert (outcome.there, outcome.missing, outcome.open) == ([2], [3], {})
        assert repr(outcome) == "<Reconciled 1 is at Reddy · 1 is not · 0 still in doubt>"
        assert submission.counts()["accepted"] == 5
        assert submission.counts()["failed"] == 1
        said = submission.outcomes()["error"]
        assert said[2].startswith("Reddy has this conversation. Asked by ann on ")
        assert said[3].startswith(
            "Reddy does not know this conversation: safe to send again. Asked by ann on "
        )

        again = reddy.submit(batch, client, rows=[2, 3], progress=False)
        assert again.counts()["accepted"] == 1
        assert batch.counts()["accepted"] + batch.counts()["skipped"] == 6
        held = Counter(call["conversation_id"] for call in sandbox.received)
        assert held == Counter(f"conv-{n}" for n in range(1, 7)), "each once"

    def test_nothing_is_asked_before_its_time(
        self, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        in_doubt(batch, client, sandbox, ARRIVED, LOST)
        early = reddy.reconcile(batch, client, progress=False)
        assert early == Reconciled(early=[2, 3])
        assert repr(early) == (
            "<Reconciled 0 are at Reddy · 0 are not · 2 still in doubt (2 sent only minutes ago: Reddy may not know them "
            "yet, ask again later)>"
        )
        assert sandbox.requests["add_tags"] == 0
        assert batch.rows(status="unknown") == [2, 3]
        assert reddy.reconcile(batch, client, progress=False, wait=0).there == [2]

    def test_its_own_tags_are_added_or_a_mark_where_it_has_none(
        self, ledger: reddy.Ledger, sheet: Callable[..., Path], client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        path = sheet(2)
        mapping = reddy.guess_mapping(reddy.read_sheet(path), products=PRODUCTS).replace(tags=["CSAT"])
        batch = ledger.load(path, mapping=mapping, products=PRODUCTS, progress=False)
        call = batch.call(3)
        call.tags = None
        batch.replace(3, call)
        in_doubt(batch, client, sandbox, ARRIVED, ARRIVED)
        assert reddy.reconcile(batch, client, progress=False, wait=0).there == [2, 3]
        added = {call["conversation_id"]: call["tags_added"] for call in sandbox.received}
        assert [tag["key"] for tag in added["conv-1"]] == ["CSAT"]
        assert added["conv-2"] == [msgspec.to_builtins(MARK)]

    @pytest.mark.parametrize(
        ("fault", "said"),
        [
            (Fault(kind="status", on="add_tags", status=500), "500"),
            (Fault(kind="status", on="add_tags", status=422), "422"),
            (Fault(kind="status", on="add_tags", status=404), "not found"),
            (Fault(kind="status", on="add_tags", status=429, retry_after=1), "too many requests"),
            (Fault(kind="hang-up", on="add_tags"), "may"),
            (Fault(kind="not-json", on="add_tags"), ""),
        ],
        ids=["500", "422", "404 of an address", "429", "hang-up", "not json"],
    )
    def test_any_other_answer_leaves_the_doubt(
        self, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox, fault: Fault, said: str
    ) -> None:
        in_doubt(batch, client, sandbox, ARRIVED, LOST)
        sandbox.faults.add(fault)
        outcome = reddy.reconcile(batch, client, progress=False, wait=0)
        assert (outcome.there, outcome.missing, list(outcome.open)) == ([], [], [2, 3])
        assert said in outcome.open[2]
        assert batch.rows(status="unknown") == [2, 3]
        sandbox.faults.clear()
        assert reddy.reconcile(batch, client, progress=False, wait=0).missing == [3]

    def test_a_refused_token_or_a_dead_server_stops_the_asking_and_says_so(
        self, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        in_doubt(batch, client, sandbox, ARRIVED)
        with (
            reddy.Client("wrong", base_url=sandbox.url) as stranger,
            pytest.raises(Unauthorized, match="did not accept the token"),
        ):
            reddy.reconcile(batch, stranger, progress=False, wait=0, same_account=True)
        sandbox.stop()
        with pytest.raises(NeverSent, match="Check the connection"):
            reddy.reconcile(batch, client, progress=False, wait=0)
        assert batch.rows(status="unknown") == [2]

    def test_another_address_is_never_asked_about_it(
        self, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        in_doubt(batch, client, sandbox, ARRIVED)
        with reddy.Sandbox() as other, reddy.Client(other.token, base_url=other.url) as elsewhere:
            outcome = reddy.reconcile(batch, elsewhere, progress=False, wait=0)
            assert outcome == Reconciled(elsewhere=[2])
            assert other.requests["add_tags"] == 0
        assert batch.rows(status="unknown") == [2]

    def test_only_the_rows_named_are_asked_about(
        self, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        in_doubt(batch, client, sandbox, ARRIVED, ARRIVED, ARRIVED)
        seen: list[tuple[int, int]] = []
        outcome = reddy.reconcile(
            batch, client, [3, 7], progress=False, wait=0, on_progress=lambda *at: seen.append(at)
        )
        assert outcome.there == [3]
        assert batch.rows(status="unknown") == [2, 4]
        assert seen == [(1, 1)]

    def test_many_are_asked_at_once_and_each_is_settled_once(
        self, ledger: reddy.Ledger, sheet: Callable[..., Path], client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        batch = ledger.load(sheet(150), products=PRODUCTS, progress=False)
        in_doubt(
            batch,
            client,
            sandbox,
            Fault(kind="hang-up", every=2, processed=True),
            Fault(kind="hang-up", every=2),
        )
        assert len(batch.rows(status="unknown")) > 100
        arrived = {call["conversation_id"] for call in sandbox.received}
        outcomes: list[Reconciled] = []

        def ask() -> None:
            outcomes.append(reddy.reconcile(batch, client, progress=False, wait=0))

        two = [threading.Thread(target=ask) for _ in range(2)]  # two people press the button
        for one in two:
            one.start()
        for one in two:
            one.join()
        there = [row for outcome in outcomes for row in outcome.there]
        missing = [row for outcome in outcomes for row in outcome.missing]
        assert len(there + missing) == len(set(there + missing)), "no row is settled twice"
        assert batch.counts()["unknown"] == 0
        for row in there:
            assert batch.call(row).conversation_id in arrived
        for row in missing:
            assert batch.call(row).conversation_id not in arrived


class TestSentAgain:
    """Reddy has these calls from the first time: what it says proves nothing about the second sending."""

    @pytest.fixture
    def doubted(self, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox) -> reddy.Submission:
        """Rows 2 and 3, accepted and sent again: the second sending of row 2 arrived, the one of row 3 did not."""
        reddy.submit(batch, client, progress=False)
        sandbox.faults.add(ARRIVED, LOST)
        again = reddy.submit(
            batch, client, rows=[2, 3], again="They lost it.", concurrency=1, ramp=False, progress=False
        )
        sandbox.faults.clear()
        assert batch.rows(status="unknown") == [2, 3]
        assert [doubt.again for doubt in doubts(batch)] == [True, True]
        return again

    def test_the_answer_is_not_taken_for_more_than_it_is(
        self, batch: reddy.Batch, client: reddy.Client, doubted: reddy.Submission
    ) -> None:
        outcome = reddy.reconcile(batch, client, who="ann", progress=False, clock=later)
        assert (outcome.there, outcome.missing, outcome.again) == ([2, 3], [], [2, 3])
        for said in doubted.outcomes()["error"]:
            assert said.startswith(
                "Reddy has this conversation from the first time; whether the second sending arrived is not known: "
                "look it up in Reddy. Asked by ann on "
            )

    def test_a_person_speaks_of_the_second_sending(
        self, batch: reddy.Batch, doubted: reddy.Submission
    ) -> None:
        settle(batch, [2], there=True, how="by hand", who="ann", now=1772445600.0)
        settle(batch, [3], there=False, how="by hand", who="ann", now=1772445600.0)
        assert list(doubted.outcomes()["error"]) == [
            "The second sending is at Reddy as well. Settled by hand by ann on 02 Mar 2026 10:00 UTC.",
            "The second sending is not at Reddy, which has the call from the first time. Settled by hand by ann on "
            "02 Mar 2026 10:00 UTC.",
        ]

    def test_a_call_that_is_sent_for_the_first_time_is_not_meant(
        self, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        in_doubt(batch, client, sandbox, ARRIVED)
        assert [doubt.again for doubt in doubts(batch)] == [False]
        assert reddy.reconcile(batch, client, progress=False, clock=later).again == []


class TestByHand:
    def test_a_person_settles_it_and_her_word_is_kept(
        self, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        submission = in_doubt(batch, client, sandbox, ARRIVED, LOST, LOST)
        assert settle(batch, [2], there=True, how="by hand", who="ann", now=1772445600.0) == [2]
        assert settle(batch, [3], there=False, how="by hand", who="bo", now=1772445600.0) == [3]
        said = submission.outcomes()["error"]
        assert said[2] == "It is at Reddy. Settled by hand by ann on 02 Mar 2026 10:00 UTC."
        assert said[3] == (
            "It is not at Reddy: safe to send again. Settled by hand by bo on 02 Mar 2026 10:00 UTC."
        )
        with batch.database.read() as connection:
            kept = connection.execute(sa.select(reconciliations).order_by(reconciliations.c.id)).all()
        assert [(one.there, one.how, one.who, one.attempt, one.at) for one in kept] == [
            (True, "by hand", "ann", 1, 1772445600.0),
            (False, "by hand", "bo", 1, 1772445600.0),
        ]
        assert batch.rows(status="unknown") == [4]

    def test_what_is_in_no_doubt_cannot_be_settled(
        self, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        in_doubt(batch, client, sandbox, LOST)
        before = batch.counts()
        assert settle(batch, [3, 4], there=False, how="by hand") == []
        assert batch.counts() == before
        assert settle(batch, [2], there=False, how="by hand") == [2]
        assert settle(batch, [2], there=True, how="by hand") == [], "settled once, it is settled"

    def test_what_is_at_reddy_after_all_is_skipped_wherever_it_comes_again(
        self, ledger: reddy.Ledger, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox,
        sheet: Callable[..., Path],
    ) -> None:  # fmt: skip
        in_doubt(batch, client, sandbox, ARRIVED)
        twin = ledger.load(sheet(1, name="again.csv"), products=PRODUCTS, progress=False)
        assert reddy.submit(twin, client, progress=False).counts()["failed"] == 1  # in doubt elsewhere
        settle(batch, [2], there=True, how="by hand")
        assert reddy.submit(twin, client, rows=[2], progress=False).counts()["skipped"] == 1
        assert len(sandbox.received) == 6

    def test_a_call_in_doubt_can_be_edited_only_once_the_doubt_is_cleared(
        self, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        in_doubt(batch, client, sandbox, LOST)
        call = batch.call(2)
        call.product_id = 2
        with pytest.raises(CallLocked):
            batch.replace(2, call)
        settle(batch, [2], there=False, how="by hand")
        batch.replace(2, call)
        assert reddy.submit(batch, client, rows=[2], progress=False).counts()["accepted"] == 1


def test_an_answer_that_comes_after_all_wins_over_what_was_found_out(
    ledger: reddy.Ledger, batch: reddy.Batch
) -> None:
    """A worker was given up, its call was said not to be there, and then its answer comes: Reddy has the call."""
    address = "https://reddy.example"
    submission = create(ledger, batch.id, address=address, token_source="environment", rows=[2, 3])
    worker = new_worker(ledger)
    claims = exchange(ledger, submission.id, 0, worker, want=2).claims
    expire_dead_workers(ledger, now=time.time() + 3600)
    assert settle(batch, [2, 3], there=False, how="asked") == [2, 3]
    results = [answer(claims[0]), answer(claims[1], "rejected")]
    exchange(ledger, submission.id, 0, worker, results=results, want=0)
    assert batch.rows(status="accepted") == [2]
    assert batch.rows(status="failed") == [3], "a refusal changes nothing: it is not there"
    with ledger.read() as connection:
        kept = connection.execute(sa.select(deliveries.c.state, deliveries.c.upload_id)).all()
    assert [tuple(one) for one in kept] == [("accepted", 1002)]
    with pytest.raises(SubmissionError):
        create(ledger, batch.id, address=address, token_source="environment", rows=[2])


def test_doubts_tell_where_and_when(batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox) -> None:
    submission = in_doubt(batch, client, sandbox, ARRIVED)
    (doubt,) = doubts(batch)
    assert (doubt.row, doubt.conversation_id, doubt.agent_email) == (2, "conv-1", "ann@cedarline.example")
    assert (doubt.address, doubt.submission) == (sandbox.url, submission.record().number)
    assert doubt.since is not None
    assert doubt.since.tzinfo is UTC
    assert abs((datetime.now(UTC) - doubt.since).total_seconds()) < 60
    assert repr(doubt) == "<Doubt row 2 · submission 1>"
    assert doubts(batch, submission_id="s-none") == doubts(batch, rows=[3]) == []
    assert reconcile(batch, client, submission_id=submission.id, progress=False, wait=0).there == [2]


def test_a_doubt_whose_time_is_not_known_is_asked_about(
    batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
) -> None:
    in_doubt(batch, client, sandbox, ARRIVED)
    with batch.database.write() as connection:
        connection.execute(calls.update().where(calls.c.row == 2).values(ended_at=None))
    assert [doubt.since for doubt in doubts(batch)] == [None]
    assert reconcile(batch, client, progress=False).there == [2]


class TestALateAnswerAfterAPersonDecided:
    """A worker was given up; somebody said "it is not there"; and then Reddy's yes to the lost attempt comes."""

    ADDRESS = "https://reddy.example"

    def lost(self, ledger: reddy.Ledger, batch: reddy.Batch, said: bool = False) -> tuple[str, str, Claim]:
        """Row 2 claimed, its worker expired, and settled by hand; gives submission, worker and claim."""
        submission = create(ledger, batch.id, address=self.ADDRESS, token_source="environment", rows=[2])
        worker = new_worker(ledger)
        (claim,) = exchange(ledger, submission.id, 0, worker, want=1).claims
        expire_dead_workers(ledger, now=time.time() + 3600)
        assert settle(batch, [2], there=said, how="by hand", who="ann") == [2]
        return submission.id, worker, claim

    def again(self, ledger: reddy.Ledger, batch: reddy.Batch) -> tuple[str, str, list[Claim]]:
        submission = create(ledger, batch.id, address=self.ADDRESS, token_source="environment", rows=[2])
        worker = new_worker(ledger)
        return submission.id, worker, exchange(ledger, submission.id, 0, worker, want=1).claims

    def come(
        self, ledger: reddy.Ledger, sent: tuple[str, str, Claim], outcome: str = "accepted", upload: int = 1
    ) -> None:
        submission, worker, claim = sent
        came = answer(claim, outcome, upload_id=upload if outcome == "accepted" else None)
        exchange(ledger, submission, 0, worker, results=[came], want=0)

    def test_edited_meanwhile_it_is_not_sent_again(self, ledger: reddy.Ledger, batch: reddy.Batch) -> None:
        first = self.lost(ledger, batch)
        call = batch.call(2)
        call.product_id = 2
        batch.replace(2, call)
        self.come(ledger, first)
        assert ledger.submission(first[0]).counts()["accepted"] == 1, (
            "what it came to is kept with its submission"
        )
        submission, _, claims = self.again(ledger, batch)
        assert claims == []
        assert ledger.submission(submission).counts()["skipped"] == 1
        assert batch.info(2)["error"].startswith("Sent before: accepted on ")
        assert "upload 1" in batch.info(2)["error"]

    def test_chosen_again_but_not_claimed_yet_it_is_skipped(
        self, ledger: reddy.Ledger, batch: reddy.Batch
    ) -> None:
        first = self.lost(ledger, batch)
        submission = create(ledger, batch.id, address=self.ADDRESS, token_source="environment", rows=[2])
        self.come(ledger, first)
        worker = new_worker(ledger)
        assert exchange(ledger, submission.id, 0, worker, want=1).claims == []
        assert submission.counts()["skipped"] == 1
        assert submission.state == "done"

    @pytest.mark.parametrize(
        ("outcome", "says"),
        [
            ("accepted", "Reddy has this call twice (upload 1 and 2)"),
            ("unknown", "Reddy may have this call twice (upload 1)"),
            ("rejected", "Reddy has this call: its answer to an earlier attempt came late"),
            ("failed", "Reddy has this call: its answer to an earlier attempt came late"),
            ("again", "Reddy has this call: its answer to an earlier attempt came late"),
        ],
    )
    @pytest.mark.parametrize("first_answer_comes", ["during the second attempt", "after it"])
    def test_sent_again_meanwhile_its_outcome_says_so(
        self, ledger: reddy.Ledger, batch: reddy.Batch, outcome: str, says: str, first_answer_comes: str
    ) -> None:
        first = self.lost(ledger, batch)
        submission, worker, (claim,) = self.again(ledger, batch)
        second = (submission, worker, claim)
        if first_answer_comes == "after it":
            self.come(ledger, second, outcome, upload=2)
            self.come(ledger, first)
            if outcome == "again":  # it waits for its turn: it is simply not sent
                assert exchange(ledger, submission, 0, worker, want=1, now=time.time() + 60).claims == []
                assert batch.info(2)["status"] == "skipped"
                return
        else:
            self.come(ledger, first)
            assert batch.info(2)["status"] == "sending"
            self.come(ledger, second, outcome, upload=2)
        found = batch.info(2)
        assert found["status"] == "accepted"
        assert found["error"].startswith(says)
        assert exchange(ledger, submission, 0, worker, want=1, now=time.time() + 60).claims == []
        assert batch.attempts(2)["result"].tolist() == ["accepted", outcome]
        with pytest.raises(SubmissionError):
            create(ledger, batch.id, address=self.ADDRESS, token_source="environment", rows=[2])
        with ledger.read() as connection:
            assert connection.execute(sa.select(deliveries.c.state)).scalars().all() == ["accepted"]

    def test_sent_through_another_batch_meanwhile_both_say_so(
        self, ledger: reddy.Ledger, batch: reddy.Batch, sheet: Callable[..., Path]
    ) -> None:
        first = self.lost(ledger, batch)
        twin = ledger.load(sheet(1, name="again.csv"), products=PRODUCTS, progress=False)
        submission, worker, (claim,) = self.again(ledger, twin)
        self.come(ledger, first)
        self.come(ledger, (submission, worker, claim), "rejected")
        assert (batch.info(2)["status"], twin.info(2)["status"]) == ("accepted", "accepted")
        with ledger.read() as connection:
            assert connection.execute(sa.select(deliveries.c.state)).scalars().all() == ["accepted"]

    def test_said_to_be_there_it_gets_the_number_that_reddy_gave_it(
        self, ledger: reddy.Ledger, batch: reddy.Batch
    ) -> None:
        self.come(ledger, self.lost(ledger, batch, said=True), upload=77)
        assert batch.info(2)["upload_id"] == 77
        assert batch.info(2)["error"].startswith("It is at Reddy. Settled by hand by ann")
