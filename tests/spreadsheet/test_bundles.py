"""Zips and folders: which file is a call, which a table, and what an archive cannot make this program do."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter

from reddy_lib.errors import SheetError, UnreadableFile
from reddy_lib.ledger import Ledger
from reddy_lib.spreadsheet import Mapping, SheetFormat, detect_format, read_sheet, sheet_names
from reddy_lib.spreadsheet.mapping.archive_tables import format_of_tables, likeliest, tables_to_choose
from reddy_lib.spreadsheet.reading.bundles import (
    FileIndex,
    Member,
    decoded,
    facts_of,
    is_transcript_name,
    join_column,
    open_bundle,
)
from reddy_lib.spreadsheet.reading.joining import with_files, with_lines

ONE = "Agent: Good morning\nCustomer: Hello"
OTHER = "Agent: Good evening\nCustomer: Bye"
TABLE = "Call ID,Agent email\nc-0001,ana@x.example\nc-0002,ben@x.example\n"


def zipped(folder: Path, files: dict[str, Any], name: str = "calls.zip") -> Path:
    path = folder / name
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # names that come twice are meant
        for member, data in files.items():
            archive.writestr(member, data)
    return path


def workbook_bytes(rows: list[list[Any]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Calls")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return buffer.getvalue()


# --- several spreadsheets ------------------------------------------------------------------------------------


def test_a_zip_of_several_spreadsheets_says_which_there_are_and_how_to_choose(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"may.csv": TABLE, "sub/agents.csv": "Agent,Team\nAna,North\nBen,South\n"})
    with pytest.raises(UnreadableFile) as caught:
        read_sheet(path)
    assert str(caught.value) == (
        "calls.zip holds 2 spreadsheets ('may.csv', 'sub/agents.csv'): unpack it and load each of them by itself, or in a "
        "notebook name one with sheet='may.csv'."
    )
    assert sheet_names(path) == ["may.csv", "sub/agents.csv"]


def test_spreadsheets_with_the_same_columns_are_read_as_one_and_each_row_knows_its_file(
    tmp_path: Path,
) -> None:
    june = "Agent email,Call ID\nzoe@x.example,c-0003\n"
    path = zipped(tmp_path, {"may.csv": TABLE, "sub/june.csv": june, "readme.txt": "Made by ops."})
    sheet = read_sheet(path)
    assert sheet.values.tolist() == [
        ["may.csv", "c-0001", "ana@x.example"],
        ["may.csv", "c-0002", "ben@x.example"],
        ["sub/june.csv", "c-0003", "zoe@x.example"],
    ]
    assert sheet.index.tolist() == [2, 3, 5]
    assert [note.code for notes in sheet.attrs["notes"].values() for note in notes] == ["table-beside"]
    tables = tables_to_choose(path)
    assert [table.name for table in tables] == ["may.csv", "sub/june.csv"], "one can be read alone"
    assert format_of_tables(path, tables).tables == ("may.csv", "sub/june.csv")
    again = read_sheet(path, format=detect_format(path, sheet=sheet.attrs["format"]["sheet"], header_row=1))
    assert again.values.tolist() == sheet.values.tolist()


def test_data_files_of_many_calls_each_are_read_as_one_table(tmp_path: Path) -> None:
    path = zipped(
        tmp_path,
        {f"part-{n}.jsonl": f'{{"id": "a{n}", "t": "x"}}\n{{"id": "b{n}", "t": "y"}}\n' for n in range(3)},
    )
    assert read_sheet(path)["id"].tolist() == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_of_many_spreadsheets_five_are_named_and_the_others_counted(tmp_path: Path) -> None:
    path = zipped(tmp_path, {f"{n}.csv": TABLE.replace("e", f"{n}") for n in range(8)})
    with pytest.raises(UnreadableFile, match=r"holds 8 spreadsheets \('0.csv', .*'4.csv' and 3 more\)"):
        detect_format(path)


def test_one_of_several_spreadsheets_is_read_by_its_name(tmp_path: Path) -> None:
    book = workbook_bytes([["Id", "Score"], ["x1", 4], ["x2", 5]])
    path = zipped(tmp_path, {"a/calls.csv": TABLE, "b/calls.csv": TABLE.replace("c-", "d-"), "c.xlsx": book})
    assert read_sheet(path, sheet="a/calls.csv")["Call ID"].tolist() == ["c-0001", "c-0002"]
    assert read_sheet(path, sheet="b/calls.csv")["Call ID"].tolist() == ["d-0001", "d-0002"]
    assert read_sheet(path, sheet="c.xlsx")["Score"].tolist() == [4, 5]


def test_a_spreadsheet_that_is_not_in_the_zip_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a.csv": TABLE, "b.csv": TABLE})
    with pytest.raises(UnreadableFile, match=r"has no spreadsheet 'c.csv': it has 'a.csv', 'b.csv'\."):
        detect_format(path, sheet="c.csv")


def test_the_tables_of_a_zip_are_listed_with_their_rows_and_the_largest_is_likeliest(tmp_path: Path) -> None:
    book = workbook_bytes([["Id", "Score"], *([n, 4] for n in range(7))])
    path = zipped(
        tmp_path, {"a.csv": TABLE, "sub/b.xlsx": book, "c.csv": "", "d.xlsx": b"PK\x03\x04 cut off"}
    )
    tables = tables_to_choose(path)
    assert [(table.name, table.rows) for table in tables] == [
        ("a.csv", 2),
        ("sub/b.xlsx", 7),
        ("c.csv", None),
        ("d.xlsx", None),
    ]
    assert [bool(table.problem) for table in tables] == [False, False, True, True]
    assert likeliest(tables) == "sub/b.xlsx"
    assert len(read_sheet(path, sheet="sub/b.xlsx")) == 7


def test_there_is_nothing_to_choose_beside_transcripts_or_of_one_table(tmp_path: Path) -> None:
    assert tables_to_choose(zipped(tmp_path, {"a.csv": TABLE})) == []
    assert tables_to_choose(zipped(tmp_path, {"a.csv": TABLE, "b.csv": TABLE, "c.txt": "Agent: Hi"})) == []
    assert likeliest([]) is None


def test_large_tables_of_a_zip_are_listed_uncounted_and_count_as_the_largest(tmp_path: Path) -> None:
    large = "a,b\n" + "x" * 60 + ",y\n"
    path = zipped(tmp_path, {"large.csv": large * 550_000, "small.csv": TABLE})
    tables = tables_to_choose(path)
    assert [table.rows for table in tables] == [None, 2]
    assert likeliest(tables) == "large.csv"


def test_a_swollen_table_beside_others_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"swollen.csv": b"a,b\n1,2\n" + b"\n" * (300 << 20), "b.csv": TABLE})
    assert [table.rows for table in tables_to_choose(path)] == [None, 2]
    with pytest.raises(
        UnreadableFile, match=r"swollen\.csv in calls\.zip unpacks to far more than it holds packed"
    ):
        detect_format(path, sheet="swollen.csv")
    with pytest.raises(UnreadableFile, match="unpacks to far more"):
        read_sheet(path, format=SheetFormat("files", "swollen.csv", 1, "utf-8", ","))


def test_a_mapping_of_last_weeks_zip_reads_this_weeks_though_its_table_is_called_otherwise(
    tmp_path: Path,
) -> None:
    path = zipped(tmp_path, {"week_23.csv": TABLE})
    format = detect_format(path, sheet="week_22.csv")
    assert (format.kind, format.sheet) == ("files", "week_23.csv")


def test_the_chosen_spreadsheet_of_a_zip_is_what_a_batch_is_loaded_from(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"may.csv": TABLE, "june.csv": TABLE.replace("c-", "j-")})
    sheet = detect_format(path, sheet="june.csv")
    mapping = Mapping(fields={"conversation_id": "Call ID", "agent_email": "Agent email"}, sheet=sheet)
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        batch = ledger.load(path, mapping, progress=False)
        assert [batch.call(row).conversation_id for row in batch.rows()] == ["j-0001", "j-0002"]


def test_the_header_row_of_a_spreadsheet_in_a_zip_can_be_chosen(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a.csv": "x,y\nId,T\n1,z\n"})
    assert list(read_sheet(path, header_row=2).columns) == ["Id", "T"]


@pytest.mark.parametrize("name", ["calls.csv", "calls.tsv", "CALLS.CSV", "deep/er/calls.csv"])
def test_a_zip_of_one_spreadsheet_is_read_like_it(tmp_path: Path, name: str) -> None:
    frame = read_sheet(zipped(tmp_path, {name: TABLE}))
    assert frame.attrs["format"]["sheet"] == name
    assert frame.index.tolist() == [2, 3]
    assert frame["Agent email"].tolist() == ["ana@x.example", "ben@x.example"]


# --- what an archive may try ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "/etc/evil.csv", "..\\..\\evil.csv", "C:\\evil.csv", "a/../../evil.csv"]
)
def test_a_table_with_a_name_that_climbs_is_read_and_written_nowhere_else(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    frame = read_sheet(zipped(inside, {name: TABLE}))
    assert frame["Call ID"].tolist() == ["c-0001", "c-0002"]
    assert sorted(item.name for item in tmp_path.rglob("*")) == ["a", "b", "calls.zip"]


def test_transcripts_with_names_that_climb_are_read_and_show_their_last_part(tmp_path: Path) -> None:
    frame = read_sheet(zipped(tmp_path, {"../../one.txt": ONE, "/etc/two.txt": OTHER}))
    assert frame["file name"].tolist() == ["one.txt", "two.txt"]
    assert frame["transcript"].tolist() == [ONE, OTHER]


def test_a_link_in_a_folder_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("Agent: secret\nCustomer: secret")
    folder = tmp_path / "calls"
    folder.mkdir()
    (folder / "one.txt").write_text(ONE)
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    assert read_sheet(folder)["file name"].tolist() == ["one.txt"]


def test_a_zip_in_a_zip_is_passed_over_and_named(tmp_path: Path) -> None:
    inner = zipped(tmp_path, {"one.txt": ONE}, "inner.zip").read_bytes()
    path = zipped(tmp_path, {"inner.zip": inner, "two.txt": OTHER})
    assert read_sheet(path)["file name"].tolist() == ["two.txt"]
    with open_bundle(path) as bundle:
        assert bundle.passed_over == ["inner.zip"]
        assert repr(bundle) == "<Bundle 'calls.zip' · 1 transcripts · 0 tables>"
    with pytest.raises(UnreadableFile, match=r"holds other archives \(inner.zip\)"):
        read_sheet(zipped(tmp_path, {"inner.zip": inner}, "outer.zip"))


@pytest.mark.parametrize("name", ["one.txt", "calls.csv"])
def test_an_encrypted_member_is_refused_as_protected(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path, {name: ONE if name == "one.txt" else TABLE})
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1  # the bit that says: encrypted
    path.write_bytes(data)
    with pytest.raises(UnreadableFile, match=r"calls\.zip is protected with a password: save a copy without"):
        read_sheet(path)


@pytest.mark.parametrize("name", ["one.txt", "calls.csv"])
def test_a_member_whose_checksum_is_wrong_is_refused_as_damaged(tmp_path: Path, name: str) -> None:
    path = tmp_path / "calls.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(name, TABLE if name == "calls.csv" else ONE)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"Good", b"Evil").replace(b"c-0001", b"c-9999"))
    with pytest.raises(UnreadableFile, match="is damaged or cut off"):
        read_sheet(path)


def test_a_table_that_unpacks_to_far_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"calls.csv": TABLE})
    with open_bundle(path) as bundle:
        swollen = Member("calls.csv", 5 << 30)
        with (
            pytest.raises(UnreadableFile, match="unpacks to far more than it holds packed"),
            bundle.unpacked(swollen),
        ):
            pass


@pytest.mark.parametrize("name", ["__MACOSX/._one.txt", ".hidden.txt", "~$calls.xlsx", "a/.DS_Store"])
def test_what_operating_systems_leave_behind_is_no_call(tmp_path: Path, name: str) -> None:
    assert read_sheet(zipped(tmp_path, {"one.txt": ONE, name: "x"}))["file name"].tolist() == ["one.txt"]


def test_two_files_of_one_name_in_two_folders_are_two_calls(tmp_path: Path) -> None:
    frame = read_sheet(zipped(tmp_path, {"a/call.txt": ONE, "b/call.txt": OTHER}))
    assert frame["transcript"].tolist() == [ONE, OTHER]


# --- files and the table beside them -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "files"),
    [
        (["c-0001", "c-0002"], ["c-0001.txt", "c-0002.txt"]),
        (["c-0001.txt", "c-0002.txt"], ["c-0001.txt", "c-0002.txt"]),
        (["C-0001.TXT", "C-0002.TXT"], ["c-0001.txt", "c-0002.txt"]),
        (["x/c-0001.txt", "y\\c-0002.txt"], ["c-0001.txt", "c-0002.txt"]),
        (["c-0001.wav", "c-0002.wav"], ["c-0001.txt", "c-0002.txt"]),
        (["c-0001", "c-0002"], ["call_c-0001_ana.txt", "call_c-0002_ben.txt"]),
        ([" c-0001 ", "c-0002"], ["sub/c-0001.vtt", "sub/c-0002.srt"]),
    ],
)
def test_rows_find_their_files_however_they_name_them(
    tmp_path: Path, cells: list[str], files: list[str]
) -> None:
    table = "File,Agent email\n" + "".join(f"{cell},a@x.example\n" for cell in cells)
    path = zipped(tmp_path, {"calls.csv": table, files[0]: ONE, files[1]: OTHER})
    frame = read_sheet(path)
    assert detect_format(path).join == ("File", "")
    assert frame["transcript"].tolist() == [ONE, OTHER]
    assert "orphans" not in frame.attrs


def test_a_row_without_file_and_a_file_without_row_both_stay(tmp_path: Path) -> None:
    table = TABLE + "c-0003,eve@x.example\n"
    frame = read_sheet(zipped(tmp_path, {"calls.csv": table, "c-0002.txt": OTHER, "zz-9999.txt": ONE}))
    assert frame.index.tolist() == [2, 3, 4, 5]
    assert frame["transcript"].tolist() == ["", OTHER, "", ONE]
    assert frame["file name"].tolist() == ["", "c-0002.txt", "", "zz-9999.txt"]
    assert frame.attrs["orphans"] == [5]


def test_the_text_of_a_file_does_not_overwrite_a_column_of_that_name(tmp_path: Path) -> None:
    table = "Call ID,transcript,file name\nc-0001,mine,f\nc-0002,too,g\n"
    frame = read_sheet(zipped(tmp_path, {"calls.csv": table, "c-0001.txt": ONE, "c-0002.txt": OTHER}))
    assert frame["transcript"].tolist() == ["mine", "too"]
    assert frame["transcript (of the file)"].tolist() == [ONE, OTHER]
    assert frame["file name (of the file)"].tolist() == ["c-0001.txt", "c-0002.txt"]


def test_a_table_of_other_things_is_passed_over_for_the_one_that_names_the_files(tmp_path: Path) -> None:
    files = {
        "agents.csv": "Name,Team\nAna,A\nBen,B\n",
        "calls.csv": TABLE,
        "c-0001.txt": ONE,
        "c-0002.txt": OTHER,
    }
    assert detect_format(zipped(tmp_path, files)).sheet == "calls.csv"


def test_files_of_json_give_their_facts_as_columns(tmp_path: Path) -> None:
    said = "Agent: Good morning, how can I help you?\nCustomer: Hello"
    files = {f"{n}.json": json.dumps({"id": n, "agent": f"a{n}@x.example", "content": said}) for n in (1, 2)}
    files["3.json"] = json.dumps({"id": 3, "late": "here", "content": said})
    frame = read_sheet(zipped(tmp_path, files))
    assert list(frame.columns) == ["file name", "id", "agent", "late", "transcript"]
    assert frame["id"].tolist() == [1, 2, 3]
    assert frame["late"].tolist() == ["", "", "here"]
    assert frame["transcript"].tolist() == [said] * 3


@pytest.mark.parametrize(
    ("text", "facts", "said"),
    [
        ("plain text", {}, "plain text"),
        ("{not json", {}, "{not json"),
        ("[1, 2]", {}, "[1, 2]"),
        ('{"id": 1, "turns": []}', {"id": 1}, '{"id": 1, "turns": []}'),
        ('{"id": 1, "note": "short"}', {}, '{"id": 1, "note": "short"}'),
        ('\ufeff{"id": null, "turns": [1]}', {"id": ""}, '\ufeff{"id": null, "turns": [1]}'),
        ("[" * 5000, {}, "[" * 5000),
        ('{"a":' * 5000, {}, '{"a":' * 5000),
    ],
)
def test_facts_are_taken_of_plain_values_alone_and_the_text_stays_whole(
    text: str, facts: dict[str, Any], said: str
) -> None:
    assert facts_of(text) == (facts, said)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("abcd1", "abcd1_x.txt"), ("ABCD1_X", "abcd1_x.txt"), (1234, "1234.txt"), (1234.0, "1234.txt"), ("", None),
        (None, None), ("x", None), ("nothing", None), ("a b.txt", "a%20b.txt"), ("a%20b.txt", "a%20b.txt"),
    ],
)  # fmt: skip
def test_a_cell_names_one_file_or_none(cell: Any, found: str | None) -> None:
    index = FileIndex([Member(name, 1) for name in ("abcd1_x.txt", "1234.txt", "a%20b.txt")])
    member = index.find(cell)
    assert (member.name if member else None) == found


def test_a_column_joins_only_where_it_names_a_third_of_the_files() -> None:
    members = [Member(f"call{n}.txt", 1) for n in range(10)]
    few = ["call1", "call2", *["other"] * 8]
    some = ["call1", "call2", "call3", "call4", *["other"] * 6]
    assert join_column([("few", few)], members) is None
    assert join_column([("few", few), ("some", some)], members) == "some"
    assert join_column([], members) is None


@pytest.mark.parametrize(
    ("name", "told"), [("a.vtt", True), ("a.SRT", True), ("a.sbv", True), ("a.txt", False), ("vtt", False)]
)
def test_subtitles_are_transcripts_by_their_name(name: str, told: bool) -> None:
    assert is_transcript_name(name) is told


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"a\r\nb\n", "a\nb\n"),
        ("Zoë".encode("utf-16-be"), "\x00Z\x00o\x00ë"),
        (b"\xfe\xff" + "Zoë".encode("utf-16-be"), "Zoë"),
        (b"\x81\x8d", "\x81\x8d"),
        (b"\xef\xbb\xbfZo\xc3\xab", "Zoë"),
    ],
)
def test_a_transcript_file_of_any_bytes_becomes_text(data: bytes, text: str) -> None:
    if data == "Zoë".encode("utf-16-be"):
        text = data.decode("cp1252")  # too short to tell: nothing is dropped
    assert decoded(data) == text


# --- lines of another sheet ----------------------------------------------------------------------------------


def frame_of(first: int, **columns: list[Any]) -> pd.DataFrame:
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    frame.index = pd.RangeIndex(first, first + len(frame), name="row")
    frame.attrs["extra"] = []
    return frame


def joined(calls: list[pd.DataFrame], lines: list[pd.DataFrame]) -> list[pd.DataFrame]:
    return list(with_lines(calls, lines, ("Id", "Call"), "lines", attrs={"format": {}}))


def test_lines_come_to_their_call_in_their_order_though_scattered_over_pieces() -> None:
    lines = [frame_of(2, Call=["b", "a"], T=["b1", "a1"]), frame_of(4, Call=["a", "b"], T=["a2", "b2"])]
    (frame,) = joined([frame_of(2, Id=["a", "b", "c"])], lines)
    said = [[line["T"] for line in json.loads(cell)] if cell else [] for cell in frame["lines"]]
    assert said == [["a1", "a2"], ["b1", "b2"], []]
    assert frame.attrs["lines"] == "lines"


def test_ids_that_are_numbers_here_and_text_there_meet() -> None:
    (frame,) = joined([frame_of(2, Id=[7, " 8 "])], [frame_of(2, Call=["7", 8], T=["x", "y"])])
    assert [json.loads(cell)[0]["T"] for cell in frame["lines"]] == ["x", "y"]


def test_a_line_without_an_id_belongs_to_the_one_above_it() -> None:
    (frame,) = joined([frame_of(2, Id=["a"])], [frame_of(2, Call=["a", "", None], T=["1", "2", "3"])])
    assert [line["T"] for line in json.loads(frame["lines"].iloc[0])] == ["1", "2", "3"]


def test_lines_of_no_call_come_last_as_rows_of_their_own() -> None:
    lines = [frame_of(2, Call=["z", "a", "y"], T=["1", "2", "3"])]
    _, *left = joined([frame_of(2, Id=["a"], Team=["A"])], lines)
    assert [frame.attrs["orphans"] for frame in left] == [[3], [4]]
    assert [frame[["Id", "Team"]].values.tolist() for frame in left] == [[["z", ""]], [["y", ""]]]
    assert [json.loads(frame["lines"].iloc[0])[0]["T"] for frame in left] == ["1", "3"]


def test_totals_among_the_lines_are_no_lines() -> None:
    lines = frame_of(2, Call=["a", "Total"], T=["1", "9"])
    lines.attrs["left_out"] = {3: "a total"}
    (frame,) = joined([frame_of(2, Id=["a"])], [lines])
    assert [line["T"] for line in json.loads(frame["lines"].iloc[0])] == ["1"]


def test_a_call_that_stands_in_two_rows_has_its_lines_in_both() -> None:
    (frame,) = joined([frame_of(2, Id=["a", "a"])], [frame_of(2, Call=["a"], T=["1"])])
    assert frame["lines"].iloc[0] == frame["lines"].iloc[1] == '[{"Call": "a", "T": "1"}]'


def test_ids_that_read_like_sql_are_only_text() -> None:
    evil = "a'); DROP TABLE line; --"
    (frame,) = joined([frame_of(2, Id=[evil])], [frame_of(2, Call=[evil], T=["1"])])
    assert [line["T"] for line in json.loads(frame["lines"].iloc[0])] == ["1"]


def test_joining_leaves_the_frames_it_was_given_as_they_were(tmp_path: Path) -> None:
    calls = frame_of(2, Id=["c-0001"])
    with open_bundle(zipped(tmp_path, {"c-0001.txt": ONE})) as bundle:
        (frame,) = with_files([calls], bundle, "Id", attrs={"format": {}})
    assert list(calls.columns) == ["Id"]
    assert list(frame.columns) == ["Id", "file name", "transcript"]


def test_a_zip_whose_spreadsheet_went_missing_after_it_was_chosen_is_refused(tmp_path: Path) -> None:
    from reddy_lib.spreadsheet import read_pieces

    format = SheetFormat("files", "gone.csv", 1, "utf-8", ",")
    with pytest.raises(SheetError, match=r"has no spreadsheet 'gone\.csv': it has 'a\.csv'"):
        list(read_pieces(zipped(tmp_path, {"a.csv": TABLE}), format))
