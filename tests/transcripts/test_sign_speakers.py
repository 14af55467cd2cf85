"""Speakers that are signs: emoji, shapes and arrows."""

from __future__ import annotations

import pytest

from reddy_lib.transcripts import read_transcript

SAID = (
    "Harbour Insurance, how can I help you today?",
    "A tree fell on my garage last night.",
    "I am sorry to hear that. Is anybody hurt?",
    "Only the car.",
)


def text(one: str, other: str) -> str:
    return "\n".join(f"{one if not place % 2 else other}{said}" for place, said in enumerate(SAID))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("🧑‍💼: ", "👤: "), ("🧑🏽‍💼 ", "🙋🏻‍♀️ "), ("● ", "▶ "), ("●", "○"), (">> ", "<< "), ("→ ", "← "), ("■: ", "□: "),
        ("▶️ ", "⏸️ "),
    ],
)  # fmt: skip
def test_signs_that_take_turns_are_speakers(one: str, other: str) -> None:
    transcript = read_transcript(text(one, other))
    assert [(line.role, line.text) for line in transcript.lines] == [
        ("agent" if not place % 2 else "customer", said) for place, said in enumerate(SAID)
    ]
    assert "role-from-greeting" in {one.code for one in transcript.findings}


def test_signs_that_say_nothing_of_the_sides_are_asked_about() -> None:
    transcript = read_transcript("● Hello there.\n▶ Hello.\n● My line is down.\n▶ I see.")
    assert [line.role for line in transcript.lines if line.role in ("agent", "customer")] == []
    assert set(transcript.labels) == {"●", "▶"}


def test_what_begins_without_a_sign_goes_on_with_the_line_above() -> None:
    transcript = read_transcript(text("● ", "▶ ").replace("that. Is", "that.\nIs"))
    assert transcript.lines[2].text.split() == SAID[2].split()


@pytest.mark.parametrize("mark", ["• ", "▶ ", "* ", "- "])
def test_one_mark_before_all_lines_is_no_speaker(mark: str) -> None:
    said = text(f"{mark}Agent: ", f"{mark}Customer: ")
    assert [line.role for line in read_transcript(said).lines] == ["agent", "customer"] * 2


def test_signs_before_labels_with_times_and_a_legend() -> None:
    rows = ["00:01 [>] ", "00:04 [<] ", "00:09 [>] ", "00:15 [<] "]
    timed = read_transcript("\n".join(mark + said for mark, said in zip(rows, SAID, strict=True)))
    assert [(line.text, line.start) for line in timed.lines] == list(zip(SAID, (1, 4, 9, 15), strict=True))
    labelled = read_transcript(text("🙂 Ann: ", "🙃 Ben: "))
    assert [line.text for line in labelled.lines] == list(SAID)
    assert set(labelled.labels) == {"Ann", "Ben"}
    told = read_transcript("⇐ = Agent, ⇒ = Customer\n" + text("⇐ ", "⇒ "))
    assert [(line.role, line.text) for line in told.lines] == [
        ("agent" if not place % 2 else "customer", said) for place, said in enumerate(SAID)
    ]
