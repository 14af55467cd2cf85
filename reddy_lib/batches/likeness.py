"""How alike two short texts are: equal but for case and signs, equal but for the order or spelling, or few letters apart.

Digits always count: "Team 1" and "Team 2", or two dates, are never alike, however few letters differ.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from rapidfuzz.distance import OSA

__all__ = [
    "SAME_LETTERS",
    "Near",
    "edits_between",
    "fingerprint",
    "folded",
    "letters_differ",
    "nearest",
    "ngram_fingerprint",
    "same_digits",
    "too_far",
    "words_of",
]

SAME_LETTERS = "only case, accents, spaces or signs differ"
"""How two texts are alike that are equal after `folded`, in words for people."""

_DIGITS = re.compile(r"\d+")
_LETTERS_THAT_STAY = str.maketrans(
    {"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"}
)


class Near(NamedTuple):
    """A known value that is like another one. `how`: in words, `SAME_LETTERS` or "one letter differs"."""

    value: str
    how: str
    distance: int


def folded(text: str) -> str:
    """Return a text without case, accents, punctuation and blanks; of signs alone, the text itself without blanks.

    Marks of scripts that write vowels as marks stay: they are letters there.
    """
    plain = _plain(text)
    kept: list[str] = []
    gap = False
    for one in plain:
        if unicodedata.category(one)[0] not in "LNM":
            gap = True
            continue
        if gap and kept and one.isdigit() and kept[-1].isdigit():
            kept.append(" ")  # 1.5 is not 15
        kept.append(one)
        gap = False
    return "".join(kept) or "".join(plain.split())


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS_THAT_STAY)
    return unicodedata.normalize("NFC", "".join(one for one in decomposed if not _is_accent(one)))


def _is_accent(character: str) -> bool:
    return "\u0300" <= character <= "\u036f"


def fingerprint(text: str) -> str:
    """Return OpenRefine's key of a text: its folded words, each once, in alphabetical order. Words with digits stay in
    their order, or two dates would be one."""
    words = words_of(text)
    numbers = [word for word in words if any(map(str.isdigit, word))]
    return " ".join([*sorted(set(words) - set(numbers)), *numbers]) or folded(text)


def ngram_fingerprint(text: str, size: int = 2) -> str:
    """Return the pairs of letters of a text, each once, in alphabetical order, with its digits as they stand."""
    letters = folded(text)
    grams = {letters[at : at + size] for at in range(max(1, len(letters) - size + 1))}
    return "".join(sorted(grams)) + "|" + "|".join(_DIGITS.findall(letters))


def same_digits(one: str, other: str) -> bool:
    """Return whether two texts have the same numbers, in the same order."""
    return _DIGITS.findall(one) == _DIGITS.findall(other)


def too_far(length: int, *, lax: bool = False) -> int:
    """Return how many letters may differ in texts of this length, the longer one's, after folding."""
    if lax:
        return 0 if length < 4 else max(1, length // 4)
    return 0 if length < 5 else 1 if length < 9 else 2 if length < 16 else 3


def edits_between(one: str, other: str, most: int) -> int | None:
    """Return how many letters of two folded texts differ (swapped neighbours count once); None: more than `most`, or the
    first letters or the digits differ, which no slip of the pen does."""
    if one[:1] != other[:1] or not same_digits(one, other):
        return None
    distance = OSA.distance(one, other, score_cutoff=most)
    return distance if distance <= most else None


def nearest(text: str, known: Mapping[str, int], *, most: int = 1, lax: bool = False) -> list[Near]:
    """Return the known values (with their counts) that are like a text, the best first: folded equal, then fewest letters
    apart, then most frequent. The text itself is left out.

    Args:
        lax: allow a quarter of the letters to differ, or their words to stand in another order.
    """
    mine = folded(text)
    if not mine:
        return []
    found: list[Near] = []
    for value in known:
        if value == text:
            continue
        other = folded(value)
        if other == mine:
            found.append(Near(value, SAME_LETTERS, 0))
        elif fingerprint(value) == fingerprint(text):
            found.append(Near(value, "the same words", 1))
        elif _shortened(value, text):
            found.append(Near(value, "the same words, some shortened", 2))
        else:
            limit = too_far(max(len(mine), len(other)), lax=lax)
            distance = edits_between(mine, other, limit) if limit else None
            if distance is not None:
                found.append(Near(value, letters_differ(distance), distance))
    found.sort(key=lambda one: (one.distance, -known[one.value], one.value))
    return found[:most]


def _shortened(one: str, other: str) -> bool:
    """Return whether two names of several words are equal but for words cut short: "Tech Support", "Technical Support"."""
    pairs = list(zip(words_of(one), words_of(other), strict=False))
    if len(pairs) < 2 or len(words_of(one)) != len(words_of(other)):
        return False
    equal = sum(1 for a, b in pairs if a == b)
    cut = sum(
        1 for a, b in pairs if a != b and min(len(a), len(b)) > 2 and (a.startswith(b) or b.startswith(a))
    )
    return equal > 0 and equal + cut == len(pairs) and same_digits(folded(one), folded(other))


def words_of(text: str) -> list[str]:
    """Return the folded words of a text, in their order."""
    return [word for word in (folded(part) for part in re.split(r"[\W_]+", _plain(text))) if word]


def letters_differ(distance: int) -> str:
    """Return "one letter differs", "2 letters differ"."""
    return "one letter differs" if distance == 1 else f"{distance} letters differ"
