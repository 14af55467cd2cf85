"""Every fault of an upload that `docs/faults.md` names, played for real, against what that page promises.

The page is the test's table, as in `test_faults.py`. The call's own server is well and gives an address on another one,
which is not. In every row the call is accepted, and created once; neither its token nor the secret of the address
is anywhere that it does not belong. A disk that cannot be read is had from the kernel: a file of /sys that
refuses to be.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx2 as httpx
import msgspec
import pytest
import sqlalchemy as sa
import trustme

import reddy_lib as reddy
from reddy_lib.database.schema import recordings
from reddy_lib.recordings import upload_hosts, upload_queue
from reddy_lib.sending.submission import Submission
from tests.app_server import free_port, wait_for
from tests.fault_scenes import TOKEN, WHY, Scene, Sheet, cannot_be_sent_again, quoted, rows
from tests.faulty_server import (
    Behaviour,
    FaultyServer,
    answering,
    read_request,
    resetting,
    silent,
    taking_part,
    trickling,
)

SECRET = "k3yT0TheRec0rding"
MANY = 4
"""Tries at least where the page says that it is tried until the address expires."""
LARGE = 3_000_000
"""Bytes of a recording that does not fit into what the network holds for a server that reads no further."""
UNREADABLE = Path("/sys/class/net/lo/duplex")


class Promise(msgspec.Struct, frozen=True):
    """One row of the page. `tries`: None = until the address expires."""

    fault: str
    recording: str
    tries: int | None
    requests: int | None
    kept: bool
    read: list[str]


def promises() -> list[Promise]:
    found = []
    for fault, recording, tries, requests, address, does, reads in rows("Fault of an upload"):
        assert address in ("forgotten", "kept")
        assert does
        assert reads
        found.append(
            Promise(
                fault,
                recording,
                int(tries) if tries.isdecimal() else None,
                int(requests) if requests.isdecimal() else None,
                address == "kept",
                quoted(reads),
            )
        )
    return found


class UploadScene(Scene):
    """One call with a recording; `reddy` accepts it, `store` is where the recording goes."""

    def __init__(self, sheet: Sheet, folder: Path, request: pytest.FixtureRequest) -> None:
        super().__init__(sheet, folder, request)
        self.reddy: FaultyServer | None = None
        self.store: FaultyServer | None = None
        self.came: list[bytes] = []
        self.elsewhere: list[FaultyServer] = []
        self.said = ""  # while the recording waited

    def open(self, location: str = "", *, size: int = 200_000, **options: Any) -> None:
        super().open(location or str(self.folder / "ledger.sqlite"), **options)
        self.file = self.folder / "call 2.wav"
        self.file.write_bytes(b"RIFF\0\0\0\0WAVE" + os.urandom(size - 12))
        self.sound = self.file.read_bytes()
        self.batch.attach(2, self.file)

    def serve_store(self, *behaviours: Behaviour, usual: Behaviour | None = None, **options: Any) -> str:
        """A server for recordings with these faults, and at last with none; gives the address on it."""
        self.store = self.stack.enter_context(
            FaultyServer(
                behaviours, usual=usual or answering(200, b"", into=self.came), clock=self.time, **options
            )
        )
        return f"{self.store.url}/upload/{SECRET}"

    def serve_reddy(
        self,
        url: object,
        *,
        expires_in: float = 3600,
        first: Callable[[], None] | None = None,
        timeout: float = 30.0,
    ) -> None:
        """Reddy, that gives this address for the recording. `first` is called before its answer leaves."""
        body = {"upload_id": 7, "conversation_id": "conv-1", "upload_url": url, "expires_in": expires_in}
        self.reddy = self.serve(answering(200, json.dumps(body).encode(), first=first), timeout=timeout)


Play = Callable[[UploadScene], Submission]


@pytest.fixture
def scene(sheet: Sheet, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[UploadScene]:
    made = UploadScene(sheet, tmp_path, request)
    with made.stack:
        yield made


def store(
    *behaviours: Behaviour, usual: Behaviour | None = None, size: int = 200_000, timeout: float = 30.0,
    expires_in: float = 3600,
) -> Play:  # fmt: skip
    """The first uploads meet these behaviours, all others `usual`, or a server that is well."""

    def play(scene: UploadScene) -> Submission:
        scene.open(size=size)
        scene.serve_reddy(scene.serve_store(*behaviours, usual=usual), timeout=timeout, expires_in=expires_in)
        return scene.send()

    return play


def status(code: int, *headers: str, body: bytes = WHY) -> Play:
    return store(answering(code, body, *headers))


def always(code: int, body: bytes) -> Play:
    return store(usual=answering(code, body), expires_in=60)


def address(url: object) -> Play:
    def play(scene: UploadScene) -> Submission:
        scene.open()
        scene.serve_store()
        scene.serve_reddy(url, expires_in=60)
        return scene.send()

    return play


def nobody_listens(scene: UploadScene) -> Submission:
    return address(f"http://127.0.0.1:{free_port()}/upload/{SECRET}")(scene)


def somebody_listens_later(scene: UploadScene) -> Submission:
    scene.open()
    port = free_port()

    def begin(times: int) -> None:
        if times == 3:
            scene.serve_store(port=port)

    scene.time.on_sleep = begin
    scene.serve_reddy(f"http://127.0.0.1:{port}/upload/{SECRET}")
    return scene.send()


def unknown_certificate(scene: UploadScene) -> Submission:
    scene.open()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost", "127.0.0.1").configure_cert(context)
    scene.serve_reddy(scene.serve_store(tls=context), expires_in=60)
    submission = scene.send()
    assert scene.store is not None
    assert scene.store.connections >= MANY
    return submission


def redirect(code: int) -> Play:
    def play(scene: UploadScene) -> Submission:
        other = scene.stack.enter_context(FaultyServer())
        scene.elsewhere.append(other)
        return status(code, f"Location: {other.url}/upload/{SECRET}", body=b"")(scene)

    return play


# the address


def not_encrypted(scene: UploadScene) -> Submission:
    """Reddy speaks TLS here, and the certificate is one that this client trusts."""
    scene.open()
    authority, ours = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(ours)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    body = {"upload_id": 7, "upload_url": scene.serve_store(), "expires_in": 3600}
    server = scene.stack.enter_context(FaultyServer([answering(200, json.dumps(body).encode())], tls=ours))
    scene.reddy, scene.requests = server, lambda: server.requests
    scene.client = scene.stack.enter_context(
        reddy.Client(TOKEN, base_url=server.url, transport=httpx.HTTPTransport(verify=trusting))
    )
    return scene.send()


class Found(httpx.HTTPTransport):
    """Brings every request to one server, as a proxy does that knows where a name leads."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = httpx.URL(url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = self._url
        request.url = request.url.copy_with(scheme=url.scheme, host=url.host, port=url.port)
        return super().handle_request(request)


