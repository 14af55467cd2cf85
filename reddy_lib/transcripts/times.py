"""Times of lines: from what a source writes to seconds from the start of the call.

Sources write clocks (`01:05`, `1:02:03.5`), seconds or milliseconds as numbers or as text, ISO durations
(`PT0.76S`), and absolute times (an ISO date, or seconds, milliseconds or microseconds since the epoch). What
the source does not say is filled in by `fill_in`, which names every line that it touched: an estimate is never
silent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal, NamedTuple

from reddy_lib.transcripts.spacing import UNSPACED

__all__ = [
    "CLOCK",
    "FACTORS",
    "WORDS_A_SECOND",
    "Moment",
    "Unit",
    "are_offsets",
    "fill_in",
    "hours_are_minutes",
    "line_numbers",
    "looks_like_milliseconds",
    "of_day",
    "pace_problem",
    "parts_of_span",
    "read_moment",
    "since",
    "words_of",
]

Unit = Literal[
    "auto",
    "s",
    "ms",
    "us",
    "ns",
    "ticks",
    "min",
    "days",
    "cs",
    "ds",
    "8 kHz",
    "16 kHz",
    "44.1 kHz",
    "48 kHz",
    "25 fps",
    "30 fps",
    "50 fps",
    "m:s",
    "h:m",
]
"""Of numbers; "m:s" and "h:m": of clocks of two numbers ("10:05")."""
FACTORS: dict[str, float] = {
    "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ticks": 1e-7, "min": 60.0, "days": 86_400.0, "cs": 0.01, "ds": 0.1,
    "8 kHz": 1 / 8000, "16 kHz": 1 / 16_000, "44.1 kHz": 1 / 44_100, "48 kHz": 1 / 48_000,
    "25 fps": 0.04, "30 fps": 1 / 30, "50 fps": 0.02,
}  # fmt: skip
"""Seconds a unit."""
WORDS_A_SECOND = 2.6
"""Pace of speech for estimates: about 156 words a minute, the middle of what telephone calls show."""

CLOCK = r"(?:\d{4}-\d{2}-\d{2}[T ])?\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,6})?(?:\s?(?:[AP]M|[ap]\.?m\.?)(?!\w)|Z(?!\w))?"
"""Pattern of a clock in a text: a time of day, or one into the call; it may have a date before it."""
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):([0-5]?\d(?:[.,]\d{1,6})?)")
_OF_DAY = re.compile(r"(\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,6})?)?)\s?([ap])\.?m\.?", re.IGNORECASE)
_NUMBER = re.compile(
    r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(s|sec|secs|seconds?|сек|с|sek|seg|秒|초|ms|msec|millis|milliseconds|мс)?\.?"
)
_ISO_DURATION = re.compile(
    r"P(?:(\d{1,4})D)?T?(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,12}(?:[.,]\d+)?)S)?", re.IGNORECASE
)
_SPELT = re.compile(
    r"(?:(\d{1,3})\s?(?:h|hrs?|hours?|std\.?))?\s?(?:(\d{1,4})\s?(?:m|min|mins|minutes?|['′’]))?"
    r"\s?(?:(\d{1,5}(?:[.,]\d+)?)\s?(?:s|sec|secs|seconds?|sek|[\"″”]|''))?",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")

_COMMA = re.compile(r"^([+-]?\d+),(\d+)(?=\s?\D*$)")
_AROUND = re.compile(r"[\[(<]?\s?(?:t\s?[+=:]|[@≈~+])?\s?(?P<time>[\d.].*?)\s?[\])>]?", re.IGNORECASE)
_ISO_BASIC = re.compile(r"\d{8}T\d{4,6}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?")

_HOUR, _DAY, _LONGEST_CALL = 3600.0, 86_400.0, 6 * 3600.0
# Beyond these a plain number cannot be an offset into a call: it counts from 1970.
_EPOCH_SECONDS, _EPOCH_MILLIS, _EPOCH_MICROS = 1e9, 1e11, 1e14


class Moment(NamedTuple):
    """One time as read. `plain`: a number whose unit is still open; `absolute`: counts from 1970, or from midnight
    where only the time of day is known; `naive`: a date without a time zone, read as UTC; `clock`: hours, minutes and
    seconds, which may be a time of day too (`of_day`); `short`: of two whole numbers, read as minutes and seconds;
    `number`: as it stands, where it was taken to count from 1970 (`are_offsets`).
    """

    seconds: float
    plain: bool = False
    absolute: bool = False
    naive: bool = False
    clock: bool = False
    short: bool = False
    number: float = 0.0

    def as_offset(self) -> Moment:
        """Return a number that was taken to count from 1970 as one whose unit is open."""
        return Moment(self.number, plain=True) if self.number else self


def read_moment(value: object, factor: float | None = None) -> Moment | None:
    """Reads one time. `factor`: seconds per unit where the source names the unit. None: unreadable.

    The empty values (None, "") are the caller's to handle: they are missing, not unreadable.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _number(float(value), factor)
    if not isinstance(value, str):
        return None
    text = _bare(value.strip())
    if text.isdecimal():  # most times are numbers or dates, and no other form begins as those do
        return _number(float(text), factor)
    if _DATE.match(text):
        return _date(text)
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, seconds = clock.groups()
        whole = int(hours or 0) * 3600 + int(minutes) * 60
        return Moment(
            round(whole + float(seconds.replace(",", ".")), 6),
            clock=hours is not None,
            short=hours is None and len(seconds) == 2,
        )
    of_day = _OF_DAY.fullmatch(text)
    if of_day:  # twelve hours a half: a time of day, which counts from the first one of the call
        hours, minutes, *rest = of_day[1].replace(",", ".").split(":")
        if not 1 <= int(hours) <= 12 or int(minutes) > 59:
            return None
        half = 0 if of_day[2].casefold() == "a" else 12
        seconds_of_day = (int(hours) % 12 + half) * 3600 + int(minutes) * 60 + float(rest[0] if rest else 0)
        return Moment(seconds_of_day, absolute=True)
    number = _NUMBER.fullmatch(_COMMA.sub(r"\1.\2", text))
    if number:
        if number[2]:
            factor = 0.001 if number[2][0] in "mм" else 1.0
        return _number(float(number[1]), factor)
    spelt = _SPELT.fullmatch(text) if len(text) < 40 else None
    if spelt and spelt[2] and (spelt[1] or spelt[3]):  # "0m12.5s", "2 min 05 sec"
        hours, minutes, *_ = (int(part or 0) for part in spelt.groups()[:2])
        return Moment(round(hours * _HOUR + minutes * 60 + float((spelt[3] or "0").replace(",", ".")), 6))
    if len(text) > 1 and text[0] in "Pp":
        duration = _ISO_DURATION.fullmatch(text)
        if duration and any(duration.groups()):
            days, hours, minutes, seconds = ((part or "0").replace(",", ".") for part in duration.groups())
            return Moment(int(days) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds))
        return None
    return _date(text) if _ISO_BASIC.fullmatch(text) else None


