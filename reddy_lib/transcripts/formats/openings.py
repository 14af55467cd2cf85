"""The message that opens a conversation, where a record keeps it beside the list of the others.

Chat services do: `{"source": {"author": …, "body": "Hi"}, "parts": {"parts": [{"author": …, "body": …}, …]}}`. Such an
object is a turn as those of the list are: its words and who said them stand under the same keys.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from reddy_lib.transcripts.formats.turn_keys import plan_of
from reddy_lib.transcripts.key_names import words_in

__all__ = ["Opening", "opening_of"]

_NO_OPENING_TEXT = """
last latest newest recent final closing reply quoted parent draft summary abstract highlight alternative sentiment
analysis question label tag attachment
"""
_NO_OPENING = frozenset(_NO_OPENING_TEXT.split())
_HEADS = 8
"""Turns of the list that show its keys."""


class Opening(NamedTuple):
    """An opening message: the keys of the object that holds it, its own key, the turn, and the keys of its words."""

    holder: tuple[str, ...]
    key: str
    turn: dict[str, Any]
    words: Collection[str]


def opening_of(record: Mapping[Any, Any], path: Sequence[str], turns: Sequence[Any]) -> Opening | None:
    """Return the message that stands beside the list at `path` and belongs before it, or None.

    What it lacks of the times of the turns is taken from the object that holds it: a conversation begins when its first
    message is written.
    """
    heads = [turn for turn in turns[:_HEADS] if isinstance(turn, dict)]
    if not heads:
        return None
    shared = set.intersection(*(set(turn) for turn in heads))
    holder: Any = record
    for depth in range(len(path)):
        if not isinstance(holder, dict):
            return None
        for name, value in holder.items():
            if isinstance(value, dict) and name != path[depth] and len(shared & value.keys()) >= 2:
                found = _as_turn(str(name), value, holder, turns)
                if found is not None:
                    return Opening(tuple(path[:depth]), str(name), *found)
        holder = holder.get(path[depth])
    return None


def _as_turn(
    name: str, value: dict[Any, Any], holder: Mapping[Any, Any], turns: Sequence[Any]
) -> tuple[dict[str, Any], Collection[str]] | None:
    if not _NO_OPENING.isdisjoint(word.removesuffix("s") for word in words_in(name)):
        return None
    objects = [turn for turn in turns if isinstance(turn, dict)]
    plan = plan_of(objects)
    if not plan.role or not plan.text or plan.role[0] not in value:
        return None
    said = {key: text for key in plan.text if isinstance(text := value.get(key), str) and text.strip()}
    if not said or any(all(turn.get(key) == text for key, text in said.items()) for turn in objects):
        return None  # nothing is said, or the list has it
    time = next((key for key, _ in plan.start if key in holder and key not in value), None)
    times = (
        {str(time): holder[time]} if time is not None and isinstance(holder[time], str | int | float) else {}
    )
    # Its type is that of the conversation, while those of the others say which of them are messages.
    rest = {str(key): inner for key, inner in value.items() if key != "type"}
    return {**times, **rest}, said.keys()
