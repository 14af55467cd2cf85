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
    assert "1 question before 2 calls are ready" in said
    assert "03/04/2026 10:00 → 3 April 2026" in said
    assert "03/04/2026 10:00 → 4 March 2026" in said
    press(app, "Day first")
    assert "question" not in words(app)
    assert next(each for each in app.selectbox if each.label == "Day and month").value is True
    assert "**2 of 2 rows** would be ready" in words(app)
    batch = store(app, connected_ledger)
    assert batch.mapping.day_first is True
    assert batch.call(2).timestamp == 1775210400


def test_an_answer_can_be_taken_back(connected_ledger: reddy.Ledger) -> None:
    app = dropped(HEAD, *rows("03/04/2026 10:00", "05/04/2026 11:00"))
    press(app, "Month first")
    press(app, "Take it back")
    assert "1 question before 2 calls are ready" in words(app)
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
