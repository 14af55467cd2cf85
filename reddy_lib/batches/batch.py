"""`Batch`: the calls of one loaded spreadsheet, as pages and notebooks see them.

Everything is asked of the database one screen at a time and addressed by *row number* (1-based, as the
spreadsheet program shows it), never by position. An edit is checked, stored and recorded before `replace`
returns: a closed tab loses nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingType
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.call_changes import announcing, refuse_locked
from reddy_lib.batches.call_rows import (
    decode_findings,
)
from reddy_lib.batches.changes import (
    apply_step,
    change_call,
    change_one,
    rename_tag,
    replace_call,
    update_calls,
    version_of,
)
from reddy_lib.batches.decisions import (
    BatchLoss,
    Decision,
    Decisions,
    ManyEdited,
    acceptable,
    line_times,
    read_decisions,
)
from reddy_lib.batches.detaching import without_recording
from reddy_lib.batches.fixable_batch import FixableBatch
from reddy_lib.batches.frames import (
    attempts_frame,
    calls_frame,
    cells_frame,
    edits_frame,
    finding_counts_frame,
    findings_frame,
    lines_frame,
    outcomes_of_batch,
    tags_frame,
)
from reddy_lib.batches.operation_records import history_frame
from reddy_lib.batches.operations import Operation, change_in_operation, resume, undo
from reddy_lib.batches.playable import look_at
from reddy_lib.batches.provenance import provenance_frame
from reddy_lib.batches.rechecking import recheck, same_products
from reddy_lib.batches.review_decisions import (
    accept_finding,
    decide_texts,
    loss_of,
    unassigned_frame,
    withdraw_acceptance,
)
from reddy_lib.batches.searchable_batch import SearchableBatch
from reddy_lib.batches.silence_attached import silence_attached
from reddy_lib.batches.steps import Step, SwapRoles
from reddy_lib.database.privacy_tables import forgettings
from reddy_lib.database.schema import (
    STATUSES,
    batches,
    calls,
    edits,
)
from reddy_lib.errors import CallLocked, NotInLedger, RecordingError
from reddy_lib.findings import Finding
from reddy_lib.html_tables import counts_table
from reddy_lib.model import Call, from_payload
from reddy_lib.recordings import attachments as files

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.database.database import Database

__all__ = ["Batch"]


class Batch(SearchableBatch, FixableBatch):
    """One loaded spreadsheet. Made by `Ledger.load` and `Ledger.batch`, never by hand.

    Attributes: id, name, file_name, file_hash (SHA-256), mapping, products (dicts, or None where no list was
    known), who, created_at (UTC).
    """

    def __init__(self, database: Database, record: sa.Row[Any]) -> None:
        super().__init__(database, record)
        self._handed_out: dict[int, bytes] = {}  # row → version of what `call` returned last

    def __repr__(self) -> str:
        shown = " · ".join(f"{count:,} {status}" for status, count in self.counts().items() if count)
        return f"<Batch {self.id} {self.name!r} · {shown or 'no calls'}>"

    def _repr_html_(self) -> str:
        """Return a table of counts and what to do next, which notebooks show."""
        counts = {status: count for status, count in self.counts().items() if count}
        caption = f"{self.name} · {sum(counts.values()):,} calls · {self.id}"
        return counts_table(caption, counts, self._what_next(counts))

    def _what_next(self, counts: MappingType[str, int]) -> str:
        if counts.get("unknown"):
            return "Some calls may have reached Reddy: reddy.reconcile(batch, client) asks."
        if counts.get("queued") or counts.get("sending"):
            return "A submission is not finished: ledger.submissions(batch)[0] says what it waits for."
        if counts.get("held"):
            return "Held calls need a fix: batch.finding_counts() says which."
        if counts.get("ready"):
            return "Send the ready calls: reddy.submit(batch, client)."
        if any(counts.get(status) for status in ("rejected", "failed")):
            return "See why calls were not accepted: batch.outcomes()."
        return ""

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

    def __reversed__(self) -> Iterator[Call]:
        """Yield every call, the last row first."""
        # Python's default would count positions from 0, which are no row numbers.
        return (self.call(row) for row in reversed(self.rows()))

    def __contains__(self, row: object) -> bool:
        """Return whether the batch has a call in this row."""
        try:
            self.these_rows(arguments.row_number(row))
        except NotInLedger:
            return False
        return True

    # counts and lists

    def counts(self) -> dict[str, int]:
        """Return the calls by status: all nine statuses, in the order of a call's life; they sum to the batch."""
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

    def calls(
        self, *, offset: int = 0, limit: int | None = None, snippets: bool = False, **filters: Any
    ) -> pd.DataFrame:
        """Return one screen of calls. Index: row. Columns: status, agent_email, product_id (Int64), timestamp (UTC),
        lines, tags, errors, warnings, edited, conversation_id, preview.

        `batch.calls(query='customer says cancel status:held')` takes a `Query` or what a person types, see `Query.parse`.
        Other filters (also of `count` and `rows`, and together with `query`): `status` (one or a list), `severity`
        ("error" or "warning"), `code`, `search` (a phrase anywhere in the call, or a row number), `agent`, `product`,
        `edited`, `rows`, `submission`. Case and accents do not count in a search.

        Args:
            snippets: add columns snippet (text around the first hit of the query or search), snippet_begin and snippet_end
                (characters of the hit in it); "", 0 and 0 where nothing is searched.
        """
        return calls_frame(self, offset=offset, limit=limit, snippets=snippets, **filters)

    def count(self, **filters: Any) -> int:
        """Return how many calls the filters leave."""
        query = sa.select(sa.func.count()).select_from(calls).where(*self.where(**filters))
        with self.database.read() as connection:
            return connection.execute(query).scalar_one()

    def agents(self) -> list[str]:
        """Return every agent email in the batch, in alphabetical order."""
        query = (
            sa.select(calls.c.agent_email)
            .where(calls.c.batch_id == self.id, calls.c.agent_email.is_not(None))
            .distinct()
            .order_by(calls.c.agent_email)
        )
        with self.database.read() as connection:
            return [agent for agent in connection.execute(query).scalars() if agent]

    def findings(self, row: int | None = None) -> pd.DataFrame:
        """Return the findings of one call, or of all. Index: row. Columns: field, line, code, severity, title, value,
        message, hint.

        Raises NotInLedger: the batch has no such row.
        """
        return findings_frame(self, row)

    def provenance(self, row: int | None = None) -> pd.DataFrame:
        """Return where the fields of one call, or of all, are from. Index: row. Columns (text): agent_email, product_id,
        transcript, times, timestamp, conversation_id, filename, speaker, tags.

        Each is one of: `column NAME` (`column A + B` where several make it), `transcript` (it says so itself), `file name`,
        `default` (the same for all calls), `made up` (an id from agent, start and words), `by hand` (edited since), ""
        (the call has no such field). `times` is the least certain of the lines: `estimated` (from the number of words),
        `derived` (from the times of other lines), `by hand`, a column, `transcript`.

        Raises NotInLedger: the batch has no such row.
        """
        return provenance_frame(self, row)

    def finding_counts(self, **filters: Any) -> pd.DataFrame:
        """Return which findings the batch has, or the calls that the filters leave: code, severity, title, calls (how
        many have it); errors first, then by count."""
        return finding_counts_frame(self, **filters)

    # one call

    def call(self, row: int) -> Call:
        """Return the call as it would be sent. Raises NotInLedger: the batch has no such row."""
        call = super().call(row)
        self._handed_out[arguments.row_number(row)] = version_of(call)
        return call

    def original(self, row: int) -> Call:
        """Return the call as the sheet said it, before any edit."""
        found = self.one(row, calls.c.payload, calls.c.original)
        return from_payload(found.original or found.payload)

    def cells(self, row: int) -> dict[str, Any]:
        """Return the sheet's own cells of this row, column → value."""
        cells: dict[str, Any] = msgspec.json.decode(self.one(row, calls.c.cells).cells)
        return cells

    def cells_frame(self) -> pd.DataFrame:
        """Return the sheet's own cells of all calls: index row, one column a column of the sheet. What was loaded as a
        DataFrame comes back with row numbers: `batch.outcomes().join(batch.cells_frame())`."""
        return cells_frame(self)

    def info(self, row: int) -> dict[str, Any]:
        """Return the status of one call and its outcome: status, edited, submission_id, upload_id, http_status, error,
        attempts, seconds, sent_at, ended_at (UTC), skipped_because, audio, forgotten_at (UTC)."""
        names = ("status", "edited", "submission_id", "upload_id", "http_status", "error", "attempts", "seconds",
                 "sent_at", "ended_at", "skipped_because", "audio", "forgotten_at")  # fmt: skip
        found = dict(self.one(row, *(calls.c[name] for name in names))._mapping)
        for name in ("sent_at", "ended_at", "forgotten_at"):
            found[name] = None if found[name] is None else datetime.fromtimestamp(found[name], UTC)
        return found

    def lines(self, row: int) -> pd.DataFrame:
        """Return the transcript of one call. Index: line number from 1. Columns: role, text, start, stop (seconds),
        times (where they come from: source, derived, estimated, by hand; "" = no time, or unknown)."""
        found = self.one(row, calls.c.payload, calls.c.original, calls.c.times, calls.c.decisions)
        call, original = from_payload(found.payload), from_payload(found.original or found.payload)
        times = line_times(
            found.times,
            original.transcript or [],
            call.transcript or [],
            read_decisions(found.decisions).estimates,
        )
        return lines_frame(call).assign(times=times)

    def tags(self, row: int) -> pd.DataFrame:
        """Return the tags of one call. Index: number from 1. Columns: key, value, type."""
        return tags_frame(self.call(row))

    def replace(self, row: int, call: Call, *, expected: Call | None = None, who: str = "") -> list[Finding]:
        """Store an edited call at once: checked, with what changed on record. Return its findings.

        Edits of others are never overwritten: the stored call must be the one that yours was made from. That is `expected`,
        else what this batch handed out last for the row (`batch.call(row)`, `batch[row]`), else the call as it was
        loaded. `change` needs none of this.

        Raises:
            NotInLedger: the batch has no such row.
            CallChanged: somebody else stored the call since.
            CallLocked: the call is being sent, was sent, or may have been sent.
            TypeError: a value of a type that the API does not know (a text for a number).
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
            TypeError, ValueError: a value does not fit its field, or the field is not one of agent_email, product_id,
                conversation_id, filename, timestamp (a time with a zone, or seconds since the epoch).
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
        done = apply_step(self, rows, SwapRoles(), who=who)
        return ManyEdited(done.changed, done.same, done.locked)

    def apply(
        self,
        step: Step,
        rows: int | Iterable[int] | None = None,
        *,
        who: str = "",
        on_progress: Callable[[int], object] | None = None,
    ) -> Operation:
        """Apply a step of `reddy_lib.batches.steps` to many calls (None: all) as one operation. Return what it did.

        `on_progress`: called with the number of calls done so far; the operation stops where it returns False.

        Raises NotInLedger: the batch has no such row; nothing was changed.
        """
        return apply_step(self, rows, step, who=who, on_progress=on_progress)

    # operations

    def operations(self) -> pd.DataFrame:
        """Return the changes that were made to the batch, the latest first. Index: number. Columns: title, who, at (UTC),
        changed, locked, kept (numbers of calls), state (running, done, stopped, undone), undoes (a number), id."""
        return history_frame(self)

    def undo(
        self,
        operation: Operation | str | int,
        *,
        who: str = "",
        on_progress: Callable[[int], object] | None = None,
    ) -> Operation:
        """Undo an operation (its id or number): give each value back that it changed and that is still as it left it.

        Return the operation that did it: `changed` calls have their values back, `kept` were changed again since, and
        `locked` are being sent or were sent. It can be undone as well.

        Raises:
            NotInLedger: the batch has no such operation.
            CannotUndo: nothing of it can be given back, it is undone already, or it is still running.
        """
        return undo(self, operation, who=who, on_progress=on_progress)

    def resume(
        self, operation: Operation | str | int, *, on_progress: Callable[[int], object] | None = None
    ) -> Operation:
        """Go on with an operation that was stopped. Return what it did in all.

        Raises ValueError: it is not stopped, or it is a function, which is not stored.
        """
        return resume(self, operation, on_progress=on_progress)

    def revert(self, row: int, *, who: str = "") -> list[Finding]:
        """Restore what the sheet said, including texts and findings that were decided about; the edits stay on record. An
        attached recording stays, under its own name (`detach` removes it). Raises as `replace`."""
        original = self.original(row)

        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            if stored.audio == "none":
                return original, Decisions()
            return msgspec.structs.replace(original, filename=call.filename), Decisions()

        return change_one(self, row, change, title="Restore what the sheet said", who=who)

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
        """Attach the file of a call's recording, in place of an earlier one. Return its findings.

        The call announces it (`filename`), and it is uploaded right after the call is accepted. It is hashed now; a file
        that has changed by then is not sent. What is masked in the words is silent in a copy, which is attached in its
        place; where that cannot be, the call is held (`mask-still-heard`).

        Args:
            recording: a path (the file stays where it is), a file that is open for reading bytes (it is copied into
                the ledger's folder), or what `reddy_lib.recordings.attachments.attached_from` returned.
            name: the name Reddy is told; the file's own if None.
            content_type: detected from the file's content, else from its name, if None.

        Raises:
            NotInLedger: the batch has no such row.
            CallLocked: the call is being sent, was sent, or may have been sent.
            RecordingError: the file is not there, is empty, or cannot be read.
        """
        refuse_locked(self.one(row, calls.c.status).status, row)  # before a gigabyte is read
        if not isinstance(recording, files.Attached):
            recording = files.attached_from(self.database, recording, name=name, content_type=content_type)
        look_at(self.database, [recording])
        change_one(
            self, row, announcing(recording), title=f"Attach {recording.name}", who=who, recording=recording
        )
        silence_attached(self, [row], who=who)
        return self.findings_of(row)

    def attach_many(self, found: MappingType[int, files.Attached], *, who: str = "") -> dict[int, str]:
        """Attach files to calls (row → what `reddy_lib.recordings.attachments.attached_from` returned) in one transaction.

        Return the rows that were refused, each with the reason as a sentence: there is no such row, the call is being
        sent or was sent, or the file is gone. Pass a few dozen at a time: the ledger is locked for other writers meanwhile.

        Raises LedgerUnavailable, or TypeError where a row is no whole number: nothing is attached.
        """
        refused: dict[int, str] = {}
        found = {arguments.row_number(row): one for row, one in found.items()}
        arguments.text(who, "who")
        look_at(self.database, found.values())
        with self.database.write() as connection:

            def kept_back(row: int, error: Exception) -> bool:
                refused[row] = str(error)
                return isinstance(error, NotInLedger | CallLocked | RecordingError)

            changes = {row: (announcing(one), one) for row, one in found.items()}
            change_in_operation(connection, self, changes, "Attach recordings", who=who, refused=kept_back)
        silence_attached(self, list(found), who=who)
        return refused

    def detach(self, row: int, *, who: str = "") -> list[Finding]:
        """Detach a call's recording; the call announces again what the sheet did. The file stays where it is.

        Raises as `attach`. Nothing happens to a call without one.
        """

        return change_one(self, row, without_recording, title="Detach the recording", who=who, recording=None)

    def recording(self, row: int) -> files.Attached | None:
        """Return the file that is attached to a call, for `recordings.attachments.open_recording`, or None."""
        call_id = self.one(row, calls.c.id).id
        with self.database.read() as connection:
            return files.attached_to(connection, call_id)

    def recordings(self) -> pd.DataFrame:
        """Return every attached recording. Index: row. Columns: name, size (bytes), sha256, content_type, state
        (waiting, sending, uploaded, failed, expired), sent (bytes of the last attempt), tries, error ("" if none),
        expires (of the address to upload to, UTC), attached, started, ended (UTC)."""
        with self.database.read() as connection:
            return files.recordings_frame(connection, self.id).set_index("row")

    # decisions

    def loss(self, row: int | None = None) -> BatchLoss:
        """Return how many characters of the transcripts' cells are in their lines: of the batch, or of one call.

        White space does not count. Labels, times and markup count as placed; `reddy_lib.transcripts.accounted` tells
        them apart. Raises NotInLedger: the batch has no such row.
        """
        return loss_of(self, row)

    def unassigned(self, row: int | None = None) -> pd.DataFrame:
        """Return texts that reading put in no line, of one call or of all. Index: row. Columns: number (from 1), after
        (lines before it, as the call is now), text, decision ("" = open; attach, own line, drop), role, who, at (UTC)."""
        return unassigned_frame(self, row)

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
        """Decide about text that is in no line: "attach" it to the line above, make it its "own line" (of `role`), or
        "drop" it.

        Args:
            text: decide about this text only, wherever it occurs in these calls; None = all undecided texts.
            on_progress: called with the number of calls done so far.

        Each call's change is recorded as an edit; `revert` undoes it. Calls that are being sent or were sent stay as
        they are.

        Raises NotInLedger: the batch has no such row.
        """
        return decide_texts(self, rows, decision, text=text, role=role, who=who, on_progress=on_progress)

    def accept(
        self,
        rows: int | Iterable[int],
        code: str,
        *,
        who: str = "",
        on_progress: Callable[[int], object] | None = None,
    ) -> ManyEdited:
        """Accept the findings of this code in these calls as they are: they no longer hold the calls back.

        Only findings from reading the sheet can be accepted, and only where the catalogue says what is sent then
        (`CATALOGUE[code].accepting`); what Reddy would refuse cannot. `withdraw` and `revert` undo it.

        Raises:
            ValueError: findings of this code cannot be accepted.
            NotInLedger: the batch has no such row.
        """
        return accept_finding(self, rows, code, who=who, on_progress=on_progress)

    def withdraw(self, rows: int | Iterable[int], code: str, *, who: str = "") -> ManyEdited:
        """Withdraw the acceptance of findings of this code in these calls. Raises NotInLedger as `accept`."""
        return withdraw_acceptance(self, rows, code, who=who)

    def decisions(self, row: int) -> Decisions:
        """Return what was decided about one call beside its payload: findings accepted, texts placed or dropped."""
        return read_decisions(self.one(row, calls.c.decisions).decisions)

    def can_accept(self, row: int) -> set[str]:
        """Return the codes of this call's findings that can be accepted."""
        found = self.one(row, calls.c.findings, calls.c.source_findings)
        source = decode_findings(found.source_findings)
        return {one.code for one in decode_findings(found.findings) if acceptable(one, source)}

    # history

    def edits(self, row: int) -> pd.DataFrame:
        """Return the edits of one call, oldest first: field, before, after (JSON text, None = absent), who, at (UTC)."""
        return edits_frame(self, row)

    def attempts(self, row: int) -> pd.DataFrame:
        """Return every HTTP attempt of one call, oldest first: submission, number, started, ended (UTC), result,
        possibly_processed, http_status, request_id, words (the server's), upload_id, seconds."""
        return attempts_frame(self, row)

    # many calls

    def outcomes(self) -> pd.DataFrame:
        """Return the outcome of every call. Index: row. Columns: those of `frames.outcomes_frame`."""
        return outcomes_of_batch(self)

    def outcomes_version(self) -> tuple[int, ...]:
        """Return a small value that changes whenever `outcomes` may have: counts by status, calls sent, edits made,
        recordings by state, what was forgotten."""
        last_edit = sa.select(sa.func.coalesce(sa.func.max(edits.c.id), 0))
        with self.database.read() as connection:
            edited = connection.execute(last_edit).scalar_one()
            forgotten = connection.execute(sa.select(sa.func.count()).select_from(forgettings)).scalar_one()
            audio = files.states_of_batch(connection, self.id)
        return (*self.counts().values(), edited, forgotten, *audio)

    def was_checked_with(self, products: Iterable[Any] | None) -> bool:
        """Return whether the batch was checked with these products: same ids, names and states, in any order."""
        return same_products(self.products, products)

    def recheck(self, products: Sequence[Any] | None) -> None:
        """Check every call that can still be edited against another product list, which is stored with the batch: one
        that was loaded with the sandbox's products and is then sent to Reddy needs Reddy's."""
        recheck(self, products)

    def rename(self, name: str) -> None:
        """Give the batch another name. Raises ValueError: it is empty."""
        name = arguments.text(name, "name").strip()
        if not name:
            raise ValueError("A batch needs a name.")
        with self.database.write() as connection:
            connection.execute(batches.update().where(batches.c.id == self.id).values(name=name))
        self.name = name
