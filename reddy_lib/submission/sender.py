"""Sending one chunk of a submission: the loop that engine and notebooks share.

    ask the ledger: here is what came back, what may I send now?   (one commit, `ledger.sending.exchange`)
    send that, each call on a thread, each attempt one request
    wait until something comes back (or a short while), and ask again

The loop holds no truth. If it dies at any line, the ledger has every call either `queued` (nothing left this
machine) or `sending` (it may have: `unknown`, once the worker is given up). Grouping falls out of the loop: what
comes back while a commit is being written is recorded by the next one. Whether a claimed call may still leave is
asked of the worker's `Lease`, right before its first byte.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

import msgspec

from ..api import Client, Receipt, only_while
from ..errors import APIError, Doubtful, LedgerUnavailable
from ..ledger.sending import Claim, Result, Submission, exchange
from ..ledger.store import Ledger
from ..model import from_payload
from .decide import Decision, decide
from .lease import Lease

__all__ = ["Slots", "send_chunk"]

_T = TypeVar("_T")

LEDGER_PATIENCE = 120.0  # seconds that answers are held in memory while the ledger cannot be written
STOP_PATIENCE = 20.0  # the same once the program is to end
UNREACHABLE_IN_A_ROW = 12  # connections refused one after another before the submission pauses


class Slots:
    """How many requests of one submission this process may have in flight, over all its chunks; who waits for all.

    `not_before`: until then nobody sends (a `Retry-After` is meant for everybody). Thread-safe.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError("concurrency must be at least 1")
        self.size = size
        self._free = size
        self._changed = threading.Condition()
        self._not_before = 0.0
        self._unreachable = 0

    def take(self, *, now: float) -> int:
        """All free places (0 while everybody waits); give each back with `give`."""
        with self._changed:
            if now < self._not_before:
                return 0
            taken, self._free = self._free, 0
            return taken

    def give(self, count: int) -> None:
        if count:
            with self._changed:
                self._free += count
                self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Until a place is free, at most `timeout` seconds; gives whether one is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._free > 0, timeout)

    def hold(self, until: float) -> None:
        """Nobody sends before this moment (seconds since the epoch)."""
        with self._changed:
            self._not_before = max(self._not_before, until)

    def held_for(self, *, now: float) -> float:
        """Seconds until anybody may send again; 0 if now."""
        with self._changed:
            return max(0.0, self._not_before - now)

    def reached(self, yes: bool) -> int:
        """Count connections refused one after another; gives how many."""
        with self._changed:
            self._unreachable = 0 if yes else self._unreachable + 1
            return self._unreachable


def send_chunk(
    ledger: Ledger,
    submission_id: str,
    chunk: int,
    client: Client,
    worker: str,
    slots: Slots,
    *,
    stop: threading.Event | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = random.random,
    on_results: Callable[[int], None] | None = None,
    lease: Lease | None = None,
    patience: float = LEDGER_PATIENCE,
) -> str:
    """Send what is queued in one chunk until nothing is left, or until the submission stops running.

    Args:
        stop: set from outside to claim no more; what is in flight is waited for and recorded.
        on_results: called with the number of results, after they are stored.
        lease: the worker's, where several chunks share it.
        patience: seconds for which what came back is held in memory while the ledger cannot be written.

    Returns the submission's state when it stopped, or "stopped".

    Raises:
        LedgerUnavailable: the ledger could not be written for this long, or 20 s after `stop`. What came back is
            left with the lease then.
    """
    submission = Submission(ledger, submission_id)
    flying: set[Future[_Answer]] = set()
    results: list[Result] = []
    lease = Lease(ledger, worker) if lease is None else lease
    patiently = partial(_patiently, sleep=sleep, patience=patience, stop=stop)
    with ExitStack() as end, ThreadPoolExecutor(slots.size, thread_name_prefix=f"send-{chunk}") as pool:
        # none is left, unless the ledger stayed away
        end.callback(lambda: slots.give(len(flying)))
        end.callback(lambda: lease.leave(submission_id, chunk, [*results, *map(_late, flying)]))
        while True:
            lease.keep()
            if not lease.holds():  # this worker may have been taken for dead
                patiently(lease.renew)
            term = lease.term
            stopping = stop is not None and stop.is_set()
            free = 0 if stopping else slots.take(now=clock())
            if (
                not (free or results or flying or stopping)
                and not slots.held_for(now=clock())
                and slots.wait(1.0)
            ):
                continue  # another chunk of this submission had all the places: no need to ask the ledger yet
            answer = None
            try:
                answer = patiently(
                    partial(
                        exchange,
                        ledger,
                        submission_id,
                        chunk,
                        worker,
                        results=results,
                        want=free,
                        now=clock(),
                    )
                )
                lease.took(answer.claims)
                lease.stored(results)
            finally:
                slots.give(free - (len(answer.claims) if answer else 0))
            if results and on_results is not None:
                on_results(len(results))
            results = []
            may_send = partial(lease.holds, term)
            flying |= {pool.submit(_attempt, client, claim, clock, may_send) for claim in answer.claims}

            if not flying:
                if stopping:
                    return "stopped"
                if answer.state != "running" or answer.retry_at is None:
                    return answer.state
                _rest(slots, answer.retry_at, clock=clock, sleep=sleep)
                continue

            done, flying = wait(flying, timeout=1.0, return_when=FIRST_COMPLETED)
            pause = ""
            for future in done:
                came = future.result()
                decision = decide(came.error, tries=came.claim.tries, chance=chance())
                results.append(_result(came, decision, now=clock()))
                if decision.wait_all:
                    slots.hold(clock() + decision.wait)
                if slots.reached(not decision.unreachable) >= UNREACHABLE_IN_A_ROW:
                    pause = (
                        f"{came.error} Paused after {UNREACHABLE_IN_A_ROW} tries in a row; nothing is lost."
                    )
                pause = decision.pause or pause
            slots.give(len(done))
            if pause:
                patiently(partial(submission.pause, pause))
                slots.reached(True)  # once somebody resumes, it is counted afresh


