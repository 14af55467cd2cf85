"""Which side each label of a call speaks for, weighed over the whole call and never by position.

In this order: what the analyst chose, what the text itself says, words that prove a side, words that lean to one and are
not contradicted, the call's own columns, greetings, and elimination: of two people, the one beside an agent is the
customer. Whoever is neither (a menu, an interpreter) and whatever stays doubtful is left open, for the analyst to settle
once for the batch. Every role that no word proves carries its reason.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from reddy_lib.findings import Finding, finding
from reddy_lib.transcripts.greetings import infer_from_greetings
from reddy_lib.transcripts.names import Inferred, infer_roles, is_named, is_person, names_nobody
from reddy_lib.transcripts.roles import (
    NO_LINES,
    Evidence,
    fold,
    is_numbered,
    name_in_label,
    role_of,
    weigh,
)

__all__ = ["Sides", "settle_sides", "silent_side"]

_OTHER = {"agent": "customer", "customer": "agent"}
_ELIMINATION = "role-by-elimination"
_INITIALS = (
    {"a": "agent", "c": "customer"},
    {"a": "agent", "k": "customer"},
    {"b": "agent", "k": "customer"},
)
"""Letters that stand for the two sides: agent and customer, Agent and Kunde, Berater and Kunde."""
_PEOPLE = ("user", "human", "you", "me", "i", "q", "client 1")
_GREETING = "role-from-greeting"
_NOTHING_POOLED: Mapping[str, Inferred] = MappingProxyType({})
_FEW_LINES = 2
"""Lines of a call in which it is no surprise that one side says nothing."""


class Sides(NamedTuple):
    """The labels of a call: label → role ("" where it is open), and the reasons for roles that no word proves."""

    roles: dict[str, str]
    inferred: dict[str, Inferred]


def settle_sides(
    labels: Sequence[str],
    texts: Sequence[str],
    roles: Mapping[str, str],
    aliases: Mapping[str, str],
    agent: Sequence[str] = (),
    customer: Sequence[str] = (),
    pooled: Mapping[str, Inferred] = _NOTHING_POOLED,
) -> Sides:
    """Settle the labels of a call.

    Args:
        labels, texts: of each line, "" for a line without a label.
        roles: what the analyst chose.
        aliases: what the text or its format says ("Agent (Ben)" makes "Ben:" the agent).
        agent, customer: what the call's columns say of them: names, emails, telephone numbers.
        pooled: what the other calls of the batch say of a label, by `fold`: see `pooled_sides`.
    """
    several = [label for label in dict.fromkeys(labels) if label]
    named = _named_in_full(several, agent, customer)
    if not roles and not aliases and not named and len(several) == 2:
        clear = clear_sides(tuple(several))
        if clear is not None:
            return Sides(dict(clear), {})
    call = _Call(several, roles, aliases, named)
    call.weigh_words()
    if call.open():
        call.ask_columns(agent, customer)
        call.listen(labels, texts, agent, customer, frozenset(pooled))
        call.ask_other_calls(pooled)
        call.fall_back_on_leans()
        call.eliminate(agent, customer)
    return Sides(call.roles, call.inferred)


def _named_in_full(labels: Sequence[str], agent: Sequence[str], customer: Sequence[str]) -> dict[str, str]:
    """Return label → side of labels that are the very name in a column of the call, whatever words the name is made of."""
    found: dict[str, str] = {}
    for label in labels:
        if len(label.split()) > 1:
            name = fold(label)
            sides = [
                side
                for side, cells in (("agent", agent), ("customer", customer))
                if any(fold(cell) == name for cell in cells if cell)
            ]
            if len(sides) == 1:
                found[label] = sides[0]
    return found


@lru_cache(maxsize=4096)
def clear_sides(labels: tuple[str, ...]) -> Mapping[str, str] | None:
    """Label → role where each label proves its side and both sides are there; None where anything is to be weighed."""
    found = {label: role_of(label) for label in labels}
    return found if len(found) == 2 and set(found.values()) == {"agent", "customer"} else None


class _Call:
    def __init__(
        self,
        labels: Sequence[str],
        roles: Mapping[str, str],
        aliases: Mapping[str, str],
        named: Mapping[str, str],
    ) -> None:
        self.evidence: dict[str, Evidence] = {label: weigh(label) for label in labels}
        self.roles: dict[str, str] = {}
        self.inferred: dict[str, Inferred] = {}
        self.fixed: set[str] = set()
        self.refused: set[str] = set()  # labels that elimination may not settle
        by_hand = {fold(label): label for label in roles}
        answered = any(one.proof and one.side == "agent" for one in self.evidence.values())
        for label, evidence in self.evidence.items():
            chosen = role_of(label, roles) if fold(label) in by_hand else ""
            known = chosen or aliases.get(label, "")
            if known and not chosen and evidence.voice == "bot" and answered:
                known = ""  # a machine beside two people, whatever its format usually means by it
            if known:
                self.fixed.add(label)
            self.roles[label] = known or (evidence.side if evidence.proof else "")
            if label in named and not known and evidence.side != named[label]:
                why = f"the {named[label]} column names {label!r}"
                self.settle(label, named[label], why, "role-from-name")
                self.fixed.add(label)
        self._believe_names_beside_roles()

    def _believe_names_beside_roles(self) -> None:
        """ "Agent (Ben)" makes "Ben" the agent."""
        named: dict[str, set[str]] = {}
        for label, role in self.roles.items():
            if role in _OTHER and (name := name_in_label(label)):
                named.setdefault(fold(name), set()).add(role)
        for label, role in self.roles.items():
            if not role and len(named.get(fold(label), ())) == 1:
                (self.roles[label],) = named[fold(label)]

    def open(self) -> list[str]:
        return [label for label, role in self.roles.items() if not role]

    def people(self) -> list[str]:
        """Open labels that may be one of the two sides."""
        return [label for label in self.open() if not self.evidence[label].voice]

    def given(self) -> set[str]:
        return {role for role in self.roles.values() if role in _OTHER}

    def settle(self, label: str, role: str, why: str, code: str) -> None:
        self.roles[label] = role
        self.inferred[label] = Inferred(role, why, code)

    # --- words -----------------------------------------------------------------------------------------

    def weigh_words(self) -> None:
        self._reopen_rivals()
        leans = {label: self.evidence[label].side for label in self.people() if self.evidence[label].side}
        if not leans:
            return
        proven = self.given()
        if len(proven) == 2:
            return  # whoever leans here is a third person: an employee beside an agent and a customer
        if len(proven) == 1:
            (side,) = proven
            for label, lean in leans.items():
                if lean != side:
                    self.settle(label, lean, f"the word leans to the {lean}'s side", "")
            same = [label for label, lean in leans.items() if lean == side]
            if same and (len(same) > 1 or len(leans) > 1 or not self.evidence[same[0]].turnable):
                self.refused.update(same)
        elif set(leans.values()) == set(_OTHER):
            for label, lean in leans.items():
                self.settle(label, lean, f"of the two, this word leans to the {lean}'s side", "")

    def _reopen_rivals(self) -> None:
        """Open labels again that prove one and the same side with different words, where nobody is left for the other."""
        proven = [
            label
            for label, role in self.roles.items()
            if role in _OTHER and label not in self.fixed and self.evidence[label].proof
        ]
        if len(self.given()) != 1 or self.people() or len({_base(label) for label in proven}) < 2:
            return
        if self.fixed and any(self.roles[label] in _OTHER for label in self.fixed):
            return
        for label in proven:
            self.roles[label] = ""
            self.refused.add(label)

    def fall_back_on_leans(self) -> None:
        """What a single leaning word says, where columns and greetings say nothing; initials of both sides."""
        people = self.people()
        if self.given() or not people:
            return
        letters = {fold(label): label for label in people}
        for initials in _INITIALS:
            if set(letters) == set(initials) and len(people) == 2:
                for letter, side in initials.items():
                    self.settle(letters[letter], side, f"the letter stands for {side}", _ELIMINATION)
                return
        leaning = [label for label in people if self.evidence[label].side and label not in self.refused]
        if len(leaning) == 1 and len(people) <= 2:
            side = self.evidence[leaning[0]].side
            code = _ELIMINATION if len(people) == 2 else ""
            self.settle(leaning[0], side, f"the word leans to the {side}'s side", code)

    # --- columns and greetings -------------------------------------------------------------------------

    def ask_columns(self, agent: Sequence[str], customer: Sequence[str]) -> None:
        people = self.people()
        if not people:
            return
        for label in people:  # "Anna (Employee)": the name decides where the word does not
            name = name_in_label(label)
            sides = [
                side
                for side, cells in (("agent", agent), ("customer", customer))
                if name and any(is_named(name, cell) for cell in cells if cell)
            ]
            if len(sides) == 1 and label not in self.refused:
                self.settle(label, sides[0], f"the {sides[0]} column names {name!r}", "role-from-name")
        given = {label: role if role in _OTHER else "" for label, role in self.roles.items()}
        considered = [label for label in given if given[label] or label in self.people()]
        found = infer_roles(considered, given, agent, customer)
        for label, inferred in found.items():
            if not self.roles[label]:
                self.roles[label], self.inferred[label] = inferred.role, inferred

    def listen(
        self,
        labels: Sequence[str],
        texts: Sequence[str],
        agent: Sequence[str],
        customer: Sequence[str],
        constant: Collection[str],
    ) -> None:
        people = self.people()
        if self.given() or not 2 <= len(people) <= 3 or self.refused.intersection(people):
            return
        if self.fixed.intersection(label for label, role in self.roles.items() if role not in NO_LINES):
            return
        found = infer_from_greetings(labels, texts, self.roles, agent, customer, constant)
        for label, inferred in found.items():
            if not self.roles[label]:
                self.roles[label], self.inferred[label] = inferred.role, inferred

    def ask_other_calls(self, pooled: Mapping[str, Inferred]) -> None:
        """Settle what the whole batch says of a label. Where this call says the contrary by itself, all stays open."""
        known = {label: one for label in self.people() if (one := pooled.get(fold(label))) and one.role}
        against = [
            label
            for label, one in self.inferred.items()
            if one.code == _GREETING
            and (other := pooled.get(fold(label)))
            and other.role not in ("", one.role)
        ]
        if against:
            for label in [label for label, one in self.inferred.items() if one.code == _GREETING]:
                self.roles[label] = ""
                del self.inferred[label]
                self.refused.add(label)
            return
        if len(known) != len({one.role for one in known.values()}) or self.given().intersection(
            one.role for one in known.values()
        ):
            return  # two labels for one side: one of them may be a colleague, as after a transfer
        for label, one in known.items():
            if label not in self.refused:
                self.roles[label], self.inferred[label] = one.role, one
        people = self.people()
        if known and len(people) == 1 and len(self.given()) == 1 and people[0] not in self.refused:
            (side,) = self.given()
            why = f"it is the only other speaker beside the {side}"
            self.settle(people[0], _OTHER[side], why, _ELIMINATION)

    # --- elimination -----------------------------------------------------------------------------------

    def eliminate(self, agent: Sequence[str], customer: Sequence[str]) -> None:
        self._settle_bot()
        given = self.given()
        people = self.people()
        if len(given) != 1 or len({fold(label) for label in people}) != 1:
            return
        (side,) = given
        other = _OTHER[side]
        cells = agent if side == "agent" else customer
        for label in people:
            if (
                label in self.refused
                or names_nobody(label)
                or any(is_named(label, cell) for cell in cells if cell)
            ):
                return
            if is_person(label) and _looks_like_a_name(label) and not self._proven_pair(label):
                return  # a name that the columns did not settle: it may be a colleague
        for label in people:
            certain = fold(label) in _PEOPLE and side == "agent"
            self.settle(
                label,
                other,
                f"it is the only other speaker beside the {side}",
                "" if certain else _ELIMINATION,
            )

    def _proven_pair(self, label: str) -> bool:
        """Do two labels alone take part, and does a word prove the side of the other one?"""
        others = [other for other in self.roles if fold(other) != fold(label)]
        return len(others) == 1 and self.evidence[others[0]].proof and others[0] not in self.inferred

    def _settle_bot(self) -> None:
        """A machine that talks is the agent's side where a single person is the only other speaker."""
        bots = [label for label in self.open() if self.evidence[label].voice == "bot"]
        others = [
            label
            for label, role in self.roles.items()
            if label not in bots and role not in NO_LINES and self.evidence[label].voice != "machine"
        ]
        if len(bots) != 1 or len(others) != 1 or self.roles[others[0]] not in ("", "customer"):
            return
        if not self.roles[others[0]] and is_person(others[0]) and _looks_like_a_name(others[0]):
            return
        self.settle(bots[0], "agent", "the machine answers the only other speaker", _ELIMINATION)


