"""The Load page: fields fed by more than one column, speakers kept as tags, and tags to think about."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.batches.profiles import profiles_of
from tests.screen import choose, labels, opened, payload, press, run, store, table, text_of, words, workbook

TALK = "Agent: Hello there.\nCustomer: Hi, it is me.\nIVR: Press one."
HEAD = ["Rep", "Queue", "Talk"]
ROWS = [
    HEAD,
    ["Ann Lee", "Blue line", TALK],
    ["Bo Ray", "Red line", "Agent: Good day.\nCustomer: My card is gone."],
    ["Cy Fox", "Blue line", "Agent: Good evening.\nCustomer: My card is back."],
]
TEAM = [["Name", "Mail"], ["Ann Lee", "ann@cedarline.example"], ["Bo Ray", "bo@cedarline.example"]]
DATED = [
    ["Agent email", "Date", "Time", "Talk"],
    ["ann@cedarline.example", "2026-03-30", "17:46", "Agent: Hello there.\nCustomer: Hi, it is me."],
    ["bo@cedarline.example", "2026-03-31", "08:05", "Agent: Good day.\nCustomer: My card is gone."],
]


def drop(name: str, content: bytes) -> AppTest:
    app = opened("load")
    app.file_uploader[0].set_value([(name, content, "application/octet-stream")])
    return run(app)


def box(app: AppTest, label: str) -> Any:
    return next(each for each in app.selectbox if each.label == label)


def more(app: AppTest, field: str) -> AppTest:
    """The panel of a field, opened: its key begins as that of the field's column does."""
    prefix = next(each.key for each in app.selectbox if each.label == "Recording file").removesuffix(
        "filename"
    )
    app.session_state[f"{prefix}more {field}"] = True
    return run(app)


def typed(app: AppTest, label: str, value: str) -> AppTest:
    next(each for each in app.text_input if each.label == label).set_value(value)
    return run(app)


def joined_with(app: AppTest, label: str, columns: list[str]) -> AppTest:
    next(each for each in app.multiselect if each.label == label).set_value(columns)
    return run(app)


def table_from(app: AppTest, name: str, content: bytes) -> AppTest:
    next(each for each in app.file_uploader if each.label == "From a second file").set_value(
        (name, content, "application/octet-stream")
    )
    return run(app)


def reasons(app: AppTest) -> str:
    """All that is said, with the whole of reasons that are cut short: those stand on their question marks."""
    return words(app) + "\n".join(each.help or "" for each in app.caption).replace("\\", "")


def rows_of(batch: reddy.Batch) -> list[Any]:
    return [batch.call(row) for row in batch.rows()]


# joined columns


def test_a_joined_start_stands_where_its_column_would_and_feeds_no_tag(
    connected_ledger: reddy.Ledger,
) -> None:
    app = drop("calls.csv", text_of(DATED))
    start = box(app, "Start time")
    assert (start.value, start.options[-1]) == (("Date", "Time"), "Date + Time")
    assert "joined with 'Time': 100% are times of day" in reasons(app)
    assert "Tags · 0" in [tab.label for tab in app.tabs]
    assert [call.timestamp for call in rows_of(store(app, connected_ledger))] == [1774892760, 1774944300]


def test_a_join_can_be_taken_back_to_one_column_or_none_and_again(connected_ledger: reddy.Ledger) -> None:
    app = choose(drop("calls.csv", text_of(DATED)), "Start time", "Date")
    assert "chosen by hand; 2 of 2 filled, 2 distinct" in words(app)
    assert "Tags · 1" in [tab.label for tab in app.tabs]
    choose(app, "Start time", None)
    assert "Tags · 2" in [tab.label for tab in app.tabs]
    choose(app, "Start time", ("Date", "Time"))
    assert "Tags · 0" in [tab.label for tab in app.tabs]
    assert "joined with 'Time'" in words(app)
    assert store(app, connected_ledger).mapping.joins["timestamp"].columns == ["Date", "Time"]


