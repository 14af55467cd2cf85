"""Sheets in which each call is a block of rows, with what is said of it above its lines."""

import csv
import io
from pathlib import Path

import pytest
import xlsxwriter

from reddy_lib.spreadsheet import detect_format, read_sheet
from reddy_lib.spreadsheet.calls.building import build_frame
from reddy_lib.spreadsheet.mapping.guessing import guess_mapping

IDS = ["K-101", "K-102", "K-103"]
AGENTS = ["ann.weber@firm.example", "bo.li@firm.example", "ann.weber@firm.example"]
STARTS = ["2025-03-04T09:15:00Z", "2025-03-04T09:40:00Z", "2025-03-05T10:02:00Z"]
SAID = [
    ["Hello, how can I help you?", "My card is lost since Monday.", "I block it for you now."],
    ["Good morning, what can I do?", "I want to change my address.", "What is the new address?"],
    ["Good day, you speak with Ann.", "I have a question about my loan.", "Which loan do you mean?"],
]


def lines(place, sides=("Agent", "Customer")):
    return [[sides[n % 2], text] for n, text in enumerate(SAID[place])]


def labelled(place):
    return [
        ["Call ID", IDS[place]],
        ["Agent", AGENTS[place]],
        ["Started", STARTS[place]],
        ["Speaker", "Text"],
        *lines(place),
        [],
    ]


def without_header(place):
    return [
        ["Vorgang", IDS[place]],
        ["Berater", AGENTS[place]],
        ["Beginn", STARTS[place]],
        *lines(place, ("Berater", "Kunde")),
    ]


def pairs(place):
    timed = [[f"0:0{n}", *line] for n, line in enumerate(lines(place))]
    return [
        ["Ref:", IDS[place], "Rep:", AGENTS[place]],
        ["Start:", STARTS[place]],
        ["Time", "Who", "What"],
        *timed,
    ]


def headings(place):
    return [
        [f"Call {IDS[place]} | Agent: {AGENTS[place]} | Started: {STARTS[place]}"],
        ["Speaker", "Text"],
        *lines(place),
    ]


def without_an_agent(place):
    return [row for row in labelled(place) if place != 1 or row[:1] != ["Agent"] or "@" not in row[1]]


def sheet(tmp_path, rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path = tmp_path / "calls.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    return read_sheet(path)


@pytest.mark.parametrize("block", [labelled, without_header, pairs, headings])
@pytest.mark.parametrize("titles", [[], [["Export of March"], []]])
def test_each_block_is_a_call(tmp_path, block, titles):
    frame = sheet(tmp_path, [*titles, *(row for place in range(3) for row in block(place))])
    mapping = guess_mapping(frame)
    assert mapping.layout == "lines"
    assert frame[mapping.fields["conversation_id"]].tolist() == [name for name in IDS for _ in range(3)]
    assert frame[mapping.fields["agent_email"]].tolist() == [name for name in AGENTS for _ in range(3)]
    assert frame[mapping.line_fields["text"]].tolist() == [text for said in SAID for text in said]


def test_a_block_that_lacks_a_label_takes_none_from_the_one_above(tmp_path):
    frame = sheet(tmp_path, [row for place in range(3) for row in without_an_agent(place)])
    assert frame["Agent"].tolist() == [*AGENTS[:1] * 3, *[""] * 3, *AGENTS[2:] * 3]
    assert frame["Started"].tolist() == [start for start in STARTS for _ in range(3)]


def test_rows_keep_the_numbers_of_the_sheet(tmp_path):
    frame = sheet(tmp_path, [row for place in range(3) for row in labelled(place)])
    assert frame.index.tolist() == [5, 6, 7, 13, 14, 15, 21, 22, 23]


@pytest.mark.parametrize(
    "rows",
    [
        [["id", "agent", "words"], *([IDS[p], *line] for p in range(3) for line in lines(p))],
        [["who", "words"], *(line for p in range(3) for line in lines(p))],
        [["queue", "ref"], *(["Cards", "K-1"], ["Loans", "K-2"]) * 4],
        [["agent", "words"], *(row for p in range(3) for row in (["agent", "words"], *lines(p)))],
    ],
)
def test_ordinary_tables_are_no_blocks(tmp_path, rows):
    assert sheet(tmp_path, rows).attrs["format"].get("form", "") != "blocks"


TALKS = [
    [
        ("Agent", f"Depot, how can I help you with {n}?"),
        ("Customer", "My parcel is late again."),
        ("Agent", "I will look."),
    ]
    for n in range(3)
]


def workbook(path: Path, sheets: dict[str, list[list[str]]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


@pytest.mark.parametrize("names", [["Call 501", "Call 502", "Call 503"], ["Lee", "Roy", "Day"]])
@pytest.mark.parametrize("head", [False, True], ids=["lines alone", "facts above"])
def test_a_workbook_of_one_sheet_a_call_is_read_as_a_whole(
    tmp_path: Path, names: list[str], head: bool
) -> None:
    lines = [
        [
            ["Time", "Speaker", "Text"],
            *([f"00:00:{9 * k:02}", who, text] for k, (who, text) in enumerate(talk)),
        ]
        for talk in TALKS
    ]
    facts = [
        [["Call ID", f"C-{n}"], ["Agent", "kim@x.example"], ["Started", f"2026-03-0{n + 1} 10:00:00"], [""]]
        for n in range(3)
    ]
    sheets = {
        name: [
            *(facts[n] if head else []),
            *lines[n],
            *([["00:00:40", who, text] for who, text in TALKS[n][1:]] if n else []),
        ]
        for n, name in enumerate(names)
    }
    path = workbook(tmp_path / "calls.xlsx", sheets)
    format = detect_format(path)
    sheet = read_sheet(path, format=format)
    mapping = guess_mapping(sheet)
    calls = [built.call for built in build_frame(sheet, mapping)]
    assert [len(call.transcript or ()) for call in calls] == [3, 5, 5]
    assert [call.conversation_id for call in calls] == ([f"C-{n}" for n in range(3)] if head else names)
    assert [call.agent_email for call in calls] == (["kim@x.example"] * 3 if head else [None] * 3)
    assert detect_format(path, sheet=format.sheet) == format
    assert len(read_sheet(path, sheet=names[0])) == 3


def test_sheets_of_several_calls_each_are_not_one_call_each(tmp_path: Path) -> None:
    rows = {
        month: [
            ["Call ID", "Agent email", "Speaker", "Text"],
            *(
                [f"{month}-{n}77", "kim@x.example", who, text]
                for n, talk in enumerate(TALKS)
                for who, text in talk
            ),
        ]
        for month in ("Jan", "Feb", "Mar")
    }
    format = detect_format(workbook(tmp_path / "calls.xlsx", rows))
    assert (format.sheet, format.form, format.alike) == ("Jan", "", ("Feb", "Mar"))
