"""What a new user does, in a real browser: sample → map → edit → choose five → send → see what became of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

import reddy_lib as reddy
from tests import app_server
from tests.browser.conftest import App

HEADER = 32  # pixels: the header row of a grid
ROW = 31
CALL = 66  # of the list of calls


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Started as the README does: the imports of a page that is opened first are part of the way."""
    ledger, log, port = tmp_path / "ledger.sqlite", tmp_path / "app.log", app_server.free_port()
    process = app_server.start_app(ledger, log, port)
    yield App(f"http://localhost:{port}", str(ledger), log)
    app_server.stop(process)


def received(app: App) -> list[dict[str, Any]]:
    """What the app's sandbox received, from its record: no address leads to it."""
    record = Path(app.ledger).with_name("sandbox-received.jsonl").read_bytes()
    return [event["call"] for event in map(json.loads, record.splitlines()) if "call" in event]


def edit_cell(page: Page, table: Locator, *, x: float, y: float, text: str) -> None:
    """Type into a cell of an editor, which is a canvas: by position."""
    table.scroll_into_view_if_needed()
    table.dblclick(position={"x": x, "y": y})
    cell = page.locator("#portal textarea, #portal input").first
    expect(cell).to_be_visible()
    cell.fill(text)
    expect(cell).to_have_value(text)
    cell.press("Enter")


def test_a_new_user_sends_five_edited_calls_and_sees_them_accepted(page: Page, app: App) -> None:
    page.goto(app.url)

    # load: one click on a sample, columns are guessed with a reason, one of them is changed
    page.get_by_role("button", name="Labelled text").click()
    expect(page.get_by_role("button", name="Store 40 calls")).to_be_visible()
    expect(page.get_by_text(re.compile("100% look like emails"))).to_be_visible()
    page.get_by_role("tab", name=re.compile("^Tags")).click()
    expect(page.get_by_role("tab", name=re.compile("^Tags · 4"))).to_be_visible()
    page.get_by_role("button", name="Store 40 calls").click()

    # review: the batch is in the address; one line and one tag are edited
    page.wait_for_url(re.compile("/review"))
    expect(page.get_by_role("button", name=re.compile("Send 40 ready"))).to_be_visible()
    ledger = reddy.Ledger(app.ledger)
    batch = ledger.batch(ledger.batches().iloc[0]["id"])
    assert f"batch={batch.id}" in page.url
    before = dict(batch.payloads())
    words = page.locator(".turn .words").first
    words.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("Cedarline, good morning to you.")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("Changed: line 1 text"))).to_be_visible()
    assert batch.call(2).transcript[0].text == "Cedarline, good morning to you."

    page.get_by_role("tab", name=re.compile("^Tags")).click()
    tags = page.locator('[data-testid="stDataFrame"]:visible').nth(1)
    expect(tags).to_be_visible()
    edit_cell(page, tags, x=300, y=HEADER + ROW * 3 / 2, text="4711")
    expect(page.get_by_text(re.compile("Changed: .*tag Account"))).to_be_visible()
    assert batch.tags(2).iloc[1]["value"] == "4711"

    # five rows are ticked
    calls = page.locator('[data-testid="stDataFrame"]').first
    for number in range(5):
        calls.click(position={"x": 17, "y": HEADER + CALL * number + CALL / 2})
        expect(
            page.get_by_role("button", name=re.compile(f"Send {number + 1} of {number + 1} ticked"))
        ).to_be_visible()
    page.get_by_role("button", name=re.compile("Send 5 of 5")).click()

    # submit: exactly those five
    page.wait_for_url(re.compile("/submit"))
    expect(page.get_by_text(re.compile("5 calls will be sent"))).to_be_visible()
    assert received(app) == []
    page.get_by_role("button", name="Allow").first.click()  # the customer's account number is asked about
    page.get_by_role("button", name=re.compile("Send all 5")).click()
    expect(page.get_by_text(re.compile("Submission 1 is done"))).to_be_visible(timeout=180_000)

    # outcomes: a chart, and the table behind it
    page.get_by_role("link", name=re.compile("^Outcomes")).first.click()
    page.wait_for_url(re.compile("/outcomes"))
    expect(page.get_by_text("5 accepted").first).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()

    # the sandbox received the edited payloads, and nothing else
    arrived = {call["conversation_id"]: call["payload"] for call in received(app)}
    wanted = {payload["conversation_id"]: payload for row, payload in batch.payloads(range(2, 7))}
    assert arrived == wanted
    assert len(received(app)) == 5
    assert {row for row, payload in batch.payloads() if payload != before[row]} == {2}
    assert batch.counts()["accepted"] == 5
    assert "Traceback" not in app.log.read_text()


@pytest.mark.parametrize("path", ["", "load", "review", "submit", "outcomes"])
def test_every_page_opens_by_its_own_address_on_a_fresh_server(page: Page, app: App, path: str) -> None:
    page.goto(f"{app.url}/{path}")
    expect(page.get_by_text("Reddy workbench").first).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^Submit"))).to_be_visible()
    expect(page.get_by_text("Sandbox").first).to_be_visible()
    assert page.locator('[data-testid="stException"]').count() == 0
    assert "Traceback" not in app.log.read_text()
