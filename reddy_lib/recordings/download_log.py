"""What was fetched from web addresses: kept beside the recordings themselves, so that nothing is fetched twice.

A `RecordingStore` knows what it holds, not from where. `FetchRecord` adds that in a file of the same folder: one line
for each answer, appended and on the disk before anybody is told. An address stands in it as its hash alone, because
whoever has the address may have the recording. The last line about an address holds; where the recording itself is gone,
it was not fetched.
"""

from __future__ import annotations

import hashlib
import os
import time

import msgspec

from reddy_lib.errors import RecordingError
from reddy_lib.recordings.store import Recording, RecordingStore

__all__ = ["FetchRecord", "Fetched", "address_key"]

FILE_NAME = "fetched.jsonl"


class Fetched(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of one address.

    Attributes:
        address: its hash, as `address_key` makes it.
        recording: what it led to, or None.
        failed: why there is none, as a sentence.
        at: when, in seconds since the epoch.
    """

    address: str
    recording: Recording | None = None
    failed: str = ""
    at: float = 0.0


def address_key(address: str) -> str:
    """What stands for an address in the record: it cannot be read back."""
    return hashlib.sha256(address.strip().encode("utf-8", "replace")).hexdigest()


class FetchRecord:
    """What came of the addresses whose recordings are kept in a store. For several threads and processes at once."""

    def __init__(self, store: RecordingStore) -> None:
        self.store = store
        self._file = store.folder / FILE_NAME

    def __repr__(self) -> str:
        return f"<FetchRecord · {len(self.read()):,} addresses>"

    def version(self) -> tuple[int, int]:
        """Another one whenever something was noted."""
        try:
            about = self._file.stat()
        except FileNotFoundError:
            return 0, 0
        return about.st_size, about.st_mtime_ns

    def read(self) -> dict[str, Fetched]:
        """`address_key` → the last that came of it."""
        found: dict[str, Fetched] = {}
        try:
            with self._file.open("rb") as file:
                for line in file:
                    try:
                        one = msgspec.json.decode(line, type=Fetched)
                    except (msgspec.DecodeError, msgspec.ValidationError):
                        continue  # empty, or the last words of a process that died
                    found[one.address] = one
        except FileNotFoundError:
            return {}
        there = {entry.name for entry in os.scandir(self.store.folder)}
        return {key: one for key, one in found.items() if one.recording is None or one.recording.key in there}

    def note(self, address: str, *, recording: Recording | None = None, failed: str = "") -> None:
        """Write down what came of an address. Raises RecordingError: the disk does not take it."""
        one = Fetched(address_key(address), recording, failed, time.time())
        try:
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "ab", buffering=0) as file:
                file.write(b"\n" + msgspec.json.encode(one) + b"\n")  # a line that broke off spoils no other
                os.fsync(file.fileno())
        except OSError as error:
            raise RecordingError(
                f"What was fetched could not be written down ({error.strerror or type(error).__name__}). Make room on "
                "the disk, then fetch again."
            ) from None
