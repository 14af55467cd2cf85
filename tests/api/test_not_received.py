"""Requests that a server did not take from a connection (408, 421, 425), and SOCKS proxies that misbehave."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

import reddy_lib as reddy
from reddy_lib.api import Client
from reddy_lib.errors import APIError, Doubtful, NeverSent, NotReceived
from reddy_lib.sandbox import Fault
from reddy_lib.sending.retry_policy import MOST_TRIES, decide
from tests.api.test_connections import (
    CALL,
    GOOD,
    TOKEN,
    Script,
    Server,
    answering,
    failure,
    read_request,
    talking,
)

GREETING = b"\x05\x00"
OPENED = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def closing(status: int) -> bytes:
    return b"HTTP/1.1 %d Not now\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" % status


@pytest.mark.parametrize("status", [408, 421, 425])
def test_a_request_that_was_not_received_was_not_processed(status: int) -> None:
    error = failure(answering(closing(status)))
    assert isinstance(error, NotReceived)
    assert not error.possibly_processed


@pytest.mark.parametrize("status", [408, 421, 425])
def test_after_it_each_connection_carries_one_request(status: int) -> None:
    """What a server sends when it closes an idle connection is read by one request, not by each second one."""
    with talking(*[answering(GOOD, closing(status))] * 12) as (client, server):
        told: list[APIError] = []
        for _ in range(10):
            try:
                client.create_call(CALL)
            except APIError as error:
                told.append(error)
        assert [type(error) for error in told] == [NotReceived]
        assert server.connections == 9


@pytest.mark.parametrize("status", [408, 421, 425])
def test_a_call_that_was_not_received_is_tried_again_and_no_other_call_waits(status: int) -> None:
    error = NotReceived("no", status=status)
    first = decide(error, tries=1, chance=0.0)
    assert (first.outcome, first.wait_all, first.pause) == ("again", False, "")
    assert decide(error, tries=MOST_TRIES, chance=0.0).outcome == "failed"
    assert decide(error, tries=MOST_TRIES, chance=0.0, doubted=True).outcome == "unknown"


@pytest.mark.parametrize("status", [408, 421, 425])
def test_calls_that_were_not_received_end_accepted_and_none_is_sent_twice(
    status: int,
    ledger: reddy.Ledger,
    sandbox: reddy.Sandbox,
    client: reddy.Client,
    sheet: Callable[..., Path],
) -> None:
    products = client.list_products()
    batch = ledger.load(sheet(6), products=products, progress=False)
    sandbox.faults.add(Fault(kind="status", status=status, on="create", times=3))
    submission = reddy.submit(batch, client, progress=False)
    assert submission.counts()["accepted"] == 6
    assert len(sandbox.received) == 6


def read_exactly(connection: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        part = connection.recv(size - len(got))
        if not part:
            raise OSError
        got += part
    return got


def greeted(connection: socket.socket, answer: bytes = GREETING) -> None:
    read_exactly(connection, 1)
    read_exactly(connection, read_exactly(connection, 1)[0])
    connection.sendall(answer)


def asked(connection: socket.socket) -> None:
    """Reads to which host a tunnel is wanted."""
    head = read_exactly(connection, 5)
    read_exactly(connection, {1: 4 - 1, 3: head[4], 4: 16 - 1}[head[3]] + 2)


def socks(*, greeting: bytes | None = GREETING, answer: bytes | None = None, then: str = "closes") -> Script:
    """A SOCKS proxy that says these things, and then `closes`, `hangs` or `resets`. None: says nothing."""

    def script(connection: socket.socket) -> None:
        if greeting is not None:
            greeted(connection, greeting)
        if answer is not None:
            asked(connection)
            connection.sendall(answer)
        if then == "hangs":
            with contextlib.suppress(OSError):
                while connection.recv(65536):
                    pass
        elif then == "resets":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script


SOCKS: dict[str, Script] = {
    "closes at once": socks(greeting=None),
    "hangs at once": socks(greeting=None, then="hangs"),
    "resets at once": socks(greeting=None, then="resets"),
    "is an HTTP server": socks(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "says half a greeting": socks(greeting=b"\x05"),
    "wants a password": socks(greeting=b"\x05\x02"),
    "takes no method": socks(greeting=b"\x05\xff"),
    "hangs before the tunnel": socks(then="hangs"),
    "closes before the tunnel": socks(),
    "resets before the tunnel": socks(then="resets"),
    "finds no host": socks(answer=b"\x05\x04" + OPENED[2:]),
    "answers half": socks(answer=OPENED[:5]),
    "answers another version": socks(answer=b"\x04" + OPENED[1:]),
    "opens and closes": socks(answer=OPENED),
    "opens and hangs": socks(answer=OPENED, then="hangs"),
    "opens to a server without TLS": socks(answer=OPENED + b"220 mail.example\r\n", then="hangs"),
}


@pytest.mark.parametrize("script", SOCKS.values(), ids=SOCKS)
def test_a_call_never_left_if_a_socks_proxy_opened_no_way_to_reddy(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(script) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url.replace("http://", "socks5://"))
        with (
            Client(TOKEN, base_url="https://reddy.invalid", timeout=0.4) as client,
            pytest.raises(NeverSent) as caught,
        ):
            client.create_call(CALL)
        assert proxy.connections == 1
    assert not caught.value.possibly_processed


def test_a_call_that_went_through_a_socks_proxy_and_had_no_answer_is_in_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[bytes] = []

    def passes_on(connection: socket.socket) -> None:
        socks(answer=OPENED, then="nothing")(connection)
        heard.append(read_request(connection))

    with Server(passes_on) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url.replace("http://", "socks5://"))
        with (
            Client(TOKEN, base_url="http://reddy.invalid", timeout=2, sandbox=True) as client,
            pytest.raises(Doubtful),
        ):
            client.create_call(CALL)
    assert heard[0].startswith(b"POST ")


def test_a_missing_package_for_socks_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("ALL_PROXY", "socks5://u:secret@proxy.example:1080")
    with pytest.raises(NeverSent, match=r"pip install 'reddy-workbench\[socks\]'") as caught:
        Client(TOKEN)
    assert "secret" not in str(caught.value)
