"""The base of all steps, and how steps compare and show values."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches import edits
from reddy_lib.batches.call_changes import Change
from reddy_lib.batches.decisions import Decisions
from reddy_lib.batches.line_diff import same_as_sent
from reddy_lib.model import Call

__all__ = ["FieldValue", "StepBase", "checked_value", "finite", "put", "same_value", "told", "value_words"]

FieldValue = str | int | float | None


class StepBase(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="step",
):
    """Base of all steps. A subclass overrides `edited`, or `change` where it needs more than the call."""

    def edited(self, call: Call) -> Call:
        raise NotImplementedError

    def title(self) -> str:
        raise NotImplementedError

    def nothing(self) -> str:
        """Say why no call was changed, for a step of a recipe that found nothing to do."""
        return "no call needs it"

    def concerns(self, call: Call, stored: sa.Row[Any]) -> bool | None:
        """Return whether the step is about this call, changed or not; None: if it changes it."""
        return None

    @property
    def repeatable(self) -> bool:
        """Whether a second run changes nothing more: false for a step that moves or swaps."""
        return True

    def change(self, *, who: str) -> Change:
        """Return the change of one call. `who` is recorded where the change is a decision."""

        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            return self.edited(call), decisions

        return change


def checked_value(field: str, value: FieldValue) -> None:
    """Check a step's value for a field of the call. A product may be named; a name is resolved when the step is applied.

    Raises ValueError: the field cannot be set, or a call with this value could not be stored.
    """
    arguments.known(field, "field", edits.SETTABLE)
    if value is None:
        return
    if field == "timestamp":
        if isinstance(value, bool | str) or not finite(value):
            raise ValueError("The start must be a number of seconds since the epoch.")
    elif field == "product_id":
        whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
        if not whole and not isinstance(value, str):
            raise ValueError("The product must be its id or its name.")
    elif not isinstance(value, str):
        raise ValueError(f"The {field} must be text.")


def finite(value: float, most: float = 1e12) -> bool:
    """Return whether a number can be stored: JSON has no infinity, and no call lasts a million years."""
    return math.isfinite(value) and abs(value) <= most


_CELL = re.compile(r"(transcript|tags)\[(\d+|\*)\]\.(\w+)")


def put(payload: dict[str, Any], field: str, now: Any, new: Any) -> bool:
    """Set a value of a payload, addressed as in `edits`, if it is `now`. Return whether it was.

    `field`: a field of the call, a cell of a line or tag such as "transcript[3].text", or a cell of all of them such as
    "transcript[*].role" with a list of values; None = not there.
    """
    cell = _CELL.fullmatch(field)
    if cell is None:
        return _put(payload, field, now, new)
    items = payload.get(cell[1]) or []
    if cell[2] != "*":
        number = int(cell[2])
        return 1 <= number <= len(items) and _put(items[number - 1], cell[3], now, new)
    if not isinstance(now, list) or not isinstance(new, list) or not len(items) == len(now) == len(new):
        return False
    if not same_as_sent([item.get(cell[3]) for item in items], now):
        return False
    for item, value in zip(items, new, strict=True):
        _set(item, cell[3], value)
    return True


def _put(holder: dict[str, Any], name: str, now: Any, new: Any) -> bool:
    if not same_as_sent(holder.get(name), now):
        return False
    _set(holder, name, new)
    return True


def _set(holder: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        holder.pop(name, None)
    else:
        holder[name] = value


def same_value(one: object, other: object) -> bool:
    """Compare values as people do: the product 7 is "7", and text is compared as it stands."""
    return one == other if type(one) is type(other) else value_words(one) == value_words(other)


def value_words(value: Any) -> str:
    """Return a value of a field or tag as text: "" for None, "7", "true", the text itself."""
    return "" if value is None else edits.value_text(value)


def told(value: object) -> str:
    """Return a value for a title: "nothing", "yes", "7", the text itself."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
