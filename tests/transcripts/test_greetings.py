"""Speakers without a role: who greets as an agent does is the agent, where nothing speaks against it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from reddy_lib.spreadsheet import build_frame, guess_mapping, read_sheet
from reddy_lib.transcripts import Transcript, read_transcript, speaker_table

OFFER = "Thanks for calling Cedarline, how can I help?"


def talk(*turns: tuple[str, str]) -> str:
    return json.dumps(
        [{"speaker": who, "text": said, "start": n, "stop": n + 1} for n, (who, said) in enumerate(turns)]
    )


def roles(transcript: Transcript) -> list[str]:
    return [line.role for line in transcript.lines]


def codes(transcript: Transcript) -> list[str]:
    return [item.code for item in transcript.findings]


@pytest.mark.parametrize(
    ("one", "other"), [("Speaker 0", "Speaker 1"), ("spk_1", "spk_0"), ("A", "B"), ("Ben", "Ann")]
)
def test_of_two_speakers_the_one_who_greets_is_the_agent(one: str, other: str) -> None:
    transcript = read_transcript(
        talk((one, OFFER), (other, "My card is gone."), (one, "I block it."), (other, "Ok."))
    )
    assert roles(transcript) == ["agent", "customer"] * 2
    assert codes(transcript) == ["role-from-greeting"]
    (found,) = transcript.findings
    assert found.message == (
        f"{one!r} was taken for the agent: it greets like an agent: “{OFFER}”; "
        f"{other!r} was taken for the customer: it is the only other speaker beside the agent."
    )
    assert found.severity == "warning"


def test_the_customer_may_speak_first_and_the_agent_greet_a_little_later() -> None:
    said = [
        "Speaker 1: Hello?",
        "Speaker 2: Good morning.",
        "Speaker 2: Wie kann ich Ihnen helfen?",
        "Speaker 1: Hi.",
    ]
    assert roles(read_transcript("\n".join(said))) == ["customer", "agent", "agent", "customer"]


def test_who_was_on_hold_is_the_customer() -> None:
    transcript = read_transcript(
        talk(("ch_0", "I've been on hold for an hour."), ("ch_1", "Sorry about that."))
    )
    assert roles(transcript) == ["customer", "agent"]
    assert "it has been on hold, as only a caller is" in transcript.findings[0].message


@pytest.mark.parametrize(
    "turns",
    [
        (("0", "Hello."), ("1", "Hi, my card is gone.")),
        (("0", OFFER), ("1", "How can I help you?")),
        (("0", OFFER), ("1", "Hi."), ("2", "Hello.")),
        (("0", OFFER), ("0", "Hello?")),
        (("0", "Thank you for calling. Press 1 for cards."), ("1", "One.")),
        (("IVR", OFFER), ("1", "Hi.")),
        (("unknown", OFFER), ("1", "Hi.")),
        (("0", OFFER), ("1", "Hi."), ("supervisor", "Go on.")),
        (("0", "Hi."), ("1", "A."), ("0", "B."), ("1", "C."), ("0", "D."), ("0", "E."), ("0", "She said: how can I help?")),
        (("", OFFER), ("1", "Hi.")),
        (("0", "I've been on hold."), ("1", "I have been waiting on the line too.")),
    ],
)  # fmt: skip
def test_where_the_evidence_is_thin_or_speaks_against_itself_nobody_is_guessed(
    turns: tuple[tuple[str, str], ...],
) -> None:
    named = [(f"Speaker {who}" if who.isdigit() else who, said) for who, said in turns]
    transcript = read_transcript(talk(*named))
    assert roles(transcript) == [who.casefold() for who, _ in named]
    assert transcript.inferred == {}


def test_names_that_the_agent_column_contradicts_are_not_guessed_and_numbers_are() -> None:
    for one, other, guessed in (("Ben", "Ann", False), ("Speaker 1", "Speaker 2", True)):
        cell = talk((one, OFFER), (other, "Hi."), (one, "Yes."), (other, "So."))
        transcript = read_transcript(cell, agent=["carla@cedarline.example"])
        assert (set(roles(transcript)) == {"agent", "customer"}) == guessed


def test_what_the_analyst_chose_wins_over_a_greeting() -> None:
    cell = talk(("Speaker 0", OFFER), ("Speaker 1", "Hi."))
    swapped = read_transcript(cell, roles={"speaker 0": "customer", "Speaker 1": "agent"})
    assert (roles(swapped), codes(swapped)) == (["customer", "agent"], [])
    left_out = read_transcript(cell, roles={"Speaker 1": "leave out"})
    assert roles(left_out) == ["speaker 0"]


def test_the_table_of_speakers_says_why() -> None:
    told = read_transcript(talk(("Speaker 0", OFFER), ("Speaker 1", "Hi.")))
    untold = read_transcript(talk(("Speaker 0", "Hello."), ("Speaker 1", "Hi.")))
    other = read_transcript(talk(("Speaker 1", OFFER), ("Speaker 0", "Hi.")))
    first, second = speaker_table([told, untold])
    assert (first.label, first.role, second.role) == ("Speaker 0", "agent", "customer")
    assert first.why.startswith("in 1 of 2 calls it greets like an agent")
    assert {one.role for one in speaker_table([told, other])} == {""}


def test_rows_that_are_lines_are_guessed_in_the_same_way(tmp_path: Path) -> None:
    rows = [("c1", "Speaker 1", OFFER), ("c1", "Speaker 2", "My card is gone."), ("c1", "Speaker 1", "I block it."),
            ("c2", "Speaker 1", "Hello."), ("c2", "Speaker 2", "Hi."), ("c2", "Speaker 1", "Yes.")]  # fmt: skip
    path = tmp_path / "lines.csv"
    pd.DataFrame(rows, columns=["Call ID", "Speaker", "Text"]).to_csv(path, index=False)
    sheet = read_sheet(path)
    one, two = build_frame(sheet, guess_mapping(sheet))
    assert [line.role for line in one.call.transcript or ()] == ["agent", "customer", "agent"]
    assert "role-from-greeting" in [item.code for item in one.findings]
    assert [line.role for line in two.call.transcript or ()] == ["speaker 1", "speaker 2", "speaker 1"]
