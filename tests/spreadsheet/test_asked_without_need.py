"""Files in which everything was there, and which were asked about or held all the same: their siblings too."""

from __future__ import annotations

from pathlib import Path

import pytest

from reddy_lib.spreadsheet import guess_mapping, read_sheet
from reddy_lib.spreadsheet.calls.building import BuiltCall, build_frame
from tests.spreadsheet.test_shapes import as_csv, built, written

SAID = [
    "Good morning, Fernhill Gas, this is Ann, how can I help you?",
    "My bill is twice as high as it was last year.",
    "I am sorry. May I have your number?",
    "Yes, it is in front of me.",
    "The meter was read wrong, I will correct it.",
    "That was quick, thank you.",
]
AGENTS = ["ann.lee@fernhill.example", "bob.ray@fernhill.example"]
STARTS = [f"2026-01-1{n}T09:1{n}:07Z" for n in range(5)]
IDS = [f"C-{4100 + 7 * n}" for n in range(5)]


def lines(role: tuple[str, str]) -> list[list[str]]:
    """Return rows of lines: id, agent, start, product, offset, who, words."""
    return [
        [IDS[n], AGENTS[n % 2], STARTS[n], "Gas", str(round(2.5 * k + n / 10, 1)), role[k % 2], text]
        for n in range(5)
        for k, text in enumerate(SAID)
    ]


def roles_of(calls: list[BuiltCall]) -> set[tuple[str, ...]]:
    return {tuple(line.role for line in call.call.transcript or ()) for call in calls}


@pytest.mark.parametrize("header", ["pty_type", "Direction type", "Voce", "Ses", "Line", "x"])
@pytest.mark.parametrize(
    "role", [("admin", "user"), ("rep", "callee"), ("ch0", "ch1"), ("+4969111111", "+49306238995")]
)
def test_two_who_alternate_in_each_call_are_its_speakers(
    tmp_path: Path, header: str, role: tuple[str, str]
) -> None:
    head = ["Call ID", "Agent Email", "Started", "Product", "Offset (s)", header, "Text"]
    path = written(tmp_path, "lines.csv", as_csv([head, *lines(role)]))
    mapping = guess_mapping(read_sheet(path))
    assert mapping.line_fields.get("role") == header
    assert roles_of(built(path)) == {("agent", "customer") * 3}


@pytest.mark.parametrize("header", ["Ticket status", "Type"])
def test_what_seldom_changes_within_a_call_is_no_speaker(tmp_path: Path, header: str) -> None:
    head = ["Call ID", "Agent Email", "Started", "Product", "Offset (s)", header, "Text"]
    rows = [[*row[:5], "open" if k % 6 < 4 else "closed", row[6]] for k, row in enumerate(lines(("a", "b")))]
    path = written(tmp_path, "lines.csv", as_csv([head, *rows]))
    assert guess_mapping(read_sheet(path)).line_fields.get("role") is None


@pytest.mark.parametrize("header", ["No.", "chunk.no", "Entry #", "Item number"])
def test_numbers_of_lines_tell_no_calls_apart_where_calls_run_beside_each_other(
    tmp_path: Path, header: str
) -> None:
    head = ["session.uuid", "Agent Email", "Started", "Product", header, "Speaker", "Text"]
    numbered = [
        [
            IDS[n],
            AGENTS[n % 2],
            STARTS[n],
            "Gas",
            str(k + 1),
            ("Agent", "Customer")[(k + n) % 2],
            f"{SAID[(k + n) % 6]} {k}",
        ]
        for k in range(12)
        for n in range(3)
        if n < 2 or k < 8  # one call is shorter
    ]
    path = written(tmp_path, "lines.csv", as_csv([head, *numbered]))
    calls = built(path)
    assert [call.call.conversation_id for call in calls] == IDS[:3]
    assert roles_of(calls) == {
        ("agent", "customer") * 6,
        ("customer", "agent") * 6,
        ("agent", "customer") * 4,
    }


@pytest.mark.parametrize(
    "start",
    [
        "/Date(17641768{n}4000)/",
        '{{"$date": 17641768{n}4000}}',
        "2026040{n}T101500",
        "17641768{n}4.5",
        "datetime.datetime(2026, 4, {n}, 13, 5)",
        "2026-04-0{n}T10",
    ],
)
def test_a_moment_is_joined_with_no_other_time(tmp_path: Path, start: str) -> None:
    rows = [
        [
            IDS[n],
            AGENTS[n % 2],
            start.format(n=n + 1),
            f"0.{1 + n}523",
            f"Agent: {SAID[0]}\nCustomer: {SAID[1]}",
        ]
        for n in range(5)
    ]
    head = ["Call ID", "Agent Email", "Started", "Time", "Transcript"]
    sheet = read_sheet(written(tmp_path, "calls.csv", as_csv([head, *rows])))
    mapping = guess_mapping(sheet)
    assert "timestamp" not in mapping.joins
    calls = list(build_frame(sheet, mapping.replace(timezone="UTC")))
    assert all(call.call.timestamp is not None for call in calls)


def test_ids_above_the_columns_of_a_turned_table_are_no_names(tmp_path: Path) -> None:
    ids = [
        "42525d49-60b4-47d7-850e-8329184c344c",
        "c38cac2c-42cf-4c7a-972c-9bc12853a131",
        "fe5576ec-07a6-46fa-9354-8d9b7cabf5f9",
        "2720d306-e3db-4cee-ad38-947a6d55fca7",
    ]
    talk = f"Agent: {SAID[0]}\nCustomer: {SAID[1]}"
    rows = [
        ["Zaaknummer", *ids],
        ["Agent e-mail", *(AGENTS * 2)],
        ["Aanvang gesprek", *STARTS[:4]],
        ["Productcode", "301", "301", "303", "302"],
        ["Transcriptie", *([talk] * 4)],
    ]
    calls = built(written(tmp_path, "calls.csv", as_csv(rows)))
    assert [call.call.conversation_id for call in calls] == ids


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
@pytest.mark.parametrize("count", [2, 4])
def test_a_table_below_the_calls_makes_no_columns_of_spaces(
    tmp_path: Path, delimiter: str, count: int
) -> None:
    talk = f"Agent: {SAID[0]}  Customer: {SAID[1]}"
    rows = [["Call ID", "Agent Email", "Started", "Service", "Queue", "Transcript"]]
    rows += [[IDS[n], AGENTS[n % 2], STARTS[n], "Gas", "North", talk] for n in range(4)]
    below = [["Team", "Calls", "Average minutes"], *([f"Team {n}", "6", "0.7"] for n in range(count))]
    text = "\n".join(delimiter.join(row) for row in [*rows, [], *below]) + "\n"
    sheet = read_sheet(written(tmp_path, "calls.csv", text))
    assert list(sheet.columns)[:2] == ["Call ID", "Agent Email"]
    calls = list(build_frame(sheet, guess_mapping(sheet).replace(timezone="UTC")))
    assert [call.call.conversation_id for call in calls] == IDS[:4]