def _date(text: str) -> Moment | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    naive = moment.tzinfo is None
    return Moment((moment.replace(tzinfo=UTC) if naive else moment).timestamp(), absolute=True, naive=naive)


def _bare(text: str) -> str:
    """A time without what stands around it: "[00:04]", "T+4.2", "@0:12"."""
    if not text or text[0].isdecimal():
        return text
    inside = _AROUND.fullmatch(text) if len(text) < 40 else None
    return text if inside is None else inside["time"]


_SPAN = re.compile(r"\s*[\[(]?(\d[\d:.,]*)\s*s?\s*(?:-->|->|–|—|-|to|bis|\.\.)\s*(\d[\d:.,]*)\s*s?[\])]?\s*")


def parts_of_span(text: str) -> tuple[str, str] | None:
    """The two times of "00:12 - 00:17"; None where a text is no span."""
    match = _SPAN.fullmatch(text) if len(text) < 60 else None
    if match is None or (match[1].isdecimal() and len(match[1]) == 4 and "-" in text[:6]):
        return None
    return match[1], match[2]


def of_day(starts: Sequence[Moment]) -> float | None:
    """The first of these starts, where they are times of day and not times into the call: "10:00:07", "10:00:12".

    They are if the first one is an hour or more, and the others move on from it within the length of a call, past midnight
    too. None: they are times into the call, or nobody can say.
    """
    if len(starts) < 2 or not all(moment.clock for moment in starts):
        return None
    first = starts[0].seconds
    if not _HOUR <= first < _DAY:
        return None
    if any(not -60 <= since(moment, first) <= _LONGEST_CALL for moment in starts):
        return None
    return min(first, *(first + since(moment, first) for moment in starts))


