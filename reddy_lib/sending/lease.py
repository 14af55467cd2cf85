"""`Lease`: the right of a worker to send. No byte of a call leaves without asking it.

Others expire a worker that sent no heartbeat for its timeout: its calls in flight become `unknown`, and it may send none
of them any more. But a silent worker is not necessarily dead: its machine slept, its process was frozen, its ledger was
away; and it may hold calls that it claimed before and has not sent yet. So:

- a lease ends a good while (`MARGIN`) *before* others may expire the worker, by this machine's own clocks: the monotonic
  one, and the wall clock, which also counts a machine's sleep. No other machine's clock is asked;
- each heartbeat renews it, and tells whether the worker had been expired meanwhile. If so, a new *term* begins: a call
  that was claimed in an earlier term is not sent, however fresh the lease is now;
- it is asked right before the first byte is handed to the operating system (`api.only_while`), after the wait for a
  thread, a connection and its encryption. A call that is held back there was never sent, and goes back to the queue if
  it is still this attempt's.

What remains is the gap between that question and the system's `send`, some microseconds, and what the system itself has
taken and not yet sent when a whole machine is frozen. A process would have to stop in exactly that gap, and for longer
than `MARGIN`. Even then the call is not sent twice without a person's word: it is `unknown`, its delivery stays taken,
and nobody sends it again before the doubt is settled. The answer, if one comes, is recorded.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

from reddy_lib.database.database import Database
from reddy_lib.errors import LedgerUnavailable
from reddy_lib.recordings.upload_queue import Uploaded
from reddy_lib.sending.claims import Claim
from reddy_lib.sending.exchange import Report, exchange
from reddy_lib.sending.results import Attempt
from reddy_lib.sending.workers import HEARTBEAT_TIMEOUT, expire_strays, heartbeat, strays

__all__ = ["BEAT", "Lease"]

MARGIN = 2 / 9  # of the timeout: 10 s of 45
BEAT = 1 / 9  # of the timeout, between two heartbeats: 5 s of 45


class _Unreported(NamedTuple):
    """What a loop left behind that ended before it could report it."""

    submission_id: str
    chunk: int | None
    attempts: list[Attempt]
    uploaded: list[Uploaded]


class Lease:
    """The right of one worker to send, shared by all its threads.

    Args:
        timeout: seconds without a heartbeat after which others expire this worker: what it was registered with.
        clock, wall: clocks of this machine; the first is monotonic.
    """

    def __init__(
        self,
        database: Database,
        worker: str,
        *,
        timeout: float = HEARTBEAT_TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.database, self.worker = database, worker
        self.beat = timeout * BEAT
        self.term = 0
        self._good_for = timeout * (1 - MARGIN)
        self._clock, self._wall = clock, wall
        self._lock = threading.Lock()
        self._renewed = self._renewed_wall = float("-inf")
        self._in_hand: set[str] = set()
        self._unreported: list[_Unreported] = []
        self._suspects: set[str] = set()
        self._stored: deque[tuple[float, int]] = deque()

    def __repr__(self) -> str:
        return (
            f"<Lease of {self.worker} · {'held' if self.holds() else 'over'} · {len(self._in_hand)} in hand>"
        )

    def holds(self, term: int | None = None) -> bool:
        """Return whether a call claimed in this term may be sent now; without a term, whether calls may be claimed."""
        now, wall = self._clock(), self._wall()
        with self._lock:
            fresh = now - self._renewed < self._good_for and 0 <= wall - self._renewed_wall < self._good_for
            return fresh and term in (None, self.term)

    def renew(self, *, sends: Collection[str] | None = None) -> None:
        """Send a heartbeat. Raises LedgerUnavailable."""
        # Read before the write, because others count from the write at the earliest.
        now, wall = self._clock(), self._wall()
        still_mine = heartbeat(self.database, self.worker, sends=sends, lately=self._answers_lately())
        with self._lock:
            if not still_mine:
                self.term += 1
            if now > self._renewed:
                self._renewed, self._renewed_wall = now, wall

    def keep(self) -> None:
        """Renew the lease where a heartbeat is due. If the ledger is away, the next call tries again."""
        if self._clock() - self._renewed >= self.beat:
            with suppress(LedgerUnavailable):
                self.renew()

    # --- attempts in hand: claimed by this process, and not recorded yet ---

    def took(self, claims: Sequence[Claim]) -> None:
        with self._lock:
            self._in_hand.update(claim.attempt_id for claim in claims)

    def stored(self, attempts: Sequence[Attempt]) -> None:
        if attempts:
            with self._lock:
                self._in_hand.difference_update(attempt.claim.attempt_id for attempt in attempts)
                self._stored.append((self._clock(), len(attempts)))

    def leave(
        self,
        submission_id: str,
        chunk: int | None,
        attempts: Sequence[Attempt],
        uploaded: Sequence[Uploaded] = (),
    ) -> None:
        """Keep what a loop could not report before it ended; `settle` reports it once the ledger is back."""
        if attempts or uploaded:
            with self._lock:
                self._unreported.append(_Unreported(submission_id, chunk, list(attempts), list(uploaded)))

    def settle(self) -> int:
        """Report what was left, then expire this worker's strays: attempts that only the ledger knows of.

        A stray is expired when two calls in a row have found it, and then a new term begins: a claim whose confirmation
        is still on its way is not sent.

        Returns: how many calls became `unknown`.

        Raises LedgerUnavailable.
        """
        with self._lock:
            unreported = list(self._unreported)
        for left in unreported:
            report = Report(attempts=left.attempts, uploaded=left.uploaded)
            exchange(self.database, left.submission_id, left.chunk, self.worker, report)
            self.stored(left.attempts)
            with self._lock:
                self._unreported.remove(left)
        found = set(strays(self.database, self.worker, ()))
        with self._lock:
            found -= self._in_hand
            lost, self._suspects = found & self._suspects, found
            if lost:
                self.term += 1
        return expire_strays(self.database, self.worker, lost) if lost else 0

    def _answers_lately(self) -> int:
        """Return the number of answers in the last minute."""
        with self._lock:
            while self._stored and self._stored[0][0] < self._clock() - 60.0:
                self._stored.popleft()
            return sum(count for _, count in self._stored)
