"""Grouped tables: a row above some calls says which agent, product or day they have in common."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

import reddy_lib as reddy

TALK = "Agent: Good morning, Harbour Insurance, how can I help you?\nCustomer: A tree fell on my garage."
HEAD = ["Call ID", "Product", "Start", "Transcript"]
MAILS = ["ann@harbour.example", "bo@harbour.example"]
Rows = list[list[str]]


def calls(*numbers: int) -> Rows:
    return [[f"H-{n}", "Home", f"2026-03-0{n} 10:00", TALK] for n in numbers]


WAYS: dict[str, Callable[[], Rows]] = {
    "a label and a colon": lambda: [
        HEAD, [f"Agent: {MAILS[0]}"], *calls(1, 2), [f"Agent: {MAILS[1]}"], *calls(3)
    ],
    "an address alone": lambda: [HEAD, [MAILS[0]], *calls(1, 2), [MAILS[1]], *calls(3)],
    "two cells, and the header again": lambda: [
        ["Agent", MAILS[0]], HEAD, *calls(1, 2), [], ["Agent", MAILS[1]], HEAD, *calls(3)
    ],
    "totals between": lambda: [
        ["March"], [], HEAD, [MAILS[0]], *calls(1, 2), ["Total", "2"], [MAILS[1]], *calls(3), ["Total", "1"]
    ],
}  # fmt: skip


def load(tmp_path: Path, rows: Rows) -> reddy.Batch:
    path = tmp_path / "calls.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    products = [{"id": 7, "name": "Home", "status": "active"}]
    return reddy.Ledger(tmp_path / "ledger.sqlite").load(
        path, timezone="UTC", products=products, progress=False
    )


@pytest.mark.parametrize("write", WAYS.values(), ids=WAYS)
def test_the_agent_of_a_section_is_that_of_its_calls(tmp_path: Path, write: Callable[[], Rows]) -> None:
    batch = load(tmp_path, write())
    found = [batch[row] for row in batch.calls().index]
    assert [call.conversation_id for call in found] == ["H-1", "H-2", "H-3"]
    assert [call.agent_email for call in found] == [MAILS[0], MAILS[0], MAILS[1]]
    assert [call.product_id for call in found] == [7, 7, 7]
    assert list(batch.calls()["status"]) == ["ready"] * 3
    assert "table-rebuilt" in set(batch.findings()["code"])


def test_the_day_of_a_section_is_joined_to_the_times_of_its_calls(tmp_path: Path) -> None:
    head = ["Call ID", "Agent Email", "Product", "Time", "Transcript"]
    rows = [
        row
        for n in range(13, 16)
        for row in ([f"{n} March 2026"], [f"H-{n}", MAILS[0], "Home", "10:00", TALK])
    ]
    batch = load(tmp_path, [head, *rows])
    starts = [batch[row].timestamp for row in batch.calls().index]
    assert starts == [1773396000.0 + 86_400 * n for n in range(3)]


@pytest.mark.parametrize("heading", ["Calls without an agent", "Agents who left:", "Bo Larsen"])
def test_below_a_heading_that_is_no_section_no_call_has_the_section_above(
    tmp_path: Path, heading: str
) -> None:
    many = [[f"M-{n}", "Home", "2026-03-01 10:00", TALK] for n in range(500)]
    rows = [HEAD, [MAILS[0]], *calls(1), [MAILS[1]], *many, ["Total", "500"], *calls(2), [heading], *calls(3)]
    batch = load(tmp_path, rows)
    agents = {batch[row].conversation_id: batch[row].agent_email for row in batch.calls().index}
    assert (agents["H-1"], agents["M-499"], agents["H-2"], agents["H-3"]) == (
        MAILS[0],
        MAILS[1],
        MAILS[1],
        None,
    )


@pytest.mark.parametrize(
    "rows",
    [
        [HEAD, *calls(1), [MAILS[0]], *calls(2)],  # the first call has no section
        [HEAD, [MAILS[0]], [MAILS[1]], *calls(1, 2, 3)],
    ],
)
def test_rows_that_are_no_sections_are_not_taken_for_some(tmp_path: Path, rows: Rows) -> None:
    assert "ready" not in set(load(tmp_path, rows).calls()["status"])
