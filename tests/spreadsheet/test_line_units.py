"""Numbers under names that say nothing: their unit is told by the pace of all calls, and asked where two units fit."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.spreadsheet import build_frame, guess_mapping
from reddy_lib.spreadsheet.calls.building import BuiltCall

TEXTS = [
    "Good morning, Larkfield Water, this is Petra, how can I help?",
    "Hi, my bill for {n} is twice what it was last month.",
    "I am sorry to hear that. May I have your account number?",
    "Yes, it is four seven one {n}.",
    "Thank you. The meter was read twice in May, that explains it.",
    "I see, that would explain it. What happens now?",
]
NAMES = ["Mrs Tanner", "Mr Okafor", "Ms Lindqvist", "Mr Rossi", "Mrs Nowak"]
GAP = 0.37
A_SECOND = {
    "ms": 1e3, "us": 1e6, "ns": 1e9, "ticks": 1e7, "8 kHz": 8000, "16 kHz": 16_000, "44.1 kHz": 44_100, "48 kHz": 48_000,
}  # fmt: skip


def table(rate: float, ends: str = "", *, off_grid: bool = False) -> tuple[pd.DataFrame, list[float]]:
    """Five calls, a row a line, and the starts of the lines of the first. `ends`: "stop", "length" or ""."""
    rows: list[dict[str, Any]] = []
    first: list[float] = []
    for call in range(5):
        now = 0.4 + 0.11 * call
        for number, words in enumerate(TEXTS):
            text = f"{words.format(n=3100 + 17 * call)} {NAMES[call]}, {number}."
            lasts = round(len(text) / 15 + 0.05 * (call + number), 2)
            begin, end = round(rate * now), round(rate * (now + lasts))
            if off_grid:
                begin, end = begin + 7 * number + call, end + 11 * number + call
            times = {"Plum": str(begin)}
            if ends:
                times["Falcon"] = str(end if ends == "stop" else end - begin)
            side = ("agent", "customer")[number % 2]
            rows.append({"Otter": f"C-{4000 + 7 * call}", "Heron": side, "Basil": text, **times})
            if not call:
                first.append(round(now, 2))
            now = round(now + lasts + GAP, 2)
    return pd.DataFrame(rows), first


def codes(built: list[BuiltCall]) -> set[str]:
    return {found.code for one in built for found in one.findings}


@pytest.mark.parametrize("ends", ["", "stop", "length"])
@pytest.mark.parametrize("unit", list(A_SECOND))
def test_the_unit_is_told_by_the_pace_of_all_calls(unit: str, ends: str) -> None:
    frame, starts = table(A_SECOND[unit], ends)
    mapping = guess_mapping(frame)
    built = list(build_frame(frame, mapping))
    assert mapping.line_units["start"] == unit
    assert [line.start for line in built[0].call.transcript or ()] == pytest.approx(starts, abs=0.01)
    assert ("unit-from-pace" in codes(built)) == (unit != "ms")
    assert not codes(built) & {"unit-unclear", "pace-implausible"}


@pytest.mark.parametrize(("rate", "other"), [(44_100, "48 kHz"), (25, "30 fps")])
@pytest.mark.parametrize("ends", ["", "stop"])
def test_two_units_that_fit_hold_the_calls_until_somebody_answers(rate: float, other: str, ends: str) -> None:
    frame, starts = table(rate, ends, off_grid=rate > 1000)
    mapping = guess_mapping(frame)
    built = list(build_frame(frame, mapping))
    assert all("unit-unclear" in {found.code for found in one.findings} for one in built)
    (question,) = [one for one in reddy.questions(mapping, frame) if one.key == "unit"]
    right = {44_100: "Samples at 44.1 kHz", 25: "Frames, 25 per second"}[int(rate)]
    option = next(one for one in question.options if one.label == right)
    again = list(build_frame(frame, option.apply(mapping)))
    assert not codes(again) & {"unit-unclear", "pace-implausible"}
    assert [line.start for line in again[0].call.transcript or ()] == pytest.approx(starts, abs=0.05)
    assert other in {unit for one in question.options for unit in one.changes["line_units"].values()}


def test_a_slow_chat_is_not_taken_for_speech() -> None:
    frame, _ = table(1)
    gaps = [41, 9, 63, 12, 55, 30]
    frame["Plum"] = [str(sum(gaps[: row % 6]) + row // 6) for row in range(len(frame))]
    mapping = guess_mapping(frame)
    assert mapping.line_units["start"] == "s"
    assert not codes(list(build_frame(frame, mapping))) & {"unit-unclear", "unit-from-pace"}


def test_a_name_that_says_what_is_counted_is_asked_about_the_rate_alone() -> None:
    frame, starts = table(8000)
    frame = frame.rename(columns={"Plum": "Sample"})
    built = list(build_frame(frame, guess_mapping(frame)))
    assert [line.start for line in built[0].call.transcript or ()] == pytest.approx(starts, abs=0.01)
