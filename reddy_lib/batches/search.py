"""Build SQL conditions for the filters over a batch's calls, including full-text search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import STATUSES, calls
from reddy_lib.findings import CATALOGUE
from reddy_lib.model import Call, Speaker, Tag, TranscriptLine, whole_characters

__all__ = ["FILTERS", "where"]

FILTERS = ("status", "severity", "code", "search", "agent", "product", "edited", "rows", "submission")
"""Filters that `calls`, `count`, `rows` and `finding_counts` accept."""


def where(
    batch_id: str, these_rows: Callable[[Any], list[int]], **filters: Any
) -> list[sa.ColumnElement[bool]]:
    """Return the SQL conditions of filters.

    Raises:
        TypeError, ValueError: an unknown filter, status, severity or code, or a value of the wrong type.
        NotInLedger: the batch lacks one of the rows.
    """
    conditions: list[sa.ColumnElement[bool]] = [calls.c.batch_id == batch_id]
    for name, value in filters.items():
        arguments.known(name, "filter", FILTERS)
        if value is None:
            continue
        if name == "status":
            wanted = [value] if isinstance(value, str) else list(value)
            conditions.append(
                calls.c.status.in_([arguments.known(one, "status", STATUSES) for one in wanted])
            )
        elif name == "severity":
            errors = arguments.known(value, "severity", ("error", "warning")) == "error"
            conditions.append((calls.c.errors if errors else calls.c.warnings) > 0)
        elif name == "code":
            code = arguments.known(value, "code", CATALOGUE)
            conditions.append(calls.c.codes.contains(f"|{code}|", autoescape=True))
        elif name == "search":
            words = arguments.text(value, "search").strip()
            conditions += [_matches(words)] if words else []
        elif name == "agent":
            conditions.append(calls.c.agent_email == arguments.text(value, "agent"))
        elif name == "product":
            conditions.append(calls.c.product_id == arguments.whole_number(value, "product", least=-(2**63)))
        elif name == "edited":
            if not isinstance(value, bool):
                raise TypeError("edited must be True or False.")
            conditions.append(calls.c.edited.is_(value))
        elif name == "rows":
            rows = these_rows(value)
            some = (calls.c.row.in_(piece) for piece in pieces(rows))
            conditions.append(sa.or_(*some) if rows else sa.false())
        else:
            conditions.append(calls.c.submission_id == str(getattr(value, "id", value)))
    return conditions


_NAMES_IN_PAYLOADS = tuple(
    f'"{name}":' for kind in (Call, TranscriptLine, Tag, Speaker) for name in kind.__struct_fields__
)


def _matches(text: str) -> sa.ColumnElement[bool]:
    # The payload is JSON text, which escapes quotes and line breaks: escape the search text the same way.
    escaped = msgspec.json.encode(whole_characters(text)).decode()[1:-1]
    payload: sa.ColumnElement[str] = calls.c.payload
    for name in _NAMES_IN_PAYLOADS:  # a search for "start" must not match the field name in every payload
        if escaped.lower() in name:
            payload = sa.func.replace(payload, name, "")
    # SQLite folds the case of ASCII letters only, so other words are searched in their usual spellings.
    spellings = dict.fromkeys(
        (escaped, escaped.lower(), escaped.upper(), escaped.capitalize(), escaped.title())
    )
    match: sa.ColumnElement[bool] = sa.or_(
        *(
            payload.icontains(spelling, autoescape=True)
            for spelling in ([escaped] if escaped.isascii() else spellings)
        )
    )
    if text.isdecimal() and len(text) < 10:
        match = sa.or_(match, calls.c.row == int(text))
    return match
