"""Which labels of a text are speakers: role words, names that the text explains, and labels that keep coming back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from reddy_lib.transcripts.asides import is_aside, roles_in
from reddy_lib.transcripts.formats.text_rows import Known, Row, could_be_a_name
from reddy_lib.transcripts.formats.turn_building import MOST
from reddy_lib.transcripts.formats.without_colons import AROUND
from reddy_lib.transcripts.names import is_named
from reddy_lib.transcripts.roles import fold, is_third_voice, leaning, name_in_label, role_of

__all__ = ["find_speakers"]

_PERHAPS = frozenset(("user", "human", "speaker", "participant"))
"""Labels that are a speaker's beside another speaker."""


_PERSON = re.compile(r"[^\W\d_]['’.\w-]{1,20}(?: [^\W\d_]['’.\w-]{0,20}){0,2}")


def find_speakers(rows: list[Row], known: Known, agent: Sequence[str]) -> tuple[set[str], dict[str, str]]:
    """Which labels of this text are speakers, and the roles that names get from labels such as "Agent (Ben)"."""
    counts = Counter(row.label for row in rows if row.label)
    sure = {label for label in counts if known(label)}
    named: dict[str, set[str]] = {}
    for label in sure:
        name = name_in_label(label)
        role = role_of(label, known.roles)
        if role not in ("agent", "customer"):
            role = role_of(label)
        if name and role in ("agent", "customer"):
            named.setdefault(fold(name), set()).add(role)
    possible = [
        label
        for label in counts
        if label not in sure
        and (could_be_a_name(label) or label[:1] in "+0123456789" or (counts[label] > 1 and leaning(label)))
    ]
    possible_people = possible[:MOST]
    names = {fold(label) for label in possible_people}
    notes = "\n".join(
        row.raw
        for row in rows[:12]
        if len(row.raw) < 300
        and (fold(row.text.strip(AROUND)) in names if known(row.label) else is_aside(row.raw, opening=True))
    )
    for label in possible_people:
        if notes and counts[label] > 1:
            named.setdefault(fold(label), set()).update(roles_in(notes, label))
    aliases = {
        label: next(iter(named[fold(label)]))
        for label in counts
        if label not in sure and len(named.get(fold(label), ())) == 1
    }
    # By the vocabulary alone: what the analyst maps a label to must never change where another turn begins.
    sides = {role_of(label) for label in sure}
    both_sides = {"agent", "customer"} <= sides
    speakers = sure | set(aliases)
    # "System: …" may be a line of the switchboard's or a line of a form: once is enough only where a side is missing.
    speakers |= {
        label
        for label in counts
        if (is_third_voice(label) or fold(label) in _PERHAPS)
        and speakers
        and (counts[label] > 1 or not both_sides)
    }
    agents = [label for label in possible_people if any(is_named(label, cell) for cell in agent)]
    if len({fold(label) for label in agents}) == 1 and "agent" not in sides:
        speakers |= set(agents)
    others = [label for label in possible if label not in speakers]
    enough = 3 if both_sides else 2
    taking_turns = _taking_turns(rows, speakers | set(others))
    recurring = {label for label in others if counts[label] >= enough and label in taking_turns}
    if agents and not recurring and len(others) == 1 and _PERSON.fullmatch(others[0]):
        recurring = set(others)  # a short call between two people who are called by their names
    if not recurring and len(others) == 1 and len(speakers) == 1 and _alternate(rows, {*speakers, *others}):
        recurring = set(others)  # a short call in which every line has one of two labels
    if not speakers and len(recurring) < 2:
        return set(), {}
    return speakers | recurring, aliases


def _alternate(rows: list[Row], labels: set[str]) -> bool:
    """Is every text line one turn under one of these labels, and do they take turns?"""
    return all(row.label in labels and any(map(str.isalpha, row.text)) for row in rows) and any(
        one.label != other.label for one, other in pairwise(rows)
    )


def _taking_turns(rows: list[Row], labels: set[str]) -> set[str]:
    """Labels with somebody else between two of their turns. A field of a form comes back inside one person's turn."""
    found: set[str] = set()
    last: dict[str, int] = {}
    for place, label in enumerate(row.label for row in rows if row.label in labels):
        if place - last.get(label, place) > 1:
            found.add(label)
        last[label] = place
    return found
