"""Time zones as cells name them."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo

__all__ = ["zone_of"]


def zone_of(cell: object) -> tzinfo | None:
    """Return the zone that a cell names; None if it names none."""
    if not isinstance(cell, str) or not cell.strip():
        return None
    try:
        return ZoneInfo(cell.strip())
    except (ValueError, OSError, KeyError):
        return None
