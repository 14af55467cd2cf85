"""An upload that is under way survives clicks on the page, and a visit to another one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import App


@pytest.fixture
def large_sheet(tmp_path: Path) -> Path:
    """20 MB: it takes a moment to arrive."""
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write("Agent Email,Product,Transcript,Call ID\n")
        said = "Agent: Good morning, how can I help?\nCustomer: My card is lost." + " Please block it." * 50
        for number in range(20_000):
            file.write(f'ann@cedarline.example,Loans,"{said}",C-{number}\n')
    return path


def test_a_file_opens_whatever_is_clicked_while_it_is_uploaded(
    page: Page, app: App, large_sheet: Path
) -> None:
    opened = page.get_by_role("button", name="Another file")
    page.goto(f"{app.url}/load")
    page.set_input_files('input[type="file"]', large_sheet)
    page.get_by_role("button", name="Profiles").click()
    expect(opened).to_be_visible()
    page.goto(f"{app.url}/load")
    with page.expect_request(
        re.compile("upload_file")
    ):  # nobody leaves within the milliseconds before it begins
        page.set_input_files('input[type="file"]', large_sheet)
    page.get_by_role("link", name=re.compile("^Review")).click()
    expect(page).to_have_url(re.compile("/review"))
    page.get_by_role("link", name=re.compile("^Load")).first.click()
    expect(opened).to_be_visible(timeout=60_000)
    assert "Traceback" not in app.log.read_text()
