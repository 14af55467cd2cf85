"""Nothing is lost and nothing is sent twice: claims, answers, workers and deliveries, on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import reddy_lib as reddy
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.database.schema import SENDABLE, STATUSES, deliveries, workers
from reddy_lib.errors import CallLocked, NotInLedger, SubmissionError
from reddy_lib.sending.claims import Claim
from reddy_lib.sending.overview import history
from reddy_lib.sending.overview import preview as asked
from reddy_lib.sending.results import Attempt
from reddy_lib.sending.states import BY_HAND, CHUNK
from reddy_lib.sending.submission import Submission, create, forget_deliveries
from reddy_lib.sending.workers import (
    database_now,
    expire_dead_workers,
    expire_strays,
    heartbeat,
    host_identity,
    new_worker,
    process_identity,
    retire_worker,
    strays,
)
from tests.sending.exchanging import exchange

Sheet = Callable[..., Path]

PRODUCTS: list[dict[str, Any]] = [
    {"id": 1, "name": "Cards hotline", "status": "active"},
    {"id": 2, "name": "Loans", "status": "active"},
]
NONE = dict.fromkeys(STATUSES, 0)
HERE = "https://reddy.example"


def counted(**counts: int) -> dict[str, int]:
    return {**NONE, **counts}


def answer(claim: Claim, outcome: Any = "accepted", **fields: Any) -> Attempt:
    """What came of one attempt; an accepted call of row n gets upload id 1000 + n."""
    values: dict[str, Any] = {
        "started": 100.0,
        "ended": 101.5,
        "seconds": 1.5,
        "upload_id": 1000 + claim.row if outcome == "accepted" else None,
        "http_status": 200 if outcome == "accepted" else None,
        "error": "" if outcome == "accepted" else f"It was {outcome}.",
    }
    return Attempt(claim=claim, outcome=outcome, **(values | fields))


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
    """Rows 2 to 7, all ready, all in the first chunk."""
    return ledger.load(sheet(6), products=PRODUCTS, progress=False)


@pytest.fixture
def worker(ledger: reddy.Ledger) -> str:
    return new_worker(ledger)


def send(
    ledger: reddy.Ledger, batch: reddy.Batch, rows: list[int] | None = None, **options: Any
) -> Submission:
    return create(
        ledger, batch.id, address=options.pop("address", HERE), token_source="notebook", rows=rows, **options
    )


def settle(ledger: reddy.Ledger, submission: Submission, worker: str, **outcomes: list[int]) -> None:
    """Claim everything in the first chunk, and answer by outcome: accepted=[2, 3], rejected=[4] …"""
    by_row = {row: outcome for outcome, rows in outcomes.items() for row in rows}
    claims = exchange(ledger, submission.id, 0, worker, want=100).claims
    results = [answer(claim, by_row[claim.row]) for claim in claims if claim.row in by_row]
    exchange(ledger, submission.id, 0, worker, results=results, want=0)


class TestCreate:
    def test_without_rows_all_ready_calls_are_queued_and_no_other(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = ledger.load(sheet(4, {3: {"Agent Email": ""}}), products=PRODUCTS, progress=False)
        submission = send(ledger, batch, who="ann")
        assert submission.counts() == counted(queued=3)
        assert batch.counts() == counted(held=1, queued=3)
        record = submission.record()
        assert (record.number, record.chosen, record.who, record.state) == (1, 3, "ann", "running")
        assert (record.address, record.token_source, record.generation) == (HERE, "notebook", 1)
        assert repr(submission) == f"<Submission 1 · {submission.id} · running · 3 queued>"

    def test_the_same_id_again_changes_nothing(self, ledger: reddy.Ledger, batch: reddy.Batch) -> None:
        first = send(ledger, batch, [2, 3], submission_id="s-mine")
        second = send(ledger, batch, [4, 5], submission_id="s-mine")
        assert first.id == second.id == "s-mine"
        assert second.counts() == counted(queued=2)
        assert len(ledger.submissions()) == 1

    def test_the_same_id_from_eight_threads_at_once_is_one_submission(
        self, ledger: reddy.Ledger, batch: reddy.Batch
    ) -> None:
        together = threading.Barrier(8)

        def click(_: int) -> str:
            together.wait()
            return send(ledger, batch, submission_id="s-click").id

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(click, range(8))) == {"s-click"}
        assert [found.counts() for found in ledger.submissions()] == [counted(queued=6)]

    def test_two_people_who_send_the_same_rows_at_once_share_them_out(
        self, ledger: reddy.Ledger, batch: reddy.Batch
    ) -> None:
        together = threading.Barrier(4)

        def click(number: int) -> int:
            together.wait()
            try:
                return sum(send(ledger, batch, [2, 3, 4]).counts().values())
            except SubmissionError:
                return 0

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(click, range(4))) == [0, 0, 0, 3]
        assert batch.counts() == counted(ready=3, queued=3)

    def test_rows_that_cannot_be_sent_stay_as_they_are(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        settle(ledger, send(ledger, batch, [2, 3, 4]), worker, accepted=[2], unknown=[3], rejected=[4])
        batch.replace(5, msgspec.structs.replace(batch.call(5), agent_email=""))
        submission = send(ledger, batch, [2, 3, 4, 5, 6, 999])
        assert submission.outcomes().index.tolist() == [4, 6]
        assert batch.counts() == counted(held=1, ready=1, queued=2, accepted=1, unknown=1)

    def test_a_rejected_call_that_now_has_an_error_is_not_sent(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        settle(ledger, send(ledger, batch, [2, 3]), worker, rejected=[2, 3])
        batch.recheck(PRODUCTS[:1])
        assert batch.findings_of(3)[0].code == "product-renamed"
        assert send(ledger, batch, [2, 3]).outcomes().index.tolist() == [2]

    @pytest.mark.parametrize(
        ("rows", "said"),
        [
            (None, "None of these calls can be sent: 6 accepted before. Choose others."),
            ([], "None of these calls can be sent: none was chosen. Choose others."),
            ([2], "Row 2 cannot be sent: it was accepted before."),
            ([99], "None of these calls can be sent: 1 not in this batch. Choose others."),
        ],
        ids=["all ready", "none", "accepted", "not there"],
    )
    def test_where_nothing_can_be_sent_it_says_so_and_leaves_no_submission(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str, rows: list[int] | None, said: str
    ) -> None:
        settle(ledger, send(ledger, batch), worker, accepted=[2, 3, 4, 5, 6, 7])
        with pytest.raises(SubmissionError) as raised:
            send(ledger, batch, rows)
        assert str(raised.value) == said
        assert len(ledger.submissions()) == 1

    def test_what_holds_the_chosen_calls_is_named_by_row_or_counted(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        settle(ledger, send(ledger, batch, [2, 3]), worker, accepted=[2], unknown=[3])
        for row in (4, 5):
            batch.replace(row, msgspec.structs.replace(batch.call(row), agent_email=""))
        with pytest.raises(
            SubmissionError, match=r"^Row 4 cannot be sent: it is held by a finding, “No agent email”"
        ):
            send(ledger, batch, [4])
        counts = (
            "2 held by findings \\(No agent email: 2\\), 1 accepted before, 1 in doubt, 1 not in this batch"
        )
        with pytest.raises(
            SubmissionError, match=f"^None of these calls can be sent: {counts}\\. Fix the held"
        ):
            send(ledger, batch, [2, 3, 4, 5, 99])

    def test_what_was_accepted_at_this_address_before_is_skipped_with_the_reason(
        self, ledger: reddy.Ledger, batch: reddy.Batch, sheet: Sheet, worker: str
    ) -> None:
        settle(ledger, send(ledger, batch, [2, 3]), worker, accepted=[2], rejected=[3])
        again = ledger.load(sheet(6), name="again", products=PRODUCTS, progress=False)
        submission = send(ledger, again)
        assert submission.counts() == counted(queued=5, skipped=1)
        info = again.info(2)
        assert info["status"] == "skipped"
        assert info["skipped_because"] == info["error"]
        assert info["skipped_because"] == (
            "Sent before: accepted on 01 Jan 1970 00:01 UTC in submission 1 of 'calls', upload 1002."
        )
        assert info["upload_id"] == 1002
        assert submission.record().chosen == 6

    def test_where_everything_was_sent_before_the_submission_is_done_at_once(
        self, ledger: reddy.Ledger, batch: reddy.Batch, sheet: Sheet, worker: str
    ) -> None:
        settle(ledger, send(ledger, batch), worker, accepted=[2, 3, 4, 5, 6, 7])
        again = ledger.load(sheet(6), products=PRODUCTS, progress=False)
        submission = send(ledger, again)
        assert submission.counts() == counted(skipped=6)
        assert submission.state == "done"
        assert submission.record().ended_at is not None
        assert submission.open_chunks() == []

    def test_calls_are_told_apart_per_address(
        self, ledger: reddy.Ledger, batch: reddy.Batch, sheet: Sheet, worker: str
    ) -> None:
        settle(ledger, send(ledger, batch, address=SANDBOX), worker, accepted=[2, 3, 4, 5, 6, 7])
        again = ledger.load(sheet(6), products=PRODUCTS, progress=False)
        assert send(ledger, again, address=HERE).counts() == counted(queued=6)

    def test_a_preview_says_what_create_then_does(
        self, ledger: reddy.Ledger, batch: reddy.Batch, sheet: Sheet, worker: str
    ) -> None:
        settle(ledger, send(ledger, batch, [2, 3, 4]), worker, accepted=[2], unknown=[3], rejected=[4])
        again = ledger.load(sheet(6, {7: {"Agent Email": ""}}), products=PRODUCTS, progress=False)
        told = asked(ledger, again.id, address=HERE, rows=[2, 3, 4, 7])
        assert told == {"chosen": 4, "to_send": 1, "skipped": 1, "asked": 0, "in_doubt": 1, "stay": 1}
        submission = send(ledger, again, [2, 3, 4, 7])
        assert submission.counts() == counted(queued=2, skipped=1)
        exchange(ledger, submission.id, 0, worker, want=10)
        assert submission.counts() == counted(sending=1, skipped=1, failed=1)

    def test_chunks_are_made_of_the_sheet_s_rows(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        batch = ledger.load(sheet(CHUNK + 5), products=PRODUCTS, progress=False)
        submission = send(ledger, batch)
        assert submission.open_chunks() == [0, 1]
        first = exchange(ledger, submission.id, 0, new_worker(ledger), want=10_000).claims
        assert [claim.row for claim in first] == list(range(2, CHUNK))
        assert submission.open_chunks() == [1]

    def test_submissions_are_numbered_and_listed_newest_first(
        self, ledger: reddy.Ledger, batch: reddy.Batch
    ) -> None:
        first, second = send(ledger, batch, [2]), send(ledger, batch, [3])
        assert [found.id for found in ledger.submissions()] == [second.id, first.id]
        assert [found.record().number for found in ledger.submissions(batch.id)] == [2, 1]
        with pytest.raises(NotInLedger, match="b-other"):
            ledger.submissions("b-other")
        second.pause()
        assert [found.id for found in ledger.submissions(state="running")] == [first.id]
        assert ledger.submission(first.id).id == first.id
        with pytest.raises(NotInLedger, match="no submission 's-none'"):
            Submission(ledger, "s-none").record()


class TestExchange:
    def test_claims_are_committed_before_anything_can_be_sent(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        submission = send(ledger, batch)
        claims = exchange(ledger, submission.id, 0, worker, want=2, now=50.0).claims
        assert [claim.row for claim in claims] == [2, 3]
        with reddy.Ledger(ledger.url.render_as_string(hide_password=False)) as other:
            seen = other.batch(batch.id)
            assert seen.counts() == counted(queued=4, sending=2)
            (attempt,) = seen.attempts(2).itertuples()
            assert (attempt.number, attempt.result, attempt.submission) == (1, None, submission.id)
            assert attempt.started.timestamp() == 50.0
            with other.read() as connection:
                states = connection.execute(sa.select(deliveries.c.address, deliveries.c.state)).all()
        assert [tuple(row) for row in states] == [(HERE, "sending"), (HERE, "sending")]

    def test_nobody_gets_a_call_that_is_claimed(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        submission = send(ledger, batch)
        first = exchange(ledger, submission.id, 0, worker, want=4).claims
        second = exchange(ledger, submission.id, 0, new_worker(ledger), want=4).claims
        assert [claim.row for claim in first] == [2, 3, 4, 5]
        assert [claim.row for claim in second] == [6, 7]
        assert exchange(ledger, submission.id, 0, worker, want=4).claims == []

    def test_many_threads_that_claim_at_once_share_the_calls_out(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = ledger.load(sheet(60), products=PRODUCTS, progress=False)
        submission = send(ledger, batch)
        together = threading.Barrier(6)

        def work(_: int) -> list[int]:
            worker, rows = new_worker(ledger), []
            together.wait()
            while claims := exchange(ledger, submission.id, 0, worker, want=3).claims:
                rows += [claim.row for claim in claims]
            return rows

        with ThreadPoolExecutor(6) as pool:
            rows = [row for found in pool.map(work, range(6)) for row in found]
        # where others hold all that is left, PostgreSQL gives an empty answer instead of waiting
        while claims := exchange(ledger, submission.id, 0, "late", want=3).claims:
            rows += [claim.row for claim in claims]
        assert sorted(rows) == list(range(2, 62))

    def test_a_claim_is_the_exact_body_and_shows_none_of_it(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        (claim,) = exchange(ledger, send(ledger, batch, [2]).id, 0, worker, want=1).claims
        assert msgspec.json.decode(claim.payload) == dict(batch.payloads([2]))[2]
        assert repr(claim) == "<Claim row 2 · attempt 1>"

    def test_an_answer_is_recorded_with_its_evidence(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        submission = send(ledger, batch, [2, 3])
        one, two = exchange(ledger, submission.id, 0, worker, want=2, now=50.0).claims
        results = [
            answer(
                two, "rejected", http_status=422, error="Fix it.", words="product 9 unknown", request_id="r-7"
            ),
            answer(one),
        ]
        exchange(ledger, submission.id, 0, worker, results=results, want=0)
        outcomes = submission.outcomes()
        assert list(outcomes["status"]) == ["accepted", "rejected"]
        assert outcomes.loc[2, "upload_id"] == 1002
        assert outcomes.loc[3, "error"] == "Fix it."
        assert outcomes.loc[3, "http_status"] == 422
        assert (outcomes.loc[2, "attempts"], outcomes.loc[2, "seconds"]) == (1, 1.5)
        assert outcomes.loc[2, "started"].timestamp() == 50.0
        assert outcomes.loc[2, "ended"].timestamp() == 101.5
        (attempt,) = batch.attempts(3).itertuples()
        assert (attempt.result, attempt.words, attempt.request_id) == ("rejected", "product 9 unknown", "r-7")
        assert attempt.possibly_processed in (False, 0)
        assert submission.state == "done"

    def test_only_what_is_accepted_or_in_doubt_keeps_its_delivery(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        submission = send(ledger, batch)
        outcomes = {"accepted": [2], "rejected": [3], "failed": [4], "unknown": [5], "again": [6]}
        settle(ledger, submission, worker, **outcomes)
        with ledger.read() as connection:
            states = Counter(connection.execute(sa.select(deliveries.c.state)).scalars())
        assert states == {"accepted": 1, "unknown": 1, "sending": 1}
        assert submission.counts() == counted(
            queued=1, sending=1, accepted=1, rejected=1, failed=1, unknown=1
        )

    def test_a_call_that_was_not_processed_waits_its_time_and_goes_again(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        submission = send(ledger, batch, [2])
        (claim,) = exchange(ledger, submission.id, 0, worker, want=1, now=100.0).claims
        later = exchange(
            ledger,
            submission.id,
            0,
            worker,
            results=[answer(claim, "again", retry_at=130.0)],
            want=1,
            now=101.0,
        )
        assert (later.claims, later.retry_at, later.state) == ([], 130.0, "running")
        assert exchange(ledger, submission.id, 0, worker, want=1, now=129.9).claims == []
        (second,) = exchange(ledger, submission.id, 0, worker, want=1, now=130.0).claims
        assert (second.number, second.tries) == (2, 2)
        exchange(ledger, submission.id, 0, worker, results=[answer(second)], want=0)
        assert list(batch.attempts(2)["result"]) == ["again", "accepted"]
        assert batch.info(2)["attempts"] == 2
        assert submission.state == "done"

    def test_an_answer_to_an_earlier_attempt_does_not_settle_the_later_one(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        submission = send(ledger, batch, [2])
        (first,) = exchange(ledger, submission.id, 0, worker, want=1).claims
        exchange(ledger, submission.id, 0, worker, results=[answer(first, "again")], want=0)
        (second,) = exchange(ledger, submission.id, 0, worker, want=1).claims
        exchange(ledger, submission.id, 0, worker, results=[answer(first, "rejected")], want=0)
        assert batch.info(2)["status"] == "sending"
        exchange(ledger, submission.id, 0, worker, results=[answer(second)], want=0)
        assert batch.info(2)["status"] == "accepted"

    def test_the_same_answer_recorded_twice_counts_once(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        submission = send(ledger, batch, [2, 3])
        one, two = exchange(ledger, submission.id, 0, worker, want=2).claims
        results = [answer(one), answer(two, "again", retry_at=0.0)]
        exchange(ledger, submission.id, 0, worker, results=results, want=0)
        exchange(ledger, submission.id, 0, worker, results=results, want=0)
        assert submission.counts() == counted(queued=1, accepted=1)
        assert [len(batch.attempts(row)) for row in (2, 3)] == [1, 1]

    def test_a_paused_submission_records_answers_and_gives_no_more_calls(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        submission = send(ledger, batch)
        (claim,) = exchange(ledger, submission.id, 0, worker, want=1).claims
        submission.pause()
        paused = exchange(ledger, submission.id, 0, worker, results=[answer(claim)], want=5)
        assert (paused.claims, paused.state) == ([], "paused")
        assert submission.counts() == counted(queued=5, accepted=1)

    def test_the_last_answer_ends_the_submission(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        submission = send(ledger, batch, [2, 3])
        one, two = exchange(ledger, submission.id, 0, worker, want=2).claims
        exchange(ledger, submission.id, 0, worker, results=[answer(one)], want=1)
        assert submission.state == "running"
        exchange(ledger, submission.id, 0, worker, results=[answer(two, "failed")], want=1)
        assert submission.state == "done"
        assert submission.record().ended_at is not None


class TestDeadWorkers:
    def claimed(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> tuple[Submission, list[Claim]]:
        submission = send(ledger, batch, [2, 3])
        return submission, exchange(ledger, submission.id, 0, worker, want=2, now=1000.0).claims

    def registered(self, ledger: reddy.Ledger, **fields: Any) -> str:
        """A worker that some other process left in the ledger."""
        values = {"name": "left", "host": socket.gethostname(), "pid": os.getpid(), "started": 1.0,
                  "heartbeat": 1000.0, "gone": False, "place": host_identity()}  # fmt: skip
        with ledger.write() as connection:
            connection.execute(workers.insert().values(**(values | fields)))
        return "left"

    def dead_pid(self) -> int:
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        return process.pid

    def test_what_a_dead_process_was_sending_is_in_doubt(
        self, ledger: reddy.Ledger, batch: reddy.Batch
    ) -> None:
        submission, _ = self.claimed(ledger, batch, self.registered(ledger, pid=self.dead_pid()))
        assert expire_dead_workers(ledger, now=1001.0) == 2
        assert submission.counts() == counted(unknown=2)
        assert submission.state == "done"
        info = batch.info(2)
        assert info["error"].startswith("The program stopped while this call was being sent")
        (attempt,) = batch.attempts(2).itertuples()
        assert (attempt.result, bool(attempt.possibly_processed)) == ("unknown", True)
        assert expire_dead_workers(ledger, now=1002.0) == 0

    def test_a_worker_on_another_machine_is_dead_after_a_minute_without_a_sign(
        self, ledger: reddy.Ledger, batch: reddy.Batch
    ) -> None:
        self.claimed(ledger, batch, self.registered(ledger, host="another-machine", pid=1))
        assert expire_dead_workers(ledger, now=1060.0) == 0
        assert expire_dead_workers(ledger, now=1060.5) == 2

    def test_one_that_is_alive_is_left_alone(self, ledger: reddy.Ledger, batch: reddy.Batch) -> None:
        worker = new_worker(ledger, now=1000.0)
        submission, _ = self.claimed(ledger, batch, worker)
        assert expire_dead_workers(ledger, now=1030.0) == 0
        heartbeat(ledger, worker, now=1050.0)
        assert expire_dead_workers(ledger, now=1090.0) == 0
        assert submission.counts() == counted(sending=2)

    def test_a_container_with_the_same_host_name_does_not_take_a_living_worker_for_dead(
        self, ledger: reddy.Ledger, batch: reddy.Batch
    ) -> None:
        """Same host name, and a process id that nobody has here: from elsewhere, only its silence counts."""
        self.claimed(
            ledger, batch, self.registered(ledger, pid=self.dead_pid(), place="the same host, elsewhere")
        )
        assert expire_dead_workers(ledger, now=1001.0) == 0
        assert expire_dead_workers(ledger, now=1061.0) == 2

    def test_a_process_id_that_was_given_out_again_is_not_the_worker(
        self, ledger: reddy.Ledger, batch: reddy.Batch
    ) -> None:
        if " " not in process_identity():
            pytest.skip("this system does not tell when a process began")
        self.claimed(ledger, batch, self.registered(ledger, process=f"{os.getpid()} 1"))
        assert expire_dead_workers(ledger, now=1001.0) == 2

    def test_how_long_a_worker_may_be_silent_is_what_it_said_itself(
        self, ledger: reddy.Ledger, batch: reddy.Batch
    ) -> None:
        self.claimed(ledger, batch, new_worker(ledger, timeout=5.0, now=1000.0))
        assert expire_dead_workers(ledger, now=1004.0) == 0
        assert expire_dead_workers(ledger, now=1006.0) == 2

    def test_a_sign_of_life_is_given_by_the_database_s_clock_and_tells_of_having_been_given_up(
        self, ledger: reddy.Ledger, worker: str
    ) -> None:
        assert heartbeat(ledger, worker) is True
        with ledger.read() as connection:
            (found,) = connection.execute(sa.select(workers)).all()
            assert 0 <= database_now(connection) - found.heartbeat < 60
        assert expire_dead_workers(ledger, now=found.heartbeat + 46) == 0
        assert heartbeat(ledger, worker) is False
        assert heartbeat(ledger, worker) is True

    def test_what_a_living_worker_holds_without_knowing_of_it_is_in_doubt(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        """The claim was committed, and the connection broke before that was known."""
        submission, claims = self.claimed(ledger, batch, worker)
        assert strays(ledger, worker, {claim.attempt_id for claim in claims}) == []
        assert strays(ledger, worker, {claims[0].attempt_id}) == [claims[1].attempt_id]
        assert expire_strays(ledger, worker, [claims[1].attempt_id]) == 1
        assert submission.counts() == counted(sending=1, unknown=1)
        assert expire_strays(ledger, worker, [claims[1].attempt_id]) == 0

    def test_what_is_queued_stays_queued(self, ledger: reddy.Ledger, batch: reddy.Batch) -> None:
        submission = send(ledger, batch)
        exchange(ledger, submission.id, 0, self.registered(ledger, pid=self.dead_pid()), want=1)
        expire_dead_workers(ledger)
        assert submission.counts() == counted(queued=5, unknown=1)
        assert submission.state == "running"

    def test_a_worker_that_slept_and_woke_and_died_is_given_up_again(
        self, ledger: reddy.Ledger, batch: reddy.Batch
    ) -> None:
        slept = self.registered(ledger, host="laptop", pid=1, gone=True)
        self.claimed(ledger, batch, slept)  # it took calls before its first sign of life
        assert expire_dead_workers(ledger, now=1030.0) == 0
        assert expire_dead_workers(ledger, now=1070.0) == 2

    def test_a_worker_that_ends_in_good_order_leaves_nothing_in_flight(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        submission, claims = self.claimed(ledger, batch, worker)
        exchange(ledger, submission.id, 0, worker, results=[answer(claims[0])], want=0)
        retire_worker(ledger, worker)
        assert submission.counts() == counted(accepted=1, unknown=1)

    @pytest.mark.parametrize(
        ("outcome", "becomes"),
        [("accepted", "accepted"), ("rejected", "rejected"), ("failed", "failed"), ("unknown", "unknown"),
         ("again", "failed")],
    )  # fmt: skip
    def test_an_answer_that_comes_after_all_still_counts(
        self, ledger: reddy.Ledger, batch: reddy.Batch, outcome: str, becomes: str
    ) -> None:
        submission, claims = self.claimed(ledger, batch, self.registered(ledger, host="laptop"))
        expire_dead_workers(ledger, now=2000.0)
        assert submission.state == "done"
        exchange(ledger, submission.id, 0, "left", results=[answer(claims[0], outcome, retry_at=5.0)], want=0)
        assert submission.counts() == {**counted(unknown=1), becomes: 1 + (becomes == "unknown")}
        assert batch.attempts(2)["result"].tolist() == [outcome]
        if outcome == "again":  # nobody takes calls from the queue of a submission that is over
            assert batch.info(2)["error"] == "It was again. Not tried again: the submission had ended."
            assert send(ledger, batch, [2]).counts() == counted(queued=1)

    def test_a_late_yes_keeps_the_same_call_of_another_batch_from_being_sent(
        self, ledger: reddy.Ledger, batch: reddy.Batch, sheet: Sheet
    ) -> None:
        submission, claims = self.claimed(ledger, batch, self.registered(ledger, host="laptop"))
        expire_dead_workers(ledger, now=2000.0)
        exchange(ledger, submission.id, 0, "left", results=[answer(claims[0])], want=0)
        again = ledger.load(sheet(6), products=PRODUCTS, progress=False)
        assert send(ledger, again, [2, 3]).counts() == counted(queued=1, skipped=1)


class TestOneDelivery:
    """Two batches that hold the same calls."""

    @pytest.fixture
    def twin(self, ledger: reddy.Ledger, batch: reddy.Batch, sheet: Sheet) -> reddy.Batch:
        return ledger.load(sheet(6), name="twin", products=PRODUCTS, progress=False)

    def test_a_call_that_the_other_batch_is_sending_waits(
        self, ledger: reddy.Ledger, batch: reddy.Batch, twin: reddy.Batch, worker: str
    ) -> None:
        one, two = send(ledger, batch, [2]), send(ledger, twin, [2])
        (claim,) = exchange(ledger, one.id, 0, worker, want=1, now=100.0).claims
        waiting = exchange(ledger, two.id, 0, worker, want=1, now=100.0)
        assert (waiting.claims, waiting.retry_at) == ([], 101.0)
        exchange(ledger, one.id, 0, worker, results=[answer(claim)], want=0, now=100.5)
        assert exchange(ledger, two.id, 0, worker, want=1, now=101.0).claims == []
        assert two.counts() == counted(skipped=1)
        assert two.state == "done"
        assert "in submission 1 of 'calls', upload 1002" in twin.info(2)["skipped_because"]
        assert twin.attempts(2).empty

    def test_it_goes_when_the_other_one_was_refused(
        self, ledger: reddy.Ledger, batch: reddy.Batch, twin: reddy.Batch, worker: str
    ) -> None:
        one, two = send(ledger, batch, [2]), send(ledger, twin, [2])
        (claim,) = exchange(ledger, one.id, 0, worker, want=1, now=100.0).claims
        exchange(ledger, two.id, 0, worker, want=1, now=100.0)
        exchange(ledger, one.id, 0, worker, results=[answer(claim, "rejected")], want=0, now=100.5)
        (mine,) = exchange(ledger, two.id, 0, worker, want=1, now=101.0).claims
        assert mine.row == 2

    def test_it_fails_with_the_reason_where_the_other_one_is_in_doubt(
        self, ledger: reddy.Ledger, batch: reddy.Batch, twin: reddy.Batch, worker: str
    ) -> None:
        settle(ledger, send(ledger, batch, [2]), worker, unknown=[2])
        two = send(ledger, twin, [2])
        assert exchange(ledger, two.id, 0, worker, want=1).claims == []
        assert two.counts() == counted(failed=1)
        assert twin.info(2)["error"] == (
            "Not sent: the same conversation is in doubt in another batch. Settle that one first."
        )

    def test_it_fails_too_where_whoever_was_sending_the_other_one_died(
        self, ledger: reddy.Ledger, batch: reddy.Batch, twin: reddy.Batch, worker: str
    ) -> None:
        one, two = send(ledger, batch, [2]), send(ledger, twin, [2])
        exchange(ledger, one.id, 0, new_worker(ledger, now=100.0), want=1, now=100.0)
        assert exchange(ledger, two.id, 0, worker, want=1, now=100.0).retry_at == 101.0
        heartbeat(ledger, worker, now=900.0)
        expire_dead_workers(ledger, now=901.0)
        assert exchange(ledger, two.id, 0, worker, want=1, now=901.0).claims == []
        assert (one.counts(), two.counts()) == (counted(unknown=1), counted(failed=1))
        assert two.state == "done"

    def test_one_that_waits_does_not_hold_up_the_others(
        self, ledger: reddy.Ledger, batch: reddy.Batch, twin: reddy.Batch, worker: str
    ) -> None:
        one, two = send(ledger, batch, [2]), send(ledger, twin, [2, 3, 4])
        exchange(ledger, one.id, 0, worker, want=1, now=100.0)
        assert [c.row for c in exchange(ledger, two.id, 0, worker, want=3, now=100.0).claims] == [3, 4]

    def test_two_batches_sent_at_once_from_threads_send_each_call_once(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox
    ) -> None:
        path = sheet(24)
        both = [ledger.load(path, products=PRODUCTS, progress=False) for _ in range(2)]
        together = threading.Barrier(2)

        def go(batch: reddy.Batch) -> Submission:
            with reddy.Client(sandbox.token, base_url=sandbox.url) as client:
                together.wait()
                return reddy.submit(batch, client, concurrency=6, progress=False)

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(go, both))
        sent = Counter(call["conversation_id"] for call in sandbox.received)
        assert len(sent) == 24
        assert max(sent.values()) == 1
        totals = [submission.counts() for submission in done]
        assert [sum(counts.values()) for counts in totals] == [24, 24]
        assert sum(counts["accepted"] for counts in totals) == 24
        assert sum(counts["skipped"] for counts in totals) == 24


class TestPauseResumeCancel:
    def test_pausing_and_resuming(self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str) -> None:
        submission = send(ledger, batch)
        submission.pause()
        assert (submission.state, submission.record().reason) == ("paused", BY_HAND)
        assert exchange(ledger, submission.id, 0, worker, want=1).claims == []
        assert submission.resume() == 2
        record = submission.record()
        assert (record.state, record.reason, record.generation) == ("running", "", 2)
        assert len(exchange(ledger, submission.id, 0, worker, want=1).claims) == 1

    def test_waiting_for_a_token_ends_with_a_token(self, ledger: reddy.Ledger, batch: reddy.Batch) -> None:
        submission = send(ledger, batch)
        submission.wait_for_token("Give it again.")
        assert (submission.state, submission.record().reason) == ("waiting", "Give it again.")
        submission.resume(token_source="typed", token_hint="…4f2a")
        record = submission.record()
        assert (record.state, record.token_source, record.token_hint) == ("running", "typed", "…4f2a")

    def test_a_submission_that_is_over_can_neither_be_paused_nor_resumed(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        done, cancelled = send(ledger, batch, [2]), send(ledger, batch, [3])
        settle(ledger, done, worker, accepted=[2])
        cancelled.cancel()
        for submission, state in ((done, "done"), (cancelled, "cancelled")):
            submission.pause()
            submission.wait_for_token("?")
            assert submission.state == state
            with pytest.raises(SubmissionError, match=f"is {state} and cannot go on. Choose the calls again"):
                submission.resume()
        assert done.cancel() == 0
        assert done.state == "done"

    def test_cancelling_makes_what_is_queued_ready_again_and_records_what_is_in_flight(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        submission = send(ledger, batch)
        one, two = exchange(ledger, submission.id, 0, worker, want=2).claims
        assert submission.cancel() == 4
        assert submission.counts() == counted(ready=4, sending=2)
        assert batch.counts() == counted(ready=4, sending=2)
        over = exchange(ledger, submission.id, 0, worker, results=[answer(one), answer(two, "again")], want=5)
        assert (over.claims, over.state) == ([], "cancelled")
        assert submission.counts() == counted(ready=4, accepted=1, failed=1)
        assert batch.info(3)["error"] == "It was again. Not tried again: the submission was cancelled."
        assert submission.state == "cancelled"
        outcomes = submission.outcomes()
        assert list(outcomes.index) == [2, 3, 4, 5, 6, 7]
        assert outcomes.loc[5, "error"] == "Not sent: the submission was cancelled before its turn."

    def test_cancelled_calls_can_be_edited_and_sent_again_and_the_old_counts_stand(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        first = send(ledger, batch)
        first.cancel()
        batch.replace(2, msgspec.structs.replace(batch.call(2), product_id=2))
        second = send(ledger, batch)
        settle(ledger, second, worker, accepted=[2, 3, 4, 5, 6, 7])
        assert first.counts() == counted(ready=6)
        assert second.counts() == counted(accepted=6)
        assert first.outcomes()["status"].tolist() == ["ready"] * 6
        assert history(ledger)["chosen"].tolist() == [6, 6]

    @pytest.mark.parametrize("state", ["paused", "waiting"])
    def test_one_that_stands_still_can_be_cancelled(
        self, ledger: reddy.Ledger, batch: reddy.Batch, state: str
    ) -> None:
        submission = send(ledger, batch)
        submission.pause() if state == "paused" else submission.wait_for_token("?")
        assert submission.cancel() == 6
        assert submission.record().reason == "Cancelled by hand."
        assert submission.cancel() == 0

    def test_cancelling_while_answers_come_in_leaves_nothing_in_the_queue(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        """Answers that would go back to the queue race with the cancel that empties it."""
        batch = ledger.load(sheet(8), products=PRODUCTS, progress=False)
        for _ in range(6):
            submission, worker = send(ledger, batch, batch.rows(status=sorted(SENDABLE))), new_worker(ledger)
            claims = exchange(ledger, submission.id, 0, worker, want=8).claims
            assert len(claims) == 8
            together = threading.Barrier(2)

            def record(
                submission: Submission = submission,
                worker: str = worker,
                claims: list[Claim] = claims,
                together: threading.Barrier = together,
            ) -> None:
                together.wait()
                results = [answer(claim, "again") for claim in claims]
                exchange(ledger, submission.id, 0, worker, results=results, want=0)

            with ThreadPoolExecutor(1) as pool:
                recorded = pool.submit(record)
                together.wait()
                submission.cancel()
                recorded.result()
            counts = submission.counts()
            assert counts["queued"] == counts["sending"] == 0
            assert counts["ready"] + counts["failed"] == 8


class TestSendingAgain:
    def test_what_failed_goes_again_and_the_first_outcome_stays_on_record(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        first = send(ledger, batch)
        settle(ledger, first, worker, accepted=[2, 3], rejected=[4, 5], failed=[6], unknown=[7])
        second = send(ledger, batch, batch.rows(status=["rejected", "failed"]))
        assert second.counts() == counted(queued=3)
        assert first.counts() == counted(accepted=2, rejected=2, failed=1, unknown=1)
        settle(ledger, second, worker, accepted=[4], rejected=[5, 6])
        third = send(ledger, batch, [5, 6])
        settle(ledger, third, worker, accepted=[5, 6])
        assert first.counts() == counted(accepted=2, rejected=2, failed=1, unknown=1)
        assert second.counts() == counted(accepted=1, rejected=2)
        assert third.counts() == counted(accepted=2)
        assert batch.counts() == counted(accepted=5, unknown=1)
        assert first.outcomes().loc[5, "attempts"] == 1
        assert third.outcomes().loc[5, "attempts"] == 3
        assert batch.attempts(5)["number"].tolist() == [1, 2, 3]
        assert batch.attempts(5)["submission"].tolist() == [first.id, second.id, third.id]

    def test_none_means_ready_calls_alone(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        settle(ledger, send(ledger, batch, [2, 3]), worker, rejected=[2], failed=[3])
        assert send(ledger, batch).outcomes().index.tolist() == [4, 5, 6, 7]

    def test_the_number_of_tries_starts_again_and_that_of_attempts_goes_on(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        settle(ledger, send(ledger, batch, [2]), worker, failed=[2])
        (claim,) = exchange(ledger, send(ledger, batch, [2]).id, 0, worker, want=1).claims
        assert (claim.number, claim.tries) == (2, 1)

    def test_outcomes_of_the_batch_are_the_latest(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        settle(ledger, send(ledger, batch, [2]), worker, rejected=[2])
        latest = send(ledger, batch, [2])
        settle(ledger, latest, worker, accepted=[2])
        outcomes = batch.outcomes()
        assert (outcomes.loc[2, "status"], outcomes.loc[2, "submission"]) == ("accepted", latest.id)
        assert outcomes.loc[3, "status"] == "ready"


class TestForgettingTheSandbox:
    def test_a_trial_can_be_repeated_and_its_outcomes_stay_on_record(
        self, ledger: reddy.Ledger, batch: reddy.Batch, sheet: Sheet, worker: str
    ) -> None:
        trial = send(ledger, batch, address=SANDBOX)
        settle(ledger, trial, worker, accepted=[2, 3], unknown=[4], rejected=[5, 6, 7])
        assert forget_deliveries(ledger) == 3
        assert batch.counts() == counted(ready=3, rejected=3)
        assert trial.counts() == counted(accepted=2, unknown=1, rejected=3)
        assert send(ledger, batch, [2, 3, 4], address=SANDBOX).counts() == counted(queued=3)

    def test_what_reddy_has_is_never_forgotten(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        settle(ledger, send(ledger, batch), worker, accepted=[2, 3, 4, 5, 6, 7])
        with pytest.raises(SubmissionError, match="Only what the sandbox received can be forgotten"):
            forget_deliveries(ledger, address=HERE)
        assert forget_deliveries(ledger) == 0
        assert batch.counts() == counted(accepted=6)

    def test_not_while_it_is_being_sent_to(
        self, ledger: reddy.Ledger, batch: reddy.Batch, worker: str
    ) -> None:
        submission = send(ledger, batch, address=SANDBOX)
        exchange(ledger, submission.id, 0, worker, want=1)
        for _ in range(2):
            with pytest.raises(SubmissionError, match="Submission 1 is still being sent to the sandbox"):
                forget_deliveries(ledger)
            submission.cancel()  # what is in flight is still in flight


class Ledgers(RuleBasedStateMachine):
    """Everything that can happen to two batches with the same calls, in any order.

    `server` is what Reddy processed: the machine decides for each claim whether it was, and which answer, if any,
    finds its way back.
    """

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.server: Counter[str] = Counter()
        self.flying: list[tuple[Submission, str, Claim, bool]] = []
        self.now = 1_000_000.0
        self.products = 1

    @initialize()
    def load(self) -> None:
        self.folder.mkdir(exist_ok=True)
        for left in self.folder.glob("ledger.sqlite*"):
            left.unlink()
        path = self.folder / "calls.csv"
        if not path.exists():
            lines = [
                f'c-{n},ann@x.example,1,2026-03-02T10:00:00Z,"Agent: call {n}\nCustomer: Hello."'
                for n in range(5)
            ]
            path.write_text("\n".join(["Conversation ID,Agent Email,Product,Start,Transcript", *lines]))
        self.ledger = reddy.Ledger(self.folder / "ledger.sqlite")
        self.batches = [self.ledger.load(path, progress=False) for _ in range(2)]
        assert [batch.counts()["ready"] for batch in self.batches] == [5, 5]
        self.worker = new_worker(self.ledger, now=self.now)

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()

    def submissions(self, *states: str) -> list[Submission]:
        return [found for found in self.ledger.submissions() if not states or found.state in states]

    def take(self, data: st.DataObject, found: list[Any]) -> Any:
        return found[data.draw(st.integers(0, len(found) - 1))]

    @rule(data=st.data(), everything=st.booleans())
    def choose(self, data: st.DataObject, everything: bool) -> None:
        batch = self.take(data, self.batches)
        rows = None if everything else data.draw(st.lists(st.integers(2, 6), min_size=1))
        try:
            create(self.ledger, batch.id, address=HERE, token_source="notebook", rows=rows)
        except SubmissionError:
            assert not set(batch.rows(status="ready" if rows is None else sorted(SENDABLE))) & set(
                rows or range(9)
            )

    @rule(data=st.data(), want=st.integers(1, 4), processed=st.lists(st.booleans(), min_size=4, max_size=4))
    def claim(self, data: st.DataObject, want: int, processed: list[bool]) -> None:
        if found := self.submissions("running"):
            submission = self.take(data, found)
            claims = exchange(self.ledger, submission.id, 0, self.worker, want=want, now=self.now).claims
            for claim, taken in zip(claims, processed, strict=False):
                self.server[claim.key] += taken
                self.flying.append((submission, self.worker, claim, taken))

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), clear=st.booleans(), rejected=st.booleans(), twice=st.booleans())
    def answer_comes(self, data: st.DataObject, clear: bool, rejected: bool, twice: bool) -> None:
        flight = self.take(data, self.flying)
        self.flying.remove(flight)
        submission, worker, claim, taken = flight
        outcome = "unknown" if not clear else "accepted" if taken else "rejected" if rejected else "again"
        for _ in range(1 + twice):  # a commit whose acknowledgement was lost is repeated
            exchange(
                self.ledger,
                submission.id,
                0,
                worker,
                results=[answer(claim, outcome, retry_at=self.now)],
                want=0,
            )

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def answer_is_lost(self, data: st.DataObject) -> None:
        self.flying.remove(self.take(data, self.flying))

    @rule()
    def worker_dies(self) -> None:
        self.now += 120.0
        in_flight = sum(batch.counts()["sending"] for batch in self.batches)
        assert expire_dead_workers(self.ledger, now=self.now) == in_flight
        self.worker = new_worker(self.ledger, now=self.now)

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if found := self.submissions():
            self.take(data, found).cancel()

    @rule(data=st.data())
    def pause(self, data: st.DataObject) -> None:
        if found := self.submissions():
            self.take(data, found).pause()

    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        if found := self.submissions("paused", "waiting"):
            submission = self.take(data, found)
            submission.resume()
            submission.finish_if_settled()

    @rule(data=st.data(), row=st.integers(2, 6))
    def edit(self, data: st.DataObject, row: int) -> None:
        batch = self.take(data, self.batches)
        self.products += 1
        status = batch.info(row)["status"]
        try:
            batch.replace(row, msgspec.structs.replace(batch.call(row), product_id=self.products))
        except CallLocked:
            assert status in ("queued", "sending", "accepted", "unknown")
        else:
            assert batch.info(row)["status"] == "ready"

    @invariant()
    def nothing_was_processed_twice(self) -> None:
        assert all(count <= 1 for count in self.server.values())

    @invariant()
    def counts_sum(self) -> None:
        if hasattr(self, "ledger"):
            assert [batch.total for batch in self.batches] == [5, 5]
            for submission in self.ledger.submissions():
                assert sum(submission.counts().values()) == submission.record().chosen
                assert len(submission.outcomes()) == submission.record().chosen

    @invariant()
    def nothing_waits_in_a_submission_that_is_over(self) -> None:
        if hasattr(self, "ledger"):
            for submission in self.submissions("done", "cancelled"):
                counts = submission.counts()
                assert counts["queued"] == 0
                assert submission.state == "cancelled" or counts["sending"] == 0

    @invariant()
    def what_is_said_to_be_accepted_was_processed(self) -> None:
        if hasattr(self, "ledger"):
            with self.ledger.read() as connection:
                query = sa.select(deliveries.c.key).where(deliveries.c.state == "accepted")
                assert all(self.server[key] == 1 for key in connection.execute(query).scalars())


def test_no_order_of_events_sends_a_call_twice_or_loses_one(tmp_path: Path) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    class Here(Ledgers):
        folder = tmp_path / "machine"

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
