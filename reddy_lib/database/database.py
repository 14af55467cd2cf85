"""The database of a ledger: connections, reads, writes, and errors for people.

SQLite is one file in the user's data folder, in WAL mode, with every commit synced to disk: a lost `sending` mark would
let a call be sent twice. A team sets `REDDY_LEDGER` to a PostgreSQL URL. Everything reads with `Database.read` and
writes with `Database.write`, one transaction each. On SQLite, `write` takes the write lock at the start, so that no
transaction fails halfway. Every database failure is raised as `LedgerUnavailable`. Nothing here knows what a call is, or
when it may be sent.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import platformdirs
import sqlalchemy as sa

from reddy_lib.access import Person, Right
from reddy_lib.database.facts import IDENTITY, PLACE, fact, remember_fact
from reddy_lib.database.migrations import latest_version, migrate, stored_version
from reddy_lib.database.server_vacuum import vacuum_server
from reddy_lib.database.sqlite_backup import backup, copy_before_migration
from reddy_lib.database.sqlite_file import (
    LOCK_SECONDS,
    SqliteFile,
    cannot_be_opened,
    first_connection,
    not_a_ledger,
    opened,
    released,
)
from reddy_lib.errors import LedgerUnavailable

__all__ = ["Database", "default_location"]


def default_location() -> str:
    """Return `REDDY_LEDGER` (a path or a database URL), or else `ledger.sqlite` in the user's data folder."""
    given = os.environ.get("REDDY_LEDGER", "").strip()
    return given or str(
        Path(platformdirs.user_data_dir("reddy-workbench", appauthor=False)) / "ledger.sqlite"
    )


