"""Several readings of one turn, each an item of its own: the surest alone is sent."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from reddy_lib.transcripts import accounted, read_transcript

SAID = (
    "Good morning, how can I help you?",
    "My parcel has not come yet.",
    "Which street is it?",
    "Long Lane, number nine.",
)


@pytest.mark.parametrize(
    ("key", "first", "second"), [("rank", 1, 2), ("confidence", 0.9, 0.4), ("alternative", 0, 1)]
)
@pytest.mark.parametrize("turn", ["start", "turn"])
def test_the_surest_of_several_rows_is_what_was_said(
    key: str, first: float, second: float, turn: str
) -> None:
    items = [
        {"speaker": "Agent" if place % 2 == 0 else "Customer", turn: place * 4 + 1, "text": said, key: sure}
        for place, text in enumerate(SAID)
        for said, sure in ((text, first), (text.replace("e", "a", 1), second))
    ]
    found = read_transcript(json.dumps({"results": items}))
    assert [line.text for line in found.lines] == list(SAID)


def test_turns_that_start_together_and_say_other_things_are_all_sent() -> None:
    items = [
        {
            "speaker": "Agent" if place % 2 == 0 else "Customer",
            "start": place // 2 * 4,
            "text": text,
            "confidence": 0.9,
        }
        for place, text in enumerate(SAID)
    ]
    assert [line.text for line in read_transcript(json.dumps(items)).lines] == list(SAID)


def test_internal_and_external_participants_are_the_two_sides() -> None:
    items = [
        {"participant": {"type": "internal" if place % 2 == 0 else "external"}, "message": {"text": text}}
        for place, text in enumerate((*SAID, "Thank you very much indeed, that helps me a lot today.")[::-1])
    ]
    assert {line.role for line in read_transcript(json.dumps(items)).lines} == {"agent", "customer"}


READINGS = (
    lambda text, other: {
        "alternatives": [{"text": text, "confidence": 0.9}, {"text": other, "confidence": 0.4}]
    },
    lambda text, other: {"nbest": [[0.4, other], [0.9, text]]},
    lambda text, other: {"hypotheses": [text, other]},
    lambda text, other: {"text_1": other, "confidence_1": 0.3, "text_2": text, "confidence_2": 0.8},
    lambda text, other: {"nbest": {"1": text, "2": other}},
)


@pytest.mark.parametrize("readings", READINGS)
def test_readings_that_were_not_chosen_are_no_loss(readings: Callable[[str, str], dict[str, object]]) -> None:
    items = [
        {
            "speaker": "Agent" if place % 2 == 0 else "Customer",
            "start": place * 4,
            **readings(text, text.replace("e", "a", 1)),
        }
        for place, text in enumerate(SAID)
    ]
    cell = json.dumps({"results": items})
    found = read_transcript(cell)
    assert [line.text for line in found.lines] == list(SAID)
    assert accounted(cell, found).unassigned == []


def test_a_turn_like_another_that_is_in_no_line_is_a_loss() -> None:
    items = [
        {"speaker": "Agent", "start": 0, "text": SAID[0]},
        {"speaker": "Customer", "start": 3, "text": SAID[1]},
    ]
    found = read_transcript(json.dumps(items))
    more = [*items, {"speaker": "Customer", "start": 6, "text": SAID[1].replace("come", "came")}]
    assert accounted(json.dumps(more), found).unassigned == [SAID[1].replace("come", "came")]
