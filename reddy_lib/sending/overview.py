"""Read-only questions about sending: what a submission would do, what earlier ones did, and whether a worker is alive.

`preview` uses the same conditions as `submission.create`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.frames import utc
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.personal_looks import PersonalData, look_through, personal_data_in, unread_count
from reddy_lib.database.change_marks import FileMark, file_mark
from reddy_lib.database.sandbox_urls import address_in, ledger_address
from reddy_lib.database.schema import (
    STATUSES,
    batches,
    calls,
    deliveries,
    past_outcomes,
    submissions,
    workers,
)
from reddy_lib.model import Call, payload_json
from reddy_lib.sending.content_conflicts import has_other_words
from reddy_lib.sending.personal_policy import PersonalRule, effective_rules
from reddy_lib.sending.submission import sendable
from reddy_lib.sending.workers import SENDERS, database_now

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.database.database import Database

__all__ = [
    "Asked",
    "as_it_is_sent",
    "asked_about",
    "being_sent",
    "held_up",
    "history",
    "look_before_sending",
    "preview",
    "rows_to_send",
    "sendable_rows",
    "settled_at",
    "unchanged_since",
    "workers_alive",
]

ALIVE = 30.0
"""Seconds since its last heartbeat after which a worker is not counted on."""


_WOULD = {None: "to_send", "accepted": "skipped", "again": "skipped", "asked": "asked"}
"""State of a conversation at an address → what would happen to a call with it."""


def preview(
    database: Database, batch_id: str, *, address: str, rows: Sequence[int] | None = None
) -> dict[str, int]:
    """Return what `submission.create` would do with these rows (None = every ready call), without doing it.

    Returns: chosen; to_send; skipped (accepted before at this address); asked (accepted there with other words: they
    would be held); in_doubt (the same conversation is being sent there, or may have arrived there, through
    another row); stay (held, accepted, under way, unknown). The last five sum to the first.
    """
    address = ledger_address(database, address)
    state = sa.case((has_other_words(address), "asked"), else_=deliveries.c.state)
    found = {"chosen": 0, "to_send": 0, "skipped": 0, "asked": 0, "in_doubt": 0, "stay": 0}
    with database.read() as connection:
        for part in sendable(batch_id, rows):
            query = (
                sa.select(state, sa.func.count())
                .select_from(calls.outerjoin(deliveries, _delivery_at(address)))
                .where(part)
                .group_by(state)
            )
            for delivered, count in connection.execute(query):
                found[_WOULD.get(delivered, "in_doubt")] += count
    would = found["to_send"] + found["skipped"] + found["asked"] + found["in_doubt"]
    found["chosen"] = would if rows is None else len(set(rows))
    found["stay"] = found["chosen"] - would
    return found


class Asked(NamedTuple):
    """What Submit says of personal data in the chosen calls.

    Attributes:
        unread: calls that have to be looked through first.
        found: what the others name, and what was masked in them.
        rules: kind → rule that holds for them.
    """

    unread: int
    found: PersonalData
    rules: dict[str, PersonalRule]

    def rows(self, rule: PersonalRule) -> dict[str, list[int]]:
        """Return kind → rows of the calls that name a kind with this rule."""
        return {kind: self.found.rows[kind] for kind in self.found.kinds if self.rules[kind] == rule}


def asked_about(database: Database, batch_id: str, address: str, rows: Sequence[int] | None = None) -> Asked:
    """Return what the calls that a submission may choose name, as far as they were looked through, and the rules for it."""
    parts = sendable(batch_id, rows)
    with database.read() as connection:
        rules = effective_rules(connection, address_in(connection, address), batch_id)
    return Asked(unread_count(database, parts), personal_data_in(database, parts), rules)


def unchanged_since(database: Database) -> FileMark | None:
    """Return a mark that is the same only while `asked_about` returns the same; None where that cannot be told cheaply."""
    if not database.is_sqlite:
        return None
    with database.read() as connection:
        return file_mark(connection)


def as_it_is_sent(database: Database, batch_id: str, address: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return a payload with the words masked that are masked before it is sent to this address."""
    with database.read() as connection:
        rules = effective_rules(connection, address_in(connection, address), batch_id)
    step = MaskPersonalData(kinds=tuple(kind for kind, rule in rules.items() if rule == "mask"))
    call = msgspec.convert(payload, Call)
    masked = step.edited(call)
    sent: dict[str, Any] = payload if masked is call else msgspec.json.decode(payload_json(masked))
    return sent


def look_before_sending(
    database: Database,
    batch_id: str,
    rows: Sequence[int] | None = None,
    *,
    on_progress: Callable[[int], object] | None = None,
) -> int:
    """Look through the calls that a submission may choose, as far as that was not done; return how many.

    `submission.create` does it by itself; this shows its progress.
    """
    return look_through(database, sendable(batch_id, rows), on_progress=on_progress)


def rows_to_send(
    database: Database,
    batch_id: str,
    *,
    address: str,
    rows: Sequence[int] | None = None,
    limit: int | None = None,
) -> list[int]:
    """Return the row numbers that `submission.create` would send, ascending; the first `limit` of them."""
    found: list[int] = []
    with database.read() as connection:
        for part in sendable(batch_id, rows):
            left = None if limit is None else limit - len(found)
            query = (
                sa.select(calls.c.row)
                .select_from(calls.outerjoin(deliveries, _delivery_at(address)))
                .where(part, deliveries.c.state.is_(None))
                .order_by(calls.c.row)
                .limit(left)
            )
            found += connection.execute(query).scalars()
            if limit is not None and len(found) >= limit:
                break
    return found


