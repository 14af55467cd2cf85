"""What stands between two texts of a transcript: labels, times, markup, or something that nobody explains."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from reddy_lib.transcripts.formats.arrow_signs import ARROW_SIGNS
from reddy_lib.transcripts.turns import Transcript

__all__ = ["MARKS", "Gaps", "Way"]

MARKS = frozenset("*_#>•‣▪<[](){}|:：-–—\"'`\\/,;~·→»«=…【】「」『』〔〕《》［］（）“”„‘’‚‹›¶↵⏎␤")
"""Characters that may stand around labels and times; anything else between two texts is unassigned.
The last four show where a line ends."""

_DAY = r"(?:\d{4}[./-]\d{2}[./-]\d{2}[T,]?|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2}(?=\D)),?)"
_CLOCK = rf"{_DAY}?" r"\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,6})?(?:[AP]M|[ap]\.?m\.?|Z)?"
_SPAN_END = r"(?:(?:-->|->|–|—|-|to)"
_STAMP = re.compile(
    rf"{_CLOCK}{_SPAN_END}{_CLOCK})?"
    rf"|(?<=[\[(<])\d{{1,9}}(?:[.,]\d{{1,9}})?s?{_SPAN_END}(?:{_CLOCK}|\d{{1,9}}(?:[.,]\d{{1,9}})?s?))?(?=[\])>])"
)
_BREAK = re.compile(
    r"\\r\\n|\\n|\\r|<br/?>|</?(?:strong|em|[biu])(?=>)|(?-i:</?[vc](?:\.[\w.]*)?(?=[>A-Z]))|</[^<>]{1,40}>",
    re.IGNORECASE,
)
_NUMBERING = re.compile(r"\d{1,4}[.)]")
_SIGN = re.compile(rf"[{ARROW_SIGNS}\ufe0f]")
_HEADER = re.compile(r"WEBVTT|(?<![\d:.])\d{1,6}(?=\d{2}:\d{2})")
_TOKENS = (("markup", _BREAK), ("time", _STAMP), ("markup", _NUMBERING), ("markup", _HEADER))
_SOUND = re.compile(r"\[[^\[\]:]{1,40}\]")
_TRIES = 40
_NEAR, _FAR = 200, 2000


class Way(NamedTuple):
    """One step along the text: what stands between the text before and this one, and how that one was reached.

    `cost`: characters so far that stand nowhere in the cell, or in it and are not explained.
    """

    cost: int
    place: int
    before: Way | None = None
    kinds: Mapping[str, int] = MappingProxyType({})
    rest: Sequence[str] = ()
    size: int = 0
    left_out: bool = False
    line: int = 0


_NOTHING: tuple[Mapping[str, int], Sequence[str]] = (MappingProxyType({}), ())


class Gaps:
    """What may stand between two texts of this transcript: its labels, times and markup."""

    def __init__(self, transcript: Transcript, ends: list[int]) -> None:
        self.ends = ends  # where the text lines of the cell end: a turn's text usually ends there too
        labels = {"".join(label.split()) for label in transcript.labels}
        self.labels = {label for label in labels if label}
        self.patience = 1000  # searches that may fail: beyond, the way is known to be lost
        self.lengths = sorted({len(label) for label in self.labels}, reverse=True)
        either = "|".join(re.escape(label) for label in sorted(self.labels, key=len, reverse=True)[:20])
        self.usual = re.compile(rf"[\[(]?({_CLOCK})?[\])]?\**({either})\**[:：]\**" if either else "(?!)()()")
        self.known: dict[tuple[int, int], tuple[Mapping[str, int], Sequence[str]]] = {}
        self.shown = [
            "".join(item.value.split()) for item in transcript.findings if item.code == "time-unreadable"
        ]

    def walk(self, compact: str, pieces: list[tuple[str, bool, int]], width: int) -> Way:
        """The way along the text that leaves least unexplained, of the `width` best at every step."""
        ways = [Way(0, 0)]
        for piece, left_out, line in pieces:
            reached: dict[int, Way] = {}
            for way in ways:
                onward = [
                    self._on(way, compact, spots, left_out, line)
                    for spots in self._spots(compact, piece, way, width)
                ]
                if width > 1 or not onward:
                    # A ruled line between texts is no loss, also if it was left out before words whose speaker follows.
                    missed = 0 if left_out and MARKS.issuperset(piece) else len(piece)
                    onward.append(way._replace(cost=way.cost + missed))
                for one in onward:
                    if one.place not in reached or one.cost < reached[one.place].cost:
                        reached[one.place] = one
            ways = sorted(reached.values(), key=lambda one: one.cost)[:width]
        return min(
            (self._on(way, compact, [("", len(compact))], False, way.line) for way in ways),
            key=lambda one: one.cost,
        )

    def _on(self, way: Way, compact: str, spots: list[tuple[str, int]], left_out: bool, line: int) -> Way:
        for piece, found in spots:
            kinds, rest = self.take_apart(compact, way.place, found)
            cost = way.cost + sum(map(len, rest))
            way = Way(cost, found + len(piece), way, kinds, rest, len(piece), left_out, line)
        return way

    def _spots(self, compact: str, piece: str, way: Way, width: int) -> list[list[tuple[str, int]]]:
        """Where a text may stand: each time in one piece, or in two, as a label may stand behind its first sound."""
        found: list[list[tuple[str, int]]] = [
            [(piece, at)] for at in self._find(compact, piece, way.place, width)
        ]
        sound = _SOUND.match(piece)
        if sound and sound[0] != piece and (width > 1 or not found):
            rest = piece[sound.end() :]
            for first in self._find(compact, sound[0], way.place, width):
                found += [
                    [(sound[0], first), (rest, second)]
                    for second in self._find(compact, rest, first + len(sound[0]), width)
                ]
        return found

    def _find(self, compact: str, piece: str, place: int, width: int) -> list[int]:
        """Where the piece stands at or after `place`, at most `width` spots: with nothing unexplained before it where
        there are such, and first at the end of a text line; else the nearest.
        """
        spots: list[int] = []
        row = bisect_left(self.ends, place + len(piece))
        for end in self.ends[row : row + 3]:
            start = end - len(piece)
            if start - place > _NEAR or not compact.startswith(piece, start):
                continue
            if not self.take_apart(compact, place, start)[1]:
                spots.append(start)
                if len(spots) == width:
                    return spots
        far = len(compact) if self.patience > 0 else place + _FAR
        first = found = compact.find(piece, place, far)
        if first < 0:
            self.patience -= 1
            return spots
        for _ in range(_TRIES if self.patience > 0 else 0):
            if found < 0 or found - place > _FAR or len(spots) == width:
                break
            if found not in spots and not self.take_apart(compact, place, found)[1]:
                spots.append(found)
            else:
                self.patience -= 1
            found = compact.find(piece, found + 1, found + _FAR)
        return spots or [first]

    def take_apart(self, compact: str, start: int, stop: int) -> tuple[Mapping[str, int], Sequence[str]]:
        """(kind → characters, what is left) of `compact[start:stop]`. Of one and the same `compact`, always."""
        if start == stop:  # one text behind the other, as in most of a text without labels
            return _NOTHING
        found = self.known.get((start, stop))
        if found is None:
            found = self.known[start, stop] = self._apart(compact, start, stop)
        return found

    def _apart(self, compact: str, start: int, stop: int) -> tuple[Mapping[str, int], Sequence[str]]:
        usual = None if self.shown else self.usual.fullmatch(compact, start, stop)
        if usual is not None:  # "[00:12] Agent:", at once
            time = 0 if usual[1] is None else len(usual[1])
            label = len(usual[2])
            found = {"time": time, "label": label, "markup": stop - start - time - label}
            return {kind: count for kind, count in found.items() if count}, ()
        kinds: Counter[str] = Counter()
        rest: list[str] = []
        open_from = -1
        place = start
        while place < stop:
            kind, size = self._token(compact, place, stop)
            if kind:
                if open_from >= 0:
                    rest.append(compact[open_from:place])
                    open_from = -1
                kinds[kind] += size
            elif open_from < 0:
                open_from = place
            place += size
        if open_from >= 0:
            rest.append(compact[open_from:stop])
        return kinds, rest

    def _is_label(self, compact: str, place: int) -> int:
        """How long the label is that stands there; 0: none does."""
        for length in self.lengths:
            if place + length <= len(compact) and compact[place : place + length] in self.labels:
                return length
        return 0

    def _token(self, compact: str, place: int, stop: int) -> tuple[str, int]:
        length = self._is_label(compact, place)
        if length and place + length <= stop:
            return "label", length
        for shown in self.shown:
            if shown and place + len(shown) <= stop and compact.startswith(shown, place):
                return "finding", len(shown)
        for kind, pattern in _TOKENS:
            match = pattern.match(compact, place)
            if match and match.end() > stop:  # what follows is a text that begins like the end of a time
                match = pattern.match(compact, place, stop)
            if match and match.end() > place:
                size = match.end() - place
                for suffix in ("Z", "AM", "PM", "am", "pm"):  # "00:12 Zoë:" has no white space here
                    start = match.end() - len(suffix)
                    if kind == "time" and match[0].endswith(suffix) and self._is_label(compact, start):
                        size -= len(suffix)
                        break
                return kind, size
        return ("markup", 1) if compact[place] in MARKS or _SIGN.match(compact, place) else ("", 1)
