"""Draws: fair, explained, and repeatable by anybody who has the seal."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reddy_lib as reddy
from reddy_lib.batches import draws as drawing
from reddy_lib.batches.draws import Seal, margin
from reddy_lib.errors import DrawDiffers, NotInLedger

WORDS = (
    "account",
    "balance",
    "card",
    "please",
    "thanks",
    "moment",
    "charge",
    "number",
    "address",
    "order",
    "refund",
)


def sheet(count: int = 60, *, agents: int = 7) -> pd.DataFrame:
    def said(number: int) -> str:
        words = [
            WORDS[(number * 7 + place * (number % 5 + 1)) % len(WORDS)] + str(number) for place in range(14)
        ]
        return " ".join(words)

    return pd.DataFrame(
        {
            "conversation_id": [f"c-{number}" for number in range(count)],
            "agent_email": [f"agent{min(agents - 1, number // 4)}@x.example" for number in range(count)],
            "product_id": [1 + number % 2 for number in range(count)],
            "timestamp": [1_700_000_000 + 40_000 * number for number in range(count)],
            "transcript": [
                f"Agent: {said(number)}\nCustomer: {said(number + 100)}"
                if number % 10
                else "Agent: hello\nCustomer: hi"
                for number in range(count)
            ],
            "Queue": ["Cards", "Loans", "Loans"] * (count // 3),
        }
    )


@pytest.fixture
def batch(ledger: reddy.Ledger) -> reddy.Batch:
    return ledger.load(sheet(), progress=False)


@pytest.fixture(scope="module")
def local(shared_ledger: reddy.Ledger) -> reddy.Batch:
    return shared_ledger.load(sheet(), progress=False)


def test_the_same_calls_are_drawn_on_every_database_and_python(batch: reddy.Batch) -> None:
    found = batch.draw(14, seed=7)
    # written down once: another machine, database or Python draws these
    assert found.rows == EXPECTED
    assert found.seal.short == SEAL
    assert batch.redraw(found.seal.to_text()) == found
    assert batch.draw(14, seed=8).rows != found.rows


EXPECTED = (3, 5, 6, 9, 10, 12, 16, 17, 19, 20, 23, 24, 29, 36)
SEAL = "1be0a3dc5206"


def test_agents_give_as_equally_as_their_calls_allow(local: reddy.Batch) -> None:
    found = local.draw(30)
    # six agents have 4 calls each, one has 36: 6 × 4 + 6
    assert sorted(one.drawn for one in found.strata) == [4, 4, 4, 4, 4, 4, 6]
    assert sum(one.frame for one in found.strata) == 60
    assert found.strata_frame()["drawn"].sum() == 30
    assert all(one.weight == pytest.approx(one.frame / one.drawn) for one in found.strata)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=12),
    st.integers(1, 80),
    st.integers(0, 5),
    st.one_of(st.none(), st.integers(5, 9)),
)
def test_shares_are_equal_but_for_what_a_stratum_has(
    sizes: list[int], n: int, minimum: int, cap: int | None
) -> None:
    strata = {(str(place),): size for place, size in enumerate(sizes)}
    asked = drawing._Asked(n, ("agent",), minimum, cap, (), drawing.Limits(), 7, "")
    shares = drawing._allot(strata, asked)
    room = {key: min(size, cap or size) for key, size in strata.items()}
    assert all(0 <= shares[key] <= room[key] for key in strata)
    assert all(share == 0 or share >= min(minimum, room[key]) for key, share in shares.items())
    if not minimum:
        assert sum(shares.values()) == min(n, sum(room.values()))
    drawn = {key: share for key, share in shares.items() if share}
    most = max(drawn.values(), default=0)
    assert all(share >= most - 1 or share == room[key] for key, share in drawn.items() if most > minimum)


def test_a_cap_and_a_minimum_bound_what_a_stratum_gives(local: reddy.Batch) -> None:
    assert {one.drawn for one in local.draw(60, cap=2).strata} == {2}
    few = local.draw(10, minimum=3)
    assert sorted(one.drawn for one in few.strata) == [0, 0, 0, 0, 3, 3, 4]
    assert "14 leave" not in few.coverage
    short = local.draw(60, cap=2)
    assert "60 were asked for; exclusions and caps leave 14." in short.coverage
    with pytest.raises(ValueError, match="minimum of 5 calls a stratum is above the cap of 2"):
        local.draw(10, minimum=5, cap=2)


def test_coverage_says_what_is_known_and_what_is_not(local: reddy.Batch) -> None:
    words = local.draw(14).coverage
    assert words.startswith(
        "14 calls cover 7 of 7 agents; a share of 20% among these calls is known to ± 18 points (95%)."
    )
    assert "weight by stratum" in words
    assert "weight" not in local.draw(14, balanced_over=()).coverage


def test_the_margin_is_wilsons_with_the_correction_for_a_finite_frame() -> None:
    assert margin(0.2, 50, 10**9) == pytest.approx(0.1090, abs=0.0005)
    assert margin(0.2, 50, 100) < margin(0.2, 50, 1000)
    assert margin(0.2, 50, 50) == 0.0
    assert margin(0.2, 400, 10**9) == pytest.approx(1.96 * math.sqrt(0.16 / 400), abs=0.001)


def test_exclusions_are_counted_once_in_their_order(local: reddy.Batch) -> None:
    found = local.draw(20, excluding=("few-words", "near-copy", "sent-before"))
    assert found.exclusions == {"few-words": 6, "near-copy": 0, "sent-before": 0}
    assert found.seal.calls == 54
    excluded = set(local.worth_grading(measures=["few-words"]).rows())
    assert excluded.isdisjoint(found.rows)
    with pytest.raises(ValueError, match="exclusion"):
        local.draw(5, excluding=("boring",))


@pytest.mark.parametrize("name", [*drawing.STRATA, "tag:Queue", "column:Queue"])
def test_a_draw_is_balanced_over_each_of_these(local: reddy.Batch, name: str) -> None:
    found = local.draw(12, balanced_over=(name,))
    assert len(found.rows) == 12
    drawn = [one.drawn for one in found.strata]
    assert max(drawn) - min(drawn) <= 1 or any(one.drawn == one.frame for one in found.strata)


def test_a_draw_from_chosen_calls_stays_among_them(local: reddy.Batch) -> None:
    chosen = local.rows()[10:30]
    found = local.draw(8, rows=chosen, balanced_over=("product", "tag:Queue"))
    assert set(found.rows) <= set(chosen)
    assert local.redraw(found.seal).rows == found.rows
    with pytest.raises(NotInLedger):
        local.draw(8, rows=[999_999])
    with pytest.raises(ValueError, match="cannot be balanced over 'agent_email'"):
        local.draw(8, balanced_over=("agent_email",))


def test_a_redraw_says_what_differs(batch: reddy.Batch) -> None:
    found = batch.draw(10, excluding=("few-words",))
    row = batch.rows()[1]
    batch.update([row], agent_email="somebody@x.example")
    with pytest.raises(DrawDiffers, match="an edit changed a conversation id, or a value"):
        batch.redraw(found.seal)
    batch.undo(1)
    assert batch.redraw(found.seal) == found
    call = batch.call(row)
    assert call.transcript is not None
    call.transcript[0].text = "hm"
    batch.replace(row, call)
    with pytest.raises(DrawDiffers, match="“Few words on a side” excludes 7 calls now, and excluded 6"):
        batch.redraw(found.seal)


def test_a_seal_that_was_changed_is_refused(local: reddy.Batch) -> None:
    seal = local.draw(10).seal
    with pytest.raises(DrawDiffers, match="the seal was changed"):
        local.redraw(seal.to_text().replace(seal.drawn, "0" * 24))
    for text in ("", "{}", "[" * 100_000, seal.to_text().replace('"version":1', '"version":2')):
        with pytest.raises(ValueError, match="seal"):
            Seal.from_text(text)
    assert "agent" not in seal.to_text().replace('["agent"]', "")  # no customers' or agents' words


def test_a_draw_is_stored_with_its_name_and_can_be_a_tag(batch: reddy.Batch) -> None:
    first = batch.draw(6, name="March  1", who="ann")
    second = batch.draw(6, seed=3, name="March 2")
    assert batch.draws() == [second, first]
    assert (first.name, first.who) == ("March 1", "ann")
    done = batch.apply(first.tag_step(), first.rows)
    assert dict(batch.values("tag:Draw")) == {"March 1": 6, "": 54}
    batch.undo(done)
    assert dict(batch.values("tag:Draw")) == {"": 60}
    assert len(batch.calls(rows=list(first.rows))) == 6
