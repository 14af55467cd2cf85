"""Small HTML tables for notebooks."""

from __future__ import annotations

import html
from collections.abc import Mapping

__all__ = ["counts_table"]


def counts_table(caption: str, counts: Mapping[str, int], what_next: str = "") -> str:
    """Return an HTML table with one column a count, a caption above it, and one sentence below. All text is escaped."""
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in counts)
    cells = "".join(f"<td>{count:,}</td>" for count in counts.values())
    below = f"<p>{html.escape(what_next)}</p>" if what_next else ""
    return f"<table><caption>{html.escape(caption)}</caption><tr>{heads}</tr><tr>{cells}</tr></table>{below}"
