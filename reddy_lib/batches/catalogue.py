"""Find the batches of a database: all, one by id or name, or those of one file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.frames import utc
from reddy_lib.database.database import Database
from reddy_lib.database.schema import batches, calls
from reddy_lib.errors import NotInLedger

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10  # batches of one name that a message lists

__all__ = ["batch_id_of", "batches_frame", "batches_of_file", "find_batch"]


def batches_frame(database: Database, state: str = "open") -> pd.DataFrame:
    """Return the batches in a state, newest first; see `Ledger.batches`."""
    import pandas as pd

    counts = sa.select(calls.c.batch_id, sa.func.count().label("calls")).group_by(calls.c.batch_id).subquery()
    query = (
        sa.select(
            batches.c.id,
            batches.c.name,
            batches.c.file_name,
            batches.c.created_at,
            batches.c.who,
            sa.func.coalesce(counts.c.calls, 0).label("calls"),
        )
        .outerjoin(counts, counts.c.batch_id == batches.c.id)
        .where(batches.c.state == state)
        .order_by(batches.c.created_at.desc())
    )
    with database.read() as connection:
        rows = connection.execute(query).all()
    frame = pd.DataFrame(
        [tuple(row) for row in rows], columns=["id", "name", "file_name", "created_at", "who", "calls"]
    )
    frame["created_at"] = utc(frame["created_at"])
    frame["calls"] = frame["calls"].astype(int)
    return frame


def batches_of_file(database: Database, file_hash: str) -> list[Batch]:
    """Return the open batches that were loaded from a file with this SHA-256, newest first."""
    query = (
        sa.select(batches)
        .where(batches.c.file_hash == file_hash, batches.c.state == "open")
        .order_by(batches.c.created_at.desc())
    )
    with database.read() as connection:
        return [Batch(database, found) for found in connection.execute(query)]


def find_batch(database: Database, batch: Batch | str) -> Batch:
    """Return a batch by id or name.

    Raises NotInLedger if there is no such batch, it is archived, or several have this name.
    """
    with database.read() as connection:
        batch_id = batch_id_of(database, connection, batch)
        return Batch(database, connection.execute(sa.select(batches).where(batches.c.id == batch_id)).one())


def batch_id_of(
    database: Database, connection: sa.Connection, batch: Batch | str, *, states: Sequence[str] = ("open",)
) -> str:
    """Return the id of a batch given by id, by name, or as a `Batch`."""
    wanted = arguments.text(getattr(batch, "id", batch), "batch")
    query = sa.select(batches.c.id).where(batches.c.state.in_(states))
    found = connection.execute(query.where(batches.c.id == wanted)).scalar()
    if found is not None:
        return str(found)
    named = connection.execute(
        sa.select(batches.c.id, batches.c.created_at)
        .where(batches.c.state.in_(states), batches.c.name == wanted)
        .order_by(batches.c.created_at.desc())
    ).all()
    if len(named) > 1:
        listed = ", ".join(
            f"{one.id} ({datetime.fromtimestamp(one.created_at, UTC):%d %b %Y %H:%M:%S} UTC)"
            for one in named[:SHOWN]
        )
        raise NotInLedger(
            f"{len(named)} batches have the name {wanted!r}. Use the id of the one you mean; newest first: {listed}."
        )
    if named:
        return str(named[0].id)
    state = connection.execute(
        sa.select(batches.c.state).where(sa.or_(batches.c.id == wanted, batches.c.name == wanted))
    ).scalar()
    said = (
        f"There is no batch {wanted!r} in this ledger ({database.name}). "
        "ledger.batches() lists them, and ledger.load adds one."
    )
    if state == "archived":
        said = f"The batch {wanted!r} was taken off the list: ledger.restore({wanted!r}) puts it back."
    raise NotInLedger(said)
