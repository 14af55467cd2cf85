"""Lists of people in records: who of them is the agent, by what the list says or by what all records show.

A word such as "agent" decides where there is one. Else the records decide together: the company's people share a mail
domain that stands in nearly every record, or come up in many records while the others differ; and a word for a role is
what the people who bear it are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from reddy_lib.spreadsheet.cells.header_words import plain_name
from reddy_lib.transcripts.key_names import usual_plan
from reddy_lib.transcripts.roles import role_of
from reddy_lib.transcripts.times import words_of

__all__ = ["MOST_PEOPLE", "KnownPeople", "is_people", "people_columns", "sides_of"]

MOST_PEOPLE = 30
_FEWEST_RECORDS = 3
_MAIL = re.compile(r"(?:mailto:)?[^\s@<>\"',;]+@([^\s@<>\"',;]+\.[^\s@<>\"',;]{2,})", re.IGNORECASE)
_FREE_MAIL = re.compile(
    r"(?:gmail|googlemail|yahoo|hotmail|outlook|live|icloud|gmx|web|mail|aol|proton|yandex|qq|163)\b.*", re.I
)


class KnownPeople:
    """What all records together say of the people in one of their lists: who is of the company."""

    def __init__(self, lists: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        self._words: dict[tuple[str, str], str] = {}
        self._domain = ""
        lists = [[_flat_person(person) for person in people] for people in lists]
        if len(lists) < _FEWEST_RECORDS:
            return
        domains = Counter(
            domain for people in lists for domain in {_domain(person) for person in people} if domain
        )
        best, count = domains.most_common(1)[0] if domains else ("", 0)
        others = sum(any(_domain(person) != best for person in people) for people in lists)
        if count * 10 >= 8 * len(lists) and others * 2 > len(lists) and not _FREE_MAIL.fullmatch(best):
            self._domain = best
        self._learn_words(lists)

    def _learn_words(self, lists: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        """Keys with two values, one for the people of the company and one for the others."""
        for key in dict.fromkeys(str(key) for people in lists for person in people for key in person):
            bearers: dict[str, list[Mapping[str, Any]]] = {}
            for people in lists:
                for person in people:
                    value = person.get(key)
                    if isinstance(value, str | int) and len(str(value)) <= 40:
                        bearers.setdefault(str(value), []).append(person)
            if len(bearers) != 2 or any(len(some) * 10 < 7 * len(lists) for some in bearers.values()):
                continue
            (one, these), (other, those) = bearers.items()
            ours = self._ours(these, those)
            if ours:
                self._words[key, one if ours > 0 else other] = "agent"
                self._words[key, other if ours > 0 else one] = "customer"

    def _ours(self, these: Sequence[Mapping[str, Any]], those: Sequence[Mapping[str, Any]]) -> int:
        """1: the first are the company's people, -1: the second, 0: nobody can say."""
        if self._domain:
            share = [sum(_domain(one) == self._domain for one in some) / len(some) for some in (these, those)]
            if max(share) >= 0.8 and min(share) <= 0.2:
                return 1 if share[0] > share[1] else -1
        kinds = [len({_identity(one) for one in some}) / len(some) for some in (these, those)]
        if len(these) >= 5 and min(kinds) <= 0.67 and max(kinds) >= 0.9:
            return 1 if kinds[0] < kinds[1] else -1
        return 0

    def sides(self, people: Sequence[Mapping[str, Any]]) -> list[str]:
        """The side of each person; "" where nothing says it."""
        found = [
            next((side for (key, word), side in self._words.items() if str(person.get(key)) == word), "")
            for person in people
        ]
        if self._domain and "agent" not in found:
            found = [
                "agent" if _domain(person) == self._domain else side
                for person, side in zip(people, found, strict=True)
            ]
        if found.count("agent") == 1 and len(people) == 2:
            found = [side or "customer" for side in found]
        return found


def _domain(person: Mapping[str, Any]) -> str:
    for value in person.values():
        if isinstance(value, str) and (match := _MAIL.fullmatch(value.strip())):
            return match[1].casefold()
    return ""


def _identity(person: Mapping[str, Any]) -> str:
    """What tells a person: the address, else the name."""
    for pattern in (r".*mail.*", r".*name.*", r".*phone.*|.*tel.*"):
        for key, value in person.items():
            if isinstance(value, str) and re.fullmatch(pattern, plain_name(str(key))):
                return value.casefold()
    return repr(sorted(map(str, person.values())))


def _are_turns(items: Sequence[Mapping[str, Any]], flat: Sequence[Mapping[str, Any]]) -> bool:
    """Is this a list of what people say: sentences, a key for what is said, or the same person again and again?"""
    if any(isinstance(value, str) and words_of((value,)) > 8 for person in flat for value in person.values()):
        return True
    texts = [
        name for name in usual_plan(tuple(map(str, items[0]))).text if plain_name(name) != "display name"
    ]
    if any(
        isinstance(item.get(name), str) and item.get("name") is None for name in texts[:1] for item in items
    ):
        return True
    named = [_identity(person) for person in flat]
    return len(items) > 2 and 2 * len(set(named)) <= len(named)


def _says_something(person: Mapping[str, Any]) -> bool:
    """Does a person's object hold what the person said? Lists of sessions, devices or calls are no speech."""
    for items in person.values():
        if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
            continue
        if any(isinstance(text, str) and words_of((text,)) > 3 for item in items for text in item.values()):
            return True
    return False


