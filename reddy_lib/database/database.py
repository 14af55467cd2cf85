"""The database below a ledger: connections, reads, writes, and its failures in plain words.

SQLite is one file in the user's data folder (WAL, every commit synced to disk: a lost `sending` mark would let a
call be sent twice); a team points `REDDY_LEDGER` at PostgreSQL. All writes go through `Database.write`, which on SQLite
takes the write lock at once, so that no transaction has to be thrown away halfway. Every database failure is raised as
`LedgerUnavailable`. Nothing here knows what a call is, or when one may be sent.
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
from reddy_lib.database.sqlite_file import (
    LOCK_SECONDS,
    SqliteFile,
    backup,
    copy_before_migration,
    first_connection,
    opened,
    released,
)
from reddy_lib.errors import LedgerUnavailable

__all__ = ["Database", "default_location"]


def default_location() -> str:
    """`REDDY_LEDGER` (a path or a database URL), else `ledger.sqlite` in the user's data folder."""
    given = os.environ.get("REDDY_LEDGER", "").strip()
    return given or str(
        Path(platformdirs.user_data_dir("reddy-workbench", appauthor=False)) / "ledger.sqlite"
    )


class Database:
    """The database of a ledger, as `Ledger` and everything below it use it.

    Args:
        location: a file (SQLite, created if missing), a database URL
            (`postgresql+psycopg://…`, `sqlite:///…`), or None for `default_location()`.

    Raises:
        LedgerUnavailable: the database cannot be reached, opened or written.
        LedgerTooNew: a newer version of this library wrote it.
    """

    def __init__(self, location: str | os.PathLike[str] | None = None) -> None:
        self.url = _database_url(default_location() if location is None else os.fspath(location))
        self._seen = threading.local()
        self._person: Person | None = None
        self._of: Database | None = None  # whose view this is
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
        """Close the database connections; a SQLite file is whole by itself then. The ledger can be used again."""
        if self._server is not None:
            self._server.dispose()
        elif self._file is not None:
            file, self._file = self._file, None
            released(file, self)

    def backup(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Copy a SQLite ledger into one file, also while it is in use, and return that file's path.

        The copy holds everything that was stored up to one moment. Recordings are not in it.

        Raises:
            LedgerUnavailable: `path` is there already (and `overwrite` is False), is the ledger itself, or cannot be
                written; or the ledger is on PostgreSQL.
        """
        self.require("administer")  # it holds the words of every batch
        if not self.is_sqlite:
            raise LedgerUnavailable(
                f"This ledger is on PostgreSQL ({self.name}): back it up with pg_dump, see docs/deployment.md."
            )
        return backup(self.name, Path(path), overwrite=overwrite)

    @property
    def name(self) -> str:
        """Where the ledger is, without user name or password."""
        if self.url.get_backend_name() == "sqlite":
            return str(self.url.database)
        return f"{self.url.host or 'localhost'}/{self.url.database}"

    @functools.cached_property
    def identity(self) -> str:
        """The random id that the ledger got when it was made; its copies have it too."""
        with self.read() as connection:
            return fact(connection, IDENTITY) or ""

    # who uses it

    def for_person(self, person: Person | None) -> Self:
        """Return this ledger as one person may use it: the same database, where each read and write checks her right.

        None returns a ledger that checks nothing: without sign-in, and for the work of the program itself.
        """
        view = copy.copy(self)  # shares the connections and the turn of the writers
        view._person = person
        view._of = self  # as long as there is a view, the file stays open
        return view

    def require(self, right: Right) -> None:
        """Raise NotAllowed where the person whose ledger this is may not do that. For what is written elsewhere."""
        if self._person is not None:
            self._person.require(right)

    def may(self, right: Right) -> bool:
        """Return whether the person whose ledger this is may do that."""
        return self._person is None or self._person.may(right)

    # the database

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def engine(self) -> sa.Engine:
        if self._server is not None:
            return self._server
        return self._opened_file().engine(_patience(self.url))

    def _opened_file(self) -> SqliteFile:
        if self._file is None:  # the first time, or again after `close`
            self._file = opened(self.name, self, lambda part: self._make_tables(part, in_use=False))
        return self._file

    def must_be_there(self) -> None:
        """Raise LedgerUnavailable where the file of a SQLite ledger was moved, deleted or replaced since it was opened."""
        if self.is_sqlite:
            self._opened_file().must_be_there()

    def _prepare_file(self) -> None:
        """Make the tables of a new SQLite file; bring those of an older one up to date."""
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
        """Let everything that this thread reads inside the block be of one moment, so that its numbers fit each other.

        The moment is that of the first read. After a write of this thread, or `next_moment`, the next read begins
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
        """Let go of the moment, and of its database connection: to be called before anything slow."""
        connection: sa.Connection | None = getattr(self._seen, "connection", None)
        self._seen.connection = None
        if connection is not None:
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                connection.close()

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        self.require("look")
        with self.translate_errors():
            if not getattr(self._seen, "inside", False):
                with self.engine.connect() as connection:
                    yield connection
                return
            if getattr(self._seen, "connection", None) is None:
                self._seen.connection = self.engine.connect()
                if (
                    self.url.get_backend_name() != "sqlite"
                ):  # by default each statement has a moment of its own
                    self._seen.connection.execution_options(isolation_level="REPEATABLE READ")
            self._seen.reading = getattr(self._seen, "reading", 0) + 1
            try:
                yield self._seen.connection
            except sa.exc.SQLAlchemyError:
                self.next_moment()  # it may be broken
                raise
            finally:
                self._seen.reading -= 1

    @contextlib.contextmanager
    def write(self, *, right: Right = "edit", durable: bool = True) -> Iterator[sa.Connection]:
        """A transaction that writes. Not `durable`: a power cut may take it back, until the next one that is.

        Raises NotAllowed: the person whose ledger this is does not have that right.
        """
        self.require(right)
        if not getattr(self._seen, "reading", 0):
            self.next_moment()  # what is read afterwards has to see it, and a thread holds one connection at a time
        with self.translate_errors(), self._turn(), self.engine.connect() as bare:
            connection = bare.execution_options(reddy_write="durable" if durable else "quick")
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """SQLite has one writer, and whoever finds it busy sleeps and looks again: threads of this process stand in
        line instead. One that has waited long enough goes on all the same, and is told that it is locked."""
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
        try:
            yield
        except (sa.exc.DBAPIError, sa.exc.TimeoutError, sqlite3.DatabaseError) as error:
            if not _is_a_situation(error):
                raise  # a fault of the program: its trace is what is needed
            raise LedgerUnavailable(_sentence(self.name, error)) from error


def _database_url(location: str) -> sa.URL:
    if "://" not in location:
        return sa.URL.create("sqlite", database=_one_spelling(location))
    try:
        url = sa.make_url(location)
    except (sa.exc.ArgumentError, ValueError):  # not as a cause: it may quote a part of the password
        raise LedgerUnavailable(
            "REDDY_LEDGER is not a path and not a database URL such as postgresql+psycopg://user@host/name. "
            "Characters such as / and @ in a password are written as %2F and %40."
        ) from None
    kind = url.get_backend_name()
    if kind in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise LedgerUnavailable(f"The ledger can be SQLite or PostgreSQL, not {kind}.")
    if url.database in (None, "", ":memory:"):
        raise LedgerUnavailable("A ledger in memory would lose what was sent: give REDDY_LEDGER a file.")
    if "uri" in url.query or url.database.startswith("file:"):
        raise LedgerUnavailable(
            "The ledger's address is a SQLite URI: write sqlite:///path, or the path by itself."
        )
    return url.set(drivername="sqlite", database=_one_spelling(url.database))


def _one_spelling(path: str) -> str:
    """A file's own path, whatever way leads to it: SQLite's side files and the engine's file are beside it."""
    return os.path.realpath(os.path.expanduser(path))


def _patience(url: sa.URL) -> float:
    return float(str(url.query.get("timeout", LOCK_SECONDS)))


def _server_engine(url: sa.URL) -> sa.Engine:
    # Parameters are customers' words: no message of the database layer quotes them.
    return sa.create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=8, hide_parameters=True)


