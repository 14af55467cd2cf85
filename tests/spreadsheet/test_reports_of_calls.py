"""Several calls in one text file: facts above each of them, whose labels may be those of who speaks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import reddy_lib as reddy

SAID = (
    ("Agent", "Good morning, Harbour Insurance, how can I help you?"),
    ("Customer", "A tree fell on my garage."),
    ("Agent", "Anything else"),
    ("Customer", "No"),
)
TALK = "\n".join(f"{who}: {text}" for who, text in SAID)
MAIL = "ann@harbour.example"
Write = Callable[[int], str]


def fact(n: int) -> dict[str, str]:
    return {"Call ID": f"H-{n}", "Agent": MAIL, "Product": "Home", "Start": f"2026-03-0{n} 10:00"}


def head(n: int, *names: str, more: str = "") -> str:
    return "\n".join(f"{name}: {fact(n)[name]}" for name in names) + more


IN_ORDER = ("Call ID", "Agent", "Product", "Start")
WAYS: dict[str, Write] = {
    "a rule below": lambda n: f"{head(n, *IN_ORDER)}\n\n{TALK}\n{'-' * 40}\n",
    "a rule around": lambda n: f"{'=' * 40}\n{head(n, *IN_ORDER)}\n{'=' * 40}\n{TALK}\n\n",
    "no gap": lambda n: f"{head(n, *IN_ORDER)}\n{TALK}\n\n\n",
    "the agent first": lambda n: f"{head(n, 'Agent', 'Call ID', 'Product', 'Start')}\n\n{TALK}\n{'-' * 40}\n",
    "the agent last": lambda n: f"{head(n, 'Call ID', 'Product', 'Start', 'Agent')}\n{TALK}\n{'-' * 40}\n",
    "both people": lambda n: (
        f"{head(n, 'Call ID', 'Agent')}\nCustomer: Omar Haddad\n{head(n, 'Product', 'Start')}\n\n{TALK}\n---\n"
    ),
    "a label above the talk": lambda n: f"{head(n, *IN_ORDER)}\nTranscript:\n{TALK}\n{'-' * 40}\n",
    "numbered headings": lambda n: f"### Call {n}\n{head(n, *IN_ORDER)}\n\n{TALK}\n\n",
}


def load(tmp_path: Path, write: Write) -> reddy.Batch:
    path = tmp_path / "calls.txt"
    path.write_text("".join(map(write, range(1, 4))), encoding="utf-8")
    products = [{"id": 7, "name": "Home", "status": "active"}]
    return reddy.Ledger(tmp_path / "ledger.sqlite").load(
        path, timezone="UTC", products=products, progress=False
    )


@pytest.mark.parametrize("write", WAYS.values(), ids=WAYS)
def test_a_label_of_who_speaks_may_be_a_fact_above_the_talk(tmp_path: Path, write: Write) -> None:
    batch = load(tmp_path, write)
    assert list(batch.calls()["status"]) == ["ready"] * 3
    for number, row in enumerate(batch.calls().index, start=1):
        call = batch[row]
        assert (call.conversation_id, call.agent_email, call.product_id) == (f"H-{number}", MAIL, 7)
        assert call.timestamp == 1772359200.0 + 86_400 * (number - 1)
        assert [(line.role.title(), line.text) for line in call.transcript or ()] == list(SAID)


def test_a_name_above_the_talk_is_no_line(tmp_path: Path) -> None:
    batch = load(
        tmp_path,
        lambda n: (
            f"{head(n, 'Call ID')}\nAgent: Ann Mills\nAgent Email: {MAIL}\n{head(n, 'Product', 'Start')}\n\n"
            f"{TALK}\n{'-' * 40}\n"
        ),
    )
    for row in batch.calls().index:
        assert batch[row].agent_email == MAIL
        assert [line.text for line in batch[row].transcript or ()] == [text for _, text in SAID]


def test_words_are_words_where_a_block_lacks_the_fact(tmp_path: Path) -> None:
    batch = load(
        tmp_path,
        lambda n: (
            f"{head(n, *(IN_ORDER if n != 2 else ('Call ID', 'Product', 'Start')))}\nTranscript:\n{TALK}\n---\n"
        ),
    )
    for row in batch.calls().index:
        assert [line.text for line in batch[row].transcript or ()] == [text for _, text in SAID]
    assert list(batch.calls()["status"]) == ["ready", "held", "ready"]
