"""Separate a number from the amount right after it: "4471, 20 dollars" is a code and a sum."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from reddy_lib.personal_data.atoms import Atom, before_its_length
from reddy_lib.personal_data.tokens import Token

__all__ = ["is_currency_of_next", "told_before"]

_PARTING = frozenset(",;:.–—…-(/")
_CURRENCY = frozenset("$€£¥%")
_TIME = frozenset(":h")
_LEAST = 3  # digits of a code
_LEAST_SAID = 4  # with fewer, words are a price: "three forty nine ninety nine"
_MOST_CLOSE = 3  # figures of an amount that no sign parts from the code before it
_MOST_THINGS = 2  # figures of a number of things
_THOUSANDS = 3


def told_before(atoms: Sequence[Atom], tokens: Sequence[Token]) -> int:
    """Return how many atoms are a number of their own before its length, an amount or another number; 0 if all are one."""
    return before_its_length(atoms, tokens) or _before_a_count(atoms, tokens) or _behind_a_sum(atoms, tokens)


def _before_a_count(atoms: Sequence[Atom], tokens: Sequence[Token]) -> int:
    """Return how many atoms are a number before an amount, a time or a number of things; 0 if none follows."""
    if len(atoms) < 2 or (atoms[-1].last + 1 == len(tokens) and not atoms[-1].figures):
        return 0  # most numbers in words end their line
    at = _group(atoms, tokens)
    head, tail = atoms[:at], atoms[at:]
    digits = sum(len(atom.text) for atom in head)
    if not at or digits < _LEAST or not all(atom.text.isdigit() for atom in tail):
        return 0
    between = tokens[head[-1].last + 1 : tail[0].at]
    after = tokens[tail[-1].last + 1] if tail[-1].last + 1 < len(tokens) else None
    counted = _is_counted(tail, tokens, after)
    if any(token.text in _PARTING for token in between):
        return at if counted or _counts_things(head, tail, after) else 0
    if not counted or between:
        return 0
    if not tail[0].figures:
        spelled = digits >= _LEAST_SAID or len(head) >= _LEAST
        return at if spelled and len(tail[0].text) > 1 else 0
    return at if len(tail[0].text) <= _MOST_CLOSE and not _in_thousands(head, tail) else 0


def _group(atoms: Sequence[Atom], tokens: Sequence[Token]) -> int:
    """Return the first atom of the last number: one word with what is counted to it, or figures without blanks."""
    at = len(atoms) - 1
    while at and (atoms[at].joined or _is_glued(atoms[at - 1], atoms[at], tokens)):
        at -= 1
    return at


def _is_glued(before: Atom, after: Atom, tokens: Sequence[Token]) -> bool:
    return before.figures and all(token.glued for token in tokens[before.last + 1 : after.at + 1])


def _is_counted(tail: Sequence[Atom], tokens: Sequence[Token], after: Token | None) -> bool:
    if after is not None and (after.word.unit or after.text in _CURRENCY):
        return True
    return any(
        any(token.text in _TIME for token in tokens[one.last + 1 : other.at]) for one, other in pairwise(tail)
    )


def _counts_things(head: Sequence[Atom], tail: Sequence[Atom], after: Token | None) -> bool:
    """Return whether a noun follows a small number, and the number is no group of the digits before it."""
    if after is None or not after.text.isalpha():
        return False
    word = after.word
    if word.skip or word.filler or word.nod or word.small or word.phrases or word.letter or word.nato:
        return False
    length = sum(len(atom.text) for atom in tail)
    return length <= _MOST_THINGS and all(len(atom.text) > length for atom in head)


def _in_thousands(head: Sequence[Atom], tail: Sequence[Atom]) -> bool:
    """Return whether figures are written in groups of thousands ("120 000 euros")."""
    first, *rest = (*head, *tail)
    return len(first.text) <= _THOUSANDS and all(len(atom.text) == _THOUSANDS for atom in rest)


def _behind_a_sum(atoms: Sequence[Atom], tokens: Sequence[Token]) -> int:
    """Return how many atoms are a sum of money before another number ("£20, 4471"), 0 if it is one number."""
    if len(atoms) < 2 or not atoms[0].at or tokens[atoms[0].at - 1].text not in _CURRENCY:
        return 0
    at = 1
    while at < len(atoms) and (atoms[at].joined or _is_glued(atoms[at - 1], atoms[at], tokens)):
        at += 1
    head, tail = atoms[:at], atoms[at:]
    if not tail or not head[0].figures or _in_thousands(head, tail):
        return 0
    return at if sum(len(atom.text) for atom in tail) >= _LEAST else 0


def is_currency_of_next(tokens: Sequence[Token], at: int) -> bool:
    """Return whether the sign at token `at` belongs to the number after it ("4471 £20")."""
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    return not tokens[at].glued and after is not None and after.glued and after.text[0].isdigit()
