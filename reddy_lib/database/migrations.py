"""Create the tables of a new ledger, and bring those of an older one up to date.

A migration is a function in `MIGRATIONS`. Each one runs once, and is recorded in `schema_versions` in the transaction of
its change. Before the first one runs on an existing SQLite ledger, the ledger is copied (`Database`).

Versions count from `FIRST_VERSION`. Lower numbers were used during development, before there was a release, for tables
that changed from week to week. Such a ledger is refused: a number above 100 can never be one of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

import sqlalchemy as sa

from reddy_lib.database.change_marks import create_call_marks, drop_mark_of_inserts
from reddy_lib.database.facts import IDENTITY
from reddy_lib.database.former_keys import former_keys
from reddy_lib.database.locks import lock_schema
from reddy_lib.database.privacy_tables import access_log, forgettings, removed_codes, retention
from reddy_lib.database.schema import (
    calls,
    deliveries,
    edits,
    facts,
    metadata,
    operations,
    personal_data,
    personal_rules,
    recipes,
    schema_versions,
    silenced_recordings,
)
from reddy_lib.errors import LedgerTooNew, LedgerUnavailable
from reddy_lib.identity import near_key
from reddy_lib.model import Call

__all__ = ["FIRST_VERSION", "MIGRATIONS", "latest_version", "migrate", "stored_version"]

FIRST_VERSION = 101


def _create_tables(connection: sa.Connection) -> None:
    """Create all tables of the first release.

    A migration that adds a table creates it with `checkfirst=True`, and one that adds a column checks for it first:
    `metadata` is always today's, also when this runs for a new ledger.
    """
    metadata.create_all(connection)
    connection.execute(facts.insert().values(name=IDENTITY, value=secrets.token_hex(16)))


def _add_operations(connection: sa.Connection) -> None:
    """Add operations, the operation of each edit, and recipes."""
    operations.create(connection, checkfirst=True)
    recipes.create(connection, checkfirst=True)
    if all(column["name"] != "operation_id" for column in sa.inspect(connection).get_columns("edits")):
        connection.exec_driver_sql("ALTER TABLE edits ADD COLUMN operation_id TEXT")
    index = next(one for one in edits.indexes if one.name == "edits_by_operation")
    index.create(connection, checkfirst=True)


def _add_outcome_index(connection: sa.Connection) -> None:
    """Add the index that outcomes over all batches are counted from."""
    if connection.dialect.name == "sqlite":
        index = next(one for one in calls.indexes if one.name == "calls_by_outcome")
        index.create(connection, checkfirst=True)


def _add_forgetting(connection: sa.Connection) -> None:
    """Add what forgetting, retention and the access log need."""
    if all(column["name"] != "forgotten_at" for column in sa.inspect(connection).get_columns("calls")):
        kind = calls.c.forgotten_at.type.compile(connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE calls ADD COLUMN forgotten_at {kind}")
    for table in (forgettings, retention, access_log, removed_codes):
        table.create(connection, checkfirst=True)


def _add_personal_data(connection: sa.Connection) -> None:
    """Add what calls name of personal data, the rules for it, and what a submission masked."""
    for table in (personal_data, silenced_recordings, personal_rules):
        table.create(connection, checkfirst=True)
    if all(column["name"] != "personal_data" for column in sa.inspect(connection).get_columns("submissions")):
        connection.exec_driver_sql("ALTER TABLE submissions ADD COLUMN personal_data TEXT")


def _add_former_keys(connection: sa.Connection) -> None:
    """Add the keys that calls had before they were corrected."""
    former_keys.create(connection, checkfirst=True)


def _add_call_marks(connection: sa.Connection) -> None:
    """Add the marks by which a process knows that what it keeps of a batch in memory is still true."""
    create_call_marks(connection)


def _write_less_per_call(connection: sa.Connection) -> None:
    """Replace indexes of calls that every new call is written to, and the trigger that ran for each."""
    for name in ("calls_by_finding", "calls_by_loss", "calls_by_submission"):
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")
    for index in calls.indexes:
        if index.name in ("calls_by_problem", "calls_of_submission"):
            index.create(connection, checkfirst=True)
    drop_mark_of_inserts(connection)


def _add_silent_seconds(connection: sa.Connection) -> None:
    """Add what is silent in each silenced copy. Of older copies it is not known, so they count for no mask."""
    columns = sa.inspect(connection).get_columns("silenced_recordings")
    if all(column["name"] != "silent" for column in columns):
        connection.exec_driver_sql("ALTER TABLE silenced_recordings ADD COLUMN silent TEXT")


def _add_near_keys(connection: sa.Connection) -> None:
    """Add the near keys of calls, and index calls by near key and deliveries by words."""
    if all(column["name"] != "near_key" for column in sa.inspect(connection).get_columns("calls")):
        connection.exec_driver_sql("ALTER TABLE calls ADD COLUMN near_key TEXT")
    update = (
        calls.update().where(calls.c.id == sa.bindparam("the_call")).values(near_key=sa.bindparam("near"))
    )
    query = sa.select(calls.c.id, calls.c.conversation_id, calls.c.agent_email)
    last = -1
    while some := connection.execute(
        query.where(calls.c.id > last, calls.c.delivery_key.is_not(None)).order_by(calls.c.id).limit(5_000)
    ).all():
        last = some[-1].id
        keys = [
            (one.id, near_key(Call(conversation_id=one.conversation_id, agent_email=one.agent_email)))
            for one in some
        ]
        if found := [{"the_call": id, "near": key} for id, key in keys if key is not None]:
            connection.execute(update, found)
    for table, name in ((calls, "calls_by_near_key"), (deliveries, "deliveries_by_words")):
        next(one for one in table.indexes if one.name == name).create(connection, checkfirst=True)


MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (
    _create_tables,
    _add_operations,
    _add_outcome_index,
    _add_forgetting,
    _add_personal_data,
    _add_former_keys,
    _add_call_marks,
    _write_less_per_call,
    _add_silent_seconds,
    _add_near_keys,
)
"""The first one reaches `FIRST_VERSION`, each further one the next number. Only ever append."""


def latest_version() -> int:
    """Return the version that this library writes."""
    return FIRST_VERSION + len(MIGRATIONS) - 1


def stored_version(connection: sa.Connection) -> int:
    """Return the version of a ledger, 0 if it has no tables yet. Its table `schema_versions` must exist.

    Raises:
        LedgerTooNew: a newer version of this library wrote the ledger.
        LedgerUnavailable: a development version made it, before the first release.
    """
    query = sa.select(sa.func.min(schema_versions.c.version), sa.func.max(schema_versions.c.version))
    lowest, version = connection.execute(query).one()
    if version is None:
        return 0
    if lowest < FIRST_VERSION:
        raise LedgerUnavailable(
            f"This ledger was made by a development version of the workbench (schema {version}), and this version cannot "
            "read it. Start a new ledger by setting REDDY_LEDGER to another path or database, or open this one with the "
            "version that made it. It was left as it is."
        )
    if version > latest_version():
        raise LedgerTooNew(
            f"This ledger was written by a newer version of the workbench (schema {version}; this one knows "
            f"{latest_version()}). Update the workbench, or choose another ledger with REDDY_LEDGER."
        )
    return int(version)


def migrate(connection: sa.Connection, *, now: float) -> int:
    """Bring the schema up to date inside the caller's transaction; return the version reached.

    Raises LedgerTooNew, LedgerUnavailable: as `stored_version`.
    """
    lock_schema(connection)  # two processes may open a new ledger at the same moment
    schema_versions.create(connection, checkfirst=True)
    done = max(0, stored_version(connection) - FIRST_VERSION + 1)
    for number, migration in enumerate(MIGRATIONS[done:], start=FIRST_VERSION + done):
        migration(connection)
        connection.execute(schema_versions.insert().values(version=number, applied_at=now))
    return latest_version()
