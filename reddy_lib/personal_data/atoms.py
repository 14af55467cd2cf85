"""Atoms: what a number consists of, as it is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reddy_lib.personal_data.tokens import Token

__all__ = ["Atom", "trimmed"]

_LETTER_WORDS = frozenset("aioeyuàèéò")  # single letters that are words


class Atom(NamedTuple):
    """A part of a run: figures or letters. `at`, `last`: its tokens; `tens`: a unit may follow.

    `joined`: it is counted together with the one before it ("eight hundred" and "thirty six").
    """

    text: str
    at: int
    last: int
    tens: int = 0
    homophone: bool = False
    figures: bool = False
    joined: bool = False


def trimmed(atoms: list[Atom], tokens: Sequence[Token]) -> list[Atom]:
    """Return atoms without words at both ends that only look like letters or digits."""
    while atoms and _only_a_word(atoms[-1], atoms[-2] if len(atoms) > 1 else None, tokens):
        atoms = atoms[:-1]
    while atoms and _only_a_word(atoms[0], atoms[1] if len(atoms) > 1 else None, tokens):
        atoms = atoms[1:]
    return atoms


def _only_a_word(atom: Atom, other: Atom | None, tokens: Sequence[Token]) -> bool:
    if atom.homophone:
        return other is None or other.text.isalpha()
    if not atom.text.isalpha() or len(atom.text) > 1 or atom.last > atom.at or len(tokens[atom.at].text) > 1:
        return False
    if atom.at == 0 and other is not None and other.at == 2 and tokens[1].glued and tokens[2].glued:
        return False  # "A-77"
    return atom.text in _LETTER_WORDS and (
        other is None or abs(other.at - atom.at) != 1 or not other.text.isalpha()
    )
