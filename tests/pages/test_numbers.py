"""Numbers that stand on one page agree, whatever happens between two reads of it."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import sqlalchemy as sa
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import new_worker
from tests import screen
from tests.screen import labels, opened, press, run, set_status, table, words
from tests.sending.exchanging import exchange
from tests.sending.test_exchange import answer

CALLS = 400
"""More than a page asks the ledger questions."""


@pytest.fixture
def batch(connected_ledger: reddy.Ledger, sheet: Callable[..., Path]) -> reddy.Batch:
    products = [dict(one) for one in DEFAULT_PRODUCTS]
    return connected_ledger.load(sheet(CALLS), products=products, progress=False)


@contextmanager
def before_each_read(what: Callable[[], object]) -> Iterator[list[int]]:
    """Let somebody else do something before each question that a page asks the ledger. Yields the questions' numbers."""
    asked: list[int] = []

    def read(connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        by_the_page = threading.current_thread().name.startswith("ScriptRunner")
        writes = connection.get_execution_options().get("reddy_write")  # SQLite lets nobody else write then
        if by_the_page and statement.startswith("SELECT") and not writes:
            asked.append(len(asked) + 1)
            other = threading.Thread(target=what, name="somebody else")
            other.start()
            other.join()

    sa.event.listen(sa.Engine, "before_cursor_execute", read)
    try:
        yield asked
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", read)


def submission_of(batch: reddy.Batch, server: reddy.Sandbox, rows: list[int] | None = None) -> Submission:
    """Queued, with nobody there to send it but the test."""
    return create(
        batch.database, batch.id, address=server.url, token_source="environment", rows=rows, ramp=False
    )


class Sender:
    """A worker that sends one call at a time: two are accepted, then one is rejected and one is in doubt."""

    def __init__(self, submission: Submission) -> None:
        self.submission = submission
        self.worker = new_worker(submission.database)
        self.sent = 0

    def send_one(self) -> None:
        ledger, submission = self.submission.database, self.submission
        chunk = submission.open_chunks()[0]
        (claim,) = exchange(ledger, submission.id, chunk, self.worker, want=1).claims
        outcome = ("accepted", "accepted", "rejected", "unknown")[self.sent % 4]
        exchange(ledger, submission.id, chunk, self.worker, results=[answer(claim, outcome)], want=0)
        self.sent += 1


def by_the_clock(app: AppTest) -> AppTest:
    """Run the page's fragments alone, as their timers do; the page that comes back holds nothing else."""
    hidden: Any = app  # AppTest has no public way to let a timer fire
    fragments = list(hidden._fragment_storage._fragments)
    pages = hidden._registered_pages
    assert fragments

    class Pages(PagesManager):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self._pages = pages  # as the run of the whole page left them

    with (
        mock.patch(
            "streamlit.testing.v1.local_script_runner.RerunData",
            partial(RerunData, fragment_id_queue=fragments),
        ),
        mock.patch("streamlit.testing.v1.app_test.PagesManager", Pages),
    ):
        return run(app)


def menu(app: AppTest) -> str:
    return " · ".join(each.proto.label for each in app.sidebar.get("page_link"))


def keep_until(app: AppTest, moment: float) -> None:
    """Make Outcomes keep what it read that long, as if reading had taken accordingly."""
    app.session_state["outcomes_kept"] = dataclasses.replace(app.session_state["outcomes_kept"], until=moment)


def numbers_before(said: str, word: str) -> set[int]:
    return {int(found.replace(",", "")) for found in re.findall(rf"([\d,]+) {word}\b", said)}


def test_what_is_ready_is_one_number_while_somebody_else_edits(batch: reddy.Batch) -> None:
    """The menu said 163 ready, and 28 were to be sent."""
    rows = iter(range(2, CALLS + 2))
    with before_each_read(lambda: set_status(batch, next(rows), status="held")) as reads:
        app = opened("submit", batch)
    assert len(reads) > 5
    said = words(app)
    (to_send,) = numbers_before(said, "calls will be sent")
    assert to_send < CALLS
    assert f"{to_send} ready" in menu(app)
    assert f"{CALLS - to_send} held" in menu(app)
    assert f"{CALLS - to_send} held, not sent" in said
    assert f"All ready {to_send}" in app.segmented_control[0].options
    assert f"Send all {to_send}" in labels(app)
    assert f"{to_send} calls to Reddy" in said


@pytest.mark.parametrize("turn", ["the whole page", "its fragment"])
def test_the_card_and_the_table_of_a_submission_that_runs_have_the_same_numbers(
    batch: reddy.Batch, page_server: reddy.Sandbox, turn: str
) -> None:
    """The table said 0 accepted, and the card 70."""
    sender = Sender(submission_of(batch, page_server))
    app = opened("submit", batch) if turn == "its fragment" else None
    with before_each_read(sender.send_one) as reads:
        app = opened("submit", batch) if app is None else by_the_clock(app)
    assert len(reads) > 5
    in_table = table(app, "number", "accepted").value.iloc[0]
    assert in_table["accepted"] > 0
    for status in ("accepted", "rejected", "unknown", "queued"):
        assert numbers_before(words(app), status) <= {in_table[status]}, status
    settled = CALLS - in_table["queued"] - in_table["sending"]
    assert any(f"{settled} of {CALLS}" in each.proto.text for each in app.get("progress"))


def test_while_calls_are_sent_submit_and_the_menu_show_no_number_that_sending_changes(
    batch: reddy.Batch, page_server: reddy.Sandbox
) -> None:
    sender = Sender(submission_of(batch, page_server, list(range(2, 302))))
    for _ in range(8):
        sender.send_one()
    before = opened("submit", batch)
    for _ in range(4):
        sender.send_one()
    after = opened("submit", batch)
    assert menu(before) == menu(after)
    assert "being sent" in menu(after)
    assert f"{CALLS} calls" in menu(after)
    assert before.segmented_control[0].options == after.segmented_control[0].options
    assert not re.search(r"\d", "".join(after.segmented_control[0].options))
    assert "will be sent" not in words(after)
    assert "in doubt, not sent" not in words(after)
    assert not [label for label in labels(after) if label.startswith("Send ")]


def test_what_follows_a_submission_runs_alone_and_in_one_piece(
    batch: reddy.Batch, page_server: reddy.Sandbox
) -> None:
    """A page that is drawn anew each second would take away what is typed and clicked."""
    sender = Sender(submission_of(batch, page_server))
    app = opened("submit", batch)
    for _ in range(4):
        sender.send_one()
    tick = by_the_clock(app)
    assert "2 accepted" in words(tick)
    assert not tick.title
    assert not tick.segmented_control
    assert not tick.button
    hidden: Any = tick
    assert len(hidden._fragment_storage._fragments) == 1


def test_the_end_of_a_submission_brings_the_numbers_back(
    batch: reddy.Batch, page_server: reddy.Sandbox
) -> None:
    submission = submission_of(batch, page_server, [2, 3, 4, 5])
    sender = Sender(submission)
    app = opened("submit", batch)
    for _ in range(4):
        sender.send_one()
    submission.finish_if_settled()
    by_the_clock(app)  # which has the page drawn again
    assert f"{CALLS - 4} ready" in menu(app)
    assert "1 in doubt" in menu(app)
    assert f"Send all {CALLS - 4}" in labels(app)


@pytest.mark.parametrize("turn", ["the whole page", "its fragment"])
def test_charts_doubts_and_the_list_of_submissions_have_the_same_numbers(
    batch: reddy.Batch, page_server: reddy.Sandbox, turn: str
) -> None:
    sender = Sender(submission_of(batch, page_server))
    for _ in range(4):
        sender.send_one()
    app = None
    if turn == "its fragment":
        app = opened("outcomes", batch)
        keep_until(app, 0.0)
    with before_each_read(sender.send_one) as reads:
        app = opened("outcomes", batch) if app is None else by_the_clock(app)
    assert len(reads) > 3
    listed = table(app, "number", "accepted").value.iloc[0]
    assert numbers_before(words(app), "accepted") == {listed["accepted"]}
    assert numbers_before(words(app), "in doubt") == {listed["unknown"]}
    shown = table(app, "row", "status").value["status"].value_counts()
    assert {name: shown[name] for name in ("accepted", "rejected", "unknown")} == {
        name: listed[name] for name in ("accepted", "rejected", "unknown")
    }


def test_outcomes_that_take_long_to_read_are_kept_as_a_whole_while_calls_are_sent(
    batch: reddy.Batch, page_server: reddy.Sandbox
) -> None:
    sender = Sender(submission_of(batch, page_server))
    for _ in range(4):
        sender.send_one()
    app = opened("outcomes", batch)
    keep_until(app, float("inf"))
    for _ in range(4):
        sender.send_one()
    run(app)
    assert table(app, "number", "accepted").value.iloc[0]["accepted"] == 2
    assert "**2 accepted**" in words(app)
    assert "1 in doubt" in words(app)


def test_once_nothing_is_sent_outcomes_are_read_anew_however_long_that_took(
    batch: reddy.Batch, page_server: reddy.Sandbox
) -> None:
    submission = submission_of(batch, page_server, [2, 3])
    sender = Sender(submission)
    app = opened("outcomes", batch)
    assert "**0 accepted**" in words(app)
    keep_until(app, float("inf"))
    sender.send_one()
    sender.send_one()
    submission.finish_if_settled()
    run(app)
    assert "**2 accepted**" in words(app)


def test_another_batch_with_the_same_counts_shows_its_own_outcomes(
    connected_ledger: reddy.Ledger, page_server: reddy.Sandbox, sheet: Callable[..., Path]
) -> None:
    products = [dict(one) for one in DEFAULT_PRODUCTS]
    found = []
    with reddy.Client(page_server.token, base_url=page_server.url) as client:
        for name in ("march", "april"):
            cells = {2: {"Conversation ID": f"{name}-2"}, 3: {"Conversation ID": f"{name}-3"}}
            path = sheet(2, cells, f"{name}.csv")
            found.append(connected_ledger.load(path, products=products, progress=False))
            reddy.submit(found[-1], client, progress=False)
    app = opened("outcomes", found[0])
    assert list(table(app, "row", "conversation_id").value["conversation_id"]) == ["march-2", "march-3"]
    app.query_params["batch"] = found[1].id
    run(app)
    assert list(table(app, "row", "conversation_id").value["conversation_id"]) == ["april-2", "april-3"]


# --- a rejected call ---------------------------------------------------------------------------------------


def test_a_rejected_call_is_not_said_to_be_in_order_and_is_not_asked_for_once_it_is_corrected(
    connected_ledger: reddy.Ledger, page_server: reddy.Sandbox, sheet: Callable[..., Path]
) -> None:
    cells = {3: {"Agent Email": "unknown.eve@cedarline.example"}}
    batch = connected_ledger.load(
        sheet(3, cells), products=[dict(one) for one in DEFAULT_PRODUCTS], progress=False
    )
    with reddy.Client(page_server.token, base_url=page_server.url) as client:
        reddy.submit(batch, client, progress=False)
    assert "Fix 1 rejected call in Review" in screen.links(opened("submit", batch))
    in_review = words(screen.opened("review", batch, review={batch.id: view(3)}, query={"row": "3"}))
    assert "invalid agent" in in_review
    assert "Change what Reddy's words name, then send it again." in in_review

    batch.update(3, agent_email="bo@cedarline.example")

    corrected = words(screen.opened("review", batch, review={batch.id: view(3)}, query={"row": "3"}))
    assert "invalid agent" not in corrected
    assert "Change what Reddy's words name" not in corrected
    app = opened("submit", batch)
    assert not [label for label in labels(app) if "rejected" in label]
    assert "1 rejected" in words(app), "what became of that submission stays"
    press(app, "Send row 3")


def view(row: int) -> dict[str, Any]:
    """Review with one call open."""
    return {"show": "all", "search": "", "code": None, "agent": None, "product": None, "page": 1, "open": row}
