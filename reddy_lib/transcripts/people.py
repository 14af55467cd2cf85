"""The people of a call where data lists them: users, participants, parties, speakers; by id, with name, side and email.

Turns then name a person by an id, a name, or an object with some of these fields. `People.of` says who that is. Sides come
from what the table says ("Internal", "end-user", "host", `is_agent: true`), and never from the place in the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from reddy_lib.transcripts.key_names import side_of_flag, words_in
from reddy_lib.transcripts.roles import role_of

__all__ = ["NOBODY", "People", "Person", "is_table_name", "people_in", "person_of", "settled"]

_TABLES_TEXT = """
users user participants participant parties party speakers speaker people persons person members member attendees
attendee authors author contacts contact agents agent customers customer callers included profiles accounts invitees
teilnehmer sprecher personen nutzer benutzer participantes usuarios hablantes personas interlocutores intervenants
utilisateurs participantes partecipanti utenti interlocutori deelnemers sprekers gebruikers uczestnicy mowcy
"""
_TABLES = frozenset(_TABLES_TEXT.split())
_MAIL = re.compile(r"[^\s@<>\"',;]+@[^\s@<>\"',;]+\.[^\s@<>\"',;]{2,}")
_NAMES = (
    "display_name", "displayname", "full_name", "fullname", "real_name", "realname", "speaker_name", "speakername",
    "participant_name", "participantname", "name", "label", "nickname", "username", "user_name", "title",
)  # fmt: skip
_SIDE_WORDS_TEXT = """
role type kind affiliation purpose side usertype participanttype participantrole party relation association group
rolle typ rol tipo ruolo function position internal external
"""
_SIDE_WORDS = frozenset(_SIDE_WORDS_TEXT.split())
_AGENTS_TEXT = """
admin administrator host owner organizer organiser moderator staff teammate operator agent internal employee
light_agent light agent rep user_agent team_member human_agent
"""
_AGENTS = frozenset(_AGENTS_TEXT.split())
_CUSTOMERS_TEXT = """
end-user enduser end_user visitor lead guest customer contact external attendee requester client consumer anonymous
invitee
"""
_CUSTOMERS = frozenset(_CUSTOMERS_TEXT.split())
_MACHINES = frozenset(
    ("bot", "chatbot", "system", "ivr", "acd", "app", "automation", "workflow", "operator_bot")
)
_DEPTH, _MOST = 6, 2000


class Person(NamedTuple):
    """Somebody of the call. `role`: what the source calls the side, as it is written; `side`: agent, customer or ""."""

    name: str = ""
    role: str = ""
    side: str = ""
    email: str = ""

    def label(self) -> str:
        """What the person's lines are labelled with: the role where that says the side by itself, else the name."""
        if self.role and self.side and role_of(self.role) == self.side:
            return self.role
        if self.role.casefold() in _MACHINES:
            return self.role
        return self.name or self.role or self.email


