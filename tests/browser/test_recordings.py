"""Recordings in a real browser: dropped, attached with one click, heard beside their call, silenced in a copy; and
the whole way of ten, of every common kind, to the sandbox and to the deletion of those that no call has."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

import reddy_lib as reddy
from reddy_lib.recordings.attachments import open_recording
from reddy_lib.recordings.file_uses import dropped_folder
from reddy_lib.sandbox import Fault
from tests.app_server import wait_for
from tests.browser.conftest import App
from tests.conftest import PRODUCTS
from tests.recording_files import FORMATS, encoded, tone, turns, wav_bytes

HEADER = 32  # pixels: the header row of a grid
ROW = 31

SAYS = "agent [00:01]: Your card please\ncustomer [00:04]: 4242 4242 4242 4242\nagent [00:08]: Thank you"


def sound(page: Page) -> Locator:
    """The players on the tab of the recording; there is one above the conversation, too."""
    return page.get_by_role("tabpanel", name="Recording").locator("audio")


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
    assert list(batch.recordings().index) == [2, 3]
    original = batch.recording(3)
    assert original is not None

    page.get_by_role("button", name="Calls", exact=True).click()
    page.get_by_role("tab", name="Recording").click()
    expect(sound(page)).to_be_visible()
    expect(
        page.get_by_label(re.compile("^Waveform of call-3.wav: 0:12, left and right side"))
    ).to_be_attached()
    page.get_by_role("button", name="Silence 1 span in a copy").click()
    expect(page.get_by_text("Listen to the copy before you send it.").first).to_be_visible()

    def silenced() -> bool:
        copy = batch.recording(3)
        return copy is not None and copy.sha256 != original.sha256

    wait_for(silenced, seconds=30, why="the silenced copy in place of the original")
    with open_recording(batch.database, original) as file:
        assert file.read() == content + b"call-3.wav"


def words_of(who: str, start: float, text: str) -> dict[str, Any]:
    """A line whose words take half a second each."""
    times = [(start + at / 2, start + at / 2 + 0.5) for at in range(len(text.split()))]
    words = [{"word": word, "start": a, "end": b} for word, (a, b) in zip(text.split(), times, strict=True)]
    return {"speaker": who, "text": text, "start": start, "end": times[-1][1], "words": words}


def test_what_an_analyst_marks_is_heard_kept_and_silenced(
    page: Page, app: App, sheet: Callable[..., Path]
) -> None:
    said = {"segments": [words_of("agent", 1, "Who is it"), words_of("customer", 3, "We saw Ann Lee of York"),
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
    expect(page.get_by_text("2 · customer: We saw Ann Lee of York")).to_be_visible()
    page.get_by_role("button", name="Mark words").click()
    expect(page.get_by_text("1 place marked.")).to_be_visible()
    # typed and clicked at once, as somebody in a hurry does
    page.get_by_role("textbox", name="From").fill("0:10")
    page.get_by_role("textbox", name="To", exact=True).fill("0:11")
    page.get_by_role("button", name="Mark time").click()
    expect(page.get_by_text("0:10.0 to 0:11.0 · marked by hand")).to_be_visible()

    page.get_by_role("button", name="Listen").first.click()
    # not Streamlit's own one, which is there while a page is drawn
    expect(page.get_by_test_id("stMain").get_by_role("button", name="Stop")).to_be_visible()
    expect(sound(page)).to_have_count(2)
    wait_for(
        lambda: bool(
            page.get_by_role("tabpanel", name="Recording")
            .locator("audio")
            .nth(1)
            .evaluate("player => player.duration > 2 && player.duration < 4")
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
    with open_recording(batch.database, original) as file:
        assert file.read() == content
    copy = batch.recording(2)
    assert copy is not None
    with open_recording(batch.database, copy) as file:
        made = file.read()
    begin = len(content) - 12 * 8_000 * 2
    expected = bytearray(content)
    for start, stop in ((3.85, 5.15), (10.0, 11.0)):  # the two words with 0.15 s around them; the stretch
        expected[begin + round(start * 16_000) : begin + round(stop * 16_000)] = bytes(
            round((stop - start) * 16_000)
        )
    assert made == bytes(expected)


def sounds() -> dict[str, bytes]:
    """Ten recordings of every common kind, no two of them the same: one that no row knows, and two for row 9."""
    names = ["call-2.wav", "call-3.mp3", "call-4.m4a", "call-5.ogg", "call-6.opus", "call-7.flac", "call-8.webm",
             "call-9 first.wav", "call-9 second.wav", "kitchen radio.wav"]  # fmt: skip
    made = {}
    for number, name in enumerate(names):
        ending = f".{name.rpartition('.')[2]}"
        rate = FORMATS[ending][2]
        made[name] = encoded(ending, [tone(4, rate, hertz=300 + 20 * number)], rate)
    return made


@pytest.fixture
def sandbox() -> Iterator[reddy.Sandbox]:
    """Beside the app, so that a test can make it slow; to the app it is the sandbox."""
    with reddy.Sandbox() as running:
        yield running


@pytest.fixture
def app(start_app: Callable[..., App], sandbox: reddy.Sandbox) -> App:
    return start_app(REDDY_SANDBOX_URL=sandbox.url, REDDY_SANDBOX_TOKEN=sandbox.token)


def plays(page: Page) -> None:
    """The player has a source that the browser could load and decode."""
    player = sound(page)
    expect(player).to_be_visible()
    # `page.wait_for_function` would evaluate a string in the page, which the policy of headers forbids
    wait_for(
        lambda: bool(player.evaluate("player => player.error !== null || player.duration > 3")),
        seconds=30,
        why="the recording",
    )
    assert player.evaluate("player => player.error") is None


def test_ten_recordings_of_every_kind_from_the_files_to_the_sandbox(
    page: Page, app: App, sandbox: reddy.Sandbox, sheet: Callable[..., Path], tmp_path: Path
) -> None:
    cells = {row: {"Conversation ID": f"call-{row}"} for row in range(2, 11)}
    cells[8]["Transcript"] = ""
    with reddy.Ledger(app.ledger) as ledger:
        batch = ledger.load(sheet(9, cells), products=PRODUCTS, progress=False)
    made = sounds()
    (tmp_path / "dropped").mkdir()
    for name, content in made.items():
        (tmp_path / "dropped" / name).write_bytes(content)

    # dropped, and brought to their rows
    page.goto(f"{app.url}/review?batch={batch.id}")
    page.get_by_role("button", name="Recordings").click()
    page.locator("input[type=file]").set_input_files(sorted((tmp_path / "dropped").iterdir()))
    expect(page.get_by_text("10 recordings kept on this server.")).to_be_visible()
    for words in ("All 10", "Matched 7", "Doubtful 1", "Left over 1", "Without 1"):
        expect(page.get_by_text(words, exact=True)).to_be_visible()

    # what is doubtful is settled by hand
    page.get_by_text("Doubtful 1", exact=True).click()
    expect(page.get_by_label(re.compile("^1 row: row, state"))).to_be_visible()
    table = page.locator('[data-testid="stDataFrame"]')
    expect(table).to_have_count(1)  # the one with all lines is gone
    table.click(position={"x": 17, "y": HEADER + ROW / 2})
    expect(page.get_by_text("Row 9", exact=True)).to_be_visible()
    page.get_by_role("combobox", name="Recording").click()
    page.get_by_role("option", name="call-9 second.wav").click()
    page.get_by_role("button", name="Use this one").click()
    expect(page.get_by_text("Matched 8", exact=True)).to_be_visible()

    # attached
    page.get_by_role("button", name="Attach 8 recordings").click()
    expect(page.get_by_text("8 recordings attached.")).to_be_visible()
    expect(page.get_by_text("2 recordings attached to no call take")).to_be_visible()
    attached = batch.recordings()["name"].to_dict()
    assert attached == dict(zip(range(2, 9), list(made)[:7], strict=True)) | {9: "call-9 second.wav"}

    # heard
    for row in (2, 6):
        page.goto(f"{app.url}/review?batch={batch.id}&row={row}")
        page.get_by_role("tab", name="Recording").click()
        plays(page)

    # sent, and uploaded
    page.get_by_role("link", name=re.compile("^Submit")).first.click()
    # somebody can watch the first one
    sandbox.faults.add(Fault(kind="slow", on="upload", times=1, seconds=8))
    page.get_by_role("button", name=re.compile("^Send all 9")).click()
    expect(page.get_by_text(re.compile(r"of 8 uploaded.* under way \(\d+ kB of \d+ kB\)"))).to_be_visible()
    expect(page.get_by_text(re.compile("Submission 1 is done"))).to_be_visible(timeout=180_000)
    expect(page.get_by_text("Recordings: 8 of 8 uploaded")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Outcomes")).first.click()
    page.wait_for_url(re.compile("/outcomes"))
    expect(page.get_by_text("8 uploaded").first).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()

    calls = {call["conversation_id"]: call for call in sandbox.received}
    assert len(calls) == 9
    for row, name in attached.items():
        audio = calls[f"call-{row}"]["audio"]
        assert (audio["filename"], audio["sha256"]) == (name, hashlib.sha256(made[name]).hexdigest())
    assert calls["call-10"]["audio"] is None

    # what nobody needs any more
    page.goto(f"{app.url}/review?batch={batch.id}&panel=recordings")
    page.get_by_role("button", name="Delete them").click()
    expect(page.get_by_role("button", name="Delete 2 recordings")).to_be_visible()
    page.get_by_role("button", name="Delete 2 recordings").click()
    expect(page.get_by_text("2 recordings deleted")).to_be_visible()
    kept = dropped_folder(batch.database) / batch.id
    there = {path.stem for path in kept.iterdir() if path.suffix in FORMATS}
    assert there == set(batch.recordings()["sha256"])
    assert "Traceback" not in app.log.read_text()


def test_clicks_and_a_reload_do_not_cut_off_what_is_being_attached(
    page: Page, start_app: Callable[..., App], sheet: Callable[..., Path], tmp_path: Path
) -> None:
    many = 600
    (tmp_path / "audio").mkdir()
    for number in range(1, many + 1):
        (tmp_path / "audio" / f"conv-{number}.wav").write_bytes(b"RIFF%d" % number * 1_000)
    app = start_app(REDDY_AUDIO_FOLDER=str(tmp_path / "audio"))
    with reddy.Ledger(app.ledger) as ledger:
        batch = ledger.load(sheet(many), products=PRODUCTS, progress=False)
    page.goto(f"{app.url}/review?batch={batch.id}")
    page.get_by_role("button", name="Recordings").click()
    page.get_by_role("button", name=f"Attach {many} recordings").click()
    wait_for(lambda: len(batch.recordings()) > 0, seconds=30, why="the first recordings to be attached")
    for _ in range(2):
        page.get_by_text(re.compile("^All ")).first.click()
        page.get_by_text(re.compile("^(Attached|Matched) ")).first.click()
    page.reload()
    wait_for(lambda: len(batch.recordings()) == many, seconds=60, why="the last of them to be attached")
    expect(page.get_by_text(f"{many} recordings attached.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Attach "))).to_have_count(0)
    assert "Traceback" not in app.log.read_text()
