"""Ids of calls that no name gives away: what joins, what rises, what is a person's."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.spreadsheet.mapping.guessing import guess_mapping
from reddy_lib.spreadsheet.reading.notes import id_digits

TALK = [
    f"Agent: Hello, how can I help you?\nCustomer: My {thing} has not arrived.\nAgent: I will look it up."
    for thing in ("parcel", "card", "invoice", "modem", "ticket", "refund")
]
PEOPLE = ["Ann Poe", "Bo Lee", "Cy Dow", "Di Ray", "Ed Fox", "Flo May"]


def records(**more: list[object]) -> list[dict[str, object]]:
    return [
        {
            **{name: cells[n] for name, cells in more.items()},
            "began": f"2026-03-02T1{n}:20:07Z",
            "agent": {"email": ("maya@cedarline.example", "tom@cedarline.example")[n % 2]},
            "transcript": talk,
        }
        for n, talk in enumerate(TALK)
    ]


def guessed(tmp_path: Path, data: object) -> reddy.Mapping:
    path = tmp_path / "calls.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return reddy.guess_mapping(reddy.read_sheet(path), path=path)


@pytest.mark.parametrize(
    "ids",
    [[417, 982, 305, 664, 129, 871], [311, 312, 313, 315, 316, 320], [8000, 8007, 8014, 8021, 8050, 8051],
     ["calm-otter-12", "brave-lynx-7", "shy-heron-88", "odd-finch-3", "old-mole-41", "red-vole-19"]],
)  # fmt: skip
def test_ids_of_an_unknown_name_are_taken_with_a_doubt(tmp_path: Path, ids: list[object]) -> None:
    mapping = guessed(tmp_path, {"data": records(zq=ids)})
    assert mapping.fields["conversation_id"] == "zq"
    assert "conversation_id" in mapping.doubts


def test_records_in_a_wrapping_of_their_own_are_calls(tmp_path: Path) -> None:
    ids: list[object] = [8000, 8007, 8014, 8021, 8050, 8051]
    mapping = guessed(tmp_path, {"data": {"calls": {"edges": [{"node": one} for one in records(zq=ids)]}}})
    assert mapping.fields["conversation_id"] == "zq"
    assert mapping.fields["agent_email"] == "agent.email"


def test_numbers_that_count_the_rows_are_no_ids(tmp_path: Path) -> None:
    assert "conversation_id" not in guessed(tmp_path, records(zq=[1, 2, 3, 4, 5, 6])).fields


def test_the_id_of_a_person_is_not_the_conversations(tmp_path: Path) -> None:
    contacts: list[object] = [{"id": 3300 + 17 * n, "name": name} for n, name in enumerate(PEOPLE)]
    assert "conversation_id" not in guessed(tmp_path, records(contact=contacts)).fields


def test_the_id_of_a_contact_that_is_no_person_is(tmp_path: Path) -> None:
    contacts: list[object] = [{"id": f"c-{3300 + 17 * n}", "channel": "voice"} for n in range(6)]
    assert guessed(tmp_path, records(contact=contacts)).fields["conversation_id"] == "contact.id"


def test_what_joins_lines_to_their_calls_is_the_id(tmp_path: Path) -> None:
    ids = [417, 982, 305, 664, 129, 871]
    calls = pd.DataFrame(
        {
            "began": [f"2026-03-02 1{n}:20:07" for n in range(6)],
            "zq": ids,
            "agent email": "maya@cedarline.example",
        }
    )
    rows = [
        (number, 3.5 * k, *line.split(": ", 1))
        for number, talk in zip(ids, TALK, strict=True)
        for k, line in enumerate(talk.splitlines())
    ]
    lines = pd.DataFrame(rows, columns=["zq", "zt", "role", "text"])
    file = io.BytesIO()
    with pd.ExcelWriter(file, engine="xlsxwriter") as book:
        calls.to_excel(book, sheet_name="Calls", index=False)
        lines.to_excel(book, sheet_name="Lines", index=False)
    path = tmp_path / "calls.xlsx"
    path.write_bytes(file.getvalue())
    mapping = reddy.guess_mapping(reddy.read_sheet(path), path=path)
    assert mapping.fields["conversation_id"] == "zq"
    assert "conversation_id" not in mapping.doubts
    assert "zq" not in mapping.tags


def test_a_second_is_no_customer() -> None:
    table = pd.DataFrame(
        [
            (number, 3.5 * k, 3.5 * k + 3, text if side == "Agent" else "", text if side != "Agent" else "")
            for number, talk in zip("ABCDEF", TALK, strict=True)
            for k, (side, text) in enumerate(line.split(": ", 1) for line in talk.splitlines())
        ],
        columns=["Gesprächs-ID", "ab Sekunde", "bis", "Unsere Seite", "Kunde sagt"],
    )
    mapping = reddy.guess_mapping(table)
    assert mapping.line_fields == {"start": "ab Sekunde", "stop": "bis"}


TALKS = [f"Agent: Hello, how can I help with item {n}?\nCustomer: It broke again." for n in range(4)]


@pytest.mark.parametrize(
    ("taken", "beside", "asked"),
    [
        ("Parent Call ID", "Leg ID", True),
        ("Master Contact ID", "Segment Key", True),
        ("Zorb ID", "Plum", True),
        ("Call ID", "Leg ID", False),
        ("Conversation ID", "Customer ID", False),
        ("Interaction Id", "Recording file id", False),
    ],
)
def test_ids_of_something_around_the_call_are_asked_about_where_others_tell_calls_apart(
    taken: str, beside: str, asked: bool
) -> None:
    calls = pd.DataFrame(
        {
            taken: [f"P-{7100 + n}" for n in range(4)],
            beside: [f"L-{8100 + 2 * n}" for n in range(4)],
            "Agent": ["kim@f.example", "lou@f.example"] * 2,
            "Transcript": TALKS,
        }
    )
    mapping = reddy.guess_mapping(calls)
    assert mapping.fields["conversation_id"] == taken
    assert ("conversation_id" in mapping.doubts) == asked


@pytest.mark.parametrize(
    ("name", "numbers", "taken"),
    [
        ("call_ref", ["CX929871", "CX904319", "CX105320", "CX821316", "CX664210", "CX300187"], True),
        ("Çağrı No", ["TR578066", "TR440312", "TR577708", "TR701423", "TR753377", "TR118276"], True),
        # Two letters that differ from one person to the next, under the same name: passports.
        ("call_ref", ["CX929871", "AB904319", "NR105320", "TP821316", "KL664210", "SE300187"], False),
        ("Reference person", ["CX929871", "CX904319", "CX105320", "CX821316", "CX664210", "CX300187"], False),
    ],
)
def test_ids_of_one_series_are_no_numbers_of_passports(
    tmp_path: Path, name: str, numbers: list[object], taken: bool
) -> None:
    assert (guessed(tmp_path, records(**{name: numbers})).fields.get("conversation_id") == name) is taken


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        (8_123_456_789_012_347, ["id-digits-rounded"]),  # more digits than Excel keeps: a program wrote them
        (8_123_456_789_012_340, ["id-digits-lost"]),  # as Excel rounds
        (81_234_567_890_123_456, ["id-digits-lost"]),  # as a decimal number rounds
        (8.1234567890123456e16, ["id-digits-lost"]),
        (812_345_678_901_234, []),
        ("81234567890123456", []),
        ("8,12346E+16", ["id-digits-lost"]),
        (1.23457e15, ["id-digits-lost"]),  # read from a shortened number, then stored as a decimal one
        ("1234570000000000.0", ["id-digits-lost"]),  # as pandas writes it into a CSV
        (1234567890123456.0, []),
        ("1234567890123456.0", []),
        (123_450_000.0, []),
        ("1234570000000000", []),
    ],
)
def test_ids_whose_digits_were_rounded_off_are_held_however_they_are_written(
    cell: object, codes: list[str]
) -> None:
    assert [one.code for one in id_digits(cell, excel=True)] == codes
    if codes == ["id-digits-lost"]:
        assert {one.severity for one in id_digits(cell, excel=True)} == {"error"}


@pytest.mark.parametrize("mark", [",", ".", "'", "\u202f"])
def test_ids_with_a_mark_between_thousands_are_ids_where_their_column_says_so(mark: str) -> None:
    cells = [f"{n:,}".replace(",", mark) for n in (997, 998, 1_004, 1_012, 1_013)]
    frame = pd.DataFrame(
        {
            "Call ID": cells,
            "Talk time ms": cells,
            "agent email": ["ann@firm.example"] * 5,
            "transcript": [f"Agent: Hello.\nCustomer: My order {n}." for n in range(5)],
        }
    )
    mapping = guess_mapping(frame)
    assert mapping.fields["conversation_id"] == "Call ID"
    assert "conversation_id" not in mapping.doubts


def test_a_column_named_as_the_calls_id_is_asked_about_where_it_holds_amounts() -> None:
    frame = pd.DataFrame(
        {
            "Call ID": [f"{n}.{n}5" for n in range(5)],
            "agent email": ["ann@firm.example"] * 5,
            "transcript": [f"Agent: Hello.\nCustomer: My order {n}." for n in range(5)],
        }
    )
    mapping = guess_mapping(frame)
    assert "conversation_id" not in mapping.fields
    asked = [one for one in reddy.questions(mapping, frame) if one.key == "made-up id"]
    assert [option.label for one in asked for option in one.options] == ["Call ID", "None of them"]
