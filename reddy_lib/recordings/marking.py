"""Find words in the lines of a transcript that a person wants silenced.

`personal_data` finds what looks like personal data. This finds what only a person can know to be: a name, a street, a
diagnosis. It searches all lines, because such words are rarely said only once.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data import Said

__all__ = ["BY_HAND", "find_words", "whole_lines"]

BY_HAND = "marked by hand"
"""The kind of everything that a person marked."""


def find_words(
    lines: Sequence[TranscriptLine], words: str, *, among: Container[int] | None = None
) -> list[Said]:
    """Find words, in the order of the lines. `among`: search only the lines with these numbers.

    Case and the amount of white space are ignored. Whole words come first: "Ann" is found in "Annual" only if no line has
    "Ann" itself.
    """
    parts = [re.escape(part) for part in words.split()]
    if not parts:
        return []
    joined = r"\s+".join(parts)
    for pattern in (rf"(?<!\w){joined}(?!\w)", joined):
        searched = re.compile(pattern, re.IGNORECASE)
        found = [
            Said(number, one.start(), one.end(), BY_HAND)
            for number, line in enumerate(lines, 1)
            if among is None or number in among
            for one in searched.finditer(line.text)
        ]
        if found:
            return found
    return []


def whole_lines(lines: Sequence[TranscriptLine], numbers: Sequence[int]) -> list[Said]:
    """Return these lines from the first character to the last; lines without text are left out."""
    return [
        Said(number, 0, len(lines[number - 1].text), BY_HAND)
        for number in numbers
        if lines[number - 1].text.strip()
    ]
