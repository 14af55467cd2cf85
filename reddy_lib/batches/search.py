"""Find the calls of a batch that filters and queries leave.

What is in narrow columns is asked of SQL. As soon as a condition is about words, tags, cells or the calendar, the rows come
from the facets in memory (`facet_store`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

import reddy_lib.arguments as arguments
from reddy_lib.batches.facet_columns import Mask
from reddy_lib.batches.facet_store import FacetedBatch, store_of
from reddy_lib.batches.queries import as_query
from reddy_lib.batches.query_fields import Conditions, Range
from reddy_lib.batches.query_masks import conditions_of, every, product_values
from reddy_lib.batches.selections import rows_of_selection
from reddy_lib.database.schema import STATUSES, calls
from reddy_lib.findings import CATALOGUE

__all__ = ["FILTERS", "Found", "SearchedBatch", "find", "next_row", "page_of", "previous_row", "where"]

FILTERS = (
    "query",
    "status",
    "severity",
    "code",
    "search",
    "agent",
    "product",
    "edited",
    "rows",
    "submission",
)
"""Filters that `calls`, `count`, `rows`, `finding_counts` and others accept."""

_IN_MEMORY = (
    "words", "without_words", "says", "without_says", "language", "weekday", "day", "hour", "tags", "columns",
    "characters", "duration",
)  # fmt: skip
_IN_SQL = frozenset({"status", "code", "agent", "product", "audio", "severity", "edited"})


class SearchedBatch(FacetedBatch, Protocol):
    """The part of a batch that a search needs."""

    @property
    def these_rows(self) -> Callable[[Any], list[int]]: ...


class _Parts(NamedTuple):
    """What filters and a query ask for. All parts must hold."""

    parts: list[Conditions]
    nothing: bool  # a filter that no call can meet, such as an empty list of statuses


def where(batch: SearchedBatch, **filters: Any) -> list[sa.ColumnElement[bool]]:
    """Return the SQL conditions of filters, and of `query`.

    Raises:
        TypeError, ValueError: an unknown filter, status, severity or code, or a value of the wrong type.
        NotInLedger: the batch lacks one of the rows.
    """
    return find(batch, **filters).conditions


class Found(NamedTuple):
    """The calls that filters leave: as SQL conditions, and as row numbers where those are known.

    `parts`: what was asked for.
    """

    conditions: list[sa.ColumnElement[bool]]
    rows: NDArray[np.int64] | None
    parts: list[Conditions]


def find(batch: SearchedBatch, **filters: Any) -> Found:
    """Return the calls that filters and `query` leave. Raises as `where`."""
    query = filters.pop("query", None)
    asked = None if query is None else as_query(query)
    old = _of_filters(batch, filters)
    parts = [*old.parts, *([asked] if asked is not None else [])]
    mine: list[sa.ColumnElement[bool]] = [calls.c.batch_id == batch.id]
    if old.nothing:
        return Found([*mine, sa.false()], np.empty(0, np.int64), parts)
    if not any(map(_needs_memory, parts)):
        for part in parts:
            mine += _sql_of(batch, part)
        return Found(mine, None, parts)
    rows = _rows_in_memory(batch, parts)
    return Found([*mine, _in_rows(batch, rows.tolist())], rows, parts)


def next_row(batch: SearchedBatch, row: int, **filters: Any) -> int | None:
    """Return the first row after this one that the filters leave, None if there is none."""
    found = find(batch, **filters)
    if found.rows is not None:
        at = int(np.searchsorted(found.rows, row, side="right"))
        return int(found.rows[at]) if at < len(found.rows) else None
    return _one(batch, sa.select(sa.func.min(calls.c.row)).where(*found.conditions, calls.c.row > row))


def previous_row(batch: SearchedBatch, row: int, **filters: Any) -> int | None:
    """Return the last row before this one that the filters leave, None if there is none."""
    found = find(batch, **filters)
    if found.rows is not None:
        at = int(np.searchsorted(found.rows, row, side="left"))
        return int(found.rows[at - 1]) if at else None
    return _one(batch, sa.select(sa.func.max(calls.c.row)).where(*found.conditions, calls.c.row < row))


def page_of(batch: SearchedBatch, row: int, *, size: int, **filters: Any) -> int | None:
    """Return the number of the page, from 1, that lists this row; None if the filters do not leave it."""
    size = arguments.whole_number(size, "size", least=1)
    found = find(batch, **filters)
    if found.rows is not None:
        at = int(np.searchsorted(found.rows, row))
        there = at < len(found.rows) and int(found.rows[at]) == row
        return at // size + 1 if there else None
    before = sa.select(sa.func.count()).where(*found.conditions, calls.c.row < row)
    itself = sa.select(calls.c.row).where(*found.conditions, calls.c.row == row)
    with batch.database.read() as connection:
        if connection.execute(itself).first() is None:
            return None
        return int(connection.execute(before).scalar_one()) // size + 1


def _one(batch: SearchedBatch, query: sa.Select[Any]) -> int | None:
    with batch.database.read() as connection:
        found: int | None = connection.execute(query).scalar()
        return found


def _of_filters(batch: SearchedBatch, filters: dict[str, Any]) -> _Parts:
    """Return the conditions of keyword filters, checked as a caller's arguments."""
    found: dict[str, Any] = {}
    nothing = False
    for name, value in filters.items():
        arguments.known(name, "filter", FILTERS)
        if value is None:
            continue
        if name == "status":
            statuses = [value] if isinstance(value, str) else list(value)
            found[name] = tuple(arguments.known(one, "status", STATUSES) for one in statuses)
            nothing = nothing or not statuses
        elif name == "severity":
            found[name] = (arguments.known(value, "severity", ("error", "warning")),)
        elif name == "code":
            found[name] = (arguments.known(value, "code", CATALOGUE),)
        elif name == "search":
            found["words"] = (arguments.text(value, "search").strip(),)
        elif name == "agent":
            found[name] = (arguments.text(value, "agent"),)
        elif name == "product":
            found[name] = (str(arguments.whole_number(value, "product", least=-(2**63))),)
        elif name == "edited":
            if not isinstance(value, bool):
                raise TypeError("edited must be True or False.")
            found[name] = ("yes" if value else "no",)
        elif name == "rows":
            found[name] = tuple(batch.these_rows(value))
        else:
            found[name] = str(getattr(value, "id", value))
    return _Parts([Conditions(**found)] if found else [], nothing)


