"""Worth grading: each measure names the calls it means, with a reason, and holds none back."""

from __future__ import annotations

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.batches.worth import MEASURES, Limits
from reddy_lib.database import schema

ENGLISH = (
    "thank you for calling what can I do for you today because I would like to help you with your account"
)
GERMAN = "guten Tag ich möchte gerne wissen warum meine Rechnung in diesem Monat so viel höher ist als sonst"


def lines(agent: str, customer: str) -> str:
    return f"Agent: {agent}\nCustomer: {customer}"


@pytest.fixture
def batch(ledger: reddy.Ledger) -> reddy.Batch:
    texts = [
        lines(ENGLISH, f"{ENGLISH} and my card number is lost since yesterday evening in the city"),
        lines(f"{ENGLISH} so tell me about it", "yes"),
        lines(" ".join([ENGLISH] * 20), "well yes I do think that is what I had in mind"),
        lines(ENGLISH, f"{ENGLISH} and my card number is lost since yesterday evening in the town"),
        lines(GERMAN, f"{GERMAN} vielen Dank für die Hilfe"),
        lines(
            "the parcel never arrived at my door and nobody rang",
            "we will look for it and call you back tomorrow, sir",
        ),
    ]
    frame = pd.DataFrame(
        {
            "conversation_id": [f"c-{number}" for number in range(len(texts))],
            "agent_email": ["ann@x.example"] * len(texts),
            "product_id": [1] * len(texts),
            "timestamp": [1_700_000_000 + 60 * number for number in range(len(texts))],
            "transcript": texts,
        }
    )
    loaded = ledger.load(frame, progress=False)
    call = loaded.call(7)
    assert call.transcript is not None
    times = ((0, 3.5), (93.5, 99))
    for line, (start, stop) in zip(call.transcript, times, strict=True):
        line.start, line.stop = start, stop
    loaded.replace(7, call)
    return loaded


def test_each_measure_names_its_calls_with_a_reason(batch: reddy.Batch) -> None:
    worth = batch.worth_grading()
    assert worth.reasons == {
        "sent-before": {},
        "few-words": {3: "The customer says 1 word."},
        "one-side": {3: "The customer says 4% of the words.", 4: "The customer says 3% of the words."},
        "near-copy": {5: "94% of the word sequences are those of row 2."},
        "other-language": {6: "The language seems to be de, not en."},
        "long-silence": {7: "For 90 seconds before line 2, nothing is said."},
    }
    assert set(worth.reasons) | {"held"} == set(MEASURES)
    assert worth.rows() == [3, 4, 5, 6, 7]
    assert worth.of(3)[0] == ("few-words", "The customer says 1 word.")
    assert batch.counts()["ready"] == 6  # nothing is held for it


def test_limits_say_what_is_few_and_long(batch: reddy.Batch) -> None:
    limits = Limits(words=0, share=0, silence=120, likeness=1, language="de")
    assert batch.worth_grading(limits=limits).counts() == {
        "sent-before": 0, "few-words": 0, "one-side": 0, "near-copy": 0, "other-language": 5, "long-silence": 0,
    }  # fmt: skip
    with pytest.raises(ValueError, match="out of range"):
        Limits(likeness=0)


def test_only_what_is_asked_is_measured(batch: reddy.Batch) -> None:
    assert batch.worth_grading([3, 4], measures=["few-words"]).reasons == {
        "few-words": {3: "The customer says 1 word."}
    }
    with pytest.raises(ValueError, match="measure"):
        batch.worth_grading(measures=["boring"])


def test_what_reddy_has_is_found_in_other_batches_too(batch: reddy.Batch, ledger: reddy.Ledger) -> None:
    again = ledger.load(
        pd.DataFrame([{**call_of(batch, row)} for row in (2, 7)]), progress=False, name="again"
    )
    with reddy.Sandbox() as sandbox:
        reddy.submit(batch, reddy.Client(sandbox.token, base_url=sandbox.url), rows=[2, 3], progress=False)
    found = batch.worth_grading(measures=["sent-before"]).reasons["sent-before"]
    assert found == {2: "Reddy has this call.", 3: "Reddy has this call."}
    assert again.worth_grading(measures=["sent-before"]).reasons["sent-before"] == {
        2: "Reddy has this call, sent from another row or batch."
    }


def call_of(batch: reddy.Batch, row: int) -> dict[str, object]:
    call = batch.call(row)
    said = "\n".join(f"{line.role}: {line.text}" for line in call.transcript or ())
    return {
        "conversation_id": call.conversation_id, "agent_email": call.agent_email, "product_id": call.product_id,
        "timestamp": call.timestamp, "transcript": said,
    }  # fmt: skip


def test_held_calls_can_be_excluded(batch: reddy.Batch) -> None:
    with batch.database.write() as connection:
        connection.execute(schema.calls.update().where(schema.calls.c.row == 2).values(status="held"))
    assert batch.worth_grading(measures=["held"]).rows() == [2]


def test_scripts_without_blanks_have_words(shared_ledger: reddy.Ledger) -> None:
    said = "お電話ありがとうございます。本日はどのようなご用件でしょうか。カードを紛失してしまいました。"
    frame = pd.DataFrame(
        {"transcript": [lines(said, said + str(n)) for n in range(2)], "agent_email": ["a@x.example"] * 2}
    )
    worth = shared_ledger.load(frame, progress=False).worth_grading(measures=["few-words", "near-copy"])
    assert worth.counts() == {"few-words": 0, "near-copy": 1}
