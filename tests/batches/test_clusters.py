"""Clusters of like values: strict to lax, merged by hand alone, and undone as one operation."""

from __future__ import annotations

import random
import time

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.batches.clusters import LEVELS, clustered
from reddy_lib.batches.likeness import SAME_LETTERS
from reddy_lib.batches.steps import (
    CopyColumn,
    MapValues,
    MergeValues,
    OnlyWhere,
    SetTag,
    Tidy,
    read_step,
    step_json,
)
from reddy_lib.model import payload_json

QUEUES = ["Cards"] * 5 + [
    "cards",
    "CARDS ",
    "Crads",
    "Tech Support",
    "Tech Support",
    "Support, Tech",
    "Loans",
    "Loans 2",
]


def sheet() -> pd.DataFrame:
    count = len(QUEUES)
    return pd.DataFrame(
        {
            "conversation_id": [f"c-{number}" for number in range(count)],
            "agent_email": ["ann@new.example", "Ann@new.example"] + ["bob@new.example"] * (count - 2),
            "product_id": [1] * count,
            "timestamp": [1_700_000_000 + 60 * number for number in range(count)],
            "transcript": [f"Agent: Hello {number}\nCustomer: I lost it" for number in range(count)],
            "Queue": QUEUES,
            "Team": ["red", "blue", ""] * 4 + ["red"],
        }
    )


@pytest.fixture
def batch(ledger: reddy.Ledger) -> reddy.Batch:
    return ledger.load(sheet(), progress=False)


@pytest.fixture
def local(shared_ledger: reddy.Ledger) -> reddy.Batch:
    return shared_ledger.load(sheet(), progress=False)


def groups(batch: reddy.Batch, level: object) -> list[set[str]]:
    return [{value for value, _ in one.values} for one in batch.clusters("tag:Queue", level)]


def test_each_level_finds_more_than_the_one_before(local: reddy.Batch) -> None:
    assert groups(local, "fingerprint") == [{"Cards", "cards", "CARDS "}, {"Tech Support", "Support, Tech"}]
    assert groups(local, "near")[0] == {"Cards", "cards", "CARDS ", "Crads"}
    found = [sum(map(len, groups(local, level))) for level in LEVELS]
    assert found == sorted(found)
    assert not any("Loans 2" in group for level in LEVELS for group in groups(local, level))  # digits count


def test_a_cluster_is_merged_by_one_step_and_undone_by_one(batch: reddy.Batch) -> None:
    before = [payload_json(call) for call in batch]
    (one, _) = batch.clusters("tag:Queue")
    assert (one.proposed, one.calls, one.why) == ("Cards", 2, SAME_LETTERS)
    assert one.step is not None
    assert batch.apply(one.step).changed == 2
    assert dict(batch.values("tag:Queue"))["Cards"] == 7
    assert batch.undo(1).changed == 2
    assert [payload_json(call) for call in batch] == before


def test_a_person_chooses_another_value_or_single_ones(local: reddy.Batch) -> None:
    (one, _) = local.clusters("tag:Queue")
    assert one.merged_into("Card") == MergeValues(
        source="tag:Queue", values=("Cards", "cards", "CARDS "), value="Card"
    )
    assert one.steps["cards"] == MergeValues(source="tag:Queue", values=("cards",), value="Cards")


def test_columns_are_shown_and_never_changed(local: reddy.Batch) -> None:
    one = local.clusters("column:Queue")[0]
    assert one.step is None
    assert one.steps == {}
    with pytest.raises(ValueError, match="never changed"):
        MergeValues(source="column:Queue", values=("a",), value="b")
    with pytest.raises(ValueError, match="names no values"):
        local.values("queue")


def test_fields_cluster_and_merge_too(local: reddy.Batch) -> None:
    (one,) = local.clusters("agent_email")
    assert one.step is not None
    assert local.apply(one.step).changed == 1
    assert local.agents() == ["ann@new.example", "bob@new.example"]


def test_products_are_merged_by_name(shared_ledger: reddy.Ledger) -> None:
    products = [
        {"id": 1, "name": "Cards", "status": "active"},
        {"id": 9, "name": "Loans", "status": "active"},
    ]
    batch = shared_ledger.load(sheet(), progress=False, products=products)
    done = batch.apply(MergeValues(source="product_id", values=("1",), value="loans"))
    assert done.changed == 13
    assert {call.product_id for call in batch} == {9}
    with pytest.raises(ValueError, match="no product is called"):
        batch.apply(MergeValues(source="product_id", values=("9",), value="Lones"))


