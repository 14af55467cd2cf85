"""Tell the languages of a conversation from its words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from math import lcm

from reddy_lib.personal_data.number_words import LANGUAGES, compound, number_words, plain
from reddy_lib.personal_data.vocabulary import LISTS, WORD, slot_words

__all__ = ["guess_languages"]

_VOTE = lcm(*range(1, len(LANGUAGES) + 1))  # a word's, which its languages share in whole numbers
_ENGLISH = 0.05 * _VOTE  # what is spoken if nothing shows it
_CLEAR = 1.5 * _VOTE  # of a line that is of a language
_SAMPLE, _SAMPLE_WORDS = 25, 250  # lines and words of a call that show its languages
_LONG_NUMBER = 10  # characters
_SHORT_NOUN = 2  # characters
_MOST_KEPT = 30_000  # words of calls
_FIGURE = re.compile(r"\d")
_FIELD = 32  # bits of a language's votes
_MASK = (1 << _FIELD) - 1
_SHIFTS = tuple(_FIELD * number for number in range(len(LANGUAGES)))


class _Votes(dict[str, int]):
    """Piece of a line between blanks, in lower case → the votes of its words, each language in bits of its own."""

    def __init__(self, words: dict[str, int]) -> None:
        super().__init__()
        self._words = words

    def __missing__(self, piece: str) -> int:
        if _FIGURE.search(piece):
            return 0  # letters of a code are no words
        found = 0
        for word in WORD.findall(piece):
            bare = 0 if word.isascii() else self._words.get(plain(word), 0)
            found += self._words.get(word) or bare or (len(word) >= _LONG_NUMBER and _of_number(plain(word)))
        if len(self) > _MOST_KEPT:
            self.clear()
        self[piece] = found
        return found


def _of_number(word: str) -> int:
    """Return the vote of a number that is written as one word ("driehonderdzeventien"), 0 if it is not a number."""
    spoken = [language for language in LANGUAGES if compound(word, language) is not None]
    return sum(_VOTE // len(spoken) << _FIELD * LANGUAGES.index(language) for language in spoken)


@cache
def _votes() -> _Votes:
    """Return the votes of words: a word of several languages says less about each of them.

    Nouns that ask for data vote as well: of "Anschrift?" and "Telefoonnummer?", no other word shows the language.
    """
    by_word: dict[str, set[str]] = defaultdict(set)
    for language in LANGUAGES:
        sections = slot_words()[language]
        asking = {
            entry.rstrip("*")
            for kind, entries in sections.items()
            if kind not in (*LISTS, "confirm")
            for entry in entries
            if " " not in entry and len(entry) > _SHORT_NOUN
        }
        for word in (*sections["words"], *number_words(language).values, *asking):
            by_word[word].add(language)
    return _Votes(
        {
            word: sum(_VOTE // len(found) << _FIELD * LANGUAGES.index(language) for language in found)
            for word, found in by_word.items()
        }
    )


def guess_languages(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the languages of a conversation, the most spoken first; English if nothing shows."""
    votes = _votes().__getitem__
    total = read = 0
    lines = [0] * len(LANGUAGES)
    for text in texts[:: len(texts) // _SAMPLE + 1]:
        pieces = text.lower().split()
        read += len(pieces)
        if read > _SAMPLE_WORDS:
            break
        here = sum(map(votes, pieces))
        total += here
        if here <= _MASK:  # all of it for English, as in most calls
            lines[0] += here >= _CLEAR
            continue
        said = [here >> shift & _MASK for shift in _SHIFTS]
        best = max(said)
        lines[said.index(best)] += best >= _CLEAR
    heard = {
        language: (total >> shift & _MASK) + (_ENGLISH if not shift else 0)
        for language, shift in zip(LANGUAGES, _SHIFTS, strict=True)
    }
    first = max(heard.values())
    ranked = sorted(
        (language for language in LANGUAGES if heard[language]),
        key=lambda language: (-heard[language], language),
    )
    spoken = sum(lines)
    return tuple(
        language
        for number, language in enumerate(ranked[:3])
        if not number
        or heard[language] >= 0.7 * first
        or lines[LANGUAGES.index(language)] >= max(2, 0.15 * spoken)
    )
