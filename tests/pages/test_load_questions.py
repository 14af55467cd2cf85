"""Load: what is in doubt is asked first, and one click answers for all calls."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pandas as pd

import reddy_lib as reddy
from tests.pages.test_load_mapping import dropped
from tests.screen import labels, opened, press, run, store, words

HEAD = ["Agent Email", "Transcript", "Product", "Call ID", "Started"]
SAID = "Agent: Good morning, how can I help?\nCustomer: My card is lost."


def rows(*starts: str, said: str = SAID) -> list[list[str]]:
    return [
        ["ann@cedarline.example", said, "Cards hotline", f"C-10{n}", start] for n, start in enumerate(starts)
    ]


def test_a_date_that_can_be_read_in_two_ways_is_asked_first_and_answered_with_one_click(
    connected_ledger: reddy.Ledger,
) -> None:
    app = dropped(HEAD, *rows("03/04/2026 10:00", "05/04/2026 11:00"))
    said = words(app)
    assert "1 question: each answer applies to all calls" in said
    assert "03/04/2026 10:00 → 3 April 2026" in said
    assert "03/04/2026 10:00 → 4 March 2026" in said
    press(app, "Day first")
    assert "question" not in words(app)
    assert next(each for each in app.selectbox if each.label == "Day and month").value is True
    assert "**2 of 2 rows** would be ready" in words(app)
    batch = store(app, connected_ledger)
    assert batch.mapping.day_first is True
    assert batch.call(2).timestamp == 1775210400


def test_a_year_of_two_digits_that_may_come_first_is_asked_about(connected_ledger: reddy.Ledger) -> None:
    app = dropped(HEAD, *rows("24-03-05 10:00", "24-03-06 11:00"))
    said = words(app)
    assert "Does the day, the month or the year come first in the start times?" in said
    assert "24-03-05 10:00 → 5 March 2024" in said
    assert "24-03-05 10:00 → 24 March 2005" in said
    press(app, "Year first")
    assert "question" not in words(app)
    batch = store(app, connected_ledger)
    assert batch.mapping.year_first
    assert batch.call(2).timestamp == 1709632800


def test_an_answer_can_be_taken_back(connected_ledger: reddy.Ledger) -> None:
    app = dropped(HEAD, *rows("03/04/2026 10:00", "05/04/2026 11:00"))
    press(app, "Month first")
    press(app, "Take it back")
    assert "1 question: each answer applies to all calls" in words(app)
    assert "Take it back" not in labels(app)


def test_two_labels_that_say_nothing_are_asked_once_for_all_calls(connected_ledger: reddy.Ledger) -> None:
    said = "Zed: The form has arrived.\nQuill: It will be checked.\n" * 3
    app = dropped(HEAD, *rows("2026-03-30 10:00", "2026-03-31 11:00", said=said))
    assert "Who is the agent?" in words(app)
    press(app, "Quill")
    batch = store(app, connected_ledger)
    assert [line.role for line in batch.call(3).transcript or ()][:2] == ["customer", "agent"]


def test_of_two_columns_that_fit_the_chosen_one_is_stored_without_a_doubt(
    connected_ledger: reddy.Ledger,
) -> None:
    app = dropped(
        [*HEAD[:4], "Start time", "Start date"],
        *([*row, start] for row, start in zip(
            rows("2026-03-30 17:46", "2026-03-31 09:00"), ("2026-03-30 17:40", "2026-03-31 08:58"), strict=True
        )),
    )  # fmt: skip
    assert "Which column is the start of the call?" in words(app)
    press(app, "Start date")
    batch = store(app, connected_ledger)
    assert batch.mapping.fields["timestamp"] == "Start date"
    assert "column-doubtful" not in set(batch.findings()["code"])
    assert "Start time" in batch.mapping.tags


def test_turns_in_columns_survive_the_page(connected_ledger: reddy.Ledger) -> None:
    head = ["conversation_id", "agent_email", "agent_text", "customer_text"]
    table = [
        [
            "Q-1",
            "ann@cedarline.example",
            "Good morning, how can I help you?",
            "My card was lost on the train.",
        ],
        ["Q-1", "ann@cedarline.example", "I will block it and send another.", "Thank you very much indeed."],
        ["Q-2", "bo@cedarline.example", "Hello, what can I do for you?", "I want to change my address."],
        [
            "Q-2",
            "bo@cedarline.example",
            "Which street do you live in now?",
            "It is Cedar Street, number nine.",
        ],
    ]
    app = dropped(head, *table)
    guess = app.session_state[next(key for key in app.session_state.to_dict() if key.endswith(" guess"))]
    assert len(guess.turns) == 2
    batch = store(app, connected_ledger)
    assert (batch.mapping.turns, batch.mapping.layout) == (guess.turns, guess.layout)
    assert [line.role for line in batch.call(2).transcript or ()] == ["agent", "customer"] * 2


def test_zone_column_and_order_of_lines_survive_the_page(connected_ledger: reddy.Ledger) -> None:
    head = ["Call ID", "Agent Email", "Speaker", "Text", "Time", "Call Start", "Time Zone"]
    table = [
        ["C-1", "ann@cedarline.example", role, said, time, "2026-03-30 10:00", "Europe/Paris"]
        for role, said, time in (
            ("Agent", "It is on its way.", "00:20"),
            ("Agent", "Good morning, how can I help?", "00:00"),
            ("Customer", "That is all.", "00:30"),
            ("Customer", "My card is lost.", "00:10"),
        )
    ]
    table += [["C-2", *row[1:]] for row in table]
    app = dropped(head, *table)
    guess = app.session_state[next(key for key in app.session_state.to_dict() if key.endswith(" guess"))]
    assert guess.lines_by_time
    batch = store(app, connected_ledger)
    assert batch.mapping.lines_by_time
    assert batch.mapping.timezone_column == guess.timezone_column == "Time Zone"
    assert next(line.text for line in batch.call(2).transcript or ()) == "Good morning, how can I help?"


def test_dates_that_excel_may_have_swapped_are_asked_and_swapped_back(connected_ledger: reddy.Ledger) -> None:
    starts = [pd.Timestamp("2026-04-03 10:00"), pd.Timestamp("2026-05-04 10:00"), "13/04/2026 09:00"]
    file = io.BytesIO()
    pd.DataFrame(
        [[*row[:4], start] for row, start in zip(rows("", "", ""), starts, strict=True)], columns=HEAD
    ).to_excel(file, index=False)
    app = opened("load")
    app.file_uploader[0].set_value(("calls.xlsx", file.getvalue(), "application/vnd.ms-excel"))
    run(app)
    assert "Did Excel swap day and month" in words(app)
    press(app, "Swap them back")
    swapped = next(each for each in app.selectbox if each.label == "Dates that Excel may have swapped")
    assert swapped.value == "swap"
    batch = store(app, connected_ledger)
    assert batch.mapping.swapped_dates == "swap"
    assert datetime.fromtimestamp(batch.call(2).timestamp or 0, UTC).month == 3


def test_a_year_that_comes_first_has_a_control(connected_ledger: reddy.Ledger) -> None:
    app = dropped(HEAD, *rows("26/03/30 10:00", "26/04/13 10:00", "26/04/14 09:00"))
    (year,) = [each for each in app.checkbox if "year comes first" in each.label]
    assert year.value is True
    batch = store(app, connected_ledger)
    assert batch.mapping.year_first
    assert datetime.fromtimestamp(batch.call(2).timestamp or 0, UTC).year == 2026


NOTED = """[
 {"role": "agent", "text": "Good morning, how can I help?", "type": "message"},
 {"role": "customer", "text": "My card is lost.", "type": "message"},
 {"role": "agent", "text": "Caller sounds upset today.", "type": "internal_note"},
 {"role": "agent", "text": "I block it now.", "type": "message"}]"""


def test_notes_are_asked_about_and_the_answer_is_kept_for_the_next_file(
    connected_ledger: reddy.Ledger,
) -> None:
    table = rows("2026-03-30 10:00", "2026-03-31 11:00", said=NOTED)
    app = dropped(HEAD, *table)
    assert "What should happen to the notes and events in 2 calls?" in words(app)
    assert "Caller sounds upset today." in words(app)
    press(app, "Keep as tag")
    assert "question" not in words(app)
    (control,) = [each for each in app.radio if each.label.startswith("Notes and events")]
    assert control.value == "as-tag"
    batch = store(app, connected_ledger)
    assert [tag.value for tag in batch.call(2).tags or () if tag.key == "Internal notes"] == [
        "Caller sounds upset today."
    ]
    again = dropped(HEAD, *table)
    assert "Mapped as in the profile" in words(again)
    assert "question" not in words(again)
    assert store(again, connected_ledger).mapping.notes == "as-tag"


def test_a_profile_answers_for_the_usual_too(connected_ledger: reddy.Ledger) -> None:
    table = rows("2026-03-30 10:00", "2026-03-31 11:00", said=NOTED)
    store(press(dropped(HEAD, *table), "Leave out"), connected_ledger)
    assert "question" not in words(dropped(HEAD, *table))


NEWEST_FIRST = """[
 {"role": "agent", "text": "I block it now.", "time": "2026-03-30T10:02:00Z"},
 {"role": "customer", "text": "My card is lost.", "time": "2026-03-30T10:01:00Z"},
 {"role": "agent", "text": "Good morning, how can I help?", "time": "2026-03-30T10:00:00Z"}]"""


def test_lines_that_were_turned_round_can_be_kept_as_they_stood(connected_ledger: reddy.Ledger) -> None:
    app = dropped(HEAD, *rows("2026-03-30 10:00", "2026-03-31 11:00", said=NEWEST_FIRST))
    assert "In which order were the lines spoken?" in words(app)
    press(app, "Keep the file's order")
    assert "1 question" not in words(app)
    batch = store(app, connected_ledger)
    assert next(line.text for line in batch.call(2).transcript or ()) == "I block it now."
    assert batch.mapping.line_order == "file"


def test_lines_without_times_can_be_turned_round_by_hand(connected_ledger: reddy.Ledger) -> None:
    said = "Customer: My card is lost.\nAgent: Good morning, how can I help?"
    app = dropped(HEAD, *rows("2026-03-30 10:00", "2026-03-31 11:00", said=said))
    (order,) = [each for each in app.radio if each.label == "Lines of a call are in the order"]
    order.set_value("reversed")
    run(app)
    batch = store(app, connected_ledger)
    assert [line.role for line in batch.call(2).transcript or ()] == ["agent", "customer"]


def with_products(*names: str) -> list[list[str]]:
    starts = [f"2026-03-{10 + number} 10:00" for number in range(len(names))]
    return [[row[0], row[1], name, *row[3:]] for row, name in zip(rows(*starts), names, strict=True)]


def test_a_name_that_is_no_product_is_asked_first_and_answered_for_all_its_calls(
    connected_ledger: reddy.Ledger,
) -> None:
    app = dropped(HEAD, *with_products("Card hotlin", "Card hotlin", "Loans"))
    said = words(app)
    assert "1 question: each answer applies to all calls" in said
    assert "Which product is 'Card hotlin'?" in said
    assert "a similar name" in said
    press(app, "Cards hotline")
    assert "**3 of 3 rows** would be ready" in words(app)
    assert store(app, connected_ledger).mapping.values["product_id"]["Card hotlin"] == 1
    press(app := dropped(HEAD, *with_products("Tech", "Tech")), "Guess again")
    press(app, "Technical support")
    assert "**2 of 2 rows** would be ready" in words(app)


def test_one_answer_serves_all_names_without_a_product(connected_ledger: reddy.Ledger) -> None:
    app = dropped(HEAD, *with_products("Alfa", "Alfa", "Beta", "Gamma"))
    assert "3 questions: each answer applies to all calls" in words(app)
    next(each for each in app.checkbox if each.label.startswith("The same for the other 2 names")).check()
    run(app)
    press(app, "Loans")
    assert "**4 of 4 rows** would be ready" in words(app)
    assert "question" not in words(app)
    press(app, "Take it back")
    assert "3 questions: each answer applies to all calls" in words(app)


def test_what_nothing_in_the_file_gives_is_counted_among_the_questions(
    connected_ledger: reddy.Ledger,
) -> None:
    app = dropped(["Transcript", "Call ID"], [SAID, "C-1"])
    assert "2 questions: each answer applies to all calls" in words(app)
    next(each for each in app.text_input if each.label.startswith("Agent's email")).set_value(
        "ann@cedarline.example"
    )
    run(app)
    assert "1 question: each answer applies to all calls" in words(app)


def test_an_agent_that_the_transcripts_give_is_not_asked_for(connected_ledger: reddy.Ledger) -> None:
    said = """[{"speaker": {"name": "Ann", "email": "ann@cedarline.example"}, "text": "Good morning, how can I help?"},
     {"speaker": {"name": "Jo", "email": null}, "text": "My card is lost."}]"""
    app = dropped(["Transcript", "Product", "Call ID"], [said, "Cards hotline", "C-1"])
    assert "question" not in words(app)
    assert "**1 of 1 row** would be ready" in words(app)
    assert not [each for each in app.text_input if each.label.startswith("Agent's email")]


def test_names_of_agents_are_asked_for_their_emails_once(connected_ledger: reddy.Ledger) -> None:
    table = rows("2026-03-30 10:00", "2026-03-31 11:00", "2026-04-01 11:00")
    for row, name in zip(table, ("Ann Weber", "Ann Weber", "Tom Reed"), strict=True):
        row[0] = name
    app = dropped(["Agent", *HEAD[1:]], *table)
    assert "1 question: each answer applies to all calls" in words(app)
    assert "Which emails do these 2 agents have?" in words(app)
    for name, email in (("Ann Weber", "ann@cedarline.example"), ("Tom Reed", "tom@cedarline.example")):
        next(each for each in app.text_input if each.label.startswith(name)).set_value(email)
        run(app)
    assert "question" not in words(app)
    assert "**3 of 3 rows** would be ready" in words(app)
    batch = store(app, connected_ledger)
    assert [batch.call(row).agent_email for row in (2, 3, 4)] == [
        "ann@cedarline.example", "ann@cedarline.example", "tom@cedarline.example"
    ]  # fmt: skip
    assert "**3 of 3 rows** would be ready" in words(dropped(["Agent", *HEAD[1:]], *table))
