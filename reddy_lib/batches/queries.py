"""`Query`: which calls of a batch are wanted, as data, as text that a person types, and as parameters of a URL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Self

import msgspec

from reddy_lib.batches import query_text
from reddy_lib.batches.query_fields import AnyValue, Conditions, Named, Range, Says
from reddy_lib.batches.query_text import Term

__all__ = ["AnyValue", "Named", "Query", "Range", "Says", "Term", "as_query"]


class Query(Conditions, frozen=True, omit_defaults=True, kw_only=True):
    """Which calls are wanted; see `Conditions` for its fields.

    `Query.parse('customer says "lost card" status:held tag:CSAT=4 -refund')` reads what a person types, and `str` writes
    it: `Query.parse(str(query)) == query`.
    """

    def __str__(self) -> str:
        return query_text.text_of(self)

    @classmethod
    def parse(cls, text: str, *, columns: Collection[str] = (), tags: Collection[str] = ()) -> Self:
        """Return the query of a text. What is not understood is a word to search for; there is no error.

        Words must all occur in the call, and "words in quotes" as they stand. `customer says …` and `agent says …` are
        about one turn of that role. `status:held`, `tag:CSAT=4`, `column:Queue=Cards`, `"Column name"=value` and
        `turns:5..40` are values and ranges of facets. `-` excludes.

        Args:
            columns, tags: names that are understood without `column:` and `tag:`: `Queue:Cards`, `CSAT=4`.
        """
        return cls._of(query_text.parse(text, columns=columns, tags=tags))

    @classmethod
    def from_address(cls, address: Mapping[str, Any]) -> tuple[Self, list[str]]:
        """Return the query of a URL's parameters (see `to_address`), and the parts that were not understood."""
        found, dropped = query_text.from_address(address)
        return cls._of(found), dropped

    @classmethod
    def _of(cls, found: Conditions) -> Self:
        return cls(**{name: getattr(found, name) for name in found.__struct_fields__})

    def to_address(self) -> dict[str, str]:
        """Return the query as parameters of a URL: `search` is what was typed, `filter` the rest. Empty ones are left
        out."""
        return query_text.to_address(self)

    @property
    def search_text(self) -> str:
        """The words of the query, and what roles say: what stands in a search box."""
        return query_text.search_text(self)

    def with_search(self, text: str, *, columns: Collection[str] = (), tags: Collection[str] = ()) -> Self:
        """Return a copy with other words; facets that are typed among them are added to those of the query."""
        rest = msgspec.structs.replace(self, words=(), without_words=(), says=(), without_says=())
        return rest.and_also(self.parse(text, columns=columns, tags=tags))

    def terms(self) -> tuple[Term, ...]:
        """Return the conditions one by one, as they are shown above a list."""
        return query_text.terms(self)

    def without_term(self, term: Term) -> Self:
        """Return a copy without one of its `terms`."""
        return self._of(query_text.without_term(self, term))


def as_query(query: Query | str) -> Query:
    """Return a query, which may be given as text.

    Raises TypeError: it is neither.
    """
    if isinstance(query, Query):
        return query
    if isinstance(query, str):
        return Query.parse(query)
    raise TypeError(
        f"query must be a Query or text such as 'customer says cancel', not {type(query).__name__}."
    )
