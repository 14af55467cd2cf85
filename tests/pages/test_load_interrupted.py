"""Load: a click that comes while the page takes a file, or starts to store it, loses neither."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

import reddy_lib as reddy
from reddy_lib.batches.load_job import LoadJob
from reddy_lib.spreadsheet.reading.upload import PrivateCopy
from reddy_lib.ui.events import keep_events_whole
from reddy_lib.ui.load import file_choice
from tests.pages.test_load_mapping import HEAD, ROW, dropped
from tests.screen import labels, store, words


@pytest.fixture(autouse=True)
def whole_events() -> None:
    keep_events_whole()  # as the app does at its start


def click_elsewhere() -> None:
    """Do to the running script what a click on Profiles does in a browser: ask for another run."""
    context = get_script_run_ctx()
    assert context is not None
    assert context.script_requests is not None
    states = WidgetStates(widgets=context.session_state.get_widget_states())
    context.script_requests.request_rerun(
        RerunData(widget_states=states, page_script_hash=context.page_script_hash)
    )


def test_a_click_while_the_file_is_copied_does_not_lose_it(
    connected_ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy(*arguments: Any) -> PrivateCopy:
        click_elsewhere()
        return PrivateCopy(*arguments)

    monkeypatch.setattr(file_choice, "PrivateCopy", copy)
    app = dropped(HEAD, ROW)
    assert "load_file" in app.session_state
    assert "Another file" in labels(app)


def test_a_click_while_the_load_starts_does_not_hide_it(
    connected_ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[LoadJob] = []
    begin = LoadJob.__init__

    def begin_while_somebody_clicks(job: LoadJob, *arguments: Any, **named: Any) -> None:
        begin(job, *arguments, **named)
        started.append(job)
        click_elsewhere()

    monkeypatch.setattr(LoadJob, "__init__", begin_while_somebody_clicks)
    batch = store(dropped(HEAD, ROW), connected_ledger)
    assert len(started) == 1
    assert batch.total == 1
    assert len(connected_ledger.batches()) == 1


def test_the_page_says_what_it_did_with_a_file_it_cannot_read(connected_ledger: reddy.Ledger) -> None:
    app = dropped([""], name="empty.csv")
    assert "Nothing was stored." in words(app)