class People:
    """Whoever the data lists, by each of their ids and names."""

    def __init__(self) -> None:
        self._by_id: dict[str, list[Person]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def add(self, ids: Iterable[str], person: Person) -> None:
        for one in ids:
            known = self._by_id.setdefault(one.casefold(), [])
            if person not in known:
                known.append(person)

    def of(self, value: object) -> Person | None:
        """The one person of this id, number or name; None where nobody or more than one is."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        found = self._by_id.get(_plain(value).casefold(), [])
        if len(found) != 1 and found:
            found = [person for person in found if person.side] or found
        return found[0] if len({(one.label(), one.side) for one in found}) == 1 else None

    def everyone(self) -> list[Person]:
        return list(dict.fromkeys(person for several in self._by_id.values() for person in several))


NOBODY = People()


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).strip()


def person_of(item: Mapping[Any, Any]) -> Person:
    """Who an object such as `{"type": "admin", "name": …, "email": …}` says somebody is."""
    name = email = role = side = ""
    first = last = ""
    for key, value in item.items():
        words = words_in(str(key))
        plain = re.sub(r"[\W_]+", "", str(key)).casefold()
        if isinstance(value, bool):
            flagged = side_of_flag(str(key))
            if flagged and not side:
                side = flagged if value else "customer" if flagged == "agent" else "agent"
            continue
        if isinstance(value, Mapping) and plain in ("attributes", "profile", "user", "data", "meta"):
            inner = person_of(value)
            name, email = name or inner.name, email or inner.email
            role, side = role or inner.role, side or inner.side
            continue
        if isinstance(value, Mapping) and not words.isdisjoint(_SIDE_WORDS):  # {"role": {"name": "agent"}}
            value = next((one for one in value.values() if isinstance(one, str) and _side(one)), None)
        if not isinstance(value, str) or not value.strip() or len(value) > 200:
            continue
        text = value.strip()
        if _MAIL.fullmatch(text) and not email:
            email = text
        elif plain in ("firstname", "givenname"):
            first = text
        elif plain in ("lastname", "surname", "familyname"):
            last = text
        elif not words.isdisjoint(_SIDE_WORDS) and "id" not in words:
            found = _side(text)
            if found and (not side or not role or not _side(role)):
                role, side = text, found
            role = role or (text if text.casefold() in (*_MACHINES, "user") else "")
    for known in _NAMES:
        for key, value in item.items():
            if not name and isinstance(value, str) and value.strip() and str(key).replace("-", "_").casefold() in (
                known, known.replace("_", "")
            ):  # fmt: skip
                name = value.strip()
    return Person(name or " ".join(part for part in (first, last) if part), role, side, email)


def settled(people: Iterable[Person]) -> dict[str, str]:
    """Label → side of these people of one call. A `user` beside an agent is who wrote in; alone, the word says nothing."""
    everyone = list(people)
    sides = {person.side for person in everyone}
    found: dict[str, str] = {}
    for person in everyone:
        side = person.side or ("customer" if person.role.casefold() == "user" and "agent" in sides else "")
        if side and person.label():
            found[person.label()] = side
    return found


def _side(text: str) -> str:
    plain = text.strip().casefold()
    if plain in _AGENTS:
        return "agent"
    if plain in _CUSTOMERS:
        return "customer"
    found = role_of(text)
    return found if found in ("agent", "customer") else ""


def _ids(item: Mapping[Any, Any]) -> list[str]:
    found: list[str] = []
    for key, value in item.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
            continue
        words = words_in(str(key))
        plain = re.sub(r"[\W_]+", "", str(key)).casefold()
        named = plain in _TABLES or plain.endswith(
            ("id", "ref", "index", "number", "channel", "label", "name")
        )
        if (named or not words.isdisjoint({"id", "ids", "uid", "uuid", "key"})) and len(_plain(value)) <= 200:
            found.append(_plain(value))
    return found


def is_table_name(name: str) -> bool:
    """Is a list or an object under this key one of people?"""
    return not words_in(name).isdisjoint(_TABLES)


def people_in(data: Any) -> People:
    """Whoever the tables of people in this data list. Empty where there are none."""
    people = People()
    waiting: list[tuple[str, Any, int]] = [("", data, 0)]
    seen = 0
    while waiting and seen < _MOST:
        name, value, depth = waiting.pop()
        seen += 1
        if depth > _DEPTH:
            continue
        if isinstance(value, dict):
            if name and is_table_name(name) and _is_table(list(value.values())[:50]):
                for key, entry in value.items():  # by id: {"U1": {"name": …}}
                    _enter(people, entry, [str(key)])
                continue
            waiting.extend(
                (str(key), inner, depth + 1) for key, inner in value.items() if isinstance(inner, dict | list)
            )
        elif isinstance(value, list):
            if name and is_table_name(name) and _is_table(value[:50]):
                for place, entry in enumerate(value[:_MOST]):
                    _enter(people, entry, [] if _ids(entry) else [str(place)])
                continue
            waiting.extend(("", inner, depth + 1) for inner in value[:20] if isinstance(inner, dict))
    return people


def _is_table(entries: list[Any]) -> bool:
    """Are these people, and no turns of theirs?"""
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        return False
    return all(_is_person(entry) for entry in entries)


def _is_person(entry: Mapping[Any, Any]) -> bool:
    if any(isinstance(value, str) and len(value.split()) > 8 for value in entry.values()):
        return False
    if any(
        isinstance(value, list) and value and isinstance(value[0], dict) and len(value) > 3
        for value in entry.values()
    ):
        return False
    person = person_of(entry)
    return bool(person.name or person.email or person.role or person.side)


def _enter(people: People, entry: Any, ids: list[str]) -> None:
    if not isinstance(entry, dict):
        return
    person = person_of(entry)
    inner = entry.get("attributes")
    found = [*ids, *_ids(entry), *(_ids(inner) if isinstance(inner, dict) else [])]
    if person.name:
        found.append(person.name)
    if person.email:
        found.append(person.email)
    people.add(found, person)
