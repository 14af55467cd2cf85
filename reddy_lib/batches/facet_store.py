"""The facets of a batch in memory, shared by all sessions of a process, and refreshed when the batch changed.

What changes often (status, findings, agent …) is read again after any change: it is in narrow columns. Cells change only
when words are deleted for good, and a payload changes only with an edit, so both are read once, and payloads again for the
calls that were edited since.
Texts are kept for a search while they are small; else a search reads the payloads, and its result is kept.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from reddy_lib.batches.call_texts import (
    CallTexts,
    can_hold,
    decode_spoken,
    spoken_texts,
    texts_of,
    value_text,
)
from reddy_lib.batches.facet_columns import Mask, Numbers, Values, ValuesBuilder, calendar_of, encoded
from reddy_lib.batches.query_fields import COLUMN, TAG
from reddy_lib.database.bulk import pieces
from reddy_lib.database.change_marks import calls_mark
from reddy_lib.database.database import Database
from reddy_lib.database.privacy_tables import forgettings, removed_codes
from reddy_lib.database.schema import calls, edits
from reddy_lib.spreadsheet import Mapping
from reddy_lib.transcripts.language import language_of

__all__ = ["BatchStore", "FacetedBatch", "Snapshot", "drop_store", "store_of"]

MOST_TEXT = 32_000_000
"""Bytes of folded text that are kept for one batch; more is read from the database at each new search."""

MOST_CALLS = 400_000
"""Calls of all batches that one process keeps, by what was used last."""

_LONG = 300  # characters: a column with a longer value is prose
_MANY = 2_000  # distinct values that are listed, whatever the number of calls
_PIECE = 2_000
_MOST_KEPT = 16  # results of `BatchStore.kept`

Kept = TypeVar("Kept")


class FacetedBatch(Protocol):
    """The part of a batch that its facets need."""

    @property
    def id(self) -> str: ...
    @property
    def database(self) -> Database: ...
    @property
    def mapping(self) -> Mapping: ...
    @property
    def products(self) -> list[dict[str, Any]] | None: ...


class Snapshot(NamedTuple):
    """The facets of all calls at one moment, aligned by position; `rows` is ascending.

    `values`: by facet. `numbers`: by range. `columns`: names of all columns of the sheet. `unlisted`: columns with too many
    distinct values to list. `shift`: seconds that the batch's zone is ahead of UTC, by call.
    """

    rows: NDArray[np.int64]
    values: dict[str, Values]
    numbers: dict[str, Numbers]
    submission: Values
    columns: tuple[str, ...]
    unlisted: frozenset[str]
    shift: NDArray[np.int64]


class TextTerm(NamedTuple):
    """A condition on texts. `holds` is its test; `words` must all be in the payload for it to be true."""

    key: Hashable
    words: tuple[bytes, ...]
    holds: Callable[[CallTexts], bool]


class _Spoken(NamedTuple):
    """What was read from payloads and cells."""

    tags: dict[str, Values]
    columns: dict[str, Values]
    names: tuple[str, ...]
    unlisted: frozenset[str]
    characters: Numbers
    duration: Numbers
    texts: list[CallTexts] | None


class _One(NamedTuple):
    """What is read from one payload."""

    tags: dict[str, tuple[str, ...]]
    characters: int
    duration: float
    texts: CallTexts | None


_NARROW = (
    "id", "row", "status", "codes", "errors", "warnings", "edited", "agent_email", "product_id", "timestamp", "lines",
    "audio", "submission_id",
)  # fmt: skip

_stores: weakref.WeakKeyDictionary[sa.Engine, OrderedDict[str, BatchStore]] = weakref.WeakKeyDictionary()
_stores_lock = threading.Lock()


def store_of(batch: FacetedBatch) -> BatchStore:
    """Return the store of a batch, the same one for all sessions of this process that use the same database."""
    with _stores_lock:
        stores = _stores.setdefault(batch.database.engine, OrderedDict())
        found = stores.get(batch.id)
        if found is None:
            found = stores[batch.id] = BatchStore()
        stores.move_to_end(batch.id)
        while len(stores) > 1 and sum(store.size for store in stores.values()) > MOST_CALLS:
            stores.popitem(last=False)
    return found


def _gone_for_good(connection: sa.Connection) -> tuple[int, ...]:
    """Return a value that changes when words were deleted for good, by this process or another: then everything is read
    again, cells too, so that nothing of it stays in memory."""
    forgotten = sa.select(sa.func.count(forgettings.c.id), sa.func.count(forgettings.c.ended_at))
    removed = sa.select(sa.func.count()).select_from(removed_codes)
    return (*connection.execute(forgotten).one(), connection.execute(removed).scalar_one())


def drop_store(database: Database, batch_id: str) -> None:
    """Drop what this process keeps in memory of a batch."""
    with _stores_lock:
        _stores.get(database.engine, OrderedDict()).pop(batch_id, None)


class BatchStore:
    """What one batch's facets are counted from. All methods may be called by several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._ids: list[int] = []
        self._spoken: _Spoken | None = None
        self._edits: dict[int, int] = {}  # call → its last edit
        self._last_edit: int | None = None
        self._gone: tuple[int, ...] = ()  # of `_gone_for_good`
        self._languages: list[str | None] = []
        self._version = 0  # of what was said
        self._snapshot: Snapshot | None = None
        self._mark: Hashable = None  # of the calls, when the snapshot was taken
        self._masks: OrderedDict[Hashable, Mask] = OrderedDict()
        self._terms: dict[Hashable, TextTerm] = {}
        self.answers: OrderedDict[Hashable, Any] = OrderedDict()
        """Counts cached by callers; cleared with each new snapshot."""
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._kept_mark: Hashable = None

    @property
    def size(self) -> int:
        return len(self._ids)

    def current(self, connection: sa.Connection, batch: FacetedBatch) -> Snapshot:
        """Return the facets as this connection sees the batch."""
        mark = calls_mark(connection, batch.id)  # before anything is read: never newer than what is read
        with self._lock:
            if self._snapshot is None or mark != self._mark:
                self._snapshot, self._mark = self._refreshed(connection, batch), mark
            return self._snapshot

    def kept(self, batch: FacetedBatch, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return what `make` returned for this key, made again once a call of the batch has changed."""
        with batch.database.read() as connection:
            mark = calls_mark(connection, batch.id)  # before `make` reads: never newer than what it reads
        with self._lock:
            if mark != self._kept_mark:
                self._kept.clear()  # it may hold words that were deleted for good
                self._kept_mark = mark
            if key in self._kept:
                kept: Kept = self._kept[key]
                return kept
        made = make()
        with self._lock:
            if mark == self._kept_mark:
                self._kept[key] = made
                while len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
        return made

    def text_masks(
        self, connection: sa.Connection, batch: FacetedBatch, terms: Sequence[TextTerm]
    ) -> list[Mask]:
        """Return for each term which calls meet it. Call `current` first."""
        with self._lock:
            missing = [term for term in terms if term.key not in self._masks]
            if missing:
                spoken = self._spoken
                assert spoken is not None
                if spoken.texts is not None:
                    found = [_mask(map(term.holds, spoken.texts), self.size) for term in missing]
                else:
                    found = self._scan_texts(connection, batch, missing)
                for term, mask in zip(missing, found, strict=True):
                    self._terms[term.key] = term
                    self._keep(term.key, mask)
            for term in terms:
                self._masks.move_to_end(term.key)
            return [self._masks[term.key] for term in terms]

    def cell_mask(self, connection: sa.Connection, batch: FacetedBatch, column: str, value: str) -> Mask:
        """Return which calls have a value in a column that is not listed."""
        key = (column, value)
        with self._lock:
            if key not in self._masks:
                at = self._positions()
                mask = np.zeros(self.size, np.bool_)
                for row, text in self.cells_with(connection, batch, value):
                    if value_text(msgspec.json.decode(text).get(column)) == value and row in at:
                        mask[at[row]] = True
                self._keep(key, mask)
            self._masks.move_to_end(key)
            return self._masks[key]

    @staticmethod
    def cells_with(connection: sa.Connection, batch: FacetedBatch, text: str) -> Iterator[tuple[int, str]]:
        """Yield (row, cells as JSON) of the calls whose cells may hold a text."""
        inside = msgspec.json.encode(text).decode()[1:-1]
        found = (
            sa.func.instr(calls.c.cells, inside)
            if connection.dialect.name == "sqlite"
            else sa.func.strpos(calls.c.cells, inside)
        )
        condition = sa.true() if not text else found > 0
        for some in _read(connection, batch.id, ("row", "cells"), condition):
            yield from ((one[0], one[1]) for one in some)

    def languages(self) -> Values | None:
        """Return the language of each call, None where some are not detected yet."""
        with self._lock:
            if any(one is None for one in self._languages):
                return None
            return encoded(self._languages)

    def detect_languages(
        self, batch: FacetedBatch, on_progress: Callable[[int], object] | None = None
    ) -> Values:
        """Detect the languages that are not known yet, a few hundred calls at a time, and return those of all calls."""
        while True:
            with batch.database.read() as connection:
                self.current(connection, batch)
                with self._lock:
                    version, ids = self._version, list(self._ids)
                    known = self._languages
                    missing = [at for at, one in enumerate(known) if one is None][:250]
                    if not missing:
                        return encoded(known)
                found = {
                    at: language_of(spoken_texts(decode_spoken(payload)))
                    for at, payload in self._payloads(connection, {ids[at]: at for at in missing})
                }
            with self._lock:
                if version == self._version:  # else a call was edited meanwhile: look again
                    for at in missing:
                        self._languages[at] = found.get(at, "")
                    self.answers.clear()
                done = sum(one is not None for one in self._languages)
            if on_progress is not None:
                on_progress(done)

    # reading

    def _keep(self, key: Hashable, mask: Mask) -> None:
        self._masks[key] = mask
        while len(self._masks) > 48:
            gone, _ = self._masks.popitem(last=False)
            self._terms.pop(gone, None)

    def _positions(self) -> dict[int, int]:
        assert self._snapshot is not None
        return {row: at for at, row in enumerate(self._snapshot.rows.tolist())}

    def _refreshed(self, connection: sa.Connection, batch: FacetedBatch) -> Snapshot:
        narrow = [row for some in _read(connection, batch.id, _NARROW) for row in some]
        ids = [row[0] for row in narrow]
        last, edited = self._edits_of(connection, ids)
        gone = _gone_for_good(connection)
        if self._spoken is None or ids != self._ids or gone != self._gone:
            self._spoken = self._read_all(connection, batch, ids)
            self._languages = [None] * len(ids)
            self._masks.clear()
            self._terms.clear()
            self._version += 1
        elif edited is not None:
            changed = {
                call
                for call in self._edits.keys() | edited.keys()
                if self._edits.get(call) != edited.get(call)
            }
            if changed:
                self._spoken = self._reread(connection, self._spoken, changed)
                self._version += 1
        self._ids, self._gone = ids, gone
        if edited is not None:
            self._edits, self._last_edit = edited, last
        self.answers.clear()
        return _snapshot(narrow, self._spoken, batch.mapping.timezone)

    def _edits_of(
        self, connection: sa.Connection, ids: list[int]
    ) -> tuple[int | None, dict[int, int] | None]:
        """Return the ledger's last edit, and the last edit of each call; None in place of these if nothing was edited."""
        last: int | None = connection.execute(sa.select(sa.func.max(edits.c.id))).scalar()
        if not ids:
            return last, {}
        if connection.dialect.name == "sqlite" and self._spoken is not None and last == self._last_edit:
            return last, None  # one writer at a time: a later edit has a higher number
        # The ids of a batch are close together; those of others in between are left out below.
        query = (
            sa.select(edits.c.call_id, sa.func.max(edits.c.id))
            .where(edits.c.call_id.between(min(ids), max(ids)))
            .group_by(edits.c.call_id)
        )
        mine = set(ids)
        return last, {row[0]: row[1] for row in connection.execute(query) if row[0] in mine}

    def _payloads(self, connection: sa.Connection, at: dict[int, int]) -> Iterator[tuple[int, str]]:
        for some in pieces(at, size=500):
            query = sa.select(calls.c.id, calls.c.payload).where(calls.c.id.in_(some))
            for call, payload in connection.execute(query):
                yield at[call], payload

    def _read_all(self, connection: sa.Connection, batch: FacetedBatch, ids: list[int]) -> _Spoken:
        at_of = {call: at for at, call in enumerate(ids)}
        tags: dict[str, ValuesBuilder] = {}
        cells = _CellReader(batch.mapping, len(ids))
        characters, duration = np.zeros(len(ids)), np.full(len(ids), np.nan)
        texts: list[CallTexts] | None = [_NO_TEXT] * len(ids)
        size = 0
        for some in _read(connection, batch.id, ("id", "row", "payload", "cells")):
            for call, _, payload, cell_text in some:
                at = at_of.get(call)
                if at is None:  # loaded since the ids were read
                    continue
                one = _one(payload, with_texts=texts is not None)
                for key, values in one.tags.items():
                    if key not in tags:
                        tags[key] = ValuesBuilder()
                    tags[key].add(values, at)
                characters[at], duration[at] = one.characters, one.duration
                if texts is not None and one.texts is not None:
                    texts[at] = one.texts
                    size += sum(map(len, one.texts))
                    # The first thousand calls tell how much it will be: a large batch is not kept for nothing.
                    if size > MOST_TEXT or (at == 1_000 and size * len(ids) > MOST_TEXT * 2_000):
                        texts = None
                cells.add(cell_text, at)
        columns, unlisted = cells.done()
        done = {key: builder.done(len(ids)) for key, builder in tags.items()}
        return _Spoken(done, columns, tuple(cells.names), unlisted, characters, duration, texts)

    def _reread(self, connection: sa.Connection, spoken: _Spoken, changed: set[int]) -> _Spoken:
        """Return what was said, with these calls read again."""
        place = {call: at for at, call in enumerate(self._ids)}
        new = {
            at: _one(payload, with_texts=True)
            for at, payload in self._payloads(connection, {call: place[call] for call in changed})
        }
        where = sorted(new)
        tags = dict(spoken.tags)
        for key in tags.keys() | {key for one in new.values() for key in one.tags}:
            before = tags.get(key) or ValuesBuilder().done(self.size)
            now = [new[at].tags.get(key, ()) for at in where]
            tags[key] = ValuesBuilder.of(before).changed(before, where, now)
        tags = {key: values for key, values in tags.items() if values.codes.any()}
        characters, duration = spoken.characters.copy(), spoken.duration.copy()
        texts = None if spoken.texts is None else list(spoken.texts)
        for at, one in new.items():
            characters[at], duration[at] = one.characters, one.duration
            self._languages[at] = None
            if texts is not None and one.texts is not None:
                texts[at] = one.texts
        for term in self._terms.values():
            mask = self._masks[term.key].copy()
            mask[where] = [term.holds(new[at].texts or _NO_TEXT) for at in where]
            self._masks[term.key] = mask
        return spoken._replace(tags=tags, characters=characters, duration=duration, texts=texts)

    def _scan_texts(
        self, connection: sa.Connection, batch: FacetedBatch, terms: Sequence[TextTerm]
    ) -> list[Mask]:
        at_of = {call: at for at, call in enumerate(self._ids)}
        masks = [np.zeros(self.size, np.bool_) for _ in terms]
        for some in _read(connection, batch.id, ("id", "row", "payload")):
            for call, _, payload in some:
                possible = [at for at, term in enumerate(terms) if can_hold(payload, term.words)]
                if not possible or call not in at_of:
                    continue
                texts = texts_of(payload, decode_spoken(payload))
                for at in possible:
                    masks[at][at_of[call]] = terms[at].holds(texts)
        return masks


_NO_TEXT = CallTexts(b"", b"", b"")


def _mask(found: Iterator[bool], size: int) -> Mask:
    return np.fromiter(found, np.bool_, size)


def _read(
    connection: sa.Connection,
    batch_id: str,
    names: Sequence[str],
    condition: sa.ColumnElement[bool] | None = None,
) -> Iterator[list[Any]]:
    """Yield columns of a batch's calls by row, some thousand calls at a time."""
    at = names.index("row")
    after = -(2**31)
    query = sa.select(*(calls.c[name] for name in names)).where(
        calls.c.batch_id == batch_id, calls.c.row > sa.bindparam("after")
    )
    if condition is not None:
        query = query.where(condition)
    query = query.order_by(calls.c.row).limit(_PIECE)
    while True:
        some = [tuple(row) for row in connection.execute(query, {"after": after})]
        if some:
            yield some
        if len(some) < _PIECE:
            return
        after = some[-1][at]


def _one(payload: str, *, with_texts: bool) -> _One:
    call = decode_spoken(payload)
    tags: dict[str, tuple[str, ...]] = {}
    for tag in call.tags or ():
        value = value_text(tag.value)
        before = tags.get(tag.key, ())
        if value and value not in before:
            tags[tag.key] = (*before, value)
    characters, last = 0, -1.0
    for line in call.transcript or ():
        characters += len(line.text)
        moment = line.stop if line.stop is not None else line.start
        if moment is not None and moment > last:
            last = moment
    texts = texts_of(payload, call) if with_texts else None
    return _One(tags, characters, last if last >= 0 else float("nan"), texts)


class _CellReader:
    """Encode the cells of a sheet, column by column. Transcripts, and columns with too many values, are not kept."""

    def __init__(self, mapping: Mapping, calls: int) -> None:
        self._calls = calls
        self._most = max(_MANY, calls // 10)
        self._builders: dict[str, ValuesBuilder] = {}
        self._unlisted: set[str] = set()
        self.names: dict[str, None] = {}

    def add(self, text: str, at: int) -> None:
        cells = msgspec.json.decode(text)
        for name, cell in cells.items():
            builder = self._builders.get(name)
            if builder is None:
                if name in self._unlisted:
                    continue
                self.names[name] = None
                builder = self._builders[name] = ValuesBuilder()
            value = value_text(cell)
            if not value:
                continue
            builder.add((value,), at)
            if len(value) > _LONG or builder.distinct > self._most:
                self._unlisted.add(name)
                del self._builders[name]

    def done(self) -> tuple[dict[str, Values], frozenset[str]]:
        """Return the values by column, and the columns that are not listed."""
        found = {name: builder.done(self._calls) for name, builder in self._builders.items()}
        return found, frozenset(self._unlisted)


def _snapshot(narrow: Sequence[tuple[Any, ...]], spoken: _Spoken, zone: str) -> Snapshot:
    columns: Sequence[Sequence[Any]] = list(zip(*narrow, strict=True)) if narrow else [()] * len(_NARROW)
    by = dict(zip(_NARROW, columns, strict=True))
    start = np.asarray([np.nan if one is None else one for one in by["timestamp"]], np.float64)
    calendar = calendar_of(start, zone)
    codes = encoded(by["codes"])
    severities = [
        (("error",) if errors else ()) + (("warning",) if warnings else ())
        for errors, warnings in zip(by["errors"], by["warnings"], strict=True)
    ]
    severity = ValuesBuilder()
    values = {
        "status": encoded(by["status"]),
        "code": Values(
            codes.codes, [tuple(one[0].strip("|").split("|")) if one else () for one in codes.tuples]
        ),
        "agent": encoded(by["agent_email"]),
        "product": encoded(by["product_id"]),
        "audio": encoded(by["audio"]),
        "weekday": calendar.weekday,
        "day": calendar.day,
        "hour": calendar.hour,
        "severity": Values(
            np.asarray([severity.code(one) for one in severities], np.int32), severity.done(0).tuples
        ),
        "edited": encoded(["yes" if one else "no" for one in by["edited"]]),
        **{f"{TAG}{name}": found for name, found in spoken.tags.items()},
        **{f"{COLUMN}{name}": found for name, found in spoken.columns.items()},
    }
    numbers = {
        "turns": np.asarray(by["lines"], np.float64),
        "characters": spoken.characters,
        "duration": spoken.duration,
        "start": start,
    }
    return Snapshot(
        np.asarray(by["row"], np.int64),
        values,
        numbers,
        encoded(by["submission_id"]),
        spoken.names,
        spoken.unlisted,
        calendar.shift,
    )
