"""`kill -9` at random moments of a submission, again and again: no call is lost, none is received twice, and each
recording is uploaded, or says why it is not.

The engine runs in processes of its own and Reddy's stand-in in another, which outlives them and so can tell what
they did. A handful of kills by default; many of them by hand:

    KILLS=200 uv run pytest -m soak -n 0 -s tests/test_kills.py

`KILLS` is shared out over the variants (SQLite and PostgreSQL, each with one worker and with three), `SEED` changes
the moments. Several kills hit each submission of 1,000 calls; a new one is begun when one is through.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import reddy_lib as reddy
from reddy_lib.recordings.upload_queue import LOST
from reddy_lib.sending.engine import enqueue
from reddy_lib.sending.reconcile import Reconciled
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import expire_dead_workers
from tests.app_server import free_port, wait_for
from tests.conftest import PRODUCTS, fresh_database
from tests.sending_process import SendingProcess
from tests.test_kill import TOKEN, calls_received, received, sandbox_process

Sheet = Callable[..., Path]

VARIANTS = (("sqlite", 1), ("sqlite", 3), ("postgresql", 1), ("postgresql", 3))
LATENCY = 0.03
CONCURRENCY = 8
EACH = 4  # every so many-th call has a recording
SIZE = 60_000


class Tally(msgspec.Struct):
    """What a run of kills came to."""

    kills: int = 0
    idle: int = 0  # kills that hit nothing in flight
    submissions: int = 0
    calls: int = 0
    doubted: int = 0
    at_reddy: int = 0  # of the doubted
    sent_again: int = 0
    received: int = 0
    uploaded: int = 0  # of the recordings
    repeated: int = 0  # of those: the upload was begun more than once
    without_address: int = 0  # Reddy has the call, and its answer with the address never came
    lost: int = 0
    twice: int = 0
    rounds: list[str] = []

    def __str__(self) -> str:
        return (
            f"{self.kills} kills ({self.idle} with nothing in flight) · {self.submissions} submissions · "
            f"{self.calls:,} calls · {self.doubted} in doubt ({self.at_reddy} were at Reddy, {self.sent_again} sent "
            f"again) · {self.received:,} received · {self.uploaded:,} recordings uploaded ({self.repeated} begun more "
            f"than once), {self.without_address} whose address was lost · {self.lost} lost · {self.twice} twice"
        )


class Workers:
    """So many engine processes on one ledger, of which any may be killed and is replaced."""

    def __init__(self, location: str, url: str, count: int) -> None:
        self._arguments = (location, url, TOKEN)
        self._running = [SendingProcess(*self._arguments) for _ in range(count)]
        for process in self._running:
            process.wait_until_ready()

    def kill_one(self, chance: random.Random) -> None:
        """kill -9 one and start another, which is not waited for: the next kill may hit it while it recovers."""
        victim = chance.randrange(len(self._running))
        self._running[victim].kill()
        self._running[victim] = SendingProcess(*self._arguments)

    def stop(self) -> None:
        for process in self._running:
            process.stop()


def one_submission(
    ledger: reddy.Ledger,
    path: Path,
    url: str,
    workers: Workers,
    chance: random.Random,
    *,
    kills: int,
    tally: Tally,
) -> None:
    """Kill workers up to `kills` times while a batch is sent; then clear the doubt, send the rest, and compare."""
    batch = ledger.load(path, products=PRODUCTS, progress=False)
    size = batch.total
    for row in batch.rows()[::EACH]:
        sound = path.with_name(f"{path.stem}-{row}.wav")
        sound.write_bytes(b"RIFF" + chance.randbytes(SIZE))
        batch.attach(row, sound)
    before = Counter(received(url))
    submission = create(ledger, batch.id, address=url, token_source="environment", concurrency=CONCURRENCY)
    enqueue(ledger, submission)
    whole = size / (CONCURRENCY / LATENCY)  # seconds that it takes without kills
    for _ in range(kills):
        settled = size - submission.counts()["queued"]
        wait_for(
            lambda at=settled: submission.state == "done" or size - submission.counts()["queued"] > at,  # type: ignore[misc]
            seconds=90, why=f"something to be sent by {submission!r}",
        )  # fmt: skip
        time.sleep(chance.uniform(0.0, whole / 8))
        if submission.state == "done":
            break
        workers.kill_one(chance)
        tally.kills += 1
        tally.idle += submission.counts()["sending"] == 0
    settle_down(ledger, submission)

    counts = submission.counts()
    assert counts["accepted"] + counts["unknown"] == size, f"only accepted or in doubt: {counts}"
    now = Counter(received(url)) - before
    accepted = ids(batch, "accepted")
    doubted = ids(batch, "unknown")
    tally.twice += sum(1 for times in now.values() if times > 1)
    tally.lost += len(accepted - set(now)) + len(set(now) - accepted - doubted)
    assert tally.twice == 0, f"received twice: {[one for one, times in now.items() if times > 1]}"
    assert accepted <= set(now), "said to be accepted, and never received"
    assert set(now) <= accepted | doubted, "received, and neither accepted nor in doubt"

    with reddy.Client(TOKEN, base_url=url) as client:
        cleared = reddy.reconcile(batch, client, wait=0, progress=False)
    assert (cleared.open, cleared.early, cleared.elsewhere) == ({}, [], [])
    assert len(cleared.there) == len(doubted & set(now))
    if cleared.missing:
        again = create(
            ledger,
            batch.id,
            address=url,
            token_source="environment",
            rows=cleared.missing,
            concurrency=CONCURRENCY,
        )
        enqueue(ledger, again)
        settle_down(ledger, again)
        assert again.counts()["accepted"] == len(cleared.missing)
    assert batch.counts()["accepted"] == size
    total = Counter(received(url)) - before
    expected = {batch.call(row).conversation_id for row in batch.rows()}
    tally.twice += sum(1 for times in total.values() if times > 1)
    tally.lost += len(expected - set(total))
    assert set(total) == expected, "a call was lost"
    assert max(total.values()) == 1, "a call was received twice"

    every_recording_is_there_or_says_why(batch, url, cleared, tally)
    tally.submissions += 1
    tally.calls += size
    tally.doubted += len(doubted)
    tally.at_reddy += len(cleared.there)
    tally.sent_again += len(cleared.missing)
    tally.received += sum(total.values())


def every_recording_is_there_or_says_why(
    batch: reddy.Batch, url: str, cleared: Reconciled, tally: Tally
) -> None:
    arrived = {call["conversation_id"]: (call["audio"] or {}).get("sha256") for call in calls_received(url)}
    for one in batch.recordings().reset_index().to_dict("records"):
        there = arrived[batch.call(one["row"]).conversation_id]
        if one["state"] == "uploaded":
            assert there == one["sha256"]
            tally.uploaded += 1
            tally.repeated += one["tries"] > 1
        else:
            assert (one["state"], one["error"]) == ("failed", LOST)
            assert one["row"] in cleared.there, "only where the answer that named the address never came"
            tally.without_address += 1


def settle_down(ledger: reddy.Ledger, submission: Submission) -> None:
    """Wait for the end. What a killed worker left is found by the others at their next look; here it is at once."""

    def ended() -> bool:
        expire_dead_workers(ledger)
        return submission.state == "done"

    wait_for(ended, seconds=120, why=f"the end of {submission!r}")


def ids(batch: reddy.Batch, status: str) -> set[Any]:
    return {batch.call(row).conversation_id for row in batch.rows(status=status)}


def run(
    location: str, sheet: Sheet, folder: Path, *, workers: int, kills: int, calls: int, seed: int
) -> Tally:
    tally, chance = Tally(), random.Random(seed)
    with sandbox_process(free_port(), LATENCY) as url, reddy.Ledger(location) as ledger:
        running = Workers(location, url, workers)
        try:
            while tally.kills < kills:
                number = tally.submissions
                changed = {row: {"Conversation ID": f"kill-{number}-{row}"} for row in range(2, calls + 2)}
                path = sheet(calls, changed, name=f"calls-{number}.csv")
                left = min(kills - tally.kills, 12)
                one_submission(ledger, path, url, running, chance, kills=left, tally=tally)
        finally:
            running.stop()
    return tally


def location_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if kind == "sqlite":
        return str(folder / "ledger.sqlite")
    return fresh_database(request.getfixturevalue("postgres"), request.node.name)


@pytest.mark.parametrize(("kind", "workers"), [("sqlite", 1), ("sqlite", 3), ("postgresql", 2)])
def test_a_few_kills_lose_nothing_and_send_nothing_twice(
    kind: str, workers: int, request: pytest.FixtureRequest, sheet: Sheet, tmp_path: Path
) -> None:
    location = location_of(kind, request, tmp_path)
    tally = run(location, sheet, tmp_path, workers=workers, kills=2, calls=240, seed=1)
    assert tally.kills >= 2
    assert tally.uploaded > 0
    assert (tally.lost, tally.twice) == (0, 0)


@pytest.mark.soak
@pytest.mark.parametrize(("kind", "workers"), VARIANTS, ids=[f"{kind}, {count}" for kind, count in VARIANTS])
def test_many_kills_lose_nothing_and_send_nothing_twice(
    kind: str, workers: int, request: pytest.FixtureRequest, sheet: Sheet, tmp_path: Path
) -> None:
    kills = -(-int(os.environ.get("KILLS", "200")) // len(VARIANTS))
    seed = int(os.environ.get("SEED", "0"))
    location = location_of(kind, request, tmp_path)
    tally = run(location, sheet, tmp_path, workers=workers, kills=kills, calls=1000, seed=seed)
    print(f"\n{kind}, {workers} at once: {tally}")
    assert (tally.lost, tally.twice) == (0, 0)
