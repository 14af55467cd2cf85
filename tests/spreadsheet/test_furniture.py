"""Headers and what stands around a table: names, group lines, merged cells, totals, notes, repeated headers."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.errors import UnreadableFile
from reddy_lib.spreadsheet import detect_format, read_sheet
from reddy_lib.spreadsheet.cells.header_words import plain_name
from reddy_lib.spreadsheet.reading.furniture import below_merged, is_empty, joined_names, lines_above, no_call
from reddy_lib.spreadsheet.reading.headers import find_header, header_texts
from reddy_lib.spreadsheet.reading.json_tables import json_kind, json_records
from reddy_lib.spreadsheet.reading.tables import plain_cell
from reddy_lib.spreadsheet.reading.web_pages import html_rows

# --- names of columns ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        ([], []),
        (["", None, "  "], []),
        (["A", "A", "A"], ["A", "A (2)", "A (3)"]),
        (["A", "A (2)", "A"], ["A", "A (2)", "A (3)"]),
        (["A (2)", "A", "A"], ["A (2)", "A", "A (3)"]),
        (["column B", ""], ["column B"]),
        (["column B", "", "x"], ["column B", "column B (2)", "x"]),
        (["\ufeffId"], ["Id"]),
        ([" a \n b\tc "], ["a b c"]),
        ([date(2026, 3, 2), 5, True], ["2026-03-02", "5", "True"]),
        (["a", "A"], ["a", "A"]),
        (["x", *[""] * 3], ["x"]),
    ],
)
def test_columns_get_names_that_differ(cells: list[Any], names: list[str]) -> None:
    assert header_texts(cells) == names


def test_thousands_of_equal_headers_are_named_at_once() -> None:
    started = time.process_time()
    names = header_texts(["same"] * 16_000)
    assert time.process_time() - started < 2
    assert (names[0], names[1], names[-1], len(set(names))) == ("same", "same (2)", "same (16000)", 16_000)


@pytest.mark.parametrize(
    ("header", "plain"),
    [
        ("CallID", "call id"),
        ("call_id", "call id"),
        ("Straße", "strasse"),
        ("Durée (s)", "duree s"),
        ("ID", "id"),
        ("!!!", ""),
        ("Имя", "имя"),
        ("２０２４", "2024"),
    ],
)
def test_names_are_compared_without_case_accents_and_signs(header: str, plain: str) -> None:
    assert plain_name(header) == plain


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([], 0),
        ([["Call ID", "Agent"]], 0),
        ([["Call ID", "Agent"], ["Call ID", "Agent"], ["1", "x"]], 0),
        (
            [
                ["Team", "A"],
                ["Month", "May"],
                ["Call ID", "Agent email", "Start"],
                ["c1", "a@x.example", "9:00"],
            ],
            2,
        ),
        ([["All calls of the month, without those of the night shift"], ["Id", "Agent"], ["1", "x"]], 1),
        ([["", "Id", "Agent"], ["", "1", "x"]], 0),
    ],
)
def test_the_header_is_the_row_that_names_the_columns(rows: list[list[Any]], place: int) -> None:
    assert find_header(rows) == place


# --- several header lines, merged cells ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([["Call", "", "Agent", ""], ["Id", "Start", "Email", "Team"]], 2),
        ([["Report", "", "", ""], ["Id", "Start", "Email", "Team"]], 1),
        ([["Call", "", "Call", ""], ["Id", "Start", "Email", "Team"]], 1),
        ([["From:", "", "To:", ""], ["Id", "Start", "Email", "Team"]], 1),
        ([["May 2026", "", "Agent", ""], ["Id", "Start", "Email", "Team"]], 1),
        ([["a", "b", "c", "d"], ["Id", "Start", "Email", "Team"]], 1),
        ([["Call", "", "Agent", ""], ["Id", "", "Email", ""]], 1),
    ],
)
def test_only_labels_that_stand_over_several_columns_are_a_line_of_the_header(
    rows: list[list[Any]], lines: int
) -> None:
    assert lines_above(list(enumerate(rows, start=1)), 2, ()) == lines


@pytest.mark.parametrize(
    ("lines", "merged", "names"),
    [
        ([["Call", "", "Agent"], ["Id", "Start", "Email"]], [], ["Call / Id", "Call / Start", "Agent / Email"]),
        ([["Call", "", "Agent"], ["Id", "At", "Email"]], [((0, 0), (0, 1))], ["Call / Id", "Call / At", "Agent / Email"]),
        ([["Call", "", ""], ["Id", "Start", "Email"]], [((0, 0), (0, 1))], ["Call / Id", "Call / Start", "Email"]),
        ([["Id", "Id"], ["Id", "Name"]], [((5, 5), (6, 6))], ["Id", "Id / Name"]),
        ([["Year", 2026.0], ["", "Calls"]], [((5, 5), (6, 6))], ["Year", "2026 / Calls"]),
        ([["A"], ["x", "y"]], [((5, 5), (6, 6))], ["A / x", "y"]),
    ],
)  # fmt: skip
def test_group_labels_are_joined_to_the_names_below_them(
    lines: list[list[Any]], merged: list[Any], names: list[str]
) -> None:
    assert joined_names(lines, merged, 2) == names


@pytest.mark.parametrize(
    ("merged", "header"),
    [([], 1), ([((0, 0), (1, 0))], 2), ([((0, 0), (0, 3))], 1), ([((0, 0), (1, 0)), ((0, 1), (2, 1))], 3),
     ([((0, 0), (40, 0))], 1), ([((0, 0), (3, 0))], 1)],
)  # fmt: skip
def test_a_header_merged_downwards_ends_where_its_cells_do(merged: list[Any], header: int) -> None:
    rows: list[tuple[int, list[Any]]] = [(number, ["x", "y"]) for number in (1, 2, 3, 4)]
    assert below_merged(rows, 1, merged) == header


# --- rows that are no calls ----------------------------------------------------------------------------------

NAMES = ["Call ID", "Agent", "Score", "Minutes"]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (["Call ID", "Agent", "Score", "Minutes"], "the header again"),
        ([" Call ID", "Agent ", "Score", "Minutes", ""], "the header again"),
        (["Total", "", 9, 5.5], "a total"),
        (["", "Grand total", "9", "55 %"], "a total"),
        (["Gesamtsumme", "", "1.234,50", "€ 12"], "a total"),
        (["Average", "", "-", "#DIV/0!"], "a total"),
        (["Total", "30 calls", "", ""], "a total"),
        (["", "", "Total:", "30 calls"], "a total"),
        (["", "", "Total: 4 calls", 577], "a total"),
        (["", "", "Summe (12)", "3:40"], "a total"),
        (["", "", "Totale = 12 chiamate", "40,5"], "a total"),
        (["", "", "Total: 4 calls", "of Ana"], ""),
        (["", "", "Total 4 calls came late", 577], ""),
        (["", 12, "Total: 4 calls", ""], ""),
        (["Razem", "", "", 30], "a total"),
        (["合計", "30件", "", ""], "a total"),
        (["Итого: 30 звонков", "", "", ""], "a total"),
        (["Toplam", "30 çağrı", "", "5,5"], "a total"),
        (["c1", "", "Total", ""], ""),
        (["Total", "30 calls of Ana", "", ""], ""),
        (["Totalitas", "", 3, 4], ""),
        (["Exported on 2 March 2026", "", "", ""], "a note of the export"),
        (["Page 3 of 7", "", "", ""], "a note of the export"),
        (["120 rows", "", "", ""], "a note of the export"),
        (["-----", "", "", ""], "a note of the export"),
        (["© Contoso", "", "", ""], "a note of the export"),
        (["Filters:", "Team = A", "", ""], "a note of the export"),
        (["Total", "ana@x.example", 9, 5], ""),
        (["Totals of trust", "Ana", "9", ""], ""),
        (["c1", "", "", ""], ""),
        (["", "", "", "Exported on 2 March"], ""),
        (["Exported by ana@x.example", "", "", ""], ""),
        (["c1", "Ana", 4, 3], ""),
        ([7, "", "", ""], ""),
    ],
)
def test_only_rows_that_are_plainly_no_calls_are_told_from_calls(record: list[Any], why: str) -> None:
    assert no_call(record, NAMES, NAMES) == why


@pytest.mark.parametrize(
    ("cell", "empty"),
    [
        (None, True),
        ("", True),
        (" \t\u00a0", True),
        (0, False),
        (False, False),
        ("0", False),
        ("\u200b", False),
    ],
)
def test_a_cell_is_empty_without_anything_but_white_space(cell: Any, empty: bool) -> None:
    assert is_empty(cell) is empty


# --- tables that carry their names ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("id,name\n1,x\n", ""),
        ('{"id": 1}\n{"id": 2}\n', "jsonl"),
        ('[{"call_id": "1", "x": 2}, {"call_id": "2", "x": 3}]', "json"),
        ('{"calls": [{"call_id": "1", "x": 2}], "page": 1}', "json"),
        ('[{"role": "agent", "text": "Hi"}, {"role": "customer", "text": "Ho"}]', "one call"),
        ('{"a": [{"x": 1}], "b": [{"x": 1}]}', "one call"),
        ('{"broken": ', "one call"),
        ("\ufeff \n[{\"call_id\": 1, \"x\": 2}]", "json"),
    ],
)  # fmt: skip
def test_json_is_told_by_what_it_holds(tmp_path: Path, text: str, kind: str) -> None:
    path = tmp_path / "calls.json"
    path.write_bytes(text.encode())
    assert json_kind(path, "utf-8") == kind


def test_cells_of_json_keep_types_and_lists_become_text(tmp_path: Path) -> None:
    records = [{"id": "007", "n": 1.5, "ok": None, "l": [1, "é"], "o": {"a": 1}}, {"id": "8", "n": 2}]
    path = tmp_path / "calls.json"
    path.write_text(json.dumps(records))
    frame = read_sheet(path)
    assert frame.values.tolist() == [["007", 1.5, "", '[1, "é"]', 1], ["8", 2, "", "", ""]]


def test_what_stands_beside_the_list_of_calls_belongs_to_each(tmp_path: Path) -> None:
    path = tmp_path / "calls.json"
    path.write_text(
        json.dumps({"site": "Leeds", "meta": {"x": 1}, "calls": [{"id": 1}, {"id": 2, "site": "York"}]})
    )
    frame = read_sheet(path)
    assert frame[["site", "id"]].values.tolist() == [["Leeds", 1], ["York", 2]]


@pytest.mark.parametrize(
    ("value", "cell"),
    [(None, ""), (float("nan"), ""), (b"ab", "ab"), (b"\xff", "ff"), (True, True),
     ({"a": date(2026, 3, 2)}, '{"a": "2026-03-02"}')],
)  # fmt: skip
def test_a_value_of_a_typed_table_becomes_a_cell(value: Any, cell: Any) -> None:
    assert plain_cell(value) == cell


def test_a_page_keeps_its_columns_where_cells_span_several(tmp_path: Path) -> None:
    path = tmp_path / "calls.xls"
    path.write_text(
        "<table><tr><td colspan=2>Calls<tr><td>Id<td>T<tr><td>1<td> a&nbsp;&lt;b&gt; <br> c</table>", "utf-8"
    )
    assert list(html_rows(path, "utf-8")) == [["Calls", ""], ["Id", "T"], ["1", "a <b>\nc"]]


def test_a_page_that_asks_for_endless_columns_gets_a_hundred(tmp_path: Path) -> None:
    path = tmp_path / "calls.xls"
    path.write_text('<table><tr><td colspan="99999">x<tr><td colspan="9999999999">y</table>', "utf-8")
    assert [len(row) for row in html_rows(path, "utf-8")] == [100, 1]


def test_json_that_is_cut_off_is_refused_with_the_last_whole_record(tmp_path: Path) -> None:
    path = tmp_path / "calls.json"
    path.write_text('[{"id": 1}, {"id"')
    with pytest.raises(
        UnreadableFile, match=r"calls\.json is not valid JSON after record 1: export it again"
    ):
        list(json_records(path, "utf-8", "json"))


def test_a_table_of_one_json_record_below_its_names_starts_in_row_two(tmp_path: Path) -> None:
    path = tmp_path / "calls.json"
    path.write_text(json.dumps([{"call_id": "a", "x": 1}]))
    assert detect_format(path).kind == "json"
    assert read_sheet(path).index.tolist() == [2]


@pytest.mark.parametrize("row", [[], [None, "", None], [" ", "", "", "", ""], ["", "\ufeff", None, "", ""]])
def test_a_row_without_a_filled_cell_is_no_note(row: list[Any]) -> None:
    names = ["a", "b", "c", "d", "e"]
    assert no_call(row, names, names) == ""


def test_a_row_of_types_below_the_header_is_no_call(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(
        "id,agent,start,words\nvarchar(20),string,timestamp,text\nK-1,Ann,2025-03-04,Hello\nK-2,Bo,2025-03-05,Text\n"
    )
    assert read_sheet(path).attrs["left_out"] == {2: "the types of the columns"}


def _calls_and(*last: dict[str, object]) -> list[dict[str, object]]:
    talk = "Agent: Hello, how can I help?\nCustomer: My line is down."
    calls = [
        {
            "Call ID": f"K-{place}",
            "Agent Email": "ann@x.example",
            "Minutes": place,
            "Transcript": f"{talk} {place}",
        }
        for place in range(1, 5)
    ]
    return [*calls, *last]


SUMS: list[dict[str, object]] = [
    {"Call ID": "Total", "Minutes": 10}, {"Call ID": "Average", "Minutes": 2.5},
    {"Call ID": "Gesamt: 4", "Agent Email": "", "Minutes": "10"},
]  # fmt: skip


@pytest.mark.parametrize("kind", ["dicts", "frame", "frame's index", "json", "jsonl", "xml"])
def test_totals_at_the_end_of_data_are_no_calls(tmp_path: Path, kind: str) -> None:
    rows = _calls_and(*SUMS)
    source: object = rows
    if kind == "frame":
        source = pd.DataFrame(rows)
    elif kind == "frame's index":
        table = pd.DataFrame(_calls_and())
        table.loc["Total"] = table.sum(numeric_only=True)
        source = table
    elif kind in ("json", "jsonl"):
        source = tmp_path / f"calls.{kind}"
        text = json.dumps(rows) if kind == "json" else "\n".join(map(json.dumps, rows))
        source.write_text(text, encoding="utf-8")
    elif kind == "xml":
        source = tmp_path / "calls.xml"
        calls = [
            "".join(
                f"<{key.replace(' ', '_')}>{value}</{key.replace(' ', '_')}>" for key, value in row.items()
            )
            for row in rows
        ]
        source.write_text(
            f"<calls>{''.join(f'<call>{call}</call>' for call in calls)}</calls>", encoding="utf-8"
        )
    batch = reddy.Ledger(tmp_path / "ledger.sqlite").load(source, progress=False)
    assert len(batch) == 4
    assert "rows-left-out" in set(batch.findings()["code"])


def test_records_that_only_look_like_totals_stay_calls(tmp_path: Path) -> None:
    said = [{"role": "agent", "text": "Hello."}, {"role": "customer", "text": "Hi."}]
    among = _calls_and()
    among.insert(2, {"Call ID": "Total", "Minutes": 3})
    talk = _calls_and({"Call ID": "Total", "Transcript": said})
    for number, rows in enumerate((among, talk)):
        batch = reddy.Ledger(tmp_path / f"{number}.sqlite").load(rows, progress=False)
        assert len(batch) == 5
