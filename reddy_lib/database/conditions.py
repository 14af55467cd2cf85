"""Conditions that several tables share."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

__all__ = ["LONGEST_WAIT", "is_due"]

LONGEST_WAIT = 300.0
"""Seconds. A server that asks for more is asked again after this. So a moment to wait for that is further away was
written before somebody set the clock back."""


def is_due(retry_at: sa.ColumnElement[Any], now: Any) -> sa.ColumnElement[bool]:
    """Return the condition for what may be tried: it has no `retry_at`, or that moment has passed, or lies further away
    than anything ever waits (the clock was set back)."""
    return sa.or_(retry_at.is_(None), retry_at <= now, retry_at > now + LONGEST_WAIT + 1.0)
