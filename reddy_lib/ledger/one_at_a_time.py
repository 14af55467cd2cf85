"""The lock under which submissions are made, so that two people who submit the same rows go one after the other."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["one_at_a_time"]


def one_at_a_time(connection: sa.Connection) -> None:
    """Wait for others that make a submission, until the caller's transaction ends. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(730234)"))
