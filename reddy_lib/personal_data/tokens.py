"""Cut a line into tokens: words, groups of figures and signs, each with what is known about it."""

from __future__ import annotations

import re
from typing import NamedTuple

from reddy_lib.personal_data.vocabulary import Vocabulary, Word

__all__ = ["Line", "Token", "read_line"]

_FIGURE = re.compile(r"\d")
_TOKEN = re.compile(r"\d+|[^\W\d_]+|[^\w\s]|_")


class Token(NamedTuple):
    """A word, a group of figures or a sign of a line. `glued`: no space before it."""

    begin: int
    end: int
    text: str
    word: Word
    glued: bool


class Line:
    """A line, cut into tokens."""

    __slots__ = ("agent", "customer", "figures", "number", "role", "text", "tokens")

    def __init__(self, number: int, role: str, text: str, tokens: list[Token]) -> None:
        self.number = number
        self.text = text
        self.tokens = tokens
        self.figures = _FIGURE.search(text) is not None
        self.role = role
        self.agent = role == "agent"
        self.customer = role == "customer"


def read_line(number: int, role: str, text: str, words: Vocabulary) -> Line:
    """Cut a line into tokens. Pieces between blanks that have no figures are cut once for all lines."""
    tokens: list[Token] = []
    known, add, new = words.pieces, tokens.append, tuple.__new__
    last = 0
    for piece in text.split():
        at = text.index(piece, last)
        last = at + len(piece)
        parts = known.get(piece)
        if parts is None:
            parts = _cut(piece, words)
        # Half of the time of reading a line is spent here: the tuple is made without Token's own __new__.
        if len(parts) == 1:
            ((begin, end, part, word, glued),) = parts
            add(new(Token, (at + begin, at + end, part, word, glued)))
            continue
        for begin, end, part, word, glued in parts:
            add(new(Token, (at + begin, at + end, part, word, glued)))
    return Line(number, role, text, tokens)


def _cut(piece: str, words: Vocabulary) -> tuple[tuple[int, int, str, Word, bool], ...]:
    """Return the tokens of a piece, with their places in it, and remember them unless they may be a customer's."""
    found: list[tuple[int, int, str, Word, bool]] = []
    last = -1
    for one in _TOKEN.finditer(piece):
        begin, end = one.span()
        found.append((begin, end, one[0], words.word(one[0].lower()), begin == last))
        last = end
    parts = tuple(found)
    if _FIGURE.search(piece) is None:
        words.keep(piece, parts)
    return parts
