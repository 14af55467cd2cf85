"""A web server with recordings, on this machine: what it answers is said by a test, and what it was asked is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.recording_files import tone, wav_bytes

Answer = Callable[[BaseHTTPRequestHandler], None]


def sound(path: str) -> bytes:
    """A recording of its own for every path; what is behind "?" makes no other one."""
    return wav_bytes(tone(0.2)) + path.partition("?")[0].encode()


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        if value:
            handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Half of what was promised, and then nothing."""
    body = sound(handler.path)
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.wfile.flush()
    handler.connection.close()


class RecordingServer:
    """`asked`: the path of every request; `most`: how many were answered at the same time. `answers`: path without
    query → what is done for it, in place of giving its recording."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Answer] = {}
        self.most = self._now = 0
        self._lock = threading.Lock()
        self.gate = threading.Event()
        """Answers wait for it; open unless a test closes it."""
        self.gate.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with outer._lock:
                    outer.asked.append(self.path)
                    outer._now += 1
                    outer.most = max(outer.most, outer._now)
                try:
                    outer.gate.wait(60)
                    plain = self.path.partition("?")[0]
                    given = outer.answers.get(plain) or outer.answers.get("*")
                    with suppress(OSError):  # whoever asked is gone
                        if given is None:
                            send(self, 200, sound(self.path), Content_Type="audio/wav")
                        else:
                            given(self)
                finally:
                    with outer._lock:
                        outer._now -= 1

            def log_message(self, *_: object) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port: int = self.http.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def address(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def close(self) -> None:
        self.gate.set()
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@contextmanager
def recording_server() -> Iterator[RecordingServer]:
    server = RecordingServer()
    try:
        yield server
    finally:
        server.close()
