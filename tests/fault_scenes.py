"""What the tests of `docs/faults.md` share: its tables, and one call with all it takes to send it without waiting."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import reddy_lib as reddy
from reddy_lib.errors import SubmissionError
from reddy_lib.sending.dispatcher import send_chunk
from reddy_lib.sending.slots import Slots
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import new_worker
from tests.conftest import PRODUCTS, ROOT, ledger_database
from tests.faulty_server import Behaviour, FaultyServer

Sheet = Callable[..., Path]
TOKEN = "token-that-nobody-may-see"
WHY = b'{"error": "the reason in the server\'s words"}'
PAGE = ROOT / "docs" / "faults.md"


def rows(first: str) -> Iterator[list[str]]:
    """The rows of those tables of the page whose first column is called `first`."""
    heading = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            heading = ""
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not heading:
            heading = cells[0]
        elif heading == first and set(cells[0]) != {"-"}:
            yield cells


def quoted(cell: str) -> list[str]:
    """What the analyst reads, word for word."""
    return re.findall("“(.*?)”", cell)


class Time:
    """A clock that goes on when somebody sleeps; `on_sleep` is called with how often that was."""

    def __init__(self) -> None:
        self.now = time.time()
        self.sleeps = 0
        self.on_sleep: Callable[[int], None] = lambda _: None

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.sleeps += 1
        self.on_sleep(self.sleeps)


class Scene:
    """One call (row 2), and what it takes to send it without waiting."""

    def __init__(self, sheet: Sheet, folder: Path, request: pytest.FixtureRequest) -> None:
        self.folder, self._sheet, self._request = folder, sheet, request
        self.stack = contextlib.ExitStack()
        self.time = Time()
        self.requests: Callable[[], int] = lambda: 0
        self.client: reddy.Client | None = None

    def open(self, location: str, *, text: str = "I lost my card.", calls: int = 1) -> None:
        lines = [{"role": "agent", "text": text, "start": 0, "stop": 2}]
        self.path = self._sheet(calls, {2: {"Transcript": json.dumps(lines)}})
        self.location = location
        self.ledger = self.stack.enter_context(reddy.Ledger(location))
        self.batch = self.ledger.load(self.path, products=PRODUCTS, progress=False)
        assert self.batch.counts()["ready"] == calls

    def serve(self, *behaviours: Behaviour, timeout: float = 30.0) -> FaultyServer:
        """A server with these faults, to which everything goes from now on."""
        server = self.stack.enter_context(FaultyServer(behaviours))
        self.requests = lambda: server.requests
        self.connect(server.url, timeout=timeout)
        return server

    def connect(self, url: str, *, timeout: float = 30.0) -> None:
        self.client = self.stack.enter_context(reddy.Client(TOKEN, base_url=url, timeout=timeout))

    def create(self, batch: reddy.Batch | None = None, rows: list[int] | None = None) -> Submission:
        assert self.client is not None
        address, to_send = self.client.base_url, batch or self.batch
        return create(self.ledger, to_send.id, address=address, token_source="typed", rows=rows)

    def run(self, submission: Submission, *, concurrency: int = 1, worker: str = "") -> None:
        assert self.client is not None
        worker = worker or new_worker(self.ledger)
        for chunk in submission.open_chunks():
            send_chunk(
                self.ledger, submission.id, chunk, self.client, worker,
                Slots(concurrency, resumed=submission.record().generation > 1),
                clock=self.time, sleep=self.time.sleep, chance=lambda: 0.0,
            )  # fmt: skip

    def send(self) -> Submission:
        submission = self.create()
        self.run(submission)
        return submission

    def postgres(self) -> str:
        return ledger_database(self._request.getfixturevalue("postgres"), self._request.node.name)


def cannot_be_sent_again(scene: Scene) -> None:
    """Neither from its batch nor from the same sheet loaded a second time; the server sees nothing of it."""
    before, status = scene.requests(), scene.batch.info(2)["status"]
    with pytest.raises(SubmissionError):
        scene.create(rows=[2])
    twin = scene.ledger.load(scene.path, products=PRODUCTS, progress=False)
    other = scene.create(twin, rows=[2])
    scene.run(other)
    told = twin.info(2)
    assert told["status"] == ("skipped" if status == "accepted" else "failed"), other.record()
    assert told["error"].startswith(
        ("Sent before: accepted on", "Not sent: the same conversation is in doubt")
    )
    assert scene.requests() == before
