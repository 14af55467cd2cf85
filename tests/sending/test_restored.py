"""A ledger that was put back from a backup, or copied, sends nothing by itself: it stops, says so, and asks."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.database import high_water
from reddy_lib.database.high_water import Mark
from reddy_lib.database.sandbox_urls import SANDBOX, remember_sandbox
from reddy_lib.database.schema import facts, questions, workers
from reddy_lib.errors import LedgerRestored
from reddy_lib.sandbox import Fault
from reddy_lib.sending.connection import Connection
from reddy_lib.sending.engine import Engine, enqueue
from reddy_lib.sending.restore_check import CheckedRestored, check_restored
from reddy_lib.sending.restored import check, restored
from reddy_lib.sending.spot_checks import open_questions
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import new_worker
from tests.app_server import wait_for
from tests.conftest import PRODUCTS, ledger_database
from tests.database_copies import DatabaseCopy
from tests.sending.exchanging import exchange

Sheet = Callable[..., Path]


class Scene:
    """A ledger at a place where copies of it can be taken and put back, and a server that has seen every call."""

    def __init__(self, kind: str, folder: Path, postgres: str, name: str, sandbox: reddy.Sandbox) -> None:
        self.sandbox = sandbox
        self.location = (
            str(folder / "ledger.sqlite")
            if kind == "sqlite"
            else ledger_database(postgres, f"restored {name}")
        )
        self.copy = DatabaseCopy(self.location, folder)
        self.ledger = reddy.Ledger(self.location)

    def load(self, sheet: Path) -> reddy.Batch:
        return self.ledger.load(sheet, products=PRODUCTS, progress=False)

    def begin(self, batch: reddy.Batch, rows: list[int] | None = None) -> Submission:
        return create(
            self.ledger,
            batch.id,
            address=self.sandbox.url,
            token_source="environment",
            rows=rows,
            concurrency=4,
        )

    def connection(self, _submission: object = None) -> Connection:
        return Connection(token=self.sandbox.token, base_url=self.sandbox.url, source="environment")

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        engine = Engine(self.ledger, self.connection)
        engine.start()
        try:
            yield engine
        finally:
            engine.stop()

    def send_all(self, submission: Submission) -> None:
        with self.engine():
            enqueue(self.ledger, submission)
            wait_for(lambda: submission.state != "running", seconds=60, why="the submission")

    def put_back(self) -> None:
        """The newest copy, in the place of the ledger, an hour later; opened anew, as a process that starts does."""
        self.ledger.close()
        self.copy.put_back()
        self.ledger = reddy.Ledger(self.location)
        with self.ledger.write() as connection:  # long silent, so what its workers left is in doubt at once
            connection.execute(workers.update().values(heartbeat=workers.c.heartbeat - 3600.0))

    def received(self) -> Counter[str]:
        return Counter(str(call["conversation_id"]) for call in self.sandbox.received)

    def twice(self) -> list[str]:
        return [one for one, count in self.received().items() if count > 1]

    def forget_marks(self) -> None:
        """As on another machine, or where the whole home folder was put back."""
        shutil.rmtree(high_water.state_folder(), ignore_errors=True)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REDDY_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(
    request: pytest.FixtureRequest, tmp_path: Path, state: Path, sandbox: reddy.Sandbox
) -> Iterator[Scene]:
    postgres = request.getfixturevalue("postgres") if request.param == "postgresql" else ""
    made = Scene(request.param, tmp_path, postgres, request.node.name, sandbox)
    yield made
    made.ledger.close()


@pytest.fixture
def on_file(tmp_path: Path, state: Path, sandbox: reddy.Sandbox) -> Iterator[Scene]:
    """On SQLite alone."""
    made = Scene("sqlite", tmp_path, "", "", sandbox)
    yield made
    made.ledger.close()


def sent_up_to(scene: Scene, submission: Submission, count: int) -> None:
    """Send so many calls and stop in good order, as an app that is closed in the middle does."""
    with scene.engine():
        enqueue(scene.ledger, submission)
        wait_for(lambda: submission.counts()["accepted"] >= count, seconds=60, why="the first calls")


def waits_a_while(scene: Scene, submission: Submission) -> None:
    """Start the app on it; nobody clicks."""
    with scene.engine():
        wait_for(lambda: submission.state != "running", seconds=60, why="a decision")


def backup_in_the_middle(scene: Scene, batch: reddy.Batch) -> Submission:
    """A backup at a third of the submission, which then ends."""
    scene.sandbox.faults.add(Fault(kind="slow", seconds=0.03, on="create"))
    submission = scene.begin(batch)
    with scene.engine():
        enqueue(scene.ledger, submission)
        wait_for(lambda: submission.counts()["accepted"] >= 20, seconds=60, why="the first calls")
        scene.copy.take()
        wait_for(lambda: submission.state == "done", seconds=60, why="the rest")
    return Submission(scene.ledger, submission.id)


def test_a_backup_put_back_after_the_submission_ended_sends_nothing_by_itself(
    scene: Scene, sheet: Sheet
) -> None:
    submission = backup_in_the_middle(scene, scene.load(sheet(60)))

    scene.put_back()
    submission = Submission(scene.ledger, submission.id)
    assert submission.state == "running"
    waits_a_while(scene, submission)

    assert scene.twice() == []
    assert submission.state == "paused"
    assert "older than what was sent" in submission.record().reason or "copied" in submission.record().reason
    assert restored(scene.ledger) is not None


def test_a_backup_put_back_with_all_marks_is_found_out_by_asking(scene: Scene, sheet: Sheet) -> None:
    submission = backup_in_the_middle(scene, scene.load(sheet(60)))

    scene.put_back()
    scene.forget_marks()
    with scene.ledger.write() as connection:  # as if its place had been kept too
        connection.execute(facts.delete().where(facts.c.name == "place"))
    submission = Submission(scene.ledger, submission.id)
    waits_a_while(scene, submission)

    assert scene.twice() == []
    assert "Reddy has calls that were never sent by this ledger" in submission.record().reason


def test_a_restart_in_good_order_goes_on_by_itself(scene: Scene, sheet: Sheet) -> None:
    submission = scene.begin(scene.load(sheet(60)))
    scene.sandbox.faults.add(Fault(kind="slow", seconds=0.03, on="create"))
    sent_up_to(scene, submission, 15)
    asked_before = scene.sandbox.requests["add_tags"]

    waits_a_while(scene, submission)

    assert submission.counts()["accepted"] == 60
    assert submission.state == "done"
    assert scene.twice() == []
    assert 0 < scene.sandbox.requests["add_tags"] - asked_before <= 10
    with scene.ledger.read() as connection:
        assert connection.execute(sa.select(questions)).all() == []


def test_after_asking_about_every_call_the_rest_is_sent_and_nothing_twice(scene: Scene, sheet: Sheet) -> None:
    batch = scene.load(sheet(60))
    submission = backup_in_the_middle(scene, batch)
    scene.put_back()
    submission = Submission(scene.ledger, submission.id)
    assert check(scene.ledger) is not None

    with reddy.Client(scene.sandbox.token, base_url=scene.sandbox.url) as client:
        checked = reddy.check_restored(scene.ledger, client, wait=0, who="ann", progress=False)

    assert checked.settled
    assert checked.there > 0  # how many the copy lacks depends on how quickly it was taken
    assert restored(scene.ledger) is None
    for waiting in scene.ledger.submissions(state="paused"):
        waiting.resume()
        enqueue(scene.ledger, waiting)
        waits_a_while(scene, waiting)
    assert scene.twice() == []
    assert len(scene.received()) == 60


def test_a_click_on_a_ready_batch_after_a_restore_is_refused_with_the_reason(
    scene: Scene, sheet: Sheet
) -> None:
    batch = scene.load(sheet(10))
    scene.copy.take()
    scene.send_all(scene.begin(batch))
    assert len(scene.received()) == 10

    scene.put_back()

    with pytest.raises(LedgerRestored, match="Nothing is sent until that is settled"):
        scene.begin(scene.ledger.batch(batch.id))
    assert scene.ledger.batch(batch.id).counts()["ready"] == 10


def test_ready_calls_that_reddy_has_are_accepted_after_asking_and_never_sent(
    scene: Scene, sheet: Sheet
) -> None:
    batch = scene.load(sheet(10))
    scene.copy.take()
    scene.send_all(scene.begin(batch, rows=[2, 3, 4]))
    scene.put_back()
    batch = scene.ledger.batch(batch.id)
    assert check(scene.ledger) is not None

    with reddy.Client(scene.sandbox.token, base_url=scene.sandbox.url) as client:
        checked = reddy.check_restored(scene.ledger, client, wait=0, progress=False)

    assert (checked.there, checked.missing, checked.settled) == (3, 7, True)
    assert batch.rows(status="accepted") == [2, 3, 4]
    assert "Reddy has this call" in batch.outcomes()["error"].iloc[0]
    scene.send_all(scene.begin(batch))
    assert scene.twice() == []
    assert len(scene.received()) == 10


def test_a_cell_run_again_after_a_restore_says_what_to_do_in_a_notebook(scene: Scene, sheet: Sheet) -> None:
    batch = scene.load(sheet(10))
    scene.copy.take()
    with reddy.Client(scene.sandbox.token, base_url=scene.sandbox.url) as client:
        reddy.submit(batch, client, progress=False)
        scene.put_back()
        batch = scene.ledger.batch(batch.id)

        with pytest.raises(LedgerRestored, match="check_restored") as said:
            reddy.submit(batch, client, progress=False)
        assert "trust_restored" in str(said.value)

        assert reddy.check_restored(scene.ledger, client, wait=0, progress=False).settled
        assert batch.counts()["accepted"] == 10
        assert reddy.submit(batch, client, progress=False).counts()["accepted"] == 10
    assert scene.twice() == []


def test_somebody_may_take_it_on_herself_and_that_is_kept(on_file: Scene, sheet: Sheet) -> None:
    batch = on_file.load(sheet(4))
    on_file.copy.take()
    on_file.send_all(on_file.begin(batch, rows=[2]))
    on_file.put_back()
    assert check(on_file.ledger) is not None

    reddy.trust_restored(on_file.ledger, who="ann")

    assert restored(on_file.ledger) is None
    assert check(on_file.ledger) is None, "marks of before are superseded"
    with on_file.ledger.read() as connection:
        kept = connection.execute(sa.select(facts.c.value).where(facts.c.name == "decisions")).scalar_one()
    assert '"who":"ann"' in kept
    assert on_file.begin(on_file.ledger.batch(batch.id), rows=[3]).state == "running"


def test_a_copy_opened_at_another_place_sends_nothing_before_somebody_says_so(
    on_file: Scene, sheet: Sheet, tmp_path: Path
) -> None:
    submission = on_file.begin(on_file.load(sheet(10)))
    check(on_file.ledger)
    elsewhere = tmp_path / "elsewhere" / "ledger.sqlite"
    elsewhere.parent.mkdir()
    with sqlite3.connect(on_file.location) as source, sqlite3.connect(elsewhere) as target:
        source.backup(target)

    with reddy.Ledger(elsewhere) as copied:
        engine = Engine(copied, on_file.connection)
        engine.start()
        try:
            time.sleep(1.0)
            assert on_file.received() == Counter()
            reason = Submission(copied, submission.id).record().reason
        finally:
            engine.stop()
    assert "is a copy of" in reason
    assert on_file.location in reason


def deleted_and_begun_anew(scene: Scene) -> None:
    scene.ledger.close()
    for path in Path(scene.location).parent.glob("ledger.sqlite*"):
        path.unlink()
    scene.ledger = reddy.Ledger(scene.location)


def test_a_new_ledger_at_the_place_of_another_is_no_restore(on_file: Scene, sheet: Sheet) -> None:
    on_file.send_all(on_file.begin(on_file.load(sheet(3))))
    deleted_and_begun_anew(on_file)
    on_file.sandbox.reset()

    submission = on_file.begin(on_file.load(sheet(3)))
    with on_file.ledger.read() as connection:
        assert open_questions(connection, submission.id, None) == [0]
    on_file.send_all(submission)

    assert restored(on_file.ledger) is None
    assert len(on_file.received()) == 3


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_calls_that_a_deleted_ledger_sent_are_not_sent_again(
    on_file: Scene, sheet: Sheet, times: int
) -> None:
    on_file.send_all(on_file.begin(on_file.load(sheet(30)), rows=list(range(4, 20))))
    for _ in range(times):
        deleted_and_begun_anew(on_file)
        check(on_file.ledger)
    others = {2: {"Conversation ID": "new-1"}, 3: {"Conversation ID": "new-2"}}
    other = on_file.load(sheet(2, changes=others, name="others.csv"))
    on_file.send_all(on_file.begin(other))  # calls that nobody sent before go out
    batch = on_file.load(sheet(30))

    on_file.send_all(again := on_file.begin(batch))

    assert again.state == "paused"
    noticed = restored(on_file.ledger)
    assert noticed is not None
    assert "Reddy has calls that were never sent by this ledger" in noticed.words
    assert on_file.twice() == []
    assert len(on_file.received()) == 18
    with reddy.Client(on_file.sandbox.token, base_url=on_file.sandbox.url) as client:
        outcome = check_restored(on_file.ledger, client, wait=0, progress=False)
    assert (outcome.there, outcome.missing, outcome.settled) == (16, 14, True)
    again.resume()
    on_file.send_all(again)
    assert on_file.twice() == []
    assert len(on_file.received()) == 32


@pytest.mark.parametrize("there", [True, False], ids=["beside", "gone"])
def test_a_new_ledger_elsewhere_asks_before_its_first_submission(
    on_file: Scene, sheet: Sheet, tmp_path: Path, *, there: bool
) -> None:
    on_file.send_all(on_file.begin(on_file.load(sheet(5))))
    first = on_file.ledger
    first.close()
    if not there:
        for path in Path(on_file.location).parent.glob("ledger.sqlite*"):
            path.unlink()
    on_file.ledger = reddy.Ledger(tmp_path / "renamed" / "ledger.sqlite")

    on_file.send_all(again := on_file.begin(on_file.load(sheet(5))))

    assert again.state == "paused"
    noticed = restored(on_file.ledger)
    assert noticed is not None
    assert "Reddy has calls that were never sent by this ledger" in noticed.words
    assert len(on_file.received()) == 5
    assert on_file.twice() == []


def test_a_second_ledger_with_calls_of_its_own_asks_at_each_submission(scene: Scene, sheet: Sheet) -> None:
    high_water.append("another", Mark("first", "a" * 22, 1.0, scene.sandbox.url))
    for number in range(2):
        changes = {row: {"Conversation ID": f"quarter-{number}-{row}"} for row in (2, 3, 4)}
        submission = scene.begin(scene.load(sheet(3, changes)))
        with scene.ledger.read() as connection:
            assert open_questions(connection, submission.id, None) == [0]
        scene.send_all(submission)
        assert submission.state == "done"
    assert len(scene.received()) == 6


def test_what_only_a_sandbox_got_is_not_asked_about(on_file: Scene, sheet: Sheet) -> None:
    remember_sandbox(on_file.ledger, on_file.sandbox.url)
    on_file.send_all(on_file.begin(on_file.load(sheet(3))))
    deleted_and_begun_anew(on_file)
    remember_sandbox(on_file.ledger, on_file.sandbox.url)
    submission = on_file.begin(on_file.load(sheet(3)))
    with on_file.ledger.read() as connection:
        assert open_questions(connection, submission.id, None) == []


def test_a_backup_of_before_ledgers_had_an_identity_is_noticed(on_file: Scene, sheet: Sheet) -> None:
    batch = on_file.load(sheet(10))
    first = on_file.begin(batch, rows=[2])
    check(on_file.ledger)
    on_file.copy.take()
    with closing(sqlite3.connect(on_file.copy.newest, isolation_level=None)) as old:
        old.execute("DELETE FROM facts WHERE name = 'place'")
        old.execute("UPDATE facts SET value = 'made anew by a migration' WHERE name = 'identity'")
    on_file.send_all(first)

    on_file.put_back()

    noticed = check(on_file.ledger)
    assert noticed is not None
    assert "there was another one before" in noticed.words


def test_two_ledgers_with_one_state_folder_do_not_disturb_each_other(
    on_file: Scene, sheet: Sheet, tmp_path: Path
) -> None:
    with reddy.Ledger(tmp_path / "other.sqlite") as other:
        theirs = other.load(sheet(4), products=PRODUCTS, progress=False)
        on_file.send_all(on_file.begin(on_file.load(sheet(4))))
        with reddy.Sandbox() as elsewhere, reddy.Client(elsewhere.token, base_url=elsewhere.url) as client:
            assert reddy.submit(theirs, client, progress=False).counts()["accepted"] == 4
        assert check(other) is None
        assert check(on_file.ledger) is None


def test_marks_can_be_read_by_their_user_alone_and_hold_no_words(
    on_file: Scene, sheet: Sheet, state: Path
) -> None:
    submission = on_file.begin(on_file.load(sheet(3)))
    exchange(on_file.ledger, submission.id, None, new_worker(on_file.ledger), want=1)

    kept = [path for path in state.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (state, *(one.parent for one in kept))} == {0o700}
    assert not any("conv-" in path.read_text() for path in kept)


def test_old_marks_are_dropped_and_the_newest_are_kept(state: Path) -> None:
    for number in range(9_000):
        high_water.append("one", Mark("first", f"a{number:021}", 1.0, "https://app.reddy.io"))

    newest = [one.attempt_id for one in high_water.marks("one")]

    assert newest == [f"a{number:021}" for number in range(9_000 - high_water.LOOKED_AT, 9_000)]
    assert sum(path.stat().st_size for path in state.rglob("*.*")) < 3 * high_water.LARGE


def test_a_file_that_cannot_be_read_hides_no_other_ledger(state: Path) -> None:
    for number, name in enumerate(("one", "two", "three")):
        high_water.append(name, Mark("first", f"a{number:021}", 1.0, f"https://{name}.example"))
    (state / "ledgers" / "folder.marks").mkdir()  # which cannot be read as a file, whoever runs this
    (state / "ledgers" / "gone.marks").symlink_to(state / "nowhere")
    for number, name in enumerate(("folder", "one", "two", "three")):
        os.utime(state / "ledgers" / f"{name}.marks", (number, number))
    assert high_water.addresses_of_others("one") == {"https://two.example", "https://three.example"}


def test_a_folder_for_marks_that_cannot_be_written_is_said_once_and_stops_nothing(
    on_file: Scene,
    sheet: Sheet,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    in_the_way = tmp_path / "a file"
    in_the_way.write_text("no folder")
    monkeypatch.setenv("REDDY_STATE", str(in_the_way))
    submission = on_file.begin(on_file.load(sheet(6)))

    on_file.send_all(submission)

    assert submission.counts()["accepted"] == 6
    assert sum("marks of what was sent cannot be kept" in one.message for one in caplog.records) == 1


def test_a_living_worker_whose_ledger_is_replaced_by_an_older_one_stops(scene: Scene, sheet: Sheet) -> None:
    batch = scene.load(sheet(4))
    submission = scene.begin(batch)
    worker = new_worker(scene.ledger)
    scene.copy.take()
    assert len(exchange(scene.ledger, submission.id, None, worker, want=2).claims) == 2
    scene.copy.put_back_beneath(scene.ledger)

    answer = exchange(scene.ledger, submission.id, None, worker, want=2)

    assert (answer.claims, answer.state) == ([], "paused")
    noticed = restored(scene.ledger)
    assert noticed is not None
    assert noticed.how in ("beneath", "place")


def test_no_call_of_a_chunk_with_an_open_question_is_claimed(scene: Scene, sheet: Sheet) -> None:
    submission = scene.begin(scene.load(sheet(4)))
    worker = new_worker(scene.ledger)
    with scene.ledger.write() as connection:
        connection.execute(questions.insert().values(submission_id=submission.id, chunk=0))

    answer = exchange(scene.ledger, submission.id, None, worker, want=4)

    assert (answer.claims, answer.questions, answer.state) == ([], [0], "running")


def test_where_reddy_does_not_tell_and_nothing_vouches_a_person_decides(on_file: Scene, sheet: Sheet) -> None:
    submission = on_file.begin(on_file.load(sheet(30)))
    on_file.sandbox.faults.add(Fault(kind="slow", seconds=0.03, on="create"))
    sent_up_to(on_file, submission, 5)
    on_file.forget_marks()
    on_file.sandbox.faults.clear()
    on_file.sandbox.faults.add(Fault(kind="status", status=400, on="add_tags"))

    waits_a_while(on_file, submission)

    assert submission.state == "paused"
    assert "put back from a backup" in submission.record().reason
    on_file.sandbox.faults.clear()
    submission.resume()
    waits_a_while(on_file, submission)
    assert submission.counts()["accepted"] == 30
    assert on_file.twice() == []


def test_the_sandbox_of_the_app_is_asked_by_its_name(on_file: Scene, sheet: Sheet) -> None:
    batch = on_file.load(sheet(10))
    on_file.copy.take()
    submission = create(on_file.ledger, batch.id, address=SANDBOX, token_source="sandbox")
    on_file.send_all(submission)
    on_file.put_back()
    assert check(on_file.ledger) is not None

    with reddy.Client(on_file.sandbox.token, base_url=on_file.sandbox.url) as client:
        checked = reddy.check_restored(on_file.ledger, client, wait=0, progress=False)

    assert (checked.there, checked.settled) == (10, True)


def test_calls_that_reddy_may_not_know_yet_are_told_apart_from_those_it_has_not() -> None:
    assert repr(CheckedRestored(there=4, early=2)) == (
        "<CheckedRestored 4 are at Reddy · 0 are not · 2 still to be asked about (Reddy does not know 2, but calls were "
        "sent only minutes ago: ask again later)>"
    )
