"""Mask personal data in the words and tags of calls, before they leave.

`MaskPersonalData` is a step: it can be undone until a call is sent, and is part of recipes. The words are replaced by what
they were, `[card number]`; the turn, its side and its times stay. A tag's name leaves as well as its value, so both are
looked at. What the words tell is masked wherever else the call has it: in a note, in the name of its recording.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from reddy_lib.batches.masked_names import distinct
from reddy_lib.batches.masks import ANY_MASK, is_masked
from reddy_lib.batches.step_base import StepBase
from reddy_lib.model import Call, Tag
from reddy_lib.personal_data import (
    KINDS,
    TITLES,
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

__all__ = ["MaskPersonalData", "items_of", "said_in"]


class MaskPersonalData(StepBase, frozen=True, kw_only=True, tag="mask-personal-data"):
    """Replace personal data of these kinds in the transcript and in text tags by what it was.

    `blunt`: also every other number of three digits or more.
    """

    kinds: tuple[str, ...] = KINDS
    blunt: bool = False

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.kinds if kind not in TITLES]
        if unknown:
            raise ValueError(
                f"There is no kind {unknown[0]!r} of personal data: choose among {', '.join(KINDS)}."
            )

    def said(self, call: Call) -> list[Said]:
        """Return what the step masks in a call's transcript."""
        return [one for one in said_in(call, blunt=self.blunt) if one.kind in self.kinds or self.blunt]

    def edited(self, call: Call) -> Call:
        return self.masked(call, self.said(call))

    def masked(self, call: Call, said: Sequence[Said]) -> Call:
        """Return a call with these places masked, and its tags."""
        lines = call.transcript or []
        by_line: dict[int, list[Said]] = {}
        for one in said:
            by_line.setdefault(one.line, []).append(one)
        told = _told(call) if call.tags or call.filename else []
        tags = self._tags(call, told)
        filename = self._name_of_file(call, told)
        if not by_line and tags == list(call.tags or ()) and filename == call.filename:
            return call
        masked = [
            msgspec.structs.replace(line, text=_masked(line.text, by_line[number]))
            if number in by_line
            else line
            for number, line in enumerate(lines, 1)
        ]
        return msgspec.structs.replace(call, transcript=masked or None, tags=tags or None, filename=filename)

    def _tags(self, call: Call, told: Sequence[Value]) -> list[Tag]:
        tags = list(call.tags or ())
        in_tags = _in_tags(call, _in_values(call), told)
        before = [tag.key for tag in tags]
        after = [_masked(key, self._of(found)) for key, (found, _) in zip(before, in_tags, strict=True)]
        values = [_tag(tag, self._of(found)) for tag, (_, found) in zip(tags, in_tags, strict=True)]
        if after == before:
            return values
        return [
            Tag(key, tag.value, tag.type) for key, tag in zip(distinct(before, after), values, strict=True)
        ]

    def _name_of_file(self, call: Call, told: Sequence[Value]) -> str | None:
        """Return the name of the recording without what the words say: "card_4762…wav"."""
        name = call.filename
        for one in reversed(first_in_each_place(repeats(name, told))) if name else ():
            if one.kind in self.kinds and name:
                name = f"{name[: one.begin]}masked{name[one.end :]}"
        return name

    def _of(self, found: Sequence[Said]) -> list[Said]:
        return [one for one in found if one.kind in self.kinds]

    def nothing(self) -> str:
        return "no call has personal data of these kinds"

    def title(self) -> str:
        if set(self.kinds) == set(KINDS):
            return "Mask personal data"
        titles = [TITLES[kind] for kind in self.kinds]
        return f"Mask {', '.join(titles[:3])}" + (
            f" and {len(titles) - 3} more kinds" if len(titles) > 3 else ""
        )


def said_in(call: Call, *, blunt: bool = False) -> list[Said]:
    """Return the personal data in a call's transcript, without what is masked already."""
    return _in_lines(call, find_personal_data(call.transcript or [], blunt=blunt), _in_values(call))


