"""The problems of a batch: one for each finding and cell value, with what would fix all its calls at once.

A proposal is never applied by itself. It names a known value (a product of Reddy's list, an agent of other calls) that is
the same but for case, accents, spaces and signs, or that few letters part from the value found, and says why. A value
that two known ones fit equally well and equally often has no proposal: `Problem.choices` lists them.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.call_rows import decode_findings
from reddy_lib.batches.likeness import Near, nearest
from reddy_lib.batches.named_products import product_id
from reddy_lib.batches.quick_fixes import REPAIRS
from reddy_lib.batches.renamed_products import RENAMED, meant_name
from reddy_lib.batches.selections import ranges_of, rows_of_ranges
from reddy_lib.batches.steps import (
    Accept,
    FixValue,
    GiveRole,
    MergeValues,
    Repair,
    RetypeTag,
    SetField,
    Step,
)
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import EDITABLE, batches, calls
from reddy_lib.findings import CATALOGUE, Finding, Severity
from reddy_lib.model import ROLES, Call, from_payload
from reddy_lib.spreadsheet.model import fold_name
from reddy_lib.transcripts.roles import role_of

__all__ = ["REFUSED", "Known", "Problem", "Proposal", "Repairing", "problems_of"]

REFUSED = "refused"
"""The code of a problem that is Reddy's answer, not a finding."""

_BY_VALUE = frozenset(("agent_email", "product_id", "role", "tags", "speaker"))
"""Fields whose findings are told apart by value; of the others, such as times, each call has its own."""

_MOST_CHOICES = 8
_OTHER_BATCHES = 20  # whose accepted calls tell which agents Reddy knows
_OTHER_CALLS = 20_000
_CUT = 199  # a longer value of a finding is cut, so no step can name it


_ROLES: dict[str, Literal["agent", "customer", "leave out"]] = {
    "agent": "agent",
    "customer": "customer",
    "leave out": "leave out",
}
_TYPES: dict[str, Literal["string", "integer", "boolean"]] = {
    "string": "string",
    "integer": "integer",
    "boolean": "boolean",
}


class Proposal(NamedTuple):
    """A value that would fix a problem, and why. `shown`: the value for people, such as the product's name."""

    step: Step
    value: str | int
    shown: str
    reason: str


class Repairing(NamedTuple):
    """A repair of all calls of a problem that needs no value."""

    label: str
    step: Step


