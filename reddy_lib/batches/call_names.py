"""The name that a call has in exported files: which batch, which row, and a check against mistyped names."""

from __future__ import annotations

import hashlib

__all__ = ["call_name", "read_call_name"]


def call_name(batch_id: str, row: int) -> str:
    """Return a call's name for a cell of a file: its batch, its row, and three check letters, which reveal a name that
    was filled down or mistyped."""
    return f"{batch_id}-{row}-{_check(batch_id, row)}"


def read_call_name(text: str) -> tuple[str, int] | None:
    """Return (batch id, row) of what `call_name` wrote, or None for any other text."""
    batch_id, _, rest = text.strip().partition("-")
    row, _, check = rest.partition("-")
    if not batch_id or not row.isascii() or not row.isdecimal() or len(row) > 9:
        return None
    return (batch_id, int(row)) if check == _check(batch_id, int(row)) else None


def _check(batch_id: str, row: int) -> str:
    digest = hashlib.sha256(f"{batch_id}-{row}".encode()).digest()
    return "".join(chr(ord("a") + byte % 26) for byte in digest[:3])
