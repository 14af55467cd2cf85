"""Hold calls whose conversation an address already has with other words.

Where an export is loaded twice, the second call is skipped: it is the same call. Where the words differ, it may be
another call under the same id, which must not be lost, or a better transcript of the same call. Only a person can tell,
so a finding that names the earlier call holds it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.call_rows import decode_findings, merged, summarised
from reddy_lib.batches.past_outcomes import NEVER_SENT, keep_past_outcome
from reddy_lib.database.schema import batches, calls, deliveries, submissions
from reddy_lib.findings import Finding, finding

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["OTHER_WORDS", "has_other_words", "hold_other_words", "not_sent", "rows_not_sent"]

OTHER_WORDS = "conversation-sent-with-other-words"


def has_other_words(address: str) -> sa.ColumnElement[bool]:
    """Return the condition of a call whose conversation the address accepted with other words, unless somebody decided
    that the two are the same call."""
    delivery = deliveries.alias()
    return sa.and_(sa.exists().where(_accepted_with_other_words(delivery, address)), _UNDECIDED)


def hold_other_words(database: Database, parts: Sequence[sa.ColumnElement[bool]], address: str) -> list[int]:
    """Hold these calls, each with a finding that says why; return their rows, ascending.

    Args:
        parts: conditions on `calls`, as `submission.sendable` returns them.
    """
    encode = msgspec.json.Encoder().encode
    rows: list[int] = []
    with database.write() as connection:
        for part in parts:
            query = (
                sa.select(
                    calls.c.id, calls.c.row, calls.c.conversation_id, calls.c.source_findings, calls.c.findings,
                    deliveries.c.at, submissions.c.number, batches.c.name,
                )
                .join(deliveries, _accepted_with_other_words(deliveries, address))
                .outerjoin(submissions, submissions.c.id == deliveries.c.submission_id)
                .outerjoin(batches, batches.c.id == submissions.c.batch_id)
                .where(part, _UNDECIDED)
            )  # fmt: skip
            found = connection.execute(query).all()
            keep_past_outcome(connection, [one.id for one in found])
            held = []
            for one in found:
                asked = _finding(one.at, one.number, one.name, one.conversation_id)
                source = [*_without(one.source_findings), asked]
                summary = summarised(merged([asked], _without(one.findings)))
                held.append(
                    {
                        "the_call": one.id,
                        "the_source": encode(source).decode(),
                        **{f"the_{name}": value for name, value in summary.items()},
                    }
                )
            if held:
                connection.execute(_HOLD, held)
            rows += [one.row for one in found]
    return sorted(rows)


def rows_not_sent(rows: Sequence[int]) -> str:
    """Return the sentence that these rows were not sent, with the first ten of them."""
    shown = ", ".join(map(str, rows[:10])) + (f" and {len(rows) - 10:,} more" if len(rows) > 10 else "")
    return f"Not sent: row{'s' * (len(rows) > 1)} {shown}."


def not_sent(rows: Sequence[int]) -> str:
    """Return the error text that names the rows which were not sent, and what to do."""
    return (
        f"{rows_not_sent(rows)} Reddy has a conversation with the same id and agent, but with "
        f"other words. If it is the same call, accept the finding {OTHER_WORDS}: it is skipped then. If it is another "
        "call, empty its conversation id: it then gets its own."
    )


_UNDECIDED = sa.or_(calls.c.decisions.is_(None), calls.c.decisions.not_like(f'%"{OTHER_WORDS}"%'))
_HOLD = (
    calls.update()
    .where(calls.c.id == sa.bindparam("the_call"))
    .values(
        {
            **NEVER_SENT,
            "status": "held",
            "source_findings": sa.bindparam("the_source"),
            **{name: sa.bindparam(f"the_{name}") for name in ("findings", "codes", "errors", "warnings")},
        }
    )
)


def _accepted_with_other_words(delivery: sa.FromClause, address: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        delivery.c.address == address,
        delivery.c.key == calls.c.delivery_key,
        delivery.c.state.in_(("accepted", "again")),
        # Without both digests the calls count as the same: the comparison is NULL.
        delivery.c.words_digest != calls.c.words_digest,
    )


def _without(stored: str) -> list[Finding]:
    return [found for found in decode_findings(stored) if found.code != OTHER_WORDS]


def _finding(
    accepted_at: float, number: int | None, batch: str | None, conversation_id: str | None
) -> Finding:
    when = time.strftime("%d %b %Y %H:%M UTC", time.gmtime(accepted_at))
    where = f" in submission {number} of {batch!r}" if number is not None else ""
    return finding(
        OTHER_WORDS,
        "conversation_id",
        f"Reddy has a conversation with this id and agent, accepted on {when}{where}, but with other words.",
        value=conversation_id,
    )
