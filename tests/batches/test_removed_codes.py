"""Once a security code or PIN is masked, its digits are nowhere in the ledger; everything else can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.removed_codes import codes_removed, masked_codes
from reddy_lib.database.schema import earlier_payloads
from reddy_lib.errors import CannotUndo
from reddy_lib.model import Call, Tag, TranscriptLine
from tests.conftest import ON_BOTH, on_sqlite_alone
from tests.forgetting.test_forget import left_in

pytestmark = on_sqlite_alone("codes are removed from texts in Python")

PHONE = "0171 4960 123"
CODE = "seven one nine"
TEXT = (
    "Agent: What is the security code on the back?\n"
    f"Customer: it is {CODE} thanks.\n"
    "Agent: And your phone number, please?\n"
    f"Customer: {PHONE}."
)


def loaded(ledger: reddy.Ledger) -> reddy.Batch:
    rows = [
        {
            "agent_email": "ann@example.com",
            "product_id": "1",
            "timestamp": "2026-03-01T10:00:00Z",
            "conversation_id": "conv-1",
            "transcript": TEXT,
            "duration": "719",
        }
    ]
    return ledger.load(rows, progress=False, name="codes")


def mask(batch: reddy.Batch, *kinds: str) -> str:
    return batch.apply(MaskPersonalData(kinds=kinds)).id


@ON_BOTH
def test_the_code_is_in_no_copy(ledger: reddy.Ledger, tmp_path: Path) -> None:
    batch = loaded(ledger)
    [row] = batch.rows()
    batch.change(row, lambda call: with_text(call, 1, f"well, it is {CODE} thanks."))
    ledger_id = int(batch.one(row, sa.literal_column("id")).id)
    with ledger.write() as connection:
        connection.execute(
            earlier_payloads.insert().values(
                call_id=ledger_id, attempt=1, payload=batch.one(row, sa.literal_column("payload")).payload
            )
        )
    assert left_in([CODE], ledger, tmp_path)
    operation = mask(batch, "cvv")
    assert "[security code]" in (batch.call(row).transcript or [])[1].text
    assert codes_removed(batch, operation) == 1
    shown = str(batch.cells(row)) + str(batch.original(row).transcript) + batch.edits(row).to_csv()
    assert CODE not in shown
    assert "[security code]" in str(batch.cells(row))
    assert batch.cells(row)["duration"] in (719, "719")
    assert PHONE in str(batch.cells(row))
    assert PHONE in str(batch.original(row).transcript)
    if not ledger.is_sqlite:
        assert left_in([CODE], ledger, tmp_path) == {}
        return
    ledger.close()  # the file is made whole, as it is after a second without a write
    assert left_in([CODE], ledger, tmp_path) == {}


def with_text(call: Call, line: int, text: str) -> Call:
    changed = call.copy()
    assert changed.transcript is not None
    changed.transcript[line].text = text
    return changed


def test_undo_says_why_it_brings_nothing_back(ledger: reddy.Ledger) -> None:
    batch = loaded(ledger)
    operation = mask(batch, "cvv")
    with pytest.raises(CannotUndo, match=r"1 security code or PIN was removed for good"):
        batch.undo(operation)


@ON_BOTH
def test_undo_restores_all_but_the_code(ledger: reddy.Ledger) -> None:
    batch = loaded(ledger)
    [row] = batch.rows()
    operation = mask(batch, "cvv", "phone")
    lines = [line.text for line in batch.call(row).transcript or []]
    assert lines[1] == "it is [security code] thanks."
    assert PHONE not in lines[3]
    batch.undo(operation)
    lines = [line.text for line in batch.call(row).transcript or []]
    assert lines[1] == "it is [security code] thanks."
    assert PHONE in lines[3]
    assert not any(CODE in str(value) for value in batch.edits(row)["before"])


def test_other_kinds_stay_where_they_were(ledger: reddy.Ledger) -> None:
    batch = loaded(ledger)
    [row] = batch.rows()
    mask(batch, "phone")
    assert PHONE in str(batch.cells(row))
    assert PHONE in batch.edits(row).to_csv()


def test_a_mask_that_a_person_typed_counts_too(ledger: reddy.Ledger) -> None:
    batch = loaded(ledger)
    [row] = batch.rows()
    batch.change(row, lambda call: with_text(call, 1, "it is [security code] thanks."))
    assert CODE not in str(batch.cells(row)) + batch.edits(row).to_csv()


@pytest.mark.parametrize(
    ("before", "after", "codes"),
    [
        ("it is 123 ok", "it is [security code] ok", ["123"]),
        ("123 and 456", "[security code] and [PIN or one-time code]", ["123", "456"]),
        ("123 and 456", "[phone number] and [PIN or one-time code]", ["456"]),
        ("it is 123 ok", "it was [security code]", []),
        ("it is [security code] ok", "it is [security code] ok", []),
        ("it is [security code], PIN 99", "it is [security code], PIN [PIN or one-time code]", ["99"]),
    ],
)
def test_what_was_masked_is_told_from_the_texts(before: str, after: str, codes: list[str]) -> None:
    found = masked_codes(
        Call(transcript=[TranscriptLine("customer", before)]),
        Call(transcript=[TranscriptLine("customer", after)]),
    )
    assert [said for one in found for said, _ in one.codes] == codes
    tags = masked_codes(Call(tags=[Tag("a", before, "string")]), Call(tags=[Tag("a", after, "string")]))
    assert [one.codes for one in tags] == [one.codes for one in found]


def test_the_same_digits_in_other_lines_stay(ledger: reddy.Ledger) -> None:
    text = (
        "Agent: What is the security code on the back?\nCustomer: It is 836.\n"
        "Agent: Thank you. And your order?\nCustomer: My order is 836, from Main Street 836."
    )
    rows = [
        {
            "agent_email": "ann@example.com",
            "product_id": "1",
            "timestamp": "2026-03-01T10:00:00Z",
            "conversation_id": "conv-1",
            "transcript": text,
        }
    ]
    batch = ledger.load(rows, progress=False)
    [row] = batch.rows()
    mask(batch, "cvv")
    for lines in (batch.call(row).transcript, batch.original(row).transcript):
        said = [line.text for line in lines or []]
        assert said[1] == "It is [security code]."
        assert said[3] == "My order is 836, from Main Street 836."
    assert str(batch.cells(row)["transcript"]).count("836") == 2
    batch.revert(row)
    assert [line.text for line in batch.call(row).transcript or []][
        3
    ] == "My order is 836, from Main Street 836."


def test_ordinary_codes_in_tags_are_no_pins(ledger: reddy.Ledger) -> None:
    rows = [
        {
            "agent_email": "ann@example.com",
            "product_id": "1",
            "timestamp": "2026-03-01T10:00:00Z",
            "conversation_id": "conv-1",
            "transcript": "Agent: Hello.\nCustomer: My parcel is late.",
            "Wrap-up code": "836",
            "Postcode": "LS1 4AP",
            "Back office": "112",
        }
    ]
    batch = ledger.load(rows, progress=False)
    mask(batch, "cvv", "pin")
    values = {tag.key: str(tag.value) for tag in batch[batch.rows()[0]].tags or ()}
    assert values["Wrap-up code"] == "836"
    assert not any("[" in value for value in values.values())


@ON_BOTH
def test_a_code_in_the_name_of_a_tag_is_removed_from_the_call_as_it_was_loaded(ledger: reddy.Ledger) -> None:
    before = Call(tags=[Tag("PIN 4471", "yes", "string"), Tag("PIN 9902", "no", "string")])
    after = MaskPersonalData().edited(before)
    mask_of_pin = "[PIN or one-time code]"
    assert [tag.key for tag in after.tags or ()] == [f"PIN {mask_of_pin}", f"PIN {mask_of_pin} (2)"]
    assert [one.codes for one in masked_codes(before, after)] == [
        (("4471", mask_of_pin),), (("9902", mask_of_pin),)
    ]  # fmt: skip
    rows = [
        {
            "agent_email": "ann@example.com",
            "product_id": "1",
            "timestamp": "2026-03-01T10:00:00Z",
            "conversation_id": "conv-1",
            "transcript": "Agent: Hello.\nCustomer: My parcel is late.",
            "PIN 4471": "yes",
        }
    ]
    batch = ledger.load(rows, progress=False)
    [row] = batch.rows()
    mask(batch, "pin")
    for call in (batch.call(row), batch.original(row)):
        assert [tag.key for tag in call.tags or ()][-1] == f"PIN {mask_of_pin}"
