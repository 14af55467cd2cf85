"""Deleting for good on the pages: typed confirmation, receipt, a person, retention, and who saw what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from tests.conftest import PRODUCTS, ROOT, ledger_file


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> reddy.Ledger:
    location = ledger_file(tmp_path / "ledger.sqlite")
    monkeypatch.setenv("REDDY_LEDGER", location)
    monkeypatch.delenv("REDDY_API_TOKEN", raising=False)
    return reddy.Ledger(location)


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Callable[..., Path]) -> reddy.Batch:
    return ledger.load(sheet(4), products=PRODUCTS, progress=False, name="march")


def opened(page: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=60)
    app.query_params.update(query)
    app.switch_page(page) if page else None
    return app.run()


def card(function: str, batch_id: str) -> AppTest:
    """A script that draws one section of the batch's dialog, which a test cannot open."""

    def script(function: str, batch_id: str) -> None:
        from reddy_lib import ui
        from reddy_lib.ui import forgetting

        batch = ui.ledger().batch(batch_id)
        getattr(forgetting, function)(batch)

    app = AppTest.from_function(
        script, kwargs={"function": function, "batch_id": batch_id}, default_timeout=60
    )
    return app.run()


def test_a_batch_is_deleted_once_its_name_is_typed(ledger: reddy.Ledger, batch: reddy.Batch) -> None:
    app = card("forget_batch_section", batch.id)
    for wrong in ("", "April"):
        app.text_input(key="forget_name").input(wrong)
        app.button(key="forget_batch").click().run()
        assert "Nothing was deleted. First type “march” above." in app.error[0].value
        assert len(ledger.batches()) == 1
    app.text_input(key="forget_name").input(" march ").run()
    app.button(key="forget_batch").click().run()
    assert not len(ledger.batches())
    [receipt] = ledger.receipts()
    assert (receipt.kind, receipt.counts.calls, receipt.state) == ("batch", 4, "done")
    assert app.session_state["receipt"].id == receipt.id


def test_a_call_is_deleted_on_its_history(ledger: reddy.Ledger, batch: reddy.Batch) -> None:
    def script(batch_id: str) -> None:
        from reddy_lib import ui
        from reddy_lib.ui.forgetting import forget_call_section, receipt_card

        receipt_card()
        forget_call_section(ui.ledger().batch(batch_id), 3)

    app = AppTest.from_function(script, kwargs={"batch_id": batch.id}, default_timeout=60).run()
    key = f"forget call {batch.id} 3"
    app.text_input(key=f"forget row {batch.id} 3").input("2")
    app.button(key=key).click().run()
    assert "First type “3” above" in app.error[0].value
    assert batch.rows() == [2, 3, 4, 5]
    app.text_input(key=f"forget row {batch.id} 3").input("3").run()
    app.button(key=key).click().run()
    assert batch.rows() == [2, 4, 5]
    assert "1 call deleted for good" in app.markdown[0].value
    app.button(key="close_receipt").click().run()
    assert "receipt" not in app.session_state


def test_a_person_is_found_and_deleted_on_outcomes(ledger: reddy.Ledger, batch: reddy.Batch) -> None:
    app = opened("outcomes.py", view="all")
    app.text_input(key="person_identifier").input("bo@cedarline.example")
    next(one for one in app.button if one.label == "Find").click().run()
    assert "2 calls" in " ".join(one.value for one in app.markdown)
    app.button(key="forget_person").click().run()
    assert "First type “2” above" in app.error[0].value
    assert batch.rows() == [2, 3, 4, 5]
    app.text_input(key="forget_person_count").input("2").run()
    app.button(key="forget_person").click().run()
    assert batch.rows() == [2, 4]
    assert [one.value for one in app.success] == [
        "2 calls of this person deleted for good. Keep the receipt: it is at the side, and under Retention."
    ]
    assert app.text_input(key="person_identifier").value == ""
    assert any("a person, 2 calls" in one.value for one in app.caption)
    assert list(ledger.access_log()["what"])[:2] == ["forgot", "searched a person"]


def test_retention_is_set_and_shown(ledger: reddy.Ledger, batch: reddy.Batch) -> None:
    app = card("retention_section", batch.id)
    key = f"retention {batch.id}"
    app.checkbox(key=f"{key} own").check().run()
    app.number_input(key=f"{key} words").set_value(90).run()
    app.button(key=f"{key} save").click().run()
    rule = ledger.retention(batch)
    assert (rule.words_days, rule.recordings_days, rule.own) == (90, None, True)
    shown = opened("review.py", batch=batch.id)
    assert any("Words deleted on" in one.value for one in shown.caption)


def test_opening_a_batch_is_noted_once_a_session(ledger: reddy.Ledger, batch: reddy.Batch) -> None:
    app = opened("review.py", batch=batch.id)
    app.run()
    opened("review.py", batch=batch.id)
    log = ledger.access_log()
    assert list(log["what"]) == ["opened", "opened"]
    assert set(log["batch"]) == {batch.id}
    assert set(log["calls"]) == {4}


def test_a_forgotten_call_that_was_sent_says_so(
    ledger: reddy.Ledger, batch: reddy.Batch, client: reddy.Client
) -> None:
    reddy.submit(batch, client, rows=[2, 3], progress=False)
    ledger.forget(batch, [3])
    app = opened("review.py", batch=batch.id, row="3")
    assert not app.exception
    assert any("Deleted for good" in one.value for one in app.info)
    outcomes = opened("outcomes.py", batch=batch.id)
    assert not outcomes.exception
    assert not outcomes.error
