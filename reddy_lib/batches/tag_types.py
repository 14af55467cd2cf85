"""Keep each tag to one type across a batch: find tags whose values do not fit, and change a tag's type in all calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from reddy_lib.batches.decisions import ManyEdited
from reddy_lib.batches.operations import change_in_pieces
from reddy_lib.batches.steps import RetypeTag
from reddy_lib.model import TAG_TYPES, from_payload
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
    rows = [
        row for row, payload in batch.payloads() if any(tag["key"] == key for tag in payload.get("tags", ()))
    ]
    step = RetypeTag(key=key, type=cast(Literal["string", "integer", "boolean"], type))
    done = change_in_pieces(batch, rows, step, who=who)
    return ManyEdited(done.changed, done.same, done.locked)
