"""`submit` and its siblings check what they are given before they write, and a submission stays with its account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reddy_lib as reddy
from reddy_lib.errors import NotInLedger, SubmissionError, Unauthorized
from reddy_lib.recordings.attachments import attached_from
from reddy_lib.sandbox.faults import Fault
from reddy_lib.sending.rate_limits import assume_create_idempotent, rules_of, set_limit
from reddy_lib.sending.submission import create
from reddy_lib.sending.workers import new_worker, retire_worker
from tests.conftest import PRODUCTS, ledger_database, write_sheet
from tests.recording_files import tone, wav_bytes
from tests.sending.exchanging import exchange

Sheet = Callable[..., Path]


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
    """Six calls, in rows 2 to 7."""
    return ledger.load(sheet(6), timezone="UTC", products=PRODUCTS, progress=False)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def untouched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[reddy.Batch]:
    """One batch for all that is refused: each test makes sure that nothing in its ledger has changed."""
    folder = tmp_path_factory.mktemp("untouched")
    location = str(folder / "ledger.sqlite")
    if request.param == "postgresql":
        location = ledger_database(request.getfixturevalue("postgres"), __name__)
    with reddy.Ledger(location) as opened:
        yield opened.load(
            write_sheet(folder / "calls.csv", 6), timezone="UTC", products=PRODUCTS, progress=False
        )


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"concurrency": -1}, ValueError, "concurrency must be from 1 to 256, not -1"),
    ({"concurrency": 0}, ValueError, "concurrency must be"),
    ({"concurrency": 10**9}, ValueError, "concurrency must be"),
    ({"concurrency": "4"}, TypeError, "concurrency must be a whole number"),
    ({"concurrency": 1.5}, TypeError, "concurrency must be a whole number"),
    ({"concurrency": True}, TypeError, "concurrency must be a whole number"),
    ({"rows": [2, 9999]}, NotInLedger, "has no call in row 9999"),
    ({"rows": "23"}, TypeError, "rows must be row numbers"),
    ({"rows": [2.0]}, TypeError, "row number"),
    ({"rows": np.array([True, False])}, TypeError, "row number"),
    ({"who": None}, TypeError, "who must be text"),
    ({"again": 3, "rows": [2]}, TypeError, "again must be text"),
    ({"ramp": "slowly"}, TypeError, "ramp must be"),
]


@pytest.mark.parametrize(("arguments", "error", "words"), BAD, ids=[str(one[0]) for one in BAD])
def test_an_argument_that_cannot_be_used_raises_before_anything_is_written(
    untouched: reddy.Batch, client: reddy.Client, arguments: Any, error: type[Exception], words: str
) -> None:
    batch = untouched
    with pytest.raises(error, match=words):
        reddy.submit(batch, client, progress=False, **arguments)
    assert batch.counts()["ready"] == 6
    assert batch.database.submissions() == []


@pytest.mark.parametrize("rows", [[], (), np.array([], dtype=int), range(0)])
def test_an_empty_choice_of_rows_is_said_to_be_that(
    batch: reddy.Batch, client: reddy.Client, rows: Any
) -> None:
    for _ in range(2):  # before anything was sent, and after
        with pytest.raises(SubmissionError, match="Nothing was sent: rows is empty, so no call was chosen"):
            reddy.submit(batch, client, rows=rows, progress=False)
        reddy.submit(batch, client, progress=False)


def test_what_is_no_batch_and_no_open_client_is_refused(
    batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
) -> None:
    with pytest.raises(TypeError, match="must be a batch"):
        reddy.submit(batch.id, client)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="must be a client"):
        reddy.submit(batch, sandbox.token)  # type: ignore[arg-type]
    client.close()
    with pytest.raises(ValueError, match="closed"):
        reddy.submit(batch, client)
    assert batch.counts()["ready"] == 6


@pytest.mark.parametrize("kind", [np.array, iter, list])
def test_rows_may_be_any_collection_of_integers(batch: reddy.Batch, client: reddy.Client, kind: Any) -> None:
    submission = reddy.submit(batch, client, kind([3, 2, 2]), concurrency=np.int64(2), progress=False)  # type: ignore[arg-type]
    assert submission.counts()["accepted"] == 2


# the account


def begun(batch: reddy.Batch, client: reddy.Client) -> reddy.Submission:
    """A notebook's submission that was interrupted before its first call."""
    return create(
        batch.database,
        batch.id,
        address=client.base_url,
        token_source="notebook",
        token_hint=client.token_hint,
        credential=client.fingerprint(batch.database.identity),
    )


