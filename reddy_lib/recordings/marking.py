"""What a person wants silenced, found in the lines of a transcript: the words as somebody typed or pasted them.

Beside `personal`, which finds what looks like personal data, stands what only a person knows: a name, a street, a
diagnosis. It is looked for in every line at once, because what must not be heard is rarely said a single time.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data import Said

__all__ = ["BY_HAND", "find_words", "whole_lines"]

BY_HAND = "marked by hand"
"""The kind of every place that a person marked."""


def find_words(
    lines: Sequence[TranscriptLine], words: str, *, among: Container[int] | None = None
) -> list[Said]:
    """Where these words stand, in the order of the lines; `among`: numbers of the only lines to look at.

    Upper and lower case are one, and so are spaces and line breaks of any number. Whole words come first: "Ann" is in
    "Annual" only where no line has Ann.
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
    """These lines from their first character to their last; one without text has nothing to mark."""
    return [
        Said(number, 0, len(lines[number - 1].text), BY_HAND)
        for number in numbers
        if lines[number - 1].text.strip()
    ]
