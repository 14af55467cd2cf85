"""The submission engine, real: durable queues beside the ledger, work that outlives whoever asked for it."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.database.schema import STATUSES, workers
from reddy_lib.errors import LedgerUnavailable
from reddy_lib.sandbox import Fault
from reddy_lib.sending.connection import Connection, Tokens
from reddy_lib.sending.engine import Engine, enqueue
from reddy_lib.sending.engine_database import engine_url
from reddy_lib.sending.overview import workers_alive
from reddy_lib.sending.states import CHUNK
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import new_worker
from tests.sending.exchanging import exchange

Sheet = Callable[..., Path]

PRODUCTS: list[dict[str, Any]] = [
    {"id": 1, "name": "Cards hotline", "status": "active"},
    {"id": 2, "name": "Loans", "status": "active"},
]
NONE = dict.fromkeys(STATUSES, 0)
TOKEN = "engine-test-token-0123456789"


def counted(**counts: int) -> dict[str, int]:
    return {**NONE, **counts}


def until(what: Callable[[], bool], *, why: str, seconds: float = 60.0) -> None:
    """Other threads do the work: look until it is done."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"waited {seconds} s for {why}"
        time.sleep(0.02)


class Bench:
    """A ledger with one batch, a sandbox, and an engine that can be stopped and started as a process is."""

    def __init__(self, ledger: reddy.Ledger, batch: reddy.Batch, sandbox: reddy.Sandbox) -> None:
        self.ledger, self.batch, self.sandbox = ledger, batch, sandbox
        self.tokens = Tokens()
        self.engine: Engine | None = None
        self.more = Path()  # a sheet of other calls

    def connection_for(self, submission: Submission) -> Connection | None:
        """As the app does it: the sandbox's is known, a typed one is in memory or gone."""
        record = submission.record()
        if record.token_source == "sandbox":
            return Connection(token=TOKEN, base_url=self.sandbox.url, source="sandbox")
        typed = self.tokens.recall(submission.id)
        return None if typed is None else Connection(token=typed, base_url=self.sandbox.url, source="typed")

    def start(self) -> Engine:
        self.engine = Engine(self.ledger, self.connection_for)
        self.engine.start()
        return self.engine

    def stop(self) -> None:
        if self.engine is not None:
            self.engine.stop()
            self.engine = None

    def send(
        self, rows: list[int] | None = None, *, source: str = "sandbox", concurrency: int = 4
    ) -> Submission:
        submission = create(
            self.ledger,
            self.batch.id,
            address=SANDBOX,
            token_source=source,
            rows=rows,
            concurrency=concurrency,
        )
        if source == "typed":
            self.tokens.remember(submission.id, TOKEN)
        return submission

    @property
    def sent(self) -> list[str]:
        return [call["conversation_id"] for call in self.sandbox.received]

    def once(self) -> bool:
        return len(self.sent) == len(set(self.sent))


@pytest.fixture
def bench(tmp_path: Path, sheet: Sheet) -> Iterator[Bench]:
    with (
        reddy.Sandbox(token=TOKEN) as sandbox,
        reddy.Ledger(tmp_path / "ledger.sqlite") as ledger,
    ):
        bench = Bench(ledger, ledger.load(sheet(30), products=PRODUCTS, progress=False), sandbox)
        other = {row: {"Conversation ID": f"other-{row}"} for row in range(2, 32)}
        bench.more = sheet(30, other)
        try:
            yield bench
        finally:
            bench.stop()


def done(submission: Submission) -> Callable[[], bool]:
    return lambda: submission.state == "done"


def test_what_is_queued_is_sent_by_the_engine(bench: Bench) -> None:
    engine = bench.start()
    assert repr(engine) == f"<Engine on {bench.ledger.name} · running>"
    assert workers_alive(bench.ledger) == 1
    submission = bench.send()
    assert enqueue(bench.ledger, submission) == 1
    until(done(submission), why="the submission")
    assert submission.counts() == counted(accepted=30)
    assert len(bench.sent) == 30
    assert bench.once()
    bench.stop()
    assert repr(engine) == f"<Engine on {bench.ledger.name} · stopped>"
    assert workers_alive(bench.ledger) == 0


def test_enqueued_twice_is_sent_once(bench: Bench) -> None:
    submission = bench.send()
    for _ in range(3):
        assert enqueue(bench.ledger, submission) == 1
    bench.start()
    until(done(submission), why="the submission")
    assert enqueue(bench.ledger, submission) == 0
    assert len(bench.sent) == 30
    assert bench.once()


