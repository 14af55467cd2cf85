"""Preview the first rows before anything is stored. They are built and checked by the same code as in a load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from reddy_lib.batches.call_rows import merged
from reddy_lib.batches.decisions import Decisions, Unassigned, open_findings
from reddy_lib.checks import check
from reddy_lib.findings import CATALOGUE, Finding, finding
from reddy_lib.identity import call_key
from reddy_lib.model import Call
from reddy_lib.spreadsheet import Mapping, build_frame
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.transcripts import Placed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Previewed", "cells_beside", "finding_summary", "preview", "worth_showing"]


class Previewed(msgspec.Struct):
    """A row of the sheet, the call built from it, and the call's findings.

    Attributes:
        cells: column → value, ready for JSON.
        placed: how much of the transcript's text is in the call.
    """

    row: int
    cells: dict[str, Any]
    call: Call
    findings: list[Finding]
    placed: Placed = Placed(0)

    @property
    def ready(self) -> bool:
        """Whether the call could be sent: none of its findings is an error."""
        return all(found.severity != "error" for found in self.findings)

    def __repr__(self) -> str:
        state = "ready" if self.ready else "held"
        return f"<Previewed row {self.row} · {state} · {len(self.findings)} findings>"


def preview(
    frame: pd.DataFrame, mapping: Mapping, *, products: list[dict[str, Any]] | None = None, now: float
) -> list[Previewed]:
    """Build and check the calls of these rows, in order. Pass None for `products` if Reddy's list is not known.

    Raises MappingError if the mapping names a column that the frame does not have.
    """
    shown: list[Previewed] = []
    first: dict[str, int] = {}
    for built in build_frame(frame, mapping):
        texts = [Unassigned(n, *one) for n, one in enumerate(built.placed.unassigned, 1)]
        source = [*built.findings, *open_findings(texts, Decisions())]
        findings = merged(source, check(built.call, products=products, now=now))
        key = call_key(built.call)
        if key is not None and first.setdefault(key, built.row) != built.row:
            duplicate = finding(
                "conversation-duplicate",
                "conversation_id",
                f"Row {first[key]} already has this conversation and agent.",
                value=built.call.conversation_id or "",
            )
            findings = merged([duplicate], findings)
        shown.append(Previewed(built.row, built.cells, built.call, findings, built.placed))
    return shown


def worth_showing(rows: Sequence[Previewed], *, first: int = 10, most: int = 16) -> list[Previewed]:
    """Return the first rows, then one more row for each kind of finding that they lack."""
    chosen = list(rows[:first])
    seen = {found.code for one in chosen for found in one.findings}
    for one in rows[first:]:
        codes = {found.code for found in one.findings}
        if len(chosen) >= most:
            break
        if codes - seen:
            chosen.append(one)
            seen |= codes
    return chosen


def finding_summary(rows: Sequence[Previewed]) -> list[tuple[str, str, int]]:
    """Return (severity, title, number of rows) for each kind of finding: errors first, then by count."""
    counts = Counter(code for one in rows for code in {found.code for found in one.findings})
    listed = [(CATALOGUE[code].severity, CATALOGUE[code].title, count) for code, count in counts.items()]
    return sorted(listed, key=lambda item: (item[0], -item[2], item[1]))


def cells_beside(one: Previewed, mapping: Mapping) -> pd.DataFrame:
    """Return what each cell of a row is used for. Columns (all text): column, cell, becomes, finding.

    Columns that feed a field come first, then tags, then columns that are not sent. A finding about a field without a
    column does not appear here, so show `one.findings` as well.
    """
    import pandas as pd

    feeds: dict[str, list[str]] = {}
    sources = mapping.sources()
    for field, columns in sources.items():
        for column in columns:
            feeds.setdefault(column, []).append(field)
    keys = [tag.key for tag in one.call.tags or ()]
    said: dict[str, list[str]] = {}
    for found in one.findings:
        column = next(iter(sources.get(_FED_BY.get(found.field, found.field), ())), "")
        if found.field in ("tags", "key", "value", "type") and found.line and found.line <= len(keys):
            column = keys[found.line - 1]
        if column and found.title not in said.setdefault(column, []):
            said[column].append(found.title)
    grouped = mapping.layout == "lines" and "transcript" not in mapping.fields
    lines = {column: field for field, column in mapping.line_fields.items()} if grouped else {}
    turns = {name for turn in mapping.turns for name in (turn.text, turn.speaker, turn.start) if name}
    records = []
    for column, cell in one.cells.items():
        if column in feeds:
            order, becomes = 0, ", ".join(feeds[column])
        elif column in lines:
            order, becomes = 0, f"transcript ({lines[column]})"
        elif column in turns:
            order, becomes = 0, "transcript"
        elif column == mapping.timezone_column:
            order, becomes = 0, "timestamp (zone)"
        elif column in mapping.tags:
            order, becomes = 1, f"tag ({mapping.tag_types.get(column, 'string')})"
        else:
            order, becomes = 2, "not sent"
        records.append((order, column, cell_text(cell), becomes, " · ".join(said.get(column, []))))
    records.sort(key=lambda record: record[0])
    return pd.DataFrame(
        [record[1:] for record in records], columns=["column", "cell", "becomes", "finding"], dtype="str"
    )


_FED_BY = dict.fromkeys(("role", "text", "start", "stop"), "transcript") | {"speaker": "separation"}
"""Part of a call that a finding names → mapping field that it comes from."""
