"""Atoms: what a number consists of, as it is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reddy_lib.personal_data.number_words import word_set
from reddy_lib.personal_data.spelling import AS_IN, INSIDE
from reddy_lib.personal_data.tokens import Token, is_of_writing

__all__ = [
    "SIGNS",
    "Atom",
    "amid_letters",
    "among_digits",
    "as_in",
    "before_its_length",
    "is_apart",
    "names_letter",
    "trimmed",
]

# Words for signs between digits: they belong to the number.
SIGNS = word_set(
    "dash hyphen slash stroke dot point space underscore minus strich bindestrich schragstrich punkt leerzeichen tiret "
    "trait espace barre guion espacio punto barra traco hifen ponto espaco tracinho trattino spazio streepje spatie punt "
    "koppelteken bindestreg streg mellemrum punktum"
)

_ROUND_HOMOPHONE, _LEAST_DIGITS = 6, 5  # tokens around a homophone, and how many of them have to be digits
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
    while (
        atoms
        and not _ends_code(atoms, tokens)
        and _only_a_word(atoms[-1], atoms[-2] if len(atoms) > 1 else None, tokens)
    ):
        atoms = atoms[:-1]
    while atoms and _only_a_word(atoms[0], atoms[1] if len(atoms) > 1 else None, tokens):
        atoms = atoms[1:]
    return atoms


def _ends_code(atoms: Sequence[Atom], tokens: Sequence[Token]) -> bool:
    """Return whether a letter at the end of a line is the last of a code with letters and digits ("q q one two a")."""
    last = atoms[-1]
    after = tokens[last.last + 1] if last.last + 1 < len(tokens) else None
    if last.homophone or atoms[-2:-1] == [] or (after is not None and after.text[0].isalnum()):
        return False
    before = [atom.text for atom in atoms[:-1] if not atom.homophone]
    return last.text.isalpha() and before[:1] != [] and before[0].isalpha() and any(map(str.isdigit, before))


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


def amid_letters(tokens: Sequence[Token], at: int, before: Sequence[Atom]) -> bool:
    """Return whether "o" is a letter because a word is spelled ("m o r e a u"), and no zero.

    `before`: the atoms of the same number that were read already.
    """
    if not (before and tokens[at].word.letter) or not all(atom.text.isalpha() for atom in before):
        return False
    following = tokens[at + 1].word if at + 1 < len(tokens) else None
    if following is None:
        return len(before) > 1
    return following.letter and following.inside is None


def among_digits(tokens: Sequence[Token], at: int) -> bool:
    """Return whether a word stands between digits that are written one by one ("4 2 to 4 2 4")."""
    first = max(0, at - _ROUND_HOMOPHONE)
    digits = [
        len(token.text) == 1 and token.text.isdigit() for token in tokens[first : at + _ROUND_HOMOPHONE + 1]
    ]
    here = at - first
    beside = 0 < here < len(digits) - 1 and digits[here - 1] and digits[here + 1]
    return beside and sum(digits) >= _LEAST_DIGITS


def as_in(tokens: Sequence[Token], at: int, letter: str) -> int:
    """Return how many tokens after a letter are a word that begins with it ("for bravo", "as in bravo", "wie Berta")."""
    rest = tokens[at + 1 : at + 4]
    if len(rest) < 2 or rest[0].word.plain not in AS_IN:
        return 0
    words = 2 if rest[1].word.plain in INSIDE and len(rest) > 2 else 1
    begins = rest[words].word.plain.startswith(letter) and len(rest[words].text) > 2
    return 1 + words if begins else 0


def names_letter(tokens: Sequence[Token], at: int, before: Sequence[Atom]) -> bool:
    """Return whether a token is the name of a letter: "ese" is "s" only between other letters and numbers.

    `before`: the atoms of the same number that were read already.
    """
    word = tokens[at].word
    if not word.named or word.skip:
        return False
    if not before:
        return word.weak and not word.phrases
    if not word.small:
        return True
    if before[-1].last != at - 1 or at + 1 == len(tokens):
        return False
    after = tokens[at + 1].word
    return after.value is not None or after.letter or bool(after.named)


def before_its_length(atoms: Sequence[Atom], tokens: Sequence[Token]) -> int:
    """Return how many atoms are a number whose length follows ("4471, four digits"), 0 if none does."""
    at = len(atoms) - 1
    if at < 1:
        return 0
    after = atoms[-1].last + 1
    if after >= len(tokens) or not is_of_writing(tokens[after]):
        return 0
    while at > 1 and atoms[at].joined:
        at -= 1
    length = sum(int(atom.text) for atom in atoms[at:] if atom.text.isdigit())
    return at if length == sum(len(atom.text) for atom in atoms[:at]) else 0


def is_apart(between: Sequence[Token]) -> bool:
    """Return whether other words separate two parts of a number."""
    return any(token.text[0].isalnum() and token.word.plain not in SIGNS for token in between)
