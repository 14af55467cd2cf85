"""Count the values of a batch's facets: for each facet, of the calls that the conditions of all others leave."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

import reddy_lib.arguments as arguments
from reddy_lib.batches.call_texts import value_text
from reddy_lib.batches.facet_columns import Mask, Values
from reddy_lib.batches.facet_store import BatchStore, FacetedBatch, Snapshot, store_of
from reddy_lib.batches.folding import fold
from reddy_lib.batches.queries import Query
from reddy_lib.batches.query_fields import COLUMN, NUMBERS, TAG
from reddy_lib.batches.query_masks import Condition, conditions_of, every
from reddy_lib.database.schema import STATUSES
from reddy_lib.findings import CATALOGUE

__all__ = ["Bin", "Facet", "FacetValue", "Facets", "facet_names", "facet_values", "facets_of"]

MOST_VALUES = 50
MOST_BINS = 20

_TITLES = {
    "status": "Status",
    "code": "Finding",
    "agent": "Agent",
    "product": "Product",
    "turns": "Turns",
    "characters": "Characters",
    "duration": "Duration",
    "start": "Start",
    "day": "Day",
    "weekday": "Weekday",
    "hour": "Hour",
    "language": "Language",
    "audio": "Recording",
    "severity": "Severity",
    "edited": "Edited",
}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_IN_ORDER = frozenset({"status", "weekday", "hour", "day"})
_STEPS_OF_TIME = (60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400)


class FacetValue(msgspec.Struct, frozen=True):
    """One value of a facet. `value`: as a query names it, "" = none. `label`: for people. `count`: calls that have it."""

    value: str
    label: str
    count: int
    chosen: bool


class Bin(msgspec.Struct, frozen=True):
    """Calls with a number from `least` to `most`, both included."""

    least: float
    most: float
    count: int


class Facet(msgspec.Struct, frozen=True):
    """One facet of a batch, counted over the calls that the conditions of the other facets leave.

    Attributes:
        name: as queries name it: "status", "tag:CSAT", "column:Queue", "turns".
        title: for people.
        kind: "values"; "numbers" and "times" have least, most and bins.
        values: most frequent first (statuses and parts of the calendar in their own order), 50 at most.
        more: values that are not among them.
        missing: calls that have none.
        chosen: whether the query has a condition on it.
        unlisted: a column with too many values to list; `facet_values` searches them.
        pending: the languages are not detected yet, see `Batch.detect_languages`.
        least, most: the smallest and the largest number; None where no call has one.
        bins: 20 at most, of equal width.
    """

    name: str
    title: str
    kind: Literal["values", "numbers", "times"]
    values: tuple[FacetValue, ...] = ()
    more: int = 0
    missing: int = 0
    chosen: bool = False
    unlisted: bool = False
    pending: bool = False
    least: float | None = None
    most: float | None = None
    bins: tuple[Bin, ...] = ()


class Facets:
    """Facets, in the order in which they are shown; `facets[name]` is one of them. `count`: calls that the
    query leaves, `of`: calls of the batch.
    """

    def __init__(self, count: int, of: int, facets: Sequence[Facet]) -> None:
        self.count, self.of = count, of
        self._facets = {one.name: one for one in facets}

    def __getitem__(self, name: str) -> Facet:
        return self._facets[name]

    def __contains__(self, name: object) -> bool:
        return name in self._facets

    def __iter__(self) -> Iterator[Facet]:
        return iter(self._facets.values())

    def __len__(self) -> int:
        return len(self._facets)

    def __repr__(self) -> str:
        return f"<Facets of {self.count:,} of {self.of:,} calls · {', '.join(self._facets)}>"


class _Counted(NamedTuple):
    """A query's conditions, and the calls that meet all of them."""

    conditions: list[Condition]
    left: Mask

    def others(self, facet: str) -> Mask:
        """Return the calls that the conditions of all other facets leave."""
        if all(one.facet != facet for one in self.conditions):
            return self.left
        return every((one.mask for one in self.conditions if one.facet != facet), len(self.left))


def facet_names(batch: FacetedBatch) -> list[str]:
    """Return the names of a batch's facets, in the order in which they are shown; see `Batch.facet_names`."""
    with batch.database.read() as connection:
        return _names(store_of(batch).current(connection, batch))


