"""Sending one chunk of a submission: the loop that the engine and notebooks share.

    exchange: report what came back, claim what may go out next   (one commit, `exchange.exchange`)
    send the claimed calls, each on a thread, each one request     (`request.send_claim`)
    gather answers until there is a reason for the next exchange

While a commit is being written, answers come and slots fall free. So a few calls more are claimed than there are slots
(`slots.Lookahead`); they go out the moment a slot is free. As long as enough of them wait, no exchange is made, and what
is answered meanwhile is recorded in one commit. Where the server asks to wait, or the submission pauses, those that have
not gone out yet go back into the queue.

Recordings are uploaded beside it (`uploads`): the commit that says `accepted` stores where a call's recording goes and
claims its upload, so the PUT follows at once, and survives this process.

The loop is stateless: the ledger is the source of truth. If the process dies at any line, the ledger has every call
either `queued` (nothing left this machine) or `sending` (it may have: `unknown`, once the worker is expired). Whether a
claimed call may still leave is asked of the worker's `Lease`, right before its first byte.
"""

from __future__ import annotations

import itertools
import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Self, TypeVar

from reddy_lib.api import Client
from reddy_lib.database.conditions import LONGEST_WAIT
from reddy_lib.database.database import Database
from reddy_lib.errors import LedgerMoved, LedgerUnavailable
from reddy_lib.recordings.upload_queue import Uploaded
from reddy_lib.sending.claims import Claim, new_attempt_ids
from reddy_lib.sending.exchange import Ask, Grant, Report, exchange
from reddy_lib.sending.lease import Lease
from reddy_lib.sending.request import asked_for, held_back, judge, send_claim
from reddy_lib.sending.restore_check import ask_first
from reddy_lib.sending.results import Attempt
from reddy_lib.sending.slots import GATHER, Lookahead, Slots
from reddy_lib.sending.submission import Submission
from reddy_lib.sending.uploads import Put, Uploading

__all__ = ["LEDGER_PATIENCE", "attempt_claim", "send_chunk"]

_log = logging.getLogger("reddy_lib.sending")
_T = TypeVar("_T")

LEDGER_PATIENCE = 120.0  # seconds for which answers are held in memory while the ledger cannot be written
STOP_PATIENCE = 20.0  # the same once the program is to end
MOVED_PATIENCE = 10.0  # the same while the ledger's file is away from its path, or another is there
MOVED_STOP_PATIENCE = 2.0  # the same once the program is to end
TOLD_AFTER = 2.0  # seconds without a ledger after which it is said
POLL = 0.1  # seconds between two looks whether another worker has made room
IDLE = 1.0  # seconds after which a loop that waits looks whether the submission was paused

MaySend = Callable[[], bool]


def send_chunk(
    database: Database,
    submission_id: str,
    chunk: int | None,
    client: Client,
    worker: str,
    slots: Slots,
    *,
    stop: threading.Event | None = None,
    clock: Callable[[], float] = time.time,
    ticks: Callable[[], float] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = random.random,
    on_results: Callable[[int], None] | None = None,
    on_hold: Callable[[str], None] | None = None,
    lease: Lease | None = None,
    patience: float = LEDGER_PATIENCE,
) -> str:
    """Send what is queued in one chunk until nothing is left, or until the submission stops running.

    Args:
        chunk: which one; None = the whole submission, where this process alone works on it.
        stop: set from outside to claim no more; what is in flight is waited for and recorded.
        clock: the time of day.
        ticks: a monotonic clock, for this process's own waits.
        on_results: called with the number of results, after they are stored.
        on_hold: called with why everybody waits, once for each time that Reddy asks to, or that the ledger is away.
        lease: the worker's, where several chunks share it.
        patience: seconds for which answers are held in memory while the ledger cannot be written; at most 10 s of them
            while its file is not at its path, unless this is endless.

    Returns: the submission's state when it stopped, or "stopped".

    Raises:
        LedgerUnavailable: the ledger could not be written for this long, or 20 s after `stop` (2 s where its file is
            not at its path). What came back is left with the lease then.
    """
    dispatcher = _Dispatcher(
        database,
        submission_id,
        chunk,
        client,
        worker,
        slots,
        lease=Lease(database, worker) if lease is None else lease,
        clock=clock,
        ticks=_steady(clock) if ticks is None else ticks,
        chance=chance,
        patience=_Patience(patience, sleep, stop),
    )
    dispatcher.on_results = on_results
    dispatcher.on_hold = dispatcher.patiently.tell = on_hold
    return dispatcher.run()


