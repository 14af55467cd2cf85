"""Where a field's value comes from: joined columns, the file's name, value tables, defaults, for every field."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reddy_lib.errors import MappingError
from reddy_lib.model import Speaker
from reddy_lib.spreadsheet import (
    MAPPABLE,
    Mapping,
    build_call,
    build_frame,
    guess_mapping,
    read_calls,
    read_sheet,
)
from reddy_lib.spreadsheet.calls.sources import joined
from reddy_lib.spreadsheet.file_names import name_offers, name_value, values_in
from reddy_lib.spreadsheet.model import Join

NINE = 1_774_863_960
"""2026-03-30 09:46 UTC."""


# --- defaults and value tables ---------------------------------------------------------------------------------

WANTED: dict[str, tuple[Any, str, Any]] = {
    "agent_email": ("ann@cedarline.example", "agent_email", "ann@cedarline.example"),
    "product_id": (7, "product_id", 7),
    "transcript": ("Agent: Good morning.\nCustomer: Hello.", "transcript", ["Good morning.", "Hello."]),
    "timestamp": ("2026-03-30T09:46:00Z", "timestamp", NINE),
    "conversation_id": ("conv-9", "conversation_id", "conv-9"),
    "filename": ("a.wav", "filename", "a.wav"),
    "channels": (["customer", "agent"], "speaker", Speaker("channels", ["customer", "agent"])),
    "separation": ("diarize", "speaker", Speaker("diarize", None)),
    "channel_map": ("agent, customer", "speaker", Speaker("channels", ["agent", "customer"])),
}


def found(call: Any, name: str) -> Any:
    value = getattr(call, name)
    return [line.text for line in value] if name == "transcript" and value else value


def test_the_table_here_names_every_field() -> None:
    assert set(WANTED) == set(MAPPABLE)


@pytest.mark.parametrize("field", MAPPABLE)
def test_a_default_is_the_same_for_all_rows_where_no_column_feeds_the_field(field: str) -> None:
    value, name, expected = WANTED[field]
    call = build_call(2, {"x": "1"}, Mapping(defaults={field: value})).call
    assert found(call, name) == expected


@pytest.mark.parametrize("field", MAPPABLE)
@pytest.mark.parametrize("cell", ["", "  ", None, float("nan")])
def test_a_default_fills_empty_cells_of_the_field(field: str, cell: Any) -> None:
    value, name, expected = WANTED[field]
    mapping = Mapping(fields={field: "x"}, defaults={field: value})
    assert found(build_call(2, {"x": cell}, mapping).call, name) == expected


@pytest.mark.parametrize("field", MAPPABLE)
@pytest.mark.parametrize("cell", ["Blue team", " blue  TEAM "])
def test_a_value_table_serves_every_field_however_the_cell_is_written(field: str, cell: str) -> None:
    value, name, expected = WANTED[field]
    mapping = Mapping(fields={field: "x"}, values={field: {"Blue team": value}})
    assert found(build_call(2, {"x": cell}, mapping).call, name) == expected


def test_a_text_that_stands_for_two_values_is_only_found_exactly() -> None:
    table = {"Ann Lee": "ann.1@cedarline.example", "ann lee": "ann.2@cedarline.example"}
    mapping = Mapping(fields={"agent_email": "A"}, values={"agent_email": table})
    emails = [
        build_call(2, {"A": cell}, mapping).call.agent_email for cell in ("Ann Lee", "ann lee", "ANN LEE")
    ]
    assert emails == ["ann.1@cedarline.example", "ann.2@cedarline.example", "ANN LEE"]


def test_ids_that_differ_in_a_hyphen_are_two_and_names_that_do_are_one() -> None:
    mapping = Mapping(
        fields={"conversation_id": "I", "agent_email": "A"},
        values={"conversation_id": {"A-1": "one"}, "agent_email": {"Ann-Marie": "am@cedarline.example"}},
    )
    call = build_call(2, {"I": "A1", "A": "ann marie"}, mapping).call
    assert (call.conversation_id, call.agent_email) == ("A1", "am@cedarline.example")


# --- joined columns --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        ("2026-03-30", "09:46"), ("2026-03-30", "9:46"), ("30.03.2026", "09:46:00"), ("3/30/2026", "9:46 AM"),
        ("20260330", "0946"), ("2026-03-30", "946"), ("2026-03-30", "094600"), ("2026-03-30 00:00:00", "9:46"),
        (date(2026, 3, 30), time(9, 46)), (datetime(2026, 3, 30), time(9, 46)),  # noqa: DTZ001
        (datetime(2026, 3, 30), timedelta(hours=9, minutes=46)), (datetime(2026, 3, 30), "9:46 am"),  # noqa: DTZ001
        (datetime(2026, 3, 30), datetime(1899, 12, 31, 9, 46)), (date(2026, 3, 30), (9 * 60 + 46) / 1440),  # noqa: DTZ001
        ("2026-03-30T09:46:00Z", ""),
    ],
)  # fmt: skip
def test_a_date_and_a_time_of_day_make_a_start(day: object, clock: object) -> None:
    built = build_call(2, {"D": day, "T": clock}, Mapping(joins={"timestamp": Join(["D", "T"])}))
    assert built.call.timestamp == NINE
    assert built.findings == []


def test_a_time_of_day_without_its_date_is_said_to_be_none() -> None:
    built = build_call(2, {"D": "", "T": "9:46"}, Mapping(joins={"timestamp": Join(["D", "T"])}))
    assert built.call.timestamp is None
    assert [found.code for found in built.findings] == ["timestamp-unreadable"]


@pytest.mark.parametrize(
    ("cells", "separator", "text"),
    [
        (["Ann", "Lee"], " ", "Ann Lee"), (["Ann", "", "Lee"], " ", "Ann Lee"), (["EU", 12, 3.0], "-", "EU-12-3"),
        ([" a ", None, "b"], "", "ab"), ([], "-", ""), (["", None], "-", ""),
    ],
)  # fmt: skip
def test_joined_cells_are_one_text_without_those_that_are_empty(
    cells: list[Any], separator: str, text: str
) -> None:
    assert joined(cells, separator) == text


def test_first_and_last_name_become_an_email_through_the_value_table() -> None:
    mapping = Mapping(
        joins={"agent_email": Join(["First", "Last"]), "conversation_id": Join(["Site", "No"], "/")},
        values={"agent_email": {"Ann Lee": "ann@cedarline.example"}},
    )
    call = build_call(2, {"First": "Ann", "Last": "Lee", "Site": "N", "No": "0042"}, mapping).call
    assert (call.agent_email, call.conversation_id) == ("ann@cedarline.example", "N/0042")


def test_joined_columns_that_the_sheet_lacks_are_named() -> None:
    with pytest.raises(MappingError, match=r"^The sheet has no column 'Time': choose among 'Date'\.$"):
        build_call(2, {"Date": "x"}, Mapping(joins={"timestamp": Join(["Date", "Time"])}))


def test_joined_cells_that_differ_within_a_call_are_a_finding() -> None:
    frame = pd.DataFrame(
        {"id": ["a", "a"], "D": ["2026-03-30", "2026-03-30"], "T": ["9:46", "9:47"], "t": ["Agent: Hi.", "Customer: Yes."]},
        index=[2, 3],
    )  # fmt: skip
    mapping = Mapping(
        layout="lines", line_fields={"text": "t"}, group_by=["id"], joins={"timestamp": Join(["D", "T"])}
    )
    (built,) = build_frame(frame, mapping)
    assert built.call.timestamp == NINE
    assert [(one.code, one.field) for one in built.findings if one.code == "cells-differ"] == [
        ("cells-differ", "timestamp")
    ]


# --- the file's name -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "field", "name", "value"),
    [
        ("{agent_email}_{date}.json", "agent_email", "ann@c.example_2026-03-30.json", "ann@c.example"),
        ("{agent_email}_{date}.json", "timestamp", "ann@c.example_2026-03-30.json", "2026-03-30"),
        ("{agent_email}_{date}_{time}", "timestamp", "ann@c.example_20260330_0946.json", "2026-03-30 09:46"),
        ("{date}T{time}_{}", "timestamp", "2026-03-30T09-46-00_Mono.wav", "2026-03-30 09:46:00"),
        ("*_{date}_*", "timestamp", "call_30.03.2026_7.txt", "30.03.2026"),
        ("{}_DT_{timestamp}_*.wav", "timestamp", "A_B_DT_2026-03-30T09-46-22_Mono.wav", "2026-03-30 09:46:22"),
        ("{timestamp}.txt", "timestamp", "1774863960.txt", "1774863960"),
        ("{queue} - {conversation_id}", "conversation_id", "Loans - 0042.txt", "0042"),
        ("{queue}-*", "product_id", "Loans-1.txt", "Loans"),
        ("CALL{x}.JSON", "conversation_id", "call17.json", "17"),
        ("{agent_email}.json", "agent_email", "ann%40c.example.json", "ann@c.example"),
        (r"AGENT_(?P<agent_email>[^_]+)", "agent_email", "x_AGENT_ChrisL_DT.wav", "ChrisL"),
        (r"(?P<id>\d{4})", "conversation_id", "call 0042 b.txt", "0042"),
        (r"(?P<id>\d{4})", "conversation_id", "call b.txt", None),
        ("{agent_email}_{date}.json", "agent_email", "ann@c.example.json", None),
    ],
)  # fmt: skip
def test_a_pattern_takes_a_field_from_a_name(pattern: str, field: str, name: str, value: str | None) -> None:
    assert name_value(pattern, field, name) == value


def test_the_values_that_a_pattern_names() -> None:
    assert values_in("{agent_email}_{date}_{}_*.json") == ["agent_email", "date"]
    assert values_in(r"(?P<agent_email>\w+)-(?P<date>\d+)") == ["agent_email", "date"]


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("call.json", "The pattern 'call.json' names no value: write for example {agent_email}_{date}.json."),
        ("{a}_{b}", "The pattern '{a}_{b}' does not say which part of the file's name is the filename: "
                    "put {filename} in its place."),
        ("{a}_{a}", "The pattern '{a}_{a}' has {a} twice: name each value once."),
        ("(?P<a>[", "'(?P<a>[' is no regular expression: unterminated character set at position 6."),
    ],
)  # fmt: skip
def test_a_pattern_that_cannot_work_is_refused_with_a_sentence(pattern: str, sentence: str) -> None:
    with pytest.raises(MappingError) as refused:
        Mapping().replace(from_name={"filename": pattern})
    assert str(refused.value) == sentence


def test_each_transcript_file_of_a_bundle_gives_its_own_agent_and_start(tmp_path: Path) -> None:
    path = tmp_path / "calls.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        for name in ("ann@c.example_2026-03-30_0946", "bo@c.example_2026-03-30_0947", "notes"):
            bundle.writestr(f"{name}.txt", "Agent: Good morning.\nCustomer: Hello.")
    sheet = read_sheet(path)
    mapping = Mapping(
        fields={"transcript": "transcript"},
        from_name=dict.fromkeys(("agent_email", "timestamp"), "{agent_email}_{date}_{time}.txt"),
        sheet=None,
    ).replace(sheet=sheet.attrs["format"])
    built = [one for piece in read_calls(path, mapping) for one in piece]
    assert [(one.call.agent_email, one.call.timestamp) for one in built] == [
        ("ann@c.example", NINE), ("bo@c.example", NINE + 60), (None, None),
    ]  # fmt: skip
    assert [[found.field for found in one.findings if found.code == "file-name-not-matched"] for one in built] == [
        [], [], ["agent_email", "timestamp"],
    ]  # fmt: skip
    assert built[2].findings[-2].message == (
        "The name 'notes.txt' does not fit '{agent_email}_{date}_{time}.txt', which should contain the agent_email."
    )


@pytest.mark.parametrize(("layout", "kept"), [("row", "Loans_03.csv"), ("lines", "Cards_04.csv")])
def test_a_sheet_gives_its_own_name_or_the_one_that_the_analyst_knows_it_by(
    tmp_path: Path, layout: Any, kept: str
) -> None:
    path = tmp_path / "Loans_03.csv"
    path.write_text("Text,Agent\nAgent: Hi. Customer: Yes.,ann@c.example\n")
    sheet = read_sheet(path)
    mapping = Mapping(
        fields={"agent_email": "Agent"} | ({"transcript": "Text"} if layout == "row" else {}),
        layout=layout,
        line_fields={"text": "Text"} if layout == "lines" else {},
        from_name={"product_id": "{product}_*"},
        values={"product_id": {"Loans": 2, "Cards": 1}},
    )
    assert [one.call.product_id for one in build_frame(sheet, mapping)] == [2]
    mapping = mapping.replace(sheet=sheet.attrs["format"])
    (piece,) = read_calls(path, mapping, file_name=kept)
    assert piece[0].call.product_id == (2 if kept == path.name else 1)


def test_a_cell_comes_before_the_name_of_the_file_and_a_default_after_both() -> None:
    mapping = Mapping(
        fields={"conversation_id": "I"},
        from_name={"conversation_id": "{id}.csv"},
        defaults={"conversation_id": "all"},
    )
    given = [("7", "9.csv"), ("", "9.csv"), ("", "9.txt")]
    ids = [build_call(2, {"I": cell}, mapping, file_name=name).call.conversation_id for cell, name in given]
    assert ids == ["7", "9", "all"]


# --- plain data ------------------------------------------------------------------------------------------------


def test_joins_and_patterns_survive_saving(tmp_path: Path) -> None:
    mapping = Mapping(
        joins={"timestamp": Join(["Date", "Time"]), "conversation_id": Join(["a", "b"], "-")},
        from_name={"agent_email": "{agent_email}_*"},
        roles={"IVR": "keep as tag"},
    )
    mapping.save(tmp_path / "mapping.json")
    assert Mapping.load(tmp_path / "mapping.json") == mapping
    assert Mapping.from_dict(mapping.to_dict()) == mapping
    assert mapping.to_dict()["joins"]["conversation_id"] == {"columns": ["a", "b"], "separator": "-"}
    assert mapping.sources() == {"timestamp": ["Date", "Time"], "conversation_id": ["a", "b"]}
    assert repr(mapping).startswith("<Mapping timestamp ← 'Date' + 'Time', conversation_id ← 'a' + 'b' ·")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"joins": {"timestamp": {"columns": ["Date"]}}},
         "A join needs at least two columns: 'timestamp' has fewer."),
        ({"joins": {"filename": {"columns": ["a", "b"]}}, "fields": {"filename": "c"}},
         "Both one column and several joined ones feed 'filename': choose either for each field."),
        ({"joins": {"colour": {"columns": ["a", "b"]}}},
         "A call has no field 'colour': choose among " + ", ".join(MAPPABLE) + "."),
        ({"from_name": {"colour": "{colour}"}},
         "A call has no field 'colour': choose among " + ", ".join(MAPPABLE) + "."),
        ({"joins": {"filename": ["a", "b"]}},
         "This mapping cannot be used: Expected `object`, got `array` - at `$.joins[...]`."),
        ({"roles": {"IVR": "drop"}}, "There is no role 'drop': choose agent, customer, leave out or keep as tag."),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_work_says_why(data: dict[str, Any], sentence: str) -> None:
    with pytest.raises(MappingError) as refused:
        Mapping.from_dict(data)
    assert str(refused.value) == sentence


# --- speakers that are kept as tags ----------------------------------------------------------------------------

SAID = "IVR: Press 1.\nAgent: Good morning.\nivr: This call is recorded.\nBot: Beep.\nCustomer: Hello."


def test_the_words_of_a_speaker_become_a_tag_named_after_it() -> None:
    mapping = Mapping(fields={"transcript": "T"}, roles={"ivr": "keep as tag", "Bot": "leave out"})
    built = build_call(2, {"T": SAID}, mapping)
    assert [(tag.key, tag.value, tag.type) for tag in built.call.tags or ()] == [
        ("IVR", "Press 1.\nThis call is recorded.", "string")
    ]
    assert [(line.role, line.text) for line in built.call.transcript or ()] == [
        ("agent", "Good morning."),
        ("customer", "Hello."),
    ]
    said = {found.code: found.message for found in built.findings}
    assert (
        said["lines-kept-as-tag"]
        == "2 lines of 'IVR' and 'ivr' were kept as a tag, as chosen for the speakers."
    )
    assert said["lines-left-out"] == "1 line of 'Bot' was left out, as chosen for the speaker."


def test_a_column_of_the_same_name_stays_its_own_tag() -> None:
    mapping = Mapping(fields={"transcript": "T"}, tags=["IVR"], roles={"ivr": "keep as tag"})
    tags = build_call(2, {"T": SAID, "IVR": "menu 4"}, mapping).call.tags or []
    assert [(tag.key, tag.value) for tag in tags] == [
        ("IVR", "menu 4"),
        ("IVR (speaker)", "Press 1.\nThis call is recorded."),
    ]


def test_speakers_of_rows_and_of_data_are_kept_as_tags_too() -> None:
    frame = pd.DataFrame(
        {"id": ["a"] * 3, "who": ["IVR", "Agent", "Customer"], "t": ["Press 1.", "Morning.", "Hello."]},
        index=[2, 3, 4],
    )
    roles = {"IVR": "keep as tag"}
    mapping = Mapping(layout="lines", line_fields={"text": "t", "role": "who"}, group_by=["id"], roles=roles)
    (built,) = build_frame(frame, mapping)
    data = (
        '[{"role": "IVR", "text": "Press 1.", "start": 0, "stop": 1},'
        ' {"role": "agent", "text": "Morning.", "start": 1, "stop": 2}]'
    )
    other = build_call(2, {"T": data}, Mapping(fields={"transcript": "T"}, roles=roles))
    for one in (built, other):
        assert [(tag.key, tag.value) for tag in one.call.tags or ()] == [("IVR", "Press 1.")]
        assert (one.call.transcript or [])[0].text == "Morning."


@pytest.mark.parametrize(
    ("names", "emails"),
    [
        (
            ["ann@x.example_2026-03-30.vtt", "bo@x.example_2026-03-31.vtt"],
            [["ann@x.example", "bo@x.example"]],
        ),
        (["ann%40x.example 12.json"], [["ann@x.example"]]),
        (["ann@x.example"], [["ann@x.example"]]),
        (["ann@co-op.mail.example-2 (1).srt"], [["ann@co-op.mail.example"]]),
        (["ann_lee@x.example.vtt", "bo@x.example.vtt"], [["ann_lee@x.example", "bo@x.example"]]),
        (["call_ann@x.example.vtt"], [["call_ann@x.example"], ["ann@x.example"]]),
        (["2026_03_ann@x.example.vtt"], [["ann@x.example"]]),
        (["ann@x.example.vtt", "b.vtt", "c.vtt"], []),
        (["a.vtt", "b@c.vtt"], []),
        ([], []),
    ],
)
def test_emails_in_the_names_of_files_are_offered_as_a_pattern(
    names: list[str], emails: list[list[str]]
) -> None:
    offers = name_offers("agent_email", names)
    assert [offer.values for offer in offers] == emails
    for offer in offers:
        assert [name_value(offer.pattern, "agent_email", name) for name in names] == offer.values


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["C-0001_x.vtt", "C-0002_x.vtt"], ["C-0001", "C-0002"]),
        (["call 12345.vtt", "call 12346.vtt"], ["12345", "12346"]),
        (
            ["x_32e38683-bbf7-407e-a541-09b37b77921d_2024-12-07.json"],
            ["32e38683-bbf7-407e-a541-09b37b77921d"],
        ),
        (["20260330_a.vtt", "20260331_b.vtt"], None),
        (["C-0001_a.vtt", "C-0001_b.vtt"], None),
        (["a1.vtt", "a2.vtt"], None),
    ],
)
def test_ids_in_the_names_of_files_are_offered_where_each_has_its_own(
    names: list[str], ids: list[str] | None
) -> None:
    assert [offer.values for offer in name_offers("conversation_id", names)] == ([] if ids is None else [ids])


def test_a_file_name_with_an_email_in_it_is_not_taken_for_an_email() -> None:
    sheet = pd.DataFrame(
        {"file name": ["ann@x.example_1.vtt", "bo@x.example_2.vtt"], "transcript": ["Agent: Hi"] * 2}
    )
    assert "agent_email" not in guess_mapping(sheet).fields
