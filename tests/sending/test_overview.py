"""Questions about sending that change nothing, and the one thing that can be forgotten: what the sandbox received."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import reddy_lib as reddy
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.errors import SubmissionError
from reddy_lib.sending.overview import held_up, history, preview, rows_to_send, settled_at, workers_alive
from reddy_lib.sending.results import Attempt
from reddy_lib.sending.states import CHUNK
from reddy_lib.sending.submission import Submission, create, forget_deliveries
from reddy_lib.sending.workers import heartbeat, new_worker, retire_worker
from tests.sending.exchanging import exchange

Sheet = Callable[..., Path]
NOW = 1_790_000_000.0
REDDY = "https://app.reddy.io"
CARDS = {"id": 1, "name": "Cards hotline", "status": "active"}
LOANS = {"id": 2, "name": "Loans", "status": "active"}


def loaded(ledger: reddy.Ledger, path: Path) -> reddy.Batch:
    return ledger.load(path, progress=False, products=[CARDS, LOANS])


def send(
    batch: reddy.Batch,
    outcomes: Mapping[int, str],
    *,
    address: str = REDDY,
    finish: bool = True,
) -> Submission:
    """A submission of these rows that ended as told: row → outcome, "sending" for one that has no answer yet."""
    ledger = batch.database
    submission = create(
        ledger, batch.id, address=address, token_source="notebook", rows=list(outcomes), who="ann"
    )
    worker = new_worker(ledger, now=NOW)
    for chunk in submission.open_chunks():
        claims = exchange(ledger, submission.id, chunk, worker, want=CHUNK, now=NOW).claims
        results = [
            Attempt(
                claim=claim,
                outcome=outcomes[claim.row],
                started=NOW,
                ended=NOW + 1,
                seconds=1.0,
                upload_id=1000 + claim.row if outcomes[claim.row] == "accepted" else None,
                error="" if outcomes[claim.row] == "accepted" else "no luck",
                retry_at=NOW + 60 if outcomes[claim.row] == "again" else None,
            )
            for claim in claims
            if outcomes[claim.row] != "sending"
        ]
        exchange(ledger, submission.id, chunk, worker, results=results, want=0, now=NOW)
    return submission


# --- preview -----------------------------------------------------------------------------------------------


def test_the_preview_of_all_ready_calls_is_what_a_submission_then_does(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    batch = loaded(ledger, sheet(4, {3: {"Agent Email": "nobody"}}))
    assert batch.counts()["held"] == 1
    told = preview(ledger, batch.id, address=REDDY)
    assert told == {"chosen": 3, "to_send": 3, "skipped": 0, "asked": 0, "in_doubt": 0, "stay": 0}
    assert rows_to_send(ledger, batch.id, address=REDDY) == [2, 4, 5]

    submission = create(ledger, batch.id, address=REDDY, token_source="notebook")
    assert submission.counts()["queued"] == told["to_send"]
    assert preview(ledger, batch.id, address=REDDY)["chosen"] == 0


def test_rows_that_cannot_be_sent_are_told_apart_from_those_that_can(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    batch = loaded(ledger, sheet(6, {7: {"Agent Email": "nobody"}}))
    send(batch, {2: "accepted", 3: "rejected", 4: "failed", 5: "unknown"})
    told = preview(ledger, batch.id, address=REDDY, rows=[2, 3, 4, 5, 6, 7])
    assert told == {"chosen": 6, "to_send": 3, "skipped": 0, "asked": 0, "in_doubt": 0, "stay": 3}
    assert rows_to_send(ledger, batch.id, address=REDDY, rows=[2, 3, 4, 5, 6, 7]) == [3, 4, 6]
    assert rows_to_send(ledger, batch.id, address=REDDY, rows=[6, 4, 3], limit=2) == [3, 4]


def test_what_another_load_of_the_same_sheet_has_sent_is_skipped_or_in_doubt(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    path = sheet(4)
    send(loaded(ledger, path), {2: "accepted", 3: "unknown", 4: "rejected"})
    again = loaded(ledger, path)
    told = preview(ledger, again.id, address=REDDY)
    assert told == {"chosen": 4, "to_send": 2, "skipped": 1, "asked": 0, "in_doubt": 1, "stay": 0}
    assert rows_to_send(ledger, again.id, address=REDDY) == [4, 5]
    elsewhere = preview(ledger, again.id, address="https://other.example")
    assert elsewhere["to_send"] == 4

    submission = create(ledger, again.id, address=REDDY, token_source="notebook")
    assert submission.counts()["skipped"] == told["skipped"]


def test_no_rows_at_all_is_a_preview_of_nothing(ledger: reddy.Ledger, sheet: Sheet) -> None:
    batch = loaded(ledger, sheet(2))
    assert set(preview(ledger, batch.id, address=REDDY, rows=[]).values()) == {0}
    assert rows_to_send(ledger, batch.id, address=REDDY, rows=[]) == []


# --- history -----------------------------------------------------------------------------------------------


def test_the_history_counts_each_submission_newest_first(ledger: reddy.Ledger, sheet: Sheet) -> None:
    batch = loaded(ledger, sheet(4))
    first = send(batch, {2: "accepted", 3: "rejected", 4: "failed"})
    second = send(batch, {3: "accepted", 5: "accepted"})
    told = history(ledger, batch.id)
    assert list(told["id"]) == [second.id, first.id]
    assert list(told["number"]) == [2, 1]
    assert list(told["accepted"]) == [2, 1]
    assert list(told["rejected"]) == [0, 1]  # row 3 was rejected in the first, whatever became of it later
    statuses = list(first.counts())
    assert list(told[statuses].sum(axis=1)) == list(told["chosen"]) == [2, 3]
    assert told["batch"].tolist() == ["calls", "calls"]
    assert told["open"].tolist() == [True, True]
    assert str(told["created_at"].dt.tz) == "UTC"


def test_the_history_of_all_batches_keeps_those_that_were_taken_off_the_list(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    one, other = loaded(ledger, sheet(2)), loaded(ledger, sheet(3, name="other.csv"))
    send(one, {2: "accepted"})
    send(other, {4: "accepted"})
    one.database.archive(one)
    told = history(ledger)
    assert dict(zip(told["batch"], told["open"], strict=True)) == {"other": True, "calls": False}
    assert len(history(ledger, limit=1)) == 1


def test_an_empty_history_has_the_same_columns(ledger: reddy.Ledger, sheet: Sheet) -> None:
    batch = loaded(ledger, sheet(2))
    empty = history(ledger)
    send(batch, {2: "accepted"})
    assert list(empty.columns) == list(history(ledger).columns)
    assert len(empty) == 0


# --- what holds a submission up ----------------------------------------------------------------------------


def test_a_call_that_waits_for_another_try_says_why_and_until_when(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    batch = loaded(ledger, sheet(2))
    waiting = send(batch, {2: "again"})
    assert held_up(ledger, waiting.id) == ("no luck", NOW + 60)
    assert held_up(ledger, send(batch, {3: "accepted"}).id) is None


def test_a_worker_counts_while_it_gives_signs_of_life(ledger: reddy.Ledger) -> None:
    assert workers_alive(ledger, now=NOW) == 0
    worker = new_worker(ledger, now=NOW)
    assert workers_alive(ledger, now=NOW + 29) == 1
    assert workers_alive(ledger, now=NOW + 31) == 0
    heartbeat(ledger, worker, now=NOW + 30)
    assert workers_alive(ledger, now=NOW + 31) == 1
    retire_worker(ledger, worker)
    assert workers_alive(ledger, now=NOW + 31) == 0


# --- forgetting the sandbox --------------------------------------------------------------------------------


def test_calls_that_the_sandbox_took_can_be_sent_again_after_it_has_forgotten_them(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    path = sheet(4)
    batch = loaded(ledger, path)
    first = send(batch, {2: "accepted", 3: "unknown", 4: "rejected", 5: "accepted"}, address=SANDBOX)
    again = loaded(ledger, path)
    skipped = create(ledger, again.id, address=SANDBOX, token_source="sandbox", rows=[2])
    assert settled_at(ledger, batch.id, address=SANDBOX) == 3
    assert skipped.counts()["skipped"] == 1

    assert forget_deliveries(ledger) == 4
    counts = batch.counts()
    assert (counts["ready"], counts["rejected"], counts["accepted"], counts["unknown"]) == (3, 1, 0, 0)
    assert again.counts()["ready"] == 4
    assert settled_at(ledger, batch.id, address=SANDBOX) == 0
    assert preview(ledger, again.id, address=SANDBOX)["to_send"] == 4
    # what became of them stays with its submission
    assert first.counts()["accepted"] == 2
    assert first.counts()["unknown"] == 1
    assert skipped.counts()["skipped"] == 1
    kept = first.outcomes()
    assert kept.loc[2, "status"] == "accepted"
    assert kept.loc[2, "upload_id"] == 1002

    second = send(batch, {2: "accepted"}, address=SANDBOX)
    assert second.counts()["accepted"] == 1
    assert forget_deliveries(ledger) == 1


def test_what_reddy_accepted_is_never_forgotten(ledger: reddy.Ledger, sheet: Sheet) -> None:
    batch = loaded(ledger, sheet(3))
    send(batch, {2: "accepted", 3: "unknown"})
    with pytest.raises(SubmissionError, match="Only what the sandbox received"):
        forget_deliveries(ledger, address=REDDY)
    assert forget_deliveries(ledger) == 0
    assert batch.counts()["accepted"] == 1
    assert preview(ledger, batch.id, address=REDDY, rows=[2, 3])["stay"] == 2


def test_nothing_is_forgotten_while_something_is_on_its_way_to_the_sandbox(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    batch = loaded(ledger, sheet(3))
    send(batch, {2: "accepted"}, address=SANDBOX)
    running = send(batch, {3: "sending"}, address=SANDBOX)
    with pytest.raises(SubmissionError, match="Submission 2 is still being sent"):
        forget_deliveries(ledger)
    running.cancel()
    with pytest.raises(SubmissionError, match="Submission 2 is still being sent"):
        forget_deliveries(ledger)  # cancelled, but its answer may come any moment
    assert batch.counts()["accepted"] == 1


def test_a_call_with_an_error_finding_is_held_after_the_sandbox_has_forgotten_it(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    path = sheet(2)
    batch = loaded(ledger, path)
    send(batch, {2: "accepted"}, address=SANDBOX)
    again = loaded(ledger, path)
    create(ledger, again.id, address=SANDBOX, token_source="sandbox", rows=[2])
    again.recheck([])  # no product is known any more: every call has an error now
    assert again.counts()["skipped"] == 1
    forget_deliveries(ledger)
    assert again.counts()["held"] == 2


# --- on the batch ------------------------------------------------------------------------------------------


def test_a_batch_knows_which_products_it_was_checked_with(ledger: reddy.Ledger, sheet: Sheet) -> None:
    batch = loaded(ledger, sheet(2))
    assert batch.was_checked_with([LOANS, CARDS])
    assert not batch.was_checked_with([CARDS])
    assert not batch.was_checked_with([CARDS, LOANS | {"status": "inactive"}])
    assert not batch.was_checked_with(None)


def test_findings_are_counted_of_the_calls_that_a_filter_leaves(ledger: reddy.Ledger, sheet: Sheet) -> None:
    batch = loaded(ledger, sheet(4, {2: {"Agent Email": "nobody"}, 4: {"Agent Email": "no one"}}))
    everything = batch.finding_counts().set_index("code")["calls"]
    assert everything["agent-email-invalid"] == 2
    assert batch.finding_counts(rows=[2, 3]).set_index("code")["calls"]["agent-email-invalid"] == 1
    assert "agent-email-invalid" not in set(batch.finding_counts(rows=[3])["code"])


def test_the_version_of_the_outcomes_changes_with_what_was_sent_and_edited(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    batch = loaded(ledger, sheet(3))
    seen = [batch.outcomes_version()]
    call = batch.call(2)
    call.agent_email = "carla@cedarline.example"
    batch.replace(2, call)
    seen.append(batch.outcomes_version())
    send(batch, {2: "accepted"})
    seen.append(batch.outcomes_version())
    assert len(set(seen)) == 3
    assert batch.outcomes_version() == seen[-1]
