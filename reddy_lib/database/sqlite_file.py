"""The file of a SQLite ledger: how it is made, shared, checked, kept whole and copied.

**One engine a file.** All `Ledger` objects of a process that lead to one file, however it is spelled, share a
`SqliteFile`: its connections and the lock that its writers queue for. Nothing else opens the file: closing a foreign
descriptor would drop SQLite's locks.

**Whole by itself.** What was written last is in `-wal`, and a plain copy of the file alone would lack it. So
`PRAGMA user_version`, which is in the file's first page, says whether the file is `WHOLE` or there is `MORE_IN_WAL`.
The first write sets it, and carries it into the file, before it writes anything else. When nobody has written for
`IDLE` seconds, at `close` and at the end of the process, everything is carried into the file and it is `WHOLE` again.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import sqlite3
import stat
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs
import sqlalchemy as sa

from reddy_lib.errors import LedgerUnavailable
from reddy_lib.open_databases import is_open, keep_open, no_longer_open

__all__ = [
    "LOCK_SECONDS",
    "SqliteFile",
    "backup",
    "copy_before_migration",
    "engine_file",
    "first_connection",
    "make_file",
    "narrow",
    "opened",
    "released",
]

WHOLE, MORE_IN_WAL = 1, 2
"""The low four bits of `PRAGMA user_version`. 0: written by a version that did not say.

The bits above a `MORE_IN_WAL` hold the file's schema cookie. SQLite's own ways to copy a database (`.backup`,
`VACUUM INTO`) include the -wal, and give the copy another cookie: so the mark does not count there."""

IDLE = 1.5
"""Seconds without a write, by any program, after which the file is made whole."""

LOCK_SECONDS = 30.0
"""Seconds to wait for another program's write; `sqlite:///…?timeout=` changes it."""

_BUSY_READERS = (
    30.0  # seconds between tries to make the file whole, at most, while somebody reads an old state
)

_OURS = frozenset({"schema_versions", "batches"})  # tables that tell a ledger from other programs' databases

_lock = threading.RLock()
_files: dict[tuple[int, int], SqliteFile] = {}


