"""`exchange` in short: tests name what they report and ask for as arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reddy_lib.database.database import Database
from reddy_lib.sending import exchange as library
from reddy_lib.sending.results import Attempt

REPORTED = {"results": "attempts", "uploaded": "uploaded", "sent": "bytes_sent", "note": "pace"}
ASKED = {
    "want": "calls",
    "uploads": "uploads",
    "recordings_ahead": "recordings_ahead",
    "attempt_ids": "attempt_ids",
    "again": "replay",
}


def exchange(
    database: Database,
    submission_id: str,
    chunk: int | None,
    worker: str,
    *,
    results: Sequence[Attempt] = (),
    now: float | None = None,
    **more: Any,
) -> library.Grant:
    """Report these results and whatever else is in `REPORTED`; ask for what is in `ASKED`."""
    more["results"] = results
    report = library.Report(**{REPORTED[name]: value for name, value in more.items() if name in REPORTED})
    ask = library.Ask(**{ASKED[name]: value for name, value in more.items() if name in ASKED})
    assert more.keys() <= REPORTED.keys() | ASKED.keys()
    return library.exchange(database, submission_id, chunk, worker, report, ask, now=now)
