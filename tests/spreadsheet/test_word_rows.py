"""One row a word, as speech services write it to warehouses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reddy_lib.spreadsheet import guess_mapping, read_sheet
from tests.spreadsheet.test_shapes import as_csv, built, written

TALK = [
    ("agent", "Good morning, this is the surgery, how can I help you?"),
    ("customer", "Morning, I would like to move the appointment that I have on Friday."),
    ("agent", "Of course, what is your name, please?"),
    ("customer", "It is Harriet Lowe and the appointment is at four."),
    ("agent", "I can offer you Monday at ten or Tuesday at four."),
    ("customer", "Tuesday at four is good for me, thank you."),
    ("agent", "That is done, the old appointment is gone and you have a new one."),
    ("customer", "Thank you, bye."),
]


def rows_of(sides: tuple[Any, Any], *, marks: bool = False, scale: float = 1) -> list[list[Any]]:
    """Return a row a word of three calls: id, agent, start of the call, side, start, stop, word."""
    found: list[list[Any]] = []
    for n in range(3):
        at = 0.8
        for role, text in TALK:
            for word in text.split():
                bare = word.rstrip(".,?") if marks else word
                base = [f"vc-{n}", f"ann{n}@cedarline.example", f"2026-02-0{n + 1}T10:00:07Z"]
                side = sides[role != "agent"]
                found.append([*base, side, round(at * scale, 3), round((at + 0.25) * scale, 3), bare])
                if bare != word:
                    found.append([*base, side, "", "", word[-1]])
                at = round(at + 0.35, 3)
            at += 0.4
    return found


NAMES = ["call_id", "agent_email", "call_start", "party", "begin", "end", "word"]


@pytest.mark.parametrize(
    ("sides", "names"),
    [
        (("AGENT", "CUSTOMER"), NAMES),
        ((0, 1), [*NAMES[:3], "channel", "start", "stop", "token"]),
        (("Rep", "Caller"), [*NAMES[:3], "Sprecher", "Von", "Bis", "Wort"]),
    ],
)
def test_words_of_one_speaker_in_a_row_are_a_line(
    tmp_path: Path, sides: tuple[Any, Any], names: list[str]
) -> None:
    path = written(tmp_path, "words.csv", as_csv([names, *rows_of(sides)]))
    assert guess_mapping(read_sheet(path)).row_is == "word"
    calls = built(path)
    assert [call.call.conversation_id for call in calls] == ["vc-0", "vc-1", "vc-2"]
    for call in calls:
        lines = call.call.transcript or []
        assert [(line.role, line.text) for line in lines] == TALK
        assert (lines[0].start, lines[0].stop) == (0.8, 0.8 + 0.35 * 10 + 0.25)
        assert call.placed.unassigned == ()
        assert not any(found.code == "times-estimated" for found in call.findings)


def test_marks_in_rows_of_their_own_belong_to_the_word_before_them(tmp_path: Path) -> None:
    rows = rows_of(("AGENT", "CUSTOMER"), marks=True, scale=1000)
    calls = built(written(tmp_path, "words.csv", as_csv([NAMES, *rows])))
    assert [[(line.role, line.text) for line in call.call.transcript or ()] for call in calls] == [TALK] * 3
    assert (calls[0].call.transcript or [])[1].start == pytest.approx(0.8 + 0.35 * 11 + 0.4)


@pytest.mark.parametrize("column", ["city", "outcome", "word"])
def test_one_word_a_call_is_no_row_a_word(tmp_path: Path, column: str) -> None:
    """Cities and outcomes are single words as well: few, or in capitals, and nobody says them in turns."""
    cells = {
        "city": ["Leeds", "York", "Hull", "Ely", "Bath", "Wells", "Ripon", "Truro"],
        "outcome": ["resolved", "escalated", "callback"],
        "word": ["yes", "no"],
    }[column]
    rows = [
        [
            f"c-{n}",
            f"ann{n % 3}@cedarline.example",
            f"2026-02-01T10:{n:02}:00Z",
            ("in", "out")[n % 2],
            cells[n % len(cells)],
        ]
        for n in range(48)
    ]
    path = written(
        tmp_path, "calls.csv", as_csv([["call_id", "agent_email", "start", "channel", column], *rows])
    )
    assert guess_mapping(read_sheet(path)).row_is == "line"
    assert len(built(path)) == 48
