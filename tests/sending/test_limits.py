"""What holds over workers, submissions and restarts, against a real server, on SQLite and PostgreSQL: the limit of a
connection, `Retry-After`, the ramp, the breaker, and the rule that repeating is safe."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.database.schema import STATUSES, deliveries, ramps
from reddy_lib.errors import SubmissionError
from reddy_lib.sandbox import Fault
from reddy_lib.sending.dispatcher import attempt_claim, send_chunk
from reddy_lib.sending.ramp_up import end_ramp, ramp_of
from reddy_lib.sending.rate_limits import (
    Live,
    Note,
    Rules,
    assume_create_idempotent,
    live_pace,
    rules_of,
    set_limit,
)
from reddy_lib.sending.results import Attempt
from reddy_lib.sending.slots import Slots
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import new_worker
from tests.sending.exchanging import exchange

ROOT = Path(__file__).resolve().parents[2]
Sheet = Callable[..., Path]
HERE = "https://reddy.example"
PRODUCTS: list[dict[str, Any]] = [
    {"id": 1, "name": "Cards hotline", "status": "active"},
    {"id": 2, "name": "Loans", "status": "active"},
]


def counted(**counts: int) -> dict[str, int]:
    return {**dict.fromkeys(STATUSES, 0), **counts}


def load(ledger: reddy.Ledger, path: Path) -> reddy.Batch:
    return ledger.load(path, products=PRODUCTS, progress=False)


def ids(sandbox: reddy.Sandbox) -> list[str]:
    return [call["conversation_id"] for call in sandbox.received]


def queued(batch: reddy.Batch, address: str = HERE, **options: Any) -> Submission:
    return create(batch.database, batch.id, address=address, token_source="notebook", **options)


def answers(claims: list[Any], outcome: Any = "accepted", **fields: Any) -> list[Attempt]:
    usual: dict[str, Any] = {"started": 1.0, "ended": 2.0, "seconds": 1.0}
    return [Attempt(claim=claim, outcome=outcome, **(usual | fields)) for claim in claims]


class TestTheLimitOfAConnection:
    def test_it_is_kept_per_address_and_can_be_lifted(self, ledger: reddy.Ledger) -> None:
        assert rules_of(ledger, HERE) == Rules()
        set_limit(ledger, HERE, 7)
        assume_create_idempotent(ledger, HERE, True)
        assert rules_of(ledger, HERE) == Rules(most_at_once=7, create_idempotent=True)
        assert rules_of(ledger, "sandbox") == Rules()
        set_limit(ledger, HERE, None)
        assert rules_of(ledger, HERE) == Rules(create_idempotent=True)
        with pytest.raises(ValueError, match="most_at_once must be"):
            set_limit(ledger, HERE, 0)

    def test_two_workers_share_it_over_two_submissions_and_the_other_address_is_free(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = load(ledger, sheet(60))
        first, second = queued(batch, rows=list(range(2, 22))), queued(batch, rows=list(range(22, 42)))
        elsewhere = queued(batch, "https://other.example", rows=list(range(42, 62)))
        set_limit(ledger, HERE, 5)
        ann, bo = new_worker(ledger), new_worker(ledger)
        alone = exchange(ledger, first.id, None, ann, want=16, now=100.0)
        assert len(alone.claims) == 5, "nobody else is there"
        assert alone.shared == "held by the connection's limit of 5"
        waits = exchange(ledger, second.id, None, bo, want=16, now=100.0, note=Note(0, ""))
        assert waits.claims == []
        assert waits.shared
        shared = exchange(ledger, first.id, None, ann, results=answers(alone.claims), want=16, now=100.5)
        mine = exchange(ledger, second.id, None, bo, want=16, now=100.6)
        assert sorted([len(shared.claims), len(mine.claims)]) == [2, 3]
        assert len(exchange(ledger, elsewhere.id, None, bo, want=16, now=100.7).claims) == 16

    def test_two_processes_never_have_more_in_flight_than_it_allows(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox
    ) -> None:
        batch = load(ledger, sheet(120))
        parts = [queued(batch, sandbox.url, rows=list(range(2 + n, 122, 2)), concurrency=16) for n in (0, 1)]
        set_limit(ledger, sandbox.url, 6)
        sandbox.latency = 0.03
        script = (
            "import sys, reddy_lib as reddy\n"
            "from reddy_lib.sending.workers import new_worker\n"
            "from reddy_lib.sending.slots import Slots\n"
            "from reddy_lib.sending.dispatcher import send_chunk\n"
            "ledger = reddy.Ledger(sys.argv[1])\n"
            "with reddy.Client(sys.argv[4], base_url=sys.argv[3]) as client:\n"
            "    print(send_chunk(ledger, sys.argv[2], None, client, new_worker(ledger), Slots(16)))\n"
        )
        location = ledger.url.render_as_string(hide_password=False)
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", script, location, part.id, sandbox.url, sandbox.token], cwd=ROOT
            )
            for part in parts
        ]
        assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
        assert batch.counts() == counted(accepted=120)
        assert 2 <= sandbox.most_at_once <= 6
        assert max(Counter(ids(sandbox)).values()) == 1

    def test_claims_of_eight_threads_at_once_keep_to_it(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        submission = queued(load(ledger, sheet(40)))
        set_limit(ledger, HERE, 5)
        workers = [new_worker(ledger) for _ in range(8)]
        together, taken = threading.Barrier(8), []

        def claim(worker: str) -> None:
            together.wait()
            taken.extend(exchange(ledger, submission.id, None, worker, want=4).claims)

        threads = [threading.Thread(target=claim, args=(worker,)) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 1 <= len(taken) <= 5
        assert submission.counts()["sending"] == len(taken)


class TestNotBefore:
    def test_what_one_worker_was_told_holds_for_all_at_this_address_alone(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = load(ledger, sheet(20))
        first, second = queued(batch, rows=[2, 3, 4]), queued(batch, rows=[5, 6, 7])
        elsewhere = queued(batch, "https://other.example", rows=[8, 9])
        ann, bo = new_worker(ledger), new_worker(ledger)
        (claim,) = exchange(ledger, first.id, None, ann, want=1, now=100.0).claims
        later = answers([claim], "again", retry_at=130.0, hold="Reddy asked for 30 s (429)")
        told = exchange(ledger, first.id, None, ann, results=later, want=3, now=100.0)
        assert (told.claims, told.not_before) == ([], 130.0)
        other = exchange(ledger, second.id, None, bo, want=3, now=129.9)
        assert (other.claims, other.not_before) == ([], 130.0)
        assert len(exchange(ledger, elsewhere.id, None, bo, want=2, now=101.0).claims) == 2
        assert len(exchange(ledger, second.id, None, bo, want=2, now=130.0).claims) == 2
        assert rules_of(ledger, HERE) == Rules(not_before=130.0, why="Reddy asked for 30 s (429)")

    def test_an_earlier_moment_shortens_nothing_and_a_limit_stays(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        set_limit(ledger, HERE, 4)
        submission, ann = queued(load(ledger, sheet(4))), new_worker(ledger)
        one, two = exchange(ledger, submission.id, None, ann, want=2, now=100.0).claims
        for claim, until in ((one, 160.0), (two, 120.0)):
            later = answers([claim], "again", retry_at=until, hold=f"until {until}")
            exchange(ledger, submission.id, None, ann, results=later, want=0, now=100.0)
        assert rules_of(ledger, HERE) == Rules(most_at_once=4, not_before=160.0, why="until 160.0")

    def test_another_process_s_submission_waits_too(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch = load(ledger, sheet(8))
        first, second = queued(batch, sandbox.url, rows=[2]), queued(batch, sandbox.url, rows=[3, 4, 5])
        sandbox.faults.add(Fault(kind="status", status=429, retry_after=1, times=1))
        told = threading.Event()

        class Telling(reddy.Client):
            def create_call(self, call: Any) -> reddy.Receipt:
                try:
                    return super().create_call(call)
                finally:
                    told.set()

        with Telling(sandbox.token, base_url=sandbox.url) as telling:
            thread = threading.Thread(
                target=send_chunk,
                args=(ledger, first.id, None, telling, new_worker(ledger), Slots(2)),
            )
            thread.start()
            assert told.wait(30)
            end = time.monotonic() + 30
            while not (until := rules_of(ledger, sandbox.url).not_before):
                assert time.monotonic() < end
            send_chunk(ledger, second.id, None, client, new_worker(ledger), Slots(2))
            thread.join()
        assert batch.counts() == counted(ready=4, accepted=4)
        starts = [batch.attempts(row)["started"].iloc[-1].timestamp() for row in (2, 3, 4, 5)]
        assert min(starts) >= until - 0.001


class TestRamp:
    def test_a_new_mapping_begins_with_one_then_five_then_all(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        submission = queued(load(ledger, sheet(40)), ramp=None)
        ann, bo = new_worker(ledger), new_worker(ledger)
        one = exchange(ledger, submission.id, None, ann, want=16)
        assert len(one.claims) == 1
        assert exchange(ledger, submission.id, None, bo, want=16).claims == [], "whoever asks"
        five = exchange(ledger, submission.id, None, ann, results=answers(one.claims), want=3)
        assert len(five.claims) == 3
        two = exchange(ledger, submission.id, None, bo, want=16)
        assert len(two.claims) == 2
        found = ramp_of(ledger, submission.id)
        assert found is not None
        assert (found.stage, found.accepted, found.queued) == (2, 1, 34)
        exchange(ledger, submission.id, None, ann, results=answers(five.claims), want=0)
        rest = exchange(ledger, submission.id, None, bo, results=answers(two.claims), want=16)
        assert len(rest.claims) == 16
        found = ramp_of(ledger, submission.id)
        assert found is not None
        assert (found.stage, found.over) == (3, True)

    def test_several_workers_that_begin_at_the_same_moment_send_one(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        submission = queued(load(ledger, sheet(20)), ramp=True)
        workers = [new_worker(ledger) for _ in range(6)]
        together, taken = threading.Barrier(6), []

        def claim(worker: str) -> None:
            together.wait()
            taken.extend(exchange(ledger, submission.id, None, worker, want=4).claims)

        threads = [threading.Thread(target=claim, args=(worker,)) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(taken) == 1

    def test_it_is_for_mappings_of_which_nothing_was_accepted_at_this_address(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = load(ledger, sheet(40))
        handful = queued(batch, rows=[2, 3, 4, 5, 6, 7], ramp=None)
        assert ramp_of(ledger, handful.id) is None, "it is its own trial"
        ann = new_worker(ledger)
        claims = exchange(ledger, handful.id, None, ann, want=6).claims
        exchange(ledger, handful.id, None, ann, results=answers(claims, "rejected"), want=0)
        assert ramp_of(ledger, queued(batch, rows=list(range(8, 18)), ramp=None).id) is not None
        assert ramp_of(ledger, queued(batch, rows=[18, 19], ramp=True).id) is not None, "asked for"
        done = queued(batch, rows=[20])
        (claim,) = exchange(ledger, done.id, None, ann, want=1).claims
        exchange(ledger, done.id, None, ann, results=answers([claim]), want=0)
        again = load(ledger, sheet(60, {row: {"Conversation ID": f"other-{row}"} for row in range(2, 62)}))
        assert ramp_of(ledger, queued(again, rows=list(range(2, 22)), ramp=None).id) is None
        assert (
            ramp_of(ledger, queued(again, HERE + "/eu", rows=list(range(22, 42)), ramp=None).id) is not None
        )

    def test_a_refusal_among_the_first_stops_it_with_the_server_s_words_and_it_can_go_on_anyway(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch = load(ledger, sheet(30, {2: {"Agent Email": "unknown.eve@cedarline.example"}}))
        submission = reddy.submit(batch, client, progress=False)
        assert submission.state == "paused"
        assert submission.record().reason == (
            "Reddy refused the first call (row 2: “invalid agent”). The other 29 wait: correct them, try the next "
            "one, or send them all."
        )
        assert submission.counts() == counted(queued=29, rejected=1)
        assert sandbox.requests["create"] == 1
        again = reddy.submit(batch, client, progress=False)
        assert again.id == submission.id
        assert again.counts() == counted(accepted=29, rejected=1)

    def test_resumed_it_tries_the_next_one_and_asks_again(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        sandbox.faults.add(Fault(kind="status", on="create", status=422, times=2))
        batch = load(ledger, sheet(30))
        for sent in (1, 2):
            submission = reddy.submit(batch, client, progress=False)
            assert (submission.state, sandbox.requests["create"]) == ("paused", sent)
        done = reddy.submit(batch, client, ramp=False, progress=False)
        assert done.counts() == counted(accepted=28, rejected=2)
        with ledger.read() as connection:
            assert connection.execute(sa.select(ramps.c.over)).scalars().all() == [True]

    def test_a_refusal_among_the_five_stops_it_and_a_new_process_keeps_to_it(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        sandbox.faults.add(Fault(kind="status", status=422, times=1, after=3))
        batch = load(ledger, sheet(30))
        submission = reddy.submit(batch, client, progress=False)
        assert submission.state == "paused"
        assert "1 of the first" in submission.record().reason
        assert sandbox.requests["create"] <= 6
        end_ramp(ledger, submission.id)
        submission.resume()
        send_chunk(ledger, submission.id, None, client, new_worker(ledger), Slots(8))
        assert submission.counts() == counted(accepted=29, rejected=1)

    def test_without_it_all_go_at_once(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch = load(ledger, sheet(30, {2: {"Agent Email": "unknown.eve@cedarline.example"}}))
        assert reddy.submit(batch, client, ramp=False, progress=False).counts() == counted(
            accepted=29, rejected=1
        )


class TestBreaker:
    def test_doubtful_answers_in_a_row_pause_it(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch = load(ledger, sheet(40))
        sandbox.faults.add(Fault(kind="status", status=502, after=3))
        submission = reddy.submit(batch, client, concurrency=2, ramp=False, progress=False)
        assert submission.state == "paused"
        assert submission.record().reason.startswith(
            "Reddy answered 502 five times in a row; those calls are in doubt"
        )
        counts = submission.counts()
        # five in a row, and what was in flight or claimed ahead when the fifth was stored: at most twice the places each
        assert 5 <= counts["unknown"] <= 5 + 2 + 4
        assert counts["accepted"] == 3
        assert sum(counts.values()) == 40
        sandbox.faults.clear()
        done = reddy.submit(batch, client, progress=False)
        assert done.counts() == counted(accepted=40 - counts["unknown"], unknown=counts["unknown"])
        assert len(ids(sandbox)) == len(set(ids(sandbox)))

    def test_calls_refused_alike_from_the_start_pause_it_and_resumed_it_goes_on(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch = load(ledger, sheet(60))
        sandbox.faults.add(Fault(kind="status", status=422))
        submission, slots, ann = queued(batch, sandbox.url), Slots(2), new_worker(ledger)
        assert send_chunk(ledger, submission.id, None, client, ann, slots) == "paused"
        assert (
            "the first 20 calls, all for the same reason: “fault 422 on request”"
            in submission.record().reason
        )
        assert 20 <= submission.counts()["rejected"] < 30
        submission.resume()
        send_chunk(ledger, submission.id, None, client, ann, slots)
        assert submission.counts() == counted(rejected=60)

    def test_after_a_refused_token_nobody_claims(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox
    ) -> None:
        submission = queued(load(ledger, sheet(60)), sandbox.url)
        with reddy.Client("a-wrong-token-0123456789", base_url=sandbox.url) as wrong:
            threads = [
                threading.Thread(
                    target=send_chunk, args=(ledger, submission.id, None, wrong, new_worker(ledger), Slots(2))
                )
                for _ in range(3)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert submission.state == "paused"
        assert submission.counts() == counted(queued=60)
        assert exchange(ledger, submission.id, None, new_worker(ledger), want=5).claims == []
        assert sandbox.requests["create"] < 30


class TestRepeatingIsAssumedToBeSafe:
    @pytest.mark.parametrize(
        "fault",
        [
            Fault(kind="status", status=502, times=2),
            Fault(kind="hang-up", processed=True, times=1),
            Fault(kind="not-json", times=1),
        ],
        ids=lambda fault: fault.kind,
    )
    def test_what_was_in_doubt_is_sent_again_by_itself(
        self,
        ledger: reddy.Ledger,
        sheet: Sheet,
        sandbox: reddy.Sandbox,
        client: reddy.Client,
        fault: Fault,
    ) -> None:
        assume_create_idempotent(ledger, sandbox.url, True)
        sandbox.faults.add(fault)
        batch = load(ledger, sheet(3))
        done = reddy.submit(batch, client, concurrency=1, progress=False)
        assert done.counts() == counted(accepted=3)
        assert set(ids(sandbox)) == {"conv-1", "conv-2", "conv-3"}
        with ledger.read() as connection:
            states = connection.execute(sa.select(deliveries.c.state)).scalars().all()
        assert states == ["accepted"] * 3

    def test_after_a_few_tries_it_is_in_doubt(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        assume_create_idempotent(ledger, sandbox.url, True)
        sandbox.faults.add(Fault(kind="status", status=500))
        batch = load(ledger, sheet(1))
        submission, ann = queued(batch, sandbox.url), new_worker(ledger)
        moment = [1_800_000_000.0]

        def sleep(seconds: float) -> None:
            moment[0] += seconds

        send_chunk(
            ledger, submission.id, None, client, ann, Slots(1),
            clock=lambda: moment[0], sleep=sleep, chance=lambda: 0.0,
        )  # fmt: skip
        assert submission.counts() == counted(unknown=1)
        assert batch.attempts(2)["result"].tolist() == ["again", "again", "again", "unknown"]
        assert batch.attempts(2)["possibly_processed"].all()
        assert moment[0] - 1_800_000_000.0 == pytest.approx(0.5 + 1 + 2)

    def test_between_two_tries_nobody_else_sends_the_same_conversation(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        first, twin = load(ledger, sheet(2)), load(ledger, sheet(2))
        submission, other = queued(first), queued(twin)
        ann = new_worker(ledger)
        claims = exchange(ledger, submission.id, None, ann, want=2, now=100.0).claims
        doubt = answers(claims, "again", possibly_processed=True, retry_at=110.0)
        exchange(ledger, submission.id, None, ann, results=doubt, want=0, now=100.0)
        assert submission.counts() == counted(queued=2)
        assert exchange(ledger, other.id, None, ann, want=2, now=105.0).claims == []
        assert other.counts() == counted(failed=2)
        again = exchange(ledger, submission.id, None, ann, want=2, now=110.0).claims
        assert [claim.doubted for claim in again] == [True, True]
        assert [claim.doubted for claim in claims] == [False, False]

    def test_cancelled_between_two_tries_it_is_in_doubt_and_not_ready(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = load(ledger, sheet(4))
        submission, ann = queued(batch), new_worker(ledger)
        one, two = exchange(ledger, submission.id, None, ann, want=2, now=100.0).claims
        doubt = answers([one], "again", possibly_processed=True, retry_at=110.0)
        exchange(ledger, submission.id, None, ann, results=doubt, want=0, now=100.0)
        submission.cancel()
        assert submission.counts() == counted(ready=2, sending=1, unknown=1)
        late = answers([two], "again", possibly_processed=True, retry_at=110.0)
        exchange(ledger, submission.id, None, ann, results=late, want=0, now=101.0)
        assert submission.counts() == counted(ready=2, unknown=2)
        with pytest.raises(SubmissionError):
            queued(batch, rows=[2, 3])

    def test_off_it_changes_nothing(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        assume_create_idempotent(ledger, sandbox.url, True)
        assume_create_idempotent(ledger, sandbox.url, False)
        sandbox.faults.add(Fault(kind="status", status=502, times=1))
        done = reddy.submit(load(ledger, sheet(3)), client, concurrency=1, progress=False)
        assert done.counts() == counted(accepted=2, unknown=1)
        assert sandbox.requests["create"] == 3


class TestHeldBack:
    def test_what_was_claimed_and_did_not_go_out_keeps_its_place_and_its_tries(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = load(ledger, sheet(2))
        submission, ann = queued(batch), new_worker(ledger)
        claims = exchange(ledger, submission.id, None, ann, want=2, now=100.0).claims
        back = answers(claims, "again", held_back=True, words="Not sent.")
        exchange(ledger, submission.id, None, ann, results=back, want=0, now=100.0)
        assert submission.counts() == counted(queued=2)
        again = exchange(ledger, submission.id, None, ann, want=2, now=100.0).claims
        assert [(claim.tries, claim.number, claim.doubted) for claim in again] == [(1, 2, False)] * 2

    @pytest.mark.parametrize("why", ["a pause", "a stop", "a wait"])
    def test_nothing_goes_out_after_it(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client, why: str
    ) -> None:
        submission = queued(load(ledger, sheet(6)), sandbox.url)
        slots, stop = Slots(4), threading.Event()
        if why == "a pause":
            slots.set_open(False)
        elif why == "a stop":
            stop.set()
        else:
            slots.hold(time.time() + 3600)
        assert not slots.may_send(now=time.time()) or stop.is_set()
        stop.set()
        assert (
            send_chunk(ledger, submission.id, None, client, new_worker(ledger), slots, stop=stop) == "stopped"
        )
        assert sandbox.requests["create"] == 0

    @pytest.mark.parametrize("status", [401, 403, 429, 503])
    def test_what_stands_in_line_does_not_go_out_after_a_no_to_everybody(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client, status: int
    ) -> None:
        """Also while the loop that would stop it writes to the ledger: here it has not looked at the answer at all."""
        sandbox.faults.add(Fault(kind="status", status=status, retry_after=60, times=1))
        submission = queued(load(ledger, sheet(2)), sandbox.url)
        first, second = exchange(ledger, submission.id, None, new_worker(ledger), want=2).claims
        slots = Slots(1)
        refused, held = (
            attempt_claim(ledger, client, slots, claim, lambda: True, clock=time.time)
            for claim in (first, second)
        )
        assert refused.failure is not None
        assert refused.failure.status == status
        assert held.held_back
        assert sandbox.requests["create"] == 1
        slots.resume()
        assert slots.may_send(now=time.time())

    def test_a_no_to_one_call_holds_no_other_back(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        sandbox.faults.add(Fault(kind="status", status=422, times=1))
        done = reddy.submit(load(ledger, sheet(30)), client, concurrency=4, ramp=False, progress=False)
        assert done.counts() == counted(accepted=29, rejected=1)
        assert not [row for row in done.outcomes()["attempts"] if row != 1]


class TestLivePace:
    def test_workers_are_added_up_and_the_latest_reason_is_told(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        submission = queued(load(ledger, sheet(4)))
        assert live_pace(ledger, submission.id) == Live(0, 0, "", 0.0, "")
        for moment, worker, note in (
            (100.0, "ann", Note(9, "answers take 210 ms")),
            (101.0, "bo", Note(5, "held there by 429s")),
            (101.5, "ann", Note(8, "rising after 429s: answers take 210 ms")),
        ):
            exchange(ledger, submission.id, None, worker, want=0, now=moment, note=note)
        live = live_pace(ledger, submission.id, now=102.0)
        assert live == Live(13, 2, "rising after 429s: answers take 210 ms", 0.0, "")
        assert live_pace(ledger, submission.id, now=106.2).workers == 1
        assert live_pace(ledger, submission.id, now=200.0).workers == 0

    def test_a_worker_tells_while_it_sends(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        submission = reddy.submit(load(ledger, sheet(6)), client, progress=False)
        assert live_pace(ledger, submission.id).workers == 1
