"""Every download of the app, clicked in a real browser: it arrives, and is what it says it is."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

import reddy_lib as reddy
from reddy_lib.batches.recipes import Recipe, keep_recipe, recipe_of
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from reddy_lib.sending.submission import create
from reddy_lib.sending.workers import new_worker
from tests import app_server
from tests.app_server import PATIENCE, free_port
from tests.browser.conftest import App, at_rest
from tests.openid_provider import COOKIE_SECRET, Provider, cookies, header, write_secrets
from tests.sending.exchanging import exchange
from tests.sending.test_exchange import answer


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


def is_received(content: bytes) -> None:
    received = json.loads(content)
    assert sorted(call["conversation_id"] for call in received) == ["conv-1", "conv-2", "conv-3"]
    assert "I lost my card." in content.decode()


def is_recipe(content: bytes) -> None:
    assert Recipe.from_file(content).steps


def is_receipt(content: bytes) -> None:
    receipt = json.loads(content)
    assert (receipt["forgotten"], receipt["counts"]["calls"]) == ("batch", 3)


def is_log(content: bytes) -> None:
    assert "forgot" in content.decode("utf-8-sig")


DOWNLOADS: dict[str, tuple[str, str, Callable[[bytes], None]]] = {
    "outcomes-csv": ("outcomes", ".csv", is_csv),
    "outcomes-xlsx": ("outcomes", ".xlsx", is_xlsx),
    "evidence": ("outcomes", ".zip", is_evidence),
    "mapping": ("load", ".profile.json", is_profile),
    "profile": ("load", ".profile.json", is_profile),
    "recipe": ("review", ".recipe.json", is_recipe),
    "sandbox-received": ("submit", ".json", is_received),
    "receipt": ("deleted", ".json", is_receipt),
    "receipt-of": ("privacy", ".json", is_receipt),
    "access-log": ("log", ".csv", is_log),
}
"""Name of each download → its page, its ending, what to look for in it. `test_ui_downloads` fails where one is missing."""

BOSS = {"email": "boss@example.com", "email_verified": True}
RULES = '[access]\nemails = ["boss@example.com"]\nrole = "administer"'


def send_three(location: str, sheet: Callable[..., Path]) -> str:
    """Send three calls without a server: two are accepted, one is rejected. Return the address of their outcomes."""
    ids = {row: {"Conversation ID": f"earlier-{row}"} for row in (2, 3, 4)}
    with reddy.Ledger(location) as ledger:
        products = [dict(product) for product in DEFAULT_PRODUCTS]
        batch = ledger.load(sheet(3, ids, "earlier.csv"), products=products, progress=False)
        batch.rename_tag("CSAT", "score")
        keep_recipe(ledger, recipe_of(batch))
        submission = create(ledger, batch.id, address="sandbox", token_source="elsewhere")
        worker = new_worker(ledger)
        claims = exchange(ledger, submission.id, 0, worker, want=3).claims
        results = [
            answer(one, status)
            for one, status in zip(claims, ("accepted", "rejected", "accepted"), strict=True)
        ]
        exchange(ledger, submission.id, 0, worker, results=results, want=0)
        submission.finish_if_settled()
        return f"/outcomes?batch={batch.id}&submission={submission.id}"


class Arrived:
    """A file that the browser itself says it has stored."""

    def __init__(self, folder: Path, begun: dict[str, Any]) -> None:
        self.url, self.suggested_filename = begun["url"], begun["suggestedFilename"]
        self.content = (folder / begun["guid"]).read_bytes()


def clicked(page: Page, name: str) -> Arrived:
    """Click a download, and return what the browser stored.

    A download's link opens a tab that is gone as soon as its file begins to arrive. Playwright reports a download on the
    tab that it belongs to, and says nothing where it has not met that tab yet; so the browser is asked itself.
    """
    link = page.locator(f"[class*='st-key-download-{name}']").get_by_role("link").first
    expect(link).to_be_visible()
    begun: list[dict[str, Any]] = []
    stored: set[str] = set()

    def begins(event: dict[str, Any]) -> None:
        begun.append(event)

    def progress(event: dict[str, Any]) -> None:
        if event["state"] == "completed":
            stored.add(event["guid"])

    browser = page.context.browser
    assert browser is not None
    with tempfile.TemporaryDirectory(prefix="reddy-downloads-") as folder:
        session = browser.new_browser_cdp_session()
        targets = session.send("Target.getTargets")["targetInfos"]
        session.on("Browser.downloadWillBegin", begins)
        session.on("Browser.downloadProgress", progress)
        session.send(
            "Browser.setDownloadBehavior",
            {
                "behavior": "allowAndName",
                "downloadPath": folder,
                "eventsEnabled": True,
                "browserContextId": next(
                    one["browserContextId"] for one in targets if one["url"] == page.url
                ),
            },
        )
        at_rest(link)
        link.click()
        for _ in range(1800):
            found = [one for one in begun if one["guid"] in stored]
            if found:
                session.detach()
                return Arrived(Path(folder), found[0])
            page.wait_for_timeout(50)
    pytest.fail(f"{name}: nothing arrived of {begun}; open tabs: {[tab.url for tab in page.context.pages]}")


def click_every_download(page: Page, url: str, outcomes: str, sheet: Path) -> dict[str, str]:
    """Click each, and open and read its file. Return the name of each → the address that it was fetched from.

    Args:
        outcomes: what `send_three` returned.
        sheet: three calls, to load and to send to the sandbox.
    """
    fetched: dict[str, str] = {}

    def click_those_of(where: str) -> None:
        for name, (place, ending, looks_right) in DOWNLOADS.items():
            if place == where:
                arrived = clicked(page, name)
                assert arrived.suggested_filename.endswith(ending), name
                looks_right(arrived.content)
                fetched[name] = arrived.url

    page.goto(f"{url}{outcomes}")
    click_those_of("outcomes")

    page.goto(f"{url}/load")
    page.set_input_files('input[type="file"]', sheet)
    page.get_by_role("button", name="Store 3 calls").click()  # stored, so that its mapping is a kept profile
    page.wait_for_url(re.compile("/review.*batch="))
    stored = page.url.partition("batch=")[2].partition("&")[0]
    page.get_by_role("button", name="Recipes").click()
    page.get_by_role("dialog").get_by_text(re.compile("1 step$")).click()
    click_those_of("review")
    page.keyboard.press("Escape")
    page.get_by_role("link", name=re.compile("^Submit")).click()
    page.get_by_role("button", name=re.compile("^Send all 3")).click()
    expect(page.get_by_text(re.compile("Submission .* is done"))).to_be_visible(timeout=PATIENCE * 60_000)
    page.get_by_role("tab", name="What the sandbox received").click()
    page.get_by_role("button", name="See them").click()
    click_those_of("submit")

    page.goto(f"{url}/load")
    page.set_input_files('input[type="file"]', sheet)
    # The page with the drop zone has Profiles too, without the file's mapping: wait until the file is open.
    expect(page.get_by_role("button", name="Another file")).to_be_visible()
    page.get_by_role("button", name="Profiles").click()
    click_those_of("load")

    page.goto(f"{url}/review?batch={stored}")
    page.get_by_role("button", name="Manage").click()
    dialog = page.get_by_role("dialog")
    name = sheet.stem
    expect(dialog.get_by_role("textbox", name="Name", exact=True)).to_have_value(name)
    dialog.get_by_text("Delete for good …").click()
    confirm = dialog.get_by_label("To confirm, type the batch's name")
    confirm.click()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Delete for good", exact=True).click()
    click_those_of("deleted")

    page.goto(f"{url}/outcomes?view=all")
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.locator("summary", has_text="Privacy").click()
    page.get_by_role("tab", name="Retention").click()
    click_those_of("privacy")
    page.get_by_role("tab", name="Who saw what").click()
    click_those_of("log")
    assert fetched.keys() == DOWNLOADS.keys()
    return fetched


def test_every_download_arrives_and_can_be_opened(page: Page, app: App, sheet: Callable[..., Path]) -> None:
    click_every_download(page, app.url, send_three(app.ledger, sheet), sheet(3))
    assert "Traceback" not in app.log.read_text()


def test_behind_a_path_and_sign_in_every_download_arrives_and_nobody_else_gets_it(
    page: Page, sheet: Callable[..., Path], tmp_path: Path
) -> None:
    port, ledger, log = free_port(), tmp_path / "ledger.sqlite", tmp_path / "app.log"
    with Provider() as provider:
        provider.claims = BOSS
        secrets = write_secrets(
            tmp_path / "secrets.toml", port, RULES, provider=provider.url, base="/team/reddy"
        )
        process = app_server.start_app(
            ledger, log, port, STREAMLIT_SECRETS_FILES=str(secrets),
            STREAMLIT_SERVER_BASE_URL_PATH="/team/reddy",
        )  # fmt: skip
        try:
            url = f"http://localhost:{port}/team/reddy"
            outcomes = send_three(str(ledger), sheet)
            page.goto(f"{url}{outcomes}")
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("button", name="Sign out")).to_be_visible()
            fetched = click_every_download(page, url, outcomes, sheet(3))
            jar = {str(one["name"]): str(one["value"]) for one in page.context.cookies()}
            visitors = {
                "nobody": {},
                "a stranger": cookies(port, email="who@example.net"),
                "signed with another secret": cookies(port, email=BOSS["email"], secret=COOKIE_SECRET[::-1]),
            }
            for name, address in fetched.items():
                assert address.startswith(f"{url}/download/"), name
                of_the_one_who_clicked = requests.get(address, headers={"Cookie": header(jar)}, timeout=30)
                assert of_the_one_who_clicked.status_code == 200, name
                for who, cookie in visitors.items():
                    for asked in (address, address.replace("/team/reddy", ""), address.replace("/team", "")):
                        refused = requests.get(asked, headers={"Cookie": header(cookie)}, timeout=30)
                        assert refused.status_code == 401, (name, who, asked)
                        assert refused.text == "Sign in first."
            assert "Traceback" not in log.read_text()
        finally:
            app_server.stop(process)


def test_a_link_of_a_session_that_is_over_says_so_in_words(page: Page, app: App) -> None:
    page.goto(f"{app.url}/download/of-yesterday")
    expect(page.get_by_text("This download link is no longer known")).to_be_visible()
