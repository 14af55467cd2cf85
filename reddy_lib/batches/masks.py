"""The masks that stand for personal data in the words and tags of calls: `[card number]`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from reddy_lib.model import Call
from reddy_lib.personal_data import NOT_KEPT, TITLES, Said

__all__ = [
    "ANY_MASK",
    "MASKED",
    "hand_masks_said",
    "is_masked",
    "masked_since",
    "masks_in",
    "masks_said",
    "own_masks",
]

MASKED = "[masked]"
"""The mask of words that a person chose."""

_KIND_OF = {f"[{title}]": kind for kind, title in TITLES.items()}
ANY_MASK = re.compile("|".join(map(re.escape, (*_KIND_OF, "[number]", MASKED))))


def masks_in(call: Call) -> Counter[str]:
    """Return how many masks a call's transcript and tags have, by kind."""
    texts = [line.text for line in call.transcript or ()]
    texts += [tag.value for tag in call.tags or () if isinstance(tag.value, str)]
    texts += [tag.key for tag in call.tags or ()]
    return Counter(
        _KIND_OF[mask[0]]
        for text in texts
        if "[" in text
        for mask in ANY_MASK.finditer(text)
        if mask[0] in _KIND_OF
    )


def own_masks(call: Call, loaded: Call, *, removed: bool) -> Counter[str]:
    """Return the masks that a call was not loaded with, by kind.

    Args:
        loaded: the call as it was loaded.
        removed: codes were removed from every copy of the call, so that it looks as if it had been loaded with their masks.
    """
    of_sheet = masks_in(loaded)
    if removed:
        for kind in NOT_KEPT:
            del of_sheet[kind]
    return masks_in(call) - of_sheet


def is_masked(text: str, one: Said) -> bool:
    """Return whether a mask stands there: an answer in words, such as a password, may be the mask itself."""
    return "[" in text and any(
        mask.start() < one.end and one.begin < mask.end() for mask in ANY_MASK.finditer(text)
    )


def masks_said(call: Call, kinds: Sequence[str]) -> list[Said]:
    """Return where a transcript has masks of these kinds, to silence what was said there."""
    return [
        Said(number, mask.start(), mask.end(), _KIND_OF[mask[0]])
        for number, line in enumerate(call.transcript or (), 1)
        if "[" in line.text
        for mask in ANY_MASK.finditer(line.text)
        if _KIND_OF.get(mask[0]) in kinds
    ]


def hand_masks_said(call: Call) -> list[Said]:
    """Return where a transcript has masks that name no kind: those of words that a person chose, and of bare numbers."""
    return [
        Said(number, mask.start(), mask.end(), "number")
        for number, line in enumerate(call.transcript or (), 1)
        if "[" in line.text
        for mask in ANY_MASK.finditer(line.text)
        if mask[0] not in _KIND_OF
    ]


def masked_since(call: Call, loaded: Call, *, removed: bool) -> bool:
    """Return whether words of a transcript are masked with which the call was loaded. `removed`: as in `own_masks`."""
    before = _spoken_masks(loaded)
    if removed:
        for kind in NOT_KEPT:
            del before[f"[{TITLES[kind]}]"]
    return bool(_spoken_masks(call) - before)


def _spoken_masks(call: Call) -> Counter[str]:
    return Counter(
        mask[0] for line in call.transcript or () if "[" in line.text for mask in ANY_MASK.finditer(line.text)
    )
