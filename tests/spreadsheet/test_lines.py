"""One row a transcript line: found by itself, grouped while rows stream by, and built as any other call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from reddy_lib.errors import MappingError
from reddy_lib.model import TranscriptLine
from reddy_lib.spreadsheet import (
    BuiltCall,
    Mapping,
    build_calls,
    build_frame,
    guess_mapping,
    read_calls,
    read_pieces,
    read_sheet,
)
from reddy_lib.spreadsheet.calls import grouping as grouping_module
from reddy_lib.spreadsheet.calls.grouping import calls_of, groups_of, scattered_keys
from reddy_lib.spreadsheet.calls.lines import lines_transcript

BY_ID = """call_id,rep_email,start,turn,who,said,offset_ms,duration_ms,queue
c1,ana@x.example,2026-03-02 10:00:00,1,Agent,Good morning how can I help,0,2000,Cards
c1,ana@x.example,2026-03-02 10:00:00,2,Customer,I have lost my card at the station,2500,3000,Cards
c1,ana@x.example,2026-03-02 10:00:00,3,Agent,I will block it for you right now,6000,2500,Cards
c2,ben@x.example,2026-03-02 11:00:00,1,Agent,Good morning this is Ben speaking,500,1800,Loans
c2,ben@x.example,2026-03-02 11:00:00,2,Customer,Hello I would like a loan please,2600,2200,Loans
"""


def written(folder: Path, text: str, name: str = "lines.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def calls_in(path: Path, **changes: object) -> list[BuiltCall]:
    mapping = guess_mapping(read_sheet(path, nrows=1000)).replace(**changes)
    return [built for piece in read_calls(path, mapping, rows=2) for built in piece]


def spoken(built: BuiltCall) -> list[tuple[str, str]]:
    return [(line.role, line.text) for line in built.call.transcript or ()]


def test_lines_with_a_call_id_become_one_call_each(tmp_path: Path) -> None:
    first, second = calls_in(written(tmp_path, BY_ID))
    assert (first.row, first.rows, second.row, second.rows) == (2, 3, 5, 2)
    assert first.call.conversation_id == "c1"
    assert first.call.agent_email == "ana@x.example"
    assert first.call.timestamp == 1772445600
    assert first.call.transcript == [
        TranscriptLine("agent", "Good morning how can I help", 0, 2),
        TranscriptLine("customer", "I have lost my card at the station", 2.5, 5.5),
        TranscriptLine("agent", "I will block it for you right now", 6, 8.5),
    ]
    assert [(tag.key, tag.value) for tag in second.call.tags or ()] == [("queue", "Loans")]
    assert first.findings == []


def test_the_guess_says_why_and_names_every_column_of_a_line(tmp_path: Path) -> None:
    mapping = guess_mapping(read_sheet(written(tmp_path, BY_ID)))
    assert mapping.layout == "lines"
    assert mapping.group_by == ["call_id"]
    assert mapping.new_call == "value"
    assert mapping.line_fields == {
        "text": "said",
        "role": "who",
        "order": "turn",
        "start": "offset_ms",
        "duration": "duration_ms",
    }
    assert mapping.line_units == {"start": "ms", "duration": "ms"}
    assert "'call_id' stays the same" in mapping.reasons["layout"]
    assert Mapping.from_dict(mapping.to_dict()) == mapping


def test_the_cells_of_all_rows_are_kept(tmp_path: Path) -> None:
    first = calls_in(written(tmp_path, BY_ID))[0]
    assert first.cells["queue"] == "Cards"
    assert first.cells["turn"] == ["1", "2", "3"]
    assert first.cells["who"] == ["Agent", "Customer", "Agent"]


FILLED_ONCE = """Call,Agent,Started,Speaker,Text
77,ana@x.example,2026-03-02 10:00,Agent,Good morning how can I help
,,,Customer,I have lost my card
78,ana@x.example,2026-03-02 10:00,Agent,Good morning again
,,,Customer,It is me once more
,,,Agent,What can I do
"""


def test_cells_filled_only_where_a_call_begins_hold_for_the_rows_below(tmp_path: Path) -> None:
    mapping = guess_mapping(read_sheet(written(tmp_path, FILLED_ONCE)))
    assert (mapping.new_call, mapping.group_by) == ("fill down", ["Call"])
    first, second = calls_in(written(tmp_path, FILLED_ONCE))
    assert (first.call.conversation_id, second.call.conversation_id) == ("77", "78")
    assert [len(spoken(built)) for built in (first, second)] == [2, 3]
    assert second.call.agent_email == "ana@x.example"
    assert second.findings[0].code == "times-estimated"
    assert [found.code for found in second.findings] == ["times-estimated"]


RESTARTS = """Agent email,Start,Line,Role,Text
ana@x.example,2026-03-02 10:00,1,Agent,Good morning how can I help
ana@x.example,2026-03-02 10:00,2,Customer,I have lost my card
ana@x.example,2026-03-02 10:00,1,Agent,Another call in the same minute
ana@x.example,2026-03-02 10:00,2,Customer,Indeed it is another one
ana@x.example,2026-03-02 10:00,3,Agent,Then let us begin
ben@x.example,2026-03-02 10:00,1,Agent,Good morning this is Ben
ben@x.example,2026-03-02 10:00,2,Customer,Hello there Ben
"""


def test_a_counter_that_starts_again_tells_calls_of_one_minute_apart(tmp_path: Path) -> None:
    path = written(tmp_path, RESTARTS)
    assert guess_mapping(read_sheet(path)).new_call == "restart"
    built = calls_in(path)
    assert [(one.row, one.rows) for one in built] == [(2, 2), (4, 3), (7, 2)]
    assert len({one.call.conversation_id for one in built}) == 3


def test_speakers_may_stand_before_the_text_of_each_line(tmp_path: Path) -> None:
    text = """Call ID,Message
