"""Recipes: what was done to one month's export is done to the next one, and what does not apply is told."""

from __future__ import annotations

import msgspec
import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.batches import recipes
from reddy_lib.batches.recipes import Recipe, apply_recipe, columns_of, keep_recipe, recipe_of, recipes_for
from reddy_lib.batches.steps import DropTag, EditCall, RenameTag, Replace, SetField, SwapRoles
from reddy_lib.errors import MappingError, NotInLedger
from reddy_lib.model import payload_json


def month(number: int, *, calls: int = 8) -> pd.DataFrame:
    """A month's export. The call "standing" is in each of them."""
    ids = ["standing", *(f"{number}-{i}" for i in range(1, calls))]
    return pd.DataFrame(
        {
            "conversation_id": ids,
            "agent_email": [f"agent{i % 3}@old.example" for i in range(calls)],
            "product_id": [1 + i % 2 for i in range(calls)],
            "timestamp": [1_700_000_000 + 1_000_000 * number + 60 * i for i in range(calls)],
            "transcript": ["Agent: Helo, how can I help?\nCustomer: I lost my card"] * calls,
            "CSAT": [str(1 + i % 5) for i in range(calls)],
        }
    )


def payloads(batch: reddy.Batch) -> list[bytes]:
    return [payload_json(call) for call in batch]


def work_on(batch: reddy.Batch) -> None:
    """What an analyst does to a month by hand."""
    batch.apply(Replace(find="Helo", by="Hello"))
    batch.apply(Replace(find="@old.example", by="@new.example", within="agent_email"))
    batch.rename_tag("CSAT", "csat")
    batch.apply(SetField(field="product_id", value=7, only=2))
    call = batch.call(2)
    assert call.transcript is not None
    call.transcript[1].text = "I found my card"
    batch.replace(2, call)


@pytest.fixture
def march(ledger: reddy.Ledger) -> reddy.Batch:
    batch = ledger.load(month(3), progress=False)
    work_on(batch)
    return batch


def test_a_recipe_makes_the_next_month_what_work_by_hand_makes_it(
    ledger: reddy.Ledger, march: reddy.Batch
) -> None:
    by_hand = ledger.load(month(4), progress=False)
    work_on(by_hand)
    by_recipe = ledger.load(month(4), progress=False)
    done = apply_recipe(by_recipe, recipe_of(march))
    assert payloads(by_recipe) == payloads(by_hand)
    assert [one.changed for one in done] == [8, 8, 8, 4, 1]
    assert not any(one.why for one in done)


def test_each_step_is_an_operation_that_can_be_undone(ledger: reddy.Ledger, march: reddy.Batch) -> None:
    april = ledger.load(month(4), progress=False)
    before = payloads(april)
    apply_recipe(april, recipe_of(march), who="ann")
    for number in april.operations().index:
        april.undo(int(number))
    assert payloads(april) == before


def test_what_was_undone_is_no_step(march: reddy.Batch) -> None:
    march.undo(3)
    assert not any(isinstance(step, RenameTag) for step in recipe_of(march).steps)


def test_a_step_that_does_not_apply_says_why_and_the_rest_goes_on(
    ledger: reddy.Ledger, march: reddy.Batch
) -> None:
    april = ledger.load(month(4).drop(columns="CSAT").query("conversation_id != 'standing'"), progress=False)
    done = apply_recipe(april, recipe_of(march))
    assert [bool(one.why) for one in done] == [False, False, True, False, True]
    assert str(done[2]) == (
        "Rename tag CSAT to csat: does not apply, because no call has the tag CSAT without having csat as well"
    )
    assert "no call standing" in done[4].why


def test_it_can_stop_where_a_step_does_not_apply_and_steps_can_be_skipped(
    ledger: reddy.Ledger, march: reddy.Batch
) -> None:
    april = ledger.load(month(4).drop(columns="CSAT"), progress=False)
    assert len(apply_recipe(april, recipe_of(march), on_problem="stop", skip=[0])) == 2
    assert "Helo" in str(april.call(2).transcript)


def test_functions_are_named_as_left_out(march: reddy.Batch) -> None:
    march.update([2, 3], agent_email="a@new.example", filename="a.wav")
    assert recipe_of(march).left_out == ["Set agent email to a@new.example · Set file name to a.wav"]


def test_a_recipe_is_kept_for_sheets_with_the_same_columns(ledger: reddy.Ledger, march: reddy.Batch) -> None:
    kept = keep_recipe(ledger, recipe_of(march, "March"), who="ann")
    assert columns_of(march) == list(month(3).columns)
    (found,) = recipes_for(ledger, reversed(columns_of(march)))
    assert (found.name, found.steps, found.who) == ("March", kept.steps, "ann")
    assert recipes_for(ledger, ["another column"]) == []
    newer = keep_recipe(ledger, msgspec.structs.replace(kept, steps=[SwapRoles()]))
    assert [one.steps for one in recipes_for(ledger)] == [[SwapRoles()]]
    recipes.retire_recipe(ledger, newer)
    assert recipes_for(ledger) == []
    with pytest.raises(NotInLedger, match="has no recipe"):
        recipes.retire_recipe(ledger, Recipe(name="x", columns=[], steps=[SwapRoles()], id="nowhere"))


def test_a_recipe_needs_a_name_and_a_step(ledger: reddy.Ledger) -> None:
    with pytest.raises(MappingError, match="a name and a step"):
        keep_recipe(ledger, Recipe(name=" ", columns=[], steps=[SwapRoles()]))
    with pytest.raises(MappingError, match="a name and a step"):
        keep_recipe(ledger, Recipe(name="empty", columns=[], steps=[]))


def test_a_file_of_a_recipe_is_read_back(march: reddy.Batch) -> None:
    recipe = recipe_of(march, "March")
    read = Recipe.from_file(recipe.to_file())
    assert (read.name, read.columns, read.steps) == (recipe.name, recipe.columns, recipe.steps)
    assert isinstance(read.steps[-1], EditCall)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a recipe"),
        (b"\xff\xfe", "not a recipe"),
        (b'{"kind": "another"}', "not a recipe"),
        (b'{"kind": "reddy-workbench recipe", "version": 1, "name": "x", "columns": []}', "damaged"),
        (
            b'{"kind": "reddy-workbench recipe", "version": 9, "name": "x", "columns": [], "steps": [{"step": "new"}]}',
            "newer version",
        ),
    ],
)
def test_a_file_that_is_no_recipe_says_what_to_do(content: bytes, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        Recipe.from_file(content)


def test_steps_are_data_that_refuse_what_they_do_not_know() -> None:
    with pytest.raises(MappingError, match="damaged"):
        Recipe.from_file(
            Recipe(name="x", columns=["a"], steps=[DropTag(key="k")]).to_file().replace(b'"key"', b'"kez"')
        )
