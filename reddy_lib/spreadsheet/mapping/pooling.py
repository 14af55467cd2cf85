"""The sides of speaker labels that single calls leave open, from the first calls of the sheet taken together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from reddy_lib.spreadsheet.calls.building import BuiltCall, build_frame
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.model import Mapping, PooledRole
from reddy_lib.transcripts.pooled_sides import pool_sides

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["with_pooled_roles"]

_FIRST, _FIRST_LINES = 8, 200
"""Calls, and rows where one row is a line, in which a label that stays open shows."""
_FEWEST = 3
"""Calls from which on labels are compared; `pooled_sides` asks for as many."""
_CALLS, _LINES = 120, 1000
"""Calls, and rows where one row is a line, that are looked at where one does."""


def with_pooled_roles(mapping: Mapping, sheet: pd.DataFrame) -> Mapping:
    """Return the mapping with what only the calls of the sheet together show: sides of labels, and the unit of times."""
    lines = mapping.layout == "lines" and "transcript" not in mapping.fields
    if not (mapping.line_fields or mapping.turns or "transcript" in mapping.sources()):
        return mapping
    if len(sheet) < _FEWEST:
        return mapping  # nothing to compare; and the one cell of a hostile file would be read once more
    first, most = (_FIRST_LINES, _LINES) if lines else (_FIRST, _CALLS)
    begun = list(build_frame(sheet.head(first), mapping))
    if not lines and mapping.line_unit == "auto" and not mapping.line_fields:
        mapping = _with_unit(mapping, sheet, begun)
    if not any(map(_is_open, begun)):
        return mapping
    built = list(build_frame(sheet.head(most), mapping))
    found = _pooled(mapping, built)
    if any(not one.role for one in found.values()):  # a label that is no name: greetings count now
        again = msgspec.structs.replace(mapping, pooled_roles=found)
        found |= _pooled(mapping, list(build_frame(sheet.head(most), again)))
    return msgspec.structs.replace(mapping, pooled_roles=found) if found else mapping


def _with_unit(mapping: Mapping, sheet: pd.DataFrame, begun: Sequence[BuiltCall]) -> Mapping:
    """Return the mapping with the unit that nearly all calls show which show one by themselves."""
    if not any(call.transcript is not None and call.transcript.unit for call in begun):
        return mapping
    calls = list(build_frame(sheet.head(_OF_UNITS), mapping)) if len(sheet) > len(begun) else begun
    votes = Counter(
        call.transcript.unit for call in calls if call.transcript is not None and call.transcript.unit
    )
    unit, count = votes.most_common(1)[0]
    if count < _FEWEST or count < _NEARLY_ALL * votes.total():
        return mapping
    return msgspec.structs.replace(mapping, pooled_unit=unit)


_OF_UNITS = 24
"""Calls whose unit of times is compared."""
_NEARLY_ALL = 0.8


def _is_open(call: BuiltCall) -> bool:
    """Return whether a label of the call is of neither side."""
    said = call.transcript
    if said is None or not said.speakers:
        return False
    return any(
        label and line.role not in ("agent", "customer")
        for label, line in zip(said.speakers, said.lines, strict=False)
    )


def _pooled(mapping: Mapping, calls: Sequence[BuiltCall]) -> dict[str, PooledRole]:
    name = next(iter(mapping.sources().get("agent_email", ())), "")
    found = pool_sides(
        (call.transcript, call.call.agent_email or cell_text(call.cells.get(name, "")))
        for call in calls
        if call.transcript is not None
    )
    return msgspec.convert({label: one._asdict() for label, one in found.items()}, dict[str, PooledRole])
