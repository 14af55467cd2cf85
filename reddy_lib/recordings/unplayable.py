"""The findings of recordings that cannot be played."""

from __future__ import annotations

from reddy_lib.findings import Finding, finding

__all__ = ["beside_transcript", "unreadable"]


def beside_transcript(found: Finding) -> Finding:
    """Return the finding of a recording that cannot be read, for a call that has a transcript beside it: a warning."""
    if found.code != "recording-unreadable":
        return found
    return finding("recording-not-audio", "filename", found.message, value=found.value)


def unreadable(name: str, why: str) -> Finding:
    """Return the finding of a recording that cannot be read as audio, for this reason."""
    return finding("recording-unreadable", "filename", f"{name} cannot be played: {why}.", value=name)
