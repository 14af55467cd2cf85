"""Editing calls in a real browser, where tables are canvases: each edit lands on the line that was clicked, once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

import reddy_lib as reddy
from reddy_lib.batches.differences import differences
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from tests.browser.conftest import App

ROOT = Path(__file__).resolve().parents[2]
HEADER = 32  # pixels: the header row of a grid
ROW = 31
CALL = 66  # of the list of calls
MENU, ROLE, TEXT = 52, 190, 290  # pixels from the left of the table of lines
TICK, AGENT = 17, 275  # and of the list of calls


@pytest.fixture
def batch(app: App) -> reddy.Batch:
    with reddy.Ledger(app.ledger) as ledger:
        products = [dict(product) for product in DEFAULT_PRODUCTS]
        return ledger.load(ROOT / "data" / "labelled_text.csv", products=products, progress=False)


def review(page: Page, app: App, batch: reddy.Batch, row: int) -> Locator:
    """The page with one call open; gives the table of its lines."""
    page.goto(f"{app.url}/review?batch={batch.id}&row={row}")
    expect(page.get_by_text(f"Row {row}", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Lines").click()
    lines = page.locator('[data-testid="stDataFrame"]').nth(1)
    expect(lines).to_be_visible()
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    return lines


def until(holds: Callable[[], bool], what: Callable[[], Any]) -> None:
    """The page stores an edit a moment after the key is pressed."""
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end, what()
        time.sleep(0.05)


def stored_and_shown(lines: Locator, batch: reddy.Batch, row: int, wanted: list[str]) -> None:
    """The ledger has these lines, and the table has been drawn with them: what a person would wait for."""
    until(lambda: texts(batch, row) == wanted, lambda: texts(batch, row))
    for number, text in enumerate(wanted[:5]):
        expect(lines.get_by_test_id(f"glide-cell-5-{number}")).to_have_text(text)


def type_into(page: Page, table: Locator, *, x: float, line: int, text: str) -> None:
    table.dblclick(position={"x": x, "y": HEADER + ROW * (line - 1) + ROW / 2})
    cell = page.locator("#portal textarea, #portal input").first
    expect(cell).to_be_visible()
    cell.fill(text)
    expect(cell).to_have_value(text)
    cell.press("Enter")
    expect(cell).to_be_hidden()


def choose_from_menu(page: Page, table: Locator, *, line: int, label: str) -> None:
    item = page.get_by_role("menuitem").filter(has_text=label)
    for _ in range(5):  # a table that is just being drawn anew does not hear a click
        table.click(position={"x": MENU, "y": HEADER + ROW * (line - 1) + ROW / 2})
        try:
            item.wait_for(timeout=20_000)
        except TimeoutError:
            continue
        item.click()
        return
    pytest.fail(f"the menu of line {line} did not open")


def texts(batch: reddy.Batch, row: int) -> list[str]:
    return [line.text for line in batch.call(row).transcript or ()]


def test_edits_one_after_the_other_change_exactly_the_lines_that_were_clicked(
    page: Page, app: App, batch: reddy.Batch
) -> None:
    before = batch.call(3)
    wanted = texts(batch, 3)
    lines = review(page, app, batch, 3)
    for line, text in (
        (2, "First edit."),
        (3, "Second edit."),
        (4, "Third edit."),
        (2, "First edit, again."),
    ):
        type_into(page, lines, x=TEXT, line=line, text=text)
        wanted[line - 1] = text
        stored_and_shown(lines, batch, 3, wanted)
    assert len(batch.edits(3)) == 4
    assert str(differences(before, batch.call(3))) == "line 2 text · line 3 text · line 4 text"
    assert batch.rows(edited=True) == [3]
    expect(page.get_by_text("Changed: line 2 text · line 3 text · line 4 text")).to_be_visible()

    bring_back = page.get_by_role("button", name="Restore what the sheet said")
    for _ in range(4):  # a button that is just being drawn anew does not hear a click
        bring_back.click()
        end = time.monotonic() + 30
        while batch.call(3) != before and time.monotonic() < end:
            time.sleep(0.05)
        if batch.call(3) == before:
            break
    assert batch.call(3) == before, texts(batch, 3)
    expect(page.get_by_text("Changed:")).to_have_count(0)

    # the table shows what the sheet said again, and edits go on from there
    type_into(page, lines, x=TEXT, line=4, text="After bringing back.")
    until(lambda: texts(batch, 3)[3] == "After bringing back.", lambda: texts(batch, 3))
    assert str(differences(before, batch.call(3))) == "line 4 text"


def test_lines_are_added_and_deleted_where_the_menu_was_opened_and_edits_follow(
    page: Page, app: App, batch: reddy.Batch
) -> None:
    wanted = texts(batch, 4)
    lines = review(page, app, batch, 4)
    choose_from_menu(page, lines, line=2, label="Insert line below")
    wanted.insert(2, "")
    stored_and_shown(lines, batch, 4, wanted)
    assert batch.info(4)["status"] == "held"

    type_into(page, lines, x=TEXT, line=3, text="What was said in between.")
    wanted[2] = "What was said in between."
    stored_and_shown(lines, batch, 4, wanted)

    choose_from_menu(page, lines, line=2, label="Delete line")
    del wanted[1]
    stored_and_shown(lines, batch, 4, wanted)

    choose_from_menu(page, lines, line=2, label="Move down")
    wanted[1], wanted[2] = wanted[2], wanted[1]
    stored_and_shown(lines, batch, 4, wanted)

    type_into(page, lines, x=TEXT, line=2, text="Edited after moving.")
    wanted[1] = "Edited after moving."
    stored_and_shown(lines, batch, 4, wanted)


def test_ticks_stay_with_their_calls_when_the_list_changes_under_them(
    page: Page, app: App, batch: reddy.Batch
) -> None:
    """The third line of one list is another call than the third of the next: a tick must not jump to it."""
    review(page, app, batch, 2)
    calls = page.locator('[data-testid="stDataFrame"]').first
    for position, count in ((1, 1), (3, 2)):
        calls.click(position={"x": TICK, "y": HEADER + CALL * position + CALL / 2})
        expect(page.get_by_role("button", name=re.compile(f"Send {count} of {count} ticked"))).to_be_visible()
    search = page.get_by_placeholder(re.compile("^Search"))
    agent = batch.call(2).agent_email or ""
    found = batch.rows(search=agent)
    assert found[:2] != [3, 5]
    search.fill(agent)
    search.press("Enter")
    expect(page.get_by_text(f"of {len(found)}", exact=False).first).to_be_visible()
    another = next(row for row in found if row not in (3, 5))
    calls.click(position={"x": TICK, "y": HEADER + CALL * found.index(another) + CALL / 2})
    expect(page.get_by_role("button", name=re.compile("Send 3 of 3 ticked"))).to_be_visible()
    page.get_by_role("button", name=re.compile("Send 3 of 3")).click()
    page.wait_for_url(re.compile("/submit"))
    expect(page.get_by_text(re.compile("3 calls will be sent"))).to_be_visible()

    # back again: a click on a cell opens that call and ticks nothing
    page.get_by_role("link", name=re.compile("^Review")).first.click()
    expect(page.get_by_role("button", name=re.compile("Send 3 of 3 ticked"))).to_be_visible()
    expect(search).to_have_value(agent)
    calls.click(position={"x": AGENT, "y": HEADER + CALL * 1 + CALL / 2})
    expect(page.get_by_text(f"Row {found[1]}", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Send 3 of 3 ticked"))).to_be_visible()


def test_one_product_is_set_for_all_ticked_calls_after_a_question(
    page: Page, app: App, batch: reddy.Batch
) -> None:
    review(page, app, batch, 2)
    calls = page.locator('[data-testid="stDataFrame"]').first
    for position in range(3):
        calls.click(position={"x": TICK, "y": HEADER + CALL * position + CALL / 2})
        expect(page.get_by_role("button", name=re.compile(f"of {position + 1} ticked"))).to_be_visible()
    products = {row: batch.call(row).product_id for row in batch.rows()}
    target = next(p["id"] for p in DEFAULT_PRODUCTS if p["id"] not in {products[row] for row in (2, 3, 4)})
    name = next(p["name"] for p in DEFAULT_PRODUCTS if p["id"] == target)
    page.get_by_role("button", name=re.compile("Edit 3$")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name=re.compile("^Product")).click()
    page.get_by_role("option", name=re.compile(f"^{re.escape(str(name))} ·")).click()
    expect(dialog.get_by_text("This changes 3 of 3 calls.")).to_be_visible()
    assert {row: batch.call(row).product_id for row in batch.rows()} == products
    dialog.get_by_role("button", name="Change 3 calls").click()
    expect(dialog).to_have_count(0)
    until(lambda: batch.count(product=target, rows=[2, 3, 4]) == 3, lambda: batch.count(product=target))
    after = {row: batch.call(row).product_id for row in batch.rows()}
    assert {row for row in products if after[row] != products[row]} == {2, 3, 4}
