"""Dropped recordings that no call has are removed, and nothing else is, whoever else is at it."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import reddy_lib as reddy
from reddy_lib.errors import LedgerUnavailable, RecordingError, RecordingNotFound
from reddy_lib.recordings.attachments import attached_from, open_recording
from reddy_lib.recordings.cleanup import Tidied, delete, keep_days, mark, tidy
from reddy_lib.recordings.file_uses import dropped_folder, mark_of, nothing_attached, uses
from reddy_lib.recordings.store import Recording, RecordingStore
from tests.conftest import PRODUCTS, ROOT

Sheet = Callable[..., Path]
DAY = 86_400.0


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDDY_AUDIO_FOLDER", str(tmp_path / "shared"))


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
    return ledger.load(sheet(4), products=PRODUCTS, progress=False)


@pytest.fixture
def store(batch: reddy.Batch) -> RecordingStore:
    made = RecordingStore(dropped_folder(batch.database) / batch.id)
    mark(made.folder, mark_of(batch.database))
    return made


def age(store: RecordingStore, *keys: str, days: float) -> None:
    """Files, and the store itself, as if nobody had touched them for so long."""
    then = time.time() - days * DAY
    for name in (*keys, "ledger.txt"):
        os.utime(store.folder / name, (then, then))


def tidied(ledger: reddy.Ledger, days: float = 30) -> Tidied:
    batches = set(ledger.batches()["id"])
    return tidy(
        dropped_folder(ledger), mark_of(ledger), batches, partial(nothing_attached, ledger), days=days
    )


def attach(batch: reddy.Batch, row: int, store: RecordingStore, one: Recording) -> None:
    found = attached_from(
        batch.database, store.folder / one.key, name=one.name, sha256=one.key.partition(".")[0]
    )
    assert batch.attach_many({row: found}) == {}


class TestByThemselves:
    def test_old_files_that_no_call_has_go_and_all_others_stay(
        self, batch: reddy.Batch, store: RecordingStore
    ) -> None:
        attached, old, young = (store.add(io.BytesIO(name), f"{name!r}.wav") for name in (b"1", b"2", b"3"))
        attach(batch, 2, store, attached)
        age(store, attached.key, old.key, days=31)
        assert tidied(batch.database) == (1, 1)
        assert store.recordings() == [attached, young]
        assert tidied(batch.database) == (0, 0)

    def test_a_batch_that_somebody_looked_at_lately_keeps_its_files(
        self, batch: reddy.Batch, store: RecordingStore
    ) -> None:
        one = store.add(io.BytesIO(b"1"), "a.wav")
        age(store, one.key, days=31)
        mark(store.folder, mark_of(batch.database))
        assert tidied(batch.database).files == 0

    def test_what_a_call_of_another_batch_has_stays(
        self, batch: reddy.Batch, store: RecordingStore, sheet: Sheet
    ) -> None:
        other = batch.database.load(sheet(1, name="other.csv"), products=PRODUCTS, progress=False)
        one = store.add(io.BytesIO(b"1"), "a.wav")
        attach(other, 2, store, one)
        age(store, one.key, days=31)
        assert tidied(batch.database).files == 0

    def test_what_lies_elsewhere_under_another_path_is_protected_by_its_content(
        self, batch: reddy.Batch, store: RecordingStore, tmp_path: Path
    ) -> None:
        one = store.add(io.BytesIO(b"1"), "a.wav")
        (tmp_path / "a.wav").write_bytes(b"1")
        batch.attach(2, tmp_path / "a.wav")
        age(store, one.key, days=31)
        assert tidied(batch.database).files == 0

    def test_a_call_that_lost_it_lately_may_get_it_back(
        self, batch: reddy.Batch, store: RecordingStore
    ) -> None:
        one = store.add(io.BytesIO(b"1"), "a.wav")
        attach(batch, 2, store, one)
        batch.detach(2)
        age(store, one.key, days=31)
        assert tidied(batch.database).files == 0
        assert tidied(batch.database, days=1e-9).files == 1

    def test_files_of_a_batch_that_is_gone_go_as_well(self, batch: reddy.Batch) -> None:
        gone = RecordingStore(dropped_folder(batch.database) / "b0123456789")
        one = gone.add(io.BytesIO(b"1"), "a.wav")
        mark(gone.folder, mark_of(batch.database))
        age(gone, one.key, days=31)
        assert tidied(batch.database).files == 1

    def test_another_ledgers_files_in_the_same_folder_are_left_alone(
        self, batch: reddy.Batch, tmp_path: Path
    ) -> None:
        for name, says in (("b1", "1700000000.000000"), ("b2", "")):
            theirs = RecordingStore(dropped_folder(batch.database) / name)
            one = theirs.add(io.BytesIO(b"1"), "a.wav")
            (theirs.folder / "ledger.txt").write_text(says)
            age(theirs, one.key, days=400)
        assert tidied(batch.database).files == 0

    def test_a_store_of_an_earlier_version_is_marked_and_begins_to_age(self, batch: reddy.Batch) -> None:
        store = RecordingStore(dropped_folder(batch.database) / batch.id)
        one = store.add(io.BytesIO(b"1"), "a.wav")
        (store.folder / "names.jsonl").write_bytes(
            b'\n{"place":"dropped","key":"%s","name":"a.wav","size":1}\n' % one.key.encode()
        )
        os.utime(store.folder / one.key, (1, 1))
        assert tidied(batch.database).files == 0
        assert store.recordings() == [one]
        age(store, one.key, days=31)
        assert tidied(batch.database).files == 1

    def test_what_never_finished_arriving_goes(self, batch: reddy.Batch, store: RecordingStore) -> None:
        for part in (store.folder / "arriving-1.part", store.folder.parents[1] / "arriving-2.part"):
            part.write_bytes(b"half")
            os.utime(part, (1, 1))
        young = store.folder / "arriving-3.part"
        young.write_bytes(b"half")
        tidied(batch.database)
        assert [path.name for path in store.folder.parents[1].rglob("*.part")] == [young.name]

    def test_nothing_was_ever_dropped(self, ledger: reddy.Ledger) -> None:
        assert tidied(ledger) == (0, 0)

    @pytest.mark.parametrize(
        ("given", "days"),
        [("", 30.0), ("7", 7.0), ("0.5", 0.5), ("never", None), ("0", None), ("-3", None), ("nan", None)],
    )
    def test_the_days_can_be_set(
        self, monkeypatch: pytest.MonkeyPatch, given: str, days: float | None
    ) -> None:
        monkeypatch.setenv("REDDY_KEEP_DROPPED_DAYS", given)
        assert keep_days() == days


class TestByHand:
    def test_chosen_files_go_at_once_with_their_names(
        self, batch: reddy.Batch, store: RecordingStore
    ) -> None:
        attached, free = store.add(io.BytesIO(b"1"), "a.wav"), store.add(io.BytesIO(b"2"), "b.wav")
        attach(batch, 2, store, attached)
        both = [attached.key, free.key]
        assert delete(store, batch.id, both, partial(nothing_attached, batch.database)) == (1, 1)
        assert store.recordings() == [attached]
        again = store.add(io.BytesIO(b"2"), "another name.wav")
        assert store.recordings() == [attached, again], "the earlier name is forgotten"

    def test_the_original_of_a_copy_stays(self, batch: reddy.Batch, store: RecordingStore) -> None:
        one = store.add(io.BytesIO(b"1"), "a.wav")
        attach(batch, 2, store, one)
        original = batch.recording(2)
        batch.attach(2, io.BytesIO(b"silent"), name="a.wav")
        assert uses(batch.database, batch.id, [one.key])[one.key][:2] == (False, True)
        assert delete(store, batch.id, [one.key], partial(nothing_attached, batch.database)).files == 0
        assert original is not None
        batch.attach(2, original)
        batch.detach(2)
        assert delete(store, batch.id, [one.key], partial(nothing_attached, batch.database)).files == 1
        with pytest.raises(RecordingNotFound, match="add it again"):
            batch.attach(2, original)
        assert batch.recording(2) is None

    def test_a_ledger_that_goes_away_meanwhile_brings_all_back(
        self, batch: reddy.Batch, store: RecordingStore
    ) -> None:
        kept = [store.add(io.BytesIO(content), "a.wav") for content in (b"1", b"2")]

        def away() -> None:
            raise LedgerUnavailable("gone")

        with pytest.raises(LedgerUnavailable):
            store.remove(store.files(), sure=away)
        assert store.recordings() == kept
        assert not list(store.folder.glob("leaving-*"))


class TestWhileOthersKeepFiles:
    """What happens between two steps of a removal, in every order in which it can."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> RecordingStore:
        return RecordingStore(tmp_path / "kept")

    def test_a_file_that_is_just_being_brought_stays(self, store: RecordingStore) -> None:
        class Slow(RecordingStore):
            def _note(self, kept: Any) -> None:
                assert [file.settled for file in store.files()] == [False]
                assert store.remove(store.files()) == []
                super()._note(kept)

        kept = Slow(store.folder).add(io.BytesIO(b"1"), "a.wav")
        assert store.recordings() == [kept]
        assert [file.settled for file in store.files()] == [True]

    def test_one_that_was_brought_again_since_it_was_looked_at_stays(self, store: RecordingStore) -> None:
        store.add(io.BytesIO(b"1"), "a.wav")
        files = store.files()
        kept = store.add(io.BytesIO(b"1"), "b.wav")
        assert store.remove(files) == []
        assert store.recordings()[-1] == kept
        assert not list(store.folder.glob("leaving-*"))

    def test_one_whose_name_is_noted_in_the_last_moment_comes_back(self, store: RecordingStore) -> None:
        kept = store.add(io.BytesIO(b"1"), "a.wav")
        changed = store.files()[0].changed
        assert (
            store.remove(
                store.files(),
                sure=lambda: store._note([(Recording("dropped", kept.key, "b.wav", 1), changed)]),
            )
            == []
        )
        assert [one.name for one in store.recordings()] == ["a.wav", "b.wav"]

    def test_one_that_comes_again_while_it_is_removed_is_there(self, store: RecordingStore) -> None:
        store.add(io.BytesIO(b"1"), "a.wav")
        again: list[Recording] = []
        store.remove(store.files(), sure=lambda: again.append(store.add(io.BytesIO(b"1"), "a.wav")))
        assert store.recordings() == again
        with store.open(again[0].key) as file:
            assert file.read() == b"1"

    def test_whoever_brings_what_is_deleted_under_his_hands_is_told(self, store: RecordingStore) -> None:
        class Unlucky(RecordingStore):
            def _note(self, kept: Any) -> None:
                super()._note(kept)
                assert len(store.remove(store.files())) == 1

        with pytest.raises(RecordingError, match="add it again"):
            Unlucky(store.folder).add(io.BytesIO(b"1"), "a.wav")
        assert store.recordings() == []

    def test_a_program_that_is_killed_while_it_removes_loses_nothing(
        self, store: RecordingStore, tmp_path: Path
    ) -> None:
        kept = store.add(io.BytesIO(b"1"), "a.wav")
        script = (
            "import os, sys\n"
            "from reddy_lib.recordings.store import RecordingStore\n"
            "store = RecordingStore(sys.argv[1])\n"
            "store.remove(store.files(), sure=lambda: os.kill(os.getpid(), 9))\n"
        )
        done = subprocess.run([sys.executable, "-c", script, str(store.folder)], check=False, cwd=ROOT)
        assert done.returncode == -signal.SIGKILL
        assert store.recordings() == []
        store.restore()
        assert store.recordings() == [kept]
        assert not list(store.folder.glob("leaving-*"))

    def test_a_store_behind_a_link_opens_its_files(self, store: RecordingStore, tmp_path: Path) -> None:
        kept = store.add(io.BytesIO(b"1"), "a.wav")
        (tmp_path / "link").symlink_to(store.folder)
        with RecordingStore(tmp_path / "link").open(kept.key) as file:
            assert file.read() == b"1"