def test_columns_are_joined_by_hand_with_what_stands_between_them(connected_ledger: reddy.Ledger) -> None:
    app = more(drop("calls.csv", text_of(DATED)), "conversation_id")
    assert "Join Date with" not in [each.label for each in app.multiselect]
    choose(choose(app, "Start time", None), "Conversation id", "Date")
    joined_with(app, "Join Date with", ["Time"])
    assert box(app, "Conversation id").value == ("Date", "Time")
    typed(app, "Between them", "/")
    assert "chosen by hand; 2 of 2 filled, 2 distinct" in words(app)
    assert [call.conversation_id for call in rows_of(store(app, connected_ledger))] == [
        "2026-03-30/17:46",
        "2026-03-31/08:05",
    ]


def test_a_join_without_further_columns_is_one_column_again(connected_ledger: reddy.Ledger) -> None:
    app = more(drop("calls.csv", text_of(DATED)), "timestamp")
    assert next(each for each in app.multiselect if each.label == "Join Date with").value == ["Time"]
    joined_with(app, "Join Date with", [])
    assert box(app, "Start time").value == "Date"
    assert store(app, connected_ledger).mapping.fields["timestamp"] == "Date"


def test_a_join_is_kept_as_a_profile_and_shown_with_the_next_file(connected_ledger: reddy.Ledger) -> None:
    store(drop("march.csv", text_of(DATED)), connected_ledger)
    app = drop("april.csv", text_of([*DATED, DATED[1]]))
    assert [profile.name for profile in profiles_of(connected_ledger)] == ["march"]
    assert box(app, "Start time").value == ("Date", "Time")
    assert "as in the profile march" in words(app)


# the file's name


PATTERN = "From the file's name, where no cell has it"


def test_a_pattern_says_what_it_gives_for_this_file_and_feeds_the_calls(
    connected_ledger: reddy.Ledger,
) -> None:
    app = more(drop("ann@cedarline.example_march.csv", text_of([row[1:] for row in ROWS])), "agent_email")
    typed(app, PATTERN, "{agent_email}_{}.csv")
    said = words(app)
    assert "ann@cedarline.example_march.csv → ann@cedarline.example" in said
    assert "else from the file's name: {agent_email}_{}.csv" in said
    assert {call.agent_email for call in rows_of(store(app, connected_ledger))} == {"ann@cedarline.example"}


def test_the_analysts_own_name_of_a_file_counts_in_preview_and_load(connected_ledger: reddy.Ledger) -> None:
    name = f"{'x' * 130}_ann@cedarline.example.csv"  # longer than the name of the copy on disk may be
    app = more(drop(name, text_of([row[1:] for row in ROWS])), "agent_email")
    typed(app, PATTERN, "{}_{agent_email}.csv")
    assert payload(app)["agent_email"] == "ann@cedarline.example"
    assert {call.agent_email for call in rows_of(store(app, connected_ledger))} == {"ann@cedarline.example"}


PATTERNS = [
    ("{team}_{month}", "does not say which part of the file's name is the agent_email"),
    ("march", "names no value"),
    ("(?P<agent_email>[", "is no regular expression"),
    ("{agent_email}@@.csv", "calls.csv does not fit this pattern: nothing is taken from it."),
]


@pytest.mark.parametrize(("pattern", "sentence"), PATTERNS, ids=[pattern for pattern, _ in PATTERNS])
def test_a_pattern_that_gives_nothing_gets_a_sentence(
    connected_ledger: reddy.Ledger, pattern: str, sentence: str
) -> None:
    app = more(drop("calls.csv", text_of(ROWS)), "agent_email")
    assert sentence in words(typed(app, PATTERN, pattern))
    assert "Store 3 calls" in labels(app)


# value tables


def test_names_are_found_in_another_sheet_of_the_workbook_with_the_reason(
    connected_ledger: reddy.Ledger,
) -> None:
    app = drop("calls.xlsx", workbook(Calls=ROWS, Team=TEAM))
    said = words(app)
    assert "names to emails by Team: 'Name' → 'Mail' (100% look like emails)" in reasons(app)
    assert "2 of 3 names found" in said
    assert words(more(app, "agent_email")).count("2 of 3 names found") == 2
    assert [call.agent_email for call in rows_of(store(app, connected_ledger))][:2] == [
        row[1] for row in TEAM[1:]
    ]


