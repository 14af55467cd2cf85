"""`Ledger`, the entry point of the library: load spreadsheets, find batches and submissions, back up.

Lower layers never import this module. They take a `Database`, the base class of `Ledger`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any

import sqlalchemy as sa

from reddy_lib.batches.batch import Batch
from reddy_lib.batches.catalogue import batch_id_of, batches_frame, batches_of_file, find_batch
from reddy_lib.batches.corrections import Correction
from reddy_lib.batches.loading import load_batch
from reddy_lib.database.database import Database, default_location
from reddy_lib.database.schema import batches
from reddy_lib.html_tables import html_table
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
        return f"<Ledger {self.name} · {held} batches>"

    def _repr_html_(self) -> str:
        """Return the newest batches as an HTML table for notebooks."""
        listed = self.batches()
        caption = f"Ledger {self.name} · {len(listed):,} batches"
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
            timezone: IANA zone of times without a zone; overrides the mapping's.
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
