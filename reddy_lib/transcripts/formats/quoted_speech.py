"""Texts with words in quotation marks after who says them: `お客様「もしもし」`, `Клиент «Да»`, `Agent "Hello"`.

Lines are written as `Agent: Hello`, which every reader of labelled text understands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from reddy_lib.transcripts.formats.text_rows import could_be_a_name
from reddy_lib.transcripts.roles import leaning
from reddy_lib.transcripts.stamps import STAMP

__all__ = ["without_quotes_around_turns"]

_MARKS = {"「": "」", "『": "』", "“": "”", "«": "»", "„": "“", '"': '"'}
_ROW = re.compile(
    rf"(?P<before>\s*(?:[\[(]?\s?{STAMP}\s?[\])]?\s*(?:[-–—|]\s*)?)?)"
    r"(?P<who>[^\W\d_][^:：\n「」『』“”«»„\"。、.?!！？]{0,30}?)\s?(?P<open>[「『“«„\"])(?P<said>.+)(?P<close>[」』”»“\"])\s*"
)
_MOST_PEOPLE = 6


def without_quotes_around_turns(text: str, known: Callable[[str], bool]) -> str:
    """Return the text with labels and colons if each line is a speaker and, in quotation marks, their words; else as it is.

    `known`: tells whether a text is a label wherever it is found.
    """
    if not any(mark in text for mark in _MARKS):
        return text
    rows = [row for row in text.split("\n") if row.strip()]
    found = [_ROW.fullmatch(row) for row in rows[:2]]
    if len(rows) < 2 or None in found:
        return text
    matches = [match for row in rows if (match := _ROW.fullmatch(row)) is not None]
    if len(matches) < len(rows) or any(_MARKS[match["open"]] != match["close"] for match in matches):
        return text
    people = Counter(match["who"].strip() for match in matches)
    if not 2 <= len(people) <= _MOST_PEOPLE or not all(
        known(who) or leaning(who) or (count > 1 and could_be_a_name(who)) for who, count in people.items()
    ):
        return text
    return "\n".join(f"{match['before']}{match['who'].strip()}: {_said(match)}" for match in matches)


def _said(match: re.Match[str]) -> str:
    """Return the words without the marks around them; with the marks if they belong to two quotations."""
    said = match["said"].strip()
    return f"{match['open']}{said}{match['close']}" if _ends_inside(match) else said


def _ends_inside(match: re.Match[str]) -> bool:
    """Return whether the first mark is closed before the last one: `"Hello" he said "how are you?"`."""
    mark, end, said = match["open"], match["close"], match["said"]
    if mark == end:
        before, found, _ = said.partition(mark)
        return bool(found) and bool(before) and not before[-1].isspace()
    depth = 1
    for one in said:
        depth += (one == mark) - (one == end)
        if not depth:
            return True
    return False
