"""Find the runs of digits and spelled letters in a line, however they are said.

A run is what somebody says or types as one number: figures, number words, "double seven", letters, with fillers between.
Its pieces are the characters of it without the fillers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from itertools import pairwise

from reddy_lib.personal_data.atoms import (
    Atom,
    amid_letters,
    among_digits,
    as_in,
    is_apart,
    names_letter,
    trimmed,
)
from reddy_lib.personal_data.counted_tails import is_currency_of_next, told_before
from reddy_lib.personal_data.glued import glued_words, without_glued
from reddy_lib.personal_data.number_words import MILLION, word_set
from reddy_lib.personal_data.spelling import AS_IN
from reddy_lib.personal_data.tokens import Line, Token

__all__ = ["Run", "runs_of"]

_JOINING = frozenset("-./,()+·–—:…#_;'")
_AMOUNT = re.compile(r"\d{1,4}[.,]\d\d|\d{1,3}(?:[.,]\d{3})+(?:[.,]\d\d)?")
_CLOCK = re.compile(r"\d{1,2}[:.h]\d\d(?:\s*[-–]\s*\d{1,2}[:.h]\d\d)?")
_CURRENCY = frozenset("$€£¥%")
_MOST_FILLERS = 4
_MOST_COUNTED = 7  # digits of an amount
_APART = 4  # tokens from tens to their unit ("trente-et-un")
_AND = frozenset(("y", "e", "et", "og", "und", "en"))
_LINKS = _AND | {"and", "-"}
_UNIT_FIRST = frozenset(("und", "og", "en"))  # "sechs und dreißig"
_ORDINAL = frozenset(("st", "nd", "rd", "th"))
_APOSTROPHES = "'’"
_LETTER = word_set("letter lettre letra lettera buchstabe bogstav")


class Run:
    """A number as it is said, in one line. `digits` and `letters` are counted without fillers.

    `code` has what was said one after the other, `counted` what it is as a cardinal: "eight hundred and thirty six" is
    80036 or 836. They are the same for most numbers.
    """

    __slots__ = (
        "after_undo",
        "amount",
        "atoms",
        "clock",
        "code",
        "counted",
        "digits",
        "first",
        "last",
        "letters",
        "line",
    )

    def __init__(self, line: Line, atoms: list[Atom], *, amount: bool, clock: bool, after_undo: bool) -> None:
        self.line = line
        self.atoms = atoms
        self.amount = amount
        self.clock = clock
        self.after_undo = after_undo
        self.first, self.last = atoms[0].at, atoms[-1].last
        self.code = code = "".join([atom.text for atom in atoms])
        self.digits = len(code) if code.isdigit() else sum(map(str.isdigit, code))
        self.letters = len(code) - self.digits
        self.counted = code
        if len(atoms) > 1 and any(atom.joined for atom in atoms[1:]):
            parts: list[str] = []
            for atom in atoms:
                if atom.joined and parts:
                    parts[-1] = str(int(parts[-1]) + int(atom.text))
                else:
                    parts.append(atom.text)
            self.counted = "".join(parts)

    @property
    def readings(self) -> tuple[str, ...]:
        """Return what it may be: one code, or two."""
        return (self.code,) if self.counted == self.code else (self.counted, self.code)

    @property
    def spelled(self) -> bool:
        """Return whether it is said or written as a code: digit by digit or in groups, and not as a count or a year."""
        if len(self.atoms) == 1 or (len(self.atoms) == 2 and any(atom.text == "000" for atom in self.atoms)):
            only = self.atoms[0]
            return (
                only.figures
                and len(only.text) > 3
                and not (len(only.text) == 4 and only.text[:2] in ("19", "20"))
            )
        if len(self.atoms) == 2 and self._is_year():
            return False
        return not any(
            len(atom.text) > 2 and not atom.figures and atom.text.endswith("00") for atom in self.atoms
        )

    def _is_year(self) -> bool:
        """Return whether it is a year in two numbers ("twenty twenty four")."""
        century, rest = self.atoms
        return century.text in ("19", "20") and len(rest.text) == 2 and not (century.figures or rest.figures)

    def pieces_in(self, line: Line) -> Iterator[tuple[int, int]]:
        """Yield begin and end of its pieces: the characters of it without the words between."""
        tokens = line.tokens
        begin = self.begin
        for before, after in pairwise(self.atoms):
            if not after.joined and is_apart(tokens[before.last + 1 : after.at]):
                yield begin, tokens[before.last].end
                begin = tokens[after.at].begin
        yield begin, self.end

    @property
    def begin(self) -> int:
        return self.line.tokens[self.first].begin

    @property
    def end(self) -> int:
        return self.line.tokens[self.last].end


def _figures(text: str) -> str:
    return text if text.isascii() else "".join(str(int(one)) for one in text if one.isdecimal())


_BESIDE = 2


class _Reader:
    """Reads the runs of one line, from left to right."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.tokens = line.parts
        self.runs: list[Run] = []
        self.atoms: list[Atom] = []
        self.fillers = 0
        self.undone = False
        self.after_undo = False
        self.at = 0
        self.abbreviations: set[int] = set()
        self.glued = glued_words(line) if line.figures else None

    def read(self) -> list[Run]:
        tokens = self.tokens
        live, beside = self._live()
        if not live:
            return []
        following = 0
        while self.at < len(tokens):
            if not self.atoms:  # most words are neither numbers nor letters
                while following < len(live) and live[following] < self.at:
                    following += 1
                if following == len(live):
                    break
                self.at = live[following]
                if self.at not in beside and self._alone():
                    self.at += 1
                    continue
            if self.glued is not None and self.at in self.glued.walls:
                self._close()
            step = self._atom()
            if step:
                self.fillers = 0
                self.at += step
                continue
            token = tokens[self.at]
            if self.atoms and not self._goes_on(token):
                self._close()
            self.at += 1
        self._close()
        return self.runs

    def _live(self) -> tuple[list[int], Set[int]]:
        """Return the tokens with which a number may begin, and those that are figures or stand beside some.

        Letters beside figures may be a part of a code.
        """
        live: list[int] = []
        figures: list[int] = []
        for at, (_, _, text, word, _) in enumerate(self.tokens):
            if word.live:
                if word.weak and not self._counts(at + 1):
                    continue
                live.append(at)
                if text[0].isdigit():
                    figures.append(at)
            elif text.isupper() and self._before_words(at):
                live.append(at)
        if not figures:
            return live, frozenset()
        beside = {near for at in figures for near in range(at - _BESIDE, at + _BESIDE + 1)}
        return sorted({*live, *(at for at in beside if 0 <= at < len(self.tokens))}), beside

    def _counts(self, at: int) -> bool:
        """Return whether a token says a number."""
        word = self.tokens[at].word if at < len(self.tokens) else None
        return word is not None and (word.value is not None or word.inside is not None or word.times > 0)

    def _says_number(self, at: int) -> bool:
        """Return whether a token is a number word, and no word that only sounds like one."""
        word = self.tokens[at].word if at < len(self.tokens) else None
        return word is not None and (word.value is not None or word.times > 0)

    def _alone(self) -> bool:
        """Return whether a letter is a word ("a", "i"): no other letter, and no "for bravo", follows."""
        if not self.tokens[self.at].word.letter:
            return False
        after = self.tokens[self.at + 1].word if self.at + 1 < len(self.tokens) else None
        if after is None:
            return True
        return after.inert and after.plain not in AS_IN and (not after.named or after.skip)

    def _goes_on(self, token: Token) -> bool:
        """Return whether a run may go on after this token."""
        if token.text in _CURRENCY:
            return False
        if not token.text[0].isalnum():
            return token.text in _JOINING
        word = token.word
        if word.undo:
            self._close(undo=True)
            return True
        if word.filler or word.plain == "no":
            self.fillers += 1
            return self.fillers <= _MOST_FILLERS
        return False

    def _atom(self) -> int:
        """Read an atom at the present token; return how many tokens it took, 0 if it is none."""
        token = self.tokens[self.at]
        text, word = token.text, token.word
        if text[0].isdigit():
            digits = _figures(text)
            if digits:
                self.atoms.append(Atom(digits, self.at, self.at, figures=True))
            return 1
        if not text[0].isalpha():
            return 0
        if word.times and self.at + 1 < len(self.tokens):
            return self._times(token, word.times)
        if word.value is not None:
            return self._value(token, word.value)
        if word.plain in _LINKS and (self._joins_tens() or self._joins_hundreds()):
            return 1
        if word.scale:
            return self._scale(token, word.scale)
        if (
            word.inside is not None
            and not amid_letters(self.tokens, self.at, self.atoms)
            and (
                self._beside_number(-1)
                or (word.inside != 0 and self._beside_number(1))
                or (word.leads and (self._leads() or bool(self.atoms)))
                or among_digits(self.tokens, self.at)
            )
        ):
            self.atoms.append(Atom(str(word.inside), self.at, self.at, homophone=True))
            return 1
        return self._letter(token)

    def _joins_tens(self) -> bool:
        """Return whether an "and" stands between tens and a unit ("cuarenta y dos")."""
        after = self.tokens[self.at + 1 : self.at + 3]
        following = next((token for token in after if token.text != "-"), None)
        return bool(
            self.atoms
            and self.atoms[-1].tens
            and following is not None
            and 0 < (following.word.value or 0) < 20
        )

    def _joins_hundreds(self) -> bool:
        """Return whether an "and" stands between hundreds and the rest ("oitocentos e trinta")."""
        after = self.tokens[self.at + 1].word if self.at + 1 < len(self.tokens) else None
        return (
            bool(self.atoms)
            and after is not None
            and after.value is not None
            and self._is_joined(after.value)
        )

    def _is_joined(self, value: int) -> bool:
        """Return whether a number is counted together with the hundreds or thousands right before it."""
        before = self.atoms[-1] if self.atoms else None
        if before is None or before.figures or value < 1:
            return False
        if not (before.text.isdigit() and before.text.endswith("00") and int(before.text)):
            return False
        between = self.tokens[before.last + 1 : self.at]
        if any(token.word.plain not in _LINKS for token in between):
            return False
        zeros = len(before.text) - len(before.text.rstrip("0"))
        return len(str(value)) <= min(zeros, 3)

    def _unit_before(self, value: int) -> Atom | None:
        """Return the unit that is said before these tens ("sechs und dreißig"), or None."""
        before = self.atoms[-1] if self.atoms else None
        if before is None or before.figures or value % 10 or not 20 <= value < 100:
            return None
        between = [token.word.plain for token in self.tokens[before.last + 1 : self.at]]
        one_digit = len(before.text) == 1 and before.text.isdigit() and before.text != "0"
        return before if one_digit and len(between) == 1 and between[0] in _UNIT_FIRST else None

    def _leads(self) -> bool:
        """Return whether a number follows the present token, or it is the only word of the line."""
        after = self.tokens[self.at + 1].text if self.at + 1 < len(self.tokens) else ""
        if self._beside_number(1) or (len(after) > 1 and after.isdigit()):  # "o 2" is the name of a firm
            return True
        return all(at == self.at or not token.text[0].isalnum() for at, token in enumerate(self.tokens))

    def _beside_number(self, step: int) -> bool:
        at = self.at + step
        if not 0 <= at < len(self.tokens):
            return False
        if step < 0:
            return (
                bool(self.atoms)
                and self.atoms[-1].last == at
                and not (self.fillers or self.atoms[-1].figures)
            )
        other = self.tokens[at]
        return other.word.value is not None or bool(other.word.times)

    def _times(self, token: Token, times: int) -> int:
        after = self.tokens[self.at + 1]
        value = after.word.value if after.word.value is not None else after.word.inside
        if after.text.isdigit() and len(after.text) <= 2:
            text = after.text * times
        elif value is not None and value < 100:
            text = str(value) * times
        elif after.word.letter:
            text = after.word.plain * times
        else:
            return 0
        self.atoms.append(Atom(text, self.at, self.at + 1))
        return 2

    def _value(self, token: Token, value: int) -> int:
        before = self.atoms[-1] if self.atoms and self.atoms[-1].last >= self.at - _APART else None
        if before is not None and before.tens and self._adds(before, value):  # 40 + 2
            total = before.tens + value
            tens = total if token.word.plain == "dix" else 0
            self.atoms[-1] = before._replace(text=str(total), last=self.at, tens=tens)
            return 1
        if (
            before is not None
            and token.word.plain in ("vingt", "vingts")
            and self._four_times_twenty(before, token)
        ):
            return 1
        unit = self._unit_before(value)
        if unit is not None:
            self.atoms[-1] = unit._replace(text=str(value + int(unit.text)), last=self.at, tens=0)
            return 1
        tens = value if (20 <= value < 100 and value % 10 == 0) or token.word.plain == "dix" else 0
        joined = self._is_joined(value)
        self.atoms.append(Atom(str(value), self.at, self.at, tens, joined=joined))
        return 1

    def _four_times_twenty(self, before: Atom, token: Token) -> bool:
        """Read "quatre-vingts", also behind other tens ("quarante quatre-vingts" is 40 and 80)."""
        four = self.tokens[before.last]
        if four.word.plain != "quatre" or before.last < self.at - 2:
            return False
        joined = False
        if before.text == "4":
            joined = self.atoms.pop().joined
        else:
            self.atoms[-1] = before._replace(text=before.text[:-1] + "0", last=before.last - 1, tens=0)
        self.atoms.append(Atom("80", before.last, self.at, 80, joined=joined))
        return True

    def _adds(self, before: Atom, value: int) -> bool:
        """Return whether a unit belongs to the tens before it: "forty two", "cuarenta y dos", "soixante douze"."""
        between = self.tokens[before.last + 1 : self.at]
        if any(token.text != "-" and token.word.plain not in _AND for token in between):
            return False
        last = self.tokens[before.last].word.plain
        if last.endswith("nta") and not between:
            return False  # "cincuenta tres" is 50 and 3
        if last in ("soixante", "vingt", "vingts") and before.tens in (60, 80):
            return 0 < value <= 19
        return (7 if last == "dix" else 1) <= value <= 9

    def _scale(self, token: Token, scale: int) -> int:
        before = self.atoms[-1] if self.atoms and self.atoms[-1].last == self.at - 1 else None
        counts = before is not None and not before.figures and before.text.isdigit()
        if scale == MILLION and not (counts and before is not None and len(before.text) <= 3):
            return 0  # "3 million" is an amount
        if (
            before is not None
            and counts
            and (scale == MILLION or (len(before.text) <= 2 and scale in (100, 1000)))
        ):
            text = before.text + str(scale)[1:]
            self.atoms[-1] = before._replace(text=text, last=self.at, tens=0, homophone=False)
        else:
            joined = self._is_joined(scale)
            self.atoms.append(Atom(str(scale), self.at, self.at, joined=joined))
        return 1

    def _letter(self, token: Token) -> int:
        """Read a spelled letter: "b", "bravo", "b for bravo", or letters glued to figures ("AB12")."""
        text, word = token.text, token.word
        after = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None
        before = self.tokens[self.at - 1] if self.at else None
        if (before is not None and before.glued and before.text in _APOSTROPHES) or (
            after is not None and after.glued and after.text in _APOSTROPHES
        ) or (before is not None and token.glued and before.text in _APOSTROPHES):  # fmt: skip
            return 0
        glued = (token.glued and before is not None and before.text[0].isdigit()) or (
            after is not None and after.glued and after.text[0].isdigit()
        )
        if (token.glued and text.lower() in _ORDINAL) or (
            self.glued is not None and self.at in self.glued.names
        ):
            return 0
        if glued and len(text) <= 6 and not (word.unit and token.glued):
            self.atoms.append(Atom(text.lower(), self.at, self.at))
            return 1
        if word.letter:
            self.atoms.append(Atom(word.plain, self.at, self.at))
            return 1 + self._as_in()
        if (
            word.plain in _LETTER
            and self.atoms
            and after is not None
            and after.text.isalpha()
            and not after.word.small
        ):
            self.atoms.append(Atom(after.word.plain[0], self.at, self.at + 1))
            return 2
        if word.abbreviation and self._says_number(self.at + 1) and self._says_number(self.at + 2):
            self.abbreviations.add(self.at)
            self.atoms.append(Atom(text.lower(), self.at, self.at))
            return 1
        if word.nato or names_letter(self.tokens, self.at, self.atoms):
            said = word.named or word.plain[0]
            self.atoms.append(Atom(said, self.at, self.at))
            return 1
        if (
            (
                len(text) in (2, 3)
                and text.isupper()
                and not (word.unit or word.phrases)
                and self._code_beside()
            )
            or self._bank_letters(text)
            or self._licence(token)
        ):
            self.atoms.append(Atom(text.lower(), self.at, self.at))
            return 1
        return 0

    def _code_beside(self) -> bool:
        """Return whether capitals stand beside figures ("AB 12 34", "CL-88213"), or before a number in words."""
        if self._before_words(self.at):
            return True
        sides = (reversed(self.tokens[max(0, self.at - 2) : self.at]), self.tokens[self.at + 1 : self.at + 3])
        for side in sides:
            for token in side:
                if token.text[0].isdigit():
                    return True
                if token.text != "-":
                    break
        return False

    def _before_words(self, at: int) -> bool:
        """Return whether a few capitals stand right before a number in words ("QQ one two"); not in a line of capitals."""
        token = self.tokens[at]
        if len(token.text) not in (2, 3) or not token.text.isupper() or at + 1 == len(self.tokens):
            return False
        after = self.tokens[at + 1]
        return after.text.islower() and (after.word.value is not None or after.word.inside is not None)

    def _licence(self, token: Token) -> bool:
        """Return whether unknown capitals stand before figures ("WILLI 805126")."""
        after = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None
        word = token.word
        return (
            not self.atoms and 4 <= len(token.text) <= 6 and token.text.isupper() and after is not None
            and after.text.isdigit() and len(after.text) > 3 and not (word.phrases or word.small or word.skip or word.month)
        )  # fmt: skip

    def _bank_letters(self, text: str) -> bool:
        """Return whether four letters follow the beginning of an IBAN ("IE04 AIBK")."""
        if len(text) != 4 or not self.atoms:
            return False
        code = "".join(atom.text for atom in self.atoms[-2:])
        return len(code) == 4 and code[:2].isalpha() and code[2:].isdigit()

    def _as_in(self) -> int:
        """Return how many tokens of "for bravo", "wie Berta", "comme" follow a letter, and put them into its atom."""
        words = as_in(self.tokens, self.at, self.atoms[-1].text)
        if words:
            self.atoms[-1] = self.atoms[-1]._replace(last=self.at + words)
        return words

    def _close(self, *, undo: bool = False) -> None:
        if not (self.atoms or undo or self.fillers or self.after_undo):
            return
        atoms, self.atoms, self.fillers = self.atoms, [], 0
        after_undo, self.after_undo = self.after_undo, undo
        beside = self.glued is not None or self.abbreviations
        if not (beside or (atoms and (atoms[0].text.isalpha() or atoms[-1].text.isalpha()))):
            self._add(atoms, after_undo=after_undo)
            return
        glued = self.glued.tokens if self.glued is not None else frozenset()
        for part in without_glued(atoms, glued | self.abbreviations):
            self._add(atoms[part], after_undo=after_undo)
            after_undo = False

    def _add(self, atoms: list[Atom], *, after_undo: bool) -> None:
        if told := told_before(atoms, self.tokens):
            self._add(atoms[:told], after_undo=after_undo)
            atoms, after_undo = atoms[told:], False
        pieces = self._pieces(atoms) if len(atoms) > 1 else []
        # "49.99 and 12.50" is two amounts, while "four nine and then two one" is one number.
        whole = len(pieces) < 2 or not any(self._looks_counted(piece) for piece in pieces)
        for part in [atoms] if whole else pieces:
            part = trimmed(part, self.tokens)
            if len(part) == 1 and self._is_article(part[0]):
                continue
            if len(part) > 2 or any(any(map(str.isdigit, atom.text)) for atom in part):
                amount, clock = self._amount(part), self._clock(part)
                self.runs.append(Run(self.line, part, amount=amount, clock=clock, after_undo=after_undo))
            after_undo = False

    def _is_article(self, atom: Atom) -> bool:
        """Return whether a word for "one" belongs to the noun behind it ("un instant", "one moment")."""
        after = self.tokens[atom.last + 1] if atom.last + 1 < len(self.tokens) else None
        return (
            atom.text == "1"
            and not atom.figures
            and after is not None
            and after.text[0].isalpha()
            and not (after.word.filler or after.word.nod or after.word.person)
        )

    def _pieces(self, atoms: list[Atom]) -> list[list[Atom]]:
        """Return the parts of a number between its fillers."""
        pieces: list[list[Atom]] = []
        last = -2
        for atom in atoms:
            if last < 0 or (not atom.joined and is_apart(self.tokens[last + 1 : atom.at])):
                pieces.append([])
            pieces[-1].append(atom)
            last = atom.last
        return pieces

    def _looks_counted(self, atoms: list[Atom]) -> bool:
        return self._amount(atoms) or self._clock(atoms)

    def _amount(self, atoms: list[Atom]) -> bool:
        """Return whether a run is money, a share, or a count of something."""
        if sum([len(atom.text) for atom in atoms if not atom.joined]) > _MOST_COUNTED:
            return False
        before = self.tokens[atoms[0].at - 1] if atoms[0].at else None
        after = self.tokens[atoms[-1].last + 1] if atoms[-1].last + 1 < len(self.tokens) else None
        if before is not None and (before.text in _CURRENCY or before.text in ("R", "EUR", "USD", "GBP")):
            return True
        if after is not None and (
            (after.text in _CURRENCY and not is_currency_of_next(self.tokens, atoms[-1].last + 1))
            or after.word.unit
            or (after.glued and after.text in _ORDINAL)
        ):
            return True
        said = self._said(atoms)
        return _AMOUNT.fullmatch(said) is not None

    def _said(self, atoms: list[Atom]) -> str:
        """Return the words of a run, with one blank where there are some."""
        first = atoms[0].at
        if atoms[-1].last == first:
            return self.tokens[first].text
        said = "".join(
            token.text if token.glued else f" {token.text}"
            for token in self.tokens[first : atoms[-1].last + 1]
        )
        return said.lstrip()

    def _clock(self, atoms: list[Atom]) -> bool:
        said = self._said(atoms)
        return _CLOCK.fullmatch(said) is not None


def runs_of(line: Line) -> list[Run]:
    """Return the runs of a line."""
    return _Reader(line).read()
