"""Attaching many recordings: a job of its own, which no click of the analyst and no closed tab cuts off.

A page's run ends where the next click begins, and reading gigabytes takes longer than people keep still. So the work
is done in a thread of the process, one at a time for a batch, whoever started it. It stores what it has every two
seconds, some calls in one transaction: where the program dies, the rest is matched as before, and pressing the button
again goes on. A dropped file was hashed when it came. One in the server's folder is read once; its hash is remembered
as long as the file is the same. The thread touches nothing of Streamlit's.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.errors import LedgerUnavailable, ReddyError
from reddy_lib.recordings.attachments import Attached, attached_from
from reddy_lib.recordings.shared_folder import RecordingFolder
from reddy_lib.recordings.store import Recording, RecordingStore

__all__ = ["AttachJob", "attached_meanwhile", "attaching", "job_of", "progress", "start"]

PIECE = 25
SECONDS = 2.0
"""What is ready is stored after so many calls, or so many seconds."""
CHUNK = 1 << 20
MOST_HASHES = 200_000
TOLD_FOR = 3_600.0
"""Seconds in which a tab that did not see a job end is still told what came of it."""

Places = Mapping[str, RecordingStore | RecordingFolder]

_lock = threading.Lock()
_jobs: dict[tuple[str, str], AttachJob] = {}
_hashes: dict[tuple[int, ...], str] = {}


class _Stopped(Exception):
    pass


class AttachJob:
    """Recordings on their way to their calls. Made by `start`.

    Attributes: total, attached (rows), refused (row, why), error (why it ended before its end, "" if it did not).
    """

    def __init__(
        self,
        batch: Batch,
        work: Sequence[tuple[int, Recording]],
        places: Places,
        *,
        who: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total = len(work)
        self.attached: list[int] = []
        self.refused: list[tuple[int, str]] = []
        self.error = ""
        self.ended = 0.0
        batch.database.require("edit")
        # What was begun is finished, also where the sign-in of the person runs out meanwhile.
        self._batch = batch.seen_by(batch.database.for_person(None))
        self._work, self._places, self._who = list(work), dict(places), who
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reddy-attach", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        state = "running" if self.running else "ended"
        return f"<AttachJob {state} · {len(self.attached):,} of {self.total:,} attached>"

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """End after what is being stored; the rest stays as it is."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is over, for at most so many seconds (None: as long as it takes). True: it is over."""
        self._thread.join(seconds)
        return not self.running

    def _run(self) -> None:
        # until it is done: a fault of the program, and its trace is in the log
        self.error = "The program failed; its log says why."
        try:
            self._attach_all()
            self.error = ""
        except _Stopped:
            self.error = "It was stopped."
        except ReddyError as error:
            self.error = str(error)
        finally:
            self.ended = self._clock()

    def _attach_all(self) -> None:
        ready: dict[int, Attached] = {}
        stored = self._clock()
        try:
            for row, recording in self._work:
                try:
                    ready[row] = self._looked_at(recording)
                except ReddyError as error:
                    self.refused.append((row, str(error)))
                if len(ready) >= PIECE or self._clock() - stored > SECONDS:
                    self._store(ready)
                    ready, stored = {}, self._clock()
                self._go_on()
        except _Stopped:
            self._store(ready)  # what was read is not read again
            raise
        self._store(ready)

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise _Stopped

    def _looked_at(self, recording: Recording) -> Attached:
        """The file as it is now: a plain file inside its folder, not reached through a link."""
        place = self._places[recording.place]
        with place.open(recording.key) as file:
            if isinstance(place, RecordingStore):
                sha256 = recording.key.partition(".")[0]
            else:
                sha256 = self._hashed(file)
        path = place.folder / recording.key
        return attached_from(self._batch.database, path, name=recording.name, sha256=sha256)

    def _hashed(self, file: IO[bytes]) -> str:
        about = os.fstat(file.fileno())
        same = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)
        known = _hashes.get(same)
        if known is not None:
            return known
        digest = hashlib.sha256()
        while piece := file.read(CHUNK):
            digest.update(piece)
            self._go_on()
        with _lock:
            while len(_hashes) >= MOST_HASHES:
                _hashes.pop(next(iter(_hashes)))
            _hashes[same] = digest.hexdigest()
        return digest.hexdigest()

    def _store(self, ready: Mapping[int, Attached]) -> None:
        if not ready:
            return
        try:
            refused = self._batch.attach_many(ready, who=self._who)
        except LedgerUnavailable:  # two who waited for each other, or a moment's absence: once more
            refused = self._batch.attach_many(ready, who=self._who)
        self.refused += sorted(refused.items())
        self.attached += [row for row in ready if row not in refused]


