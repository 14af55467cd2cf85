"""The evidence of a submission: complete, exact, deterministic, without secrets, in little memory."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reddy_lib as reddy
from reddy_lib.errors import NotInLedger
from reddy_lib.outcomes.evidence import write_evidence
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import new_worker
from reddy_lib.spreadsheet.cells.formulas import escaped, is_formula, unescaped
from tests.sending.exchanging import exchange
from tests.sending.test_exchange import HERE, PRODUCTS, answer

Sheet = Callable[..., Path]
SHEET = ["Conversation ID", "Agent Email", "Product", "Start", "CSAT", "Transcript"]


def sent(
    batch: reddy.Batch, *outcomes: str, again: str | None = None, rows: list[int] | None = None
) -> Submission:
    """Sends a batch; its rows come to these outcomes, one after the other; "" is never claimed."""
    submission = create(
        batch.database,
        batch.id,
        address=HERE,
        token_source="typed",
        token_hint="…4f2a",
        who="ann",
        rows=rows,
        again=again,
    )
    worker = new_worker(batch.database)
    claims = exchange(batch.database, submission.id, 0, worker, want=sum(map(bool, outcomes))).claims
    results = [
        answer(one, outcome, words=f"Said of row {one.row}.", request_id=f"req-{one.row}")
        for one, outcome in zip(claims, filter(None, outcomes), strict=True)
    ]
    exchange(batch.database, submission.id, 0, worker, results=results, want=0)
    return submission


def opened(path: Path) -> dict[str, Any]:
    """The files of the evidence: tables as lists of dicts, lines and the manifest as JSON."""
    files: dict[str, Any] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8-sig")
            if name.endswith(".csv"):
                files[name] = list(csv.DictReader(io.StringIO(text, newline="")))
            elif name.endswith(".jsonl"):
                files[name] = [json.loads(line) for line in text.splitlines()]
            else:
                files[name] = json.loads(text)
    return files


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
    return ledger.load(
        sheet(6, {3: {"CSAT": "=1+1"}, 4: {"CSAT": "'=2"}}), products=PRODUCTS, who="bo", progress=False
    )


def test_each_call_stands_in_the_file_of_its_status_with_the_cells_it_had(
    batch: reddy.Batch, tmp_path: Path
) -> None:
    submission = sent(batch, "accepted", "rejected", "rejected", "unknown", "failed", "")
    files = opened(reddy.evidence(submission, tmp_path))
    assert list(files) == [
        "accepted.csv", "rejected.csv", "unknown.csv", "failed.csv", "queued.csv", "requests.jsonl", "answers.jsonl",
        "manifest.json",
    ]  # fmt: skip
    assert list(files["accepted.csv"][0])[:6] == SHEET
    (accepted,) = files["accepted.csv"]
    assert {name: accepted[name] for name in SHEET} == {
        name: str(value) for name, value in batch.cells(2).items()
    }
    assert (accepted["row"], accepted["status"], accepted["upload_id"]) == ("2", "accepted", "1002")
    assert (accepted["http_status"], accepted["attempts"]) == ("200", "1")
    first, second = files["rejected.csv"]
    assert (first["CSAT"], second["CSAT"]) == ("'=1+1", "'=2")
    assert first["reason"] == "It was rejected."
    assert first["hint"].startswith("Read Reddy's reason")
    assert [one["row"] for one in files["queued.csv"]] == ["7"]
    assert files["queued.csv"][0]["hint"].startswith("It is waiting to be sent")


def test_one_line_a_try_with_what_was_sent_and_what_came_back(batch: reddy.Batch, tmp_path: Path) -> None:
    submission = sent(batch, "accepted", "rejected", "", "", "", "")
    files = opened(reddy.evidence(submission, tmp_path / "evidence.zip"))
    assert [one["row"] for one in files["requests.jsonl"]] == [2, 3]
    assert files["requests.jsonl"][0]["body"] == dict(batch.payloads([2]))[2]
    said = files["answers.jsonl"][1]
    assert (said["row"], said["attempt"], said["status"], said["words"]) == (
        3,
        1,
        "rejected",
        "Said of row 3.",
    )
    assert (said["request_id"], said["seconds"]) == ("req-3", 1.5)
    assert [one["id"] for one in files["answers.jsonl"]] == [one["id"] for one in files["requests.jsonl"]]


def test_the_manifest_says_of_what_where_to_by_whom_and_how_many(batch: reddy.Batch, tmp_path: Path) -> None:
    path = reddy.evidence(sent(batch, "accepted", "rejected", "unknown", "failed", "", ""), tmp_path)
    manifest = opened(path)["manifest.json"]
    assert manifest["batch"]["file_sha256"] == batch.file_hash
    assert manifest["batch"]["mapping"]["fields"]["agent_email"] == "Agent Email"
    assert (manifest["submission"]["who"], manifest["submission"]["address"]) == ("ann", HERE)
    assert manifest["settings"]["concurrency"] == 8
    assert manifest["chosen"] == sum(manifest["counts"].values()) == 6
    assert "4f2a" not in json.dumps({**manifest, "files": None})  # a hash may have any four letters in it
    with zipfile.ZipFile(path) as archive:
        for name, told in manifest["files"].items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == told["sha256"]


def test_the_same_record_makes_the_same_files(batch: reddy.Batch, tmp_path: Path) -> None:
    submission = sent(batch, "accepted", "rejected", "unknown", "failed", "", "")
    one, two = (reddy.evidence(submission, tmp_path / name) for name in ("one.zip", "two.zip"))
    with zipfile.ZipFile(one) as first, zipfile.ZipFile(two) as second:
        assert first.namelist() == second.namelist()
        for name in first.namelist()[:-1]:  # the manifest says when it was written
            assert first.read(name) == second.read(name)


def test_what_an_earlier_try_sent_is_shown_as_it_was_also_after_edits(
    batch: reddy.Batch, tmp_path: Path
) -> None:
    first = sent(batch, "rejected", "", "", "", "", "")
    bodies = [dict(batch.payloads([2]))[2]]
    first.cancel()
    for email in ("ann.b@cedarline.example", "ann.c@cedarline.example"):
        call = batch.call(2)
        call.agent_email = email
        batch.replace(2, call, who="ann")
    bodies.append(dict(batch.payloads([2]))[2])
    second = sent(batch, "rejected", rows=[2])
    call.agent_email, call.conversation_id = "ann.d@cedarline.example", "another"
    batch.replace(2, call)
    then, now = (
        opened(reddy.evidence(first, tmp_path / "1.zip")),
        opened(reddy.evidence(second, tmp_path / "2.zip")),
    )
    assert [then["requests.jsonl"][0]["body"], now["requests.jsonl"][0]["body"]] == bodies
    assert [one["requests.jsonl"][0]["attempt"] for one in (then, now)] == [1, 2]
    assert now["rejected.csv"][0]["conversation_id"] == "conv-1"


def test_why_it_was_sent_again_stands_with_the_call_and_in_the_manifest(
    batch: reddy.Batch, tmp_path: Path
) -> None:
    sent(batch, *["accepted"] * 6)
    files = opened(
        reddy.evidence(sent(batch, "accepted", "accepted", rows=[2, 3], again="=wrong scorecard"), tmp_path)
    )
    assert {one["sent again because"] for one in files["accepted.csv"]} == {"'=wrong scorecard"}
    (said,) = files["manifest.json"]["sent_again"]
    assert (said["reason"], said["who"], said["calls"]) == ("=wrong scorecard", "ann", 2)
    assert {one["why"] for one in files["requests.jsonl"]} == {"=wrong scorecard"}


def test_a_sheet_s_own_columns_are_told_from_those_of_the_evidence(
    ledger: reddy.Ledger, tmp_path: Path
) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(
        "row,Status,Agent Email,Product,Transcript\n9,closed,ann@cedarline.example,Loans,Agent: Good morning.\n"
    )
    batch = ledger.load(path, products=PRODUCTS, progress=False)
    (call,) = opened(reddy.evidence(sent(batch, "accepted"), tmp_path))["accepted.csv"]
    assert (call["row"], call["Status"], call["reddy row"], call["reddy status"]) == (
        "9",
        "closed",
        "2",
        "accepted",
    )


def test_several_submissions_stand_in_folders(batch: reddy.Batch, tmp_path: Path) -> None:
    submissions = [sent(batch, "rejected", rows=[2]), sent(batch, "accepted", rows=[2])]
    with (tmp_path / "all.zip").open("wb") as file:
        write_evidence(submissions, file)
    names = opened(tmp_path / "all.zip")
    assert names["submission 1/rejected.csv"][0]["row"] == names["submission 2/accepted.csv"][0]["row"] == "2"
    assert names["submission 1/manifest.json"]["counts"] == {"rejected": 1}


def test_a_file_is_replaced_by_a_whole_one_alone(batch: reddy.Batch, tmp_path: Path) -> None:
    path = tmp_path / "evidence.zip"
    path.write_bytes(b"what was there")
    with pytest.raises(NotInLedger):
        reddy.evidence(Submission(batch.database, "s-nobody"), path)
    assert path.read_bytes() == b"what was there"
    assert list(tmp_path.glob("*.part")) == []


@given(st.text(alphabet="'=+-@ \t\r\n\u00a0＝ab"))
def test_what_is_escaped_comes_back_and_runs_nowhere(text: str) -> None:
    assert unescaped(escaped(text)) == text
    assert not is_formula(escaped(text))


OUTCOMES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["accepted", "rejected", "failed", "unknown", ""]), min_size=6, max_size=6),
        st.sampled_from(["", "cancel", "edit", "again"]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OUTCOMES)
def test_the_counts_sum_to_the_rows_chosen_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[tuple[list[str], str]]
) -> None:
    folder = tmp_path_factory.mktemp("sums")
    path = folder / "calls.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Conversation ID", "Agent Email", "Product", "Transcript"])
        writer.writerows(
            [f"c{n}", "ann@cedarline.example", "Loans", "Agent: Good morning."] for n in range(6)
        )
    with reddy.Ledger(folder / "ledger.sqlite") as ledger:
        batch = ledger.load(path, products=PRODUCTS, progress=False)
        for number, (outcomes, then) in enumerate(rounds):
            rows = batch.rows()
            try:
                submission = create(
                    ledger, batch.id, address=HERE, token_source="typed", rows=rows,
                    again=f"reason {number}" if then == "again" else None,
                )  # fmt: skip
            except reddy.errors.SubmissionError:
                continue
            worker = new_worker(ledger)
            claims = exchange(ledger, submission.id, 0, worker, want=sum(map(bool, outcomes))).claims
            results = [
                answer(one, outcome) for one, outcome in zip(claims, filter(None, outcomes), strict=False)
            ]
            exchange(ledger, submission.id, 0, worker, results=results, want=0)
            if then == "cancel":
                submission.cancel()
            elif then == "edit":
                for row in batch.rows(status=["rejected", "failed"]):
                    call = batch.call(row)
                    call.product_id = 1 if call.product_id == 2 else 2
                    batch.replace(row, call)
        for submission in ledger.submissions():
            files = opened(reddy.evidence(submission, folder))
            manifest, chosen = files["manifest.json"], submission.record().chosen
            tables = {name: len(lines) for name, lines in files.items() if name.endswith(".csv")}
            assert sum(manifest["counts"].values()) == manifest["chosen"] == chosen == sum(tables.values())
            assert {f"{status}.csv": count for status, count in manifest["counts"].items()} == {
                name: count for name, count in tables.items() if count
            }
            assert all(one["body"] is not None for one in files["requests.jsonl"])
