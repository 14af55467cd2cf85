"""What the connection knows of a call: proxies that fail before the call, servers that hang up on kept connections,
settings that name nothing, and servers that repeat the token."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from reddy_lib.api import Client
from reddy_lib.errors import APIError, Doubtful, NeverSent, Refused
from tests.api.test_connections import CALL, GOOD, TOKEN, Script, Server, answering, read_request, talking

OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def saying(text: bytes, then: Script = lambda _: None) -> Script:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(text)
        then(connection)

    return script


def waiting(connection: socket.socket) -> None:
    connection.recv(65536)


def silent(connection: socket.socket) -> None:
    read_request(connection)
    waiting(connection)


def reset(connection: socket.socket) -> None:
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


PROXIES: dict[str, Script] = {
    "hangs": silent,
    "closes": saying(b""),
    "closes at once": lambda connection: None,
    "resets": reset,
    "answers half a head": saying(b"HTTP/1.1 200 Conn"),
    "answers what is not HTTP": saying(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "asks for a password": saying(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n"),
    "finds nobody": saying(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"),
    "opens and hangs": saying(OPEN, waiting),
    "opens and closes": saying(OPEN),
    "opens to a server without TLS": saying(OPEN + b"220 mail.example\r\n", waiting),
}


@pytest.mark.parametrize("script", PROXIES.values(), ids=PROXIES)
def test_a_call_never_left_if_the_proxy_opened_no_way_to_reddy(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(script) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with (
            Client(TOKEN, base_url="https://reddy.invalid", timeout=0.4) as client,
            pytest.raises(NeverSent) as caught,
        ):
            client.create_call(CALL)
        assert proxy.connections == 1
    assert not caught.value.possibly_processed
    assert TOKEN not in str(caught.value)


def test_a_call_that_a_proxy_takes_without_a_tunnel_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(silent) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with (
            Client(TOKEN, base_url="http://reddy.invalid", timeout=0.4, sandbox=True) as client,
            pytest.raises(Doubtful),
        ):
            client.create_call(CALL)


def after(requests: int, *, farewell: bytes = b"", half: bool = False) -> Script:
    """Closes each connection after so many requests, right behind the answer."""

    def script(connection: socket.socket) -> None:
        for number in range(requests):
            if not read_request(connection):
                return
            closes = farewell if number == requests - 1 else b""
            connection.sendall(GOOD.replace(b"\r\n\r\n", b"\r\n" + closes + b"\r\n", 1))
        if half:
            connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                while connection.recv(65536):
                    pass

    return script


def ended(calls: int, script: Script) -> tuple[int, int]:
    """(calls accepted, calls in doubt) of so many, one after the other."""
    accepted = doubts = 0
    with talking(*[script] * calls) as (client, _):
        for _ in range(calls):
            try:
                client.create_call(CALL)
                accepted += 1
            except Doubtful:
                doubts += 1
    return accepted, doubts


def test_after_one_hang_up_on_a_kept_connection_no_further_call_is_in_doubt() -> None:
    """The server reads the second request of each connection and closes: without an answer, time after time."""

    def second_unanswered(connection: socket.socket) -> None:
        answering(GOOD)(connection)
        read_request(connection)

    assert ended(40, second_unanswered) == (39, 1)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("farewell", [b"", b"Connection: close\r\n"])
def test_a_server_that_closes_after_three_requests_leaves_at_most_one_of_sixty_calls_in_doubt(
    farewell: bytes, half: bool
) -> None:
    accepted, doubts = ended(60, after(3, farewell=farewell, half=half))
    assert (accepted + doubts, doubts <= (0 if farewell else 1)) == (60, True)


def test_once_is_once_for_all_threads_of_a_client() -> None:
    def second_unanswered(connection: socket.socket) -> None:
        answering(GOOD)(connection)
        read_request(connection)

    class Wide(Server):
        def _serve(self) -> None:
            threads = []
            for script in self._scripts:
                try:
                    connection, _ = self._listener.accept()
                except OSError:
                    break
                self.connections += 1
                threads.append(threading.Thread(target=_served, args=(script, connection), daemon=True))
                threads[-1].start()

    def _served(script: Script, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            script(connection)

    doubts: list[APIError] = []
    with Wide(*[second_unanswered] * 400) as server, Client(TOKEN, base_url=server.url) as client:

        def send() -> None:
            for _ in range(25):
                try:
                    client.create_call(CALL)
                except Doubtful as error:
                    doubts.append(error)

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert 1 <= len(doubts) <= 8, "at most those in flight at the first hang-up"


def test_a_request_that_finds_the_connection_gone_while_it_is_written_has_not_left() -> None:
    from reddy_lib.api.connections import Progress

    progress = Progress()

    class Post:
        method = b"POST"

    progress("http11.send_request_headers.started", {"request": Post})
    progress("http11.send_request_headers.failed", {"exception": OSError()})
    assert progress.never_sent(OSError())


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_not_there_are_said_with_the_variable(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(name, str(tmp_path / "missing.pem"))
    with pytest.raises(NeverSent, match=name):
        Client(TOKEN)
    (tmp_path / "missing.pem").write_text("no certificate")
    with pytest.raises(NeverSent, match=name):
        Client(TOKEN)


def test_certificates_are_read_once_and_again_after_they_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    read: list[bool] = []
    monkeypatch.setattr(
        "reddy_lib.api.connections.httpx.create_ssl_context",
        lambda *, trust_env: read.append(trust_env) or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )
    store = tmp_path / "company.pem"
    store.write_text("one certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(store))
    for _ in range(3):
        Client(TOKEN).close()
    assert read == [True]
    store.write_text("one certificate and another")
    Client(TOKEN).close()
    assert read == [True, True]


def test_the_sandbox_on_this_machine_needs_no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    with talking(answering(GOOD)) as (client, _):
        assert client.create_call(CALL).upload_id == 7


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"])
@pytest.mark.parametrize(
    "value",
    ["socks5://u:secret@proxy.example:1080", "ftp://u:secret@proxy.example", "http://", "http://[::1"],
)
def test_a_proxy_that_cannot_be_used_is_said_with_the_variable_and_without_its_password(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv(name, value)
    with pytest.raises(NeverSent, match=name) as caught:
        Client(TOKEN)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    ],
)
def test_an_answer_with_a_byte_order_mark_is_an_answer(encode: Callable[[str], bytes]) -> None:
    def answer(status: str, text: str) -> bytes:
        body = encode(text)
        return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)

    good = answer("200 OK", '{"upload_id": 7, "conversation_id": "ü"}')
    with talking(answering(good, answer("400 No", '{"error": "wrong agent"}'))) as (client, _):
        assert client.create_call(CALL).conversation_id == "ü"
        with pytest.raises(Refused) as caught:
            client.create_call(CALL)
    assert caught.value.server_message == "wrong agent"


ECHOED: dict[str, Callable[[str], str]] = {
    "plain": lambda token: token,
    "percent-encoded": lambda token: quote(token, safe="") + "".join(f"%{ord(char):02x}" for char in token),
    "base64": lambda token: " ".join(
        base64.b64encode((before + token).encode()).decode() for before in ("", "x", "Bearer ", "ab:")
    ),
    "hexadecimal": lambda token: token.encode().hex(),
    "broken over lines": lambda token: "\n".join(token),
    "cut in half": lambda token: token[: len(token) // 2 + 1] + " and " + token[len(token) // 2 - 1 :],
}


@pytest.mark.parametrize("encode", ECHOED.values(), ids=ECHOED)
@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_token_that_the_server_repeats_is_nowhere_in_what_is_kept(
    status: int, encode: Callable[[str], str]
) -> None:
    echo = encode(TOKEN)
    body = json.dumps(
        {
            "upload_id": 7,
            "conversation_id": echo,
            "upload_url": f"https://up.example/{quote(echo)}",
            **({"error": f"token {echo}", echo: "bad"} if status != 200 else {}),
        }
    ).encode()
    header = echo.replace("\n", " ").encode()
    answer = b"HTTP/1.1 %d X\r\nX-Request-Id: r%s\r\nContent-Length: %d\r\n\r\n%s" % (
        status,
        header,
        len(body),
        body,
    )
    with talking(answering(answer)) as (client, _):
        if status == 200:
            receipt = client.create_call(CALL)
            assert receipt.upload_id == 7
            kept = [receipt.conversation_id, receipt.request_id, receipt.upload_url]
        else:
            with pytest.raises(APIError) as caught:
                client.create_call(CALL)
            error = caught.value
            kept = [str(error), error.server_message, error.request_id]
    pieces = [TOKEN[:14], TOKEN[-14:], *(piece for piece in echo.split() if len(piece) > 20)]
    for text in kept:
        assert text is None or not [piece for piece in pieces if piece in "".join(text.split())], text


def test_a_short_token_breaks_no_answer_that_holds_its_letters() -> None:
    body = b'{"upload_id": 7, "upload_url": "https://up.example/upload/1?sig=load"}'
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    with Server(answering(head + body)) as server, Client("load", base_url=server.url) as client:
        receipt = client.create_call(CALL)
    assert (receipt.upload_id, receipt.upload_url) == (7, "https://up.example/upload/1?sig=load")
