"""Cues of subtitles that nobody said: sounds, status events, notes, data of a player.

They name no speaker where all speech does, or stand under the label of a machine that says nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from reddy_lib.transcripts.asides import is_event, is_note
from reddy_lib.transcripts.roles import is_machine
from reddy_lib.transcripts.turns import Turn
from reddy_lib.transcripts.unspoken import kind_said

__all__ = ["is_caption", "is_speaker"]

_ENCLOSED = re.compile(
    r"\[[^\[\]]*\]|\([^()]*\)|\*+[^*]+\*+|[♪♫#]+(?:[^♪♫]*[♪♫#]+)?|-{2,}[^-]+-{2,}|={2,}[^=]+={2,}"
)
_HEAD = re.compile(r"[\[(]?(?P<head>[^\W\d_]+(?:[ _-][^\W\d_]+)?)(?:[\])]\s*:?|\s*:)\s*(?P<rest>.+)")
_CODE = re.compile(r"[a-z0-9]+(?:[_.:-][a-z0-9]+)+", re.IGNORECASE)
_MOST_WORDS = 5


def is_caption(text: str) -> bool:
    """Return whether a cue without a speaker, among cues that name theirs, is no speech: "[hold music]"."""
    text = " ".join(text.split())
    if not any(map(str.isalnum, text)) or _ENCLOSED.fullmatch(text) or _is_object(text):
        return True
    if is_event(text) or is_note(text, opening=True):
        return True
    headed = _HEAD.fullmatch(text)
    if headed is not None:
        head = headed["head"]
        return (is_machine(head) or kind_said(head) == "event") and _is_status(headed["rest"])
    return len(text.split()) == 1 and _is_status(text)


def is_speaker(turn: Turn, turns: Iterable[Turn]) -> bool:
    """Return whether the label of a turn says anything but the status of the call: "System: Agent joined" is no speaker."""
    label = turn.label
    if any(map(str.isdecimal, label)) or not (is_machine(label) or kind_said(label) == "event"):
        return True
    return not all(_is_status(other.text) for other in turns if other.label == label)


def _is_status(text: str) -> bool:
    """Return whether a few words under the name of a machine are the status of a call, or the code of an event."""
    text = text.strip()
    if is_event(text, machine=True) or _CODE.fullmatch(text):
        return True
    return len(text.split()) <= _MOST_WORDS and text[-1:] not in ".?!,…" and kind_said(text) == "event"


def _is_object(text: str) -> bool:
    if text[:1] not in "[{" or text[-1:] not in "]}":
        return False
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False