def sendable_rows(database: Database, batch_id: str, *, rows: Sequence[int] | None = None) -> list[int]:
    """Return the row numbers that `submission.create` would queue or skip, ascending (None = every ready call)."""
    with database.read() as connection:
        return [
            row
            for part in sendable(batch_id, rows)
            for row in connection.execute(sa.select(calls.c.row).where(part).order_by(calls.c.row)).scalars()
        ]


def history(database: Database, batch_id: str | None = None, *, limit: int = 200) -> pd.DataFrame:
    """Return submissions, newest first: of one batch, or of all.

    Columns: id, number, batch_id, batch (its name), open (False: the batch is archived), created_at,
    ended_at (UTC), who, address, token_hint, chosen, the nine statuses (counts; they sum to chosen), state, reason.
    """
    import pandas as pd

    query = (
        sa.select(
            submissions.c.id, submissions.c.number, submissions.c.batch_id, batches.c.name,
            batches.c.state == "open", submissions.c.created_at, submissions.c.ended_at, submissions.c.who,
            submissions.c.address, submissions.c.token_hint, submissions.c.chosen, submissions.c.state,
            submissions.c.reason,
        )
        .join(batches, batches.c.id == submissions.c.batch_id)
        .order_by(submissions.c.created_at.desc(), submissions.c.number.desc())
        .limit(limit)
    )  # fmt: skip
    if batch_id is not None:
        query = query.where(submissions.c.batch_id == batch_id)
    with database.read() as connection:
        rows = [tuple(found) for found in connection.execute(query)]
        tallies: dict[str, dict[str, int]] = {row[0]: dict.fromkeys(STATUSES, 0) for row in rows}
        for table in (calls, past_outcomes):
            count = (
                sa.select(table.c.submission_id, table.c.status, sa.func.count())
                .where(table.c.submission_id.in_(list(tallies)))
                .group_by(table.c.submission_id, table.c.status)
            )
            for submission_id, status, calls_of_it in connection.execute(count):
                tallies[submission_id][status] += calls_of_it
    names = ["id", "number", "batch_id", "batch", "open", "created_at", "ended_at", "who", "address",
             "token_hint", "chosen", "state", "reason"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=names)
    frame["open"] = frame["open"].astype(bool)
    for name in ("created_at", "ended_at"):
        frame[name] = utc(frame[name])
    counts = pd.DataFrame([tallies[row[0]] for row in rows], columns=list(STATUSES), dtype="int64")
    where = names.index("state")
    return pd.concat([frame[names[:where]], counts, frame[names[where:]]], axis=1)


def being_sent(database: Database, batch_id: str) -> bool:
    """Return whether a submission of the batch runs, or a call of it is in flight: its numbers change by themselves."""
    query = sa.select(
        sa.or_(
            sa.exists().where(submissions.c.batch_id == batch_id, submissions.c.state == "running"),
            sa.exists().where(calls.c.batch_id == batch_id, calls.c.status == "sending"),
        )
    )
    with database.read() as connection:
        return bool(connection.execute(query).scalar_one())


def settled_at(database: Database, batch_id: str, *, address: str) -> int:
    """Return how many calls of a batch an address has received, or may have (accepted, skipped, unknown).

    They stay as they are, wherever the next submission goes.
    """
    there = sa.select(submissions.c.id).where(
        submissions.c.batch_id == batch_id,
        submissions.c.address == ledger_address(database, address),
    )
    query = (
        sa.select(sa.func.count())
        .select_from(calls)
        .where(
            calls.c.submission_id.in_(there),
            calls.c.status.in_(("accepted", "skipped", "unknown")),
        )
    )
    with database.read() as connection:
        return connection.execute(query).scalar_one()


def held_up(database: Database, submission_id: str) -> tuple[str, float] | None:
    """Return why queued calls of a submission wait for another try, or None where none does.

    Returns: (the error of the last try, when the next may be, in seconds since the epoch).
    """
    query = (
        sa.select(calls.c.error, calls.c.retry_at)
        .where(
            calls.c.submission_id == submission_id,
            calls.c.status == "queued",
            calls.c.retry_at.is_not(None),
        )
        .limit(1)
    )
    with database.read() as connection:
        found = connection.execute(query).one_or_none()
    return None if found is None else (found.error or "", found.retry_at)


def workers_alive(database: Database, *, notebooks: bool = False, now: float | None = None) -> int:
    """Return how many apps and workers sent a heartbeat in the last 30 seconds, by the database's clock.

    Without one, queued calls stay queued.

    Args:
        notebooks: count notebooks too, each of which sends only its own submission.
    """
    kinds = (*SENDERS, "notebook") if notebooks else SENDERS
    with database.read() as connection:
        now = database_now(connection) if now is None else now
        return connection.execute(
            sa.select(sa.func.count())
            .select_from(workers)
            .where(workers.c.gone.is_(False), workers.c.heartbeat > now - ALIVE, workers.c.kind.in_(kinds))
        ).scalar_one()


def _delivery_at(address: str) -> sa.ColumnElement[Any]:
    return sa.and_(deliveries.c.address == address, deliveries.c.key == calls.c.delivery_key)
