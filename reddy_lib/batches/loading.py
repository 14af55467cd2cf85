"""Load a spreadsheet into the database: read, map, build, check and store it, in pieces."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import secrets
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as MappingType
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from zoneinfo import ZoneInfoNotFoundError

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.call_rows import new_call_values
from reddy_lib.batches.catalogue import find_batch
from reddy_lib.batches.corrections import Correction, corrected_calls, link_corrections
from reddy_lib.batches.garbage import no_search_for_cycles
from reddy_lib.batches.load_process import Piece, pieces_of_rows
from reddy_lib.batches.load_sources import as_file
from reddy_lib.batches.stored_rows import duplicate_keys, insert_calls, remark_duplicates
from reddy_lib.database.database import Database
from reddy_lib.database.schema import batches, calls, corrections, edits, operations, recordings
from reddy_lib.errors import LedgerUnavailable, LoadCancelled, MappingError, UnreadableFile
from reddy_lib.interrupts import again, one_line
from reddy_lib.model import whole_characters, whole_values
from reddy_lib.open_databases import is_open, refuse_open
from reddy_lib.plurals import agreeing
from reddy_lib.progress_bars import progress_bar
from reddy_lib.spreadsheet import Mapping, SheetFormat, detect_format, guess_mapping, read_sheet
from reddy_lib.spreadsheet.cells.zones import zone
from reddy_lib.spreadsheet.mapping.survey import naive_times
from reddy_lib.spreadsheet.model import MAPPABLE
from reddy_lib.spreadsheet.reading.files import workbook_kept

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["file_sha256", "load_batch"]

PIECE = 500  # rows read, built, checked and stored at a time


def load_batch(
    database: Database,
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
    """Read, map, build, check and store a spreadsheet; see `Ledger.load`."""
    listed = arguments.product_dicts(products)
    who, name = arguments.text(who, "who"), arguments.text(name or "", "name")
    arguments.text(timezone or "", "timezone")
    if on_progress is not None and not callable(on_progress):
        raise TypeError("on_progress must be a function that takes a number of rows.")
    if defaults is not None and not isinstance(defaults, MappingType):
        raise TypeError(
            f'defaults must be a dict such as {{"product_id": 7}}, not {type(defaults).__name__}.'
        )
    with as_file(source, file_name) as (path, called), workbook_kept():
        file_name = whole_characters(file_name or called)
        if corrects is None:
            mapping = _prepared(path, mapping, timezone=timezone, defaults=defaults, products=listed)
        else:
            mapping = corrects.mapping
        _forget_unfinished(database, before=time.time() - 86_400)
        batch_id = _new_batch(
            database,
            name=name.strip() or Path(file_name).stem,
            file_name=file_name,
            file_hash=file_sha256(path),
            mapping=_json(mapping.to_dict()),
            products=None if listed is None else _json(listed),
            who=who,
        )
        counter = _Counter(Path(file_name).name, "calls" if mapping.layout == "row" else "rows", on_progress)
        try:
            with one_line(counter.interrupted), counter.bar(shown=progress), no_search_for_cycles():
                for piece in _pieces(database, path, mapping, batch_id, listed, file_name, corrects):
                    if piece.values:
                        _store(database, batch_id, piece, who=who)
                        counter.add(piece.rows)
                    gc.collect(0)
                _open(database, batch_id)
        except BaseException:
            _forget_unfinished(database, batch_id=batch_id)
            raise
    return find_batch(database, batch_id)


class _Counter:
    """Count stored rows for the progress bar, for `on_progress` and for the message of a load that stopped."""

    def __init__(self, what: str, noun: str, on_progress: Callable[[int], bool | None] | None) -> None:
        self._what, self._noun, self._on_progress = what, noun, on_progress
        self._stored = 0
        self._bar: Any = None

    @contextlib.contextmanager
    def bar(self, *, shown: bool) -> Iterator[None]:
        if not shown:  # importing the bars takes as long as loading two hundred calls
            yield
            return
        with progress_bar(shown=True, desc=f"Loading {self._what}", unit=f" {self._noun}") as self._bar:
            yield

    def add(self, rows: int) -> None:
        """Add rows to the count. Raises LoadCancelled if the caller's `on_progress` returned False."""
        self._stored += rows
        if self._bar is not None:
            self._bar.update(rows)
        if self._on_progress is not None and self._on_progress(self._stored) is False:
            raise LoadCancelled(
                f"Loading {self._what} was stopped after {self._stored:,} {self._noun}. None of them were stored."
            )

    def interrupted(self) -> str:
        read = agreeing(self._stored, f"{self._noun[:-1]} was read", f"{self._noun} were read")
        return f"Interrupted: {read}, and nothing is stored. {again()}"


