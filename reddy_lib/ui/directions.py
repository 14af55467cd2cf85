"""Words written from right to left inside English sentences."""

from __future__ import annotations

import re

__all__ = ["isolated"]

_RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_RUN = re.compile(f"[{_RIGHT_TO_LEFT}](?:[^A-Za-z0-9]*[{_RIGHT_TO_LEFT}])*")


def isolated(text: str) -> str:
    """Return the text with each run of such words isolated: they would pull the numbers and marks after them along."""
    return _RUN.sub("\u2068\\g<0>\u2069", text)
