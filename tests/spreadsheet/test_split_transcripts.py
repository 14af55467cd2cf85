"""Transcripts that go on in further columns: joined only where something shows it, and with what belongs at the cut."""

from __future__ import annotations

import textwrap

import pandas as pd
import pytest

from reddy_lib.spreadsheet import guess_mapping
from reddy_lib.spreadsheet.calls.building import build_frame

CALLS = [
    f"Agent: Good morning, this is Rachel at the bank, how can I help you with card {number}? "
    f"Customer: My card {'is lost and ' * number}does not work any more, since I came back from my holiday last week. "
    f"Agent: I am sorry to hear that, I will send you a new card number {number} in the next few days. "
    "Customer: Thank you very much, goodbye."
    for number in range(1, 6)
]


def frame_of(names: list[str], cells: list[list[str]]) -> pd.DataFrame:
    rows = [[f"c{place}", *row, "ann@x.example"] for place, row in enumerate(cells)]
    frame = pd.DataFrame(rows, columns=["id", *names, "agent"])
    frame.index = range(2, len(rows) + 2)
    return frame


def whole(frame: pd.DataFrame) -> list[str]:
    mapping = guess_mapping(frame)
    calls = build_frame(frame, mapping)
    return [" ".join(f"{line.role}: {line.text}" for line in built.call.transcript or ()) for built in calls]


def expected() -> list[str]:
    return [text.replace("Agent:", "agent:").replace("Customer:", "customer:") for text in CALLS]


@pytest.mark.parametrize(
    "names", [["text", "text (2)", "text (3)"], ["Transcript 1", "Transcript 2", "Transcript 3"]]
)
@pytest.mark.parametrize(
    "others",
    [["note", "x"], ["resolved", "VIP"], ["Customer called about a card. Solved.", "Closed by phone."]],
)
def test_columns_of_one_name_that_say_something_else_are_not_joined(
    names: list[str], others: list[str]
) -> None:
    assert whole(frame_of(names, [[text, *others] for text in CALLS])) == expected()


def pieces(text: str, size: int) -> list[str]:
    return [text[:size], text[size : 2 * size], text[2 * size :]]


@pytest.mark.parametrize(
    "names", [["text", "text (2)", "text (3)"], ["Transcript", "Transcript 2", "Transcript 3"]]
)
def test_cells_that_were_full_are_joined_as_they_are(names: list[str]) -> None:
    assert whole(frame_of(names, [pieces(text, 163) for text in CALLS])) == expected()


def test_cells_that_were_cut_between_words_get_their_space_back() -> None:
    cells = [textwrap.wrap(text, 160) for text in CALLS]
    widest = max(map(len, cells))
    names = [f"Transcript {number + 1}" for number in range(widest)]
    assert whole(frame_of(names, [row + [""] * (widest - len(row)) for row in cells])) == expected()


def test_further_turns_are_joined_line_by_line() -> None:
    cells = [
        [" ".join(text.partition(" Agent: I am")[:1]), "Agent: I am" + text.partition(" Agent: I am")[2]]
        for text in CALLS
    ]
    assert whole(frame_of(["Transcript", "Transcript 2"], cells)) == expected()


@pytest.mark.parametrize("mark", [":", "→", "»", "—", "~", "•", "=", "/"])
@pytest.mark.parametrize("cut", ["anywhere", "between turns"])
def test_a_transcript_goes_on_whatever_stands_behind_its_labels(mark: str, cut: str) -> None:
    said = ["How can I help with card {}?", "It is lost since last week.", "I will send a new one.", "To my old address?",
            "Yes, on Friday.", "Thank you very much."]  # fmt: skip
    cells = []
    for number in range(4):
        turns = [
            f"{('Agent', 'Customer')[n % 2]} {mark} {text.format(number)}" for n, text in enumerate(said)
        ]
        text = "\n".join(turns)
        third = len(text) // 3 + number
        cells.append(
            [text[:third], text[third : 2 * third], text[2 * third :]]
            if cut == "anywhere"
            else ["\n".join(turns[n : n + 2]) for n in (0, 2, 4)]
        )
    frame = frame_of(["Transcript 1", "Transcript 2", "Transcript 3"], cells)
    for number, built in enumerate(build_frame(frame, guess_mapping(frame))):
        assert [line.text for line in built.call.transcript or ()] == [text.format(number) for text in said]


@pytest.mark.parametrize("mark", ["：", " ⇒ ", " | "])
@pytest.mark.parametrize("size", [24, 37])
def test_short_cells_of_one_size_were_cut_whatever_parts_the_labels(mark: str, size: int) -> None:
    said = [
        "您好，这里是客服中心。",
        "我的包裹还没有送到。",
        "请问您的编号是多少？",
        "是四二七零一。",
        "谢谢，再见。",
    ]
    texts = [
        "\n".join(
            f"{'坐席' if place % 2 == 0 else '客户'}{mark}{number}{line}" for place, line in enumerate(said)
        )
        for number in range(4)
    ]
    names = [f"记录 {part + 1}" for part in range(-(-max(map(len, texts)) // size))]
    frame = frame_of(names, [[text[part * size :][:size] for part in range(len(names))] for text in texts])
    assert guess_mapping(frame).joins["transcript"].columns == names
    assert whole(frame) == [
        " ".join(
            f"{'agent' if place % 2 == 0 else 'customer'}: {number}{line}" for place, line in enumerate(said)
        )
        for number in range(4)
    ]


def test_parts_of_a_cut_text_are_never_two_sides() -> None:
    texts = [
        "\n".join(f"said {number}{place} by one of the two of them" for place in range(8))
        for number in range(4)
    ]
    frame = frame_of(["Transcript 1", "Transcript 2"], [[text[:160], text[160:]] for text in texts])
    mapping = guess_mapping(frame)
    assert not mapping.turns
    assert mapping.joins["transcript"].columns == ["Transcript 1", "Transcript 2"]
