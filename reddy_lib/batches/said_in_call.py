"""The personal data in a call: in its transcript, and in the names and values of its tags."""

from __future__ import annotations

from collections.abc import Sequence

from reddy_lib.batches.masks import ANY_MASK, is_masked
from reddy_lib.model import Call, Tag
from reddy_lib.personal_data import (
    Echo,
    Said,
    echoes_of,
    find_echoes,
    find_in_name,
    find_in_text,
    find_personal_data,
)
from reddy_lib.personal_data.said import first_in_each_place

__all__ = ["in_name", "in_tag", "items_of", "said_in", "text_of"]


def said_in(call: Call, *, blunt: bool = False) -> list[Said]:
    """Return the personal data in a call's transcript, without what is masked already."""
    lines = call.transcript or []
    return [
        one for one in find_personal_data(lines, blunt=blunt) if not is_masked(lines[one.line - 1].text, one)
    ]


def items_of(call: Call) -> set[tuple[str, object]]:
    """Return each datum of a call once: its kind, and what tells it from others."""
    said = said_in(call)
    echoes = echoes_of(call.transcript or (), said)
    spoken = {(one.kind, ("line", one.item or (one.line, one.begin))) for one in said}
    in_tags = {
        (one.kind, ("tag", number, one.begin))
        for number, tag in enumerate(call.tags or (), 1)
        for one in in_tag(tag, echoes)
    }
    in_names = {
        (one.kind, ("name", number, one.begin))
        for number, tag in enumerate(call.tags or (), 1)
        for one in in_name(tag.key)
    }
    return spoken | in_tags | in_names


def text_of(tag: Tag) -> str:
    return tag.value if isinstance(tag.value, str) else str(tag.value)


def in_tag(tag: Tag, echoes: Sequence[Echo] = ()) -> list[Said]:
    """Return what is personal in a tag. A number is looked at as well: a card number may be one.

    Args:
        echoes: what the call's transcript says, which is personal in a tag as well.
    """
    if isinstance(tag.value, bool):
        return []
    text = text_of(tag)
    # What a mask says of the name is no hint: the value was looked at when the name was not masked yet.
    hint = ANY_MASK.sub(" ", tag.key) if "[" in tag.key else tag.key
    found = find_in_text(text, kind_hint=hint)
    if again := find_echoes(text, echoes):
        found = first_in_each_place([*found, *again])
    return [one for one in found if not is_masked(text, one)]


def in_name(name: str) -> list[Said]:
    return [one for one in find_in_name(name) if not is_masked(name, one)]
