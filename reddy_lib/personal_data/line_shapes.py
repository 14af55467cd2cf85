"""What a line is besides its numbers: a nod, a number and nothing else, a sentence that counts something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reddy_lib.personal_data.runs import Run
from reddy_lib.personal_data.tokens import Line
from reddy_lib.personal_data.vocabulary import Word

__all__ = ["ROUND_AN_ANSWER", "counts_a_thing", "follows", "is_bare", "is_nod_line", "is_pronoun", "is_pure"]

ROUND_AN_ANSWER = 9
"""Words beside an answer, at most."""
_MOST_NODS = 5  # words
_MOST_AROUND = 6  # words beside a part of a number


def is_nod_line(line: Line) -> bool:
    """Return whether a line says only that one listens."""
    words = 0
    for token in line.parts:
        if token.text[0].isalnum():
            words += 1
            if words > _MOST_NODS or not token.word.nod:
                return False
    return True


def counts_a_thing(line: Line, run: Run) -> bool:
    """Return whether a noun or the like stands right behind a number."""
    after = line.parts[run.last + 1] if run.last + 1 < len(line.parts) else None
    if after is None or not after.text[0].isalpha():
        return False
    word = after.word
    return not (word.skip or word.filler or word.nod or word.small or word.phrases)


_AND = frozenset(("and", "und", "et", "y", "e", "en", "og"))


def follows(line: Line, before: Run, after: Run) -> bool:
    """Return whether only small words come between two numbers ("and", "then the")."""
    between = [token.word for token in line.parts[before.last + 1 : after.first]]
    return all(word.small or word.filler or word.plain in _AND for word in between if word.says)


_CHOOSES = frozenset(
    ("the", "that", "this", "which", "what", "each", "every", "any", "another", "other", "no", "some")
)


def is_pronoun(line: Line, run: Run) -> bool:
    """Return whether "one" stands for a thing, as in "that one" and "the blue one", and is no digit."""
    if run.first != run.last or not run.first or line.parts[run.first].word.plain != "one":
        return False
    before = line.parts[run.first - 1]
    word = before.word
    says_nothing = word.skip or word.filler or word.nod or word.small or word.value is not None
    return word.plain in _CHOOSES or (before.text[0].isalpha() and not says_nothing)


def is_pure(line: Line, runs: Sequence[Run]) -> bool:
    """Return whether a line is a number and words that say nothing, so that it may be a part of a longer one.

    One word before it may be unknown ("oui ce serait 5").
    """
    last = max((run.last for run in runs), default=0)
    unknown = 0
    for words, (index, word) in enumerate(_words_beside(line, runs), 1):
        if not (word.skip or word.filler or word.nod or word.small):
            unknown += 1
            if unknown > 1 or index >= last:
                return False
        if words > _MOST_AROUND:
            return False
    return True


def is_bare(line: Line, runs: Sequence[Run]) -> bool:
    """Return whether a line is a number and little else."""
    unknown = 0
    for words, (_, word) in enumerate(_words_beside(line, runs), 1):
        unknown += not (word.skip or word.filler or word.nod or word.small)
        if unknown > 1 or words > ROUND_AN_ANSWER:
            return False
    return True


def _words_beside(line: Line, runs: Sequence[Run]) -> Iterator[tuple[int, Word]]:
    """Yield the words of a line that are in none of its numbers, and their places."""
    at = 0
    parts = line.parts
    for first, last in sorted((run.first, run.last) for run in runs):
        for index in range(at, first):
            if parts[index].text[0].isalnum():
                yield index, parts[index].word
        at = max(at, last + 1)
    for index in range(at, len(parts)):
        if parts[index].text[0].isalnum():
            yield index, parts[index].word
