"""Upload the recordings of accepted calls, beside the loop that sends calls.

A PUT may be repeated until its address expires, so nothing here can send a call twice, and a failed upload never changes a
call. Uploads have slots of their own, as many as the submission has, so a gigabyte under way does not delay other calls.
But an address works for about an hour: calls *with* a recording are claimed only while few uploads wait
(`UploadSlots.ahead`), or their addresses would expire in the queue.

Where the server for recordings fails several times in a row, uploads wait, longer each time, and one at a time is tried.
Calls without a recording continue; calls with one wait, because their addresses would begin to expire. The submission
does not pause: waiting loses nothing, and uploads continue by themselves.

A file is streamed from the disk and hashed as it goes out. If it is not the file that was attached, its last part is held
back, so that no server gets a whole recording that nobody chose.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Literal, Self

import msgspec
import sqlalchemy as sa

from reddy_lib.api import MAY_REPEAT, Client, Receipt
from reddy_lib.database.conditions import LONGEST_WAIT
from reddy_lib.database.database import Database
from reddy_lib.database.schema import recordings
from reddy_lib.errors import (
    APIError,
    NotReceived,
    RecordingNotFound,
    RecordingRefused,
    Refused,
    TooManyRequests,
    Unavailable,
)
from reddy_lib.recordings import upload_queue
from reddy_lib.recordings.attachments import ASK_SUPPORT, PUT_BACK, Recorded, changed_message, open_recording
from reddy_lib.recordings.upload_queue import EXPIRED, TRIED_AGAIN, Upload, Uploaded, expired_message
from reddy_lib.sending.retry_policy import backoff
from reddy_lib.sending.states import finish
from reddy_lib.sending.upload_urls import LEAVES_THE_SANDBOX, leads_inside

__all__ = ["FAILURES_IN_A_ROW", "UPLOAD_PATIENCE", "Put", "UploadSlots", "Uploading", "decide_upload"]

FAILURES_IN_A_ROW = 5
"""Uploads that fail in a row before the others wait for one of them to succeed."""

FIRST_LOOK = 5.0
"""Seconds before a file that is missing or unreadable is tried again, here or on another machine."""

MOST_ODD_ANSWERS = 3
"""Unclear answers before a recording has failed."""

UPLOAD_PATIENCE = 20.0
"""Seconds to wait for uploads under way once the submission pauses or the program is to end; then they are cut off."""

GRACE = 2.0
"""Seconds for an upload that is cut off to end. One that has sent its bytes and gets no answer cannot be cut off: it is
abandoned, and its recording waits. Uploading it again does no harm."""

REPORT_EVERY = 1.0  # seconds between two reports of progress, for people


class UploadDecision(msgspec.Struct, frozen=True):
    """What to do after one PUT. `server_failed`: the fault is the server's, not this recording's."""

    outcome: Literal["uploaded", "failed", "expired", "again"]
    wait: float = 0.0
    wait_all: bool = False
    server_failed: bool = False


def decide_upload(error: APIError | None, *, tries: int, chance: float) -> UploadDecision:
    """Decide what to do after one PUT.

    | what happened                            | recording | then                                            |
    |------------------------------------------|-----------|-------------------------------------------------|
    | the server said yes                      | uploaded  |                                                 |
    | no connection, cut off, no answer, 5xx   | again     | backed off, until the address runs out          |
    | 429, 503 with `Retry-After`              | again     | after `Retry-After`; all uploads wait           |
    | 408, 421, 425                            | again     | backed off                                      |
    | 410                                      | expired   |                                                 |
    | 401, 403, 404, any other 4xx, a redirect | failed    |                                                 |
    | another 2xx, or an acceptance that contradicts it | again     | failed after `MOST_ODD_ANSWERS`                 |
    """
    if error is None:
        return UploadDecision("uploaded")
    if isinstance(error, NotReceived):
        return UploadDecision("again", wait=backoff(tries, chance), server_failed=True)
    if isinstance(error, TooManyRequests | Unavailable):
        asked = error.retry_after if error.retry_after is not None else backoff(tries, chance)
        wait = min(max(asked, 0.0), LONGEST_WAIT) + chance * 0.1
        return UploadDecision("again", wait=wait, wait_all=True, server_failed=True)
    if isinstance(error, Refused):
        return UploadDecision("expired" if error.status == 410 else "failed")
    if error.status is not None and error.status < 300 and tries >= MOST_ODD_ANSWERS:
        return UploadDecision("failed")
    return UploadDecision("again", wait=backoff(tries, chance), server_failed=True)


class UploadSlots:
    """The upload slots of one submission in this process, over all its chunks. Thread-safe."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._lock = threading.Lock()
        self._taken = 0
        self._coming = 0
        self._failures = 0
        self._not_before = self._now = 0.0

    def acquire(self, *, now: float) -> int:
        """Take all free slots; none while uploads wait, one while it is unknown whether they work again."""
        with self._lock:
            self._now = now
            if now < self._not_before:
                return 0
            most = 1 if self._broken else self.size
            taken = max(0, most - self._taken)
            self._taken += taken
            return taken

    def release(self, count: int) -> None:
        with self._lock:
            self._taken -= count

    def expect(self, count: int) -> None:
        """Count calls with a recording that are being sent; negative once they have ended."""
        with self._lock:
            self._coming += count

    def ahead(self) -> int:
        """Return how many more calls with a recording may be claimed, counting those that wait in the ledger."""
        with self._lock:
            return (1 if self._broken else 2 * self.size) - self._coming - self._taken

    def learn(self, put: Put, *, now: float) -> None:
        """Learn from one upload."""
        with self._lock:
            if put.server_failed:
                self._failures += 1
            elif put.uploaded.outcome == "uploaded":
                self._failures, self._not_before = 0, 0.0
            if put.hold:
                self._not_before = max(self._not_before, now + put.hold)
            if self._broken:
                wait = backoff(self._failures - FAILURES_IN_A_ROW + 1, 0.0, first=1.0)
                self._not_before = max(self._not_before, now + wait)

    @property
    def in_use(self) -> bool:
        """Return whether any upload is in progress, about to start, or waiting for its server."""
        with self._lock:
            return bool(self._taken or self._coming or self._broken)

    @property
    def reason(self) -> str:
        """Why recordings wait, as half a sentence for people; "" if they do not."""
        with self._lock:
            if self._broken:
                return f"recordings wait: their server failed {self._failures} times in a row"
            return "recordings wait, as their server asked" if self._not_before > self._now else ""

    @property
    def _broken(self) -> bool:
        return self._failures >= FAILURES_IN_A_ROW


