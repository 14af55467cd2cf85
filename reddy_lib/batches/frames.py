"""The frames that a batch shows: calls, findings, outcomes, lines, tags, edits, attempts.

Where a frame has one line or more for a row of the sheet, its index is that row number, so that frames can be joined
with each other and with what `reddy.read_sheet` returns. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.call_rows import decode_findings
from reddy_lib.batches.call_texts import Snippet, hits_in
from reddy_lib.batches.query_fields import Conditions
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.schema import attempts, calls, edits
from reddy_lib.findings import CATALOGUE
from reddy_lib.model import Call

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "OUTCOME_COLUMNS",
    "SHOWN_OUTCOME_COLUMNS",
    "attempts_frame",
    "calls_frame",
    "cells_frame",
    "edits_frame",
    "finding_counts_frame",
    "findings_frame",
    "lines_frame",
    "outcomes_frame",
    "outcomes_of_batch",
    "tags_frame",
    "utc",
]


def calls_frame(
    batch: StoredBatch, *, offset: int, limit: int | None, snippets: bool = False, **filters: Any
) -> pd.DataFrame:
    """Return one screen of calls; see `Batch.calls`."""
    import pandas as pd

    names = ["row", "status", "agent_email", "product_id", "timestamp", "lines", "tags", "errors",
             "warnings", "edited", "conversation_id", "preview", "codes"]  # fmt: skip
    offset = arguments.whole_number(offset, "offset", least=0)
    if limit is not None:
        limit = arguments.whole_number(limit, "limit", least=0)
    found = batch.find(**filters)
    searched = Conditions.of_all(found.parts)
    searching = snippets and bool(searched.words or searched.says)  # else no payload has to be read
    asked = [calls.c[name] for name in names] + ([calls.c.payload] if searching else [])
    query = sa.select(*asked).where(*found.conditions).order_by(calls.c.row).offset(offset).limit(limit)
    with batch.database.read() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    frame = pd.DataFrame([row[: len(names)] for row in rows], columns=names).set_index("row")
    frame["product_id"] = frame["product_id"].astype("Int64")
    frame["timestamp"] = utc(frame["timestamp"])
    for name in ("lines", "tags", "errors", "warnings"):
        frame[name] = frame[name].astype(int)
    frame["edited"] = frame["edited"].astype(bool)
    if snippets:
        told = [
            hits_in(row[-1], searched, first_only=True).snippet if searching else Snippet() for row in rows
        ]
        frame["snippet"] = pd.Series([one.text for one in told], index=frame.index, dtype=object)
        frame["snippet_begin"] = pd.Series([one.begin for one in told], index=frame.index, dtype="int64")
        frame["snippet_end"] = pd.Series([one.end for one in told], index=frame.index, dtype="int64")
    return frame


def cells_frame(batch: StoredBatch) -> pd.DataFrame:
    """Return the sheet's own cells; see `Batch.cells_frame`."""
    import pandas as pd

    query = sa.select(calls.c.row, calls.c.cells).where(calls.c.batch_id == batch.id).order_by(calls.c.row)
    with batch.database.read() as connection:
        found = [(row, msgspec.json.decode(cells)) for row, cells in connection.execute(query)]
    frame = pd.DataFrame([cells for _, cells in found], dtype=object)
    frame.index = pd.Index([row for row, _ in found], name="row", dtype="int64")
    return frame


def findings_frame(batch: StoredBatch, row: int | None) -> pd.DataFrame:
    """Return the findings of one call, or of all; see `Batch.findings`."""
    import pandas as pd

    query = sa.select(calls.c.row, calls.c.findings).where(calls.c.batch_id == batch.id, calls.c.codes != "")
    if row is not None:
        query = query.where(calls.c.row == batch.one(row, calls.c.row).row)
    records = []
    with batch.database.read() as connection:
        for number, text in connection.execute(query.order_by(calls.c.row)):
            for found in decode_findings(text):
                records.append(
                    (number, found.field, found.line, found.code, found.severity, found.title, found.value,
                     found.message, found.hint)
                )  # fmt: skip
    frame = pd.DataFrame(
        records, columns=["row", "field", "line", "code", "severity", "title", "value", "message", "hint"]
    )
    return frame.astype({"row": "int64", "line": "Int64"}).set_index("row")


def finding_counts_frame(batch: StoredBatch, **filters: Any) -> pd.DataFrame:
    """Return how many calls have each finding; see `Batch.finding_counts`."""
    import pandas as pd

    query = (
        sa.select(calls.c.codes, sa.func.count())
        .where(*batch.where(**filters), calls.c.codes != "")
        .group_by(calls.c.codes)
    )
    totals: dict[str, int] = {}
    with batch.database.read() as connection:
        for codes, count in connection.execute(query):
            for code in codes.strip("|").split("|"):
                totals[code] = totals.get(code, 0) + count
    rules = sorted(
        (CATALOGUE[code].severity, -count, code, CATALOGUE[code].title) for code, count in totals.items()
    )
    return pd.DataFrame(
        [(code, severity, title, -count) for severity, count, code, title in rules],
        columns=["code", "severity", "title", "calls"],
    )


