"""Recordings: where they are, whose they are, what is in them, and how a part of one is silenced.

`places` keeps what was dropped and reads a folder of the server; `matching` brings recordings and rows together;
`inspect` looks into one; `personal` and `redaction` find what must not be heard, and silence it in a copy. Names in a
sheet are read by `names`, web addresses judged by `addresses` (what may be fetched is fetched by `api.fetching`).
Nothing here sends anything, or knows the ledger.

The names below are loaded when they are used: whoever only judges an address needs neither pandas nor a decoder.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reddy_lib.recordings.addresses import AllowedHosts
    from reddy_lib.recordings.inspect import Inspection, inspect_recording
    from reddy_lib.recordings.marking import BY_HAND, find_words, whole_lines
    from reddy_lib.recordings.matching import Matches, match_recordings
    from reddy_lib.recordings.personal import Said, find_personal_data
    from reddy_lib.recordings.places import Recording, RecordingFolder, RecordingStore
    from reddy_lib.recordings.redaction import Placed, Silenced, Span, Word, excerpt, place, silence_recording

_HOMES = {
    "AllowedHosts": "addresses",
    "Inspection": "inspect",
    "inspect_recording": "inspect",
    "BY_HAND": "marking",
    "find_words": "marking",
    "whole_lines": "marking",
    "Matches": "matching",
    "match_recordings": "matching",
    "Said": "personal",
    "find_personal_data": "personal",
    "Recording": "places",
    "RecordingFolder": "places",
    "RecordingStore": "places",
    "Placed": "redaction",
    "Silenced": "redaction",
    "Span": "redaction",
    "Word": "redaction",
    "excerpt": "redaction",
    "place": "redaction",
    "silence_recording": "redaction",
}

__all__ = [
    "BY_HAND",
    "AllowedHosts",
    "Inspection",
    "Matches",
    "Placed",
    "Recording",
    "RecordingFolder",
    "RecordingStore",
    "Said",
    "Silenced",
    "Span",
    "Word",
    "excerpt",
    "find_personal_data",
    "find_words",
    "inspect_recording",
    "match_recordings",
    "place",
    "silence_recording",
    "whole_lines",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
