"""Find personal data that an edit removes from the words of a call, with or without a placeholder.

Whatever a person writes instead of a card number ("???", "(removed)", nothing at all), the recording still says it. So
what the finder found before the edit, and what is no longer in the words, counts as masked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rapidfuzz.distance import OSA

from reddy_lib.batches.line_origins import line_origins, new_masks
from reddy_lib.batches.said_in_call import said_in
from reddy_lib.model import Call, TranscriptLine
from reddy_lib.personal_data import TITLES, Said, may_be_personal, values_of

__all__ = ["taken_out"]

_LEAST_ALIKE = 0.7
"""Share of letters that a corrected word keeps: "Zebrafalta", "Zebrafalter". Few words are that alike by chance."""
_LONG_NUMBER = 8
"""Digits from which a correction may change two of them. In a shorter one that is half of what was said."""


def taken_out(before: Call, after: Call) -> dict[int, Counter[str]]:
    """Return the masks of what an edit took out, by number of the line before the edit (from 1).

    What was corrected, or moved to another line, is not taken out. A correction resembles what it replaces: a filler such
    as "0000" or "deleted" does not. If a mask was typed in its place, only that mask counts. Names do not count: each
    greeting has one, and many are corrected. Without a transcript nothing counts, because Reddy then redacts the
    recording itself.
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
        for one in _uncorrected(_items(old, out), _items(new, instead)):
            found.setdefault(one.line, Counter())[f"[{TITLES[one.kind]}]"] = 1
    return found


def _words(lines: Sequence[TranscriptLine], one: Said) -> str:
    return _plain([lines[one.line - 1].text[one.begin : one.end]])


def _of(lines: Sequence[TranscriptLine], numbers: Iterable[int]) -> str:
    return _plain(lines[number - 1].text for number in numbers)


def _plain(texts: Iterable[str]) -> str:
    """Return the letters and digits of texts, in lower case: blanks, hyphens and line breaks in a number do not count."""
    return "".join(character for text in texts for character in text.casefold() if character.isalnum())


class _Datum(NamedTuple):
    """One datum, which may have several pieces, and the ways to write it: "four seven one one" is also 4711."""

    pieces: list[Said]
    spellings: set[str]


def _items(lines: Sequence[TranscriptLine], said: Iterable[Said]) -> list[_Datum]:
    pieces: dict[object, list[Said]] = {}
    for one in said:
        pieces.setdefault(one.item or (one.line, one.begin), []).append(one)
    return [
        _Datum(
            some,
            {"".join(_words(lines, one) for one in some), *(value.signs for value in values_of(lines, some))},
        )
        for some in pieces.values()
    ]


def _uncorrected(out: Iterable[_Datum], instead: Iterable[_Datum]) -> list[Said]:
    """Return the pieces of what has no correction. What was written instead corrects one datum, not two."""
    left = list(instead)
    found: list[Said] = []
    for datum in out:
        corrected = next((one for one in left if _resembles(datum, one)), None)
        if corrected is None:
            found += datum.pieces
        else:
            left.remove(corrected)
    return found


def _resembles(old: _Datum, new: _Datum) -> bool:
    return any(_alike(was, now) for was in old.spellings for now in new.spellings)


def _alike(was: str, now: str) -> bool:
    """Return whether both the digits and the letters of two spellings resemble each other: an address has both."""
    return _digits_alike(_digits(was), _digits(now)) and _letters_alike(_letters(was), _letters(now))


def _digits_alike(was: str, now: str) -> bool:
    if was == now:
        return True
    if len(now) > 2 and len(set(now)) == 1:  # 4000 0000 0000 0002 → 0000 0000 0000 0000
        return False
    return OSA.distance(was, now) <= (2 if len(was) >= _LONG_NUMBER else 1)


def _letters_alike(was: str, now: str) -> bool:
    return was == now or OSA.normalized_similarity(was, now) >= _LEAST_ALIKE


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _letters(text: str) -> str:
    return "".join(character for character in text if not character.isdigit())
