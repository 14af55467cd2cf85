"""A second sheet as a value table, and what the guess proposes beyond one column a field."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

import reddy_lib as reddy
from reddy_lib.errors import MappingError
from reddy_lib.spreadsheet import Mapping, build_frame, guess_mapping, read_sheet
from reddy_lib.spreadsheet.mapping.lookups import find_lookup, lookup_sheets, read_lookup
from reddy_lib.spreadsheet.model import Join

STAFF = [["Team", "Full name", "E-mail", "Since"], ["Blue", "Ann Lee", "ann@c.example", 2019],
         ["Blue", "Bo Kay", "bo@c.example", 2020], ["Red", "Cy Ray", "cy@c.example", 2021]]  # fmt: skip
TALK = "Agent: Good morning.\nCustomer: I lost my card."


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        formats = {
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
            time: book.add_format({"num_format": "hh:mm"}),
        }
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for place, row in enumerate(rows):
                for column, cell in enumerate(row):
                    page.write(place, column, cell, formats.get(type(cell)))
    return path


def table(path: Path, rows: list[list[Any]]) -> Path:
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n", encoding="utf-8")
    return path


def test_names_become_emails_by_a_table_whose_columns_are_found(tmp_path: Path) -> None:
    path = table(tmp_path / "staff.csv", STAFF)
    found = read_lookup(path, field="agent_email", texts=["ann lee", "Bo Kay", "Bo Kay", "Zed", ""])
    assert found.values == {"Ann Lee": "ann@c.example", "Bo Kay": "bo@c.example", "Cy Ray": "cy@c.example"}
    assert (found.key, found.value, found.matched, found.wanted) == (["Full name"], "E-mail", 2, 3)
    assert found.reason == (
        "staff.csv: 'Full name' → 'E-mail' (100% look like emails); 2 of 3 different texts of the calls are in it"
    )
    assert repr(found) == "<Lookup agent_email · Full name → E-mail · 3 values>"


def test_without_texts_the_most_telling_column_is_the_key(tmp_path: Path) -> None:
    found = read_lookup(table(tmp_path / "staff.csv", STAFF), field="agent_email")
    assert (found.key, found.value, found.wanted) == (["Full name"], "E-mail", 0)


@pytest.mark.parametrize(
    ("text", "key"), [("Ann Lee", ["First", "Last"]), ("Lee Ann", ["Last", "First"]), ("Lee", ["Last"])]
)
def test_first_and_last_name_of_the_table_are_joined(tmp_path: Path, text: str, key: list[str]) -> None:
    rows = [["First", "Last", "Mail"], ["Ann", "Lee", "ann@c.example"], ["Bo", "Kay", "bo@c.example"]]
    found = read_lookup(table(tmp_path / "t.csv", rows), field="agent_email", texts=[text])
    assert (found.key, found.values[text]) == (key, "ann@c.example")


def test_a_name_with_two_emails_is_left_open(tmp_path: Path) -> None:
    rows = [*STAFF, ["Red", "ann lee", "ann.lee@c.example", 2022], ["Red", "Cy Ray", "cy@c.example", 2022]]
    found = read_lookup(table(tmp_path / "t.csv", rows), field="agent_email", texts=["Ann Lee"])
    assert found.doubtful == ["Ann Lee"]
    assert set(found.values) == {"Bo Kay", "Cy Ray"}


@pytest.mark.parametrize(
    ("rows", "products", "values"),
    [
        ([["Queue", "Product"], ["Q1", 7], ["Q2", 8]], None, {"Q1": 7, "Q2": 8}),
        ([["Queue", "Product"], ["Q1", "Cards"], ["Q2", "loans"], ["Q3", "?"]],
         [{"id": 1, "name": "Cards"}, {"id": 2, "name": "Loans"}], {"Q1": 1, "Q2": 2}),
    ],
)  # fmt: skip
def test_queues_become_products_by_number_or_by_name(
    tmp_path: Path, rows: list[list[Any]], products: Any, values: dict[str, int]
) -> None:
    found = read_lookup(
        table(tmp_path / "t.csv", rows), field="product_id", texts=["Q1", "Q2"], products=products
    )
    assert found.values == values
    assert Mapping().replace(values={"product_id": found.values}).values["product_id"] == values


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"texts": ["Zed"]},
         "No column of staff.csv has the texts of the calls' agent_email: choose the column that does."),
        ({"key": "Name"}, "staff.csv has no column 'Name': choose among 'Team', 'Full name', 'E-mail', 'Since'."),
        ({"field": "timestamp", "texts": ["Ann Lee"]},
         "No column of staff.csv can be the timestamp: choose the column that holds it, or another sheet."),
    ],
)  # fmt: skip
def test_a_table_that_cannot_serve_says_why(tmp_path: Path, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(MappingError) as refused:
        read_lookup(table(tmp_path / "staff.csv", STAFF), **{"field": "agent_email", **arguments})
    assert str(refused.value) == sentence


def test_columns_that_are_named_are_taken(tmp_path: Path) -> None:
    path = table(tmp_path / "staff.csv", STAFF)
    found = read_lookup(path, field="conversation_id", key="Team", value="Since")
    assert (found.key, found.value, found.doubtful, found.values) == (
        ["Team"],
        "Since",
        ["Blue"],
        {"Red": "2021"},
    )


CALLS = [["Agent", "Transcript"], ["Ann Lee", TALK], ["Bo Kay", TALK], ["Nobody", TALK]]


def test_agents_names_find_their_emails_in_another_sheet_of_the_workbook(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "w.xlsx", Calls=CALLS, Notes=[["Read me"], ["Exported by Ann Lee"]], Staff=STAFF
    )
    sheet = read_sheet(path, sheet="Calls")
    mapping = guess_mapping(sheet, path=path)
    assert mapping.values["agent_email"]["Ann Lee"] == "ann@c.example"
    assert mapping.reasons["agent_email"] == (
        "name \"Agent\"; 0% look like emails, 3 distinct; names to emails by Staff: 'Full name' → 'E-mail' "
        "(100% look like emails); 2 of 3 different texts of the calls are in it"
    )
    emails = [built.call.agent_email for built in build_frame(sheet, mapping)]
    assert emails == ["ann@c.example", "bo@c.example", "Nobody"]
    assert "agent_email" not in guess_mapping(sheet).values, "without the workbook nothing is looked up"


def test_a_load_looks_names_up_by_itself(tmp_path: Path) -> None:
    path = workbook(tmp_path / "w.xlsx", Calls=CALLS[:3], Staff=STAFF)
    with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        batch = ledger.load(path, progress=False)
        assert [batch.call(row).agent_email for row in batch.rows()] == ["ann@c.example", "bo@c.example"]


def test_a_sheet_that_knows_less_than_half_of_the_names_is_not_taken(tmp_path: Path) -> None:
    path = workbook(tmp_path / "w.xlsx", Calls=CALLS, Staff=STAFF)
    names = ["Ann Lee", "x", "y"]
    assert find_lookup(path, field="agent_email", texts=names, but=["Calls"]) is None
    known = find_lookup(path, field="agent_email", texts=names[:2], but=["Calls"])
    assert known is not None
    assert known.source == "Staff"


# --- a date and a time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "days", "clocks", "wanted"),
    [
        (("Date", "Time"), ["30.03.2026", "31.03.2026"], ["09:46", "10:00"], True),
        (("Call date", "Start time"), [date(2026, 3, 30), date(2026, 3, 31)], [time(9, 46), time(10, 0)], True),
        (("Datum", "Uhrzeit"), ["2026-03-30", "2026-03-31"], ["9:46", "10:00"], True),
        (("Fecha", "Hora"), ["30/03/2026", "31/03/2026"], ["9:46 am", "10:00 am"], True),
        (("Date", "Began"), ["2026-03-30", "2026-03-31"], ["09:46", "10:00"], True),
        (("Date", "Duration"), ["2026-03-30", "2026-03-31"], ["00:46", "01:00"], False),
        (("Date", "End time"), ["2026-03-30", "2026-03-31"], ["09:46", "10:00"], False),
        (("Date", "Time"), ["2026-03-30 09:46", "2026-03-31 10:00"], ["09:46", "10:00"], False),
    ],
)  # fmt: skip
def test_a_date_and_a_time_column_are_joined_where_no_single_one_has_both(
    tmp_path: Path, headers: tuple[str, str], days: list[Any], clocks: list[Any], wanted: bool
) -> None:
    rows = [[day, clock, TALK, "ann@c.example"] for day, clock in zip(days, clocks, strict=True)]
    path = workbook(tmp_path / "w.xlsx", Calls=[[*headers, "Transcript", "Agent email"], *rows])
    sheet = read_sheet(path)
    mapping = guess_mapping(sheet)
    assert mapping.joins == ({"timestamp": Join(list(headers))} if wanted else {})
    assert ("timestamp" in mapping.fields) is not wanted
    assert (headers[1] in mapping.tags) is not wanted
    if wanted:
        assert mapping.reasons["timestamp"].endswith(f"; joined with {headers[1]!r}: 100% are times of day")
        assert headers[0] not in mapping.tags
        starts = [built.call.timestamp for built in build_frame(sheet, mapping)]
        assert starts == [1_774_863_960, 1_774_951_200]


def test_the_sheets_that_hold_a_table_are_listed_with_the_one_that_is_read_unasked(tmp_path: Path) -> None:
    staff = [["Name", "Mail"], ["Ann", "ann@x.example"]]
    path = workbook(tmp_path / "team.xlsx", Cover=[["Our team"]], Staff=staff, Old=staff, Nothing=[])
    assert lookup_sheets(path) == (["Staff", "Old"], "Staff")
    assert lookup_sheets(table(tmp_path / "team.csv", staff)) == ([], None)
