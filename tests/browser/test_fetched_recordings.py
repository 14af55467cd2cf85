"""Recordings from web addresses in a real browser: one click, each at its row, also where the app is killed meanwhile."""

from __future__ import annotations

import csv
import signal
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import reddy_lib as reddy
from reddy_lib.batches.fetch_recordings import batch_store
from reddy_lib.recordings.attachments import open_recording
from reddy_lib.recordings.download_log import FetchRecord
from tests import app_server
from tests.app_server import free_port, wait_for
from tests.browser.conftest import App, at_rest
from tests.conftest import PRODUCTS
from tests.recording_server import RecordingServer, recording_server, send, sound


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    with recording_server() as running:
        yield running


def load(folder: Path, ledger: reddy.Ledger, *recordings: str) -> reddy.Batch:
    path = folder / "calls.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Call ID", "Agent Email", "Product", "Start", "Recording"])
        for row, recording in enumerate(recordings, 2):
            writer.writerow(
                [f"call-{row}", "ann@cedarline.example", "Loans", "2026-03-02T10:00:00Z", recording]
            )
    return ledger.load(path, products=PRODUCTS, progress=False)


def content(batch: reddy.Batch, row: int) -> bytes:
    found = batch.recording(row)
    assert found is not None
    with open_recording(batch.database, found) as file:
        return file.read()


def test_three_are_fetched_matched_and_attached(
    page: Page, start_app: Callable[..., App], server: RecordingServer, tmp_path: Path
) -> None:
    app = start_app(REDDY_AUDIO_PRIVATE_HOSTS=server.host)
    with reddy.Ledger(app.ledger) as ledger:
        batch = load(
            tmp_path, ledger, *(server.address(f"/{folder}/audio.wav?sig=5ecret") for folder in "xyz")
        )
    server.gate.clear()
    page.goto(f"{app.url}/review?batch={batch.id}")
    page.get_by_role("button", name="Recordings").click()
    at_rest(page.get_by_role("button", name="Fetch 3 recordings")).click()
    expect(page.get_by_text("Fetched 0 of 3 · 3 on the way")).to_be_visible()
    page.reload()  # another session: the work goes on
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    server.gate.set()
    # nobody clicks: the page is drawn again by itself when the work is over
    page.get_by_role("button", name="Attach 3 recordings").click()
    expect(page.get_by_text("3 recordings attached.")).to_be_visible()
    for row, folder in ((2, "x"), (3, "y"), (4, "z")):
        assert content(batch, row) == sound(f"/{folder}/audio.wav")
    assert sorted(server.asked) == [f"/{folder}/audio.wav?sig=5ecret" for folder in "xyz"]
    assert "5ecret" not in page.content()
    assert "5ecret" not in app.log.read_text()


def test_killed_while_it_fetches_the_app_goes_on_where_it_was(
    page: Page, server: RecordingServer, tmp_path: Path
) -> None:
    location, log, port = tmp_path / "ledger.sqlite", tmp_path / "app.log", free_port()
    with reddy.Ledger(location) as ledger:
        batch = load(tmp_path, ledger, *(server.address(f"/{number}/audio.wav") for number in range(10)))
    record = FetchRecord(batch_store(batch))

    def stuck_from_the_fifth(handler: BaseHTTPRequestHandler) -> None:
        if len(server.asked) > 4:
            server.gate.clear()
            server.gate.wait(60)
        send(handler, 200, sound(handler.path))

    server.answers["*"] = stuck_from_the_fifth
    process = app_server.start_app(location, log, port, REDDY_AUDIO_PRIVATE_HOSTS=server.host)
    try:
        page.goto(f"http://localhost:{port}/review?batch={batch.id}")
        page.get_by_role("button", name="Recordings").click()
        at_rest(page.get_by_role("button", name="Fetch 10 recordings")).click()
        wait_for(lambda: len(server.asked) >= 5 and len(record.read()) >= 1, seconds=60, why="the first ones")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = len(record.read())
    assert 1 <= before < 10
    server.answers.clear()
    server.gate.set()
    asked = len(server.asked)
    process = app_server.start_app(location, log, port, REDDY_AUDIO_PRIVATE_HOSTS=server.host)
    try:
        page.goto(f"http://localhost:{port}/review?batch={batch.id}")
        page.get_by_role("button", name="Recordings").click()
        page.get_by_role("button", name=f"Fetch {10 - before} recordings").click()
        page.get_by_role("button", name="Attach 10 recordings").click()
        expect(page.get_by_text("10 recordings attached.")).to_be_visible()
    finally:
        app_server.stop(process)
    assert len(server.asked) - asked == 10 - before
    for row in range(2, 12):
        assert content(batch, row) == sound(f"/{row - 2}/audio.wav")