def _json(value: Any) -> str:
    return msgspec.json.encode(whole_values(value)).decode()


def _new_batch(database: Database, **values: str | None) -> str:
    """Insert the record of a batch in state "loading", which no list shows. Return its id."""
    batch_id = "b" + secrets.token_hex(5)
    with database.write() as connection:
        connection.execute(
            batches.insert().values(id=batch_id, created_at=time.time(), state="loading", **values)
        )
    return batch_id


def _store(database: Database, batch_id: str, piece: Piece, *, who: str) -> None:
    # Not durable, for speed: a power cut may undo the write, and an unfinished load is deleted anyway.
    with database.write(durable=False) as connection:
        insert_calls(connection, piece.values)
        if piece.links:
            link_corrections(connection, batch_id, piece.links, who=who, now=time.time())
    for row, recording in piece.recordings.items():
        _loading(database, batch_id).attach(row, recording, who=who)


def _open(database: Database, batch_id: str) -> None:
    """Mark duplicates, then make the batch visible."""
    with database.read() as connection:
        duplicates = duplicate_keys(connection, batch_id)
    for start in range(0, len(duplicates), PIECE):  # in pieces, so that other writers are not blocked
        with database.write() as connection:
            remark_duplicates(connection, batch_id, duplicates[start : start + PIECE])
    with database.write() as connection:
        connection.execute(batches.update().where(batches.c.id == batch_id).values(state="open"))


def _pieces(
    database: Database,
    path: Path,
    mapping: Mapping,
    batch_id: str,
    products: list[dict[str, Any]] | None,
    file_name: str,
    corrects: Correction | None,
) -> Iterator[Piece]:
    """Yield the rows of a file for the database, in pieces."""
    if corrects is None:
        yield from pieces_of_rows(
            path, mapping, batch_id=batch_id, products=products, rows=PIECE, file_name=file_name
        )
        return
    for built, links, attached in corrected_calls(database, path, corrects, rows=PIECE):
        values = new_call_values(batch_id, built, products=products, now=time.time())
        yield Piece(values, sum(one.rows for one in built), links, attached)


def _loading(database: Database, batch_id: str) -> Batch:
    """Return a batch in state "loading", which `find_batch` does not return."""
    with database.read() as connection:
        return Batch(database, connection.execute(sa.select(batches).where(batches.c.id == batch_id)).one())


def _forget_unfinished(
    database: Database, *, batch_id: str | None = None, before: float | None = None
) -> None:
    """Delete loads that were stopped or whose process was killed. They were never visible, so no data is lost."""
    unfinished = sa.select(batches.c.id).where(batches.c.state == "loading")
    if batch_id is not None:
        unfinished = unfinished.where(batches.c.id == batch_id)
    if before is not None:
        unfinished = unfinished.where(batches.c.created_at < before)
    with contextlib.suppress(LedgerUnavailable):
        with database.read() as connection:
            if connection.execute(unfinished).first() is None:
                return
        with database.write() as connection:
            ids = list(connection.execute(unfinished).scalars())
            stored = sa.select(calls.c.id).where(calls.c.batch_id.in_(ids))
            connection.execute(edits.delete().where(edits.c.call_id.in_(stored)))
            connection.execute(recordings.delete().where(recordings.c.call_id.in_(stored)))
            connection.execute(corrections.delete().where(corrections.c.call_id.in_(stored)))
            connection.execute(operations.delete().where(operations.c.batch_id.in_(ids)))
            connection.execute(calls.delete().where(calls.c.batch_id.in_(ids)))
            connection.execute(batches.delete().where(batches.c.id.in_(ids)))


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex; of a folder, over the names and bytes of its files."""
    if path.is_dir():
        whole = hashlib.sha256()
        for item in sorted(item for item in path.rglob("*") if item.is_file() and not item.is_symlink()):
            if is_open(item):  # the ledger may be in this folder
                continue
            whole.update(f"{item.relative_to(path).as_posix()}\0{file_sha256(item)}\n".encode())
        return whole.hexdigest()
    refuse_open(path, UnreadableFile)
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _with_columns(mapping: Mapping, fixed: dict[str, str], columns: Sequence[str]) -> Mapping:
    """Return a guessed mapping in which only these columns feed these fields.

    Raises MappingError if the sheet lacks one of the columns.
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


_SETTINGS = frozenset(Mapping.__struct_fields__)


