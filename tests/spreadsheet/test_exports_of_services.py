"""Exports as chat services, telephone systems and speech services write them: what of them was once read wrong."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from reddy_lib.spreadsheet import guess_mapping, read_sheet
from reddy_lib.spreadsheet.calls.building import BuiltCall, build_frame
from reddy_lib.spreadsheet.cells.side_cells import lines_of
from reddy_lib.spreadsheet.reading.people_lists import sides_of
from tests.spreadsheet.test_shapes import as_csv, built, written

AGENTS = ("ann.lee@cedarline.example", "bob.ray@cedarline.example")
IDS = ["8213355901", "9601168056", "1145140495", "3116781777", "1574351847"]
SAID = [
    ("agent", "Thank you for calling Cedarline, how can I help you?"),
    ("customer", "Hi, my parcel never arrived and I want to know where it is."),
    ("agent", "I am sorry about that, I will send it again today."),
    ("customer", "Great, thank you very much."),
]
STARTS = [f"2026-01-1{n}T09:1{n}:00Z" for n in range(5)]
EPOCHS = [1768122000 + 90_000 * n for n in range(5)]


def from_json(folder: Path, records: Any) -> list[BuiltCall]:
    return built(written(folder, "calls.json", json.dumps(records)))


def said(call: BuiltCall) -> list[tuple[str, str]]:
    return [(line.role, line.text) for line in call.call.transcript or ()]


def lines(start: Any, **columns: Any) -> list[list[Any]]:
    """Rows of lines, two of the calls in each batch: id, agent, start of the line, side, words."""
    return [
        [IDS[n], AGENTS[n % 2], start(n, k), "A" if role == "agent" else "B", text]
        for n in range(5)
        for k, (role, text) in enumerate(SAID)
    ]


def test_the_message_that_opens_a_chat_is_its_first_line(tmp_path: Path) -> None:
    calls = from_json(
        tmp_path,
        [
            {
                "id": IDS[n], "created_at": EPOCHS[n], "agent_email": AGENTS[n % 2],
                "source": {"author": {"type": "admin"}, "body": SAID[0][1], "url": "/help"},
                "parts": [
                    {"author": {"type": "admin" if role == "agent" else "user"}, "body": text, "created_at": EPOCHS[n] + k}
                    for k, (role, text) in enumerate(SAID)
                    if k
                ],
            }
            for n in range(5)
        ],
    )  # fmt: skip
    assert [said(call) for call in calls] == [SAID] * 5
    tags = {tag.key: tag.value for tag in calls[0].call.tags or ()}
    assert tags["source.url"] == "/help"
    assert SAID[0][1] not in tags.values()


@pytest.mark.parametrize("at", [-1, 2])
@pytest.mark.parametrize("name", ["last_message", "summary_of"])
def test_a_message_that_the_list_has_anywhere_opens_nothing(tmp_path: Path, name: str, at: int) -> None:
    turns = [{"author": role, "body": text} for role, text in SAID * 4]
    turns = [{**turn, "body": f"{turn['body']} {k}"} for k, turn in enumerate(turns)]
    calls = from_json(
        tmp_path, [{"id": IDS[n], "agent": AGENTS[0], name: turns[at], "messages": turns} for n in range(3)]
    )
    assert [text for _, text in said(calls[0])] == [turn["body"] for turn in turns]


def test_the_last_message_is_no_opening_although_it_is_cut(tmp_path: Path) -> None:
    turns = [{"author": role, "body": text} for role, text in SAID]
    last = {"author": "customer", "body": "Great, thank …"}
    calls = from_json(
        tmp_path,
        [{"id": IDS[n], "agent": AGENTS[0], "latestMessage": last, "messages": turns} for n in range(3)],
    )
    assert [said(call) for call in calls] == [SAID] * 3


def test_an_opening_that_the_list_repeats_is_said_once(tmp_path: Path) -> None:
    turns = [{"author": role, "body": text} for role, text in SAID]
    calls = from_json(
        tmp_path, [{"id": IDS[n], "agent": AGENTS[0], "first": turns[0], "messages": turns} for n in range(3)]
    )
    assert [said(call) for call in calls] == [SAID] * 3


@pytest.mark.parametrize(
    "people",
    [
        lambda agent: [
            {"purpose": "customer", "participantName": "Mobile", "sessions": [{"sessionId": "a"}]},
            {"purpose": "agent", "userEmail": agent, "sessions": [{"sessionId": "b"}, {"sessionId": "c"}]},
        ],
        lambda agent: [
            {"channel": 1, "user_id": agent, "role": "Agent"},
            {"channel": 2, "user_id": "pat@mail.example", "role": "Customer"},
        ],
    ],
    ids=["with sessions", "an address as the id"],
)
def test_people_are_found_whatever_their_objects_hold(tmp_path: Path, people: Any) -> None:
    turns = [{"role": role, "text": text} for role, text in SAID]
    calls = from_json(
        tmp_path,
        [{"conversationId": IDS[n], "participants": people(AGENTS[n % 2]), "turns": turns} for n in range(5)],
    )
    assert [call.call.agent_email for call in calls] == [AGENTS[n % 2] for n in range(5)]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("admin", "user"), ("agent", "user"), ("operator", "user"), ("user", "contact"), ("user", "customer")],
)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_user_is_the_customer_beside_an_employee_and_an_employee_beside_a_customer(
    tmp_path: Path, ours: str, theirs: str, count: int
) -> None:
    turns = [{"role": role, "text": text} for role, text in SAID]
    people = [
        [
            {"role": theirs, "name": "Pat Moss", "email": f"pat{n}@mail.example"},
            {"role": ours, "name": "Ann Lee", "email": AGENTS[n % 2]},
        ]
        for n in range(count)
    ]
    calls = from_json(
        tmp_path,
        [{"conversationId": IDS[n], "participants": people[n], "turns": turns} for n in range(count)],
    )
    assert [call.call.agent_email for call in calls] == [AGENTS[n % 2] for n in range(count)]


@pytest.mark.parametrize(
    "people",
    [
        [{"purpose": "agent", "name": "Ann"}, {"purpose": "user", "name": "Bo"}],
        [{"role": "agent", "email": "ann@x.example"}, {"role": "user", "email": "bo@x.example"}],
        [{"role": "admin", "email": "ann@x.example"}, {"role": "user", "email": "bo@x.example"}],
    ],
)
def test_a_user_beside_a_colleague_is_no_customer(people: list[dict[str, str]]) -> None:
    assert "customer" not in sides_of(people)


def test_a_user_with_the_same_free_mail_is_the_customer() -> None:
    people = [{"role": "agent", "email": "ann@gmail.com"}, {"role": "user", "email": "pat@gmail.com"}]
    assert sides_of(people) == ["agent", "customer"]


def test_ids_of_ten_digits_are_no_start_times(tmp_path: Path) -> None:
    rows = lines(lambda n, k: EPOCHS[n] + 7 * k)
    path = written(tmp_path, "a.csv", as_csv([["thread", "owner", "msg_epoch", "side", "body"], *rows]))
    calls = built(path)
    assert [call.call.conversation_id for call in calls] == IDS
    assert [call.call.timestamp for call in calls] == EPOCHS


def test_a_column_called_call_holds_ids_as_well_as_one_without_a_name_does(tmp_path: Path) -> None:
    rows = [
        row if not k % 4 else ["", "", "", *row[3:]] for k, row in enumerate(lines(lambda n, k: STARTS[n]))
    ]
    path = written(tmp_path, "a.csv", as_csv([["Call", "Agent mail", "Date/time", "Speaker", "Text"], *rows]))
    calls = built(path)
    assert [call.call.conversation_id for call in calls] == IDS
    assert all("column-doubtful" in {found.code for found in call.findings} for call in calls)


def test_times_of_lines_with_two_readings_are_kept_and_asked_about(tmp_path: Path) -> None:
    rows = lines(lambda n, k: f"01/0{5 + n // 2}/2026 09:1{n}:{10 + 7 * k}")
    path = written(
        tmp_path, "a.csv", as_csv([["Contact ID", "Agent Email", "Timestamp", "Speaker", "Message"], *rows])
    )
    sheet = read_sheet(path)
    mapping = guess_mapping(sheet)
    calls = list(build_frame(sheet, mapping))
    for call in calls:
        assert "timestamp-ambiguous-order" in {found.code for found in call.findings}
        assert [line.start for line in call.call.transcript or ()] == [0, 7, 14, 21]
    chosen = list(build_frame(sheet, mapping.replace(day_first=True)))
    assert chosen[0].call.timestamp == 1_777_626_610


def test_a_text_whose_headings_have_the_ids_is_one_call_a_heading(tmp_path: Path) -> None:
    for heading in ("=== Call {} ===", "## Conversation #{}", "Call {}"):
        text = "".join(
            f"{heading.format(IDS[n])}\nDate: {STARTS[n]}\nHandled by: {AGENTS[n % 2]}\n\n"
            + "\n".join(f"{role.title()} > {text}" for role, text in SAID)
            + "\n\n"
            for n in range(5)
        )
        calls = built(written(tmp_path, "calls.txt", text))
        assert [call.call.conversation_id for call in calls] == IDS
        assert [said(call) for call in calls] == [SAID] * 5  # the same last words in each are no page head
        assert calls[1].call.agent_email == AGENTS[1]


def test_the_number_of_a_case_is_asked_about_beside_other_ids(tmp_path: Path) -> None:
    rows = [
        [IDS[n], f"0000{1000 + n}", AGENTS[n % 2], "\n".join(f"{role}: {text}" for role, text in SAID)]
        for n in range(5)
    ]
    path = written(
        tmp_path, "a.csv", as_csv([["Chat Transcript: Name", "Case Number", "Agent Email", "Body"], *rows])
    )
    doubts = guess_mapping(read_sheet(path)).doubts
    assert "'Chat Transcript: Name' tells calls apart too" in doubts["conversation_id"]


FIRST, SECOND = "Good morning, how can I help?", "It is on its way."


@pytest.mark.parametrize(
    "cell",
    [
        f"{FIRST}\n{SECOND}",
        f"{FIRST} || {SECOND}",
        f"{FIRST} / {SECOND}",
        f"{FIRST}<br>{SECOND}",
        f"<p>{FIRST}</p><p>{SECOND}</p>",
        f"1. {FIRST} 2. {SECOND}",
        f"1) {FIRST}\n2) {SECOND}",
        f"• {FIRST} • {SECOND}",
        json.dumps([FIRST, SECOND]),
        repr([FIRST, SECOND]),
    ],
)  # fmt: skip
def test_the_lines_of_a_side_whatever_is_between_them(cell: str) -> None:
    assert lines_of(cell) == [("", FIRST), ("", SECOND)]


@pytest.mark.parametrize(
    "cell",
    ["He / she may call - or write.", "Version 2. 3 is out.", "[pause] Well, I see.", "5 - 3 is 2", ""],
)
def test_marks_within_a_sentence_part_nothing(cell: str) -> None:
    assert [text for _, text in lines_of(cell)] == ([cell] if cell else [])


def test_a_list_of_objects_a_side_keeps_its_times() -> None:
    assert lines_of(json.dumps([{"start": 1.5, "text": FIRST}, {"start": 9, "text": SECOND}])) == [
        ("1.5", FIRST),
        ("9", SECOND),
    ]


@pytest.mark.parametrize("first", [True, False])
def test_a_list_of_lists_a_side_keeps_its_times(tmp_path: Path, first: bool) -> None:
    """Two columns, one a channel, of texts with their starts and stops: put together by them."""

    def side(call: int, lines: list[tuple[int, str]]) -> str:
        timed = [(4.5 * k, 4.5 * k + 3, f"{text} {call}") for k, text in lines]
        return json.dumps(timed if first else [(text, start, stop) for start, stop, text in timed])

    talk = [(k, text) for k, (_, text) in enumerate(SAID)]
    rows = [[IDS[n], AGENTS[n % 2], STARTS[n], side(n, talk[::2]), side(n, talk[1::2])] for n in range(4)]
    names = ["Call id", "Agent email", "Start", "speaker_0", "speaker_1"]
    calls = built(written(tmp_path, "sides.csv", as_csv([names, *rows])))
    assert [said(call) for call in calls] == [
        [(role, f"{text} {n}") for role, text in SAID] for n in range(4)
    ]
    assert [(line.start, line.stop) for line in calls[0].call.transcript or ()] == [
        (4.5 * k, 4.5 * k + 3) for k in range(4)
    ]


def test_two_sides_of_one_block_each_are_said_to_have_no_order(tmp_path: Path) -> None:
    agent, customer = "Good morning, how can I help? Parcel {} is on its way.", "Where is parcel {}? Thanks."
    rows = [[IDS[n], AGENTS[n % 2], STARTS[n], agent.format(n), customer.format(n)] for n in range(5)]
    header = ["Call ID", "Agent Email", "Start Time", "agent_said", "customer_said"]
    calls = built(written(tmp_path, "a.csv", as_csv([header, *rows])))
    assert [len(call.call.transcript or ()) for call in calls] == [2] * 5
    assert all("lines-order-assumed" in {found.code for found in call.findings} for call in calls)


def test_rows_without_a_speaker_that_go_on_with_a_sentence_belong_to_it(tmp_path: Path) -> None:
    rows = [
        row
        for one in lines(lambda n, k: STARTS[n])
        for row in (
            [[*one[:4], one[4][:20].strip()], [*one[:3], "", one[4][20:].strip()]]
            if len(one[4]) > 55
            else [one]
        )
    ]
    path = written(tmp_path, "a.csv", as_csv([["Call ID", "Agent Email", "Start", "Speaker", "Text"], *rows]))
    for call in built(path):
        assert [text.replace(" ", "") for _, text in said(call)] == [
            text.replace(" ", "") for _, text in SAID
        ]
        assert "line-without-speaker" in {found.code for found in call.findings}
        assert "role-unknown" not in {found.code for found in call.findings}


def test_a_row_without_a_speaker_that_is_a_sentence_of_its_own_belongs_to_nobody(tmp_path: Path) -> None:
    rows = [
        row
        for one in lines(lambda n, k: STARTS[n])
        for row in ([one, [*one[:3], "", "Customer was put on hold."]] if one[4] == SAID[1][1] else [one])
    ]
    path = written(tmp_path, "a.csv", as_csv([["Call ID", "Agent Email", "Start", "Speaker", "Text"], *rows]))
    for call in built(path):
        assert ("", "Customer was put on hold.") in said(call)


def test_lines_of_one_moment_take_turns_and_say_so(tmp_path: Path) -> None:
    rows = [
        [
            IDS[n], AGENTS[n % 2], STARTS[n],
            f"[00:00] Good morning.\n[00:09] Well, parcel {n} is here.\n[00:12] It goes out today.",
            f"[00:04] Where is parcel {n}?\n[00:09] Great.",
        ]
        for n in range(5)
    ]  # fmt: skip
    header = ["Call ID", "Agent Email", "Start Time", "agent_said", "customer_said"]
    for n, call in enumerate(built(written(tmp_path, "a.csv", as_csv([header, *rows])))):
        assert [text for _, text in said(call)] == [
            "Good morning.", f"Where is parcel {n}?", f"Well, parcel {n} is here.", "Great.", "It goes out today.",
        ]  # fmt: skip
        assert "lines-order-assumed" in {found.code for found in call.findings}


def test_quotes_around_a_number_of_yaml_are_no_part_of_an_id(tmp_path: Path) -> None:
    text = "calls:\n" + "".join(
        f"- id: '{IDS[n]}'\n  agent: {AGENTS[n % 2]}\n  started: {STARTS[n]}\n  transcript:\n"
        + "".join(f'  - who: {role}\n    said: "{text}"\n' for role, text in SAID)
        for n in range(5)
    )
    calls = built(written(tmp_path, "calls.yaml", text))
    assert [call.call.conversation_id for call in calls] == IDS
    assert said(calls[0]) == SAID


def test_words_that_lie_deeper_in_each_turn_are_read(tmp_path: Path) -> None:
    turns = [
        {
            "speaker": {"type": role, "name": "x"},
            "time": {"from": 3 * k, "to": 3 * k + 2},
            "content": {"raw": text},
        }
        for k, (role, text) in enumerate(SAID)
    ]
    rows = [
        [IDS[n], AGENTS[n % 2], STARTS[n], json.dumps({"version": 2, "segments": turns})] for n in range(5)
    ]
    calls = built(written(tmp_path, "a.csv", as_csv([["key", "owner", "started", "payload"], *rows])))
    assert [said(call) for call in calls] == [SAID] * 5
    assert [line.start for line in calls[0].call.transcript or ()] == [0, 3, 6, 9]


@pytest.mark.parametrize(("odd", "asked"), [("call-again", False), ("unknown", True)])
def test_an_id_of_the_same_make_is_no_word_among_ids(tmp_path: Path, odd: str, asked: bool) -> None:
    talk = "\n".join(f"{role}: {text}" for role, text in SAID)
    rows = [[one, AGENTS[0], STARTS[0], talk] for one in ("call-1", "call-27", "call-300", odd)]
    path = written(tmp_path, "a.csv", as_csv([["Call ID", "Agent Email", "Start", "Transcript"], *rows]))
    doubt = guess_mapping(read_sheet(path)).doubts.get("conversation_id", "")
    assert ("in 1 of 4 rows" in doubt) == asked
    assert odd not in doubt  # every call is told: what stands in one must not go into the others


def _grown(text: str) -> str:
    return " ".join(text.split()[:3])


@pytest.mark.parametrize("mark", ["is_final", "event", "utterance_no"])
def test_results_that_grow_are_one_line_in_rows_as_in_a_list(tmp_path: Path, mark: str) -> None:
    """The row of an interim result starts when the final one does: its start is the line's, and its stop is not."""
    rows = []
    for n in range(4):
        for k, (role, text) in enumerate(SAID):
            base = [IDS[n], AGENTS[n % 2], STARTS[n], role, 4.5 * k + 1]
            marks = {"is_final": ("false", "true"), "event": ("speech.delta", "speech.completed")}
            before, after = marks.get(mark, (k, k))
            rows += [[*base, 4.5 * k + 2.5, _grown(text), before], [*base, 4.5 * k + 4, text, after]]
    names = ["Call id", "Agent email", "Call started", "Speaker", "Start", "End", "Text", mark]
    calls = built(written(tmp_path, "results.csv", as_csv([names, *rows])))
    assert [said(call) for call in calls] == [SAID] * 4
    lines = calls[0].call.transcript or []
    assert [(line.start, line.stop) for line in lines] == [(1, 4), (5.5, 8.5), (10, 13), (14.5, 17.5)]
    assert any(found.code == "not-spoken" for found in calls[0].findings)


