"""The demo as a guest sees it, and the report of all batches on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import app_server
from tests.app_server import free_port


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app on an empty ledger, asked for a demo."""
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    app = app_server.start_app(folder / "ledger.sqlite", folder / "log", port, REDDY_DEMO="1")
    yield f"http://localhost:{port}"
    app_server.stop(app)


def test_a_demo_from_load_to_paper_and_again(page: Page, url: str, tmp_path: Path) -> None:
    page.goto(f"{url}/load")
    page.get_by_role("button", name="Show me a demo").click()
    page.wait_for_url("**/review**")
    page.get_by_role("link", name="Submit").click()
    page.get_by_role("button", name="Allow").first.click()  # personal data of the samples is asked about
    page.get_by_role("button", name="Send one to try").click()
    expect(page.get_by_text("1 accepted").first).to_be_visible()
    expect(page.get_by_text("Demo · 1 of 8")).to_be_visible()

    page.get_by_role("button", name="Faults").click()
    page.get_by_role("button", name=re.compile("Lost answer")).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("Send all")).click()
    expect(page.get_by_text("1 unknown").first).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the submission").click()
    expect(page.get_by_text("was cancelled")).to_be_visible()

    page.get_by_role("link", name=re.compile("^Outcomes")).first.click()
    page.get_by_text("All batches", exact=True).click()
    page.get_by_role("button", name="1 in doubt").click()
    expect(page.get_by_role("heading", name="1 call")).to_be_visible()
    assert "status=unknown" in page.url
    page.get_by_role("button", name="Print", exact=True).click()
    expect(page.get_by_role("heading", name="Outcomes of calls")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.get_by_role("button", name="Back")).to_be_hidden()
    sheet = page.locator(".report").bounding_box()
    assert sheet is not None
    assert sheet["x"] < 20  # the whole width of the paper
    paper = tmp_path / "outcomes.pdf"
    page.pdf(path=paper, prefer_css_page_size=True)
    assert (
        len(re.findall(rb"/Type\s*/Page\b(?!s)", paper.read_bytes())) >= 2
    )  # it goes on after the first page
    page.emulate_media(media="screen")

    page.get_by_role("button", name="Back").click()
    page.get_by_role("button", name="Start again").click()
    expect(page.get_by_role("link", name=re.compile("37 ready"))).to_be_visible()
    page.get_by_role("link", name=re.compile("^Submit")).first.click()
    page.get_by_text("What the sandbox received").click()
    expect(page.get_by_text("The sandbox received 0 calls.")).to_be_visible()