def test_what_was_enqueued_without_an_engine_waits_for_one(bench: Bench) -> None:
    submission = bench.send()
    enqueue(bench.ledger, submission)
    assert submission.counts() == counted(queued=30)
    assert workers_alive(bench.ledger) == 0
    bench.start()
    until(done(submission), why="the submission")
    assert submission.counts() == counted(accepted=30)


def test_many_chunks_of_two_submissions_side_by_side(bench: Bench, sheet: Sheet) -> None:
    changed = {row: {"Conversation ID": f"other-{row}"} for row in range(2, 2 * CHUNK + 12)}
    other = bench.ledger.load(sheet(2 * CHUNK + 10, changed), products=PRODUCTS, progress=False)
    rows = [*range(CHUNK - 20, CHUNK + 20), *range(2 * CHUNK - 5, 2 * CHUNK + 5)]
    first = bench.send()
    second = create(bench.ledger, other.id, address=SANDBOX, token_source="sandbox", rows=rows)
    bench.start()
    assert enqueue(bench.ledger, first) == 1
    assert enqueue(bench.ledger, second) == 3
    until(lambda: first.state == second.state == "done", why="both")
    assert first.counts() == counted(accepted=30)
    assert second.counts() == counted(accepted=50)
    assert bench.once()


def test_paused_resumed_and_cancelled_through_the_ledger(bench: Bench) -> None:
    bench.sandbox.latency = 0.05
    bench.start()
    submission = bench.send(concurrency=1)
    enqueue(bench.ledger, submission)
    until(lambda: submission.counts()["accepted"] >= 2, why="the first calls")
    submission.pause()
    until(lambda: submission.counts()["sending"] == 0, why="what was in flight")
    at_pause = submission.counts()
    assert sum(at_pause.values()) == 30
    assert at_pause["queued"] > 20
    assert len(bench.sent) == at_pause["accepted"]

    submission.resume()
    enqueue(bench.ledger, submission)
    until(lambda: submission.counts()["accepted"] > at_pause["accepted"] + 1, why="it to go on")
    submission.cancel()
    until(lambda: submission.counts()["sending"] == 0, why="what was in flight")
    counts = submission.counts()
    assert submission.state == "cancelled"
    assert counts == counted(accepted=counts["accepted"], ready=30 - counts["accepted"])
    assert bench.batch.counts() == counts

    bench.sandbox.latency = 0.0
    rest = bench.send()
    enqueue(bench.ledger, rest)
    until(done(rest), why="the rest")
    assert len(bench.sent) == 30
    assert bench.once()


def test_stopped_in_the_middle_it_goes_on_by_itself_at_the_next_start(bench: Bench) -> None:
    bench.sandbox.latency = 0.05
    bench.start()
    submission = bench.send(concurrency=2)
    enqueue(bench.ledger, submission)
    until(lambda: submission.counts()["accepted"] >= 3, why="the first calls")
    bench.stop()
    counts = submission.counts()
    assert counts["sending"] == counts["unknown"] == 0, "an orderly stop waits for what is in flight"
    assert counts["accepted"] == len(bench.sent)
    assert counts["queued"] > 0
    assert submission.state == "running"

    bench.sandbox.latency = 0.0
    bench.start()
    until(done(submission), why="the rest")
    assert submission.counts() == counted(accepted=30)
    assert len(bench.sent) == 30
    assert bench.once()


def test_an_engine_whose_ledger_was_moved_away_stops_in_seconds(bench: Bench, tmp_path: Path) -> None:
    bench.sandbox.latency = 0.05
    engine = bench.start()
    submission = bench.send(concurrency=2)
    enqueue(bench.ledger, submission)
    until(lambda: submission.counts()["accepted"] >= 3, why="the first calls")
    file, elsewhere = tmp_path / "ledger.sqlite", tmp_path / "elsewhere.sqlite"
    file.rename(elsewhere)
    time.sleep(1.5)  # the chunk has noticed, and waits for the file
    begun = time.monotonic()
    assert not engine.stop(), "what came back could not be recorded"
    assert time.monotonic() - begun < 15
    bench.engine = None
    elsewhere.rename(file)
    counts = submission.counts()
    assert counts["accepted"] + counts["sending"] >= len(bench.sent)