def test_a_submission_does_not_go_on_with_another_accounts_token(
    batch: reddy.Batch, sandbox: reddy.Sandbox
) -> None:
    one = reddy.Client(sandbox.token + "-of-ann", base_url=sandbox.url)
    other = reddy.Client("cut-ending-of-ann", base_url=sandbox.url)  # the last four characters are the same
    submission = begun(batch, one)
    with pytest.raises(
        SubmissionError, match=r"started with the token …-ann, and this client has …-ann: its 6 calls"
    ):
        reddy.submit(batch, other, progress=False)
    assert submission.counts()["queued"] == 6
    assert sandbox.calls_received == 0


def test_a_cancelled_submission_can_be_sent_with_another_token(
    batch: reddy.Batch, sandbox: reddy.Sandbox
) -> None:
    submission = begun(batch, reddy.Client("the-token-of-before", base_url=sandbox.url))
    submission.cancel()
    with reddy.Client(sandbox.token, base_url=sandbox.url) as mine:
        assert reddy.submit(batch, mine, progress=False).counts()["accepted"] == 6


def test_the_ledger_holds_no_token_and_no_plain_digest_of_one(
    batch: reddy.Batch, client: reddy.Client
) -> None:
    import hashlib

    record = begun(batch, client).record()
    assert len(record.credential) == 16
    assert client._token not in str(record)
    assert record.credential not in hashlib.sha256(client._token.encode()).hexdigest()


def in_doubt(batch: reddy.Batch, client: reddy.Client) -> None:
    submission = begun(batch, client)
    worker = new_worker(batch.database, kind="notebook")
    exchange(batch.database, submission.id, None, worker, want=6)
    retire_worker(batch.database, worker)


def test_another_accounts_not_found_does_not_make_a_call_safe_to_send_again(
    batch: reddy.Batch, sandbox: reddy.Sandbox
) -> None:
    in_doubt(batch, reddy.Client("the-token-of-before", base_url=sandbox.url))
    with reddy.Client(sandbox.token, base_url=sandbox.url) as other:
        outcome = reddy.reconcile(batch, other, wait=0, progress=False)
        assert (outcome.there, outcome.missing, sorted(outcome.open)) == ([], [], [2, 3, 4, 5, 6, 7])
        assert "…fore" in outcome.open[2]
        assert sandbox.requests["add_tags"] == 0
        assert batch.counts()["unknown"] == 6
        renewed = reddy.reconcile(batch, other, wait=0, same_account=True, progress=False)
    assert renewed.missing == [2, 3, 4, 5, 6, 7]


# taken off the list


@pytest.mark.parametrize("state", ["running", "paused", "waiting"])
def test_a_batch_stays_on_the_list_while_something_of_it_is_under_way(
    batch: reddy.Batch, client: reddy.Client, state: str
) -> None:
    submission = begun(batch, client)
    if state != "running":
        submission._change(state, "x", only={"running"})  # type: ignore[arg-type]
    with pytest.raises(SubmissionError, match=r"stays on the list: submission 1 .*6 calls.*cancel=True"):
        batch.database.archive(batch)
    assert batch.database.batches()["id"].tolist() == [batch.id]
    batch.database.archive(batch, cancel=True)
    assert (submission.state, len(batch.database.batches())) == ("cancelled", 0)
    assert batch.database.archived()["id"].tolist() == [batch.id]


