"""What goes over the wire for one claim: the stored bytes, and nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.database.schema import calls
from reddy_lib.sending.request import send_claim
from reddy_lib.sending.submission import create
from reddy_lib.sending.workers import new_worker
from tests.sending.exchanging import exchange

Sheet = Callable[..., Path]

PRODUCTS: list[dict[str, Any]] = [
    {"id": 1, "name": "Cards hotline", "status": "active"},
    {"id": 2, "name": "Loans", "status": "active"},
]


class Recorder(BaseHTTPRequestHandler):
    """Accepts every call, and keeps the bodies of the requests."""

    bodies: list[bytes]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        answer = json.dumps({"upload_id": len(self.bodies)}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, list[bytes]]]:
    bodies: list[bytes] = []
    handler = type("Handler", (Recorder,), {"bodies": bodies})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}", bodies
        listening.shutdown()
        thread.join()


def stored(batch: reddy.Batch) -> dict[int, bytes]:
    with batch.database.read() as connection:
        found = connection.execute(sa.select(calls.c.row, calls.c.payload).order_by(calls.c.row))
        return {one.row: one.payload.encode() for one in found}


def test_the_body_of_each_request_is_the_stored_payload_byte_for_byte(
    ledger: reddy.Ledger, sheet: Sheet, server: tuple[str, list[bytes]]
) -> None:
    url, bodies = server
    batch = ledger.load(sheet(4), products=PRODUCTS, progress=False)
    with reddy.Client("any-token-0123456789", base_url=url) as client:
        reddy.submit(batch, client, concurrency=1, progress=False)
    assert bodies == list(stored(batch).values())


def test_bytes_that_an_encoder_would_write_otherwise_go_out_as_they_are_stored(
    ledger: reddy.Ledger, sheet: Sheet, server: tuple[str, list[bytes]]
) -> None:
    """Blanks, another order of keys, 5.0, an escaped character: decoding and encoding it again would change each."""
    url, bodies = server
    batch = ledger.load(sheet(1), products=PRODUCTS, progress=False)
    payload = json.loads(stored(batch)[2])
    odd = json.dumps(dict(reversed(payload.items())), indent=1).replace("conv", "\\u0063onv")
    with ledger.write() as connection:
        connection.execute(calls.update().values(payload=odd))
    submission = create(ledger, batch.id, address=url, token_source="notebook")
    (claim,) = exchange(ledger, submission.id, 0, new_worker(ledger), want=1).claims
    with reddy.Client("any-token-0123456789", base_url=url) as client:
        attempt = send_claim(ledger, client, claim, lambda: True)
    assert bodies == [odd.encode()]
    assert (attempt.failure, attempt.upload_id, attempt.outcome) == (None, 1, "unknown"), "not judged yet"
