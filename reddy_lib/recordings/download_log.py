"""A log of what was downloaded, kept beside the recordings themselves, so that nothing is downloaded twice.

A `RecordingStore` knows what it holds, but not where it came from. `FetchRecord` adds that in a file of the same folder,
with one entry for each answer. A URL is stored as its hash only, because the URL may be all it takes to get the
recording. The last entry about a URL counts; if the recording itself was deleted, the entry is ignored.
"""

from __future__ import annotations

import hashlib
import os
import time

import msgspec

from reddy_lib.errors import RecordingError
from reddy_lib.recordings.append_log import AppendLog
from reddy_lib.recordings.store import Recording, RecordingStore

__all__ = ["FetchRecord", "Fetched", "address_key"]

FILE_NAME = "fetched.jsonl"


class Fetched(msgspec.Struct, frozen=True, omit_defaults=True):
    """The result of downloading one URL.

    Attributes:
        address: its hash, from `address_key`.
        recording: what was downloaded, or None.
        failed: why there is no recording, as a sentence.
        at: when, in seconds since the epoch.
    """

    address: str
    recording: Recording | None = None
    failed: str = ""
    at: float = 0.0


def address_key(address: str) -> str:
    """Return the hash that replaces a URL in the log."""
    return hashlib.sha256(address.strip().encode("utf-8", "replace")).hexdigest()


class FetchRecord:
    """The results of the URLs whose recordings are kept in a store. Safe for several threads and processes."""

    def __init__(self, store: RecordingStore) -> None:
        self.store = store
        self._log = AppendLog(store.folder / FILE_NAME, Fetched)

    def __repr__(self) -> str:
        return f"<FetchRecord · {len(self.read()):,} addresses>"

    def version(self) -> tuple[int, int]:
        """Return a value that changes whenever a result is added."""
        return self._log.version()

    def read(self) -> dict[str, Fetched]:
        """Return the last result of each URL, by its `address_key`."""
        entries, _ = self._log.read()
        found = {one.address: one for _, one in entries}
        there = {entry.name for entry in os.scandir(self.store.folder)} if found else set()
        return {key: one for key, one in found.items() if one.recording is None or one.recording.key in there}

    def note(self, address: str, *, recording: Recording | None = None, failed: str = "") -> None:
        """Add the result of a URL. Raises RecordingError: it cannot be written."""
        try:
            self._log.append([Fetched(address_key(address), recording, failed, time.time())])
        except OSError as error:
            raise RecordingError(
                f"What was downloaded could not be recorded ({error.strerror or type(error).__name__}). Make room on "
                "the disk, then download again."
            ) from None
