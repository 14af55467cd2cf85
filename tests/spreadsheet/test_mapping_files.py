"""Mappings as files: saved, shared, written by hand, and refused with a sentence where they make no sense."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reddy_lib.errors import MappingError
from reddy_lib.spreadsheet import Mapping, SheetFormat, build_frame, guess_mapping, read_sheet
from reddy_lib.spreadsheet.model import MAPPABLE, UNIT_UNCLEAR, fold_name, product_ids

FULL = Mapping(
    fields={"agent_email": "Agent", "transcript": "Gesprächstext", "timestamp": "Début"},
    tags=["Équipe", "CSAT"],
    tag_types={"CSAT": "integer", "Équipe": "string"},
    values={"product_id": {"Cards hotline": 7, "Loans": "8"}, "agent_email": {"Ben": "ben@x.example"}},
    roles={"caller": "customer", "IVR": "leave out"},
    timezone="Europe/Berlin",
    defaults={"product_id": 7, "agent_email": "team@x.example"},
    day_first=True,
    timestamp_unit="ms",
    line_unit="s",
    line_times="leave out",
    line_fields={"role": "R", "text": "T", "start": "S"},
    line_units={"start": "ticks"},
    group_by=["Call", "Day"],
    new_call="restart",
    sheet=SheetFormat("excel", "Lines", 3, None, None),
    reasons={"agent_email": 'name "Agent"'},
)


@pytest.mark.parametrize(
    "mapping",
    [
        Mapping(), FULL, FULL.replace(layout="lines"), Mapping(day_first=False), Mapping(timezone="UTC"),
        Mapping(sheet=SheetFormat("csv", None, 1, "utf-16", "\t")), Mapping(tags=["a\nb", '"', "=1+1", "😀"]),
    ],
)  # fmt: skip
def test_a_saved_mapping_comes_back_the_same(tmp_path: Path, mapping: Mapping) -> None:
    mapping.save(tmp_path / "mapping.json")
    assert Mapping.load(str(tmp_path / "mapping.json")) == mapping.lasting()
    assert Mapping.from_dict(mapping.to_dict()) == mapping


def test_a_saved_mapping_can_be_read_and_changed_by_a_person(tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    FULL.save(path)
    text = path.read_text(encoding="utf-8")
    assert '  "timezone": "Europe/Berlin",\n' in text
    assert "Gesprächstext" in text
    assert text.endswith("}\n")
    path.write_text(text.replace("Europe/Berlin", "Asia/Tokyo"), encoding="utf-8")
    assert Mapping.load(path) == FULL.lasting().replace(timezone="Asia/Tokyo")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "mapping.json is not a mapping: it is not valid JSON."),
        ("{'fields': {}}", "mapping.json is not a mapping: it is not valid JSON."),
        ('{"fields": {},}', "mapping.json is not a mapping: it is not valid JSON."),
        ("null", "mapping.json is not a mapping: it holds no settings."),
        ('"fields"', "mapping.json is not a mapping: it holds no settings."),
        ("[]", "mapping.json is not a mapping: it holds no settings."),
        ('{"colour": "red"}', "This mapping cannot be used: Object contains unknown field `colour`."),
        ('{"fields": ["Agent"]}', "Expected `object`, got `array` - at `$.fields`"),
        ('{"fields": {"agent_email": 5}}', "Expected `str`, got `int` - at `$.fields[...]`"),
        ('{"tags": null}', "Expected `array`, got `null` - at `$.tags`"),
        ('{"day_first": "yes"}', "at `$.day_first`"),
        ('{"timestamp_unit": "hours"}', "Invalid enum value 'hours' - at `$.timestamp_unit`"),
        ('{"new_call": "sometimes"}', "Invalid enum value 'sometimes' - at `$.new_call`"),
        ('{"line_units": {"start": "h"}}', "Invalid enum value 'h'"),
        (
            '{"fields": {"email": "Agent"}}',
            "A call has no field 'email': choose among agent_email, product_id,",
        ),
        ('{"defaults": {"tags": []}}', "A call has no field 'tags'"),
        ('{"values": {"role": {}}}', "A call has no field 'role'"),
        (
            '{"line_fields": {"speaker": "Who"}}',
            "A line has no field 'speaker': choose among role, text, start,",
        ),
        ('{"line_units": {"offset": "ms"}}', "A line has no field 'offset'"),
        ('{"layout": "lines", "line_fields": {"role": "R"}}', "needs the column that holds what was said"),
        (
            '{"values": {"product_id": {"Cards": "x7", "Loans": 8}}}',
            "A product is given by its number: 'x7' is none.",
        ),
        ('{"defaults": {"product_id": 7.5}}', "A product is given by its number: 7.5 is none."),
        ('{"defaults": {"product_id": -7}}', "A product is given by its number: -7 is none."),
        (
            '{"roles": {"Rep": "Agent"}}',
            "There is no role 'Agent': choose agent, customer, leave out or keep as tag.",
        ),
        (
            '{"tag_types": {"CSAT": "number"}}',
            "There is no tag type 'number': choose string, integer, boolean.",
        ),
        (
            '{"timezone": "Berlin"}',
            "There is no time zone 'Berlin': choose for example Europe/London or UTC.",
        ),
        ('{"timezone": "Europe/../London"}', "There is no time zone 'Europe/../London'"),
        ('{"timezone": "\\u0000"}', "There is no time zone"),
        ('{"sheet": {"kind": "csv", "secret": 1}}', "This mapping cannot be used"),
    ],
)
def test_a_file_made_by_hand_is_refused_with_what_is_wrong_in_it(
    tmp_path: Path, content: str, words: str
) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MappingError) as refused:
        Mapping.load(path)
    assert words in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize("name", ["gone.json", "."])
def test_what_cannot_be_opened_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(MappingError, match="could not be opened"):
        Mapping.load(tmp_path / name)


def test_bytes_that_are_no_text_are_no_mapping(tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    path.write_bytes(b'{"timezone": "\xff\xfe"}')
    with pytest.raises(MappingError, match=r"mapping\.json is not a mapping"):
        Mapping.load(path)


def test_a_mapping_saved_by_an_editor_that_writes_a_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(FULL.to_dict()), encoding="utf-8-sig")
    assert Mapping.load(path) == FULL


def test_a_short_file_is_filled_up_with_what_holds_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    path.write_text('{"fields": {"transcript": "Text"}}', encoding="utf-8")
    assert Mapping.load(path) == Mapping(fields={"transcript": "Text"})


def test_a_saved_mapping_says_nothing_of_the_calls_of_its_file(tmp_path: Path) -> None:
    kept = FULL.replace(
        pooled_roles={"Vera Oak": {"role": "agent", "why": "in 9 of 12 calls"}},
        reasons={"conversation_id": "looks like ids: such as 'K-9931'"},
        doubts={"timestamp": "'Début' differs in 3 of 12 rows", UNIT_UNCLEAR: "it could be 4711 ms"},
    )
    kept.save(tmp_path / "mapping.json")
    text = (tmp_path / "mapping.json").read_text(encoding="utf-8")
    assert not [word for word in ("Vera Oak", "K-9931", "12 rows", "4711") if word in text]
    assert set(Mapping.load(tmp_path / "mapping.json").doubts) == {"timestamp", UNIT_UNCLEAR}


def test_last_months_mapping_reads_this_months_export(tmp_path: Path) -> None:
    march, april = tmp_path / "march.csv", tmp_path / "april.csv"
    march.write_text("Agent,Begin,Text\nana@x.example,30/03/2026 10:00,Agent: Hi\n", encoding="utf-8")
    april.write_text("Team,Agent,Begin,Text\nx,ben@x.example,01/04/2026 10:00,Agent: Ho\n", encoding="utf-8")
    guess_mapping(read_sheet(march)).save(tmp_path / "mapping.json")
    (built,) = build_frame(read_sheet(april), Mapping.load(tmp_path / "mapping.json"))
    assert (built.call.agent_email, built.call.timestamp) == ("ben@x.example", 1775037600)
    assert built.cells["Team"] == "x"


def test_a_renamed_column_is_missed_by_name_and_not_left_empty(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("Agent email,Text\nana@x.example,Agent: Hi\n", encoding="utf-8")
    with pytest.raises(MappingError, match="no column 'Agent': choose among 'Agent email', 'Text'"):
        list(build_frame(read_sheet(path), Mapping(fields={"agent_email": "Agent"})))


def test_replace_refuses_what_loading_refuses_and_changes_nothing() -> None:
    before = FULL.to_dict()
    for changes in (
        {"fields": {"x": "y"}},
        {"timezone": "Nowhere"},
        {"roles": {"x": "boss"}},
        {"nothing": 1},
    ):
        with pytest.raises(MappingError):
            FULL.replace(**changes)
    assert FULL.to_dict() == before


@pytest.mark.parametrize("field", MAPPABLE)
def test_every_field_of_a_call_can_be_mapped_and_have_a_default(field: str) -> None:
    mapping = Mapping().replace(fields={field: "A"}, defaults={field: "7"})
    assert (mapping.fields, mapping.defaults) == ({field: "A"}, {field: "7"})


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Cards hotline", "cardshotline"),
        ("CARDS_hot-line", "cardshotline"),
        (" Straße ", "strasse"),
        ("--", ""),
    ],
)
def test_names_of_products_are_compared_by_their_letters(name: str, folded: str) -> None:
    assert fold_name(name) == folded


@pytest.mark.parametrize(
    ("products", "ids"),
    [
        ([(1, "Cards"), (2, "Loans")], {"cards": 1, "loans": 2}),
        ([(1, "Cards"), (2, "cards")], {}),
        ([(1, "Cards"), (1, "CARDS")], {"cards": 1}),
        ([(1, "- -"), (2, "Loans")], {"loans": 2}),
        ([], {}),
    ],
)
def test_a_name_that_two_products_share_stands_for_none(products: list[Any], ids: dict[str, int]) -> None:
    assert product_ids([{"id": number, "name": name} for number, name in products]) == ids


def test_the_repr_of_a_layout_of_lines_names_its_text_and_its_zone() -> None:
    mapping = FULL.replace(layout="lines", fields={"agent_email": "Agent"})
    assert repr(mapping) == (
        "<Mapping agent_email ← 'Agent' · one row a line, text in 'T' · 2 tags · Europe/Berlin>"
    )


def test_json_of_a_mapping_holds_nothing_that_json_cannot() -> None:
    assert json.loads(json.dumps(FULL.to_dict()))["values"]["product_id"] == {
        "Cards hotline": 7,
        "Loans": "8",
    }
