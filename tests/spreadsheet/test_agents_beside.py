"""Agents whom the calls name by a code, a number or "Last, First", with their emails in another table of the file."""

import io
import zipfile

import pytest
import xlsxwriter

from reddy_lib.spreadsheet import read_sheet
from reddy_lib.spreadsheet.calls.building import build_frame
from reddy_lib.spreadsheet.mapping.guessing import guess_mapping

TALK = "Agent: Hello, how can I help you?\nCustomer: My card is lost since Monday."
PEOPLE = ["ann.weber@firm.example", "bo.li@firm.example"]


def workbook(tmp_path, sheets):
    path = tmp_path / "calls.xlsx"
    book = xlsxwriter.Workbook(str(path))
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()
    return path


def calls(column, keys):
    rows = [[f"K-{n}", keys[n % 2], f"2025-03-0{n + 1} 10:00", f"{TALK} It is number {n}."] for n in range(6)]
    return [["Call ID", column, "Start", "Transcript"], *rows]


def emails(path):
    sheet = read_sheet(path)
    mapping = guess_mapping(sheet, path=path)
    return mapping, mapping.values.get("agent_email", {})


@pytest.mark.parametrize(
    ("column", "keys"),
    [("Kz", ["A17", "B04"]), ("ext", [4101, 4102]), ("XYZ", ["aweb", "boli"])],
)
def test_a_column_of_codes_is_the_agents_if_another_sheet_has_their_emails(tmp_path, column, keys):
    staff = [["Code", "E-Mail"], *zip(keys, PEOPLE, strict=True)]
    mapping, table = emails(workbook(tmp_path, {"Calls": calls(column, keys), "Team": staff}))
    assert mapping.fields["agent_email"] == column
    assert table == {str(key): mail for key, mail in zip(keys, PEOPLE, strict=True)}
    assert "agent_email" in mapping.doubts
    assert column not in mapping.tags


def test_customers_beside_are_no_agents(tmp_path):
    beside = [["Code", "Customer e-mail"], *zip(["A17", "B04"], PEOPLE, strict=True)]
    mapping, _ = emails(workbook(tmp_path, {"Calls": calls("Kz", ["A17", "B04"]), "Customers": beside}))
    assert "agent_email" not in mapping.fields


def test_last_and_first_name_are_one_person_in_either_order(tmp_path):
    staff = [["Name", "E-Mail"], ["Ann Weber", PEOPLE[0]], ["Bo Li", PEOPLE[1]]]
    mapping, table = emails(
        workbook(tmp_path, {"Calls": calls("Agent", ["Weber, Ann", "Li, Bo"]), "Staff": staff})
    )
    assert mapping.fields["agent_email"] == "Agent"
    assert sorted(table.values()) == PEOPLE


def test_a_table_of_agents_in_an_archive_is_used(tmp_path):
    keys = ["100", "101"]
    path = tmp_path / "export.zip"
    lines = [["Call ID", "Who", "Text"]] + [
        [f"K-{n}", *line.split(": ", 1)] for n in range(6) for line in f"{TALK} It is {n}.".split("\n")
    ]
    tables = {
        "calls": [row[:3] for row in calls("Agent ID", keys)],
        "lines": lines,
        "agents": [["Agent ID", "Work e-mail"], *zip(keys, PEOPLE, strict=True)],
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, rows in tables.items():
            text = io.StringIO()
            text.writelines(",".join(map(str, row)) + "\n" for row in rows)
            archive.writestr(f"{name}.csv", text.getvalue())
    _, table = emails(path)
    assert table == dict(zip(keys, PEOPLE, strict=True))


NAMES = ["Ann Weber", "Bo Li", "Cy Oda", "Di Roth", "Ed Sand", "Flo Tran"]


def spoken(names):
    rows = [
        [
            f"K-{n}",
            f"2025-03-0{n + 1} 10:00",
            f"{name}: Hello there.\nCustomer: My card is lost.\n{name}: I block it.",
        ]
        for n, name in enumerate(names)
    ]
    return [["Call ID", "Start", "Transcript"], *rows]


@pytest.mark.parametrize("sheet", ["Team", "Kontakte"])
def test_who_speaks_alone_names_the_agent_where_another_sheet_has_their_email(tmp_path, sheet):
    staff = [
        ["Name", "E-Mail"],
        *([name, f"{name.lower().replace(' ', '.')}@firm.example"] for name in NAMES),
    ]
    path = workbook(tmp_path, {"Calls": spoken(NAMES[:2] * 3), sheet: staff})
    table = read_sheet(path)
    built = list(build_frame(table, guess_mapping(table, path=path)))
    assert [one.call.agent_email for one in built] == PEOPLE * 3
    assert all(any(item.code == "agent-email-from-transcript" for item in one.findings) for one in built)


def test_people_of_whom_each_call_has_another_may_be_customers(tmp_path):
    staff = [
        ["Name", "E-Mail"],
        *([name, f"{name.lower().replace(' ', '.')}@firm.example"] for name in NAMES),
    ]
    path = workbook(tmp_path, {"Calls": spoken(NAMES), "People": staff})
    _, table = emails(path)
    assert table == {}
