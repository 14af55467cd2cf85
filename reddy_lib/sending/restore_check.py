"""Ask Reddy whether the ledger was restored from a backup, and if so, which of its calls Reddy already has.

`ask_first` asks about a few calls of a chunk before anything of it is sent (`spot_checks`). `check_restored` asks about
everything that could go out again, once it is known that the ledger was restored. Both ask as `reconcile` does, and
accept the same two answers only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import msgspec

from reddy_lib.api import Client
from reddy_lib.database.database import Database
from reddy_lib.database.sandbox_urls import SANDBOX, ledger_address
from reddy_lib.errors import APIError, NeverSent, Refused, TooManyRequests, Unauthorized
from reddy_lib.interrupts import again, one_line
from reddy_lib.progress_bars import progress_bar
from reddy_lib.sending.doubts import Doubt
from reddy_lib.sending.reconcile import WAIT, ask, is_missing
from reddy_lib.sending.restore_suspects import (
    Suspect,
    addresses_to_ask,
    count_suspects,
    store_answers,
    suspects,
)
from reddy_lib.sending.restored import check, last_sending, restored, settle_restored, vouched_for
from reddy_lib.sending.retry_policy import backoff
from reddy_lib.sending.spot_checks import candidates, drop_question, found_there, leave_unclear, take_question
from reddy_lib.sending.submission import Submission

__all__ = ["CheckedRestored", "ask_first", "check_restored"]

CLEAR = 3
"""Answers "not there" that are enough where the other questions got no clear answer."""

TRIES = 6
"""Times that Reddy is asked about a chunk's calls, over some ten seconds, before its answers count as unclear."""

AT_A_TIME = 5
PIECE = 64


def ask_first(
    database: Database,
    submission_id: str,
    chunk: int,
    client: Client,
    worker: str,
    *,
    stop: threading.Event | None = None,
    sleep: Callable[[float], None] = time.sleep,
    keep_alive: Callable[[], None] = lambda: None,
) -> Literal["goes on", "paused", "restored", "later"]:
    """Ask about a chunk with an open question, and settle it.

    If none of its calls is at Reddy, the chunk goes on. If one is, the ledger is older than what was sent from it, and
    everything stops. Where the answers are unclear, the marks outside the ledger decide; where there are none, a person.

    Args:
        keep_alive: called between two rounds.

    Raises LedgerUnavailable.
    """
    if not take_question(database, submission_id, chunk, worker):
        sleep(0.2)  # another worker is asking
        return "later"
    asked = candidates(database, submission_id, chunk)
    missing = 0
    last: APIError | None = None
    left: Sequence[Doubt] = asked
    for tried in range(TRIES):
        if not left or (stop is not None and stop.is_set()):
            break
        if tried:
            sleep(backoff(tried, 0.0, most=4.0))
            keep_alive()
        with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="ask-first") as pool:
            answers = list(pool.map(lambda one: ask(client, one), left))
        there = [one for one, error in zip(left, answers, strict=True) if error is None]
        if there:
            found_there(database, there)
            return "restored"
        open_ones = []
        for one, error in zip(left, answers, strict=True):
            if isinstance(error, Unauthorized):
                Submission(database, submission_id).pause(f"{error} Enter a valid token, then resume.")
                return "paused"
            if error is not None and is_missing(error):
                missing += 1
            else:
                last = error
                if _may_be_answered(error):
                    open_ones.append(one)
        left = open_ones
    if stop is not None and stop.is_set():
        return "later"
    if (asked and missing >= min(CLEAR, len(asked))) or vouched_for(database):
        drop_question(database, submission_id, chunk)
        return "goes on"
    leave_unclear(database, submission_id, chunk)
    Submission(database, submission_id).pause(_unclear(last))
    return "paused"


def _may_be_answered(error: APIError | None) -> bool:
    """Return whether asking once more may help: not where Reddy refused the question itself."""
    return not isinstance(error, Refused) or isinstance(error, TooManyRequests)


def _unclear(last: APIError | None) -> str:
    why = f"it did not tell ({last})" if last is not None else "it has no call that could be asked about"
    return (
        "Before continuing, Reddy was asked whether it has the next calls already, as it would if this ledger had been put "
        f"back from a backup; {why}. Resume to go on if it is no backup."
    )


