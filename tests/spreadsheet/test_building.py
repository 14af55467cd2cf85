"""Rows become calls: fields, times, speakers, tags, and what is said about cells that could not be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from reddy_lib.errors import MappingError
from reddy_lib.model import Call, Speaker, Tag, TranscriptLine
from reddy_lib.spreadsheet import Mapping, build_call, build_calls, build_frame, read_pieces
from reddy_lib.spreadsheet.cells.dates import looks_like_time, read_timestamp
from reddy_lib.spreadsheet.evidence.day_order import DayOrder, day_order


def when(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def test_a_row_becomes_the_call_it_describes() -> None:
    mapping = Mapping(
        fields={
            "agent_email": "Agent",
            "product_id": "Product",
            "transcript": "Text",
            "timestamp": "Start",
            "conversation_id": "Id",
            "filename": "Audio",
        },
        tags=["Team", "Score", "VIP", "Blank"],
        tag_types={"Score": "integer", "VIP": "boolean"},
        values={"product_id": {"Cards": 7}},
        line_times="leave out",
    )
    cells = {
        "Agent": " ben@x.example ", "Product": "cards", "Text": "Agent: Hi", "Start": "2026-03-30T17:46:00Z", "Id": "c-1",
        "Audio": "a.wav", "Team": "Night", "Score": "5", "VIP": "yes", "Blank": " ", "Other": "not sent",
    }  # fmt: skip
    built = build_call(12, cells, mapping)
    assert built.call == Call(
        agent_email="ben@x.example",
        product_id=7,
        conversation_id="c-1",
        timestamp=when("2026-03-30T17:46"),
        filename="a.wav",
        transcript=[TranscriptLine("agent", "Hi")],
        tags=[Tag("Team", "Night", "string"), Tag("Score", 5, "integer"), Tag("VIP", True, "boolean")],
    )
    assert (built.row, built.cells, built.findings, built.product_name) == (12, cells, [], "cards")


def test_cells_are_ready_for_json_whatever_excel_had() -> None:
    cells = {
        "a": datetime.fromisoformat("2026-03-30T17:46:00"),
        "b": date(2026, 3, 30),
        "c": time(9, 5),
        "d": 5,
        "e": 2.5,
        "f": True,
        "g": float("nan"),
        "h": "",
    }
    built = build_call(2, cells, Mapping())
    assert json.loads(json.dumps(built.cells)) == {
        "a": "2026-03-30T17:46:00", "b": "2026-03-30", "c": "09:05:00", "d": 5, "e": 2.5, "f": True, "g": None, "h": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "product", "code"),
    [
        ("7", 7, None),
        (7, 7, None),
        ("7.0", 7, None),
        ("Cards hotline", 70, None),
        ("cards-HOTLINE", 70, None),
        ("Loans", None, "product-unknown"),
        ("", 3, None),
        ("12", 120, None),
    ],
)
def test_a_product_is_a_table_entry_a_number_or_a_finding(
    cell: object, product: int | None, code: str | None
) -> None:
    mapping = Mapping(
        fields={"product_id": "P"},
        values={"product_id": {"Cards hotline": 70, "12": 120}},
        defaults={"product_id": 3},
    )
    built = build_call(2, {"P": cell}, mapping)
    assert built.call.product_id == product
    assert [item.code for item in built.findings] == ([code] if code else [])
    if code:
        assert built.findings[0].value == "Loans"


def test_a_table_entry_that_is_still_open_matches_nothing() -> None:
    mapping = Mapping(fields={"product_id": "P"}, values={"product_id": {"Loans": "", "Cards": None}})
    for cell in ("Loans", "Cards"):
        built = build_call(2, {"P": cell}, mapping)
        assert built.call.product_id is None
        assert [item.code for item in built.findings] == ["product-unknown"]


def test_an_id_of_its_own_wins_and_a_missing_one_is_derived_from_the_call() -> None:
    mapping = Mapping(fields={"conversation_id": "Id", "transcript": "T"})
    assert build_call(2, {"Id": 3592, "T": ""}, mapping).call.conversation_id == "3592"
    derived = build_call(2, {"Id": "", "T": "Agent: Hi"}, mapping).call.conversation_id
    again = build_call(99, {"Id": "", "T": "Agent: Hi"}, mapping).call.conversation_id
    other = build_call(2, {"Id": "", "T": "Agent: Ho"}, mapping).call.conversation_id
    assert derived is not None
    assert derived.startswith("call-")
    assert derived == again != other


def test_a_value_table_turns_names_into_emails() -> None:
    mapping = Mapping(fields={"agent_email": "Agent"}, values={"agent_email": {"Ben": "ben@x.example"}})
    assert build_call(2, {"Agent": " Ben "}, mapping).call.agent_email == "ben@x.example"
    assert build_call(2, {"Agent": "Ana"}, mapping).call.agent_email == "Ana"


@pytest.mark.parametrize(
    ("cells", "speaker"),
    [
        ({"C": '["customer","agent"]'}, Speaker("channels", ["customer", "agent"])),
        ({"C": "Customer, Agent"}, Speaker("channels", ["customer", "agent"])),
        ({"C": ""}, None),
        ({"S": "Diarize"}, Speaker("diarize")),
        ({"S": "channels", "M": "agent,customer"}, Speaker("channels", ["agent", "customer"])),
        ({"M": "['agent', 'customer']"}, Speaker("channels", ["agent", "customer"])),
    ],
)
def test_the_old_channels_and_the_new_speaker_settings(
    cells: dict[str, str], speaker: Speaker | None
) -> None:
    names = {"C": "channels", "S": "separation", "M": "channel_map"}
    mapping = Mapping(fields={names[column]: column for column in cells})
    assert build_call(2, cells, mapping).call.speaker == speaker


def test_cells_beyond_the_header_are_reported_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("Id,Text\n1,Agent: Hi\n2,Agent: Ho,more,and more\n", encoding="utf-8")
    mapping = Mapping(fields={"conversation_id": "Id", "transcript": "Text"}, line_times="leave out")
    first, second = (built for piece in read_pieces(path) for built in build_frame(piece, mapping))
    assert first.findings == []
    assert [(item.code, item.value) for item in second.findings] == [
        ("row-incomplete", "more"),
        ("row-incomplete", "and more"),
    ]
    assert second.cells == {"Id": "2", "Text": "Agent: Ho", "column C": "more", "column D": "and more"}


def test_a_column_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(MappingError, match="The sheet has no column 'Gone': choose among 'A'"):
        build_call(2, {"A": ""}, Mapping(tags=["Gone"]))


def frame() -> pd.DataFrame:
    data = {"Start": ["2026-07-01 12:00", ""], "Agent": ["ben@x.example", ""]}
    return pd.DataFrame(data, index=pd.Index([4, 9], name="row"), dtype=object)


def test_calls_of_a_frame_carry_its_row_numbers_zone_and_defaults() -> None:
    mapping = Mapping(fields={"timestamp": "Start", "agent_email": "Agent"})
    calls: Iterator[tuple[int, Call]] = build_calls(
        frame(),
        mapping,
        timezone="Europe/London",
        defaults={"agent_email": "team@x.example", "product_id": 7},
    )
    (row_a, a), (row_b, b) = calls
    assert (row_a, row_b) == (4, 9)
    assert (a.agent_email, b.agent_email) == ("ben@x.example", "team@x.example")
    assert (a.product_id, b.product_id) == (7, 7)
    assert a.timestamp == when("2026-07-01T12:00", "Europe/London")
    assert b.timestamp is None


def test_a_tag_that_does_not_fit_keeps_its_columns_type_and_its_text() -> None:
    built = build_call(2, {"Score": "N/A"}, Mapping(tags=["Score"], tag_types={"Score": "integer"}))
    assert built.call.tags == [Tag("Score", "N/A", "integer")]


def test_roles_and_units_of_the_mapping_reach_the_transcript() -> None:
    cell = '[{"role": "Desk", "text": "Hello", "start": 10, "stop": 900}]'
    mapping = Mapping(fields={"transcript": "T"}, roles={"desk": "agent"}, line_unit="ms")
    assert build_call(2, {"T": cell}, mapping).call.transcript == [
        TranscriptLine("agent", "Hello", 0.01, 0.9)
    ]


def test_findings_of_the_transcript_come_with_the_call() -> None:
    built = build_call(2, {"T": "no speaker here"}, Mapping(fields={"transcript": "T"}))
    assert [item.code for item in built.findings] == ["transcript-no-speakers", "times-estimated"]
    assert all(item.row is None for item in built.findings)


# --- start times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("2026-03-30T17:46:00Z", "2026-03-30T17:46"),
        ("2026-03-30 17:46:00+02:00", "2026-03-30T15:46"),
        ("2026-03-30 17:46", "2026-03-30T17:46"),
        ("2026-03-30", "2026-03-30T00:00"),
        ("20260330", "2026-03-30T00:00"),
        ("20260330174600", "2026-03-30T17:46"),
        ("30.03.2026 17:46", "2026-03-30T17:46"),
        ("30.03.2026, 17:46 Uhr", "2026-03-30T17:46"),
        ("3/30/2026 5:46 PM", "2026-03-30T17:46"),
        ("30/03/26 17:46:00", "2026-03-30T17:46"),
        ("2026/3/30 17:46", "2026-03-30T17:46"),
        ("30 March 2026 17:46", "2026-03-30T17:46"),
        ("Mon, 30 Mar 2026 17:46:00 GMT", "2026-03-30T17:46"),
        ("March 30, 2026 at 5:46 pm", "2026-03-30T17:46"),
        ("30 de marzo de 2026 17:46", "2026-03-30T17:46"),
        ("4/4/2026 12:00 AM", "2026-04-04T00:00"),
        (datetime.fromisoformat("2026-03-30T17:46:00"), "2026-03-30T17:46"),
        (datetime(2026, 3, 30, 17, 46, tzinfo=UTC), "2026-03-30T17:46"),
        (date(2026, 3, 30), "2026-03-30T00:00"),
        (1774892760, "2026-03-30T17:46"),
        ("1774892760", "2026-03-30T17:46"),
        ("1774892760.0", "2026-03-30T17:46"),
    ],
)
def test_start_times_as_sheets_write_them(cell: object, iso: str) -> None:
    assert read_timestamp(cell) == (when(iso), None)


@pytest.mark.parametrize(
    "cell",
    [
        "tomorrow",
        "31.02.2026",
        "25:00",
        "13/13/2026",
        "3/4/2026 13:00 AM",
        time(9, 5),
        True,
        "2026-03-30 99:00",
        "9" * 100,
        float("inf"),
    ],
)
def test_what_is_no_start_time_is_a_finding_with_the_cell(cell: object) -> None:
    seconds, found = read_timestamp(cell)
    assert seconds is None
    assert found is not None
    assert (found.code, found.value) == ("timestamp-unreadable", str(cell))


@pytest.mark.parametrize("cell", ["", "  ", None])
def test_an_empty_start_time_says_nothing(cell: object) -> None:
    assert read_timestamp(cell) == (None, None)


def test_milliseconds_are_divided_only_when_told() -> None:
    assert read_timestamp("1774892760500", unit="ms") == (1774892760.5, None)
    assert read_timestamp("1774892760500") == (1774892760500, None)
    assert read_timestamp(1774892760500, unit="s") == (1774892760500, None)


@pytest.mark.parametrize(
    ("day_first", "iso"),
    [(True, "2026-04-03T00:00"), (False, "2026-03-04T00:00")],
)
def test_the_order_of_day_and_month_is_the_columns(day_first: bool | None, iso: str) -> None:
    assert read_timestamp("3/4/2026", day_first=day_first) == (when(iso), None)


@pytest.mark.parametrize(
    ("cell", "words", "hour"),
    [
        ("2026-10-25 01:30", "happened twice", "2026-10-25T00:30"),
        ("2026-03-29 01:30", "never happened", "2026-03-29T01:30"),
    ],
)
def test_times_around_a_change_of_clocks_are_reported(cell: str, words: str, hour: str) -> None:
    seconds, found = read_timestamp(cell, tz=ZoneInfo("Europe/London"))
    assert seconds == when(hour)
    assert found is not None
    assert found.code == "timestamp-ambiguous"
    assert words in found.message
    assert read_timestamp(cell + "Z", tz=ZoneInfo("Europe/London"))[1] is None


@pytest.mark.parametrize(
    ("column", "day_first"),
    [
        (["30/03/2026", "1/4/2026"], True),
        (["3/30/2026", "4/1/2026"], False),
        (["3/4/2026"], None),
        (["30/3/2026", "3/30/2026"], None),
        (["3.4.2026"], True),
        (["1/3/2026", "2/3/2026", "3/3/2026", "4/3/2026"], True),
        (["2026-03-30"], None),
        ([], None),
    ],
)
def test_day_and_month_are_told_apart_over_the_column(column: list[str], day_first: bool | None) -> None:
    order = day_order(column)
    assert isinstance(order, DayOrder)
    assert order.day_first is day_first


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-03-30", True),
        (date(2026, 3, 30), True),
        (1774892760, True),
        ("1774892760000", True),
        ("17", False),
        ("hello", False),
        (True, False),
        ("00:05:10", False),
        (12345, False),
    ],
)
def test_what_may_be_a_start_time(cell: object, expected: bool) -> None:
    assert looks_like_time(cell) is expected
