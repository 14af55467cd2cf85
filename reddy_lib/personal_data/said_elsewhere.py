"""Personal data of a conversation that is repeated elsewhere, as in the note that an agent typed meanwhile.

A note says "ref 4929 1122 3344 5566" or "he said Zebrafalter": nothing in it tells what that is, but the conversation does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data.languages import guess_languages
from reddy_lib.personal_data.runs import runs_of
from reddy_lib.personal_data.said import NOT_KEPT, Said
from reddy_lib.personal_data.tokens import read_line
from reddy_lib.personal_data.vocabulary import Vocabulary, vocabulary

__all__ = ["Echo", "echoes_of", "find_echoes"]


class Echo(NamedTuple):
    """One datum: its kind, and what finds it in another text."""

    kind: str
    pattern: re.Pattern[str]


_IN_WORDS = ("password", "address")  # a name is in too many places where it should stay
_LEAST_LETTERS = 5
_LEAST_DIGITS = 6  # a shorter number is found by chance
_LEAST_OF_CODE = 4
_YEAR = re.compile(r"(?:19|20)\d\d")


def echoes_of(lines: Sequence[TranscriptLine], said: Sequence[Said]) -> list[Echo]:
    """Return what is said in a transcript, to be found elsewhere.

    Args:
        said: from `find_personal_data(lines)`.
    """
    pieces: dict[tuple[str, object], list[Said]] = {}
    for one in said:
        pieces.setdefault((one.kind, one.item or (one.line, one.begin)), []).append(one)
    if not pieces:
        return []
    spoken = vocabulary(guess_languages([line.text for line in lines]))
    found: dict[Echo, None] = {}
    for (kind, _), some in pieces.items():
        texts = [lines[one.line - 1].text[one.begin : one.end] for one in some]
        for pattern in (_of_words(kind, texts), _of_digits(kind, texts, spoken)):
            if pattern is not None:
                found[Echo(kind, pattern)] = None
    return list(found)


def find_echoes(text: str, echoes: Sequence[Echo]) -> list[Said]:
    """Return where a text repeats them; the line of each is 1."""
    return [
        Said(1, place.start(), place.end(), one.kind, 0, "context", "said in the conversation")
        for one in echoes
        for place in one.pattern.finditer(text)
    ]


def _of_words(kind: str, texts: Sequence[str]) -> re.Pattern[str] | None:
    words = re.findall(r"\w+", " ".join(texts))
    if kind not in _IN_WORDS or len("".join(words)) < _LEAST_LETTERS:
        return None
    joined = r"\W+".join(map(re.escape, words))
    return re.compile(rf"(?<!\w){joined}(?!\w)", re.IGNORECASE)


def _of_digits(kind: str, texts: Sequence[str], spoken: Vocabulary) -> re.Pattern[str] | None:
    digits = "".join(
        run.code
        for text in texts
        for run in runs_of(read_line(1, "", text, spoken))
        if run.digits and not run.letters
    )
    if len(digits) >= _LEAST_DIGITS:
        joined = r"[^\w,;]{0,3}".join(digits)
        return re.compile(rf"(?<!\d){joined}(?!\d)")
    if kind in NOT_KEPT and len(digits) >= _LEAST_OF_CODE and not _YEAR.fullmatch(digits):
        return re.compile(rf"(?<![\w.,:/+-]){digits}(?![\w:/%-]|[.,]\d)")
    return None
