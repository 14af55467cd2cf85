"""Two browsers on one ledger: each button acts on what is the case now, and says so where it came too late."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.recordings.shared_folder import FOLDER_VARIABLE
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from reddy_lib.sending.resend import resends_of
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import new_worker
from tests import screen
from tests.screen import button, in_dialog, labels, opened, press, report, run, set_status, table, words
from tests.sending.exchanging import exchange
from tests.sending.test_exchange import answer

TOKEN = "browsers-token-0123456789"


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[reddy.Ledger]:
    location = tmp_path / "ledger.sqlite"
    monkeypatch.setenv("REDDY_LEDGER", str(location))
    with reddy.Ledger(location) as opened_ledger:
        yield opened_ledger


@pytest.fixture(scope="module")
def server() -> Iterator[reddy.Sandbox]:
    with reddy.Sandbox(token=TOKEN) as running:
        yield running


@pytest.fixture
def batch(
    ledger: reddy.Ledger,
    server: reddy.Sandbox,
    sheet: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> reddy.Batch:
    monkeypatch.setenv("REDDY_API_TOKEN", TOKEN)
    monkeypatch.setenv("REDDY_BASE_URL", server.url)
    return ledger.load(sheet(4), products=[dict(one) for one in DEFAULT_PRODUCTS], progress=False)


@pytest.fixture
def submission(batch: reddy.Batch, server: reddy.Sandbox) -> Submission:
    """Queued, with nobody there to send it."""
    return create(batch.database, batch.id, address=server.url, token_source="environment")


def test_a_pause_that_comes_after_the_end_says_so(batch: reddy.Batch, submission: Submission) -> None:
    here, there = opened("submit", batch), opened("submit", batch)
    press(there, "Pause")
    assert submission.state == "paused"
    press(here, "Pause")
    assert "Nothing changed: submission 1 was already paused when you clicked." in words(here)
    assert "Resume" in labels(here)


def test_a_resume_after_a_cancel_elsewhere_says_so(batch: reddy.Batch, submission: Submission) -> None:
    submission.pause()
    here, there = opened("submit", batch), opened("submit", batch)
    in_dialog(there, f"cancel {submission.id}")
    in_dialog(there, f"cancel {submission.id}", "Cancel the submission")
    assert submission.state == "cancelled"
    press(here, "Resume")
    assert submission.state == "cancelled"
    assert "was already cancelled when you clicked" in words(here)


def test_a_second_resume_hands_nothing_over_again(batch: reddy.Batch, submission: Submission) -> None:
    submission.pause()
    here, there = opened("submit", batch), opened("submit", batch)
    press(there, "Resume")
    generation = submission.record().generation
    press(here, "Resume")
    assert "was already being sent" in words(here)
    assert submission.record().generation == generation


def test_a_cancel_after_the_end_says_so_and_changes_nothing(
    batch: reddy.Batch, submission: Submission
) -> None:
    here = in_dialog(opened("submit", batch), f"cancel {submission.id}")
    worker = new_worker(batch.database)
    claims = exchange(batch.database, submission.id, 0, worker, want=9).claims
    exchange(batch.database, submission.id, 0, worker, results=[answer(one) for one in claims], want=1)
    button(here, "Cancel the submission").click()
    run(here)
    assert submission.state == "done"
    assert "had already ended" in words(here)
    assert batch.counts()["accepted"] == 4


def test_what_is_in_flight_is_shown_while_it_is_waited_for(
    batch: reddy.Batch, submission: Submission
) -> None:
    exchange(batch.database, submission.id, 0, new_worker(batch.database), want=3)
    app = press(opened("submit", batch), "Pause")
    assert "3 calls in flight: their answers will be recorded" in words(app)
    assert "Nothing else is sent." in words(app)


def test_a_click_on_numbers_that_are_no_longer_so_sends_nothing_and_says_so(batch: reddy.Batch) -> None:
    here = opened("submit", batch)
    set_status(batch, 2, status="held")
    press(here, "Send all 4")
    assert "Nothing was sent: 3 can be sent now, 4 when this page was drawn." in words(here)
    assert batch.database.submissions() == []
    assert "Send all 3" in labels(here)


def test_a_click_while_another_browser_sends_says_so(batch: reddy.Batch, server: reddy.Sandbox) -> None:
    here = opened("submit", batch)
    create(batch.database, batch.id, address=server.url, token_source="environment", rows=[2])
    press(here, "Send all 4")
    assert "Nothing was sent: calls of this batch are being sent already" in words(here)
    assert len(batch.database.submissions()) == 1


# --- a corrected file ---


def test_a_corrected_file_is_recognised_stored_and_linked(
    accepted: reddy.Batch, server: reddy.Sandbox, tmp_path: Path
) -> None:
    set_status(accepted, 2, status="rejected")
    set_status(accepted, 3, status="rejected")
    with zipfile.ZipFile(reddy.evidence(accepted.database.submissions()[0], tmp_path)) as archive:
        text = archive.read("rejected.csv").decode("utf-8-sig").replace("ann@", "bo@")
    app = screen.opened("load")
    app.file_uploader[0].set_value(("rejected.csv", text.encode(), "text/csv"))
    run(app)
    said = words(app)
    assert "These are 2 rejected calls of calls.csv, corrected" in said
    assert "each call keeps its conversation id" in said.lower()
    press(app, "Store 2 corrections")
    until_stored(app, accepted.database)
    (new,) = [one for one in accepted.database.batches()["id"] if one != accepted.id]
    loaded = accepted.database.batch(new)
    assert loaded.rows() == [2, 3]
    assert loaded.call(2).agent_email == "bo@cedarline.example"
    for batch, words_there in (
        (loaded, "Corrects row 2 of calls"),
        (accepted, "Corrected by row 2 of rejected"),
    ):
        app = opened("review", batch, query={"row": "2"}, **{f"review {batch.id} tab": "History"})
        assert words_there in words(app).replace("*", "")


def test_a_corrected_file_says_which_recordings_stay_attached(
    accepted: reddy.Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for row in (2, 3):
        set_status(accepted, row, status="rejected")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "shared"))
    accepted.attach(2, io.BytesIO(b"voice"), name="call *2*.wav")
    set_status(accepted, 2, status="rejected", submission_id=accepted.database.submissions()[0].id)
    with zipfile.ZipFile(reddy.evidence(accepted.database.submissions()[0], tmp_path)) as archive:
        content = archive.read("rejected.csv")
    app = screen.opened("load")
    app.file_uploader[0].set_value(("rejected.csv", content, "text/csv"))
    run(app)
    assert "1 recording stays attached, as to the call before." in words(app)
    listed = next(one.value for one in app.dataframe if "recording" in one.value)
    assert dict(zip(listed["row"], listed["recording"], strict=True)) == {2: "call *2*.wav", 3: ""}
    press(app, "Store 2 corrections")
    until_stored(app, accepted.database)
    (new,) = [one for one in accepted.database.batches()["id"] if one != accepted.id]
    assert list(accepted.database.batch(new).recordings()["name"]) == ["call *2*.wav"]


def test_it_can_be_loaded_as_any_other_sheet(accepted: reddy.Batch, tmp_path: Path) -> None:
    with zipfile.ZipFile(reddy.evidence(accepted.database.submissions()[0], tmp_path)) as archive:
        content = archive.read("accepted.csv")
    app = screen.opened("load")
    app.file_uploader[0].set_value(("accepted.csv", content, "text/csv"))
    run(app)
    assert "4 calls of these are at Reddy meanwhile" in words(app)
    press(app, "Load it as any other sheet")
    assert "corrected" not in words(app)
    assert "Store 4 calls" in labels(app)


def until_stored(app: AppTest, ledger: reddy.Ledger) -> None:
    for _ in range(200):
        if len(ledger.batches()) == 2:
            return
        time.sleep(0.05)
        run(app)
    raise AssertionError("the corrections were not stored in ten seconds")


# --- send again ---------------------------------------------------------------------------------------------


@pytest.fixture
def accepted(batch: reddy.Batch, submission: Submission) -> reddy.Batch:
    worker = new_worker(batch.database)
    claims = exchange(batch.database, submission.id, 0, worker, want=9).claims
    exchange(batch.database, submission.id, 0, worker, results=[answer(one) for one in claims], want=1)
    return batch


def asked(batch: reddy.Batch, *positions: int, reason: str | None = None) -> object:
    """Ticks calls in Outcomes and opens the dialog; with a reason, it is typed and given."""
    app = opened("outcomes", batch)
    report(
        app,
        table(app, "conversation_id", "error"),
        selection={"rows": list(positions), "columns": [], "cells": []},
    )
    again = next(label for label in labels(app) if label.endswith("again …"))
    button(app, again).click()
    return run(app)


def test_calls_that_reddy_has_are_sent_again_with_a_reason_alone(accepted: reddy.Batch) -> None:
    app = asked(accepted, 0, 2)
    said = words(app)
    assert "accepted 2 calls of these before. Sent again, they may be graded twice there" in said
    for reason, count in (("  ", 1), ("the scorecard was wrong", 2)):
        app.session_state["send_again"] = [2, 4]
        app.text_area(key="again_reason").set_value(reason)
        next(each for each in app.button if each.label == "Send 2 calls again").click()
        run(app)
        assert len(accepted.database.submissions()) == count
    assert accepted.counts()["queued"] == 2
    assert list(resends_of(accepted, 4)["reason"]) == ["the scorecard was wrong"]


def test_the_reason_stands_in_the_history_of_the_call(accepted: reddy.Batch, server: reddy.Sandbox) -> None:
    create(
        accepted.database,
        accepted.id,
        address=server.url,
        token_source="environment",
        rows=[3],
        who="ann",
        again="*wrong* card",
    )
    app = opened("review", accepted, query={"row": "3"}, **{f"review {accepted.id} tab": "History"})
    assert "Sent again in submission 2" in words(app)
    assert "because: *wrong* card." in words(app)


def test_what_is_not_accepted_is_not_offered(accepted: reddy.Batch) -> None:
    set_status(accepted, 2, status="rejected")
    app = opened("outcomes", accepted)
    report(app, table(app, "conversation_id", "error"), selection={"rows": [0], "columns": [], "cells": []})
    assert not [label for label in labels(app) if label.endswith("again …")]
    assert "None of the ticked calls was accepted or skipped." in words(app)
