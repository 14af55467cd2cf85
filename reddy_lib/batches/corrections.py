"""Load a corrected file of the evidence: find the call that each row corrects.

The last column of every file of the evidence (`CALL_COLUMN`) names the call of each row. When such a file is loaded
again, its rows are mapped as the first sheet was, and the columns that the evidence added are dropped. Each call is
linked to the one that it corrects and keeps its conversation_id, even one that was derived from the content, which has
changed. A call that Reddy accepted meanwhile, or may have, cannot be corrected: its row is held. An unknown name is a
finding, never an error.

A recording that is attached to the call stays attached to its correction, unless the corrected row names another file,
or the recording was uploaded already.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.call_names import read_call_name
from reddy_lib.batches.frames import utc
from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import batches, calls, corrections
from reddy_lib.errors import SheetError
from reddy_lib.findings import Finding, finding
from reddy_lib.model import Call, from_payload
from reddy_lib.recordings import attachments as files
from reddy_lib.spreadsheet import BuiltCall, Mapping, SheetFormat, detect_format, read_sheet
from reddy_lib.spreadsheet.calls.building import build_frame
from reddy_lib.spreadsheet.cells.formulas import unescaped
from reddy_lib.spreadsheet.reading.sheets import read_pieces

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.batches.batch import Batch
    from reddy_lib.database.database import Database

__all__ = [
    "CALL_COLUMN",
    "COLUMNS",
    "Corrected",
    "Correction",
    "corrected_calls",
    "evidence_columns",
    "link_corrections",
    "links_of",
    "recognised",
]

CALL_COLUMN = "reddy call"
"""The column that names the call of a row, by batch and row. It must not be edited, and may be hidden."""

COLUMNS = (
    "row",
    "status",
    "reason",
    "hint",
    "upload_id",
    "conversation_id",
    "http_status",
    "attempts",
    "started (UTC)",
    "ended (UTC)",
    "seconds",
    "sent again because",
    "corrects",
    "recording",
    "recording_sha256",
    "recording_bytes",
    "audio",
    CALL_COLUMN,
)
"""The columns that a file of the evidence adds after the sheet's own columns."""

_CORRECTABLE = ("held", "ready", "rejected", "failed")
_LOOKED_AT = 2000  # rows that are read to recognise a file


class Correction(msgspec.Struct, frozen=True):
    """The batch that a file corrects.

    Attributes:
        batch_id, batch, file_name: of the batch that its calls are from.
        mapping: that batch's mapping, for this file.
        statuses: status of the calls now → number of rows, among the first 2,000 rows.
        strangers: how many of those rows do not name a call of that batch.
        more: the file has more rows than those.
    """

    batch_id: str
    batch: str
    file_name: str
    mapping: Mapping
    statuses: dict[str, int]
    strangers: int
    more: bool

    def __repr__(self) -> str:
        return f"<Correction of {self.file_name!r} · {sum(self.statuses.values()):,} calls>"

    @property
    def rows(self) -> int:
        """Return how many rows were read."""
        return sum(self.statuses.values()) + self.strangers

    @property
    def late(self) -> int:
        """Count the rows that cannot be corrected: their call was accepted, may have been, or is being sent."""
        return sum(count for status, count in self.statuses.items() if status not in _CORRECTABLE)


class Corrected(NamedTuple):
    """Some calls of a corrected file.

    Attributes:
        links: row → id of the call that it corrects.
        recordings: row → the recording that is attached to that call, and stays attached.
    """

    calls: list[BuiltCall]
    links: dict[int, int]
    recordings: dict[int, files.Attached]


def evidence_columns(sheet: Iterable[str]) -> list[str]:
    """Return the names of `COLUMNS` beside a sheet's columns; a name that the sheet already has is changed."""
    taken = {name.strip().casefold() for name in sheet}
    named = []
    for name in COLUMNS:
        while name.casefold() in taken:
            name = f"reddy {name}"
        named.append(name)
    return named


def recognised(
    database: Database, path: str | os.PathLike[str], format: SheetFormat | None = None
) -> Correction | None:
    """Recognise a file of the evidence of a batch of this ledger; return None for any other file."""
    path = Path(path)
    try:
        format = format or detect_format(path)
        if format.kind not in ("csv", "excel"):
            return None
        sheet = read_sheet(path, format=format, nrows=_LOOKED_AT + 1)
    except SheetError:
        return None
    column = _call_column(sheet.columns)
    if column is None:
        return None
    more = len(sheet) > _LOOKED_AT
    named = [read_call_name(str(cell)) for cell in sheet[column].tolist()[:_LOOKED_AT]]
    of = Counter(name[0] for name in named if name is not None).most_common(1)
    if not of:
        return None
    batch_id = of[0][0]
    with database.read() as connection:
        batch = connection.execute(sa.select(batches).where(batches.c.id == batch_id)).one_or_none()
        if batch is None:
            return None
        rows = [name[1] for name in named if name is not None and name[0] == batch_id]
        status_of = {call.row: call.status for call in _calls_named(connection, batch_id, rows).values()}
    known = [status_of[row] for row in rows if row in status_of]
    return Correction(
        batch_id=batch_id,
        batch=batch.name,
        file_name=batch.file_name,
        mapping=_mapping_for(Mapping.from_dict(msgspec.json.decode(batch.mapping)), format),
        statuses=dict(sorted(Counter(known).items())),
        strangers=len(named) - len(known),
        more=more,
    )


