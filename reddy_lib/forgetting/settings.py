"""Profiles and recipes of the columns of a forgotten batch: their samples, or all of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.profiles import signature_of
from reddy_lib.database.schema import batches, calls, profiles, recipes

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = [
    "Dropped",
    "drop_settings",
    "only_with_its_columns",
    "others_with",
    "signature_of_batch",
    "without_samples",
]

_SAMPLES = ("pooled_roles", "reasons", "doubts", "second_best")
"""The parts of a mapping that were read off the calls, and that no analyst chose."""


class Dropped(NamedTuple):
    """How many profiles and recipes were changed or deleted."""

    profiles: int
    recipes: int


def signature_of_batch(connection: sa.Connection, batch_id: str) -> str | None:
    """Return the signature of a batch's columns, as profiles and recipes have it; None if it has no calls."""
    query = sa.select(calls.c.cells).where(calls.c.batch_id == batch_id, calls.c.cells != "{}").limit(1)
    cells = connection.execute(query).scalar()
    return None if cells is None else signature_of(msgspec.json.decode(cells))


def only_with_its_columns(database: Database, batch_id: str) -> bool:
    """Return whether no other batch, open or archived, has the columns of this one."""
    with database.read() as connection:
        signature = signature_of_batch(connection, batch_id)
        return signature is not None and not others_with(connection, signature, batch_id)


def others_with(connection: sa.Connection, signature: str | None, but: str) -> int:
    """Count the other batches, open or archived, whose sheets have these columns."""
    query = sa.select(batches.c.id).where(batches.c.state.in_(("open", "archived")), batches.c.id != but)
    return sum(
        signature_of_batch(connection, one) == signature for one in connection.execute(query).scalars().all()
    )


def without_samples(mapping: str) -> str:
    """Return the JSON of a mapping without what was read off the calls."""
    data = msgspec.json.decode(mapping)
    return msgspec.json.encode({name: value for name, value in data.items() if name not in _SAMPLES}).decode()


def drop_settings(connection: sa.Connection, signatures: Collection[str], *, whole: bool) -> Dropped:
    """Remove the samples from the profiles of these columns; `whole`: delete the profiles, and the recipes."""
    if not signatures:
        return Dropped(0, 0)
    of_profile, of_recipe = (table.c.signature.in_(signatures) for table in (profiles, recipes))
    if whole:
        return Dropped(
            connection.execute(profiles.delete().where(of_profile)).rowcount,
            connection.execute(recipes.delete().where(of_recipe)).rowcount,
        )
    changed = 0
    for one in connection.execute(sa.select(profiles.c.id, profiles.c.mapping).where(of_profile)).all():
        left = without_samples(one.mapping)
        if left != one.mapping:
            connection.execute(profiles.update().where(profiles.c.id == one.id).values(mapping=left))
            changed += 1
    return Dropped(changed, 0)
