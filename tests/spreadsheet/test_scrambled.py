"""Tables whose headers say nothing: each field is read from what the columns hold, or a question says why not."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pandas as pd
import pytest

from reddy_lib.spreadsheet import build_frame, guess_mapping
from reddy_lib.spreadsheet.cells.header_words import concepts

PRODUCTS = [
    {"id": 310, "name": "Loans", "status": "active"},
    {"id": 311, "name": "Cards", "status": "active"},
]
TALKS = [
    "Agent: Harbour Bank, Ana speaking.\nCustomer: Hello, my card is gone.",
    "Agent: Harbour Bank, this is Ben.\nCustomer: Hi, a question about my loan.",
    "Agent: Good day, Ana here.\nCustomer: My card does not work abroad.",
    "Agent: Ben from Harbour Bank.\nCustomer: I would like to pay back earlier.",
    "Agent: My name is Ana, hello.\nCustomer: What does the gold card cost?",
]
AGENTS = [f"{name}.moor@harbour.example" for name in ("ana", "ben", "ana", "ben", "ana")]
NAMES = ["Ana Moor", "Ben Moor", "Ana Moor", "Ben Moor", "Ana Moor"]
CUSTOMERS = ["Ida Holm", "Uwe Rast", "Ola Fink", "Eva Brand", "Jon Pohl"]
MAILS = ["ida@gmail.com", "uwe@web.de", "ola@gmx.net", "eva@gmail.com", "jon@yahoo.com"]
STARTS = [datetime(2026, 3, day, hour, 7, second) for day, hour, second in  # noqa: DTZ001
          ((2, 9, 11), (3, 11, 2), (14, 10, 45), (20, 15, 30), (25, 14, 9))]  # fmt: skip
LASTED = [131, 84, 402, 57, 266]
ENDS = [start + timedelta(seconds=seconds) for start, seconds in zip(STARTS, LASTED, strict=True)]
WRITTEN = [start + timedelta(days=1, hours=3) for start in STARTS]
IDS = ["C-1008", "C-1015", "C-1022", "C-1029", "C-1036"]
ISO = "%Y-%m-%d %H:%M:%S"


def texts(moments: list[datetime], form: str = ISO) -> list[Any]:
    return [f"{moment:{form}}" for moment in moments]


def days(moments: list[datetime]) -> list[float]:
    return [round((m - datetime(1899, 12, 30)) / timedelta(days=1), 6) for m in moments]  # noqa: DTZ001


def clocks(seconds: list[int]) -> list[Any]:
    return [str(timedelta(seconds=number)) for number in seconds]


def table(**columns: list[Any]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the table with nonsense for headers, the columns in another order, and header → what it is."""
    columns = {"talk": TALKS, **columns}
    order = sorted(columns, key=lambda name: name[::-1])
    headers = {name: f"{'qzxvkj'[n % 6]}{'wbgp'[n % 4]}{chr(97 + n)}" for n, name in enumerate(order)}
    frame = pd.DataFrame({headers[name]: pd.Series(columns[name], dtype=object) for name in order})
    frame.index = pd.RangeIndex(2, 2 + len(frame), name="row")
    return frame, {header: name for name, header in headers.items()}