class SqliteFile:
    """One database file that this process has open. Made by `opened`."""

    def __init__(self, path: str, identity: tuple[int, int]) -> None:
        self.path = path
        self.identity = identity
        self.writer = threading.Lock()
        """Taken by whoever writes: SQLite has one writer, and one that finds it busy sleeps and looks again."""
        self.holders: weakref.WeakSet[Any] = weakref.WeakSet()
        self._engines: dict[float, sa.Engine] = {}
        self._marked = False  # the file itself says MORE_IN_WAL
        self._unsettled = False  # somebody of this process has written since the file was whole
        self._settling: threading.Thread | None = None
        self._closing = threading.Event()
        self._own = threading.Lock()
        self._at_work = False  # a connection was in use when this process forked
        self._forked = False
        for each in (path, engine_file(path)):
            keep_open(each)

    def engine(self, patience: float) -> sa.Engine:
        """Return the engine whose connections wait `patience` seconds for another program's write."""
        if self._forked:
            raise LedgerUnavailable(
                f"This process was forked while its parent used the ledger ({self.path}): SQLite cannot be used here. "
                'Start processes with multiprocessing.get_context("spawn").'
            )
        with self._own:
            if patience not in self._engines:
                self._engines[patience] = _engine(self, patience)
            return self._engines[patience]

    def close(self) -> None:
        """Make the file whole and close its connections. Those in use by other threads are closed when they end."""
        self._closing.set()
        thread = self._settling
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=2)
        if self._engines and not self._forked:
            self.settle()
        for engine in self._engines.values():
            engine.dispose()
        with _lock:
            self._engines.clear()
            if _files.get(self.identity) is self:
                del _files[self.identity]
                for each in (self.path, engine_file(self.path)):
                    no_longer_open(each)

    def settle(self) -> bool:
        """Carry everything into the file and have it say that it is whole; False if others are at work on it."""
        if not self.writer.acquire(timeout=1):
            return False
        try:
            if not self._is_there():
                return False
            with _plain(self.path, timeout=0.2) as connection:
                done = _make_whole(connection, self.path)
                if done:
                    self._marked = self._unsettled = False
                return done
        except sqlite3.Error:
            return False  # locked, full, damaged: the next write says so
        finally:
            self.writer.release()

    def must_be_there(self) -> None:
        """Raise LedgerUnavailable where another file, or none, has the place of the one that is open."""
        if not self._is_there():
            raise LedgerUnavailable(
                f"The file of the ledger ({self.path}) was moved, deleted or replaced while it was in use. "
                "Stop every program that uses it, see that the right file is there, then start again."
            )

    def begin_writing(self, connection: sa.Connection) -> None:
        """Begin a transaction that writes; before the first one after a while, the file says so."""
        self.must_be_there()
        for _ in range(3):  # another program may make the file whole between two statements
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            raw = connection.connection.dbapi_connection
            assert raw is not None
            marked = _more_in_wal(raw)
            if raw.execute("PRAGMA user_version").fetchone()[0] == marked:
                break
            connection.exec_driver_sql(f"PRAGMA user_version = {marked}")
            connection.exec_driver_sql("COMMIT")
            self._marked = _carried_over(raw)
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        self._unsettled = True
        if self._settling is None:
            self._settle_when_idle()

    def _is_there(self) -> bool:
        try:
            return _identity(self.path) == self.identity
        except OSError:
            return False

    def _settle_when_idle(self) -> None:
        with self._own:
            if self._settling is not None or self._closing.is_set():
                return
            self._settling = threading.Thread(target=self._wait_and_settle, name="reddy-ledger", daemon=True)
            self._settling.start()

    def _wait_and_settle(self) -> None:
        wait, before = IDLE, -1
        try:
            with _plain(self.path, timeout=0.2) as connection:
                while not self._closing.wait(wait):
                    now = _commits(connection)
                    if now != before:
                        before, wait = now, IDLE
                        if not self._marked:  # a reader was in the way when the first write said it
                            self._marked = _carried_over(connection)
                    elif self.settle():
                        return
                    else:
                        wait = min(_BUSY_READERS, wait * 2)
        except sqlite3.Error:
            self._unsettled = False  # the next write says what is wrong
        finally:
            self._settling = None
            if self._unsettled:  # somebody wrote in this very moment
                self._settle_when_idle()

    def _before_fork(self) -> None:
        """Close what can be closed: a child that inherits an open connection cannot use this file."""
        self._closing.set()
        thread = self._settling
        if thread is not None:
            thread.join(timeout=2)
        self._at_work = thread is not None and thread.is_alive()
        for engine in self._engines.values():
            self._at_work = self._at_work or engine.pool.checkedout() > 0  # type: ignore[attr-defined]
            engine.dispose()

    def _after_fork_in_parent(self) -> None:
        self._closing.clear()
        if self._unsettled:
            self._settle_when_idle()

    def _after_fork(self) -> None:
        """In the child: what the parent has open must not be used, and not even closed."""
        self.writer, self._own = threading.Lock(), threading.Lock()
        self._settling = None
        self._closing = threading.Event()
        self._forked = self._at_work
        for engine in self._engines.values():
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(engine.pool))
            engine.dispose(close=False)


def opened(path: str, holder: Any, fill: Callable[[str], None]) -> SqliteFile:
    """Return the file for `holder` (a Ledger), shared with all others of this process.

    A new file is made beside it, filled by `fill`, and gets its name when it is whole.

    Raises:
        LedgerUnavailable: it is no ledger, a part of it is missing, or it cannot be made.
    """
    with _lock:
        for idle in [each for each in _files.values() if not each.holders]:
            idle.close()
        _make_folder(path)
        if _size(path + "-wal") and not _size(path):  # SQLite would delete it
            raise LedgerUnavailable(
                f"The ledger ({path}) is not there, but what was written last to it is: {path}-wal. Put the file back "
                "beside it; if a new ledger is wanted, move that file away first."
            )
        with contextlib.suppress(OSError):  # SQLite says what is wrong with the place
            make_file(path, fill)
        try:
            identity = _identity(path)
        except OSError as error:
            raise LedgerUnavailable(_cannot_be_opened(path)) from error
        file = _files.get(identity)
        if file is not None and not file._is_there():
            file = None  # another file has its number now
        if file is None:
            _must_be_a_ledger(path)
            narrow(path)
            file = _files[identity] = SqliteFile(path, identity)
        file._closing.clear()
        file.holders.add(holder)
        return file


