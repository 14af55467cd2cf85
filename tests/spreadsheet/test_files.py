"""From a file to rows: kind, encoding, delimiter, sheet, header row; and one sentence for what cannot be read."""

from __future__ import annotations

import codecs
import io
import json
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter

from reddy_lib.errors import EmptySheet, SheetError, UnreadableFile
from reddy_lib.spreadsheet import SheetFormat, detect_format, read_pieces, read_sheet, sheet_names
from reddy_lib.spreadsheet.cells.header_words import plain_name
from reddy_lib.spreadsheet.reading.bundles import decoded
from reddy_lib.spreadsheet.reading.headers import column_letter, find_header, header_texts

START = datetime.fromisoformat("2026-03-30T17:46:00")
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def csv_file(folder: Path, content: str | bytes, name: str = "calls.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def excel_file(
    folder: Path, sheets: dict[str, list[list[Any]]], *, hidden: str = "", name: str = "calls.xlsx"
) -> Path:
    path = folder / name
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            if title == hidden:
                sheet.hide()
            for number, row in enumerate(rows):
                for place, cell in enumerate(row):
                    if cell is not None:
                        sheet.write(number, place, cell)
    return path


def rows_of(frame: pd.DataFrame) -> list[list[Any]]:
    return [list(row) for row in frame.itertuples(index=False)]


# --- CSV -------------------------------------------------------------------------------------------------


def test_csv_cells_stay_what_was_typed(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "Id,Phone,Score,Note\n007,+44 20,0,NA\n12345678901234567890,1.50,,=1+1\n")
    frame = read_sheet(path)
    assert rows_of(frame) == [["007", "+44 20", "0", "NA"], ["12345678901234567890", "1.50", "", "=1+1"]]
    assert frame.index.tolist() == [2, 3]
    assert frame.index.name == "row"


def test_blank_rows_are_skipped_and_counted(tmp_path: Path) -> None:
    frame = read_sheet(csv_file(tmp_path, "\nA,B\n\n1,2\n,\n3,4\n\n"))
    assert frame.index.tolist() == [4, 6]
    assert frame.attrs["format"]["header_row"] == 2


def test_a_record_with_line_breaks_counts_as_one_row(tmp_path: Path) -> None:
    frame = read_sheet(csv_file(tmp_path, 'Id,Transcript\n1,"Agent: a\nCustomer: b\n\nAgent: c"\n2,x\n'))
    assert frame.index.tolist() == [2, 3]
    assert frame.loc[2, "Transcript"] == "Agent: a\nCustomer: b\n\nAgent: c"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, encoding: str, expected: str) -> None:
    text = "Name,Note\nZoë,café crème – señor\nJürgen,déjà vu à gogo\nÅsa,naïve façade\n"
    path = csv_file(tmp_path, text.encode(encoding))
    frame = read_sheet(path)
    assert frame.attrs["format"]["encoding"] == expected
    assert frame["Name"].tolist() == ["Zoë", "Jürgen", "Åsa"]


def test_a_cyrillic_code_page_is_told_from_a_western_one(tmp_path: Path) -> None:
    text = (
        "Имя;Заметка\n"
        + "Анна;Клиент спросил о карте и сказал спасибо\nИван;Оператор ответил на вопрос\n" * 5
    )
    frame = read_sheet(csv_file(tmp_path, text.encode("cp1251")))
    assert frame["Имя"].tolist()[:2] == ["Анна", "Иван"]


def test_a_late_character_decides_the_encoding_before_reading_starts(tmp_path: Path) -> None:
    content = b"A,B\n" + b"plain,text\n" * 200_000 + "é,x\n".encode("cp1252")
    frame = read_sheet(csv_file(tmp_path, content))
    assert frame["A"].iloc[-1] == "é"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_among_others_in_the_cells(tmp_path: Path, delimiter: str) -> None:
    cells = [["Id", "Text"], ["1", "a, b; c | d"], ["2", "one; two, three"], ["3", "x"]]
    content = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in cells)
    frame = read_sheet(csv_file(tmp_path, content))
    assert frame.attrs["format"]["delimiter"] == delimiter
    assert rows_of(frame) == cells[1:]


