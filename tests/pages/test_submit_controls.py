"""Submit and Outcomes without an engine: which buttons a submission has in each state, and what a download holds."""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

import reddy_lib as reddy
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.database.schema import paces
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from reddy_lib.sending.dispatcher import send_chunk
from reddy_lib.sending.ramp_up import ramp_of
from reddy_lib.sending.rate_limits import Note, rules_of
from reddy_lib.sending.results import Attempt
from reddy_lib.sending.slots import Slots
from reddy_lib.sending.states import BY_HAND
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import new_worker
from reddy_lib.ui import downloads
from tests import screen
from tests.screen import button, in_dialog, labels, opened, press, run, words
from tests.sending.exchanging import exchange

TOKEN = "controls-token-0123456789"
Load = Callable[..., reddy.Batch]


@pytest.fixture(scope="module")
def server() -> Iterator[reddy.Sandbox]:
    with reddy.Sandbox(token=TOKEN) as running:
        yield running


@pytest.fixture(autouse=True)
def _connected(shared_ledger: reddy.Ledger, server: reddy.Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDDY_LEDGER", str(shared_ledger.url.database))
    monkeypatch.setenv("REDDY_API_TOKEN", TOKEN)
    monkeypatch.setenv("REDDY_BASE_URL", server.url)


@pytest.fixture
def load(shared_ledger: reddy.Ledger, sheet: Callable[..., Path], request: pytest.FixtureRequest) -> Load:
    """Loads calls whose conversations no other test has."""

    def loaded(count: int = 3, changes: dict[int, dict[str, str]] | None = None) -> reddy.Batch:
        named = {row: {"Conversation ID": f"{request.node.name}-{row}"} for row in range(2, count + 2)}
        for row, cells in (changes or {}).items():
            named[row].update(cells)
        products = [dict(product) for product in DEFAULT_PRODUCTS]
        return shared_ledger.load(sheet(count, named), products=products, progress=False)

    return loaded


def submitted(batch: reddy.Batch, server: reddy.Sandbox, **options: Any) -> Submission:
    """Queued, with nobody there to send it."""
    return create(batch.database, batch.id, address=server.url, token_source="environment", **options)


# --- a submission's buttons --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "reason", "buttons", "said"),
    [
        ("running", "", {"Pause", "Cancel"}, "is being sent"),
        ("paused", BY_HAND, {"Resume", "Cancel"}, "is paused by hand"),
        (
            "paused",
            "Reddy said :red[no].",
            {"Resume", "Cancel", "Change the connection"},
            "Reddy said :red[no].",
        ),
        ("waiting", "It **waits**.", {"Resume", "Resume as …6789", "Cancel"}, "It **waits**."),
        ("cancelled", "", set(), "was cancelled"),
    ],
)
def test_a_submission_offers_what_its_state_allows(
    load: Load, server: reddy.Sandbox, state: str, reason: str, buttons: set[str], said: str
) -> None:
    batch = load()
    submission = submitted(batch, server, rows=[2, 3])
    if state == "paused":
        submission.pause(reason)
    elif state == "waiting":
        submission.wait_for_token(reason)
    elif state == "cancelled":
        submission.cancel()
    app = opened("submit", batch)
    offered = {"Pause", "Resume", "Resume as …6789", "Cancel", "Change the connection"}
    assert offered & set(labels(app)) == buttons
    assert said in words(app)
    assert TOKEN not in words(app)
    sends = [each for each in app.button if each.label.startswith("Send")]
    assert sends
    assert all(each.disabled for each in sends) == (state == "running"), "one at a time"


def test_pause_resume_and_cancel_change_the_state_and_say_so(load: Load, server: reddy.Sandbox) -> None:
    batch = load()
    submission = submitted(batch, server)
    app = opened("submit", batch)
    press(app, "Pause")
    assert submission.state == "paused"
    assert "is paused by hand" in words(app)
    assert "3 calls wait to be sent" in words(app)
    assert "Nothing to send" not in words(app)
    press(app, "Resume")
    assert submission.state == "running"
    opener = f"cancel {submission.id}"
    in_dialog(app, opener)
    assert "Calls that were not sent yet are ready again" in words(app)
    assert submission.state == "running", "until it is confirmed"
    in_dialog(app, opener, "Cancel the submission")
    assert submission.state == "cancelled"
    assert batch.counts()["ready"] == 3