def test_a_second_file_of_agents_is_a_value_table_and_can_be_taken_away(
    connected_ledger: reddy.Ledger,
) -> None:
    app = more(drop("calls.csv", text_of(ROWS)), "agent_email")
    assert "names found" not in words(app)
    table_from(app, "team.csv", text_of(TEAM))
    said = words(app)
    assert "team.csv: 'Name' → 'Mail' (100% look like emails)" in said
    assert said.count("2 of 3 names found") == 2
    assert payload(app)["agent_email"] == "ann@cedarline.example"
    press(app, "Without this table")
    assert "names found" not in words(app)
    assert payload(app)["agent_email"] == "Ann Lee"


def test_a_second_file_of_products_answers_what_is_open_and_keeps_choices(
    connected_ledger: reddy.Ledger,
) -> None:
    app = choose(drop("calls.csv", text_of(ROWS)), "Product", "Queue")
    choose(app, "Product for Red line", 2)
    more(app, "product_id")
    table_from(app, "queues.csv", text_of([["Queue", "Product"], ["Blue line", "1"]]))
    assert (box(app, "Product for Blue line").value, box(app, "Product for Red line").value) == (1, 2)
    assert "1 of 2 names found" in words(app)
    assert [call.product_id for call in rows_of(store(app, connected_ledger))] == [1, 2, 1]


def test_a_sheet_of_the_workbook_can_be_named_as_value_table(connected_ledger: reddy.Ledger) -> None:
    queues = [["Queue", "Product"], ["Blue line", "1"], ["Red line", "2"]]
    app = choose(drop("calls.xlsx", workbook(Calls=ROWS, Queues=queues)), "Product", "Queue")
    choose(more(app, "product_id"), "From a sheet of this workbook", "Queues")
    assert "2 of 2 names found" in words(app)
    assert [call.product_id for call in rows_of(store(app, connected_ledger))] == [1, 2, 1]


def test_a_second_file_without_such_columns_is_refused_in_a_sentence(connected_ledger: reddy.Ledger) -> None:
    app = more(drop("calls.csv", text_of(ROWS)), "agent_email")
    table_from(app, "odd.csv", text_of([["A", "B"], ["x", "y"]]))
    assert "No column of odd.csv can be the agent_email: choose the column that holds it" in words(app)
    table_from(app, "team.csv", text_of(TEAM))
    assert "No column of" not in words(app)


# one value


def test_one_value_is_for_rows_without_one_alone(connected_ledger: reddy.Ledger) -> None:
    rows = [HEAD, ["ann@cedarline.example", *ROWS[1][1:]], ["", *ROWS[2][1:]]]
    app = more(drop("calls.csv", text_of(rows)), "agent_email")
    typed(app, "Email for rows without one", "bo@cedarline.example")
    assert "else bo@cedarline.example" in words(app)
    emails = [call.agent_email for call in rows_of(store(app, connected_ledger))]
    assert emails == ["ann@cedarline.example", "bo@cedarline.example"]


def test_a_start_for_all_rows_is_typed_once(connected_ledger: reddy.Ledger) -> None:
    app = more(drop("calls.csv", text_of(ROWS)), "timestamp")
    typed(app, "One value for all rows", "2026-03-30T17:46:00Z")
    assert "else 2026-03-30T17:46:00Z" in words(app)
    assert {call.timestamp for call in rows_of(store(app, connected_ledger))} == {1774892760}


# speakers, and tags


def test_a_speaker_kept_as_a_tag_gives_the_call_a_tag_and_no_line(connected_ledger: reddy.Ledger) -> None:
    app = choose(drop("calls.csv", text_of(ROWS)), "Role of IVR", "keep as tag")
    assert "1 line: no lines, but a tag of the call" in words(app)
    call = store(app, connected_ledger).call(2)
    assert len(call.transcript or []) == 2
    assert ("IVR", "Press one.") in [(tag.key, tag.value) for tag in call.tags or []]


