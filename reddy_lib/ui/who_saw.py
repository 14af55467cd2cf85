"""What pages write into the access log: who opened a batch, and who downloaded what."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from reddy_lib.batches.batch import Batch
from reddy_lib.database.access_log import noted
from reddy_lib.ui.people import who
from reddy_lib.ui.process import open_ledger

__all__ = ["note_opened", "seen_download"]


def note_opened(batch: Batch) -> None:
    """Note that somebody opened a batch: once for each session. Raises LedgerUnavailable."""
    seen: set[str] = st.session_state.setdefault("batches seen", set())
    if batch.id not in seen:
        noted(batch.database, "opened", who=who(), batch_id=batch.id, calls=batch.total)
        seen.add(batch.id)


def seen_download(
    batch_id: str | None = None, *, calls: int | None = None, reference: str | None = None
) -> Callable[[], None]:
    """Return what notes that the person at the screen downloaded calls, to be called in another thread."""
    person, database = who(), open_ledger()

    def note() -> None:
        noted(database, "downloaded", who=person, batch_id=batch_id, calls=calls, reference=reference)

    return note
