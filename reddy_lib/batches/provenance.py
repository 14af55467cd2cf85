"""Where each field of each call is from: a column, the transcript, a file's name, a default, made up, or typed by hand.

It is told from what the ledger keeps anyway: the mapping, the sheet's cells, the findings of loading, and the call as it
was loaded beside the call as it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.call_rows import decode_findings
from reddy_lib.batches.decisions import line_times, read_decisions
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.schema import calls
from reddy_lib.model import Call, from_payload
from reddy_lib.spreadsheet.calls.sources import Sources
from reddy_lib.spreadsheet.cells.cell_kinds import is_empty
from reddy_lib.spreadsheet.model import Mapping
from reddy_lib.spreadsheet.reading.bundles import FILE_NAMES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PROVENANCE_COLUMNS", "provenance_frame"]

PROVENANCE_COLUMNS = [
    "agent_email",
    "product_id",
    "transcript",
    "times",
    "timestamp",
    "conversation_id",
    "filename",
    "speaker",
    "tags",
]
_FROM_TRANSCRIPT = {
    "agent_email": "agent-email-from-transcript",
    "timestamp": "timestamp-from-transcript",
}
_MADE_UP = re.compile(r"call-[0-9a-f]{24}")
_SPEAKER = ("separation", "channels", "channel_map")
_LEAST_CERTAIN = ("estimated", "derived", "by hand", "source")


def provenance_frame(batch: StoredBatch, row: int | None) -> pd.DataFrame:
    """Return where the fields of one call, or of all, are from; see `Batch.provenance`."""
    import pandas as pd

    names = ("row", "payload", "original", "cells", "source_findings", "times", "decisions", "edited")
    query = sa.select(*(calls.c[name] for name in names)).where(calls.c.batch_id == batch.id)
    if row is not None:
        query = query.where(calls.c.row == batch.one(row, calls.c.row).row)
    origins = _Origins(batch.mapping, batch.file_name)
    with batch.database.read() as connection:
        found = [
            (stored.row, origins.of(stored)) for stored in connection.execute(query.order_by(calls.c.row))
        ]
    frame = pd.DataFrame([of for _, of in found], columns=PROVENANCE_COLUMNS, dtype="str")
    frame.index = pd.Index([number for number, _ in found], name="row", dtype="int64")
    return frame


class _Origins:
    """The mapping of a batch, made ready for many calls."""

    def __init__(self, mapping: Mapping, file_name: str) -> None:
        self.mapping, self.file_name = mapping, file_name
        self.columns = mapping.sources()
        self.own_files = mapping.sheet is not None and mapping.sheet.kind == "files"
        self.of_cells = Sources(mapping.replace(from_name={}, defaults={}))
        self.of_names: dict[
            str, Sources
        ] = {}  # column of the files' names → with the patterns of the mapping

    def of(self, stored: sa.Row[Any]) -> dict[str, str]:
        """Return field → origin of one call; "" for a field that it does not have."""
        call = from_payload(stored.payload)
        loaded = from_payload(stored.original or stored.payload)
        cells: defaultdict[str, Any] = defaultdict(str, msgspec.json.decode(stored.cells))
        codes = {found.code for found in decode_findings(stored.source_findings)}
        found: dict[str, str] = {}
        for name in PROVENANCE_COLUMNS:
            if name == "times":
                found[name] = self._times(stored, loaded, call)
            elif getattr(call, name) != getattr(loaded, name):
                found[name] = "by hand"
            elif getattr(call, name) in (None, "", []):
                found[name] = ""
            else:
                found[name] = self._as_loaded(name, loaded, cells, codes)
        return found

    def _as_loaded(self, name: str, call: Call, cells: defaultdict[str, Any], codes: Collection[str]) -> str:
        if name == "transcript":
            return self._transcript()
        if name == "tags":
            keys = [tag.key for tag in call.tags or ()]
            columns = [key for key in keys if key in self.mapping.tags]
            return _column(columns) if columns else "transcript"
        if _FROM_TRANSCRIPT.get(name) in codes:
            return "transcript"
        if name == "conversation_id" and _MADE_UP.fullmatch(str(call.conversation_id)):
            return "made up"
        for field in _SPEAKER if name == "speaker" else (name,):
            if origin := self._source(field, cells):
                return origin
        return "transcript"

    def _source(self, field: str, cells: defaultdict[str, Any]) -> str:
        """Return what the mapping takes a field from in this row; "" where it takes it from nothing."""
        columns = self.columns.get(field)
        if columns and not is_empty(self.of_cells.given(field, cells)):
            return _column(columns)
        if field in self.mapping.from_name:
            own = next((name for name in FILE_NAMES if self.own_files and name in cells), "")
            if own not in self.of_names:
                self.of_names[own] = Sources(self.mapping, file_name=self.file_name, name_column=own)
            if not is_empty(self.of_names[own].given(field, cells)):
                return "file name"
        return "default" if field in self.mapping.defaults else ""

    def _transcript(self) -> str:
        mapping = self.mapping
        turns = [turn.text for turn in mapping.turns]
        lines = [mapping.line_fields["text"]] if "text" in mapping.line_fields else []
        columns = turns or lines or self.columns.get("transcript", [])
        return _column(columns) if columns else "by hand"

    def _times(self, stored: sa.Row[Any], loaded: Call, call: Call) -> str:
        """Return the least certain origin among the times of the lines."""
        estimates = read_decisions(stored.decisions).estimates
        origins = line_times(stored.times, loaded.transcript or [], call.transcript or [], estimates)
        found = next((origin for origin in _LEAST_CERTAIN if origin in origins), "")
        if found != "source":
            return found
        columns = [
            self.mapping.line_fields[name] for name in ("start", "stop") if name in self.mapping.line_fields
        ]
        columns = columns or [turn.start for turn in self.mapping.turns if turn.start]
        return _column(columns) if columns else "transcript"


def _column(names: Collection[str]) -> str:
    return f"column {' + '.join(names)}"
