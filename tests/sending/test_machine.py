"""Whatever happens in whatever order: a machine that does at random all that people, workers and Reddy can do.

Two batches hold the same conversations; they are sent to two places (Reddy's address, and the sandbox) by two
workers through two `Ledger` objects on one file. The machine plays Reddy: it alone knows which requests were
processed. After each step the ledger is held to what may be true, above all:

    of one conversation, at one place, at most one request is out whose fate is open. A request stops counting once its
    recorded answer proves that it was not processed, or once somebody decided (said that it is not there, or
    forgot what the sandbox holds): a person may be wrong, the workbench by itself may not.

More examples: `pytest --hypothesis-profile=explore`, with `EXAMPLES=2000` in the environment.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import reddy_lib as reddy
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.database.schema import LOCKED, SENDABLE, calls, deliveries
from reddy_lib.errors import CallLocked, SubmissionError
from reddy_lib.sending.claims import Claim
from reddy_lib.sending.doubts import doubts, settle
from reddy_lib.sending.submission import Submission, create, forget_deliveries
from reddy_lib.sending.workers import expire_dead_workers, heartbeat, new_worker, retire_worker
from tests.sending.exchanging import exchange
from tests.sending.test_exchange import answer

REDDY = "https://reddy.example"
CALLS = 4
ROWS = range(2, CALLS + 2)


class Request(msgspec.Struct, eq=False):
    """One request that left this machine, as only its maker knows it."""

    address: str
    submission: str
    worker: str
    claim: Claim
    processed: bool
    said: str = ""  # the outcome that was recorded, if any
    decided: bool = False  # a person took it upon herself

    @property
    def conversation(self) -> tuple[str, str]:
        return self.address, self.claim.key

    @property
    def open(self) -> bool:
        """It may be at Reddy, for all that was recorded."""
        return not self.decided and self.said not in ("rejected", "failed", "again")


class Everything(RuleBasedStateMachine):
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000.0
        self.product = 1
        self.requests: list[Request] = []
        self.answers_out: list[Request] = []  # whose answer may still come
        self.by_hand: set[tuple[str, str]] = set()  # conversations that a person said are there

    @initialize()
    def load(self) -> None:
        self.folder.mkdir(exist_ok=True)
        for left in self.folder.glob("ledger.sqlite*"):
            left.unlink()
        sheet = self.folder / "calls.csv"
        sheet.write_text(
            "Conversation ID,Agent Email,Product,Start,Transcript\n"
            + "\n".join(
                f'c-{row},ann@x.example,1,2026-03-02T10:00:00Z,"Agent: call {row}\nCustomer: Hello."'
                for row in ROWS
            )
        )
        self.ledgers = [reddy.Ledger(self.folder / "ledger.sqlite") for _ in range(2)]
        self.batches = [self.ledgers[0].load(sheet, progress=False) for _ in range(2)]
        self.workers = [new_worker(ledger, now=self.now) for ledger in self.ledgers]

    def teardown(self) -> None:
        for ledger in getattr(self, "ledgers", []):
            ledger.close()

    # who does what

    def one(self, data: st.DataObject, found: list[Any]) -> Any:
        return found[data.draw(st.integers(0, len(found) - 1))]

    def ledger(self, data: st.DataObject) -> reddy.Ledger:
        return self.ledgers[data.draw(st.integers(0, 1))]

    def submissions(self, *states: str) -> list[Submission]:
        return [found for found in self.ledgers[0].submissions() if not states or found.state in states]

    @rule(
        data=st.data(),
        address=st.sampled_from([REDDY, SANDBOX]),
        rows=st.none() | st.lists(st.sampled_from(ROWS), min_size=1),
    )
    def choose(self, data: st.DataObject, address: str, rows: list[int] | None) -> None:
        batch = self.one(data, self.batches)
        can = set(batch.rows(status="ready" if rows is None else sorted(SENDABLE)))
        try:
            create(self.ledger(data), batch.id, address=address, token_source="notebook", rows=rows)
        except SubmissionError:
            assert not can & set(ROWS if rows is None else rows)

    @precondition(lambda self: self.submissions("running"))
    @rule(
        data=st.data(),
        want=st.integers(1, 3),
        processed=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    )
    def claim(self, data: st.DataObject, want: int, processed: tuple[bool, ...]) -> None:
        submission = self.one(data, self.submissions("running"))
        who = data.draw(st.integers(0, 1))
        given = exchange(
            self.ledgers[who], submission.id, 0, self.workers[who], want=want, now=self.now
        ).claims
        address = submission.record().address
        assert len({claim.call_id for claim in given}) == len(given)
        for claim, taken in zip(given, processed, strict=False):
            earlier = [one for one in self.requests if one.conversation == (address, claim.key)]
            assert "accepted" not in [one.said for one in earlier if not one.decided], (
                "accepted, and claimed again"
            )
            assert not [one for one in earlier if one.open], "claimed while it may be at Reddy"
            request = Request(address, submission.id, self.workers[who], claim, taken)
            self.requests.append(request)
            self.answers_out.append(request)

    @precondition(lambda self: self.answers_out)
    @rule(
        data=st.data(),
        clear=st.booleans(),
        no=st.sampled_from(["rejected", "again", "failed"]),
        twice=st.booleans(),
    )
    def answer_comes(self, data: st.DataObject, clear: bool, no: str, twice: bool) -> None:
        """Also long after its worker was given up; and twice, where the ledger's own answer to a commit was lost."""
        request = self.one(data, self.answers_out)
        self.answers_out.remove(request)
        outcome = "unknown" if not clear else "accepted" if request.processed else no
        result = answer(request.claim, outcome, retry_at=self.now if outcome == "again" else None)
        for _ in range(1 + twice):
            exchange(self.ledger(data), request.submission, 0, request.worker, results=[result], want=0)
        request.said = outcome
        if outcome == "accepted":
            request.decided = False  # she was wrong, and now it is known

    @precondition(lambda self: self.answers_out)
    @rule(data=st.data())
    def answer_is_lost(self, data: st.DataObject) -> None:
        self.answers_out.remove(self.one(data, self.answers_out))

    @rule(data=st.data(), who=st.integers(0, 1))
    def worker_dies(self, data: st.DataObject, who: int) -> None:
        """The other one lives, and finds it."""
        self.now += 120.0
        heartbeat(self.ledgers[1 - who], self.workers[1 - who], now=self.now)
        expire_dead_workers(self.ledger(data), now=self.now)
        self.workers[who] = new_worker(self.ledgers[who], now=self.now)

    @rule()
    def all_workers_are_thought_dead(self) -> None:
        """The clock jumps, or a machine sleeps: they are given up, and go on all the same."""
        expire_dead_workers(self.ledgers[0], now=self.now + 3600.0)

    @rule(who=st.integers(0, 1))
    def worker_ends(self, who: int) -> None:
        retire_worker(self.ledgers[who], self.workers[who])
        self.workers[who] = new_worker(self.ledgers[who], now=self.now)

    @precondition(lambda self: self.submissions())
    @rule(data=st.data(), what=st.sampled_from(["pause", "wait", "resume", "cancel", "finish"]))
    def somebody_steers(self, data: st.DataObject, what: str) -> None:
        submission = Submission(self.ledger(data), self.one(data, self.submissions()).id)
        state = submission.state
        if what == "pause":
            submission.pause()
        elif what == "wait":
            submission.wait_for_token("The token is gone.")
        elif what == "cancel":
            submission.cancel()
        elif what == "finish":
            submission.finish_if_settled()
        else:
            try:
                submission.resume()
                submission.finish_if_settled()
            except SubmissionError:
                assert state in ("done", "cancelled")

    @rule(data=st.data(), row=st.sampled_from(ROWS))
    def edit(self, data: st.DataObject, row: int) -> None:
        batch = self.one(data, self.batches)
        self.product += 1
        status = batch.info(row)["status"]
        try:
            batch.replace(row, msgspec.structs.replace(batch.call(row), product_id=self.product))
        except CallLocked:
            assert status in LOCKED
        else:
            assert status not in LOCKED

    # doubt

    def in_doubt(self) -> list[tuple[reddy.Batch, int, Request]]:
        found = []
        for batch in self.batches:
            ids = {row: call_id for call_id, row in self.stored(batch, calls.c.id, calls.c.row)}
            for doubt in doubts(batch):
                # the last attempt is the one that is asked about
                request = [one for one in self.requests if one.claim.call_id == ids[doubt.row]][-1]
                assert request.address == doubt.address
                found.append((batch, doubt.row, request))
        return found

    @precondition(lambda self: self.in_doubt())
    @rule(data=st.data())
    def reddy_is_asked(self, data: st.DataObject) -> None:
        batch, row, request = self.one(data, self.in_doubt())
        there = any(one.processed for one in self.requests if one.conversation == request.conversation)
        assert settle(batch, [row], there=there, how="asked", now=self.now) == [row]
        if not there:
            request.said = "failed"  # Reddy itself said so

    @precondition(lambda self: self.in_doubt())
    @rule(data=st.data(), there=st.booleans())
    def somebody_says_so(self, data: st.DataObject, there: bool) -> None:
        """Right or wrong."""
        batch, row, request = self.one(data, self.in_doubt())
        assert settle(batch, [row], there=there, how="by hand", who="ann", now=self.now) == [row]
        if there:
            self.by_hand.add(request.conversation)
        else:
            request.decided = True

    @rule(data=st.data())
    def the_sandbox_is_emptied(self, data: st.DataObject) -> None:
        with_sandbox = [one for one in self.submissions() if one.record().address == SANDBOX]
        try:
            forget_deliveries(self.ledger(data))
        except SubmissionError:
            assert any(one.state == "running" or one.counts()["sending"] for one in with_sandbox)
        else:
            for request in self.requests:
                if request.address == SANDBOX:
                    request.decided, request.processed = True, False
            self.answers_out = [one for one in self.answers_out if one.address != SANDBOX]
            self.by_hand = {one for one in self.by_hand if one[0] != SANDBOX}

    # what must hold after each step

    def stored(self, batch: reddy.Batch, *columns: Any) -> list[Any]:
        with self.ledgers[1].read() as connection:
            return list(connection.execute(sa.select(*columns).where(calls.c.batch_id == batch.id)))

    @invariant()
    def counts_sum(self) -> None:
        for batch in getattr(self, "batches", []):
            assert sum(batch.counts().values()) == batch.total == CALLS
        for submission in self.submissions() if hasattr(self, "ledgers") else []:
            chosen = submission.record().chosen
            assert sum(submission.counts().values()) == len(submission.outcomes()) == chosen

    @invariant()
    def at_most_one_request_is_out_for_a_conversation(self) -> None:
        out = Counter(one.conversation for one in self.requests if one.open and one.said != "accepted")
        assert max(out.values(), default=0) <= 1, out

    @invariant()
    def nothing_waits_to_be_sent_that_may_be_at_reddy(self) -> None:
        """Of the call itself; that its twin in the other batch is queued is seen when it is claimed."""
        for batch in getattr(self, "batches", []):
            for call_id, status, submission_id in self.stored(
                batch, calls.c.id, calls.c.status, calls.c.submission_id
            ):
                if status == "queued":
                    address = Submission(self.ledgers[0], submission_id).record().address
                    mine = [
                        one for one in self.requests if (one.claim.call_id, one.address) == (call_id, address)
                    ]
                    assert not [one for one in mine if one.open and one.said != "accepted"]

    @invariant()
    def what_reddy_accepted_stays_accepted(self) -> None:
        """An answer that was recorded keeps its conversation from being sent, whoever edits or asks what."""
        if hasattr(self, "ledgers"):
            said = {one.conversation for one in self.requests if one.said == "accepted" and not one.decided}
            with self.ledgers[1].read() as connection:
                query = sa.select(deliveries.c.address, deliveries.c.key).where(
                    deliveries.c.state == "accepted"
                )
                kept = {tuple(found) for found in connection.execute(query)}
            assert said <= kept
            processed = {one.conversation for one in self.requests if one.processed}
            assert kept <= processed | self.by_hand, "said to be accepted, and never processed"

    @invariant()
    def nothing_waits_in_a_submission_that_is_over(self) -> None:
        for submission in self.submissions("done", "cancelled") if hasattr(self, "ledgers") else []:
            counts = submission.counts()
            assert counts["queued"] == 0
            assert submission.state == "cancelled" or counts["sending"] == 0


def test_no_order_of_events_breaks_a_promise(tmp_path: Path) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    class Here(Everything):
        folder = tmp_path / "machine"

    examples = int(os.environ.get("EXAMPLES", "16"))
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            database=None,
            derandomize="EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
