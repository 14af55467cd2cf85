"""Attaching many recordings: a job that no click cuts off; and deleting those that no call has, on the page."""

from __future__ import annotations

import io
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import pytest

import reddy_lib as reddy
from reddy_lib.recordings.cleanup import mark
from reddy_lib.recordings.file_uses import dropped_folder, mark_of
from reddy_lib.recordings.shared_folder import RecordingFolder
from reddy_lib.recordings.store import Recording, RecordingStore
from reddy_lib.ui.attaching import PIECE, AttachJob, start
from reddy_lib.ui.dropped import tidy_at_start
from tests import screen
from tests.conftest import PRODUCTS
from tests.screen import labels, press, set_status, words

ROWS = 2 * PIECE + 10


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("REDDY_AUDIO_FOLDER", raising=False)
    monkeypatch.delenv("REDDY_API_TOKEN", raising=False)
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "ledger.sqlite"))


@pytest.fixture
def batch(tmp_path: Path, sheet: Callable[..., Path]) -> reddy.Batch:
    with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        return ledger.load(sheet(ROWS), products=PRODUCTS, progress=False)


class Gated(RecordingStore):
    """Opens a number of recordings, and the rest when the gate opens."""

    def __init__(self, folder: Path, free: int) -> None:
        super().__init__(folder)
        self.gate = threading.Event()
        self.free = free
        self.reached = threading.Event()

    def open(self, key: str) -> BinaryIO:
        if not self.free:
            self.reached.set()
            assert self.gate.wait(30)
        self.free = max(0, self.free - 1)
        return super().open(key)


def dropped(batch: reddy.Batch, free: int = 0) -> tuple[Gated, list[tuple[int, Recording]]]:
    """A recording for each row, in a store whose gate is shut after `free` of them."""
    store = Gated(dropped_folder(batch.database) / batch.id, free)
    rows = batch.rows()
    return store, [(row, store.add(io.BytesIO(b"voice %d" % row), f"conv-{row - 1}.wav")) for row in rows]


def panel(batch: reddy.Batch) -> screen.AppTest:
    return screen.opened("review", batch, query={"panel": "recordings"})


class TestTheJob:
    def test_clicks_and_other_tabs_cut_nothing_off(self, batch: reddy.Batch) -> None:
        store, work = dropped(batch, PIECE + 3)
        job = start(batch, work, {"dropped": store})
        assert store.reached.wait(30)
        for app in (panel(batch), panel(batch)):  # one after the other, as two people would see it
            screen.run(app)
            assert f"Attaching: {PIECE:,} of {ROWS}" in [bar.proto.text[: -len(REST)] for bar in bars(app)]
            attach = screen.button(app, f"Attach {ROWS - PIECE} recordings")
            assert attach.disabled
            assert screen.button(app, "Delete them").disabled
        calls = screen.opened("review", batch)
        assert len(bars(calls)) == 1, "the list of calls tells it as well"
        assert f"Edited {PIECE}" in str([pill.options for pill in calls.button_group])
        store.gate.set()
        assert job.wait(30)
        screen.run(calls)
        assert not bars(calls)
        assert f"Edited {ROWS}" in str([pill.options for pill in calls.button_group])
        screen.run(app)
        assert f"{ROWS} recordings attached" in words(app)
        assert list(batch.recordings().index) == batch.rows()
        assert not bars(app)
        assert f"{ROWS} recordings attached" in words(panel(batch)), "a tab that opens later is told too"

    def test_it_is_begun_once_however_often_it_is_asked_for(self, batch: reddy.Batch) -> None:
        store, work = dropped(batch)
        job = start(batch, work, {"dropped": store})
        assert start(batch, work, {"dropped": store}) is job
        store.gate.set()
        assert job.wait(30)
        assert len(job.attached) == ROWS
        assert len(batch.edits(2).query("field == 'recording'")) == 1

    def test_it_can_be_stopped_and_goes_on_when_it_is_asked_again(self, batch: reddy.Batch) -> None:
        store, work = dropped(batch, 30)
        job = start(batch, work, {"dropped": store})
        assert store.reached.wait(30)
        app = panel(batch)
        press(app, "Stop")
        assert screen.button(app, "Stop").disabled
        store.gate.set()
        assert job.wait(30)
        screen.run(app)
        assert len(job.attached) == 31, "what was ready is stored"
        assert f"31 of {ROWS} recordings attached" in words(app)
        assert "It was stopped. 29 are as before: attach again to continue." in words(app)
        press(app, "Attach 29 recordings")
        again = start(batch, [], {})  # the one that runs, or an empty one after it
        assert again.wait(30)
        assert len(batch.recordings()) == ROWS

    def test_what_cannot_be_attached_is_told_by_its_row_and_keeps_nothing_back(
        self, batch: reddy.Batch
    ) -> None:
        store, work = dropped(batch, ROWS)
        set_status(batch, 5, status="accepted")
        (store.folder / work[5][1].key).unlink()
        job = start(batch, work, {"dropped": store})
        assert job.wait(30)
        assert sorted(row for row, _ in job.refused) == [5, work[5][0]]
        assert len(job.attached) == ROWS - 2
        assert job.error == ""

    def test_a_ledger_that_cannot_be_written_ends_it_and_says_so(
        self, batch: reddy.Batch, tmp_path: Path
    ) -> None:
        store, work = dropped(batch)
        store.gate.set()
        impatient = reddy.Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}?timeout=0.1").batch(batch.id)
        other = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        job = AttachJob(impatient, work, {"dropped": store})
        assert job.wait(30)
        other.execute("ROLLBACK")
        assert job.attached == []
        assert "ledger" in job.error
        assert "The program failed" not in job.error
        job = AttachJob(impatient, work, {"dropped": store})
        assert job.wait(30)
        assert len(job.attached) == ROWS

    def test_no_file_is_read_to_its_end_twice(self, batch: reddy.Batch, tmp_path: Path) -> None:
        (tmp_path / "audio").mkdir()
        for row in (2, 3):
            (tmp_path / "audio" / f"conv-{row}.wav").write_bytes(b"voice %d" % row * 1_000)
        read: list[str] = []

        class Counted(io.BufferedReader):
            def read(self, size: int | None = -1) -> bytes:
                piece = super().read(size)
                if not piece:
                    read.append(str(cast(io.FileIO, self.raw).name))
                return piece

        class Watched(RecordingFolder):
            def open(self, key: str) -> BinaryIO:
                return Counted(cast(io.BufferedReader, super().open(key)).detach())

        folder = Watched(tmp_path / "audio")
        work = list(zip((2, 3), folder.recordings(), strict=True))
        for _ in range(2):
            job = AttachJob(batch, work, {"folder": folder})
            assert job.wait(30)
            assert job.attached == [2, 3]
        assert len(read) == 2
        (tmp_path / "audio" / "conv-2.wav").write_bytes(b"another")
        job = AttachJob(batch, work, {"folder": folder})
        assert job.wait(30)
        assert len(read) == 3, "another file under the same name is read"
        found = batch.recording(2)
        assert found is not None
        assert found.size == 7


