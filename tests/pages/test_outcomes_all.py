"""Outcomes over all batches: its numbers, the calls behind them, and the report for paper."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.database.schema import calls
from reddy_lib.outcomes.charts import share_words
from tests import screen
from tests.conftest import write_sheet
from tests.screen import button, words


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[reddy.Ledger]:
    location = tmp_path / "ledger.sqlite"
    monkeypatch.setenv("REDDY_LEDGER", str(location))
    with reddy.Ledger(location) as opened:
        yield opened


@pytest.fixture
def sent(ledger: reddy.Ledger, tmp_path: Path) -> list[reddy.Batch]:
    """Two batches of six calls, sent: each with one call refused and one held."""
    with reddy.Sandbox() as server, reddy.Client(server.token, base_url=server.url) as client:
        batches = []
        for name in ("march", "<b>april</b>"):
            changes = {
                row: {"Conversation ID": f"{name}-{row}", "Agent Email": f"agent{row}@cedarline.example"}
                for row in range(2, 8)
            }
            changes[3]["Agent Email"] = "unknown.eve@cedarline.example"
            changes[4]["Agent Email"] = "nobody"
            path = write_sheet(tmp_path / f"{'march' if name == 'march' else 'april'}.csv", 6, changes)
            batch = ledger.load(path, name=name, progress=False, products=server.products)
            reddy.submit(batch, client, progress=False)
            batches.append(batch)
        return batches


def opened(**query: str) -> AppTest:
    return screen.opened("outcomes", query={"view": "all", **query})


def listed(app: AppTest) -> list[tuple[str, int]]:
    """Batch and row of the calls in the table behind a number."""
    found = next((each.value for each in app.dataframe if "why" in each.value.columns), None)
    return [] if found is None else list(zip(found["batch"], found["row"], strict=True))


def test_all_batches_are_counted_without_one_being_open(sent: list[reddy.Batch]) -> None:
    app = opened()
    labels = [each.label for each in app.button]
    assert any("**8** accepted" in label for label in labels)
    assert any("**2** rejected" in label for label in labels)
    assert any("**2** held" in label for label in labels)
    assert "8 of 10 answered calls accepted" in words(app)
    assert listed(app) == []


def test_a_number_leads_to_its_calls_and_the_address_keeps_it(sent: list[reddy.Batch]) -> None:
    app = opened()
    app.button(key="count rejected").click().run()
    assert listed(app) == [("<b>april</b>", 3), ("march", 3)]
    assert app.query_params["status"] == "rejected"
    assert listed(opened(status="rejected")) == listed(app)
    app.button(key="clear_found").click().run()
    assert listed(app) == []
    assert "status" not in app.query_params


def test_what_was_not_sent_says_why(sent: list[reddy.Batch]) -> None:
    app = opened()
    assert "Not an email address" in words(app)
    app.button(key="why 1 held").click().run()
    held = next(each.value for each in app.dataframe if "why" in each.value.columns)
    assert set(held["why"]) == {"Not an email address"}
    assert set(held["row"]) == {4}


def test_an_agent_is_found_among_all(sent: list[reddy.Batch]) -> None:
    app = opened()
    assert "**Agents** · 6" in words(app)
    app.text_input(key="overview_agent").set_value("EVE").run()
    table = next(each.value for each in app.dataframe if "Agent" in each.value.columns)
    assert list(table["Agent"]) == ["unknown.eve@cedarline.example"]
    assert list(table["Calls"]) == [2]
    assert listed(opened(agent="unknown.eve@cedarline.example")) == [("<b>april</b>", 3), ("march", 3)]


def test_a_period_leaves_out_what_was_answered_before_but_names_older_doubt(
    ledger: reddy.Ledger, sent: list[reddy.Batch]
) -> None:
    old = time.time() - 40 * 86_400
    with ledger.write() as connection:
        connection.execute(
            calls.update()
            .where(calls.c.batch_id == sent[0].id, calls.c.status == "accepted")
            .values(ended_at=old, sent_at=old)
        )
        connection.execute(
            calls.update().where(calls.c.batch_id == sent[0].id, calls.c.row == 2).values(status="unknown")
        )
    app = opened()
    assert "4 of 6 answered calls accepted" in words(app)
    assert "1 call from before this period is still in doubt" in words(app)
    app.button(key="older_in_doubt").click().run()
    assert app.query_params["days"] == "all"
    assert listed(app) == [("march", 2)]


def test_nonsense_in_the_address_is_left_out(sent: list[reddy.Batch]) -> None:
    app = opened(days="12", status="sold", day="yesterday", product="seven", finding="none-such", place="x")
    assert "8 of 10 answered calls accepted" in words(app)
    assert listed(app) == []


def test_the_report_has_the_same_numbers_and_shows_text_as_text(sent: list[reddy.Batch]) -> None:
    app = opened(print="1")
    report = "".join(each.proto.body for each in app.get("html"))
    assert "Outcomes of calls" in report
    assert "<b>8</b>" in report
    assert "unknown.eve@cedarline.example" in report
    assert "&lt;b&gt;april&lt;/b&gt;" in report
    assert "<b>april" not in report
    assert "@media print" in report
    assert '<td class="number">100%</td>' in report
    assert '<td class="number">none answered</td>' in report  # the agents whose calls are held
    assert "– %" not in report
    assert not app.get("plotly_chart")
    button(app, "Back").click().run()
    assert "print" not in app.query_params


def test_nothing_is_a_share_of_nothing(ledger: reddy.Ledger, tmp_path: Path) -> None:
    ledger.load(write_sheet(tmp_path / "march.csv", 2, {}), progress=False)
    said = words(opened())
    assert "Nothing was answered in this period." in said
    assert "0 of 0" not in said
    assert share_words(0, 0, nothing="none") == "none"
    assert (share_words(999_999, 1_000_000), share_words(1, 1_000_000)) == ("> 99.9%", "< 0.1%")


def test_days_without_calls_are_drawn_as_gaps(sent: list[reddy.Batch]) -> None:
    figure = json.loads(opened(days="7").get("plotly_chart")[0].proto.spec)
    assert len(figure["data"][0]["x"]) == 7


def test_an_empty_workbench_has_no_numbers(ledger: reddy.Ledger) -> None:
    app = opened()
    assert "No call was answered or loaded in this period" in words(app)
