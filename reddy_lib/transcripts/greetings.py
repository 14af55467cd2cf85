"""Who answered the call: what only the one says who answers it ("how can I help you?"), in several languages.

It serves two questions. Were two roles mistaken for each other (`speakers.roles_swapped`)? And, where the labels say
nothing, such as "Speaker 0" and "Speaker 1": which of the two is the agent (`infer_from_greetings`)? That is a guess
with its reason beside it, made only where one of two speakers gives such evidence and nothing speaks against it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from reddy_lib.transcripts.names import Inferred, is_machine
from reddy_lib.transcripts.roles import NO_LINES, OTHER_SPEAKERS, fold, speaks_for_itself

__all__ = ["infer_from_greetings", "offers"]

# What only the one who answers a call says, in the languages of the role vocabulary.
_OFFER = re.compile(
    r"\bhow (?:can|may|could|might) (?:i|we) (?:help|assist|be of)|\bwhat can (?:i|we) (?:do for you|help you)|"
    r"\bthank(?:s| you) for (?:calling|contacting|ringing|reaching)|\bwie (?:kann|darf) ich (?:ihnen|dir)\b.{0,20}helfen|"
    r"\bwas kann ich für (?:sie|dich) tun|\bdanke für ihren anruf|\bgracias por (?:llamar|comunicarse)|"
    r"\ben qué (?:le |te |lo |la )?pued[oe]\w* (?:ayudar|servir)|\bque puis-je faire pour vous|"
    r"\bcomment puis-je vous aider|\bmerci d.avoir appelé|\bwaarmee kan ik (?:u|je)\b|\bcome posso aiutar|"
    r"\bgrazie per aver chiamato|\bcomo posso (?:lhe |o |a )?ajud|\bobrigad[oa] por ligar|чем (?:я )?могу (?:вам )?помочь",
    re.IGNORECASE,
)
_PERHAPS = re.compile(_OFFER.pattern.replace(r"\b", ""))
"""Finds whatever `_OFFER` finds, and more, in text in lower case: an eighth of its time for each line of a batch."""

# What only somebody says who called and had to wait for an answer.
_WAITED = re.compile(
    r"\bi(?:['’]ve| have) (?:just |already )?been (?:on hold|holding|waiting on the line|transferred)\b|"
    r"\bich (?:hänge|warte) (?:schon |hier )*seit\b|\bllevo .{0,30}(?:esperando|en espera)\b|"
    r"\b(?:ça fait|cela fait) .{0,30}que j.attends\b",
    re.IGNORECASE,
)
_MACHINE = re.compile(r"\b(?:press|dial|drücken sie|marque|pulse|tapez|appuyez)\b", re.IGNORECASE)
"""A menu of options thanks for the call too, and is nobody."""
_OPENING = 4
"""Lines of a speaker, from the first, in which a greeting counts: later ones may be quoted, or a transfer."""
_LONGEST = 600


def offers(text: str) -> bool:
    """Does this line say what only the one says who answers a call?"""
    return _PERHAPS.search(text.lower()) is not None and _OFFER.search(text) is not None


def infer_from_greetings(
    labels: Sequence[str], texts: Sequence[str], settled: Mapping[str, str], agent: Sequence[str] = ()
) -> dict[str, Inferred]:
    """Roles of the two speakers of a call, of whom no label and no column says anything: label → role and reason.

    `labels`, `texts`: of each line. `settled`: label → role, "" where it is open. `agent`: what the agent columns say:
    where that names neither of two people called by their names, nobody is given a role.

    Empty unless exactly two speak, one of them greets as an agent does among his first lines (or, where nobody greets,
    has been on hold as a customer has), and the other never says such a thing.
    """
    people = {
        label for label, role in settled.items() if label and role not in NO_LINES and not is_machine(label)
    }
    if len({fold(label) for label in people}) != 2 or any(settled[label] for label in people):
        return {}
    if any(fold(label) in OTHER_SPEAKERS for label in people):
        return {}
    if any(cell.strip() for cell in agent) and not all(map(speaks_for_itself, people)):
        return {}
    said: dict[str, list[str]] = {}
    for label, text in zip(labels, texts, strict=True):
        if label in people:
            said.setdefault(fold(label), []).append(text)
    if len(said) != 2:
        return {}
    for test, role, other, words in (
        (offers, "agent", "customer", "it greets like an agent"),
        (_WAITED.search, "customer", "agent", "it has been on hold, as only a caller is"),
    ):
        who = [label for label, lines in said.items() if any(map(test, lines))]
        if len(who) > 1:
            return {}
        if who:
            first = next((text for text in said[who[0]][:_OPENING] if test(text[:_LONGEST])), "")
            if not first or _MACHINE.search(first):
                return {}
            why = f"{words}: “{_short(first)}”"
            return {
                label: Inferred(role, why)
                if fold(label) == who[0]
                else Inferred(other, f"it is the only other speaker beside the {role}")
                for label in settled
                if label in people
            }
    return {}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"
