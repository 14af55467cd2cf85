"""Arrows in a text of speech: who speaks to whom, what parts a label from its words, what comes before a label.

`Agent -> Customer: Hello`, `[00:03] Ann ⇒ Ben | Hi`, `Customer <- Agent: Hello` and `(Agent → Customer) Hello` name two
people, of whom one speaks. `>> Agent: Hello` and `Agent ➜ Hello` name one. Any arrow will do: what a text means by it is
told by all of its lines together. Lines are written as `Agent: Hello`, which every reader of labelled text understands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

from reddy_lib.transcripts.formats.arrow_signs import ANY_ARROW, ARROW_SIGNS, points
from reddy_lib.transcripts.formats.text_rows import could_be_a_name
from reddy_lib.transcripts.roles import fold, is_numbered, leaning
from reddy_lib.transcripts.stamps import STAMP

__all__ = ["STAMPED", "without_arrows"]

_ANY = re.compile(rf"[<>{ARROW_SIGNS}]")
_ONE = re.compile(ANY_ARROW)
_OPENS, _CLOSES = r"[\s*_#\[({•|]", r"[\s\])}|,;:·*_–—-]"
_BRACKETS = {"[": "]", "(": ")", "{": "}", "<": ">", "【": "】", "**": "**", "__": "__"}
STAMPED = re.compile(
    rf"(?P<open>(?:(?!{ANY_ARROW}){_OPENS}){{0,6}})"
    rf"(?:(?P<time>{STAMP}(?:\s{{0,2}}(?:-{{1,2}}>?|–|—|→|to|/)\s{{0,2}}{STAMP})?)(?P<after>(?:(?!{ANY_ARROW}\s?){_CLOSES}){{0,6}}))?"
    r"(?P<rest>.*)",
    re.DOTALL,
)
"""A line with the time at its begin, if it has one."""
_HEAD = re.compile(
    rf"(?P<left>[^\n:：<>]{{1,60}}?)\s{{0,3}}(?P<arrow>[\[(]{ANY_ARROW}[\])]|{ANY_ARROW})\s{{0,3}}(?P<right>.*)",
    re.DOTALL,
)
_NUMBER = re.compile(r"\d{1,4}[.)]\s{1,3}")
_RECEIVER = re.compile(
    r"(?P<who>[^\n:：|\t\[\]{}<>]{1,60}?)\s{0,3}(?=[:：|\t\])}>\n]|\s[–—-]{1,2}\s|\s{2,}|$)"
)
_PARTED = re.compile(r"\s{0,3}(?:[:：|\t]|[–—-]{1,2}\s)\s{0,3}|\s{2,}")
_TIME_BEHIND = re.compile(rf"\s{{0,3}}[\[(@]?\s?{STAMP}")
_SPEAKER = re.compile(r"(?P<who>\+?[^\W_][^\n:：|\t<>]{0,48}?)\s{0,3}[:：|\t]")
_MOST_ROWS, _MOST_PEOPLE, _LONGEST = 20_000, 8, 48
_MOST, _SOME = 0.6, 0.35
"""Shares of the lines that have to be written in a way: by any labels, and by those of both sides."""


class _Row(NamedTuple):
    """A line before its arrow: what precedes it (a time, brackets), and the words on both sides of the arrow."""

    place: int
    before: str
    left: str
    arrow: str
    right: str


def without_arrows(text: str, known: Callable[[str], bool]) -> str:
    """Return the text with labels and colons where arrows name who speaks; as it is where they mean something else.

    `known`: is this text a label wherever it is found?
    """
    if _ANY.search(text) is None:
        return text
    rows = text.split("\n")
    filled = [place for place, row in enumerate(rows) if row.strip()]
    if not 2 <= len(filled) <= _MOST_ROWS:
        return text
    bare = _without_signs(rows, filled, known)
    found = [row for place in filled if (row := _cut(place, bare[place])) is not None]
    written = _directed(found, filled, known) or _labelled(found, filled, known)
    if not written and bare is rows:
        return text
    lines = dict(enumerate(bare))
    lines.update(written)
    return "\n".join(lines.values())


def _cut(place: int, row: str) -> _Row | None:
    """The line at its first arrow, behind a time."""
    if _ANY.search(row, 0, 110) is None:
        return None
    stamped = STAMPED.fullmatch(row)
    if stamped is None:
        return None
    rest = stamped["rest"]
    number = _NUMBER.match(rest)
    rest = rest[number.end() :] if number else rest
    head = _HEAD.fullmatch(rest)
    if head is None:
        return None
    before = row[: len(row) - len(rest)]
    return _Row(place, before, head["left"].strip("*_ \t"), head["arrow"], head["right"])


def _without_signs(rows: list[str], filled: Sequence[int], known: Callable[[str], bool]) -> list[str]:
    """The lines without arrows that come before their labels: `>> Agent: Hello`, `00:03 ← Customer | Hi`."""
    signs: dict[int, str] = {}
    for place in filled:
        stamped = STAMPED.fullmatch(rows[place]) if _ANY.search(rows[place], 0, 60) else None
        sign = _ONE.match(stamped["rest"]) if stamped is not None else None
        if stamped is not None and sign is not None and sign.end() < len(stamped["rest"]):
            signs[place] = rows[place][: stamped.start("rest")] + stamped["rest"][sign.end() :].lstrip()
    labels = {}
    for place, row in signs.items():
        stamped = STAMPED.fullmatch(row)
        speaker = _SPEAKER.match(stamped["rest"]) if stamped is not None else None
        if speaker is not None:
            labels[place] = speaker["who"].strip("*_ ")
    if len(labels) < max(2, 0.8 * len(signs)) or not _take_turns(list(labels.values()), len(filled), known):
        return rows
    return [signs[place] if place in labels else row for place, row in enumerate(rows)]


# --- who speaks to whom -----------------------------------------------------------------------------------


def _directed(
    found: Sequence[_Row], filled: Sequence[int], known: Callable[[str], bool]
) -> list[tuple[int, str]]:
    """(place, line) of the lines that name two people, with the one who speaks; [] where they do not.

    Two people are named where each of them speaks to the other in some line, where the arrow turns, or where all speak
    to the same ("Everyone"), who never speaks.
    """
    people = _people(found, known)
    pairs = [(row, *pair) for row in found if (pair := _pair(row, people)) is not None]
    if len(pairs) < max(2, _SOME * len(filled)) or len(pairs) < _MOST * len(found):
        return []
    speakers: list[str] = []
    written: list[tuple[int, str]] = []
    to: set[tuple[str, str]] = set()
    for row, receiver, rest in pairs:
        sender, other = row.left, receiver
        if points(row.arrow) == "left":
            sender, other = other, sender
        to.add((fold(sender), fold(other)))
        speakers.append(sender)
        written.append((row.place, _line(row.before, sender, rest)))
    everyone = {other for _, other in to}
    together = len(everyone) == 1 and len(pairs) > 2 and everyone.isdisjoint(sender for sender, _ in to)
    together = together and all(_PARTED.match(rest) for _, _, rest in pairs)
    if not together and not any((other, sender) in to for sender, other in to):
        return []
    return written if len({fold(one) for one in speakers}) > 1 else []


def _people(found: Sequence[_Row], known: Callable[[str], bool]) -> list[str]:
    """Who may be named on either side of the arrows, the longest first."""
    counts: Counter[str] = Counter()
    for row in found:
        receiver = _RECEIVER.match(row.right)
        names = {row.left, receiver["who"].strip("*_ ") if receiver else ""}
        counts.update(name for name in names if name and _could_speak(name, known))
    return sorted((name for name, _ in counts.most_common(3 * _MOST_PEOPLE)), key=lambda name: -len(name))


def _pair(row: _Row, people: Collection[str]) -> tuple[str, str] | None:
    """The other person of a line and what follows; None where the line does not name two."""
    if row.left not in people:
        return None
    for name in people:
        if name != row.left and row.right.startswith(name):
            rest = row.right[len(name) :]
            if not rest[:1].isalnum() or not name[-1:].isalnum() or not name.isascii():
                return name, rest
    return None


def _line(before: str, sender: str, rest: str) -> str:
    """The line as `[00:03] Agent: Hello`, without the brackets around the two people."""
    opened = before.rstrip()
    for begin, end in _BRACKETS.items():
        if opened.endswith(begin) and rest.lstrip().startswith(end):
            before, rest = opened[: -len(begin)], rest.lstrip()[len(end) :]
            break
    else:
        rest = rest.lstrip("*_") if before.endswith(("*", "_")) else rest
        before = before.rstrip("*_") if before.endswith(("*", "_")) else before
    if _TIME_BEHIND.match(rest):
        return f"{before}{sender}{rest}"
    parted = _PARTED.match(rest)
    return f"{before}{sender}: {rest[parted.end() :] if parted else rest.lstrip()}"


# --- an arrow in place of a colon -------------------------------------------------------------------------


def _labelled(
    found: Sequence[_Row], filled: Sequence[int], known: Callable[[str], bool]
) -> list[tuple[int, str]]:
    """(place, line) of the lines in which an arrow parts the label from the words; [] where it does not."""
    rows = [row for row in found if row.right.strip() and _could_speak(row.left, known)]
    counts = Counter(row.left for row in rows)
    rows = [row for row in rows if counts[row.left] > 1 or known(row.left)]
    if not _take_turns([row.left for row in rows], len(filled), known):
        return []
    return [(row.place, f"{row.before}{row.left}: {row.right.lstrip()}") for row in rows]


def _take_turns(labels: Sequence[str], total: int, known: Callable[[str], bool]) -> bool:
    """Do these labels speak by turns, on most lines, or on some where both sides are known?"""
    counts = Counter(labels)
    if len(labels) < 2 or not 2 <= len(counts) <= _MOST_PEOPLE:
        return False
    sides = {leaning(label) for label in counts if known(label)} - {""}
    if not all(_could_speak(label, known) for label in counts):
        return False
    changes = sum(one != other for one, other in pairwise(labels))
    if changes < max(1, 0.3 * (len(labels) - 1)):
        return False
    if len(sides) == 2:
        return len(labels) >= _SOME * total
    return len(labels) >= _MOST * total and max(counts.values()) > 1


def _could_speak(label: str, known: Callable[[str], bool]) -> bool:
    if not label or len(label) > _LONGEST or len(label.split()) > 5 or label[-1:] in ".,;!?…。":
        return known(label)
    return (
        known(label)
        or bool(leaning(label))
        or is_numbered(label)
        or len(label) == 1
        or could_be_a_name(label)
        or label.lstrip("+").replace(" ", "").replace("-", "").isdigit()
    )
