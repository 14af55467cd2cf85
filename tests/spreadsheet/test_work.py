"""How much work guessing takes, counted in calls of Python functions: they are the same on each machine."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from reddy_lib.spreadsheet import guess_mapping

ROWS = 400
WORDS = (
    "hello",
    "my",
    "card",
    "order",
    "is",
    "late",
    "could",
    "you",
    "check",
    "the",
    "number",
    "again",
    "thanks",
)
BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)


def words(rng: random.Random, few: int, many: int) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(few, many)))


def talk(rng: random.Random) -> str:
    return "\n".join(f"{('Agent', 'Customer')[turn % 2]}: {words(rng, 4, 12)}." for turn in range(8))


def wide_sheet(rows: int, columns: int) -> pd.DataFrame:
    """Return calls as a telephony export has them: ids, people, dates, numbers, remarks, marks, empty columns."""
    rng = random.Random(5)
    starts = [BEGAN + timedelta(seconds=rng.randint(0, 60 * 86_400)) for _ in range(rows)]
    cells: dict[str, list[str]] = {
        "Call ID": [f"C-{100_000 + row}" for row in range(rows)],
        "Agent Email": [f"agent{rng.randint(1, 20)}@cedar.example" for _ in range(rows)],
        "Start Time": [f"{start:%Y-%m-%d %H:%M:%S}" for start in starts],
        "Transcript": [talk(rng) for _ in range(rows)],
    }
    makers: list[tuple[str, Callable[[int], str]]] = [
        ("Created", lambda row: f"{starts[row] + timedelta(hours=2):%d/%m/%Y %H:%M}"),
        ("Score", lambda row: str(rng.randint(0, 10))),
        ("Flag", lambda row: rng.choice(["Yes", "No"])),
        ("Amount", lambda row: f"{rng.random() * 1000:.2f}"),
        ("Unused", lambda row: ""),
        ("Comment", lambda row: words(rng, 6, 30)),
        ("Status", lambda row: rng.choice(["open", "closed", "pending", ""])),
        ("Ref", lambda row: f"{rng.getrandbits(64):016x}"),
        ("Count", lambda row: str(rng.randint(0, 50_000))),
        ("Wait", lambda row: f"00:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}"),
    ]
    for number in range(columns - len(cells)):
        name, make = makers[number % len(makers)]
        cells[f"{name} {number // len(makers) + 1}"] = [make(row) for row in range(rows)]
    return pd.DataFrame(cells)


def calls_during(run: Callable[[], object]) -> int:
    """Return how many Python functions a call runs."""
    count = 0

    def counted(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        run()
    finally:
        sys.setprofile(before)
    return count


def test_a_wide_sheet_takes_few_calls_a_cell() -> None:
    sheet = wide_sheet(ROWS, 40)
    guess_mapping(sheet)  # what is read once a process
    assert calls_during(lambda: guess_mapping(sheet)) < MOST * sheet.size


MOST = 48
"""Calls a cell: 40 as it is, 56 when each check recomputed a column's facts."""