def _names(snapshot: Snapshot) -> list[str]:
    """Return the facets: those of every batch, then tags and columns, the ones with few values first."""

    def few(name: str) -> tuple[bool, int]:
        values = snapshot.values.get(name)
        return values is None, len(values.tuples) if values is not None else 0

    tags = sorted((name for name in snapshot.values if name.startswith(TAG)), key=few)
    columns = sorted((f"{COLUMN}{name}" for name in snapshot.columns), key=few)
    return [*_TITLES, *tags, *columns]


def facets_of(batch: FacetedBatch, query: Query, names: Sequence[str] | None) -> Facets:
    """Count the facets of a batch; see `Batch.facets`."""
    store = store_of(batch)
    key = (str(query), None if names is None else tuple(names))
    with batch.database.read() as connection:
        snapshot = store.current(connection, batch)
        kept = store.answers.get(key)
        if kept is not None and kept[0] is snapshot:
            answer: Facets = kept[1]
            return answer
        counted = _count(store, connection, batch, snapshot, query)
        wanted = _names(snapshot) if names is None else list(names)
        found = []
        for name in wanted:
            if name in NUMBERS:
                found.append(_numbers(snapshot, query, counted, name))
            elif name == "language" and names is None and store.languages() is None:
                found.append(Facet(name, _TITLES[name], "values", pending=True, chosen=bool(query.language)))
            else:
                found.append(_values(store, batch, snapshot, query, counted, name))
    answer = Facets(int(counted.left.sum()), len(counted.left), found)
    if len(store.answers) < 64:
        store.answers[key] = (snapshot, answer)
    return answer


def facet_values(
    batch: FacetedBatch, name: str, query: Query, *, contains: str, limit: int
) -> tuple[FacetValue, ...]:
    """Return values of one facet, the most frequent first; see `Batch.facet_values`."""
    limit = arguments.whole_number(limit, "limit", least=0)
    store = store_of(batch)
    with batch.database.read() as connection:
        snapshot = store.current(connection, batch)
        counted = _count(store, connection, batch, snapshot, query)
        left = counted.others(name)
        if name.startswith(COLUMN) and name.removeprefix(COLUMN) in snapshot.unlisted:
            counts = _unlisted_counts(store, connection, batch, snapshot, left, name, contains)
        else:
            counts = _values_of(store, batch, snapshot, name).counts(left)
    wanted = fold(contains)
    labels = _labels(batch, name)
    shown = [
        (value, number)
        for value, number in counts.items()
        if wanted in fold(value) or wanted in fold(labels.get(value, ""))
    ]
    return _listed(name, labels, shown, query.values_of(name))[:limit]


def _count(
    store: BatchStore, connection: sa.Connection, batch: FacetedBatch, snapshot: Snapshot, query: Query
) -> _Counted:
    conditions = conditions_of(store, connection, batch, snapshot, query)
    return _Counted(conditions, every((one.mask for one in conditions), len(snapshot.rows)))


def _values_of(store: BatchStore, batch: FacetedBatch, snapshot: Snapshot, name: str) -> Values:
    if name == "language":
        return store.detect_languages(batch)
    if name in snapshot.values:
        return snapshot.values[name]
    if not name.startswith((TAG, COLUMN)):
        arguments.known(name, "facet", _TITLES)
    return Values(np.zeros(len(snapshot.rows), np.int32), [()])


def _values(
    store: BatchStore, batch: FacetedBatch, snapshot: Snapshot, query: Query, counted: _Counted, name: str
) -> Facet:
    chosen = any(one.facet == name for one in counted.conditions)
    title = _TITLES.get(name) or name.partition(":")[2]
    if name.startswith(COLUMN) and name.removeprefix(COLUMN) in snapshot.unlisted:
        return Facet(name, title, "values", chosen=chosen, unlisted=True)
    counts = _values_of(store, batch, snapshot, name).counts(counted.others(name))
    wanted = query.values_of(name)
    shown = list(_listed(name, _labels(batch, name), list(counts.items()), wanted))
    if len(shown) > MOST_VALUES:  # what is chosen is always listed
        kept = [one for one in shown if one.chosen]
        shown = kept + [one for one in shown if not one.chosen][: max(0, MOST_VALUES - len(kept))]
        shown = _ordered(name, shown)
    return Facet(
        name, title, "values", tuple(shown), max(0, len(counts) - len(shown)), counts.get("", 0), chosen
    )


