"""Recordings that the sheet names by web addresses, brought into the batch's store: many, a few at a time.

What may be asked is decided by `recordings.addresses`, and how by `api.fetching`; here is the work around it. Each address
is asked once, however many rows have it. What came of it is in the store's record (`recordings.fetched`) before anybody is
told, so a stop, a closed tab or a kill loses at most what was arriving at that moment, and the next start goes on
with the rest. A failure is kept too, as a sentence, and tried again only when somebody asks for it.

The work runs in threads of its own, which know neither a page nor the ledger; `fetching_of` finds it again. The threads
do not keep the process from ending: a recording is in the store whole, or not at all.

Addresses are in memory for as long as they are needed, and in no name, sentence, log or repr.
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
from reddy_lib.progress_bars import progress_bar
from reddy_lib.recordings.download_log import Fetched, FetchRecord, address_key
from reddy_lib.recordings.file_names import ending_of
from reddy_lib.recordings.file_uses import dropped_folder
from reddy_lib.recordings.store import Recording, RecordingStore
from reddy_lib.spreadsheet.web_addresses import announced_name

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
"""Answers of one host that are no recording, one after the other, before the rest of its addresses are left."""
KEEP_FREE = 1 << 30
"""Bytes that stay free on the disk: the ledger may be on it."""
COLUMNS = ("row", "host", "name", "state", "size", "error")

_log = logging.getLogger(__name__)
_CHUNK = 1 << 20
_LOOK = 512  # bytes by which a web page is told from a recording
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


# --- what there is to do -----------------------------------------------------------------------------------


class Wanted(msgspec.Struct, frozen=True):
    """An address that may be asked: the rows that have it, its host, and the name of the file. The address is a secret."""

    rows: tuple[int, ...]
    address: str
    host: str
    name: str

    def __repr__(self) -> str:
        return f"<Wanted {self.name!r} from {self.host} for {len(self.rows)} rows>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Pretty-printers would list every field otherwise."""
        return [("rows", self.rows), ("host", self.host), ("name", self.name)]


class HostRows(NamedTuple):
    """A host in the sheet, how many rows have their recording there, and whether it may be asked."""

    host: str
    rows: int
    allowed: bool


class FetchPlan(NamedTuple):
    """Where the addresses of a batch stand.

    Attributes:
        rows: rows with an address, whatever became of them.
        closed: rows of them that need nothing: they have a recording, or were sent.
        here: open rows whose recording was fetched.
        hosts: of the open rows, those with most rows first.
        waiting: may be asked, and was not yet.
        failed: was asked in vain: (what, why).
        unreadable: can never be asked: (what, why); its host is "" .
        not_allowed: its host is not listed.
        fetched: row → its recording, open rows and others.
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
    """Where the recordings of a batch are kept until they are attached, and after."""
    return RecordingStore(dropped_folder(batch.database) / batch.id)


def planned(addressed: Sequence[Addressed], allowed: AllowedHosts, came: Mapping[str, Fetched]) -> FetchPlan:
    """What is to be fetched of these calls, and what came of it before (`FetchRecord.read`). Nothing is asked."""
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


# --- the work ----------------------------------------------------------------------------------------------


class FetchProgress(NamedTuple):
    """How far it is, in numbers of addresses. `left`: not asked after all, `why` tells the reason; `size`: bytes that came.

    `state`: "running", "stopping" (what is under way is being cut off), "stopped", "done".
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
        """Nothing more comes."""
        return self.state in ("stopped", "done")


