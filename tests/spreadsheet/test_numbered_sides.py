"""Sides in columns of their own whose lines begin with the second, or the number, of what was said."""

from __future__ import annotations

from typing import Any

import pytest

from reddy_lib.spreadsheet.calls.turn_cells import turns_of
from reddy_lib.spreadsheet.model import TurnColumn

SIDES = [TurnColumn("ours", "agent"), TurnColumn("theirs", "customer")]
WORDS = ["Good morning.", "My bill is wrong.", "I will look.", "Thanks."]


def turns(form: str, at: list[Any]) -> Any:
    lines = [f"{form.format(number)}{text}" for number, text in zip(at, WORDS, strict=True)]
    return turns_of({"ours": ["\n".join(lines[::2])], "theirs": ["\n".join(lines[1::2])]}, SIDES)


@pytest.mark.parametrize("form", ["{} ", "{}s ", "({} s) ", "[{}] ", "{}: ", "{} - ", "{}\t"])
@pytest.mark.parametrize("at", [[0.0, 5.5, 10.0, 15.0], [0, 5, 10, 15]])
def test_seconds_before_the_words_are_their_times(form: str, at: list[Any]) -> None:
    found = turns(form, at)
    assert [item["text"] for item in found.items] == WORDS
    assert [item["start"] for item in found.items] == at
    assert not found.assumed


def test_milliseconds_say_so() -> None:
    assert [item["start"] for item in turns("{} ms ", [0, 5500, 10000, 15000]).items] == [0, 5.5, 10, 15]


def test_numbers_of_turns_are_their_order() -> None:
    found = turns("{} ", [1, 2, 3, 4])
    assert found.items == [
        {"role": role, "text": text}
        for role, text in zip(["agent", "customer", "agent", "customer"], WORDS, strict=True)
    ]
    assert not found.assumed


@pytest.mark.parametrize("at", [[10, 3, 5, 2], [1, 1, 2, 2]])
def test_numbers_that_are_neither_stay_words(at: list[Any]) -> None:
    found = turns("{} ", at)
    assert found.assumed
    assert found.items[0]["text"] == f"{at[0]} Good morning."
