"""Recognise passwords by how they are written: as one word with its figures, hyphens and signs.

In "the wifi password on the sticker is blue-otter-4471" no word but the last can be one, wherever it is in the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

from reddy_lib.personal_data.answers import Part, answer_words
from reddy_lib.personal_data.runs import Run
from reddy_lib.personal_data.tokens import Line, is_of_writing

__all__ = ["password_beside", "password_words", "with_numbers", "written_around"]

_AFTER, _BEFORE = 12, 5  # words from the noun to the password
_AROUND = "\"'“”‘’«»()[]{}<>.,;:?…"
_SIGNS = re.compile(r"[^\W_][_#$%*=^~!+]+[^\W_]")
_LEAST = 6  # characters
_COUNT = re.compile(r"\d+(?:[.,:/-]\d+)*[^\W\d_]{0,4}(?:[-–/]\d+(?:[.,:]\d+)*[^\W\d_]{0,4})?")
"""Figures with a unit: "2.4GHz", "5pm-7pm"."""
_NO_PASSWORD = re.compile(r"@|://|^www\.")


def _looks_like_one(word: str) -> bool:
    letters = sum(c.isalpha() for c in word)
    digits = sum(c.isdigit() for c in word)
    if len(word) < _LEAST or letters < 2 or _NO_PASSWORD.search(word) or _COUNT.fullmatch(word):
        return False
    return digits > 0 or _SIGNS.search(word) is not None


def password_beside(line: Line, first: int, last: int) -> Part | None:
    """Return the word that is written as a password in the sentence of a noun for it, or None.

    Args:
        first, last: tokens of the noun. What follows it is looked at first.
    """
    tokens = line.tokens
    behind = range(last + 1, min(len(tokens), last + 1 + _AFTER))
    for places in (behind, range(first - 1, max(-1, first - 1 - _BEFORE), -1)):
        for at in places:
            token = tokens[at]
            if token.text in ".?!" and not (at + 1 < len(tokens) and tokens[at + 1].glued):
                break
            if token.glued or not token.word.says:
                continue
            begin, end = _word_at(line.text, token.begin)
            if _looks_like_one(line.text[begin:end]):
                inside = [index for index, one in enumerate(tokens) if begin <= one.begin < end]
                return Part(begin, end, inside[0], inside[-1])
    return None


def written_around(line: Line, begin: int, end: int) -> tuple[int, int] | None:
    """Return the whole word around some of its characters if it is written as a password and they are not all of it."""
    whole = _word_at(line.text, begin)
    if whole[1] < end or whole == (begin, end) or not _looks_like_one(line.text[whole[0] : whole[1]]):
        return None
    rest = [
        token
        for token in line.tokens
        if whole[0] <= token.begin < whole[1] and not begin <= token.begin < end and token.text.isalpha()
    ]
    names = any(token.word.single for token in rest)  # "pin4471" says what it is
    return whole if sum(len(token.text) for token in rest) > 1 and not names else None


def with_numbers(part: Part, runs: Sequence[Run]) -> Part:
    """Return a part with all of the numbers of which it has some: a small word at its end may be a digit ("en")."""
    beside = [
        run
        for run in runs
        if not (run.letters or run.amount) and run.first <= part.last and part.first <= run.last
    ]
    begin = min((run.begin for run in beside), default=part.begin)
    end = max((run.end for run in beside), default=part.end)
    return part._replace(begin=min(begin, part.begin), end=max(end, part.end))


def password_words(line: Line, stop: int, runs: Sequence[Run]) -> tuple[list[Part], int]:
    """Return the words of a line that answer a question for a password, and the token before which they end.

    An amount alone is no password. One that says how a password is made is no part of it ("sunshine, eight characters");
    another may be ("tiger 20 dollars").

    Args:
        stop: the token before which an answer ends in any case.
    """
    end = len(line.parts)
    counts = [_counted(line, run) for run in runs if run.amount and not run.code.isalpha()]
    if not counts:
        return answer_words(line, "password", stop, ()), end
    amounts = frozenset(index for count in counts for index in count)
    beside = [part for part in answer_words(line, "password", stop, amounts) if _is_said(line, part, amounts)]
    lengths = [count for count in counts if any(is_of_writing(line.parts[index]) for index in count)]
    if not beside or not lengths:
        return answer_words(line, "password", stop, ()) if beside else [], end
    first = lengths[0].start
    if beside[0].first > first:
        return beside, end
    # What follows the length says more about how it is made: "eight characters, and a capital at the beginning".
    before = answer_words(line, "password", min(stop, first), ())
    return [part for part in before if _is_said(line, part, amounts)], first


def _counted(line: Line, run: Run) -> range:
    """Return the tokens of an amount with its unit, without numbers before it ("sunshine 77 ten letters")."""
    at = len(run.atoms) - 1
    while at and run.atoms[at].joined:
        at -= 1
    first, last = run.atoms[at].at, run.last
    tokens = line.parts
    if first and not tokens[first - 1].word.says and tokens[first].glued:
        first -= 1  # "$20"
    if last + 1 < len(tokens) and (tokens[last + 1].word.unit or not tokens[last + 1].word.says):
        last += 1
    return range(first, last + 1)


def _is_said(line: Line, part: Part, amounts: Container[int]) -> bool:
    """Return whether words may be a password, and do not only say how it is made ("at least", "and a number")."""
    tokens = line.parts
    if part.first and tokens[part.first - 1].word.at and part.last + 1 in amounts:
        return False
    words = [token.word for token in tokens[part.first : part.last + 1] if token.word.says]
    spelled = sum(word.letter for word in words) > 1
    return any(
        not (word.counts or word.writing or word.unit or (word.letter and not spelled)) for word in words
    )


def _word_at(text: str, at: int) -> tuple[int, int]:
    """Return begin and end of the characters between blanks around one, without quotes and full stops at both ends."""
    begin, end = at, at
    while begin and not text[begin - 1].isspace():
        begin -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    while end > at + 1 and text[end - 1] in _AROUND:
        end -= 1
    while begin < at and text[begin] in _AROUND:
        begin += 1
    return begin, end
