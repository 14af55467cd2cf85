"""`Batch`: the calls of one loaded spreadsheet, as pages and notebooks see them.

Everything is asked of the database one screen at a time and addressed by *row number* (1-based, as the
spreadsheet program shows it), never by position. An edit is checked, stored and recorded before `replace`
returns: a closed tab loses nothing.
"""

from __future__ import annotations

import copy
import html
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingType
from typing import IO, TYPE_CHECKING, Any, Literal

import msgspec
import sqlalchemy as sa

from .. import arguments
from ..errors import CallLocked, NotInLedger, RecordingError
from ..findings import CATALOGUE, Finding
from ..identity import call_key
from ..model import Call, Speaker, Tag, TranscriptLine, from_payload, payload_json, whole_characters
from ..spreadsheet import Mapping
from ..spreadsheet.web_addresses import announced_name, is_web_address
from . import archiving
from . import recordings as files
from .changes import change_call, change_calls, must_be, rename_tag, replace_call, update_calls, version_of
from .decisions import (
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
    decision_changes,
    line_times,
    moved_lines,
    read_decisions,
    tally,
    unassigned_of,
)
from .editing import swap_roles
from .records import (
    changes,
    decode_findings,
    merged,
    remark_duplicates,
    searched,
    standing_findings,
    summarised,
)
from .schema import EDITABLE, STATUSES, attempts, batches, calls, earlier_payloads, edits, past_outcomes

if TYPE_CHECKING:
    import pandas as pd

    from .store import Ledger

__all__ = ["Batch"]

_Change = Callable[[Call, Decisions, sa.Row[Any]], tuple[Call, Decisions]]
"""(call, what was decided about it, its row of `calls`) → both as they shall be."""

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


FILTERS = ("status", "severity", "code", "search", "agent", "product", "edited", "rows", "submission")
"""What `calls`, `count`, `rows` and `finding_counts` take."""


