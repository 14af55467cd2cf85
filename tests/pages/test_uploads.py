"""Submit and Outcomes where calls have recordings: how far uploads are, new hosts, what became of each."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.database.schema import calls, recordings
from reddy_lib.recordings.attachments import recordings_folder
from reddy_lib.recordings.upload_hosts import allow_host, hosts_of
from reddy_lib.recordings.upload_queue import EXPIRED, uploads_of
from reddy_lib.sandbox.faults import Fault
from reddy_lib.sending.submission import Submission
from tests import screen
from tests.conftest import PRODUCTS
from tests.screen import labels, words

ELSEWHERE = "localhost"


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[reddy.Ledger]:
    monkeypatch.delenv("REDDY_AUDIO_FOLDER", raising=False)
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "ledger.sqlite"))
    with reddy.Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[reddy.Sandbox]:
    with reddy.Sandbox(token="a-good-token-0123456789") as running:
        monkeypatch.setenv("REDDY_API_TOKEN", running.token)
        monkeypatch.setenv("REDDY_BASE_URL", running.url)
        yield running


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Callable[..., Path]) -> reddy.Batch:
    loaded = ledger.load(sheet(3), products=PRODUCTS, progress=False)
    for row in (2, 3):
        loaded.attach(row, io.BytesIO(f"voice {row}".encode() * 1_000), name=f"call-{row}.wav")
    return loaded


def submit(batch: reddy.Batch, server: reddy.Sandbox) -> Submission:
    with reddy.Client(server.token, base_url=server.url) as client:
        return reddy.submit(batch, client, concurrency=1, ramp=False, who="ann", progress=False)


def elsewhere(batch: reddy.Batch, server: reddy.Sandbox) -> str:
    """Reddy gives addresses at another host than those that are known: the host."""
    host = f"{ELSEWHERE}:{server.url.rpartition(':')[2]}"
    allow_host(batch.database, server.url, "files.example", who="ann")  # somewhere they went before
    server.faults.add(Fault(kind="upload-url", url=f"http://{host}{{path}}", on="create"))
    return host


def press(app: AppTest, key: str) -> AppTest:
    [found] = [button for button in app.button if (button.key or "").startswith(key)]
    found.click()
    return screen.run(app)


class TestSubmit:
    def test_it_says_what_became_of_the_uploads(self, batch: reddy.Batch, server: reddy.Sandbox) -> None:
        submission = submit(batch, server)
        assert uploads_of(batch.database, submission.id)["uploaded"] == 2
        assert "Recordings: 2 of 2 uploaded" in words(screen.opened("submit", batch))

    def test_a_submission_without_recordings_says_nothing_of_them(
        self, ledger: reddy.Ledger, sheet: Callable[..., Path], server: reddy.Sandbox
    ) -> None:
        plain = ledger.load(sheet(2), products=PRODUCTS, progress=False)
        submit(plain, server)
        assert "Recordings:" not in words(screen.opened("submit", plain))

    def test_bytes_and_all_states_are_told(self) -> None:
        def page(numbers: dict[str, int]) -> None:
            from reddy_lib.ui.recordings import uploads_line

            uploads_line(numbers)

        numbers = {"waiting": 4, "sending": 2, "uploaded": 1_234, "failed": 3, "expired": 1}
        app = AppTest.from_function(page, args=({**numbers, "sent": 3 << 20, "size": 12 << 20},))
        app.run()
        said = app.markdown[0].value
        assert (
            "1,234 of 1,244 uploaded · 2 under way (3.0 MB of 12.0 MB) · 4 waiting · 3 failed · 1 expired"
            in said
        )

    def test_a_new_host_waits_for_a_yes_and_then_the_submission_goes_on(
        self, batch: reddy.Batch, server: reddy.Sandbox
    ) -> None:
        host = elsewhere(batch, server)
        submission = submit(batch, server)
        assert submission.state == "paused"
        app = screen.opened("submit", batch)
        assert f"Reddy asks for recordings at **{host}**" in words(app)
        press(app, "allow ")
        hosts = hosts_of(batch.database, server.url).set_index("host")
        assert bool(hosts.loc[host, "allowed"])
        assert submission.state == "running"
        assert "Reddy asks for recordings" not in words(app)

    def test_a_refused_host_says_who_refused_it_and_can_still_be_allowed(
        self, batch: reddy.Batch, server: reddy.Sandbox
    ) -> None:
        host = elsewhere(batch, server)
        submission = submit(batch, server)
        app = screen.opened("submit", batch)
        press(app, "refuse ")
        assert submission.state == "paused"
        who = hosts_of(batch.database, server.url).set_index("host").loc[host, "who"]
        assert who
        assert f"Uploads to **{host}** were refused by {who}" in words(app)
        assert not [one for one in app.button if (one.key or "").startswith("refuse ")]
        press(app, "allow ")
        assert submission.state == "running"


class TestOutcomes:
    def test_each_call_says_what_became_of_its_recording(
        self, batch: reddy.Batch, server: reddy.Sandbox
    ) -> None:
        submit(batch, server)
        app = screen.opened("outcomes", batch)
        [frame] = [one.value for one in app.dataframe if "audio" in one.value.columns]
        assert dict(zip(frame["row"], frame["audio"], strict=True)) == {
            2: "uploaded",
            3: "uploaded",
            4: "none",
        }
        assert "2 uploaded" in words(app)
        assert not [label for label in labels(app) if label.startswith("Upload again")]

    def test_one_that_did_not_arrive_says_why_and_what_to_do(
        self, batch: reddy.Batch, server: reddy.Sandbox
    ) -> None:
        submit(batch, server)
        with batch.database.write() as connection:
            ids = (
                connection.execute(sa.select(recordings.c.call_id).order_by(recordings.c.call_id))
                .scalars()
                .all()
            )
            connection.execute(
                recordings.update()
                .where(recordings.c.call_id == ids[0])
                .values(state="expired", error=EXPIRED)
            )
            connection.execute(calls.update().where(calls.c.id == ids[0]).values(audio="expired"))
        said = words(screen.opened("outcomes", batch))
        assert "1 expired" in said
        assert "Ask Reddy's support how to attach the recording" in said

    def test_one_that_waits_for_its_file_says_so_and_goes_once_it_is_back(
        self, batch: reddy.Batch, server: reddy.Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        host = elsewhere(batch, server)
        submit(batch, server).cancel()
        allow_host(batch.database, server.url, host, who="ann")
        [attached] = [one for one in [batch.recording(2)] if one is not None]
        file = recordings_folder(batch.database) / attached.path
        away = file.rename(file.with_name("away"))
        monkeypatch.setattr("reddy_lib.ui.outcomes.recordings_line.A_WHILE", 1.0)
        app = screen.opened("outcomes", batch)
        press(app, "upload again")
        said = words(app)
        assert "cannot be opened (No such file or directory). Put the file back where it was" in said
        assert "still wait" in said
        away.rename(file)
        with batch.database.write() as connection:
            connection.execute(recordings.update().values(retry_at=None))
        press(app, "upload again")
        accepted = batch.recordings()
        assert accepted.loc[2, "state"] == "uploaded"
        assert "Put the file back" not in words(app)

    def test_what_a_cancelled_submission_left_is_uploaded_again_and_no_call_is_sent(
        self, batch: reddy.Batch, server: reddy.Sandbox
    ) -> None:
        host = elsewhere(batch, server)
        submission = submit(batch, server)
        submission.cancel()
        accepted = len(server.payloads)
        allow_host(batch.database, server.url, host, who="ann")
        app = screen.opened("outcomes", batch)
        press(app, "upload again")
        assert set(batch.recordings()["state"]) <= {"uploaded", "waiting"}
        assert "uploaded" in set(batch.recordings()["state"])
        assert len(server.payloads) == accepted
        assert "tried again" in words(app)

    def test_nothing_is_offered_once_the_address_ran_out(
        self, batch: reddy.Batch, server: reddy.Sandbox
    ) -> None:
        elsewhere(batch, server)
        submit(batch, server).cancel()
        with batch.database.write() as connection:
            connection.execute(recordings.update().values(expires_at=time.time() - 1))
        app = screen.opened("outcomes", batch)
        assert not [label for label in labels(app) if label.startswith("Upload again")]
