"""Every download of the app, clicked in a real browser: it arrives, and is what it says it is."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, expect
from python_calamine import CalamineWorkbook

import reddy_lib as reddy
from reddy_lib.ledger.sending import Submission, create, exchange, new_worker
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from tests.browser.conftest import App
from tests.test_ledger_sending import answer


def is_csv(content: bytes) -> None:
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [(row["row"], row["status"]) for row in rows] == [
        ("2", "accepted"),
        ("3", "rejected"),
        ("4", "accepted"),
    ]


def is_xlsx(content: bytes) -> None:
    head, *rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    status = head.index("status")
    assert [row[status] for row in rows] == ["accepted", "rejected", "accepted"]


def is_evidence(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("manifest.json"))["counts"] == {"accepted": 2, "rejected": 1}
        assert len(archive.read("requests.jsonl").splitlines()) == 3
        assert b"I lost my card." in archive.read("accepted.csv")


def is_profile(content: bytes) -> None:
    profile = json.loads(content)
    assert "Agent Email" in profile["columns"]
    assert profile["mapping"]["fields"]["agent_email"] == "Agent Email"


DOWNLOADS: dict[str, tuple[str, str, Callable[[bytes], None]]] = {
    "outcomes-csv": ("outcomes", ".csv", is_csv),
    "outcomes-xlsx": ("outcomes", ".xlsx", is_xlsx),
    "evidence": ("outcomes", ".zip", is_evidence),
    "mapping": ("load", ".profile.json", is_profile),
    "profile": ("load", ".profile.json", is_profile),
}
"""Name of each download → its page, its ending, what to look for in it. `test_ui_downloads` fails where one is missing."""


@pytest.fixture
def sent(app: App, sheet: Callable[..., Path]) -> Submission:
    """Three calls, sent by nobody's hand: two accepted, one rejected."""
    with reddy.Ledger(app.ledger) as ledger:
        products = [dict(product) for product in DEFAULT_PRODUCTS]
        batch = ledger.load(sheet(3), products=products, progress=False)
        submission = create(ledger, batch.id, address="sandbox", token_source="elsewhere")
        worker = new_worker(ledger)
        claims = exchange(ledger, submission.id, 0, worker, want=3).claims
        results = [
            answer(one, status)
            for one, status in zip(claims, ("accepted", "rejected", "accepted"), strict=True)
        ]
        exchange(ledger, submission.id, 0, worker, results=results, want=0)
        submission.finish_if_settled()
        return submission


def clicked(page: Page, name: str) -> Download:
    """Click a download. Its link opens a tab of its own, which is where the file arrives."""
    link = page.locator(f"[class*='st-key-download-{name}']").get_by_role("link").first
    expect(link).to_be_visible()
    found: list[Download] = []

    def keep(download: Download) -> None:
        found.append(download)

    page.context.on("page", lambda tab: tab.on("download", keep))
    page.on("download", keep)
    link.click()
    for _ in range(1800):
        if found:
            return found[0]
        page.wait_for_timeout(50)
    pytest.fail(f"{name}: nothing arrived")


def test_every_download_arrives_and_can_be_opened(
    page: Page, app: App, sent: Submission, sheet: Callable[..., Path]
) -> None:
    with reddy.Ledger(app.ledger) as ledger:
        batch_id = ledger.submission(sent.id).record().batch_id
    page.goto(f"{app.url}/outcomes?batch={batch_id}&submission={sent.id}")
    at = "outcomes"
    for name, (where, ending, looks_right) in DOWNLOADS.items():
        if where != at:
            at = where
            page.goto(f"{app.url}/load")
            page.set_input_files('input[type="file"]', sheet(3))
            # stored, so that its mapping is a kept profile
            page.get_by_role("button", name="Store 3 calls").click()
            page.wait_for_url(re.compile("/review"))
            page.goto(f"{app.url}/load")
            page.set_input_files('input[type="file"]', sheet(3))
            page.get_by_role("button", name="Profiles").click()
        arrived = clicked(page, name)
        assert arrived.failure() is None, name
        assert arrived.suggested_filename.endswith(ending), name
        looks_right(Path(arrived.path()).read_bytes())
    assert "Traceback" not in app.log.read_text()


def test_a_link_of_a_session_that_is_over_says_so_in_words(page: Page, app: App) -> None:
    page.goto(f"{app.url}/download/of-yesterday")
    expect(page.get_by_text("This download link is no longer known")).to_be_visible()
