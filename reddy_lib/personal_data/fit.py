"""How well a run of digits and letters fits a kind of data, from 0 to 1, by its length and form alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reddy_lib.personal_data.forms import is_card
from reddy_lib.personal_data.runs import Run
from reddy_lib.personal_data.tokens import Line

__all__ = ["COMPLETE", "fit", "is_card_run", "kind_behind_card", "parted", "without_last4"]

COMPLETE = {"card": 15, "cvv": 3, "expiry": 3, "pin": 6, "last4": 4, "phone": 9, "birth_date": 4}
"""Kind → digits with which a datum is complete; other kinds have no usual length."""
_LONGEST_CARD = 19
_WHOLE = 0.9
_CODE = range(4, 9)


_PIECE = 0.9  # of fit: a part of a short code, which is said over several turns
_MOST = {"cvv": 4, "pin": 8, "last4": 4, "expiry": 6, "birth_date": 8}
"""Kind → digits that a short code has at most."""
_LONE = 0.6


def fit(kind: str, run: Run, filled: int = 0, *, piece: bool = False) -> float:
    """Return how well a run fits a kind.

    Args:
        filled: digits of the same datum that were said before it.
        piece: nothing else is said in its line, so that it may be a part of a number that goes on in other turns.
    """
    if kind in ("no", "our"):
        return 1.0
    letters = run.letters
    best = 0.0
    for reading in run.readings:
        digits = len(reading) - letters
        if piece and not letters and kind in _MOST and digits > 0 and filled + digits <= _MOST[kind]:
            best = max(best, _PIECE)
        if digits + letters >= 2 or (filled and kind in _LONG):
            best = max(best, _FITS[kind](digits, letters, filled))
        elif kind not in _MOST:
            best = max(best, _LONE if piece and kind in _LONG else 0.3)
    return best


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


def is_card_run(run: Run) -> bool:
    """Return whether a run is a card's number, as it is said or counted."""
    return any(map(is_card, run.readings))


def without_last4(scores: dict[str, float], line: Line, run: Run) -> None:
    """Remove the weight of a card's last digits where a number in a line such as "card ends …" is a month and a year.

    It is a date if it is written as one, or if no word speaks of last digits more than of a date.
    """
    last4, expiry = scores.get("last4", 0.0), scores.get("expiry", 0.0)
    if not (last4 and expiry and is_month_year(run)):
        return
    if "/" in line.text[run.begin : run.end] or last4 <= expiry:
        del scores["last4"]


def parted(run: Run, open_kinds: Collection[str], *, card: bool = False) -> list[tuple[str, Run]]:
    """Return the parts of a number that is several data in a row (a card and its expiry date), each with its kind.

    Returns an empty list if it is one datum.

    Args:
        open_kinds: what is expected.
        card: a card's number is expected, or was just told.
    """
    if run.letters or len(run.atoms) < 2:
        return []
    if run.digits > _USUAL_CARD or card:
        for cut in _card_cuts(run, whole="card" in open_kinds):
            behind = _behind_card(_cut(run, cut, len(run.atoms)))
            if behind:
                return [("card", _cut(run, 0, cut)), *behind]
    if card:
        told = _date_and_code(run)
        if told:
            return told
    kinds = [kind for kind in open_kinds if kind in ("cvv", "expiry", "pin", "last4")]
    if len(kinds) > 1:
        for cut in range(1, len(run.atoms)):
            first, rest = _cut(run, 0, cut), _cut(run, cut, len(run.atoms))
            for one in kinds:
                for other in kinds:
                    if one != other and fit(one, first) >= _WHOLE and fit(other, rest) >= _WHOLE:
                        return [(one, first), (other, rest)]
    return []


_USUAL_CARD = 15  # digits; most have one more
_LENGTHS = (16, 15, 14, 19, 18, 17)
_ISSUERS = {15: "3", 14: "3", 17: "56", 18: "56", 19: "56"}
"""Digits of a card's number → what it begins with then."""
_MOST_BEHIND = 10  # digits of an expiry date and a code


def _card_cuts(run: Run, *, whole: bool) -> Iterator[int]:
    """Yield where the number of a card may end in a run: first by its check digit, then by its length if it is expected."""
    ends: dict[int, int] = {}
    for cut in range(1, len(run.atoms)):
        first = _cut(run, 0, cut)
        for reading in first.readings:
            ends.setdefault(len(reading), cut)
    checked = [
        length
        for length in _LENGTHS
        if length in ends
        and run.code[0] in _ISSUERS.get(length, run.code[0])
        and any(map(is_card, _cut(run, 0, ends[length]).readings))
    ]
    if is_card_run(run) and (run.digits <= _USUAL_CARD + 1 or not checked or run.code[0] == "6"):
        return
    yield from (ends[length] for length in checked)
    if whole and run.digits > _USUAL_CARD + 3:
        yield from (ends[length] for length in (16, 15) if length in ends)


def _behind_card(rest: Run) -> list[tuple[str, Run]]:
    """Return what is said behind a card's number: its expiry date, its code, or both; empty if it is neither."""
    both = _date_and_code(rest)
    if both:
        return both
    lengths = set(map(len, rest.readings))
    if 3 not in lengths and is_month_year(rest):
        return [("expiry", rest)]
    # What cannot be told apart holds the code, which must not leave.
    return [("cvv", rest)] if max(lengths) > 2 else []


def kind_behind_card(run: Run) -> str:
    """Return what a number that follows a card's is ("expiry", "cvv"), "" if it is neither."""
    parts = _behind_card(run) if not run.letters and run.digits <= _MOST["expiry"] else []
    if len(parts) != 1 or (parts[0][0] == "cvv" and not {3, 4} & set(map(len, run.readings))):
        return ""
    return parts[0][0]


def _date_and_code(run: Run) -> list[tuple[str, Run]]:
    """Return the parts of an expiry date and a security code in a row, in either order; empty if it is something else."""
    if len(run.code) > _MOST_BEHIND:
        return []
    for codes in ({3}, {4}):
        for cut in range(1, len(run.atoms)):
            first, rest = _cut(run, 0, cut), _cut(run, cut, len(run.atoms))
            if is_month_year(first) and codes & set(map(len, rest.readings)):
                return [("expiry", first), ("cvv", rest)]
            if codes & set(map(len, first.readings)) and is_month_year(rest):
                return [("cvv", first), ("expiry", rest)]
    return []


def is_month_year(run: Run) -> bool:
    """Return whether digits are a month and a year of a card: 08 27, 8 27, 8 2027."""
    for reading in run.readings:
        for year in ("", "20"):
            month = reading[: -2 - len(year)]
            if (
                reading[-2 - len(year) : -2] == year
                and month.lstrip("0") in _MONTHS
                and 1 <= len(month) <= 2
                and reading[-2] in _DECADES
            ):
                return True
    return False


_MONTHS = frozenset(str(month) for month in range(1, 13))
_DECADES = "23"  # of years to which cards are valid


def _cut(run: Run, first: int, last: int) -> Run:
    return Run(run.line, run.atoms[first:last], amount=False, clock=False, after_undo=False)
