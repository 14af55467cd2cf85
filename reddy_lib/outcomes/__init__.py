"""What became of the calls: counts, reasons, charts and files to keep.

Everything starts from an *outcomes frame* (`submission.outcomes()`, `batch.outcomes()`): one row per call.
`frames` counts and filters it, `exports` writes it to a file, `charts` draws it. Plotly is heavy, so
`charts` is imported by whoever draws, and not from here.
"""

from __future__ import annotations

from reddy_lib.outcomes.exports import to_csv, to_xlsx
from reddy_lib.outcomes.frames import chosen, reason, reasons_table, summary, what_next, where, words

__all__ = ["chosen", "reason", "reasons_table", "summary", "to_csv", "to_xlsx", "what_next", "where", "words"]
