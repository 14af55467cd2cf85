"""Problems: one for a finding and cell value, with a proposal that says why, and steps that fix all calls at once."""

from __future__ import annotations

import pandas as pd
import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches.problems import REFUSED, Problem
from reddy_lib.batches.steps import FixValue, GiveRole, MergeValues, RetypeTag, SetField
from reddy_lib.database import schema
from reddy_lib.model import Tag

PRODUCTS = [
    {"id": 1, "name": "Cards", "status": "active"},
    {"id": 4, "name": "Technical Support", "status": "active"},
    {"id": 5, "name": "Cards Gold", "status": "inactive"},
]


def sheet(*, agents: list[str], products: list[str] | None = None, speaker: str = "Customer") -> pd.DataFrame:
    count = len(agents)
    return pd.DataFrame(
        {
            "conversation_id": [f"c-{number}" for number in range(count)],
            "agent_email": agents,
            "product": products or ["Cards"] * count,
            "timestamp": [1_700_000_000 + 60 * number for number in range(count)],
            "transcript": [
                f"Agent: Hello {number}\n{speaker}: I lost card {number}" for number in range(count)
            ],
        }
    )


def named(batch: reddy.Batch, code: str) -> dict[str, Problem]:
    return {one.value: one for one in batch.problems() if one.code == code}


@pytest.fixture
def batch(ledger: reddy.Ledger) -> reddy.Batch:
    products = ["Cards"] * 6 + ["Technical Supprt"] * 4 + ["Tech Support"] * 2 + ["Loans"]
    agents = ["ann@new.example"] * 11 + ["an n@new.example"] * 2
    return ledger.load(sheet(agents=agents, products=products), progress=False, products=PRODUCTS)


def test_each_value_is_a_problem_of_its_own_with_its_calls(batch: reddy.Batch) -> None:
    unknown = named(batch, "product-unknown")
    assert {value: one.calls for value, one in unknown.items()} == {
        "Technical Supprt": 4,
        "Tech Support": 2,
        "Loans": 1,
    }
    assert unknown["Technical Supprt"].rows == batch.rows()[6:10]
    assert unknown["Technical Supprt"].severity == "error"
    assert [one.severity for one in batch.problems()] == sorted(one.severity for one in batch.problems())


def test_a_proposal_names_the_value_and_the_reason(batch: reddy.Batch) -> None:
    unknown = named(batch, "product-unknown")
    typo, short = unknown["Technical Supprt"].proposal, unknown["Tech Support"].proposal
    assert typo is not None
    assert (typo.value, typo.shown, typo.reason) == (4, "Technical Support · 4", "one letter differs")
    assert short is not None
    assert (short.value, short.reason) == (4, "the same words, some shortened")
    assert unknown["Loans"].proposal is None
    spaces = named(batch, "agent-email-invalid")["an n@new.example"].proposal
    assert spaces is not None
    assert spaces.reason == "only case, accents, spaces or signs differ; 11 calls have it"


def test_a_proposal_is_a_step_that_fixes_all_its_calls(batch: reddy.Batch) -> None:
    for problem in batch.problems():
        if problem.proposal is not None:
            effect = batch.preview(problem.proposal.step, problem.rows)
            assert effect.changed == problem.calls
            assert effect.held_before >= effect.held_after
            assert batch.apply(problem.proposal.step, problem.rows).changed == problem.calls
    assert [one.value for one in batch.problems() if one.severity == "error"] == ["Loans"]
    assert batch.counts()["held"] == 1


def test_a_person_gives_another_value_by_id_or_name(batch: reddy.Batch) -> None:
    loans = named(batch, "product-unknown")["Loans"]
    assert (
        loans.fix_with("cards")
        == loans.fix_with(1)
        == FixValue(code="product-unknown", found="Loans", field="product_id", value=1)
    )
    with pytest.raises(ValueError, match="no product is called 'Crads'"):
        loans.fix_with("Crads")
    assert [one.value for one in loans.choices()] == [1, 4]  # by use; what is not active is no choice


def test_two_values_that_fit_equally_well_are_choices_and_no_proposal(ledger: reddy.Ledger) -> None:
    products = [
        {"id": 1, "name": "Mortgages", "status": "active"},
        {"id": 2, "name": "Mortgagez", "status": "active"},
    ]
    batch = ledger.load(
        sheet(agents=["ann@new.example"], products=["Mortgage"]), progress=False, products=products
    )
    one = named(batch, "product-unknown")["Mortgage"]
    assert one.proposal is None
    assert {choice.value for choice in one.choices()} == {1, 2}


def refuse(batch: reddy.Batch, rows: list[int], words: str) -> None:
    where = (schema.calls.c.batch_id == batch.id, schema.calls.c.row.in_(rows))
    with batch.database.write() as connection:
        connection.execute(
            schema.calls.update().where(sa.and_(*where)).values(status="rejected", error=words)
        )


def test_spellings_of_one_address_that_only_case_tells_apart_are_one_proposal(ledger: reddy.Ledger) -> None:
    agents = ["Dave@acme.example"] * 2 + ["dave@acme.example"] * 2 + ["dave@acme,example"]
    batch = ledger.load(sheet(agents=agents), progress=False)
    found = named(batch, "agent-email-invalid")["dave@acme,example"].proposal
    assert found is not None
    assert (found.value, found.reason) == (
        "dave@acme.example",
        "only case, accents, spaces or signs differ; 4 calls have it",
    )