ATTACHER = """
import io, sys
import reddy_lib as reddy
from reddy_lib.errors import RecordingError
from reddy_lib.recordings.attachments import attached_from, open_recording
from reddy_lib.recordings.file_uses import dropped_folder
from reddy_lib.recordings.store import RecordingStore

location, batch_id, row = sys.argv[1], sys.argv[2], int(sys.argv[3])
with reddy.Ledger(location) as ledger:
    batch = ledger.batch(batch_id)
    store = RecordingStore(dropped_folder(ledger) / batch_id)
    attached = lost = 0
    for number in range(400):
        content = b"the same for all %d" % (number % 3)
        try:
            one = store.add(io.BytesIO(content), f"{row}-{number}.wav")
            found = attached_from(ledger, store.folder / one.key, name=one.name, sha256=one.key.partition(".")[0])
        except RecordingError:
            lost += 1  # told so, at once
            continue
        if batch.attach_many({row: found}):
            lost += 1
            continue
        with open_recording(ledger, batch.recording(row)) as file:
            assert file.read() == content
        attached += 1
        if attached == 25:
            break
        batch.detach(row)
    print(attached, lost)
    assert attached == 25, (attached, lost)
"""

TIDIER = """
import sys
from functools import partial
from pathlib import Path
import reddy_lib as reddy
from reddy_lib.recordings.file_uses import dropped_folder, mark_of, nothing_attached
from reddy_lib.recordings.cleanup import tidy

location, batch_id, end = sys.argv[1], sys.argv[2], Path(sys.argv[3])
with reddy.Ledger(location) as ledger:
    removed = 0
    while not end.exists():
        removed += tidy(
            dropped_folder(ledger), mark_of(ledger), {batch_id}, partial(nothing_attached, ledger), days=1e-12
        ).files
    print(removed)
"""


