"""Mask personal data in the words and tags of calls, before they leave.

`MaskPersonalData` is a step: it can be undone until a call is sent, and is part of recipes. The words are replaced by what
they were, `[card number]`; the turn, its side and its times stay.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from reddy_lib.batches.step_base import StepBase
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.model import Call, Tag
from reddy_lib.personal_data import KINDS, TITLES, Said, find_in_text, find_personal_data

__all__ = ["MaskPersonalData", "PersonalData", "personal_data_of", "said_in"]


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

    def edited(self, call: Call) -> Call:
        lines = call.transcript or []
        by_line: dict[int, list[Said]] = {}
        for one in said_in(call, blunt=self.blunt):
            if one.kind in self.kinds or self.blunt:
                by_line.setdefault(one.line, []).append(one)
        tags = [self._tag(tag) for tag in call.tags or ()]
        if not by_line and tags == list(call.tags or ()):
            return call
        masked = [
            msgspec.structs.replace(line, text=_masked(line.text, by_line[number]))
            if number in by_line
            else line
            for number, line in enumerate(lines, 1)
        ]
        return msgspec.structs.replace(call, transcript=masked or None, tags=tags or None)

    def _tag(self, tag: Tag) -> Tag:
        found = [one for one in _in_tag(tag) if one.kind in self.kinds]
        if not found:
            return tag
        return msgspec.structs.replace(tag, value=_masked(_text_of(tag), found), type="string")

    def nothing(self) -> str:
        return "no call has personal data of these kinds"

    def title(self) -> str:
        if set(self.kinds) == set(KINDS):
            return "Mask personal data"
        titles = [TITLES[kind] for kind in self.kinds]
        return f"Mask {', '.join(titles[:3])}" + (
            f" and {len(titles) - 3} more kinds" if len(titles) > 3 else ""
        )


class PersonalData(NamedTuple):
    """How much personal data calls hold: by kind, the number of items, and the rows of the calls."""

    items: dict[str, int]
    rows: dict[str, list[int]]
    calls: int  # that were looked through

    @property
    def kinds(self) -> list[str]:
        """The kinds that were found, in the order of `KINDS`."""
        return [kind for kind in KINDS if self.items.get(kind)]


def personal_data_of(
    batch: StoredBatch,
    rows: Iterable[int] | None = None,
    *,
    on_progress: Callable[[int], object] | None = None,
) -> PersonalData:
    """Look through the transcripts and tags of calls (None: all). Nothing is stored, and no words are kept.

    `on_progress`: called with the number of calls that were looked through.

    Raises NotInLedger: the batch has no such row.
    """
    items: Counter[str] = Counter()
    found: dict[str, list[int]] = {}
    looked = 0
    for row, payload in batch.payloads(rows):
        call = msgspec.convert(payload, Call)
        here = Counter(kind for kind, _ in _items(call))
        items.update(here)
        for kind in here:
            found.setdefault(kind, []).append(row)
        looked += 1
        if on_progress is not None:
            on_progress(looked)
    return PersonalData(dict(items), found, looked)


_MASKS = re.compile("|".join(re.escape(f"[{title}]") for title in (*TITLES.values(), "number")))


def said_in(call: Call, *, blunt: bool = False) -> list[Said]:
    """Return the personal data in a call's transcript, without what is masked already."""
    lines = call.transcript or []
    return [
        one for one in find_personal_data(lines, blunt=blunt) if not _is_masked(lines[one.line - 1].text, one)
    ]


def _is_masked(text: str, one: Said) -> bool:
    """Return whether a mask stands there: an answer in words, such as a password, may be the mask itself."""
    return any(mask.start() < one.end and one.begin < mask.end() for mask in _MASKS.finditer(text))


def _items(call: Call) -> set[tuple[str, object]]:
    """Return each datum of a call once: its kind, and what tells it from others."""
    spoken = {(one.kind, ("line", one.item or (one.line, one.begin))) for one in said_in(call)}
    in_tags = {
        (one.kind, ("tag", number, one.begin))
        for number, tag in enumerate(call.tags or (), 1)
        for one in _in_tag(tag)
    }
    return spoken | in_tags


def _text_of(tag: Tag) -> str:
    return tag.value if isinstance(tag.value, str) else str(tag.value)


def _in_tag(tag: Tag) -> list[Said]:
    """Return what is personal in a tag. A number is looked at as well: a card number may be one."""
    if isinstance(tag.value, bool):
        return []
    text = _text_of(tag)
    return [one for one in find_in_text(text, kind_hint=tag.key) if not _is_masked(text, one)]


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
