"""The personal data in a call: in its transcript, in the names and values of its tags, and in the name of its recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reddy_lib.batches.masks import ANY_MASK, is_masked, masks_in
from reddy_lib.model import Call, Tag
from reddy_lib.personal_data import (
    Said,
    find_in_file_name,
    find_in_name,
    find_in_text,
    find_personal_data,
    repeats,
    values_in,
    values_of,
)
from reddy_lib.personal_data.repeats import Value
from reddy_lib.personal_data.said import first_in_each_place
from reddy_lib.spreadsheet.cells.web_addresses import announced_name

__all__ = ["InCall", "InTag", "in_call", "items_of", "said_in", "text_of"]


class InTag(NamedTuple):
    """What was found in a tag."""

    name: list[Said]
    value: list[Said]


class InCall(NamedTuple):
    """What was found in a call, without what is masked already.

    Attributes:
        lines: in the transcript.
        tags: in each tag.
        file_name: in the name of the recording, `announced_name` of it if it is a web address.
    """

    lines: list[Said]
    tags: list[InTag]
    file_name: list[Said]


def said_in(call: Call, *, blunt: bool = False) -> list[Said]:
    """Return the personal data in a call's transcript, without what is masked already."""
    return _in_lines(
        call, find_personal_data(call.transcript or [], blunt=blunt), _told_by_tags(call, _by_tag(call))
    )


def in_call(call: Call) -> InCall:
    """Return the personal data in a call. The finder, which takes the time, reads the words once."""
    said, by_tag = find_personal_data(call.transcript or []), _by_tag(call)
    by_tags = _told_by_tags(call, by_tag)
    by_words = _values(call, said) if by_tag or call.filename else []
    return InCall(
        _in_lines(call, said, by_tags),
        _in_tags(call, by_tag, by_words),
        _in_file_name(call, [*by_words, *by_tags]),
    )


def items_of(call: Call) -> set[tuple[str, object]]:
    """Return each datum of a call once: its kind, and what tells it from others."""
    lines, tags, file_name = in_call(call)
    found: set[tuple[str, object]] = {
        (one.kind, ("line", one.item or (one.line, one.begin))) for one in lines
    }
    for number, tag in enumerate(tags, 1):
        found |= {(one.kind, ("name", number, one.begin)) for one in tag.name}
        found |= {(one.kind, ("tag", number, one.begin)) for one in tag.value}
    return found | {(one.kind, ("file name", one.begin)) for one in file_name}


def text_of(tag: Tag) -> str:
    return tag.value if isinstance(tag.value, str) else str(tag.value)


def _by_tag(call: Call) -> list[list[Said]]:
    """Return what the value of each tag shows by itself."""
    return [_in_value(tag) for tag in call.tags or ()]


def _told_by_tags(call: Call, by_tag: Sequence[Sequence[Said]]) -> list[Value]:
    return [
        value
        for tag, found in zip(call.tags or (), by_tag, strict=True)
        if found
        for value in values_in(text_of(tag), found)
    ]


def _in_lines(call: Call, said: Sequence[Said], told: Sequence[Value]) -> list[Said]:
    """Return what was found in the lines and what repeats a value of a tag, without what is masked already."""
    lines = call.transcript or []
    again = [
        one._replace(line=number)
        for number, line in enumerate(lines if told else (), 1)
        for one in repeats(line.text, told)
    ]
    found = first_in_each_place([*said, *again]) if again else list(said)
    return [one for one in found if not is_masked(lines[one.line - 1].text, one)]


def _values(call: Call, said: Sequence[Said]) -> list[Value]:
    lines = call.transcript or []
    return values_of(lines, [one for one in said if not is_masked(lines[one.line - 1].text, one)])


def _in_tags(call: Call, by_tag: Sequence[list[Said]], told: Sequence[Value]) -> list[InTag]:
    return [
        InTag(_with(tag.key, _in_name(tag.key), told), _with(text_of(tag), found, told))
        for tag, found in zip(call.tags or (), by_tag, strict=True)
    ]


def _in_file_name(call: Call, told: Sequence[Value]) -> list[Said]:
    """Return where the recording's name repeats a value of the call, and what its form shows.

    Names of people do not count: agents' names are in many file names, and tell the files apart.
    """
    name = announced_name(call.filename or "")
    if not name:
        return []
    found = repeats(name, [one for one in told if one.kind != "name"])
    agent = (call.agent_email or "").casefold()
    for one in find_in_file_name(name, masks_in(call)):
        agents = one.kind == "email" and agent and agent in name[one.begin : one.end].casefold()
        if not agents and not any(other.begin < one.end and one.begin < other.end for other in found):
            found.append(one)
    return first_in_each_place(found)


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
