"""Signing in with a real OpenID provider, in a real browser; and a walk past every address without it."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from playwright.sync_api import Page, expect

import reddy_lib as reddy
from reddy_lib.database import schema
from reddy_lib.sending.submission import create
from tests import app_server
from tests.app_server import ROOT, free_port, wait_for
from tests.browser.conftest import App
from tests.browser.test_downloads import clicked
from tests.conftest import PRODUCTS
from tests.openid_provider import COOKIE_SECRET, Provider, cookies, header, write_secrets
from tests.recording_files import turns, wav_bytes

RULES = """[access]
emails = ["ana@example.com"]
domains = ["example.org"]
groups_claim = "groups"
groups = ["calls"]
role = "look"
[access.roles]
edit = ["group:editors"]
send = ["ana@example.com"]
administer = ["boss@example.org"]
"""
ANA = {"email": "ana@example.com", "email_verified": True}
WORDS = ("Good morning, call", "I lost my card", "Quarterly secrets", "conv-1", "ann@cedarline.example")


class Scene:
    def __init__(self, app: App, provider: Provider, secrets: Path, batch_id: str) -> None:
        self.app, self.provider, self.secrets, self.batch_id = app, provider, secrets, batch_id
        self.port = int(app.url.rpartition(":")[2])

    def sign_in(self, page: Page, path: str = "/", **claims: Any) -> None:
        self.provider.claims = claims
        page.goto(f"{self.app.url}{path}")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("sign-in")
    (folder / "calls.csv").write_text(
        "Conversation ID,Agent Email,Product,Start,Transcript\n"
        + "".join(
            f"conv-{number},ann@cedarline.example,Cards hotline,2026-03-02T10:00:00Z,"
            f'"Agent: Good morning, call {number}.\nCustomer: I lost my card."\n'
            for number in range(1, 6)
        )
    )
    location = folder / "ledger.sqlite"
    with reddy.Ledger(location) as ledger:
        batch = ledger.load(folder / "calls.csv", name="Quarterly secrets", products=PRODUCTS, progress=False)
        batch.attach(2, io.BytesIO(wav_bytes(*turns(4))), name="conv-1.wav")
        submission = create(ledger, batch.id, address="sandbox", token_source="elsewhere", rows=[2, 3])
        submission.pause()
    port = free_port()
    with Provider() as provider:
        secrets = write_secrets(folder / "secrets.toml", port, RULES, provider=provider.url)
        process = app_server.start_app(
            location, folder / "app.log", port, REDDY_ENGINE="off", STREAMLIT_SECRETS_FILES=str(secrets)
        )
        app = App(f"http://localhost:{port}", str(location), folder / "app.log")
        yield Scene(app, provider, secrets, batch.id)
        app_server.stop(process)


def jar(page: Page) -> dict[str, Any]:
    """The browser's cookies by name."""
    page.wait_for_timeout(50)  # lets Playwright hear of new ones
    return {str(one.get("name")): one for one in page.context.cookies()}


def test_a_deep_link_is_opened_after_signing_in_and_signing_out_ends_at_the_provider_too(
    scene: Scene, page: Page
) -> None:
    link = f"/review?batch={scene.batch_id}"
    page.goto(f"{scene.app.url}{link}")
    expect(page.get_by_text("Sign in to continue")).to_be_visible()
    assert "Quarterly secrets" not in page.content()
    scene.sign_in(page, link, **ANA)
    expect(page.get_by_text("Quarterly secrets").first).to_be_visible()
    expect(page.get_by_text(re.compile("ana.?@example.com"))).to_be_visible()
    page.wait_for_url(re.compile(re.escape(f"{scene.app.url}{link}")))  # the page adds the row that it opens
    wait_for(lambda: "reddy_asked_for" not in jar(page), seconds=30, why="the cookie with the link to go")
    assert jar(page)["_streamlit_user"]["httpOnly"]
    seen = scene.provider.signed_out
    page.get_by_role("button", name="Sign out").click()
    # the page may say so before the browser has been at the provider
    wait_for(lambda: scene.provider.signed_out == seen + 1, seconds=30, why="the provider to be told")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    wait_for(lambda: "_streamlit_user" not in jar(page), seconds=30, why="the cookie to go")