class Put(msgspec.Struct, frozen=True):
    """The result of one PUT, and what it says of the server: `hold`, seconds for which all other uploads wait."""

    uploaded: Uploaded
    server_failed: bool = False
    hold: float = 0.0


class Uploading:
    """The uploads of one loop, each on a thread; the result of each goes to `came_back`.

    Leaving it as a context manager cuts off uploads under way.
    """

    def __init__(
        self,
        database: Database,
        client: Client,
        size: int,
        came_back: Callable[[Put], None],
        *,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float],
    ) -> None:
        self._ledger, self._client = database, client
        self._came_back, self._clock, self._chance = came_back, clock, chance
        self._size = size
        self._pool: ThreadPoolExecutor | None = None  # not needed by most submissions
        self._cut = threading.Event()
        self._lock = threading.Lock()
        self._running: dict[int, Upload] = {}
        self._sent: dict[int, int] = {}
        self._told: dict[int, int] = {}
        self._reported = float("-inf")
        self._asked_to_end = float("inf")
        self.under_way = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cut.set()
        if self._pool is not None:
            end = time.monotonic() + GRACE
            while self._running and time.monotonic() < end:
                time.sleep(0.02)
            self._abandon()
            self._pool.shutdown(wait=False, cancel_futures=True)

    def start(self, uploads: Iterable[Upload]) -> None:
        """Upload these recordings, which this worker has claimed."""
        for upload in uploads:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._size, thread_name_prefix="upload")
            self.under_way += 1
            with self._lock:
                self._running[upload.call_id] = upload
            self._pool.submit(self._run, upload, self._cut)

    def ended(self, put: Put) -> Uploaded:
        """Take note of an upload that has ended; return its result for the ledger."""
        self.under_way -= 1
        with self._lock:
            self._sent.pop(put.uploaded.upload.call_id, None)
            self._told.pop(put.uploaded.upload.call_id, None)
        if not self.under_way:
            if self._cut.is_set():
                self._cut = threading.Event()  # a new one: uploads that were cut off stay so
            self._asked_to_end = float("inf")
        return put.uploaded

    def wind_up(self, yes: bool) -> None:
        """Wait for uploads in progress. Called repeatedly: after `UPLOAD_PATIENCE` seconds it cuts them off."""
        if not yes:
            self._asked_to_end = float("inf")
            return
        now = time.monotonic()
        self._asked_to_end = min(self._asked_to_end, now)
        if now - self._asked_to_end >= UPLOAD_PATIENCE:
            self._cut.set()
        if now - self._asked_to_end >= UPLOAD_PATIENCE + GRACE:
            self._abandon()

    def sent(self) -> list[tuple[int, int]]:
        """Return (call id, bytes) of uploads that have moved since the last time, at most once a second."""
        now = time.monotonic()
        if not self._sent or now - self._reported < REPORT_EVERY:
            return []
        with self._lock:
            self._reported = now
            moved = [(each, count) for each, count in self._sent.items() if self._told.get(each) != count]
            self._told.update(moved)
        return moved

    def _abandon(self) -> None:
        """Abandon uploads that do not end: they come back as waiting, and later results of their threads are ignored."""
        with self._lock:
            left = list(self._running.values())
            self._running.clear()
        for upload in left:
            self._came_back(self._again(upload, "The upload was cut off."))

    def _run(self, upload: Upload, cut: threading.Event) -> None:
        try:
            put = self._put(upload, cut)
        except Exception as broken:  # noqa: BLE001 - nobody would see an error of a thread
            put = self._again(
                upload,
                f"The workbench failed while it uploaded the recording ({type(broken).__name__}). {TRIED_AGAIN}",
                wait=backoff(upload.tries, 0.0),
            )
        with self._lock:
            awaited = self._running.get(upload.call_id) is upload
            if awaited:
                del self._running[upload.call_id]
        if awaited:
            self._came_back(put)

    def _put(self, upload: Upload, cut: threading.Event) -> Put:
        if cut.is_set():
            return self._again(upload, "", tried=False)
        if not self._client.may_upload_to(upload.url):
            return self._over(upload, "failed", LEAVES_THE_SANDBOX)
        if leads_inside(upload.url, self._client.base_url):
            return self._over(
                upload, "failed", "The address that Reddy gave for the recording leads into this network, and not to "
                f"Reddy. The recording was not sent. Ask the administrator of this connection. {ASK_SUPPORT}",
            )  # fmt: skip
        try:
            file = open_recording(self._ledger, upload.recording, call_accepted=True)
        except RecordingNotFound as missing:  # it may come back, and another machine may have it
            return self._again(upload, str(missing), wait=self._until_next_look(upload))
        except RecordingRefused as changed:
            return self._over(upload, "failed", str(changed))
        error: APIError | None = None
        receipt = Receipt(upload_url=upload.url, expires_at=upload.expires_at, filename=upload.recording.name)
        with file:
            watched = _Watched(file, upload.recording, cut, lambda count: self._note(upload, count))
            try:
                self._client.upload_audio(receipt, watched, content_type=upload.content_type)  # type: ignore[arg-type]
            except APIError as failed:
                error = failed
        if watched.why == "changed":
            words = changed_message(upload.recording.name, call_accepted=True)
            return self._over(upload, "failed", words, watched)
        if watched.why == "cut" and error is not None:
            return self._again(upload, "", watched)
        if watched.why == "unreadable":
            words = f"The recording {upload.recording.name} could not be read to its end ({watched.said}). {PUT_BACK}"
            return self._again(upload, words, watched, wait=self._until_next_look(upload))
        if isinstance(error, Refused) and error.status is None:  # the client found the address expired
            return self._over(upload, "expired", EXPIRED, watched)
        late = self._clock() >= upload.expires_at
        if error is not None and late and error.status in (None, 401, 403, 404):
            return self._over(upload, "expired", expired_message(_words(error)), watched)
        decision = decide_upload(error, tries=upload.tries, chance=self._chance())
        if error is None or decision.outcome == "uploaded":
            return self._over(upload, "uploaded", "", watched)
        if decision.outcome == "expired":
            return self._over(upload, "expired", EXPIRED, watched)
        if decision.outcome == "failed":
            words = _words(error) if isinstance(error, Refused) else f"{_words(error)} {ASK_SUPPORT}"
            return self._over(upload, "failed", words, watched)
        return self._again(
            upload,
            f"{_words(error)} {TRIED_AGAIN}",
            watched,
            wait=decision.wait,
            server_failed=decision.server_failed,
            hold=decision.wait if decision.wait_all else 0.0,
        )

    def _until_next_look(self, upload: Upload) -> float:
        return backoff(upload.tries, self._chance(), first=FIRST_LOOK)

    def _note(self, upload: Upload, count: int) -> None:
        with self._lock:
            self._sent[upload.call_id] = count

    def _over(
        self,
        upload: Upload,
        outcome: Literal["uploaded", "failed", "expired"],
        error: str,
        watched: _Watched | None = None,
    ) -> Put:
        sent = 0 if watched is None else watched.count
        return Put(Uploaded(upload=upload, outcome=outcome, ended=self._clock(), sent=sent, error=error))

    def _again(
        self,
        upload: Upload,
        error: str,
        watched: _Watched | None = None,
        *,
        wait: float = 0.0,
        tried: bool = True,
        server_failed: bool = False,
        hold: float = 0.0,
    ) -> Put:
        now = self._clock()
        waits = Uploaded(
            upload=upload,
            outcome="again",
            ended=now,
            sent=0 if watched is None else watched.count,
            error=error,
            retry_at=now + wait,
            tried=tried,
        )
        return Put(waits, server_failed=server_failed, hold=hold)


