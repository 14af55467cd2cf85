"""No serious fault of accessibility on any page, panel and dialog, in both themes, as axe finds them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import reddy_lib as reddy
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from tests import app_server
from tests.app_server import PATIENCE, free_port

ROOT = Path(__file__).resolve().parents[2]
STREAMLITS_OWN = {
    # The grid is a canvas with a table for screen readers inside: its cells' roles are Streamlit's.
    "aria-required-children",
    "aria-required-parent",
    "scrollable-region-focusable",
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The app with a batch that has every finding; gives its URL and the batch's id."""
    folder = tmp_path_factory.mktemp("axe")
    location, port = folder / "ledger.sqlite", free_port()
    with reddy.Ledger(location) as ledger:
        products = [dict(product) for product in DEFAULT_PRODUCTS]
        batch = ledger.load(ROOT / "data" / "everything_wrong.csv", products=products, progress=False)
        batch.rename_tag(next(tag.key for call in batch for tag in call.tags or ()), "renamed", who="ann")
    process = app_server.start_app(location, folder / "app.log", port)
    yield f"http://localhost:{port}", batch.id
    app_server.stop(process)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    context.set_default_timeout(PATIENCE * 30_000)
    yield context.new_page()
    context.close()


def faults(page: Page) -> list[str]:
    """Look at the page in the light theme, then in the dark one: Streamlit follows the browser."""
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        expect(page.locator(".stApp")).to_have_css("color-scheme", theme)
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        violations: Any = Axe().run(page).response["violations"]
        found += [
            f"{theme} {one['impact']} {one['id']}: {node['html'][:160]} ({node.get('failureSummary', '')[:200]})"
            for one in violations
            if one["impact"] in ("serious", "critical") and one["id"] not in STREAMLITS_OWN
            for node in one["nodes"]
        ]
    return found


@pytest.mark.parametrize(
    "where",
    [
        "load",
        "review?row=2",
        "review?row=2&facets=shown&search=card",
        "review?panel=problems",
        "review?panel=values",
        "review?panel=personal",
        "review?panel=draw",
        "review?panel=recordings",
        "submit",
        "outcomes",
        "outcomes?view=all",
    ],
)
def test_a_page_has_no_serious_fault(page: Page, scene: tuple[str, str], where: str) -> None:
    url, batch = scene
    name, _, rest = where.partition("?")
    page.goto(f"{url}/{name}?batch={batch}" + (f"&{rest}" if rest else ""))
    expect(page.locator("h1").first).to_be_visible()
    assert faults(page) == []


def test_a_dialog_has_no_serious_fault(page: Page, scene: tuple[str, str]) -> None:
    url, batch = scene
    page.goto(f"{url}/review?batch={batch}&row=2")
    for opener in ("History", "Recipes", "Edit 50", "Switch", "Manage", "Change"):
        page.get_by_role("button", name=opener).first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert faults(page) == [], opener
        page.get_by_role("dialog").get_by_role("button", name="Close").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
