"""Facts about a call that stand above its words: `Call: C-12`, `Agent: anna@x.example`, `Date: 2026-05-20 15:00`.

Their keys may be the very words that speakers are called by. What tells them from speech is what they say (an email, an
id, a date and nothing else), that they stand together, and that a blank line, a rule or the first turn ends them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from reddy_lib.transcripts.asides import is_rule
from reddy_lib.transcripts.formats.text_rows import NEWLINE
from reddy_lib.transcripts.key_names import classify_key
from reddy_lib.transcripts.roles import role_of

__all__ = ["FactBlock", "read_fact_block"]

_MOST_ROWS = 16
_OPENING = 3000
_PAIR = re.compile(
    r"[\W_]{0,6}(?P<key>[^\W\d_][^:：=\n]{0,40}?)[\s*_]{0,4}[:：=][\s*_]{0,4}(?P<value>[^\s*].{0,100})"
)
_EMAIL = re.compile(r"(?:[^@<>:]{1,60}\s*<)?(?P<email>[\w.+'-]+@[\w-]+(?:\.[\w-]+)+)>?")
_MOMENT = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[T, ]{1,2}(?:at |um )?\d{1,2}[:.]\d\d.{0,20})?")
_PHONE = re.compile(r"\+?\(?\d[\d\s().\-/]{5,18}\d")
_ID = re.compile(r"(?=\S*\d)[#\w][\w\-./#]{1,60}")
_NAME = re.compile(r"[A-ZÀ-ÖØ-Þ][\w.'’-]{0,30}(?: [A-ZÀ-ÖØ-Þ(][\w.'’()-]{0,30}){0,3}")
_EMAIL_WORD = re.compile(r"[\s_-]*\(?e?-?mail(?: address)?\)?$", re.IGNORECASE)
_CALL_KEY = re.compile(
    r"(?:call|chat|conversation|contact|interaction|session|anruf|gespräch|appel|llamada|chiamata|chamada|gesprek|rozmowa|"
    r"conversación|conversazione|conversa|通话|通話|звонок)s?(?:[\s_.-]*(?:id|nr|no|number|nummer|num|numéro|número|numero|#))?\.?|id",
    re.IGNORECASE,
)
_START_KEY = re.compile(
    r"(?:call |chat )?(?:date(?: ?(?:/|&|and) ?time)?|data(?: ?(?:/|e) ?ora)?|datum|fecha(?: y hora)?|dato|"
    r"started?(?: at)?|date et heure|data e hora|datum und uhrzeit|日期|дата)",
    re.IGNORECASE,
)
_DAY_AND_CLOCK = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})[ ,T]{1,2}(\d{1,2}:\d\d(?::\d\d)?)")


class _Fact(NamedTuple):
    row: str
    role: str  # that the key is the word for; "" where it is none
    speaks: bool  # the key is a word for a speaker, or is called as one further down
    key: str
    value: str
    kind: str


class FactBlock(NamedTuple):
    """The rows of facts above a text, what they say, and the text below."""

    rows: list[str]
    rest: str
    agent_email: str
    conversation_id: str
    started: str
    emails: dict[str, str]
    names: dict[str, str]


def read_fact_block(text: str) -> FactBlock | None:
    """Return the facts above a text if a key among them is a word for a speaker; None where there are none."""
    facts: list[_Fact] = []
    ended = False
    at = 0
    lines = NEWLINE.split(text[:_OPENING])
    for line in lines[: 2 * _MOST_ROWS]:
        row = line.strip()
        fact = _fact(row, text)
        if fact is None and (row and not is_rule(row)):
            break
        if facts and fact is None:
            ended = True
            break
        if fact is not None:
            facts.append(fact)
        at += 1
    if not ended:  # nothing but the facts' own look tells them from the first turn: a name may be an answer
        sure = [place for place, fact in enumerate(facts) if fact.kind == "name"]
        at -= len(facts) - sure[0] if sure else 0
        facts = facts[: sure[0]] if sure else facts
    if not _is_block(facts, ended=ended):
        return None
    rest = "\n".join([*lines[at:-1], lines[-1] + text[_OPENING:]])
    agent = [fact for fact in facts if fact.role == "agent" and fact.kind == "email"]
    email = _EMAIL.fullmatch(agent[0].value) if len(agent) == 1 else None
    ids = {
        fact.value for fact in facts if fact.kind == "id" and not fact.role and _CALL_KEY.fullmatch(fact.key)
    }
    starts = {fact.value for fact in facts if fact.kind == "moment" and _is_start(fact.key)}
    return FactBlock(
        [fact.row for fact in facts],
        rest,
        email["email"] if email else "",
        ids.pop() if len(ids) == 1 else "",
        _year_first(starts.pop()) if len(starts) == 1 else "",
        {fact.key: match["email"] for fact in facts if (match := _EMAIL.fullmatch(fact.value))},
        {fact.value: fact.role for fact in facts if fact.role and fact.kind == "name"},
    )


def _fact(row: str, text: str) -> _Fact | None:
    pair = _PAIR.fullmatch(row) if len(row) < 160 else None
    if pair is None:
        return None
    key, value = pair["key"].strip(), pair["value"].strip("*_ ")
    kinds = (("email", _EMAIL), ("moment", _MOMENT), ("phone", _PHONE), ("id", _ID), ("name", _NAME))
    kind = next((kind for kind, pattern in kinds if pattern.fullmatch(value)), "")
    role = role_of(key) or (role_of(_EMAIL_WORD.sub("", key)) if kind == "email" else "")
    speaks = bool(role) or text.count(f"{key}:") > 1
    return _Fact(row, role, speaks, key, value, kind) if kind else None


def _is_block(facts: list[_Fact], *, ended: bool) -> bool:
    """Return whether rows are facts and no speech, though somebody may be called as one of their keys."""
    if not facts or len(facts) > _MOST_ROWS or not any(fact.speaks for fact in facts):
        return False
    beside = any(not fact.speaks and fact.kind != "name" for fact in facts)
    emails = any(fact.role == "agent" and fact.kind == "email" for fact in facts)
    return beside or (emails and ended)


def _is_start(key: str) -> bool:
    known = classify_key(key)
    return _START_KEY.fullmatch(key) is not None or (known is not None and known.part == "start")


def _year_first(value: str) -> str:
    """Return a date with a clock as ISO has it; as it is where nobody could tell day from month."""
    match = _DAY_AND_CLOCK.fullmatch(value)
    if match is None:
        return value
    first, second = int(match[1]), int(match[3])
    if first > 12 or match[2] == ".":
        day, month = first, second
    elif second > 12:
        day, month = second, first
    else:
        return value
    return f"{match[4]}-{month:02}-{day:02} {match[5].zfill(5)}"
