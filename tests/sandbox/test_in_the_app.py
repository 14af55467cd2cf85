"""The sandbox as browsers and strangers on the network meet it: who may ask it for what."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import reddy_lib as reddy
from reddy_lib.sandbox import Sandbox
from reddy_lib.sandbox.control import with_control
from tests.app_server import ROOT
from tests.sandbox.test_faults import serving

CREATE = "/api/v1/call/create"
BODY = {"agent_email": "ana@example.com", "product_id": 1, "conversation_id": "secret words"}
SECRET = "secret-of-this-test"
CONTROL = [
    ("GET", "/"),
    ("GET", "/received"),
    ("DELETE", "/received"),
    ("GET", "/faults"),
    ("POST", "/faults"),
    ("DELETE", "/faults"),
    ("POST", "/reset"),
]


def ask(
    url: str, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=10)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, None if body is None else json.dumps(body).encode(), given)
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def send(url: str, token: str, **headers: str) -> int:
    given = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
    return ask(url, "POST", CREATE, BODY, **given)[0]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        assert send(running.url, running.token) == 200
        yield running


@pytest.fixture
def controlled(sandbox: Sandbox) -> Iterator[str]:
    with serving(with_control(sandbox, SECRET)) as url:
        yield url


@pytest.mark.parametrize(("method", "path"), CONTROL)
def test_inside_a_program_the_sandbox_has_no_control_endpoints(
    sandbox: Sandbox, method: str, path: str
) -> None:
    status, body, _ = ask(sandbox.url, method, path, {"kind": "status"}, Content_Type="application/json")
    assert status == 404
    assert b"secret words" not in body
    assert sandbox.calls_received == 1
    assert not sandbox.faults.current()


@pytest.mark.parametrize(("method", "path"), CONTROL)
@pytest.mark.parametrize(
    "headers", [{}, {"X-Sandbox-Secret": "a guess"}, {"Cookie": "reddy-sandbox=a-guess"}]
)
def test_control_needs_the_secret(
    controlled: str, sandbox: Sandbox, method: str, path: str, headers: dict[str, str]
) -> None:
    status, body, _ = ask(controlled, method, path, {"kind": "status"}, **headers)
    assert status == 401
    assert b"secret words" not in body
    assert sandbox.calls_received == 1
    assert not sandbox.faults.current()


@pytest.mark.parametrize(("method", "path"), CONTROL)
def test_the_cookie_of_a_browser_reads_and_changes_nothing(
    controlled: str, sandbox: Sandbox, method: str, path: str
) -> None:
    status, _, headers = ask(controlled, "GET", f"{path}?secret={SECRET}")
    assert status in (303, 404)
    cookie = ask(controlled, "GET", f"/received?secret={SECRET}")[2]["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert SECRET not in headers.get("location", "")
    status, _, _ = ask(controlled, method, path, {"kind": "status"}, Cookie=cookie.partition(";")[0])
    assert status == (200 if method == "GET" else 401)
    assert sandbox.calls_received == 1
    assert not sandbox.faults.current()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:80"}, 421),
        ({"Host": "localhost.evil.example"}, 421),
        ({"Host": "user@localhost"}, 421),
        ({"Host": ""}, 421),
        ({"Host": "localhost"}, 200),
        ({"Host": "LOCALHOST.:8600"}, 200),
        ({"Host": "[::1]:8600"}, 200),
        ({"Host": "10.0.0.5:8600"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Host": "localhost:8600", "Origin": "http://localhost:8600"}, 200),
    ],
)
def test_another_site_reaches_nothing_even_with_the_token(
    sandbox: Sandbox, controlled: str, headers: dict[str, str], status: int
) -> None:
    for url in (sandbox.url, controlled):
        assert send(url, sandbox.token, **headers) == status
    assert ask(controlled, "GET", "/received", X_Sandbox_Secret=SECRET, **headers)[0] == status


def test_a_name_that_the_sandbox_was_given_is_its_own() -> None:
    with Sandbox(hosts=["sandbox.example"]) as sandbox:
        assert send(sandbox.url, sandbox.token, Host="Sandbox.example:8600") == 200
        assert send(sandbox.url, sandbox.token, Host="other.example") == 421


def test_no_two_sandboxes_take_the_same_token() -> None:
    first, second = Sandbox(), Sandbox()
    assert first.token != second.token
    assert len(first.token) >= 24


def test_the_process_prints_a_secret_of_its_own_and_needs_it(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REDDY_")}
    with subprocess.Popen(
        [sys.executable, "-m", "reddy_lib.sandbox", "--port", "0"],
        stdout=subprocess.PIPE, text=True, cwd=ROOT, env=clean,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        try:
            said = child.stdout.readline() + child.stdout.readline()
            found = re.search(r"at (http://[\d.:]+) \(token: '(\S+)', secret of its own pages: (\S+)\)", said)
            assert found is not None, said
            url, token, secret = found.groups()
            assert send(url, token) == 200
            assert ask(url, "GET", "/received")[0] == 401
            assert b"secret words" in ask(url, "GET", "/received", X_Sandbox_Secret=secret)[1]
        finally:
            child.kill()


def test_its_record_is_read_by_its_owner_alone_also_where_it_was_not(tmp_path: Path) -> None:
    record = tmp_path / "kept" / "received.jsonl"
    with Sandbox(record=record) as sandbox:
        send(sandbox.url, sandbox.token)
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert stat.S_IMODE(record.parent.stat().st_mode) == 0o700
    record.chmod(0o644)
    assert Sandbox(record=record).calls_received == 1
    assert stat.S_IMODE(record.stat().st_mode) == 0o600


@pytest.mark.parametrize("runs", [True, False])
def test_forgetting_empties_the_record_and_deletes_recordings(tmp_path: Path, runs: bool) -> None:
    record = tmp_path / "received.jsonl"
    sandbox = Sandbox(record=record).start()
    client = reddy.Client(sandbox.token, base_url=sandbox.url)
    receipt = client.create_call(reddy.Call(agent_email="a@b.example", product_id=1, filename="a.wav"))
    client.upload_audio(receipt, b"a voice")
    client.close()
    assert b"a voice" in sandbox.audio.values()
    (voice,) = (
        path for path in sandbox._memory.new_file(0).parent.iterdir() if path.read_bytes() == b"a voice"
    )
    if not runs:
        sandbox.stop()
    sandbox.forget()
    assert "a@b.example" not in record.read_text()
    assert not voice.exists()
    assert sandbox.audio == {}
    sandbox.stop()
    with Sandbox(record=record) as again:
        assert again.calls_received == 0
        client = reddy.Client(again.token, base_url=again.url)
        later = client.create_call(reddy.Call(agent_email="a@b.example", product_id=1))
        client.close()
    assert (later.upload_id or 0) > (receipt.upload_id or 0), "a number is never used twice"
