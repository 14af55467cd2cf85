"""A file is attached to a call, announced by it, and never forgotten or mixed up; the same on both databases."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.database import schema
from reddy_lib.errors import CallLocked, RecordingError, RecordingNotFound, RecordingRefused
from reddy_lib.recordings import attachments as files
from reddy_lib.recordings import upload_hosts, upload_queue
from reddy_lib.recordings.shared_folder import FOLDER_VARIABLE
from reddy_lib.sending.results import Attempt
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import expire_dead_workers, new_worker
from tests.conftest import PRODUCTS
from tests.recording_files import encoded, tone, wav_bytes
from tests.sending.exchanging import exchange

Sheet = Callable[..., Path]
SOUND = wav_bytes(tone(0.1))
URL = "https://files.example/put?secret=Rosebud-0123456789"
ADDRESS = "https://app.reddy.io"


@pytest.fixture(autouse=True)
def shared_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept in the data folder of whoever runs this."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "shared"))


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
    """Row 2 and 3 have a transcript; row 4 has none."""
    path = sheet(3, {4: {"Transcript": ""}})
    return ledger.load(path, products=PRODUCTS, progress=False)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "call 4.wav"
    path.write_bytes(SOUND)
    return path


class TestAttaching:
    def test_a_call_without_a_transcript_is_ready_once_its_recording_is_attached(
        self, batch: reddy.Batch, recording: Path
    ) -> None:
        assert batch.info(4)["status"] == "held"
        assert batch.attach(4, recording, who="ann") == []
        assert batch.info(4)["status"] == "ready"
        assert batch.info(4)["audio"] == "waiting"
        assert batch.call(4).filename == "call 4.wav"
        frame = batch.recordings()
        assert list(frame.index) == [4]
        one = frame.iloc[0]
        assert (one["name"], one["size"], one["content_type"]) == ("call 4.wav", len(SOUND), "audio/wav")
        assert one["sha256"] == hashlib.sha256(SOUND).hexdigest()
        assert (one["state"], one["sent"], one["tries"], one["error"]) == ("waiting", 0, 0, "")
        history = batch.edits(4)
        assert list(history["field"]) == ["filename", "recording"]
        assert set(history["who"]) == {"ann"}

    def test_taken_off_again_the_call_is_as_it_was(self, batch: reddy.Batch, recording: Path) -> None:
        before = batch.call(4)
        batch.attach(4, recording)
        batch.detach(4)
        assert batch.call(4) == before
        assert (batch.info(4)["status"], batch.info(4)["audio"]) == ("held", "none")
        assert not len(batch.recordings())
        assert recording.read_bytes() == SOUND
        batch.detach(4)
        assert list(batch.edits(4)["field"]) == ["filename", "recording"] * 2

    def test_the_same_file_twice_is_one_edit_and_another_one_is_another(
        self, batch: reddy.Batch, recording: Path, tmp_path: Path
    ) -> None:
        batch.attach(4, recording)
        batch.attach(4, recording)
        assert len(batch.edits(4)) == 2
        other = tmp_path / "other" / "call 4.wav"
        other.parent.mkdir()
        other.write_bytes(SOUND + b"!")
        batch.attach(4, other)
        assert list(batch.edits(4)["field"]) == ["filename", "recording", "recording"]
        assert list(batch.recordings()["size"]) == [len(SOUND) + 1]

    def test_a_call_that_no_longer_announces_its_recording_has_none(
        self, batch: reddy.Batch, recording: Path
    ) -> None:
        from reddy_lib.batches.edits import with_field

        batch.attach(2, recording)
        assert [found.code for found in batch.findings_of(2)] == ["recording-with-transcript"]
        batch.replace(2, with_field(batch.call(2), "filename", ""))
        assert batch.findings_of(2) == []
        assert not len(batch.recordings())
        assert batch.info(2)["audio"] == "none"

    def test_a_call_that_announces_it_under_another_name_keeps_it(
        self, batch: reddy.Batch, recording: Path
    ) -> None:
        from reddy_lib.batches.edits import with_field

        batch.attach(4, recording)
        batch.replace(4, with_field(batch.call(4), "filename", "renamed.wav"))
        assert list(batch.recordings()["name"]) == ["renamed.wav"]
        assert batch.info(4)["status"] == "ready"

    @pytest.mark.parametrize(
        ("typed", "announced"),
        [
            ("C:\\rec\\a.wav", "a.wav"),
            ("/mnt/rec/b.wav", "b.wav"),
            ("..", "call 4.wav"),
            ("rec/", "call 4.wav"),
        ],
    )
    def test_a_path_is_never_announced(
        self, batch: reddy.Batch, recording: Path, typed: str, announced: str
    ) -> None:
        from reddy_lib.batches.edits import with_field

        batch.attach(4, recording)
        batch.replace(4, with_field(batch.call(4), "filename", typed))
        assert batch.call(4).filename == announced
        assert list(batch.recordings()["name"]) == [announced]

    @pytest.mark.parametrize("named", ["C:\\rec\\2026\\a.wav", "other.ogg", ""])
    def test_what_the_sheet_said_is_brought_back_and_the_recording_stays_what_it_is(
        self, ledger: reddy.Ledger, tmp_path: Path, named: str
    ) -> None:
        """The file is an mp3, whatever the sheet calls it, and whatever it is called itself."""
        sheet = tmp_path / "named.csv"
        sheet.write_text(
            "Conversation ID,Agent Email,Product,Recording\n"
            f"c-1,ann@cedarline.example,Loans,{named}\nc-2,ann@cedarline.example,Loans,b.wav\n"
        )
        mapping = reddy.guess_mapping(reddy.read_sheet(sheet), products=PRODUCTS)
        mapping = mapping.replace(fields={**mapping.fields, "filename": "Recording"})
        batch = ledger.load(sheet, mapping, products=PRODUCTS, progress=False)
        assert (batch.call(2).filename or "") == named
        sound = tmp_path / "call 7 (silenced).wav"
        sound.write_bytes(encoded(".mp3", [tone(0.2, 16_000)], 16_000))
        batch.attach(2, sound)
        edited = batch.call(2)
        edited.agent_email = "bo@cedarline.example"
        batch.replace(2, edited)
        batch.revert(2, who="ann")
        call = batch.call(2)
        assert (call.agent_email, call.filename) == ("ann@cedarline.example", "call 7 (silenced).wav")
        [one] = batch.recordings().to_dict("records")
        assert (one["name"], one["content_type"]) == ("call 7 (silenced).wav", "audio/mpeg")
        assert (batch.info(2)["status"], batch.info(2)["audio"]) == ("ready", "waiting")
        before = len(batch.edits(2))
        batch.revert(2)
        assert len(batch.edits(2)) == before
        batch.detach(2)
        assert (batch.call(2).filename or "") == named

    def test_a_name_alone_holds_the_call(self, batch: reddy.Batch) -> None:
        from reddy_lib.batches.edits import with_field

        [found] = batch.replace(4, with_field(batch.call(4), "filename", "somewhere.wav"))
        assert found.code == "recording-not-sent"
        assert "not attached" in found.message
        assert "nothing to grade" in found.hint
        assert batch.info(4)["audio"] == "none"

    def test_a_recheck_does_not_forget_that_the_file_is_there(
        self, batch: reddy.Batch, recording: Path
    ) -> None:
        batch.attach(4, recording)
        batch.recheck(PRODUCTS)
        assert batch.info(4)["status"] == "ready"

    def test_an_open_file_is_copied_below_the_ledger_and_its_name_is_only_a_name(
        self, batch: reddy.Batch, tmp_path: Path
    ) -> None:
        batch.attach(4, io.BytesIO(SOUND), name="../../etc/evil.mp3")
        assert batch.call(4).filename == "evil.mp3"
        folder = files.recordings_folder(batch.database)
        assert folder.is_relative_to(tmp_path)
        assert [path.name for path in folder.iterdir()] == [hashlib.sha256(SOUND).hexdigest() + ".mp3"]
        assert stored(batch, "place") == ["kept"]
        assert stored(batch, "path") == [hashlib.sha256(SOUND).hexdigest() + ".mp3"]

    def test_a_file_of_the_shared_folder_is_found_under_another_name_of_that_folder(
        self, batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        here, there = tmp_path / "here", tmp_path / "there"
        (here / "march").mkdir(parents=True)
        (here / "march" / "a.mp3").write_bytes(SOUND)
        monkeypatch.setenv(FOLDER_VARIABLE, str(here))
        batch.attach(4, here / "march" / "a.mp3")
        here.rename(there)
        monkeypatch.setenv(FOLDER_VARIABLE, str(there))
        with files.open_recording(batch.database, attached(batch)) as file:
            assert file.read() == SOUND
        monkeypatch.delenv(FOLDER_VARIABLE)
        with pytest.raises(RecordingNotFound, match="REDDY_AUDIO_FOLDER"):
            files.open_recording(batch.database, attached(batch))

    @pytest.mark.parametrize(
        ("content", "name", "said"),
        [(b"", "a.wav", "is empty"), (SOUND, "", "needs a name"), (SOUND, "/", "needs a name")],
    )
    def test_what_cannot_be_sent_is_not_attached(
        self, batch: reddy.Batch, content: bytes, name: str, said: str
    ) -> None:
        with pytest.raises(RecordingError, match=said):
            batch.attach(4, io.BytesIO(content), name=name)
        assert not len(batch.recordings())
        kept = files.recordings_folder(batch.database)
        assert not kept.exists() or not list(kept.iterdir())

    def test_a_file_that_is_not_there_is_not_attached(self, batch: reddy.Batch, tmp_path: Path) -> None:
        with pytest.raises(RecordingNotFound, match="There is no file"):
            batch.attach(4, tmp_path / "nowhere.wav")
        with pytest.raises(RecordingError, match="is not a file"):
            batch.attach(4, tmp_path)

    def test_a_locked_call_is_left_alone(self, batch: reddy.Batch, recording: Path) -> None:
        create(batch.database, batch.id, address=ADDRESS, token_source="notebook", rows=[2])
        with pytest.raises(CallLocked):
            batch.attach(2, recording)
        with pytest.raises(CallLocked):
            batch.detach(2)


class TestOpening:
    def test_another_file_of_the_same_length_is_refused(self, batch: reddy.Batch, recording: Path) -> None:
        batch.attach(4, recording)
        recording.write_bytes(SOUND[::-1])
        os.utime(recording, (1, 1))
        with pytest.raises(RecordingRefused, match="has changed since it was attached"):
            files.open_recording(batch.database, attached(batch))

    def test_a_file_that_was_only_touched_is_the_same(self, batch: reddy.Batch, recording: Path) -> None:
        batch.attach(4, recording)
        os.utime(recording, (1, 1))
        files.open_recording(batch.database, attached(batch)).close()

    def test_a_path_that_leads_out_of_its_folder_is_refused(self, batch: reddy.Batch, tmp_path: Path) -> None:
        batch.attach(4, io.BytesIO(SOUND), name="a.wav")
        (tmp_path / "outside.wav").write_bytes(SOUND)
        kept = files.recordings_folder(batch.database)
        (kept / "link.wav").symlink_to(tmp_path / "outside.wav")
        for path in ("../outside.wav", str(tmp_path / "outside.wav"), "link.wav"):
            with batch.database.write() as connection:
                connection.execute(schema.recordings.update().values(path=path))
            with pytest.raises(RecordingRefused, match="outside of its folder"):
                files.open_recording(batch.database, attached(batch))


class TestAddresses:
    """What `exchange` stores of an address, and what becomes of it."""

    def test_the_address_is_stored_with_the_yes_and_its_upload_claimed(
        self, batch: reddy.Batch, recording: Path
    ) -> None:
        batch.attach(4, recording)
        submission, worker, [upload] = accepted(batch, now=100.0, expires_at=700.0)
        assert (upload.url, upload.row, upload.tries, upload.expires_at) == (URL, 4, 1, 700.0)
        assert "Rosebud" not in repr(upload)
        assert submission.counts()["accepted"] == 1
        assert submission.state == "running"
        done = upload_queue.Uploaded(upload=upload, outcome="uploaded", ended=102.0)
        exchange(batch.database, submission.id, None, worker, uploaded=[done], want=0, now=102.0)
        assert submission.state == "done"
        assert list(submission.outcomes()["audio"]) == ["uploaded"]
        assert stored(batch, "upload_url") == [None]

    def test_a_worker_that_dies_leaves_it_to_the_next_one(self, batch: reddy.Batch, recording: Path) -> None:
        batch.attach(4, recording)
        submission, worker, _ = accepted(batch, now=100.0, expires_at=9e9)
        assert expire_dead_workers(batch.database, now=2e9) == 0
        assert submission.counts()["accepted"] == 1, "the call itself is in no doubt"
        assert submission.open_chunks() == [0]
        other = new_worker(batch.database)
        found = exchange(batch.database, submission.id, 0, other, want=0, uploads=3, now=2e9)
        assert [(one.url, one.tries) for one in found.uploads] == [(URL, 2)]
        # the dead one was only slow: its yes counts, its other words do not
        [upload] = found.uploads
        late = upload_queue.Uploaded(upload=upload, outcome="failed", ended=2e9, error="no")
        exchange(batch.database, submission.id, 0, worker, uploaded=[late], want=0, now=2e9)
        assert list(batch.recordings()["state"]) == ["sending"]
        yes = upload_queue.Uploaded(upload=upload, outcome="uploaded", ended=2e9)
        exchange(batch.database, submission.id, 0, worker, uploaded=[yes], want=0, now=2e9)
        assert list(batch.recordings()["state"]) == ["uploaded"]

    def test_an_address_that_runs_out_is_blanked_and_the_call_stays_accepted(
        self, batch: reddy.Batch, recording: Path
    ) -> None:
        batch.attach(4, recording)
        submission, worker, [upload] = accepted(batch, now=100.0, expires_at=700.0)
        again = upload_queue.Uploaded(
            upload=upload, outcome="again", ended=101.0, error="cut off", retry_at=900.0
        )
        exchange(batch.database, submission.id, None, worker, uploaded=[again], want=0, now=101.0)
        assert batch.info(4)["audio"] == "waiting"
        found = exchange(batch.database, submission.id, None, worker, want=0, uploads=1, now=701.0)
        assert (found.uploads, found.retry_at) == ([], None)
        assert (batch.info(4)["status"], batch.info(4)["audio"]) == ("accepted", "expired")
        said = batch.recordings()["error"].iloc[0]
        assert "expired before" in said
        assert "cut off" in said
        assert stored(batch, "upload_url") == [None]
        assert submission.state == "done"

    def test_an_answer_without_an_address_says_so(self, batch: reddy.Batch, recording: Path) -> None:
        batch.attach(4, recording)
        submission, _, uploads = accepted(batch, now=100.0, expires_at=None, url=None)
        assert uploads == []
        assert (batch.info(4)["status"], batch.info(4)["audio"]) == ("accepted", "failed")
        assert "sent no address" in batch.recordings()["error"].iloc[0]
        assert submission.state == "done"

    def test_an_exchange_whose_answer_was_lost_hands_the_same_uploads_out_again(
        self, batch: reddy.Batch, recording: Path
    ) -> None:
        batch.attach(4, recording)
        submission, worker, first = accepted(batch, now=100.0, expires_at=700.0)
        found = exchange(
            batch.database, submission.id, None, worker, want=0, uploads=3, now=100.0, again=True
        )
        assert found.uploads == first

    def test_calls_with_recordings_wait_while_too_many_uploads_do_and_others_go_on(
        self, batch: reddy.Batch, recording: Path
    ) -> None:
        batch.attach(4, recording)
        submission = create(batch.database, batch.id, address=ADDRESS, token_source="notebook")
        worker = new_worker(batch.database)
        found = exchange(batch.database, submission.id, None, worker, want=5, recordings_ahead=0)
        assert [claim.row for claim in found.claims] == [2, 3]
        found = exchange(batch.database, submission.id, None, worker, want=5, recordings_ahead=1)
        assert [claim.row for claim in found.claims] == [4]

    def test_the_first_host_is_remembered_and_a_later_one_waits_for_a_person(
        self, ledger: reddy.Ledger, batch: reddy.Batch, recording: Path
    ) -> None:
        batch.attach(2, recording)
        batch.attach(4, recording)
        submission = create(ledger, batch.id, address=ADDRESS, token_source="notebook", rows=[2, 4])
        worker = new_worker(ledger)
        claims = exchange(ledger, submission.id, None, worker, want=2, now=100.0).claims
        results = [yes(claim, host=f"files-{claim.row}.example", expires_at=700.0) for claim in claims]
        found = exchange(ledger, submission.id, None, worker, results=results, want=0, uploads=9, now=101.0)
        assert [one.row for one in found.uploads] == [2]
        assert found.refused_hosts == ["files-4.example"]
        assert found.retry_at is None, "nobody asks again and again for what waits for a person"
        assert list(upload_hosts.hosts_of(ledger, ADDRESS)["allowed"]) == [True, False]
        upload_hosts.allow_host(ledger, ADDRESS, "files-4.example", who="ann")
        found = exchange(ledger, submission.id, None, worker, want=0, uploads=9, now=102.0)
        assert [one.row for one in found.uploads] == [4]
        assert found.refused_hosts == []

    def test_a_call_found_at_reddy_by_hand_says_that_its_address_was_lost(
        self, batch: reddy.Batch, recording: Path
    ) -> None:
        from reddy_lib.sending.doubts import settle

        batch.attach(4, recording)
        submission = create(batch.database, batch.id, address=ADDRESS, token_source="notebook", rows=[4])
        worker = new_worker(batch.database)
        [claim] = exchange(batch.database, submission.id, None, worker, want=2, now=100.0).claims
        lost = yes(claim, url=None, outcome="unknown")
        exchange(batch.database, submission.id, None, worker, results=[lost], want=0, now=101.0)
        settle(batch, [4], there=True, how="by hand")
        assert batch.info(4)["audio"] == "failed"
        assert "was lost" in batch.recordings()["error"].iloc[0]

    def test_a_late_yes_brings_its_address(self, batch: reddy.Batch, recording: Path) -> None:
        batch.attach(4, recording)
        submission = create(batch.database, batch.id, address=ADDRESS, token_source="notebook", rows=[4])
        worker = new_worker(batch.database)
        [claim] = exchange(batch.database, submission.id, None, worker, want=2, now=100.0).claims
        assert expire_dead_workers(batch.database, now=9e9) == 1
        assert submission.state == "done"
        found = exchange(
            batch.database, submission.id, None, worker, results=[yes(claim)], want=0, uploads=1, now=101.0
        )
        assert [one.url for one in found.uploads] == [URL]

    def test_what_the_sandbox_forgot_is_attached_as_before(self, batch: reddy.Batch, recording: Path) -> None:
        from reddy_lib.database.sandbox_urls import SANDBOX
        from reddy_lib.sending.submission import forget_deliveries

        batch.attach(4, recording)
        submission, worker, [upload] = accepted(batch, now=100.0, expires_at=700.0, address=SANDBOX)
        done = upload_queue.Uploaded(upload=upload, outcome="uploaded", ended=102.0)
        exchange(batch.database, submission.id, None, worker, uploaded=[done], want=0, now=102.0)
        assert forget_deliveries(batch.database) == 1
        assert (batch.info(4)["status"], batch.info(4)["audio"]) == ("ready", "waiting")
        assert list(submission.outcomes()["audio"]) == ["uploaded"], "what became of it then stays on record"


def yes(claim: Any, *, url: str | None = URL, outcome: Any = "accepted", **more: Any) -> Attempt:
    return Attempt(
        claim=claim, outcome=outcome, started=100.0, ended=100.5, seconds=0.5, upload_url=url, **more
    )


def accepted(
    batch: reddy.Batch, *, now: float, expires_at: float | None, url: str | None = URL, address: str = ADDRESS
) -> tuple[Submission, str, list[upload_queue.Upload]]:
    """Row 4, sent and accepted, and the uploads that came of it."""
    submission = create(batch.database, batch.id, address=address, token_source="notebook", rows=[4])
    worker = new_worker(batch.database)
    [claim] = exchange(batch.database, submission.id, None, worker, want=2, now=now).claims
    result = yes(claim, url=url, expires_at=expires_at)
    assert "Rosebud" not in repr(result)
    found = exchange(
        batch.database, submission.id, None, worker, results=[result], want=0, uploads=3, now=now
    )
    return submission, worker, found.uploads


def stored(batch: reddy.Batch, column: str) -> list[Any]:
    with batch.database.read() as connection:
        return list(connection.execute(sa.select(schema.recordings.c[column])).scalars())


def attached(batch: reddy.Batch) -> files.Attached:
    with batch.database.read() as connection:
        call_id = connection.execute(sa.select(schema.recordings.c.call_id)).scalar_one()
        found = files.attached_to(connection, call_id)
    assert found is not None
    return found
