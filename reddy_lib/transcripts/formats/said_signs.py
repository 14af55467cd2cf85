"""Signs that belong to words even where they are alone: a line of nothing but "?" was said."""

from __future__ import annotations

__all__ = ["SAID_SIGNS"]

SAID_SIGNS = "?!？！؟¿¡"
"""None of these parts a label or a time from the words beside it."""
