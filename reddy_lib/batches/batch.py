"""`Batch`: the calls of one loaded spreadsheet, as pages and notebooks see them.

Everything is asked of the database one screen at a time and addressed by *row number* (1-based, as the
spreadsheet program shows it), never by position. An edit is checked, stored and recorded before `replace`
returns: a closed tab loses nothing.
"""

from __future__ import annotations

import html
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingType
from typing import IO, TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from reddy_lib import arguments
from reddy_lib.batches.call_rows import (
    decode_findings,
    merged,
    standing_findings,
    summarised,
)
from reddy_lib.batches.changes import (
    announcing,
    change_call,
    change_calls,
    change_in,
    change_many,
    change_one,
    refuse_locked,
    rename_tag,
    replace_call,
    update_calls,
    version_of,
)
from reddy_lib.batches.decisions import (
    ATTACH,
    DROP,
    OWN_LINE,
    BatchLoss,
    Decision,
    Decisions,
    ManyEdited,
    Taken,
    acceptable,
    decided,
    line_times,
    moved_lines,
    read_decisions,
    unassigned_of,
)
from reddy_lib.batches.edits import swap_roles
from reddy_lib.batches.frames import lines_frame, outcomes_frame, tags_frame, utc
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import (
    EDITABLE,
    STATUSES,
    attempts,
    batches,
    calls,
    edits,
)
from reddy_lib.errors import CallLocked, NotInLedger, RecordingError
from reddy_lib.findings import CATALOGUE, Finding
from reddy_lib.model import Call, from_payload
from reddy_lib.recordings import attachments as files

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.database.database import Database

__all__ = ["Batch"]


_OUTCOME_COLUMNS = (
    calls.c.row,
    calls.c.status,
    calls.c.conversation_id,
    calls.c.agent_email,
    calls.c.product_id,
    calls.c.timestamp,
    calls.c.upload_id,
    calls.c.http_status,
    calls.c.error,
    calls.c.attempts,
    calls.c.seconds,
    calls.c.sent_at,
    calls.c.ended_at,
    calls.c.submission_id,
    calls.c.audio,
)


