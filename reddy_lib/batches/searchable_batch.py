"""`SearchableBatch`: a batch whose calls can be searched, counted by facets, and walked through.

`Batch` is this with everything that people call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import reddy_lib.arguments as arguments
import reddy_lib.batches.facets as facets
import reddy_lib.batches.search as search
from reddy_lib.batches.call_texts import Hits, hits_in
from reddy_lib.batches.facet_store import store_of
from reddy_lib.batches.facets import Facets, FacetValue
from reddy_lib.batches.queries import Query
from reddy_lib.batches.query_fields import COLUMN, TAG
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.schema import calls

__all__ = ["SearchableBatch"]


class SearchableBatch(StoredBatch):
    """A stored batch, with search and facets."""

    def query(self, text: str) -> Query:
        """Return the query of a text, in which the names of tags and columns are known: `Queue:Cards`, `CSAT=4`.

        See `Query.parse`; whatever is not understood is a word.
        """
        text = arguments.text(text, "query")
        if not any(mark in text for mark in ":="):
            return Query.parse(text)
        names = self.facet_names()
        tags, columns = (
            [name.removeprefix(kind) for name in names if name.startswith(kind)] for kind in (TAG, COLUMN)
        )
        return Query.parse(text, columns=columns, tags=tags)

    def facets(self, query: Query | str = "", names: Sequence[str] | None = None) -> Facets:
        """Count the values of facets: `batch.facets("status:held")["agent"].values`.

        Each facet is counted over the calls that the conditions of all *other* facets leave.

        Args:
            query: a `Query`, or the text of one.
            names: the facets to count, see `facet_names`; None = all. Languages that are not detected yet are detected
                only if they are named: this takes about 0.1 ms a call, once.

        Raises ValueError: there is no such facet.
        """
        return facets.facets_of(self, self._as_query(query), names)

    def facet_names(self) -> list[str]:
        """Return the names of all facets: status, code (finding), agent, product, turns, characters, duration, start, day,
        weekday, hour, language, audio, severity, edited; then "tag:NAME", and "column:NAME" of the sheet, those with few
        values first."""
        return facets.facet_names(self)

    def facet_values(
        self, name: str, query: Query | str = "", *, contains: str = "", limit: int = 50
    ) -> tuple[FacetValue, ...]:
        """Return the values of one facet that contain a text (case and accents aside), the most frequent first.

        Raises ValueError: there is no such facet.
        """
        return facets.facet_values(self, name, self._as_query(query), contains=contains, limit=limit)

    def detect_languages(self, on_progress: Callable[[int], object] | None = None) -> None:
        """Detect the language of each call, for its facet: about 0.1 ms a call, once for each process.

        `on_progress`: called with how many calls are done. Other threads can use the batch meanwhile.
        """
        store_of(self).detect_languages(self, on_progress)

    def hits(self, row: int, query: Query | str) -> Hits:
        """Return where a call has what a query searches, for highlighting, and a snippet for a list.

        Raises NotInLedger: the batch has no such row.
        """
        return hits_in(self.one(row, calls.c.payload).payload, self._as_query(query))

    def next_row(self, row: int, query: Query | str = "", **filters: Any) -> int | None:
        """Return the first row after this one that the query leaves, None if there is none."""
        return search.next_row(self, row, query=self._as_query(query), **filters)

    def previous_row(self, row: int, query: Query | str = "", **filters: Any) -> int | None:
        """Return the last row before this one that the query leaves, None if there is none."""
        return search.previous_row(self, row, query=self._as_query(query), **filters)

    def page_of(self, row: int, query: Query | str = "", *, size: int = 50, **filters: Any) -> int | None:
        """Return the number of the page, from 1, that lists a row; None if the query does not leave it."""
        return search.page_of(self, row, size=size, query=self._as_query(query), **filters)

    def find(self, **filters: Any) -> search.Found:
        """Return the calls that filters and `query` leave; see `search.find`."""
        if filters.get("query") is not None:
            filters["query"] = self._as_query(filters["query"])
        return super().find(**filters)

    def _as_query(self, query: Query | str) -> Query:
        return query if isinstance(query, Query) else self.query(query)
