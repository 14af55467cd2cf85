"""What the sandbox received: every accepted call in order, its recording, and the tags added later.

Payloads are kept as the bytes that came, so that "exactly this was sent" can be said, unknown fields included.
Recordings go to a temporary folder. With a record file, each event is one appended JSON line, read again at the
next start; upload addresses are not in it (they are secrets), so they end with the process. The record holds
customers' words: its owner alone may read it, and forgetting empties it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
import threading
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from reddy_lib.errors import ReddyError
from reddy_lib.model import Tag
from reddy_lib.open_databases import refuse_open

__all__ = ["Memory", "Received", "Recording", "forget_in_record"]


class Recording(msgspec.Struct, omit_defaults=True):
    """A recording that was announced with a call. `state`: "waiting" until it came, then "stored"."""

    state: Literal["waiting", "stored"] = "waiting"
    filename: str | None = None
    content_type: str | None = None
    size: int | None = None
    sha256: str | None = None


class Received(msgspec.Struct):
    """One accepted call. `received_at`: seconds since the epoch; `audio`: None where none was announced."""

    number: int
    upload_id: int
    conversation_id: str
    agent_email: str
    received_at: float
    payload: msgspec.Raw
    audio: Recording | None = None
    tags_added: list[Tag] = []


class _Event(msgspec.Struct, omit_defaults=True):
    """One line of the record file."""

    call: Received | None = None
    upload_id: int | None = None
    audio: Recording | None = None
    tags: list[Tag] | None = None
    conversation_id: str | None = None
    agent_email: str | None = None
    forget: bool = False  # written by earlier versions, which did not empty the record
    last_upload_id: int | None = None


class Memory:
    """All that was received. May be changed and read from any thread."""

    def __init__(self, record: Path | None = None) -> None:
        self.calls: list[Received] = []
        self._by_conversation: dict[tuple[str, str], list[Received]] = {}
        self._by_upload: dict[int, Received] = {}
        self._addresses: dict[str, tuple[int, float]] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()
        self._changing = (
            threading.RLock()
        )  # memory and record say the same, also when a page forgets meanwhile
        self._last_upload_id = 1000
        self._record_path = record
        self._record: IO[bytes] | None = None
        if record is not None:
            refuse_open(record, ReddyError)
            self.open()
            self._read_again(record)

    def accept(
        self,
        payload: bytes,
        *,
        conversation_id: str,
        agent_email: str,
        filename: str | None,
        now: float,
    ) -> Received:
        """Keep one call, also where its conversation came before."""
        with self._changing:
            self._last_upload_id += 1  # never used twice, also after everything was forgotten
            call = Received(
                number=len(self.calls) + 1,
                upload_id=self._last_upload_id,
                conversation_id=conversation_id,
                agent_email=agent_email,
                received_at=now,
                payload=msgspec.Raw(payload),
                audio=Recording(filename=filename) if filename else None,
                tags_added=[],
            )
            self._keep(call)
            self._write(_Event(call=call))
        return call

    def add_tags(self, conversation_id: str, agent_email: str, tags: list[Tag]) -> bool:
        """Add tags to the latest call of this conversation and agent; False where there is none."""
        with self._changing:
            calls = self._by_conversation.get((conversation_id, agent_email.lower()))
            if not calls:
                return False
            calls[-1].tags_added.extend(tags)
            self._write(_Event(tags=tags, conversation_id=conversation_id, agent_email=agent_email))
        return True

    def new_address(self, call: Received, *, expires_at: float) -> str:
        """The secret last part of an address for this call's recording."""
        secret = secrets.token_urlsafe(24)
        self._addresses[secret] = (call.upload_id, expires_at)
        return secret

    def expected(self, secret: str) -> tuple[int, float] | None:
        """(upload_id, when it expires) of an address, or None for one that was never given."""
        return self._addresses.get(secret)

    def new_file(self, upload_id: int) -> Path:
        """Where a recording that is arriving can be written; it counts only once it is `store`d."""
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="reddy-sandbox-")
        return Path(self._folder.name) / f"{upload_id}-{secrets.token_hex(4)}"

    def store(
        self, upload_id: int, arrived: Path, *, content_type: str | None, size: int, sha256: str
    ) -> None:
        """Keep a recording that has arrived whole, in place of an earlier one."""
        with self._changing:
            call = self._by_upload.get(upload_id)
            if call is None or call.audio is None:
                arrived.unlink(missing_ok=True)  # forgotten while it was on its way
                return
            arrived.replace(self._path(upload_id))
            call.audio = Recording(
                state="stored",
                filename=call.audio.filename,
                content_type=content_type,
                size=size,
                sha256=sha256,
            )
            self._write(_Event(upload_id=upload_id, audio=call.audio))

    def recordings(self) -> dict[int, bytes]:
        """upload_id → bytes of every recording that arrived in this process."""
        found = {}
        for upload_id, call in list(self._by_upload.items()):
            if call.audio is not None and call.audio.state == "stored" and self._folder is not None:
                path = self._path(upload_id)
                if path.exists():
                    found[upload_id] = path.read_bytes()
        return found

    def forget(self) -> None:
        """Delete all calls, recordings and addresses, in memory and on disk. The record keeps one number: the last
        upload id."""
        with self._changing:
            self.calls = []
            self._by_conversation = {}
            self._by_upload = {}
            self._addresses = {}
            with self._lock:
                folder, self._folder = self._folder, None
            if folder is not None:
                folder.cleanup()
            closed = self._record is None
            self.open()
            if self._record is not None:
                self._record.truncate(0)
                self._write(_Event(last_upload_id=self._last_upload_id))
            if closed:
                self.close()

    def forget_conversations(self, conversation_ids: Collection[str]) -> int:
        """Delete the calls of these conversations with their recordings, and leave all others; returns how many.

        The record is written anew without them. A process that dies meanwhile loses calls of the sandbox, nothing else.
        """
        with self._changing:
            gone = {call.upload_id for call in self.calls if call.conversation_id in conversation_ids}
            if not self._drop(gone):
                return 0
            closed = self._record is None
            self.open()
            if self._record is not None:
                self._record.truncate(0)
                self._write(_Event(last_upload_id=self._last_upload_id))
                for call in self.calls:
                    self._write(_Event(call=call))
            if closed:
                self.close()
        return len(gone)

    def follow_record(self) -> int:
        """Delete the calls that another process removed from the record file; return how many."""
        with self._changing:
            if self._record_path is None or not self._record_path.exists():
                return 0
            with self._record_path.open("rb") as lines:
                events = [msgspec.json.decode(line, type=_Event) for line in lines if line.endswith(b"}\n")]
            recorded = {event.call.upload_id for event in events if event.call is not None}
            gone = [call for call in self.calls if call.upload_id not in recorded]
            return self._drop({call.upload_id for call in gone})

    def _drop(self, upload_ids: Collection[int]) -> int:
        """Delete calls from memory, with their recordings and addresses; return how many."""
        gone = [call for call in self.calls if call.upload_id in upload_ids]
        left = [call for call in self.calls if call.upload_id not in upload_ids]
        for call in gone:
            if call.audio is not None and self._folder is not None:
                self._path(call.upload_id).unlink(missing_ok=True)
        self._addresses = {
            secret: found for secret, found in self._addresses.items() if found[0] not in upload_ids
        }
        if gone:
            self.calls, self._by_conversation, self._by_upload = [], {}, {}
            for call in left:
                self._keep(call)
        return len(gone)

    def as_json(self, *, offset: int = 0, limit: int | None = None) -> bytes:
        """The calls as a JSON list, payloads as they came."""
        end = None if limit is None else offset + limit
        return msgspec.json.encode(self.calls[offset:end])

    def as_dicts(self) -> list[dict[str, Any]]:
        """The calls as plain dicts."""
        plain: list[dict[str, Any]] = msgspec.json.decode(self.as_json())
        return plain

    def open(self) -> None:
        """Open the record file, if there is one, for what comes next: 0600, also where an earlier version made it
        readable to others. A folder that is missing is made, 0700."""
        if self._record_path is None or self._record is not None:
            return
        self._record_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._record_path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        self._record = os.fdopen(descriptor, "ab", buffering=0)
        self._record_path.chmod(0o600)

    def close(self) -> None:
        """Close the record file; what was received stays readable."""
        if self._record is not None:
            self._record.close()
            self._record = None

    def _path(self, upload_id: int) -> Path:
        if self._folder is None:
            return self.new_file(upload_id).with_name(str(upload_id))
        return Path(self._folder.name) / str(upload_id)

    def _keep(self, call: Received) -> None:
        self.calls.append(call)
        self._last_upload_id = max(self._last_upload_id, call.upload_id)
        self._by_upload[call.upload_id] = call
        key = (call.conversation_id, call.agent_email.lower())
        self._by_conversation.setdefault(key, []).append(call)

    def _write(self, event: _Event) -> None:
        if self._record is not None:
            # A payload may come with line breaks; in JSON they are blanks, and here one event is one line.
            line = msgspec.json.encode(event).replace(b"\n", b" ").replace(b"\r", b" ")
            # Unbuffered: the line is with the operating system before the client gets its answer.
            self._record.write(line + b"\n")

    def _read_again(self, record: Path) -> None:
        whole = 0
        with record.open("r+b") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break  # torn by a process that was killed while it wrote: never answered, so not received
                if not line.isspace():  # blank: another process removed a call from the record
                    self._repeat(msgspec.json.decode(line, type=_Event))
                whole += len(line)
            lines.truncate(whole)

    def _repeat(self, event: _Event) -> None:
        if event.forget:
            self.calls, self._by_conversation, self._by_upload = [], {}, {}
        elif event.last_upload_id is not None:
            self._last_upload_id = event.last_upload_id
        elif event.call is not None:
            # A Raw that was decoded points into its line: copied, so that the line can go.
            event.call.payload = event.call.payload.copy()
            self._keep(event.call)
        elif event.tags is not None:
            key = (event.conversation_id or "", (event.agent_email or "").lower())
            if calls := self._by_conversation.get(key):
                calls[-1].tags_added.extend(event.tags)
        elif event.upload_id is not None and event.upload_id in self._by_upload:
            self._by_upload[event.upload_id].audio = event.audio


