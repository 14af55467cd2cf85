"""What people decide about a call beside its payload: text without a line, and findings that they accept.

Decisions are kept apart from what was loaded, so that taking one back brings the call to where it was. Text
that is in no line of its call (the loss meter found it) holds the call until somebody says what becomes of it.
A finding of reading can be accepted where the catalogue says what that means; a finding of `check` never can:
it tells what Reddy would refuse, or grade wrongly, and the call itself has to change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from reddy_lib.findings import CATALOGUE, Finding, finding
from reddy_lib.model import Call, TranscriptLine
from reddy_lib.transcripts.turns import TIMES

__all__ = [
    "ATTACH",
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
    """One decision: what, by whom, when (seconds since the epoch); `role`: of a line of its own."""

    what: str
    who: str
    at: float
    role: str = ""

    def words(self) -> str:
        """ "attach", "own line: agent", "accepted": for the record of edits."""
        return f"{self.what}: {self.role}" if self.role else self.what

    def told(self) -> tuple[str, str, str, float]:
        """(what, role, who, when), as tables show it."""
        return self.what, self.role, self.who, self.at


class Decisions(msgspec.Struct, omit_defaults=True):
    """All decisions about one call. `accepted`: code of a finding → decision; `texts`: number of the unassigned
    text, from 1 → decision."""

    accepted: dict[str, Taken] = msgspec.field(default_factory=dict)
    texts: dict[int, Taken] = msgspec.field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.accepted or self.texts)


class ManyEdited(NamedTuple):
    """What one edit to many calls did, or would do: calls that change, that are so already, and that are being sent
    or were sent and so stay as they are."""

    changed: int
    same: int
    locked: int


class Unassigned(NamedTuple):
    """A text that reading put in no line. `number`: from 1; `after`: how many lines stood before it, as loaded."""

    number: int
    after: int
    text: str

    @property
    def characters(self) -> int:
        """Without white space, as the meter counts."""
        return len("".join(self.text.split()))


class BatchLoss(NamedTuple):
    """The loss meter of a batch, in characters without white space. `dropped`: by decision; `unmeasured`: calls that
    were loaded before there was a meter. `characters - placed - dropped` wait for a decision."""

    characters: int
    placed: int
    dropped: int = 0
    unmeasured: int = 0

    @property
    def waiting(self) -> int:
        """Characters that are in no line and wait for somebody to decide."""
        return self.characters - self.placed - self.dropped

    def __repr__(self) -> str:
        parts = [f"{self.placed:,} of {self.characters:,} characters placed"]
        if self.dropped:
            parts.append(f"{self.dropped:,} dropped by decision")
        if self.unmeasured:
            parts.append(
                f"{self.unmeasured:,} call{'s' * (self.unmeasured > 1)} loaded before this was measured"
            )
        return " · ".join(parts)


_decisions = msgspec.json.Decoder(Decisions)
_texts = msgspec.json.Decoder(list[tuple[int, str]])


def read_decisions(stored: str | None) -> Decisions:
    """Decisions as stored."""
    return _decisions.decode(stored) if stored else Decisions()


def unassigned_of(stored: str | None) -> list[Unassigned]:
    """Unassigned texts as stored."""
    found = _texts.decode(stored) if stored else []
    return [Unassigned(number, after, text) for number, (after, text) in enumerate(found, 1)]


def acceptable(found: Finding, source: Sequence[Finding]) -> bool:
    """May somebody accept this finding of a call? `source`: what reading the call met."""
    return bool(CATALOGUE[found.code].accepting) and any(one.code == found.code for one in source)


def open_findings(
    texts: Sequence[Unassigned], decisions: Decisions, moved: Mapping[int, int] | None = None
) -> list[Finding]:
    """The finding for each text that nobody decided about. `moved`: from `moved_lines`, after an edit."""
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
    """The columns of `calls` that the meter fills."""
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


def decision_changes(before: Decisions, after: Decisions) -> list[tuple[str, Any, Any]]:
    """What differs, for the record of edits: (field, before, after) with JSON values; None = not decided."""
    found: list[tuple[str, Any, Any]] = []
    pairs = [
        (f"finding[{code}]", before.accepted.get(code), after.accepted.get(code))
        for code in dict.fromkeys([*before.accepted, *after.accepted])
    ]
    pairs += [
        (f"unassigned[{number}]", before.texts.get(number), after.texts.get(number))
        for number in dict.fromkeys([*before.texts, *after.texts])
    ]
    for field, a, b in pairs:
        if a != b:
            found.append((field, a and a.words(), b and b.words()))
    return found


def decided(call: Call, one: Unassigned, after: int, what: Decision, role: str = "") -> Call:
    """The call with this text where it was decided to be. `after`: the line that it stands behind now, 0 = first."""
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
    """1-based line number as loaded → the same line now, or the nearest one above it that is still there; 0 → 0."""
    places = {old: new for old, new in _pairs(before, after) if old and new}
    found = {0: 0}
    for number in range(1, len(before) + 1):
        found[number] = places.get(number, found[number - 1])
    return found


def _pairs(
    before: Sequence[TranscriptLine], after: Sequence[TranscriptLine]
) -> list[tuple[int | None, int | None]]:
    """Which line became which (numbers from 1): the unchanged ones, and the changed ones between them in order."""
    from difflib import SequenceMatcher

    old, new = [msgspec.json.encode(one) for one in before], [msgspec.json.encode(one) for one in after]
    if old == new:
        return [(number, number) for number in range(1, len(old) + 1)]
    found: list[tuple[int | None, int | None]] = []
    for _, a, a_end, b, b_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for offset in range(max(a_end - a, b_end - b)):
            found.append(
                (
                    a + offset + 1 if a + offset < a_end else None,
                    b + offset + 1 if b + offset < b_end else None,
                )
            )
    return found


def line_times(
    loaded: str | None, original: Sequence[TranscriptLine], lines: Sequence[TranscriptLine]
) -> list[str]:
    """Where the times of each line are from: source, derived, estimated, by hand; "" where it has none, or where
    the call was loaded before that was kept.

    `loaded`: the marks of `original`, the lines as loaded. A line that has the times it came with keeps its mark,
    wherever it was moved to.
    """
    if loaded is None:
        return [""] * len(lines)
    marks = loaded or "s" * len(original)
    came: dict[int, str] = {}
    gone: dict[tuple[Any, Any], list[str]] = {}
    for old, new in _pairs(original, lines):
        mark = marks[old - 1] if old and old <= len(marks) else ""
        if old and new and _span(original[old - 1]) == _span(lines[new - 1]):
            came[new] = mark
        elif old and mark:
            gone.setdefault(_span(original[old - 1]), []).append(mark)
    found = []
    for number, line in enumerate(lines, 1):
        if line.start is None and line.stop is None:
            found.append("")
        elif number in came:
            found.append(TIMES.get(came[number], ""))
        else:
            left = gone.get(_span(line))
            found.append(TIMES[left.pop(0)] if left else "by hand")
    return found


def _span(line: TranscriptLine) -> tuple[float | None, float | None]:
    return line.start, line.stop
