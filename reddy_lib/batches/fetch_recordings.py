"""Download the recordings that a spreadsheet names by URL into the batch's store.

`allowed_hosts` decides which hosts may be asked and `api.fetching` downloads one file; this module schedules the
downloads. Each URL is requested once, even if several rows name it. Every result is stored in the download log before it
is reported. A stop, a closed tab or a killed process therefore loses only the downloads in progress, and the next start
continues with the rest. Failures are stored too, and are retried only on request.

The downloads run in daemon threads that know neither the page nor the ledger. A page finds them again with
`fetching_of`. Daemon threads are safe here because the store never keeps part of a file.

A URL can contain credentials. It stays in memory and never appears in a file name, message, log or repr.
"""

from __future__ import annotations

import logging
import re
import shutil
import threading
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import msgspec

from reddy_lib.allowed_hosts import AllowedHosts, host_and_leave
from reddy_lib.api.fetching import FetchLimits, Resolver, fetch_recording, resolve
from reddy_lib.arguments import text, whole_number
from reddy_lib.batches.recording_urls import Addressed, addressed_calls
from reddy_lib.errors import RecordingError, RecordingNotFound, RecordingRefused, ReddyError
from reddy_lib.interrupts import again, one_line
from reddy_lib.plurals import agreeing
from reddy_lib.progress_bars import progress_bar
from reddy_lib.recordings.download_log import Fetched, FetchRecord, address_key
from reddy_lib.recordings.file_names import ending_of
from reddy_lib.recordings.file_uses import dropped_folder
from reddy_lib.recordings.store import Recording, RecordingStore
from reddy_lib.spreadsheet.cells.web_addresses import announced_name

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.batches.batch import Batch

__all__ = [
    "FetchPlan",
    "FetchProgress",
    "Fetching",
    "HostRows",
    "Wanted",
    "batch_store",
    "fetch_recordings",
    "fetching_of",
    "planned",
    "start_fetching",
]

AT_ONCE = 4
FAILURES_IN_A_ROW = 10
"""Consecutive failures of one host after which its remaining URLs are not requested."""
KEEP_FREE = 1 << 30
"""Bytes to leave free on the disk, which may also hold the ledger."""
COLUMNS = ("row", "host", "name", "state", "size", "error")

