"""Columns of ids whose names say nothing: better than an id that is made up, and a doubt."""

import pandas as pd
import pytest

from reddy_lib.spreadsheet.mapping.guessing import guess_mapping

TALK = "Agent: Hello, how can I help you?\nCustomer: My card is lost since Monday."


def mapping_frame(cells):
    count = len(cells)
    return pd.DataFrame(
        {
            "znak": cells,
            "agent": ["ann@firm.example", "bo@firm.example"] * (count // 2),
            "start": [f"2025-03-0{n + 1} 10:00:00" for n in range(count)],
            "transcript": [f"{TALK} It is number {n}." for n in range(count)],
        },
        dtype=object,
    )


def mapping_of(cells):
    return guess_mapping(mapping_frame(cells))


@pytest.mark.parametrize(
    "cells",
    [
        ["20250304-001", "20250304-002", "20250305-001", "20250305-002", "20250306-001", "20250306-002"],
        [
            "Vg 2025 / 118",
            "Vg 2025 / 121",
            "Vg 2025 / 124",
            "Vg 2025 / 127",
            "Vg 2025 / 130",
            "Vg 2025 / 133",
        ],
        ["982371", "77121", "1203981", "55012", "820011", "64407"],
    ],
)
def test_what_differs_in_each_row_and_is_built_as_an_id_is_taken_with_a_doubt(cells):
    mapping = mapping_of(cells)
    assert mapping.fields.get("conversation_id") == "znak"
    assert "conversation_id" in mapping.doubts


@pytest.mark.parametrize(
    "cells",
    [
        ["37", "39", "46", "52", "61", "70"],
        ["12500", "8000", "99000", "41000", "23500", "10000"],
        [
            "+49 30 555 1200",
            "+49 30 555 1213",
            "+49 30 555 1226",
            "+49 30 555 1239",
            "+49 30 555 1252",
            "+49 30 555 1265",
        ],
        ["03:10", "04:22", "05:01", "02:44", "07:13", "01:59"],
        ["12 EUR", "15 EUR", "19 EUR", "22 EUR", "28 EUR", "31 EUR"],
        ["EUR 7.50", "EUR 12.00", "EUR 9.99", "EUR 120.00", "EUR 3.10", "EUR 15.00"],
        ["120 sec", "151 sec", "193 sec", "222 sec", "281 sec", "312 sec"],
    ],
)
def test_lengths_amounts_and_telephone_numbers_are_no_ids(cells):
    assert "conversation_id" not in mapping_of(cells).fields


@pytest.mark.parametrize("name", ["Duration ref", "Start key", "Queue slip", "handle"])
def test_ids_under_a_name_of_something_else_are_taken_with_a_doubt(name):
    frame = mapping_frame([f"CX-{1040 + 7 * n}" for n in range(6)]).rename(columns={"znak": name})
    mapping = guess_mapping(frame)
    assert mapping.fields["conversation_id"] == name
    assert "conversation_id" in mapping.doubts


@pytest.mark.parametrize("name", ["Customer ref", "Agent key", "Product code", "Transcript"])
def test_ids_of_people_products_and_texts_are_left_alone(name):
    frame = mapping_frame([f"CX-{1040 + 7 * n}" for n in range(6)]).rename(columns={"znak": name})
    assert "conversation_id" not in guess_mapping(frame).fields
