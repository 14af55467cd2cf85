"""The progress of a submission, in numbers and in one line: pure functions over counts read from the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from reddy_lib.sending.ramp_up import FIRST, THEN, Ramp
from reddy_lib.sending.rate_limits import Live

__all__ = ["Progress", "Sample", "duration", "pace_words", "progress", "sampled", "stages"]

Sample = tuple[float, int]
"""(when, calls settled by then); when in seconds of any monotonic clock."""

WINDOW = 10.0
"""Seconds over which the pace is measured: long enough to be steady, short enough to notice a pause."""


class Progress(msgspec.Struct, frozen=True):
    """How many calls have an outcome (`settled`). `pace` is calls a second, None while it is unknown."""

    chosen: int
    settled: int
    in_flight: int
    left: int
    pace: float | None

    @property
    def share(self) -> float:
        """Return the settled share, from 0.0 to 1.0."""
        return self.settled / self.chosen if self.chosen else 1.0

    @property
    def seconds_left(self) -> float | None:
        """Return the seconds that are left, or None where nothing moves or the pace is unknown."""
        return self.left / self.pace if self.pace else None

    def words(self, *, moving: bool = True, flying: bool = True) -> str:
        """Return "2,410 of 3,798 · 74/s · about 19 s left · 8 in flight".

        Args:
            moving: False leaves out the pace. flying: False leaves out the calls in flight.
        """
        said = [f"{self.settled:,} of {self.chosen:,}"]
        if moving and self.pace is not None:
            said.append(f"{self.pace:,.0f}/s" if self.pace >= 10 else f"{self.pace:.1f}/s")
            if self.seconds_left is not None and self.left:
                said.append(f"about {duration(self.seconds_left)} left")
        if self.in_flight and flying:
            said.append(f"{self.in_flight:,} in flight")
        return " · ".join(said)


def progress(counts: Mapping[str, int], samples: list[Sample]) -> Progress:
    """Return the progress of a submission.

    Args:
        counts: its calls by status. samples: its earlier progress, oldest first.
    """
    left = counts["queued"] + counts["sending"]
    chosen = sum(counts.values())
    return Progress(
        chosen=chosen,
        # A call that a cancelled submission never sent is ready (or held) again: it was chosen, and has no outcome.
        settled=chosen - left - counts["ready"] - counts["held"],
        in_flight=counts["sending"],
        left=left,
        pace=_pace(samples),
    )


def sampled(samples: list[Sample], now: float, settled: int) -> list[Sample]:
    """Return the samples with one more, without those from before the window except the latest of them."""
    older = [sample for sample in samples if sample[0] <= now - WINDOW]
    newer = [sample for sample in samples if sample[0] > now - WINDOW]
    return [*older[-1:], *newer, (now, settled)]


def pace_words(live: Live, *, now: float, clock: Callable[[float], str]) -> str:
    """Return the current pace and why it is not faster, or "" where no worker has reported.

    "14 in flight; held there by 429s", "Waits until 14:03:20: Reddy asked for 30 s."

    Args:
        clock: formats a time.
    """
    if now < live.not_before:
        return f"Waits until {clock(live.not_before)}: {live.why}."
    if not live.workers:
        return ""
    said = f"{live.in_flight:,} in flight" + (f"; {live.reason}" if live.reason else "")
    return said + (f" · {live.workers} workers" if live.workers > 1 else "")


def stages(ramp: Ramp) -> str:
    """Return the stage of a submission that starts with one call: "1 accepted. Next 5, then the other 3,792"."""
    done = [f"{ramp.accepted:,} accepted"] if ramp.accepted else []
    done += [f"{ramp.refused:,} refused"] if ramp.refused else []
    if ramp.stage == 1:
        next_ = f"{FIRST}, then {THEN}"
    else:
        next_ = f"{FIRST + THEN - ramp.accepted}"
    to_try = FIRST + THEN - ramp.accepted - ramp.sending
    rest = max(0, ramp.queued - to_try)
    following = f"{next_}, then the other {rest:,}" if rest else next_
    return f"{', '.join(done)}. Next {following}" if done else f"First {following}"


def _pace(samples: list[Sample]) -> float | None:
    if len(samples) < 2:
        return None
    (since, before), (until, after) = samples[0], samples[-1]
    return max(0.0, (after - before) / (until - since)) if until > since else None


def duration(seconds: float) -> str:
    """Return "45 s", "12 min" or "2.0 h"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
