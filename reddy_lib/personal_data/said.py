"""What a finder says: where personal data stands in a line, and of what kind."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FINDER", "KINDS", "NOT_KEPT", "PLURALS", "TITLES", "Said", "first_in_each_place", "kinds_at"]

TITLES = {
    "card": "card number",
    "cvv": "security code",
    "expiry": "expiry date",
    "pin": "PIN or one-time code",
    "password": "password",
    "national_id": "national id",
    "bank": "bank account",
    "phone": "phone number",
    "email": "email",
    "birth_date": "date of birth",
    "address": "address",
    "name": "name",
    "account": "customer or policy number",
    "last4": "last four digits",
}
"""Kind → what people call it."""

KINDS = tuple(TITLES)

NOT_KEPT = ("cvv", "pin")
"""Kinds that may not be kept: once masked, they are removed from every copy of the call (`batches.removed_codes`)."""

PLURALS = {kind: f"{title}s" for kind, title in TITLES.items()} | {
    "pin": "PINs or one-time codes",
    "birth_date": "dates of birth",
    "address": "addresses",
    "last4": "last four digits",
}
"""Kind → what people call several of it."""

FINDER = 6
"""Version of the finder: what an earlier one found is looked for again. Raise it when it finds more, or less."""


class Said(NamedTuple):
    """Personal data in a line. No message repeats the words: this says where they are.

    `line`: number from 1; `begin`, `end`: characters of its text, `end` exclusive; `kind`: one of `KINDS`, or what a person
    marked; `item`: pieces of one datum share it; `sure`: "checked" (by check digits), "context" (asked for or announced) or
    "form" (looks like it); `why`: the reason in a few words.
    """

    line: int
    begin: int
    end: int
    kind: str
    item: int = 0
    sure: str = ""
    why: str = ""


_SURE = {"checked": 0, "context": 1, "form": 2, "": 3}


def first_in_each_place(found: list[Said]) -> list[Said]:
    """Return findings in the order of the lines, without those that overlap a surer or longer one."""
    kept: list[Said] = []
    for one in sorted(
        dict.fromkeys(found), key=lambda said: (said.line, _SURE[said.sure], said.begin - said.end)
    ):
        pieces = [(one.begin, one.end)]
        for other in kept:
            if other.line == one.line:
                pieces = [rest for piece in pieces for rest in _without(piece, other)]
        kept += [one._replace(begin=begin, end=end) for begin, end in pieces]
    return sorted(kept, key=lambda said: (said.line, said.begin))


def kinds_at(found: list[Said], line: int, begin: int, end: int) -> set[str]:
    """Return the kinds of what was found in these characters of a line."""
    return {said.kind for said in found if said.line == line and said.begin < end and begin < said.end}


def _without(piece: tuple[int, int], other: Said) -> list[tuple[int, int]]:
    begin, end = piece
    if other.end <= begin or end <= other.begin:
        return [piece]
    return [part for part in ((begin, other.begin), (other.end, end)) if part[0] < part[1]]