def test_stamps_in_whole_minutes_are_times_of_lines_and_the_first_is_the_start(tmp_path: Path) -> None:
    rows = [
        [IDS[n], AGENTS[n % 2], f"2026-01-1{n} 09:{10 + k // 3}", role, text]
        for n in range(4)
        for k, (role, text) in reversed(list(enumerate(SAID)))
    ]
    calls = built(
        written(tmp_path, "chats.csv", as_csv([["Chat id", "Agent", "Sent", "From", "Message"], *rows]))
    )
    assert [said(call) for call in calls] == [SAID] * 4
    assert [call.call.timestamp for call in calls] == [1768036200 + 86400 * n for n in range(4)]
    assert any(found.code == "lines-reordered" for found in calls[0].findings)


_OPENS = [("agent", "Cedarline, this is {name}."), ("customer", "Hello, where is my parcel?")]


@pytest.mark.parametrize("stamped", [True, False])
@pytest.mark.parametrize(("newest_first", "asked"), [(True, True), (False, False)])
def test_rows_whose_order_only_the_words_tell_are_asked_about(
    tmp_path: Path, newest_first: bool, asked: bool, stamped: bool
) -> None:
    """A minute holds a whole chat: no time tells that the agent's name comes last, and nothing is turned round unasked."""
    rows = []
    for n in range(5):
        talk = [*_OPENS, *SAID[2:]]
        for role, text in reversed(talk) if newest_first else talk:
            at = [f"2026-01-1{n} 09:10"] if stamped else []
            rows.append([IDS[n], AGENTS[n % 2], *at, role, text.format(name=("Ann", "Bob")[n % 2])])
    names = ["Chat id", "Agent email", *(["Sent"] if stamped else []), "From", "Message"]
    calls = built(written(tmp_path, "chats.csv", as_csv([names, *rows])))
    assert [any(found.code == "column-doubtful" for found in call.findings) for call in calls] == [asked] * 5


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_day_and_the_clock_of_the_first_line_are_the_start(tmp_path: Path, newest_first: bool) -> None:
    """The day stands in each row, and the time of day of each line: a call past midnight began the day before."""
    clocks = [
        ["09:15:20", "09:15:31", "09:15:45", "09:16:02"],
        ["23:59:30", "23:59:52", "00:00:10", "00:00:31"],
    ]
    rows = []
    for n in range(4):
        talk = list(zip(SAID, clocks[n % 2], strict=True))
        for (role, text), clock in reversed(talk) if newest_first else talk:
            rows.append([IDS[n], AGENTS[n % 2], f"1{n + 3}.01.2026", clock, role, text])
    names = ["Call id", "Agent email", "Date", "Time", "Speaker", "Text"]
    calls = built(written(tmp_path, "lines.csv", as_csv([names, *rows])))
    days = [1768262400 + 86400 * n for n in range(4)]
    assert [call.call.timestamp for call in calls] == [
        day + (33_320, 86_370)[n % 2] for n, day in enumerate(days)
    ]
    assert [said(call) for call in calls] == [SAID] * 4
    assert [line.start for line in calls[1].call.transcript or ()] == [0, 22, 40, 61]
    assert not any(found.code == "timestamp-without-clock" for call in calls for found in call.findings)


