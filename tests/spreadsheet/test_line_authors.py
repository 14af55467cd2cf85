"""Line tables in which a column says of each line who wrote it, or whether it came in or went out."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from reddy_lib.spreadsheet import guess_mapping
from reddy_lib.spreadsheet.calls.building import BuiltCall, build_frame

WORDS = [
    "My bill is wrong, please check it.",
    "I will look at it now.",
    "Thank you very much.",
    "You are welcome.",
]


def built(columns: dict[str, Any], *, newest_first: bool = False) -> tuple[Any, list[BuiltCall]]:
    """`columns`: name → function of (call, place of the line, whether it is the agent's)."""
    rows = [
        {name: cell(call, place, bool(place % 2)) for name, cell in columns.items()}
        | {"body": f"{WORDS[place]} ({call})"}
        for call in range(5)
        for place in range(4)
    ]
    rows = rows[::-1] if newest_first else rows
    frame = pd.DataFrame(rows, index=range(2, len(rows) + 2))
    mapping = guess_mapping(frame)
    return mapping, list(build_frame(frame, mapping))


TICKET = {"ticket": lambda call, *_: f"T{call}"}
ROLE = {"author role": lambda _, __, agent: "Agent" if agent else "Customer"}


@pytest.mark.parametrize("name", ["author", "posted by", "From", "Autor E-Mail"])
def test_the_agent_is_who_wrote_the_agents_lines(name: str) -> None:
    wrote = {name: lambda call, _, agent: f"anna{call % 2}@x.example" if agent else f"c{call}@m.example"}
    mapping, calls = built(TICKET | wrote | ROLE)
    assert mapping.fields["agent_email"] == name
    assert [one.call.agent_email for one in calls] == [f"anna{call % 2}@x.example" for call in range(5)]
    assert not any(found.code == "cells-differ" for one in calls for found in one.findings)


def test_a_call_of_two_agents_says_so() -> None:
    wrote = {
        "author": lambda call, place, agent: (
            ("anna@x.example" if place < 3 or call else "bo@x.example") if agent else f"c{call}@m.example"
        )
    }
    rows = TICKET | wrote | ROLE
    mapping, _ = built(rows)
    frame_rows = [
        {name: cell(call, place, bool(place % 2)) for name, cell in rows.items()} | {"body": WORDS[place]}
        for call in range(5)
        for place in range(4)
    ]
    frame = pd.DataFrame(frame_rows, index=range(2, len(frame_rows) + 2))
    first = next(
        iter(build_frame(frame, mapping.replace(fields={**mapping.fields, "agent_email": "author"})))
    )
    assert any(found.code == "cells-differ" and "c0@" not in found.message for found in first.findings)


@pytest.mark.parametrize(("out", "into"), [("OUT", "IN"), ("outbound", "inbound"), ("Sent", "Received")])
@pytest.mark.parametrize("newest_first", [False, True])
def test_what_went_out_is_the_agents(out: str, into: str, newest_first: bool) -> None:
    columns = TICKET | {
        "handled by": lambda *_: "ann@x.example",
        "timestamp": lambda call, place, _: f"2026-03-{20 - call * newest_first:02} 10:00:{place * 5:02}",
        "direction": lambda _, __, agent: out if agent else into,
    }
    mapping, calls = built(columns, newest_first=newest_first)
    assert mapping.line_fields["role"] == "direction"
    for one in calls:
        assert [line.role for line in one.call.transcript or ()] == ["customer", "agent", "customer", "agent"]


def test_a_direction_of_calls_is_no_speaker() -> None:
    columns = TICKET | ROLE | {"direction": lambda call, *_: ("inbound", "outbound")[call % 2]}
    mapping, _ = built(columns)
    assert mapping.line_fields["role"] == "author role"
    assert "direction" in mapping.tags


@pytest.mark.parametrize(
    ("name", "agent", "customer"),
    [
        ("From agent", "TRUE", "FALSE"),
        ("is_customer", 0, 1),
        ("Kunde?", "nein", "ja"),
        ("incoming", "no", "yes"),
    ],
)
def test_a_tick_that_names_a_side_says_who_speaks(name: str, agent: Any, customer: Any) -> None:
    """No greeting is needed for it, and who wrote the agent's lines is the agent."""
    wrote = {
        "Sender email": lambda call, _, own: f"anna{call % 2}@x.example" if own else f"c{call}@m.example"
    }
    ticks = {name: lambda _, __, own: agent if own else customer}
    _, calls = built(TICKET | wrote | ticks)
    assert [one.call.agent_email for one in calls] == [f"anna{call % 2}@x.example" for call in range(5)]
    assert {tuple(line.role for line in one.call.transcript or ()) for one in calls} == {
        ("customer", "agent", "customer", "agent")
    }
    assert not any(found.code.startswith("role-") for one in calls for found in one.findings)


@pytest.mark.parametrize("cell", ['["{}"]', "[{0}](mailto:{0})", "['{}']", "Ann <{}>"])
def test_one_email_is_the_agents_whatever_is_around_it(cell: str) -> None:
    frame = pd.DataFrame(
        [
            {
                "call_id": f"n-{n}",
                "Agent": cell.format(f"ann{n % 2}@x.example"),
                "transcript": "Agent: Hi.\nCustomer: Hello.",
            }
            for n in range(4)
        ]
    )
    calls = list(build_frame(frame, guess_mapping(frame)))
    assert [one.call.agent_email for one in calls] == [f"ann{n % 2}@x.example" for n in range(4)]
