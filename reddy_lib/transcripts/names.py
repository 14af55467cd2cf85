"""Who a bare name is: `Ben:` is the agent where the call's own agent column says `ben@contoso.example`.

A name is taken for the agent only if exactly one speaker of the call fits what the agent column says, and the
only other person is then the customer. Every role found so carries its reason; where two readings are possible
nobody is given a role.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from reddy_lib.transcripts.roles import (
    fold,
    is_machine,
    is_numbered,
    speaks_for_itself,
    weigh,
)

__all__ = [
    "Inferred",
    "are_initials",
    "infer_roles",
    "is_named",
    "is_person",
    "name_words",
    "names_nobody",
    "tells_a_name",
]

_WORD = re.compile(r"[^\W\d_]+")
_NAME = re.compile(r"[^\W\d_][^\W\d_'’.-]*(?:['’-][^\W\d_]+)*\.?")
_NUMBER = re.compile(r"(?:tel:|sip:|ext\.?|x)?\s?\+?[\d ()/.-]{2,24}(?:@.*)?", re.IGNORECASE)
_TITLES_TEXT = """
mr mrs ms miss dr prof sir madam herr frau señor señora sr sra monsieur madame
"""
_TITLES = frozenset(_TITLES_TEXT.split())
_NO_NAMES_TEXT = """
manager lead leader team coach trainer trainee dispatcher announcer announcement recording voicemail hold music
automated automatic message menu queue transfer third other party person man woman male female voice notes note
translator interpreter observer listener quality monitor both all silence background narration chat hr it sales
billing bank doctor nurse officer police lawyer driver colleague backoffice back office level tier desk line
"""
_NO_NAMES = frozenset(_NO_NAMES_TEXT.split())
"""Words in labels of somebody who is neither side, or of nobody: never taken for a person's name."""
_MOST = 20
"""Speakers without a role beyond which a call is no conversation between an agent and a customer."""
_NAMELESS_TEXT = """
agent agents service support info kontakt contact team office help helpdesk user mail email hotline desk care
admin csr rep operator
"""
_NAMELESS = frozenset(_NAMELESS_TEXT.split())
"""Words of an agent's cell that are no part of a person's name: "agent17@contoso.example"."""


class Inferred(NamedTuple):
    """A role that no label proves, the words why, and the code of the finding that says so ("" for none)."""

    role: str
    why: str
    code: str = "role-from-name"


def _words(text: str) -> list[str]:
    return [word for word in name_words(text) if word not in _TITLES]


def name_words(text: str, pattern: str = "") -> list[str]:
    """The words of a text without case and accents, as names are compared."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark))
    return re.findall(pattern, plain) if pattern else _WORD.findall(plain)


def tells_a_name(cell: str) -> bool:
    """Does a cell about a person hold a name, rather than a number or an address such as "agent17@…"?"""
    return any(len(word) > 2 and word not in _NAMELESS for word in _words(cell.split("@", 1)[0]))


def _digits(text: str) -> str:
    return "".join(mark for mark in text if mark.isdecimal())


def _same_number(label: str, cell: str) -> bool:
    """Are both one telephone number or extension, with or without its country's code?"""
    if not _NUMBER.fullmatch(label.strip()) or not _NUMBER.fullmatch(cell.strip()):
        return False
    one, other = _digits(label).lstrip("0"), _digits(cell).lstrip("0")
    if one == other:
        return len(one) > 1
    short, long = sorted((one, other), key=len)
    return len(short) >= 7 and long.endswith(short)


def is_named(label: str, agent: str) -> bool:
    """Does the label name the person in the agent's cell, a name or an email? "Ben", "Ben Smith", "B. Smith"
    and "Smith, Ben" are ben.smith@example.com; "bsmith@example.com" is "Ben Smith" and not "Ben".
    """
    if "@" in label:
        if "@" in agent:
            return fold(label) == fold(agent)
        label = label.split("@", 1)[0]
    if _same_number(label, agent):
        return True
    local = agent.split("@", 1)[0] if "@" in agent else agent
    label_words, agent_words = _words(label), _words(local)
    if not label_words or not agent_words or len("".join(label_words)) < 2:
        return False
    if "".join(label_words) == "".join(agent_words) or "".join(reversed(label_words)) == "".join(agent_words):
        return True
    if len(agent_words) == 1 and len(label_words) > 1:
        one = agent_words[0]
        first, last = label_words[0], label_words[-1]
        if one in (first[:1] + last, first + last[:1], last + first[:1]) and len(one) > 2:
            return True
    short, long = sorted((label_words, agent_words), key=len)
    if not any(len(word) > 1 for word in short):
        return False
    left = list(long)
    for word in short:
        same = next((i for i, other in enumerate(left) if other == word), None)
        if same is None and len(short) > 1:  # "B. Smith": an initial stands for a name, beside a whole one
            same = next(
                (
                    i
                    for i, other in enumerate(left)
                    if min(len(word), len(other)) == 1 and other[0] == word[0]
                ),
                None,
            )
        if same is None:
            return False
        left.pop(same)
    return True


