"""What the analyst chooses about the order of lines and about notes is what calls are built with."""

import pandas as pd
import pytest

from reddy_lib.spreadsheet.calls.building import build_frame
from reddy_lib.spreadsheet.model import Mapping

CELL = "Agent: Hello, how can I help?\nCustomer: My card is lost.\nAgent: I block it now."
NOTED = """[
 {"role": "agent", "text": "Hello, how can I help?", "type": "message"},
 {"role": "customer", "text": "My card is lost.", "type": "message"},
 {"role": "agent", "text": "Caller sounds upset today.", "type": "internal_note"},
 {"role": "agent", "text": "I block it now.", "type": "message"}]"""
ROWS = pd.DataFrame(
    {
        "call": ["7", "7", "7"],
        "at": ["10", "5", "1"],
        "who": ["agent", "customer", "agent"],
        "words": ["I block it now.", "My card is lost.", "Hello."],
    }
)
OF_ROWS = Mapping(
    layout="lines",
    group_by=["call"],
    line_fields={"role": "who", "text": "words", "start": "at"},
    line_units={"start": "s"},
)
SAID = ["Hello, how can I help?", "My card is lost.", "I block it now."]


def built(frame, mapping):
    (call,) = build_frame(frame, mapping)
    return call


def texts(call):
    return [line.text for line in call.call.transcript]


def cell(text, **changes):
    return built(pd.DataFrame({"t": [text]}), Mapping(fields={"transcript": "t"}, **changes))


def test_the_lines_of_a_cell_are_turned_round_and_their_estimated_times_with_them():
    call = cell(CELL, line_order="reversed")
    assert texts(call) == SAID[::-1]
    starts = [line.start for line in call.call.transcript]
    assert starts == sorted(starts)
    assert "lines-reordered" in {found.code for found in call.findings}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("guess", ["Hello.", "My card is lost.", "I block it now."]),
        ("file", ["I block it now.", "My card is lost.", "Hello."]),
        ("reversed", ["Hello.", "My card is lost.", "I block it now."]),
    ],
)
def test_rows_follow_the_chosen_order_whatever_their_times_say(order, expected):
    assert texts(built(ROWS, OF_ROWS.replace(line_order=order))) == expected


def test_notes_are_left_out_unless_somebody_chooses_otherwise():
    call = cell(NOTED)
    assert texts(call) == SAID
    assert "not-spoken" in {found.code for found in call.findings}


def test_notes_become_a_tag():
    call = cell(NOTED, notes="as-tag")
    assert texts(call) == SAID
    assert [(tag.key, tag.value) for tag in call.call.tags] == [
        ("Internal notes", "Caller sounds upset today.")
    ]
    assert "not-spoken" not in {found.code for found in call.findings}


def test_notes_become_lines_where_they_stood():
    call = cell(NOTED, notes="as-speech")
    assert texts(call) == [*SAID[:2], "Caller sounds upset today.", SAID[2]]
    assert [line.role for line in call.call.transcript] == ["agent", "customer", "agent", "agent"]
    assert len(call.transcript.times or "ssss") == 4


RICH = """[
 {"type": "message", "role": "agent", "text": "Hello, how can I help?"},
 {"type": "message", "role": "customer", "text": "My card is lost."},
 {"type": "note", "author": {"name": "Dana Whitfield", "email": "dana@example.com"}, "at": "2025-03-04T10:00:00Z",
  "role": "agent", "html": "<p>Caller sounds <b>upset</b> today.</p>", "text": "Caller sounds upset today."},
 {"type": "message", "role": "agent", "text": "I block it now."}]"""


@pytest.mark.parametrize("notes", ["as-tag", "as-speech"])
def test_of_a_note_only_what_it_says_is_kept(notes):
    call = cell(RICH, notes=notes)
    kept = [tag.value for tag in call.call.tags] if notes == "as-tag" else [texts(call)[2]]
    assert kept == ["Caller sounds upset today."]
    assert len(texts(call)) == (3 if notes == "as-tag" else 4)


def test_a_closing_heading_is_no_note():
    text = f"{CELL}\n[Internal note: caller sounds upset]\n--- End of transcript ---"
    call = cell(text, notes="as-tag")
    assert all("End of transcript" not in tag.value for tag in call.call.tags or ())


ROWS_WITH_NOTES = pd.DataFrame(
    {
        "call": ["7"] * 4,
        "who": ["agent", "customer", "agent", "agent"],
        "words": ["Hello.", "My card is lost.", "Caller sounds upset today.", "I block it now."],
    }
)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("type", ["message", "message", "note", "message"]),
        ("Art", ["Nachricht", "Nachricht", "Notiz", "Nachricht"]),
        ("internal", ["false", "false", "true", "false"]),
        ("intern", ["nein", "nein", "ja", "nein"]),
        ("is_private", [0, 0, 1, 0]),
        ("visibility", ["public", "public", "internal", "public"]),
        ("deleted at", ["", "", "2025-03-04T10:00:00Z", ""]),
    ],
)
def test_rows_that_nobody_spoke_are_left_out_with_a_finding(name, cells):
    mapping = Mapping(layout="lines", group_by=["call"], line_fields={"role": "who", "text": "words"})
    call = built(ROWS_WITH_NOTES.assign(**{name: cells}), mapping)
    assert texts(call) == ["Hello.", "My card is lost.", "I block it now."]
    assert "not-spoken" in {found.code for found in call.findings}


def test_a_type_that_describes_the_call_leaves_nothing_out():
    mapping = Mapping(layout="lines", group_by=["call"], line_fields={"role": "who", "text": "words"})
    call = built(ROWS_WITH_NOTES.assign(type=["note"] * 4), mapping)
    assert len(texts(call)) == 4
