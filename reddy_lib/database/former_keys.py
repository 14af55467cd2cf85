"""The table of keys that calls had before their conversation id or agent was corrected (`identity.call_key`).

A call that is sent after such a correction is known to Reddy by its new key. If the same sheet is loaded again, its row has
the old one: by this table the two are seen to be the same call. It holds hashes, no words.

A call whose words, start or agent were edited also has a key made from their loaded values (`identity.start_key`). This
hash depends on the words, so it is deleted when the call is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib.database.schema import metadata

__all__ = ["former_keys", "remember_keys"]

former_keys = sa.Table(
    "former_keys",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("call_id", sa.BigInteger, sa.ForeignKey("calls.id"), primary_key=True, autoincrement=False),
)
sa.Index("former_keys_by_call", former_keys.c.call_id)


def remember_keys(connection: sa.Connection, had: Iterable[tuple[int, str]]) -> None:
    """Remember keys that calls had until now, as (call id, key)."""
    values = [{"call_id": call_id, "key": key} for call_id, key in had]
    if values:
        insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(former_keys)
        connection.execute(insert.on_conflict_do_nothing(), values)
