"""One type a tag over a whole batch: which tags drift from theirs, and giving a tag another type in all calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reddy_lib.batches.decisions import ManyEdited
from reddy_lib.batches.edits import value_text, with_tag_cells
from reddy_lib.database.schema import EDITABLE
from reddy_lib.errors import CallLocked
from reddy_lib.model import TAG_TYPES, Tag, from_payload
from reddy_lib.spreadsheet.tag_values import cell_text, tag_value
from reddy_lib.spreadsheet.tags import TagDrift, tag_drift

if TYPE_CHECKING:
    from reddy_lib.batches.batch import Batch

__all__ = ["batch_tag_drift", "retype_tag"]


def batch_tag_drift(batch: Batch) -> list[TagDrift]:
    """The tags of a batch whose values do not all fit their type, most misfits first; [] where all do."""
    if not batch.count(code="tag-value-mismatch"):
        return []
    return tag_drift((row, from_payload(payload)) for row, payload in batch.payloads())


def retype_tag(batch: Batch, key: str, type: str, *, who: str = "") -> ManyEdited:
    """Give a tag another type in every call that may still be edited, each an edit on record.

    A value that nobody edited is read again from its cell: "Yes" of a boolean becomes the text "Yes", not "true".
    Raises ValueError: no such type.
    """
    if type not in TAG_TYPES:
        raise ValueError(f"there is no tag type {type!r}: choose among {', '.join(TAG_TYPES)}")
    changed = same = locked = 0
    editable = set(batch.rows(status=sorted(EDITABLE)))
    for row, payload in batch.payloads():
        call = from_payload(payload)
        edits = {}
        for number, tag in enumerate(call.tags or (), 1):
            if tag.key == key and tag.type != type:
                cell = batch.cells(row).get(key, "") if row in editable else ""
                edits[number] = {"type": type, "value": _text(tag, cell)}
        if not edits:
            same += any(tag.key == key for tag in call.tags or ())
        elif row not in editable:
            locked += 1
        else:
            try:
                batch.replace(row, with_tag_cells(call, edits), who=who)
                changed += 1
            except CallLocked:  # chosen for a submission since we looked
                locked += 1
    return ManyEdited(changed, same, locked)


def _text(tag: Tag, cell: object) -> str:
    """What the value is read from: the sheet's own cell, while the tag still says the same."""
    unedited = not isinstance(cell, list) and tag_value(cell, tag.type) == tag.value
    return cell_text(cell) if unedited else value_text(tag.value)