def test_a_separator_line_is_obeyed_and_not_counted(tmp_path: Path) -> None:
    frame = read_sheet(csv_file(tmp_path, "sep=;\r\nA;B,C\r\n1;2,3\r\n"))
    assert list(frame.columns) == ["A", "B,C"]
    assert frame.index.tolist() == [2]


def test_bare_carriage_returns_and_nul_bytes_are_read(tmp_path: Path) -> None:
    assert rows_of(read_sheet(csv_file(tmp_path, b"A,B\r1,2\r3,4\r"))) == [["1", "2"], ["3", "4"]]
    assert rows_of(read_sheet(csv_file(tmp_path, b"A,B\n\x001,2\n"))) == [["1", "2"]]


def test_longer_rows_keep_their_extra_cells(tmp_path: Path) -> None:
    frame = read_sheet(csv_file(tmp_path, "A,B\n1,2\n3,4,5,6\n7\n8,9,,\n"))
    assert list(frame.columns) == ["A", "B", "column C", "column D"]
    assert frame.attrs["extra"] == ["column C", "column D"]
    assert rows_of(frame) == [["1", "2", "", ""], ["3", "4", "5", "6"], ["7", "", "", ""], ["8", "9", "", ""]]


def test_trailing_delimiters_are_no_extra_cells(tmp_path: Path) -> None:
    frame = read_sheet(csv_file(tmp_path, "A,B,\n1,2,\n3,4,,\n"))
    assert list(frame.columns) == ["A", "B"]
    assert frame.attrs["extra"] == []


def test_a_cell_of_a_megabyte_is_read(tmp_path: Path) -> None:
    frame = read_sheet(csv_file(tmp_path, f'Id,Transcript\n1,"{"a" * 1_000_000}"\n'))
    assert len(frame.loc[2, "Transcript"]) == 1_000_000


def test_pieces_have_at_most_so_many_rows_and_the_same_columns(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "A,B\n" + "".join(f"{n},x\n" for n in range(7)))
    pieces = list(read_pieces(path, rows=3))
    assert [len(piece) for piece in pieces] == [3, 3, 1]
    assert [piece.index.tolist() for piece in pieces] == [[2, 3, 4], [5, 6, 7], [8]]
    assert {tuple(piece.columns) for piece in pieces} == {("A", "B")}
    assert all(piece.dtypes.tolist() == [object, object] for piece in pieces)


def test_what_was_decided_is_plain_data_beside_the_frame(tmp_path: Path) -> None:
    frame = read_sheet(csv_file(tmp_path, "A;B\n1;2\n"))
    assert frame.attrs["format"] == {
        "kind": "csv",
        "sheet": None,
        "header_row": 1,
        "encoding": "utf-8",
        "delimiter": ";",
    }
    json.dumps(frame.attrs)


def test_everything_can_be_set_by_hand(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "x,y\nA;B\n1;2\n")
    found = detect_format(path, header_row=2, encoding="latin-1", delimiter=";")
    assert found == SheetFormat("csv", None, 2, "latin-1", ";")
    assert rows_of(read_sheet(path, header_row=2, delimiter=";")) == [["1", "2"]]


def test_only_the_first_rows_when_asked(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "A\n1\n2\n3\n")
    assert read_sheet(path, nrows=2)["A"].tolist() == ["1", "2"]
    assert read_sheet(path, nrows=2).attrs["format"]["kind"] == "csv"


# --- Excel -----------------------------------------------------------------------------------------------


