"""Load: names and words of a sheet as text, and choices of the mapping that a batch is stored with."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

import reddy_lib as reddy
from tests.screen import choose, opened, press, run, sources, store, table, text_of, words

WILD = "**b** :red[r] $x$ :material/home: <b>x</b> [a](http://e.example) ->"
BARE = ("**b**", ":red[r]", "$x$", "material/home:", "<b>", "](http", " ->")


def dropped(*rows: list[str], name: str = "calls.csv") -> Any:
    app = opened("load")
    app.file_uploader[0].set_value((name, text_of(list(rows)), "text/csv"))
    return run(app)


HEAD = ["Agent Email", "Product", "Transcript", "Note"]
ROW = ["ann@cedarline.example", "Cards hotline", "Agent: Hello.\nCustomer: Hi.", "x"]


def test_every_name_and_word_of_a_sheet_is_text_on_the_load_page(connected_ledger: reddy.Ledger) -> None:
    said = f"{WILD.replace(':', '')}: Hello.\nCustomer: Hi."
    app = dropped(
        [*HEAD[:3], WILD], ["ann@cedarline.example", WILD, said, WILD], name=f"{WILD.replace('/', '')}.csv"
    )
    for mark in BARE:
        assert [each for each in sources(app) if mark in each.replace("\u2060material", "")] == [], mark
    assert "**b** :red[r] $x$" in words(app)


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/passwd.csv", "..\\..\\evil.csv"])
def test_a_file_name_is_no_path(connected_ledger: reddy.Ledger, name: str) -> None:
    app = dropped(HEAD, ROW, name=name)
    copy = app.session_state["load_file"].path
    assert copy.resolve().is_relative_to(Path(tempfile.gettempdir()).resolve())
    assert store(app, connected_ledger).total == 1
    assert not copy.exists()


def test_one_column_can_feed_two_fields_and_none_is_lost(connected_ledger: reddy.Ledger) -> None:
    app = dropped(HEAD, ROW)
    choose(app, "Conversation id", "Note")
    assert "The sheet has only file names" not in words(app)
    choose(app, "Recording file", "Note")
    assert "The sheet has only file names" in words(app)
    call = store(app, connected_ledger).call(2)
    assert (call.conversation_id, call.filename) == ("x", "x")


def test_a_header_that_stands_twice_keeps_both_columns(connected_ledger: reddy.Ledger) -> None:
    app = dropped([*HEAD, "Note"], [*ROW, "y"])
    cells = table(app, "becomes", "cell").value
    assert list(cells["cell"])[-2:] == ["x", "y"]
    batch = store(app, connected_ledger)
    assert list(batch.cells(2).values())[-2:] == ["x", "y"]
    assert len(batch.cells(2)) == 5


@pytest.mark.parametrize(
    ("label", "value", "starts"),
    [("Lines without a time", "estimate", True), ("Lines without a time", "leave out", False)],
)
def test_lines_without_a_time_are_estimated_or_sent_without(
    connected_ledger: reddy.Ledger, label: str, value: str, starts: bool
) -> None:
    app = dropped(HEAD, ROW)
    next(each for each in app.radio if each.label == label).set_value(value)
    batch = store(run(app), connected_ledger)
    assert [line.start is not None for line in batch.call(2).transcript or ()] == [starts, starts]
    assert ("times-estimated" in {found.code for found in batch.findings_of(2)}) is starts


def test_a_default_product_is_for_rows_without_one_alone(connected_ledger: reddy.Ledger) -> None:
    app = dropped(HEAD, ROW, ["bo@cedarline.example", "", *ROW[2:]])
    choose(app, "Product for rows without one", 2)
    assert "**2 of 2 rows** would be ready" in words(app)
    batch = store(app, connected_ledger)
    assert [batch.call(row).product_id for row in (2, 3)] == [1, 2]


def test_nothing_of_a_file_is_left_in_the_session_after_another_one(connected_ledger: reddy.Ledger) -> None:
    app = dropped(HEAD, ["secret.person@cedarline.example", *ROW[1:]])
    choose(app, "Conversation id", "Note")
    press(app, "Another file")
    run(app)
    assert "secret.person" not in str(app.session_state.to_dict())
    assert [key for key in app.session_state.to_dict() if str(key).startswith("load ")] == []


def test_the_load_page_says_nothing_of_the_token(
    connected_ledger: reddy.Ledger, page_server: reddy.Sandbox
) -> None:
    app = dropped(HEAD, ROW)
    assert page_server.token not in words(app)
    assert page_server.token not in str(app.session_state.to_dict())
    assert page_server.token not in str(dict(app.query_params))
