"""Questions about the order of lines, about notes, and about names of products."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from reddy_lib.spreadsheet import Mapping, questions
from reddy_lib.spreadsheet.mapping.asking import PRODUCT_ASKED
from reddy_lib.spreadsheet.mapping.product_suggestions import suggested_products
from reddy_lib.spreadsheet.mapping.question import Question

PRODUCTS = [
    {"id": 1, "name": "Cards hotline", "status": "active"},
    {"id": 2, "name": "Loans", "status": "active"},
]
TURNS = [
    ("agent", "Good morning, how can I help you?", "message"),
    ("customer", "My card was lost on the train.", "message"),
    ("agent", "Caller sounds upset today.", "internal_note"),
    ("agent", "I block it now.", "message"),
]


def cell(*turns: tuple[str, str, str], newest_first: bool = False) -> str:
    items = [
        {"role": role, "text": text, "type": kind, "time": f"2026-03-30T10:0{place}:00Z"}
        for place, (role, text, kind) in enumerate(turns)
    ]
    return json.dumps(items[::-1] if newest_first else items)


def asked(*cells: str, **changes: Any) -> list[Question]:
    sheet = pd.DataFrame({"t": list(cells)})
    return questions(Mapping(fields={"transcript": "t"}, **changes), sheet)


def question(found: list[Question], key: str) -> Question:
    (one,) = [each for each in found if each.key == key]
    return one


def test_notes_are_asked_about_once_with_what_they_say() -> None:
    one = question(asked(cell(*TURNS), cell(*TURNS)), "notes")
    assert one.calls == 2
    assert [option.label for option in one.options] == [
        "Leave out",
        "Keep as tag",
        "Send as the agent's words",
    ]
    assert one.options[0].examples == ["“Caller sounds upset today.”"]
    assert [option.apply(Mapping()).notes for option in one.options] == ["leave-out", "as-tag", "as-speech"]


@pytest.mark.parametrize("kind", ["interim", "function_call"])
def test_what_nobody_would_send_is_not_asked_about(kind: str) -> None:
    turns = [(role, text, kind if of == "internal_note" else of) for role, text, of in TURNS]
    assert "notes" not in {each.key for each in asked(cell(*turns))}


def test_notes_that_were_decided_on_are_not_asked_about_again() -> None:
    assert "notes" not in {each.key for each in asked(cell(*TURNS), notes="as-tag")}


def test_lines_put_in_order_are_shown_both_ways() -> None:
    spoken = [turn for turn in TURNS if turn[2] == "message"]
    one = question(asked(cell(*spoken, newest_first=True)), "order of lines")
    put, written = one.options
    assert put.apply(Mapping()).line_order == "guess"
    assert put.examples[0].endswith("Good morning, how can I help you?")
    assert written.apply(Mapping()).line_order == "file"
    assert written.examples[0].endswith("I block it now.")
    assert "order of lines" not in {
        each.key for each in asked(cell(*spoken, newest_first=True), line_order="file")
    }
    assert asked(cell(*spoken)) == []


def test_a_name_without_a_product_gets_suggestions_and_answers_for_all_its_rows() -> None:
    sheet = pd.DataFrame(
        {"p": ["Card hotline", "Card hotline", "Loans"], "t": ["Agent: Hi.\nCustomer: Hi."] * 3}
    )
    mapping = Mapping(fields={"transcript": "t", "product_id": "p"}).match_products(["Loans"], PRODUCTS)
    (one,) = [
        each for each in questions(mapping, sheet, products=PRODUCTS) if each.key.startswith(PRODUCT_ASKED)
    ]
    assert one.calls == 2
    best = one.options[0]
    assert best.label == "Cards hotline"
    assert best.examples == ["a similar name"]
    answered = best.apply(mapping)
    assert answered.values["product_id"] == {"Loans": 2, "Card hotline": 1}
    assert not [
        each for each in questions(answered, sheet, products=PRODUCTS) if each.key.startswith(PRODUCT_ASKED)
    ]


def test_suggestions_are_the_nearest_then_the_most_used_and_never_one_that_is_switched_off() -> None:
    products = [
        {"id": 1, "name": "Home broadband", "status": "active"},
        {"id": 2, "name": "Mobile", "status": "active"},
        {"id": 3, "name": "Television", "status": "active"},
        {"id": 4, "name": "Mobile phones", "status": "inactive"},
    ]
    assert [number for number, _ in suggested_products("MOBILES", products, {3: 5})] == [2, 3, 1]
    assert suggested_products("broadband", products, {})[0] == (1, "a similar name")
    assert suggested_products("Breitband", products, {3: 5, 2: 1})[0] == (3, "5 calls have it already")
    assert len(suggested_products("x", products, {}, most=2)) == 2


def test_a_doubtful_column_without_a_rival_can_be_refused_and_shows_what_it_is_read_as() -> None:
    sheet = pd.DataFrame({"created": ["2026-03-30 10:00"], "t": ["Agent: Hi.\nCustomer: Hi."]})
    mapping = Mapping(
        fields={"transcript": "t", "timestamp": "created"},
        doubts={"timestamp": "'created' says when the call was written down"},
        day_first=True,
    )
    (one,) = [each for each in questions(mapping, sheet) if each.key == "column timestamp"]
    yes, no = one.options
    assert yes.examples == ["2026-03-30 10:00 → 30 March 2026"]
    assert (yes.label, no.label) == ("Yes", "No")
    changed = no.apply(mapping)
    assert "timestamp" not in changed.fields
    assert changed.doubts == {}
