"""Start times as the exports of many countries write them, and what their clocks do when they change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import xlsxwriter

from reddy_lib.spreadsheet import Mapping, build_frame, guess_mapping, read_sheet
from reddy_lib.spreadsheet.cells.dates import is_day_alone, looks_like_time, read_timestamp, zone
from reddy_lib.spreadsheet.evidence.day_order import column_order, day_order


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        # ISO 8601 and its neighbours
        ("2026-03-30T17:46:00.000Z", "2026-03-30T17:46"),
        ("2026-03-30T17:46:00.000000+00:00", "2026-03-30T17:46"),
        ("2026-03-30T17:46:00-05:00", "2026-03-30T22:46"),
        ("2026-03-30T17:46:00-0500", "2026-03-30T22:46"),
        ("2026-03-30T17:46:00+05:30", "2026-03-30T12:16"),
        ("2026-03-30T17:46:00+05:45", "2026-03-30T12:01"),
        ("2026-03-30 17:46:00 UTC", "2026-03-30T17:46"),
        ("2026-03-30 17:46:00 +0200", "2026-03-30T15:46"),
        ("2026-03-30 17:46:00 GMT+2", "2026-03-30T15:46"),
        ("2026-03-30 17:46:00 UTC-03:00", "2026-03-30T20:46"),
        ("20260330T174600Z", "2026-03-30T17:46"),
        ("2026-03-30T23:59:59-12:00", "2026-03-31T11:59:59"),
        ("2026-03-30T00:00:00+14:00", "2026-03-29T10:00"),
        ("202603301746", "2026-03-30T17:46"),
        ("2026/03/30", "2026-03-30T00:00"),
        ("2026.03.30 17:46", "2026-03-30T17:46"),
        ("2024-02-29", "2024-02-29T00:00"),
        # Germany, Austria, Switzerland
        ("30.3.2026 um 17:46 Uhr", "2026-03-30T17:46"),
        ("30.03.26 17:46:05", "2026-03-30T17:46:05"),
        ("Montag, 30. März 2026 17:46", "2026-03-30T17:46"),
        ("30. Jänner 2026", "2026-01-30T00:00"),
        ("1.2.2026", "2026-02-01T00:00"),
        # France, Spain, Italy, Portugal, the Netherlands
        ("30 mars 2026 à 17h46", "2026-03-30T17:46"),
        ("30/03/2026 17h46", "2026-03-30T17:46"),
        ("1er avril 2026", "2026-04-01T00:00"),
        ("30 août 2026 09:05", "2026-08-30T09:05"),
        ("lunes, 30 de marzo de 2026", "2026-03-30T00:00"),
        ("30 marzo 2026 17:46", "2026-03-30T17:46"),
        ("30 de março de 2026 17:46", "2026-03-30T17:46"),
        ("30 maart 2026 17:46", "2026-03-30T17:46"),
        ("30-03-2026 17:46", "2026-03-30T17:46"),
        # Britain and America
        ("30 Mar 2026 17:46", "2026-03-30T17:46"),
        ("30-Mar-2026 17:46", "2026-03-30T17:46"),
        ("1st April 2026", "2026-04-01T00:00"),
        ("Tuesday, March 31st, 2026 5:46 PM", "2026-03-31T17:46"),
        ("Sept 3, 2026", "2026-09-03T00:00"),
        ("3/30/2026, 5:46:07 p.m.", "2026-03-30T17:46:07"),
        ("12/31/99 11:59 PM", "1999-12-31T23:59"),
    ],
)
def test_dates_of_many_countries(cell: str, iso: str) -> None:
    assert read_timestamp(cell) == (utc(iso), None)


@pytest.mark.parametrize(
    ("clock", "hour"),
    [
        ("12:00 AM", 0), ("12:30 am", 0), ("1:00 AM", 1), ("11:00 a.m.", 11), ("12:00 PM", 12), ("12:30 p.m.", 12),
        ("1:00 PM", 13), ("0:30 AM", 0), ("0:30 PM", 12), ("13:30 PM", 13), ("11:00pm", 23),
        ("9:00 P.M.", 21), ("09:00AM", 9),
    ],
)  # fmt: skip
def test_twelve_hour_clocks_have_their_noon_and_their_midnight(clock: str, hour: int) -> None:
    minute = 30 if ":30" in clock else 0
    moment = datetime(2026, 3, 30, hour, minute, tzinfo=UTC).timestamp()
    assert read_timestamp(f"3/30/2026 {clock}") == (moment, None)


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        ("30/03/00", 2000), ("30/03/26", 2026), ("30/03/69", 2069), ("30/03/70", 1970), ("30/03/99", 1999),
        ("30.03.05", 2005),
    ],
)  # fmt: skip
def test_two_digit_years_turn_at_seventy(cell: str, year: int) -> None:
    assert read_timestamp(cell) == (utc(f"{year}-03-30"), None)


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**19])
def test_a_number_beyond_64_bits_is_unreadable_as_a_number_and_as_text(number: int) -> None:
    """No database can store it: the first number that is too large is 2**63."""
    for cell in (number, float(number), str(number), f"{number}.0"):
        seconds, found = read_timestamp(cell)
        assert seconds is None
        assert found is not None
        assert found.code == "timestamp-unreadable"
    below = 2**63 - 1024  # the largest one below that a float can be
    for cell in (below, -below, str(below), str(-below)):
        seconds, found = read_timestamp(cell)
        assert (abs(seconds or 0), found) == (below, None)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-02-29", "29/02/2025", "2026-13-01", "31/04/2026", "0/4/2026", "3/30/2026 24:01", "3/30/2026 14:30 AM",
        "3/30/2026 17:60", "30 Foo 2026", "March 2026", "Q1 2026", "week 13", "17:46", "5:46 PM", "30/03", "30/03/126",
        "130/03/2026", "yesterday 10:00", "2026-03-30 17:46 Mars", "—", "N/A", "#VALUE!", "1e999", "-1e999",
        "2026-03-30T17:46:00+25:00",
    ],
)  # fmt: skip
def test_nothing_is_made_of_what_is_no_moment(cell: str) -> None:
    seconds, found = read_timestamp(cell)
    assert seconds is None
    assert found is not None
    assert (found.code, found.field, found.value) == ("timestamp-unreadable", "timestamp", cell)
    assert repr(cell) in found.message


@pytest.mark.parametrize(
    ("cell", "unit", "seconds"),
    [
        (1774892760, "auto", 1774892760),
        ("1774892760", "s", 1774892760),
        (1774892760.25, "auto", 1774892760.25),
        ("1774892760.25", "auto", 1774892760.25),
        ("1.774892760e9", "auto", 1774892760),
        ("1.774892E+09", "auto", 1774892000),
        (1774892760123, "ms", 1774892760.123),
        ("1774892760123", "ms", 1774892760.123),
        ("+1774892760", "auto", 1774892760),
        (0, "auto", 0),
        ("-86400", "auto", -86400),
    ],
)
def test_numbers_are_seconds_or_what_the_mapping_says(cell: object, unit: str, seconds: float) -> None:
    assert read_timestamp(cell, unit=unit) == (seconds, None)


def test_the_unit_of_numbers_says_nothing_about_written_dates() -> None:
    assert read_timestamp("2026-03-30 17:46", unit="ms") == (utc("2026-03-30T17:46"), None)
    assert read_timestamp("20260330174600", unit="ms") == (utc("2026-03-30T17:46"), None)


def test_eight_digits_that_are_no_date_are_a_number() -> None:
    assert read_timestamp("20261350") == (20261350, None)


@pytest.mark.parametrize(
    ("name", "cell", "utc_time"),
    [
        ("Europe/London", "2026-01-15 12:00", "2026-01-15T12:00"),
        ("Europe/London", "2026-07-15 12:00", "2026-07-15T11:00"),
        ("America/New_York", "2026-01-15 12:00", "2026-01-15T17:00"),
        ("America/New_York", "7/15/2026 12:00 PM", "2026-07-15T16:00"),
        ("Asia/Kolkata", "15-07-2026 12:00", "2026-07-15T06:30"),
        ("Asia/Kathmandu", "2026-07-15 12:00", "2026-07-15T06:15"),
        ("Australia/Sydney", "2026-01-15 12:00", "2026-01-15T01:00"),
        ("America/St_Johns", "2026-01-15 12:00", "2026-01-15T15:30"),
        ("Pacific/Kiritimati", "2026-01-15 12:00", "2026-01-14T22:00"),
        ("UTC", "2026-07-15 12:00", "2026-07-15T12:00"),
        ("", "2026-07-15 12:00", "2026-07-15T12:00"),
    ],
)
def test_a_time_without_a_zone_is_read_in_the_one_chosen(name: str, cell: str, utc_time: str) -> None:
    assert read_timestamp(cell, tz=zone(name)) == (utc(utc_time), None)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-07-15T12:00:00Z", "2026-07-15T14:00:00+02:00", "15/07/2026 12:00 UTC", "Wed, 15 Jul 2026 12:00:00 GMT",
        datetime(2026, 7, 15, 12, tzinfo=UTC), datetime(2026, 7, 15, 14, tzinfo=timezone(timedelta(hours=2))),
        1784116800, "1784116800",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_a_time_with_a_zone_is_the_same_whatever_was_chosen(cell: object, name: str) -> None:
    assert read_timestamp(cell, tz=zone(name)) == (1784116800, None)


@pytest.mark.parametrize(
    ("name", "cell", "utc_time"),
    [
        ("America/New_York", "2026-11-01 01:30", "2026-11-01T05:30"),
        ("America/New_York", "11/1/2026 1:59:59 AM", "2026-11-01T05:59:59"),
        ("Europe/Berlin", "25.10.2026 02:00", "2026-10-25T00:00"),
        ("Australia/Sydney", "2026-04-05 02:30", "2026-04-04T15:30"),
        ("America/Santiago", "2026-04-04 23:30", "2026-04-05T02:30"),
    ],
)
def test_a_time_that_happens_twice_is_the_first_of_the_two_and_said(
    name: str, cell: str, utc_time: str
) -> None:
    seconds, found = read_timestamp(cell, tz=ZoneInfo(name), day_first=False)
    assert seconds == utc(utc_time)
    assert found is not None
    assert (found.code, found.severity) == ("timestamp-ambiguous", "warning")
    assert found.message == (
        f"The start time {cell} happened twice in {name}, because clocks changed: the first of the two was taken."
    )


@pytest.mark.parametrize(
    ("name", "cell", "read_as"),
    [
        ("America/New_York", "2026-03-08 02:30", "03:30"),
        ("Europe/Berlin", "29.03.2026 02:15", "03:15"),
        ("Australia/Sydney", "2026-10-04 02:00", "03:00"),
    ],
)
def test_a_time_that_never_happens_is_read_after_the_gap_and_said(name: str, cell: str, read_as: str) -> None:
    seconds, found = read_timestamp(cell, tz=ZoneInfo(name), day_first=True)
    assert datetime.fromtimestamp(seconds, ZoneInfo(name)).strftime("%H:%M") == read_as
    assert found is not None
    assert found.message.endswith(
        f"never happened in {name}, because clocks changed: it was read as {read_as}."
    )


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("America/New_York", "2026-11-01 00:59:59"), ("America/New_York", "2026-11-01 02:00"),
        ("America/New_York", "2026-03-08 01:59"), ("America/New_York", "2026-03-08 03:00"),
        ("America/Phoenix", "2026-11-01 01:30"), ("Asia/Kolkata", "2026-10-25 01:30"),
    ],
)  # fmt: skip
def test_nothing_is_said_beside_the_hour_in_which_clocks_change(name: str, cell: str) -> None:
    assert read_timestamp(cell, tz=ZoneInfo(name))[1] is None


def test_an_offset_in_the_cell_settles_which_of_two_hours_is_meant() -> None:
    first = read_timestamp("2026-11-01T01:30:00-04:00", tz=ZoneInfo("America/New_York"))
    second = read_timestamp("2026-11-01T01:30:00-05:00", tz=ZoneInfo("America/New_York"))
    assert first == (utc("2026-11-01T05:30"), None)
    assert second == (utc("2026-11-01T06:30"), None)


@pytest.mark.parametrize(
    ("column", "day_first", "words"),
    [
        (["13/1/2026", "1/2/2026"], True, "above 12 in 1 of 2"),
        (["1/13/2026", "1/2/2026", "2/28/2026"], False, "above 12 in 2 of 3"),
        (["13-01-26 10:00", "01-02-26 10:00"], True, "above 12 in 1 of 2"),
        (["1/31/2026 5:46 PM", "2/1/2026 5:46 PM"], False, "above 12 in 1 of 2"),
        (["31/1/2026", "1/31/2026", "2/2/2026"], None, "both orders (1 and 1 of 3)"),
        (["1.2.2026", "2.2.2026"], True, "written with dots"),
        (["4/1/2026", "4/2/2026", "4/3/2026", "4/4/2026"], False, "the second number takes 4 values"),
        (["1/4/2026", "2/4/2026", "3/4/2026", "4/4/2026"], True, "the first number takes 4 values"),
        (["1/4/2026", "2/4/2026", "3/4/2026"], None, "could not be told apart"),
        (["2026-01-13", "30 March 2026", None, "", 45000], None, ""),
        ([" 13/1/2026 "], True, "above 12 in 1 of 1"),
    ],
)
def test_the_order_of_day_and_month_comes_with_its_evidence(
    column: list[object], day_first: bool | None, words: str
) -> None:
    order = day_order(column)
    assert order.day_first is day_first
    assert words in order.reason
    assert bool(order.reason) is bool(words)


@pytest.mark.parametrize(
    ("day_first", "cell", "iso"),
    [
        (True, "3/4/2026", "2026-04-03"),
        (False, "3/4/2026", "2026-03-04"),
        (False, "3.4.2026", "2026-03-04"),
        (None, "3.4.2026", "2026-04-03"),
        (True, "2026-03-04", "2026-03-04"),
        (True, "2026/03/04", "2026-03-04"),
        (True, "March 4, 2026", "2026-03-04"),
    ],
)
def test_the_columns_order_never_overrules_what_a_cell_makes_plain(
    day_first: bool | None, cell: str, iso: str
) -> None:
    assert read_timestamp(cell, day_first=day_first) == (utc(iso), None)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("30/03/2026", True), ("30. März 2026", True), ("20260330", True), ("202603301746", True),
        (datetime(2026, 3, 30, tzinfo=UTC), True), ("1774892760.5", True), (1774892760.5, True),
        (1774892760123, True), (631_151_999, False), (4_102_444_801, False), ("0049301234567", False),
        ("+4930123456", False), ("5.1.2", False), ("192.168.0.1", False), ("2026", False), (2026, False),
        ("1-2-3", False), ("A-30/03/2026", False), ("x" * 70, False), ("", False), (None, False), (timedelta(1), False),
        ("12.50 EUR", False), ("03:20", False), ("1,234,567", False),
    ],
)  # fmt: skip
def test_what_looks_like_a_time_and_what_only_has_digits(cell: object, expected: bool) -> None:
    assert looks_like_time(cell) is expected


def workbook(path: Path, cells: list[object], number_format: str) -> Path:
    book = xlsxwriter.Workbook(path, {"default_date_format": number_format})
    page = book.add_worksheet("Calls")
    page.write_row(0, 0, ["Agent email", "Start", "Transcript"])
    for row, cell in enumerate(cells, start=1):
        page.write(row, 0, "ana@x.example")
        page.write(row, 1, cell)
        page.write(row, 2, "Agent: Good morning.\nCustomer: Hello there.")
    book.close()
    return path


def starts(path: Path, **changes: object) -> list[float | None]:
    sheet = read_sheet(path)
    return [built.call.timestamp for built in build_frame(sheet, guess_mapping(sheet).replace(**changes))]


@pytest.mark.parametrize("shown", ["dd.mm.yyyy hh:mm", "m/d/yy h:mm AM/PM", "yyyy-mm-dd hh:mm:ss"])
def test_a_date_of_excel_is_that_moment_however_it_is_shown(tmp_path: Path, shown: str) -> None:
    moment = datetime(2026, 4, 3, 17, 46)  # noqa: DTZ001 - a sheet's dates have no zone
    path = workbook(tmp_path / "calls.xlsx", [moment, date(2026, 4, 3)], shown)
    assert starts(path) == [utc("2026-04-03T17:46"), utc("2026-04-03")]
    assert starts(path, timezone="America/New_York") == [utc("2026-04-03T21:46"), utc("2026-04-03T04:00")]


def test_dates_and_texts_mixed_in_one_column_are_read_each_as_it_is(tmp_path: Path) -> None:
    cells = [datetime(2026, 4, 3, 17, 46), "13/04/2026 17:46", "3/4/2026 17:46"]  # noqa: DTZ001
    path = workbook(tmp_path / "calls.xlsx", cells, "dd/mm/yyyy hh:mm")
    assert starts(path) == [utc("2026-04-03T17:46"), utc("2026-04-13T17:46"), utc("2026-04-03T17:46")]


def test_a_zone_that_is_not_chosen_is_utc_and_a_chosen_one_is_kept() -> None:
    assert zone("") is UTC
    assert zone("UTC") is UTC
    assert zone("Europe/Berlin") is zone("Europe/Berlin")


def test_a_day_at_the_end_of_time_is_unreadable_and_no_crash() -> None:
    for cell in ("0001-01-01 00:00", datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59)):  # noqa: DTZ001
        for name in ("Asia/Tokyo", "America/New_York"):
            seconds, found = read_timestamp(cell, tz=zone(name))
            assert (seconds is None) == (found is not None)


def test_a_default_start_goes_through_the_same_reading_as_a_cell(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("Agent,Text\nana@x.example,Agent: Hi\n", encoding="utf-8")
    mapping = Mapping(
        fields={"transcript": "Text"}, timezone="Europe/London", defaults={"timestamp": "15/07/2026 12:00"}
    )
    (built,) = build_frame(read_sheet(path), mapping)
    assert built.call.timestamp == utc("2026-07-15T11:00")


@pytest.mark.parametrize(
    "date", ["{} 11/03/2026", "11/03/2026 {}", "11.03.2026, {}", "2026-03-11 {}", "11-03-26 {}"]
)
@pytest.mark.parametrize(
    ("clock", "hour"),
    [
        ("2pm", "14:00"), ("2 PM", "14:00"), ("2 p.m.", "14:00"), ("12am", "00:00"), ("12 pm", "12:00"),
        ("2.30pm", "14:30"),
        ("14h", "14:00"), ("14h30", "14:30"), ("14 hrs", "14:00"), ("14 Uhr", "14:00"), ("14 uur", "14:00"),
        ("14.30h", "14:30"), ("2 de la tarde", "14:00"), ("2 μμ", "14:00"), ("午後2時", "14:00"),
    ],
)  # fmt: skip
def test_an_hour_without_minutes_beside_a_date(date: str, clock: str, hour: str) -> None:
    assert read_timestamp(date.format(clock), day_first=True) == (utc(f"2026-03-11T{hour}"), None)


@pytest.mark.parametrize(
    "cell",
    [
        "March 11, 2026 2pm",
        "Wed 11 March 2026 at 2 PM",
        "11 de marzo de 2026 2 de la tarde",
        "11 mars 2026 14h",
    ],
)
def test_an_hour_without_minutes_beside_the_name_of_a_month(cell: str) -> None:
    assert read_timestamp(cell) == (utc("2026-03-11T14:00"), None)


@pytest.mark.parametrize("cell", ["11 de marzo de 2026", "11. März 2026", "11 March 2026"])
def test_the_day_of_a_month_is_no_hour(cell: str) -> None:
    assert read_timestamp(cell)[0] == utc("2026-03-11T00:00")


@pytest.mark.parametrize(
    "cell", ["11/03/2026 25h", "11/03/2026 2pm-3pm", "11/03/2026 2 pm 3 pm", "11/03/2026 13am"]
)
def test_an_hour_that_is_none_is_not_read(cell: str) -> None:
    seconds, found = read_timestamp(cell, day_first=True)
    assert seconds is None
    assert found is not None
    assert found.code == "timestamp-unreadable"


@pytest.mark.parametrize(
    ("cell", "unit", "alone"),
    [
        ("2026-05-06", "auto", True), ("06.05.2026", "auto", True), ("6 May 2026", "auto", True),
        ("20260506", "auto", True),
        ("2026-05-06+02:00", "auto", True), (date(2026, 5, 6), "auto", True),
        (datetime(2026, 5, 6), "auto", True), (46148, "days", True), ("46148", "days", True),  # noqa: DTZ001
        ("2026-05-06 00:00", "auto", False), ("6 May 2026 2pm", "auto", False), ("6.5.2026 14.30", "auto", False),
        (datetime(2026, 5, 6, 9), "auto", False), (46148.5, "days", False), ("46148,5", "days", False),  # noqa: DTZ001
        (datetime(2026, 5, 6, tzinfo=UTC), "auto", False), (1_778_025_600, "auto", False),
        ("1778025600", "auto", False), ("202605061430", "auto", False), (None, "auto", False),
    ],
)  # fmt: skip
def test_a_date_alone(cell: object, unit: Literal["auto", "days"], alone: bool) -> None:
    assert is_day_alone(cell, unit) is alone


def test_a_call_with_a_date_alone_says_that_its_time_of_day_is_not_known() -> None:
    frame = pd.DataFrame(
        {"Start": ["2026-05-06", "2026-05-06 00:00", ""], "Id": ["a", "b", "c"]}, dtype=object
    )
    built = list(build_frame(frame, Mapping(fields={"timestamp": "Start", "conversation_id": "Id"})))
    assert [[found.code for found in call.findings] for call in built] == [
        ["timestamp-without-clock"],
        [],
        [],
    ]
    assert built[0].call.timestamp == utc("2026-05-06T00:00")


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["25/04/2026 10:00", "03/04/2026 11:00", "03.04.2026 12:00"], True),
        (["04/25/2026 10:00", "03/04/2026 11:00", "03.04.2026 12:00"], None),  # one order would be wrong for some
        (["25/04/2026 10:00", "03/04/2026 11:00", "03-04-2026 12:00"], None),
        (["25/04/2026 10:00", "03/04/2026 11:00", "26-04-2026 12:00"], True),
        (["04/25/2026 10:00", "03/04/2026 11:00", "26-04-2026 12:00"], None),
        (["04/25/2026 10:00", "03/04/2026 11:00", "04-04-2026 12:00"], False),
    ],
)  # fmt: skip
def test_dates_with_other_marks_may_have_another_order(cells: list[str], first: bool | None) -> None:
    assert day_order(cells).day_first is first


def test_the_days_of_the_rows_tell_the_order_against_that_of_another_column() -> None:
    start = ["03/04/2026", "05/04/2026", "06/04/2026", "07/04/2026"]
    end = ["04/03/2026", "04/05/2026", "04/06/2026", "04/07/2026", "04/25/2026"]
    order = column_order([*start, ""], others={"End": end}, now=2e9)
    assert order.day_first is True
    unlike = ["25-01-2026", "20-01-2026", "18-01-2026", "17-01-2026", "16-01-2026"]
    assert column_order([*start[:2], *start[:2]], others={"Due": unlike}, now=2e9).day_first is None