def test_the_same_engine_can_be_started_again(bench: Bench) -> None:
    engine = bench.start()
    engine.stop()
    engine.start()
    submission = bench.send()
    enqueue(bench.ledger, submission)
    until(done(submission), why="the submission")
    assert submission.counts() == counted(accepted=30)


def test_a_typed_token_is_forgotten_with_the_process_and_the_submission_waits_saying_so(bench: Bench) -> None:
    bench.sandbox.latency = 0.05
    bench.start()
    submission = bench.send(source="typed", concurrency=2)
    enqueue(bench.ledger, submission)
    until(lambda: submission.counts()["accepted"] >= 2, why="the first calls")
    bench.stop()
    before = len(bench.sent)

    bench.tokens = Tokens()  # what a new process has
    bench.start()
    assert submission.state == "waiting"
    assert submission.record().reason == (
        "The workbench was restarted, and the token for this submission was typed in: enter it again to continue."
    )
    assert len(bench.sent) == before
    assert submission.counts()["queued"] == 30 - before

    bench.sandbox.latency = 0.0
    bench.tokens.remember(submission.id, TOKEN)
    submission.resume(token_source="typed", token_hint="…6789")
    enqueue(bench.ledger, submission)
    until(done(submission), why="the rest")
    assert submission.counts() == counted(accepted=30)
    assert bench.once()


def test_work_whose_token_is_not_known_here_waits_for_it(bench: Bench) -> None:
    bench.start()
    submission = bench.send(source="typed")
    bench.tokens.forget(submission.id)
    enqueue(bench.ledger, submission)
    until(lambda: submission.state == "waiting", why="the engine to notice")
    assert "typed in and is not stored: enter it again to continue" in submission.record().reason
    assert submission.counts() == counted(queued=30)


def test_a_token_that_no_client_can_use_pauses(bench: Bench) -> None:
    bench.start()
    submission = bench.send(source="typed")
    bench.tokens.remember(submission.id, "with a blank")
    enqueue(bench.ledger, submission)
    until(lambda: submission.state == "paused", why="the engine to notice")
    assert "The token contains blanks" in submission.record().reason
    assert submission.counts() == counted(queued=30)


def test_a_refused_token_pauses_and_resuming_sends_all(bench: Bench) -> None:
    bench.sandbox.faults.add(Fault(kind="status", status=401, times=1))
    bench.start()
    submission = bench.send(concurrency=1)
    enqueue(bench.ledger, submission)
    until(lambda: submission.state == "paused", why="the refusal")
    until(lambda: submission.counts()["sending"] == 0, why="what was in flight")
    submission.resume()
    enqueue(bench.ledger, submission)
    until(done(submission), why="the rest")
    assert submission.counts() == counted(accepted=30)
    assert bench.once()


def test_what_a_killed_process_was_sending_is_in_doubt_and_the_rest_is_sent(bench: Bench) -> None:
    submission = bench.send()
    with bench.ledger.write() as connection:
        connection.execute(
            workers.insert().values(
                name="killed", host="elsewhere", pid=1, started=1.0, heartbeat=1.0, gone=False
            )
        )
    exchange(bench.ledger, submission.id, 0, "killed", want=3)
    enqueue(bench.ledger, submission)
    bench.start()
    until(done(submission), why="the rest")
    assert submission.counts() == counted(accepted=27, unknown=3)
    assert len(bench.sent) == 27


def test_a_start_leaves_alone_what_a_notebook_is_sending_this_very_moment(bench: Bench) -> None:
    submission = bench.send(source="notebook")
    worker = new_worker(bench.ledger)
    (claim,) = exchange(bench.ledger, submission.id, 0, worker, want=1).claims
    bench.start()
    assert submission.state == "running"
    assert submission.record().generation == 1
    assert bench.batch.info(claim.row)["status"] == "sending"
    with reddy.Client(TOKEN, base_url=bench.sandbox.url) as client:
        assert client.list_products()  # the notebook's client is its own


def test_a_token_that_comes_after_the_start_sends_what_waits_for_it(bench: Bench) -> None:
    """DBOS fixes what an engine listens to at its launch: such work goes to a queue of this engine's own."""
    known: list[Connection] = []
    engine = Engine(
        bench.ledger, lambda _: known[0] if known else None, lanes=lambda: (), heartbeat_timeout=4.5
    )
    bench.engine = engine
    engine.start()
    submission = bench.send(source="secrets")
    enqueue(bench.ledger, submission)
    time.sleep(1.5)
    assert submission.counts() == counted(queued=30), "nobody here has its token"
    known.append(Connection(token=TOKEN, base_url=bench.sandbox.url, source="secrets"))
    until(done(submission), why="the engine to find it")
    assert submission.counts() == counted(accepted=30)

    later = bench.ledger.load(bench.more, name="later", products=PRODUCTS, progress=False)
    second = create(bench.ledger, later.id, address=SANDBOX, token_source="secrets")
    enqueue(bench.ledger, second)
    until(done(second), why="what is enqueued where its token is known")
    assert bench.once()


