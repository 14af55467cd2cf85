"""Exports as people load them, each with what a careful analyst would call right; and a small input of the same kind.

The shared cases are read where they are there. The small inputs stand here and run everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import xlsxwriter

from reddy_lib.spreadsheet import BuiltCall, guess_mapping, read_calls, read_sheet
from tests.spreadsheet.test_shared import SHARED, misses

FIELD_CASES = SHARED / "field_cases"
LAYOUT_CASES = SHARED / "layout_cases"


class Right(NamedTuple):
    """What is right of a file.

    Attributes:
        ids: the calls' ids in order; their number where the file does not say them clearly.
        roles: of the lines of each call: "a" agent, "c" customer, "-" none, "x" another role.
        first, last: text of the first call's first and last line.
        agent, product, start: of the first call; "" and None where the file does not say.
        starts: start in seconds of the first call's lines; empty where nothing is known.
        stops: likewise.
        found: findings that some call must have.
        absent: findings that no call may have.
    """

    ids: tuple[str, ...] | int
    roles: str
    first: str
    last: str
    agent: str | None = None
    product: int | None = None
    start: str = ""
    starts: tuple[float, ...] = ()
    stops: tuple[float, ...] = ()
    found: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def calls_of(path: Path) -> list[BuiltCall]:
    mapping = guess_mapping(read_sheet(path, nrows=1000)).replace(timezone="UTC")
    return [built for piece in read_calls(path, mapping) for built in piece]


def roles_of(built: BuiltCall) -> str:
    marks = {"agent": "a", "customer": "c", "": "-"}
    return "".join(marks.get(line.role, "x") for line in built.call.transcript or ())


def assert_right(path: Path, right: Right) -> None:
    calls = calls_of(path)
    ids = [built.call.conversation_id for built in calls]
    if isinstance(right.ids, int):
        assert len(calls) == right.ids
        assert len(set(ids)) == right.ids
    else:
        assert ids == list(right.ids)
    assert [roles_of(built) for built in calls] == [right.roles] * len(calls)
    call = calls[0].call
    lines = call.transcript or ()
    assert (lines[0].text, lines[-1].text) == (right.first, right.last)
    assert call.agent_email == right.agent
    assert call.product_id == right.product
    assert call.timestamp == (
        datetime.fromisoformat(right.start).replace(tzinfo=UTC).timestamp() if right.start else None
    )
    if right.starts:
        assert [line.start for line in lines[: len(right.starts)]] == pytest.approx(list(right.starts))
    if right.stops:
        assert [line.stop for line in lines[: len(right.stops)]] == pytest.approx(list(right.stops), abs=0.01)
    codes = {finding.code for built in calls for finding in built.findings}
    assert set(right.found) <= codes
    assert not set(right.absent) & codes


GREETING = "Good morning, Larkfield Water, this is Petra, how can I help?"
BILL = "Hi, my bill is twice what it was last month."
METER = "I can see the meter reading from Monday, it looks doubled."
BYE = "Lovely, thanks a lot, bye."
PETRA = "petra@l.example"
SHORT = ("Larkfield Water, Petra here.", "I will correct it.")
THREE = ("k0", "k1", "k2")
CALLS = ("c0", "c1", "c2")
SPOKEN = (0.5, 4.8, 8.6, 13.2, 15.4, 20.5)
ENDED = (4.2, 8.1, 12.9, 15.0, 20.1, 22.7)
MINUTES = (0.0, 60.0, 120.0, 180.0, 240.0, 300.0)
MADE_UP = ("conversation-id-placeholder",)

HANDED: dict[str, Right] = {
    "01_newest_first_lines/input.csv": Right(
        THREE,
        "acacac",
        f"{GREETING} 0",
        f"{BYE} 0",
        PETRA,
        3,
        "2025-03-04T09:00",
        MINUTES,
        found=("lines-reordered",),
    ),
    "03_shuffled_lines/input.csv": Right(
        THREE,
        "acacac",
        f"{GREETING} 0",
        f"{BYE} 0",
        PETRA,
        3,
        "2025-03-04T09:00",
        MINUTES,
        found=("lines-reordered",),
    ),
    "04_case_number_tells_calls_apart/input.csv": Right(
        THREE, "acacac", f"{GREETING} 0", f"{BYE} 0", PETRA, 3, "2025-03-04T09:00", MINUTES
    ),
    "05_offsets_restart_no_known_id/input.csv": Right(
        THREE, "acacac", f"{GREETING} 0", f"{BYE} 0", PETRA, 3, starts=(0.5, 4.5, 8.5, 12.5, 16.5, 20.5)
    ),
    "07_sixteen_digit_ids/input.csv": Right(
        ("1234567890123452", "1234567890123454", "1234567890123456"),
        "aca",
        *SHORT,
        PETRA,
        3,
        "2025-03-04T09:02",
    ),
    "07_sixteen_digit_ids/input.xlsx": Right(
        ("1234567890123452", "1234567890123454", "1234567890123456"),
        "aca",
        *SHORT,
        PETRA,
        3,
        "2025-03-04T09:02",
        found=("id-digits-rounded",),
    ),
    "09_null_like_ids/input.csv": Right(8, "aca", *SHORT, PETRA, 3, "2025-03-04T09:00", found=MADE_UP),
    "12_json_times_newest_first/input.csv": Right(
        THREE,
        "acacac",
        f"{GREETING} 0",
        f"{BYE} 0",
        PETRA,
        3,
        "2025-03-04T09:00",
        MINUTES,
        found=("lines-reordered",),
    ),
    "13_markers_among_turns/input.csv": Right(
        THREE,
        "acac",
        f"{GREETING} 0",
        "Yes, that would explain it.",
        PETRA,
        3,
        "2025-03-04T09:00:01",
        (0, 4, 8, 12),
        found=("not-spoken",),
    ),
    "15_interim_results/input.csv": Right(
        THREE, "ac", f"{GREETING} 0", BILL, PETRA, 3, "", (0.0, 4.0), (3.5, 7.5), ("not-spoken",)
    ),
    "16_mmss_typed_in_excel/input.xlsx": Right(
        THREE, "acacac", f"{GREETING} 0", f"{BYE} 0", PETRA, 3, starts=(3, 17, 31, 45, 59, 73)
    ),
    "18_samples_as_offsets/input.json": Right(
        ("x",),
        "acacac",
        GREETING,
        BYE,
        start="2025-07-07T14:53:20",
        starts=SPOKEN,
        stops=ENDED,
        found=("unit-from-pace",),
    ),
    "19_time_zone_column/input.csv": Right(CALLS, "aca", *SHORT, PETRA, 3, "2025-03-04T14:00"),
    "21_html_in_text/input.csv": Right(THREE, "aca", SHORT[0], "I will look now.", PETRA, 3),
    "22_pairs_beside_lowercased_copy/input.json": Right(("3592", "3593"), "acaxcac", GREETING, BYE),
    "24_jsonl_line_separator/input.jsonl": Right(
        CALLS, "ac", "Larkfield Water, hi there", "My bill doubled 0.", PETRA, 3, "2025-03-04T09:00"
    ),
    "25_names_in_cue_identifiers/input.vtt": Right(
        1, "acacac", GREETING, BYE, starts=SPOKEN, stops=ENDED, found=("role-from-greeting",)
    ),
    "27_speaker_object/input.json": Right(
        ("1",),
        "acacac",
        GREETING,
        BYE,
        "petra@larkfield.example",
        None,
        "2025-03-04T09:00",
        (0, 4, 8, 13, 15, 20),
    ),
    "28_channels_in_parallel/input.json": Right(1, "acacac", GREETING, BYE, starts=SPOKEN, stops=ENDED),
    "30_sub_word_tokens/input.json": Right(
        ("19b6d61d-02db-4c25-bc71-b4094dc310c8",), "acacac", GREETING, BYE, starts=SPOKEN, stops=ENDED
    ),
    "31_chat_history_object/input.json": Right(
        1, "acacac", GREETING, BYE, start="2025-10-09T08:53:20", starts=(0, 4.3, 8.1), found=("not-spoken",)
    ),
    "32_lines_without_call_id/input.tsv": Right(
        1, "------", GREETING, BYE, starts=SPOKEN, stops=ENDED, found=("transcript-no-speakers",)
    ),
    "33_plain_text_with_commas/input.txt": Right(
        1, "-" * 18, GREETING, BYE, starts=tuple(range(2, 71, 4)), found=("transcript-no-speakers",)
    ),
    "35_numpy_list/input.csv": Right(
        CALLS, "aca", "Larkfield Water, it's Petra.", "I will correct it.", PETRA, 3, "2025-03-04T09:00"
    ),
    "37_rows_quoted_whole/input.csv": Right(
        CALLS, "aca", *SHORT, PETRA, 3, "2025-03-04T09:00", found=("table-rebuilt",)
    ),
    "38_question_and_answer_columns/input.csv": Right(
        THREE, "cacaca", f"{BILL} 0", "I have put a correction in, you get a new bill on Friday."
    ),
    "39_html_first_message_and_note/input.json": Right(
        ("123",),
        "cac",
        BILL,
        "Yes, that would explain it.",
        "petra@larkfield.example",
        None,
        "2025-07-07T14:53:20",
        found=("not-spoken",),
    ),
    "40_concatenated_with_bom/input.csv": Right(
        ("c0", "c1", "c2", "c3", "c4", "c5"),
        "aca",
        *SHORT,
        PETRA,
        3,
        "2025-03-04T09:00",
        found=("rows-left-out",),
    ),
    "42_whole_cell_in_quotes/input.csv": Right(
        THREE,
        "aca",
        GREETING,
        "I can see the reading from Monday, it looks doubled.",
        PETRA,
        3,
        absent=("line-not-read", "transcript-unassigned"),
    ),
}


@pytest.mark.skipif(not FIELD_CASES.exists(), reason="the shared data is not here")
@pytest.mark.parametrize("case", HANDED)
def test_a_shared_case_is_read_as_a_careful_analyst_would(case: str) -> None:
    assert_right(FIELD_CASES / case, HANDED[case])


@pytest.mark.skipif(not FIELD_CASES.exists(), reason="the shared data is not here")
def test_every_shared_case_has_its_right_values_here() -> None:
    files = {f"{path.parent.name}/{path.name}" for path in FIELD_CASES.glob("*/input.*")}
    assert files == set(HANDED)


LAYOUTS = (
    json.loads((LAYOUT_CASES / "expected.json").read_text(encoding="utf-8"))["files"]
    if (LAYOUT_CASES / "expected.json").exists()
    else {}
)


@pytest.mark.skipif(not LAYOUTS, reason="the shared data is not here")
@pytest.mark.parametrize("file", LAYOUTS)
def test_a_shared_layout_is_read_without_a_miss(file: str) -> None:
    assert misses("layout_cases", file) == []


# Small inputs of the same kinds: a taxi company's calls.

BOOKED = "Good morning, Harbour Cabs, this is Ola, how can I help you?"
STATION = "I need a taxi from the north station, please."
TIME = "When should the driver be there?"
NOON = "At noon, and I have a dog with me."
OLA = "ola@cabs.example"
ROW = f"Agent: {BOOKED}\nCustomer: {STATION}\nAgent: {TIME}\nCustomer: {NOON}"
TURNS = [("Agent", BOOKED), ("Customer", STATION), ("Agent", TIME), ("Customer", NOON)]


def table(*rows: tuple[object, ...], by: str = ",") -> str:
    """A delimited text, every cell of it quoted."""
    return "\n".join(by.join('"' + str(cell).replace('"', '""') + '"' for cell in row) for row in rows) + "\n"


def lines(
    header: tuple[str, ...], rows: Callable[[str, int, str, str], tuple[object, ...]], order: str = "0123"
) -> str:
    """A table of lines: two calls of four lines; `order` says in which order each call's lines stand."""
    return table(header, *(rows(call, int(n), *TURNS[int(n)]) for call in ("t8", "t9") for n in order))


