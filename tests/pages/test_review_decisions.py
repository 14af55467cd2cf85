"""Review's part in the loss meter: text without a line, findings that are accepted, where times are from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import reddy_lib as reddy
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from tests.screen import button, edit, in_dialog, labels, opened, press, set_status, table, words

PRODUCTS = [dict(product) for product in DEFAULT_PRODUCTS]
pytestmark = pytest.mark.usefixtures("pages_on_shared_ledger")
NOTE = "The agent noted **that** everything was fine"
TEXT = "[00:00] Agent: Good morning.\n[00:04] Customer: I lost my card."


def with_note(note: str = NOTE) -> str:
    said = [
        {"role": "agent", "text": "Good morning.", "start": 0, "stop": 2},
        {"role": "customer", "text": "I lost my card.", "start": 3, "stop": 5},
    ]
    return json.dumps({"turns": said, "remark": note})


Load = Callable[..., reddy.Batch]


@pytest.fixture
def load(shared_ledger: reddy.Ledger, sheet: Callable[..., Path]) -> Load:
    def loaded(changes: dict[int, dict[str, str]]) -> reddy.Batch:
        return shared_ledger.load(sheet(4, changes), products=PRODUCTS, progress=False)

    return loaded


def at(batch: reddy.Batch, row: int = 2) -> Any:
    return opened("review", batch, query={"row": str(row)}, **{f"review {batch.id} tab": "Lines"})


def texts(batch: reddy.Batch, row: int = 2) -> list[tuple[str, str]]:
    return [(line.role, line.text) for line in batch.call(row).transcript or ()]


THERE = [("agent", "Good morning."), ("customer", "I lost my card.")]


@pytest.mark.parametrize(
    ("pressed", "lines"),
    [
        ("Join to line 2", [THERE[0], ("customer", f"I lost my card.\n{NOTE}")]),
        ("+ agent", [*THERE, ("agent", NOTE)]),
        ("+ customer", [*THERE, ("customer", NOTE)]),
        ("Drop", THERE),
    ],
)
def test_one_click_decides_about_text_without_a_line_and_one_click_takes_it_back(
    load: Load, pressed: str, lines: list[tuple[str, str]]
) -> None:
    batch = load({2: {"Transcript": with_note()}})
    app = at(batch)
    assert f"After line 2, in no line: “{NOTE}”" in words(app)
    assert list(table(app, "text", "start").value["marks"]) == ["", "!"]
    press(app, pressed)
    assert texts(batch) == lines
    assert batch.info(2)["status"] == "ready"
    assert "in no line" not in words(app)
    assert pressed not in labels(app)
    press(app, "Restore what the sheet said")
    assert texts(batch) == THERE
    assert batch.info(2)["status"] == "held"
    button(app, pressed)


def test_the_top_of_the_page_and_the_call_tell_what_is_placed(load: Load) -> None:
    batch = load({2: {"Transcript": with_note()}})
    app = at(batch)
    assert f"red-badge[{batch.loss()!r}]" in words(app)
    assert batch.loss().waiting == len("".join(NOTE.split()))
    one = batch.loss(2)
    assert f"{one.placed:,} of {one.characters:,} characters" in words(app)
    press(app, "Drop")
    assert f"gray-badge[:material/check: {batch.loss()!r}]" in words(app)
    assert "dropped by decision" in words(app)
    assert "1 text dropped" in words(app)


def test_the_same_text_is_decided_in_every_call_that_has_it(load: Load) -> None:
    same = {"Transcript": with_note()}
    batch = load({2: same, 3: same, 4: {"Transcript": with_note("Another note that nobody has said")}})
    app = at(batch)
    opener = button(app, "All 2…").key
    in_dialog(app, opener)
    assert "This text is in no line of 2 calls." in words(app)
    in_dialog(app, opener, "Drop it")
    assert [batch.info(row)["status"] for row in (2, 3, 4)] == ["ready", "ready", "held"]
    assert "All 1…" not in labels(at(batch, 4))


def test_a_finding_is_accepted_and_the_acceptance_undone(load: Load) -> None:
    batch = load({2: {"Start": "soon"}})
    app = at(batch)
    assert button(app, "Accept as it is").help == (
        "The cell counts as empty: the call is sent without a start time, and Reddy uses the time of sending."
    )
    press(app, "Accept as it is")
    assert batch.info(2)["status"] == "ready"
    assert "Start time could not be read: accepted" in words(app)
    assert "Accept as it is" not in labels(app)
    press(app, "Undo")
    assert batch.info(2)["status"] == "held"
    button(app, "Accept as it is")


def test_what_reddy_would_refuse_offers_no_acceptance(load: Load) -> None:
    app = at(load({2: {"Agent Email": ""}}))
    assert "Accept as it is" not in labels(app)


def test_a_call_that_is_queued_offers_no_decision(load: Load) -> None:
    batch = load({2: {"Transcript": with_note(), "Start": "soon"}})
    set_status(batch, 2, status="queued")
    app = at(batch)
    assert "in no line" in words(app)
    assert not {"Drop", "+ agent", "Accept as it is"} & set(labels(app))


def test_a_finding_is_accepted_in_many_calls(load: Load) -> None:
    batch = load({2: {"Start": "soon"}, 3: {"Start": "later"}, 5: {"Agent Email": ""}})
    app = at(batch)
    opener = f"review {batch.id} bulk"
    in_dialog(app, opener)
    (what,) = [each for each in app.get("button_group") if each.label == "What to set"]
    what.set_value("Findings")
    in_dialog(app, opener)
    assert "The cell counts as empty" in words(app)
    in_dialog(app, opener, "Accept in 2 calls")
    assert [batch.info(row)["status"] for row in (2, 3, 4, 5)] == ["ready", "ready", "ready", "held"]


def test_the_lines_table_marks_where_times_are_from(load: Load) -> None:
    batch = load({2: {"Transcript": TEXT}})
    app = at(batch)
    assert list(table(app, "text", "start").value["times"]) == ["→", "≈"]
    edit(app, table(app, "text", "start"), {1: {"stop": 9.5}})
    assert list(table(app, "text", "start").value["times"]) == ["→", "✎"]
    assert list(table(at(batch, 3), "text", "start").value["times"]) == ["", ""]
