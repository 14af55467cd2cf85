"""Evidence for the choices of a mapping: counted over a whole file, or over the cells of one column."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reddy_lib.errors import EmptySheet
from reddy_lib.spreadsheet import BuiltCall, Mapping, build_frame, detect_format, read_sheet
from reddy_lib.spreadsheet.formats import SheetFormat
from reddy_lib.spreadsheet.mapping.survey import (
    column_facts,
    distinct_texts,
    estimated_rows,
    examples,
    naive_times,
    shorten,
    speakers,
    survey,
)
from reddy_lib.transcripts import Placed


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def at(text: str) -> Path:
        path = tmp_path / "calls.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return at


def test_a_survey_counts_rows_and_texts_over_the_whole_file(write: Callable[[str], Path]) -> None:
    rows = [f"{'Loans' if number % 3 else 'Cards'},{number}" for number in range(1200)]
    path = write("Queue,Number\n" + "\n".join(rows) + "\n")
    found = survey(path, detect_format(path))
    assert found is not None
    assert found.rows == 1200
    assert found.texts == {"Queue": {"Loans": 800, "Cards": 400}}, "Number holds too many different texts"
    assert repr(found) == "<Survey 1,200 rows · 1 columns of few texts>"


def test_a_survey_leaves_out_blank_rows_and_columns_of_long_texts(write: Callable[[str], Path]) -> None:
    path = write("Queue,Talk\nLoans," + "word " * 40 + "\n,\nLoans,short\n")
    found = survey(path, detect_format(path))
    assert found is not None
    assert found.rows == 2
    assert found.texts == {"Queue": {"Loans": 2}}


def test_a_column_given_up_early_does_not_come_back(write: Callable[[str], Path]) -> None:
    path = write("Id\n" + "\n".join(str(number) for number in range(700)) + "\n" + "same\n" * 600)
    found = survey(path, detect_format(path), distinct=5)
    assert found is not None
    assert found.rows == 1300
    assert found.texts == {}


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, write: Callable[[str], Path]) -> None:
    path = write("Queue\nLoans\n")
    assert survey(path, detect_format(path), most_bytes=5) is None
    assert survey(path, detect_format(path), most_bytes=5000) is not None


def test_a_survey_of_a_header_row_that_is_not_there_raises_as_reading_does(
    write: Callable[[str], Path],
) -> None:
    with pytest.raises(EmptySheet, match="no row 9"):
        survey(write("Queue\nLoans\n"), SheetFormat("csv", None, 9, "utf-8", ","))


def test_rows_are_estimated_from_the_size_of_a_text_file(write: Callable[[str], Path]) -> None:
    path = write("Queue,Talk\n" + 'Loans,"[{""role"": ""agent""}]"\n' * 4000)
    about = estimated_rows(read_sheet(path, nrows=100), path.stat().st_size, detect_format(path))
    assert about is not None
    assert 3900 <= about <= 4100


def test_rows_are_not_estimated_where_size_says_nothing(write: Callable[[str], Path]) -> None:
    sample = read_sheet(write("Queue\nLoans\n"))
    assert estimated_rows(sample, 9000, SheetFormat("excel", "Calls", 1, None, None)) is None
    assert estimated_rows(sample, 9000, SheetFormat("csv", None, 1, "utf-16", ",")) is None
    assert estimated_rows(sample.head(0), 9000, SheetFormat("csv", None, 1, "utf-8", ",")) is None


def test_an_estimate_is_never_below_what_was_seen(write: Callable[[str], Path]) -> None:
    assert (
        estimated_rows(read_sheet(write("Queue\nLoans\n")), 1, SheetFormat("csv", None, 1, "utf-8", ",")) == 1
    )


def test_distinct_texts_come_most_frequent_first_and_without_empty_cells() -> None:
    assert distinct_texts(["Loans", "", "Cards", " Cards ", None, 7, 7.0]) == {"Cards": 2, "7": 2, "Loans": 1}
    assert list(distinct_texts(["a", "b", "b"])) == ["b", "a"]
    assert distinct_texts([]) == {}


def test_column_facts_say_what_is_filled() -> None:
    assert column_facts(["Loans", "", "Loans", "Cards"]) == "3 of 4 filled, 2 distinct"
    assert column_facts([]) == "0 of 0 filled, 0 distinct"


def test_examples_are_different_and_short() -> None:
    assert examples(["Loans", "Loans", "", "Cards", "Web"]) == "Loans · Cards"
    assert examples(["a" * 50], longest=10) == "a" * 9 + "…"
    assert examples([True, date(2026, 3, 2)], most=3) == "TRUE · 2026-03-02"
    assert examples(["", None]) == ""


def test_shortened_text_is_one_line() -> None:
    assert shorten("Agent: Hello.\nCustomer:  Hi.", 100) == "Agent: Hello. Customer: Hi."
    assert shorten("one two three", 8) == "one two…"
    assert shorten("exactly8", 8) == "exactly8"


@pytest.mark.parametrize(
    ("cell", "naive"),
    [
        ("2026-03-02 10:00", 1),
        ("02/03/2026 10:00", 1),
        (datetime(2026, 3, 2, 10), 1),  # noqa: DTZ001 - naive is what is tried here
        (date(2026, 3, 2), 1),
        ("2026-03-02T10:00:00Z", 0),
        ("2026-03-02T10:00:00+02:00", 0),
        (datetime(2026, 3, 2, 10, tzinfo=UTC), 0),
        (1772445600, 0),
        ("1772445600", 0),
        ("soon", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_a_time_is_naive_if_what_it_means_depends_on_the_zone(cell: object, naive: int) -> None:
    assert naive_times([cell]) == naive


def test_naive_times_are_counted() -> None:
    assert naive_times(["2026-03-02 10:00", "2026-03-02T10:00:00Z", "", "2026-03-03 11:00"]) == 2


# who speaks, and where the characters went


def built(rows: list[dict[str, Any]], mapping: Mapping) -> list[BuiltCall]:
    return list(build_frame(pd.DataFrame(rows, dtype=object), mapping))


ROWS = Mapping(fields={"transcript": "Talk", "agent_email": "Agent"})
BY_LINE = Mapping(layout="lines", line_fields={"role": "Who", "text": "Text"}, group_by=["Call"])


def test_speakers_are_counted_over_calls_with_an_example_of_more_than_a_word() -> None:
    rows = [{"Talk": "Agent: Hello.\nIVR: Press one now.\nAGENT: How are you?", "Agent": ""},
            {"Talk": "Customer: Hi.\nAgent: Yes.", "Agent": ""}]  # fmt: skip
    found = speakers(built(rows, ROWS), ROWS)
    assert {label: (one.lines, one.calls, one.example) for label, one in found.items()} == {
        "Agent": (3, 2, "How are you?"),
        "IVR": (1, 1, "Press one now."),
        "Customer": (1, 1, "Hi."),
    }
    assert next(iter(found)) == "Agent"


def test_a_name_that_the_agent_column_gives_away_is_known_in_that_call_alone() -> None:
    talk = "Ann: Good day to you.\nCustomer: Hi there."
    found = speakers(
        built([{"Talk": talk, "Agent": "ann.lee@x.example"}, {"Talk": "IVR: Ann.", "Agent": ""}], ROWS), ROWS
    )
    assert (found["Ann"].known, found["Ann"].calls, found["Ann"].role) == (1, 1, "agent")
    assert (found["IVR"].known, found["IVR"].role) == (0, "")
    assert found["Customer"].known == 0, "what the word itself says is not counted as given away"


def test_speakers_of_json_are_listed_as_they_are_written_and_text_without_speakers_lists_nobody() -> None:
    turns = '[{"role": "REP", "text": "Hello."}, {"role": "CLIENT", "text": "Hi."}, {"role": "REP", "text": "Bye."}]'
    found = speakers(built([{"Talk": turns, "Agent": ""}], ROWS), ROWS)
    assert {label: one.lines for label, one in found.items()} == {"REP": 2, "CLIENT": 1}
    rows = [{"Talk": "Hello. Hi there.", "Agent": ""}, {"Talk": 7, "Agent": ""}, {"Talk": None, "Agent": ""}]
    assert speakers(built(rows, ROWS), ROWS) == {}


def test_a_speaker_whom_the_greeting_gives_away_is_known_in_that_call_alone() -> None:
    told = "Speaker 1: How can I help you?\nSpeaker 2: My card is gone."
    rows = [{"Talk": told, "Agent": ""}, {"Talk": "Speaker 1: Hello.\nSpeaker 2: Hi.", "Agent": ""}]
    found = speakers(built(rows, ROWS), ROWS)
    assert [(one.known, one.calls, one.role) for one in found.values()] == [
        (1, 2, "agent"),
        (1, 2, "customer"),
    ]


def test_speakers_of_lines_are_those_of_their_column() -> None:
    rows = [
        {"Call": "1", "Who": "**Agent**:", "Text": "Hello there."},
        {"Call": "1", "Who": "IVR", "Text": "Beep."},
        {"Call": "2", "Who": "agent", "Text": "Bye now."},
    ]
    found = speakers(built(rows, BY_LINE), BY_LINE)
    assert {label: (one.lines, one.calls) for label, one in found.items()} == {"Agent": (2, 2), "IVR": (1, 1)}


def test_lines_in_another_sheet_are_asked_for_their_speakers_and_characters() -> None:
    mapping = BY_LINE.replace(fields={"transcript": "lines in Turns"}, group_by=[])
    cell = '[{"Who": "agent", "Text": "Hello there."}, {"Who": "IVR", "Text": "Beep."}]'
    (call,) = built([{"lines in Turns": cell}], mapping)
    assert {label: one.example for label, one in speakers([call], mapping).items()} == {
        "agent": "Hello there.",
        "IVR": "Beep.",
    }
    assert call.placed == Placed(24)


@pytest.mark.parametrize(("talk", "size"), [("Agent: Hello.", 12), ("", 0)], ids=["a line", "an empty cell"])
def test_the_characters_of_a_cell_are_all_placed(talk: str, size: int) -> None:
    (call,) = built([{"Talk": talk, "Agent": ""}], ROWS)
    assert call.placed == Placed(size)


def test_characters_of_lines_left_out_are_placed_too() -> None:
    mapping = BY_LINE.replace(roles={"IVR": "leave out"})
    rows = [
        {"Call": "1", "Who": "agent", "Text": "Hello there."},
        {"Call": "1", "Who": "IVR", "Text": "Beep beep."},
    ]
    (call,) = built(rows, mapping)
    assert [line.text for line in call.call.transcript or ()] == ["Hello there."]
    assert call.placed.unassigned == ()
    assert call.placed.characters >= 20


def test_a_call_without_a_transcript_column_has_no_characters() -> None:
    (call,) = built([{"Agent": "a@x.example"}], Mapping(fields={"agent_email": "Agent"}))
    assert call.placed == Placed(0)


def test_rows_that_are_no_calls_are_counted_apart(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("Agent,Talk\n" + "ann@x.example,Agent: Hi.\n" * 3 + "Total,3\n")
    found = survey(path, detect_format(path))
    assert found is not None
    assert (found.rows, found.left_out) == (4, 1)