class Fetching:
    """Addresses being fetched into a store by threads of this process. Thread-safe.

    Args:
        wanted: what to fetch, in this order.
        store: where it is kept, and what came of each address.
        allowed: hosts that may be asked.
        limits: of one recording.
        at_once: how many at the same time.
        keep_free: bytes that stay free on the disk.
        resolver: finds the numbers of a host.
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
        """Begin. Once."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask nothing more, and cut off what is under way: it is fetched from its beginning at the next start."""
        self._stop.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Until nothing more comes; False where that takes longer."""
        return self._over.wait(timeout)

    def progress(self) -> FetchProgress:
        """How far it is now."""
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
                f"Less than {self._keep_free / (1 << 30):,.3g} GB is free on this server's disk: the rest was left. Make "
                "room, then fetch again."
            )
            return
        except RecordingNotFound as error:
            said = str(error)
        except ReddyError as error:
            said = str(error)
            of_host = not isinstance(error, RecordingRefused)
            if of_host and self._stop.is_set():
                return  # it was on its way when somebody stopped the work: no word about the recording
        except Exception as error:  # noqa: BLE001 - a thread that dies is seen by nobody
            # The message is not repeated: it may hold the address.
            said = f"The recording could not be fetched ({type(error).__name__}). Tell whoever runs the workbench."
            _log.error("recording not fetched", extra={"row": wanted.rows[0], "reason": type(error).__name__})
        try:
            self._record.note(wanted.address, recording=recording, failed=said)
        except RecordingError as error:
            self._end(str(error))
            return
        with self._lock:  # it is stored: now it may be told
            if recording is not None:
                self._fetched += 1
                self._in_a_row[wanted.host] = 0
                return
            self._failed += 1
            if of_host:
                count = self._in_a_row[wanted.host] = self._in_a_row.get(wanted.host, 0) + 1
                if count == FAILURES_IN_A_ROW:
                    self._why[
                        f"{wanted.host} gave no recording {count} times one after the other, so the rest of its addresses "
                        "were left."
                    ] = None

    def _end(self, why: str) -> None:
        with self._lock:
            self._why[why] = None
        self._stop.set()

    def _came(self, count: int) -> None:
        with self._lock:
            self._size += count


class _Stopped(Exception):
    """Somebody stopped the work while this recording came."""


class _NoRoom(Exception):
    """The disk is nearly full."""


class _Keeping:
    """Takes what arrives for one address: looks at its first bytes, gives it its name, and keeps it."""

    def __init__(self, work: Fetching, wanted: Wanted) -> None:
        self._work, self._wanted = work, wanted

    def add(self, source: IO[bytes], name: str | None = None) -> Recording:
        body = _Body(self._work, source)
        head = body.look()
        host = self._wanted.host
        if not head:
            raise RecordingError(f"{host} gave a file without any byte: check whether there is a recording.")
        start = head.lstrip(b"\xef\xbb\xbf\t\n\r ")
        if not start or start.startswith(b"<") or _TEXT.fullmatch(head):
            raise RecordingError(
                f"{host} gave a web page or a text in place of the recording: the address may have expired, or be for "
                "people who are signed in there. Export the sheet again, or drop the file here."
            )
        called = self._wanted.name
        if not ending_of(called):
            called += ending_of(name or "") or next(
                (ending for begins, ending in _KINDS if begins.match(head)), ""
            )
        kept: Recording = self._work._store.add(body, called)  # type: ignore[arg-type]
        return kept


class _Body:
    """The bytes as they come, counted; ends early where the work is stopped, or the disk is nearly full."""

    def __init__(self, work: Fetching, source: IO[bytes]) -> None:
        self._work, self._source = work, source
        self._head = b""
        self._unchecked = _CHUNK * 16

    def look(self) -> bytes:
        """The first bytes; they are given out again by `read`."""
        while len(self._head) < _LOOK and (chunk := self._next()):
            self._head += chunk
        return self._head[:_LOOK]

    def read(self, size: int = -1) -> bytes:
        """The next bytes, however many came at once; b"" at the end."""
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


# --- found again -------------------------------------------------------------------------------------------

_under_way: dict[Path, Fetching] = {}
_registry = threading.Lock()


def fetching_of(store: RecordingStore) -> Fetching | None:
    """The work of this process that fills a store, or that did last."""
    with _registry:
        return _under_way.get(store.folder.resolve())


def start_fetching(
    wanted: Collection[Wanted], store: RecordingStore, allowed: AllowedHosts, **settings: Any
) -> Fetching:
    """Fetch into a store, in the background; gives the work that is under way there already, if there is one.

    `settings`: as for `Fetching`.
    """
    with _registry:
        place = store.folder.resolve()
        there = _under_way.get(place)
        if there is not None and not there.progress().over:
            return there
        work = _under_way[place] = Fetching(wanted, store, allowed, **settings)
        work.start()
        return work


# --- in a notebook -----------------------------------------------------------------------------------------


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
    """Fetch the recordings that the sheet names by http(s) addresses, and attach each to its call.

    Run it again and it goes on where it was: what was fetched is not fetched again, what failed is tried once more.
    Interrupting it keeps what has come whole. Each address is asked once, however many rows have it.

        allowed = reddy.AllowedHosts.of(["recordings.example"])
        reddy.fetch_recordings(batch, allowed)

    Args:
        batch: from `Ledger.load` or `Ledger.batch`.
        allowed: the hosts that may be asked; no other one ever is. `private`: those that may stand for addresses of the
            company's own network.
        rows: row numbers; None = every call that can still be given a recording and has none.
        attach: also attach what came; without it, it waits in the batch's store (Review, Recordings).
        limits: bytes, seconds and redirects of one recording.
        concurrency: the most at once.
        who: who attaches, for the record.
        progress: show a progress bar.

    Returns: a frame with a line for each row that has an address: row, host, name (of the file), state ("attached";
        "fetched"; "failed", with error; "not allowed"; "waiting": it was left; "closed": the call was sent, or has a
        recording), size (bytes), error.

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
        return f"Interrupted: {now.fetched:,} recordings were fetched, {left:,} wait. {again()}"

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
        finally:  # Ctrl-C: what is under way is cut off and waits
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
    """Attach; gives "" or why not."""
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
    missing = "The host is not among those that were allowed."
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
