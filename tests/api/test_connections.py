"""What happens on the wire: servers that hang up, trickle, lie or are not there, played by real sockets."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator

import pytest
import trustme

from reddy_lib.api import Client
from reddy_lib.errors import APIError, Doubtful, NeverSent, Refused
from reddy_lib.model import Call

TOKEN = "token-that-nobody-may-see"
CALL = Call(agent_email="ana@example.com", product_id=1, conversation_id="c-1")
GOOD = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"upload_id":7}'

Script = Callable[[socket.socket], None]


class Server:
    """A server whose n-th connection is handled by the n-th script; counts connections and requests."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)

    def _serve(self) -> None:
        for script in self._scripts:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                connection.settimeout(10)
                script(connection)


def read_request(connection: socket.socket) -> bytes:
    """One whole request; b"" where the client closed instead."""
    got = b""
    while b"\r\n\r\n" not in got:
        part = connection.recv(65536)
        if not part:
            return b""
        got += part
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(*answers: bytes) -> Script:
    """Answers that many requests on one connection, then closes it."""

    def script(connection: socket.socket) -> None:
        for answer in answers:
            if read_request(connection):
                connection.sendall(answer)

    return script


def hanging_up_at_once(connection: socket.socket) -> None:
    """Closes without reading."""


def resetting(connection: socket.socket) -> None:
    """Reads the request, then resets the connection."""
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def until_closed(connection: socket.socket) -> None:
    """Reads the request and says nothing until the client gives up."""
    read_request(connection)
    connection.recv(1)


@contextlib.contextmanager
def talking(*scripts: Script, timeout: float = 10.0) -> Iterator[tuple[Client, Server]]:
    with Server(*scripts) as server, Client(TOKEN, base_url=server.url, timeout=timeout) as client:
        yield client, server


def failure(*scripts: Script, timeout: float = 10.0) -> APIError:
    """What `create_call` raises; a second connection, were there one, would be answered well."""
    with talking(*scripts, answering(GOOD), timeout=timeout) as (client, server):
        with pytest.raises(APIError) as caught:
            client.create_call(CALL)
        assert server.connections <= 1, "the request was sent again"
    return caught.value


