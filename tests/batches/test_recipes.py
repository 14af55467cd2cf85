"""Recipes: what was done to one month's export is done to the next one, and what does not apply is told."""

from __future__ import annotations

import msgspec
import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.batches import operations, recipes
from reddy_lib.batches.recipes import (
    Recipe,
    apply_recipe,
    columns_of,
    keep_recipe,
    plan,
    recipe_of,
    recipes_for,
)
from reddy_lib.batches.steps import (
    CopyColumn,
    DropTag,
    EditCall,
    FixValue,
    MergeValues,
    OnlyWhere,
    RenameTag,
    Replace,
    SetField,
    SetTag,
    ShiftTimes,
    SwapRoles,
    Tidy,
    Value,
)
from reddy_lib.errors import MappingError, NotInLedger
from reddy_lib.model import Tag, payload_json
from tests.conftest import ON_BOTH, on_sqlite_alone

pytestmark = on_sqlite_alone(
    "a recipe is applied in Python; the edits that it makes are those of other tests"
)


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


@ON_BOTH
def test_each_step_is_an_operation_that_can_be_undone(ledger: reddy.Ledger, march: reddy.Batch) -> None:
    april = ledger.load(month(4), progress=False)
    before = payloads(april)
    apply_recipe(april, recipe_of(march), who="ann")
    for number in april.operations().index:
        april.undo(int(number))
    assert payloads(april) == before


@ON_BOTH
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


@ON_BOTH
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


# --- a month of real trouble, fixed by problems and facets, then the next one by the recipe --------------------------

PRODUCTS = [
    {"id": 1, "name": "Cards", "status": "active"},
    {"id": 4, "name": "Technical Support", "status": "active"},
]


