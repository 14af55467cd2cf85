"""The conversation in a real browser: read, corrected where one clicks, stored once, on the very turn."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

import reddy_lib as reddy
from reddy_lib.batches import edits as editing
from tests import app_server
from tests.app_server import free_port
from tests.browser.conftest import App

WORDS = "I would like to know where my card is and when the new one comes"


def lines(count: int) -> str:
    said = [
        {
            "role": ("agent", "customer")[number % 2],
            "text": f"Turn {number + 1}. {WORDS}.",
            "start": number * 4.0,
            "stop": number * 4.0 + 3.5,
        }
        for number in range(count)
    ]
    return msgspec.json.encode(said).decode()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One for all tests here: each has a batch of its own."""
    folder = tmp_path_factory.mktemp("app")
    port = free_port()
    process = app_server.start_app(folder / "ledger.sqlite", folder / "app.log", port)
    yield App(f"http://localhost:{port}", str(folder / "ledger.sqlite"), folder / "app.log")
    app_server.stop(process)


@pytest.fixture
def batch(app: App) -> reddy.Batch:
    frame = pd.DataFrame(
        {
            "conversation_id": ["short", "long", "empty"],
            "agent_email": ["ann@cedarline.example"] * 3,
            "product_id": [1, 1, 1],
            "timestamp": [1_790_000_000, 1_790_000_600, 1_790_001_200],
            "transcript": [lines(6), lines(400), ""],
        }
    )
    with reddy.Ledger(app.ledger) as ledger:
        return ledger.load(frame, name="calls", progress=False)


def opened(page: Page, app: App, batch: reddy.Batch, row: int = 2, more: str = "") -> Locator:
    page.goto(f"{app.url}/review?batch={batch.id}&row={row}{more}")
    turns = page.locator(".turn")
    expect(turns.first).to_be_visible()
    return turns


def texts(batch: reddy.Batch, row: int = 2) -> list[str]:
    return [line.text for line in batch.call(row).transcript or ()]


def until(holds: Callable[[], bool], what: Callable[[], Any]) -> None:
    end = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < end, what()
        time.sleep(0.05)


def stored(page: Page) -> None:
    """Every edit is confirmed."""
    expect(page.locator(".told")).not_to_contain_text("Storing")


def test_a_word_is_corrected_where_one_clicks_with_four_keys_and_the_word(
    page: Page, app: App, batch: reddy.Batch
) -> None:
    turns = opened(page, app, batch)
    keys: list[str] = []
    page.on("console", lambda message: keys.append(message.text) if message.text.startswith("key ") else None)
    page.evaluate("addEventListener('keydown', (event) => console.log(`key ${event.key}`), true)")
    words = turns.nth(2).locator(".words")
    words.dblclick(
        position={"x": 9, "y": 9}
    )  # a double click chooses the word under the mouse, as in any editor
    page.keyboard.type("Part ")
    page.keyboard.press("Enter")
    until(lambda: texts(batch)[2].startswith("Part"), lambda: texts(batch))
    assert texts(batch)[2].endswith(WORDS + ".")
    assert texts(batch)[:2] == [f"Turn 1. {WORDS}.", f"Turn 2. {WORDS}."]
    assert len(batch.operations()) == 1
    until(lambda: "key Enter" in keys, lambda: keys)
    assert len(keys) - len("Part ") <= 4


def test_six_edits_faster_than_the_page_arrive_each_on_its_turn(
    page: Page, app: App, batch: reddy.Batch
) -> None:
    turns = opened(page, app, batch)
    for number in range(6):
        turns.nth(number).locator(".words").click()
        page.keyboard.press("Control+End")
        page.keyboard.type(f" [{number}]")
        page.keyboard.press("Enter")
    wanted = {f"[{number}]" for number in range(6)}
    until(
        lambda: {part for text in texts(batch) for part in text.split() if part.startswith("[")} == wanted,
        lambda: texts(batch),
    )
    assert all(f"[{number}]" in text for number, text in enumerate(texts(batch)))
    stored(page)
    assert len(batch.operations()) == 6


