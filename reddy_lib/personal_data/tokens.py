"""Cut a line into tokens: words, groups of figures and signs, each with what is known about it."""

from __future__ import annotations

import re
from typing import NamedTuple

from reddy_lib.personal_data.vocabulary import Vocabulary, Word

__all__ = ["Line", "Token", "is_of_writing", "read_line"]

_FIGURE = re.compile(r"\d")
_TOKEN = re.compile(r"\d+|[^\W\d_]+|[^\w\s]|_")


class Token(NamedTuple):
    """A word, a group of figures or a sign of a line. `glued`: no space before it.

    `begin` and `end` count from the beginning of the line in `Line.tokens`, and of the piece in `Line.parts`.
    """

    begin: int
    end: int
    text: str
    word: Word
    glued: bool


class Line:
    """A line, cut into tokens.

    Most lines are read without asking where their words stand, so `tokens` are placed when they are asked for; `parts` are
    the same tokens in the same order, as pieces of many lines share them.
    """

    __slots__ = ("_tokens", "agent", "customer", "number", "parts", "role", "text")

    def __init__(self, number: int, role: str, text: str, parts: list[Token]) -> None:
        self.number = number
        self.text = text
        self.parts = parts
        self.role = role
        self.agent = role == "agent"
        self.customer = role == "customer"
        self._tokens: list[Token] | None = None

    @property
    def figures(self) -> bool:
        return _FIGURE.search(self.text) is not None

    @property
    def tokens(self) -> list[Token]:
        """The tokens with their places in the line."""
        if self._tokens is None:
            self._tokens = _placed(self.text, self.parts)
        return self._tokens


def _placed(text: str, parts: list[Token]) -> list[Token]:
    tokens: list[Token] = []
    add, new = tokens.append, tuple.__new__
    at = last = 0
    for begin, end, part, word, glued in parts:
        if not glued:  # the first of a piece, with nothing but blanks before it
            at = text.index(part, last)
        last = at + end
        # The tuple is made without Token's own __new__, which takes longer than all the rest.
        add(new(Token, (at + begin, last, part, word, glued)))
    return tokens


def read_line(number: int, role: str, text: str, words: Vocabulary) -> Line:
    """Cut a line into tokens. Pieces between blanks that have no figures are cut once for all lines."""
    known = words.pieces
    parts = [part for piece in text.split() for part in (known.get(piece) or _cut(piece, words))]
    return Line(number, role, text, parts)


def _cut(piece: str, words: Vocabulary) -> tuple[Token, ...]:
    """Return the tokens of a piece, with their places in it, and remember them unless they may be a customer's."""
    found: list[Token] = []
    last = -1
    for one in _TOKEN.finditer(piece):
        begin, end = one.span()
        found.append(Token(begin, end, one[0], words.word(one[0].lower()), begin == last))
        last = end
    parts = tuple(found)
    if _FIGURE.search(piece) is None:
        words.keep(piece, parts)
    return parts


def is_of_writing(token: Token) -> bool:
    """Return whether a word is a unit of what is written ("digits", "characters", "letters")."""
    word = token.word
    return word.unit and (word.writing or word.counts or any(one.kind == "what" for one in word.single))