def test_values_are_exchanged_by_one_step_and_undone_by_one(batch: reddy.Batch) -> None:
    before = batch.values("tag:Team")
    done = batch.apply(MapValues(source="tag:Team", becomes={"red": "blue", "blue": "red"}))
    assert (done.changed, str(done.title)) == (9, "Set tag Team from “red” to “blue”, “blue” to “red”")
    assert sorted(batch.values("tag:Team")) == [("", 4), ("blue", 5), ("red", 4)]
    batch.undo(done)
    assert batch.values("tag:Team") == before
    assert not MapValues(source="tag:Team", becomes={"red": "blue", "blue": "red"}).repeatable
    assert MapValues(source="tag:Team", becomes={"red": "blue"}).repeatable


def test_fields_and_named_products_are_mapped_too(shared_ledger: reddy.Ledger) -> None:
    products = [{"id": 9, "name": "Loans", "status": "active"}]
    batch = shared_ledger.load(sheet(), progress=False, products=products)
    step = MapValues(source="product_id", becomes={"1": "loans"})
    assert read_step(step_json(step)) == step
    assert batch.apply(step).changed == 13
    assert {call.product_id for call in batch} == {9}
    with pytest.raises(ValueError, match="never changed"):
        MapValues(source="column:Queue", becomes={"a": "b"})


def test_a_tag_is_set_where_a_column_has_a_value(local: reddy.Batch) -> None:
    step = OnlyWhere(source="column:Team", values=("red", ""), then=SetTag(key="Region", value="north"))
    assert local.preview(step).changed == 9
    local.apply(step)
    local.apply(
        OnlyWhere(
            source="tag:Region", values=("north",), then=SetTag(key="Region", value="south"), negate=True
        )
    )
    assert dict(local.values("tag:Region")) == {"north": 9, "south": 4}


def test_a_column_is_copied_without_overwriting(local: reddy.Batch) -> None:
    local.apply(SetTag(key="Group", value="mine"), local.rows()[:1])
    local.apply(CopyColumn(column="Team", to="tag:Group"))
    assert dict(local.values("tag:Group")) == {"mine": 1, "red": 4, "blue": 4, "": 4}
    local.apply(CopyColumn(column="Team", to="tag:Group", overwrite=True))
    assert dict(local.values("tag:Group")) == {"red": 5, "blue": 4, "": 4}


@pytest.mark.parametrize(
    ("how", "text"), [("trim", "a b"), ("lower", "a b"), ("upper", "A B"), ("title", "A B")]
)
def test_values_are_tidied(local: reddy.Batch, how: object, text: str) -> None:
    local.apply(SetTag(key="Note", value=" a  b "))
    local.apply(Tidy(source="tag:Note", how=how))
    assert local.values("tag:Note") == [(text, 13)]


def test_a_preview_shows_before_and_after_and_stores_nothing(batch: reddy.Batch) -> None:
    before = [payload_json(call) for call in batch]
    found = batch.preview(MergeValues(source="tag:Queue", values=("cards", "Crads"), value="Cards"), limit=1)
    assert (found.changed, found.same, found.locked, found.why) == (2, 11, 0, "")
    assert [one.changes for one in found.shown] == [(("tag Queue", "cards", "Cards"),)]
    none = batch.preview(MergeValues(source="tag:Queue", values=("Kards",), value="Cards"))
    assert (none.changed, none.why) == (0, "no call has the tag Queue “Kards”")
    assert [payload_json(call) for call in batch] == before


def test_five_thousand_values_are_clustered_within_two_seconds() -> None:
    rng = random.Random(1)
    names = ["".join(rng.choices("abcdefghijklmnop", k=rng.randint(8, 20))) for _ in range(2500)]
    values = dict.fromkeys(names, 9) | {
        name[:3] + "zz"[: 1 + len(name) // 16] + name[4:]: 1 for name in names
    }
    began = time.process_time()
    found = clustered("tag:Queue", values, "lax")
    assert time.process_time() - began < 2
    assert sum(len(one.values) for one in found) > 4900