def _field(name: object) -> str:
    if name not in MAPPABLE:
        raise MappingError(f"A call has no field {name!r}: choose among {', '.join(MAPPABLE)}.")
    return str(name)


def _warn_of_naive(times: pd.Series[Any]) -> None:
    """Warn of start times that name no time zone. The Load page asks for the zone; a notebook cannot."""
    if naive := naive_times(times):
        warnings.warn(
            f"{naive:,} of the first {len(times):,} start times name no time zone and were read as UTC. If they are in "
            'another zone, name it: ledger.load(…, timezone="Europe/London").',
            stacklevel=5,
        )


def _warn_of_stated_zone(times: pd.Series[Any], columns: Sequence[str], stated: str, given: str) -> None:
    """Warn that the name of a column states another zone than the caller did: it counts, as in `with_stated_zone`.

    It matters only to times that name no zone themselves, and if the clocks of the two zones differ.
    """
    if _same_clock(stated, given) or not naive_times(times):
        return
    warnings.warn(
        f"The times in {' and '.join(map(repr, columns))} were read in {stated}, the zone in the column's name, not in "
        f"{given}. If that is wrong, set the zone in the mapping: mapping.replace(timezone={given!r}).",
        stacklevel=5,
    )


def _same_clock(one: str, other: str) -> bool:
    """Return whether two zones had the same offset in each month since 2000."""
    try:
        zones = zone(one), zone(other)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    moments = [
        datetime(year, month, 15, tzinfo=UTC)
        for year in range(2000, datetime.now(UTC).year + 1)
        for month in range(1, 13)
    ]
    offsets = ([moment.astimezone(zone_).utcoffset() for moment in moments] for zone_ in zones)
    return next(offsets) == next(offsets)


def _prepared(
    path: Path,
    mapping: Mapping | dict[str, Any] | None,
    *,
    timezone: str | None,
    defaults: MappingType[str, Any] | None,
    products: list[dict[str, Any]] | None,
) -> Mapping:
    """Return the mapping for a load: guessed if there is none, with the caller's settings and the sheet's format."""
    fixed: dict[str, str] = {}
    if isinstance(mapping, dict):
        if all(isinstance(column, str | int) for column in mapping.values()) and not _SETTINGS & set(mapping):
            # Field → column. A DataFrame's columns may be numbers.
            fixed, mapping = {_field(name): str(column) for name, column in mapping.items()}, None
        elif _SETTINGS & set(mapping):
            mapping = Mapping.from_dict(mapping)
        else:
            field = next(name for name, column in mapping.items() if not isinstance(column, str | int))
            raise TypeError(
                f"mapping[{field!r}] must be the name of a column. To have the column guessed, leave the field out."
            )
    elif mapping is not None and not isinstance(mapping, Mapping):
        raise TypeError(
            f'mapping must be a Mapping, or a dict such as {{"agent_email": "Rep"}}, not {type(mapping).__name__}.'
        )
    found: SheetFormat | None = None
    if mapping is not None and products is not None:
        mapping = mapping.in_list(products)
    if mapping is None:
        found = detect_format(path)
        head = read_sheet(path, nrows=1000, format=found)
        mapping = guess_mapping(head, products=products, path=path)
        mapping = _with_columns(mapping, fixed, [str(name) for name in head.columns])
        starts = mapping.sources().get("timestamp", [])
        if starts and not mapping.timezone_column:
            # A date and a time of day in two columns name no zone either.
            times = head[starts].astype(str).agg(" ".join, axis=1) if starts[1:] else head[starts[0]]
            if timezone is None and not mapping.timezone:
                _warn_of_naive(times)
            elif timezone is not None and mapping.timezone:
                _warn_of_stated_zone(times, starts, mapping.timezone, timezone)
        if timezone is not None and mapping.timezone:
            timezone = None  # these times have a zone, and the argument is for times without one
    changes: dict[str, Any] = {}
    if timezone is not None:
        changes["timezone"] = timezone
    if defaults is not None:
        changes["defaults"] = {**mapping.defaults, **defaults}
    if mapping.sheet is None:
        changes["sheet"] = found or detect_format(path)
    elif mapping.sheet != found:  # detect only what the mapping leaves open
        wanted: SheetFormat = mapping.sheet
        changes["sheet"] = detect_format(
            path,
            sheet=wanted.sheet,
            header_row=wanted.header_row,
            encoding=wanted.encoding,
            delimiter=wanted.delimiter,
        )
    mapping = mapping.replace(**changes)
    return mapping if products is None else mapping.with_product_names(products)