def items_of(call: Call) -> set[tuple[str, object]]:
    """Return each datum of a call once: its kind, and what tells it from others."""
    said, in_values = find_personal_data(call.transcript or []), _in_values(call)
    found: set[tuple[str, object]] = {
        (one.kind, ("line", one.item or (one.line, one.begin))) for one in _in_lines(call, said, in_values)
    }
    in_tags = _in_tags(call, in_values, _values(call, said)) if call.tags else ()
    for number, (in_name, in_value) in enumerate(in_tags, 1):
        found |= {(one.kind, ("name", number, one.begin)) for one in in_name}
        found |= {(one.kind, ("tag", number, one.begin)) for one in in_value}
    return found


def _in_lines(call: Call, said: Sequence[Said], in_values: Sequence[Sequence[Said]]) -> list[Said]:
    """Return what was found in the lines, and what a tag says it is."""
    lines, tags = call.transcript or [], call.tags or ()
    told = [
        value
        for tag, found in zip(tags, in_values, strict=True)
        if found
        for value in values_in(_text_of(tag), found)
    ]
    again = [
        one._replace(line=number)
        for number, line in enumerate(lines if told else (), 1)
        for one in repeats(line.text, told)
    ]
    found = first_in_each_place([*said, *again]) if again else said
    return [one for one in found if not is_masked(lines[one.line - 1].text, one)]


def _told(call: Call) -> list[Value]:
    """Return what the words of a call tell, as it may be written elsewhere in it."""
    return _values(call, find_personal_data(call.transcript or []))


def _values(call: Call, said: Sequence[Said]) -> list[Value]:
    lines = call.transcript or []
    return values_of(lines, [one for one in said if not is_masked(lines[one.line - 1].text, one)])


def _in_values(call: Call) -> list[list[Said]]:
    """Return what the value of each tag shows by itself."""
    return [_in_tag(tag) for tag in call.tags or ()]


def _in_tags(
    call: Call, in_values: Sequence[list[Said]], told: Sequence[Value]
) -> list[tuple[list[Said], list[Said]]]:
    """Return what is in the name and in the value of each tag, by itself and as one of the values that the words tell."""
    return [
        (_with(tag.key, _in_name(tag.key), told), _with(_text_of(tag), in_value, told))
        for tag, in_value in zip(call.tags or (), in_values, strict=True)
    ]


def _with(text: str, found: list[Said], told: Sequence[Value]) -> list[Said]:
    again = repeats(text, told)
    if not again:
        return found
    return [one for one in first_in_each_place([*found, *again]) if not is_masked(text, one)]


def _tag(tag: Tag, found: Sequence[Said]) -> Tag:
    if not found:
        return tag
    return msgspec.structs.replace(tag, value=_masked(_text_of(tag), found), type="string")


def _text_of(tag: Tag) -> str:
    return tag.value if isinstance(tag.value, str) else str(tag.value)


def _in_tag(tag: Tag) -> list[Said]:
    """Return what is personal in a tag. A number is looked at as well: a card number may be one."""
    if isinstance(tag.value, bool):
        return []
    text = _text_of(tag)
    # What a mask says of the name is no hint: the value was looked at when the name was not masked yet.
    hint = ANY_MASK.sub(" ", tag.key) if "[" in tag.key else tag.key
    return [one for one in find_in_text(text, kind_hint=hint) if not is_masked(text, one)]


def _in_name(name: str) -> list[Said]:
    return [one for one in find_in_name(name) if not is_masked(name, one)]


def _masked(text: str, found: Sequence[Said]) -> str:
    """Return a text with each datum replaced by its kind; pieces of one datum become one mask."""
    parts: list[str] = []
    at = 0
    last: Said | None = None
    for one in sorted(found, key=lambda said: said.begin):
        goes_on = last is not None and last.kind == one.kind and last.item == one.item and one.item
        parts.append(text[at : one.begin])
        if not goes_on:
            parts.append(f"[{TITLES.get(one.kind, 'number')}]")
        at, last = one.end, one
    return "".join(parts) + text[at:]