def _is_a_situation(error: BaseException) -> bool:
    """Locked, away, full, damaged or forbidden, as against a statement that is wrong."""
    if isinstance(error, sqlite3.DatabaseError):  # from where no SQLAlchemy is in between
        return not isinstance(error, sqlite3.ProgrammingError)
    if type(error) is sa.exc.DatabaseError:  # SQLite's own class for a file that is damaged, or no database
        return True
    if isinstance(error, sa.exc.ProgrammingError):
        return getattr(error.orig, "sqlstate", None) == "42501"  # this user may not do that
    return isinstance(
        error,
        sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.InternalError | sa.exc.TimeoutError,
    )


def _sentence(name: str, error: BaseException) -> str:
    words = str(getattr(error, "orig", None) or error).split("\n")[0]
    if "not a database" in words:
        return f"{name} is not a ledger. Choose another file with REDDY_LEDGER; this one was left as it is."
    if "malformed" in words:
        return f"The ledger ({name}) is damaged: {words}. Put back the last backup of this file."
    if "locked" in words:
        return (
            f"The ledger ({name}) is locked by another program. Close what else has it open "
            "(a database browser, a backup), then try again; nothing that was stored is lost."
        )
    if "permission denied for" in words:
        return f"The ledger ({name}) cannot be used by this database user: {words}. Ask who looks after the database."
    if "full" in words:
        return f"The disk that holds the ledger ({name}) is full. Make room, then try again; what was stored is safe."
    if "readonly" in words or "unable to open" in words:
        return f"The ledger ({name}) cannot be opened for writing. Check the file's and its folder's permissions."
    return f"The ledger ({name}) cannot be reached right now: {words}. What was stored before is safe; try again."
