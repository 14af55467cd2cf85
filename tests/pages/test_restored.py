"""The banner over every page while the ledger is older than what was sent from it, and its two ways out."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.sending.restored import Restored, check, notice, restored
from reddy_lib.sending.submission import create
from reddy_lib.ui.restored import job_of
from tests.conftest import PRODUCTS
from tests.database_copies import DatabaseCopy
from tests.screen import NAVIGATION, opened, report, table

Sheet = Callable[..., Path]


@pytest.fixture
def older(
    connected_ledger: reddy.Ledger, page_server: reddy.Sandbox, sheet: Sheet, tmp_path: Path
) -> reddy.Ledger:
    """A ledger whose backup was put back after three of its five calls were sent."""
    page_server.reset()
    location = str(connected_ledger.url.database)
    batch = connected_ledger.load(sheet(5), products=PRODUCTS, progress=False)
    copy = DatabaseCopy(location, tmp_path)
    copy.take()
    with reddy.Client(page_server.token, base_url=page_server.url) as client:
        reddy.submit(batch, client, rows=[2, 3, 4], progress=False)
    connected_ledger.close()
    copy.put_back()
    ledger = reddy.Ledger(location)
    assert check(ledger) is not None
    return ledger


def page() -> AppTest:
    return AppTest.from_file(str(NAVIGATION), default_timeout=60)


def asked_about(ledger: reddy.Ledger) -> AppTest:
    """The page once its button was clicked and Reddy was asked about every call."""
    shown = page().run()
    shown.button(key="ask about restored").click().run()
    job = job_of(ledger)
    assert job is not None
    assert job.wait(60)
    return shown.run()


def test_every_page_says_that_the_ledger_is_older_and_how_many_calls_that_concerns(
    older: reddy.Ledger,
) -> None:
    shown = page().run()

    assert not shown.exception
    assert "older than what was sent from it" in shown.error[0].value
    assert shown.button(key="ask about restored").label == "Ask Reddy about 5 calls"


def test_minutes_after_a_sending_the_button_settles_nothing_that_reddy_may_not_know_yet(
    older: reddy.Ledger,
) -> None:
    shown = asked_about(older)

    assert restored(older) is not None
    assert "Reddy does not know 2 calls, but calls were sent only minutes ago" in shown.info[0].value
    assert shown.button(key="ask about restored").label == "Ask Reddy about 2 calls"


def test_the_button_asks_about_every_call_and_the_page_says_what_that_brought(
    older: reddy.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reddy_lib.sending.restore_check.last_sending", lambda _ledger: time.time() - 600)
    shown = asked_about(older)

    assert restored(older) is None
    assert "it has 3 of them" in shown.success[0].value
    assert older.batches()["calls"].iloc[0] == 5


def test_while_the_ledger_is_older_nothing_that_sends_can_be_pressed_and_it_says_why(
    older: reddy.Ledger,
) -> None:
    batch = older.batch(older.batches()["id"].iloc[0])
    shown = opened("submit", batch)
    sends = [each for each in shown.button if each.label.startswith("Send")]
    assert [each.label for each in sends] == ["Send one to try", "Send all 5"]
    assert all(each.disabled for each in sends)
    assert {each.help for each in sends} == {"Sending is paused: see the message at the top of this page."}


def test_while_the_ledger_is_older_what_was_begun_before_cannot_be_resumed_or_sent_again(
    connected_ledger: reddy.Ledger, page_server: reddy.Sandbox, sheet: Sheet
) -> None:
    batch = connected_ledger.load(sheet(3), products=PRODUCTS, progress=False)
    with reddy.Client(page_server.token, base_url=page_server.url) as client:
        reddy.submit(batch, client, rows=[2], progress=False)
    create(connected_ledger, batch.id, address=page_server.url, token_source="environment", rows=[3])
    with connected_ledger.write() as connection:
        notice(connection, Restored(time.time(), "asked", "This ledger is older than what was sent from it."))
    shown = opened("submit", batch)
    assert shown.button(key=f"resume {connected_ledger.submissions(batch.id)[0].id}").disabled
    outcomes = opened("outcomes", batch)
    report(outcomes, table(outcomes, "row", "upload_id"), selection={"rows": [0], "columns": [], "cells": []})
    (again,) = [each for each in outcomes.button if each.label == "Send 1 call again …"]
    assert again.disabled
    assert again.help == "Sending is paused: see the message at the top of this page."


def test_going_on_without_asking_needs_a_second_word(older: reddy.Ledger) -> None:
    shown = page().run()
    assert shown.button(key="trust restored now").disabled
    assert restored(older) is not None

    shown.checkbox(key="trust restored sure").check().run()
    shown.button(key="trust restored now").click().run()

    assert restored(older) is None


def test_a_ledger_in_order_has_no_banner(connected_ledger: reddy.Ledger) -> None:
    shown = page().run()
    assert [one.value for one in shown.error] == []
