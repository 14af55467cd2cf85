"""Words in quotation marks behind who says them."""

from __future__ import annotations

import pytest

from reddy_lib.transcripts import read_transcript

MARKS = ["「」", "『』", "“”", "«»", "„“", '""']


@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize("gap", ["", " "])
def test_what_stands_in_marks_is_said_by_who_stands_before_them(marks: str, gap: str) -> None:
    said = [
        ("Оператор", "Добрый день, чем могу помочь?"),
        ("Клиент", "Не работает интернет."),
        ("Оператор", "Сейчас."),
    ]
    read = read_transcript("\n".join(f"{who}{gap}{marks[0]}{text}{marks[1]}" for who, text in said))
    assert [line.role for line in read.lines] == ["agent", "customer", "agent"]
    assert [line.text for line in read.lines] == [text for _, text in said]


def test_times_before_them_are_kept() -> None:
    read = read_transcript(
        "[00:01] オペレーター「お電話ありがとうございます。」\n[00:06] お客様「もしもし。」\n[00:09] オペレーター「はい。」"
    )
    assert [(line.role, line.start) for line in read.lines] == [("agent", 1), ("customer", 6), ("agent", 9)]
    assert read.lines[1].text == "もしもし。"


@pytest.mark.parametrize("marks", MARKS)
def test_two_quotations_in_a_line_keep_their_marks(marks: str) -> None:
    told = f"{marks[0]}Hello{marks[1]} he said {marks[0]}how can I help?{marks[1]}"
    read = read_transcript(f"Agent {told}\nCustomer {marks[0]}My card is lost.{marks[1]}")
    assert told in " ".join(line.text for line in read.lines)


@pytest.mark.parametrize("marks", ["«»", "「」"])
def test_marks_inside_of_marks_are_part_of_the_words(marks: str) -> None:
    said = f"I said {marks[0]}no{marks[1]} twice."
    read = read_transcript(f"Agent {marks[0]}Hello{marks[1]}\nCustomer {marks[0]}{said}{marks[1]}")
    assert [line.text for line in read.lines] == ["Hello", said]


@pytest.mark.parametrize(
    "text",
    [
        'Agent: He said "yes"\nCustomer: I said "no"\nAgent: Fine.',
        'The customer said "no"\nand the agent "yes"\nso it ended.',
    ],
)
def test_quotes_inside_of_sentences_stay(text: str) -> None:
    assert '"yes"' in " ".join(line.text for line in read_transcript(text).lines)