def test_agents_whom_reddy_does_not_know_are_a_problem_with_the_agent_of_other_calls(
    ledger: reddy.Ledger,
) -> None:
    earlier = ledger.load(sheet(agents=["ann@new.example"] * 3), progress=False)
    with ledger.write() as connection:
        connection.execute(schema.calls.update().values(status="accepted"))
    agents = ["ann@old.example"] * 4 + ["bob@old.example"] * 2
    batch = ledger.load(
        sheet(agents=agents).assign(conversation_id=[f"n-{n}" for n in range(6)]), progress=False
    )
    refuse(batch, batch.rows()[:4], "invalid agent ann@old.example")
    refuse(batch, batch.rows()[4:], "invalid agent bob@old.example")
    refused = named(batch, REFUSED)
    assert {value: one.calls for value, one in refused.items()} == {
        "ann@old.example": 4,
        "bob@old.example": 2,
    }
    assert refused["ann@old.example"].title == "Reddy refused: invalid agent …"
    ann = refused["ann@old.example"].proposal
    assert ann is not None
    assert (ann.value, ann.reason) == ("ann@new.example", "the same name at another domain; 3 calls have it")
    assert ann.step == SetField(field="agent_email", value="ann@new.example", only="ann@old.example")
    assert refused["bob@old.example"].proposal is None
    assert batch.apply(ann.step, refused["ann@old.example"].rows).changed == 4
    assert list(named(batch, REFUSED)) == ["bob@old.example"]
    assert earlier.problems() == []  # what was sent cannot be changed, so it is no problem to fix


def test_roles_are_a_problem_for_each_label(ledger: reddy.Ledger) -> None:
    batch = ledger.load(sheet(agents=["ann@new.example"] * 3), progress=False)
    for row in batch.rows():
        call = batch.call(row)
        assert call.transcript is not None
        call.transcript[1].role = "Custmer"
        batch.replace(row, call)
    one = named(batch, "role-unknown")["Custmer"]
    assert one.proposal is not None
    assert one.proposal.step == GiveRole(label="Custmer", role="customer")
    assert [repair.label for repair in one.repairs] == ["Agent", "Customer", "Leave out"]
    with pytest.raises(ValueError, match="A role is one of"):
        one.fix_with("boss")
    assert batch.apply(one.proposal.step, one.rows).changed == 3
    assert named(batch, "role-unknown") == {}


def test_tags_are_told_apart_by_name_and_value(ledger: reddy.Ledger) -> None:
    batch = ledger.load(sheet(agents=["ann@new.example"] * 3), progress=False)
    wrong = [Tag("score", "five", "integer"), Tag("vip", "x", "boolean"), Tag("kind", "a", "Boolean")]
    for row, tag in zip(batch.rows(), wrong, strict=True):
        call = batch.call(row)
        call.tags = [tag]
        batch.replace(row, call)
    values = {(one.code, one.field, one.value): one for one in batch.problems()}
    score = values["tag-value-mismatch", "tag:score", "five"]
    assert score.fix_with("5") == MergeValues(source="tag:score", values=("five",), value="5")
    batch.apply(score.fix_with("5"), score.rows)
    assert (batch.call(batch.rows()[0]).tags or [])[0].value == 5
    kind = values["tag-type-unknown", "tag:kind", "Boolean"]
    assert kind.proposal is not None
    assert kind.proposal.step == RetypeTag(key="kind", type="boolean")


def test_a_quick_fix_is_offered_for_all_calls_of_a_finding(ledger: reddy.Ledger) -> None:
    batch = ledger.load(sheet(agents=["ann@new.example"] * 4), progress=False)
    for row in batch.rows()[:3]:
        call = batch.call(row)
        assert call.transcript is not None
        call.transcript[0].start, call.transcript[0].stop = 9.0, 3.0
        call.transcript[1].start, call.transcript[1].stop = 9.0, 10.0
        batch.replace(row, call)
    (one,) = (each for each in batch.problems() if each.code == "start-after-stop")
    (repair,) = one.repairs
    assert (one.calls, repair.label) == (3, "Swap the times")
    assert batch.apply(repair.step).changed == 3  # the fourth call does not have the finding
    assert "start-after-stop" not in {each.code for each in batch.problems()}
    assert batch.undo(batch.operations().index[0]).changed == 3


def test_problems_of_some_rows_are_about_these_alone(batch: reddy.Batch) -> None:
    found = [one for one in batch.problems(batch.rows()[5:8]) if one.code == "product-unknown"]
    assert [(one.value, one.calls) for one in found] == [("Technical Supprt", 2)]


def test_keys_stay_the_same_when_other_problems_go(batch: reddy.Batch) -> None:
    before = {one.key: one.value for one in batch.problems()}
    typo = named(batch, "product-unknown")["Technical Supprt"]
    assert typo.proposal is not None
    batch.apply(typo.proposal.step, typo.rows)
    after = {one.key: one.value for one in batch.problems()}
    assert after == {key: value for key, value in before.items() if key != typo.key}
