"""Rows of lines in which the speaker is named only where it changes, and rows that merely lost theirs."""

from __future__ import annotations

import pandas as pd
import pytest

from reddy_lib.spreadsheet import build_frame, guess_mapping
from reddy_lib.spreadsheet.calls.building import BuiltCall

A, C = "Agent", "Customer"


def built(*rows: tuple[str, str]) -> BuiltCall:
    calls = [rows, ((A, "Good morning, how can I help?"), (C, "I lost my card."), (A, "I block it."))]
    table = [
        {"Call ID": f"K-{n}", "Agent Email": "ann@x.example", "Speaker": who, "Text": text, "Offset": 7 * at}
        for n, lines in enumerate(calls)
        for at, (who, text) in enumerate(lines)
    ]
    frame = pd.DataFrame(table)
    return next(iter(build_frame(frame, guess_mapping(frame))))


def roles(call: BuiltCall) -> list[str]:
    return [line.role for line in call.call.transcript or ()]


def codes(call: BuiltCall) -> list[str]:
    return [found.code for found in call.findings]


@pytest.mark.parametrize("last", [(A, "Done."), ("", "It is a Visa.")])
def test_an_empty_cell_is_the_speaker_above_where_speakers_are_named_as_they_change(
    last: tuple[str, str],
) -> None:
    call = built(
        (A, "Good morning, how can I help?"), ("", "This is Ann."), (C, "I lost my card."), (A, "Which one?"),
        ("", "Credit or debit?"), (C, "Credit."), last,
    )  # fmt: skip
    end = "agent" if last[0] else "customer"
    assert roles(call) == ["agent", "agent", "customer", "agent", "agent", "customer", end]
    assert codes(call).count("line-without-speaker") == (2 if last[0] else 3)
    assert [line.start for line in call.call.transcript or ()] == [0, 7, 14, 21, 28, 35, 42]


@pytest.mark.parametrize(
    "remark", ["System note: transferred.", "[hold music]", "Call transferred to Bo", "Internal note: VIP."]
)
def test_a_remark_about_the_call_has_no_speaker(remark: str) -> None:
    call = built(
        (A, "Good morning, how can I help?"), ("", "This is Ann."), (C, "I lost my card."), ("", remark),
        ("", "It is a Visa."), (A, "Which one?"), ("", "Credit or debit?"), (C, "Credit."),
    )  # fmt: skip
    mine = [line.role for line in call.call.transcript or () if remark in line.text]
    assert mine in ([], [""])
    assert roles(call).count("customer") == 3
    assert codes(call).count("line-without-speaker") >= 3
    joined = built((A, "Good morning, how can I help"), ("", remark), (C, "I lost my card"), (A, "Oh dear."))
    assert next(line.text for line in joined.call.transcript or ()) == "Good morning, how can I help"


@pytest.mark.parametrize(
    "rows",
    [
        ((A, "Hello?"), (C, "Hi."), ("", "How can I help?"), (C, "I lost my card."), (A, "Oh dear.")),
        ((A, "Hello?"), (A, "Anyone?"), (C, "Hi."), ("", "My card is lost."), (A, "Oh dear.")),
        (("", "Welcome to the bank."), (A, "Hello?"), (C, "Hi."), (A, "Oh dear.")),
        ((A, "Hello?"), (C, "Hi."), (A, "How can I help?"), ("", "My card is lost.")),
    ],
)
def test_an_empty_cell_stays_open_where_it_may_be_somebody_else(rows: tuple[tuple[str, str], ...]) -> None:
    assert "" in roles(built(*rows))
