"""Decisions about a call that are not in its payload: text without a line, and findings that were accepted.

Decisions are stored apart from what was loaded, so that undoing one restores the call. Text that is in no line of its
call (found by the loss meter) holds the call until a person decides where it goes. A finding of reading can be accepted
where the catalogue says what that means. A finding of `check` can never be accepted: it tells what Reddy would reject,
or grade wrongly, so the call itself has to change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from reddy_lib.batches.line_diff import pair_lines
from reddy_lib.batches.moved_times import in_unit_of
from reddy_lib.findings import CATALOGUE, Finding, finding
from reddy_lib.model import Call, TranscriptLine
from reddy_lib.transcripts.turns import TIMES

__all__ = [
    "ATTACH",
    "BY_HAND",
    "DROP",
    "OWN_LINE",
    "BatchLoss",
    "Decision",
    "Decisions",
    "ManyEdited",
    "Taken",
    "Unassigned",
    "acceptable",
    "decided",
    "decision_changes",
    "estimated_times",
    "line_marks",
    "line_times",
    "moved_lines",
    "open_findings",
    "read_decisions",
    "tally",
    "unassigned_of",
]

Decision = Literal["attach", "own line", "drop"]
ATTACH: Decision = "attach"
OWN_LINE: Decision = "own line"
DROP: Decision = "drop"


class Taken(msgspec.Struct, omit_defaults=True):
    """One decision: what, by whom, when (seconds since the epoch); `role`: of the line that the text became; `said`: a
    digest of the line that lost its mask."""

    what: str
    who: str
    at: float
    role: str = ""
    said: str = ""

    def words(self) -> str:
        """Return the decision for the history of edits: "attach", "own line: agent", "accepted"."""
        return f"{self.what}: {self.role}" if self.role else self.what

    def told(self) -> tuple[str, str, str, float]:
        """Return (what, role, who, when) for tables."""
        return self.what, self.role, self.who, self.at


class Decisions(msgspec.Struct, omit_defaults=True):
    """All decisions about one call.

    Attributes:
        accepted: code of a finding → decision.
        texts: number of an unassigned text, from 1 → decision.
        masked: seconds of the call whose masked words are in no line any more → what was masked; see `masked_seconds`.
        estimates: a time that splitting a line estimated → the span of the whole line; see `masked_seconds`.
    """

    accepted: dict[str, Taken] = msgspec.field(default_factory=dict)
    texts: dict[int, Taken] = msgspec.field(default_factory=dict)
    masked: dict[str, Taken] = msgspec.field(default_factory=dict)
    estimates: dict[str, Taken] = msgspec.field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.accepted or self.texts or self.masked or self.estimates)


class ManyEdited(NamedTuple):
    """How many calls one edit changed, or would change; how many are like that already; and how many are locked, because
    they are being sent or were sent."""

    changed: int
    same: int
    locked: int


class Unassigned(NamedTuple):
    """A text that is in no line. `number`: from 1; `after`: how many lines were before it when it was loaded."""

    number: int
    after: int
    text: str

    @property
    def characters(self) -> int:
        """Count the characters without white space, as the loss meter does."""
        return len("".join(self.text.split()))


class BatchLoss(NamedTuple):
    """The loss meter of a batch, in characters without white space.

    Attributes:
        characters: read from the sheet's transcripts.
        placed: in a line of a call.
        dropped: by decision.
    """

    characters: int
    placed: int
    dropped: int = 0

    @property
    def waiting(self) -> int:
        """Return the characters that are in no line and wait for a decision."""
        return self.characters - self.placed - self.dropped

    def __repr__(self) -> str:
        parts = [f"{self.placed:,} of {self.characters:,} characters placed"]
        if self.dropped:
            parts.append(f"{self.dropped:,} dropped by decision")
        return " · ".join(parts)


_Span = tuple[float | None, float | None]

_decisions = msgspec.json.Decoder(Decisions)
_texts = msgspec.json.Decoder(list[tuple[int, str]])


def read_decisions(stored: str | None) -> Decisions:
    """Decode the stored decisions of a call."""
    return _decisions.decode(stored) if stored else Decisions()


def unassigned_of(stored: str | None) -> list[Unassigned]:
    """Decode the stored unassigned texts of a call."""
    found = _texts.decode(stored) if stored else []
    return [Unassigned(number, after, text) for number, (after, text) in enumerate(found, 1)]


def acceptable(found: Finding, source: Sequence[Finding]) -> bool:
    """Return whether a finding of a call can be accepted. `source`: the findings of reading the call."""
    return bool(CATALOGUE[found.code].accepting) and any(one.code == found.code for one in source)


def open_findings(
    texts: Sequence[Unassigned], decisions: Decisions, moved: Mapping[int, int] | None = None
) -> list[Finding]:
    """Return a finding for each text without a decision. `moved`: from `moved_lines`, after an edit."""
    found = []
    for one in texts:
        if one.number not in decisions.texts:
            after = one.after if moved is None else moved.get(one.after, 0)
            where = f"After line {after}" if after else "Before the first line"
            shown = one.text if len(one.text) <= 120 else one.text[:119] + "…"
            found.append(
                finding(
                    "transcript-unassigned",
                    "transcript",
                    f"{where} the cell has text that is in no line: “{shown}”.",
                    line=max(after, 1),
                    value=one.text,
                )
            )
    return found


def tally(characters: int | None, texts: Sequence[Unassigned], decisions: Decisions) -> dict[str, int | None]:
    """Return the loss meter's columns of `calls`."""
    dropped = waiting = 0
    for one in texts:
        taken = decisions.texts.get(one.number)
        if taken is None:
            waiting += one.characters
        elif taken.what == DROP:
            dropped += one.characters
    return {
        "characters_placed": None if characters is None else characters - waiting - dropped,
        "characters_dropped": dropped,
    }


