"""Values that stand in several columns: starts as year, month, day and hour, ids as a place and a number."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from reddy_lib.spreadsheet import BuiltCall, build_frame, guess_mapping

WORDS = "Agent: Depot, how can I help you?\nCustomer: My parcel {} is late."


def calls(columns: str, rows: list[list[Any]]) -> list[BuiltCall]:
    frame = pd.DataFrame(rows, columns=columns.split(","), index=range(2, len(rows) + 2))
    return list(build_frame(frame, guess_mapping(frame).replace(timezone="UTC")))


@pytest.mark.parametrize(
    ("columns", "first", "second", "starts"),
    [
        (
            "Year,Month,Day,Hour,Minute",
            [2026, 5, 4, 9, 7],
            [2026, 5, 13, 16, 30],
            ["2026-05-04 09:07", "2026-05-13 16:30"],
        ),
        ("Tag,Monat,Jahr", ["4", "5", "2026"], ["13", "5", "2026"], ["2026-05-04", "2026-05-13"]),
        (
            "día,mes,año,hora",
            [4, "mayo", 2026, "9:07"],
            [13, "junio", 2026, "16:30"],
            ["2026-05-04 09:07", "2026-06-13 16:30"],
        ),
        (
            "call month,call day,call year",
            [12.0, 11.0, 2025.0],
            [5.0, 13.0, 2026.0],
            ["2025-12-11", "2026-05-13"],
        ),
    ],
)
def test_a_start_in_several_columns_is_one_moment(
    columns: str, first: list[Any], second: list[Any], starts: list[str]
) -> None:
    rows = [["Z-901", *first, WORDS.format(1)], ["Z-902", *second, WORDS.format(2)]]
    found = calls(f"Ref,{columns},Transcript", rows)
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() for text in starts]
    assert [built.call.timestamp for built in found] == moments


def test_numbers_that_are_no_parts_of_a_date_stay_tags() -> None:
    rows = [[f"Z-90{n}", 2026, 5, 40 + n, WORDS.format(n)] for n in range(4)]
    assert all(built.call.timestamp is None for built in calls("Ref,Year,Month,Day,Transcript", rows))


def test_a_number_that_each_place_counts_is_an_id_with_its_place() -> None:
    rows = [[place, number, WORDS.format(place)] for number in (1001, 1002, 1003) for place in ("BER", "HAM")]
    found = calls("Depot,Number,Transcript", rows)
    assert [built.call.conversation_id for built in found[:3]] == ["BER-1001", "HAM-1001", "BER-1002"]
    assert all("column-doubtful" in {one.code for one in built.findings} for built in found[:1])


def test_an_id_by_its_name_that_comes_twice_is_kept_and_named() -> None:
    rows = [
        [place, f"K-{number}", WORDS.format(place)]
        for number in (1001, 1002, 1003)
        for place in ("BER", "HAM")
    ]
    found = calls("Depot,Call ID,Transcript", rows)
    assert found[0].call.conversation_id == "K-1001"
    assert any(one.code == "column-doubtful" and "Depot" in one.message for one in found[0].findings)


def test_lines_of_several_places_under_one_number_are_several_calls() -> None:
    rows: list[list[Any]] = []
    for number in (1001, 1002, 1003):
        for place in ("BER", "HAM"):
            rows += [
                [place, number, "Agent", "Depot, how can I help you?"],
                [place, number, "Customer", f"My parcel {number} is late."],
                [place, number, "Agent", "I will look where it is."],
            ]
    found = calls("Depot,Number,Speaker,Text", rows)
    assert len(found) == 6
    assert {len(built.call.transcript or ()) for built in found} == {3}
    assert len({built.call.conversation_id for built in found}) == 6
    assert any(one.code == "column-doubtful" for one in found[0].findings)