@pytest.mark.parametrize(
    ("claims", "shows"),
    [
        ({"email": "boss@example.org", "email_verified": True}, "May do everything"),
        ({"email": "x@example.org", "email_verified": True}, "May look"),
        ({"email": "x@else.example", "email_verified": True, "groups": ["calls", "editors"]}, "May look and edit"),
        ({"email": "ANA@example.com", "email_verified": True}, "May edit and send"),
    ],
)  # fmt: skip
def test_each_kind_of_rule_lets_in_with_its_role(
    scene: Scene, page: Page, claims: dict[str, Any], shows: str
) -> None:
    scene.sign_in(page, f"/review?batch={scene.batch_id}", **claims)
    expect(page.get_by_text(shows, exact=True)).to_be_visible()
    expect(page.get_by_text("Quarterly secrets").first).to_be_visible()


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"email": "ana@example.com", "email_verified": False}, "has not verified"),
        ({"email": "ana@example.com"}, "has not verified"),
        ({"email": "who@example.net", "email_verified": True}, "not on the list"),
        ({"email": "x@sub.example.org", "email_verified": True}, "not on the list"),
        ({"email": "x@evil-example.org", "email_verified": True}, "not on the list"),
        ({"email": "x@example.net", "email_verified": True, "groups": ["other"]}, "not on the list"),
        ({"email_verified": True}, "did not send a usable email"),
    ],
)
def test_everybody_else_of_the_provider_sees_why_she_is_not_let_in_and_no_call(
    scene: Scene, page: Page, claims: dict[str, Any], says: str
) -> None:
    scene.sign_in(page, f"/review?batch={scene.batch_id}", **claims)
    expect(page.get_by_text(says)).to_be_visible()
    assert "Quarterly secrets" not in page.content()


def test_a_sign_in_that_is_too_old_asks_to_sign_in_again(scene: Scene, page: Page) -> None:
    page.context.add_cookies(
        [
            {"name": name, "value": value, "url": scene.app.url}
            for name, value in cookies(scene.port, iat=int(time.time()) - 13 * 3600).items()
        ]
    )
    page.goto(f"{scene.app.url}/review?batch={scene.batch_id}")
    expect(page.get_by_text("older than 12 hours")).to_be_visible()
    assert "Quarterly secrets" not in page.content()
    scene.sign_in(page, f"/review?batch={scene.batch_id}", **ANA)
    expect(page.get_by_text("Quarterly secrets").first).to_be_visible()


def test_somebody_taken_off_the_list_is_out_at_the_next_click(scene: Scene, page: Page) -> None:
    scene.sign_in(page, f"/review?batch={scene.batch_id}", **ANA)
    expect(page.get_by_text("Quarterly secrets").first).to_be_visible()
    before = scene.secrets.read_text()
    try:
        scene.secrets.write_text(
            before.replace('emails = ["ana@example.com"]', 'emails = ["eve@example.com"]')
        )
        hers = header({name: str(one["value"]) for name, one in jar(page).items()})
        metrics = f"{scene.app.url}/_stcore/metrics"
        wait_for(
            lambda: requests.get(metrics, headers={"Cookie": hers}, timeout=30).status_code == 401,
            seconds=60,
            why="the new list",
        )
        page.get_by_role("link", name=re.compile("Submit")).click()
        expect(page.get_by_text("not on the list")).to_be_visible()
    finally:
        scene.secrets.write_text(before)


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "/media/x", "/review?\r\nX: y"]
)
def test_only_an_address_of_this_site_is_opened_after_signing_in(
    scene: Scene, page: Page, target: str
) -> None:
    from urllib.parse import quote

    scene.provider.claims = ANA
    page.goto(f"{scene.app.url}/")
    page.get_by_role("button", name="Sign in").wait_for()
    page.context.add_cookies(
        [{"name": "reddy_asked_for", "value": quote(target, safe=""), "url": scene.app.url}]
    )
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert page.url.rstrip("/") in (scene.app.url, f"{scene.app.url}/start")


ROUTES = """
import json, os
import app
from starlette.routing import Mount, Route
def walk(routes, before=""):
    for route in routes:
        if isinstance(route, Mount):
            if before or route.path not in ("", "/"):
                yield from walk(route.routes or [], before + route.path)
            yield before + route.path + "/"
        else:
            yield before + route.path
print(json.dumps(sorted(set(walk(app.app._build_starlette_app().routes)))))
"""


def every_address(scene: Scene) -> set[str]:
    """All that the app's routes answer, with something in the place of their parameters."""
    said = subprocess.run(
        [sys.executable, "-c", ROUTES], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
        env={"PATH": "", "HOME": str(scene.secrets.parent), "REDDY_LEDGER": scene.app.ledger},
    )  # fmt: skip
    routes: list[str] = json.loads(said.stdout.splitlines()[-1])
    assert "/_stcore/upload_file/{session_id}/{file_id}" in routes
    assert any(route.startswith("/sandbox/") for route in routes)
    assert {"/media/{file_id:path}", "/download/{token}", "/ready"} <= set(routes)
    pages = ["/", "/start", "/load", "/review", "/submit", "/outcomes", "/unknown"]
    deep = [f"{path}?batch={scene.batch_id}" for path in pages]
    return (
        {re.sub(r"\{[^}]*\}", "x", route) for route in routes}
        | set(deep)
        | {"//media/x", "/review/../media/x"}
    )