def test_a_cancelling_that_comes_too_late_is_said(load: Load, server: reddy.Sandbox) -> None:
    batch = load()
    submission = submitted(batch, server)
    app = in_dialog(opened("submit", batch), f"cancel {submission.id}")
    submission.cancel()
    button(app, "Cancel the submission").click()
    run(app)
    assert submission.state == "cancelled"
    assert "was cancelled" in words(app)


def test_a_dry_run_without_a_product_list_says_why_and_changes_nothing(
    load: Load, server: reddy.Sandbox
) -> None:
    batch = load()
    app = opened("submit", batch)
    server.faults.add(reddy.sandbox.Fault(kind="status", on="products", status=500, times=9))
    press(app, "Dry run")
    server.faults.clear()
    assert "The dry run needs the product list of Reddy at" in words(app)
    assert "which did not arrive" in words(app)
    assert batch.counts()["ready"] == 3
    assert batch.database.submissions(batch.id) == []


def test_a_typed_token_of_spaces_does_not_let_a_submission_go_on(load: Load, server: reddy.Sandbox) -> None:
    batch = load()
    submission = submitted(batch, server)
    submission.wait_for_token("The token is gone; give it again to go on.")
    app = opened("submit", batch)
    app.text_input(key=f"typed {submission.id}").input("   ")
    press(app, "Resume")
    assert submission.state == "waiting"


# --- the pace ----------------------------------------------------------------------------------------------


def test_a_limit_of_the_connection_is_kept_in_the_ledger_and_lifted_again(
    load: Load, server: reddy.Sandbox
) -> None:
    batch = load()
    app = opened("submit", batch)
    for limit, kept in ((6, 6), (0, None)):
        next(
            each
            for each in app.number_input
            if each.label.startswith("Calls in flight, all submissions together")
        ).set_value(limit)
        run(app)
        assert rules_of(batch.database, server.url).most_at_once == kept
    assert rules_of(batch.database, SANDBOX).most_at_once is None


def test_sending_again_what_is_in_doubt_is_off_and_warns_where_it_is_on(
    load: Load, server: reddy.Sandbox
) -> None:
    batch = load()
    app = opened("submit", batch)
    assert "Reddy documents nothing about a call that comes twice" in words(app)
    (box,) = [each for each in app.checkbox if each.label.startswith("Retry calls in doubt")]
    assert box.value is False
    box.check()
    run(app)
    assert rules_of(batch.database, server.url).create_idempotent
    assert any("scores and bills count it twice" in each.value for each in app.warning)
    next(each for each in app.checkbox if each.label.startswith("Retry calls in doubt")).uncheck()
    run(app)
    assert not rules_of(batch.database, server.url).create_idempotent


def test_a_submission_that_begins_slowly_shows_its_stages_and_asks_when_it_has_stopped(
    load: Load, server: reddy.Sandbox
) -> None:
    batch = load(10, {2: {"Agent Email": "unknown.eve@cedarline.example"}})
    submission = submitted(batch, server, ramp=True)
    app = opened("submit", batch)
    assert "First 1, then 5, then the other 4" in words(app)
    with reddy.Client(TOKEN, base_url=server.url) as client:
        send_chunk(batch.database, submission.id, None, client, new_worker(batch.database), Slots(4))
    run(app)
    assert "Reddy refused the first call (row 2: “invalid agent”)" in words(app)
    assert "1 refused. Next 1, then 5, then the other 3" in words(app)
    assert {"Continue anyway", "Try the next one", "Cancel"} <= set(labels(app))
    assert "Correct it in Review" in screen.links(app)
    assert "Resume" not in labels(app)
    press(app, "Continue anyway")
    assert submission.state == "running"
    found = ramp_of(batch.database, submission.id)
    assert found is not None
    assert found.over
    assert "then the other" not in words(app)


def test_trying_the_next_one_keeps_to_the_stages(load: Load, server: reddy.Sandbox) -> None:
    batch = load(10, {2: {"Agent Email": "unknown.eve@cedarline.example"}})
    submission = submitted(batch, server, ramp=True)
    with reddy.Client(TOKEN, base_url=server.url) as client:
        send_chunk(batch.database, submission.id, None, client, new_worker(batch.database), Slots(4))
    app = press(opened("submit", batch), "Try the next one")
    assert submission.state == "running"
    assert len(exchange(batch.database, submission.id, None, new_worker(batch.database), want=4).claims) == 1
    assert "then 5" in words(app)