REST = ". It continues while you do other things here."


def bars(app: screen.AppTest) -> list[object]:
    return list(app.get("progress"))


class TestByItself:
    def test_the_app_tidies_up_when_it_starts(
        self, batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store, work = dropped(batch)
        store.gate.set()
        batch.attach(2, store.folder / work[0][1].key)
        mark(store.folder, mark_of(batch.database))
        for path in store.folder.iterdir():
            os.utime(path, (1, 1))
        monkeypatch.setenv("REDDY_KEEP_DROPPED_DAYS", "never")
        assert tidy_at_start() is None
        monkeypatch.delenv("REDDY_KEEP_DROPPED_DAYS")
        thread = tidy_at_start()
        assert thread is not None
        thread.join(60)
        assert [one.key for one in store.recordings()] == [work[0][1].key]
        assert tidy_at_start() is None, "once a day is enough"


class TestDeleting:
    def test_what_no_call_has_is_told_with_its_room_and_deleted_when_somebody_says_yes(
        self, batch: reddy.Batch
    ) -> None:
        store, work = dropped(batch, 0)
        store.gate.set()
        batch.attach(2, store.folder / work[0][1].key)
        for _, one in work[3:]:
            store.discard(one.key)
        app = panel(batch)
        assert "2 recordings attached to no call take 1 kB on this server" in words(app)
        opener = f"recordings delete {batch.id}"
        screen.in_dialog(app, opener)
        assert "2 of them are matched and not attached yet" in words(app)
        assert len(store.recordings()) == 3, "nothing is deleted before somebody says yes"
        screen.in_dialog(app, opener, "Delete 2 recordings")
        assert [one.key for one in store.recordings()] == [work[0][1].key]
        screen.run(app)
        assert "2 recordings deleted" in words(app)
        assert "Delete them" not in labels(app)

    def test_a_call_that_got_one_meanwhile_keeps_it(self, batch: reddy.Batch) -> None:
        store, work = dropped(batch, 0)
        store.gate.set()
        for _, one in work[2:]:
            store.discard(one.key)
        app = panel(batch)
        opener = f"recordings delete {batch.id}"
        screen.in_dialog(app, opener)
        screen.button(app, "Delete 2 recordings").click()
        batch.attach(2, store.folder / work[0][1].key)
        app.button(key=opener).click()
        screen.run(app)
        assert [one.key for one in store.recordings()] == [work[0][1].key]
        assert "1 recording deleted" in words(app)
        assert "1 recording was kept" in words(app)
