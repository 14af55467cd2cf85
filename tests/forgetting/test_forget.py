"""Forgetting deletes words from every table and file, and keeps a call from being sent again."""

from __future__ import annotations

import contextlib
import csv
import json
import wave
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches import profiles, recipes, steps
from reddy_lib.database.schema import attempts, calls, deliveries, past_outcomes
from reddy_lib.errors import CallLocked, NotAllowed, NotInLedger, SubmissionError
from reddy_lib.outcomes.totals import Wanted, totals
from reddy_lib.recordings.attachments import open_recording
from reddy_lib.sending.engine import engine_url, enqueue
from reddy_lib.sending.submission import create
from tests.access.test_rights import as_
from tests.conftest import PRODUCTS

COLUMNS = ["Agent", "Product", "Start", "Conversation", "Customer", "Reason", "Transcript"]


class Planted:
    """Made-up words, each of which is unique, and tells where it was planted."""

    def __init__(self, of: str = "") -> None:
        self.of = of
        self.words: list[str] = []

    def __call__(self, where: str) -> str:
        self.words.append(f"zq{self.of}{where}{len(self.words):03}")
        return self.words[-1]


def left_in(words: list[str], ledger: reddy.Ledger, folder: Path) -> dict[str, list[str]]:
    """Return the words that are somewhere in the files of the folder, or in a dump of all schemas of PostgreSQL."""
    found: dict[str, list[str]] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for word in words:
                if word.encode() in content or word in str(path):
                    found.setdefault(word, []).append(path.name)
    if not ledger.is_sqlite:
        with ledger.engine.connect() as connection:
            tables = connection.execute(
                sa.text(
                    "SELECT schemaname, tablename FROM pg_tables "
                    "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
                )
            ).all()
            places = [(f'"{schema}"."{table}"', f'"{schema}"."{table}"') for schema, table in tables]
            places.append(("pg_stats", "pg_stats"))
            for name, source in places:
                whole = sa.select(sa.literal_column("t::text")).select_from(sa.text(f"{source} t"))
                dumped = "\n".join(connection.execute(whole).scalars())
                for word in words:
                    if word in dumped:
                        found.setdefault(word, []).append(name)
    return found


def write_calls(path: Path, planted: Planted, rows: int = 5) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in range(rows):
            transcript = (
                f"Agent: Hello, this is the bank, {planted('said')} speaking.\n"
                f"Customer: I am {planted('said')}, my street is {planted('said')} road."
            )
            writer.writerow(
                [
                    f"{planted('agent')}@example.com",
                    "Cards hotline",
                    f"2026-03-0{row + 1}T10:00:00Z",
                    planted("conversation"),
                    planted("customer"),
                    planted("tag"),
                    transcript,
                ]
            )
    return path


def write_wav(path: Path, seconds: int, byte: bytes) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(byte * 16_000 * seconds)
    return path


class Scene(NamedTuple):
    ledger: reddy.Ledger
    sandbox: reddy.Sandbox
    client: reddy.Client
    folder: Path
    planted: Planted
    batch: reddy.Batch
    file: Path


MAPPING = {
    "agent_email": "Agent",
    "product_id": "Product",
    "timestamp": "Start",
    "conversation_id": "Conversation",
    "transcript": "Transcript",
}


@pytest.fixture
def scene(
    ledger: reddy.Ledger,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Scene]:
    """A loaded batch with planted words in each column; `sent` plants more."""
    if not ledger.is_sqlite:
        monkeypatch.setenv("REDDY_AUDIO_FOLDER", str(tmp_path))
    outside = tmp_path_factory.mktemp("outside")
    planted = Planted()
    file = write_calls(outside / f"{planted('file')}.csv", planted)
    record = tmp_path / "sandbox-received.jsonl"
    with (
        reddy.Sandbox(record=record) as sandbox,
        reddy.Client(sandbox.token, base_url=sandbox.url) as client,
    ):
        batch = ledger.load(file, mapping=MAPPING, products=PRODUCTS, progress=False, name=planted("name"))
        yield Scene(ledger, sandbox, client, tmp_path, planted, batch, file)


def sent(scene: Scene) -> None:
    """Edit, attach, send; then edit what was refused, so that history has values of before."""
    batch, planted, ledger = scene.batch, scene.planted, scene.ledger
    for row in (2, 3):
        batch.change(row, lambda call: with_tag(call, planted("before")))
        batch.change(row, lambda call: with_tag(call, planted("after")))
    batch.apply(steps.Replace(find=f"{planted('find')}|Hello", by="Hi", pattern=True))
    batch.apply(steps.Replace(find="bank", by=planted("by")), [2, 3])
    with write_wav(scene.file.with_name("first.wav"), 1, b"\x01").open("rb") as first:
        batch.attach(2, first, name=f"{planted('recording')}.wav")
    with write_wav(scene.file.with_name("second.wav"), 1, b"\x02").open("rb") as second:
        batch.attach(2, second, name=f"{planted('recording')}.wav")
    profiles.keep_profile(ledger, planted("profile"), batch.mapping, COLUMNS)
    kept = recipes.recipe_of(batch, planted("recipe"))
    recipes.keep_recipe(ledger, kept)
    first_try = reddy.submit(batch, scene.client, rows=[2, 3, 4], progress=False)
    assert first_try.counts()["accepted"] == 3
    with ledger.write() as connection:
        connection.execute(attempts.update().values(words=planted("answer"), request_id=planted("request")))
        connection.execute(calls.update().where(calls.c.row == 4).values(error=planted("error")))
    create(
        ledger,
        batch.id,
        address=first_try.record().address,
        token_source="notebook",
        rows=[3],
        again=planted("reason"),
    ).cancel()


