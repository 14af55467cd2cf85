"""What the calls of a sheet together say of its speaker labels, between a mapping and the reader of transcripts."""

from __future__ import annotations

from collections.abc import Mapping as Table
from types import MappingProxyType

from reddy_lib.spreadsheet.model import Mapping
from reddy_lib.transcripts.names import Inferred
from reddy_lib.transcripts.pooled_sides import POOLED
from reddy_lib.transcripts.roles import fold

__all__ = ["pooled_of"]

_NOTHING: Table[str, Inferred] = MappingProxyType({})


def pooled_of(mapping: Mapping) -> Table[str, Inferred]:
    """Return what `mapping.pooled_roles` says, as `read_transcript` takes it."""
    if not mapping.pooled_roles:
        return _NOTHING
    return {fold(label): Inferred(one.role, one.why, POOLED) for label, one in mapping.pooled_roles.items()}
