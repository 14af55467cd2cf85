"""Find personal data in the lines of a transcript: which characters of which line, and of what kind.

This is a small check for what people read out on the telephone, and cannot find everything. Numbers are recognised by
their check digits (`stdnum`), as digits or as spoken English ("four two four two", "double seven"), also if they continue
in the next line of the same speaker; email addresses and dates by their form. It proposes, and a person decides. Names and
postal addresses are not searched for. No message repeats what was found: a `Said` says where it is, not what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from reddy_lib.model import TranscriptLine

__all__ = ["KINDS", "Said", "find_personal_data"]

KINDS = ("card number", "bank account", "national id", "phone", "email", "date of birth", "long number")

_TOKEN = re.compile(r"[^\W\d_]+|\d+|\S")
_UNITS = {"zero": "0", "nought": "0", "nil": "0"} | {
    word: str(number)
    for number, word in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), 1)
}
_TEENS = {
    word: str(number)
    for number, word in enumerate(
        (
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ),
        10,
    )
}
_TENS = {
    word: f"{number}0"
    for number, word in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 2
    )
}
_TIMES = {"double": 2, "triple": 3, "treble": 3}
_BETWEEN = frozenset("-./,()+·–—…")
_EMAIL = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\w+(?:\s(?:dot|underscore|dash|hyphen|minus)\s\w+)*\s(?:at|@)\s\w+(?:\s(?:dash|hyphen)\s\w+)*(?:\sdot\s\w{2,})+",
    re.IGNORECASE,
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}", re.IGNORECASE)
_LETTERED = re.compile(r"\b(?=[A-Z0-9 -]*\d)[A-Z0-9](?:[ -]?[A-Z0-9]){7,15}\b")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATE = re.compile(
    rf"\b\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}}\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?(?:\s+of)?\s+{_MONTH},?(?:\s+(?:of\s+)?(?:\d{{4}}|\d{{2}})\b)?"
    rf"|\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\b,?(?:\s+(?:\d{{4}}|\d{{2}})\b)?",
    re.IGNORECASE,
)
_BIRTH = re.compile(
    r"\b(?:born|birth(?:day|date)?|d\.?o\.?b\.?|geboren|geburtsdatum|naissance|nacimiento|nascita)\b", re.I
)
_ASKED_BEFORE = 2  # lines above in which the date of birth may have been asked for
_LONG = 13  # digits: as many as the shortest card number, in which a digit may have been misheard


class Said(NamedTuple):
    """Personal data in a line. `line`: number from 1; `begin`, `end`: characters of its text; `kind`: one of `KINDS`."""

    line: int
    begin: int
    end: int
    kind: str


def find_personal_data(lines: Sequence[TranscriptLine]) -> list[Said]:
    """Find personal data, in the order of the lines. Of two kinds in one place, the one first in `KINDS` is returned."""
    found: list[Said] = []
    for number, line in enumerate(lines, 1):
        found += _by_shape(number, line.text)
        if _BIRTH.search(line.text) or _asked(lines, number):
            found += [
                Said(number, one.start(), one.end(), "date of birth") for one in _DATE.finditer(line.text)
            ]
    for role in dict.fromkeys(line.role for line in lines):
        for run in _runs([(number, line.text) for number, line in enumerate(lines, 1) if line.role == role]):
            kind = _kind(run)
            if kind:
                found += _places(run, kind)
    return _without_overlaps(found)


def _asked(lines: Sequence[TranscriptLine], number: int) -> bool:
    role = lines[number - 1].role
    above = lines[max(0, number - 1 - _ASKED_BEFORE) : number - 1]
    return any(line.role != role and _BIRTH.search(line.text) for line in above)


def _by_shape(number: int, text: str) -> Iterator[Said]:
    for one in _EMAIL.finditer(text):
        yield Said(number, one.start(), one.end(), "email")
    if not any(character.isdigit() for character in text):
        return
    for one in _IBAN.finditer(text):
        end = _longest(text, one.start(), one.end(), _checks()["iban"])
        if end:
            yield Said(number, one.start(), end, "bank account")
    for one in _LETTERED.finditer(text):
        plain = re.sub(r"[ -]", "", one[0])
        if not plain.isdigit() and any(check(plain) for check in _checks()["lettered"]):
            yield Said(number, one.start(), one.end(), "national id")


def _longest(text: str, begin: int, end: int, checks: Sequence[Callable[[str], bool]]) -> int:
    """Return the last end at which the text from `begin` passes a check, or 0 if none does."""
    while end - begin >= 15:
        if text[end - 1].isalnum() and any(check(text[begin:end]) for check in checks):
            return end
        end -= 1
    return 0


class _Digits(NamedTuple):
    """Digits that were said as one word. `tens`: a unit may follow, as after "forty"."""

    line: int
    begin: int
    end: int
    digits: str
    tens: bool = False


_Run = list[_Digits]


def _runs(texts: Sequence[tuple[int, str]]) -> Iterator[_Run]:
    """Yield runs of digits, across the lines of one speaker; any other word ends a run."""
    run: _Run = []
    times = 1
    plus = False
    for number, text in texts:
        for token in _TOKEN.finditer(text):
            word = token[0].casefold()
            digits = _digits(word, bool(run))
            if digits:
                if run and run[-1].line == number and run[-1].tens and word in _UNITS and digits != "0":
                    before = run.pop()  # "forty two" is 42
                    run.append(_Digits(number, before.begin, token.end(), before.digits[:-1] + digits))
                    continue
                begin = token.start()
                digits = ("+" if plus and not run else "") + digits * times
                run.append(_Digits(number, begin, token.end(), digits, word in _TENS))
                times, plus = 1, False
            elif word in _TIMES:
                times = _TIMES[word]
            elif word in _BETWEEN:
                plus = plus or (word == "+" and not run)
            else:
                if run:
                    yield run
                run, times, plus = [], 1, word == "plus"
    if run:
        yield run


def _digits(word: str, inside: bool) -> str:
    if word.isdigit():
        return word if word.isascii() else "".join(str(int(one)) for one in word if one.isdecimal())
    if word in _UNITS:
        return _UNITS[word]
    if word in ("o", "oh"):
        return "0" if inside else ""
    return _TEENS.get(word) or _TENS.get(word, "")


def _kind(run: _Run) -> str:
    digits = "".join(one.digits for one in run)
    international = digits.startswith("+")
    digits = digits.removeprefix("+")
    if len(digits) < 8:
        return ""
    checks = _checks()
    # Also with the digits that follow it (expiry date, security code): all of it belongs to the card.
    if len(digits) >= 13 and not international:
        boundaries = [0]
        for one in run:
            boundaries.append(boundaries[-1] + len(one.digits))
        for first in boundaries:
            for last in boundaries:
                if (
                    13 <= last - first <= 19
                    and digits[first] in "23456"
                    and checks["card"][0](digits[first:last])
                ):
                    return "card number"
    if not international and any(check(digits) for check in checks["national"]):
        return "national id"
    if 9 <= len(digits) <= 15 and (international or digits[0] == "0" or len(digits) in (10, 11)):
        return "phone"
    return "long number" if len(digits) >= _LONG else ""


def _places(run: _Run, kind: str) -> Iterator[Said]:
    """Yield one `Said` for each line of a run, from its first digit to its last."""
    for line in dict.fromkeys(one.line for one in run):
        parts = [one for one in run if one.line == line]
        yield Said(line, parts[0].begin, parts[-1].end, kind)


def _without_overlaps(found: list[Said]) -> list[Said]:
    kept: list[Said] = []
    for one in sorted(
        set(found), key=lambda said: (KINDS.index(said.kind), said.line, said.begin, -said.end)
    ):
        inside = any(k.line == one.line and k.begin <= one.begin and one.end <= k.end for k in kept)
        if not inside:
            kept.append(one)
    return sorted(kept, key=lambda said: (said.line, said.begin, said.end))


class _NumberFormat(Protocol):
    """A module of `stdnum`."""

    def is_valid(self, number: str) -> bool: ...


_CHECKS: dict[str, tuple[Callable[[str], bool], ...]] = {}


def _checks() -> dict[str, tuple[Callable[[str], bool], ...]]:
    """Return the checks of `stdnum`, which are loaded with the first digits: most transcripts have none."""
    if not _CHECKS:
        from stdnum import iban, luhn
        from stdnum.be import nn
        from stdnum.ca import sin
        from stdnum.de import idnr
        from stdnum.dk import cpr
        from stdnum.es import dni, nie
        from stdnum.fi import hetu
        from stdnum.fr import nir
        from stdnum.gb import nhs
        from stdnum.in_ import aadhaar
        from stdnum.it import codicefiscale
        from stdnum.nl import bsn
        from stdnum.pl import pesel
        from stdnum.se import personnummer
        from stdnum.us import ssn

        def of(*modules: _NumberFormat) -> tuple[Callable[[str], bool], ...]:
            return tuple(module.is_valid for module in modules)

        nino = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]")
        _CHECKS.update(
            card=of(luhn),
            iban=of(iban),
            national=of(ssn, sin, nhs, idnr, nn, cpr, nir, aadhaar, bsn, pesel, personnummer),
            lettered=(*of(dni, nie, codicefiscale, hetu, nir), lambda text: bool(nino.fullmatch(text))),
        )
    return _CHECKS
