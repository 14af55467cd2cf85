"""Recordings in a real browser: dropped, attached with one click, heard beside their call, silenced in a copy."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

import reddy_lib as reddy
from reddy_lib.ledger.recordings import open_recording
from tests.app_server import wait_for
from tests.browser.conftest import App
from tests.conftest import PRODUCTS
from tests.recording_files import turns, wav_bytes

SAYS = "agent [00:01]: Your card please\ncustomer [00:04]: 4242 4242 4242 4242\nagent [00:08]: Thank you"


def test_from_the_files_to_a_silenced_copy(
    page: Page, app: App, sheet: Callable[..., Path], tmp_path: Path
) -> None:
    cells = {
        row: {"Conversation ID": f"call-{row}", "Transcript": SAYS if row == 3 else ""} for row in range(2, 6)
    }
    with reddy.Ledger(app.ledger) as ledger:
        batch = ledger.load(sheet(4, cells), products=PRODUCTS, progress=False)
    content = wav_bytes(*turns(12))
    dropped = []
    for name in ("call-2.wav", "call-3.wav", "nobody.wav"):
        path = tmp_path / name
        path.write_bytes(content + name.encode())  # behind the samples: other files, the same sound
        dropped.append(path)

    page.goto(f"{app.url}/review?batch={batch.id}&row=3")
    page.get_by_role("button", name="Recordings").click()
    page.locator("input[type=file]").set_input_files(dropped)
    expect(page.get_by_text("3 recordings kept on this server.")).to_be_visible()
    expect(page.get_by_text("Left over 1")).to_be_visible()
    page.get_by_role("button", name="Attach 2 recordings").click()
    expect(page.get_by_text("2 recordings attached.")).to_be_visible()
    assert list(batch.recordings()["row"]) == [2, 3]
    original = batch.recording(3)
    assert original is not None

    page.get_by_role("button", name="Calls", exact=True).click()
    page.get_by_role("tab", name="Recording").click()
    expect(page.locator("audio")).to_be_visible()
    expect(
        page.get_by_label(re.compile("^Waveform of call-3.wav: 0:12, left and right side"))
    ).to_be_attached()
    page.get_by_role("button", name="Silence 1 span in a copy").click()
    expect(page.get_by_text("Listen to the copy before you send it.").first).to_be_visible()

    def silenced() -> bool:
        copy = batch.recording(3)
        return copy is not None and copy.sha256 != original.sha256

    wait_for(silenced, seconds=30, why="the silenced copy in place of the original")
    with open_recording(batch.ledger, original) as file:
        assert file.read() == content + b"call-3.wav"
