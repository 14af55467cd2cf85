"""How well a run of digits and letters fits a kind of data, from 0 to 1, by its length and form alone."""

from __future__ import annotations

from collections.abc import Sequence

from reddy_lib.personal_data.forms import is_card
from reddy_lib.personal_data.runs import Run

__all__ = ["COMPLETE", "fit", "parted"]

COMPLETE = {"card": 15, "cvv": 3, "expiry": 3, "pin": 4, "last4": 4, "phone": 9, "birth_date": 4}
"""Kind → digits with which a datum is complete; other kinds have no usual length."""
_LONGEST_CARD = 19
_WHOLE = 0.9
_CODE = range(4, 9)


def fit(kind: str, run: Run, filled: int = 0) -> float:
    """Return how well a run fits a kind. `filled`: digits of the same datum that were said before it."""
    digits, letters = run.digits, run.letters
    if kind in ("no", "our"):
        return 1.0
    if digits + letters < 2 and not (filled and kind in _LONG):
        return 0.3
    return _FITS[kind](digits, letters, filled)


def _card(digits: int, letters: int, filled: int) -> float:
    if letters:
        return 0.3
    if digits >= 13:
        return 1.0 if digits <= _LONGEST_CARD else 0.8
    return 0.85 if filled + digits <= _LONGEST_CARD + 4 else 0.4


def _cvv(digits: int, letters: int, _filled: int) -> float:
    return 1.0 if digits in (3, 4) and not letters else 0.0


def _expiry(digits: int, letters: int, _filled: int) -> float:
    return 0.0 if letters else {4: 1.0, 3: 0.95, 6: 0.9, 5: 0.6, 2: 0.4}.get(digits, 0.0)


def _pin(digits: int, letters: int, filled: int) -> float:
    if letters:
        return 0.8 if digits + letters in range(4, 11) else 0.3
    return 1.0 if digits in _CODE else 0.5 if digits == 3 or (filled and digits == 2) else 0.1


def _long(digits: int, letters: int, _filled: int) -> float:
    return 1.0 if digits + letters >= 6 else 0.8 if digits + letters >= 4 else 0.65


def _phone(digits: int, letters: int, _filled: int) -> float:
    if letters:
        return 0.3
    return 1.0 if digits in range(7, 16) else 0.8 if digits > 15 else 0.7


def _email(digits: int, letters: int, _filled: int) -> float:
    return 0.9 if letters >= 2 else 0.7 if letters and digits else 0.1


def _last4(digits: int, letters: int, _filled: int) -> float:
    if letters:
        return 0.5
    return 1.0 if digits == 4 else 0.6 if digits in (2, 3, 5) else 0.3


def _birth(digits: int, letters: int, _filled: int) -> float:
    return 0.9 if digits in range(4, 9) and not letters else 0.3


def _address(digits: int, letters: int, _filled: int) -> float:
    return 0.8 if digits + letters <= 9 else 0.3


def _name(digits: int, letters: int, _filled: int) -> float:
    return 1.0 if letters >= 3 and not digits else 0.0


def _password(digits: int, letters: int, _filled: int) -> float:
    return 0.7 if digits + letters >= 2 else 0.5


_LONG = ("card", "national_id", "bank", "phone", "account")
_FITS = {
    "card": _card, "cvv": _cvv, "expiry": _expiry, "pin": _pin, "password": _password, "national_id": _long, "bank": _long,
    "phone": _phone, "email": _email, "birth_date": _birth, "address": _address, "name": _name, "account": _long,
    "last4": _last4,
}  # fmt: skip


def parted(run: Run, open_kinds: Sequence[str]) -> list[tuple[str, Run]]:
    """Return the parts of a number that is several data in a row (a card and its expiry date), each with its kind.

    Returns an empty list if it is one datum.
    """
    if run.letters or len(run.atoms) < 2:
        return []
    for cut in range(1, len(run.atoms)):
        first, rest = _cut(run, 0, cut), _cut(run, cut, len(run.atoms))
        if is_card(first.code) and rest.digits < 9:
            return [("card", first), *_behind_card(rest)]
    kinds = [kind for kind in open_kinds if kind in ("cvv", "expiry", "pin", "last4")]
    if len(kinds) > 1:
        for cut in range(1, len(run.atoms)):
            first, rest = _cut(run, 0, cut), _cut(run, cut, len(run.atoms))
            for one in kinds:
                for other in kinds:
                    if one != other and fit(one, first) >= _WHOLE and fit(other, rest) >= _WHOLE:
                        return [(one, first), (other, rest)]
    return []


def _behind_card(rest: Run) -> list[tuple[str, Run]]:
    for cut in range(1, len(rest.atoms)):
        expiry, code = _cut(rest, 0, cut), _cut(rest, cut, len(rest.atoms))
        if expiry.digits in (4, 6) and code.digits in (3, 4):
            return [("expiry", expiry), ("cvv", code)]
    return [("cvv" if rest.digits == 3 else "expiry", rest)]


def _cut(run: Run, first: int, last: int) -> Run:
    return Run(run.line, run.atoms[first:last], amount=False, clock=False, after_undo=False)
