"""Columns that are perhaps not to be sent as tags, and tags that do not keep their type."""

from __future__ import annotations

import pandas as pd
import pytest

from reddy_lib.model import Call, Tag
from reddy_lib.spreadsheet import Mapping, guess_mapping
from reddy_lib.spreadsheet.cells.tag_values import NO, YES, tag_type, tag_value
from reddy_lib.spreadsheet.evidence.tags import (
    constant,
    doubt,
    doubtful_tags,
    left_out_columns,
    personal,
    sensitive,
    tag_drift,
)


@pytest.mark.parametrize(
    "name",
    ["Card number", "Customer DOB", "date_of_birth", "Geburtsdatum", "Fecha de nacimiento", "Numéro de carte", "IBAN",
     "SSN", "Kunden Kontonummer", "Codice fiscale", "Дата рождения", "CustomerPassport"],
)  # fmt: skip
def test_columns_of_numbers_that_identify_a_person_are_left_out_by_name(name: str) -> None:
    assert sensitive(name) == f"personal, by its name {name!r}"


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["4111 1111 1111 1111", "5500-0000-0000-0004", ""], "100% of its cells are numbers of payment cards"),
        (["DE89 3704 0044 0532 0130 00", "GB33BUKB20201555555555"], "100% of its cells are IBANs"),
        (["DE89 3704 0044 0532 0130 01", "paid to GB33BUKB20201555555555"], ""),
        (["078-05-1120", "AB123456C"], "100% of its cells are written as national ids"),
        (["4111 1111 1111 1112", "5500000000000005"], ""),
        (["1774863960000", "1774951200000"], ""),
        (["41111", "+44 20 7946 0958"], ""),
    ],
)  # fmt: skip
def test_payment_cards_are_known_by_their_check_digit(cells: list[str], wanted: str) -> None:
    assert sensitive("Reference", cells) == wanted


@pytest.mark.parametrize(
    "name",
    ["Customer name", "CallerName", "First name", "Nachname", "Apellidos", "Nom du client", "Customer phone", "Telefon",
     "ANI", "E-Mail", "Kunde Adresse", "home_address", "Mobile", "Postcode", "customer_tel", "Фамилия"],
)  # fmt: skip
def test_columns_that_may_point_to_a_customer_are_known_by_name(name: str) -> None:
    assert personal(name) == f"by its name {name!r}"


@pytest.mark.parametrize(
    "name",
    ["Agent name", "agent_tel", "Supervisor email", "Product name", "Team", "CSAT", "Queue", "Customer tier", "File name",
     "Contact reason", "Client satisfied", "Name of the campaign"],
)  # fmt: skip
def test_what_is_the_staffs_or_the_companys_is_not(name: str) -> None:
    assert personal(name) == ""
    assert sensitive(name) == ""


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["x@y.example", "z@y.example", "none"], "66% of its cells are emails"),
        (["+44 20 7946 0958", "(020) 7946 0958", "555-010-1234"], "100% of its cells are phone numbers"),
        (["2026-03-30", "20260330"], ""), (["1774863960"], ""), (["3.5", "10:30"], ""), ([], ""),
    ],
)  # fmt: skip
def test_emails_and_phones_are_known_by_content(cells: list[str], wanted: str) -> None:
    assert personal("Ref", cells) == wanted