def numbered(count: int) -> list[list[str]]:
    head = ["Rep", "Talk", "Customer name", "Site", "Card number"]
    return [
        head,
        *(
            ["ann@cedarline.example", TALK, f"Kim {n}", "Leeds", f"4111 0000 0000 {n:04}"]
            for n in range(count)
        ),
    ]


def test_tags_to_think_about_carry_an_orange_mark_with_why(connected_ledger: reddy.Ledger) -> None:
    app = drop("calls.csv", text_of(numbered(12)))
    marks = [each.value for each in app.caption if ":orange[:material/warning: " in each.value]
    assert [mark.split("]")[0].split(": ")[1] for mark in marks] == ["personal?", "constant?"]
    said = words(app)
    assert "personal?] by its name 'Customer name'" in said
    assert "constant?] all 12 rows say 'Leeds'" in said


def test_a_column_left_out_as_sensitive_is_named_and_can_be_chosen(connected_ledger: reddy.Ledger) -> None:
    app = drop("calls.csv", text_of(numbered(3)))
    left = "Left out: **Card number** (personal, by its name 'Card number'). Choose one above to send it"
    assert left in words(app)
    joined_with(app, "Columns that become tags", ["Card number"])
    said = words(app)
    assert "Left out" not in said
    assert "personal?] by its name 'Card number'" in said
    cells = table(app, "becomes", "cell").value.set_index("column")
    assert cells.loc["Card number", "becomes"] == "tag (string)"
    assert [tag.value for tag in store(app, connected_ledger).call(2).tags or []] == ["4111 0000 0000 0000"]


# other layouts, and many files


LINES = [
    ["Call", "Agent email", "Date", "Time", "Who", "Words"],
    ["C-1", "ann@cedarline.example", "2026-03-30", "17:46", "agent", "Good morning, how can I help?"],
    ["C-1", "ann@cedarline.example", "2026-03-30", "17:46", "customer", "My card was declined today."],
    ["C-2", "bo@cedarline.example", "2026-03-31", "08:05", "agent", "Good day, you speak with Bo."],
    ["C-2", "bo@cedarline.example", "2026-03-31", "08:05", "customer", "Hello Bo, where is my money?"],
]


def test_a_join_by_hand_holds_where_one_row_is_a_line(connected_ledger: reddy.Ledger) -> None:
    app = more(drop("lines.csv", text_of(LINES)), "conversation_id")
    assert box(app, "Layout").value == "lines"
    choose(app, "Start time", None)
    choose(app, "Conversation id", "Date")
    joined_with(app, "Join Date with", ["Time"])
    typed(app, "Between them", "_")
    assert "chosen by hand; 4 of 4 filled, 2 distinct" in words(app)
    calls = rows_of(store(app, connected_ledger))
    assert [call.conversation_id for call in calls] == ["2026-03-30_17:46", "2026-03-31_08:05"]
    assert [len(call.transcript or []) for call in calls] == [2, 2]


def vtt(name: str) -> tuple[str, bytes, str]:
    cues = (
        "00:01.000 --> 00:03.000\n<v Agent>Hello there.</v>\n\n00:04.000 --> 00:06.000\n<v Customer>Hi.</v>\n"
    )
    return f"{name}.vtt", f"WEBVTT\n\n{cues}".encode(), "text/vtt"


def many() -> AppTest:
    app = opened("load")
    app.file_uploader[0].set_value([vtt("Blue line_2026-03-30_1746"), vtt("Red line_2026-03-31_0805")])
    return run(app)


def test_each_of_many_files_gives_its_own_start_by_its_name(connected_ledger: reddy.Ledger) -> None:
    app = typed(more(many(), "timestamp"), PATTERN, "{}_{date}_{time}")
    said = words(app)
    assert "Blue line_2026-03-30_1746.vtt → 2026-03-30 17:46" in said
    assert "else from the file's name: {}_{date}_{time}" in said
    assert "Times are in" in [each.label for each in app.selectbox]
    choose(app, "Times are in", "UTC")
    assert [call.timestamp for call in rows_of(store(app, connected_ledger))] == [1774892760, 1774944300]


