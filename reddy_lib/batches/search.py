"""Filters over the calls of a batch, and the search in their words, as conditions for statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import sqlalchemy as sa

from reddy_lib import arguments
from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import STATUSES, calls
from reddy_lib.findings import CATALOGUE
from reddy_lib.model import Call, Speaker, Tag, TranscriptLine, whole_characters

__all__ = ["FILTERS", "where"]

FILTERS = ("status", "severity", "code", "search", "agent", "product", "edited", "rows", "submission")
"""What `calls`, `count`, `rows` and `finding_counts` take."""


def where(
    batch_id: str, these_rows: Callable[[Any], list[int]], **filters: Any
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of filters.

    Raises:
        TypeError, ValueError: there is no such filter, status, severity or code, or a value is of the wrong type.
        NotInLedger: the batch has no such row.
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
            conditions.append(calls.c.edited.is_(bool(value)))
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
    # the payload is JSON text: a quote or line break in the search stands there escaped
    escaped = msgspec.json.encode(whole_characters(text)).decode()[1:-1]
    payload: sa.ColumnElement[str] = calls.c.payload
    for name in _NAMES_IN_PAYLOADS:  # who searches for "start" means the word, not the name of a field
        if escaped.lower() in name:
            payload = sa.func.replace(payload, name, "")
    # SQLite knows capitals of ASCII letters only
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
