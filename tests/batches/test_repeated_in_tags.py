"""What is said in a conversation is personal data in the tags of its call as well, although nothing there tells it."""

from __future__ import annotations

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.model import Tag

CARD = "4762168275217482"
AS_WORDS = "four seven six two one six eight two seven five two one seven four eight two"


def load(ledger: reddy.Ledger, asked: str, said: str, tag: object) -> reddy.Batch:
    turns = [
        "Agent: Hello, how may I help you?",
        "Customer: I want to pay.",
        f"Agent: {asked}",
        f"Customer: {said}",
    ]
    transcript = "\n".join([*turns, "Agent: Thank you."])
    frame = pd.DataFrame(
        {
            "conversation_id": ["c1"],
            "agent_email": ["ann@example.com"],
            "product_id": [1],
            "timestamp": [1_700_000_000],
            "transcript": [transcript],
            "Remark": [tag],
        }
    )
    mapping = reddy.guess_mapping(frame).replace(tags=["Remark"])
    return ledger.load(frame, mapping, progress=False, timezone="UTC")


def remark(batch: reddy.Batch) -> object:
    return batch.tags(batch.rows()[0]).loc[1, "value"]


@pytest.mark.parametrize(
    ("asked", "said", "tag", "masked"),
    [
        ("What is your card number?", AS_WORDS, f"ref {CARD} done", "ref [card number] done"),
        ("What is your card number?", AS_WORDS, "ref 4762 1682-7521 7482", "ref [card number]"),
        (
            "What is your card number?",
            "four seven six two one six eight two,\nAgent: yes\nCustomer: seven five two one seven four eight two",
            f"ref {CARD}",
            "ref [card number]",
        ),
        ("What is your password?", "Zebrafalter.", "knows Zebrafalter", "knows [password]"),
        ("What is your password?", "It is marzipan kartoffel.", "said Marzipan-Kartoffel", "said [password]"),
        ("What is your PIN?", "seven seven two one", "he gave 7721", "he gave [PIN or one-time code]"),
    ],
)
def test_it_is_found_and_masked_in_a_tag(
    ledger: reddy.Ledger, asked: str, said: str, tag: str, masked: str
) -> None:
    batch = load(ledger, asked, said, tag)
    batch.apply(MaskPersonalData())
    assert remark(batch) == masked


def test_it_is_masked_before_it_is_sent(
    ledger: reddy.Ledger, client: reddy.Client, sandbox: reddy.Sandbox
) -> None:
    batch = load(ledger, "What is your card number?", AS_WORDS, f"ref {CARD}")
    reddy.submit(batch, client, personal_data="mask", progress=False)
    [sent] = sandbox.payloads
    assert sent["tags"] == [{"key": "Remark", "value": "ref [card number]", "type": "string"}]


@pytest.mark.parametrize(
    ("asked", "said", "tag"),
    [
        ("What is your PIN?", "seven seven two one", "order 77219"),
        ("What is your PIN?", "seven seven two one", "paid 7721.50"),
        ("What is your PIN?", "one nine eight four", "since 1984"),
        ("What is your password?", "Yes.", "said yes twice"),
        ("Which colour?", "Zebrafalter.", "knows Zebrafalter"),
    ],
)
def test_what_only_looks_like_it_stays(ledger: reddy.Ledger, asked: str, said: str, tag: str) -> None:
    batch = load(ledger, asked, said, tag)
    batch.apply(MaskPersonalData(kinds=("card", "pin", "password")))
    assert remark(batch) == tag


def test_only_the_kinds_that_are_masked_are(ledger: reddy.Ledger) -> None:
    batch = load(ledger, "What is your password?", "Zebrafalter.", "knows Zebrafalter")
    batch.apply(MaskPersonalData(kinds=("card",)))
    assert batch.call(batch.rows()[0]).tags == [Tag("Remark", "knows Zebrafalter", "string")]
