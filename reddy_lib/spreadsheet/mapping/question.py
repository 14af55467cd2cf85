"""A question about a sheet and its answers: what each changes in the mapping."""

from __future__ import annotations

from typing import Any

import msgspec

from reddy_lib.spreadsheet.mapping.choosing import chosen_fields
from reddy_lib.spreadsheet.model import Mapping

__all__ = ["Option", "Question"]


class Option(msgspec.Struct, frozen=True):
    """One answer to a question.

    Attributes:
        label: the answer in a few words.
        changes: setting of the mapping → its new value; of `fields`, `roles`, `values` and `line_units` only what changes.
            A field whose column is None has no column then.
        examples: what the answer makes of the first calls.
        settles: the field whose doubt this answer ends, or "".
    """

    label: str
    changes: dict[str, Any] = msgspec.field(default_factory=dict)
    examples: list[str] = msgspec.field(default_factory=list)
    settles: str = ""

    def apply(self, mapping: Mapping) -> Mapping:
        """Return a copy of the mapping with this answer. Other answers that it has stay."""
        changes = dict(self.changes)
        columns = changes.pop("fields", {})
        changed = _with_fields(mapping, columns) if columns else mapping
        if "line_units" in changes:
            changes["line_units"] = {**mapping.line_units, **changes["line_units"]}
        if self.settles:
            changes["doubts"] = {
                field: doubt for field, doubt in changed.doubts.items() if field != self.settles
            }
        return changed.replace(**changes)


class Question(msgspec.Struct, frozen=True):
    """What a person is asked about all calls at once.

    Attributes:
        key: names the question: the same one has the same key on the next run.
        text: the question.
        why: the evidence that leaves it open.
        options: the answers.
        calls: how many of the calls looked at it is about.
    """

    key: str
    text: str
    why: str
    options: list[Option]
    calls: int = 0

    def __repr__(self) -> str:
        return f"<Question {self.key}: {self.text} {' / '.join(option.label for option in self.options)}>"


def _with_fields(mapping: Mapping, columns: dict[str, str | None]) -> Mapping:
    """Return a copy in which these columns feed these fields; what a field let go of becomes a tag."""
    changed = chosen_fields(mapping, columns)
    before = {column for several in mapping.sources().values() for column in several}
    now = {column for several in changed.sources().values() for column in several}
    tags = [tag for tag in changed.tags if tag not in now]
    tags += [
        column
        for column in mapping.fields.values()
        if column in before - now and column not in {*tags, *changed.group_by}
    ]
    return changed.replace(tags=tags)
