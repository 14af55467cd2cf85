"""What may be repeated: one pure function over the error of one attempt.

Reddy has no idempotency key and no way to ask what it holds, so a call is sent again by itself only when it is
*certain* that the request was not processed.

| what happened                                        | outcome  | then                                      |
|------------------------------------------------------|----------|-------------------------------------------|
| Reddy said yes                                       | accepted |                                           |
| held back: this worker may be taken for dead        | again    | at once, by whoever claims it              |
| no connection was made (name, refused, TLS)          | again    | backed off; failed after `MOST_TRIES`     |
| 429                                                  | again    | after `Retry-After`; all calls wait       |
| 503 with `Retry-After`                               | again    | after `Retry-After`; all calls wait       |
| 401, 403                                             | again    | the submission pauses at once             |
| any other 4xx, a redirect                            | rejected | fix the call, then send it again          |
| read timeout, connection cut after sending, 500, 502 | unknown  | reconcile, or decide by hand              |
| 503 without `Retry-After`, 504                       | unknown  | the same                                  |
| an answer that is not Reddy's                        | unknown  | the same                                  |
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ..errors import APIError, NeverSent, Refused, TooManyRequests, Unauthorized, Unavailable, Withheld

__all__ = ["MOST_TRIES", "Decision", "backoff", "decide"]

MOST_TRIES = 6
"""Connections tried for one call, one after another, before it is `failed`."""

MOST_REFUSALS = 50
"""Times one call may be answered with "come back later" before it is `failed`."""

LONGEST_WAIT = 300.0
"""Seconds. A server that asks for more is asked again after this."""


class Decision(msgspec.Struct, frozen=True):
    """What one attempt means.

    Attributes:
        outcome: accepted, rejected, failed, unknown, or "again".
        wait: seconds before this call may be tried again ("again" only).
        wait_all: True where the server asked everybody to wait, not only this call.
        pause: why the whole submission must stop, or "".
        unreachable: True where no connection was made: several in a row stop the submission.
    """

    outcome: Literal["accepted", "rejected", "failed", "unknown", "again"]
    wait: float = 0.0
    wait_all: bool = False
    pause: str = ""
    unreachable: bool = False


def decide(error: APIError | None, *, tries: int, chance: float) -> Decision:
    """What to do after one attempt.

    Args:
        error: None if Reddy accepted the call.
        tries: attempts of this call in this submission, this one included (from 1).
        chance: a number in [0, 1), for the jitter.
    """
    if error is None:
        return Decision("accepted")
    if isinstance(error, TooManyRequests | Unavailable):
        if tries >= MOST_REFUSALS:
            return Decision("failed")
        asked = error.retry_after if error.retry_after is not None else backoff(tries, chance)
        return Decision("again", wait=min(max(asked, 0.0), LONGEST_WAIT) + chance * 0.1, wait_all=True)
    if isinstance(error, Unauthorized):
        return Decision("again", pause=f"{error} Give a valid token, then resume.")
    if isinstance(error, Withheld):
        return Decision("again")
    if isinstance(error, NeverSent):
        if tries >= MOST_TRIES:
            return Decision("failed", unreachable=True)
        return Decision("again", wait=backoff(tries, chance), unreachable=True)
    if isinstance(error, Refused):
        return Decision("rejected")
    return Decision("unknown")


def backoff(tries: int, chance: float, *, first: float = 0.5, most: float = 30.0) -> float:
    """Seconds to wait after `tries` attempts: doubling from `first` up to `most`, shortened by up to half at random."""
    return float(min(first * 2 ** min(tries - 1, 16), most) * (1.0 - chance / 2))
