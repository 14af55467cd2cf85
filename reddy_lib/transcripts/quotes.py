"""Quotation marks around words: a way of writing speech down, and no part of it.

They are dropped around a whole text, and around turns where nearly every turn of the call has them. Where a single turn
stands in quotes, somebody quotes somebody: they stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reddy_lib.transcripts.turns import Turn

__all__ = ["unquote_turns", "unquoted"]

_QUOTES = {
    '"': '"', "“": "”", "„": "“”", "«": "»", "»": "«", "‹": "›", "'": "'", "‘": "’", "‚": "‘", "「": "」", "『": "』",
}  # fmt: skip
"""Opening mark → the marks that close it."""
_MOST = 0.8
"""Share of the turns in quotes from which quotes are how this transcript is written."""
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")


def unquoted(text: str) -> str:
    """Return a text of several lines without quotes around the whole of it."""
    bare = text.strip()
    ends = _QUOTES.get(bare[:1])
    if ends is None or bare[-1] not in ends or len(bare) < 3 or "\n" not in bare:
        return text
    inside = bare[1:-1]
    balanced = inside.count('"') % 2 == 0 if bare[-1] == '"' else bare[-1] not in inside
    return inside.replace('""', '"') if balanced else text


def unquote_turns(turns: Sequence[Turn]) -> None:
    """Drop the quotes around the words of turns where nearly every turn that has words stands in quotes."""
    spoken = [turn for turn in turns if any(map(str.isalnum, turn.text))]
    if len(spoken) < 2 or sum(turn.text.strip()[:1] in _QUOTES for turn in spoken) < _MOST * len(spoken):
        return
    insides = [_inside(turn.text.strip()) for turn in spoken]
    if sum(inside is not None for inside in insides) < _MOST * len(spoken):
        return
    for turn, inside in zip(spoken, insides, strict=True):
        if inside is not None:
            turn.text = inside


def _inside(text: str) -> str | None:
    """The words between one pair of quotes that holds the whole text; None where it is not that."""
    ends = _QUOTES.get(text[:1])
    if ends is None:
        return None
    text = text.rstrip(",;")  # `"Hello",` as lists have it
    if len(text) < 3 or text[-1] not in ends:
        return None
    inside = text[1:-1]
    plain = inside.replace('""', "").replace('\\"', "") if text[-1] == '"' else _APOSTROPHE.sub("", inside)
    if text[-1] in plain or text[0] in plain:
        return None  # `"Hello," she said, "how are you?"`
    return inside.replace('""', '"').replace('\\"', '"').strip() if text[-1] == '"' else inside.strip()