def test_the_pace_this_moment_and_its_reason_are_shown(load: Load, server: reddy.Sandbox) -> None:
    batch = load(8)
    submission = submitted(batch, server)
    worker = new_worker(batch.database)
    note = Note(3, "held there by 429s")
    exchange(batch.database, submission.id, None, worker, want=3, note=note)
    assert "3 in flight; held there by 429s" in words(opened("submit", batch))


def test_where_reddy_asked_to_wait_it_says_until_when(load: Load, server: reddy.Sandbox) -> None:
    batch = load(8)
    submission = submitted(batch, server)
    worker = new_worker(batch.database)
    one, _ = exchange(batch.database, submission.id, None, worker, want=2).claims
    later = Attempt(
        claim=one, outcome="again", started=0, ended=0, seconds=0, retry_at=time.time() + 90,
        hold="Reddy asked for 90 s (429)",
    )  # fmt: skip
    exchange(batch.database, submission.id, None, worker, results=[later], want=0)
    assert "Waits until" in words(opened("submit", batch))
    assert "Reddy asked for 90 s (429)." in words(opened("submit", batch))
    with batch.database.write() as connection:
        connection.execute(paces.delete())


# --- downloads ---------------------------------------------------------------------------------------------


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], bytes]]:
    """What the page offers to download: its file name → what a click gets."""
    offered: dict[str, Callable[[], bytes]] = {}
    put = downloads._put

    def kept(key: str, offer: downloads._Offer) -> str:
        def written() -> bytes:
            file = io.BytesIO()
            offer.write(file)
            return file.getvalue()

        offered[offer.file_name] = written
        return put(key, offer)

    monkeypatch.setattr(downloads, "_put", kept)
    return offered


def test_downloads_hold_the_calls_that_are_shown_and_no_formula(
    load: Load, server: reddy.Sandbox, files: dict[str, Callable[[], bytes]]
) -> None:
    batch = load(4, {3: {"Agent Email": "unknown.eve@cedarline.example"}, 4: {"Conversation ID": "=1+1"}})
    with reddy.Client(TOKEN, base_url=server.url) as client:
        reddy.submit(batch, client, who="ann", progress=False)
    app = opened("outcomes", batch)
    assert csv_rows(files) == [["2", "accepted"], ["3", "rejected"], ["4", "accepted"], ["5", "accepted"]]
    assert "'=1+1" in content(files, "csv").decode()
    press(app, "Show")
    assert csv_rows(files) == [["3", "rejected"]]
    sheet = (
        CalamineWorkbook.from_filelike(io.BytesIO(content(files, "xlsx"))).get_sheet_by_index(0).to_python()
    )
    assert [row[:2] for row in sheet] == [["row", "status"], [3.0, "rejected"]]
    press(app, "Clear")
    assert len(csv_rows(files)) == 4
    assert TOKEN.encode() not in content(files, "csv")


def test_the_download_of_one_submission_holds_its_calls_and_is_named_after_it(
    load: Load, server: reddy.Sandbox, files: dict[str, Callable[[], bytes]]
) -> None:
    batch = load(3)
    with reddy.Client(TOKEN, base_url=server.url) as client:
        first = reddy.submit(batch, client, [3], progress=False)
        reddy.submit(batch, client, progress=False)
    opened("outcomes", batch, query={"submission": first.id})
    assert csv_rows(files) == [["3", "accepted"]]
    number = first.record().number
    assert [name.partition("-20")[0] for name in files] == [
        f"calls-submission {number}", f"calls-submission {number}", f"calls-evidence-submission {number}",
    ]  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(content(files, "zip"))) as evidence:
        assert json.loads(evidence.read("manifest.json"))["counts"] == {"accepted": 1}
        assert all(TOKEN.encode() not in evidence.read(name) for name in evidence.namelist())


def content(files: dict[str, Callable[[], bytes]], ending: str) -> bytes:
    """The file that was offered last."""
    return [make for name, make in files.items() if name.endswith(ending)][-1]()


def csv_rows(files: dict[str, Callable[[], bytes]]) -> list[list[str]]:
    text = content(files, "csv").decode("utf-8-sig")
    return [row[:2] for row in csv.reader(io.StringIO(text))][1:]
