"""What an address gets of each kind of personal data: `ask`, `mask`, `hold` or `allow`.

    ask    nothing that names it is sent before a person decided, once for a batch and address; where calls stay on this
           machine (the sandbox, localhost), they are sent meanwhile
    mask   it is masked before it is sent, as an operation: in the words, in the tags and in the recording
    hold   a call that names it is held by a finding
    allow  it is sent

The rules of an address are kept in the ledger, for everybody who sends from it. Security codes and PINs are masked unless
an administrator chose something else, and every other kind is asked about. An answer holds for its batch.

`submission.create` applies the rules to the chosen calls (`prepare`). `claims` compares each call with them once more
right before it is sent (`refused`), because a rule may have been changed while the call was queued.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, get_args

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

import reddy_lib.arguments as arguments
from reddy_lib.address import is_loopback
from reddy_lib.batches.decisions import read_decisions
from reddy_lib.batches.personal_looks import (
    PersonalData,
    kinds_of_calls,
)
from reddy_lib.batches.stored_rows import release_calls
from reddy_lib.database.database import Database
from reddy_lib.database.sandbox_urls import SANDBOX, address_in
from reddy_lib.database.schema import calls, personal_rules
from reddy_lib.personal_data import KINDS, PLURALS, TITLES

if TYPE_CHECKING:
    from reddy_lib.batches.batch import Batch

__all__ = [
    "DEFAULTS",
    "HELD",
    "RULES",
    "PersonalRule",
    "answer_personal_data",
    "answers_of",
    "effective_rules",
    "forget_answers",
    "personal_policy",
    "refused",
    "said_of",
    "set_personal_policy",
    "stored_summary",
    "waits_for_answers",
]

PersonalRule = Literal["ask", "mask", "hold", "allow"]
RULES: tuple[PersonalRule, ...] = get_args(PersonalRule)

ANSWERS: tuple[PersonalRule, ...] = ("mask", "hold", "allow")

DEFAULTS: dict[str, PersonalRule] = {kind: "mask" if kind in ("cvv", "pin") else "ask" for kind in KINDS}
"""Kind → the rule of an address that has no other. Card schemes forbid to keep security codes and PINs."""

_PIECE = 500

HELD = "personal-data-held"
"""The finding of a call that names a kind with the rule hold."""


class _Client(Protocol):
    @property
    def base_url(self) -> str: ...


def personal_policy(database: Database, to: str | _Client) -> dict[str, PersonalRule]:
    """Return kind → rule of an address, for all kinds.

    Args:
        to: an address ("sandbox", "https://app.reddy.io"), or a client.
    """
    _must_be_ledger(database)
    with database.read() as connection:
        return _rules(connection, address_in(connection, _url(to)))


def set_personal_policy(
    database: Database, to: str | _Client, rules: Mapping[str, PersonalRule], *, who: str = ""
) -> dict[str, PersonalRule]:
    """Change rules of an address, and return all of them. Calls that wait to be sent are compared with the new ones.

    Args:
        to: as in `personal_policy`.
        rules: kind → "ask", "mask", "hold" or "allow"; kinds that are not named keep their rule.

    Raises:
        ValueError: there is no such kind or rule; nothing was changed.
        NotAllowed: this takes an administrator.
    """
    _must_be_ledger(database)
    _check(rules, RULES)
    who = arguments.text(who, "who")
    with database.write(right="administer") as connection:
        address = address_in(connection, _url(to))
        _store(connection, address, "", rules, who)
        _release(connection, address)
        return _rules(connection, address)


def answer_personal_data(
    batch: Batch, to: str | _Client, answers: Mapping[str, PersonalRule], *, who: str = ""
) -> None:
    """Decide for a batch what an address gets of the kinds that its rules ask about.

    Args:
        to: as in `personal_policy`.
        answers: kind → "mask", "hold" or "allow".

    Raises:
        ValueError: there is no such kind or answer; nothing was changed.
        NotAllowed: this takes a person who may send.
    """
    _check(answers, ANSWERS)
    who = arguments.text(who, "who")
    with batch.database.write(right="send") as connection:
        address = address_in(connection, _url(to))
        _store(connection, address, batch.id, answers, who)
        _release(connection, address, batch.id)


def answers_of(batch: Batch, to: str | _Client) -> dict[str, PersonalRule]:
    """Return kind → answer, as decided for this batch at an address; kinds without an answer are left out."""
    with batch.database.read() as connection:
        return _stored(connection, address_in(connection, _url(to)), batch.id)


def forget_answers(batch: Batch, to: str | _Client) -> None:
    """Forget what was decided for this batch at an address: its kinds are asked about again.

    Raises NotAllowed: this takes a person who may send.
    """
    with batch.database.write(right="send") as connection:
        address = address_in(connection, _url(to))
        connection.execute(
            personal_rules.delete().where(
                personal_rules.c.address == address, personal_rules.c.batch_id == batch.id
            )
        )
        _release(connection, address, batch.id)


def waits_for_answers(address: str) -> bool:
    """Return whether calls wait until the questions about them are answered: not where they stay on this machine."""
    return address != SANDBOX and not is_loopback(address)


def effective_rules(connection: sa.Connection, address: str, batch_id: str) -> dict[str, PersonalRule]:
    """Return kind → rule for a batch at an address: an answer counts where the address's rule asks."""
    rules = _rules(connection, address)
    for kind, rule in _stored(connection, address, batch_id).items():
        if rules.get(kind) == "ask":
            rules[kind] = rule
    return rules


