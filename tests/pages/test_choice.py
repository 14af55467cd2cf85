"""What was chosen survives a reload, and a choice that is lost never becomes a larger one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.batches.selections import keep_selection, ranges_of, rows_of_ranges, rows_of_selection
from reddy_lib.database.schema import selections
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from tests import screen
from tests.screen import labels, opened, pill, press, set_status, words


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[reddy.Ledger]:
    location = tmp_path / "ledger.sqlite"
    monkeypatch.setenv("REDDY_LEDGER", str(location))
    with reddy.Ledger(location) as opened_ledger:
        yield opened_ledger


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Callable[..., Path]) -> reddy.Batch:
    return ledger.load(sheet(8), products=[dict(one) for one in DEFAULT_PRODUCTS], progress=False)


def reloaded(page: str, batch: reddy.Batch, app: AppTest) -> AppTest:
    """Another session at the same address: F5, a second tab, a colleague."""
    address = {
        name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()
    }
    return opened(page, batch, query=address)


def sends(app: AppTest) -> list[str]:
    return [label for label in labels(app) if label.startswith("Send ")]


def test_ticked_calls_are_still_the_choice_after_a_reload(batch: reddy.Batch) -> None:
    app = screen.tick(opened("review", batch), 0, 2, 3)
    app = screen.run(app.switch_page("submit.py"))
    assert "Send all 3" in sends(app)
    again = reloaded("submit", batch, app)
    assert "Send all 3" in sends(again)
    assert "3 calls will be sent" in words(again)
    assert again.session_state["ticked"][batch.id] == [2, 4, 5]


def test_the_address_keeps_the_choice_from_page_to_page(batch: reddy.Batch) -> None:
    app = screen.tick(opened("review", batch), 1)
    name = app.query_params["sel"]
    for page in ("submit", "outcomes", "review"):
        app = screen.run(app.switch_page(f"{page}.py"))
        assert app.query_params["sel"] == name


@pytest.mark.parametrize("name", ["0123456789ab", "not-kept", "' OR 1=1", " "])
def test_a_choice_that_is_not_known_is_asked_about_and_nothing_can_be_sent(
    batch: reddy.Batch, name: str
) -> None:
    app = opened("submit", batch, query={"sel": name})
    assert "The selection in this link can no longer be found." in words(app)
    assert sends(app) == []
    app = reloaded("submit", batch, app)  # F5 does not get rid of the question
    assert sends(app) == []
    app = press(app, "Continue with all 8 ready")
    assert "Send all 8" in sends(app)
    assert "sel" not in app.query_params


def test_the_choice_of_another_batch_is_asked_about(
    ledger: reddy.Ledger, batch: reddy.Batch, sheet: Callable[..., Path]
) -> None:
    other = ledger.load(
        sheet(3, name="other.csv"), products=[dict(one) for one in DEFAULT_PRODUCTS], progress=False
    )
    app = opened("submit", batch, query={"sel": keep_selection(ledger, other.id, [2])})
    assert "can no longer be found" in words(app)
    assert sends(app) == []


def test_a_lost_choice_does_not_widen_what_is_edited_in_review(batch: reddy.Batch) -> None:
    app = opened("review", batch, query={"sel": "0123456789ab"})
    assert "can no longer be found" in words(app)
    assert screen.button(app, "Edit 8").disabled
    assert screen.button(app, "Send 8 ready").disabled
    app = screen.tick(app, 0)
    assert "can no longer be found" not in words(app)
    assert not screen.button(app, "Edit 1").disabled


def test_calls_chosen_by_their_status_are_still_the_choice_after_a_reload(batch: reddy.Batch) -> None:
    set_status(batch, 2, status="failed")
    app = pill(opened("submit", batch), "Which calls", "failed")
    assert "Send row 2" in sends(app)
    again = reloaded("submit", batch, app)
    assert sends(again) == ["Send row 2"]


def test_a_choice_that_became_empty_stays_and_says_so(batch: reddy.Batch) -> None:
    set_status(batch, 2, status="failed")
    app = pill(opened("submit", batch), "Which calls", "failed")
    set_status(batch, 2, status="held")
    app = screen.run(app)
    assert sends(app) == []
    assert "None of the calls chosen here can be sent now" in words(app)


def test_a_click_sends_the_calls_that_were_shown_although_as_many_others_are_ready_now(
    batch: reddy.Batch,
) -> None:
    set_status(batch, 9, status="held")
    app = opened("submit", batch)
    assert "Send all 7" in sends(app)
    set_status(batch, 3, status="held")
    set_status(batch, 9, status="ready")
    app = press(app, "Send all 7")
    assert batch.database.submissions() == []
    assert "Nothing was sent:" in words(app)


def test_a_link_to_another_choice_replaces_the_ticks_of_this_session(
    ledger: reddy.Ledger, batch: reddy.Batch
) -> None:
    app = screen.tick(opened("review", batch), 0, 1, 2, 3)
    app.query_params["sel"] = keep_selection(ledger, batch.id, [9])
    app = screen.run(app.switch_page("submit.py"))
    assert app.session_state["ticked"][batch.id] == [9]
    assert sends(app) == ["Send row 9"]


def test_a_page_adds_nothing_to_the_address_of_the_link_that_led_to_it(batch: reddy.Batch) -> None:
    """What its first run wrote would be an entry of its own, and Back would have to be pressed twice."""
    set_status(batch, 2, status="failed")
    app = opened("review", batch, query={"filter": "status:ready", "row": "4"})
    screen.tick(app, 0)
    for page in ("Submit", "Outcomes", "Review", "Load", "Review", "Outcomes", "Submit"):
        wanted = parse_qs(screen.link(app, page).query_string)
        screen.follow(app, page)
        assert screen.address(app) == wanted, page
        if page == "Review":
            assert wanted["filter"] == ["status:ready"]
            assert wanted["row"] == ["4"]
        if page == "Submit":
            pill(app, "Which calls", "failed")
    screen.follow(app, "Review")
    press(app, "Send 1 of 1 ticked")
    assert app.title[0].value == "Submit"


def test_a_link_that_was_drawn_before_the_last_tick_does_not_take_it_back(batch: reddy.Batch) -> None:
    app = opened("review", batch)
    bare = screen.link(app, "Submit")
    screen.tick(app, 0)
    one = screen.link(app, "Submit")
    screen.tick(app, 0, 1)
    screen.follow(app, one)
    assert "Send all 2" in sends(app)
    screen.follow(app, "Review")
    screen.follow(app, bare)
    assert "Send all 2" in sends(app)
    screen.follow(app, "Review")
    press(app, "Untick all")
    screen.follow(app, one)
    assert "Send all 8" in sends(app)


def test_a_selection_is_kept_once_and_found_by_its_own_batch_alone(
    ledger: reddy.Ledger, batch: reddy.Batch
) -> None:
    name = keep_selection(ledger, batch.id, [5, 3, 4, 9, 3], who="ann")
    assert keep_selection(ledger, batch.id, [3, 4, 5, 9]) == name
    with ledger.read() as connection:
        (kept,) = connection.execute(selections.select()).all()
    assert (kept.rows, kept.who) == ("3-5,9", "ann")
    assert rows_of_selection(ledger, batch.id, name) == [3, 4, 5, 9]
    assert rows_of_selection(ledger, "another", name) is None
    assert rows_of_selection(ledger, batch.id, keep_selection(ledger, batch.id, [2, 99])) is None


@pytest.mark.parametrize("rows", [[], [7], [2, 3, 4], [2, 4, 6], [1, 2, 9, 10, 11, 1_000_000]])
def test_ranges_are_read_as_they_were_written(rows: list[int]) -> None:
    assert rows_of_ranges(ranges_of(rows)) == rows
