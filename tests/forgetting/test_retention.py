"""Words and recordings are deleted when their days are over, and outcomes stay."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import reddy_lib as reddy
from reddy_lib.database.schema import batches, calls
from reddy_lib.errors import NotAllowed
from reddy_lib.forgetting.housekeeping import Housekeeping, keep_house
from reddy_lib.forgetting.retention import run_retention
from reddy_lib.sending.submission import create
from tests.access.test_rights import as_
from tests.forgetting.test_forget import Planted, left_in, write_calls, write_wav

DAY = 86_400


def loaded(
    ledger: reddy.Ledger, tmp_path: Path, *, days_ago: float, name: str
) -> tuple[reddy.Batch, Planted]:
    planted = Planted(name)
    sheet = write_calls(tmp_path / "calls.csv", planted)
    batch = ledger.load(sheet, progress=False, name=name)
    sheet.unlink()
    with ledger.write() as connection:
        then = time.time() - days_ago * DAY
        connection.execute(batches.update().where(batches.c.id == batch.id).values(created_at=then))
    return ledger.batch(batch.id), planted


def test_words_go_when_their_days_are_over(ledger: reddy.Ledger, tmp_path: Path) -> None:
    old, planted = loaded(ledger, tmp_path, days_ago=31, name="old")
    new, _ = loaded(ledger, tmp_path, days_ago=29, name="new")
    kept, _ = loaded(ledger, tmp_path, days_ago=400, name="kept")
    with ledger.write() as connection:
        sent = (calls.c.batch_id == old.id, calls.c.row == 2)
        connection.execute(
            calls.update().where(*sent).values(status="accepted", submission_id="s1", attempts=1)
        )
    assert run_retention(ledger) == []
    ledger.set_retention(words_days=30, who="ada")
    ledger.set_retention(kept, words_days=None, recordings_days=None, who="ada")
    assert ledger.retention(old).words_until == old.created_at + timedelta(days=30)
    [receipt] = run_retention(ledger)
    assert (receipt.kind, receipt.batch_ids, receipt.state, receipt.who) == (
        "words",
        (old.id,),
        "done",
        "retention",
    )
    assert (receipt.counts.calls, receipt.counts.never_sent) == (5, 4)
    assert ledger.batch(old.id).name == "old"
    assert ledger.batch(old.id).counts()["accepted"] == 1
    assert left_in(planted.words, ledger, tmp_path) == {}
    assert (new.total, kept.total) == (5, 5)
    assert run_retention(ledger) == []


def test_recordings_go_before_the_words(
    ledger: reddy.Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not ledger.is_sqlite:
        monkeypatch.setenv("REDDY_AUDIO_FOLDER", str(tmp_path))
    batch, _ = loaded(ledger, tmp_path, days_ago=8, name="calls")
    with write_wav(tmp_path / "call.wav", 1, b"\x05").open("rb") as file:
        batch.attach(2, file, name="call.wav")
    ledger.set_retention(batch, words_days=30, recordings_days=7)
    [receipt] = run_retention(ledger)
    assert (receipt.kind, receipt.counts.recordings, receipt.counts.files) == ("recordings", 1, 1)
    assert not list((tmp_path / "recordings").rglob("*.wav"))
    assert batch.recording(2) is None
    assert batch.call(2).filename is None
    assert batch.call(2).transcript
    assert batch.operations()["title"].iloc[0] == "Recordings deleted by retention"
    assert run_retention(ledger) == []


def test_calls_that_are_being_sent_wait_for_the_next_time(ledger: reddy.Ledger, tmp_path: Path) -> None:
    batch, _ = loaded(ledger, tmp_path, days_ago=31, name="calls")
    with ledger.write() as connection:
        connection.execute(calls.update().values(status="ready", errors=0))
    submission = create(ledger, batch.id, address="sandbox", token_source="sandbox", rows=[3])
    ledger.set_retention(words_days=30)
    [receipt] = run_retention(ledger)
    assert receipt.counts.calls == 4
    assert batch.rows() == [3]
    assert batch.call(3).transcript
    submission.cancel()
    [receipt] = run_retention(ledger)
    assert receipt.counts.calls == 1


@pytest.mark.parametrize("days", [0, -1, 1.5, True, "30", 10**6])
def test_a_number_of_days_that_makes_no_sense_is_refused(ledger: reddy.Ledger, days: Any) -> None:
    with pytest.raises(ValueError, match="whole number of days"):
        ledger.set_retention(words_days=days)


def test_a_batch_can_follow_the_general_rule_again(ledger: reddy.Ledger, tmp_path: Path) -> None:
    batch, _ = loaded(ledger, tmp_path, days_ago=1, name="calls")
    ledger.set_retention(words_days=90)
    assert ledger.set_retention(batch, words_days=10).own
    rule = ledger.set_retention(batch, own=False)
    assert (rule.words_days, rule.own) == (90, False)
    assert list(ledger.access_log()["what"]) == ["set retention"] * 3
    with pytest.raises(NotAllowed):
        as_(ledger, "send").set_retention(words_days=1)


def test_it_runs_by_itself_and_once(ledger: reddy.Ledger, tmp_path: Path) -> None:
    batch, _ = loaded(ledger, tmp_path, days_ago=31, name="calls")
    ledger.set_retention(words_days=30)
    ran = threading.Event()
    threads = [Housekeeping(lambda: ledger, first=0.01, after=ran.set) for _ in range(3)]
    for one in threads:
        one.start()
    assert ran.wait(20)
    end = time.monotonic() + 20
    while [one.state for one in ledger.receipts()] != ["done"] and time.monotonic() < end:
        time.sleep(0.05)
    for one in threads:
        one.stop()
    assert [one.state for one in ledger.receipts()] == ["done"]
    assert batch.total == 0
    assert keep_house(ledger) == 0