def store_uploaded(database: Database, done: Sequence[Uploaded], worker: str) -> None:
    """Record upload results outside of an exchange. Raises LedgerUnavailable."""
    with database.write(right="send") as connection:
        upload_queue.record(connection, done, worker)
        call_ids = [one.upload.call_id for one in done]
        of_calls = sa.select(recordings.c.submission_id).where(recordings.c.call_id.in_(call_ids)).distinct()
        for submission_id in connection.execute(of_calls).scalars().all():
            if submission_id is not None:
                finish(connection, submission_id, now=time.time())


class _Watched:
    """A file that is being uploaded: counted, hashed, and stopped if it must not continue.

    Attributes:
        why: it stopped: changed, cut, or unreadable (`said`: the system's reason).
    """

    def __init__(
        self, file: IO[bytes], recording: Recorded, cut: threading.Event, note: Callable[[int], None]
    ) -> None:
        self.name = recording.name
        self.count = 0
        self.why: Literal["", "changed", "cut", "unreadable"] = ""
        self.said = ""
        self._file, self._recording, self._cut, self._note = file, recording, cut, note
        self._digest = hashlib.sha256()

    def __repr__(self) -> str:
        return f"<{self.count:,} of {self._recording.size:,} bytes of {self.name!r}>"

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        if self._cut.is_set():
            self.why = "cut"
            raise OSError("cut off")
        try:
            piece = self._file.read(size)
        except OSError as error:  # a fault of this machine, not of the server
            self.why, self.said = "unreadable", error.strerror or type(error).__name__
            raise
        self._digest.update(piece)
        count = self.count + len(piece)
        end = not piece or count >= self._recording.size
        if end and (count != self._recording.size or self._digest.hexdigest() != self._recording.sha256):
            self.why = "changed"
            raise OSError("another file")
        self.count = count
        self._note(count)
        return piece


def _words(error: APIError) -> str:
    """Return an error's text for a recording, without the advice that concerns calls."""
    if error.status is not None and (error.status in (408, 429) or error.status >= 500):
        said = f": “{error.server_message[:300]}”" if error.server_message else ""
        return f"The server for recordings answered {error.status}{said}."
    return str(error).removesuffix(MAY_REPEAT).rstrip()