def test_turns_are_split_merged_swapped_and_deleted_by_buttons_and_keys(
    page: Page, app: App, batch: reddy.Batch
) -> None:
    turns = opened(page, app, batch)
    turns.nth(0).locator(".words").click()
    page.keyboard.press("Control+Home")
    for _ in range(len("Turn 1.")):
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Split").click()
    expect(turns).to_have_count(7)
    assert texts(batch)[:2] == ["Turn 1.", f"{WORDS}."]
    turns.nth(0).locator(".who").click()
    page.keyboard.press("m")
    expect(turns).to_have_count(6)
    assert texts(batch)[0] == f"Turn 1. {WORDS}."
    turns.nth(1).locator(".who").click()
    page.keyboard.press("r")
    until(lambda: (batch.call(2).transcript or [])[1].role == "agent", lambda: batch.call(2))
    stored(page)
    page.keyboard.press("Delete")
    expect(turns).to_have_count(5)
    page.get_by_role("button", name="Swap sides of the call").click()
    until(lambda: (batch.call(2).transcript or [])[0].role == "customer", lambda: batch.call(2))


def test_what_is_typed_while_the_app_is_away_is_stored_once_it_is_back(page: Page, tmp_path: Path) -> None:
    location, log, port = tmp_path / "ledger.sqlite", tmp_path / "app.log", free_port()
    frame = pd.DataFrame({"conversation_id": ["c"], "transcript": [lines(4)]})
    with reddy.Ledger(location) as ledger:
        batch = ledger.load(frame, progress=False)
    process = app_server.start_app(location, log, port)
    try:
        turns = opened(page, App(f"http://localhost:{port}", str(location), log), batch)
        process.kill()
        process.wait()
        turns.nth(1).locator(".words").click()
        page.keyboard.press("Control+End")
        page.keyboard.type(" typed offline")
        page.keyboard.press("Enter")
        expect(page.locator(".told")).to_contain_text("Storing 1 edit")
    finally:
        app_server.stop(process)
    process = app_server.start_app(location, log, port)
    try:
        until(lambda: texts(batch)[1].endswith("typed offline"), lambda: texts(batch))
        assert len(batch.operations()) == 1
    finally:
        app_server.stop(process)


def test_somebody_elses_change_of_the_turn_is_shown_and_what_was_typed_is_kept(
    page: Page, app: App, batch: reddy.Batch
) -> None:
    turns = opened(page, app, batch)
    turns.nth(1).locator(".words").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" mine")
    batch.change(2, lambda call: editing.with_line_cells(call, {2: {"text": "theirs"}}), who="bob")
    page.keyboard.press("Enter")
    conflict = page.locator(".conflict")
    expect(conflict).to_contain_text("was changed by bob")
    expect(conflict.locator(".typed")).to_have_text(f"Turn 2. {WORDS}. mine")
    assert texts(batch)[1] == "theirs"
    conflict.get_by_role("button", name="Dismiss").click()
    expect(conflict).to_have_count(0)


def test_a_change_of_somebody_else_does_not_disturb_what_is_being_typed(
    page: Page, app: App, batch: reddy.Batch
) -> None:
    turns = opened(page, app, batch)
    words = turns.nth(3).locator(".words")
    words.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" half")
    batch.change(2, lambda call: editing.delete_lines(call, [1]), who="bob")
    expect(turns).to_have_count(5)  # their change is drawn by itself
    page.keyboard.type(" done")
    page.keyboard.press("Enter")
    until(lambda: texts(batch)[2] == f"Turn 4. {WORDS}. half done", lambda: texts(batch))


