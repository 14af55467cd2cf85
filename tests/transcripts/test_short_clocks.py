"""Clocks of two numbers: minutes and seconds of the call, or hours and minutes of a day."""

from __future__ import annotations

import pandas as pd
import pytest

from reddy_lib.spreadsheet import build_frame, guess_mapping, questions
from reddy_lib.transcripts import Transcript, read_transcript

SAID = (
    "Agent: Harbour Insurance, how can I help you today?",
    "Customer: A tree fell on my garage last night.",
    "Agent: I am sorry to hear that, is anybody hurt?",
    "Customer: Only the car.",
)
TEN = 1_772_618_400.0  # 10:00 in UTC


def transcript(clocks: str, **known: float | None) -> Transcript:
    text = "\n".join(f"{clock} {line}" for clock, line in zip(clocks.split(), SAID, strict=True))
    return read_transcript(text, duration=known.get("duration"), started=known.get("started"))


def starts(read: Transcript) -> list[float | None]:
    return [line.start for line in read.lines]


@pytest.mark.parametrize(
    ("clocks", "known", "seconds"),
    [
        ("10:00 10:01 10:02 10:03", {}, [0, 60, 120, 180]),  # 9 words a second otherwise
        ("10:00 10:00 10:01 10:01", {}, [0, 0, 60, 60]),
        ("14:05 14:12 14:20 14:31", {"duration": 1620.0}, [0, 420, 900, 1560]),
        ("23:58 23:59 00:00 00:02", {}, [0, 60, 120, 240]),
    ],
)
def test_clocks_that_can_only_be_hours_and_minutes_are(
    clocks: str, known: dict[str, float], seconds: list[float]
) -> None:
    read = transcript(clocks, **known)
    assert starts(read) == seconds
    codes = [one.code for one in read.findings]
    assert "unit-from-pace" in codes
    assert "pace-implausible" not in codes


@pytest.mark.parametrize(
    ("clocks", "known"),
    [
        ("00:00 00:04 00:09 00:14", {}),
        ("01:10 01:14 01:19 01:24", {}),
        ("25:10 25:14 25:19 25:24", {}),
        ("10:00 10:04 10:09 10:14", {"duration": 620.0}),
        ("10:00 10:04 10:09 10:14", {"started": TEN + 1210}),
    ],
)
def test_clocks_that_can_only_be_minutes_and_seconds_are(clocks: str, known: dict[str, float]) -> None:
    read = transcript(clocks, **known)
    assert starts(read) == [60 * int(clock[:2]) + int(clock[3:]) for clock in clocks.split()]
    assert not {"unit-unclear", "unit-from-pace"} & {one.code for one in read.findings}


@pytest.mark.parametrize("known", [{}, {"started": TEN + 35}, {"started": TEN - 9 * 3600}])
def test_clocks_that_may_be_both_are_held(known: dict[str, float]) -> None:
    read = transcript("10:00 10:04 10:09 10:14", **known)
    assert "unit-unclear" in [one.code for one in read.findings]


def test_the_reading_is_asked_once_and_chosen_for_all_calls() -> None:
    text = "\n".join(
        f"{clock} {line}" for clock, line in zip(("10:00", "10:04", "10:09", "10:14"), SAID, strict=True)
    )
    frame = pd.DataFrame({"Call ID": ["K-11", "K-12"], "Transcript": [text, text]}, index=[2, 3])
    mapping = guess_mapping(frame)
    [asked] = [one for one in questions(mapping, frame) if one.key == "unit"]
    assert [option.label for option in asked.options] == ["Minutes:seconds", "Hours:minutes"]
    for option, seconds in zip(asked.options, ([600, 604, 609, 614], [0, 240, 540, 840]), strict=True):
        for built in build_frame(frame, option.apply(mapping)):
            assert [line.start for line in built.call.transcript or ()] == seconds
            assert not {"unit-unclear", "pace-implausible"} & {one.code for one in built.findings}


@pytest.mark.parametrize(("step", "code"), [(1, "unit-from-pace"), (5, "unit-unclear")])
def test_a_column_of_such_clocks_is_told_apart_too(step: int, code: str) -> None:
    rows = [
        [f"K-{call}", f"11:{call + step * place:02}", *line.split(": ")]
        for call in (11, 12)
        for place, line in enumerate(SAID)
    ]
    frame = pd.DataFrame(rows, columns=["Call ID", "Time", "Speaker", "Text"], index=range(2, 10))
    mapping = guess_mapping(frame)
    built = next(iter(build_frame(frame, mapping)))
    assert code in [one.code for one in built.findings]
    hours = mapping.replace(line_units={"start": "h:m"})
    for one in build_frame(frame, hours):
        assert [line.start for line in one.call.transcript or ()] == [60 * step * place for place in range(4)]
        assert not {"unit-unclear", "pace-implausible"} & {found.code for found in one.findings}


@pytest.mark.parametrize(
    ("clocks", "offset", "seconds"),
    [
        ("10:00 10:04 10:09 10:14", 0.0, [0, 240, 540, 840]),  # a chat with pauses
        ("12:01 12:05 12:10 12:15", 7200.0, [0, 240, 540, 840]),
        ("10:00 10:04 10:09 10:14", 7200.0, [600, 604, 609, 614]),  # the call began at 12:00 there
        ("10:00 10:04 10:09 10:14", None, [600, 604, 609, 614]),
    ],
)
def test_a_first_line_at_the_very_time_of_the_start_has_a_time_of_day(
    clocks: str, offset: float | None, seconds: list[float]
) -> None:
    text = "\n".join(f"{clock} {line}" for clock, line in zip(clocks.split(), SAID, strict=True))
    read = read_transcript(text, started=TEN, utc_offset=offset)
    assert starts(read) == seconds
    assert ("unit-unclear" in [one.code for one in read.findings]) == (seconds[0] != 0)