def into_this_network(scene: UploadScene) -> Submission:
    """Reddy is somewhere outside, behind a proxy that finds it."""
    scene.open()
    body = {"upload_id": 7, "upload_url": f"https://10.9.8.7/upload/{SECRET}", "expires_in": 3600}
    proxy = scene.stack.enter_context(FaultyServer([answering(200, json.dumps(body).encode())]))
    scene.reddy, scene.requests = proxy, lambda: proxy.requests
    scene.client = scene.stack.enter_context(
        reddy.Client(TOKEN, base_url="https://reddy.invalid", transport=Found(proxy.url))
    )
    submission = scene.send()
    assert proxy.requests == 1, "the recording is not given to the proxy either"
    return submission


def another_host(scene: UploadScene) -> Submission:
    scene.open()
    scene.serve_reddy(scene.serve_store())
    assert scene.client is not None
    upload_hosts.allow_host(
        scene.ledger, scene.client.base_url, "recordings.example"
    )  # where they went until now
    submission = scene.send()
    assert submission.state == "paused"
    return submission


# time


def has_run_out(scene: UploadScene) -> Submission:
    scene.time.now = time.time() + 60
    return store(expires_in=0)(scene)


def runs_out_before_it_begins(scene: UploadScene) -> Submission:
    scene.open()

    def jump() -> None:
        scene.time.now += 7200

    scene.serve_reddy(scene.serve_store(), first=jump)
    return scene.send()


