"""Cells of lines as odd exports have them: clocks past midnight, blanks, numbers for words, lengths that are no times."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pandas as pd
import pytest

from reddy_lib.spreadsheet import Mapping
from reddy_lib.spreadsheet.calls.building import build_frame
from reddy_lib.spreadsheet.calls.lines import lines_transcript
from reddy_lib.spreadsheet.mapping.guessing import guess_mapping

ROLES = ["Agent", "Customer", "Agent"]
SAID = ["Hello", "Hi", "Bye"]


def read(started: float | None = None, units: dict[str, str] | None = None, **cells: list[Any]) -> Any:
    count = max(map(len, cells.values()))
    cells = {"role": ROLES[:count], "text": SAID[:count], **cells}
    mapping = Mapping(layout="lines", line_fields={name: name for name in cells}).replace(
        line_units=units or {}
    )
    return lines_transcript(cells, mapping, started=started)


def starts(transcript: Any) -> list[float | None]:
    return [line.start for line in transcript.lines]


def codes(transcript: Any) -> list[str]:
    return [found.code for found in transcript.findings]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["23:59:58", "00:00:03", "00:00:07"], [0, 5, 9]),
        (["11:59:58 PM", "12:00:03 AM", "12:00:07 a.m."], [0, 5, 9]),
        ([time(23, 59, 58), time(0, 0, 3), time(0, 0, 7)], [0, 5, 9]),
        (["23:59:50", "23:59:58", "00:00:07"], [0, 8, 17]),
        (["11:59:58 AM", "12:00:03 PM", "12:00:07 PM"], [0, 5, 9]),
        (["14:02:10", "14:02:08", "14:02:15"], [2, 0, 7]),
        (["00:00:01", "00:00:03", "00:00:07"], [1, 3, 7]),
        (["00:59:58", "01:00:03", "01:00:07"], [3598, 3603, 3607]),
    ],
)
def test_clocks_count_from_the_first_line_also_past_midnight(cells: list[Any], expected: list[float]) -> None:
    assert starts(read(start=cells)) == expected


def test_stops_past_midnight_come_after_their_starts() -> None:
    transcript = read(start=["23:59:50", "23:59:58", "00:00:07"], stop=["23:59:55", "00:00:02", "00:00:09"])
    assert [(line.start, line.stop) for line in transcript.lines] == [(0, 5), (8, 12), (17, 19)]
    assert codes(transcript) == ["times-estimated"]
    assert "times of day" in transcript.findings[0].message


def test_clocks_past_midnight_count_from_the_start_of_the_call_where_that_is_known() -> None:
    """The call started on 2 March 2026 at 23:59:55 UTC."""
    assert starts(read(1772495995, start=["23:59:58", "00:00:03", "00:00:07"])) == [3, 8, 12]


@pytest.mark.parametrize(
    ("cells", "unit", "expected"),
    [
        ([timedelta(0), timedelta(seconds=2.5), timedelta(minutes=1)], "auto", [0, 2.5, 60]),
        (["0", "", "9"], "s", [0, 0.38, 9]),
        (["0", None, "9"], "s", [0, 0.38, 9]),
        ([0, float("nan"), 9000], "ms", [0, 0.38, 9]),
        (["0,5", "2,5", "9,0"], "s", [0.5, 2.5, 9]),
        (["0s", "2.5s", "9s"], "auto", [0, 2.5, 9]),
        (["0 ms", "2500 ms", "9000 ms"], "auto", [0, 2.5, 9]),
        (["00:00:00,500", "00:00:02,500", "00:00:09,000"], "auto", [0.5, 2.5, 9]),
    ],
)
def test_lengths_clocks_and_gaps(cells: list[Any], unit: str, expected: list[float]) -> None:
    assert starts(read(start=cells, units={"start": unit})) == expected


@pytest.mark.parametrize("cell", ["soon", "1_0", "--", "00:61:99:00", "#N/A"])
@pytest.mark.parametrize("name", ["start", "stop", "duration"])
def test_what_is_no_time_is_a_finding_of_its_line_and_field(name: str, cell: str) -> None:
    transcript = read(**{"start": ["0", "3", "6"], name: ["0", cell, "8"]})
    (found,) = [found for found in transcript.findings if found.code == "time-unreadable"]
    assert (found.field, found.line, found.value) == ("start" if name == "duration" else name, 2, cell)
    assert found.message == f"The {name} of line 2 is not a time: {cell!r}."
    assert [line.text for line in transcript.lines] == SAID


@pytest.mark.parametrize(
    ("counter", "texts"),
    [
        ([3, 1, 2], ["Hi", "Bye", "Hello"]),
        (["10", "9", "8"], ["Bye", "Hi", "Hello"]),
        ([1, 1, 1], SAID),
        ([2, "", 1], SAID),
        (["b", "a", "c"], SAID),
    ],
)
def test_lines_stand_in_the_order_of_a_counter_that_every_line_has(
    counter: list[Any], texts: list[str]
) -> None:
    assert [line.text for line in read(order=counter).lines] == texts


def test_a_finding_names_the_line_where_it_stands_after_sorting() -> None:
    transcript = read(order=[3, 1, 2], start=["soon", "0", "3"])
    (found,) = [found for found in transcript.findings if found.code == "time-unreadable"]
    assert (found.line, transcript.lines[2].text) == (3, "Hello")


@pytest.mark.parametrize(
    ("cells", "lines"),
    [
        ({"text": ["Hello", "", "Bye"]}, [("agent", "Hello"), ("customer", ""), ("agent", "Bye")]),
        ({"text": ["Hello", 12, 4.0]}, [("agent", "Hello"), ("customer", "12"), ("agent", "4")]),
        ({"text": ["Hello", True, None]}, [("agent", "Hello"), ("customer", "TRUE"), ("agent", "")]),
        ({"role": ["Agent", "", "Agent"]}, [("agent", "Hello"), ("", "Hi"), ("agent", "Bye")]),
        ({"role": ["AGENT:", " customer ", "**Agent**"]}, [("agent", "Hello"), ("customer", "Hi"), ("agent", "Bye")]),
        ({"role": ["Agent", "IVR", "Agent"]}, [("agent", "Hello"), ("ivr", "Hi"), ("agent", "Bye")]),
    ],
)  # fmt: skip
def test_every_row_is_a_line_whatever_its_cells_hold(
    cells: dict[str, list[Any]], lines: list[tuple[str, str]]
) -> None:
    assert [(line.role, line.text) for line in read(**cells).lines] == lines


def test_rows_of_which_none_names_a_speaker_get_no_role() -> None:
    transcript = read(role=["", "", ""])
    assert [line.role for line in transcript.lines] == ["", "", ""]
    assert "transcript-no-speakers" in codes(transcript)


def test_a_call_that_lacks_its_id_does_not_go_on_with_the_one_above():
    said = ["Hello, how can I help?", "My card is lost.", "I block it now."]
    rows = [
        {
            "Ref": f"K-{call}" if n == 0 and call != 2 else "",
            "Rep": f"rep{call % 2}@firm.example" if n == 0 else "",
            "At": f"2025-03-0{call + 1} 10:00:00" if n == 0 else "",
            "Who": ("agent", "customer")[n % 2],
            "Said": text,
        }
        for call in range(5)
        for n, text in enumerate(said)
    ]
    sheet = pd.DataFrame(rows)
    calls = list(build_frame(sheet, guess_mapping(sheet)))
    assert [len(call.call.transcript) for call in calls] == [3] * 5
    assert calls[0].call.conversation_id == "K-0"