def minute(call: str, number: int) -> str:
    return f"2026-05-06 1{call[1]}:0{number}:00"


def turns(**names: str) -> list[dict[str, Any]]:
    return [{names["role"]: role, names["text"]: text} for role, text in TURNS]


def words(text: str, speaker: object, start: float) -> list[dict[str, Any]]:
    return [
        {
            "text": (" " if n else "") + word,
            "start_ms": int(1000 * start + 250 * n),
            "end_ms": int(1000 * start + 250 * n + 240),
            "speaker": speaker,
        }
        for n, word in enumerate(text.split())
    ]


def rows_of_calls(*cells: tuple[object, ...], header: tuple[str, ...]) -> str:
    return table(header, *cells)


HEADER = ("call_id", "agent_email", "product_id", "start_time", "transcript")
INTERIM = [
    {
        "role": role.lower(),
        "text": text[:end],
        "start": 5 * number,
        "stop": 5 * number + end / 15,
        "settled": end >= len(text),
    }
    for number, (role, text) in enumerate(TURNS)
    for end in (9, 18, len(text))
]
SAMPLES = [
    {
        "uuid": f"u{n}",
        "transcript": text,
        "start_offset": 64_000 * n,
        "end_offset": 64_000 * n + 48_000,
        "speaker_id": 7 + n % 2,
    }
    for n, (_, text) in enumerate(TURNS)
]
TWO = ("t8", "t9")
NOT_SPOKEN = ("not-spoken",)
ALL = (BOOKED, NOON)

