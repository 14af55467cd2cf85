"""The app's server as it is started: under which names it answers, with which headers, below a path, and ready or not."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import streamlit as st

import reddy_lib as reddy
from reddy_lib.sending.engine import enqueue
from reddy_lib.sending.submission import create
from reddy_lib.ui.web_headers import content_policy
from tests import app_server
from tests.app_server import ROOT, free_port, wait_for
from tests.conftest import PRODUCTS
from tests.sandbox.test_in_the_app import ask


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    process = app_server.start_app(folder / "ledger.sqlite", folder / "app.log", port)
    try:
        yield f"http://localhost:{port}"
    finally:
        app_server.stop(process)


def test_an_answer_does_not_wait_for_the_browser_to_confirm_its_head(url: str) -> None:
    """A browser puts that off for 40 ms on a connection that it keeps, but not on a new one."""

    def quickest(get: Callable[..., requests.Response]) -> float:
        seconds = []
        for _ in range(40):
            begun = time.perf_counter()
            assert get(f"{url}/_stcore/health", timeout=30).text == "ok"
            seconds.append(time.perf_counter() - begun)
        return min(seconds[20:])  # the first ones of a connection are confirmed at once

    with requests.Session() as browser:
        assert quickest(browser.get) < 3 * quickest(requests.get)


EVERYTHING = [
    "/",
    "/submit",
    "/_stcore/health",
    "/_stcore/host-config",
    "/ready",
    "/sandbox/api/v1/product/list",
    "/media/x",
]


@pytest.mark.parametrize("path", EVERYTHING)
@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.0.0.5"])
def test_nothing_answers_under_a_name_that_is_not_the_server_s(url: str, path: str, host: str) -> None:
    assert ask(url, "GET", path, Host=host)[0] == 421
    assert ask(url, "GET", path)[0] != 421


@pytest.mark.parametrize("path", EVERYTHING)
def test_no_answer_may_be_framed_or_guessed_at(url: str, path: str) -> None:
    _, _, headers = ask(url, "GET", path)
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null"])
def test_a_page_of_another_site_changes_nothing(url: str, origin: str) -> None:
    for method, path in (
        ("POST", "/sandbox/faults"),
        ("POST", "/sandbox/reset"),
        ("PUT", "/_stcore/upload_file/a/b"),
    ):
        assert ask(url, method, path, {"kind": "status"}, Origin=origin)[0] == 403


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        (None, None, 101),
        ("evil.example", "http://evil.example", 403),
        (None, "http://evil.example", 403),
        (None, "null", 403),
    ],
)
def test_a_websocket_is_opened_for_the_app_s_own_page_alone(
    url: str, host: str | None, origin: str | None, status: int
) -> None:
    parts = urlsplit(url)
    key = base64.b64encode(os.urandom(16)).decode()
    with socket.create_connection(("localhost", parts.port or 0), timeout=10) as connection:
        connection.sendall(
            f"GET /_stcore/stream HTTP/1.1\r\nHost: {host or parts.netloc}\r\nOrigin: {origin or url}\r\n"
            "Upgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert int(connection.recv(100).split(b" ", 2)[1]) == status


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/sandbox/received", "/sandbox/faults", "/sandbox/reset", "/sandbox/", "/sandbox"]
)
def test_the_app_s_sandbox_has_no_control_endpoints(url: str, method: str, path: str) -> None:
    status, body, _ = ask(url, method, path)
    assert status in (403, 404, 405) or b"<!DOCTYPE html>" in body  # the app's own empty page
    assert b"agent_email" not in body


def test_the_app_s_sandbox_takes_no_token_that_is_written_down_somewhere(url: str) -> None:
    for token in ("sandbox-token", ""):
        headers = {"Authorization": f"Bearer {token}"}
        assert ask(url, "GET", "/sandbox/api/v1/product/list", **headers)[0] == 401


def test_the_policy_knows_the_scripts_of_the_installed_page(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text("<script>\n  window.a = 1\n</script><script src='x.js'></script><script>b()</script>")
    (scripts,) = [part for part in content_policy(page).split("; ") if part.startswith("script-src")]
    assert scripts.count("'sha256-") == 2
    assert "'unsafe-inline'" not in scripts
    installed = Path(st.__file__).parent / "static" / "index.html"
    assert content_policy(installed).count("'sha256-") == installed.read_text().count("<script>")


def test_below_a_path_the_sandbox_accepts_calls_and_pages_open_by_their_address(
    sheet: Callable[..., Path], tmp_path: Path
) -> None:
    port, location = free_port(), tmp_path / "ledger.sqlite"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REDDY_")}
    with (tmp_path / "app.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
             "--server.port", str(port), "--server.baseUrlPath", "team/reddy"],
            cwd=ROOT, env={**clean, "REDDY_LEDGER": str(location)}, stdout=log, stderr=log,
        )  # fmt: skip
    url = f"http://localhost:{port}"
    try:
        wait_for(lambda: app_server.answers(f"{url}/team/reddy/ready"), seconds=90, why="the app")
        with reddy.Ledger(location) as ledger:
            batch = ledger.load(sheet(3), products=PRODUCTS, progress=False)
            submission = create(ledger, batch.id, address="sandbox", token_source="sandbox")
            enqueue(ledger, submission)
            wait_for(lambda: submission.state == "done", seconds=60, why="the submission")
            assert submission.counts()["accepted"] == 3
        for page in ("", "submit", "review", "outcomes"):
            status, body, _ = ask(url, "GET", f"/team/reddy/{page}")
            assert (status, b'<div id="root">' in body) == (200, True)
        assert ask(url, "GET", "/sandbox/api/v1/product/list")[0] == 404
    finally:
        app_server.stop(process)


def test_the_app_is_ready_while_its_ledger_answers_and_its_engine_is_alive(url: str, tmp_path: Path) -> None:
    wait_for(lambda: ask(url, "GET", "/ready")[0] == 200, seconds=30, why="the engine")
    assert json.loads(ask(url, "GET", "/ready")[1]) == {"ready": True, "ledger": "ok", "engine": "ok"}


def test_an_app_whose_ledger_was_replaced_beneath_it_is_not_ready(tmp_path: Path) -> None:
    path, port = tmp_path / "ledger.sqlite", free_port()
    process = app_server.start_app(path, tmp_path / "app.log", port, REDDY_ENGINE="off")
    url = f"http://localhost:{port}"
    try:
        wait_for(lambda: ask(url, "GET", "/ready")[0] == 200, seconds=30, why="the app")
        with reddy.Ledger(tmp_path / "other.sqlite"):
            pass
        os.replace(tmp_path / "other.sqlite", path)
        status, body, _ = ask(url, "GET", "/ready")
        assert (status, json.loads(body)["ledger"]) == (503, "away")
    finally:
        app_server.stop(process)


def test_without_a_ledger_the_server_answers_and_is_not_ready(tmp_path: Path) -> None:
    nowhere = f"postgresql+psycopg://reddy:geheim@127.0.0.1:{free_port()}/none"
    port = free_port()
    process = app_server.start_app(nowhere, tmp_path / "app.log", port, REDDY_ENGINE="off")
    try:
        status, body, _ = ask(f"http://localhost:{port}", "GET", "/ready")
        assert status == 503
        assert json.loads(body) == {"ready": False, "ledger": "away", "engine": "off"}
    finally:
        app_server.stop(process)
