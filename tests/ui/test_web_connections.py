"""Which token goes to which address, and which addresses there are at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import reddy_lib as reddy
from reddy_lib import ui
from reddy_lib.api.answers import Receipt
from reddy_lib.errors import ConnectionUnusable, Refused
from reddy_lib.sandbox import Fault
from reddy_lib.sending.connection import (
    allowed_addresses,
    sandbox_from_environment,
    stored_connection,
    typed_connection,
)
from reddy_lib.sending.dispatcher import send_chunk
from reddy_lib.sending.slots import Slots
from reddy_lib.sending.submission import create
from reddy_lib.sending.workers import new_worker
from tests import screen
from tests.conftest import PRODUCTS
from tests.recording_files import turns, wav_bytes

REDDY, EU, US = "https://app.reddy.io", "https://eu.reddy.example", "https://us.reddy.example"
FILE, ENVIRONMENT = "token-of-the-secrets-file", "token-of-the-environment"


@pytest.mark.parametrize(
    ("secrets", "environment", "token", "address"),
    [
        ({}, {}, None, None),
        ({}, {"REDDY_BASE_URL": EU}, None, None),
        ({"base_url": EU}, {}, None, None),
        ({"REDDY_API_TOKEN": FILE}, {}, FILE, REDDY),
        ({"REDDY_API_TOKEN": FILE, "base_url": EU}, {}, FILE, EU),
        ({"REDDY_API_TOKEN": FILE, "REDDY_BASE_URL": EU}, {}, FILE, EU),
        ({"REDDY_API_TOKEN": FILE, "REDDY_BASE_URL": EU, "base_url": "HTTPS://EU.reddy.example:443/"}, {}, FILE, EU),
        ({"REDDY_API_TOKEN": FILE}, {"REDDY_BASE_URL": EU}, FILE, EU),
        ({"REDDY_API_TOKEN": FILE, "base_url": EU}, {"REDDY_BASE_URL": US}, FILE, EU),
        ({"REDDY_API_TOKEN": FILE}, {"REDDY_API_TOKEN": ENVIRONMENT, "REDDY_BASE_URL": US}, FILE, US),
        ({}, {"REDDY_API_TOKEN": ENVIRONMENT}, ENVIRONMENT, REDDY),
        ({}, {"REDDY_API_TOKEN": ENVIRONMENT, "REDDY_BASE_URL": f"{EU}/"}, ENVIRONMENT, EU),
        ({"base_url": EU}, {"REDDY_API_TOKEN": ENVIRONMENT}, ENVIRONMENT, EU),
        ({"base_url": EU}, {"REDDY_API_TOKEN": ENVIRONMENT, "REDDY_BASE_URL": US}, ENVIRONMENT, US),
        ({}, {"REDDY_API_TOKEN": ENVIRONMENT, "REDDY_BASE_URL": "http://localhost:9"}, ENVIRONMENT, "http://127.0.0.1:9"),
    ],
)  # fmt: skip
def test_a_stored_token_goes_to_the_address_that_is_named_for_it(
    secrets: dict[str, str], environment: dict[str, str], token: str | None, address: str | None
) -> None:
    found = stored_connection(secrets, environment)
    assert (found and found.token, found and found.address) == (token, address)


@pytest.mark.parametrize(
    ("secrets", "environment", "sentence"),
    [
        ({"REDDY_API_TOKEN": FILE, "base_url": EU, "REDDY_BASE_URL": US}, {}, "names two addresses"),
        ({"REDDY_API_TOKEN": FILE, "base_url": "http://eu.reddy.example"}, {}, "The secrets file cannot be used"),
        ({}, {"REDDY_API_TOKEN": ENVIRONMENT, "REDDY_BASE_URL": "http://10.0.0.5"}, "REDDY_BASE_URL cannot be used"),
        ({}, {"REDDY_API_TOKEN": ENVIRONMENT, "REDDY_BASE_URL": "reddy.example"}, "REDDY_BASE_URL cannot be used"),
    ],
)  # fmt: skip
def test_an_address_that_contradicts_or_is_not_encrypted_is_said_and_not_replaced(
    secrets: dict[str, str], environment: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConnectionUnusable, match=sentence):
        stored_connection(secrets, environment)


def test_the_addresses_of_a_page_are_reddy_s_and_an_administrator_s() -> None:
    assert allowed_addresses({}, {}) == [REDDY]
    environment = {"REDDY_BASE_URL": EU, "REDDY_BASE_URLS": f" {US}/ ,, http://localhost:9,{EU}"}
    assert allowed_addresses({"base_url": EU}, environment) == [REDDY, EU, US, "http://127.0.0.1:9"]
    with pytest.raises(ConnectionUnusable, match=r"REDDY_BASE_URLS cannot be used\..*not encrypted"):
        allowed_addresses({}, {"REDDY_BASE_URLS": "http://intranet.example"})


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254", "https://10.0.0.5", "https://app.reddy.io.evil.example", "no address"],
)
def test_a_token_is_not_sent_where_somebody_at_a_screen_says(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDDY_BASE_URLS", raising=False)
    monkeypatch.delenv("REDDY_BASE_URL", raising=False)
    with pytest.raises(ConnectionUnusable, match="not one of this workbench's addresses"):
        typed_connection(ENVIRONMENT, address)
    assert typed_connection(ENVIRONMENT, "HTTPS://APP.reddy.io/").address == REDDY


def test_a_sandbox_elsewhere_needs_a_token_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDDY_SANDBOX_URL", "http://app:8501/sandbox")
    monkeypatch.delenv("REDDY_SANDBOX_TOKEN", raising=False)
    with pytest.raises(ConnectionUnusable, match="REDDY_SANDBOX_TOKEN is not set"):
        sandbox_from_environment()
    monkeypatch.setenv("REDDY_SANDBOX_TOKEN", "one-for-all-of-them")
    found = sandbox_from_environment()
    assert found is not None
    with found.client() as client:  # in a container network, without TLS
        assert client.base_url == "http://app:8501/sandbox"
    assert not ui.stays_here(found)


@contextmanager
def listening() -> Iterator[tuple[str, list[bytes]]]:
    """A server on another port: what was brought to it."""
    seen: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            seen.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


def test_a_recording_for_the_sandbox_goes_nowhere_else_whatever_it_answers(
    ledger: reddy.Ledger,
    sheet: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REDDY_AUDIO_FOLDER", str(tmp_path))
    (tmp_path / "a.wav").write_bytes(wav_bytes(*turns(4)))
    batch = ledger.load(sheet(1), products=PRODUCTS, progress=False)
    batch.attach(2, tmp_path / "a.wav")
    with reddy.Sandbox() as sandbox, listening() as (elsewhere, seen):
        sandbox.faults.add(Fault(kind="upload-url", url=f"{elsewhere}{{path}}"))
        monkeypatch.setenv("REDDY_SANDBOX_URL", sandbox.url)
        monkeypatch.setenv("REDDY_SANDBOX_TOKEN", sandbox.token)
        to = ui.sandbox_connection()
        submission = create(ledger, batch.id, address=to.address, token_source=to.source)
        with to.client() as client:
            for chunk in submission.open_chunks():
                send_chunk(ledger, submission.id, chunk, client, new_worker(ledger), Slots(1))
            with pytest.raises(Refused, match="leads away from the sandbox"):
                client.upload_audio(Receipt(upload_url=f"{elsewhere}/upload/x"), b"a voice")
        assert submission.counts()["accepted"] == 1
        assert seen == []
        said = json.dumps(batch.calls().to_dict("records"), default=str) + str(
            batch.recordings().to_dict("records")
        )
        assert "leads to another server" in said


@pytest.mark.parametrize("remote", [False, True])
def test_the_pages_say_nothing_leaves_only_where_that_is_so(
    ledger: reddy.Ledger,
    remote: bool,
    sheet: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "page.sqlite"))
    monkeypatch.delenv("REDDY_API_TOKEN", raising=False)
    batch = ui.ledger().load(sheet(2), products=PRODUCTS, progress=False)
    if remote:
        monkeypatch.setenv("REDDY_SANDBOX_URL", "https://sandbox.example")
        monkeypatch.setenv("REDDY_SANDBOX_TOKEN", "one-for-all-of-them")
    said = screen.words(screen.in_dialog(screen.opened("submit", batch), "change_connection"))
    assert ("othing leaves this machine" in said) is not remote
    assert ("https://sandbox.example" in said) is remote


def test_a_submission_to_an_address_that_is_no_longer_listed_is_not_resumed(
    sheet: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "page.sqlite"))
    for name in ("REDDY_API_TOKEN", "REDDY_BASE_URL", "REDDY_BASE_URLS"):
        monkeypatch.delenv(name, raising=False)
    batch = ui.ledger().load(sheet(2), products=PRODUCTS, progress=False)
    submission = create(batch.database, batch.id, address=EU, token_source="typed", token_hint="…4f2a")
    submission.pause()
    app = screen.opened("submit", batch)
    screen.press(app, "Resume")
    assert "is no longer one of this workbench's addresses" in screen.words(app)
    assert submission.state == "paused"


def test_what_the_sandbox_received_is_read_on_the_page(
    sheet: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "page.sqlite"))
    monkeypatch.delenv("REDDY_API_TOKEN", raising=False)
    batch = ui.ledger().load(sheet(2), products=PRODUCTS, progress=False)
    ui.sandbox().reset()
    with ui.sandbox() as running, reddy.Client(running.token, base_url=running.url) as client:
        client.create_call(reddy.Call(agent_email="ann@reddy.example", product_id=1, conversation_id="c-77"))
    app = screen.in_dialog(screen.opened("submit", batch), "received")
    table = screen.table(app, "Conversation", "Recording")
    assert list(table.value["Conversation"]) == ["c-77"]
    assert json.loads(app.json[0].value)["agent_email"] == "ann@reddy.example"
    ui.sandbox().reset()
