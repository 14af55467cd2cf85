"""Sheets in which each call is a block of rows, with what is said of it above its lines."""

import csv
import io

import pytest

from reddy_lib.spreadsheet import read_sheet
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