def test_the_guess_marks_what_to_think_about_and_leaves_out_what_is_never_to_be_sent() -> None:
    count = 12
    frame = pd.DataFrame(
        {
            "Agent email": ["ann@c.example"] * count,
            "Transcript": ["Agent: Good morning.\nCustomer: I lost my card."] * count,
            "Customer name": [f"Person {number}" for number in range(count)],
            "Country": ["UK"] * count,
            "CSAT": [str(number % 5) for number in range(count)],
            "DOB": ["1980-01-01"] * count,
            "Empty": [""] * count,
        },
        index=range(2, count + 2),
    )
    mapping = guess_mapping(frame)
    assert mapping.tags == ["Customer name", "Country", "CSAT"]
    assert mapping.reasons["Customer name"] == (
        "string: text; 12 distinct; personal?: by its name 'Customer name'"
    )
    assert doubtful_tags(mapping) == {
        "Customer name": ("personal", "by its name 'Customer name'"),
        "Country": ("constant", "all 12 rows say 'UK'"),
    }
    assert left_out_columns(mapping) == {
        "DOB": "personal, by its name 'DOB'; choose it to send it",
        "Empty": "no cell is filled in the rows looked at",
    }
    chosen = mapping.replace(tags=["CSAT", "DOB"])
    assert doubtful_tags(chosen) == {}
    assert list(left_out_columns(chosen)) == ["Empty"]


def test_few_rows_or_empty_cells_make_no_constant() -> None:
    assert constant(["UK"] * 9, 9) == ""
    assert constant(["UK"] * 10, 11) == ""
    assert constant(["UK"] * 10, 10) == "all 10 rows say 'UK'"


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("ANO", "ne"), ("áno", "nie"), ("igen", "nem"), ("Evet", "Hayır"), ("jah", "ei"), ("jā", "nē"), ("taip", "ne"),
        ("ναι", "ΟΧΙ"), ("так", "ні"), ("ja", "nej"), ("ja", "nei"), ("نعم", "لا"), ("כן", "לא"), ("हाँ", "नहीं"),
        ("是", "否"), ("はい", "いいえ"), ("예", "아니요"), ("có", "không"), ("ya", "tidak"), ("✓", "✗"),
        ("SANT", "FALSKT"), ("TOSI", "EPÄTOSI"), ("PRAWDA", "FAŁSZ"), ("ИСТИНА", "ЛОЖЬ"), ("a\u0301no", "nie"),
    ],
)  # fmt: skip
def test_yes_and_no_in_more_languages(yes: str, no: str) -> None:
    assert tag_type([yes, no]) == ("boolean", "all 2 cells say yes or no")
    assert (tag_value(f" {yes}", "boolean"), tag_value(no, "boolean")) == (True, False)


def test_no_word_says_both_yes_and_no() -> None:
    assert frozenset() == YES & NO


def test_the_summary_of_drift_counts_every_call_and_shows_the_first() -> None:
    calls = [
        (
            row,
            Call(
                tags=[
                    Tag("CSAT", row if row % 3 else f"r{row}", "integer"),
                    Tag("OK", row != 4 or "?", "boolean"),
                ]
            ),
        )
        for row in range(1, 1001)
    ]
    first, second = tag_drift(calls)
    assert (first.key, first.fitting, first.others, len(first.rows)) == ("CSAT", 667, 333, 100)
    assert first.examples == ["r3", "r6", "r9", "r12", "r15"]
    assert str(second).startswith(
        "OK: 1 of 1,000 values does not fit the type boolean ('?'; first in row 4)."
    )
    assert tag_drift([]) == []
    assert tag_drift([(2, Call(tags=[Tag("A", "x", "string")])), (3, Call())]) == []


def test_without_reasons_nothing_is_said_of_a_mapping() -> None:
    assert doubtful_tags(Mapping(tags=["x"])) == {}
    assert left_out_columns(Mapping(tags=["x"])) == {}


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("Customer name", ["Maria", ""], "personal"),
        ("Card", ["4111 1111 1111 1111"] * 3, "personal"),
        ("Site", ["North"] * 10, "constant"),
        ("Site", ["North"] * 10 + [""], None),
        ("Site", ["North", "South"] * 5, None),
        ("Agent name", ["Ann"], None),
    ],
)
def test_what_speaks_against_a_tag_is_found_of_any_column(
    name: str, cells: list[str], kind: str | None
) -> None:
    found = doubt(name, cells)
    assert (found[0] if found else None) == kind
    assert found is None or found[1]
