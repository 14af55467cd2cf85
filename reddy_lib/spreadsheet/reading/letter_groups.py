"""Which letters stand beside one another in a language: what tells a right decoding from one with other letters.

`letter_groups.txt` has a line for each language: its code, its usual groups, and its rarer ones. Usual groups make up
nine tenths of a language's running text, both together nearly all of it. A group of a language in Latin letters is a
letter beyond ASCII with its neighbours; elsewhere it is a pair of letters. "^" is the edge of a word. Groups are cut
from the word counts of wordfreq (Robyn Speer, https://pypi.org/project/wordfreq/, data under CC BY-SA 4.0).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

__all__ = ["EDGE", "Groups", "groups_of", "is_letter", "lowered"]

EDGE = "^"
_RARER = 0.6
_OTHER = 0.75
"""Weight of a group that only another language of the same script has, as in names."""
_PAIRS, _OTHER_PAIRS = 0.5, 0.1
_SCRIPTS = {
    "CYRILLIC": ("ru", "uk", "bg", "mk"), "HEBREW": ("he",), "GREEK": ("el",), "ARABIC": ("ar", "fa"),
}  # fmt: skip
_APART = "vi"
"""Vietnamese has marks on most words and nearly every vowel: beside it, no place of a letter would be unusual."""
_VARIANTS = str.maketrans("șțȘȚ", "şţŞŢ")
"""Romanian letters as encodings of Windows have them."""


_ALIKE = {"ё": "е", "ς": "σ", "ґ": "г"}
"""Letters that texts and counts write as another, which has the same neighbours."""


class Groups(NamedTuple):
    """The groups of the language that a text is in, and of all that share its script: group → from 0 to 1."""

    own: dict[str, float]
    all: dict[str, float]
    own_pairs: frozenset[str]
    all_pairs: frozenset[str]

    def weight(self, before: str, char: str, after: str) -> float | None:
        """Return how usual a letter is between two others, in lower case; None where no language has it there."""
        group = before + char + after
        if (known := self.own.get(group)) is not None:
            return known
        if (known := self.all.get(group)) is not None:
            return known * _OTHER
        if before + char in self.own_pairs and char + after in self.own_pairs:
            return _PAIRS
        if before + char in self.all_pairs and char + after in self.all_pairs:
            return _OTHER_PAIRS
        return None

    def pair_weight(self, pair: str) -> float:
        """Return how usual two letters are beside one another, from -1 to 1."""
        known = self.own.get(pair)
        return known if known is not None else self.all.get(pair, -0.8 / _OTHER) * _OTHER


def groups_of(script: str, found: Counter[str]) -> Groups:
    """Return the groups of the language of a script that has most of those that were found in a text."""
    table = _table()
    languages = _SCRIPTS.get(script) or tuple(name for name in table if name not in _NOT_LATIN)
    own = max(
        languages,
        key=lambda name: sum(table[name].get(group, 0.0) * count for group, count in found.items()),
    )
    pairs = script not in _SCRIPTS
    return Groups(
        table[own],
        _all_of(tuple(name for name in languages if name != _APART)),
        _pairs_of((own,)) if pairs else frozenset(),
        _pairs_of(tuple(name for name in languages if name != _APART)) if pairs else frozenset(),
    )


_NOT_LATIN = frozenset(name for names in _SCRIPTS.values() for name in names)


@cache
def _table() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    text = files("reddy_lib.spreadsheet.reading").joinpath("letter_groups.txt").read_text("utf8")
    for line in text.splitlines():
        name, usual, rarer = line.split(" ")
        size = 2 if name in _NOT_LATIN else 3
        groups = {rarer[place : place + size]: _RARER for place in range(0, len(rarer), size)}
        groups |= {usual[place : place + size]: 1.0 for place in range(0, len(usual), size)}
        groups |= {group.translate(_VARIANTS): weight for group, weight in groups.items()}
        found[name] = groups
    return found


@cache
def _all_of(languages: tuple[str, ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in languages:
        for group, weight in _table()[name].items():
            found[group] = max(weight, found.get(group, 0.0))
    return found


@cache
def _pairs_of(languages: tuple[str, ...]) -> frozenset[str]:
    groups = _all_of(languages)
    return frozenset(group[:2] for group in groups) | frozenset(group[1:] for group in groups)


@lru_cache(maxsize=4096)
def is_letter(char: str) -> bool:
    """Return whether a character belongs to a word: a letter, or a mark upon one."""
    return char.isalpha() or unicodedata.category(char) in ("Mn", "Mc")


@lru_cache(maxsize=4096)
def lowered(char: str) -> str:
    """Return a letter as groups have it: one character, in lower case; the edge of a word for what is no letter."""
    if not is_letter(char):
        return EDGE
    low = char.lower()[:1]
    return _ALIKE.get(low, low)
