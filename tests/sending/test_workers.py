"""Who is at work on a ledger, what waits for whom, and the sentence where nobody can send."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.sending.connection import Connection
from reddy_lib.sending.overview import workers_alive
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import heartbeat, lane, new_worker, queue, retire_worker, workers_known
from reddy_lib.ui.workers import nobody_can_send, workers_table
from tests.conftest import PRODUCTS
from tests.sending.exchanging import exchange

NOW = 1_800_000_000.0
REDDY = "https://reddy.example"


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Callable[..., Path]) -> reddy.Batch:
    return ledger.load(sheet(4), products=PRODUCTS, progress=False)


def send(
    batch: reddy.Batch, rows: list[int], source: str, address: str = REDDY, token: str = ""
) -> Submission:
    return create(batch.database, batch.id, address=address, token_source=source, token_hint=token, rows=rows)


def test_workers_are_told_apart_by_kind_and_by_signs_of_life(batch: reddy.Batch) -> None:
    ledger = batch.database
    app = new_worker(ledger, kind="app", now=NOW - 300)
    worker = new_worker(ledger, kind="worker", sends=[REDDY], now=NOW - 200)
    notebook = new_worker(ledger, kind="notebook", now=NOW - 100)
    stopped = new_worker(ledger, now=NOW - 50)
    retire_worker(ledger, stopped)
    heartbeat(ledger, worker, now=NOW - 2, lately=17)
    heartbeat(ledger, notebook, now=NOW - 5)
    submission = send(batch, [2, 3, 4], "notebook")
    exchange(ledger, submission.id, 0, worker, want=2)
    known = workers_known(ledger, now=NOW).set_index("name")
    assert list(known.index) == [notebook, worker, app, stopped]
    assert known["state"].to_dict() == {app: "silent", worker: "alive", notebook: "alive", stopped: "gone"}
    assert known["kind"].to_dict() == {app: "app", worker: "worker", notebook: "notebook", stopped: "worker"}
    assert known["in_flight"].to_dict() == {app: 0, worker: 2, notebook: 0, stopped: 0}
    assert known.loc[worker, "lately"] == 17
    assert known.loc[worker, "sends"] == [REDDY]
    assert known.loc[worker, "silent_for"] == 2.0
    assert known.loc[worker, "started"] == pd.Timestamp(NOW - 200, unit="s", tz="UTC")
    assert workers_alive(ledger, now=NOW) == 1
    assert workers_alive(ledger, notebooks=True, now=NOW) == 2
    shown = workers_table(known.reset_index())
    assert shown["Last sign"].tolist()[:2] == ["5 s ago", "2 s ago"]
    assert stopped not in set(workers_known(ledger, now=NOW + 4000)["name"])


def test_without_workers_and_submissions_both_frames_are_empty(ledger: reddy.Ledger) -> None:
    assert len(workers_known(ledger)) == len(queue(ledger)) == 0
    assert "Name" in workers_table(workers_known(ledger)).columns


def test_the_queue_says_who_has_the_token_of_each_submission(batch: reddy.Batch) -> None:
    ledger = batch.database
    ours = send(batch, [2], "environment", token="…4f2a")
    theirs = send(batch, [3], "secrets", token="…9999")
    typed = send(batch, [4], "typed", token="…4f2a")
    tried = send(batch, [5], "sandbox", SANDBOX)
    to = Connection(token="a-token-that-ends-with-4f2a", base_url=REDDY, source="environment")
    worker = new_worker(ledger, sends=to.lanes(ledger.identity))
    app = new_worker(ledger, kind="app", sends=[SANDBOX, typed.id])
    new_worker(ledger, kind="notebook", sends=to.lanes(ledger.identity))  # sends its own alone
    waits = queue(ledger).set_index("id")
    assert waits["senders"].to_dict() == {ours.id: [worker], theirs.id: [], typed.id: [app], tried.id: [app]}
    assert waits["queued"].tolist() == [1, 1, 1, 1]
    assert waits["batch"].unique().tolist() == [batch.name]
    ours.cancel()
    assert ours.id not in set(queue(ledger)["id"])


def test_lanes_name_no_token_and_a_typed_one_is_its_submission_s_own(batch: reddy.Batch) -> None:
    typed = send(batch, [2], "typed", token="…4f2a")
    assert lane(typed.record()) == typed.id
    assert lane(send(batch, [3], "secrets", token="…4f2a").record()) == f"{REDDY} …4f2a"
    short = Connection(token="short", base_url=REDDY, source="environment")
    assert short.lanes("key") == (f"{REDDY} {short.credential('key')}", REDDY)
    assert Connection(token="a-token-that-somebody-typed", base_url=REDDY, source="typed").lanes("key") == ()


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({"senders": ["w"]}, {}, ""),
        ({"state": "paused"}, {}, ""),
        ({"queued": 0}, {}, ""),
        ({}, {}, "no running worker has the token …4f2a for https://reddy.example. Start one"),
        ({}, {"anybody": False}, "No submission engine is running for this ledger, so submission 7 waits."),
        ({"token_source": "typed"}, {"engine_here": True}, "Pause it, then resume it with the token."),
        ({"token_source": "typed"}, {"engine_here": False}, "this workbench leaves sending to workers"),
        ({"token_source": "sandbox"}, {}, "Start workers with REDDY_SANDBOX_URL"),
        ({"token_source": "notebook"}, {}, "run its cell again"),
    ],
)
def test_where_nobody_can_send_a_sentence_says_what_to_do(
    changes: dict[str, Any], options: dict[str, bool], words: str
) -> None:
    waiting = {"number": 7, "state": "running", "queued": 3, "sending": 0, "senders": [],
               "token_source": "environment", "token_hint": "…4f2a", "address": REDDY} | changes  # fmt: skip
    row = next(pd.DataFrame([waiting]).itertuples())
    said = nobody_can_send(row, **({"anybody": True, "engine_here": False} | options))
    assert words in said
    assert bool(said) == bool(words)
