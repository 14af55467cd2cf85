"""Times as texts write them: `1:02`, `+00:12`, `1m02s`, `62.3 s`, `03/01/2026, 10:00:01 AM`, `[1 Mar 2026 10:00]`.

`STAMP` finds one, and `read_stamp` reads it. A date before a clock only tells the days apart on which a call went on.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from reddy_lib.transcripts.date_words import month_of
from reddy_lib.transcripts.times import Moment, read_moment

__all__ = ["STAMP", "read_stamp"]

_CLOCK = r"\d{1,3}:\d{2}(?::\d{2})?(?:[.,:]\d{1,6})?(?:\s?[AaPp]\.?[Mm]\b\.?)?Z?"
_ISO = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s?(?:Z|[+-]\d{2}:?\d{2})"
_MONTH = r"[^\W\d_]{3,9}\.?"
_DATE = (
    rf"(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}"
    rf"|\d{{1,2}}\.?\s{_MONTH},?\s\d{{4}}|{_MONTH}\s\d{{1,2}},?\s\d{{4}}|\d{{4}}年\d{{1,2}}月\d{{1,2}}日)"
)
_UNITS = (
    r"(?:\d{1,3}\s?(?:hrs?|h|std)\.?\s?)?(?:\d{1,4}\s?(?:mins?|m)\.?\s?)?"
    r"\d{1,6}(?:[.,]\d{1,6})?\s?(?:ms|secs?|seconds?|sek|seg|s)(?!\w)|\d{1,3}['′]\s?\d{1,2}(?:[.,]\d{1,3})?(?:\"|″|'')"
)
STAMP = (
    rf"(?:(?=[\d+@]|[^\W\d_]{{3,9}}\.?\s\d)"
    rf"(?:{_ISO}|(?:[+@]\s?)?(?:{_DATE}(?:[T,]|\sat|\sum)?\s{{0,2}})?(?:{_CLOCK})|{_UNITS}))"
)
"""Pattern of a time in a text, with what stands around its digits."""

_CLOCK_AT_END = re.compile(rf"(?P<before>.*?)(?P<clock>{_CLOCK})", re.DOTALL)
_PARTS = re.compile(
    r"(?:(\d{1,3})\s?(?:hrs?|h|std)\.?\s?)?(?:(\d{1,4})\s?(?:mins?|m)\.?\s?)?"
    r"(\d{1,6}(?:[.,]\d{1,6})?)\s?(ms)?(?:secs?|seconds?|sek|seg|s)?",
)
_PRIMES = re.compile(r"(\d{1,3})['′]\s?(\d{1,2}(?:[.,]\d{1,3})?)(?:\"|″|'')")
_ISO_DATE = re.compile(r"(\d{4})\D(\d{1,2})\D(\d{1,2})\D*")
_NAMED_DATE = re.compile(
    rf"(?:(?P<day>\d{{1,2}})\.?\s(?P<month>{_MONTH}),?\s(?P<year>\d{{4}})"
    rf"|(?P<month2>{_MONTH})\s(?P<day2>\d{{1,2}}),?\s(?P<year2>\d{{4}}))"
)
_ZONE = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$")


def read_stamp(text: str) -> Moment | None:
    """Return the moment that a stamp stands for; None where it is none."""
    plain = _western(text).strip().lstrip("+@").strip()
    moment = read_moment(plain) or read_moment(plain.replace(",", "."))
    if moment is not None:
        return moment if plain.isdecimal() else moment._replace(plain=False)
    match = _PRIMES.fullmatch(plain)
    if match is not None:
        return Moment(60 * int(match[1]) + float(match[2].replace(",", ".")))
    match = _PARTS.fullmatch(plain)
    if match is not None and any(match.groups()):
        seconds = float(match[3].replace(",", ".")) * (0.001 if match[4] else 1)
        return Moment(round(int(match[1] or 0) * 3600 + int(match[2] or 0) * 60 + seconds, 6))
    match = _CLOCK_AT_END.fullmatch(plain)
    return None if match is None else _dated(match["before"], match["clock"])


def _dated(before: str, clock: str) -> Moment | None:
    """A clock with a date: a moment in time where the date is written year first or names its month, else a time of day."""
    iso, named = _ISO_DATE.fullmatch(before), _NAMED_DATE.match(before)
    zone = _ZONE.search(clock)
    bare = (clock[: zone.start()] if zone else clock).replace(",", ".")
    if bare.count(":") == 3:  # frames, or hundredths, behind the seconds
        bare = ".".join(bare.rsplit(":", 1))
    if bare.count(":") == 1 and before.strip(" ,"):
        bare = re.sub(r":\d{2}", r"\g<0>:00", bare, count=1)  # hours and minutes, beside a date
    moment = read_moment(bare)
    if moment is None or not (iso or named):
        return moment
    try:
        if iso:
            day = datetime(int(iso[1]), int(iso[2]), int(iso[3]), tzinfo=UTC)
        else:
            assert named is not None
            number, name = named["day"] or named["day2"], named["month"] or named["month2"]
            day = datetime(int(named["year"] or named["year2"]), month_of(name), int(number), tzinfo=UTC)
    except ValueError:
        return moment
    if zone is not None:
        text = (day + timedelta(seconds=moment.seconds)).replace(tzinfo=None).isoformat()
        return read_moment(text + zone[0]) or moment
    return Moment((day + timedelta(seconds=moment.seconds)).timestamp(), absolute=True, naive=True)


def _western(text: str) -> str:
    """Digits of other scripts as 0 to 9."""
    return text if text.isascii() else "".join(str(int(mark)) if mark.isdecimal() else mark for mark in text)
