"""Who is who, as texts say it above a call: `Agent: Ann Lee` where `Ann:` or `A:` speaks; `S1 is the agent`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from reddy_lib.transcripts.roles import fold, leaning

__all__ = ["Legend", "read_legend"]

_PAIR = re.compile(
    r"[\W_]*(?P<one>[^:：=.?!\n]{1,40}?)[\s*_]*(?:[:：=]|\s[–—-]\s|\s(?:is|are|ist|est|es|è|é)\s(?:the\s|der\s|die\s|le\s|la\s|el\s)?)"
    r"[\s*_]*(?P<other>[^:：=.?!\n]{1,40}?)[\W_]*",
    re.IGNORECASE,
)
_PARTS = re.compile(r"\s*[,;|/]\s*(?=[^,;|/]{1,40}[:=–-])")
_MOST = 6
_SIDES = ("agent", "customer")


class Legend(NamedTuple):
    """`rows`: lines that it takes up; `sides`: what the two may be called below it, folded → the side: by their names and
    initials, or by the initials of their roles."""

    rows: int
    sides: tuple[dict[str, str], dict[str, str]]

    def of(self, labels: Iterable[str]) -> dict[str, str]:
        """Return label → side; {} where the labels are not those of both sides, or may be either way."""
        labels = list(labels)
        found = [
            {label: sides[fold(label)] for label in labels if fold(label) in sides} for sides in self.sides
        ]
        found = [named for named in found if set(named.values()) == set(_SIDES)]
        return found[0] if found and all(named == found[0] for named in found) else {}


def read_legend(rows: Sequence[str]) -> Legend | None:
    """Return what the first lines say of who is who; None where they do not say it of both sides."""
    people: dict[str, tuple[set[str], set[str]]] = {}
    count = 0
    for row in rows[:_MOST]:
        pairs = [_PAIR.fullmatch(part) for part in _PARTS.split(row)] if len(row) < 160 else [None]
        found = [_side_and_names(match["one"], match["other"]) for match in pairs if match is not None]
        if len(found) < len(pairs) or any(one is None for one in found):
            break
        count += 1
        for side, names in filter(None, found):
            if side in people:
                return None
            people[side] = names
        if len(people) == len(_SIDES):
            break
    if set(people) != set(_SIDES):
        return None
    agent, customer = people["agent"], people["customer"]
    by_name, by_role = (
        {name: side for side in _SIDES for name in people[side][way] - (agent[way] & customer[way])}
        for way in (0, 1)
    )
    return Legend(count, (by_name, by_role))


def _side_and_names(one: str, other: str) -> tuple[str, tuple[set[str], set[str]]] | None:
    """The side that one of two words stands for, and what the person may be called: by name, and by role."""
    role, person = (one, other) if leaning(one) in _SIDES else (other, one)
    side = leaning(role)
    if side not in _SIDES or leaning(person) or len(person.split()) > 4:
        return None
    words = person.split()
    names = {person, *words, "".join(word[0] for word in words), words[0][0]} if words else {person}
    return side, ({fold(name) for name in names if name}, {fold(role.strip()[:1])} if role is one else set())