def _looks_like_a_name(label: str) -> bool:
    words = [word for word in re.findall(r"[^\W\d_]+", label.split("@")[0]) if len(word) > 2]
    return bool(words) and label[:1].isupper() and not is_numbered(label) and "@" not in label


def _base(label: str) -> str:
    """A label without the name and the number of its speaker."""
    name = name_in_label(label)
    rest = label.replace(name, "") if name else label
    return " ".join(re.findall(r"[^\W\d_]+", rest)).casefold()


def several_speakers(
    counts: Mapping[str, int], roles: Mapping[str, str], by_hand: Mapping[str, str]
) -> Finding | None:
    """The finding that a side has several speakers ("Agent 1", "Agent 2": a transfer), or None."""
    chosen = {fold(label) for label in by_hand}
    for side in ("agent", "customer"):
        labels = [label for label in counts if roles.get(label) == side and fold(label) not in chosen]
        if len(labels) < 2 or _OTHER[side] not in roles.values():
            continue
        who: dict[str, set[str]] = {}
        for label in labels:
            name = (
                name_in_label(label)
                or " ".join(re.findall(r"\d+", label))
                or ("" if weigh(label).side else label)
            )
            who.setdefault(fold(name), set()).add(label)
        if len([name for name in who if name]) < 2 and len({_base(label) for label in who.get("", ())}) < 2:
            continue
        parts = " and ".join(f"{label!r} ({_lines(counts[label])})" for label in labels[:6])
        message = f"The {side}'s side has {len(labels)} speakers, all sent as the {side}: {parts}."
        return finding("side-has-several-speakers", "transcript", message, value=", ".join(labels))
    return None


