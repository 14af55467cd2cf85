"""SQL conditions that several tables share."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["LONGEST_WAIT", "is_due"]

LONGEST_WAIT = 300.0
"""Longest wait in seconds before a retry, also if a server asks for a longer one. A `retry_at` that is further away than
this was stored before the clock was set back."""


def is_due(
    retry_at: sa.ColumnElement[float | None], now: float | sa.ColumnElement[float]
) -> sa.ColumnElement[bool]:
    """Return the condition for what may be retried: it has no `retry_at`, or that time has passed, or is further away than
    `LONGEST_WAIT`."""
    return sa.or_(retry_at.is_(None), retry_at <= now, retry_at > now + LONGEST_WAIT + 1.0)
