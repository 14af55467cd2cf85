"""Files made to harm: small on disk, large or deep or slow for a reader that trusts them."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from tests.workbook_writers import (
    ods_file,
    xls_book,
    xls_label,
    xls_record,
    xlsb_book,
    xlsb_cell,
    xlsb_file,
    xlsb_part,
)

__all__ = ["BOMBS"]

BOMBS: dict[str, Callable[[Path], Path]] = {}
"""Name → what writes the file into a folder."""

_SPACE = "http://schemas.openxmlformats.org"


def bomb(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
    BOMBS[make.__name__.strip("_")] = make
    return make


def written(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def zipped(path: Path, members: Mapping[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def unzipped(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def book(folder: Path, sheet: bytes | str, *, strings: bytes | str = "", more: str = "") -> Path:
    """An .xlsx with these bytes as its one sheet."""
    types = f'<Types xmlns="{_SPACE}/package/2006/content-types"/>'
    relation = f"{_SPACE}/officeDocument/2006/relationships"
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return zipped(
        folder / "calls.xlsx",
        {
            "[Content_Types].xml": head + types,
            "_rels/.rels": f'{head}<Relationships xmlns="{_SPACE}/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'{head}<workbook xmlns="{_SPACE}/spreadsheetml/2006/main" xmlns:r="{relation}">'
            f'<sheets><sheet name="Calls" sheetId="1" r:id="r1"/></sheets>{more}</workbook>',
            "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{_SPACE}/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="r2" Type="{relation}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": sheet,
            **({"xl/sharedStrings.xml": strings} if strings else {}),
        },
    )


def data(rows: str, dimension: str = "A1:B3") -> str:
    return (
        f'<?xml version="1.0"?><worksheet xmlns="{_SPACE}/spreadsheetml/2006/main"><dimension ref="{dimension}"/>'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )


ROWS = "".join(
    f'<row r="{row}"><c r="A{row}" t="inlineStr"><is><t>{one}</t></is></c><c r="B{row}" t="inlineStr"><is><t>{other}</t>'
    "</is></c></row>"
    for row, one, other in [
        (1, "agent", "transcript"),
        (2, "ana@x.example", "Agent: Hi"),
        (3, "bo@x.example", "Agent: No"),
    ]
)
SHARED_CELLS = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>0</v></c></row>' * 3


# workbooks


@bomb
def workbook_of_zeros(folder: Path) -> Path:
    return book(folder, data(ROWS) + " " * (300 << 20))


@bomb
def shared_strings_of_300_mb(folder: Path) -> Path:
    text = "<t>" + "a" * 32_000 + "</t>"
    return book(folder, data(SHARED_CELLS), strings="<sst>" + f"<si>{text}</si>" * 10_000 + "</sst>")


@bomb
def shared_strings_by_the_million(folder: Path) -> Path:
    return book(folder, data(SHARED_CELLS), strings="<sst>" + "<si><t>a</t></si>" * 3_000_000 + "</sst>")


@bomb
def entities_of_entities(folder: Path) -> Path:
    names = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return book(
        folder,
        data(SHARED_CELLS),
        strings=f'<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY e0 "lol">{names}]><sst><si><t>&e11;</t></si></sst>',
    )


@bomb
def dimension_of_the_whole_sheet(folder: Path) -> Path:
    return book(folder, data(ROWS, "A1:XFD1048576"))


@bomb
def dimension_beyond_all_sheets(folder: Path) -> Path:
    return book(folder, data(ROWS, "A1:ZZZZZZ4294967295"))


@bomb
def cell_in_the_last_corner(folder: Path) -> Path:
    return book(folder, data(ROWS + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))


@bomb
def cell_in_the_last_corner_written_otherwise(folder: Path) -> Path:
    return book(folder, data(ROWS + "<row r='1048576'><c  s='1' r='XFD1048576'><v>1</v></c></row>"))


@bomb
def cell_in_the_last_corner_with_prefixes(folder: Path) -> Path:
    return book(
        folder,
        f'<x:worksheet xmlns:x="{_SPACE}/spreadsheetml/2006/main"><x:sheetData>'
        '<x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row>'
        '<x:row r="1048576"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>',
    )


@bomb
def empty_styled_rows_to_the_end(folder: Path) -> Path:
    rows = "".join(f'<row r="{row}" s="1" customFormat="1"/>' for row in range(4, 1_048_577))
    return book(folder, data(ROWS + rows, "A1:B1048576"))


@bomb
def empty_styled_cells_to_the_end(folder: Path) -> Path:
    rows = "".join(
        f'<row r="{row}"><c r="A{row}" s="1"/><c r="B{row}" s="1"/></row>' for row in range(4, 1_048_577)
    )
    return book(folder, data(ROWS + rows, "A1:B1048576"))


@bomb
def styled_cells_of_16_384_columns(folder: Path) -> Path:
    import xlsxwriter

    path = folder / "calls.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        sheet, style = workbook.add_worksheet(), workbook.add_format({"bold": True})
        for row in range(40):
            for column in range(16_384):
                if column < 3:
                    sheet.write(row, column, f"{'Agent: Hi' if row else 'name'} {column}")
                else:
                    sheet.write_blank(row, column, None, style)
    return path


@bomb
def merged_cells_by_the_hundred_thousand(folder: Path) -> Path:
    ranges = "".join(f'<mergeCell ref="A{row}:B{row + 1}"/>' for row in range(1, 400_000, 2))
    return book(folder, data(ROWS).replace("</worksheet>", f"<mergeCells>{ranges}</mergeCells></worksheet>"))


@bomb
def merged_over_the_whole_sheet(folder: Path) -> Path:
    return book(
        folder,
        data(ROWS).replace(
            "</worksheet>", '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>'
        ),
    )


@bomb
def error_cells_by_the_hundred_thousand(folder: Path) -> Path:
    cells = "".join(
        f'<row r="{row}"><c r="A{row}" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>' for row in range(4, 20_000)
    )
    return book(folder, data(ROWS + cells, "A1:B20000"))


@bomb
def formula_that_never_ends(folder: Path) -> Path:
    cell = '<c r="A4" t="e"><f>' + "<f" * 2_000_000
    return book(folder, data(ROWS + cell))


@bomb
def half_cells_by_the_million(folder: Path) -> Path:
    return book(folder, data(ROWS + '<c r="A4" t="e"' * 1_500_000))


@bomb
def sheets_by_the_thousand(folder: Path) -> Path:
    more = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r1"/>' for n in range(2, 3000))
    path = book(folder, data(""))
    members = unzipped(path)
    members["xl/workbook.xml"] = members["xl/workbook.xml"].replace(
        b"</sheets>", more.encode() + b"</sheets>"
    )
    return zipped(path, members)


@bomb
def ods_of_repeated_rows(folder: Path) -> Path:
    row = (
        '<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384" '
        'office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>'
    )
    return ods_file(folder, {}, body=f'<table:table table:name="Calls">{row}</table:table>')


@bomb
def ods_of_repeated_cells_under_the_limit(folder: Path) -> Path:
    row = (
        '<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="29" '
        'office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>'
    )
    return ods_file(folder, {}, body=f'<table:table table:name="Calls">{row}</table:table>')


@bomb
def ods_of_entities(folder: Path) -> Path:
    path = ods_file(folder, {"Calls": [["a", "b"], ["1", "2"]]})
    names = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    members = unzipped(path)
    members["content.xml"] = (
        members["content.xml"]
        .replace(b"?>", f'?><!DOCTYPE d [<!ENTITY e0 "lol">{names}]>'.encode(), 1)
        .replace(b">a<", b">&e11;<")
    )
    return zipped(path, members)


@bomb
def xlsb_cell_in_the_last_corner(folder: Path) -> Path:
    return xlsb_file(folder, {"Calls": [["a", "b"], ["1", "2"]]}, last=(1_048_575, 16_383))


@bomb
def xlsx_with_lying_sizes(folder: Path) -> Path:
    """The directory promises a hundred bytes where 300 MB come out."""
    path = workbook_of_zeros(folder)
    raw = bytearray(path.read_bytes())
    place = raw.rfind(b"PK\x01\x02", 0, raw.rfind(b"xl/worksheets/sheet1.xml"))
    raw[place + 24 : place + 28] = (100).to_bytes(4, "little")
    return written(path, bytes(raw))


# workbooks of which the library believes what they say: before it opens them, while it does, or where they hide it

XLS_HEADER = xls_label(0, 0, "agent") + xls_label(0, 1, "transcript")
SHARED_ROWS = '<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>' * 60_000
LONG_TEXT = "<t>" + "x" * 32_000 + "</t>"


@bomb
def xls_cell_in_the_last_corner_of_many_sheets(folder: Path) -> Path:
    return xls_book(folder, XLS_HEADER + xls_label(65_535, 255, "x"), sheets=500)


@bomb
def xls_room_for_four_billion_rows(folder: Path) -> Path:
    room = xls_record(0x0200, struct.pack("<IIHHH", 0, 0xFFFFFFFF, 0, 256, 0))
    return xls_book(folder, room + XLS_HEADER + xls_label(1, 1, "Agent: Hi"))


@bomb
def xls_one_text_in_many_cells(folder: Path) -> Path:
    cells = b"".join(xls_record(0x00FD, struct.pack("<HHHI", row, 1, 0, 0)) for row in range(1, 2_000))
    return xls_book(folder, XLS_HEADER + cells, strings=["x" * 60_000])


@bomb
def xls_one_sheet_under_many_names(folder: Path) -> Path:
    cells = b"".join(xls_record(0x00FD, struct.pack("<HHHI", row, 1, 0, 0)) for row in range(1, 100))
    return xls_book(folder, XLS_HEADER + cells, sheets=500, strings=["x" * 60_000])


@bomb
def xls_sectors_in_a_circle(folder: Path) -> Path:
    path = xls_book(folder, XLS_HEADER + xls_label(1, 1, "Agent: Hi"))
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, 512 + 4, 1)  # the directory goes on with itself
    return written(path, bytes(data))


@bomb
def xlsb_one_text_in_many_cells(folder: Path) -> Path:
    cell = xlsb_part(7, struct.pack("<III", 0, 0, 0)) + xlsb_part(7, struct.pack("<III", 1, 0, 0))
    rows = [xlsb_cell(0, "agent") + xlsb_cell(1, "transcript"), *[cell] * 60_000]
    return xlsb_book(folder, rows, strings=["x" * 32_000])


@bomb
def room_for_four_billion_shared_strings(folder: Path) -> Path:
    strings = '<sst count="4294967295" uniqueCount="4294967295"><si><t>a</t></si></sst>'
    return book(folder, data(SHARED_CELLS), strings=strings)


@bomb
def shared_strings_with_prefixes(folder: Path) -> Path:
    rows = SHARED_ROWS.replace("<", "<x:").replace("<x:/", "</x:")
    space = f'xmlns:x="{_SPACE}/spreadsheetml/2006/main"'
    strings = f"<x:sst {space}><x:si>{LONG_TEXT.replace('t>', 'x:t>')}</x:si></x:sst>"
    return book(
        folder, f"<x:worksheet {space}><x:sheetData>{rows}</x:sheetData></x:worksheet>", strings=strings
    )


@bomb
def shared_strings_counted_past_an_empty_one(folder: Path) -> Path:
    rows = SHARED_ROWS.replace("<v>0<", "<v>1<")
    return book(folder, data(rows), strings=f"<sst><si/><si>{LONG_TEXT}</si><si><t>a</t></si></sst>")


@bomb
def shared_strings_in_cells_with_comments(folder: Path) -> Path:
    rows = SHARED_ROWS.replace('t="s"', "s='1' t = 's' ").replace("<v>0", "<f>A1</f><v><!-- -->0")
    return book(folder, data(rows), strings=f"<sst><si>{LONG_TEXT}</si></sst>")


@bomb
def shared_strings_under_another_case(folder: Path) -> Path:
    path = book(folder, data(SHARED_ROWS), strings=f"<sst><si>{LONG_TEXT}</si></sst>")
    return zipped(path, {name.replace("shared", "Shared"): part for name, part in unzipped(path).items()})


@bomb
def sheet_that_only_the_library_finds(folder: Path) -> Path:
    path = book(folder, data(SHARED_ROWS), strings=f"<sst><si>{LONG_TEXT}</si></sst>")
    members = unzipped(path)
    members["xl/workbook.xml"] = members["xl/workbook.xml"].replace(b'name="Calls"', b"name='Calls'")
    return zipped(path, members)


@bomb
def ods_of_two_billion_spaces(folder: Path) -> Path:
    cell = '<table:table-cell office:value-type="string"><text:p>a<text:s text:c="2000000000"/></text:p></table:table-cell>'
    row = f"<table:table-row>{cell}{cell}</table:table-row>"
    return ods_file(folder, {}, body=f'<table:table table:name="Calls">{row * 2}</table:table>')


@bomb
def ods_that_no_parser_takes(folder: Path) -> Path:
    row = (
        '<table:table-row table:number-rows-repeated="+1000000"><table:table-cell table:number-columns-repeated="16000" '
        'office:value-type="float" office:value="1"/></table:table-row>'
    )
    return ods_file(
        folder,
        {},
        body=f'<table:table table:name="Calls"><table:shapes a=1 >&no;</table:shapes>{row}</table:table>',
    )


# text


@bomb
def a_million_columns(folder: Path) -> Path:
    header = ",".join(f"c{n}" for n in range(1_000_000))
    return written(folder / "calls.csv", f"{header}\n{header}\n{header}\n")


@bomb
def one_row_of_a_million_cells(folder: Path) -> Path:
    rows = "ana@x.example,Agent: Hi\n" * 3000
    return written(folder / "calls.csv", "agent,transcript\n" + rows + "x," * 1_000_000 + "\n" + rows)


# JSON


@bomb
def json_deep_in_a_cell(folder: Path) -> Path:
    cell = "[" * 100_000 + "]" * 100_000
    return written(folder / "calls.csv", f"agent,transcript\nana,{cell}\nbo,{cell}\n")


@bomb
def json_quite_deep_in_a_cell(folder: Path) -> Path:
    cell = '{"a":' * 900 + '[{"role":"agent","text":"Hi"}]' + "}" * 900
    return written(folder / "calls.csv", "agent;transcript\n" + f"ana;{cell}\n" * 50)


@bomb
def json_of_keys(folder: Path) -> Path:
    records = ({f"k{row}_{n}": n for n in range(300)} for row in range(3000))
    return written(folder / "calls.json", json.dumps(list(records)))


# text and JSON that one expression writes: name → (ending, content); made when it is asked for

_WRITTEN: dict[str, tuple[str, Callable[[], bytes | str]]] = {
    "quoted_newlines": ("csv", lambda: 'agent,transcript\nana,"' + "\n" * 5_000_000),
    "blank_lines": ("csv", lambda: "\n" * 5_000_000 + "agent,transcript\nana,Agent: Hi\n"),
    "commas": ("csv", lambda: "," * 10_000_000 + "\na,b\n1,2\n"),
    "wide_header_over_short_rows": ("csv", lambda: ",".join(map(str, range(9_000))) + "\n" + "1\n" * 10_000),
    "wide_record_over_short_ones": (
        "jsonl",
        lambda: json.dumps(dict.fromkeys(map(str, range(6_000)), 1)) + "\n" + '{"0":1}\n' * 5_000,
    ),
    "web_page_of_a_wide_row_over_short_ones": (
        "xls",
        lambda: "<table><tr>" + "<td colspan=100>x" * 160 + "<tr><td>x" * 10_000,
    ),
    "rows_that_widen": ("csv", lambda: "agent,text\n" + "".join("x," * n + "\n" for n in range(1, 1500))),
    "quotes": ("csv", lambda: "agent,transcript\n" + '"' * 5_000_000),
    "quotes_and_delimiters": ("csv", lambda: 'a,b\n"x' + '";"' * 1_000_000),
    "nuls": ("csv", lambda: b"agent,transcript\nana," + b"\x00" * 5_000_000 + b"\nbo,x\n" * 10),
    "line_of_accents": ("csv", lambda: b"agent,transcript\nana," + b"\xe9\xb3" * 3_000_000 + b"\n"),
    "carriage_returns": ("csv", lambda: "agent,transcript\r" + "\r" * 5_000_000),
    "web_page_of_tables_in_tables": ("xls", lambda: "<html>" + "<table><tr><td>" * 100_000),
    "web_page_of_wide_cells": ("xls", lambda: "<table>" + "<tr>" + "<td colspan=99999>x" * 100_000),
    "web_page_of_half_tags": ("xls", lambda: "<table><tr><td>" + "<a " * 1_000_000 + "<!--" * 300_000),
    "json_of_brackets": ("json", lambda: "[" * 5_000_000),
    "json_of_braces": ("json", lambda: '{"a":' * 1_000_000 + "1" + "}" * 1_000_000),
    "json_lines_of_brackets": ("jsonl", lambda: '{"a": 1}\n{"b": ' + "[" * 3_000_000 + "\n"),
    "json_number_without_end": (
        "json",
        lambda: '[{"role": "agent", "text": "Hi", "start": ' + "9" * 3_000_000 + "}]",
    ),
    "json_of_strings_that_never_end": ("json", lambda: '[{"a": "' + "\\" * 5_000_000),
}

for _name, (_ending, _content) in _WRITTEN.items():

    def _expression(
        folder: Path, ending: str = _ending, content: Callable[[], bytes | str] = _content
    ) -> Path:
        return written(folder / f"calls.{ending}", content())

    BOMBS[_name] = _expression


# archives


def nested(depth: int, inner: bytes) -> bytes:
    for level in range(depth):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for copy in range(10):
                archive.writestr(f"{level}-{copy}.zip", inner)
        inner = target.getvalue()
    return inner


@bomb
def zips_in_zips(folder: Path) -> Path:
    return written(folder / "calls.zip", nested(5, b"PK\x05\x06" + bytes(18)))


@bomb
def zip_of_zeros(folder: Path) -> Path:
    return zipped(folder / "calls.zip", {"a.json": bytes(400 << 20)})


@bomb
def zip_of_a_swollen_table(folder: Path) -> Path:
    return zipped(
        folder / "calls.zip", {"calls.csv": b"a,b\n1,2\n" + b"\n" * (300 << 20), "a.txt": "Agent: Hi"}
    )


@bomb
def zip_of_zeros_just_below_the_limit(folder: Path) -> Path:
    return zipped(folder / "calls.zip", {f"{n}.txt": b"Agent: Hi " * 6_000_000 for n in range(4)})


@bomb
def zip_of_two_hundred_thousand_files(folder: Path) -> Path:
    path = folder / "calls.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(120_000):
            archive.writestr(f"{number}.txt", b"")
    return path


@bomb
def zip_of_overlapping_files(folder: Path) -> Path:
    """Every name leads to the same bytes."""
    text = b"Agent: Hi there\nCustomer: Hello\n" * 300_000
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    content = packed.compress(text) + packed.flush()
    facts = struct.pack("<HHHHIII", 0, 8, 0, 0x21, zlib.crc32(text), len(content), len(text))
    first = b"PK\x03\x04\x14\x00" + facts + struct.pack("<HH", 5, 0) + b"a.txt" + content
    again = b"PK\x01\x02\x14\x00\x14\x00" + facts + struct.pack("<HHHHHII", 5, 0, 0, 0, 0, 0, 0) + b"a.txt"
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1000, 1000, 1000 * len(again), len(first), 0)
    return written(folder / "calls.zip", first + again * 1000 + end)


@bomb
def zip_of_short_lines(folder: Path) -> Path:
    path = folder / "calls.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for number in range(3):
            archive.writestr(f"{number}.txt", b"Agent: Hi there\nCustomer: Hello\n" * 500_000)
    return path


@bomb
def zip_of_a_workbook_that_is_not_packed(folder: Path) -> Path:
    inner = book(folder, data(SHARED_ROWS), strings=f"<sst><si>{LONG_TEXT}</si></sst>")
    members = unzipped(inner) | {"xl/more.bin": bytes(20 << 20)}
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_STORED) as archive:
        for name, part in members.items():
            archive.writestr(name, part)
    return zipped(folder / "calls.zip", {"calls.xlsx": inner.read_bytes()})


@bomb
def zip_of_a_workbook_of_zeros(folder: Path) -> Path:
    inner = workbook_of_zeros(folder).read_bytes()
    return zipped(folder / "calls.zip", {"calls.xlsx": inner, "a.json": "[]"})


# Parquet


@bomb
def parquet_of_nothing(folder: Path) -> Path:
    path = folder / "calls.parquet"
    pd.DataFrame({"agent": pd.Series([None] * 10_000_000, dtype="str")}).to_parquet(path)
    return path


@bomb
def parquet_of_long_cells(folder: Path) -> Path:
    path = folder / "calls.parquet"
    pd.DataFrame({"agent": ["ana"] * 40, "transcript": ["Agent: Hi " * 30_000] * 40}).to_parquet(path)
    return path


@bomb
def parquet_of_lists_of_records(folder: Path) -> Path:
    import pyarrow
    import pyarrow.parquet

    path = folder / "calls.parquet"
    said = pyarrow.array([[{"role": "agent", "text": "Hi"}] * 3000] * 1000)
    table = pyarrow.table({"agent": ["ana"] * 1000, "said": said})
    pyarrow.parquet.write_table(table, path, compression="zstd")
    return path


# transcripts: text that is long in the way that a pattern may stumble over

for _name, _text in {
    "spaces": " " * 300_000, "colons": ":" * 300_000, "labels": "A: " * 100_000, "digits": "1" * 300_000,
    "clocks": "00:00:01 " * 30_000, "brackets": "[" * 300_000, "open_asides": "(a " * 100_000, "stars": "*" * 300_000,
    "dashes": "- " * 150_000, "letters": "a" * 300_000, "capitals": "Agent " * 50_000, "quotes": '\\"' * 150_000,
    "arrows": "00:00:01.000 --> " * 20_000, "tags": "<v " * 100_000, "entities": "&" * 300_000, "slashes": "\\n" * 150_000,
    "newlines": "\n" * 300_000, "braces": "{" * 300_000, "commas_in_braces": "{" + "'a'," * 100_000,
    "short_lines": "A\nB\n" * 20_000, "comments": "[" + "/*" * 150_000,
    "dots": "." * 300_000, "dates": "2026-01-01T" * 25_000,
    "many_turns": "Agent: Hi\nCustomer: No\n" * 15_000, "many_labels": "".join(f"P{n}: x\n" for n in range(30_000)),
    "many_names": "".join(f"Ana Maria {n} Lopez: [00:0{n % 10}] x\n" for n in range(10_000)), "bars": "| " * 150_000,
    "underscores": "_" * 300_000, "words_and_colon": "word " * 60_000 + ":", "brackets_closed": "[a] " * 75_000,
}.items():  # fmt: skip

    def _cell(folder: Path, text: str = _text) -> Path:
        row = {"agent": "ana@x.example", "transcript": text}
        return written(folder / "calls.jsonl", "".join(json.dumps(row | {"id": n}) + "\n" for n in range(2)))

    def _opening(folder: Path, text: str = _text) -> Path:
        row = {"agent": "ana@x.example", "transcript": "Agent: Hello, how can I help?\nCustomer: " + text}
        return written(folder / "calls.jsonl", "".join(json.dumps(row | {"id": n}) + "\n" for n in range(2)))

    def _file(folder: Path, text: str = _text) -> Path:
        return written(folder / "call.txt", text)

    def _subtitles(folder: Path, text: str = _text) -> Path:
        return written(folder / "call.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n" + text)

    BOMBS[f"cell_of_{_name}"] = _cell
    BOMBS[f"turn_of_{_name}"] = _opening
    BOMBS[f"file_of_{_name}"] = _file
    BOMBS[f"subtitles_of_{_name}"] = _subtitles