def silent_side(
    counts: Mapping[str, int], roles: Mapping[str, str], by_hand: Mapping[str, str], texts: Sequence[str]
) -> Finding | None:
    """The finding that only one of the two sides has lines although nobody chose that, or None.

    `counts`: label → lines. `roles`: label → what it became. `texts`: of the lines, without those left out.
    """
    speaking = [label for label in counts if roles.get(label) not in NO_LINES]
    sides = {roles.get(label, "") for label in speaking}
    if len(sides) != 1 or not sides <= set(_OTHER):
        return None
    chosen = {fold(label) for label in by_hand}
    if all(fold(label) in chosen for label in speaking):
        return None
    (side,) = sides
    other = _OTHER[side]
    parts = " and ".join(f"{label!r} ({_lines(counts[label])})" for label in speaking[:6])
    message = f"Every line is the {side}'s, and the {other} says nothing: {parts}."
    uncut = len(texts) < _FEW_LINES and _is_named_inside(texts, other)
    if len(texts) < _FEW_LINES and not uncut:
        return None  # one line has one side
    code = "one-side-silent" if uncut or len(texts) > _FEW_LINES else "one-side-silent-short"
    return finding(code, "transcript", message, value=", ".join(speaking))


def _is_named_inside(texts: Sequence[str], side: str) -> bool:
    """Return whether the labels of speakers stand among the words, between marks: the text was not cut into its lines."""
    found = [role_of(label.strip()) for text in texts for label in _MARKED.findall(text)]
    return side in found and len([role for role in found if role in _OTHER]) > 1


_MARKED = re.compile(r"[\[|<{(*>/~]\s*([^\W\d_][^\[\]|<>{}()*/~:\n]{0,30})(?=[\]|>})*/~:])")


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"
