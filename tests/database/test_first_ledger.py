"""A ledger of the first release is opened, with everything that is in it, by every version since.

The ledger is `data/ledger-101.sql`, made by `make_first_ledger.py` (which says what it put in). It is never changed to
suit a later version: a change of the tables needs a migration.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import reddy_lib as reddy
from reddy_lib.batches.profiles import profiles_of
from reddy_lib.batches.redaction_marks import marks_of
from reddy_lib.database.migrations import latest_version
from reddy_lib.recordings.upload_queue import uploads_of
from reddy_lib.sending.doubts import doubts
from tests.database.make_first_ledger import DUMP, RECORDING


@pytest.fixture
def first(tmp_path: Path) -> Iterator[reddy.Ledger]:
    path = tmp_path / "ledger.sqlite"
    connection = sqlite3.connect(path)
    dump = DUMP.read_text(encoding="utf-8")
    connection.executescript(dump.replace("/somewhere/", f"{tmp_path}/"))  # else it would be a copied ledger
    connection.close()
    with reddy.Ledger(path) as ledger:
        yield ledger


def test_it_is_small() -> None:
    assert DUMP.stat().st_size <= 60_000


def test_its_batch_is_read(first: reddy.Ledger) -> None:
    batch = first.batch("calls")
    assert batch.rows() == [2, 3, 4, 5]
    assert (batch.file_name, batch.who, len(batch.products or ())) == ("calls.csv", "ann", 5)
    counts = {status: number for status, number in batch.counts().items() if number}
    assert counts == {"accepted": 2, "unknown": 1, "held": 1}
    assert batch.loss().waiting == 0
    assert list(batch.lines(4)["text"]) == ["Hello.", "My number is 4242."]
    assert list(batch.tags(2)["key"]) == ["CSAT"]
    assert [found.code for found in batch.findings_of(5) if found.severity == "error"] == [
        "timestamp-unreadable"
    ]
    assert [len(frame) for frame in (batch.calls(), batch.findings())] == [4, len(batch.findings())]


def test_its_edits_are_read(first: reddy.Ledger) -> None:
    batch = first.batch("calls")
    history = batch.edits(2)
    assert list(history["field"]) == ["transcript[2].text"]
    assert list(history["who"]) == ["bo"]
    assert [line.text for line in batch.original(2).transcript or []][1] == "I lost my card."
    assert [line.text for line in batch.call(2).transcript or []][1] == "I lost my credit card."


def test_its_submission_and_outcomes_are_read(first: reddy.Ledger) -> None:
    [submission] = first.submissions()
    counts = {status: number for status, number in submission.counts().items() if number}
    assert counts == {"accepted": 2, "unknown": 1}
    outcomes = submission.outcomes()
    assert list(outcomes.index) == [2, 3, 4]
    assert list(outcomes["status"]) == ["accepted", "accepted", "unknown"]
    assert list(outcomes["audio"]) == ["none", "uploaded", "none"]
    assert [one.row for one in doubts(first.batch("calls"))] == [4]
    assert list(first.batch("calls").attempts(2)["result"]) == ["accepted"]


def test_its_recording_marks_and_profile_are_read(first: reddy.Ledger) -> None:
    batch = first.batch("calls")
    [one] = batch.recordings().reset_index().to_dict("records")
    assert (one["row"], one["name"], one["size"], one["state"]) == (
        3,
        "call 2.wav",
        len(RECORDING),
        "uploaded",
    )
    assert uploads_of(first, first.submissions()[0].id)["uploaded"] == 1
    [mark] = marks_of(batch, 4)
    assert (mark.line, mark.begin, mark.end, mark.lost) == (2, 13, 17, False)
    [mark] = marks_of(batch, 3)
    assert (mark.start, mark.stop) == (1.0, 2.0)
    assert [profile.name for profile in profiles_of(first)] == ["Calls"]


def test_it_can_be_worked_on(first: reddy.Ledger) -> None:
    batch = first.batch("calls")
    assert batch.update([5], timestamp=1_772_445_600.0, who="ann").changed == 1
    assert batch.counts()["held"] == 0
    with reddy.Sandbox() as sandbox, reddy.Client(sandbox.token, base_url=sandbox.url) as client:
        sent = reddy.submit(batch, client, rows=[5], progress=False)
        assert sent.counts()["accepted"] == 1


def test_it_has_the_tables_of_a_new_ledger(first: reddy.Ledger, tmp_path: Path) -> None:
    """Whoever changes the tables adds a migration that leads an existing ledger to the same tables."""

    def tables(path: str | Path) -> dict[str, str]:
        with sqlite3.connect(path) as connection:
            found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        connection.close()
        return {name: " ".join(sql.split()) for name, sql in found}

    reddy.Ledger(tmp_path / "new.sqlite").close()
    assert tables(first.name) == tables(tmp_path / "new.sqlite")
    with sqlite3.connect(first.name) as connection:
        assert connection.execute("SELECT max(version) FROM schema_versions").fetchone() == (
            latest_version(),
        )
    connection.close()