def test_the_engine_s_own_files_hold_neither_token_nor_transcript(bench: Bench, tmp_path: Path) -> None:
    bench.start()
    submission = bench.send(source="typed")
    enqueue(bench.ledger, submission)
    until(done(submission), why="the submission")
    bench.stop()
    files = sorted(tmp_path.glob("ledger-engine.sqlite*"))
    assert files, "the engine's database lies beside the ledger"
    content = b"".join(path.read_bytes() for path in files)
    assert submission.id.encode() in content, "ids are what it stores"
    for secret in (TOKEN, "Good morning", "lost my card", "ann@cedarline.example", "conv-1"):
        assert secret.encode() not in content, secret
    ledger = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.sqlite*"))
    assert TOKEN.encode() not in ledger


def test_nothing_is_logged_that_a_customer_said_or_a_token(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bench.start()
    submission = bench.send()
    enqueue(bench.ledger, submission)
    until(done(submission), why="the submission")
    bench.stop()
    for secret in (TOKEN, "Good morning", "lost my card"):
        assert secret not in caplog.text


def test_workers_show_signs_of_life_and_are_retired_in_good_order(bench: Bench) -> None:
    bench.start()
    with bench.ledger.read() as connection:
        (mine,) = connection.execute(sa.select(workers)).all()
    assert mine.pid == os.getpid()
    assert not mine.gone
    bench.stop()
    with bench.ledger.read() as connection:
        assert connection.execute(sa.select(workers.c.gone)).scalars().all() == [True]


def test_chunks_that_end_at_the_same_moment_end_the_submission(ledger: reddy.Ledger, sheet: Sheet) -> None:
    """Each may see the other's last call under way: whoever looks last must see that nothing is."""
    with reddy.Sandbox(token=TOKEN) as sandbox:
        batch = ledger.load(sheet(CHUNK + 10), products=PRODUCTS, progress=False)
        engine = Engine(ledger, lambda _: Connection(token=TOKEN, base_url=sandbox.url, source="sandbox"))
        engine.worker = new_worker(ledger)
        for round_ in range(4):
            rows = [2 + round_, CHUNK + round_]
            submission = create(ledger, batch.id, address=SANDBOX, token_source="sandbox", rows=rows)
            threads = [
                threading.Thread(target=engine.run_chunk, args=(submission.id, chunk)) for chunk in (0, 1)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert submission.counts() == counted(accepted=2)
            assert submission.state == "done"


def test_the_engine_keeps_its_tables_beside_the_ledger_or_in_the_team_s_database(
    ledger: reddy.Ledger,
) -> None:
    if ledger.url.get_backend_name() == "sqlite":
        assert engine_url(ledger) == f"sqlite:///{Path(ledger.name).parent / 'ledger-engine.sqlite'}"
    else:
        assert sa.make_url(engine_url(ledger)) == ledger.url


def test_it_works_on_either_database(ledger: reddy.Ledger, sheet: Sheet) -> None:
    with reddy.Sandbox(token=TOKEN) as sandbox:
        bench = Bench(ledger, ledger.load(sheet(12), products=PRODUCTS, progress=False), sandbox)
        bench.start()
        try:
            submission = bench.send()
            enqueue(ledger, submission)
            until(done(submission), why="the submission")
        finally:
            bench.stop()
        assert submission.counts() == counted(accepted=12)
        assert bench.once()


def test_an_engine_whose_database_cannot_be_opened_says_so(tmp_path: Path, sheet: Sheet) -> None:
    with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        batch = ledger.load(sheet(2), products=PRODUCTS, progress=False)
        submission = create(ledger, batch.id, address=SANDBOX, token_source="sandbox")
        (tmp_path / "ledger-engine.sqlite").mkdir()
        with pytest.raises(
            LedgerUnavailable,
            match=r"The submission engine's database cannot be opened or written .*ledger-engine\.sqlite",
        ):
            enqueue(ledger, submission)
        assert submission.counts() == counted(queued=2)
