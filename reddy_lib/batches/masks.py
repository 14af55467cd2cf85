"""The masks that stand for personal data in the words and tags of calls: `[card number]`."""

from __future__ import annotations

import re
from collections import Counter

from reddy_lib.model import Call
from reddy_lib.personal_data import NOT_KEPT, TITLES, Said

__all__ = [
    "ANY_MASK",
    "HIDDEN",
    "MASKED",
    "around_hidden",
    "hidden",
    "is_masked",
    "masks_in",
    "own_masks",
]

MASKED = "[masked]"
"""The mask of words that a person chose."""

_KIND_OF = {f"[{title}]".casefold(): kind for kind, title in TITLES.items()}
_NAMES = "|".join(map(re.escape, (*_KIND_OF, "[number]", MASKED)))
ANY_MASK = re.compile(_NAMES, re.IGNORECASE)
HIDDEN = re.compile(
    rf"{_NAMES}|\[[^\W\d_][^\[\]]{{1,40}}\]|<[^\W\d_][^<>]{{1,40}}>|([*#xX•█_…])\1{{2,}}", re.IGNORECASE
)
"""Masks, and whatever else people type in place of words: `[redacted]`, `[SSN 1]`, `<removed>`, `****`, `XXXX`."""


def hidden(text: str) -> list[str]:
    """Return whatever is in a text in place of words."""
    return [one[0] for one in HIDDEN.finditer(text)]


def around_hidden(text: str) -> list[str]:
    """Return the parts of a text before, between and after what is in place of words."""
    return HIDDEN.sub("\0", text).split("\0")


def masks_in(call: Call) -> Counter[str]:
    """Return how many masks a call's transcript and tags have, by kind."""
    texts = [line.text for line in call.transcript or ()]
    texts += [tag.value for tag in call.tags or () if isinstance(tag.value, str)]
    texts += [tag.key for tag in call.tags or ()]
    return Counter(
        _KIND_OF[mask[0].casefold()]
        for text in texts
        if "[" in text
        for mask in ANY_MASK.finditer(text)
        if mask[0].casefold() in _KIND_OF
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
