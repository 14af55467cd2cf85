"""Recordings follow their calls, whatever the server, the network, the file and the process do; no call goes twice."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import multiprocessing
import os
import random
import re
import socket
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.database.schema import recordings
from reddy_lib.errors import (
    Doubtful,
    NeverSent,
    NotReceived,
    Refused,
    SubmissionError,
    TooManyRequests,
    Unavailable,
)
from reddy_lib.recordings import attachments as files
from reddy_lib.recordings import upload_hosts, upload_queue
from reddy_lib.recordings.shared_folder import FOLDER_VARIABLE
from reddy_lib.sandbox import Fault
from reddy_lib.sending.dispatcher import send_chunk
from reddy_lib.sending.engine import enqueue
from reddy_lib.sending.slots import Slots
from reddy_lib.sending.submission import create
from reddy_lib.sending.upload_urls import leads_inside, where_to
from reddy_lib.sending.uploads import (
    FAILURES_IN_A_ROW,
    MOST_ODD_ANSWERS,
    UPLOAD_PATIENCE,
    Put,
    UploadDecision,
    UploadSlots,
    decide_upload,
)
from reddy_lib.sending.workers import new_worker
from tests.conftest import PRODUCTS
from tests.sending_process import SendingProcess, start

Sheet = Callable[..., Path]
ENDINGS = ("wav", "mp3", "m4a", "flac", "ogg", "opus", "webm", "aac", "amr", "mp4")


def with_recordings(
    ledger: reddy.Ledger, sheet: Sheet, folder: Path, count: int, *, size: int = 40_000
) -> tuple[reddy.Batch, dict[str, str]]:
    """A batch of calls without a transcript, each with a recording of its own; conversation id → SHA-256."""
    batch = ledger.load(
        sheet(count, {row: {"Transcript": ""} for row in range(2, count + 2)}),
        products=PRODUCTS,
        progress=False,
    )
    folder.mkdir(exist_ok=True)
    made = random.Random(17)
    hashes = {}
    for number, row in enumerate(batch.rows()):
        content = made.randbytes(1 + made.randrange(2 * size))
        path = folder / f"call-{row}.{ENDINGS[number % len(ENDINGS)]}"
        path.write_bytes(content)
        batch.attach(row, path)
        hashes[batch.call(row).conversation_id or ""] = hashlib.sha256(content).hexdigest()
    batch.accept(batch.rows(), "recording-unreadable")  # what arrives is compared, not heard
    return batch, hashes


def arrived(sandbox: reddy.Sandbox) -> dict[str, str | None]:
    """Conversation id → SHA-256 of what came, of the calls that the sandbox has."""
    return {call["conversation_id"]: (call["audio"] or {}).get("sha256") for call in sandbox.received}


def once_each(sandbox: reddy.Sandbox) -> bool:
    return max(Counter(call["conversation_id"] for call in sandbox.received).values()) == 1


@pytest.fixture(autouse=True)
def shared_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept in the data folder of whoever runs this."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "shared"))


@pytest.fixture
def client(sandbox: reddy.Sandbox) -> Any:
    with reddy.Client(sandbox.token, base_url=sandbox.url, timeout=5) as opened:
        yield opened


@pytest.fixture
def local(tmp_path: Path) -> Any:
    with reddy.Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


class TestTheBytes:
    def test_a_hundred_recordings_of_mixed_formats_arrive_byte_for_byte(
        self, ledger: reddy.Ledger, sheet: Sheet, tmp_path: Path, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch, hashes = with_recordings(ledger, sheet, tmp_path / "audio", 100)
        submission = reddy.submit(batch, client, concurrency=8, ramp=False, progress=False)
        assert submission.state == "done"
        assert arrived(sandbox) == hashes
        assert once_each(sandbox)
        assert set(submission.outcomes()["audio"]) == {"uploaded"}
        frame = batch.recordings()
        assert (frame["sent"] == frame["size"]).all()
        kinds = {call["audio"]["content_type"] for call in sandbox.received}
        assert {"audio/wav", "audio/mpeg", "audio/mp4", "audio/flac", "audio/ogg", "audio/webm"} <= kinds
        with ledger.read() as connection:
            assert set(connection.execute(sa.select(recordings.c.upload_url)).scalars()) == {None}

    def test_calls_with_and_without_recordings_go_together(
        self, local: reddy.Ledger, sheet: Sheet, tmp_path: Path, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch = local.load(sheet(6), products=PRODUCTS, progress=False)
        batch.attach(3, io.BytesIO(b"voice" * 1000), name="three.mp3")
        submission = reddy.submit(batch, client, progress=False)
        outcomes = submission.outcomes()["audio"]
        assert outcomes.to_dict() == {2: "none", 3: "uploaded", 4: "none", 5: "none", 6: "none", 7: "none"}
        assert list(sandbox.audio.values()) == [b"voice" * 1000]

    def test_no_place_where_people_look_has_the_address(
        self,
        local: reddy.Ledger,
        sheet: Sheet,
        tmp_path: Path,
        sandbox: reddy.Sandbox,
        client: reddy.Client,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        secrets: list[str] = []
        remember = upload_queue.announce

        def announced(*args: Any, **named: Any) -> None:
            secrets.append(named["upload_url"].rpartition("/")[2])
            remember(*args, **named)

        monkeypatch.setattr(upload_queue, "announce", announced)
        sandbox.faults.add(Fault(kind="status", status=500, on="upload", times=1))
        batch, _ = with_recordings(local, sheet, tmp_path / "audio", 3)
        submission = reddy.submit(batch, client, ramp=False, progress=False)
        written = reddy.evidence(submission, tmp_path)
        seen = [caplog.text, submission.outcomes().to_csv(), batch.recordings().to_csv(), repr(batch)]
        with zipfile.ZipFile(written) as archive:
            seen += [archive.read(name).decode() for name in archive.namelist()]
            manifest = json.loads(archive.read("manifest.json"))
            accepted = archive.read("accepted.csv").decode()
        assert manifest["audio"] == {"uploaded": 3}
        for _, one in batch.recordings().iterrows():
            assert one["sha256"] in accepted
            assert one["name"] in accepted
        assert len(secrets) == 3
        for secret in secrets:
            assert secret not in "".join(seen)

    def test_what_is_announced_is_the_attached_file_after_the_sheet_s_own_words_are_brought_back(
        self, local: reddy.Ledger, tmp_path: Path, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        path, sound = tmp_path / "named.csv", tmp_path / "seven.wav"
        path.write_text(
            "Conversation ID,Agent Email,Product,Recording\nc-1,ann@cedarline.example,Loans,C:\\r\\a.wav\n"
        )
        sound.write_bytes(b"OggS" + bytes(5000))
        mapping = reddy.guess_mapping(reddy.read_sheet(path), products=PRODUCTS)
        mapping = mapping.replace(fields={**mapping.fields, "filename": "Recording"})
        batch = local.load(path, mapping, products=PRODUCTS, progress=False)
        batch.attach(2, sound)
        batch.revert(2)
        batch.accept([2], "recording-unreadable")
        reddy.submit(batch, client, progress=False)
        [call] = sandbox.received
        assert call["payload"]["filename"] == "seven.wav"
        assert call["audio"]["content_type"] == "audio/ogg"
        assert call["audio"]["sha256"] == hashlib.sha256(sound.read_bytes()).hexdigest()

    def test_a_call_that_is_sent_again_brings_its_recording_again(
        self, local: reddy.Ledger, sheet: Sheet, tmp_path: Path, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch, hashes = with_recordings(local, sheet, tmp_path / "audio", 1)
        first = reddy.submit(batch, client, progress=False)
        second = reddy.submit(batch, client, rows=[2], again="They lost it.", progress=False)
        assert [call["audio"]["sha256"] for call in sandbox.received] == [*hashes.values()] * 2
        assert list(first.outcomes()["audio"]) == list(second.outcomes()["audio"]) == ["uploaded"]


class TestFaults:
    """Each fault of a server for recordings, and what becomes of one call's recording; the call is accepted once."""

    @pytest.fixture
    def one(self, local: reddy.Ledger, sheet: Sheet, tmp_path: Path) -> tuple[reddy.Batch, str]:
        batch, hashes = with_recordings(local, sheet, tmp_path / "audio", 1, size=600_000)
        [sha256] = hashes.values()
        return batch, sha256

    @pytest.mark.parametrize(
        "fault",
        [
            Fault(kind="hang-up", on="upload", times=2),
            Fault(kind="half-body", on="upload", bytes=100_000, times=2),
            Fault(kind="hang-up", on="upload", processed=True, times=1),
            Fault(kind="half-answer", on="upload", times=1),
            Fault(kind="slow", on="upload", seconds=0.3, times=1),
            Fault(kind="status", status=500, on="upload", times=2),
            Fault(kind="status", status=503, on="upload", times=2),
            Fault(kind="status", status=503, on="upload", times=1, retry_after=0.2),
            Fault(kind="status", status=429, on="upload", times=1, retry_after=0.2),
            Fault(kind="status", status=408, on="upload", times=1),
            Fault(kind="status", status=421, on="upload", times=1),
            Fault(kind="status", status=425, on="upload", times=1),
        ],
        ids=lambda fault: (
            f"{fault.kind} {fault.status if fault.kind == 'status' else ''} {fault.processed or ''}"
        ),
    )
    def test_what_passes_is_tried_again_until_it_arrives(
        self, one: tuple[reddy.Batch, str], sandbox: reddy.Sandbox, client: reddy.Client, fault: Fault
    ) -> None:
        batch, sha256 = one
        sandbox.faults.add(fault)
        submission = reddy.submit(batch, client, progress=False)
        assert list(submission.outcomes()["audio"]) == ["uploaded"]
        assert list(arrived(sandbox).values()) == [sha256]
        assert sandbox.requests["create"] == 1
        repeated = 0 if fault.kind == "slow" else fault.times or 0
        assert sandbox.requests["upload"] == 1 + repeated
        assert list(batch.recordings()["tries"]) == [1 + repeated]

    @pytest.mark.parametrize(
        ("status", "audio", "said"),
        [
            (403, "failed", "no longer takes this recording"),
            (404, "failed", "no longer takes this recording"),
            (410, "expired", "expired before"),
            (413, "failed", "413"),
            (302, "failed", "another address"),
        ],
    )
    def test_a_no_is_final_and_the_call_stays_accepted(
        self,
        one: tuple[reddy.Batch, str],
        sandbox: reddy.Sandbox,
        client: reddy.Client,
        status: int,
        audio: str,
        said: str,
    ) -> None:
        batch, _ = one
        sandbox.faults.add(Fault(kind="status", status=status, on="upload"))
        submission = reddy.submit(batch, client, progress=False)
        assert list(submission.outcomes()[["status", "audio"]].iloc[0]) == ["accepted", audio]
        assert said in batch.recordings()["error"].iloc[0]
        assert (sandbox.requests["create"], sandbox.requests["upload"]) == (1, 1)

    @pytest.mark.parametrize(
        ("url", "said"),
        [
            (None, "sent no address"),
            ("ftp://127.0.0.1{path}", "not encrypted"),
            ("http://user:word@127.0.0.1{path}", "user name"),
            ("https://", "cannot be read"),
        ],
    )
    def test_an_address_that_cannot_be_used_is_said_and_nothing_is_sent(
        self,
        one: tuple[reddy.Batch, str],
        sandbox: reddy.Sandbox,
        client: reddy.Client,
        url: str | None,
        said: str,
    ) -> None:
        batch, _ = one
        sandbox.faults.add(Fault(kind="upload-url", on="create", url=url))
        submission = reddy.submit(batch, client, progress=False)
        assert list(submission.outcomes()[["status", "audio"]].iloc[0]) == ["accepted", "failed"]
        assert said in batch.recordings()["error"].iloc[0]
        assert sandbox.requests["upload"] == 0

    def test_a_second_host_pauses_until_somebody_allows_it(
        self, local: reddy.Ledger, sheet: Sheet, tmp_path: Path, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        port = sandbox.url.rpartition(":")[2]
        batch, hashes = with_recordings(local, sheet, tmp_path / "audio", 2)
        sandbox.faults.add(
            Fault(kind="upload-url", url=f"http://127.0.0.2:{port}{{path}}", on="create", times=1)
        )
        sandbox.faults.add(Fault(kind="upload-url", url=f"http://localhost:{port}{{path}}", on="create"))
        # the first host of a connection is taken as it comes, wherever it is; nothing listens at this one
        submission = reddy.submit(batch, client, concurrency=1, ramp=False, progress=False)
        assert submission.state == "paused"
        assert f"at localhost:{port} for recordings" in submission.record().reason
        hosts = upload_hosts.hosts_of(local, client.base_url)
        assert list(hosts["host"]) == [f"127.0.0.2:{port}", f"localhost:{port}"]
        assert list(hosts["allowed"]) == [True, False]
        second = batch.call(3).conversation_id or ""
        assert arrived(sandbox)[second] is None
        assert batch.recordings().loc[3, "state"] == "waiting"
        _expire(local, batch, 2)
        with pytest.raises(SubmissionError, match="localhost"):
            reddy.upload_recordings(batch, client, progress=False)
        upload_hosts.allow_host(local, client.base_url, f"localhost:{port}", who="ann")
        reddy.submit(batch, client, progress=False)
        assert arrived(sandbox)[second] == hashes[second]
        assert once_each(sandbox)

    def test_an_address_that_runs_out_while_the_server_is_away(
        self, one: tuple[reddy.Batch, str], client: reddy.Client, sandbox: reddy.Sandbox
    ) -> None:
        batch, _ = one
        sandbox._upload_seconds = 1.0
        sandbox.faults.add(Fault(kind="hang-up", on="upload"))
        submission = reddy.submit(batch, client, progress=False)
        assert submission.state == "done"
        assert list(submission.outcomes()[["status", "audio"]].iloc[0]) == ["accepted", "expired"]
        assert "sending the call again would make a second call" in batch.recordings()["error"].iloc[0]
        assert sandbox.requests["create"] == 1


class TestTheFile:
    @pytest.fixture
    def one(self, local: reddy.Ledger, sheet: Sheet, tmp_path: Path) -> tuple[reddy.Batch, Path]:
        batch, _ = with_recordings(local, sheet, tmp_path / "audio", 1, size=600_000)
        return batch, tmp_path / "audio" / "call-2.wav"

    def test_a_call_whose_file_has_changed_is_not_sent(
        self, one: tuple[reddy.Batch, Path], sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch, path = one
        path.write_bytes(b"another voice")
        submission = reddy.submit(batch, client, progress=False)
        [outcome] = submission.outcomes().to_dict("records")
        assert (outcome["status"], outcome["audio"]) == ("failed", "waiting")
        assert "has changed since it was attached" in outcome["error"]
        assert sandbox.requests["create"] == 0
        batch.attach(2, path)
        batch.accept([2], "recording-unreadable")
        reddy.submit(batch, client, progress=False)
        assert list(sandbox.audio.values()) == [b"another voice"]

    def test_a_call_whose_file_is_gone_is_not_sent(
        self, one: tuple[reddy.Batch, Path], sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch, path = one
        path.unlink()
        submission = reddy.submit(batch, client, progress=False)
        assert submission.counts()["failed"] == 1
        assert "The call was not sent either" in submission.outcomes()["error"].iloc[0]
        assert sandbox.requests["create"] == 0

    def test_a_file_that_keeps_its_size_and_time_is_found_out_before_its_last_piece(
        self, one: tuple[reddy.Batch, Path], sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch, path = one
        about = path.stat()
        path.write_bytes(path.read_bytes()[::-1])
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
        submission = reddy.submit(batch, client, progress=False)
        assert list(submission.outcomes()[["status", "audio"]].iloc[0]) == ["accepted", "failed"]
        assert "has changed" in batch.recordings()["error"].iloc[0]
        assert sandbox.audio == {}
        assert sandbox.requests["create"] == 1


class TestPausing:
    def test_an_upload_that_does_not_end_keeps_no_call_from_being_sent(
        self, local: reddy.Ledger, sheet: Sheet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("reddy_lib.sending.uploads.UPLOAD_PATIENCE", 0.0)
        with reddy.Sandbox() as sandbox, _Deaf() as deaf:
            sandbox.faults.add(
                Fault(kind="upload-url", url=f"http://127.0.0.1:{deaf.port}{{path}}", on="create")
            )
            batch = local.load(sheet(8), products=PRODUCTS, progress=False)
            batch.attach(2, io.BytesIO(b"voice" * 6_000_000), name="long.wav")
            with reddy.Client(sandbox.token, base_url=sandbox.url, timeout=30) as client:
                submission = create(local, batch.id, address=client.base_url, token_source="notebook")
                worker = new_worker(local, kind="notebook")
                thread = threading.Thread(
                    target=send_chunk, args=(local, submission.id, None, client, worker, Slots(1))
                )
                thread.start()
                _until(lambda: submission.counts()["accepted"] == 8)
                assert list(batch.recordings()["state"]) == ["sending"]
                assert submission.state == "running"
                submission.cancel()
                thread.join(20)
                assert not thread.is_alive()
                assert list(batch.recordings()["state"]) == ["waiting"]
                deaf.read_on.set()

    def test_uploads_under_way_are_waited_for_a_while_and_then_wait(
        self,
        local: reddy.Ledger,
        sheet: Sheet,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The server reads the first bytes and no more; what is cut off is taken up again by another program."""
        monkeypatch.setattr("reddy_lib.sending.uploads.UPLOAD_PATIENCE", 0.0)
        with reddy.Sandbox() as sandbox, _Deaf() as deaf:
            sandbox.faults.add(
                Fault(kind="upload-url", url=f"http://127.0.0.1:{deaf.port}{{path}}", on="create")
            )
            batch, hashes = with_recordings(local, sheet, tmp_path / "audio", 1, size=30_000_000)
            with reddy.Client(sandbox.token, base_url=sandbox.url, timeout=3) as client:
                submission = create(local, batch.id, address=client.base_url, token_source="notebook")
                worker = new_worker(local, kind="notebook")
                thread = threading.Thread(
                    target=send_chunk, args=(local, submission.id, None, client, worker, Slots(2))
                )
                thread.start()
                assert deaf.met.wait(20)
                submission.pause()
                thread.join(30)
                assert not thread.is_alive()
                assert submission.state == "paused"
                assert batch.info(2)["audio"] == "waiting"
                # the address of the sandbox itself, as if that server had come to itself
                _put_right(local, sandbox.url)
                assert list(reddy.upload_recordings(batch, client, progress=False)["state"]) == ["uploaded"]
            assert arrived(sandbox) == hashes
            assert sandbox.requests["create"] == 1

    def test_what_a_cancelled_submission_left_can_be_uploaded(
        self, local: reddy.Ledger, sheet: Sheet, tmp_path: Path, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch, hashes = with_recordings(local, sheet, tmp_path / "audio", 1)
        sandbox.faults.add(Fault(kind="status", status=503, on="upload", retry_after=30))
        submission = create(local, batch.id, address=client.base_url, token_source="notebook")
        worker = new_worker(local, kind="notebook")
        thread = threading.Thread(
            target=send_chunk, args=(local, submission.id, None, client, worker, Slots(2))
        )
        thread.start()
        _until(lambda: sandbox.requests["upload"] == 1 and batch.recordings()["error"].iloc[0] != "")
        submission.cancel()
        thread.join(20)
        assert not thread.is_alive()
        assert (submission.state, batch.info(2)["audio"]) == ("cancelled", "waiting")
        sandbox.faults.clear()
        with local.write() as connection:
            connection.execute(recordings.update().values(retry_at=None))
        reddy.upload_recordings(batch, client, progress=False)
        assert arrived(sandbox) == hashes

    def test_patience_ends_before_the_address_does(
        self, local: reddy.Ledger, sheet: Sheet, tmp_path: Path, sandbox: reddy.Sandbox, client: reddy.Client
    ) -> None:
        batch, hashes = with_recordings(local, sheet, tmp_path / "audio", 1)
        port = sandbox.url.rpartition(":")[2]
        upload_hosts.allow_host(local, client.base_url, "elsewhere.example")
        sandbox.faults.add(Fault(kind="upload-url", url=f"http://localhost:{port}{{path}}", on="create"))
        reddy.submit(batch, client, progress=False).cancel()
        upload_hosts.allow_host(local, client.base_url, f"localhost:{port}")
        sandbox.faults.add(Fault(kind="status", status=500, on="upload"))
        frame = reddy.upload_recordings(batch, client, patience=0.5, progress=False)
        assert list(frame["state"]) == ["waiting"]
        assert "answered 500" in frame["error"].iloc[0]
        assert sandbox.requests["upload"] >= 1
        sandbox.faults.clear()
        reddy.upload_recordings(batch, client, progress=False)
        assert arrived(sandbox) == hashes


class TestKills:
    """A real kill -9 of a real process, at three moments; then `submit` is run again."""

    @pytest.mark.parametrize("moment", ["before the PUT", "in the middle of the PUT", "before its answer"])
    def test_the_recording_is_uploaded_in_the_end_and_no_call_goes_twice(
        self, ledger: reddy.Ledger, sheet: Sheet, tmp_path: Path, moment: str
    ) -> None:
        with reddy.Sandbox() as sandbox:
            batch, hashes = with_recordings(ledger, sheet, tmp_path / "audio", 5, size=500_000)
            if moment == "before its answer":
                sandbox.faults.add(Fault(kind="slow", on="upload", seconds=60, processed=True, times=3))
            context = multiprocessing.get_context("spawn")
            process = context.Process(
                target=_submit_and_die,
                args=(
                    ledger.url.render_as_string(hide_password=False),
                    batch.id,
                    sandbox.url,
                    sandbox.token,
                    moment,
                ),
            )
            start(process)
            if moment == "before its answer":
                _until(lambda: len(sandbox.audio) >= 1, seconds=60)
                process.kill()
            process.join(60)
            assert process.exitcode == -9
            sandbox.faults.clear()
            assert "sending" in set(batch.recordings()["state"])
            created = sandbox.requests["create"]
            assert created >= 1
            with reddy.Client(sandbox.token, base_url=sandbox.url) as client:
                submission = reddy.submit(batch, client, ramp=False, progress=False)
            assert submission.state == "done"
            outcomes = submission.outcomes()
            sure = outcomes[outcomes["status"] == "accepted"]
            assert set(sure["audio"]) == {"uploaded"}
            assert set(outcomes["status"]) <= {"accepted", "unknown"}
            assert once_each(sandbox)
            came = arrived(sandbox)
            assert {each: came[each] for each in sure["conversation_id"]} == {
                each: hashes[each] for each in sure["conversation_id"]
            }

    def test_an_engine_that_is_killed_leaves_its_uploads_to_the_next_one(
        self, ledger: reddy.Ledger, sheet: Sheet, tmp_path: Path
    ) -> None:
        """Every call is accepted by then: what is left of the submission are recordings alone."""
        with reddy.Sandbox() as sandbox:
            batch, hashes = with_recordings(ledger, sheet, tmp_path / "audio", 4)
            sandbox.faults.add(Fault(kind="slow", on="upload", seconds=60, processed=False, times=4))
            location = ledger.url.render_as_string(hide_password=False)
            process = SendingProcess(location, sandbox.url, sandbox.token)
            try:
                process.wait_until_ready()
                submission = create(
                    ledger, batch.id, address=sandbox.url, token_source="environment", concurrency=4
                )
                enqueue(ledger, submission)
                _until(lambda: sandbox.requests["upload"] == 4, seconds=60)
                assert submission.counts()["accepted"] == 4
                assert submission.state == "running"
                process.kill()
                sandbox.faults.clear()
                process = SendingProcess(location, sandbox.url, sandbox.token)
                _until(lambda: submission.state == "done", seconds=60)
            finally:
                process.stop()
            assert arrived(sandbox) == hashes
            assert sandbox.requests["create"] == 4
            assert set(submission.outcomes()["audio"]) == {"uploaded"}


class TestAddresses:
    OWN = "https://app.reddy.io"

    @pytest.fixture(autouse=True)
    def names(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What a name server would say: a real one may take five seconds, and knows other things tomorrow."""
        known = {"files.example": "10.0.0.7", "app.reddy.io": "93.184.216.34", "ok.example": "93.184.216.35"}

        def found(host: str, port: object) -> list[Any]:
            if host not in known:
                raise socket.gaierror
            return [(0, 0, 0, "", (known[host], 0))]

        monkeypatch.setattr(socket, "getaddrinfo", found)

    @pytest.mark.parametrize(
        ("url", "base_url", "host", "said"),
        [
            ("https://bucket.example/x?s=1", OWN, "bucket.example", ""),
            ("https://BUCKET.example:8443/x", OWN, "bucket.example:8443", ""),
            ("https://bucket.example:443/x", OWN, "bucket.example", ""),
            ("https://app.reddy.io/up/x", OWN, None, ""),
            (None, OWN, None, ""),
            ("http://bucket.example/x", OWN, None, "not encrypted"),
            ("ftp://bucket.example/x", OWN, None, "not encrypted"),
            ("https://a:b@bucket.example/x", OWN, None, "user name"),
            ("https://app.reddy.io@evil.example/x", OWN, None, "user name"),
            ("https://bucket.example:99999/x", OWN, None, "cannot be read"),
            ("https:///x", OWN, None, "cannot be read"),
            ("https://bucket.example/a b", OWN, None, "cannot be read"),
            ("https://[fe80::1]/x", OWN, None, "leads into this network"),
            ("https://10.1.2.3/x", OWN, None, "leads into this network"),
            ("https://169.254.169.254/latest", OWN, None, "leads into this network"),
            ("https://[::ffff:10.1.2.3]/x", OWN, None, "leads into this network"),
            ("https://localhost/x", OWN, None, "leads into this network"),
            ("http://127.0.0.1:9/x", "http://127.0.0.1:8600", "127.0.0.1:9", ""),
            ("http://127.0.0.1:8600/x", "http://127.0.0.1:8600/api", None, ""),
            ("https://10.0.0.9/x", "https://10.0.0.8", "10.0.0.9", ""),
        ],
    )
    def test_where_it_leads(self, url: str | None, base_url: str, host: str | None, said: str) -> None:
        found = where_to(url, base_url)
        assert found[0] == host
        assert said in found[1]
        assert bool(found[1]) == bool(said)
        assert "s=1" not in found[1]

    def test_a_name_that_stands_for_a_neighbour_is_seen_before_the_upload(self) -> None:
        assert leads_inside("https://files.example/x", self.OWN)
        assert not leads_inside("https://ok.example/x", self.OWN)
        assert not leads_inside("https://unknown.example/x", self.OWN)
        assert not leads_inside("https://files.example/x", "https://files.example")


class TestDecisions:
    TEXT = (Path(__file__).resolve().parents[2] / "docs" / "sending.md").read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("name", "value"),
        [("FAILURES_IN_A_ROW", FAILURES_IN_A_ROW), ("UPLOAD_PATIENCE", UPLOAD_PATIENCE)],
    )
    def test_the_numbers_in_the_docs_are_those_of_the_code(self, name: str, value: float) -> None:
        (said,) = re.findall(rf"(\d+)[^|.\d]*?<!-- {name} -->", self.TEXT)
        assert int(said) == value

    def test_each_row_of_the_table(self) -> None:
        assert decide_upload(None, tries=1, chance=0.0) == UploadDecision("uploaded")
        for passing in (
            NeverSent("no"),
            Doubtful("cut"),
            Doubtful("500", status=500),
            NotReceived("408", status=408),
        ):
            assert decide_upload(passing, tries=3, chance=0.0) == UploadDecision(
                "again", wait=2.0, server_failed=True
            )
        for asked in (TooManyRequests("429", retry_after=7), Unavailable("503", retry_after=7)):
            assert decide_upload(asked, tries=1, chance=0.0) == UploadDecision(
                "again", wait=7.0, wait_all=True, server_failed=True
            )
        for status, outcome in (
            (400, "failed"),
            (403, "failed"),
            (404, "failed"),
            (410, "expired"),
            (301, "failed"),
        ):
            assert decide_upload(Refused("no", status=status), tries=1, chance=0.0).outcome == outcome
        odd = Doubtful("odd", status=202)
        assert decide_upload(odd, tries=MOST_ODD_ANSWERS - 1, chance=0.0).outcome == "again"
        assert decide_upload(odd, tries=MOST_ODD_ANSWERS, chance=0.0).outcome == "failed"

    def test_a_server_that_fails_again_and_again_is_tried_with_one_recording_until_it_works(self) -> None:
        slots = UploadSlots(4)
        failed = Put(_done("again"), server_failed=True)
        for _ in range(FAILURES_IN_A_ROW):
            assert slots.acquire(now=0.0) == 4
            slots.release(4)
            slots.learn(failed, now=0.0)
        assert slots.acquire(now=0.5) == 0, "all wait"
        assert slots.ahead() == 1, "no call with a recording is sent but one"
        assert "failed 5 times in a row" in slots.reason
        assert slots.acquire(now=60.0) == 1, "one is tried"
        slots.learn(Put(_done("uploaded")), now=60.0)
        slots.release(1)
        assert (slots.acquire(now=60.0), slots.reason) == (4, "")

    def test_a_recording_that_is_refused_says_nothing_of_the_server(self) -> None:
        slots = UploadSlots(4)
        for _ in range(FAILURES_IN_A_ROW + 1):
            slots.learn(Put(_done("failed")), now=0.0)
        assert slots.acquire(now=0.0) == 4


@pytest.mark.soak
def test_a_gigabyte_goes_out_in_flat_memory(tmp_path: Path, sheet: Sheet) -> None:
    """`pytest -m soak -k gigabyte -s -n 0`; the process that sends is measured, the server is another one."""
    gigabyte = 1 << 30
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.truncate(gigabyte)  # sparse
    with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        batch = ledger.load(sheet(1, {2: {"Transcript": ""}}), products=PRODUCTS, progress=False)
        batch.attach(2, path)
        with reddy.Sandbox() as sandbox:
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_submit_measured,
                args=(str(tmp_path / "ledger.sqlite"), batch.id, sandbox.url, sandbox.token, theirs),
            )
            process.start()
            assert ours.poll(600)
            before, after, seconds = ours.recv()
            process.join(30)
            [audio] = [call["audio"] for call in sandbox.received]
            assert audio["size"] == gigabyte
            assert audio["sha256"] == batch.recordings()["sha256"].iloc[0]
    print(f"\nRSS {before:.0f} MB before, at most {after:.0f} MB; {gigabyte / seconds / 1e6:.0f} MB/s")
    assert after - before < 40


def _submit_measured(location: str, batch_id: str, url: str, token: str, pipe: Any) -> None:
    import resource

    def most() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    with reddy.Ledger(location) as ledger, reddy.Client(token, base_url=url, timeout=120) as client:
        batch = ledger.batch(batch_id)
        import dbos  # noqa: F401
        import pandas  # noqa: F401
        import tqdm.auto  # noqa: F401

        batch.recordings()
        client.list_products()
        before, began = most(), time.perf_counter()
        submission = reddy.submit(batch, client, progress=False)
        assert submission.state == "done"
        pipe.send((before, most(), time.perf_counter() - began))


def _submit_and_die(location: str, batch_id: str, url: str, token: str, moment: str) -> None:
    """`submit` in a process of its own, that kills itself where `moment` says."""
    from reddy_lib.sending import uploads

    def die(*_: object) -> None:
        os.kill(os.getpid(), 9)

    if moment == "before the PUT":
        uploads.Uploading._put = die  # type: ignore[method-assign,assignment]
    elif moment == "in the middle of the PUT":
        read = uploads._Watched.read

        def some(self: Any, size: int = -1) -> bytes:
            if self.count > 60_000:
                time.sleep(0.2)
                die()
            return read(self, size)

        uploads._Watched.read = some  # type: ignore[method-assign]
    with reddy.Ledger(location) as ledger, reddy.Client(token, base_url=url, timeout=90) as client:
        reddy.submit(ledger.batch(batch_id), client, concurrency=2, ramp=False, progress=False)


class _Deaf:
    """A server that takes the beginning of a request and then reads no more until it is told to, and never answers."""

    def __enter__(self) -> _Deaf:
        self.met, self.read_on = threading.Event(), threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            connection.recv(1000)
            self.met.set()
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        self.read_on.wait(60)
        with contextlib.suppress(OSError):
            while connection.recv(1 << 16):
                pass


def _done(outcome: Any) -> upload_queue.Uploaded:
    recording = files.Recorded("a.wav", "", "/nowhere", "", 1, 0.0)
    upload = upload_queue.Upload(
        call_id=1, row=2, attempt_id="a", recording=recording, content_type="audio/wav", url="https://x.example",
        expires_at=1.0, tries=1,
    )  # fmt: skip
    return upload_queue.Uploaded(upload=upload, outcome=outcome, ended=0.0)


def _put_right(ledger: reddy.Ledger, url: str) -> None:
    """The stored address, at the server where it belongs."""
    with ledger.write() as connection:
        for found in connection.execute(sa.select(recordings)).all():
            path = "/" + found.upload_url.split("/", 3)[3]
            connection.execute(
                recordings.update()
                .where(recordings.c.call_id == found.call_id)
                .values(upload_url=url + path, host=None, retry_at=None)
            )


def _expire(ledger: reddy.Ledger, batch: reddy.Batch, row: int) -> None:
    call_id = batch.one(row, sa.column("id")).id
    with ledger.write() as connection:
        connection.execute(
            recordings.update().where(recordings.c.call_id == call_id).values(expires_at=1.0, state="waiting")
        )


def _until(true: Callable[[], bool], *, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