def released(file: SqliteFile, holder: Any) -> None:
    """Take back what `opened` returned; the last holder closes the file."""
    with _lock:
        file.holders.discard(holder)
        if file.holders:
            return
    file.close()


def engine_file(path: str) -> str:
    """Return where the submission engine keeps its tables: beside the ledger's file."""
    whole = Path(path)
    return str(whole.with_name(whole.stem + "-engine.sqlite"))


def make_file(path: str, fill: Callable[[str], None] = lambda _part: None) -> None:
    """Make a file that only its owner may read, unless it is there. No descriptor is ever open under its own name."""
    if os.path.lexists(path):
        return
    handle, part = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".", suffix=".new")  # 0600
    try:
        fill(part)
        os.fsync(handle)
        os.close(handle)
        handle = -1
        _give_name(part, path)
    except FileExistsError:
        pass  # another process was faster
    finally:
        if handle >= 0:
            os.close(handle)
        with contextlib.suppress(OSError):
            os.unlink(part)


def narrow(path: str) -> None:
    """Take everybody else's permissions from a ledger's files, by name, and from its folder if it is ours."""
    for base in (path, engine_file(path)):
        for suffix in ("", "-wal", "-shm", "-journal"):
            _only_for_owner(base + suffix, 0o600)
    ours = Path(platformdirs.user_data_dir("reddy-workbench", appauthor=False))
    if Path(path).parent == Path(os.path.realpath(ours)):
        _only_for_owner(str(Path(path).parent), 0o700)


