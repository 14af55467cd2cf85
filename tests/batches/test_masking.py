"""Masking personal data in words and tags: it is gone from the payload, the turns stay, and undo restores it."""

from __future__ import annotations

import gc
from collections import Counter

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.batches import personal_looks
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.personal_looks import personal_data_of
from reddy_lib.batches.steps import SetTag, read_step, step_json
from reddy_lib.model import payload_json
from tests.conftest import ON_BOTH, on_sqlite_alone

pytestmark = on_sqlite_alone("what is masked is found in Python")

SAID = (
    "Agent: Could I have the card number?\n"
    "Customer: It is 4111 1111 1111 1111.\n"
    "Agent: And the security code?\n"
    "Customer: 836\n"
    "Agent: Your order number is 4711 8823."
)


@pytest.fixture
def batch(ledger: reddy.Ledger) -> reddy.Batch:
    frame = pd.DataFrame(
        {
            "conversation_id": ["c1", "c2"],
            "agent_email": ["ann@example.com"] * 2,
            "product_id": [1, 1],
            "timestamp": [1_700_000_000, 1_700_000_600],
            "transcript": [SAID, "Agent: Hello\nCustomer: My order is 4711 8823, where is it?"],
            "Queue": ["Cards", "Loans"],
        }
    )
    batch = ledger.load(frame, progress=False)
    batch.apply(SetTag(key="Card number", value="4111 1111 1111 1111"), batch.rows()[:1])
    return batch


def words(batch: reddy.Batch, row: int) -> list[str]:
    return [line.text for line in batch.call(row).transcript or ()]


def test_what_is_masked_is_in_no_payload_and_the_turns_stay(batch: reddy.Batch) -> None:
    row, other = batch.rows()
    before = payload_json(batch.call(other))
    times = [(line.role, line.start, line.stop) for line in batch.call(row).transcript or ()]
    done = batch.apply(MaskPersonalData(), who="ann")
    assert done.changed == 1
    sent = payload_json(batch.call(row)).decode()
    assert "1111" not in sent
    assert "836" not in sent
    assert words(batch, row)[1] == "It is [card number]."
    assert words(batch, row)[3] == "[security code]"
    assert words(batch, row)[4] == "Your order number is 4711 8823."
    assert [(line.role, line.start, line.stop) for line in batch.call(row).transcript or ()] == times
    assert {tag.key: tag.value for tag in batch.call(row).tags or ()}["Card number"] == "[card number]"
    assert payload_json(batch.call(other)) == before


def test_one_kind_alone_is_masked_and_undo_brings_it_back(batch: reddy.Batch) -> None:
    row = batch.rows()[0]
    before = payload_json(batch.call(row))
    done = batch.apply(MaskPersonalData(kinds=("card",)))
    assert words(batch, row)[1] == "It is [card number]."
    assert "836" in words(batch, row)[3]
    batch.undo(done)
    assert payload_json(batch.call(row)) == before


def test_masking_again_changes_nothing(batch: reddy.Batch) -> None:
    batch.apply(MaskPersonalData())
    assert batch.apply(MaskPersonalData()).changed == 0


@ON_BOTH
def test_the_name_of_a_tag_is_masked_too_and_no_tag_is_lost(batch: reddy.Batch) -> None:
    _, other = batch.rows()
    names = ("card 4111 1111 1111 1111", "card 5555 5555 5555 4444", "Last visit 2026")
    for name in names:
        batch.apply(SetTag(key=name, value="yes"), [other])
    assert personal_data_of(batch, [other]).items == {"card": 2}
    done = batch.apply(MaskPersonalData(), [other])
    keys = [tag.key for tag in batch.call(other).tags or ()]
    assert keys[-3:] == ["card [card number]", "card [card number] (2)", "Last visit 2026"]
    assert [tag.value for tag in batch.call(other).tags or ()][-3:] == ["yes"] * 3
    assert "1111" not in payload_json(batch.call(other)).decode()
    assert personal_data_of(batch, [other]).kinds == []
    assert personal_data_of(batch, [other]).masked == {"card": 2}
    assert batch.apply(MaskPersonalData(), [other]).changed == 0
    batch.undo(done)
    assert [tag.key for tag in batch.call(other).tags or ()][-3:] == list(names)


@ON_BOTH
def test_what_calls_hold_is_counted_by_kind_without_their_words(batch: reddy.Batch) -> None:
    found = personal_data_of(batch)
    assert found.calls == 2
    assert found.rows["card"] == found.rows["cvv"] == [batch.rows()[0]]
    assert found.items["cvv"] == 1
    assert found.items["card"] >= 2, "the words and the tag"
    assert "1111" not in repr(found)
    batch.apply(MaskPersonalData())
    assert personal_data_of(batch).kinds == []


def test_the_step_is_kept_as_data_and_an_unknown_kind_is_refused() -> None:
    step = MaskPersonalData(kinds=("card", "cvv"))
    assert read_step(step_json(step)) == step
    assert step.title() == "Mask card number, security code"
    with pytest.raises(ValueError, match="no kind"):
        MaskPersonalData(kinds=("shoe size",))


@ON_BOTH
def test_looking_through_searches_for_no_reference_cycles(
    batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches: list[bool] = []
    counted = personal_looks.kinds_of

    def kinds_of(call: reddy.Call) -> Counter[str]:
        searches.append(gc.isenabled())
        return counted(call)

    monkeypatch.setattr(personal_looks, "kinds_of", kinds_of)
    personal_data_of(batch)
    assert searches == [False, False]
    assert gc.isenabled()
    monkeypatch.setattr(personal_looks, "kinds_of", lambda call: 1 / 0)
    batch.apply(SetTag(key="Again", value="yes"))
    with pytest.raises(ZeroDivisionError):
        personal_data_of(batch)
    assert gc.isenabled(), "also after an error"
