"""Clocks that are set while something waits, and servers that ask to wait for hours."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

import reddy_lib as reddy
from reddy_lib.database.conditions import LONGEST_WAIT
from reddy_lib.errors import TooManyRequests
from reddy_lib.sandbox import Fault
from reddy_lib.sending.dispatcher import send_chunk
from reddy_lib.sending.request import asked_for
from reddy_lib.sending.retry_policy import decide
from reddy_lib.sending.slots import Slots
from reddy_lib.sending.workers import new_worker
from tests.sending.exchanging import exchange
from tests.sending.test_limits import answers, load, queued

Sheet = Callable[..., Path]
HOURS = 7200.0


def test_a_hold_from_before_the_clock_was_set_back_holds_nobody(ledger: reddy.Ledger, sheet: Sheet) -> None:
    submission = queued(load(ledger, sheet(6)))
    worker = new_worker(ledger)
    taken = exchange(ledger, submission.id, None, worker, want=2, now=HOURS).claims
    waits = answers(taken, "again", retry_at=HOURS + 2.0, hold="Reddy asked for 2 s (429)")
    assert exchange(ledger, submission.id, None, worker, results=waits, want=2, now=HOURS).claims == []
    back = exchange(ledger, submission.id, None, worker, want=9, now=10.0)
    assert len(back.claims) == 6, "the two that wait for another try are among them"
    assert back.not_before <= 10.0


def test_a_hold_that_somebody_asked_for_is_kept_to_the_last_second(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    submission = queued(load(ledger, sheet(6)))
    worker = new_worker(ledger)
    taken = exchange(ledger, submission.id, None, worker, want=2, now=10.0).claims
    until = 10.0 + LONGEST_WAIT
    waits = answers(taken, "again", retry_at=until, hold="Reddy asked for 2.0 h (429)")
    exchange(ledger, submission.id, None, worker, results=waits, want=0, now=10.0)
    assert exchange(ledger, submission.id, None, worker, want=9, now=until - 1.0).claims == []
    assert len(exchange(ledger, submission.id, None, worker, want=9, now=until).claims) == 6


@pytest.mark.parametrize("jump", [-HOURS, HOURS])
def test_a_clock_that_is_set_while_a_process_waits_makes_its_wait_neither_longer_nor_shorter(
    jump: float, ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox
) -> None:
    submission = queued(load(ledger, sheet(6)), sandbox.url, ramp=False)
    sandbox.faults.add(Fault(kind="status", status=429, retry_after=2, times=1))
    held: list[float] = []

    def clock() -> float:
        return time.time() + (jump if held and time.monotonic() > held[0] + 0.5 else 0.0)

    with reddy.Client(sandbox.token, base_url=sandbox.url) as client:
        send_chunk(
            ledger, submission.id, None, client, new_worker(ledger), Slots(1), clock=clock, ticks=time.monotonic,
            on_hold=lambda _: held.append(time.monotonic()), chance=lambda: 0.0,
        )  # fmt: skip
    waited = time.monotonic() - held[0]
    assert submission.counts()["accepted"] == 6
    assert 1.9 < waited < 100, "two seconds were asked for"


def test_hours_that_a_server_asks_for_are_said_as_hours() -> None:
    error = TooManyRequests("later", status=429, retry_after=HOURS)
    decision = decide(error, tries=1, chance=0.0)
    assert decision.wait == LONGEST_WAIT
    assert asked_for(error, decision) == "Reddy asked for 2.0 h (429), and is retried after 5 min"


def test_a_notebook_without_a_bar_says_in_a_line_that_it_waits(
    ledger: reddy.Ledger, sheet: Sheet, sandbox: reddy.Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.faults.add(Fault(kind="status", status=429, retry_after=2, times=1))
    with reddy.Client(sandbox.token, base_url=sandbox.url) as client:
        reddy.submit(load(ledger, sheet(3)), client, concurrency=1, ramp=False, progress=False)
    assert capsys.readouterr().err.splitlines() == ["Submitting waits: Reddy asked for 2 s (429)."]