class Database:
    """The database of a ledger. `Ledger` is this with everything that people call.

    Everything below `Ledger` takes a `Database`, and needs two methods of it: `read` and `write`.

    Args:
        location: a file (SQLite, created if missing), a database URL
            (`postgresql+psycopg://…`, `sqlite:///…`), or None for `default_location()`.

    Raises:
        LedgerUnavailable: the database cannot be reached, opened or written, or a development version made it.
        LedgerTooNew: a newer version of this library wrote it.
    """

    def __init__(self, location: str | os.PathLike[str] | None = None) -> None:
        if location is not None and not isinstance(location, str | os.PathLike):
            raise TypeError(
                f"A ledger's location is a path or a database URL, not {type(location).__name__}. Without one, it is "
                "the user's ledger."
            )
        self.url = _database_url(default_location() if location is None else os.fspath(location))
        self._seen = threading.local()
        self._person: Person | None = None
        self._of: Database | None = None  # the database that this is a view of
        self._file: SqliteFile | None = None
        self._server = None if self.is_sqlite else _server_engine(self.url)
        if self.is_sqlite:
            with self.translate_errors():
                self._prepare_file()
        else:
            with self.write() as connection:
                migrate(connection, now=time.time())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database connections; a SQLite file is then complete without its -wal. The ledger can be used again."""
        if self._server is not None:
            self._server.dispose()
        elif self._file is not None:
            file, self._file = self._file, None
            released(file, self)

    def backup(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Copy a SQLite ledger into one file, also while it is in use, and return that file's path.

        The copy is consistent: it holds everything that was stored up to one moment. Recordings are not in it.

        Raises:
            LedgerUnavailable: `path` exists (and `overwrite` is False), is the ledger itself, or cannot be written; or
                the ledger is on PostgreSQL.
        """
        self.require("administer")  # the copy holds the words of every batch
        if not self.is_sqlite:
            raise LedgerUnavailable(
                f"This ledger is on PostgreSQL ({self.name}): back it up with pg_dump, see docs/deployment.md."
            )
        return backup(self.name, Path(path), overwrite=overwrite)

    @property
    def name(self) -> str:
        """Return the path, or the host and database, without user name or password."""
        if self.is_sqlite:
            return str(self.url.database)
        return f"{self.url.host or 'localhost'}/{self.url.database}"

    @functools.cached_property
    def identity(self) -> str:
        """Return the random id that the ledger got when it was created. Its copies have the same."""
        with self.read() as connection:
            return fact(connection, IDENTITY) or ""

    # who uses it

    def for_person(self, person: Person | None) -> Self:
        """Return a view for one person: the same database, where each read and write checks that person's rights.

        With None, nothing is checked: for use without sign-in, and for the program's own work.
        """
        view = copy.copy(self)  # shares the connections and the writers' lock
        view._person = person
        view._of = self  # keeps the file open for as long as there is a view
        return view

    def require(self, right: Right) -> None:
        """Raise NotAllowed if this view's person lacks a right. `read` and `write` check it by themselves."""
        if self._person is not None:
            self._person.require(right)

    def may(self, right: Right) -> bool:
        """Return whether this view's person has a right."""
        return self._person is None or self._person.may(right)

    # the database

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def engine(self) -> sa.Engine:
        """Return the SQLAlchemy engine. For tests and tools; everything else uses `read` and `write`."""
        if self._server is not None:
            return self._server
        return self._opened_file().engine(_patience(self.url))

    def purge(self, *, patience: float = LOCK_SECONDS) -> bool:
        """Remove from the files of the database what was deleted from its tables; return False if others are using it.

        SQLite keeps deleted rows in free pages and in its -wal, PostgreSQL in dead rows and in its statistics, until
        something overwrites them. This writes the whole database anew, so it takes as long as copying it, and others
        wait meanwhile.

        Raises NotAllowed, LedgerUnavailable.
        """
        self.require("administer")
        self.next_moment()
        with self.translate_errors():
            if self.is_sqlite:
                return self._opened_file().purge(patience)
            return vacuum_server(self.engine, patience)

    def _opened_file(self) -> SqliteFile:
        if self._file is None:  # the first time, or again after `close`
            self._file = opened(self.name, self, lambda part: self._make_tables(part, in_use=False))
        return self._file

    def must_be_there(self) -> None:
        """Raise LedgerMoved if the file of a SQLite ledger was moved, deleted or replaced since it was opened."""
        if self.is_sqlite:
            self._opened_file().must_be_there()

    def _prepare_file(self) -> None:
        """Create the tables of a new SQLite file, or bring those of an older one up to date."""
        self._opened_file()
        if os.stat(self.name).st_size == 0:
            self._make_tables(self.name, in_use=True)
            return
        with self.read() as connection:
            version = stored_version(connection)
            if version == latest_version() and fact(connection, PLACE) is not None:
                return
        if 0 < version < latest_version():
            copy_before_migration(self.name, latest_version())
        with self.write() as connection:
            migrate(connection, now=time.time())
            if fact(connection, PLACE) is None:
                remember_fact(connection, PLACE, self.name)

    def _make_tables(self, path: str, *, in_use: bool) -> None:
        with first_connection(path, _patience(self.url), in_use=in_use) as connection:
            if not sa.inspect(connection).has_table("batches"):  # another process may have been faster
                migrate(connection, now=time.time())
                remember_fact(connection, PLACE, self.name)

    @contextlib.contextmanager
    def moment(self) -> Iterator[None]:
        """Make all reads of this thread inside the block see one snapshot, so that their numbers agree.

        The snapshot is taken at the first read. After a write of this thread, or `next_moment`, the next read takes
        another one.
        """
        if getattr(self._seen, "inside", False):
            yield
            return
        self._seen.inside = True
        try:
            yield
        finally:
            self._seen.inside = False
            self.next_moment()

    def next_moment(self) -> None:
        """End the snapshot of `moment`, and release its database connection. Call it before anything slow."""
        connection: sa.Connection | None = getattr(self._seen, "connection", None)
        self._seen.connection = None
        if connection is not None:
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                connection.close()

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Return a connection that reads; inside of `moment`, the same snapshot each time.

        Raises NotAllowed: this view's person may not look.
        """
        self.require("look")
        with self.translate_errors():
            if not getattr(self._seen, "inside", False):
                with self.engine.connect() as connection:
                    yield connection
                return
            if getattr(self._seen, "connection", None) is None:
                self._seen.connection = self.engine.connect()
                if not self.is_sqlite:  # by default each statement sees its own snapshot
                    self._seen.connection.execution_options(isolation_level="REPEATABLE READ")
            self._seen.reading = getattr(self._seen, "reading", 0) + 1
            try:
                yield self._seen.connection
            except sa.exc.SQLAlchemyError:
                self.next_moment()  # the connection may be broken
                raise
            finally:
                self._seen.reading -= 1

    @contextlib.contextmanager
    def write(self, *, right: Right = "edit", durable: bool = True) -> Iterator[sa.Connection]:
        """Begin a transaction that writes; it is committed at the end of the block, or rolled back by an exception.

        Args:
            right: what this view's person needs to be allowed.
            durable: sync the commit to disk. Without, a power cut may undo it, until the next commit that is synced.

        Raises NotAllowed: this view's person does not have that right.
        """
        self.require(right)
        if not getattr(self._seen, "reading", 0):
            self.next_moment()  # later reads must see this write, and a thread holds one connection at a time
        with self.translate_errors(), self._turn(), self.engine.connect() as bare:
            connection = bare.execution_options(reddy_write="durable" if durable else "quick")
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Queue the writers of this process: SQLite has one writer, and lets others poll for it, in no order.

        A thread that has waited too long continues without the lock; SQLite then reports that the database is locked.
        """
        if not self.is_sqlite:
            yield
            return
        writer = self._opened_file().writer
        mine = writer.acquire(timeout=LOCK_SECONDS)
        try:
            yield
        finally:
            if mine:
                writer.release()

    @contextlib.contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Raise failures of the database as LedgerUnavailable. A wrong statement is not one: it is raised as it is."""
        try:
            yield
        except (sa.exc.DBAPIError, sa.exc.TimeoutError, sqlite3.DatabaseError) as error:
            if not _is_a_situation(error):
                raise  # a bug: its traceback is what is needed
            raise LedgerUnavailable(_sentence(self.name, error)) from error


_IN_MEMORY = (
    "A ledger in memory would lose the record of what was sent: set REDDY_LEDGER to a file, or pass its path."
)
_SQLITE_URI = "The ledger's location is a SQLite URI: write sqlite:///path, or the path alone, instead."


def _database_url(location: str) -> sa.URL:
    if location.strip().startswith(":memory:"):
        raise LedgerUnavailable(_IN_MEMORY)
    if location.strip().startswith("file:"):
        raise LedgerUnavailable(_SQLITE_URI)
    if "://" not in location:
        return sa.URL.create("sqlite", database=_one_spelling(location))
    try:
        url = sa.make_url(location)
    except (sa.exc.ArgumentError, ValueError):  # without its cause, which may quote a part of the password
        raise LedgerUnavailable(
            "REDDY_LEDGER is neither a path nor a database URL such as postgresql+psycopg://user@host/name. "
            "Characters such as / and @ in a password are written as %2F and %40."
        ) from None
    kind = url.get_backend_name()
    if kind in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise LedgerUnavailable(f"The ledger can be SQLite or PostgreSQL, not {kind}.")
    if url.database in (None, "", ":memory:"):
        raise LedgerUnavailable(_IN_MEMORY)
    if "uri" in url.query or url.database.startswith("file:"):
        raise LedgerUnavailable(_SQLITE_URI)
    return url.set(drivername="sqlite", database=_one_spelling(url.database))


def _one_spelling(path: str) -> str:
    """Return a file's real path, because SQLite's side files and the engine's file are beside it."""
    return os.path.realpath(os.path.expanduser(path))


