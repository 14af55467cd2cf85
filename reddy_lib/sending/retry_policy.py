"""The retry policy: one pure function over the error of one attempt.

Reddy has no idempotency key and no way to list what it has, so a call is retried only if it is *certain* that the request
was not processed.

| what happened                                        | outcome  | then                                      |
|------------------------------------------------------|----------|-------------------------------------------|
| Reddy said yes                                       | accepted |                                           |
| held back: this worker may have been expired         | again    | at once, by the next worker that claims it |
| the call's recording is gone, or has changed         | failed   | attach it again (elsewhere: backed off)   |
| no connection was made (name, refused, TLS)          | again    | backed off; failed after `MOST_TRIES`     |
| 429                                                  | again    | after `Retry-After`; all calls wait       |
| 503 with `Retry-After`                               | again    | after `Retry-After`; all calls wait       |
| 408, 421, 425                                        | again    | backed off; failed after `MOST_TRIES`     |
| 401, 403                                             | again    | the submission pauses at once             |
| any other 4xx, a redirect                            | rejected | fix the call, then send it again          |
| read timeout, connection cut after sending, 500, 502 | unknown  | reconcile, or decide by hand              |
| 503 without `Retry-After`, 504                       | unknown  | the same                                  |
| an answer that is not Reddy's                        | unknown  | the same                                  |

Where a person assumes, for an address, that Reddy treats a repeated create as the same call (`repeat_doubtful`), the last
three rows read: again, backed off, and `unknown` after `MOST_DOUBTS` tries. A call that was in doubt once cannot become
`failed` or `rejected` any more: the first try may have arrived, whatever the result of the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from reddy_lib.database.conditions import LONGEST_WAIT
from reddy_lib.errors import (
    APIError,
    NeverSent,
    NotReceived,
    RecordingUnusable,
    Refused,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    Withheld,
)

__all__ = [
    "DOUBTS_IN_A_ROW",
    "MOST_DOUBTS",
    "MOST_TRIES",
    "REFUSALS_FROM_THE_START",
    "UNREACHABLE_IN_A_ROW",
    "Decision",
    "Run",
    "backoff",
    "broken",
    "decide",
    "seen",
]

MOST_TRIES = 6
"""Connections tried for one call before it is `failed`."""

MOST_REFUSALS = 50
"""Answers of "come back later" to one call before it is `failed`."""

MOST_DOUBTS = 4
"""Tries of one call that may each have arrived, where a person assumes that repeating does no harm."""


class Decision(msgspec.Struct, frozen=True):
    """What to do after one attempt.

    Attributes:
        outcome: accepted, rejected, failed, unknown, or "again".
        wait: seconds before this call may be tried again ("again" only).
        wait_all: the server asked everybody to wait, not only this call.
        pause: why the whole submission must stop, or "".
        unreachable: no connection was made; several in a row pause the submission.
    """

    outcome: Literal["accepted", "rejected", "failed", "unknown", "again"]
    wait: float = 0.0
    wait_all: bool = False
    pause: str = ""
    unreachable: bool = False


def decide(
    error: APIError | None,
    *,
    tries: int,
    chance: float,
    repeat_doubtful: bool = False,
    doubted: bool = False,
) -> Decision:
    """Decide what to do after one attempt.

    Args:
        error: None if Reddy accepted the call.
        tries: attempts of this call in this submission, this one included (from 1).
        chance: a number in [0, 1), for the jitter.
        repeat_doubtful: a person assumes that Reddy treats a repeated create as the same call.
        doubted: an earlier attempt of this call may have arrived (only where doubtful calls were repeated).
    """
    if error is None:
        return Decision("accepted")
    never: Literal["failed", "unknown"] = "unknown" if doubted else "failed"
    if isinstance(error, NotReceived):  # no sign that other calls will fail
        if tries >= MOST_TRIES:
            return Decision(never)
        return Decision(
            "again", wait=max(backoff(tries, chance), min(error.retry_after or 0.0, LONGEST_WAIT))
        )
    if isinstance(error, TooManyRequests | Unavailable):
        if tries >= MOST_REFUSALS:
            return Decision(never)
        asked = error.retry_after if error.retry_after is not None else backoff(tries, chance)
        return Decision("again", wait=min(max(asked, 0.0), LONGEST_WAIT) + chance * 0.1, wait_all=True)
    if isinstance(error, Unauthorized):
        return Decision("again", pause=f"{error} Enter a valid token, then resume.")
    if isinstance(error, Withheld):
        return Decision("again")
    if isinstance(error, RecordingUnusable):  # other calls are not affected
        if error.elsewhere and tries < MOST_TRIES:
            return Decision("again", wait=backoff(tries, chance, first=5.0))
        return Decision(never)
    if isinstance(error, NeverSent):
        if tries >= MOST_TRIES:
            return Decision(never, unreachable=True)
        return Decision("again", wait=backoff(tries, chance), unreachable=True)
    if isinstance(error, Refused):
        return Decision("unknown" if doubted else "rejected")
    if repeat_doubtful and tries < MOST_DOUBTS:
        return Decision("again", wait=backoff(tries, chance))
    return Decision("unknown")


def backoff(tries: int, chance: float, *, first: float = 0.5, most: float = 30.0) -> float:
    """Return the seconds to wait after `tries` attempts: doubling from `first` to `most`, up to half off at random."""
    return float(min(first * 2 ** min(tries - 1, 16), most) * (1.0 - chance / 2))


# --- the circuit breaker: a run of failures says more than each of them ---------------------------------------------

UNREACHABLE_IN_A_ROW = 12
"""Connections that fail in a row before the submission pauses."""

DOUBTS_IN_A_ROW = 5
"""Answers in a row that leave their calls in doubt before it pauses: every further call would be in doubt too."""

REFUSALS_FROM_THE_START = 20
"""First calls of a submission that are all refused with the same words before it pauses."""


class Run(msgspec.Struct, frozen=True):
    """The recent run of failures.

    Attributes:
        unreachable: connections in a row that could not be made.
        doubts: answers in a row that left calls in doubt, each in two or three words ("502", "no answer").
        refusals: calls refused with `words` since the submission began.
        words: the server's words for all of them; None after any other answer: from then on nothing is counted.
    """

    unreachable: int = 0
    doubts: tuple[str, ...] = ()
    refusals: int = 0
    words: str | None = ""


def seen(run: Run, error: APIError | None, decision: Decision) -> Run:
    """Return the run after one more answer."""
    unreachable = run.unreachable + 1 if decision.unreachable else 0
    doubts = run.doubts
    if decision.outcome == "unknown":
        status = None if error is None else error.status
        doubts = (*doubts, "no answer" if status is None else str(status))
    elif decision.outcome != "again":  # a retry proves nothing
        doubts = ()
    refusals, words = run.refusals, run.words
    if words is not None and decision.outcome != "again":
        said = "" if error is None else f"{error.status} {error.server_message or error}"
        if decision.outcome == "rejected" and said and words in ("", said):
            refusals, words = refusals + 1, said
        else:
            refusals, words = 0, None
    return Run(unreachable, doubts, refusals, words)


def broken(run: Run, error: APIError | None) -> str:
    """Return why the submission must pause after this run, or ""."""
    if run.unreachable >= UNREACHABLE_IN_A_ROW:
        return f"{error} Paused after {UNREACHABLE_IN_A_ROW} tries in a row; nothing is lost."
    if len(run.doubts) >= DOUBTS_IN_A_ROW:
        return (
            f"{_in_doubt(run.doubts)}; those calls are in doubt, and every further one would be too. "
            "Settle the doubts first (ask Reddy, or decide by hand), and resume when Reddy works again."
        )
    if run.refusals >= REFUSALS_FROM_THE_START:
        said = "" if error is None or not error.server_message else f": “{error.server_message[:300]}”"
        return (
            f"Reddy refused the first {run.refusals} calls, all for the same reason{said}. The others would "
            "probably be refused too: cancel and fix them, or resume to send them anyway."
        )
    return ""


def _in_doubt(doubts: Sequence[str]) -> str:
    """Return "Reddy answered 502 five times in a row", or what fits the run."""
    words = {5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten"}
    count = words.get(len(doubts), f"{len(doubts)}")
    if set(doubts) == {"no answer"}:
        return f"No answer came {count} times in a row, although the calls had gone out"
    if len(set(doubts)) == 1:
        if doubts[0].startswith("2"):
            return f"What answered {count} times in a row was not Reddy"
        return f"Reddy answered {doubts[0]} {count} times in a row"
    return f"{count.capitalize()} times in a row no clear answer came ({', '.join(doubts[-5:])})"