def test_lines_that_say_when_they_start_and_end_give_the_start_of_the_call(tmp_path: Path) -> None:
    """ "line_start" is no number of lines."""
    rows = [
        [
            IDS[n],
            AGENTS[n % 2],
            role,
            f"2026-01-13T09:1{n}:{10 * k:02}.500Z",
            f"2026-01-13T09:1{n}:{10 * k + 7:02}.250Z",
            text,
        ]
        for n in range(4)
        for k, (role, text) in enumerate(SAID)
    ]
    names = ["Call id", "Agent email", "Speaker", "line_start", "line_end", "Text"]
    calls = built(written(tmp_path, "lines.csv", as_csv([names, *rows])))
    assert [call.call.timestamp for call in calls] == [1768295400 + 60 * n for n in range(4)]
    first, second = (calls[0].call.transcript or [])[:2]
    times = [time for time in (first.start, second.start, second.stop) if time is not None]
    assert [round(after - before, 3) for before, after in pairwise(times)] == [10, 6.75]


def test_names_with_an_address_of_their_own_tell_no_calls_apart(tmp_path: Path) -> None:
    """Agents have an address in their rows and customers have none: it stays the same with who speaks."""
    rows = [
        [
            IDS[n],
            STARTS[n],
            "Ann Lee" if role == "agent" else f"Cy {'ABCDE'[n]}oe",
            AGENTS[0] if role == "agent" else "",
            text,
        ]
        for n in range(5)
        for role, text in SAID
    ]
    calls = built(
        written(tmp_path, "lines.csv", as_csv([["cid", "started", "speaker", "email", "utt"], *rows]))
    )
    assert [call.call.conversation_id for call in calls] == IDS
    assert [[line.text for line in call.call.transcript or ()] for call in calls] == [
        [t for _, t in SAID]
    ] * 5


def test_a_line_that_ends_past_midnight_ends_after_its_start(tmp_path: Path) -> None:
    clocks = [
        ("23:59:10", "23:59:20"),
        ("23:59:25", "23:59:30"),
        ("23:59:40", "23:59:50"),
        ("23:59:55", "00:00:03"),
    ]
    rows = [
        [IDS[n], AGENTS[n % 2], role, *clock, text]
        for n in range(3)
        for (role, text), clock in zip(SAID, clocks, strict=True)
    ]
    names = ["Call id", "Agent email", "Speaker", "Start", "End", "Text"]
    calls = built(written(tmp_path, "lines.csv", as_csv([names, *rows])))
    assert [(line.start, line.stop) for line in calls[0].call.transcript or ()][2:] == [(30, 40), (45, 53)]
