"""`Ledger`: the record of what was loaded, edited and sent, on SQLite or PostgreSQL.

SQLite is one file in the user's data folder (WAL, every commit synced to disk: a lost `sending` mark would let a
call be sent twice); a team points `REDDY_LEDGER` at PostgreSQL. All writes go through `_write`, which on SQLite
takes the write lock at once, so that no transaction has to be thrown away half-way; all database failures come
out as `LedgerUnavailable` with a sentence.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import hashlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as MappingType
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec
import platformdirs
import sqlalchemy as sa

from .. import arguments
from ..access import Person, Right
from ..errors import LedgerUnavailable, LoadCancelled, MappingError, NotInLedger, UnreadableFile
from ..interrupts import again, one_line
from ..open_databases import is_open, refuse_open
from ..spreadsheet import Mapping, SheetFormat, detect_format, guess_mapping, read_sheet
from ..spreadsheet.files import workbook_kept
from ..spreadsheet.mapping import MAPPABLE
from .beside import Piece, pieces_of_rows
from .correcting import Correction, corrected_calls, link_corrections
from .facts import IDENTITY, PLACE, fact, remember_fact
from .records import duplicate_keys, insert_calls, new_call_values, remark_duplicates
from .schema import (
    MIGRATIONS,
    batches,
    calls,
    corrections,
    edits,
    migrate,
    recordings,
    schema_version,
    submissions,
)
from .sources import as_file
from .sqlite_file import (
    LOCK_SECONDS,
    SqliteFile,
    backup,
    copy_before_migration,
    first_connection,
    opened,
    released,
)

if TYPE_CHECKING:
    import pandas as pd

    from .batch import Batch
    from .sending import Submission

__all__ = ["Ledger", "default_location"]

PIECE = 500  # rows read, built, checked and stored in one go


def default_location() -> str:
    """`REDDY_LEDGER` (a path or a database URL), else `ledger.sqlite` in the user's data folder."""
    given = os.environ.get("REDDY_LEDGER", "").strip()
    return given or str(
        Path(platformdirs.user_data_dir("reddy-workbench", appauthor=False)) / "ledger.sqlite"
    )


