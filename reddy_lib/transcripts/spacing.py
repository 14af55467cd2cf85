"""What belongs between two words that a source lists one by one: a space, except in scripts that are written without."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["UNSPACED", "between", "is_spelled_out", "join_words"]

UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""A letter of a script that is written without spaces: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""
_EDGE = re.compile(UNSPACED.pattern[:-1] + "\u3000-\u303f\uff00-\uffef]")


def between(before: str, after: str, space: str = " ") -> str:
    """Return what belongs between two words: `space`, or nothing where one of them is of a script without spaces."""
    last, first = before[-1:], after[:1]
    if last.isascii() and first.isascii():
        return space
    return "" if _EDGE.match(last) or _EDGE.match(first) else space


def is_spelled_out(words: Sequence[str]) -> bool:
    """Return whether a text without spaces is listed letter by letter, its foreign words and numbers too."""
    letters = sum(len(word) == 1 for word in words)
    return letters >= 0.9 * len(words) and any(map(UNSPACED.search, words))


def join_words(words: Sequence[str]) -> str:
    """Return one text of words, some of which may hold their own spaces."""
    if any(word[:1].isspace() or word[-1:].isspace() for word in words) or is_spelled_out(words):
        return "".join(words).strip()
    text = ""
    for word in words:
        text += between(text, word) + word if text else word
    return text.strip()