def start(batch: Batch, work: Sequence[tuple[int, Recording]], places: Places, *, who: str = "") -> AttachJob:
    """Attach these recordings (row, recording) to the calls of a batch. Where that is being done already, it is not begun
    a second time."""
    key = _key(batch)
    with _lock:
        now = _jobs.get(key)
        if now is None or not now.running:
            now = _jobs[key] = AttachJob(batch, work, places, who=who)
    return now


def job_of(batch: Batch) -> AttachJob | None:
    """The last job of a batch in this process, running or not."""
    return _jobs.get(_key(batch))


def _key(batch: Batch) -> tuple[str, str]:
    return batch.database.url.render_as_string(hide_password=True), batch.id


def attaching(batch: Batch, state: dict[str, Any], edited: Callable[[], None]) -> bool:
    """Show how far a job of this batch is; give whether one is running. Once it is over, `state["told"]` says what came
    of it. `edited`: called when calls have changed since this tab was drawn last."""
    job = job_of(batch)
    if job is None:
        return False
    running = job.running  # asked before what it has done: what it leaves is complete once it is over
    seen = state.get("attaching")
    if seen is None or seen[0] is not job:
        if not running and time.monotonic() - job.ended > TOLD_FOR:
            return False
        seen = (job, 0)
    done = len(job.attached)
    if done != seen[1]:
        state["again"].difference_update(job.attached)
        edited()
    if not running and state.get("attaching told") is not job:
        state["attaching told"] = job
        state["told"] = _told(job)
    state["attaching"] = (job, done)
    if running:
        progress(job)
    return running


def attached_meanwhile(batch: Batch, edited: Callable[[], None]) -> AttachJob | None:
    """For pages beside the panel: the job that is running, or None. `edited`: as for `attaching`."""
    job = job_of(batch)
    if job is None:
        return None
    running, now = job.running, (job, len(job.attached))
    key = f"attached meanwhile {batch.id}"
    if st.session_state.get(key) != now:
        st.session_state[key] = now
        edited()
    return job if running else None


def progress(job: AttachJob) -> None:
    """How far a job is, with a button to stop it; the page is drawn again when it is over."""
    st.fragment(_progress, run_every=1.0)(job)


def _progress(job: AttachJob) -> None:
    if not job.running:
        st.rerun()
    done = len(job.attached) + len(job.refused)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(
            min(1.0, done / max(1, job.total)),
            f"Attaching: {done:,} of {job.total:,}. It continues while you do other things here.",
        )
        st.button(
            "Stop",
            icon=":material/stop_circle:",
            disabled=job.stopping,
            key="stop attaching",
            on_click=job.stop,
            help="What is attached stays attached.",
        )


def _told(job: AttachJob) -> dict[str, Any]:
    done, left = len(job.attached), job.total - len(job.attached) - len(job.refused)
    count = (
        ui.number_of(done, "recording")
        if done == job.total
        else f"{done:,} of {ui.number_of(job.total, 'recording')}"
    )
    rest = ""
    if left:
        rest = f"{ui.escape(job.error)} {left:,} {'is' if left == 1 else 'are'} as before: attach again to continue."
    return {
        "done": f"{count} attached." if done else "",
        "rest": rest,
        "refused": [f"**Row {row}**: {ui.escape(why)}" for row, why in job.refused],
        "verb": "attached",
    }
