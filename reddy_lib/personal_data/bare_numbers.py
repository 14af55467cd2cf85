"""What a number is of which nothing was said, by its form alone."""

from __future__ import annotations

import re
from typing import NamedTuple

from reddy_lib.personal_data.fit import is_card_run
from reddy_lib.personal_data.forms import is_customers_phone
from reddy_lib.personal_data.number_words import MILLION
from reddy_lib.personal_data.runs import Run
from reddy_lib.personal_data.tokens import Line

__all__ = ["ByForm", "by_form", "is_date", "kind_by_length", "long_number"]

_CARD_DIGITS, _CARD_BEGINS = (15, 16), "3456"
_PLUS = frozenset(("+", "plus", "piu", "mas", "mais"))
_WITHOUT_ZERO = 10  # digits of a phone number that begins with another digit
_BARE_ID, _BARE_PHONE, _BARE_CARD = 8, 9, 12  # digits

_MONTHS = frozenset(f"{month:02}" for month in range(1, 13))
_PIN_DIGITS = range(4, 7)


_DATE = re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4}")


class ByForm(NamedTuple):
    """The kind of a number, how sure that is ("checked", "form"), and why."""

    kind: str
    sure: str
    why: str


def by_form(line: Line, run: Run, languages: tuple[str, ...]) -> ByForm | None:
    """Return what a number is in any sentence: a card's or a telephone number; None if its form says nothing."""
    if is_card_run(run):
        return ByForm("card", "checked", "a card's length and check digit")
    if run.digits in _CARD_DIGITS and run.code[0] in _CARD_BEGINS:
        return ByForm("card", "form", "as long as a card number")
    international = run.first > 0 and line.parts[run.first - 1].word.plain in _PLUS
    digits = run.code if run.code[0] == "0" else run.counted
    told = international or digits[0] == "0" or len(digits) >= _WITHOUT_ZERO
    if told and is_customers_phone(digits, languages, international=international):
        return ByForm("phone", "form", "written as a phone number")
    return None


def is_date(text: str) -> bool:
    """Return whether a text is a date in figures, with its year in four."""
    return _DATE.fullmatch(text) is not None


def long_number(run: Run) -> ByForm | None:
    """Return what a number is that is all that its line says, None if it is too short or a round sum."""
    digits = len(run.counted)
    if digits < _BARE_ID or (digits < _BARE_CARD and run.counted.endswith(str(MILLION)[1:])):
        return None
    if run.counted[0] == "0" and digits >= _BARE_PHONE:  # no card begins with it
        kind = "phone"
    else:
        kind = "card" if digits >= _BARE_CARD else "account"
    return ByForm(kind, "form", "a long number and nothing else")


def kind_by_length(run: Run, *, paying: bool) -> str:
    """Return the kind of a code that is the whole answer to a question of unknown words; "" if it may be a count.

    Args:
        paying: a card's number was told a few lines before.
    """
    if run.digits == 3:
        return "cvv" if paying else ""
    if run.digits == 4 and paying:
        return "expiry" if run.code[:2] in _MONTHS else "cvv"
    if run.digits in _PIN_DIGITS:
        return "pin"
    return "account" if run.digits > 3 else ""
