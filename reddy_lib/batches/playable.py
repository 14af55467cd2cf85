"""Which files are no sound that can be played. Each content is looked at once, before the transaction that attaches it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from reddy_lib.database.database import Database
from reddy_lib.errors import RecordingError
from reddy_lib.recordings.attachments import Attached, open_recording
from reddy_lib.recordings.inspect import why_not_played

__all__ = ["look_at", "why_unplayed"]

MOST = 4_096
"""Contents that a process remembers, by their hash."""

_known: OrderedDict[str, str] = OrderedDict()
_lock = Lock()


def look_at(database: Database, recordings: Iterable[Attached]) -> None:
    """Look at files that are about to be attached, so that `why_unplayed` need not while the ledger is locked."""
    for one in recordings:
        why_unplayed(database, one)


def why_unplayed(database: Database, recording: Attached) -> str:
    """Return why no sound can be read from a file, as the end of a sentence; "" if nothing is known to be wrong with it."""
    with _lock:
        found = _known.get(recording.sha256)
    if found is not None:
        return found
    try:
        with open_recording(database, recording) as file:
            why = why_not_played(file)
    except (RecordingError, OSError):  # whatever it is, sending it says that it is not there
        return ""
    with _lock:
        _known[recording.sha256] = why
        while len(_known) > MOST:
            _known.popitem(last=False)
    return why
