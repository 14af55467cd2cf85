"""Questions: what only a person can say of a sheet, each with options that change the mapping."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.spreadsheet import Mapping, Question, build_frame

DIALOGUE = "Agent: Good morning, how can I help?\nCustomer: My card is lost."


def framed(**columns: Sequence[object]) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    frame.index = range(2, len(frame) + 2)
    return frame


def asked(mapping: Mapping, sheet: pd.DataFrame) -> dict[str, Question]:
    return {question.key: question for question in reddy.questions(mapping, sheet)}


def calls(**columns: Sequence[object]) -> pd.DataFrame:
    size = len(next(iter(columns.values())))
    return framed(
        **{"Agent Email": [f"a{n % 2}@x.example" for n in range(size)], "Transcript": [DIALOGUE] * size},
        **columns,
    )


def test_a_clear_sheet_raises_no_question() -> None:
    sheet = calls(**{"Call ID": ["C-101", "C-102"], "Started": ["2026-03-30 17:46", "2026-03-31 09:00"]})
    assert reddy.questions(reddy.guess_mapping(sheet), sheet) == []


def test_day_or_month_is_asked_with_both_readings_and_the_answer_is_read() -> None:
    sheet = calls(**{"Call ID": ["C-101", "C-102"], "Started": ["03/04/2026 10:00", "05/04/2026 11:00"]})
    mapping = reddy.guess_mapping(sheet)
    question = asked(mapping, sheet)["day first"]
    assert [option.examples[0] for option in question.options] == [
        "03/04/2026 10:00 → 3 April 2026",
        "03/04/2026 10:00 → 4 March 2026",
    ]
    assert question.calls == 2
    for option in question.options:
        assert "day first" not in asked(option.apply(mapping), sheet)


def test_two_columns_that_fit_are_shown_side_by_side_and_either_answer_ends_the_doubt() -> None:
    sheet = calls(
        **{
            "Call ID": ["C-101", "C-102", "C-103"],
            "Start time": ["2026-03-30 17:46", "2026-03-31 09:00", "2026-04-01 09:00"],
            "Start date": ["2026-03-30 17:40", "2026-03-31 09:00", "2026-04-01 08:58"],
        }
    )
    mapping = reddy.guess_mapping(sheet)
    question = asked(mapping, sheet)["column timestamp"]
    first, second = question.options
    assert {first.label, second.label} == {"Start time", "Start date"}
    assert [len(option.examples) for option in question.options] == [2, 2]  # of rows that differ
    kept, changed = first.apply(mapping), second.apply(mapping)
    assert (kept.fields, kept.doubts) == (mapping.fields, {})
    assert changed.fields["timestamp"] == second.label
    assert first.label in changed.tags
    assert second.label not in changed.tags
    for answered in (kept, changed):
        assert "column timestamp" not in asked(answered, sheet)
        codes = {found.code for built in build_frame(sheet, answered) for found in built.findings}
        assert "column-doubtful" not in codes


def test_who_is_the_agent_is_asked_once_for_two_labels_that_say_nothing() -> None:
    said = "Zed: The form has arrived.\nQuill: It will be checked.\n" * 3
    sheet = framed(**{"Transcript": [said, said], "Call ID": ["C-101", "C-102"]})
    mapping = reddy.guess_mapping(sheet)
    (question,) = [one for one in reddy.questions(mapping, sheet) if one.key == "sides"]
    assert {option.label for option in question.options} == {"Zed", "Quill"}
    answered = next(option for option in question.options if option.label == "Quill").apply(mapping)
    (first, *_) = build_frame(sheet, answered)
    assert [line.role for line in first.call.transcript or ()] == ["customer", "agent"] * 3
    assert reddy.questions(answered, sheet) == []


def test_many_names_are_one_question() -> None:
    said = [
        f"Na{chr(97 + n)}me: The form is here.\nBo{chr(97 + n)}ne: It is checked.\n" * 3 for n in range(5)
    ]
    sheet = framed(**{"Transcript": said, "Call ID": [f"C-10{n}" for n in range(5)]})
    found = reddy.questions(reddy.guess_mapping(sheet), sheet)
    assert [question.key for question in found if "role" in str(question.options)] == ["sides"]
    assert "10 speakers" in found[0].text


def test_a_column_that_tells_calls_apart_is_offered_for_made_up_ids() -> None:
    sheet = calls(Zork=["q7-x1", "q7-x2", "q8-x1"])
    mapping = reddy.guess_mapping(sheet)
    mapping = mapping.replace(fields={k: v for k, v in mapping.fields.items() if k != "conversation_id"})
    question = asked(mapping, sheet)["made-up id"]
    assert [option.label for option in question.options] == ["Zork", "None of them"]
    assert question.options[0].apply(mapping).fields["conversation_id"] == "Zork"


def test_a_sensitive_column_is_never_offered_as_an_id() -> None:
    sheet = calls(**{"Card number": ["4929-1", "4929-2", "4929-3"]})
    mapping = Mapping(fields={"transcript": "Transcript"}, reasons={"transcript": "name"})
    assert "made-up id" not in asked(mapping, sheet)


def test_the_unit_of_times_is_asked_with_the_lines_as_each_unit_makes_them() -> None:
    said = "My card is lost and I need another one as soon as you can send it to me."
    turns = [
        {"role": ("agent", "customer")[n % 2], "text": said, "start": n * 6000, "stop": n * 6000 + 5000}
        for n in range(6)
    ]
    sheet = framed(**{"Transcript": [json.dumps(turns)] * 2, "Call ID": ["C-101", "C-102"]})
    mapping = reddy.guess_mapping(sheet).replace(line_unit="s")
    question = asked(mapping, sheet)["unit"]
    assert question.options[0].label == "Milliseconds"
    assert "Seconds" not in [option.label for option in question.options]
    assert question.options[0].examples[1].startswith("0:06 My card")
    assert question.options[0].apply(mapping).line_unit == "ms"


def test_units_at_which_nobody_speaks_are_not_offered() -> None:
    said = "It will be checked this week and then a letter goes out to you by post."
    rows = [(call, n, 315 * n, 315 * n + 300) for call in ("R-1x", "R-2x") for n in range(8)]
    sheet = framed(
        Ref=[row[0] for row in rows],
        Party=["agent" if row[1] % 2 else "customer" for row in rows],
        Said=[said] * len(rows),
        From=[row[2] for row in rows],
        To=[row[3] for row in rows],
    )
    mapping = Mapping(
        layout="lines",
        line_fields={"role": "Party", "text": "Said", "start": "From", "stop": "To"},
        line_units={"start": "s", "stop": "s"},
        group_by=["Ref"],
    )
    question = asked(mapping, sheet)["unit"]
    labels = [option.label for option in question.options]
    assert labels[0] == "Hundredths of a second"
    assert not {"Seconds", "Milliseconds", "Samples at 8 kHz"} & set(labels)
    answered = question.options[0].apply(mapping)
    assert "unit" not in asked(answered, sheet)
    assert [line.stop for line in next(iter(build_frame(sheet, answered))).call.transcript or ()][:2] == [
        3.0,
        6.15,
    ]


def test_the_column_of_the_calls_is_asked_where_all_rows_would_be_one_call() -> None:
    sheet = framed(
        Who=["agent", "customer"] * 4,
        Said=["Good morning.", "I lost my card."] * 4,
        Desk=["north"] * 4 + ["south"] * 4,
    )
    mapping = Mapping(layout="lines", line_fields={"role": "Who", "text": "Said"})
    question = asked(mapping, sheet)["group by"]
    assert [option.label for option in question.options] == ["Desk (2 calls)", "All rows are one call"]
    assert len(list(build_frame(sheet, question.options[0].apply(mapping)))) == 2


def test_answers_add_up() -> None:
    sheet = calls(Zork=["q7-x1", "q7-x2"], Started=["03/04/2026 10:00", "05/04/2026 11:00"])
    mapping = reddy.guess_mapping(sheet)
    for question in reddy.questions(mapping, sheet):
        mapping = question.options[0].apply(mapping)
    assert mapping.day_first is True
    assert mapping.fields["conversation_id"] == "Zork"
    assert reddy.questions(mapping, sheet) == []


def test_a_mapping_of_another_sheet_raises_no_question() -> None:
    sheet = calls(Zork=["q7-x1", "q7-x2"])
    assert reddy.questions(Mapping(fields={"timestamp": "elsewhere"}), sheet) == []


@pytest.mark.parametrize("cells", [[], [""], ["x"]])
def test_hardly_any_rows_raise_no_question(cells: list[object]) -> None:
    sheet = framed(Transcript=cells)
    assert reddy.questions(Mapping(fields={"transcript": "Transcript"}), sheet) == []


@pytest.mark.parametrize("cell", [1774000800000, -1774000800000])
def test_a_number_beyond_all_years_is_shown_as_it_is(cell: int) -> None:
    sheet = calls(**{"Call ID": ["C-101", "C-102"], "co": [cell, cell + 60_000]})
    mapping = Mapping(fields={"timestamp": "co"}, doubts={"timestamp": "its name does not tell"})
    (question,) = (one for one in reddy.questions(mapping, sheet) if one.key == "column timestamp")
    assert str(cell) in question.options[0].examples