class Batch:
    """One loaded spreadsheet. Made by `Ledger.load` and `Ledger.batch`, never by hand.

    Attributes: id, name, file_name, file_hash (SHA-256), mapping, products (dicts, or None where no list was
    known), who, created_at (seconds since the epoch).
    """

    def __init__(self, ledger: Ledger, record: sa.Row[Any]) -> None:
        self.ledger = ledger
        self.id: str = record.id
        self.name: str = record.name
        self.file_name: str = record.file_name
        self.file_hash: str = record.file_hash
        self.mapping = Mapping.from_dict(msgspec.json.decode(record.mapping))
        self.products: list[dict[str, Any]] | None = (
            None if record.products is None else msgspec.json.decode(record.products)
        )
        self.who: str = record.who
        self.created_at: float = record.created_at
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

    def seen_by(self, ledger: Ledger) -> Batch:
        """Return the same batch on another view of its ledger (see `Ledger.for_person`)."""
        batch = copy.copy(self)
        batch.ledger = ledger
        return batch

    # counts and lists

    def counts(self) -> dict[str, int]:
        """Calls by status: all nine statuses, in the order of a call's life; they sum to the batch."""
        query = (
            sa.select(calls.c.status, sa.func.count())
            .where(calls.c.batch_id == self.id)
            .group_by(calls.c.status)
        )
        with self.ledger._read() as connection:
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
            .where(*self._where(**filters))
            .order_by(calls.c.row)
            .offset(offset)
            .limit(limit)
        )
        with self.ledger._read() as connection:
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
        query = sa.select(sa.func.count()).select_from(calls).where(*self._where(**filters))
        with self.ledger._read() as connection:
            return connection.execute(query).scalar_one()

    def rows(self, **filters: Any) -> list[int]:
        """The row numbers that the filters leave, ascending; all of them without filters."""
        query = sa.select(calls.c.row).where(*self._where(**filters)).order_by(calls.c.row)
        with self.ledger._read() as connection:
            return list(connection.execute(query).scalars())

    def agents(self) -> list[str]:
        """Every agent email in the batch, in alphabetical order."""
        query = (
            sa.select(calls.c.agent_email)
            .where(calls.c.batch_id == self.id, calls.c.agent_email.is_not(None))
            .distinct()
            .order_by(calls.c.agent_email)
        )
        with self.ledger._read() as connection:
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
            query = query.where(calls.c.row == self._one(row, calls.c.row).row)
        records = []
        with self.ledger._read() as connection:
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
            .where(*self._where(**filters), calls.c.codes != "")
            .group_by(calls.c.codes)
        )
        totals: dict[str, int] = {}
        with self.ledger._read() as connection:
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
        call = from_payload(self._one(row, calls.c.payload).payload)
        self._handed_out[arguments.row_number(row)] = version_of(call)
        return call

    def original(self, row: int) -> Call:
        """The call as the sheet said it, before any edit."""
        found = self._one(row, calls.c.payload, calls.c.original)
        return from_payload(found.original or found.payload)

    def cells(self, row: int) -> dict[str, Any]:
        """The sheet's own cells of this row, column → value."""
        cells: dict[str, Any] = msgspec.json.decode(self._one(row, calls.c.cells).cells)
        return cells

    def findings_of(self, row: int) -> list[Finding]:
        """The findings of one call, errors first."""
        return [
            msgspec.structs.replace(found, row=row)
            for found in decode_findings(self._one(row, calls.c.findings).findings)
        ]

    def info(self, row: int) -> dict[str, Any]:
        """Status of one call and what became of it: status, edited, submission_id, upload_id, http_status, error,
        attempts, seconds, sent_at, ended_at (seconds since the epoch), skipped_because, audio."""
        names = ("status", "edited", "submission_id", "upload_id", "http_status", "error", "attempts", "seconds",
                 "sent_at", "ended_at", "skipped_because", "audio")  # fmt: skip
        return dict(self._one(row, *(calls.c[name] for name in names))._mapping)

    def lines(self, row: int) -> pd.DataFrame:
        """The transcript of one call. Index: line number from 1. Columns: role, text, start, stop (seconds), times (where
        they are from: source, derived, estimated, by hand; "" = it has none, or nobody knows)."""
        found = self._one(row, calls.c.payload, calls.c.original, calls.c.times)
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

    def store_if(self, row: int, seen: bytes | None, call: Call, *, who: str) -> list[Finding]:
        """Store a call if its version in the ledger is still `seen` (see `changes.must_be`). Return its findings.

        Raises as `replace`.
        """
        # as it will be read back, and independent of the caller's object
        new = from_payload(payload_json(call))
        with self.ledger._write() as connection:

            def change(now: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
                must_be(connection, self, stored, seen, new)
                return new, decisions

            self._change_in(connection, row, change, who=who)
        self.call(row)  # the next edit is made from what was stored now
        return self.findings_of(row)

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

        return self._change(row, change, who=who)

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
                the ledger's folder), or what `reddy_lib.ledger.recordings.attached_from` gave.
            name: what Reddy is told; the file's own if None.
            content_type: what it is sent as; by what is inside the file if None, else by its name's ending.

        Raises:
            NotInLedger: the batch has no such row.
            CallLocked: the call is being sent, was sent, or may have been sent.
            RecordingError: the file is not there, is empty, or cannot be read.
        """
        self._unlocked(self._one(row, calls.c.status).status, row)  # before a gigabyte is read
        if not isinstance(recording, files.Attached):
            recording = files.attached_from(self.ledger, recording, name=name, content_type=content_type)
        return self._change(row, _announcing(recording), who=who, recording=recording)

    def attach_many(self, found: MappingType[int, files.Attached], *, who: str = "") -> dict[int, str]:
        """Attach files to calls (row → what `reddy_lib.ledger.recordings.attached_from` gave) in one transaction.

        Gives the rows that have none of it, each with why, as a sentence: there is no such row, the call is being sent or
        was sent, or the file is not there any more. At most some dozen at a time: others cannot write meanwhile.

        Raises LedgerUnavailable, or TypeError where a row is no whole number: nothing is attached.
        """
        refused: dict[int, str] = {}
        found = {arguments.row_number(row): one for row, one in found.items()}
        arguments.text(who, "who")
        with self.ledger._write() as connection:
            # in one order, so that two of these never wait for each other
            for row, one in sorted(found.items()):
                try:
                    self._change_in(connection, row, _announcing(one), who=who, recording=one)
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

        return self._change(row, change, who=who, recording=None)

    def recording(self, row: int) -> files.Attached | None:
        """The file that is attached to a call, for `reddy_lib.ledger.recordings.open_recording`; None without one."""
        call_id = self._one(row, calls.c.id).id
        with self.ledger._read() as connection:
            return files.attached_to(connection, call_id)

    def recordings(self) -> pd.DataFrame:
        """Every attached recording, by row: row, name, size (bytes), sha256, content_type, state (waiting, sending,
        uploaded, failed, expired), sent (bytes of the last try), tries, error ("" if none), expires (of the address to
        upload to, UTC), attached, started, ended (UTC)."""
        with self.ledger._read() as connection:
            return files.recordings_frame(connection, self.id)

    # decisions

    def loss(self, row: int | None = None) -> BatchLoss:
        """How many characters of the transcripts' cells are in their lines: of the batch, or of one call.

        White space does not count. Labels, times and markup count as placed; `reddy_lib.transcripts.accounted` tells
        them apart. Raises NotInLedger: the batch has no such row.
        """
        if row is not None:
            row = int(self._one(row, calls.c.row).row)
        sums = (calls.c.characters_in, calls.c.characters_placed, calls.c.characters_dropped)
        query = sa.select(
            *(sa.func.coalesce(sa.func.sum(column), 0) for column in sums),
            sa.func.count() - sa.func.count(calls.c.characters_in),
        ).where(calls.c.batch_id == self.id, *([] if row is None else [calls.c.row == row]))
        with self.ledger._read() as connection:
            return BatchLoss(*(int(number) for number in connection.execute(query).one()))

    def unassigned(self, row: int | None = None) -> pd.DataFrame:
        """Texts that reading put in no line, of one call or of all: columns row, number (from 1), after (lines before
        it, as the call is now), text, decision ("" = open; attach, own line, drop), role, who, at (UTC)."""
        import pandas as pd

        query = sa.select(
            calls.c.row, calls.c.payload, calls.c.original, calls.c.unassigned, calls.c.decisions
        ).where(calls.c.batch_id == self.id, calls.c.unassigned.is_not(None))
        if row is not None:
            query = query.where(calls.c.row == self._one(row, calls.c.row).row)
        records = []
        with self.ledger._read() as connection:
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

        return self._change_many(rows, change, who=who, on_progress=on_progress)

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

        return self._change_many(rows, change, who=who, on_progress=on_progress)

    def withdraw(self, rows: int | Iterable[int], code: str, *, who: str = "") -> ManyEdited:
        """Take back that findings of this code were accepted in these calls. Raises NotInLedger as `accept`."""

        arguments.known(code, "code", CATALOGUE)

        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            accepted = {name: taken for name, taken in decisions.accepted.items() if name != code}
            return call, Decisions(accepted, decisions.texts)

        return self._change_many(rows, change, who=who)

    def decisions(self, row: int) -> Decisions:
        """What was decided about one call beside its payload: findings accepted, and texts placed or dropped."""
        return read_decisions(self._one(row, calls.c.decisions).decisions)

    def can_accept(self, row: int) -> set[str]:
        """Codes of this call's findings that somebody may accept."""
        found = self._one(row, calls.c.findings, calls.c.source_findings)
        source = decode_findings(found.source_findings)
        return {one.code for one in decode_findings(found.findings) if acceptable(one, source)}

    # history

    def edits(self, row: int) -> pd.DataFrame:
        """What was edited in one call, oldest first: field, before, after (JSON text, None = not there), who, at (UTC)."""
        import pandas as pd

        call_id = self._one(row, calls.c.id).id
        query = (
            sa.select(edits.c.field, edits.c.before, edits.c.after, edits.c.who, edits.c.at)
            .where(edits.c.call_id == call_id)
            .order_by(edits.c.id)
        )
        with self.ledger._read() as connection:
            rows = [tuple(found) for found in connection.execute(query)]
        # as objects: a column of texts would turn None into NaN
        frame = pd.DataFrame(rows, columns=["field", "before", "after", "who", "at"], dtype=object)
        frame["at"] = utc(frame["at"])
        return frame

    def attempts(self, row: int) -> pd.DataFrame:
        """Every HTTP try of one call, oldest first: submission, number, started, ended (UTC), result,
        possibly_processed, http_status, request_id, words (the server's), upload_id, seconds."""
        import pandas as pd

        call_id = self._one(row, calls.c.id).id
        names = ("submission_id", "number", "started", "ended", "result", "possibly_processed", "http_status",
                 "request_id", "words", "upload_id", "seconds")  # fmt: skip
        query = (
            sa.select(*(attempts.c[name] for name in names))
            .where(attempts.c.call_id == call_id)
            .order_by(attempts.c.started, attempts.c.number)
        )
        with self.ledger._read() as connection:
            rows = [tuple(found) for found in connection.execute(query)]
        frame = pd.DataFrame(rows, columns=["submission", *names[1:]])
        return frame.assign(started=utc(frame["started"]), ended=utc(frame["ended"]))

    # many calls

    def payloads(self, rows: Iterable[int] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (row, payload) for the rows asked for (all if None), ascending: exactly what would be sent.

        Raises NotInLedger: the batch has no such row.
        """
        wanted = self.rows() if rows is None else self.these_rows(rows)
        return self._payloads(wanted)

    def _payloads(self, rows: list[int]) -> Iterator[tuple[int, dict[str, Any]]]:
        for some in pieces(rows):
            query = (
                sa.select(calls.c.row, calls.c.payload)
                .where(calls.c.batch_id == self.id, calls.c.row.in_(some))
                .order_by(calls.c.row)
            )
            with self.ledger._read() as connection:
                found = connection.execute(query).all()
            for number, payload in found:
                yield number, msgspec.json.decode(payload)

    def outcomes(self) -> pd.DataFrame:
        """What became of every call, one line each, by row: the columns of `outcomes_frame`."""
        query = sa.select(*_OUTCOME_COLUMNS).where(calls.c.batch_id == self.id).order_by(calls.c.row)
        with self.ledger._read() as connection:
            return outcomes_frame([tuple(found) for found in connection.execute(query)])

    def outcomes_version(self) -> tuple[int, ...]:
        """A small value that changes whenever `outcomes` may have: counts by status, calls sent, edits made, recordings
        by state."""
        last_edit = sa.select(sa.func.coalesce(sa.func.max(edits.c.id), 0))
        with self.ledger._read() as connection:
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
            with self.ledger._write() as connection:
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
        with self.ledger._write() as connection:
            connection.execute(batches.update().where(batches.c.id == self.id).values(products=stored))
        self.products = listed

    def rename(self, name: str) -> None:
        """Give the batch another name. Raises ValueError: it is empty."""
        name = arguments.text(name, "name").strip()
        if not name:
            raise ValueError("A batch needs a name.")
        with self.ledger._write() as connection:
            connection.execute(batches.update().where(batches.c.id == self.id).values(name=name))
        self.name = name

    def archive(self, *, cancel: bool = False) -> None:
        """Take the batch off the list. The record of what was sent stays: it is what prevents a second sending.

        `cancel`: cancel what is under way first. What is in flight that moment is recorded all the same; the batch stays
        on the list until it is. `restore` puts the batch back.

        Raises SubmissionError: calls or recordings of it are under way.
        """
        archiving.archive(self, cancel=cancel)

    def restore(self) -> None:
        """Put the batch back on the list."""
        self.ledger.restore(self)

    def under_way(self) -> str:
        """Return what of the batch is under way ("submission 3 is paused, 12 calls to send"), or ""."""
        return archiving.under_way(self)

    # inside

    def _where(self, **filters: Any) -> list[sa.ColumnElement[bool]]:
        """Return the conditions of filters.

        Raises:
            TypeError, ValueError: there is no such filter, status, severity or code, or a value is of the wrong type.
            NotInLedger: the batch has no such row.
        """
        where: list[sa.ColumnElement[bool]] = [calls.c.batch_id == self.id]
        for name, value in filters.items():
            arguments.known(name, "filter", FILTERS)
            if value is None:
                continue
            if name == "status":
                wanted = [value] if isinstance(value, str) else list(value)
                where.append(calls.c.status.in_([arguments.known(one, "status", STATUSES) for one in wanted]))
            elif name == "severity":
                errors = arguments.known(value, "severity", ("error", "warning")) == "error"
                where.append((calls.c.errors if errors else calls.c.warnings) > 0)
            elif name == "code":
                code = arguments.known(value, "code", CATALOGUE)
                where.append(calls.c.codes.contains(f"|{code}|", autoescape=True))
            elif name == "search":
                words = arguments.text(value, "search").strip()
                where += [_matches(words)] if words else []
            elif name == "agent":
                where.append(calls.c.agent_email == arguments.text(value, "agent"))
            elif name == "product":
                where.append(calls.c.product_id == arguments.whole_number(value, "product", least=-(2**63)))
            elif name == "edited":
                where.append(calls.c.edited.is_(bool(value)))
            elif name == "rows":
                rows = self.these_rows(value)
                some = (calls.c.row.in_(piece) for piece in pieces(rows))
                where.append(sa.or_(*some) if rows else sa.false())
            else:
                where.append(calls.c.submission_id == str(getattr(value, "id", value)))
        return where

    def these_rows(self, rows: Any) -> list[int]:
        """Return row numbers as ints, each once, ascending: of one number or of any collection of them.

        Raises:
            TypeError: `rows` holds something that is not an integer.
            NotInLedger: the batch has no call in one of them; nothing was changed.
        """
        wanted = arguments.row_numbers(rows)
        there: set[int] = set()
        with self.ledger._read() as connection:
            for some in pieces(row for row in wanted if 0 < row < 2**31):
                query = sa.select(calls.c.row).where(calls.c.batch_id == self.id, calls.c.row.in_(some))
                there.update(connection.execute(query).scalars())
        missing = [row for row in wanted if row not in there]
        if len(missing) == 1:
            raise self._no_row(missing[0])
        if missing:
            raise NotInLedger(f"The batch {self.name!r} has no calls in rows {arguments.listed(missing)}.")
        return wanted

    def _one(self, row: int, *columns: sa.Column[Any]) -> sa.Row[Any]:
        row = arguments.row_number(row)
        if not 0 < row < 2**31:  # from an address that somebody typed: no database could be asked
            raise self._no_row(row)
        query = sa.select(*columns).where(calls.c.batch_id == self.id, calls.c.row == row)
        with self.ledger._read() as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            raise self._no_row(row)
        return found

    def _unlocked(self, status: str, row: int) -> None:
        if status not in EDITABLE:
            raise CallLocked(
                f"Row {row} is {status}: what was sent is not changed afterwards. "
                + ("Pause or cancel the submission first." if status == "queued" else "")
            )

    def _change(
        self,
        row: int,
        change: _Change,
        *,
        who: str,
        recording: files.Attached | Literal["as it is"] | None = "as it is",
    ) -> list[Finding]:
        """Store what `change` makes of one call and its decisions, checked, with every difference on record.

        `recording`: a file to attach, or None to detach. A call that no longer announces its recording has none.
        """
        with self.ledger._write() as connection:
            self._change_in(connection, row, change, who=who, recording=recording)
        return self.findings_of(row)

    def _change_in(
        self,
        connection: sa.Connection,
        row: int,
        change: _Change,
        *,
        who: str,
        recording: files.Attached | Literal["as it is"] | None = "as it is",
    ) -> None:
        """`_change` in a transaction. What it raises, it raises before it has written anything."""
        now = time.time()
        row, who = arguments.row_number(row), arguments.text(who, "who")
        query = sa.select(calls).where(calls.c.batch_id == self.id, calls.c.row == row).with_for_update()
        old = connection.execute(query).one_or_none()
        if old is None:
            raise self._no_row(row)
        self._unlocked(old.status, row)
        before, decisions = from_payload(old.payload), read_decisions(old.decisions)
        call, new = change(before, decisions, old)
        if call.filename and is_web_address(call.filename):  # what Reddy is told is the name alone
            call = msgspec.structs.replace(call, filename=announced_name(call.filename))
        had = None if old.audio == "none" else files.attached_to(connection, old.id)
        has = had if recording == "as it is" else recording
        if has is not None and has is recording:
            files.hold(connection, self.ledger, has)
        if not call.filename:
            has = None
        elif has is not None:
            name = files.announced_name(call.filename, has.name)
            has, call = (
                msgspec.structs.replace(has, name=name),
                msgspec.structs.replace(call, filename=name),
            )
        changed = [*changes(before, call), *decision_changes(decisions, new)]
        if (has and has.sha256) != (had and had.sha256):
            changed.append(("recording", had and had.told(), has and has.told()))
        if not changed and has == had:
            return
        findings = standing_findings(
            old, call, new, products=self.products, now=now, attached=has is not None
        )
        summary = summarised(findings)
        if old.submission_id is not None:
            keep_past_outcome(connection, [old.id])
        payload = payload_json(call).decode()
        if old.attempts:
            _keep_what_was_sent(connection, old)
        connection.execute(
            calls.update()
            .where(calls.c.id == old.id)
            .values(
                payload=payload,
                original=old.original or old.payload,
                edited=bool(new)
                or payload != payload_json(from_payload(old.original or old.payload)).decode(),
                status="held" if summary["errors"] else "ready",
                decisions=msgspec.json.encode(new).decode() if new else None,
                **tally(old.characters_in, unassigned_of(old.unassigned), new),
                audio="none" if has is None else "waiting",
                **NEVER_SENT,
                **summary,
                **searched(call),
            )
        )
        if has is not None and has != had:
            files.attach(connection, old.id, has, who=who, now=now)
        elif has is None and had is not None:
            files.detach(connection, old.id)
        told = [
            {
                "call_id": old.id,
                "field": field,
                "before": _json(a),
                "after": _json(b),
                "who": who,
                "at": now,
            }
            for field, a, b in changed
        ]
        if told:
            connection.execute(edits.insert(), told)
        keys = {old.delivery_key, call_key(call)} - {None}
        remark_duplicates(connection, self.id, [key for key in keys if key])

    def _change_many(
        self,
        rows: int | Iterable[int],
        change: _Change,
        *,
        who: str,
        on_progress: Callable[[int], object] | None = None,
    ) -> ManyEdited:
        """`change` to each of these calls, one after the other; those it leaves as they are count as the same."""
        wanted = self.these_rows(rows)
        who = arguments.text(who, "who")
        changed = same = locked = 0
        for done, row in enumerate(wanted, 1):
            seen: list[bool] = []

            def told(
                call: Call, decisions: Decisions, stored: sa.Row[Any], seen: list[bool] = seen
            ) -> tuple[Call, Decisions]:
                new = change(call, decisions, stored)
                seen.append(new[1] != decisions)
                return new

            try:
                self._change(row, told, who=who)
                changed += seen[-1]
                same += not seen[-1]
            except CallLocked:
                locked += 1
            if on_progress is not None:
                on_progress(done)
        return ManyEdited(changed, same, locked)

    def _no_row(self, row: int) -> NotInLedger:
        return NotInLedger(f"The batch {self.name!r} has no call in row {row}.")


def _announcing(recording: files.Attached) -> _Change:
    def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
        return msgspec.structs.replace(call, filename=recording.name), decisions

    return change


NEVER_SENT: dict[str, Any] = {
    "submission_id": None,
    "chunk": None,
    "worker": None,
    "tries": 0,
    "retry_at": None,
    "upload_id": None,
    "http_status": None,
    "error": None,
    "seconds": None,
    "sent_at": None,
    "ended_at": None,
    "skipped_because": None,
}
"""A call's sending columns before it is chosen for a submission."""


def keep_past_outcome(connection: sa.Connection, call_ids: Sequence[int]) -> None:
    """Before a call's outcome is cleared or overwritten: keep it with the submission it belongs to."""
    names = ["submission_id", "id", "status", "attempts", "upload_id", "http_status", "error", "seconds",
             "sent_at", "ended_at", "skipped_because", "audio"]  # fmt: skip
    targets = ["call_id" if name == "id" else name for name in names]
    for some in pieces(call_ids):
        chosen = sa.select(*(calls.c[name] for name in names)).where(
            calls.c.id.in_(some), calls.c.submission_id.is_not(None)
        )
        connection.execute(past_outcomes.insert().from_select(targets, chosen))


def _keep_what_was_sent(connection: sa.Connection, old: sa.Row[Any]) -> None:
    """Before the first edit after a try: the payload of that try. A second edit changes nothing that was sent."""
    kept = sa.select(earlier_payloads.c.call_id).where(
        earlier_payloads.c.call_id == old.id, earlier_payloads.c.attempt == old.attempts
    )
    if connection.execute(kept).first() is None:
        connection.execute(
            earlier_payloads.insert().values(call_id=old.id, attempt=old.attempts, payload=old.payload)
        )


def outcomes_frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Outcomes as a frame: row, status, conversation_id, agent_email, product_id (Int64), timestamp (UTC, start of
    the call), upload_id (Int64), http_status (Int64), error (text, "" if none), attempts, seconds (of the last
    attempt), started, ended (UTC), submission (id, "" if none), audio (none, waiting, uploaded, failed, expired)."""
    import pandas as pd

    names = ["row", "status", "conversation_id", "agent_email", "product_id", "timestamp", "upload_id",
             "http_status", "error", "attempts", "seconds", "started", "ended", "submission", "audio"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=names)
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
    return frame


def lines_frame(call: Call) -> pd.DataFrame:
    """A call's transcript as a frame. Index: line number from 1. Columns: role, text, start, stop (seconds, NaN = none)."""
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
    """A call's tags as a frame. Index: number from 1. Columns: key, value (as typed), type."""
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


def _moved(stored: Any) -> dict[int, int]:
    """`moved_lines` of a call, from its row of `calls`."""
    if stored.original is None:
        return {number: number for number in range(len(from_payload(stored.payload).transcript or []) + 1)}
    original, call = from_payload(stored.original), from_payload(stored.payload)
    return moved_lines(original.transcript or [], call.transcript or [])


def utc(seconds: pd.Series[Any]) -> pd.Series[Any]:
    """Seconds since the epoch → UTC datetimes; what lies outside the calendar becomes NaT."""
    import pandas as pd

    numbers = pd.to_numeric(seconds, errors="coerce").astype(float)
    inside = numbers.where(numbers.abs() < 9_000_000_000)
    return pd.to_datetime(inside, unit="s", utc=True)


def pieces(values: Iterable[int], size: int = 5000) -> Iterator[list[int]]:
    """Lists short enough for one SQL statement."""
    some: list[int] = []
    for value in values:
        some.append(int(value))
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some


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


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