class Known(NamedTuple):
    """Values that a batch may use, each with how many calls have it: agents' addresses, and products by name."""

    agents: Mapping[str, int]
    products: Mapping[str, tuple[int, int]]  # name → (id, calls)
    listed: tuple[dict[str, Any], ...] | None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with some calls.

    Attributes:
        key: stable over runs, for links and widgets.
        code: of the finding, or `REFUSED`.
        field: as findings name it; of a tag "tag:NAME".
        value: the cell's value; "" if there is no value or the calls have different ones.
        message: of the first call.
        calls: how many calls that can be changed have it. `locked`: further ones that are being sent, or were sent.
        proposal: the value to use instead; None where nothing is near enough.
        repairs: what fixes it without a value.
        accepting: the step that accepts the finding as it is, where the catalogue allows that.
    """

    key: str
    code: str
    title: str
    severity: Severity
    field: str
    value: str
    message: str
    hint: str
    calls: int
    locked: int
    ranges: str
    known: Known
    proposal: Proposal | None = None
    repairs: tuple[Repairing, ...] = ()
    accepting: Step | None = None

    def __repr__(self) -> str:
        about = f" · {self.value}" if self.value else ""
        return f"<Problem {self.title}{about} · {_calls(self.calls)}>"

    @property
    def rows(self) -> list[int]:
        """The rows of its calls that can be changed, ascending."""
        return rows_of_ranges(self.ranges)

    @property
    def fixable(self) -> bool:
        """Whether `fix_with` has a step for a value."""
        return _target(self.code, self.field) != ""

    def fix_with(self, value: str | int) -> Step:
        """Return the step that puts a value in place of the problem's, in all calls that have it.

        Raises ValueError: this kind of problem is not about a value, or the value cannot be used.
        """
        return _step(self.code, self.field, self.value, value, self.known)

    def choices(self) -> list[Proposal]:
        """Return known values that could be meant, the best first, also those that are too far for a proposal."""
        return _choices(self.code, self.field, self.value, self.known)


class _Group:
    def __init__(self, found: Finding | None, message: str) -> None:
        self.found, self.message = found, message
        self.rows: list[int] = []
        self.locked = 0


def problems_of(batch: StoredBatch, rows: Iterable[int] | int | None = None) -> list[Problem]:
    """Return the problems of a batch, or of these rows; see `Batch.problems`."""
    groups: dict[tuple[str, str, str], _Group] = {}
    for stored in _troubled(batch, rows):
        for key, found, message in _seen(stored):
            group = groups.setdefault(key, _Group(found, message))
            if stored.status in EDITABLE:
                group.rows.append(stored.row)
            else:
                group.locked += 1
    wrong = {value for (code, field, value), group in groups.items() if field == "agent_email" and value}
    known = _known(batch, wrong)
    found_ = [_problem(batch, key, group, known) for key, group in groups.items() if group.rows]
    return sorted(found_, key=lambda one: (one.severity != "error", -one.calls, one.title, one.value))


def _troubled(batch: StoredBatch, rows: Iterable[int] | int | None) -> Iterator[Any]:
    wanted = None if rows is None else batch.these_rows(rows)
    trouble = sa.or_(calls.c.codes != "", calls.c.status == "rejected")
    # Payloads are large, and needed for the names of tags alone.
    payload = sa.case((calls.c.codes.contains("|tag-"), calls.c.payload)).label("payload")
    query = sa.select(
        calls.c.row, calls.c.status, calls.c.findings, calls.c.error, calls.c.agent_email, calls.c.product_id,
        calls.c.conversation_id, payload,
    ).where(calls.c.batch_id == batch.id, trouble).order_by(calls.c.row)  # fmt: skip
    for some in [None] if wanted is None else pieces(wanted):
        with batch.database.read() as connection:
            found = connection.execute(query if some is None else query.where(calls.c.row.in_(some))).all()
        yield from found


def _seen(stored: Any) -> Iterator[tuple[tuple[str, str, str], Finding | None, str]]:
    """Yield what is wrong with a call, each kind and value once: (code, field, value), the finding, the message."""
    keys: set[tuple[str, str, str]] = set()
    tags: list[dict[str, Any]] | None = None
    for found in decode_findings(stored.findings):
        field, value = found.field, found.value if found.field in _BY_VALUE else ""
        if field == "role":
            value = value.strip()
        elif field == "tags":
            if tags is None:
                tags = [] if stored.payload is None else msgspec.json.decode(stored.payload).get("tags", [])
            number = found.line or 0
            field = f"tag:{tags[number - 1]['key']}" if 1 <= number <= len(tags) else "tags"
        key = (found.code, field, value)
        if key not in keys:
            keys.add(key)
            yield key, found, found.message
    if stored.status == "rejected":
        said = (stored.error or "no reason given").strip()
        field = next((name for word, name in _SAID if word in said.casefold()), "")
        value = "" if not field else str(getattr(stored, field) or "")
        yield (f"{REFUSED} {_without_values(said)}", field, value), None, said


_SAID = (("agent", "agent_email"), ("product", "product_id"), ("conversation", "conversation_id"))
"""A word of Reddy's reason → the field that it is about."""

_VALUES = re.compile(r"\S+@\S+|\"[^\"]*\"|'[^']*'|“[^”]*”|\b[\w-]*\d[\w-]*\b")


def _without_values(said: str) -> str:
    """Return a reason without addresses, quotations and numbers, so that equal ones are counted together."""
    return " ".join(_VALUES.sub("…", said.split("\n")[0])[:160].split())


def _problem(batch: StoredBatch, key: tuple[str, str, str], group: _Group, known: Known) -> Problem:
    code, field, value = key
    refused = code.startswith(REFUSED + " ")
    rule = None if refused else CATALOGUE[code]
    title = f"Reddy refused: {code.removeprefix(REFUSED + ' ')}" if rule is None else rule.title
    choices = _choices(REFUSED if refused else code, field, value, known, most=2, lax=False)
    return Problem(
        key=hashlib.sha256("\x1f".join(key).encode("utf-8", "replace")).hexdigest()[:12],
        code=REFUSED if refused else code,
        title=title,
        severity="error" if rule is None else rule.severity,
        field=field,
        value=value,
        message=group.message,
        hint="Correct the value, then send these calls again." if rule is None else rule.hint,
        calls=len(group.rows),
        locked=group.locked,
        ranges=ranges_of(group.rows),
        known=known,
        proposal=choices[0] if choices and not _tied(choices) else None,
        repairs=tuple(_repairs(batch, code, value, group.rows)),
        accepting=Accept(code=code) if rule is not None and rule.accepting else None,
    )