def edits_frame(batch: StoredBatch, row: int) -> pd.DataFrame:
    """Return the edits of one call; see `Batch.edits`."""
    import pandas as pd

    call_id = batch.one(row, calls.c.id).id
    query = (
        sa.select(edits.c.field, edits.c.before, edits.c.after, edits.c.who, edits.c.at)
        .where(edits.c.call_id == call_id)
        .order_by(edits.c.id)
    )
    with batch.database.read() as connection:
        rows = [tuple(found) for found in connection.execute(query)]
    # as objects: a column of texts would turn None into NaN
    frame = pd.DataFrame(rows, columns=["field", "before", "after", "who", "at"], dtype=object)
    frame["at"] = utc(frame["at"])
    return frame


def attempts_frame(batch: StoredBatch, row: int) -> pd.DataFrame:
    """Return the HTTP attempts of one call; see `Batch.attempts`."""
    import pandas as pd

    call_id = batch.one(row, calls.c.id).id
    names = ("submission_id", "number", "started", "ended", "result", "possibly_processed", "http_status",
             "request_id", "words", "upload_id", "seconds")  # fmt: skip
    query = (
        sa.select(*(attempts.c[name] for name in names))
        .where(attempts.c.call_id == call_id)
        .order_by(attempts.c.started, attempts.c.number)
    )
    with batch.database.read() as connection:
        rows = [tuple(found) for found in connection.execute(query)]
    frame = pd.DataFrame(rows, columns=["submission", *names[1:]])
    return frame.assign(started=utc(frame["started"]), ended=utc(frame["ended"]))


OUTCOME_COLUMNS = (
    "row", "status", "conversation_id", "agent_email", "product_id", "timestamp", "upload_id", "http_status", "error",
    "attempts", "seconds", "sent_at", "ended_at", "submission_id", "audio",
)  # fmt: skip
"""Columns of `calls` that `outcomes_frame` is made of, in its order."""

_RENAMED = {"sent_at": "started", "ended_at": "ended", "submission_id": "submission"}

SHOWN_OUTCOME_COLUMNS = tuple(_RENAMED.get(name, name) for name in OUTCOME_COLUMNS)
"""The same columns as an outcomes frame names them."""


def outcomes_of_batch(batch: StoredBatch) -> pd.DataFrame:
    """Return the outcome of every call of a batch; see `Batch.outcomes`."""
    query = (
        sa.select(*(calls.c[name] for name in OUTCOME_COLUMNS))
        .where(calls.c.batch_id == batch.id)
        .order_by(calls.c.row)
    )
    with batch.database.read() as connection:
        return outcomes_frame([tuple(found) for found in connection.execute(query)])


def outcomes_frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Return outcomes as a frame, from tuples of `OUTCOME_COLUMNS`.

    Index: row. Columns: status, conversation_id, agent_email, product_id (Int64), timestamp (UTC, start of the call),
    upload_id (Int64), http_status (Int64), error (text, "" if none), attempts, seconds (of the last attempt), started,
    ended (UTC), submission (id, "" if none), audio (none, waiting, sending, uploaded, failed, expired).
    """
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(SHOWN_OUTCOME_COLUMNS))
    for name in ("product_id", "upload_id", "http_status"):
        frame[name] = frame[name].astype("Int64")
    for name in ("timestamp", "started", "ended"):
        frame[name] = utc(frame[name])
    for name in ("conversation_id", "agent_email", "error", "submission"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "").astype(str)
    for name in ("row", "attempts"):
        frame[name] = frame[name].astype("int64")
    frame["seconds"] = frame["seconds"].astype(float)
    frame["status"] = frame["status"].astype(str)
    frame["audio"] = frame["audio"].astype(object).where(frame["audio"].notna(), "none").astype(str)
    return frame.set_index("row")


def lines_frame(call: Call) -> pd.DataFrame:
    """Return a call's transcript as a frame. Index: line number from 1. Columns: role, text, start, stop (seconds,
    NaN = none)."""
    import pandas as pd

    found = call.transcript or []
    frame = pd.DataFrame(
        {
            "role": pd.Series([line.role for line in found], dtype=object),
            "text": pd.Series([line.text for line in found], dtype=object),
            "start": pd.Series([line.start for line in found], dtype=float),
            "stop": pd.Series([line.stop for line in found], dtype=float),
        }
    )
    frame.index = pd.RangeIndex(1, len(found) + 1, name="line")
    return frame


def tags_frame(call: Call) -> pd.DataFrame:
    """Return a call's tags as a frame. Index: number from 1. Columns: key, value (as typed), type."""
    import pandas as pd

    found = call.tags or []
    frame = pd.DataFrame(
        {
            "key": pd.Series([tag.key for tag in found], dtype=object),
            "value": pd.Series([tag.value for tag in found], dtype=object),
            "type": pd.Series([tag.type for tag in found], dtype=object),
        }
    )
    frame.index = pd.RangeIndex(1, len(found) + 1, name="tag")
    return frame


def utc(seconds: pd.Series[Any]) -> pd.Series[Any]:
    """Convert seconds since the epoch to UTC datetimes; what lies outside the calendar becomes NaT."""
    import pandas as pd

    numbers = pd.to_numeric(seconds, errors="coerce").astype(float)
    inside = numbers.where(numbers.abs() < 9_000_000_000)
    return pd.to_datetime(inside, unit="s", utc=True)
