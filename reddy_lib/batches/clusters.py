"""Values of a field, tag or column that may mean the same, for a person to merge.

Four levels, strict to lax. The first two give values a key, as OpenRefine does; values with one key are a cluster. The
other two count letters that differ: each value joins the most frequent value that is near enough, never a chain of
neighbours, so nothing in a cluster is further from its proposal than the level allows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Literal, NamedTuple

from rapidfuzz.distance import OSA

import reddy_lib.arguments as arguments
from reddy_lib.batches.facet_store import store_of
from reddy_lib.batches.likeness import (
    SAME_LETTERS,
    edits_between,
    fingerprint,
    folded,
    letters_differ,
    ngram_fingerprint,
    too_far,
)
from reddy_lib.batches.previews import stored_calls
from reddy_lib.batches.steps import MergeValues, Step
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.batches.value_steps import cells_of, source_of, values_at
from reddy_lib.model import from_payload

__all__ = ["LEVELS", "LEVEL_TITLES", "Cluster", "Level", "clusters_of", "values_of"]

Level = Literal["fingerprint", "n-gram", "near", "lax"]
LEVELS: tuple[Level, ...] = ("fingerprint", "n-gram", "near", "lax")
"""Strict to lax. Each level finds what the ones before it find."""

LEVEL_TITLES: dict[Level, str] = {
    "fingerprint": "Same words: case, accents, signs and order do not count",
    "n-gram": "Same letters: blanks and doubled parts do not count either",
    "near": "Few letters differ",
    "lax": "Up to a quarter of the letters differ",
}

MOST_VALUES = 20_000
"""Different values that are compared; a column of free text has more and no clusters."""

_BLOCK = 256  # values that are compared with all others at a time


class Cluster(NamedTuple):
    """Values that may mean the same, with their calls, the most frequent first.

    Attributes:
        proposed: the most frequent value, or the one that looks best among equally frequent ones.
        why: how they are alike, in words.
    """

    source: str
    values: tuple[tuple[str, int], ...]
    proposed: str
    why: str

    @property
    def calls(self) -> int:
        """How many calls would get the proposed value."""
        return sum(count for value, count in self.values if value != self.proposed)

    @property
    def step(self) -> MergeValues | None:
        """Return the step that sets all of them to the proposed value; None for a column, whose cells never change."""
        return self.merged_into(self.proposed)

    @property
    def steps(self) -> dict[str, Step]:
        """Return a step for each value that is not the proposed one."""
        if source_of(self.source).kind == "column":
            return {}
        return {
            value: MergeValues(source=self.source, values=(value,), value=_typed(self.source, self.proposed))
            for value, _ in self.values
            if value != self.proposed
        }

    def merged_into(self, text: str) -> MergeValues | None:
        """Return the step that replaces all values of the cluster with this one."""
        if source_of(self.source).kind == "column":
            return None
        others = tuple(value for value, _ in self.values if value != text)
        return MergeValues(source=self.source, values=others, value=_typed(self.source, text))


def _typed(source: str, text: str) -> str | int:
    return int(text) if source == "product_id" and text.isdecimal() else text


def values_of(
    batch: StoredBatch, source: str, rows: Iterable[int] | int | None = None
) -> list[tuple[str, int]]:
    """Return the values of a field, tag or column with the number of calls, most frequent first; see `Batch.values`."""
    where = source_of(source)
    wanted = None if rows is None else tuple(batch.these_rows(rows))

    def counted() -> list[tuple[str, int]]:
        counts: Counter[str] = Counter()
        for stored in stored_calls(batch, batch.rows() if wanted is None else wanted):
            counts.update(set(values_at(where, from_payload(stored.payload), partial(cells_of, stored))))
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))

    # A page asks at each of its runs, and all payloads are read for it.
    return list(store_of(batch).kept(batch, ("values", source, wanted), counted))


def clusters_of(
    batch: StoredBatch, source: str, level: Level = "fingerprint", rows: Iterable[int] | int | None = None
) -> list[Cluster]:
    """Return the clusters of a source's values, those with most calls first; see `Batch.clusters`."""
    arguments.known(level, "level", LEVELS)
    wanted = None if rows is None else tuple(batch.these_rows(rows))

    def found() -> list[Cluster]:
        counts = {value: count for value, count in values_of(batch, source, wanted) if value.strip()}
        return clustered(source, counts, level)

    return list(store_of(batch).kept(batch, ("clusters", source, level, wanted), found))


