"""Take the README's screenshots again: every page, light and dark, of a fresh app with the sample calls.

uv run python docs/make_screenshots.py        (needs Chromium)
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.app_server import free_port, start_app, stop

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def settled(page: Page) -> None:
    """Until Streamlit has stopped running the page, and the tables and charts are drawn."""
    page.wait_for_timeout(1500)
    page.wait_for_selector('[data-testid="stStatusWidget"]', state="detached", timeout=60_000)
    page.wait_for_timeout(1500)


def take(page: Page, name: str, click: str = "") -> None:
    """Both themes, with few colours: a page is flat, and the repository stays small."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.reload()
        settled(page)
        if click:
            page.get_by_role("button", name=click).click()
            settled(page)
        path = DOCS / f"{name}-{scheme}.png"
        page.screenshot(path=path)
        Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")  # noqa: T201


def walk(page: Page, url: str) -> None:
    """The way of a new user: look at a sample, store it, send what is ready, see what became of it."""
    page.goto(url)
    page.get_by_role("button", name="Labelled text").click()
    page.get_by_role("button", name=re.compile("Store 40")).wait_for()
    settled(page)
    for scheme in ("light", "dark"):  # a reload would let go of the file: the theme is changed in place
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(1500)
        path = DOCS / f"load-{scheme}.png"
        page.screenshot(path=path)
        Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)
    page.emulate_media(color_scheme="light")
    page.goto(url)
    page.get_by_role("button", name="Everything wrong").click()
    page.get_by_role("button", name=re.compile("^Store")).click()
    page.wait_for_url(re.compile("/review"))
    settled(page)
    take(page, "review", click="Next held")
    page.get_by_role("link", name=re.compile("^Submit")).first.click()
    page.wait_for_url(re.compile("/submit"))
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name=re.compile("^Send all")).click()
    anyway = page.get_by_role("button", name="Continue anyway")  # one of the first calls is refused
    anyway.wait_for(timeout=60_000)
    take(page, "submit")
    page.emulate_media(color_scheme="light")
    anyway.click()
    page.get_by_text(re.compile("is done")).wait_for(timeout=60_000)
    page.get_by_role("link", name=re.compile("^Outcomes")).first.click()
    page.wait_for_url(re.compile("/outcomes"))
    take(page, "outcomes")


def main() -> None:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app = start_app(Path(folder) / "ledger.sqlite", Path(folder) / "app.log", port, LOGNAME="ann")
        try:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
            context = browser.new_context(
                viewport={"width": 1280, "height": 800}, timezone_id="Europe/London"
            )
            walk(context.new_page(), f"http://localhost:{port}")
            browser.close()
        finally:
            stop(app)


if __name__ == "__main__":
    main()