def test_four_hundred_turns_scroll_in_their_own_box_down_to_the_end_of_the_window(
    page: Page, app: App, batch: reddy.Batch
) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    turns = opened(page, app, batch, row=3)
    expect(turns).to_have_count(400)
    box = page.locator(".turns").bounding_box()
    assert box is not None
    assert box["height"] > 300
    assert box["y"] + box["height"] <= 800
    turns.nth(399).scroll_into_view_if_needed()
    expect(turns.nth(399)).to_be_in_viewport()


def test_hits_of_the_search_are_marked_and_the_first_one_is_in_sight(
    page: Page, app: App, batch: reddy.Batch
) -> None:
    turns = opened(page, app, batch, row=3, more="&search=%22Turn%20300%22")
    marks = page.locator("mark.hit")
    expect(marks).to_have_count(1)
    expect(marks).to_have_text("Turn 300")
    expect(marks).to_be_in_viewport()
    assert turns.count() == 400


def test_quick_presses_of_a_key_or_a_button_are_all_counted(page: Page, app: App) -> None:
    ids = [f"call {number}" for number in range(12)]
    with reddy.Ledger(app.ledger) as ledger:
        many = ledger.load(
            pd.DataFrame({"conversation_id": ids, "transcript": [lines(2)] * 12}), progress=False
        )
    opened(page, app, many)
    for _ in range(5):
        page.keyboard.press("Alt+j")
    expect(page.get_by_text("Row 7", exact=True)).to_be_visible()
    page.locator(f".st-key-review-{many.id}-after button").first.evaluate(
        "button => { for (let n = 0; n < 5; n++) button.click() }"
    )
    expect(page.get_by_text("Row 12", exact=True)).to_be_visible()
    for _ in range(7):
        page.keyboard.press("Alt+k")
    expect(page.get_by_text("Row 5", exact=True)).to_be_visible()


def test_what_is_typed_when_the_page_is_left_is_stored_and_one_press_of_back_leads_to_it(
    page: Page, app: App, batch: reddy.Batch
) -> None:
    turns = opened(page, app, batch, row=3, more="&filter=status:ready,held&facets=shown")
    turns.nth(0).locator(".words").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Before the end")
    with page.expect_event("dialog") as asking:
        page.close(run_before_unload=True)
    assert asking.value.type == "beforeunload"
    asking.value.dismiss()  # the person stays
    expect(turns.first).to_contain_text("Before the end")
    stored(page)
    until(lambda: texts(batch, 3)[0].endswith(" Before the end"), lambda: texts(batch, 3)[0])
    before = page.url
    turns.nth(0).locator(".words").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" and before Submit")
    page.get_by_role("link", name=re.compile("^Submit")).click()
    page.wait_for_url(re.compile("/submit"))
    until(lambda: texts(batch, 3)[0].endswith(" and before Submit"), lambda: texts(batch, 3)[0])
    expect(page.get_by_role("heading", name="Submit")).to_be_visible()
    page.go_back()
    expect(turns.first).to_contain_text("and before Submit")
    assert page.url == before
    page.locator(f".st-key-review-{batch.id}-send button").click()
    page.wait_for_url(re.compile("/submit"))
    expect(page.get_by_role("heading", name="Submit")).to_be_visible()
    page.go_back()
    page.wait_for_url(re.compile("/review"))
    expect(turns.first).to_contain_text("and before Submit")


def test_keys_go_on_from_an_open_turn_and_from_a_call_without_turns(
    page: Page, app: App, batch: reddy.Batch
) -> None:
    turns = opened(page, app, batch, row=3)
    turns.nth(0).locator(".words").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" More")
    page.keyboard.press("Alt+j")  # stores what was typed
    expect(page.get_by_text("Row 4", exact=True)).to_be_visible()
    until(lambda: texts(batch, 3)[0].endswith(" More"), lambda: texts(batch, 3)[0])
    expect(page.locator(".turns")).to_be_focused()
    page.keyboard.press("k")
    expect(page.get_by_text("Row 3", exact=True)).to_be_visible()
    expect(turns.nth(0).locator(".words")).to_contain_text(" More")
