"""Start times read over a whole column: forms of many languages and systems, numbers, orders, zones, and what is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest

from reddy_lib.checks import check
from reddy_lib.spreadsheet import Mapping, build_frame, guess_mapping, questions
from reddy_lib.spreadsheet.calls.building import BuiltCall
from reddy_lib.spreadsheet.cells.dates import read_timestamp
from reddy_lib.spreadsheet.evidence.date_columns import date_evidence, read_column
from reddy_lib.spreadsheet.evidence.day_order import DayOrder, column_order, locale_order

NOW = datetime(2026, 11, 30, tzinfo=UTC).timestamp()
TALK = "Agent: Good morning.\nCustomer: Hello there, hi."


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def built(
    cells: list[Any], name: str = "Start time", others: dict[str, list[Any]] | None = None, **changes: Any
) -> tuple[list[float | None], list[list[str]], Mapping]:
    """The starts, the codes of the errors on them, and the mapping that was guessed."""
    frame = pd.DataFrame({"Agent email": ["ana@x.example"] * len(cells), name: cells, **(others or {})})
    frame["Transcript"] = [TALK] * len(cells)
    mapping = guess_mapping(frame).replace(**changes)
    assert "timestamp" in mapping.sources()
    calls = list(build_frame(frame, mapping))
    errors = [
        [
            one.code
            for one in [*call.findings, *check(call.call)]
            if one.field == "timestamp" and one.severity == "error"
        ]
        for call in calls
    ]
    return [call.call.timestamp for call in calls], errors, mapping


@pytest.mark.parametrize(
    "cell",
    [
        # western and northern Europe
        "2. April 2026 13:05", "2 avr. 2026 13:05:00", "2 de abril de 2026, 1:05 p. m.", "2 aprile 2026 alle 13:05",
        "gio 2 apr 2026, 13:05", "quinta-feira, 2 de abril de 2026 às 13:05", "2 april 2026 om 13:05 uur",
        "den 2 april 2026 kl. 13:05", "2. april 2026 kl. 13.05", "tors. 2. apr. 2026 13.05.00",
        "2. huhtikuuta 2026 klo 13.05", "to 2.4.2026 klo 13.05", "2 d’abril de 2026 13:05", "2 avril 2026 à 13 h 05",
        # eastern and southern Europe
        "2 kwietnia 2026, 13:05", "czwartek, 2 kwi 2026 13:05:00", "2. dubna 2026 13:05", "2. 4. 2026 13:05",
        "2. apríla 2026 13:05", "2026. április 2. 13:05", "2026. ápr. 2., csütörtök 13:05", "2026. 04. 02. 13:05:00",
        "2 aprilie 2026, 13:05", "2 Απριλίου 2026, 1:05 μ.μ.", "2 апреля 2026 г., 13:05", "2 квітня 2026 р. о 13:05",
        "2 април 2026 г. 13:05", "2. aprīlis 2026 13:05", "2026 m. balandžio 2 d. 13:05",
        "2 Nisan 2026 Perşembe 13:05", "2 Nisan 2026 öğleden sonra 1:05", "02 Nis 2026 13:05",
        # the Middle East and India
        "٢ أبريل ٢٠٢٦ ١:٠٥ م", "2 نيسان 2026 13:05", "٢٠٢٦-٠٤-٠٢ ١٣:٠٥:٠٠", "۲۰۲۶/۰۴/۰۲ ۱۳:۰۵", "2 באפריל 2026 13:05",
        "2 अप्रैल 2026 13:05",
        # east Asia
        "2026年4月2日 13時05分", "2026年4月2日(木) 午後1時05分", "2026年4月2日 下午1:05",
        "2026-04-02 下午 01:05:00",
        "2026年4月2日星期四 13点05分", "2026년 4월 2일 오후 1:05", "2026. 4. 2. 오후 1:05:00",
        "２０２６年４月２日 １３：０５",
        "令和8年4月2日 13:05", "民國115年4月2日 下午1:05", "2 April 2026 pukul 13.05", "Kamis, 2 April 2026 13.05.00",
        "13:05 2 tháng 4, 2026", "Ngày 02 tháng 04 năm 2026 13:05", "1:05 CH 2 thg 4, 2026", "2 เม.ย. 2569 13:05 น.",
        "2 เมษายน พ.ศ. 2569 เวลา 13:05",
        # systems
        "20260402T130500Z", "20260402130500", "20260402 130500", "20260402_130500", "2026-04-02_13-05-00",
        "/Date(1775135100000+0200)/", "\\/Date(1775135100000)\\/", "Thu Apr  2 13:05:00 2026", "Apr  2 2026  1:05PM",
        "02-APR-26 01.05.00.000000 PM", "02-APR-2026 13:05:00", "2026-04-02-13.05.00.000000",
        "Timestamp('2026-04-02 13:05:00')", "datetime.datetime(2026, 4, 2, 13, 5)", 'ISODate("2026-04-02T13:05:00Z")',
        '{"$date": {"$numberLong": "1775135100000"}}', '{"$date": "2026-04-02T13:05:00Z"}',
        "Thu Apr 02 2026 15:05:00 GMT+0200 (CEST)", "Thu Apr 02 2026 15:05:00 GMT+0200 (Central European Summer Time)",
        "Thu Apr 02 15:05:00 CEST 2026", "Thu, 02 Apr 2026 15:05:00 +0200 (CEST)", "2026-04-02 15:05:00.0000000 +02:00",
        "02-APR-26 03.05.00.000000 PM +02:00", "02/Apr/2026:15:05:00 +0200", "2026-04-02T15:05:00+02:00[Europe/Berlin]",
        "2026-04-02 15:05:00 Europe/Berlin", "2026-04-02 15:05:00.123456789 +0200 CEST", "2026-04-02 9:05 EDT",
        "2026-04-02 6:05 AM Pacific Daylight Time",
        # written beside the usual
        "Donnerstag, den 2. April 2026, 13.05 Uhr", "April 2nd, 2026 at 9:05am EDT", "2 Apr '26 13:05",
        "2.4.2026 klo 13.05",
        "2026-W14-4T13:05", "Apr-02-2026 13:05", "02APR2026:13:05:00", "2/abr/2026 13:05",
        "2 Απριλίου 2026 στις 1:05 μ.μ.",
        "2 апреля 2026 года в 13 часов 05 минут", "2026年4月2日 午後1時5分", "2026-04-02(목) 13:05",
        "الخميس، 2 أبريل 2026، 1:05 م",
        "יום חמישי, 2 באפריל 2026 בשעה 13:05", "วันพฤหัสบดีที่ 2 เมษายน 2569 เวลา 13:05 น.", "2026-04-02 15:05 (Europe/Paris)",
    ],
)  # fmt: skip
def test_a_written_moment_is_read_in_every_language_and_system(cell: str) -> None:
    seconds, found = read_timestamp(cell)
    assert found is None
    assert seconds is not None
    assert int(seconds) == utc("2026-04-02T13:05")


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("2 listopada 2026", "2026-11-02"),  # Polish
        ("2. listopada 2026.", "2026-10-02"),  # Croatian
        ("2. listopadu 2026", "2026-11-02"),  # Czech
        ("mar 7 abr 2026", "2026-04-07"),  # Tuesday in Spanish, not March
        ("3 mai 2026", "2026-05-03"),
        ("2026-04-02+02:00", "2026-04-01T22:00"),  # a day with its zone in XML, no clock
        ("午前0時5分 2026年4月2日", "2026-04-02T00:05"),
        ("2026/4/2 凌晨 1:05", "2026-04-02T01:05"),
        ("2 April 2026 11:05 Uhr nachts", "2026-04-02T23:05"),
    ],
)
def test_words_that_mean_several_things_are_told_apart(cell: str, iso: str) -> None:
    assert read_timestamp(cell) == (utc(iso), None)


@pytest.mark.parametrize(
    "cell",
    [
        "INV-30/03/2026", "A-30/03/2026", "order 66 of May", "2 Brumaire 2026", "2026-04-02 13:05 perhaps", "4 April",
        "2 April 2026 and 3 April 2026", "13:05 25:00 2026-04-02", "32. dubna 2026", "2026年13月2日", "1447-10-14 هـ",
        '{"id": 5}', "datetime.datetime(2026, 13, 2)", "/Date(soon)/",
    ],
)  # fmt: skip
def test_a_text_of_which_a_part_is_not_understood_is_no_date(cell: str) -> None:
    seconds, found = read_timestamp(cell)
    assert seconds is None
    assert found is not None
    assert found.code == "timestamp-unreadable"


@pytest.mark.parametrize(
    ("cells", "unit"),
    [
        (["46114,54526620", "46114,58971065"], "days"),
        (["46114.545266", "46114.589711"], "days"),
        ([46114.545266204, 46114.589710648], "days"),
        (["1775135111", "1775138951"], "auto"),
        ([1775135111000.0, 1775138951000.0], "ms"),
        (["1775135111000", "1775138951000"], "ms"),
        (["1.775135111E+12", "1.775138951E+12"], "ms"),
        (["1775135111000000", "1775138951000000"], "us"),
        (["1775135111000000000", "1775138951000000000"], "ns"),
        (["639107319110000000", "639107357510000000"], "ticks"),
        (["134196087110000000", "134196125510000000"], "filetime"),
        (["260402130511", "260402140911"], "auto"),
    ],
)
@pytest.mark.parametrize("name", ["Start time", "Début d'appel"])
def test_numbers_are_read_in_the_unit_that_the_column_shows(cells: list[Any], unit: str, name: str) -> None:
    starts, errors, mapping = built(cells, name)
    assert starts == [utc("2026-04-02T13:05:11"), utc("2026-04-02T14:09:11")]
    assert errors == [[], []]
    assert mapping.timestamp_unit == unit


@pytest.mark.parametrize(
    "cells", [["46114.545266", "46115.589711"], ["1775135111", "1775225111"], ["1775135111000000"] * 2]
)
def test_numbers_under_an_unknown_name_are_dates_if_nothing_else_is(cells: list[str]) -> None:
    frame = pd.DataFrame({"Agent email": ["a@x.example"] * 2, "Col 7": cells, "Transcript": [TALK] * 2})
    assert guess_mapping(frame).fields["timestamp"] == "Col 7"


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Case", ["1700012345", "1700012346", "1700012351"]),
        ("Ref", ["45001", "45002", "45003", "45004", "45005"]),
        ("Amount", ["45999.50", "45120.00"]),
        ("Talk time", ["180", "45", "3600"]),
        ("Phone", ["1555123456", "1655123456"]),
        ("Score", ["44000", "41000"]),
    ],
)
def test_ids_amounts_and_durations_are_no_dates(name: str, cells: list[str]) -> None:
    evidence = date_evidence(cells, name=name, now=NOW)
    assert not (evidence.share and evidence.sure)


def test_whole_days_of_a_spreadsheet_program_are_dates_where_the_name_says_so() -> None:
    starts, errors, mapping = built(["45999", "46001"], "Date")
    assert starts == [utc("2025-12-08"), utc("2025-12-10")]
    assert errors == [[], []]
    assert "numbers of days" in mapping.reasons["timestamp"]
    assert date_evidence(["45999", "46001"], name="Points", now=NOW).share == 0


def test_days_since_1904_are_recognised_by_a_date_beside_them() -> None:
    others = {"Recording": ["rec-20260402-1.wav", "rec-20260403-2.wav"]}
    read = read_column(["44652.545266", "44653.589711"], name="Start", others=others)
    assert read.unit == "auto" or read.unit == "days"  # a name of a file is no date of its own
    read = read_column(
        ["44652.545266", "44653.589711"],
        name="Start",
        others={"End": ["2026-04-02 13:08", "2026-04-03 14:12"]},
    )
    assert read.unit == "days 1904"


def test_a_number_that_is_no_moment_is_held_and_never_1970() -> None:
    for cells in (["180", "45", "3600"], ["45999.5", "12", "7"], ["12", "45", "77"]):
        _, errors, _ = built(cells)
        assert all(errors)


def test_digits_that_excel_dropped_are_said() -> None:
    starts, errors, _ = built(["1.77514E+12", "1.77514E+12"])
    assert errors == [["timestamp-imprecise"]] * 2
    assert starts == [1775140000, 1775140000]
    assert read_timestamp("46114.54", unit="days")[1] is not None
    assert read_timestamp("46114.5", unit="days") == (utc("2026-04-02T12:00"), None)


# --- day and month -----------------------------------------------------------------------------------------

OPEN = ["03/04/2026 10:00", "05/04/2026 10:00"]


def test_dates_that_only_a_person_can_tell_apart_are_asked_until_she_chose() -> None:
    starts, errors, _ = built(OPEN)
    assert starts == [None, None]
    assert errors == [["timestamp-ambiguous-order"]] * 2
    assert built(OPEN, day_first=True)[:2] == ([utc("2026-04-03T10:00"), utc("2026-04-05T10:00")], [[], []])
    assert built(OPEN, day_first=False)[:2] == ([utc("2026-03-04T10:00"), utc("2026-05-04T10:00")], [[], []])


def test_a_column_in_both_orders_holds_the_rows_that_have_two_readings() -> None:
    starts, errors, mapping = built(["13/04/2026", "04/15/2026", "03/04/2026", "04/04/2026"])
    assert starts == [utc("2026-04-13"), utc("2026-04-15"), None, utc("2026-04-04")]
    assert errors == [[], [], ["timestamp-ambiguous-order"], []]
    assert "both orders" in mapping.reasons["timestamp"]


def test_a_date_that_does_not_fit_the_chosen_order_is_said() -> None:
    _, errors, _ = built(["01/02/2026", "04/15/2026"], day_first=True)
    assert errors == [[], ["timestamp-order-differs"]]


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"End": ["13/04/2026", "05/04/2026"]}, "'End' has the day first"),
        ({"End": ["2026-04-03 10:04", "2026-04-05 10:03"]}, "'End' has the same days in 2 of 2"),
        ({"Recording": ["rec_20260403_1.wav", "rec_20260405_2.wav"]}, "'Recording' has the same days"),
        ({"Exported": [datetime(2026, 4, 3, 10), datetime(2026, 4, 5, 11)]}, "'Exported' has the same days"),  # noqa: DTZ001
        ({"Score": ["3,5", "4,5"]}, "decimal comma"),
        ({"Dauer": ["120", "130"]}, "the header 'Dauer' is not English"),
        ({"Длительность": ["120", "130"]}, "is not English"),
    ],
)
def test_what_stands_beside_the_dates_tells_their_order(others: dict[str, list[Any]], words: str) -> None:
    starts, errors, mapping = built(OPEN, others=others)
    assert starts == [utc("2026-04-03T10:00"), utc("2026-04-05T10:00")]
    assert errors == [[], []]
    assert words in mapping.reasons["timestamp"]


@pytest.mark.parametrize(
    ("cells", "day_first", "words"),
    [
        (["Fri 03/04/2026", "Sun 05/04/2026"], True, "the weekday fits in 2 of 2"),
        (["Wed 03/04/2026", "Mon 05/04/2026"], False, "the weekday fits in 2 of 2"),
        (["11/02/2026", "12/02/2026", "01/03/2026", "02/03/2026", "03/03/2026"], True, "in order of time"),
        (["02/11/2026", "02/12/2026", "03/01/2026", "03/02/2026", "03/03/2026"], False, "in order of time"),
        (["03/03/2026", "02/03/2026", "01/03/2026", "12/02/2026", "11/02/2026"], True, "in order of time"),
        (["03/12/2026", "05/11/2026"], False, "in the future"),
        (["3/4/2026", "4/3/2026"], None, "could not be told apart"),
        (
            ["Fri 03/04/2026", "Sun 05/04/2026", "4/5/2026", "1.4.2026"],
            True,
            "the weekday fits in 2 of 3",
        ),
        (["03/04/2026 09:15", "04.03.2026 14:00"], None, "could not be told apart"),
        (["03/04/2026 09:15", "13.03.2026 14:00"], None, "could not be told apart"),
        (["13/04/2026 09:15", "04.03.2026 14:00"], True, "above 12 in 1 of 1"),
        (["03.04.2026 09:15", "04.03.2026 14:00"], True, "written with dots"),
    ],
)
def test_the_dates_themselves_tell_their_order(cells: list[str], day_first: bool | None, words: str) -> None:
    order = column_order(cells, now=NOW)
    assert order.day_first is day_first
    assert words in order.reason


def test_evidence_that_contradicts_itself_is_asked() -> None:
    order = column_order(
        ["Wed 03/04/2026", "Mon 05/04/2026"], locale=DayOrder(True, "numbers have a decimal comma"), now=NOW
    )
    assert order.day_first is None
    assert "but numbers have a decimal comma" in order.reason


def test_an_english_sheet_says_nothing_about_the_order() -> None:
    headers = ["Call ID", "Agent", "Start", "Duration", "Data", "Client", "Transcript"]
    assert locale_order(headers, [["4.5", "3.0"], [TALK * 9]]).day_first is None
    german = "Berater: Guten Tag, wie kann ich Ihnen helfen?\nKundin: Ich kann mich nicht anmelden, das ist sehr ärgerlich."
    assert locale_order(headers, [[german * 3]]).day_first is True
    assert locale_order(headers, dates=["03/04/2026 um 10:00 Uhr"]).day_first is True


def test_years_of_two_digits_in_front_are_known_by_their_column() -> None:
    starts, errors, mapping = built(["26/04/02 13:05", "26/04/17 13:05", "26/05/30 09:00"])
    assert starts == [utc("2026-04-02T13:05"), utc("2026-04-17T13:05"), utc("2026-05-30T09:00")]
    assert errors == [[], [], []]
    assert mapping.year_first
    assert built(["28/03/26", "03/04/26"])[0] == [utc("2026-03-28"), utc("2026-04-03")]


def test_dates_that_excel_may_have_swapped_are_asked_and_swapped_back_on_request() -> None:
    cells = [date(2026, 3, 4), "13/04/2026", date(2026, 5, 4), "28/04/2026", date(2026, 6, 6)]
    starts, errors, mapping = built(cells)
    assert mapping.swapped_dates == "ask"
    assert errors == [["timestamp-swapped"], [], ["timestamp-swapped"], [], []]
    starts, errors, _ = built(cells, swapped_dates="swap")
    assert starts == [utc(f"2026-{day}") for day in ("04-03", "04-13", "04-05", "04-28", "06-06")]
    assert errors == [[]] * 5


def test_years_before_1990_and_of_other_calendars_are_held() -> None:
    for cells in (["1405/01/13"], ["2569-04-02"], ["01.01.1970"], ["31/12/1899"]):
        assert all(built(cells)[1])


# --- zones -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "zones", "hours"),
    [
        ("time_zone", ["America/New_York", "America/Los_Angeles"], (13, 16)),
        ("Zeitzone", ["W. Europe Standard Time", "GMT Standard Time"], (7, 8)),
        ("tz", ["CEST", "EDT"], (7, 13)),
        ("UTC offset", ["+02:00", "-05:00"], (7, 14)),
        ("Zone", ["(UTC+01:00) Amsterdam, Berlin, Bern", "Pacific Time"], (7, 16)),
    ],
)
def test_a_column_of_zones_gives_the_zone_of_each_row(
    column: str, zones: list[str], hours: tuple[int, int]
) -> None:
    cells = ["2026-04-02 09:00:00", "2026-04-02 09:00:00"]
    starts, errors, mapping = built(cells, others={column: zones})
    assert starts == [utc(f"2026-04-02T{hour:02}:00") for hour in hours]
    assert errors == [[], []]
    assert mapping.timezone_column == column


def test_a_zone_that_is_unclear_is_held_unless_the_batch_s_zone_has_it() -> None:
    assert built(["2026-04-02 09:00 IST"])[1] == [["timestamp-zone-unclear"]]
    starts, errors, _ = built(["2026-04-02 09:00 IST"], timezone="Asia/Kolkata")
    assert (starts, errors) == ([utc("2026-04-02T03:30")], [[]])
    _, errors, _ = built(["2026-04-02 09:00"], others={"Time zone": ["IST"]})
    assert errors == [["timestamp-zone-unclear"]]


def test_a_winter_time_in_summer_and_a_usual_meaning_are_said_as_warnings() -> None:
    for cell, words in (
        ("2026-07-02 13:05 CET", "winter time, and the date is in summer"),
        ("2026-01-02 13:05 CST", "not China"),
    ):
        seconds, found = read_timestamp(cell)
        assert seconds is not None
        assert found is not None
        assert (found.code, found.severity) == ("timestamp-zone-assumed", "warning")
        assert words in found.message


def test_a_row_without_a_zone_is_read_in_that_of_the_batch_and_said() -> None:
    frame = pd.DataFrame(
        {"Start": ["2026-04-02 09:00"] * 2, "Zone": ["Europe/Paris", ""], "Text": [TALK] * 2}
    )
    mapping = Mapping(fields={"timestamp": "Start", "transcript": "Text"}, timezone_column="Zone")
    one, two = build_frame(frame, mapping)
    assert (one.call.timestamp, two.call.timestamp) == (utc("2026-04-02T07:00"), utc("2026-04-02T09:00"))
    assert [found.code for found in two.findings if found.field == "timestamp"] == ["timestamp-zone-assumed"]


# --- a date and a clock in two columns ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "dates", "clocks"),
    [
        (("Datum", "Čas"), ["2. dubna 2026", "3. dubna 2026"], ["13:05", "14:00"]),
        (("日付", "時刻"), ["2026年4月2日", "2026年4月3日"], ["午後1時05分", "14時00分"]),
        (("날짜", "시간"), ["2026. 4. 2.", "2026. 4. 3."], ["오후 1:05", "오후 2:00"]),
        (("Dato", "Tid"), ["2. april 2026", "3. april 2026"], ["kl. 13.05", "kl. 14.00"]),
        (("Date", "Time"), ["46114", "46115"], ["0,545138889", "0,583333333"]),
        (("Datum", "Uhrzeit"), ["02.04.2026", "03.04.2026"], ["13:05 Uhr", "14:00 Uhr"]),
        (("التاريخ", "الوقت"), ["٢ أبريل ٢٠٢٦", "٣ أبريل ٢٠٢٦"], ["١:٠٥ م", "٢:٠٠ م"]),
        (("Tarih", "Saat"), ["2 Nisan 2026", "3 Nisan 2026"], ["13:05", "14:00"]),
    ],
)
def test_a_date_and_a_time_of_day_in_two_columns_make_one_moment(
    names: tuple[str, str], dates: list[str], clocks: list[str]
) -> None:
    starts, errors, mapping = built(dates, names[0], {names[1]: clocks})
    assert list(mapping.joins["timestamp"].columns) == list(names)
    assert starts == [utc("2026-04-02T13:05"), utc("2026-04-03T14:00")]
    assert errors == [[], []]


# --- evidence ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "form", "granularity", "rising"),
    [
        (["2026-04-02 13:05:11", "2026-04-03 09:00:00"], "ISO", "second", 1.0),
        (["2026-04-02", "2026-04-03", "2026-04-01"], "ISO", "day", 0.5),
        (["03/04/2026 10:00", "05/04/2026 11:00"], "numeric", "minute", 1.0),
        (["2. dubna 2026", "1. dubna 2026"], "named", "day", 1.0),
        (["20260402130511", "20260402140511"], "digits", "second", 1.0),
        ([date(2026, 4, 2), date(2026, 4, 3)], "dates", "day", 1.0),
        (["1775135111000", "1775138951000"], "ms", "second", 1.0),
        (["46114.545266", "46115.589711"], "days", "second", 1.0),
    ],
)
def test_a_column_shows_what_kind_of_moments_it_holds(
    cells: list[Any], form: str, granularity: str, rising: float
) -> None:
    evidence = date_evidence(cells, now=NOW)
    assert (evidence.share, evidence.form, evidence.sure) == (1.0, form, True)
    assert (evidence.granularity, evidence.rising) == (granularity, rising)
    assert evidence.low is not None
    assert utc("2026-03-01") < evidence.low < NOW


@pytest.mark.parametrize(
    "cells",
    [
        [],
        [None, ""],
        ["Anna", "Ben"],
        ["17:46", "18:00"],
        ["5", "4"],
        [True, False],
        ["Ticket 4711 open"] * 200,
    ],
)
def test_a_column_of_something_else_shows_no_moments(cells: list[Any]) -> None:
    assert date_evidence(cells, now=NOW).share == 0


CLOCKS = [(8 + place % 5, place * 13 % 60) for place in range(8)]


def beside_a_date(name: str, cells: list[Any]) -> tuple[Mapping, list[BuiltCall]]:
    talk = "Agent: Good morning, how can I help you? Customer: My bill is wrong."
    frame = pd.DataFrame(
        {
            "id": [f"x{place}" for place in range(8)],
            "date": [f"{13 + place}/03/2026" for place in range(8)],
            name: pd.Series(cells, dtype=object, index=range(2, 10)),
            "agent": ["ann@x.example"] * 8,
            "text": [talk] * 8,
        },
        index=range(2, 10),
    )
    mapping = guess_mapping(frame)
    return mapping, list(build_frame(frame, mapping))


@pytest.mark.parametrize("name", ["time", "Uhrzeit", "Ora", "Start"])
@pytest.mark.parametrize(
    "form",
    ["{0:02}.{1:02}", "{0}.{1:02}", "{0:02}{1:02}", "{0}{1:02}", "{0}-{1:02}", "{0} {1:02}", "{0}.{1:02}.00"],
)
def test_a_clock_without_a_colon_is_joined_to_its_date(name: str, form: str) -> None:
    mapping, calls = beside_a_date(name, [form.format(*clock) for clock in CLOCKS])
    assert mapping.joins["timestamp"].columns == ["date", name]
    for place, (built, (hour, minute)) in enumerate(zip(calls, CLOCKS, strict=True)):
        assert built.call.timestamp == datetime(2026, 3, 13 + place, hour, minute, tzinfo=UTC).timestamp()


def test_numbers_of_a_workbook_are_clocks_too() -> None:
    """A cell 10.50 comes as 10.5, and 09:05 typed as 905 as a whole number."""
    for cells in (
        [hour + minute / 100 for hour, minute in CLOCKS],
        [hour * 100 + minute for hour, minute in CLOCKS],
    ):
        mapping, calls = beside_a_date("Time", cells)
        assert "timestamp" in mapping.joins
        assert [built.call.timestamp % 86_400 for built in calls] == [h * 3600 + m * 60 for h, m in CLOCKS]


@pytest.mark.parametrize(
    ("name", "form", "asked"),
    [
        ("Uhrzeit", "{2:.2f}", True),
        ("Time", "q{0}", True),
        ("Slot", "{0:02}.{1:02}", True),
        ("Code", "1{1:03}", False),
    ],
)
def test_a_column_that_may_be_the_clock_is_asked_about(name: str, form: str, asked: bool) -> None:
    cells = [form.format(hour, minute, hour + minute / 60) for hour, minute in CLOCKS]
    mapping, calls = beside_a_date(name, cells)
    assert "timestamp" not in mapping.joins
    assert ("midnight" in mapping.doubts.get("timestamp", "")) is asked
    assert (
        any(one.code == "column-doubtful" and one.field == "timestamp" for one in calls[0].findings) is asked
    )


YEARS_OPEN = ["24-03-05 10:00", "24-03-06 11:00", "24-04-08 09:30"]


def test_years_of_two_digits_that_may_come_first_or_last_are_asked_about() -> None:
    starts, errors, mapping = built(YEARS_OPEN)
    assert starts == [None] * 3
    assert errors == [["timestamp-ambiguous-order"]] * 3
    frame = pd.DataFrame(
        {"Agent email": ["ana@x.example"] * 3, "Start time": YEARS_OPEN, "Transcript": [TALK] * 3}
    )
    (asked,) = [one for one in questions(mapping, frame) if one.key == "day first"]
    assert [option.label for option in asked.options] == ["Day first", "Year first"]
    assert asked.options[0].examples[0].endswith("24 March 2005")
    read = asked.options[1].apply(mapping)
    assert next(one.call.timestamp for one in build_frame(frame, read)) == utc("2024-03-05T10:00")


@pytest.mark.parametrize(
    ("cells", "year_first"),
    [
        (["24-03-05", "24-03-06", "24-03-07", "24-04-08"], True),  # one year, many days
        (["24-03-30", "24-03-05"], True),  # no call is of 2030
        (["05-03-24", "24-03-24"], False),  # no call is of 2005
        (["12-03-24", "13-03-24", "14-03-24", "15-04-24"], False),
        (["24/03/25", "23/03/25"], False),
    ],
)
def test_a_column_may_tell_where_its_years_stand(cells: list[str], year_first: bool) -> None:
    starts, errors, mapping = built(cells)
    assert mapping.year_first is year_first
    assert None not in starts
    assert errors == [[]] * len(cells)


def test_another_column_may_tell_where_the_years_stand() -> None:
    cells = {"Closed": ["2024-03-05", "2024-03-06", "2024-04-08"]}
    assert read_column(YEARS_OPEN, others=cells).year_first
    other = {"Closed": ["2005-03-24", "2006-03-24", "2008-04-24"]}
    last = read_column(YEARS_OPEN, others=other)
    assert (last.year_first, last.day_first) == (False, True)


@pytest.mark.parametrize(
    ("cells", "open_"),
    [
        (["2026-03-14 09:05:00", "2026-03-15T10:05:00+01:00", "2026-03-16T10:05:00Z"], [0]),
        (["14 Mar 2026 09:05 UTC", "15 Mar 2026 09:05", "16 Mar 2026 09:05 UTC"], [1]),
        (["2026-03-14 09:05", "1773567900", "2026-03-16 09:05"], [0, 2]),
        (["2026-03-14 09:05", "2026-03-15 09:05 AM", "2026-03-16 09:05"], []),
        (["2026-03-14T09:05Z", "2026-03-15T09:05+00:00"], []),
    ],
)
def test_a_start_without_a_zone_beside_others_with_theirs_is_named(
    cells: list[str], open_: list[int]
) -> None:
    frame = pd.DataFrame({"Agent email": ["ana@x.example"] * len(cells), "Start time": cells})
    frame["Transcript"] = [TALK] * len(cells)
    mapping = guess_mapping(frame)
    for chosen in ("", "Europe/Berlin"):
        calls = list(build_frame(frame, mapping.replace(timezone=chosen)))
        told = [any(one.code == "timestamp-zone-assumed" for one in call.findings) for call in calls]
        assert [place for place, yes in enumerate(told) if yes] == ([] if chosen else open_)
