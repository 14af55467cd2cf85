"""Calls that nothing names: their lines are counted, or timed, from the start of each call."""

from __future__ import annotations

import pandas as pd
import pytest

from reddy_lib.spreadsheet import guess_mapping
from reddy_lib.spreadsheet.calls.building import build_frame

LINES = [
    "Good morning, how can I help you?",
    "My bill is wrong.",
    "I will look at it now.",
    "Thanks.",
    "Goodbye.",
]


def sheet(columns: dict[str, str], lengths: list[int]) -> pd.DataFrame:
    rows = []
    for length in lengths:
        for place in range(length):
            seconds = place * 6.5
            form = {
                "place": place + 1,
                "clock": f"0:{int(seconds):02}",
                "seconds": seconds,
                "ms": int(seconds * 1000),
            }
            rows.append(
                {name: kind.format(**form) for name, kind in columns.items()}
                | {"speaker": ("Agent", "Customer")[place % 2], "utterance": LINES[place]}
            )
    return pd.DataFrame(rows, index=range(2, len(rows) + 2))


@pytest.mark.parametrize("lengths", [[4, 4, 4, 4, 4], [3, 5, 4, 3, 5, 4]])
@pytest.mark.parametrize(
    "columns",
    [
        {"#": "{place}", "time": "{clock}"},
        {"#": "{place}"},
        {"time": "{clock}"},
        {"offset": "{seconds}"},
        {"#": "{place}", "Start": "{seconds}"},
        {"t": "{ms}"},
        {"time": "{clock}", "agent": "ann@x.example"},
    ],
)
def test_a_time_or_a_counter_that_begins_again_parts_calls_and_is_no_id(
    columns: dict[str, str], lengths: list[int]
) -> None:
    frame = sheet(columns, lengths)
    mapping = guess_mapping(frame)
    assert not {"#", "time", "offset", "Start", "t"} & set(mapping.fields.values())
    calls = list(build_frame(frame, mapping))
    assert [len(built.call.transcript or ()) for built in calls] == lengths
    if len(columns) > 1 or "#" not in columns:
        assert [line.start for line in calls[1].call.transcript or ()][1] == pytest.approx(6.5, abs=0.6)


def test_overlaps_within_a_call_part_nothing() -> None:
    times = ["0", "6", "5", "12", "0", "6", "7", "6.5"]
    frame = sheet({"offset": "{seconds}", "agent": "ann@x.example"}, [4, 4])
    frame["offset"] = times
    assert [len(built.call.transcript or ()) for built in build_frame(frame, guess_mapping(frame))] == [4, 4]
