"""Tables in other shapes: text without a delimiter, reports, on their side, below and beside others, XML."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter

from reddy_lib.errors import UnreadableFile
from reddy_lib.spreadsheet import detect_format, guess_mapping, read_sheet
from reddy_lib.spreadsheet.calls.building import BuiltCall, build_frame
from reddy_lib.spreadsheet.reading.table_shape import beside_place

HEADER = ["Call ID", "Agent Email", "Start Time", "Transcript"]
TEXT = (
    "Agent: Cedarline, good morning, how can I help? Customer: My card was declined, and I do not know why."
)
ROWS = [
    [f"C-{n}", ("ana", "ben")[n % 2] + "@cedarline.example", f"2026-03-0{n} 09:15:00", TEXT]
    for n in (1, 2, 3)
]
IDS = ["C-1", "C-2", "C-3"]


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def as_csv(rows: list[list[Any]], **more: Any) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n", **more).writerows(rows)
    return out.getvalue()


def built(path: Path) -> list[BuiltCall]:
    sheet = read_sheet(path)
    return list(build_frame(sheet, guess_mapping(sheet)))


def ids(path: Path) -> list[str | None]:
    return [one.call.conversation_id for one in built(path)]


def codes(path: Path) -> set[str]:
    return {found.code for one in built(path) for found in one.findings}


def workbook(folder: Path, sheets: dict[str, list[list[Any]]], **hidden: Any) -> Path:
    path = folder / "calls.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            for number in hidden.get("rows", ()):
                sheet.set_row(number, None, None, {"hidden": True})
            for column in hidden.get("columns", ()):
                sheet.set_column(column, column, None, None, {"hidden": True})
    return path


# --- text ------------------------------------------------------------------------------------------------------


def aligned(rows: list[list[str]], rule: bool = False) -> str:
    widths = [max(len(row[place]) for row in rows) + 2 for place in range(len(rows[0]))]
    lines = [
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    if rule:
        lines.insert(1, " ".join("-" * (width - 1) for width in widths))
    return "\n".join(lines) + "\n"


def piped(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(["# March", "", lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]) + "\n"


def psql(rows: list[list[str]]) -> str:
    lines = [" " + " | ".join(row) for row in rows]
    return (
        "\n".join([lines[0], "+".join(["-----"] * len(rows[0])), *lines[1:], f"({len(rows) - 1} rows)"])
        + "\n"
    )


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("a.txt", aligned([HEADER, *ROWS]), "aligned"),
        ("a.txt", aligned([HEADER, *ROWS], rule=True), "aligned"),
        ("a.md", piped([HEADER, *ROWS]), "pipes"),
        ("a.txt", psql([HEADER, *ROWS]), "pipes"),
        ("a.csv", as_csv([[line] for line in as_csv([HEADER, *ROWS]).splitlines()], quoting=csv.QUOTE_ALL), "quoted rows"),
        ("a.csv", "\ufeff" + as_csv([HEADER, *ROWS[:2]]) + "\ufeff" + as_csv([HEADER, ROWS[2]]), ""),
        ("a.csv", "sep=;\n" + as_csv([HEADER, *ROWS], delimiter=";"), ""),
        ("a.csv", "Cedarline\nMarch 2026\n\n" + as_csv([HEADER, *ROWS]), ""),
    ],
    ids=["aligned", "aligned with a rule", "markdown", "psql", "rows quoted whole", "put together", "sep=", "titles"],
)  # fmt: skip
def test_a_table_in_text_has_its_calls(tmp_path: Path, name: str, text: str, form: str) -> None:
    path = written(tmp_path, name, text)
    assert ids(path) == IDS
    assert detect_format(path).form == form
    assert built(path)[0].call.agent_email == "ben@cedarline.example"


def test_a_line_break_inside_a_cell_of_psql_stays_in_it(tmp_path: Path) -> None:
    text = " id |  words  \n----+---------\n c1 | Hello  +\n    | there\n c2 | Bye\n(2 rows)\n"
    assert read_sheet(written(tmp_path, "a.txt", text))["words"].tolist()[:2] == ["Hello\nthere", "Bye"]


def test_blocks_of_labels_become_rows_and_page_heads_are_named(tmp_path: Path) -> None:
    block = (
        "Cedarline   Page {n}\n\nCall ID: C-{n}\nAgent Email: ana@cedarline.example\nTranscript:\n{text}\n\n"
    )
    path = written(
        tmp_path, "a.txt", "".join(block.format(n=n, text=TEXT.replace(" Cust", "\nCust")) for n in (1, 2, 3))
    )
    assert ids(path) == IDS
    assert [len(one.call.transcript or ()) for one in built(path)] == [2, 2, 2]
    assert {"table-rebuilt", "rows-left-out"} <= codes(path)


def test_records_that_a_query_tool_writes_below_one_another_become_rows(tmp_path: Path) -> None:
    one = "call_id     | C-{n}\nagent_email | ana@x.example\ntranscript  | Agent: Hello +\n            | Customer: Hi\n"
    psql = "".join(f"-[ RECORD {n} ]----\n" + one.format(n=n) for n in (1, 2))
    sheet = read_sheet(written(tmp_path, "a.txt", psql))
    assert sheet["call_id"].tolist() == ["C-1", "C-2"]
    assert sheet["transcript"].tolist() == ["Agent: Hello\nCustomer: Hi"] * 2


@pytest.mark.parametrize(
    "text",
    [
        "0:02\nGood morning, Cedarline, this is Ana.\n\n0:06\nHi, my bill is twice what it was.\n\n0:10\nWell, I see.\n",
        "Agent\tGood morning, this is Ana\nCustomer\tHi, my bill is wrong\nAgent\tI see it, one moment\n",
        "0:01\tAgent\tGood morning, this is Ana\n0:04\tCustomer\tHi, my bill is wrong\n0:09\tAgent\tI see it\n",
        "Agent: Good morning, Cedarline, hello.\nCustomer: Hi, well, my bill is wrong.\nAgent: I see, thank you.\n",
    ],
    ids=["times", "tabs", "times and tabs", "labels"],
)  # fmt: skip
def test_a_dialogue_is_one_call_whatever_commas_and_tabs_stand_in_it(tmp_path: Path, text: str) -> None:
    assert len(read_sheet(written(tmp_path, "a.txt", text))) == 1


def test_a_table_without_a_header_keeps_its_first_call(tmp_path: Path) -> None:
    sheet = read_sheet(written(tmp_path, "a.tsv", as_csv(ROWS, delimiter="\t")))
    assert sheet.index.tolist() == [1, 2, 3]
    assert sheet.columns[0] == "column A"
    assert [note.code for note in sheet.attrs["notes"][1]] == ["header-missing"]


# --- on its side, below, beside --------------------------------------------------------------------------------


def test_a_table_on_its_side_may_number_its_calls(tmp_path: Path) -> None:
    turned = [list(row) for row in zip(HEADER, *ROWS, strict=True)]
    numbers = ["Field", *(f"Call {n}" for n in range(1, len(ROWS) + 1))]
    frame = read_sheet(written(tmp_path, "a.csv", as_csv([numbers, *turned])))
    assert set(HEADER) <= set(frame.columns)
    assert len(frame) == len(ROWS)


def test_a_table_on_its_side_is_turned(tmp_path: Path) -> None:
    turned = [list(row) for row in zip(HEADER, *ROWS, strict=True)]
    path = written(tmp_path, "a.csv", as_csv(turned))
    assert ids(path) == IDS
    assert "table-rebuilt" in codes(path)
    assert ids(workbook(tmp_path, {"S": [["Cedarline"], *turned]})) == IDS


@pytest.mark.parametrize(
    "rows",
    [
        [
            ["Topic", "Date"],
            ["Call drop", "2026-03-01"],
            ["Agent rude", "2026-03-02"],
            ["Transcript lost", "2026-03-03"],
        ],
        [["File", "Agent email"], ["c-0001.wav", "a@x.example"], ["c-0002.wav", "a@x.example"]],
        [
            ["Agent", "Email"],
            ["Ana Ruiz", "ana@x.example"],
            ["Ben Call", "ben@x.example"],
            ["Queue Date", "q@x.example"],
        ],
    ],
)
def test_a_table_whose_columns_hold_one_kind_each_is_not_turned(
    tmp_path: Path, rows: list[list[str]]
) -> None:
    sheet = read_sheet(written(tmp_path, "a.csv", as_csv(rows)))
    assert [list(sheet.columns), *sheet.values.tolist()] == rows


@pytest.mark.parametrize(
    "inside",
    [
        "Reason: bill\nCall date: 2026-03-01\nStatus: open\nId: 12345",
        "| Id | Date |\n|---|---|\n| 1 | 2026-03-01 |",
    ],
    ids=["labels", "a drawn table"],
)
def test_what_stands_inside_cells_is_no_table_of_its_own(tmp_path: Path, inside: str) -> None:
    path = written(tmp_path, "a.csv", as_csv([[*HEADER, "Summary"], *([*row, inside] for row in ROWS)]))
    assert ids(path) == IDS


def test_rows_of_a_table_below_are_no_calls_and_are_counted(tmp_path: Path) -> None:
    below = [[], ["Summary"], ["Agent", "Calls", "Minutes"], ["Ana", "2", "3.1"], ["Ben", "1", "2.0"]]
    path = written(tmp_path, "a.csv", as_csv([HEADER, *ROWS, *below]))
    assert ids(path) == IDS
    [found] = [found for one in built(path) for found in one.findings if found.code == "rows-left-out"]
    assert found.message.startswith("4 rows were left out")


def test_calls_that_go_on_behind_a_blank_row_are_calls(tmp_path: Path) -> None:
    thin = ["C-4", "", "2026-03-04 10:00:00", ""]
    path = written(tmp_path, "a.csv", as_csv([HEADER, *ROWS[:2], [], ROWS[2], [], thin]))
    assert ids(path) == [*IDS, "C-4"]
    assert "rows-left-out" not in codes(path)


def test_a_table_beside_the_calls_is_no_part_of_them(tmp_path: Path) -> None:
    rows = [
        [*HEADER, "", "Team", "Calls"],
        [*ROWS[0], "", "North", "2"],
        [*ROWS[1], "", "", ""],
        [*ROWS[2], "", "", ""],
    ]
    path = written(tmp_path, "a.csv", as_csv(rows))
    assert [one.call.tags for one in built(path)] == [None] * 3
    assert "table-beside" in codes(path)


def test_an_empty_column_among_columns_of_the_calls_is_no_border(tmp_path: Path) -> None:
    rows = [[*HEADER, "", "Team"], *([*row, "", "North"] for row in ROWS)]
    path = written(tmp_path, "a.csv", as_csv(rows))
    assert [one.call.tags[0].key for one in built(path) if one.call.tags] == ["Team"] * 3


# --- workbooks -------------------------------------------------------------------------------------------------


def test_numbers_of_sixteen_digits_are_written_as_they_are_stored(tmp_path: Path) -> None:
    numbers = [1234567890123452, 1234567890123456, 9007199254740992]
    path = workbook(
        tmp_path, {"S": [HEADER, *([number, *row[1:]] for number, row in zip(numbers, ROWS, strict=True))]}
    )
    assert ids(path) == [str(number) for number in numbers]
    assert "id-digits-rounded" in codes(path)


@pytest.mark.parametrize("cell", ["1.23457E+15", "1,23457E+15", "1.2E+9"])
def test_an_id_in_scientific_notation_is_asked_for(tmp_path: Path, cell: str) -> None:
    path = written(tmp_path, "a.csv", as_csv([HEADER, [cell, *ROWS[0][1:]]]))
    assert "id-digits-lost" in codes(path)


def test_hidden_rows_and_columns_are_read_and_said(tmp_path: Path) -> None:
    path = workbook(tmp_path, {"S": [HEADER, *ROWS]}, rows=[2], columns=[1])
    calls = built(path)
    assert [one.call.conversation_id for one in calls] == IDS
    assert [found.code for found in calls[1].findings if "hidden" in found.code] == ["row-hidden"]
    assert "columns-hidden" in {found.code for found in calls[0].findings}


def test_the_calls_are_found_behind_a_cover_notes_and_a_summary(tmp_path: Path) -> None:
    sheets = {
        "Cover": [["Cedarline"], ["March"]],
        "Notes": [["Author", "ops"], ["Period", "March"], ["Version", "2"]],
        "Summary": [["Agent", "Calls"], ["Ana", 2], ["Ben", 1]],
        "Data": [HEADER, *ROWS],
    }
    assert ids(workbook(tmp_path, sheets)) == IDS


def test_another_sheet_with_the_same_columns_is_named(tmp_path: Path) -> None:
    path = workbook(tmp_path, {"May": [HEADER, *ROWS[:2]], "June": [HEADER, ROWS[2]]})
    assert ids(path) == IDS[:2]
    [found] = [found for one in built(path) for found in one.findings if found.code == "sheets-alike"]
    assert "'June'" in found.message


# --- web pages and XML -----------------------------------------------------------------------------------------


def html(rows: list[list[str]]) -> str:
    return (
        "<table>"
        + "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
        + "</table>"
    )


def test_the_calls_table_of_a_page_is_found_and_its_pages_are_joined(tmp_path: Path) -> None:
    logo = html([["Logo", "Cedarline"], ["Report", "Calls"]])
    page = f"<html><body>{logo}{html([HEADER, *ROWS[:2]])}{html([HEADER, ROWS[2]])}</body></html>"
    path = written(tmp_path, "a.html", page)
    assert ids(path) == IDS
    assert "table-beside" in codes(path)


def test_elements_of_xml_are_calls(tmp_path: Path) -> None:
    calls = "".join(
        f'<call id="{row[0]}"><agent><email>{row[1]}</email></agent><start>{row[2]}</start><turns>'
        '<turn speaker="agent">Good morning, Cedarline.</turn><turn speaker="customer">Hi, it is Lee.</turn>'
        "</turns></call>"
        for row in ROWS
    )
    path = written(tmp_path, "a.xml", f"<?xml version='1.0'?><calls>{calls}</calls>")
    assert ids(path) == IDS
    assert [len(one.call.transcript or ()) for one in built(path)] == [2, 2, 2]
    assert built(path)[1].call.agent_email == "ana@cedarline.example"


def test_a_workbook_of_excel_2003_is_read(tmp_path: Path) -> None:
    rows = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{cell}</Data></Cell>' for cell in row) + "</Row>"
        for row in [["Cedarline"], HEADER, *ROWS]
    )
    namespace = "urn:schemas-microsoft-com:office:spreadsheet"
    head = f'<?xml version="1.0"?><Workbook xmlns="{namespace}" xmlns:ss="{namespace}"><Worksheet ss:Name="May"><Table>'
    path = written(tmp_path, "a.xls", f"{head}{rows}</Table></Worksheet></Workbook>")
    assert ids(path) == IDS


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares entities"),
        ("<?xml version='1.0'?><a><b></a>", "is not valid XML in line 1"),
        ("<?xml version='1.0'?>" + "<a>" * 100 + "</a>" * 100, "has elements nested 60 deep"),
        ("<?xml version='1.0'?><note>Buy milk</note>", "no element is repeated for each call"),
    ],
)
def test_xml_without_calls_is_refused_with_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UnreadableFile, match=sentence):
        read_sheet(written(tmp_path, "a.xml", text))


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.xml", "<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'><Worksheet><Table>"
         '<Row xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" ss:Index="9999999"/></Table></Worksheet></Workbook>',
         "has a cell below row 1,048,576"),
        ("a.txt", "Call ID: 1\nAgent Email: a@x.example\nStart Time: 2026-01-01 10:00\n" * 3 + "x\n" * 30_000,
         "A block of a.txt has more than 20,000 lines"),
        ("a.md", "| Call ID | Agent | Text |\n|---|---|---|\n| C1 | x \n" + "more\n" * 6_000,
         "runs over more than 5,000 lines"),
        ("a.html", "<html>" + "<table><tr><td>a<td>b<tr><td>c<td>d</table>" * 2_500, "more than 2,000 tables"),
    ],
    ids=["distant row", "long block", "long cell", "many tables"],
)  # fmt: skip
def test_what_would_take_too_much_is_refused_with_a_sentence(
    tmp_path: Path, name: str, text: str, sentence: str
) -> None:
    with pytest.raises(UnreadableFile, match=sentence):
        read_sheet(written(tmp_path, name, text))


def test_a_cell_far_to_the_right_costs_little() -> None:
    header = [*HEADER, *[""] * 15_000, "stray"]
    began = time.process_time()
    assert beside_place(ROWS, header) == 0
    assert beside_place([[*row, *[""] * 15_000, "x"] for row in ROWS[:1]] + ROWS[1:], header) == 5
    assert time.process_time() - began < 5


def test_what_a_frame_notes_is_not_copied_for_each_column() -> None:
    class Counted(dict[int, Any]):
        copies = 0

        def __deepcopy__(self, memo: object) -> Counted:
            Counted.copies += 1
            return self

    frame = pd.DataFrame(
        [[*ROWS[0], *range(50)]], columns=[*HEADER, *(f"c{n}" for n in range(50))], index=[2]
    )
    mapping = guess_mapping(frame)
    frame.attrs["notes"] = Counted()
    (built,) = build_frame(frame, mapping)
    assert built.call.conversation_id == "C-1"
    assert Counted.copies < 5