def backup(source: str, target: Path, *, overwrite: bool = False) -> Path:
    """Copy a database while it is in use; the copy is whole by itself and only its owner may read it.

    Raises:
        LedgerUnavailable: there is a file already, it is a ledger that is open, or the copy cannot be written.
    """
    target = Path(os.path.abspath(target.expanduser()))
    if not target.parent.is_dir():
        raise LedgerUnavailable(
            f"There is no folder {target.parent} for the backup. Make it, or choose another."
        )
    if is_open(target):
        raise LedgerUnavailable(f"{target} is a ledger that is in use. Choose another file for the backup.")
    if target.is_dir() or (os.path.lexists(target) and not overwrite):
        raise LedgerUnavailable(
            f"{target} is there already, and nothing was written. Choose another name, or say overwrite=True."
        )
    if any(
        _size(f"{target}{suffix}") for suffix in ("-wal", "-journal")
    ):  # SQLite would take it for the copy's own
        raise LedgerUnavailable(
            f"{target.name}-wal or {target.name}-journal is beside {target}: a program has that database open, or was "
            "killed. Choose another name for the backup."
        )
    try:
        handle, part = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")  # 0600
    except OSError as error:
        raise LedgerUnavailable(
            f"The backup cannot be written to {target.parent}: {error.strerror}."
        ) from error
    os.close(handle)
    try:
        with _plain(source, timeout=LOCK_SECONDS) as there, _plain(part, timeout=1) as copy:
            there.backup(copy)  # in one step, as of one moment; writers go on meanwhile
            copy.execute("PRAGMA journal_mode = DELETE")
            copy.execute(f"PRAGMA user_version = {WHOLE}")
        if overwrite:
            os.replace(part, target)
        else:
            _give_name(part, str(target))
    except (sqlite3.Error, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise LedgerUnavailable(
            f"The backup {target} could not be written: {reason}. Nothing was kept of it; the ledger is as it was."
        ) from error
    finally:
        for suffix in ("", "-journal"):
            with contextlib.suppress(OSError):
                os.unlink(part + suffix)
    return target


def copy_before_migration(path: str, version: int) -> Path:
    """Keep a copy of a ledger beside it before its tables are changed; one that is there already stays."""
    whole = Path(path)
    target = whole.with_name(f"{whole.stem}-before-schema-{version}.sqlite")
    if target.exists():
        return target
    try:
        return backup(path, target)
    except LedgerUnavailable as error:
        if target.exists():  # another process made it this very moment
            return target
        raise LedgerUnavailable(
            f"The ledger ({path}) has to be brought up to date, but could not be copied first: {error} "
            "Make room beside it, then try again."
        ) from error


# what is on the disk


class _Content(NamedTuple):
    """What the file says without its -wal."""

    tables: frozenset[str]
    more_in_wal: bool
    place: str | None


def _must_be_a_ledger(path: str) -> None:
    content = _Content(frozenset(), False, None)
    for look in range(4):
        if os.stat(path).st_size == 0:
            return  # a new one
        if _size(path + "-wal") or _size(path + "-journal"):
            with (
                _plain(path, timeout=LOCK_SECONDS, mode="ro") as connection,
                contextlib.suppress(sqlite3.Error),
            ):
                tables = _tables(connection)
                if tables and not tables >= _OURS:
                    raise LedgerUnavailable(_not_a_ledger(path))
            return
        found = _content(path)
        if found is None:
            return  # damaged, or not a database: SQLite says so at the first reading
        content = found
        missing = content.more_in_wal and not os.path.exists(path + "-wal")
        if content.tables >= _OURS and not (missing and content.place not in (None, path)):
            return
        time.sleep(0.05 * look)  # another process may be writing it this very moment
    if content.tables and not content.tables >= _OURS:
        raise LedgerUnavailable(_not_a_ledger(path))
    raise LedgerUnavailable(
        f"{path} is a part of a ledger: what was written last is in {os.path.basename(content.place or path)}-wal, "
        "which is not beside it. Copy both files from where this one came from, or make a copy there with "
        "Ledger.backup. This file was left as it is."
    )


def _content(path: str) -> _Content | None:
    """Return what the file says without its -wal, or None where that cannot be told this moment."""
    try:  # "immutable": takes no lock, makes no side file
        with _plain(path, timeout=0, mode="ro&immutable=1") as connection:
            tables = _tables(connection)
            marked = connection.execute("PRAGMA user_version").fetchone()[0] == _more_in_wal(connection)
            place = None
            if "facts" in tables:
                row = connection.execute("SELECT value FROM facts WHERE name = 'place'").fetchone()
                place = row[0] if row else None
            return _Content(tables, marked, place)
    except sqlite3.DatabaseError:
        return None


def _more_in_wal(connection: Any) -> int:
    """What `PRAGMA user_version` is in this very file, and in no copy that SQLite made, while there is more in -wal."""
    cookie = connection.execute("PRAGMA schema_version").fetchone()[0]
    return MORE_IN_WAL | (int(cookie) & 0xFFFFFF) << 4


def _tables(connection: sqlite3.Connection) -> frozenset[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return frozenset(row[0] for row in rows)


def _make_whole(connection: sqlite3.Connection, path: str) -> bool:
    if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        return False
    connection.execute("BEGIN IMMEDIATE")
    # First all the rest, then the mark by itself: whatever cuts this off, a file that says WHOLE is.
    if _size(path + "-wal"):
        connection.execute("ROLLBACK")
        return False
    if connection.execute("PRAGMA user_version").fetchone()[0] == WHOLE:
        connection.execute("ROLLBACK")
        return True
    connection.execute(f"PRAGMA user_version = {WHOLE}")
    connection.execute("COMMIT")
    return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]


def _carried_over(connection: Any) -> bool:
    """Carry over to the file what can be without waiting for anybody; is that all?"""
    busy, frames, carried = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return not busy and frames == carried


def _commits(connection: sqlite3.Connection) -> int:
    """A number that changes whenever any other connection, of any program, has written."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


@contextlib.contextmanager
def _plain(path: str, *, timeout: float, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(
        f"{Path(path).as_uri()}?mode={mode}",
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        yield connection
    finally:
        connection.close()


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _give_name(part: str, path: str) -> None:
    """Rename without taking the place of another file. Raises FileExistsError."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError as error:  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError(path) from error
        os.rename(part, path)


def _make_folder(path: str) -> None:
    folder = Path(path).parent
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise LedgerUnavailable(
            f"The folder for the ledger cannot be made: {folder} ({error.strerror}). "
            "Choose another place with REDDY_LEDGER."
        ) from error


def _only_for_owner(path: str, mode: int) -> None:
    with contextlib.suppress(OSError):
        if stat.S_IMODE(os.stat(path).st_mode) & ~mode:
            os.chmod(path, mode)


def _not_a_ledger(path: str) -> str:
    return f"{path} is not a ledger. Choose another file with REDDY_LEDGER; this one was left as it is."


def _cannot_be_opened(path: str) -> str:
    return f"The ledger ({path}) cannot be opened for writing. Check the file's and its folder's permissions."


# connections


def _engine(file: SqliteFile, patience: float) -> sa.Engine:
    # Parameters are customers' words: no message of the database layer quotes them.
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=file.path),
        paramstyle="named",
        pool_size=8,
        max_overflow=24,
        hide_parameters=True,
        connect_args={"timeout": patience},
    )

    @sa.event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        connection.isolation_level = (
            None  # transactions begin where `_begin` says, not where the driver guesses
        )
        cursor = connection.cursor()
        _write_ahead(cursor, patience=patience)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA cache_size = -65536")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A deferred transaction that writes after reading can fail with "locked" at once, without waiting.
        write = connection.get_execution_options().get("reddy_write")
        if not write:
            connection.exec_driver_sql("BEGIN")
            return
        # said where the connection served for the other kind before
        if connection.info.get("reddy_write", "durable") != write:
            quick = write == "quick"
            connection.exec_driver_sql(f"PRAGMA synchronous = {'NORMAL' if quick else 'FULL'}")
            # Pages of the log that are carried over to the file at a time, which is when a quick write waits for the disk.
            connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {16_384 if quick else 1_000}")
            connection.info["reddy_write"] = write
        file.begin_writing(connection)

    return engine


