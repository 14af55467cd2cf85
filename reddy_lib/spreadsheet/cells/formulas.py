"""Text that a spreadsheet program would run as a formula, and the quote that keeps it text in a CSV file.

A file that was written so and comes back (a correction) must have the cells that it had. So text that only looks as
if it had been escaped gets a quote as well: `unescaped` then takes away exactly what `escaped` put there.
"""

from __future__ import annotations

__all__ = ["escaped", "is_formula", "unescaped"]

# Full-width forms are read as operators in some locales, and a leading line feed is skipped over.
_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def is_formula(text: str) -> bool:
    """Would a spreadsheet program run it? Spaces in front do not stop it after somebody trims them."""
    return text.startswith(_SIGNS) or text.lstrip(" \u00a0").startswith(_SIGNS)


def escaped(text: str) -> str:
    """With a single quote in front where it would be run, or begins like text that was escaped."""
    return f"'{text}" if is_formula(text.lstrip("'")) else text


def unescaped(text: str) -> str:
    """What `escaped` made it of."""
    return text[1:] if text.startswith("'") and is_formula(text.lstrip("'")) else text
