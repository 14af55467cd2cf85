"""Mask personal data in the words and tags of calls, before they leave.

`MaskPersonalData` is a step: it can be undone until a call is sent, and is part of recipes. The words are replaced by what
they were, `[card number]`; the turn, its side and its times stay. A tag's name leaves as well as its value, so both are
looked at. Values found in the words are also masked elsewhere in the call: in a note, in the recording's file name.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from reddy_lib.batches.masked_names import distinct
from reddy_lib.batches.said_in_call import InTag, in_call, said_in, text_of
from reddy_lib.batches.step_base import StepBase
from reddy_lib.model import Call, Tag
from reddy_lib.personal_data import KINDS, TITLES, Said
from reddy_lib.spreadsheet.cells.web_addresses import announced_name

__all__ = ["MaskPersonalData"]


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
        return self._lines(said_in(call, blunt=self.blunt))

    def edited(self, call: Call) -> Call:
        found = in_call(call)
        by_line: dict[int, list[Said]] = {}
        for one in self.said(call) if self.blunt else self._lines(found.lines):
            by_line.setdefault(one.line, []).append(one)
        tags = self._tags(call, found.tags)
        filename = self._name_of_file(call, found.file_name)
        if not by_line and tags == list(call.tags or ()) and filename == call.filename:
            return call
        masked = [
            msgspec.structs.replace(line, text=_masked(line.text, by_line[number]))
            if number in by_line
            else line
            for number, line in enumerate(call.transcript or (), 1)
        ]
        return msgspec.structs.replace(call, transcript=masked or None, tags=tags or None, filename=filename)

    def _lines(self, said: Sequence[Said]) -> list[Said]:
        return list(said) if self.blunt else self._of(said)

    def _tags(self, call: Call, found: Sequence[InTag]) -> list[Tag]:
        tags = list(call.tags or ())
        before = [tag.key for tag in tags]
        after = [_masked(tag.key, self._of(one.name)) for tag, one in zip(tags, found, strict=True)]
        values = [_tag(tag, self._of(one.value)) for tag, one in zip(tags, found, strict=True)]
        if after == before:
            return values
        return [
            Tag(key, tag.value, tag.type) for key, tag in zip(distinct(before, after), values, strict=True)
        ]

    def _name_of_file(self, call: Call, found: Sequence[Said]) -> str | None:
        """Return the recording's file name with such values replaced: "call_4762….wav" becomes "call_masked.wav".

        Of a web address, Reddy is told the name at its end alone, so that its folders stay as they are.
        """
        chosen = self._of(found)
        if not chosen:
            return call.filename
        name = announced_name(call.filename or "")
        for one in reversed(chosen):
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


def _tag(tag: Tag, found: Sequence[Said]) -> Tag:
    if not found:
        return tag
    return msgspec.structs.replace(tag, value=_masked(text_of(tag), found), type="string")


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
