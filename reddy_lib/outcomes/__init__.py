"""Report outcomes: counts, reasons, charts and exports.

Everything takes an *outcomes frame* with one row per call (`submission.outcomes()`, `batch.outcomes()`). `frames` counts
and filters it, `exports` writes it to a file, `charts` draws it. `charts` is not imported here, because Plotly is slow to
import and most callers draw nothing.
"""

from __future__ import annotations

from reddy_lib.outcomes.exports import to_csv, to_xlsx
from reddy_lib.outcomes.frames import chosen, reason, reasons_table, summary, what_next, where, words

__all__ = ["chosen", "reason", "reasons_table", "summary", "to_csv", "to_xlsx", "what_next", "where", "words"]
