"""One row a call or one row a line, and which rows are one call: from the shapes that exports come in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter

from reddy_lib.errors import MappingError
from reddy_lib.spreadsheet import (
    BuiltCall,
    Mapping,
    build_frame,
    guess_mapping,
    read_calls,
    read_sheet,
)
from reddy_lib.spreadsheet.calls.grouping import calls_of, groups_of, row_text, scattered_keys
from reddy_lib.spreadsheet.cells.cell_kinds import as_number
from reddy_lib.spreadsheet.evidence import layouts
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.mapping.survey import line_speakers

SAID = [
    "Good morning how can I help", "I have lost my card at the station", "I will block it for you now",
    "Thank you very much for that", "Good evening this is Ben speaking", "Hello I would like a small loan",
    "Then let us begin with your name", "My name is Ines and I am waiting",
]  # fmt: skip
ROLES = ["Agent", "Customer"] * 4


def find_lines(sheet: Sequence[tuple[str, Sequence[Any]]]) -> layouts.LinesFound | None:
    return layouts.find_lines([Column(name, cells) for name, cells in sheet])


def columns(**cells: list[Any]) -> list[tuple[str, list[Any]]]:
    return [(name.replace("_", " "), list(values)) for name, values in cells.items()]


@pytest.mark.parametrize(
    ("role", "text", "labels"),
    [
        ("Speaker", "Text", ("Agent", "Customer")),
        ("Participant role", "Utterance", ("AGENT", "CUSTOMER")),
        ("Sprecher", "Äußerung", ("Agent", "Kunde")),
        ("Interlocutor", "Mensaje", ("Agente", "Cliente")),
        ("Locuteur", "Texte", ("Agent", "Client")),
        ("Parlante", "Testo", ("Agente", "Cliente")),
        ("Who", "Said", ("Rep", "Caller")),
        ("x1", "x2", ("Agent", "Customer")),
        ("From", "Message", ("advisor", "member")),
    ],
)
def test_speaker_and_words_are_found_in_many_languages(role: str, text: str, labels: tuple[str, str]) -> None:
    found = find_lines([("Call ID", ["a"] * 4 + ["b"] * 4), (role, list(labels) * 4), (text, SAID)])
    assert found is not None
    assert found.fields == {"text": text, "role": role}
    assert (found.group_by, found.new_call) == (["Call ID"], "value")
    assert "8 of 8 cells name the agent or the customer" in found.reasons["line role"]


@pytest.mark.parametrize(
    ("name", "cells", "mode"),
    [
        ("Call ID", ["a"] * 4 + ["b"] * 4, "value"),
        ("Conversation", [1] * 4 + [2] * 4, "value"),
        ("Session ID", ["a", "a", "b", "b", "a", "a", "b", "b"], "value"),
        ("Anruf", ["a"] * 4 + ["b"] * 4, "value"),
        ("File name", ["a.wav"] * 4 + ["b.wav"] * 4, "value"),
        ("xyz", ["conv-000000001"] * 4 + ["conv-000000002"] * 4, "value"),
        ("Call ID", ["a", "", "", "", "b", "", "", ""], "fill down"),
        ("Ticket", [17, None, None, None, 18, None, None, None], "fill down"),
    ],
)
def test_what_tells_calls_apart(name: str, cells: list[Any], mode: str) -> None:
    found = find_lines([(name, cells), ("Role", ROLES), ("Text", SAID)])
    assert found is not None
    assert (found.group_by, found.new_call) == ([name], mode)


def test_agent_and_start_and_a_counter_that_begins_again_tell_calls_apart() -> None:
    found = find_lines(
        columns(Agent_email=["ana@x.example"] * 8, Start=["2026-03-02 10:00"] * 8, Line=[1, 2, 3, 4, 1, 2, 1, 2],
                Role=ROLES, Text=SAID)
    )  # fmt: skip
    assert found is not None
    assert (found.group_by, found.new_call) == (["Agent email", "Start"], "restart")
    assert found.fields["order"] == "Line"
    assert "'Line' starts again 2 times" in found.reasons["layout"]


def test_a_counter_that_never_begins_again_is_one_call() -> None:
    found = find_lines(columns(Line=list(range(1, 9)), Role=ROLES, Text=SAID))
    assert found is not None
    assert (found.group_by, found.new_call) == ([], "restart")
    assert found.reasons["layout"].endswith("'Line' counts through the whole sheet: it is one call")


def test_without_a_counter_agent_and_start_alone_must_stay_the_same_for_a_while() -> None:
    starts = ["2026-03-02 10:00"] * 4 + ["2026-03-02 11:00"] * 4
    found = find_lines(columns(Agent=["Ana"] * 8, Start_time=starts, Role=ROLES, Text=SAID))
    assert found is not None
    assert (found.group_by, found.new_call) == (["Agent", "Start time"], "value")
    each = [f"2026-03-02 10:0{n}" for n in range(8)]
    alone = find_lines(columns(Start_time=each, Role=ROLES, Text=SAID))
    assert alone is None


@pytest.mark.parametrize(
    ("name", "cells", "field", "unit"),
    [
        ("Offset ms", [0, 2500, 6000, 9000] * 2, "start", "ms"),
        ("Start (sec)", [0, 2.5, 6, 9] * 2, "start", "s"),
        ("Start", [0, 2500, 6000, 9000] * 2, "start", "ms"),
        ("Start", [0, 3, 6, 9] * 2, "start", "s"),
        ("Begin", ["00:00", "00:03", "00:06", "00:09"] * 2, "start", None),
        ("Timestamp", [f"2026-03-02T1{h}:00:0{s}Z" for h in (0, 1) for s in (0, 3, 6, 9)], "start", None),
        ("Offset", [0, 25_000_000, 60_000_000, 90_000_000] * 2, "start", "ticks"),
        ("Anfang", [0, 3, 6, 9] * 2, "start", "s"),
    ],
)
def test_times_of_lines_with_their_unit(name: str, cells: list[Any], field: str, unit: str | None) -> None:
    found = find_lines([("Call ID", ["a"] * 4 + ["b"] * 4), ("Role", ROLES), ("Text", SAID), (name, cells)])
    assert found is not None
    assert found.fields[field] == name
    assert found.units.get(field) == unit


@pytest.mark.parametrize(
    ("name", "cells", "field", "evidence"),
    [
        ("start", ["0:01", "0:04", "0:09", "0:12"], "start", "4 of 4 are clocks such as 0:01:05"),
        ("start", ["PT1S", "PT4S", "PT9S", "0:12"], "start",
         "3 of 4 are ISO durations such as PT1M5S, 1 of 4 are clocks such as 0:01:05"),
        ("start", ["2026-03-30 09:46:00", "2026-03-30 09:46:04", "2026-03-30 09:46:09", "2026-03-30 09:46:12"], "start",
         "4 of 4 are dates with a time"),
        ("start ms", ["100", "4000", "9000", "12000"], "start", "its name says milliseconds"),
        ("start", ["1", "4", "9", "12"], "start", "seconds: "),
        ("duration", ["1000", "2000", "1500", "1200"], "duration", "; a line stops at start + duration"),
    ],
)  # fmt: skip
def test_the_unit_of_a_column_comes_with_its_evidence(
    name: str, cells: list[Any], field: str, evidence: str
) -> None:
    others: dict[str, list[Any]] = {} if field == "start" else {"start": ["1", "4", "9", "12"]}
    found = find_lines(
        columns(
            id=["a"] * 4, role=["agent", "customer"] * 2, **others, **{name: cells},
            text=["Good morning, Ann here.", "I lost my card.", "I block it at once.", "Thank you very much."],
        )
    )  # fmt: skip
    assert found is not None
    assert evidence in found.reasons[f"line {field}"]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Start", ["2026-03-02 10:00"] * 4 + ["2026-03-02 11:00"] * 4),
        ("Start", ["early", "late", "later", "end"] * 2),
        ("Score", [0, 3, 6, 9] * 2),
    ],
)
def test_a_start_that_stays_or_is_no_time_is_none_of_the_lines(name: str, cells: list[Any]) -> None:
    found = find_lines([("Call ID", ["a"] * 4 + ["b"] * 4), ("Role", ROLES), ("Text", SAID), (name, cells)])
    assert found is not None
    assert "start" not in found.fields


TALK = "Agent: Good morning how can I help\nCustomer: I have lost my card"


@pytest.mark.parametrize(
    "sheet",
    [
        columns(
            Call_ID=["a", "a", "b", "b"],
            Role=["Agent", "Customer"] * 2,
            Transcript=[TALK + str(n) for n in range(4)],
        ),
        columns(Call_ID=["a", "b", "c", "d"], Role=["Agent", "Customer"] * 2, Text=SAID[:4]),
        columns(Call_ID=["a", "a"], Direction=["in", "out"], Text=SAID[:2]),
        columns(Call_ID=["a"], Role=["Agent"], Text=SAID[:1]),
        columns(Call_ID=["a"] * 4, Role=["Agent"] * 4, Note=[""] * 4),
        columns(Call_ID=["a", "a", "b", "b"], Score=[1, 2, 3, 4], Team=["x", "y", "x", "y"]),
        [],
    ],
)
def test_sheets_of_one_row_a_call_are_not_taken_for_lines(sheet: list[tuple[str, list[Any]]]) -> None:
    assert find_lines(sheet) is None


# --- which rows are one call -------------------------------------------------------------------------------


def table(cells: dict[str, list[Any]], first: int = 2) -> pd.DataFrame:
    made = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in cells.items()})
    made.index = pd.RangeIndex(first, first + len(made), name="row")
    return made


def lines_mapping(**changes: Any) -> Mapping:
    return Mapping(layout="lines", line_fields={"role": "R", "text": "T"}, group_by=["Id"]).replace(**changes)


def grouped(ids: list[Any], **changes: Any) -> list[list[int]]:
    count = len(ids)
    cells = {"Id": ids, "R": (["Agent", "Customer"] * count)[:count], "T": (SAID * count)[:count]}
    cells |= changes.pop("more", {})
    return [group.rows for group in groups_of([table(cells)], lines_mapping(**changes))]


@pytest.mark.parametrize(
    ("ids", "mode", "rows"),
    [
        (["a", "a", "b"], "value", [[2, 3], [4]]),
        ([" a", "a ", "b"], "value", [[2, 3], [4]]),
        ([1, 1, 2], "value", [[2, 3], [4]]),
        (["a", "", None, "b"], "value", [[2, 3, 4], [5]]),
        (["a", float("nan"), "b"], "value", [[2, 3], [4]]),
        (["", "", "a"], "value", [[2, 3], [4]]),
        (["a", "b", "a"], "value", [[2], [3], [4]]),
        (["a", "", "a", ""], "fill down", [[2, 3], [4, 5]]),
        (["a", "a", "b"], "fill down", [[2], [3], [4]]),
        (["", "", "a", ""], "fill down", [[2, 3], [4, 5]]),
        (["a", " ", "b"], "fill down", [[2, 3], [4]]),
    ],
)
def test_rows_that_are_one_call(ids: list[Any], mode: str, rows: list[list[int]]) -> None:
    assert grouped(ids, new_call=mode) == rows


@pytest.mark.parametrize(
    ("ids", "counter", "rows"),
    [
        (["a"] * 4, [1, 2, 1, 2], [[2, 3], [4, 5]]),
        (["a"] * 4, ["1", "2", "2", "3"], [[2, 3], [4, 5]]),
        (["a", "a", "b", "b"], [1, 2, 3, 4], [[2, 3], [4, 5]]),
        (["a"] * 4, [1, "", 2, 1], [[2, 3, 4], [5]]),
        (["a"] * 4, [0, 10, 20, 5], [[2, 3, 4], [5]]),
        (["a"] * 4, [1, "two", 3, 4], [[2, 3, 4, 5]]),
        (["a", "", "", "b"], [1, 2, 1, 2], [[2, 3], [4], [5]]),
    ],
)
def test_a_counter_that_begins_again_begins_a_call(
    ids: list[Any], counter: list[Any], rows: list[list[int]]
) -> None:
    fields = {"role": "R", "text": "T", "order": "N"}
    assert grouped(ids, new_call="restart", line_fields=fields, more={"N": counter}) == rows


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("mode", ["value", "fill down", "restart"])
def test_where_a_piece_ends_makes_no_difference(mode: str, size: int) -> None:
    ids = ["a", "", "", "b", "", "c", "", ""] if mode == "fill down" else list("aaabbccc")
    cells = {"Id": ids, "R": ROLES, "T": SAID, "N": [1, 2, 3, 1, 2, 1, 2, 3]}
    mapping = lines_mapping(new_call=mode, line_fields={"role": "R", "text": "T", "order": "N"})
    whole = table(cells)
    pieces = [whole.iloc[start : start + size] for start in range(0, 8, size)]
    assert [group.rows for group in groups_of(pieces, mapping)] == [[2, 3, 4], [5, 6], [7, 8, 9]]


def test_only_values_can_come_back_later() -> None:
    cells = table({"Id": ["a", "b", "a", "b", "c"], "R": ROLES[:5], "T": SAID[:5]})
    assert len(scattered_keys([cells], lines_mapping())) == 2
    assert len(scattered_keys([cells], lines_mapping(new_call="fill down"))) == 0
    assert len(scattered_keys([cells], lines_mapping(group_by=[]))) == 0
    assert [group.rows for group in calls_of(lambda: [cells], lines_mapping())] == [[6], [2, 4], [3, 5]]


def test_rows_that_are_no_calls_are_named_and_are_no_lines() -> None:
    cells = table(
        {"Id": ["a", "a", "Total", "b"], "R": [*ROLES[:2], "", "Agent"], "T": [*SAID[:2], "2 lines", SAID[2]]}
    )
    cells.attrs["left_out"] = {4: "a total"}
    first, second = build_frame(cells, lines_mapping())
    assert (first.rows, second.row) == (2, 5)
    (found,) = [found for found in first.findings + second.findings if found.code == "rows-left-out"]
    assert found.message == "1 row was left out: row 4 (a total): Total · 2 lines."


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (3, 3.0), ("3", 3.0), (" 03 ", 3.0), ("3.5", 3.5), (-1, -1.0), (True, None), (None, None), ("", None), ("3a", None),
        (float("nan"), None), ("nan", None), ("inf", None), ("1" * 30, None),
    ],
)  # fmt: skip
def test_cells_of_a_counter(cell: object, number: float | None) -> None:
    assert as_number(cell) == number


def test_a_row_on_one_line_leaves_blanks_out_and_is_short() -> None:
    assert row_text(["Total", "", None, 12, "two\nlines", float("nan")]) == "Total · 12 · two lines"
    assert len(row_text(["x" * 500])) == 300


# --- from files --------------------------------------------------------------------------------------------


def written(folder: Path, text: str) -> Path:
    path = folder / "lines.csv"
    path.write_text(text, encoding="utf-8")
    return path


def built_from(path: Path, **changes: Any) -> list[BuiltCall]:
    mapping = guess_mapping(read_sheet(path, nrows=1000)).replace(**changes)
    return [one for piece in read_calls(path, mapping) for one in piece]


def test_merged_cells_hold_for_all_rows_they_cover(tmp_path: Path) -> None:
    path = tmp_path / "merged.xlsx"
    book = xlsxwriter.Workbook(path)
    page = book.add_worksheet("Calls")
    page.write_row(0, 0, ["Call ID", "Agent email", "Speaker", "Text"])
    for start, stop, call, agent in ((1, 4, "a-1", "ana@x.example"), (5, 8, "b-2", "ben@x.example")):
        page.merge_range(start, 0, stop, 0, call)
        page.merge_range(start, 1, stop, 1, agent)
    for row, (role, said) in enumerate(zip(ROLES, SAID, strict=True), start=1):
        page.write_row(row, 2, [role, said])
    book.close()
    first, second = built_from(path)
    assert [
        (one.row, one.rows, one.call.conversation_id, one.call.agent_email) for one in (first, second)
    ] == [
        (2, 4, "a-1", "ana@x.example"),
        (6, 4, "b-2", "ben@x.example"),
    ]
    assert [line.text for line in second.call.transcript or ()] == SAID[4:]


def test_every_row_of_every_layout_is_in_exactly_one_call(tmp_path: Path) -> None:
    rows = [
        f"c{n // 4},ana@x.example,{n % 4 + 1},{ROLES[n % 2]},Line number {n} of this sheet" for n in range(40)
    ]
    path = written(tmp_path, "Call ID,Agent,Line,Role,Text\n" + "\n".join(rows) + "\n")
    by_id = built_from(path)
    by_counter = built_from(path, group_by=[], new_call="restart", fields={})
    assert [one.rows for one in by_id] == [one.rows for one in by_counter] == [4] * 10
    assert [line.text for one in by_id for line in one.call.transcript or ()] == [
        f"Line number {n} of this sheet" for n in range(40)
    ]


def test_what_varies_within_calls_is_no_tag_and_says_so(tmp_path: Path) -> None:
    rows = [f"c{n // 4},{n // 4},{n},{ROLES[n % 2]},{SAID[n]}" for n in range(8)]
    mapping = guess_mapping(
        read_sheet(written(tmp_path, "Call ID,CSAT,Sentiment,Role,Text\n" + "\n".join(rows) + "\n"))
    )
    assert mapping.tags == ["CSAT"]
    assert mapping.reasons["Sentiment"] == "not a tag: its cells differ within 2 of 2 calls"


@pytest.mark.parametrize("marks", [[0, 1] * 4, [0] * 4 + [1] * 4, [1, 0, 0, 1, 1, 1, 0, 1]])
def test_a_mark_of_zeros_and_ones_is_no_counter_and_puts_no_line_elsewhere(marks: list[int]) -> None:
    cells = table({"Id": ["a"] * 4 + ["b"] * 4, "Is customer": marks, "Role": ROLES, "Text": SAID})
    mapping = guess_mapping(cells)
    assert "order" not in mapping.line_fields
    lines = [line.text for built in build_frame(cells, mapping) for line in built.call.transcript or ()]
    assert lines == SAID


def test_speakers_of_lines_are_counted_and_only_for_that_layout() -> None:
    cells = table({"Id": ["a"] * 3, "R": ["Agent", "IVR", "Agent"], "T": SAID[:3]})
    assert line_speakers(cells, lines_mapping()) == {"Agent": 2, "IVR": 1}
    assert line_speakers(cells, Mapping()) == {}
    assert line_speakers(cells, lines_mapping(line_fields={"text": "T"})) == {}


def test_the_first_missing_column_of_a_line_is_named_with_those_there_are() -> None:
    cells = table({"Id": ["a"], "R": ["Agent"], "Said": ["Hi"]})
    with pytest.raises(MappingError, match=r"The sheet has no column 'T': choose among 'Id', 'R', 'Said'\."):
        list(build_frame(cells, lines_mapping()))


# a layout that somebody chose


def test_a_layout_chosen_against_the_guess_is_kept_to() -> None:
    rows = [("C-1", "agent", "Good morning to you all."), ("C-1", "customer", "Hello, I lost my card."),
            ("C-2", "agent", "Good day, how are you?"), ("C-2", "customer", "Well, thank you very much.")]  # fmt: skip
    sheet = pd.DataFrame(rows, columns=["Call", "Who", "Words"], dtype=object)
    assert guess_mapping(sheet).layout == "lines"
    assert guess_mapping(sheet, layout="row").layout == "row"
    assert guess_mapping(sheet, layout="lines") == guess_mapping(sheet)


def test_lines_that_nobody_would_guess_get_the_longest_texts_and_no_grouping() -> None:
    sheet = pd.DataFrame([("x", "a longer text"), ("y", "another text")], columns=["A", "B"], dtype=object)
    assert guess_mapping(sheet).layout == "row"
    mapping = guess_mapping(sheet, layout="lines")
    assert (mapping.layout, mapping.line_fields, mapping.group_by) == ("lines", {"text": "B"}, [])
    assert mapping.reasons["layout"] == "one row per transcript line: chosen by hand"
