"""Tell the words of letters and figures in a line ("m8", "5pm", "CVV317") from the numbers they stand beside.

A card's number is followed by "m8" as well as by "thanks". Such a word belongs to a number only where spelling says so: as
the check letter of an id, or as the beginning of an IBAN.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from reddy_lib.personal_data.forms import is_card
from reddy_lib.personal_data.tokens import Line, Token

__all__ = ["Glued", "glued_words", "without_glued"]

_WORD = re.compile(r"[^\s,;:()\[\]{}!?…\"]*(?:[^\W\d_]\d|\d[^\W\d_])[^\s,;:()\[\]{}!?…\"]*")
_IBAN = re.compile(r"[a-z]{2}\d\d")
_SHORTEST_IBAN = 15
_LONG = 7  # digits of a number that is complete without the word beside it
_LETTERS = re.compile(r"[a-z]{3}")
_TOLD = 3  # digits of a word that is read as a number of its own


class _Atom(Protocol):
    @property
    def begin(self) -> int: ...
    @property
    def text(self) -> str: ...


class Glued(NamedTuple):
    """The words of letters and figures of a line.

    `spans`: their characters. `walls`: tokens at which a number ends that began before them. `names`: tokens that say what
    the figures glued to them are ("CVV317"), and are no letters of a code.
    """

    spans: list[tuple[int, int]]
    walls: frozenset[int]
    names: frozenset[int]


_NONE = Glued([], frozenset(), frozenset())


def glued_words(line: Line) -> Glued:
    """Return the words of letters and figures of a line."""
    if not line.figures:
        return _NONE
    spans = [one.span() for one in _WORD.finditer(line.text)]
    if not spans:
        return _NONE
    walls: set[int] = set()
    names: set[int] = set()
    for begin, end in spans:
        inside = [at for at, token in enumerate(line.tokens) if begin <= token.begin < end]
        if len(inside) != 2:
            continue
        first, second = (line.tokens[at] for at in inside)
        if second.text.isdigit() and _names(first):
            names.add(inside[0])
            walls |= {inside[0], inside[1] + 1}
        elif first.text.isdigit() and (second.word.unit or second.word.ordinal):
            walls |= {inside[0], inside[1]}
    return Glued(spans, frozenset(walls), frozenset(names))


def _names(token: Token) -> bool:
    """Return whether a word says what the figures glued to it are."""
    return len(token.text) > 1 and bool(token.word.single or token.word.unit)


def without_glued(atoms: Sequence[_Atom], spans: Sequence[tuple[int, int]]) -> list[slice]:
    """Return the parts of a number: the long number in it, and words of letters and figures beside it that say one.

    Returns one part with all atoms if no such words are at its ends, or they belong to it. A card's number has no letters
    beside it, however they are written.
    """
    whole = [slice(0, len(atoms))]
    glued = [any(begin <= atom.begin < end for begin, end in spans) for atom in atoms]
    first, last = 0, len(atoms)
    while first < last and (glued[first] or atoms[first].text.isalpha()):
        first += 1
    while last > first and (glued[last - 1] or atoms[last - 1].text.isalpha()):
        last -= 1
    core = "".join(atom.text for atom in atoms[first:last])
    if last - first == len(atoms) or len(core) < _LONG or not core.isdigit():
        return whole
    ends = ["".join(atom.text for atom in end) for end in (atoms[:first], atoms[last:])]
    if not is_card(core):
        if _IBAN.match(ends[0]) and len(core) + len(ends[0]) >= _SHORTEST_IBAN:
            return whole
        if not all(glued[:first] + glued[last:]) or any(end and not _is_word(end) for end in ends):
            return whole
    beside = [slice(0, first), slice(last, len(atoms))]
    tell = [sum(c.isdigit() for c in end) >= _TOLD for end in ends]
    return [*beside[:1] * tell[0], slice(first, last), *beside[1:] * tell[1]]


def _is_word(text: str) -> bool:
    """Return whether letters and figures are rather a word ("m8", "thx4that") than the check letter of an id ("44D")."""
    return sum(c.isdigit() for c in text) < 2 or _LETTERS.search(text) is not None