def test_names_of_products_out_of_file_names_are_listed_to_be_matched(connected_ledger: reddy.Ledger) -> None:
    app = typed(more(many(), "product_id"), PATTERN, "{product_id}_{}_{}")
    assert "0 of 2 match a product" in words(app)
    choose(choose(app, "Product for Blue line", 1), "Product for Red line", 2)
    assert "2 of 2 match a product" in words(app)
    assert [call.product_id for call in rows_of(store(app, connected_ledger))] == [1, 2]


# at the edges


def test_a_name_with_two_emails_is_left_out_of_the_table_and_said(connected_ledger: reddy.Ledger) -> None:
    app = more(drop("calls.csv", text_of(ROWS)), "agent_email")
    table_from(app, "team.csv", text_of([*TEAM, ["Ann Lee", "lee@cedarline.example"]]))
    said = words(app)
    assert "1 of 3 names found" in said
    assert "Left out, as they have several values: Ann Lee" in said


def test_a_second_file_that_cannot_be_read_is_refused_and_the_table_before_stays(
    connected_ledger: reddy.Ledger,
) -> None:
    app = more(drop("calls.csv", text_of(ROWS)), "agent_email")
    table_from(app, "team.csv", text_of(TEAM))
    table_from(app, "team.xlsx", b"PK\x03\x04 this is no workbook")
    assert "team.xlsx is damaged or cut off: download or export it again." in words(app)
    assert "2 of 3 names found" in words(app)


def test_nothing_of_a_second_file_is_left_in_the_session_after_another_one(
    connected_ledger: reddy.Ledger,
) -> None:
    app = more(drop("calls.csv", text_of(ROWS)), "agent_email")
    table_from(app, "team.csv", text_of(TEAM))
    kept = [key for key in app.session_state.to_dict() if str(key).endswith("  lookup agent_email")]
    assert len(kept) == 1
    press(app, "Another file")
    assert [key for key in app.session_state.to_dict() if "lookup" in str(key)] == []


def test_a_pattern_and_one_value_are_kept_as_a_profile(connected_ledger: reddy.Ledger) -> None:
    app = more(drop("ann@cedarline.example_1.csv", text_of([row[1:] for row in ROWS])), "agent_email")
    typed(app, PATTERN, "{agent_email}_{}")
    typed(more(app, "timestamp"), "One value for all rows", "2026-03-30T17:46:00Z")
    store(app, connected_ledger)
    app = drop("bo@cedarline.example_2.csv", text_of([row[1:] for row in ROWS]))
    said = words(app)
    assert "else from the file's name: {agent_email}_{}" in said
    assert "else 2026-03-30T17:46:00Z" in said
    assert payload(app)["agent_email"] == "bo@cedarline.example"


def test_more_than_four_columns_left_out_are_counted_and_named_on_the_question_mark(
    connected_ledger: reddy.Ledger,
) -> None:
    names = ["Card number", "IBAN", "CVV", "Passport", "Date of birth"]
    rows = [["Rep", "Talk", *names], ["ann@cedarline.example", TALK, *"vwxyz"]]
    app = drop("calls.csv", text_of(rows))
    assert "**Passport** (personal, by its name 'Passport') · and 1 more." in words(app)
    assert "Date of birth: personal, by its name 'Date of birth'" in reasons(app)


@pytest.mark.parametrize(
    ("field", "offered"),
    [
        ("agent_email", ["Join Rep with", PATTERN, "Email for rows without one", "From a second file"]),
        ("product_id", [PATTERN]),
        ("timestamp", [PATTERN, "One value for all rows"]),
        ("conversation_id", [PATTERN]),
        ("filename", [PATTERN]),
    ],
)
def test_the_panel_of_a_field_offers_what_can_feed_it_and_nothing_more(
    connected_ledger: reddy.Ledger, field: str, offered: list[str]
) -> None:
    app = drop("calls.csv", text_of(ROWS))
    controls = (app.multiselect, app.text_input, app.file_uploader)
    before = {each.label for kind in controls for each in kind}
    more(app, field)
    controls = (app.multiselect, app.text_input, app.file_uploader)
    assert [each.label for kind in controls for each in kind if each.label not in before] == offered