def dump(location: str) -> list[str]:
    with reddy.Ledger(location) as ledger, ledger.read() as connection:
        return [
            repr(row)
            for table in schema.metadata.sorted_tables
            for row in connection.execute(sa.select(table))
        ]


def test_no_address_of_the_server_tells_a_word_or_changes_anything_without_signing_in(
    scene: Scene, page: Page, sheet: Callable[..., Path], tmp_path: Path
) -> None:
    seen: set[str] = set()
    page.on("request", lambda request: seen.add(request.url))
    scene.sign_in(page, f"/outcomes?batch={scene.batch_id}", **ANA)
    for name in ("review", "submit", "outcomes", "load"):
        page.goto(f"{scene.app.url}/{name}?batch={scene.batch_id}")
        expect(page.get_by_text("Quarterly secrets").first).to_be_visible()
    page.goto(f"{scene.app.url}/load")
    page.locator("input[type=file]").first.set_input_files(str(sheet(3)))
    expect(page.get_by_role("button", name="Store 3 calls")).to_be_visible()  # it has arrived
    # a recording that is heard, and a file that is downloaded
    page.goto(f"{scene.app.url}/review?batch={scene.batch_id}&row=2")
    page.get_by_role("tab", name="Recording").click()
    sound = page.locator("audio").first
    expect(sound).to_have_js_property("duration", 4)
    heard = str(sound.evaluate("player => player.currentSrc"))
    page.goto(f"{scene.app.url}/outcomes?batch={scene.batch_id}")
    downloaded = clicked(page, "outcomes-csv").url
    hers_jar = {name: str(one["value"]) for name, one in jar(page).items()}
    token = hers_jar["_streamlit_xsrf"]
    hers = [heard, downloaded]
    for address in hers:
        answer = requests.get(address, headers={"Cookie": header(hers_jar)}, timeout=30)
        assert answer.status_code == 200, "the one who signed in gets it"
        assert any(word in answer.text for word in WORDS) or answer.content[:4] == b"RIFF"
    in_browser = {url.removeprefix(scene.app.url) for url in seen if url.startswith(scene.app.url)}
    assert any("/upload_file/" in path for path in in_browser), "a session id that is alive"
    addresses = (
        every_address(scene)
        | {url.removeprefix(scene.app.url) for url in hers}
        | {path for path in in_browser if not any(word in path for word in ("/auth/", "oauth2", "/static/"))}
        | set(sorted(path for path in in_browser if "/static/" in path)[:3])  # all of one mount
    )
    visitors = {
        "nobody": {},
        "a stranger": cookies(scene.port, email="who@example.net"),
        "tampered": {"_streamlit_user": hers_jar["_streamlit_user"][:-4] + "abcd"},
        "another secret": cookies(scene.port, secret=COOKIE_SECRET[::-1]),
        "too old": cookies(scene.port, iat=int(time.time()) - 13 * 3600),
    }
    before = dump(scene.app.ledger)
    open_ones = set()
    with requests.Session() as browser:
        for who, of_theirs in visitors.items():
            for path in sorted(addresses):
                if who != "nobody" and "/static/" in path:
                    continue
                for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
                    if "/static/" in path and method != "GET":
                        continue
                    answer = browser.request(
                        method, f"{scene.app.url}{path}", allow_redirects=False, timeout=30,
                        data=b"{}" if method in ("POST", "PUT", "PATCH") else None,
                        headers={"Cookie": header({**of_theirs, "_streamlit_xsrf": token}), "X-Xsrftoken": token},
                    )  # fmt: skip
                    assert not any(word in answer.text for word in WORDS), (who, method, path)
                    assert answer.content[:4] != b"RIFF", (who, method, path)
                    if answer.status_code < 400 and "/static/" not in path:
                        open_ones.add((method, path.partition("?")[0]))
    assert dump(scene.app.ledger) == before
    assert {method for method, _ in open_ones} <= {"GET"}
    assert {path for _, path in open_ones} <= {
        "/", "/start", "/load", "/review", "/submit", "/outcomes", "/_stcore/health", "/_stcore/host-config",
        "/ready", "/auth/login", "/auth/logout", "/oauth2callback", "/favicon.png", "/favicon.svg", "/manifest.json",
    }  # fmt: skip
    known = requests.get(f"{scene.app.url}/_stcore/metrics", headers={"Cookie": header(hers_jar)}, timeout=30)
    assert known.status_code == 200, "the one who signed in is let in"