def attempt_claim(
    database: Database,
    client: Client,
    slots: Slots,
    claim: Claim,
    may_send: MaySend,
    *,
    stop: threading.Event | None = None,
    clock: Callable[[], float] = time.time,
    ticks: Callable[[], float] | None = None,
) -> Attempt:
    """Send a claimed call as soon as a slot is free, or hold it back where nothing may go out any more.

    An answer that concerns every call halts the slots: calls that wait would go out before the loop has seen it.
    """
    now = _steady(clock) if ticks is None else ticks
    with slots.request():
        if (stop is not None and stop.is_set()) or not slots.may_send(now=now()):
            return held_back(claim, now=clock())
        attempt = send_claim(database, client, claim, may_send, clock=clock)
        if attempt.concerns_all:
            slots.halt()
        return attempt


class _Patience:
    """Repeats writes while the ledger is away. `tell`: called with why, once each time."""

    tell: Callable[[str], None] | None = None

    def __init__(self, seconds: float, sleep: Callable[[float], None], stop: threading.Event | None) -> None:
        self._seconds, self.sleep, self.stop = seconds, sleep, stop

    @property
    def stopping(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    def __call__(self, write: Callable[[], _T]) -> _T:
        """Return what `write` returns; repeat it while it raises LedgerUnavailable, and raise that in the end."""
        waited = waited_to_stop = 0.0
        told = False
        while True:
            try:
                return write()
            except LedgerUnavailable as error:
                # A file that was moved may come back, as one on a network drive does; one that was deleted does not.
                moved = isinstance(error, LedgerMoved)
                most = (
                    min(self._seconds, MOVED_PATIENCE)
                    if moved and self._seconds < math.inf
                    else self._seconds
                )
                to_stop = MOVED_STOP_PATIENCE if moved else STOP_PATIENCE
                if waited >= most or waited_to_stop >= to_stop:
                    raise
                if waited >= TOLD_AFTER and not told:
                    told = True
                    self._say(str(error))
                pause = min(0.25 + waited / 4, 5.0)
                self.sleep(pause)
                waited += pause
                waited_to_stop += pause if self.stopping else 0.0

    def _say(self, why: str) -> None:
        if self.tell is None:
            _log.warning("sending waits for the ledger", extra={"reason": why})
        else:
            self.tell(why.removesuffix("."))


class _Dispatcher:
    """The loop of `send_chunk`: what it holds in memory between two exchanges."""

    on_results: Callable[[int], None] | None = None
    on_hold: Callable[[str], None] | None = None

    def __init__(
        self,
        database: Database,
        submission_id: str,
        chunk: int | None,
        client: Client,
        worker: str,
        slots: Slots,
        *,
        lease: Lease,
        clock: Callable[[], float],
        ticks: Callable[[], float],
        chance: Callable[[], float],
        patience: _Patience,
    ) -> None:
        self._database, self._client, self._worker = database, client, worker
        self._submission, self._chunk = Submission(database, submission_id), chunk
        self._slots, self._lease, self.patiently = slots, lease, patience
        self._clock, self._ticks, self._chance = clock, ticks, chance
        self._came_back: SimpleQueue[Attempt | Put] = SimpleQueue()
        self._uploading = Uploading(
            database, client, slots.size, self._came_back.put, clock=clock, chance=chance
        )
        self._lookahead = Lookahead(slots.size)
        self._in_flight = 0  # calls that were claimed and have not come back
        self._announcing = 0  # those of them that will bring an address for a recording
        self._attempts: list[Attempt] = []  # came back, and not reported yet
        self._uploaded: list[Uploaded] = []
        self._shared = ""

    def run(self) -> str:
        """Exchange, send and gather until nothing is left; return the submission's state, or "stopped"."""
        with (
            ExitStack() as end,
            _Senders(self._slots.size, self._send, name=f"send-{self._chunk}") as senders,
            self._uploading,
        ):
            end.callback(self._leave)
            while True:
                self._lease.keep()
                if not self._lease.holds():  # this worker may have been expired
                    self.patiently(self._lease.renew)
                term, stopping = self._lease.term, self.patiently.stopping
                ahead = self._lookahead.calls
                wanted = 0 if stopping else self._slots.acquire(now=self._ticks(), ahead=ahead)
                if self._may_wait_for_a_slot(wanted, stopping=stopping) and self._slots.wait(IDLE):
                    continue  # another chunk of this submission had all the slots: no exchange needed yet
                grant = self._exchange(wanted, stopping=stopping)
                for claim in grant.claims:
                    senders.add(claim, partial(self._lease.holds, term))
                if grant.refused_hosts and grant.state == "running":
                    self.patiently(partial(self._submission.pause, _other_host(grant.refused_hosts)))
                if self._ask_first(grant, stopping=stopping):
                    continue
                if self._in_flight or self._uploading.under_way:
                    self._gather(grant, senders, poll=bool(self._shared and wanted))
                elif stopping:
                    return "stopped"
                # `done`: its last recordings, whose calls were accepted late
                elif grant.state not in ("running", "done") or grant.retry_at is None:
                    return grant.state
                else:
                    self._rest(grant)

    def _send(self, claim: Claim, may_send: MaySend) -> None:
        """Send one call and queue its result; an exception would be lost in this thread."""
        self._came_back.put(
            attempt_claim(
                self._database,
                self._client,
                self._slots,
                claim,
                may_send,
                stop=self.patiently.stop,
                clock=self._clock,
                ticks=self._ticks,
            )
        )

    def _may_wait_for_a_slot(self, wanted: int, *, stopping: bool) -> bool:
        """Return whether there is nothing to report, no request in flight, and no free slot."""
        busy = wanted or self._attempts or self._uploaded or self._in_flight or self._uploading.under_way
        return not (busy or stopping) and not self._slots.held_for(now=self._ticks())

    # --- the exchange ---

    def _exchange(self, wanted: int, *, stopping: bool) -> Grant:
        """Report what came back and claim up to `wanted` calls, whose slots are taken already."""
        slots, uploads = self._slots, self._slots.uploads
        attempts, uploaded = self._attempts, self._uploaded
        self._lookahead.exchange_begins(len(attempts))
        announced = sum(attempt.claim.recording is not None for attempt in attempts)
        recordings_ahead = uploads.ahead() + announced  # the ledger counts those from now on
        upload_slots = 0 if stopping else uploads.acquire(now=self._ticks())
        report = Report(
            attempts=attempts,
            uploaded=uploaded,
            bytes_sent=self._uploading.sent(),
            pace=slots.note(now=self._ticks(), shared=self._shared or uploads.reason),
        )
        ids, now = new_attempt_ids(wanted), self._clock()
        tries = itertools.count()

        def write() -> Grant:
            ask = Ask(
                calls=wanted,
                uploads=upload_slots,
                recordings_ahead=recordings_ahead,
                attempt_ids=ids,
                replay=next(tries) > 0,  # an earlier try may have been committed all the same
            )
            return exchange(
                self._database, self._submission.id, self._chunk, self._worker, report, ask, now=now
            )

        grant: Grant | None = None
        try:
            grant = self.patiently(write)
            self._lease.took(grant.claims)
            self._lease.stored(attempts)
        finally:
            slots.release(wanted - (len(grant.claims) if grant else 0))
            uploads.release(upload_slots - (len(grant.uploads) if grant else 0))
        self._lookahead.exchange_ended()
        self._attempts, self._uploaded = [], []
        self._take(grant, announced, stopping=stopping)
        sent = sum(not attempt.held_back for attempt in attempts)
        if sent and self.on_results is not None:
            self.on_results(sent)
        return grant

    def _take(self, grant: Grant, announced: int, *, stopping: bool) -> None:
        """Store what an exchange granted; `announced`: calls reported whose recordings were announced."""
        announcing = sum(claim.recording is not None for claim in grant.claims) - announced
        self._slots.uploads.expect(announcing)
        self._announcing += announcing
        self._in_flight += len(grant.claims)
        self._shared = grant.shared
        self._slots.hold(self._ticks() + min(grant.not_before - self._clock(), LONGEST_WAIT + 1.0))
        self._slots.set_open(grant.state == "running")
        self._uploading.start(grant.uploads)
        self._uploading.wind_up(stopping or grant.state not in ("running", "done"))

    def _ask_first(self, grant: Grant, *, stopping: bool) -> bool:
        """Ask Reddy about a chunk that may not be sent before; return whether there was one."""
        if not grant.questions or grant.state != "running" or self._in_flight or stopping:
            return False
        self.patiently(
            partial(
                ask_first,
                self._database,
                self._submission.id,
                grant.questions[0],
                self._client,
                self._worker,
                stop=self.patiently.stop,
                sleep=self.patiently.sleep,
                keep_alive=self._lease.keep,
            )
        )
        return True

    # --- what comes back ---

    def _gather(self, grant: Grant, senders: _Senders, *, poll: bool) -> None:
        """Wait for an answer, and take all that have come; longer, while enough claimed calls wait for a slot."""
        pause, enough = "", self._lookahead.enough
        for came in _arrived(
            self._came_back, timeout=POLL if poll else IDLE, go_on=lambda: senders.waiting > enough
        ):
            if isinstance(came, Put):
                self._uploaded.append(self._uploading.ended(came))
                self._slots.uploads.learn(came, now=self._ticks())
                self._slots.uploads.release(1)
                continue
            self._in_flight -= 1
            self._attempts.append(came)
            if not came.held_back:
                pause = self._learn(came, create_idempotent=grant.create_idempotent) or pause
                if pause:
                    self._slots.set_open(False)
                if came.concerns_all:
                    self._slots.resume()
            self._slots.release(1)
        if pause:
            self.patiently(partial(self._submission.pause, pause))

    def _learn(self, attempt: Attempt, *, create_idempotent: bool) -> str:
        """Judge an attempt, and learn from its answer; return why the submission must pause, or ""."""
        slots = self._slots
        decision = judge(
            attempt, chance=self._chance(), create_idempotent=create_idempotent, now=self._clock()
        )
        broken = slots.learn(attempt.failure, decision, seconds=attempt.seconds)
        if decision.wait_all:
            if self.on_hold is not None and decision.wait > slots.held_for(now=self._ticks()) + 1.0:
                self.on_hold(asked_for(attempt.failure, decision))
            slots.hold(self._ticks() + decision.wait)
        return decision.pause or broken

    def _rest(self, grant: Grant) -> None:
        """Wait while nothing is in flight: for the next try, for a free slot, or a second (to notice a pause)."""
        slots = self._slots
        until = max((grant.retry_at or 0.0) - self._clock(), slots.held_for(now=self._ticks()))
        if until > 0:
            self.patiently.sleep(min(until, IDLE))
        elif grant.shared or slots.uploads.in_use:  # a free slot alone does not help then
            self.patiently.sleep(POLL)
        else:
            slots.wait(IDLE)

    def _leave(self) -> None:
        """Leave what came back and was not reported with the lease. Normally nothing: only a loop that failed has any."""
        for came in _waiting(self._came_back):
            if isinstance(came, Put):
                self._uploaded.append(came.uploaded)
                continue
            if came.concerns_all:
                self._slots.resume()
            if not came.held_back:
                judge(came, chance=0.0)
            self._attempts.append(came)
        self._lease.leave(self._submission.id, self._chunk, self._attempts, self._uploaded)
        self._slots.release(self._in_flight)
        self._slots.uploads.release(self._uploading.under_way)
        self._slots.uploads.expect(-self._announcing)


class _Senders:
    """Threads that send claimed calls, one call at a time each.

    A context manager: at its end all added calls have been sent or held back. (A task of the pool for each call would
    cost more than the rest of the way to the request.)
    """

    def __init__(self, threads: int, send: Callable[[Claim, MaySend], None], *, name: str) -> None:
        self._send = send
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._claims: SimpleQueue[tuple[Claim, MaySend] | None] = SimpleQueue()

    def __enter__(self) -> Self:
        for _ in range(self._threads):
            self._pool.submit(self._serve)
        return self

    def __exit__(self, *_raised: object) -> None:
        for _ in range(self._threads):
            self._claims.put(None)
        self._pool.shutdown()

    @property
    def waiting(self) -> int:
        return self._claims.qsize()

    def add(self, claim: Claim, may_send: MaySend) -> None:
        self._claims.put((claim, may_send))

    def _serve(self) -> None:
        while (next_one := self._claims.get()) is not None:
            self._send(*next_one)


def _arrived(
    came_back: SimpleQueue[_T], *, timeout: float, go_on: Callable[[], bool] = lambda: False
) -> Iterator[_T]:
    """Yield the next answer, waiting up to `timeout` seconds, and all that have come besides; while `go_on` says so,
    also those of the next moment."""
    with suppress(Empty):
        yield came_back.get(timeout=timeout)
        end = time.monotonic() + GATHER
        yield from _waiting(came_back)
        while go_on() and (left := end - time.monotonic()) > 0:
            yield came_back.get(timeout=left)


def _waiting(came_back: SimpleQueue[_T]) -> Iterator[_T]:
    with suppress(Empty):
        while True:
            yield came_back.get_nowait()


def _other_host(hosts: Sequence[str]) -> str:
    named = hosts[0] if len(hosts) == 1 else f"{hosts[0]} and {len(hosts) - 1} more"
    return (
        f"Reddy gave an address at {named} for recordings, and not where they went until now: nothing was sent there. "
        "If that is right, allow it for this connection, then resume; the address waits about an hour."
    )


def _steady(clock: Callable[[], float]) -> Callable[[], float]:
    """Return a clock that is never set back or forward, for what one process waits for; a test's own clock is one."""
    return time.monotonic if clock is time.time else clock
