"""A turn a column, each with its speaker: whatever sets the label off, each cell is one line of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

import reddy_lib as reddy

SAID = (
    ("Conseiller", "Bonjour, service client, que puis-je faire pour vous ?"),
    ("Client", "Bonjour, je n'ai pas reçu mon colis."),
    ("Conseiller", "Je vérifie tout de suite."),
    ("Client", "Merci beaucoup, bonne journée."),
)
ROLES = {"Conseiller": "agent", "Client": "customer"}


def load(tmp_path: Path, names: list[str], rows: list[list[str]]) -> reddy.Batch:
    head = ["Call ID", "Agent Email", "Product", "Start", *names]
    table = [
        [f"C-{number}", "ann@x.example", "Home", f"2026-03-0{number} 10:00", *row]
        for number, row in enumerate(rows, 1)
    ]
    path = tmp_path / "calls.csv"
    path.write_text("\n".join(";".join(row) for row in [head, *table]), encoding="utf-8")
    products = [{"id": 7, "name": "Home", "status": "active"}]
    return reddy.Ledger(tmp_path / "ledger.sqlite").load(
        path, timezone="UTC", products=products, progress=False
    )


@pytest.mark.parametrize("mark", [" → ", " -> ", " >> ", " | ", ": ", " - "])
def test_a_turn_a_column_whatever_parts_the_label_from_the_words(tmp_path: Path, mark: str) -> None:
    rows = [[f"{who}{mark}{text}" for who, text in SAID]] * 3
    batch = load(tmp_path, [f"Turn {n}" for n in range(1, 5)], rows)
    for row in batch.calls().index:
        said = [(line.role, line.text) for line in batch[row].transcript or ()]
        assert said == [(ROLES[who], text) for who, text in SAID]
        assert batch[row].transcript is not None
    assert "lines-order-assumed" not in set(batch.findings()["code"])


@pytest.mark.parametrize("mark", [" → ", " | ", ": "])
def test_the_time_beside_each_of_these_turns_is_its_own(tmp_path: Path, mark: str) -> None:
    cells = [cell for n, (who, text) in enumerate(SAID) for cell in (f"00:{9 * n:02d}", f"{who}{mark}{text}")]
    names = [name for n in range(1, 5) for name in (f"Time {n}", f"Turn {n}")]
    batch = load(tmp_path, names, [cells] * 3)
    for row in batch.calls().index:
        lines = batch[row].transcript or ()
        assert [(line.role, line.text) for line in lines] == [(ROLES[who], text) for who, text in SAID]
        assert [line.start for line in lines] == [0, 9, 18, 27]
