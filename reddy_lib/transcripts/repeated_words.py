"""Words that stand between most lines of a transcript: they are its form, such as "Speaker" and "Text", and no speech."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

__all__ = ["is_repeated", "repeated_words"]

_DIGITS = re.compile(r"\d+")
_LONGEST = 40


def repeated_words(gaps: Sequence[Sequence[str]]) -> set[str]:
    """Return what stands in most of these gaps between two lines, its digits aside: words, and the turns' numbers."""
    counts = Counter(_DIGITS.sub("0", text) for texts in gaps for text in set(texts) if len(text) <= _LONGEST)
    most = max(3, 0.6 * (len(gaps) - 1))
    return {text for text, count in counts.items() if count >= most}


def is_repeated(text: str, repeated: set[str]) -> bool:
    """Tell whether a text of a gap is among those that stand in most of them."""
    return bool(repeated) and _DIGITS.sub("0", text) in repeated
