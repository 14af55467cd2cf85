"""Who saw what: an append-only log of who opened, downloaded, sent or deleted calls. It holds no words.

The database refuses to change or delete an entry (see `privacy_tables`).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, get_args

import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.database.privacy_tables import access_log

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.database.database import Database

__all__ = ["KINDS", "Seen", "access_frame", "note_access", "noted"]

Seen = Literal["opened", "downloaded", "sent", "forgot", "set retention", "backed up", "searched a person"]
KINDS: tuple[Seen, ...] = get_args(Seen)

_COLUMNS = ["at", "who", "what", "batch", "calls", "reference"]


def note_access(
    connection: sa.Connection,
    what: Seen,
    *,
    who: str,
    batch_id: str | None = None,
    calls: int | None = None,
    reference: str | None = None,
) -> None:
    """Add an entry inside the caller's transaction."""
    connection.execute(
        access_log.insert().values(
            at=time.time(), who=who, what=what, batch_id=batch_id, calls=calls, reference=reference
        )
    )


def noted(
    database: Database,
    what: Seen,
    *,
    who: str,
    batch_id: str | None = None,
    calls: int | None = None,
    reference: str | None = None,
) -> None:
    """Add an entry in a transaction of its own. Everyone who may look adds one, so no other right is needed."""
    arguments.known(what, "what", KINDS)
    with database.write(right="look") as connection:
        note_access(connection, what, who=who, batch_id=batch_id, calls=calls, reference=reference)


def access_frame(
    database: Database, *, since: datetime | None = None, until: datetime | None = None
) -> pd.DataFrame:
    """Return the log, newest first: at (UTC), who, what, batch (id), calls (Int64, how many), reference (id of the
    submission or receipt). `since`: included; `until`: not.

    Raises NotAllowed: this view's person may not administer.
    """
    import pandas as pd

    database.require("administer")
    table = access_log.c
    query = sa.select(table.at, table.who, table.what, table.batch_id, table.calls, table.reference)
    for name, limit, later in (("since", since, True), ("until", until, False)):
        if limit is not None:
            arguments.instance(limit, datetime, name, "a time such as datetime(2026, 3, 1, tzinfo=UTC)")
            moment = (limit if limit.tzinfo else limit.replace(tzinfo=UTC)).timestamp()
            query = query.where(table.at >= moment if later else table.at < moment)
    with database.read() as connection:
        rows = [tuple(row) for row in connection.execute(query.order_by(table.id.desc()))]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    frame["at"] = pd.to_datetime(frame["at"].astype(float), unit="s", utc=True)
    frame["calls"] = frame["calls"].astype("Int64")
    for name in ("batch", "reference"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "").astype(str)
    return frame
