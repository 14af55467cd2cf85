"""What operations left on record, for tables and recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reddy_lib.batches.inverses import Recorded, edits_of
from reddy_lib.batches.operations import Operation, changed_rows, history
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.model import Call

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["edits_of_call", "history_frame"]


def history_frame(batch: StoredBatch) -> pd.DataFrame:
    """Return the operations of a batch as a table; see `Batch.operations`."""
    import pandas as pd

    found = history(batch)
    names = {one.id: one.number for one in found}
    frame = pd.DataFrame(
        {
            "number": [one.number for one in found],
            "title": pd.Series([one.title for one in found], dtype="str"),
            "who": pd.Series([one.who for one in found], dtype="str"),
            "at": pd.to_datetime([one.at for one in found], utc=True),
            "changed": [one.changed for one in found],
            "locked": [one.locked for one in found],
            "kept": [one.kept for one in found],
            "state": pd.Series(["undone" if one.undone_by else one.state for one in found], dtype="str"),
            "undoes": pd.array([names.get(one.undoes or "") for one in found], dtype="Int64"),
            "id": pd.Series([one.id for one in found], dtype="str"),
        }
    )
    return frame.set_index("number")


def edits_of_call(batch: StoredBatch, operation: Operation) -> tuple[str, list[Recorded], Call] | None:
    """Return the conversation id, the edits of an operation on one call's own values, and the call as it is now.

    None: it changed several calls, a decision, a recording, or the conversation id itself.
    """
    rows = changed_rows(batch, operation)
    if len(rows) != 1:
        return None
    with batch.database.read() as connection:
        found = edits_of(connection, operation.id, batch.id, rows)[rows[0]]
    call = batch.call(rows[0])
    own = all(one.field.partition("[")[0] in _VALUES for one in found)
    return (call.conversation_id, found, call) if own and call.conversation_id else None


_VALUES = frozenset(("agent_email", "product_id", "timestamp", "filename", "speaker", "transcript", "tags"))