def _tied(choices: list[Proposal]) -> bool:
    """Return whether two values fit equally well, by letters and by calls."""
    return len(choices) > 1 and choices[0].reason == choices[1].reason


def _repairs(batch: StoredBatch, code: str, value: str, rows: list[int]) -> Iterator[Repairing]:
    if code in REPAIRS and _helps(batch, code, value, rows):
        yield Repairing(REPAIRS[code].label, Repair(code=code))
    if code == "role-unknown" and value:
        yield Repairing("Agent", GiveRole(label=value, role="agent"))
        yield Repairing("Customer", GiveRole(label=value, role="customer"))
        yield Repairing("Leave out", GiveRole(label=value, role="leave out"))


def _helps(batch: StoredBatch, code: str, value: str, rows: list[int]) -> bool:
    """Return whether a repair changes any of the first calls that have the problem."""
    apply = REPAIRS[code].apply
    if code == "agent-email-invalid":  # of the value alone: there may be as many problems as calls
        call = Call(agent_email=value)
        return apply(call, []) != call
    query = sa.select(calls.c.payload, calls.c.findings).where(
        calls.c.batch_id == batch.id, calls.c.row.in_(rows[:_LOOKED_AT])
    )
    with batch.database.read() as connection:
        for stored in connection.execute(query):
            call = from_payload(stored.payload)
            if apply(call, [one for one in decode_findings(stored.findings) if one.code == code]) != call:
                return True
    return False


_LOOKED_AT = 200
"""Calls that are read to tell whether a repair helps."""


def _target(code: str, field: str) -> str:
    """Return what a value for a problem sets: a field, "role", "type" or "tag"; "" where it is not about a value."""
    if code == "role-unknown":
        return "role"
    if code == "tag-type-unknown":
        return "type"
    if code == "tag-value-mismatch":
        return "tag"
    return field if field in ("agent_email", "product_id", "conversation_id") else ""


def _step(code: str, field: str, found: str, value: str | int, known: Known) -> Step:
    target = _target(code, field)
    if not target or (len(found) > _CUT and code != REFUSED):
        raise ValueError(
            "This problem cannot be fixed by a value for all its calls: open them, and correct each."
        )
    text = str(value).strip()
    if target == "role":
        if text not in _ROLES:
            raise ValueError(f"A role is one of {', '.join(_ROLES)}.")
        return GiveRole(label=found, role=_ROLES[text])
    if target == "type":
        if text not in _TYPES:
            raise ValueError(f"A tag's type is one of {', '.join(_TYPES)}.")
        return RetypeTag(key=field.removeprefix("tag:"), type=_TYPES[text])
    if target == "tag":
        return MergeValues(source=field, values=(found,), value=text)
    new: str | int = text
    if target == "product_id":
        new = product_id(text, known.listed)
    if code == REFUSED:
        only: str | int = int(found) if target == "product_id" and found.isdecimal() else found
        return SetField(field=target, value=new, only=only or None)
    return FixValue(code=code, found=found, field=target, value=new)


