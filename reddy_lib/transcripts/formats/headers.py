"""Turns under a line with a name and a time, as Teams, Zoom, Otter and Rev write them: `Ben Smith  0:07`.

One such line proves nothing: "Lunch 12:30" is speech. A text has headers if the same few names keep coming back
above words, and the times beside them rise. A name that comes once is one too where its time fits in between.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from reddy_lib.transcripts.names import is_named
from reddy_lib.transcripts.times import CLOCK, read_moment

__all__ = ["Header", "find_headers"]

_NAME = r"(?P<label>[^\W\d_][\w.'’()&-]{0,30}(?: [\w(&][\w.'’()&-]{0,30}){0,3})"
_TIME = rf"[\[(]?\s?(?P<start>{CLOCK})\s?[\])]?"
_NAME_FIRST = re.compile(
    rf"[*_#\s\[]*{_NAME}\]?[*_]*(?:\s{{1,8}}|(?=[\[(]))(?:[|–—-]\s{{1,4}})?[*_]*{_TIME}[*_]*\s?:?[*_]*"
)
_TIME_FIRST = re.compile(
    rf"[*_#\s]*{_TIME}[*_]*\s{{1,8}}(?:[|–—-]\s{{1,4}})?[*_]*\[?{_NAME}\]?[*_]*\s?:?[*_]*"
)
_FEW = 12


class Header(NamedTuple):
    """A text line that says who speaks from when on; `start` as it is written."""

    label: str
    start: str


class _Seen(NamedTuple):
    place: int
    header: Header
    seconds: float
    style: re.Pattern[str]


def find_headers(
    rows: Sequence[str], known: Callable[[str], bool], possible: Callable[[str], bool], agent: Sequence[str]
) -> dict[int, Header] | None:
    """Index of a row → its header; None where the rows are no text of this kind.

    `known`: is this label a speaker wherever it stands? `possible`: could it be somebody's name?
    """
    seen = [one for place, row in enumerate(rows) if (one := _read(place, row, known, possible)) is not None]
    for style in (_NAME_FIRST, _TIME_FIRST):
        found = _chosen([one for one in seen if one.style is style], len(rows) - 1, known, agent)
        if found:
            return found
    return None


def _read(
    place: int, row: str, known: Callable[[str], bool], possible: Callable[[str], bool]
) -> _Seen | None:
    if len(row) > 120 or not row.rstrip("*_:])} ")[-1:].isalnum():
        return None
    match = _NAME_FIRST.fullmatch(row) or _TIME_FIRST.fullmatch(row)
    if match is None:
        return None
    label = match["label"].strip()
    moment = read_moment(match["start"])
    capitals = all(not word[0].islower() for word in label.split())
    if moment is None or not (known(label) or (capitals and possible(label))):
        return None
    return _Seen(place, Header(label, match["start"]), moment.seconds, match.re)


def _chosen(
    seen: list[_Seen], end: int, known: Callable[[str], bool], agent: Sequence[str]
) -> dict[int, Header]:
    counts = Counter(one.header.label for one in seen)
    sure = {name for name in counts if known(name) or any(is_named(name, cell) for cell in agent)}
    names = sure | {name for name, count in counts.items() if count > 1}
    if len(counts) == 2 and sure:  # a short call: nobody needs to speak twice
        names = set(counts)
    steady = [one for one in seen if one.header.label in names]
    places = {one.place for one in steady}
    above_words = sum(one.place < end and one.place + 1 not in places for one in steady)
    seconds = [one.seconds for one in steady]
    if not 2 <= len(names) <= _FEW or 2 * above_words <= len(steady) or seconds != sorted(seconds):
        return {}
    if seconds[0] == seconds[-1]:
        return {}
    chosen = {one.place: one.header for one in steady}
    last = steady[0].seconds
    following = {}  # place → when the next header begins that was chosen; each looked for once, from the end
    ahead: float | None = None
    for one in reversed(seen):
        following[one.place] = one.seconds if ahead is None else ahead
        if one.place in chosen:
            ahead = one.seconds
    for one in seen:
        if one.place in chosen:
            last = one.seconds
        elif steady[0].place < one.place < end and last <= one.seconds <= following[one.place]:
            chosen[one.place] = one.header
            last = one.seconds
    return chosen
