"""`Lease`: what lets a worker send, and what it has in hand. No byte of a call leaves without asking it.

A worker that is silent for `lasts` seconds is given up by others: its calls in flight become `unknown`, and from then
on none of them may be sent by it. But a worker may be silent without being dead: its machine slept, its process was
frozen, its ledger was away; and it may hold calls that it claimed before and has not sent yet. So:

- a lease runs out a good while (`MARGIN`) *before* others may give the worker up, by this machine's own clocks: the
  one that only goes forward, and the wall clock, which also counts a machine's sleep. No clock of another machine
  is asked;
- each sign of life renews it, and tells whether the worker had been given up meanwhile. If so a new *term* begins:
  a call that was claimed in an earlier term is not sent, however fresh the lease is now;
- it is asked right before the first byte is handed to the operating system (`api.only_while`), behind the wait for a
  thread, a connection and its encryption. A call that is held back there was never sent, and goes back to the queue
  if it is still this attempt's.

What is left is the gap between that question and the system's `send`, some microseconds, and what the system itself
has taken and not yet sent when a whole machine is frozen. A process would have to stop in exactly there, and for longer
than `MARGIN`. Even then the call is not sent twice by itself: it is `unknown`, its delivery stays taken, and nobody
sends it again before a person has cleared the doubt. The answer, if one comes, is recorded.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from reddy_lib.database.database import Database
from reddy_lib.errors import LedgerUnavailable
from reddy_lib.recordings.upload_queue import Uploaded
from reddy_lib.sending.submission import Claim, Result, exchange, give_up_strays, heartbeat, strays
from reddy_lib.sending.workers import GIVE_UP_AFTER

__all__ = ["BEAT", "Lease"]

MARGIN = 2 / 9  # of `lasts`: 10 s of 45
BEAT = 1 / 9  # of `lasts`, between two signs of life: 5 s of 45


class Lease:
    """The right of one worker to send, shared by all its threads.

    Args:
        lasts: seconds of silence after which others give this worker up: what it was registered with.
        clock, wall: clocks of this machine; the first only goes forward.
    """

    def __init__(
        self,
        database: Database,
        worker: str,
        *,
        lasts: float = GIVE_UP_AFTER,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.database, self.worker = database, worker
        self.beat = lasts * BEAT
        self.term = 0
        self._good_for = lasts * (1 - MARGIN)
        self._clock, self._wall = clock, wall
        self._lock = threading.Lock()
        self._renewed = self._renewed_wall = float("-inf")
        self._in_hand: set[str] = set()
        self._left: list[tuple[str, int | None, list[Result], list[Uploaded]]] = []
        self._suspects: set[str] = set()
        self._stored: deque[tuple[float, int]] = deque()

    def __repr__(self) -> str:
        return (
            f"<Lease of {self.worker} · {'held' if self.holds() else 'over'} · {len(self._in_hand)} in hand>"
        )

    def holds(self, term: int | None = None) -> bool:
        """May a call that was claimed in this term be sent now? Without a term: may calls be claimed?"""
        now, wall = self._clock(), self._wall()
        with self._lock:
            fresh = now - self._renewed < self._good_for and 0 <= wall - self._renewed_wall < self._good_for
            return fresh and term in (None, self.term)

    def renew(self, *, sends: Collection[str] | None = None) -> None:
        """Give a sign of life. Raises LedgerUnavailable."""
        now, wall = (
            self._clock(),
            self._wall(),
        )  # before it is written: others count from then at the earliest
        still_mine = heartbeat(self.database, self.worker, sends=sends, lately=self._lately())
        with self._lock:
            if not still_mine:
                self.term += 1
            if now > self._renewed:
                self._renewed, self._renewed_wall = now, wall

    def keep(self) -> None:
        """Renew it where a sign of life is due. A ledger that is away is tried again at the next call."""
        if self._clock() - self._renewed >= self.beat:
            with suppress(LedgerUnavailable):
                self.renew()

    # what is in hand: claimed by this process, and its outcome not yet stored

    def took(self, claims: Sequence[Claim]) -> None:
        with self._lock:
            self._in_hand.update(claim.attempt_id for claim in claims)

    def stored(self, results: Sequence[Result]) -> None:
        if results:
            with self._lock:
                self._in_hand.difference_update(result.claim.attempt_id for result in results)
                self._stored.append((self._clock(), len(results)))

    def leave(
        self,
        submission_id: str,
        chunk: int | None,
        results: Sequence[Result],
        uploaded: Sequence[Uploaded] = (),
    ) -> None:
        """A loop ended before it could store these: `settle` does, once the ledger is there."""
        if results or uploaded:
            with self._lock:
                self._left.append((submission_id, chunk, list(results), list(uploaded)))

    def settle(self) -> int:
        """Store what was left; then what this worker holds by the ledger, and knows nothing of, becomes `unknown`.

        Gives how many calls became `unknown`. The second happens to attempts that were found so at two calls in a
        row, and begins a new term: a claim whose news is still on its way is not sent. Raises LedgerUnavailable.
        """
        with self._lock:
            left = list(self._left)
        for piece in left:
            submission_id, chunk, results, uploaded = piece
            exchange(
                self.database, submission_id, chunk, self.worker, results=results, uploaded=uploaded, want=0
            )
            self.stored(results)
            with self._lock:
                self._left.remove(piece)
        found = set(strays(self.database, self.worker, ()))
        with self._lock:
            found -= self._in_hand
            lost, self._suspects = found & self._suspects, found
            if lost:
                self.term += 1
        return give_up_strays(self.database, self.worker, lost) if lost else 0

    def _lately(self) -> int:
        with self._lock:
            while self._stored and self._stored[0][0] < self._clock() - 60.0:
                self._stored.popleft()
            return sum(count for _, count in self._stored)
