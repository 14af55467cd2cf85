"""Tags: the type of a column from all of its cells, and cells that keep saying what they said."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.checks import check
from reddy_lib.model import Tag
from reddy_lib.spreadsheet import Mapping, build_call, build_frame, guess_mapping
from reddy_lib.spreadsheet.cells.tag_values import cell_text, tag_type, tag_value
from reddy_lib.spreadsheet.reading.notes import tag_digits


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("yes", "no"), ("Y", "N"), ("TRUE", "FALSE"), ("ja", "nein"), ("Ja", "Nee"), ("oui", "non"), ("sí", "no"),
        ("si", "no"), ("SIM", "NÃO"), ("sim", "nao"), ("да", "нет"), ("tak", "nie"), ("wahr", "falsch"),
        ("vrai", "faux"), ("verdadero", "falso"), ("vero", "falso"), ("waar", "onwaar"), ("kyllä", "ei"), (True, False),
    ],
)  # fmt: skip
def test_yes_and_no_in_many_languages(yes: object, no: object) -> None:
    kind = tag_type([yes, no, "", None, yes])
    assert kind == ("boolean", "all 3 cells say yes or no")
    assert tag_value(yes, kind.type) is True
    assert tag_value(no, kind.type) is False


@pytest.mark.parametrize(
    ("cells", "type", "reason"),
    [
        (["3592.0", "17.00", "0.0"], "integer", "all 3 cells are whole numbers"),
        (["-5", "7"], "integer", "all 2 cells are whole numbers"),
        ([" 12 ", "13"], "integer", "all 2 cells are whole numbers"),
        (["999999999999999"], "integer", "all 1 cells are whole numbers"),
        ([10**15 - 1], "integer", "all 1 cells are whole numbers"),
        ([4.0, 2.0], "integer", "all 2 cells are whole numbers"),
        ([4.0, None, 2, "3.0"], "integer", "all 3 cells are whole numbers"),
        ([1e15], "string", "numbers of more than 15 digits stay text"),
        ([10**15], "string", "numbers of more than 15 digits stay text"),
        (["4111111111111111", "7"], "string", "numbers of more than 15 digits stay text"),
        (["00", "1"], "string", "numbers with leading zeros stay text"),
        (["007", "12", "13.0"], "string", "numbers with leading zeros stay text"),
        (["0049301234567"], "string", "numbers with leading zeros stay text"),
        (["1,234", "5"], "string", "text"),
        (["5 %"], "string", "text"),
        (["1e5"], "string", "text"),
        (["٣"], "string", "text"),
        (["3²"], "string", "text"),
        ([4.5, 5], "string", "text"),
        ([True, 1], "string", "text"),
        (["yes", 1], "string", "text"),
        (["ja", "vielleicht"], "string", "text"),
        (["yes", "N/A"], "string", "text"),
        ([date(2026, 3, 30)], "string", "text"),
        (["", "  ", None], "string", "empty"),
    ],
)
def test_the_type_of_a_column_and_why(cells: list[object], type: str, reason: str) -> None:
    assert tag_type(cells) == (type, reason)


@pytest.mark.parametrize(
    ("cell", "type", "value"),
    [
        ("007", "string", "007"), ("007", "integer", "007"), ("1.50", "integer", "1.50"), ("-3.0", "integer", -3),
        ("+7", "integer", 7), ("1" * 20, "integer", "1" * 20), (True, "integer", "TRUE"), (2.5, "integer", "2.5"),
        ("yes please", "boolean", "yes please"), (" NEIN ", "boolean", False), (1, "boolean", "1"), ("0", "boolean", "0"),
        (4.0, "integer", 4), (-4.0, "integer", -4), (1e15, "integer", "1000000000000000"), (4.0, "string", "4"),
        (datetime.fromisoformat("2026-04-01"), "string", "2026-04-01"),
        (datetime.fromisoformat("2026-04-01T09:00"), "string", "2026-04-01 09:00:00"),
        (datetime(2026, 4, 1, tzinfo=UTC), "string", "2026-04-01 00:00:00+00:00"),
        ("n/a", "boolean", "n/a"), (" spaced ", "string", " spaced "),
        (12345678901234567890, "string", "12345678901234567890"),
    ],
)  # fmt: skip
def test_a_cell_that_does_not_fit_its_type_stays_its_text(cell: object, type: str, value: object) -> None:
    found = tag_value(cell, type)
    assert (found, found.__class__) == (value, value.__class__)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (3592.0, "3592"), (-0.5, "-0.5"), (1e15, "1000000000000000"), (1e21, "1e+21"),
        (0.1, "0.1"), (True, "TRUE"), (False, "FALSE"),
        (None, ""), ("", ""), (datetime(2026, 3, 30, 17, 46, tzinfo=UTC), "2026-03-30 17:46:00+00:00"),
        (date(2026, 3, 30), "2026-03-30"), (time(9, 5), "09:05:00"),
        (timedelta(hours=27, minutes=3, seconds=4), "27:03:04"),
        (timedelta(seconds=59.6), "0:01:00"), ([1, 2], "[1, 2]"),
    ],
)  # fmt: skip
def test_cells_of_every_kind_as_text(cell: object, text: str) -> None:
    assert cell_text(cell) == text


def tags_of(cells: list[Any]) -> list[Tag | None]:
    """What a column of these cells gives each call when its type is guessed."""
    sheet = pd.DataFrame({"Agent": ["ana@x.example"] * len(cells), "Tag": pd.Series(cells, dtype=object)})
    sheet.index = pd.RangeIndex(2, 2 + len(sheet), name="row")
    built = build_frame(sheet, guess_mapping(sheet))
    return [one.call.tags[0] if one.call.tags else None for one in built]


def test_blank_cells_give_a_call_no_tag_and_zero_and_no_are_answers() -> None:
    assert tags_of(["0", "", "4"]) == [Tag("Tag", 0, "integer"), None, Tag("Tag", 4, "integer")]
    assert tags_of(["no", " ", "yes"]) == [Tag("Tag", False, "boolean"), None, Tag("Tag", True, "boolean")]
    assert tags_of([float("nan"), "x"]) == [None, Tag("Tag", "x", "string")]


def test_ids_that_excel_made_floats_are_whole_again_and_mixed_columns_stay_text() -> None:
    assert tags_of(["3592.0", "17"]) == [Tag("Tag", 3592, "integer"), Tag("Tag", 17, "integer")]
    assert tags_of([3592.0, "A-17"]) == [Tag("Tag", "3592", "string"), Tag("Tag", "A-17", "string")]
    assert tags_of(["0041", "17"]) == [Tag("Tag", "0041", "string"), Tag("Tag", "17", "string")]


def test_a_value_that_does_not_fit_the_chosen_type_is_found_by_the_checks() -> None:
    mapping = Mapping(tags=["CSAT"], tag_types={"CSAT": "integer"})
    good, bad = (build_call(2, {"CSAT": cell}, mapping).call for cell in ("4.0", "great"))
    assert good.tags == [Tag("CSAT", 4, "integer")]
    assert bad.tags == [Tag("CSAT", "great", "integer")]
    assert "tag-value-mismatch" not in [found.code for found in check(good)]
    (found,) = [found for found in check(bad) if found.code == "tag-value-mismatch"]
    assert (found.field, found.line) == ("tags", 1)


@pytest.mark.parametrize(
    ("cell", "lost"),
    [
        (12_345_678_901_234_567, True), (1_234_567_890_123_450, True), (1.2345678901234567e16, True), ("1.23457E+16", True),
        ("1,23457E+11", True), ("1.5E+3", False), ("+491701234567", False), ("12345678901234567", False),
        (123_456_789_012_345, False), (4.5, False), (1e12, False), ("", False), (None, False),
    ],
)  # fmt: skip
def test_a_tag_whose_digits_are_lost_is_found(cell: Any, lost: bool) -> None:
    found = tag_digits("Account", 2, cell, excel=True)
    assert [(one.code, one.severity, one.field, one.line) for one in found] == [
        ("tag-digits-lost", "error", "tags", 2)
    ] * lost


def test_a_long_number_is_lost_in_workbooks_alone() -> None:
    assert tag_digits("Account", 1, 12_345_678_901_234_567, excel=False) == []


def test_the_digits_of_a_workbooks_tags_are_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "calls.xlsx"
    frame = pd.DataFrame(
        {
            "Conversation ID": ["c-1", "c-2"],
            "Agent Email": ["ann@example.com"] * 2,
            "Transcript": ["Agent: Hello there\nCustomer: My bill is wrong"] * 2,
            "Queue": ["Cards", "Loans"],
            "Account": [12_345_678_901_234_567, 2],
        }
    )
    frame.to_excel(path, index=False, engine="xlsxwriter")
    batch = reddy.Ledger(tmp_path / "ledger.sqlite").load(path, timezone="UTC", progress=False)
    first, second = batch.rows()
    assert "tag-digits-lost" in {one.code for one in batch.findings_of(first)}
    assert batch.info(first)["status"] == "held"
    assert "tag-digits-lost" not in {one.code for one in batch.findings_of(second)}


def test_whole_numbers_with_a_gap_are_the_same_tag_from_a_frame_and_from_its_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "Conversation ID": ["c-1", "c-2", "c-3"],
            "Agent Email": ["ann@example.com"] * 3,
            "Transcript": ["Agent: Hello there\nCustomer: My bill is wrong"] * 3,
            "CSAT": [4, None, 2],
        }
    )
    path = tmp_path / "calls.csv"
    frame.to_csv(path, index=False)
    ledger = reddy.Ledger(tmp_path / "ledger.sqlite")
    batches = [ledger.load(source, timezone="UTC", progress=False) for source in (path, frame)]
    tags = [[batch.call(row).tags for row in batch.rows()] for batch in batches]
    assert tags[0] == tags[1] == [[Tag("CSAT", 4, "integer")], None, [Tag("CSAT", 2, "integer")]]


def test_dates_are_the_same_tag_from_a_frame_its_records_its_parquet_and_its_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "Conversation ID": ["c-1", "c-2", "c-3"],
            "Agent Email": ["ann@example.com"] * 3,
            "Transcript": ["Agent: Hello there\nCustomer: My bill is wrong"] * 3,
            "Due": pd.to_datetime(["2026-04-01", None, "2026-04-02"]),
        }
    )
    frame.to_csv(tmp_path / "calls.csv", index=False)
    frame.to_parquet(tmp_path / "calls.parquet")
    ledger = reddy.Ledger(tmp_path / "ledger.sqlite")
    for source in (tmp_path / "calls.csv", tmp_path / "calls.parquet", frame, frame.to_dict("records")):
        batch = ledger.load(source, timezone="UTC", progress=False)
        tags = [batch.call(row).tags for row in batch.rows()]
        assert tags == [[Tag("Due", "2026-04-01", "string")], None, [Tag("Due", "2026-04-02", "string")]]
