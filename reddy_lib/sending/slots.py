"""How many requests of one submission a process may have in flight, and what it learns from their answers."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from reddy_lib.errors import APIError
from reddy_lib.sending.adaptive_concurrency import Pace, answered, reason
from reddy_lib.sending.rate_limits import Note
from reddy_lib.sending.retry_policy import Decision, Run, broken, seen
from reddy_lib.sending.uploads import UploadSlots

__all__ = ["Lookahead", "Slots"]

REPORT_EVERY = 1.0  # seconds between two notes about the pace, for people
GATHER = 0.05  # seconds of answers that are claimed ahead at most
FADE = 0.5  # seconds over which the rate of answers is measured
COMMITS_AHEAD = 3  # calls answered during this many commits are claimed ahead


class Slots:
    """The request slots of one submission in this process, over all its chunks, and its circuit breaker. Thread-safe.

    `size` is the most that a person allowed; how much of it is used adapts to the answers (`pace`).

    Args:
        resumed: somebody saw how the submission began and resumed it, so refusals from the start no longer pause it.
    """

    def __init__(self, size: int, *, resumed: bool = False) -> None:
        self.pace = Pace.up_to(size)
        self.size = size
        self.uploads = UploadSlots(size)
        self._free = size
        self._changed = threading.Condition()
        self._not_before = 0.0  # a `Retry-After` is meant for everybody
        self._run = Run(words=None) if resumed else Run()
        self._reported = 0.0
        self._open = True
        self._halted = 0
        self._in_flight = self._most_in_flight = 0
        self._requests = threading.BoundedSemaphore(size)

    def acquire(self, *, now: float, ahead: int = 0) -> int:
        """Take all slots that are free at the present pace, and `ahead` more if nothing slows it down; return how many.

        None during a hold. Return each with `release`.
        """
        with self._changed:
            if now < self._not_before:
                return 0
            taken = max(0, self._room() + (ahead if self.pace.at_once == self.size else 0))
            self._free -= taken
            return taken

    def release(self, count: int) -> None:
        if count:
            with self._changed:
                self._free += count
                self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a free slot; return whether there is one."""
        with self._changed:
            return self._changed.wait_for(lambda: self._room() > 0, timeout)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Enclose a request: however many calls are claimed, no more than `size` requests are in flight at once."""
        with self._requests:
            with self._changed:
                self._in_flight += 1
                self._most_in_flight = max(self._most_in_flight, self._in_flight)
            try:
                yield
            finally:
                with self._changed:
                    self._in_flight -= 1

    # --- whether claimed calls may still go out ---

    def set_open(self, yes: bool) -> None:
        """Allow claimed calls to go out, or not: not once the submission pauses."""
        with self._changed:
            self._open = yes

    def halt(self) -> None:
        """Let nothing go out before `resume`: an answer came that concerns every call."""
        with self._changed:
            self._halted += 1

    def resume(self) -> None:
        """Undo one `halt`, once its answer was looked at."""
        with self._changed:
            self._halted -= 1

    def may_send(self, *, now: float) -> bool:
        """Return whether a call that was claimed a moment ago may still go out."""
        with self._changed:
            return self._open and not self._halted and now >= self._not_before

    def hold(self, until: float) -> None:
        """Send nothing before this moment, in seconds of the clock that `now` is of."""
        with self._changed:
            self._not_before = max(self._not_before, until)

    def held_for(self, *, now: float) -> float:
        """Return the seconds until the hold ends, 0.0 without one."""
        with self._changed:
            return max(0.0, self._not_before - now)

    # --- learning from answers ---

    def learn(self, error: APIError | None, decision: Decision, *, seconds: float) -> str:
        """Learn from one answer while its slot is still taken; return why the submission must pause, or ""."""
        with self._changed:
            self._run = seen(self._run, error, decision)
            if not decision.unreachable:
                in_flight = min(self.size, self.size - self._free)
                self.pace = answered(
                    self.pace, seconds=seconds, refusal=_refusal_of(error), in_flight=in_flight
                )
            pause = broken(self._run, error)
            if pause:
                self._run = Run(words=None)  # counted anew once somebody resumes
            return pause

    def note(self, *, now: float, shared: str = "") -> Note | None:
        """Return what to tell people about the pace, at most once a second: the most in flight, and why not more.

        Args:
            shared: what limits it besides its own pace.
        """
        with self._changed:
            if 0 <= now - self._reported < REPORT_EVERY:
                return None
            self._reported = now
            most, self._most_in_flight = self._most_in_flight, self._in_flight
            return Note(most, shared or reason(self.pace))

    def _room(self) -> int:
        return self.pace.at_once - (self.size - self._free)


def _refusal_of(error: APIError | None) -> Literal["", "429", "503"]:
    status = None if error is None else error.status
    return "429" if status == 429 else "503" if status == 503 else ""


class Lookahead:
    """How many calls to claim beyond the free slots, so that the slots stay busy while the ledger commits.

    Those calls are `sending` in the ledger a moment before they go out, and in doubt if this process is killed in that
    moment. So they are few: half the slots, or, where answers come quickly, what goes out within a twentieth of a
    second, and never more than twice the slots.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._asked = time.perf_counter()
        self._answers = self._seconds = 0.0  # of the last half second or so: older ones fade
        self._commit = 0.0

    @property
    def _answers_a_second(self) -> float:
        return self._answers / self._seconds if self._seconds else 0.0

    @property
    def enough(self) -> int:
        """Return how many answers come during one commit: with fewer calls waiting, it is time for an exchange."""
        return math.ceil(self._answers_a_second * self._commit)

    @property
    def calls(self) -> int:
        """Return how many calls to claim ahead."""
        most = max(self._slots // 2, min(2 * self._slots, int(self._answers_a_second * GATHER)))
        return min(most, COMMITS_AHEAD * self.enough)

    def exchange_begins(self, answers: int) -> None:
        """Take note of an exchange that begins, with the number of answers since the last one."""
        now = time.perf_counter()
        passed = now - self._asked
        faded = math.exp(-passed / FADE)
        # Kept apart instead of averaging rates: a few answers that come together would have an unbounded rate.
        self._answers = self._answers * faded + answers
        self._seconds = self._seconds * faded + passed
        self._asked = now

    def exchange_ended(self) -> None:
        """Take note of how long the commit took."""
        self._commit += 0.2 * (time.perf_counter() - self._asked - self._commit)
