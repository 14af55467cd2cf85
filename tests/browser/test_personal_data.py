"""All card numbers of 175 calls: masked, seen in the conversation, restored, masked again, sent; and the evidence."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

import reddy_lib as reddy
from tests import app_server
from tests.app_server import free_port
from tests.browser.conftest import App

CALLS = 175
CARD = "4111 1111 1111 1111"
SAID = (
    "Agent: Could I have the card number?\nCustomer: It is " + CARD + ".\n"
    "Agent: And the security code on the back?\nCustomer: 836\nAgent: Thank you, Mrs Whitcombe."
)
MOST_CLICKS = 6


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("app")
    port = free_port()
    process = app_server.start_app(folder / "ledger.sqlite", folder / "app.log", port)
    yield App(f"http://localhost:{port}", str(folder / "ledger.sqlite"), folder / "app.log")
    app_server.stop(process)


@pytest.fixture
def batch(app: App) -> reddy.Batch:
    frame = pd.DataFrame(
        {
            "conversation_id": [f"c{number}" for number in range(CALLS)],
            "agent_email": ["ann@cedarline.example"] * CALLS,
            "product_id": [1] * CALLS,
            "timestamp": [1_790_000_000 + 60 * number for number in range(CALLS)],
            "transcript": [SAID] * CALLS,
        }
    )
    with reddy.Ledger(app.ledger) as ledger:
        return ledger.load(frame, name="calls", progress=False)


class Clicks:
    """Clicks that are counted."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, what: Locator) -> None:
        self.count += 1
        what.first.click()


def test_cards_are_masked_restored_masked_again_and_sent(
    page: Page, app: App, batch: reddy.Batch, tmp_path: Path
) -> None:
    click = Clicks()
    page.goto(f"{app.url}/review?batch={batch.id}&panel=personal")
    click(page.get_by_role("button", name=f"Look through {CALLS} calls"))
    click(page.get_by_role("button", name=f"Mask in {CALLS}").first)
    expect(page.get_by_role("button", name=f"Look through {CALLS} calls")).to_be_visible()
    assert click.count <= MOST_CLICKS
    assert not any(CARD in line.text for call in batch for line in call.transcript or ())

    # in the conversation, and back again
    page.goto(f"{app.url}/review?batch={batch.id}&row=2")
    expect(page.locator(".turn .words").nth(1)).to_have_text("It is [card number].")
    expect(page.locator(".turn .words").nth(3)).to_have_text("836")
    page.get_by_role("button", name=re.compile("History")).first.click()
    page.get_by_role("button", name=re.compile("Undo")).first.click()
    expect(page.locator(".turn .words").nth(1)).to_have_text(f"It is {CARD}.")
    page.get_by_role("button", name=re.compile("History")).first.click()
    page.get_by_role("button", name=re.compile("Redo")).first.click()
    expect(page.locator(".turn .words").nth(1)).to_have_text("It is [card number].")

    # a name that no finder knows, selected by hand
    words = page.locator(".turn .words").nth(4)
    words.dblclick(position={"x": 120, "y": 8})
    page.get_by_role("button", name=re.compile("^Mask")).click()
    expect(words).to_contain_text("[masked]")

    # sent: security codes are masked by the rule, without a word
    page.goto(f"{app.url}/submit?batch={batch.id}")
    expect(page.get_by_text(f"{CALLS} card numbers masked in {CALLS} calls")).to_be_visible()
    expect(page.get_by_text(f"{CALLS} security codes will be masked")).to_be_visible()
    page.get_by_role("button", name=f"Send all {CALLS}").click()
    expect(page.get_by_text(re.compile("Submission 1 is done"))).to_be_visible(timeout=180_000)
    received = Path(app.ledger).with_name("sandbox-received.jsonl").read_text()
    assert CARD not in received
    assert "836" not in re.sub(r'"(timestamp|received_at)":[\d.]+', "", received)

    # the evidence says what was masked
    with reddy.Ledger(app.ledger) as ledger:
        written = reddy.evidence(ledger.submissions()[0], tmp_path)
    with zipfile.ZipFile(written) as archive:
        told = json.loads(archive.read("manifest.json"))["personal_data"]
        assert CARD not in archive.read("requests.jsonl").decode()
    assert told["masked"]["card"] == told["masked"]["cvv"] == told["calls_masked"] == CALLS
    assert "Traceback" not in app.log.read_text()
