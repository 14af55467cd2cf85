"""Labels of a sheet that its calls settle only together: the guess shows the role and why, and each call says so."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from reddy_lib.spreadsheet import Mapping, build_frame, guess_mapping

BEGINNINGS = [
    "{a}: Good morning, how can I help you?\n{b}: My router {n} is broken.\n{a}: Let me look.",
    "{b}: Hello?\n{a}: Thank you for calling Acme.\n{b}: My bill {n} is wrong.",
    "{a}: Right.\n{b}: It is {n} euros.\n{a}: Fine.\n{b}: Thanks.",
]


def sheet(a: str, b: str, count: int = 9) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "call id": f"C-{4000 + n}",
            "agent email": f"{('ann.weber', 'bo.lind')[n % 2]}@acme.example",
            "start": f"2026-03-0{n + 1} 10:00:00",
            "transcript": BEGINNINGS[n % 3].format(a=a, b=b, n=n),
        }
        for n in range(count)
    )


def test_a_word_that_means_nothing_is_settled_by_the_calls_together() -> None:
    frame = sheet("Zib", "Quo")
    mapping = guess_mapping(frame)
    assert {label: one.role for label, one in mapping.pooled_roles.items()} == {
        "zib": "agent",
        "quo": "customer",
    }
    assert "6 of the 9 calls" in mapping.pooled_roles["zib"].why
    third = list(build_frame(frame, mapping))[2]
    assert [line.role for line in third.call.transcript or []] == ["agent", "customer", "agent", "customer"]
    (found,) = [item for item in third.findings if item.code == "role-from-batch"]
    assert "6 of the 9 calls" in found.message


def test_what_the_analyst_chose_comes_first() -> None:
    frame = sheet("Zib", "Quo")
    mapping = guess_mapping(frame).replace(roles={"Zib": "customer", "Quo": "agent"})
    third = list(build_frame(frame, mapping))[2]
    assert [line.role for line in third.call.transcript or []] == ["customer", "agent", "customer", "agent"]


def test_labels_that_words_prove_are_not_looked_at_further() -> None:
    assert guess_mapping(sheet("Agent", "Customer")).pooled_roles == {}


def test_labels_without_a_role_are_listed_in_one_order_in_every_process() -> None:
    frame = sheet("1", "2")
    frame["transcript"] = ["1: I see.\n2: It is so.\n1: Right.\n2: Bye."] * len(frame)
    pooled = guess_mapping(frame).pooled_roles
    assert {one.role for one in pooled.values()} == {""}
    assert list(pooled) == ["1", "2"]


def test_the_roles_are_kept_with_the_mapping() -> None:
    mapping = guess_mapping(sheet("Zib", "Quo"))
    assert Mapping.from_dict(mapping.to_dict()) == mapping


SAID = "I am calling about the parcel that has not arrived since last week"


def spoken(factor: float, turns: int, said: str = SAID) -> str:
    """A call as JSON, whose times count `factor` to a second."""
    return json.dumps(
        [
            {
                "speaker": ("Agent", "Customer")[k % 2],
                "text": said,
                "from": round(k * 5 * factor),
                "to": round((k * 5 + 4.6) * factor),
            }
            for k in range(turns)
        ]
    )


@pytest.mark.parametrize("factor", [1000, 100, 8000, 10_000_000])
def test_a_short_call_has_its_times_in_the_unit_of_the_others(factor: float) -> None:
    talks = [spoken(factor, 6) for _ in range(5)] + [spoken(factor, 2, "Yes?")]
    frame = pd.DataFrame(
        {"call id": [f"C-{n}" for n in range(6)], "agent email": "a@x.example", "transcript": talks}
    )
    mapping = guess_mapping(frame)
    last = list(build_frame(frame, mapping))[5]
    assert [line.start for line in last.call.transcript or []] == [0.0, 5.0]
    alone = list(build_frame(frame, mapping.replace(pooled_unit="")))[5]
    if [line.start for line in alone.call.transcript or []] != [0.0, 5.0]:
        assert "unit-from-pace" in [found.code for found in last.findings]


def test_calls_of_two_units_are_read_each_by_itself() -> None:
    talks = [spoken(factor, 6) for factor in (1000, 1, 1000, 1, 1000, 1)]
    frame = pd.DataFrame(
        {"call id": [f"C-{n}" for n in range(6)], "agent email": "a@x.example", "transcript": talks}
    )
    mapping = guess_mapping(frame)
    assert mapping.pooled_unit == ""
    built = list(build_frame(frame, mapping))
    assert {call.call.transcript[1].start for call in built if call.call.transcript} == {5.0}
