"""Write the tables of a PostgreSQL database anew, without the rows that were deleted from them."""

from __future__ import annotations

import time

import sqlalchemy as sa

__all__ = ["vacuum_server"]

_LOCKED = ("55P03", "40P01")  # lock not available in time; deadlock


def vacuum_server(engine: sa.Engine, patience: float) -> bool:
    """Run VACUUM (FULL, ANALYZE) on every table of this user, the submission engine's among them.

    ANALYZE, because the statistics hold the most frequent values of each column. A table is locked while it is written.

    Args:
        patience: seconds to wait for a table that others use.

    Returns: False if a table was in use for longer.
    """
    ours = sa.text(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') "
        "AND pg_has_role(tableowner, 'USAGE') ORDER BY 1, 2"
    )
    quote = engine.dialect.identifier_preparer.quote
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        tables = connection.execute(ours).all()
        if not _alone(connection, patience):
            return False
        connection.exec_driver_sql(f"SET lock_timeout = {int(patience * 1000)}")
        try:
            for schema, table in tables:
                connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {quote(schema)}.{quote(table)}")
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in _LOCKED:
                raise
            return False
        finally:
            connection.exec_driver_sql("RESET lock_timeout")
    return True


_OLDER = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_xmin IS NOT NULL AND xact_start < :begin"
)


def _alone(connection: sa.Connection, patience: float) -> bool:
    """Wait for transactions that began earlier: VACUUM leaves rows that they may still see. Return whether all ended."""
    begin = connection.execute(sa.text("SELECT now()")).scalar_one()
    end = time.monotonic() + patience
    while connection.execute(_OLDER, {"begin": begin}).scalar_one():
        if time.monotonic() >= end:
            return False
        time.sleep(0.05)
    return True