def since(moment: Moment, first: float) -> float:
    """Seconds from one time of day to another; what is half a day before it is the next day's."""
    gap = moment.seconds - first
    return gap + _DAY if gap < -_DAY / 2 else gap


def _number(number: float, factor: float | None) -> Moment | None:
    if number != number or number in (float("inf"), float("-inf")):
        return None
    if factor is not None:
        seconds = number * factor
        return Moment(round(seconds, 6), absolute=seconds >= _EPOCH_SECONDS)
    if number >= _EPOCH_MICROS:
        return Moment(number / 1e6, absolute=True, number=number)
    if number >= _EPOCH_MILLIS:
        return Moment(number / 1e3, absolute=True, number=number)
    if number >= _EPOCH_SECONDS:
        return Moment(number, absolute=True, number=number)
    return Moment(number, plain=True)


def are_offsets(moments: Iterable[Moment | None]) -> bool:
    """Return whether large numbers count from the start of a call rather than from 1970: nanoseconds, ticks.

    Moments since 1970 are nearly the same number, whatever the unit; times into a call begin near 0.
    """
    least, most, large = _FAR, 0.0, False
    for moment in moments:
        if moment is not None and (moment.number or moment.plain):
            number = moment.number or moment.seconds
            large = large or bool(moment.number)
            if number > 0:
                least, most = min(least, number), max(most, number)
    return large and most > _SPREAD * least


_FAR, _SPREAD = 1e300, 1.5


def looks_like_milliseconds(numbers: Sequence[float], words: int) -> bool:
    """Would these numbers, read as seconds, mean that hardly anybody spoke?

    Only whole numbers are doubted, only above 1,000, and only where less than one word in 20 seconds was said.
    """
    highest = max(numbers, default=0.0)
    return highest > 1000 and words * 20 < highest and all(number == int(number) for number in numbers)


def words_of(texts: Sequence[str]) -> int:
    """How many words are spoken in these texts; of languages that are written without spaces, about how many."""
    count = 0
    for text in texts:
        count += len(text.split())
        if not text.isascii():
            count += round(len(UNSPACED.findall(text)) * 0.6)
    return count


_FEW_WORDS = 15


def hours_are_minutes(clocks: Sequence[float], words: int, duration: float | None = None) -> bool:
    """Were minutes and seconds typed, and taken for hours and minutes ("0:17" stored as 17 minutes)?

    `clocks`: the starts (and stops) of the lines in seconds, as the clocks say.
    """
    if len(clocks) < 3 or words < _FEW_WORDS or any(second % 60 for second in clocks):
        return False
    span = max(clocks) - min(clocks)
    if span <= 0:
        return False
    if duration is not None and duration > 0:
        return max(clocks) > 1.5 * duration + 5 and max(clocks) / 60 <= 1.15 * duration + 5
    return words / span < 0.12 and 0.3 <= words / (span / 60) <= 7.0