a1,Agent: Good morning how can I help
a1,Customer: I have lost my card
b2,Agent: Good morning this is Ben
b2,Customer: Hello Ben
"""
    first, second = calls_in(written(tmp_path, text))
    assert spoken(first) == [("agent", "Good morning how can I help"), ("customer", "I have lost my card")]
    assert second.call.conversation_id == "b2"


SCATTERED = """Call ID,Seq,Role,Text
a1,2,Customer,I have lost my card
b2,1,Agent,Good morning this is Ben
a1,1,Agent,Good morning how can I help
b2,2,Customer,Hello Ben
c3,1,Agent,Good evening to you
c3,2,Customer,Good evening
"""


def test_scattered_rows_are_gathered_put_in_order_and_said_so(tmp_path: Path) -> None:
    text = SCATTERED.replace("b2,1", "z,1,Agent,Filler here\n" * 12 + "b2,1", 1)
    mapping = guess_mapping(read_sheet(written(tmp_path, SCATTERED)))
    built = {
        one.call.conversation_id: one for one in calls_in(written(tmp_path, text), **_layout_of(mapping))
    }
    assert spoken(built["a1"]) == [
        ("agent", "Good morning how can I help"),
        ("customer", "I have lost my card"),
    ]
    assert built["a1"].row == 2
    scattered = [found for found in built["a1"].findings if found.code == "rows-scattered"]
    assert "spread over rows 2 to 16" in scattered[0].message
    assert all(found.code != "rows-scattered" for found in built["c3"].findings)


def _layout_of(mapping: Mapping) -> dict[str, object]:
    return {
        "layout": mapping.layout,
        "line_fields": mapping.line_fields,
        "group_by": mapping.group_by,
        "new_call": mapping.new_call,
        "fields": mapping.fields,
        "tags": [],
    }


def test_a_frame_gives_its_calls_in_the_order_of_their_first_rows(tmp_path: Path) -> None:
    sheet = read_sheet(written(tmp_path, SCATTERED))
    assert [built.row for built in build_frame(sheet, guess_mapping(sheet))] == [2, 3, 6]


def test_only_scattered_calls_wait_for_the_end_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, SCATTERED)
    mapping = guess_mapping(read_sheet(path))

    def pieces() -> Iterator[pd.DataFrame]:
        return read_pieces(path, mapping.sheet, rows=2)

    assert len(scattered_keys(pieces(), mapping)) == 2
    assert [group.key for group in calls_of(pieces, mapping)] == ["c3", "a1", "b2"]


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_pieces_of_any_size_give_the_same_calls(tmp_path: Path, rows: int) -> None:
    path = written(tmp_path, BY_ID)
    mapping = guess_mapping(read_sheet(path))
    groups = list(groups_of(read_pieces(path, mapping.sheet, rows=rows), mapping))
    assert [(group.rows, group.columns["turn"]) for group in groups] == [
        ([2, 3, 4], ["1", "2", "3"]),
        ([5, 6], ["1", "2"]),
    ]


def test_a_column_that_does_not_tell_calls_apart_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping_module, "MOST_ROWS", 2)
    path = written(tmp_path, BY_ID)
    with pytest.raises(MappingError, match="'call_id' does not tell calls apart"):
        calls_in(path)


def test_cells_that_differ_within_a_call_are_a_finding_and_the_first_is_taken(tmp_path: Path) -> None:
    path = written(tmp_path, BY_ID)
    mapping = guess_mapping(read_sheet(path))
    path.write_text(BY_ID.replace("c1,ana@x.example", "c1,eve@x.example", 1), encoding="utf-8")
    first = next(built for piece in read_calls(path, mapping) for built in piece)
    assert first.call.agent_email == "eve@x.example"
    found = next(found for found in first.findings if found.code == "cells-differ")
    assert found.field == "agent_email"
    assert "'eve@x.example', 'ana@x.example'" in found.message


def test_rows_without_an_id_go_on_with_the_call_above_unless_they_say_otherwise(tmp_path: Path) -> None:
    mapping = Mapping(
        layout="lines",
        fields={"conversation_id": "Id", "agent_email": "Agent"},
        line_fields={"role": "Who", "text": "Said"},
        group_by=["Id"],
    )
    text = (
        "Id,Agent,Who,Said\n1,a@x.example,Agent,Hi\n,,Customer,Hello\n,b@x.example,Agent,New one\n"
        ",b@x.example,Customer,Yes\n"
    )
    sheet = read_sheet(written(tmp_path, text))
    assert [(built.row, built.rows) for built in build_frame(sheet, mapping)] == [(2, 2), (4, 2)]


@pytest.mark.parametrize(
    ("cells", "unit", "starts"),
    [
        (["0", "2.5"], "s", [0, 2.5]),
        (["0", "2500"], "ms", [0, 2.5]),
        (["0", "2500000"], "us", [0, 2.5]),
        (["0", "25000000"], "ticks", [0, 2.5]),
        (["00:00:00", "00:01:05"], "auto", [0, 65]),
        (["PT0S", "PT1M5S"], "auto", [0, 65]),
        ([time(0, 0, 0), time(0, 1, 5)], "auto", [0, 65]),
        (["10:00:05 AM", "10:00:09 AM"], "auto", [5, 9]),
        ([1772445605, 1772445609.5], "auto", [5, 9.5]),
        ([1772445605000, 1772445609500], "auto", [5, 9.5]),
        ([datetime(2026, 3, 2, 10, 0, 5), datetime(2026, 3, 2, 10, 0, 9)], "auto", [5, 9]),  # noqa: DTZ001
    ],
)
def test_times_of_every_kind_become_seconds_from_the_start_of_the_call(
    cells: list[object], unit: str, starts: list[float]
) -> None:
    mapping = Mapping(
        layout="lines",
        line_fields={"role": "R", "text": "T", "start": "S"},
        line_units={"start": unit},
    )
    columns = {"R": ["Agent", "Customer"], "T": ["Hello", "Hi"], "S": cells}
    transcript = lines_transcript(columns, mapping, started=1772445600)
    assert [line.start for line in transcript.lines] == starts


def test_where_all_starts_are_whole_minutes_lines_count_from_the_first() -> None:
    mapping = Mapping(
        layout="lines", line_fields={"role": "R", "text": "T", "start": "S"}, whole_minutes=True
    )
    columns = {"R": ["Agent", "Customer"], "T": ["Hello", "Hi"], "S": [1772445605, 1772445609.5]}
    transcript = lines_transcript(columns, mapping, started=1772445600)
    assert [line.start for line in transcript.lines] == [0, 4.5]
    assert "times-estimated" in [found.code for found in transcript.findings]
    columns["S"] = [1772445665, 1772445669.5]  # in the next minute: that much is known
    assert [line.start for line in lines_transcript(columns, mapping, started=1772445600).lines] == [65, 69.5]


def test_times_of_day_without_a_start_of_the_call_count_from_the_first_line() -> None:
    mapping = Mapping(layout="lines", line_fields={"role": "R", "text": "T", "start": "S", "stop": "E"})
    columns = {
        "R": ["Agent", "Customer"],
        "T": ["Hello", "Hi"],
        "S": ["14:02:10", "14:02:14"],
        "E": ["14:02:12", "14:02:15"],
    }
    transcript = lines_transcript(columns, mapping)
    assert [(line.start, line.stop) for line in transcript.lines] == [(0, 2), (4, 5)]
    assert [found.code for found in transcript.findings] == ["times-estimated"]


def test_a_time_that_cannot_be_read_is_a_finding_of_its_line() -> None:
    mapping = Mapping(layout="lines", line_fields={"role": "R", "text": "T", "start": "S"})
    transcript = lines_transcript(
        {"R": ["Agent", "Customer"], "T": ["Hello", "Hi"], "S": ["0", "soon"]}, mapping
    )
    found = next(found for found in transcript.findings if found.code == "time-unreadable")
    assert (found.field, found.line, found.value) == ("start", 2, "soon")


@pytest.mark.parametrize(
    ("labels", "agents", "roles"),
    [
        (["Ben", "Juan"], ["Ben"], ["agent", "customer"]),
        (["Agent (Ben)", "Juan"], [], ["agent", "customer"]),
        (["**Ben (Agent)**:", "Customer (Juan):"], [], ["agent", "customer"]),
        (["Agent Ben", "Ben"], [], ["agent", "agent"]),
        (["Ben", "Speaker 2"], ["ben"], ["agent", "customer"]),
        (["Ben", "Juan"], [], ["ben", "juan"]),
    ],
)
def test_names_are_told_by_the_agent_column_and_nobody_else_is_guessed(
    labels: list[str], agents: list[str], roles: list[str]
) -> None:
    mapping = Mapping(layout="lines", line_fields={"role": "R", "text": "T"})
    transcript = lines_transcript({"R": labels, "T": ["Hello", "Hi"]}, mapping, agents=agents)
    assert [line.role for line in transcript.lines] == roles


def test_lines_of_a_speaker_can_be_left_out_and_are_counted() -> None:
    mapping = Mapping(layout="lines", line_fields={"role": "R", "text": "T"}, roles={"IVR": "leave out"})
    transcript = lines_transcript({"R": ["IVR", "Agent"], "T": ["Press 1", "Hi"]}, mapping)
    assert [line.text for line in transcript.lines] == ["Hi"]
    assert "lines-left-out" in [found.code for found in transcript.findings]


@pytest.mark.parametrize(
    "text",
    [
        "Agent,Transcript\na@x.example,Agent: Hi\na@x.example,Agent: Hello\n",
        'Id,Agent,Transcript\n1,a@x.example,"Agent: Hi there\nCustomer: Hello to you"\n'
        '1,b@x.example,"Agent: Yes\nCustomer: No no"\n',
        "Id,Agent,Type\n1,a@x.example,internal\n1,b@x.example,external\n2,b@x.example,external\n",
        "A,B\n1,2\n3,4\n",
    ],
)
def test_one_row_a_call_is_not_taken_for_lines(tmp_path: Path, text: str) -> None:
    assert guess_mapping(read_sheet(written(tmp_path, text))).layout == "row"


def test_the_public_way_gives_calls_with_the_first_row_of_each(tmp_path: Path) -> None:
    sheet = read_sheet(written(tmp_path, BY_ID))
    calls = dict(build_calls(sheet, guess_mapping(sheet), timezone="UTC"))
    assert list(calls) == [2, 5]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"layout": "lines"}, "choose the text column"),
        ({"line_fields": {"colour": "A"}}, "A line has no field 'colour'"),
        ({"layout": "pages"}, "cannot be used"),
    ],
)
def test_a_layout_that_cannot_be_used_is_refused(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(MappingError, match=sentence):
        Mapping().replace(**changes)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    sheet = read_sheet(written(tmp_path, BY_ID))
    mapping = guess_mapping(sheet).replace(group_by=["Gone"])
    with pytest.raises(MappingError, match="no column 'Gone'"):
        list(build_frame(sheet, mapping))


def two_sheets(folder: Path) -> Path:
    path = folder / "two.xlsx"
    book = xlsxwriter.Workbook(path)
    calls, lines = book.add_worksheet("Calls"), book.add_worksheet("Lines")
    for row, cells in enumerate(
        [["Call ID", "Agent email", "CSAT"], ["c1", "ana@x.example", 4], ["c2", "ben@x.example", 0]]
    ):
        calls.write_row(row, 0, cells)
    for row, cells in enumerate(
        [
            ["Call", "Speaker", "Text", "Start sec"],
            ["c1", "Agent", "Good morning how can I help", 0],
            ["c1", "Customer", "I have lost my card", 3],
            ["c2", "Agent", "Good morning this is Ben", 0],
            ["c2", "Customer", "Hello there Ben", 2.5],
            ["c9", "Agent", "Nobody knows this call", 0],
            ["c9", "Customer", "Indeed they do not", 2],
        ]
    ):
        lines.write_row(row, 0, cells)
    book.close()
    return path


def test_lines_in_a_second_sheet_are_joined_by_the_id(tmp_path: Path) -> None:
    path = two_sheets(tmp_path)
    sheet = read_sheet(path)
    mapping = guess_mapping(sheet)
    assert mapping.sheet is not None
    assert (mapping.sheet.sheet, mapping.sheet.lines_sheet, mapping.sheet.join) == (
        "Calls",
        "Lines",
        ("Call ID", "Call"),
    )
    first, second, orphan = (built for piece in read_calls(path, mapping) for built in piece)
    assert spoken(first) == [("agent", "Good morning how can I help"), ("customer", "I have lost my card")]
    assert [line.start for line in second.call.transcript or ()] == [0, 2.5]
    assert [(tag.key, tag.value) for tag in second.call.tags or ()] == [("CSAT", 0)]
    assert (orphan.row, orphan.call.conversation_id) == (4, "c9")
    assert "lines-without-call" in [found.code for found in orphan.findings]
    assert len(spoken(orphan)) == 2


def test_a_start_with_a_fraction_of_a_second_is_that_second(tmp_path: Path) -> None:
    """Exports of one call keep more or less of it, and must not make two calls of one."""
    exact, rounded = "2026-03-02T10:00:00.900Z", "2026-03-02T10:00:00Z"
    text = f"Agent,Start,Transcript\na@x.example,{exact},Agent: Hi\na@x.example,{rounded},Agent: Hi\n"
    first, second = calls_in(written(tmp_path, text))
    assert first.call.timestamp == second.call.timestamp == 1772445600
    assert first.call.conversation_id == second.call.conversation_id
