"""Choices of the analyst, made one by one, become a changed copy of the guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from reddy_lib.errors import MappingError
from reddy_lib.spreadsheet import Mapping, build_call
from reddy_lib.spreadsheet.mapping.choosing import (
    BY_HAND,
    chosen_fields,
    chosen_lines,
    chosen_products,
    chosen_roles,
    joined_columns,
    looked_up,
    named_fields,
    product_of,
    tags_after,
    time_zones,
)
from reddy_lib.spreadsheet.mapping.lookups import read_lookup
from reddy_lib.spreadsheet.model import Join

PRODUCTS = [
    {"id": 1, "name": "Cards hotline", "status": "active"},
    {"id": 2, "name": "Loans", "status": "active"},
]
GUESS = Mapping(
    fields={"agent_email": "Rep", "product_id": "Queue"},
    reasons={"agent_email": 'name "Rep"', "product_id": 'name "Queue"', "CSAT": "integer"},
)


def test_a_chosen_column_replaces_the_guess_and_its_reason() -> None:
    mapping = chosen_fields(GUESS, {"agent_email": "Email", "product_id": "Queue"})
    assert mapping.fields == {"agent_email": "Email", "product_id": "Queue"}
    assert mapping.reasons["agent_email"] == "chosen by hand"
    assert mapping.reasons["product_id"] == 'name "Queue"'
    assert GUESS.fields["agent_email"] == "Rep", "the guess itself stays as it was"


def test_a_field_without_a_column_is_taken_out_with_its_reason() -> None:
    mapping = chosen_fields(GUESS, {"product_id": None, "filename": None})
    assert mapping.fields == {"agent_email": "Rep"}
    assert "product_id" not in mapping.reasons
    assert mapping.reasons["CSAT"] == "integer"


def test_fields_that_are_not_named_stay() -> None:
    assert chosen_fields(GUESS, {}).fields == GUESS.fields
    assert chosen_fields(GUESS, {"transcript": "Talk"}).fields["product_id"] == "Queue"


def test_a_text_stands_for_the_product_of_the_value_table_or_for_the_id_that_it_is() -> None:
    mapping = Mapping(values={"product_id": {"Cards hotline": 1, "Web": None}})
    assert product_of("cards-hotline", mapping, PRODUCTS) == 1
    assert product_of(" 2 ", mapping, PRODUCTS) == 2
    assert product_of("9", mapping, PRODUCTS) is None, "no product of the list"
    assert product_of("Web", mapping, PRODUCTS) is None
    assert product_of("Loans", mapping, PRODUCTS) is None, "names are matched by match_products"


def test_a_chosen_product_is_what_a_row_gets() -> None:
    mapping = Mapping(fields={"product_id": "Queue"}).match_products(["Loans"], PRODUCTS)
    mapping = chosen_products(mapping, {"Loans": 2, "Card line": 1})
    assert build_call(2, {"Queue": "Card line"}, mapping).call.product_id == 1
    assert build_call(2, {"Queue": "Loans"}, mapping).call.product_id == 2


def test_a_product_taken_away_is_gone_under_every_spelling() -> None:
    mapping = Mapping(fields={"product_id": "Queue"}, values={"product_id": {"Loans": 2, "LOANS": 2}})
    mapping = chosen_products(mapping, {"loans": None})
    for text in ("Loans", "LOANS", "loans", "lo-ans"):
        built = build_call(2, {"Queue": text}, mapping)
        assert built.call.product_id is None
        assert [found.code for found in built.findings] == ["product-unknown"]


def test_texts_that_never_had_a_product_leave_no_trace() -> None:
    assert chosen_products(Mapping(), {"Web": None}) == Mapping()
    assert chosen_products(Mapping(), {"Web": None, "Loans": 2}).values == {"product_id": {"Loans": 2}}


def test_roles_that_the_vocabulary_knows_are_not_written_down() -> None:
    choices = {"Agent": "agent", "Customer": "customer", "IVR": "leave out", "Mum": "customer", "Bot": None}
    assert chosen_roles(Mapping(), choices).roles == {"IVR": "leave out", "Mum": "customer"}


def test_a_role_can_be_turned_round() -> None:
    assert chosen_roles(Mapping(), {"Agent": "customer"}).roles == {"Agent": "customer"}


COLUMNS = ["Id", "Queue", "Campaign", "CSAT"]


@pytest.mark.parametrize(
    ("tags", "before", "now", "after"),
    [
        (["Campaign", "CSAT"], {"Queue"}, {"Queue"}, ["Campaign", "CSAT"]),
        (["Campaign", "CSAT"], {"Queue"}, {"Campaign"}, ["Queue", "CSAT"]),
        (["CSAT"], {"Queue"}, set(), ["Queue", "CSAT"]),
        (["CSAT"], set(), {"CSAT"}, []),
        ([], {"Queue"}, {"Queue"}, []),
        (["CSAT", "Id"], set(), set(), ["Id", "CSAT"]),
        (["Gone"], set(), set(), []),
    ],
)
def test_tags_follow_what_fields_take_and_let_go(
    tags: list[str], before: set[str], now: set[str], after: list[str]
) -> None:
    assert tags_after(tags, before, now, COLUMNS) == after


def test_time_zones_start_with_ones_own() -> None:
    zones = time_zones("Europe/London")
    assert zones[:2] == ["Europe/London", "UTC"]
    assert "America/New_York" in zones
    assert len(zones) == len(set(zones))
    assert zones[2:] == sorted(zones[2:])


@pytest.mark.parametrize("nowhere", ["", "Mars/Olympus", "UTC"])
def test_without_a_zone_of_ones_own_utc_comes_first(nowhere: str) -> None:
    zones = time_zones(nowhere)
    assert zones[0] == "UTC"
    assert zones.count("UTC") == 1


# --- joined columns, file names, second sheets -----------------------------------------------------------------

HEADERS = ["Rep", "Queue", "Date", "Time", "CSAT"]


def test_joined_columns_take_the_place_of_one_and_tags_follow() -> None:
    before = GUESS.replace(fields={**GUESS.fields, "timestamp": "CSAT"}, tags=["Date", "Time"])
    mapping = joined_columns(before, "timestamp", ["Date", "Time"], sheet=HEADERS)
    assert mapping.fields == {"agent_email": "Rep", "product_id": "Queue"}
    assert mapping.joins == {"timestamp": Join(["Date", "Time"], " ")}
    assert mapping.tags == ["CSAT"]
    assert mapping.reasons["timestamp"] == "chosen by hand"
    assert joined_columns(before, "filename", ["Date", "Time"], "-").tags == ["Date", "Time"]


@pytest.mark.parametrize(("column", "fields"), [("Date", {"timestamp": "Date"}), (None, {})])
def test_a_column_chosen_for_a_joined_field_or_none_takes_the_join_out(
    column: str | None, fields: dict[str, str]
) -> None:
    guess = Mapping(joins={"timestamp": Join(["Date", "Time"])}, reasons={"timestamp": "joined"})
    mapping = chosen_fields(guess, {"timestamp": column})
    assert (mapping.joins, mapping.fields) == ({}, fields)
    assert mapping.reasons == ({"timestamp": "chosen by hand"} if column else {})


@pytest.mark.parametrize(
    ("pattern", "fields"),
    [
        ("{agent_email}_{date}_{time}.json", ["agent_email", "timestamp"]),
        ("{queue}_{product_id}", ["product_id"]),
        ("{timestamp}_{date}", ["timestamp"]),
        ("  ", []),
    ],
)
def test_one_pattern_gives_every_field_that_it_names(pattern: str, fields: list[str]) -> None:
    before = GUESS.replace(from_name={"filename": "{filename}"})
    assert named_fields(before, pattern).from_name == dict.fromkeys(fields, pattern)


def test_a_pattern_that_names_no_field_says_what_to_write() -> None:
    with pytest.raises(MappingError, match=r"^The pattern '\{queue\}' names no field: write for example"):
        named_fields(GUESS, "{queue}")


def test_a_second_sheet_is_added_to_the_value_table(tmp_path: Path) -> None:
    path = tmp_path / "staff.csv"
    path.write_text("Name,Email\nAnn Lee,ann@c.example\nBo Kay,bo@c.example\n")
    before = GUESS.replace(values={"agent_email": {"Cy": "cy@c.example", "Bo Kay": "x@c.example"}})
    mapping = looked_up(before, read_lookup(path, field="agent_email", texts=["Ann Lee"]))
    assert mapping.values["agent_email"] == {
        "Cy": "cy@c.example", "Bo Kay": "bo@c.example", "Ann Lee": "ann@c.example",
    }  # fmt: skip
    assert mapping.reasons["agent_email"].startswith("chosen by hand; staff.csv: 'Name' → 'Email'")


# lines, and roles that a profile brought


LINES = Mapping(
    layout="lines",
    line_fields={"role": "Who", "text": "Words", "start": "From"},
    line_units={"start": "ms"},
    group_by=["Call"],
    reasons={"layout": "found", "line role": "name", "line text": "name", "line start": "name"},
)


def test_chosen_columns_of_lines_carry_their_reasons_and_units() -> None:
    columns = {"role": None, "text": "Said", "start": "From", "stop": "To"}
    mapping = chosen_lines(
        LINES, columns, units={"start": "s", "stop": "auto"}, group_by=["Call"], new_call="value"
    )
    assert mapping.line_fields == {"text": "Said", "start": "From", "stop": "To"}
    assert mapping.line_units == {"start": "s"}
    assert mapping.reasons == {
        "layout": "found", "line text": BY_HAND, "line start": "name", "line stop": BY_HAND,
    }  # fmt: skip


def test_what_tells_calls_apart_by_hand_says_so() -> None:
    mapping = chosen_lines(LINES, LINES.line_fields, units={}, group_by=["Day"], new_call="fill down")
    assert (mapping.group_by, mapping.new_call) == (["Day"], "fill down")
    assert mapping.reasons["layout"].endswith(BY_HAND)


def test_a_role_that_the_mapping_has_can_be_put_back_to_what_its_word_says() -> None:
    mapping = Mapping(roles={"Agent": "customer"})
    assert chosen_roles(mapping, {"Agent": "agent", "Caller": "customer"}).roles == {"Agent": "agent"}