def clustered(source: str, counts: Mapping[str, int], level: Level) -> list[Cluster]:
    """Return the clusters of values with these counts.

    Raises ValueError: there are more than `MOST_VALUES` different ones.
    """
    if len(counts) > MOST_VALUES:
        raise ValueError(
            f"The {source_of(source).label} has {len(counts):,} different values, too many to compare. Choose fewer calls."
        )
    ordered = sorted(counts, key=lambda value: (-counts[value], _untidy(value), value))
    key: Callable[[str], str] = fingerprint if level == "fingerprint" else ngram_fingerprint
    groups = _by_key(ordered, fingerprint)
    if level != "fingerprint":
        groups = _joined(groups, _by_key(ordered, key))
    if level in ("near", "lax"):
        groups = _nearby(groups, lax=level == "lax")
    found = [_cluster(source, group, counts) for group in groups if len(group) > 1]
    return sorted(found, key=lambda one: (-one.calls, one.proposed))


def _untidy(value: str) -> tuple[bool, bool]:
    """Sort key: a value without outer or doubled blanks, and not all in one case (an address: in lower case), is first."""
    one_case = value != value.lower() if "@" in value else value.isupper() or value.islower()
    return value != " ".join(value.split()), one_case


def _by_key(values: Iterable[str], key: Callable[[str], str]) -> list[list[str]]:
    found: dict[str, list[str]] = {}
    for value in values:
        found.setdefault(key(value), []).append(value)
    return list(found.values())


def _joined(one: list[list[str]], other: list[list[str]]) -> list[list[str]]:
    """Join the groups of two groupings that share a value; the order of the values stays."""
    group_of = {value: place for place, group in enumerate(one) for value in group}
    parent = list(range(len(one)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for group in other:
        for value in group[1:]:
            a, b = root(group_of[group[0]]), root(group_of[value])
            parent[max(a, b)] = min(a, b)
    joined: dict[int, list[str]] = {}
    for place, group in enumerate(one):
        joined.setdefault(root(place), []).extend(group)
    return list(joined.values())


def _nearby(groups: list[list[str]], *, lax: bool) -> list[list[str]]:
    """Let each group join the first one before it (they come by frequency) that few letters part it from."""
    import numpy as np
    from rapidfuzz.process import cdist

    texts = [folded(group[0]) for group in groups]
    lengths = np.array([len(text) for text in texts])
    leader = list(range(len(groups)))
    limits = [too_far(int(length), lax=lax) for length in lengths]
    most = max(limits, default=0)
    by_length = np.argsort(lengths, kind="stable")
    near: dict[int, list[tuple[int, int]]] = {}
    for begin in range(0, len(groups), _BLOCK):
        some = by_length[begin : begin + _BLOCK]
        low, high = lengths[some[0]] - most, lengths[some[-1]] + most
        others = by_length[
            np.searchsorted(lengths[by_length], low, "left") : np.searchsorted(
                lengths[by_length], high, "right"
            )
        ]
        distances = cdist(
            [texts[place] for place in some],
            [texts[place] for place in others],
            scorer=OSA.distance,
            score_cutoff=most,
            dtype=np.uint16,
        )
        for a, b in np.argwhere(distances <= most):
            one, other = int(some[a]), int(others[b])
            limit = too_far(max(len(texts[one]), len(texts[other])), lax=lax)
            if other >= one or not limit or edits_between(texts[one], texts[other], limit) is None:
                continue
            near.setdefault(one, []).append((int(distances[a, b]), other))
    for one in sorted(near):  # a value that joined another one is no proposal for a third
        leader[one] = next((other for _, other in sorted(near[one]) if leader[other] == other), one)
    joined: dict[int, list[str]] = {}
    for place, group in enumerate(groups):
        joined.setdefault(leader[place], []).extend(group)
    return list(joined.values())


def _cluster(source: str, group: list[str], counts: Mapping[str, int]) -> Cluster:
    ordered = sorted(group, key=lambda value: (-counts[value], _untidy(value), value))
    first = ordered[0]
    ways = []
    for value in ordered[1:]:
        if folded(value) == folded(first):
            ways.append(SAME_LETTERS)
        elif fingerprint(value) == fingerprint(first):
            ways.append("the same words in another order")
        elif ngram_fingerprint(value) == ngram_fingerprint(first):
            ways.append("the same letters")
        else:
            ways.append(letters_differ(OSA.distance(folded(value), folded(first))))
    return Cluster(
        source, tuple((value, counts[value]) for value in ordered), first, ", or ".join(dict.fromkeys(ways))
    )
