"""Outcomes frames that can be read in a test: only what is special about a call is said."""

from __future__ import annotations

from typing import Any

import pandas as pd

ANSWERED = {
    "seconds": 0.25,
    "started": "2026-03-31T12:00:00Z",
    "ended": "2026-03-31T12:00:00.250Z",
    "submission": "s-1",
}
"""What the ledger knows of a call that was answered at noon, in a quarter of a second."""

NEVER_SENT = {"seconds": None, "started": None, "ended": None, "attempts": 0, "submission": ""}


def outcomes(*calls: dict[str, Any], **usual: Any) -> pd.DataFrame:
    """An outcomes frame of accepted calls in rows 2, 3, …, but for what `usual` says of all and a call of itself."""
    usual = {
        "status": "accepted",
        "conversation_id": "conv-1",
        "agent_email": "ann@example.org",
        "product_id": 7,
        "timestamp": "2026-03-30T16:46:00Z",
        "upload_id": None,
        "http_status": None,
        "error": "",
        "attempts": 1,
        "seconds": None,
        "started": None,
        "ended": None,
        "submission": "",
        "audio": "none",
        **usual,
    }
    frame = pd.DataFrame([{"row": row, **usual, **call} for row, call in enumerate(calls, start=2)])
    if not calls:
        frame = pd.DataFrame(columns=["row", *usual])
    for column in ("product_id", "upload_id", "http_status"):
        frame[column] = frame[column].astype("Int64")
    for column in ("timestamp", "started", "ended"):
        frame[column] = pd.to_datetime(frame[column], utc=True, format="ISO8601")
    frame["seconds"] = frame["seconds"].astype(float)
    return frame.astype({"row": "int64"}).set_index("row")
