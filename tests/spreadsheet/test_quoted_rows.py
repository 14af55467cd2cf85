"""Text files whose quotation marks are not in order: no row swallows another, and what was mended is told."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import pytest

from reddy_lib.spreadsheet import BuiltCall, guess_mapping, read_calls, read_sheet
from reddy_lib.spreadsheet.reading.quoted_rows import QuotedRows

HEADER = "Ref,Agent,Began,Dialogue,Remark\n"
WORDS = "Agent: Good day, how can I help?\nCustomer: My boiler, the old one, is cold."


def row(number: int, words: str = f'"{WORDS}"', remark: str = "none") -> str:
    return f"R-{700 + number},kim@x.example,2026-05-0{number} 09:30,{words},{remark}\n"


def calls(folder: Path, text: str, name: str = "calls.csv") -> list[BuiltCall]:
    path = folder / name
    path.write_text(text)
    mapping = guess_mapping(read_sheet(path, nrows=100)).replace(timezone="UTC")
    return [built for piece in read_calls(path, mapping) for built in piece]


def codes(built: BuiltCall) -> set[str]:
    return {one.code for one in built.findings}


@pytest.mark.parametrize("at", [1, 3, 5])
@pytest.mark.parametrize(
    "broken",
    [
        {"words": f'"{WORDS}'},
        {"words": '"' + WORDS.replace("\n", " ")},
        {"remark": '"call back'},
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_an_unclosed_mark_swallows_no_rows(
    tmp_path: Path, at: int, broken: dict[str, str], delimiter: str
) -> None:
    rows = [row(number, **(broken if number == at else {})) for number in range(1, 6)]
    text = HEADER + "".join(rows)
    if delimiter != ",":
        text = text.replace(", ", "~").replace(",", delimiter).replace("~", ", ")
    found = calls(tmp_path, text)
    assert [built.call.conversation_id for built in found] == [f"R-70{number}" for number in range(1, 6)]
    for number, built in enumerate(found, start=1):
        assert [line.text for line in built.call.transcript or ()][-1].endswith("is cold.")
        assert ("quotes-mended" in codes(built)) == (number == at)
        assert [tag.value for tag in built.call.tags or ()] == [
            "call back" if "remark" in broken and number == at else "none"
        ]


def test_marks_inside_a_cell_are_part_of_its_text(tmp_path: Path) -> None:
    words = f'"{WORDS.replace("the old one", chr(34) + "the old one" + chr(34))}"'
    found = calls(tmp_path, HEADER + row(1) + row(2, words) + row(3))
    assert [built.call.conversation_id for built in found] == ["R-701", "R-702", "R-703"]
    assert (found[1].call.transcript or ())[1].text == 'My boiler, "the old one", is cold.'
    assert [codes(built) >= {"quotes-mended"} for built in found] == [False, True, False]


def test_marks_in_order_are_read_as_ever(tmp_path: Path) -> None:
    words = (
        '"Agent: You said ""now"", is that so?\nCustomer: R-702,kim@x.example,2026-05-01 is what I wrote."'
    )
    found = calls(tmp_path, HEADER + row(1, words) + row(2))
    assert len(found) == 2
    assert (found[0].call.transcript or ())[0].text == 'You said "now", is that so?'
    assert not any(one.startswith("quote") for built in found for one in codes(built))


def test_a_mark_that_nothing_closes_and_no_row_begins_behind_holds_the_call(tmp_path: Path) -> None:
    text = HEADER + row(1) + row(2).replace(f'"{WORDS}"', '"Agent: Hello') + "so, it, was, then, said\n" * 6
    found = calls(tmp_path, text)
    assert "quote-unclosed" in codes(found[-1])


@pytest.mark.parametrize("line", ['R-1,"a" b,c@x,1\n', 'R-1,"a,c@x,1\n', '"\n', 'R-1,c@x,1,"\n'])
def test_a_file_full_of_stray_marks_is_read_in_time(line: str) -> None:
    started = time.process_time()
    lines = iter(["Ref,Said,Mail,Number\n", "R-1,a,c@x,1\n", *[line] * 20_000])
    assert sum(1 for _ in QuotedRows(lines, ",", 200_000)) > 1
    assert time.process_time() - started < 5


def test_files_in_order_come_out_as_the_library_reads_them() -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    rows = [
        [f"{a}{b}{a}", b * 3, 'say "' + a + '"', ""]
        for a in ("x", "\n", ",", "é\r\n")
        for b in ('"', "", ",\n")
    ]
    writer.writerows(rows)
    lines = iter(io.StringIO(buffer.getvalue(), newline="").readlines())
    assert list(QuotedRows(lines, ",", 1000)) == rows