class Batch(StoredBatch):
    """One loaded spreadsheet. Made by `Ledger.load` and `Ledger.batch`, never by hand.

    Attributes: id, name, file_name, file_hash (SHA-256), mapping, products (dicts, or None where no list was
    known), who, created_at (seconds since the epoch).
    """

    def __init__(self, database: Database, record: sa.Row[Any]) -> None:
        super().__init__(database, record)
        self._handed_out: dict[int, bytes] = {}  # row → version of what `call` returned last

    def __repr__(self) -> str:
        shown = " · ".join(f"{count:,} {status}" for status, count in self.counts().items() if count)
        return f"<Batch {self.name!r} · {shown or 'no calls'}>"

    def _repr_html_(self) -> str:
        """Return a table of counts, which notebooks show."""
        counts = {status: count for status, count in self.counts().items() if count}
        heads = "".join(f"<th>{status}</th>" for status in counts)
        cells = "".join(f"<td>{count:,}</td>" for count in counts.values())
        name = f"{html.escape(self.name)} · {sum(counts.values()):,} calls · {html.escape(self.id)}"
        return f"<table><caption>{name}</caption><tr>{heads}</tr><tr>{cells}</tr></table>"

    def __len__(self) -> int:
        return self.total

    def __bool__(self) -> bool:
        return True  # a batch without calls is a batch

    def __getitem__(self, row: int) -> Call:
        """Return the call in this row, as `call` does."""
        return self.call(row)

    def __iter__(self) -> Iterator[Call]:
        """Yield every call, by row."""
        return (from_payload(payload) for _, payload in self.payloads())

    def __contains__(self, row: object) -> bool:
        """Whether the batch has a call in this row."""
        try:
            self.these_rows(arguments.row_number(row))
        except NotInLedger:
            return False
        return True

    # counts and lists

    def counts(self) -> dict[str, int]:
        """Calls by status: all nine statuses, in the order of a call's life; they sum to the batch."""
        query = (
            sa.select(calls.c.status, sa.func.count())
            .where(calls.c.batch_id == self.id)
            .group_by(calls.c.status)
        )
        with self.database.read() as connection:
            found = {row[0]: row[1] for row in connection.execute(query)}
        return {status: found.get(status, 0) for status in STATUSES}

    @property
    def total(self) -> int:
        """How many calls the batch has."""
        return sum(self.counts().values())

    def calls(self, *, offset: int = 0, limit: int | None = None, **filters: Any) -> pd.DataFrame:
        """One screen of calls. Index: row. Columns: status, agent_email, product_id (Int64), timestamp (UTC),
        lines, tags, errors, warnings, edited, conversation_id, preview.

        Filters (also of `count` and `rows`): `status` (one or a list), `severity` ("error" or "warning"), `code`,
        `search` (text anywhere in the call, or a row number), `agent`, `product`, `edited`, `rows`, `submission`.
        """
        import pandas as pd

        names = ["row", "status", "agent_email", "product_id", "timestamp", "lines", "tags", "errors",
                 "warnings", "edited", "conversation_id", "preview"]  # fmt: skip
        query = (
            sa.select(*(calls.c[name] for name in names))
            .where(*self.where(**filters))
            .order_by(calls.c.row)
            .offset(offset)
            .limit(limit)
        )
        with self.database.read() as connection:
            rows = [tuple(row) for row in connection.execute(query)]
        frame = pd.DataFrame(rows, columns=names).set_index("row")
        frame["product_id"] = frame["product_id"].astype("Int64")
        frame["timestamp"] = utc(frame["timestamp"])
        for name in ("lines", "tags", "errors", "warnings"):
            frame[name] = frame[name].astype(int)
        frame["edited"] = frame["edited"].astype(bool)
        return frame

    def count(self, **filters: Any) -> int:
        """How many calls the filters leave."""
        query = sa.select(sa.func.count()).select_from(calls).where(*self.where(**filters))
        with self.database.read() as connection:
            return connection.execute(query).scalar_one()

    def agents(self) -> list[str]:
        """Every agent email in the batch, in alphabetical order."""
        query = (
            sa.select(calls.c.agent_email)
            .where(calls.c.batch_id == self.id, calls.c.agent_email.is_not(None))
            .distinct()
            .order_by(calls.c.agent_email)
        )
        with self.database.read() as connection:
            return [agent for agent in connection.execute(query).scalars() if agent]

    def findings(self, row: int | None = None) -> pd.DataFrame:
        """Findings of one call, or of all: columns row, field, line, code, severity, title, value, message, hint.

        Raises NotInLedger: the batch has no such row.
        """
        import pandas as pd

        query = sa.select(calls.c.row, calls.c.findings).where(
            calls.c.batch_id == self.id, calls.c.codes != ""
        )
        if row is not None:
            query = query.where(calls.c.row == self.one(row, calls.c.row).row)
        records = []
        with self.database.read() as connection:
            for number, text in connection.execute(query.order_by(calls.c.row)):
                for found in decode_findings(text):
                    records.append(
                        (number, found.field, found.line, found.code, found.severity, found.title, found.value,
                         found.message, found.hint)
                    )  # fmt: skip
        frame = pd.DataFrame(
            records,
            columns=["row", "field", "line", "code", "severity", "title", "value", "message", "hint"],
        )
        return frame.astype({"row": "int64", "line": "Int64"})

    def finding_counts(self, **filters: Any) -> pd.DataFrame:
        """Which findings the batch, or what the filters leave of it, has: code, severity, title, calls (how many have
        it); errors first, then by count."""
        import pandas as pd

        query = (
            sa.select(calls.c.codes, sa.func.count())
            .where(*self.where(**filters), calls.c.codes != "")
            .group_by(calls.c.codes)
        )
        totals: dict[str, int] = {}
        with self.database.read() as connection:
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

    # one call

    def call(self, row: int) -> Call:
        """Return the call as it would be sent. Raises NotInLedger: the batch has no such row."""
        call = super().call(row)
        self._handed_out[arguments.row_number(row)] = version_of(call)
        return call

    def original(self, row: int) -> Call:
        """The call as the sheet said it, before any edit."""
        found = self.one(row, calls.c.payload, calls.c.original)
        return from_payload(found.original or found.payload)

    def cells(self, row: int) -> dict[str, Any]:
        """The sheet's own cells of this row, column → value."""
        cells: dict[str, Any] = msgspec.json.decode(self.one(row, calls.c.cells).cells)
        return cells

    def info(self, row: int) -> dict[str, Any]:
        """Status of one call and what became of it: status, edited, submission_id, upload_id, http_status, error,
        attempts, seconds, sent_at, ended_at (seconds since the epoch), skipped_because, audio."""
        names = ("status", "edited", "submission_id", "upload_id", "http_status", "error", "attempts", "seconds",
                 "sent_at", "ended_at", "skipped_because", "audio")  # fmt: skip
        return dict(self.one(row, *(calls.c[name] for name in names))._mapping)

    def lines(self, row: int) -> pd.DataFrame:
        """The transcript of one call. Index: line number from 1. Columns: role, text, start, stop (seconds), times (where
        they are from: source, derived, estimated, by hand; "" = it has none, or nobody knows)."""
        found = self.one(row, calls.c.payload, calls.c.original, calls.c.times)
        call, original = from_payload(found.payload), from_payload(found.original or found.payload)
        times = line_times(found.times, original.transcript or [], call.transcript or [])
        return lines_frame(call).assign(times=times)

    def tags(self, row: int) -> pd.DataFrame:
        """The tags of one call. Index: number from 1. Columns: key, value, type."""
        return tags_frame(self.call(row))

    def replace(self, row: int, call: Call, *, expected: Call | None = None, who: str = "") -> list[Finding]:
        """Store an edited call at once: checked, with what changed on record. Return its findings.

        Nobody else's edit is overwritten: the stored call must be the one that yours was made from. That is `expected`,
        else what this batch handed out last for the row (`batch.call(row)`, `batch[row]`), else the call as it was
        loaded. `change` needs none of this.

        Raises:
            NotInLedger: the batch has no such row.
            CallChanged: somebody else stored the call since.
            CallLocked: the call is being sent, was sent, or may have been sent.
            msgspec.ValidationError: a value of a type that the API does not know (a text for a number).
        """
        remembered = self._handed_out.get(arguments.row_number(row))
        return replace_call(self, row, call, expected=expected, remembered=remembered, who=who)

    def change(self, row: int, function: Callable[[Call], Call], *, who: str = "") -> list[Finding]:
        """Store what `function` makes of the call as it is stored. Return its findings.

        `function` takes the call and returns the changed one. Where somebody else stores the call meanwhile, it is
        called again with the newer one, so it should do nothing else. What it raises stops the change.

        Raises as `replace`, but for CallChanged.
        """
        return change_call(self, row, function, who=who)

    def update(self, rows: int | Iterable[int] | None, *, who: str = "", **fields: Any) -> ManyEdited:
        """Set fields of many calls (None: all that can be edited): `batch.update([2, 3], product_id=7)`.

        Return how many changed, how many were so already, and how many are locked (being sent, or sent) and stay.

        Raises:
            ValueError: there is no such field; it is none of agent_email, product_id, conversation_id, filename,
                timestamp (seconds since the epoch).
            NotInLedger: the batch has no such row; nothing was changed.
        """
        return update_calls(self, rows, fields, who=who)

    def rename_tag(self, old: str, new: str, *, who: str = "") -> ManyEdited:
        """Rename a tag in every call that has it. Return how many changed, and how many are locked and stay.

        Raises ValueError: no call has this tag, or the new name is empty.
        """
        return rename_tag(self, old, new, who=who)

    def swap_roles(self, rows: int | Iterable[int], *, who: str = "") -> ManyEdited:
        """Exchange agent and customer in the transcripts of these rows: one edit on record for each call.

        Return how many changed, how many have neither role, and how many are locked (being sent, or sent) and stay.
        """
        return change_calls(self, rows, swap_roles, who=who)

    def revert(self, row: int, *, who: str = "") -> list[Finding]:
        """Bring back what the sheet said, whole, also where a text or a finding was decided about; the edits stay on
        record. An attached recording stays, under its own name (`detach` takes it off). Raises as `replace`."""
        original = self.original(row)

        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            if stored.audio == "none":
                return original, Decisions()
            return msgspec.structs.replace(original, filename=call.filename), Decisions()

        return change_one(self, row, change, who=who)

    # recordings

    def attach(
        self,
        row: int,
        recording: str | os.PathLike[str] | IO[bytes] | files.Attached,
        *,
        name: str | None = None,
        content_type: str | None = None,
        who: str = "",
    ) -> list[Finding]:
        """Attach the file of a call's recording, in place of an earlier one; gives the call's findings.

        The call announces it (`filename`), and it is uploaded right after the call was accepted. It is hashed now: a
        file that is another one by then is not sent.

        Args:
            recording: a path (the file stays where it is), a file that is open for reading bytes (it is copied into
                the ledger's folder), or what `reddy_lib.recordings.attachments.attached_from` gave.
            name: what Reddy is told; the file's own if None.
            content_type: what it is sent as; by what is inside the file if None, else by its name's ending.

        Raises:
            NotInLedger: the batch has no such row.
            CallLocked: the call is being sent, was sent, or may have been sent.
            RecordingError: the file is not there, is empty, or cannot be read.
        """
        refuse_locked(self.one(row, calls.c.status).status, row)  # before a gigabyte is read
        if not isinstance(recording, files.Attached):
            recording = files.attached_from(self.database, recording, name=name, content_type=content_type)
        return change_one(self, row, announcing(recording), who=who, recording=recording)

    def attach_many(self, found: MappingType[int, files.Attached], *, who: str = "") -> dict[int, str]:
        """Attach files to calls (row → what `reddy_lib.recordings.attachments.attached_from` gave) in one transaction.

        Gives the rows that have none of it, each with why, as a sentence: there is no such row, the call is being sent or
        was sent, or the file is not there any more. At most some dozen at a time: others cannot write meanwhile.

        Raises LedgerUnavailable, or TypeError where a row is no whole number: nothing is attached.
        """
        refused: dict[int, str] = {}
        found = {arguments.row_number(row): one for row, one in found.items()}
        arguments.text(who, "who")
        with self.database.write() as connection:
            # in one order, so that two of these never wait for each other
            for row, one in sorted(found.items()):
                try:
                    change_in(connection, self, row, announcing(one), who=who, recording=one)
                except (NotInLedger, CallLocked, RecordingError) as error:
                    refused[row] = str(error)
        return refused

    def detach(self, row: int, *, who: str = "") -> list[Finding]:
        """Take a call's recording off it; the call announces again what the sheet did. The file stays where it is.

        Raises as `attach`. Nothing happens to a call without one.
        """

        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            if stored.audio == "none":
                return call, decisions
            announced = from_payload(stored.original or stored.payload).filename
            return msgspec.structs.replace(call, filename=announced), decisions

        return change_one(self, row, change, who=who, recording=None)

    def recording(self, row: int) -> files.Attached | None:
        """The file that is attached to a call, for `reddy_lib.recordings.attachments.open_recording`; None without one."""
        call_id = self.one(row, calls.c.id).id
        with self.database.read() as connection:
            return files.attached_to(connection, call_id)

    def recordings(self) -> pd.DataFrame:
        """Every attached recording, by row: row, name, size (bytes), sha256, content_type, state (waiting, sending,
        uploaded, failed, expired), sent (bytes of the last try), tries, error ("" if none), expires (of the address to
        upload to, UTC), attached, started, ended (UTC)."""
        with self.database.read() as connection:
            return files.recordings_frame(connection, self.id)

    # decisions

    def loss(self, row: int | None = None) -> BatchLoss:
        """How many characters of the transcripts' cells are in their lines: of the batch, or of one call.

        White space does not count. Labels, times and markup count as placed; `reddy_lib.transcripts.accounted` tells
        them apart. Raises NotInLedger: the batch has no such row.
        """
        if row is not None:
            row = int(self.one(row, calls.c.row).row)
        sums = (calls.c.characters_in, calls.c.characters_placed, calls.c.characters_dropped)
        query = sa.select(
            *(sa.func.coalesce(sa.func.sum(column), 0) for column in sums),
            sa.func.count() - sa.func.count(calls.c.characters_in),
        ).where(calls.c.batch_id == self.id, *([] if row is None else [calls.c.row == row]))
        with self.database.read() as connection:
            return BatchLoss(*(int(number) for number in connection.execute(query).one()))

    def unassigned(self, row: int | None = None) -> pd.DataFrame:
        """Texts that reading put in no line, of one call or of all: columns row, number (from 1), after (lines before
        it, as the call is now), text, decision ("" = open; attach, own line, drop), role, who, at (UTC)."""
        import pandas as pd

        query = sa.select(
            calls.c.row, calls.c.payload, calls.c.original, calls.c.unassigned, calls.c.decisions
        ).where(calls.c.batch_id == self.id, calls.c.unassigned.is_not(None))
        if row is not None:
            query = query.where(calls.c.row == self.one(row, calls.c.row).row)
        records = []
        with self.database.read() as connection:
            for found in connection.execute(query.order_by(calls.c.row)):
                decisions = read_decisions(found.decisions)
                moved = _moved(found)
                for one in unassigned_of(found.unassigned):
                    taken = decisions.texts.get(one.number)
                    told = ("", "", "", None) if taken is None else taken.told()
                    records.append((found.row, one.number, moved.get(one.after, 0), one.text, *told))
        frame = pd.DataFrame(
            records, columns=["row", "number", "after", "text", "decision", "role", "who", "at"]
        )
        return frame.astype({"row": "int64", "number": "int64", "after": "int64"}).assign(at=utc(frame["at"]))

    def decide(
        self,
        rows: int | Iterable[int],
        decision: Decision,
        *,
        text: str | None = None,
        role: str = "",
        who: str = "",
        on_progress: Callable[[int], object] | None = None,
    ) -> ManyEdited:
        """Say what becomes of text that is in no line: "attach" to the line above it, "own line" (of `role`), or "drop".

        `text`: this very text alone, wherever it stands in these calls; None = all that is open in them. Each call's
        change is an edit on record; `revert` takes it back. Calls that are being sent or were sent stay as they are.

        Raises NotInLedger: the batch has no such row.
        """
        arguments.known(decision, "decision", (ATTACH, OWN_LINE, DROP))
        arguments.text(role, "role")
        now = time.time()

        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            moved = _moved(stored)
            open_ = [
                one
                for one in unassigned_of(stored.unassigned)
                if one.number not in decisions.texts and text in (None, one.text)
            ]
            taken = {one.number: Taken(decision, who, now, role * (decision == OWN_LINE)) for one in open_}
            # so that each stays in its order: what is inserted or put in front from below, what is appended from above
            below = [one for one in open_ if decision == ATTACH and moved.get(one.after, 0)]
            for one in [*below, *(one for one in reversed(open_) if one not in below)]:
                call = decided(call, one, moved.get(one.after, 0), decision, role)
            return call, Decisions(decisions.accepted, {**decisions.texts, **taken})

        return change_many(self, rows, change, who=who, on_progress=on_progress)

    def accept(
        self,
        rows: int | Iterable[int],
        code: str,
        *,
        who: str = "",
        on_progress: Callable[[int], object] | None = None,
    ) -> ManyEdited:
        """Accept the findings of this code in these calls as they are: they no longer hold the calls back.

        Only what was met in reading can be accepted, and only where the catalogue says what is sent then
        (`CATALOGUE[code].accepting`); what Reddy would refuse cannot. `withdraw` and `revert` take it back.

        Raises:
            ValueError: findings of this code cannot be accepted.
            NotInLedger: the batch has no such row.
        """
        if not CATALOGUE[arguments.known(code, "code", CATALOGUE)].accepting:
            raise ValueError(f"a finding {code} cannot be accepted: {CATALOGUE[code].hint}")
        now = time.time()

        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            there = any(found.code == code for found in decode_findings(stored.source_findings))
            if not there or code in decisions.accepted:
                return call, decisions
            accepted = {**decisions.accepted, code: Taken("accepted", who, now)}
            return call, Decisions(accepted, decisions.texts)

        return change_many(self, rows, change, who=who, on_progress=on_progress)

    def withdraw(self, rows: int | Iterable[int], code: str, *, who: str = "") -> ManyEdited:
        """Take back that findings of this code were accepted in these calls. Raises NotInLedger as `accept`."""

        arguments.known(code, "code", CATALOGUE)

        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            accepted = {name: taken for name, taken in decisions.accepted.items() if name != code}
            return call, Decisions(accepted, decisions.texts)

        return change_many(self, rows, change, who=who)

    def decisions(self, row: int) -> Decisions:
        """What was decided about one call beside its payload: findings accepted, and texts placed or dropped."""
        return read_decisions(self.one(row, calls.c.decisions).decisions)

    def can_accept(self, row: int) -> set[str]:
        """Codes of this call's findings that somebody may accept."""
        found = self.one(row, calls.c.findings, calls.c.source_findings)
        source = decode_findings(found.source_findings)
        return {one.code for one in decode_findings(found.findings) if acceptable(one, source)}

    # history

    def edits(self, row: int) -> pd.DataFrame:
        """What was edited in one call, oldest first: field, before, after (JSON text, None = not there), who, at (UTC)."""
        import pandas as pd

        call_id = self.one(row, calls.c.id).id
        query = (
            sa.select(edits.c.field, edits.c.before, edits.c.after, edits.c.who, edits.c.at)
            .where(edits.c.call_id == call_id)
            .order_by(edits.c.id)
        )
        with self.database.read() as connection:
            rows = [tuple(found) for found in connection.execute(query)]
        # as objects: a column of texts would turn None into NaN
        frame = pd.DataFrame(rows, columns=["field", "before", "after", "who", "at"], dtype=object)
        frame["at"] = utc(frame["at"])
        return frame

    def attempts(self, row: int) -> pd.DataFrame:
        """Every HTTP try of one call, oldest first: submission, number, started, ended (UTC), result,
        possibly_processed, http_status, request_id, words (the server's), upload_id, seconds."""
        import pandas as pd

        call_id = self.one(row, calls.c.id).id
        names = ("submission_id", "number", "started", "ended", "result", "possibly_processed", "http_status",
                 "request_id", "words", "upload_id", "seconds")  # fmt: skip
        query = (
            sa.select(*(attempts.c[name] for name in names))
            .where(attempts.c.call_id == call_id)
            .order_by(attempts.c.started, attempts.c.number)
        )
        with self.database.read() as connection:
            rows = [tuple(found) for found in connection.execute(query)]
        frame = pd.DataFrame(rows, columns=["submission", *names[1:]])
        return frame.assign(started=utc(frame["started"]), ended=utc(frame["ended"]))

    # many calls

    def outcomes(self) -> pd.DataFrame:
        """What became of every call, one line each, by row: the columns of `outcomes_frame`."""
        query = sa.select(*_OUTCOME_COLUMNS).where(calls.c.batch_id == self.id).order_by(calls.c.row)
        with self.database.read() as connection:
            return outcomes_frame([tuple(found) for found in connection.execute(query)])

    def outcomes_version(self) -> tuple[int, ...]:
        """A small value that changes whenever `outcomes` may have: counts by status, calls sent, edits made, recordings
        by state."""
        last_edit = sa.select(sa.func.coalesce(sa.func.max(edits.c.id), 0))
        with self.database.read() as connection:
            edited = connection.execute(last_edit).scalar_one()
            audio = files.states_of_batch(connection, self.id)
        return (*self.counts().values(), edited, *audio)

    def was_checked_with(self, products: Iterable[Any] | None) -> bool:
        """Whether these are the products that the batch's checks used: same ids, names and states, in any order."""

        def told(products: Iterable[Any] | None) -> set[tuple[str, ...]] | None:
            listed = arguments.product_dicts(products)
            if listed is None:
                return None
            return {
                tuple(str(product.get(name, "")) for name in ("id", "name", "status")) for product in listed
            }

        return told(self.products) == told(products)

    def recheck(self, products: Sequence[Any] | None) -> None:
        """Check every call that can still be edited again, against another product list, which is stored with the
        batch: a batch loaded with the sandbox's products and then sent to Reddy needs Reddy's."""
        now = time.time()
        listed = arguments.product_dicts(products)
        stored = None if listed is None else msgspec.json.encode(listed).decode()
        for some in pieces(self.rows(status=sorted(EDITABLE))):
            with self.database.write() as connection:
                query = (
                    sa.select(calls)
                    .where(calls.c.batch_id == self.id, calls.c.row.in_(some), calls.c.status.in_(EDITABLE))
                    .with_for_update()
                )
                for old in connection.execute(query).all():
                    found = standing_findings(
                        old,
                        from_payload(old.payload),
                        read_decisions(old.decisions),
                        products=listed,
                        now=now,
                    )
                    found += [f for f in decode_findings(old.findings) if f.code == "conversation-duplicate"]
                    summary = summarised(merged([], found))
                    if summary["findings"] == old.findings:
                        continue
                    if old.status in ("held", "ready"):
                        summary["status"] = "held" if summary["errors"] else "ready"
                    connection.execute(calls.update().where(calls.c.id == old.id).values(**summary))
        with self.database.write() as connection:
            connection.execute(batches.update().where(batches.c.id == self.id).values(products=stored))
        self.products = listed

    def rename(self, name: str) -> None:
        """Give the batch another name. Raises ValueError: it is empty."""
        name = arguments.text(name, "name").strip()
        if not name:
            raise ValueError("A batch needs a name.")
        with self.database.write() as connection:
            connection.execute(batches.update().where(batches.c.id == self.id).values(name=name))
        self.name = name

    # inside


def _moved(stored: Any) -> dict[int, int]:
    """`moved_lines` of a call, from its row of `calls`."""
    if stored.original is None:
        return {number: number for number in range(len(from_payload(stored.payload).transcript or []) + 1)}
    original, call = from_payload(stored.original), from_payload(stored.payload)
    return moved_lines(original.transcript or [], call.transcript or [])
