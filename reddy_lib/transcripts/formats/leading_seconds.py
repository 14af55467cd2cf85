"""Bare numbers at the begin of each line that say when it was spoken: "12.5 Agent: Hello", "t=12.5 17.0 Agent: Hello".

A number beside a label may count the lines, or be part of what is said. It is a time where nearly every line begins with
one and they rise as times do, not one by one. Such numbers are put in brackets, as other texts have them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from reddy_lib.transcripts.times import words_of
from reddy_lib.transcripts.units import seconds_to_say, unit_of

__all__ = ["with_bracketed_seconds"]

_NUMBER = r"\d{1,7}(?:[.,]\d{1,6})?|\d{10}(?:\.\d{1,6})?|\d{13}"
_LINE = re.compile(
    rf"(?P<marks>\s*[-*#>•(]?\s?(?:(?:t|ts|at|time)\s?[=:]\s?|\+|@)?)(?P<start>{_NUMBER})(?P<unit>\s?(?:s|sec|secs|seconds|ms))?"
    rf"(?:(?P<between>\s?(?:-{{1,2}}>?|–|—|→|/|\.\.|\||;|\bto\b)\s?|\s+)(?P<stop>{_NUMBER})(?P<unit2>\s?(?:s|sec|secs|seconds|ms))?)?"
    r"(?P<after>\)?\s*(?:[|;:,–—-]\s?|\t)?\s*)(?=[^\W\d_])(?P<rest>.*)",
    re.DOTALL,
)
_FEW = 3
_MOST, _SHARE = 20_000, 0.9
_EPOCH, _EPOCH_UNIT = 1e9, (1.0, 0.001)
_LONG = 3  # seconds that a turn of some call lasts


def with_bracketed_seconds(text: str) -> str:
    """Return the text with the times at the begin of its lines in brackets; unchanged where these are no times."""
    if not _LINE.match(text[:200].lstrip("\n\r")):
        return text
    rows = text.split("\n")
    if not _FEW <= len(rows) <= _MOST:
        return text
    filled = [place for place, row in enumerate(rows) if row.strip()]
    found = {place: match for place in filled if (match := _LINE.fullmatch(rows[place])) is not None}
    if len(found) < max(_SHARE * len(filled), _FEW):
        return text
    lines = list(found.values())
    starts = [_value(match["start"]) for match in lines]
    if not _are_times(starts, lines):
        return text
    stamps = starts[0] >= _EPOCH
    scale = _EPOCH_UNIT[starts[0] >= 100 * _EPOCH] if stamps else _unit(starts, lines)
    for place, match in found.items():
        times = [match["start"]] if match["stop"] is None else [match["start"], match["stop"]]
        seconds = [_value(one) * scale for one in times]
        written = [_iso(one) if stamps else f"{one:.3f}" for one in seconds]
        rows[place] = f"[{' - '.join(written)}] {match['rest']}"
    return "\n".join(rows)


def _unit(starts: Sequence[float], lines: Sequence[re.Match[str]]) -> float:
    """Seconds a number: as it says itself, or as people speak at a normal pace."""
    told = {(line["unit"] or "").strip() for line in lines}
    if told != {""}:
        return 0.001 if told == {"ms"} else 1.0
    texts = [line["rest"] for line in lines]
    lengths = [
        (_value(line["stop"]) - start, seconds_to_say(text))
        for start, line, text in zip(starts, lines, texts, strict=True)
        if line["stop"]
    ]
    steps = [
        (after - before, seconds_to_say(text))
        for (before, after), text in zip(pairwise(starts), texts, strict=False)
    ]
    words = words_of(texts if lengths else texts[:-1])
    read = unit_of(starts, words, spoken=lengths or steps, lengths=bool(lengths))
    return read.factor if read.usual and read.sure else 1.0


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _value(number: str) -> float:
    return float(number.replace(",", "."))


def _are_times(starts: Sequence[float], lines: Sequence[re.Match[str]]) -> bool:
    """Do these numbers rise as times do, by steps that differ, and are their stops behind their starts?"""
    steps = [after - before for before, after in pairwise(starts)]
    if min(steps) < 0 or starts[0] >= starts[-1]:
        return False
    whole = all(start == int(start) and not line["unit"] for start, line in zip(starts, lines, strict=True))
    if whole and (len(set(steps)) < 2 or min(steps) == 0 or max(steps) < _LONG):
        return False  # 1, 2, 3: they count the lines
    stops = [(start, _value(line["stop"])) for start, line in zip(starts, lines, strict=True) if line["stop"]]
    return not stops or (len(stops) == len(starts) and all(start <= stop for start, stop in stops))