def forget_in_record(record: Path, conversation_ids: Collection[str]) -> int:
    """Remove the calls of these conversations from a record file; return how many.

    Their lines are overwritten with blanks, so that a sandbox that appends to the file meanwhile is not disturbed. It
    keeps the calls in its memory until `Memory.follow_record`.
    """
    refuse_open(record, ReddyError)
    gone: set[int] = set()
    last = 0
    try:
        with record.open("r+b") as file:
            at = 0
            for line in file.readlines():
                begin, at = at, at + len(line)
                if line.isspace() or not line.endswith(b"\n"):
                    continue
                event = msgspec.json.decode(line, type=_Event)
                of = event.call.conversation_id if event.call is not None else event.conversation_id
                upload_id = event.call.upload_id if event.call is not None else event.upload_id
                last = max(last, upload_id or 0, event.last_upload_id or 0)
                if of in conversation_ids or (upload_id is not None and upload_id in gone):
                    if event.call is not None:
                        gone.add(event.call.upload_id)
                    file.seek(begin)
                    file.write(b" " * (len(line) - 1))
        if gone:  # an upload id is never used twice
            with record.open("ab") as file:
                file.write(msgspec.json.encode(_Event(last_upload_id=last)) + b"\n")
                os.fsync(file.fileno())
    except FileNotFoundError:
        return 0
    return len(gone)


class Arriving:
    """A recording on its way to a file: hashed and counted as it comes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._hash = hashlib.sha256()
        self._file = path.open("wb")

    def write(self, part: bytes) -> None:
        """Take the next part."""
        self.size += len(part)
        self._hash.update(part)
        self._file.write(part)

    def close(self) -> str:
        """Close the file; returns the SHA-256 of what came."""
        self._file.close()
        return self._hash.hexdigest()