def _patience(url: sa.URL) -> float:
    return float(str(url.query.get("timeout", LOCK_SECONDS)))


def _server_engine(url: sa.URL) -> sa.Engine:
    # Parameters are customers' words, so no error of the database layer may quote them.
    return sa.create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=8, hide_parameters=True)


def _is_a_situation(error: BaseException) -> bool:
    """Return whether the database is locked, gone, full, damaged or forbidden; otherwise the statement is wrong."""
    if isinstance(error, sqlite3.DatabaseError):  # raised without SQLAlchemy in between
        return not isinstance(error, sqlite3.ProgrammingError)
    if type(error) is sa.exc.DatabaseError:  # SQLite's class for a file that is damaged, or not a database
        return True
    if isinstance(error, sa.exc.ProgrammingError):
        return getattr(error.orig, "sqlstate", None) == "42501"  # insufficient privilege
    return isinstance(
        error,
        sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.InternalError | sa.exc.TimeoutError,
    )


def _sentence(name: str, error: BaseException) -> str:
    words = str(getattr(error, "orig", None) or error).split("\n")[0]
    if "not a database" in words:
        return not_a_ledger(name)
    if "malformed" in words:
        return f"The ledger ({name}) is damaged: {words}. Restore the last backup of this file."
    if "locked" in words:
        return (
            f"The ledger ({name}) is locked by another program. Close what else has it open "
            "(a database browser, a backup), then try again; nothing that was stored is lost."
        )
    if "permission denied for" in words:
        return f"The ledger ({name}) cannot be used by this database user: {words}. Ask the database administrator."
    if "full" in words:
        return f"The disk that holds the ledger ({name}) is full. Make room, then try again; everything stored is safe."
    if "readonly" in words or "unable to open" in words:
        return cannot_be_opened(name)
    return f"The ledger ({name}) cannot be reached right now: {words}. Everything stored so far is safe; try again."