def found(**columns: list[Any]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return field → what feeds it, and the doubts."""
    frame, names = table(**columns)
    mapping = guess_mapping(frame, products=PRODUCTS)
    assert mapping.layout == "row"
    assert not mapping.turns
    return {f: sorted(names[c] for c in cs) for f, cs in mapping.sources().items()}, mapping.doubts


ID_KINDS: list[list[Any]] = [
    IDS,
    ["00000871", "00000872", "00000873", "00000874", "00000875"],
    ["334470662622488097", "493273922903339416", "187683988412951709", "700000000000000017", "200000000000000123"],
    [f"{n:08x}-9b1d-4c11-8a3e-55aa02b1c7d{n}" for n in range(5)],
    [482296, 771034, 105288, 934410, 660127],
    ["20431", "20438", "20440", "20447", "20452"],
    ["QZKXB", "MWTRA", "PLOSD", "VNEYC", "GHIUF"],
    ["C-1008", "unknown", "C-1022", "unknown", "C-1036"],
    ["C-1008", "n/a", "C-1022", "-", "C-1036"],
    ["INT/2026/0081", "INT/2026/0082", "INT/2026/0084", "INT/2026/0085", "INT/2026/0090"],
    ["CAa1f09c22", "CAb7714e0d", "CA0c3fd81a", "CA9e20b6f7", "CA55d08e3c"],
]  # fmt: skip


@pytest.mark.parametrize("ids", ID_KINDS)
def test_an_id_without_a_name_is_taken_and_asked_about(ids: list[Any]) -> None:
    fields, doubts = found(key=ids, mail=AGENTS, began=texts(STARTS), lasted=clocks(LASTED))
    assert fields["conversation_id"] == ["key"]
    assert "look like ids" in doubts["conversation_id"]


@pytest.mark.parametrize(
    "cells",
    [
        clocks(LASTED),
        ["2:11", "1:24", "6:42", "0:57", "4:26"],
        ["PT2M11S", "PT1M24S", "PT6M42S", "PT57S", "PT4M26S"],
        ["2m 11s", "1m 24s", "6m 42s", "57s", "4m 26s"],
        ["2.18", "1.40", "6.70", "0.95", "4.43"],
        ["2,18", "1,40", "6,70", "0,95", "4,43"],
        LASTED,
        ["$12.50", "$8.99", "$120.00", "$3.10", "$77.05"],
        ["12,50 €", "8,99 €", "120,00 €", "3,10 €", "77,05 €"],
        ["81%", "77%", "92.5%", "64%", "70%"],
        ["9/10", "7/10", "8/10", "10/10", "6/10"],
        ["+49 30 1234567", "+49 30 7654321", "+49 30 1111111", "+49 30 2222222", "+49 30 3333333"],
        ["+49301234567", "+49307654321", "+49301111111", "+49302222222", "+49303333333"],
        ["(212) 555-0101", "(212) 555-0177", "(646) 555-0103", "(917) 555-0188", "(347) 555-0109"],
        ["9:15", "11:02", "10:45", "15:30", "14:09"],
        [time(9, 15), time(11, 2), time(10, 45), time(15, 30), time(14, 9)],
        [timedelta(seconds=seconds) for seconds in LASTED],
        ["1.23457E+17", "2.41235E+17", "9.01234E+17", "3.33333E+17", "5.12346E+17"],
    ],
)  # fmt: skip
def test_quantities_and_phone_numbers_are_no_ids(cells: list[Any]) -> None:
    fields, _ = found(odd=cells, mail=AGENTS, began=texts(STARTS))
    assert "conversation_id" not in fields


@pytest.mark.parametrize(
    "header", ["Call", "Gespräch", "Temps de conversation", "Número", "session.len", "通話"]
)
@pytest.mark.parametrize("cells", [clocks(LASTED), ["+49301234567", "+49307654321", "+49301111111"] * 2])
def test_a_name_that_only_resembles_an_ids_does_not_make_one_of_a_quantity(
    header: str, cells: list[Any]
) -> None:
    frame = pd.DataFrame({"Text": TALKS, header: cells[:5]}, dtype=object)
    assert "conversation_id" not in guess_mapping(frame).fields


WAYS: list[tuple[str, list[Any], list[Any], list[Any]]] = [
    ("ISO", texts(STARTS), texts(ENDS), texts(WRITTEN)),
    ("with a zone", *(texts(m, "%Y-%m-%dT%H:%M:%SZ") for m in (STARTS, ENDS, WRITTEN))),
    ("dots", *(texts(m, "%d.%m.%Y %H:%M:%S") for m in (STARTS, ENDS, WRITTEN))),
    ("slashes, month first", *(texts(m, "%m/%d/%Y %H:%M:%S") for m in (STARTS, ENDS, WRITTEN))),
    ("cells", STARTS, ENDS, WRITTEN),
    ("serials", days(STARTS), days(ENDS), days(WRITTEN)),
    ("epochs", *([int(m.timestamp()) for m in ms] for ms in (STARTS, ENDS, WRITTEN))),
    ("milliseconds", *([int(m.timestamp()) * 1000 for m in ms] for ms in (STARTS, ENDS, WRITTEN))),
]  # fmt: skip


@pytest.mark.parametrize(("way", "starts", "ends", "written"), WAYS)
def test_the_start_comes_before_the_end_and_the_entry(
    way: str, starts: list[Any], ends: list[Any], written: list[Any]
) -> None:
    fields, doubts = found(key=IDS, mail=AGENTS, began=starts, ended=ends, entered=written)
    assert fields["timestamp"] == ["began"]
    assert "timestamp" in doubts  # nothing says that it is not when the phone rang


@pytest.mark.parametrize(("way", "starts", "ends", "written"), WAYS)
@pytest.mark.parametrize("lasted", [LASTED, clocks(LASTED), [f"{s / 60:.2f}" for s in LASTED]])
def test_a_duration_between_two_columns_proves_the_start(
    way: str, starts: list[Any], ends: list[Any], written: list[Any], lasted: list[Any]
) -> None:
    fields, doubts = found(key=IDS, mail=AGENTS, began=starts, ended=ends, entered=written, lasted=lasted)
    assert fields["timestamp"] == ["began"]
    assert "timestamp" not in doubts


def test_a_lone_column_of_dates_is_asked_about() -> None:
    fields, doubts = found(key=IDS, mail=AGENTS, entered=texts(WRITTEN))
    assert fields["timestamp"] == ["entered"]
    assert "its name does not say that calls began then" in doubts["timestamp"]


@pytest.mark.parametrize("header", ["CALL TIME", "Call time", "通話時間", "Call date/time"])
def test_durations_under_a_name_that_could_be_a_starts_are_none(header: str) -> None:
    frame = pd.DataFrame({"Text": TALKS, header: clocks(LASTED)}, dtype=object)
    assert "timestamp" not in guess_mapping(frame).sources()


def test_birthdays_are_no_starts() -> None:
    born = ["1961-04-02", "1988-11-30", "1975-01-17", "1999-08-08", "1970-05-05"]
    fields, _ = found(key=IDS, mail=AGENTS, born=born, began=texts(STARTS))
    assert fields["timestamp"] == ["began"]


def test_a_date_and_a_time_of_day_are_joined_wherever_they_stand_and_a_duration_is_not() -> None:
    dates, times = texts(STARTS, "%Y-%m-%d"), texts(STARTS, "%H:%M:%S")
    over = texts(ENDS, "%H:%M:%S")
    fields, doubts = found(day=dates, key=IDS, mail=AGENTS, hour=times, till=over, lasted=clocks(LASTED))
    assert fields["timestamp"] == ["day", "hour"]
    assert "timestamp" in doubts
    fields, _ = found(day=dates, key=IDS, mail=AGENTS, lasted=clocks(LASTED))
    assert fields["timestamp"] == ["day"]


@pytest.mark.parametrize(
    ("header", "other"),
    [("Start", "End"), ("Gesprächsbeginn", "Ende"), ("Inicio", "Fin"), ("Début", "Fin"), ("Начало", "Конец"),
     ("開始", "終了"), ("开始时间", "结束时间"), ("Początek", "Koniec"), ("Başlangıç", "Bitiş")],
)  # fmt: skip
def test_a_start_after_the_end_is_asked_about(header: str, other: str) -> None:
    frame = pd.DataFrame({"Text": TALKS, header: texts(ENDS), other: texts(STARTS)}, dtype=object)
    mapping = guess_mapping(frame)
    assert mapping.fields["timestamp"] == header
    assert repr(other) in mapping.doubts["timestamp"]
    right = pd.DataFrame({"Text": TALKS, header: texts(STARTS), other: texts(ENDS)}, dtype=object)
    assert "timestamp" not in guess_mapping(right).doubts


def test_a_start_of_which_a_duration_says_that_it_is_the_end_is_asked_about() -> None:
    columns = {"Text": TALKS, "Start": texts(ENDS), "x": texts(STARTS), "Talk time": LASTED}
    assert "calls may end then" in guess_mapping(pd.DataFrame(columns, dtype=object)).doubts["timestamp"]


def test_agents_are_few_and_customers_many() -> None:
    fields, _ = found(key=IDS, mail=AGENTS, caller=MAILS, began=texts(STARTS))
    assert fields["agent_email"] == ["mail"]
    fields, _ = found(key=IDS, caller=MAILS, began=texts(STARTS))
    assert "agent_email" not in fields


def test_who_the_agent_says_she_is_tells_her_email_from_a_customers() -> None:
    again = ["ida@gmail.com", "uwe@web.de", "ida@gmail.com", "uwe@web.de", "ida@gmail.com"]
    fields, _ = found(key=IDS, mail=AGENTS, caller=again, began=texts(STARTS))
    assert fields["agent_email"] == ["mail"]


def test_names_alone_are_the_agents_if_the_agents_say_them() -> None:
    fields, doubts = found(key=IDS, who=NAMES, caller=CUSTOMERS, began=texts(STARTS))
    assert fields["agent_email"] == ["who"]
    assert "does not say that they are agents" in doubts["agent_email"]


def test_emails_that_are_not_those_of_the_agents_named_are_not_taken_for_theirs() -> None:
    again = ["ida@gmail.com", "uwe@web.de", "ida@gmail.com", "uwe@web.de", "ida@gmail.com"]
    frame = pd.DataFrame({"Text": TALKS, "Agent": NAMES, "Email": again}, dtype=object)
    assert guess_mapping(frame).fields["agent_email"] == "Agent"


@pytest.mark.parametrize(
    ("cell", "asked"),
    [
        ('[{{"start": {n}.5, "text": "Hello, this is line {n} of mine"}}]', False),
        ('["Hello, this is line {n} of mine", "And so is this"]', False),
        ('["Hello, this is line {n} of mine", ["and this", "is another"]]', True),
        ('{{"topic {n}": ["Hello, this is line {n} of mine"]}}', True),
    ],
)
def test_json_in_the_column_of_a_side_is_read_or_asked_about(cell: str, asked: bool) -> None:
    said = [cell.format(n=n) for n in range(5)]
    columns = {"Call ID": IDS, "agent": said, "customer": [text.replace("mine", "hers") for text in said]}
    mapping = guess_mapping(pd.DataFrame(columns, dtype=object))
    assert mapping.turns
    assert ("lists of JSON" in mapping.doubts.get("transcript", "")) == asked


def test_products_are_known_by_their_names_and_by_their_ids() -> None:
    fields, doubts = found(sort=["Loans", "Cards", "Cards", "Loans", "Cards"], mail=AGENTS)
    assert fields["product_id"] == ["sort"]
    assert "product_id" not in doubts
    fields, _ = found(sort=[310, 311, 311, 310, 311], mail=AGENTS)
    assert fields["product_id"] == ["sort"]
    fields, _ = found(marks=[5, 4, 5, 3, 1], mail=AGENTS)
    assert "product_id" not in fields


def test_what_was_asked_about_is_a_finding_of_each_call() -> None:
    frame, _ = table(key=IDS, mail=AGENTS, entered=texts(WRITTEN))
    calls = list(build_frame(frame, guess_mapping(frame, products=PRODUCTS)))
    assert len(calls) == 5
    for call in calls:
        doubtful = {found.field for found in call.findings if found.code == "column-doubtful"}
        assert {"conversation_id", "timestamp"} <= doubtful


def test_numbered_columns_of_names_and_ids_are_no_continuation_of_a_transcript() -> None:
    columns = {
        "Column 1": IDS,
        "Column 2": CUSTOMERS,
        "Column 3": AGENTS,
        "Column 4": TALKS,
        "Column 5": NAMES,
    }
    mapping = guess_mapping(pd.DataFrame(columns, dtype=object))
    assert mapping.sources()["transcript"] == ["Column 4"]


@pytest.mark.parametrize(
    ("headers", "wanted", "unwanted"),
    [
        ("agt_eml|empEmail|Answered by|Opgenomen door|Odebrane przez|Gestito da|接线员|Yanıtlayan|Обработал"
         "|담당자|Team member",
         "agent", "customer"),
        ("cust_nm|Anrufender|Titular|Assinante|Intestatario|Opbeller|Ubezpieczony|Звонящий|契約者|来电人|가입자"
         "|Account holder",
         "customer", "agent"),
        ("call_strt_dttm|Abgehoben um|Décroché à|Descolgado a las|Atendida às|Risposta alle|Opgenomen om"
         "|Odebrano o|Трубка снята"
         "|Yanıtlandı|接听时间|通話開始|통화시작|Besvarad", "start", "end"),
        ("Hung up|Aufgelegt um|Raccroché à|Colgado a las|Riagganciato|Opgehangen|Rozłączono|挂机时间|Kapatıldı"
         "|通話終了",
         "end", "start"),
        ("Row written|etl_load_dttm|Datensatz vom|Enregistré le|Registrado el|Gravado em|Registrato il"
         "|Weggeschreven op"
         "|Zapisano|Записано|保存日時|入库时间|Kaydedildi|저장일시|Sparad|persistedAt", "created", "start"),
        ("bill_sec|Time on call|Temps de conversation|Tiempo de espera|Tempo di conversazione|Gesprekstijd"
         "|Długość"
         "|Время разговора|通话时长|Samtalstid|Taletid|Puheaika", "duration", "start"),
        ("ixn_key|cdr_uid|Clave de contacto|Chave do contato|Klucz kontaktu|案件キー|Rif. contatto|Sygnatura"
         "|Contactkenmerk",
         "id", "agent"),
        ("srvy_pts|Cijfer|Voto|Valoración|Satysfakcja|满意度|Балл", "score", "id"),
        ("memo.private|Kurzfassung|Riepilogo|Synthèse|Streszczenie|概要|Recap|TL;DR"
         "|Краткое содержание", "note", "transcript"),
        ("Sbobinatura|Lo hablado|O que foi dito|全文|Konuşulanlar|stt_text"
         "|Gespreksverslag", "transcript", "note"),
    ],
)  # fmt: skip
def test_names_are_understood_by_their_parts(headers: str, wanted: str, unwanted: str) -> None:
    for header in headers.split("|"):
        says = concepts(header)
        assert wanted in says, (header, says)
        assert unwanted not in says, (header, says)


@pytest.mark.parametrize("ids", [["twin", "twin"], ["twin", "twin", "twin"]])
def test_a_column_that_is_called_the_id_is_the_id_also_where_all_rows_have_the_same(ids: list[str]) -> None:
    sheet = pd.DataFrame(
        {
            "Conversation ID": ids,
            "Agent Email": ["ann@x.example"] * len(ids),
            "Transcript": [f"Agent: Hello\nCustomer: hi there {i}" for i in range(len(ids))],
        }
    )
    assert guess_mapping(sheet).fields["conversation_id"] == "Conversation ID"