def corrected_calls(
    database: Database, path: str | os.PathLike[str], correction: Correction, *, rows: int = 500
) -> Iterator[Corrected]:
    """Yield the calls of a corrected file, some rows at a time, each with the call that it corrects."""
    seen: set[int] = set()
    mapping = correction.mapping
    for frame in read_pieces(path, mapping.sheet, rows=rows):
        column = _call_column(frame.columns)
        attrs, frame = frame.attrs, frame.map(lambda cell: unescaped(cell) if isinstance(cell, str) else cell)
        names = {} if column is None else dict(zip(frame.index.tolist(), frame[column].tolist(), strict=True))
        said = {row: read_call_name(str(cell)) for row, cell in names.items()}
        wanted = [name[1] for name in said.values() if name is not None and name[0] == correction.batch_id]
        with database.read() as connection:
            old = _calls_named(connection, correction.batch_id, wanted)
            others = _other_corrections(connection, [call.id for call in old.values()])
            attached = files.attached_to_calls(connection, [call.id for call in old.values()])
        own = {name: None for call in old.values() for name in msgspec.json.decode(call.cells)}
        added = set(evidence_columns(own))
        frame = frame.drop(columns=[name for name in frame.columns if str(name) in added])
        frame.attrs = {**attrs, "extra": [name for name in attrs.get("extra", ()) if name in frame.columns]}
        links: dict[int, int] = {}
        recordings: dict[int, files.Attached] = {}
        piece = []
        for built in build_frame(frame, mapping):
            name = said.get(built.row)
            call = old.get(name[1]) if name is not None and name[0] == correction.batch_id else None
            if call is None:
                built.findings.append(_stranger(str(names.get(built.row, "")), correction))
            elif call.id in seen:
                built.findings.append(
                    finding(
                        "correction-refused", "row",
                        f"Another row of this file corrects row {call.row} of {correction.file_name} already.",
                    )
                )  # fmt: skip
            else:
                seen.add(call.id)
                links[built.row] = call.id
                _carry_over(built, call)
                if call.status not in _CORRECTABLE:
                    built.findings.append(_too_late(call, correction))
                elif call.id in others:
                    built.findings.append(_corrected_elsewhere(call, others[call.id], correction))
                elif call.id in attached:
                    had, state = attached[call.id]
                    why = _not_carried_over(built.call, call, had, state, correction)
                    if why is None:
                        recordings[built.row] = had
                    else:
                        built.findings.append(why)
            piece.append(built)
        yield Corrected(piece, links, recordings)


def link_corrections(
    connection: sa.Connection, batch_id: str, links: dict[int, int], *, who: str, now: float
) -> None:
    """Store which call each of these rows corrects."""
    for some in pieces(links):
        made = {
            one[0]: one[1]
            for one in connection.execute(
                sa.select(calls.c.row, calls.c.id).where(calls.c.batch_id == batch_id, calls.c.row.in_(some))
            )
        }
        old = [links[row] for row in some if row in made]
        family = {
            one[0]: one[1]
            for one in connection.execute(
                sa.select(corrections.c.call_id, corrections.c.family).where(corrections.c.call_id.in_(old))
            )
        }
        firsts = [call_id for call_id in dict.fromkeys(old) if call_id not in family]
        lines = [
            {"call_id": one, "family": one, "corrects": None, "who": who, "at": now} for one in firsts
        ] + [
            {
                "call_id": made[row],
                "family": family.get(links[row], links[row]),
                "corrects": links[row],
                "who": who,
                "at": now,
            }
            for row in some
            if row in made
        ]
        if lines:
            connection.execute(corrections.insert(), lines)


def links_of(batch: Batch, row: int) -> pd.DataFrame:
    """Return the corrections of one call, and the calls that it corrects, oldest first.

    Columns: relation ("corrects", "corrected by"), batch_id, batch (its name), row, status, who, at (UTC).
    """
    import pandas as pd

    me, link, other = calls.alias(), corrections, calls.alias()

    def linked(
        relation: str, here: sa.ColumnElement[int], there: sa.ColumnElement[int | None]
    ) -> sa.Select[Any]:
        return (
            sa.select(
                sa.literal(relation), batches.c.id, batches.c.name, other.c.row, other.c.status, link.c.who, link.c.at
            )
            .select_from(link)
            .join(me, me.c.id == here)
            .join(other, other.c.id == there)
            .join(batches, batches.c.id == other.c.batch_id)
            .where(me.c.batch_id == batch.id, me.c.row == row)
        )  # fmt: skip

    both = sa.union_all(
        linked("corrects", link.c.call_id, link.c.corrects),
        linked("corrected by", link.c.corrects, link.c.call_id),
    )
    with batch.database.read() as connection:
        found = sorted((tuple(one) for one in connection.execute(both)), key=lambda one: one[6])
    names = ["relation", "batch_id", "batch", "row", "status", "who", "at"]
    frame = pd.DataFrame(found, columns=names)
    return frame.assign(at=utc(frame["at"]))


