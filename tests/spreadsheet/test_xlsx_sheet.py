"""What one pass over the XML of a sheet tells, however its tags are written."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from reddy_lib.spreadsheet.reading.xlsx_sheet import SheetPart, sheet_part

_FILLER = 'row r="9999999" c r="ZZZZ1" t="e" hidden="1" '.replace('"', "&quot;")


def _sheet(*rows: str, cols: str = "", tail: str = "") -> str:
    return f'<worksheet xmlns="urn:x">{cols}<sheetData>{"".join(rows)}</sheetData>{tail}</worksheet>'


def _read(tmp_path: Path, xml: str) -> SheetPart:
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", xml)
    with zipfile.ZipFile(path) as archive:
        return sheet_part(archive, "xl/worksheets/sheet1.xml")


def _told(sheet: SheetPart) -> tuple[object, ...]:
    return (
        sheet.errors, sheet.widest, sheet.last, sheet.shared, sheet.hidden_rows, sheet.hidden_columns, sheet.filtered
    )  # fmt: skip


_USUAL = (
    '<row r="1" spans="1:3" x14ac:dyDescent="0.25"><c r="A1" t="s"><v>0</v></c><c r="AB1" s="4" t="s"><v>1</v></c></row>',
    '<row r="7" hidden="1"><c r="C7" t="e"><v>#N/A</v></c><c r="XFD7" s="2"/></row>',
    f'<row r="2345"><c r="D2345" t="inlineStr"><is><t>{_FILLER}</t></is></c></row><row r="700000" s="3"/>',
)


@pytest.mark.parametrize(
    "further",
    [
        "",
        '<row r="8"><c r="B8" foo="&gt;"><v>1</v></c></row>',
        "<row r='8'><c r='B8'><v>1</v></c></row>",
        '<row\nr="8"><c r="B8"\tt="n"><v>1</v></c></row>',
        '<row s="1" r="8"><c s="1" r="B8"><v>1</v></c></row>',
        '<row r="8"><c r="B8" x="a>b"><v>1</v></c></row>',
    ],
    ids=["usual", "entities", "single quotes", "white space", "another order", "a mark inside"],
)
def test_rows_tell_the_same_whatever_other_rows_are_written_like(tmp_path: Path, further: str) -> None:
    cols = '<cols><col min="2" max="3" width="9" hidden="1"/><col min="5" max="5" width="9"/></cols>'
    tail = '<autoFilter ref="A1:B2"><filterColumn colId="0"/></autoFilter>'
    sheet = _read(tmp_path, _sheet(_USUAL[0], _USUAL[1], further, _USUAL[2], cols=cols, tail=tail))
    assert _told(sheet) == ({7: [(2, "#N/A")]}, 28, 2345, 2, {7}, {2, 3}, True)


def test_pieces_may_end_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    xml = _sheet(
        *_USUAL, *(f'<row r="{n}"><c r="B{n}" t="e"><v>#REF!</v></c></row>' for n in range(3000, 3009))
    )
    whole = _told(_read(tmp_path, xml))
    for size in (*range(1, 60, 7), 211):
        monkeypatch.setattr("reddy_lib.spreadsheet.reading.xlsx_sheet._BLOCK", size)
        assert _told(_read(tmp_path, xml)) == whole


@pytest.mark.parametrize(
    "row",
    [
        '<row r="2000000"><c r="A2000000"><v>1</v></c></row>',
        '<row r="5"><c r="AAAA5"><v>1</v></c></row>',
        '<row r="5"><c a="&lt;" x=">" r="A12345678"><v>1</v></c></row>',
        '<row r="5"><c r="A5" r="AAAA5"><v>1</v></c></row>',
        "<row r = '5'><c r= 'A9999999'><v>1</v></c></row>",
    ],
)
def test_a_place_that_no_program_has_is_the_farthest_one(tmp_path: Path, row: str) -> None:
    sheet = _read(tmp_path, _sheet(*_USUAL, row))
    assert (sheet.widest, sheet.last) == (16_384, 1 << 20)


def test_tags_with_a_prefix_and_cells_without_a_place_count(tmp_path: Path) -> None:
    rows = "<x:row>" + "<x:c><x:v>1</x:v></x:c>" * 40 + "</x:row>"
    sheet = _read(
        tmp_path, f'<x:worksheet xmlns:x="urn:x"><x:sheetData>{rows * 1200}</x:sheetData></x:worksheet>'
    )
    assert (sheet.widest, sheet.last) == (40, 1200)
    far = _read(tmp_path, _sheet('<é:row r="1"><é:c r="XFD1048576"><v>1</v></é:c></é:row>'))
    assert (far.widest, far.last) == (16_384, 1_048_576)