OWN: dict[str, tuple[str, str, Right]] = {
    "lines that stand newest first are put in order": (
        "calls.csv",
        lines(
            ("call_id", "time", "speaker", "text", "agent_email"),
            lambda call, n, role, text: (call, minute(call, n), role, text, OLA),
            "3210",
        ),
        Right(
            TWO, "acac", *ALL, OLA, None, "2026-05-06T18:00", (0, 60, 120, 180), found=("lines-reordered",)
        ),
    ),
    "lines that stand in no order are put in order": (
        "calls.csv",
        lines(
            ("call_id", "time", "speaker", "text", "agent_email"),
            lambda call, n, role, text: (call, minute(call, n), role, text, OLA),
            "2031",
        ),
        Right(
            TWO, "acac", *ALL, OLA, None, "2026-05-06T18:00", (0, 60, 120, 180), found=("lines-reordered",)
        ),
    ),
    "a column of any name tells calls apart": (
        "calls.csv",
        lines(
            ("Ride File", "time", "speaker", "text", "agent_email"),
            lambda call, n, role, text: (call, minute(call, n), role, text, OLA),
        ),
        Right(TWO, "acac", *ALL, OLA, None, "2026-05-06T18:00", (0, 60, 120, 180)),
    ),
    "offsets that begin again begin another call": (
        "calls.csv",
        lines(
            ("Ride File", "start", "speaker", "text", "agent_email"),
            lambda call, n, role, text: (call, 0.5 + 4 * n, role, text, OLA),
        ),
        Right(TWO, "acac", *ALL, OLA, starts=(0.5, 4.5, 8.5, 12.5)),
    ),
    "words that stand for nothing are no ids": (
        "calls.csv",
        table(
            HEADER,
            *(
                (none, OLA, 3, f"2026-05-06 10:0{n}:00", ROW + str(n))
                for n, none in enumerate(("NULL", "n/a", "-", "undefined"))
            ),
        ),
        Right(4, "acac", BOOKED, f"{NOON}0", OLA, 3, "2026-05-06T10:00", found=MADE_UP),
    ),
    "turns of a cell that stand newest first are turned round": (
        "calls.csv",
        table(
            (*HEADER[:3], "transcript"),
            *(
                (
                    call,
                    OLA,
                    3,
                    json.dumps(
                        [
                            {
                                "role": role.lower(),
                                "text": text,
                                "timestamp": f"{minute(call, n).replace(' ', 'T')}Z",
                            }
                            for n, (role, text) in reversed(list(enumerate(TURNS)))
                        ]
                    ),
                )
                for call in TWO
            ),
        ),
        Right(TWO, "acac", *ALL, OLA, 3, "2026-05-06T18:00", (0, 60, 120, 180), found=("lines-reordered",)),
    ),
    "marks among the turns are no speech": (
        "calls.csv",
        table(
            ("call_id", "agent_name", "agent_email", "transcript"),
            *(
                (
                    call,
                    "Ola Berg",
                    OLA,
                    json.dumps(
                        {
                            "lines": [
                                item
                                for role, text in TURNS
                                for item in (
                                    {
                                        "type": "transcript",
                                        "name": "Ola Berg" if role == "Agent" else "Ivo",
                                        "content": text,
                                    },
                                    {"type": "highlight", "name": "Ola Berg", "content": "price_asked"},
                                )
                            ]
                        }
                    ),
                )
                for call in TWO
            ),
        ),
        Right(TWO, "acac", *ALL, OLA, found=NOT_SPOKEN),
    ),
    "results that grow word by word are one line, whatever says that they are not final": (
        "calls.csv",
        table(("call_id", "agent_email", "transcript"), *((call, OLA, json.dumps(INTERIM)) for call in TWO)),
        Right(TWO, "acac", *ALL, OLA, starts=(0, 5, 10, 15), found=NOT_SPOKEN),
    ),
    "offsets in samples are read by the pace and the length of the call": (
        "call.json",
        json.dumps(
            {
                "speech": {
                    "otid": "t8",
                    "start_time": 1778061600,
                    "duration": 16,
                    "transcripts": SAMPLES,
                    "speakers": [{"id": 7, "speaker_name": "Ola"}, {"id": 8, "speaker_name": "Ivo"}],
                }
            }
        ),
        Right(
            ("t8",),
            "acac",
            *ALL,
            start="2026-05-06T10:00",
            starts=(0, 4, 8, 12),
            stops=(3, 7, 11, 15),
            found=("unit-from-pace",),
        ),
    ),
    "a column of time zones is the zone of the times beside it": (
        "calls.csv",
        table(
            (*HEADER[:4], "time_zone", "transcript"),
            ("t8", OLA, 3, "2026-05-06 10:00:00", "Europe/Oslo", ROW),
            ("t9", OLA, 3, "2026-05-06 11:00:00", "America/New_York", ROW),
        ),
        Right(TWO, "acac", *ALL, OLA, 3, "2026-05-06T08:00"),
    ),
    "tags and entities are no words": (
        "calls.csv",
        table(
            ("call_id", "agent_email", "transcript"),
            *(
                (
                    call,
                    OLA,
                    "Agent: Is it &gt; &pound;20 &amp; cash?<br/>Customer: <b>Card</b>, it&#39;s easier.<br>Agent: Fine.",
                )
                for call in TWO
            ),
        ),
        Right(TWO, "aca", "Is it > £20 & cash?", "Fine.", OLA),
    ),
    "the words as they were written are taken, not their copy in small letters": (
        "calls.json",
        json.dumps(
            [
                {
                    "convo_id": 3100 + n,
                    "raw": [[role.lower(), text] for role, text in TURNS],
                    "normalised": [
                        {"speaker": role.lower(), "text": text.lower(), "labels": [None] * 9}
                        for role, text in TURNS
                    ],
                }
                for n in range(2)
            ]
        ),
        Right(("3100", "3101"), "acac", *ALL),
    ),
    "a line separator inside a text ends no line of JSON": (
        "calls.jsonl",
        "".join(
            json.dumps(
                {"call_id": call, "agent_email": OLA, "transcript": turns(role="role", text="text")},
                ensure_ascii=False,
            ).replace(", this", ",\u2028this")
            + "\n"
            for call in TWO
        ),
        Right(TWO, "acac", BOOKED.replace(", this", ",\u2028this"), NOON, OLA),
    ),
    "names in the identifiers of cues are the speakers": (
        "call.vtt",
        "WEBVTT\n\n"
        + "\n".join(
            f'{n} "{"Ola Berg" if n % 2 else "Ivo Ek"}" (77{n % 2})\n'
            f"00:00:{4 * n:02}.000 --> 00:00:{4 * n + 3:02}.000\n{text}\n"
            for n, (_, text) in enumerate(TURNS, 1)
        ),
        Right(1, "acac", *ALL, starts=(4, 8, 12, 16), stops=(7, 11, 15, 19)),
    ),
    "an object names the speaker": (
        "call.json",
        json.dumps(
            {
                "recording_id": 41,
                "created_at": "2026-05-06T10:00:00Z",
                "transcript": [
                    {
                        "speaker": {"display_name": "Ola Berg" if role == "Agent" else "Ivo Ek"},
                        "text": text,
                        "timestamp": f"00:00:{5 * n:02}",
                    }
                    for n, (role, text) in enumerate(TURNS)
                ],
            }
        ),
        Right(("41",), "acac", *ALL, start="2026-05-06T10:00", starts=(0, 5, 10, 15)),
    ),
    "channels beside one another are one call": (
        "call.json",
        json.dumps(
            {
                "request_id": "t8",
                "channels": [
                    {
                        "transcript": [
                            {"sentence": text, "timestamp": 4000 * n, "duration": 3000}
                            for n, (who, text) in enumerate(TURNS)
                            if who == role
                        ]
                    }
                    for role in ("Customer", "Agent")
                ],
            }
        ),
        Right(1, "acac", *ALL, starts=(0, 4, 8, 12), stops=(3, 7, 11, 15)),
    ),
    "tokens are put together to turns": (
        "call.json",
        json.dumps(
            {
                "id": "t8",
                "text": " ".join(text for _, text in TURNS),
                "tokens": [
                    token for n, (_, text) in enumerate(TURNS) for token in words(text, n % 2 + 1, 4.0 * n)
                ],
            }
        ),
        Right(("t8",), "acac", *ALL, starts=(0, 4, 8, 12)),
    ),
    "instructions and calls of functions in a voice agent's history are no lines": (
        "call.json",
        json.dumps(
            {
                "items": [
                    {"type": "message", "role": "system", "content": ["You take bookings for taxis."]},
                    *(
                        {
                            "type": "message",
                            "role": "assistant" if role == "Agent" else "user",
                            "content": [text],
                        }
                        for role, text in TURNS
                    ),
                    {"type": "function_call", "name": "book", "arguments": "{}"},
                ]
            }
        ),
        Right(1, "acac", *ALL, found=NOT_SPOKEN),
    ),
    "lines without an id and a speaker are one call": (
        "lines.tsv",
        table(
            ("start", "end", "text"),
            *((4000 * n, 4000 * n + 3000, text) for n, (_, text) in enumerate(TURNS)),
            by="\t",
        ),
        Right(1, "----", *ALL, starts=(0, 4, 8, 12), stops=(3, 7, 11, 15), found=("transcript-no-speakers",)),
    ),
    "a clock above each paragraph is its time, also beyond 59 seconds": (
        "call.txt",
        "\n\n".join(f"0:{20 * n + 5:02}\n{text}" for n, (_, text) in enumerate(TURNS)),
        Right(1, "----", *ALL, starts=(5, 25, 45, 65), found=("transcript-no-speakers",)),
    ),
    "objects without commas between them are a list": (
        "calls.csv",
        table(
            ("call_id", "agent_email", "transcript"),
            *(
                (call, OLA, "[" + "\n ".join(repr(turn) for turn in turns(role="role", text="content")) + "]")
                for call in TWO
            ),
        ),
        Right(TWO, "acac", *ALL, OLA),
    ),
    "rows that are quoted whole are taken apart": (
        "calls.csv",
        table(
            *(
                (row,)
                for row in table(
                    HEADER, *((call, OLA, 3, "2026-05-06 10:00:00", ROW.replace("\n", " ")) for call in TWO)
                ).splitlines()
            )
        ),
        Right(TWO, "acac", *ALL, OLA, 3, "2026-05-06T10:00", found=("table-rebuilt",)),
    ),
    "a column of questions and one of answers are turns": (
        "calls.csv",
        table(
            ("conversation_id", "turn", "customer_message", "agent_response"),
            *(
                (call, n, *pair)
                for call in TWO
                for n, pair in enumerate(((STATION, TIME), (NOON, "The driver will be there.")), 1)
            ),
        ),
        Right(TWO, "caca", STATION, "The driver will be there."),
    ),
    "the first message of a ticket is spoken, and its note is not": (
        "call.json",
        json.dumps(
            {
                "type": "conversation",
                "id": "88",
                "created_at": 1778061600,
                "source": {"body": f"<p>{STATION}</p>", "author": {"type": "user", "name": "Ivo"}},
                "conversation_parts": {
                    "conversation_parts": [
                        {
                            "part_type": "comment",
                            "body": f"<p>{TIME}</p>",
                            "author": {"type": "admin", "name": "Ola", "email": OLA},
                        },
                        {
                            "part_type": "note",
                            "body": "<p>He was rude last week.</p>",
                            "author": {"type": "admin", "name": "Ola", "email": OLA},
                        },
                        {
                            "part_type": "comment",
                            "body": f"<p>{NOON}</p>",
                            "author": {"type": "user", "name": "Ivo"},
                        },
                    ]
                },
            }
        ),
        Right(("88",), "cac", STATION, NOON, OLA, None, "2026-05-06T10:00", found=NOT_SPOKEN),
    ),
    "a second header row behind a byte order mark is left out": (
        "calls.csv",
        "".join("\ufeff" + table(HEADER, (call, OLA, 3, "2026-05-06 10:00:00", ROW)) for call in TWO),
        Right(TWO, "acac", *ALL, OLA, 3, "2026-05-06T10:00", found=("rows-left-out",)),
    ),
    "quotes around a whole cell are no speech": (
        "calls.csv",
        table(("call_id", "agent_email", "transcript"), *((call, OLA, f'"{ROW}"') for call in TWO)),
        Right(TWO, "acac", *ALL, OLA, absent=("line-not-read", "transcript-unassigned")),
    ),
    "quotes around each turn are no speech": (
        "calls.csv",
        table(
            ("call_id", "agent_email", "transcript"),
            *((call, OLA, "\n".join(f'{role}: "{text}"' for role, text in TURNS)) for call in TWO),
        ),
        Right(TWO, "acac", *ALL, OLA, absent=("transcript-unassigned",)),
    ),
    # layouts
    "the affiliation of the people beside the turns says who the agent is": (
        "calls.json",
        json.dumps(
            [
                {
                    "metaData": {"id": call, "started": "2026-05-06T10:00:00Z"},
                    "parties": [
                        {
                            "speakerId": "1",
                            "name": "Ola Berg",
                            "emailAddress": OLA,
                            "affiliation": "Internal",
                        },
                        {"speakerId": "2", "name": "Ivo Ek", "affiliation": "External"},
                    ],
                    "transcript": [
                        {
                            "speakerId": str(1 + n % 2),
                            "sentences": [{"start": 4000 * n, "end": 4000 * n + 3000, "text": text}],
                        }
                        for n, (_, text) in enumerate(TURNS)
                    ],
                }
                for call in TWO
            ]
        ),
        Right(TWO, "acac", *ALL, OLA, None, "2026-05-06T10:00", (0, 4, 8, 12), (3, 7, 11, 15)),
    ),
    "title rows above a German table are no calls": (
        "calls.csv",
        "Auswertung Zentrale\nZeitraum: Mai 2026\n\n"
        + table(
            ("Vorgangs-Nr.", "Mitarbeiter (E-Mail)", "Gesprächsbeginn", "Mitschrift"),
            *(
                (
                    call,
                    OLA,
                    "06.05.2026 10:00 Uhr",
                    "Mitarbeiterin: Wohin darf es gehen?\nKunde: Zum Bahnhof, bitte.",
                )
                for call in TWO
            ),
            by=";",
        ),
        Right(TWO, "ac", "Wohin darf es gehen?", "Zum Bahnhof, bitte.", OLA, None, "2026-05-06T10:00"),
    ),
    "an Arabic table has agents and customers": (
        "calls.csv",
        table(
            ("معرف المكالمة", "بريد الموظف", "وقت البدء", "النص"),
            *(
                (call, OLA, "2026-05-06 10:00:00", "الموظف: مرحبا، إلى أين؟\nالعميل: إلى المحطة من فضلك.")
                for call in TWO
            ),
        ),
        Right(TWO, "ac", "مرحبا، إلى أين؟", "إلى المحطة من فضلك.", OLA, None, "2026-05-06T10:00"),
    ),
    "days since 1900 with a decimal comma are dates": (
        "calls.csv",
        table(
            ("N° appel", "Courriel conseiller", "Début d'appel", "Retranscription"),
            *(
                (call, OLA, "46148,41666667", "Conseiller : Où allez-vous ?\nClient : À la gare.")
                for call in TWO
            ),
            by=";",
        ),
        Right(TWO, "ac", "Où allez-vous ?", "À la gare.", OLA, None, "2026-05-06T10:00"),
    ),
    "days since 1900 are dates": (
        "calls.csv",
        table(
            ("Call ID", "Agent Email", "Start", "Transcript"),
            *((call, OLA, "46148.416667", ROW) for call in TWO),
        ),
        Right(TWO, "acac", *ALL, OLA, None, "2026-05-06T10:00"),
    ),
    "a summary below the calls is no call": (
        "calls.csv",
        table(
            ("Call ID", "Agent Email", "Started", "Transcript"),
            *((call, OLA, "2026-05-06 10:00:00", ROW) for call in TWO),
        )
        + "\nAgent,Calls,Average score\nOla,2,4.5\nTotal,2,4.5\n",
        Right(TWO, "acac", *ALL, OLA, None, "2026-05-06T10:00", found=("rows-left-out",)),
    ),
    "turns across columns are one call a row": (
        "calls.csv",
        table(
            ("Call ID", "Agent Email", *(f"{what} {n}" for n in range(1, 5) for what in ("Speaker", "Text"))),
            *((call, OLA, *(cell for turn in TURNS for cell in turn)) for call in TWO),
        ),
        Right(TWO, "acac", *ALL, OLA),
    ),
    "a transcript that goes on in the next column is one": (
        "calls.csv",
        table(
            ("Call ID", "Agent Email", "Transcript", "Transcript (cont.)", "Transcript (cont. 2)"),
            *((call, OLA, ROW[:70], ROW[70:150], ROW[150:]) for call in TWO),
        ),
        Right(TWO, "acac", *ALL, OLA),
    ),
    "two labels that could both be our side are told apart by who greets": (
        "calls.csv",
        table(
            ("Call ID", "Agent Email", "Transcript"),
            *(
                (call, OLA, ROW.replace("Agent:", "Dispatch Desk:").replace("Customer:", "Employee:"))
                for call in TWO
            ),
        ),
        Right(TWO, "acac", *ALL, OLA),
    ),
    "a table of lines names the call in its first row alone": (
        "calls.csv",
        table(
            ("Anruf-Nr", "Mitarbeiter E-Mail", "Datum/Uhrzeit", "Spr.", "Zeitpunkt", "Gesprochener Text"),
            *(
                (
                    *((call, OLA, "06.05.2026 10:00:00") if not n else ("", "", "")),
                    "Ag" if role == "Agent" else "Kd",
                    f"0:00:0{2 * n}",
                    text,
                )
                for call in TWO
                for n, (role, text) in enumerate(TURNS)
            ),
            by=";",
        ),
        Right(TWO, "acac", *ALL, OLA, None, "2026-05-06T10:00", (0, 2, 4, 6)),
    ),
    "a customer's email is not the agent's": (
        "calls.csv",
        table(
            ("Call ID", "Agent", "Customer", "Email", "Transcript"),
            *(
                (f"t{n}", "Ola Berg", name, f"{name.lower().replace(' ', '.')}@post.example", ROW)
                for n, name in ((8, "Ivo Ek"), (9, "Mia Falk"))
            ),
        ),
        Right(TWO, "acac", *ALL, "Ola Berg"),
    ),
    "a call starts when it began, not when its row was created": (
        "calls.csv",
        table(
            ("Call ID", "Agent Email", "Created At", "Call Began", "Transcript"),
            *((call, OLA, "2026-05-04 10:00:00", "2026-05-06 10:00:00", ROW) for call in TWO),
        ),
        Right(TWO, "acac", *ALL, OLA, None, "2026-05-06T10:00"),
    ),
    "paragraphs are turns, and an address may stand behind a name": (
        "calls.csv",
        table(
            ("Call ID", "Agent", "Transcript"),
            *(
                (call, f"Ola Berg <{OLA}>", "".join(f"<p><b>{role}</b>: {text}</p>" for role, text in TURNS))
                for call in TWO
            ),
        ),
        Right(TWO, "acac", *ALL, OLA),
    ),
}