def test_two_who_attach_and_two_who_tidy_up_in_processes_of_their_own(
    ledger: reddy.Ledger, batch: reddy.Batch, store: RecordingStore, tmp_path: Path
) -> None:
    """They all have the same three contents in hand. What is attached is there, each time; what was not kept is told."""
    location, end = ledger.url.render_as_string(hide_password=False), tmp_path / "end"
    age(store, days=1)

    def run(script: str, *given: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", script, location, batch.id, *map(str, given)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    tidiers = [run(TIDIER, end) for _ in range(2)]
    attachers = [run(ATTACHER, row) for row in (2, 3)]
    try:
        said = [process.communicate(timeout=120)[0] for process in attachers]
    finally:
        end.touch()
        removed = [int(process.communicate(timeout=60)[0] or 0) for process in tidiers]
    assert [process.returncode for process in (*attachers, *tidiers)] == [0] * 4, said
    assert sum(removed), "nobody tidied anything up: this test has shown nothing"
    for row in (2, 3):
        found = batch.recording(row)
        assert found is not None
        open_recording(ledger, found).close()
    assert {one.key for one in store.recordings()} <= {path.name for path in store.folder.iterdir()}
    tidied(ledger, days=1e-12)
    assert not list(store.folder.glob("leaving-*"))
