"""The log for programs: every event with its facts, and nothing that is secret or a customer's."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import reddy_lib as reddy
from reddy_lib.sending.dispatcher import send_chunk
from reddy_lib.sending.logs import FACTS, JsonLines, switch_on
from reddy_lib.sending.slots import Slots
from reddy_lib.sending.submission import create
from reddy_lib.sending.workers import expire_dead_workers, new_worker, retire_worker
from tests.sending.test_exchange import PRODUCTS

Sheet = Callable[..., Path]
TOKEN = "tok-MARKEDSECRET-0123456789"
TEXT, TAG, URL = "MARKEDWORDS of a customer", "MARKEDTAG", "MARKEDUPLOAD"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the log of the whole library says, as it is written to a file."""
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(JsonLines())
    library = logging.getLogger("reddy_lib")
    level = library.level
    library.addHandler(handler)
    library.setLevel(logging.DEBUG)
    yield handler.stream
    library.removeHandler(handler)
    library.setLevel(level)


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


class _Answers(BaseHTTPRequestHandler):
    """Each call's conversation says what becomes of it; refusals repeat the whole request, token and all."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        outcome = json.loads(body)["conversation_id"]
        if outcome == "hang-up":
            self.close_connection = True
            return
        good = {"upload_id": 7, "conversation_id": outcome, "upload_url": f"https://up.example/{URL}?t={URL}"}
        said = json.dumps(
            good if outcome == "accepted" else {"error": f"{self.headers['Authorization']} sent {body}"}
        )
        self.send_response({"accepted": 200, "rejected": 422, "refused": 401}.get(outcome, 500))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said.encode())))
        self.send_header("X-Request-Id", "req-1" if outcome == "rejected" else TEXT)
        self.end_headers()
        self.wfile.write(said.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def send(batch: reddy.Batch, address: str, rows: list[int]) -> str:
    """Sends rows with a clock of its own, so that nobody waits for the next try."""
    now = [1000.0]
    with reddy.Client(TOKEN, base_url=address, timeout=5) as client:
        submission = create(batch.database, batch.id, address=address, token_source="typed", rows=rows)
        worker = new_worker(batch.database)
        send_chunk(
            batch.database, submission.id, 0, client, worker, Slots(2),
            clock=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + max(seconds, 0.01)),
        )  # fmt: skip
    return submission.state


def test_nothing_secret_and_nothing_of_a_customer_is_in_any_log(
    tmp_path: Path,
    sheet: Sheet,
    server: str,
    lines: io.StringIO,
    everything: pytest.LogCaptureFixture,
) -> None:
    outcomes = ["accepted", "rejected", "unknown", "hang-up", "refused", "failed"]
    said = json.dumps([{"role": "agent", "text": TEXT, "start": 0, "stop": 1}])
    cells = {
        row: {"Conversation ID": outcome, "CSAT": TAG, "Transcript": said}
        for row, outcome in enumerate(outcomes, start=2)
    }
    location = tmp_path / "ledger.sqlite"
    with reddy.Ledger(location) as ledger:
        path = sheet(6, cells)
        batch = ledger.load(path, products=PRODUCTS, progress=False)
        assert send(batch, server, [2, 3, 4, 5]) == "done"
        assert send(batch, server, [6]) == "paused"
        assert send(batch, "http://127.0.0.1:9", [7]) == "done"
        twin = ledger.load(path, products=PRODUCTS, progress=False)
        assert send(twin, server, [2]) == "done"
        counts = batch.counts()
        assert [counts[status] for status in ("accepted", "rejected", "unknown", "queued", "failed")] == [
            1,
            1,
            2,
            1,
            1,
        ]
        assert twin.counts()["skipped"] == 1
        files = [reddy.evidence(submission, tmp_path) for submission in ledger.submissions()]
    logged = lines.getvalue() + everything.text + "".join(str(vars(one)) for one in everything.records)
    for secret in (TOKEN, TEXT, TAG, URL, "MARKED"):
        assert secret not in logged
    kept = b"".join(one.read_bytes() for one in tmp_path.glob("ledger.sqlite*"))
    assert TEXT.encode() in kept  # so that looking into the file does find what is there
    shown = b""
    for file in files:
        with zipfile.ZipFile(file) as archive:
            shown += b"".join(archive.read(name) for name in archive.namelist())
    assert TEXT.encode() in shown
    for secret in (TOKEN, URL):
        assert secret.encode() not in kept
        assert secret.encode() not in shown

    events = [json.loads(line) for line in lines.getvalue().splitlines()]
    ended = [one for one in events if one["event"] == "attempt ended"]
    assert {one["outcome"] for one in ended} == {"accepted", "rejected", "unknown", "again", "failed"}
    (accepted,) = [one for one in ended if one["outcome"] == "accepted"]
    assert (accepted["row"], accepted["attempt"], accepted["status"]) == (2, 1, 200)
    assert {one["outcome"]: one["request_id"] for one in ended if "request_id" in one} == {
        "rejected": "req-1"
    }
    assert [one["event"] for one in events if one.get("submission") == ended[0]["submission"]][
        -1
    ] == "submission done"
    names = [one["event"] for one in events]
    for event in ("submission started", "submission paused", "submission done", "worker started"):
        assert event in names
    assert all(set(one) <= {*FACTS, "time", "level", "logger", "event", "error", "at"} for one in events)


def test_what_people_do_is_told_after_it_happened(tmp_path: Path, sheet: Sheet, lines: io.StringIO) -> None:
    with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        batch = ledger.load(sheet(2), products=PRODUCTS, progress=False)
        submission = create(ledger, batch.id, address="https://reddy.example", token_source="typed")
        assert submission.pause()
        assert not submission.pause()  # it is paused already: nothing to tell
        submission.resume()
        submission.cancel()
        retire_worker(ledger, new_worker(ledger))
        new_worker(ledger, now=1.0)
        expire_dead_workers(ledger)
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [one["event"] for one in told] == [
        "submission started", "submission paused", "submission resumed", "submission cancelled", "worker started",
        "worker stopped", "worker started", "worker expired",
    ]  # fmt: skip
    assert told[0]["queued"] == 2
    assert told[1]["by_hand"] is True
    assert told[3]["calls"] == 2


def test_of_an_error_the_kind_and_the_place_are_told_and_not_its_words() -> None:
    try:
        raise ValueError(TEXT)
    except ValueError as error:
        record = logging.LogRecord(
            "reddy_lib", logging.ERROR, "f", 1, "it %s", (TEXT,), (ValueError, error, error.__traceback__)
        )
    told = json.loads(JsonLines().format(record))
    assert (told["error"], told["event"]) == ("ValueError", "it %s")
    assert "test_logs.py" in told["at"][0]
    assert "MARKED" not in json.dumps(told)


def test_it_is_switched_on_by_the_environment_and_once(tmp_path: Path) -> None:
    library = logging.getLogger("reddy_lib")
    before, level = list(library.handlers), library.level
    try:
        assert switch_on({}) is None
        assert library.handlers == before
        handler = switch_on({"REDDY_LOG": str(tmp_path / "reddy.jsonl")})
        assert handler is not None
        assert switch_on({"REDDY_LOG": "json"}) is handler
        logging.getLogger("reddy_lib.sending").info("worker started", extra={"worker": "w", "token": TOKEN})
        handler.close()
        (line,) = (tmp_path / "reddy.jsonl").read_text().splitlines()
        told = json.loads(line)
        assert (told["event"], told["worker"]) == ("worker started", "w")
        assert "token" not in told
    finally:
        for one in set(library.handlers) - set(before):
            library.removeHandler(one)
        library.setLevel(level)
        library.propagate = True


@pytest.mark.parametrize("first", ["logging.basicConfig(level=logging.INFO)", "switch_on()", "pass"])
def test_one_event_is_one_line_of_json_also_beside_the_logging_of_a_program(first: str) -> None:
    script = (
        "import logging\nfrom reddy_lib.sending.logs import switch_on\n"
        f"{first}\nswitch_on()\nlogging.basicConfig(level=logging.INFO)\nswitch_on()\n"
        "logging.getLogger('reddy_lib.sending').info('worker started', extra={'worker': 'w'})\n"
        "logging.getLogger('reddy_lib.ledger').warning('ledger away')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "REDDY_LOG": "json"},
        capture_output=True,
        text=True,
    )
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == [
        "worker started",
        "ledger away",
    ]