_SIDE_KEYS = re.compile(
    r"(?:(?:participant|speaker|party|user|member|contact|person|call|channel|sender|author) ?)?"
    r"(?:role|type|purpose|affiliation|side|kind|roles)"
)
_AGENT_FLAGS = re.compile(r"is (?:agent|internal|employee|staff|host|user)|internal|agent")
_PERSON_KEYS = re.compile(
    r".*(?:name|e ?mail|mail|mailto|phone|tel|phone number|address|email address|emailaddress)"
)
# Words that name a side where they stand beside the other one in a list of people.
_OUR_SIDE = frozenset(
    ("internal", "employee", "staff", "host", "user", "admin", "operator", "company", "owner", "organizer")
)
_THEIR_SIDE = frozenset(
    (
        "external",
        "customer",
        "lead",
        "contact",
        "guest",
        "visitor",
        "end user",
        "enduser",
        "consumer",
        "client",
    )
)
_EITHER_SIDE = frozenset(("user",))
"""Words for employees beside customers, and for customers beside employees."""
_OTHERS = frozenset(
    ("bot", "ivr", "acd", "system", "workflow", "supervisor", "queue", "voicemail", "interpreter")
)


def _flat_person(person: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in person.items():
        if isinstance(value, dict) and not prefix:
            found |= _flat_person(value, f"{key}.")
        elif not isinstance(value, dict):
            found[f"{prefix}{key}"] = value
    return found


def _side(person: Mapping[str, Any]) -> tuple[str, str]:
    """(side, the word that said so) of a person: "agent", "customer", another word, or ""."""
    for key, value in person.items():
        name = plain_name(str(key))
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, bool):
            if _AGENT_FLAGS.fullmatch(name):
                return ("agent" if value else "customer"), name
            continue
        if not isinstance(value, str) or not value.strip() or not _SIDE_KEYS.fullmatch(name):
            continue
        word = plain_name(value)
        if word in _OTHERS:
            return word, word
        if role := role_of(value):
            return (role if role in ("agent", "customer") else ""), word
        if word in _OUR_SIDE:
            return "agent", word
        if word in _THEIR_SIDE:
            return "customer", word
    return "", ""


def _settled(people: Sequence[Mapping[str, Any]], found: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the sides with those of words that name either side: a "user" beside an "admin" is the customer.

    A colleague of the agent stays one: who has the same mail domain, or is there for a purpose, as Genesys has it.
    """
    words = {word for side, word in found if side == "agent"}
    if words <= _EITHER_SIDE or any(side == "customer" for side, _ in found):
        return list(found)
    staff = [
        person
        for person, (side, word) in zip(people, found, strict=True)
        if side == "agent" and word not in _EITHER_SIDE
    ]
    domains = {domain for person in staff if (domain := _domain(person)) and not _FREE_MAIL.fullmatch(domain)}
    return [
        ("customer" if word in _EITHER_SIDE and not _is_colleague(person, domains) else side, word)
        for person, (side, word) in zip(people, found, strict=True)
    ]


def _is_colleague(person: Mapping[str, Any], domains: Collection[str]) -> bool:
    return _domain(person) in domains or any(plain_name(str(key)) == "purpose" for key in person)


def sides_of(people: Sequence[Mapping[str, Any]], known_people: KnownPeople | None = None) -> list[str]:
    """Return the side of each person of a list; "" for all where no word says a side."""
    found = _settled(people, [_side(person) for person in people])
    sides = [side for side, _ in found]
    known = {side for side in sides if side in ("agent", "customer")}
    if known_people is not None and known != {"agent", "customer"}:
        told = known_people.sides(people)
        agree = all(not one or not other or one == other for one, other in zip(sides, told, strict=True))
        if "agent" in told and agree:
            return [one or other for one, other in zip(sides, told, strict=True)]
    if not known:
        return [""] * len(people)
    # A word such as "user" names a side only beside a word for the other one.
    if (
        len(known) == 1
        and all(word in _OUR_SIDE for side, word in found if side == "agent")
        and "agent" in known
    ):
        strong = any(role_of(word) == "agent" for side, word in found if side == "agent")
        if not strong:
            return [""] * len(people)
    if len(people) == 2 and len(known) == 1 and "" in sides:
        other = "customer" if "agent" in known else "agent"
        sides[sides.index("")] = other
    return sides


def is_people(value: Any, known_people: KnownPeople | None = None) -> bool:
    """Whether a list holds people of whom at least one has a side."""
    if not isinstance(value, list) or not 0 < len(value) <= MOST_PEOPLE:
        return False
    if not all(isinstance(item, dict) for item in value):
        return False
    flat = [_flat_person(item) for item in value]
    if _are_turns(value, flat) or any(map(_says_something, flat)):
        return False
    named = sum(
        any(_PERSON_KEYS.fullmatch(plain_name(str(key))) for key in person) or bool(_domain(person))
        for person in flat
    )
    return 2 * named >= len(value) and any(sides_of(flat, known_people))


def people_columns(
    path: str, people: Sequence[Mapping[str, Any]], known_people: KnownPeople | None = None
) -> dict[str, Any]:
    """Return columns for people by their side: `participants.agent.email`, and `participants.agent 2.email`."""
    flat = [_flat_person(person) for person in people]
    counts: Counter[str] = Counter()
    columns: dict[str, Any] = {}
    for number, (person, side) in enumerate(zip(flat, sides_of(flat, known_people), strict=True), 1):
        who = side or f"other {number}"
        counts[who] += 1
        if counts[who] > 1:
            who = f"{who} {counts[who]}"
        for key, value in person.items():
            if side and _side({key: value})[0] == side:
                continue  # the column's name says it
            if isinstance(value, str) and value[:7].casefold() == "mailto:":
                value = value[7:]
            columns[f"{path}.{who}.{key}"] = value
    return columns
