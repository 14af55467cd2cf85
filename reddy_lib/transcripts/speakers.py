"""Every speaker label of a batch in one table, and a look at whether two roles were mistaken for each other.

Labels change from call to call, so what a label means is decided once for the batch: `speaker_table` lists each
with how often it occurs, what was said under it, and the role it would get and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

import msgspec

from reddy_lib.findings import Finding, finding
from reddy_lib.model import TranscriptLine
from reddy_lib.transcripts.greetings import offers
from reddy_lib.transcripts.names import Inferred
from reddy_lib.transcripts.roles import NO_LINES, fold, role_of
from reddy_lib.transcripts.turns import Transcript

__all__ = ["SpeakerLabel", "roles_swapped", "speaker_table"]

_EXAMPLES = 3


class SpeakerLabel(msgspec.Struct):
    """One label of a batch.

    Attributes:
        label: as it is written most often; labels that differ in case alone are one.
        calls, lines: in how many calls and lines it occurs.
        examples: up to three texts said under it, from different calls where there are.
        role: "agent", "customer", "leave out", or "" where the analyst has to decide.
        why: the reason for the role, or why it is open.
    """

    label: str
    calls: int
    lines: int
    examples: list[str]
    role: str
    why: str

    def __repr__(self) -> str:
        return (
            f"<SpeakerLabel {self.label!r} · {self.calls} calls · {self.lines} lines · {self.role or 'open'}>"
        )


class _Gathered:
    def __init__(self) -> None:
        self.spellings: dict[str, int] = {}
        self.calls = self.lines = 0
        self.examples: list[str] = []
        self.inferred: dict[str, dict[str, int]] = {}
        self.inferred_calls = 0


def speaker_table(
    transcripts: Iterable[Transcript], roles: Mapping[str, str] | None = None
) -> list[SpeakerLabel]:
    """All speaker labels of these transcripts: those without a role first, then the most frequent ones.

    `roles`: what the analyst chose, label → role; wins over everything else.
    """
    gathered: dict[str, _Gathered] = {}
    for transcript in transcripts:
        here: set[str] = set()
        for label, count in transcript.labels.items():
            key = fold(label)
            one = gathered.setdefault(key, _Gathered())
            one.spellings[label] = one.spellings.get(label, 0) + count
            one.lines += count
            if key not in here:
                one.calls += 1
                here.add(key)
                if label in transcript.inferred:
                    _note_inferred(one, transcript.inferred[label])
            if len(one.examples) < _EXAMPLES:
                text = _example(transcript, label)
                if text and text not in one.examples:
                    one.examples.append(text)
    table = [_settle(one, roles or {}) for one in gathered.values()]
    return sorted(table, key=lambda one: (one.role != "", -one.lines, one.label))


def _note_inferred(one: _Gathered, inferred: Inferred) -> None:
    one.inferred_calls += 1
    reasons = one.inferred.setdefault(inferred.role, {})
    reasons[inferred.why] = reasons.get(inferred.why, 0) + 1


def _example(transcript: Transcript, label: str) -> str:
    if transcript.speakers:
        texts = (
            line.text
            for line, speaker in zip(transcript.lines, transcript.speakers, strict=True)
            if speaker == label
        )
    else:
        role = role_of(label) or fold(label)
        texts = (line.text for line in transcript.lines if line.role == role)
    text = next((text for text in texts if text.strip()), "")
    return text if len(text) <= 120 else text[:119] + "…"


def _settle(one: _Gathered, roles: Mapping[str, str]) -> SpeakerLabel:
    label = max(one.spellings, key=one.spellings.__getitem__)
    role: str
    chosen = role_of(label, roles)
    built_in = role_of(label)
    if fold(label) in {fold(known) for known in roles}:
        role, why = chosen, "chosen by you"
    elif built_in:
        role, why = built_in, f"the label says {built_in}"
    elif len(one.inferred) == 1:
        ((role, reasons),) = one.inferred.items()
        why = max(reasons, key=reasons.__getitem__)
        if one.inferred_calls < one.calls:
            why = f"in {one.inferred_calls} of {one.calls} calls {why}; in the others it is open"
    elif one.inferred:
        role = ""
        sides = ", ".join(f"{side} in {sum(why.values())}" for side, why in sorted(one.inferred.items()))
        why = f"settled call by call: {sides} of {one.calls} calls"
    else:
        role, why = "", "the label does not say which side this is"
    return SpeakerLabel(label, one.calls, one.lines, one.examples, role, why)


_GREETING = 600
"""Characters of a line in which a greeting is looked for."""
_ANSWERS = 2
"""Lines of each side, from its first, among which a greeting counts: later ones may be quoted or a transfer."""


def roles_swapped(lines: Sequence[TranscriptLine]) -> Finding | None:
    """The finding that "customer" answers the phone like an agent and "agent" never does, or None.

    It takes the greeting formula in one of the customer's first two lines, and none anywhere in the agent's.
    """
    opening = list(islice((line.text[:_GREETING] for line in lines if line.role == "customer"), _ANSWERS))
    # Both lines at once: few calls have a greeting there, and none goes over two lines.
    if not offers("\n".join(opening)):
        return None
    place = None
    seen = agent_lines = 0
    for number, line in enumerate(lines, 1):
        if line.role == "customer":
            seen += 1
            if seen <= _ANSWERS and place is None and offers(line.text[:_GREETING]):
                place = number
            if seen >= _ANSWERS and place is None:
                return None
        elif line.role == "agent":
            agent_lines += 1
        elif line.role not in NO_LINES and place is None and number > 8:
            return None
    if place is None or not agent_lines:
        return None
    if any(line.role == "agent" and offers(line.text) for line in lines):
        return None
    text = lines[place - 1].text
    short = text if len(text) <= 80 else text[:79] + "…"
    message = (
        f"Line {place} is the customer's and greets like an agent, and no line of the agent does: {short!r}"
    )
    return finding("roles-swapped", "role", message, line=place, value=text)
