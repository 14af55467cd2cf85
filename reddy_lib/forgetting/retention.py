"""Retention: words are deleted so many days after a batch was loaded, recordings after as many of their own.

An administrator sets a rule for all batches, and other ones for single batches. Outcomes are kept. `run_retention` does
what is due, as a forgetting of its own for each batch; calls that are being sent are left for the next time. The app and
each worker call it once an hour (`housekeeping`), and a lock lets one process at a time do it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib.database.access_log import note_access
from reddy_lib.database.privacy_tables import retention
from reddy_lib.database.schema import batches, calls, recordings
from reddy_lib.forgetting.forget import (
    ForgetSandbox,
    begin_forgetting,
    begin_recordings,
    busy_calls,
    finish_forgetting,
)
from reddy_lib.forgetting.receipts import ForgetReceipt

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["DEFAULT", "Retention", "retention_of", "run_retention", "set_retention"]

DEFAULT = ""
"""In place of a batch's id: all batches without a rule of their own."""

DAY = 86_400.0
LONGEST = 36_500
"""Days: a century."""


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """After how many days a batch's words and recordings are deleted; None: they are kept.

    Attributes:
        own: the batch has a rule of its own, else it is the rule for all batches.
        loaded_at: when the days began (UTC); None for the rule for all batches.
    """

    words_days: int | None = None
    recordings_days: int | None = None
    own: bool = False
    loaded_at: datetime | None = None

    @property
    def words_until(self) -> datetime | None:
        """When the words are deleted (UTC)."""
        return _after(self.loaded_at, self.words_days)

    @property
    def recordings_until(self) -> datetime | None:
        """When the recordings are deleted (UTC): with the words at the latest."""
        both = [_after(self.loaded_at, days) for days in (self.recordings_days, self.words_days)]
        return min((one for one in both if one is not None), default=None)


def _after(start: datetime | None, days: int | None) -> datetime | None:
    return None if start is None or days is None else start + timedelta(days=days)


def retention_of(database: Database, batch_id: str = DEFAULT) -> Retention:
    """Return the rule that applies to a batch; without one, the rule for all batches."""
    query = sa.select(retention).where(retention.c.batch_id.in_([batch_id, DEFAULT]))
    with database.read() as connection:
        found = {row.batch_id: row for row in connection.execute(query)}
        loaded = connection.execute(sa.select(batches.c.created_at).where(batches.c.id == batch_id)).scalar()
    return _rule(found, batch_id, loaded)


def _rule(found: dict[str, sa.Row[Any]], batch_id: str, loaded: float | None) -> Retention:
    row = found.get(batch_id) or found.get(DEFAULT)
    return Retention(
        words_days=None if row is None else row.words_days,
        recordings_days=None if row is None else row.recordings_days,
        own=batch_id in found and batch_id != DEFAULT,
        loaded_at=None if loaded is None else datetime.fromtimestamp(loaded, UTC),
    )


def set_retention(
    database: Database,
    batch_id: str,
    words_days: int | None,
    recordings_days: int | None,
    *,
    who: str = "",
    own: bool = True,
) -> Retention:
    """Set the rule of a batch, or (`DEFAULT`) of all batches without one. `own` False: the batch follows the general rule.

    Raises:
        ValueError: a number of days is not a whole number from 1 to 36,500.
        NotAllowed: this view's person may not administer.
    """
    for days in (words_days, recordings_days):
        whole = isinstance(days, int) and not isinstance(days, bool)
        if days is not None and not (whole and 1 <= days <= LONGEST):
            raise ValueError(
                f"Retention is a whole number of days from 1 to {LONGEST:,}, or None to keep them."
            )
    values = {"words_days": words_days, "recordings_days": recordings_days, "who": who, "at": time.time()}
    with database.write(right="administer") as connection:
        if own or batch_id == DEFAULT:
            insert = (sqlite if database.is_sqlite else postgresql).insert(retention)
            connection.execute(
                insert.values(batch_id=batch_id, **values).on_conflict_do_update(
                    index_elements=["batch_id"], set_=values
                )
            )
        else:
            connection.execute(retention.delete().where(retention.c.batch_id == batch_id))
        note_access(connection, "set retention", who=who, batch_id=batch_id or None)
    return retention_of(database, batch_id)


def run_retention(
    database: Database, *, now: float | None = None, sandbox: ForgetSandbox | None = None
) -> list[ForgetReceipt]:
    """Delete what is due, and finish what was begun. Return the receipts. Calls that are being sent wait for the next time.

    Args:
        now: seconds since the epoch; None: the time.
        sandbox: of a sandbox that runs in this process.
    """
    database.require("administer")
    now = time.time() if now is None else now
    with database.read() as connection:
        rules = {row.batch_id: row for row in connection.execute(sa.select(retention))}
        loaded = connection.execute(
            sa.select(batches.c.id, batches.c.created_at)
            .where(batches.c.state.in_(("open", "archived")))
            .order_by(batches.c.created_at)
        ).all()
    for batch in loaded if rules else ():
        rule = _rule(rules, batch.id, batch.created_at)
        age = (now - batch.created_at) / DAY
        if (
            rule.words_days is not None
            and age >= rule.words_days
            and (ids := _with_words(database, batch.id))
        ):
            begin_forgetting(database, ids, kind="words", batch_id=batch.id, who=_WHO, leave_busy=True)
        elif (
            rule.recordings_days is not None
            and age >= rule.recordings_days
            and (ids := _with_recordings(database, batch.id))
        ):
            begin_recordings(database, ids, batch_id=batch.id, who=_WHO)
    return finish_forgetting(database, sandbox=sandbox)


_WHO = "retention"


def _with_words(database: Database, batch_id: str) -> list[int]:
    here = sa.and_(calls.c.batch_id == batch_id, calls.c.forgotten_at.is_(None))
    return _without_busy(database, here)


def _with_recordings(database: Database, batch_id: str) -> list[int]:
    named = sa.exists().where(recordings.c.call_id == calls.c.id, recordings.c.sha256 != "")
    return _without_busy(database, sa.and_(calls.c.batch_id == batch_id, named))


def _without_busy(database: Database, which: sa.ColumnElement[bool]) -> list[int]:
    with database.read() as connection:
        busy: set[tuple[str, int]] = {(one.batch_id, one.row) for one in busy_calls(connection, which)}
        found: Sequence[Any] = connection.execute(
            sa.select(calls.c.id, calls.c.batch_id, calls.c.row).where(which).order_by(calls.c.id)
        ).all()
    return [one.id for one in found if (one.batch_id, one.row) not in busy]