def test_calls_in_flight_keep_a_batch_on_the_list_also_when_it_is_cancelled(
    batch: reddy.Batch, client: reddy.Client
) -> None:
    submission = begun(batch, client)
    worker = new_worker(batch.database, kind="notebook")
    exchange(batch.database, submission.id, None, worker, want=2)
    with pytest.raises(SubmissionError, match=r"2 calls are in flight.*Try again in a moment"):
        batch.database.archive(batch, cancel=True)
    retire_worker(batch.database, worker)
    batch.database.archive(batch)
    assert batch.counts()["unknown"] == 2


def test_a_reason_to_send_again_does_not_pass_for_sent_when_the_batch_is_off_the_list(
    batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
) -> None:
    reddy.submit(batch, client, progress=False)
    batch.database.archive(batch)
    with pytest.raises(SubmissionError, match="taken off the list"):
        reddy.submit(batch, client, [2], again="Reddy lost it", progress=False)


def test_nothing_of_a_batch_that_is_off_the_list_can_be_sent_until_it_is_put_back(
    batch: reddy.Batch, client: reddy.Client, sandbox: reddy.Sandbox
) -> None:
    batch.database.archive(batch)
    with pytest.raises(SubmissionError, match="taken off the list"):
        reddy.submit(batch, client, progress=False)
    with pytest.raises(NotInLedger, match=r"ledger.restore"):
        batch.database.batch(batch.id)
    assert sandbox.calls_received == 0
    batch.database.restore(batch)
    assert reddy.submit(batch.database.batch("calls"), client, progress=False).counts()["accepted"] == 6


