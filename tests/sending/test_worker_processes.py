"""Many workers on one PostgreSQL ledger, each a real process: shared work, kills, freezes, other tokens."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.api.client import hint
from reddy_lib.database.schema import STATUSES, workers
from reddy_lib.errors import Withheld
from reddy_lib.sandbox import Fault
from reddy_lib.sending.dispatcher import send_chunk
from reddy_lib.sending.engine import enqueue
from reddy_lib.sending.lease import Lease
from reddy_lib.sending.slots import Slots
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import expire_dead_workers, new_worker, queue, workers_known
from tests.app_server import ROOT, wait_for
from tests.conftest import ledger_database
from tests.sending.exchanging import exchange
from tests.worker_processes import COMMAND, Fleet, environment, fleet

Sheet = Callable[..., Path]

PRODUCTS: list[dict[str, Any]] = [
    {"id": 1, "name": "Cards hotline", "status": "active"},
    {"id": 2, "name": "Loans", "status": "active"},
]
NONE = dict.fromkeys(STATUSES, 0)
TOKEN = "workers-test-token-0123456789"
OTHER = "workers-test-token-of-others-9999"
SOON = 4.5  # seconds: what the tests wait for is that a worker is given up


@pytest.fixture
def team(postgres: str, request: pytest.FixtureRequest) -> Iterator[reddy.Ledger]:
    """An empty ledger on PostgreSQL."""
    with reddy.Ledger(ledger_database(postgres, request.node.name)) as opened:
        yield opened


@pytest.fixture
def fleet_of(team: reddy.Ledger, tmp_path: Path) -> Iterator[Fleet]:
    with fleet(team, tmp_path, forked=True) as running:
        yield running


def queued(
    ledger: reddy.Ledger,
    sheet: Sheet,
    count: int,
    url: str,
    *,
    concurrency: int = 8,
    source: str = "environment",
) -> Submission:
    batch = ledger.load(sheet(count), products=PRODUCTS, progress=False)
    submission = create(
        ledger,
        batch.id,
        address=url,
        token_source=source,
        token_hint=hint(TOKEN),
        concurrency=concurrency,
    )
    enqueue(ledger, submission)
    return submission


def most(sandbox: reddy.Sandbox) -> int:
    """How often the call that arrived most often did."""
    return max(Counter(call["conversation_id"] for call in sandbox.received).values())


def ended(submission: Submission, *, seconds: float) -> dict[str, int]:
    wait_for(lambda: submission.state == "done", seconds=seconds, why=f"{submission!r}")
    return submission.counts()


def test_three_workers_share_a_submission_and_each_call_arrives_once(
    team: reddy.Ledger, sheet: Sheet, fleet_of: Fleet
) -> None:
    fleet_of.forked = False
    with reddy.Sandbox(token=TOKEN, latency=0.05) as sandbox:
        fleet_of.start(3, token=TOKEN, url=sandbox.url)
        submission = queued(team, sheet, 600, sandbox.url, concurrency=2)
        assert ended(submission, seconds=120) == {**NONE, "accepted": 600}
        assert len(sandbox.received) == 600
        assert most(sandbox) == 1
        assert len(fleet_of.attempts_by_worker()) == 3, "a worker got nothing"
        for process in fleet_of.processes:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(timeout=60) for process in fleet_of.processes] == [0, 0, 0]
        assert set(workers_known(team)["state"]) == {"gone"}
        first = fleet_of.output(fleet_of.processes[0]).splitlines()[0]
        assert first.endswith(f"on the ledger {team.name} and sends to {sandbox.url} as …6789.")
        assert TOKEN not in fleet_of.output(fleet_of.processes[0])


@pytest.mark.parametrize("answered", [False, True], ids=["in the middle of the PUT", "before its answer"])
def test_what_a_killed_worker_was_uploading_another_one_uploads(
    team: reddy.Ledger, sheet: Sheet, fleet_of: Fleet, tmp_path: Path, answered: bool
) -> None:
    """The first one is killed while the server reads no further, or has all and has not answered."""
    shared = tmp_path / "shared"
    shared.mkdir()
    with reddy.Sandbox(token=TOKEN) as sandbox:
        batch = team.load(
            sheet(3, {row: {"Transcript": ""} for row in (2, 3, 4)}), products=PRODUCTS, progress=False
        )
        hashes = {}
        for row in batch.rows():
            path = shared / f"call {row}.wav"
            path.write_bytes(b"RIFF" + random.Random(row).randbytes(6_000_000 if not answered else 60_000))
            batch.attach(row, path)
            hashes[batch.call(row).conversation_id] = hashlib.sha256(path.read_bytes()).hexdigest()
        batch.accept(batch.rows(), "recording-unreadable")  # what arrives is compared, not heard
        sandbox.faults.add(Fault(kind="slow", on="upload", seconds=60, processed=answered, times=3))
        [victim] = fleet_of.start(
            1, token=TOKEN, url=sandbox.url, heartbeat_timeout=SOON, REDDY_AUDIO_FOLDER=str(shared)
        )
        submission = create(
            team,
            batch.id,
            address=sandbox.url,
            token_source="environment",
            token_hint=hint(TOKEN),
            concurrency=4,
        )
        enqueue(team, submission)
        wait_for(
            lambda: len(sandbox.audio) == 3 if answered else sandbox.requests["upload"] == 3,
            seconds=90, why="the first worker to upload",
        )  # fmt: skip
        assert set(batch.recordings()["state"]) == {"sending"}
        assert submission.counts()["accepted"] == 3
        fleet_of.start(
            1, token=TOKEN, url=sandbox.url, heartbeat_timeout=SOON, REDDY_AUDIO_FOLDER=str(shared)
        )
        sandbox.faults.clear()
        victim.kill()
        victim.wait()
        assert ended(submission, seconds=120) == {**NONE, "accepted": 3}
        assert {call["conversation_id"]: call["audio"]["sha256"] for call in sandbox.received} == hashes
        assert sandbox.requests["create"] == 3
        assert list(batch.recordings()["tries"]) == [2, 2, 2]
        assert set(batch.recordings()["state"]) == {"uploaded"}


def test_of_a_killed_worker_what_was_in_flight_is_in_doubt_and_the_others_send_the_rest(
    team: reddy.Ledger, sheet: Sheet, fleet_of: Fleet
) -> None:
    with reddy.Sandbox(token=TOKEN, latency=0.3) as sandbox:
        victim, *_ = fleet_of.start(3, token=TOKEN, url=sandbox.url, heartbeat_timeout=SOON)
        submission = queued(team, sheet, 300, sandbox.url, concurrency=4)
        wait_for(lambda: fleet_of.in_flight(victim) > 0, seconds=90, why="the victim to send")
        victim.kill()
        victim.wait()
        # its process is gone, and it ran on this machine: within the next look of another it is given up
        assert submission.state == "running"
        counts = ended(submission, seconds=120)
        assert counts["accepted"] + counts["unknown"] == 300
        # four in flight, and at most half as many claimed ahead while a commit is slow (`slots.Lookahead`)
        assert 0 < counts["unknown"] <= 6
        assert fleet_of.statuses_of(next(iter(lost_workers(team)))).get("unknown") == counts["unknown"]
        assert most(sandbox) == 1


def lost_workers(ledger: reddy.Ledger) -> list[str]:
    known = workers_known(ledger)
    return list(known.loc[known["state"] == "gone", "name"])


def test_a_worker_on_a_machine_that_goes_away_is_taken_over_when_it_has_been_silent(
    team: reddy.Ledger, sheet: Sheet, fleet_of: Fleet
) -> None:
    """As above, but nobody can see its process: only its silence tells."""
    with reddy.Sandbox(token=TOKEN, latency=0.3) as sandbox:
        (victim,) = fleet_of.start(1, token=TOKEN, url=sandbox.url, heartbeat_timeout=SOON)
        with team.write() as connection:
            connection.execute(workers.update().values(place="another machine"))
        submission = queued(team, sheet, 60, sandbox.url, concurrency=4)
        wait_for(lambda: fleet_of.in_flight(victim) > 0, seconds=90, why="the victim to send")
        victim.kill()
        victim.wait()
        in_flight = submission.counts()["sending"]
        fleet_of.start(1, token=TOKEN, url=sandbox.url, heartbeat_timeout=SOON)
        counts = ended(submission, seconds=120)
        assert counts == {**NONE, "accepted": 60 - in_flight, "unknown": in_flight}
        assert most(sandbox) == 1


def test_a_worker_that_was_frozen_does_no_harm_when_it_wakes(
    team: reddy.Ledger, sheet: Sheet, fleet_of: Fleet
) -> None:
    with reddy.Sandbox(token=TOKEN, latency=0.3) as sandbox:
        sleeper, _ = fleet_of.start(2, token=TOKEN, url=sandbox.url, heartbeat_timeout=SOON)
        submission = queued(team, sheet, 300, sandbox.url, concurrency=4)
        wait_for(lambda: fleet_of.in_flight(sleeper) > 0, seconds=90, why="it to send")
        name = fleet_of.name_of(sleeper)
        sleeper.send_signal(signal.SIGSTOP)
        try:
            wait_for(
                lambda: fleet_of.statuses_of(name).get("unknown", 0) > 0, seconds=30, why="it to be given up"
            )
            doubted = fleet_of.statuses_of(name)["unknown"]
            ended(submission, seconds=120)
        finally:
            sleeper.send_signal(signal.SIGCONT)
        wait_for(lambda: submission.counts()["unknown"] == 0, seconds=30, why="its late answers")
        counts = submission.counts()
        assert doubted >= 1
        # what it had claimed and not sent any more "had ended" by then; nothing of it was sent after waking
        assert counts["accepted"] + counts["failed"] == 300
        assert len(sandbox.received) == counts["accepted"]
        assert most(sandbox) == 1
        wait_for(lambda: fleet_of.alive() == 2, seconds=30, why="it to be alive again")


def test_work_that_needs_another_token_is_left_alone(
    team: reddy.Ledger, sheet: Sheet, fleet_of: Fleet
) -> None:
    with reddy.Sandbox(token=TOKEN) as sandbox:
        (other,) = fleet_of.start(1, token=OTHER, url=sandbox.url, heartbeat_timeout=SOON)
        submission = queued(team, sheet, 20, sandbox.url)
        typed_in = queued(
            team, lambda n: sheet(n, {2: {"Conversation ID": "x"}}), 1, sandbox.url, source="typed"
        )
        beats: set[Any] = set()

        def has_looked() -> bool:
            beats.add(workers_known(team)["heartbeat"].iloc[0])
            return len(beats) >= 5

        wait_for(has_looked, seconds=30, why="some rounds of its upkeep")
        assert submission.state == typed_in.state == "running"
        assert submission.counts()["queued"] == 20
        assert fleet_of.attempts_by_worker() == {}
        assert queue(team)["senders"].tolist() == [[], []]
        fleet_of.start(1, token=TOKEN, url=sandbox.url)
        assert ended(submission, seconds=120)["accepted"] == 20
        assert fleet_of.name_of(other) not in fleet_of.attempts_by_worker()
        assert typed_in.counts()["queued"] == 1


def test_told_to_stop_it_waits_for_what_is_in_flight_and_another_goes_on_at_once(
    team: reddy.Ledger, sheet: Sheet, fleet_of: Fleet
) -> None:
    with reddy.Sandbox(token=TOKEN, latency=0.3) as sandbox:
        (first,) = fleet_of.start(1, token=TOKEN, url=sandbox.url)
        submission = queued(team, sheet, 200, sandbox.url, concurrency=4)
        wait_for(lambda: fleet_of.in_flight(first) > 0, seconds=90, why="it to send")
        first.send_signal(signal.SIGINT)
        assert first.wait(timeout=60) == 0
        at_stop = submission.counts()
        assert at_stop["sending"] == at_stop["unknown"] == 0
        assert at_stop["accepted"] == len(sandbox.received)
        assert at_stop["queued"] > 0
        assert "all calls that were in flight are recorded" in fleet_of.output(first)
        sandbox.latency = 0.0
        fleet_of.start(1, token=TOKEN, url=sandbox.url)
        assert ended(submission, seconds=120) == {**NONE, "accepted": 200}
        assert most(sandbox) == 1


def test_a_ledger_that_was_away_finds_out_all_that_its_worker_knows(
    team: reddy.Ledger, sheet: Sheet, fleet_of: Fleet, postgres: str
) -> None:
    with reddy.Sandbox(token=TOKEN, latency=0.3) as sandbox:
        (worker,) = fleet_of.start(1, token=TOKEN, url=sandbox.url, heartbeat_timeout=SOON)
        submission = queued(team, sheet, 40, sandbox.url, concurrency=4)
        wait_for(lambda: fleet_of.in_flight(worker) > 0, seconds=90, why="it to send")
        server = sa.create_engine(
            sa.make_url(postgres).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
        )
        name = team.url.database
        with server.connect() as connection:
            connection.execute(sa.text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
            connection.execute(
                sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
                {"name": name},
            )
            end = time.monotonic() + SOON + 1.5  # long enough for its lease to be over
            while time.monotonic() < end:
                time.sleep(0.1)
            arrived = len(sandbox.received)
            connection.execute(sa.text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
        server.dispose()
        assert arrived < 40, "it went on without its ledger"
        counts = ended(submission, seconds=120)
        assert counts["accepted"] + counts["unknown"] == 40
        assert len(sandbox.received) == counts["accepted"]
        assert worker.poll() is None
        assert most(sandbox) == 1


def run(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        COMMAND, cwd=ROOT, env=environment(**variables), capture_output=True, text=True, timeout=60
    )


def test_a_worker_that_cannot_work_says_why_and_ends(tmp_path: Path) -> None:
    nothing = run(REDDY_LEDGER=str(tmp_path / "ledger.sqlite"))
    assert nothing.returncode == 2
    assert nothing.stderr.startswith("There is nothing to send with: set REDDY_API_TOKEN")
    broken = run(REDDY_LEDGER=str(tmp_path / "ledger.sqlite"), REDDY_API_TOKEN="with a blank")
    assert broken.returncode == 2
    assert "with a blank" not in broken.stderr
    away = subprocess.Popen(
        COMMAND,
        cwd=ROOT,
        env=environment(
            REDDY_LEDGER="postgresql+psycopg://ann:geheim@127.0.0.1:1/none", REDDY_API_TOKEN=TOKEN
        ),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert away.stderr is not None
    said = ""
    while "retr" not in said:
        line = away.stderr.readline()
        assert line, said
        said += line
    assert "cannot be reached" in said
    away.terminate()
    out, rest = away.communicate(timeout=60)
    assert away.returncode == 1
    assert "geheim" not in out + said + rest
    told = subprocess.run([*COMMAND, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0
    for name in ("REDDY_LEDGER", "REDDY_API_TOKEN", "REDDY_SANDBOX_URL", "--heartbeat-timeout"):
        assert name in told.stdout


def test_a_worker_does_not_guess_the_token_of_a_sandbox(tmp_path: Path) -> None:
    ended = run(
        REDDY_LEDGER=str(tmp_path / "ledger.sqlite"), REDDY_SANDBOX_URL="http://127.0.0.1:8501/sandbox"
    )
    assert ended.returncode == 2
    assert "REDDY_SANDBOX_TOKEN is not set" in ended.stderr


def test_a_worker_is_known_to_be_alive_by_its_heartbeat(team: reddy.Ledger, fleet_of: Fleet) -> None:
    def check() -> tuple[int, str]:
        variables = environment(REDDY_LEDGER=team.url.render_as_string(hide_password=False))
        ended = subprocess.run(
            [*COMMAND, "--check"], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60
        )
        return ended.returncode, ended.stdout + ended.stderr

    assert check() == (4, "No worker on this machine sends heartbeats to the ledger.\n")
    with reddy.Sandbox(token=TOKEN) as sandbox:
        fleet_of.start(1, token=TOKEN, url=sandbox.url)
        assert check() == (0, "A worker on this machine is alive.\n")


class TestLease:
    def test_what_was_claimed_before_being_given_up_is_not_sent_after_waking(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        with (
            reddy.Sandbox(token=TOKEN) as sandbox,
            reddy.Client(TOKEN, base_url=sandbox.url) as client,
        ):
            batch = ledger.load(sheet(4), products=PRODUCTS, progress=False)
            submission = create(ledger, batch.id, address=sandbox.url, token_source="notebook")
            worker = new_worker(ledger)
            frozen: list[int] = []

            class FreezesBeforeItsFirstCall(Lease):
                """Between the commit of the claim and its first byte: given up by others, then alive again."""

                def holds(self, term: int | None = None) -> bool:
                    if term is not None and not frozen:
                        frozen.append(term)
                        lost = expire_dead_workers(ledger, now=time.time() + 3600)
                        assert lost == 1
                        self.renew()
                    return super().holds(term)

            lease = FreezesBeforeItsFirstCall(ledger, worker)
            send_chunk(ledger, submission.id, 0, client, worker, Slots(1), lease=lease)
            assert frozen == [0]
            assert lease.term == 1
            assert submission.counts() == {**NONE, "accepted": 4}, "what was held back was queued again"
            assert batch.attempts(2)["result"].tolist() == ["again", "accepted"]
            assert most(sandbox) == 1

    def test_it_is_over_before_others_may_give_the_worker_up_by_either_clock(
        self, ledger: reddy.Ledger
    ) -> None:
        clock, wall = [0.0], [1000.0]
        lease = Lease(ledger, new_worker(ledger), timeout=45.0, clock=lambda: clock[0], wall=lambda: wall[0])
        assert not lease.holds()
        lease.renew()
        clock[0], wall[0] = 34.9, 1034.9
        assert lease.holds(0)
        wall[0] = 1035.1  # the machine slept: the other clock did not see it
        assert not lease.holds(0)
        clock[0], wall[0] = 35.1, 1001.0  # somebody set the wall clock
        assert not lease.holds(0)
        lease.renew()
        assert lease.holds(0)
        wall[0] = 999.0
        assert not lease.holds(0), "a clock that went back says nothing"

    def test_a_request_is_held_back_after_its_connection_and_before_its_first_byte(self) -> None:
        from reddy_lib.api import only_while

        with reddy.Sandbox(token=TOKEN) as sandbox, reddy.Client(TOKEN, base_url=sandbox.url) as client:
            asked: list[bool] = []

            def may_send() -> bool:
                asked.append(True)
                return False

            with only_while(may_send), pytest.raises(Withheld, match="was not sent"):
                client.list_products()
            assert asked == [True]
            assert sandbox.requests["products"] == 0
            assert client.list_products()

    def test_answers_that_could_not_be_stored_are_stored_later_and_lost_claims_come_to_be_in_doubt(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        from tests.sending.test_exchange import answer

        batch = ledger.load(sheet(3), products=PRODUCTS, progress=False)
        submission = create(ledger, batch.id, address="https://reddy.example", token_source="notebook")
        worker = new_worker(ledger)
        lease = Lease(ledger, worker)
        lease.renew()
        known, _lost = exchange(ledger, submission.id, 0, worker, want=2).claims
        lease.took([known])  # the news of the other one never came
        lease.leave(submission.id, 0, [answer(known)])
        assert lease.settle() == 0
        assert submission.counts() == {**NONE, "accepted": 1, "sending": 1, "queued": 1}
        assert lease.settle() == 1
        assert lease.term == 1
        assert submission.counts() == {**NONE, "accepted": 1, "unknown": 1, "queued": 1}
