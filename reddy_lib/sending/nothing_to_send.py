"""Say why none of the chosen calls can be sent: the row and its reason, or how many there are of each reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa

from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import calls
from reddy_lib.findings import CATALOGUE

__all__ = ["why_nothing"]

_STATES = {
    "queued": "waiting in another submission",
    "sending": "being sent just now",
    "accepted": "accepted before",
    "skipped": "skipped, because they were accepted before",
    "unknown": "in doubt",
    "ready": "ready, but the same calls are at Reddy or under way with another text",
}
_STATES |= dict.fromkeys(("rejected", "failed"), "not to be sent as they are")
_ONE = {
    "queued": "it waits in another submission",
    "sending": "it is being sent just now",
    "accepted": "it was accepted before",
    "skipped": "it was skipped, because it was accepted before",
    "unknown": "it is in doubt, and may have reached Reddy",
    "ready": "the same call is at Reddy or under way with another text",
}
_ONE |= dict.fromkeys(("rejected", "failed"), "it cannot be sent as it is: change it first")


def why_nothing(connection: sa.Connection, batch_id: str, rows: Sequence[int] | None) -> str:
    """Return the error text for calls of which none can be sent. It quotes no words of a call.

    Args:
        rows: the rows that were chosen; None = every call of the batch.
    """
    found = _counted(connection, batch_id, rows)
    total = found.total()
    if rows is not None and len(set(rows)) == 1 and total == 1:
        ((status, codes),) = found
        return f"Row {next(iter(rows))} cannot be sent: {_one(status, codes)}"
    held = sum(count for (_, codes), count in found.items() if codes)
    parts = [f"{held:,} held by findings ({_titles(found)})"] if held else []
    states = Counter[str]()
    for (status, codes), count in found.items():
        if not codes:
            states[_STATES.get(status, status)] += count
    parts += [f"{count:,} {words}" for words, count in states.most_common()]
    missing = 0 if rows is None else len(set(rows)) - total
    parts += [f"{missing:,} not in this batch"] if missing else []
    fix = " Fix the held ones in Review: their findings say how." if held else " Choose others."
    return f"None of these calls can be sent: {', '.join(parts) or 'none was chosen'}.{fix}"


def _counted(
    connection: sa.Connection, batch_id: str, rows: Sequence[int] | None
) -> Counter[tuple[str, tuple[str, ...]]]:
    """Count the calls by status and the findings that hold them."""
    columns = (calls.c.status, calls.c.errors > 0, calls.c.codes)
    query = sa.select(*columns, sa.func.count()).where(calls.c.batch_id == batch_id).group_by(*columns)
    parts = [query] if rows is None else [query.where(calls.c.row.in_(some)) for some in pieces(set(rows))]
    found = Counter[tuple[str, tuple[str, ...]]]()
    for part in parts:
        for status, stopped, codes, count in connection.execute(part):
            holding = tuple(
                code for code in codes.split("|") if code in CATALOGUE and CATALOGUE[code].severity == "error"
            )
            found[
                status, holding if stopped and status in ("held", "ready", "rejected", "failed") else ()
            ] += count
    return found


def _one(status: str, codes: Sequence[str]) -> str:
    if not codes:
        return f"{_ONE.get(status, f'it is {status}')}."
    reasons = [CATALOGUE[code] for code in codes]
    return f"it is held by a finding, “{reasons[0].title}”. {reasons[0].hint}" + (
        f" It has {len(reasons) - 1:,} more." if len(reasons) > 1 else ""
    )


def _titles(found: Counter[tuple[str, tuple[str, ...]]], shown: int = 3) -> str:
    """Return how many calls each finding holds, the most frequent first."""
    by_code = Counter[str]()
    for (_, codes), count in found.items():
        by_code.update(dict.fromkeys(codes, count))
    named = [f"{CATALOGUE[code].title}: {count:,}" for code, count in by_code.most_common(shown)]
    return "; ".join(named) + (f"; {len(by_code) - shown} more kinds" if len(by_code) > shown else "")
