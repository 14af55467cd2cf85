"""Files of every kind: tables that name their columns, web pages, zips and folders, and what stands around a table."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter

from reddy_lib.errors import EmptySheet, SheetError, UnreadableFile
from reddy_lib.ledger import Ledger
from reddy_lib.spreadsheet import (
    BuiltCall,
    build_frame,
    detect_format,
    guess_mapping,
    read_calls,
    read_pieces,
    read_sheet,
    sheet_names,
)
from reddy_lib.spreadsheet.reading.bundles import FileIndex, Member, decoded, facts_of

RECORDS: list[dict[str, Any]] = [
    {
        "call_id": "007",
        "agent_email": "ana@x.example",
        "score": 4,
        "ok": True,
        "transcript": "Agent: Hi\nCustomer: Hello",
    },
    {
        "call_id": "008",
        "agent_email": "ben@x.example",
        "score": 0,
        "ok": False,
        "transcript": "Agent: Yes\nCustomer: No",
    },
]


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def zipped(folder: Path, name: str, files: dict[str, str | bytes]) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, text in files.items():
            archive.writestr(member, text)
    return path


def workbook(folder: Path, rows: list[list[Any]], merged: list[tuple[int, int, int, int, Any]] = []) -> Path:  # noqa: B006
    path = folder / "book.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("Calls")
    for number, cells in enumerate(rows):
        for place, cell in enumerate(cells):
            if cell is not None:
                sheet.write(number, place, cell)
    for top, left, bottom, right, cell in merged:
        sheet.merge_range(top, left, bottom, right, cell)
    book.close()
    return path


def calls_in(path: Path) -> list[BuiltCall]:
    mapping = guess_mapping(read_sheet(path, nrows=1000))
    return [built for piece in read_calls(path, mapping) for built in piece]


def parquet(folder: Path) -> Path:
    path = folder / "calls.parquet"
    pd.DataFrame(RECORDS).to_parquet(path)
    return path


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("parquet", parquet),
        ("json", lambda folder: written(folder, "calls.json", json.dumps(RECORDS))),
        ("json", lambda folder: written(folder, "calls.json", json.dumps({"count": 2, "calls": RECORDS}))),
        ("jsonl", lambda folder: written(folder, "calls.jsonl", "\n".join(map(json.dumps, RECORDS)))),
        (
            "jsonl",
            lambda folder: written(folder, "calls.ndjson", "\n\n".join(map(json.dumps, RECORDS)) + "\n"),
        ),
    ],
)
def test_tables_that_name_their_columns_keep_types_and_texts(tmp_path: Path, kind: str, make: Any) -> None:
    sheet = read_sheet(make(tmp_path))
    assert sheet.attrs["format"]["kind"] == kind
    assert sheet.index.tolist() == [2, 3]
    assert sheet["call_id"].tolist() == ["007", "008"]
    assert sheet["score"].tolist() == [4, 0]
    assert [type(cell) for cell in sheet["ok"]] == [bool, bool]
    built = list(build_frame(sheet, guess_mapping(sheet)))
    assert [one.call.conversation_id for one in built] == ["007", "008"]
    assert [line.text for line in built[1].call.transcript or ()] == ["Yes", "No"]


def test_lists_in_records_are_read_as_transcripts(tmp_path: Path) -> None:
    records = [
        {"id": str(n), "turns": [{"role": "agent", "text": "Hi"}, {"role": "customer", "text": "Ho"}]}
        for n in (1, 2)
    ]
    built = calls_in(written(tmp_path, "calls.json", json.dumps(records)))
    assert [[line.role for line in one.call.transcript or ()] for one in built] == [["agent", "customer"]] * 2


def test_a_key_that_comes_late_is_kept_beside_the_row(tmp_path: Path) -> None:
    lines = [json.dumps({"id": n, "a": "x"}) for n in range(1001)] + [
        json.dumps({"id": 1001, "late": "here"})
    ]
    last = list(read_pieces(written(tmp_path, "calls.jsonl", "\n".join(lines))))[-1]
    assert "late: here" in last.iloc[-1].tolist()


@pytest.mark.parametrize("count", [1, 2])
def test_records_with_a_whole_transcript_in_a_cell_are_calls(tmp_path: Path, count: int) -> None:
    transcript = json.dumps([{"role": "agent", "text": "Hello there"}, {"role": "customer", "text": "Hi"}])
    records = [{"Agent": f"ann{n}@x.example", "Transcript": transcript} for n in range(count)]
    sheet = read_sheet(written(tmp_path, "calls.json", json.dumps(records)))
    assert sheet["Agent"].tolist() == [f"ann{n}@x.example" for n in range(count)]
    assert sheet["Transcript"].tolist() == [transcript] * count


def test_json_of_many_blocks_is_read_record_by_record(tmp_path: Path) -> None:
    records = [{"id": number, "note": "ä" * 50_000} for number in range(60)]
    sheet = read_sheet(written(tmp_path, "calls.json", json.dumps(records, ensure_ascii=False)))
    assert sheet["id"].tolist() == list(range(60))
    assert set(map(len, sheet["note"])) == {50_000}


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.jsonl", '{"id": 1}\n{"id": 2}\n{"id": \n', "Line 3 of a.jsonl is not valid JSON"),
        ("a.parquet", b"PAR1" + b"\x00" * 40, "damaged Parquet"),
        ("a.xls", "<html><p>Please sign in</p></html>", "web page with no table"),
        ("a.zip", b"PK\x03\x04 cut off", "damaged or cut off"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_own_sentence(
    tmp_path: Path, name: str, text: str | bytes, sentence: str
) -> None:
    with pytest.raises(UnreadableFile, match=sentence):
        read_sheet(written(tmp_path, name, text))


def test_a_web_page_named_xls_with_one_table_is_read(tmp_path: Path) -> None:
    page = (
        "<html><head><title>x</title></head><body><table><tr><th>Call ID</th><th>Agent email</th><th>Transcript</th></tr>"
        "<tr><td>007</td><td>ana@x.example</td><td>Agent: Hi &amp; hello<br>Customer: Hello</td></tr></table></body></html>"
    )
    (built,) = calls_in(written(tmp_path, "export.xls", page))
    assert built.call.conversation_id == "007"
    assert [line.text for line in built.call.transcript or ()] == ["Hi & hello", "Hello"]


# files of which each is a call

ONE = "Agent: Good morning\nCustomer: Hello"
OTHER = "Agent: Good evening\nCustomer: Bye"


def test_each_file_of_a_zip_is_a_call(tmp_path: Path) -> None:
    path = zipped(
        tmp_path, "calls.zip", {"b/2.txt": OTHER, "a/1.txt": ONE, "__MACOSX/1.txt": "x", ".DS_Store": "x"}
    )
    sheet = read_sheet(path)
    assert list(sheet.columns) == ["file name", "transcript"]
    assert sorted(sheet["file name"]) == ["1.txt", "2.txt"]
    assert sorted(len(built.call.transcript or ()) for built in calls_in(path)) == [2, 2]


def test_files_are_joined_to_the_sheet_among_them_by_name_or_id(tmp_path: Path) -> None:
    table = "Call,Agent email\nc-0001,ana@x.example\nc-0002,ben@x.example\nc-0003,eve@x.example\n"
    files: dict[str, str | bytes] = {
        "calls.csv": table,
        "convo_c-0002_2026-03-02 10%3A00.txt": OTHER,
        "convo_c-0001_x.json": json.dumps(
            {"ConversationId": "c-0001", "Content": ONE + " and much more than that"}
        ),
        "convo_c-0009_x.txt": ONE,
    }
    path = zipped(tmp_path, "calls.zip", files)
    format = detect_format(path)
    assert (format.kind, format.sheet, format.join) == ("files", "calls.csv", ("Call", ""))
    built = calls_in(path)
    assert [one.row for one in built] == [2, 3, 4, 5]
    assert [one.call.agent_email for one in built] == [
        "ana@x.example",
        "ben@x.example",
        "eve@x.example",
        None,
    ]
    assert [len(one.call.transcript or ()) for one in built] == [2, 2, 0, 2]
    assert [found.code for found in built[3].findings if found.code == "lines-without-call"] == [
        "lines-without-call"
    ]


def test_a_folder_is_read_like_a_zip_and_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    written(folder, "one.txt", ONE)
    written(folder, "two.txt", OTHER)
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        batch = ledger.load(folder, progress=False)
        assert batch.total == 2
        assert [batch.call(row).transcript is not None for row in batch.rows()] == [True, True]


@pytest.mark.parametrize("name", ["call.vtt", "call.srt", "call.txt"])
def test_one_transcript_file_is_one_call(tmp_path: Path, name: str) -> None:
    sheet = read_sheet(written(tmp_path, name, ONE))
    assert sheet["transcript"].tolist() == [ONE]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"a.csv": "x,y\n1,2\n", "b.csv": "v,w\n1,2\n"}, "holds 2 spreadsheets"),
        ({"a.csv": "x,y\n1,2\n", "zzz.txt": ONE}, "No column of 'a.csv' names the transcript files"),
        ({"a.exe": "x"}, "holds no transcripts and no spreadsheet"),
    ],
)
def test_a_zip_that_does_not_fit_together_is_refused(
    tmp_path: Path, files: dict[str, str | bytes], sentence: str
) -> None:
    with pytest.raises(UnreadableFile, match=sentence):
        detect_format(zipped(tmp_path, "x.zip", files))


def test_a_zip_that_unpacks_beyond_any_transcript_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, "bomb.zip", {"a.txt": b"0" * (65 << 20)})
    with pytest.raises(UnreadableFile, match="unpacks to far more than its 66,370 bytes"):
        read_sheet(path)


def test_a_workbook_that_unpacks_to_far_too_much_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, "bomb.xlsx", {"xl/workbook.xml": "<workbook/>", "xl/a.xml": b" " * (70 << 20)})
    with pytest.raises(UnreadableFile, match="unpacks to far more"):
        read_sheet(path)


def test_a_sheet_with_a_cell_at_its_last_corner_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "wide.xlsx")
    sheet = book.add_worksheet("Calls")
    sheet.write(0, 0, "Agent email")
    sheet.write(1, 0, "a@x.example")
    sheet.write(1_048_575, 16_383, "x")
    book.close()
    with pytest.raises(UnreadableFile, match=r"reaches to column XFD and row 1,048,576"):
        read_sheet(tmp_path / "wide.xlsx")


def test_a_table_of_a_million_columns_is_refused(tmp_path: Path) -> None:
    text = ",".join(f"c{n}" for n in range(1_000_000)) + "\n" + "," * 999_999 + "1\n"
    with pytest.raises(SheetError, match="1,000,000 columns"):
        read_sheet(written(tmp_path, "wide.csv", text))


def test_names_and_ids_in_file_names_find_their_file_and_shared_parts_find_none() -> None:
    index = FileIndex([Member("a/convo_abcd-1_2026.json", 1), Member("b/convo_abcd-2_2026.vcon.json", 1)])
    for cell in ("abcd-1", "convo_abcd-1_2026.json", "x/convo_abcd-1_2026.json", "CONVO_ABCD-1_2026"):
        found = index.find(cell)
        assert found is not None
        assert found.name == "a/convo_abcd-1_2026.json"
    assert index.find("2026") is None
    assert index.find("convo") is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_transcript_files_of_any_encoding_are_decoded(encoding: str) -> None:
    text = "Agent: Grüß Gott, wie kann ich helfen\nCustomer: Hallo"
    assert decoded(text.encode(encoding)) == text


def test_a_json_object_of_plain_values_gives_facts_and_the_transcript() -> None:
    facts, text = facts_of(json.dumps({"Id": 7, "Content": "Agent: Good morning, how can I help you today"}))
    assert facts == {"Id": 7}
    assert text.startswith("Agent: Good morning")


# what stands around a table


def test_totals_notes_and_repeated_headers_are_left_out_and_named(tmp_path: Path) -> None:
    text = (
        "Call ID,Agent email,CSAT,Minutes\nc1,ana@x.example,4,3\nCall ID,Agent email,CSAT,Minutes\n"
        "c2,ben@x.example,5,2\nTOTAL,,9,5\n\nExported on 2 March 2026 by Ana,,,\n"
    )
    path = written(tmp_path, "calls.csv", text)
    sheet = read_sheet(path)
    assert sheet.attrs["left_out"] == {3: "the header again", 5: "a total", 7: "a note of the export"}
    first, second = calls_in(path)
    assert (first.row, second.row) == (2, 4)
    assert first.findings[-1].message == (
        "1 row was left out: row 3 (the header again): Call ID · Agent email · CSAT · Minutes."
    )
    assert "row 5 (a total): TOTAL · 9 · 5; row 7" in second.findings[-1].message
    assert guess_mapping(sheet).tag_types["CSAT"] == "integer"


@pytest.mark.parametrize("rows", [1, 2, 3, 500])
def test_what_is_left_out_stays_with_the_row_before_it_in_pieces_of_any_size(
    tmp_path: Path, rows: int
) -> None:
    path = written(tmp_path, "calls.csv", "Id,Agent,N\na,x@x.example,1\nb,y@x.example,2\nTotal,,3\n")
    built = [
        one for piece in read_pieces(path, rows=rows) for one in build_frame(piece, guess_mapping(piece))
    ]
    assert [(one.row, [found.code for found in one.findings]) for one in built][-1] == (3, ["rows-left-out"])


@pytest.mark.parametrize(
    "row",
    ["Total Recall Ltd,ana@x.example,3", "c9,,", "Totally,eve@x.example,1", "Note to self,ana@x.example,2"],
)
def test_rows_that_may_be_calls_stay(tmp_path: Path, row: str) -> None:
    sheet = read_sheet(written(tmp_path, "calls.csv", f"Id,Agent,N\na,x@x.example,1\n{row}\n"))
    assert "left_out" not in sheet.attrs
    assert len(sheet) == 2


def test_group_labels_above_columns_become_part_of_their_names(tmp_path: Path) -> None:
    text = "Call,,Agent,\nId,Start,Email,Team\nc1,2026-03-02 10:00,ana@x.example,A\nc2,2026-03-02 11:00,ben@x.example,B\n"
    sheet = read_sheet(written(tmp_path, "calls.csv", text))
    assert list(sheet.columns) == ["Call / Id", "Call / Start", "Agent / Email", "Agent / Team"]
    assert sheet.index.tolist() == [3, 4]


def test_merged_header_cells_name_their_columns(tmp_path: Path) -> None:
    path = workbook(
        tmp_path,
        [
            [],
            [None, None, "Id", "Start"],
            ["ana@x.example", 4, "c1", "10:00"],
            ["ben@x.example", 5, "c2", "11:00"],
        ],
        [(0, 0, 1, 0, "Agent email"), (0, 1, 1, 1, "CSAT"), (0, 2, 0, 3, "Call")],
    )
    sheet = read_sheet(path)
    assert list(sheet.columns) == ["Agent email", "CSAT", "Call / Id", "Call / Start"]
    assert sheet.index.tolist() == [3, 4]


def test_cells_merged_downwards_hold_for_all_their_rows(tmp_path: Path) -> None:
    path = workbook(
        tmp_path,
        [["Call", "Agent email", "Role", "Text"], [None, None, "Agent", "Good morning to you"],
         [None, None, "Customer", "Hello to you too"], ["c2", "ben@x.example", "Agent", "Good evening to you"],
         [None, None, "Customer", "Bye bye then"]],
        [(1, 0, 2, 0, "c1"), (1, 1, 2, 1, "ana@x.example")],
    )  # fmt: skip
    sheet = read_sheet(path)
    assert sheet["Call"].tolist() == ["c1", "c1", "c2", ""]
    first, second = calls_in(path)
    assert (first.call.agent_email, first.rows, second.rows) == ("ana@x.example", 2, 2)


def test_error_cells_keep_their_text(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "errors.xlsx")
    sheet = book.add_worksheet("Calls")
    sheet.write_row(0, 0, ["Call ID", "Agent email", "Score"])
    sheet.write_row(1, 0, ["c1", "ana@x.example"])
    sheet.write_formula(1, 2, "=1/0", None, "#DIV/0!")
    sheet.write_row(2, 0, ["c2", "ben@x.example", 3])
    book.close()
    assert read_sheet(tmp_path / "errors.xlsx")["Score"].tolist() == ["#DIV/0!", 3]


def test_a_table_that_starts_at_b4_is_found(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["Monthly report"],
        [],
        [],
        [None, "Call ID", "Agent email"],
        [None, "c1", "a@x.example"],
    ]
    sheet = read_sheet(workbook(tmp_path, [*rows, [None, "c2", "b@x.example"]]))
    assert sheet.index.tolist() == [5, 6]
    assert sheet["Call ID"].tolist() == ["c1", "c2"]


def test_bare_carriage_returns_end_lines_in_cells_too(tmp_path: Path) -> None:
    sheet = read_sheet(written(tmp_path, "mac.csv", b'Id,Text\r1,"Agent: Hi\rCustomer: Ho"\r2,x\r'))
    assert sheet["Text"].tolist() == ["Agent: Hi\nCustomer: Ho", "x"]


def test_kinds_without_sheets_have_none(tmp_path: Path) -> None:
    assert sheet_names(written(tmp_path, "a.jsonl", '{"a": 1}\n{"a": 2}\n')) == []


def test_a_file_without_text_is_empty(tmp_path: Path) -> None:
    with pytest.raises(EmptySheet):
        detect_format(zipped(tmp_path, "x.zip", {"a.txt": "  "}))


@pytest.mark.parametrize("mark", [",", ";", "^", "|", "\t"])
def test_a_table_named_txt_is_a_table_though_its_cells_are_conversations(tmp_path: Path, mark: str) -> None:
    rows = [["id", "agent", "transcript"], ["1", "ana@x.example", '"Agent: Hi\nCustomer: Hello"']]
    path = written(tmp_path, "calls.txt", "\n".join(mark.join(row) for row in [*rows, rows[1]]))
    assert [len(built.call.transcript or ()) for built in calls_in(path)] == [2, 2]


def test_a_conversation_named_txt_is_one_call_though_it_has_a_heading_with_commas(tmp_path: Path) -> None:
    path = written(tmp_path, "call.txt", "Call 12, Monday, Berlin\nAgent: Hi, this is Ana\nCustomer: Hello\n")
    (built,) = calls_in(path)
    assert [line.role for line in built.call.transcript or ()] == ["agent", "customer"]