def export(number: int, *, calls: int = 30) -> pd.DataFrame:
    """A month's export with a product misspelt, agents with spaces in their address, and untidy queues."""
    queues = ["Cards", "cards", "Cards hotline", " Loans "]
    return pd.DataFrame(
        {
            "conversation_id": [f"{number}-{i}" for i in range(calls)],
            "agent_email": [f"agent{i % 7}@old.example" for i in range(calls)],
            "product": [["Cards", "Technical Supprt", "technical support"][i % 3] for i in range(calls)],
            "timestamp": [1_700_000_000 + 1_000_000 * number + 60 * i for i in range(calls)],
            "transcript": [
                f"Agent: Helo {i}, how can I help?\nCustomer: I lost card {i}" for i in range(calls)
            ],
            "Queue": [queues[i % 4] for i in range(calls)],
            "Team": ["blue", "red"] * (calls // 2),
        }
    )


def fix(batch: reddy.Batch) -> None:
    """What an analyst does with problems, facets and clusters."""
    for problem in batch.problems():
        if problem.proposal is not None:
            batch.apply(problem.proposal.step, problem.rows)
    for cluster in batch.clusters("tag:Queue"):
        assert cluster.step is not None
        batch.apply(cluster.step)
    batch.apply(MergeValues(source="tag:Queue", values=("Cards hotline",), value="Cards"))
    batch.apply(Tidy(source="tag:Queue"))
    batch.apply(Replace(find="@old.example", by="@new.example", within="agent_email"))
    batch.apply(CopyColumn(column="Team", to="tag:Group"))
    batch.apply(OnlyWhere(source="column:Team", values=("red",), then=SetTag(key="Region", value="north")))
    batch.apply(ShiftTimes(seconds=-3600))


def test_the_next_month_is_what_work_by_hand_makes_it_to_the_byte(shared_ledger: reddy.Ledger) -> None:
    march = shared_ledger.load(export(3), progress=False, products=PRODUCTS)
    fix(march)
    recipe = Recipe.from_file(recipe_of(march, "March").to_file())
    assert recipe_of(march).left_out == []
    by_hand = shared_ledger.load(export(4), progress=False, products=PRODUCTS)
    fix(by_hand)
    by_recipe = shared_ledger.load(export(4), progress=False, products=PRODUCTS)
    planned = plan(by_recipe, recipe)
    done = apply_recipe(by_recipe, recipe)
    assert payloads(by_recipe) == payloads(by_hand)
    assert by_recipe.counts() == by_hand.counts()
    assert [(one.matched, one.changed, one.why) for one in planned] == [
        (one.matched, one.changed, one.why) for one in done
    ]
    assert not any(one.why for one in done)


def test_what_was_done_to_chosen_calls_is_not_done_to_all_of_the_next_month(
    shared_ledger: reddy.Ledger,
) -> None:
    march = shared_ledger.load(month(3), progress=False)
    chosen = march.rows()[:3]
    march.apply(SetField(field="agent_email", value="ann@new.example"), chosen)
    march.apply(SwapRoles(), chosen)
    steps = recipe_of(march).steps
    assert [type(step) for step in steps] == [OnlyWhere, OnlyWhere]
    april = shared_ledger.load(month(4), progress=False)
    before = payloads(april)
    assert [one.changed for one in apply_recipe(april, recipe_of(march))] == [1, 1]  # "standing" is in both
    assert payloads(april)[1:] == before[1:]


def test_more_chosen_calls_than_a_recipe_names_are_left_out(
    shared_ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipes, "MOST_CALLS", 2)
    march = shared_ledger.load(month(3), progress=False)
    march.apply(SwapRoles(), march.rows()[:3])
    assert recipe_of(march).left_out == ["Swap agent and customer"]


def test_a_recipe_that_is_applied_twice_shifts_nothing_twice(shared_ledger: reddy.Ledger) -> None:
    batch = shared_ledger.load(month(5), progress=False)
    recipe = Recipe(
        name="x", columns=[], steps=[ShiftTimes(seconds=60), RenameTag(old="CSAT", new="csat"), SwapRoles()]
    )
    apply_recipe(batch, recipe)
    once = payloads(batch)
    again = apply_recipe(batch, recipe)
    assert payloads(batch) == once
    assert [one.why.startswith("it was applied before") for one in again] == [True, False, True]
    batch.undo(1)
    assert apply_recipe(batch, recipe)[0].changed == 8  # undone, so it does not stand


def test_a_recipe_that_was_interrupted_goes_on_where_it_stopped(
    shared_ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "PIECE", 3)
    whole = shared_ledger.load(month(6), progress=False)
    recipe = Recipe(name="x", columns=[], steps=[ShiftTimes(seconds=60), SwapRoles()])
    apply_recipe(whole, recipe)
    batch = shared_ledger.load(month(6), progress=False)
    batch.apply(ShiftTimes(seconds=60), on_progress=lambda done: False)
    apply_recipe(batch, recipe)
    assert payloads(batch) == payloads(whole)


def test_a_step_that_matches_but_changes_nothing_says_so(shared_ledger: reddy.Ledger) -> None:
    batch = shared_ledger.load(month(7), progress=False)
    step = SetField(field="product_id", value=1)
    batch.apply(step)
    (one,) = apply_recipe(batch, Recipe(name="x", columns=[], steps=[step]))
    assert (one.matched, one.changed, one.why) == (8, 0, "8 calls match, and have this already")


def test_a_recipe_of_another_export_says_for_each_step_why_it_does_not_apply(
    shared_ledger: reddy.Ledger,
) -> None:
    german = month(8).rename(columns={"CSAT": "Zufriedenheit"})
    batch = shared_ledger.load(german, progress=False, products=PRODUCTS)
    before = payloads(batch)
    steps = [
        MergeValues(source="tag:Queue", values=("Cards hotline",), value="Cards"),
        CopyColumn(column="Team", to="tag:Group"),
        FixValue(code="product-unknown", found="Supprt", field="product_id", value=4),
        SetField(field="product_id", value="Loans", only=99),
        OnlyWhere(source="tag:Queue", values=("Cards",), then=SwapRoles()),
    ]
    done = apply_recipe(batch, Recipe(name="x", columns=[], steps=steps))
    assert [one.why for one in done] == [
        "no call has the tag Queue “Cards hotline”",
        "the sheet has no column Team with a value for tag Group, or each call has one",
        "no finding is about “Supprt”",
        "in Reddy's list no product is called 'Loans'. Choose one of the list by its id",
        "no call is where tag Queue is “Cards”, or no call needs it",
    ]
    assert payloads(batch) == before


def test_an_edit_of_one_call_goes_by_the_name_of_the_tag_not_by_its_number(
    shared_ledger: reddy.Ledger,
) -> None:
    march = shared_ledger.load(month(3), progress=False)
    march.change(
        2, lambda call: msgspec.structs.replace(call, tags=[Tag("a", "x", "string"), Tag("b", "x", "string")])
    )
    march.change(
        2, lambda call: msgspec.structs.replace(call, tags=[Tag("a", "x", "string"), Tag("b", "y", "string")])
    )
    edit = recipe_of(march).steps[-1]
    assert isinstance(edit, EditCall)
    assert edit.values == (Value("tags[2].value", "x", "y", "b"),)
    other = march.call(2)
    other.tags = [Tag("b", "x", "string"), Tag("a", "x", "string")]  # the columns stand in another order
    assert edit.edited(other) == other


def test_recipes_that_fit_are_offered_until_they_are_done(shared_ledger: reddy.Ledger) -> None:
    frame = month(9).assign(Only="here")
    march = shared_ledger.load(frame, progress=False)
    march.apply(RenameTag(old="CSAT", new="csat"))
    keep_recipe(shared_ledger, recipe_of(march, "September"))
    april = shared_ledger.load(frame.assign(conversation_id=[f"z{i}" for i in range(8)]), progress=False)
    (found,) = april.recipes()
    assert (found.recipe.name, found.done) == ("September", False)
    apply_recipe(april, found.recipe)
    assert [one.done for one in april.recipes()] == [True]
    assert [one.done for one in march.recipes()] == [True]
    assert shared_ledger.load(month(9), progress=False).recipes() == []


HEAD = b'{"kind": "reddy-workbench recipe", "version": 1, "name": "x", "columns": [], "steps": '


@pytest.mark.parametrize(
    "steps",
    [
        b'[{"step": "set-field", "field": "product_id", "value": 1.5}]',
        b'[{"step": "set-field", "field": "transcript", "value": "x"}]',
        b'[{"step": "shift-times", "seconds": 1e300}]',
        b'[{"step": "scale-times", "factor": 0}]',
        b'[{"step": "replace", "find": "(a+)+$", "pattern": true}]',
        b'[{"step": "merge-values", "source": "column:x", "values": ["a"], "value": "b"}]',
        b'[{"step": "merge-values", "source": "product_id", "values": ["a"], "value": -5}]',
        b'[{"step": "repair", "code": "no-such-code"}]',
        b'[{"step": "edit-call", "conversation_id": "x", "values": [["__class__", null, 1]]}]',
        b'[{"step": "set-tag", "key": "k", "value": 1, "type": "float"}]',
        b'[{"step": "only-where", "source": "tag:a", "values": [], "then": {"step": "only-where", "source": "tag:a", '
        b'"values": [], "then": {"step": "swap-roles"}}}]',
        b"[" * 100_000,
    ],
)
def test_a_hostile_file_is_refused_before_anything_is_done(steps: bytes) -> None:
    with pytest.raises(MappingError):
        Recipe.from_file(HEAD + steps + b"}")


def test_an_edit_from_a_file_that_no_call_can_hold_changes_nothing(shared_ledger: reddy.Ledger) -> None:
    batch = shared_ledger.load(month(3), progress=False)
    bad = EditCall(
        conversation_id="standing",
        values=(Value("transcript", None, 5), Value("tags[1].value", "1", {"a": 1})),
    )
    (one,) = apply_recipe(batch, Recipe(name="x", columns=[], steps=[bad]))
    assert (one.matched, one.changed) == (1, 0)
    assert len(list(batch)) == 8