class Ledger:
    """The record of all batches, edits, submissions and attempts.

    Args:
        location: a file (SQLite, made if it is not there), a database URL
            (`postgresql+psycopg://…`, `sqlite:///…`), or None for `default_location()`.

    Raises:
        LedgerUnavailable: the database cannot be reached, opened or written.
        LedgerTooNew: a newer version of this library wrote it.
    """

    def __init__(self, location: str | os.PathLike[str] | None = None) -> None:
        self.url = _database_url(default_location() if location is None else os.fspath(location))
        self._seen = threading.local()
        self._person: Person | None = None
        self._of: Ledger | None = None  # whose view this is
        self._file: SqliteFile | None = None
        self._server = None if self._is_sqlite else _server_engine(self.url)
        if self._is_sqlite:
            with self._translated():
                self._prepare_file()
        else:
            with self._write() as connection:
                migrate(connection, now=time.time())

    def __repr__(self) -> str:
        with self._read() as connection:
            held = connection.execute(
                sa.select(sa.func.count()).select_from(batches).where(batches.c.state == "open")
            ).scalar_one()
        return f"<Ledger {self.name} · {held} batches>"

    def __enter__(self) -> Ledger:
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
        if not self._is_sqlite:
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
        with self._read() as connection:
            return fact(connection, IDENTITY) or ""

    # batches

    def load(
        self,
        source: str | os.PathLike[str] | IO[bytes] | IO[str] | pd.DataFrame | Sequence[Any],
        mapping: Mapping | dict[str, Any] | None = None,
        *,
        name: str | None = None,
        file_name: str | None = None,
        timezone: str | None = None,
        defaults: dict[str, Any] | None = None,
        products: Sequence[Any] | None = None,
        who: str = "",
        progress: bool = True,
        on_progress: Callable[[int], bool | None] | None = None,
        corrects: Correction | None = None,
    ) -> Batch:
        """Read, map, build, check and store a spreadsheet, in pieces; a load that is cut off leaves nothing.

        Args:
            source: a spreadsheet of any kind, a zip or a folder of transcript files, or one such file; also an open
                file, a DataFrame, a list of dicts, or a list of calls.
            mapping: which column feeds which field; guessed from the first 1,000 rows if None. A dict is what
                `Mapping.to_dict` returned, or field → column ({"agent_email": "Rep"}), for the guess to start from.
            name: what to call the batch; the file's name if None.
            file_name: the analyst's own name of the file, where `path` is a temporary copy.
            timezone: IANA zone of naive times; overrides the mapping's.
            defaults: field → value where the sheet has none; merged over the mapping's.
            products: Reddy's product list (from `Client.list_products`, or dicts with id, name, status), for
                matching names and for checks.
            who: who loads it, for the record.
            progress: show a progress bar (notebooks).
            on_progress: called with the number of the sheet's rows stored so far; returning False stops the load.
            corrects: what the file corrects, if it is a corrected file of the evidence (`correcting.recognised`); it is
                read and mapped as that says.

        Raises:
            SheetError: the file cannot be read.
            MappingError: the mapping cannot be used with this sheet.
            LoadCancelled: `on_progress` returned False.
            LedgerUnavailable: the ledger cannot be written.
        """
        with as_file(source) as (path, called):
            return self._load(
                path,
                mapping,
                name=name,
                file_name=file_name or called,
                timezone=timezone,
                defaults=defaults,
                products=products,
                who=who,
                progress=progress,
                on_progress=on_progress,
                corrects=corrects,
            )

    @workbook_kept()
    def _load(
        self,
        path: Path,
        mapping: Mapping | dict[str, Any] | None,
        *,
        name: str | None,
        file_name: str,
        timezone: str | None,
        defaults: dict[str, Any] | None,
        products: Sequence[Any] | None,
        who: str,
        progress: bool,
        on_progress: Callable[[int], bool | None] | None,
        corrects: Correction | None,
    ) -> Batch:
        listed = arguments.product_dicts(products)
        for given, what in ((who, "who"), (name or "", "name"), (timezone or "", "timezone")):
            arguments.text(given, what)
        if corrects is None:
            mapping = _prepared(path, mapping, timezone=timezone, defaults=defaults, products=listed)
        else:
            mapping = corrects.mapping
        assert mapping.sheet is not None
        self._forget_unfinished(before=time.time() - 86_400)
        batch_id = "b" + secrets.token_hex(5)
        with self._write() as connection:
            connection.execute(
                batches.insert().values(
                    id=batch_id,
                    name=name or Path(file_name).stem,
                    file_name=file_name,
                    file_hash=file_sha256(path),
                    mapping=msgspec.json.encode(mapping.to_dict()).decode(),
                    products=None if listed is None else msgspec.json.encode(listed).decode(),
                    who=who,
                    created_at=time.time(),
                    state="loading",
                )
            )
        stored = 0
        noun = "calls" if mapping.layout == "row" else "rows"
        with (
            one_line(
                lambda: f"Interrupted: {stored:,} {noun} were read, and nothing of them was kept. {again()}"
            ),
            _bar(progress, Path(file_name).name, noun) as bar,
        ):
            try:
                for piece in self._pieces(path, mapping, batch_id, listed, file_name, corrects):
                    if not piece.values:
                        continue
                    with self._write(durable=False) as connection:
                        insert_calls(connection, piece.values)
                        if piece.links:
                            link_corrections(connection, batch_id, piece.links, who=who, now=time.time())
                    for row, recording in piece.recordings.items():
                        self._loading(batch_id).attach(row, recording, who=who)
                    stored += piece.rows
                    bar.update(piece.rows)
                    if on_progress is not None and on_progress(stored) is False:
                        raise LoadCancelled(
                            f"Loading {file_name} was stopped after {stored:,} {noun}; nothing of it was kept."
                        )
                with self._read() as connection:
                    twice = duplicate_keys(connection, batch_id)
                for start in range(0, len(twice), PIECE):  # in pieces, so that others may write in between
                    with self._write() as connection:
                        remark_duplicates(connection, batch_id, twice[start : start + PIECE])
                with self._write() as connection:
                    connection.execute(batches.update().where(batches.c.id == batch_id).values(state="open"))
            except BaseException:
                self._forget_unfinished(batch_id=batch_id)
                raise
        return self.batch(batch_id)

    def _pieces(
        self,
        path: Path,
        mapping: Mapping,
        batch_id: str,
        products: list[dict[str, Any]] | None,
        file_name: str,
        corrects: Correction | None,
    ) -> Iterator[Piece]:
        """The rows of a file for the ledger, in pieces."""
        if corrects is None:
            yield from pieces_of_rows(
                path, mapping, batch_id=batch_id, products=products, rows=PIECE, file_name=file_name
            )
            return
        for built, links, attached in corrected_calls(self, path, corrects, rows=PIECE):
            values = new_call_values(batch_id, built, products=products, now=time.time())
            yield Piece(values, sum(one.rows for one in built), links, attached)

    def batches(self) -> pd.DataFrame:
        """Return the open batches, newest first: id, name, file_name, created_at (UTC), who, calls (a count)."""
        return self._batches("open")

    def archived(self) -> pd.DataFrame:
        """Return the batches that were taken off the list, newest first, as `batches` does."""
        return self._batches("archived")

    def restore(self, batch: Batch | str) -> Batch:
        """Put a batch back on the list. Return it. Raises NotInLedger: there is none with this id or name."""
        with self._write(right="administer") as connection:
            batch_id = self._batch_id(connection, batch, states=("archived", "open"))
            connection.execute(batches.update().where(batches.c.id == batch_id).values(state="open"))
        return self.batch(batch_id)

    def _batches(self, state: str) -> pd.DataFrame:
        import pandas as pd

        counts = (
            sa.select(calls.c.batch_id, sa.func.count().label("calls")).group_by(calls.c.batch_id).subquery()
        )
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
        with self._read() as connection:
            rows = connection.execute(query).all()
        frame = pd.DataFrame(
            [tuple(row) for row in rows], columns=["id", "name", "file_name", "created_at", "who", "calls"]
        )
        frame["created_at"] = pd.to_datetime(frame["created_at"].astype(float), unit="s", utc=True)
        frame["calls"] = frame["calls"].astype(int)
        return frame

    def loaded_before(self, file_hash: str) -> list[Batch]:
        """The open batches that came from this very file (SHA-256 of its bytes), newest first."""
        from .batch import Batch

        query = (
            sa.select(batches)
            .where(batches.c.file_hash == file_hash, batches.c.state == "open")
            .order_by(batches.c.created_at.desc())
        )
        with self._read() as connection:
            return [Batch(self, found) for found in connection.execute(query)]

    def _loading(self, batch_id: str) -> Batch:
        """A batch that nobody sees yet."""
        from .batch import Batch

        with self._read() as connection:
            return Batch(self, connection.execute(sa.select(batches).where(batches.c.id == batch_id)).one())

    def batch(self, batch: Batch | str) -> Batch:
        """Return one batch, by its id or by its name.

        Raises NotInLedger: there is none, it was taken off the list, or several have this name.
        """
        from .batch import Batch

        with self._read() as connection:
            batch_id = self._batch_id(connection, batch)
            return Batch(self, connection.execute(sa.select(batches).where(batches.c.id == batch_id)).one())

    def _batch_id(
        self, connection: sa.Connection, batch: Batch | str, *, states: Sequence[str] = ("open",)
    ) -> str:
        """Return the id of a batch that is meant by id, by name, or by itself."""
        wanted = arguments.text(getattr(batch, "id", batch), "batch")
        query = sa.select(batches.c.id).where(batches.c.state.in_(states))
        found = connection.execute(query.where(batches.c.id == wanted)).scalar()
        if found is not None:
            return str(found)
        named = connection.execute(query.where(batches.c.name == wanted)).scalars().all()
        if len(named) > 1:
            raise NotInLedger(
                f"{len(named)} batches have the name {wanted!r}: name the one you mean by its id, {', '.join(named)}."
            )
        if named:
            return str(named[0])
        state = connection.execute(
            sa.select(batches.c.state).where(sa.or_(batches.c.id == wanted, batches.c.name == wanted))
        ).scalar()
        said = (
            f"There is no batch {wanted!r} in this ledger ({self.name}). "
            "Choose one from the list, or load a spreadsheet."
        )
        if state == "archived":
            said = f"The batch {wanted!r} was taken off the list: ledger.restore({wanted!r}) puts it back."
        raise NotInLedger(said)

    # submissions

    def submission(self, submission_id: str) -> Submission:
        """One submission. Raises NotInLedger: there is none with this id."""
        from .sending import Submission

        with self._read() as connection:
            found = connection.execute(
                sa.select(submissions.c.id).where(submissions.c.id == submission_id)
            ).one_or_none()
        if found is None:
            raise NotInLedger(f"There is no submission {submission_id!r} in this ledger ({self.name}).")
        return Submission(self, submission_id)

    def submissions(self, batch: Batch | str | None = None, *, state: str | None = None) -> list[Submission]:
        """Return submissions, newest first; of one batch, or in one state (running, paused, waiting, cancelled, done)."""
        from .sending import Submission

        query = sa.select(submissions.c.id).order_by(submissions.c.created_at.desc())
        if batch is not None:
            with self._read() as connection:
                batch_id = self._batch_id(connection, batch, states=("open", "archived", "loading"))
            query = query.where(submissions.c.batch_id == batch_id)
        if state is not None:
            arguments.known(state, "state", ("running", "paused", "waiting", "cancelled", "done"))
            query = query.where(submissions.c.state == state)
        with self._read() as connection:
            return [Submission(self, found) for found in connection.execute(query).scalars()]

    # who uses it

    def for_person(self, person: Person | None) -> Ledger:
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
    def _is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def _engine(self) -> sa.Engine:
        if self._server is not None:
            return self._server
        return self._opened_file().engine(_patience(self.url))

    def _opened_file(self) -> SqliteFile:
        if self._file is None:  # the first time, or again after `close`
            self._file = opened(self.name, self, lambda part: self._make_tables(part, in_use=False))
        return self._file

    def must_be_there(self) -> None:
        """Raise LedgerUnavailable where the file of a SQLite ledger was moved, deleted or replaced since it was opened."""
        if self._is_sqlite:
            self._opened_file().must_be_there()

    def _prepare_file(self) -> None:
        """Make the tables of a new SQLite file; bring those of an older one up to date."""
        self._opened_file()
        if os.stat(self.name).st_size == 0:
            self._make_tables(self.name, in_use=True)
            return
        with self._read() as connection:
            version = schema_version(connection)
            if version == len(MIGRATIONS) and fact(connection, PLACE) is not None:
                return
        if 0 < version < len(MIGRATIONS):
            copy_before_migration(self.name, len(MIGRATIONS))
        with self._write() as connection:
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
    def _read(self) -> Iterator[sa.Connection]:
        self.require("look")
        with self._translated():
            if not getattr(self._seen, "inside", False):
                with self._engine.connect() as connection:
                    yield connection
                return
            if getattr(self._seen, "connection", None) is None:
                self._seen.connection = self._engine.connect()
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
    def _write(self, *, right: Right = "edit", durable: bool = True) -> Iterator[sa.Connection]:
        """A transaction that writes. Not `durable`: a power cut may take it back, until the next one that is.

        Raises NotAllowed: the person whose ledger this is does not have that right.
        """
        self.require(right)
        if not getattr(self._seen, "reading", 0):
            self.next_moment()  # what is read afterwards has to see it, and a thread holds one connection at a time
        with self._translated(), self._turn(), self._engine.connect() as bare:
            connection = bare.execution_options(reddy_write="durable" if durable else "quick")
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """SQLite has one writer, and whoever finds it busy sleeps and looks again: threads of this process stand in
        line instead. One that has waited long enough goes on all the same, and is told that it is locked."""
        if not self._is_sqlite:
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
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DBAPIError, sa.exc.TimeoutError, sqlite3.DatabaseError) as error:
            if not _is_a_situation(error):
                raise  # a fault of the program: its trace is what is needed
            raise LedgerUnavailable(_sentence(self.name, error)) from error

    def _forget_unfinished(self, *, batch_id: str | None = None, before: float | None = None) -> None:
        """A load that was stopped, or whose program was killed long ago: it was never shown, so nothing is lost."""
        unfinished = sa.select(batches.c.id).where(batches.c.state == "loading")
        if batch_id is not None:
            unfinished = unfinished.where(batches.c.id == batch_id)
        if before is not None:
            unfinished = unfinished.where(batches.c.created_at < before)
        with contextlib.suppress(LedgerUnavailable):
            with self._read() as connection:
                if connection.execute(unfinished).first() is None:
                    return
            with self._write() as connection:
                ids = list(connection.execute(unfinished).scalars())
                stored = sa.select(calls.c.id).where(calls.c.batch_id.in_(ids))
                connection.execute(edits.delete().where(edits.c.call_id.in_(stored)))
                connection.execute(recordings.delete().where(recordings.c.call_id.in_(stored)))
                connection.execute(corrections.delete().where(corrections.c.call_id.in_(stored)))
                connection.execute(calls.delete().where(calls.c.batch_id.in_(ids)))
                connection.execute(batches.delete().where(batches.c.id.in_(ids)))


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex; of a folder, over the names and bytes of its files."""
    if path.is_dir():
        whole = hashlib.sha256()
        for item in sorted(item for item in path.rglob("*") if item.is_file() and not item.is_symlink()):
            if is_open(item):  # the ledger may lie in this folder
                continue
            whole.update(f"{item.relative_to(path).as_posix()}\0{file_sha256(item)}\n".encode())
        return whole.hexdigest()
    refuse_open(path, UnreadableFile)
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _with_columns(mapping: Mapping, fixed: dict[str, str], columns: Sequence[str]) -> Mapping:
    """Return a guessed mapping with these fields fed by these columns, and by nothing else.

    Raises MappingError: the sheet has no such column.
    """
    missing = sorted({column for column in fixed.values() if column not in columns})
    if missing:
        raise MappingError(
            f"The sheet has no column {', '.join(map(repr, missing))}: it has {', '.join(map(repr, columns))}."
        )
    if not fixed:
        return mapping
    return mapping.replace(
        fields={**mapping.fields, **fixed},
        joins={field: join for field, join in mapping.joins.items() if field not in fixed},
        tags=[tag for tag in mapping.tags if tag not in fixed.values()],
        reasons={**mapping.reasons, **dict.fromkeys(fixed, "as you said")},
    )


def _prepared(
    path: Path,
    mapping: Mapping | dict[str, Any] | None,
    *,
    timezone: str | None,
    defaults: MappingType[str, Any] | None,
    products: list[dict[str, Any]] | None,
) -> Mapping:
    """The mapping that a load uses: guessed if there is none, with the caller's wishes, with its sheet format."""
    fixed: dict[str, str] = {}
    if isinstance(mapping, dict):
        if set(mapping) <= set(MAPPABLE) and all(isinstance(column, str) for column in mapping.values()):
            fixed, mapping = mapping, None
        else:
            mapping = Mapping.from_dict(mapping)
    elif mapping is not None and not isinstance(mapping, Mapping):
        raise TypeError(
            f'mapping must be a Mapping, or a dict such as {{"agent_email": "Rep"}}, not a {type(mapping).__name__}.'
        )
    if mapping is None:
        head = read_sheet(path, nrows=1000)
        mapping = guess_mapping(head, products=products, path=path)
        mapping = _with_columns(mapping, fixed, [str(name) for name in head.columns])
    changes: dict[str, Any] = {}
    if timezone is not None:
        changes["timezone"] = timezone
    if defaults is not None:
        changes["defaults"] = {**mapping.defaults, **defaults}
    if mapping.sheet is None:
        changes["sheet"] = detect_format(path)
    else:  # the file is read as the mapping says; what it leaves open is found in the file
        wanted: SheetFormat = mapping.sheet
        changes["sheet"] = detect_format(
            path,
            sheet=wanted.sheet,
            header_row=wanted.header_row,
            encoding=wanted.encoding,
            delimiter=wanted.delimiter,
        )
    return mapping.replace(**changes)


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


@contextlib.contextmanager
def _bar(shown: bool, what: str, noun: str) -> Iterator[Any]:
    from tqdm.auto import tqdm

    with tqdm(desc=f"Loading {what}", unit=f" {noun}", disable=not shown) as bar:
        yield bar