def decision_changes(before: Decisions, after: Decisions) -> list[tuple[str, str | None, str | None]]:
    """Return what differs, for the history of edits: (field, before, after); None = no decision."""
    found: list[tuple[str, str | None, str | None]] = []
    pairs = [
        (f"finding[{code}]", before.accepted.get(code), after.accepted.get(code))
        for code in dict.fromkeys([*before.accepted, *after.accepted])
    ]
    pairs += [
        (f"unassigned[{number}]", before.texts.get(number), after.texts.get(number))
        for number in dict.fromkeys([*before.texts, *after.texts])
    ]
    for name in ("masked", "estimates"):
        old, new = getattr(before, name), getattr(after, name)
        pairs += [(f"{name}[{key}]", old.get(key), new.get(key)) for key in dict.fromkeys([*old, *new])]
    for field, a, b in pairs:
        if a != b:
            found.append((field, a.words() if a else None, b.words() if b else None))
    return found


def decided(call: Call, one: Unassigned, after: int, what: Decision, role: str = "") -> Call:
    """Return the call with a text put where it was decided. `after`: the line that it follows now, 0 = it comes first."""
    lines = list(call.transcript or ())
    if what == OWN_LINE or (what == ATTACH and not lines):
        lines.insert(after, TranscriptLine(role, one.text))
    elif what == ATTACH:
        place = max(after, 1) - 1
        old = lines[place].text
        joined = f"{old}\n{one.text}" if after else f"{one.text}\n{old}"
        lines[place] = msgspec.structs.replace(lines[place], text=joined)
    else:
        return call
    return msgspec.structs.replace(call, transcript=lines)


def moved_lines(before: Sequence[TranscriptLine], after: Sequence[TranscriptLine]) -> dict[int, int]:
    """Return 1-based line number as loaded → the same line now, or the nearest one above that is still there; 0 → 0."""
    places = {old: new for old, new, _ in pair_lines(before, after) if old and new}
    found = {0: 0}
    for number in range(1, len(before) + 1):
        found[number] = places.get(number, found[number - 1])
    return found


def line_times(
    loaded: str | None,
    original: Sequence[TranscriptLine],
    lines: Sequence[TranscriptLine],
    estimates: Iterable[str] = (),
) -> list[str]:
    """Return the origin of each line's times: source, derived, estimated, by hand; "" for a line without times.

    Args: as `line_marks`.
    """
    return [_ORIGINS.get(mark, "") for mark in line_marks(loaded, original, lines, estimates)]


BY_HAND = "h"
"""The mark of times that a line was not loaded with."""
_ORIGINS = {**TIMES, BY_HAND: "by hand"}


def line_marks(
    loaded: str | None,
    original: Sequence[TranscriptLine],
    lines: Sequence[TranscriptLine],
    estimates: Iterable[str] = (),
) -> list[str]:
    """Return the mark of each line's times, a key of `TIMES` or `BY_HAND`; "" where it is not known.

    A line that still has the times it was loaded with keeps their mark, wherever it was moved. A line that was split, or
    that has one of its two times from an estimated line, is estimated. So it is after the unit of all times was changed.

    Args:
        loaded: the marks of `original`, the lines as loaded; None where none were stored.
        estimates: times that splitting a line estimated (`Decisions.estimates`).
    """
    split = {round(float(time), 6) for time in estimates}
    if loaded is None:
        return ["e" if {*_span(line)} & split else "" for line in lines]
    marks = loaded or "s" * len(original)
    original = in_unit_of(original, lines)
    came: dict[int, str] = {}
    gone: dict[_Span, list[str]] = {}  # deleted or changed lines: a line with equal times may be one of them
    for old, new, _ in pair_lines(original, lines):
        mark = marks[old - 1] if old and old <= len(marks) else ""
        if old and new and _span(original[old - 1]) == _span(lines[new - 1]):
            came[new] = mark
        elif old and mark:
            gone.setdefault(_span(original[old - 1]), []).append(mark)
    starts, stops = estimated_times(marks, original)
    found = []
    for number, line in enumerate(lines, 1):
        if line.start is None and line.stop is None:
            found.append("-")
        elif number in came:
            found.append(came[number])
        elif left := gone.get(_span(line)):
            # in the order of the deleted lines: of two with equal times, the upper one's mark goes to the upper line
            found.append(left.pop(0))
        else:
            start, stop = _span(line)
            loose = start in starts | split or stop in stops | split
            found.append("e" if loose else BY_HAND)
    return found


def estimated_times(marks: str, original: Sequence[TranscriptLine]) -> tuple[set[float], set[float]]:
    """Return the starts and the stops that are estimated in lines as they were loaded, and in no other way theirs, to six
    decimals."""
    starts: dict[bool, set[float]] = {True: set(), False: set()}
    stops: dict[bool, set[float]] = {True: set(), False: set()}
    for mark, line in zip(marks, original, strict=False):
        if line.start is not None:
            starts[mark == "e"].add(round(line.start, 6))
        if line.stop is not None:
            stops[mark in ("e", "b", "B")].add(round(line.stop, 6))
    return starts[True] - starts[False], stops[True] - stops[False]


def _span(line: TranscriptLine) -> _Span:
    """Return the times of a line to six decimals, as `Decisions.estimates` has them."""
    start, stop = line.start, line.stop
    return None if start is None else round(start, 6), None if stop is None else round(stop, 6)
