"""What the calls of a batch together say of a speaker label that no word, column or greeting settles in a single call.

Two facts count. A label that stands for one side wherever a call settles it by itself stands for that side in the other
calls too, unless labels only number the speakers in the order in which they speak. And whoever talks to another person
in each of several calls is an agent: customers call once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from reddy_lib.transcripts.names import Inferred, is_person
from reddy_lib.transcripts.roles import NO_LINES, fold, is_numbered, role_of, weigh
from reddy_lib.transcripts.turns import Transcript

__all__ = ["POOLED", "pool_sides"]

POOLED = "role-from-batch"
"""Code of the finding of a role that other calls of the batch show."""
_OTHER = {"agent": "customer", "customer": "agent"}
_TOLD, _TOLD_OF_NUMBERS, _TOLD_IN_ONE_ORDER = 3, 6, 20
"""Calls that have to settle a label by themselves: a word, a number or a letter, and one that always speaks in the same
place, which may say nothing but who spoke first."""
_RECURRING = 3
_COVERED = 0.6
_CONSTANT = 0.8


class _Call(msgspec.Struct):
    """The two speakers of a call, by folded label, in the order in which they first speak; and the role of each, or ""."""

    speakers: tuple[str, str]
    roles: dict[str, str]
    agent: str


class _Label(msgspec.Struct):
    """One label over all calls of two speakers."""

    written: str
    calls: list[_Call] = msgspec.field(default_factory=list)

    def told(self, key: str, side: str) -> list[_Call]:
        return [call for call in self.calls if call.roles[key] == side]


def pool_sides(calls: Iterable[tuple[Transcript, str]]) -> dict[str, Inferred]:
    """Return what the calls together say of labels that stay open in some of them: folded label → role and reason.

    The role is "" for a label that is no name, because it stands in the calls of several agents.

    Args:
        calls: the transcript of each call, and what the columns say who the agent is, "" where they say nothing.
    """
    labels: dict[str, _Label] = {}
    pairs: list[_Call] = []
    for transcript, agent in calls:
        call = _two_speakers(transcript, agent)
        if call is None:
            continue
        pairs.append(call)
        written = {fold(label): label for label in transcript.labels}
        for key in call.speakers:
            labels.setdefault(key, _Label(written[key])).calls.append(call)
    wanted = {key for call in pairs for key in call.speakers if not call.roles[key]}
    if not wanted:
        return {}
    found = {key: one for key in labels if (one := _one_side(key, labels[key])) is not None}
    found = {**_recurring(labels, pairs), **found}
    agents = len({call.agent for call in pairs if call.agent})
    for key in sorted(wanted - set(found)):  # in one order, whatever process reads the file
        if agents > 1 and len(labels[key].calls) >= max(_CONSTANT * len(pairs), 3):
            found[key] = Inferred("", f"it is in the calls of {agents} agents", "")
    return found


def _two_speakers(transcript: Transcript, agent: str) -> _Call | None:
    """The two speakers of a call; None where more or fewer take part."""
    said: dict[str, str] = {}
    for label, line in zip(transcript.speakers, transcript.lines, strict=False):
        if label and not weigh(label).voice and line.role not in NO_LINES:
            said.setdefault(fold(label), line.role if line.role in _OTHER else "")
    if len(said) != 2 or len(transcript.speakers) != len(transcript.lines):
        return None
    first, second = said
    return _Call((first, second), said, agent)


def _one_side(key: str, label: _Label) -> Inferred | None:
    """The side that a label has in each call that settles it by itself, where that is no accident."""
    if role_of(label.written):
        return None
    agent, customer = label.told(key, "agent"), label.told(key, "customer")
    if bool(agent) == bool(customer):
        return None
    side, told = ("agent", agent) if agent else ("customer", customer)
    first = sum(call.speakers[0] == key for call in told)
    both_orders = 0 < first < len(told)
    bare = is_numbered(label.written) or sum(map(str.isalpha, label.written)) < 2
    enough = _TOLD_OF_NUMBERS if bare else _TOLD
    if len(told) < (enough if both_orders else _TOLD_IN_ONE_ORDER) or 4 * len(told) < len(label.calls):
        return None
    why = f"in {len(told)} of the {len(label.calls)} calls looked at, the call itself says so, and in none the contrary"
    return Inferred(side, why, POOLED)


def _recurring(labels: Mapping[str, _Label], pairs: Sequence[_Call]) -> dict[str, Inferred]:
    """The people of several calls, each time with somebody who is in no other: agents, where they explain the batch."""
    again = {
        key
        for key, one in labels.items()
        if len(one.calls) > 1 and is_person(one.written) and not role_of(key)
    }
    covered = [call for call in pairs if sum(key in again for key in call.speakers) == 1]
    if (
        len(covered) < max(_COVERED * len(pairs), _RECURRING)
        or any(all(key in again for key in call.speakers) for call in pairs)
        or max((len(labels[key].calls) for key in again), default=0) < _RECURRING
        or any(labels[key].told(key, "customer") for key in again)
    ):
        return {}
    found: dict[str, Inferred] = {}
    for key in again:
        count = len(labels[key].calls)
        why = f"it speaks in {count} of the {len(pairs)} calls looked at, each time to another person"
        found[key] = Inferred("agent", why, POOLED)
    return found
