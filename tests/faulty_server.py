"""A server on a raw socket that answers its first requests badly, and all others as Reddy does.

What the sandbox cannot do is done here: resets in the middle of things, answers that trickle or end too soon, TLS that
nobody trusts. Each request is counted when its first byte is there, read or not.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable

Behaviour = Callable[[socket.socket], None]
"""Deals with one request on a connection where its first bytes wait to be read; the connection is closed after it."""

GOOD = b'{"upload_id": 7, "conversation_id": "conv-1"}'


class FaultyServer:
    """Request n meets the n-th behaviour; when there are no more, a request meets `usual` (it is accepted).

    `heads`: what there was of each request when it was met; `at`: when that was, by `clock`.
    """

    def __init__(
        self,
        behaviours: Iterable[Behaviour] = (),
        *,
        usual: Behaviour | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._behaviours = list(behaviours)
        self._usual = usual or answering()
        self._clock = clock
        self._tls = tls
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", port))
        # Small, so that a client that sends a large body has to wait for it to be read.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        scheme, host = ("http", "127.0.0.1") if tls is None else ("https", "localhost")
        self.url = f"{scheme}://{host}:{self._listener.getsockname()[1]}"
        self.requests = 0
        self.connections = 0
        self.heads: list[bytes] = []
        self.at: list[float] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> FaultyServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(30)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            head = connection.recv(1) if self._tls else connection.recv(65536, socket.MSG_PEEK)
            if not head:
                return
            with self._lock:
                self.requests += 1
                self.heads.append(head)
                self.at.append(self._clock())
                behaviour = self._behaviours.pop(0) if self._behaviours else self._usual
            behaviour(connection)


def read_request(connection: socket.socket) -> bytes:
    """One whole request."""
    got = b""
    while b"\r\n\r\n" not in got:
        part = connection.recv(65536)
        if not part:
            return got
        got += part
    head, _, body = got.partition(b"\r\n\r\n")
    lengths = [
        line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    ]
    while len(body) < int(lengths[0]):
        part = connection.recv(65536)
        if not part:
            break
        body += part
    return head + b"\r\n\r\n" + body


def answering(
    status: int = 200,
    body: bytes = GOOD,
    *headers: str,
    announced: int | None = None,
    first: Callable[[], None] | None = None,
    into: list[bytes] | None = None,
) -> Behaviour:
    """Reads the request and answers; `announced` bytes are promised. `first` is called before the answer leaves; what
    was read goes `into` a list."""

    def behave(connection: socket.socket) -> None:
        request = read_request(connection)
        if into is not None:
            into.append(request)
        if first is not None:
            first()
        lines = [
            f"HTTP/1.1 {status} Whatever",
            "Content-Type: application/json",
            "Connection: close",
            *headers,
        ]
        if status != 204:
            lines.append(f"Content-Length: {len(body) if announced is None else announced}")
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return behave


def resetting(*, read: int | None, answer: bytes = b"") -> Behaviour:
    """Reads so many bytes of the request (None: all of it), sends so much of an answer, and resets the connection."""

    def behave(connection: socket.socket) -> None:
        if read is None:
            read_request(connection)
        else:
            left = read
            while left and (part := connection.recv(left)):
                left -= len(part)
        if answer:
            connection.sendall(answer)
            time.sleep(0.05)  # a reset overtakes what was sent before it
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return behave


def trickling(*, for_ever: bool = False) -> Behaviour:
    """Answers byte by byte; `for_ever`, until the client has had enough."""

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        length = 1_000_000 if for_ever else len(GOOD)
        connection.sendall(
            f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        if not for_ever:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in GOOD:
                connection.sendall(bytes([byte]))
                time.sleep(0.002)
            return
        for _ in range(10_000):  # fails as soon as the client hangs up
            connection.sendall(b" ")
            time.sleep(0.01)

    return behave


def taking_part(read: int, then: Callable[[], None], into: list[bytes], *, piece: int = 65536) -> Behaviour:
    """Reads so many bytes, calls `then`, and reads the rest in pieces; answers, if all came. What came goes `into` a
    list."""

    def behave(connection: socket.socket) -> None:
        got = b""
        while len(got) < read:
            got += connection.recv(min(piece, read - len(got)))
        then()
        head, _, _ = got.lower().partition(b"\r\n\r\n")
        length = len(head) + 4 + int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        with contextlib.suppress(OSError):
            while len(got) < length and (part := connection.recv(piece)):
                got += part
        into.append(got)
        if len(got) == length:
            connection.sendall(b"HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    return behave


def silent(connection: socket.socket) -> None:
    """Reads the request and says nothing until the client has gone."""
    read_request(connection)
    connection.recv(1)


class CutDatabase:
    """Stands before a PostgreSQL server on a Unix socket, and loses its answers to the commits that it is told to."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.commits_to_lose = 0
        self.lost = 0
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> CutDatabase:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._path)
            threading.Thread(target=self._forward, args=(client, server), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with client, server, contextlib.suppress(OSError):
            while True:
                readable, _, _ = select.select([client, server], [], [])
                for one, other in ((client, server), (server, client)):
                    if one not in readable:
                        continue
                    part = one.recv(1 << 20)
                    if not part:
                        return
                    other.sendall(part)
                    if one is client and b"COMMIT" in part and self.commits_to_lose:
                        self.commits_to_lose -= 1
                        self.lost += 1
                        server.recv(1 << 20)  # it is stored by now
                        return
