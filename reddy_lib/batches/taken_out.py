"""Find personal data that an edit removes from the words of a call, with or without a placeholder.

Whatever a person writes instead of a card number ("???", "(removed)", nothing at all), the recording still says it. So
what the finder found before the edit, and what is no longer in the words, counts as masked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from reddy_lib.batches.line_origins import line_origins, new_masks
from reddy_lib.batches.said_in_call import said_in
from reddy_lib.model import Call, TranscriptLine
from reddy_lib.personal_data import TITLES, Said, may_be_personal

__all__ = ["taken_out"]


def taken_out(before: Call, after: Call) -> dict[int, Counter[str]]:
    """Return the masks of what an edit took out, by number of the line before the edit (from 1).

    A number that was corrected, or moved to another line, is not taken out. If a mask was typed in its place, only that
    mask counts. Names do not count: each greeting has one, and many are corrected. Without a transcript nothing counts,
    because Reddy then redacts the recording itself.
    """
    old, new = before.transcript or [], after.transcript or []
    if not new:
        return {}
    left = {line.text for line in new}
    changed = [number for number, line in enumerate(old, 1) if line.text not in left]
    if not changed and len(old) == len(new):
        return {}
    was, now = _plain(line.text for line in old), _plain(line.text for line in new)
    if was == now:
        return {}
    words = Counter(word for line in old for word in line.text.split())
    words -= Counter(word for line in new for word in line.text.split())
    if not may_be_personal(old, " ".join(words.elements()), changed or range(1, len(old) + 1)):
        return {}
    gone = [
        one
        for one in said_in(before)
        if one.kind != "name" and (said := _words(old, one)) and now.count(said) < was.count(said)
    ]
    found: dict[int, Counter[str]] = {}
    if not gone:
        return found
    after_it = said_in(after)
    for origin in line_origins(old, new):
        there, had = _of(new, origin.new), _of(old, origin.old)
        out = [one for one in gone if one.line in origin.old and _words(old, one) not in there]
        if not out or (len(origin.new) == 1 and new_masks(old, new, origin)):
            continue
        instead = [one for one in after_it if one.line in origin.new and _words(new, one) not in had]
        if len(_items(instead)) >= len(_items(out)):  # corrected
            continue
        for one in out:
            found.setdefault(one.line, Counter())[f"[{TITLES[one.kind]}]"] = 1
    return found


def _words(lines: Sequence[TranscriptLine], one: Said) -> str:
    return _plain([lines[one.line - 1].text[one.begin : one.end]])


def _of(lines: Sequence[TranscriptLine], numbers: Iterable[int]) -> str:
    return _plain(lines[number - 1].text for number in numbers)


def _plain(texts: Iterable[str]) -> str:
    """Return the letters and digits of texts, in lower case: blanks, hyphens and line breaks in a number do not count."""
    return "".join(character for text in texts for character in text.casefold() if character.isalnum())


def _items(said: Iterable[Said]) -> set[tuple[int, int]]:
    """Return each datum once, although it may have several pieces."""
    return {(0, one.item) if one.item else (one.line, one.begin) for one in said}