def with_tag(call: reddy.Call, value: str) -> reddy.Call:
    changed = call.copy()
    changed.tags = [*(call.tags or []), reddy.Tag(f"note {len(call.tags or [])}", value, "string")]
    return changed


def test_fifty_words_are_nowhere_afterwards(scene: Scene) -> None:
    sent(scene)
    ledger, batch, planted = scene.ledger, scene.batch, scene.planted
    assert len(planted.words) >= 50
    before = totals(ledger, Wanted())
    there = left_in(planted.words, ledger, scene.folder)
    assert len(there) == len(planted.words), "the test has to find what it looks for"
    receipt = ledger.forget(batch, who="ada", sandbox=scene.sandbox.forget_conversations)
    assert left_in(planted.words, ledger, scene.folder) == {}
    ledger.close()
    assert left_in(planted.words, ledger, scene.folder) == {}
    assert receipt.state == "done"
    assert (receipt.counts.calls, receipt.counts.never_sent, receipt.counts.recordings) == (5, 2, 1)
    assert (receipt.counts.sandbox, receipt.counts.profiles, receipt.counts.recipes) == (3, 1, 1)
    assert receipt.counts.files == 2
    assert not [word for word in planted.words if word.encode() in receipt.to_file()]
    after = totals(ledger, Wanted())
    assert after.counts["accepted"] == before.counts["accepted"] == 3
    assert not scene.sandbox.received
    with pytest.raises(NotInLedger):
        ledger.batch(batch.id)


def test_a_forgotten_call_that_is_loaded_again_is_skipped(scene: Scene) -> None:
    sent(scene)
    scene.ledger.forget(scene.batch, who="ada")
    again = scene.ledger.load(scene.file, mapping=MAPPING, products=PRODUCTS, progress=False)
    received = scene.sandbox.calls_received
    submission = reddy.submit(again, scene.client, progress=False)
    assert {name: count for name, count in submission.counts().items() if count} == {
        "accepted": 2,
        "skipped": 3,
    }
    assert scene.sandbox.calls_received == received + 2
    said = str(submission.outcomes().loc[2, "error"])
    assert said.startswith("Sent before: accepted on ")
    assert "That call was forgotten on" in said
    assert not [word for word in scene.planted.words if word in said]


def test_some_calls_go_and_the_others_stay(scene: Scene) -> None:
    sent(scene)
    ledger, batch = scene.ledger, scene.batch
    of_row_3 = [word for word in scene.planted.words if word in str(batch.call(3)) + str(batch.cells(3))]
    kept = batch.call(2)
    receipt = ledger.forget(batch, [3, 5], who="ada", sandbox=scene.sandbox.forget_conversations)
    assert (receipt.kind, receipt.counts.calls, receipt.counts.never_sent) == ("calls", 2, 1)
    assert batch.call(2) == kept
    assert batch.rows() == [2, 3, 4, 6]
    assert batch.counts()["accepted"] == 3
    assert batch.call(3) == reddy.Call()
    unique = [word for word in of_row_3 if "by" not in word]
    assert len(unique) >= 6
    assert left_in(unique, ledger, scene.folder) == {}
    assert len(batch.edits(2))
    with pytest.raises(CallLocked, match="was forgotten"):
        batch.change(3, lambda call: call)
    assert ledger.forget(batch, [3]).counts.calls == 0


def test_a_forgotten_call_is_never_sent_again_by_any_way(scene: Scene) -> None:
    sent(scene)
    ledger, batch, client = scene.ledger, scene.batch, scene.client
    ledger.forget(batch, [2, 3])
    received = scene.sandbox.calls_received
    for again in (None, "once more"):
        with contextlib.suppress(SubmissionError):
            reddy.submit(batch, client, rows=[2, 3], progress=False, again=again)
        with pytest.raises(SubmissionError, match="None of these calls can be sent"):
            create(
                ledger, batch.id, address=client.base_url, token_source="notebook", rows=[2, 3], again=again
            )
    batch.recheck(PRODUCTS[:1])
    assert batch.update([2, 3], product_id=1).locked == 2
    assert scene.sandbox.calls_received == received
    assert {"accepted": 3, "ready": 2}.items() <= batch.counts().items()


