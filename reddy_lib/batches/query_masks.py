"""Which calls of a snapshot meet each condition of a query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa

from reddy_lib.batches.call_texts import folded_words, holds, says
from reddy_lib.batches.facet_columns import Mask
from reddy_lib.batches.facet_store import BatchStore, FacetedBatch, Snapshot, TextTerm
from reddy_lib.batches.folding import fold
from reddy_lib.batches.query_fields import COLUMN, NUMBERS, PLAIN, TAG, Conditions
from reddy_lib.batches.selections import rows_of_selection

__all__ = ["Condition", "conditions_of", "every", "product_values"]


class Condition(NamedTuple):
    """One condition, and the calls that meet it. `facet`: its name; "" for words, rows and ids."""

    facet: str
    mask: Mask


def every(masks: Iterable[Mask], size: int) -> Mask:
    """Return which calls meet all conditions."""
    left = np.ones(size, np.bool_)
    for mask in masks:
        left &= mask
    return left


def conditions_of(
    store: BatchStore, connection: sa.Connection, batch: FacetedBatch, snapshot: Snapshot, query: Conditions
) -> list[Condition]:
    """Return the conditions of a query, each with the calls that meet it."""
    look = _Look(store, connection, batch, snapshot)
    found = [
        Condition(facet, look.having(facet, values))
        for facet in (
            *PLAIN,
            *(TAG + one.name for one in query.tags),
            *(COLUMN + one.name for one in query.columns),
        )
        if (values := query.values_of(facet))
    ]
    found += [Condition(one.facet, ~look.having(one.facet, (one.value,))) for one in query.without]
    for name in NUMBERS:
        limits = query.range_of(name)
        if limits is not None:
            numbers = snapshot.numbers[name]
            mask = ~np.isnan(numbers)
            if limits.least is not None:
                mask &= numbers >= limits.least
            if limits.most is not None:
                mask &= numbers <= limits.most
            found.append(Condition(name, mask))
    if query.rows is not None:
        found.append(Condition("", np.isin(snapshot.rows, np.asarray(query.rows, np.int64))))
    if query.selection is not None:
        chosen = rows_of_selection(batch.database, batch.id, query.selection) or []
        found.append(Condition("", np.isin(snapshot.rows, np.asarray(chosen, np.int64))))
    if query.submission is not None:
        found.append(Condition("", snapshot.submission.having((query.submission,))))
    found += [Condition("", mask) for mask in look.texts(query)]
    return found


class _Look:
    def __init__(
        self, store: BatchStore, connection: sa.Connection, batch: FacetedBatch, snapshot: Snapshot
    ) -> None:
        self.store, self.connection, self.batch, self.snapshot = store, connection, batch, snapshot

    def having(self, facet: str, wanted: Sequence[str]) -> Mask:
        """Return which calls have any of these values of a facet."""
        if facet == "language":
            return self.store.detect_languages(self.batch).having(wanted)
        if facet == "product":
            wanted = product_values(self.batch, wanted)
        values = self.snapshot.values.get(facet)
        if values is not None:
            return values.having(wanted)
        if facet.startswith(COLUMN) and facet.removeprefix(COLUMN) in self.snapshot.unlisted:
            column = facet.removeprefix(COLUMN)
            found = [self.store.cell_mask(self.connection, self.batch, column, value) for value in wanted]
            return np.logical_or.reduce(found) if found else np.zeros(len(self.snapshot.rows), np.bool_)
        return np.full(len(self.snapshot.rows), "" in wanted, np.bool_)  # no call has such a tag or column

    def texts(self, query: Conditions) -> list[Mask]:
        """Return which calls hold the words of a query, and what roles say."""
        found: list[Mask] = []
        words = self._words(query.words)
        found += words
        found += [~mask for mask in self._words(query.without_words)]
        wanted = [(one, True) for one in query.says] + [(one, False) for one in query.without_says]
        terms = [_says_term(one.role, one.words) for one, _ in wanted]
        masks = self.store.text_masks(self.connection, self.batch, terms)
        return found + [mask if sign else ~mask for mask, (_, sign) in zip(masks, wanted, strict=True)]

    def _words(self, words: Sequence[str]) -> list[Mask]:
        masks = self.store.text_masks(self.connection, self.batch, [_word_term(word) for word in words])
        return [
            mask | (self.snapshot.rows == int(word.strip())) if _is_row(word.strip()) else mask
            for word, mask in zip(words, masks, strict=True)
        ]


def _is_row(word: str) -> bool:
    return word.isdecimal() and len(word) < 10


def _word_term(word: str) -> TextTerm:
    [folded] = folded_words([word])
    return TextTerm(("word", folded), (folded,), lambda texts: holds(texts, folded))


def _says_term(role: str, words: Sequence[str]) -> TextTerm:
    folded = tuple(folded_words(words))
    return TextTerm((role, folded), folded, lambda texts: says(texts, role, folded))


def product_values(batch: FacetedBatch, wanted: Sequence[str]) -> list[str]:
    """Return product ids as text; a name counts for the products of the batch that have it, case aside."""
    found: list[str] = []
    for one in wanted:
        if not one or one.removeprefix("-").isdecimal():
            found.append(one)
        found += [
            str(product["id"])
            for product in batch.products or ()
            if one and fold(str(product.get("name", ""))) == fold(one)
        ]
    return found
