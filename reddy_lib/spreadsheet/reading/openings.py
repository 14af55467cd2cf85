"""The message that opens a conversation, where a record keeps it beside the list of the others.

Chat services do: `{"source": {"author": …, "body": "Hi"}, "parts": [{"author": …, "body": …}, …]}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from reddy_lib.spreadsheet.cells.header_words import plain_name

__all__ = ["with_opening"]

_TIMED = re.compile(r"(?:.* )?(?:at|date|time|timestamp|ts|start|created|sent)")
_WORDS = re.compile(r"text|message|utterance|content|body|plain body|comment|display|caption|html body")
_NO_OPENING = frozenset(
    ("last", "latest", "newest", "recent", "final", "closing", "reply", "quoted", "parent", "draft")
)
_SPEAKER = re.compile(r"(?:.* )?(?:author|speaker|role|sender|from|participant|party|user|by|who)(?: .*)?")


def with_opening(record: Mapping[str, Any], turns_of: Callable[[Any], bool]) -> Mapping[str, Any]:
    """Return the record with its opening message as the first of its turns, no longer beside them.

    `turns_of`: whether a list holds turns.
    """
    for key, turns in record.items():
        if not isinstance(turns, list) or not turns or not isinstance(turns[0], dict):
            continue
        found = _opening_of(record, turns)
        if found is not None and turns_of(turns):
            name, opening, words = found
            rest = {inner: value for inner, value in record[name].items() if inner not in words}
            return {**record, name: rest, key: [opening, *turns]}
    return record


def _opening_of(
    record: Mapping[str, Any], turns: Sequence[Any]
) -> tuple[str, dict[str, Any], Collection[str]] | None:
    """Return (key, turn, keys of its words) of an object of the record that is a turn as those of the list are; else None.

    It has its words and who said them under the same keys as they have. What it lacks of their times is taken from the
    record: a conversation begins when its first message is written.
    """
    heads = [turn for turn in turns[:8] if isinstance(turn, dict)]
    if not heads:
        return None
    shared = set.intersection(*(set(turn) for turn in heads))
    words = {key for key in shared if _WORDS.fullmatch(plain_name(str(key)))}
    speakers = {key for key in shared if _SPEAKER.fullmatch(plain_name(str(key)))} - words
    for name, value in record.items():
        if not isinstance(value, dict) or not speakers & value.keys():
            continue
        said = {key: value[key] for key in words & value.keys() if isinstance(value[key], str)}
        if not any(text.strip() for text in said.values()):
            continue
        if not _NO_OPENING.isdisjoint(plain_name(str(name)).split()):
            continue
        if any(
            isinstance(turn, dict) and all(turn.get(key) == text for key, text in said.items())
            for turn in turns
        ):
            continue  # the list has it
        times = {
            key: record[key]
            for key in shared - value.keys()
            if isinstance(record.get(key), str | int | float) and _TIMED.fullmatch(plain_name(str(key)))
        }
        return str(name), {**times, **value}, said.keys()
    return None