_TOO_FAST, _TOO_SLOW, _STANDS_STILL = 9.0, 0.1, 0.015
_JUDGED_WORDS = 30


def pace_problem(
    spans: Sequence[tuple[float | None, float | None]], texts: Sequence[str], *, chat: bool = False
) -> str:
    """What is wrong with the pace of these lines, as a clause; "" where people may speak so, or too little was said.

    `spans`: the times that the source gives, None where they were made up. `chat`: nobody need have spoken, as of
    times that are dates.
    """
    starts = [start for start, _ in spans if start is not None]
    if len(starts) < 3:
        return ""
    timed = [
        (text, stop - start)
        for text, (start, stop) in zip(texts, spans, strict=True)
        if start is not None and stop is not None and stop >= start
    ]
    if len(timed) * 2 > len(texts):
        words, seconds = words_of([text for text, _ in timed]), sum(length for _, length in timed)
        slowest = _TOO_SLOW
    else:
        steps = [
            after - before for before, after in pairwise(starts)
        ]  # parts may count from a start of their own
        words, seconds = words_of(texts[:-1]), sum(step for step in steps if step > 0)
        slowest = 0.0 if chat else _STANDS_STILL
    if words < _JUDGED_WORDS:
        return ""
    if words > seconds * _TOO_FAST:
        rate = (
            "in no time" if seconds <= 0 else f"in {seconds:,.3g} seconds ({words / seconds:,.3g} a second)"
        )
        return f"{words:,} words are spoken {rate}"
    if words < seconds * slowest:
        return f"{words:,} words take {seconds:,.0f} seconds ({60 * words / seconds:,.2g} a minute)"
    return ""


def fill_in(
    spans: list[tuple[float | None, float | None]], words: Sequence[int]
) -> tuple[list[tuple[float | None, float | None]], list[int], list[int]]:
    """Times for lines that have none, or no stop: (spans, 1-based numbers of estimated lines, of derived stops).

    A missing stop is the next line's start where that is later (derived); everything else follows the line
    before it at `WORDS_A_SECOND` (estimated), but never runs past a start that the source gives. Times that
    the source gives are never changed, also where they are out of order.
    """
    filled: list[tuple[float | None, float | None]] = []
    estimated: list[int] = []
    derived: list[int] = []
    ahead: list[float | None] = [None] * len(spans)
    following: float | None = None
    for index in range(len(spans) - 1, -1, -1):
        ahead[index] = following
        if spans[index][0] is not None:
            following = spans[index][0]
    now = 0.0
    for index, (start, stop) in enumerate(spans):
        next_start = ahead[index]
        said = max(words[index], 1) / WORDS_A_SECOND
        if start is None:
            if stop is not None:
                start = max(min(now, stop), 0.0, round(stop - said, 2))
            else:
                start = now if next_start is None or next_start < now else min(now, next_start)
            estimated.append(index + 1)
        if stop is None:
            adjacent = spans[index + 1][0] if index + 1 < len(spans) else None
            if adjacent is not None and adjacent > start and estimated[-1:] != [index + 1]:
                stop = adjacent
                derived.append(index + 1)
            else:
                stop = round(start + said, 2)
                if next_start is not None and start < next_start < stop:
                    stop = next_start
                if estimated[-1:] != [index + 1]:
                    estimated.append(index + 1)
        filled.append((start, stop))
        now = max(now, stop)
    return filled, estimated, derived


def line_numbers(numbers: Sequence[int]) -> str:
    """[1, 2, 3, 5] → "lines 1–3 and 5": for messages."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    parts = [str(a) if a == b else f"{a}–{b}" for a, b in runs]
    if len(parts) > 8:
        rest = sum(b - a + 1 for a, b in runs[8:])
        parts = [*parts[:8], f"{rest} more"]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{'line' if len(numbers) == 1 else 'lines'} {listed}"
