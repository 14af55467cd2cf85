"""What a column's name, a column beside it or another part of the file says of a cell: zones, halves of the day, tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.spreadsheet import Mapping, guess_mapping, read_sheet
from reddy_lib.spreadsheet.cells.agent_names import bare_email
from reddy_lib.spreadsheet.cells.zones import zone_in_name
from reddy_lib.spreadsheet.model import fold_name, spelled_products

NAMES = ["call_id", "agent_email", "start_time", "transcript"]
TALKS = [
    "Agent: Good morning, how can I help?\nCustomer: My bill is wrong.",
    "Agent: Hello, you are speaking to Bo.\nCustomer: The line is down again.",
    "Agent: Thanks for calling.\nCustomer: I want to cancel my plan, please.",
]
ROWS = [[f"NW-{n}041", "ann@example.com", f"2024-07-{11 + n} 14:0{n}:00", TALKS[n]] for n in range(3)]
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
PLAIN = [list(row) for row in ROWS]


def frame(start: str, cells: list[str], **others: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Call ID": ["a-1", "a-2"],
            "Agent": ["ann@example.com"] * 2,
            start: cells,
            **others,
            "Text": TALKS[:2],
        }
    )


def starts(batch: reddy.Batch) -> list[str]:
    return [str(pd.Timestamp(batch.call(row).timestamp or 0, unit="s")) for row in batch.rows()]


# --- zones in names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("StartTimeUtc", "UTC"),
        ("startTimeUTC", "UTC"),
        ("utc_start_time", "UTC"),
        ("UTC Start Time", "UTC"),
        ("Start GMT+2", "Etc/GMT-2"),
        ("Start UTC-05:00", "Etc/GMT+5"),
        ("Start (UTC+05:30)", "Asia/Kolkata"),
        ("Start (GMT+5:45)", "Asia/Kathmandu"),
        ("Start (Local)", ""),
        ("UTC Offset", ""),
        ("utc_offset_minutes", ""),
        ("Outcome", ""),
        ("StartUtc_Local", ""),
        ("UTC time (Local)", ""),
        ("gmt_local_start", ""),
        ("local_start_utc", ""),
        ("StartGmtPlus1", ""),
        ("utc_minus_5_start", ""),
        ("Start not UTC", ""),
        ("start_utc-1", ""),
        ("start utc+2", "Etc/GMT-2"),
        ("Local time (Europe/Berlin)", "Europe/Berlin"),
        ("Start (not UTC)", ""),
        ("Start UTC-1", "Etc/GMT+1"),
        ("START_UTC-1", "Etc/GMT+1"),
        ("start utc +2", "Etc/GMT-2"),
        ("Start UTC+03:30", ""),
        ("Start UTC+04:30", "Asia/Kabul"),
        ("Start UTC+2 local", ""),
    ],
)
def test_a_name_states_its_zone_wherever_in_it_that_stands(name: str, zone: str) -> None:
    assert zone_in_name(name) == zone


@pytest.mark.parametrize("name", ["Start (UTC)", "start_time_utc", "StartTimeUtc"])
def test_the_zone_of_a_name_counts_before_that_of_the_caller_and_is_told(tmp_path: Path, name: str) -> None:
    sheet = frame(name, ["2024-07-11 09:05:00", "2024-07-11 10:05:00"])
    ledger = reddy.Ledger(tmp_path / "ledger.sqlite")
    with pytest.warns(
        UserWarning, match="were read in UTC, the zone in the column's name, not in Europe/London"
    ):
        batch = ledger.load(sheet, timezone="Europe/London", progress=False)
    assert starts(batch) == ["2024-07-11 09:05:00", "2024-07-11 10:05:00"]


@pytest.mark.parametrize(
    ("offset", "given"),
    [("+02:00", "Europe/London"), ("Z", "Asia/Tokyo"), ("", "Etc/UTC"), ("", "Atlantic/Reykjavik")],
)
@pytest.mark.filterwarnings("error")
def test_nothing_is_said_of_the_zone_of_a_name_that_changes_no_time(
    tmp_path: Path, offset: str, given: str
) -> None:
    sheet = frame("Start (UTC)", [f"2024-07-11 09:05:00{offset}", f"2024-07-11 10:05:00{offset}"])
    batch = reddy.Ledger(tmp_path / "ledger.sqlite").load(sheet, timezone=given, progress=False)
    hour = "07" if offset == "+02:00" else "09"
    assert starts(batch)[0] == f"2024-07-11 {hour}:05:00"


def test_the_caller_s_zone_counts_where_no_name_states_one(tmp_path: Path) -> None:
    sheet = frame("Start", ["2024-07-11 09:05:00", "2024-07-11 10:05:00"])
    batch = reddy.Ledger(tmp_path / "ledger.sqlite").load(sheet, timezone="Europe/London", progress=False)
    assert starts(batch) == ["2024-07-11 08:05:00", "2024-07-11 09:05:00"]


# --- halves of the day -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("AM/PM", "AM", "PM"),
        ("Period", "a.m.", "p.m."),
        ("时段", "上午", "下午"),
        ("오전/오후", "오전", "오후"),
    ],
)
def test_am_and_pm_in_a_column_of_their_own_belong_to_the_start(
    tmp_path: Path, name: str, before: str, after: str
) -> None:
    sheet = frame(
        "Date", ["2024-07-11", "2024-07-11"], Time=["09:05:00", "02:47:00"], **{name: [before, after]}
    )
    batch = reddy.Ledger(tmp_path / "ledger.sqlite").load(sheet, timezone="UTC", progress=False)
    assert starts(batch) == ["2024-07-11 09:05:00", "2024-07-11 14:47:00"]


def test_am_and_pm_belong_to_a_date_with_its_clock_too() -> None:
    sheet = frame("Start", ["2024-07-11 09:05:00", "2024-07-11 02:47:00"], Half=["AM", "PM"])
    assert guess_mapping(sheet).sources()["timestamp"] == ["Start", "Half"]


@pytest.mark.parametrize("others", [{"Grade": ["A", "B"]}, {"Zone": ["UTC", "UTC"]}, {"Queue": ["am", ""]}])
def test_other_short_words_are_no_halves_of_the_day(others: dict[str, list[str]]) -> None:
    sheet = frame("Start", ["2024-07-11 09:05:00", "2024-07-11 02:47:00"], **others)
    assert guess_mapping(sheet).sources()["timestamp"] == ["Start"]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Attendance", ["A", "P"]),
        ("Attendance", ["A", "A"]),
        ("Status", ["P", "P"]),
        ("Country", ["AM", "AM"]),
        ("Period", ["P", "P"]),
        ("Code", ["r", "r"]),
    ],
)
def test_letters_and_codes_that_read_as_am_or_pm_are_none_under_another_name(
    name: str, cells: list[str]
) -> None:
    sheet = frame("Start", ["2024-07-11 09:05:00", "2024-07-11 02:47:00"], **{name: cells})
    assert guess_mapping(sheet).sources()["timestamp"] == ["Start"]


@pytest.mark.parametrize(
    ("name", "cells"),
    [("AM/PM", ["A", "P"]), ("am_pm", ["P", "P"]), ("Meridiem", ["a", "p"]), ("Shift half", ["PM", "PM"])],
)
def test_a_name_says_that_letters_are_halves_of_the_day(name: str, cells: list[str]) -> None:
    sheet = frame("Start", ["2024-07-11 09:05:00", "2024-07-11 02:47:00"], **{name: cells})
    assert guess_mapping(sheet).sources()["timestamp"] == ["Start", name]


def test_a_start_without_its_half_of_the_day_is_held(tmp_path: Path) -> None:
    clocks = ["09:05", "02:47", "12:10", "03:30", "04:30", "04:50", "00:50", "14:50"]
    sheet = pd.DataFrame(
        {
            "Call ID": [f"a-{n}" for n in range(8)],
            "Agent": ["ann@example.com"] * 8,
            "Date": ["2024-07-11"] * 8,
            "Time": clocks,
            "Half": ["AM", "PM", "", "PM", "", "PM", "", ""],
            "Text": [f"{TALKS[0]}\nAgent: It is {n}." for n in range(8)],
        }
    )
    mapping = guess_mapping(sheet.head(2))
    batch = reddy.Ledger(tmp_path / "ledger.sqlite").load(sheet, mapping, timezone="UTC", progress=False)
    held = [
        row for row in batch.rows() if "timestamp-unreadable" in {one.code for one in batch.findings_of(row)}
    ]
    assert held == [4, 6, 8]
    (said,) = [one.message for one in batch.findings_of(4) if one.code == "timestamp-unreadable"]
    assert "Half" in said
    assert batch.call(4).timestamp is None


def test_a_clock_of_24_hours_needs_no_half_of_the_day() -> None:
    sheet = frame("Start", ["2024-07-11 09:05:00", "2024-07-11 14:47:00"], Half=["AM", "PM"])
    assert guess_mapping(sheet).sources()["timestamp"] == ["Start"]


# --- tables in JSON whose names and rows stand apart ---------------------------------------------------------


def described(key: str) -> list[dict[str, str]]:
    return [{key: name, "type": "text"} for name in NAMES]


TABLES: dict[str, Any] = {
    "parts of one object": {"data": {"cols": described("name"), "rows": PLAIN}, "status": "completed"},
    "names under a schema": {"meta_data": {"rowType": described("name")}, "data": PLAIN, "code": "1"},
    "cells in objects": {
        "schema": {"fields": described("name")},
        "rows": [{"f": [{"v": cell} for cell in row]} for row in PLAIN],
    },
    "cells with a column's number": {
        "columns": [{"id": n, "title": name} for n, name in enumerate(NAMES)],
        "rows": [{"cells": [{"columnId": n, "value": cell} for n, cell in enumerate(row)]} for row in PLAIN],
    },
    "series in a list": {"results": [{"id": 0, "series": [{"columns": NAMES, "values": PLAIN}]}]},
    "tables in a list": {
        "Tables": [
            {"Columns": described("ColumnName"), "Rows": PLAIN},
            {"Columns": described("ColumnName")[:3], "Rows": [["a", "b", "c"]]},
        ]
    },
    "names again as the first row": {
        "Set": {
            "Rows": [{"Data": [{"VarCharValue": cell} for cell in row]} for row in [NAMES, *PLAIN]],
            "ColumnInfo": described("Name"),
        }
    },
    "names with their table": {
        "results": [
            {"tables": [{"rows": [{f"Calls[{name}]": row[name] for name in NAMES} for row in RECORDS]}]}
        ]
    },
    "parts with a manifest": {
        "manifest": {"schema": {"column_count": 4, "columns": described("name")}},
        "result": {"row_count": 3, "data_array": PLAIN},
    },
}


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_a_table_in_json_is_found_whatever_holds_its_names_and_rows(tmp_path: Path, table: Any) -> None:
    path = tmp_path / "calls.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    sheet = read_sheet(path)
    assert sheet[NAMES].to_numpy().tolist() == ROWS


def test_what_is_beside_a_table_in_json_belongs_to_its_calls(tmp_path: Path) -> None:
    rows = [[row[0], f"u{n}", *row[2:]] for n, row in enumerate(ROWS)]
    table = {
        "team": "North",
        "calls": {"columns": ["call_id", "agent_id", *NAMES[2:]], "rows": rows},
        "users": {
            "columns": ["id", "name", "email"],
            "rows": [[f"u{n}", "Ann", f"ann{n}@example.com"] for n in range(3)],
        },
    }
    path = tmp_path / "calls.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    sheet = read_sheet(path)
    assert sheet["team"].tolist() == ["North"] * 3
    assert sheet["agent.email"].tolist() == [f"ann{n}@example.com" for n in range(3)]


def test_a_column_without_a_label_has_its_id(tmp_path: Path) -> None:
    columns = [{"id": letter, "label": name} for letter, name in zip("ABCDE", ["", *NAMES], strict=True)]
    rows = [{"c": [{"v": cell} for cell in [n, *row]]} for n, row in enumerate(PLAIN)]
    path = tmp_path / "calls.json"
    path.write_text(json.dumps({"table": {"cols": columns, "rows": rows}}), encoding="utf-8")
    assert list(read_sheet(path).columns) == ["A", *NAMES]


def test_the_turns_of_one_call_are_no_calls(tmp_path: Path) -> None:
    said = [
        "Agent: Hello there, how can I help?\nCustomer: My bill is wrong.",
        "Well, let me see.",
        "Thank you.",
    ]
    turns = [
        [who, text, 5 * n]
        for n, (who, text) in enumerate(zip(["agent", "customer", "agent"], said, strict=True))
    ]
    path = tmp_path / "call.json"
    call = {"id": "c-1", "header": ["speaker", "text", "start"], "conversation": turns}
    path.write_text(json.dumps(call), encoding="utf-8")
    assert "speaker" not in read_sheet(path).columns


def test_a_date_of_javascript_counts_its_months_from_0(tmp_path: Path) -> None:
    rows = [
        {"c": [{"v": a}, {"v": b}, {"v": f"Date(2024,6,{11 + n},14,0{n},0)"}, {"v": d}]}
        for n, (a, b, _, d) in enumerate(ROWS)
    ]
    path = tmp_path / "calls.json"
    path.write_text(json.dumps({"table": {"cols": described("label"), "rows": rows}}), encoding="utf-8")
    assert read_sheet(path)["start_time"].tolist() == [row[2] for row in ROWS]


def test_one_call_with_numbered_words_is_no_table(tmp_path: Path) -> None:
    call = {
        "headers": ["x", "y", "z"],
        "words": [["hello", 0.1, 0.4], ["there", 0.5, 0.9]],
        "turns": [
            {"speaker": "agent", "text": "Hello there, Ann."},
            {"speaker": "customer", "text": "Hi, Bo."},
        ],
    }
    path = tmp_path / "call.json"
    path.write_text(json.dumps(call), encoding="utf-8")
    assert "x" not in read_sheet(path).columns


# --- cells that are written for a spreadsheet program, and headers that come again ---------------------------


def loaded(tmp_path: Path, text: str, **options: Any) -> reddy.Batch:
    path = tmp_path / "calls.csv"
    path.write_text(text, encoding="utf-8")
    return reddy.Ledger(tmp_path / "ledger.sqlite").load(path, timezone="UTC", progress=False, **options)


def quoted(*cells: str) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\r\n"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('="000451"', "000451"),
        ('=T("000451")', "000451"),
        ("'000451", "000451"),
        ('="A""1"', 'A"1'),
        ("=1+1", "=1+1"),
        ('="x")', '="x")'),
        ('=T("x"', '=T("x"'),
        ("'471", "471"),
        ("'+44716", "+44716"),
        ("'=A1", "=A1"),
        ("'-4471", "-4471"),
    ],
)
def test_a_cell_is_read_as_a_spreadsheet_program_shows_it(tmp_path: Path, written: str, shown: str) -> None:
    text = quoted("Call ID", "Agent Email", "Transcript")
    text += quoted(written, "ann@example.com", TALKS[0]) + quoted("000999", "ann@example.com", TALKS[1])
    assert loaded(tmp_path, text).call(2).conversation_id == shown


@pytest.mark.parametrize(
    "spoken", ["'tis a pity, he said", "'90s music is fine", "'90", "'05", "'-", "'- well", "'="]
)
def test_words_that_begin_with_an_apostrophe_keep_it(tmp_path: Path, spoken: str) -> None:
    text = quoted("Call ID", "Agent Email", "Transcript", "Remark")
    text += quoted("c-1", "ann@example.com", TALKS[0], spoken) + quoted(
        "c-2", "ann@example.com", TALKS[1], "none"
    )
    assert loaded(tmp_path, text).cells(2)["Remark"] == spoken


def test_a_header_that_comes_again_makes_no_forms_of_a_table(tmp_path: Path) -> None:
    head = quoted("Call ID", "Agent Email", "Start Time", "Transcript")
    rows = [quoted(*row) for row in ROWS]
    batch = loaded(tmp_path, head + rows[0] + rows[1] + head + rows[2])
    assert [batch.call(row).conversation_id for row in batch.rows()] == [row[0] for row in ROWS]
    assert "rows-left-out" in {one.code for row in batch.rows() for one in batch.findings_of(row)}


def test_the_other_sheets_of_forms_are_told_of(tmp_path: Path) -> None:
    path = tmp_path / "calls.xlsx"
    labels = ["Call ID", "Agent Email", "Start Time", "Transcript"]
    with pd.ExcelWriter(path, engine="xlsxwriter") as writer:
        for row in ROWS:
            form = pd.DataFrame(list(zip(labels, row, strict=True)))
            form.to_excel(writer, sheet_name=row[0], header=False, index=False)
    batch = reddy.Ledger(tmp_path / "ledger.sqlite").load(path, timezone="UTC", progress=False)
    found = [one for row in batch.rows() for one in batch.findings_of(row) if one.code == "sheets-alike"]
    assert len(found) == 1
    assert all(row[0] in found[0].message for row in ROWS[1:])


def test_the_mapping_of_a_half_day_survives_being_kept() -> None:
    sheet = frame("Start", ["2024-07-11 09:05:00", "2024-07-11 02:47:00"], Half=["AM", "PM"])
    mapping = guess_mapping(sheet)
    assert Mapping.from_dict(mapping.to_dict()) == mapping


# --- ids of telephone exchanges, agents in markup, products with their number, seconds since 1970 -------------


@pytest.mark.parametrize("name", ["uniqueid", "linkedid", "Unique ID"])
def test_the_second_and_counter_of_a_telephone_exchange_is_an_id(name: str) -> None:
    sheet = pd.DataFrame(
        {
            "calldate": [
                "2024-03-11 09:05:12",
                "2024-03-11 14:47:03",
                "2024-03-12 10:30:55",
                "2024-03-12 11:30:55",
            ],
            "dst": ["200", "201", "202", "203"],
            "billsec": ["61", "55", "60", "48"],
            name: ["1710147910.447", "1710168421.0", "1710239453.473", "1710243053.12"],
            "agent_email": ["ann@example.com"] * 4,
            "transcript": [*TALKS, TALKS[0] + "\nAgent: Bye."],
        }
    )
    mapping = guess_mapping(sheet)
    assert (mapping.fields["conversation_id"], mapping.fields["timestamp"]) == (name, "calldate")


def test_amounts_are_still_no_ids() -> None:
    sheet = frame(
        "Start", ["2024-07-11 09:05:00", "2024-07-11 10:05:00"], amount=["1710147910.44", "1710168421.12"]
    )
    assert guess_mapping(sheet.drop(columns="Call ID")).fields.get("conversation_id") is None


@pytest.mark.parametrize(
    ("cell", "email"),
    [
        ('<a href="mailto:ann@example.com">Ann Weber</a>', "ann@example.com"),
        ('<span title="Ann">ann@example.com</span>', "ann@example.com"),
        ('{"id": 17, "name": "Ann", "email": "ann@example.com"}', "ann@example.com"),
        ("{'email': 'ann@example.com', 'name': 'Ann'}", "ann@example.com"),
        ('<a href="mailto:ann@example.com">ann@example.com</a>', "ann@example.com"),
        ('{"email": "ann@example.com", "manager": {"email": "bo@example.com"}}', ""),
        ('[{"email": "ann@example.com"}, {"email": "bo@example.com"}]', ""),
        ("Ask ann@example.com", ""),
        ('<a href="mailto:ann@example.com?subject=hi">Ann</a>', "ann@example.com"),
        ("<a href='mailto:ann@example.com&amp;cc=x'>Ann</a>", "ann@example.com"),
        ("mailto:ann@example.com?subject=hi", "ann@example.com"),
        ("[Ann](mailto:ann@example.com?subject=hi)", "ann@example.com"),
        ('<a href="mailto:ann@example.com?cc=bo@example.com">Ann</a>', "ann@example.com"),
        ('{"name": "Ann", "manager_email": "boss@example.com"}', ""),
        ('{"customer": {"email": "c@example.com"}}', ""),
        ('{"name": "Ann", "cc": ["bo@example.com"]}', ""),
        ('{"name": "Ann", "note": "ask bo@example.com"}', ""),
        ('{"agent": {"name": "Ann", "email": "ann@example.com"}}', "ann@example.com"),
        ('{"Name": "Ann", "UserName": "ann@example.com"}', "ann@example.com"),
        ('{"email": "ann@example.com", "customer": {"email": "c@example.com"}}', ""),
        ('{"emailAddress": {"address": "ann@example.com", "name": "Ann"}}', "ann@example.com"),
        ('{"name": "Ann", "email": "ann@example.com", ', ""),
    ],
)
def test_the_one_email_of_a_cell_with_markup_is_the_agent_s(cell: str, email: str) -> None:
    assert bare_email(cell) == email


@pytest.mark.parametrize("cell", ["7 - Cards", "7: Cards", "[7] cards", "Cards (7)", "CARDS #7", "7|Cards"])
def test_a_product_s_name_may_have_its_id_beside_it(cell: str) -> None:
    products = [
        {"id": 7, "name": "Cards", "status": "active"},
        {"id": 8, "name": "Loans", "status": "active"},
    ]
    ids = spelled_products(products)
    assert ids[fold_name(cell)] == 7
    assert fold_name(cell.replace("7", "8")) not in ids


def test_a_text_that_two_products_make_is_neither_of_them() -> None:
    products = [
        {"id": 1, "name": "5 Star", "status": "active"},
        {"id": 15, "name": "Star", "status": "active"},
        {"id": 4, "name": "1 - 5 Star", "status": "active"},
    ]
    ids = spelled_products(products)
    assert fold_name("15 Star") not in ids
    assert fold_name("1 - 5 Star") not in ids
    assert ids[fold_name("Star (15)")] == 15
    assert ids[fold_name("1: 5 Star")] == ids[fold_name("5 star")] == 1


@pytest.mark.parametrize("name", ["start_time_unix_secs", "Call start (unix seconds)", "StartEpochSeconds"])
def test_seconds_since_1970_are_a_start_and_no_duration(tmp_path: Path, name: str) -> None:
    batch = reddy.Ledger(tmp_path / "ledger.sqlite").load(
        frame(name, ["1710147912", "1710168423"]), timezone="UTC", progress=False
    )
    assert starts(batch) == ["2024-03-11 09:05:12", "2024-03-11 14:47:03"]