def runs_out_under_way(behaviour: Callable[..., Behaviour], *args: Any) -> Play:
    def play(scene: UploadScene) -> Submission:
        scene.open()

        def jump() -> None:
            scene.time.now += 7200

        scene.serve_reddy(scene.serve_store(behaviour(*args, first=jump, into=scene.came)))
        return scene.send()

    return play


def breaking_off(*, first: Callable[[], None], into: list[bytes]) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        first()

    return behave


# the file


def meanwhile(change: Callable[[Path], object], *, back_after: int | None = None) -> Play:
    """Something is done to the file between Reddy's yes and the upload; taken back after so many waits, or never."""

    def play(scene: UploadScene) -> Submission:
        scene.open()
        about = scene.file.stat()

        def put_back(times: int) -> None:
            if times == back_after:
                scene.said = scene.batch.recordings()["error"].iloc[0]
                scene.file.unlink(missing_ok=True)
                scene.file.write_bytes(scene.sound)
                os.utime(scene.file, ns=(about.st_atime_ns, about.st_mtime_ns))

        scene.time.on_sleep = put_back
        scene.serve_reddy(scene.serve_store(), first=lambda: change(scene.file), expires_in=120)
        return scene.send()

    return play


def on_its_way(change: Callable[[Path], None]) -> Play:
    """Something is done to the file once the server has the beginning."""

    def play(scene: UploadScene) -> Submission:
        scene.open(size=LARGE)
        scene.serve_reddy(
            scene.serve_store(taking_part(50_000, lambda: change(scene.file), scene.came)), expires_in=120
        )
        submission = scene.send()
        wait_for(lambda: bool(scene.came), seconds=20, why="the server to see the end")
        assert len(scene.came[0]) < LARGE, "no server has a whole recording that nobody chose"
        return submission

    return play


def rewrite_the_end(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-1000, os.SEEK_END)
        file.write(b"another voice" * 70)


def a_disk_that_cannot_be_read(scene: UploadScene) -> Submission:
    """The name leads to a file that can be opened, has the same size and time, and fails when it is read."""
    try:
        about = UNREADABLE.stat()
        UNREADABLE.read_bytes()
    except OSError:
        pass
    if not UNREADABLE.exists() or about.st_size == 0:
        pytest.skip("there is no file here that cannot be read")
    scene.open(size=about.st_size)
    os.utime(scene.file, ns=(about.st_atime_ns, about.st_mtime_ns))
    scene.batch.attach(2, scene.file)
    kept = scene.folder / "kept"

    def fail() -> None:
        scene.file.rename(kept)
        scene.file.symlink_to(UNREADABLE)

    def mend(times: int) -> None:
        if times == 3:
            scene.said = scene.batch.recordings()["error"].iloc[0]
            kept.replace(scene.file)

    scene.time.on_sleep = mend
    scene.serve_reddy(scene.serve_store(), first=fail)
    return scene.send()


def slowly_read(scene: UploadScene) -> Submission:
    scene.open()
    scene.serve_reddy(
        scene.serve_store(taking_part(1000, lambda: time.sleep(0.05), scene.came, piece=4096)), timeout=0.5
    )
    return scene.send()


PAGE_FOR_PEOPLE = b"\n<!DOCTYPE html><html><title>Please sign in</title></html>"

