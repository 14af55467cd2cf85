"""Cells that leave in the evidence have the masks of their call, whatever the form of the cell; they load again."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from reddy_lib.batches.masked_cells import masked_cells
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.masks import masks_in
from reddy_lib.model import Call, Tag, TranscriptLine, payload_json
from reddy_lib.personal_data import TITLES
from reddy_lib.transcripts import parse_transcript

CARD = "4111 1111 1111 1111"
SPOKEN = "four one one one one one one one one one one one one one one one"


def call(card: str) -> Call:
    return Call(
        agent_email="ann@example.com",
        conversation_id="836",
        transcript=[
            TranscriptLine("agent", "Could I have the card number?", 0.0, 2.0),
            TranscriptLine("customer", f"It is {card}.", 2.0, 5.0),
            TranscriptLine("agent", "And the security code?", 5.0, 6.0),
            TranscriptLine("customer", "836", 6.0, 7.0),
        ],
        tags=[Tag("Card number", CARD, "string")],
    )


def words(one: Call) -> list[dict[str, Any]]:
    return [
        {
            "speaker": line.role,
            "words": [{"word": word, "start": line.start} for word in line.text.split()],
            "start": line.start,
        }
        for line in one.transcript or ()
    ]


def forms(one: Call) -> dict[str, Any]:
    lines = one.transcript or []
    return {
        "labelled": "\n".join(f"{line.role}: {line.text}" for line in lines),
        "wrapped": "\n".join(
            f"{line.role}:\n  {line.text.replace(' ', chr(10) + '  ', 3)}" for line in lines
        ),
        "json": json.dumps([{"role": line.role, "text": line.text, "start": line.start} for line in lines]),
        "nested": [{"role": line.role, "text": line.text} for line in lines],
        "words": json.dumps(words(one)),
        "lines": [line.text for line in lines],
    }


@pytest.mark.parametrize("card", [CARD, SPOKEN])
@pytest.mark.parametrize("form", list(forms(call(CARD))))
def test_no_masked_word_is_in_a_cell(form: str, card: str) -> None:
    before = call(card)
    after = MaskPersonalData().edited(before)
    cells = {
        "conversation": "836",
        "Card number": CARD,
        "Note": f"paid with {CARD}",
        "Amount": 836,
        "transcript": forms(before)[form],
    }
    masked = masked_cells(cells, payload_json(before).decode(), payload_json(after).decode())
    told = json.dumps(masked)
    assert "4111" not in told
    assert "four one one" not in " ".join(told.split())
    assert '"four"' not in told
    assert "836" not in json.dumps(masked["transcript"])
    assert masked["Card number"] == "[card number]"
    assert masked["conversation"] == "836", "a short number is masked where it was said, and nowhere else"
    assert type(masked["transcript"]) is type(cells["transcript"])
    if isinstance(masked["transcript"], str):
        read = parse_transcript(masked["transcript"])
        assert any("[card number]" in line.text for line in read)


def test_cells_of_a_call_without_masks_stay_as_they_are() -> None:
    before = payload_json(call(CARD)).decode()
    cells = {"transcript": forms(call(CARD))["labelled"], "n": 4}
    assert masked_cells(cells, None, before) is cells
    assert masked_cells(cells, before, before.replace("Could", "May")) is cells


def test_names_of_columns_and_of_nested_tags_are_masked_and_none_is_lost() -> None:
    one, two = "card 4111 1111 1111 1111", "card 5555 5555 5555 4444"
    before = call(CARD)
    before.tags = [Tag(one, "yes", "string"), Tag(two, "no", "string"), Tag("Queue", "Cards", "string")]
    after = MaskPersonalData().edited(before)
    cells = {one: "yes", two: "no", "tags": json.dumps({one: "yes", two: "no"}), "Queue": "Cards"}
    masked = masked_cells(cells, payload_json(before).decode(), payload_json(after).decode())
    assert list(masked) == ["card [card number]", "card [card number] (2)", "tags", "Queue"]
    assert list(masked.values())[:2] == ["yes", "no"]
    assert json.loads(masked["tags"]) == {"card [card number]": "yes", "card [card number] (2)": "no"}
    assert "1111" not in json.dumps(masked)


@pytest.mark.parametrize("typed", ["[redacted]", "[Card Number]", "[SSN 1]", "XXXX"])
@pytest.mark.parametrize("form", list(forms(call(CARD))))
def test_whatever_was_typed_in_place_of_words_is_in_the_cells_too(form: str, typed: str) -> None:
    before = call(CARD)
    assert before.transcript is not None
    before.transcript[0].text = "[noise] Could I have the card number?"
    after = msgspec.json.decode(payload_json(before).decode().replace(CARD, typed), type=dict)
    masked = masked_cells(
        {"transcript": forms(before)[form]}, payload_json(before).decode(), json.dumps(after)
    )
    told = json.dumps(masked)
    assert "4111" not in told
    assert "noise" in told


@pytest.mark.parametrize("kind", TITLES)
def test_masks_of_every_kind_are_counted(kind: str) -> None:
    one = call(f"[{TITLES[kind]}]")
    one.tags = []
    assert masks_in(one) == {kind: 1}
