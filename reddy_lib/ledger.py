"""`Ledger`, the entry point of the library: load spreadsheets, find batches and submissions, back up.

Lower layers never import this module. They take a `Database`, the base class of `Ledger`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import sqlalchemy as sa

from reddy_lib.batches.batch import Batch
from reddy_lib.batches.catalogue import batch_id_of, batches_frame, batches_of_file, find_batch
from reddy_lib.batches.corrections import Correction
from reddy_lib.batches.loading import load_batch
from reddy_lib.database.access_log import access_frame, noted
from reddy_lib.database.bulk import pieces
from reddy_lib.database.database import Database, default_location
from reddy_lib.database.schema import batches, calls
from reddy_lib.forgetting.forget import ForgetSandbox, begin_forgetting, finish_forgetting
from reddy_lib.forgetting.people import Found, Matcher, found_frame, people_in, wipe_elsewhere
from reddy_lib.forgetting.receipts import ForgetReceipt, read_receipt, receipts_of
from reddy_lib.forgetting.retention import DEFAULT, Retention, retention_of, run_retention, set_retention
from reddy_lib.html_tables import html_table
from reddy_lib.plurals import agreeing
from reddy_lib.sending.archiving import archive
from reddy_lib.sending.submission import Submission, find_submission, list_submissions
from reddy_lib.spreadsheet import Mapping

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Ledger", "default_location"]

SHOWN = 10  # batches to list in a notebook


class Ledger(Database):
    """The database of all batches, edits, submissions and attempts.

    Args:
        location: a SQLite file (created if missing), a database URL (`postgresql+psycopg://…`, `sqlite:///…`), or None
            for `default_location()`.

    Raises:
        LedgerUnavailable: the database cannot be reached, opened or written.
        LedgerTooNew: a newer version of this library wrote it.
    """

    def __repr__(self) -> str:
        with self.read() as connection:
            held = connection.execute(
                sa.select(sa.func.count()).select_from(batches).where(batches.c.state == "open")
            ).scalar_one()
        return f"<Ledger {self.name} · {agreeing(held, 'batch', 'batches')}>"

    def _repr_html_(self) -> str:
        """Return the newest batches as an HTML table for notebooks."""
        listed = self.batches()
        caption = f"Ledger {self.name} · {agreeing(len(listed), 'batch', 'batches')}"
        lines = [
            [one.name, one.id, f"{one.calls:,}", f"{one.created_at:%d %b %Y %H:%M} UTC"]
            for one in listed.head(SHOWN).itertuples()
        ]
        below = (
            "Open one with ledger.batch(name or id)."
            if lines
            else 'Load a spreadsheet: ledger.load("calls.xlsx").'
        )
        return html_table(caption, ["batch", "id", "calls", "loaded"], lines, below)

    # batches

    def load(
        self,
        source: str | os.PathLike[str] | IO[bytes] | IO[str] | pd.DataFrame | Sequence[Any],
        mapping: Mapping | dict[str, Any] | None = None,
        *,
        name: str | None = None,
        file_name: str | None = None,
        timezone: str | None = None,
        defaults: dict[str, Any] | None = None,
        products: Sequence[Any] | None = None,
        who: str = "",
        progress: bool = True,
        on_progress: Callable[[int], bool | None] | None = None,
        corrects: Correction | None = None,
    ) -> Batch:
        """Read, map, build, check and store a spreadsheet. A load that stops early stores nothing.

        Args:
            source: the path of a spreadsheet, a transcript file, or a zip or folder of transcript files; also an open
                file, a DataFrame, a list of dicts, or a list of calls.
            mapping: which column feeds which field; guessed from the first 1,000 rows if None. Also accepts the dict of
                `Mapping.to_dict`, or field → column ({"agent_email": "Rep"}) to fix part of the guess.
            name: the batch's name; the file's name if None.
            file_name: the original name of the file, if `source` is a temporary copy.
            timezone: IANA zone of times without a zone. It overrides that of a mapping that you pass; if the mapping is
                guessed, a zone in the column's name comes first.
            defaults: field → value for cells that are empty or missing; merged over the mapping's.
            products: Reddy's product list (from `Client.list_products`, or dicts with id, name, status), to match
                product names and to check product ids.
            who: name to record with the batch.
            progress: show a progress bar.
            on_progress: called with the number of the sheet's rows stored so far; return False to stop the load.
            corrects: the earlier submission that the file corrects (`corrections.recognised`). The file is then read and
                mapped as that submission's evidence.

        Raises:
            SheetError: the file cannot be read.
            MappingError: the mapping does not fit this sheet.
            LoadCancelled: `on_progress` returned False.
            LedgerUnavailable: the ledger cannot be written.
        """
        return load_batch(
            self,
            source,
            mapping,
            name=name,
            file_name=file_name,
            timezone=timezone,
            defaults=defaults,
            products=products,
            who=who,
            progress=progress,
            on_progress=on_progress,
            corrects=corrects,
        )

    def batch(self, batch: Batch | str) -> Batch:
        """Return a batch by id or name.

        Raises NotInLedger if there is no such batch, it is archived, or several have this name.
        """
        return find_batch(self, batch)

    def batches(self) -> pd.DataFrame:
        """Return the open batches, newest first: id, name, file_name, created_at (UTC), who, calls (a count)."""
        return batches_frame(self, "open")

    def archived(self) -> pd.DataFrame:
        """Return the archived batches, newest first, with the columns of `batches`."""
        return batches_frame(self, "archived")

    def loaded_before(self, file_hash: str) -> list[Batch]:
        """Return the open batches that were loaded from a file with this SHA-256, newest first."""
        return batches_of_file(self, file_hash)

    def archive(self, batch: Batch | str, *, cancel: bool = False) -> None:
        """Hide a batch from the list. Nothing is deleted; `restore` shows it again.

        Args:
            cancel: also cancel the batch's unfinished submissions. Without it, they prevent archiving.

        Raises:
            SubmissionError: calls of the batch are queued, being sent or being uploaded. The batch stays on the list;
                `cancel` has cancelled what could be cancelled.
            NotInLedger: there is no such batch.
        """
        archive(self, self.batch(batch), cancel=cancel)

    def restore(self, batch: Batch | str) -> Batch:
        """Show an archived batch again and return it. Raises NotInLedger if there is no such batch."""
        with self.write(right="administer") as connection:
            batch_id = batch_id_of(self, connection, batch, states=("archived", "open"))
            connection.execute(batches.update().where(batches.c.id == batch_id).values(state="open"))
        return self.batch(batch_id)

    # forgetting

    def forget(
        self,
        batch: Batch | str,
        rows: int | Iterable[int] | None = None,
        *,
        settings: bool | None = None,
        who: str = "",
        sandbox: ForgetSandbox | None = None,
    ) -> ForgetReceipt:
        """Delete a batch, or some of its calls, for good. Nothing brings them back.

        What stays are outcomes (status, address, times, product) and hashes of conversation and agent, so that a call
        that is loaded again is skipped. Calls that were never sent are deleted whole. The database is written anew, which
        takes as long as copying it. Run it again if the program died meanwhile: it goes on where it was.

        Args:
            rows: row numbers; None: the whole batch.
            settings: also delete the profiles and recipes of the batch's columns; None: if no other batch has them.
            sandbox: of a sandbox that runs in this program: `sandbox.forget_conversations`.

        Raises:
            NotInLedger: there is no such batch or row.
            SubmissionError: calls are queued or being sent; nothing was forgotten.
            NotAllowed: this view's person may not administer.
        """
        self.require("administer")
        with self.read() as connection:
            batch_id = batch_id_of(
                self, connection, batch, states=("open", "archived", "forgetting", "forgotten")
            )
            state = connection.execute(
                sa.select(batches.c.state).where(batches.c.id == batch_id)
            ).scalar_one()
        if state in (
            "forgetting",
            "forgotten",
        ):  # an earlier run of the same cell, which may have been killed
            finish_forgetting(self, sandbox=sandbox, patience=30.0)
            return next(
                one for one in self.receipts() if one.batch_ids == (batch_id,) and one.kind == "batch"
            )
        whole = Batch(self, self._record(batch_id))
        wanted = None if rows is None else whole.these_rows(rows)
        begun = begin_forgetting(
            self,
            self._ids(batch_id, wanted),
            kind="batch" if rows is None else "calls",
            batch_id=batch_id,
            settings=settings if rows is None else False,
            who=who,
        )
        return self._finished(begun, sandbox)

    def find_person(self, identifier: str, *, who: str = "") -> pd.DataFrame:
        """Return the calls of all batches that name a person: batch, batch_id, row, status, where (some of fields,
        transcript, tags, cells, history, answers, recording).

        `identifier`: an email address, a telephone number or a customer id. Case, accents and the way a number is written
        do not count; see `forgetting.people`. Each search is in the access log.

        Raises ValueError: it has less than four characters.
        """
        return found_frame(self, self._people(Matcher(identifier), who))

    def forget_person(
        self, identifier: str, *, who: str = "", sandbox: ForgetSandbox | None = None
    ) -> ForgetReceipt:
        """Delete every call that `find_person` finds, and the person in profiles, recipes and names. Raises as `forget`."""
        match = Matcher(identifier)
        found = self._people(match, who)
        begun = begin_forgetting(
            self,
            [one.call_id for one in found],
            kind="person",
            batch_id=None,
            who=who,
            also=lambda connection: wipe_elsewhere(connection, match),
        )
        return self._finished(begun, sandbox)

    def retention(self, batch: Batch | str | None = None) -> Retention:
        """Return after how many days words and recordings are deleted: of a batch, or (None) of all without a rule of their
        own."""
        return retention_of(self, DEFAULT if batch is None else self.batch(batch).id)

    def set_retention(
        self,
        batch: Batch | str | None = None,
        *,
        words_days: int | None = None,
        recordings_days: int | None = None,
        own: bool = True,
        who: str = "",
    ) -> Retention:
        """Set after how many days words and recordings are deleted; None: they are kept. Outcomes are always kept.

        The days count from when a batch was loaded. The app and the workers delete what is due, once an hour;
        `run_retention` does so now.

        Args:
            batch: whose rule it is; None: of all batches without a rule of their own.
            own: False: the batch follows the rule of all again.

        Raises:
            ValueError: a number of days is not a whole number from 1 to 36,500.
            NotAllowed: this view's person may not administer.
        """
        batch_id = DEFAULT if batch is None else self.batch(batch).id
        return set_retention(self, batch_id, words_days, recordings_days, who=who, own=own)

    def run_retention(self, *, sandbox: ForgetSandbox | None = None) -> list[ForgetReceipt]:
        """Delete now what retention lets go. Return the receipts."""
        self.require("administer")
        return run_retention(self, sandbox=sandbox)

    def finish_forgetting(self, *, sandbox: ForgetSandbox | None = None) -> list[ForgetReceipt]:
        """Finish what a program that died had begun to forget. The app and workers do so by themselves."""
        return finish_forgetting(self, sandbox=sandbox, patience=30.0)

    def receipts(self) -> list[ForgetReceipt]:
        """Return the receipts of everything that was forgotten, newest first."""
        return receipts_of(self)

    def receipt(self, receipt_id: str) -> ForgetReceipt:
        """Return one receipt. Raises NotInLedger if there is no such receipt."""
        return read_receipt(self, receipt_id)

    def access_log(self, *, since: datetime | None = None, until: datetime | None = None) -> pd.DataFrame:
        """Return who opened, downloaded, sent or forgot what, newest first: at (UTC), who, what, batch (id), calls (how
        many), reference (id of the submission or receipt). Entries cannot be changed or deleted.

        Raises NotAllowed: this view's person may not administer.
        """
        return access_frame(self, since=since, until=until)

    def _finished(self, begun: str, sandbox: ForgetSandbox | None) -> ForgetReceipt:
        finish_forgetting(self, sandbox=sandbox, patience=30.0)
        return read_receipt(self, begun)

    def _record(self, batch_id: str) -> sa.Row[Any]:
        with self.read() as connection:
            return connection.execute(sa.select(batches).where(batches.c.id == batch_id)).one()

    def _ids(self, batch_id: str, rows: Sequence[int] | None) -> list[int]:
        """Return the ids of the calls in these rows (None: all) that are not forgotten yet."""
        query = sa.select(calls.c.id).where(calls.c.batch_id == batch_id, calls.c.forgotten_at.is_(None))
        parts = [query] if rows is None else [query.where(calls.c.row.in_(some)) for some in pieces(rows)]
        with self.read() as connection:
            return [id for part in parts for id in connection.execute(part).scalars()]

    def _people(self, match: Matcher, who: str) -> list[Found]:
        self.require("administer")
        found = list(people_in(self, match))
        noted(self, "searched a person", who=who, calls=len(found))
        return found

    def backup(self, path: str | os.PathLike[str], *, overwrite: bool = False, who: str = "") -> Path:
        """Copy a SQLite ledger into one file, also while it is in use, and return that file's path.

        The copy is consistent: it holds everything that was stored up to one moment. Recordings are not in it. What is
        forgotten later stays in it: delete old backups as well. The access log says that `who` made it.

        Raises:
            LedgerUnavailable: `path` exists (and `overwrite` is False), is the ledger itself, or cannot be written; or
                the ledger is on PostgreSQL.
        """
        made = super().backup(path, overwrite=overwrite)
        noted(self, "backed up", who=who)
        return made

    # submissions

    def submission(self, submission_id: str) -> Submission:
        """Return a submission by id. Raises NotInLedger if there is no such submission."""
        return find_submission(self, submission_id)

    def submissions(self, batch: Batch | str | None = None, *, state: str | None = None) -> list[Submission]:
        """Return submissions, newest first: all, or those of one batch or state.

        States: running, paused, waiting, cancelled, done.
        """
        if batch is None:
            return list_submissions(self, state=state)
        with self.read() as connection:
            batch_id = batch_id_of(self, connection, batch, states=("open", "archived", "loading"))
        return list_submissions(self, batch_id, state=state)
