"""Keep each tag to one type across a batch: find tags whose values do not fit, and change a tag's type in all calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reddy_lib.batches.decisions import ManyEdited
from reddy_lib.batches.edits import value_text, with_tag_cells
from reddy_lib.database.schema import EDITABLE
from reddy_lib.errors import CallLocked
from reddy_lib.model import TAG_TYPES, Tag, from_payload
from reddy_lib.spreadsheet.cells.tag_values import cell_text, tag_value
from reddy_lib.spreadsheet.evidence.tags import TagDrift, tag_drift

if TYPE_CHECKING:
    from reddy_lib.batches.batch import Batch

__all__ = ["batch_tag_drift", "retype_tag"]


def batch_tag_drift(batch: Batch) -> list[TagDrift]:
    """Return the tags of a batch with values that do not fit their type, most misfits first."""
    if not batch.count(code="tag-value-mismatch"):
        return []
    return tag_drift((row, from_payload(payload)) for row, payload in batch.payloads())


def retype_tag(batch: Batch, key: str, type: str, *, who: str = "") -> ManyEdited:
    """Change a tag's type in every editable call, and record each change as an edit.

    A value that was not edited is read again from its cell: "Yes" read as a boolean becomes the text "Yes", not "true".

    Raises:
        ValueError: `type` is not a tag type.
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
            except CallLocked:  # the call was queued after `editable` was read
                locked += 1
    return ManyEdited(changed, same, locked)


def _text(tag: Tag, cell: object) -> str:
    """Return the text to read the value from: the original cell if the tag is unedited, else the tag's own value."""
    unedited = not isinstance(cell, list) and tag_value(cell, tag.type) == tag.value
    return cell_text(cell) if unedited else value_text(tag.value)
