"""What an address gets of personal data: asked about, masked, held or sent, whichever way a call is sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pandas as pd
import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.database.schema import calls, personal_data
from reddy_lib.errors import PersonalDataAsked, SubmissionError
from reddy_lib.model import payload_json
from reddy_lib.sending.overview import preview
from reddy_lib.sending.personal_policy import DEFAULTS, answer_personal_data, answers_of, forget_answers
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import new_worker
from tests.conftest import ON_BOTH, on_sqlite_alone
from tests.sending.exchanging import exchange
from tests.sending.test_exchange import HERE, answer

pytestmark = on_sqlite_alone("what is masked or held is decided in Python")

CODE = (
    "Agent: Could I have the card number?\nCustomer: It is 4111 1111 1111 1111.\n"
    "Agent: And the security code on the back?\nCustomer: 836"
)
PLAIN = "Agent: Hello, how can I help?\nCustomer: My order is late."


def frame(*said: str, first: int = 1) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "conversation_id": [f"c{number}" for number in range(first, first + len(said))],
            "agent_email": ["ann@example.com"] * len(said),
            "product_id": [1] * len(said),
            "timestamp": [1_700_000_000 + number for number in range(first, first + len(said))],
            "transcript": list(said),
        }
    )


@pytest.fixture
def batch(ledger: reddy.Ledger) -> reddy.Batch:
    return ledger.load(frame(CODE, PLAIN, CODE), progress=False)


def queue(batch: reddy.Batch, rows: list[int] | None = None, again: str | None = None) -> Submission:
    return create(
        batch.database, batch.id, address=HERE, token_source="typed", rows=rows, who="ann", again=again
    )


def claimed(batch: reddy.Batch, submission: Submission, outcome: str = "accepted") -> list[str]:
    """Send what is queued; return the payloads that left."""
    worker = new_worker(batch.database)
    claims = exchange(batch.database, submission.id, 0, worker, want=99).claims
    exchange(
        batch.database, submission.id, 0, worker, results=[answer(one, outcome) for one in claims], want=0
    )
    return [one.payload.decode() for one in claims]


def test_security_codes_are_masked_and_the_rest_is_asked_about(batch: reddy.Batch) -> None:
    first, _, last = batch.rows()
    with pytest.raises(PersonalDataAsked, match=r"2 card numbers.*Decide first") as asked:
        queue(batch)
    assert asked.value.rows == {"card": [first, last]}
    assert "836" in payload_json(batch.call(first)).decode(), (
        "nothing was changed before the question is answered"
    )
    assert batch.counts()["queued"] == 0
    answer_personal_data(batch, HERE, {"card": "allow"}, who="ann")
    sent = "".join(claimed(batch, queue(batch)))
    assert sent.count("4111 1111 1111 1111") == 2
    assert "836" not in sent
    assert sent.count("[security code]") == 2
    operation = batch.operations().iloc[0]
    assert operation["title"] == "Mask security code, PIN or one-time code"
    assert batch.counts()["accepted"] == 3


def test_an_answer_holds_for_its_batch_and_a_rule_for_all(ledger: reddy.Ledger, batch: reddy.Batch) -> None:
    answer_personal_data(batch, HERE, {"card": "mask"})
    assert "4111" not in "".join(claimed(batch, queue(batch)))
    other = ledger.load(frame(CODE, first=7), progress=False)
    with pytest.raises(PersonalDataAsked):
        queue(other)
    reddy.set_personal_policy(ledger, HERE, {"card": "mask"}, who="root")
    assert reddy.personal_policy(ledger, HERE) == {**DEFAULTS, "card": "mask"}
    assert reddy.personal_policy(ledger, "https://elsewhere.example") == DEFAULTS
    assert "4111" not in "".join(claimed(other, queue(other)))


@ON_BOTH
def test_an_answer_can_be_taken_back(batch: reddy.Batch) -> None:
    answer_personal_data(batch, HERE, {"card": "allow", "email": "mask"})
    assert answers_of(batch, HERE) == {"card": "allow", "email": "mask"}
    assert answers_of(batch, "sandbox") == {}
    forget_answers(batch, HERE)
    assert answers_of(batch, HERE) == {}
    with pytest.raises(PersonalDataAsked):
        queue(batch)


@ON_BOTH
def test_hold_names_the_kind_and_accepting_sends(batch: reddy.Batch) -> None:
    reddy.set_personal_policy(batch.database, HERE, {"card": "hold"})
    first, plain, last = batch.rows()
    assert len(claimed(batch, queue(batch))) == 1
    assert batch.rows(status="held") == [first, last]
    found = next(one for one in batch.findings_of(first) if one.code == "personal-data-held")
    assert "card number" in found.message
    assert "4111" not in found.message + found.value
    with pytest.raises(SubmissionError, match=r"cannot be sent: it is held by a finding, “Personal data"):
        queue(batch, [first])
    batch.accept([first], "personal-data-held", who="ann")
    assert "4111" in "".join(claimed(batch, queue(batch, [first])))
    batch.apply(MaskPersonalData(), [last])
    assert batch.rows(status="ready") == [last], "masked words hold nothing back"
    assert batch.rows(status="accepted") == [first, plain]


@ON_BOTH
def test_a_rule_that_no_longer_holds_releases_its_calls(batch: reddy.Batch) -> None:
    reddy.set_personal_policy(batch.database, HERE, {"card": "hold"})
    claimed(batch, queue(batch))
    first, _, last = batch.rows()
    assert batch.rows(status="held") == [first, last]
    reddy.set_personal_policy(batch.database, HERE, {"phone": "allow"})
    assert batch.rows(status="held") == [first, last], "cards are still held"
    reddy.set_personal_policy(batch.database, HERE, {"card": "ask"})
    assert batch.rows(status="ready") == [first, last]
    answer_personal_data(batch, HERE, {"card": "hold"})
    with pytest.raises(SubmissionError, match="Not sent"):
        queue(batch)
    answer_personal_data(batch, HERE, {"card": "mask"})
    assert "4111" not in "".join(claimed(batch, queue(batch)))


def test_nothing_of_an_archived_batch_is_masked(ledger: reddy.Ledger, batch: reddy.Batch) -> None:
    answer_personal_data(batch, HERE, {"card": "mask"})
    ledger.archive(batch)
    with pytest.raises(SubmissionError, match="taken off the list"):
        queue(batch)
    assert "836" in payload_json(batch.call(batch.rows()[0])).decode()


@ON_BOTH
def test_a_rule_that_changed_while_calls_were_queued_stops_them_at_the_claim(batch: reddy.Batch) -> None:
    answer_personal_data(batch, HERE, {"card": "allow"})
    submission = queue(batch)
    reddy.set_personal_policy(batch.database, HERE, {"card": "mask"})
    assert len(claimed(batch, submission)) == 1
    failed = batch.rows(status="failed")
    assert len(failed) == 2
    assert "card number" in submission.outcomes()["error"].dropna().iloc[0]
    assert "4111" not in "".join(claimed(batch, queue(batch, failed)))
    assert batch.counts()["accepted"] == 3


@ON_BOTH
def test_words_that_were_never_looked_through_are_stopped_too(batch: reddy.Batch) -> None:
    """Of an older version, or of a program that wrote the ledger itself: what is remembered is of other words."""
    answer_personal_data(batch, HERE, {"card": "mask"})
    submission = queue(batch)
    first = batch.rows()[0]
    with batch.database.write() as connection:
        connection.execute(
            calls.update()
            .where(calls.c.batch_id == batch.id, calls.c.row == first)
            .values(payload=sa.func.replace(calls.c.payload, "[security code]", "836"))
        )
        connection.execute(personal_data.update().where(sa.false()).values(kinds=""))
    sent = claimed(batch, submission)
    assert len(sent) == 2
    assert "836" not in "".join(sent)
    assert batch.rows(status="failed") == [first]


@ON_BOTH
def test_what_reddy_has_is_sent_again_only_if_it_may_go_as_it_is(batch: reddy.Batch) -> None:
    answer_personal_data(batch, HERE, {"card": "allow"})
    claimed(batch, queue(batch))
    first, _, last = batch.rows()
    submission = queue(batch, [first], again="wrong scorecard")
    reddy.set_personal_policy(batch.database, HERE, {"card": "mask"})
    assert claimed(batch, submission) == [], "the rule changed while the call was queued"
    assert preview(batch.database, batch.id, address=HERE, rows=[first])["to_send"] == 0, "Reddy still has it"
    with pytest.raises(SubmissionError, match=f"row {last} would be sent again with card number"):
        queue(batch, [last], again="wrong scorecard")
    assert last in batch.rows(status="accepted")
    assert "4111" not in "".join(claimed(batch, queue(batch, [first], again="masked now")))


def test_the_same_export_is_known_again_although_its_words_were_masked(
    ledger: reddy.Ledger, batch: reddy.Batch
) -> None:
    reddy.set_personal_policy(ledger, HERE, {"card": "mask"})
    claimed(batch, queue(batch))
    again = ledger.load(frame(CODE, PLAIN, CODE), progress=False)
    assert preview(ledger, again.id, address=HERE)["skipped"] == 3
    queue(again)
    assert again.counts()["skipped"] == 3


def test_what_is_remembered_is_forgotten_with_the_words(batch: reddy.Batch) -> None:
    first = batch.rows()[0]
    answer_personal_data(batch, HERE, {"card": "allow"})
    done = batch.apply(MaskPersonalData(), [first])
    queue(batch, [batch.rows()[1]])
    batch.undo(done)
    assert "836" not in "".join(claimed(batch, queue(batch, [first])))


@ON_BOTH
def test_the_submission_records_the_rules_and_what_was_masked(batch: reddy.Batch) -> None:
    reddy.set_personal_policy(batch.database, HERE, {"card": "mask"})
    submission = queue(batch)
    with batch.database.read() as connection:
        stored = connection.exec_driver_sql(
            f"SELECT personal_data FROM submissions WHERE id = '{submission.id}'"  # noqa: S608 - our own id
        ).scalar_one()
    told = msgspec.json.decode(stored)
    assert told["masked"] == {"card": 2, "cvv": 2}
    assert told["calls_masked"] == 2
    assert told["rules"]["card"] == "mask"


def test_wrong_rules_change_nothing(batch: reddy.Batch) -> None:
    wrong: list[Any] = [{"shoe size": "mask"}, {"card": "perhaps"}]
    for rules in wrong:
        with pytest.raises(ValueError, match=r"card|mask"):
            reddy.set_personal_policy(batch.database, HERE, {"phone": "allow", **rules})
    with pytest.raises(ValueError, match="mask"):
        answer_personal_data(batch, HERE, {"card": "ask"})
    assert reddy.personal_policy(batch.database, HERE) == DEFAULTS


def test_a_notebook_answers_in_the_same_cell(
    ledger: reddy.Ledger, batch: reddy.Batch, sandbox: reddy.Sandbox, client: reddy.Client
) -> None:
    reddy.submit(batch, client, personal_data="mask", progress=False)
    received = msgspec.json.encode(sandbox.payloads).decode()
    assert "4111" not in received
    assert "836" not in received
    assert received.count("[card number]") == 2


def test_what_stays_on_this_machine_is_sent_before_the_question_is_answered(
    ledger: reddy.Ledger, batch: reddy.Batch, sandbox: reddy.Sandbox, client: reddy.Client
) -> None:
    reddy.submit(batch, client, progress=False)
    received = msgspec.json.encode(sandbox.payloads).decode()
    assert received.count("4111") == 2
    assert "836" not in received, "security codes are masked everywhere"
    assert batch.counts()["accepted"] == 3


def test_what_was_accepted_counts_for_the_words_as_they_were(batch: reddy.Batch) -> None:
    reddy.set_personal_policy(batch.database, HERE, {"card": "hold"})
    first = batch.rows()[0]
    queue(batch, batch.rows(status="ready"))
    batch.accept([first], "personal-data-held", who="ann")
    assert first in batch.rows(status="ready")
    call = batch.call(first)
    assert call.transcript is not None
    call.transcript[1].text = "It is 5500 0000 0000 0004."
    batch.replace(first, call)
    with pytest.raises(SubmissionError, match="Not sent"):
        queue(batch, [first])
    assert first in batch.rows(status="held")


def test_a_call_that_was_sent_is_not_sent_again_against_a_rule(batch: reddy.Batch) -> None:
    answer_personal_data(batch, HERE, {"card": "allow"})
    claimed(batch, queue(batch))
    accepted = batch.counts()["accepted"]
    reddy.set_personal_policy(batch.database, HERE, {"card": "hold"})
    with pytest.raises(SubmissionError, match="would be sent again with card number"):
        queue(batch, [batch.rows()[0]], again="Reddy lost it")
    assert batch.counts()["accepted"] == accepted
