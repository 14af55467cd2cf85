"""Who is speaking: from a label in the source ("Rep", "Agent (Ben)", "spk_0") to a role that Reddy knows.

The vocabulary is what vendors and analysts write, in several languages. Words that mean neither side (a menu
of options, a bot, a supervisor) and words that mean both (`user` is the agent in one product and the customer
in another) are left open on purpose: nobody is guessed into a role, the analyst decides once for the batch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

__all__ = [
    "KEEP_AS_TAG",
    "LEAVE_OUT",
    "NO_LINES",
    "OTHER_SPEAKERS",
    "ROLE_WORDS",
    "Role",
    "name_in_label",
    "role_of",
]

Role = Literal["agent", "customer", "leave out", "keep as tag", ""]
LEAVE_OUT = "leave out"
"""What a label is mapped to when its lines are not to be sent."""
KEEP_AS_TAG = "keep as tag"
"""What a label is mapped to when its words are to become a tag of the call, named after the label."""
NO_LINES = frozenset((LEAVE_OUT, KEEP_AS_TAG))

_AGENT = """agent|rep|representative|advisor|adviser|associate|operator|consultant|csr|internal|employee|assistant|
automated agent|main agent|customer service|customer support|customer care|support|service desk|help desk|helpdesk|
salesperson|sales rep|specialist|technician|tech support|agente|asesor|asesora|operador|operadora|agent de service|
support agent|service agent|it support|kundenberater|kundenberaterin|kundenbetreuer|kundenbetreuerin|kundenservice|
kundendienst|servicemitarbeiter|servicemitarbeiterin|supportmitarbeiter|supportmitarbeiterin|sachbearbeiter|
sachbearbeiterin|techniker|technikerin|representante|ejecutivo|ejecutiva|teleoperador|teleoperadora|técnico|
técnica|consultor|consultora|consulente|addetto|addetta|assistente|atendente|servicedesk|klantenservice|
klantadviseur|technicien|technicienne|conseiller|conseillère|conseillere|téléconseiller|teleconseiller|opérateur|operateur|berater|beraterin|mitarbeiter|
mitarbeiterin|agentin|medewerker|adviseur|operatore|operatrice|consulente|atendente|konsultant|оператор|агент|
сотрудник|менеджер|客服|坐席|担当者|オペレーター"""
_CUSTOMER = """customer|caller|client|contact|external|end user|enduser|consumer|member|patient|guest|cliente|clienta|
cliente final|appelant|appelante|cliente esterno|kunde|kundin|anrufer|anruferin|klant|beller|clientin|chiamante|
usuario final|llamante|consumidor|kunde am telefon|patient|patientin|appelant|usager|usagère|utente|
cliente externo|klient|клиент|абонент|покупатель|客户|顧客|お客様"""

ROLE_WORDS: dict[str, str] = {
    **{" ".join(word.split()): "agent" for word in _AGENT.split("|")},
    **{" ".join(word.split()): "customer" for word in _CUSTOMER.split("|")},
}
"""Label (case-folded, `_` and `-` as spaces) → role. Only labels that mean one side wherever they are used."""

_OTHER_SPEAKERS_TEXT = """
ivr acd bot chatbot custom virtual tool system supervisor simultaneous unknown user speaker
participant spk channel ch sprecher orateur hablante spreker narrator interviewer moderator
"""
OTHER_SPEAKERS = frozenset(_OTHER_SPEAKERS_TEXT.split())
"""Words that mark a speaker but not a side: recognised as labels, never mapped to a role by themselves."""

# Of those: words that are a label wherever they stand, and words that are one with a number ("Channel 1").
_ALONE = frozenset(
    [
        "ivr",
        "acd",
        "bot",
        "chatbot",
        "supervisor",
        "simultaneous",
        "unknown",
        "narrator",
        "interviewer",
        "moderator",
    ]
)
_NUMBERED = re.compile(
    r"(?:speaker|participant|spk|channel|ch|sprecher|orateur|hablante|spreker|person|voice)[ _#-]*(?:\d{1,3}|[a-h])"
)

# Words that keep their meaning inside a longer label ("Agent Ben", "Billing representative"). "Member" or
# "contact" do not: "Member services" is the agent's side.
_STRONG_TEXT = """
agent rep representative advisor adviser operator csr customer caller client agente asesor asesora
operador operadora cliente conseiller conseillère conseillere opérateur operateur berater beraterin
kunde kundin anrufer anruferin mitarbeiter mitarbeiterin medewerker klant operatore оператор агент
клиент kundenberater kundenberaterin kundenbetreuer kundenbetreuerin téléconseiller teleconseiller atendente
consulente asesora chiamante
"""
_STRONG = frozenset(_STRONG_TEXT.split())
# What a company's side is called when it is named as a whole ("Contoso Support", "Woodgrove IT Helpdesk").
_DESK = re.compile(r"(?:support|help ?desk|service ?desk|hotline|customer service|kundenservice)(?: team)?$")
_AGENT_SIDE = re.compile(
    r"\b(?:customer|client|member)s?[ ’']*s?[ ](?:service|services|support|care|success|relations)\b"
)
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_NUMBER_BEHIND = re.compile(r"\s*#?\d+$")


def role_of(label: str, roles: Mapping[str, str] | None = None) -> Role:
    """The role of a speaker label: "agent", "customer", "leave out", "keep as tag", or "" where nobody can know.

    `roles` (label → role, compared without case and surrounding spaces) wins over the built-in vocabulary.
    """
    if roles:
        wanted = fold(label)
        for known, role in roles.items():
            if fold(known) == wanted:
                return role if role in ("agent", "customer") or role in NO_LINES else ""  # type: ignore[return-value]
    return _built_in(label)


def fold(label: str) -> str:
    """How labels are compared: without case, and without spaces around them."""
    return label.strip().casefold()


@lru_cache(maxsize=4096)
def _built_in(label: str) -> Role:
    plain = " ".join(label.replace("_", " ").replace("-", " ").split()).casefold()
    role = ROLE_WORDS.get(plain)
    if role is None and plain[-1:].isdigit():  # "Agent 1", "Customer 2"
        role = ROLE_WORDS.get(_NUMBER_BEHIND.sub("", plain))
    if role:
        return role  # type: ignore[return-value]
    if len(plain) > 60:
        return ""
    rest, hits = _AGENT_SIDE.subn(" agent ", plain)
    words = _WORD.findall(rest)
    if not OTHER_SPEAKERS.isdisjoint(words):
        return ""
    found = {ROLE_WORDS[word] for word in words if word in _STRONG}
    if hits or (not found and _DESK.search(plain)):
        found.add("agent")
    return found.pop() if len(found) == 1 else ""  # type: ignore[return-value]


def speaks_for_itself(label: str) -> bool:
    """Is this a speaker wherever it stands: a role, or a word such as "Speaker 1", "spk_0", "IVR"?"""
    plain = fold(label)
    return bool(_built_in(label)) or plain in _ALONE or _NUMBERED.fullmatch(plain) is not None


def name_in_label(label: str) -> str:
    """The person named beside a role: "Agent (Ben)", "Ben - Agent" and "Agent Ben" → "Ben"; "" where nobody is."""
    inside = re.fullmatch(r"\s*(.+?)\s*[(\[](.+?)[)\]]\s*", label)
    if inside:
        first, second = inside.groups()
        if _built_in(first) and not _built_in(second):
            return second.strip()
        if _built_in(second) and not _built_in(first):
            return first.strip()
        return ""
    beside = re.fullmatch(r"\s*([^-–—,/|]+?)\s*(?:\s[-–—]\s|[,/|])\s*([^-–—,/|]+?)\s*", label)
    if beside:
        return name_in_label(f"{beside[1]} ({beside[2]})")
    words = label.split()
    if len(words) in (2, 3) and words[0].casefold() in _STRONG and all(w[:1].isupper() for w in words[1:]):
        return " ".join(words[1:])
    return ""
