"""The engine's own database: its errors in plain words, and how a damaged one is replaced.

It holds only queues: which chunk of which submission waits. The ledger has all of that too, so a damaged file is moved
aside, a new one is created, and the engine enqueues again what the ledger says is still to be sent.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from reddy_lib.database.database import Database
from reddy_lib.database.sqlite_file import make_file, narrow
from reddy_lib.errors import LedgerUnavailable

__all__ = ["EngineDatabaseBroken", "engine_url", "errors_named", "make_database", "move_aside"]

_SITUATIONS = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.InternalError,
    sa.exc.ProgrammingError,
    sa.exc.TimeoutError,
    sa.exc.DatabaseError,
)  # not IntegrityError: that is a bug of a program
_log = logging.getLogger("reddy_lib.sending")


class EngineDatabaseBroken(LedgerUnavailable):
    """The engine's database is damaged, or no database; the ledger is not affected."""


def engine_url(database: Database) -> str:
    """Return where the engine has its own tables: a file beside a SQLite ledger, or the same PostgreSQL database."""
    url = database.url
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "ledger.sqlite")
        return f"sqlite:///{path.with_name(path.stem + '-engine.sqlite')}"
    return url.render_as_string(hide_password=False)


def make_database(url: str) -> None:
    """Create the engine's SQLite file, readable by its owner only, or check the one that is there.

    Raises EngineDatabaseBroken.
    """
    path = _path(url)
    if path is None:
        return
    with contextlib.suppress(OSError):  # SQLite's own error says what is wrong
        make_file(path)
        narrow(path)
    if not os.path.isfile(path):
        return
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
        try:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.OperationalError as error:
            if "malformed" not in str(error):
                return  # locked or full: DBOS reports that
            verdict = str(error)
        except sqlite3.DatabaseError as error:
            verdict = str(error)
    if verdict != "ok":
        raise EngineDatabaseBroken(_broken(path, verdict))


def move_aside(url: str) -> Path | None:
    """Rename a damaged engine file and its side files; return the new name, or None on PostgreSQL."""
    path = _path(url)
    if path is None:
        return None
    whole = Path(path)
    stem = f"{whole.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    aside = whole.with_name(f"{stem}.sqlite")
    number = 1
    while aside.exists():
        number += 1
        aside = whole.with_name(f"{stem}-{number}.sqlite")
    for suffix in ("-journal", "-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            os.rename(path + suffix, f"{aside}{suffix}")
    _log.error(
        "the engine's database was damaged: moved aside and rebuilt from the ledger",
        extra={"file": str(aside)},
    )
    return aside


@contextlib.contextmanager
def errors_named(url: str) -> Iterator[None]:
    """Turn errors of the engine's database into library errors that name it.

    Raises:
        EngineDatabaseBroken: it is damaged, or its tables are not what DBOS made.
        LedgerUnavailable: it cannot be reached or written right now.
    """
    try:
        yield
    except sa.exc.IntegrityError:
        raise
    except _SITUATIONS as error:
        raise _named(url, error) from error
    except Exception as error:
        cause = error.__cause__ or error.__context__
        if type(error).__module__.partition(".")[0] == "dbos" and isinstance(cause, _SITUATIONS):
            raise _named(url, cause) from error
        raise


def _named(url: str, error: sa.exc.SQLAlchemyError) -> LedgerUnavailable:
    words = str(getattr(error, "orig", None) or error).split("\n")[0]
    path = _path(url)
    if path is None:
        where = f"{sa.make_url(url).host or 'localhost'}/{sa.make_url(url).database}"
        if isinstance(error, sa.exc.ProgrammingError):  # a table or a column is missing
            return EngineDatabaseBroken(
                f"The engine's tables (schema dbos in {where}) are broken: {words}. The ledger is not affected. Stop "
                'all apps and workers, drop that schema (DROP SCHEMA "dbos" CASCADE), then start them: it is rebuilt.'
            )
        return LedgerUnavailable(
            f"The submission engine's database ({where}) cannot be reached right now: {words}. The connection is retried."
        )
    kind = type(error)
    missing = isinstance(error, sa.exc.OperationalError) and ("no such" in words or "has no column" in words)
    if kind is sa.exc.DatabaseError or "malformed" in words or missing:
        return EngineDatabaseBroken(_broken(path, words))
    return LedgerUnavailable(
        f"The submission engine's database cannot be opened or written ({path}: {words}). Check this file and its folder "
        "(permissions, free space, other programs); the ledger is not affected."
    )


def _broken(path: str, words: str) -> str:
    return (
        f"The submission engine's database ({path}) is damaged: {words}. The ledger is not affected. The file is moved "
        "aside and rebuilt from the ledger when the app or a worker starts."
    )


def _path(url: str) -> str | None:
    made = sa.make_url(url)
    return made.database if made.get_backend_name() == "sqlite" else None
