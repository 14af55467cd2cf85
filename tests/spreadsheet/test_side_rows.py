"""One row a side of a call, and rows whose words stand in an object of a chat."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reddy_lib.spreadsheet import guess_mapping, read_sheet
from reddy_lib.spreadsheet.calls.building import BuiltCall
from tests.spreadsheet.test_shapes import as_csv, built, written

TALK = [
    ("agent", "Lakeside Library, how can I help you?", 1.5, 3.0),
    ("customer", "I would like to renew two books.", 3.5, 5.0),
    ("agent", "Which ones are they?", 6.0, 7.0),
    ("customer", "The atlas and the novel.", 7.5, 9.0),
    ("agent", "Both are yours until the ninth.", 10.0, 12.0),
    ("customer", "Thank you, goodbye.", 12.5, 13.0),
]
Said = list[tuple[str, str, float, float]]


def clocked(said: Said) -> str:
    return "\n".join(f"[00:{int(start):02}] {text}" for _, text, start, _ in said)


def whisper(said: Said) -> str:
    segments = [{"id": k, "start": one[2], "end": one[3], "text": f" {one[1]}"} for k, one in enumerate(said)]
    return json.dumps({"text": " ".join(one[1] for one in said), "segments": segments, "language": "en"})


def listed(said: Said) -> str:
    return json.dumps([{"text": text, "from": start, "to": stop} for _, text, start, stop in said])


def plain(said: Said) -> str:
    return "\n".join(text for _, text, _, _ in said)


def sides_of(
    folder: Path, form: Callable[[Said], str], sides: tuple[Any, Any], *, together: bool = True
) -> list[BuiltCall]:
    """Return the calls of rows that each hold what one side said."""
    rows = [
        [
            f"b-{n}",
            side,
            f"ann{n % 2}@lakeside.example",
            f"2026-04-0{n + 1}T10:00:07Z",
            form([one for one in TALK if one[0] == role]),
        ]
        for n in range(4)
        for role, side in zip(("agent", "customer"), sides, strict=True)
    ]
    rows = rows if together else [*rows[::2], *rows[1::2]]
    names = ["Call ID", "Channel", "Agent email", "Call start", "Transcription"]
    return built(written(folder, "sides.csv", as_csv([names, *rows])))


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("sides", [("Agent", "Customer"), (0, 1)])
@pytest.mark.parametrize("form", [clocked, whisper, listed])
def test_the_sides_of_a_call_are_put_together_by_their_times(
    tmp_path: Path, form: Callable[[Said], str], sides: tuple[Any, Any], together: bool
) -> None:
    calls = sides_of(tmp_path, form, sides, together=together)
    assert [call.call.conversation_id for call in calls] == [f"b-{n}" for n in range(4)]
    for call in calls:
        lines = call.call.transcript or []
        assert [(line.role, line.text) for line in lines] == [one[:2] for one in TALK]
        exact = form is not clocked
        assert [line.start for line in lines] == [one[2] if exact else int(one[2]) for one in TALK]
        assert not exact or [line.stop for line in lines] == [one[3] for one in TALK]
        assert call.placed.unassigned == ()


def test_sides_without_times_alternate_and_say_so(tmp_path: Path) -> None:
    calls = sides_of(tmp_path, plain, ("Agent", "Customer"))
    for call in calls:
        assert [line.text for line in call.call.transcript or ()] == [one[1] for one in TALK]
        assert any(found.code == "lines-order-assumed" for found in call.findings)


def test_messages_of_several_paragraphs_are_lines_of_their_own(tmp_path: Path) -> None:
    """One call of the table has two messages of one side: its rows are messages, however long."""
    rows = [
        [f"b-{n}", role, "ann@lakeside.example", f"{text}\nBest wishes, {n}"]
        for n in range(4)
        for role, text, _, _ in (TALK[:3] if n == 3 else TALK[:2])
    ]
    path = written(tmp_path, "chats.csv", as_csv([["Chat id", "Sender", "Agent email", "Message"], *rows]))
    assert guess_mapping(read_sheet(path)).row_is == "line"
    calls = built(path)
    assert [len(call.call.transcript or ()) for call in calls] == [2, 2, 2, 3]
    assert (calls[0].call.transcript or [])[0].text == f"{TALK[0][1]}\nBest wishes, 0"


@pytest.mark.parametrize(
    "message",
    [
        lambda text: json.dumps({"type": "text", "body": text}),
        lambda text: json.dumps([{"content": text, "contentType": "PlainText"}]),
        lambda text: str({"text": text}),
    ],
)
@pytest.mark.parametrize("timed", [True, False])
def test_the_words_of_a_line_may_stand_in_an_object(
    tmp_path: Path, message: Callable[[str], str], timed: bool
) -> None:
    """What is sent are the words, and not the object around them."""
    rows = [
        [f"b-{n}", "ann@lakeside.example", role, *([start] if timed else []), message(text)]
        for n in range(4)
        for role, text, start, _ in TALK
    ]
    names = ["Chat id", "Agent email", "Sender", *(["Second"] if timed else []), "Payload"]
    calls = built(written(tmp_path, "chats.csv", as_csv([names, *rows])))
    assert len(calls) == 4
    for call in calls:
        assert [(line.role, line.text) for line in call.call.transcript or ()] == [one[:2] for one in TALK]


@pytest.mark.parametrize(
    "turn",
    [
        lambda role, text: {"inbound": role == "customer", "payload": {"body": text}},
        lambda role, text: {"participant": "p1" if role == "agent" else "p2", "text": text},
        lambda role, text: {"type": role, "body": text},
    ],
)
def test_a_list_that_says_who_speaks_is_a_transcript_and_no_side(
    tmp_path: Path, turn: Callable[[str, str], dict[str, Any]]
) -> None:
    records = [
        {
            "interaction_id": f"b-{n}",
            "started_at": f"2026-04-0{n + 1}T10:00:07Z",
            "agent": {"id": 7, "email": "ann@lakeside.example"},
            "lines": [turn(role, f"{text} {n}") for role, text, _, _ in TALK],
        }
        for n in range(4)
    ]
    path = written(tmp_path, "calls.json", json.dumps({"calls": records}))
    assert guess_mapping(read_sheet(path)).layout == "row"
    assert [len(call.call.transcript or ()) for call in built(path)] == [len(TALK)] * 4


def test_answers_of_a_bot_in_a_list_beside_what_was_asked_are_their_words(tmp_path: Path) -> None:
    rows = [
        [f"b-{n}", "ann@lakeside.example", TALK[k][1], json.dumps([{"content": TALK[k + 1][1]}])]
        for n in range(4)
        for k in (1, 3)
    ]
    path = written(
        tmp_path, "bot.csv", as_csv([["session", "Agent email", "customer_text", "agent_messages"], *rows])
    )
    for call in built(path):
        assert [line.text for line in call.call.transcript or ()] == [one[1] for one in TALK[1:5]]
