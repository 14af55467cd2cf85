"""Read what the ledger can prove about a submission: each chosen call, each attempt and the body it sent.

All reads run in one transaction, so counts and calls agree even while the submission is running. Calls are read in
pieces; only ids are kept in memory. A body is not stored twice: it is the call's payload, or, if the call was edited
later, the copy that the first edit after the attempt stored in `earlier_payloads`.
"""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.call_names import call_name
from reddy_lib.batches.masked_cells import masked_cells
from reddy_lib.database.schema import (
    STATUSES,
    attempts,
    batches,
    calls,
    corrections,
    earlier_payloads,
    edits,
    past_outcomes,
    recordings,
    resends,
    submissions,
)
from reddy_lib.spreadsheet.cells.tag_values import cell_text

if TYPE_CHECKING:
    from reddy_lib.sending.submission import Submission

__all__ = ["SentCall", "Snapshot", "Try", "snapshot"]

PIECE = 250
"""Calls in memory at a time: cells and bodies are the only large part of the evidence."""

_cells = msgspec.json.Decoder(dict[str, Any])
_names = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request.

    `body` is its exact JSON. It is None if the call was edited before the ledger recorded bodies.
    """

    id: str
    number: int
    started: float
    ended: float | None
    result: str | None
    possibly_processed: bool | None
    http_status: int | None
    request_id: str | None
    words: str | None
    upload_id: int | None
    seconds: float | None
    body: str | None


class SentCall(msgspec.Struct, frozen=True, kw_only=True):
    """A chosen call: the sheet's cells as text, and its outcome in this submission.

    `recording` holds name, SHA-256 and size of the attached file; `audio` its upload state. `forgotten`: its words are
    gone for good.
    """

    row: int
    cells: dict[str, str]
    status: str
    error: str
    http_status: int | None
    upload_id: int | None
    conversation_id: str
    seconds: float | None
    sent_at: float | None
    ended_at: float | None
    again: str
    corrects: str
    recording: tuple[str, str, int] | None
    audio: str
    tries: list[Try]
    forgotten: bool


class Snapshot:
    """A consistent view of a submission. Created by `snapshot`."""

    def __init__(self, connection: sa.Connection, submission_id: str) -> None:
        self._connection = connection
        self.submission = connection.execute(
            sa.select(submissions).where(submissions.c.id == submission_id)
        ).one()
        self.batch = connection.execute(
            sa.select(batches).where(batches.c.id == self.submission.batch_id)
        ).one()
        self._ids: dict[str, array[int]] = {}
        now = sa.select(calls.c.status, calls.c.row, calls.c.id).where(calls.c.submission_id == submission_id)
        then = (
            sa.select(past_outcomes.c.status, calls.c.row, calls.c.id)
            .join_from(past_outcomes, calls, calls.c.id == past_outcomes.c.call_id)
            .where(past_outcomes.c.submission_id == submission_id)
        )
        both = sa.union_all(now, then).subquery()
        for status, _, call_id in connection.execution_options(yield_per=5000).execute(
            sa.select(both).order_by(both.c.row)
        ):
            self._ids.setdefault(status, array("q")).append(call_id)

    @property
    def counts(self) -> dict[str, int]:
        """The number of chosen calls by status, without zeros."""
        return {status: len(self._ids[status]) for status in STATUSES if status in self._ids}

    def columns(self) -> list[str]:
        """Return the sheet's columns in its order; the union if rows have different columns."""
        found: dict[str, None] = {}
        for ids in self._ids.values():
            for some in _pieces(ids):
                query = sa.select(calls.c.cells).where(calls.c.id.in_(some)).order_by(calls.c.row)
                for cells in self._connection.execute(query).scalars():
                    found.update(dict.fromkeys(_names.decode(cells)))
        return list(found)

    def calls(self, status: str, *, cells: bool = True) -> Iterator[SentCall]:
        """Yield the calls with this status, by row, with or without the sheet's cells."""
        for some in _pieces(self._ids.get(status, ())):
            yield from self._piece(some, cells)

    def resends(self) -> list[dict[str, Any]]:
        """Return why calls were resent in this submission: reason, who, at (seconds since the epoch), calls."""
        query = (
            sa.select(
                resends.c.reason, resends.c.who, sa.func.min(resends.c.at).label("at"), sa.func.count().label("calls")
            )
            .where(resends.c.submission_id == self.submission.id)
            .group_by(resends.c.reason, resends.c.who)
            .order_by(sa.func.min(resends.c.at), resends.c.reason)
        )  # fmt: skip
        return [dict(found._mapping) for found in self._connection.execute(query)]

    def audio(self) -> dict[str, int]:
        """Return the number of chosen calls by upload state; calls without a recording are not counted."""
        mine = self.submission.id
        then = sa.select(past_outcomes.c.audio).where(past_outcomes.c.submission_id == mine)
        both = sa.union_all(sa.select(calls.c.audio).where(calls.c.submission_id == mine), then).subquery()
        query = sa.select(both.c.audio, sa.func.count()).where(both.c.audio != "none").group_by(both.c.audio)
        return {found[0]: found[1] for found in self._connection.execute(query.order_by(both.c.audio))}

    def _piece(self, ids: Sequence[int], cells: bool) -> Iterator[SentCall]:
        read, mine = self._connection.execute, self.submission.id
        tries: dict[int, list[Any]] = {}
        of_these = attempts.c.call_id.in_(ids)
        for one in read(
            sa.select(attempts).where(of_these, attempts.c.submission_id == mine).order_by(attempts.c.number)
        ):
            tries.setdefault(one.call_id, []).append(one)
        earlier: dict[int, list[tuple[int, str]]] = {}
        kept = sa.select(earlier_payloads).where(earlier_payloads.c.call_id.in_(ids))
        for one in read(kept.order_by(earlier_payloads.c.attempt)):
            earlier.setdefault(one.call_id, []).append((one.attempt, one.payload))
        edited = {
            one[0]: one[1]
            for one in read(
                sa.select(edits.c.call_id, sa.func.max(edits.c.at))
                .where(edits.c.call_id.in_(ids))
                .group_by(edits.c.call_id)
            )
        }
        again = {
            one[0]: one[1]
            for one in read(
                sa.select(resends.c.call_id, resends.c.reason).where(
                    resends.c.call_id.in_(ids), resends.c.submission_id == mine
                )
            )
        }
        corrected = calls.alias()
        links = {
            found.call_id: call_name(found.batch_id, found.row)
            for found in read(
                sa.select(corrections.c.call_id, corrected.c.batch_id, corrected.c.row)
                .join(corrected, corrected.c.id == corrections.c.corrects)
                .where(corrections.c.call_id.in_(ids))
            )
        }
        past = {
            found.call_id: found
            for found in read(
                sa.select(past_outcomes).where(
                    past_outcomes.c.call_id.in_(ids), past_outcomes.c.submission_id == mine
                )
            )
        }
        attached = {
            found.call_id: (found.name, found.sha256, found.size)
            for found in read(
                sa.select(
                    recordings.c.call_id, recordings.c.name, recordings.c.sha256, recordings.c.size
                ).where(recordings.c.call_id.in_(ids))
            )
        }
        for call in read(sa.select(calls).where(calls.c.id.in_(ids)).order_by(calls.c.row)):
            then = call if call.submission_id == mine else past[call.id]
            sent = [
                _try(one, _body(one, call.payload, earlier.get(call.id, []), edited.get(call.id)))
                for one in tries.get(call.id, [])
            ]
            conversation = call.conversation_id
            if call.id in earlier and sent and sent[-1].body is not None:
                conversation = msgspec.json.decode(sent[-1].body).get("conversation_id")
            yield SentCall(
                row=call.row,
                cells=_told(call) if cells else {},
                status=then.status,
                error=then.error or "",
                http_status=then.http_status,
                upload_id=then.upload_id,
                conversation_id=conversation or "",
                seconds=then.seconds,
                sent_at=then.sent_at,
                ended_at=then.ended_at,
                again=again.get(call.id, ""),
                corrects=links.get(call.id, ""),
                recording=attached.get(call.id),
                audio=then.audio or "none",
                tries=sent,
                forgotten=call.forgotten_at is not None,
            )