_log = logging.getLogger(__name__)
_CHUNK = 1 << 20
_LOOK = 512  # bytes that are enough to tell a web page from a recording
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]*")
_KINDS = (
    (re.compile(rb"RIFF....WAVE", re.DOTALL), ".wav"),
    (re.compile(rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"), ".mp3"),
    (re.compile(rb"OggS"), ".ogg"),
    (re.compile(rb"fLaC"), ".flac"),
    (re.compile(rb"....ftyp", re.DOTALL), ".m4a"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), ".webm"),
    (re.compile(rb"#!AMR"), ".amr"),
)


# --- planning ----------------------------------------------------------------------------------------------


class Wanted(msgspec.Struct, frozen=True):
    """A URL to download: the rows that name it, its host and the file's name. The URL is a secret."""

    rows: tuple[int, ...]
    address: str
    host: str
    name: str

    def __repr__(self) -> str:
        return f"<Wanted {self.name!r} from {self.host} for {len(self.rows)} rows>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Hide the URL: pretty-printers list every field of a struct by default."""
        return [("rows", self.rows), ("host", self.host), ("name", self.name)]


class HostRows(NamedTuple):
    """A host that the sheet names, the number of rows that name it, and whether it is allowed."""

    host: str
    rows: int
    allowed: bool


class FetchPlan(NamedTuple):
    """The state of a batch's recording URLs.

    Attributes:
        rows: number of rows with a URL, in any state.
        closed: rows that need no download: the call has a recording or was sent.
        here: open rows whose recording is downloaded.
        hosts: hosts of the open rows, most rows first.
        waiting: allowed URLs that were not requested yet.
        failed: URLs whose download failed, each with the reason.
        unreadable: values that can never be requested, each with the reason; their host is "".
        not_allowed: URLs whose host is not on the list.
        fetched: row → its downloaded recording, for closed rows as well.
    """

    rows: int
    closed: int
    here: int
    hosts: list[HostRows]
    waiting: list[Wanted]
    failed: list[tuple[Wanted, str]]
    unreadable: list[tuple[Wanted, str]]
    not_allowed: list[Wanted]
    fetched: dict[int, Recording]


def batch_store(batch: Batch) -> RecordingStore:
    """Return the store that holds a batch's recordings before and after they are attached."""
    return RecordingStore(dropped_folder(batch.database) / batch.id)


def planned(addressed: Sequence[Addressed], allowed: AllowedHosts, came: Mapping[str, Fetched]) -> FetchPlan:
    """Compare the calls' URLs with the download log (`FetchRecord.read`). Makes no request."""
    fetched: dict[int, Recording] = {}
    rows_of: dict[str, list[int]] = {}
    for one in addressed:
        before = came.get(address_key(one.address)) if came else None
        if before is not None and before.recording is not None:
            fetched[one.row] = before.recording
        if one.open:
            rows_of.setdefault(one.address.strip(), []).append(one.row)
    waiting: list[Wanted] = []
    failed: list[tuple[Wanted, str]] = []
    unreadable: list[tuple[Wanted, str]] = []
    not_allowed: list[Wanted] = []
    hosts: dict[str, tuple[int, bool]] = {}
    here = 0
    for address, rows in rows_of.items():
        name = announced_name(address)
        try:
            host, may = host_and_leave(address, allowed)
        except RecordingRefused as error:
            unreadable.append((Wanted(tuple(rows), address, "", name), str(error)))
            continue
        wanted = Wanted(tuple(rows), address, host, name)
        hosts[host] = (hosts.get(host, (0, may))[0] + len(rows), may)
        before = came.get(address_key(address)) if came else None
        if before is not None and before.recording is not None:
            here += len(rows)
            continue
        if not may:
            not_allowed.append(wanted)
        elif before is not None:
            failed.append((wanted, before.failed))
        else:
            waiting.append(wanted)
    by_rows = [HostRows(host, rows, may) for host, (rows, may) in hosts.items()]
    return FetchPlan(
        rows=len(addressed),
        closed=sum(not one.open for one in addressed),
        here=here,
        hosts=sorted(by_rows, key=lambda one: (-one.rows, one.host)),
        waiting=waiting,
        failed=failed,
        unreadable=unreadable,
        not_allowed=not_allowed,
        fetched=fetched,
    )


# --- downloading -------------------------------------------------------------------------------------------


class FetchProgress(NamedTuple):
    """Progress of a download job, counted in URLs.

    Attributes:
        state: "running", "stopping" (downloads in progress are being aborted), "stopped" or "done".
        left: URLs that were not requested; `why` holds the reason.
        size: bytes received.
    """

    state: str
    total: int
    fetched: int
    failed: int
    left: int
    under_way: int
    size: int
    why: str

    @property
    def over(self) -> bool:
        """Whether the job has ended."""
        return self.state in ("stopped", "done")


class Fetching:
    """A job that downloads URLs into a store with threads of this process. Thread-safe.

    Args:
        wanted: what to download, in this order.
        store: receives the files and the download log.
        allowed: hosts that may be requested.
        limits: limits of one download.
        at_once: maximum number of concurrent downloads.
        keep_free: bytes to leave free on the disk.
        resolver: resolves a host name to IP addresses.
    """

    def __init__(
        self,
        wanted: Iterable[Wanted],
        store: RecordingStore,
        allowed: AllowedHosts,
        *,
        limits: FetchLimits = FetchLimits(),  # noqa: B008 - a constant
        at_once: int = AT_ONCE,
        keep_free: int = KEEP_FREE,
        resolver: Resolver = resolve,
    ) -> None:
        self._queue = deque(wanted)
        self._store, self._record, self._allowed = store, FetchRecord(store), allowed
        self._limits, self._keep_free, self._resolver = limits, keep_free, resolver
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._over = threading.Event()
        self._total = len(self._queue)
        self._fetched = self._failed = self._left = self._under_way = self._size = 0
        self._in_a_row: dict[str, int] = {}
        self._why: dict[str, None] = {}
        count = max(1, min(at_once, self._total))
        self._running = count
        self._threads = [
            threading.Thread(target=self._work, name=f"fetch recordings {number}", daemon=True)
            for number in range(count)
        ]

    def __repr__(self) -> str:
        now = self.progress()
        return f"<Fetching {now.state} · {now.fetched:,} of {now.total:,} fetched, {now.failed:,} failed>"

    def start(self) -> None:
        """Start the threads. May be called once."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Abort the downloads in progress and start no others. The next job downloads aborted files from the start."""
        self._stop.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the job ends. Return False if `timeout` seconds pass first."""
        return self._over.wait(timeout)

    def progress(self) -> FetchProgress:
        """Return the current progress."""
        with self._lock:
            settled = self._fetched + self._failed
            if not self._over.is_set():
                state, left = "stopping" if self._stop.is_set() else "running", self._left
            else:
                left = self._total - settled
                state = "stopped" if left and self._stop.is_set() else "done"
            return FetchProgress(
                state, self._total, self._fetched, self._failed, left, self._under_way, self._size,
                " ".join(self._why),
            )  # fmt: skip

    def _work(self) -> None:
        try:
            while (wanted := self._next()) is not None:
                try:
                    self._fetch(wanted)
                finally:
                    with self._lock:
                        self._under_way -= 1
        finally:
            with self._lock:
                self._running -= 1
                last = not self._running
                if last:
                    self._queue.clear()
            if last:
                self._over.set()

    def _next(self) -> Wanted | None:
        with self._lock:
            while self._queue and not self._stop.is_set():
                wanted = self._queue.popleft()
                if self._in_a_row.get(wanted.host, 0) >= FAILURES_IN_A_ROW:
                    self._left += 1
                    continue
                self._under_way += 1
                return wanted
        return None

    def _fetch(self, wanted: Wanted) -> None:
        recording: Recording | None = None
        said = ""
        of_host = False
        try:
            recording = fetch_recording(
                wanted.address,
                _Keeping(self, wanted),
                self._allowed,
                limits=self._limits,
                resolver=self._resolver,
            )
        except _Stopped:
            return
        except _NoRoom:
            self._end(
                f"Less than {self._keep_free / (1 << 30):,.3g} GB is free on this server's disk, so the other recordings "
                "were not fetched. Free some space, then fetch again."
            )
            return
        except RecordingNotFound as error:
            said = str(error)
        except ReddyError as error:
            said = str(error)
            of_host = not isinstance(error, RecordingRefused)
            if of_host and self._stop.is_set():
                return  # the failure may come from the stop itself, so it says nothing about the recording
        except Exception as error:  # noqa: BLE001 - an exception that ends a thread is reported to no caller
            # The exception's message may contain the URL, so it is neither shown nor logged.
            said = f"The recording could not be fetched ({type(error).__name__}). Report this to your administrator."
            _log.error("recording not fetched", extra={"row": wanted.rows[0], "reason": type(error).__name__})
        try:
            self._record.note(wanted.address, recording=recording, failed=said)
        except RecordingError as error:
            self._end(str(error))
            return
        with self._lock:  # count only what is stored
            if recording is not None:
                self._fetched += 1
                self._in_a_row[wanted.host] = 0
                return
            self._failed += 1
            if of_host:
                count = self._in_a_row[wanted.host] = self._in_a_row.get(wanted.host, 0) + 1
                if count == FAILURES_IN_A_ROW:
                    self._why[
                        f"{wanted.host} returned no recording {count} times in a row, so its remaining addresses were not "
                        "requested."
                    ] = None

    def _end(self, why: str) -> None:
        with self._lock:
            self._why[why] = None
        self._stop.set()

    def _came(self, count: int) -> None:
        with self._lock:
            self._size += count


class _Stopped(Exception):
    """Raised inside a download when the job is stopped."""


class _NoRoom(Exception):
    """Raised inside a download when the disk is nearly full."""


class _Keeping:
    """The sink of one download: rejects bodies that are not recordings, chooses the file's name and stores it."""

    def __init__(self, work: Fetching, wanted: Wanted) -> None:
        self._work, self._wanted = work, wanted

    def add(self, source: IO[bytes], name: str | None = None) -> Recording:
        body = _Body(self._work, source)
        head = body.look()
        host = self._wanted.host
        if not head:
            raise RecordingError(f"{host} returned an empty file. Check whether the recording exists there.")
        start = head.lstrip(b"\xef\xbb\xbf\t\n\r ")
        if not start or start.startswith(b"<") or _TEXT.fullmatch(head):
            raise RecordingError(
                f"{host} returned a web page or text instead of a recording: the address may have expired, or may need a "
                "sign-in. Export the sheet again, or drop the file here."
            )
        called = self._wanted.name
        if not ending_of(called):
            called += ending_of(name or "") or next(
                (ending for begins, ending in _KINDS if begins.match(head)), ""
            )
        kept: Recording = self._work._store.add(body, called)  # type: ignore[arg-type]
        return kept


class _Body:
    """A response body that counts its bytes. Raises `_Stopped` or `_NoRoom` between two chunks."""

    def __init__(self, work: Fetching, source: IO[bytes]) -> None:
        self._work, self._source = work, source
        self._head = b""
        self._unchecked = _CHUNK * 16

    def look(self) -> bytes:
        """Return the first bytes without consuming them."""
        while len(self._head) < _LOOK and (chunk := self._next()):
            self._head += chunk
        return self._head[:_LOOK]

    def read(self, size: int = -1) -> bytes:
        """Return the next chunk, of any length; b"" at the end. `size` is ignored."""
        if self._head:
            head, self._head = self._head, b""
            return head
        return self._next()

    def _next(self) -> bytes:
        if self._work._stop.is_set():
            raise _Stopped
        if self._unchecked >= _CHUNK * 16:
            self._unchecked = 0
            if shutil.disk_usage(self._work._store.folder).free < self._work._keep_free:
                raise _NoRoom
        chunk = self._source.read(_CHUNK)
        self._unchecked += len(chunk)
        self._work._came(len(chunk))
        return chunk


# --- the jobs of this process ------------------------------------------------------------------------------

_under_way: dict[Path, Fetching] = {}
_registry = threading.Lock()


def fetching_of(store: RecordingStore) -> Fetching | None:
    """Return this process's current or most recent job for a store."""
    with _registry:
        return _under_way.get(store.folder.resolve())


def start_fetching(
    wanted: Collection[Wanted], store: RecordingStore, allowed: AllowedHosts, **settings: Any
) -> Fetching:
    """Start a job in the background and return it; return the running job if the store already has one.

    `settings` are passed to `Fetching`.
    """
    with _registry:
        place = store.folder.resolve()
        there = _under_way.get(place)
        if there is not None and not there.progress().over:
            return there
        work = _under_way[place] = Fetching(wanted, store, allowed, **settings)
        work.start()
        return work


# --- for notebooks -----------------------------------------------------------------------------------------


def fetch_recordings(
    batch: Batch,
    allowed: AllowedHosts,
    rows: Iterable[int] | None = None,
    *,
    attach: bool = True,
    limits: FetchLimits = FetchLimits(),  # noqa: B008 - a constant
    concurrency: int = AT_ONCE,
    who: str = "",
    progress: bool = True,
) -> pd.DataFrame:
    """Fetch the recordings that the sheet names by URL, and attach each to its call.

    Run it again to continue: it skips what was fetched and retries what failed. An interrupt keeps every complete file.
    Each URL is requested once, even if several rows name it.

        allowed = reddy.AllowedHosts.of(["recordings.example"])
        reddy.fetch_recordings(batch, allowed)

    Args:
        batch: from `Ledger.load` or `Ledger.batch`.
        allowed: the only hosts that may be requested. `private` lists those that may resolve to addresses inside the
            company's network.
        rows: row numbers; None selects every editable call without a recording.
        attach: attach what was fetched. If False, the files stay in the batch's store (Review, Recordings).
        limits: maximum bytes, seconds and redirects of one download.
        concurrency: maximum number of concurrent downloads.
        who: name to record with each attachment.
        progress: show a progress bar.

    Returns:
        A frame with one line per row that has a URL. Columns: row, host, name (of the file), state, size (bytes), error.
        States: "attached", "fetched", "failed" (see error), "not allowed", "waiting" (not requested), "closed" (the call
        was sent or already has a recording).

    Raises:
        LedgerUnavailable: the ledger cannot be read or written.
    """
    batch.database.require("edit")
    store = batch_store(batch)
    record = FetchRecord(store)
    concurrency = whole_number(concurrency, "concurrency", least=1, most=64)
    who = text(who, "who")
    asked = None if rows is None else set(batch.these_rows(rows))
    addressed = [one for one in addressed_calls(batch) if asked is None or one.row in asked]
    plan = planned(addressed, allowed, record.read())
    todo = sorted([*plan.waiting, *(wanted for wanted, _ in plan.failed)], key=lambda one: one.rows)
    work = Fetching(todo, store, allowed, limits=limits, at_once=concurrency)

    def told() -> str:
        now = work.progress()
        left = len(todo) - now.fetched - now.failed
        return (
            f"Interrupted: {agreeing(now.fetched, 'recording was', 'recordings were')} fetched, "
            f"{agreeing(left, 'is', 'are')} left. {again()}"
        )

    with (
        one_line(told),
        progress_bar(shown=progress, total=len(todo), desc="Fetching", unit=" recordings") as bar,
    ):
        work.start()
        try:
            over = False
            while not over:
                over = work.wait(0.2)
                now = work.progress()
                bar.update(now.fetched + now.failed - bar.n)
        finally:  # also on Ctrl-C: abort the downloads in progress
            work.stop()
            work.wait(limits.idle_seconds + 5)
    plan = planned(addressed, allowed, record.read())
    attached: dict[int, str] = {}
    if attach:
        for one in addressed:
            recording = plan.fetched.get(one.row)
            if one.open and recording is not None:
                attached[one.row] = _attached(batch, one.row, store, recording, who)
    return _frame(addressed, plan, attached, work.progress().why)


def _attached(batch: Batch, row: int, store: RecordingStore, recording: Recording, who: str) -> str:
    """Attach a recording to a call. Return "", or the reason for a failure."""
    try:
        store.open(recording.key).close()
        batch.attach(row, store.folder / recording.key, name=recording.name, who=who)
    except ReddyError as error:
        return str(error)
    return ""


def _frame(
    addressed: Sequence[Addressed], plan: FetchPlan, attached: Mapping[int, str], why: str
) -> pd.DataFrame:
    import pandas as pd

    said = {row: (wanted, "failed", error) for wanted, error in (*plan.failed, *plan.unreadable)
            for row in wanted.rows}  # fmt: skip
    said |= {row: (wanted, "waiting", why) for wanted in plan.waiting for row in wanted.rows}
    missing = "The host is not on the list of allowed hosts."
    said |= {row: (wanted, "not allowed", missing) for wanted in plan.not_allowed for row in wanted.rows}
    lines = []
    for one in addressed:
        recording = plan.fetched.get(one.row)
        state, error = "closed", ""
        if one.row in attached:
            error = attached[one.row]
            state = "failed" if error else "attached"
        elif one.open and recording is not None:
            state = "fetched"
        elif one.row in said:
            _, state, error = said[one.row]
        try:
            host, _ = host_and_leave(one.address, AllowedHosts())
        except RecordingRefused:
            host = ""
        size = 0 if recording is None else recording.size
        lines.append((one.row, host, announced_name(one.address), state, size, error))
    return pd.DataFrame(lines, columns=list(COLUMNS)).astype({"row": "int64", "size": "int64"})
