"""What the numbers of a transcript count: seconds, milliseconds, samples, frames …, told by how fast people speak.

With the right unit, a line lasts about as long as its words take to say. Where lines have no stops, the time to the next
line counts, and the shortest of these for their words: pauses make the others longer. Several units may fit, as samples at
8 and at 16 kHz do; then a stated length of the call decides, or the reading is not `sure` and somebody is asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import quantiles
from typing import NamedTuple

from reddy_lib.transcripts.spacing import UNSPACED
from reddy_lib.transcripts.times import FACTORS, Unit, looks_like_milliseconds

__all__ = ["UNITS", "UNIT_NAMES", "UnitRead", "correlation", "seconds_to_say", "unit_of"]

UNIT_NAMES: dict[Unit, str] = {
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "ticks": "ticks of 100 nanoseconds",
    "8 kHz": "samples, 8,000 a second",
    "16 kHz": "samples, 16,000 a second",
    "44.1 kHz": "samples, 44,100 a second",
    "48 kHz": "samples, 48,000 a second",
    "cs": "hundredths of a second",
    "ds": "tenths of a second",
    "25 fps": "frames, 25 a second",
    "30 fps": "frames, 30 a second",
    "50 fps": "frames, 50 a second",
    "min": "minutes",
    "days": "days",
}
"""What numbers without a unit may count, the usual ones first."""
UNITS: dict[str, float] = {name: FACTORS[unit] for unit, name in UNIT_NAMES.items()}
"""Name of a unit → seconds a unit."""
_USUAL = ("seconds", "milliseconds", "microseconds", "nanoseconds", "ticks of 100 nanoseconds")
_NOT_WHOLE = frozenset(("seconds", "milliseconds", "minutes", "days"))
"""Units whose numbers may have decimals; minutes and days have them always."""
_FEW_WORDS = 15
_CALL_PACE, _CHAT_PACE = (0.3, 6.0), (0.02, 8.0)
"""Words a second over a whole conversation with its pauses: of a call, and of a chat as well."""
_FIT_LENGTHS, _FIT_STEPS = (0.6, 1.7), (0.6, 1.95)
"""How long lines last, against what their words take to say: of their own lengths, and of the times to the next line."""
_NEAR = (0.3, 3.3)
_SPOKEN, _TYPED = 0.5, 0.25
"""Correlation of words and times from which on lines were spoken, and below which they were typed."""
_LEAST = 1.5
"""Seconds that the words of a line take from which on it says something about the pace."""


class UnitRead(NamedTuple):
    """What numbers count, as `unit_of` found it.

    Attributes:
        name: of `UNITS`.
        factor: seconds a unit.
        sure: nothing else fits as well.
        fits: with this unit, the words are spoken at a pace at which people speak.
        judged: there were enough words and numbers to tell.
        other: the next best unit, where it fits too, or "".
        pooled: most other calls of the batch say so, and this one does not, or not beyond doubt.
    """

    name: str = "seconds"
    factor: float = 1.0
    sure: bool = True
    fits: bool = True
    judged: bool = False
    other: str = ""
    pooled: bool = False

    @property
    def usual(self) -> bool:
        """Seconds or milliseconds: nobody has to be told."""
        return self.name in ("seconds", "milliseconds")

    @property
    def reason(self) -> str:
        """Why it is this unit, and what else it could be, in a sentence or two."""
        if self.pooled:
            return f"The times were read as {self.name}, as those of the other calls: this call alone does not show it."
        if self.usual and not self.sure:
            return f"The times are {self.name} if people typed, or {self.other} if they spoke."
        rival = f" They could also be {self.other}." if self.other and not self.sure else ""
        return f"The times were read as {self.name}, because people then speak at a normal pace.{rival}"


_LETTERS_A_SECOND = 14.5


def seconds_to_say(text: str) -> float:
    """Return how long it takes to say a text, at a pace in the middle of what telephone calls show."""
    letters = float(len(text))
    if not text.isascii():
        letters += 1.2 * len(UNSPACED.findall(text))  # a sign is a syllable
    return letters / _LETTERS_A_SECOND + 0.3


def unit_of(
    numbers: Sequence[float],
    words: int,
    duration: float | None = None,
    *,
    spoken: Sequence[tuple[float, float]] = (),
    lengths: bool = False,
    hint: str = "",
) -> UnitRead:
    """What these times count: the unit with which the words are spoken at the pace of speech, within the stated duration.

    Args:
        numbers: all starts and stops.
        words: spoken by all lines between the first and the last of them.
        duration: of the call, in seconds.
        spoken: of each line that has both: (how long it lasts, or goes on until the next one begins, in the unit of the
            numbers; seconds that its words take to say).
        lengths: whether `spoken` has the lines' own lengths, without the pauses after them.
        hint: the name of the column or key.
    """
    numbers = [number for number in numbers if number == number and abs(number) < 1e18]
    if len(numbers) < 3 or words < _FEW_WORDS or max(numbers) <= min(numbers):
        if looks_like_milliseconds(numbers, words):
            return UnitRead("milliseconds", UNITS["milliseconds"])
        return UnitRead()
    pace = _Pace(numbers, words, duration, spoken, lengths=lengths, hint=hint)
    return pace.hinted() or pace.usual() or pace.unusual() or pace.slow()


class _Pace:
    """How fast the words of some lines are spoken with each unit."""

    def __init__(
        self,
        numbers: Sequence[float],
        words: int,
        duration: float | None,
        spoken: Sequence[tuple[float, float]],
        *,
        lengths: bool,
        hint: str,
    ) -> None:
        self.numbers, self.words, self.hint = numbers, words, hint.casefold()
        self.spoken = [(number, seconds) for number, seconds in spoken if number > 0]
        self.lengths = lengths and bool(self.spoken)
        span = max(numbers) - min(numbers)
        whole = all(number == int(number) for number in numbers)
        self.names = [
            name
            for name in UNITS
            if (name in _NOT_WHOLE or whole) and not (name in ("minutes", "days") and whole)
        ]
        self.pace = {name: words / (span * UNITS[name]) for name in self.names}
        lasts = self._lasts(span)
        self.ratio = {name: lasts * UNITS[name] for name in self.names}
        self.fit = _FIT_LENGTHS if self.lengths else _FIT_STEPS
        self.stated: list[str] = []
        if duration is not None and duration > 0:
            top = max(numbers)
            within = [n for n in self.names if 0.2 * duration <= top * UNITS[n] <= 1.15 * duration + 5]
            self.stated = [name for name in within if _within(self.ratio[name], _NEAR)]

    def _lasts(self, span: float) -> float:
        """Return the numbers that a second of speech takes."""
        long = [pair for pair in self.spoken if pair[1] >= _LEAST]
        pairs = long if len(long) >= 3 else self.spoken
        if not pairs:
            return span / max(self.words / 2.6, 1.0)
        if self.lengths:
            return sum(number for number, _ in pairs) / sum(seconds for _, seconds in pairs)
        shares = sorted(number / seconds for number, seconds in pairs)
        return quantiles(shares, n=4, method="inclusive")[0] if len(shares) > 1 else shares[0]

    def fitting(self, names: Sequence[str], limits: tuple[float, float]) -> list[str]:
        """Return the units of `names` with which the lines last about as long as their words take; the nearest first."""
        found = [name for name in names if name in self.ratio and _within(self.ratio[name], limits)]
        if self.stated:
            found = [name for name in found if name in self.stated]
        return sorted(found, key=lambda name: abs(math.log(self.ratio[name])))

    def read(self, name: str, others: Sequence[str] = (), *, fits: bool = True) -> UnitRead:
        other = next((one for one in others if one != name), "")
        return UnitRead(name, UNITS[name], not other, fits, True, other)

    def hinted(self) -> UnitRead | None:
        """Return the unit that the name of the times says, if the pace allows it; of several the ones that fit best."""
        told = [name for name in self.names if _hints(self.hint, name)]
        near = self.fitting(told, _NEAR) or [name for name in told if _within(self.pace[name], _CHAT_PACE)]
        if not near:
            return None
        return self.read(near[0], self._rivals(near[0], near))

    def usual(self) -> UnitRead | None:
        """Return seconds, milliseconds and the like, where they fit: nothing that is less usual fits any better."""
        near = self.fitting([*_USUAL, "minutes", "days"], self.fit) or self.fitting(_USUAL, _NEAR)
        return self.read(near[0]) if near else None

    def unusual(self) -> UnitRead | None:
        """Return samples, frames and parts of seconds, where they fit and people spoke rather than typed."""
        others = [name for name in self.names if name not in _USUAL]
        found = self.fitting(others, self.fit)
        if not found:
            return None
        best = self._on_grid(found) or found[0]
        rivals = self._rivals(best, found)
        slow = next(
            (name for name in _USUAL if name in self.pace and _within(self.pace[name], _CHAT_PACE)), ""
        )
        if self.lengths or not slow or self.stated:
            return self.read(best, rivals)
        goes_with = correlation(self.spoken) if len(self.spoken) > 3 else 0.0
        if goes_with >= _SPOKEN or self._on_grid([best]):
            return self.read(best, rivals)
        if slow == "seconds" and goes_with < _TYPED:
            return self.read(slow)  # people who type do not write faster what is shorter
        return self.read(slow, [best])

    def slow(self) -> UnitRead:
        """Return the unit with which people at least type, if nothing fits the pace of speech."""
        if not self.lengths:
            for limits in (_CALL_PACE, _CHAT_PACE):
                found = [name for name in _USUAL if name in self.pace and _within(self.pace[name], limits)]
                if found:
                    return self.read(min(found, key=lambda name: abs(math.log(self.pace[name] / 2.3))))
        if looks_like_milliseconds(self.numbers, self.words):
            return self.read("milliseconds", fits=False)
        return self.read("seconds", fits=False)

    def _rivals(self, best: str, names: Sequence[str]) -> list[str]:
        """Return the units that may be meant as well as the best one."""
        if self.stated and not any(0.8 < UNITS[best] / UNITS[name] < 1.25 for name in names if name != best):
            return []
        if self._on_grid([best]) and not self._on_grid([name for name in names if name != best]):
            return []
        return [name for name in names if name != best]

    def _on_grid(self, names: Sequence[str]) -> str:
        """Return the first of these units in which all times are whole hundredths or thousandths of a second."""
        if any(number != int(number) for number in self.numbers):
            return ""
        step = math.gcd(*(int(number) for number in self.numbers))
        if len({number for number in self.numbers if number}) < 5 or (step % 1000 == 0 and step % 8000):
            return ""
        for part in (100, 1000):
            for name in names:
                size = round(1 / UNITS[name] / part, 6)
                if name.startswith("samples") and size == int(size) and step % int(size) == 0:
                    return name
        return ""


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


_MARKS = {
    "milliseconds": ("ms", "milli"),
    "microseconds": ("usec", "micro"),
    "nanoseconds": ("nano", "nsec"),
    "ticks of 100 nanoseconds": ("tick",),
    "hundredths of a second": ("centi", "hundredth"),
    "tenths of a second": ("deci", "tenth"),
    "minutes": ("minute",),
    "seconds": ("sec",),
}


def _hints(hint: str, name: str) -> bool:
    """Return whether a name, in small letters, says that its numbers have a unit."""
    if name.startswith(("samples", "frames")):
        return name[:5] in hint
    if name == "seconds" and any(
        mark in hint for mark in ("milli", "micro", "nano", "msec", "usec", "nsec", "centi", "deci")
    ):
        return False
    return any(mark in hint for mark in _MARKS.get(name, ()))


def correlation(pairs: Sequence[tuple[float, float]]) -> float:
    """Return how far the ranks of two measures go together: 1 the same, 0 not at all."""
    ranks = [_ranks([pair[side] for pair in pairs]) for side in (0, 1)]
    means = [sum(one) / len(one) for one in ranks]
    both = sum((a - means[0]) * (b - means[1]) for a, b in zip(*ranks, strict=True))
    spread = [sum((a - mean) ** 2 for a in one) for one, mean in zip(ranks, means, strict=True)]
    return both / (spread[0] * spread[1]) ** 0.5 if spread[0] and spread[1] else 0.0


def _ranks(values: Sequence[float]) -> list[float]:
    places: dict[float, list[int]] = {}
    for rank, value in enumerate(sorted(values)):
        places.setdefault(value, []).append(rank)
    return [sum(places[value]) / len(places[value]) for value in values]
