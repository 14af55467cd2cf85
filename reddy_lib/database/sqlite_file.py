"""The file of a SQLite ledger: create, share and check it, and keep it complete.

**One engine per file.** All `Ledger` objects of a process that use the same file, however its path is spelled, share a
`SqliteFile`: its connections, and the lock that its writers queue for. Nothing but SQLite opens the file, because
closing any other descriptor of it would drop SQLite's locks.

**A file that is complete.** The latest writes are in `-wal`, so a plain copy of the file alone would lack them.
`PRAGMA user_version`, in the file's first page, says whether the file is `WHOLE` or there is `MORE_IN_WAL`. The first
write sets it, and checkpoints it into the file, before anything else is written. After `IDLE` seconds without a write, at
`close`, and when the process ends, everything is checkpointed into the file and it is `WHOLE` again.
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
from typing import NamedTuple, cast

import platformdirs
import sqlalchemy as sa

from reddy_lib.errors import LedgerMoved, LedgerUnavailable
from reddy_lib.open_databases import keep_open, no_longer_open

__all__ = [
    "LOCK_SECONDS",
    "WHOLE",
    "SqliteFile",
    "cannot_be_opened",
    "engine_file",
    "first_connection",
    "give_name",
    "make_file",
    "narrow",
    "not_a_ledger",
    "opened",
    "plain_connection",
    "released",
    "size_of",
]

WHOLE, MORE_IN_WAL = 1, 2
"""The low four bits of `PRAGMA user_version`. 0: not known, as in a file that was made from a dump.

The bits above `MORE_IN_WAL` hold the file's schema cookie. SQLite's own ways to copy a database (`.backup`,
`VACUUM INTO`) include the -wal and change the cookie, so that the mark is void in the copy."""

_CACHE, _QUICK_CACHE = -65_536, -16_384
"""`PRAGMA cache_size` (KiB, negative). A quick write, such as a load, rereads few of the pages that it writes; a cache of
64 MB would be half of the memory that it takes."""

IDLE = 1.5
"""Seconds without a write by any program before the file is made whole."""

LOCK_SECONDS = 30.0
"""Seconds to wait for another program's write; `sqlite:///…?timeout=` changes it."""

_BUSY_READERS = (
    30.0  # longest time in seconds between tries to make the file whole, while a reader prevents it
)

_OURS = frozenset({"schema_versions", "batches"})  # tables that tell a ledger from other programs' databases

_lock = threading.RLock()
_files: dict[tuple[int, int], SqliteFile] = {}


class SqliteFile:
    """A database file that this process has open. Created by `opened`."""

    def __init__(self, path: str, identity: tuple[int, int]) -> None:
        self.path = path
        self.identity = identity
        self.writer = threading.Lock()
        """Held by the writer: SQLite has one, and lets the others poll for it."""
        self.holders: weakref.WeakSet[object] = weakref.WeakSet()
        self._engines: dict[float, sa.Engine] = {}
        self._marked = False  # the file itself says MORE_IN_WAL, not only the -wal
        self._unsettled = False  # this process has written since the file was whole
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
        """Make the file whole and close its connections. Those that other threads use are closed when they are done."""
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
        """Checkpoint everything into the file and mark it as whole; return False if others are using it."""
        if not self.writer.acquire(timeout=1):
            return False
        try:
            if not self._is_there():
                return False
            with plain_connection(self.path, timeout=0.2) as connection:
                done = _make_whole(connection, self.path)
                if done:
                    self._marked = self._unsettled = False
                return done
        except sqlite3.Error:
            return False  # locked, full or damaged: the next write reports it
        finally:
            self.writer.release()

    def purge(self, patience: float) -> bool:
        """Rewrite the file without what was deleted from it, and empty its -wal; return False if others are using it."""
        if not self.writer.acquire(timeout=patience):
            return False
        try:
            self.must_be_there()
            with plain_connection(self.path, timeout=patience) as connection:
                connection.execute("VACUUM")
                emptied = not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) and "busy" not in str(error):
                raise
            return False
        finally:
            self.writer.release()
        self._unsettled = True
        return emptied and self.settle()

    def must_be_there(self) -> None:
        """Raise LedgerMoved if the path leads to another file than the one that is open, or to none."""
        if not self._is_there():
            raise LedgerMoved(
                f"The file of the ledger ({self.path}) was moved, deleted or replaced while it was in use. "
                "Stop every program that uses it, make sure that the right file is there, then start again."
            )

    def begin_writing(self, connection: sa.Connection) -> None:
        """Begin a transaction that writes. Before the first one since the file was whole, mark the file."""
        self.must_be_there()
        for _ in range(3):  # another program may make the file whole between two statements
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            raw = cast(sqlite3.Connection, connection.connection.dbapi_connection)
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
            with plain_connection(self.path, timeout=0.2) as connection:
                while not self._closing.wait(wait):
                    now = _commits(connection)
                    if now != before:
                        before, wait = now, IDLE
                        if not self._marked:  # a reader prevented the checkpoint at the first write
                            self._marked = _carried_over(connection)
                    elif self.settle():
                        return
                    else:
                        wait = min(_BUSY_READERS, wait * 2)
        except sqlite3.Error:
            self._unsettled = False  # the next write reports what is wrong
        finally:
            self._settling = None
            if self._unsettled:  # there was a write just now
                self._settle_when_idle()

    def _before_fork(self) -> None:
        """Close the connections: a child that inherits an open one cannot use this file."""
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
        """Drop, in the child, what the parent has open: it must not be used, nor even closed."""
        self.writer, self._own = threading.Lock(), threading.Lock()
        self._settling = None
        self._closing = threading.Event()
        self._forked = self._at_work
        for engine in self._engines.values():
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(engine.pool))
            engine.dispose(close=False)


