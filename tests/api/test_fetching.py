"""Fetching recordings: what is checked is what is asked; redirects, sizes and times have limits; nothing half is kept."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from reddy_lib.allowed_hosts import AllowedHosts
from reddy_lib.api.fetching import FetchLimits, fetch_recording
from reddy_lib.errors import RecordingError, RecordingNotFound, RecordingRefused
from reddy_lib.recordings.store import RecordingStore

AUDIO = b"RIFF" + b"sound" * 50_000


class Server:
    """A web server on this machine whose answers a test writes. `seen`: (path, headers) of every request."""

    def __init__(self) -> None:
        self.answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: send(handler, 200, AUDIO)
        self.seen: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                outer.answer(self)

            def log_message(self, *_: object) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        if value:
            handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def store(tmp_path: Path) -> RecordingStore:
    return RecordingStore(tmp_path / "kept")


def here(host: str, port: int) -> list[str]:
    """A name server for which every name is this machine."""
    return ["127.0.0.1"]


def allowed(server: Server, *hosts: str) -> AllowedHosts:
    return AllowedHosts.of(private=[f"{host}:{server.port}" for host in hosts or ("rec.example",)])


def fetch(server: Server, store: RecordingStore, path: str = "/a.wav", **more: object) -> object:
    settings = {"resolver": here, **more}
    return fetch_recording(f"http://rec.example:{server.port}{path}", store, allowed(server), **settings)  # type: ignore[arg-type]


def nothing_kept(store: RecordingStore) -> bool:
    return list(store.folder.iterdir()) == []


def test_a_recording_is_kept_under_the_name_at_the_addresss_end(
    server: Server, store: RecordingStore
) -> None:
    kept = fetch(server, store, "/rec/call%207.wav?sig=secret")
    assert store.recordings() == [kept]
    (recording,) = store.recordings()
    assert (recording.name, recording.size) == ("call 7.wav", len(AUDIO))
    with store.open(recording.key) as file:
        assert file.read() == AUDIO
    path, headers = server.seen[0]
    assert path == "/rec/call%207.wav?sig=secret"
    assert headers["host"] == f"rec.example:{server.port}"
    assert headers["accept-encoding"] == "identity"
    assert not {"authorization", "cookie", "referer"} & set(headers)


@pytest.mark.parametrize("private", [True, False])
def test_a_name_that_changes_its_answer_is_asked_only_once(
    server: Server, store: RecordingStore, private: bool
) -> None:
    """The classic trick: one number for the check, another for the connection. There is no second question, so the
    number of the first answer is connected to where it is allowed, and nothing is where it is not."""
    answers = iter([["127.0.0.1"], ["203.0.113.7"], ["203.0.113.7"]])
    asked: list[str] = []

    def changing(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    hosts = allowed(server) if private else AllowedHosts.of([f"rec.example:{server.port}"])
    address = f"http://rec.example:{server.port}/a.wav"
    if private:
        fetch_recording(address, store, hosts, resolver=changing)
    else:
        with pytest.raises(RecordingRefused, match="inside this network"):
            fetch_recording(address, store, hosts, resolver=changing)
    assert asked == ["rec.example"]
    assert len(server.seen) == private


def test_one_private_number_among_public_ones_spoils_the_name(server: Server, store: RecordingStore) -> None:
    public = AllowedHosts.of([f"rec.example:{server.port}"])
    for answer in (
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["::1"],
        ["fe80::1%eth0"],
        ["nonsense"],
    ):
        with pytest.raises(RecordingRefused):
            fetch_recording(
                f"http://rec.example:{server.port}/a.wav",
                store,
                public,
                resolver=lambda *_, a=answer: a,  # type: ignore[misc]
            )
    assert server.seen == []


def test_an_unknown_name_is_told(server: Server, store: RecordingStore) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(RecordingError, match=r"rec\.example was not found"):
        fetch(server, store, resolver=unknown)


def test_the_next_number_is_tried_where_nothing_answers(server: Server, store: RecordingStore) -> None:
    assert fetch(server, store, resolver=lambda *_: ["127.0.0.2", "127.0.0.1"])
    assert len(server.seen) == 1


# --- redirects ---------------------------------------------------------------------------------------------


def test_a_redirect_is_followed_under_the_same_rules(server: Server, store: RecordingStore) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/a.wav":
            send(handler, 302, Location="/deeper/b.wav")
        else:
            send(handler, 200, AUDIO)

    server.answer = answer
    fetch(server, store)
    assert [one.name for one in store.recordings()] == ["b.wav"]


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/b.wav", "http://localhost:{port}/b.wav", "http://169.254.169.254/latest",
        "http://2130706433:{port}/b.wav", "http://[::1]:{port}/b.wav",
        "http://[::ffff:127.0.0.1]:{port}/b.wav", "http://other.example:{port}/b.wav",
        "//other.example/b.wav", "http://rec.example/b.wav", "http://u:p@rec.example:{port}/b.wav",
        "file:///etc/passwd", "ftp://rec.example/b.wav", "\\\\other\\b.wav",
        "http://rec.example:{port}\\@other.example/", "javascript:1", "http://inner.example:{port}/b.wav",
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_to_where_nothing_may_be_asked_is_not_followed(
    server: Server, store: RecordingStore, location: str, status: int
) -> None:
    server.answer = lambda handler: send(handler, status, Location=location.format(port=server.port))
    public_too = AllowedHosts(frozenset({f"inner.example:{server.port}"}), allowed(server).private)
    with pytest.raises(RecordingRefused):
        fetch_recording(f"http://rec.example:{server.port}/a.wav", store, public_too, resolver=here)
    assert [path for path, _ in server.seen] == ["/a.wav"]
    assert nothing_kept(store)


def test_redirects_end(server: Server, store: RecordingStore) -> None:
    server.answer = lambda handler: send(handler, 302, Location="/a.wav")
    with pytest.raises(RecordingRefused, match="more than 3 times"):
        fetch(server, store)
    assert len(server.seen) == 4


# --- answers that are no recording -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [(404, RecordingNotFound, "has no such recording"), (403, RecordingError, "may have expired"),
     (500, RecordingError, "answered 500"), (204, RecordingError, "answered 204"), (206, RecordingError, "answered 206"),
     (304, RecordingError, "answered 304")],
)  # fmt: skip
def test_another_answer_is_told_without_the_address(
    server: Server, store: RecordingStore, status: int, error: type[RecordingError], words: str
) -> None:
    server.answer = lambda handler: send(handler, status)
    with pytest.raises(error, match=words) as told:
        fetch(server, store, "/secretpath.wav?sig=secret")
    assert "secret" not in str(told.value)
    assert told.value.__context__ is None
    assert nothing_kept(store)


@pytest.mark.parametrize("announced", [True, False])
def test_what_is_too_large_is_not_kept(server: Server, store: RecordingStore, announced: bool) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):  # it is hung up on, as it should be
            send(handler, 200, AUDIO, Content_Length=str(len(AUDIO)) if announced else "")

    server.answer = answer
    with pytest.raises(RecordingError, match="is larger than"):
        fetch(server, store, limits=FetchLimits(size=100_000))
    assert nothing_kept(store)


def test_a_compressed_answer_is_not_unpacked(server: Server, store: RecordingStore) -> None:
    server.answer = lambda handler: send(handler, 200, AUDIO, Content_Encoding="gzip")
    with pytest.raises(RecordingError, match="compressed"):
        fetch(server, store)
    assert nothing_kept(store)


def test_a_connection_that_breaks_off_leaves_nothing(server: Server, store: RecordingStore) -> None:
    server.answer = lambda handler: send(handler, 200, AUDIO, Content_Length=str(len(AUDIO) + 1))
    with pytest.raises(RecordingError, match="broke off") as told:
        fetch(server, store)
    assert told.value.__context__ is None
    assert nothing_kept(store)


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_server_that_trickles_is_cut_off(server: Server, store: RecordingStore, part: str) -> None:
    """Each byte comes before any limit on a single read: only the limit on the whole ends it."""
    stop = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            if part == "body":
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            else:
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not stop.wait(0.02):
                handler.wfile.write(b"x")
                handler.wfile.flush()

    server.answer = answer
    try:
        with pytest.raises(RecordingError, match="took longer than"):
            fetch(server, store, limits=FetchLimits(seconds=1.0, idle_seconds=30))
    finally:
        stop.set()
    assert nothing_kept(store)


def test_no_proxy_is_asked(server: Server, store: RecordingStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would resolve the name once more, and by itself."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    fetch(server, store)
    assert len(server.seen) == 1


def test_tls_is_asked_for_the_name_and_not_for_the_number(store: RecordingStore) -> None:
    """The connection goes to a number; the certificate is that of the name, and an unknown one ends it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("rec.example").configure_cert(context)
    asked: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.settimeout(10)

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                with suppress(OSError), context.wrap_socket(connection, server_side=True):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        hosts = AllowedHosts.of(private=[f"rec.example:{port}"])
        with pytest.raises(RecordingError, match="certificate is not one that this machine trusts"):
            fetch_recording(f"https://rec.example:{port}/a.wav", store, hosts, resolver=here)
        thread.join()
    assert asked == ["rec.example"]
    assert nothing_kept(store)