_LETTERS = re.compile(r"[^\W\d_a-zß-öø-ÿ]{2,4}|(?:[^\W\d_]\.?\s?){2,4}")
"""Two to four letters, capitals or with a full stop behind each."""


def are_initials(label: str, cell: str) -> bool:
    """Are these the initials of the person in a cell, a name or an email: "SK" of sofia.keller@example.com?

    Of more than two names, those of the first and the last are enough.
    """
    if "@" in label or not _LETTERS.fullmatch(label.strip()):
        return False
    letters = "".join(re.findall(r"[^\W\d_]", "".join(name_words(label))))
    first = [word[0] for word in _words(cell.split("@", 1)[0])]
    if not 2 <= len(letters) <= 4 or len(first) < 2:
        return False
    return letters in ("".join(first), first[0] + first[-1], first[-1] + first[0])


def infer_roles(
    labels: Iterable[str],
    settled: Mapping[str, str],
    agent: Sequence[str] = (),
    customer: Sequence[str] = (),
) -> dict[str, Inferred]:
    """Roles for the names among `labels`: label → role and reason; empty where it cannot be told.

    `settled`: label → role for the labels whose role is known ("" for the others).
    `agent`, `customer`: what the call's own columns say of them: names, emails, telephone numbers.
    """
    open_labels = [label for label in labels if label and not settled.get(label)]
    if not open_labels or len(open_labels) > _MOST:
        return {}
    names = [label for label in open_labels if is_person(label)]
    people = _people(names)
    strangers = any(label not in names and not is_machine(label) for label in open_labels)
    sides = {role for role in settled.values() if role in ("agent", "customer")}
    found: dict[str, Inferred] = {}
    matched: dict[str, str] = {}
    for side, cells in (("agent", agent), ("customer", customer)):
        fitting = _fitting(people, cells, is_named) or _fitting(people, cells, are_initials)
        if len(fitting) > 1 or (side in sides and len(people) == 1 and len(sides) == 1 and fitting):
            return {}
        for person, cell in fitting.items():
            if person in matched:
                return {}
            matched[person] = side
            for label in people[person]:
                found[label] = Inferred(side, f"the {side} column says {cell!r}")
    rest = [person for person in people if person not in matched]
    if len(rest) == 1 and not strangers and all(map(_is_name, people[rest[0]])):
        given = sides | set(matched.values())
        if given == {"agent"}:
            for label in people[rest[0]]:
                found[label] = Inferred("customer", "it is the only other person in a call with an agent")
        elif given == {"customer"} and (matched or not any(map(tells_a_name, agent))):
            for label in people[rest[0]]:
                found[label] = Inferred("agent", "it is the only other person in a call with a customer")
    return found


def _fitting(
    people: Mapping[str, Sequence[str]], cells: Sequence[str], fits: Callable[[str, str], bool]
) -> dict[str, str]:
    """The people whom a cell names: person → that cell."""
    return {
        person: cell
        for person, labels in people.items()
        if (cell := next((c for c in cells if c and any(fits(label, c) for label in labels)), ""))
    }


def is_person(label: str) -> bool:
    """Could this label be what a person is called: a name, an address, a telephone number?"""
    evidence = weigh(label)
    return not (evidence.voice or evidence.side or speaks_for_itself(label) or is_numbered(label)) and fold(
        label
    ) not in ("user", "speaker", "participant", "human")


def _is_name(label: str) -> bool:
    """One to three words as names are written, with a capital where the script has capitals."""
    words = label.split()
    return (
        1 <= len(words) <= 3
        and all(_NAME.fullmatch(word) and not word[0].islower() for word in words)
        and not names_nobody(label)
    )


def names_nobody(label: str) -> bool:
    """Does the label hold a word of somebody who is neither side ("Manager", "Doctor", "Hold music")?"""
    return any(word in _NO_NAMES for word in _words(label))


def _people(names: Sequence[str]) -> dict[str, list[str]]:
    """Labels by person: "Ben", "BEN" and "Ben Smith" are one where no other label shares a part of that name."""
    people: dict[str, list[str]] = {}
    for label in names:
        people.setdefault(" ".join(_words(label)) or fold(label), []).append(label)
    for short in sorted(people, key=len):
        longer = [other for other in people if other != short and set(short.split()) < set(other.split())]
        if len(longer) == 1 and len(short) > 1:
            people[longer[0]] = people[longer[0]] + people.pop(short)
    return people
