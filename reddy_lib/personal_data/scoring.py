"""Weigh what a number may be: by the words of its line, before and behind it, and by what is expected."""

from __future__ import annotations

from collections.abc import Sequence

from reddy_lib.personal_data.cues import HARMLESS
from reddy_lib.personal_data.fit import without_last4
from reddy_lib.personal_data.line_shapes import is_bare
from reddy_lib.personal_data.runs import Run
from reddy_lib.personal_data.slots import Slots
from reddy_lib.personal_data.tokens import Line
from reddy_lib.personal_data.weights import Sign, signs_after

__all__ = ["scores_of"]


def scores_of(
    line: Line, signs: Sequence[Sign], runs: Sequence[Run], at: int, slots: Slots, last: str
) -> tuple[dict[str, float], set[str]]:
    """Return kind → weight for the number `runs[at]`, and the kinds that its own line speaks of.

    Args:
        last: the kind of the customer's last number, "" if the talk has moved on.
    """
    run = runs[at]
    before = [sign for sign in signs if sign.last < run.first and sign.kind != "what"]
    scores: dict[str, float] = {}
    latest = max((sign.last for sign in before), default=-1)
    for sign in before:
        used = any(sign.last < other.first < run.first and not other.amount for other in runs[:at])
        near = sign.last == latest
        weight = sign.weight * (1.0 if near else 0.75) * (0.6 if used and not near else 0.8 if used else 1.0)
        scores[sign.kind] = min(1.0, scores.get(sign.kind, 0.0) * 0.5 + weight)
    following = runs[at + 1].first if at + 1 < len(runs) else len(line.parts)
    for sign in signs_after(line, signs, run, following, last=at + 1 == len(runs)):
        scores[sign.kind] = max(scores.get(sign.kind, 0.0), 0.75 * sign.weight)
    without_last4(scores, line, run)
    here = set(scores)
    for slot in slots.all():
        if line.agent and slot.kind not in HARMLESS:
            continue
        weight = slot.weight * (0.6 if here and slot.kind not in here else 1.0)
        scores[slot.kind] = max(scores.get(slot.kind, 0.0), weight)
    if not line.agent and last and is_bare(line, runs):
        scores[last] = max(scores.get(last, 0.0), 0.7)
    return scores, here