class _Answer(msgspec.Struct, frozen=True):
    """What one request brought: a receipt, or the error that says why not."""

    claim: Claim
    started: float
    ended: float
    seconds: float
    receipt: Receipt | None
    error: APIError | None


def _attempt(
    client: Client, claim: Claim, clock: Callable[[], float], may_send: Callable[[], bool]
) -> _Answer:
    """One HTTP request; what came of it as a value, because a thread has nobody to raise to."""
    started, ticks = clock(), time.perf_counter()
    receipt, error = None, None
    try:
        with only_while(may_send):
            receipt = client.create_call(from_payload(claim.payload))
    except APIError as refused:
        error = refused
    except Exception as broken:  # noqa: BLE001 - a fault of ours must not take the other answers with it
        error = Doubtful(
            f"The workbench failed while it was sending this call ({type(broken).__name__}): "
            "it may or may not have reached Reddy."
        )
    return _Answer(claim, started, clock(), time.perf_counter() - ticks, receipt, error)


def _result(came: _Answer, decision: Decision, *, now: float) -> Result:
    error, receipt = came.error, came.receipt
    return Result(
        claim=came.claim,
        outcome=decision.outcome,
        started=came.started,
        ended=came.ended,
        seconds=came.seconds,
        possibly_processed=error is None or error.possibly_processed,
        http_status=200 if error is None else error.status,
        request_id=None if error is None else error.request_id,
        upload_id=_storable(receipt),
        error=_told(error, decision),
        words=None if error is None else error.server_message,
        retry_at=now + decision.wait if decision.outcome == "again" else None,
    )


def _late(flown: Future[_Answer]) -> Result:
    """What came of a call whose loop ended before it could look."""
    came = flown.result()
    decision = decide(came.error, tries=came.claim.tries, chance=0.0)
    return _result(came, decision, now=came.ended)


def _storable(receipt: Receipt | None) -> int | None:
    """The upload id, unless it is a number that no database holds: the call was accepted all the same."""
    number = None if receipt is None else receipt.upload_id
    return number if number is not None and abs(number) < 2**63 else None


def _told(error: APIError | None, decision: Decision) -> str:
    """What the analyst reads: Reddy's own words where it refused the call, else what happened and what to do."""
    if error is None:
        return ""
    if decision.outcome == "rejected" and error.server_message:
        return error.server_message
    return str(error)


def _patiently(
    write: Callable[[], _T],
    *,
    sleep: Callable[[float], None],
    patience: float,
    stop: threading.Event | None,
) -> _T:
    """Try a write to the ledger again while the ledger is away: what came back is held in memory meanwhile."""
    waited = waited_to_stop = 0.0
    while True:
        try:
            return write()
        except LedgerUnavailable:
            if waited >= patience or waited_to_stop >= STOP_PATIENCE:
                raise
            pause = min(0.25 + waited / 4, 5.0)
            sleep(pause)
            waited += pause
            waited_to_stop += pause if stop is not None and stop.is_set() else 0.0


def _rest(
    slots: Slots, retry_at: float, *, clock: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    """Nothing is in flight here: wait for the next try, for a free place, or a second (to notice a pause)."""
    now = clock()
    until = max(retry_at - now, slots.held_for(now=now))
    if until > 0:
        sleep(min(until, 1.0))
    else:
        slots.wait(1.0)
