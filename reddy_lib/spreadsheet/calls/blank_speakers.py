"""Fill in the speaker of rows whose speaker cell is empty, where the other rows show who speaks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from reddy_lib.findings import Finding, finding
from reddy_lib.transcripts.asides import is_aside, is_event, is_note

__all__ = ["with_speakers"]


def with_speakers(turns: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Return the turns of a call with the speakers of rows that name none, where it shows whose they are, and a finding
    for each of these rows.

    A row that continues a sentence is joined to it. Elsewhere an empty cell means the speaker above it only if
    the call names its speakers where they change, and nowhere else. A remark about the call has no speaker.
    """
    found, told = _joined(turns)
    if not _named_where_they_change([turn["role"] for turn in found if not _is_remark(turn)]):
        return found, told
    speaker = ""
    for number, turn in enumerate(found, start=1):
        if turn["role"]:
            speaker = turn["role"]
            continue
        if _is_remark(turn):
            continue
        turn["role"] = speaker
        message = f"A row without a speaker was assigned to {speaker}: this call names speakers only where they change."
        told.append(
            finding("line-without-speaker", "transcript", message, line=number, value=turn["text"][:200])
        )
    return found, told


def _is_remark(turn: dict[str, Any]) -> bool:
    """Return whether a row without a speaker is a remark about the call: "[hold music]", "System note: …"."""
    text = turn["text"]
    return not turn["role"] and (is_event(text) or is_note(text) or is_aside(text))


def _named_where_they_change(labels: Sequence[str]) -> bool:
    """Return whether no speaker is named twice in a row, or again below a gap, and gaps have another one below them."""
    named = [label for label in labels if label]
    if not labels or not labels[0] or len(named) == len(labels) or len(named) < _FEWEST:
        return False
    inside = sum(not one and bool(other) for one, other in pairwise(labels))
    # A single gap may be a remark about the call rather than speech.
    return inside > 1 and all(one != other for one, other in pairwise(named))


_FEWEST = 3
"""Fewest named speakers for their order not to be chance."""


def _joined(turns: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Return the turns, each with the rows without a speaker that go on with its sentence, and a finding for each row."""
    found: list[dict[str, Any]] = []
    continued: list[Finding] = []
    ended = 2 * sum(_is_ended(turn["text"]) for turn in turns) > len(turns)
    for turn in turns:
        unlabelled = not turn["role"] and found and found[-1]["role"] and not _is_remark(turn)
        if not unlabelled or not _goes_on(found[-1]["text"], turn["text"], ended=ended):
            found.append(turn)
            continue
        found[-1]["text"] = f"{found[-1]['text']} {turn['text']}"
        if "stop" in turn:
            found[-1]["stop"] = turn["stop"]
        message = "A row without a speaker continues the sentence above it."
        continued.append(
            finding("line-without-speaker", "transcript", message, line=len(found), value=turn["text"][:200])
        )
    return found, continued


def _goes_on(before: str, text: str, *, ended: bool) -> bool:
    """Return whether a row continues the sentence above it. `ended`: most sentences here have a mark at their end."""
    before, text = before.rstrip(), text.lstrip()
    if not before or not text or _is_ended(before):
        return False
    return text[0].islower() or ended


def _is_ended(text: str) -> bool:
    return text.rstrip().rstrip("\"'”’»)]")[-1:] in _SENTENCE_ENDS


_SENTENCE_ENDS = frozenset(".?!…。？！:;")