def test_a_call_in_doubt_counts_as_sent(scene: Scene) -> None:
    sent(scene)
    ledger = scene.ledger
    with ledger.write() as connection:
        connection.execute(calls.update().where(calls.c.row == 4).values(status="unknown"))
        of_row = sa.select(calls.c.id).where(calls.c.row == 4)
        connection.execute(
            deliveries.update().where(deliveries.c.call_id.in_(of_row)).values(state="unknown")
        )
    ledger.forget(scene.batch)
    again = ledger.load(scene.file, mapping=MAPPING, products=PRODUCTS, progress=False)
    submission = reddy.submit(again, scene.client, rows=[4], progress=False)
    assert submission.counts()["skipped"] == 1
    assert "may have reached Reddy" in str(submission.outcomes().loc[4, "error"])


def test_a_call_that_is_being_sent_is_refused(scene: Scene) -> None:
    create(scene.ledger, scene.batch.id, address="sandbox", token_source="sandbox", rows=[3])
    with pytest.raises(SubmissionError, match=r"row 3 of .* is queued"):
        scene.ledger.forget(scene.batch)
    assert scene.batch.call(3).transcript
    assert not scene.ledger.receipts()


def test_edited_after_a_refusal_it_keeps_its_last_outcome(scene: Scene) -> None:
    sent(scene)
    with scene.ledger.write() as connection:
        connection.execute(calls.update().where(calls.c.row == 4).values(status="rejected", http_status=422))
    scene.batch.change(4, lambda call: with_tag(call, "fixed"))
    assert scene.batch.info(4)["status"] == "ready"
    scene.ledger.forget(scene.batch, [4])
    info = scene.batch.info(4)
    assert (info["status"], info["http_status"]) == ("rejected", 422)
    with scene.ledger.read() as connection:
        assert (
            connection.execute(sa.select(past_outcomes).where(past_outcomes.c.status == "rejected")).first()
            is None
        )


def test_the_engines_records_go_too(scene: Scene) -> None:
    word = scene.planted("engine")
    submission = create(scene.ledger, scene.batch.id, address="sandbox", token_source="sandbox", rows=[3])
    enqueue(scene.ledger, submission)
    engine = sa.create_engine(engine_url(scene.ledger).replace("postgresql://", "postgresql+psycopg://"))
    schema = None if scene.ledger.is_sqlite else "dbos"
    tasks = sa.table("workflow_status", sa.column("status"), sa.column("error"), schema=schema)
    with engine.begin() as connection:
        connection.execute(tasks.update().values(status="ERROR", error=word))
    engine.dispose()
    submission.cancel()
    assert left_in([word], scene.ledger, scene.folder)
    scene.ledger.forget(scene.batch)
    assert left_in([word], scene.ledger, scene.folder) == {}


@pytest.mark.parametrize("ledger", ["sqlite"], indirect=True)  # PostgreSQL has no such copies
def test_copies_before_a_migration_go(scene: Scene) -> None:
    copy = scene.folder / "ledger-before-schema-104.sqlite"
    scene.ledger.backup(copy)
    receipt = scene.ledger.forget(scene.batch)
    assert not copy.exists()
    assert receipt.counts.copies == 1


def test_a_recording_that_another_call_has_stays(scene: Scene) -> None:
    content = write_wav(scene.file.with_name("both.wav"), 1, b"\x07")
    for row in (2, 3):
        with content.open("rb") as file:
            scene.batch.attach(row, file, name="both.wav")
    assert scene.ledger.forget(scene.batch, [2]).counts.files == 0
    with attached_file(scene.batch, 3) as file:
        assert file.read() == content.read_bytes()
    assert scene.ledger.forget(scene.batch, [3]).counts.files == 1


def attached_file(batch: reddy.Batch, row: int) -> IO[bytes]:
    found = batch.recording(row)
    assert found is not None
    return open_recording(batch.database, found)


def test_only_administrators_may(scene: Scene) -> None:
    seen = as_(scene.ledger, "send")
    for call in (
        lambda: seen.forget(scene.batch.id),
        lambda: seen.find_person("ann@example.com"),
        lambda: seen.forget_person("ann@example.com"),
        lambda: seen.access_log(),
    ):
        with pytest.raises(NotAllowed):
            call()


def test_the_log_says_who_forgot_how_much(scene: Scene) -> None:
    receipt = scene.ledger.forget(scene.batch, who="ada")
    [entry] = scene.ledger.access_log().query("what == 'forgot'").to_dict("records")
    assert (entry["who"], entry["calls"], entry["reference"]) == ("ada", 5, receipt.id)
    assert json.loads(receipt.to_file())["counts"]["calls"] == 5


def test_evidence_of_forgotten_calls_has_their_outcomes_alone(scene: Scene, tmp_path: Path) -> None:
    sent(scene)
    submission = scene.ledger.submissions(scene.batch)[-1]
    scene.ledger.forget(scene.batch)
    written = reddy.evidence(submission, tmp_path / "evidence.zip", who="ada")
    with zipfile.ZipFile(written) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
        requests = [json.loads(line) for line in archive.read("requests.jsonl").splitlines()]
    assert not [word for word in scene.planted.words if word.encode() in content]
    assert {one["body"] for one in requests} == {None}
    assert requests[0]["body_missing"].startswith("The call was forgotten")
    assert scene.ledger.access_log()["what"].iloc[0] == "downloaded"
