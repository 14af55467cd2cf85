"""Times, counters and marks at the edges of the words of every turn: none of it is sent as speech."""

from __future__ import annotations

import pytest

from reddy_lib.transcripts import accounted, read_transcript

SAID = (
    "Good morning, how can I help you?",
    "The parcel was due at 10:15 and is not here.",
    "Let me look. Number 2 is on its way.",
    "Then I wait until noon.",
    "Please do, goodbye.",
)
AT = (2, 7, 13, 19, 64)
WHO = ("Agent", "Customer") * 3


def _clock(seconds: int) -> str:
    return f"{seconds // 60:02d}:{seconds % 60:02d}"


def _cell(pattern: str, between: str = "\n", who: tuple[str, ...] = WHO) -> str:
    return between.join(
        pattern.format(who=label, text=text, at=_clock(at), s=at, n=number)
        for number, (label, text, at) in enumerate(zip(who, SAID, AT, strict=False), 1)
    )


@pytest.mark.parametrize(
    "pattern",
    [
        "{who}: {text} | {at}", "{who}: {text} @{at}", "{who}: {text} - {at}", "{who}\t{text}\t{at}",
        "{who}: {text} [{s}.0s]",
        "{who}: {text}\n{at}", "{who}: {text} ~{at}~", "{who}: {text} {{{at}}}",
    ],
)  # fmt: skip
def test_a_time_behind_the_words_of_each_turn_is_its_time(pattern: str) -> None:
    found = read_transcript(_cell(pattern))
    assert [line.text for line in found.lines] == list(SAID)
    assert [line.role for line in found.lines] == ["agent", "customer", "agent", "customer", "agent"]
    assert [line.start for line in found.lines] == [float(at) for at in AT]


@pytest.mark.parametrize("who", [("A", "B") * 3, ("+49 30 5550101", "+49 171 5550102") * 3])
def test_a_time_before_the_words_of_each_turn_is_its_time(who: tuple[str, ...]) -> None:
    found = read_transcript(_cell("{who}: {at} {text}", who=who))
    assert [line.text for line in found.lines] == list(SAID)
    assert [line.start for line in found.lines] == [float(at) for at in AT]


def test_a_time_that_somebody_says_stays_in_the_words() -> None:
    cell = (
        "Agent: It leaves at 10:15\nCustomer: And the one at 9:40\nAgent: That left at 9:38\nCustomer: I see"
    )
    found = read_transcript(cell)
    assert [line.text for line in found.lines][:2] == ["It leaves at 10:15", "And the one at 9:40"]


@pytest.mark.parametrize(
    ("pattern", "between"),
    [
        ("{{{who}: {text}}}", "\n"), ("{who} {{{text}}}", "\n"), ("{who} #{n} {text}", "\n"), ("#{who}# {text}", "\n"),
        ("#{who}: {text}", " "), ("{who}: {text} |", "\n"), ("| {who}: {text}", " "),
    ],
)  # fmt: skip
@pytest.mark.parametrize("who", [WHO, ("Berater", "Kunde") * 3])
def test_marks_and_counters_are_no_words(pattern: str, between: str, who: tuple[str, ...]) -> None:
    found = read_transcript(_cell(pattern, between, who))
    assert [line.text for line in found.lines] == list(SAID)
    assert [line.role for line in found.lines] == ["agent", "customer", "agent", "customer", "agent"]


@pytest.mark.parametrize("who", [WHO, ("A", "B") * 3])
def test_marks_of_each_minute_are_no_words(who: tuple[str, ...]) -> None:
    lines = [f"{label}: {text}" for label, text in zip(who, SAID, strict=False)]
    found = read_transcript("\n".join(["[00:00]", *lines[:4], "[01:00]", *lines[4:]]))
    assert [line.text for line in found.lines] == list(SAID)
    assert found.lines[4].start == 60.0


def test_what_was_taken_for_a_time_is_accounted_for() -> None:
    cell = _cell("{who}: {text} | {at}")
    assert accounted(cell, read_transcript(cell)).unassigned == []


def test_labels_that_hold_the_time_of_their_turn_are_read_as_two() -> None:
    found = read_transcript(_cell("{who} (0′{s:02d}″): {text}"))
    assert [line.text for line in found.lines] == list(SAID)
    assert "side-has-several-speakers" not in {one.code for one in found.findings}


def test_the_rest_of_a_name_is_no_word_of_its_turn() -> None:
    said = (
        "Good day to you.",
        "My parcel is late.",
        "Let me look.",
        "I can wait.",
        "It comes today.",
        "Good news.",
    )
    lines = [f"#{who} {text}" for who, text in zip(("Petra Roth", "Tom Becker") * 3, said, strict=True)]
    found = read_transcript("\n".join(lines), agent=("Petra Roth",))
    assert [line.text for line in found.lines] == list(said)
    assert set(found.labels) == {"Petra Roth", "Tom Becker"}