def _needs_memory(query: Conditions) -> bool:
    return any(getattr(query, name) for name in _IN_MEMORY) or any(
        one.facet not in _IN_SQL for one in query.without
    )


def _rows_in_memory(batch: SearchedBatch, parts: list[Conditions]) -> NDArray[np.int64]:
    store = store_of(batch)
    with batch.database.read() as connection:
        snapshot = store.current(connection, batch)
        masks: list[Mask] = [
            one.mask for part in parts for one in conditions_of(store, connection, batch, snapshot, part)
        ]
    return snapshot.rows[every(masks, len(snapshot.rows))]


def _in_rows(batch: SearchedBatch, rows: list[int]) -> sa.ColumnElement[bool]:
    """Return the condition for a set of rows, as one parameter."""
    if not rows:
        return sa.false()
    if batch.database.is_sqlite:
        text = "[" + ",".join(map(str, rows)) + "]"
        given = sa.func.json_each(sa.literal(text)).table_valued("value")
        return calls.c.row.in_(sa.select(given.c.value))
    return calls.c.row == sa.any_(sa.literal(rows, sa.ARRAY(sa.Integer)))


def _sql_of(batch: SearchedBatch, query: Conditions) -> list[sa.ColumnElement[bool]]:
    """Return the SQL conditions of a query that has no others."""
    found = [
        _any_value(batch, facet, query.values_of(facet))
        for facet in sorted(_IN_SQL)
        if query.values_of(facet)
    ]
    found += [
        ~sa.func.coalesce(_any_value(batch, one.facet, (one.value,)), sa.false()) for one in query.without
    ]
    for column, limits in ((calls.c.lines, query.turns), (calls.c.timestamp, query.start)):
        found += _between(column, limits)
    if query.rows is not None:
        found.append(_in_rows(batch, list(query.rows)))
    if query.selection is not None:
        found.append(_in_rows(batch, rows_of_selection(batch.database, batch.id, query.selection) or []))
    if query.submission is not None:
        found.append(calls.c.submission_id == query.submission)
    return found


def _between(column: sa.ColumnElement[Any], limits: Range | None) -> list[sa.ColumnElement[bool]]:
    if limits is None:
        return []
    least = [column >= limits.least] if limits.least is not None else []
    return [*least, *([column <= limits.most] if limits.most is not None else [])]


def _any_value(batch: SearchedBatch, facet: str, values: tuple[str, ...]) -> sa.ColumnElement[bool]:
    """Return the condition for calls that have any of these values; "" = none."""
    named = [value for value in values if value]
    some: list[sa.ColumnElement[bool]] = []
    if facet == "code":
        some = [calls.c.codes.contains(f"|{value}|", autoescape=True) for value in named]
        empty: sa.ColumnElement[bool] = calls.c.codes == ""
    elif facet == "severity":
        some = [(calls.c.errors if value == "error" else calls.c.warnings) > 0 for value in named]
        empty = sa.and_(calls.c.errors == 0, calls.c.warnings == 0)
    elif facet == "edited":
        some = [calls.c.edited.is_(value == "yes") for value in named]
        empty = sa.false()
    elif facet == "product":
        ids = [int(value) for value in product_values(batch, named)]
        some = [calls.c.product_id.in_([one for one in ids if abs(one) < 2**63])]
        empty = calls.c.product_id.is_(None)
    else:
        column = calls.c.agent_email if facet == "agent" else calls.c[facet]
        some = [column.in_([value.replace("\x00", "") for value in named])]
        empty = sa.or_(column.is_(None), column == "")
    return sa.or_(sa.false(), *some, *([empty] if "" in values else []))