# inside


def _call_column(columns: Iterable[object]) -> str | None:
    """Return the last column that names calls: the sheet may have a column of that name itself."""
    named = [str(name) for name in columns if str(name).strip().casefold().endswith(CALL_COLUMN)]
    return named[-1] if named else None


def _mapping_for(mapping: Mapping, format: SheetFormat) -> Mapping:
    """Return the first sheet's mapping, for a file with one row per call.

    Where a row of the sheet was a line, the file has no lines: the calls keep those they have.
    """
    changed: dict[str, object] = {"sheet": format}
    if mapping.layout == "lines" and "transcript" not in mapping.fields:
        changed |= {"layout": "row", "line_fields": {}, "line_units": {}, "group_by": [], "new_call": "value"}
    return mapping.replace(**changed)


class _Old(NamedTuple):
    """A call that is corrected."""

    id: int
    row: int
    status: str
    payload: str
    original: str | None
    cells: str


class _Other(NamedTuple):
    """Another correction of a call. `batch`: the name."""

    call_id: int
    batch: str
    row: int
    status: str


def _calls_named(connection: sa.Connection, batch_id: str, rows: Sequence[int]) -> dict[int, _Old]:
    found: dict[int, _Old] = {}
    for some in pieces(sorted(set(rows))):
        query = sa.select(*(calls.c[name] for name in _Old._fields)).where(
            calls.c.batch_id == batch_id, calls.c.row.in_(some)
        )
        found |= {call.row: call for call in (_Old(*one) for one in connection.execute(query))}
    return found


def _other_corrections(connection: sa.Connection, ids: Sequence[int]) -> dict[int, _Other]:
    """Return call → its correction that was accepted, may have been, or is being sent; others are left out."""
    mine, other, theirs = corrections.alias(), corrections.alias(), calls.alias()
    query = (
        sa.select(mine.c.call_id, batches.c.name, theirs.c.row, theirs.c.status)
        .join(other, other.c.family == mine.c.family)
        .join(theirs, theirs.c.id == other.c.call_id)
        .join(batches, batches.c.id == theirs.c.batch_id)
        .where(
            mine.c.call_id.in_(ids),
            other.c.call_id != mine.c.call_id,
            theirs.c.status.not_in((*_CORRECTABLE, "skipped")),
        )
    )
    if not ids:
        return {}
    return {found.call_id: found for found in (_Other(*one) for one in connection.execute(query))}


def _carry_over(built: BuiltCall, call: _Old) -> None:
    """Copy to the correction its conversation id, and lines that the file does not hold."""
    before = from_payload(call.payload)
    if not built.call.conversation_id or _was_derived(built.call.conversation_id):
        built.call.conversation_id = before.conversation_id
        built.findings = [found for found in built.findings if found.code != "conversation-id-made-up"]
    if built.transcript is None and before.transcript:
        built.call.transcript = before.transcript


def _not_carried_over(
    corrected: Call, call: _Old, had: files.Attached, state: str, correction: Correction
) -> Finding | None:
    """Return why a call's recording is not attached to its correction, or None where it is."""
    now = corrected.filename or ""
    place = f"row {call.row} of {correction.file_name}"
    if state != "waiting":
        said = f"The recording {had.name} was uploaded already when {place} was sent ({state})"
    elif now not in (from_payload(call.original or call.payload).filename or "", had.name):
        said = f"To {place} the recording {had.name} is attached, and this row names {now or 'none'}"
    else:
        return None
    return finding("correction-recording", "filename", f"{said}: it is not attached here.", value=now)


def _was_derived(conversation_id: str) -> bool:
    return conversation_id.startswith("call-") and len(conversation_id) == 29


def _stranger(cell: str, correction: Correction) -> Finding:
    name = correction.file_name
    what = (
        f"{cell!r} is not the name of a call of {name}"
        if cell.strip()
        else f"It does not name a call of {name}"
    )
    return finding(
        "correction-unknown",
        "row",
        f"{what}, so this row cannot be matched to the call that it corrects. Do not change the column {CALL_COLUMN!r}.",
        value=cell,
    )


def _too_late(call: _Old, correction: Correction) -> Finding:
    now = {
        "unknown": "may be at Reddy (in doubt)",
        "accepted": "was accepted",
        "skipped": "was accepted before",
    }
    return finding(
        "correction-refused",
        "row",
        f"Row {call.row} of {correction.file_name} {now.get(call.status, f'is {call.status}')} meanwhile: a correction "
        "would be a second call at Reddy.",
        value=call.status,
    )


def _corrected_elsewhere(call: _Old, other: _Other, correction: Correction) -> Finding:
    return finding(
        "correction-refused",
        "row",
        f"Row {call.row} of {correction.file_name} was already corrected by row {other.row} of {other.batch}, which is "
        f"{other.status}: another correction would be a second call at Reddy.",
        value=other.status,
    )