class TestNeverSent:
    def test_nobody_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with Client(TOKEN, base_url=f"http://127.0.0.1:{port}") as client, pytest.raises(NeverSent) as caught:
            client.create_call(CALL)
        assert "nothing answers at this address" in str(caught.value)
        assert not caught.value.possibly_processed

    def test_the_name_does_not_exist(self) -> None:
        with Client(TOKEN, base_url="https://reddy.invalid") as client, pytest.raises(NeverSent):
            client.create_call(CALL)

    @pytest.mark.parametrize(
        "url",
        [
            "http://reddy.example",
            "HTTP://10.0.0.5:8501/x",
            "http://127.0.0.1.evil.example",
            "http://[fe80::1]",
        ],
    )
    def test_a_token_never_crosses_a_network_in_clear(self, url: str) -> None:
        with pytest.raises(NeverSent, match="unencrypted"):
            Client(TOKEN, base_url=url)
        Client(TOKEN, base_url=url, sandbox=True).close()

    @pytest.mark.parametrize("url", ["http://localhost:9", "http://127.0.0.1:9", "http://[::1]:9"])
    def test_on_this_machine_nothing_needs_to_be_encrypted(self, url: str) -> None:
        Client(TOKEN, base_url=url).close()

    def test_the_server_speaks_no_tls(self) -> None:
        def plain(connection: socket.socket) -> None:
            connection.recv(1)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.recv(65536)

        with Server(plain) as server:
            address = server.url.replace("http://", "https://")
            with Client(TOKEN, base_url=address) as client, pytest.raises(NeverSent, match="encrypted"):
                client.create_call(CALL)

    def test_the_server_hangs_up_during_the_tls_handshake(self) -> None:
        with Server(hanging_up_at_once) as server:
            address = server.url.replace("http://", "https://")
            with Client(TOKEN, base_url=address) as client, pytest.raises(NeverSent):
                client.create_call(CALL)

    def test_a_certificate_that_nobody_vouches_for_is_refused(self) -> None:
        """The check of certificates stays on: shown by the error that its failure gives."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("localhost").configure_cert(context)

        def handshake(connection: socket.socket) -> None:
            with (
                contextlib.suppress(ssl.SSLError),
                context.wrap_socket(connection, server_side=True) as secure,
            ):
                secure.recv(1)

        with Server(handshake) as server:
            address = server.url.replace("http://127.0.0.1", "https://localhost")
            with Client(TOKEN, base_url=address) as client, pytest.raises(NeverSent, match="certificate"):
                client.create_call(CALL)


class TestDoubtful:
    def test_no_answer_comes_in_time(self) -> None:
        error = failure(until_closed, timeout=0.2)
        assert type(error) is Doubtful
        assert "no answer came in time" in str(error)

    def test_the_server_hangs_up_without_an_answer(self) -> None:
        assert type(failure(hanging_up_at_once)) is Doubtful

    def test_the_server_reads_the_request_and_closes(self) -> None:
        assert type(failure(answering(b""))) is Doubtful

    def test_the_connection_is_reset(self) -> None:
        assert type(failure(resetting)) is Doubtful

    @pytest.mark.parametrize(
        "answer",
        [
            GOOD[:20],
            GOOD[:60],
            GOOD[:-5],
            b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"upl',
            b'HTTP/1.1 400 Bad Request\r\nContent-Length: 50\r\n\r\n{"error":',
        ],
        ids=["half a status line", "half a head", "half a body", "half a chunk", "half an error"],
    )
    def test_half_an_answer(self, answer: bytes) -> None:
        assert type(failure(answering(answer))) is Doubtful

    @pytest.mark.parametrize(
        "answer",
        [
            b"SSH-2.0-OpenSSH_9.6\r\n",
            b"\x00\x01\x02\x03\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!",
        ],
        ids=["another protocol", "noise", "broken head", "broken compression"],
    )
    def test_an_answer_that_is_not_http(self, answer: bytes) -> None:
        assert type(failure(answering(answer))) is Doubtful

    def test_an_answer_that_trickles_is_given_up_as_a_whole(self) -> None:
        """Each byte comes within the timeout of a single read; only the sum is too long."""
        stopped = threading.Event()

        def trickle(connection: socket.socket) -> None:
            read_request(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            with contextlib.suppress(OSError):
                while not stopped.wait(0.02):
                    connection.sendall(b" ")

        try:
            error = failure(trickle, timeout=0.3)
        finally:
            stopped.set()
        assert type(error) is Doubtful
        assert "did not end" in str(error)

    def test_an_answer_that_swells_is_given_up(self) -> None:
        swollen = gzip.compress(b" " * 40_000_000)
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(swollen)
        error = failure(answering(head + swollen))
        assert type(error) is Doubtful
        assert "did not end" in str(error)


class TestKeptConnections:
    def test_a_connection_is_used_again(self) -> None:
        with talking(answering(GOOD, GOOD)) as (client, server):
            assert [client.create_call(CALL).upload_id for _ in range(2)] == [7, 7]
            assert server.connections == 1

    def test_one_that_the_server_closed_meanwhile_is_noticed_before_sending(self) -> None:
        closed = threading.Event()

        def once(connection: socket.socket) -> None:
            answering(GOOD)(connection)
            connection.shutdown(socket.SHUT_RDWR)
            closed.set()

        with talking(once, answering(GOOD)) as (client, server):
            client.create_call(CALL)
            assert closed.wait(10)
            assert client.create_call(CALL).upload_id == 7
            assert server.connections == 2

    def test_one_that_is_closed_while_the_request_goes_out_leaves_it_in_doubt(self) -> None:
        """The server read the second request and closed: nobody can tell whether it did what was asked."""

        def second_time_silent(connection: socket.socket) -> None:
            answering(GOOD)(connection)
            read_request(connection)

        with talking(second_time_silent, answering(GOOD)) as (client, server):
            client.create_call(CALL)
            with pytest.raises(Doubtful) as caught:
                client.create_call(CALL)
            assert server.connections == 1
        assert caught.value.possibly_processed

    def test_after_a_failure_the_next_request_gets_a_fresh_connection(self) -> None:
        with talking(answering(GOOD[:-5]), answering(GOOD)) as (client, server):
            with pytest.raises(Doubtful):
                client.create_call(CALL)
            assert client.create_call(CALL).upload_id == 7
            assert server.connections == 2


class TestEarlyAndLateAnswers:
    def test_an_answer_before_the_body_was_read_counts(self) -> None:
        """A server may refuse a large call from its head alone, and close."""
        refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

        def early(connection: socket.socket) -> None:
            connection.recv(100)
            connection.sendall(refusal)
            with contextlib.suppress(OSError):
                while connection.recv(65536):
                    pass

        with talking(early) as (client, _), pytest.raises(Refused) as caught:
            client.create_call(Call(agent_email="ana@example.com", product_id=1, filename="x" * 3_000_000))
        assert caught.value.status == 413

    def test_an_interim_answer_is_not_the_answer(self) -> None:
        with talking(answering(b"HTTP/1.1 102 Processing\r\n\r\n" + GOOD)) as (client, _):
            assert client.create_call(CALL).upload_id == 7

    def test_a_compressed_answer_is_read(self) -> None:
        body = gzip.compress(b'{"upload_id": 9}')
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
        with talking(answering(head + body)) as (client, _):
            assert client.create_call(CALL).upload_id == 9

    def test_an_answer_without_a_length_ends_with_the_connection(self) -> None:
        with talking(answering(b'HTTP/1.1 200 OK\r\n\r\n{"upload_id": 5}')) as (client, _):
            assert client.create_call(CALL).upload_id == 5


class TestProxy:
    """A company's proxy stands between: asked for a tunnel, it may say no before anything of ours has left."""

    def through(self, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.lower(), raising=False)
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        monkeypatch.setenv("HTTP_PROXY", proxy)

    @pytest.mark.parametrize("answer", [b"407 Proxy Authentication Required", b"502 Bad Gateway"])
    def test_a_tunnel_that_is_refused_means_never_sent(
        self, monkeypatch: pytest.MonkeyPatch, answer: bytes
    ) -> None:
        with Server(answering(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\n\r\n")) as proxy:
            self.through(monkeypatch, proxy.url)
            with (
                Client(TOKEN, base_url="https://reddy.invalid") as client,
                pytest.raises(NeverSent, match="proxy"),
            ):
                client.create_call(CALL)

    def test_a_tunnel_that_leads_to_no_tls_means_never_sent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Server(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as proxy:
            self.through(monkeypatch, proxy.url)
            with Client(TOKEN, base_url="https://reddy.invalid") as client, pytest.raises(NeverSent):
                client.create_call(CALL)

    def test_a_sandbox_on_this_machine_is_never_asked_for_through_a_proxy(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Server(answering(b"")) as proxy:
            self.through(monkeypatch, proxy.url)
            with talking(answering(GOOD)) as (client, _):
                assert client.create_call(CALL).upload_id == 7
            assert proxy.connections == 0
