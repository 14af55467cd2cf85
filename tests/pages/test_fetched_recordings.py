"""Recordings from web addresses on the Review page: off by default, fetched with one click, each failure a line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.batches.fetch_recordings import batch_store, fetching_of
from tests import screen
from tests.conftest import PRODUCTS
from tests.recording_server import RecordingServer, recording_server, send
from tests.screen import labels, press, table, words

SECRET = "sig=5ecret"


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    with recording_server() as running:
        yield running


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("REDDY_AUDIO_FOLDER", "REDDY_AUDIO_HOSTS", "REDDY_AUDIO_PRIVATE_HOSTS", "REDDY_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "ledger.sqlite"))


def load(tmp_path: Path, *recordings: str) -> reddy.Batch:
    path = tmp_path / "calls.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Call ID", "Agent Email", "Product", "Start", "Recording"])
        for row, recording in enumerate(recordings, 2):
            writer.writerow(
                [f"call-{row}", "ann@cedarline.example", "Loans", "2026-03-02T10:00:00Z", recording]
            )
    with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        return ledger.load(path, products=PRODUCTS, progress=False)


def panel(batch: reddy.Batch) -> AppTest:
    return screen.opened("review", batch, query={"panel": "recordings"})


def fetched(app: AppTest, batch: reddy.Batch) -> AppTest:
    """Once the work is over, as the page is drawn then."""
    work = fetching_of(batch_store(batch))
    assert work is not None
    assert work.wait(60)
    return screen.run(app)


def lines(app: AppTest) -> dict[int, tuple[str, str, str]]:
    found: Any = table(app, "how").value
    return {
        int(one.row): (one.state[0], one.how, one.recording)
        for one in found.itertuples()
        if one.row == one.row
    }


def test_a_sheet_without_addresses_says_nothing_of_them(tmp_path: Path) -> None:
    app = panel(load(tmp_path, "a.wav", "b.wav"))
    assert "web address" not in words(app)


def test_off_by_default_it_names_the_hosts_and_the_setting_and_asks_nothing(
    tmp_path: Path, server: RecordingServer
) -> None:
    batch = load(tmp_path, server.address(f"/a.wav?{SECRET}"), "https://rec.example/b.wav", "own.wav")
    app = panel(batch)
    said = words(app)
    assert f"2 calls** name their recording by a web address at {server.host} (1), rec.example (1)" in said
    assert "Fetching is off here" in said
    assert [one.value for one in app.code] == [
        f"REDDY_AUDIO_HOSTS=rec.example\nREDDY_AUDIO_PRIVATE_HOSTS={server.host}"
    ]
    assert not [label for label in labels(app) if "Fetch" in label]
    assert "5ecret" not in said
    assert server.asked == []


def test_a_setting_that_cannot_be_used_is_said_and_fetches_nothing(
    tmp_path: Path, server: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDDY_AUDIO_HOSTS", "*")
    app = panel(load(tmp_path, server.address("/a.wav")))
    assert "'*' is not the name of a host" in words(app)
    assert not [label for label in labels(app) if "Fetch" in label]


def test_one_click_fetches_what_is_allowed_and_each_comes_to_its_row(
    tmp_path: Path, server: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDDY_AUDIO_PRIVATE_HOSTS", server.host)
    batch = load(
        tmp_path, server.address("/x/audio.wav"), server.address("/y/audio.wav"), server.address("/x/audio.wav"),
        "https://rec.example/b.wav",
    )  # fmt: skip
    app = panel(batch)
    assert "1 call is left out: rec.example is not among the hosts" in words(app)
    assert server.asked == []
    press(app, "Fetch 2 recordings")
    app = fetched(app, batch)
    found = lines(app)
    assert {row: line[:2] for row, line in found.items() if row < 5} == dict.fromkeys(
        (2, 3, 4), ("Matched", "web address")
    )
    assert found[5][0] == "Missing"
    assert "Fetched: 3 of 4" in words(app)
    assert sorted(server.asked) == ["/x/audio.wav", "/y/audio.wav"]
    press(app, "Attach 3 recordings")
    frame = batch.recordings()
    assert frame.loc[2, "sha256"] == frame.loc[4, "sha256"] != frame.loc[3, "sha256"]
    assert "3 of them need nothing" in words(app)
    assert not [label for label in labels(app) if "Fetch" in label]


def test_running_it_survives_reruns_and_new_tabs_and_can_be_stopped(
    tmp_path: Path, server: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDDY_AUDIO_PRIVATE_HOSTS", server.host)
    batch = load(tmp_path, *(server.address(f"/{number}.wav") for number in range(9)))
    server.gate.clear()
    app = panel(batch)
    press(app, "Fetch 9 recordings")
    work = fetching_of(batch_store(batch))
    screen.run(app)
    other = panel(batch)
    assert fetching_of(batch_store(batch)) is work
    for tab in (app, other):
        assert "Stop" in labels(tab)
        assert not [label for label in labels(tab) if "Fetch" in label]
    press(other, "Stop")
    server.gate.set()
    app = fetched(app, batch)
    now = work.progress() if work is not None else None
    assert now is not None
    assert now.left >= 5
    assert f"Stopped with {now.left} recordings left" in words(app)
    press(app, f"Fetch {now.left} recordings")
    app = fetched(app, batch)
    assert {line[0] for line in lines(app).values()} == {"Matched"}


def test_each_failure_is_a_line_with_its_row_and_can_be_tried_again(
    tmp_path: Path, server: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDDY_AUDIO_PRIVATE_HOSTS", server.host)
    server.answers["/b.wav"] = lambda handler: send(handler, 403)
    batch = load(
        tmp_path,
        server.address(f"/a.wav?{SECRET}"),
        server.address(f"/b.wav?{SECRET}"),
        server.address("/a b.wav"),
    )
    app = panel(batch)
    press(app, "Fetch 2 recordings")
    app = fetched(app, batch)
    failures = table(app, "said").value
    assert list(failures["rows"]) == ["3", "4"]
    assert list(failures["host"]) == [server.host, ""]
    assert "may have expired" in failures["said"][0]
    assert "characters that no web address has" in failures["said"][1]
    assert "5ecret" not in words(app) + failures.to_csv() + table(app, "how").value.to_csv()
    del server.answers["/b.wav"]
    app = panel(batch)  # a new tab still knows
    press(app, "Try 1 again")
    app = fetched(app, batch)
    assert lines(app)[3][:2] == ("Matched", "web address")
    assert [path.partition("?")[0] for path in server.asked].count("/a.wav") == 1


def test_the_very_same_recording_behind_different_addresses_is_pointed_out(
    tmp_path: Path, server: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDDY_AUDIO_PRIVATE_HOSTS", server.host)
    batch = load(
        tmp_path, server.address("/a.wav?id=1"), server.address("/a.wav?id=2"), server.address("/c.wav")
    )
    app = panel(batch)
    press(app, "Fetch 3 recordings")
    app = fetched(app, batch)
    assert "Rows 2, 3 have different addresses, but all returned the same recording" in words(app)


def test_files_that_are_dropped_still_come_to_rows_with_addresses(tmp_path: Path) -> None:
    batch = load(
        tmp_path, f"https://rec.example/x/audio.wav?{SECRET}", f"https://rec.example/y/b.wav?{SECRET}"
    )
    app = panel(batch)
    app.file_uploader[0].set_value([("b.wav", b"RIFF....", "audio/wav")])
    screen.run(app)
    assert lines(app)[3] == ("Matched", "file name", "b.wav")
    shown = table(app, "how").value
    assert list(shown["filename"]) == ["audio.wav", "b.wav"]
    assert "5ecret" not in words(app) + shown.to_csv()
