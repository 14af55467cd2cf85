"""Facts about the ledger itself, by name: its identity, where it is kept, whether its content can be trusted.

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
    "RESTORED",
    "SANDBOX_URLS",
    "SUPERSEDED",
    "fact",
    "forget_fact",
    "remember_fact",
]

IDENTITY = "identity"
"""A random id that a ledger gets when it is made and keeps in every copy."""

PLACE = "place"
"""Where the ledger was when it was last opened in good order. A copy says here where it was copied from."""

INCARNATION = "incarnation"
"""A random id that the ledger gets each time a person settles that it was restored; absent before the first time."""

SUPERSEDED = "superseded"
"""JSON list of earlier incarnations, and of those known from other copies: marks of theirs count no longer."""

RESTORED = "restored"
"""While the ledger is older than what was sent from it: JSON with since, how, words (see restored.py)."""

SANDBOX_URLS = "sandbox-urls"
"""JSON list of the URLs under which this ledger's sandbox was reached (see sandbox_urls.py)."""

DECISIONS = "decisions"
"""JSON list: how each restore was settled, by whom and when."""


def fact(connection: sa.Connection, name: str) -> str | None:
    """Return the value of a fact, or None if it is not known."""
    value: str | None = connection.execute(sa.select(facts.c.value).where(facts.c.name == name)).scalar()
    return value


def remember_fact(connection: sa.Connection, name: str, value: str) -> None:
    """Store a fact; a value that was there before is replaced, also where two do so at once."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(facts)
    connection.execute(
        insert.values(name=name, value=value).on_conflict_do_update(
            index_elements=["name"], set_={"value": insert.excluded.value}
        )
    )


def forget_fact(connection: sa.Connection, name: str) -> None:
    """Remove a fact, if it is there."""
    connection.execute(facts.delete().where(facts.c.name == name))