@contextlib.contextmanager
def first_connection(path: str, patience: float, *, in_use: bool = True) -> Iterator[sa.Connection]:
    """A transaction in which the tables of an empty file are made, before it becomes one with a -wal: nobody ever sees a
    file that is neither empty nor a ledger. Not `in_use`: nobody else knows this file yet, and nothing waits for the
    disk."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=path),
        poolclass=sa.pool.NullPool,
        hide_parameters=True,
        connect_args={"timeout": patience, "isolation_level": None},
    )
    with engine.connect() as connection:
        if not in_use:
            connection.exec_driver_sql("PRAGMA synchronous = OFF")
            connection.exec_driver_sql("PRAGMA journal_mode = MEMORY")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
        connection.exec_driver_sql(f"PRAGMA user_version = {WHOLE}")
        connection.exec_driver_sql("COMMIT")
        if not in_use:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")


def _write_ahead(cursor: Any, *, patience: float) -> None:
    """Two programs that open a new file at once: SQLite refuses the second at once here, whatever timeout is set."""
    end = time.monotonic() + patience
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= end:
                raise
            time.sleep(0.02)


def _each(step: Callable[[SqliteFile], None]) -> None:
    for file in list(_files.values()):
        with contextlib.suppress(Exception):  # one file that fails must not keep the others from it
            step(file)


def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()
    _each(SqliteFile._after_fork)


atexit.register(_each, SqliteFile.close)
if hasattr(os, "register_at_fork"):  # SQLite's connections do not survive a fork
    os.register_at_fork(
        before=lambda: _each(SqliteFile._before_fork),
        after_in_parent=lambda: _each(SqliteFile._after_fork_in_parent),
        after_in_child=_renew_lock,
    )