def _listed(
    name: str, labels: Mapping[str, str], counts: Sequence[tuple[str, int]], chosen: Sequence[str]
) -> tuple[FacetValue, ...]:
    """Return values with their counts, in order; chosen ones also where no call has them."""
    there = {value for value, _ in counts}
    found = [FacetValue(value, labels.get(value, value), number, value in chosen) for value, number in counts]
    found += [FacetValue(value, labels.get(value, value), 0, True) for value in chosen if value not in there]
    return tuple(_ordered(name, found))


def _ordered(name: str, values: Sequence[FacetValue]) -> list[FacetValue]:
    if name == "status":
        return sorted(values, key=lambda one: STATUSES.index(one.value) if one.value else 99)
    if name in _IN_ORDER:
        return sorted(values, key=lambda one: (not one.value, one.value.zfill(10)))
    return sorted(values, key=lambda one: (-one.count, one.value == "", one.value))


def _labels(batch: FacetedBatch, name: str) -> dict[str, str]:
    """Return value → what people call it, where that differs."""
    labels = {"": "none"}
    if name == "product":
        labels |= {str(one["id"]): str(one.get("name") or one["id"]) for one in batch.products or ()}
    elif name == "code":
        labels |= {code: rule.title for code, rule in CATALOGUE.items()}
    elif name == "weekday":
        labels |= {str(number): day for number, day in enumerate(_DAYS, start=1)}
    elif name == "hour":
        labels |= {str(hour): f"{hour:02}:00" for hour in range(24)}
    elif name == "language":
        labels[""] = "not clear"
    return labels


def _unlisted_counts(
    store: BatchStore,
    connection: sa.Connection,
    batch: FacetedBatch,
    snapshot: Snapshot,
    left: Mask,
    name: str,
    contains: str,
) -> dict[str, int]:
    """Count the values of a column that is not in memory, by reading the cells of the calls that are left."""
    rows = set(snapshot.rows[left].tolist())
    column, wanted = name.removeprefix(COLUMN), fold(contains)
    counts: dict[str, int] = {}
    for row, cells in store.cells_with(connection, batch, ""):
        if row in rows:
            value = value_text(msgspec.json.decode(cells).get(column))
            if wanted in fold(value):
                counts[value] = counts.get(value, 0) + 1
    return counts


def _numbers(snapshot: Snapshot, query: Query, counted: _Counted, name: str) -> Facet:
    mask = counted.others(name)
    numbers = snapshot.numbers[name][mask]
    there = ~np.isnan(numbers)
    found = numbers[there]
    missing = int(len(numbers) - len(found))
    kind: Literal["numbers", "times"] = "times" if name == "start" else "numbers"
    chosen = query.range_of(name) is not None
    if not len(found):
        return Facet(name, _TITLES[name], kind, missing=missing, chosen=chosen)
    shift = int(snapshot.shift[mask][there][int(np.argmin(found))]) if name == "start" else 0
    return Facet(
        name,
        _TITLES[name],
        kind,
        missing=missing,
        chosen=chosen,
        least=float(found.min()),
        most=float(found.max()),
        bins=_bins(found, whole=name in ("turns", "characters"), times=name == "start", shift=shift),
    )


def _bins(numbers: NDArray[np.float64], *, whole: bool, times: bool, shift: int) -> tuple[Bin, ...]:
    """Return 20 bins at most, with limits that people like to read; `shift`: seconds of the zone, for times."""
    least, most = float(numbers.min()) + shift, float(numbers.max()) + shift
    step = _step((most - least) / (MOST_BINS - 2), whole=whole, times=times)
    first = math.floor(least / step)
    places = np.floor((numbers + shift) / step).astype(np.int64) - first
    counts = np.bincount(np.clip(places, 0, None))
    bins = []
    for at, number in enumerate(counts.tolist()):
        begin = (first + at) * step - shift
        end = (first + at + 1) * step - shift
        bins.append(Bin(begin, end - 1 if whole else math.nextafter(end, -math.inf), number))
    return tuple(bins)


def _step(least: float, *, whole: bool, times: bool) -> float:
    """Return the width of bins that is not below `least`: 1, 2 or 5 times a power of ten; of times, minutes to days."""
    if times:
        known = [step for step in _STEPS_OF_TIME if step >= least]
        if known:
            return float(known[0])
        return 86_400.0 * _step(least / 86_400.0, whole=True, times=False)
    if least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)
    return max(1.0, step) if whole else step
