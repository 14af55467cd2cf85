"""What a browser asks for, keeps and refuses on the workbench's pages."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import reddy_lib as reddy
from tests.app_server import PATIENCE
from tests.browser.conftest import App, Watched
from tests.browser.test_downloads import clicked
from tests.conftest import PRODUCTS
from tests.recording_files import turns, wav_bytes

TOKEN = "typed-in-and-never-seen-again-7c1e"


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
    expect(page.get_by_text(re.compile("Submission 1 is done"))).to_be_visible(timeout=PATIENCE * 60_000)
    page.get_by_role("tab", name="What the sandbox received").click()
    page.get_by_role("button", name="See them").click()
    assert b"agent_email" in clicked(page, "sandbox-received").content
    page.keyboard.press("Escape")

    page.get_by_role("link", name=re.compile("^Outcomes")).first.click()
    page.wait_for_url(re.compile("/outcomes"))
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.locator(".js-plotly-plot").first.hover()
    assert watched.outside == []
    assert watched.refused == []
    assert len(watched.requests) > 50
    assert "Traceback" not in app.log.read_text()


def test_another_site_cannot_frame_the_workbench(browser: Browser, app: App) -> None:
    context = browser.new_context()
    page = context.new_page()
    with page.expect_console_message(lambda said: "frame-ancestors 'none'" in said.text):
        page.set_content(f'<iframe src="{app.url}" width="600" height="400"></iframe>')
    (framed,) = page.main_frame.child_frames
    assert framed.url.startswith("chrome-error:")
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_typed_token_leaves_its_field_and_never_comes_back(
    page: Page, start_app: Callable[..., App], sheet: Callable[..., Path], theme: str
) -> None:
    with reddy.Sandbox(token=TOKEN) as server:
        app = start_app(REDDY_BASE_URLS=server.url)
        with reddy.Ledger(app.ledger) as ledger:
            batch = ledger.load(sheet(2), products=PRODUCTS, progress=False)
        received: list[str | bytes] = []
        page.on("websocket", lambda opened: opened.on("framereceived", lambda part: received.append(part)))
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.goto(f"{app.url}/submit?batch={batch.id}")
        page.get_by_role("button", name="Change").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("Reddy", exact=True).click()
        dialog.get_by_role("combobox").click()
        page.get_by_role("option", name=server.url).click()
        field = dialog.get_by_label("API token", exact=True)
        field.fill(TOKEN)
        dialog.get_by_role("button", name="Test the connection").click()
        expect(dialog.get_by_text("It works: 5 products.")).to_be_visible()
        expect(field).to_have_value("")
        if folder := os.environ.get("REDDY_SCREENSHOTS"):
            page.screenshot(path=f"{folder}/connection-{theme}.png")
        dialog.get_by_role("button", name="Use it").click()
        expect(page.get_by_text("token …7c1e · 5 products")).to_be_visible()
        page.get_by_role("button", name="Change").click()
        expect(dialog.get_by_label("API token", exact=True)).to_have_value("")
        assert received
        assert not any(
            TOKEN.encode() in (each.encode() if isinstance(each, str) else each) for each in received
        )
        assert TOKEN not in page.content()
        assert TOKEN not in app.log.read_text()