def said_of(counts: Mapping[str, int], *, most: int = 4) -> str:
    """Return counts in words: "60 card numbers and 33 security codes"."""
    told = [
        f"{count:,} {TITLES[kind] if count == 1 else PLURALS[kind]}"
        for kind, count in sorted(counts.items(), key=lambda one: (-one[1], KINDS.index(one[0])))
    ]
    if len(told) > most:
        told = [*told[: most - 1], f"{len(told) - most + 1} more kinds"]
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


# --- the last gate -----------------------------------------------------------------------------------------------


class _ToSend(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def payload(self) -> str: ...


def refused(connection: sa.Connection, address: str, found: Sequence[_ToSend]) -> dict[int, str]:
    """Return call id → why it may not be sent, for queued calls of one batch that are about to be claimed."""
    if not found:
        return {}
    named = kinds_of_calls(connection, {call.id: call.payload for call in found})
    if not any(named.values()):
        return {}
    batch_id = connection.execute(sa.select(calls.c.batch_id).where(calls.c.id == found[0].id)).scalar_one()
    rules = effective_rules(connection, address, batch_id)
    sent = ("allow",) if waits_for_answers(address) else ("allow", "ask")
    hit = {
        id: [kind for kind in KINDS if kind in kinds and rules[kind] not in sent]
        for id, kinds in named.items()
    }
    hit = {id: kinds for id, kinds in hit.items() if kinds}
    if not hit:
        return {}
    accepted = {
        id: HELD in read_decisions(stored).accepted
        for id, stored in connection.execute(
            sa.select(calls.c.id, calls.c.decisions).where(calls.c.id.in_(list(hit)))
        )
    }
    why: dict[int, str] = {}
    for id, kinds in hit.items():
        stopped = [kind for kind in kinds if not (accepted[id] and rules[kind] == "hold")]
        if stopped:
            names = " and ".join(TITLES[kind] for kind in stopped[:2])
            more = f" and {len(stopped) - 2} more kinds" if len(stopped) > 2 else ""
            why[id] = (
                f"Not sent: it names {names}{more}, which this address may not have as it is (rule: "
                f"{rules[stopped[0]]}). Send it again: what is to be masked is masked first."
            )
    return why


# --- in the ledger -----------------------------------------------------------------------------------------------


def _must_be_ledger(database: object) -> None:
    arguments.instance(database, Database, "The first argument", "a ledger, such as reddy.Ledger()")


def _url(to: str | _Client) -> str:
    if isinstance(to, str):
        return to
    url = getattr(to, "base_url", None)
    if not isinstance(url, str):
        raise TypeError(f"The address must be text, or a client, not {type(to).__name__}.")
    return url


def _check(rules: Mapping[str, str], allowed: Iterable[str]) -> None:
    arguments.instance(rules, Mapping, "rules", 'a dict such as {"card": "mask"}')
    for kind, rule in rules.items():
        arguments.known(kind, "kind", KINDS)
        arguments.known(rule, "rule", tuple(allowed))


def _rules(connection: sa.Connection, address: str) -> dict[str, PersonalRule]:
    return {**DEFAULTS, **_stored(connection, address, "")}


def _stored(connection: sa.Connection, address: str, batch_id: str) -> dict[str, PersonalRule]:
    query = sa.select(personal_rules.c.kind, personal_rules.c.rule).where(
        personal_rules.c.address == address, personal_rules.c.batch_id == batch_id
    )
    # a kind or rule of a newer version is asked about
    return {
        kind: rule if rule in RULES else "ask" for kind, rule in connection.execute(query) if kind in TITLES
    }


def _store(
    connection: sa.Connection, address: str, batch_id: str, rules: Mapping[str, PersonalRule], who: str
) -> None:
    if not rules:
        return
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(personal_rules)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["address", "batch_id", "kind"],
            set_={name: insert.excluded[name] for name in ("rule", "who", "at")},
        ),
        [
            {
                "address": address,
                "batch_id": batch_id,
                "kind": kind,
                "rule": rule,
                "who": who,
                "at": time.time(),
            }
            for kind, rule in rules.items()
        ],
    )


def _release(connection: sa.Connection, address: str, batch_id: str | None = None) -> None:
    """Release calls that a rule held, where none of the kinds that they name is held any more.

    What they name now is masked or asked about when they are sent. Where another address holds them, they are held again
    before they are sent there.
    """
    held = sa.select(calls.c.id, calls.c.batch_id, calls.c.payload).where(
        calls.c.status == "held", calls.c.codes.contains(f"|{HELD}|")
    )
    if batch_id is not None:
        held = held.where(calls.c.batch_id == batch_id)
    found = connection.execute(held).all()
    rules = {one.batch_id: effective_rules(connection, address, one.batch_id) for one in found}
    for at in range(0, len(found), _PIECE):
        some = found[at : at + _PIECE]
        named = kinds_of_calls(connection, {one.id: one.payload for one in some})
        free = [one.id for one in some if all(rules[one.batch_id][kind] != "hold" for kind in named[one.id])]
        release_calls(connection, free, HELD)


def stored_summary(rules: Mapping[str, PersonalRule], found: PersonalData) -> str:
    """Return what a submission records: the rules it was queued under, and what was masked in its calls."""
    told = {"rules": dict(rules), "masked": found.masked, "calls_masked": found.masked_calls}
    return msgspec.json.encode(told).decode()
