"""Render small HTML tables for notebooks. All text is escaped."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

__all__ = ["counts_table", "html_table"]


def html_table(caption: str, heads: Sequence[str], lines: Sequence[Sequence[str]], below: str = "") -> str:
    """Return an HTML table with a caption above it and a sentence below."""
    head = "".join(f"<th>{html.escape(text)}</th>" for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in line) + "</tr>" for line in lines
    )
    sentence = f"<p>{html.escape(below)}</p>" if below else ""
    title = f'<caption style="white-space:nowrap;text-align:left">{html.escape(caption)}</caption>'
    return f"<table>{title}<tr>{head}</tr>{body}</table>{sentence}"


def counts_table(caption: str, counts: Mapping[str, int], below: str = "") -> str:
    """Return an HTML table of counts, one column each."""
    return html_table(caption, list(counts), [[f"{count:,}" for count in counts.values()]], below)