def test_excel_cells_keep_their_types_and_rows_their_numbers(tmp_path: Path) -> None:
    path = excel_file(
        tmp_path,
        {
            "Calls": [
                [],
                ["Export of May"],
                [],
                [None, "Id", "Score", "VIP", "Start"],
                [],
                [None, "007", 3592.0, True, START],
                [None, "x", 2.5, False, "soon"],
            ]
        },
    )
    frame = read_sheet(path)
    assert frame.attrs["format"] == {
        "kind": "excel",
        "sheet": "Calls",
        "header_row": 4,
        "encoding": None,
        "delimiter": None,
    }
    assert list(frame.columns) == ["column A", "Id", "Score", "VIP", "Start"]
    assert frame.index.tolist() == [6, 7]
    assert rows_of(frame)[0] == ["", "007", 3592, True, START]
    assert type(frame.loc[6, "Score"]) is int
    assert rows_of(frame)[1] == ["", "x", 2.5, False, "soon"]


def test_the_first_visible_sheet_with_a_table_is_read(tmp_path: Path) -> None:
    path = excel_file(
        tmp_path,
        {"Cover": [["Report"]], "Old": [["A", "B"], [1, 2]], "Data": [["C", "D"], [3, 4]]},
        hidden="Old",
    )
    assert sheet_names(path) == ["Cover", "Old", "Data"]
    assert detect_format(path).sheet == "Data"
    assert rows_of(read_sheet(path, sheet="Old")) == [[1, 2]]


def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = excel_file(tmp_path, {"Calls": [["A"], [1]]})
    with pytest.raises(UnreadableFile, match="has no sheet 'May': it has 'Calls'"):
        detect_format(path, sheet="May")


def test_text_has_no_sheets(tmp_path: Path) -> None:
    assert sheet_names(csv_file(tmp_path, "A\n1\n")) == []


def test_a_workbook_named_csv_is_still_a_workbook(tmp_path: Path) -> None:
    path = excel_file(tmp_path, {"Calls": [["A", "B"], [1, 2]]})
    renamed = path.rename(tmp_path / "calls.csv")
    assert detect_format(renamed).kind == "excel"


# --- headers ---------------------------------------------------------------------------------------------


def test_header_texts_are_made_unique_and_blanks_get_their_letter() -> None:
    assert header_texts(["Name", " Name ", "", None, 2024, "Start\nTime", "name", ""]) == [
        "Name", "Name (2)", "column C", "column D", "2024", "Start Time", "name",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([["A", "B"], ["1", "2"]], 0),
        ([["Calls of May", ""], ["Agent", "Transcript"], ["ben@x.example", "Agent: hi"]], 1),
        (
            [
                ["Report", "2026-05-01"],
                ["Exported by", "Ana"],
                ["Call ID", "Agent", "Start"],
                ["1", "b@x.example", "2026-05-01"],
            ],
            2,
        ),
        ([["Year", 2000, 2001], ["Timber", "2,666", "2,274"]], 0),
        (
            [
                ["Emissions by sector, 2000 to 2003"],
                ["Year", 2000, 2001, 2002, 2003],
                ["Timber", 2666, 2274, 1877, 1999],
            ],
            1,
        ),
        ([["A", "B"], *[["plain", "text"]] * 5], 0),
        ([["value"], ["01"], ["002"]], 0),
        ([["a@x.example", "Agent: hi"]], 0),
    ],
)
def test_the_header_is_found_under_titles(rows: list[list[Any]], place: int) -> None:
    assert find_header(rows) == place


@pytest.mark.parametrize(
    ("header", "plain"),
    [("Rep_E-Mail", "rep e mail"), ("agentEmail", "agent email"), ("Gesprächs-ID", "gesprachs id"), ("", "")],
)
def test_plain_names(header: str, plain: str) -> None:
    assert plain_name(header) == plain


def test_column_letters() -> None:
    assert [column_letter(place) for place in (1, 26, 27, 703)] == ["A", "Z", "AA", "AAA"]


# --- what cannot be read ---------------------------------------------------------------------------------