def test_a_batch_is_found_by_name_id_or_itself(batch: reddy.Batch, sheet: Sheet) -> None:
    ledger = batch.database
    assert ledger.batch("calls").id == ledger.batch(batch).id == ledger.batch(batch.id).id == batch.id
    assert ledger.submissions(batch) == []
    ledger.load(sheet(1), progress=False)
    with pytest.raises(NotInLedger, match="2 batches have the name 'calls'"):
        ledger.batch("calls")
    with pytest.raises(TypeError, match="batch must be text"):
        ledger.batch(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no state 'runing'"):
        ledger.submissions(state="runing")


# types that are taken


def test_a_product_list_is_taken_as_the_client_returns_it(client: reddy.Client, batch: reddy.Batch) -> None:
    listed = client.list_products()
    assert [found.code for found in reddy.check(batch[2], products=listed)] == [
        found.code for found in reddy.check(batch[2], products=[dict(one) for one in listed])
    ]
    batch.recheck(listed)
    assert batch.was_checked_with(listed)
    for wrong in ({"id": 1, "name": "x"}, "products", [1, 2]):
        with pytest.raises(TypeError, match="list_products"):
            reddy.check(batch[2], products=wrong)
        with pytest.raises(TypeError, match="list_products"):
            batch.recheck(wrong)


def test_a_client_takes_its_token_from_the_environment_and_to_its_own_address_alone(
    sandbox: reddy.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDDY_API_TOKEN", raising=False)
    monkeypatch.setenv("REDDY_BASE_URL", sandbox.url)
    for missing in (lambda: reddy.Client(), lambda: reddy.Client(None), lambda: reddy.Client("")):
        with pytest.raises(Unauthorized, match=r"There is no token. Set REDDY_API_TOKEN"):
            missing()
    monkeypatch.setenv("REDDY_API_TOKEN", sandbox.token)
    with reddy.Client() as client:
        assert client.list_products()
    with pytest.raises(Unauthorized, match=r"was not used for http://127.0.0.1:9"):
        reddy.Client(base_url="http://127.0.0.1:9")
    with pytest.raises(Unauthorized, match="There is no token"):
        reddy.Client(None)


def test_faults_are_checked_where_they_are_assigned(sandbox: reddy.Sandbox, client: reddy.Client) -> None:
    sandbox.faults = [{"kind": "status", "status": 503, "on": "products"}]  # type: ignore[assignment]
    with pytest.raises(reddy.errors.Doubtful):
        client.list_products()
    for wrong in ("hang-up", {"kind": "hang-up"}, 3, [3], Fault(kind="hang-up")):
        with pytest.raises(TypeError, match="fault"):
            sandbox.faults = wrong  # type: ignore[assignment]
    with pytest.raises(ValueError, match="fault cannot be used"):
        sandbox.faults = [{"kind": "nonsense"}]  # type: ignore[assignment]
    sandbox.faults = []  # type: ignore[assignment]
    assert client.list_products()


def test_a_dict_says_which_columns_feed_which_fields(ledger: reddy.Ledger, tmp_path: Path) -> None:
    path = tmp_path / "reps.csv"
    path.write_text("Rep,Boss\nann@cedarline.example,bo@cedarline.example\n", encoding="utf-8")
    batch = ledger.load(path, {"agent_email": "Boss"}, progress=False)
    assert batch[2].agent_email == "bo@cedarline.example"
    again = ledger.load(path, batch.mapping.to_dict(), progress=False)
    assert again[2].agent_email == "bo@cedarline.example"
    with pytest.raises(reddy.errors.MappingError, match="no column 'Bos': it has 'Rep', 'Boss'"):
        ledger.load(path, {"agent_email": "Bos"}, progress=False)
    with pytest.raises(TypeError, match="mapping must be"):
        ledger.load(path, ["agent_email"], progress=False)  # type: ignore[arg-type]
    assert len(ledger.batches()) == 2


def test_a_frame_dicts_calls_and_an_open_file_are_loaded_like_a_file(
    ledger: reddy.Ledger, batch: reddy.Batch, sheet: Sheet
) -> None:
    import pandas as pd

    path = sheet(6)
    frame = pd.read_csv(path)
    with path.open("rb") as file:
        opened = ledger.load(file, products=PRODUCTS, timezone="UTC", progress=False)
    assert opened.name == "calls"
    for source in (frame, frame.to_dict("records"), list(batch)):
        found = ledger.load(source, products=PRODUCTS, timezone="UTC", progress=False)
        assert sorted(call.conversation_id or "" for call in found) == [f"conv-{n}" for n in range(1, 7)]
        assert {call.product_id for call in found} == {1, 2}
        assert all(len(call.transcript or ()) == 2 for call in found)
    for wrong in (3, [1, 2], None):
        with pytest.raises(TypeError, match="Load a "):
            ledger.load(wrong, progress=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["4", 1.5, True, 0, -1, 2**31])
def test_a_limit_that_is_no_number_of_requests_is_refused(ledger: reddy.Ledger, wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="most_at_once must be"):
        set_limit(ledger, "https://app.reddy.io", wrong)
    set_limit(ledger, "https://app.reddy.io", np.int64(4))  # type: ignore[arg-type]
    assert rules_of(ledger, "https://app.reddy.io").most_at_once == 4


def test_whether_doubts_are_sent_again_by_themselves_is_not_guessed_from_a_word(ledger: reddy.Ledger) -> None:
    with pytest.raises(TypeError, match="True or False"):
        assume_create_idempotent(ledger, "https://app.reddy.io", "no")  # type: ignore[arg-type]
    assert not rules_of(ledger, "https://app.reddy.io").create_idempotent


def test_recordings_are_attached_to_rows_of_any_integer_type(batch: reddy.Batch, tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    file.write_bytes(wav_bytes(tone(1.0)))
    one = attached_from(batch.database, file)
    with pytest.raises(TypeError, match="row number"):
        batch.attach_many({2: one, "3": one})  # type: ignore[dict-item]
    assert batch.recording(2) is None
    assert batch.attach_many({np.int64(2): one}) == {}  # type: ignore[dict-item]
    assert batch.recording(2) is not None