def _choices(
    code: str, field: str, value: str, known: Known, *, most: int = _MOST_CHOICES, lax: bool = True
) -> list[Proposal]:
    if len(value) > _CUT or (not value and code != REFUSED):
        return []
    target = _target(code, field)
    if target == "agent_email":
        return [_proposal(code, field, value, one, known) for one in _agents(value, known.agents, most, lax)]
    if target == "product_id":
        counts = {name: count for name, (_, count) in known.products.items()}
        meant = meant_name(value) if code == RENAMED else value
        found = [Near(name, "the same name", 0) for name in counts if fold_name(name) == fold_name(meant)]
        if not found and not meant.isdecimal():
            found = nearest(meant, counts, most=most, lax=lax)
        if lax:
            listed = {one.value for one in found}
            used = sorted(
                (name for name in counts if name not in listed), key=lambda name: (-counts[name], name)
            )
            found += [Near(name, "", 99) for name in used[: most - len(found)]]
        return [_proposal(code, field, value, one, known) for one in found]
    if target == "role":
        side = role_of(value)
        words = [Near(side, f"“{value}” is a word for the {side}", 0)] if side in ROLES else []
        near = words or nearest(value, dict.fromkeys(ROLES, 0), most=most, lax=lax)
        return [
            Proposal(_step(code, field, value, one.value, known), one.value, one.value, one.how)
            for one in near
        ]
    if target == "type":
        near = nearest(value, dict.fromkeys(_TYPES, 0), most=most, lax=lax)
        return [
            Proposal(_step(code, field, value, one.value, known), one.value, one.value, one.how)
            for one in near
        ]
    return []


def _agents(value: str, agents: Mapping[str, int], most: int, lax: bool) -> list[Near]:
    """Return known addresses like this one. The same name at another domain is as good as one letter."""
    found = nearest(value, agents, most=most, lax=lax)
    name, at, domain = value.casefold().partition("@")
    if at and len(name) > 2:
        there = {one.value for one in found}
        for agent in sorted(agents, key=lambda one: (-agents[one], one)):
            other, _, place = agent.casefold().partition("@")
            if other == name and place != domain and agent not in there:
                found.append(Near(agent, "the same name at another domain", 1))
    return sorted(found, key=lambda one: (one.distance, -agents[one.value], one.value))[:most]


def _proposal(code: str, field: str, value: str, near: Near, known: Known) -> Proposal:
    if field == "agent_email":
        count = known.agents[near.value]
        return Proposal(
            _step(code, field, value, near.value, known), near.value, near.value, _because(near.how, count)
        )
    number, count = known.products[near.value]
    return Proposal(
        _step(code, field, value, number, known),
        number,
        f"{near.value} · {number}",
        _because(near.how, count),
    )


def _because(how: str, count: int) -> str:
    parts = [how] * bool(how)
    if count:
        parts.append(f"{_calls(count)} {'has' if count == 1 else 'have'} it")
    return "; ".join(parts)


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count:,} calls"


def _known(batch: StoredBatch, wrong: set[str]) -> Known:
    """Return the values that the batch may use. `wrong`: addresses that have a problem."""
    mine = calls.c.batch_id == batch.id
    with batch.database.read() as connection:
        products_used = (
            sa.select(calls.c.product_id, sa.func.count())
            .where(mine, calls.c.product_id.is_not(None))
            .group_by(calls.c.product_id)
        )
        used: Counter[int | None] = Counter()
        for product, count in connection.execute(products_used):
            used[product] += count
        agents: Counter[str] = Counter()
        if wrong:
            here = sa.select(calls.c.agent_email, sa.func.count()).where(
                mine, calls.c.agent_email.is_not(None)
            )
            for agent, count in connection.execute(here.group_by(calls.c.agent_email)):
                agents[str(agent)] += count
            others = (
                sa.select(batches.c.id)
                .where(batches.c.id != batch.id)
                .order_by(batches.c.created_at.desc())
                .limit(_OTHER_BATCHES)
            )
            accepted = (
                sa.select(calls.c.agent_email)
                .where(calls.c.batch_id.in_(others), calls.c.status == "accepted")
                .limit(_OTHER_CALLS)
            )
            agents.update(one for one in connection.execute(accepted).scalars() if one)
    products = {
        str(one["name"]): (int(one["id"]), used[int(one["id"])])
        for one in batch.products or ()
        if str(one.get("status") or "active").casefold() == "active"
    }
    listed = None if batch.products is None else tuple(batch.products)
    return Known(_one_spelling({one: agents[one] for one in agents if one not in wrong}), products, listed)


def _one_spelling(agents: Mapping[str, int]) -> dict[str, int]:
    """Count addresses that only case tells apart as one, in the spelling of most calls, or else in lower case."""
    spellings: dict[str, list[str]] = {}
    for agent in agents:
        spellings.setdefault(agent.casefold(), []).append(agent)
    return {
        min(some, key=lambda one: (-agents[one], one != one.lower(), one)): sum(agents[one] for one in some)
        for some in spellings.values()
    }
