"""Cells and row numbers: what strange exports hold comes out as it was typed, in every format alike."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from reddy_lib.errors import EmptySheet, SheetError, UnreadableFile
from reddy_lib.spreadsheet import (
    Mapping,
    SheetFormat,
    build_frame,
    detect_format,
    guess_mapping,
    read_calls,
    read_pieces,
    read_sheet,
    sheet_names,
)
from tests.workbook_writers import Error, ods_file, xls_file, xlsb_file

WHEN = datetime.fromisoformat("2026-03-30T17:46:00")
WRITERS = [ods_file, xls_file, xlsb_file]


def text_file(folder: Path, content: str | bytes, name: str = "calls.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def xlsx_file(folder: Path, rows: list[list[Any]], options: dict[str, Any] | None = None) -> Path:
    path = folder / "calls.xlsx"
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm:ss", **(options or {})}) as book:
        sheet = book.add_worksheet("Calls")
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, Error):
                    sheet.write_formula(number, place, "=1/0", None, cell.text)
                elif isinstance(cell, str):
                    sheet.write_string(number, place, cell)
                elif cell is not None:
                    sheet.write(number, place, cell)
    return path


def changed_part(path: Path, part: str, old: bytes, new: bytes) -> Path:
    """A copy of a workbook in which one part reads otherwise."""
    copy = path.with_name(f"changed{path.suffix}")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == part:
                assert old in data
                data = data.replace(old, new)
            target.writestr(name, data)
    return copy


def cells_of(path: Path, **wishes: Any) -> list[list[Any]]:
    return read_sheet(path, **wishes).values.tolist()


# --- text: encodings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "mark", "found"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8-sig"),
        ("utf-16-le", b"\xff\xfe", "utf-16"),
        ("utf-16-be", b"\xfe\xff", "utf-16"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
        ("utf-32-le", b"\xff\xfe\x00\x00", "utf-32"),
        ("utf-32-be", b"\x00\x00\xfe\xff", "utf-32"),
    ],
)
def test_every_width_of_unicode_is_read_with_and_without_its_mark(
    tmp_path: Path, encoding: str, mark: bytes, found: str
) -> None:
    text = "Call ID,Name\r\n007,Zoë Müller\r\n008,Åsa Öberg of the support team\r\n"
    frame = read_sheet(text_file(tmp_path, mark + text.encode(encoding)))
    assert frame.attrs["format"]["encoding"] == found
    assert list(frame.columns) == ["Call ID", "Name"]
    assert frame.values.tolist() == [["007", "Zoë Müller"], ["008", "Åsa Öberg of the support team"]]


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16-le", "utf-16-be"])
def test_text_behind_the_mark_of_another_encoding_is_read_as_what_it_is(
    tmp_path: Path, encoding: str, mark: bytes
) -> None:
    text = "Call ID,Name\r\n007,Zoë Müller\r\n008,Åsa Öberg of the support team\r\n"
    frame = read_sheet(text_file(tmp_path, mark + text.encode(encoding)))
    assert list(frame.columns) == ["Call ID", "Name"]
    assert frame.values.tolist() == [["007", "Zoë Müller"], ["008", "Åsa Öberg of the support team"]]
    found = frame.attrs["format"]["encoding"]
    told = [one.message for notes in (frame.attrs.get("notes") or {}).values() for one in notes]
    wrong = " after the mark of " in found
    assert [("byte order mark of the file" in message) for message in told] == [True] * wrong
    assert wrong == (found not in ("utf-8-sig", "utf-16"))


def test_a_wide_file_that_says_utf_8_by_its_mark_but_is_not_is_read_as_western(tmp_path: Path) -> None:
    frame = read_sheet(text_file(tmp_path, b"\xef\xbb\xbfId,Name\n1,Zo\xeb\n"))
    assert frame.attrs["format"]["encoding"] == "cp1252 after the mark of utf-8"
    assert frame.iloc[0].to_dict() == {"Id": "1", "Name": "Zoë"}


def test_a_western_file_keeps_its_typographic_signs(tmp_path: Path) -> None:
    text = "Id;Text\n1;„Grüß Gott“ – 5 € … it’s œuvre\n"
    assert cells_of(text_file(tmp_path, text.encode("cp1252"))) == [["1", "„Grüß Gott“ – 5 € … it’s œuvre"]]


def test_an_encoding_chosen_by_hand_wins_over_the_guess(tmp_path: Path) -> None:
    path = text_file(tmp_path, "Id,Name\n1,Zoë\n2,Jürgen\n".encode("mac_roman"))
    frame = read_sheet(path, encoding="mac_roman")
    assert frame["Name"].tolist() == ["Zoë", "Jürgen"]
    assert frame.attrs["format"]["encoding"] == "mac_roman"


def test_a_cell_of_emoji_and_combining_marks_is_not_normalized(tmp_path: Path) -> None:
    text = "e\u0301 👩‍👩‍👧 \u202eabc \u00a0x\u200b"
    assert cells_of(text_file(tmp_path, f"Id,Text\n1,{text}\n"))[0][1] == text


# --- text: delimiters, quotes, rows --------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x1f"])
def test_each_delimiter_of_exports_is_found(tmp_path: Path, delimiter: str) -> None:
    rows = [["Id", "Agent", "Note"], ["1", "ana", "x"], ["2", "ben", "y"]]
    frame = read_sheet(text_file(tmp_path, "\n".join(map(delimiter.join, rows))))
    assert frame.attrs["format"]["delimiter"] == delimiter
    assert frame.values.tolist() == rows[1:]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('1,"a ""b"" c"', ["1", 'a "b" c']),
        ('1,"a, b"', ["1", "a, b"]),
        ('1,a "b" c', ["1", 'a "b" c']),
        ('1,""', ["1", ""]),
        ('1,"  x  "', ["1", "  x  "]),
        ("1,'a'", ["1", "'a'"]),
        ('1,"a\r\nb"', ["1", "a\r\nb"]),
        ('1,"a\n\n\nb"', ["1", "a\n\n\nb"]),
        ('"1","x"y', ["1", "xy"]),
        ("1,=HYPERLINK(0)", ["1", "=HYPERLINK(0)"]),
        ("1,+44 20 7946 0000", ["1", "+44 20 7946 0000"]),
        ("1,@SUM(A1)", ["1", "@SUM(A1)"]),
        ("1,1E5", ["1", "1E5"]),
        ("1,0x1F", ["1", "0x1F"]),
        ("1,NULL", ["1", "NULL"]),
        ("1,nan", ["1", "nan"]),
        ("1,TRUE", ["1", "TRUE"]),
        ("1,00012", ["1", "00012"]),
        ("1,99999999999999999999", ["1", "99999999999999999999"]),
        ("1,2026-03-02", ["1", "2026-03-02"]),
        ("1,MARCH1", ["1", "MARCH1"]),
        ("1,#N/A", ["1", "#N/A"]),
    ],
)
def test_a_text_cell_is_what_stands_between_the_delimiters(
    tmp_path: Path, line: str, cells: list[str]
) -> None:
    path = text_file(tmp_path, f"Id,Text\n{line}\n2,next\n")
    assert cells_of(path, delimiter=",") == [cells, ["2", "next"]]


def test_a_quote_that_never_closes_swallows_nothing_silently(tmp_path: Path) -> None:
    frame = read_sheet(text_file(tmp_path, 'Id,Text\n1,"never closed\n2,x\n3,y\n'), delimiter=",")
    assert frame.values.tolist() == [["1", "never closed\n2,x\n3,y\n"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_row_numbers_are_the_same_for_each_line_end(tmp_path: Path, end: str) -> None:
    lines = ["Report of May", "", "Call ID,Agent email", "c1,a@x.example", ",", "c2,b@x.example"]
    frame = read_sheet(text_file(tmp_path, end.join(lines)))
    assert frame.index.tolist() == [4, 6]
    assert list(frame.columns) == ["Call ID", "Agent email"]


def test_a_last_row_without_a_line_end_is_a_row(tmp_path: Path) -> None:
    assert cells_of(text_file(tmp_path, "Id,Text\n1,x\n2,y")) == [["1", "x"], ["2", "y"]]


def test_ragged_rows_lose_nothing_and_widths_differ_by_piece(tmp_path: Path) -> None:
    path = text_file(tmp_path, "A,B\n1\n2,x\n3,y,z\n4,,,,far\n")
    pieces = list(read_pieces(path, detect_format(path), rows=2))
    assert [list(piece.columns) for piece in pieces] == [
        ["A", "B"],
        ["A", "B", "column C", "column E"],
    ]
    whole = read_sheet(path)
    assert whole.attrs["extra"] == ["column C", "column E"]
    assert whole.values.tolist()[2:] == [["3", "y", "z", ""], ["4", "", "", "far"]]


def test_an_extra_cell_does_not_take_the_name_of_a_column(tmp_path: Path) -> None:
    frame = read_sheet(text_file(tmp_path, "A,column C\n1,2,3\n"), header_row=1)
    assert list(frame.columns) == ["A", "column C", "column C (extra)"]
    assert frame.values.tolist() == [["1", "2", "3"]]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_pieces_of_any_size_hold_the_same_rows(tmp_path: Path, size: int) -> None:
    path = text_file(tmp_path, "Id,T\n" + "".join(f"{n},x{n}\n\n" for n in range(9)))
    pieces = list(read_pieces(path, rows=size))
    assert [row for piece in pieces for row in piece.index] == list(range(2, 20, 2))
    assert [cell for piece in pieces for cell in piece["T"]] == [f"x{n}" for n in range(9)]


def test_the_first_rows_bring_only_what_was_left_out_among_them(tmp_path: Path) -> None:
    frame = read_sheet(text_file(tmp_path, "Id,T\n1,x\n2,y\n3,z\n"), nrows=1)
    assert (frame.index.tolist(), frame["T"].tolist()) == ([2], ["x"])


# --- NUL characters ------------------------------------------------------------------------------------------


def nul_findings(path: Path) -> list[tuple[int, str]]:
    frame = read_sheet(path)
    return [
        (built.row, found.message)
        for built in build_frame(frame, guess_mapping(frame))
        for found in built.findings
        if found.code == "nul-removed"
    ]


def test_nul_characters_are_taken_out_and_reported_with_their_row(tmp_path: Path) -> None:
    path = text_file(
        tmp_path,
        b"Id,Agent email\n\x001,a@x.example\n2,b@x.ex\x00am\x00ple\n3,c@x.example\n" + b"4,d@x.example\n" * 9,
    )
    frame = read_sheet(path)
    assert frame.values.tolist()[:3] == [["1", "a@x.example"], ["2", "b@x.example"], ["3", "c@x.example"]]
    assert frame.attrs["nuls"] == {2: 1, 3: 2}
    assert nul_findings(path) == [
        (2, "1 NUL character was taken out: 1 in row 2."),
        (3, "2 NUL characters were taken out: 2 in row 3."),
    ]


def test_nul_characters_of_the_header_are_reported_with_the_first_row(tmp_path: Path) -> None:
    path = text_file(tmp_path, b"Id\x00,Agent email\n1,a@x.example\n2,b@x.example\n")
    assert list(read_sheet(path).columns) == ["Id", "Agent email"]
    assert nul_findings(path) == [(2, "1 NUL character was taken out: 1 in row 1.")]


def test_a_file_padded_with_nul_characters_says_so_with_its_last_row(tmp_path: Path) -> None:
    path = text_file(tmp_path, b"Id,Agent email\n" + b"1,a@x.example\n" * 400 + bytes(5000))
    assert nul_findings(path) == [(401, "5,000 NUL characters were taken out: 5,000 in row 402.")]


def test_a_file_without_nul_characters_has_no_word_about_them(tmp_path: Path) -> None:
    path = text_file(tmp_path, "Id,Agent email\n1,a@x.example\n")
    assert "nuls" not in read_sheet(path).attrs
    assert nul_findings(path) == []


@pytest.mark.parametrize("rows", [1, 2, 500])
def test_nul_characters_stay_with_their_row_in_pieces_of_any_size(tmp_path: Path, rows: int) -> None:
    path = text_file(tmp_path, b"Id,Agent email\n1,a@x.example\n2\x00,b@x.example\n3,c@x.example\n")
    mapping = Mapping(fields={"agent_email": "Agent email"}, sheet=detect_format(path))
    built = [one for piece in read_calls(path, mapping, rows=rows) for one in piece]
    assert [[found.code for found in one.findings] for one in built] == [[], ["nul-removed"], []]


def test_nul_characters_among_lines_are_reported_with_the_call_they_belong_to(tmp_path: Path) -> None:
    lines = [
        b"Call,Role,Text",
        b"c1,agent,He\x00llo",
        b"c1,customer,Hi" + b" again" * 30,
        b"c2,agent,Yes",
        b"c2,customer,N\x00o\x00",
    ]
    path = text_file(tmp_path, b"\n".join(lines))
    mapping = Mapping(
        layout="lines",
        group_by=["Call"],
        new_call="value",
        line_fields={"role": "Role", "text": "Text"},
        sheet=detect_format(path),
    )
    built = [one for piece in read_calls(path, mapping) for one in piece]
    found = [[one.message for one in call.findings if one.code == "nul-removed"] for call in built]
    assert found == [
        ["1 NUL character was taken out: 1 in row 2."],
        ["2 NUL characters were taken out: 2 in row 5."],
    ]
    assert [line.text for line in built[1].call.transcript or ()] == ["Yes", "No"]


def test_the_first_rows_say_nothing_of_nul_characters_further_down(tmp_path: Path) -> None:
    path = text_file(tmp_path, b"Id,T\n1,x\n2,\x00y\n3,z\n")
    assert read_sheet(path, nrows=1).attrs.get("nuls", {}) == {}
    assert read_sheet(path, nrows=2).attrs["nuls"] == {3: 1}


# --- workbooks of every format -------------------------------------------------------------------------------


@pytest.mark.parametrize("write", WRITERS)
def test_every_kind_of_workbook_gives_the_same_cells(tmp_path: Path, write: Any) -> None:
    rows = [
        ["Id", "Score", "Ok", "Text"],
        ["007", 3592, True, "é 😀"],
        ["=1+1", -2.5, False, "line\nbreak"],
        ["8", 0, True],
    ]
    frame = read_sheet(write(tmp_path, {"Calls": rows}))
    assert frame.attrs["format"]["kind"] == "excel"
    assert frame.index.tolist() == [2, 3, 4]
    assert frame.values.tolist() == [
        ["007", 3592, True, "é 😀"],
        ["=1+1", -2.5, False, "line\nbreak"],
        ["8", 0, True, ""],
    ]
    assert [type(cell) for cell in frame["Score"]] == [int, float, int]
    assert [type(cell) for cell in frame["Ok"]] == [bool, bool, bool]


@pytest.mark.parametrize("write", WRITERS)
def test_row_numbers_of_every_kind_of_workbook_count_what_is_empty(tmp_path: Path, write: Any) -> None:
    rows: list[list[Any]] = [
        [],
        [None, "Report"],
        [],
        [None, "Call ID", "Agent email"],
        [],
        [None, "c1", "a@x.example"],
    ]
    frame = read_sheet(write(tmp_path, {"Calls": rows}))
    assert (frame.attrs["format"]["header_row"], frame.index.tolist()) == (4, [6])
    assert frame["Call ID"].tolist() == ["c1"]


@pytest.mark.parametrize("write", WRITERS)
def test_sheets_of_every_kind_of_workbook_are_listed_and_chosen(tmp_path: Path, write: Any) -> None:
    path = write(
        tmp_path, {"Cover": [["Report"]], "Calls & more": [["A", "B"], [1, 2]], "Old": [["C", "D"], [3, 4]]}
    )
    assert sheet_names(path) == ["Cover", "Calls & more", "Old"]
    assert detect_format(path).sheet == "Calls & more"
    assert cells_of(path, sheet="Old") == [[3, 4]]


@pytest.mark.parametrize("write", [ods_file, xls_file])
def test_dates_of_other_workbooks_are_dates(tmp_path: Path, write: Any) -> None:
    path = write(tmp_path, {"Calls": [["Id", "Start"], ["c1", WHEN], ["c2", "soon"]]})
    assert read_sheet(path)["Start"].tolist() == [WHEN, "soon"]


def test_dates_since_1904_are_right_in_both_formats_of_excel(tmp_path: Path) -> None:
    old = xls_file(tmp_path, {"Calls": [["Id", "Start"], ["c1", WHEN]]}, since_1904=True)
    assert read_sheet(old)["Start"].tolist() == [WHEN]
    new = xlsx_file(tmp_path, [["Id", "Start"], ["c1", WHEN]], {"date_1904": True})
    assert read_sheet(new)["Start"].tolist() == [WHEN]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("formula", [False, True])
@pytest.mark.parametrize("text", ["#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"])
def test_error_cells_of_other_workbooks_keep_their_text(
    tmp_path: Path, write: Any, formula: bool, text: str
) -> None:
    rows = [["Id", "Score", "Note"], ["c1", Error(text, formula), "x"], ["c2", 3, Error(text, formula)]]
    assert cells_of(write(tmp_path, {"Calls": rows})) == [["c1", text, "x"], ["c2", 3, text]]


@pytest.mark.parametrize("write", WRITERS)
def test_rows_of_errors_alone_are_rows_up_to_the_last(tmp_path: Path, write: Any) -> None:
    wrong = Error("#REF!", True)
    frame = read_sheet(
        write(tmp_path, {"Calls": [["Id", "Score"], ["c1", 3], [], [wrong, wrong], [], [None, wrong]]})
    )
    assert frame.index.tolist() == [2, 4, 6]
    assert frame.values.tolist() == [["c1", 3], ["#REF!", "#REF!"], ["", "#REF!"]]


@pytest.mark.parametrize("write", WRITERS)
def test_errors_are_looked_up_in_the_sheet_that_is_read(tmp_path: Path, write: Any) -> None:
    sheets = {
        "One": [["A", "B"], ["x", Error("#N/A")]],
        "Two": [["A", "B"], ["y", None], ["z", Error("#REF!")]],
    }
    path = write(tmp_path, sheets)
    assert cells_of(path, sheet="One") == [["x", "#N/A"]]
    assert cells_of(path, sheet="Two") == [["y", ""], ["z", "#REF!"]]


@pytest.mark.parametrize("write", WRITERS)
def test_text_that_reads_like_an_error_is_text_and_zeros_stay_zeros(tmp_path: Path, write: Any) -> None:
    rows = [["Id", "Score", "Ok"], ["#N/A", 0, False], ["x", Error("#N/A"), True]]
    assert cells_of(write(tmp_path, {"Calls": rows})) == [["#N/A", 0, False], ["x", "#N/A", True]]


def test_an_error_that_an_ods_stores_beside_the_number_zero_is_an_error(tmp_path: Path) -> None:
    cell = '<table:table-cell table:formula="of:=1/0" office:value-type="float" office:value="0"><text:p>{}</text:p></table:table-cell>'  # noqa: E501
    name = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = [
        name.format("Id") + name.format("N"),
        name.format("a") + cell.format("Err:502"),
        name.format("b") + cell.format("0"),
    ]
    body = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    path = ods_file(tmp_path, {}, body=f'<table:table table:name="A">{body}</table:table>')
    assert cells_of(path) == [["a", "Err:502"], ["b", 0]]


def test_repeated_cells_and_rows_of_an_ods_are_all_there(tmp_path: Path) -> None:
    one = '<table:table-cell {} office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    head = "".join(one.format("", name) for name in ("Id", "Team", "Queue"))
    again = one.format('table:number-columns-repeated="2"', "same")
    rows = f'<table:table-row>{head}</table:table-row><table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>'  # noqa: E501
    rows += f'<table:table-row table:number-rows-repeated="2">{one.format("", "c1")}{again}</table:table-row>'
    frame = read_sheet(ods_file(tmp_path, {}, body=f'<table:table table:name="A">{rows}</table:table>'))
    assert frame.index.tolist() == [5, 6]
    assert frame.values.tolist() == [["c1", "same", "same"]] * 2


# --- cells far out, and other attacks ------------------------------------------------------------------------


def test_an_xlsb_with_a_cell_at_its_last_corner_is_refused(tmp_path: Path) -> None:
    path = xlsb_file(tmp_path, {"Calls": [["A", "B"], [1, 2]]}, last=(1_048_575, 16_383))
    with pytest.raises(
        UnreadableFile, match=r"Sheet 'Calls' of calls\.xlsb reaches to column XFD and row 1,048,576"
    ):
        read_sheet(path)


@pytest.mark.parametrize(("rows", "columns"), [(1_048_576, 16_384), (99_999_999, 1), (3_000, 16_384)])
def test_an_ods_that_repeats_a_cell_without_measure_is_refused_before_it_is_unfolded(
    tmp_path: Path, rows: int, columns: int
) -> None:
    cell = f'<table:table-cell table:number-columns-repeated="{columns}" office:value-type="float" office:value="1"/>'
    row = f'<table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row>'
    path = ods_file(tmp_path, {}, body=f'<table:table table:name="A">{row}</table:table>')
    for attempt in (sheet_names, read_sheet):
        with pytest.raises(UnreadableFile, match=f"and row {rows:,}, far beyond any calls"):
            attempt(path)


def test_the_empty_rest_of_an_ods_sheet_is_no_cell_far_out(tmp_path: Path) -> None:
    rows = "".join(
        f'<table:table-row><table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
        '<table:table-cell table:number-columns-repeated="16383"/></table:table-row>'
        for text in ("Id", "c1")
    )
    rows += '<table:table-row table:number-rows-repeated="1048574"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'  # noqa: E501
    assert cells_of(ods_file(tmp_path, {}, body=f'<table:table table:name="A">{rows}</table:table>')) == [
        ["c1"]
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<row r="2"', b'<row r="999999999"'),
        (b'r="A2"', b'r="A99999999"'),
        (b'r="A2"', b'r="ZZZZZ2"'),
        (b'r="A2"', b'r="A9999999"'),
    ],
)
def test_a_workbook_that_names_a_cell_beyond_every_sheet_is_refused(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    path = xlsx_file(tmp_path, [["Id", "N"], ["c1", 1], ["c2", 2]])
    with pytest.raises(UnreadableFile, match="far beyond any calls"):
        read_sheet(changed_part(path, "xl/worksheets/sheet1.xml", old, new))


def test_words_that_read_like_a_far_cell_are_words(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, [["Id", "T"], ["c1", 'the row r="A99999999"'], ["c2", "x"]])
    inline = b'<c r="B2" t="inlineStr"><is><t>the row r="A99999999"</t></is></c>'
    copy = changed_part(path, "xl/worksheets/sheet1.xml", b'<c r="B2" t="s"><v>3</v></c>', inline)
    assert cells_of(copy) == [["c1", 'the row r="A99999999"'], ["c2", "x"]]


def test_entities_that_unfold_without_end_do_no_harm(tmp_path: Path) -> None:
    path = ods_file(tmp_path, {"A": [["Id", "T"], ["c1", "x"]]})
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'?><!DOCTYPE x [<!ENTITY l0 "ha">{entities}]><office:document-content a="&l11;" '.encode()
    with pytest.raises(SheetError):
        read_sheet(changed_part(path, "content.xml", b"?><office:document-content ", bomb), sheet="B")


@pytest.mark.parametrize("write", [*WRITERS, lambda folder, sheets: xlsx_file(folder, sheets["A"])])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_workbook_that_is_cut_off_is_refused_with_a_sentence(
    tmp_path: Path, write: Any, share: float
) -> None:
    path = write(tmp_path, {"A": [["Id", "T"], *([f"c{n}", "some text"] for n in range(400))]})
    data = path.read_bytes()
    cut = text_file(tmp_path, data[: int(len(data) * share)], f"cut{path.suffix}")
    with pytest.raises(SheetError, match=rf"cut{path.suffix} "):
        read_sheet(cut)


def test_a_truncated_cell_of_excel_is_whole_up_to_its_last_character(tmp_path: Path) -> None:
    text = "Agent: hello\n" * 2520 + "Agent: a"
    text = text[:32_767]
    assert len(read_sheet(xlsx_file(tmp_path, [["Id", "Transcript"], ["c1", text]])).iloc[0, 1]) == len(text)


@pytest.mark.parametrize(
    ("cell", "comes"),
    [
        (12345678901234567890, 12345678901234570000),
        (123456789012345, 123456789012345),
        (0.1, 0.1),
        (-0.0, 0),
        (date(2026, 3, 2), date(2026, 3, 2)),
        (WHEN.replace(microsecond=499_000), WHEN.replace(microsecond=499_000)),
        (time(9, 30), time(9, 30)),
        ("007", "007"),
        ("=1+1", "=1+1"),
        (" x ", " x "),
        ("a_x000D_b", "a_x000D_b"),
        (Error("#N/A"), "#N/A"),
    ],
)
def test_a_cell_of_excel_comes_as_excel_holds_it(tmp_path: Path, cell: Any, comes: Any) -> None:
    found = read_sheet(xlsx_file(tmp_path, [["Id", "Cell"], ["c1", cell]])).iloc[0, 1]
    if type(comes) is date and type(found) is datetime:
        found = found.date()
    if type(comes) is time and type(found) is datetime:
        found = found.time()
    assert found == comes


# --- formats -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format", "text"),
    [
        (
            SheetFormat("csv", None, 2, "utf-8", ";"),
            "<SheetFormat csv · utf-8, delimiter ';' · header in row 2>",
        ),
        (SheetFormat("excel", "May", 1, None, None), "<SheetFormat excel · sheet 'May' · header in row 1>"),
        (SheetFormat("json", None, 1, "utf-8", None), "<SheetFormat json · one table · header in row 1>"),
        (
            SheetFormat("excel", "A", 3, None, None, lines_sheet="B", join=("Id", "Call")),
            "<SheetFormat excel · sheet 'A' · lines in 'B' · header in row 3>",
        ),
    ],
)
def test_a_format_says_in_one_line_what_was_found(format: SheetFormat, text: str) -> None:
    assert repr(format) == text


def test_a_format_for_another_file_that_is_too_short_is_refused(tmp_path: Path) -> None:
    path = text_file(tmp_path, "Id,T\n1,x\n")
    with pytest.raises(EmptySheet, match=r"calls\.csv has no row 9: choose another header row"):
        list(read_pieces(path, SheetFormat("csv", None, 9, "utf-8", ",")))


def test_hidden_sheets_are_read_where_nothing_else_has_a_table(tmp_path: Path) -> None:
    path = xls_file(tmp_path, {"Cover": [["Report"]], "Data": [["Id", "T"], ["c1", "x"]]}, hidden="Data")
    assert detect_format(path).sheet == "Data"
