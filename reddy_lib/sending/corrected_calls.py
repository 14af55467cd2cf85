"""Hold calls that an address may have already, under the id or agent that they were corrected to.

The id or agent of a call is corrected, the call is sent, and later the same sheet is loaded again: its row has the old id
and agent, by which Reddy does not know it. It would be sent as another call, so a finding that names the earlier one holds
it until a person has looked. Rows of one sheet are never taken for each other.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from reddy_lib.batches.past_outcomes import NEVER_SENT, keep_past_outcome
from reddy_lib.batches.stored_rows import hold_calls
from reddy_lib.database.bulk import pieces
from reddy_lib.database.former_keys import former_keys
from reddy_lib.database.schema import batches, calls, deliveries
from reddy_lib.findings import Finding, finding
from reddy_lib.sending.content_conflicts import rows_not_sent

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["CORRECTED", "hold_corrected", "not_sent"]

CORRECTED = "conversation-sent-corrected"


def hold_corrected(database: Database, parts: Sequence[sa.ColumnElement[bool]], address: str) -> list[int]:
    """Hold these calls, each with a finding that says why; return their rows, ascending.

    Args:
        parts: conditions on `calls`, as `submission.sendable` returns them.
    """
    earlier, known, file = calls.alias(), deliveries.alias(), batches.alias()
    undecided = sa.or_(calls.c.decisions.is_(None), calls.c.decisions.not_like(f'%"{CORRECTED}"%'))
    rows: list[int] = []
    with database.write(right="send") as connection:
        for part in parts:
            query = (
                sa.select(calls.c.id, calls.c.row, known.c.at, earlier.c.row.label("earlier"), file.c.name)
                .join(former_keys, former_keys.c.key == calls.c.delivery_key)
                .join(
                    earlier,
                    sa.and_(earlier.c.id == former_keys.c.call_id, earlier.c.batch_id != calls.c.batch_id),
                )
                .join(known, sa.and_(known.c.call_id == earlier.c.id, known.c.address == address))
                .join(file, file.c.id == earlier.c.batch_id)
                .where(part, undecided)
                .order_by(known.c.at)
            )
            found = {one.id: one for one in connection.execute(query)}
            keep_past_outcome(connection, list(found))
            for ids in pieces(found):
                connection.execute(calls.update().where(calls.c.id.in_(ids)).values(**NEVER_SENT))
            if found:
                hold_calls(
                    connection, {id: _finding(one.at, one.earlier, one.name) for id, one in found.items()}
                )
            rows += [one.row for one in found.values()]
    return sorted(rows)


def _finding(at: float, row: int, batch: str) -> Finding:
    when = time.strftime("%d %b %Y %H:%M UTC", time.gmtime(at))
    return finding(
        CORRECTED,
        "conversation_id",
        f"Row {row} of {batch!r} had this id and agent before it was corrected, and was sent on {when}.",
    )


def not_sent(rows: Sequence[int]) -> str:
    """Return the error text that names the rows which were not sent, and what to do."""
    return (
        f"{rows_not_sent(rows)} The same call was sent before, after its id or agent was "
        f"corrected. If it is another call, accept the finding {CORRECTED}: it is sent then."
    )
