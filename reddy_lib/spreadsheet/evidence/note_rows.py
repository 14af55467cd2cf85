"""Which column says that some rows of lines are internal notes.

It is weighed over the whole sample: a single call may hold nothing but notes, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reddy_lib.spreadsheet.cells.row_kinds import is_note, names_kind, reads_public, says_note_outright
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.transcripts import leaning
from reddy_lib.transcripts.unspoken import speaks_to_somebody

__all__ = ["NotesFound", "find_notes"]

_MOST_KINDS = 12


class NotesFound(NamedTuple):
    """`column`: by which notes are left out, or ""; `doubt`: what to ask of another column, or ""."""

    column: str = ""
    reason: str = ""
    doubt: str = ""


def find_notes(
    columns: Sequence[Column], text: Column, role: Column | None, calls: Sequence[Sequence[int]]
) -> NotesFound:
    """Return the column that says which rows are internal notes, where one does."""
    best: tuple[int, Column, list[str]] | None = None
    doubt = ""
    for column in columns:
        if column.distinct > _MOST_KINDS or column.length > 40:
            continue
        values = list(dict.fromkeys(column.texts))
        noted = [value for value in values if is_note(column.name, value)]
        public = [value for value in values if reads_public(column.name, value)]
        if (
            values
            and column.fill < 1
            and len(noted) + len(public) == len(values)
            and is_note(column.name, "")
        ):
            noted.append("")  # only the public rows are ticked
        if not noted:
            continue
        flagged = {place for place, value in enumerate(column.of_rows) if value in noted}
        if not any(0 < len(flagged.intersection(places)) < len(places) for places in calls):
            continue  # it describes calls: they may be between colleagues
        if role is not None and _is_a_side(flagged, role) and _is_speech(flagged, text, calls):
            continue
        plain = len(noted) - ("" in noted) + len(public) == len(values)
        plain = plain or all(map(says_note_outright, noted))
        if not (names_kind(column.name) or plain):
            doubt = doubt or (
                f"{column.name!r} says {noted[0]!r} in {len(flagged)} of {text.total} rows: if these are internal "
                "notes, they are not to be sent as what was said"
            )
        elif best is None or len(flagged) > best[0]:
            best = (len(flagged), column, noted)
    if best is None:
        return NotesFound(doubt=doubt)
    count, column, noted = best
    said = ", ".join(repr(value) for value in noted[:3] if value)
    says = " or ".join([*([f"says {said}"] if said else []), *(["is empty"] if "" in noted else [])])
    return NotesFound(
        column.name, f"{column.name!r} {says} in {count} of {text.total} rows: internal notes", doubt
    )


def _is_speech(flagged: set[int], text: Column, calls: Sequence[Sequence[int]]) -> bool:
    """Return whether flagged rows, all of one side, speak to the other side in some call."""
    texts = text.of_rows
    opening = sum(bool(places) and places[0] in flagged for places in calls)
    return speaks_to_somebody([texts[place] for place in sorted(flagged)], opens=2 * opening >= len(calls))


def _is_a_side(flagged: set[int], role: Column) -> bool:
    """Does the flag say who speaks (`internal` for all that the staff said)? Then one side would be left."""
    before = {label for label in role.of_rows if label}
    after = {label for place, label in enumerate(role.of_rows) if label and place not in flagged}
    sides = {leaning(label) for label in before} & {"agent", "customer"}
    if sides:
        return not sides <= {leaning(label) for label in after}
    return len(after) < min(len(before), 2)
