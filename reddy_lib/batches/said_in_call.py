"""The personal data in a call: in its transcript, in the names and values of its tags, and in the name of its recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reddy_lib.batches.masks import ANY_MASK, is_masked
from reddy_lib.model import Call, Tag
from reddy_lib.personal_data import (
    Said,
    find_in_name,
    find_in_text,
    find_personal_data,
    repeats,
    values_in,
    values_of,
)
from reddy_lib.personal_data.repeats import Value
from reddy_lib.personal_data.said import first_in_each_place

__all__ = ["InTag", "in_file_name", "in_tags", "items_of", "said_in", "text_of", "told_by_words"]


class InTag(NamedTuple):
    """What was found in a tag."""

    name: list[Said]
    value: list[Said]


def said_in(call: Call, *, blunt: bool = False) -> list[Said]:
    """Return the personal data in a call's transcript, without what is masked already."""
    return _in_lines(call, find_personal_data(call.transcript or [], blunt=blunt), _by_tag(call))


def items_of(call: Call) -> set[tuple[str, object]]:
    """Return each datum of a call once: its kind, and what tells it from others."""
    said, by_tag = find_personal_data(call.transcript or []), _by_tag(call)
    found: set[tuple[str, object]] = {
        (one.kind, ("line", one.item or (one.line, one.begin))) for one in _in_lines(call, said, by_tag)
    }
    told = _values(call, said) if by_tag else []
    for number, tag in enumerate(_in_tags(call, by_tag, told), 1):
        found |= {(one.kind, ("name", number, one.begin)) for one in tag.name}
        found |= {(one.kind, ("tag", number, one.begin)) for one in tag.value}
    return found


def told_by_words(call: Call) -> list[Value]:
    """Return the personal values in the words of a call, to be found again elsewhere in the call."""
    return _values(call, find_personal_data(call.transcript or []))


def in_tags(call: Call, told: Sequence[Value]) -> list[InTag]:
    """Return what is personal in each tag.

    Args:
        told: from `told_by_words`: personal in a tag too, although the tag itself does not show it.
    """
    return _in_tags(call, _by_tag(call), told)


def in_file_name(call: Call, told: Sequence[Value]) -> list[Said]:
    """Return where the recording's file name repeats a value from the words."""
    return first_in_each_place(repeats(call.filename, told)) if call.filename else []


def text_of(tag: Tag) -> str:
    return tag.value if isinstance(tag.value, str) else str(tag.value)


def _by_tag(call: Call) -> list[list[Said]]:
    """Return what the value of each tag shows by itself."""
    return [_in_value(tag) for tag in call.tags or ()]


def _in_lines(call: Call, said: Sequence[Said], by_tag: Sequence[Sequence[Said]]) -> list[Said]:
    """Return what was found in the lines and what repeats a value of a tag, without what is masked already."""
    lines = call.transcript or []
    told = [
        value
        for tag, found in zip(call.tags or (), by_tag, strict=True)
        if found
        for value in values_in(text_of(tag), found)
    ]
    again = [
        one._replace(line=number)
        for number, line in enumerate(lines if told else (), 1)
        for one in repeats(line.text, told)
    ]
    found = first_in_each_place([*said, *again]) if again else said
    return [one for one in found if not is_masked(lines[one.line - 1].text, one)]


def _values(call: Call, said: Sequence[Said]) -> list[Value]:
    lines = call.transcript or []
    return values_of(lines, [one for one in said if not is_masked(lines[one.line - 1].text, one)])


def _in_tags(call: Call, by_tag: Sequence[list[Said]], told: Sequence[Value]) -> list[InTag]:
    return [
        InTag(_with(tag.key, _in_name(tag.key), told), _with(text_of(tag), found, told))
        for tag, found in zip(call.tags or (), by_tag, strict=True)
    ]


def _with(text: str, found: list[Said], told: Sequence[Value]) -> list[Said]:
    again = repeats(text, told)
    if not again:
        return found
    return [one for one in first_in_each_place([*found, *again]) if not is_masked(text, one)]


def _in_value(tag: Tag) -> list[Said]:
    """Return what is personal in a tag's value. Numbers are searched too: a card number may be stored as one."""
    if isinstance(tag.value, bool):
        return []
    text = text_of(tag)
    # What a mask says of the name is no hint: the value was looked at when the name was not masked yet.
    hint = ANY_MASK.sub(" ", tag.key) if "[" in tag.key else tag.key
    return [one for one in find_in_text(text, kind_hint=hint) if not is_masked(text, one)]


def _in_name(name: str) -> list[Said]:
    return [one for one in find_in_name(name) if not is_masked(name, one)]
