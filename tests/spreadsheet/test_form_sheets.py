"""Sheets of forms, one call below the other: a label and its value in each row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

import reddy_lib as reddy

SAID = (
    ("Agent", "Good morning, Harbour Insurance, how can I help you?"),
    ("Customer", "A tree fell on my garage."),
    ("Agent", "I am sorry to hear that."),
    ("Customer", "Only the car was hit."),
)
TALK = [f"{who}: {text}" for who, text in SAID]
WHOLE = "\n".join(TALK)
MAIL = "ann@harbour.example"
Rows = list[list[Any]]


def facts(n: int) -> Rows:
    return [
        ["Call ID", f"H-{n}"],
        ["Agent", MAIL],
        ["Product", "Home"],
        ["Start", datetime.fromisoformat(f"2026-03-0{n} 10:00")],
    ]


def turned(rows: Rows) -> Rows:
    return [[f"{name}: {value}"] for name, value in rows]


WAYS: dict[str, Callable[[int], Rows]] = {
    "a gap below": lambda n: [*facts(n), ["Transcript", WHOLE], []],
    "no gap": lambda n: [*facts(n), ["Transcript", WHOLE]],
    "colons": lambda n: [*([f"{name}:", value] for name, value in facts(n)), ["Transcript:", WHOLE], []],
    "two pairs in a row": lambda n: [
        [*facts(n)[0], *facts(n)[1]],
        [*facts(n)[2], *facts(n)[3]],
        ["Transcript", WHOLE],
        [],
    ],
    "one cell in a row": lambda n: [*turned(facts(n)), ["Transcript:"], *([line] for line in TALK), []],
    "the talk goes on below": lambda n: [
        *facts(n),
        ["Transcript", TALK[0]],
        *([None, line] for line in TALK[1:]),
        [],
    ],
    "a heading each": lambda n: [[f"Call report {n}"], *facts(n), ["Transcript", WHOLE], []],
    "an empty column between": lambda n: [
        *([name, None, value] for name, value in [*facts(n), ["Transcript", WHOLE]]),
        [],
    ],
    "below a margin": lambda n: [*([None, *row] for row in [*facts(n), ["Transcript", WHOLE]]), []],
}


def load(tmp_path: Path, rows: Rows) -> reddy.Batch:
    path = tmp_path / "calls.xlsx"
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm"}) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)
    products = [{"id": 7, "name": "Home", "status": "active"}]
    return reddy.Ledger(tmp_path / "ledger.sqlite").load(
        path, timezone="UTC", products=products, progress=False
    )


@pytest.mark.parametrize("write", WAYS.values(), ids=WAYS)
def test_each_form_is_a_call(tmp_path: Path, write: Callable[[int], Rows]) -> None:
    batch = load(tmp_path, [row for n in range(1, 4) for row in write(n)])
    assert list(batch.calls()["status"]) == ["ready"] * 3
    for number, row in enumerate(batch.calls().index, start=1):
        call = batch[row]
        assert (call.conversation_id, call.agent_email, call.product_id) == (f"H-{number}", MAIL, 7)
        assert call.timestamp == 1772359200.0 + 86_400 * (number - 1)
        assert [(line.role.title(), line.text) for line in call.transcript or ()] == list(SAID)
    assert "table-rebuilt" in set(batch.findings()["code"])


def test_a_form_may_lack_a_fact(tmp_path: Path) -> None:
    batch = load(
        tmp_path,
        [row for n in range(1, 4) for row in WAYS["a gap below"](n) if n != 2 or row[:1] != ["Product"]],
    )
    assert list(batch.calls()["status"]) == ["ready", "held", "ready"]
    found = batch.findings()
    assert set(found[found["severity"] == "error"]["code"]) == {"product-missing"}


@pytest.mark.parametrize("gap", [[], [None]], ids=["side by side", "a column between"])
@pytest.mark.parametrize("blank", [0, 1, 2])
def test_a_blank_value_is_an_empty_fact(tmp_path: Path, gap: list[None], blank: int) -> None:
    rows: Rows = []
    for n in range(1, 4):
        pairs = [*facts(n), ["Queue", f"home {n}"], ["Team", f"blue {n}"]]
        if n == 2 and blank:
            pairs[2][1] = None
        if n == 2 and blank == 2:
            pairs[3][1] = None
        pairs[0][1] = pairs[0][1] if n != 3 or blank else None
        rows += [[*pairs[at], *gap, *pairs[at + 1]] for at in range(0, 6, 2)]
        rows += [["Transcript", WHOLE]]
    batch = load(tmp_path, rows)
    found = [batch[row] for row in batch.calls().index]
    ids = [str(call.conversation_id) for call in found]
    assert ids[:2] == ["H-1", "H-2"]
    assert ids[2] == "H-3" if blank else ids[2].startswith("call-")  # one that the library made
    assert [call.product_id for call in found] == [7, None if blank else 7, 7]
    for call in found:
        assert call.agent_email == MAIL
        assert [(line.role.title(), line.text) for line in call.transcript or ()] == list(SAID)
    assert "\t" not in str(found)


@pytest.mark.parametrize("name", ["Product", "Start", "Agent"])
def test_a_label_alone_is_an_empty_fact(tmp_path: Path, name: str) -> None:
    rows = [row for n in range(1, 5) for row in WAYS["no gap"](n)]
    at = next(place for place, row in enumerate(rows[6:], 6) if row[0] == name)
    rows[at] = [name]
    batch = load(tmp_path, rows)
    found = [batch[row] for row in batch.calls().index]
    assert [call.conversation_id for call in found] == ["H-1", "H-2", "H-3", "H-4"]
    assert [call.agent_email for call in found if call.conversation_id != "H-2"] == [MAIL] * 3
    second = found[1]
    assert (second.agent_email, second.product_id) == (
        None if name == "Agent" else MAIL,
        None if name == "Product" else 7,
    )
    assert (second.timestamp is None) == (name == "Start")


def test_what_stands_in_no_form_is_told(tmp_path: Path) -> None:
    batch = load(tmp_path, [["Calls of March"], [], *(row for n in range(1, 4) for row in WAYS["no gap"](n))])
    assert "Calls of March" in " ".join(map(str, batch.findings()["message"]))


@pytest.mark.parametrize(
    "rows",
    [
        [["Call ID", "Transcript"], *([f"H-{n}", WHOLE] for n in range(1, 6))],
        [
            ["Call ID", "Agent", "Product", "Start"],
            *([f"H-{n}", MAIL, "Home", "2026-03-01 10:00"] for n in range(1, 4)),
            ["Call ID", "Agent", "Product", "Start"],
            *([f"H-{n}", MAIL, "Home", "2026-03-01 10:00"] for n in range(4, 7)),
        ],
    ],
)
def test_an_ordinary_table_is_no_form(tmp_path: Path, rows: Rows) -> None:
    batch = load(tmp_path, rows)
    assert "table-rebuilt" not in set(batch.findings()["code"])
    assert next(batch[row].conversation_id for row in batch.calls().index) == "H-1"


HEADS: dict[str, list[str]] = {
    "some names unknown": ["Call ID", "CSAT", "Product", "Caller Number", "Agent Email", "Start Time"],
    "names of a system": [
        "interaction_id",
        "wrap_code",
        "product_name",
        "ring_no",
        "user_email",
        "started_at",
    ],
    "names with a colon": [
        "Voice Call: ID",
        "Tier",
        "Product: Name",
        "Via",
        "Owner: Email",
        "Activity Start",
    ],
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("mark", ["H-", "47105"], ids=["ids of letters", "ids of digits"])
@pytest.mark.parametrize("a_line", [False, True], ids=["a row a call", "a row a line"])
def test_a_table_whose_head_comes_again_is_no_form(
    tmp_path: Path, head: list[str], mark: str, *, a_line: bool
) -> None:
    rows: Rows = []
    for n in range(1, 7):
        row = [f"{mark}{n}", "4", "Home", f"+4930695811{n}", MAIL, f"2026-03-0{n} 10:00"]
        if a_line:
            rows += [[*row, who, text] for who, text in SAID]
        else:
            rows += [[*row, "blue", WHOLE]]
    names = [*head, "Speaker", "Text"] if a_line else [*head, "Team", "Transcript"]
    batch = load(tmp_path, [["QA sample"], ["Period: last month"], [], names, *rows[:9], names, *rows[9:]])
    assert "table-rebuilt" not in set(batch.findings()["code"])
    calls = [batch[row] for row in batch.calls().index]
    assert [call.conversation_id for call in calls] == [f"{mark}{n}" for n in range(1, 7)]
    assert [len(call.transcript or ()) for call in calls] == [4] * 6