@pytest.mark.parametrize("kind", OWN)
def test_a_small_input_of_each_kind_is_read_right(tmp_path: Path, kind: str) -> None:
    name, text, right = OWN[kind]
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    assert_right(path, right)


def workbook(path: Path, rows: list[tuple[Any, ...]], clocks: int = -1) -> Path:
    """A workbook; the cells of column `clocks` are shown as h:mm."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    shown = book.add_format({"num_format": "h:mm"})
    for number, cells in enumerate(rows):
        for place, cell in enumerate(cells):
            if isinstance(cell, float) and place == clocks:
                sheet.write_number(number, place, cell, shown)
            else:
                sheet.write(number, place, cell)
    book.close()
    return path


def test_ids_of_sixteen_digits_are_the_same_out_of_text_and_out_of_a_workbook(tmp_path: Path) -> None:
    rows: list[tuple[Any, ...]] = [
        HEADER,
        *((4_400_000_000_000_002 + 2 * n, OLA, 3, "2026-05-06 10:00:00", ROW) for n in range(2)),
    ]
    text = tmp_path / "calls.csv"
    text.write_text(table(*rows), encoding="utf-8")
    ids = ("4400000000000002", "4400000000000004")
    right = Right(ids, "acac", *ALL, OLA, 3, "2026-05-06T10:00")
    assert_right(text, right)
    assert_right(workbook(tmp_path / "calls.xlsx", rows), right._replace(found=("id-digits-rounded",)))


def test_minutes_and_seconds_that_excel_took_for_hours_and_minutes_are_seconds(tmp_path: Path) -> None:
    rows: list[tuple[Any, ...]] = [("call_id", "agent_email", "speaker", "time", "text")]
    for call in TWO:
        rows += [(call, OLA, role, (2 + 13 * n) / 1440, text) for n, (role, text) in enumerate(TURNS)]
    path = workbook(tmp_path / "calls.xlsx", rows, clocks=3)
    assert_right(path, Right(TWO, "acac", *ALL, OLA, starts=(2, 15, 28, 41)))
