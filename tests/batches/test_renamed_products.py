"""A batch that is checked with another product list: an id that means another product there holds its calls."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.batches.named_products import named, resolved
from reddy_lib.batches.recipes import apply_recipe, fitting, keep_recipe, recipe_of
from reddy_lib.batches.steps import CopyColumn, MapValues, MergeValues, SetField
from reddy_lib.errors import SubmissionError
from reddy_lib.sending import submission
from reddy_lib.sending.submission import create, sendable

SANDBOX = [
    {"id": 1, "name": "Cards", "status": "active"},
    {"id": 2, "name": "Loans", "status": "active"},
    {"id": 3, "name": "Retention", "status": "active"},
]
REDDY = [
    {"id": 1, "name": "CARDS", "status": "active"},
    {"id": 2, "name": "Complaints", "status": "active"},
    {"id": 8, "name": "Loans", "status": "active"},
]


def sheet(products: list[str]) -> pd.DataFrame:
    count = len(products)
    return pd.DataFrame(
        {
            "conversation_id": [f"c-{number}" for number in range(count)],
            "agent_email": ["ann@new.example"] * count,
            "product": products,
            "timestamp": [1_700_000_000 + 60 * number for number in range(count)],
            "transcript": [
                f"Agent: Hello {number}\nCustomer: I lost card {number}" for number in range(count)
            ],
        }
    )


@pytest.fixture
def batch(ledger: reddy.Ledger) -> reddy.Batch:
    names = ["Cards", "Loans", "Loans", "Retention"]
    loaded = ledger.load(sheet(names), progress=False, products=SANDBOX)
    loaded.recheck(REDDY)
    return loaded


def codes(batch: reddy.Batch, row: int) -> list[str]:
    return [found.code for found in batch.findings_of(row) if found.severity == "error"]


def test_an_id_with_another_name_holds_the_call_and_one_with_the_same_name_does_not(
    batch: reddy.Batch,
) -> None:
    first, *others = batch.rows()
    assert batch.info(first)["status"] == "ready"
    assert [batch.info(row)["status"] for row in others] == ["held"] * 3
    assert [codes(batch, row) for row in others] == [["product-renamed"]] * 3
    assert batch.findings_of(others[0])[0].message == (
        "Product 2 was “Loans” in the list that this call was checked against before. "
        "In this list, product 2 is “Complaints”."
    )
    assert "In this list, there is no product 3." in batch.findings_of(others[-1])[0].message


def test_the_product_of_the_same_name_is_proposed_and_fixes_all_its_calls(batch: reddy.Batch) -> None:
    problems = {one.value: one for one in batch.problems() if one.code == "product-renamed"}
    loans = problems["Loans · 2"]
    assert loans.calls == 2
    assert loans.proposal is not None
    assert loans.proposal.shown == "Loans · 8"
    assert problems["Retention · 3"].proposal is None
    operation = batch.apply(loans.proposal.step, loans.rows)
    assert {batch.call(row).product_id for row in loans.rows} == {8}
    assert {batch.info(row)["status"] for row in loans.rows} == {"ready"}
    batch.recheck(REDDY)
    assert {batch.info(row)["status"] for row in loans.rows} == {"ready"}
    batch.undo(operation)
    assert {batch.info(row)["status"] for row in loans.rows} == {"held"}


def test_accepting_it_counts_for_this_list_alone(batch: reddy.Batch) -> None:
    row = batch.rows()[1]
    batch.accept(row, "product-renamed", who="ann")
    assert batch.info(row)["status"] == "ready"
    batch.recheck(REDDY)
    assert batch.info(row)["status"] == "ready"
    batch.recheck([{"id": 2, "name": "Mortgages", "status": "active"}])
    assert codes(batch, row) == ["product-renamed"]


def test_an_id_that_no_list_has_cannot_be_accepted_into_being(batch: reddy.Batch) -> None:
    row = batch.rows()[-1]
    batch.accept(row, "product-renamed", who="ann")
    assert codes(batch, row) == ["product-unknown"]


def test_going_back_to_the_first_list_releases_what_was_not_changed(batch: reddy.Batch) -> None:
    batch.recheck(SANDBOX)
    assert batch.counts()["held"] == 0


def test_a_product_that_was_chosen_afterwards_counts_like_one_of_the_sheet(ledger: reddy.Ledger) -> None:
    batch = ledger.load(sheet(["Cards", "Lones"]), progress=False, products=SANDBOX)
    row = batch.rows()[1]
    batch.update(row, product_id=2)
    assert batch.info(row)["status"] == "ready"
    batch.recheck(REDDY)
    assert codes(batch, row) == ["product-renamed"]


def test_an_id_of_the_sheet_itself_is_no_choice_from_a_list(ledger: reddy.Ledger) -> None:
    batch = ledger.load(sheet(["1", "2", "2"]), progress=False, products=SANDBOX)
    batch.recheck(REDDY)
    assert batch.counts()["held"] == 0


def test_a_list_that_another_tab_has_checked_with_meanwhile_is_the_one_before(ledger: reddy.Ledger) -> None:
    mine = ledger.load(sheet(["Cards", "Loans"]), progress=False, products=SANDBOX)
    other = ledger.batch(mine.id)
    other.recheck(REDDY)
    other.update(other.rows()[1], product_id=8)
    mine.recheck(REDDY)
    assert mine.counts()["held"] == 0


def test_a_recipe_names_its_products_and_finds_them_in_another_list(ledger: reddy.Ledger) -> None:
    march = ledger.load(sheet(["Cards", "Lones"]), progress=False, products=SANDBOX)
    lones = next(one for one in march.problems() if one.value == "Lones")
    march.apply(lones.fix_with("Loans"), lones.rows)
    recipe = recipe_of(march)
    assert [step.title() for step in recipe.steps] == ["Read “Lones” as product Loans"]
    april = ledger.load(sheet(["Lones", "Cards"]), progress=False, products=REDDY)
    apply_recipe(april, recipe)
    assert [april.call(row).product_id for row in april.rows()] == [8, 1]
    keep_recipe(ledger, recipe)
    assert [one.done for one in fitting(march)] == [True]


def test_a_step_keeps_an_id_that_has_no_name_of_its_own() -> None:
    twins = [{"id": 4, "name": "Cards"}, {"id": 5, "name": "cards"}, {"id": 6, "name": "77"}]
    for number in (4, 5, 6, 9):
        step = SetField(field="product_id", value=number)
        assert named(step, twins) == named(step, None) == step
    merge = MergeValues(source="product_id", values=("2",), value=2)
    several = MapValues(source="product_id", becomes={"1": 2, "3": 9})
    assert named(merge, SANDBOX) == MergeValues(source="product_id", values=("2",), value="Loans")
    assert named(several, SANDBOX) == MapValues(source="product_id", becomes={"1": "Loans", "3": 9})
    assert resolved(named(several, SANDBOX), SANDBOX) == several
    copied = CopyColumn(column="product", to="product_id")
    assert named(resolved(copied, SANDBOX), SANDBOX) == copied


def test_a_call_that_waited_while_the_list_changed_is_held_once_it_can_be_sent_again(
    ledger: reddy.Ledger,
) -> None:
    loaded = ledger.load(sheet(["Loans", "Cards"]), progress=False, products=SANDBOX)
    first, second = loaded.rows()
    waiting = create(ledger, loaded.id, address="sandbox", token_source="typed")
    loaded.recheck(REDDY)
    assert not codes(loaded, first)  # it goes where it was to go
    waiting.cancel()
    again = create(ledger, loaded.id, address="https://a.example", token_source="typed")
    assert again.counts()["queued"] == 1
    assert loaded.info(second)["status"] == "queued"
    assert codes(loaded, first) == ["product-renamed"]
    with pytest.raises(SubmissionError, match="held by a finding"):
        create(ledger, loaded.id, address="https://a.example", token_source="typed", rows=[first])
    loaded.accept([first], "product-renamed", who="ann")
    create(ledger, loaded.id, address="https://a.example", token_source="typed", rows=[first])
    assert loaded.info(first)["status"] == "queued"


def test_a_submission_of_such_calls_alone_says_why_nothing_is_sent(ledger: reddy.Ledger) -> None:
    loaded = ledger.load(sheet(["Loans"]), progress=False, products=SANDBOX)
    waiting = create(ledger, loaded.id, address="sandbox", token_source="typed")
    loaded.recheck(REDDY)
    waiting.cancel()
    with pytest.raises(SubmissionError, match="the id of their product has another name"):
        create(ledger, loaded.id, address="https://a.example", token_source="typed")


def test_a_product_that_was_put_right_is_sent(batch: reddy.Batch, ledger: reddy.Ledger) -> None:
    loans = next(one for one in batch.problems() if one.value == "Loans · 2")
    assert loans.proposal is not None
    operation = batch.apply(loans.proposal.step, loans.rows)
    sent = create(ledger, batch.id, address="https://a.example", token_source="typed", rows=loans.rows)
    assert sent.counts()["queued"] == 2
    sent.cancel()
    batch.undo(operation)
    assert [codes(batch, row) for row in loans.rows] == [["product-renamed"]] * 2


def test_a_call_is_held_by_the_finding_of_its_product_and_keeps_the_others(ledger: reddy.Ledger) -> None:
    loaded = ledger.load(sheet(["Loans", "Cards"]), progress=False, products=SANDBOX)
    row = loaded.rows()[0]
    loaded.recheck(REDDY)
    loaded.update(row, product_id=8)
    waiting = create(ledger, loaded.id, address="sandbox", token_source="typed")
    loaded.recheck(
        [{"id": 1, "name": "Cards", "status": "active"}, {"id": 8, "name": "Fees", "status": "active"}]
    )
    waiting.cancel()
    again = create(ledger, loaded.id, address="https://a.example", token_source="typed")
    assert again.counts()["queued"] == 1
    assert [one.value for one in loaded.findings_of(row) if one.severity == "error"] == ["Loans · 8"]
    loaded.update(row, product_id=2)
    assert codes(loaded, row) == ["product-renamed"]


def test_a_list_that_changes_while_a_submission_is_created_holds_its_calls(
    ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = ledger.load(sheet(["Loans", "Cards"]), progress=False, products=SANDBOX)
    waiting = create(ledger, loaded.id, address="sandbox", token_source="typed")
    waiting_rows = loaded.rows()

    def meanwhile(*args: Any) -> bool:
        ledger.batch(loaded.id).recheck(REDDY)
        waiting.cancel()
        return False

    monkeypatch.setattr(submission, "begins_beside_another", meanwhile)
    waiting.pause()
    monkeypatch.setattr(submission, "sendable", lambda batch_id, rows: sendable(batch_id, waiting_rows))
    again = create(ledger, loaded.id, address="https://a.example", token_source="typed")
    assert again.counts()["queued"] == 1
    assert codes(loaded, waiting_rows[0]) == ["product-renamed"]


def test_a_notebook_is_told_which_calls_were_held_for_their_product(
    ledger: reddy.Ledger, client: reddy.Client
) -> None:
    listed = client.list_products()
    before = [{"id": listed[0]["id"], "name": "Fees", "status": "active"}, *map(dict, listed[1:])]
    loaded = ledger.load(sheet(["Fees", "?"]), progress=False, products=before)
    loaded.update(loaded.rows()[1], product_id=listed[1]["id"])
    waiting = create(ledger, loaded.id, address="https://a.example", token_source="typed")
    loaded.recheck(listed)
    waiting.cancel()
    with pytest.warns(
        UserWarning, match="Not sent: row 2. In the current product list, the id of their product"
    ):
        sent = reddy.submit(loaded, client, personal_data="allow", progress=False)
    assert sent.counts()["accepted"] == 1


def test_a_check_without_a_list_releases_and_forgets_nothing(ledger: reddy.Ledger) -> None:
    loaded = ledger.load(sheet(["Loans", "Lones", "Cards"]), progress=False, products=SANDBOX)
    loans, chosen, cards = loaded.rows()
    loaded.update(chosen, product_id=3)
    loaded.recheck(None)
    assert loaded.counts()["held"] == 0
    ledger.batch(loaded.id).recheck(REDDY)
    assert [codes(loaded, row) for row in (loans, chosen, cards)] == [
        ["product-renamed"],
        ["product-renamed"],
        [],
    ]
    ledger.batch(loaded.id).recheck(None)
    assert codes(loaded, loans) == ["product-renamed"]


def test_a_mapping_with_names_tells_its_products_also_where_no_list_was_known(ledger: reddy.Ledger) -> None:
    kept = ledger.load(sheet(["Cards", "Loans"]), progress=False, products=SANDBOX).mapping
    loaded = ledger.load(sheet(["Cards", "Loans"]), kept, progress=False)
    assert [loaded.call(row).product_id for row in loaded.rows()] == [1, 2]
    loaded.recheck(REDDY)
    assert [codes(loaded, row) for row in loaded.rows()] == [[], ["product-renamed"]]


def test_a_long_name_keeps_its_id(ledger: reddy.Ledger) -> None:
    long = "Loans and mortgages " * 12
    before = [*SANDBOX[:1], {"id": 2, "name": long, "status": "active"}]
    loaded = ledger.load(sheet(["Cards", "Lones"]), progress=False, products=before)
    row = loaded.rows()[1]
    loaded.update(row, product_id=2)
    loaded.recheck(REDDY)
    loaded.recheck(REDDY)
    assert codes(loaded, row) == ["product-renamed"]
    assert any(one.code == "product-renamed" for one in loaded.problems())
    loaded.recheck(before)
    assert codes(loaded, row) == []


def test_an_undo_after_the_list_changed_brings_no_other_product(ledger: reddy.Ledger) -> None:
    loaded = ledger.load(sheet(["Loans", "Cards"]), progress=False, products=SANDBOX)
    row = loaded.rows()[0]
    operation = loaded.apply(SetField(field="product_id", value=1), [row])
    loaded.recheck(REDDY)
    assert loaded.info(row)["status"] == "ready"
    loaded.undo(operation)
    assert loaded.call(row).product_id == 2
    assert codes(loaded, row) == ["product-renamed"]


def test_a_recipe_names_products_as_they_were_called_when_they_were_chosen(ledger: reddy.Ledger) -> None:
    march = ledger.load(sheet(["Cards", "Lones", "Lonse"]), progress=False, products=SANDBOX)
    lones, lonse = (
        next(one for one in march.problems() if one.value == value) for value in ("Lones", "Lonse")
    )
    march.apply(lones.fix_with("Loans"), lones.rows)
    march.apply(SetField(field="product_id", value=2), lonse.rows)
    march.recheck(REDDY)
    titles = [step.title() for step in recipe_of(march).steps]
    assert titles[0] == "Read “Lones” as product Loans"
    assert "Complaints" not in " ".join(titles)
    april = ledger.load(sheet(["Lones", "Cards"]), progress=False, products=REDDY)
    apply_recipe(april, recipe_of(march))
    assert april.call(april.rows()[0]).product_id == 8


def test_a_mapping_is_brought_into_a_list_once() -> None:
    names = {"1": "Cards", "2": "Loans"}
    swapped = [{"id": 1, "name": "Loans"}, {"id": 2, "name": "Cards"}]
    mapping = reddy.Mapping(
        values={"product_id": {"A": 1, "B": 2}}, product_names=names, defaults={"product_id": 1}
    )
    once = mapping.in_list(swapped)
    assert once.values["product_id"] == {"A": 2, "B": 1}
    assert once.defaults["product_id"] == 2
    assert once.in_list(swapped) == once
    assert once.in_list([{"id": 1, "name": "Cards"}, {"id": 2, "name": "Loans"}]).values == mapping.values
