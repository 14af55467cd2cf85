"""Rows of a line table that are internal notes: told by a column of flags or of kinds, and never sent as speech unsaid."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from reddy_lib.spreadsheet import Mapping, guess_mapping
from reddy_lib.spreadsheet.calls.building import build_frame

NOTE = "Memo: tariff checked with the back office."


def sheet(column: str, public: str, internal: str, *, role: bool = True) -> pd.DataFrame:
    """Five tickets with a note each; one ticket has two notes and no answer, one nothing but a note."""
    rows: list[list[str]] = []
    for number in range(5):
        rows += [
            [f"T{number}", "Agent", public, f"Good morning, how can I help you with number {number}?"],
            [f"T{number}", "Customer", public, f"My bill {number} is wrong, please check it."],
            [f"T{number}", "Agent", internal, NOTE],
            [f"T{number}", "Agent", public, "I will look at it now."],
        ]
    rows += [
        ["T8", "Customer", public, "Hello, where is my parcel?"],
        ["T8", "Agent", internal, "Call the depot about it."],
        ["T8", "Agent", internal, "Nobody answers at the depot."],
        ["T9", "Agent", internal, "Ticket opened by mistake."],
    ]
    frame = pd.DataFrame(
        rows, columns=["ticket", "author role", column, "body"], index=range(2, len(rows) + 2)
    )
    return frame if role else frame.drop(columns="author role")


def said(frame: pd.DataFrame, mapping: Mapping) -> list[str]:
    return [line.text for built in build_frame(frame, mapping) for line in built.call.transcript or ()]


@pytest.mark.parametrize(
    ("column", "public", "internal"),
    [
        ("Public", "true", "false"),
        ("is_internal", "0", "1"),
        ("Visibility", "Public", "Internal"),
        ("Private", "No", "Yes"),
        ("Kind", "reply", "note"),
        ("Sichtbarkeit", "Öffentlich", "Intern"),
        ("Interne Notiz", "", "x"),
        ("Für Kunden sichtbar", "ja", "nein"),
        ("Privé", "non", "oui"),
        ("Tipo", "Risposta", "Nota interna"),
        ("Access", "Everyone", "Agents only"),
        ("via", "email", "internal note"),
        ("Public", "x", ""),
        ("Public", "✓", ""),
        ("Public", "1", ""),
        ("Öffentlich", "●", ""),
        ("Internal", "", "■"),
    ],
)
def test_internal_rows_are_left_out(column: str, public: str, internal: str) -> None:
    frame = sheet(column, public, internal)
    mapping = guess_mapping(frame)
    assert mapping.line_fields["kind"] == column
    assert len(said(frame, mapping)) == 16
    for built in build_frame(frame, mapping):
        found = [one.code for one in built.findings]
        assert "not-spoken" in found
    assert built.call.transcript is None  # T9: nobody said anything


def test_notes_become_a_tag_or_speech_where_chosen() -> None:
    frame = sheet("Visibility", "Public", "Internal")
    mapping = guess_mapping(frame)
    first = next(iter(build_frame(frame, mapping.replace(notes="as-tag")))).call
    assert [tag.value for tag in first.tags or () if tag.key == "Internal notes"] == [NOTE]
    first = next(iter(build_frame(frame, mapping.replace(notes="as-speech")))).call
    assert [line.text for line in first.transcript or ()][2] == NOTE


def test_a_column_that_may_tell_notes_is_named() -> None:
    frame = sheet("Colour", "red", "note")
    mapping = guess_mapping(frame)
    assert "kind" not in mapping.line_fields
    built = next(iter(build_frame(frame, mapping)))
    assert any(one.code == "column-doubtful" and "internal notes" in one.message for one in built.findings)


def test_an_empty_visibility_is_not_internal() -> None:
    frame = sheet("Visibility", "", "Internal")
    assert len(said(frame, guess_mapping(frame))) == 16


@pytest.mark.parametrize(("column", "public", "internal"), [("Public", "x", ""), ("Internal", "no", "yes")])
def test_an_agent_who_only_wrote_notes_said_nothing(column: str, public: str, internal: str) -> None:
    rows: list[Any] = []
    for number in range(4):
        rows += [
            [f"T{number}", "Customer", public, f"My bill {number} is wrong, please check it."],
            [f"T{number}", "Customer", public, "I am still waiting for a reply."],
            [f"T{number}", "Agent", internal, "Asked billing, he never pays in time."],
        ]
    frame = pd.DataFrame(rows, columns=["ticket", "role", column, "body"], index=range(2, len(rows) + 2))
    assert len(said(frame, guess_mapping(frame))) == 8


@pytest.mark.parametrize(
    ("column", "agent", "customer"),
    [("Internal", "yes", "no"), ("Participant type", "internal", "external"), ("Private", "1", "0")],
)
def test_a_flag_of_one_side_says_who_speaks(column: str, agent: str, customer: str) -> None:
    rows: list[Any] = []
    for number in range(4):
        rows += [
            [f"T{number}", "Agent", agent, f"Good morning, this is call {number}."],
            [f"T{number}", "Customer", customer, "My bill is wrong, please check it."],
            [f"T{number}", "Agent", agent, "I will look at it now."],
        ]
    frame = pd.DataFrame(rows, columns=["ticket", "role", column, "body"], index=range(2, len(rows) + 2))
    mapping = guess_mapping(frame)
    assert "kind" not in mapping.line_fields
    assert len(said(frame, mapping)) == 12


def test_calls_between_colleagues_are_no_notes() -> None:
    """The column says the same in all rows of a call: it describes the call."""
    rows: list[Any] = []
    for number in range(4):
        kind = "internal" if number % 2 else "external"
        rows += [
            [f"T{number}", "Agent", kind, f"Good morning, this is call {number}."],
            [f"T{number}", "Customer", kind, "My bill is wrong, please check it."],
        ]
    frame = pd.DataFrame(rows, columns=["ticket", "role", "Type", "body"], index=range(2, len(rows) + 2))
    assert len(said(frame, guess_mapping(frame))) == 8


@pytest.mark.parametrize("dropped", ["leave out", "keep as tag"])
def test_the_choice_about_notes_holds_where_a_speaker_is_left_out_too(dropped: str) -> None:
    rows = [
        ["T1", "Menu", "no", "Press one for billing."],
        ["T1", "Agent", "no", "Good morning, how can I help you?"],
        ["T1", "Customer", "no", "My bill is wrong, please check it."],
        ["T1", "Agent", "yes", NOTE],
        ["T1", "Agent", "no", "I will look at it now."],
    ]
    frame = pd.DataFrame(rows, columns=["ticket", "role", "Internal", "body"], index=range(2, 7))
    mapping = guess_mapping(frame).replace(roles={"Menu": dropped})
    tagged = next(iter(build_frame(frame, mapping.replace(notes="as-tag")))).call
    assert [tag.value for tag in tagged.tags or () if tag.key == "Internal notes"] == [NOTE]
    spoken = next(iter(build_frame(frame, mapping.replace(notes="as-speech")))).call
    assert [line.text for line in spoken.transcript or ()] == [row[3] for row in rows[1:]]
