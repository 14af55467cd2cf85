"""Review's history: what was changed is listed, undone and done again; tags and text change in many calls at once."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.batches import operations
from reddy_lib.batches.steps import RenameTag, SwapRoles
from tests.screen import in_dialog, opened, words

pytestmark = pytest.mark.usefixtures("pages_on_shared_ledger")


@pytest.fixture
def batch(shared_ledger: reddy.Ledger) -> reddy.Batch:
    frame = pd.DataFrame(
        {
            "conversation_id": [f"c{i}" for i in range(6)],
            "agent_email": ["ann@example.com"] * 6,
            "product_id": [1] * 6,
            "timestamp": [1_700_000_000 + i for i in range(6)],
            "transcript": ["Agent: Helo\nCustomer: I lost my card"] * 6,
            "CSAT": [str(1 + i % 2) for i in range(6)],
        }
    )
    return shared_ledger.load(frame, progress=False)


def history(app: Any, batch: reddy.Batch, *pressed: str) -> Any:
    return in_dialog(app, f"review {batch.id} history", *pressed)


def many(app: Any, batch: reddy.Batch, *pressed: str, **fields: Any) -> Any:
    """One step in the dialog that changes many calls: set fields by their labels, press buttons."""
    for label, value in fields.items():
        kinds = (app.text_input, app.selectbox, app.segmented_control)
        [each for kind in kinds for each in kind if each.label == label.replace("_", " ")][-1].set_value(
            value
        )
    return in_dialog(app, f"review {batch.id} bulk", *pressed)


def tags(batch: reddy.Batch) -> set[tuple[str, Any]]:
    return {(tag.key, tag.value) for call in batch for tag in call.tags or ()}


def test_what_was_changed_is_listed_and_undone(batch: reddy.Batch) -> None:
    app = history(opened("review", batch), batch)
    assert "Nothing was changed yet." in words(app)
    batch.apply(RenameTag(old="CSAT", new="score"), who="ann")
    app = history(opened("review", batch), batch)
    assert "Rename tag CSAT to score in 6 calls" in words(app)
    history(app, batch, "Undo")
    assert {key for key, _ in tags(batch)} == {"CSAT"}
    app = history(opened("review", batch), batch)
    assert "Undo: Rename tag CSAT to score in 6 calls" in words(app)
    history(app, batch, "Redo")
    assert {key for key, _ in tags(batch)} == {"score"}


def test_what_can_no_longer_be_undone_says_why(batch: reddy.Batch) -> None:
    batch.update(2, agent_email="bo@example.com")
    batch.update(2, agent_email="cy@example.com")
    app = history(opened("review", batch), batch)
    [each for each in app.button if each.label == "Undo"][-1].click()
    history(app, batch)
    assert (
        "changed again since (the last time by “Set agent email to cy@example.com”: undo that first)"
        in words(app)
    )
    assert batch.call(2).agent_email == "cy@example.com"


def test_a_stopped_change_goes_on(batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "PIECE", 2)
    batch.apply(SwapRoles(), on_progress=lambda done: done < 2)
    app = history(opened("review", batch), batch)
    assert "stopped: 4 calls left" in words(app)
    history(app, batch, "Continue")
    assert {call.transcript[0].role for call in batch if call.transcript} == {"customer"}


def test_a_tag_is_renamed_set_retyped_and_deleted_in_many_calls(batch: reddy.Batch) -> None:
    app = many(opened("review", batch), batch)
    many(app, batch, What_to_set="Tag")
    many(app, batch, Do_what="Rename")
    many(app, batch, New_name="score")
    assert "This changes 6 of 6 calls." in words(app)
    many(app, batch, "Change 6 calls")
    assert tags(batch) == {("score", 1), ("score", 2)}
    app = many(opened("review", batch), batch)
    many(app, batch, What_to_set="Tag")
    many(app, batch, Where_it_is="2")
    many(app, batch, New_value="3")
    assert "This changes 3 of 6 calls; 3 already have this value." in words(app)
    many(app, batch, "Change 3 calls")
    assert tags(batch) == {("score", 1), ("score", 3)}
    app = many(opened("review", batch), batch)
    many(app, batch, What_to_set="Tag")
    many(app, batch, Do_what="Delete")
    many(app, batch, "Change 6 calls")
    assert tags(batch) == set()


def test_text_is_replaced_in_what_one_side_says(batch: reddy.Batch) -> None:
    app = many(opened("review", batch), batch)
    many(app, batch, What_to_set="Text")
    many(app, batch, Find="Helo", Replace_by="Hello", Said_by="the agent")
    assert "This changes 6 of 6 calls." in words(app)
    many(app, batch, "Change 6 calls")
    assert {call.transcript[0].text for call in batch if call.transcript} == {"Hello"}


def test_a_pattern_that_cannot_be_used_says_so(batch: reddy.Batch) -> None:
    app = many(opened("review", batch), batch)
    many(app, batch, What_to_set="Text")
    [each for each in app.checkbox if each.label == "It is a regular expression"][-1].set_value(True)
    many(app, batch, Find="(")
    assert "cannot be used" in words(app)
