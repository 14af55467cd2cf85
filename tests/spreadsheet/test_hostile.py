"""Files that harm whoever trusts them: each is read, or refused with a sentence of its own; none ends the program."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter

import pandas as pd
import pytest

from reddy_lib.errors import EmptySheet, UnreadableFile
from reddy_lib.ledger import Ledger
from reddy_lib.spreadsheet import build_calls, build_frame, detect_format, guess_mapping, read_sheet
from reddy_lib.spreadsheet.cells.cell_kinds import as_number
from reddy_lib.spreadsheet.reading.files import Workbook, open_workbook, workbook_kept
from reddy_lib.spreadsheet.reading.furniture import is_blank
from reddy_lib.spreadsheet.reading.pieces import column_cells
from reddy_lib.spreadsheet.reading.table_shape import beside_place
from tests.soak import bombs
from tests.workbook_writers import xls_file

FAR = '<row r="{row}"><c r="{cell}"><v>1</v></c></row>'


def written(folder: Path, name: str, text: str | bytes) -> Path:
    return bombs.written(folder / name, text)


@pytest.mark.parametrize("size", [512, 700, 1531])
def test_a_fault_inside_the_workbook_library_is_a_damaged_workbook(tmp_path: Path, size: int) -> None:
    path = xls_file(tmp_path, {"Calls": [["agent", "text"], ["ana", "Agent: Hi"]]})
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(
        UnreadableFile, match=r"^calls\.xls cannot be read as a workbook, it is probably damaged: "
    ):
        detect_format(path)


@pytest.mark.parametrize(
    "row",
    [
        FAR.format(row=1_048_576, cell="XFD1048576"),
        "<row r='1048576'><c  s='1' r='XFD1048576'><v>1</v></c></row>",
        '<row r = "1048576"><c r = "XFD1048576"><v>1</v></c></row>',
        FAR.format(row=1_048_576, cell="XFD1048576") + FAR.format(row=4, cell="A4"),
        FAR.format(row=5, cell="XFD1048576"),
        FAR.format(row=1_048_576, cell="A1048576") + FAR.format(row=5, cell="XFD5"),
    ],
)
def test_a_cell_too_far_out_is_seen_however_it_is_written(tmp_path: Path, row: str) -> None:
    path = bombs.book(tmp_path, bombs.data(bombs.ROWS + row))
    with pytest.raises(UnreadableFile, match="reaches to column XFD and row 1,048,576, far beyond any calls"):
        detect_format(path)


def test_coloured_cells_without_content_take_nothing(tmp_path: Path) -> None:
    cells = "".join(f'<c r="{letter}1048576" s="1"/>' for letter in ("A", "Z", "XFD"))
    path = bombs.book(tmp_path, bombs.data(f'{bombs.ROWS}<row r="1048576" s="1">{cells}</row>'))
    assert read_sheet(path).values.tolist() == [["ana@x.example", "Agent: Hi"], ["bo@x.example", "Agent: No"]]


def test_a_sheet_is_parsed_once_for_a_whole_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Workbook] = []
    first = Workbook.__init__
    monkeypatch.setattr(Workbook, "__init__", lambda self, book: (opened.append(self), first(self, book))[1])
    path = bombs.book(tmp_path, bombs.data(bombs.ROWS))
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.load(path, progress=False).total == 2
    assert len(opened) == 1


def test_a_workbook_is_kept_only_until_the_work_is_done(tmp_path: Path) -> None:
    path = bombs.book(tmp_path, bombs.data(bombs.ROWS))
    with workbook_kept():
        assert open_workbook(path) is open_workbook(path)
        bombs.book(tmp_path, bombs.data(bombs.ROWS + FAR.format(row=4, cell="A4")))
        assert len(read_sheet(path)) == 3  # another file under the same name
    assert open_workbook(path) is not open_workbook(path)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.csv", 'agent,text\nana,"' + "\n" * 200_001, "Row 2 of a.csv has a quotation mark that nothing closes"),
        ("a.csv", "a,b\n1,2\n" + "x," * 20_000 + "\n", "a.csv has 20,001 columns, more than the 16,384"),
        ("a.xls", "<table><tr><td>" + "<a " * 3000, "a.xls is a web page that breaks off inside a tag"),
        ("a.xls", "<table><tr><td>" + "<a " * 360_000, "a.xls is a web page that breaks off inside a tag"),
    ],
)  # fmt: skip
def test_what_never_ends_is_refused(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    with pytest.raises(UnreadableFile, match=sentence):
        read_sheet(written(tmp_path, name, text))


def test_a_million_blank_rows_above_a_table_are_an_empty_sheet(tmp_path: Path) -> None:
    with pytest.raises(EmptySheet, match=r"a\.csv is empty: export the calls again\."):
        detect_format(written(tmp_path, "a.csv", "x".join(["\n" * 1_048_578, ",y\n"])))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"a":' * 20_000 + "1" + "}" * 20_000),
        ("a.jsonl", '{"a": 1}\n{"b": ' + "[" * 20_000 + "\n"),
    ],
)
def test_json_too_deep_for_any_reader_is_one_call_that_says_so(tmp_path: Path, name: str, text: str) -> None:
    sheet = read_sheet(written(tmp_path, name, text))
    (built,) = build_frame(sheet, guess_mapping(sheet))
    assert "transcript-unreadable" in {one.code for one in built.findings}


def test_a_conversation_is_read_as_one_call_whatever_lists_stand_beside_it(tmp_path: Path) -> None:
    turns = [
        {"participantId": who, "id": who, "text": f"{who} speaks", "modality": "text"}
        for who in ("Agent", "Customer")
    ]
    data = {
        "tasks": [{"kind": "Summary"}, {"kind": "Redaction"}],
        "analysisInput": {"conversations": [{"id": "c1", "language": "en", "conversationItems": turns}]},
    }
    sheet = read_sheet(written(tmp_path, "call.json", json.dumps(data)))
    (built,) = build_frame(sheet, guess_mapping(sheet))
    assert [(line.role, line.text) for line in built.call.transcript or ()] == [
        ("agent", "Agent speaks"), ("customer", "Customer speaks"),
    ]  # fmt: skip


def test_a_row_lists_twenty_cells_beyond_the_header_and_counts_the_rest(tmp_path: Path) -> None:
    sheet = read_sheet(
        written(tmp_path, "a.csv", "agent,text\nana,Agent: Hi\nbo,Agent: No" + ",x" * 25 + "\n")
    )
    _, built = build_frame(sheet, guess_mapping(sheet))
    said = [one.message for one in built.findings if one.code == "row-incomplete"]
    assert len(said) == 21
    assert said[0] == "The row has a cell beyond the header, in column C: 'x'."
    assert said[-1] == "… and 5 more cells beyond the header, up to column AA."


@pytest.mark.parametrize("cell", [float("inf"), float("-inf"), float("nan"), 10**400, "1e400", "nan", True])
def test_a_number_beyond_all_counting_is_no_line_counter(cell: object) -> None:
    assert as_number(cell) is None


def test_one_stray_cell_far_to_the_right_costs_a_column_and_no_more(tmp_path: Path) -> None:
    head = ["id", "agent", "transcript", *[""] * 6000]
    rows = [[f"c{n}", "ann@x.example", "Agent: Hello?\nCustomer: Hi.", *[""] * 6000] for n in range(300)]
    rows[7][4000] = "stray"
    path = tmp_path / "wide.csv"
    path.write_text("\n".join(",".join(f'"{cell}"' if cell else "" for cell in row) for row in [head, *rows]))
    began = perf_counter()
    sheet = read_sheet(path)
    calls = list(build_calls(sheet, guess_mapping(sheet)))
    assert perf_counter() - began < 10  # looked at column by column it took minutes
    assert len(calls) == 300
    assert list(sheet.columns) == ["id", "agent", "transcript", "column EWW"]
    assert sheet.attrs["extra"] == ["column EWW"]


def test_columns_are_taken_out_of_a_frame_without_its_notes() -> None:
    frame = pd.DataFrame({"a": ["1", "2"], "b": ["3", "4"]})
    frame.attrs["left_out"] = Uncopied()
    assert column_cells(frame) == [["1", "2"], ["3", "4"]]
    assert isinstance(frame.attrs["left_out"], Uncopied)


class Uncopied:
    """Something that may be copied once, as a frame is, and not once a column."""

    copies = 0

    def __deepcopy__(self, memo: object) -> Uncopied:
        Uncopied.copies += 1
        assert Uncopied.copies < 2
        return self


def test_a_table_beside_another_is_found_behind_many_empty_columns() -> None:
    header = ["id", "text", *[""] * 5000, "code", "meaning"]
    rows: list[list[object]] = [[f"c{n}", "words", *[""] * 5000, "", ""] for n in range(200)]
    rows[0][-2:] = ["7", "sales"]
    rows[1][-2:] = ["8", "service"]
    began = perf_counter()
    assert beside_place(rows, header) == 3
    assert beside_place([row[:1] + row[2:] for row in rows], ["id", *[""] * 5002]) == 0
    assert perf_counter() - began < 5


@pytest.mark.parametrize(
    ("cells", "blank"),
    [
        ([], True),
        (["", "", ""], True),
        (["", None, " \t"], True),
        (["", 0], False),
        ([False], False),
        (["", "x"], False),
    ],
)
def test_a_row_is_blank_where_it_holds_nothing(cells: list[object], blank: bool) -> None:
    assert is_blank(cells) is blank