FAULTS: dict[str, Play] = {
    "Nothing listens at the address": nobody_listens,
    "Nothing listens at first, and then it does": somebody_listens_later,
    "The server's name does not exist": address(f"http://recordings.invalid/upload/{SECRET}"),
    "The certificate is not trusted": unknown_certificate,
    "A reset before the recording is read": store(resetting(read=0)),
    "A reset while the recording is being sent": store(resetting(read=100_000), size=LARGE),
    "A reset in the middle of the answer's head": store(
        resetting(read=None, answer=b"HTTP/1.1 200 OK\r\nContent-")
    ),
    "A reset after the answer's head": store(
        resetting(read=None, answer=b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n")
    ),
    "A reset at every try": store(usual=resetting(read=None), expires_in=60),
    "A server that reads slowly": slowly_read,
    "An answer that trickles, and ends within the time limit": store(trickling()),
    "An answer that trickles past the time limit": store(trickling(for_ever=True), timeout=0.3),
    "No answer within the time limit": store(silent, timeout=0.3),
    "Half an answer": store(answering(announced=1000)),
    "200 with an HTML page, once": store(answering(200, PAGE_FOR_PEOPLE)),
    "200 with an HTML page, each time": always(200, PAGE_FOR_PEOPLE),
    "200 that says that it failed, each time": always(200, b'{"success": false}'),
    "202, each time": always(202, b""),
    **{str(code): redirect(code) for code in (301, 302, 303, 307, 308)},
    **{str(code): status(code) for code in (400, 401, 403, 404, 408, 409, 410, 413, 500, 502, 504)},
    "429 with Retry-After in seconds": status(429, "Retry-After: 7"),
    "429 with Retry-After as a date": lambda scene: status(
        429, f"Retry-After: {formatdate(time.time() + 9, usegmt=True)}"
    )(scene),
    "429 without Retry-After": status(429),
    "503 with Retry-After": status(503, "Retry-After: 7"),
    "503 without Retry-After": status(503),
    "500 to every try": always(500, WHY),
    "Reddy returns no address": address(None),
    "The address is not a string": address({"href": "https://recordings.example/x"}),
    "The address cannot be read": address(f"https://[recordings.example/{SECRET}"),
    "The address is http, and Reddy's is https": not_encrypted,
    "The address is of another kind": address(f"ftp://127.0.0.1/{SECRET}"),
    "The address has a user name in it": address(f"http://ann:{SECRET}@127.0.0.1/upload"),
    "The address leads into this network": into_this_network,
    "The address is on another host than before": another_host,
    "The address has run out when it comes": has_run_out,
    "It runs out before the upload begins": runs_out_before_it_begins,
    "It runs out between two tries": store(usual=resetting(read=0), expires_in=20),
    "It runs out during the upload, and the server takes it": runs_out_under_way(answering, 200, b""),
    "It runs out during the upload, and the server refuses it": runs_out_under_way(answering, 403, WHY),
    "It runs out during the upload, which breaks off": runs_out_under_way(breaking_off),
    "The file is gone, and comes back": meanwhile(Path.unlink, back_after=3),
    "The file is gone for good": meanwhile(Path.unlink),
    "The file has become another one": meanwhile(lambda path: path.write_bytes(os.urandom(200_000))),
    "The file has become shorter": meanwhile(lambda path: os.truncate(path, 150_000)),
    "The file has become longer": meanwhile(lambda path: path.write_bytes(bytes(250_000))),
    "The file changes while it is being sent": on_its_way(rewrite_the_end),
    "The file is cut short while it is being sent": on_its_way(lambda path: os.truncate(path, LARGE // 2)),
    "The disk cannot be read for a while": a_disk_that_cannot_be_read,
}  # fmt: skip

WAITS = {
    "429 with Retry-After in seconds": 7.0,
    "429 with Retry-After as a date": 5.0,
    "429 without Retry-After": 0.5,
    "503 with Retry-After": 7.0,
}
"""Seconds at least between the two uploads."""


def test_every_fault_of_the_page_is_played_and_every_one_played_is_on_the_page() -> None:
    named = [promise.fault for promise in promises()]
    assert len(named) == len(set(named))
    assert sorted(named) == sorted(FAULTS)


@pytest.mark.parametrize("promise", promises(), ids=lambda promise: promise.fault)
def test_the_page_keeps_its_promise(promise: Promise, scene: UploadScene) -> None:
    submission = FAULTS[promise.fault](scene)
    call = scene.batch.info(2)
    assert (call["status"], call["audio"]) == ("accepted", promise.recording)
    assert len(scene.batch.attempts(2)) == 1
    assert scene.requests() == 1, "the call is created once"
    [found] = scene.batch.recordings().to_dict("records")
    told = f"{scene.said} {found['error']} {submission.record().reason}"
    assert found["state"] == promise.recording
    assert found["tries"] == promise.tries if promise.tries is not None else found["tries"] >= MANY, told
    asked = 0 if scene.store is None else scene.store.requests
    assert asked == promise.requests if promise.requests is not None else asked == found["tries"], told
    for words in promise.read:
        assert words in told
    assert promise.read or promise.recording == "uploaded", "the analyst is told something"
    if promise.recording == "uploaded":
        assert not found["error"]
        assert found["sent"] == found["size"] == len(scene.sound)
        if scene.came:
            whole = scene.came[-1].partition(b"\r\n\r\n")[2]
            assert hashlib.sha256(whole).hexdigest() == found["sha256"]
    if promise.recording in ("failed", "expired"):
        assert "sending the call again" in told, "what must not be done"
    nothing_leaked(promise, scene, told)
    if promise.fault in WAITS:
        assert scene.store is not None
        assert round(scene.store.at[1] - scene.store.at[0], 3) >= WAITS[promise.fault]
    submitting_again(promise, scene, submission)


def nothing_leaked(promise: Promise, scene: UploadScene, told: str) -> None:
    servers = [scene.store, *scene.elsewhere]
    for head in [head.lower() for server in servers if server is not None for head in server.heads]:
        assert TOKEN.encode() not in head
        assert b"authorization" not in head
        if b"\r\n\r\n" in head:
            assert head.startswith(b"put ")
            assert b"content-type: audio/wav\r\n" in head
    assert [other for other in scene.elsewhere if other.connections] == [], "it went to another address"
    assert TOKEN not in told
    assert SECRET not in told
    assert SECRET not in scene.batch.recordings().to_csv()
    with scene.ledger.read() as connection:
        [url] = connection.execute(sa.select(recordings.c.upload_url)).scalars()
    assert (url is not None) is promise.kept


def submitting_again(promise: Promise, scene: UploadScene, submission: Submission) -> None:
    """Every server behaves well by now."""
    cannot_be_sent_again(scene)
    if not promise.kept:
        assert submission.state == "done"
        return
    assert submission.state == "paused"
    assert scene.client is not None
    assert scene.store is not None
    [waits] = upload_hosts.waiting_hosts(scene.ledger, submission.id)
    upload_hosts.allow_host(scene.ledger, scene.client.base_url, waits, who="ann")
    submission.resume()
    scene.run(submission)
    assert scene.batch.info(2)["audio"] == "uploaded"
    assert scene.came[-1].endswith(scene.sound)
    assert scene.requests() == 1


def test_an_address_that_runs_out_between_its_claim_and_the_first_byte_is_expired(scene: UploadScene) -> None:
    """The clock of the one who claims is an hour behind the one of the client, which asks for itself."""
    scene.time.now -= 3600
    store(expires_in=0)(scene)
    [found] = scene.batch.recordings().to_dict("records")
    assert (found["state"], found["tries"]) == ("expired", 1)
    assert found["error"] == upload_queue.EXPIRED
    assert scene.store is not None
    assert scene.store.requests == 0
