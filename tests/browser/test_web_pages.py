"""What a browser asks for, keeps and refuses on the workbench's pages."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

import reddy_lib as reddy
from tests.browser.conftest import App
from tests.conftest import PRODUCTS
from tests.recording_files import turns, wav_bytes

TOKEN = "typed-in-and-never-seen-again-7c1e"


class Watched:
    """Requests that left this machine, and complaints about the policy, of all pages of a context."""

    def __init__(self, context: BrowserContext) -> None:
        self.requests: list[str] = []
        self.refused: list[str] = []
        context.on("request", self._asked)
        context.on("console", lambda said: self._said(said.text))

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)

    def _said(self, text: str) -> None:
        if "Content Security Policy" in text or "Refused to" in text:
            self.refused.append(text)

    @property
    def outside(self) -> list[str]:
        places = {urlsplit(url).hostname for url in self.requests if url.startswith(("http", "ws"))}
        return sorted(str(place) for place in places - {"localhost", "127.0.0.1"})


def test_no_page_asks_another_server_and_all_of_it_works_under_the_policy(
    page: Page, app: App, sheet: Callable[..., Path], tmp_path: Path
) -> None:
    watched = Watched(page.context)
    page.goto(app.url)  # an upload, grids, a table that can be edited
    page.locator("input[type=file]").first.set_input_files(sheet(12))
    page.get_by_role("button", name=re.compile("^Store 12 calls")).click()
    page.wait_for_url(re.compile("/review"))
    expect(page.locator('[data-testid="stDataFrame"]').first).to_be_visible()

    page.get_by_role("button", name="Recordings").click()
    (tmp_path / "call.wav").write_bytes(wav_bytes(*turns(4)))
    page.locator("input[type=file]").first.set_input_files(tmp_path / "call.wav")
    expect(page.get_by_text(re.compile("1 recording kept on this server"))).to_be_visible()
    page.keyboard.press("Escape")

    page.get_by_role("link", name=re.compile("^Submit")).click()
    page.wait_for_url(re.compile("/submit"))
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_text("Nothing leaves this machine.")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^Send all")).click()
    expect(page.get_by_text(re.compile("Submission 1 is done"))).to_be_visible(timeout=60_000)
    page.get_by_role("tab", name="What the sandbox received").click()
    page.get_by_role("button", name="See them").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all as JSON").click()
    assert b"agent_email" in download.value.path().read_bytes()
    page.keyboard.press("Escape")

    page.get_by_role("link", name=re.compile("^Outcomes")).first.click()
    page.wait_for_url(re.compile("/outcomes"))
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.locator(".js-plotly-plot").first.hover()
    assert watched.outside == []
    assert watched.refused == []
    assert len(watched.requests) > 50
    assert "Traceback" not in app.log.read_text()


def test_another_site_cannot_frame_the_workbench(page: Page, app: App) -> None:
    page.set_content(f'<iframe src="{app.url}" width="600" height="400"></iframe>')
    page.wait_for_function("frames.length == 1")
    expect(page.frame_locator("iframe").get_by_text("Reddy workbench")).to_have_count(0, timeout=5_000)
    page.wait_for_timeout(2_000)
    assert page.frame_locator("iframe").get_by_text("Reddy workbench").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_typed_token_leaves_its_field_and_never_comes_back(
    page: Page, start_app: Callable[..., App], sheet: Callable[..., Path], theme: str
) -> None:
    with reddy.Sandbox(token=TOKEN) as server:
        app = start_app(REDDY_BASE_URLS=server.url)
        with reddy.Ledger(app.ledger) as ledger:
            batch = ledger.load(sheet(2), products=PRODUCTS, progress=False)
        received: list[str | bytes] = []
        page.on("websocket", lambda opened: opened.on("framereceived", received.append))
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.goto(f"{app.url}/submit?batch={batch.id}")
        page.get_by_role("button", name="Change").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("Reddy", exact=True).click()
        dialog.get_by_role("combobox").click()
        page.get_by_role("option", name=server.url).click()
        field = dialog.get_by_label("API token")
        field.fill(TOKEN)
        dialog.get_by_role("button", name="Test the connection").click()
        expect(dialog.get_by_text("It works: 5 products.")).to_be_visible()
        expect(field).to_have_value("")
        if folder := os.environ.get("REDDY_SCREENSHOTS"):
            page.screenshot(path=f"{folder}/connection-{theme}.png")
        dialog.get_by_role("button", name="Use it").click()
        expect(page.get_by_text("token …7c1e · 5 products")).to_be_visible()
        page.get_by_role("button", name="Change").click()
        expect(dialog.get_by_label("API token")).to_have_value("")
        assert received
        assert not any(
            TOKEN.encode() in (each.encode() if isinstance(each, str) else each) for each in received
        )
        assert TOKEN not in page.content()
        assert TOKEN not in app.log.read_text()
