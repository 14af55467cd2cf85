"""Tell the words of letters and figures in a line ("m8", "5pm", "CVV317") from the numbers they stand beside.

A card's number is followed by "m8" as well as by "thanks". Such a word belongs to a number only where spelling says so: as
the check letter of an id, or as the beginning of an IBAN.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import NamedTuple

from reddy_lib.personal_data.atoms import Atom
from reddy_lib.personal_data.forms import is_card
from reddy_lib.personal_data.tokens import Line, Token

__all__ = ["Glued", "glued_words", "without_glued"]

_APART = frozenset(',;:()[]{}!?…"')
_IBAN = re.compile(r"[a-z]{2}\d\d")
_SHORTEST_IBAN = 15
_LONG = 7  # digits of a number that is complete without the word beside it
_LETTERS = re.compile(r"[a-z]{3}")
_TOLD = 3  # digits of a word that is read as a number of its own


class Glued(NamedTuple):
    """The words of letters and figures of a line.

    `tokens`: what they consist of. `walls`: tokens at which a number ends that began before them. `names`: tokens that say
    what the figures glued to them are ("CVV317"), and are no letters of a code.
    """

    tokens: frozenset[int]
    walls: frozenset[int]
    names: frozenset[int]


def glued_words(line: Line) -> Glued | None:
    """Return the words of letters and figures of a line, None if it has none."""
    tokens = line.parts
    joints = [
        at
        for at, token in enumerate(tokens)
        if token.glued and token.text[0].isalnum() and tokens[at - 1].text[0].isalnum()
    ]
    if not joints:
        return None
    inside: set[int] = set()
    walls: set[int] = set()
    names: set[int] = set()
    for joint in joints:
        if joint in inside:
            continue
        begin, end = joint, joint + 1
        while tokens[begin].glued and tokens[begin - 1].text not in _APART:
            begin -= 1
        while end < len(tokens) and tokens[end].glued and tokens[end].text not in _APART:
            end += 1
        inside.update(range(begin, end))
        if end - begin != 2:
            continue
        first, second = tokens[begin], tokens[joint]
        if second.text.isdigit() and _names(first):
            names.add(begin)
            walls |= {begin, end}
        elif first.text.isdigit() and (second.word.unit or second.word.ordinal):
            walls |= {begin, joint}
    return Glued(frozenset(inside), frozenset(walls), frozenset(names))


def _names(token: Token) -> bool:
    """Return whether a word says what the figures glued to it are."""
    return len(token.text) > 1 and bool(token.word.single)


def without_glued(atoms: Sequence[Atom], words: Container[int]) -> list[slice]:
    """Return the parts of a number: the long number in it, and words of letters and figures beside it that say one.

    Returns one part with all atoms if no such words are at its ends, or they belong to it. A card's number has no letters
    beside it, however they are written.

    Args:
        words: the tokens of such words.
    """
    whole = [slice(0, len(atoms))]
    glued = [atom.at in words for atom in atoms]
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
