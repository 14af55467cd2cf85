"""Find personal data in the name of a recording by its form: an email address, and numbers of kinds that its call has.

Names of files are full of ids and times, and one in ten long numbers passes as a card's. So a number counts only if the
call says that it has one of this kind, be it by a mask.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from reddy_lib.personal_data.forms import is_card, is_customers_phone
from reddy_lib.personal_data.number_words import LANGUAGES
from reddy_lib.personal_data.said import Said

__all__ = ["find_in_file_name"]

_NUMBER = re.compile(r"(?<![^\W_])\+?\d(?:[ ()-]{0,2}\d){7,18}(?![^\W_])")
_TIME = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])?(?:[0-5]\d){0,2}\d{0,3}"
    r"|1[5-9]\d{8}(?:\d{3})?"  # seconds or milliseconds since 1970, as telephone exchanges name calls
)
_ADDRESS = re.compile(r"[\w.+%-]*\w@[^\W_](?:[^\W_]|-)*(?:\.[^\W_](?:[^\W_]|-)*)+")  # "_" ends its host
_ENDING = re.compile(r"\.\w{1,5}$")


def find_in_file_name(name: str, kinds: Collection[str]) -> list[Said]:
    """Return what is personal in a file's name; the line of each is 1.

    Args:
        kinds: what the call has: of them, "phone" and "card" are looked for.
    """
    stem = _ENDING.sub("", name)
    found = [
        Said(1, one.start(), one.end(), "email", 0, "form", "an email address")
        for one in _ADDRESS.finditer(stem)
    ]
    if "phone" in kinds or "card" in kinds:
        found += _numbers(stem, kinds)
    return found


def _numbers(stem: str, kinds: Collection[str]) -> Iterator[Said]:
    for one in _NUMBER.finditer(stem):
        digits = re.sub(r"\D", "", one[0])
        if _TIME.fullmatch(digits):
            continue
        if "card" in kinds and is_card(digits):
            yield Said(1, one.start(), one.end(), "card", 0, "form", "written as a card number")
        elif "phone" in kinds and _is_phone(digits):
            yield Said(1, one.start(), one.end(), "phone", 0, "form", "written as a phone number")


def _is_phone(digits: str) -> bool:
    """Return whether digits are a telephone number, with or without a country code: files are named without a plus."""
    return is_customers_phone(digits, LANGUAGES) or is_customers_phone(
        digits.removeprefix("00"), (), international=True
    )
