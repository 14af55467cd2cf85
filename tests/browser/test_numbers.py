"""What a person sees while calls are sent: numbers that agree, and a page that is not drawn anew under her hands."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Page, expect

import reddy_lib as reddy
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from reddy_lib.sending.submission import create
from tests.browser.conftest import App
from tests.browser.test_review_editing import ROOT
from tests.pages.test_numbers import Sender

SHOWN = """() => {
    const text = (selector) => [...document.querySelectorAll(selector)].map((found) => found.textContent)
    const grid = [...document.querySelectorAll('[data-testid="stDataFrame"] table')].find(
        (found) => found.textContent.includes('Accepted'))
    const names = grid ? [...grid.querySelectorAll('[role="columnheader"]')].map((one) => one.textContent) : []
    const cells = grid ? [...grid.querySelectorAll('[role="gridcell"]')].map((one) => one.textContent) : []
    return {
        card: document.querySelector('[data-testid="stMain"]').innerText.match(/([0-9]+) accepted/)?.[1] ?? '0',
        table: cells[names.indexOf('Accepted')] ?? '',
        outside: text('[data-testid="stSidebar"] a').concat(text('[data-testid="stButtonGroup"]')).join(' '),
        running: document.querySelector('[data-testid="stApp"]')?.getAttribute('data-test-script-state') ?? '',
    }
}"""


def settled(page: Page) -> dict[str, Any]:
    """What the page shows once its parts have arrived: a browser draws them one after the other.

    A pause between two of them may be long on a busy machine: nothing counts while a script is running.
    """
    end = time.monotonic() + 60
    before: dict[str, Any] = {}
    while (now := page.evaluate(SHOWN)) != before or now["running"] == "running":
        assert time.monotonic() < end, now
        before = now
        page.wait_for_timeout(250)
    return {name: shown for name, shown in now.items() if name != "running"}


def test_the_card_the_table_and_the_menu_agree_and_typing_is_not_disturbed(page: Page, app: App) -> None:
    with reddy.Ledger(app.ledger) as ledger:
        products = [dict(product) for product in DEFAULT_PRODUCTS]
        batch = ledger.load(ROOT / "data" / "labelled_text.csv", products=products, progress=False)
        submission = create(
            ledger,
            batch.id,
            address="http://localhost:9",
            token_source="notebook",
            rows=list(range(2, 30)),
            ramp=False,
        )
        sender = Sender(submission)
        sender.send_one()
        page.goto(f"{app.url}/submit?batch={batch.id}")
        page.get_by_role("tab", name="Submissions of this batch").click()
        expect(page.get_by_text("1 accepted").first).to_be_visible()
        page.get_by_role("button", name="Settings").click()
        field = page.get_by_role("spinbutton", name="Calls in flight at once")
        field.fill("")
        outside = settled(page)["outside"]
        assert "being sent" in outside

        seen = []
        for letter in "12":
            field.press(letter)
            for _ in range(4):
                sender.send_one()
                sender.send_one()
                page.wait_for_timeout(700)
                seen.append(settled(page))
        assert len({one["card"] for one in seen}) > 2, "it follows"
        assert [one for one in seen if one["card"] != one["table"]] == []
        assert {one["outside"] for one in seen} == {outside}
        expect(field).to_be_focused()
        assert field.input_value() == "12"

        while submission.counts()["queued"]:
            sender.send_one()
        submission.finish_if_settled()
        expect(page.get_by_text("Submission 1 is done")).to_be_visible()
        expect(
            page.get_by_test_id("stSidebar").get_by_text(f"{batch.counts()['ready']} ready")
        ).to_be_visible()
        assert "Traceback" not in app.log.read_text()


def test_the_dialog_about_calls_in_doubt_stays_open_while_the_page_follows(page: Page, app: App) -> None:
    with reddy.Ledger(app.ledger) as ledger:
        products = [dict(product) for product in DEFAULT_PRODUCTS]
        batch = ledger.load(ROOT / "data" / "labelled_text.csv", products=products, progress=False)
        sender = Sender(
            create(ledger, batch.id, address="http://localhost:9", token_source="notebook", ramp=False)
        )
        for _ in range(4):
            sender.send_one()
        page.goto(f"{app.url}/outcomes?batch={batch.id}")
        page.get_by_role("button", name="Clear the doubt").click()
        expect(page.get_by_role("button", name="Choose all 1")).to_be_visible()
        for _ in range(4):
            sender.send_one()
        expect(page.get_by_text("4 accepted").first).to_be_visible()
        expect(page.get_by_text("2 in doubt").first).to_be_visible()
        expect(page.get_by_role("button", name="Choose all 1")).to_be_visible()
        assert "Traceback" not in app.log.read_text()
