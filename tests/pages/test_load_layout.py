"""The Load page: layouts, many files at once, profiles, speakers and the loss meter, as somebody sees them."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.batches.profiles import Profile, keep_profile, profiles_of
from tests.screen import (
    choose,
    labels,
    opened,
    payload,
    pill,
    press,
    run,
    store,
    table,
    text_of,
    words,
    workbook,
)

LINES = [
    ["Call", "Agent email", "Who", "Words", "Start (ms)"],
    ["C-1", "ann@cedarline.example", "agent", "Good morning, how can I help?", "0"],
    ["C-1", "ann@cedarline.example", "customer", "My card was declined today.", "4000"],
    ["C-1", "ann@cedarline.example", "IVR", "This call is being recorded.", "8000"],
    ["C-2", "bo@cedarline.example", "agent", "Good day, you speak with Bo.", "0"],
    ["C-2", "bo@cedarline.example", "customer", "Hello Bo, where is my money?", "5000"],
]
ROWS = [
    ["Rep", "Queue", "Talk"],
    ["ann@cedarline.example", "Card line", "Agent: Hello there.\nCustomer: Hi, it is me.\nIVR: Press one."],
    ["bo@cedarline.example", "Cards hotline", "Agent: Good day.\nCustomer: My card is gone."],
]


def drop(*files: tuple[str, bytes]) -> AppTest:
    app = opened("load")
    app.file_uploader[0].set_value([(name, content, "application/octet-stream") for name, content in files])
    return run(app)


def box(app: AppTest, label: str) -> Any:
    return next(each for each in app.selectbox if each.label == label)


def layouts(app: AppTest) -> list[str]:
    return list(box(app, "Layout").options)


# layouts


def test_one_row_a_line_is_found_shown_with_reasons_and_stored(connected_ledger: reddy.Ledger) -> None:
    app = drop(("lines.csv", text_of(LINES)))
    assert box(app, "Layout").value == "lines"
    assert [tab.label for tab in app.tabs][:2] == ["Fields", "Lines"]
    said = words(app)
    assert "'Call' stays the same for 2 rows on average" in said
    assert "name 'Words'; 28 characters on average" in said
    shown = [box(app, label).value for label in ("Who speaks", "What was said", "Start")]
    assert shown == ["Who", "Words", "Start (ms)"]
    assert "Store 2 calls" in labels(app)
    batch = store(app, connected_ledger)
    assert [len(batch.call(row).transcript or []) for row in batch.rows()] == [3, 2]


def test_what_tells_calls_apart_can_be_changed_and_the_preview_follows(
    connected_ledger: reddy.Ledger,
) -> None:
    app = drop(("lines.csv", text_of(LINES)))
    next(each for each in app.multiselect if each.label == "What tells calls apart").set_value(["Who"])
    run(app)
    assert "Store 3 calls" in labels(app)
    assert "what tells calls apart was chosen by hand" in words(app)
    next(each for each in app.multiselect if each.label == "What tells calls apart").set_value([])
    run(app)
    assert "Store 1 call" in labels(app)


def test_the_unit_of_line_times_is_shown_and_can_be_changed(connected_ledger: reddy.Ledger) -> None:
    app = drop(("lines.csv", text_of(LINES)))
    assert box(app, "Unit of start").value == "ms"
    choose(app, "Unit of start", "s")
    batch = store(app, connected_ledger)
    assert [line.start for line in batch.call(2).transcript or []] == [0.0, 4000.0, 8000.0]


def test_a_column_of_a_line_chosen_by_hand_says_so_and_is_used(connected_ledger: reddy.Ledger) -> None:
    app = drop(("lines.csv", text_of(LINES)))
    choose(app, "Start", None)
    assert "no column: times are estimated, and said to be" in words(app)
    choose(app, "Number of the line", "Start (ms)")
    assert "chosen by hand; 5 of 5 filled, 4 distinct" in words(app)
    mapping = store(app, connected_ledger).mapping
    assert mapping.line_fields == {"role": "Who", "text": "Words", "order": "Start (ms)"}


def test_a_layout_chosen_by_hand_is_guessed_for_and_can_be_taken_back(connected_ledger: reddy.Ledger) -> None:
    app = drop(("rows.csv", text_of(ROWS)))
    assert box(app, "Layout").value == "row"
    assert "Lines" not in [tab.label for tab in app.tabs]
    choose(app, "Layout", "lines")
    assert box(app, "What was said").value == "Talk"
    choose(app, "Layout", "row")
    assert "Store 2 calls" in labels(app)
    assert box(app, "Transcript").value == "Talk"


CALLS = [
    ["Call", "Agent email", "Product"],
    ["C-1", "ann@cedarline.example", "Cards hotline"],
    ["C-2", "bo@cedarline.example", "Cards hotline"],
]
BESIDE = [[row[0], *row[2:]] for row in LINES]


def test_a_second_sheet_of_lines_is_named_with_the_columns_that_join_it(
    connected_ledger: reddy.Ledger,
) -> None:
    app = drop(("two.xlsx", workbook(Calls=CALLS, Turns=BESIDE)))
    assert layouts(app)[0] == "one row per call, its lines in sheet Turns"
    said = words(app)
    assert "The lines are in sheet **Turns** (header in row 1)" in said
    assert "those of a call found by **Call** there = **Call** here" in said
    assert box(app, "What was said").value == "Words"
    batch = store(app, connected_ledger)
    assert [len(batch.call(row).transcript or []) for row in batch.rows()] == [3, 2]


def test_a_second_sheet_of_lines_can_be_left_apart(connected_ledger: reddy.Ledger) -> None:
    app = drop(("two.xlsx", workbook(Calls=CALLS, Turns=BESIDE)))
    choose(app, "Layout", "row")
    assert box(app, "Transcript").value is None
    assert "2 rows × 3 columns" in words(app)
    choose(app, "Layout", "beside")
    assert "2 rows × 4 columns" in words(app)


def test_hidden_sheets_are_listed_and_say_so(connected_ledger: reddy.Ledger) -> None:
    app = drop(("two.xlsx", workbook(hidden="Secret", March=ROWS, Secret=ROWS[:2])))
    assert list(box(app, "Sheet").options) == ["March", "Secret (hidden)"]
    choose(app, "Sheet", "Secret")
    assert "1 row × 3 columns" in words(app)


# many files


def vtt(number: int) -> tuple[str, bytes]:
    cues = "00:01.000 --> 00:03.000\n<v Agent>Hello there, this is Ann.</v>\n\n"
    cues += f"00:04.000 --> 00:06.000\n<v Customer>Hi Ann, it is {number}.</v>\n"
    return f"rec_{number}.vtt", f"WEBVTT\n\n{cues}".encode()


def test_several_transcript_files_are_calls_and_need_an_email_and_a_product(
    connected_ledger: reddy.Ledger,
) -> None:
    app = drop(vtt(1), vtt(2), vtt(3))
    said = words(app)
    assert "rec_1 and 2 more files.zip" in said
    assert "3 transcript files, no sheet about them: one call per file" in said
    next(each for each in app.text_input if each.label == "Agent's email for all calls").set_value(
        "ann@cedarline.example"
    )
    pill(run(app), "Product for all calls", 1)
    assert "**3 of 3 rows** would be ready" in words(app)
    batch = store(app, connected_ledger)
    assert {(call.agent_email, call.product_id) for call in map(batch.call, batch.rows())} == {
        ("ann@cedarline.example", 1)
    }


def test_a_sheet_about_the_files_is_joined_and_it_is_said_by_what(connected_ledger: reddy.Ledger) -> None:
    sheet = [["File", "Rep"], ["rec_1.vtt", "ann@cedarline.example"], ["rec_9.vtt", "bo@cedarline.example"]]
    app = drop(vtt(1), vtt(2), ("about.csv", text_of(sheet)))
    said = words(app)
    assert "2 transcript files, joined to the sheet **about.csv** by its column **File**" in said
    assert "1 of the first 3 rows without a file" in said
    assert "1 file without a row: each is a call of its own" in said


MIXTURES = [
    ([vtt(1), ("photo.png", b"\x89PNG")], "photo.png is no transcript file and no spreadsheet"),
    ([("a.csv", text_of(ROWS)), ("b.csv", text_of(LINES))], "2 spreadsheets were dropped together (a.csv, b.csv)"),
    ([vtt(1), ("calls.jsonl", b'{"id": 1, "by": "a"}\n{"id": 2, "by": "b"}\n')], "calls.jsonl holds many calls"),
    ([vtt(1), ("about.csv", text_of(ROWS))], "names the transcript files"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "sentence"), MIXTURES, ids=[sentence[:20] for _, sentence in MIXTURES])
def test_files_that_cannot_be_loaded_together_get_one_sentence(
    connected_ledger: reddy.Ledger, files: list[tuple[str, bytes]], sentence: str
) -> None:
    app = drop(*files)
    assert len(app.error) == 1
    assert sentence in words(app)
    assert app.file_uploader


def test_spreadsheets_that_belong_together_are_one_load(connected_ledger: reddy.Ledger) -> None:
    app = drop(
        ("a.csv", text_of(ROWS)), ("b.csv", text_of([ROWS[0], ["cy@cedarline.example", *ROWS[2][1:]]]))
    )
    assert not app.error
    assert "2 tables with the same columns, read as one" in words(app)
    assert "Store 3 calls" in labels(app)
    app = drop(("calls.csv", text_of(CALLS)), ("turns.csv", text_of(BESIDE)))
    assert not app.error
    batch = store(app, connected_ledger)
    assert [len(batch.call(row).transcript or []) for row in batch.rows()] == [3, 2]


def test_two_sheets_with_the_same_columns_are_loaded_as_one(connected_ledger: reddy.Ledger) -> None:
    app = drop(("a.csv", text_of(ROWS)), ("b.csv", text_of(ROWS)))
    assert len(store(app, connected_ledger)) == 4


# profiles


def mapped_once(connected_ledger: reddy.Ledger) -> None:
    app = drop(("march_export.csv", text_of(ROWS)))
    choose(app, "Product for Card line", 2)
    choose(app, "Product for rows without one", 1)
    choose(app, "Role of IVR", "leave out")
    choose(app, "Conversation id", "Queue")
    store(app, connected_ledger)


APRIL = [ROWS[0], *([row[0], row[1], row[2].replace("Hello", "Good evening")] for row in ROWS[1:])]


def test_the_next_file_with_the_same_columns_is_mapped_as_the_one_before(
    connected_ledger: reddy.Ledger,
) -> None:
    mapped_once(connected_ledger)
    app = drop(("april_export.csv", text_of(APRIL)))
    said = words(app)
    assert "Mapped as in the profile **march_export**, saved today" in said
    assert "as in the profile march_export" in said
    assert (box(app, "Product for Card line").value, box(app, "Product for rows without one").value) == (2, 1)
    assert (box(app, "Role of IVR").value, box(app, "Conversation id").value) == ("leave out", "Queue")
    mapping = store(app, connected_ledger).mapping
    assert (mapping.roles, mapping.defaults) == ({"IVR": "leave out"}, {"product_id": 1})


def test_a_profile_can_be_left_aside_and_forgotten(connected_ledger: reddy.Ledger) -> None:
    mapped_once(connected_ledger)
    app = press(drop(("april.csv", text_of(APRIL))), "Guess again")
    assert "Mapped as in the profile" not in words(app)
    assert box(app, "Role of IVR").value is None
    assert [profile.name for profile in profiles_of(connected_ledger)] == ["march_export"]
    app = press(drop(("april.csv", text_of(APRIL))), "Forget this profile")
    assert "Mapped as in the profile" not in words(app)
    assert profiles_of(connected_ledger) == []


def test_a_load_that_stores_nothing_keeps_no_profile(connected_ledger: reddy.Ledger) -> None:
    app = drop(("march.csv", text_of(ROWS)))
    choose(app, "Conversation id", "Queue")
    press(app, "Another file")
    assert profiles_of(connected_ledger) == []


def test_a_profile_of_another_layout_gives_way_to_the_one_chosen(connected_ledger: reddy.Ledger) -> None:
    store(drop(("lines.csv", text_of(LINES))), connected_ledger)
    app = drop(("lines_2.csv", text_of([*LINES, LINES[-1]])))
    assert "Mapped as in the profile **lines**" in words(app)
    assert "Store 2 calls" in labels(app)
    choose(app, "Layout", "row")
    assert "Mapped as in the profile" not in words(app)
    assert "Store 6 calls" in labels(app)


def with_panel(app: AppTest) -> AppTest:
    app.session_state["load_profiles"] = True
    return run(app)


def test_a_profile_is_imported_and_applied_at_once(connected_ledger: reddy.Ledger) -> None:
    mapping = reddy.Mapping(
        fields={"transcript": "Talk", "conversation_id": "Queue"}, roles={"IVR": "customer"}
    )
    content = Profile(name="from bo", columns=["Talk", "Rep", "Queue"], mapping=mapping).to_file()
    app = with_panel(drop(("march.csv", text_of(ROWS))))
    app.file_uploader[0].set_value([("bo.profile.json", content, "application/json")])
    said = words(run(app))
    assert "Imported the profile from bo, for sheets with its 3 columns." in said
    assert "Mapped as in the profile **from bo**" in said
    assert (box(app, "Agent email").value, box(app, "Conversation id").value) == (None, "Queue")


def test_a_file_that_is_no_profile_is_said_and_nothing_is_kept(connected_ledger: reddy.Ledger) -> None:
    app = with_panel(drop(("march.csv", text_of(ROWS))))
    app.file_uploader[0].set_value([("x.json", b"{}", "application/json")])
    assert "This file is not a mapping profile" in words(run(app))
    assert profiles_of(connected_ledger) == []


def test_the_panel_lists_profiles_and_forgets_one(connected_ledger: reddy.Ledger) -> None:
    keep_profile(
        connected_ledger, "**bold**", reddy.Mapping(fields={"transcript": "T"}), ["T", "U"], who="ann"
    )
    app = with_panel(opened("load"))
    assert "**bold**" in [each.value for each in app.text]
    assert "2 columns · today" in words(app)
    press(app, "Forget")
    assert profiles_of(connected_ledger) == []


# speakers, and the loss meter


def test_every_speaker_is_listed_with_lines_and_an_example_those_to_answer_first(
    connected_ledger: reddy.Ledger,
) -> None:
    said = words(drop(("rows.csv", text_of(ROWS))))
    assert "Lines in the whole file" in said
    assert "1 line: held until a role is chosen\nPress one." in said
    assert "2 lines\nHello there." in said
    assert said.index("Press one.") < said.index("Hello there.")


def test_a_speaker_can_be_dropped_which_says_what_it_means(connected_ledger: reddy.Ledger) -> None:
    app = drop(("rows.csv", text_of(ROWS)))
    assert list(box(app, "Role of IVR").options) == [
        "agent",
        "customer",
        "keep as tag",
        "leave out (shown, not sent)",
    ]
    choose(app, "Role of IVR", "leave out")
    assert "1 line: not sent, kept with the row" in words(app)
    assert len(store(app, connected_ledger).call(2).transcript or []) == 2


def test_a_name_that_the_call_itself_resolves_is_no_open_question(connected_ledger: reddy.Ledger) -> None:
    talk = "Ann: Good morning, Ann speaking.\nCustomer: Hi, my card is gone."
    app = drop(("rows.csv", text_of([["Agent email", "Talk"], ["ann.lee@cedarline.example", talk]])))
    assert "1 line: the call itself says agent" in words(app)
    assert "Speakers" in [tab.label for tab in app.tabs]


def test_a_large_file_says_in_which_rows_speakers_were_looked_for(connected_ledger: reddy.Ledger) -> None:
    rows = [["ann@cedarline.example", "Agent: Hello there.\nCustomer: Hi."]] * 5000
    app = drop(("many.csv", text_of([["Agent email", "Talk"], *rows])))
    assert "Lines in the first 300 rows" in words(app)
    assert "300 lines\nHello there." in words(app)


@pytest.mark.parametrize(
    ("rows", "meter"), [(ROWS, "85 of 85"), (LINES, "160 of 160")], ids=["rows", "lines"]
)
def test_all_characters_of_the_rows_looked_at_are_placed(
    connected_ledger: reddy.Ledger, rows: list[list[str]], meter: str
) -> None:
    assert f"{meter} characters placed" in words(drop(("calls.csv", text_of(rows))))


def test_the_payload_of_a_call_of_lines_is_previewed_with_its_cells(connected_ledger: reddy.Ledger) -> None:
    app = drop(("lines.csv", text_of(LINES)))
    assert [line["text"] for line in payload(app)["transcript"]][:1] == [LINES[1][3]]
    cells = table(app, "becomes", "cell").value.set_index("column")
    assert cells.loc["Words", "becomes"] == "transcript (text)"
