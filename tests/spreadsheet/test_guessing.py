"""Which column is which in strange exports: names in many languages, contents without names, tempting wrong columns."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from reddy_lib.spreadsheet import build_frame, guess_mapping

PRODUCTS = [
    {"id": 7, "name": "Cards hotline", "status": "active"},
    {"id": 8, "name": "Loans", "status": "active"},
]
TALK = "Agent: Good morning.\nCustomer: Hello, my card is gone."


def sheet(**columns: list[Any]) -> pd.DataFrame:
    return frame({name.replace("_", " "): cells for name, cells in columns.items()})


def frame(columns: dict[str, list[Any]]) -> pd.DataFrame:
    made = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    made.index = pd.RangeIndex(2, 2 + len(made), name="row")
    return made


EMAILS = ["ana@x.example", "ben@x.example", "ana@x.example"]
TIMES = ["2026-03-30 17:46", "2026-03-31 09:05", "2026-04-01 10:00"]
TALKS = [TALK, TALK.replace("card", "phone"), TALK.replace("Hello", "Yes")]


@pytest.mark.parametrize(
    ("field", "header"),
    [
        ("agent_email", "Agent E-Mail"), ("agent_email", "AGENT_EMAIL"), ("agent_email", "agentEmail"),
        ("agent_email", "Rep e-mail"), ("agent_email", "Mitarbeiter"), ("agent_email", "Bearbeiter"),
        ("agent_email", "Correo del agente"), ("agent_email", "Courriel"), ("agent_email", "Conseiller"),
        ("agent_email", "E-mail agente"), ("agent_email", "Medewerker"), ("agent_email", "Operatore"),
        ("timestamp", "Call Start Time"), ("timestamp", "call_date"), ("timestamp", "InitiationTimestamp"),
        ("timestamp", "Gesprächsbeginn"), ("timestamp", "Datum/Uhrzeit"), ("timestamp", "Fecha y hora"),
        ("timestamp", "Heure de début"), ("timestamp", "Data e ora"), ("timestamp", "Datum en tijd"),
        ("timestamp", "Data da chamada"),
        ("transcript", "Transkript"), ("transcript", "Gesprächsprotokoll"), ("transcript", "Transcripción"),
        ("transcript", "Retranscription"), ("transcript", "Trascrizione"), ("transcript", "Transcrição"),
        ("transcript", "CallTranscript"),
    ],
)  # fmt: skip
def test_headers_in_many_languages_find_their_field(field: str, header: str) -> None:
    cells = {"agent_email": EMAILS, "timestamp": TIMES, "transcript": TALKS}[field]
    mapping = guess_mapping(frame({header: cells, "Team": ["x", "y", "x"]}))
    assert mapping.fields == {field: header}
    assert mapping.reasons[field].startswith(f'name "{header}"; 100%')
    assert mapping.tags == ["Team"]


@pytest.mark.parametrize(
    ("field", "header", "cells"),
    [
        ("conversation_id", "Call-ID", ["a1", "a2", "a3"]),
        ("conversation_id", "UCID", ["00001", "00002", "00003"]),
        ("conversation_id", "Gesprächs-ID", ["x1", "x2", "x3"]),
        ("conversation_id", "Vorgangsnummer", ["x1", "x2", "x3"]),
        ("conversation_id", "ID de llamada", [11, 12, 13]),
        ("conversation_id", "Id de l'appel", ["x1", "x2", "x3"]),
        ("conversation_id", "MasterContactId", [11, 12, 13]),
        ("filename", "Audiodatei", ["a.wav", "b.wav", "c.wav"]),
        ("filename", "Grabación", ["a.mp3", "b.mp3", ""]),
        ("filename", "Fichier audio", ["2026/a.opus", "2026/b.opus", "c.opus"]),
        ("filename", "Registrazione", ["a.gsm", "b.gsm", "c.gsm"]),
        ("product_id", "Produit", ["Loans", "Loans", "cards hotline"]),
        ("product_id", "Warteschlange", ["Loans", "Loans", "CARDS_HOTLINE"]),
        ("product_id", "Producto", ["7", "8", "7"]),
        ("product_id", "Fila", ["Loans", "Loans", "other"]),
    ],
)
def test_ids_recordings_and_products_by_their_foreign_names(
    field: str, header: str, cells: list[Any]
) -> None:
    mapping = guess_mapping(frame({header: cells, "Team": ["x", "y", "x"]}), products=PRODUCTS)
    assert mapping.fields == {field: header}


UUIDS = [f"{n:08x}-1234-4abc-8def-0123456789ab" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("cells", "field", "reason"),
    [
        (EMAILS, "agent_email", "100% look like emails, 2 distinct"),
        (UUIDS, "conversation_id", "unique ids: 3 distinct of 3"),
        ([text.upper() for text in UUIDS], "conversation_id", "unique ids: 3 distinct of 3"),
        (["0123456789abcdef" + str(n) for n in range(3)], "conversation_id", "unique ids: 3 distinct of 3"),
        (["a.wav", "b.WAV", "c.mp3"], "filename", "100% are names of audio files"),
        (TIMES, "timestamp", "100% look like dates or times"),
        (TALKS, "transcript", "100% of the cells tried read as a transcript, 53 characters on average"),
        (["Loans", "loans", "Cards-Hotline"], "product_id", "3 distinct, 3 of 3 cells match a product"),
    ],
)
def test_columns_whose_name_says_nothing_are_known_by_what_they_hold(
    cells: list[Any], field: str, reason: str
) -> None:
    mapping = guess_mapping(frame({"Feld 12": cells}), products=PRODUCTS)
    assert mapping.fields == {field: "Feld 12"}
    assert mapping.reasons[field] == reason


@pytest.mark.parametrize(
    "cells",
    [
        ["+49 30 1234567", "+49 30 7654321", "+49 30 1111111"],
        ["0049301234567", "0049307654321", "0049301111111"],
        ["4930123456", "4930765432", "4930111111"],
        [UUIDS[0], UUIDS[0], UUIDS[1]],
        ["ana@x.example; ben@x.example", "ben@x.example, eve@x.example", "see notes @ desk"],
        ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
        ["00:05:10", "00:06:10", "01:05:10"],
        [2024, 2025, 2026],
        ["report.pdf", "notes.docx", "a.txt"],
        ["1774892760", "1774892761", "1774892762"],
        ["1", "2", "3"],
        ["Insurance", "Pensions", "Insurance"],
    ],
)
def test_what_feeds_no_field_stays_a_tag(cells: list[Any]) -> None:
    mapping = guess_mapping(frame({"Feld 12": cells}), products=PRODUCTS)
    assert mapping.fields == {}
    assert mapping.tags == ["Feld 12"]


@pytest.mark.parametrize(
    ("field", "right", "wrong", "cells"),
    [
        ("agent_email", "Agent email", "Supervisor email", EMAILS),
        ("agent_email", "Rep", "Customer email", EMAILS),
        ("agent_email", "User email", "Team lead email", EMAILS),
        ("agent_email", "Handled by", "Manager e-mail", EMAILS),
        ("agent_email", "Email", "Kunde E-Mail", EMAILS),
        ("agent_email", "Email", "Sender", EMAILS),
        ("agent_email", "Who", "Kunde E-Mail", EMAILS),
        ("timestamp", "Start time", "End time", TIMES),
        ("timestamp", "Call date", "Export date", TIMES),
        ("timestamp", "Beginn", "Ende", TIMES),
        ("timestamp", "Started at", "Updated at", TIMES),
        ("conversation_id", "Call ID", "Customer ID", ["k1", "k2", "k3"]),
        ("conversation_id", "Conversation ID", "Id", ["k1", "k2", "k3"]),
        ("conversation_id", "Interaction ID", "Call type id", ["k1", "k2", "k3"]),
        ("transcript", "Transcript", "Summary", TALKS),
        ("filename", "Recording", "Hold music", ["a.wav", "b.wav", "c.wav"]),
    ],
)
def test_of_two_columns_that_hold_the_same_the_name_decides(
    field: str, right: str, wrong: str, cells: list[Any]
) -> None:
    for names in ((right, wrong), (wrong, right)):
        mapping = guess_mapping(frame({name: list(cells) for name in names}))
        assert mapping.fields[field] == right, names
        assert wrong in mapping.tags


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Supervisor email", EMAILS), ("Customer email", EMAILS), ("Client e-mail", EMAILS), ("Patient mail", EMAILS),
        ("Coach email", EMAILS), ("Sent to", EMAILS),
        ("End time", TIMES), ("Hangup time", TIMES), ("Export date", TIMES), ("Last modified", TIMES),
        ("Talk time", ["2026-03-30 00:05:10"] * 3), ("Call type id", ["3", "4", "3"]), ("Contact reason id", UUIDS[:1] * 3),
        ("Transcript", [12, 7, 30]), ("Transcript", ["yes", "no", "yes"]),
        ("Transcript", ["https://x.example/t/1", "https://x.example/t/2", "https://x.example/t/3"]),
        ("Transcript", ["transcripts/call one.json", "transcripts/call two.json", "t/3"]),
        ("Messages", [4, 9, 17]), ("Queue", ["Night shift", "Day shift", "Day shift"]),
    ],
)  # fmt: skip
def test_tempting_columns_feed_nothing_even_where_nothing_else_does(header: str, cells: list[Any]) -> None:
    mapping = guess_mapping(frame({header: cells}), products=PRODUCTS)
    assert (mapping.fields, mapping.tags) == ({}, [header])


def test_ids_win_over_types_of_calls_and_repeated_references() -> None:
    mapping = guess_mapping(
        sheet(Call_type_id=["3", "4", "3"], Reference=["r1", "r1", "r2"], Call_ID=["a", "b", "c"])
    )
    assert mapping.fields == {"conversation_id": "Call ID"}
    assert mapping.tags == ["Call type id", "Reference"]
    assert mapping.tag_types == {"Call type id": "integer", "Reference": "string"}


def test_what_is_called_the_id_of_a_call_may_be_of_several_words_but_not_a_text() -> None:
    several = [f"April export {n}" for n in range(1, 6)]
    invisible = [f"caf\u00ade-{n}\u00a0" for n in range(1, 6)]
    assert guess_mapping(sheet(Conversation_ID=several)).fields == {"conversation_id": "Conversation ID"}
    assert guess_mapping(sheet(Conversation_ID=invisible)).fields == {"conversation_id": "Conversation ID"}
    for cells in (
        [f"Lost the card number {n} " * 6 for n in range(5)],
        ["was lost", "not known", "to follow"],
    ):
        assert "conversation_id" not in guess_mapping(sheet(Conversation_ID=cells)).fields


# --- transcripts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cells",
    [
        ["Agent: Hello"],
        ["Agent: Hello", "Agent: Good day", "Customer: Hi"],
        ["Agent: Hello"] * 30,
        ["Good morning how can I help", "I lost my card"],
        ["客服：你好", "客服：再见"],
        ["", "", "Agent: Hi"],
        ["[00:01] Agent: Hi"],
    ],
)
@pytest.mark.parametrize("header", ["Transcript", "transcript_text", "Mitschrift", "Conversation"])
def test_a_column_called_after_the_transcript_is_one_as_soon_as_it_holds_text(
    header: str, cells: list[str]
) -> None:
    mapping = guess_mapping(frame({"Team": ["x"] * len(cells), header: cells}))
    assert mapping.fields == {"transcript": header}
    assert mapping.layout == "row"


def test_the_lines_of_a_short_transcript_reach_the_call() -> None:
    short = frame({"Agent": ["ana@x.example"], "Transcript": ["Agent: Hello"]})
    (built,) = build_frame(short, guess_mapping(short))
    assert [(line.role, line.text) for line in built.call.transcript or ()] == [("agent", "Hello")]


def test_a_few_kinds_that_come_again_and_again_are_no_conversations() -> None:
    mapping = guess_mapping(frame({"Conversation": ["Inbound call", "Outbound call"] * 20}))
    assert (mapping.fields, mapping.tags) == ({}, ["Conversation"])


def test_whole_conversations_win_over_the_column_with_the_right_name() -> None:
    mapping = guess_mapping(
        frame({"Text": ["Called about a card", "Wants a loan", "Asked again"], "Blob": TALKS})
    )
    assert mapping.fields == {"transcript": "Blob"}
    assert mapping.tags == ["Text"]


@pytest.mark.parametrize(
    "cell",
    [
        '[{"role": "agent", "text": "Good morning"}, {"role": "customer", "text": "Hello"}]',
        '{"segments": [{"speaker": "Agent", "text": "Good morning"}, {"speaker": "Customer", "text": "Hello"}]}',
        "[{'speaker': 'Agent', 'text': 'Good morning'}, {'speaker': 'Customer', 'text': 'Hello'}]",
        "WEBVTT\n\n00:00.000 --> 00:02.000\n<v Agent>Good morning\n\n00:02.000 --> 00:03.000\n<v Customer>Hello",
        "**Agent:** Good morning\n**Customer:** Hello",
    ],
)
def test_transcripts_of_any_form_are_recognised_without_a_name(cell: str) -> None:
    mapping = guess_mapping(frame({"Payload": [cell] * 3, "Json": ['{"score": 5}'] * 3}))
    assert mapping.fields == {"transcript": "Payload"}
    assert mapping.tags == ["Json"]


def test_a_third_of_readable_cells_is_enough_where_the_rest_is_empty_or_broken() -> None:
    cells = [TALK, "no speakers in this one at all", "nor in this one, it is a note", TALK, "", ""]
    assert guess_mapping(frame({"Blob": cells})).fields == {"transcript": "Blob"}
    cells[0] = cells[3] = "another note without anybody who speaks"
    assert guess_mapping(frame({"Blob": cells})).fields == {}


# --- times ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "day_first", "unit", "words"),
    [
        (["13/04/2026 10:00", "01/04/2026 10:00"], True, "auto", "day before month"),
        (["04/13/2026 10:00", "04/01/2026 10:00"], False, "auto", "month before day"),
        (["1.4.2026 10:00", "2.4.2026 10:00"], True, "auto", "written with dots"),
        (["1774892760", "1774892761"], None, "auto", "2 of 2 are seconds since 1970"),
        ([1774892760000, 1774892761000], None, "ms", "2 of 2 are milliseconds since 1970: divided by 1,000"),
        (["2026-04-13T10:00:00Z"] * 2, None, "auto", "100% look like dates or times"),
        (["2026-04-13T10:00:00Z", "unknown"], None, "auto", "50% look like dates or times"),
    ],
)
def test_what_was_found_out_about_start_times(
    cells: list[Any], day_first: bool | None, unit: str, words: str
) -> None:
    mapping = guess_mapping(frame({"Start time": cells}))
    assert mapping.fields == {"timestamp": "Start time"}
    assert (mapping.day_first, mapping.timestamp_unit) == (day_first, unit)
    assert words in mapping.reasons["timestamp"]


def test_the_order_of_another_date_column_tells_that_of_the_start() -> None:
    mapping = guess_mapping(frame({"Start": ["3/4/2026", "5/4/2026"], "End": ["13/4/2026", "14/4/2026"]}))
    assert mapping.fields == {"timestamp": "Start"}
    assert mapping.day_first is True
    assert "'End' has the day first" in mapping.reasons["timestamp"]


def started(when: str) -> str:
    return json.dumps(
        {"startTime": when, "turns": [{"role": "agent", "text": "Hi"}, {"role": "customer", "text": "Yo"}]}
    )


def test_transcripts_that_know_when_the_call_started_are_the_reason_for_its_time() -> None:
    cells = [started("2026-03-30T17:46:00Z"), TALK, started("2026-03-31T17:46:00Z")]
    mapping = guess_mapping(frame({"Agent": EMAILS, "Transcript": cells}))
    assert "timestamp" not in mapping.fields
    assert mapping.reasons["timestamp"] == "no column: 2 of 3 transcripts tried say when the call started"


def test_a_column_of_start_times_leaves_no_word_about_the_transcripts_own() -> None:
    mapping = guess_mapping(frame({"Start": TIMES, "Transcript": [started("2026-03-30T17:46:00Z")] * 3}))
    assert mapping.fields["timestamp"] == "Start"
    assert "transcripts" not in mapping.reasons["timestamp"]
    assert "timestamp" not in guess_mapping(frame({"Transcript": TALKS})).reasons


# --- products and tags ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "cells", "field", "table"),
    [
        ("Product", ["cards hotline", "LOANS", ""], "Product", {"cards hotline": 7, "LOANS": 8}),
        ("Feld", ["Cards_Hotline", "Loans", "loans"], "Feld", {"Cards_Hotline": 7, "Loans": 8, "loans": 8}),
        ("Queue", ["Loans", "Night shift", "Loans"], "Queue", {"Loans": 8}),
        ("Product id", ["7", "8", "7"], "Product id", None),
        ("Product", ["Pensions", "Pensions", "Funds"], "Product", {}),
        ("Feld", ["7", "8", "7"], None, None),
        ("Campaign", ["Spring", "Summer", "Spring"], None, None),
    ],
)
def test_products_by_name_by_number_and_by_the_name_of_the_column(
    header: str, cells: list[str], field: str | None, table: dict[str, int] | None
) -> None:
    mapping = guess_mapping(frame({header: cells, "Team": ["x", "y", "x"]}), products=PRODUCTS)
    assert mapping.fields.get("product_id") == field
    known = mapping.values.get("product_id")
    if table is None:
        assert known is None
    else:
        assert known is not None
        assert table.items() <= known.items()


def test_without_a_product_list_only_the_name_can_tell() -> None:
    assert guess_mapping(frame({"Product": ["Loans"]})).fields == {"product_id": "Product"}
    assert guess_mapping(frame({"Queue": ["Loans"]})).fields == {}


def test_empty_columns_of_a_fields_best_name_are_that_fields_and_others_are_nothing() -> None:
    mapping = guess_mapping(frame({"Agent email": ["", ""], "Filename": [None, ""], "Notes": ["", " "]}))
    assert mapping.fields == {"agent_email": "Agent email", "filename": "Filename"}
    assert mapping.reasons["agent_email"] == "name 'Agent email'; no cell is filled in the rows looked at"
    assert mapping.tags == []


@pytest.mark.parametrize(
    ("header", "cells", "is_tag"),
    [
        ("column A", ["0", "1", "2"], False), ("Unnamed: 0", [5, 6, 7], False), ("Column B", ["3", "2", "1"], True),
        ("column A", ["a", "b", "c"], True), ("Number", ["1", "2", "3"], True),
    ],
)  # fmt: skip
def test_only_a_nameless_column_that_counts_is_left_out(header: str, cells: list[Any], is_tag: bool) -> None:
    mapping = guess_mapping(frame({header: cells}))
    assert (header in mapping.tags) is is_tag
    assert is_tag or mapping.reasons[header] == "not a tag: it has no name and only counts the rows"


def test_every_column_is_a_field_a_tag_or_has_a_reason() -> None:
    columns = {
        "Agent": EMAILS,
        "Start": TIMES,
        "Text": TALKS,
        "Blank": ["", "", ""],
        "column D": [1, 2, 3],
        "VIP": ["ja", "nein", "ja"],
    }
    mapping = guess_mapping(frame(columns))
    assert set(columns) == {*mapping.fields.values(), *mapping.tags, "Blank", "column D"}
    assert set(mapping.reasons) == {*mapping.fields, *mapping.tags, "Blank", "column D"}
    assert mapping.tag_types == {"VIP": "boolean"}


def test_a_sheet_without_rows_gives_an_empty_mapping_or_the_names_alone() -> None:
    nothing = guess_mapping(frame({"Team": [], "Notes": []}))
    assert (nothing.fields, nothing.tags) == ({}, [])
    assert nothing.reasons["Team"] == "not a tag: no cell is filled in the rows looked at"
    assert guess_mapping(frame({"Agent email": []})).fields == {"agent_email": "Agent email"}


def test_only_the_first_thousand_rows_are_looked_at() -> None:
    late = guess_mapping(frame({"Feld": ["x"] * 1000 + ["ana@x.example"] * 5000}))
    assert (late.fields, late.tag_types) == ({}, {"Feld": "string"})
    assert late.reasons["Feld"] == "string: text; 1 distinct; constant?: all 1000 rows say 'x'"
