"""Facts about the ledger itself, by name: its identity, its path, whether its content can be trusted.

A fact is text (JSON where it has parts). Facts are read and written inside the caller's transaction.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib.database.schema import facts

__all__ = [
    "DECISIONS",
    "IDENTITY",
    "INCARNATION",
    "PLACE",
    "PREDECESSOR",
    "RESTORED",
    "SANDBOX_URLS",
    "SUPERSEDED",
    "fact",
    "forget_fact",
    "remember_fact",
]

IDENTITY = "identity"
"""A random id that a ledger gets when it is created. Every copy has the same."""

PLACE = "place"
"""The path of the ledger when it was last opened normally. In a copy, this is the path of the original."""

PREDECESSOR = "predecessor"
"""JSON list of the addresses that another ledger sent calls to: one that was at this place before, or any of this user
before this ledger's first submission there. Absent if there are no such addresses."""

INCARNATION = "incarnation"
"""A random id that the ledger gets each time a person settles that it was restored; absent before the first restore."""

SUPERSEDED = "superseded"
"""JSON list of earlier incarnations, and of those known from other copies: their marks no longer count."""

RESTORED = "restored"
"""Set while the ledger is older than what was sent from it: JSON with since, how, words (see restored.py)."""

SANDBOX_URLS = "sandbox-urls"
"""JSON list of the URLs of this ledger's sandbox (see sandbox_urls.py)."""

DECISIONS = "decisions"
"""JSON list of how each restore was settled, by whom and when."""


def fact(connection: sa.Connection, name: str) -> str | None:
    """Return the value of a fact, or None if it is not known."""
    value: str | None = connection.execute(sa.select(facts.c.value).where(facts.c.name == name)).scalar()
    return value


def remember_fact(connection: sa.Connection, name: str, value: str) -> None:
    """Store a fact, in place of an earlier value. Two processes may do so at the same time."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(facts)
    connection.execute(
        insert.values(name=name, value=value).on_conflict_do_update(
            index_elements=["name"], set_={"value": insert.excluded.value}
        )
    )


def forget_fact(connection: sa.Connection, name: str) -> None:
    """Remove a fact, if it is stored."""
    connection.execute(facts.delete().where(facts.c.name == name))
