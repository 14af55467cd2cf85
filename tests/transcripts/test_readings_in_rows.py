"""Several readings of one turn, each an item of its own: the surest alone is sent."""

from __future__ import annotations

import json

import pytest

from reddy_lib.transcripts import read_transcript

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
