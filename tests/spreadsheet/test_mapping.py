"""Guessing which column is which, changing the guess, and keeping it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reddy_lib.errors import MappingError
from reddy_lib.spreadsheet import Mapping, SheetFormat, guess_mapping
from reddy_lib.spreadsheet.cells.tag_values import cell_text, tag_type, tag_value

PRODUCTS = [
    {"id": 7, "name": "Cards hotline", "status": "active"},
    {"id": 8, "name": "Loans", "status": "active"},
    {"id": 9, "name": "Twin", "status": "active"},
    {"id": 10, "name": "twin", "status": "active"},
]


def sheet(columns: dict[str, list[Any]]) -> pd.DataFrame:
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    frame.index = pd.RangeIndex(2, 2 + len(frame), name="row")
    return frame


CALLS = sheet(
    {
        "Ref": ["a-1", "a-2", "a-3"],
        "Customer E-mail": ["x@c.example", "y@c.example", "z@c.example"],
        "Rep E-mail": ["ben@x.example", "ana@x.example", "ben@x.example"],
        "Line of business": ["Cards Hotline", "loans", "CARDS-HOTLINE"],
        "Begin": ["30/03/2026 17:46", "31/03/2026 09:00", "01/04/2026 10:00"],
        "Wav": ["a.wav", "b.WAV", ""],
        "Full text": [
            "Agent: Hello\nCustomer: Hi there",
            "Agent: Good day\nCustomer: Hello",
            "Agent: a b c d\nCustomer: e f g",
        ],
        "Attempts": ["1", "2", "3"],
        "VIP": ["yes", "No", "YES"],
        "Account": ["0012", "13", "14"],
        "Empty": ["", " ", ""],
    }
)


def test_columns_are_found_by_name_and_content() -> None:
    mapping = guess_mapping(CALLS, products=PRODUCTS)
    assert mapping.fields == {
        "transcript": "Full text",
        "agent_email": "Rep E-mail",
        "filename": "Wav",
        "timestamp": "Begin",
        "product_id": "Line of business",
        "conversation_id": "Ref",
    }
    assert mapping.tags == ["Customer E-mail", "Attempts", "VIP", "Account"]
    assert mapping.tag_types["Attempts"] == "integer"
    assert mapping.tag_types["VIP"] == "boolean"
    assert mapping.tag_types["Account"] == "string"


def test_each_guess_has_a_reason_that_shows_its_evidence() -> None:
    reasons = guess_mapping(CALLS, products=PRODUCTS).reasons
    assert reasons["agent_email"] == 'name "Rep E-mail"; 100% look like emails, 2 distinct'
    assert reasons["product_id"] == 'name "Line of business"; 3 distinct, 3 of 3 cells match a product'
    assert "day before month: the first number is above 12 in 2 of 3" in reasons["timestamp"]
    assert reasons["Account"] == "string: numbers with leading zeros stay text; 3 distinct"
    assert reasons["Empty"] == "not a tag: no cell is filled in the rows looked at"


@pytest.mark.parametrize(
    ("header", "cells", "field"),
    [
        ("Mitarbeiter E-Mail", ["a@x.example"], "agent_email"),
        ("correo del agente", ["a@x.example"], "agent_email"),
        ("AgentEmail", ["a@x.example"], "agent_email"),
        ("Wer", ["a@x.example"], None),
        ("Startzeit", ["2026-03-30 17:46"], "timestamp"),
        ("Date et heure", ["30/03/2026 17:46"], "timestamp"),
        ("When", ["2026-03-30T17:46:00Z"], "timestamp"),
        ("epoch start timestamp", [1774892760], "timestamp"),
        ("timestamp", [1774892760], "timestamp"),
        ("Anruf-ID", ["x1"], "conversation_id"),
        ("ConversationId", [12345], "conversation_id"),
        ("ClientId", [12345], None),
        ("Gesprächstext", ["Agent: Guten Tag\nKunde: Hallo"], "transcript"),
        ("Column 9", ["Agent: Good day\nCustomer: Hello"], "transcript"),
        ("Produkt", ["Loans"], "product_id"),
        ("What", ["Loans"], "product_id"),
        ("Queue", ["Night shift"], None),
        ("Aufnahme", ["a.mp3"], "filename"),
        ("x", ["a.mp3"], "filename"),
        ("channels", ['["customer","agent"]'], "channels"),
        ("End time", ["2026-03-30 17:46"], None),
        ("Customer email", ["a@x.example"], None),
        ("Duration", ["00:05:10"], None),
    ],
)
def test_one_column_at_a_time(header: str, cells: list[Any], field: str | None) -> None:
    mapping = guess_mapping(sheet({header: cells}), products=PRODUCTS)
    assert mapping.fields == ({} if field is None else {field: header})
    assert mapping.tags == ([header] if field is None else [])


def test_an_agents_name_takes_the_field_only_where_no_email_does() -> None:
    names = sheet({"Agent": ["Ben", "Ana"], "Note": ["x", "y"]})
    assert "match the names to emails" in guess_mapping(names).reasons["agent_email"]
    both = sheet({"Agent": ["Ben", "Ana"], "Agent mail": ["b@x.example", "a@x.example"]})
    mapping = guess_mapping(both)
    assert mapping.fields["agent_email"] == "Agent mail"
    assert mapping.tags == ["Agent"]


def test_milliseconds_since_1970_are_noticed_and_said() -> None:
    mapping = guess_mapping(sheet({"Start time": ["1774892760000", "1774892761000"]}))
    assert mapping.timestamp_unit == "ms"
    assert "2 of 2 are milliseconds since 1970" in mapping.reasons["timestamp"]
    assert guess_mapping(sheet({"Start time": ["1774892760"]})).timestamp_unit == "auto"


def test_an_undecidable_order_of_day_and_month_is_left_open_and_said() -> None:
    mapping = guess_mapping(sheet({"Date": ["3/4/2026 10:00", "5/6/2026 11:00"]}))
    assert mapping.day_first is None
    assert "could not be told apart: please choose" in mapping.reasons["timestamp"]


@pytest.mark.parametrize(
    "cell", ["3²", "9" * 5000, "\u0663", "\x00", "=1+1", "P" + "1" * 5000 + "D", "1e999"]
)
def test_odd_cells_never_stop_a_guess(cell: str) -> None:
    for header in ("Product", "Start", "Id", "Agent", "Transcript", "column A", "Score"):
        mapping = guess_mapping(sheet({header: [cell, cell]}), products=PRODUCTS)
        assert header in mapping.tags or header in mapping.fields.values() or header == "column A"


def test_a_column_that_only_counts_rows_is_no_tag() -> None:
    mapping = guess_mapping(sheet({"column A": ["0", "1", "2"], "Team": ["x", "y", "z"]}))
    assert mapping.tags == ["Team"]


def test_cells_beyond_the_header_are_no_tags() -> None:
    frame = sheet({"Team": ["x"], "column B": ["y"]})
    frame.attrs["extra"] = ["column B"]
    assert guess_mapping(frame).tags == ["Team"]


def test_products_are_matched_by_name_and_shared_names_stay_open() -> None:
    table = guess_mapping(CALLS, products=PRODUCTS).values["product_id"]
    assert table["CARDS-HOTLINE"] == table["Cards Hotline"] == 7
    assert table["loans"] == 8
    assert Mapping().match_products(["twin", "other", "LOANS "], PRODUCTS).values["product_id"] == {
        "LOANS ": 8
    }


def test_a_match_by_hand_is_not_overwritten() -> None:
    mapping = Mapping(values={"product_id": {"loans": 99}}).match_products(["loans"], PRODUCTS)
    assert mapping.values["product_id"]["loans"] == 99


# --- a mapping as a value --------------------------------------------------------------------------------


def test_replace_merges_tables_and_leaves_the_original_alone() -> None:
    before = Mapping(
        fields={"transcript": "T"}, values={"product_id": {"a": 1}}, roles={"rep": "agent"}, tags=["x"]
    )
    after = before.replace(values={"product_id": {"b": 2}}, roles={"caller": "customer"}, tags=["y"])
    assert after.values == {"product_id": {"a": 1, "b": 2}}
    assert after.roles == {"rep": "agent", "caller": "customer"}
    assert after.tags == ["y"]
    assert before.values == {"product_id": {"a": 1}}
    assert before.tags == ["x"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colour": 1}, "A mapping has no 'colour'"),
        ({"fields": {"agent": "A"}}, "A call has no field 'agent'"),
        ({"roles": {"x": "boss"}}, "There is no role 'boss'"),
        ({"tag_types": {"x": "float"}}, "There is no tag type 'float'"),
        ({"timezone": "Mars/Base"}, "There is no time zone 'Mars/Base'"),
        ({"timezone": "../etc"}, "There is no time zone"),
        ({"values": {"product_id": {"Cards": "seven"}}}, "A product is given by its number: 'seven' is none"),
        ({"defaults": {"product_id": "seven"}}, "A product is given by its number"),
        ({"values": {"product_id": 7}}, "must say which value"),
        ({"line_times": "guess"}, "cannot be used"),
        ({"tags": "Team"}, "cannot be used"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_with_a_sentence(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(MappingError, match=words):
        Mapping().replace(**changes)


def test_a_mapping_survives_saving(tmp_path: Path) -> None:
    mapping = guess_mapping(CALLS, products=PRODUCTS).replace(
        timezone="Europe/London",
        defaults={"product_id": 7},
        roles={"caller": "customer"},
        sheet=SheetFormat("csv", None, 1, "utf-8", ","),
    )
    mapping.save(tmp_path / "mapping.json")
    assert Mapping.load(tmp_path / "mapping.json") == mapping.lasting()
    assert Mapping.from_dict(json.loads(json.dumps(mapping.to_dict()))) == mapping


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"colour": 1}', '{"fields": {"agent": "A"}}'])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MappingError):
        Mapping.load(path)
    with pytest.raises(MappingError, match="could not be opened"):
        Mapping.load(tmp_path / "gone.json")


def test_the_repr_is_one_line() -> None:
    mapping = Mapping(fields={"transcript": "Text"}, tags=["a", "b"])
    assert repr(mapping) == "<Mapping transcript ← 'Text' · 2 tags · time zone not chosen>"


# --- tags ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "2", ""], "integer"),
        (["3592.0", "17"], "integer"),
        ([3592, 0], "integer"),
        (["0"], "integer"),
        (["01", "2"], "string"),
        (["1234567890123456"], "string"),
        (["+4420"], "string"),
        (["57.168", "63"], "string"),
        ([2.5, 3], "string"),
        (["true", "FALSE"], "boolean"),
        (["Ja", "nein"], "boolean"),
        (["oui", "Non", ""], "boolean"),
        ([True, False], "boolean"),
        (["1", "0"], "integer"),
        (["yes", "maybe"], "string"),
        (["1.56E+10"], "string"),
        ([], "string"),
    ],
)
def test_one_type_for_a_column(cells: list[object], expected: str) -> None:
    assert tag_type(cells).type == expected


@pytest.mark.parametrize(
    ("cell", "type", "value"),
    [
        ("18", "integer", 18),
        ("3592.0", "integer", 3592),
        (18, "integer", 18),
        ("N/A", "integer", "N/A"),
        ("oui", "boolean", True),
        (False, "boolean", False),
        ("perhaps", "boolean", "perhaps"),
        (" kept as typed ", "string", " kept as typed "),
        (57.168, "string", "57.168"),
        (True, "string", "TRUE"),
        (63.0, "string", "63"),
    ],
)
def test_a_cell_takes_its_columns_type_or_stays_its_text(cell: object, type: str, value: object) -> None:
    found = tag_value(cell, type)
    assert found == value
    assert found.__class__ is value.__class__


def test_cells_as_text() -> None:
    assert cell_text(pd.Timestamp("2026-03-30 17:46").to_pydatetime()) == "2026-03-30 17:46:00"
    assert cell_text(pd.Timedelta(minutes=65).to_pytimedelta()) == "1:05:00"
    assert cell_text(None) == ""
