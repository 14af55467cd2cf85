"""Adaptive concurrency: how many requests to have in flight, as a pure function over answers.

Additive increase, multiplicative decrease, as in congestion control, with answer times compared to their own past as in
Netflix's gradient limiter. It has no clock and no lock: its state is `Pace`, its input is one answer after the other, and
a round is counted in answers.

- It starts at the most that is allowed, so that a healthy server is used fully at once.
- 429 or 503 halves the level; slow answers take a quarter off. This happens once a round, because requests that were in
  flight at a cut were sent before it and say nothing about the new level.
- A round of quick answers adds one.

"Slow" means that recent answers take more than twice as long as usual, and a quarter of a second more (a server that
answers in milliseconds may well take twice as long without being overloaded). One late answer weighs little. The usual
time follows quick answers quickly and slow ones slowly: a server that stays slow becomes the new usual in the end.
"""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Pace", "answered", "reason"]

Trouble = Literal["", "429", "503", "slow"]

CUT: dict[str, float] = {"429": 0.5, "503": 0.5, "slow": 0.75}
SLOWER_THAN_USUAL = 2.0
SLOWER_BY = 0.25
LATELY, DOWN, UP = 0.1, 0.1, 0.002  # weights of one answer in the moving averages


class Pace(msgspec.Struct, frozen=True):
    """The state.

    Attributes:
        most: the limit that a person set; the level never exceeds it.
        level: requests in flight, from 1 to `most`; fractions are rounded down.
        usual: seconds that an answer usually takes; None before the first.
        lately: the same, of recent answers.
        before: answers still to come of requests that were in flight at the last cut.
        held: the reason of the last cut; "" once the level is back at `most`.
    """

    most: int
    level: float
    usual: float | None = None
    lately: float | None = None
    before: int = 0
    held: Trouble = ""

    @classmethod
    def up_to(cls, most: int) -> Pace:
        """Return the initial state: as many requests as are allowed."""
        if most < 1:
            raise ValueError("concurrency must be at least 1")
        return cls(most=most, level=float(most))

    @property
    def at_once(self) -> int:
        return int(self.level)

    @property
    def slow(self) -> bool:
        """Whether answers take much longer than usual."""
        return self.usual is not None and self.lately is not None and self.lately > _slow_beyond(self.usual)


def answered(pace: Pace, *, seconds: float, refusal: Literal["", "429", "503"], in_flight: int) -> Pace:
    """Return the state after one more answer.

    Args:
        seconds: how long the answer took.
        refusal: the server asked to come back later, and how.
        in_flight: requests in flight when it came, this one included.
    """
    usual, lately = pace.usual, pace.lately
    if not refusal:  # a refusal comes quickly even from a slow server
        usual, lately = _times(usual, lately, seconds)
    seen = msgspec.structs.replace(pace, usual=usual, lately=lately, before=max(0, pace.before - 1))
    if pace.before:
        return seen
    trouble: Trouble = refusal or ("slow" if seen.slow else "")
    if trouble:
        return msgspec.structs.replace(
            seen, level=max(1.0, pace.level * CUT[trouble]), before=max(0, in_flight - 1), held=trouble
        )
    if 2 * in_flight < pace.at_once:
        return seen  # the level did not limit anything, so success proves nothing
    level = min(float(pace.most), pace.level + 1.0 / pace.level)
    if pace.most - level < 1e-9:
        return msgspec.structs.replace(seen, level=float(pace.most), held="")
    return msgspec.structs.replace(seen, level=level)


def reason(pace: Pace) -> str:
    """Return the reason of the level: "rising: answers take 210 ms", "held there by 429s"."""
    times = "" if pace.lately is None else f"answers take {_duration(pace.lately)}"
    if pace.held == "slow" and (pace.slow or pace.before):
        return f"held there by slow answers ({_duration(pace.lately or 0)}, usually {_duration(pace.usual or 0)})"
    if pace.held in ("429", "503") and pace.before:
        return f"held there by {pace.held}s"
    if pace.level < pace.most:
        after = {"429": " after 429s", "503": " after 503s", "slow": " after slow answers"}.get(pace.held, "")
        return f"rising{after}" + (f": {times}" if times else "")
    return times


def _times(usual: float | None, lately: float | None, seconds: float) -> tuple[float, float]:
    seconds = max(0.0, seconds)
    if usual is None or lately is None:
        return seconds, seconds
    bounded = min(seconds, 2 * _slow_beyond(usual))  # one answer that never came must not count for twenty
    weight = DOWN if seconds < usual else UP
    return usual + weight * (bounded - usual), lately + LATELY * (bounded - lately)


def _slow_beyond(usual: float) -> float:
    return max(usual * SLOWER_THAN_USUAL, usual + SLOWER_BY)


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.1f} s"
