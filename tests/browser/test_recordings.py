"""Recordings in a real browser: dropped, attached with one click, heard beside their call, silenced in a copy."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

import reddy_lib as reddy
from reddy_lib.ledger.recordings import open_recording
from tests.app_server import wait_for
from tests.browser.conftest import App
from tests.conftest import PRODUCTS
from tests.recording_files import tone, turns, wav_bytes

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


def words_of(who: str, start: float, text: str) -> dict[str, Any]:
    """A line whose words take half a second each."""
    times = [(start + at / 2, start + at / 2 + 0.5) for at in range(len(text.split()))]
    words = [{"word": word, "start": a, "end": b} for word, (a, b) in zip(text.split(), times, strict=True)]
    return {"speaker": who, "text": text, "start": start, "end": times[-1][1], "words": words}


def test_what_an_analyst_marks_is_heard_kept_and_silenced(
    page: Page, app: App, sheet: Callable[..., Path]
) -> None:
    said = {"segments": [words_of("agent", 1, "Your name"), words_of("customer", 3, "I am Ann Lee of York"),
                         words_of("agent", 7, "Thank you")]}  # fmt: skip
    with reddy.Ledger(app.ledger) as ledger:
        batch = ledger.load(
            sheet(2, {2: {"Transcript": json.dumps(said)}}), products=PRODUCTS, progress=False
        )
    content = wav_bytes(tone(12))
    batch.attach(2, io.BytesIO(content), name="call-2.wav")
    original = batch.recording(2)
    assert original is not None

    page.goto(f"{app.url}/review?batch={batch.id}&row=2")
    page.get_by_role("tab", name="Recording").click()
    field = page.get_by_role("textbox", name="Words")
    field.fill("ann lee")
    field.press("Enter")
    expect(page.get_by_text("2 · customer: I am Ann Lee of York")).to_be_visible()
    page.get_by_role("button", name="Mark words").click()
    expect(page.get_by_text("1 place marked.")).to_be_visible()
    # typed and clicked at once, as somebody in a hurry does
    page.get_by_role("textbox", name="From").fill("0:10")
    page.get_by_role("textbox", name="To", exact=True).fill("0:11")
    page.get_by_role("button", name="Mark time").click()
    expect(page.get_by_text("0:10.0 to 0:11.0 · marked by hand")).to_be_visible()

    page.get_by_role("button", name="Listen").first.click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(page.locator("audio")).to_have_count(2)
    wait_for(
        lambda: bool(
            page.locator("audio").nth(1).evaluate("player => player.duration > 2 && player.duration < 4")
        ),
        seconds=30,
        why="the part of the recording with a second around it",
    )

    page.reload()  # a new session: what was marked is there again
    page.get_by_role("tab", name="Recording").click()
    expect(page.get_by_text("0:03.8 to 0:05.2 · line 2")).to_be_visible()
    page.get_by_role("button", name="Silence 2 spans in a copy").click()
    expect(page.get_by_text("Listen to the copy before you send it.").first).to_be_visible()

    def silenced() -> bool:
        copy = batch.recording(2)
        return copy is not None and copy.sha256 != original.sha256

    wait_for(silenced, seconds=30, why="the silenced copy in place of the original")
    with open_recording(batch.ledger, original) as file:
        assert file.read() == content
    copy = batch.recording(2)
    assert copy is not None
    with open_recording(batch.ledger, copy) as file:
        made = file.read()
    begin = len(content) - 12 * 8_000 * 2
    expected = bytearray(content)
    for start, stop in ((3.85, 5.15), (10.0, 11.0)):  # the two words with 0.15 s around them; the stretch
        expected[begin + round(start * 16_000) : begin + round(stop * 16_000)] = bytes(
            round((stop - start) * 16_000)
        )
    assert made == bytes(expected)
