"""Counted sentences whose words agree with the number: "1 call is left", "2 calls are left"."""

from __future__ import annotations

__all__ = ["agreeing"]


def agreeing(count: int, one: str, many: str) -> str:
    """Return the number and the words that follow it: `one` for exactly 1, else `many`."""
    return f"{count:,} {one if count == 1 else many}"
