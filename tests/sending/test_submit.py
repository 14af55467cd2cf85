"""Many calls, once each, whatever the server, the network, the ledger and the person at the keyboard do."""

from __future__ import annotations

import math
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reddy_lib as reddy
from reddy_lib.api.client import hint
from reddy_lib.database.conditions import LONGEST_WAIT
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.database.schema import STATUSES
from reddy_lib.errors import (
    APIError,
    Doubtful,
    LedgerMoved,
    LedgerUnavailable,
    NeverSent,
    NotFound,
    NotInLedger,
    Refused,
    SubmissionError,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from reddy_lib.sandbox import Fault
from reddy_lib.sending.connection import Connection, Tokens, from_environment
from reddy_lib.sending.dispatcher import LEDGER_PATIENCE, send_chunk
from reddy_lib.sending.progress import progress, sampled
from reddy_lib.sending.rate_limits import Note
from reddy_lib.sending.retry_policy import (
    MOST_REFUSALS,
    MOST_TRIES,
    UNREACHABLE_IN_A_ROW,
    Decision,
    backoff,
    decide,
)
from reddy_lib.sending.slots import Slots
from reddy_lib.sending.states import CHUNK
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import new_worker, retire_worker

ROOT = Path(__file__).resolve().parents[2]
Sheet = Callable[..., Path]

PRODUCTS: list[dict[str, Any]] = [
    {"id": 1, "name": "Cards hotline", "status": "active"},
    {"id": 2, "name": "Loans", "status": "active"},
]
NONE = dict.fromkeys(STATUSES, 0)


def counted(**counts: int) -> dict[str, int]:
    return {**NONE, **counts}


def load(ledger: reddy.Ledger, path: Path) -> reddy.Batch:
    return ledger.load(path, products=PRODUCTS, progress=False)


class TestDecide:
    """Each row of the table in the module."""

    def test_reddy_said_yes(self) -> None:
        assert decide(None, tries=1, chance=0.5) == Decision("accepted")

    @pytest.mark.parametrize("tries", range(1, MOST_TRIES))
    def test_no_connection_was_made_backs_off_this_call_alone(self, tries: int) -> None:
        found = decide(NeverSent("no"), tries=tries, chance=0.5)
        assert found == Decision("again", wait=backoff(tries, 0.5), unreachable=True)

    def test_after_the_most_tries_without_a_connection_the_call_has_failed(self) -> None:
        assert decide(NeverSent("no"), tries=MOST_TRIES, chance=0.5) == Decision("failed", unreachable=True)

    @pytest.mark.parametrize("kind", [TooManyRequests, Unavailable], ids=["429", "503 with Retry-After"])
    def test_come_back_later_is_meant_for_everybody(self, kind: type[APIError]) -> None:
        found = decide(kind("later", retry_after=7.0), tries=1, chance=0.0)
        assert found == Decision("again", wait=7.0, wait_all=True)

    @pytest.mark.parametrize("kind", [TooManyRequests, Unavailable])
    def test_without_a_time_it_backs_off(self, kind: type[APIError]) -> None:
        assert decide(kind("later"), tries=3, chance=0.0).wait == backoff(3, 0.0)

    @pytest.mark.parametrize(
        ("asked", "waits"), [(1e9, LONGEST_WAIT), (-5.0, 0.0), (0.0, 0.0), (math.inf, LONGEST_WAIT)]
    )
    def test_a_time_that_makes_no_sense_is_bounded(self, asked: float, waits: float) -> None:
        assert decide(TooManyRequests("later", retry_after=asked), tries=1, chance=0.0).wait == waits

    def test_a_server_that_never_relents_fails_the_call_in_the_end(self) -> None:
        later = TooManyRequests("later", retry_after=1.0)
        assert decide(later, tries=MOST_REFUSALS - 1, chance=0.0).outcome == "again"
        assert decide(later, tries=MOST_REFUSALS, chance=0.0) == Decision("failed")

    def test_a_refused_token_stops_the_whole_submission_and_costs_no_call_its_turn(self) -> None:
        found = decide(Unauthorized("Reddy did not accept the token."), tries=40, chance=0.5)
        assert found.outcome == "again"
        assert found.wait == 0.0
        assert found.pause == "Reddy did not accept the token. Enter a valid token, then resume."

    @pytest.mark.parametrize(
        "error", [Refused("no", status=422), NotFound("no", status=404), Refused("no", status=307)]
    )
    def test_any_other_refusal_is_a_rejection(self, error: APIError) -> None:
        assert decide(error, tries=1, chance=0.5) == Decision("rejected")

    @pytest.mark.parametrize("status", [None, 500, 502, 503, 504, 200])
    def test_whatever_may_have_been_processed_is_in_doubt_and_never_sent_again(
        self, status: int | None
    ) -> None:
        for tries in (1, 2, MOST_TRIES, MOST_REFUSALS + 1):
            assert decide(Doubtful("?", status=status), tries=tries, chance=0.5) == Decision("unknown")

    @given(st.integers(1, 100), st.floats(0, 1, exclude_max=True), st.floats(0, 1e9) | st.none())
    def test_only_what_was_certainly_not_processed_goes_again(
        self, tries: int, chance: float, retry_after: float | None
    ) -> None:
        for kind in (NeverSent, Refused, Unauthorized, NotFound, TooManyRequests, Unavailable, Doubtful):
            error = kind("x", retry_after=retry_after)
            found = decide(error, tries=tries, chance=chance)
            assert (found.outcome == "unknown") == error.possibly_processed
            assert found.outcome != "accepted"
            assert 0.0 <= found.wait <= LONGEST_WAIT + 0.1

    def test_backing_off_doubles_up_to_a_bound(self) -> None:
        assert [backoff(tries, 0.0) for tries in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
        assert backoff(10_000, 0.0) == 30.0

    @given(st.integers(1, 1000), st.floats(0, 1, exclude_max=True))
    def test_chance_shortens_it_by_half_at_most(self, tries: int, chance: float) -> None:
        assert backoff(tries, 0.0) / 2 <= backoff(tries, chance) <= backoff(tries, 0.0)


class TestSlots:
    def test_all_free_places_are_taken_and_given_back(self) -> None:
        slots = Slots(3)
        assert (slots.acquire(now=0.0), slots.acquire(now=0.0)) == (3, 0)
        slots.release(2)
        slots.release(0)
        assert slots.acquire(now=0.0) == 2
        assert not slots.wait(0.0)
        slots.release(1)
        assert slots.wait(0.0)

    def test_while_everybody_waits_nobody_gets_a_place(self) -> None:
        slots = Slots(3)
        slots.hold(110.0)
        slots.hold(105.0)  # an earlier moment shortens nothing
        assert slots.acquire(now=109.9) == 0
        assert slots.held_for(now=104.0) == 6.0
        assert slots.held_for(now=200.0) == 0.0
        assert slots.acquire(now=110.0) == 3

    def test_a_run_of_refused_connections_is_counted_and_after_a_pause_afresh(self) -> None:
        slots, nobody = Slots(1), NeverSent("Nobody answers.")
        again = decide(nobody, tries=1, chance=0.0)
        for _ in range(2):
            said = [slots.learn(nobody, again, seconds=0.1) for _ in range(UNREACHABLE_IN_A_ROW)]
            assert said[:-1] == [""] * (UNREACHABLE_IN_A_ROW - 1)
            assert said[-1].startswith("Nobody answers. Paused after 12 tries in a row")
        slots.learn(nobody, again, seconds=0.1)
        slots.learn(None, decide(None, tries=2, chance=0.0), seconds=0.1)
        assert [slots.learn(nobody, again, seconds=0.1) for _ in range(UNREACHABLE_IN_A_ROW - 1)] == [""] * 11

    def test_a_server_that_asks_to_slow_down_gets_fewer_at_once(self) -> None:
        slots, later = Slots(8), TooManyRequests("later", status=429)
        assert slots.acquire(now=0.0) == 8
        slots.learn(later, decide(later, tries=1, chance=0.0), seconds=0.1)
        slots.release(8)
        assert slots.acquire(now=0.0) == 4
        assert slots.acquire(now=0.0) == 0
        assert not slots.wait(0.0)

    def test_what_is_told_of_the_pace_is_told_once_a_second(self) -> None:
        slots = Slots(8)
        assert slots.note(now=10.0) == Note(0, "")
        assert slots.note(now=10.9) is None
        with slots.request(), slots.request():
            pass
        assert slots.note(now=11.1, shared="held by a limit") == Note(2, "held by a limit")
        assert slots.note(now=12.2) == Note(0, "")

    @pytest.mark.parametrize("size", [0, -1])
    def test_there_is_at_least_one(self, size: int) -> None:
        with pytest.raises(ValueError, match="at least 1"):
            Slots(size)


class Time:
    """A clock that goes on only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def waited(self) -> float:
        return sum(self.slept)


class Sending:
    """One submission of a batch, and what it takes to send it without waiting."""

    def __init__(
        self, ledger: reddy.Ledger, batch: reddy.Batch, address: str, rows: list[int] | None = None
    ) -> None:
        self.ledger, self.batch = ledger, batch
        self.submission = create(ledger, batch.id, address=address, token_source="notebook", rows=rows)
        self.worker = new_worker(ledger)
        self.time = Time()

    def run(
        self, client: reddy.Client, *, concurrency: int = 2, slots: Slots | None = None, **options: Any
    ) -> str:
        state = ""
        for chunk in self.submission.open_chunks():
            state = send_chunk(
                self.ledger, self.submission.id, chunk, client, self.worker, slots or Slots(concurrency),
                clock=self.time, sleep=options.get("sleep", self.time.sleep), chance=lambda: 0.0,
                stop=options.get("stop"), on_results=options.get("on_results"), on_hold=options.get("on_hold"),
            )  # fmt: skip
        return state

    @property
    def counts(self) -> dict[str, int]:
        return self.submission.counts()

    @property
    def reason(self) -> str:
        return str(self.submission.record().reason)


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
    """Rows 2 to 7, all ready."""
    return load(ledger, sheet(6))


@pytest.fixture
def sending(ledger: reddy.Ledger, batch: reddy.Batch, sandbox: reddy.Sandbox) -> Sending:
    return Sending(ledger, batch, sandbox.url)


def ids(sandbox: reddy.Sandbox) -> list[str]:
    return [call["conversation_id"] for call in sandbox.received]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class TestSender:
    def test_every_call_arrives_once_exactly_as_it_is_stored(
        self, sending: Sending, client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        told: list[int] = []
        sending.run(client, concurrency=3, on_results=told.append)
        assert sending.counts == counted(accepted=6)
        assert sending.submission.state == "done"
        assert sum(told) == 6
        by_id = {payload["conversation_id"]: payload for payload in sandbox.payloads}
        assert [by_id[payload["conversation_id"]] for _, payload in sending.batch.payloads()] == [
            payload for _, payload in sending.batch.payloads()
        ]
        assert len(sandbox.received) == 6
        outcomes = sending.submission.outcomes()
        uploads = {call["conversation_id"]: call["upload_id"] for call in sandbox.received}
        assert dict(zip(outcomes["conversation_id"], outcomes["upload_id"], strict=True)) == uploads
        assert sending.time.slept == []

    def test_results_are_stored_before_they_are_told(self, sending: Sending, client: reddy.Client) -> None:
        seen: list[tuple[int, int]] = []

        def told(count: int) -> None:
            seen.append((count + (seen[-1][0] if seen else 0), sending.counts["accepted"]))

        sending.run(client, on_results=told)
        assert all(told == stored for told, stored in seen)

    def test_a_refused_token_pauses_and_every_call_keeps_its_place(
        self, sending: Sending, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        with reddy.Client("a-wrong-token-of-24-chars", base_url=sandbox.url) as wrong:
            assert sending.run(wrong) == "paused"
        assert sending.counts == counted(queued=6)
        assert sending.reason.startswith("Reddy did not accept the token")
        assert sending.reason.endswith("Enter a valid token, then resume.")
        assert "a-wrong-token" not in sending.reason
        assert 1 <= sandbox.requests["create"] <= 4, "it stops at once, but for what was in flight"
        sending.submission.resume()
        sending.run(client)
        assert sending.counts == counted(accepted=6)
        assert sorted(ids(sandbox)) == [f"conv-{n}" for n in range(1, 7)]

    def test_a_token_that_may_not_do_this_pauses_too(
        self, sending: Sending, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        sandbox.faults.add(Fault(kind="status", status=403, times=2))
        assert sending.run(client) == "paused"
        assert sending.counts["queued"] >= 2
        assert sending.counts["rejected"] == 0

    @pytest.mark.parametrize("status", [429, 503])
    def test_retry_after_is_kept_by_everybody(
        self, sending: Sending, sandbox: reddy.Sandbox, client: reddy.Client, status: int
    ) -> None:
        sandbox.faults.add(Fault(kind="status", status=status, retry_after=7, after=2, times=1))
        sending.run(client, concurrency=1)
        assert sending.counts == counted(accepted=6)
        assert sandbox.requests["create"] == 7
        assert 7.0 <= sending.time.waited < 8.5
        attempts = sending.batch.attempts(4)
        assert attempts["result"].tolist() == ["again", "accepted"]
        assert attempts["http_status"].tolist() == [status, 200]
        after = attempts["started"].iloc[1] - attempts["ended"].iloc[0]
        assert after.total_seconds() >= 7.0
        # one may have been claimed a moment before; that it was held back is an attempt too
        others = [
            sending.batch.attempts(row).query("result == 'accepted'")["started"].iloc[0] for row in (5, 6, 7)
        ]
        assert min(others) >= attempts["started"].iloc[1]

    def test_without_retry_after_too_many_requests_backs_off(
        self, sending: Sending, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        sandbox.faults.add(Fault(kind="status", status=429, times=3))
        sending.run(client, concurrency=1)
        assert sending.counts == counted(accepted=6)
        assert 0.5 <= sending.time.waited < 5.0

    @pytest.mark.parametrize(
        "fault",
        [
            Fault(kind="status", status=500, times=1),
            Fault(kind="status", status=500, times=1, processed=True),
            Fault(kind="status", status=502, times=1),
            Fault(kind="status", status=503, times=1),
            Fault(kind="status", status=504, times=1),
            Fault(kind="hang-up", times=1),
            Fault(kind="hang-up", times=1, processed=True),
            Fault(kind="half-answer", times=1),
            Fault(kind="not-json", times=1),
            Fault(kind="not-json", times=1, processed=True),
        ],
        ids=lambda fault: (
            f"{fault.kind} {fault.status} {'processed' if fault.takes_effect else 'not processed'}"
        ),
    )
    def test_what_may_have_been_processed_is_in_doubt_and_is_sent_no_second_time(
        self, sending: Sending, sandbox: reddy.Sandbox, client: reddy.Client, fault: Fault
    ) -> None:
        sandbox.faults.add(fault)
        sending.run(client, concurrency=1)
        assert sending.counts == counted(accepted=5, unknown=1)
        assert sandbox.requests["create"] == 6
        assert len(sandbox.received) == 5 + fault.takes_effect
        outcomes = sending.submission.outcomes()
        assert outcomes.loc[2, "status"] == "unknown"
        assert "may" in outcomes.loc[2, "error"]
        assert bool(sending.batch.attempts(2)["possibly_processed"].iloc[0]) is True
        with pytest.raises(SubmissionError):
            create(sending.ledger, sending.batch.id, address=sandbox.url, token_source="notebook", rows=[2])

    def test_an_answer_that_comes_too_late_is_in_doubt(
        self, sending: Sending, sandbox: reddy.Sandbox
    ) -> None:
        sandbox.faults.add(Fault(kind="slow", seconds=30, times=1))
        with reddy.Client(sandbox.token, base_url=sandbox.url, timeout=0.5) as hasty:
            sending.run(hasty, concurrency=1)
        assert sending.counts["unknown"] >= 1
        assert sending.counts["unknown"] + sending.counts["accepted"] == 6
        assert len(sandbox.received) == sandbox.requests["create"] == 6

    def test_a_server_that_is_down_pauses_and_loses_nothing(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        sending = Sending(ledger, load(ledger, sheet(60)), sandbox.url)
        slots = Slots(4)
        with reddy.Client("token", base_url=f"http://127.0.0.1:{free_port()}") as nobody:
            assert sending.run(nobody, slots=slots) == "paused"
        assert sending.counts == counted(queued=60)
        assert f"Paused after {UNREACHABLE_IN_A_ROW} tries in a row; nothing is lost." in sending.reason
        assert sum(len(sending.batch.attempts(row)) for row in sending.batch.rows()) < 60
        sending.submission.resume()
        sending.time.now += 60.0
        sandbox.faults.add(Fault(kind="status", status=429, retry_after=1, times=1))
        sending.run(client, slots=slots)
        assert sending.counts == counted(accepted=60)
        assert len(ids(sandbox)) == len(set(ids(sandbox))) == 60

    def test_once_resumed_the_refused_connections_are_counted_afresh(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox
    ) -> None:
        sending, slots = Sending(ledger, load(ledger, sheet(40)), sandbox.url), Slots(4)
        with reddy.Client("token", base_url=f"http://127.0.0.1:{free_port()}") as nobody:
            tried = []
            for _ in range(2):
                sending.run(nobody, slots=slots)
                tried.append(sum(len(sending.batch.attempts(row)) for row in sending.batch.rows()))
                sending.submission.resume()
        assert tried[0] >= UNREACHABLE_IN_A_ROW
        assert (
            tried[1] - tried[0] >= UNREACHABLE_IN_A_ROW - 4
        )  # what was in flight at the pause counts already

    def test_one_call_that_finds_no_connection_fails_after_the_most_tries_and_may_be_sent_again(
        self, ledger: reddy.Ledger, batch: reddy.Batch, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        sending = Sending(ledger, batch, sandbox.url, rows=[2])
        with reddy.Client("token", base_url=f"http://127.0.0.1:{free_port()}") as nobody:
            sending.run(nobody)
        assert sending.counts == counted(failed=1)
        assert sending.submission.state == "done"
        assert batch.attempts(2)["result"].tolist() == ["again"] * (MOST_TRIES - 1) + ["failed"]
        assert sending.time.waited == pytest.approx(0.5 + 1 + 2 + 4 + 8)
        again = Sending(ledger, batch, sandbox.url, rows=[2])
        again.run(client)
        assert again.counts == counted(accepted=1)

    def test_a_rejected_call_carries_the_server_s_words(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch = load(ledger, sheet(3, {3: {"Agent Email": "inactive.bo@cedarline.example"}}))
        sending = Sending(ledger, batch, sandbox.url)
        sending.run(client)
        assert sending.counts == counted(accepted=2, rejected=1)
        words = batch.attempts(3)["words"].iloc[0]
        assert batch.info(3)["error"] == words
        assert "agent" in words
        assert len(sandbox.received) == 2

    def test_a_422_is_a_rejection_and_sent_again_when_it_is_chosen_again(
        self, sending: Sending, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        sandbox.faults.add(Fault(kind="status", status=422, times=1))
        sending.run(client, concurrency=1)
        assert sending.counts == counted(accepted=5, rejected=1)
        info = sending.batch.info(2)
        assert (info["error"], info["http_status"]) == ("fault 422 on request", 422)
        again = Sending(sending.ledger, sending.batch, sandbox.url, rows=sending.batch.rows())
        again.run(client)
        assert again.counts == counted(accepted=1)
        assert sending.counts == counted(accepted=5, rejected=1)
        assert len(ids(sandbox)) == len(set(ids(sandbox))) == 6

    def test_stopping_waits_for_what_is_in_flight_and_leaves_the_rest_queued(
        self, sending: Sending, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        stop = threading.Event()
        assert sending.run(client, concurrency=2, stop=stop, on_results=lambda count: stop.set()) == "stopped"
        counts = sending.counts
        assert counts["sending"] == 0
        assert counts["accepted"] == len(sandbox.received)
        assert counts["queued"] == 6 - counts["accepted"] > 0
        assert sending.submission.state == "running"

    def test_pausing_in_the_middle_and_resuming(
        self, sending: Sending, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        assert (
            sending.run(client, concurrency=1, on_results=lambda count: sending.submission.pause())
            == "paused"
        )
        assert sending.counts["queued"] > 0
        assert sending.counts["sending"] == 0
        assert sum(sending.counts.values()) == 6
        sending.submission.resume()
        sending.run(client)
        assert sending.counts == counted(accepted=6)
        assert len(ids(sandbox)) == len(set(ids(sandbox))) == 6

    def test_cancelling_in_the_middle(
        self, sending: Sending, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        assert (
            sending.run(client, concurrency=1, on_results=lambda count: sending.submission.cancel())
            == "cancelled"
        )
        counts = sending.counts
        assert counts["accepted"] == len(sandbox.received)
        assert counts["accepted"] + counts["ready"] == 6
        assert sending.batch.counts() == counts

    def test_a_chunk_that_is_run_again_after_everything_was_sent_sends_nothing(
        self, sending: Sending, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        sending.run(client)
        state = send_chunk(sending.ledger, sending.submission.id, 0, client, sending.worker, Slots(2))
        assert state == "done"
        assert len(sandbox.received) == 6

    def test_two_workers_on_the_same_chunk_share_it(
        self, sending: Sending, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        threads = [threading.Thread(target=lambda: sending.run(client)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sending.counts == counted(accepted=6)
        assert len(ids(sandbox)) == len(set(ids(sandbox))) == 6

    def test_a_fault_of_ours_puts_one_call_in_doubt_and_takes_no_other_with_it(
        self, sending: Sending, sandbox: reddy.Sandbox
    ) -> None:
        class Broken(reddy.Client):
            def create_call(self, call: Any) -> reddy.Receipt:
                if b'"conv-3"' in bytes(call):
                    raise ZeroDivisionError("the secret words of a customer")
                return super().create_call(call)

        with Broken(sandbox.token, base_url=sandbox.url) as broken:
            sending.run(broken)
        assert sending.counts == counted(accepted=5, unknown=1)
        error = sending.batch.info(4)["error"]
        assert "failed while it was sending this call (ZeroDivisionError)" in error
        assert "secret words" not in error

    @pytest.mark.parametrize("number", [2**63, -(2**70), 10**30])
    def test_an_upload_id_that_no_database_holds_costs_no_answer(
        self, sending: Sending, sandbox: reddy.Sandbox, number: int
    ) -> None:
        class Generous(reddy.Client):
            def create_call(self, call: Any) -> reddy.Receipt:
                return msgspec.structs.replace(super().create_call(call), upload_id=number)

        with Generous(sandbox.token, base_url=sandbox.url) as generous:
            sending.run(generous)
        assert sending.counts == counted(accepted=6)
        assert sending.submission.outcomes()["upload_id"].isna().all()

    def test_the_places_of_a_submission_hold_for_all_its_chunks_together(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox
    ) -> None:
        most, now, lock = 0, 0, threading.Lock()

        class Counting(reddy.Client):
            def create_call(self, call: Any) -> reddy.Receipt:
                nonlocal most, now
                with lock:
                    now += 1
                    most = max(most, now)
                try:
                    return super().create_call(call)
                finally:
                    with lock:
                        now -= 1

        batch = load(ledger, sheet(CHUNK + 20))
        sending = Sending(ledger, batch, sandbox.url, rows=batch.rows()[-40:])
        slots = Slots(3)
        assert sending.submission.open_chunks() == [0, 1]
        with Counting(sandbox.token, base_url=sandbox.url) as counting:
            threads = [
                threading.Thread(
                    target=send_chunk,
                    args=(ledger, sending.submission.id, chunk, counting, sending.worker, slots),
                )
                for chunk in (0, 1)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        sending.submission.finish_if_settled()
        assert sending.counts == counted(accepted=40)
        assert sending.submission.state == "done"
        assert 1 <= most <= 3
        assert slots.acquire(now=0.0) == 3

    @pytest.mark.parametrize(("takes", "ahead"), [(0.0, 2.0), (0.25, 0.5)], ids=["at once", "250 ms"])
    def test_few_calls_are_claimed_that_do_not_go_out_yet(
        self, ledger: reddy.Ledger, sheet: Sheet, takes: float, ahead: float
    ) -> None:
        """Each of them is in doubt if the program is killed in that moment."""
        places, most = 4, 0

        class Looking(reddy.Client):
            def create_call(self, call: Any) -> reddy.Receipt:
                nonlocal most
                most = max(most, sending.counts["sending"])
                time.sleep(takes)
                return reddy.Receipt(upload_id=1)

        batch = load(ledger, sheet(60 if takes else 400))
        with Looking("any-token", base_url="https://nowhere.example") as looking:
            sending = Sending(ledger, batch, looking.base_url)
            send_chunk(ledger, sending.submission.id, None, looking, sending.worker, Slots(places))
        assert sending.counts == counted(accepted=batch.total)
        assert places <= most <= places * (1 + ahead)


class TestLedgerAway:
    """The ledger is locked by another program just when answers have come."""

    @contextmanager
    def locked_after(
        self, path: Path, sandbox: reddy.Sandbox
    ) -> Iterator[tuple[reddy.Client, Callable[[], None]]]:
        """A client whose first answer finds the ledger locked, and what lifts the lock."""
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=20)

        class Locking(reddy.Client):
            def create_call(self, call: Any) -> reddy.Receipt:
                receipt = super().create_call(call)
                if not other.in_transaction and not self.done:
                    self.done = True
                    other.execute("BEGIN IMMEDIATE")
                return receipt

            done = False

        with Locking(sandbox.token, base_url=sandbox.url) as client:
            yield client, lambda: other.rollback()
        other.close()

    def sending(self, tmp_path: Path, sheet: Sheet, sandbox: reddy.Sandbox) -> tuple[Path, Sending]:
        path = tmp_path / "away.sqlite"
        ledger = reddy.Ledger(f"sqlite:///{path}?timeout=0.02")
        return path, Sending(ledger, load(ledger, sheet(4)), sandbox.url)

    def test_answers_are_kept_until_it_is_back(
        self, tmp_path: Path, sheet: Sheet, sandbox: reddy.Sandbox
    ) -> None:
        path, sending = self.sending(tmp_path, sheet, sandbox)
        slept: list[float] = []
        with self.locked_after(path, sandbox) as (client, unlock):

            def sleep(seconds: float) -> None:
                slept.append(seconds)
                if len(slept) == 3:
                    assert sending.counts["sending"] == 1
                    unlock()

            sending.run(client, concurrency=1, sleep=sleep)
        assert slept[:3] == sorted(slept[:3])
        assert sending.counts == counted(accepted=4)
        assert len(sandbox.received) == 4

    def test_where_it_stays_away_the_chunk_gives_up_and_every_call_is_accounted_for(
        self, tmp_path: Path, sheet: Sheet, sandbox: reddy.Sandbox
    ) -> None:
        path, sending = self.sending(tmp_path, sheet, sandbox)
        slots = Slots(2)
        with self.locked_after(path, sandbox) as (client, unlock):
            with pytest.raises(LedgerUnavailable, match="locked"):
                sending.run(client, slots=slots)
            unlock()
        assert sending.time.waited >= LEDGER_PATIENCE
        assert slots.acquire(now=sending.time.now + 1e6) == 2, "its places are free again"
        retire_worker(sending.ledger, sending.worker)
        counts = sending.counts
        assert counts["sending"] == 0
        assert counts["accepted"] + counts["unknown"] >= len(sandbox.received)
        assert sum(counts.values()) == 4


class TestLedgerMoved:
    """The ledger's file is taken from its path while calls are sent."""

    @contextmanager
    def moved_after(self, path: Path, sandbox: reddy.Sandbox, calls: int = 1) -> Iterator[reddy.Client]:
        """A client that moves the file away when it has sent some calls."""

        class Moving(reddy.Client):
            sent = 0

            def create_call(self, call: Any) -> reddy.Receipt:
                receipt = super().create_call(call)
                self.sent += 1
                if self.sent == calls:
                    path.rename(path.with_suffix(".elsewhere"))
                return receipt

        with Moving(sandbox.token, base_url=sandbox.url) as client:
            yield client

    def sending(self, tmp_path: Path, sheet: Sheet, sandbox: reddy.Sandbox) -> tuple[Path, Sending]:
        path = tmp_path / "moved.sqlite"
        ledger = reddy.Ledger(path)
        return path, Sending(ledger, load(ledger, sheet(6)), sandbox.url)

    def test_it_is_said_within_seconds_and_ends_the_chunk(
        self, tmp_path: Path, sheet: Sheet, sandbox: reddy.Sandbox
    ) -> None:
        path, sending = self.sending(tmp_path, sheet, sandbox)
        said: list[tuple[float, str]] = []
        with (
            self.moved_after(path, sandbox) as client,
            pytest.raises(LedgerMoved, match="moved, deleted or replaced while it was in use"),
        ):
            sending.run(client, concurrency=1, on_hold=lambda why: said.append((sending.time.waited, why)))
        assert sending.time.waited < 20
        ((when, why),) = said
        assert 2 <= when < 5
        assert "moved, deleted or replaced" in why
        path.with_suffix(".elsewhere").rename(path)
        retire_worker(sending.ledger, sending.worker)
        counts = sending.counts
        assert counts["accepted"] + counts["unknown"] >= len(sandbox.received)
        assert sum(counts.values()) == 6

    def test_a_file_that_comes_back_is_written_on(
        self, tmp_path: Path, sheet: Sheet, sandbox: reddy.Sandbox
    ) -> None:
        path, sending = self.sending(tmp_path, sheet, sandbox)

        def sleep(seconds: float) -> None:
            sending.time.sleep(seconds)
            if not path.exists():
                path.with_suffix(".elsewhere").rename(path)

        with self.moved_after(path, sandbox) as client:
            sending.run(client, concurrency=1, sleep=sleep)
        assert sending.counts == counted(accepted=6)
        assert len(sandbox.received) == 6

    def test_a_program_that_is_to_end_does_not_wait_for_it(
        self, tmp_path: Path, sheet: Sheet, sandbox: reddy.Sandbox
    ) -> None:
        path, sending = self.sending(tmp_path, sheet, sandbox)
        stop = threading.Event()

        def sleep(seconds: float) -> None:
            sending.time.sleep(seconds)
            stop.set()

        with self.moved_after(path, sandbox) as client, pytest.raises(LedgerMoved):
            sending.run(client, concurrency=1, sleep=sleep, stop=stop)
        assert sending.time.waited < 5


class TestSecrets:
    def test_neither_token_nor_upload_address_reaches_the_ledger(
        self, tmp_path: Path, sheet: Sheet, sandbox: reddy.Sandbox
    ) -> None:
        token, addresses = "a-secret-token-0123456789", []

        class Listening(reddy.Client):
            def create_call(self, call: Any) -> reddy.Receipt:
                receipt = super().create_call(call)
                addresses.append(receipt.upload_url)
                return receipt

        with reddy.Sandbox(token=token) as private, reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
            batch = load(ledger, sheet(3))
            batch.replace(2, msgspec.structs.replace(batch.call(2), filename="call.mp3"))
            with Listening("another-secret-9876543210", base_url=private.url) as wrong:
                reddy.submit(batch, wrong, progress=False)
            with Listening(token, base_url=private.url) as right:
                submission = reddy.submit(batch, right, progress=False)
            assert submission.counts() == counted(accepted=3)
            assert "upload" in str(addresses)
            secret = next(address for address in addresses if address).rpartition("/")[2]
            shown = f"{submission!r} {submission.record()} {batch.outcomes().to_csv()} {batch.attempts(2).to_csv()}"
        files = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.sqlite*"))
        assert b"Good morning, call 1." in files
        for word in (token, "another-secret-9876543210", secret):
            assert word.encode() not in files
            assert word not in shown


class TestNotebook:
    def test_submit_sends_all_ready_calls_and_a_second_run_of_the_cell_sends_nothing(
        self, ledger: reddy.Ledger, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        first = reddy.submit(batch, client, who="ann", progress=False)
        assert first.counts() == counted(accepted=6)
        assert first.state == "done"
        assert (first.record().who, first.record().token_source) == ("ann", "notebook")
        again = reddy.submit(batch, client, progress=False)
        assert again.id == first.id
        assert len(sandbox.received) == 6
        assert list(first.outcomes()["status"]) == ["accepted"] * 6

    def test_named_rows_alone_are_sent_in_any_order_of_naming(
        self, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        submission = reddy.submit(batch, client, rows=[5, 3, 3], progress=False)
        assert submission.outcomes().index.tolist() == [3, 5]
        assert batch.counts() == counted(ready=4, accepted=2)
        assert reddy.submit(batch, client, rows=[3, 5], progress=False).id == submission.id
        assert reddy.submit(batch, client, progress=False).outcomes().index.tolist() == [2, 4, 6, 7]
        assert len(ids(sandbox)) == len(set(ids(sandbox))) == 6

    def test_where_nothing_can_be_sent_and_nothing_was_it_says_so(
        self, ledger: reddy.Ledger, sheet: Sheet, client: reddy.Client
    ) -> None:
        batch = load(ledger, sheet(2, {2: {"Agent Email": ""}, 3: {"Transcript": ""}}))
        for rows in (None, [2]):
            with pytest.raises(SubmissionError, match="No agent email"):
                reddy.submit(batch, client, rows=rows, progress=False)
        with pytest.raises(NotInLedger, match="no call in row 99"):
            reddy.submit(batch, client, rows=[99], progress=False)

    def test_a_row_that_was_never_sent_is_not_passed_off_as_sent(
        self, ledger: reddy.Ledger, sheet: Sheet, client: reddy.Client
    ) -> None:
        batch = load(ledger, sheet(3, {3: {"Agent Email": ""}}))
        reddy.submit(batch, client, progress=False)
        with pytest.raises(SubmissionError):
            reddy.submit(batch, client, rows=[2, 3], progress=False)

    def test_a_cell_whose_rows_were_skipped_may_be_run_again(
        self,
        ledger: reddy.Ledger,
        batch: reddy.Batch,
        sheet: Sheet,
        client: reddy.Client,
        sandbox: reddy.Sandbox,
    ) -> None:
        reddy.submit(batch, client, progress=False)
        twin = load(ledger, sheet(6))
        first = reddy.submit(twin, client, rows=[2, 3], progress=False)
        assert first.counts() == counted(skipped=2)
        assert reddy.submit(twin, client, rows=[2, 3], progress=False).id == first.id
        assert len(sandbox.received) == 6

    def test_rejected_calls_go_again_only_where_they_are_named(
        self, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        sandbox.faults.add(Fault(kind="status", status=422, times=2))
        first = reddy.submit(batch, client, concurrency=1, progress=False)
        assert first.counts() == counted(accepted=4, rejected=2)
        assert reddy.submit(batch, client, progress=False).id == first.id
        rejected = batch.rows(status="rejected")
        assert reddy.submit(batch, client, rows=rejected, progress=False).counts() == counted(accepted=2)
        assert first.counts() == counted(accepted=4, rejected=2)
        assert batch.counts() == counted(accepted=6)

    def test_a_wrong_token_pauses_and_the_next_run_goes_on_with_the_right_one(
        self, batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        with reddy.Client("wrong", base_url=sandbox.url) as wrong:
            paused = reddy.submit(batch, wrong, progress=False)
        assert repr(paused) == f"<Submission 1 · {paused.id} · paused · 6 queued>"
        done = reddy.submit(batch, client, progress=False)
        assert done.id == paused.id
        assert done.counts() == counted(accepted=6)

    def interrupting(self, sandbox: reddy.Sandbox, after: int) -> reddy.Client:
        """A client that presses Ctrl-C once, after so many calls."""

        class Interrupting(reddy.Client):
            calls = 0

            def create_call(self, call: Any) -> reddy.Receipt:
                receipt = super().create_call(call)
                Interrupting.calls += 1
                if Interrupting.calls == after:
                    os.kill(os.getpid(), signal.SIGINT)
                return receipt

        return Interrupting(sandbox.token, base_url=sandbox.url)

    def test_ctrl_c_waits_for_what_is_in_flight_and_the_next_run_goes_on(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch = load(ledger, sheet(60))
        sandbox.latency = 0.01
        with self.interrupting(sandbox, after=10) as interrupting, pytest.raises(KeyboardInterrupt):
            reddy.submit(batch, interrupting, concurrency=2, progress=False)
        (submission,) = ledger.submissions()
        counts = submission.counts()
        assert counts["sending"] == counts["unknown"] == 0
        assert counts["accepted"] == len(sandbox.received)
        assert counts["accepted"] + counts["queued"] == 60
        assert counts["queued"] > 0
        sandbox.latency = 0.0
        again = reddy.submit(batch, client, progress=False)
        assert again.id == submission.id
        assert again.counts() == counted(accepted=60)
        assert len(ids(sandbox)) == len(set(ids(sandbox))) == 60

    def test_an_interrupted_submission_is_not_finished_by_somebody_who_names_other_rows(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch = load(ledger, sheet(40))
        sandbox.latency = 0.01
        rows = batch.rows()[:30]
        with self.interrupting(sandbox, after=4) as interrupting, pytest.raises(KeyboardInterrupt):
            reddy.submit(batch, interrupting, rows=rows, concurrency=2, progress=False)
        before = len(sandbox.received)
        one = reddy.submit(batch, client, rows=[41], progress=False)
        assert one.outcomes().index.tolist() == [41]
        assert len(sandbox.received) == before + 1
        rest = reddy.submit(batch, client, rows=rows, progress=False)
        assert rest.counts() == counted(accepted=30)
        last = reddy.submit(batch, client, progress=False)
        assert last.counts() == counted(accepted=9)
        assert len(ids(sandbox)) == len(set(ids(sandbox))) == 40

    def test_after_an_interruption_what_came_to_be_ready_since_is_sent_too(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch = load(ledger, sheet(20, {21: {"Agent Email": ""}}))
        sandbox.latency = 0.01
        with self.interrupting(sandbox, after=2) as interrupting, pytest.raises(KeyboardInterrupt):
            reddy.submit(batch, interrupting, concurrency=1, progress=False)
        batch.replace(21, msgspec.structs.replace(batch.call(21), agent_email="ann@cedarline.example"))
        reddy.submit(batch, client, progress=False)
        assert batch.counts() == counted(accepted=20)

    def test_what_a_killed_notebook_was_sending_is_in_doubt_and_the_rest_goes_on(
        self, ledger: reddy.Ledger, batch: reddy.Batch, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        script = (
            "import os, sys, reddy_lib as reddy\n"
            "from reddy_lib.sending.exchange import Ask, exchange\n"
            "from reddy_lib.sending.submission import create\n"
            "from reddy_lib.sending.workers import new_worker\n"
            "batch = reddy.Ledger(sys.argv[1]).batch(sys.argv[2])\n"
            "made = create(batch.database, batch.id, address=sys.argv[3], token_source='notebook')\n"
            "exchange(batch.database, made.id, 0, new_worker(batch.database), ask=Ask(calls=2))\n"
            "os._exit(9)\n"
        )
        location = ledger.url.render_as_string(hide_password=False)
        done = subprocess.run(
            [sys.executable, "-c", script, location, batch.id, sandbox.url], cwd=ROOT, check=False
        )
        assert done.returncode == 9
        submission = reddy.submit(batch, client, progress=False)
        assert submission.counts() == counted(accepted=4, unknown=2)
        assert sorted(ids(sandbox)) == ["conv-3", "conv-4", "conv-5", "conv-6"]

    def test_it_waits_for_calls_that_another_worker_is_sending(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch = load(ledger, sheet(12))
        sandbox.latency = 0.6
        found: list[reddy.Submission] = []

        def first() -> None:
            found.append(reddy.submit(batch, client, concurrency=12, ramp=False, progress=False))

        thread = threading.Thread(target=first)
        thread.start()
        while batch.counts()["sending"] < 12:
            assert thread.is_alive()
            time.sleep(0.01)
        second = reddy.submit(batch, client, ramp=False, progress=False)
        assert (second.state, second.counts()) == ("done", counted(accepted=12))
        thread.join()
        assert found[0].id == second.id
        assert len(sandbox.received) == 12

    def test_two_notebooks_that_race_for_the_same_rows_send_each_call_once(
        self, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox
    ) -> None:
        script = (
            "import sys, reddy_lib as reddy\n"
            "ledger = reddy.Ledger(sys.argv[1])\n"
            "client = reddy.Client(sys.argv[3], base_url=sys.argv[2])\n"
            "print('ready', flush=True)\n"
            "for line in sys.stdin:\n"
            "    batch = ledger.batch(line.strip())\n"
            "    print(sum(reddy.submit(batch, client, concurrency=4, progress=False).counts().values()), flush=True)\n"
        )
        location = ledger.url.render_as_string(hide_password=False)
        notebooks = [
            subprocess.Popen(
                [sys.executable, "-c", script, location, sandbox.url, sandbox.token], cwd=ROOT, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1,
            )
            for _ in range(2)
        ]  # fmt: skip
        try:
            for notebook in notebooks:
                assert notebook.stdout is not None
                assert notebook.stdout.readline() == "ready\n"
            batches = []
            for race in range(5):
                changed = {row: {"Conversation ID": f"race-{race}-{row}"} for row in range(2, 22)}
                batches.append(load(ledger, sheet(20, changed)))
                for notebook in notebooks:
                    assert notebook.stdin is not None
                    notebook.stdin.write(batches[-1].id + "\n")
                for notebook in notebooks:
                    assert notebook.stdout is not None
                    assert notebook.stdout.readline() == "20\n"
        finally:
            for notebook in notebooks:
                assert notebook.stdin is not None
                notebook.stdin.close()
                notebook.wait(timeout=60)
        sent = Counter(ids(sandbox))
        assert len(sent) == 100
        assert max(sent.values()) == 1
        assert [batch.counts() for batch in batches] == [counted(accepted=20)] * 5


class TestConnection:
    def test_the_environment_names_address_and_token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("REDDY_API_TOKEN", raising=False)
        monkeypatch.delenv("REDDY_BASE_URL", raising=False)
        assert from_environment() is None
        monkeypatch.setenv("REDDY_API_TOKEN", "  a-token-of-some-length ")
        found = from_environment()
        assert found is not None
        assert (found.token, found.address, found.source) == (
            "a-token-of-some-length", "https://app.reddy.io", "environment",
        )  # fmt: skip
        monkeypatch.setenv("REDDY_BASE_URL", "https://eu.reddy.example/")
        assert from_environment().address == "https://eu.reddy.example"

    def test_the_sandbox_is_one_address_whatever_its_port(self) -> None:
        found = Connection(token="sandbox-token", base_url="http://127.0.0.1:8123/", source="sandbox")
        assert (found.address, found.is_sandbox, found.token_hint) == (SANDBOX, True, "")

    def test_a_repr_shows_four_characters_at_most(self) -> None:
        found = Connection(token="a-very-secret-token-4f2a", base_url="https://app.reddy.io", source="typed")
        assert repr(found) == "<Connection https://app.reddy.io · token …4f2a>"
        assert hint("short-token") == ""
        assert hint("long-enough-") == "…ugh-"

    def test_tokens_are_remembered_until_they_are_forgotten_and_never_shown(self) -> None:
        tokens = Tokens()
        tokens.remember("s-1", "a-secret")
        assert tokens.recall("s-1") == "a-secret"
        assert tokens.recall("s-2") is None
        assert repr(tokens) == "<Tokens for 1 submissions>"
        tokens.forget("s-1")
        tokens.forget("s-1")
        assert tokens.recall("s-1") is None

    def test_a_connection_makes_clients_for_its_address(self, sandbox: reddy.Sandbox) -> None:
        made = Connection(token=sandbox.token, base_url=sandbox.url, source="typed")
        with made.client(timeout=5.0) as client:
            assert client.base_url == sandbox.url
            assert len(client.list_products()) == len(sandbox.products)


class TestProgress:
    def test_settled_left_and_in_flight(self) -> None:
        found = progress(counted(queued=5, sending=2, accepted=2, rejected=1), [])
        assert (found.chosen, found.settled, found.left, found.in_flight) == (10, 3, 7, 2)
        assert found.share == pytest.approx(0.3)
        assert found.pace is None
        assert found.seconds_left is None
        assert found.words() == "3 of 10 · 2 in flight"

    def test_what_a_cancelled_submission_never_sent_is_not_settled(self) -> None:
        assert progress(counted(ready=4, held=1, accepted=5), []).settled == 5

    def test_the_pace_is_taken_over_the_samples(self) -> None:
        found = progress(counted(queued=600, accepted=400), [(10.0, 200), (20.0, 400)])
        assert found.pace == 20.0
        assert found.words() == "400 of 1,000 · 20/s · about 30 s left"
        assert found.words(moving=False) == "400 of 1,000"
        slow = progress(counted(queued=600, accepted=4), [(10.0, 2), (20.0, 4)])
        assert slow.words() == "4 of 604 · 0.2/s · about 50 min left"

    def test_an_empty_submission_is_whole(self) -> None:
        assert progress(NONE, []).share == 1.0

    def test_samples_before_the_window_go_but_for_the_latest(self) -> None:
        samples = [(0.0, 0), (5.0, 5), (12.0, 12)]
        assert sampled(samples, 16.0, 16) == [(5.0, 5), (12.0, 12), (16.0, 16)]
        assert sampled([], 1.0, 1) == [(1.0, 1)]


def test_a_submission_of_no_ledger_is_named(ledger: reddy.Ledger) -> None:

    with pytest.raises(NotInLedger, match="no submission 'nothing'"):
        Submission(ledger, "nothing").record()