def opened(path: str, holder: object, fill: Callable[[str], None]) -> SqliteFile:
    """Return the file for `holder` (a Ledger), shared with all others of this process.

    A new file is created under another name, filled by `fill`, and renamed when it is complete.

    Raises LedgerUnavailable: it is not a ledger, a part of it is missing, or it cannot be created.
    """
    with _lock:
        for idle in [each for each in _files.values() if not each.holders]:
            idle.close()
        _make_folder(path)
        if size_of(path + "-wal") and not size_of(path):  # SQLite would delete it
            raise LedgerUnavailable(
                f"The ledger ({path}) is missing, but its latest changes are there, in {path}-wal. Put the ledger back "
                "beside that file; to start a new ledger, move that file away first."
            )
        with contextlib.suppress(OSError):  # SQLite reports what is wrong with the path
            make_file(path, fill)
        try:
            identity = _identity(path)
        except OSError as error:
            raise LedgerUnavailable(cannot_be_opened(path)) from error
        file = _files.get(identity)
        if file is not None and not file._is_there():
            file = None  # another file has its inode number now
        if file is None:
            _must_be_a_ledger(path)
            narrow(path)
            file = _files[identity] = SqliteFile(path, identity)
        file._closing.clear()
        file.holders.add(holder)
        return file


def released(file: SqliteFile, holder: object) -> None:
    """Release what `opened` returned; the last holder closes the file."""
    with _lock:
        file.holders.discard(holder)
        if file.holders:
            return
    file.close()


def engine_file(path: str) -> str:
    """Return the path of the submission engine's database, beside the ledger's file."""
    whole = Path(path)
    return str(whole.with_name(whole.stem + "-engine.sqlite"))


def make_file(path: str, fill: Callable[[str], None] = lambda _part: None) -> None:
    """Create a file that only its owner may read, unless it exists. It is never open under its own name here."""
    if os.path.lexists(path):
        return
    handle, part = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".", suffix=".new")  # 0600
    try:
        fill(part)
        os.fsync(handle)
        os.close(handle)
        handle = -1
        give_name(part, path)
    except FileExistsError:
        pass  # another process was faster
    finally:
        if handle >= 0:
            os.close(handle)
        with contextlib.suppress(OSError):
            os.unlink(part)


def narrow(path: str) -> None:
    """Remove other users' permissions from a ledger's files, and from its folder if that is the workbench's own."""
    for base in (path, engine_file(path)):
        for suffix in ("", "-wal", "-shm", "-journal"):
            _only_for_owner(base + suffix, 0o600)
    ours = Path(platformdirs.user_data_dir("reddy-workbench", appauthor=False))
    if Path(path).parent == Path(os.path.realpath(ours)):
        _only_for_owner(str(Path(path).parent), 0o700)


# what is on the disk


class _Content(NamedTuple):
    """What the file holds without its -wal."""

    tables: frozenset[str]
    more_in_wal: bool
    place: str | None


def _must_be_a_ledger(path: str) -> None:
    content = _Content(frozenset(), False, None)
    for look in range(4):
        if os.stat(path).st_size == 0:
            return  # a new ledger
        if size_of(path + "-wal") or size_of(path + "-journal"):
            with (
                plain_connection(path, timeout=LOCK_SECONDS, mode="ro") as connection,
                contextlib.suppress(sqlite3.Error),
            ):
                tables = _tables(connection)
                if tables and not tables >= _OURS:
                    raise LedgerUnavailable(not_a_ledger(path))
            return
        found = _content(path)
        if found is None:
            return  # damaged, or not a database: SQLite reports it at the first read
        content = found
        missing = content.more_in_wal and not os.path.exists(path + "-wal")
        if content.tables >= _OURS and not (missing and content.place not in (None, path)):
            return
        time.sleep(0.05 * look)  # another process may be writing it just now
    if content.tables and not content.tables >= _OURS:
        raise LedgerUnavailable(not_a_ledger(path))
    raise LedgerUnavailable(
        f"{path} is a part of a ledger: its latest changes are in {os.path.basename(content.place or path)}-wal, "
        "which is not beside it. Copy both files from where this one came from, or make a copy there with "
        "Ledger.backup. This file was not changed."
    )