@contextlib.contextmanager
def snapshot(submission: Submission) -> Iterator[Snapshot]:
    """Yield a consistent view of a submission, valid inside the block. Raises LedgerUnavailable."""
    database = submission.database
    submission.record()  # raises NotInLedger
    database.require("look")
    with database.translate_errors(), database.engine.connect() as connection:
        if (
            connection.dialect.name == "postgresql"
        ):  # the default isolation gives each statement its own snapshot
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield Snapshot(connection, submission.id)


def _told(call: Any) -> dict[str, str]:
    """Return the sheet's cells as text, with the words masked that are masked in the call."""
    cells = masked_cells(_cells.decode(call.cells), call.original, call.payload)
    return {name: _text(cell) for name, cell in cells.items()}


def _text(cell: Any) -> str:
    if isinstance(cell, list | dict):
        return msgspec.json.encode(cell).decode()
    return cell_text(cell)


def _body(one: Any, now: str, earlier: Sequence[tuple[int, str]], edited_at: float | None) -> str | None:
    """Return the payload that an attempt sent: the first one stored at that attempt or later, else the current one."""
    for attempt, payload in earlier:
        if attempt >= one.number:
            return payload
    return None if edited_at is not None and edited_at > one.started and not earlier else now


def _try(one: Any, body: str | None) -> Try:
    return Try(
        id=one.id, number=one.number, started=one.started, ended=one.ended, result=one.result,
        possibly_processed=one.possibly_processed, http_status=one.http_status, request_id=one.request_id,
        words=one.words, upload_id=one.upload_id, seconds=one.seconds, body=body,
    )  # fmt: skip


def _pieces(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), PIECE):
        yield list(ids[start : start + PIECE])