def zip_bytes(names: list[str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000)


@pytest.mark.parametrize(
    ("name", "content", "kind", "words"),
    [
        ("a.csv", b"", EmptySheet, "is empty"),
        ("a.csv", b" \n\n \n", EmptySheet, "is empty"),
        ("a.csv", b"Agent,Transcript\n", EmptySheet, "no calls below it"),
        ("a.csv", b"Agent,Transcript\n\n,\n", EmptySheet, "no calls below it"),
        ("a.xlsx", b"%PDF-1.7 ...", UnreadableFile, "is a PDF document"),
        ("a.xlsx", b"\x89PNG\r\n\x1a\n....", UnreadableFile, "is an image"),
        ("a.xls", b"\n<html><body><table>", UnreadableFile, "is a web page with no table"),
        ("a.xls", b"<?xml version='1.0'?><Workbook>", UnreadableFile, "is not valid XML in line 1"),
        ("a.xlsx", zip_bytes(["notes.txt"]), UnreadableFile, "is a zip archive"),
        ("a.xlsx", zip_bytes(["word/document.xml"]), UnreadableFile, "is a Word document"),
        ("a.xlsx", zip_bytes(["xl/workbook.xml"]), UnreadableFile, "cannot be read as a workbook"),
        ("a.xlsx", zip_bytes(["xl/workbook.xml"])[:40], UnreadableFile, "damaged or cut off"),
        ("a.xls", OLE, UnreadableFile, "cannot be read as a workbook"),
        ("a.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), UnreadableFile, "protected with a password"),
        ("a.csv", bytes(range(256)) * 10, UnreadableFile, "neither a workbook nor text"),
        ("a.csv", b"\x1f\x8b\x08....", UnreadableFile, "is a gzip archive"),
    ],
)
def test_one_clear_sentence_for_what_is_no_spreadsheet(
    tmp_path: Path, name: str, content: bytes, kind: type[SheetError], words: str
) -> None:
    path = csv_file(tmp_path, content, name)
    with pytest.raises(kind) as caught:
        read_sheet(path)
    message = str(caught.value)
    assert words in message
    assert name in message
    assert message.endswith(".")
    assert "\n" not in message


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"There is no file gone\.csv"):
        read_sheet(tmp_path / "gone.csv")
    with pytest.raises(UnreadableFile, match="holds no transcripts and no spreadsheet"):
        read_sheet(tmp_path)


def test_an_empty_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmptySheet, match=r"Sheet 'Calls' of calls\.xlsx is empty"):
        read_sheet(excel_file(tmp_path, {"Calls": []}))
    with pytest.raises(EmptySheet, match=r"No sheet of two\.xlsx"):
        read_sheet(excel_file(tmp_path, {"A": [], "B": [["only a header"]]}, name="two.xlsx"))


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"encoding": "utf-8"}, "is not valid utf-8"),
        ({"encoding": "klingon"}, "There is no encoding 'klingon'"),
        ({"delimiter": "ab"}, "is not one character"),
        ({"header_row": 99}, "has no row 99"),
        ({"header_row": -1}, "rows count from 1"),
        ({"header_row": 2}, "is empty"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(tmp_path: Path, wishes: dict[str, Any], words: str) -> None:
    path = csv_file(tmp_path, "A,B\n\né,2\n".encode("cp1252"))
    with pytest.raises(SheetError, match=words):
        read_sheet(path, **wishes)


# --- hard sheets from elsewhere --------------------------------------------------------------------------

MESSY = SHARED / "messy_sheets"


@pytest.mark.skipif(not MESSY.exists(), reason="the shared data is not here")
def test_every_hard_sheet_is_read_or_refused_with_a_sentence() -> None:
    expected = json.loads((MESSY / "expected.json").read_text(encoding="utf-8"))["files"]
    refused: dict[str, str] = {}
    for name, facts in expected.items():
        try:
            frame = read_sheet(MESSY / name)
        except SheetError as error:
            refused[name] = str(error)
            continue
        if "multi-row header" in facts["quirk"]:
            continue  # which of its lines is the header is a matter of taste
        if "n_data_rows" in facts:
            assert len(frame) == facts["n_data_rows"], name
        if "columns" in facts:
            columns = [str(column).strip() for column in facts["columns"] if column is not None]
            assert list(frame.columns)[: len(columns)] == columns, name
        if facts.get("first_row") and name.endswith(".csv"):
            assert rows_of(frame)[0][: len(facts["first_row"])] == facts["first_row"], name
        assert all(isinstance(number, int) for number in frame.index.tolist())
    # Sheets without a table: one cell, one merged block.
    assert all(sentence.endswith(".") for sentence in refused.values())
    assert refused.keys() == {"fr_merged-cells.xlsx", "cal_has_x000D_.xlsx"}


@pytest.mark.skipif(not MESSY.exists(), reason="the shared data is not here")
def test_dates_of_the_1904_calendar_are_right() -> None:
    frame = read_sheet(MESSY / "ck_test_skip_lines.xlsx")
    assert frame["date"].iloc[0] == date(1971, 1, 1)
    assert frame.attrs["format"]["header_row"] == 4


GREETING = "Agent: Größe? Kunde: Ja, schön"


def of_lines(*lines: tuple[str, str]) -> bytes:
    """A table of calls whose rows are each in an encoding of their own."""
    rows = [f'{number};"{text}"\n'.encode(name) for number, (text, name) in enumerate(lines)]
    return b"id;text\n" + b"".join(rows)


@pytest.mark.parametrize(
    ("lines", "encoding"),
    [
        ([(GREETING, "utf-8")] * 9 + [(GREETING, "cp1252")], "utf-8 or cp1252"),
        ([(GREETING, "utf-8"), (GREETING, "cp1252")], "utf-8 or cp1252"),
        ([(GREETING, "cp1252")] * 9 + [(GREETING, "utf-8")], "cp1252 or utf-8"),
        ([("Łódź 😀", "utf-8"), ("Łódź", "utf-8"), (GREETING, "cp1252")], "utf-8 or cp1252"),
        ([("Здравствуйте, чем могу помочь", "utf-8")] * 9 + [("Здравствуйте", "cp1251")], "utf-8 or cp1251"),
        # "Ô…" happens to be valid, as a letter that nobody writes beside those of the other rows
        ([(GREETING, "cp1252")] * 9 + [("ALLÔ… oui", "cp1252")], "cp1252"),
        ([(GREETING, "cp1252")] * 9, "cp1252"),
        ([(GREETING, "utf-8")] * 9, "utf-8"),
    ],
)
def test_each_row_is_read_in_its_own_encoding(
    tmp_path: Path, lines: list[tuple[str, str]], encoding: str
) -> None:
    path = tmp_path / "calls.csv"
    for mark in (b"", b"\xef\xbb\xbf") if encoding.startswith("utf-8 or") else (b"",):
        path.write_bytes(mark + of_lines(*lines))
        sheet = read_sheet(path)
        assert sheet.attrs["format"]["encoding"] == encoding
        assert list(sheet.columns) == ["id", "text"]
        assert sheet["text"].tolist() == [text for text, _ in lines]
        notes = [note.code for found in sheet.attrs.get("notes", {}).values() for note in found]
        assert notes == (["table-rebuilt"] if " or " in encoding else [])


def test_cells_and_texts_of_one_line_are_read_in_both_encodings(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    name = "Jürgen".encode("cp1252")
    path.write_bytes(b"id;who;text\n1;" + name + f';"{GREETING}"\n'.encode())
    assert read_sheet(path).values.tolist() == [["1", "Jürgen", GREETING]]
    text = f"{GREETING}\nAgent: Grüße\n".encode() + "Kunde: Tschüß".encode("cp1252")
    assert decoded(text) == f"{GREETING}\nAgent: Grüße\nKunde: Tschüß"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_mixed_lines_are_decoded_alike_however_they_arrive(size: int) -> None:
    data = b"\xef\xbb\xbf" + of_lines((GREETING, "utf-8"), (GREETING, "cp1252"), ("no end", "utf-8"))
    whole = data.decode("utf-8 or cp1252")
    decoder = codecs.getincrementaldecoder("utf-8 or cp1252")()
    pieces = [decoder.decode(data[place : place + size]) for place in range(0, len(data), size)]
    assert "".join(pieces) + decoder.decode(b"", final=True) == whole
    assert whole.count(GREETING) == 2
    assert whole[:2] == "id"