class CheckedRestored(msgspec.Struct):
    """The result of asking Reddy about a restored ledger.

    Attributes:
        there: calls that Reddy has: accepted now.
        missing: calls that Reddy does not have: they stay as they are, and may be sent.
        early: calls that Reddy does not know, perhaps because they were sent only minutes ago: ask again later.
        unclear: (batch, row, why) of calls without a clear answer: ask again later.
        elsewhere: other addresses that have to be asked, each with the number of calls.
        settled: the ledger can be trusted again, and submissions can be resumed.
    """

    there: int = 0
    missing: int = 0
    early: int = 0
    unclear: list[tuple[str, int, str]] = []
    elsewhere: dict[str, int] = {}
    settled: bool = False

    def __repr__(self) -> str:
        left = self.early + len(self.unclear) + sum(self.elsewhere.values())
        end = "settled" if self.settled else f"{left:,} still to be asked about"
        if self.early:
            end += f" (Reddy does not know {self.early:,}, but calls were sent only minutes ago: ask again later)"
        return f"<CheckedRestored {self.there:,} are at Reddy · {self.missing:,} are not · {end}>"

    def add_unclear(self, asked: Sequence[Suspect], answers: Sequence[APIError | None]) -> APIError | None:
        """Add the calls without a clear answer; return an error that ends the check, if there was one."""
        stop: APIError | None = None
        for one, error in zip(asked, answers, strict=True):
            if error is not None and not is_missing(error):
                self.unclear.append((one.batch, one.doubt.row, str(error)))
                stop = error if isinstance(error, Unauthorized | NeverSent) else stop
        return stop


def check_restored(
    database: Database,
    client: Client,
    *,
    address: str | None = None,
    wait: float = WAIT,
    who: str = "",
    progress: bool = True,
    on_progress: Callable[[int, int], bool | None] | None = None,
    clock: Callable[[], float] = time.time,
) -> CheckedRestored:
    """Ask Reddy about every call of a restored ledger that could go out again, and record which it has.

    Calls that Reddy has become `accepted`, so that no later submission sends them. Once all are answered, at every address
    that was sent to, the ledger is settled, and its submissions can be resumed. Answers are stored: a check that was
    interrupted continues where it was.

    Args:
        address: the ledger's name for the server of `client`; found by its base URL unless given.
        wait: seconds after the last known sending before a "not there" counts: Reddy queues calls, and may not know a
            new one at once. A "there" counts at any time.
        who: who asks, for the record.
        on_progress: called with (asked, of how many) after each portion is stored; returning False stops the check.

    Raises:
        Unauthorized, NeverSent: the token was refused, or no connection could be made; earlier answers are stored.
        LedgerUnavailable: the answers could not be stored.
    """
    if not isinstance(database, Database) or not isinstance(client, Client):
        raise TypeError("Pass a ledger and a client: reddy.check_restored(ledger, reddy.Client()).")
    database.require("send")  # asking writes a tag at Reddy
    outcome = CheckedRestored()
    check(database)  # it may not have been noticed yet
    if restored(database) is None:
        outcome.settled = True
        return outcome
    here = ledger_address(database, client.base_url if address is None else address)
    # The sandbox knows a call at once.
    counts_from = 0.0 if here == SANDBOX else last_sending(database) + wait
    total = count_suspects(database, here)
    done = after = 0
    stopped = False

    def told() -> str:
        return f"Interrupted: {done:,} of {total:,} calls were asked about; the answers are stored. {again()}"

    with (
        one_line(told),
        progress_bar(shown=progress, total=total, desc="Asking Reddy", unit=" calls") as bar,
        ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="ask") as pool,
    ):
        while not stopped and (piece := suspects(database, here, after=after, count=PIECE)):
            after = piece[-1].call_id
            database.next_moment()  # a page's reads must not hold a connection while Reddy answers
            answers = list(pool.map(lambda one: ask(client, one.doubt), piece))
            there = [one for one, error in zip(piece, answers, strict=True) if error is None]
            missing = [
                one
                for one, error in zip(piece, answers, strict=True)
                if error is not None and is_missing(error)
            ]
            stop = outcome.add_unclear(piece, answers)
            if clock() < counts_from:
                outcome.early += len(missing)
                missing = []
            store_answers(database, here, there=there, missing=missing, who=who)
            outcome.there += len(there)
            outcome.missing += len(missing)
            done += len(piece)
            bar.update(len(piece))
            if on_progress is not None and on_progress(done, total) is False:
                stopped = True
            if stop is not None:
                raise stop
    others = {other: count_suspects(database, other) for other in addresses_to_ask(database) if other != here}
    outcome.elsewhere = {other: count for other, count in others.items() if count}
    if not (stopped or outcome.unclear or outcome.elsewhere or count_suspects(database, here)):
        settle_restored(database, how="asked", who=who)
        outcome.settled = True
    return outcome
