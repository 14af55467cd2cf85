"""Findings that say what was taken for granted: each alone, on a small input, and gone where the source says it itself."""

from __future__ import annotations

import json

import pandas as pd

from reddy_lib.spreadsheet import Mapping, build_frame, guess_mapping
from reddy_lib.spreadsheet.calls.building import BuiltCall
from reddy_lib.spreadsheet.model import TurnColumn

SAID = "Agent: Good morning, how can I help?\nCustomer: My card is lost."


def first(sheet: pd.DataFrame, mapping: Mapping) -> BuiltCall:
    return next(iter(build_frame(sheet, mapping)))


def messages(call: BuiltCall, code: str) -> list[str]:
    return [found.message for found in call.findings if found.code == code]


def test_a_second_column_that_fits_is_a_finding_of_each_call_until_one_is_chosen() -> None:
    sheet = pd.DataFrame(
        {
            "Agent Email": ["ann@cedarline.example"] * 2,
            "Transcript": [SAID] * 2,
            "Start time": ["2026-03-30 17:46", "2026-03-31 09:00"],
            "Start date": ["2026-03-30 17:40", "2026-03-31 08:58"],
        }
    )
    mapping = guess_mapping(sheet)
    for call in build_frame(sheet, mapping):
        (said,) = messages(call, "column-doubtful")
        assert "Start date" in said or "Start time" in said
    assert messages(first(sheet, mapping.replace(doubts={})), "column-doubtful") == []


def test_two_columns_of_one_side_each_say_that_their_order_was_assumed() -> None:
    sheet = pd.DataFrame({"a": ["Good morning.\nI block it."], "c": ["My card is lost.\nThank you."]})
    sides = [TurnColumn("a", "agent"), TurnColumn("c", "customer")]
    call = first(sheet, Mapping(turns=sides))
    assert [line.text for line in call.call.transcript or ()] == [
        "Good morning.", "My card is lost.", "I block it.", "Thank you."
    ]  # fmt: skip
    assert messages(call, "lines-order-assumed") == [
        "Nothing says in which order the two sides spoke: their lines were put together one by one."
    ]
    one_each = pd.DataFrame({"a": ["Agent: Good morning."], "c": [""]})
    assert messages(first(one_each, Mapping(turns=sides)), "lines-order-assumed") == []


def test_an_email_that_only_the_transcript_gives_is_taken_and_said() -> None:
    turns = [
        {"speaker": {"name": "Ann Weber", "email": "ann@cedarline.example"}, "text": "Good morning, how can I help you?"},
        {"speaker": {"name": "Jo", "email": None}, "text": "My card is lost."},
    ]  # fmt: skip
    sheet = pd.DataFrame({"t": [json.dumps(turns)], "e": ["bo@cedarline.example"]})
    call = first(sheet, Mapping(fields={"transcript": "t"}))
    assert call.call.agent_email == "ann@cedarline.example"
    assert messages(call, "agent-email-from-transcript") == [
        "No column names the agent: ann@cedarline.example was taken from the transcript."
    ]
    by_column = first(sheet, Mapping(fields={"transcript": "t", "agent_email": "e"}))
    assert by_column.call.agent_email == "bo@cedarline.example"
    assert messages(by_column, "agent-email-from-transcript") == []
