"""Which line (or tag) of a call became which, after an edit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

import msgspec

__all__ = ["Pair", "pair_lines", "same_as_sent"]


class Pair(NamedTuple):
    """An item before and after an edit, by number from 1. `old` None: it was added; `new` None: it was deleted."""

    old: int | None
    new: int | None
    same: bool


def pair_lines(before: Sequence[msgspec.Struct], after: Sequence[msgspec.Struct]) -> Iterator[Pair]:
    """Pair the items of two lists, in order: the unchanged ones (`same_as_sent`), and the changed ones between them one
    by one."""
    old, new = [msgspec.json.encode(one) for one in before], [msgspec.json.encode(one) for one in after]
    if old == new:
        yield from (Pair(number, number, True) for number in range(1, len(old) + 1))
        return
    for kind, a, a_end, b, b_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for offset in range(max(a_end - a, b_end - b)):
            yield Pair(
                a + offset + 1 if a + offset < a_end else None,
                b + offset + 1 if b + offset < b_end else None,
                kind == "equal",
            )


def same_as_sent(one: object, other: object) -> bool:
    """Compare two values as they are sent: 1, 1.0 and true are equal in Python, but not to Reddy."""
    return msgspec.json.encode(one) == msgspec.json.encode(other)