def _content(path: str) -> _Content | None:
    """Return what the file holds without its -wal, or None if it cannot be read."""
    try:  # "immutable": takes no lock, makes no side file
        with plain_connection(path, timeout=0, mode="ro&immutable=1") as connection:
            tables = _tables(connection)
            marked = connection.execute("PRAGMA user_version").fetchone()[0] == _more_in_wal(connection)
            place = None
            if "facts" in tables:
                row = connection.execute("SELECT value FROM facts WHERE name = 'place'").fetchone()
                place = row[0] if row else None
            return _Content(tables, marked, place)
    except sqlite3.DatabaseError:
        return None


def _more_in_wal(connection: sqlite3.Connection) -> int:
    """Return the `PRAGMA user_version` that means MORE_IN_WAL in this file, but not in a copy that SQLite made."""
    cookie = connection.execute("PRAGMA schema_version").fetchone()[0]
    return MORE_IN_WAL | (int(cookie) & 0xFFFFFF) << 4


def _tables(connection: sqlite3.Connection) -> frozenset[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return frozenset(row[0] for row in rows)


def _make_whole(connection: sqlite3.Connection, path: str) -> bool:
    if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        return False
    connection.execute("BEGIN IMMEDIATE")
    # Everything else first, then the mark alone: wherever a crash interrupts this, a file that says WHOLE is whole.
    if size_of(path + "-wal"):
        connection.execute("ROLLBACK")
        return False
    if connection.execute("PRAGMA user_version").fetchone()[0] == WHOLE:
        connection.execute("ROLLBACK")
        return True
    connection.execute(f"PRAGMA user_version = {WHOLE}")
    connection.execute("COMMIT")
    return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]


def _carried_over(connection: sqlite3.Connection) -> bool:
    """Checkpoint what can be checkpointed without waiting; return whether that was everything."""
    busy, frames, carried = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return not busy and frames == carried


def _commits(connection: sqlite3.Connection) -> int:
    """Return a number that changes whenever any other connection, of any program, has written."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


@contextlib.contextmanager
def plain_connection(path: str, *, timeout: float, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    """Open a connection without the settings of the engine; it is closed at the end of the block."""
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


def size_of(path: str) -> int:
    """Return the size of a file, 0 if there is none."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def give_name(part: str, path: str) -> None:
    """Rename without replacing another file. Raises FileExistsError."""
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
            "Choose another path with REDDY_LEDGER."
        ) from error


def _only_for_owner(path: str, mode: int) -> None:
    with contextlib.suppress(OSError):
        if stat.S_IMODE(os.stat(path).st_mode) & ~mode:
            os.chmod(path, mode)


def not_a_ledger(path: str) -> str:
    """Return the message for a file that is not a ledger."""
    return f"{path} is not a ledger, and was not changed. Choose another file: Ledger(path), or REDDY_LEDGER."


def cannot_be_opened(path: str) -> str:
    """Return the message for a ledger that cannot be opened."""
    return f"The ledger ({path}) cannot be opened for writing. Check that it is a file, and check its permissions."


# connections


def _engine(file: SqliteFile, patience: float) -> sa.Engine:
    # Parameters are customers' words, so no error of the database layer may quote them.
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=file.path),
        paramstyle="named",
        pool_size=8,
        max_overflow=24,
        hide_parameters=True,
        connect_args={"timeout": patience},
    )

    @sa.event.listens_for(engine, "connect")
    def _settings(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = (
            None  # transactions begin where `_begin` says, not where the driver guesses
        )
        cursor = connection.cursor()
        _write_ahead(cursor, patience=patience)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")  # what is masked or deleted leaves no words in the pages
        cursor.execute(f"PRAGMA cache_size = {_CACHE}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A deferred transaction that writes after reading can fail with "locked" at once, without waiting.
        write = connection.get_execution_options().get("reddy_write")
        if not write:
            connection.exec_driver_sql("BEGIN")
            return
        # set only where the connection was used for the other kind before
        if connection.info.get("reddy_write", "durable") != write:
            quick = write == "quick"
            connection.exec_driver_sql(f"PRAGMA synchronous = {'NORMAL' if quick else 'FULL'}")
            # Pages of the -wal before a checkpoint: only then does a quick write wait for the disk.
            connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {16_384 if quick else 1_000}")
            connection.exec_driver_sql(f"PRAGMA cache_size = {_QUICK_CACHE if quick else _CACHE}")
            connection.info["reddy_write"] = write
        file.begin_writing(connection)

    return engine


@contextlib.contextmanager
def first_connection(path: str, patience: float, *, in_use: bool = True) -> Iterator[sa.Connection]:
    """Begin the transaction that creates the tables of an empty file, before the file gets a -wal.

    So no process ever sees a file that is neither empty nor a ledger.

    Args:
        in_use: others may have the file open; without, nothing is synced.
    """
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


def _write_ahead(cursor: sqlite3.Cursor, *, patience: float) -> None:
    """Set WAL mode, with retries: SQLite ignores the timeout here, if two programs open a new file at the same time."""
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
        with contextlib.suppress(Exception):  # one file that fails must not prevent the others
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
